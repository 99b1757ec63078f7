//! To an agent: a command was wrong and nothing was done; and the list of commands.

use super::{CommandRow, Page, Voice};
use crate::model::TicketNo;

#[derive(Clone, Debug)]
pub struct RefusedFacts {
    /// `None`: a mail to the desk itself.
    pub number: Option<TicketNo>,
    /// The ticket's, or the refused mail's.
    pub subject: String,
    pub wrong: Vec<WrongLine>,
    /// What the agent wrote, commands included, for sending again.
    pub draft: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    /// As written.
    pub line: String,
    pub why: WrongWhy,
    /// The nearest right line, `#close`.
    pub nearest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongWhy {
    UnknownCommand,
    /// Something must follow the word: `example` shows it.
    MissingArgument {
        example: String,
    },
    /// Nothing may follow the word.
    UnwantedArgument,
    /// `#hold`, `#away`: a time that cannot be read or is past.
    BadTime,
    BadAddress,
    NoSuchAgent,
    NoSuchTicket,
    NoSuchCanned,
    NothingWaits,
    /// Two commands that exclude each other.
    Contradicts {
        other: String,
    },
    /// Text is needed below (`#note`, `#ask`).
    MissingText,
    /// Known, but not in this version.
    NotYet,
    /// Not for this person, or not in a reply to this mail.
    NotAllowed,
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

#[must_use]
pub fn refused(_voice: &Voice<'_>, facts: &RefusedFacts, _commands: &[CommandRow<'_>]) -> Page {
    Page { subject: facts.subject.clone(), text: String::new(), html: String::new() }
}

/// The list of commands (`#help`). `number`: the ticket in whose notification it was asked for.
#[must_use]
pub fn help(_voice: &Voice<'_>, _ticket: Option<(TicketNo, &str)>, _commands: &[CommandRow<'_>]) -> Page {
    Page { subject: String::new(), text: String::new(), html: String::new() }
}
