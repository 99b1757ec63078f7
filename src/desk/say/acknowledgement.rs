//! What a customer gets at once: the number, when to expect an answer, how to add to the matter.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::mail::markdown;
use crate::model::{TicketNo, one_line};

#[derive(Clone, Debug)]
pub struct AckFacts {
    pub number: TicketNo,
    pub echo: Echo,
    /// When an answer can be expected, in the voice's language; `None`: the language file's own sentence.
    pub expect: Option<String>,
    /// Notices that are still in force.
    pub notices: Vec<String>,
    /// Markdown, filled in.
    pub signature: Option<String>,
}

/// What of the sender's own words may be said back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The sender is not verified: nothing.
    Nothing,
    Verified {
        subject: String,
        name: String,
    },
}

/// The acknowledgement. Of an unverified sender's words nothing is said back: who forges a sender could else send his text.
#[must_use]
pub fn acknowledgement(voice: &Voice<'_>, facts: &AckFacts) -> Page {
    let words = voice.words();
    let number = facts.number.0;
    let mut sheet = Sheet::default();
    hello(voice, &mut sheet, &facts.echo);
    let subject = match &facts.echo {
        Echo::Nothing => words.say("ack.subject_unverified", context! { number }),
        Echo::Verified { subject, .. } => super::subject::for_customer(facts.number, subject),
    };
    sheet.say(&words.say("ack.received", context! { number }));
    sheet.say(&facts.expect.as_ref().map_or_else(|| words.word("ack.expect"), |expect| one_line(expect)));
    for notice in &facts.notices {
        sheet.say(&one_line(notice));
    }
    sheet.say(&words.word("ack.add"));
    if facts.echo == Echo::Nothing {
        sheet.say(&words.word("ack.not_you"));
    }
    bye(voice, &mut sheet, facts.signature.as_ref());
    sheet.small(&words.word("ack.automatic"));
    sheet.done(words.language(), subject)
}

/// By name, where the sender is known.
pub(super) fn hello(voice: &Voice<'_>, sheet: &mut Sheet, echo: &Echo) {
    let words = voice.words();
    let name = match echo {
        Echo::Nothing => None,
        Echo::Verified { name, .. } => first_name(name),
    };
    match name {
        Some(name) => sheet.say(&words.say("ack.hello_name", context! { name })),
        None => sheet.say(&words.word("ack.hello")),
    }
}

/// The mailbox's signature, else the desk's name.
pub(super) fn bye(voice: &Voice<'_>, sheet: &mut Sheet, signature: Option<&String>) {
    let plain = || format!("{}\n{}", voice.words().word("ack.bye"), markdown::escape(&one_line(voice.desk)));
    let signature = signature.cloned().unwrap_or_else(plain);
    sheet.rendered(&markdown::render(&signature));
}

/// The first word of a name that looks like a person's: "Kund Ett", not "ETT AB", "info" or "Ett, Kund".
fn first_name(name: &str) -> Option<&str> {
    let word = |w: &str| {
        let mut chars = w.chars();
        chars.next().is_some_and(char::is_uppercase)
            && chars.all(|c| c.is_alphabetic() || c == '-')
            && (w.chars().any(char::is_lowercase) || !w.is_ascii() && w.chars().count() < 2)
    };
    let mut parts = name.split_whitespace();
    let (first, last) = (parts.next()?, parts.next()?);
    (parts.count() < 3 && word(first) && word(last) && first.chars().count() <= 20).then_some(first)
}
