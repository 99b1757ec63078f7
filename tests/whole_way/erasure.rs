//! Who is erased stays away, also when INBOX and Sent are numbered anew and read from the start; where her letters lie is said.

use std::fs;

use serde_json::Value;

use crate::desk::{Config, Desk};
use crate::lab::{self, address};
use crate::{append, customer_mail};

#[test]
fn who_is_erased_stays_away_when_inbox_and_sent_are_read_anew() {
    let lab = lab::shared();
    let (shop, agent, eva) = ("kund38", "kund39", "erased-eva@kund.test");
    let desk = Desk::new(lab, Config { poll: "2s", ..Config::new(shop, agent) });
    let mut daemon = desk.run();
    daemon.wait_for("ready");
    // Another letter lies before hers, so that numbers differ from folder to folder.
    let other = |id: &str| {
        let customer = format!("{id}@kund.test");
        lab.deliver(&customer, &[shop], &customer_mail(&customer, &address(shop), id, "Paket", "Var är paketet?"));
    };
    other("erased-1");
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 1));
    lab.deliver(eva, &[shop], &customer_mail(eva, &address(shop), "erased-2", "Kjol", "Min lavendelkjol är trasig."));
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 2));
    let answer = format!(
        "From: {}\r\nTo: {eva}\r\nSubject: Re: Kjol\r\nMessage-ID: <erased-3@example.test>\r\nIn-Reply-To: <erased-2@kund.test>\r\n\
         Date: Sat, 21 Nov 2026 11:00:00 +0100\r\n\r\nEn ny lavendelkjol kommer.\r\n",
        address(shop)
    );
    append(lab, shop, "Sent", &answer);
    desk.wait_for(|tickets| tickets[1]["state"] == "pending" || tickets[0]["state"] == "pending");

    let erased = desk.json(&["erase", "customer", eva, "--yes"]);
    let places: Vec<(String, Value)> = erased["unreachable"]["uids"]
        .as_array()
        .expect("places")
        .iter()
        .map(|place| (place["folder"].as_str().unwrap_or_default().to_owned(), place["uids"].clone()))
        .collect();
    let uid = |folder: &str, id: &str| -> Value {
        let found = lab.doveadm(&["fetch", "-u", &address(shop), "uid", "mailbox", folder, "header", "message-id", id]);
        let digits: String = found.chars().filter(char::is_ascii_digit).collect();
        Value::from(vec![digits.parse::<u32>().expect("one letter")])
    };
    let expected = [
        ("INBOX".to_owned(), uid("INBOX", "<erased-2@kund.test>")),
        ("Sent".to_owned(), uid("Sent", "<erased-3@example.test>")),
    ];
    assert_eq!(places, expected, "{erased:#}");
    daemon.stop();

    // The server forgets its numbers, as after a move or a repair.
    for folder in ["", ".Sent"] {
        for file in fs::read_dir(lab.maildir(shop).join(folder)).expect("a Maildir").flatten() {
            if file.file_name().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(file.path()).expect("a file of Dovecot's");
            }
        }
    }
    let mut daemon = desk.run();
    other("erased-4");
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 3));
    let said = daemon.stop();
    assert!(said.matches("the server numbers its mail anew").count() == 2, "{said}");
    let shown = desk.json(&["show", "2"]);
    assert_eq!((&shown["customer"], &shown["messages"][0]["text"]), (&Value::Null, &Value::from("")), "{shown:#}");
    let found = desk.json(&["search", "lavendelkjol"]);
    assert_eq!(found.as_array().map(Vec::len), Some(0), "{found:#}");
}
