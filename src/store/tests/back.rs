//! Backups, and the way back.

use std::fs;
use std::path::Path;

use super::super::Role;
use super::super::backup::{self, Restored, Used, clear_leftovers};
use super::super::meta::Owner;
use super::*;
use crate::model::{AskNo, ParcelState, QuarantineNo, RecipientState, Time};

fn owner(machine: &str) -> Owner {
    Owner { machine: machine.to_owned(), data_dir: "/var/lib/svar".to_owned() }
}

/// Nothing is amended.
fn restore(file: &Path, path: &Path, owner: &Owner, used: Used, now: Time) -> Result<Restored, StoreError> {
    backup::restore(file, path, owner, used, now, |_| Ok(())).map(|(done, ())| done)
}

/// Ten tickets, three parcels: one queued, one claimed, one sent.
fn desk(path: &Path) -> Store {
    let mut store = Store::open(path, Role::Owner).unwrap();
    store
        .batch(|tx| {
            for uid in 1..=10 {
                first_mail(tx, uid, "kund@example.test")?;
            }
            tx.set_owner(&owner("one"))?;
            tx.set_halted(Some("two machines"))?;
            for no in 1..=3 {
                apply(tx, &[Change::Enqueue(Box::new(parcel(ParcelNo(no), ParcelKind::Notify, &["a@example.test"])))])?;
            }
            apply(
                tx,
                &[Change::Recipient {
                    parcel: ParcelNo(3),
                    address: address("a@example.test"),
                    state: RecipientState::Accepted,
                    error: None,
                }],
            )?;
            tx.run("UPDATE parcel SET state = 'claimed' WHERE no = 2", &[])?;
            Ok(())
        })
        .unwrap();
    store
}

#[test]
fn a_backup_is_a_whole_database() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = desk(&directory.path().join("svar.db"));
    let file = directory.path().join("backup");
    let size = store.backup(&file).unwrap();
    assert_eq!(size, fs::metadata(&file).unwrap().len());
    assert!(matches!(store.backup(&file), Err(StoreError::File { .. })), "nothing is written over");
    assert!(matches!(store.backup(&directory.path().join("no/where")), Err(StoreError::File { .. })));
    let mut copy = Store::open(&file, Role::Reader).unwrap();
    assert_eq!(copy.read(|tx| Ok(tx.next())).unwrap(), store.read(|tx| Ok(tx.next())).unwrap());
    assert_eq!(copy.read(|tx| tx.search("paket", 99)).unwrap().len(), 10);
}

#[test]
fn a_restore_begins_a_new_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut store = desk(&path);
    let file = directory.path().join("backup");
    store.backup(&file).unwrap();
    store.batch(|tx| first_mail(tx, 11, "kund@example.test").map(drop)).unwrap();
    drop(store);

    let restored = restore(&file, &path, &owner("two"), Used::default(), at(500)).unwrap();
    assert_eq!((restored.epoch, restored.next_ticket, restored.held), (2, TicketNo(11 + 1000 + 1), 2));
    let mut old = Store::open(&restored.replaced.unwrap(), Role::Reader).unwrap();
    assert_eq!(
        old.read(|tx| Ok(tx.next().ticket)).unwrap(),
        TicketNo(12),
        "what was there is still there, its log included"
    );

    let mut store = Store::open(&path, Role::Owner).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    store
        .batch(|tx| {
            assert_eq!((tx.epoch(), tx.owner()?, tx.halted()?), (2, Some(owner("two")), None));
            assert!(tx.next().parcel > ParcelNo(1000));
            for no in [1, 2] {
                assert_eq!(tx.known_parcel(ParcelNo(no))?.unwrap().state, ParcelState::Held);
            }
            assert_eq!(tx.known_parcel(ParcelNo(3))?.unwrap().state, ParcelState::Sent);
            let source = &tx.sources()?[0];
            assert!(source.is_old(99, at(500)) && !source.is_old(99, at(501)));
            assert_eq!(by_number(tx, TicketNo(10))?.tickets[&TicketNo(10)].epoch, 1);
            let (ticket, _) = first_mail(tx, 99, "ny@example.test")?;
            assert_eq!((ticket, by_number(tx, ticket)?.tickets[&ticket].epoch), (TicketNo(1012), 2));
            assert_eq!(tx.release(None, at(600))?, 2);
            Ok(())
        })
        .unwrap();
    drop(store);

    // Once more, knowing from the footprint that more was used than any database here knows of.
    let restored = restore(
        &file,
        &path,
        &owner("two"),
        Used { epoch: 7, ticket: TicketNo(5000), parcel: ParcelNo(9000) },
        at(900),
    )
    .unwrap();
    assert_eq!((restored.epoch, restored.next_ticket), (8, TicketNo(6001)));
    let mut store = Store::open(&path, Role::Guest).unwrap();
    assert_eq!(store.read(|tx| Ok(tx.next().parcel)).unwrap(), ParcelNo(10_001));
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    drop(desk(&path));
    let bad = directory.path().join("bad");
    fs::write(&bad, "no database ".repeat(1000)).unwrap();
    let empty = directory.path().join("empty");
    fs::write(&empty, "").unwrap();
    let newer = directory.path().join("newer");
    Store::open(&newer, Role::Owner).unwrap().db.script("PRAGMA user_version = 99").unwrap();
    for file in [bad, empty, newer, directory.path().join("nothing")] {
        assert!(restore(&file, &path, &owner("two"), Used::default(), at(1)).is_err(), "{}", file.display());
    }
    let mut store = Store::open(&path, Role::Guest).unwrap();
    assert_eq!(store.read(|tx| Ok((tx.epoch(), tx.next().ticket))).unwrap(), (1, TicketNo(11)));
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|n| n.to_string_lossy().contains("restoring")), "{names:?}");
}

