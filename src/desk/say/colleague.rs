//! To an agent: what a colleague did on a ticket: answered, noted; and the attachments that he asked for.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{TicketNo, Time, one_line};

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
pub fn colleague_answered(voice: &Voice<'_>, facts: &ColleagueFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (by, when) = (voice.colleague(facts.by.as_ref()), voice.moment(facts.at));
    sheet.say(&words.say("colleague.answered", context! { by, when }));
    sheet.done(words.language(), super::subject::for_agent(facts.number, &facts.subject))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteFrom {
    Colleague,
    Manager,
    /// Asked by `#ask`.
    ThirdParty,
}

/// A colleague's note, a manager's, or a third party's reply. A reply to it is a note too.
#[must_use]
pub fn note(voice: &Voice<'_>, facts: &ColleagueFacts, from: NoteFrom, text: &str) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (by, when) = (voice.colleague(facts.by.as_ref()), voice.moment(facts.at));
    let key = match from {
        NoteFrom::Colleague => "colleague.note",
        NoteFrom::Manager => "colleague.note_manager",
        NoteFrom::ThirdParty => "colleague.note_third_party",
    };
    sheet.say(&words.say(key, context! { by, when }));
    sheet.letter(&voice.text_or_none(text));
    sheet.small(&words.word("colleague.note_reply"));
    sheet.done(words.language(), super::subject::for_agent(facts.number, &facts.subject))
}

/// The attachments that were too big; they go along with this mail.
#[must_use]
pub fn files(voice: &Voice<'_>, ticket: (TicketNo, &str), names: &[String]) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let files: Vec<String> = names.iter().map(|n| one_line(n)).collect();
    let about = voice.ticket(ticket.0, ticket.1);
    sheet.say(&words.say("colleague.files", context! { ticket => about, files => files.join(", ") }));
    sheet.small(&words.word("colleague.files_reply"));
    sheet.done(words.language(), super::subject::for_agent(ticket.0, ticket.1))
}
