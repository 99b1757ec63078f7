//! Times as agents write them: `2d`, `3h`, `mon 09:00`, `imorgon 9`, `2026-12-01`.

use jiff::ToSpan;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::model::Time;

const WEEKDAYS: &[(&[&str], Weekday)] = &[
    (&["mon", "monday", "mån", "måndag", "man", "mandag"], Weekday::Monday),
    (&["tue", "tuesday", "tis", "tisdag", "tir", "tirsdag"], Weekday::Tuesday),
    (&["wed", "wednesday", "ons", "onsdag"], Weekday::Wednesday),
    (&["thu", "thursday", "tors", "torsdag", "tor"], Weekday::Thursday),
    (&["fri", "friday", "fre", "fredag"], Weekday::Friday),
    (&["sat", "saturday", "lör", "lördag", "lør", "lørdag"], Weekday::Saturday),
    (&["sun", "sunday", "sön", "söndag", "søn", "søndag"], Weekday::Sunday),
];

/// The moment that `text` names, after `now`. A day without a time is nine in the morning.
#[must_use]
pub fn parse(text: &str, now: Time, zone: &TimeZone) -> Option<Time> {
    let text = text.trim().to_lowercase();
    if let Some(seconds) = span_s(&text) {
        return Some(now.plus(seconds));
    }
    let mut words =
        text.split_whitespace().filter(|w| !matches!(*w, "kl" | "kl." | "at" | "till" | "until" | "den")).peekable();
    let here = now.timestamp().to_zoned(zone.clone()).datetime();
    let first = words.peek().copied()?;
    let day = day_of(first, here);
    if day.is_some() {
        words.next();
    }
    let clock = match words.next() {
        Some(word) => clock_of(word)?,
        None => (9, 0),
    };
    if words.next().is_some() {
        return None;
    }
    let date = day.unwrap_or_else(|| here.date());
    let mut at = date.at(clock.0, clock.1, 0, 0);
    if day.is_none() && at <= here {
        at = at.checked_add(1.day()).ok()?;
    }
    let moment = Time::from_unix(zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp().as_second());
    (moment > now).then_some(moment)
}

/// `2d`, `3h`, `90m`, `1w`: calendar time.
fn span_s(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].trim().parse().ok().filter(|n| (1..=100_000).contains(n))?;
    let seconds = match unit {
        'm' => 60,
        'h' | 't' => 3600,
        'd' => 86_400,
        'w' | 'v' => 604_800,
        _ => return None,
    };
    number.checked_mul(seconds).filter(|s| *s <= 400 * 86_400)
}

fn day_of(word: &str, here: DateTime) -> Option<jiff::civil::Date> {
    let today = here.date();
    if let Ok(date) = word.parse() {
        return Some(date);
    }
    match word {
        "today" | "idag" => return Some(today),
        "tomorrow" | "imorgon" | "imorn" => return today.tomorrow().ok(),
        _ => {}
    }
    let (_, weekday) = WEEKDAYS.iter().find(|(names, _)| names.contains(&word))?;
    today.nth_weekday(1, *weekday).ok()
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
        check("90m", Some("2026-11-20T11:30:00Z"));
        check("mon 09:00", Some("2026-11-23T08:00:00Z"));
        check("Måndag kl 9", Some("2026-11-23T08:00:00Z"));
        check("fre", Some("2026-11-27T08:00:00Z"));
        check("imorgon 13.30", Some("2026-11-21T12:30:00Z"));
        check("idag 15", Some("2026-11-20T14:00:00Z"));
        check("idag 9", None);
        check("9", Some("2026-11-21T08:00:00Z"));
        check("2026-12-01", Some("2026-12-01T08:00:00Z"));
        for bad in ["", "2y", "0d", "-1d", "25:00", "mon 9 9", "x", "2026-02-30", "99999999999d"] {
            check(bad, None);
        }
    }
}
