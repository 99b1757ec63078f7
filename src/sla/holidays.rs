//! Public holidays by law, for any year.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// A country whose public holidays we know: the days on which the law has it closed all day. Half days and eves are the shop's
/// choice, as exceptions; Sundays are the week's matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Country {
    /// Sweden: the thirteen of lag (1989:253) om allmänna helgdagar.
    Se,
    /// Norway: lov 24. februar 1995 nr. 12 § 2, and 1 and 17 May by lov 26. april 1947 nr. 1.
    No,
    /// Denmark: the days of the folkekirke; store bededag until lov nr. 214 of 2023 took it away.
    Dk,
    /// Finland: kirkkolaki, and laki 388/1937 for the day of independence. As they have been since 1992.
    Fi,
    /// Iceland: lög 88/1971, without the two half days (24 and 31 December from 13:00).
    Is,
    /// Germany: the nine that every Land has, and what every Land had in a single year.
    De,
    /// England and Wales: Banking and Financial Dealings Act 1971 and proclamations; a day on a weekend and its substitute both.
    Gb,
}

impl Country {
    pub const ALL: &'static [Self] = &[Self::Se, Self::No, Self::Dk, Self::Fi, Self::Is, Self::De, Self::Gb];

    /// ISO 3166-1 alpha-2.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Se => "SE",
            Self::No => "NO",
            Self::Dk => "DK",
            Self::Fi => "FI",
            Self::Is => "IS",
            Self::De => "DE",
            Self::Gb => "GB",
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
            Self::No => norway(year),
            Self::Dk => denmark(year),
            Self::Fi => finland(year),
            Self::Is => iceland(year),
            Self::De => germany(year),
            Self::Gb => england(year),
        }
    }

    #[must_use]
    pub fn is_holiday(self, day: Date) -> bool {
        self.by_law(day.year()).iter().any(|&(d, _)| d == day)
    }
}

