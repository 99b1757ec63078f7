//! Backups, and the way back.

use std::fs;
use std::path::Path;

use super::super::Role;
use super::super::backup::restore;
use super::super::meta::Owner;
use super::*;
use crate::model::{ParcelState, RecipientState};

fn owner(machine: &str) -> Owner {
    Owner { machine: machine.to_owned(), data_dir: "/var/lib/svar".to_owned() }
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

    let restored = restore(&file, &path, &owner("two"), (0, TicketNo(0)), at(500)).unwrap();
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
    let restored = restore(&file, &path, &owner("two"), (7, TicketNo(5000)), at(900)).unwrap();
    assert_eq!((restored.epoch, restored.next_ticket), (8, TicketNo(6001)));
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
        assert!(restore(&file, &path, &owner("two"), (0, TicketNo(0)), at(1)).is_err(), "{}", file.display());
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
    let restored = restore(&file, &path, &owner("two"), (0, TicketNo(0)), at(1)).unwrap();
    assert_eq!((restored.replaced, restored.next_ticket), (None, TicketNo(1011)));
    fs::write(&path, "ruins ".repeat(5000)).unwrap();
    let restored = restore(&file, &path, &owner("two"), (0, TicketNo(0)), at(1)).unwrap();
    assert!(fs::read_to_string(restored.replaced.unwrap()).unwrap().starts_with("ruins"));
    assert_eq!(Store::open(&path, Role::Owner).unwrap().check().unwrap(), Vec::<String>::new());
}
