//! What a monitoring system asks every minute: counts of what is not over, each from an index that holds nothing else.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::Time;

pub(super) const LIVE: &str = "
    SELECT mailbox, sum(state = 'open'), sum(state = 'pending'), sum(state = 'held'), count(waiting_since),
        min(waiting_since), sum(coalesce(late_at <= ?1, 0))
    FROM ticket WHERE state IN ('open', 'pending', 'held') GROUP BY mailbox ORDER BY mailbox";
pub(super) const ASIDE: &str =
    "SELECT count(*) FROM parcel WHERE state IN ('claimed', 'held', 'failed') AND state <> 'claimed'";

/// The tickets of a mailbox that are not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRow {
    pub mailbox: String,
    pub open: i64,
    pub pending: i64,
    pub held: i64,
    /// Their customer waits.
    pub waiting: i64,
    pub oldest_waiting: Option<Time>,
    /// Past their due time.
    pub late: i64,
}

/// What else is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub undecided: i64,
    pub quarantined: i64,
    pub undelivered: i64,
    pub tickets_ever: i64,
    pub last_digest_at: Option<Time>,
}

impl Tx<'_> {
    /// By mailbox.
    ///
    /// # Errors
    /// A database error.
    pub fn live(&mut self, now: Time) -> Result<Vec<LiveRow>, StoreError> {
        Ok(self.rows(LIVE, args![now], |row| {
            Ok(LiveRow {
                mailbox: row.get(0)?,
                open: row.get(1)?,
                pending: row.get(2)?,
                held: row.get(3)?,
                waiting: row.get(4)?,
                oldest_waiting: row.get(5)?,
                late: row.get(6)?,
            })
        })?)
    }

    /// # Errors
    /// A database error.
    pub fn counts(&mut self) -> Result<Counts, StoreError> {
        let mut count = |sql: &str| Ok::<i64, StoreError>(self.one(sql, args![], |row| row.get(0))?.unwrap_or(0));
        Ok(Counts {
            undecided: count("SELECT count(*) FROM letter WHERE state = 'received'")?,
            quarantined: count("SELECT count(*) FROM quarantine WHERE settled_at IS NULL")?,
            undelivered: count(ASIDE)?,
            tickets_ever: count("SELECT ticket FROM desk")?,
            last_digest_at: self.one("SELECT max(made_at) FROM digest", args![], |row| row.get(0))?.flatten(),
        })
    }
}
