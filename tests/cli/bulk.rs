//! `svar bulk`: shown, refused, sent by the daemon, stopped; and a daemon that is killed in the middle of one.

#![allow(clippy::disallowed_methods, reason = "a daemon takes real time")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Ran, svar_in};

const LIMIT: Duration = Duration::from_secs(180);

/// A desk with so many open tickets, each of a customer of its own, and a text.
fn desk(dir: &Path, tickets: usize) {
    for sub in ["inbox/new", "inbox/cur", "inbox/tmp", "answers"] {
        fs::create_dir_all(dir.join(sub)).unwrap();
    }
    let config = "[desk]\nname = \"Butiken\"\nlanguage = \"en\"\ndata_dir = \"data\"\n[[mailbox]]\nname = \"support\"\n\
        address = \"support@shop.test\"\ndisplay_name = \"Butiken\"\nmaildir = { path = \"inbox\" }\noutdir = { path = \"out\" }\n\
        [[agent]]\nname = \"Anna\"\naddresses = [\"anna@shop.test\"]\n[answers]\ndir = \"answers\"\n[sla.standard]\nwarned = []\n";
    fs::write(dir.join("config.toml"), config).unwrap();
    fs::write(dir.join("text.txt"), "Hello!\n\nYour parcel in #{{ ticket.number }} comes tomorrow.\n").unwrap();
    fs::write(dir.join("answers/late.md"), "# Late\n\nYour parcel is **late**, {{ customer.first_name }}.\n").unwrap();
    let mut mbox = String::new();
    for n in 1..=tickets {
        let _ = write!(
            mbox,
            "From k{n}@a.test Fri Nov 20 08:00:00 2026\nFrom: Kund {n} <k{n}@a.test>\nTo: support@shop.test\nSubject: Parcel {n}\n\
             Message-ID: <m{n}@a.test>\nDate: Fri, 20 Nov 2026 08:00:00 +0000\n\nWhere is it? I have waited for a week.\n\n"
        );
    }
    fs::write(dir.join("box"), mbox).unwrap();
    svar_in(dir, &["import", "--mailbox", "support", "box"], b"").fine();
}

fn bulk(dir: &Path, more: &[&str]) -> Ran {
    svar_in(dir, &[&["bulk"], more].concat(), b"")
}

