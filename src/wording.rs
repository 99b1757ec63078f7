//! What svar says, in each language: the phrases of `src/lang/*.toml`, and times, sizes and states as people write them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use crate::model::{State, Time};

include!(concat!(env!("OUT_DIR"), "/lang.rs"));

/// Spoken where a language has no file.
const FALLBACK: &str = "en";
/// No phrase needs a hundredth of it.
const FUEL: u64 = 50_000;

static LANGUAGES: LazyLock<BTreeMap<&'static str, Wording>> =
    LazyLock::new(|| FILES.iter().map(|(name, text)| (*name, Wording::read(name, text))).collect());

/// One language.
#[derive(Debug)]
pub struct Wording {
    language: &'static str,
    /// As they stand in the file.
    texts: Arc<BTreeMap<String, String>>,
    /// Those of them with values, each compiled when it is first said: a compiled phrase takes ten kilobytes, and most are never said.
    phrases: Environment<'static>,
    lists: BTreeMap<String, Vec<String>>,
}

impl Wording {
    /// The language called `sv`, `en`, `sv-SE` …; English where there is no such file.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        let short = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        &LANGUAGES[if LANGUAGES.contains_key(short.as_str()) { short.as_str() } else { FALLBACK }]
    }

    /// The languages that there are, in alphabetical order.
    #[must_use]
    pub fn languages() -> Vec<&'static str> {
        LANGUAGES.keys().copied().collect()
    }

    /// `sv`
    #[must_use]
    pub fn language(&self) -> &'static str {
        self.language
    }

    /// A file that is not as it should be speaks with the words that can be read; a test holds every file to be right.
    fn read(language: &'static str, text: &str) -> Self {
        let mut texts = BTreeMap::new();
        let mut lists = BTreeMap::new();
        let table: toml::Table = text.parse().unwrap_or_default();
        for (section, keys) in &table {
            for (key, value) in keys.as_table().into_iter().flatten() {
                let name = format!("{section}.{key}");
                if let Some(phrase) = value.as_str() {
                    texts.insert(name, phrase.to_owned());
                } else if let Some(words) = value.as_array() {
                    let words: Vec<String> = words.iter().filter_map(|w| w.as_str()).map(str::to_owned).collect();
                    lists.insert(name, words);
                }
            }
        }
        let texts = Arc::new(texts);
        let mut phrases = environment();
        let source = Arc::clone(&texts);
        phrases.set_loader(move |name| Ok(source.get(name).cloned()));
        Self { language, texts, phrases, lists }
    }

    /// A phrase in this very language. One that cannot be read as a template is an error, and `say` falls back.
    fn render(&self, key: &str, values: Value) -> Result<String, minijinja::Error> {
        match self.texts.get(key) {
            Some(plain) if !plain.contains('{') => Ok(plain.clone()),
            _ => self.phrases.get_template(key)?.render(values),
        }
    }

    /// The words listed under `key`; none where there is no such list.
    #[must_use]
    pub fn list_of(&self, key: &str) -> &[String] {
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    /// The words that are listed under `key` in any language: people write as they like, whatever the desk speaks.
    pub fn in_all_languages(key: &str) -> impl Iterator<Item = &'static str> {
        LANGUAGES.values().flat_map(move |w| w.list_of(key)).map(String::as_str)
    }

    /// The phrase `key` with `values` (`minijinja::context!`) filled in.
    #[must_use]
    pub fn say(&self, key: &str, values: Value) -> String {
        match self.render(key, values.clone()) {
            Ok(said) => said,
            Err(error) => {
                debug_assert!(false, "{}: {key}: {error}", self.language);
                if self.language == FALLBACK { key.to_owned() } else { Self::of(FALLBACK).say(key, values) }
            }
        }
    }

    /// A phrase without values.
    #[must_use]
    pub fn word(&self, key: &str) -> String {
        self.say(key, context! {})
    }

    /// A phrase without values, where this language has it.
    #[must_use]
    pub fn word_if_known(&self, key: &str) -> Option<String> {
        self.render(key, context! {}).ok()
    }

    /// `i dag 14:30`, `i morgon 09:00`, `tors 27 nov 09:00`; another year is named.
    #[must_use]
    pub fn moment(&self, at: Time, now: Time, zone: &TimeZone) -> String {
        let (date, today) = (civil(at, zone), civil(now, zone));
        let key = match days_between(today, date) {
            0 => "date.today",
            1 => "date.tomorrow",
            -1 => "date.yesterday",
            days => near_or(days, "date.near", "date.far"),
        };
        self.say(key, self.parts(at, zone))
    }

    /// `tors 09:00`, `27 nov 09:00`: says the same on the day after.
    #[must_use]
    pub fn lasting_moment(&self, at: Time, now: Time, zone: &TimeZone) -> String {
        let near = days_between(civil(now, zone), civil(at, zone)).abs() < 6;
        self.say(if near { "date.lasting" } else { "date.lasting_far" }, self.parts(at, zone))
    }

    /// `27 nov`, with the year where it is far off.
    #[must_use]
    pub fn day(&self, at: Time, now: Time, zone: &TimeZone) -> String {
        let days = days_between(civil(now, zone), civil(at, zone));
        self.say(near_or(days, "date.day", "date.day_far"), self.parts(at, zone))
    }

    fn parts(&self, at: Time, zone: &TimeZone) -> Value {
        let local = at.timestamp().to_zoned(zone.clone());
        context! {
            weekday => self.listed("date.weekdays", local.weekday().to_monday_one_offset()),
            day => local.day(),
            month => self.listed("date.months", local.month()),
            year => local.year(),
            clock => format!("{:02}:{:02}", local.hour(), local.minute()),
        }
    }

    /// Word `n` of a list, counted from 1: `listed("date.months", 12)` is `dec`.
    #[must_use]
    pub fn listed(&self, list: &str, n: i8) -> String {
        let word = usize::try_from(n - 1).ok().and_then(|n| self.lists.get(list)?.get(n));
        word.cloned().unwrap_or_else(|| n.to_string())
    }

    /// `850 B`, `12 kB`, `1,2 MB`; thousands are 1000.
    #[must_use]
    pub fn size(&self, size_bytes: i64) -> String {
        const UNITS: [(i64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
        let size = size_bytes.max(0);
        for (unit, name) in UNITS {
            if size >= unit {
                let tenths = (size + unit / 20) / (unit / 10);
                return if tenths >= 100 || name == "kB" {
                    format!("{} {name}", (size + unit / 2) / unit)
                } else {
                    format!("{}{}{} {name}", tenths / 10, self.word("number.decimal"), tenths % 10)
                };
            }
        }
        format!("{size} B")
    }

    /// `4 dagar`, `3 hours`, `20 minutes`, in the biggest unit that is used up.
    #[must_use]
    pub fn duration(&self, seconds: i64) -> String {
        let (key, n) = match seconds.max(0) {
            s if s >= 2 * Time::DAY => ("duration.days", s / Time::DAY),
            s if s >= 2 * Time::HOUR => ("duration.hours", s / Time::HOUR),
            s => ("duration.minutes", s / Time::MINUTE),
        };
        self.say(key, context! { n })
    }

    /// `öppet`, `closed`.
    #[must_use]
    pub fn state(&self, state: State) -> String {
        self.word(&format!("state.{state}"))
    }

    /// `a, b och c`
    #[must_use]
    pub fn list(&self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [one] => one.clone(),
            [most @ .., last] => format!("{} {} {last}", most.join(", "), self.word("words.and")),
        }
    }
}

