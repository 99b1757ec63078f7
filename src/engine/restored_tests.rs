//! The engine on a database that was restored, or from which somebody was erased.

use std::collections::BTreeSet;

use super::tests::{NOW, arrived, counts, engine_on, letter, settle, source};
use crate::desk::sign::Key;
use crate::engine::erased::{Erased, mail_hash};
use crate::store::{Role, Store, custody};

fn key() -> Key {
    Key::new(&[7; 32])
}

#[test]
fn a_letter_that_stays_away_leaves_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
    engine.erased = Erased::at(directory.path().join("erased"));
    engine.erased.add(&BTreeSet::new(), &BTreeSet::from([mail_hash(&key(), "1@kund.test")]), NOW).unwrap();
    let raw = letter(1, "Min lavendelfrakt kom inte.");
    let packed = custody::pack(&raw);
    let from = source(&mut engine);
    settle(&mut engine, NOW, vec![arrived(from, 1, &raw)]);
    assert_eq!(counts(&mut engine), (0, 0, 0));
    let holds = |ending: &str| {
        let bytes = std::fs::read(directory.path().join(format!("svar.db{ending}"))).unwrap_or_default();
        bytes.windows(packed.len()).any(|w| w == packed)
    };
    assert!(holds("-wal"));
    engine.store().rest().unwrap();
    assert!(!holds("-wal") && !holds(""));
}
