//! Durations and sizes as people write them: `1h`, `30m`, `7d`, `50MB`.

use thiserror::Error;

/// Why a duration or a size could not be read. Its text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("{0:?} is no duration; write for example \"1h\", \"90m\" or \"1h30m\"")]
    OpenTime(String),
    #[error("{0:?} counts days, but this is open time, where a day is ambiguous; write hours, for example \"24h\"")]
    Days(String),
    #[error("{0:?} is no duration; write for example \"60s\", \"15m\", \"2h\" or \"7d\"")]
    CalendarTime(String),
    #[error("{0:?} is no size; write for example \"50MB\" or \"512KiB\"")]
    Size(String),
}

const UNITS: &[(&str, i64)] = &[("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// Reads a span of open time in seconds: `h`, `m`, `s`, one after the other. Days are refused: a shop's day is not 24 hours.
pub fn parse_open(text: &str) -> Result<i64, Unreadable> {
    match parse(text) {
        Some((seconds, Largest::Hour)) => Ok(seconds),
        Some((_, Largest::Day)) => Err(Unreadable::Days(text.to_owned())),
        None => Err(Unreadable::OpenTime(text.to_owned())),
    }
}

/// Reads a span of calendar time in seconds: `w`, `d`, `h`, `m`, `s`, one after the other; a day is 24 hours.
pub fn parse_calendar(text: &str) -> Result<i64, Unreadable> {
    parse(text).map(|(seconds, _)| seconds).ok_or_else(|| Unreadable::CalendarTime(text.to_owned()))
}

enum Largest {
    Day,
    Hour,
}

fn parse(text: &str) -> Option<(i64, Largest)> {
    let mut rest = text.trim();
    let mut seconds = 0i64;
    let mut largest = Largest::Hour;
    // The units must fall, so that "30m1h" and "1h1h" are taken for the slips that they are.
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let (unit, unit_s) = units.find(|(unit, _)| rest.starts_with(unit))?;
        rest = rest[unit.len()..].trim_start();
        seconds = seconds.checked_add(count.checked_mul(*unit_s)?)?;
        if *unit_s >= 86_400 {
            largest = Largest::Day;
        }
    }
    // A hundred years: more is a slip, and sums of such times stay far from overflow.
    (seconds <= 36_525 * 86_400).then_some((seconds, largest))
}

/// Prints seconds of open time so that [`parse_open`] reads them back: `1h30m`.
#[must_use]
pub fn print_open(seconds: i64) -> String {
    print(seconds, &UNITS[2..])
}

/// Prints seconds of calendar time so that [`parse_calendar`] reads them back: `7d`, `1d12h`.
#[must_use]
pub fn print_calendar(seconds: i64) -> String {
    print(seconds, &UNITS[1..])
}

fn print(seconds: i64, units: &[(&str, i64)]) -> String {
    let mut rest = seconds.unsigned_abs();
    let mut out = String::from(if seconds < 0 { "-" } else { "" });
    for (unit, unit_s) in units {
        let unit_s = unit_s.unsigned_abs();
        if rest >= unit_s {
            out.push_str(&format!("{}{unit}", rest / unit_s));
            rest %= unit_s;
        }
    }
    if seconds == 0 { "0s".to_owned() } else { out }
}

const SIZES: &[(&str, u64)] = &[
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Reads a size in bytes: `B`, `kB`, `MB`, `GB` are powers of 1000, `KiB`, `MiB`, `GiB` of 1024.
pub fn parse_size(text: &str) -> Result<u64, Unreadable> {
    let read = || {
        let text = text.trim();
        let (unit, factor) = SIZES.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number = text[..text.len() - unit.len()].trim_end();
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        number.parse::<u64>().ok()?.checked_mul(*factor).filter(|&bytes| i64::try_from(bytes).is_ok())
    };
    read().ok_or_else(|| Unreadable::Size(text.to_owned()))
}

/// Prints bytes so that [`parse_size`] reads them back: `50MB`, `1536B`.
#[must_use]
pub fn print_size(bytes: u64) -> String {
    for (unit, factor) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_time() {
        let check = |text: &str, seconds: i64, printed: &str| {
            assert_eq!(parse_open(text), Ok(seconds), "{text}");
            assert_eq!(print_open(seconds), printed);
            assert_eq!(parse_open(printed), Ok(seconds));
        };
        check("1h", 3600, "1h");
        check("30m", 1800, "30m");
        check(" 1h 30m ", 5400, "1h30m");
        check("90m", 5400, "1h30m");
        check("24h", 86_400, "24h");
        check("0s", 0, "0s");
        check("1h0m5s", 3605, "1h5s");
        assert_eq!(parse_open("2d"), Err(Unreadable::Days("2d".to_owned())));
        assert_eq!(parse_open("1d12h"), Err(Unreadable::Days("1d12h".to_owned())));
        for bad in
            ["", "h", "1", "1 hour", "1.5h", "-1h", "30m1h", "1h1h", "1H", "١h", "99999999999999999999h", "1000000h"]
        {
            assert_eq!(parse_open(bad), Err(Unreadable::OpenTime(bad.to_owned())), "{bad:?}");
        }
    }

    #[test]
    fn calendar_time() {
        let check = |text: &str, seconds: i64, printed: &str| {
            assert_eq!(parse_calendar(text), Ok(seconds), "{text}");
            assert_eq!(print_calendar(seconds), printed);
            assert_eq!(parse_calendar(printed), Ok(seconds));
        };
        check("60s", 60, "1m");
        check("7d", 604_800, "7d");
        check("2w", 1_209_600, "14d");
        check("1d12h", 129_600, "1d12h");
        assert_eq!(print_calendar(-90), "-1m30s");
        for bad in ["", "d", "7", "7 days", "1h1d", "never"] {
            assert_eq!(parse_calendar(bad), Err(Unreadable::CalendarTime(bad.to_owned())), "{bad:?}");
        }
    }

    #[test]
    fn sizes() {
        let check = |text: &str, bytes: u64, printed: &str| {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(print_size(bytes), printed);
            assert_eq!(parse_size(printed), Ok(bytes));
        };
        check("50MB", 50_000_000, "50MB");
        check("1 GB", 1_000_000_000, "1GB");
        check("512KiB", 524_288, "524288B");
        check("10kB", 10_000, "10kB");
        check("0B", 0, "0B");
        for bad in ["", "MB", "50", "50M", "1.5MB", "-1B", "+1B", "50mb", "99999999999GB"] {
            assert_eq!(parse_size(bad), Err(Unreadable::Size(bad.to_owned())), "{bad:?}");
        }
    }
}
