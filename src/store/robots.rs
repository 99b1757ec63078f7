//! Robots' mail in quarantine that agents are to be told of: what is due, and that it was told.

use super::db::args;
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{QuarantineNo, Time};
use crate::plan::RobotMail;

pub(super) const MAILBOX: &str = "SELECT mailbox FROM quarantine WHERE list_at <= ?1 ORDER BY list_at, no LIMIT 1";
pub(super) const DUE: &str = "
    SELECT no, at, from_address, subject FROM quarantine INDEXED BY quarantine_list
    WHERE list_at <= ?1 AND mailbox = ?2 ORDER BY list_at, no LIMIT ?3";
pub(super) const NEXT: &str = "SELECT min(list_at) FROM quarantine WHERE list_at IS NOT NULL";
pub(super) const TOLD: &str =
    "UPDATE quarantine SET list_at = NULL WHERE no IN (SELECT value FROM json_each(?1)) AND list_at IS NOT NULL";

impl Tx<'_> {
    /// The robots' mails of one mailbox of which agents are to be told by now, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn robots_due(&mut self, now: Time, limit: i64) -> Result<Option<(String, Vec<RobotMail>)>, StoreError> {
        let Some(mailbox) = self.one(MAILBOX, args![now], |row| row.get::<String>(0))? else { return Ok(None) };
        let mails = self.rows(DUE, args![now, &mailbox, limit], |row| {
            Ok(RobotMail { no: row.get(0)?, at: row.get(1)?, from: row.get(2)?, subject: row.get(3)? })
        })?;
        Ok(Some((mailbox, mails)))
    }

    /// When somebody is next to be told of any.
    pub(super) fn next_robots(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.one(NEXT, &[], |row| row.get(0))?.flatten())
    }

    /// They were told, or there is nobody to tell.
    ///
    /// # Errors
    /// A database error.
    pub fn quarantine_listed(&mut self, quarantined: &[QuarantineNo]) -> Result<(), StoreError> {
        self.run(TOLD, args![list(quarantined)])?;
        Ok(())
    }
}
