//! Writes of what people are to be told later, and of the pace at which they were told.

use super::super::db::args;
use super::super::text::{json_text, read_json};
use super::super::{StoreError, Tx};
use super::Blobs;
use super::parcel::DROP_BLOB;
use crate::model::{Address, MessageNo, NoticeKind, TicketNo, Time};
use crate::plan::Notice;

/// So many times are kept of each person: no limit looks further back.
const TIMES_KEPT: usize = 20;

impl Tx<'_> {
    pub(super) fn defer(&mut self, notice: &Notice, blobs: &Blobs<'_>) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO notice (person, kind, ticket, message, due_at, gathered, created_at, matter, attachments)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET due_at = excluded.due_at, gathered = excluded.gathered, matter = excluded.matter,
                 attachments = excluded.attachments",
            args![
                &notice.person,
                notice.kind,
                notice.ticket,
                notice.message,
                notice.due_at,
                notice.gathered,
                notice.created_at,
                &notice.matter,
                json_text(&notice.attachments),
            ],
        )?;
        for attachment in &notice.attachments {
            let blob = self.keep_blob(&attachment.sha256, blobs)?;
            self.run(
                "INSERT INTO notice_blob (message, blob) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                args![notice.message, blob],
            )?;
        }
        Ok(())
    }

    pub(super) fn forget_notice(
        &mut self,
        person: &Address,
        kind: NoticeKind,
        ticket: TicketNo,
        message: MessageNo,
    ) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM notice WHERE person = ?1 AND kind = ?2 AND ticket = ?3 AND message = ?4",
            args![person, kind, ticket, message],
        )?;
        self.forget_notice_blobs(message)
    }

    pub(super) fn forget_notices(&mut self, ticket: TicketNo) -> Result<(), StoreError> {
        let messages: Vec<MessageNo> =
            self.rows("DELETE FROM notice WHERE ticket = ?1 RETURNING message", args![ticket], |row| row.get(0))?;
        for message in messages {
            self.forget_notice_blobs(message)?;
        }
        Ok(())
    }

    /// The attachments of a message of which nobody is to be told any more.
    fn forget_notice_blobs(&mut self, message: MessageNo) -> Result<(), StoreError> {
        let blobs: Vec<i64> = self.rows(
            "DELETE FROM notice_blob WHERE message = ?1 AND NOT EXISTS (SELECT 1 FROM notice WHERE message = ?1) RETURNING blob",
            args![message],
            |row| row.get(0),
        )?;
        for blob in blobs {
            self.run(DROP_BLOB, args![blob])?;
        }
        Ok(())
    }

    pub(super) fn revive_notices(&mut self, person: &Address, now: Time) -> Result<(), StoreError> {
        self.run(
            "UPDATE notice SET due_at = ?2 WHERE person = ?1 AND kind = 'message' AND due_at IS NULL",
            args![person, now],
        )?;
        Ok(())
    }

    /// He is away, or back: what waits for him is judged anew.
    pub(super) fn judge_notices_anew(&mut self, person: &Address, now: Time) -> Result<(), StoreError> {
        self.run(
            "UPDATE notice SET due_at = ?2, gathered = 0 WHERE person = ?1 AND kind = 'message' AND due_at > ?2",
            args![person, now],
        )?;
        Ok(())
    }

    pub(super) fn notified(&mut self, person: &Address, kind: NoticeKind, at: Time) -> Result<(), StoreError> {
        let sql = match kind {
            NoticeKind::Message => "SELECT notified FROM agent WHERE address = ?1 AND notified IS NOT NULL",
            NoticeKind::Warning | NoticeKind::Breach => {
                "SELECT alarmed FROM agent WHERE address = ?1 AND alarmed IS NOT NULL"
            }
        };
        let mut times: Vec<i64> = self.one(sql, args![person], |row| read_json(row, 0))?.unwrap_or_default();
        times.push(at.unix());
        let times = json_text(&times.iter().skip(times.len().saturating_sub(TIMES_KEPT)).collect::<Vec<_>>());
        let sql = match kind {
            NoticeKind::Message => {
                "INSERT INTO agent (address, notified) VALUES (?1, ?2)
                 ON CONFLICT (address) DO UPDATE SET notified = excluded.notified"
            }
            NoticeKind::Warning | NoticeKind::Breach => {
                "INSERT INTO agent (address, alarmed) VALUES (?1, ?2)
                 ON CONFLICT (address) DO UPDATE SET alarmed = excluded.alarmed"
            }
        };
        self.run(sql, args![person, times])?;
        Ok(())
    }
}
