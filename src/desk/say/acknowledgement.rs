//! What a customer gets at once: the number, when to expect an answer, how to add to the matter.

use super::{Page, Voice};
use crate::model::TicketNo;

#[derive(Clone, Debug)]
pub struct AckFacts {
    pub number: TicketNo,
    pub echo: Echo,
    /// When an answer can be expected, in the voice's language; `None`: the language file's own sentence.
    pub expect: Option<String>,
    /// Notices that are still in force.
    pub notices: Vec<String>,
    /// Markdown, filled in.
    pub signature: Option<String>,
}

/// What of the sender's own words may be said back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The sender is not verified: nothing.
    Nothing,
    Verified {
        subject: String,
        name: String,
    },
}

#[must_use]
pub fn acknowledgement(_voice: &Voice<'_>, facts: &AckFacts) -> Page {
    Page { subject: format!("[#{}]", facts.number), text: String::new(), html: String::new() }
}
