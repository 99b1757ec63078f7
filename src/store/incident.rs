//! Incidents: which are on, which tickets belong to them, and what customers wrote that might.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{DbError, Row, args};
use super::text::{list, read_json};
use super::{StoreError, Tx};
use crate::model::{TicketNo, Time};
use crate::plan::incident::{TEXTS_MAX, Wanted};
use crate::plan::{Findings, Incident, IncidentTally, Link, TicketText};

macro_rules! columns {
    () => {
        "i.no, i.name, i.tag, i.pattern, i.matter, i.mailboxes, i.mailbox, i.agent, i.epoch, i.started_at, i.until_at, i.ended_at, i.bulk"
    };
}

pub(super) const ON: &str =
    concat!("SELECT ", columns!(), " FROM incident i WHERE i.ended_at IS NULL ORDER BY i.started_at, i.no");

pub(super) const OVER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM incident i WHERE i.ended_at IS NULL AND i.until_at <= ?1 ORDER BY i.until_at, i.no"
);

pub(super) const NEXT: &str = "SELECT min(until_at) FROM incident WHERE ended_at IS NULL";

pub(super) const ANY_QUIET: &str = "SELECT 1 FROM linked WHERE quiet = 1 LIMIT 1";

pub(super) const LINKS: &str = "
    SELECT l.ticket, l.incident, i.name, l.message, l.quiet
    FROM json_each(?1) j CROSS JOIN linked l ON l.ticket = j.value JOIN incident i ON i.no = l.incident ORDER BY l.ticket";

/// Tickets that are still kept quiet though their incident is over, the longest waiting first; not as long as they are being answered.
pub(super) const TO_WAKE: &str = "
    SELECT l.ticket FROM linked l JOIN incident i ON i.no = l.incident JOIN ticket t ON t.number = l.ticket
    WHERE l.quiet = 1 AND i.ended_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM bulk b WHERE b.no = i.bulk AND b.state IN ('running', 'stopping'))
    ORDER BY t.due_at IS NULL, t.due_at, l.ticket LIMIT ?1";

/// How incidents stand that were on between two times.
pub(super) const TALLIES: &str = concat!(
    "SELECT ",
    columns!(),
    ", count(t.number), count(l.message), count(l.replied_at), count(*) FILTER (WHERE t.answers > 0), count(t.waiting_since),
     count(*) FILTER (WHERE l.quiet = 1 AND t.waiting_since IS NOT NULL)
     FROM incident i LEFT JOIN linked l ON l.incident = i.no LEFT JOIN ticket t ON t.number = l.ticket AND t.state <> 'merged'
     WHERE i.started_at < ?2 AND coalesce(i.ended_at, ?1) >= ?1 GROUP BY i.no ORDER BY i.started_at, i.no"
);

/// What waits, and what came of late; of each ticket what its customer wrote first and last.
pub(super) const TEXTS: &str = "
    SELECT t.number, t.mailbox, t.subject,
           (SELECT coalesce(m.new_text, m.text) FROM message m WHERE m.ticket = t.number AND m.direction = 'in' AND m.counts = 1
            ORDER BY m.no LIMIT 1),
           coalesce(b.new_text, b.text), t.state IN ('open', 'held') AND t.waiting_since IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM linked l JOIN incident i ON i.no = l.incident
                               WHERE l.ticket = t.number AND i.ended_at IS NULL)
    FROM ticket t JOIN message b ON b.no = t.last_in
    WHERE t.number IN (SELECT number FROM ticket WHERE state IN ('open', 'pending', 'held')
                       UNION SELECT number FROM ticket WHERE number > (SELECT max(number) - 300 FROM ticket))
        AND t.state NOT IN ('merged', 'spam')
    ORDER BY t.number DESC LIMIT ?1";

pub(super) const OF_TICKET: &str = "
    SELECT l.ticket, l.incident, i.name, l.message, l.quiet FROM linked l JOIN incident i ON i.no = l.incident WHERE l.ticket = ?1";

fn read_incident(row: &Row<'_>) -> Result<Incident, DbError> {
    Ok(Incident {
        no: row.get(0)?,
        name: row.get(1)?,
        tag: row.get(2)?,
        pattern: row.get(3)?,
        text: read_json(row, 4)?,
        mailboxes: read_json(row, 5)?,
        mailbox: row.get(6)?,
        agent: row.get(7)?,
        epoch: row.get(8)?,
        started_at: row.get(9)?,
        until: row.get(10)?,
        ended_at: row.get(11)?,
        bulk: row.get(12)?,
    })
}

