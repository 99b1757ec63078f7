//! What time brings: tickets that come back, questions that lapse, mail that is due.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::{AskNo, TicketNo, Time};

pub(super) const HOLDS_OVER: &str =
    "SELECT number FROM ticket WHERE state = 'held' AND hold_until <= ?1 ORDER BY hold_until, number LIMIT ?2";
pub(super) const ASKS_LAPSED: &str =
    "SELECT no FROM ask WHERE settled_at IS NULL AND expires_at <= ?1 ORDER BY expires_at, no LIMIT ?2";
pub(super) const NEXT_HOLD: &str = "SELECT min(hold_until) FROM ticket WHERE state = 'held'";
pub(super) const NEXT_LAPSE: &str = "SELECT min(expires_at) FROM ask WHERE settled_at IS NULL";

impl Tx<'_> {
    /// Held tickets whose time has come, the longest due first.
    ///
    /// # Errors
    /// A database error.
    pub fn holds_over(&mut self, now: Time, limit: i64) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(HOLDS_OVER, args![now, limit], |row| row.get(0))?)
    }

    /// Things asked that nobody answered in time.
    ///
    /// # Errors
    /// A database error.
    pub fn asks_lapsed(&mut self, now: Time, limit: i64) -> Result<Vec<AskNo>, StoreError> {
        Ok(self.rows(ASKS_LAPSED, args![now, limit], |row| row.get(0))?)
    }

    /// When the next ticket comes back, question lapses or mail is due.
    ///
    /// # Errors
    /// A database error.
    pub fn next_wake(&mut self) -> Result<Option<Time>, StoreError> {
        let hold: Option<Time> = self.one(NEXT_HOLD, &[], |row| row.get(0))?.flatten();
        let lapse: Option<Time> = self.one(NEXT_LAPSE, &[], |row| row.get(0))?.flatten();
        let due = self.next_due()?;
        Ok([hold, lapse, due].into_iter().flatten().min())
    }
}
