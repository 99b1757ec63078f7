//! Counts that several parts of a digest show, made of the same clocks as the figures are.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::report::kind::Days;
use crate::sla::clock::{ClockKind, ClockState, MISS};
use crate::sla::figures::{BandCount, ClockFigures, ClockRow, Figures};

/// Both kinds of responses together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Responses {
    /// Within their targets …
    pub within: usize,
    /// … of those that were given, or wait past their targets.
    pub of: usize,
    /// Of these, the ones that wait.
    pub past_target: usize,
}

/// The responses of a period.
#[must_use]
pub fn responses(figures: &Figures) -> Responses {
    let of = |c: &ClockFigures| (c.within_target, c.stopped + c.past_target, c.past_target);
    let (first, next) = (of(&figures.first_response), of(&figures.next_response));
    Responses { within: first.0 + next.0, of: first.1 + next.1, past_target: first.2 + next.2 }
}

/// The bands of both kinds of responses, `miss` last.
#[must_use]
pub fn bands(figures: &Figures) -> Vec<BandCount> {
    let mut all = figures.first_response.bands.clone();
    for band in &figures.next_response.bands {
        match all.iter_mut().find(|b| b.name == band.name) {
            Some(same) => same.count += band.count,
            None => all.push(band.clone()),
        }
    }
    all.sort_by_key(|b| (b.name == MISS, b.up_to_s.unwrap_or(i64::MAX)));
    all
}

/// The responses that started on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayTally {
    pub within: usize,
    pub of: usize,
    /// Past the last band, and not answered yet.
    pub waiting: usize,
}

/// The responses of each day on which one started.
#[must_use]
pub fn by_day(clocks: &[ClockRow], zone: &TimeZone) -> BTreeMap<Date, DayTally> {
    let mut days: BTreeMap<Date, DayTally> = BTreeMap::new();
    for clock in clocks.iter().filter(|c| c.clock != ClockKind::Resolution) {
        let date = clock.started_at.timestamp().to_zoned(zone.clone()).date();
        let day = days.entry(date).or_default();
        match clock.state {
            ClockState::Met => (day.within, day.of) = (day.within + 1, day.of + 1),
            ClockState::Breached => day.of += 1,
            ClockState::Running | ClockState::Paused | ClockState::Cancelled => {}
        }
        let waits = clock.stopped_at.is_none() && clock.state != ClockState::Cancelled;
        day.waiting += usize::from(waits && clock.band.as_deref() == Some(MISS));
    }
    days
}

/// The share of some days, together.
#[must_use]
pub fn share(days: &BTreeMap<Date, DayTally>, of: Days) -> (usize, usize) {
    days.range(of.from..=of.to).fold((0, 0), |(within, all), (_, d)| (within + d.within, all + d.of))
}

/// The median first response of those that started on some days: nearest rank, as everywhere.
#[must_use]
pub fn median_first_response_s(clocks: &[ClockRow], of: Days, zone: &TimeZone) -> Option<i64> {
    let is_in = |c: &&ClockRow| of.holds(c.started_at.timestamp().to_zoned(zone.clone()).date());
    let firsts = clocks.iter().filter(|c| c.clock == ClockKind::FirstResponse && c.stopped_at.is_some());
    let mut all: Vec<i64> = firsts.filter(is_in).map(|c| c.elapsed_s).collect();
    all.sort_unstable();
    median(&all)
}

/// Nearest rank, of sorted values.
#[must_use]
pub fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len().div_ceil(2).checked_sub(1)?).copied()
}
