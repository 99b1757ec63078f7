//! The charts of a digest, made of its figures, and what they show in words.

use std::collections::BTreeMap;

use jiff::civil::Date;
use minijinja::context;

use crate::report::Matter;
use crate::report::chart::{self, DayStack, HourBars, HourWords, TrendPoint, TrendWords};
use crate::report::kind::{Days, Kind};
use crate::report::page::Picture;
use crate::report::say::Say;
use crate::report::tally::{self, DayTally};

fn this_days(matter: &Matter<'_>) -> Days {
    Days { from: matter.this.from, to: matter.this.to }
}

/// Responses by band over the last days: two weeks, four, or the month.
pub fn days(matter: &Matter<'_>, say: &Say<'_>, tallies: &BTreeMap<Date, DayTally>) -> Picture {
    let this = this_days(matter);
    let back = |days: i64| this.to.saturating_sub(jiff::Span::new().days(days - 1));
    let from = match matter.kind {
        Kind::Daily => back(14),
        Kind::Weekly => back(28),
        Kind::Monthly => this.from,
    };
    let shown = Days { from, to: this.to };
    let bands = tally::bands(matter.stretch);
    let is_long = shown.count() > 14;
    let stacks: Vec<DayStack> = matter
        .stretch
        .by_day
        .iter()
        .filter(|d| shown.holds(d.date))
        .map(|d| {
            let waiting = tallies.get(&d.date).map_or(0, |t| t.waiting);
            let mut counts: Vec<i64> = bands
                .iter()
                .map(|b| d.bands.iter().find(|x| x.name == b.name).map_or(0, |x| as_i64(x.count)))
                .collect();
            if let Some(miss) = counts.last_mut() {
                *miss -= as_i64(waiting).min(*miss);
            }
            let is_monday = d.date.weekday().to_monday_zero_offset() == 0;
            let letter: String = say.weekday(d.date).chars().take(1).collect();
            let date = if is_monday { say.day_of_month(d.date) } else { String::new() };
            DayStack {
                label: if is_long { date.clone() } else { letter },
                under: if is_long { String::new() } else { date },
                counts,
                waiting: as_i64(waiting),
                of_period: matter.kind != Kind::Monthly && this.holds(d.date),
            }
        })
        .collect();
    let names: Vec<String> = bands.iter().map(|b| say.band(&b.name)).collect();
    let said: Vec<String> =
        tally::bands(matter.this).iter().map(|b| format!("{} {}", b.count, say.band(&b.name))).collect();
    let list = if said.is_empty() { say.word("none") } else { say.words.list(&said) };
    let alt = say.with("alt_days", context! { day => say.short(matter.kind, this), list });
    Picture { name: "days", alt, png: chart::days(&stacks, &names, &say.word("still_waiting")) }
}

/// Customers' mail and answers by hour, on the ground of the opening hours.
pub fn hours(matter: &Matter<'_>, say: &Say<'_>) -> Picture {
    let days = this_days(matter).count().max(1);
    let bars: Vec<HourBars> = matter
        .this
        .by_hour
        .iter()
        .map(|h| HourBars {
            hour: i8::try_from(h.hour).unwrap_or_default(),
            came: as_i64(h.customer_messages),
            answers: as_i64(h.answers),
            open_permille: h.open_s * 1000 / (days * 3600),
        })
        .collect();
    // The night is shown where something happens in it.
    let counts = |b: &HourBars| b.came + b.answers > 0 || b.open_permille > 0 || (7..18).contains(&b.hour);
    let first = bars.iter().position(counts).unwrap_or(0);
    let last = bars.iter().rposition(counts).map_or(0, |n| n + 1);
    let most = bars.iter().filter(|b| b.came > 0).max_by_key(|b| (b.came, -b.hour));
    let hours = most.map_or_else(|| say.word("none"), |b| format!("{:02}–{:02}", b.hour, b.hour + 1));
    let words = HourWords { came: say.word("came"), answers: say.word("answered"), open: say.word("open_hours") };
    let png = chart::hours(bars.get(first..last).unwrap_or_default(), &words);
    Picture { name: "hours", alt: say.with("alt_hours", context! { hours }), png }
}

/// The median over the last four weeks, the quarter or the year; and the latest of it in words.
pub fn trend(matter: &Matter<'_>, say: &Say<'_>) -> (Picture, Option<String>) {
    let this = this_days(matter);
    let clocks = &matter.stretch.clocks;
    let (points, said): (Vec<TrendPoint>, Vec<String>) = match matter.kind {
        Kind::Daily => {
            let from = this.to.saturating_sub(jiff::Span::new().days(27));
            let shown = matter.stretch.by_day.iter().filter(|d| d.date >= from);
            shown
                .map(|d| {
                    let is_monday = d.date.weekday().to_monday_zero_offset() == 0;
                    let label = if is_monday { say.day_of_month(d.date) } else { String::new() };
                    (TrendPoint { label, median_s: d.median_first_response_s }, say.day(d.date))
                })
                .unzip()
        }
        Kind::Weekly | Kind::Monthly => {
            let mut periods = matter.kind.comparable(this);
            periods.reverse();
            periods.push(this);
            let count = periods.len();
            let point = |(n, days): (usize, Days)| {
                let median_s = tally::median_first_response_s(clocks, days, matter.zone);
                let label = match matter.kind {
                    Kind::Weekly if (count - 1 - n).is_multiple_of(3) => say.day_of_month(days.from),
                    Kind::Monthly if (count - 1 - n).is_multiple_of(2) => say.month(days.from),
                    _ => String::new(),
                };
                (TrendPoint { label, median_s }, say.short(matter.kind, days))
            };
            periods.into_iter().enumerate().map(point).unzip()
        }
    };
    let latest = points.iter().rev().find_map(|p| p.median_s);
    let alt = match latest {
        Some(s) => say.with("alt_trend", context! { median => say.duration(s) }),
        None => say.word("alt_trend_none"),
    };
    let with_value: Vec<String> = said
        .iter()
        .zip(&points)
        .filter_map(|(name, p)| Some(format!("{name} {}", say.duration(p.median_s?))))
        .collect();
    let last = with_value.len().saturating_sub(7);
    let line = (!with_value.is_empty()).then(|| with_value[last..].join(", "));
    let words = TrendWords { median: say.word("trend"), target: say.word("target") };
    let png = chart::trend(&points, matter.this.first_response.target_s, &words, &|s| say.duration(s));
    (Picture { name: "trend", alt, png }, line)
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
