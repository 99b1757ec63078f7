//! What time brings to incidents: they end, and what is unanswered then joins the ordinary queue.

use crate::desk;
use crate::engine::batch::{Batch, Done, fenced};
use crate::engine::clocks;
use crate::model::Time;
use crate::plan::incident::{Wanted, Woken};
use crate::plan::{Change, Clues};
use crate::store::{Blobs, StoreError, Tx};

/// Tickets that join the queue in one batch, each with look-ups of its own. The rows are the work list: a restart loses none.
const WAKES_MAX: i64 = 25;

impl Batch<'_> {
    pub(super) fn incidents(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        for incident in tx.incidents_over(now)? {
            done.more_is_due = true;
            let ended = fenced(tx, |tx| {
                let found = tx.lookup(&Clues { incidents: Some(Wanted::Tallies), ..Clues::default() }, now)?;
                let Some(tally) = found.tallies.iter().find(|t| t.incident.no == incident.no) else { return Ok(()) };
                let changes = desk::incident::over(tally, &found, &self.rules(), now);
                tx.apply(&changes, &Blobs::new(), now)
            })?;
            if ended.is_none() {
                tracing::error!(incident = incident.no.0, "a bug: telling that an incident is over failed; it is over");
                tx.apply(&[Change::EndIncident { incident: incident.no, at: now }], &Blobs::new(), now)?;
            }
        }
        for ticket in tx.to_wake(WAKES_MAX)? {
            done.more_is_due = true;
            let woken = fenced(tx, |tx| {
                let (found, unanswered) = tx.look(ticket, now)?;
                let changes = desk::incident::rejoin(ticket, &unanswered, &found, &self.rules(), now);
                let earlier = self.earlier_attachments(tx, &[], &changes)?;
                let blobs = earlier.iter().map(|a| (a.sha256.clone(), a.data.as_slice())).collect();
                tx.apply(&changes, &blobs, now)?;
                clocks::follow(tx, self.settings, &changes)
            })?;
            if woken.is_none() {
                tracing::error!(ticket = ticket.0, "a bug: telling of a ticket whose incident is over failed");
                tx.apply(&[Change::Wake { ticket, why: Woken::Over, at: now }], &Blobs::new(), now)?;
            }
        }
        Ok(())
    }
}
