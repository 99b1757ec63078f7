//! Opening hours in people's own words: `vardagar 8-16`, `mån-fre 9-12 13-17, lör 10-14`, `mon-fri 9am-5pm`, `dygnet runt`.
//!
//! Swedish, English, Norwegian, Danish, Finnish and German, mixed as one likes; the strict form of the configuration is a
//! part of it. Nothing is guessed: a word that is not known and an interval that could mean two things are errors.

use super::{DAYS, HoursError, parse_time_of_day};
use crate::sla::calendar::Interval;

/// Monday first.
pub type Week = [Vec<Interval>; 7];

const ALL: &[usize] = &[0, 1, 2, 3, 4, 5, 6];
const WEEKDAYS: &[usize] = &[0, 1, 2, 3, 4];
const WEEKEND: &[usize] = &[5, 6];

/// What stands for a day, Monday first. A longer word that begins so and ends in one of `DAY_ENDINGS` does, too.
const DAY_WORDS: [&[&str]; 7] = [
    &["mon", "mån", "må", "man", "mo", "ma", "mandag", "montag", "maanantai", "maanantaisin"],
    &["tue", "tues", "tis", "tir", "tirs", "ti", "di", "dienstag", "tiistai", "tiistaisin"],
    &["wed", "wednes", "ons", "on", "mi", "mittwoch", "mittwochs", "ke", "keskiviikko", "keskiviikkoisin"],
    &["thu", "thur", "thurs", "tor", "tors", "to", "do", "donnerstag", "torstai", "torstaisin"],
    &["fri", "fre", "fr", "freitag", "pe", "perjantai", "perjantaisin"],
    &["sat", "satur", "lör", "lör", "lø", "lør", "lö", "sa", "samstag", "sonnabend", "la", "lauantai", "lauantaisin"],
    &["sun", "sön", "sö", "søn", "sø", "so", "sonntag", "su", "sunnuntai", "sunnuntaisin"],
];
const DAY_ENDINGS: [&str; 9] = ["day", "days", "dag", "dagar", "dager", "dage", "s", "en", "e"];

const GROUPS: &[(&[&str], &[usize])] = &[
    (
        &[
            "vardagar",
            "vardag",
            "weekdays",
            "weekday",
            "workdays",
            "hverdager",
            "hverdage",
            "hverdag",
            "arkisin",
            "arki",
            "arkipäivisin",
            "werktags",
            "wochentags",
            "werktage",
        ],
        WEEKDAYS,
    ),
    (
        &[
            "helger",
            "helg",
            "weekends",
            "weekend",
            "weekender",
            "viikonloppuisin",
            "viikonloppu",
            "wochenende",
            "wochenends",
        ],
        WEEKEND,
    ),
    (&["dagligen", "daily", "everyday", "daglig", "dagligt", "päivittäin", "täglich", "alladagar"], ALL),
];

/// Two words that are one.
const PHRASES: &[(&str, &str)] = &[
    ("alla dagar", "dagligen"),
    ("varje dag", "dagligen"),
    ("alla vardagar", "vardagar"),
    ("helgfria vardagar", "vardagar"),
    ("every day", "daily"),
    ("all days", "daily"),
    ("alle dager", "daglig"),
    ("alle dage", "daglig"),
    ("hver dag", "daglig"),
    ("joka päivä", "päivittäin"),
    ("jeden tag", "täglich"),
    ("alle tage", "täglich"),
    ("24/7/365", "always"),
    ("24/7", "always"),
    ("dygnet runt", "always"),
    ("døgnet rundt", "always"),
    ("around the clock", "always"),
    ("round the clock", "always"),
    ("rund um die uhr", "always"),
    ("ympäri vuorokauden", "always"),
    ("alltid öppet", "always"),
];
const ALWAYS: &[&str] = &["always", "alltid", "døgnåpent", "dygnetrunt", "immer", "aina"];
const CLOSED: &[&str] = &["stängt", "stängd", "closed", "stengt", "lukket", "kiinni", "suljettu", "geschlossen", "off"];
const BREAK: &[&str] =
    &["lunch", "lunchstängt", "lunsj", "frokost", "lounas", "lounastauko", "mittag", "mittagspause", "pause", "break"];
const UNTIL: &[&str] = &["to", "till", "til", "bis", "until", "through", "-"];
/// Says nothing about days or times.
const NOISE: &[&str] = &[
    "kl",
    "klockan",
    "klokken",
    "klo",
    "uhr",
    "h",
    "from",
    "från",
    "fra",
    "von",
    "am",
    "öppet",
    "open",
    "åpent",
    "åbent",
    "auki",
    "geöffnet",
    "och",
    "and",
    "og",
    "ja",
    "und",
    "except",
    "utom",
    "om",
    "at",
    "på",
    "i",
    "hours",
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// Minutes of the day, how it was written, and whether that leaves no doubt: with minutes, or with am or pm.
    Time(u32, String, bool),
    Until,
    Comma,
    Semicolon,
}

