//! To an agent: a mail of his was recorded and nothing left the desk; what shall be done with it?

use super::notification::Tap;
use super::{Page, Voice};
use crate::model::{Party, TicketNo};

#[derive(Clone, Debug)]
pub struct AskedFacts {
    /// Of the mail in question.
    pub subject: String,
    pub why: AskedWhy,
    /// One-tap choices.
    pub taps: Vec<Tap>,
    /// The agent's own text, for resending.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedWhy {
    /// He forwarded a customer's mail: shall it be her ticket?
    Forwarded { from: Option<Party>, subject: String },
    /// It answers no mail of ours and names no ticket.
    NoTicket,
    /// It names a ticket, but nothing proves that it answers it.
    Ticket(TicketNo),
    /// A reply to a mail that only takes commands, with other text in it.
    CommandsOnly,
    /// `#send` and the like, where nothing waits.
    NothingWaits,
    /// What waited has expired, was sent or was dropped.
    TooLate,
}

#[must_use]
pub fn asked(_voice: &Voice<'_>, facts: &AskedFacts) -> Page {
    Page { subject: facts.subject.clone(), text: String::new(), html: String::new() }
}
