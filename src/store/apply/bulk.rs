//! Writes of bulks: what is wanted, how far it has come, and where each of its tickets stands.

use super::super::db::args;
use super::super::text::{json_text, list};
use super::super::{StoreError, Tx};
use super::found;
use crate::model::{AskNo, BulkNo, BulkState, BulkStep, MessageNo, ParcelNo, State, TicketNo, Time};
use crate::plan::NewBulk;

/// The ticket of the same customer on which she wrote last, among those that are still to get the mail.
pub(in crate::store) const HEIR: &str = "
    SELECT ticket FROM bulk_ticket WHERE bulk = ?1 AND leader = ?2 AND ticket <> ?2 AND step IN ('found', 'ready', 'joined')
    ORDER BY last_in DESC, ticket DESC LIMIT 1";

impl Tx<'_> {
    pub(super) fn new_bulk(&mut self, new: &NewBulk) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO bulk (no, state, agent, actor, mailbox, mailboxes, query, subject, matter, answers, created_at, why)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, '')",
            args![
                new.no,
                BulkState::Wanted,
                new.agent.as_ref(),
                &new.actor,
                &new.mailbox,
                list(&new.mailboxes),
                &new.query,
                &new.subject,
                json_text(&new.text),
                new.answers,
                new.at,
            ],
        )?;
        Ok(())
    }

    pub(super) fn set_bulk(&mut self, bulk: BulkNo, state: BulkState, why: &str, at: Time) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE bulk SET state = ?2, why = CASE ?3 WHEN '' THEN why ELSE ?3 END,
                 started_at = CASE WHEN ?4 THEN coalesce(started_at, ?6) ELSE started_at END,
                 ended_at = CASE WHEN ?5 THEN coalesce(ended_at, ?6) END
             WHERE no = ?1",
            args![
                bulk,
                state,
                why,
                state == BulkState::Running,
                matches!(state, BulkState::Over | BulkState::Dropped),
                at
            ],
        )?;
        if state == BulkState::Dropped {
            self.run("DELETE FROM bulk_ticket WHERE bulk = ?1", args![bulk])?;
        }
        found(changed, "bulk", bulk.0)
    }

    pub(super) fn ask_bulk(&mut self, bulk: BulkNo, ask: AskNo) -> Result<(), StoreError> {
        let changed = self.run("UPDATE bulk SET ask = ?2 WHERE no = ?1", args![bulk, ask])?;
        found(changed, "bulk", bulk.0)
    }

    /// Where a ticket is left out that was to get the mail for others of the same customer, the next of them gets it.
    pub(super) fn bulk_step(
        &mut self,
        bulk: BulkNo,
        ticket: TicketNo,
        step: BulkStep,
        why: &str,
        language: &str,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE bulk_ticket SET step = ?3, why = ?4, language = CASE ?5 WHEN '' THEN language ELSE ?5 END
             WHERE bulk = ?1 AND ticket = ?2",
            args![bulk, ticket, step, why, language],
        )?;
        found(changed, "ticket of the bulk", ticket.0)?;
        if step != BulkStep::LeftOut {
            return Ok(());
        }
        let heir: Option<TicketNo> = self.one(HEIR, args![bulk, ticket], |row| row.get(0))?;
        let Some(heir) = heir else { return Ok(()) };
        self.run(
            "UPDATE bulk_ticket SET leader = ?3
             WHERE bulk = ?1 AND leader = ?2 AND ticket <> ?2 AND step IN ('found', 'ready', 'joined')",
            args![bulk, ticket, heir],
        )?;
        self.run(
            "UPDATE bulk_ticket
             SET step = CASE WHEN (SELECT b.state FROM bulk b WHERE b.no = ?1) = 'running' THEN 'ready' ELSE 'found' END
             WHERE bulk = ?1 AND ticket = ?2",
            args![bulk, heir],
        )?;
        Ok(())
    }

    pub(super) fn bulk_queued(
        &mut self,
        bulk: BulkNo,
        ticket: TicketNo,
        mail: (MessageNo, ParcelNo),
        left_in: State,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE bulk_ticket SET step = ?3, message = ?4, parcel = ?5, left_in = ?6 WHERE bulk = ?1 AND ticket = ?2",
            args![bulk, ticket, BulkStep::Queued, mail.0, mail.1, left_in],
        )?;
        found(changed, "ticket of the bulk", ticket.0)
    }

    /// A mail that failed may be tried again by hand.
    pub(in crate::store) fn bulk_settled(&mut self, parcel: ParcelNo, step: BulkStep) -> Result<(), StoreError> {
        self.run(
            "UPDATE bulk_ticket SET step = ?2 WHERE parcel = ?1 AND step IN ('queued', 'failed')",
            args![parcel, step],
        )?;
        Ok(())
    }
}