fn read_link(row: &Row<'_>) -> Result<(TicketNo, Link), DbError> {
    let link = Link { incident: row.get(1)?, name: row.get(2)?, told: row.get(3)?, quiet: row.get(4)? };
    Ok((row.get(0)?, link))
}

impl Tx<'_> {
    /// What incidents have to do with the tickets found. Costs next to nothing where there are none.
    pub(super) fn find_incidents(
        &mut self,
        wanted: Option<Wanted>,
        now: Time,
        found: &mut Findings,
    ) -> Result<(), StoreError> {
        found.incidents = self.incidents_on()?;
        if !found.incidents.is_empty() || self.one(ANY_QUIET, &[], |_| Ok(()))?.is_some() {
            found.links = self.links_of(&found.tickets.keys().copied().collect())?;
        }
        if wanted.is_some() {
            found.tallies = self.incident_tallies(now, now.plus(1))?;
            found.tallies.retain(|t| t.incident.ended_at.is_none());
        }
        if wanted == Some(Wanted::Texts) {
            found.texts = self.rows(TEXTS, args![TEXTS_MAX], |row| {
                let (first, last): (Option<String>, String) = (row.get(3)?, row.get(4)?);
                let first = first.filter(|f| *f != last).map(|f| format!("{f}\n")).unwrap_or_default();
                Ok(TicketText {
                    ticket: row.get(0)?,
                    mailbox: row.get(1)?,
                    subject: row.get(2)?,
                    text: format!("{first}{last}"),
                    waits: row.get(5)?,
                })
            })?;
        }
        Ok(())
    }

    /// Incidents that are on, the oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn incidents_on(&mut self) -> Result<Vec<Incident>, StoreError> {
        Ok(self.rows(ON, &[], read_incident)?)
    }

    /// Incidents whose end has come and that nobody has ended yet.
    ///
    /// # Errors
    /// A database error.
    pub fn incidents_over(&mut self, now: Time) -> Result<Vec<Incident>, StoreError> {
        Ok(self.rows(OVER, args![now], read_incident)?)
    }

    /// How incidents stand that were on at some time from `from` up to but without `to`.
    ///
    /// # Errors
    /// A database error.
    pub fn incident_tallies(&mut self, from: Time, to: Time) -> Result<Vec<IncidentTally>, StoreError> {
        Ok(self.rows(TALLIES, args![from, to], |row| {
            Ok(IncidentTally {
                incident: read_incident(row)?,
                linked: row.get(13)?,
                told: row.get(14)?,
                replied: row.get(15)?,
                answered: row.get(16)?,
                waiting: row.get(17)?,
                quiet: row.get(18)?,
            })
        })?)
    }

    /// Tickets of incidents that are over and of which people are still to be told.
    ///
    /// # Errors
    /// A database error.
    pub fn to_wake(&mut self, limit: i64) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(TO_WAKE, args![limit], |row| row.get(0))?)
    }

    /// Whether there are any.
    ///
    /// # Errors
    /// A database error.
    pub fn has_to_wake(&mut self) -> Result<bool, StoreError> {
        Ok(self.one(ANY_QUIET, &[], |_| Ok(()))?.is_some() && !self.to_wake(1)?.is_empty())
    }

    /// To which incident a ticket belongs.
    ///
    /// # Errors
    /// A database error.
    pub fn incident_of(&mut self, ticket: TicketNo) -> Result<Option<Link>, StoreError> {
        Ok(self.one(OF_TICKET, args![ticket], read_link)?.map(|(_, link)| link))
    }

    fn links_of(&mut self, tickets: &BTreeSet<TicketNo>) -> Result<BTreeMap<TicketNo, Link>, StoreError> {
        if tickets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let tickets: Vec<TicketNo> = tickets.iter().copied().collect();
        Ok(self.rows(LINKS, args![list(&tickets)], read_link)?.into_iter().collect())
    }

    /// When the next incident ends; in the past while there are tickets to wake.
    pub(super) fn next_incident(&mut self) -> Result<Option<Time>, StoreError> {
        if self.has_to_wake()? {
            return Ok(Some(Time::from_unix(0)));
        }
        Ok(self.one(NEXT, &[], |row| row.get(0))?.flatten())
    }
}
