//! People's rights by the command line: exported, erased, gone from every byte, and not brought back.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use svar::model::LetterNo;
use svar::store::{Role, Store};

use super::{Ran, svar_in};

/// Words that only Eva has written.
const HERS: &[&str] =
    &["eva@kund.test", "eva.b@jobb.test", "lavendelfrakt", "Evastina", "kvittens.txt", "Zinnober", "070-123 45 67"];

fn desk() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for sub in ["inbox/new", "inbox/cur", "inbox/tmp", "out"] {
        fs::create_dir_all(home.path().join(sub)).unwrap();
    }
    let config = "[desk]\nname = \"Butiken\"\ndata_dir = \"data\"\n[acknowledge]\nwhen = \"never\"\n\
        [[mailbox]]\nname = \"support\"\naddress = \"support@shop.test\"\nretention = \"3y\"\n\
        maildir = { path = \"inbox\" }\noutdir = { path = \"out\" }\n[[agent]]\nname = \"Anna\"\naddresses = [\"anna@shop.test\"]\n\
        [[manager]]\nname = \"Chefen\"\naddress = \"chef@shop.test\"\n";
    fs::write(home.path().join("config.toml"), config).unwrap();
    home
}

fn run(home: &TempDir, args: &[&str]) -> Ran {
    svar_in(home.path(), args, b"")
}

fn mail(from: &str, to: &str, id: &str, subject: &str, text: &str) -> String {
    format!(
        "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}>\nDate: Fri, 20 Nov 2026 09:00:00 +0100\n\n{text}\n"
    )
}

fn with_file(id: &str) -> String {
    format!(
        "From: Evastina Berg <eva@kund.test>\nTo: support@shop.test\nSubject: Zinnober\nMessage-ID: <{id}>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nMin lavendelfrakt kom inte.\n\
         --b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"kvittens.txt\"\n\nlavendelfrakt 77\n--b--\n"
    )
}

fn deliver(home: &TempDir, letter: &str) {
    svar_in(home.path(), &["deliver", "--mailbox", "support"], letter.as_bytes()).fine();
}

fn filled() -> TempDir {
    let home = desk();
    deliver(&home, &with_file("e1@kund.test"));
    deliver(&home, &mail("Ola <ola@kund.test>", "support@shop.test", "o1@kund.test", "Paket", "Var är mitt paket?"));
    deliver(
        &home,
        "From: eva@kund.test\nTo: support@shop.test\nSubject: Re: Zinnober\nMessage-ID: <e2@kund.test>\nIn-Reply-To: <e1@kund.test>\n\n\
         Hallå, lavendelfrakt? Ring mig kl 23 på 070-123 45 67.\n",
    );
    home
}

