//! The whole way on real servers: a customer's mail by SMTP, svar by IMAP and SMTP, an agent's reply, the customer's answer.

#![allow(clippy::disallowed_methods, reason = "real servers take real time")]

#[path = "whole_way/canned.rs"]
mod canned;
#[path = "whole_way/clients.rs"]
mod clients;
#[path = "whole_way/desk.rs"]
mod desk;
#[path = "whole_way/disk.rs"]
mod disk;
#[path = "whole_way/erasure.rs"]
mod erasure;
#[path = "lab/mod.rs"]
mod lab;
#[path = "whole_way/oauth.rs"]
mod oauth;
#[path = "whole_way/read_only.rs"]
mod read_only;
#[path = "whole_way/rehearsal.rs"]
mod rehearsal;
#[path = "whole_way/roundtrip.rs"]
mod roundtrip;
#[path = "whole_way/secrets.rs"]
mod secrets;
#[path = "whole_way/setup.rs"]
mod setup;
#[path = "whole_way/watch.rs"]
mod watch;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use desk::{Config, Desk, field};
use lab::{Lab, Server, address};
use svar::net::Tls;
use svar::net::imap::{IdleEnd, Session};
use svar::net::stream::Timeouts;

const LIMIT: Duration = Duration::from_secs(20);

