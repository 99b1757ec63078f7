//! The line above each letter in an mbox: `From kund@example.test Fri Nov 20 08:01:02 2026`, in all the shapes that programs give it.

use jiff::civil;

use crate::model::Time;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Zones by name, in minutes east of Greenwich (RFC 5322, 4.3, and what European systems write).
const ZONES: [(&str, i64); 20] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("PST", -480),
    ("PDT", -420),
];

/// The time that such a line states: UTC, unless it names a zone. `None` if it states none; then it may be no such line at all.
#[must_use]
pub fn time(line: &[u8]) -> Option<Time> {
    let line = String::from_utf8_lossy(&line[..line.len().min(1000)]);
    let rest = line.strip_prefix("From ")?;
    let words: Vec<&str> = rest.split([' ', '\t', ',', '\r', '\n']).filter(|w| !w.is_empty()).collect();
    // A sender may have blanks in it and look like a month; the time of day is what cannot be mistaken.
    let clock = words.iter().rposition(|w| time_of_day(w).is_some());
    let Some(clock) = clock else { return words.iter().find_map(|w| Time::parse_rfc3339(w)) };
    let (hour, minute, second) = time_of_day(words[clock])?;
    let (mut month, mut day, mut year, mut east_minutes) = (None, None, None, 0);
    let first = clock.saturating_sub(4);
    for (at, word) in words.iter().enumerate().skip(first).filter(|(at, _)| *at != clock) {
        if let Some(n) = MONTHS.iter().position(|m| word.to_ascii_lowercase().starts_with(m) && word.len() <= 9) {
            // Before the time of day; of several the last.
            if at < clock || month.is_none() {
                month = i8::try_from(n + 1).ok();
            }
        } else if let Some(zone) = zone(word).filter(|_| at > clock) {
            east_minutes = zone;
        } else if let Ok(number) = word.parse::<i16>()
            && word.bytes().all(|b| b.is_ascii_digit())
        {
            match (word.len(), number) {
                (4, 1970..=9998) => year = year.or(Some(number)),
                (1 | 2, 1..=31) if day.is_none() && at < clock => day = i8::try_from(number).ok(),
                // Two figures after the time of day.
                (2, _) if year.is_none() => year = Some(if number < 70 { 2000 + number } else { 1900 + number }),
                _ => {}
            }
        }
    }
    let date = civil::Date::new(year?, month?, day?).ok()?;
    let at = date.at(hour, minute, second, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Time::from_unix(at.timestamp().as_second()).plus(-east_minutes * 60))
}

/// `09:01:02` or `09:01`.
fn time_of_day(word: &str) -> Option<(i8, i8, i8)> {
    let mut parts = word.split(':');
    let mut next = |most: i8| {
        let part = parts.next()?;
        let right = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        right.then(|| part.parse::<i8>().ok()).flatten().filter(|n| *n <= most)
    };
    let (hour, minute) = (next(23)?, next(59)?);
    match word.matches(':').count() {
        1 => Some((hour, minute, 0)),
        // A leap second is the one before it.
        2 => Some((hour, minute, next(60)?.min(59))),
        _ => None,
    }
}

/// Minutes east: `+0100`, `-0800`, `CET`, `(CET)`.
fn zone(word: &str) -> Option<i64> {
    let word = word.trim_matches(['(', ')']);
    if let Some(digits) = word.strip_prefix(['+', '-'])
        && digits.len() == 4
    {
        let number: i64 = digits.parse().ok()?;
        let minutes = number / 100 * 60 + number % 100;
        return (minutes <= 15 * 60).then_some(if word.starts_with('-') { -minutes } else { minutes });
    }
    ZONES.iter().find(|(name, _)| *name == word).map(|(_, minutes)| *minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_programs() {
        let check = |line: &str, expect: &str| {
            assert_eq!(time(line.as_bytes()).map(|t| t.to_string()).unwrap_or_default(), expect, "{line:?}");
        };
        let nine = "2026-11-20T09:01:02Z";
        check("From kund@a.test Fri Nov 20 09:01:02 2026", nine);
        check("From kund@a.test  Fri Nov 20 09:01:02 2026\r", nine);
        check("From - Fri Nov 20 09:01:02 2026", nine);
        check("From MAILER-DAEMON Fri Nov 20 09:01:02 2026", nine);
        check("From \"Maj May\"@a.test Fri Nov 20 09:01:02 2026", nine);
        check("From may 3 b@a.test Fri Nov 20 09:01:02 2026", nine);
        check("From kund@a.test Fri, 20 Nov 2026 09:01:02", nine);
        check("From kund@a.test Fri, 20 Nov 2026 10:01:02 +0100", nine);
        check("From kund@a.test Fri Nov 20 10:01:02 2026 +0100", nine);
        check("From kund@a.test Fri Nov 20 10:01:02 +0100 2026", nine);
        check("From kund@a.test Fri Nov 20 10:01:02 CET 2026", nine);
        check("From kund@a.test Fri Nov 20 11:01:02 EET 2026", nine);
        check("From kund@a.test Fri Nov 20 09:01:02 GMT 2026", nine);
        check("From kund@a.test Fri Nov 20 04:01:02 2026 EST", nine);
        check("From kund@a.test Fri Nov 20 09:01:02 2026 remote from host", nine);
        check("From kund@a.test Fri Nov 20 09:01 2026", "2026-11-20T09:01:00Z");
        check("From kund@a.test Thu Jan  1 00:00:00 1970", "1970-01-01T00:00:00Z");
        check("From kund@a.test Sun Feb  9 13:04:05 97", "1997-02-09T13:04:05Z");
        check("From kund@a.test 2026-11-20T10:01:02+01:00", nine);
        check("From ???@??? Fri Nov 20 09:01:02 2026", nine);
        check("From kund@a.test Sat Dec 31 23:59:60 2016", "2016-12-31T23:59:59Z");
        for none in
            ["From here on", "From kund@a.test", "From", "From: kund", "From noon at 12:30 we", "From x 99:99:99 2026"]
        {
            check(none, "");
        }
        check("From kund@a.test Fri Feb 30 09:01:02 2026", "");
    }
}