fn bytes_of(home: &TempDir) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(home.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    // Letters are packed.
    let mut store = Store::open(&home.path().join("data/svar.db"), Role::Guest).unwrap();
    for letter in (1..40).map(LetterNo) {
        bytes.extend(store.read(|tx| tx.raw(letter)).unwrap_or_default());
    }
    bytes
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// The figures without what is not a figure: subjects, and the moment of asking.
fn figures(home: &TempDir) -> Value {
    let mut json =
        run(home, &["stats", "--json", "--now", "2027-01-01T00:00:00Z", "--from", "2026-01-01"]).fine().json();
    for slow in json["slowest"].as_array_mut().unwrap() {
        slow["subject"] = Value::Null;
    }
    json
}

#[test]
fn a_person_gets_what_is_hers_and_nothing_else() {
    let home = filled();
    let ran = run(&home, &["export", "customer", "eva@kund.test", "--to", "hers"]).fine();
    assert!(ran.out.contains("2 mails in mails.mbox"), "{}", ran.out);
    let mbox = fs::read(home.path().join("hers/mails.mbox")).unwrap();
    let json = fs::read(home.path().join("hers/data.json")).unwrap();
    for word in ["lavendelfrakt", "kvittens.txt", "eva@kund.test"] {
        assert!(holds(&mbox, word) && holds(&json, word), "{word}");
    }
    for word in ["ola", "paket"] {
        assert!(!holds(&mbox, word) && !holds(&json, word), "{word}");
    }
    let data: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(data["tickets"][0]["messages"].as_array().unwrap().len(), 2);
    assert_eq!(data["tickets"][0]["clocks"][0]["kind"], "first_response");
    assert_eq!(
        (data["audit"][0]["act"].as_str(), data["audit"][0]["actor"].as_str()),
        (Some("export"), Some("shell:tester"))
    );
    run(&home, &["export", "customer", "eva@kund.test", "--to", "hers"]).fails(2, "is there already");
    run(&home, &["export", "customer", "nobody@kund.test"]).fails(1, "nothing is known of nobody@kund.test");
    run(&home, &["export", "customer", "anna@shop.test"]).fails(1, "is one of us");
}

#[test]
fn who_is_erased_is_in_no_byte_and_every_figure_stays() {
    let home = filled();
    let before = figures(&home);
    run(&home, &["erase", "customer", "eva@kund.test"]).fails(2, "must be confirmed");
    run(&home, &["erase", "customer", "eva@kund.test", "--yes", "--now", "2027-01-01T00:00:00Z"])
        .fails(2, "--now is refused");
    let shown = run(&home, &["erase", "customer", "eva@kund.test", "--dry-run", "--json"]).fine().json();
    assert_eq!(
        (shown["erased"].as_bool(), shown["messages"].as_i64(), shown["letters"].as_i64()),
        (Some(false), Some(2), Some(2))
    );
    assert!(HERS.iter().filter(|w| **w != "eva.b@jobb.test").all(|w| holds(&bytes_of(&home), w)));
    let done = run(&home, &["erase", "customer", "eva@kund.test", "--yes"]).fine();
    assert!(done.out.contains("What svar cannot reach") && done.out.contains("svar done 1"), "{}", done.out);
    let bytes = bytes_of(&home);
    for word in HERS {
        assert!(!holds(&bytes, word), "{word}");
    }
    assert!(holds(&bytes, "ola@kund.test"));
    assert_eq!(figures(&home), before);
    let search = |word: &str| run(&home, &["search", word, "--json"]).fine().json().as_array().unwrap().len();
    assert_eq!((search("lavendelfrakt"), search("paket")), (0, 1));
    let show = run(&home, &["show", "1", "--json"]).fine().json();
    assert_eq!((&show["customer"], show["messages"][0]["text"].as_str()), (&Value::Null, Some("")));
    run(&home, &["erase", "customer", "eva@kund.test", "--yes"]).fails(1, "nothing is known of");
    let privacy = run(&home, &["privacy", "--json"]).fine().json();
    let acts: Vec<&str> = privacy["audit"].as_array().unwrap().iter().map(|a| a["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["erase"]);
    assert!(!holds(privacy.to_string().as_bytes(), "eva"));
    let text = run(&home, &["privacy"]).fine().out;
    for word in ["3y after", "anna@shop.test", "chef@shop.test", "Who gets copies", "data/svar.db"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

fn history(home: &Path) {
    fs::create_dir_all(home.join("old")).unwrap();
    let older = mail("Eva <eva@kund.test>", "support@shop.test", "e0@kund.test", "Förr", "Gammal lavendelfrakt.");
    let olas = mail("Ola <ola@kund.test>", "support@shop.test", "o0@kund.test", "Förr", "Mitt gamla paket.");
    for (n, letter) in [with_file("e1@kund.test"), older, olas].iter().enumerate() {
        fs::write(home.join(format!("old/{n}.eml")), letter).unwrap();
    }
}

#[test]
fn nothing_brings_her_back() {
    let home = filled();
    run(&home, &["backup", "before.db"]).fine();
    let done = run(&home, &["erase", "customer", "eva@kund.test", "--yes"]).fine();
    assert!(done.out.contains("before.db"), "{}", done.out);
    // An import of a mail that was erased, of one that was never seen, and of somebody else's.
    history(home.path());
    run(&home, &["import", "--mailbox", "support", "old"]).fine();
    let bytes = bytes_of(&home);
    assert!(!holds(&bytes, "lavendelfrakt") && holds(&bytes, "gamla paket") && holds(&bytes, "o0@kund.test"));
    // The same letter by the pipe, with another trace.
    deliver(&home, &format!("Received: from x by y; Fri, 20 Nov 2026 09:00:00 +0100\n{}", with_file("e1@kund.test")));
    assert!(!holds(&bytes_of(&home), "lavendelfrakt"));
    // A backup of the time before.
    let restored = run(&home, &["restore", "before.db"]).fine();
    assert!(restored.out.contains("is erased again"), "{}", restored.out);
    fs::remove_file(home.path().join("data").join("svar.db.before-epoch-2")).unwrap();
    for word in HERS {
        assert!(!holds(&bytes_of(&home), word), "{word}");
    }
    // What she writes anew is a customer's mail like any other.
    deliver(&home, &mail("Eva <eva@kund.test>", "support@shop.test", "e9@kund.test", "Igen", "Har ni lavendel?"));
    let tickets = run(&home, &["tickets", "from:eva@kund.test", "--json"]).fine().json();
    assert_eq!(tickets.as_array().unwrap().len(), 1);
}

#[test]
fn a_restore_leaves_her_what_is_newer_than_her_erasure() {
    let home = filled();
    run(&home, &["erase", "customer", "eva@kund.test", "--yes"]).fine();
    let anew = "From: Ola <ola@kund.test>\nTo: support@shop.test\nCc: eva@kund.test\nSubject: Soffan\nMessage-ID: <o9@kund.test>\n\n\
        Vi vill ha soffan.\n";
    // Not in the second in which she was erased.
    let later = ["deliver", "--mailbox", "support", "--now", "2099-01-01T00:00:00Z"];
    svar_in(home.path(), &later, anew.as_bytes()).fine();
    let take_part = || {
        let shown = run(&home, &["show", "3", "--json"]).fine().json();
        let named =
            shown["participants"].as_array().unwrap().iter().filter(|p| p["address"] == "eva@kund.test").count();
        (named, shown["messages"][0]["cc"].to_string().contains("eva@kund.test"))
    };
    assert_eq!(take_part(), (1, true));
    run(&home, &["backup", "after.db"]).fine();
    run(&home, &["restore", "after.db"]).fine();
    assert_eq!(take_part(), (1, true));
}

#[test]
fn where_her_letters_lie_in_a_maildir_is_said() {
    let home = desk();
    let letter = mail("Eva <eva@kund.test>", "support@shop.test", "e1@kund.test", "Kjol", "Min kjol.");
    fs::write(home.path().join("inbox/new/1.eva"), letter).unwrap();
    let ran = run(&home, &["run", "--once"]);
    assert!(ran.err.contains("fate=\"message\""), "{}", ran.err);
    let told = run(&home, &["erase", "customer", "eva@kund.test", "--dry-run"]).fine().out;
    assert!(told.contains("inbox: 1.eva"), "{told}");
    let json = run(&home, &["erase", "customer", "eva@kund.test", "--dry-run", "--json"]).fine().json();
    let place = &json["unreachable"]["uids"][0];
    assert_eq!(
        (place["names"][0].as_str(), place["uids"].as_array().map(Vec::len)),
        (Some("1.eva"), Some(0)),
        "{json:#}"
    );
}

#[test]
fn a_run_by_a_given_time_erases_nothing() {
    let home = filled();
    run(&home, &["close", "1"]).fine();
    run(&home, &["close", "2"]).fine();
    run(&home, &["run", "--once", "--now", "2099-01-01T12:00:00Z"]);
    assert!(run(&home, &["search", "lavendelfrakt"]).fine().out.contains("Zinnober"));
    assert_eq!(run(&home, &["privacy", "--json"]).fine().json()["audit"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_restore_that_cannot_erase_her_again_restores_nothing() {
    let home = filled();
    run(&home, &["backup", "before.db"]).fine();
    run(&home, &["erase", "customer", "eva@kund.test", "--yes"]).fine();
    let (list, away) = (home.path().join("data/erased"), home.path().join("away"));
    fs::rename(&list, &away).unwrap();
    fs::create_dir(&list).unwrap();
    fs::write(list.join("in the way"), "").unwrap();
    run(&home, &["restore", "before.db"]).fails(1, "the list of what was erased");
    for word in HERS {
        assert!(!holds(&bytes_of(&home), word), "{word}");
    }
    fs::remove_dir_all(&list).unwrap();
    fs::rename(&away, &list).unwrap();
    // The database of before, and what was done since is in the log.
    let acts = || {
        let privacy = run(&home, &["privacy", "--json"]).fine().json();
        let acts: Vec<String> =
            privacy["audit"].as_array().unwrap().iter().map(|a| a["act"].as_str().unwrap().to_owned()).collect();
        let backups = privacy["backups"].as_array().unwrap().iter().filter_map(|b| b["path"].as_str());
        (acts, backups.filter(|path| path.ends_with("before.db")).count())
    };
    assert_eq!(acts(), (vec!["erase".to_owned()], 1));
    run(&home, &["restore", "before.db"]).fine();
    assert_eq!(acts(), (vec!["erase".to_owned(), "restore".to_owned()], 1));
}
