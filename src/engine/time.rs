//! What time brings to a batch: tickets that come back or close, and people who are to be told.

use std::collections::BTreeMap;

use crate::config::settings::{self, AcknowledgeWhen, Mode};
use crate::desk;
use crate::desk::alarm::Look;
use crate::engine::batch::{Batch, Done, fenced};
use crate::engine::clocks;
use crate::model::{Priority, Time};
use crate::plan::{Change, Clues, Notice};
use crate::sla::promise::{Expectation, expectation, recent_since};
use crate::store::{Blobs, StoreError, Tx};

/// Tickets that time moves in one batch.
const DUE_MAX: i64 = 50;
/// Tickets whose clocks are judged in one batch.
const LOOKS_MAX: i64 = 50;
/// Notices that are judged in one batch, each with a look-up of its own.
const NOTICES_MAX: i64 = 25;
/// Tickets in one list.
const LIST_MAX: i64 = 100;
/// What is known of how fast a mailbox answers is renewed so often.
const EXPECTATION_S: i64 = Time::HOUR;
/// So many answers say enough of it.
const ANSWERS_MAX: i64 = 300;
/// What could not be judged, by a fault of ours, is tried again so much later.
const AFTER_BUG_S: i64 = Time::HOUR;

impl Batch<'_> {
    /// After how many seconds an answered ticket may close by itself: the shortest of the targets that a mailbox can have.
    pub(super) fn close_pending_s(&self) -> BTreeMap<String, i64> {
        let shortest = |mailbox: &settings::Mailbox| {
            let slas = Priority::ALL.iter().filter_map(|p| self.settings.sla_of(mailbox, *p));
            slas.filter_map(|sla| sla.close_pending_s).min()
        };
        self.settings.mailboxes.iter().filter_map(|m| Some((m.name.clone(), shortest(m)?))).collect()
    }

    pub(super) fn time(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        self.expect(tx, now)?;
        self.move_tickets(tx, now, done)?;
        self.incidents(tx, now, done)?;
        self.tell(tx, now, done)?;
        self.look(tx, now, done)?;
        self.list(tx, now, done)?;
        self.robots(tx, now, done)
    }

    /// Robots' mails of one mailbox.
    fn robots(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let Some((mailbox, mails)) = tx.robots_due(now, LIST_MAX)? else { return Ok(()) };
        done.more_is_due = true;
        let told = fenced(tx, |tx| {
            let findings = tx.lookup(&Clues::default(), now)?;
            let changes = desk::robots_due(&mailbox, &mails, &findings, &self.rules(), now);
            tx.apply(&changes, &Blobs::new(), now)
        })?;
        if told.is_none() {
            tracing::error!("a bug: listing robots' mails failed");
            tx.quarantine_listed(&mails.iter().map(|m| m.no).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// How fast each mailbox has answered of late, for promises to customers.
    fn expect(&self, tx: &mut Tx<'_>, now: Time) -> Result<(), StoreError> {
        let acknowledge = &self.settings.acknowledge;
        if !acknowledge.promise || acknowledge.when == AcknowledgeWhen::Never {
            return Ok(());
        }
        for mailbox in self.settings.mailboxes.iter().filter(|m| m.mode == Mode::Desk) {
            let Some(calendar) = self.settings.calendar_of(mailbox) else { continue };
            if !tx.is_expectation_old(&mailbox.name, now.plus(-EXPECTATION_S))? {
                continue;
            }
            let since = recent_since(now);
            let seen = tx.first_answers(&mailbox.name, since, ANSWERS_MAX)?;
            let took: Vec<i64> = seen.answered.iter().map(|(asked, at)| calendar.between(*asked, *at)).collect();
            let waited: Vec<i64> = seen.waiting.iter().map(|at| calendar.between(*at, now)).collect();
            let first = seen.answered.iter().map(|(asked, _)| *asked).min().unwrap_or(now);
            let Expectation { open_s, most_waiting } =
                expectation(&took, &waited, calendar.between(first.max(since), now));
            tx.set_expectation(&mailbox.name, open_s, most_waiting, now)?;
        }
        Ok(())
    }

    fn move_tickets(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let findings = tx.due(now, &self.close_pending_s(), DUE_MAX)?;
        if findings.tickets.is_empty() {
            return Ok(());
        }
        let changed = fenced(tx, |tx| {
            let changes = desk::due(&findings, &self.rules(), now);
            tx.apply(&changes, &Blobs::new(), now)?;
            clocks::follow(tx, self.settings, &changes)?;
            Ok(!changes.is_empty())
        })?;
        match changed {
            Some(changed) => done.more_is_due |= changed,
            None => tracing::error!("a bug: judging tickets whose time has come failed"),
        }
        Ok(())
    }

    /// Clocks that may be near their target or past it.
    fn look(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        for ticket in tx.looks_due(now, LOOKS_MAX)? {
            done.more_is_due = true;
            let judged = fenced(tx, |tx| {
                if tx.is_silent(ticket)? {
                    return tx.apply(&[Change::LookAt { ticket, at: None }], &Blobs::new(), now);
                }
                let (findings, unanswered) = tx.look(ticket, now)?;
                let Some(facts) = findings.tickets.get(&ticket) else { return Ok(()) };
                let steps = clocks::steps(tx, ticket)?;
                let clocks = clocks::of(&steps, self.settings, &facts.mailbox, facts.priority, now);
                let promised_at = tx.promised(ticket)?;
                let look = Look { ticket, clocks: &clocks, unanswered: &unanswered, promised_at };
                let changes = desk::look(&look, &findings, &self.rules(), now);
                tx.apply(&changes, &Blobs::new(), now)
            })?;
            if judged.is_none() {
                tracing::error!(ticket = ticket.0, "a bug: judging the clocks of a ticket failed");
                tx.look_later(ticket, now.plus(AFTER_BUG_S))?;
            }
        }
        Ok(())
    }

    /// Notices that have waited for somebody's hours.
    fn tell(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        for notice in tx.notices_due(now, NOTICES_MAX)? {
            done.more_is_due = true;
            let told = fenced(tx, |tx| {
                let customer = tx.customer_address(notice.ticket)?;
                let mut findings = tx.about(std::slice::from_ref(&notice), customer.as_ref(), now)?;
                if let Some(said) = findings.said.get(&notice.message) {
                    findings.alike = tx.alike(&desk::canned::like::rare_words(&said.subject, &said.new_text))?;
                }
                let changes = desk::notice_due(&notice, &findings, &self.rules(), now);
                tx.apply(&changes, &Blobs::new(), now)
            })?;
            if told.is_none() {
                self.after_bug(tx, &[notice], now)?;
            }
        }
        Ok(())
    }

    /// One person's list.
    fn list(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let Some(list) = tx.list_due(now, LIST_MAX)? else { return Ok(()) };
        done.more_is_due = true;
        // What does not fit comes with the next list, and in the same order.
        let next = (list.more > 0).then(|| now.plus(self.settings.limits.gather_s));
        let told = fenced(tx, |tx| {
            let mut findings = tx.about(&list.notices, None, now)?;
            if !findings.incidents.is_empty() {
                findings.tallies = tx.incident_tallies(now, now.plus(1))?;
                findings.tallies.retain(|t| t.incident.ended_at.is_none());
            }
            let changes = desk::list_due(&list.notices, list.more, &findings, &self.rules(), now);
            tx.apply(&changes, &Blobs::new(), now)
        })?;
        match (told, next, list.notices.first()) {
            (None, _, _) => self.after_bug(tx, &list.notices, now)?,
            (Some(()), Some(next), Some(first)) => tx.postpone_list(&first.person, now, next)?,
            _ => {}
        }
        Ok(())
    }

    fn after_bug(&self, tx: &mut Tx<'_>, notices: &[Notice], now: Time) -> Result<(), StoreError> {
        tracing::error!("a bug: judging what somebody is to be told failed");
        notices.iter().try_for_each(|notice| tx.postpone(notice, now.plus(AFTER_BUG_S)))
    }
}
