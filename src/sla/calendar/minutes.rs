//! Opening hours against a count of single minutes, over all the zones in use and every kind of day.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::{Calendar, Interval, OpenTime};
use crate::model::Time;
use crate::sla::holidays::Country;
use crate::sla::timeline::Timeline;

/// Those of our countries, and some whose clocks change oddly: at midnight, by half an hour, by two hours, back in winter.
const ZONES: &[&str] = &[
    "Europe/Stockholm",
    "Europe/Oslo",
    "Europe/Copenhagen",
    "Europe/Helsinki",
    "Atlantic/Reykjavik",
    "Europe/Berlin",
    "Europe/London",
    "UTC",
    "America/Havana",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Asia/Kathmandu",
];

/// Opening hours as they are written.
#[derive(Clone, Debug)]
struct Written {
    zone: &'static str,
    week: [Vec<Interval>; 7],
    holidays: Option<Country>,
    exceptions: BTreeMap<Date, Vec<Interval>>,
}

impl Written {
    fn calendar(&self) -> Option<Calendar> {
        let zone = TimeZone::get(self.zone).unwrap();
        Calendar::new(zone, self.week.clone(), self.holidays, self.exceptions.clone()).ok()
    }

    fn intervals(&self, day: Date) -> &[Interval] {
        if let Some(exception) = self.exceptions.get(&day) {
            return exception;
        }
        if self.holidays.is_some_and(|country| country.holidays(day.year()).iter().any(|(d, _)| *d == day)) {
            return &[];
        }
        &self.week[usize::try_from(day.weekday().to_monday_zero_offset()).unwrap()]
    }

    /// The minutes since 1970 at which it is open, on days around `start`.
    fn open_minutes(&self, start: i64, days: i32) -> Vec<(i64, i64)> {
        let zone = TimeZone::get(self.zone).unwrap();
        let first = zone.to_datetime(Timestamp::from_second(start).unwrap()).date().checked_sub(2.days()).unwrap();
        let mut spans = Vec::new();
        for n in 0..days + 4 {
            let day = first.checked_add(n.days()).unwrap();
            for (from, to) in self.intervals(day) {
                spans.push((minute_of(&zone, day, *from), minute_of(&zone, day, *to)));
            }
        }
        spans
    }
}

/// The first minute at which a clock on the wall shows it; where none does, the one that the offset before the gap gives.
fn minute_of(zone: &TimeZone, day: Date, minute: u32) -> i64 {
    let day = day.checked_add(i64::from(minute / 1440).days()).unwrap();
    let wall = day.at(i8::try_from(minute % 1440 / 60).unwrap(), i8::try_from(minute % 60).unwrap(), 0, 0);
    let shown = |n: i64| zone.to_datetime(Timestamp::from_second(n * 60).unwrap());
    let about = minutes_since_1970(wall) - offset_near(zone, minutes_since_1970(wall));
    let around = about - 200..about + 200;
    match around.clone().find(|n| shown(*n) == wall) {
        Some(found) => found,
        None => {
            let before = around.filter(|n| shown(*n) < wall).max().unwrap();
            minutes_since_1970(wall) - (minutes_since_1970(shown(before)) - before)
        }
    }
}

fn minutes_since_1970(wall: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(wall).unwrap().as_second() / 60
}

/// Minutes east of Greenwich half a day before.
fn offset_near(zone: &TimeZone, minute: i64) -> i64 {
    let at = minute - 720;
    minutes_since_1970(zone.to_datetime(Timestamp::from_second(at * 60).unwrap())) - at
}

/// Open seconds, minute by minute.
fn count(spans: &[(i64, i64)], from: i64, to: i64) -> i64 {
    let mut seconds = 0;
    for minute in from.div_euclid(60)..=to.div_euclid(60) {
        if spans.iter().any(|(a, b)| (*a..*b).contains(&minute)) {
            seconds += ((minute + 1) * 60).min(to) - (minute * 60).max(from);
        }
    }
    seconds
}

/// Some intervals of a day; the last may run over midnight.
fn a_day() -> impl Strategy<Value = Vec<Interval>> {
    let over_midnight = (1200u32..1439, 1441u32..1700).prop_map(|i| vec![i]);
    let two = (0u32..700, 1u32..60, 720u32..1200, 1u32..=240).prop_map(|(a, n, b, m)| vec![(a, a + n), (b, b + m)]);
    prop_oneof![
        2 => Just(vec![]),
        3 => Just(vec![(480, 720), (780, 1020)]),
        1 => Just(vec![(0, 1440)]),
        2 => Just(vec![(60, 150), (150, 240)]),
        2 => over_midnight,
        2 => two,
        1 => Just(vec![(1320, 1440)]),
    ]
}

/// Around a change of clocks as often as not.
fn a_moment() -> impl Strategy<Value = i64> {
    let changes = prop::sample::select(vec![
        1_774_746_000, // 2026-03-29T01:00Z
        1_792_890_000, // 2026-10-25T01:00Z
        1_772_946_000, // 2026-03-08T05:00Z
        1_793_505_600, // 2026-11-01T04:00Z
        1_775_314_800, // 2026-04-04T15:00Z
        1_791_041_400, // 2026-10-03T15:30Z
        1_771_120_800, // 2026-02-15T02:00Z
    ]);
    let around = (changes, -200_000i64..100_000).prop_map(|(at, by)| at + by);
    prop_oneof![around, 1_577_836_800i64..1_900_000_000]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn hours_are_what_a_count_of_minutes_says(
        zone in prop::sample::select(ZONES),
        week in prop::array::uniform7(a_day()),
        holidays in prop::sample::select(vec![None, Some(Country::Se), Some(Country::Gb)]),
        exception in a_day(),
        exception_in in 0i64..4,
        start in a_moment(),
        span in 0i64..300_000,
        part in 0i64..1000,
    ) {
        let in_zone = TimeZone::get(zone).unwrap();
        let day = in_zone.to_datetime(Timestamp::from_second(start + exception_in * 86_400).unwrap()).date();
        let written = Written { zone, week, holidays, exceptions: BTreeMap::from([(day, exception)]) };
        let Some(calendar) = written.calendar() else { return Ok(()) };
        let spans = written.open_minutes(start, 5);
        let (from, to) = (Time::from_unix(start), Time::from_unix(start + span));
        let open_s = count(&spans, start, start + span);
        prop_assert_eq!(calendar.between(from, to), open_s);
        let timeline = Timeline::new(&calendar, from, from);
        prop_assert_eq!(OpenTime::between(&timeline, from, to), open_s);
        // The first instant at which a part of it is used up.
        let part_s = open_s * part / 1000;
        if part_s > 0 {
            let end = calendar.add(from, part_s).unwrap();
            prop_assert_eq!(count(&spans, start, end.unix()), part_s);
            prop_assert_eq!(count(&spans, start, end.unix() - 1), part_s - 1);
            prop_assert_eq!(OpenTime::add(&timeline, from, part_s), Some(end));
        }
    }
}