#[test]
fn where_there_was_nothing_or_only_ruins() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let file = directory.path().join("backup");
    desk(&directory.path().join("elsewhere.db")).backup(&file).unwrap();
    let restored = restore(&file, &path, &owner("two"), Used::default(), at(1)).unwrap();
    assert_eq!((restored.replaced, restored.next_ticket), (None, TicketNo(1011)));
    fs::write(&path, "ruins ".repeat(5000)).unwrap();
    let restored = restore(&file, &path, &owner("two"), Used::default(), at(1)).unwrap();
    assert!(fs::read_to_string(restored.replaced.unwrap()).unwrap().starts_with("ruins"));
    assert_eq!(Store::open(&path, Role::Owner).unwrap().check().unwrap(), Vec::<String>::new());
}

#[test]
fn no_number_of_the_replaced_database_is_given_out_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut store = desk(&path);
    let file = directory.path().join("backup");
    store.backup(&file).unwrap();
    store
        .batch(|tx| {
            let desk = &mut tx.scratch.desk;
            (desk.message, desk.parcel, desk.quarantine, desk.ask, desk.bulk) = (7000, 4500, 4600, 4700, 4800);
            (desk.customer, desk.letter, desk.event) = (4900, 5000, 5100);
            Ok(())
        })
        .unwrap();
    // Another version's program has brought it up meanwhile: its numbers count all the same.
    store.db.script("PRAGMA user_version = 99").unwrap();
    drop(store);
    let used = Used { epoch: 1, ticket: TicketNo(11), parcel: ParcelNo(4400) };
    let restored = restore(&file, &path, &owner("two"), used, at(500)).unwrap();
    assert_eq!((restored.epoch, restored.log_is_lost), (2, false));
    let mut store = Store::open(&path, Role::Owner).unwrap();
    let (next, desk) = store.read(|tx| Ok((tx.next(), tx.scratch.desk))).unwrap();
    assert_eq!((next.message, next.parcel, next.quarantine), (MessageNo(8001), ParcelNo(5501), QuarantineNo(5601)));
    assert_eq!((next.ask, next.bulk.0, next.customer.0), (AskNo(5701), 5801, 5901));
    assert_eq!((desk.letter, desk.event), (6000, 6100));
}

