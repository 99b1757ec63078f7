//! Bulks as they stand: which are under way, which of their tickets are next, which have changed since they were shown.

use super::db::{DbError, Row, args};
use super::text::{list, read_json, read_party};
use super::{Query, StoreError, Tx};
use crate::model::{BulkNo, BulkState, BulkStep, State, TicketNo, Time};
use crate::plan::{BulkCounts, BulkFacts, BulkLine, BulkTicket};

pub(super) const OPEN: &str = "
    SELECT no FROM bulk WHERE state IN ('wanted', 'checked', 'asked', 'running', 'stopping') ORDER BY no LIMIT 50";

pub(super) const COUNTS: &str = "
    SELECT step, count(*), count(parcel) FROM bulk_ticket WHERE bulk = ?1 GROUP BY step ORDER BY step";

pub(super) const COUNT_STEP: &str = "SELECT count(*) FROM bulk_ticket WHERE bulk = ?1 AND step = ?2";

pub(super) const STEP: &str = "
    SELECT b.ticket, b.leader, b.step, b.why, b.state, b.serial, b.last_in, b.last_answer, b.message, b.parcel,
           (SELECT p.state FROM parcel p WHERE p.no = b.parcel)
    FROM bulk_ticket b WHERE b.bulk = ?1 AND b.step = ?2 AND b.ticket > ?3 ORDER BY b.ticket LIMIT ?4";

/// Mails that still wait in the outbox though their ticket is not as it was when they were written.
pub(super) const CHANGED: &str = "
    SELECT b.ticket, b.leader, b.step, b.why, b.state, b.serial, b.last_in, b.last_answer, b.message, b.parcel, p.state
    FROM bulk_ticket b CROSS JOIN ticket t ON t.number = b.ticket CROSS JOIN parcel p ON p.no = b.parcel
         CROSS JOIN message m ON m.no = b.message
    WHERE b.bulk = ?1 AND b.step = 'queued' AND p.state = 'queued' AND m.accepted_at IS NULL
        AND (t.last_in IS NOT b.last_in OR t.state <> b.left_in OR t.serial <> b.serial
             OR t.last_answer IS NOT CASE m.direction WHEN 'out' THEN b.message ELSE b.last_answer END)
    ORDER BY b.ticket LIMIT ?2";

/// Tickets of customers whose one mail, on another ticket, has come to an end.
pub(super) const FOLLOWERS: &str = "
    SELECT b.ticket, b.leader, l.step, l.why, b.state, b.serial, b.last_in, b.last_answer, l.message, l.parcel, NULL
    FROM bulk_ticket b CROSS JOIN bulk_ticket l ON l.bulk = b.bulk AND l.ticket = b.leader
    WHERE b.bulk = ?1 AND b.step = 'joined' AND l.step IN ('sent', 'failed', 'stopped', 'left-out')
    ORDER BY b.ticket LIMIT ?2";

pub(super) const LINES: &str = "
    SELECT b.ticket, b.leader, b.step, b.why, t.subject, t.customer_name, t.customer_address
    FROM bulk_ticket b CROSS JOIN ticket t ON t.number = b.ticket
    WHERE b.bulk = ?1 AND b.step = ?2 ORDER BY b.ticket LIMIT ?3";

pub(super) const LANGUAGES: &str = "
    SELECT language, min(ticket) FROM bulk_ticket WHERE bulk = ?1 AND step = 'ready' GROUP BY language ORDER BY min(ticket) LIMIT ?2";

pub(super) const LISTED: &str = "
    SELECT b.ticket FROM json_each(?2) j CROSS JOIN bulk_ticket b ON b.bulk = ?1 AND b.ticket = j.value
    WHERE b.step IN ('found', 'ready', 'joined') ORDER BY b.ticket";

const FACTS: &str = "
    SELECT no, state, agent, actor, mailbox, mailboxes, query, subject, matter, answers, ask, created_at, started_at, ended_at, why
    FROM bulk WHERE no = ?1";

fn read_facts(row: &Row<'_>) -> Result<BulkFacts, DbError> {
    Ok(BulkFacts {
        no: row.get(0)?,
        state: row.get(1)?,
        agent: row.get(2)?,
        actor: row.get(3)?,
        mailbox: row.get(4)?,
        mailboxes: read_json(row, 5)?,
        query: row.get(6)?,
        subject: row.get(7)?,
        text: read_json(row, 8)?,
        answers: row.get(9)?,
        ask: row.get(10)?,
        created_at: row.get(11)?,
        started_at: row.get(12)?,
        ended_at: row.get(13)?,
        why: row.get(14)?,
        counts: BulkCounts::default(),
    })
}

fn read_ticket(row: &Row<'_>) -> Result<BulkTicket, DbError> {
    Ok(BulkTicket {
        ticket: row.get(0)?,
        leader: row.get(1)?,
        step: row.get(2)?,
        why: row.get(3)?,
        state: row.get(4)?,
        serial: row.get(5)?,
        last_in: row.get(6)?,
        last_answer: row.get(7)?,
        message: row.get(8)?,
        parcel: row.get(9)?,
        parcel_state: row.get(10)?,
    })
}

