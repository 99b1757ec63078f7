//! The figures of a period: what `svar stats` prints and every digest is made of, as a pure function of ticket histories.
//!
//! [`Figures`] is the JSON of `svar stats --json`; whatever shows figures shows these. Nothing in here is stored: the same
//! histories, period, measures and time of day give the same figures.

mod count;
mod days;
mod slow;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use crate::model::{Address, Priority, State, TicketNo, Time};
use crate::sla::calendar::Calendar;
use crate::sla::clock::{ClockKind, ClockState, Step, Targets};
pub use crate::sla::figures::tally::Tally;

/// One ticket, as figures need it.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub number: TicketNo,
    pub mailbox: String,
    pub priority: Priority,
    pub subject: String,
    pub state: State,
    /// Its customer is one of `[mystery]`: a test of ours, kept out of the ordinary figures.
    pub mystery: bool,
    pub tags: Vec<String>,
    /// When its first message was received.
    pub created_at: Time,
    pub assignee: Option<Address>,
    /// For the clocks: what [`crate::sla::clock::fold`] takes, in the order in which it was written down.
    pub steps: Vec<Step>,
    /// When customers' messages that count were received.
    pub customer_messages: Vec<Time>,
    /// What stops clocks: persons' answers when SMTP accepted them, and `#called`.
    pub answers: Vec<Answered>,
    /// What else is told of a slow ticket, in order.
    pub deeds: Vec<Deed>,
}

/// An answer, and whose it was. The agent is unknown where it was found in Sent under the mailbox's own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub at: Time,
    pub agent: Option<Address>,
}

/// Something that explains a long wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub at: Time,
    pub what: DeedKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedKind {
    Assigned(Address),
    Held,
    /// Out of `held`.
    Unheld,
    /// A mail of the ticket to a customer or an agent came back.
    Bounced,
}

/// A span in which a mailbox could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outage {
    pub mailbox: String,
    pub from: Time,
    /// `None`: it lasts still.
    pub to: Option<Time>,
}

/// Days in the desk's zone, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: Date,
    pub to: Date,
    pub zone: TimeZone,
}

/// What is measured by: the calendar and the targets of each mailbox, and what is known of outages.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// By name. Tickets of a mailbox that is not in here have no clocks.
    pub mailboxes: BTreeMap<String, Measure>,
    pub outages: Vec<Outage>,
}

/// How one mailbox is measured.
#[derive(Clone, Debug)]
pub struct Measure {
    pub calendar: Calendar,
    /// Of normal priority, and of every other that has targets of its own.
    pub targets: Targets,
    pub by_priority: BTreeMap<Priority, Targets>,
}

impl Measure {
    #[must_use]
    pub fn targets_of(&self, priority: Priority) -> &Targets {
        self.by_priority.get(&priority).unwrap_or(&self.targets)
    }
}

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The figures alone.
    Figures,
    /// And [`Figures::clocks`], a row for each.
    Clocks,
}

/// The figures of a period, as `svar stats --json` prints them. All durations are open seconds unless they are called `wall_s`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    #[serde(serialize_with = "as_text")]
    pub from: Date,
    #[serde(serialize_with = "as_text")]
    pub to: Date,
    /// The one mailbox that was asked for; `None`: all.
    pub mailbox: Option<String>,
    /// As things were known then.
    pub as_at: Time,
    pub tickets: TicketCounts,
    pub first_response: ClockFigures,
    pub next_response: ClockFigures,
    pub resolution: ClockFigures,
    pub by_agent: Vec<AgentRow>,
    /// 24 rows.
    pub by_hour: Vec<HourRow>,
    /// Seven rows, Monday first.
    pub by_weekday: Vec<WeekdayRow>,
    /// A row a day of the period.
    pub by_day: Vec<DayRow>,
    pub by_tag: Vec<TagRow>,
    /// Tickets closed in the period after one answer and never reopened.
    pub solved_by_first_answer: usize,
    /// Of the tickets opened in the period; `None` without any.
    pub customer_messages_per_ticket: Option<f64>,
    /// At the end of the period, or now if that is earlier.
    pub backlog: Backlog,
    /// Open hours (their first seconds) in which mail waited from beginning to end and nobody answered any.
    pub silent_hours: Vec<Time>,
    pub outages: Vec<Outage>,
    /// The ten slowest responses that started in the period, the slowest first.
    pub slowest: Vec<SlowRow>,
    /// Test customers' tickets opened in the period, by mailbox.
    pub mystery: Vec<MysteryRow>,
    /// Every clock that started in the period, by start: the rows of a digest's CSV. Not part of the JSON. Empty unless asked for.
    #[serde(skip)]
    pub clocks: Vec<ClockRow>,
}

/// Without spam and merged tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TicketCounts {
    pub opened: usize,
    /// Times that a ticket was closed.
    pub closed: usize,
    /// Times that a closed ticket was reopened.
    pub reopened: usize,
    /// Open, pending or held at the end of the period, or now if that is earlier.
    pub open_at_end: usize,
}

