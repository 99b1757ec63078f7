//! What digests remember, and outages.

use super::*;
use crate::model::ParcelNo;
use crate::store::digests::DigestRow;

#[test]
fn a_digest_is_remembered_once() {
    let mut store = Store::in_memory().unwrap();
    let chef = Address::parse("chef@example.test").unwrap();
    let row = |day: &str| DigestRow {
        first_day: day.to_owned(),
        last_day: day.to_owned(),
        made_at: at(5),
        parcel: Some(ParcelNo(1)),
        within: 9,
        counted: 11,
    };
    for day in ["2026-12-08", "2026-12-10", "2026-12-09"] {
        store.batch(|tx| tx.remember_digest(&chef, "daily", &row(day))).unwrap();
    }
    assert!(store.batch(|tx| tx.remember_digest(&chef, "daily", &row("2026-12-09"))).is_err());
    let of = |store: &mut Store, kind: &str| store.read(|tx| tx.digests(&chef, kind, 2)).unwrap();
    assert_eq!(of(&mut store, "daily"), [row("2026-12-10"), row("2026-12-09")]);
    assert_eq!(of(&mut store, "weekly"), []);
}

#[test]
fn an_outage_lasts_until_the_mailbox_can_be_read() {
    let mut store = Store::in_memory().unwrap();
    let known = |store: &mut Store, now: i64| -> Vec<(i64, Option<i64>)> {
        let rows = store.read(|tx| tx.outages(at(0), at(100_000), at(now))).unwrap();
        rows.into_iter().map(|o| (o.from.since(at(0)), o.to.map(|t| t.since(at(0))))).collect()
    };
    store.batch(|tx| tx.outage_begins("support", at(100))).unwrap();
    store.batch(|tx| tx.outage_begins("support", at(150))).unwrap();
    assert_eq!(known(&mut store, 200), [], "a moment is no outage");
    assert_eq!(known(&mut store, 500), [(100, None)]);
    store.batch(|tx| tx.outage_ends("support", at(900))).unwrap();
    store.batch(|tx| tx.outage_ends("support", at(950))).unwrap();
    store.batch(|tx| tx.outage_begins("support", at(1000))).unwrap();
    store.batch(|tx| tx.outage_ends("support", at(1010))).unwrap();
    assert_eq!(known(&mut store, 5000), [(100, Some(900))]);
    assert_eq!(store.read(|tx| tx.outages(at(901), at(2000), at(5000))).unwrap(), []);
}
