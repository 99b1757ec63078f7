//! What a story expects of clocks and figures.

use jiff::tz::TimeZone;
use serde_json::Value;

use svar::engine::{clocks, figures};
use svar::model::Time;
use svar::sla::clock::Clock;
use svar::sla::duration::print_open;
use svar::sla::figures::{Detail, Period};

use crate::play::{Result, World};
use crate::steps::ticket_no;

/// `09:00` on the day that it is, `11-20 09:00` on another.
fn shown(at: Option<Time>, now: Time, zone: &TimeZone) -> String {
    let Some(at) = at else { return "-".to_owned() };
    let (at, now) = (at.timestamp().to_zoned(zone.clone()), now.timestamp().to_zoned(zone.clone()));
    let seconds = if at.second() == 0 { "" } else { ":%S" };
    let day = if at.date() == now.date() { "" } else { "%m-%d " };
    at.strftime(&format!("{day}%H:%M{seconds}")).to_string()
}

impl World {
    /// The clocks of one kind, as `show` prints them.
    pub fn clocks(&mut self, number: &str, kind: &str) -> Result<Vec<Clock>> {
        let (number, now, settings) = (ticket_no(number)?, self.now, self.settings.clone());
        let row = self.look(|tx| Ok((tx.show(number, now)?, clocks::steps(tx, number)?)))?;
        let (Some(show), steps) = row else { return Err("there is no such ticket".to_owned()) };
        let all = clocks::of(&steps, &settings, &show.ticket.mailbox, show.ticket.priority, now);
        Ok(all.into_iter().filter(|c| c.kind.as_str() == kind).collect())
    }

    /// `expect clock 1 next_response [nth 2] [started T] [due T] [stopped T] [elapsed S] [wall S] [state W] [band W]`: the last
    /// of its kind, unless the story says which.
    pub fn expect_clock(&mut self, number: &str, kind: &str, rest: &[&str]) -> Result {
        let (clocks, now) = (self.clocks(number, kind)?, self.now);
        let zone = self.settings.desk.time_zone.clone();
        let nth = rest.windows(2).find(|w| w[0] == "nth").and_then(|w| w[1].parse::<usize>().ok());
        let clock = match nth {
            Some(n) => clocks.get(n - 1),
            None => clocks.last(),
        };
        let clock = clock.ok_or_else(|| format!("there are {}", clocks.len()))?;
        for pair in rest.chunks(2) {
            let &[key, want] = pair else { return Err(format!("{} what?", pair[0])) };
            let found = match key {
                "nth" => continue,
                "started" => shown(Some(clock.started_at), now, &zone),
                "due" => shown(clock.due_at, now, &zone),
                "stopped" => shown(clock.stopped_at, now, &zone),
                "elapsed" => print_open(clock.elapsed_s),
                "wall" => print_open(clock.wall_s),
                "state" => {
                    serde_json::to_value(clock.state).map_err(|e| e.to_string())?.as_str().unwrap_or("").to_owned()
                }
                "band" => clock.band.clone().unwrap_or_else(|| "-".to_owned()),
                other => return Err(format!("a clock has no {other}")),
            };
            if found != want {
                return Err(format!("{key} is {found}: {clock:?}"));
            }
        }
        Ok(())
    }

    /// `expect figures 2026-11-16 2026-11-22 first_response.median_s 1800 …`: what `stats --json` says, by path.
    pub fn expect_figures(&mut self, from: &str, to: &str, rest: &[&str]) -> Result {
        let (now, settings) = (self.now, self.settings.clone());
        let date = |text: &str| text.parse().map_err(|e| format!("{text}: {e}"));
        let period = Period { from: date(from)?, to: date(to)?, zone: settings.desk.time_zone.clone() };
        let (mailbox, paths) = match rest {
            ["of", mailbox, paths @ ..] => (Some(*mailbox), paths),
            paths => (None, paths),
        };
        let figures = figures::of(self.engine()?.store(), &settings, &period, mailbox, now, Detail::Figures)
            .map_err(|e| e.to_string())?;
        let json = serde_json::to_value(&figures).map_err(|e| e.to_string())?;
        for pair in paths.chunks(2) {
            let &[path, want] = pair else { return Err(format!("{} what?", pair[0])) };
            let pointer = format!("/{}", path.replace('.', "/"));
            let found = match json.pointer(&pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => return Err(format!("there is no {path} in {json:#}")),
            };
            if found != want {
                return Err(format!("{path} is {found}"));
            }
        }
        Ok(())
    }
}
