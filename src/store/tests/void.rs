//! HAZARDS 1: a database error leaves nothing of its batch, a domain error or a panic only its own letter out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::store::DbErrorKind;

fn numbers(store: &mut Store) -> Vec<i64> {
    store.read(|tx| Ok(tx.rows("SELECT no FROM letter ORDER BY no", &[], |row| row.get(0))?)).unwrap()
}

/// Five letters in one batch, a savepoint each; the third one is too big for the disk.
fn five(store: &mut Store, third: &str) -> Result<(), StoreError> {
    store.batch(|tx| {
        for uid in 1..=5 {
            let raw = if uid == 3 { third } else { "small" };
            // A driver that loses an error must not be able to commit what came before or after.
            let _ = tx.savepoint(|tx| {
                let (ticket, _) = first_mail(tx, uid, "kund@example.test")?;
                keep(tx, uid + 100, raw)?;
                apply(tx, &[Change::Tag { ticket, tag: "x".to_owned() }])
            });
        }
        Ok(())
    })
}

/// Bytes that zstd cannot make smaller.
fn noise(length: usize) -> String {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + u8::try_from(state >> 24).unwrap() % 95)
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_full_disk_voids_the_whole_batch() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(&directory.path().join("svar.db"), super::super::Role::Owner).unwrap();
    five(&mut store, "small").unwrap();
    let before = numbers(&mut store);
    assert_eq!(before.len(), 10);

    store.limit_pages(3).unwrap();
    let error = store
        .batch(|tx| {
            first_mail(tx, 11, "kund@example.test")?;
            tx.savepoint(|tx| keep(tx, 12, &noise(200_000)))?;
            Ok(())
        })
        .unwrap_err();
    let error = error.database().unwrap();
    assert_eq!(error.kind, DbErrorKind::Full);
    assert!(error.voids_batch && error.is_the_machines_fault());
    assert_eq!(numbers(&mut store), before);

    // The error is swallowed: still nothing is committed, not the letters before, not those behind.
    let refused = store.batch(|tx| {
        for uid in 11..=15 {
            let raw = if uid == 13 { noise(200_000) } else { "small".to_owned() };
            let _ = tx.savepoint(|tx| keep(tx, uid, &raw));
        }
        Ok(())
    });
    assert!(refused.unwrap_err().database().unwrap().voids_batch);
    assert_eq!(numbers(&mut store), before);

    // Room again: the same batch goes through.
    store.limit_pages(10_000).unwrap();
    store
        .batch(|tx| {
            for uid in 11..=15 {
                tx.savepoint(|tx| keep(tx, uid, &noise(200_000)))?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(numbers(&mut store).len(), 15);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn wherever_the_disk_is_full_it_is_all_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut voided = 0;
    for pages in 0..40 {
        let mut store = Store::open(&directory.path().join(format!("{pages}.db")), super::super::Role::Owner).unwrap();
        store.limit_pages(pages).unwrap();
        match five(&mut store, &noise(120_000)) {
            Ok(()) => assert_eq!(numbers(&mut store).len(), 10),
            Err(error) => {
                assert!(error.database().is_some(), "{error}");
                assert_eq!(numbers(&mut store), Vec::<i64>::new());
                voided += 1;
            }
        }
        store.limit_pages(10_000).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }
    assert!((10..40).contains(&voided), "{voided}");
}

#[test]
fn a_domain_error_takes_back_its_own_letter() {
    let mut store = Store::in_memory().unwrap();
    store
        .batch(|tx| {
            first_mail(tx, 1, "a@example.test")?;
            let next = tx.next();
            let refused = tx.savepoint(|tx| {
                first_mail(tx, 2, "b@example.test")?;
                apply(tx, &[Change::BumpSerial { ticket: TicketNo(77) }])
            });
            assert!(matches!(refused, Err(StoreError::Rejected(_))));
            assert_eq!(tx.next(), next, "the ids of what was taken back are free again");
            tx.savepoint(|tx| first_mail(tx, 3, "c@example.test"))?;
            Ok(())
        })
        .unwrap();
    assert_eq!(numbers(&mut store), [1, 2]);
    let customers = store.read(|tx| Ok((tx.customer_of(&address("b@example.test"))?, tx.next().ticket))).unwrap();
    assert_eq!(customers, (None, TicketNo(3)));
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_panic_takes_back_its_own_letter() {
    let mut store = Store::in_memory().unwrap();
    store
        .batch(|tx| {
            first_mail(tx, 1, "a@example.test")?;
            let panic = catch_unwind(AssertUnwindSafe(|| {
                tx.savepoint(|tx| -> Result<(), StoreError> {
                    first_mail(tx, 2, "b@example.test")?;
                    std::panic::resume_unwind(Box::new("a bug"));
                })
            }));
            assert!(panic.is_err());
            tx.savepoint(|tx| first_mail(tx, 3, "c@example.test"))?;
            Ok(())
        })
        .unwrap();
    assert_eq!(numbers(&mut store), [1, 2]);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_panic_outside_of_a_savepoint_takes_back_everything() {
    let mut store = Store::in_memory().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        store.batch(|tx| -> Result<(), StoreError> {
            first_mail(tx, 1, "a@example.test")?;
            std::panic::resume_unwind(Box::new("a bug"));
        })
    }));
    assert!(panic.is_err());
    assert_eq!(numbers(&mut store), Vec::<i64>::new());
    store.batch(|tx| first_mail(tx, 1, "a@example.test").map(drop)).unwrap();
    assert_eq!(numbers(&mut store), [1]);
}

#[test]
fn a_broken_constraint_voids_the_batch_and_is_no_fault_of_the_machine() {
    let mut store = Store::in_memory().unwrap();
    let error = store
        .batch(|tx| {
            first_mail(tx, 1, "a@example.test")?;
            let ticket = tx.next().ticket;
            let new = NewTicket { customer: Some(NOBODY), ..new_ticket(ticket) };
            tx.savepoint(|tx| apply(tx, &[Change::NewTicket(new)]))
        })
        .unwrap_err();
    let error = error.database().unwrap();
    assert_eq!(error.kind, DbErrorKind::Constraint);
    assert!(!error.is_the_machines_fault());
    assert_eq!(numbers(&mut store), Vec::<i64>::new());
}
