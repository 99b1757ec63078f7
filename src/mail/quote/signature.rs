//! What stands below the sender's text and is none of it: his signature, a telephone's line, a disclaimer; and above it, a banner.
//!
//! Each rule has a name that `explain` prints. A rule that is not sure finds nothing: a signature left standing does no harm.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::html::parse::{SIGNATURE, SIGNATURE_END};
use crate::mail::lower::lower;
use crate::mail::phrase::{Openings, any_of};
use crate::mail::quote::find::Text;
use crate::mail::quote::lines::{is_blank, is_rule};
use crate::mail::quote::notices::{BANNERS, DISCLAIMERS};
use crate::mail::quote::phrases::{AFTERTHOUGHTS, CLOSINGS, DEVICE_OPENINGS, DEVICES, SLOGANS, SPEAKERS};
use crate::model::Party;

static IN_BANNERS: LazyLock<Regex> = LazyLock::new(|| any_of(BANNERS));
static IN_DISCLAIMERS: LazyLock<Regex> = LazyLock::new(|| any_of(DISCLAIMERS));
static OF_CLOSINGS: LazyLock<Openings> = LazyLock::new(|| Openings::new(CLOSINGS));
static OF_DEVICES: LazyLock<Openings> = LazyLock::new(|| Openings::new(DEVICE_OPENINGS));
static OF_SLOGANS: LazyLock<Openings> = LazyLock::new(|| Openings::new(SLOGANS));

/// How many lines a signature behind `--` may have where the space behind it is missing.
const MAX_LINES: usize = 15;

/// A stretch of lines that is a signature, within what was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub rule: &'static str,
    pub start: usize,
    pub end: usize,
}

