//! What happened to a ticket, and the vocabulary for it.

use crate::model::{TicketNo, Time};

/// Something that happened, with actor and time. Never holds an address, subject or text beyond `actor`; `detail` is ids and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub ticket: TicketNo,
    pub at: Time,
    /// `customer`, `svar`, `agent:anna@example.test`, `shell:root`.
    pub actor: String,
    pub what: What,
    pub detail: String,
}

macro_rules! whats {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The vocabulary of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum What { $($(#[$doc])* $name,)* }

        impl What {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

whats! {
    /// The ticket came to be; the detail is why it is a ticket of its own.
    Opened = "opened",
    /// A mail joined; the detail is the message and the threading rule.
    Received = "received",
    /// An answer was accepted by SMTP, or found; the detail is the message.
    Answered = "answered",
    Noted = "noted",
    /// Answered by telephone.
    Called = "called",
    Thanked = "thanked",
    Acknowledged = "acknowledged",
    /// The customer was told that the answer takes longer than was promised.
    LateNote = "late-note",
    Notified = "notified",
    /// A clock will soon be past its target; the detail is the clock and who was told.
    Warned = "warned",
    /// A clock is past its target; the detail is the clock and who was told.
    Escalated = "escalated",
    Closed = "closed",
    Reopened = "reopened",
    Pending = "pending",
    Open = "open",
    Held = "held",
    /// Needs no answer: the clock is cancelled.
    Done = "done",
    Spam = "spam",
    Merged = "merged",
    Assigned = "assigned",
    Tagged = "tagged",
    Untagged = "untagged",
    Prioritised = "prioritised",
    Related = "related",
    Participant = "participant",
    CustomerChanged = "customer",
    /// An answer waits for the agent's `#send`.
    Asked = "asked",
    /// A mail of the ticket came back.
    Bounced = "bounced",
    /// A mail of the ticket could not be delivered.
    Undelivered = "undelivered",
    /// Whether a mail was taken is unknown, and it goes out once more, the same mail; the detail is the parcel.
    SentAgain = "sent-again",
    /// A third party was asked; the detail is the message.
    ThirdParty = "third-party",
    /// Became two; the detail is the other ticket and the first message that went.
    Split = "split",
    /// Belongs to an incident; the detail is its number, and why people hear of the ticket again.
    Incident = "incident",
    /// An answer that waited was stopped; the detail is the message.
    Stopped = "stopped",
    /// The sender's next mails are set aside, or no longer.
    Blocked = "blocked",
    Unblocked = "unblocked",
    /// A signed address of the ticket was used by a stranger and replaced.
    AddressOut = "address-out",
}
