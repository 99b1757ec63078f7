//! `check`: who would get what tomorrow morning; a rehearsal with agents whose mail lies in directories; watching.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::svar_in;

/// A Friday, 21:00 in Stockholm.
const NOW: &str = "2026-11-20T20:00:00Z";

fn desk(mailbox: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for sub in ["in/new", "in/cur", "in/tmp"] {
        fs::create_dir_all(dir.path().join(sub)).expect("a Maildir");
    }
    let config = format!(
        r#"
        [desk]
        name = "Exempelbutiken"
        language = "en"
        time_zone = "Europe/Stockholm"
        data_dir = "data"
        [[mailbox]]
        name = "support"
        address = "support@example.test"
        maildir = {{ path = "in", after = "seen" }}
        outdir = {{ path = "out" }}
        {mailbox}
        [[agent]]
        name = "Anna Andersson"
        addresses = ["anna@example.test"]
        mailboxes = ["support"]
        [[agent]]
        name = "Björn Berg"
        addresses = ["bjorn@example.test"]
        mailboxes = ["support"]
        hours = "late"
        [[manager]]
        name = "Chefen"
        address = "chef@example.test"
        digests = ["daily"]
        [calendar.shop]
        mon-fri = ["08:00-17:00"]
        [calendar.late]
        mon-fri = ["12:00-20:00"]
        "#
    );
    fs::write(dir.path().join("config.toml"), config).expect("a configuration");
    dir
}

/// The texts of one part of what `check` finds.
fn said(dir: &Path, more: &[&str], part: &str) -> (i32, String) {
    let ran = svar_in(dir, &[&["--json", "check"], more].concat(), b"");
    let findings = ran.json();
    let of_part = |f: &&Value| f["part"] == part;
    let texts = findings.as_array().into_iter().flatten().filter(of_part).filter_map(|f| f["text"].as_str());
    (ran.code, texts.collect::<Vec<_>>().join("\n"))
}

#[test]
fn who_would_get_what_on_monday_morning() {
    let check = |mailbox: &str, expect: &[&str]| {
        let dir = desk(&format!("calendar = \"shop\"\n{mailbox}"));
        let (_, morning) = said(dir.path(), &["--now", NOW], "morning");
        for words in expect {
            assert!(morning.contains(words), "{words}: {morning}");
        }
    };
    let digest = "the daily digest of support goes to Chefen <chef@example.test> at Sat 21 Nov 07:30";
    check(
        "",
        &[
            "Mon 23 Nov 08:00: Anna Andersson is on duty; the first new matter goes to Anna Andersson",
            "Björn Berg comes on duty Mon 23 Nov 12:00",
            digest,
        ],
    );
    check("notify = \"none\"", &["nobody is notified"]);
    check("mode = \"watch\"", &["no agent is mailed (mode = \"watch\")", digest]);
}

#[test]
fn what_watching_means_is_said() {
    let dir = desk("calendar = \"shop\"\nmode = \"watch\"");
    let (_, mode) = said(dir.path(), &[], "mode");
    for words in ["nobody but managers gets mail", "svar check --agents", "`after` is not followed"] {
        assert!(mode.contains(words), "{words}: {mode}");
    }
}

#[test]
fn agents_rehearse_in_directories() {
    let dir = desk("calendar = \"shop\"");
    let (code, agents) = said(dir.path(), &["--agents", "--wait", "0s"], "agent");
    assert_eq!(code, 1, "{agents}");
    assert_eq!(agents.matches("no reply has come").count(), 2, "{agents}");
    let out: Vec<_> = fs::read_dir(dir.path().join("out/new")).expect("mail went out").flatten().collect();
    assert_eq!(out.len(), 2);
    for file in out {
        let mail = svar::mail::read::read(&fs::read(file.path()).expect("a mail"));
        let (to, id) = (mail.reply_to[0].address.clone(), mail.message_id.clone().unwrap_or_default());
        let from = mail.to[0].address.clone();
        let reply = format!(
            "From: {from}\nTo: {to}\nSubject: Re: {}\nMessage-ID: <r-{from}>\nIn-Reply-To: <{id}>\n\
             Date: Sat, 21 Nov 2026 10:00:00 +0100\nX-Mailer: Pegasus Mail\n\nIt comes tomorrow.\n",
            mail.subject
        );
        fs::write(dir.path().join(format!("in/new/{from}")), reply).expect("a reply");
    }
    let (code, agents) = said(dir.path(), &["--agents", "--wait", "20s"], "agent");
    assert_eq!(agents.matches("it would have reached the customer").count(), 2, "{agents}");
    assert_eq!(code, 0, "{agents}");
    // What came is shown again, and no second mail went out.
    let (_, client) = said(dir.path(), &["--agents"], "client");
    assert_eq!(client.matches("Pegasus Mail; plain text").count(), 2, "{client}");
    assert_eq!(fs::read_dir(dir.path().join("out/new")).expect("mail went out").count(), 2);
    assert_eq!(fs::read_dir(dir.path().join("in/new")).expect("the replies").count(), 2, "nothing was changed");
    svar_in(dir.path(), &["check", "--wait", "1x", "--agents"], b"").fails(2, "no length of time");
}
