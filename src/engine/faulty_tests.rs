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
