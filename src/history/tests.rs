//! Histories as they are met: every kind of store, in any order, again and again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::audit::{Wishes, audit};
use super::import::import;
use super::source::Source;
use super::*;
use crate::config;
use crate::desk::sign::Key;
use crate::engine::Engine;
use crate::engine::clock::Now;
use crate::engine::clocks;
use crate::model::{Address, TicketNo, Time};
use crate::plan::Folder;
use crate::store::Store;

const CONFIG: &str = "[desk]\nname = \"Test\"\ndata_dir = \".\"\n[[mailbox]]\nname = \"support\"\naddress = \"support@shop.test\"\n\
    pipe = true\noutdir = { path = \"out\" }\n[[agent]]\nname = \"Anna\"\naddresses = [\"anna@shop.test\"]\n\
    [calendar.shop]\nmon-fri = [\"08:00-17:00\"]\n";

fn now() -> Now {
    Now::given(Time::parse_rfc3339("2026-12-01T12:00:00Z").unwrap())
}

fn engine() -> Engine {
    let settings = config::read(Path::new("config.toml"), CONFIG).unwrap_or_else(|e| panic!("{e:?}"));
    let mut engine = Engine::on(Store::in_memory().unwrap(), Arc::new(settings), Key::new(&[7; 32])).unwrap();
    let set = |tx: &mut crate::store::Tx<'_>| {
        tx.set_last_now(now().wall);
        Ok(())
    };
    engine.store().batch(set).unwrap();
    engine
}

/// Numbers that look random; the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.roll(at + 1));
        }
    }
}

#[derive(Clone, Debug)]
struct Mail {
    at: Time,
    sent: bool,
    raw: String,
}

/// A letter. Customers' bear a Received header and a Date that lies, ours a Date alone.
fn mail(id: &str, at: Time, from: &str, subject: &str, answers: &[String], text: &str) -> Mail {
    let sent = from.ends_with("@shop.test");
    let date =
        |t: Time| t.timestamp().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let (to, mut head) = if sent {
        ("kund@a.test", format!("Date: {}\n", date(at)))
    } else {
        let lie = at.plus(-77_777);
        ("support@shop.test", format!("Received: from x by mx.shop.test; {}\nDate: {}\n", date(at), date(lie)))
    };
    let to = if sent { subject.split(' ').next_back().unwrap_or(to) } else { to };
    if let Some(parent) = answers.last() {
        head += &format!("In-Reply-To: <{parent}>\nReferences: <{}>\n", answers.join("> <"));
    }
    let raw = format!("{head}Message-ID: <{id}>\nFrom: {from}\nTo: {to}\nSubject: {subject}\n\n{text}\n");
    Mail { at, sent, raw }
}

/// Conversations: each with a customer of its own, whose address stands in the subject.
fn history(dice: &mut Dice, conversations: usize) -> Vec<Mail> {
    let start = Time::parse_rfc3339("2026-09-01T06:00:00Z").unwrap();
    let mut mails = Vec::new();
    for n in 0..conversations {
        let customer = format!("kund{n}@a.test");
        let mut at = start.plus(i64::try_from(dice.roll(60 * 24 * 60)).unwrap() * 60);
        let mut ids: Vec<String> = Vec::new();
        for step in 0..1 + dice.roll(6) {
            // Questions and answers in any order after the first.
            let ours = step > 0 && dice.roll(2) == 0;
            let from = if !ours {
                customer.as_str()
            } else if dice.roll(2) == 0 {
                "anna@shop.test"
            } else {
                "support@shop.test"
            };
            let prefix = if step > 0 { "Re: " } else { "" };
            let id = format!("{n}.{step}@x.test");
            mails.push(mail(
                &id,
                at,
                from,
                &format!("{prefix}Ärende {n} av {customer}"),
                &ids,
                &format!("Fråga {n} {step}, hur går det?"),
            ));
            ids.push(id);
            at = at.plus(60 + i64::try_from(dice.roll(60 * 60 * 30)).unwrap());
        }
    }
    mails
}

fn maildir(dir: &Path, name: &str, mails: &[Mail]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(path.join("cur")).unwrap();
    fs::create_dir_all(path.join("new")).unwrap();
    for (n, mail) in mails.iter().enumerate() {
        fs::write(path.join("cur").join(format!("{}.M{n}.x:2,S", 1_700_000_000 + n)), &mail.raw).unwrap();
    }
    path
}

