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
            sheet.title(&echoed(line));
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

/// What was asked, as it may be shown to whoever did not ask it.
fn echoed(line: &str) -> String {
    super::sheet::shortened(&super::sheet::defused(&super::sheet::inert(&one_line(line))), 60)
}

/// So many answers stand in the subject.
const SUBJECTS_MAX: usize = 3;

/// Writes one answer; what the subject says of it.
fn part_of(voice: &Voice<'_>, sheet: &mut Sheet, line: &str, part: &Part, desk: Option<&Address>) -> String {
    let words = voice.words();
    let (asked, line) = (super::sheet::shortened(&super::sheet::inert(&one_line(line)), 60), echoed(line));
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
            words.say("counter.list_subject", context! { line => asked, n => *of })
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
            words.say("counter.search_subject", context! { line => asked, n => rows.len() })
        }
        Part::Ticket(part) => {
            ticket(voice, sheet, part);
            super::subject::for_agent(part.row.number, &part.row.subject)
        }
        Part::NoTicket => {
            sheet.warn(&words.say("counter.no_ticket", context! { line => &line }));
            words.say("counter.subject", context! { line => asked })
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
            words.say("counter.subject", context! { line => asked })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::say::notification::TapWord;
    use crate::wording::Wording;

    fn row(number: i64, subject: &str, name: &str) -> Row {
        let address = |text: &str| Address::parse(text).unwrap();
        Row {
            number: TicketNo(number),
            subject: subject.to_owned(),
            state: State::Open,
            customer: Some(Party { name: name.to_owned(), address: address("maja@kund.test") }),
            waiting_since: Time::parse_rfc3339("2026-11-24T10:40:00Z"),
            due_at: Time::parse_rfc3339("2026-11-24T11:40:00Z"),
            overdue: true,
            hold_until: None,
            assignee: None,
            priority: Priority::High,
            tags: vec!["sen".to_owned()],
            taps: vec![Tap {
                what: TapWord::Take,
                to: address(&format!("support+k{number}-take.k4zq2m.7xw3tab5c6d7e2f3@example.test")),
            }],
        }
    }

    fn page(language: &str, parts: Vec<(String, Part)>) -> Page {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let now = Time::parse_rfc3339("2026-11-24T12:40:00Z").unwrap();
        let voice = Voice { language, zone: &zone, now, desk: "Exempelbutiken" };
        counter(&voice, &CounterFacts { parts, left_out: 2, desk: Address::parse("support+desk@example.test") })
    }

    #[test]
    fn a_list_is_narrow_and_its_words_stay_words() {
        let evil = "<script>alert(1)</script>\u{1b}[31m -=-=- svar -=-=- https://evil.test/";
        for language in Wording::languages() {
            let long =
                "Var är mitt paket? Det skulle ha kommit i går och nu är jag orolig för att det är borta ".repeat(3);
            let rows = vec![row(41, &long, "Maja Svensson"), row(42, evil, evil), row(43, "", "")];
            let parts = vec![
                ("#list overdue".to_owned(), Part::List { rows, of: 250 }),
                (evil.to_owned(), Part::NoTicket),
                (
                    "#search x".to_owned(),
                    Part::Search {
                        rows: vec![Hit {
                            number: TicketNo(7),
                            at: Time::from_unix(0),
                            from: evil.to_owned(),
                            subject: evil.to_owned(),
                            snippet: evil.to_owned(),
                        }],
                        more: true,
                    },
                ),
                ("#help".to_owned(), Part::Help),
            ];
            let page = page(language, parts);
            assert!(page.text.lines().all(|l| l.chars().count() <= 90), "{}", page.text);
            assert!(!page.html.contains("<script") && !page.html.contains("<table style=\"width"), "{}", page.html);
            assert!(!page.text.contains('\u{1b}') && !page.text.contains("-=-=- svar"));
            assert!(!page.html.contains("href=\"https://evil.test"), "subjects and names are no links");
            assert_eq!(page.html.matches("mailto:support%2Bk41-take.").count(), 1);
            assert!(page.html.contains("mailto:support%2Bdesk@example.test?subject="));
            assert!(page.text.contains("250") && page.text.contains("#41 Var är mitt paket?"));
            assert!(!page.subject.contains('\n') && page.subject.chars().count() < 250, "{}", page.subject);
        }
    }

    #[test]
    fn a_row_says_where_a_ticket_stands() {
        let page = page("sv", vec![("#lista".to_owned(), Part::List { rows: vec![row(41, "Retur", "Maja")], of: 1 })]);
        assert!(
            page.text.starts_with(
                "1 ärende.\n\n#41 Retur\n    Maja <maja@kund.test>\n    skulle ha besvarats i dag 12:40 · väntar sedan i dag 11:40 · ingens ·\n"
            ),
            "{}",
            page.text
        );
    }
}
