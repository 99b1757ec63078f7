//! The pages of svar's mails: facts in, subject, text and HTML out, in the reader's language.

pub mod acknowledgement;
pub mod ailing;
pub mod answer;
pub mod asked;
pub mod breach;
pub mod bulk;
pub mod canned;
pub mod colleague;
pub mod counter;
pub mod failed;
mod figures;
pub mod gathered;
pub mod held;
pub mod incident;
pub mod late_note;
pub mod manager;
pub mod not_proved;
pub mod notification;
pub mod refused;
pub mod rights;
pub mod robots;
mod sheet;
pub mod shown;
pub mod subject;
pub mod third;
pub mod undo;
pub mod watching;

pub use sheet::escape;

use jiff::tz::TimeZone;
use minijinja::context;

use crate::model::{Party, TicketNo, Time, one_line};
use crate::sla::promise::Phrase;
use crate::wording::Wording;

/// To whom a page speaks: language, zone and the moment of reading.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// `sv`, `en` … (the mailbox's; the customer's own where it is known).
    pub language: &'a str,
    pub zone: &'a TimeZone,
    /// When the page is read: now, or the parcel's `not_before` where it waits. "Today" is said from here.
    pub now: Time,
    /// `[desk] name`
    pub desk: &'a str,
}

impl Voice<'_> {
    fn words(&self) -> &'static Wording {
        Wording::of(self.language)
    }

    /// `i dag 14:30`
    pub(super) fn moment(&self, at: Time) -> String {
        self.words().moment(at, self.now, self.zone)
    }

    /// `Vi räknar med att svara dig i morgon före lunch.`
    pub(super) fn promise(&self, phrase: Phrase) -> String {
        let words = self.words();
        let (key, n, weekday) = match phrase {
            Phrase::Within(n) => ("promise.within", n, None),
            Phrase::Today(n) => ("promise.today", n, None),
            Phrase::Tomorrow(n) => ("promise.tomorrow", n, None),
            Phrase::On(weekday, n) => ("promise.on", n, Some(weekday)),
        };
        let weekday = weekday.map(|d| words.listed("date.weekdays_long", d.to_monday_one_offset())).unwrap_or_default();
        words.say(key, context! { n, weekday, clock => format!("{n}:00") })
    }

    /// `#42 (Var är paketet?)`
    fn ticket(&self, number: TicketNo, subject: &str) -> String {
        if subject::without_numbers(subject).is_empty() {
            return format!("#{number}");
        }
        format!("#{number} ({})", self.subject_or_none(subject))
    }

    /// `#42 Var är paketet?`
    fn headline(&self, number: TicketNo, subject: &str) -> String {
        format!("#{number} {}", self.subject_or_none(subject))
    }

    fn subject_or_none(&self, subject: &str) -> String {
        let plain = sheet::inert(&subject::without_numbers(subject));
        if plain.is_empty() { self.words().word("words.no_subject") } else { sheet::shortened(&plain, 200) }
    }

    fn text_or_none(&self, text: &str) -> String {
        if text.trim().is_empty() { self.words().word("words.no_text") } else { text.to_owned() }
    }

    /// `Kund Ett <kund@example.test>`, or that it cannot be told.
    fn who(&self, party: Option<&Party>) -> String {
        party.map_or_else(|| self.words().word("words.unknown_sender"), shown)
    }

    /// A colleague's name, or that it was one.
    fn colleague(&self, name: Option<&String>) -> String {
        name.map_or_else(|| self.words().word("words.a_colleague"), |n| one_line(n))
    }

    /// `a, b och c`
    fn people(&self, people: &[Party]) -> String {
        self.words().list(&people.iter().map(shown).collect::<Vec<_>>())
    }
}

fn shown(party: &Party) -> String {
    let name = one_line(&sheet::inert(&party.name));
    if name.is_empty() || name == party.address.as_str() {
        party.address.to_string()
    } else {
        format!("{} <{}>", sheet::shortened(&name, 80), party.address)
    }
}

/// Foreign words in which no mail program makes links.
#[must_use]
pub fn defused(words: &str) -> String {
    sheet::defused(&sheet::inert(words))
}

/// What one mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub subject: String,
    /// Lines ended by `\n`.
    pub text: String,
    /// A whole document.
    pub html: String,
}

#[cfg(test)]
mod tests;
