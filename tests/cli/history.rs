//! `import` and `audit` as their users meet them.

#![allow(clippy::disallowed_methods, reason = "a process that is to be killed takes real time")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use super::*;

const NOW: &str = "2026-12-01T12:00:00Z";

/// A letter from a customer (with a Received header) or from us.
fn letter(id: &str, at: &str, from: &str, to: &str, subject: &str, parent: Option<&str>, text: &str) -> String {
    let at: jiff::Timestamp = at.parse().unwrap();
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let mut head = format!("Date: {at}\nMessage-ID: <{id}@x.test>\nFrom: {from}\nTo: {to}\nSubject: {subject}\n");
    if !from.ends_with("@shop.test") {
        head.insert_str(0, &format!("Received: from x by mx.shop.test; {at}\n"));
    }
    if let Some(parent) = parent {
        let _ = writeln!(head, "In-Reply-To: <{parent}@x.test>\nReferences: <{parent}@x.test>");
    }
    format!("{head}\n{text}\n")
}

fn mbox(letters: &[String]) -> String {
    letters.iter().map(|l| format!("From x Fri Jan  2 00:00:00 2026\n{l}\n")).collect()
}

/// Four matters on Thursday, 1 October 2026 (Stockholm is two hours ahead): answered after half an hour, after two hours, after
/// five, and never.
fn day(dir: &Path) {
    let support = "support@shop.test";
    let came = [
        letter("1", "2026-10-01T07:00:00Z", "a@a.test", support, "Paket", None, "Var är mitt paket?"),
        letter("2", "2026-10-01T07:00:00Z", "b@a.test", support, "Retur", None, "Hur returnerar jag?"),
        letter("3", "2026-10-01T07:00:00Z", "c@a.test", support, "Faktura", None, "Vad är detta?"),
        letter("4", "2026-10-01T07:00:00Z", "d@a.test", support, "Glömd", None, "Hallå?"),
        "Received: from x by y; Thu, 1 Oct 2026 08:00:00 +0000\nFrom: r@r.test\nTo: support@shop.test\n\
         Auto-Submitted: auto-replied\nSubject: Borta\n\nJag är borta.\n"
            .to_owned(),
        "Received: from x by y; Thu, 1 Jan 1970 08:00:00 +0000\nFrom: o@o.test\nTo: support@shop.test\n\nhej\n"
            .to_owned(),
        "Received: from x by y; Thu, 1 Jan 2099 08:00:00 +0000\nFrom: o@o.test\nTo: support@shop.test\n\nhej\n"
            .to_owned(),
    ];
    let sent = [
        letter("5", "2026-10-01T07:30:00Z", support, "a@a.test", "Re: Paket", Some("1"), "I Lund."),
        letter("6", "2026-10-01T09:00:00Z", "anna@shop.test", "b@a.test", "Re: Retur", Some("2"), "Så här."),
        letter("7", "2026-10-01T12:00:00Z", support, "c@a.test", "Re: Faktura", Some("3"), "En faktura."),
    ];
    for (n, raw) in came.iter().enumerate() {
        fs::create_dir_all(dir.join("Maildir/new")).unwrap();
        fs::create_dir_all(dir.join("Maildir/cur")).unwrap();
        fs::write(dir.join(format!("Maildir/cur/17000000{n:02}.M{n}.x:2,")), raw).unwrap();
    }
    fs::write(dir.join("Sent"), mbox(&sent)).unwrap();
}

fn audit(dir: &Path, more: &[&str]) -> Ran {
    let mut args = vec!["audit", "Maildir", "--address", "support@shop.test", "--sent", "Sent", "--now", NOW];
    args.extend(more);
    svar_in(dir, &args, b"")
}

#[test]
fn an_audit_is_one_screen() {
    let dir = tempfile::tempdir().unwrap();
    day(dir.path());
    let ran = audit(dir.path(), &[]).fine();
    fits_80_columns(&ran);
    for says in [
        "support@shop.test: 2026-10-01 to 2026-10-01",
        "First answer: 25 % within 1 h, 50 % within 3 h",
        "half within 2 h 00; nine of ten within 5 h 00; 1 not yet answered",
        "Not answered: 1 (the oldest of 2026-10-01",
        "5 h 00  2026-10-01  Faktura",
        "1 of robots",
        "2 mails with a time that cannot be",
        "mon-fri 08:00-17:00, Europe/Stockholm, no holidays",
        "also by anna@shop.test",
    ] {
        assert!(ran.out.contains(says), "{says:?} is not in\n{}", ran.out);
    }
    assert!(ran.out.lines().count() <= 45, "{}", ran.out);
    assert!(!ran.out.contains('\x1b'));
    let colour = audit(dir.path(), &["--color", "always"]).fine();
    assert!(colour.out.contains("\x1b[32m  excellent") && colour.out.contains("\x1b[31m  miss"), "{}", colour.out);
}

