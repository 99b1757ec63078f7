//! A web shop that was made up: tickets as histories, by seed.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::model::{Address, Priority, State, TicketNo, Time};
use crate::report::kind::{Days, Kind};
use crate::sla::calendar::Calendar;
use crate::sla::clock::{Step, Targets, What};
use crate::sla::figures::{Answered, Deed, DeedKind, Figures, History, Measure, Measures, Outage, Period, figures};
use crate::sla::hours::parse_week;

pub struct Shop {
    pub zone: TimeZone,
    pub histories: Vec<History>,
    pub measures: Measures,
    random: u64,
}

/// How a day goes.
#[derive(Clone, Copy)]
pub struct Sort {
    pub tickets: u64,
    /// Open minutes to the first answer: at least, and at most.
    pub wait_min: (u64, u64),
    /// Per cent of the tickets that nobody answers.
    pub unanswered: u64,
    pub postnord: u64,
}

pub const QUIET: Sort = Sort { tickets: 26, wait_min: (4, 70), unanswered: 0, postnord: 6 };
pub const ORDINARY: Sort = Sort { tickets: 34, wait_min: (6, 140), unanswered: 1, postnord: 8 };
pub const TERRIBLE: Sort = Sort { tickets: 118, wait_min: (25, 460), unanswered: 24, postnord: 55 };

pub fn agent(n: u64) -> Address {
    let names = ["anna@example.test", "bjorn@example.test", "cissi@example.test"];
    Address::parse(names[n as usize % 3]).unwrap()
}

pub fn names() -> BTreeMap<Address, String> {
    [(0, "Anna Andersson"), (1, "Björn Berg"), (2, "Cissi Carlsson")]
        .map(|(n, name)| (agent(n), name.to_owned()))
        .into()
}

const SUBJECTS: [&str; 8] = [
    "Var är mitt paket?",
    "Retur av order 4711",
    "Fel storlek",
    "Faktura saknas",
    "Trasig vid leverans",
    "Byta färg",
    "När kommer den i lager igen?",
    "Fråga om betalning",
];

impl Shop {
    pub fn new(seed: u64) -> Self {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let week = parse_week("mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00").unwrap();
        let calendar = Calendar::new(zone.clone(), week, None, BTreeMap::new()).unwrap();
        let targets = Targets {
            first_response_s: Time::HOUR,
            next_response_s: Time::HOUR,
            resolution_s: 24 * Time::HOUR,
            bands: vec![("excellent".to_owned(), Time::HOUR), ("ok".to_owned(), 3 * Time::HOUR)],
        };
        let measure = Measure { calendar, targets, by_priority: BTreeMap::new() };
        let measures = Measures { mailboxes: [("support".to_owned(), measure)].into(), outages: Vec::new() };
        Self { zone, histories: Vec::new(), measures, random: seed }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below.max(1)
    }

    pub fn at(&self, day: Date, hour: i8, minute: i8) -> Time {
        let stamp: Timestamp = day.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).unwrap().timestamp();
        Time::from_unix(stamp.as_second())
    }

    pub fn outage(&mut self, from: Time, to: Time) {
        self.measures.outages.push(Outage { mailbox: "support".to_owned(), from, to: Some(to) });
    }

    pub fn day(&mut self, day: Date, sort: Sort) {
        let share = match day.weekday() {
            Weekday::Monday => 13,
            Weekday::Saturday => 5,
            Weekday::Sunday => 4,
            _ => 10,
        };
        for _ in 0..sort.tickets * share / 10 {
            self.ticket(day, sort);
        }
    }

    fn ticket(&mut self, day: Date, sort: Sort) {
        let hours = [6, 7, 8, 8, 9, 9, 9, 10, 10, 11, 11, 12, 13, 13, 14, 14, 15, 15, 16, 17, 18, 19, 20, 21, 22];
        let hour = hours[self.draw(hours.len() as u64) as usize];
        let minute = self.draw(60) as i8;
        let created_at = self.at(day, hour, minute);
        let number = TicketNo(self.histories.len() as i64 + 1);
        let (low, high) = sort.wait_min;
        let (who, spread) = (self.draw(3), self.draw(100) * self.draw(100) / 100);
        let wait_min = low + (high - low) * spread / 100;
        let is_postnord = self.draw(100) < sort.postnord;
        let subject = if is_postnord { "PostNord: var är paketet?" } else { SUBJECTS[self.draw(8) as usize] };
        let mut history = History {
            number,
            mailbox: "support".to_owned(),
            priority: Priority::Normal,
            subject: subject.to_owned(),
            state: State::Open,
            mystery: false,
            tags: if is_postnord { vec!["postnord".to_owned()] } else { Vec::new() },
            created_at,
            assignee: None,
            steps: vec![Step { at: created_at, what: What::CustomerMessage }],
            customer_messages: vec![created_at],
            answers: Vec::new(),
            deeds: Vec::new(),
        };
        let calendar = self.measures.mailboxes["support"].calendar.clone();
        if self.draw(100) < sort.unanswered {
            if self.draw(2) == 0 {
                history.deeds.push(Deed { at: created_at.plus(600), what: DeedKind::Assigned(agent(who)) });
                history.assignee = Some(agent(who));
            }
            self.histories.push(history);
            return;
        }
        let mut answered = calendar.add(created_at, wait_min as i64 * 60).unwrap();
        let answer = |history: &mut History, at: Time| {
            history.steps.push(Step { at, what: What::Answer });
            history.steps.push(Step { at, what: What::Pending });
            history.answers.push(Answered { at, agent: Some(agent(who)) });
            history.assignee = Some(agent(who));
            history.state = State::Pending;
        };
        answer(&mut history, answered);
        if self.draw(100) < 30 {
            let again = answered.plus(600 + self.draw(20_000) as i64);
            history.steps.extend([What::CustomerMessage, What::Open].map(|what| Step { at: again, what }));
            history.customer_messages.push(again);
            answered = calendar.add(again, (low + self.draw(high - low) / 2) as i64 * 60).unwrap();
            answer(&mut history, answered);
        }
        if self.draw(100) < 80 {
            history.steps.push(Step { at: answered.plus(120), what: What::Closed });
            history.state = State::Closed;
        }
        self.histories.push(history);
    }

    /// What was known at `now`: nothing of what came later.
    fn known(&self, now: Time) -> Vec<History> {
        let cut = |h: &History| {
            let mut h = h.clone();
            h.steps.retain(|s| s.at <= now);
            h.customer_messages.retain(|t| *t <= now);
            h.answers.retain(|a| a.at <= now);
            h.deeds.retain(|d| d.at <= now);
            h.state = match h.steps.last().map(|s| s.what) {
                Some(What::Closed) => State::Closed,
                Some(What::Pending) => State::Pending,
                _ => State::Open,
            };
            h
        };
        self.histories.iter().filter(|h| h.created_at <= now).map(cut).collect()
    }

    pub fn figures(&self, days: Days, now: Time) -> Figures {
        let period = Period { from: days.from, to: days.to, zone: self.zone.clone() };
        figures(&self.known(now), &period, None, &self.measures, now)
    }

    /// This period, the one before, a year before, the stretch, and since.
    pub fn all(&self, kind: Kind, now: Time) -> [Figures; 5] {
        let today = now.timestamp().to_zoned(self.zone.clone()).date();
        let days = kind.covers(today);
        let since = Days { from: days.to.saturating_add(Span::new().days(1)), to: today };
        [days, kind.before(days), kind.year_before(days), kind.stretch(days), since].map(|d| self.figures(d, now))
    }
}
