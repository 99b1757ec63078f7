//! Practice mails to agents, and what came of them. They are no tickets, and stand in no list and no figure.

use super::db::{DbError, Row, args};
use super::text::{json_text, list, read_json};
use super::{StoreError, Tx};
use crate::model::{ParcelNo, Time};
use crate::plan::practice::{Came, NewPractice, Practice};

/// Rehearsals are of no use for longer.
const KEPT_S: i64 = 30 * Time::DAY;

pub(super) const NAMED: &str = "
    SELECT no, agent, mailbox, message_id, sent_at, refused, came_at, coalesce(came, 'null') FROM practice
    WHERE no IN (SELECT value FROM json_each(?1)) ORDER BY no";

/// A dozen rows.
pub(super) const ALL: &str = "
    SELECT no, agent, mailbox, message_id, sent_at, refused, came_at, coalesce(came, 'null') FROM practice ORDER BY no";

fn read(row: &Row<'_>) -> Result<Practice, DbError> {
    let (at, came): (Option<Time>, Option<Came>) = (row.get(6)?, read_json(row, 7)?);
    Ok(Practice {
        no: row.get(0)?,
        agent: row.get(1)?,
        mailbox: row.get(2)?,
        message_id: row.get(3)?,
        sent_at: row.get(4)?,
        refused: row.get(5)?,
        came: at.zip(came),
    })
}

impl Tx<'_> {
    /// All that are on record, the oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn practices(&mut self) -> Result<Vec<Practice>, StoreError> {
        Ok(self.rows(ALL, &[], read)?)
    }

    /// A practice mail could not be sent.
    ///
    /// # Errors
    /// A database error.
    pub fn practice_refused(&mut self, no: ParcelNo, why: &str) -> Result<(), StoreError> {
        self.run("UPDATE practice SET refused = ?2 WHERE no = ?1", args![no, why])?;
        Ok(())
    }

    pub(super) fn practices_named(&mut self, numbers: &[ParcelNo]) -> Result<Vec<Practice>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(NAMED, args![list(numbers)], read)?)
    }

    pub(super) fn practise(&mut self, new: &NewPractice) -> Result<(), StoreError> {
        self.run("DELETE FROM practice WHERE sent_at < ?1", args![new.at.plus(-KEPT_S)])?;
        self.run(
            "INSERT INTO practice (no, agent, mailbox, message_id, sent_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            args![new.no, &new.agent, &new.mailbox, &new.message_id, new.at],
        )?;
        Ok(())
    }

    pub(super) fn rehearsed(&mut self, no: ParcelNo, came: &Came, at: Time) -> Result<(), StoreError> {
        self.run("UPDATE practice SET came_at = ?2, came = ?3 WHERE no = ?1", args![no, at, json_text(came)])?;
        Ok(())
    }
}
