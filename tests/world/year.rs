//! A random year of a shop, from a seed, with restarts; at its end every figure is computed a second time from the raw rows.

use std::fmt::Write as _;

use jiff::civil::Date;
use svar::engine::figures;
use svar::model::TicketNo;
use svar::sla::figures::{ClockFigures, Detail, Figures, Period};

use crate::chance::Chance;
use crate::play::{Result, World, address};
use crate::slowly::{Minutes, Rows, Slowly, Timed, nearest_rank};
use crate::story::read_story;

const CUSTOMERS: &[&str] = &["eva@kund.test", "per@kund.test", "kim@annan.test", "liv@annan.test", "bo@tredje.test"];
const AGENTS: &[&str] = &["anna", "bjorn"];
const CONFIG: &str = r#"calendar = "shop"
notify = "all"
hours = "always"
[calendar.shop]
mon-fri = ["08:00-12:00", "13:00-17:00"]
sat = ["10:00-14:00"]
sun = ["22:00-02:00"]
holidays = "SE"
except = { "2026-12-23" = ["08:00-20:00"], "2026-12-24" = [], "2026-12-31" = ["22:00-04:00"], "2027-06-25" = [] }
[sla.standard]
close_pending = "9d"
[sla.high]
first_response = "30m"
next_response = "30m"
resolution = "4h"
"#;

/// The shop's hours in this test's own words.
fn is_open(date: Date, weekday: i8, minute: i32) -> bool {
    let is = |text: &str| date.to_string() == text;
    let between = |from: i32, to: i32| (from * 60..to * 60).contains(&minute);
    // Hours over midnight are the day's before.
    let before = date.yesterday().unwrap().to_string();
    if before == "2026-12-31" && between(0, 4) {
        return true;
    }
    let is_holiday = |text: &str| {
        [
            "2026-12-25",
            "2026-12-26",
            "2027-01-01",
            "2027-01-06",
            "2027-03-26",
            "2027-03-28",
            "2027-03-29",
            "2027-05-01",
            "2027-05-06",
            "2027-05-16",
            "2027-06-06",
            "2027-06-26",
            "2027-11-06",
            "2027-12-25",
            "2027-12-26",
        ]
        .contains(&text)
    };
    if weekday == 1 && between(0, 2) && !is_holiday(&before) {
        return true;
    }
    if is("2026-12-23") {
        return between(8, 20);
    }
    if is("2026-12-31") {
        return between(22, 24);
    }
    if is("2026-12-24") || is("2027-06-25") || is_holiday(&date.to_string()) {
        return false;
    }
    match weekday {
        1..=5 => between(8, 12) || between(13, 17),
        6 => between(10, 14),
        _ => between(22, 24),
    }
}

struct Year {
    world: World,
    chance: Chance,
    script: String,
    words: usize,
    tickets: usize,
}

/// Plays the year of a seed, and compares.
pub fn play(seed: u64, steps: usize) -> Result {
    let mut year =
        Year { world: World::new(CONFIG)?, chance: Chance::new(seed), script: String::new(), words: 0, tickets: 0 };
    let played = year.live(steps).and_then(|()| year.judge());
    played.map_err(|why| format!("seed {seed}: {why}\n{}", year.script))
}

impl Year {
    fn step(&mut self, lines: &str) -> Result {
        let _ = writeln!(self.script, "{lines}");
        for step in &read_story(lines)?.steps {
            self.world.step(step)?;
        }
        Ok(())
    }

    /// The same where it may be refused: a ticket that is merged, say.
    fn try_step(&mut self, lines: &str) {
        let _ = self.step(lines);
    }

