//! Header blocks and the dividers above them: how Outlook and others begin the mail that is answered or forwarded.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::mail::address;
use crate::mail::lower::lower;
use crate::mail::quote::attribution;
use crate::mail::quote::labels::{self, Label};
use crate::mail::quote::lines::{content, depth, is_blank, is_dash, is_rule};
use crate::model::{Address, Party, Time, one_line};

/// How many lines of a header block are read.
const MAX_LINES: usize = 40;

/// A header block as it was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// The line after it.
    pub end: usize,
    pub from: String,
    pub subject: String,
    /// As it was printed, in whatever language.
    pub date: String,
    /// It has what only a mail has: an address, a subject, `>` before it.
    pub is_mail: bool,
    pub has_date: bool,
    /// How many different labels it has.
    pub labels: usize,
    /// Finnish answers and Danish forwards both bear `VS:`; the labels tell.
    pub is_finnish: bool,
}

impl Block {
    /// Enough of a header to be one without a divider above it. "Från: Malmö, Till: Lund, Datum: 3 maj" is a journey.
    fn stands_alone(&self) -> bool {
        let whole = !self.from.is_empty() && self.labels >= 3;
        self.is_mail && (whole || (self.labels >= 2 && exact_date(&self.date).is_some()))
    }

    pub(super) fn party(&self) -> Option<Party> {
        party(&self.from)
    }
}

/// What a divider announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announces {
    Original,
    Forward,
}

/// A divider, its header block if one follows, and where the mail's own text begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Divider {
    pub announces: Option<Announces>,
    pub block: Option<Block>,
    pub end: usize,
}

/// `Label: value` of a line, decorations gone.
fn labelled(line: &str) -> Option<(Label, &str)> {
    if !has_colon(line) {
        return None;
    }
    let text = content(line).trim_start_matches(['*', '_', '|', ' ', '\t', '\u{a0}', '#']);
    let (at, colon) = text.char_indices().take(40).find(|(_, c)| matches!(c, ':' | '：'))?;
    let label = labels::label(text[..at].trim_matches(['*', '_', ' ', '\u{a0}', '\t']))?;
    let value = text[at + colon.len_utf8()..].trim_start_matches(['*', '_']).trim();
    Some((label, value))
}

/// `:` or `：`. Most lines have none, and then there is no label in them.
fn has_colon(line: &str) -> bool {
    memchr::memchr(b':', line.as_bytes()).is_some() || (!line.is_ascii() && line.contains('：'))
}

/// The header block that begins at line `start`.
pub(super) fn at(lines: &[&str], start: usize) -> Option<Block> {
    if let Some(block) = read(lines, start, Colons::Always).filter(Block::stands_alone) {
        return Some(block);
    }
    if let Some(block) = notes(lines, start) {
        return Some(block);
    }
    if lines[start].bytes().filter(|b| *b == b':').count() < 4 {
        return None;
    }
    // The same in one line, where the breaks of an HTML mail were lost.
    let (label, _) = labelled(lines[start])?;
    let mut block =
        one_line_block(content(lines[start])).filter(|b| label == Label::From && b.labels >= 4 && b.is_mail)?;
    block.end = start + 1;
    Some(block)
}

/// Lotus Notes of old: the sender, the date, and labels on lines of their own with their values below them.
fn notes(lines: &[&str], start: usize) -> Option<Block> {
    static MOMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4},? [0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?: ?[AaPp][Mm])?(?: [A-Z]{2,5})?$").ok()
    });
    let date = content(lines.get(start + 1)?).trim();
    if !date.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let from = content(lines.get(start)?).trim();
    if from.is_empty() || from.len() > 120 || !MOMENT.as_ref()?.is_match(date) {
        return None;
    }
    let mut block =
        Block { from: from.to_owned(), date: date.to_owned(), has_date: true, is_mail: true, ..Block::default() };
    block.labels = 2;
    for i in start + 2..lines.len().min(start + 20) {
        let text = content(lines[i]).trim();
        let value = || lines.get(i + 1).map_or("", |l| content(l).trim());
        match labels::label(text) {
            Some(Label::To) => block.labels += 1,
            Some(Label::Subject) => {
                value().clone_into(&mut block.subject);
                block.labels += 1;
                block.end = (i + 2).min(lines.len());
                break;
            }
            _ => {}
        }
    }
    (block.labels == 4).then_some(block)
}

/// The same with fewer labels, below a divider.
fn below_divider(lines: &[&str], start: usize) -> Option<Block> {
    let enough = |b: &Block| !b.from.is_empty() && b.labels >= 2;
    read(lines, start, Colons::Always).filter(enough).or_else(|| read(lines, start, Colons::Never).filter(enough))
}

/// eM Client writes its labels without colons.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colons {
    Always,
    Never,
}

