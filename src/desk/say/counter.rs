//! To one of us: the answers to what he has asked the desk. A Reply goes to the desk.

use std::collections::BTreeMap;

use minijinja::context;

use super::notification::{Tap, tap_button};
use super::sheet::{Button, Sheet};
use super::shown::{TicketPart, ticket};
use super::{Page, Voice, figures, refused};
use crate::desk::commands::keyword;
use crate::model::{Address, Party, Priority, State, TicketNo, Time, one_line};
use crate::plan::question::{Hit, Stats};

#[derive(Clone, Debug)]
pub struct CounterFacts {
    /// What was asked, as it was written, and the answer.
    pub parts: Vec<(String, Part)>,
    /// So many questions are not answered: there were too many in one mail.
    pub left_out: usize,
    /// Where questions go; `None`: the mailbox knows no plus addresses.
    pub desk: Option<Address>,
}

/// One answer.
#[derive(Clone, Debug)]
pub enum Part {
    /// The most urgent first, and how many there are in all.
    List {
        rows: Vec<Row>,
        of: usize,
    },
    Search {
        rows: Vec<Hit>,
        more: bool,
    },
    Ticket(Box<TicketPart>),
    /// None of that number that he may see.
    NoTicket,
    Stats {
        stats: Box<Stats>,
        names: BTreeMap<Address, String>,
    },
    /// Names and titles.
    Answers(Vec<(String, String)>),
    Help,
    /// By a fault of ours.
    Failed,
}

/// One ticket of a list. Never text.
#[derive(Clone, Debug)]
pub struct Row {
    pub number: TicketNo,
    pub subject: String,
    pub state: State,
    pub customer: Option<Party>,
    pub waiting_since: Option<Time>,
    pub due_at: Option<Time>,
    pub overdue: bool,
    pub hold_until: Option<Time>,
    /// A name.
    pub assignee: Option<String>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub taps: Vec<Tap>,
}

/// The mail itself.
#[must_use]
pub fn counter(voice: &Voice<'_>, facts: &CounterFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let mut subjects: Vec<String> = Vec::new();
    for (line, part) in &facts.parts {
        if facts.parts.len() > 1 {
            sheet.title(&one_line(line));
        }
        subjects.push(part_of(voice, &mut sheet, line, part, facts.desk.as_ref()));
    }
    if facts.left_out > 0 {
        let n = crate::plan::question::QUESTIONS_MAX;
        sheet.warn(&words.say("counter.left_out", context! { n, left => facts.left_out }));
    }
    if !matches!(facts.parts.as_slice(), [(_, Part::Help)]) {
        sheet.small(&words.word("counter.how"));
    }
    if subjects.len() > SUBJECTS_MAX {
        subjects.truncate(SUBJECTS_MAX);
        subjects.push("…".to_owned());
    }
    if subjects.is_empty() {
        subjects.push(words.word("counter.nothing"));
    }
    sheet.done(words.language(), subjects.join("; "))
}

/// So many answers stand in the subject.
const SUBJECTS_MAX: usize = 3;

