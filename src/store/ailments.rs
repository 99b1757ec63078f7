//! What ails the desk itself: since when, and when managers were told of it.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::Time;

/// Mail of a mailbox that is due and does not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckRow {
    pub mailbox: String,
    pub mails: i64,
    pub since: Time,
}

/// An ailment that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AilmentRow {
    pub key: String,
    pub since: Time,
    /// When managers were told last; `None`: not yet.
    pub told_at: Option<Time>,
}

pub(super) const STUCK: &str = "
    SELECT mailbox, count(*), min(next_at) FROM parcel WHERE state = 'queued' AND next_at <= ?1 GROUP BY mailbox ORDER BY mailbox";
/// The newest minute in which a mail of a mailbox went out.
pub(super) const HANDED_OVER: &str = "SELECT max(minute) FROM handed_over WHERE mailbox = ?1";

impl Tx<'_> {
    /// The mailboxes with mail that was due at `due_by` and still waits. One whose pace is limited and which has sent something
    /// since then is not stuck.
    ///
    /// # Errors
    /// A database error.
    pub fn stuck(&mut self, due_by: Time) -> Result<Vec<StuckRow>, StoreError> {
        let mut stuck = self.due_mail(due_by)?;
        let mut moving = Vec::new();
        for row in &stuck {
            let last: Option<Time> = self.one(HANDED_OVER, args![row.mailbox.as_str()], |r| r.get(0))?.flatten();
            if last.is_some_and(|at| at >= due_by) {
                moving.push(row.mailbox.clone());
            }
        }
        stuck.retain(|row| !moving.contains(&row.mailbox));
        Ok(stuck)
    }

    /// The mailboxes with mail that was due at `due_by` and is not sent.
    ///
    /// # Errors
    /// A database error.
    pub fn due_mail(&mut self, due_by: Time) -> Result<Vec<StuckRow>, StoreError> {
        Ok(self.rows(STUCK, args![due_by], |row| {
            Ok(StuckRow { mailbox: row.get(0)?, mails: row.get(1)?, since: row.get(2)? })
        })?)
    }

    /// Since when each mailbox that cannot be read cannot be, by name.
    ///
    /// # Errors
    /// A database error.
    pub fn unread(&mut self) -> Result<Vec<(String, Time)>, StoreError> {
        Ok(self.rows("SELECT mailbox, from_at FROM outage WHERE to_at IS NULL ORDER BY mailbox", args![], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?)
    }

    /// All ailments on record, by key.
    ///
    /// # Errors
    /// A database error.
    pub fn ailments(&mut self) -> Result<Vec<AilmentRow>, StoreError> {
        Ok(self.rows("SELECT key, since_at, told_at FROM ailment ORDER BY key", args![], |row| {
            Ok(AilmentRow { key: row.get(0)?, since: row.get(1)?, told_at: row.get(2)? })
        })?)
    }

    /// An ailment is on record from now on, or was told.
    ///
    /// # Errors
    /// A database error.
    pub fn ails(&mut self, row: &AilmentRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO ailment (key, since_at, told_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET told_at = coalesce(excluded.told_at, told_at)",
            args![row.key.as_str(), row.since, row.told_at],
        )?;
        Ok(())
    }

    /// It is over.
    ///
    /// # Errors
    /// A database error.
    pub fn ails_no_more(&mut self, key: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM ailment WHERE key = ?1", args![key])?;
        Ok(())
    }
}
