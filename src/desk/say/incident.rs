//! Incidents: what customers get in place of an acknowledgement, and what their author is shown and told.

use minijinja::context;

use super::acknowledgement::{Echo, bye, hello};
use super::sheet::{Sheet, shortened};
use super::{Page, Voice};
use crate::desk::commands::polite::greets;
use crate::mail::markdown;
use crate::model::{TicketNo, Time, one_line};
use crate::plan::IncidentTally;

/// What a customer gets.
#[derive(Clone, Debug)]
pub struct IncidentFacts {
    pub number: TicketNo,
    pub echo: Echo,
    pub body: Body,
    /// Markdown, filled in.
    pub signature: Option<String>,
}

/// A text that is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Somebody's own words, as they are.
    Plain(String),
    Markdown(String),
}

/// In place of an acknowledgement. Of an unverified sender's words nothing is said back.
#[must_use]
pub fn incident_answer(voice: &Voice<'_>, facts: &IncidentFacts) -> Page {
    let words = voice.words();
    let number = facts.number.0;
    let mut sheet = Sheet::default();
    let (Body::Plain(text) | Body::Markdown(text)) = &facts.body;
    if !greets(text) {
        hello(voice, &mut sheet, &facts.echo);
    }
    match &facts.body {
        Body::Plain(text) => sheet.words(text),
        Body::Markdown(text) => sheet.rendered(&markdown::render(text)),
    }
    sheet.say(&words.word("incident.person"));
    if facts.echo == Echo::Nothing {
        sheet.say(&words.word("ack.not_you"));
    }
    bye(voice, &mut sheet, facts.signature.as_ref());
    sheet.small(&words.say("incident.number", context! { number }));
    let subject = match &facts.echo {
        Echo::Nothing => words.say("ack.subject_unverified", context! { number }),
        Echo::Verified { subject, .. } => super::subject::for_customer(facts.number, subject),
    };
    sheet.done(words.language(), subject)
}

/// What an agent is shown before an incident begins.
#[derive(Clone, Debug)]
pub struct PreviewFacts<'a> {
    pub name: &'a str,
    pub pattern: &'a str,
    pub until: Time,
    /// Whose mail is looked at, where it is not that of the only mailbox.
    pub mailboxes: &'a [String],
    /// Open tickets that fit: number and subject.
    pub matching: Vec<(TicketNo, String)>,
    /// So many of so many of late fit, where that is nearly everything.
    pub nearly_all: Option<(usize, usize)>,
    pub sample: Page,
    pub has_languages: bool,
    pub expires_at: Time,
}

/// So many tickets are listed.
const LINES: usize = 40;

#[must_use]
pub fn incident_preview(voice: &Voice<'_>, facts: &PreviewFacts<'_>) -> Page {
    let words = voice.words();
    let name = one_line(facts.name);
    let mut sheet = Sheet::default();
    let until = voice.moment(facts.until);
    sheet.say(&words.say("incident.preview", context! { name => &name, until, pattern => one_line(facts.pattern) }));
    if !facts.mailboxes.is_empty() {
        let mailboxes = words.list(facts.mailboxes);
        sheet.say(&words.say("incident.preview_mailboxes", context! { mailboxes }));
    }
    if let Some((n, of)) = facts.nearly_all {
        sheet.warn(&words.say("incident.nearly_all", context! { n, of }));
    }
    match facts.matching.len() {
        0 => sheet.say(&words.word("incident.matches_none")),
        n => {
            sheet.say(&words.say("incident.matches", context! { n }));
            let rows: Vec<Vec<String>> = facts
                .matching
                .iter()
                .take(LINES)
                .map(|(number, subject)| vec![format!("#{number}"), voice.subject_or_none(subject)])
                .collect();
            sheet.rows(&rows);
            if n > LINES {
                sheet.small(&words.say("incident.and_more", context! { n => n - LINES }));
            }
        }
    }
    sheet.head(&words.word("incident.sample"));
    sheet.excerpt(&facts.sample.text);
    if facts.has_languages {
        sheet.small(&words.word("incident.sample_languages"));
    }
    sheet.say(&words.say("incident.how_new", context! { until => voice.moment(facts.expires_at) }));
    sheet.done(words.language(), words.say("incident.preview_subject", context! { name }))
}

