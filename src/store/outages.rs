//! Since when a mailbox could not be read, and until when: clocks run on meanwhile, and a digest says why they did.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::Time;

/// A connection that was lost and found again within this is nothing to tell.
const SHORTEST_S: i64 = 5 * Time::MINUTE;

/// A span in which a mailbox could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageRow {
    pub mailbox: String,
    pub from: Time,
    /// `None`: it lasts still.
    pub to: Option<Time>,
}

impl Tx<'_> {
    /// The mailbox cannot be read from now on; nothing new if that is known.
    ///
    /// # Errors
    /// A database error.
    pub fn outage_begins(&mut self, mailbox: &str, at: Time) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO outage (mailbox, from_at) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM outage WHERE mailbox = ?1 AND to_at IS NULL) ON CONFLICT DO NOTHING",
            args![mailbox, at],
        )?;
        Ok(())
    }

    /// It can be read again.
    ///
    /// # Errors
    /// A database error.
    pub fn outage_ends(&mut self, mailbox: &str, at: Time) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM outage WHERE mailbox = ?1 AND to_at IS NULL AND ?2 - from_at < ?3",
            args![mailbox, at, SHORTEST_S],
        )?;
        self.run("UPDATE outage SET to_at = ?2 WHERE mailbox = ?1 AND to_at IS NULL", args![mailbox, at])?;
        Ok(())
    }

    /// The outages that touch the time from `from` up to `to`, as known at `now`, by mailbox and beginning.
    ///
    /// # Errors
    /// A database error.
    pub fn outages(&mut self, from: Time, to: Time, now: Time) -> Result<Vec<OutageRow>, StoreError> {
        Ok(self.rows(
            "SELECT mailbox, from_at, to_at FROM outage
             WHERE from_at < ?2 AND coalesce(to_at, ?3) >= ?1 AND coalesce(to_at, ?3) - from_at >= ?4 ORDER BY mailbox, from_at",
            args![from, to, now, SHORTEST_S],
            |row| Ok(OutageRow { mailbox: row.get(0)?, from: row.get(1)?, to: row.get(2)? }),
        )?)
    }
}
