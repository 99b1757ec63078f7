//! `svar audit` against Dovecot: what it measures, and that the mailbox stays exactly as it was.

use std::process::Command;

use serde_json::Value;

use crate::lab;

/// A letter that came or was sent at this time on 2 March 2026.
fn letter(id: u32, at: &str, from: &str, to: &str, parent: Option<u32>) -> (String, Vec<u8>) {
    let when: jiff::Timestamp = format!("2026-03-02T{at}:00Z").parse().unwrap();
    let date = when.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000");
    let answers = parent.map_or(String::new(), |p| format!("In-Reply-To: <{p}@audit.test>\r\n"));
    // A customer's Date is never used.
    let date = if from.starts_with("support") { date.to_string() } else { "Sun, 1 Mar 2026 00:00:00 +0000".to_owned() };
    let raw = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Paket {}\r\nDate: {date}\r\nMessage-ID: <{id}@audit.test>\r\n{answers}\r\nHej, hur går det?\r\n",
        parent.unwrap_or(id)
    );
    (format!("{}.M{id}P1.audit", when.as_second()), raw.into_bytes())
}

/// Every letter with its flags, and what the folder says of itself.
fn state(user: &str) -> String {
    let lab = lab::shared();
    let address = lab::address(user);
    let flags = lab.doveadm(&["fetch", "-u", &address, "mailbox uid flags date.received", "all"]);
    let folders = lab.doveadm(&["mailbox", "status", "-u", &address, "all", "*"]);
    format!("{flags}\n{folders}")
}

#[test]
fn a_mailbox_on_a_server_is_measured_and_stays_as_it_was() {
    let lab = lab::shared();
    let (user, address) = ("kund44", lab::address("kund44"));
    let came = [
        letter(1, "08:00", "eva@kund.test", &address, None),
        letter(2, "08:30", "ola@kund.test", &address, None),
        letter(3, "09:00", "per@kund.test", &address, None),
    ];
    let sent = [
        letter(4, "08:20", &format!("support <{address}>"), "eva@kund.test", Some(1)),
        letter(5, "10:30", &format!("support <{address}>"), "ola@kund.test", Some(2)),
    ];
    lab.place(user, &came);
    for (name, _) in &came {
        // Dovecot's INTERNALDATE is the file's time.
        let seconds: u64 = name.split('.').next().unwrap().parse().unwrap();
        let file = std::fs::File::options().append(true).open(lab.maildir(user).join("new").join(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
    }
    lab.doveadm(&["mailbox", "create", "-u", &address, "Skickat/2026"]);
    for (name, raw) in &sent {
        let file = lab.dir.join(name);
        std::fs::write(&file, raw).unwrap();
        // As a mail program that sets no time.
        lab.doveadm(&["save", "-u", &address, "-m", "Skickat/2026", file.to_str().unwrap()]);
    }
    let before = state(user);
    let run = |password: &str, folder: &str| {
        let source = |folder: &str| format!("imaps://{address}@localhost:{}/{folder}", lab.port(993));
        let file = lab.dir.join(format!("audit-{password}"));
        std::fs::write(&file, password).unwrap();
        Command::new(env!("CARGO_BIN_EXE_svar"))
            .args(["audit", &source(folder), "--sent", &source("Skickat/2026"), "--address", &address, "--json"])
            .args(["--time-zone", "UTC", "--hours", "mon-sun 00:00-24:00"])
            .arg("--password-file")
            .arg(file)
            .arg("--ca-file")
            .arg(lab.ca())
            .output()
            .unwrap()
    };
    let done = run(lab::PASSWORD, "INBOX");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    let first = &found["first_response"];
    let figures: Vec<Option<i64>> =
        ["started", "stopped", "running", "median_s", "p90_s"].iter().map(|f| first[f].as_i64()).collect();
    assert_eq!(figures, [Some(3), Some(2), Some(1), Some(20 * 60), Some(120 * 60)], "{first}");
    assert_eq!((found["from"].as_str(), found["audit"]["letters"].as_u64()), (Some("2026-03-02"), Some(5)));
    assert_eq!(state(user), before);

    let wrong = run("wrong", "INBOX");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(wrong.status.code() == Some(1) && said.contains("login refused"), "{said}");
    let nowhere = run(lab::PASSWORD, "Nowhere");
    let said = String::from_utf8_lossy(&nowhere.stderr);
    assert!(nowhere.status.code() == Some(1) && said.contains("Nowhere") && !said.contains(lab::PASSWORD), "{said}");
    assert_eq!(state(user), before);
}
