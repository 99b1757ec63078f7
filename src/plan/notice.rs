//! What one of us is to be told later: when his hours begin, or in a list.

use crate::model::{Address, AlarmStage, MessageNo, NoticeKind, TicketNo, Time, Wait};
use crate::plan::AttachmentRow;

/// Something to tell one of us that waits. It is judged when it is due: who was to be told, and whether there still is anything
/// to tell, may have changed. Person, kind, ticket and message name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// First address.
    pub person: Address,
    pub kind: NoticeKind,
    pub ticket: TicketNo,
    /// The customer's message that it is about.
    pub message: MessageNo,
    /// `None`: it was in a list. What belongs to it is kept until he takes the ticket, or nobody waits any more.
    pub due_at: Option<Time>,
    /// Goes into a list with others; else it waits for his hours.
    pub gathered: bool,
    pub created_at: Time,
    /// The desk's own words about it (JSON).
    pub matter: String,
    /// Kept as blobs while it is there.
    pub attachments: Vec<AttachmentRow>,
}

impl Notice {
    /// Whether both are the same notice, whatever has become of it.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        (&self.person, self.kind, self.ticket, self.message) == (&other.person, other.kind, other.ticket, other.message)
    }
}

/// An alarm that was raised about a clock of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub wait: Wait,
    /// The clock's start.
    pub started_at: Time,
    pub stage: AlarmStage,
    /// First address of the agent who alone was warned.
    pub person: Option<Address>,
}
