//! Many things at once, in one list: what waits, the most urgent first, each with its links. A Reply goes to the desk.

use minijinja::context;

use super::notification::{Tap, tap_button};
use super::sheet::{Button, Sheet};
use super::{Page, Voice};
use crate::model::{NoticeKind, Party, TicketNo, Time};

#[derive(Clone, Debug)]
pub struct GatheredFacts {
    /// The most urgent first.
    pub lines: Vec<GatheredLine>,
    /// So many more come with the next list.
    pub more: i64,
}

/// One ticket. Never text.
#[derive(Clone, Debug)]
pub struct GatheredLine {
    pub kind: NoticeKind,
    pub number: TicketNo,
    pub subject: String,
    pub customer: Option<Party>,
    pub due_at: Option<Time>,
    /// New mails of the customer's.
    pub mails: usize,
    pub taps: Vec<Tap>,
}

/// The kinds in the order in which they stand in a list, with their phrases.
const SECTIONS: &[(NoticeKind, &str)] = &[
    (NoticeKind::Breach, "gathered.breaches"),
    (NoticeKind::Warning, "gathered.warnings"),
    (NoticeKind::Message, "gathered.messages"),
];

/// The list.
#[must_use]
pub fn gathered(voice: &Voice<'_>, facts: &GatheredFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let mut subjects = Vec::new();
    for (kind, key) in SECTIONS {
        let lines: Vec<&GatheredLine> = facts.lines.iter().filter(|l| l.kind == *kind).collect();
        if lines.is_empty() {
            continue;
        }
        subjects.push(words.say(&format!("{key}_subject"), context! { n => lines.len() }));
        sheet.say(&words.say(key, context! { n => lines.len() }));
        for line in lines {
            let buttons: Vec<Button> =
                line.taps.iter().map(|tap| tap_button(voice, &format!("[#{}]", line.number), tap)).collect();
            sheet.item(&voice.headline(line.number, &line.subject), &about(voice, line), &buttons);
        }
    }
    if facts.more > 0 {
        sheet.say(&words.say("gathered.more", context! { n => facts.more }));
    }
    let for_agents = facts.lines.iter().any(|l| l.kind != NoticeKind::Breach);
    sheet.small(&words.word(if for_agents { "gathered.how" } else { "gathered.how_manager" }));
    sheet.done(words.language(), subjects.join(", "))
}

/// Who waits, and until when.
fn about(voice: &Voice<'_>, line: &GatheredLine) -> Vec<String> {
    let words = voice.words();
    let mut about = vec![voice.who(line.customer.as_ref())];
    if let Some(due) = line.due_at {
        let key = if due < voice.now { "gathered.overdue" } else { "gathered.due" };
        about.push(words.say(key, context! { due => voice.moment(due) }));
    }
    if line.mails > 1 {
        about.push(words.say("gathered.mails", context! { n => line.mails }));
    }
    about
}
