//! When a customer wants to be called: "imorgon 9-10", "efter kl 16", "Monday 2 pm", as a stretch of local time.

use jiff::civil::{Date, DateTime, Time as Clock, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::model::Time;

/// A wish to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// As it was written.
    pub wish: String,
    /// From when on; `None` where no time can be read.
    pub from: Option<Time>,
    /// Until when.
    pub until: Option<Time>,
}

/// Reads a wish, said at `said_at`. `None` where the customer wants no call.
#[must_use]
pub fn read(wish: &str, said_at: Time, zone: &TimeZone) -> Option<Call> {
    let lower = wish.trim().to_lowercase();
    if matches!(
        lower.trim_end_matches(['.', '!']),
        "" | "nej" | "nei" | "no" | "nein" | "ei" | "non" | "nee" | "-" | "0" | "false"
    ) {
        return None;
    }
    let mut call = Call { wish: wish.trim().to_owned(), from: None, until: None };
    let now = Timestamp::from_second(said_at.unix()).map_or(DateTime::ZERO, |t| t.to_zoned(zone.clone()).datetime());
    let words = words(&lower);
    let day = day(&words, now);
    let Some(hours) = hours(&words) else {
        // A day without a time is worth showing, but no moment.
        return Some(call);
    };
    let first = hours.from.or(hours.until);
    let date = day.or_else(|| {
        // Without a day it is the next time that clock shows.
        let today = now.date();
        let passed = hours.until.or(first).is_some_and(|t| t <= now.time());
        if passed { today.checked_add(1.day()).ok() } else { Some(today) }
    });
    let at = |clock: Option<Clock>| {
        let local = date?.to_datetime(clock?);
        let zoned = zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(Time::from_unix(zoned.timestamp().as_second()))
    };
    call.from = at(hours.from);
    call.until = at(hours.until);
    Some(call)
}

/// Letters and digits apart, signs between digits kept: `kl`, `9`, `-`, `10`, `14:00`.
fn words(lower: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut previous = ' ';
    let chars: Vec<char> = lower.chars().take(300).collect();
    for (i, &c) in chars.iter().enumerate() {
        let next = chars.get(i + 1).copied().unwrap_or(' ');
        let inside = matches!(c, ':' | '.' | '/') && previous.is_ascii_digit() && next.is_ascii_digit();
        let iso = c == '-' && previous.is_ascii_digit() && next.is_ascii_digit() && is_iso_date(&chars, i);
        let kind = |c: char| {
            if c.is_ascii_digit() {
                1
            } else if c.is_alphabetic() {
                2
            } else {
                0
            }
        };
        if c.is_alphanumeric() || inside || iso {
            let goes_on = inside
                || iso
                || kind(c) == kind(previous)
                || matches!(previous, ':' | '.' | '/')
                || (previous == '-' && kind(c) == 1 && out.last().is_some_and(|w| w.ends_with('-') && w.len() > 1));
            match out.last_mut().filter(|w| goes_on && !w.is_empty() && previous != ' ') {
                Some(word) => word.push(c),
                None => out.push(c.to_string()),
            }
        } else if matches!(c, '-' | '–' | '—') {
            out.push("-".to_owned());
        }
        previous = if matches!(c, '–' | '—' | ' ' | '\u{a0}' | ',' | '(' | ')') { ' ' } else { c };
        if c == '-' && !iso {
            previous = ' ';
        }
    }
    out
}

/// Whether the hyphen at `i` stands in `2026-11-20`.
fn is_iso_date(chars: &[char], i: usize) -> bool {
    let fits = |start: usize| {
        chars.get(start..start + 10).is_some_and(|d| {
            d.iter().enumerate().all(|(n, c)| if n == 4 || n == 7 { *c == '-' } else { c.is_ascii_digit() })
        })
    };
    (i >= 4 && fits(i - 4)) || (i >= 7 && fits(i - 7))
}

const WEEKDAYS: &[(Weekday, &[&str])] = &[
    (Weekday::Monday, &["måndag", "mån", "mandag", "maanantai", "maanantaina", "monday", "mon", "montag", "mo"]),
    (Weekday::Tuesday, &["tisdag", "tis", "tirsdag", "tiistai", "tiistaina", "tuesday", "tue", "dienstag", "di"]),
    (Weekday::Wednesday, &["onsdag", "ons", "keskiviikko", "keskiviikkona", "wednesday", "wed", "mittwoch", "mi"]),
    (Weekday::Thursday, &["torsdag", "tors", "tor", "torstai", "torstaina", "thursday", "thu", "donnerstag"]),
    (Weekday::Friday, &["fredag", "fre", "perjantai", "perjantaina", "friday", "fri", "freitag", "fr"]),
    (
        Weekday::Saturday,
        &["lördag", "lör", "lørdag", "lauantai", "lauantaina", "saturday", "sat", "samstag", "sonnabend"],
    ),
    (Weekday::Sunday, &["söndag", "sön", "søndag", "sunnuntai", "sunnuntaina", "sunday", "sun", "sonntag"]),
];

