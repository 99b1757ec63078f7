//! What of a person is taken away, and what is not.

use super::*;
use crate::store::db::args;
use crate::store::privacy::Whom;

#[test]
fn who_is_still_there_keeps_her_row_and_her_addresses() {
    let mut store = Store::in_memory().unwrap();
    let eva = address("eva@kund.test");
    store
        .batch(|tx| {
            first_mail(tx, 11, eva.as_str())?;
            // Her ticket is older than her erasure, what she wrote last is not.
            tx.run("UPDATE message SET at = ?1 WHERE no > 0", args![at(100)])?;
            Ok(())
        })
        .unwrap();
    let whom = Whom::Person { address: eva.clone(), until: Some(at(50)) };
    let estate = store.estate(&whom, &|_| false, |_, _| false).unwrap();
    assert!(estate.customers.is_empty() && estate.stays_on.len() == 1, "{estate:#?}");
    store.batch(|tx| tx.erase(&estate, at(200))).unwrap();
    let known = store.read(|tx| {
        Ok(tx.one("SELECT customer FROM address WHERE address = ?1", args![&eva], |row| row.get::<i64>(0))?)
    });
    assert_eq!(known.unwrap(), Some(1));
}