/// That one has begun, with so many open tickets.
#[must_use]
pub fn incident_begun(voice: &Voice<'_>, name: &str, tag: &str, until: Time, linked: usize) -> Page {
    let words = voice.words();
    let name = one_line(name);
    let mut sheet = Sheet::default();
    sheet.say(&words.say("incident.begun", context! { name => &name, tag, until => voice.moment(until), n => linked }));
    sheet.small(&words.say("incident.begun_how", context! { tag }));
    sheet.done(words.language(), words.say("incident.begun_subject", context! { name }))
}

/// All that are on. `epoch`: those of an earlier one are asleep.
#[must_use]
pub fn incident_list(voice: &Voice<'_>, tallies: &[IncidentTally], epoch: i64) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    if tallies.is_empty() {
        sheet.say(&words.word("incident.list_none"));
    }
    for tally in tallies {
        let incident = &tally.incident;
        let title = format!("{} (#{}, {})", shortened(&one_line(&incident.name), 100), incident.no, incident.tag);
        let mut about = vec![words.say(
            "incident.row",
            context! {
                until => voice.moment(incident.until), linked => tally.linked, told => tally.told, replied => tally.replied,
                answered => tally.answered, waiting => tally.waiting,
            },
        )];
        about.push(one_line(&incident.pattern));
        if incident.epoch != epoch {
            about.push(words.word("incident.asleep"));
        }
        sheet.item(&title, &about, &[]);
    }
    sheet.small(&words.word("incident.list_how"));
    sheet.done(words.language(), words.word("incident.list_subject"))
}

/// What is asked before one ends.
#[must_use]
pub fn incident_done(voice: &Voice<'_>, tally: &IncidentTally, expires_at: Time) -> Page {
    let words = voice.words();
    let (name, tag) = (one_line(&tally.incident.name), &tally.incident.tag);
    let mut sheet = Sheet::default();
    let (linked, waiting) = (tally.linked, tally.waiting);
    sheet.say(&words.say("incident.done", context! { name => &name, linked, waiting }));
    sheet.say(&words.say("incident.done_bulk", context! { tag }));
    sheet.say(&words.say("asked.how", context! { until => voice.moment(expires_at) }));
    sheet.done(words.language(), words.say("incident.done_subject", context! { name }))
}

/// What is asked before one lasts longer, or less long.
#[must_use]
pub fn incident_until(voice: &Voice<'_>, tally: &IncidentTally, until: Time, expires_at: Time) -> Page {
    let words = voice.words();
    let name = one_line(&tally.incident.name);
    let mut sheet = Sheet::default();
    let before = voice.moment(tally.incident.until);
    sheet.say(&words.say("incident.until_done", context! { name => &name, until => voice.moment(until), before }));
    sheet.say(&words.say("asked.how", context! { until => voice.moment(expires_at) }));
    sheet.done(words.language(), words.say("incident.until_subject", context! { name }))
}

#[must_use]
pub fn incident_prolonged(voice: &Voice<'_>, name: &str, until: Time) -> Page {
    let words = voice.words();
    let name = one_line(name);
    let mut sheet = Sheet::default();
    sheet.say(&words.say("incident.prolonged", context! { name => &name, until => voice.moment(until) }));
    sheet.done(words.language(), words.say("incident.prolonged_subject", context! { name }))
}

/// What has become of one that is over.
#[must_use]
pub fn incident_over(voice: &Voice<'_>, tally: &IncidentTally) -> Page {
    let words = voice.words();
    let (name, tag) = (one_line(&tally.incident.name), &tally.incident.tag);
    let mut sheet = Sheet::default();
    sheet.say(&words.say(
        "incident.over",
        context! {
            name => &name, linked => tally.linked, told => tally.told, replied => tally.replied, answered => tally.answered,
        },
    ));
    sheet.say(&match tally.waiting {
        0 => words.word("incident.over_none"),
        n => words.say("incident.over_waiting", context! { n, tag }),
    });
    sheet.done(words.language(), words.say("incident.over_subject", context! { name }))
}

/// A mail of one sentence about an incident that is gone.
#[must_use]
pub fn incident_gone(voice: &Voice<'_>, subject: &str) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.word("incident.gone"));
    let subject = voice.subject_or_none(subject);
    sheet.done(words.language(), words.say("asked.subject", context! { subject }))
}
