//! The engine with SQLite in memory: custody, order, failures, full disks, restarts.

use std::path::Path;
use std::sync::Arc;

use crate::config;
use crate::desk::sign::Key;
use crate::engine::clock::Now;
use crate::engine::reader::Job;
use crate::engine::{Engine, Event, Intake, Outcome};
use crate::mail::letter::Letter;
use crate::model::{Address, Channel, SourceNo, TicketNo, Time};
use crate::net::Delivery;
use crate::plan::{Change, Folder, RightsAct, Route};
use crate::store::{Arrival, Blobs, Outlet, Role, Store, custody};

pub(super) const NOW: Time = Time::from_unix(1_795_428_000);

pub(super) fn engine_on(store: Store) -> Engine {
    engine_with(store, "")
}

/// `more`: further tables of the configuration.
pub(super) fn engine_with(store: Store, more: &str) -> Engine {
    let text = r#"
        [desk]
        name = "Exempelbutiken"
        data_dir = "data"
        [[mailbox]]
        name = "support"
        address = "support@example.test"
        [mailbox.maildir]
        path = "in"
        [mailbox.outdir]
        path = "out"
        [[agent]]
        name = "Anna Andersson"
        addresses = ["anna@example.test"]
        mailboxes = ["support"]
    "#;
    let text = format!("{text}{more}");
    let settings = config::read(Path::new("/nowhere/config.toml"), &text).unwrap_or_else(|m| panic!("{m:?}"));
    let mut engine = Engine::on(store, Arc::new(settings), Key::new(&[7; 32])).unwrap();
    engine.read = odd_reader;
    engine
}

fn engine() -> Engine {
    engine_on(Store::in_memory().unwrap())
}

/// Reads like the real one, but stumbles over letters that say so.
fn odd_reader(raw: &[u8]) -> Letter {
    assert!(!raw.windows(7).any(|w| w == b"stumble"), "a letter that cannot be read");
    crate::mail::read::read(raw)
}

