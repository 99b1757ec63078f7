//! `svar check --roundtrip` and heartbeats against real servers, and against servers that treat signed addresses in other ways.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::{Config, Desk};
use crate::lab::{self, Lab, address};

const LIMIT: Duration = Duration::from_secs(40);

/// What svar prints, whatever its exit code.
fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let output = desk.command(&["--json"]).args(arguments).output().expect("svar runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{arguments:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What the check says of the trip and of proofs, a line each: outcome, text.
fn trip(desk: &Desk, more: &[&str]) -> Vec<(String, String)> {
    let mut arguments = vec!["check", "--roundtrip", "--within", "20"];
    arguments.extend(more);
    let found = json(desk, &arguments);
    let word = |f: &Value, key: &str| f[key].as_str().unwrap_or_default().to_owned();
    let lines = found.as_array().expect("findings").iter();
    lines
        .filter(|f| ["trip", "proof"].contains(&f["part"].as_str().unwrap_or_default()))
        .map(|f| (word(f, "outcome"), word(f, "text")))
        .collect()
}

fn check(found: &[(String, String)], outcome: &str, words: &str) {
    assert!(found.iter().any(|(o, t)| o == outcome && t.contains(words)), "no {outcome} with {words:?} in {found:#?}");
}

fn postfix(lab: &Lab, settings: &[&str]) {
    let etc = lab.dir.join("postfix/etc");
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).arg("-c").arg(&etc).args(arguments).status().expect(program);
        assert!(status.success(), "{program} {arguments:?}");
    };
    for setting in settings {
        run("postconf", &["-e", setting]);
    }
    run("postfix", &["reload"]);
}

fn dovecot(lab: &Lab, line: &str) {
    let path = lab.dir.join("dovecot/dovecot.conf");
    let text = fs::read_to_string(&path).expect("Dovecot's configuration");
    fs::write(&path, format!("{text}{line}\n")).expect("Dovecot's configuration");
    lab.doveadm(&["reload"]);
}

fn with_lines(desk: &Desk, lab: &Lab, config: &Config, lines: &str) {
    desk.write_config(&config.text(lab).replace("[mailbox.imap]", &format!("{lines}\n[mailbox.imap]")));
}

#[test]
fn the_round_trip_of_a_server_as_it_should_be() {
    let lab = lab::shared();
    let (shop, agent) = ("kund40", "kund41");
    let config = Config::new(shop, agent);
    let desk = Desk::new(lab, config);
    let found = trip(&desk, &[]);
    check(&found, "ok", "arrives in INBOX, its plus part in To, Delivered-To");
    check(&found, "ok", "an empty envelope sender is taken");
    check(&found, "ok", "--delete takes them away");
    assert_eq!(lab.letters(shop, "INBOX").len(), 3, "they are left");
    // A daemon on the same mailbox makes no tickets of them.
    with_lines(&desk, lab, &config, "trusted_authserv_id = \"mail.example.test\"");
    assert_eq!(desk.once(), 0);
    let found = trip(&desk, &["--delete"]);
    check(&found, "warning", "forged Authentication-Results of mail.example.test are left");
    check(&found, "ok", "3 mails of this check are deleted");
    assert_eq!(lab.letters(shop, "INBOX").len(), 3, "only its own are deleted");
    trip(&desk, &[]);
    assert_eq!(lab.letters(shop, "INBOX").len(), 6);
    assert_eq!(desk.once(), 0);
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(0));
    assert_eq!(desk.json(&["quarantine"]).as_array().map(Vec::len), Some(0));
    assert_eq!(desk.json(&["outbox"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn the_round_trip_finds_what_servers_do_to_signed_addresses() {
    let lab = Lab::start();
    let desk = Desk::new(&lab, Config::new("kund1", "kund2"));
    // The plus part is taken out of every header.
    let checks = lab.dir.join("postfix/etc/strip");
    fs::write(&checks, "/^To:(.*)\\+[^@]*@(.*)$/ REPLACE To:$1@$2\n").expect("header checks");
    postfix(&lab, &[&format!("header_checks = regexp:{}", checks.display())]);
    dovecot(&lab, "lmtp_hdr_delivery_address = none");
    check(&trip(&desk, &[]), "failed", "its plus part is in no header");
    postfix(&lab, &["header_checks ="]);
    // A folder is made of it.
    dovecot(
        &lab,
        "lmtp_save_to_detail_mailbox = yes\nlda_mailbox_autocreate = yes\nmail_location = maildir:~/Maildir:LAYOUT=fs",
    );
    let found = trip(&desk, &["--delete"]);
    check(&found, "failed", "where svar does not read");
    check(&found, "failed", "lmtp_save_to_detail_mailbox = no");
    // It is refused.
    dovecot(&lab, "lmtp_save_to_detail_mailbox = no");
    postfix(&lab, &["recipient_delimiter ="]);
    check(&trip(&desk, &[]), "failed", "is refused");
    // Mail is taken, and thrown away.
    postfix(&lab, &["virtual_transport = discard:"]);
    let found = json(&desk, &["check", "--roundtrip", "--within", "3"]).to_string();
    assert!(found.contains("was taken, and is in no folder after 3 s"), "{found}");
}

/// What `svar health` says of the heartbeat, when it says `words`.
fn health(desk: &Desk, words: &str) -> bool {
    let began = Instant::now();
    loop {
        let health = json(desk, &["health"]);
        let line = health["checks"].as_array().into_iter().flatten().find(|c| c["name"] == "heartbeat").cloned();
        let line = line.unwrap_or_else(|| panic!("no heartbeat in {health}"));
        if line["text"].as_str().unwrap_or_default().contains(words) {
            return line["ok"] == true;
        }
        assert!(began.elapsed() < LIMIT, "never {words:?}: {line}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn beating(lab: &Lab, config: &Config) -> String {
    let text = config
        .text(lab)
        .replace("[mailbox.imap]", "[mailbox.heartbeat]\nevery = \"10m\"\nwithin = \"4s\"\n[mailbox.imap]");
    format!("{text}\n[[manager]]\nname = \"Chefen\"\naddress = \"{}\"\n", address("chef"))
}

#[test]
fn a_heartbeat_comes_back_or_is_missed() {
    let lab = Lab::start();
    let config = Config::new("kund3", "kund4");
    let desk = Desk::new(&lab, config);
    desk.write_config(&beating(&lab, &config));
    let run = desk.command(&["run"]);
    let desk = desk.started(run);
    assert!(health(&desk, "came back"));
    assert_eq!(lab.letters("kund3", "INBOX").len(), 1);
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(0));
    desk.stop();

    // A server that says 250 and throws the mail away: nothing else would tell.
    let transport = lab.dir.join("postfix/etc/transport");
    fs::write(&transport, format!("{} discard:\n", address("kund5"))).expect("a transport map");
    postfix(&lab, &[&format!("transport_maps = texthash:{}", Path::new(&transport).display())]);
    let config = Config::new("kund5", "kund4");
    let desk = Desk::new(&lab, config);
    desk.write_config(&beating(&lab, &config));
    let run = desk.command(&["run"]);
    let desk = desk.started(run);
    assert!(!health(&desk, "has not come back"));
    // For a minute after the start nobody is told of anything: what came meanwhile is read first.
    let told = lab.wait_for("chef", "INBOX", Duration::from_secs(100), |m| {
        svar::mail::read::read(m.as_bytes()).text.contains("provmejl")
    });
    assert!(told.contains("kund5") || told.contains("support"), "{told}");
    desk.stop();
}
