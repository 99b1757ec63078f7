//! Opening hours: when is it open, how much of it has passed, and when will so much of it have passed?
//!
//! A day's intervals are walls on the clock; here they become instants. An interval lasts as long as it really lasts
//! over a change of clocks. A wall time that does not exist is read with the offset before the gap and one that
//! exists twice is its first occurrence (RFC 5545, 3.3.5). An interval over midnight belongs to the day on which it
//! begins: exceptions and holidays of that day rule it whole. Whole spans of days are counted by the week and
//! then put right for the few days that differ, so that years cost little more than weeks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::model::Time;
use crate::sla::holidays::Country;

/// Minutes of a day, from and to; 1440 is 24:00, more is on the day after.
pub type Interval = (u32, u32);

const DAY_END: u32 = 1440;

/// What tells open time: a [`Calendar`], or a [`crate::sla::timeline::Timeline`] made of one.
pub trait OpenTime {
    /// Seconds of open time from `from` to `to`; 0 if `to` is not later.
    fn between(&self, from: Time, to: Time) -> i64;

    /// The first instant at which `open_s` seconds of open time since `start` are used up; `None` if there is never that much.
    fn add(&self, start: Time, open_s: i64) -> Option<Time>;
}

impl OpenTime for Calendar {
    fn between(&self, from: Time, to: Time) -> i64 {
        Calendar::between(self, from, to)
    }

    fn add(&self, start: Time, open_s: i64) -> Option<Time> {
        Calendar::add(self, start, open_s)
    }
}

/// When a shop is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: TimeZone,
    week: [Vec<Interval>; 7],
    /// Seconds of each weekday without a change of clocks, with what the evening before runs into it.
    plain_s: [i64; 7],
    holidays: Option<Country>,
    exceptions: BTreeMap<Date, Vec<Interval>>,
}

/// The day that a mistake in opening hours is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// 0 is Monday.
    Weekday(usize),
    Date(Date),
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        match self {
            Self::Weekday(n) => f.write_str(NAMES.get(*n).copied().unwrap_or("?")),
            Self::Date(date) => date.fmt(f),
        }
    }
}

/// Why opening hours are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    #[error("{day}: {} ends before it begins", wall(*.interval))]
    Backwards { day: Day, interval: Interval },
    #[error("{day}: {} lasts longer than a day", wall(*.interval))]
    TooLong { day: Day, interval: Interval },
    #[error("{day}: {} and {} overlap", wall(*.first), wall(*.second))]
    Overlap { day: Day, first: Interval, second: Interval },
    #[error("{} of the day before runs into {} on {day}", wall(*.first), wall(*.second))]
    RunsInto { day: Day, first: Interval, second: Interval },
}

/// `08:00-12:00`, and `22:00-06:00` for one over midnight.
#[must_use]
pub fn wall((from, to): Interval) -> String {
    let to = if to > DAY_END { to - DAY_END } else { to };
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}

impl Calendar {
    /// Open at every hour of every day.
    #[must_use]
    pub fn always(zone: TimeZone) -> Self {
        let week = std::array::from_fn(|_| vec![(0, DAY_END)]);
        Self { zone, plain_s: [Time::DAY; 7], week, holidays: None, exceptions: BTreeMap::new() }
    }

