//! To a manager: what goes for good, or is handed out, waits for a word; and what became of it.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::plan::RightsAct;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsFacts<'a> {
    pub act: RightsAct,
    /// An address, or a mailbox.
    pub subject: &'a str,
    /// Of `retention`: how many tickets, and the span as it stands in the configuration.
    pub tickets: usize,
    pub written: &'a str,
}

/// Asks for a word: nothing is done without it.
#[must_use]
pub fn ask_rights(voice: &Voice<'_>, facts: &RightsFacts<'_>) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let key = match facts.act {
        RightsAct::Export => "rights.export",
        RightsAct::Erase => "rights.erase",
        RightsAct::Retention => "rights.retention",
    };
    let context = context! { subject => facts.subject, n => facts.tickets, written => facts.written };
    sheet.say(&words.say(key, context.clone()));
    let is_retention = facts.act == RightsAct::Retention;
    sheet.say(&words.word(if is_retention { "rights.retention_how" } else { "rights.how" }));
    sheet.done(words.language(), words.say(&format!("{key}_subject"), context))
}

/// What was done, in counts, and what could not be reached, a line each. Names nobody who was erased.
#[must_use]
pub fn told_rights(voice: &Voice<'_>, act: RightsAct, messages: usize, tickets: usize, unreachable: &[String]) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let key = match act {
        RightsAct::Export => "rights.exported",
        RightsAct::Erase | RightsAct::Retention => "rights.erased",
    };
    sheet.say(&words.say(key, context! { messages, tickets }));
    if !unreachable.is_empty() {
        sheet.say(&words.word("rights.unreachable"));
        for line in unreachable {
            sheet.inert(line);
        }
    }
    sheet.done(words.language(), words.word(&format!("{key}_subject")))
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// In the program's own words.
    Said(String),
    /// Something of this person (or mailbox) lies where the manager does not work. Which mailboxes these are is not said.
    Elsewhere(String),
}

/// Says so.
#[must_use]
pub fn refused_rights(voice: &Voice<'_>, why: &NotDone) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.word("rights.refused"));
    match why {
        NotDone::Said(why) => sheet.inert(why),
        NotDone::Elsewhere(subject) => sheet.say(&words.say("rights.elsewhere", context! { subject })),
    }
    sheet.done(words.language(), words.word("rights.refused_subject"))
}
