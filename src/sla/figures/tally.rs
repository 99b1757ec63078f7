//! The figures in the making: histories go in one by one, figures come out.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::count::{Bands, Measured, clock_figures, common_target, rank};
use super::days::Days;
use super::slow;
use super::{
    AgentRow, Answered, Backlog, ClockFigures, ClockRow, DayRow, Detail, Figures, History, HourRow, Measure, Measures,
    MysteryRow, Outage, Period, SlowRow, TagRow, TicketCounts, WeekdayRow,
};
use crate::model::{Address, State, Time};
use crate::sla::calendar::OpenTime;
use crate::sla::clock::{Clock, ClockKind, ClockState, Standing, life};
use crate::sla::timeline::Timeline;

/// So many of the slowest responses are told of.
const SLOWEST: usize = 10;

/// The wait for one answer.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: Time,
    /// `None`: it lasts still.
    to: Option<Time>,
}

/// What is counted for a tag, a day or a weekday.
#[derive(Debug, Default)]
struct Cell {
    opened: usize,
    closed: usize,
    answers: usize,
    customer_messages: usize,
    first_responses_s: Vec<i64>,
    /// Places among [`Bands`].
    bands: Vec<usize>,
}

#[derive(Debug, Default)]
struct Agent {
    answers: usize,
    responses_s: Vec<i64>,
}

/// Test customers' tickets of a mailbox.
#[derive(Debug, Default)]
struct Mystery {
    opened: usize,
    clocks: ByKind,
}

/// The clocks of each kind, in the order of [`ClockKind::ALL`].
type ByKind = [Vec<Measured>; 3];

/// A slow response, with the history that tells why.
#[derive(Debug)]
struct Slow {
    row: ClockRow,
    history: History,
}

/// The figures in the making.
#[derive(Debug)]
pub struct Tally<'a> {
    detail: Detail,
    period: &'a Period,
    mailbox: Option<&'a str>,
    measures: &'a Measures,
    now: Time,
    from: Time,
    to: Time,
    /// The end of the period, or now if that is earlier.
    end: Time,
    hours: BTreeMap<&'a str, Timeline>,
    bands: Bands,
    tickets: TicketCounts,
    backlog: Backlog,
    clocks: ByKind,
    /// The same one by one, where that is wanted.
    rows: Vec<ClockRow>,
    waits: Vec<Wait>,
    /// How long those have waited who wait at the end.
    waiting_s: Vec<i64>,
    /// The slowest so far.
    slow: Vec<Slow>,
    agents: BTreeMap<Option<Address>, Agent>,
    by_hour: [HourRow; 24],
    days: Days<'a>,
    /// One a day.
    cells: Vec<Cell>,
    tags: BTreeMap<String, Cell>,
    answers_at: Vec<Time>,
    solved_by_first_answer: usize,
    messages_of_opened: usize,
    mystery: BTreeMap<String, Mystery>,
}

impl<'a> Tally<'a> {
    /// Nothing yet. The rest as [`super::figures`] takes it.
    #[must_use]
    pub fn new(
        period: &'a Period,
        mailbox: Option<&'a str>,
        measures: &'a Measures,
        now: Time,
        detail: Detail,
    ) -> Self {
        let (from, to) = period.bounds();
        let asked = |name: &str| mailbox.is_none_or(|m| m == name);
        let of_mailbox = |(name, measure): (&'a String, &'a Measure)| {
            (
                name.as_str(),
                Timeline::new(&measure.calendar, from.plus(-30 * Time::DAY), to.max(now.min(to.plus(400 * Time::DAY)))),
            )
        };
        let measured = || measures.mailboxes.iter().filter(|(name, _)| asked(name));
        let mut by_hour = [HourRow::default(); 24];
        for (row, hour) in by_hour.iter_mut().zip(0..) {
            row.hour = hour;
        }
        Self {
            detail,
            period,
            mailbox,
            measures,
            now,
            from,
            to,
            end: to.min(now),
            hours: measured().map(of_mailbox).collect(),
            bands: Bands::of(measured().map(|(_, m)| m)),
            tickets: TicketCounts::default(),
            backlog: Backlog::default(),
            clocks: ByKind::default(),
            rows: Vec::new(),
            waits: Vec::new(),
            waiting_s: Vec::new(),
            slow: Vec::new(),
            agents: BTreeMap::new(),
            by_hour,
            cells: period.days().map(|_| Cell::default()).collect(),
            days: Days::of(period),
            tags: BTreeMap::new(),
            answers_at: Vec::new(),
            solved_by_first_answer: 0,
            messages_of_opened: 0,
            mystery: BTreeMap::new(),
        }
    }