#[test]
fn an_audit_as_json_is_like_stats() {
    let dir = tempfile::tempdir().unwrap();
    day(dir.path());
    let found = audit(dir.path(), &["--json"]).fine().json();
    let first = &found["first_response"];
    for (field, expect) in [
        ("started", 4),
        ("stopped", 3),
        ("running", 1),
        ("cancelled", 0),
        ("past_target", 1),
        ("median_s", 7200),
        ("p90_s", 18_000),
        ("mean_s", 9000),
        ("target_s", 3600),
        ("within_target", 1),
    ] {
        assert_eq!(first[field], expect, "{field}");
    }
    let bands: Vec<(&str, u64)> = first["bands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| (b["name"].as_str().unwrap(), b["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(bands, [("excellent", 1), ("ok", 1), ("miss", 2)]);
    assert_eq!((found["from"].as_str(), found["tickets"]["opened"].as_u64()), (Some("2026-10-01"), Some(4)));
    assert_eq!((found["audit"]["robots"].as_u64(), found["audit"]["implausible"].as_u64()), (Some(1), Some(2)));
    // Open from eleven to twelve only: half an hour of the first wait, and two of the others.
    let other = audit(dir.path(), &["--json", "--hours", "thu 09:15-11:15", "--holidays", "se"]).fine().json();
    assert_eq!(other["first_response"]["median_s"], 6300);
    // A day without mail.
    let none = audit(dir.path(), &["--json", "--from", "2026-09-01", "--to", "2026-09-02"]).fine().json();
    assert_eq!((none["first_response"]["started"].as_u64(), none["from"].as_str()), (Some(0), Some("2026-09-01")));
}

#[test]
fn an_audits_page_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    day(dir.path());
    audit(dir.path(), &["--html", "page.html"]).fine();
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("support@shop.test"));
    for outside in ["http:", "https:", "<script", "cid:", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    audit(dir.path(), &["--html", "no/such/dir/page.html"]).fails(1, "cannot write");
}

#[test]
fn an_audit_that_cannot_be_made_says_why() {
    let dir = tempfile::tempdir().unwrap();
    day(dir.path());
    fs::create_dir_all(dir.path().join("photos")).unwrap();
    fs::write(dir.path().join("photos/readme.txt"), "holiday pictures").unwrap();
    fs::create_dir_all(dir.path().join("empty/new")).unwrap();
    let of = |args: &[&str]| {
        let mut all = vec!["audit"];
        all.extend(args);
        svar_in(dir.path(), &all, b"")
    };
    let us = ["--address", "support@shop.test"];
    of(&[&["photos"], &us[..]].concat()).fails(1, "photos is no mailbox");
    of(&[&["nowhere"], &us[..]].concat()).fails(1, "nowhere");
    of(&[&["empty"], &us[..]].concat()).fails(1, "there is no mail to measure in empty");
    of(&["Maildir"]).fails(2, "--address");
    of(&us).fails(2, "SOURCE");
    of(&["Maildir", "--address", "support"]).fails(2, "write an address");
    of(&[&["imap://a@b/INBOX"], &us[..]].concat()).fails(2, "imaps://");
    of(&[&["imaps://a@localhost/INBOX"], &us[..]].concat()).fails(2, "--password-file");
    for (option, value, says) in [
        ("--hours", "mon-fri", "08:00-12:00"),
        ("--hours", "", "never open"),
        ("--hours", "mon 08:00-12:00,11:00-13:00", "overlap"),
        ("--time-zone", "Mars/Olympus", "no time zone"),
        ("--holidays", "XX", "write one of"),
        ("--from", "yesterday", "2026-12-23"),
    ] {
        audit(dir.path(), &[option, value]).fails(2, says);
    }
    audit(dir.path(), &["--from", "2026-10-02", "--to", "2026-10-01"]).fails(2, "is after");
}

/// A desk of its own with a Maildir to read and one to write.
fn desk(dir: &Path) {
    for sub in ["inbox/new", "inbox/cur", "inbox/tmp"] {
        fs::create_dir_all(dir.join(sub)).unwrap();
    }
    let config = "[desk]\nname = \"Butiken\"\ndata_dir = \"data\"\n[[mailbox]]\nname = \"support\"\naddress = \"support@shop.test\"\n\
        maildir = { path = \"inbox\" }\noutdir = { path = \"out\" }\n[[agent]]\nname = \"Anna\"\naddresses = [\"anna@shop.test\"]\n";
    fs::write(dir.join("config.toml"), config).unwrap();
}

fn import(dir: &Path, more: &[&str]) -> Ran {
    svar_in(dir, &[&["import", "--mailbox", "support"], more].concat(), b"")
}

