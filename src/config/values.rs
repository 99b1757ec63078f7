//! How one value is read: each function takes it or says what is wrong with it and what to write instead.

use std::net::IpAddr;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::LANGUAGES;
use super::mistake::{instead, nearest, one_of};
use super::reader::{Value, items};
use super::settings::{DigestAt, Retention};
use crate::mail::pattern::{Pattern, PatternError};
use crate::model::{Address, Time, one_line};
use crate::net::Secret;
use crate::sla::calendar::Interval;
use crate::sla::duration::{parse_calendar, parse_open, parse_size};
use crate::sla::holidays::Country;
use crate::sla::hours::{DAYS, parse_interval, parse_time_of_day};

type Read<T> = Result<T, String>;

/// A year: whoever writes a longer target means another unit.
const OPEN_TIME_MAX_S: i64 = 365 * Time::DAY;

fn string<'v>(v: &'v Value<'_>, noun: &str, write: &str) -> Read<&'v str> {
    v.str().ok_or_else(|| v.no(noun, write))
}

/// One line, not empty.
pub fn text(v: &Value<'_>) -> Read<String> {
    let text = string(v, "text", "it in quotes")?;
    match one_line(text) {
        line if line.is_empty() => Err("is empty; write a text".to_owned()),
        line if line == text.trim() => Ok(line),
        _ => Err(v.no("single line of text", "it without line breaks and control characters")),
    }
}

/// Any text, also none.
pub fn any_text(v: &Value<'_>) -> Read<String> {
    string(v, "text", "it in quotes").map(|s| s.trim().to_owned())
}

/// A name that commands and queries use: no white space.
pub fn name(v: &Value<'_>) -> Read<String> {
    let name = text(v)?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().all(plain) {
        Ok(name)
    } else {
        Err(v.no("name for commands and queries", "letters, digits, \"-\", \"_\" and \".\" only"))
    }
}

pub fn boolean(v: &Value<'_>) -> Read<bool> {
    v.raw.as_bool().ok_or_else(|| v.no("boolean", "true or false"))
}

