//! Who: address lists and message ids of header fields (RFC 5322, 3.4 and 3.6.4).

use std::collections::BTreeSet;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use crate::mail::letter::{Defect, ReturnPath};
use crate::mail::words;
use crate::model::{Address, Party, Time};

/// An address list, and how many of its entries had an address that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    pub list: Vec<Party>,
    pub unreadable: usize,
}

/// Reads From, To, Cc … Groups are opened. An entry without an address that can be read is left out and counted.
#[must_use]
pub fn parties(value: &[u8], limit: usize, defects: &mut BTreeSet<Defect>) -> Parties {
    let mut text = words::structured(value, defects).replace(['\0', '\u{1a}'], " ");
    // Outlook's separator; outside quotes it is nothing else here.
    if !text.contains(':') {
        text = separate_by_comma(&text);
    }
    if text.contains('"') {
        text = join_phrases(&text);
    }
    text.push('\n');
    let mut out = Parties::default();
    let HeaderValue::Address(parsed) = MessageStream::new(text.as_bytes()).parse_address() else {
        return out;
    };
    for entry in parsed.iter() {
        let name = entry.name().unwrap_or_default();
        let address =
            entry.address().and_then(Address::parse).or_else(|| Address::parse(name.trim_matches(['"', '\''])));
        match address {
            Some(_) if out.list.len() >= limit => {
                defects.insert(Defect::TooManyRecipients);
                break;
            }
            Some(address) => {
                let name = if Address::parse(name).as_ref() == Some(&address) { "" } else { name };
                out.list.push(Party::new(trim_quotes(name), address));
            }
            None => out.unreadable += usize::from(!name.trim().is_empty() || entry.address().is_some()),
        }
    }
    out
}

/// `'Anna'` as Outlook writes names.
fn trim_quotes(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('\'').and_then(|n| n.strip_suffix('\'')).unwrap_or(name)
}

fn separate_by_comma(text: &str) -> String {
    let mut quoted = false;
    let mut escaped = false;
    text.chars()
        .map(|c| {
            let was_escaped = escaped;
            escaped = c == '\\' && !was_escaped;
            if c == '"' && !was_escaped {
                quoted = !quoted;
            }
            if c == ';' && !quoted { ',' } else { c }
        })
        .collect()
}

/// Names of quoted and plain words side by side, `Ove "Öst" <…>`, as one quoted string: mail-parser runs such words together.
fn join_phrases(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    // What stands since the last separator, and its words.
    let (mut begin, mut words, mut word, mut quoted) = (0, Vec::new(), String::new(), false);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                while let Some((_, c)) = chars.next().filter(|(_, c)| *c != '"') {
                    word.extend(if c == '\\' { chars.next().map(|(_, c)| c) } else { Some(c) });
                }
                words.push(std::mem::take(&mut word));
                quoted = true;
            }
            '(' => {
                let mut depth = 1;
                while depth > 0
                    && let Some((_, c)) = chars.next()
                {
                    match c {
                        '\\' => drop(chars.next()),
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                }
            }
            '<' | '>' | ',' | ';' | ':' => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                if c == '<' && quoted && words.len() > 1 {
                    let name = words.join(" ").replace('\\', "\\\\").replace('"', "\\\"");
                    out.push_str(&format!(" \"{name}\" <"));
                } else {
                    out.push_str(&text[begin..=at]);
                }
                words.clear();
                (begin, quoted) = (at + 1, false);
            }
            c if c.is_whitespace() => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            c => word.push(c),
        }
    }
    out.push_str(&text[begin..]);
    out
}

/// The ids of Message-ID, In-Reply-To or References, without angle brackets, in their order, each once.
#[must_use]
pub fn message_ids(value: &[u8]) -> Vec<String> {
    let text = crate::mail::header::unfold(value);
    let mut candidates: Vec<&str> = Vec::new();
    if text.contains('<') {
        // White space within an id comes from folding and goes.
        candidates.extend(text.split('<').skip(1).map(|piece| piece.split('>').next().unwrap_or_default()));
    } else {
        // Bare ids, as some programs write them; a phrase such as "Your message of Monday" is none.
        candidates
            .extend(text.split([' ', '\t', ',']).filter(|w| w.contains('@')).map(|w| w.trim_matches(['>', '"', ';'])));
        if candidates.is_empty() && !text.contains([' ', '\t']) {
            candidates.push(&text);
        }
    }
    let mut seen = BTreeSet::new();
    candidates
        .into_iter()
        .map(|id| id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>())
        .filter(|id| !id.is_empty() && id.len() <= 998 && seen.insert(id.clone()))
        .collect()
}

