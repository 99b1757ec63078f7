//! The engine on a database that fails at one kind of statement: whose fault it is, and what goes on all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tests::{NOW, arrived, counts, engine_on, letter, settle, source};
use crate::engine::{Event, Outcome};
use crate::plan::Route;
use crate::store::faults::{Fault, Moment, watch_this_thread};
use crate::store::{DbErrorKind, Outlet, Store};

/// A store where statements that hold `words` fail as long as the switch is on.
fn store_failing_at(words: &'static str, fault: Fault) -> (Store, Arc<AtomicBool>) {
    let on = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&on);
    watch_this_thread(Some(Arc::new(move |moment, sql: &str| {
        (moment == Moment::Before && watched.load(Ordering::Relaxed) && sql.contains(words)).then_some(fault)
    })));
    let store = Store::in_memory().unwrap();
    watch_this_thread(None);
    (store, on)
}

#[test]
fn no_letter_is_blamed_for_what_fails_beside_it() {
    let (store, on) = store_failing_at("SET state = 'claimed'", Fault::Refused(DbErrorKind::Constraint));
    let mut engine = engine_on(store);
    let source = source(&mut engine);
    settle(&mut engine, NOW, vec![Event::Free(Outlet { mailbox: "support".to_owned(), route: Route::Mailbox }, 1)]);
    on.store(true, Ordering::Relaxed);
    for uid in 1..=3 {
        // One at a time: each is alone in its batch with the claim that fails.
        let at = NOW.plus(i64::from(uid) * 600);
        settle(&mut engine, at, vec![arrived(source, uid, &letter(uid, "Hej, var är mitt paket?"))]);
        for minute in 1..=3 {
            // What fails is tried again after a minute at most, and the letter goes on in between.
            settle(&mut engine, at.plus(61 * minute), vec![Event::Poked]);
        }
    }
    let (_, set_aside, waiting) = counts(&mut engine);
    assert_eq!((set_aside, waiting), (0, 0), "letters are decided though nothing can be claimed");
    let kept = engine.store().read(|tx| tx.uids_in_custody(source, 1)).unwrap();
    assert_eq!(kept, [1..=3]);
    on.store(false, Ordering::Relaxed);
    let out = settle(&mut engine, NOW.plus(3600), vec![Event::Poked]);
    assert!(out.iter().any(|o| matches!(o, Outcome::Send(_))), "{out:?}");
    assert_eq!(engine.store().check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_damaged_file_is_no_letters_fault_and_is_said() {
    let (store, on) = store_failing_at("INSERT INTO letter", Fault::Ended(DbErrorKind::Corrupt));
    let mut engine = engine_on(store);
    let source = source(&mut engine);
    settle(&mut engine, NOW, Vec::new());
    on.store(true, Ordering::Relaxed);
    let out = engine.handle(
        crate::engine::clock::Now::given(NOW),
        vec![arrived(source, 1, &letter(1, "Hej")), arrived(source, 2, &letter(2, "Hej"))],
    );
    assert!(matches!(out.as_slice(), [Outcome::Damaged(why)] if why.contains("damaged")), "{out:?}");
    on.store(false, Ordering::Relaxed);
    settle(&mut engine, NOW.plus(120), vec![Event::Poked]);
    assert_eq!(counts(&mut engine), (2, 0, 0), "nothing was lost of it");
}

/// The machine's clock as it is read.
fn reading(wall: crate::model::Time, up_s: i64) -> crate::engine::clock::Now {
    crate::engine::clock::Now { wall, uptime_ms: Some(up_s * 1000) }
}

#[test]
fn a_clock_that_jumps_by_years_loses_nothing_and_freezes_nothing() {
    let mut engine = engine_on(Store::in_memory().unwrap());
    let source = source(&mut engine);
    engine.handle(
        reading(NOW, 10),
        vec![Event::Free(Outlet { mailbox: "support".to_owned(), route: Route::Mailbox }, 9)],
    );
    let year = 365 * crate::model::Time::DAY;
    let (mut up_s, mut went) = (10, 0);
    for (n, jump) in [73 * year, -40 * year, 500 * year].into_iter().enumerate() {
        let uid = u32::try_from(n).unwrap() + 1;
        let mut events = vec![arrived(source, uid, &letter(uid, "Hej, var är mitt paket?"))];
        let mut sent = 0;
        for _ in 0..5 {
            up_s += 1;
            let out = engine.handle(reading(NOW.plus(up_s + jump), up_s), std::mem::take(&mut events));
            for outcome in out {
                match outcome {
                    Outcome::Read(jobs) => events.extend(engine.read_here(&jobs)),
                    Outcome::Send(mails) => sent += mails.len(),
                    _ => {}
                }
            }
        }
        assert!(engine.doubt().is_some(), "a jump of {jump} s");
        assert_eq!((counts(&mut engine), sent), ((n + 1, 0, 0), 0), "taken in, and nothing goes out by itself");
        let shown = engine.store().read(|tx| Ok(tx.last_now())).unwrap();
        assert!(shown.since(NOW).abs() < 3600, "no row is dated {shown}");
        // It is put right.
        for _ in 0..3 {
            up_s += 60;
            let out = engine.handle(reading(NOW.plus(up_s), up_s), vec![Event::Poked]);
            went += out.iter().map(|o| if let Outcome::Send(mails) = o { mails.len() } else { 0 }).sum::<usize>();
        }
        assert_eq!(engine.doubt(), None);
        assert_eq!(went, n + 1, "what waited goes out");
    }
    assert_eq!(engine.store().check().unwrap(), Vec::<String>::new());
}
