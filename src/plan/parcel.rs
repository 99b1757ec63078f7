//! A finished mail for the outbox.

use crate::model::{Address, AskNo, MessageNo, ParcelKind, ParcelNo, TicketNo, Time};

/// A finished mail for the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub no: ParcelNo,
    pub kind: ParcelKind,
    pub ticket: Option<TicketNo>,
    pub message: Option<MessageNo>,
    /// First address of the agent who wrote it or to whom it goes.
    pub agent: Option<Address>,
    /// What waits for the `#send` that it asks for.
    pub ask: Option<AskNo>,
    /// The mailbox in whose name it goes.
    pub mailbox: String,
    pub route: Route,
    pub sender: Sender,
    pub recipients: Vec<Address>,
    /// Without angle brackets.
    pub message_id: String,
    /// Put together while sending, the same bytes each time.
    pub segments: Vec<Segment>,
    /// Not sent before (an agent's hours).
    pub not_before: Time,
    /// A copy goes into the Sent folder where the server keeps none.
    pub keep_in_sent: bool,
    pub created_at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The mailbox's own way out.
    Mailbox,
    /// `[mailbox.notify_smtp]`, else the mailbox's own.
    Notify,
}

/// The envelope sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Empty; `or` where the server refuses that.
    Null {
        or: Address,
    },
    Address(Address),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Bytes(Vec<u8>),
    /// A stored blob, as base64 in lines of 76 characters, each ended by CRLF (RFC 2045, 6.8).
    Blob {
        sha256: String,
    },
}
