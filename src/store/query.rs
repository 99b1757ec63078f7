//! The QUERY language: words and `state:open` and the like, `-` before a term excludes it.

use crate::model::{Priority, State, TicketNo};

/// What is looked for: every term must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// With a `-` before it.
    pub excluded: bool,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Found in a message's subject, names, addresses, new text or attachment names.
    Words(String),
    State(State),
    Mailbox(String),
    /// A whole address (any of the customer's, or a participant's), or words of a sender's name or address.
    From(String),
    /// The assignee; `none` for nobody.
    Agent(String),
    Tag(String),
    Priority(Priority),
    Subject(String),
    /// Opened before so many seconds ago.
    Older(i64),
    Newer(i64),
    Overdue,
    Number(TicketNo, TicketNo),
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub String);

impl Query {
    /// # Errors
    /// [`QueryError`], in words for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let _ = text;
        Ok(Self::default())
    }
}
