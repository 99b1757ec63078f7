//! To whoever sends one text to many: how it would look and to whom, why it cannot be, and what became of it.

use minijinja::context;

use super::sheet::{Sheet, shortened};
use super::{Page, Voice};
use crate::desk::bulk::mails::Shown;
use crate::model::{BulkState, Party, TicketNo, Time, one_line};
use crate::plan::{BulkFacts, BulkLine};

/// So many tickets are listed with subject and customer; of more only the numbers stand there.
const LISTED: usize = 200;

/// What of a bulk stands on a page.
#[derive(Clone, Debug)]
pub struct BulkPage {
    pub bulk: BulkFacts,
    pub shown: Shown,
    pub samples: Vec<Sample>,
    /// At the pace that is allowed; `None`: at once.
    pub takes_s: Option<i64>,
    /// Until when the word to send is good.
    pub until: Time,
}

/// A mail as one customer would see it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub ticket: TicketNo,
    /// Empty where the text has but one.
    pub language: String,
    pub subject: String,
    pub text: String,
    pub from: Party,
    pub to: Party,
}

/// Why a bulk cannot be.
#[derive(Clone, Debug)]
pub enum BulkRefusal {
    /// In words for the person who typed it.
    BadQuery(String),
    Nothing {
        query: String,
    },
    TooMany {
        query: String,
        n: i64,
        most: i64,
    },
    /// All that matched is left out.
    NothingLeft(Box<BulkPage>),
}

impl BulkRefusal {
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::BadQuery(_) => "bad-query",
            Self::Nothing { .. } => "nothing",
            Self::TooMany { .. } => "too-many",
            Self::NothingLeft(_) => "nothing-left",
        }
    }
}

/// The preview: how many, which, how it looks, what it costs in time.
#[must_use]
pub fn preview(voice: &Voice<'_>, page: &BulkPage) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (mails, tickets) = (page.bulk.counts.ready, page.bulk.counts.ready + page.bulk.counts.joined);
    let query = one_line(&page.bulk.query);
    sheet.say(&words.say("bulk.intro", context! { tickets, mails, query }));
    sheet.say(&words.word(if page.bulk.answers { "bulk.answers" } else { "bulk.no_answer" }));
    sheet.say(&match page.takes_s {
        Some(seconds) => words.say("bulk.takes", context! { duration => words.duration(seconds) }),
        None => words.word("bulk.at_once"),
    });
    if page.bulk.agent.is_some() {
        let first: Vec<String> = page.shown.ready.iter().take(2).map(|l| l.ticket.to_string()).collect();
        let until = voice.moment(page.until);
        sheet.say(&words.say("bulk.how", context! { example => first.join(" "), until }));
    } else {
        sheet.say(&words.word("bulk.how_shell"));
    }
    for sample in &page.samples {
        let key = if sample.language.is_empty() { "bulk.sample" } else { "bulk.sample_language" };
        sheet.head(&words.say(
            key,
            context! {
                who => voice.who(Some(&sample.to)), number => sample.ticket.0, subject => sample.subject.clone(),
                from => voice.who(Some(&sample.from)), language => sample.language.clone(),
            },
        ));
        sheet.excerpt(&sample.text);
    }
    left(voice, &mut sheet, &page.shown.left_out);
    if !page.shown.joined.is_empty() {
        sheet.head(&words.word("bulk.joined"));
        let about = |line: &BulkLine| words.say("bulk.joined_line", context! { number => line.leader.0 });
        lines(voice, &mut sheet, &page.shown.joined, &about);
    }
    sheet.head(&words.word("bulk.list"));
    lines(voice, &mut sheet, &page.shown.ready, &|line| voice.subject_or_none(&line.subject));
    let subject = voice.subject_or_none(&page.bulk.subject);
    sheet.done(words.language(), words.say("bulk.subject", context! { mails, subject }))
}

/// Why there is nothing to send.
#[must_use]
pub fn refusal(voice: &Voice<'_>, subject: &str, why: &BulkRefusal) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&match why {
        BulkRefusal::BadQuery(said) => words.say("bulk.bad_query", context! { words => one_line(said) }),
        BulkRefusal::Nothing { query } => words.say("bulk.nothing", context! { query => one_line(query) }),
        BulkRefusal::TooMany { query, n, most } => {
            words.say("bulk.too_many", context! { query => one_line(query), n, most })
        }
        BulkRefusal::NothingLeft(_) => words.word("bulk.nothing_left"),
    });
    if let BulkRefusal::NothingLeft(page) = why {
        left(voice, &mut sheet, &page.shown.left_out);
    }
    let subject = voice.subject_or_none(subject);
    sheet.done(words.language(), words.say("bulk.refused_subject", context! { subject }))
}