/// `Label value`, where the value is a name in quotes or has a digit or an address.
fn labelled_without_colon(line: &str) -> Option<(Label, &str)> {
    let text = content(line).trim();
    let (word, value) = text.split_once([' ', '\u{a0}', '\t'])?;
    if word.ends_with(':') {
        return None;
    }
    Some((labels::label(word)?, value.trim()))
}

/// A label that no table has: one word and a colon.
fn is_unknown_label(line: &str) -> bool {
    let text = content(line).trim_start_matches(['*', '_', ' ']);
    let Some((word, rest)) = text.split_once(':') else { return false };
    let word = word.trim_end_matches([' ', '\u{a0}', '*']);
    (2..=20).contains(&word.chars().count())
        && word.chars().all(|c| c.is_alphabetic() || c == '-')
        && word.starts_with(char::is_uppercase)
        && !rest.starts_with("//")
}

fn read(lines: &[&str], start: usize, colons: Colons) -> Option<Block> {
    let labelled = match colons {
        Colons::Always => labelled,
        Colons::Never => labelled_without_colon,
    };
    labelled(lines.get(start)?)?;
    let mut block = Block { end: start, ..Block::default() };
    let mut seen = BTreeSet::new();
    let mut last = Label::Other;
    let mut i = start;
    while i < lines.len() && i - start < MAX_LINES {
        if let Some((label, value)) = labelled(lines[i]) {
            // A second From or Subject belongs to the text below; so does everything below a whole block without colons.
            if matches!(label, Label::From | Label::Subject) && !seen.insert(label) {
                break;
            }
            if colons == Colons::Never && seen.contains(&label) && label != Label::From && label != Label::Subject {
                break;
            }
            seen.insert(label);
            match label {
                Label::From => {
                    value.clone_into(&mut block.from);
                    block.is_finnish |= content(lines[i]).to_lowercase().contains("lähettäjä");
                }
                Label::Subject => value.clone_into(&mut block.subject),
                Label::Date => {
                    block.has_date |= value.chars().any(|c| c.is_ascii_digit());
                    if block.date.is_empty() {
                        value.clone_into(&mut block.date);
                    }
                }
                _ => {}
            }
            block.is_mail |= label == Label::Subject || depth(lines[i]) > 0 || value.contains('@');
            last = label;
            i += 1;
            block.end = i;
            continue;
        }
        let next = |n: usize| lines.get(i + n).is_some_and(|l| labelled(l).is_some());
        if is_blank(lines[i]) {
            // Blank lines between the labels, where each was a paragraph; never between a complete block and the text.
            if next(1) && !(seen.contains(&Label::From) && seen.contains(&Label::Subject) && seen.contains(&Label::To))
            {
                i += 1;
                continue;
            }
            break;
        }
        // A wrapped value; the next label must follow soon.
        if next(1) || (next(2) && !is_blank(lines[i + 1])) {
            let more = content(lines[i]).trim();
            match last {
                _ if is_unknown_label(lines[i]) => last = Label::Other,
                Label::From => {
                    block.from = format!("{} {more}", block.from);
                    block.is_mail |= more.contains('@');
                }
                Label::Subject => block.subject = format!("{} {more}", block.subject),
                _ => {}
            }
            i += 1;
            continue;
        }
        break;
    }
    seen.remove(&Label::Other);
    block.labels = seen.len();
    let dateless = seen.contains(&Label::Date) && !block.has_date;
    (!dateless).then_some(block)
}

static DASHES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\W*?[-_=‐-―─*]{2,}\s*([^-_=‐-―─*][^_=*]{2,160}?)\s*[-_=‐-―─*]{2,}\s*(.*)$").ok());

/// The divider at line `i`: dashes around a phrase, or a phrase with a header block below.
pub(super) fn divider(lines: &[&str], i: usize) -> Option<Divider> {
    let text = content(lines[i]).trim();
    if text.len() > 2_000 {
        return None;
    }
    if text.starts_with(is_dash)
        && !attribution::between_dashes(text)
        && let Some(caps) = DASHES.as_ref().and_then(|d| d.captures(text))
    {
        let phrase = caps.get(1).map_or("", |m| m.as_str()).trim_matches([' ', ':', '*']).to_lowercase();
        let rest = caps.get(2).map_or("", |m| m.as_str());
        let announces = announced(&phrase);
        if !rest.is_empty() {
            let mut block = one_line_block(rest)?;
            block.end = i + 1;
            return Some(Divider { announces, end: i + 1, block: Some(block) });
        }
        let block = next_block(lines, i + 1, 2);
        let announces = match &block {
            Some(_) if forwards(&phrase) => Some(Announces::Forward),
            _ => announces,
        };
        if announces.is_none() && block.is_none() {
            return None;
        }
        let end = block.as_ref().map_or(i + 1, |b| b.end);
        return Some(Divider { announces, block, end });
    }
    if text.starts_with("---") && attribution::between_dashes(text) {
        let block = next_block(lines, i + 1, 2);
        return Some(Divider { announces: None, end: block.as_ref().map_or(i + 1, |b| b.end), block });
    }
    if text.len() < 80 && text.ends_with([':', '.']) || text.len() < 50 {
        let phrase = text.trim_end_matches([':', ' ', '\u{a0}', '.']);
        let colon = text.ends_with(':');
        // The small letters of these are as long as their capital ones.
        if !colon && !labels::FORWARD_LINES.iter().any(|l| l.len() == phrase.len()) {
            return None;
        }
        let phrase = lower(phrase);
        let known = labels::FORWARD_LINES.contains(&phrase.as_str());
        if known || (colon && labelled(text).is_none() && forwards(&phrase)) {
            let block = next_block(lines, i + 1, 4)?;
            return Some(Divider { announces: Some(Announces::Forward), end: block.end, block: Some(block) });
        }
    }
    None
}

