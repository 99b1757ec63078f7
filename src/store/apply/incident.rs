//! Writes of incidents and of which tickets belong to them.

use super::super::db::args;
use super::super::text::{json_text, list};
use super::super::{StoreError, Tx};
use super::found;
use crate::model::{BulkNo, IncidentNo, MessageNo, TicketNo, Time};
use crate::plan::Incident;
use crate::plan::incident::Woken;

impl Tx<'_> {
    /// Fails where its number was given out before: the question that began it is settled but once.
    pub(super) fn new_incident(&mut self, new: &Incident) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO incident (no, name, tag, pattern, matter, mailboxes, mailbox, agent, epoch, started_at, until_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            args![
                new.no,
                &new.name,
                &new.tag,
                &new.pattern,
                json_text(&new.text),
                list(&new.mailboxes),
                &new.mailbox,
                &new.agent,
                new.epoch,
                new.started_at,
                new.until,
                new.ended_at,
            ],
        )?;
        Ok(())
    }

    /// A ticket that belongs to an incident stays with it as long as that is on.
    pub(super) fn link(
        &mut self,
        ticket: TicketNo,
        incident: IncidentNo,
        told: Option<MessageNo>,
        at: Time,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO linked (ticket, incident, at, message, quiet, replied_at) VALUES (?1, ?2, ?3, ?4, ?5, NULL)
             ON CONFLICT (ticket) DO UPDATE SET incident = excluded.incident, at = excluded.at, message = excluded.message,
                 quiet = excluded.quiet, replied_at = NULL
             WHERE (SELECT ended_at FROM incident WHERE no = linked.incident) IS NOT NULL",
            args![ticket, incident, at, told, told.is_some()],
        )?;
        Ok(())
    }

    pub(super) fn wake(&mut self, ticket: TicketNo, why: Woken, at: Time) -> Result<(), StoreError> {
        let replied = (why == Woken::Replied).then_some(at);
        self.run(
            "UPDATE linked SET quiet = 0, replied_at = coalesce(replied_at, ?2) WHERE ticket = ?1",
            args![ticket, replied],
        )?;
        Ok(())
    }

    pub(super) fn prolong_incident(&mut self, incident: IncidentNo, until: Time, epoch: i64) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE incident SET until_at = ?2, epoch = ?3 WHERE no = ?1 AND ended_at IS NULL",
            args![incident, until, epoch],
        )?;
        found(changed, "incident that is on", incident.0)
    }

    pub(super) fn end_incident(&mut self, incident: IncidentNo, at: Time) -> Result<(), StoreError> {
        let changed =
            self.run("UPDATE incident SET ended_at = ?2 WHERE no = ?1 AND ended_at IS NULL", args![incident, at])?;
        found(changed, "incident that is on", incident.0)
    }

    pub(super) fn answer_incident(&mut self, incident: IncidentNo, bulk: BulkNo) -> Result<(), StoreError> {
        let changed = self.run("UPDATE incident SET bulk = ?2 WHERE no = ?1", args![incident, bulk])?;
        found(changed, "incident", incident.0)
    }
}
