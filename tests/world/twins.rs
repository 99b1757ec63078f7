//! Two desks that write to each other: whatever the servers between them take off their mail, it ends within three mails.

use svar::plan::Folder;

use crate::play::{Mail, Result, World, address};

const OTHER: &str = "support@other.test";

/// What some relay between them takes off.
const TAKEN_OFF: &[&[&str]] = &[
    &[],
    &["Auto-Submitted"],
    &["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Svar-Id", "Return-Path"],
    &[
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "Precedence",
        "X-Svar-Id",
        "In-Reply-To",
        "References",
        "Message-ID",
    ],
];

/// As it looks from the other side: each calls its own domain `example.test` and the other's `other.test`.
fn seen_from_there(mail: &Mail, taken_off: &[&str]) -> Vec<u8> {
    let text =
        String::from_utf8_lossy(&mail.raw).replace("example.test", "\u{1}").replace("other.test", "example.test");
    let text = text.replace('\u{1}', "other.test");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut kept = String::new();
    let mut keeps = true;
    for line in head.split("\r\n") {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default();
            keeps = !taken_off.iter().any(|t| t.eq_ignore_ascii_case(name));
        }
        if keeps {
            kept.push_str(line);
            kept.push_str("\r\n");
        }
    }
    // A server of theirs has taken it in.
    let return_path = mail.sender.as_ref().map_or(String::new(), |s| s.as_str().replace("example.test", "other.test"));
    let trace =
        if taken_off.contains(&"Return-Path") { String::new() } else { format!("Return-Path: <{return_path}>\r\n") };
    format!("{trace}{kept}\r\n{body}").into_bytes()
}

fn mails_until_quiet(config: &str, taken_off: &[&str]) -> Result<usize> {
    let mut desks = [World::new(config)?, World::new(config)?];
    desks[1].use_key([9; 32])?;
    let other = address(OTHER)?;
    let first = "From: Support <support@other.test>\r\nTo: support@example.test\r\nSubject: Hej\r\nMessage-ID: <first@other.test>\r\n\
                 Date: Fri, 20 Nov 2026 09:00:00 +0100\r\n\r\nVar är paketet?\r\n";
    desks[0].arrive(first.as_bytes(), "support", Folder::Inbox, false)?;
    let mut mails = 1;
    let mut carried = [0, 0];
    // A hundred rounds, a minute each: then a day, for all that comes late.
    for round in 0..101 {
        for desk in 0..2 {
            let now = desks[desk].now;
            desks[desk].pass(now.plus(if round == 100 { 86_400 } else { 60 }))?;
            let new: Vec<Mail> = desks[desk].mails[carried[desk]..].iter().filter(|m| m.to == other).cloned().collect();
            carried[desk] = desks[desk].mails.len();
            for mail in new {
                mails += 1;
                let raw = seen_from_there(&mail, taken_off);
                desks[1 - desk].arrive(&raw, "support", Folder::Inbox, false)?;
            }
        }
    }
    for desk in &mut desks {
        let broken = desk.violations();
        if !broken.is_empty() {
            return Err(format!("{broken:#?}"));
        }
    }
    Ok(mails)
}

#[test]
fn two_desks_stop_within_three_mails() {
    for config in ["", "[sla.standard]\nfirst_response = \"1h\"\nwarned = [\"first_response\"]"] {
        for taken_off in TAKEN_OFF {
            let mails = mails_until_quiet(config, taken_off).expect("it is played");
            assert!(mails <= 3, "{mails} mails without {taken_off:?}, with {config:?}");
        }
    }
}
