//! What canned answers ask for: what customers wrote, codes that nobody has, the versions of the answers themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::db::args;
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{MessageNo, TicketNo, Time};

/// So many of a customer's messages on a ticket are looked through for order and parcel numbers, and so many letters of each.
const MESSAGES: i64 = 20;
const LETTERS: i64 = 20_000;

pub(super) const WRITTEN: &str = "
    SELECT subject || char(10) || substr(coalesce(new_text, text), 1, ?3) FROM message
    WHERE ticket = ?1 AND direction = 'in' AND kind = 'person' ORDER BY no DESC LIMIT ?2";

pub(super) const HELD_CODES: &str = "
    SELECT ticket, code FROM code WHERE message IS NULL AND ticket IN (SELECT value FROM json_each(?1)) ORDER BY ticket, taken_at, code";
pub(super) const FREE_CODES: &str = "
    SELECT value FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM code WHERE code = value) ORDER BY key LIMIT ?2";
pub(super) const CODES_LEFT: &str =
    "SELECT count(*) FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM code WHERE code = value)";

impl Tx<'_> {
    /// The first `limit` of `codes` that nobody has, in their order.
    ///
    /// # Errors
    /// A database error.
    pub fn free_codes(&mut self, codes: &[String], limit: usize) -> Result<Vec<String>, StoreError> {
        Ok(self.rows(FREE_CODES, args![list(codes), limit], |row| row.get(0))?)
    }

    /// How many of `codes` nobody has.
    ///
    /// # Errors
    /// A database error.
    pub fn codes_left(&mut self, codes: &[String]) -> Result<i64, StoreError> {
        Ok(self.one(CODES_LEFT, args![list(codes)], |row| row.get(0))?.unwrap_or(0))
    }

    /// The codes that were taken for tickets and have not left.
    ///
    /// # Errors
    /// A database error.
    pub fn held_codes(&mut self, tickets: &[TicketNo]) -> Result<BTreeMap<TicketNo, Vec<String>>, StoreError> {
        let numbers: Vec<i64> = tickets.iter().map(|t| t.0).collect();
        let rows: Vec<(TicketNo, String)> =
            self.rows(HELD_CODES, args![list(&numbers)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut held: BTreeMap<TicketNo, Vec<String>> = BTreeMap::new();
        for (ticket, code) in rows {
            held.entry(ticket).or_default().push(code);
        }
        Ok(held)
    }

    pub(super) fn take_code(&mut self, code: &str, ticket: TicketNo, at: Time) -> Result<(), StoreError> {
        let taken = self.run(
            "INSERT INTO code (code, ticket, taken_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            args![code, ticket, at],
        )?;
        if taken == 1 { Ok(()) } else { Err(StoreError::Rejected("the code is taken already".to_owned())) }
    }

    pub(super) fn spend_code(&mut self, code: &str, message: MessageNo) -> Result<(), StoreError> {
        let spent =
            self.run("UPDATE code SET message = ?2 WHERE code = ?1 AND message IS NULL", args![code, message])?;
        if spent == 1 { Ok(()) } else { Err(StoreError::Rejected("the code has left already".to_owned())) }
    }

    /// An answer was recalled: its codes are the ticket's next answer's.
    pub(super) fn unspend_codes(&mut self, message: MessageNo) -> Result<(), StoreError> {
        self.run("UPDATE code SET message = NULL WHERE message = ?1", args![message])?;
        Ok(())
    }

    /// What the customers wrote on these tickets, subject and new text, the newest first. Tickets without any are missing.
    ///
    /// # Errors
    /// A database error.
    pub fn written(&mut self, tickets: &BTreeSet<TicketNo>) -> Result<BTreeMap<TicketNo, Vec<String>>, StoreError> {
        let mut found = BTreeMap::new();
        for ticket in tickets {
            let texts: Vec<String> = self.rows(WRITTEN, args![*ticket, MESSAGES, LETTERS], |row| row.get(0))?;
            if !texts.is_empty() {
                found.insert(*ticket, texts);
            }
        }
        Ok(found)
    }
}