fn day(words: &[String], now: DateTime) -> Option<Date> {
    const TODAY: &[&str] = &["idag", "today", "heute", "tänään", "dag", "asap"];
    const TOMORROW: &[&str] = &["imorgon", "imorron", "imorgen", "tomorrow", "huomenna", "morgon", "morron", "morgen"];
    const AFTER: &[&str] = &["övermorgon", "överimorgon", "overmorgen", "overimorgen", "übermorgen", "ylihuomenna"];
    let today = now.date();
    let is = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    if let Some(date) = words.iter().find_map(|w| written(w, today)) {
        return Some(date);
    }
    if is(AFTER) {
        return today.checked_add(2.days()).ok();
    }
    for word in words {
        if let Some((weekday, _)) = WEEKDAYS.iter().find(|(_, names)| names.contains(&word.as_str())) {
            let ahead = i64::from(weekday.since(today.weekday()));
            // "Monday", said on a Monday, is next week's.
            return today.checked_add((if ahead == 0 { 7 } else { ahead }).days()).ok();
        }
    }
    if is(TOMORROW) {
        return today.checked_add(1.day()).ok();
    }
    is(TODAY).then_some(today)
}

/// `2026-11-23`, `23/11`, `23.11`, `23.11.2026`: day before month, the next one that comes.
fn written(word: &str, today: Date) -> Option<Date> {
    if let Ok(date) = word.parse::<Date>() {
        return Some(date);
    }
    let parts: Vec<i64> = word.split(['/', '.']).map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let slash = word.contains('/');
    let (day, month, year) = match parts.as_slice() {
        [day, month] if slash => (*day, *month, None),
        // `14.30` is a time of day.
        [day, month]
            if *day > 24
                || (*month <= 12 && word.len() == 5 && *month > 0 && *day > 0 && *month >= 10 && *day > 12) =>
        {
            (*day, *month, None)
        }
        [day, month, year] => (*day, *month, Some(if *year < 100 { 2000 + *year } else { *year })),
        _ => return None,
    };
    let date =
        |year: i64| Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    match year {
        Some(year) => date(year),
        None => date(i64::from(today.year())).filter(|d| *d >= today).or_else(|| date(i64::from(today.year()) + 1)),
    }
}

#[derive(Clone, Copy)]
struct Hours {
    from: Option<Clock>,
    until: Option<Clock>,
}

fn hours(words: &[String]) -> Option<Hours> {
    const AFTER: &[&str] =
        &["efter", "after", "nach", "ab", "etter", "jälkeen", "från", "fra", "from", "tidigast", "alkaen"];
    const BEFORE: &[&str] =
        &["före", "innan", "before", "vor", "bis", "før", "senast", "ennen", "till", "until", "inden", "by"];
    const PARTS: &[(&[&str], (i8, i8))] = &[
        (
            &[
                "förmiddag",
                "förmiddagen",
                "formiddag",
                "formiddagen",
                "vormittag",
                "vormittags",
                "aamupäivä",
                "aamupäivällä",
            ],
            (8, 12),
        ),
        (&["morning", "morgonen", "morgens", "aamulla"], (8, 12)),
        (
            &[
                "eftermiddag",
                "eftermiddagen",
                "ettermiddag",
                "ettermiddagen",
                "afternoon",
                "nachmittag",
                "nachmittags",
                "iltapäivä",
                "iltapäivällä",
            ],
            (13, 17),
        ),
        (
            &[
                "kväll", "kvällen", "ikväll", "kveld", "kvelden", "aften", "evening", "abend", "abends", "ilta",
                "illalla",
            ],
            (17, 20),
        ),
        (&["lunch", "lunchtid", "lunsj", "frokost", "mittag", "mittags", "lounas"], (11, 13)),
    ];
    let clock = |hour: i8| Clock::new(hour, 0, 0, 0).ok();
    let times: Vec<(usize, Clock)> = clocks(words);
    let near = |list: &[&str], at: usize| {
        words[at.saturating_sub(2)..at].iter().any(|w| list.contains(&w.as_str()))
        // Finnish says it behind: "klo 16 jälkeen".
        || words.get(at + 1).is_some_and(|w| list.contains(&w.as_str()) && matches!(w.as_str(), "jälkeen" | "alkaen"))
    };
    match times.as_slice() {
        [] => {
            let part = PARTS.iter().find(|(names, _)| words.iter().any(|w| names.contains(&w.as_str())))?;
            Some(Hours { from: clock(part.1.0), until: clock(part.1.1) })
        }
        [(at, time)] if near(AFTER, *at) => Some(Hours { from: Some(*time), until: None }),
        [(at, time)] if near(BEFORE, *at) => Some(Hours { from: None, until: Some(*time) }),
        [(_, time)] => Some(Hours { from: Some(*time), until: None }),
        [(_, first), (_, second), ..] => {
            // "2-4 pm": the first is meant as the second is.
            let first = if *first > *second && first.hour() >= 12 { *second } else { *first };
            Some(Hours { from: Some(first), until: Some(*second).filter(|s| *s > first) })
        }
    }
}

