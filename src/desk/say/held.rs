//! To an agent: his answer has not left, why, and how it would look. `#send` in reply lets it go.

use super::{CommandRow, Page, Voice};
use crate::model::{Party, TicketNo, Time};

#[derive(Clone, Debug)]
pub struct HeldFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    pub why: HeldWhy,
    /// Who would get it.
    pub to: Vec<Party>,
    /// The text as the customer would see it, signature included.
    pub text: String,
    /// The names of what would go along.
    pub attachments: Vec<String>,
    /// The commands that would be done with it, as written.
    pub commands: Vec<String>,
    pub expires_at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldWhy {
    /// Where the agent's text ends and our notification begins cannot be told.
    EndUncertain,
    /// A signed address from the client's memory: the mail answers nothing of that ticket.
    StaleAddress,
    /// The signed address was made before the desk was restored from a backup.
    OldAddress,
    /// A colleague's answer is newer than the mail that was answered.
    ColleagueAnswered { by: Option<String>, at: Time, text: String },
    /// The customer wrote again after the mail that was answered.
    CustomerWrote { at: Time, text: String },
    /// It holds something that customers must not see; what, as found in the text.
    Leak { found: String },
    /// A line further down is exactly a command.
    CommandInText { line: String },
    /// The ticket has become another's, was merged, or is closed as spam since.
    TicketChanged { now: TicketNo },
    /// `#merge` of two customers' tickets.
    OtherCustomer { other: TicketNo },
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

#[must_use]
pub fn held(_voice: &Voice<'_>, facts: &HeldFacts, _commands: &[CommandRow<'_>]) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}