pub(super) fn letter(n: u32, text: &str) -> Vec<u8> {
    format!(
        "From: Kund {n} <kund{n}@kund.test>\r\nTo: support@example.test\r\nSubject: Fråga {n}\r\nMessage-ID: <{n}@kund.test>\r\n\
         Date: Fri, 20 Nov 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}

pub(super) fn source(engine: &mut Engine) -> SourceNo {
    let row = engine.store().batch(|tx| {
        let row = tx.source("imap.example.test", "support", "INBOX", "support", NOW)?;
        if row.uidvalidity.is_none() {
            tx.set_uidvalidity(row.no, 1, 0, None)?;
        }
        Ok(row)
    });
    row.unwrap().no
}

pub(super) fn arrived(source: SourceNo, uid: u32, raw: &[u8]) -> Event {
    Event::Intake(Intake::Arrived(Arrival {
        source,
        mailbox: "support".to_owned(),
        channel: Channel::Mail,
        folder: Folder::Inbox,
        uidvalidity: 1,
        uid,
        name: None,
        received_at: NOW,
        old: false,
        size_bytes: i64::try_from(raw.len()).unwrap(),
        truncated: false,
        packed: custody::pack(raw),
        sha256: custody::sha256(raw),
    }))
}

fn jobs(outcomes: &[Outcome]) -> Vec<Job> {
    let each = outcomes.iter().filter_map(|o| if let Outcome::Read(jobs) = o { Some(jobs.clone()) } else { None });
    each.flatten().collect()
}

fn in_custody(outcomes: &[Outcome]) -> usize {
    let each = outcomes.iter().map(|o| if let Outcome::InCustody { keys, .. } = o { keys.len() } else { 0 });
    each.sum()
}

/// Drives the engine until nothing is left to do; all outcomes but the reading.
pub(super) fn settle(engine: &mut Engine, now: Time, events: Vec<Event>) -> Vec<Outcome> {
    let mut all = Vec::new();
    let mut events = events;
    loop {
        let outcomes = engine.handle(Now::given(now), std::mem::take(&mut events));
        events = engine.read_here(&jobs(&outcomes));
        all.extend(outcomes.into_iter().filter(|o| !matches!(o, Outcome::Read(_))));
        if events.is_empty() && !engine.is_busy() {
            return all;
        }
    }
}

/// Tickets, quarantined letters, letters that are still to be read.
pub(super) fn counts(engine: &mut Engine) -> (usize, usize, usize) {
    let counts = engine.store().read(|tx| {
        let tickets = tx.tickets(&crate::store::Query::parse("").unwrap(), NOW)?.len();
        let quarantined = tx.quarantine()?.len();
        let waiting = tx.to_read(crate::model::LetterNo(0), 10_000)?.len();
        Ok((tickets, quarantined, waiting))
    });
    counts.unwrap()
}

#[test]
fn a_letter_is_in_custody_before_it_is_read_and_decided_after() {
    let mut engine = engine();
    let source = source(&mut engine);
    let first = engine.handle(Now::given(NOW), vec![arrived(source, 1, &letter(1, "Hej"))]);
    assert_eq!(in_custody(&first), 1);
    let jobs = jobs(&first);
    assert_eq!(jobs.len(), 1);
    assert_eq!(counts(&mut engine), (0, 0, 1));
    let events = engine.read_here(&jobs);
    engine.handle(Now::given(NOW), events);
    assert_eq!(counts(&mut engine), (1, 0, 0));
    assert!(engine.is_through() || engine.is_busy());
    // The same letter again is known, and told to be in custody again.
    let again = settle(&mut engine, NOW, vec![arrived(source, 1, &letter(1, "Hej"))]);
    assert_eq!(in_custody(&again), 1);
    assert_eq!(counts(&mut engine), (1, 0, 0));
}

#[test]
fn a_letter_that_stumbles_is_set_aside_and_the_others_go_on() {
    let mut engine = engine();
    let source = source(&mut engine);
    let events = vec![
        arrived(source, 1, &letter(1, "Hej")),
        arrived(source, 2, &letter(2, "stumble")),
        arrived(source, 3, &letter(3, "Hej igen")),
    ];
    let outcomes = settle(&mut engine, NOW, events);
    assert_eq!(in_custody(&outcomes), 3);
    let (tickets, quarantined, waiting) = counts(&mut engine);
    assert_eq!((tickets, quarantined, waiting), (3, 1, 0));
}

#[test]
fn a_flood_is_decided_piece_by_piece() {
    let mut engine = engine();
    let source = source(&mut engine);
    let flood = 700;
    let events = (1..=flood).map(|n| arrived(source, n, &letter(n, "Var är mitt paket?"))).collect();
    // Nobody reads for a while: what does not fit into memory waits in custody.
    let mut handed_out = Vec::new();
    let mut outcomes = engine.handle(Now::given(NOW), events);
    let mut kept = 0;
    while kept < flood as usize {
        kept += in_custody(&outcomes);
        handed_out.extend(jobs(&outcomes));
        outcomes = engine.handle(Now::given(NOW), Vec::new());
    }
    handed_out.extend(jobs(&outcomes));
    assert!(handed_out.len() < flood as usize, "{}", handed_out.len());
    let events = engine.read_here(&handed_out);
    settle(&mut engine, NOW, events);
    assert_eq!(counts(&mut engine), (flood as usize, 0, 0));
}

#[test]
fn after_a_crash_every_letter_is_decided_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("svar.db");
    for crash in 0..6 {
        let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
        let source = source(&mut engine);
        let events = (1..=20).map(|n| arrived(source, n, &letter(n, "Hej"))).collect();
        let mut outcomes = engine.handle(Now::given(NOW), events);
        // Each time it dies a little later.
        for _ in 0..crash {
            let jobs = jobs(&outcomes);
            let half = jobs.len() / 2 + 1;
            let events = engine.read_here(&jobs[..half.min(jobs.len())]);
            outcomes = engine.handle(Now::given(NOW), events);
        }
    }
    let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
    settle(&mut engine, NOW, Vec::new());
    assert_eq!(counts(&mut engine), (20, 0, 0));
}

#[test]
fn a_letter_that_kills_the_process_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("svar.db");
    let source = {
        let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
        let source = source(&mut engine);
        engine.handle(Now::given(NOW), (1..=5).map(|n| arrived(source, n, &letter(n, "Hej"))).collect());
        source
    };
    // Letter 3 is never read to its end.
    let mut deaths = 1;
    loop {
        let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
        let mut outcomes = engine.handle(Now::given(NOW), Vec::new());
        let died = loop {
            let jobs = jobs(&outcomes);
            if jobs.iter().any(|job| custody::unpack(&job.packed).unwrap() == letter(3, "Hej")) {
                assert_eq!(jobs.len(), 1, "a suspect is read alone");
                break true;
            }
            let events = engine.read_here(&jobs);
            if events.is_empty() && !engine.is_busy() {
                break false;
            }
            outcomes = engine.handle(Now::given(NOW), events);
        };
        if !died {
            assert_eq!(counts(&mut engine), (5, 1, 0));
            break;
        }
        deaths += 1;
        assert!(deaths <= 3, "it dies again and again");
    }
    assert_eq!(source, SourceNo(1));
}