    fn live(&mut self, steps: usize) -> Result {
        for _ in 0..steps {
            self.words += 1;
            let word = format!("ord{:04}x", self.words);
            let (who, agent) = (self.chance.of(CUSTOMERS), self.chance.of(AGENTS));
            let ticket = 1 + self.chance.below(self.tickets.max(1));
            match self.chance.below(40) {
                0..=8 => {
                    let lay = ["", "", " lay 20m", " lay 9h"][self.chance.below(4)];
                    self.step(&format!("{who} writes \"Fråga {word}\" id {word}@kund.test{lay}\n  | Hej! {word}?"))?;
                }
                9..=12 if self.has_mail(who) => self.step(&format!("{who} replies\n  | Och en sak till? {word}"))?,
                13 if self.has_mail(who) => self.step(&format!("{who} replies\n  | Tack!"))?,
                14..=24 if self.has_mail(agent) => self.answers(agent, &word)?,
                25 => {
                    let other = 1 + self.chance.below(self.tickets.max(1));
                    self.try_step(&format!("shell merge {ticket} {other}"));
                }
                26 => {
                    let verb = self.chance.of(&["close", "done", "spam", "reopen"]);
                    self.try_step(&format!("shell {verb} {ticket}"));
                }
                27 => self.try_step(&format!("shell reopen {ticket}")),
                28 => self.try_step(&format!("shell hold {ticket} 2d")),
                29 => self.try_step(&format!("shell priority {ticket} high")),
                30 => {
                    let lay = ["", " lay 3h"][self.chance.below(2)];
                    let to = format!("answers ord{:04}x@kund.test", 1 + self.chance.below(self.words));
                    self.step(&format!(
                        "support@example.test writes \"Sv: Fråga\" to {who} {to} id {word}@example.test in-sent{lay}\n  | Så här. {word}"
                    ))?;
                }
                31 => {
                    let mood = ["defers", "accepts", "accepts"][self.chance.below(3)];
                    self.step(&format!("smtp {who} {mood}"))?;
                }
                32 => self.step("restart")?,
                _ => {}
            }
            let minutes = match self.chance.below(6) {
                0 => 0,
                1..=3 => 1 + self.chance.below(180),
                4 => 60 * self.chance.below(40),
                _ => self.chance.below(60 * 24 * 4),
            };
            let seconds = self.chance.below(60);
            self.step(&format!("after {minutes}m{seconds}s"))?;
            while self.world.look(|tx| tx.heads(&[TicketNo(i64::try_from(self.tickets + 1).unwrap_or(0))]))?.len() == 1
            {
                self.tickets += 1;
            }
        }
        for who in CUSTOMERS {
            self.step(&format!("smtp {who} accepts"))?;
        }
        self.step("after 7h")
    }

    fn has_mail(&self, who: &str) -> bool {
        address(who)
            .is_ok_and(|owner| self.world.mails.iter().any(|m| m.to == owner && m.letter.subject.contains("[#")))
    }

    fn answers(&mut self, agent: &str, word: &str) -> Result {
        let Ok(owner) = address(agent) else { return Ok(()) };
        let all: Vec<String> =
            self.world.mails.iter().rev().filter(|m| m.to == owner).take(5).map(|m| m.letter.text.clone()).collect();
        let mail = &all[self.chance.below(all.len())];
        let Some(at) = mail.find("ord").filter(|at| mail.is_char_boundary(at + 8)) else { return Ok(()) };
        let about = mail[at..at + 8].to_owned();
        let text = match self.chance.below(10) {
            0 => "#done".to_owned(),
            1 => "#called Ringde.".to_owned(),
            2 => "#close".to_owned(),
            3 => format!("#close\n  | Så där ja. {word}"),
            4 => "#hold 1d".to_owned(),
            5 => "#pending".to_owned(),
            _ => format!("Så här är det. {word}"),
        };
        self.step(&format!("{agent} replies about {about}\n  | {text}"))
    }

