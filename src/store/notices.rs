//! What people are to be told later: what is due, and all that is known about it.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{DbError, Row, args};
use super::text::{list, read_json};
use super::{StoreError, Tx};
use crate::model::{Address, MessageNo, TicketNo, Time};
use crate::plan::{Clues, Findings, Notice};

macro_rules! columns {
    () => {
        "n.person, n.kind, n.ticket, n.message, n.due_at, n.gathered, n.created_at, n.matter, n.attachments"
    };
}

pub(super) const OF_TICKETS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM json_each(?1) j CROSS JOIN notice n ON n.ticket = j.value ORDER BY n.person, n.kind, n.ticket, n.message"
);

/// Those that wait for somebody's hours: the customer who is to be answered first comes first.
pub(super) const SINGLE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM notice n JOIN ticket t ON t.number = n.ticket WHERE n.due_at <= ?1 AND n.gathered = 0
     ORDER BY t.due_at IS NULL, t.due_at, n.message, n.person, n.kind LIMIT ?2"
);

/// Whose list is due.
pub(super) const WHOSE: &str =
    "SELECT n.person FROM notice n WHERE n.due_at <= ?1 AND n.gathered = 1 ORDER BY n.due_at, n.person LIMIT 1";

pub(super) const LISTED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM notice n JOIN ticket t ON t.number = n.ticket
     WHERE n.person = ?1 AND n.kind IN ('message', 'warning', 'breach') AND n.gathered = 1 AND n.due_at <= ?2
     ORDER BY t.due_at IS NULL, t.due_at, n.ticket, n.message, n.kind LIMIT ?3"
);

pub(super) const HOW_MANY: &str = "
    SELECT count(*) FROM notice
    WHERE person = ?1 AND kind IN ('message', 'warning', 'breach') AND gathered = 1 AND due_at <= ?2";

pub(super) const NEXT: &str = "SELECT min(due_at) FROM notice WHERE due_at IS NOT NULL";

/// Mails handed over since a minute, by mailbox.
pub(super) const HANDED_OVER: &str =
    "SELECT mailbox, sum(mails) FROM handed_over WHERE minute >= ?1 GROUP BY mailbox ORDER BY mailbox";

fn read_notice(row: &Row<'_>) -> Result<Notice, DbError> {
    Ok(Notice {
        person: row.get(0)?,
        kind: row.get(1)?,
        ticket: row.get(2)?,
        message: row.get(3)?,
        due_at: row.get(4)?,
        gathered: row.get(5)?,
        created_at: row.get(6)?,
        matter: row.get(7)?,
        attachments: read_json(row, 8)?,
    })
}

/// The list of one person that is due.
#[derive(Clone, Debug)]
pub struct DueList {
    /// The most urgent first.
    pub notices: Vec<Notice>,
    /// So many more are due, and did not fit.
    pub more: i64,
}

impl Tx<'_> {
    /// What people are to be told of these tickets, or were told in a list.
    pub(super) fn notices_of(&mut self, tickets: &[TicketNo]) -> Result<Vec<Notice>, StoreError> {
        if tickets.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(OF_TICKETS, args![list(tickets)], read_notice)?)
    }

    /// Notices that have waited for somebody's hours, the most urgent first.
    ///
    /// # Errors
    /// A database error.
    pub fn notices_due(&mut self, now: Time, limit: i64) -> Result<Vec<Notice>, StoreError> {
        Ok(self.rows(SINGLE, args![now, limit], read_notice)?)
    }

    /// The list of one person that is due, at most `limit` notices.
    ///
    /// # Errors
    /// A database error.
    pub fn list_due(&mut self, now: Time, limit: i64) -> Result<Option<DueList>, StoreError> {
        let Some(person) = self.one(WHOSE, args![now], |row| row.get::<Address>(0))? else { return Ok(None) };
        let notices = self.rows(LISTED, args![&person, now, limit], read_notice)?;
        let all: i64 = self.one(HOW_MANY, args![&person, now], |row| row.get(0))?.unwrap_or(0);
        let more = all - i64::try_from(notices.len()).unwrap_or(0);
        Ok(Some(DueList { notices, more }))
    }

    /// What is known of the tickets and messages that `notices` are about; with `customer`, of her other tickets, too.
    ///
    /// # Errors
    /// A database error.
    pub fn about(&mut self, notices: &[Notice], customer: Option<&Address>, now: Time) -> Result<Findings, StoreError> {
        let mut numbers: Vec<TicketNo> = notices.iter().map(|n| n.ticket).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let people = customer.into_iter().cloned().collect();
        let mut found = self.lookup(&Clues { numbers, people, ..Clues::default() }, now)?;
        let others: BTreeSet<MessageNo> =
            notices.iter().map(|n| n.message).filter(|m| !found.said.contains_key(m)).collect();
        let others = self.said_by(&others)?;
        found.said.extend(others);
        Ok(found)
    }

    /// Tries again later what could not be judged.
    ///
    /// # Errors
    /// A database error.
    pub fn postpone(&mut self, notice: &Notice, until: Time) -> Result<(), StoreError> {
        self.run(
            "UPDATE notice SET due_at = ?5 WHERE person = ?1 AND kind = ?2 AND ticket = ?3 AND message = ?4",
            args![&notice.person, notice.kind, notice.ticket, notice.message, until],
        )?;
        Ok(())
    }

    /// What is left of a list that is due comes with the next.
    ///
    /// # Errors
    /// A database error.
    pub fn postpone_list(&mut self, person: &Address, now: Time, until: Time) -> Result<(), StoreError> {
        self.run(
            "UPDATE notice SET due_at = ?3 WHERE person = ?1 AND gathered = 1 AND due_at <= ?2",
            args![person, now, until],
        )?;
        Ok(())
    }

    /// The address from which the customer of a ticket wrote last.
    ///
    /// # Errors
    /// A database error.
    pub fn customer_address(&mut self, ticket: TicketNo) -> Result<Option<Address>, StoreError> {
        let sql = "SELECT customer_address FROM ticket WHERE number = ?1";
        Ok(self.one(sql, args![ticket], |row| row.get(0))?.flatten())
    }

    /// When somebody is to be told next.
    pub(super) fn next_notice(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.one(NEXT, &[], |row| row.get(0))?.flatten())
    }

    /// Mails handed over in the last 24 hours, by mailbox; none where nothing limits them.
    pub(super) fn handed_over_lately(&mut self, now: Time) -> Result<BTreeMap<String, i64>, StoreError> {
        if let Some((_, counted)) = self.handed_over.as_ref().filter(|(at, _)| *at == now) {
            return Ok(counted.clone());
        }
        let from = now.plus(Time::MINUTE - Time::DAY).unix();
        let counted: BTreeMap<String, i64> =
            self.rows(HANDED_OVER, args![from], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect();
        self.handed_over = Some((now, counted.clone()));
        Ok(counted)
    }
}