#[test]
fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = engine_on(Store::open(&dir.path().join("svar.db"), Role::Owner).unwrap());
    let source = source(&mut engine);
    // Text that does not pack well.
    let noise = |n: u32| {
        let mut x = n;
        let line = |_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("{x:08x}")
        };
        (0..4000).map(line).collect::<Vec<_>>().join("\r\n")
    };
    engine.store().limit_pages(8).unwrap();
    let events = (1..=9).map(|n| arrived(source, n, &letter(n, &noise(n)))).collect();
    let outcomes = engine.handle(Now::given(NOW), events);
    assert!(matches!(outcomes.as_slice(), [Outcome::Trouble(why)] if why.contains("full")), "{}", outcomes.len());
    assert_eq!(counts(&mut engine), (0, 0, 0));
    assert!(!engine.is_busy(), "it must not spin");
    assert_eq!(engine.next_wake(), Some(NOW.plus(1)));
    // Said once.
    assert!(engine.handle(Now::given(NOW.plus(2)), Vec::new()).is_empty());
    engine.store().limit_pages(100_000).unwrap();
    let outcomes = settle(&mut engine, NOW.plus(60), Vec::new());
    assert!(matches!(outcomes[0], Outcome::Recovered), "it is said that all is well again");
    assert_eq!(in_custody(&outcomes), 9);
    assert_eq!(counts(&mut engine), (9, 0, 0));
}

#[test]
fn no_more_is_claimed_than_there_are_places() {
    let mut engine = engine();
    let source = source(&mut engine);
    let outlet = Outlet { mailbox: "support".to_owned(), route: Route::Mailbox };
    let notify = Outlet { mailbox: "support".to_owned(), route: Route::Notify };
    let events = (1..=6).map(|n| arrived(source, n, &letter(n, "Hej"))).collect();
    settle(&mut engine, NOW, events);
    let sent = |outcomes: &[Outcome]| -> Vec<_> {
        let each =
            outcomes.iter().filter_map(|o| if let Outcome::Send(mails) = o { Some(mails.clone()) } else { None });
        each.flatten().collect()
    };
    let mut under_way = sent(&settle(&mut engine, NOW, vec![Event::Free(outlet.clone(), 2)]));
    assert!(under_way.len() <= 2 && !under_way.is_empty(), "{}", under_way.len());
    let mut all = std::collections::BTreeSet::new();
    while let Some(mail) = under_way.pop() {
        assert!(all.insert(mail.parcel), "parcel {} was claimed twice", mail.parcel);
        let fate = Delivery::Accepted { reply: "250 ok".to_owned() };
        let results = mail.to.iter().map(|to| (to.clone(), fate.clone())).collect();
        let events = vec![
            Event::Delivered { parcel: mail.parcel, results, refused_null_sender: false },
            Event::Free(outlet.clone(), 1),
        ];
        under_way.extend(sent(&settle(&mut engine, NOW, events)));
        assert!(under_way.len() <= 2);
    }
    assert_eq!(all.len(), 6, "an acknowledgement for each");
    assert!(!sent(&settle(&mut engine, NOW, vec![Event::Free(notify, 50)])).is_empty() || counts(&mut engine).0 == 6);
}

