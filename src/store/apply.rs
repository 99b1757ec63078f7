//! Changes in, rows out: every write of ticket data.

use std::collections::BTreeMap;

use super::{StoreError, Tx};
use crate::model::Time;
use crate::plan::Change;

/// Attachments of the letter at hand, by SHA-256 in hexadecimal. One is stored only if a parcel names it.
pub type Blobs<'b> = BTreeMap<String, &'b [u8]>;

impl Tx<'_> {
    /// Writes down `changes`, in order. Call it within a [`Tx::savepoint`].
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if a change names something that is not there; a database error.
    pub fn apply(&mut self, changes: &[Change], blobs: &Blobs<'_>, now: Time) -> Result<(), StoreError> {
        let _ = (changes, blobs, now);
        Err(StoreError::Rejected("to come".to_owned()))
    }
}
