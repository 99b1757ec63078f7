//! What figures are made of: the tickets that touch a period, found by index and read in slices.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::course::{StepRow, StepWord};
use super::db::{Row, args};
use super::text::list;
use super::{Role, Store, StoreError, Tx};
use crate::model::{Address, CustomerNo, Priority, State, TicketNo, Time};

/// Mail may be read so much later than it came: a ticket opened so long after the period may hold a message of it.
const READ_LATE_S: i64 = 7 * Time::DAY;
/// So many tickets are read in one view of the database.
const SLICE: usize = 1000;
/// Tickets between two wanted ones that are read along rather than stepped over.
const GAP: i64 = 16;

/// Which tickets are wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// From here …
    pub from: Time,
    /// … up to but without this.
    pub to: Time,
    /// `None`: all.
    pub mailbox: Option<&'a str>,
    /// `[mystery]`: test customers.
    pub mystery: &'a BTreeSet<Address>,
}

/// A ticket as figures need it, without what happened on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiguresRow {
    pub number: TicketNo,
    pub mailbox: String,
    pub priority: Priority,
    pub subject: String,
    pub state: State,
    pub mystery: bool,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub assignee: Option<Address>,
}

/// Tickets in the order of their numbers, and what happened on them and on those merged into them.
#[derive(Clone, Debug, Default)]
pub struct Courses {
    pub tickets: Vec<FiguresRow>,
    pub steps: BTreeMap<TicketNo, Vec<StepRow>>,
}

/// Those that are still open. One that was opened after the period may be among them.
pub(super) const OPEN: &str = "
    SELECT number FROM ticket WHERE state IN ('open', 'pending', 'held') AND created_at < ?1 AND (?2 IS NULL OR mailbox = ?2)
    ORDER BY number";
/// Those that are over, on which something happened in the period or later.
pub(super) const OVER: &str = "
    SELECT number, survivor FROM ticket
    WHERE state IN ('closed', 'spam', 'merged') AND updated_at >= ?3 AND created_at < ?1 AND (?2 IS NULL OR mailbox = ?2)
    ORDER BY updated_at, created_at, mailbox, survivor, number";
pub(super) const ROWS: &str = "
    SELECT number, mailbox, priority, subject, state, customer, customer_address, created_at, assignee FROM ticket
    WHERE number BETWEEN ?1 AND ?2 ORDER BY number";
pub(super) const TAGS: &str = "SELECT ticket, tag FROM tag WHERE ticket BETWEEN ?1 AND ?2 ORDER BY ticket, tag";
pub(super) const CUSTOMERS: &str = "
    SELECT a.customer FROM json_each(?1) j CROSS JOIN address a ON a.address = j.value WHERE a.customer IS NOT NULL ORDER BY a.customer";
pub(super) const MERGED: &str = "
    WITH RECURSIVE joined (number) AS (
        SELECT t.number FROM json_each(?1) j CROSS JOIN ticket t ON t.survivor = j.value
        UNION SELECT t.number FROM joined JOIN ticket t ON t.survivor = joined.number)
    SELECT number FROM joined ORDER BY number";

/// Which tickets are to be read, by number.
#[derive(Debug)]
pub struct Way {
    numbers: Vec<TicketNo>,
    /// Test customers among them.
    customers: BTreeSet<CustomerNo>,
}

impl Way {
    /// How many tickets there are.
    #[must_use]
    pub fn tickets(&self) -> usize {
        self.numbers.len()
    }

    /// What is read in one view of the database at a time. Tickets go up from slice to slice.
    #[must_use]
    pub fn slices(&self) -> Vec<&[TicketNo]> {
        runs(&self.numbers)
    }
}

impl Store {
    /// The tickets on which something happened in that time, or that were open then. None is among them that was over before.
    ///
    /// # Errors
    /// A database error.
    pub fn way(&mut self, wanted: &Wanted<'_>) -> Result<Way, StoreError> {
        self.read(|tx| Ok(Way { numbers: tx.touching(wanted)?, customers: tx.customers(wanted.mystery)? }))
    }

    /// One of the slices of `way`. No view of the database is held for longer than that.
    ///
    /// # Errors
    /// A database error.
    pub fn slice(&mut self, wanted: &Wanted<'_>, way: &Way, run: &[TicketNo]) -> Result<Courses, StoreError> {
        self.read(|tx| tx.read_run(run, wanted.mystery, &way.customers))
    }