    /// `week` begins on Monday. An exception beats a holiday, a holiday (closed all day) beats the week.
    ///
    /// # Errors
    /// An interval that is empty or backwards, is longer than a day, or overlaps another one, also one that runs into the next
    /// weekday. Touching ones are fine. Where an exception meets its neighbours, what is open twice is open once.
    pub fn new(
        zone: TimeZone,
        mut week: [Vec<Interval>; 7],
        holidays: Option<Country>,
        mut exceptions: BTreeMap<Date, Vec<Interval>>,
    ) -> Result<Self, CalendarError> {
        for (n, day) in week.iter_mut().enumerate() {
            put_in_order(Day::Weekday(n), day)?;
        }
        for (date, day) in &mut exceptions {
            put_in_order(Day::Date(*date), day)?;
        }
        for n in 0..7 {
            let (before, day) = (&week[(n + 6) % 7], &week[n]);
            let late = before.iter().find(|(_, to)| *to > DAY_END);
            if let (Some(&first), Some(&second)) = (late, day.first())
                && second.0 < first.1 - DAY_END
            {
                return Err(CalendarError::RunsInto { day: Day::Weekday(n), first, second });
            }
        }
        let plain_s = std::array::from_fn(|n| seconds_within(&week[n]) + seconds_after(&week[(n + 6) % 7]));
        Ok(Self { zone, week, plain_s, holidays, exceptions })
    }

    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether it is never closed.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.holidays.is_none()
            && self.exceptions.is_empty()
            && self.plain_s.iter().all(|seconds| *seconds == Time::DAY)
    }

    /// Whether it never opens, not even as an exception.
    #[must_use]
    pub fn is_never(&self) -> bool {
        self.week.iter().chain(self.exceptions.values()).all(Vec::is_empty)
    }

    /// Open at the second that begins at `at`.
    #[must_use]
    pub fn is_open(&self, at: Time) -> bool {
        let t = at.unix();
        self.opened(self.day_of(at)).iter().any(|&(from, to)| from <= t && t < to)
    }

    /// `at` itself if it is open then, else the next opening. `None` if it never opens again.
    #[must_use]
    pub fn next_open(&self, at: Time) -> Option<Time> {
        self.add(at, 1).map(|end| end.plus(-1))
    }

    /// The first instant at which `open_s` seconds of open time since `start` are used up: 11:00 and an hour, with
    /// closing at 12:00, is 12:00. `start` itself if `open_s` is not above 0; `None` if there is never that much.
    #[must_use]
    pub fn add(&self, start: Time, open_s: i64) -> Option<Time> {
        if open_s <= 0 {
            return Some(start);
        }
        if self.is_always() {
            let end = start.plus(open_s);
            return (end.since(start) == open_s).then_some(end);
        }
        let week_s: i64 = self.plain_s.iter().sum();
        // What begins on the last exceptional day may end on the day after.
        let last_exception = self.exceptions.keys().next_back().map(|day| day.tomorrow().unwrap_or(*day));
        let mut left = open_s;
        let mut day = self.day_of(start);
        loop {
            for (from, to) in self.opened(day) {
                let from = from.max(start.unix());
                if to - from >= left {
                    return Some(Time::from_unix(from + left));
                }
                left -= (to - from).max(0);
            }
            day = day.tomorrow().ok()?;
            if week_s == 0 && last_exception.is_none_or(|last| last < day) {
                return None;
            }
            // Leap over whole blocks of days that cannot hold the end.
            for weeks in [512, 64, 8, 1] {
                while left > week_s * weeks {
                    let Ok(beyond) = day.checked_add(weeks.weeks()) else { break };
                    let within = self.sum(day, beyond);
                    if within >= left {
                        break;
                    }
                    left -= within;
                    day = beyond;
                }
            }
        }
    }

    /// Seconds of open time from `from` to `to`; 0 if `to` is not later.
    #[must_use]
    pub fn between(&self, from: Time, to: Time) -> i64 {
        if to <= from {
            return 0;
        }
        if self.is_always() {
            return to.since(from);
        }
        let (first, last) = (self.day_of(from), self.day_of(to));
        let within = |day: Date| -> i64 {
            let clip = |(a, b): (i64, i64)| (b.min(to.unix()) - a.max(from.unix())).max(0);
            self.opened(day).into_iter().map(clip).sum()
        };
        match first.tomorrow() {
            Ok(second) if first < last => within(first) + self.sum(second, last) + within(last),
            _ => within(first),
        }
    }

    /// Open seconds of the days from `first` up to but without `beyond`.
    fn sum(&self, first: Date, beyond: Date) -> i64 {
        let days = days_between(first, beyond);
        if days <= 7 {
            let each = |day: Date| -> i64 { self.opened(day).iter().map(|(from, to)| to - from).sum() };
            return first.series(1.day()).take_while(|day| *day < beyond).map(each).sum();
        }
        let plain = |day: Date| self.plain_s[weekday(day)];
        let rest = first.series(1.day()).take(usize::try_from(days % 7).unwrap_or(0)).map(plain).sum::<i64>();
        let whole = days / 7 * self.plain_s.iter().sum::<i64>();
        let special = self.special(first, beyond);
        let put_right = |day: Date| self.opened(day).iter().map(|(from, to)| to - from).sum::<i64>() - plain(day);
        rest + whole + special.into_iter().map(put_right).sum::<i64>()
    }

    /// The days that are not like their weekday: exceptions, holidays, changes of clocks.
    fn special(&self, first: Date, beyond: Date) -> BTreeSet<Date> {
        // The day before runs into the first.
        let before = first.yesterday().unwrap_or(first);
        let mut days: BTreeSet<Date> = self.exceptions.range(before..beyond).map(|(day, _)| *day).collect();
        if let Some(country) = self.holidays {
            let years = before.year()..=beyond.year();
            days.extend(years.flat_map(|year| country.holidays(year)).map(|(day, _)| day));
        }
        let after: Vec<Date> = days.iter().filter_map(|day| day.tomorrow().ok()).collect();
        days.extend(after);
        let (from, to) = (self.midnight(first), self.midnight(beyond));
        for change in self.zone.following(Time::from_unix(from - 1).timestamp()) {
            if change.timestamp().as_second() > to {
                break;
            }
            // The days around it too: a change at midnight is felt on both sides.
            let day = self.zone.to_datetime(change.timestamp()).date();
            days.extend([day.yesterday().unwrap_or(day), day, day.tomorrow().unwrap_or(day)]);
        }
        days.retain(|day| (first..beyond).contains(day));
        days
    }

    /// The open spans of a day as instants in Unix seconds: in order, apart from each other, none empty.
    pub(super) fn opened(&self, day: Date) -> Vec<(i64, i64)> {
        let own = self.walls(day).iter().map(|&(from, to)| (from, to.min(DAY_END)));
        let runs_on = day.yesterday().map_or(&[][..], |before| self.walls(before)).iter();
        let late = runs_on.filter(|(_, to)| *to > DAY_END).map(|&(_, to)| (0, to - DAY_END));
        let walls: Vec<Interval> = late.chain(own).collect();
        if walls.is_empty() {
            return Vec::new();
        }
        let (begin, end) = (self.midnight(day), day.tomorrow().map_or(i64::MAX, |next| self.midnight(next)));
        // Within a day that a change of clocks cuts out whole, nothing is left between its ends.
        let instant = |minute: u32| match minute {
            0 => begin,
            DAY_END.. => end,
            _ => self.instant(wall_time(day, minute)).clamp(begin, end),
        };
        let mut spans: Vec<(i64, i64)> =
            walls.iter().map(|&(from, to)| (instant(from), instant(to))).filter(|(from, to)| from < to).collect();
        // Where clocks skip an hour, a time inside it is read as a later one, and may run into the next interval.
        spans.sort_unstable();
        let mut apart: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match apart.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => apart.push((from, to)),
            }
        }
        apart
    }

    /// The intervals on the clock: an exception beats a holiday, a holiday beats the week.
    fn walls(&self, day: Date) -> &[Interval] {
        if let Some(exception) = self.exceptions.get(&day) {
            return exception;
        }
        let usual = &self.week[weekday(day)];
        if !usual.is_empty() && self.holidays.is_some_and(|country| country.is_holiday(day)) { &[] } else { usual }
    }

    /// The day that an instant belongs to: the one between whose midnights it lies. Where clocks go back over midnight
    /// that is not always the date on the clock.
    pub(super) fn day_of(&self, at: Time) -> Date {
        let day = self.zone.to_datetime(at.timestamp()).date();
        match day.tomorrow() {
            Ok(next) if self.midnight(next) <= at.unix() => next,
            _ => day,
        }
    }

    pub(super) fn midnight(&self, day: Date) -> i64 {
        self.instant(day.to_datetime(jiff::civil::Time::midnight()))
    }

    fn instant(&self, at: DateTime) -> i64 {
        // "Compatible" is RFC 5545's reading. Out of range is only beyond the year 9999: never.
        self.zone.to_ambiguous_timestamp(at).compatible().map_or(i64::MAX, jiff::Timestamp::as_second)
    }
}

