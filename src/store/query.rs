//! The QUERY language as conditions on tickets: see [`crate::plan::query`] for what it means.

use super::db::Arg;
use super::search::{Column, matching};
use super::{StoreError, Tx};
use crate::model::{Address, State, TicketNo, Time};
use crate::plan::incident::tag_of;
use crate::plan::query::{Query, Test};

/// A ticket that a query means, and what it is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    pub number: TicketNo,
    pub state: State,
    pub due_at: Option<Time>,
    /// From then on its answer is late.
    pub late_at: Option<Time>,
}

pub(super) const MATCH_COLUMNS: &str = "SELECT t.number, t.state, t.due_at, t.late_at FROM ticket t WHERE ";

impl Query {
    /// The condition on `ticket t`, and its parameters from ?1 on.
    pub(super) fn condition(&self, now: Time) -> (String, Vec<Arg<'static>>) {
        if self.terms.is_empty() {
            return ("t.state IN ('open', 'pending', 'held')".to_owned(), Vec::new());
        }
        let mut args = Vec::new();
        let conditions: Vec<String> = self
            .terms
            .iter()
            .map(|term| {
                let condition = term.test.condition(now, &mut args);
                if term.excluded { format!("({condition}) IS NOT TRUE") } else { format!("({condition})") }
            })
            .collect();
        (conditions.join(" AND "), args)
    }
}

impl Test {
    fn condition(&self, now: Time, args: &mut Vec<Arg<'static>>) -> String {
        let mut bind = |arg: Arg<'static>| {
            args.push(arg);
            format!("?{}", args.len())
        };
        match self {
            Self::Words(words) => found_in(None, words, bind),
            Self::Subject(words) => found_in(Some(Column::Subject), words, bind),
            // The open states stand in an index of their own.
            Self::State(state @ (State::Open | State::Pending | State::Held)) => {
                format!("t.state IN ('open', 'pending', 'held') AND t.state = {}", bind((*state).into()))
            }
            Self::State(state) => format!("t.state = {}", bind((*state).into())),
            Self::Mailbox(name) => format!("t.mailbox = {}", bind(name.clone().into())),
            Self::From(who) => match Address::parse(who) {
                Some(address) => {
                    let address = bind(address.as_str().to_owned().into());
                    format!(
                        "t.number IN (SELECT c.number FROM address a JOIN ticket c ON c.customer = a.customer
                                      WHERE a.address = {address}
                                      UNION ALL SELECT ticket FROM participant WHERE address = {address})"
                    )
                }
                None => found_in(Some(Column::Sender), who, bind),
            },
            Self::Agent(who) if who == "none" => "t.assignee IS NULL".to_owned(),
            Self::Agent(who) if who.contains('@') => format!("t.assignee = {}", bind(who.clone().into())),
            // 'A' follows '@'.
            Self::Agent(who) => {
                let from = bind(format!("{who}@").into());
                let to = bind(format!("{who}A").into());
                format!("t.assignee >= {from} AND t.assignee < {to}")
            }
            Self::Tag(tag) => format!("t.number IN (SELECT ticket FROM tag WHERE tag = {})", bind(tag.clone().into())),
            Self::Incident(name) => {
                let of = match name.parse::<i64>() {
                    Ok(number) => format!("i.no = {}", bind(number.into())),
                    Err(_) => format!("i.tag = {}", bind(tag_of(name).into())),
                };
                format!("t.number IN (SELECT l.ticket FROM incident i JOIN linked l ON l.incident = i.no WHERE {of})")
            }
            Self::Priority(priority) => format!("t.priority = {}", bind((*priority).into())),
            Self::Older(seconds) => format!("t.created_at < {}", bind(now.plus(-seconds).into())),
            // Else the order by number looks cheaper than the index.
            Self::Newer(seconds) => format!(
                "t.number IN (SELECT number FROM ticket WHERE created_at >= {})",
                bind(now.plus(-seconds).into())
            ),
            Self::Overdue => format!(
                "t.number IN (SELECT number FROM ticket WHERE late_at <= {}) AND t.state IN ('open', 'pending', 'held')",
                bind(now.into())
            ),
            Self::Number(from, to) => {
                let from = bind((*from).into());
                let to = bind((*to).into());
                format!("t.number BETWEEN {from} AND {to}")
            }
        }
    }
}

fn found_in(column: Option<Column>, words: &str, mut bind: impl FnMut(Arg<'static>) -> String) -> String {
    match matching(column, &[words]) {
        Some(expression) => format!(
            "t.number IN (SELECT m.ticket FROM search s CROSS JOIN message m ON m.no = s.rowid WHERE s.search MATCH {})",
            bind(expression.into())
        ),
        // Nothing but punctuation: excludes nothing, demands nothing.
        None => "NULL IS NULL".to_owned(),
    }
}

impl Tx<'_> {
    /// The tickets of these mailboxes that `query` means, by number.
    ///
    /// # Errors
    /// A database error.
    pub fn matching(&mut self, query: &Query, mailboxes: &[String], now: Time) -> Result<Vec<Match>, StoreError> {
        let (condition, mut args) = query.condition(now);
        args.push(super::text::list(mailboxes).into());
        let among = format!("t.mailbox IN (SELECT value FROM json_each(?{}))", args.len());
        let sql = format!("{MATCH_COLUMNS}{condition} AND {among} ORDER BY t.number");
        Ok(self.rows(&sql, &args, |row| {
            let state: State = row.get(1)?;
            let is_open = matches!(state, State::Open | State::Pending | State::Held);
            let due_at: Option<Time> = row.get(2)?;
            let late_at: Option<Time> = row.get(3)?;
            Ok(Match {
                number: row.get(0)?,
                state,
                due_at: due_at.filter(|_| is_open),
                late_at: late_at.filter(|_| is_open),
            })
        })?)
    }
}