/// Templates that name what they are not given fail, and none runs for long.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    environment
}

/// The variables that a template names, `customer.name` as one. What it sets itself, and `range`, are none.
///
/// # Errors
/// The line of the template, counted from 1, and what is wrong there.
pub fn variables(template: &str) -> Result<BTreeSet<String>, (usize, String)> {
    let environment = environment();
    let read = environment.template_from_str(template).map_err(|error| {
        let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        (error.line().unwrap_or(1), detail)
    })?;
    let own = |name: &String| matches!(name.as_str(), "range" | "loop" | "loop.index" | "loop.last");
    Ok(read.undeclared_variables(true).into_iter().filter(|n| !own(n)).collect())
}

/// Fills a template that is no phrase of ours (a sender name, a signature, a canned answer).
///
/// # Errors
/// What is wrong with it, in one line.
pub fn fill(template: &str, values: Value) -> Result<String, String> {
    environment().render_str(template, values).map_err(|error| {
        let detail = error.detail().map_or_else(String::new, |d| format!(": {d}"));
        let line = error.line().map_or_else(String::new, |l| format!("line {l}: "));
        format!("{line}{}{detail}", error.kind())
    })
}

fn civil(at: Time, zone: &TimeZone) -> Date {
    at.timestamp().to_zoned(zone.clone()).date()
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()))
}

