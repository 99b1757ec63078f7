//! Rows for people and scripts: tickets, one ticket whole, quarantine, outbox, as `--json` prints them.

use serde::Serialize;
use serde_json::Value;

use super::{Query, StoreError, Tx};
use crate::model::{
    Address, Channel, CustomerNo, Direction, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, Party,
    Priority, QuarantineNo, RecipientState, State, TicketNo, Time,
};
use crate::plan::AttachmentRow;

/// A ticket as `svar tickets --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketRow {
    pub number: TicketNo,
    pub subject: String,
    pub state: State,
    pub mailbox: String,
    pub channel: Channel,
    pub customer: Option<Party>,
    pub assignee: Option<Address>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub waiting_since: Option<Time>,
    pub due_at: Option<Time>,
    pub overdue: bool,
}

/// A ticket, whole. The caller adds `clocks` (see [`Tx::steps`]).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TicketShow {
    #[serde(flatten)]
    pub ticket: TicketRow,
    /// The survivor, where the state is `merged`.
    pub survivor: Option<TicketNo>,
    pub related: Vec<TicketNo>,
    pub participants: Vec<Party>,
    pub messages: Vec<MessageRow>,
    /// Filled in by the caller; an array.
    pub clocks: Value,
    pub events: Vec<EventRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageRow {
    pub id: MessageNo,
    pub direction: Direction,
    pub kind: Kind,
    pub from: Option<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub at: Time,
    pub subject: String,
    pub text: String,
    /// What the sender wrote this time.
    pub new_text: String,
    pub message_id: Option<String>,
    pub attachments: Vec<AttachmentRow>,
    pub defects: Vec<String>,
    /// The raw letter, where there is one.
    pub letter: Option<LetterNo>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventRow {
    pub at: Time,
    pub actor: String,
    pub what: String,
    pub detail: String,
}

/// Something set aside, as `svar quarantine --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuarantineRow {
    pub id: QuarantineNo,
    pub at: Time,
    pub mailbox: String,
    pub from: Option<Address>,
    pub subject: String,
    pub reason: String,
    /// The raw letter: see [`Tx::raw`].
    pub letter: LetterNo,
}

/// A mail that waits, as `svar outbox --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxRow {
    pub id: ParcelNo,
    pub ticket: Option<TicketNo>,
    pub kind: ParcelKind,
    pub to: Vec<RecipientRow>,
    pub state: ParcelState,
    pub attempts: i64,
    pub next_at: Option<Time>,
    pub last_error: Option<String>,
    pub message_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientRow {
    pub address: Address,
    pub state: RecipientState,
    pub last_error: Option<String>,
}

/// What happened on a ticket, as far as clocks care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWord {
    /// A customer's message that counts.
    Customer,
    /// A person's answer that counts.
    Answer,
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
    Merged,
}

impl Tx<'_> {
    /// The tickets that `query` means, by number; an empty one means all that is not closed, spam or merged.
    ///
    /// # Errors
    /// A database error.
    pub fn tickets(&mut self, query: &Query, now: Time) -> Result<Vec<TicketRow>, StoreError> {
        let _ = (query, now);
        Ok(Vec::new())
    }

    /// One ticket, whole.
    ///
    /// # Errors
    /// A database error.
    pub fn show(&mut self, ticket: TicketNo, now: Time) -> Result<Option<TicketShow>, StoreError> {
        let _ = (ticket, now);
        Ok(None)
    }

    /// What starts and stops the clocks of a ticket, in the order in which it became known.
    ///
    /// # Errors
    /// A database error.
    pub fn steps(&mut self, ticket: TicketNo) -> Result<Vec<(Time, StepWord)>, StoreError> {
        let _ = ticket;
        Ok(Vec::new())
    }

    /// What is set aside, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn quarantine(&mut self) -> Result<Vec<QuarantineRow>, StoreError> {
        Ok(Vec::new())
    }

    /// One of them, if it is still set aside.
    ///
    /// # Errors
    /// A database error.
    pub fn quarantine_row(&mut self, no: QuarantineNo) -> Result<Option<QuarantineRow>, StoreError> {
        let _ = no;
        Ok(None)
    }

    /// What waits, is held or has failed, in the order in which it came.
    ///
    /// # Errors
    /// A database error.
    pub fn outbox(&mut self) -> Result<Vec<OutboxRow>, StoreError> {
        Ok(Vec::new())
    }

    /// The customer with this address, with all of hers.
    ///
    /// # Errors
    /// A database error.
    pub fn customer_no(&mut self, address: &Address) -> Result<Option<CustomerNo>, StoreError> {
        let _ = address;
        Ok(None)
    }
}
