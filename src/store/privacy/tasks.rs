//! What a manager has allowed and nobody has carried out, and how far `retention` has come.

use std::collections::BTreeSet;

use super::super::db::{DbError, DbErrorKind, args};
use super::super::text::list;
use super::super::{StoreError, Tx};
use crate::model::{Address, TicketNo, Time};
use crate::plan::RightsAct;

/// One thing to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub no: i64,
    pub act: RightsAct,
    /// An address, or a mailbox.
    pub subject: String,
    pub until: Time,
    pub by: Address,
}

/// How far `retention` has come in a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionRow {
    /// What was last written to before that is erased.
    pub until: Time,
    /// A manager was asked for all before that.
    pub asked_until: Option<Time>,
}

/// Tickets that are over and were last written to between two times; with `?4` at most.
pub(in crate::store) const OUTDATED: &str = "
    SELECT number FROM ticket INDEXED BY ticket_over
    WHERE state IN ('closed', 'spam', 'merged') AND state <> 'merged' AND updated_at >= ?2 AND updated_at < ?3 AND mailbox = ?1
    ORDER BY updated_at, created_at, mailbox, survivor, number LIMIT ?4";

/// When the first of them was last written to of which something is left.
pub(in crate::store) const OLDEST: &str = "
    SELECT updated_at FROM ticket INDEXED BY ticket_over
    WHERE state IN ('closed', 'spam', 'merged') AND state <> 'merged' AND updated_at >= ?2 AND updated_at < ?3 AND mailbox = ?1
        AND (base_subject <> '' OR subject <> '–' OR customer IS NOT NULL)
    ORDER BY updated_at, created_at, mailbox, survivor, number LIMIT 1";

impl Tx<'_> {
    pub(in crate::store) fn grant(
        &mut self,
        act: RightsAct,
        subject: &str,
        until: Time,
        by: &Address,
        at: Time,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO rights_task (act, subject, until_at, asked_by, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            args![act.as_str(), subject, until, by, at],
        )?;
        Ok(())
    }

    /// What is allowed and not carried out, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn granted(&mut self) -> Result<Vec<Granted>, StoreError> {
        Ok(self.rows(
            "SELECT no, act, subject, until_at, asked_by FROM rights_task WHERE no > 0 ORDER BY no",
            &[],
            |row| {
                let act: String = row.get(1)?;
                let act = RightsAct::parse(&act)
                    .ok_or_else(|| DbError::new(DbErrorKind::Corrupt, &format!("there is no act {act:?}")))?;
                Ok(Granted { no: row.get(0)?, act, subject: row.get(2)?, until: row.get(3)?, by: row.get(4)? })
            },
        )?)
    }

    /// It was carried out, or cannot be.
    ///
    /// # Errors
    /// A database error.
    pub fn settle_granted(&mut self, no: i64) -> Result<(), StoreError> {
        self.run("DELETE FROM rights_task WHERE no = ?1", args![no])?;
        Ok(())
    }

    /// How far `retention` has come in a mailbox.
    ///
    /// # Errors
    /// A database error.
    pub fn retention(&mut self, mailbox: &str) -> Result<RetentionRow, StoreError> {
        let sql = "SELECT until_at, asked_until FROM retention WHERE mailbox = ?1";
        let row =
            self.one(sql, args![mailbox], |row| Ok(RetentionRow { until: row.get(0)?, asked_until: row.get(1)? }))?;
        Ok(row.unwrap_or_default())
    }

    /// # Errors
    /// A database error.
    pub fn set_retention(&mut self, mailbox: &str, row: &RetentionRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO retention (mailbox, until_at, asked_until) VALUES (?1, ?2, ?3)
             ON CONFLICT (mailbox) DO UPDATE SET until_at = excluded.until_at, asked_until = excluded.asked_until",
            args![mailbox, row.until, row.asked_until],
        )?;
        Ok(())
    }

    /// Tickets of a mailbox that are over and were last written to from `from` up to but without `to`, the oldest first, with those
    /// merged into them.
    ///
    /// # Errors
    /// A database error.
    pub fn outdated(
        &mut self,
        mailbox: &str,
        from: Time,
        to: Time,
        limit: usize,
    ) -> Result<BTreeSet<TicketNo>, StoreError> {
        let over: Vec<TicketNo> = self.rows(OUTDATED, args![mailbox, from, to, limit], |row| row.get(0))?;
        let merged = if over.is_empty() { Vec::new() } else { self.merged_into(&over)? };
        Ok(over.into_iter().chain(merged).collect())
    }

    /// When the oldest ticket of those was last written to, as in [`Self::outdated`], that is not erased yet.
    ///
    /// # Errors
    /// A database error.
    pub fn oldest_outdated(&mut self, mailbox: &str, from: Time, to: Time) -> Result<Option<Time>, StoreError> {
        Ok(self.one(OLDEST, args![mailbox, from, to], |row| row.get(0))?)
    }

    /// Whether something is left of these: a subject, a customer.
    ///
    /// # Errors
    /// A database error.
    pub fn not_erased(&mut self, tickets: &BTreeSet<TicketNo>) -> Result<BTreeSet<TicketNo>, StoreError> {
        let tickets: Vec<&TicketNo> = tickets.iter().collect();
        let sql = "SELECT t.number FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value
                   WHERE t.base_subject <> '' OR t.subject <> '–' OR t.customer IS NOT NULL ORDER BY t.number";
        Ok(self.rows(sql, args![list(&tickets)], |row| row.get(0))?.into_iter().collect())
    }
}
