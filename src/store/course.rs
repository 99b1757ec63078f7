//! What happened on tickets, as far as clocks and figures care.

use std::collections::BTreeMap;

use super::db::{DbError, Row, args};
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{Address, Priority, State, TicketNo, Time};
use crate::plan::What;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    pub at: Time,
    pub word: StepWord,
    /// Who answered; who was assigned. `None` where it was nobody in particular.
    pub agent: Option<Address>,
}

/// What happened on a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWord {
    /// A customer's message that counts, at the time it was received.
    Customer,
    /// A person's answer that SMTP accepted, at that time. It stands where it was written: what stands behind it came later.
    Answer,
    /// An answer that left without us, at its own time.
    Found,
    /// Answered by telephone.
    Called,
    /// State changes.
    Open,
    Pending,
    Held,
    Closed,
    Reopened,
    /// Needs no answer.
    Done,
    Spam,
    /// Merged into another ticket.
    Merged,
    /// That ticket was merged into this one.
    Joined(TicketNo),
    Assigned,
    /// A mail of the ticket came back.
    Bounced,
}

// Which of the rows matter is decided below: asking SQLite for a word among others costs more a row than handing the row over.
pub(super) const MESSAGES: &str = "
    SELECT ticket, event, no, direction, found, at, accepted_at, agent FROM message
    WHERE ticket BETWEEN ?1 AND ?2 AND counts = 1
    ORDER BY ticket";

pub(super) const EVENTS: &str = "
    SELECT ticket, no, at, what, detail, actor FROM event WHERE ticket BETWEEN ?1 AND ?2 ORDER BY ticket, no";

/// So many steps a ticket has as a rule.
const USUAL: usize = 8;

/// Events stand by their number, messages behind the event that was the latest when they were written down.
type Place = (i64, bool, i64);
/// A step, where it belongs.
type Placed = (TicketNo, Place, StepRow);

fn read_message(row: &Row<'_>) -> Result<Option<Placed>, DbError> {
    let accepted_at = || row.get::<Option<Time>>(6);
    let (at, word) = match row.text(3)? {
        "in" => (Some(row.get(5)?), StepWord::Customer),
        "out" if row.get(4)? => (accepted_at()?, StepWord::Found),
        "out" => (accepted_at()?, StepWord::Answer),
        _ => return Ok(None),
    };
    let Some(at) = at else { return Ok(None) };
    let agent = if word == StepWord::Customer { None } else { row.get(7)? };
    Ok(Some((row.get(0)?, (row.get(1)?, true, row.get(2)?), StepRow { at, word, agent })))
}

fn read_event(row: &Row<'_>) -> Result<Option<Placed>, DbError> {
    let Some(word) = word(row.text(3)?, || row.text(4))? else { return Ok(None) };
    let named = match word {
        StepWord::Called => row.text(5)?,
        StepWord::Assigned => row.text(4)?,
        _ => "",
    };
    let agent = named.strip_prefix("agent:").and_then(Address::parse);
    let no = row.get(1)?;
    Ok(Some((row.get(0)?, (no, false, no), StepRow { at: row.get(2)?, word, agent })))
}

/// What an event's word means, if clocks or figures care.
fn word<'r>(what: &str, detail: impl FnOnce() -> Result<&'r str, DbError>) -> Result<Option<StepWord>, DbError> {
    const WORDS: &[(What, StepWord)] = &[
        (What::Closed, StepWord::Closed),
        (What::Pending, StepWord::Pending),
        (What::Open, StepWord::Open),
        (What::Reopened, StepWord::Reopened),
        (What::Held, StepWord::Held),
        (What::Called, StepWord::Called),
        (What::Done, StepWord::Done),
        (What::Spam, StepWord::Spam),
        (What::Assigned, StepWord::Assigned),
        (What::Bounced, StepWord::Bounced),
    ];
    if what == What::Merged.as_str() {
        let joined = detail()?.strip_prefix("from #").and_then(|n| n.parse().ok());
        return Ok(Some(joined.map_or(StepWord::Merged, |n| StepWord::Joined(TicketNo(n)))));
    }
    Ok(WORDS.iter().find(|(w, _)| w.as_str() == what).map(|(_, word)| *word))
}