fn integer(v: &Value<'_>) -> Option<i64> {
    let integer = v.raw.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A number from 0.
pub fn count(v: &Value<'_>) -> Read<i64> {
    integer(v).filter(|n| (0..=1_000_000_000).contains(n)).ok_or_else(|| v.no("count", "a whole number from 0"))
}

pub fn port(v: &Value<'_>) -> Read<u16> {
    let port = integer(v).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    port.ok_or_else(|| v.no("port", "a number from 1 to 65535"))
}

pub fn share(v: &Value<'_>) -> Read<f64> {
    let number = v.raw.as_float().and_then(|f| f.as_str().parse::<f64>().ok()).or(match integer(v) {
        Some(0) => Some(0.0),
        Some(1) => Some(1.0),
        _ => None,
    });
    let share = number.filter(|n| (0.0..=1.0).contains(n));
    share.ok_or_else(|| v.no("share", "a number from 0.0 to 1.0"))
}

pub fn address(v: &Value<'_>) -> Read<Address> {
    let write = "it as \"support@example.test\"";
    Address::parse(string(v, "mail address", write)?).ok_or_else(|| v.no("mail address", write))
}

pub fn host(v: &Value<'_>) -> Read<String> {
    let host = string(v, "host", "it as \"mail.example.test\"")?.trim();
    let ip: Option<IpAddr> = host.parse().ok();
    if host.contains("://") || host.contains('/') {
        return Err(v.no("host", "its name alone, without \"imaps://\" and path"));
    }
    if ip.is_none() && host.contains(':') {
        return Err(v.no("host", "its name alone, and port = … on a line of its own"));
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    if host.is_empty() || !(ip.is_some() || host.chars().all(plain)) {
        return Err(v.no("host", "it as \"mail.example.test\""));
    }
    match idna::domain_to_ascii(host) {
        _ if ip.is_some() || host.is_ascii() => Ok(host.to_ascii_lowercase()),
        Ok(ascii) => Ok(ascii),
        Err(_) => Err(v.no("host", "it as \"mail.example.test\"")),
    }
}

/// Whether it can only be this machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Calendar time in seconds, at least one.
pub fn calendar_time(v: &Value<'_>) -> Read<i64> {
    let write = "it as \"60s\", \"15m\", \"2h\" or \"7d\"";
    match parse_calendar(string(v, "duration", write)?) {
        Ok(0) => Err(v.no("duration above 0", write)),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err(v.no("duration", write)),
    }
}

/// Like [`calendar_time`], or none at all (`0s`).
pub fn calendar_time_or_zero(v: &Value<'_>) -> Read<i64> {
    if v.str() == Some("0s") { Ok(0) } else { calendar_time(v) }
}

/// Like [`calendar_time`], or `"never"`.
pub fn calendar_time_or_never(v: &Value<'_>) -> Read<Option<i64>> {
    if v.str() == Some("never") {
        return Ok(None);
    }
    calendar_time(v).map(Some).map_err(|what| format!("{what}, or \"never\""))
}

/// How long something is kept: years (of 365 days and a quarter) or calendar time, a month at least; or `"never"` for no end.
pub fn retention(v: &Value<'_>) -> Read<Option<Retention>> {
    let write = "it as \"3y\", \"52w\" or \"400d\", or \"never\"";
    let written = string(v, "duration", write)?;
    if written == "never" {
        return Ok(None);
    }
    let years = written.strip_suffix('y').and_then(|n| n.parse::<i64>().ok()).filter(|n| *n <= 100);
    let seconds = match years {
        Some(years) => years * 31_557_600,
        None => parse_calendar(written).map_err(|_| v.no("duration", write))?,
    };
    if seconds < RETENTION_LEAST_S {
        return Err(v.is("is shorter than a month", write));
    }
    Ok(Some(Retention { seconds, written: written.to_owned() }))
}

/// A shorter `retention` is taken for a slip: it would erase what is still being talked about.
const RETENTION_LEAST_S: i64 = 30 * 86_400;

/// Open time in seconds, at least one; days are refused.
pub fn open_time(v: &Value<'_>) -> Read<i64> {
    let write = "it as \"30m\", \"1h\" or \"24h\"";
    match parse_open(string(v, "duration", write)?) {
        Ok(0) => Err(v.no("duration above 0", write)),
        Ok(seconds) if seconds > OPEN_TIME_MAX_S => Err(v.is("is more than a year of open time", "at most \"8760h\"")),
        Ok(seconds) => Ok(seconds),
        Err(crate::sla::duration::Unreadable::Days(_)) => {
            Err(v.is("counts days, which are ambiguous in open time", "hours, for example \"24h\""))
        }
        Err(_) => Err(v.no("duration", write)),
    }
}

pub fn size(v: &Value<'_>) -> Read<u64> {
    let write = "it as \"50MB\" or \"512KiB\"";
    let size = parse_size(string(v, "size", write)?).ok().filter(|bytes| *bytes > 0);
    size.ok_or_else(|| v.no("size", write))
}

pub fn date(v: &Value<'_>) -> Read<Date> {
    let written = match v.raw {
        // TOML has dates of its own.
        DeValue::Datetime(stamp) if stamp.time.is_none() => stamp.to_string(),
        _ => v.str().unwrap_or_default().trim().to_owned(),
    };
    written.parse().map_err(|_| v.no("date", "it as \"2026-12-18\""))
}

pub fn interval(v: &Value<'_>) -> Read<Interval> {
    let text = string(v, "interval", "it as \"08:00-12:00\"")?;
    parse_interval(text).map_err(|error| error.to_string())
}

/// `07:30`, or `never`.
pub fn daily(v: &Value<'_>) -> Read<Option<DigestAt>> {
    let write = "a time as \"07:30\", or \"never\"";
    digest_at(v, "time of day", write, |text| Some(DigestAt { day: 0, minute: minute(text)? }))
}

/// `mon 07:30`, or `never`.
pub fn weekly(v: &Value<'_>) -> Read<Option<DigestAt>> {
    let write = "a day and a time as \"mon 07:30\", or \"never\"";
    digest_at(v, "day and time", write, |text| {
        let (day, time) = text.split_once(' ')?;
        let day = DAYS.iter().position(|d| *d == day)?;
        Some(DigestAt { day: i8::try_from(day + 1).ok()?, minute: minute(time)? })
    })
}

/// `1 07:30`, or `never`.
pub fn monthly(v: &Value<'_>) -> Read<Option<DigestAt>> {
    let write = "a day of the month (31: the last) and a time as \"1 07:30\", or \"never\"";
    digest_at(v, "day of the month and time", write, |text| {
        let (day, time) = text.split_once(' ')?;
        let day = day.parse().ok().filter(|d| (1..=31).contains(d))?;
        Some(DigestAt { day, minute: minute(time)? })
    })
}

fn digest_at(
    v: &Value<'_>,
    what: &str,
    write: &str,
    read: impl FnOnce(&str) -> Option<DigestAt>,
) -> Read<Option<DigestAt>> {
    let text = string(v, what, write)?.trim().to_ascii_lowercase();
    match text.as_str() {
        "never" => Ok(None),
        text => read(text).map(Some).ok_or_else(|| v.no(what, write)),
    }
}

fn minute(text: &str) -> Option<i16> {
    parse_time_of_day(text).ok().filter(|minute| *minute < 1440).and_then(|minute| i16::try_from(minute).ok())
}

pub fn time_zone(v: &Value<'_>) -> Read<(String, TimeZone)> {
    let write = "a name as \"Europe/Stockholm\"";
    let name = string(v, "time zone", write)?.trim();
    let known = TimeZone::get(name).or_else(|error| {
        // POSIX strings such as CET-1CEST,M3.5.0,M10.5.0/3 tell the whole zone.
        if name.contains(|c: char| c.is_ascii_digit()) { TimeZone::posix(name) } else { Err(error) }
    });
    known.map(|zone| (name.to_owned(), zone)).map_err(|_| {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let of_city = names.iter().map(String::as_str).find(|known| known.rsplit('/').next() == Some(name));
        let hint = of_city.or_else(|| nearest(name, names.iter().map(String::as_str)));
        v.no("time zone", &hint.map_or_else(|| write.to_owned(), |hint| format!("\"{hint}\"")))
    })
}

pub fn country(v: &Value<'_>) -> Read<Country> {
    let codes: Vec<&str> = Country::ALL.iter().map(|c| c.code()).collect();
    let write = format!("{}, or leave the key out and write the days under except", one_of(codes));
    Country::parse(v.str().unwrap_or_default()).ok_or_else(|| v.no("country whose holidays are known", &write))
}

pub fn language(v: &Value<'_>) -> Read<String> {
    let known = LANGUAGES.iter().find(|l| Some(**l) == v.str());
    known.map(|l| (*l).to_owned()).ok_or_else(|| v.no("language that svar speaks", &one_of(LANGUAGES.iter().copied())))
}

pub fn regex(v: &Value<'_>) -> Read<regex::Regex> {
    let text = string(v, "regular expression", "it in quotes")?;
    let built = regex::RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build();
    match built {
        Ok(regex) if regex.is_match("") => {
            Err(v.no("pattern, as it matches everything", "at least one sign to look for"))
        }
        Ok(regex) => Ok(regex),
        Err(error) => {
            // The last line says what; those above it draw where.
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(v.no(&format!("regular expression ({why})"), "\\ before a sign that is meant as itself"))
        }
    }
}

/// A tag as agents can write it behind `#tag`: `postnord`, `sen-leverans`.
pub fn tag(v: &Value<'_>) -> Read<String> {
    let text = string(v, "tag", "it as \"postnord\"")?.trim().to_lowercase();
    let right = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if right { Ok(text) } else { Err(v.no("tag", "letters, digits and hyphens, as \"sen-leverans\"")) }
}

pub fn pattern(v: &Value<'_>) -> Read<Pattern> {
    let text = string(v, "pattern", "it in quotes")?;
    Pattern::read(text).map_err(|error| match error {
        PatternError::MatchesAll => v.is("matches every mail", "at least one word to look for"),
        PatternError::TooBig => v.is("is too big a pattern", "fewer alternatives, or several [[tag]]"),
        PatternError::Syntax(why) => {
            v.no(&format!("regular expression ({why})"), "\\ before a sign that is meant as itself")
        }
    })
}

/// `*@klarna.example`
pub fn sender_pattern(v: &Value<'_>) -> Read<String> {
    let text = string(v, "pattern of addresses", "it as \"*@klarna.example\"")?.trim().to_lowercase();
    let right = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if right && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err(v.no("pattern of addresses", "it as \"*@klarna.example\""))
    }
}

/// The identifier of a list, as `List-Id` has it (RFC 2919), with or without its angle brackets.
pub fn list_id(v: &Value<'_>) -> Read<String> {
    const WRITE: &str = "it as \"support.example.test\"";
    let id = string(v, "List-Id", WRITE)?.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase();
    let right = id.contains('.') && !id.contains('@') && !id.contains(char::is_whitespace);
    if right { Ok(id) } else { Err(v.no("List-Id", WRITE)) }
}

pub fn sender_name(v: &Value<'_>) -> Read<String> {
    let template = text(v)?;
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_fuel(Some(10_000));
    let names = minijinja::context! {
        agent => minijinja::context! { name => "Anna Andersson", first_name => "Anna" },
        desk => minijinja::context! { name => "Exempelbutiken" },
        mailbox => minijinja::context! { name => "support", display_name => "Kundservice" },
    };
    match environment.render_str(&template, names) {
        Ok(_) => Ok(template),
        Err(error) => {
            let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Err(v.no(
                &format!("template ({why})"),
                "text with {{ agent.name }}, {{ agent.first_name }}, {{ desk.name }} or {{ mailbox.display_name }}",
            ))
        }
    }
}

/// A path, relative to the file. Whether anything is there is not asked.
pub fn path(v: &Value<'_>) -> Read<PathBuf> {
    match string(v, "path", "it in quotes")?.trim() {
        "" => Err("is empty; write a path".to_owned()),
        written => Ok(v.reader.path(written)),
    }
}

/// A file that exists. One that we may not look at may well be right for the daemon's user.
pub fn file(v: &Value<'_>) -> Read<PathBuf> {
    let path = path(v)?;
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => Err(format!("{} is a directory; write the path of a file", path.display())),
        Err(error) if is_missing(&error) => {
            Err(format!("there is no file {}; create it or write the right path", path.display()))
        }
        _ => Ok(path),
    }
}