fn customer_mail(from: &str, to: &str, id: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: Karin Kund <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{id}@kund.test>\r\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

/// A reply as Thunderbird writes it: the quote below, In-Reply-To and References, to the Reply-To address.
fn reply(to_mail: &str, from: &str, id: &str, text: &str) -> (String, Vec<u8>) {
    let reply_to = desk::address_in(&field(to_mail, "Reply-To"));
    let message_id = field(to_mail, "Message-ID");
    let subject = field(to_mail, "Subject");
    let shown = svar::mail::read::read(to_mail.as_bytes()).text;
    let quote: String = shown.lines().map(|line| format!("> {line}\r\n")).collect();
    let raw = format!(
        "Message-ID: <{id}@agent.test>\r\nDate: Sat, 21 Nov 2026 10:30:00 +0100\r\nMIME-Version: 1.0\r\n\
         User-Agent: Mozilla Thunderbird\r\nSubject: Re: {subject}\r\nContent-Language: sv-SE\r\nTo: {reply_to}\r\n\
         References: {message_id}\r\nFrom: Anna Andersson <{from}>\r\nIn-Reply-To: {message_id}\r\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {text}\r\n\r\nDen 2026-11-21 kl. 10:20, skrev Exempelbutiken:\r\n{quote}"
    );
    (reply_to, raw.into_bytes())
}

/// Puts a mail into a folder, as a mail program does that keeps a copy.
fn append(lab: &Lab, user: &str, folder: &str, mail: &str) {
    let mut doveadm = Command::new("doveadm")
        .arg("-c")
        .arg(lab.dir.join("dovecot/dovecot.conf"))
        .args(["save", "-u", &address(user), "-m", folder])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    doveadm.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    assert!(doveadm.wait().unwrap().success());
}

#[test]
fn from_the_customer_to_the_agent_and_back() {
    let lab = lab::shared();
    let (shop, agent, customer) = ("kund1", "kund2", "karin@kund.test");
    // Polling is of no help here: what comes within seconds came by IDLE.
    let desk = Desk::start(lab, Config { poll: "1h", ..Config::new(shop, agent) });
    lab.deliver(
        customer,
        &[shop],
        &customer_mail(customer, &address(shop), "whole-1", "Paketet", "Var är mitt paket?"),
    );
    let notification = lab.wait_for(agent, "INBOX", LIMIT, |m| m.contains("[#1] Paketet"));
    assert!(notification.contains("Var =C3=A4r mitt paket?") || notification.contains("Var är mitt paket?"));
    let acknowledgement = lab.wait_for("alla", "INBOX", LIMIT, |m| m.contains("In-Reply-To: <whole-1@kund.test>"));
    assert_eq!(field(&acknowledgement, "Auto-Submitted"), "auto-replied");
    assert_eq!(field(&acknowledgement, "Return-Path"), "<>");

    let (to, raw) = reply(&notification, &address(agent), "whole-2", "Hej Karin!\r\n\r\nDet kommer i morgon.");
    assert!(to.contains('+'), "{to}");
    lab.deliver(&address(agent), &[&to], &raw);
    let answer = lab.wait_for("alla", "INBOX", LIMIT, |m| m.contains("Det kommer i morgon."));
    assert_eq!(desk::address_in(&field(&answer, "From")), address(shop));
    assert_eq!(desk::address_in(&field(&answer, "To")), customer);
    assert_eq!(field(&answer, "In-Reply-To"), "<whole-1@kund.test>");
    assert_eq!(field(&answer, "Subject"), "Re: Paketet [#1]");
    assert_eq!(field(&answer, "Auto-Submitted"), "");
    let (sent_part, _) = answer.split_once("\n\n").unwrap();
    let own_header: String = sent_part.lines().skip_while(|l| !l.starts_with("From:")).collect();
    assert!(
        !own_header.contains(&address(agent)),
        "the agent's address is the customer's business to nobody: {own_header}"
    );
    assert!(!answer.contains("Svara"), "nothing of the notification reaches the customer: {answer}");
    // A copy lies in Sent, and svar does not take it for another answer.
    let copy = lab.wait_for(shop, "Sent", LIMIT, |m| m.contains("Det kommer i morgon."));
    assert_eq!(field(&copy, "Message-ID"), field(&answer, "Message-ID"));

    // The question is marked in the shared mailbox, for those who look there.
    let began = Instant::now();
    while !lab.doveadm(&["fetch", "-u", &address(shop), "flags", "mailbox", "INBOX", "all"]).contains("\\Answered") {
        assert!(began.elapsed() < LIMIT, "no mail bears \\Answered");
    }

    // The customer goes on, and the agent who answered hears of it on the same ticket.
    let again = format!(
        "From: Karin Kund <{customer}>\r\nTo: {}\r\nSubject: Sv: {}\r\nMessage-ID: <whole-3@kund.test>\r\nIn-Reply-To: {}\r\n\
         Date: Sat, 21 Nov 2026 11:00:00 +0100\r\n\r\nIngenting har kommit. Vad gör jag nu?\r\n",
        address(shop),
        field(&answer, "Subject"),
        field(&answer, "Message-ID"),
    );
    lab.deliver(customer, &[shop], again.as_bytes());
    lab.wait_for(agent, "INBOX", LIMIT, |m| m.contains("Ingenting har kommit."));
    let tickets = desk.json(&["tickets"]);
    assert_eq!(tickets.as_array().map(Vec::len), Some(1), "{tickets}");
    assert_eq!(tickets[0]["assignee"], address(agent));
    assert_eq!(tickets[0]["state"], "open");
    let show = desk.json(&["show", "1"]);
    let directions: Vec<&str> =
        show["messages"].as_array().unwrap().iter().filter_map(|m| m["direction"].as_str()).collect();
    assert_eq!(directions.iter().filter(|d| **d == "out").count(), 1, "{directions:?}");
    assert_eq!(desk.json(&["quarantine"]).as_array().map(Vec::len), Some(0));
    desk.stop();
}

#[test]
fn an_agent_hears_of_a_mail_at_once() {
    let lab = lab::shared();
    let (shop, agent) = ("kund22", "kund23");
    let desk = Desk::start(lab, Config { poll: "1h", ..Config::new(shop, agent) });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut times = Vec::new();
    for n in 1..=5 {
        // A second client of the same mailbox sees the server's EXISTS when svar does.
        let exists = runtime.block_on(async {
            let mut session = Session::connect(&lab.imap(shop, Tls::Implicit), Timeouts::default()).await.unwrap();
            session.examine("INBOX").await.unwrap();
            let deliver = async {
                let customer = format!("fast{n}@kund.test");
                let mail =
                    customer_mail(&customer, &address(shop), &format!("fast-{n}"), &format!("Snabbt {n}"), "Hej");
                std::thread::scope(|scope| scope.spawn(|| lab.deliver(&customer, &[shop], &mail)).join().unwrap());
            };
            let (told, ()) = tokio::join!(session.idle(LIMIT, std::future::pending()), deliver);
            assert_eq!(told.unwrap(), IdleEnd::Exists);
            Instant::now()
        });
        let handed_over = desk.when_logged(|line| line.contains("kind=\"notify\""), n);
        times.push(handed_over.saturating_duration_since(exists));
    }
    eprintln!("from EXISTS to the notification accepted by SMTP: {times:?}");
    // Without IDLE nobody would have looked for an hour.
    assert_eq!(times.len(), 5);
    desk.stop();
}

#[test]
fn an_answer_from_the_shared_mailbox_is_seen() {
    let lab = lab::shared();
    let (shop, agent, customer) = ("kund3", "kund4", "sven@kund.test");
    let desk = Desk::start(lab, Config { poll: "2s", ..Config::new(shop, agent) });
    lab.deliver(
        customer,
        &[shop],
        &customer_mail(customer, &address(shop), "shared-1", "Retur", "Kan jag lämna tillbaka den?"),
    );
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 1));
    let sent = format!(
        "From: {0}\r\nTo: {customer}\r\nSubject: Re: Retur\r\nMessage-ID: <shared-2@example.test>\r\n\
         In-Reply-To: <shared-1@kund.test>\r\nDate: Sat, 21 Nov 2026 11:00:00 +0100\r\n\r\nJavisst.\r\n",
        address(shop)
    );
    append(lab, shop, "Sent", &sent);
    desk.wait_for(|tickets| tickets[0]["state"] == "pending");
    assert!(!lab.letters("alla", "INBOX").iter().any(|m| m.contains("Javisst.")), "it is not sent again");
    desk.stop();
}

