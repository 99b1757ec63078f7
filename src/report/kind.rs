//! The three kinds of digests, the days that each covers, and when each is due.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::model::Time;

/// How often a digest comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Daily,
    Weekly,
    Monthly,
}

/// Days, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    pub from: Date,
    pub to: Date,
}

impl Days {
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }

    #[must_use]
    pub fn count(&self) -> i64 {
        self.from.until(self.to).map_or(0, |span| i64::from(span.get_days())) + 1
    }
}

/// When a kind of digest is made, in the reader's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// 1 to 7 from Monday for a weekly one, 1 to 31 for a monthly one (31: the last day of any month); 0 for a daily one.
    pub day: i8,
    /// Of the day.
    pub minute: i16,
}

fn plus(day: Date, span: Span) -> Date {
    day.saturating_add(span)
}

impl Kind {
    pub const ALL: &'static [Self] = &[Self::Daily, Self::Weekly, Self::Monthly];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == word)
    }

    /// The full days that a digest made on `today` covers: yesterday, the Monday to Sunday before, the month before.
    #[must_use]
    pub fn covers(self, today: Date) -> Days {
        match self {
            Self::Daily => Self::around(self, plus(today, -1.day())),
            Self::Weekly => Self::around(self, plus(today, -7.days())),
            Self::Monthly => Self::around(self, plus(today.first_of_month(), -1.day())),
        }
    }

    /// The day, week or month that `day` lies in.
    #[must_use]
    pub fn around(self, day: Date) -> Days {
        match self {
            Self::Daily => Days { from: day, to: day },
            Self::Weekly => {
                let monday = plus(day, -i64::from(day.weekday().to_monday_zero_offset()).days());
                Days { from: monday, to: plus(monday, 6.days()) }
            }
            Self::Monthly => Days { from: day.first_of_month(), to: day.last_of_month() },
        }
    }

    /// The same kind of period just before.
    #[must_use]
    pub fn before(self, days: Days) -> Days {
        self.around(plus(days.from, -1.day()))
    }

    /// What it is held against of the year before: the same month, or the same weekdays 52 weeks earlier.
    #[must_use]
    pub fn year_before(self, days: Days) -> Days {
        match self {
            Self::Daily | Self::Weekly => Days { from: plus(days.from, -364.days()), to: plus(days.to, -364.days()) },
            Self::Monthly => self.around(plus(days.from, -1.year())),
        }
    }

    /// The stretch that shows what is usual, `days` included: eight weeks, a quarter, a year.
    #[must_use]
    pub fn stretch(self, days: Days) -> Days {
        let from = match self {
            Self::Daily => plus(days.from, -56.days()),
            Self::Weekly => plus(days.from, -84.days()),
            Self::Monthly => plus(days.from, -12.months()),
        };
        Days { from, to: days.to }
    }

    /// The periods that `days` is held against to say what is usual: the same weekday, the weeks, the months before, newest first.
    #[must_use]
    pub fn comparable(self, days: Days) -> Vec<Days> {
        let all = (1..=12_i64).map(|n| match self {
            Self::Daily => Self::around(self, plus(days.from, -(7 * n).days())),
            Self::Weekly => Self::around(self, plus(days.from, -(7 * n).days())),
            Self::Monthly => Self::around(self, plus(days.from, -n.months())),
        });
        let stretch = self.stretch(days);
        all.filter(|d| stretch.holds(d.from)).collect()
    }

    /// The latest time up to `now` at which a digest was due. An hour that summer time skips is read with the offset before it.
    #[must_use]
    pub fn due_before(self, at: At, zone: &TimeZone, now: Time) -> Option<Time> {
        let mut day = plus(now.timestamp().to_zoned(zone.clone()).date(), 1.day());
        // A month and a bit back there is one of each kind.
        for _ in 0..64 {
            if self.is_day(at, day)
                && let Some(due) = moment(day, at.minute, zone).filter(|due| *due <= now)
            {
                return Some(due);
            }
            day = plus(day, -1.day());
        }
        None
    }

    /// The first time after `now`.
    #[must_use]
    pub fn due_after(self, at: At, zone: &TimeZone, now: Time) -> Option<Time> {
        let mut day = plus(now.timestamp().to_zoned(zone.clone()).date(), -1.day());
        for _ in 0..64 {
            if self.is_day(at, day)
                && let Some(due) = moment(day, at.minute, zone).filter(|due| *due > now)
            {
                return Some(due);
            }
            day = plus(day, 1.day());
        }
        None
    }

    fn is_day(self, at: At, day: Date) -> bool {
        match self {
            Self::Daily => true,
            Self::Weekly => day.weekday().to_monday_one_offset() == at.day,
            Self::Monthly => day.day() == at.day.min(day.days_in_month()),
        }
    }
}

