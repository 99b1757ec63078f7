//! What time brings: tickets that come back, questions that lapse.

use super::{StoreError, Tx};
use crate::model::{AskNo, TicketNo, Time};

impl Tx<'_> {
    /// Held tickets whose time has come, the longest due first.
    ///
    /// # Errors
    /// A database error.
    pub fn holds_over(&mut self, now: Time, limit: i64) -> Result<Vec<TicketNo>, StoreError> {
        let _ = (now, limit);
        Ok(Vec::new())
    }

    /// Things asked that nobody answered in time.
    ///
    /// # Errors
    /// A database error.
    pub fn asks_lapsed(&mut self, now: Time, limit: i64) -> Result<Vec<AskNo>, StoreError> {
        let _ = (now, limit);
        Ok(Vec::new())
    }

    /// When the next ticket comes back, question lapses or mail is due.
    ///
    /// # Errors
    /// A database error.
    pub fn next_wake(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(None)
    }
}