/// The figures of one kind of clock. `started = stopped + running + cancelled`; a paused clock is running.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClockFigures {
    pub started: usize,
    pub stopped: usize,
    pub running: usize,
    pub cancelled: usize,
    /// Running ones past their target.
    pub past_target: usize,
    /// Nearest rank, over stopped ones.
    pub median_s: Option<i64>,
    pub p90_s: Option<i64>,
    /// Rounded.
    pub mean_s: Option<i64>,
    /// Of normal priority; `None` where mailboxes differ.
    pub target_s: Option<i64>,
    /// Stopped ones.
    pub within_target: usize,
    /// Empty for `resolution`. A running clock counts as `miss` once it has passed the last band.
    pub bands: Vec<BandCount>,
}

impl ClockFigures {
    /// within_target / (stopped + past_target), so that a bad day looks bad on the day; 0 to 1.
    #[must_use]
    pub fn share_within_target(&self) -> Option<f64> {
        let of = self.stopped + self.past_target;
        #[allow(clippy::cast_precision_loss, reason = "counts of tickets")]
        (of > 0).then(|| self.within_target as f64 / of as f64)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BandCount {
    pub name: String,
    /// Inclusive; `None` for `miss`, and where mailboxes differ.
    pub up_to_s: Option<i64>,
    pub count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentRow {
    /// `None`: answers found in Sent under the mailbox's own name.
    pub agent: Option<Address>,
    /// Given in the period.
    pub answers: usize,
    /// Of the responses that started in the period and that he gave.
    pub median_s: Option<i64>,
    pub p90_s: Option<i64>,
}

/// An hour of the day in the desk's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HourRow {
    pub hour: i64,
    pub customer_messages: usize,
    pub answers: usize,
    /// How long it was open at this hour, over the days of the period; the longest of the mailboxes.
    pub open_s: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WeekdayRow {
    /// 1 is Monday (ISO 8601).
    pub weekday: i64,
    pub customer_messages: usize,
    pub answers: usize,
    pub opened: usize,
    pub median_first_response_s: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayRow {
    #[serde(serialize_with = "as_text")]
    pub date: Date,
    pub opened: usize,
    pub closed: usize,
    pub answers: usize,
    /// Of the first responses that started on this day.
    pub median_first_response_s: Option<i64>,
    pub customer_messages: usize,
    /// Of both kinds of responses that started on this day.
    pub bands: Vec<BandCount>,
    /// Tickets whose customers waited when it opened first that day; `None`: not open that day, or not yet.
    pub waiting_at_opening: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagRow {
    pub tag: String,
    pub opened: usize,
    pub median_first_response_s: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    pub open: usize,
    pub pending: usize,
    pub held: usize,
    /// Tickets whose customer waits for an answer.
    pub waiting: usize,
    pub oldest_waiting_since: Option<Time>,
    /// How long the oldest has waited, open time.
    pub oldest_waiting_s: Option<i64>,
    pub median_waiting_s: Option<i64>,
}

/// One clock that started in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClockRow {
    pub ticket: TicketNo,
    pub mailbox: String,
    pub clock: ClockKind,
    pub started_at: Time,
    pub stopped_at: Option<Time>,
    pub due_at: Option<Time>,
    pub elapsed_s: i64,
    pub wall_s: i64,
    pub target_s: i64,
    pub band: Option<String>,
    pub state: ClockState,
    /// Who answered, else the assignee.
    pub agent: Option<Address>,
    pub subject: String,
}

/// A slow response, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlowRow {
    #[serde(flatten)]
    pub clock: ClockRow,
    pub why: Vec<Why>,
}

/// Why a response was slow, most telling first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Why {
    /// The mailbox could not be read.
    Unread {
        from: Time,
        to: Option<Time>,
    },
    /// A mail of the ticket came back.
    Bounced {
        at: Time,
    },
    Held {
        from: Time,
        to: Option<Time>,
    },
    /// Assigned to somebody who answered nothing from … to … (till the answer, the next assignment, or now).
    Assigned {
        agent: Address,
        from: Time,
        to: Time,
    },
    /// Nobody was assigned from … to ….
    NobodyTookIt {
        from: Time,
        to: Time,
    },
    /// It came while closed, and waited until it opened.
    WaitedForOpening {
        until: Time,
    },
}

/// How test customers fared in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MysteryRow {
    pub mailbox: String,
    pub opened: usize,
    pub first_response: ClockFigures,
    pub next_response: ClockFigures,
}

fn as_text<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

/// The figures of `period` as at `now`. `histories` are those that touch it, see `store::figures`; others do no harm.
#[must_use]
pub fn figures(
    histories: &[History],
    period: &Period,
    mailbox: Option<&str>,
    measures: &Measures,
    now: Time,
) -> Figures {
    let mut tally = Tally::new(period, mailbox, measures, now, Detail::Clocks);
    for history in histories {
        tally.add(history);
    }
    tally.finish()
}
