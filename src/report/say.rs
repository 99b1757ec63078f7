//! Shares, durations, days and hours as a reader of digests says them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use crate::model::Time;
use crate::report::kind::{Days, Kind};
use crate::wording::Wording;

/// The reader's language and zone, and when he reads.
#[derive(Clone, Copy, Debug)]
pub struct Say<'a> {
    pub words: &'static Wording,
    pub zone: &'a TimeZone,
    pub now: Time,
}

impl<'a> Say<'a> {
    #[must_use]
    pub fn new(language: &str, zone: &'a TimeZone, now: Time) -> Self {
        Self { words: Wording::of(language), zone, now }
    }

    /// A phrase of the section `digest`.
    #[must_use]
    pub fn with(&self, key: &str, values: Value) -> String {
        self.words.say(&format!("digest.{key}"), values)
    }

    #[must_use]
    pub fn word(&self, key: &str) -> String {
        self.with(key, context! {})
    }

    /// `82 %`; a dash where there is nothing to share. 100 and 0 are said only of all and of none.
    #[must_use]
    pub fn share(&self, part: usize, of: usize) -> String {
        match per_cent(part, of) {
            Some(n) => self.with("percent", context! { n }),
            None => self.word("none"),
        }
    }

    /// `34 min`, `2 h 10`, `26 h`: whole minutes that are used up, hours alone from ten hours on.
    #[must_use]
    pub fn duration(&self, seconds: i64) -> String {
        let minutes = seconds.max(0) / 60;
        let (hours, rest) = (minutes / 60, minutes % 60);
        match (hours, rest) {
            (0, 0) if seconds > 0 => self.word("under_a_minute"),
            (0, n) => self.with("minutes", context! { n }),
            (n, 0) | (n @ 10.., _) => self.with("hours", context! { n }),
            (n, rest) => self.with("hours_minutes", context! { n, other => format!("{rest:02}") }),
        }
    }

    #[must_use]
    pub fn duration_or_none(&self, seconds: Option<i64>) -> String {
        seconds.map_or_else(|| self.word("none"), |s| self.duration(s))
    }

    /// `1,4`
    #[must_use]
    pub fn number(&self, number: Option<f64>) -> String {
        number.map_or_else(|| self.word("none"), |n| format!("{n:.1}").replace('.', &self.words.word("number.decimal")))
    }

    fn parts(&self, day: Date, weekday: &str, month: &str) -> Value {
        context! {
            weekday => self.words.listed(weekday, day.weekday().to_monday_one_offset()),
            day => day.day(),
            month => self.words.listed(month, day.month()),
            year => day.year(),
            week => day.iso_week_date().week(),
        }
    }

    /// `tis 8 dec`
    #[must_use]
    pub fn day(&self, day: Date) -> String {
        self.with("day", self.parts(day, "date.weekdays", "date.months"))
    }

    /// `8 dec`
    #[must_use]
    pub fn day_of_month(&self, day: Date) -> String {
        self.with("day_of_month", self.parts(day, "date.weekdays", "date.months"))
    }

    /// `tis`
    #[must_use]
    pub fn weekday(&self, day: Date) -> String {
        self.words.listed("date.weekdays", day.weekday().to_monday_one_offset())
    }

    /// `tisdag`
    #[must_use]
    pub fn weekday_long(&self, day: Date) -> String {
        self.words.listed("date.weekdays_long", day.weekday().to_monday_one_offset())
    }

    /// `dec`
    #[must_use]
    pub fn month(&self, day: Date) -> String {
        self.words.listed("date.months", day.month())
    }

    /// `tisdag 8 december 2026`, `vecka 50, 7 dec–13 dec 2026`, `december 2026`
    #[must_use]
    pub fn period(&self, kind: Kind, days: Days) -> String {
        let from = self.with("day_of_month", self.parts(days.from, "date.weekdays", "date.months"));
        let to = self.with("day_with_year", self.parts(days.to, "date.weekdays", "date.months"));
        let parts = self.parts(days.from, "date.weekdays_long", "date.months_long");
        match kind {
            Kind::Daily => self.with("period_day", parts),
            Kind::Weekly => self.with("period_week", context! { week => days.from.iso_week_date().week(), from, to }),
            Kind::Monthly => self.with("period_month", parts),
        }
    }

