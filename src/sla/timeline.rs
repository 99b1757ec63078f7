//! A calendar written out as spans of instants, for figures that ask it a hundred thousand times.

use jiff::civil::Date;

use crate::model::Time;
use crate::sla::calendar::{Calendar, OpenTime};

/// So much more than was asked for is written out behind the end, for times at which something is due.
const BEYOND_DAYS: i64 = 100;

/// What a [`Calendar`] says, ready to be looked up; outside of what is written out the calendar itself is asked.
#[derive(Clone, Debug)]
pub struct Timeline {
    calendar: Calendar,
    /// Unix seconds, from … to.
    written: (i64, i64),
    spans: Vec<Span>,
    /// How many spans begin before each stretch of [`STEP_S`] from the beginning on, so that one is found without searching all.
    begun: Vec<usize>,
}

/// About a day's spans are looked at one by one, in seconds.
const STEP_S: i64 = 86_400;
/// A century; what lies beyond is looked for one by one.
const STEPS_MAX: usize = 36_600;

#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    to: i64,
    /// Open seconds of the spans before.
    before_s: i64,
}

impl Timeline {
    /// Writes out `calendar` for the time from `from` to `to`, and a while beyond.
    #[must_use]
    pub fn new(calendar: &Calendar, from: Time, to: Time) -> Self {
        let (first, beyond) = (calendar.day_of(from), calendar.day_of(to.plus(BEYOND_DAYS * Time::DAY)));
        let mut spans: Vec<Span> = Vec::new();
        let mut before_s = 0;
        let mut day = first;
        while day < beyond {
            for (from, to) in calendar.opened(day) {
                match spans.last_mut() {
                    // Over midnight it is one.
                    Some(last) if last.to == from => last.to = to,
                    _ => spans.push(Span { from, to, before_s }),
                }
                before_s += to - from;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        let written = (calendar.midnight(first), calendar.midnight(day));
        let steps = usize::try_from((written.1 - written.0) / STEP_S).unwrap_or(0).min(STEPS_MAX);
        let stretches = (written.0..).step_by(usize::try_from(STEP_S).unwrap_or(1)).take(steps + 1);
        let mut begun = Vec::with_capacity(steps + 1);
        let mut so_far = 0;
        for from in stretches {
            so_far += spans[so_far..].iter().take_while(|span| span.from < from).count();
            begun.push(so_far);
        }
        Self { calendar: calendar.clone(), written, spans, begun }
    }

    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// `at` itself if it is open then, else the next opening.
    #[must_use]
    pub fn next_open(&self, at: Time) -> Option<Time> {
        OpenTime::add(self, at, 1).map(|end| end.plus(-1))
    }

    /// The first opening of a day that has not been open since the evening before; else its midnight. `None`: closed all day.
    #[must_use]
    pub fn opening(&self, day: Date) -> Option<Time> {
        self.calendar.opened(day).first().map(|(from, _)| Time::from_unix(*from))
    }

    /// Open seconds from the beginning of what is written out up to `at`.
    fn until(&self, at: i64) -> i64 {
        let step = usize::try_from((at - self.written.0) / STEP_S).unwrap_or(0);
        let before = self.begun.get(step).or(self.begun.last()).copied().unwrap_or(0);
        let begun = before + self.spans[before..].iter().take_while(|span| span.from <= at).count();
        match begun.checked_sub(1) {
            Some(n) => self.spans[n].before_s + at.min(self.spans[n].to) - self.spans[n].from,
            None => 0,
        }
    }
}

impl OpenTime for Timeline {
    fn between(&self, from: Time, to: Time) -> i64 {
        if to <= from {
            return 0;
        }
        if from.unix() < self.written.0 || to.unix() > self.written.1 {
            return self.calendar.between(from, to);
        }
        self.until(to.unix()) - self.until(from.unix())
    }

    fn add(&self, start: Time, open_s: i64) -> Option<Time> {
        if open_s <= 0 {
            return Some(start);
        }
        if start.unix() < self.written.0 || start.unix() > self.written.1 {
            return self.calendar.add(start, open_s);
        }
        let end = self.until(start.unix()).saturating_add(open_s);
        // The last span in which less than that has passed before.
        let n = self.spans.partition_point(|span| span.before_s < end).checked_sub(1);
        let span = n.and_then(|n| self.spans.get(n)).filter(|span| span.before_s + (span.to - span.from) >= end);
        match span {
            Some(span) => Some(Time::from_unix(span.from + end - span.before_s)),
            None => self.calendar.add(start, open_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::sla::holidays::Country;

    fn night_shop(zone: &str) -> Calendar {
        let mut week: [Vec<(u32, u32)>; 7] = std::array::from_fn(|_| vec![(480, 720), (1320, 1440 + 180)]);
        week[6] = vec![];
        let exceptions = BTreeMap::from([("2026-12-23".parse().unwrap(), vec![(480, 1440)])]);
        Calendar::new(TimeZone::get(zone).unwrap(), week, Some(Country::Se), exceptions).unwrap()
    }

    proptest! {
        #[test]
        fn it_says_what_the_calendar_says(
            start in 1_770_000_000i64..1_810_000_000,
            span in 0i64..30_000_000,
            zone in prop::sample::select(vec!["Europe/Stockholm", "Atlantic/Reykjavik", "Europe/London", "America/Havana"]),
        ) {
            let calendar = night_shop(zone);
            let timeline = Timeline::new(&calendar, Time::from_unix(1_775_000_000), Time::from_unix(1_800_000_000));
            let (from, to) = (Time::from_unix(start), Time::from_unix(start + span));
            prop_assert_eq!(OpenTime::between(&timeline, from, to), calendar.between(from, to));
            prop_assert_eq!(OpenTime::add(&timeline, from, span), calendar.add(from, span));
            prop_assert_eq!(timeline.next_open(from), calendar.next_open(from));
        }
    }
}
