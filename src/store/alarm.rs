//! Clocks that are to be looked at: which, and what is known of their tickets.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::{MessageNo, TicketNo, Time};
use crate::plan::{Alarm, Clues, Findings};

pub(super) const LOOKS: &str = "SELECT number FROM ticket WHERE look_at <= ?1 ORDER BY look_at, number LIMIT ?2";
pub(super) const NEXT: &str = "SELECT min(look_at) FROM ticket WHERE look_at IS NOT NULL";

/// Whether what the customer waits for was imported, or lay there before svar looked: nobody is alarmed about that.
pub(super) const SILENT: &str = "
    SELECT coalesce(l.channel, t.channel) = 'import' OR coalesce(l.old, 0) = 1
    FROM ticket t JOIN message m ON m.ticket = t.number LEFT JOIN letter l ON l.no = m.letter
    WHERE t.number = ?1 AND m.direction = 'in' AND m.counts = 1 AND m.at >= coalesce(t.waiting_since, t.created_at)
    ORDER BY m.at, m.no LIMIT 1";

/// What a customer has written since she waits.
pub(super) const UNANSWERED: &str = "
    SELECT no FROM message WHERE ticket = ?1 AND direction = 'in' AND counts = 1 AND at >= ?2 ORDER BY at, no LIMIT 5";

pub(super) const ALARMS: &str =
    "SELECT wait, started_at, stage, person FROM alarm WHERE ticket = ?1 ORDER BY started_at, wait, stage";

impl Tx<'_> {
    /// Tickets whose clocks are to be looked at, the longest due first. Costs what is due, however many there are besides.
    ///
    /// # Errors
    /// A database error.
    pub fn looks_due(&mut self, now: Time, limit: i64) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(LOOKS, args![now, limit], |row| row.get(0))?)
    }

    /// Whether nobody is to be alarmed about this ticket, whatever its clocks show.
    ///
    /// # Errors
    /// A database error.
    pub fn is_silent(&mut self, ticket: TicketNo) -> Result<bool, StoreError> {
        Ok(self.one(SILENT, args![ticket], |row| row.get::<bool>(0))?.unwrap_or(false))
    }

    /// What must be known to judge the clocks of a ticket, and what its customer has written since she waits, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn look(&mut self, ticket: TicketNo, now: Time) -> Result<(Findings, Vec<MessageNo>), StoreError> {
        let customer = self.customer_address(ticket)?;
        let clues = Clues { numbers: vec![ticket], people: customer.into_iter().collect(), ..Clues::default() };
        let mut found = self.lookup(&clues, now)?;
        found.alarms = self.rows(ALARMS, args![ticket], |row| {
            Ok(Alarm { wait: row.get(0)?, started_at: row.get(1)?, stage: row.get(2)?, person: row.get(3)? })
        })?;
        let since = found.tickets.get(&ticket).and_then(|t| t.waiting_since);
        let unanswered: Vec<MessageNo> = match since {
            Some(since) => self.rows(UNANSWERED, args![ticket, since], |row| row.get(0))?,
            None => Vec::new(),
        };
        let others = unanswered.iter().copied().filter(|m| !found.said.contains_key(m)).collect();
        let others = self.said_by(&others)?;
        found.said.extend(others);
        Ok((found, unanswered))
    }

    pub(super) fn look_at(&mut self, ticket: TicketNo, at: Option<Time>) -> Result<(), StoreError> {
        self.run("UPDATE ticket SET look_at = ?2 WHERE number = ?1", args![ticket, at])?;
        Ok(())
    }

    pub(super) fn alarmed(&mut self, ticket: TicketNo, alarm: &Alarm, at: Time) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO alarm (ticket, wait, started_at, stage, person, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            args![ticket, alarm.wait, alarm.started_at, alarm.stage, alarm.person.as_ref(), at],
        )?;
        Ok(())
    }

    /// What was raised about a ticket that is merged away counts for its survivor.
    pub(super) fn inherit_alarms(&mut self, from: TicketNo, survivor: TicketNo) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO alarm (ticket, wait, started_at, stage, person, at)
             SELECT ?2, wait, started_at, stage, person, at FROM alarm WHERE ticket = ?1 ON CONFLICT DO NOTHING",
            args![from, survivor],
        )?;
        Ok(())
    }

    /// When clocks are to be looked at next.
    pub(super) fn next_look(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.one(NEXT, &[], |row| row.get(0))?.flatten())
    }

    /// The clocks of a ticket could not be judged: tries again later.
    ///
    /// # Errors
    /// A database error.
    pub fn look_later(&mut self, ticket: TicketNo, at: Time) -> Result<(), StoreError> {
        self.look_at(ticket, Some(at))
    }
}
