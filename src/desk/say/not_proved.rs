//! To an agent: a mail that says it is his was set aside. All that comes from it is inert text.

use super::{Page, Voice};
use crate::model::Time;

#[derive(Clone, Debug)]
pub struct NotProvedFacts {
    pub mails: Vec<SetAside>,
    /// More of them, not listed.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// From, as written.
    pub from: String,
    pub at: Time,
    pub subject: String,
    pub why: NotProvedWhy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotProvedWhy {
    /// The mailbox's server did not confirm the sender (no `dmarc=pass`).
    NotConfirmed,
    /// No `trusted_authserv_id` is set, and the mail answers nothing of ours.
    NoServerIsTrusted,
    /// From an address that is not in the agent's list, to an address of his.
    UnknownAddress,
}

#[must_use]
pub fn not_proved(_voice: &Voice<'_>, _facts: &NotProvedFacts) -> Page {
    Page { subject: String::new(), text: String::new(), html: String::new() }
}
