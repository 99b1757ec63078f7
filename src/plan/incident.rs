//! Something that many customers write about at once, as desk and store speak of it.

use serde::{Deserialize, Serialize};

use crate::model::{Address, AskNo, BulkNo, IncidentNo, MessageNo, TicketNo, Time};

/// Nothing is called an incident for longer. Seconds.
pub const LONGEST_S: i64 = 30 * Time::DAY;
/// So many tickets are looked at when one is set up: those that wait, and of late.
pub const TEXTS_MAX: i64 = 2000;

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub no: IncidentNo,
    /// As its author wrote it.
    pub name: String,
    /// What its tickets are tagged with: [`tag_of`] its name.
    pub tag: String,
    /// See `mail::pattern`.
    pub pattern: String,
    /// What customers get.
    pub text: IncidentText,
    /// Names of the mailboxes whose mail is looked at.
    pub mailboxes: Vec<String>,
    /// The mailbox through which it was set up; reports about it come from there.
    pub mailbox: String,
    /// First address of its author.
    pub agent: Address,
    /// In which it was set up or prolonged: in another nothing is sent in its name.
    pub epoch: i64,
    pub started_at: Time,
    pub until: Time,
    /// `None`: it is on.
    pub ended_at: Option<Time>,
    /// The answer to all of its tickets: it ends when that begins.
    pub bulk: Option<BulkNo>,
}

impl Incident {
    /// Whether new mail to `mailbox` may belong to it.
    #[must_use]
    pub fn is_on(&self, mailbox: &str, epoch: i64, now: Time) -> bool {
        self.ended_at.is_none()
            && now < self.until
            && self.epoch == epoch
            && self.mailboxes.iter().any(|m| m == mailbox)
    }

    /// Whether somebody means it by this name, tag or number.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        let word = word.trim().trim_start_matches('#');
        word.parse() == Ok(self.no.0) || self.tag == tag_of(word)
    }
}

/// What customers get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum IncidentText {
    /// Somebody's own words.
    Own { text: String },
    /// A canned answer as it was when it was shown, which may have a text for each language.
    Canned { name: String, texts: Vec<IncidentWords> },
}

/// A canned answer's text in one language, as Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentWords {
    /// `sv`, `en` …; empty: for all who speak none of the others.
    pub language: String,
    pub text: String,
}

/// How an incident stands. Tickets that were merged away are not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentTally {
    pub incident: Incident,
    /// Tickets that belong to it.
    pub linked: i64,
    /// Of these, whose customers got its text.
    pub told: i64,
    /// Of these, whose customers have replied to it.
    pub replied: i64,
    /// Tickets that a person has answered.
    pub answered: i64,
    /// Tickets whose customers wait for an answer.
    pub waiting: i64,
    /// Of these, those of which nobody is told singly.
    pub quiet: i64,
}

/// That a ticket belongs to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub incident: IncidentNo,
    pub name: String,
    /// The incident's text to the customer, where she got it.
    pub told: Option<MessageNo>,
    /// Nobody is told of the ticket singly, as long as the customer has the incident's text alone.
    pub quiet: bool,
}

/// What a customer wrote, to see whether a pattern speaks of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketText {
    pub ticket: TicketNo,
    pub mailbox: String,
    pub subject: String,
    /// What is new in her mail.
    pub text: String,
    /// She waits for an answer, and the ticket belongs to no incident that is on.
    pub waits: bool,
}

/// What must be known to obey `#incident`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// How those stand that are on.
    Tallies,
    /// That, and what customers wrote.
    Texts,
}

/// Why nobody need be kept from a ticket any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The customer has replied.
    Replied,
    /// The incident is over, or somebody has taken the matter up.
    Over,
}

/// What waits for a `#send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum IncidentAsk {
    New { name: String, pattern: String, text: IncidentText, mailboxes: Vec<String>, until: i64 },
    Done { incident: i64 },
    Until { incident: i64, until: i64 },
}

impl Incident {
    /// The incident that a `#send` to this question begins.
    #[must_use]
    pub const fn number_of(ask: AskNo) -> IncidentNo {
        IncidentNo(ask.0)
    }
}

/// `PostNord late in Skåne` is tagged `postnord-late-in-skåne`. Empty where nothing of the name can stand in a tag.
#[must_use]
pub fn tag_of(name: &str) -> String {
    const LONGEST: usize = 40;
    let mut tag = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            tag.push(c);
        } else if !tag.is_empty() && !tag.ends_with('-') {
            tag.push('-');
        }
    }
    let tag: String = tag.chars().take(LONGEST).collect();
    tag.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_tags() {
        let check = |name: &str, tag: &str| assert_eq!(tag_of(name), tag, "{name:?}");
        check("PostNord late in Skåne", "postnord-late-in-skåne");
        check("  Klarna: nere! ", "klarna-nere");
        check("postnord-late-in-skåne", "postnord-late-in-skåne");
        check("!!", "");
        assert!(tag_of(&"lång ".repeat(30)).chars().count() <= 40);
    }
}