/// Reads a week. Days that are not named are closed.
pub fn parse_week(text: &str) -> Result<Week, HoursError> {
    let tokens = tokens(text)?;
    let mut week: [Option<Vec<Interval>>; 7] = Default::default();
    let mut at = 0;
    while at < tokens.len() {
        if matches!(tokens[at], Token::Comma | Token::Semicolon) {
            at += 1;
            continue;
        }
        let part = Part::read(&tokens, &mut at, text)?;
        for day in part.days {
            if week[day].replace(part.hours.clone()).is_some() {
                return Err(HoursError::Twice { day: DAYS[day] });
            }
        }
    }
    Ok(week.map(Option::unwrap_or_default))
}

/// Days and when they are open.
struct Part {
    days: Vec<usize>,
    hours: Vec<Interval>,
}

impl Part {
    fn read(tokens: &[Token], at: &mut usize, text: &str) -> Result<Self, HoursError> {
        let lacks = || HoursError::Part(text.trim().to_owned());
        let mut days: Vec<usize> = Vec::new();
        while let Some(token) = tokens.get(*at) {
            match token {
                Token::Word(word) if ALWAYS.contains(&word.as_str()) => {
                    *at += 1;
                    let days = if days.is_empty() { ALL.to_vec() } else { days };
                    return Ok(Self { days, hours: vec![(0, 1440)] });
                }
                Token::Word(word) if CLOSED.contains(&word.as_str()) => {
                    *at += 1;
                    return if days.is_empty() { Err(lacks()) } else { Ok(Self { days, hours: Vec::new() }) };
                }
                Token::Word(word) if BREAK.contains(&word.as_str()) => return Err(lacks()),
                Token::Word(word) => {
                    let named = days_of(word).ok_or_else(|| HoursError::Days(word.clone()))?;
                    *at += 1;
                    if let ([first], Some(Token::Until), Some(Token::Word(last))) =
                        (named.as_slice(), tokens.get(*at), tokens.get(*at + 1))
                    {
                        let last = days_of(last).ok_or_else(|| HoursError::Days(last.clone()))?;
                        let [last] = last.as_slice() else { return Err(lacks()) };
                        *at += 2;
                        let count = (last + 7 - first) % 7 + 1;
                        days.extend((*first..first + count).map(|d| d % 7));
                    } else {
                        days.extend(named);
                    }
                }
                Token::Comma => *at += 1,
                Token::Time(..) | Token::Until | Token::Semicolon => break,
            }
        }
        let mut hours = Vec::new();
        let mut is_break = false;
        while let Some(token) = tokens.get(*at) {
            match token {
                Token::Time(..) => {
                    let (interval, used) = interval(&tokens[*at..])?;
                    *at += used;
                    if std::mem::take(&mut is_break) { hours = without(&hours, interval) } else { hours.push(interval) }
                }
                Token::Word(word) if BREAK.contains(&word.as_str()) => {
                    *at += 1;
                    is_break = true;
                }
                Token::Comma if goes_on(tokens.get(*at + 1)) => *at += 1,
                _ => break,
            }
        }
        // A dash that stands alone would be found again for ever.
        if days.is_empty() || hours.is_empty() || tokens.get(*at) == Some(&Token::Until) {
            return Err(lacks());
        }
        Ok(Self { days, hours })
    }
}

/// After a comma: more of the same days' hours, or a break in them.
fn goes_on(token: Option<&Token>) -> bool {
    match token {
        Some(Token::Time(..)) => true,
        Some(Token::Word(word)) => BREAK.contains(&word.as_str()),
        _ => false,
    }
}

/// An interval at the beginning of `tokens`, and how many of them it is.
fn interval(tokens: &[Token]) -> Result<(Interval, usize), HoursError> {
    let [Token::Time(from, first, clear_from), Token::Until, Token::Time(to, last, clear_to), ..] = tokens else {
        let written = tokens.iter().take(3).map(Token::written).collect::<String>();
        return Err(HoursError::Interval(written));
    };
    let written = format!("{first}-{last}");
    let interval = match () {
        () if *from == 1440 => return Err(HoursError::Late(written)),
        () if from == to => return Err(HoursError::Empty(written)),
        () if from < to => (*from, *to),
        // "9-5" is rarely meant through the night.
        () if !clear_from && !clear_to && *from < 720 && to + 720 > *from => {
            return Err(HoursError::Doubtful { likely: format!("{first}-{}", (to + 720) / 60), written });
        }
        () => (*from, to + 1440),
    };
    Ok((interval, 3))
}