#[test]
fn a_restore_that_is_killed_has_changed_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut store = desk(&path);
    let file = directory.path().join("backup");
    store.backup(&file).unwrap();
    store.batch(|tx| first_mail(tx, 11, "kund@example.test").map(drop)).unwrap();
    drop(store);
    let names = || -> Vec<String> {
        let all = fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    let is_old = || {
        let mut store = Store::open(&path, Role::Guest).unwrap();
        store.read(|tx| Ok((tx.epoch(), tx.next().ticket))).unwrap() == (1, TicketNo(12))
    };
    let restore = |amend: &dyn Fn(&mut Store) -> Result<i64, StoreError>| {
        backup::restore(&file, &path, &owner("two"), Used::default(), at(500), amend)
    };
    let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        restore(&|store| {
            store.batch(|tx| tx.run("DELETE FROM note_shingle", &[]).map(drop).map_err(Into::into))?;
            assert!(!is_old(), "this is where it dies");
            Ok(0)
        })
    }));
    assert!(killed.is_err() && is_old());
    assert!(names().contains(&"svar.db.restoring".to_owned()), "{:?}", names());
    clear_leftovers(&path).unwrap();
    assert_eq!(names(), ["backup", "svar.db"]);

    // What cannot be amended is not put there either.
    let refused = restore(&|_| Err(StoreError::Rejected("no".to_owned())));
    assert!(matches!(refused, Err(StoreError::Rejected(_))) && is_old());
    assert_eq!(names(), ["backup", "svar.db"]);

    // Killed between the two names; the database that is to be kept is kept, and under one name.
    let aside = directory.path().join("svar.db.before-epoch-2");
    fs::hard_link(&path, &aside).unwrap();
    let (done, epoch) =
        restore(&|store| store.batch(|tx| tx.set_meta("amended", Some("x")).map(|()| tx.epoch()))).unwrap();
    assert_eq!((epoch, done.replaced.as_deref()), (2, Some(aside.as_path())));
    assert_eq!(names(), ["backup", "svar.db", "svar.db.before-epoch-2"], "no log is left");
    let mut store = Store::open(&path, Role::Guest).unwrap();
    assert_eq!(store.read(|tx| tx.meta("amended")).unwrap().as_deref(), Some("x"));
    assert!(!is_old());
    let mut kept = Store::open(&aside, Role::Reader).unwrap();
    assert_eq!(kept.read(|tx| Ok(tx.next().ticket)).unwrap(), TicketNo(12));
}

#[test]
fn one_that_was_put_aside_is_never_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let file = directory.path().join("backup");
    desk(&path).backup(&file).unwrap();
    let first = directory.path().join("svar.db.before-epoch-2");
    fs::write(&first, "somebody's").unwrap();
    let restored = restore(&file, &path, &owner("two"), Used::default(), at(500)).unwrap();
    assert_eq!(restored.replaced, Some(directory.path().join("svar.db.before-epoch-2.2")));
    assert_eq!(fs::read_to_string(&first).unwrap(), "somebody's");
}

#[test]
fn acts_and_backups_of_the_replaced_database_live_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let file = fs::canonicalize(directory.path()).unwrap().join("backup");
    let mut store = desk(&path);
    let act = |store: &mut Store, what: &str, time: i64| {
        store.batch(|tx| tx.record_act("shell:anna", what, "hash", "{}", at(time))).unwrap();
    };
    let all = |store: &mut Store| {
        let (acts, backups) = store.read(|tx| Ok((tx.acts(None)?, tx.backups()?))).unwrap();
        let acts: Vec<(String, Time)> = acts.into_iter().map(|a| (a.act, a.at)).collect();
        (acts, backups.into_iter().map(|b| b.path).collect::<Vec<_>>())
    };
    act(&mut store, "export", 10);
    store.batch(|tx| tx.record_backup("/first", at(15))).unwrap();
    store.backup(&file).unwrap();
    store.batch(|tx| tx.record_backup("/second", at(25))).unwrap();
    // One like the first, two alike, and a clock that was set back in between.
    for (what, time) in [("export", 10), ("erase", 30), ("erase", 30), ("export", 20)] {
        act(&mut store, what, time);
    }
    drop(store);
    let acts = [("export", 10), ("export", 10), ("erase", 30), ("erase", 30), ("export", 20)]
        .map(|(what, time)| (what.to_owned(), at(time)));
    let file_name = file.to_string_lossy().into_owned();
    let backups = ["/first".to_owned(), "/second".to_owned(), file_name];
    for epoch in 2..=3 {
        let restored = restore(&file, &path, &owner("one"), Used::default(), at(500)).unwrap();
        assert_eq!((restored.epoch, restored.log_is_lost), (epoch, false));
        let mut store = Store::open(&path, Role::Guest).unwrap();
        assert_eq!(all(&mut store), (acts.to_vec(), backups.to_vec()), "epoch {epoch}");
    }
    // A database that lies beside it is found there, and needs no list.
    let aside = directory.path().join("svar.db.before-epoch-2");
    restore(&aside, &path, &owner("one"), Used::default(), at(600)).unwrap();
    assert_eq!(all(&mut Store::open(&path, Role::Guest).unwrap()), (acts.to_vec(), backups.to_vec()));
    fs::write(&path, "ruins ".repeat(5000)).unwrap();
    assert!(restore(&file, &path, &owner("one"), Used::default(), at(700)).unwrap().log_is_lost);
}