#[test]
fn history_becomes_tickets_and_nobody_hears_of_it() {
    let dir = tempfile::tempdir().unwrap();
    day(dir.path());
    desk(dir.path());
    let ran = import(dir.path(), &["Maildir", "--sent", "Sent", "--now", NOW]).fine();
    assert!(
        ran.out.contains("10 mails: 7 on tickets, 1 of robots.") && ran.out.contains("2 mails with"),
        "{}",
        ran.out
    );
    let tickets = svar_in(dir.path(), &["tickets", "--json", "--now", NOW], b"").fine().json();
    let found: Vec<(&str, &str, &str)> = tickets
        .as_array()
        .unwrap()
        .iter()
        .map(|t| ["subject", "state", "channel"].map(|f| t[f].as_str().unwrap()).into())
        .collect();
    assert!(
        found.contains(&("Paket", "pending", "import")) && found.contains(&("Glömd", "open", "import")),
        "{found:?}"
    );
    for nothing in ["outbox", "quarantine"] {
        assert_eq!(svar_in(dir.path(), &[nothing, "--json"], b"").fine().json(), Value::Array(Vec::new()), "{nothing}");
    }
    assert!(!dir.path().join("out").exists());
    let again = import(dir.path(), &["Maildir", "--sent", "Sent", "--now", NOW, "--json"]).fine().json();
    assert_eq!((again["known"].as_u64(), again["messages"].as_u64()), (Some(8), Some(0)));
    let shown = svar_in(dir.path(), &["search", "lund", "--json"], b"").fine().json();
    assert_eq!(shown.as_array().unwrap().len(), 1, "what was imported is found");
    import(dir.path(), &["nowhere"]).fails(1, "nowhere");
    svar_in(dir.path(), &["import", "--mailbox", "sales", "Maildir"], b"").fails(2, "There are support");
    import(dir.path(), &["imaps://a@b/INBOX"]).fails(2, "import reads files");
}

/// Many short conversations, a minute apart.
fn many(conversations: usize) -> String {
    let start: jiff::Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
    let mut letters = Vec::new();
    for n in 0..conversations {
        let at = |minutes: i64| (start + jiff::SignedDuration::from_mins(n as i64 * 60 + minutes)).to_string();
        let (q, a) = (format!("q{n}"), format!("a{n}"));
        let (us, customer, subject) = ("support@shop.test", format!("k{}@a.test", n % 40), format!("Ärende {n}"));
        letters.push(letter(&q, &at(0), &customer, us, &subject, None, "Hur går det med det?"));
        letters.push(letter(&a, &at(17), us, &customer, &format!("Re: {subject}"), Some(&q), "Det går bra."));
    }
    mbox(&letters)
}

fn all_tickets(dir: &Path) -> Value {
    let mut list = svar_in(dir, &["tickets", "number:1..99999", "--json", "--now", NOW], b"").fine().json();
    list.as_array_mut().unwrap().sort_by_key(|t| t["subject"].to_string());
    list
}

#[test]
fn an_import_that_was_killed_is_run_again() {
    let text = many(150);
    let whole = tempfile::tempdir().unwrap();
    desk(whole.path());
    fs::write(whole.path().join("box"), &text).unwrap();
    import(whole.path(), &["box", "--now", NOW]).fine();
    let expect = all_tickets(whole.path());
    assert_eq!(expect.as_array().unwrap().len(), 150);

    let dir = tempfile::tempdir().unwrap();
    desk(dir.path());
    fs::write(dir.path().join("box"), &text).unwrap();
    let log = dir.path().join("data/svar.db-wal");
    for megabytes in [1, 2] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_svar"))
            .args(["import", "--mailbox", "support", "box", "--now", NOW])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed in the middle of its work, wherever that is.
        while child.try_wait().unwrap().is_none() {
            if fs::metadata(&log).is_ok_and(|m| m.len() > megabytes * 300_000) {
                child.kill().unwrap();
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        child.wait().unwrap();
    }
    import(dir.path(), &["box", "--now", NOW]).fine();
    assert_eq!(all_tickets(dir.path()), expect);
}

#[test]
fn an_import_works_beside_a_daemon() {
    let dir = tempfile::tempdir().unwrap();
    desk(dir.path());
    fs::write(dir.path().join("box"), many(100)).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_svar"))
        .arg("run")
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(daemon.stderr.take().unwrap()).lines();
    let ready = said.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
    // Whatever it says later must not fill the pipe.
    std::thread::spawn(move || said.count());
    let ran = import(dir.path(), &["box"]);
    let beside = import(dir.path(), &["box", "--now", NOW]);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(ready);
    assert!(ran.fine().out.contains("200 mails: 200 on tickets."));
    beside.fails(2, "while a daemon runs");
    let list = all_tickets(dir.path());
    assert_eq!(list.as_array().unwrap().len(), 100);
    assert!(list.as_array().unwrap().iter().all(|t| t["state"] == "pending"), "{list}");
    assert!(!dir.path().join("out").exists(), "nothing was sent");
}