    /// Another connection to the same file, to read beside this one. `None`: it is in memory, or cannot be opened a second time.
    #[must_use]
    pub fn another_reader(&self) -> Option<Self> {
        Self::open(self.path()?, Role::Reader).ok()
    }
}

/// Numbers in order, split where it is cheaper to begin anew.
fn runs(numbers: &[TicketNo]) -> Vec<&[TicketNo]> {
    let near = numbers.chunk_by(|a, b| b.0 - a.0 <= GAP);
    near.flat_map(|run| run.chunks(SLICE)).collect()
}

impl Tx<'_> {
    fn touching(&mut self, wanted: &Wanted<'_>) -> Result<Vec<TicketNo>, StoreError> {
        let before = wanted.to.plus(READ_LATE_S);
        let mut numbers = self.rows(OPEN, args![before, wanted.mailbox], |row| row.get::<TicketNo>(0))?;
        let read = |row: &Row<'_>| Ok((row.get::<TicketNo>(0)?, row.get::<Option<TicketNo>>(1)?));
        let over = self.rows(OVER, args![before, wanted.mailbox, wanted.from], read)?;
        let survivors: Vec<TicketNo> = over.iter().filter_map(|(_, survivor)| *survivor).collect();
        numbers.extend(over.iter().map(|(number, _)| *number));
        // What waited on a merged ticket in that time is its survivor's wait, even if that was opened later.
        numbers.extend(self.heads(&survivors)?.into_iter().map(|head| head.number));
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn customers(&mut self, addresses: &BTreeSet<Address>) -> Result<BTreeSet<CustomerNo>, StoreError> {
        let addresses: Vec<&Address> = addresses.iter().collect();
        Ok(self.rows(CUSTOMERS, args![list(&addresses)], |row| row.get(0))?.into_iter().collect())
    }

    fn read_run(
        &mut self,
        run: &[TicketNo],
        mystery: &BTreeSet<Address>,
        customers: &BTreeSet<CustomerNo>,
    ) -> Result<Courses, StoreError> {
        let (Some(&first), Some(&last)) = (run.first(), run.last()) else { return Ok(Courses::default()) };
        let wanted = |number: &TicketNo| run.binary_search(number).is_ok();
        let mut tickets = self.rows(ROWS, args![first, last], |row| read_row(row, mystery, customers))?;
        tickets.retain(|row| wanted(&row.number));
        let mut tags: BTreeMap<TicketNo, Vec<String>> = BTreeMap::new();
        for (ticket, tag) in self.rows(TAGS, args![first, last], |row| Ok((row.get(0)?, row.get(1)?)))? {
            tags.entry(ticket).or_default().push(tag);
        }
        for row in &mut tickets {
            row.tags = tags.remove(&row.number).unwrap_or_default();
        }
        let mut steps = self.courses(first, last)?;
        steps.retain(|number, _| wanted(number));
        let is_joined = |steps: &[StepRow]| steps.iter().any(|step| matches!(step.word, StepWord::Joined(_)));
        let survivors: Vec<TicketNo> = steps.iter().filter(|(_, s)| is_joined(s)).map(|(number, _)| *number).collect();
        for number in if survivors.is_empty() { Vec::new() } else { self.merged_into(&survivors)? } {
            if let Entry::Vacant(place) = steps.entry(number) {
                place.insert(self.course(number)?);
            }
        }
        Ok(Courses { tickets, steps })
    }

    /// The tickets that were merged into these, also by way of others.
    ///
    /// # Errors
    /// A database error.
    pub fn merged_into(&mut self, numbers: &[TicketNo]) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(MERGED, args![list(numbers)], |row| row.get(0))?)
    }
}

fn read_row(
    row: &Row<'_>,
    mystery: &BTreeSet<Address>,
    customers: &BTreeSet<CustomerNo>,
) -> Result<FiguresRow, super::DbError> {
    let customer: Option<CustomerNo> = row.get(5)?;
    let address: Option<Address> = if mystery.is_empty() { None } else { row.get(6)? };
    Ok(FiguresRow {
        number: row.get(0)?,
        mailbox: row.get(1)?,
        priority: row.get(2)?,
        subject: row.get(3)?,
        state: row.get(4)?,
        mystery: customer.is_some_and(|c| customers.contains(&c)) || address.is_some_and(|a| mystery.contains(&a)),
        tags: Vec::new(),
        created_at: row.get(7)?,
        assignee: row.get(8)?,
    })
}