fn wall_time(day: Date, minute: u32) -> DateTime {
    let (hour, minute) = (minute / 60 % 24, minute % 60);
    day.at(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0)
}

fn weekday(day: Date) -> usize {
    usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0)
}

fn days_between(first: Date, beyond: Date) -> i64 {
    // A span of dates counts days unless it is asked for more.
    first.until(beyond).map_or(0, |span| i64::from(span.get_days()))
}

/// Up to midnight, on a day without a change of clocks.
fn seconds_within(day: &[Interval]) -> i64 {
    day.iter().map(|&(from, to)| i64::from(to.min(DAY_END) - from) * 60).sum()
}

/// After its midnight.
fn seconds_after(day: &[Interval]) -> i64 {
    day.iter().map(|&(_, to)| i64::from(to.saturating_sub(DAY_END)) * 60).sum()
}

fn put_in_order(day: Day, intervals: &mut [Interval]) -> Result<(), CalendarError> {
    for &interval in intervals.iter() {
        if interval.0 >= interval.1 || interval.0 >= DAY_END {
            return Err(CalendarError::Backwards { day, interval });
        }
        if interval.1 - interval.0 > DAY_END {
            return Err(CalendarError::TooLong { day, interval });
        }
    }
    intervals.sort_unstable();
    for pair in intervals.windows(2) {
        if pair[1].0 < pair[0].1 {
            return Err(CalendarError::Overlap { day, first: pair[0], second: pair[1] });
        }
    }
    Ok(())
}

