//! Look-ups that agents' commands need: whose an address is, what is set aside, who is blocked, which words stand in notes.

use std::collections::BTreeMap;

use super::db::{DbError, Row, args};
use super::text::{list, read_json};
use super::{StoreError, Tx};
use crate::model::{Address, CustomerNo, LetterNo, MessageNo, QuarantineNo, TicketNo};
use crate::plan::{Blocked, CustomerFacts, NotedWords, SetAside};

pub(super) const CUSTOMERS_NAMED: &str = "
    SELECT j.value, c.no, c.name, (SELECT json_group_array(x.address) FROM address x WHERE x.customer = c.no)
    FROM json_each(?1) j CROSS JOIN address a ON a.address = j.value CROSS JOIN customer c ON c.no = a.customer ORDER BY j.value";

pub(super) const SET_ASIDE: &str = "
    SELECT q.no, q.mailbox, q.from_address, q.reason
    FROM json_each(?1) j CROSS JOIN quarantine q ON q.no = j.value WHERE q.settled_at IS NULL ORDER BY q.no";

pub(super) const BLOCKED: &str = "SELECT address, how, verified, ticket, actor, at FROM blocked WHERE address = ?1";

pub(super) const NOTED: &str = "
    SELECT s.hash, s.message, m.ticket
    FROM json_each(?1) j CROSS JOIN note_shingle s ON s.hash = j.value CROSS JOIN message m ON m.no = s.message
    ORDER BY s.message, s.hash LIMIT 500";

/// The list of attachments holds nothing but their names, kinds and hashes.
pub(super) const LETTERS_WITH: &str = "
    SELECT letter FROM message
    WHERE ticket = ?1 AND direction = 'in' AND letter IS NOT NULL AND instr(attachments, ?2) > 0 ORDER BY no DESC LIMIT 5";

fn read_blocked(row: &Row<'_>) -> Result<Blocked, DbError> {
    let how: String = row.get(1)?;
    Ok(Blocked {
        address: row.get(0)?,
        ignored: how == "ignore",
        verified: row.get(2)?,
        ticket: row.get(3)?,
        actor: row.get(4)?,
        at: row.get(5)?,
    })
}

impl Tx<'_> {
    pub(super) fn customers_named(
        &mut self,
        addresses: &[Address],
    ) -> Result<BTreeMap<Address, CustomerFacts>, StoreError> {
        if addresses.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.rows(CUSTOMERS_NAMED, args![list(addresses)], |row| {
            let texts: Vec<String> = read_json(row, 3)?;
            let mut addresses: Vec<Address> = texts.iter().filter_map(|t| Address::parse(t)).collect();
            addresses.sort_unstable();
            let no: CustomerNo = row.get(1)?;
            Ok((row.get(0)?, CustomerFacts { no, name: row.get(2)?, addresses }))
        })?;
        Ok(found.into_iter().collect())
    }

    pub(super) fn set_aside_named(
        &mut self,
        numbers: &[QuarantineNo],
    ) -> Result<BTreeMap<QuarantineNo, SetAside>, StoreError> {
        if numbers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.rows(SET_ASIDE, args![list(numbers)], |row| {
            Ok((row.get(0)?, SetAside { mailbox: row.get(1)?, from: row.get(2)?, reason: row.get(3)? }))
        })?;
        Ok(found.into_iter().collect())
    }

    pub(super) fn blocked(&mut self, address: &Address) -> Result<Option<Blocked>, StoreError> {
        Ok(self.one(BLOCKED, args![address], read_blocked)?)
    }

    /// All senders whose mail is set aside by an agent's word, by address.
    ///
    /// # Errors
    /// A database error.
    pub fn blocked_senders(&mut self) -> Result<Vec<Blocked>, StoreError> {
        let sql = "SELECT address, how, verified, ticket, actor, at FROM blocked ORDER BY address";
        Ok(self.rows(sql, &[], read_blocked)?)
    }

    /// Where these runs of words stand in notes.
    ///
    /// # Errors
    /// A database error.
    pub fn noted(&mut self, shingles: &[i64]) -> Result<Vec<NotedWords>, StoreError> {
        if shingles.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(NOTED, args![list(shingles)], |row| {
            Ok(NotedWords { shingle: row.get(0)?, message: row.get(1)?, ticket: row.get(2)? })
        })?)
    }

    /// The letter that a message came in.
    ///
    /// # Errors
    /// A database error.
    pub fn letter_of(&mut self, message: MessageNo) -> Result<Option<LetterNo>, StoreError> {
        Ok(self.one("SELECT letter FROM message WHERE no = ?1", args![message], |row| row.get(0))?.flatten())
    }

    /// The letters of a ticket to which something was attached, the newest first.
    ///
    /// # Errors
    /// A database error.
    pub fn letters_with(&mut self, ticket: TicketNo, sha256: &str) -> Result<Vec<LetterNo>, StoreError> {
        Ok(self.rows(LETTERS_WITH, args![ticket, sha256], |row| row.get(0))?)
    }

    /// Whether the bytes with this SHA-256 are stored.
    ///
    /// # Errors
    /// A database error.
    pub fn has_blob(&mut self, sha256: &str) -> Result<bool, StoreError> {
        Ok(self.one("SELECT 1 FROM blob WHERE sha256 = ?1", args![sha256], |_| Ok(()))?.is_some())
    }
}
