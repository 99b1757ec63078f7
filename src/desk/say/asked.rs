//! To an agent: a mail of his was recorded and nothing left the desk; what shall be done with it?

use minijinja::context;

use super::notification::{Tap, tap_button};
use super::sheet::{Button, Sheet};
use super::{Page, Voice};
use crate::model::{Party, TicketNo, Time, one_line};

#[derive(Clone, Debug)]
pub struct AskedFacts {
    /// Of the mail in question.
    pub subject: String,
    pub why: AskedWhy,
    /// One-tap choices.
    pub taps: Vec<Tap>,
    /// The agent's own text, for resending.
    pub text: String,
    /// Until when a `#send` in reply is good; `None`: nothing waits.
    pub until: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedWhy {
    /// He forwarded a customer's mail: shall it be her ticket?
    Forwarded { from: Option<Party>, subject: String },
    /// It answers no mail of ours and names no ticket.
    NoTicket,
    /// It names a ticket, but nothing proves that it answers it.
    Ticket(TicketNo),
    /// A first mail to the desk itself: these lines are obeyed once they are confirmed.
    Commands(Vec<String>),
    /// A reply to a mail that only takes commands, with other text in it.
    CommandsOnly,
    /// `#send` and the like, where nothing waits.
    NothingWaits,
    /// What waited has expired, was sent or was dropped.
    TooLate,
    /// An answer that waited a while was stopped.
    Stopped,
}

#[must_use]
pub fn asked(voice: &Voice<'_>, facts: &AskedFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let plain = |key: &str| words.word(key);
    sheet.say(&match &facts.why {
        AskedWhy::Forwarded { from, subject } => {
            let subject = voice.subject_or_none(subject);
            match from {
                Some(who) => words.say("asked.forwarded", context! { who => voice.who(Some(who)), subject }),
                None => words.say("asked.forwarded_unknown", context! { subject }),
            }
        }
        AskedWhy::NoTicket => plain("asked.no_ticket"),
        AskedWhy::Ticket(number) => words.say("asked.ticket", context! { number => number.0 }),
        AskedWhy::Commands(lines) => {
            let commands: Vec<String> = lines.iter().map(|l| one_line(l)).collect();
            words.say("asked.commands", context! { commands => commands.join(", ") })
        }
        AskedWhy::CommandsOnly => plain("asked.commands_only"),
        AskedWhy::NothingWaits => plain("asked.nothing_waits"),
        AskedWhy::TooLate => plain("asked.too_late"),
        AskedWhy::Stopped => plain("asked.stopped"),
    });
    if matches!(facts.why, AskedWhy::Forwarded { .. }) && facts.until.is_some() {
        sheet.small(&plain("asked.forwarded_name"));
    }
    if let Some(until) = facts.until {
        let until = voice.moment(until);
        sheet.say(&match &facts.why {
            AskedWhy::Forwarded { .. } => words.say("asked.how_forwarded", context! { until }),
            AskedWhy::NoTicket => words.say("asked.how_no_ticket", context! { until }),
            AskedWhy::Ticket(number) => words.say("asked.how_ticket", context! { number => number.0, until }),
            _ => words.say("asked.how", context! { until }),
        });
    }
    let title = voice.subject_or_none(&facts.subject);
    let buttons: Vec<Button> = facts.taps.iter().map(|tap| tap_button(voice, &title, tap)).collect();
    sheet.buttons(&buttons);
    sheet.button_list(&words.word("asked.choices"), &buttons);
    if !facts.text.trim().is_empty() {
        sheet.head(&words.word("asked.your_text"));
        sheet.excerpt(&facts.text);
    }
    let key = if facts.why == AskedWhy::Stopped { "asked.stopped_subject" } else { "asked.subject" };
    sheet.done(words.language(), words.say(key, context! { subject => title }))
}