    /// As the head of a column and in the subject: `tis 8 dec`, `Vecka 50`, `dec 2026`.
    #[must_use]
    pub fn short(&self, kind: Kind, days: Days) -> String {
        match kind {
            Kind::Daily => self.day(days.from),
            Kind::Weekly => self.with("week", self.parts(days.from, "date.weekdays", "date.months")),
            Kind::Monthly => self.with("month", self.parts(days.from, "date.weekdays", "date.months")),
        }
    }

    #[must_use]
    pub fn date_of(&self, at: Time) -> Date {
        at.timestamp().to_zoned(self.zone.clone()).date()
    }

    /// `10:02`
    #[must_use]
    pub fn clock(&self, at: Time) -> String {
        let local = at.timestamp().to_zoned(self.zone.clone());
        format!("{:02}:{:02}", local.hour(), local.minute())
    }

    /// `10:02` on one of `known` days, else `tis 8 dec 10:02`.
    #[must_use]
    pub fn moment(&self, at: Time, known: Option<Date>) -> String {
        let date = self.date_of(at);
        if known == Some(date) { self.clock(at) } else { format!("{} {}", self.day(date), self.clock(at)) }
    }

    /// From and to, the day said where it is not `known`, and not twice.
    #[must_use]
    pub fn span(&self, from: Time, to: Time, known: Option<Date>) -> (String, String) {
        (self.moment(from, known), self.moment(to, Some(self.date_of(from))))
    }

    /// When the reader reads: `ons 9 dec 07:30`.
    #[must_use]
    pub fn as_at(&self) -> String {
        self.moment(self.now, None)
    }

    /// `utmärkt` of `excellent`; a band of the owner's own is called as he calls it.
    #[must_use]
    pub fn band(&self, name: &str) -> String {
        self.words.word_if_known(&format!("digest.band_{name}")).unwrap_or_else(|| name.to_owned())
    }
}

/// Rounded, but 100 and 0 are kept for all and for none.
#[must_use]
pub fn per_cent(part: usize, of: usize) -> Option<usize> {
    if of == 0 {
        return None;
    }
    let rounded = (part * 200 + of) / (of * 2);
    Some(if part == 0 || part == of { rounded } else { rounded.clamp(1, 99) })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn shares_round_but_never_to_all_or_none() {
        let check =
            |part: usize, of: usize, expect: Option<usize>| assert_eq!(per_cent(part, of), expect, "{part}/{of}");
        check(0, 0, None);
        check(0, 3, Some(0));
        check(1, 1000, Some(1));
        check(999, 1000, Some(99));
        check(2, 3, Some(67));
        check(9, 11, Some(82));
        check(7, 7, Some(100));
    }

    #[test]
    fn durations_and_days_in_both_languages() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now = Time::parse_rfc3339("2026-12-09T06:30:00Z").unwrap();
        let (sv, en) = (Say::new("sv", &zone, now), Say::new("en", &zone, now));
        for (s, expect) in [
            (0, "0 min"),
            (59, "< 1 min"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (7840, "2 h 10"),
            (36_000 + 600, "10 h"),
            (400_000, "111 h"),
        ] {
            assert_eq!(sv.duration(s), expect);
        }
        let days = Kind::Weekly.covers(date(2026, 12, 14));
        let check = |said: String, expect: &str| assert_eq!(said, expect);
        check(sv.period(Kind::Weekly, days), "vecka 50, 7 dec–13 dec 2026");
        check(en.period(Kind::Daily, Kind::Daily.covers(date(2026, 12, 9))), "Tuesday 8 December 2026");
        check(sv.period(Kind::Monthly, Kind::Monthly.covers(date(2026, 12, 9))), "november 2026");
        check(sv.as_at(), "ons 9 dec 07:30");
        check(sv.share(9, 11), "82 %");
        check(en.share(0, 0), "–");
        check(sv.number(Some(1.44)), "1,4");
        check(sv.band("ok"), "okej");
        check(sv.band("raketsnabbt"), "raketsnabbt");
    }
}