const MANAGER: &str = "\n[[manager]]\nname = \"Chefen\"\naddress = \"chef@example.test\"\ndigests = [\"daily\"]\n";

/// How many digests were made.
fn digests(engine: &mut Engine) -> usize {
    let chef = Address::parse("chef@example.test").unwrap();
    engine.store().read(|tx| tx.digests(&chef, "daily", 100)).unwrap().iter().filter(|d| d.parcel.is_some()).count()
}

#[test]
fn a_digest_waits_until_every_mailbox_was_looked_at() {
    let mut engine = engine_with(Store::in_memory().unwrap(), MANAGER);
    settle(&mut engine, NOW, Vec::new());
    let tomorrow = NOW.plus(Time::DAY);
    settle(&mut engine, tomorrow, vec![Event::Poked]);
    assert_eq!((digests(&mut engine), engine.next_wake()), (0, None), "no mailbox was looked at yet");
    // What had come before that counts; and the desk is no older than its first look.
    let source = source(&mut engine);
    settle(&mut engine, tomorrow, vec![arrived(source, 1, &letter(1, "Hej, var är mitt paket?"))]);
    engine.mailboxes_are_read();
    settle(&mut engine, tomorrow, vec![Event::Poked]);
    assert_eq!(digests(&mut engine), 1);
    assert!(engine.next_digest().is_some_and(|t| t > tomorrow && t.since(tomorrow) <= Time::DAY));
    settle(&mut engine, tomorrow.plus(60), vec![Event::Poked]);
    assert_eq!(digests(&mut engine), 1);
}

#[test]
fn a_digest_waits_while_the_clock_is_doubtful() {
    let mut engine = engine_with(Store::in_memory().unwrap(), MANAGER);
    let reading = |wall: Time, up_s: i64| Now { wall, uptime_ms: Some(up_s * 1000) };
    engine.mailboxes_are_read();
    engine.handle(reading(NOW, 10), vec![Event::Poked]);
    let far = NOW.plus(400 * Time::DAY);
    for step in 0..5 {
        engine.handle(reading(far.plus(step), 20 + step), vec![Event::Poked]);
    }
    assert!(engine.doubt().is_some());
    assert_eq!((digests(&mut engine), engine.next_wake()), (0, None));
    // A mail server's clock says the same.
    engine.handle(reading(far.plus(9), 29), vec![Event::ServerTime(far), Event::Poked]);
    engine.handle(reading(far.plus(10), 30), vec![Event::Poked]);
    assert_eq!((engine.doubt(), digests(&mut engine)), (None, 1));
}

#[test]
fn nothing_is_erased_by_a_time_that_was_made_up() {
    let mut engine = engine_with(Store::in_memory().unwrap(), MANAGER);
    engine.erase_nothing();
    let source = source(&mut engine);
    settle(&mut engine, NOW, vec![arrived(source, 1, &letter(1, "Hej, var är mitt paket?"))]);
    let grant = Change::GrantRights {
        act: RightsAct::Erase,
        subject: "kund1@kund.test".to_owned(),
        until: NOW,
        by: Address::parse("chef@example.test").unwrap(),
        at: NOW,
    };
    engine.store().batch(|tx| tx.apply(&[grant], &Blobs::new(), NOW)).unwrap();
    engine.rights_look = true;
    engine.mailboxes_are_read();
    settle(&mut engine, NOW.plus(60), vec![Event::Poked]);
    let waits = engine.store().read(|tx| tx.granted()).unwrap();
    let shown = engine.store().read(|tx| tx.show(TicketNo(1), NOW)).unwrap().unwrap();
    assert_eq!((waits.len(), shown.messages[0].text.trim()), (1, "Hej, var är mitt paket?"));
}