type Rule = fn(&Text<'_>, usize, usize, Option<&Party>) -> Option<Found>;

/// The rules, ranked: the first that finds something cuts, then all are asked again about what is left.
const RULES: &[Rule] = &[html, dashes, device, disclaimer, drawn, closing, name];

/// The signature at the end of `from..to`; nothing where it would be all there is.
pub(super) fn find(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let to = (from..to).rev().find(|&n| !is_blank(lines[n])).map_or(from, |n| n + 1);
    RULES.iter().find_map(|rule| rule(text, from, to, sender)).filter(|f| (from..f.start).any(|n| !is_blank(lines[n])))
}

/// Whether nothing stands in `from..to` but what a program wrote by itself, or a closing with a name.
pub(super) fn is_all(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> bool {
    let lines = &text.lines;
    let Some(first) = (from..to).find(|&n| !is_blank(lines[n])) else { return false };
    let last = (first..to).rev().find(|&n| !is_blank(lines[n])).map_or(first, |n| n + 1);
    let is_alone = |f: Found| f.start <= first && f.end >= last;
    let alone =
        [html, dashes, device, closing].iter().any(|rule| rule(text, first, last, sender).is_some_and(is_alone));
    // A closing above a telephone's line.
    alone || device(text, first, last, sender).is_some_and(|f| f.start > first && is_all(text, first, f.start, sender))
}

/// A banner that the receiving side put above everything: a first paragraph, with text below it.
pub(super) fn banner(text: &Text<'_>, from: usize, to: usize) -> Option<Found> {
    let lines = &text.lines;
    let start = (from..to).find(|&n| !is_blank(lines[n]) && !is_rule(lines[n]))?;
    let end = (start..to).find(|&n| is_blank(lines[n]) || is_rule(lines[n]))?;
    // A banner is short, and so is what it is looked for in.
    let size: usize = lines[start..end].iter().map(|l| l.len()).sum();
    if size > 1_000 {
        return None;
    }
    let said = lower(&lines[start..end].join(" "));
    let tag = said.len() < 40
        && said.starts_with('[')
        && said.ends_with(']')
        && (said.contains("extern") || said.contains("ekstern"));
    let is_banner = tag || (said.len() < 700 && IN_BANNERS.is_match(&said));
    let end = (end..to).find(|&n| !is_blank(lines[n]) && !is_rule(lines[n]))?;
    is_banner.then_some(Found { rule: "banner", start: from, end })
}

/// An element that a mail program made for it.
fn html(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let start = (from..to).rev().find(|&n| text.mark(n) == Some(SIGNATURE))?;
    let end = (start + 1..to).find(|&n| text.mark(n) == Some(SIGNATURE_END)).unwrap_or(to);
    // Gmail writes its own `--` above the element.
    let above = (from..start).rev().find(|&n| !is_blank(text.lines[n]));
    let start = above.filter(|&n| text.lines[n].trim_end() == "--").unwrap_or(start);
    Some(Found { rule: "signature-html", start, end: before_afterthought(&text.lines, start, end) })
}

/// `-- ` (RFC 3676, 4.3), or `--` with what looks like a signature below.
fn dashes(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let start =
        (from..to).find(|&n| lines[n] == "-- " || (lines[n].trim_end() == "--" && is_signed(&lines[n + 1..to])))?;
    Some(Found { rule: "signature-dashes", start, end: before_afterthought(lines, start, to) })
}

/// Few lines, the first short, no question, no further `--`: three things between two dashes are a list.
fn is_signed(below: &[&str]) -> bool {
    let mut filled = below.iter().map(|l| l.trim()).filter(|l| !is_blank(l));
    let Some(first) = filled.next() else { return true };
    below.len() <= MAX_LINES
        && first.chars().count() <= 70
        && !first.ends_with(['?', ':'])
        && filled.all(|l| !l.ends_with('?') && l != "--")
}

/// Where the sender goes on after his signature ("PS. …"), or `end`.
fn before_afterthought(lines: &[&str], start: usize, end: usize) -> usize {
    let begins = |n: usize| is_blank(lines[n - 1]) && is_afterthought(lines[n]);
    (start + 2..end).find(|&n| begins(n)).unwrap_or(end)
}

fn is_afterthought(line: &str) -> bool {
    let lower = line.trim().to_lowercase();
    let first = lower.split([' ', ':']).next().unwrap_or_default();
    AFTERTHOUGHTS.contains(&first.trim_end_matches(['.', '!', ',', ';'])) && lower.len() > first.len()
}

/// What telephones and apps write by themselves: the last line, or a paragraph of its own above more of the sender's words.
fn device(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let apart = |n: usize| n > from && is_blank(lines[n - 1]) && (n + 1 == to || is_blank(lines[n + 1]));
    let start = (from..to).rev().take(40).find(|&n| (n + 1 == to || apart(n)) && is_device(lines[n]))?;
    Some(Found { rule: "signature-mobile", start, end: start + 1 })
}

/// Short, begins as such lines do, and names a device or a program; "Sent from my desk, is much easier …" does not.
fn is_device(line: &str) -> bool {
    let line = line.trim().trim_matches(['\u{2063}', '\u{200b}', '\u{200e}', '\u{feff}', ' ']);
    let end = line.find(['<', '[']).into_iter().chain(line.find(" (")).min().unwrap_or(line.len());
    let words = line[..end].trim().trim_matches(['*', '_', '(', ')', '>', ' ']);
    // Lower-casing hardly changes lengths.
    if words.len() > 220 {
        return false;
    }
    let words = lower(words);
    let Some(opening) = OF_DEVICES.of(&words).max_by_key(|o| o.len()) else { return false };
    if words.len() > 110 || words.contains([',', '?', '!', ';']) || words.trim_end_matches('.').contains(". ") {
        return false;
    }
    let rest = &words[opening.len()..];
    let count = rest.split_whitespace().count();
    let names = words
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .any(|w| DEVICES.iter().any(|d| w == *d || (d.chars().count() > 3 && w.starts_with(d))));
    count <= 10 && (names || (count <= 3 && rest.contains("my ")))
}

/// The last paragraphs, where each says what no customer says.
fn disclaimer(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let mut start = to;
    let mut found = false;
    while let Some(last) = (from..start).rev().find(|&n| !is_blank(lines[n])) {
        let first = (from..=last).rev().take_while(|&n| !is_blank(lines[n])).last().unwrap_or(last);
        if (first..=last).all(|n| is_rule(lines[n])) {
            start = first;
            continue;
        }
        // Only from the line on that begins it: what stands right above may be the sender's.
        let joined = lower(&lines[first..=last].join(" "));
        if joined.len() < 12 || !IN_DISCLAIMERS.is_match(&joined) {
            break;
        }
        let lower: Vec<String> = lines[first..=last].iter().map(|l| lower(l)).collect();
        let said = |n: usize| IN_DISCLAIMERS.is_match(&lower[n..(n + 2).min(lower.len())].join(" "));
        let begins = (0..lower.len()).find(|&n| said(n)).unwrap_or(0);
        // A paragraph that begins within the notice's first sentence is all notice.
        let before: usize = lower[..begins].iter().map(String::len).sum();
        let whole = before < 250 && !lower[..begins].iter().any(|l| l.trim_end().ends_with(['.', '!', '?', ',']));
        found = true;
        start = if whole { first } else { first + begins };
        if !whole {
            break;
        }
    }
    found.then_some(Found { rule: "disclaimer", start, end: to })
}

/// A drawn line and below it the sender's name with few short lines.
fn drawn(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let start = (from..to).rev().take(16).find(|&n| is_rule(lines[n]) || lines[n].trim() == "---")?;
    let below: Vec<usize> = (start + 1..to).filter(|&n| !is_blank(lines[n])).collect();
    let (&first, others) = below.split_first()?;
    let named = is_name(lines[first], None) && is_senders(lines[first], sender);
    (named && others.iter().all(|&n| is_contact(lines, n))).then_some(Found { rule: "signature-line", start, end: to })
}

/// A closing and a name, with few short lines of address below, and nothing that is a sentence.
fn closing(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let filled = last_filled(lines, from, to, 12);
    // The last such line within a signature's length.
    for (back, &start) in filled.iter().rev().enumerate() {
        let below = &filled[filled.len() - back..];
        let Some(rest) = after_closing(lines[start], lines, start, from, sender) else { continue };
        let (name, contact) = match (rest.is_empty(), below.split_first()) {
            (false, _) => (rest, below),
            (true, Some((&first, others))) => (lines[first].trim(), others),
            (true, None) => ("", below),
        };
        let named = name.is_empty() || is_name(name, sender);
        let plain = contact.iter().all(|&n| is_contact(lines, n));
        if named && plain {
            return Some(Found { rule: "signature-closing", start, end: to });
        }
    }
    None
}

/// The sender's whole name in a paragraph of its own, or his name above a telephone number, a link or an address.
fn name(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let filled = last_filled(lines, from, to, 8);
    for (back, &start) in filled.iter().rev().enumerate() {
        let line = lines[start].trim();
        if start == from || !is_blank(lines[start - 1]) || !is_name(line, None) || !is_senders(line, sender) {
            continue;
        }
        let below = &filled[filled.len() - back..];
        let whole = line.split_whitespace().count() >= 2;
        let reached = below.iter().any(|&n| has_contact(lines[n]));
        if (reached || (whole && below.is_empty())) && below.iter().all(|&n| is_contact(lines, n)) {
            return Some(Found { rule: "signature-name", start, end: to });
        }
    }
    None
}

/// The last lines of `from..to` that are not blank, at most `count`, in their order.
fn last_filled(lines: &[&str], from: usize, to: usize, count: usize) -> Vec<usize> {
    let mut filled: Vec<usize> = (from..to).rev().filter(|&n| !is_blank(lines[n])).take(count).collect();
    filled.reverse();
    filled
}

/// What follows a closing on its line ("" if nothing does); `None` where the line is no closing.
fn after_closing<'t>(line: &'t str, lines: &[&str], at: usize, from: usize, sender: Option<&Party>) -> Option<&'t str> {
    let line = line.trim();
    if line.chars().count() > 60 {
        return None;
    }
    // `/Anna`, `//Anna`, `-Anna` below a blank line.
    if let Some(rest) = line.strip_prefix('/') {
        let name = rest.trim_start_matches('/').trim();
        return (!name.is_empty() && is_name(name, sender)).then_some(name);
    }
    if let Some(name) = line.strip_prefix(['-', '–', '—', '~']) {
        let alone = at > from && is_blank(lines[at - 1]) && !name.starts_with([' ', '-']);
        return (alone && is_name(name, sender) && (name.contains(' ') || is_senders(name, sender))).then_some(name);
    }
    let lowered = lower(line);
    let closing = OF_CLOSINGS.of(&lowered).max_by_key(|c| c.len())?;
    // Lower-casing may change lengths; then the line is not one of these.
    let rest = line.get(closing.len()..).filter(|_| lowered.len() == line.len())?;
    if rest.chars().next().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let rest = rest.trim_matches([',', '.', '!', ' ', '/', '-', '–', ':', '*']);
    // The same in a second language: "Med venlig hilsen / Best regards".
    if CLOSINGS.contains(&lower(rest).as_str()) {
        return Some("");
    }
    // "Best", "hälsningar" … may begin a sentence; then what follows is no name.
    (rest.is_empty() || is_name(rest, sender)).then_some(rest)
}