impl Tx<'_> {
    /// What happened on a ticket, in the order in which it was written down; on it alone, not on those merged into it.
    ///
    /// # Errors
    /// A database error.
    pub fn course(&mut self, ticket: TicketNo) -> Result<Vec<StepRow>, StoreError> {
        Ok(self.courses(ticket, ticket)?.remove(&ticket).unwrap_or_default())
    }

    /// The same of all tickets from `first` to `last`.
    ///
    /// # Errors
    /// A database error.
    pub fn courses(&mut self, first: TicketNo, last: TicketNo) -> Result<BTreeMap<TicketNo, Vec<StepRow>>, StoreError> {
        let mut messages: Vec<Placed> = Vec::new();
        self.each(MESSAGES, args![first, last], |row| {
            messages.extend(read_message(row)?);
            Ok(())
        })?;
        // They come ticket by ticket.
        for of_ticket in messages.chunk_by_mut(|a, b| a.0 == b.0) {
            of_ticket.sort_by_key(|(_, place, _)| *place);
        }
        let mut messages = messages.into_iter().peekable();
        let mut courses: Vec<(TicketNo, Vec<StepRow>)> = Vec::new();
        let mut put = |(ticket, _, step): Placed| match courses.last_mut() {
            Some((last, steps)) if *last == ticket => steps.push(step),
            _ => {
                let mut steps = Vec::with_capacity(USUAL);
                steps.push(step);
                courses.push((ticket, steps));
            }
        };
        // Events come in order already.
        self.each(EVENTS, args![first, last], |row| {
            let Some(event) = read_event(row)? else { return Ok(()) };
            while let Some(message) = messages.next_if(|m| (m.0, m.1) < (event.0, event.1)) {
                put(message);
            }
            put(event);
            Ok(())
        })?;
        messages.for_each(put);
        Ok(courses.into_iter().collect())
    }

    /// Writes down what the steps of a ticket have come to: since when its customer waits, when the answer is due, when it is
    /// late, and when its clocks are to be looked at.
    ///
    /// # Errors
    /// A database error.
    pub fn set_clock(
        &mut self,
        ticket: TicketNo,
        since: Option<Time>,
        due: Option<Time>,
        late: Option<Time>,
        look: Option<Time>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE ticket SET waiting_since = ?2, due_at = ?3, late_at = ?4, look_at = ?5
             WHERE number = ?1 AND (waiting_since IS NOT ?2 OR due_at IS NOT ?3 OR late_at IS NOT ?4 OR look_at IS NOT ?5)",
            args![ticket, since, due, late, look],
        )?;
        Ok(())
    }
}

/// What tells by which calendar and targets a ticket is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub number: TicketNo,
    pub mailbox: String,
    pub priority: Priority,
    pub created_at: Time,
    /// Until when the customer was promised an answer.
    pub promised_at: Option<Time>,
    /// When the customer wants to be called.
    pub call_at: Option<Time>,
    /// Open, pending or held.
    pub is_live: bool,
}

pub(super) const HEADS: &str = "
    WITH RECURSIVE chain (number, survivor) AS (
        SELECT t.number, t.survivor FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value
        UNION SELECT t.number, t.survivor FROM chain JOIN ticket t ON t.number = chain.survivor)
    SELECT t.number, t.mailbox, t.priority, t.state, t.created_at, t.promised_at, t.call_at
    FROM chain CROSS JOIN ticket t ON t.number = chain.number ORDER BY t.number";
pub(super) const OPEN_HEADS: &str = "
    SELECT number, mailbox, priority, state, created_at, promised_at, call_at FROM ticket
    WHERE state IN ('open', 'pending', 'held') ORDER BY number";

fn read_head(row: &Row<'_>) -> Result<Head, DbError> {
    let state: State = row.get(3)?;
    Ok(Head {
        number: row.get(0)?,
        mailbox: row.get(1)?,
        priority: row.get(2)?,
        is_live: matches!(state, State::Open | State::Pending | State::Held),
        created_at: row.get(4)?,
        promised_at: row.get(5)?,
        call_at: row.get(6)?,
    })
}

impl Tx<'_> {
    /// These tickets, and those into which they were merged.
    ///
    /// # Errors
    /// A database error.
    pub fn heads(&mut self, numbers: &[TicketNo]) -> Result<Vec<Head>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(HEADS, args![list(numbers)], read_head)?)
    }

    /// All tickets that are open, pending or held.
    ///
    /// # Errors
    /// A database error.
    pub fn open_heads(&mut self) -> Result<Vec<Head>, StoreError> {
        Ok(self.rows(OPEN_HEADS, &[], read_head)?)
    }
}
