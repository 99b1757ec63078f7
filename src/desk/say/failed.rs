//! To an agent: his answer did not arrive, who did not get it, and the server's own words.

use super::{Page, Voice};
use crate::model::{Address, TicketNo, Time};

#[derive(Clone, Debug)]
pub struct UndeliverableFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    pub how: FailedHow,
    /// Who did not get it, with the server's words.
    pub recipients: Vec<(Address, String)>,
    /// Who did.
    pub delivered: Vec<Address>,
    pub written_at: Time,
    /// What he wrote.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedHow {
    /// 5xx, at once.
    Refused,
    /// 4xx for so long.
    GivenUp { after_s: i64 },
}

#[must_use]
pub fn undeliverable(_voice: &Voice<'_>, facts: &UndeliverableFacts) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}

#[derive(Clone, Debug)]
pub struct CameBackFacts {
    pub number: TicketNo,
    /// The ticket's.
    pub subject: String,
    pub recipients: Vec<CameBackFrom>,
    /// What the customer should have got, where it is on record.
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameBackFrom {
    pub address: String,
    /// RFC 3463, such as `5.1.1`.
    pub status: Option<String>,
    /// The server's words.
    pub diagnostic: Option<String>,
}

/// A bounce of an answer; the ticket is open again.
#[must_use]
pub fn came_back(_voice: &Voice<'_>, facts: &CameBackFacts) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}