type Days = Vec<(Date, &'static str)>;

/// A day counted from Easter Sunday.
fn from_easter(year: i16) -> impl Fn(i32) -> Date {
    let easter = easter_sunday(year);
    move |days| easter.saturating_add(days.days())
}

fn sweden(year: i16) -> Days {
    let after_easter = from_easter(year);
    // 6 June took the place of Whit Monday in 2005 (lag 2004:1320).
    let national =
        if year >= 2005 { (date(year, 6, 6), "Sveriges nationaldag") } else { (after_easter(50), "annandag pingst") };
    vec![
        (date(year, 1, 1), "nyårsdagen"),
        (date(year, 1, 6), "trettondedag jul"),
        (after_easter(-2), "långfredagen"),
        (after_easter(0), "påskdagen"),
        (after_easter(1), "annandag påsk"),
        (date(year, 5, 1), "första maj"),
        (after_easter(39), "Kristi himmelsfärdsdag"),
        (after_easter(49), "pingstdagen"),
        national,
        (first(Weekday::Saturday, date(year, 6, 20)), "midsommardagen"),
        (first(Weekday::Saturday, date(year, 10, 31)), "alla helgons dag"),
        (date(year, 12, 25), "juldagen"),
        (date(year, 12, 26), "annandag jul"),
    ]
}

fn norway(year: i16) -> Days {
    let after_easter = from_easter(year);
    vec![
        (date(year, 1, 1), "første nyttårsdag"),
        (after_easter(-3), "skjærtorsdag"),
        (after_easter(-2), "langfredag"),
        (after_easter(0), "første påskedag"),
        (after_easter(1), "andre påskedag"),
        (date(year, 5, 1), "første mai"),
        (date(year, 5, 17), "grunnlovsdagen"),
        (after_easter(39), "Kristi himmelfartsdag"),
        (after_easter(49), "første pinsedag"),
        (after_easter(50), "andre pinsedag"),
        (date(year, 12, 25), "første juledag"),
        (date(year, 12, 26), "andre juledag"),
    ]
}

fn denmark(year: i16) -> Days {
    let after_easter = from_easter(year);
    let mut days = vec![
        (date(year, 1, 1), "nytårsdag"),
        (after_easter(-3), "skærtorsdag"),
        (after_easter(-2), "langfredag"),
        (after_easter(0), "påskedag"),
        (after_easter(1), "anden påskedag"),
        (after_easter(39), "Kristi himmelfartsdag"),
        (after_easter(49), "pinsedag"),
        (after_easter(50), "anden pinsedag"),
        (date(year, 12, 25), "juledag"),
        (date(year, 12, 26), "anden juledag"),
    ];
    if year <= 2023 {
        days.push((after_easter(26), "store bededag"));
    }
    days
}

fn finland(year: i16) -> Days {
    let after_easter = from_easter(year);
    vec![
        (date(year, 1, 1), "uudenvuodenpäivä"),
        (date(year, 1, 6), "loppiainen"),
        (after_easter(-2), "pitkäperjantai"),
        (after_easter(0), "pääsiäispäivä"),
        (after_easter(1), "toinen pääsiäispäivä"),
        (date(year, 5, 1), "vappu"),
        (after_easter(39), "helatorstai"),
        (after_easter(49), "helluntaipäivä"),
        (first(Weekday::Saturday, date(year, 6, 20)), "juhannuspäivä"),
        (first(Weekday::Saturday, date(year, 10, 31)), "pyhäinpäivä"),
        (date(year, 12, 6), "itsenäisyyspäivä"),
        (date(year, 12, 25), "joulupäivä"),
        (date(year, 12, 26), "tapaninpäivä"),
    ]
}

fn iceland(year: i16) -> Days {
    let after_easter = from_easter(year);
    vec![
        (date(year, 1, 1), "nýársdagur"),
        (after_easter(-3), "skírdagur"),
        (after_easter(-2), "föstudagurinn langi"),
        (after_easter(0), "páskadagur"),
        (after_easter(1), "annar í páskum"),
        (first(Weekday::Thursday, date(year, 4, 19)), "sumardagurinn fyrsti"),
        (date(year, 5, 1), "verkalýðsdagurinn"),
        (after_easter(39), "uppstigningardagur"),
        (after_easter(49), "hvítasunnudagur"),
        (after_easter(50), "annar í hvítasunnu"),
        (date(year, 6, 17), "þjóðhátíðardagurinn"),
        (first(Weekday::Monday, date(year, 8, 1)), "frídagur verslunarmanna"),
        (date(year, 12, 25), "jóladagur"),
        (date(year, 12, 26), "annar í jólum"),
    ]
}

fn germany(year: i16) -> Days {
    let after_easter = from_easter(year);
    let mut days = vec![
        (date(year, 1, 1), "Neujahr"),
        (after_easter(-2), "Karfreitag"),
        (after_easter(1), "Ostermontag"),
        (date(year, 5, 1), "Tag der Arbeit"),
        (after_easter(39), "Christi Himmelfahrt"),
        (after_easter(50), "Pfingstmontag"),
        (date(year, 12, 25), "erster Weihnachtstag"),
        (date(year, 12, 26), "zweiter Weihnachtstag"),
    ];
    if year >= 1990 {
        days.push((date(year, 10, 3), "Tag der Deutschen Einheit"));
    }
    if year == 2017 {
        days.push((date(year, 10, 31), "Reformationstag"));
    }
    days
}

fn england(year: i16) -> Days {
    /// Days that were proclaimed for one year.
    const PROCLAIMED: &[(i16, i8, i8, &str)] = &[
        (1999, 12, 31, "Millennium celebrations"),
        (2002, 6, 3, "Golden Jubilee"),
        (2011, 4, 29, "Royal wedding"),
        (2012, 6, 5, "Diamond Jubilee"),
        (2022, 6, 3, "Platinum Jubilee"),
        (2022, 9, 19, "State Funeral of Queen Elizabeth II"),
        (2023, 5, 8, "Coronation of King Charles III"),
    ];
    let after_easter = from_easter(year);
    let early_may = match year {
        1995 | 2020 => date(year, 5, 8),
        _ => first(Weekday::Monday, date(year, 5, 1)),
    };
    let spring = match year {
        2002 | 2012 => date(year, 6, 4),
        2022 => date(year, 6, 2),
        _ => first(Weekday::Monday, date(year, 5, 25)),
    };
    let mut days = vec![
        (date(year, 1, 1), "New Year's Day"),
        (after_easter(-2), "Good Friday"),
        (after_easter(1), "Easter Monday"),
        (early_may, "Early May bank holiday"),
        (spring, "Spring bank holiday"),
        (first(Weekday::Monday, date(year, 8, 25)), "Summer bank holiday"),
        (date(year, 12, 25), "Christmas Day"),
        (date(year, 12, 26), "Boxing Day"),
    ];
    let proclaimed = PROCLAIMED.iter().filter(|(in_year, ..)| *in_year == year);
    days.extend(proclaimed.map(|&(_, month, day, name)| (date(year, month, day), name)));
    let substitute = match date(year, 1, 1).weekday() {
        Weekday::Saturday => Some(date(year, 1, 3)),
        Weekday::Sunday => Some(date(year, 1, 2)),
        _ => None,
    };
    days.extend(substitute.map(|day| (day, "New Year's Day (substitute day)")));
    match date(year, 12, 25).weekday() {
        Weekday::Friday => days.push((date(year, 12, 28), "Boxing Day (substitute day)")),
        Weekday::Saturday => {
            days.push((date(year, 12, 27), "Christmas Day (substitute day)"));
            days.push((date(year, 12, 28), "Boxing Day (substitute day)"));
        }
        Weekday::Sunday => days.push((date(year, 12, 27), "Christmas Day (substitute day)")),
        _ => {}
    }
    days
}

/// The first such weekday on or after `day`.
fn first(weekday: Weekday, day: Date) -> Date {
    day.saturating_add(i32::from(day.weekday().until(weekday)).days())
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
    fn check_in(country: Country, year: i16, expect: &str) {
        let days: Vec<String> =
            country.holidays(year).iter().map(|(d, _)| format!("{}-{}", d.month(), d.day())).collect();
        assert_eq!(days.join(" "), expect, "{} {year}", country.code());
    }

    fn check(year: i16, expect: &str) {
        check_in(Country::Se, year, expect);
    }

    /// As the governments and almanacs of these countries publish them.
    #[test]
    fn holidays_of_our_neighbours() {
        use Country::{De, Dk, Fi, Gb, Is, No};
        check_in(No, 2024, "1-1 3-28 3-29 3-31 4-1 5-1 5-9 5-17 5-19 5-20 12-25 12-26");
        check_in(No, 2026, "1-1 4-2 4-3 4-5 4-6 5-1 5-14 5-17 5-24 5-25 12-25 12-26");
        check_in(Dk, 2023, "1-1 4-6 4-7 4-9 4-10 5-5 5-18 5-28 5-29 12-25 12-26");
        check_in(Dk, 2024, "1-1 3-28 3-29 3-31 4-1 5-9 5-19 5-20 12-25 12-26");
        check_in(Dk, 2026, "1-1 4-2 4-3 4-5 4-6 5-14 5-24 5-25 12-25 12-26");
        check_in(Fi, 2024, "1-1 1-6 3-29 3-31 4-1 5-1 5-9 5-19 6-22 11-2 12-6 12-25 12-26");
        check_in(Fi, 2026, "1-1 1-6 4-3 4-5 4-6 5-1 5-14 5-24 6-20 10-31 12-6 12-25 12-26");
        check_in(Is, 2024, "1-1 3-28 3-29 3-31 4-1 4-25 5-1 5-9 5-19 5-20 6-17 8-5 12-25 12-26");
        check_in(Is, 2026, "1-1 4-2 4-3 4-5 4-6 4-23 5-1 5-14 5-24 5-25 6-17 8-3 12-25 12-26");
        check_in(De, 2017, "1-1 4-14 4-17 5-1 5-25 6-5 10-3 10-31 12-25 12-26");
        check_in(De, 2026, "1-1 4-3 4-6 5-1 5-14 5-25 10-3 12-25 12-26");
        // With the day itself where it falls on a weekend.
        check_in(Gb, 2020, "1-1 4-10 4-13 5-8 5-25 8-31 12-25 12-26 12-28");
        check_in(Gb, 2021, "1-1 4-2 4-5 5-3 5-31 8-30 12-25 12-26 12-27 12-28");
        check_in(Gb, 2022, "1-1 1-3 4-15 4-18 5-2 6-2 6-3 8-29 9-19 12-25 12-26 12-27");
        check_in(Gb, 2023, "1-1 1-2 4-7 4-10 5-1 5-8 5-29 8-28 12-25 12-26");
        check_in(Gb, 2026, "1-1 4-3 4-6 5-4 5-25 8-31 12-25 12-26 12-28");
        for country in Country::ALL {
            assert_eq!(Country::parse(country.code()), Some(*country));
            assert!((1..=9999).all(|year| country.holidays(year).len() >= 8), "{}", country.code());
        }
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
