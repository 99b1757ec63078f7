//! Canned answers kept as mails in a folder of the shared mailbox, read by IMAP beside INBOX.

use crate::desk::{Config, Desk};
use crate::lab::{self, address};
use crate::{LIMIT, append, customer_mail, reply};

#[test]
fn a_canned_answer_from_a_folder() {
    let lab = lab::shared();
    let (shop, agent, customer) = ("kund46", "kund47", "karin@kund.test");
    let config = Config { poll: "1s", ..Config::new(shop, agent) };
    lab.doveadm(&["mailbox", "create", "-u", &address(shop), "Answers"]);
    // What lies there before svar first looks is read, too.
    let canned = |text: &str| {
        format!(
            "From: Anna <{}>\nSubject: Late parcel\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n",
            address(agent)
        )
    };
    append(lab, shop, "Answers", &canned("Dear {{ customer.first_name }}, it comes tomorrow."));
    let desk = Desk::new(lab, config);
    desk.write_config(&format!("{}\n[answers]\nfolder = \"Answers\"\n", config.text(lab)));
    let daemon = desk.command(&["run"]);
    let desk = desk.started(daemon);
    lab.deliver(
        customer,
        &[shop],
        &customer_mail(customer, &address(shop), "canned-1", "Parcel", "Where is my parcel?"),
    );
    let notification = lab.wait_for(agent, "INBOX", LIMIT, |m| m.contains("[#1] Parcel"));
    let (to, raw) = reply(&notification, &address(agent), "canned-2", "#canned late");
    lab.deliver(&address(agent), &[&to], &raw);
    lab.wait_for("alla", "INBOX", LIMIT, |m| m.contains("Dear Karin, it comes tomorrow."));
    // A broken one: its author hears of it, and the good one stays.
    append(lab, shop, "Answers", &canned("Dear {{ costumer.name }}"));
    lab.wait_for(agent, "INBOX", LIMIT, |m| m.contains("costumer.name"));
    let (to, raw) = reply(&notification, &address(agent), "canned-3", "#canned late\r\n#close");
    lab.deliver(&address(agent), &[&to], &raw);
    desk.wait_for(|tickets| tickets.as_array().is_some_and(Vec::is_empty));
    assert_eq!(desk.json(&["show", "1"])["state"], "closed");
}
