//! The questions among the commands: `#list QUERY`, `#stats week`, `#digest weekly`.

use jiff::civil::Date;

use crate::desk::commands::plain::fold;
use crate::desk::commands::{Command, Wrong};
use crate::plan::query::Query;
use crate::plan::question::{DigestWord, Question, Span};
use crate::wording::Wording;

/// The words of the periods in the language files.
const SPANS: &[(&str, Span)] = &[
    ("span.today", Span::Today),
    ("span.yesterday", Span::Yesterday),
    ("span.week", Span::Week),
    ("span.last_week", Span::LastWeek),
    ("span.month", Span::Month),
    ("span.last_month", Span::LastMonth),
];

fn is_one_of(key: &str, word: &str) -> bool {
    Wording::in_all_languages(key).any(|w| fold(w) == word)
}

/// Reads a query as people's mail programs leave it.
///
/// # Errors
/// [`Wrong::Query`]
pub fn query(argument: &str) -> Result<Query, Wrong> {
    let text = without_links(argument);
    Query::parse(text.trim_end_matches(['.', ',', ';', '!'])).map_err(Wrong::Query)
}

/// `#list QUERY`
pub(super) fn list(argument: &str) -> Result<Command, Wrong> {
    query(argument).map(|q| Command::Questions(vec![Question::List(q)]))
}

/// `week`, `yesterday`, `2026-11-01 2026-11-30`; nothing: this week so far.
pub(super) fn span(argument: &str) -> Option<Span> {
    if argument.is_empty() {
        return Some(Span::Week);
    }
    let word = fold(argument);
    if let Some((_, span)) = SPANS.iter().find(|(key, _)| is_one_of(key, &word)) {
        return Some(*span);
    }
    let days = argument.split(|c: char| !c.is_ascii_digit() && c != '-').filter(|w| !w.is_empty() && *w != "-");
    let days: Vec<Date> = days.map(|w| w.parse().ok()).collect::<Option<_>>()?;
    match days.as_slice() {
        [day] => Some(Span::Days(*day, *day)),
        [from, to] if from <= to && i64::from(to.year()) - i64::from(from.year()) <= YEARS_MAX => {
            Some(Span::Days(*from, *to))
        }
        _ => None,
    }
}

/// Figures of more years are not asked for by mail.
const YEARS_MAX: i64 = 5;

/// `daily`, `weekly`, `monthly`; nothing: daily.
pub(super) fn digest_word(argument: &str) -> Option<DigestWord> {
    let word = fold(argument);
    let is = |d: &&DigestWord| is_one_of(&format!("span.{}", d.as_str()), &word);
    if argument.is_empty() { Some(DigestWord::Daily) } else { DigestWord::ALL.iter().find(is).copied() }
}

/// What a mail program has made links of, without the links: `eva@kund.test<mailto:eva@kund.test>`, `[x](mailto:x)`.
pub(super) fn without_links(argument: &str) -> String {
    let mut out = String::with_capacity(argument.len());
    let mut rest = argument;
    while let Some(at) = rest.find('<') {
        let Some(end) = rest[at..].find('>') else { break };
        let inner = &rest[at + 1..at + end];
        let is_link = ["mailto:", "http://", "https://", "tel:"].iter().any(|s| inner.starts_with(s));
        out.push_str(&rest[..at]);
        if !is_link {
            // `from:<eva@kund.test>`
            out.push_str(inner);
        }
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    while let Some(at) = out.find("](") {
        let Some(end) = out[at..].find(')') else { break };
        let Some(open) = out[..at].rfind('[') else { break };
        let words = out[open + 1..at].to_owned();
        out.replace_range(open..=at + end, &words);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let check = |text: &str, expect: Option<Span>| assert_eq!(span(text), expect, "{text:?}");
        let day = |text: &str| text.parse::<Date>().unwrap();
        for week in ["", "week", "This Week", "veckan", "vecka", "denna vecka"] {
            check(week, Some(Span::Week));
        }
        check("i dag", Some(Span::Today));
        check("igår", Some(Span::Yesterday));
        check("förra veckan", Some(Span::LastWeek));
        check("last-month", Some(Span::LastMonth));
        check("månad", Some(Span::Month));
        check("2026-11-01", Some(Span::Days(day("2026-11-01"), day("2026-11-01"))));
        for two in ["2026-11-01 2026-11-30", "2026-11-01 - 2026-11-30", "2026-11-01..2026-11-30"] {
            check(two, Some(Span::Days(day("2026-11-01"), day("2026-11-30"))));
        }
        for wrong in ["2026-11-30 2026-11-01", "decade", "2026-13-01", "1900-01-01 2026-01-01", "2026"] {
            check(wrong, None);
        }
    }

    #[test]
    fn links_are_words() {
        let check = |text: &str, expect: &str| assert_eq!(without_links(text), expect, "{text:?}");
        check("from:eva@kund.test<mailto:eva@kund.test> overdue", "from:eva@kund.test overdue");
        check("from:[eva@kund.test](mailto:eva@kund.test)", "from:eva@kund.test");
        check("from:<eva@kund.test>", "from:eva@kund.test");
        check("a < b", "a < b");
    }
}