/// The times of day that stand there, and where.
fn clocks(words: &[String]) -> Vec<(usize, Clock)> {
    const MARKS: &[&str] = &[
        "kl", "klo", "klockan", "at", "um", "clock", "mellan", "between", "zwischen", "mellom", "mellem", "och", "and",
        "und", "og", "ja",
    ];
    const UNITS: &[&str] = &["uhr", "am", "pm", "h", "tiden"];
    let mut out: Vec<(usize, Clock)> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let bare = word.parse::<i8>().ok().filter(|h| (0..=24).contains(h));
        let pair = word
            .split_once([':', '.'])
            .and_then(|(h, m)| Some((h.parse::<i8>().ok()?, m.parse::<i8>().ok()?, m.len())));
        let pair = pair.filter(|(h, m, len)| (0..=24).contains(h) && (0..60).contains(m) && *len == 2);
        let digits =
            (word.len() == 4 && !word.contains(['-', '/', '.', ':'])).then(|| word.parse::<u16>().ok()).flatten();
        let before = i.checked_sub(1).and_then(|n| words.get(n)).map(String::as_str).unwrap_or_default();
        let after = words.get(i + 1).map(String::as_str).unwrap_or_default();
        let marked = MARKS.contains(&before)
            || UNITS.contains(&after)
            || after == "-"
            || before == "-"
            || [
                "efter", "after", "nach", "ab", "etter", "före", "innan", "before", "bis", "før", "till", "until",
                "från", "from", "senast",
            ]
            .contains(&before)
            || after == "jälkeen"
            || words.len() <= 2
            || (words.len() <= 3 && WEEKDAYS.iter().any(|(_, n)| n.contains(&before)));
        let (mut hour, minute) = match (pair, bare, digits) {
            (Some((h, m, _)), ..) if written(word, Date::ZERO).is_none() => (h, m),
            (None, Some(h), _) if marked => (h, 0),
            (None, None, Some(n)) if n < 2400 && n % 100 < 60 && MARKS.contains(&before) => {
                (i8::try_from(n / 100).unwrap_or(0), i8::try_from(n % 100).unwrap_or(0))
            }
            _ => continue,
        };
        let later = words[i..].iter().find(|w| matches!(w.as_str(), "am" | "pm")).map(String::as_str);
        if later == Some("pm") && hour < 12 {
            hour += 12;
        }
        if hour == 24 {
            hour = 0;
        }
        if let Ok(clock) = Clock::new(hour, minute, 0, 0) {
            out.push((i, clock));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `wish` as said on Friday 20 November 2026 at 10:00 in Stockholm.
    fn check(wish: &str, expect: &str) {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let said_at = Time::parse_rfc3339("2026-11-20T09:00:00Z").unwrap();
        let shown = |t: Option<Time>| {
            t.map_or_else(
                || "-".to_owned(),
                |t| {
                    Timestamp::from_second(t.unix()).unwrap().to_zoned(zone.clone()).strftime("%a %d %H:%M").to_string()
                },
            )
        };
        let got = read(wish, said_at, &zone)
            .map_or_else(|| "no call".to_owned(), |c| format!("{} {}", shown(c.from), shown(c.until)));
        assert_eq!(got, expect, "{wish:?}");
    }

    #[test]
    fn wishes() {
        check("14:00", "Fri 20 14:00 -");
        check("kl 14", "Fri 20 14:00 -");
        check("kl. 14.30", "Fri 20 14:30 -");
        check("08:30", "Sat 21 08:30 -");
        check("imorgon 9-10", "Sat 21 09:00 Sat 21 10:00");
        check("i morgon kl 9–10", "Sat 21 09:00 Sat 21 10:00");
        check("efter kl 16", "Fri 20 16:00 -");
        check("helst före 12", "- Fri 20 12:00");
        check("mellan 13 och 15", "Fri 20 13:00 Fri 20 15:00");
        check("måndag förmiddag", "Mon 23 08:00 Mon 23 12:00");
        check("på fredag kl 10", "Fri 27 10:00 -");
        check("tisdag 9.00-11.30", "Tue 24 09:00 Tue 24 11:30");
        check("tomorrow 2 pm", "Sat 21 14:00 -");
        check("Monday 2-4 pm", "Mon 23 14:00 Mon 23 16:00");
        check("after 4pm", "Fri 20 16:00 -");
        check("morgen nachmittag", "Sat 21 13:00 Sat 21 17:00");
        check("ab 16 Uhr", "Fri 20 16:00 -");
        check("huomenna klo 9-10", "Sat 21 09:00 Sat 21 10:00");
        check("klo 16 jälkeen", "Fri 20 16:00 -");
        check("i morgen kl. 9", "Sat 21 09:00 -");
        check("2026-11-25 kl 13", "Wed 25 13:00 -");
        check("25/11 kl 13:15", "Wed 25 13:15 -");
        check("25.11.2026 13:15", "Wed 25 13:15 -");
        check("ja", "- -");
        check("när som helst", "- -");
        check("nej", "no call");
        check("", "no call");
        check("070-123 45 67", "- -");
    }
}
