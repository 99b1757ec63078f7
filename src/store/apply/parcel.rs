//! Writes of the outbox: parcels, their bytes, and what became of each recipient.

use super::super::db::args;
use super::super::facts::{BORNE_BY_PARCEL, RecipientEntry};
use super::super::text::{id_hash, json_text, read_json};
use super::super::{StoreError, Tx};
use super::{Blobs, missing};
use crate::model::{Address, AskNo, ParcelKind, ParcelNo, ParcelState, RecipientState, Time};
use crate::plan::{KnownAsk, Matter, Parcel, Route, Segment, Sender};

/// Removes a blob that nothing names any more.
pub(super) const DROP_BLOB: &str =
    "DELETE FROM blob WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM blob_use WHERE blob = ?1)
    AND NOT EXISTS (SELECT 1 FROM ask_blob WHERE blob = ?1) AND NOT EXISTS (SELECT 1 FROM notice_blob WHERE blob = ?1)";

/// What went out once more is shown so long after it was sent.
pub(in crate::store) const SENT_AGAIN_SHOWN: i64 = Time::DAY;

const FORGET_SENT_AGAIN: &str = "
    DELETE FROM meta WHERE name >= 'sent_again:' AND name < 'sent_again;' AND NOT EXISTS (
        SELECT 1 FROM parcel WHERE no = CAST(substr(name, 12) AS INTEGER) AND (settled_at IS NULL OR settled_at > ?1))";

/// A segment as `parcel_bytes.layout` lists it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(in crate::store) enum Piece {
    /// So many of the own bytes.
    Own(usize),
    /// A blob's SHA-256.
    Blob(String),
}

pub(in crate::store) const fn route_word(route: Route) -> &'static str {
    match route {
        Route::Mailbox => "mailbox",
        Route::Notify => "notify",
    }
}

/// The part of a parcel's row that its state depends on.
struct Standing {
    kind: ParcelKind,
    state: ParcelState,
    recipients: Vec<RecipientEntry>,
    copy_due: bool,
}

impl Standing {
    fn waits(&self) -> bool {
        self.recipients.iter().any(|r| r.state() == Some(RecipientState::Waiting))
    }

    /// What follows where nobody waits any more.
    fn outcome(&self) -> ParcelState {
        let through =
            |r: &RecipientEntry| matches!(r.state(), Some(RecipientState::Accepted | RecipientState::Bounced));
        if self.recipients.iter().any(through) { ParcelState::Sent } else { ParcelState::Failed }
    }
}

