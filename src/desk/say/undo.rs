//! To an agent, where `undo` is set: when his answer leaves, and that `#stop` keeps it here.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::{TicketNo, Time};

#[must_use]
pub fn leaves_soon(voice: &Voice<'_>, ticket: (TicketNo, &str), at: Time) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let when = voice.moment(at);
    sheet.say(&words.say("undo.intro", context! { ticket => voice.ticket(ticket.0, ticket.1), when }));
    let subject = super::subject::for_agent(ticket.0, ticket.1);
    sheet.done(words.language(), words.say("undo.subject", context! { subject, when => voice.moment(at) }))
}
