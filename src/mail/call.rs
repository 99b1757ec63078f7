//! A wish to be called in a mail's own words: "ring mig kl 14 på 070-123 45 67", "can you call me tomorrow after 3 pm?".
//!
//! Only a sentence that asks for a call counts, and what it says of time is read as a form's wish is.

use jiff::tz::TimeZone;

use crate::mail::form::call::{self, Call};
use crate::model::Time;

/// A wish, and the telephone number that stands nearest to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub call: Call,
    pub phone: Option<String>,
}

/// What asks for a call; in lower case, with single spaces.
const ASKS: &[&str] = &[
    "ring mig",
    "ring gärna",
    "ring till mig",
    "ringa mig",
    "ringa upp",
    "ring upp mig",
    "kan ni ringa",
    "kan du ringa",
    "kan någon ringa",
    "vill bli uppringd",
    "bli uppringd",
    "vill att ni ringer",
    "vill att du ringer",
    "vill att någon ringer",
    "skulle ni kunna ringa",
    "ring på",
    "ring kl",
    "call me",
    "ring me",
    "phone me",
    "give me a call",
    "give me a ring",
    "could you call",
    "can you call",
    "can someone call",
    "could someone call",
    "please call",
    "call back",
    "a callback",
];

/// What stands before an hour.
const HOURS: &[&str] = &["kl", "klockan", "efter", "före", "innan", "mellan", "after", "before", "between", "at"];

/// What makes a sentence no wish: it says not to, tells of a call, or speaks of somebody else.
const NOT: &[&str] = &[
    "ring inte",
    "kom inte",
    "ringa inte",
    "inte ring",
    "inte bli uppringd",
    "behöver inte",
    "slippa",
    "ringde",
    "har ringt",
    "innan ni ringer",
    "don't call",
    "dont call",
    "do not call",
    "not call me",
    "no need to call",
    "called me",
    "you called",
    "never call",
];

/// Longer texts are looked at so far.
const SENTENCES_MAX: usize = 200;

/// Finds the first wish in what a customer wrote at `said_at`. `None` where there is none, or neither a time nor a number with it.
#[must_use]
pub fn wish(text: &str, said_at: Time, zone: &TimeZone) -> Option<Wish> {
    let all: Vec<String> = sentences(text);
    let at = all.iter().position(|s| asks(s))?;
    let wished = &all[at];
    // "Kan ni ringa mig? Efter 15 passar bra."
    let with_next = all.get(at + 1).map(|next| format!("{wished} {next}"));
    let read = |text: &str| {
        let phone = phone(text);
        let words = phone.as_ref().map_or_else(|| text.to_owned(), |p| text.replace(p.as_str(), " "));
        call::read(&words, said_at, zone).map(|c| (c, phone))
    };
    let has_time = |c: &Call| c.from.is_some() || c.until.is_some();
    let (mut found, mut number) = read(wished)?;
    if let Some((next, other)) = with_next.as_deref().and_then(read) {
        if !has_time(&found) && has_time(&next) {
            found = next;
        }
        number = number.or(other);
    }
    let number = number.or_else(|| all.iter().skip(at).find_map(|s| phone(s)));
    if !has_time(&found) && number.is_none() {
        return None;
    }
    wished.trim().clone_into(&mut found.wish);
    Some(Wish { call: found, phone: number })
}

fn asks(sentence: &str) -> bool {
    let folded: Vec<&str> = sentence.split_whitespace().collect();
    let folded = format!(" {} ", folded.join(" ").to_lowercase().replace('’', "'"));
    let says = |phrase: &&str| {
        folded.match_indices(*phrase).any(|(i, p)| {
            let ends = folded[i + p.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric());
            let begins = folded[..i].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            begins && ends
        })
    };
    // "Ring hellre kl 16": an order to call, with an hour.
    let orders = [" ring ", " call "].iter().any(|w| folded.starts_with(w)) && HOURS.iter().any(says);
    (orders || ASKS.iter().any(says)) && !NOT.iter().any(says)
}

/// Lines, and sentences within them; `kl. 14` and `14.30` are no ends of one.
fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines().take(SENTENCES_MAX) {
        let mut sentence = String::new();
        for word in line.split_whitespace() {
            if !sentence.is_empty() {
                sentence.push(' ');
            }
            sentence.push_str(word);
            let short =
                ["kl.", "ca.", "tel.", "nr.", "mob.", "t.ex.", "a.m.", "p.m."].contains(&word.to_lowercase().as_str());
            if word.ends_with(['.', '!', '?']) && !short {
                out.push(std::mem::take(&mut sentence));
            }
        }
        if !sentence.is_empty() {
            out.push(sentence);
        }
        if out.len() >= SENTENCES_MAX {
            break;
        }
    }
    out
}