#[test]
fn what_was_taken_in_is_marked_or_moved() {
    let lab = lab::shared();
    for (shop, after, folder, flag) in
        [("kund5", "\"seen\"", "INBOX", "\\Seen"), ("kund6", "{ move = \"Klart\" }", "Klart", "")]
    {
        let desk = Desk::start(lab, Config { after, ..Config::new(shop, "kund7") });
        let customer = format!("after-{shop}@kund.test");
        lab.deliver(&customer, &[shop], &customer_mail(&customer, &address(shop), shop, "Efteråt", "Hej"));
        desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 1));
        lab.wait_for(shop, folder, LIMIT, |m| m.contains(&format!("<{shop}@kund.test>")));
        let began = Instant::now();
        let flags = || lab.doveadm(&["fetch", "-u", &address(shop), "flags", "mailbox", folder, "all"]);
        while !flags().contains(flag) {
            assert!(began.elapsed() < LIMIT, "{}", flags());
        }
        desk.stop();
    }
}

#[test]
fn mail_from_before_is_left_alone_or_taken_in_without_a_word() {
    let lab = lab::shared();
    for (shop, start, tickets) in [("kund8", "new", 0), ("kund9", "all", 1)] {
        let customer = format!("before-{shop}@kund.test");
        lab.deliver(&customer, &[shop], &customer_mail(&customer, &address(shop), shop, "Gammalt", "Från i går"));
        lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("Gammalt"));
        let desk = Desk::new(lab, Config { start, ..Config::new(shop, "kund10") });
        assert_eq!(desk.once(), 0);
        assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(tickets));
        let answered = lab.letters("alla", "INBOX").iter().any(|m| m.contains(&format!("<{shop}@kund.test>")));
        assert!(!answered, "nothing old is acknowledged");
    }
}