fn mbox(dir: &Path, name: &str, mails: &[Mail]) -> PathBuf {
    let path = dir.join(name);
    let text: String = mails
        .iter()
        .map(|m| format!("From x Thu Jan  1 00:00:00 2015\n{}\n", m.raw.replace("\n\nFrom ", "\n\n>From ")))
        .collect();
    fs::write(&path, text).unwrap();
    path
}

fn eml(dir: &Path, name: &str, mails: &[Mail]) -> PathBuf {
    let path = dir.join(name);
    fs::create_dir_all(&path).unwrap();
    for (n, mail) in mails.iter().enumerate() {
        fs::write(path.join(format!("{n}.eml")), mail.raw.replace('\n', "\r\n")).unwrap();
    }
    path
}

fn take_in(engine: &mut Engine, sources: &[(PathBuf, Folder)]) -> Tally {
    let sources = sources.iter().map(|(path, folder)| Source::files(path, *folder).unwrap()).collect();
    import(engine, "support", sources, Some(now()), &mut |_| {}).unwrap()
}

/// Every ticket by its subject: state, who waits since when, and all clocks to the second.
fn tickets(engine: &mut Engine) -> BTreeMap<String, String> {
    let settings = engine.settings().clone();
    let read = |tx: &mut crate::store::Tx<'_>| {
        let (last, _) = tx.highest();
        let mut all = BTreeMap::new();
        for number in (1..=last.0).map(TicketNo) {
            let show = tx.show(number, now().wall)?.expect("a ticket");
            let steps = clocks::steps(tx, number)?;
            let clocks = clocks::of(&steps, &settings, "support", show.ticket.priority, now().wall);
            let clocks: Vec<_> =
                clocks.iter().map(|c| (c.kind, c.started_at, c.stopped_at, c.elapsed_s, c.state)).collect();
            let said: Vec<_> = show.messages.iter().map(|m| (m.at, m.direction)).collect();
            let mut said = format!("{:?}", {
                let mut s = said;
                s.sort();
                s
            });
            said += &format!(" {} {:?} {clocks:?}", show.ticket.state, show.ticket.waiting_since);
            let subject = show.ticket.subject.trim_start_matches("Re: ").to_owned();
            let before = all.insert(subject.clone(), said);
            assert!(before.is_none() || subject.is_empty(), "two tickets for {subject}");
        }
        Ok(all)
    };
    engine.store().read(read).unwrap()
}

/// Fails with the first ticket that is another one.
fn same(engine: &mut Engine, expect: &BTreeMap<String, String>, what: &str) {
    let found = tickets(engine);
    for (subject, ticket) in &found {
        assert_eq!(Some(ticket), expect.get(subject), "{what}: {subject}");
    }
    assert_eq!(found.len(), expect.len(), "{what}");
}

#[test]
fn any_order_and_any_store_give_the_same_tickets() {
    let mut dice = Dice(42);
    let mails = history(&mut dice, 60);
    let dir = tempfile::tempdir().unwrap();
    let mut in_order = mails.clone();
    in_order.sort_by_key(|m| m.at);
    let mut expect = engine();
    let tally = take_in(&mut expect, &[(maildir(dir.path(), "all", &in_order), Folder::Inbox)]);
    assert_eq!((tally.messages, tally.letters), (mails.len(), mails.len()), "{tally:?}");
    let expect = tickets(&mut expect);
    assert_eq!(expect.len(), 60);
    for round in 0..6 {
        let mut shuffled = mails.clone();
        dice.shuffle(&mut shuffled);
        let (sent, came): (Vec<Mail>, Vec<Mail>) = shuffled.into_iter().partition(|m| m.sent && round % 2 == 0);
        let third = came.len() / 3;
        let at = |what: &str| format!("{what}{round}");
        let mut sources = vec![
            (maildir(dir.path(), &at("maildir"), &came[..third]), Folder::Inbox),
            (mbox(dir.path(), &at("mbox"), &came[third..2 * third]), Folder::Inbox),
            (eml(dir.path(), &at("eml"), &came[2 * third..]), Folder::Inbox),
            (mbox(dir.path(), &at("sent"), &sent), Folder::Sent),
        ];
        dice.shuffle(&mut sources);
        let mut together = engine();
        take_in(&mut together, &sources);
        same(&mut together, &expect, &format!("round {round}: in one import"));
        // One after the other: the same clocks, whatever came first.
        let mut apart = engine();
        for source in sources {
            take_in(&mut apart, &[source]);
        }
        same(&mut apart, &expect, &format!("round {round}: in several imports"));
    }
}