impl Tx<'_> {
    pub(super) fn enqueue(&mut self, parcel: &Parcel, blobs: &Blobs<'_>) -> Result<(), StoreError> {
        if parcel.recipients.is_empty() {
            return Err(StoreError::Rejected(format!("parcel {} goes to nobody", parcel.no)));
        }
        let recipients: Vec<RecipientEntry> = parcel
            .recipients
            .iter()
            .map(|a| RecipientEntry {
                address: a.to_string(),
                state: RecipientState::Waiting.as_str().to_owned(),
                last_error: None,
            })
            .collect();
        let (sender, sender_or) = match &parcel.sender {
            Sender::Address(address) => (Some(address), None),
            Sender::Null { or } => (None, Some(or)),
        };
        let rank = ParcelKind::ALL.iter().position(|k| *k == parcel.kind).unwrap_or_default();
        self.run(
            "INSERT INTO parcel (no, kind, rank, state, ticket, message, agent, ask, mailbox, route, sender, sender_or, recipients,
             message_id, keep_in_sent, created_at, next_at, attempts)
             VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?16, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0)",
            args![
                parcel.no,
                parcel.kind,
                i64::try_from(rank).unwrap_or(i64::MAX),
                parcel.ticket,
                parcel.message,
                parcel.agent.as_ref(),
                &parcel.mailbox,
                route_word(parcel.route),
                sender,
                sender_or,
                json_text(&recipients),
                &parcel.message_id,
                parcel.keep_in_sent,
                parcel.created_at,
                parcel.not_before,
                parcel.ask,
            ],
        )?;
        self.run(
            "INSERT INTO ref (hash, role, no) VALUES (?1, ?2, ?3)",
            args![id_hash(&parcel.message_id), BORNE_BY_PARCEL, parcel.no],
        )?;
        self.keep_bytes(parcel, blobs)
    }

    fn keep_bytes(&mut self, parcel: &Parcel, blobs: &Blobs<'_>) -> Result<(), StoreError> {
        let mut layout = Vec::with_capacity(parcel.segments.len());
        let mut own = Vec::new();
        for segment in &parcel.segments {
            match segment {
                Segment::Bytes(bytes) => {
                    own.extend_from_slice(bytes);
                    layout.push(Piece::Own(bytes.len()));
                }
                Segment::Blob { sha256 } => layout.push(Piece::Blob(sha256.clone())),
            }
        }
        self.run(
            "INSERT INTO parcel_bytes (parcel, layout, bytes) VALUES (?1, ?2, ?3)",
            args![parcel.no, json_text(&layout), &own],
        )?;
        for piece in &layout {
            let Piece::Blob(sha256) = piece else { continue };
            let blob = self.keep_blob(sha256, blobs)?;
            self.run(
                "INSERT INTO blob_use (blob, parcel) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                args![blob, parcel.no],
            )?;
        }
        Ok(())
    }

    pub(super) fn keep_blob(&mut self, sha256: &str, blobs: &Blobs<'_>) -> Result<i64, StoreError> {
        let known = self.one("SELECT no FROM blob WHERE sha256 = ?1", args![sha256], |row| row.get(0))?;
        if let Some(no) = known {
            return Ok(no);
        }
        let Some(bytes) = blobs.get(sha256) else {
            return Err(StoreError::Rejected(format!("nobody has the attachment {sha256}")));
        };
        let sql = "INSERT INTO blob (sha256, bytes) VALUES (?1, ?2) RETURNING no";
        let no = self.one(sql, args![sha256, *bytes], |row| row.get(0))?;
        no.ok_or_else(|| StoreError::Rejected(format!("the attachment {sha256} was not kept")))
    }

    /// The bytes of a held answer's attachments, kept while it waits.
    pub(super) fn keep_held(&mut self, ask: &KnownAsk, blobs: &Blobs<'_>) -> Result<(), StoreError> {
        let Matter::Answer(held) = &ask.matter else { return Ok(()) };
        for attachment in &held.attachments {
            let blob = self.keep_blob(&attachment.sha256, blobs)?;
            self.run("INSERT INTO ask_blob (ask, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING", args![ask.no, blob])?;
        }
        Ok(())
    }

    /// What was kept for a held answer that will not be sent.
    pub(in crate::store) fn forget_held(&mut self, ask: AskNo) -> Result<(), StoreError> {
        let blobs: Vec<i64> =
            self.rows("DELETE FROM ask_blob WHERE ask = ?1 RETURNING blob", args![ask], |row| row.get(0))?;
        self.drop_blobs(&blobs)
    }

    /// Removes those of these blobs that nothing names any more.
    pub(in crate::store) fn drop_blobs(&mut self, blobs: &[i64]) -> Result<(), StoreError> {
        for &blob in blobs {
            self.run(DROP_BLOB, args![blob])?;
        }
        Ok(())
    }

    fn standing(&mut self, parcel: ParcelNo) -> Result<Standing, StoreError> {
        let found = self.one(
            "SELECT kind, state, recipients, keep_in_sent = 1 AND copied_at IS NULL FROM parcel WHERE no = ?1",
            args![parcel],
            |row| {
                Ok(Standing {
                    kind: row.get(0)?,
                    state: row.get(1)?,
                    recipients: read_json(row, 2)?,
                    copy_due: row.get(3)?,
                })
            },
        )?;
        found.ok_or_else(|| missing("parcel", parcel.0))
    }

    pub(super) fn set_recipient(
        &mut self,
        parcel: ParcelNo,
        address: &Address,
        state: RecipientState,
        error: Option<&str>,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut standing = self.standing(parcel)?;
        let Some(entry) = standing.recipients.iter_mut().find(|r| r.address == address.as_str()) else {
            return Err(StoreError::Rejected(format!("parcel {parcel} does not go to that address")));
        };
        state.as_str().clone_into(&mut entry.state);
        entry.last_error = error.map(str::to_owned);
        self.run(
            "UPDATE parcel SET recipients = ?2, last_error = coalesce(?3, last_error) WHERE no = ?1",
            args![parcel, json_text(&standing.recipients), error],
        )?;
        if !standing.waits() && matches!(standing.state, ParcelState::Queued | ParcelState::Claimed | ParcelState::Held)
        {
            let outcome = standing.outcome();
            self.run("UPDATE parcel SET state = ?2, settled_at = ?3 WHERE no = ?1", args![parcel, outcome, now])?;
            self.tidy(parcel, standing.kind, outcome, standing.copy_due)?;
        }
        Ok(())
    }

    pub(super) fn set_parcel(
        &mut self,
        parcel: ParcelNo,
        state: ParcelState,
        next_at: Option<Time>,
        attempts: i64,
        error: Option<&str>,
        at: Time,
    ) -> Result<(), StoreError> {
        let mut standing = self.standing(parcel)?;
        let mut state = state;
        match state {
            ParcelState::Failed if standing.waits() => {
                for entry in &mut standing.recipients {
                    if entry.state() == Some(RecipientState::Waiting) {
                        RecipientState::GivenUp.as_str().clone_into(&mut entry.state);
                    }
                }
                let recipients = json_text(&standing.recipients);
                self.run("UPDATE parcel SET recipients = ?2 WHERE no = ?1", args![parcel, recipients])?;
                state = standing.outcome();
            }
            ParcelState::Sent if standing.waits() => {
                return Err(StoreError::Rejected(format!("parcel {parcel} as sent while a recipient waits")));
            }
            ParcelState::Dropped => {}
            _ if !standing.waits() => state = standing.outcome(),
            _ => {}
        }
        let settled = matches!(state, ParcelState::Sent | ParcelState::Failed | ParcelState::Dropped);
        self.run(
            "UPDATE parcel SET state = ?2, next_at = coalesce(?3, next_at), attempts = ?4, last_error = coalesce(?5, last_error),
                 settled_at = CASE WHEN ?6 THEN coalesce(settled_at, ?7) END
             WHERE no = ?1",
            args![parcel, state, next_at, attempts, error, settled, at],
        )?;
        self.tidy(parcel, standing.kind, state, standing.copy_due)
    }

    /// Kept beside the parcel, whose last error is another after the next failure, until it was sent and shown for a day.
    pub(super) fn send_again(&mut self, parcel: ParcelNo, why: &str, at: Time) -> Result<(), StoreError> {
        // A try of which no result ever came has not been counted.
        self.run(
            "UPDATE parcel SET last_error = ?2, attempts = attempts + (state = 'claimed') WHERE no = ?1",
            args![parcel, why],
        )?;
        self.run(FORGET_SENT_AGAIN, args![at.plus(-SENT_AGAIN_SHOWN)])?;
        self.set_meta(&format!("sent_again:{}", parcel.0), Some(&at.unix().to_string()))
    }

    /// Lets go of the bytes of what is over and done with. Answers stay, as the record of what was sent; what failed may be tried
    /// again by hand.
    pub(in crate::store) fn tidy(
        &mut self,
        parcel: ParcelNo,
        kind: ParcelKind,
        state: ParcelState,
        copy_due: bool,
    ) -> Result<(), StoreError> {
        let over = match state {
            ParcelState::Sent => !copy_due,
            ParcelState::Dropped => true,
            _ => false,
        };
        if !over || matches!(kind, ParcelKind::Answer | ParcelKind::Bulk) {
            return Ok(());
        }
        self.run("DELETE FROM parcel_bytes WHERE parcel = ?1", args![parcel])?;
        let blobs: Vec<i64> =
            self.rows("SELECT blob FROM blob_use WHERE parcel = ?1 ORDER BY blob", args![parcel], |row| row.get(0))?;
        for blob in blobs {
            self.run("DELETE FROM blob_use WHERE blob = ?1 AND parcel = ?2", args![blob, parcel])?;
            self.run(DROP_BLOB, args![blob])?;
        }
        Ok(())
    }
}
