//! To an agent: what a colleague did on a ticket: answered, noted; and the attachments that he asked for.

use super::{Page, Voice};
use crate::model::{TicketNo, Time};

#[derive(Clone, Debug)]
pub struct ColleagueFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    /// The colleague's name; `None`: not known (found in Sent).
    pub by: Option<String>,
    pub at: Time,
}

/// One line in the notification's own conversation.
#[must_use]
pub fn colleague_answered(_voice: &Voice<'_>, facts: &ColleagueFacts) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}

/// A colleague's (or a third party's: `NoteFrom`) note, or a manager's. A reply to it is a note too.
#[must_use]
pub fn note(_voice: &Voice<'_>, facts: &ColleagueFacts, _from: NoteFrom, _text: &str) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteFrom {
    Colleague,
    Manager,
    /// Asked by `#ask`.
    ThirdParty,
}

/// The attachments that were too big; they go along with this mail.
#[must_use]
pub fn files(_voice: &Voice<'_>, ticket: (TicketNo, &str), _names: &[String]) -> Page {
    Page { subject: super::subject::for_agent(ticket.0, ticket.1), text: String::new(), html: String::new() }
}
