//! One ticket, whole, for one of us: where it stands, what was said, the newest first, and what happened.

use minijinja::context;

use super::Voice;
use super::counter::{Row, stands};
use super::notification::{Tap, tap_button};
use super::sheet::{Button, Sheet};
use crate::model::{Direction, Party, TicketNo, Time, one_line};
use crate::plan::question::{Shown, ShownClock, ShownMessage};

#[derive(Clone, Debug)]
pub struct TicketPart {
    pub row: Row,
    pub shown: Shown,
    /// One of us who wrote a message: his name, in the order of `Shown::messages`.
    pub authors: Vec<Option<String>>,
    pub created_at: Time,
    pub survivor: Option<TicketNo>,
    pub related: Vec<TicketNo>,
    /// Who takes part besides the customer.
    pub copies: Vec<Party>,
    pub taps: Vec<Tap>,
}

/// So many events are shown, the newest.
const EVENTS_MAX: usize = 30;

pub(super) fn ticket(voice: &Voice<'_>, sheet: &mut Sheet, part: &TicketPart) {
    let words = voice.words();
    let row = &part.row;
    sheet.head(&voice.headline(row.number, &row.subject));
    let who = voice.who(row.customer.as_ref());
    sheet.say(&words.say("counter.since", context! { who, when => voice.moment(part.created_at) }));
    sheet.say(&stands(voice, row));
    if let Some(survivor) = part.survivor {
        sheet.warn(&words.say("counter.merged", context! { number => survivor.0 }));
    }
    if !part.copies.is_empty() {
        sheet.say(&words.say("counter.copies", context! { people => voice.people(&part.copies) }));
    }
    if !part.related.is_empty() {
        let numbers: Vec<String> = part.related.iter().map(|n| format!("#{n}")).collect();
        sheet.say(&words.say("counter.related", context! { numbers => words.list(&numbers) }));
    }
    let buttons: Vec<Button> =
        part.taps.iter().map(|tap| tap_button(voice, &format!("[#{}]", row.number), tap)).collect();
    sheet.buttons(&buttons);
    for (message, author) in part.shown.messages.iter().zip(&part.authors) {
        said(voice, sheet, message, author.as_ref());
    }
    if part.shown.older > 0 {
        sheet.warn(&words.say("counter.older", context! { n => part.shown.older }));
    }
    if !part.shown.clocks.is_empty() {
        sheet.head(&words.word("counter.clocks"));
        let rows: Vec<(String, String)> = part.shown.clocks.iter().map(|c| clock(voice, c)).collect();
        sheet.wrapped_rows(&rows);
    }
    events(voice, sheet, part);
    sheet.button_list(&words.word("notification.taps_title"), &buttons);
}

fn said(voice: &Voice<'_>, sheet: &mut Sheet, message: &ShownMessage, author: Option<&String>) {
    let words = voice.words();
    let who = match (author, &message.from) {
        (Some(name), _) => one_line(name),
        (None, from) => voice.who(from.as_ref()),
    };
    let when = voice.moment(message.at);
    let key = match message.direction {
        Direction::In => "counter.wrote",
        Direction::Out => "counter.answered",
        Direction::Note => "counter.noted",
        Direction::Auto => "counter.automatic",
    };
    sheet.head(&words.say(key, context! { who, when }));
    sheet.excerpt(&voice.text_or_none(&message.text));
    let files: Vec<String> = message
        .attachments
        .iter()
        .filter(|a| !a.inline)
        .map(|a| format!("{} ({})", super::sheet::shortened(&one_line(&a.name), 60), words.size(a.size)))
        .collect();
    if !files.is_empty() {
        sheet.small(&words.say("notification.attachments", context! { files => files.join(", ") }));
    }
}

/// What is measured, and how it stands.
fn clock(voice: &Voice<'_>, clock: &ShownClock) -> (String, String) {
    let words = voice.words();
    let mut said = vec![words.word(&format!("counter.clock_{}", clock.state))];
    if clock.state != "cancelled" {
        said.push(words.say("counter.took", context! { time => words.duration(clock.elapsed_s.max(0)) }));
    }
    if let Some(due) = clock.due_at.filter(|_| clock.stopped_at.is_none()) {
        said.push(words.say("counter.due", context! { due => voice.moment(due) }));
    }
    (words.word(&format!("counter.{}", clock.kind)), said.join(", "))
}

/// When, what, who; the newest, oldest first.
fn events(voice: &Voice<'_>, sheet: &mut Sheet, part: &TicketPart) {
    let all = &part.shown.events;
    if all.is_empty() {
        return;
    }
    let words = voice.words();
    sheet.head(&words.word("counter.events"));
    let newest = &all[all.len().saturating_sub(EVENTS_MAX)..];
    let row = |(at, actor, what): &(Time, String, String)| {
        let who = actor.split_once(':').map_or(actor.as_str(), |(_, who)| who);
        (
            voice.moment(*at),
            format!("{} · {who}", words.word_if_known(&format!("event.{what}")).unwrap_or_else(|| what.clone())),
        )
    };
    sheet.wrapped_rows(&newest.iter().map(row).collect::<Vec<_>>());
}