    fn is_within(&self, at: Time) -> bool {
        self.from <= at && at < self.to
    }

    /// The day of an instant in the period, and the hour on the desk's clock.
    fn wall(&mut self, at: Time) -> (&mut Cell, &mut HourRow) {
        let (day, hour) = self.days.place(at);
        (&mut self.cells[day], &mut self.by_hour[hour])
    }

    /// One more ticket.
    pub fn add(&mut self, history: &History) {
        if self.mailbox.is_some_and(|m| m != history.mailbox) {
            return;
        }
        let measured = self.measures.mailboxes.get(&history.mailbox).zip(self.hours.get(history.mailbox.as_str()));
        let Some((measure, hours)) = measured else { return };
        let targets = measure.targets_of(history.priority);
        let (clocks, standings) = life(&history.steps, hours, targets, self.now);
        let (from, to) = (self.from, self.to);
        let is_within = |at: Time| from <= at && at < to;
        if history.mystery {
            let mystery = self.mystery.entry(history.mailbox.clone()).or_default();
            mystery.opened += usize::from(is_within(history.created_at));
            for clock in clocks.iter().filter(|c| is_within(c.started_at)) {
                let measured = Measured::of(clock, targets.of(clock.kind), &self.bands);
                mystery.clocks[clock.kind as usize].push(measured);
            }
            return;
        }
        self.wait(&clocks, history);
        self.talk(history);
        self.life(history, &standings);
        for clock in clocks.iter().filter(|c| is_within(c.started_at)) {
            self.clock(clock, targets.of(clock.kind), history);
        }
    }

    /// Counts for an agent; no copy of the name is made for one who is known already.
    fn agent(&mut self, who: &Option<Address>, count: impl FnOnce(&mut Agent)) {
        if let Some(agent) = self.agents.get_mut(who) {
            count(agent);
        } else {
            count(self.agents.entry(who.clone()).or_default());
        }
    }

    /// Spans in which the customer waited.
    fn wait(&mut self, clocks: &[Clock], history: &History) {
        for clock in clocks.iter().filter(|c| c.kind != ClockKind::Resolution) {
            let to = match clock.state {
                ClockState::Cancelled => Some(clock.started_at.plus(clock.wall_s)),
                _ => clock.stopped_at,
            };
            self.waits.push(Wait { from: clock.started_at, to });
            let waits_at_end = clock.started_at < self.end.plus(1) && to.is_none_or(|t| t > self.end);
            if waits_at_end && !matches!(history.state, State::Spam | State::Merged) {
                let hours = self.hours.get(history.mailbox.as_str());
                self.waiting_s.push(hours.map_or(0, |h| h.between(clock.started_at, self.end)));
                let oldest = &mut self.backlog.oldest_waiting_since;
                *oldest = Some(oldest.map_or(clock.started_at, |t| t.min(clock.started_at)));
            }
        }
    }

    /// Messages and answers by hour, day and agent.
    fn talk(&mut self, history: &History) {
        if history.state == State::Spam {
            return;
        }
        let (from, to) = (self.from, self.to);
        for &at in history.customer_messages.iter().filter(|at| from <= **at && **at < to) {
            let (day, hour) = self.wall(at);
            hour.customer_messages += 1;
            day.customer_messages += 1;
        }
        for answer in history.answers.iter().filter(|a| from <= a.at && a.at < to) {
            let (day, hour) = self.wall(answer.at);
            hour.answers += 1;
            day.answers += 1;
            self.answers_at.push(answer.at);
            self.agent(&answer.agent, |agent| agent.answers += 1);
        }
    }

