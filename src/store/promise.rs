//! How fast a mailbox has answered of late: what promises to customers are made of.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::{TicketNo, Time};

/// First answers since a time, newest tickets first: when the customer wrote, and when she was answered.
pub(super) const FIRST_ANSWERS: &str = "
    SELECT (SELECT min(at) FROM message WHERE ticket = t.number AND direction = 'in' AND counts = 1),
           (SELECT min(accepted_at) FROM message
            WHERE ticket = t.number AND direction = 'out' AND counts = 1 AND accepted_at IS NOT NULL)
    FROM ticket t WHERE t.created_at >= ?1 AND t.mailbox = ?2 AND t.answers > 0 AND t.channel <> 'import'
    ORDER BY t.created_at DESC, t.number LIMIT ?3";

/// Since when customers wait.
pub(super) const WAITING: &str = "
    SELECT waiting_since FROM ticket WHERE due_at IS NOT NULL AND mailbox = ?1 AND answers = 0 AND waiting_since IS NOT NULL
    ORDER BY due_at, number LIMIT ?2";

pub(super) const HOW_MANY: &str =
    "SELECT count(*) FROM (SELECT 1 FROM ticket WHERE due_at IS NOT NULL AND mailbox = ?1 LIMIT ?2)";

pub(super) const KNOWN: &str = "SELECT open_s, most_waiting FROM expectation WHERE mailbox = ?1 AND open_s IS NOT NULL";

/// What was seen of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// When a customer wrote, and when she got her first answer.
    pub answered: Vec<(Time, Time)>,
    /// Since when others wait for theirs.
    pub waiting: Vec<Time>,
}

impl Tx<'_> {
    /// Whether what is known of a mailbox is older than `since`, or nothing is.
    ///
    /// # Errors
    /// A database error.
    pub fn is_expectation_old(&mut self, mailbox: &str, since: Time) -> Result<bool, StoreError> {
        let sql = "SELECT made_at FROM expectation WHERE mailbox = ?1";
        let made: Option<Time> = self.one(sql, args![mailbox], |row| row.get(0))?;
        Ok(made.is_none_or(|at| at < since))
    }

    /// First answers to customers who wrote since then, at most `limit`, and since when others wait.
    ///
    /// # Errors
    /// A database error.
    pub fn first_answers(&mut self, mailbox: &str, since: Time, limit: i64) -> Result<Seen, StoreError> {
        let pair = |row: &super::db::Row<'_>| Ok((row.get::<Option<Time>>(0)?, row.get::<Option<Time>>(1)?));
        let answered = self.rows(FIRST_ANSWERS, args![since, mailbox, limit], pair)?;
        let answered = answered.into_iter().filter_map(|(asked, answered)| asked.zip(answered)).collect();
        let waiting = self.rows(WAITING, args![mailbox, limit], |row| row.get(0))?;
        Ok(Seen { answered, waiting })
    }

    /// # Errors
    /// A database error.
    pub fn set_expectation(
        &mut self,
        mailbox: &str,
        open_s: Option<i64>,
        most_waiting: i64,
        now: Time,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO expectation (mailbox, made_at, open_s, most_waiting) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET made_at = excluded.made_at, open_s = excluded.open_s, most_waiting = excluded.most_waiting",
            args![mailbox, now, open_s, most_waiting],
        )?;
        Ok(())
    }

    /// In how much open time the mailbox can be trusted to answer; nothing in a flood.
    pub(super) fn promise_of(&mut self, mailbox: &str) -> Result<Option<i64>, StoreError> {
        let known = self.one(KNOWN, args![mailbox], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
        let Some((open_s, most)) = known else { return Ok(None) };
        let waiting: i64 = self.one(HOW_MANY, args![mailbox, most + 1], |row| row.get(0))?.unwrap_or(0);
        Ok((waiting <= most).then_some(open_s))
    }

    pub(super) fn promise(&mut self, ticket: TicketNo, until: Time) -> Result<(), StoreError> {
        self.run("UPDATE ticket SET promised_at = ?2 WHERE number = ?1", args![ticket, until])?;
        Ok(())
    }

    /// Until when an answer was promised.
    ///
    /// # Errors
    /// A database error.
    pub fn promised(&mut self, ticket: TicketNo) -> Result<Option<Time>, StoreError> {
        let sql = "SELECT promised_at FROM ticket WHERE number = ?1";
        Ok(self.one(sql, args![ticket], |row| row.get(0))?.flatten())
    }
}