fn announced(phrase: &str) -> Option<Announces> {
    if labels::FORWARDED.contains(&phrase) {
        Some(Announces::Forward)
    } else if labels::ORIGINAL.contains(&phrase) {
        Some(Announces::Original)
    } else {
        None
    }
}

/// Whether a phrase with a header block below it speaks of forwarding ("Forwarded by Anna on …").
fn forwards(phrase: &str) -> bool {
    labels::FORWARD_STEMS.iter().any(|s| phrase.contains(s))
}

/// The block within the next lines, blank ones and drawn ones aside.
fn next_block(lines: &[&str], from: usize, within: usize) -> Option<Block> {
    let skipped = |n: usize| is_blank(lines[n]) || is_rule(lines[n]);
    let start = (from..lines.len()).take(within + 1).find(|&n| !skipped(n))?;
    let mut block = below_divider(lines, start)?;
    if start > from && is_rule(lines[start - 1]) && lines.get(block.end).is_some_and(|l| is_rule(l)) {
        block.end += 1;
    }
    Some(block)
}

/// Yahoo prints the header as one line: `From: A <a@a.test>To: …Sent: …Subject: …`.
fn one_line_block(text: &str) -> Option<Block> {
    let mut found: Vec<(Label, usize, usize)> = Vec::new();
    for (colon, c) in text.char_indices().filter(|(_, c)| matches!(c, ':' | '：')) {
        let from = found.last().map_or(0, |f| f.2);
        if let Some((label, start)) = labels::label_at_end(text[from..colon].trim_end()) {
            found.push((label, from + start, colon + c.len_utf8()));
        }
        if found.len() > 10 {
            break;
        }
    }
    let mut block = Block::default();
    for (n, (label, _, value)) in found.iter().enumerate() {
        let end = found.get(n + 1).map_or(text.len(), |f| f.1);
        let value = text[*value..end].trim();
        match label {
            Label::From if block.from.is_empty() => value.clone_into(&mut block.from),
            Label::Subject if block.subject.is_empty() => value.clone_into(&mut block.subject),
            Label::Date if block.date.is_empty() => value.clone_into(&mut block.date),
            _ => {}
        }
        block.is_mail |= matches!(label, Label::From | Label::To) && value.contains('@');
    }
    block.labels = found.len();
    (block.labels >= 3 && !block.from.is_empty()).then_some(block)
}

/// The sender as a mail program printed it: `A <a@a.test>`, `A [mailto:a@a.test]`, `A<mailto:a@a.test> <a@a.test<mailto:…>>`.
pub(super) fn party(text: &str) -> Option<Party> {
    let text = one_line(text);
    static FOUND: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"[^\s<>\[\]()"',;:]+@[^\s<>\[\]()"',;:]+"#).ok());
    let found = FOUND.as_ref()?.find(&text)?;
    let address = Address::parse(found.as_str().trim_end_matches('.'))?;
    let before = text[..found.start()].trim_end_matches("mailto:").trim_end_matches(['<', '[', '(', ' ', '"', '\'']);
    let name =
        before.split(['<', '[']).next().unwrap_or_default().trim().trim_matches(['"', '\'', '“', '”', '„', ',']).trim();
    // A name in quotes or with a comma is no list of addresses.
    let name = if name.is_empty() { "" } else { name };
    if name.contains('@') {
        let list = address::parties(text.as_bytes(), 1, &mut BTreeSet::new()).list;
        return list.into_iter().next().or_else(|| Some(Party::new("", address)));
    }
    Some(Party::new(name, address))
}

