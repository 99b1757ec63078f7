//! `svar check --agents` on real servers, beside a daemon and without one.

use std::process::{Output, Stdio};

use serde_json::Value;

use crate::desk::{Config, Desk};
use crate::lab::{self, address};
use crate::{LIMIT, reply};

fn is_practice(mail: &str) -> bool {
    mail.contains("[#0]")
}

/// What is said in a part of the report.
fn said(output: &Output, part: &str) -> String {
    let findings: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let of_part = |f: &&Value| f["part"] == part;
    let texts = findings.as_array().into_iter().flatten().filter(of_part).filter_map(|f| f["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_agent_rehearses_beside_the_daemon() {
    let lab = lab::shared();
    let (shop, agent) = ("kund34", "kund35");
    let desk = Desk::start(lab, Config { poll: "2s", ..Config::new(shop, agent) });
    let mut command = desk.command(&["--json", "check", "--agents", "--wait", "30s"]);
    let check = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("svar runs");
    let practice = lab.wait_for(agent, "INBOX", LIMIT, is_practice);
    let (to, raw) = reply(
        &practice,
        &address(agent),
        "rehearsal-1",
        "Hej!\r\n\r\nDet kommer i morgon.\r\n\r\n-- \r\nAnna\r\n070-123",
    );
    assert!(to.starts_with("kund34+p"), "{to}");
    lab.deliver(&address(agent), &[&to], &raw);
    let output = check.wait_with_output().expect("it ends");
    let (agents, text) = (said(&output, "agent"), said(&output, "text"));
    assert!(agents.contains("it would have reached the customer"), "{agents}\n{}", said(&output, "sender"));
    assert!(said(&output, "proof").contains("signed address and answers our Message-ID"), "{}", said(&output, "proof"));
    assert!(
        text.contains("Det kommer i morgon.") && text.contains("signature is cut") && !text.contains("070"),
        "{text}"
    );
    assert!(said(&output, "client").contains("Mozilla Thunderbird"), "{}", said(&output, "client"));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    // It is no ticket, and nobody else has got anything.
    assert_eq!(desk.json(&["tickets"]), Value::Array(Vec::new()));
    assert_eq!(desk.json(&["quarantine"]), Value::Array(Vec::new()));
    assert_eq!(lab.letters(agent, "INBOX").len(), 1);
    desk.stop();
}

#[test]
fn an_agent_rehearses_before_anything_runs() {
    let lab = lab::shared();
    let (shop, agent) = ("kund36", "kund37");
    let config = Config::new(shop, agent);
    let desk = Desk::new(lab, config);
    desk.write_config(&config.text(lab).replace("name = \"support\"", "name = \"support\"\nmode = \"watch\""));
    let check =
        |wait: &str| desk.command(&["--json", "check", "--agents", "--wait", wait]).output().expect("svar runs");
    let nothing = check("0s");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(said(&nothing, "agent").contains("no reply has come"), "{}", said(&nothing, "agent"));
    let practice = lab.wait_for(agent, "INBOX", LIMIT, is_practice);
    // Written below the quoted mail, from an address of his that nobody knows.
    let (to, raw) = reply(&practice, "anna.privat@example.test", "rehearsal-2", "Det kommer i morgon.");
    lab.deliver(&address(agent), &[&to], &raw);
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("rehearsal-2"));
    let flags = || {
        lab.doveadm(&["fetch", "-u", &address(shop), "uid flags size.physical", "mailbox", "INBOX", "all"])
            .replace("\\Recent", "")
    };
    let before = flags();
    let came = check("20s");
    assert_eq!(came.status.code(), Some(1));
    let sender = said(&came, "sender");
    assert!(sender.contains("anna.privat@example.test, which is none of Anna's addresses"), "{sender}");
    assert_eq!(flags(), before);
    assert_eq!(lab.letters(agent, "INBOX").len(), 1, "it is not sent again");
    // The daemon that reads the letter later knows it again, and keeps it: perhaps it is no agent's.
    assert_eq!(desk.once(), 0);
    assert_eq!(desk.json(&["tickets"]), Value::Array(Vec::new()));
}