/// `hours` with a break cut out.
fn without(hours: &[Interval], (from, to): Interval) -> Vec<Interval> {
    let pieces = hours.iter().flat_map(|&(a, b)| [(a, b.min(from)), (a.max(to), b)]);
    pieces.filter(|(a, b)| a < b).collect()
}

fn days_of(word: &str) -> Option<Vec<usize>> {
    if let Some((_, days)) = GROUPS.iter().find(|(words, _)| words.contains(&word)) {
        return Some(days.to_vec());
    }
    let is_it = |known: &str| {
        word.strip_prefix(known).is_some_and(|rest| rest.is_empty() || known.len() > 2 && DAY_ENDINGS.contains(&rest))
    };
    DAY_WORDS.iter().position(|words| words.iter().any(|known| is_it(known))).map(|day| vec![day])
}

impl Token {
    fn written(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Time(_, written, _) => written.clone(),
            Self::Until => "-".to_owned(),
            Self::Comma => ",".to_owned(),
            Self::Semicolon => ";".to_owned(),
        }
    }
}

/// The text in words, times and what joins them.
fn tokens(text: &str) -> Result<Vec<Token>, HoursError> {
    let mut text = text.to_lowercase().replace(['–', '—', '−'], "-").replace(['\n', '|'], ";");
    for (phrase, word) in PHRASES {
        text = text.replace(phrase, word);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = |fits: fn(char) -> bool| -> String { chars[at..].iter().copied().take_while(|c| fits(*c)).collect() };
        match c {
            '-' => tokens.push(Token::Until),
            ',' | '/' | '&' | '+' => tokens.push(Token::Comma),
            ';' => tokens.push(Token::Semicolon),
            c if c.is_ascii_digit() => {
                let written = run(|c| c.is_ascii_digit() || c == ':' || c == '.');
                at += written.chars().count();
                let rest: String = chars[at..].iter().collect();
                tokens.push(time(written.trim_end_matches(['.', ':']), half_of_day(&rest), &mut at)?);
                continue;
            }
            c if c.is_alphabetic() => {
                let word = run(char::is_alphabetic);
                at += word.chars().count();
                // "to" is Thursday in Finnish: between two days or two times it is "until".
                let between = |t: Option<&Token>| matches!(t, Some(Token::Time(..) | Token::Word(_)));
                if UNTIL.contains(&word.as_str()) && between(tokens.last()) && follows(&chars[at..]) {
                    tokens.push(Token::Until);
                } else if !NOISE.contains(&word.as_str()) {
                    tokens.push(Token::Word(word));
                }
                continue;
            }
            c if c.is_whitespace() || ".:()'\"".contains(c) => {}
            other => return Err(HoursError::Days(other.to_string())),
        }
        at += 1;
    }
    Ok(tokens)
}

/// Whether a word or a time comes next, with nothing but spaces before it.
fn follows(rest: &[char]) -> bool {
    let mut rest = rest.iter().skip_while(|c| c.is_whitespace());
    rest.next().is_some_and(|c| c.is_alphanumeric())
}

/// `am`, `p.m.` and the like at the beginning of `rest`: hours to add at noon, and how long it is written.
fn half_of_day(rest: &str) -> Option<(bool, usize)> {
    let bare = rest.trim_start();
    let spaces = rest.chars().count() - bare.chars().count();
    let forms = [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)];
    let (form, is_afternoon) = forms.into_iter().find(|(form, _)| bare.starts_with(form))?;
    // "10 am Wochenende" is German.
    let ends = bare[form.len()..].chars().next().is_none_or(|c| !c.is_alphabetic());
    let german = bare[form.len()..].trim_start().starts_with("wochen");
    (ends && !german).then_some((is_afternoon, spaces + form.len()))
}

fn time(written: &str, half: Option<(bool, usize)>, at: &mut usize) -> Result<Token, HoursError> {
    let wrong = || HoursError::TimeOfDay(written.to_owned());
    let has_minutes = written.contains([':', '.']);
    let minutes = if has_minutes {
        parse_time_of_day(&written.replace('.', ":"))?
    } else if written.len() == 4 {
        parse_time_of_day(&format!("{}:{}", &written[..2], &written[2..]))?
    } else {
        parse_time_of_day(&format!("{written}:00"))?
    };
    let is_clear = has_minutes || written.len() == 4 || half.is_some();
    let Some((is_afternoon, length)) = half else { return Ok(Token::Time(minutes, written.to_owned(), is_clear)) };
    *at += length;
    let minutes = match (is_afternoon, minutes) {
        (_, minutes) if minutes >= 780 => return Err(wrong()),
        (true, minutes) if minutes < 720 => minutes + 720,
        (false, minutes) if minutes >= 720 => minutes - 720,
        (_, minutes) => minutes,
    };
    Ok(Token::Time(minutes, written.to_owned(), is_clear))
}

