//! A question to a third party: its subject, and the mail to its writer when it did not arrive.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{TicketNo, one_line};

/// The subject of a question. It says nothing of the ticket but its number.
#[must_use]
pub fn question_subject(voice: &Voice<'_>, number: TicketNo) -> String {
    voice.words().say("third.subject", context! { desk => one_line(voice.desk), number => number.0 })
}

/// The question did not arrive. `said`: the server's words; `text`: what he wrote.
#[must_use]
pub fn question_failed(voice: &Voice<'_>, ticket: (TicketNo, &str), who: &str, said: &str, text: &str) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let about = voice.ticket(ticket.0, ticket.1);
    let said = super::sheet::shortened(&one_line(said), 500);
    sheet.warn(&words.say("third.failed", context! { who => one_line(who), ticket => about, words => said }));
    sheet.head(&words.word("third.text"));
    sheet.excerpt(&voice.text_or_none(text));
    let subject = super::subject::for_agent(ticket.0, ticket.1);
    sheet.done(words.language(), words.say("third.failed_subject", context! { subject }))
}