#[test]
fn a_bulk_is_shown_and_sent_only_with_a_word() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    desk(dir, 3);
    let shown = bulk(dir, &["subject:parcel", "-number:3", "--text", "text.txt", "--dry-run"]).fine();
    for words in ["2 tickets of 2 customers", "Your parcel in #1 comes tomorrow.", "Kund 2 <k2@a.test>", "--dry-run"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert!(!shown.out.contains("#send") && !shown.out.contains("Kund 3"), "{}", shown.out);
    let told = bulk(dir, &["state:open", "--canned", "lat", "--without", "2", "--dry-run", "--json"]).fine().json();
    assert_eq!((&told["mails"], &told["tickets"], &told["takes_s"]), (&2.into(), &2.into(), &0.into()));
    assert_eq!(told["samples"][0]["text"], "Your parcel is late, Kund.\n");
    assert_eq!(told["samples"][0]["from"]["name"], "Butiken");
    assert_eq!(told["left_out"][0]["why"], "without");
    assert_eq!(told["ready"][1]["ticket"], 3);

    bulk(dir, &["--text", "text.txt", "--yes"]).fails(2, "QUERY");
    bulk(dir, &["\"\"", "--text", "text.txt", "--yes"]).fails(2, "a query is needed");
    bulk(dir, &["state:opne", "--text", "text.txt", "--yes"]).fails(2, "cannot be read");
    bulk(dir, &["state:open", "--yes"]).fails(2, "--canned");
    bulk(dir, &["state:open", "--text", "text.txt", "--canned", "late", "--yes"]).fails(2, "cannot be used with");
    bulk(dir, &["state:open", "--text", "text.txt"]).fails(2, "--yes");
    bulk(dir, &["state:open", "--text", "nowhere.txt", "--yes"]).fails(1, "nowhere.txt");
    bulk(dir, &["state:open", "--canned", "nobody", "--yes"]).fails(1, "no canned answer");
    bulk(dir, &["tag:never", "--text", "text.txt", "--yes"]).fails(1, "no ticket is like that");
    bulk(dir, &["state:open", "--text", "text.txt", "--without", "9", "--yes"]).fails(2, "#9");
    fs::write(dir.join("unknown.txt"), "Hello {{ shoe }}").unwrap();
    let none = bulk(dir, &["state:open", "--text", "unknown.txt", "--yes"]);
    assert!(none.out.contains("shoe"), "{}", none.out);
    none.fails(1, "no ticket is left");
    assert_eq!(svar_in(dir, &["outbox", "--json"], b"").fine().json(), Value::Array(Vec::new()), "nothing was sent");

    let sent = bulk(dir, &["state:open", "--text", "text.txt", "--without", "3", "--yes"]).fine();
    assert!(sent.out.contains("2 mails"), "{}", sent.out);
    svar_in(dir, &["run", "--once"], b"");
    let done = bulk(dir, &["--show", last(dir), "--json"]).fine().json();
    assert_eq!((&done["state"], &done["counts"]["sent"]), (&"over".into(), &2.into()), "{done}");
    let ticket = svar_in(dir, &["show", "1", "--json"], b"").fine().json();
    assert_eq!((&ticket["state"], &ticket["assignee"]), (&"pending".into(), &Value::Null));
    assert_eq!(received(dir).len(), 2);
    bulk(dir, &["--stop", last(dir)]).fails(1, "nothing to stop");
    bulk(dir, &["--show", "99"]).fails(1, "no bulk 99");
}

/// The one that was sent: those that were only looked at have numbers, too.
fn last(dir: &Path) -> &'static str {
    let numbers = ["1", "2", "3", "4", "5", "6", "7", "8"];
    numbers.iter().rev().find(|n| bulk(dir, &["--show", n]).code == 0).unwrap()
}

/// How many mails each customer has.
fn received(dir: &Path) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for sub in ["new", "cur"] {
        for file in fs::read_dir(dir.join("out").join(sub)).into_iter().flatten().flatten() {
            let text = String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
            let to = text.lines().find(|l| l.starts_with("To: ")).unwrap_or_default().to_owned();
            *all.entry(to).or_default() += 1;
        }
    }
    all
}

fn daemon(dir: &Path) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_svar"))
        .arg("run")
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.by_ref().map_while(Result::ok).any(|line| line.contains("ready")));
    std::thread::spawn(move || said.count());
    child
}

#[test]
fn a_daemon_that_is_killed_in_the_middle_of_a_bulk_sends_none_twice_and_forgets_none() {
    const TICKETS: usize = 400;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    desk(dir, TICKETS);
    bulk(dir, &["state:open", "--text", "text.txt", "--yes"]).fine();
    let began = Instant::now();
    for killed_at in [3, 60, 150, 151, 300, 390] {
        let mut child = daemon(dir);
        while received(dir).len() < killed_at {
            assert!(began.elapsed() < LIMIT, "{} of {killed_at}", received(dir).len());
            std::thread::sleep(Duration::from_millis(3));
        }
        // SIGKILL, wherever it is.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    svar_in(dir, &["run", "--once"], b"");
    let mut child = daemon(dir);
    let over = || bulk(dir, &["--show", "1", "--json"]).fine().json();
    while over()["state"] != "over" {
        assert!(began.elapsed() < LIMIT, "{}", over());
        std::thread::sleep(Duration::from_millis(200));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(over()["counts"]["sent"], TICKETS);
    let received = received(dir);
    assert_eq!(received.len(), TICKETS);
    let twice: Vec<_> = received.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let tickets = svar_in(dir, &["tickets", "state:pending", "--json"], b"").fine().json();
    assert_eq!(tickets.as_array().unwrap().len(), TICKETS);
}