/// Writes one answer; what the subject says of it.
fn part_of(voice: &Voice<'_>, sheet: &mut Sheet, line: &str, part: &Part, desk: Option<&Address>) -> String {
    let words = voice.words();
    let line = super::sheet::shortened(&one_line(line), 60);
    match part {
        Part::List { rows, of } => {
            let said = words.say("counter.list", context! { n => *of });
            sheet.say(&said);
            for row in rows {
                list_row(voice, sheet, row, desk);
            }
            if *of > rows.len() {
                sheet.warn(&words.say("counter.list_cut", context! { n => rows.len(), of => *of }));
            }
            words.say("counter.list_subject", context! { line, n => *of })
        }
        Part::Search { rows, more } => {
            let key = if *more { "counter.search_more" } else { "counter.search" };
            sheet.say(&words.say(key, context! { n => rows.len() }));
            for hit in rows {
                let about = [
                    format!("{} · {}", voice.moment(hit.at), one_line(&hit.from)),
                    super::sheet::shortened(&one_line(&hit.snippet), 240),
                ];
                sheet.entry(&voice.headline(hit.number, &hit.subject), &about, &show_button(voice, hit.number, desk));
            }
            words.say("counter.search_subject", context! { line, n => rows.len() })
        }
        Part::Ticket(part) => {
            ticket(voice, sheet, part);
            super::subject::for_agent(part.row.number, &part.row.subject)
        }
        Part::NoTicket => {
            sheet.warn(&words.say("counter.no_ticket", context! { line => &line }));
            words.say("counter.subject", context! { line })
        }
        Part::Stats { stats, names } => figures::stats(voice, sheet, stats, names),
        Part::Answers(rows) if rows.is_empty() => {
            sheet.say(&words.word("counter.no_answers"));
            words.word("counter.answers_subject")
        }
        Part::Answers(rows) => {
            sheet.say(&words.word("counter.answers"));
            sheet.wrapped_rows(rows);
            words.word("counter.answers_subject")
        }
        Part::Help => {
            sheet.say(&words.word("help.intro"));
            sheet.head(&words.word("refused.all"));
            refused::list(voice, sheet);
            words.word("help.subject")
        }
        Part::Failed => {
            sheet.warn(&words.say("counter.failed", context! { line => &line }));
            words.say("counter.subject", context! { line })
        }
    }
}

fn list_row(voice: &Voice<'_>, sheet: &mut Sheet, row: &Row, desk: Option<&Address>) {
    let about: Vec<String> = [voice.who(row.customer.as_ref()), stands(voice, row)].into();
    let mut buttons = show_button(voice, row.number, desk);
    buttons.extend(row.taps.iter().map(|tap| tap_button(voice, &format!("[#{}]", row.number), tap)));
    sheet.entry(&voice.headline(row.number, &row.subject), &about, &buttons);
}

/// Where a ticket stands, in one line: due, waiting, whose, and what else is out of the ordinary.
pub(super) fn stands(voice: &Voice<'_>, row: &Row) -> String {
    let words = voice.words();
    let mut said = Vec::new();
    match row.state {
        State::Open => {}
        State::Held if row.hold_until.is_some() => {
            let until = row.hold_until.map(|t| voice.moment(t)).unwrap_or_default();
            said.push(words.say("counter.held", context! { until }));
        }
        state => said.push(words.state(state)),
    }
    if let Some(due) = row.due_at {
        let key = if row.overdue || due < voice.now { "counter.overdue" } else { "counter.due" };
        said.push(words.say(key, context! { due => voice.moment(due) }));
    }
    if let Some(since) = row.waiting_since {
        said.push(words.say("counter.waiting", context! { since => voice.moment(since) }));
    }
    match &row.assignee {
        Some(name) => said.push(one_line(name)),
        None if matches!(row.state, State::Open | State::Held) => said.push(words.word("counter.nobodys")),
        None => {}
    }
    if row.priority != Priority::Normal {
        let priority = words.list_of(&format!("when.{}", row.priority)).first().cloned().unwrap_or_default();
        said.push(words.say("counter.priority", context! { priority }));
    }
    said.extend(row.tags.iter().map(|t| format!("#{t}")));
    said.join(" · ")
}

/// A mail to the desk that asks for the whole ticket.
fn show_button(voice: &Voice<'_>, number: TicketNo, desk: Option<&Address>) -> Vec<Button> {
    let words = voice.words();
    let body = format!("#{} {number}", keyword(words, "show"));
    desk.map(|to| Button { label: words.word("tap.show"), to: to.to_string(), subject: format!("#{number}"), body })
        .into_iter()
        .collect()
}

/// To whoever's name stands on more questions than one person asks.
#[must_use]
pub fn too_many(voice: &Voice<'_>, n: usize, again: Time) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.say("counter.too_many", context! { n, again => voice.moment(again) }));
    sheet.done(words.language(), words.word("counter.too_many_subject"))
}
