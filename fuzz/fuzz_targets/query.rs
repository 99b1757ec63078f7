//! Any text as a search: it is understood or a mistake says why, and what was understood is a statement that SQLite takes.
#![no_main]

use std::cell::RefCell;
use std::path::PathBuf;

use svar::desk::commands::question;
use svar::model::Time;
use svar::plan::query::Query;
use svar::store::{Role, Store};

/// An empty database in memory's file system, made once and gone with its name: nothing is ever written to it.
fn empty_desk() -> Store {
    let folder = if PathBuf::from("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let path = folder.join(format!("svar-fuzz-{}.db", std::process::id()));
    let store = Store::open(&path, Role::Owner).expect("a database");
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    store
}

thread_local! {
    static DESK: RefCell<Store> = RefCell::new(empty_desk());
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = question::query(text);
    match Query::parse(text) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(query) => {
            let mailboxes = ["support".to_owned()];
            let now = Time::from_unix(1_790_000_000);
            let found = DESK.with_borrow_mut(|desk| desk.read(|tx| tx.matching(&query, &mailboxes, now)));
            assert!(found.expect("a statement").is_empty());
        }
    }
});