    /// When it was opened, closed and reopened, and how it stood at the end.
    fn life(&mut self, history: &History, standings: &[(Time, Standing)]) {
        if matches!(history.state, State::Spam | State::Merged) {
            return;
        }
        let opened = self.is_within(history.created_at);
        if opened {
            self.tickets.opened += 1;
            self.messages_of_opened += history.customer_messages.len();
            self.wall(history.created_at).0.opened += 1;
            for tag in &history.tags {
                self.tags.entry(tag.clone()).or_default().opened += 1;
            }
        }
        let (mut closings, mut reopenings, mut last) = (Vec::new(), 0, Standing::Open);
        let mut at_end = (history.created_at < self.to && history.created_at <= self.now).then_some(Standing::Open);
        for &(at, standing) in standings {
            match (last, standing) {
                (_, Standing::Closed) => closings.push(at),
                (Standing::Closed, _) => {
                    reopenings += 1;
                    self.tickets.reopened += usize::from(self.is_within(at));
                }
                _ => {}
            }
            last = standing;
            if at < self.to && at <= self.now {
                at_end = at_end.map(|_| standing);
            }
        }
        let (from, to) = (self.from, self.to);
        for &at in closings.iter().filter(|at| from <= **at && **at < to) {
            self.tickets.closed += 1;
            self.wall(at).0.closed += 1;
        }
        match at_end {
            Some(Standing::Open) => self.backlog.open += 1,
            Some(Standing::Pending) => self.backlog.pending += 1,
            Some(Standing::Held) => self.backlog.held += 1,
            Some(Standing::Closed | Standing::Gone) | None => {}
        }
        let once = matches!(closings[..], [at] if self.is_within(at)) && reopenings == 0 && last == Standing::Closed;
        self.solved_by_first_answer += usize::from(once && history.answers.len() == 1);
    }

    /// A clock that started in the period.
    fn clock(&mut self, clock: &Clock, target_s: i64, history: &History) {
        let measured = Measured::of(clock, target_s, &self.bands);
        self.clocks[clock.kind as usize].push(measured);
        if clock.kind != ClockKind::Resolution {
            let cell = self.wall(clock.started_at).0;
            cell.bands.extend(measured.band);
            if measured.is_stopped && clock.state != ClockState::Cancelled {
                if clock.kind == ClockKind::FirstResponse {
                    cell.first_responses_s.push(clock.elapsed_s);
                    for tag in &history.tags {
                        self.tags.entry(tag.clone()).or_default().first_responses_s.push(clock.elapsed_s);
                    }
                }
                let by = answer_of(clock, history).map_or(&None, |a| &a.agent);
                self.agent(by, |agent| agent.responses_s.push(clock.elapsed_s));
            }
            self.slowly(clock, target_s, history);
        }
        if self.detail == Detail::Clocks {
            self.rows.push(row(history, clock, target_s));
        }
    }

    /// Keeps the slowest.
    fn slowly(&mut self, clock: &Clock, target_s: i64, history: &History) {
        if clock.state == ClockState::Cancelled || clock.elapsed_s == 0 {
            return;
        }
        let at = self.slow.partition_point(|s| s.row.elapsed_s >= clock.elapsed_s);
        if at < SLOWEST {
            self.slow.insert(at, Slow { row: row(history, clock, target_s), history: history.clone() });
            self.slow.truncate(SLOWEST);
        }
    }

