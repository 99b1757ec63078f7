//! To a manager: something needs a person, in a sentence or two.

use super::{Page, Voice};
use crate::model::{Address, TicketNo, Time};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerNews {
    /// A notification came back; who has the ticket now (`None`: nobody).
    NotificationCameBack { agent: String, address: Address, words: String, now_with: Option<String> },
    /// A customer waits and no agent can be reached.
    NobodyOnDuty { agents: Vec<String> },
    /// `auto_per_hour` is reached: automatic mails stop for the hour.
    TooManyAutomatic { limit: i64, until: Time },
    /// An answer failed and its writer cannot be reached.
    AnswerFailed { agent: Option<String>, recipients: Vec<String>, words: String },
    /// A letter that could not be read lies in quarantine.
    Unreadable { quarantine: i64, why: String },
    /// The desk stopped sending.
    Halted { why: String },
    /// A title and paragraphs of the caller's, in the reader's language.
    Other { title: String, paragraphs: Vec<String> },
}

/// `ticket`: number and subject, where the news is about one.
#[must_use]
pub fn to_manager(_voice: &Voice<'_>, _ticket: Option<(TicketNo, &str)>, _news: &ManagerNews) -> Page {
    Page { subject: String::new(), text: String::new(), html: String::new() }
}
