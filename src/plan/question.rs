//! What one of us asks the desk, and what it answers: questions stand in [`crate::plan::Clues`], answers in [`crate::plan::Findings`].

use jiff::civil::Date;

use crate::model::{Address, Direction, MessageNo, Party, TicketNo, Time};
use crate::plan::AttachmentRow;
use crate::plan::query::Query;

/// So many questions of one mail are answered.
pub const QUESTIONS_MAX: usize = 10;
/// So many rows of a list or a search are shown.
pub const ROWS_MAX: usize = 100;

/// What one mail asks, and about which mailboxes its writer may hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// His first address.
    pub by: Option<Address>,
    /// It is sure that he wrote it.
    pub proved: bool,
    /// Those in which he works.
    pub mailboxes: Vec<String>,
    /// Without doubles.
    pub questions: Vec<Question>,
}

/// One question. The answer to each is read together with everything else about the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The tickets that a query means.
    List(Query),
    /// Full-text search.
    Search(String),
    /// One ticket, whole.
    Show(TicketNo),
    /// The figures of some days.
    Stats(Span),
    /// A digest made now.
    Digest(DigestWord),
    /// The canned answers.
    Answers,
}

impl Question {
    /// Whether the answer takes so long that it is made before the batch, in views of the database of its own.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self, Self::Stats(_) | Self::Digest(_))
    }
}

/// Days as a person names them; "today" is said when the letter is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Today,
    Yesterday,
    /// From Monday up to now.
    Week,
    LastWeek,
    /// From the first up to now.
    Month,
    LastMonth,
    /// Both inclusive.
    Days(Date, Date),
}

impl Span {
    /// The days, both inclusive.
    #[must_use]
    pub fn days(self, today: Date) -> (Date, Date) {
        use jiff::ToSpan;
        let monday = today.saturating_sub(i32::from(today.weekday().to_monday_zero_offset()).days());
        let yesterday = today.saturating_sub(1.day());
        let last_of_month = today.first_of_month().saturating_sub(1.day());
        match self {
            Self::Today => (today, today),
            Self::Yesterday => (yesterday, yesterday),
            Self::Week => (monday, today),
            Self::LastWeek => (monday.saturating_sub(7.days()), monday.saturating_sub(1.day())),
            Self::Month => (today.first_of_month(), today),
            Self::LastMonth => (last_of_month.first_of_month(), last_of_month),
            Self::Days(from, to) => (from, to),
        }
    }
}

/// Which digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestWord {
    Daily,
    Weekly,
    Monthly,
}

impl DigestWord {
    pub const ALL: &'static [Self] = &[Self::Daily, Self::Weekly, Self::Monthly];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The first tickets, the most urgent first, and how many there are in all. What is known of them is in `Findings::tickets`.
    List {
        rows: Vec<Listed>,
        of: usize,
    },
    /// The best first.
    Search {
        rows: Vec<Hit>,
        more: bool,
    },
    /// `None`: there is no such ticket in his mailboxes.
    Show(Option<Box<Shown>>),
    Stats(Box<Stats>),
    /// A finished mail of its own.
    Digest(Box<Made>),
    /// The names and titles of the canned answers.
    Answers(Vec<(String, String)>),
    /// By a fault of ours.
    Failed,
}

/// One row of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub number: TicketNo,
    pub overdue: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub number: TicketNo,
    pub at: Time,
    /// Who wrote it; "" where that is not known.
    pub from: String,
    /// The ticket's.
    pub subject: String,
    /// On one line.
    pub snippet: String,
}

/// One ticket, whole; the rest stands in `Findings::tickets`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub number: TicketNo,
    pub overdue: bool,
    /// Newest first.
    pub messages: Vec<ShownMessage>,
    /// So many older ones are left out.
    pub older: usize,
    pub clocks: Vec<ShownClock>,
    /// Oldest first: when, who, the word of [`crate::plan::What`].
    pub events: Vec<(Time, String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ShownMessage {
    pub no: MessageNo,
    pub direction: Direction,
    pub from: Option<Party>,
    pub to: Vec<Party>,
    pub at: Time,
    /// What was written this time.
    pub text: String,
    pub attachments: Vec<AttachmentRow>,
}

/// A clock as it stands. Open time, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownClock {
    /// `first_response`, `next_response`, `resolution`.
    pub kind: &'static str,
    pub started_at: Time,
    pub due_at: Option<Time>,
    pub stopped_at: Option<Time>,
    pub elapsed_s: i64,
    /// `running`, `paused`, `met`, `breached`, `cancelled`.
    pub state: &'static str,
}

/// The figures of some days.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    pub from: Date,
    pub to: Date,
    pub opened: usize,
    pub closed: usize,
    pub reopened: usize,
    pub open_at_end: usize,
    pub clocks: Vec<ClockStats>,
    /// Who, how many answers, their median in seconds. Empty where the configuration shows none.
    pub by_agent: Vec<(Option<Address>, usize, Option<i64>)>,
}

/// The figures of one kind of clock.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockStats {
    /// `first_response`, `next_response`, `resolution`.
    pub kind: &'static str,
    pub started: usize,
    pub stopped: usize,
    pub past_target: usize,
    pub within_target: usize,
    pub median_s: Option<i64>,
    pub p90_s: Option<i64>,
    pub target_s: Option<i64>,
    /// Band and how many; the words of the configuration.
    pub bands: Vec<(String, usize)>,
}

/// A mail that is made elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    pub subject: String,
    pub text: String,
    pub html: String,
    pub attachments: Vec<AttachmentRow>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_as_they_are_named() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let check = |span: Span, today: &str, from: &str, to: &str| {
            assert_eq!(span.days(day(today)), (day(from), day(to)), "{span:?} {today}");
        };
        check(Span::Today, "2026-11-19", "2026-11-19", "2026-11-19");
        check(Span::Yesterday, "2026-03-01", "2026-02-28", "2026-02-28");
        check(Span::Week, "2026-11-19", "2026-11-16", "2026-11-19");
        check(Span::Week, "2026-11-16", "2026-11-16", "2026-11-16");
        check(Span::LastWeek, "2026-11-19", "2026-11-09", "2026-11-15");
        check(Span::Month, "2026-11-19", "2026-11-01", "2026-11-19");
        check(Span::LastMonth, "2026-01-19", "2025-12-01", "2025-12-31");
    }
}
