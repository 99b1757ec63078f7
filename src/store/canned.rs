//! What canned answers ask for: what customers wrote, codes that nobody has, the versions of the answers themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{DbError, Row, args};
use super::search::whole_word;
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{MessageNo, TicketNo, Time};
use crate::plan::Alike;
use crate::plan::canned::{CannedVersion, Origin, Standing};

/// So many of the newest messages with a word are looked at: its cost does not grow with what was ever written.
const HITS: usize = 60;
/// So many messages that have most of the words are looked at, and so many of their tickets are told.
const BEST: usize = 30;
const ALIKE: usize = 8;

pub(super) const WITH_WORD: &str = "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2";
pub(super) const ANSWERED: &str = "
    SELECT m.no, t.number, t.mailbox, t.subject, t.state, m.at FROM message m CROSS JOIN ticket t ON t.number = m.ticket
    WHERE m.no IN (SELECT value FROM json_each(?1)) AND m.direction = 'in' AND m.kind = 'person'
        AND t.answers > 0 AND t.state IN ('pending', 'closed')
    ORDER BY m.no DESC";

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

pub(super) const LATEST: &str = "
    SELECT c.origin, c.name, c.language, c.standing, c.at, c.author, c.letter, c.title, c.text FROM canned c
    WHERE c.origin = ?1 AND c.no = (SELECT max(o.no) FROM canned o WHERE o.origin = c.origin AND o.name = c.name AND o.language = c.language)
    ORDER BY c.name, c.language";
pub(super) const IN_USE: &str = "
    SELECT c.origin, c.name, c.language, c.standing, c.at, c.author, c.letter, c.title, c.text FROM canned c
    WHERE c.origin = ?1 AND c.standing = 'good' AND c.no = (
        SELECT max(o.no) FROM canned o
        WHERE o.origin = c.origin AND o.name = c.name AND o.language = c.language AND o.standing <> 'broken')
    ORDER BY c.name, c.language";

fn read_version(row: &Row<'_>) -> Result<CannedVersion, DbError> {
    let (origin, standing): (String, String) = (row.get(0)?, row.get(3)?);
    Ok(CannedVersion {
        origin: if origin == Origin::File.as_str() { Origin::File } else { Origin::Mail },
        name: row.get(1)?,
        language: row.get(2)?,
        standing: match standing.as_str() {
            "good" => Standing::Good,
            "gone" => Standing::Gone,
            _ => Standing::Broken,
        },
        at: row.get(4)?,
        author: row.get(5)?,
        letter: row.get(6)?,
        title: row.get(7)?,
        text: row.get(8)?,
    })
}

impl Tx<'_> {
    /// The number of the newest version of any canned answer; 0: there is none.
    ///
    /// # Errors
    /// A database error.
    pub fn newest_canned(&mut self) -> Result<i64, StoreError> {
        Ok(self.one("SELECT coalesce(max(no), 0) FROM canned", args![], |row| row.get(0))?.unwrap_or(0))
    }

    /// The newest version of each, whatever it is worth.
    ///
    /// # Errors
    /// A database error.
    pub fn canned_latest(&mut self, origin: Origin) -> Result<Vec<CannedVersion>, StoreError> {
        Ok(self.rows(LATEST, args![origin.as_str()], read_version)?)
    }

    /// The newest good version of each, files before mails, without those that are gone.
    ///
    /// # Errors
    /// A database error.
    pub fn canned_in_use(&mut self) -> Result<Vec<CannedVersion>, StoreError> {
        let mut all = self.rows(IN_USE, args![Origin::File.as_str()], read_version)?;
        all.extend(self.rows(IN_USE, args![Origin::Mail.as_str()], read_version)?);
        Ok(all)
    }

    pub(super) fn keep_canned(&mut self, version: &CannedVersion) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO canned (no, origin, name, language, standing, at, author, letter, title, text)
             VALUES ((SELECT coalesce(max(no), 0) + 1 FROM canned), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            args![
                version.origin.as_str(),
                &version.name,
                &version.language,
                version.standing.as_str(),
                version.at,
                version.author.as_ref(),
                version.letter,
                &version.title,
                &version.text
            ],
        )?;
        Ok(())
    }

    /// Answered tickets whose customers wrote at least two of `words`, the most alike first. A word that few have weighs more.
    ///
    /// # Errors
    /// A database error.
    pub fn alike(&mut self, words: &[String]) -> Result<Vec<Alike>, StoreError> {
        let mut scores: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
        for word in words {
            let Some(expression) = whole_word(word) else { continue };
            let hits: Vec<i64> = self.rows(WITH_WORD, args![&expression, HITS], |row| row.get(0))?;
            let weight = if hits.len() >= HITS { 1 } else { 2 + HITS / (1 + hits.len()) };
            for no in hits {
                let score = scores.entry(no).or_default();
                *score = (score.0 + weight, score.1 + 1);
            }
        }
        let mut best: Vec<(usize, i64)> = scores.iter().filter(|s| s.1.1 >= 2).map(|(no, s)| (s.0, *no)).collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(BEST);
        let numbers: Vec<i64> = best.iter().map(|b| b.1).collect();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows: BTreeMap<i64, Alike> = self
            .rows(ANSWERED, args![list(&numbers)], |row| {
                let alike = Alike {
                    number: row.get(1)?,
                    mailbox: row.get(2)?,
                    subject: row.get(3)?,
                    state: row.get(4)?,
                    at: row.get(5)?,
                };
                Ok((row.get(0)?, alike))
            })?
            .into_iter()
            .collect();
        let mut found: Vec<Alike> = Vec::new();
        for no in numbers {
            let Some(alike) = rows.remove(&no) else { continue };
            if found.len() < ALIKE && !found.iter().any(|f| f.number == alike.number) {
                found.push(alike);
            }
        }
        Ok(found)
    }

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