/// A directory that exists.
pub fn directory(v: &Value<'_>) -> Read<PathBuf> {
    let path = path(v)?;
    match std::fs::metadata(&path) {
        Ok(found) if !found.is_dir() => Err(format!("{} is no directory; write the path of one", path.display())),
        Err(error) if is_missing(&error) => {
            Err(format!("there is no directory {}; create it or write the right path", path.display()))
        }
        _ => Ok(path),
    }
}

fn is_missing(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// The text of a file that exists.
pub fn text_file(v: &Value<'_>) -> Read<String> {
    let path = file(v)?;
    std::fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read ({error}); write a text file in UTF-8", path.display()))
}

pub fn command(v: &Value<'_>) -> Read<Vec<String>> {
    let write = "a list as [\"/usr/sbin/sendmail\", \"-i\"]";
    let words: Option<Vec<String>> =
        items(v, write)?.iter().map(|item| item.str().filter(|s| !s.contains('\0')).map(str::to_owned)).collect();
    words.filter(|w| w.first().is_some_and(|w| !w.is_empty())).ok_or_else(|| v.no("command", write))
}

/// The name of a variable or a credential. It is not shown either: somebody may take it for the place of the secret.
fn secret_name(v: &Value<'_>) -> Read<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let name = v.str().filter(|name| !name.is_empty() && name.chars().all(plain));
    name.map(str::to_owned).ok_or_else(|| "is no name; write the name under which the secret is kept".to_owned())
}

const SECRET_FORMS: &str = "{ file = \"…\" }, { env = \"…\" }, { command = [\"…\"] } or { credential = \"…\" }";

/// Where a secret is kept. What stands there is never shown: it may be the secret itself.
pub fn secret(v: &Value<'_>) -> Read<Secret> {
    if v.str().is_some() {
        return Err(format!("a secret does not stand in this file; write {SECRET_FORMS}"));
    }
    let table = v.table().ok_or_else(|| format!("is no secret; write {SECRET_FORMS}"))?;
    let forms = [
        table.opt("file", file).map(Secret::File),
        table.opt("env", secret_name).map(Secret::Env),
        table.opt("command", command).map(Secret::Command),
        table.opt("credential", secret_name).map(Secret::Credential),
    ];
    let written = ["file", "env", "command", "credential"].iter().filter(|form| table.value(form).is_some()).count();
    let mut forms = forms.into_iter().flatten();
    match (written, forms.next()) {
        (1, Some(secret)) => Ok(secret),
        // What is wrong with it has been said at its own place.
        (1, None) => Ok(Secret::Env(String::new())),
        _ => Err(format!("needs just one form; write {SECRET_FORMS}")),
    }
}

/// One of some words that stand for values.
pub fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value<'_>) -> Read<T> {
    move |v| {
        let known = words.iter().find(|(word, _)| Some(*word) == v.str());
        let write = || one_of(words.iter().map(|(word, _)| *word));
        known.map(|(_, value)| *value).ok_or_else(|| v.no("choice here", &write()))
    }
}

/// One of the names of something that stands elsewhere in the file.
pub fn known<'n>(noun: &'static str, names: &'n [String]) -> impl Fn(&Value<'_>) -> Read<String> + 'n {
    move |v| {
        let written = string(v, noun, "its name in quotes")?;
        if names.iter().any(|name| name == written) {
            return Ok(written.to_owned());
        }
        let hint = if names.is_empty() {
            format!("no {noun} is configured")
        } else {
            instead(written, names.iter().map(String::as_str))
        };
        Err(format!("there is no {noun} \"{written}\"; {hint}"))
    }
}
