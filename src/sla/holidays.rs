//! Public holidays by law, for any year.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// A country whose public holidays we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// Sweden: the thirteen of lag (1989:253) om allmänna helgdagar. Its Sundays are the week's matter,
    /// and the eves (midsommarafton, julafton, nyårsafton) are no holidays by law.
    Se,
}

impl Country {
    pub const ALL: &'static [Self] = &[Self::Se];

    /// ISO 3166-1 alpha-2.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Se => "SE",
        }
    }

    /// Reads an ISO 3166-1 alpha-2 code, in capitals as the standard writes it.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.code() == code)
    }

    /// The holidays of a year with their names in the country's own language, by date. Empty outside the years 1 to 9999.
    #[must_use]
    pub fn holidays(self, year: i16) -> Vec<(Date, &'static str)> {
        let mut days = self.by_law(year);
        days.sort_by_key(|&(day, _)| day);
        days
    }

    fn by_law(self, year: i16) -> Vec<(Date, &'static str)> {
        match self {
            _ if !(1..=9999).contains(&year) => Vec::new(),
            Self::Se => sweden(year),
        }
    }

    #[must_use]
    pub fn is_holiday(self, day: Date) -> bool {
        self.by_law(day.year()).iter().any(|&(d, _)| d == day)
    }
}

fn sweden(year: i16) -> Vec<(Date, &'static str)> {
    let easter = easter_sunday(year);
    let after_easter = |days: i32| easter.saturating_add(days.days());
    // 6 June took the place of Whit Monday in 2005 (lag 2004:1320).
    let national =
        if year >= 2005 { (date(year, 6, 6), "Sveriges nationaldag") } else { (after_easter(50), "annandag pingst") };
    vec![
        (date(year, 1, 1), "nyårsdagen"),
        (date(year, 1, 6), "trettondedag jul"),
        (after_easter(-2), "långfredagen"),
        (easter, "påskdagen"),
        (after_easter(1), "annandag påsk"),
        (date(year, 5, 1), "första maj"),
        (after_easter(39), "Kristi himmelsfärdsdag"),
        (after_easter(49), "pingstdagen"),
        national,
        (saturday_from(date(year, 6, 20)), "midsommardagen"),
        (saturday_from(date(year, 10, 31)), "alla helgons dag"),
        (date(year, 12, 25), "juldagen"),
        (date(year, 12, 26), "annandag jul"),
    ]
}

/// The first Saturday on or after `day`.
fn saturday_from(day: Date) -> Date {
    day.saturating_add(i32::from(day.weekday().until(Weekday::Saturday)).days())
}

/// Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher.
fn easter_sunday(year: i16) -> Date {
    let y = i32::from(year);
    let golden = y % 19;
    let (century, of_century) = (y / 100, y % 100);
    let moon_shift = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon_shift + 15) % 30;
    let to_sunday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * to_sunday) / 451;
    // Days from 22 March: the earliest Easter there is.
    let days = epact + to_sunday - 7 * late;
    date(year, 3, 22).saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dates as month-day, in the order of the year.
    fn check(year: i16, expect: &str) {
        let days: Vec<String> =
            Country::Se.holidays(year).iter().map(|(d, _)| format!("{}-{}", d.month(), d.day())).collect();
        assert_eq!(days.join(" "), expect, "{year}");
    }

    #[test]
    fn swedish_holidays_by_law() {
        check(2000, "1-1 1-6 4-21 4-23 4-24 5-1 6-1 6-11 6-12 6-24 11-4 12-25 12-26");
        check(2024, "1-1 1-6 3-29 3-31 4-1 5-1 5-9 5-19 6-6 6-22 11-2 12-25 12-26");
        check(2025, "1-1 1-6 4-18 4-20 4-21 5-1 5-29 6-6 6-8 6-21 11-1 12-25 12-26");
        check(2026, "1-1 1-6 4-3 4-5 4-6 5-1 5-14 5-24 6-6 6-20 10-31 12-25 12-26");
        check(2027, "1-1 1-6 3-26 3-28 3-29 5-1 5-6 5-16 6-6 6-26 11-6 12-25 12-26");
        // The earliest and the latest Easter for a long time to come.
        check(2285, "1-1 1-6 3-20 3-22 3-23 4-30 5-1 5-10 6-6 6-20 10-31 12-25 12-26");
        check(2038, "1-1 1-6 4-23 4-25 4-26 5-1 6-3 6-6 6-13 6-26 11-6 12-25 12-26");
        assert!(Country::Se.is_holiday(date(2026, 6, 20)));
        assert!(!Country::Se.is_holiday(date(2026, 6, 19)), "an eve is the shop's choice");
    }

    #[test]
    fn easter_through_the_centuries() {
        for (year, month, day) in [
            (1583, 4, 10),
            (1818, 3, 22),
            (1900, 4, 15),
            (1943, 4, 25),
            (1961, 4, 2),
            (1981, 4, 19),
            (2049, 4, 18),
            (4200, 4, 20),
        ] {
            assert_eq!(easter_sunday(year), date(year, month, day));
        }
        for year in 1..=9999 {
            let easter = easter_sunday(year);
            assert_eq!(easter.weekday(), Weekday::Sunday, "{year}");
            assert!(easter >= date(year, 3, 22) && easter <= date(year, 4, 25), "{year}");
            assert_eq!(Country::Se.holidays(year).len(), 13);
        }
        assert_eq!(Country::Se.holidays(0), []);
    }
}