impl Tx<'_> {
    /// What is known of a bulk, with how many tickets stand where.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk(&mut self, bulk: BulkNo) -> Result<Option<BulkFacts>, StoreError> {
        let Some(mut facts) = self.one(FACTS, args![bulk], read_facts)? else { return Ok(None) };
        let counts = self.rows(COUNTS, args![bulk], |row| Ok((row.get::<BulkStep>(0)?, row.get(1)?, row.get(2)?)))?;
        for (step, n, mails) in counts {
            facts.counts.set(step, n);
            if step == BulkStep::Sent {
                facts.counts.mails = mails;
            }
        }
        Ok(Some(facts))
    }

    /// Bulks that are not over, the oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn open_bulks(&mut self) -> Result<Vec<BulkFacts>, StoreError> {
        let numbers: Vec<BulkNo> = self.rows(OPEN, &[], |row| row.get(0))?;
        let mut open = Vec::with_capacity(numbers.len());
        for no in numbers {
            open.extend(self.one(FACTS, args![no], read_facts)?);
        }
        Ok(open)
    }

    /// How many tickets of it stand there.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_count(&mut self, bulk: BulkNo, step: BulkStep) -> Result<i64, StoreError> {
        Ok(self.one(COUNT_STEP, args![bulk, step], |row| row.get(0))?.unwrap_or(0))
    }

    /// Writes down the tickets that `query` means in these mailboxes, each as it is now; of one customer's tickets the one on which
    /// she wrote last is to get the mail. Never spam or what is merged; closed ones where `query` asks for them. How many there are;
    /// with more than `most` none are written down.
    ///
    /// # Errors
    /// A database error.
    pub fn fill_bulk(&mut self, bulk: &BulkFacts, query: &Query, now: Time, most: i64) -> Result<i64, StoreError> {
        let (condition, mut args) = query.condition(now);
        let first = args.len() + 1;
        args.push(list(&bulk.mailboxes).into());
        args.push(query.asks_for(State::Closed).into());
        let which = format!(
            "FROM ticket t WHERE {condition} AND t.mailbox IN (SELECT value FROM json_each(?{first}))
                 AND t.state NOT IN ('spam', 'merged') AND (t.state <> 'closed' OR ?{})",
            first + 1
        );
        let count: i64 = self.one(&format!("SELECT count(*) {which}"), &args, |row| row.get(0))?.unwrap_or_default();
        if count == 0 || count > most {
            return Ok(count);
        }
        args.push(bulk.no.into());
        self.run(
            &format!(
                "INSERT INTO bulk_ticket (bulk, ticket, leader, step, why, language, state, serial, last_in, last_answer)
                 SELECT ?{}, t.number,
                        first_value(t.number) OVER (PARTITION BY coalesce(t.customer, -t.number)
                                                    ORDER BY t.last_in DESC, t.number DESC),
                        'found', '', '', t.state, t.serial, t.last_in, t.last_answer {which}",
                first + 2
            ),
            &args,
        )?;
        Ok(count)
    }

    /// Tickets of it that stand there, by number, beyond `after`.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_tickets(
        &mut self,
        bulk: BulkNo,
        step: BulkStep,
        after: TicketNo,
        limit: i64,
    ) -> Result<Vec<BulkTicket>, StoreError> {
        Ok(self.rows(STEP, args![bulk, step, after, limit], read_ticket)?)
    }

    /// Mails of it that wait though their ticket has changed since.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_changed(&mut self, bulk: BulkNo, limit: i64) -> Result<Vec<BulkTicket>, StoreError> {
        Ok(self.rows(CHANGED, args![bulk, limit], read_ticket)?)
    }

    /// Tickets whose customer's one mail has come to an end on another; step, message and parcel are that one's.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_followers(&mut self, bulk: BulkNo, limit: i64) -> Result<Vec<BulkTicket>, StoreError> {
        Ok(self.rows(FOLLOWERS, args![bulk, limit], read_ticket)?)
    }

    /// Tickets of it that stand there, for people.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_lines(&mut self, bulk: BulkNo, step: BulkStep, limit: i64) -> Result<Vec<BulkLine>, StoreError> {
        Ok(self.rows(LINES, args![bulk, step, limit], |row| {
            Ok(BulkLine {
                ticket: row.get(0)?,
                leader: row.get(1)?,
                step: row.get(2)?,
                why: row.get(3)?,
                subject: row.get(4)?,
                customer: read_party(row, 5, 6)?,
            })
        })?)
    }

    /// The languages in which its customers are spoken to, each with a ticket for a sample.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_languages(&mut self, bulk: BulkNo, limit: i64) -> Result<Vec<(String, TicketNo)>, StoreError> {
        Ok(self.rows(LANGUAGES, args![bulk, limit], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Which of `numbers` are still to get its mail, or to be answered by it.
    pub(super) fn bulk_listed(&mut self, bulk: BulkNo, numbers: &[TicketNo]) -> Result<Vec<TicketNo>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(LISTED, args![bulk, list(numbers)], |row| row.get(0))?)
    }

    /// All that was not written yet stays here.
    ///
    /// # Errors
    /// A database error.
    pub fn stop_bulk(&mut self, bulk: BulkNo) -> Result<usize, StoreError> {
        let sql = "UPDATE bulk_ticket SET step = ?2 WHERE bulk = ?1 AND step IN ('found', 'ready')";
        Ok(self.run(sql, args![bulk, BulkStep::Stopped])?)
    }

    /// One that was only looked at leaves nothing behind.
    ///
    /// # Errors
    /// A database error.
    pub fn forget_bulk(&mut self, bulk: BulkNo) -> Result<(), StoreError> {
        self.run("DELETE FROM bulk WHERE no = ?1 AND state = 'dropped' AND ask IS NULL", args![bulk])?;
        Ok(())
    }

    /// The newest bulks, for people.
    ///
    /// # Errors
    /// A database error.
    pub fn newest_bulks(&mut self, limit: i64) -> Result<Vec<BulkFacts>, StoreError> {
        let numbers: Vec<BulkNo> =
            self.rows("SELECT no FROM bulk ORDER BY no DESC LIMIT ?1", args![limit], |row| row.get(0))?;
        let mut all = Vec::new();
        for no in numbers {
            all.extend(self.bulk(no)?.filter(|b| b.state != BulkState::Dropped));
        }
        Ok(all)
    }
}