/// The first telephone number, as it was written: it begins with 0 or +, and has eight to fifteen digits.
fn phone(text: &str) -> Option<String> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut i = 0;
    while i < chars.len() {
        let (at, c) = chars[i];
        let free = i == 0
            || !(chars[i - 1].1.is_alphanumeric() || matches!(chars[i - 1].1, '-' | '.' | '/' | ':' | '#' | '+'));
        if !free || !(c == '+' || c == '0') {
            i += 1;
            continue;
        }
        let mut end = at + c.len_utf8();
        let mut digits = usize::from(c == '0');
        let mut gap = 0;
        let mut next = i + 1;
        while let Some(&(p, d)) = chars.get(next) {
            if d.is_ascii_digit() {
                digits += 1;
                end = p + 1;
                gap = 0;
            } else if matches!(d, ' ' | '-' | '\u{a0}' | '\u{2011}' | '–' | '/' | '(' | ')') && gap < 2 {
                gap += 1;
            } else {
                break;
            }
            next += 1;
        }
        if (8..=15).contains(&digits) {
            return Some(text[at..end].to_owned());
        }
        i = next.max(i + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read in a mail of Friday 20 November 2026, 10:00 in Stockholm.
    fn check(text: &str, expect: &str) {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let said_at = Time::parse_rfc3339("2026-11-20T09:00:00Z").unwrap();
        let shown = |t: Option<Time>| {
            t.map_or_else(
                || "-".to_owned(),
                |t| t.timestamp().to_zoned(zone.clone()).strftime("%a %d %H:%M").to_string(),
            )
        };
        let got = wish(text, said_at, &zone).map_or_else(
            || "none".to_owned(),
            |w| format!("{} {} {}", shown(w.call.from), shown(w.call.until), w.phone.unwrap_or_default()),
        );
        assert_eq!(got.trim(), expect, "{text:?}");
    }

    #[test]
    fn wishes_in_a_mail() {
        check("Hej!\nRing mig kl 14 på 070-123 45 67, tack.\n/Eva", "Fri 20 14:00 - 070-123 45 67");
        check("Kan ni ringa efter 15?", "Fri 20 15:00 -");
        check("Kan ni ringa mig? Efter 15 passar bra. 070 12 11 10 9", "Fri 20 15:00 - 070 12 11 10 9");
        check("Jag vill bli uppringd i morgon kl. 9-10 på 08-123 45 67.", "Sat 21 09:00 Sat 21 10:00 08-123 45 67");
        check("Bra! Ring hellre kl 16 i dag på 070-765 43 21.", "Fri 20 16:00 - 070-765 43 21");
        check("Ring mig gärna före 12", "- Fri 20 12:00");
        check("Please call me at 2 pm on +46 70 123 45 67.", "Fri 20 14:00 - +46 70 123 45 67");
        check("Could you call me tomorrow at 2 pm? My number is 070-1234567", "Sat 21 14:00 - 070-1234567");
        check("Ring mig på 070-123 45 67", "- - 070-123 45 67");
        check("Ring mig när ni kan.\nEva\n070-123 45 67", "- - 070-123 45 67");
    }

    #[test]
    fn what_is_no_wish() {
        check("Ring inte, mejla kl 14.", "none");
        check("Jag ringde er kl 14 men ingen svarade. 070-123 45 67", "none");
        check("You called me at 2 pm.", "none");
        check("Paketet skulle komma kl 14.", "none");
        check("Ring mig när ni kan.", "none");
        check("Ring i silver, storlek 12-14", "none");
        check("Ring kom inte kl 14", "none");
        check("Jag vill ha en ring mig och min fru till glädje", "none");
        check("Please do not call me at 2 pm", "none");
        check("", "none");
    }

    #[test]
    fn numbers() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(phone(text).as_deref(), expect, "{text}");
        check("070-123 45 67.", Some("070-123 45 67"));
        check("(0)70", None);
        check("+46 (0)70-123 45 67", Some("+46 (0)70-123 45 67"));
        check("order 10012345678", None);
        check("2026-01-02", None);
        check("order-0701234567", None);
    }
}
