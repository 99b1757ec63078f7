//! What an export shows of the outbox and of what was set aside.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::db::args;
use super::super::text::list;
use super::super::{StoreError, Tx};
use crate::model::{LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, QuarantineNo, TicketNo, Time};

/// A mail of the desk to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostedRow {
    pub id: ParcelNo,
    pub ticket: Option<TicketNo>,
    pub kind: ParcelKind,
    pub state: ParcelState,
    /// Sent or given up; else made.
    pub at: Time,
    pub message_id: String,
}

impl Tx<'_> {
    /// These mails, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn posted(&mut self, parcels: &BTreeSet<ParcelNo>) -> Result<Vec<PostedRow>, StoreError> {
        let parcels: Vec<&ParcelNo> = parcels.iter().collect();
        Ok(self.rows(
            "SELECT no, ticket, kind, state, coalesce(settled_at, created_at), message_id FROM parcel
             WHERE no IN (SELECT value FROM json_each(?1)) ORDER BY no",
            args![list(&parcels)],
            |row| {
                Ok(PostedRow {
                    id: row.get(0)?,
                    ticket: row.get(1)?,
                    kind: row.get(2)?,
                    state: row.get(3)?,
                    at: row.get(4)?,
                    message_id: row.get(5)?,
                })
            },
        )?)
    }

    /// The answers of a ticket that left without us: their letters are the answers as they left.
    ///
    /// # Errors
    /// A database error.
    pub fn found_in_sent(&mut self, ticket: TicketNo) -> Result<BTreeSet<MessageNo>, StoreError> {
        let sql = "SELECT no FROM message WHERE ticket = ?1 AND found = 1 ORDER BY no";
        Ok(self.rows(sql, args![ticket], |row| row.get(0))?.into_iter().collect())
    }

    /// The raw letters behind what was set aside, and when.
    ///
    /// # Errors
    /// A database error.
    pub fn aside_letters(&mut self, aside: &BTreeSet<QuarantineNo>) -> Result<Vec<(Time, LetterNo)>, StoreError> {
        let aside: Vec<&QuarantineNo> = aside.iter().collect();
        Ok(self.rows(
            "SELECT at, letter FROM quarantine WHERE no IN (SELECT value FROM json_each(?1)) ORDER BY no",
            args![list(&aside)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?)
    }
}
