//! Times as agents write them: `2d`, `3h`, `mon 09:00`, `imorgon 9`, `om 2 dagar`, `2026-12-01 08:00`, `1/12`, `24 dec`.
//!
//! The words stand in `src/lang/*.toml`; those of every language are understood at once.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::desk::commands::plain::fold;
use crate::model::Time;
use crate::wording::Wording;

const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const UNITS: &[(&str, i64)] =
    &[("minutes", Time::MINUTE), ("hours", Time::HOUR), ("days", Time::DAY), ("weeks", 7 * Time::DAY)];
/// Nobody parks anything for longer. Seconds.
const LONGEST_S: i64 = 400 * Time::DAY;

fn is(key: &str, word: &str) -> bool {
    Wording::in_all_languages(&format!("when.{key}")).any(|w| fold(w) == word)
}

/// The moment that `text` names, after `now`. A day without a time is nine in the morning.
#[must_use]
pub fn parse(text: &str, now: Time, zone: &TimeZone) -> Option<Time> {
    let text = text.trim().to_lowercase();
    if let Some(seconds) = span_s(&text) {
        return Some(now.plus(seconds));
    }
    let all: Vec<&str> = text.split([' ', ',']).map(|w| w.trim_end_matches('.')).filter(|w| !w.is_empty()).collect();
    let mut words = all.as_slice();
    let here = now.timestamp().to_zoned(zone.clone()).datetime();
    skip_fillers(&mut words);
    let day = take_day(&mut words, here);
    skip_fillers(&mut words);
    let clock = match words {
        [] if day.is_some() => (9, 0),
        [word] => clock_of(word)?,
        _ => return None,
    };
    let date = day.unwrap_or_else(|| here.date());
    let mut at = date.at(clock.0, clock.1, 0, 0);
    if day.is_none() && at <= here {
        at = at.checked_add(1.day()).ok()?;
    }
    let moment = Time::from_unix(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp().as_second());
    (moment > now).then_some(moment)
}

fn skip_fillers(words: &mut &[&str]) {
    while let [first, rest @ ..] = *words
        && is("fillers", &fold(first))
    {
        *words = rest;
    }
}

/// `2d`, `3h`, `90m`, `1w`, `2 dagar`, `om 2 dagar`: calendar time.
fn span_s(text: &str) -> Option<i64> {
    let all: Vec<&str> = text.split_whitespace().collect();
    let mut words = all.as_slice();
    skip_fillers(&mut words);
    let text = words.concat();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = text[..digits].parse().ok().filter(|n| (1..=100_000).contains(n))?;
    let unit = fold(text[digits..].trim_end_matches('.'));
    let (_, seconds) = UNITS.iter().find(|(key, _)| is(key, &unit))?;
    number.checked_mul(*seconds).filter(|s| *s <= LONGEST_S)
}

/// The day that the first words name, if they name one; those words are taken.
fn take_day(words: &mut &[&str], here: DateTime) -> Option<Date> {
    let today = here.date();
    let [first, rest @ ..] = *words else { return None };
    let named = first.parse().ok().or_else(|| slashed(first, today)).or_else(|| {
        let word = fold(first);
        if is("today", &word) {
            return Some(today);
        }
        if is("tomorrow", &word) {
            return today.tomorrow().ok();
        }
        let (_, weekday) = WEEKDAYS.iter().find(|(key, _)| is(key, &word))?;
        today.nth_weekday(1, *weekday).ok()
    });
    if let Some(date) = named {
        *words = rest;
        return Some(date);
    }
    let [month, rest @ ..] = rest else { return None };
    let day: i8 = first.trim_end_matches([':', '.']).parse().ok()?;
    let date = coming(month_of(month)?, day, today)?;
    *words = rest;
    Some(date)
}

/// `1/12`: the first of December, this year or next.
fn slashed(word: &str, today: Date) -> Option<Date> {
    let (day, month) = word.split_once('/')?;
    coming(month.parse().ok()?, day.parse().ok()?, today)
}

fn coming(month: i8, day: i8, today: Date) -> Option<Date> {
    let this_year = Date::new(today.year(), month, day).ok();
    this_year.filter(|d| *d >= today).or_else(|| Date::new(today.year() + 1, month, day).ok())
}

fn month_of(word: &str) -> Option<i8> {
    let word = fold(word);
    let months = Wording::languages().into_iter().map(|l| Wording::of(l).list_of("date.months"));
    let of = |names: &[String]| {
        // `dec`, `december`; three letters tell the months apart in the languages that there are.
        let at = names.iter().position(|n| {
            let short: String = fold(n).chars().take(3).collect();
            word.chars().count() >= 3 && word.starts_with(&short)
        });
        at.and_then(|at| i8::try_from(at + 1).ok())
    };
    months.into_iter().find_map(of)
}

fn clock_of(word: &str) -> Option<(i8, i8)> {
    let (hour, minute) = match word.split_once([':', '.']) {
        Some((h, m)) if m.len() == 2 => (h.parse().ok()?, m.parse().ok()?),
        Some(_) => return None,
        None => (word.parse().ok()?, 0),
    };
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_times() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = Time::parse_rfc3339("2026-11-20T10:00:00Z").unwrap(); // a Friday, 11:00 here
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(parse(text, now, &zone).map(|t| t.to_string()).as_deref(), expect, "{text:?}");
        };
        check("2d", Some("2026-11-22T10:00:00Z"));
        check("2 dagar", Some("2026-11-22T10:00:00Z"));
        check("om 2 dagar", Some("2026-11-22T10:00:00Z"));
        check("in 3 hours", Some("2026-11-20T13:00:00Z"));
        check("1 vecka", Some("2026-11-27T10:00:00Z"));
        check("3t", Some("2026-11-20T13:00:00Z"));
        check("90m", Some("2026-11-20T11:30:00Z"));
        check("mon 09:00", Some("2026-11-23T08:00:00Z"));
        check("Måndag kl 9", Some("2026-11-23T08:00:00Z"));
        check("på mån kl. 9", Some("2026-11-23T08:00:00Z"));
        check("fre", Some("2026-11-27T08:00:00Z"));
        check("fredag", Some("2026-11-27T08:00:00Z"));
        check("imorgon 13.30", Some("2026-11-21T12:30:00Z"));
        check("i morgon 9", Some("2026-11-21T08:00:00Z"));
        check("tomorrow", Some("2026-11-21T08:00:00Z"));
        check("tomorrow at 8", Some("2026-11-21T07:00:00Z"));
        check("idag 15", Some("2026-11-20T14:00:00Z"));
        check("idag 9", None);
        check("9", Some("2026-11-21T08:00:00Z"));
        check("2026-12-01", Some("2026-12-01T08:00:00Z"));
        check("2026-12-01 08:00", Some("2026-12-01T07:00:00Z"));
        check("1/12", Some("2026-12-01T08:00:00Z"));
        check("1/11", Some("2027-11-01T08:00:00Z"));
        check("24 dec 10:00", Some("2026-12-24T09:00:00Z"));
        check("24 december", Some("2026-12-24T08:00:00Z"));
        check("24 Dec.", Some("2026-12-24T08:00:00Z"));
        for bad in ["", "2y", "0d", "-1d", "25:00", "mon 9 9", "x", "2026-02-30", "99999999999d", "at", "31/2", "2d 9"]
        {
            check(bad, None);
        }
    }
}