fn moment(day: Date, minute: i16, zone: &TimeZone) -> Option<Time> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let zoned = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
    Some(Time::from_unix(zoned.timestamp().as_second()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn each_kind_covers_full_days() {
        let check = |kind: Kind, today: Date, from: Date, to: Date, before: Date, year: Date| {
            let days = kind.covers(today);
            assert_eq!(days, Days { from, to }, "{kind:?} {today}");
            assert_eq!((kind.before(days).from, kind.year_before(days).from), (before, year), "{kind:?} {today}");
        };
        let d = |m: i8, day: i8| date(2026, m, day);
        check(Kind::Daily, d(12, 9), d(12, 8), d(12, 8), d(12, 7), date(2025, 12, 9));
        check(Kind::Weekly, d(12, 14), d(12, 7), d(12, 13), d(11, 30), date(2025, 12, 8));
        check(Kind::Weekly, d(12, 13), d(11, 30), d(12, 6), d(11, 23), date(2025, 12, 1));
        check(Kind::Monthly, d(3, 1), d(2, 1), d(2, 28), d(1, 1), date(2025, 2, 1));
        check(Kind::Monthly, d(1, 31), date(2025, 12, 1), date(2025, 12, 31), date(2025, 11, 1), date(2024, 12, 1));
        assert_eq!(Kind::Daily.covers(d(12, 9)).count(), 1);
        assert_eq!(Kind::Monthly.covers(d(3, 1)).count(), 28);
    }

    #[test]
    fn what_is_usual_is_the_same_kind_of_day() {
        let days = Kind::Daily.covers(date(2026, 12, 9));
        let usual = Kind::Daily.comparable(days);
        assert_eq!((usual.len(), usual[0].from, usual[7].from), (8, date(2026, 12, 1), date(2026, 10, 13)));
        assert_eq!(Kind::Weekly.comparable(Kind::Weekly.covers(date(2026, 12, 14))).len(), 12);
        let months = Kind::Monthly.comparable(Kind::Monthly.covers(date(2026, 12, 14)));
        assert_eq!((months.len(), months[11].from), (12, date(2025, 11, 1)));
    }

    #[test]
    fn due_times_are_the_readers() {
        let check = |kind: Kind, at: At, zone: &str, now: &str, before: &str, after: &str| {
            let zone = TimeZone::get(zone).unwrap();
            let now = Time::parse_rfc3339(now).unwrap();
            let said = |t: Option<Time>| t.unwrap().to_string();
            assert_eq!(said(kind.due_before(at, &zone, now)), before, "{kind:?} before {now}");
            assert_eq!(said(kind.due_after(at, &zone, now)), after, "{kind:?} after {now}");
        };
        let at = |day: i8| At { day, minute: 450 };
        let (se, nz) = ("Europe/Stockholm", "Pacific/Auckland");
        check(Kind::Daily, at(0), se, "2026-12-09T06:30:00Z", "2026-12-09T06:30:00Z", "2026-12-10T06:30:00Z");
        check(Kind::Daily, at(0), se, "2026-12-09T06:29:59Z", "2026-12-08T06:30:00Z", "2026-12-09T06:30:00Z");
        check(Kind::Daily, at(0), nz, "2026-12-09T06:30:00Z", "2026-12-08T18:30:00Z", "2026-12-09T18:30:00Z");
        check(Kind::Weekly, at(1), se, "2026-12-09T06:30:00Z", "2026-12-07T06:30:00Z", "2026-12-14T06:30:00Z");
        check(Kind::Monthly, at(1), se, "2026-12-09T06:30:00Z", "2026-12-01T06:30:00Z", "2027-01-01T06:30:00Z");
        check(Kind::Monthly, at(31), se, "2026-03-01T06:30:00Z", "2026-02-28T06:30:00Z", "2026-03-31T05:30:00Z");
        // 02:30 is skipped on 29 March 2026, and comes twice on 25 October.
        let night = At { day: 0, minute: 150 };
        check(Kind::Daily, night, se, "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z");
        check(Kind::Daily, night, se, "2026-10-25T01:40:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    }
}