    /// What it has come to.
    #[must_use]
    pub fn finish(mut self) -> Figures {
        let mailboxes = |kind| {
            let asked = self.measures.mailboxes.iter().filter(|(name, _)| self.hours.contains_key(name.as_str()));
            common_target(asked.map(|(_, m)| m), kind)
        };
        let of_kind = |clocks: &ByKind, kind: ClockKind| {
            let bands = (kind != ClockKind::Resolution).then_some(&self.bands);
            clock_figures(&clocks[kind as usize], mailboxes(kind), bands)
        };
        let [first_response, next_response, resolution]: [ClockFigures; 3] =
            [ClockKind::FirstResponse, ClockKind::NextResponse, ClockKind::Resolution]
                .map(|kind| of_kind(&self.clocks, kind));
        let mystery = self.mystery.iter().map(|(mailbox, of)| MysteryRow {
            mailbox: mailbox.clone(),
            opened: of.opened,
            first_response: of_kind(&of.clocks, ClockKind::FirstResponse),
            next_response: of_kind(&of.clocks, ClockKind::NextResponse),
        });
        let mystery = mystery.collect();
        let slowest = self.slow.iter().filter_map(|Slow { row, history }| {
            let hours = self.hours.get(row.mailbox.as_str())?;
            let why = slow::why(row, history, &self.measures.outages, hours, self.now);
            Some(SlowRow { clock: row.clone(), why })
        });
        let slowest = slowest.collect();
        self.tickets.open_at_end = self.backlog.open + self.backlog.pending + self.backlog.held;
        self.waiting_s.sort_unstable();
        self.backlog.waiting = self.waiting_s.len();
        self.backlog.median_waiting_s = rank(&self.waiting_s, 50);
        self.backlog.oldest_waiting_s = self.waiting_s.last().copied();
        let waits = Waits::of(&self.waits);
        let silent_hours = self.silent_hours();
        self.open_hours();
        let by_day = self.by_day(&waits);
        let by_weekday = self.by_weekday();
        let opened = self.tickets.opened;
        #[allow(clippy::cast_precision_loss, reason = "counts of messages")]
        let customer_messages_per_ticket = (opened > 0).then(|| self.messages_of_opened as f64 / opened as f64);
        let nameless = self.agents.remove(&None).map(|agent| (None, agent));
        // Those without a name come last.
        let by_agent = self.agents.into_iter().chain(nameless);
        let mut clocks = self.rows;
        clocks.sort_by_key(|row| (row.started_at, row.ticket, row.clock));
        let touches = |o: &&Outage| o.from < self.to && o.to.is_none_or(|t| t > self.from);
        let asked = |o: &&Outage| self.mailbox.is_none_or(|m| m == o.mailbox);
        Figures {
            from: self.period.from,
            to: self.period.to,
            mailbox: self.mailbox.map(str::to_owned),
            as_at: self.now,
            tickets: self.tickets,
            first_response,
            next_response,
            resolution,
            by_agent: by_agent.map(|(agent, row)| agent_row(agent, row)).collect(),
            by_hour: self.by_hour.to_vec(),
            by_weekday,
            by_day,
            by_tag: self.tags.into_iter().map(|(tag, cell)| tag_row(tag, cell)).collect(),
            solved_by_first_answer: self.solved_by_first_answer,
            customer_messages_per_ticket,
            backlog: self.backlog,
            silent_hours,
            outages: self.measures.outages.iter().filter(touches).filter(asked).cloned().collect(),
            slowest,
            mystery,
            clocks,
        }
    }

    fn by_day(&self, waits: &Waits) -> Vec<DayRow> {
        let row = |(day, cell): (Date, &Cell)| {
            let opening = self.hours.values().filter_map(|h| h.opening(day)).min().filter(|at| *at <= self.now);
            DayRow {
                date: day,
                opened: cell.opened,
                closed: cell.closed,
                answers: cell.answers,
                median_first_response_s: median(&cell.first_responses_s),
                customer_messages: cell.customer_messages,
                bands: self.bands.count(cell.bands.iter().copied()),
                waiting_at_opening: opening.map(|at| waits.at(at)),
            }
        };
        self.period.days().zip(&self.cells).map(row).collect()
    }

    fn by_weekday(&self) -> Vec<WeekdayRow> {
        let row = |weekday: i8| {
            let of_day = |(day, _): &(Date, &Cell)| day.weekday().to_monday_one_offset() == weekday;
            let cells: Vec<&Cell> = self.period.days().zip(&self.cells).filter(of_day).map(|(_, cell)| cell).collect();
            let responses: Vec<i64> = cells.iter().flat_map(|c| c.first_responses_s.iter().copied()).collect();
            WeekdayRow {
                weekday: i64::from(weekday),
                customer_messages: cells.iter().map(|c| c.customer_messages).sum(),
                answers: cells.iter().map(|c| c.answers).sum(),
                opened: cells.iter().map(|c| c.opened).sum(),
                median_first_response_s: median(&responses),
            }
        };
        (1..=7).map(row).collect()
    }

