//! Opening hours as the configuration and people write them: `08:00-12:00`, `mon-fri`, a whole week.

mod words;

use std::cmp::Ordering;

use thiserror::Error;

pub use words::{Week, parse_week};

use crate::sla::calendar::{Interval, wall};

pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Why opening hours could not be read. Its text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HoursError {
    #[error("{0:?} is no interval; write for example \"08:00-12:00\"")]
    Interval(String),
    #[error("{0:?} ends when it begins; write \"00:00-24:00\" for the whole day")]
    Empty(String),
    #[error("{0:?} begins at the end of the day; write \"00:00\" on the day after")]
    Late(String),
    #[error("{0:?} is no time of day; write for example \"08:00\" (\"24:00\" only ends an interval)")]
    TimeOfDay(String),
    #[error("{0:?} is no day; write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri")]
    Days(String),
    #[error("{day} is written twice; write each day once")]
    Twice { day: &'static str },
    #[error("{written} could be {likely} or through the night; write which")]
    Doubtful { written: String, likely: String },
    #[error("{0:?} lacks a day or its hours; write for example \"mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00\"")]
    Part(String),
}

/// Reads `HH:MM` as minutes of the day, up to 1440 for `24:00`.
pub fn parse_time_of_day(text: &str) -> Result<u32, HoursError> {
    let digits = |part: &str| -> Option<u32> {
        let right = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        right.then(|| part.parse().ok()).flatten()
    };
    let read = || {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute) = (digits(hour)?, (minute.len() == 2).then(|| digits(minute)).flatten()?);
        (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    };
    read().ok_or_else(|| HoursError::TimeOfDay(text.trim().to_owned()))
}

/// Reads `08:00-12:00`; `22:00-06:00` ends on the day after. An en dash will do, too.
pub fn parse_interval(text: &str) -> Result<Interval, HoursError> {
    let wrong = || HoursError::Interval(text.trim().to_owned());
    let (from, to) = text.split_once(['-', '–']).ok_or_else(wrong)?;
    let (from, to) = (parse_time_of_day(from).map_err(|_| wrong())?, parse_time_of_day(to).map_err(|_| wrong())?);
    match from.cmp(&to) {
        Ordering::Less => Ok((from, to)),
        _ if from == 1440 => Err(HoursError::Late(text.trim().to_owned())),
        Ordering::Greater => Ok((from, to + 1440)),
        Ordering::Equal => Err(HoursError::Empty(text.trim().to_owned())),
    }
}

/// Reads `mon` or `mon-fri` as days, 0 for Monday. A range may go over Sunday: `sat-mon`.
pub fn parse_days(text: &str) -> Result<Vec<usize>, HoursError> {
    let wrong = || HoursError::Days(text.trim().to_owned());
    let day = |name: &str| DAYS.iter().position(|d| *d == name.trim().to_ascii_lowercase()).ok_or_else(wrong);
    let (first, last) = match text.split_once(['-', '–']) {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let count = (last + 7 - first) % 7 + 1;
    Ok((first..first + count).map(|d| d % 7).collect())
}

/// A run of days with the same hours: the first, the last, and when they are open.
type Run<'w> = (usize, usize, &'w [Interval]);

/// The week in runs of days that have the same hours, Monday first; closed days, too.
#[must_use]
pub fn runs(week: &Week) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for (day, hours) in week.iter().enumerate() {
        match runs.last_mut() {
            Some((_, last, same)) if *same == hours.as_slice() => *last = day,
            _ => runs.push((day, day, hours)),
        }
    }
    runs
}

/// A run's days as the configuration writes them: `mon-fri`.
#[must_use]
pub fn days_as_written(first: usize, last: usize) -> String {
    if first == last { DAYS[first].to_owned() } else { format!("{}-{}", DAYS[first], DAYS[last]) }
}

/// The strict form that [`parse_week`] reads as well: `mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00`. Closed days are left out.
#[must_use]
pub fn week_as_written(week: &Week) -> String {
    let open = runs(week).into_iter().filter(|(_, _, hours)| !hours.is_empty());
    let parts = open.map(|(first, last, hours)| {
        let hours: Vec<String> = hours.iter().copied().map(wall).collect();
        format!("{} {}", days_as_written(first, last), hours.join(","))
    });
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        let check = |text: &str, expect: Option<Interval>| assert_eq!(parse_interval(text).ok(), expect, "{text:?}");
        check("08:00-12:00", Some((480, 720)));
        check(" 8:00 - 12:30 ", Some((480, 750)));
        check("00:00–24:00", Some((0, 1440)));
        for bad in
            ["", "8-12", "08:00", "08:00-24:01", "08:60-12:00", "24:00-08:00", "12:00-12:00", "8:0-9:00", "+8:00-9:00"]
        {
            check(bad, None);
        }
        check("22:00-02:00", Some((1320, 1560)));
        check("22:00-00:00", Some((1320, 1440)));
        assert!(parse_interval("12:00-12:00").unwrap_err().to_string().contains("00:00-24:00"));
    }

    #[test]
    fn days() {
        let check = |text: &str, expect: &[usize]| assert_eq!(parse_days(text).unwrap(), expect, "{text:?}");
        check("mon", &[0]);
        check("Mon-Fri", &[0, 1, 2, 3, 4]);
        check("sat-mon", &[5, 6, 0]);
        check("mon-sun", &[0, 1, 2, 3, 4, 5, 6]);
        for bad in ["", "monday", "mon-", "mon-fri-sun", "måndag"] {
            assert_eq!(parse_days(bad), Err(HoursError::Days(bad.to_owned())));
        }
    }

    #[test]
    fn weeks() {
        let week = parse_week("mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00").unwrap();
        assert_eq!(week[4], [(480, 720), (780, 1020)]);
        assert_eq!((&week[5], &week[6]), (&vec![(600, 840)], &vec![]));
        assert_eq!(parse_week("mon,wed 08:00-12:00").unwrap()[2], [(480, 720)]);
        assert_eq!(parse_week("").unwrap(), <[Vec<Interval>; 7]>::default());
        assert_eq!(parse_week("mon-fri 08:00-12:00; wed 10:00-11:00"), Err(HoursError::Twice { day: "wed" }));
        assert_eq!(parse_week("mon-fri"), Err(HoursError::Part("mon-fri".to_owned())));
        assert!(parse_week("mon 08:00-12:00, 25:00-26:00").is_err());
        assert_eq!(parse_week("mon 08:00-12:00, 13:00-14:00").unwrap()[0], [(480, 720), (780, 840)]);
    }
}