#[test]
fn a_folder_that_is_numbered_anew_makes_no_ticket_twice() {
    let lab = lab::shared();
    let (shop, agent) = ("kund11", "kund12");
    let desk = Desk::new(lab, Config::new(shop, agent));
    assert_eq!(desk.once(), 0);
    for n in 0..5 {
        let customer = format!("anew{n}@kund.test");
        lab.deliver(
            &customer,
            &[shop],
            &customer_mail(&customer, &address(shop), &format!("anew-{n}"), "Hej", "Hallå"),
        );
    }
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("<anew-4@kund.test>"));
    assert_eq!(desk.once(), 0);
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(5));
    lab.doveadm(&["mailbox", "update", "-u", &address(shop), "--uid-validity", "1234567", "INBOX"]);
    lab.deliver("anew9@kund.test", &[shop], &customer_mail("anew9@kund.test", &address(shop), "anew-9", "Ny", "Ny"));
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("<anew-9@kund.test>"));
    assert_eq!(desk.once(), 0);
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(6));
    let acknowledged =
        lab.letters("alla", "INBOX").iter().filter(|m| field(m, "In-Reply-To").starts_with("<anew-")).count();
    assert!((5..=6).contains(&acknowledged), "{acknowledged}");
}

#[test]
fn a_wrong_password_is_said_once_with_the_servers_words() {
    let lab = lab::shared();
    let desk = Desk::new(lab, Config { password: "falskt", ..Config::new("kund13", "kund14") });
    assert_eq!(desk.once(), 1);
    let mut child = desk.run();
    child.wait_for("login refused");
    // Long enough for a loop without patience to say it again.
    std::thread::sleep(Duration::from_secs(2));
    let health = desk.command(&["health"]).output().unwrap();
    assert_eq!(health.status.code(), Some(1));
    let sick = String::from_utf8_lossy(&health.stdout).into_owned();
    assert!(sick.lines().any(|l| l.contains("mailbox") && l.contains("Authentication failed")), "{sick}");
    let said = child.stop();
    let lines: Vec<&str> = said.lines().filter(|l| l.contains("login refused")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("Authentication failed"), "{said}");
    assert!(!said.lines().any(|l| l == "ready"), "{said}");
    assert!(!said.contains("falskt"), "no password in the log");
}

#[test]
fn a_second_daemon_says_who_holds_the_directory() {
    let lab = lab::shared();
    let desk = Desk::start(lab, Config::new("kund15", "kund16"));
    let second = desk.command(&["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {}", desk.pid())), "{said}");
    desk.stop();
}

#[test]
fn a_killed_daemon_loses_nothing_and_doubles_nothing() {
    let lab = lab::shared();
    let (shop, agent) = ("kund17", "kund18");
    let desk = Desk::new(lab, Config::new(shop, agent));
    assert_eq!(desk.once(), 0);
    let mails = 40;
    let mut sent = 0;
    for round in 0..6 {
        let mut child = desk.run();
        for _ in 0..mails / 5 {
            if sent < mails {
                let customer = format!("kill{sent}@kund.test");
                let mail = customer_mail(&customer, &address(shop), &format!("kill-{sent}"), "Hej", "Var är det?");
                lab.deliver(&customer, &[shop], &mail);
                sent += 1;
            }
        }
        // At another moment each time.
        std::thread::sleep(Duration::from_millis(400 + 130 * round));
        child.kill();
    }
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains(&format!("<kill-{}@kund.test>", mails - 1)));
    assert_eq!(desk.once(), 0);
    assert_eq!(desk.json(&["tickets"]).as_array().map(Vec::len), Some(mails));
    let ours = |m: &&String| field(m, "In-Reply-To").starts_with("<kill-");
    let began = Instant::now();
    loop {
        let letters = lab.letters("alla", "INBOX");
        let ids: BTreeSet<String> = letters.iter().filter(ours).map(|m| field(m, "Message-ID")).collect();
        if ids.len() == mails {
            break;
        }
        assert!(began.elapsed() < LIMIT, "{} acknowledgements for {mails} mails", ids.len());
    }
}

