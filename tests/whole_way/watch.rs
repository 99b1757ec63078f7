//! A mailbox that is only watched, on real servers: who waits is told to managers, nobody else gets mail, and nothing in the mailbox
//! is changed.

use std::process::Command;

use crate::desk::{Config, Desk, field};
use crate::lab::{self, Lab, address};
use crate::{LIMIT, append, customer_mail};

/// All that a mailbox shows of itself: each folder's numbers, each letter's UID, flags and size.
fn snapshot(lab: &Lab, user: &str) -> String {
    let user = address(user);
    let status = lab.doveadm(&["mailbox", "status", "-u", &user, "messages uidnext uidvalidity unseen vsize", "*"]);
    let flags = lab.doveadm(&["fetch", "-u", &user, "mailbox uid flags size.physical date.received", "all"]);
    // What doveadm sees first it takes for recent itself.
    format!("{status}\n{}", flags.replace("\\Recent", "").replace("flags:  ", "flags: "))
}

fn watching(lab: &Lab, config: Config, manager: &str) -> String {
    let text =
        config.text(lab).replace("name = \"support\"", "name = \"support\"\nmode = \"watch\"\nmark_answered = true");
    format!("{text}\n[[manager]]\nname = \"Chefen\"\naddress = \"{}\"\n", address(manager))
}

fn answer(to: &str, shop: &str, id: &str, to_id: &str) -> String {
    format!(
        "From: {}\r\nTo: {to}\r\nSubject: Sv: Fråga\r\nMessage-ID: <{id}@shop.test>\r\nIn-Reply-To: <{to_id}@kund.test>\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0100\r\n\r\nJa.\r\n",
        address(shop)
    )
}

#[test]
fn a_watched_mailbox_stays_as_it_was() {
    let lab = lab::shared();
    let (shop, agent, manager) = ("kund43", "kund44", "kund45");
    let letter =
        |n: u32| customer_mail(&format!("k{n}@kund.test"), &address(shop), &format!("watch-{n}"), "Fråga", "Hej?");
    let names = |n: u32| format!("17000000{n:02}.watch");
    lab.place(shop, &(1..=4).map(|n| (names(n), letter(n))).collect::<Vec<_>>());
    // The first lay there long before.
    let old = lab.maildir(shop).join("new").join(names(1));
    assert!(Command::new("touch").args(["-d", "-9 days"]).arg(&old).status().unwrap().success());
    append(lab, shop, "Sent", &answer("k2@kund.test", shop, "watch-answer-1", "watch-2"));
    // Somebody has read one of them.
    lab.doveadm(&["flags", "add", "-u", &address(shop), "\\Seen", "mailbox", "INBOX", "uid", "2"]);
    let before = snapshot(lab, shop);

    let config = Config { after: "\"seen\"", poll: "2s", ..Config::new(shop, agent) };
    let desk = Desk::new(lab, config);
    desk.write_config(&watching(lab, config, manager));
    let mut running = desk.run();
    running.wait_for("ready");
    let told = lab.wait_for(manager, "INBOX", LIMIT, |m| m.contains("svar check --agents"));
    let told = svar::mail::read::read(told.as_bytes());
    assert!(told.subject.contains("2 av de senaste sju dagarnas 3 ärenden ser obesvarade ut"), "{}", told.subject);
    assert!(told.text.contains("k3@kund.test") && told.text.contains("k4@kund.test"), "{}", told.text);
    assert!(!told.text.contains("k1@kund.test") && !told.text.contains("k2@kund.test"), "{}", told.text);
    running.stop();
    assert_eq!(snapshot(lab, shop), before);

    // Mail that comes, and answers that somebody writes, are seen, and nothing is done to them either. The first mail to managers
    // does not come again.
    let mut running = desk.run();
    running.wait_for("ready");
    lab.deliver("k5@kund.test", &[shop], &letter(5));
    let waits = |tickets: &serde_json::Value, n: usize| {
        let all = tickets.as_array().cloned().unwrap_or_default();
        all.iter().filter(|t| !t["waiting_since"].is_null()).count() == n
    };
    desk.wait_for(|tickets| waits(tickets, 3));
    append(lab, shop, "Sent", &answer("k5@kund.test", shop, "watch-answer-2", "watch-5"));
    append(lab, shop, "Sent", &answer("k3@kund.test", shop, "watch-answer-3", "watch-3"));
    let now = snapshot(lab, shop);
    desk.wait_for(|tickets| waits(tickets, 1));
    running.stop();
    assert_eq!(snapshot(lab, shop), now);
    let first = lab.letters(manager, "INBOX").iter().filter(|m| m.contains("svar check --agents")).count();
    assert_eq!(first, 1);
    assert_eq!(lab.letters(agent, "INBOX"), Vec::<String>::new());
    assert_eq!(lab.letters("alla", "INBOX").iter().filter(|m| field(m, "In-Reply-To").contains("watch-")).count(), 0);
}