    fn judge(&mut self) -> Result {
        let broken = self.world.violations();
        if !broken.is_empty() {
            return Err(format!("the database: {broken:#?}"));
        }
        let (now, settings) = (self.world.now, self.world.settings.clone());
        let zone = settings.desk.time_zone.clone();
        let rows = Rows::read(&self.world.database());
        let first: Date = "2026-11-20".parse().map_err(|e| format!("{e}"))?;
        let last = zone.to_datetime(now.timestamp()).date();
        let begin = first.yesterday().map_err(|e| e.to_string())?;
        let minutes = Minutes::new(
            &zone,
            Period { from: begin, to: last, zone: zone.clone() }.bounds().0.unix(),
            now.unix(),
            is_open,
        );
        let days: Vec<Date> = first.series(jiff::Span::new().days(1)).take_while(|d| *d <= last).collect();
        let mut periods = vec![(begin, last)];
        for _ in 0..6 {
            let from = self.chance.below(days.len());
            let to = from + self.chance.below((days.len() - from).min(40));
            periods.push((days[from], days[to]));
        }
        for (from, to) in periods {
            let period = Period { from, to, zone: zone.clone() };
            let (a, b) = period.bounds();
            let said = figures::of(self.world.engine()?.store(), &settings, &period, None, now, Detail::Clocks)
                .map_err(|e| e.to_string())?;
            let slowly = rows.figures(&minutes, &zone, a.unix(), b.unix(), now.unix());
            compare(&said, &slowly, &rows).map_err(|why| format!("{from} to {to}: {why}"))?;
        }
        let all = rows.figures(&minutes, &zone, 0, i64::MAX, now.unix());
        if all.clocks.len() < 20 || rows.priorities().len() < 2 {
            return Err(format!(
                "too little happened: {} clocks, {:?}, {} merged",
                all.clocks.len(),
                rows.priorities(),
                rows.merged()
            ));
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: T, slowly: T) -> Result {
    if said == slowly { Ok(()) } else { Err(format!("{what}: {said:?} is said, {slowly:?} was counted")) }
}

fn compare(said: &Figures, slowly: &Slowly, rows: &Rows) -> Result {
    let kind =
        |row: &svar::sla::figures::ClockRow| ["first_response", "next_response", "resolution"][row.clock as usize];
    let mut clocks: Vec<Timed> = said
        .clocks
        .iter()
        .map(|row| Timed {
            ticket: row.ticket.0,
            kind: kind(row),
            started: row.started_at.unix(),
            stopped: row.stopped_at.map(|t| t.unix()),
            cancelled: row.state == svar::sla::clock::ClockState::Cancelled,
            elapsed_s: row.elapsed_s,
        })
        .collect();
    clocks.sort();
    let differs = clocks
        .iter()
        .find(|c| !slowly.clocks.contains(c))
        .or_else(|| slowly.clocks.iter().find(|c| !clocks.contains(c)));
    if let Some(clock) = differs {
        let of = |clocks: &[Timed]| clocks.iter().filter(|c| c.ticket == clock.ticket).cloned().collect::<Vec<_>>();
        let (said, counted, happened) = (of(&clocks), of(&slowly.clocks), rows.told(clock.ticket));
        return Err(format!("#{}: {said:#?} is said, {counted:#?} was counted; {happened:#?}", clock.ticket));
    }
    same("opened", said.tickets.opened, slowly.opened)?;
    same("closed", said.tickets.closed, slowly.closed)?;
    same("reopened", said.tickets.reopened, slowly.reopened)?;
    same("open at end", said.tickets.open_at_end, slowly.open_at_end)?;
    same("solved by the first answer", said.solved_by_first_answer, slowly.solved_by_first_answer)?;
    let messages = said.customer_messages_per_ticket.map(|n| (n * slowly.opened as f64).round() as usize);
    same("messages of those opened", messages.unwrap_or(0), slowly.messages_of_opened)?;
    for row in &said.by_hour {
        let counted = |by: &std::collections::BTreeMap<i64, usize>| by.get(&row.hour).copied().unwrap_or(0);
        same("customers' messages by hour", row.customer_messages, counted(&slowly.messages_by_hour))?;
        same("answers by hour", row.answers, counted(&slowly.answers_by_hour))?;
    }
    for row in &said.by_agent {
        let name = row.agent.as_ref().map_or_else(String::new, ToString::to_string);
        same("answers by agent", row.answers, slowly.answers_by_agent.get(&name).copied().unwrap_or(0))?;
    }
    compare_kind("first_response", &said.first_response, slowly, rows, (3600, 1800))?;
    compare_kind("next_response", &said.next_response, slowly, rows, (3600, 1800))?;
    compare_kind("resolution", &said.resolution, slowly, rows, (24 * 3600, 4 * 3600))
}

/// `targets`: of normal and of high priority.
fn compare_kind(kind: &str, said: &ClockFigures, slowly: &Slowly, rows: &Rows, targets: (i64, i64)) -> Result {
    let clocks: Vec<&Timed> = slowly.clocks.iter().filter(|c| c.kind == kind).collect();
    let target = |c: &Timed| if rows.priority(c.ticket) == "high" { targets.1 } else { targets.0 };
    let stopped: Vec<&Timed> = clocks.iter().copied().filter(|c| c.stopped.is_some()).collect();
    let running: Vec<&Timed> = clocks.iter().copied().filter(|c| c.stopped.is_none() && !c.cancelled).collect();
    let elapsed: Vec<i64> = stopped.iter().map(|c| c.elapsed_s).collect();
    same("started", said.started, clocks.len())?;
    same("stopped", said.stopped, stopped.len())?;
    same("running", said.running, running.len())?;
    same("cancelled", said.cancelled, clocks.len() - stopped.len() - running.len())?;
    same("past target", said.past_target, running.iter().filter(|c| c.elapsed_s > target(c)).count())?;
    same("within target", said.within_target, stopped.iter().filter(|c| c.elapsed_s <= target(c)).count())?;
    same("median", said.median_s, nearest_rank(&elapsed, 50))?;
    same("p90", said.p90_s, nearest_rank(&elapsed, 90))?;
    let mean =
        (!elapsed.is_empty()).then(|| (elapsed.iter().sum::<i64>() as f64 / elapsed.len() as f64 + 0.5).floor() as i64);
    same("mean", said.mean_s, mean)?;
    if kind == "resolution" {
        return same("bands", said.bands.len(), 0);
    }
    let measured = || stopped.iter().map(|c| (c.elapsed_s, true)).chain(running.iter().map(|c| (c.elapsed_s, false)));
    let excellent = measured().filter(|(s, over)| *over && *s <= 3600).count();
    let ok = measured().filter(|(s, over)| *over && (3601..=3 * 3600).contains(s)).count();
    let miss = measured().filter(|(s, _)| *s > 3 * 3600).count();
    same("bands", said.bands.iter().map(|b| b.count).collect::<Vec<_>>(), vec![excellent, ok, miss])
}