#[test]
fn servers_may_go_away_and_come_back() {
    let lab = Lab::start();
    let (shop, agent) = ("support", "anna");
    let desk = Desk::start(&lab, Config { poll: "1h", ..Config::new(shop, agent) });
    let ask = |n: u32| {
        let customer = format!("away{n}@kund.test");
        lab.deliver(
            &customer,
            &[shop],
            &customer_mail(&customer, &address(shop), &format!("away-{n}"), "Hej", "Hallå"),
        );
    };
    let answered = |n: u32| {
        lab.wait_for("alla", "INBOX", LIMIT * 2, |m| field(m, "In-Reply-To") == format!("<away-{n}@kund.test>"));
    };
    ask(1);
    answered(1);
    lab.stop_server(Server::Dovecot);
    lab.start_server(Server::Dovecot);
    ask(2);
    answered(2);
    lab.kill_server(Server::Dovecot);
    lab.start_server(Server::Dovecot);
    ask(3);
    answered(3);
    // SMTP is away when there is something to send.
    lab.stop_server(Server::Postfix);
    let mail = customer_mail("away4@kund.test", &address(shop), "away-4", "Hej", "Hallå");
    lab.place(shop, &[("1795290000.M4P4.test".to_owned(), mail)]);
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 4));
    lab.start_server(Server::Postfix);
    answered(4);
    desk.stop();
}

#[test]
fn a_changed_configuration_is_taken_and_a_bad_one_refused() {
    let lab = lab::shared();
    let (shop, agent) = ("kund19", "kund20");
    let desk = Desk::start(lab, Config::new(shop, agent));
    desk.write_config("this is no TOML");
    desk.hang_up();
    desk.wait_for_log("the old one stays");
    desk.write_config(&Config::new(shop, "kund21").text(lab));
    desk.hang_up();
    desk.wait_for_log("the configuration was read again");
    let customer = "reload@kund.test";
    lab.deliver(customer, &[shop], &customer_mail(customer, &address(shop), "reload", "Omladdat", "Hej"));
    lab.wait_for("kund21", "INBOX", LIMIT, |m| m.contains("Omladdat"));
    assert!(lab.letters(agent, "INBOX").is_empty());
    let said = desk.stop();
    assert!(!said.contains("@"), "no address in the log: {said}");
}

#[test]
fn check_tells_a_clock_that_is_wrong_in_either_direction() {
    let lab = lab::shared();
    let shop = "kund26";
    let desk = Desk::new(lab, Config::new(shop, "kund27"));
    let clock = |arguments: &[&str]| {
        let found = desk.json(&[arguments, &["check"]].concat());
        let clock = found.as_array().unwrap().iter().find(|f| f["part"] == "clock").cloned();
        clock
            .map(|f| format!("{}: {}", f["outcome"].as_str().unwrap(), f["text"].as_str().unwrap()))
            .unwrap_or_default()
    };
    assert_eq!(clock(&[]), "", "an empty folder tells nothing");
    lab.deliver("tid@kund.test", &[shop], &customer_mail("tid@kund.test", &address(shop), "tid", "Hej", "Hej"));
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("<tid@kund.test>"));
    assert_eq!(clock(&[]), "ok: the server's clock and this machine's agree");
    let at = |s: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(s)).to_string();
    let early = clock(&["--now", &at(2 * 3600 + 10)]);
    assert!(early.starts_with("warning: the server's clock is 2 h 00 behind this machine's"), "{early}");
    let late = clock(&["--now", &at(-3 * 3600 - 10)]);
    assert!(late.starts_with("warning: the server's clock is 3 h 00 ahead of this machine's"), "{late}");
}