/// What became of it.
#[must_use]
pub fn report(voice: &Voice<'_>, page: &BulkPage) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (bulk, counts) = (&page.bulk, &page.bulk.counts);
    let is_stopped = !bulk.why.is_empty();
    let took_s = bulk.started_at.zip(bulk.ended_at).map_or(0, |(from, to)| to.since(from));
    let key = if bulk.answers { "bulk.report" } else { "bulk.report_word" };
    let (sent, tickets, query) = (counts.sent, counts.all(), one_line(&bulk.query));
    sheet.say(&words.say(key, context! { sent, tickets, query, duration => words.duration(took_s) }));
    if bulk.why == RESTORED {
        sheet.warn(&words.say("bulk.report_restored", context! { n => counts.queued }));
    } else if is_stopped {
        let who = bulk.why.split_once(':').map_or(bulk.why.as_str(), |(_, who)| who);
        sheet.warn(&words.say("bulk.report_stopped", context! { who => one_line(who) }));
    }
    let (left_out, failed, stopped) = (counts.left_out, counts.failed, counts.stopped);
    sheet.say(&words.say("bulk.counts", context! { sent, left_out, failed, stopped }));
    for (key, some) in [("bulk.failed", &page.shown.failed), ("bulk.stopped", &page.shown.stopped)] {
        if !some.is_empty() {
            sheet.head(&words.word(key));
            lines(voice, &mut sheet, some, &|line| voice.subject_or_none(&line.subject));
        }
    }
    left(voice, &mut sheet, &page.shown.left_out);
    let (subject, mails) = (voice.subject_or_none(&bulk.subject), counts.mails);
    let key = if is_stopped { "bulk.stopped_subject" } else { "bulk.report_subject" };
    sheet.done(words.language(), words.say(key, context! { subject, mails }))
}

/// `bulk.why` of one that a restore has interrupted; see `store::backup`.
const RESTORED: &str = "restored";

/// Somebody says a word to a bulk that is not to be had any more.
#[must_use]
pub fn over(voice: &Voice<'_>, bulk: &BulkFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let counts = &bulk.counts;
    let waiting = counts.ready + counts.queued + counts.joined;
    sheet.say(&match bulk.state {
        BulkState::Running => words.say("bulk.over_running", context! { sent => counts.sent, waiting }),
        BulkState::Stopping => words.word("bulk.over_stopping"),
        _ => words.say("bulk.over_done", context! { sent => counts.sent }),
    });
    let subject = voice.subject_or_none(&bulk.subject);
    sheet.done(words.language(), words.say("bulk.over_subject", context! { subject }))
}

fn left(voice: &Voice<'_>, sheet: &mut Sheet, left_out: &[BulkLine]) {
    if left_out.is_empty() {
        return;
    }
    sheet.head(&voice.words().word("bulk.left_out"));
    let row = |line: &BulkLine| {
        let who = format!("#{} {}", line.ticket, voice.who(line.customer.as_ref()));
        (shortened(&who, 40), why(voice, &line.why))
    };
    let rows: Vec<(String, String)> = left_out.iter().take(LISTED).map(row).collect();
    sheet.wrapped_rows(&rows);
    more(voice, sheet, left_out);
}

/// Why a ticket is left out, in the reader's language.
#[must_use]
pub fn why(voice: &Voice<'_>, why: &str) -> String {
    let (word, rest) = why.split_once(' ').unwrap_or((why, ""));
    let key = format!("bulk.why_{}", word.replace('-', "_"));
    voice.words().say(&key, context! { rest => one_line(rest) })
}

/// A line a ticket: number, customer, and what is to be said about it.
fn lines(voice: &Voice<'_>, sheet: &mut Sheet, all: &[BulkLine], about: &dyn Fn(&BulkLine) -> String) {
    let row = |line: &BulkLine| vec![format!("#{}", line.ticket), voice.who(line.customer.as_ref()), about(line)];
    let rows: Vec<Vec<String>> = all.iter().take(LISTED).map(row).collect();
    sheet.rows(&rows);
    more(voice, sheet, all);
}

/// The numbers of those for whom there is no room.
fn more(voice: &Voice<'_>, sheet: &mut Sheet, all: &[BulkLine]) {
    if let Some(rest) = all.get(LISTED..).filter(|rest| !rest.is_empty()) {
        let numbers: Vec<String> = rest.iter().map(|l| format!("#{}", l.ticket)).collect();
        let more = context! { n => rest.len(), numbers => numbers.join(" ") };
        sheet.small(&voice.words().say("bulk.more", more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::bulk::mails::WHYS;
    use crate::wording::Wording;

    #[test]
    fn every_reason_is_said_in_every_language() {
        for language in Wording::languages() {
            let voice = Voice { language, zone: &jiff::tz::TimeZone::UTC, now: Time::from_unix(0), desk: "B" };
            for word in WHYS {
                let said = why(&voice, &format!("{word} order"));
                let names_it = matches!(*word, "variable" | "leak" | "from-note");
                assert_eq!(said.ends_with(": order"), names_it, "{language} {word}: {said}");
            }
        }
    }
}