/// `Return-Path`.
#[must_use]
pub fn return_path(value: Option<&[u8]>) -> ReturnPath {
    let Some(value) = value else { return ReturnPath::Absent };
    let text = crate::mail::header::unfold(value);
    let inner = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    if inner.is_empty() {
        return ReturnPath::Empty;
    }
    Address::parse(inner).map_or(ReturnPath::Absent, ReturnPath::Address)
}

/// A date (RFC 5322, 3.3, and what old programs write).
#[must_use]
pub fn date(value: &[u8]) -> Option<Time> {
    let mut text = crate::mail::header::unfold(value);
    text.push('\n');
    if let HeaderValue::DateTime(d) = MessageStream::new(text.as_bytes()).parse_date()
        && d.is_valid()
        && d.hour < 24
        && d.minute < 60
        && d.year >= 1900
    {
        return Some(Time::from_unix(d.to_timestamp()));
    }
    let text = text.trim();
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(zoned) = parser.parse_zoned(text) {
        return Some(Time::from_unix(zoned.timestamp().as_second()));
    }
    Time::parse_rfc3339(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: &str) {
        let got = parties(value.as_bytes(), 500, &mut BTreeSet::new());
        let list: Vec<_> = got.list.iter().map(|p| format!("{}|{}", p.name, p.address)).collect();
        assert_eq!(list.join(" "), expect, "{value:?}");
    }

    #[test]
    fn address_lists() {
        check("Anna <Anna@A.test>", "Anna|anna@a.test");
        check("anna@a.test", "|anna@a.test");
        check("anna@a.test (Anna)", "Anna|anna@a.test");
        check("\"Doe, J\" <j@a.test>, k@a.test", "Doe, J|j@a.test |k@a.test");
        check("=?utf-8?q?Doe=2C_J?= <j@a.test>", "Doe, J|j@a.test");
        check("a@a.test <a@a.test>", "|a@a.test");
        check("a@a.test; b@b.test", "|a@a.test |b@b.test");
        check("\"a;b\" <a@a.test>", "a;b|a@a.test");
        check("Team: a@a.test, B <b@b.test>;", "|a@a.test B|b@b.test");
        check("undisclosed-recipients:;", "");
        check("'Anna' <a@a.test>", "Anna|a@a.test");
        check("<a@a.test>", "|a@a.test");
        // Quoted and plain words side by side.
        check("Ove =?utf-8?q?=C3=96st?= <o@a.test>", "Ove Öst|o@a.test");
        check("=?utf-8?q?=C3=85sa?= Ek <o@a.test>, b@a.test", "Åsa Ek|o@a.test |b@a.test");
        check("Eva =?utf-8?q?=C3=85sa?= von Ek <o@a.test>", "Eva Åsa von Ek|o@a.test");
        check("Ove \"Ove, O\" =?utf-8?q?=C3=96st?= (x) <o@a.test>", "Ove Ove, O Öst|o@a.test");
        check("a@a.test, T: Eva \"E\" <e@a.test>;", "|a@a.test Eva E|e@a.test");
        check("Anna", "");
        check("\"a\\\"b\" <a@a.test>", "a\"b|a@a.test");
        check("Åsa <åsa@räka.test>", "Åsa|åsa@xn--rka-qla.test");
        assert_eq!(parties(b"Anna", 9, &mut BTreeSet::new()).unreadable, 1);
        let mut defects = BTreeSet::new();
        let many = "a@a.test, ".repeat(1_000);
        assert_eq!(parties(many.as_bytes(), 500, &mut defects).list.len(), 500);
        assert!(defects.contains(&Defect::TooManyRecipients));
    }

    #[test]
    fn ids() {
        let check =
            |value: &str, expect: &str| assert_eq!(message_ids(value.as_bytes()).join(" "), expect, "{value:?}");
        check("<a@b>", "a@b");
        check("<a@b> <c@d>\r\n <a@b>", "a@b c@d");
        check("<a\r\n @b>", "a@b");
        check("a@b", "a@b");
        check("Your message of Mon <a@b>", "a@b");
        check("N77056c0a", "N77056c0a");
        check("", "");
        check("<>", "");
    }

    #[test]
    fn dates() {
        let check = |value: &str, expect: Option<&str>| {
            assert_eq!(date(value.as_bytes()).map(|t| t.to_string()).as_deref(), expect, "{value:?}");
        };
        check("Fri, 20 Nov 2026 09:01:02 +0100", Some("2026-11-20T08:01:02Z"));
        check("20 Nov 2026 09:01:02 +0100 (CET)", Some("2026-11-20T08:01:02Z"));
        check("Fri, 20 Nov 2026 25:61:02 +0100", None);
        check("nonsense", None);
        check("", None);
    }

    #[test]
    fn return_paths() {
        assert_eq!(return_path(None), ReturnPath::Absent);
        assert_eq!(return_path(Some(b" <>")), ReturnPath::Empty);
        assert!(matches!(return_path(Some(b"<a@b.test>")), ReturnPath::Address(_)));
    }
}
