//! What time brings: tickets that come back or close, questions that lapse, mail that is due.

use std::collections::BTreeMap;

use super::db::args;
use super::{StoreError, Tx};
use crate::model::{AskNo, TicketNo, Time};
use crate::plan::{Clues, Findings};

pub(super) const HOLDS_OVER: &str =
    "SELECT number FROM ticket WHERE state = 'held' AND hold_until <= ?1 ORDER BY hold_until, number LIMIT ?2";
pub(super) const PENDING_LONG: &str = "
    SELECT number FROM ticket
    WHERE state = 'pending' AND mailbox = ?1 AND updated_at <= ?2 AND waiting_since IS NULL AND channel <> 'import'
    ORDER BY updated_at, number LIMIT ?3";
pub(super) const ASKS_LAPSED: &str =
    "SELECT no FROM ask WHERE settled_at IS NULL AND expires_at <= ?1 ORDER BY expires_at, no LIMIT ?2";
pub(super) const NEXT_HOLD: &str = "SELECT min(hold_until) FROM ticket WHERE state = 'held'";
pub(super) const NEXT_PENDING: &str = "
    SELECT min(updated_at) FROM ticket
    WHERE state = 'pending' AND mailbox = ?1 AND waiting_since IS NULL AND channel <> 'import'";
pub(super) const NEXT_LAPSE: &str = "SELECT min(expires_at) FROM ask WHERE settled_at IS NULL AND expires_at > ?1";

impl Tx<'_> {
    /// What is known of the tickets whose time may have come, at most about `limit`: held ones past their time, and pending ones
    /// that nobody has touched for `close_pending_s[mailbox]` seconds; never imported ones.
    ///
    /// # Errors
    /// A database error.
    pub fn due(
        &mut self,
        now: Time,
        close_pending_s: &BTreeMap<String, i64>,
        limit: i64,
    ) -> Result<Findings, StoreError> {
        let mut numbers = self.holds_over(now, limit)?;
        for (mailbox, after_s) in close_pending_s {
            numbers.extend(
                self.rows(PENDING_LONG, args![mailbox, now.plus(-after_s), limit], |row| row.get::<TicketNo>(0))?,
            );
        }
        if numbers.is_empty() {
            return Ok(Findings { epoch: self.epoch(), next: self.next(), ..Findings::default() });
        }
        self.lookup(&Clues { numbers, ..Clues::default() }, now)
    }

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

    /// When the next ticket comes back or closes, question lapses or mail is due. In the past for what is due and still there;
    /// lapsed questions are not, nothing is done about them.
    ///
    /// # Errors
    /// A database error.
    pub fn next_wake(
        &mut self,
        now: Time,
        close_pending_s: &BTreeMap<String, i64>,
    ) -> Result<Option<Time>, StoreError> {
        let hold: Option<Time> = self.one(NEXT_HOLD, &[], |row| row.get(0))?.flatten();
        let lapse: Option<Time> = self.one(NEXT_LAPSE, args![now], |row| row.get(0))?.flatten();
        let due = self.next_due()?;
        let (notice, look) = (self.next_notice()?, self.next_look()?);
        let (robots, incident) = (self.next_robots()?, self.next_incident()?);
        let mut next = [hold, lapse, due, notice, look, robots, incident].into_iter().flatten().min();
        for (mailbox, after_s) in close_pending_s {
            let oldest: Option<Time> = self.one(NEXT_PENDING, args![mailbox], |row| row.get(0))?.flatten();
            next = [next, oldest.map(|t| t.plus(*after_s))].into_iter().flatten().min();
        }
        Ok(next)
    }
}
