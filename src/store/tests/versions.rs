//! A database is brought up, refused, or recognised as somebody else's.

use std::fs;

use super::super::{Role, migrate};
use super::*;

#[test]
fn only_the_owner_makes_a_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    for role in [Role::Guest, Role::Reader] {
        assert!(matches!(Store::open(&path, role), Err(StoreError::Missing { .. })));
    }
    drop(Store::open(&path, Role::Owner).unwrap());
    for role in [Role::Owner, Role::Guest, Role::Reader] {
        drop(Store::open(&path, role).unwrap());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_reader_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    drop(Store::open(&path, Role::Owner).unwrap());
    let mut reader = Store::open(&path, Role::Reader).unwrap();
    assert!(reader.batch(|tx| tx.set_halted(Some("x"))).is_err());
    assert_eq!(reader.read(|tx| tx.halted()).unwrap(), None);
}

#[test]
fn other_versions_and_other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let store = Store::open(&path, Role::Owner).unwrap();
    store.db.script("PRAGMA user_version = 99").unwrap();
    drop(store);
    for role in [Role::Owner, Role::Guest, Role::Reader] {
        let error = Store::open(&path, role).unwrap_err();
        assert!(matches!(error, StoreError::Version { found: 99, wanted: migrate::VERSION }), "{error}");
    }

    let foreign = directory.path().join("foreign.db");
    let store = Store::open(&foreign, Role::Owner).unwrap();
    store.db.script("PRAGMA application_id = 1").unwrap();
    drop(store);
    assert!(matches!(Store::open(&foreign, Role::Owner), Err(StoreError::NotOurs { .. })));

    let text = directory.path().join("text.db");
    fs::write(
        &text,
        "this is a text and no database at all, however long one makes it, and it is made rather long\n".repeat(50),
    )
    .unwrap();
    assert!(matches!(Store::open(&text, Role::Owner), Err(StoreError::NotOurs { .. })));
    assert!(fs::read_to_string(&text).unwrap().starts_with("this is a text"));
}

#[test]
fn what_others_committed_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut daemon = Store::open(&path, Role::Owner).unwrap();
    let mut command = Store::open(&path, Role::Guest).unwrap();
    let before = daemon.data_version().unwrap();
    command.batch(|tx| first_mail(tx, 1, "a@example.test").map(drop)).unwrap();
    assert_ne!(daemon.data_version().unwrap(), before);
    assert_eq!(daemon.read(|tx| Ok(tx.next().ticket)).unwrap(), TicketNo(2));
    daemon.batch(|tx| first_mail(tx, 2, "a@example.test").map(drop)).unwrap();
    daemon.rest().unwrap();
    assert_eq!(command.check().unwrap(), Vec::<String>::new());
}