/// One to three words with capitals, or the sender's own name.
fn is_name(text: &str, sender: Option<&Party>) -> bool {
    let text = text.trim().trim_matches(['*', '_', ',', '.', '!', '/']);
    if text.is_empty() || text.chars().count() > 50 || text.contains(['?', ':', '!', '@']) {
        return false;
    }
    if is_senders(text, sender) && text.split_whitespace().count() <= 5 {
        return true;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_capital = |w: &&str| {
        w.chars().next().is_some_and(char::is_uppercase) && w.chars().all(|c| c.is_alphabetic() || "-'’.&".contains(c))
    };
    let link = |w: &&str| matches!(*w, "och" | "og" | "and" | "&" | "von" | "van" | "de" | "af" | "+");
    words.len() <= 3 && words.iter().all(|w| is_capital(w) || link(w)) && words.first().is_some_and(is_capital)
}

fn is_senders(text: &str, sender: Option<&Party>) -> bool {
    let Some(sender) = sender else { return false };
    let lower = text.to_lowercase();
    let name = sender.name.to_lowercase();
    let mut words =
        name.split(|c: char| !c.is_alphabetic()).chain(sender.address.local().split(|c: char| !c.is_alphabetic()));
    words.any(|w| w.chars().count() >= 3 && lower.split(|c: char| !c.is_alphabetic()).any(|l| l == w))
}

/// A line of an address, a telephone number, a title: no sentence, no afterthought.
fn is_contact(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    if line.chars().count() > 90 || line.ends_with(['?', '!']) || is_afterthought(line) {
        return false;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let count = words.iter().filter(|w| w.chars().any(char::is_alphanumeric)).count();
    let sentence = line.ends_with('.') && count > 4;
    let bullet = line.starts_with(['-', '*', '•']) && line.chars().nth(1) == Some(' ');
    let speaks = words.iter().any(|w| {
        let bare = w.trim_matches(|c: char| !c.is_alphanumeric());
        bare.starts_with(char::is_lowercase) && SPEAKERS.contains(&bare.to_lowercase().as_str())
    });
    let first = words.first().map(|w| w.to_lowercase()).unwrap_or_default();
    let speaks = speaks || (words.len() > 2 && SPEAKERS.contains(&first.as_str()));
    let small = words.iter().filter(|w| w.starts_with(char::is_lowercase) && !w.contains(['@', '.', '/'])).count();
    if OF_SLOGANS.of(&lower(line)).next().is_some() {
        return true;
    }
    // Words in small letters make a sentence; a title has two, a line with a number or a link three.
    let allowed = if has_contact(line) { 3 } else { 2 };
    !sentence && !bullet && !speaks && count <= 12 && small <= allowed
}

/// A telephone number, a link, an address.
fn has_contact(line: &str) -> bool {
    let lower = lower(line);
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    digits >= 5 || lower.contains('@') || lower.contains("www.") || lower.contains("http")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    fn check(text: &str, rule: Option<&str>, start: usize) {
        let lines: Vec<&str> = text.lines().collect();
        let count = lines.len();
        let text_of = Text::new(lines, Vec::new());
        let anna = Address::parse("anna.andersson@a.test").map(|a| Party::new("Anna Andersson", a));
        let found = find(&text_of, 0, count, anna.as_ref());
        assert_eq!(found.map(|f| f.rule), rule, "{text:?}");
        assert_eq!(found.map_or(0, |f| f.start), start, "{text:?}");
    }

    #[test]
    fn signatures() {
        check("Hej\n\n-- \nAnna\n070", Some("signature-dashes"), 2);
        check("Hej\n\n--\nAnna", Some("signature-dashes"), 2);
        check("Hej\n\nSkickat från min iPhone", Some("signature-mobile"), 2);
        check("Hej\n\nHämta Outlook för iOS<https://aka.ms/x>", Some("signature-mobile"), 2);
        check("Hej\n\nSent from my desk, is much easier.", None, 0);
        check("Hej\n\nMvh\nAnna", Some("signature-closing"), 2);
        check("Hej\n\nMvh Anna", Some("signature-closing"), 2);
        check(
            "Hej\n\nMed vänliga hälsningar,\nAnna Andersson\nBadbutiken AB\n070-123 45 67\nwww.a.test",
            Some("signature-closing"),
            2,
        );
        check("Hej\n/Anna", Some("signature-closing"), 1);
        check("Hej\n\nMvh", Some("signature-closing"), 2);
        check("Hej\n\nMvh\nAnna\n\nPS. Kom i håg väskan!", None, 0);
        check("Hej\n\nMvh\nAnna\n\nJag glömde säga att väskan är röd och stor.", None, 0);
        check("Jag vill ha\n- Röd\n- Blå", None, 0);
        check("Best price please", None, 0);
        check("Hej\n\nHälsningar från ett regnigt Malmö där vi väntar på paketet", None, 0);
        check("Mvh\nAnna", None, 0);
        check("Hej\n\nMvh\nAnna\n\nRing mig i kväll", None, 0);
        check("Hej\n\nMvh\nAnna\nnår mig bäst efter sju", None, 0);
        check("Hej\n\n-- \nAnna\n\nPS. Väskan är röd.", Some("signature-dashes"), 2);
        check("Väska\n--\nStövlar\n--\nKan ni?", None, 0);
        check("Hej\n\nSkickat från min iPhone\n\nEn sak till: väskan", Some("signature-mobile"), 2);
        check("Hej\n\nAnna Andersson", Some("signature-name"), 2);
        check("Hej\n\nAnna\n070-123 45 67", Some("signature-name"), 2);
        check("Hej\n\nAnna", None, 0);
        check("Ring mig\n\n070-123 45 67", None, 0);
        check("Hej\n\n________\nAnna Andersson\nVD", Some("signature-line"), 2);
        check("Hej\n\n________\nSumma 100 kr", None, 0);
        check(
            "Hej\n\nThis message may contain confidential information. If you are not the\nintended recipient, delete it.",
            Some("disclaimer"),
            2,
        );
        check("Hej\n\nPlease treat this as confidential, she must not know!", None, 0);
        check("-- \nAnna", None, 0);
    }
}