    /// How long it was open at each hour of the day.
    fn open_hours(&mut self) {
        let mut longest = [0; 24];
        for timeline in self.hours.values() {
            let mut open = [0; 24];
            for (hour, from, to) in self.days.hours() {
                open[hour] += timeline.between(from, to);
            }
            longest = std::array::from_fn(|hour| longest[hour].max(open[hour]));
        }
        for (row, open_s) in self.by_hour.iter_mut().zip(longest) {
            row.open_s = open_s;
        }
    }

    /// Hours that were open from beginning to end, in which some wait lasted from beginning to end and nobody answered any.
    fn silent_hours(&mut self) -> Vec<Time> {
        let is_open = |from: Time, to: Time| self.hours.values().any(|h| h.between(from, to) == to.since(from));
        let hours: Vec<(Time, Time)> = self
            .days
            .hours()
            .filter(|(_, from, to)| *to <= self.now && is_open(*from, *to))
            .map(|(_, from, to)| (from, to))
            .collect();
        // Plus one at the first hour that a wait covers, minus one behind the last.
        let mut steps = vec![0_i64; hours.len() + 1];
        for wait in &self.waits {
            let first = hours.partition_point(|(from, _)| *from < wait.from);
            let beyond = hours.partition_point(|(_, to)| wait.to.is_none_or(|end| *to <= end));
            if first < beyond {
                steps[first] += 1;
                steps[beyond] -= 1;
            }
        }
        self.answers_at.sort_unstable();
        let answered = |from: Time, to: Time| {
            let n = self.answers_at.partition_point(|at| *at < from);
            self.answers_at.get(n).is_some_and(|at| *at < to)
        };
        let mut waiting = 0;
        let mut silent = Vec::new();
        for ((from, to), step) in hours.into_iter().zip(steps) {
            waiting += step;
            if waiting > 0 && !answered(from, to) {
                silent.push(from);
            }
        }
        silent
    }
}

/// Waits, to be counted at any moment.
struct Waits {
    begun: Vec<Time>,
    ended: Vec<Time>,
}

impl Waits {
    fn of(waits: &[Wait]) -> Self {
        let mut begun: Vec<Time> = waits.iter().map(|w| w.from).collect();
        let mut ended: Vec<Time> = waits.iter().filter_map(|w| w.to).collect();
        begun.sort_unstable();
        ended.sort_unstable();
        Self { begun, ended }
    }

    /// How many had begun and not ended.
    fn at(&self, at: Time) -> usize {
        let begun = self.begun.partition_point(|t| *t < at);
        begun.saturating_sub(self.ended.partition_point(|t| *t < at))
    }
}

/// The answer that stopped a response.
fn answer_of<'a>(clock: &Clock, history: &'a History) -> Option<&'a Answered> {
    let at = clock.stopped_at.filter(|_| clock.kind != ClockKind::Resolution)?;
    history.answers.iter().find(|a| a.at == at)
}

fn row(history: &History, clock: &Clock, target_s: i64) -> ClockRow {
    let by = answer_of(clock, history);
    ClockRow {
        ticket: history.number,
        mailbox: history.mailbox.clone(),
        clock: clock.kind,
        started_at: clock.started_at,
        stopped_at: clock.stopped_at,
        due_at: clock.due_at,
        elapsed_s: clock.elapsed_s,
        wall_s: clock.wall_s,
        target_s,
        band: clock.band.clone(),
        state: clock.state,
        agent: by.map_or_else(|| history.assignee.clone(), |a| a.agent.clone()),
        subject: history.subject.clone(),
    }
}

fn agent_row(agent: Option<Address>, mut row: Agent) -> AgentRow {
    row.responses_s.sort_unstable();
    AgentRow { agent, answers: row.answers, median_s: rank(&row.responses_s, 50), p90_s: rank(&row.responses_s, 90) }
}

fn tag_row(tag: String, cell: Cell) -> TagRow {
    TagRow { tag, opened: cell.opened, median_first_response_s: median(&cell.first_responses_s) }
}

fn median(all: &[i64]) -> Option<i64> {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    rank(&sorted, 50)
}