#[test]
fn nothing_doubles() {
    let mut dice = Dice(1);
    let mails = history(&mut dice, 20);
    let dir = tempfile::tempdir().unwrap();
    let stores = [maildir(dir.path(), "a", &mails), mbox(dir.path(), "b", &mails), eml(dir.path(), "c", &mails)];
    let mut engine = engine();
    let first = take_in(&mut engine, &[(stores[0].clone(), Folder::Inbox)]);
    assert_eq!((first.messages, first.known), (mails.len(), 0));
    let expect = tickets(&mut engine);
    for store in &stores {
        let again = take_in(&mut engine, &[(store.clone(), Folder::Inbox)]);
        assert_eq!(
            (again.messages, again.known + again.duplicates),
            (0, mails.len()),
            "{}: {again:?}",
            store.display()
        );
    }
    assert_eq!(tickets(&mut engine), expect);
    // Broken off after any number of letters.
    for upto in [1, 7, mails.len() / 2] {
        let mut in_order = mails.clone();
        in_order.sort_by_key(|m| m.at);
        let mut broken_off = self::engine();
        take_in(&mut broken_off, &[(mbox(dir.path(), "part", &in_order[..upto]), Folder::Inbox)]);
        take_in(&mut broken_off, &[(stores[1].clone(), Folder::Inbox)]);
        assert_eq!(tickets(&mut broken_off), expect, "after {upto}");
    }
}

#[test]
fn nobody_hears_of_history() {
    let mut dice = Dice(3);
    let dir = tempfile::tempdir().unwrap();
    let mut engine = engine();
    take_in(&mut engine, &[(maildir(dir.path(), "a", &history(&mut dice, 20)), Folder::Inbox)]);
    let (outbox, quarantine) = engine.store().read(|tx| Ok((tx.outbox()?.len(), tx.quarantine()?.len()))).unwrap();
    assert_eq!((outbox, quarantine), (0, 0));
    let channels = engine.store().read(|tx| Ok(tx.show(TicketNo(1), now().wall)?.map(|s| s.ticket.channel))).unwrap();
    assert_eq!(channels, Some(crate::model::Channel::Import));
}

#[test]
fn a_broken_letter_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let at = Time::parse_rfc3339("2026-10-01T08:00:00Z").unwrap();
    let good =
        |n: i64| mail(&format!("{n}@x.test"), at.plus(n), &format!("k{n}@a.test"), &format!("Hej {n}"), &[], "Hjälp?");
    let odd = |raw: &str| Mail { at, sent: false, raw: raw.to_owned() };
    let received = "Received: from x by y; Thu, 1 Oct 2026 08:00:00 +0000\n";
    let mails = [
        good(1),
        odd(""),
        odd("\0\0\0"),
        odd(&format!("{received}From: <<<\nTo: ,,,\n\nhm")),
        odd(&format!("{received}Content-Type: multipart/mixed; boundary=x\nFrom: a@a.test\n\n--x\n--x\n--x")),
        odd(&format!("{received}From: r@r.test\nAuto-Submitted: auto-replied\nSubject: Borta\n\nJag är borta")),
        // 1970 and 2099.
        odd("Received: from x by y; Thu, 1 Jan 1970 08:00:00 +0000\nFrom: a@a.test\n\nhej"),
        odd("Received: from x by y; Thu, 1 Jan 2099 08:00:00 +0000\nFrom: a@a.test\n\nhej"),
        good(2),
    ];
    let mut engine = engine();
    let tally = take_in(&mut engine, &[(maildir(dir.path(), "a", &mails), Folder::Inbox)]);
    assert_eq!((tally.letters, tally.implausible, tally.unreadable, tally.robots), (9, 2, 0, 1), "{tally:?}");
    let found = tickets(&mut engine);
    assert!(found.contains_key("Hej 1") && found.contains_key("Hej 2"), "{found:?}");
}