/// Where a forwarded mail ends that says so: `----- End forwarded message -----` (mutt, Horde), or KMail's last drawn line.
pub(super) fn end_of_forward(lines: &[&str], divider: &str, from: usize) -> Option<usize> {
    let said = |line: &str| {
        let text = content(line).trim();
        let phrase = text.trim_matches(|c| is_dash(c) || c == ' ').to_lowercase();
        text.starts_with("---")
            && text.ends_with("---")
            && labels::ENDS.iter().any(|e| phrase.starts_with(e))
            && forwards(&phrase)
    };
    if let Some(end) = (from..lines.len()).find(|&n| said(lines[n])) {
        return Some(end);
    }
    let is_kmail = divider.trim().starts_with("----------  ") && divider.trim().ends_with("  ----------");
    let last = (from..lines.len()).rev().find(|&n| !is_blank(lines[n]))?;
    (is_kmail && is_rule(lines[last]) && lines[last].trim().len() >= 30).then_some(last)
}

/// A printed date that is a header's own (`Thu, 19 Nov 2026 09:12:00 +0100`); one in words of a language has no zone.
pub(super) fn exact_date(text: &str) -> Option<Time> {
    static EXACT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? [+-][0-9]{4}",
        )
        .ok()
    });
    EXACT.as_ref()?.find(text).and_then(|m| address::date(m.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, &str, usize)>) {
        let lines: Vec<&str> = text.lines().collect();
        let got = at(&lines, 0);
        let got = got.as_ref().map(|b| (b.from.as_str(), b.subject.as_str(), b.end));
        assert_eq!(got, expect, "{text:?}");
    }

    #[test]
    fn blocks() {
        check(
            "Från: Anna <a@a.test>\nSkickat: den 24 november 2026 10:15\nTill: Butik\nÄmne: Väska\n\nHej",
            Some(("Anna <a@a.test>", "Väska", 4)),
        );
        check("*From:* Anna\n*Sent:* Tuesday 24\n*To:* x\n*Subject:* y\ntext", Some(("Anna", "y", 4)));
        check("De : Anna\nEnvoyé : mardi 24\nÀ : x\nObjet : y", Some(("Anna", "y", 4)));
        check("From: Human\n<long@a.test>\nSent: 24\nTo: x\nSubject: y", Some(("Human <long@a.test>", "y", 5)));
        check("From: Anna\n\nSent: 24\n\nTo: x\n\nSubject: y\n\nHej", Some(("Anna", "y", 7)));
        check("> Från: Anna\n> Datum: 24 november\n> Till: x\n>\n> Hej", Some(("Anna", "", 3)));
        // Contact forms.
        check("From: Anna <a@a.test>\nSubject: Fråga\n\nMessage Body:\nHej", None);
        check("Från: Anna\nDatum: i morgon\nTill: x", None);
        check("Hej: du", None);
    }

    #[test]
    fn dividers() {
        let check = |text: &str, announces: Option<Announces>, block: bool| {
            let lines: Vec<&str> = text.lines().collect();
            let got = divider(&lines, 0).map(|d| (d.announces, d.block.is_some()));
            assert_eq!(got, Some((announces, block)), "{text:?}");
        };
        check("-----Ursprungligt meddelande-----\nFrån: a\nSkickat: 24", Some(Announces::Original), true);
        check("---------- Forwarded message ---------\nFrån: a@a.test\nDate: 24", Some(Announces::Forward), true);
        check("----- Original Message -----\n\nHi", Some(Announces::Original), false);
        check("--- Onbekende taal ---\nVan: a\nDatum: 24", None, true);
        check("> Begin forwarded message:\n>\n> From: a\n> Subject: b", Some(Announces::Forward), true);
        check(
            "----- Forwarded Message ----- From: A <a@a.test>To: x <x@x.test>Sent: Tuesday, 09:26 AM GMT+1Subject: Hej",
            Some(Announces::Forward),
            true,
        );
        for text in ["--- viktigt ---\nhej", "----", "Forwarded message: hej", "- a - b"] {
            assert_eq!(divider(&text.lines().collect::<Vec<_>>(), 0), None, "{text:?}");
        }
    }

    #[test]
    fn senders() {
        let check = |text: &str, expect: &str| {
            let got = party(text).map(|p| format!("{}|{}", p.name, p.address)).unwrap_or_default();
            assert_eq!(got, expect, "{text:?}");
        };
        check("Anna <a@a.test>", "Anna|a@a.test");
        check("Anna [mailto:a@a.test]", "Anna|a@a.test");
        check("Anna<mailto:a@a.test> <a@a.test<mailto:a@a.test>> on behalf of b@b.test", "Anna|a@a.test");
        check("\"Doe, J\" <a@a.test>", "Doe, J|a@a.test");
        check("Doe, J <a@a.test>", "Doe, J|a@a.test");
        check("a@a.test", "|a@a.test");
        check("„Anna” <a@a.test>", "Anna|a@a.test");
        check("Anna", "");
    }
}
