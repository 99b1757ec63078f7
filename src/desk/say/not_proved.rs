//! To an agent: a mail that says it is his was set aside. All that comes from it is inert text.

use minijinja::context;

use super::sheet::{Sheet, shortened};
use super::{Page, Voice};
use crate::model::{Time, one_line};

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
pub fn not_proved(voice: &Voice<'_>, facts: &NotProvedFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.say("not_proved.intro", context! { n => facts.mails.len() + facts.more }));
    for mail in &facts.mails {
        let when = voice.moment(mail.at);
        let from = shortened(&one_line(&mail.from), 200);
        let subject = shortened(&one_line(&mail.subject), 200);
        sheet.inert(&words.say("not_proved.line", context! { when, from, subject }));
        sheet.say(&words.word(match mail.why {
            NotProvedWhy::NotConfirmed => "not_proved.not_confirmed",
            NotProvedWhy::NoServerIsTrusted => "not_proved.no_server",
            NotProvedWhy::UnknownAddress => "not_proved.unknown_address",
        }));
    }
    if facts.more > 0 {
        sheet.say(&words.say("not_proved.more", context! { n => facts.more }));
    }
    sheet.say(&words.word("not_proved.how"));
    sheet.done(words.language(), words.word("not_proved.subject"))
}
