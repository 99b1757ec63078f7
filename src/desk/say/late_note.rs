//! What a customer gets once when the answer takes longer than was promised.

use minijinja::context;

use super::acknowledgement::{Echo, bye, hello};
use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{TicketNo, Time};

#[derive(Clone, Debug)]
pub struct LateNoteFacts {
    pub number: TicketNo,
    pub echo: Echo,
    pub promised_at: Time,
    /// Markdown, filled in.
    pub signature: Option<String>,
}

/// The note. Of an unverified sender's words nothing is said back.
#[must_use]
pub fn late_note(voice: &Voice<'_>, facts: &LateNoteFacts) -> Page {
    let words = voice.words();
    let number = facts.number.0;
    let mut sheet = Sheet::default();
    hello(voice, &mut sheet, &facts.echo);
    let due = voice.moment(facts.promised_at);
    sheet.say(&words.say("late_note.late", context! { due, number }));
    sheet.say(&words.word("late_note.keep"));
    bye(voice, &mut sheet, facts.signature.as_ref());
    sheet.small(&words.word("late_note.automatic"));
    let subject = match &facts.echo {
        Echo::Nothing => words.say("late_note.subject_unverified", context! { number }),
        Echo::Verified { subject, .. } => super::subject::for_customer(facts.number, subject),
    };
    sheet.done(words.language(), subject)
}