/// Within ten months a day and a month say enough.
fn near_or(days: i64, near: &'static str, far: &'static str) -> &'static str {
    if days.abs() < 300 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> BTreeSet<(String, bool)> {
        let table: toml::Table = text.parse().unwrap();
        let of = |section: &str, keys: &toml::Value| -> Vec<(String, bool)> {
            keys.as_table().unwrap().iter().map(|(k, v)| (format!("{section}.{k}"), v.is_str())).collect()
        };
        table.iter().flat_map(|(section, keys)| of(section, keys)).collect()
    }

    /// Every name that a phrase may use. What each page really gives is held by the pages' own tests: a phrase that fails panics there.
    fn everything() -> Value {
        let names = [
            "clock weekday day month year due name who when mailbox files people by colleague number addresses subject ticket left waited",
            "found line commands until example other nearest duration address words from agent agents limit why",
            "since again host on free percent at days term known rows priority numbers written messages names",
            "wish phone share verdict name waiting week to desk period within of p90 usual hours list was now band target median open",
            "pattern mailboxes tag linked told replied answered before until",
            "mails tickets query language most sent left_out failed stopped rest",
            "user command word",
        ];
        let mut all: BTreeMap<&str, Value> = names.iter().flat_map(|n| n.split(' ')).map(|n| (n, n.into())).collect();
        all.insert("n", 1.into());
        Value::from_pairs(all)
    }

    #[test]
    fn every_language_has_every_phrase_and_each_renders() {
        assert!(FILES.len() >= 2);
        let english = FILES.iter().find(|f| f.0 == FALLBACK).unwrap();
        for (language, text) in FILES {
            assert_eq!(keys(text), keys(english.1), "{language}");
            let wording = Wording::of(language);
            assert_eq!(wording.language(), *language);
            let of_dates = wording.lists.iter().filter(|(name, _)| name.starts_with("date."));
            let lengths: Vec<(&str, usize)> = of_dates.map(|(name, l)| (name.as_str(), l.len())).collect();
            let expect =
                [("date.months", 12), ("date.months_long", 12), ("date.weekdays", 7), ("date.weekdays_long", 7)];
            assert_eq!(lengths, expect, "{language}");
            for (key, _) in keys(text).iter().filter(|k| k.1) {
                let said = wording.say(key, everything());
                assert!(
                    !said.trim().is_empty() && said.trim() == said && !said.contains('\n'),
                    "{language} {key}: {said:?}"
                );
            }
        }
    }

    #[test]
    fn states_have_words() {
        for language in Wording::languages() {
            for state in State::ALL {
                assert!(!Wording::of(language).state(*state).contains('.'));
            }
        }
    }

    #[test]
    fn unknown_languages_speak_english() {
        for (language, expect) in
            [("sv", "sv"), ("sv-SE", "sv"), ("SV_fi", "sv"), ("en", "en"), ("xx", "en"), ("", "en")]
        {
            assert_eq!(Wording::of(language).language(), expect);
        }
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now = Time::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        let (sv, en) = (Wording::of("sv"), Wording::of("en"));
        let check = |at: &str, swedish: &str, english: &str, lasting: &str, day: &str| {
            let at = Time::parse_rfc3339(at).unwrap();
            assert_eq!(sv.moment(at, now, &zone), swedish);
            assert_eq!(en.moment(at, now, &zone), english);
            assert_eq!(sv.lasting_moment(at, now, &zone), lasting);
            assert_eq!(sv.day(at, now, &zone), day);
        };
        check("2026-11-24T13:30:00Z", "i dag 14:30", "today 14:30", "tis 14:30", "24 nov");
        check("2026-11-24T23:30:00Z", "i morgon 00:30", "tomorrow 00:30", "ons 00:30", "25 nov");
        check("2026-11-22T23:00:00Z", "i går 00:00", "yesterday 00:00", "mån 00:00", "23 nov");
        check("2026-11-26T08:00:00Z", "tors 26 nov 09:00", "Thu 26 Nov 09:00", "tors 09:00", "26 nov");
        check("2027-01-07T08:00:00Z", "tors 7 jan 09:00", "Thu 7 Jan 09:00", "7 jan 09:00", "7 jan");
        check("2024-05-07T08:00:00Z", "7 maj 2024 10:00", "7 May 2024 10:00", "7 maj 10:00", "7 maj 2024");
    }

    #[test]
    fn sizes_and_durations_are_short() {
        let (sv, en) = (Wording::of("sv"), Wording::of("en"));
        for (bytes, expect) in [
            (-1, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (80_499, "80 kB"),
            (1_250_000, "1,3 MB"),
            (12_000_000, "12 MB"),
            (3_000_000_000, "3,0 GB"),
        ] {
            assert_eq!(sv.size(bytes), expect);
        }
        assert_eq!(en.size(1_250_000), "1.3 MB");
        for (seconds, expect) in [(60, "1 minut"), (7199, "119 minuter"), (7200, "2 timmar"), (345_600, "4 dagar")] {
            assert_eq!(sv.duration(seconds), expect);
        }
        assert_eq!(sv.list(&["a".into(), "b".into(), "c".into()]), "a, b och c");
    }

    #[test]
    fn foreign_templates_fail_in_words() {
        assert_eq!(fill("{{ a }}, <b>", context! { a => "x" }).as_deref(), Ok("x, <b>"));
        assert!(fill("{{ b }}", context! { a => 1 }).unwrap_err().contains("undefined"));
        assert!(
            fill("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}", context! {}).is_err()
        );
        assert!(fill("{{ a", context! { a => 1 }).unwrap_err().starts_with("line 1: "));
    }
}
