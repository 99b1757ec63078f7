//! The days of a period written out hour by hour: where an instant falls is asked several times a ticket.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Period;
use crate::model::Time;

const HOURS: usize = 24;

impl Period {
    /// The first instant, and the first one that is no more of it.
    #[must_use]
    pub fn bounds(&self) -> (Time, Time) {
        (instant(self.from, 0, &self.zone), instant(self.to.tomorrow().unwrap_or(self.to), 0, &self.zone))
    }

    /// Its days in order.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let to = self.to;
        self.from.series(1.day()).take_while(move |day| *day <= to)
    }
}

/// When the clock on the wall shows the hour for the first time, or where that hour is left out, what comes instead.
fn instant(day: Date, hour: i8, zone: &TimeZone) -> Time {
    let wall = zone.to_ambiguous_timestamp(day.at(hour, 0, 0, 0)).compatible();
    Time::from_unix(wall.map_or(i64::MAX, jiff::Timestamp::as_second))
}

/// The days of a period.
#[derive(Debug)]
pub struct Days<'a> {
    period: &'a Period,
    days: Vec<Day>,
}

#[derive(Debug)]
struct Day {
    /// When each hour begins on the clock, and the next day.
    begins: [Time; HOURS + 1],
    /// Every hour takes an hour.
    is_plain: bool,
}

impl<'a> Days<'a> {
    #[must_use]
    pub fn of(period: &'a Period) -> Self {
        let day = |day: Date| {
            let mut begins = [instant(day.tomorrow().unwrap_or(day), 0, &period.zone); HOURS + 1];
            for (hour, begin) in (0..).zip(&mut begins[..HOURS]) {
                *begin = instant(day, hour, &period.zone);
            }
            let is_plain = begins.windows(2).all(|pair| pair[1].since(pair[0]) == Time::HOUR);
            Day { begins, is_plain }
        };
        Self { period, days: period.days().map(day).collect() }
    }

    /// The place of the day among those of the period, and the hour on the clock, of an instant in the period.
    pub fn place(&self, at: Time) -> (usize, usize) {
        let Some(last) = self.days.len().checked_sub(1) else { return (0, 0) };
        let guess = at.since(self.days[0].begins[0]).div_euclid(Time::DAY);
        let mut n = usize::try_from(guess).unwrap_or(0).min(last);
        // Clocks that are put back or forward have moved it by a day at most.
        while n > 0 && at < self.days[n].begins[0] {
            n -= 1;
        }
        while n < last && at >= self.days[n + 1].begins[0] {
            n += 1;
        }
        let day = &self.days[n];
        if day.is_plain {
            let hour = at.since(day.begins[0]).div_euclid(Time::HOUR);
            return (n, usize::try_from(hour).unwrap_or(0).min(HOURS - 1));
        }
        let wall = self.period.zone.to_datetime(at.timestamp());
        let n = self.period.from.until(wall.date()).map_or(0, |span| usize::try_from(span.get_days()).unwrap_or(0));
        (n.min(last), usize::try_from(wall.hour()).unwrap_or(0))
    }

    /// Every hour of the period that has begun and ended: the hour on the clock, from, to.
    pub fn hours(&self) -> impl Iterator<Item = (usize, Time, Time)> {
        let of_day = |day: &'_ Day| {
            let hour = |(hour, pair): (usize, &[Time])| (hour, pair[0], pair[1]);
            day.begins.windows(2).enumerate().map(hour).filter(|(_, from, to)| from < to).collect::<Vec<_>>()
        };
        self.days.iter().flat_map(of_day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_falls_where_the_clock_says() {
        for zone in
            ["Europe/Stockholm", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "UTC"]
        {
            for (from, to) in [("2026-01-01", "2026-12-31"), ("2011-12-20", "2012-01-10"), ("2018-10-25", "2018-11-15")]
            {
                let zone = TimeZone::get(zone).unwrap();
                let period = Period { from: from.parse().unwrap(), to: to.parse().unwrap(), zone: zone.clone() };
                let (days, dates) = (Days::of(&period), period.days().collect::<Vec<_>>());
                let (mut at, end) = period.bounds();
                while at < end {
                    let wall = zone.to_datetime(at.timestamp());
                    let (day, hour) = days.place(at);
                    assert_eq!((dates[day], hour), (wall.date(), usize::try_from(wall.hour()).unwrap()), "{at}");
                    at = at.plus(599);
                }
                assert_eq!(days.days.len(), dates.len());
                assert!(days.hours().all(|(hour, from, _)| days.place(from).1 == hour), "{zone:?}");
            }
        }
    }
}
