//! The figures once more, from the raw rows: slowly, minute by minute, and without a word of `svar::sla`.
//!
//! Nothing in here is clever. A minute is open or it is not; a ticket's rows are gone through in the order of their times; what
//! waits is a list of messages. Whatever `stats` says must be what this says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::Connection;

/// Opening hours as a row of minutes, each open or not.
pub struct Minutes {
    first: i64,
    open: Vec<bool>,
}

impl Minutes {
    /// `is_open` is asked for the wall time of every minute in the zone: date, weekday (1 is Monday), minute of the day.
    pub fn new(zone: &TimeZone, from: i64, to: i64, is_open: impl Fn(Date, i8, i32) -> bool) -> Self {
        let first = from.div_euclid(60);
        let minute = |n: i64| {
            let wall = zone.to_datetime(jiff::Timestamp::from_second(n * 60).unwrap());
            let of_day = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
            is_open(wall.date(), wall.date().weekday().to_monday_one_offset(), of_day)
        };
        Self { first, open: (first..to.div_euclid(60) + 1).map(minute).collect() }
    }

    fn is_open(&self, second: i64) -> bool {
        usize::try_from(second.div_euclid(60) - self.first)
            .ok()
            .and_then(|n| self.open.get(n))
            .copied()
            .unwrap_or(false)
    }

    /// Open seconds.
    pub fn between(&self, from: i64, to: i64) -> i64 {
        let mut seconds = 0;
        let mut at = from;
        while at < to {
            let end = (at.div_euclid(60) * 60 + 60).min(to);
            if self.is_open(at) {
                seconds += end - at;
            }
            at = end;
        }
        seconds
    }
}

/// One clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timed {
    pub ticket: i64,
    pub kind: &'static str,
    pub started: i64,
    pub stopped: Option<i64>,
    pub cancelled: bool,
    pub elapsed_s: i64,
}

/// A ticket's row, and what happened on it.
#[derive(Clone, Debug, Default)]
struct Ticket {
    number: i64,
    state: String,
    priority: String,
    created_at: i64,
    survivor: Option<i64>,
    happened: Vec<Happened>,
}

#[derive(Clone, Debug)]
struct Happened {
    at: i64,
    /// Events by number, messages behind the event that was the latest then.
    place: (i64, i64),
    what: String,
    agent: Option<String>,
    other: Option<i64>,
}

/// All that was read.
pub struct Rows {
    tickets: BTreeMap<i64, Ticket>,
}

/// What the rows come to.
#[derive(Debug, Default)]
pub struct Slowly {
    pub clocks: Vec<Timed>,
    pub opened: usize,
    pub closed: usize,
    pub reopened: usize,
    pub open_at_end: usize,
    pub solved_by_first_answer: usize,
    pub messages_of_opened: usize,
    pub messages_by_hour: BTreeMap<i64, usize>,
    pub answers_by_hour: BTreeMap<i64, usize>,
    pub answers_by_agent: BTreeMap<String, usize>,
}