#[cfg(test)]
mod tests {
    use super::super::week_as_written;
    use super::*;

    /// What is understood, in the strict form; an error's text begins with `!`.
    fn check(text: &str, expect: &str) {
        let got = parse_week(text).map_or_else(|e| format!("!{e}"), |week| week_as_written(&week));
        match expect.strip_prefix('!') {
            Some(says) => assert!(got.starts_with('!') && got.contains(says), "{text:?}: {got}"),
            None => assert_eq!(got, expect, "{text:?}"),
        }
    }

    #[test]
    fn in_six_languages() {
        check("mån-fre 9-17, lör 10-14", "mon-fri 09:00-17:00; sat 10:00-14:00");
        check("Måndag till fredag kl 9.00-17.30", "mon-fri 09:00-17:30");
        check("måndagar och onsdagar 9-12", "mon 09:00-12:00; wed 09:00-12:00");
        check("vardagar 8-16", "mon-fri 08:00-16:00");
        check("helgfria vardagar 8–16; helger stängt", "mon-fri 08:00-16:00");
        check("alla dagar 10-22", "mon-sun 10:00-22:00");
        check("dygnet runt", "mon-sun 00:00-24:00");
        check("24/7", "mon-sun 00:00-24:00");
        check("mon-fri 9am-5pm", "mon-fri 09:00-17:00");
        check("Monday to Friday, 9 am to 5:30 pm", "mon-fri 09:00-17:30");
        check("weekdays 0900-1700, Saturday 12pm-4pm", "mon-fri 09:00-17:00; sat 12:00-16:00");
        check("hverdager 8-16, lør 10-14", "mon-fri 08:00-16:00; sat 10:00-14:00");
        check("mandag-torsdag 9-16, fredag 9-15", "mon-thu 09:00-16:00; fri 09:00-15:00");
        check("hver dag 9-21", "mon-sun 09:00-21:00");
        check("arkisin klo 9-17, la 10-15", "mon-fri 09:00-17:00; sat 10:00-15:00");
        check("ma-to 9-17, pe 9-15", "mon-thu 09:00-17:00; fri 09:00-15:00");
        check("Mo-Fr 9-12 und 13-18 Uhr, Sa 9-13 Uhr", "mon-fri 09:00-12:00,13:00-18:00; sat 09:00-13:00");
        check("Montag bis Donnerstag 8-17, am Wochenende geschlossen", "mon-thu 08:00-17:00");
        check("täglich 10-20", "mon-sun 10:00-20:00");
        check("rund um die Uhr", "mon-sun 00:00-24:00");
    }

    #[test]
    fn breaks_nights_and_lists() {
        check("mån-fre 9-12 13-17", "mon-fri 09:00-12:00,13:00-17:00");
        check("mån-fre 9-12, 13-17", "mon-fri 09:00-12:00,13:00-17:00");
        check("vardagar 8-17, lunch 12-13", "mon-fri 08:00-12:00,13:00-17:00");
        check("fre-lör 18-02", "fri-sat 18:00-02:00");
        check("mån, tis 9-12; ons 13-17", "mon-tue 09:00-12:00; wed 13:00-17:00");
        check("sön-mån 9-10", "mon 09:00-10:00; sun 09:00-10:00");
        check("mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00", "mon-fri 08:00-12:00,13:00-17:00; sat 10:00-14:00");
        check("mon 22:00-06:00", "mon 22:00-06:00");
        check("", "");
    }

    #[test]
    fn what_could_mean_two_things_is_said() {
        check("mon-fri 9-5", "!9-17");
        check("mån-fre 8-4", "!8-16");
        check("mon-fri 9-17 9-5", "!9-17");
        check("mån-fre", "!lacks a day or its hours");
        check("9-17", "!lacks a day or its hours");
        check("mon-fri - 9", "!lacks a day or its hours");
        check("mån-fre 9", "!is no interval");
        check("mån-fre 9-25", "!no time of day");
        check("mon-fri 13pm-5pm", "!no time of day");
        check("mån-fre 9-9", "!whole day");
        check("fullmåne 9-17", "!fullmåne");
        check("mon 9-17, mon 10-12", "!mon is written twice");
        check("mon 9-17 €", "!€");
        check("lunch 12-13", "!lacks a day");
    }
}