fn wishes(addresses: &[&str]) -> Wishes {
    let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
    Wishes {
        addresses: addresses.iter().map(|a| Address::parse(a).unwrap()).collect(),
        calendar: crate::sla::calendar::Calendar::always(zone.clone()),
        zone,
        zone_name: "Europe/Stockholm".to_owned(),
        from: None,
        to: None,
    }
}

/// Question at eight, answer at nine, thanks at ten; beside them a stranger's mail to somebody else, and an answer written by a clock
/// that is wrong.
#[test]
fn an_audit_counts_what_is_to_and_from_the_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let at = |s: &str| Time::parse_rfc3339(&format!("2026-10-01T{s}:00Z")).unwrap();
    let ids = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let eva = "Paket till eva@a.test";
    let ola = "Retur av ola@a.test";
    let mut other = mail("9@x.test", at("08:30"), "x@b.test", "Till chefen", &[], "Hej chefen, hur går det?");
    other.raw = other.raw.replace("support@shop.test", "chef@shop.test");
    let came = [
        mail("1@x.test", at("08:00"), "eva@a.test", eva, &[], "Var är mitt paket?"),
        mail("3@x.test", at("10:00"), "eva@a.test", &format!("Re: {eva}"), &ids(&["1@x.test", "2@x.test"]), "Tack!"),
        mail("4@x.test", at("11:00"), "ola@a.test", ola, &[], "Hur returnerar jag?"),
        other,
    ];
    let sent = [
        mail("2@x.test", at("09:00"), "support@shop.test", &format!("Re: {eva}"), &ids(&["1@x.test"]), "I Lund."),
        // Its writer is named nowhere, and his clock is half an hour slow.
        mail("5@x.test", at("10:30"), "per@shop.test", &format!("Re: {ola}"), &ids(&["4@x.test"]), "Så här."),
    ];
    let stores = [(maildir(dir.path(), "in", &came), Folder::Inbox), (mbox(dir.path(), "sent", &sent), Folder::Sent)];
    let measure = |stores: &[(PathBuf, Folder)]| {
        let sources = stores.iter().map(|(p, f)| Source::files(p, *f).unwrap()).collect();
        audit(sources, &wishes(&["support@shop.test"]), now(), &mut |_| {}).unwrap()
    };
    let found = measure(&stores).unwrap();
    assert_eq!((found.tally.letters, found.tally.messages, found.tally.elsewhere), (6, 5, 1), "{:?}", found.tally);
    assert_eq!(found.writers, [Address::parse("per@shop.test").unwrap()]);
    assert_eq!(
        (found.figures.from.to_string(), found.figures.to.to_string()),
        ("2026-10-01".into(), "2026-10-01".into())
    );
    let first = &found.figures.first_response;
    assert_eq!((first.started, first.stopped, first.running, first.median_s), (2, 2, 0, Some(0)), "{first:?}");
    assert_eq!(found.figures.next_response.started, 0, "thanks start nothing");
    assert_eq!(found.figures.tickets.opened, 2);
    // Nothing there, or nothing of any time.
    assert!(measure(&[(mbox(dir.path(), "empty", &[]), Folder::Inbox)]).is_none());
}

/// Everything about the files: names, bytes, times.
fn state(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime, bool)> {
    let mut all = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let about = fs::metadata(&path).unwrap();
            let bytes = if about.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            if about.is_dir() {
                open.push(path.clone());
            }
            all.insert(path, (bytes, about.modified().unwrap(), about.is_dir()));
        }
    }
    all
}

#[test]
fn a_store_stays_as_it_was() {
    let mut dice = Dice(5);
    let mails = history(&mut dice, 10);
    let dir = tempfile::tempdir().unwrap();
    let stores = [maildir(dir.path(), "a", &mails), mbox(dir.path(), "b", &mails), eml(dir.path(), "c", &mails)];
    let before = state(dir.path());
    for store in &stores {
        take_in(&mut engine(), &[(store.clone(), Folder::Inbox)]);
        audit(vec![Source::files(store, Folder::Inbox).unwrap()], &wishes(&["support@shop.test"]), now(), &mut |_| {})
            .unwrap();
    }
    assert!(state(dir.path()) == before, "something has changed");
}