impl Rows {
    pub fn read(database: &Path) -> Self {
        let db = Connection::open(database).unwrap();
        let mut tickets = BTreeMap::new();
        let mut rows = db.prepare("SELECT number, state, priority, created_at, survivor FROM ticket").unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let ticket = Ticket {
                number: row.get(0).unwrap(),
                state: row.get(1).unwrap(),
                priority: row.get(2).unwrap(),
                created_at: row.get(3).unwrap(),
                survivor: row.get(4).unwrap(),
                happened: Vec::new(),
            };
            tickets.insert(ticket.number, ticket);
        }
        let mut rows = db
            .prepare("SELECT ticket, no, event, direction, at, accepted_at, found, agent FROM message WHERE counts = 1")
            .unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let direction: String = row.get(3).unwrap();
            let accepted: Option<i64> = row.get(5).unwrap();
            let found: bool = row.get(6).unwrap();
            let (at, what) = match (direction.as_str(), accepted) {
                ("in", _) => (row.get(4).unwrap(), "customer"),
                ("out", Some(at)) => (at, if found { "found" } else { "answer" }),
                _ => continue,
            };
            let place = (row.get(2).unwrap(), row.get(1).unwrap());
            let happened = Happened { at, place, what: what.to_owned(), agent: row.get(7).unwrap(), other: None };
            tickets.get_mut(&row.get::<_, i64>(0).unwrap()).unwrap().happened.push(happened);
        }
        let mut rows = db.prepare("SELECT ticket, no, at, what, detail, actor FROM event").unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (what, detail, actor): (String, String, String) =
                (row.get(3).unwrap(), row.get(4).unwrap(), row.get(5).unwrap());
            let other = detail.strip_prefix("from #").and_then(|n| n.parse().ok());
            let what = if what == "merged" && other.is_some() { "joined".to_owned() } else { what };
            let agent = actor.strip_prefix("agent:").map(str::to_owned);
            let happened = Happened { at: row.get(2).unwrap(), place: (row.get(1).unwrap(), 0), what, agent, other };
            tickets.get_mut(&row.get::<_, i64>(0).unwrap()).unwrap().happened.push(happened);
        }
        Self { tickets }
    }

    /// What happened on a ticket, by time, then in the order of writing.
    fn course(&self, number: i64) -> Vec<Happened> {
        let mut course: Vec<Happened> = Vec::new();
        for happened in &self.tickets[&number].happened {
            course.push(happened.clone());
            if let Some(other) = happened.other {
                // Answers to a ticket that has been merged into this one count here from then on.
                let late = self.course(other).into_iter().filter(|h| is_answer(&h.what) && h.at >= happened.at);
                course.extend(late.map(|h| Happened { what: "found".to_owned(), place: happened.place, ..h }));
            }
        }
        course.sort_by_key(|h| (h.at, h.place));
        course
    }

    /// Since when the customer of a ticket waited just before it was merged away.
    fn waited(&self, number: i64, merged_at: i64) -> Option<i64> {
        let before: Vec<Happened> = self
            .course(number)
            .into_iter()
            .filter(|h| h.at < merged_at || (h.at == merged_at && !is_answer(&h.what) && h.what != "merged"))
            .collect();
        let clocks = self.responses(&before);
        clocks.last().filter(|c| c.2.is_none()).map(|c| c.1)
    }

    /// Kind, start, and how it ended: at which time, and whether by an answer.
    fn responses(&self, course: &[Happened]) -> Vec<(&'static str, i64, Option<(i64, bool)>)> {
        let mut done: Vec<(&'static str, i64, Option<(i64, bool)>)> = Vec::new();
        // What waits for an answer: since when, and where it stands. The first of them is what is measured.
        let mut waiting: Vec<(i64, (i64, i64))> = Vec::new();
        // What waited when it was closed, and whether an answer that is on its way may still count.
        let mut put_away: Option<(Vec<(i64, (i64, i64))>, bool)> = None;
        let mut is_over = false;
        let mut has_answered = false;
        for h in course {
            match h.what.as_str() {
                "customer" | "joined" => {
                    let since = match h.other {
                        Some(other) => match self.waited(other, h.at) {
                            Some(since) => since,
                            None => continue,
                        },
                        None => h.at,
                    };
                    if waiting.is_empty() {
                        let kind = if done.is_empty() && !has_answered { "first_response" } else { "next_response" };
                        done.push((kind, since, None));
                    } else if let Some(last) = done.last_mut() {
                        last.1 = last.1.min(since);
                    }
                    waiting.push((since, h.place));
                    is_over = false;
                }
                "answer" | "found" | "called" => {
                    has_answered = true;
                    let answers = |place: &(i64, i64)| h.what != "answer" || *place < h.place;
                    if !waiting.is_empty() && answers(&waiting[0].1) {
                        done.last_mut().unwrap().2 = Some((h.at, true));
                        waiting.retain(|(_, place)| !answers(place));
                        if let Some(since) = waiting.iter().map(|w| w.0).min() {
                            done.push(("next_response", since, None));
                        }
                    } else if let Some((away, may_count)) = &put_away
                        && answers(&away[0].1)
                    {
                        if *may_count {
                            let nth = done.iter().rposition(|d| matches!(d.2, Some((_, false)))).unwrap();
                            done[nth].2 = Some((h.at, true));
                        }
                        put_away = None;
                    }
                }
                "closed" | "done" | "spam" | "merged" => {
                    if !waiting.is_empty() {
                        done.last_mut().unwrap().2 = Some((h.at, false));
                        put_away = Some((std::mem::take(&mut waiting), h.what == "closed"));
                    }
                    is_over = true;
                }
                "open" | "reopened" | "held" | "pending" if is_over => {
                    is_over = false;
                    let by_customer = course.iter().any(|c| c.at == h.at && c.what == "customer" && c.place > h.place);
                    if let (Some((away, _)), false, true) = (put_away.take(), by_customer, waiting.is_empty()) {
                        waiting = away;
                        done.last_mut().unwrap().2 = None;
                    }
                }
                _ => {}
            }
        }
        done
    }

    /// A customer's message, or one that a merged ticket brought along: since when she waits.
    fn wants(&self, h: &Happened) -> Option<i64> {
        match (h.what.as_str(), h.other) {
            ("customer", _) => Some(h.at),
            ("joined", Some(other)) => self.waited(other, h.at),
            _ => None,
        }
    }

    /// The spans in which a ticket was open, when it was closed for good, and whether it is gone.
    fn resolution(&self, course: &[Happened], now: i64) -> Option<(i64, Vec<(i64, i64)>, Option<i64>, bool)> {
        let first = course.iter().position(|h| self.wants(h).is_some())?;
        let started = self.wants(&course[first])?;
        let mut state = "open";
        for h in &course[..first] {
            if h.what == "held" {
                state = "held";
            }
        }
        let mut since = if state == "open" { Some(started) } else { None };
        let (mut spans, mut closed_at) = (Vec::new(), None);
        for h in &course[first..] {
            let what = if self.wants(h).is_some() { "customer" } else { h.what.as_str() };
            let next = match (what, state) {
                ("customer", "pending" | "closed") | ("open" | "reopened", _) => "open",
                ("pending", _) => "pending",
                ("held", _) => "held",
                ("closed" | "done", _) => "closed",
                ("spam" | "merged", "closed") => "closed",
                ("spam" | "merged", _) => "gone",
                _ => state,
            };
            if next == state {
                continue;
            }
            if let (Some(from), true) = (since, next != "open") {
                spans.push((from, h.at));
                since = None;
            }
            if next == "open" {
                since = since.or(Some(h.at));
            }
            closed_at = (next == "closed").then_some(h.at);
            state = next;
        }
        spans.extend(since.map(|from| (from, now)));
        Some((started, spans, closed_at, state == "gone"))
    }

    /// The figures of a period from its first second up to but without `to`, as at `now`.
    pub fn figures(&self, minutes: &Minutes, zone: &TimeZone, from: i64, to: i64, now: i64) -> Slowly {
        let mut slowly = Slowly::default();
        let within = |at: i64| from <= at && at < to;
        let hour = |at: i64| i64::from(zone.to_datetime(jiff::Timestamp::from_second(at).unwrap()).hour());
        for ticket in self.tickets.values() {
            let course = self.course(ticket.number);
            for (kind, started, end) in self.responses(&course) {
                let until = end.map_or(now, |e| e.0);
                let timed = Timed {
                    ticket: ticket.number,
                    kind,
                    started,
                    stopped: end.filter(|e| e.1).map(|e| e.0),
                    cancelled: end.is_some_and(|e| !e.1),
                    elapsed_s: minutes.between(started, until),
                };
                slowly.clocks.extend(Some(timed).filter(|t| within(t.started)));
            }
            if let Some((started, spans, stopped, cancelled)) = self.resolution(&course, now) {
                let elapsed_s = spans.iter().map(|(a, b)| minutes.between(*a, *b)).sum();
                let timed = Timed { ticket: ticket.number, kind: "resolution", started, stopped, cancelled, elapsed_s };
                slowly.clocks.extend(Some(timed).filter(|t| within(t.started)));
            }
            if ticket.state != "spam" {
                for h in ticket.happened.iter().filter(|h| within(h.at)) {
                    if h.what == "customer" {
                        *slowly.messages_by_hour.entry(hour(h.at)).or_default() += 1;
                    } else if is_answer(&h.what) {
                        *slowly.answers_by_hour.entry(hour(h.at)).or_default() += 1;
                        *slowly.answers_by_agent.entry(h.agent.clone().unwrap_or_default()).or_default() += 1;
                    }
                }
            }
            if ticket.state != "spam" && ticket.survivor.is_none() {
                self.count(ticket, &course, from, to, now, &mut slowly);
            }
        }
        slowly.clocks.sort();
        slowly
    }

    fn count(&self, ticket: &Ticket, course: &[Happened], from: i64, to: i64, now: i64, slowly: &mut Slowly) {
        let within = |at: i64| from <= at && at < to;
        let own = |what: &str| ticket.happened.iter().filter(|h| h.what == what).count();
        if within(ticket.created_at) {
            slowly.opened += 1;
            slowly.messages_of_opened += own("customer");
        }
        let (mut is_closed, mut is_gone, mut over_at_end) = (false, false, false);
        let mut closings = Vec::new();
        let mut reopenings = 0;
        let closes = |what: &str| matches!(what, "closed" | "done");
        let opens = |h: &Happened| {
            matches!(h.what.as_str(), "open" | "reopened" | "customer" | "held" | "pending")
                || h.other.is_some_and(|o| self.waited(o, h.at).is_some())
        };
        for h in course {
            if closes(&h.what) && !is_closed {
                closings.push(h.at);
                is_closed = true;
            } else if opens(h) && is_closed {
                reopenings += 1;
                slowly.reopened += usize::from(within(h.at));
                is_closed = false;
            }
            if h.what == "spam" {
                is_gone = !is_closed;
            } else if opens(h) || closes(&h.what) {
                is_gone = false;
            }
            if h.at < to && h.at <= now {
                over_at_end = is_closed || is_gone;
            }
        }
        slowly.closed += closings.iter().filter(|at| within(**at)).count();
        slowly.open_at_end += usize::from(ticket.created_at < to && ticket.created_at <= now && !over_at_end);
        let answers = own("answer") + own("found") + own("called");
        let at_once = closings.len() == 1 && within(closings[0]) && reopenings == 0 && is_closed;
        slowly.solved_by_first_answer += usize::from(at_once && answers == 1);
    }

    /// The priorities in use, so that a test can say that it has seen several.
    pub fn priorities(&self) -> BTreeSet<&str> {
        self.tickets.values().map(|t| t.priority.as_str()).collect()
    }

    pub fn priority(&self, ticket: i64) -> &str {
        &self.tickets[&ticket].priority
    }

    /// What happened on a ticket, to be read.
    pub fn told(&self, ticket: i64) -> Vec<String> {
        self.course(ticket).iter().map(|h| format!("{} {:?} {} {:?}", h.at, h.place, h.what, h.other)).collect()
    }

    pub fn merged(&self) -> usize {
        self.tickets.values().filter(|t| t.survivor.is_some()).count()
    }
}

fn is_answer(what: &str) -> bool {
    matches!(what, "answer" | "found" | "called")
}

/// The ceil(p·n)-th of the sorted values.
pub fn nearest_rank(values: &[i64], percent: usize) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let mut rank = 0;
    while rank * 100 < percent * sorted.len() {
        rank += 1;
    }
    if sorted.is_empty() { None } else { Some(sorted[rank - 1]) }
}