#[cfg(test)]
mod minutes;
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        if name.contains(',') { TimeZone::posix(name).unwrap() } else { TimeZone::get(name).unwrap() }
    }

    /// Monday to Friday 08-12 and 13-17, Saturday 10-14, Swedish holidays, and two exceptions.
    fn shop() -> Calendar {
        let mut week: [Vec<Interval>; 7] = std::array::from_fn(|_| vec![(13 * 60, 17 * 60), (8 * 60, 12 * 60)]);
        week[5] = vec![(10 * 60, 14 * 60)];
        week[6] = vec![];
        let exceptions =
            [("2026-12-23", vec![(8 * 60, 20 * 60)]), ("2026-12-27", vec![]), ("2026-12-26", vec![(600, 840)])];
        let exceptions = exceptions.into_iter().map(|(day, hours)| (day.parse().unwrap(), hours)).collect();
        Calendar::new(zone("Europe/Stockholm"), week, Some(Country::Se), exceptions).unwrap()
    }

    fn daily(zone_name: &str, hours: &[Interval]) -> Calendar {
        Calendar::new(zone(zone_name), std::array::from_fn(|_| hours.to_vec()), None, BTreeMap::new()).unwrap()
    }

    /// A wall time in the calendar's zone, or RFC 3339.
    fn at(calendar: &Calendar, text: &str) -> Time {
        Time::parse_rfc3339(text).unwrap_or_else(|| {
            let wall: DateTime = text.parse().unwrap();
            Time::from_unix(calendar.instant(wall))
        })
    }

    fn check_add(calendar: &Calendar, start: &str, open_s: i64, expect: &str) {
        let (start_at, expect_at) = (at(calendar, start), at(calendar, expect));
        assert_eq!(calendar.add(start_at, open_s), Some(expect_at), "{start} + {open_s} s is not {expect}");
        assert_eq!(calendar.between(start_at, expect_at), open_s, "from {start} to {expect}");
    }

    #[test]
    fn an_hour_in_a_shop() {
        let c = shop();
        check_add(&c, "2026-11-20T10:30", 3600, "2026-11-20T11:30");
        check_add(&c, "2026-11-20T11:00", 3600, "2026-11-20T12:00"); // not 13:00
        check_add(&c, "2026-11-20T11:00", 3601, "2026-11-20T13:00:01");
        check_add(&c, "2026-11-20T11:30", 3600, "2026-11-20T13:30"); // over lunch
        check_add(&c, "2026-11-20T12:30", 3600, "2026-11-20T14:00"); // written at lunch
        check_add(&c, "2026-11-20T16:30", 3600, "2026-11-21T10:30"); // Friday evening to Saturday
        check_add(&c, "2026-11-20T23:10", 3600, "2026-11-21T11:00");
        check_add(&c, "2026-11-21T13:30", 3600, "2026-11-23T08:30"); // over Sunday
        check_add(&c, "2026-11-20T08:00", 24 * 3600, "2026-11-24T12:00"); // 8 + 4 + 8 + 4
        check_add(&c, "2026-11-20T08:00", 0, "2026-11-20T08:00");
    }

    #[test]
    fn an_exception_beats_a_holiday_beats_the_week() {
        let c = shop();
        check_add(&c, "2026-12-23T16:30", 3600, "2026-12-23T17:30"); // open till 20
        check_add(&c, "2026-12-24T16:30", 3600, "2026-12-26T10:30"); // the eve is no holiday, the 25th is, the 26th is excepted
        check_add(&c, "2026-12-26T13:30", 3600, "2026-12-28T08:30"); // the 27th is closed, and a Sunday
        check_add(&c, "2026-04-02T16:30", 3600, "2026-04-04T10:30"); // Good Friday
        check_add(&c, "2026-04-04T13:30", 3600, "2026-04-07T08:30"); // Easter
    }

    #[test]
    fn over_changes_of_clocks_time_is_what_really_passes() {
        let day = |zone: &str| daily(zone, &[(0, 1440)]);
        for name in ["Europe/Stockholm", "CET-1CEST,M3.5.0,M10.5.0/3"] {
            let c = day(name);
            assert_eq!(c.between(at(&c, "2026-03-29T00:00"), at(&c, "2026-03-30T00:00")), 23 * 3600);
            assert_eq!(c.between(at(&c, "2026-10-25T00:00"), at(&c, "2026-10-26T00:00")), 25 * 3600);
            // Open over the missing hour, over the doubled one, and beside them.
            let night = daily(name, &[(60, 240)]);
            assert_eq!(night.between(at(&c, "2026-03-29T00:00"), at(&c, "2026-03-30T00:00")), 2 * 3600);
            assert_eq!(night.between(at(&c, "2026-10-25T00:00"), at(&c, "2026-10-26T00:00")), 4 * 3600);
            check_add(&night, "2026-03-29T00:00", 3601, "2026-03-29T01:00:01Z");
            check_add(&daily(name, &[(480, 1020)]), "2026-03-28T16:00", 7200, "2026-03-29T09:00");
            // 02:00-02:30 does not exist: read with winter's offset it is 03:00-03:30.
            let gap = daily(name, &[(120, 150)]);
            check_add(&gap, "2026-03-29T00:00", 1800, "2026-03-29T01:30:00Z");
            // 02:30-03:00 is then backwards, and nothing; 02:00-02:30 and 03:00-04:00 are one hour.
            assert_eq!(daily(name, &[(150, 180)]).between(at(&c, "2026-03-29T00:00"), at(&c, "2026-03-30T00:00")), 0);
            let both = daily(name, &[(120, 150), (180, 240)]);
            assert_eq!(both.between(at(&c, "2026-03-29T00:00"), at(&c, "2026-03-30T00:00")), 3600);
            // What exists twice is its first: 02:30 ends before the second 02:00, 02:30-03:00 lasts 90 minutes.
            check_add(&gap, "2026-10-25T00:00", 1800, "2026-10-25T00:30:00Z");
            check_add(&daily(name, &[(150, 180)]), "2026-10-25T00:00", 5400, "2026-10-25T02:00:00Z");
        }
    }

    #[test]
    fn where_clocks_change_at_midnight_and_where_a_day_is_missing() {
        // Havana: 2026-03-08 begins at 01:00, 2026-11-01 has 00:00 to 01:00 twice.
        let c = daily("America/Havana", &[(0, 120), (1380, 1440)]);
        assert_eq!(c.between(at(&c, "2026-03-08T00:00"), at(&c, "2026-03-09T00:00")), 2 * 3600);
        assert_eq!(c.between(at(&c, "2026-11-01T00:00"), at(&c, "2026-11-02T00:00")), 4 * 3600);
        // Asuncion: 2024-03-24 began, and at 00:00 it was 23:00 of the 23rd again.
        let c = daily("America/Asuncion", &[(0, 120), (1380, 1440)]);
        assert_eq!(c.between(at(&c, "2024-03-23T00:00"), at(&c, "2024-03-24T00:00")), 4 * 3600);
        // Apia had no 30 December 2011.
        let c = daily("Pacific/Apia", &[(480, 1020)]);
        assert_eq!(c.between(at(&c, "2011-12-29T00:00"), at(&c, "2012-01-01T00:00")), 2 * 9 * 3600);
    }

    #[test]
    fn is_open_and_next_open() {
        let c = shop();
        let check = |text: &str, open: bool, next: &str| {
            assert_eq!(c.is_open(at(&c, text)), open, "{text}");
            assert_eq!(c.next_open(at(&c, text)), Some(at(&c, next)), "{text}");
        };
        check("2026-11-20T08:00", true, "2026-11-20T08:00");
        check("2026-11-20T07:59:59", false, "2026-11-20T08:00");
        check("2026-11-20T11:59:59", true, "2026-11-20T11:59:59");
        check("2026-11-20T12:00", false, "2026-11-20T13:00");
        check("2026-11-21T14:00", false, "2026-11-23T08:00");
        check("2026-12-24T23:00", false, "2026-12-26T10:00");
    }

    #[test]
    fn never_and_always() {
        let never = daily("Europe/Stockholm", &[]);
        let t = at(&never, "2026-11-20T10:00");
        assert_eq!((never.add(t, 1), never.next_open(t), never.add(t, 0)), (None, None, Some(t)));
        let once = BTreeMap::from([("2030-01-02".parse().unwrap(), vec![(600, 660)])]);
        let once = Calendar::new(zone("UTC"), std::array::from_fn(|_| vec![]), None, once).unwrap();
        assert_eq!(once.add(t, 3600), Some(at(&once, "2030-01-02T11:00")));
        assert_eq!(once.add(t, 3601), None);
        assert_eq!(once.between(t, at(&once, "2040-01-01T00:00")), 3600);
        let always = Calendar::always(zone("Europe/Stockholm"));
        assert!(always.is_always() && always.is_open(t) && !once.is_always());
        assert_eq!(always.add(t, 86_400 * 365), Some(t.plus(86_400 * 365)));
        assert_eq!(always.add(t, i64::MAX), None);
        assert_eq!(always.between(t.plus(5), t), 0);
        let last = Time::from_unix(i64::MAX);
        assert_eq!(shop().add(last, 3600), None);
        assert_eq!(shop().between(last, Time::from_unix(i64::MAX)), 0);
        assert_eq!(shop().next_open(Time::from_unix(i64::MIN)), Some(at(&shop(), "0001-01-02T08:00")));
        let (from, to) = (at(&shop(), "1900-01-01T00:00"), at(&shop(), "2900-01-01T00:00"));
        assert!(shop().between(from, to) > 1000 * 50 * 40 * 3600);
    }

    #[test]
    fn wrong_hours_are_refused() {
        let check = |hours: &[Interval], expect: &str| {
            let mut week: [Vec<Interval>; 7] = std::array::from_fn(|_| vec![]);
            week[1] = hours.to_vec();
            let error = Calendar::new(zone("UTC"), week, None, BTreeMap::new()).unwrap_err();
            assert_eq!(error.to_string(), expect);
            let day = BTreeMap::from([("2026-12-23".parse().unwrap(), hours.to_vec())]);
            let error = Calendar::new(zone("UTC"), std::array::from_fn(|_| vec![]), None, day).unwrap_err();
            assert_eq!(error.to_string(), expect.replace("tue", "2026-12-23"));
        };
        check(&[(600, 720), (480, 601)], "tue: 08:00-10:01 and 10:00-12:00 overlap");
        check(&[(720, 720)], "tue: 12:00-12:00 ends before it begins");
        check(&[(720, 600)], "tue: 12:00-10:00 ends before it begins");
        check(&[(720, 2161)], "tue: 12:00-12:01 lasts longer than a day");
        assert_eq!(daily("UTC", &[(0, 720), (720, 1440)]), daily("UTC", &[(720, 1440), (0, 720)]), "they may touch");
    }

    proptest! {
        #[test]
        fn add_and_between_agree(start in 1_500_000_000i64..2_500_000_000, open_s in 1i64..400_000_000) {
            let c = shop();
            let start = Time::from_unix(start);
            let end = c.add(start, open_s).unwrap();
            prop_assert_eq!(c.between(start, end), open_s);
            prop_assert_eq!(c.between(start, end.plus(-1)), open_s - 1, "the first such instant");
        }

        #[test]
        fn leaps_count_what_single_days_count(
            start in -2_000_000_000i64..4_000_000_000,
            days in 0i64..1200,
            name in prop::sample::select(vec!["Europe/Stockholm", "America/Havana", "America/Asuncion", "Pacific/Apia", "Africa/Casablanca"]),
        ) {
            let mut c = shop();
            c.zone = zone(name);
            let start = Time::from_unix(start);
            let end = start.plus(days * Time::DAY + 4567);
            let mut single = 0;
            let mut from = start;
            while from < end {
                let to = from.plus(70_000).min(end);
                single += c.between(from, to);
                from = to;
            }
            prop_assert_eq!(c.between(start, end), single);
        }
    }
}
