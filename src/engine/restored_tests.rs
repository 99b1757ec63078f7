//! The engine on a database that was restored, or from which somebody was erased.

use std::collections::BTreeSet;
use std::path::Path;

use super::tests::{NOW, arrived, counts, engine_on, letter, settle, source};
use crate::desk::sign::Key;
use crate::engine::Engine;
use crate::engine::erased::{Erased, mail_hash};
use crate::model::{Address, ParcelNo, RecipientState};
use crate::store::backup::{Used, restore};
use crate::store::meta::Owner;
use crate::store::{Role, Store, StoreError, custody};

fn key() -> Key {
    Key::new(&[7; 32])
}

fn bounce(n: u32, to: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: MAILER-DAEMON@mx.test (Mail Delivery System)\r\nTo: {to}\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Message-ID: <bounce{n}@mx.test>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=rep\r\n\r\n--rep\r\n\
         Content-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n\r\n--rep\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n\
         Final-Recipient: rfc822; anna@example.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--rep--\r\n"
    )
    .into_bytes()
}

fn state_of(engine: &mut Engine, parcel: ParcelNo) -> RecipientState {
    let known = engine.store().read(|tx| tx.known_parcel(parcel)).unwrap().unwrap();
    assert_eq!(known.recipients[0].0, Address::parse("anna@example.test").unwrap());
    known.recipients[0].1
}

/// A desk whose backup was restored: parcel 1 is of the first epoch, the one that is returned of the second.
fn restored(path: &Path) -> (Engine, ParcelNo) {
    let mut engine = engine_on(Store::open(path, Role::Owner).unwrap());
    let from = source(&mut engine);
    settle(&mut engine, NOW, vec![arrived(from, 1, &letter(1, "Hej"))]);
    let file = path.with_extension("backup");
    engine.store().backup(&file).unwrap();
    drop(engine);
    let owner = Owner { machine: "one".to_owned(), data_dir: "/var/lib/svar".to_owned() };
    restore(&file, path, &owner, Used::default(), NOW, |_| Ok::<_, StoreError>(())).unwrap();
    let mut engine = engine_on(Store::open(path, Role::Owner).unwrap());
    let next = engine.store().read(|tx| Ok(tx.next().parcel)).unwrap();
    settle(&mut engine, NOW.plus(60), vec![arrived(from, 2, &letter(2, "Hallå"))]);
    (engine, next)
}

#[test]
fn a_number_of_an_earlier_epoch_is_no_mail_of_this_one() {
    let directory = tempfile::tempdir().unwrap();
    let (mut engine, parcel) = restored(&directory.path().join("svar.db"));
    let from = source(&mut engine);
    let back_to = |epoch: i64, parcel: ParcelNo| format!("support+{}@example.test", key().bounce_detail(epoch, parcel));
    let take = |engine: &mut Engine, uid: u32, raw: &[u8]| {
        settle(engine, NOW.plus(60 * i64::from(uid)), vec![arrived(from, uid, raw)]);
    };
    // Sent after the backup by the database that was replaced, which had used this number, too.
    take(&mut engine, 3, &bounce(3, &back_to(1, parcel)));
    assert_eq!((state_of(&mut engine, parcel), counts(&mut engine).1), (RecipientState::Waiting, 1));
    take(&mut engine, 4, &bounce(4, &back_to(2, parcel)));
    take(&mut engine, 5, &bounce(5, &back_to(1, ParcelNo(1))));
    assert_eq!(state_of(&mut engine, parcel), RecipientState::Bounced);
    assert_eq!((state_of(&mut engine, ParcelNo(1)), counts(&mut engine).1), (RecipientState::Bounced, 1));
    // Copies of both in Sent are ours, but only one is that of the mail on record.
    for (uid, epoch) in [(6, 1), (7, 2)] {
        let raw = format!(
            "From: support@example.test\r\nTo: anna@example.test\r\nSubject: Hej\r\nMessage-ID: <{uid}@example.test>\r\n\
             X-Svar-Id: {}\r\n\r\nHej\r\n",
            key().svar_id(epoch, parcel)
        );
        take(&mut engine, uid, raw.as_bytes());
    }
    assert_eq!(counts(&mut engine), (2, 1, 0));
    let echoes = engine.store().read(|tx| tx.echoes_of(parcel)).unwrap();
    assert_eq!(echoes.len(), 1, "{echoes:?}");
    assert_eq!(engine.store().check().unwrap(), Vec::<String>::new());
}

#[test]
fn a_letter_that_stays_away_leaves_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("svar.db");
    let mut engine = engine_on(Store::open(&path, Role::Owner).unwrap());
    engine.erased = Erased::at(directory.path().join("erased"));
    let raw = letter(1, "Min lavendelfrakt kom inte.");
    let read = crate::mail::read::read(&raw);
    let listed = mail_hash(&key(), read.message_id.as_deref(), &read.sameness).unwrap();
    engine.erased.add(&BTreeSet::new(), &BTreeSet::from([listed]), NOW).unwrap();
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
