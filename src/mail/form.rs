//! Mails of web forms: who filled it in, how to reach him, when he wants to be called, and what he wrote.
//!
//! A form is text or an HTML table, with `Label: value` on a line or the label on a line of its own and the value below it:
//! Contact Form 7, WooCommerce, Gravity Forms, Elementor, Shopify, Squarespace, Wix, Typeform and those that somebody wrote himself.

pub mod call;
mod labels;

use std::collections::BTreeMap;

use crate::mail::form::call::Call;
pub use crate::mail::form::labels::Field;
use crate::mail::letter::Letter;
use crate::model::{Address, Party, Time, one_line};

/// The rule of one form: whose mails it speaks of, and how they are read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Form {
    /// The sender; `*` stands for anything. Lower case.
    pub from: String,
    /// Only mails whose subject contains this; capitals do not matter.
    pub subject: Option<String>,
    /// The customer is whom Reply-To names, before what the lines say.
    pub reply_to: bool,
    /// The form's own labels; a field without any has the usual ones.
    pub labels: BTreeMap<Field, Vec<String>>,
}

/// What a form yields.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Entry {
    /// Who filled it in; `None` where no address can be read.
    pub customer: Option<Party>,
    pub name: String,
    pub phone: Option<String>,
    /// When he wants to be called, as he wrote it, and what it means.
    pub call: Option<Call>,
    pub subject: Option<String>,
    /// What he wrote, with the form's further lines below it.
    pub text: String,
}

/// How many lines of a form are read.
const MAX_LINES: usize = 5_000;

impl Form {
    /// Whether the rule speaks of this letter.
    #[must_use]
    pub fn speaks_of(&self, letter: &Letter) -> bool {
        let from = letter.from.as_ref().is_some_and(|p| matches_pattern(&self.from, p.address.as_str()));
        let subject = letter.subject.to_lowercase();
        from && self.subject.as_ref().is_none_or(|s| subject.contains(&s.to_lowercase()))
    }

    /// Reads the form. `None` where not a single field can be found: then it is no form but another mail of that sender.
    #[must_use]
    pub fn read(&self, letter: &Letter, received_at: Time, zone: &jiff::tz::TimeZone) -> Option<Entry> {
        let lines: Vec<&str> = letter.text.lines().take(MAX_LINES).collect();
        let read = Reading::of(self, &lines);
        let reply_to = || letter.reply_to.first().filter(|p| !self.is_own(&p.address, letter)).cloned();
        if read.fields.is_empty() {
            return None;
        }
        let named = read.party().filter(|p| !self.is_own(&p.address, letter));
        let party = if self.reply_to { reply_to().or(named) } else { named };
        let mut name = read.name();
        if name.is_empty() {
            name = party.as_ref().map(|p| p.name.clone()).unwrap_or_default();
        }
        let customer = party.map(|p| Party::new(&name, p.address));
        let get = |field: Field| read.fields.get(&field).map(|v| one_line(v)).filter(|v| !v.is_empty());
        let call = get(Field::Call).and_then(|wish| call::read(&wish, received_at, zone));
        Some(Entry {
            customer,
            name,
            phone: get(Field::Phone).filter(|p| p.bytes().filter(u8::is_ascii_digit).count() >= 3),
            call,
            subject: get(Field::Subject),
            text: read.text(),
        })
    }

    /// The form's own address is never the customer.
    fn is_own(&self, address: &Address, letter: &Letter) -> bool {
        letter.from.as_ref().is_some_and(|p| p.address == *address)
            || (!self.from.contains('*') && matches_pattern(&self.from, address.as_str()))
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The lines of a form, sorted.
#[derive(Debug, Default)]
struct Reading {
    fields: BTreeMap<Field, String>,
    /// What the customer wrote.
    message: Vec<String>,
    /// Further labels with their values: an order's number, a choice from a list.
    others: Vec<(String, String)>,
}

/// What a line is.
enum Line<'t> {
    /// A label, and the value beside it.
    Labelled {
        field: Option<Field>,
        label: &'t str,
        value: &'t str,
    },
    Other(&'t str),
    /// `---`: perhaps what the form says of itself stands below it.
    Rule(&'t str),
    /// The form says something of itself.
    End(&'t str),
}

impl<'t> Line<'t> {
    /// As it stands, where it is no label's.
    const fn words(&self) -> Option<&'t str> {
        match self {
            Self::Other(line) | Self::Rule(line) | Self::End(line) => Some(line),
            Self::Labelled { .. } => None,
        }
    }
}

impl Reading {
    fn of(form: &Form, lines: &[&str]) -> Self {
        let mut reading = Self::default();
        let kinds: Vec<Line<'_>> = lines.iter().map(|l| line_of(form, l)).collect();
        let has_text = text_label(&kinds);
        // The form's end: the labels below the text belong to the form, as far as nothing else stands between them.
        let end = form_end(&kinds, has_text);
        let tail = has_text.map_or(end, |at| labels_at_end(&kinds, at, end));
        let mut i = 0;
        while i < end {
            if Some(i) == has_text {
                i = reading.take_text(&kinds, i, tail);
                continue;
            }
            i = match &kinds[i] {
                Line::Labelled { field, label, value } => reading.take(&kinds, i, end, *field, label, value),
                Line::Other(_) | Line::Rule(_) | Line::End(_) => i + 1,
            };
        }
        if has_text.is_none() {
            reading.text_without_label(&kinds, end);
        }
        reading
    }

    /// A label and its value, which may stand in the lines below. Where it ends.
    fn take(
        &mut self,
        kinds: &[Line<'_>],
        at: usize,
        end: usize,
        field: Option<Field>,
        label: &str,
        value: &str,
    ) -> usize {
        let mut next = at + 1;
        let mut value = value.to_owned();
        if value.is_empty() {
            while next < end && matches!(kinds[next], Line::Other(l) if l.trim().is_empty()) {
                next += 1;
            }
            // One value, on one line or on several up to a blank one.
            while next < end
                && let Line::Other(line) = kinds[next]
                && !line.trim().is_empty()
            {
                value = format!("{value}\n{}", line.trim());
                next += 1;
            }
        }
        let value = value.trim().to_owned();
        match field {
            Some(field) if !value.is_empty() => {
                // What is said first counts: a later line may be the customer's own words.
                self.fields.entry(field).or_insert(value);
            }
            None if !value.is_empty() => self.others.push((label.to_owned(), value)),
            _ => {}
        }
        next
    }

    fn take_text(&mut self, kinds: &[Line<'_>], at: usize, tail: usize) -> usize {
        if let Line::Labelled { value, .. } = &kinds[at]
            && !value.is_empty()
        {
            self.message.push((*value).to_owned());
        }
        for kind in &kinds[at + 1..tail.max(at + 1)] {
            self.message.push(match kind {
                Line::Other(line) | Line::Rule(line) | Line::End(line) => without_gutter(line).to_owned(),
                // The customer's own words look like a label.
                Line::Labelled { label, value, .. } if value.is_empty() => format!("{label}:"),
                Line::Labelled { label, value, .. } => format!("{label}: {value}"),
            });
        }
        self.fields.insert(Field::Text, String::new());
        tail.max(at + 1)
    }

    /// A form without a label for the text: what stands below the last label is it, else what stands above the first.
    fn text_without_label(&mut self, kinds: &[Line<'_>], end: usize) {
        let labelled = |k: &Line<'_>| matches!(k, Line::Labelled { field: Some(_), .. });
        let Some(first) = kinds.iter().position(labelled) else { return };
        let last = kinds[..end].iter().rposition(labelled).unwrap_or(first);
        let words = |range: &[Line<'_>]| -> Vec<String> {
            range.iter().filter_map(Line::words).map(|l| without_gutter(l).to_owned()).collect()
        };
        // Right below the last label stands its value, if it has none beside it.
        let own = matches!(&kinds[last], Line::Labelled { value, .. } if value.is_empty());
        let below = words(&kinds[(last + 1).min(end)..end]);
        let below = if own { below.split(|l| l.trim().is_empty()).skip(1).flatten().cloned().collect() } else { below };
        if below.iter().any(|l| !l.trim().is_empty()) {
            self.message = below;
        }
    }

    /// Who filled it in.
    fn party(&self) -> Option<Party> {
        let fields = [Field::Address, Field::From];
        fields.iter().find_map(|f| labels::party(self.fields.get(f)?))
    }

    fn name(&self) -> String {
        let get = |f: Field| self.fields.get(&f).map(|v| one_line(v)).filter(|v| !v.contains('@')).unwrap_or_default();
        let parts = [get(Field::FirstName), get(Field::LastName)].join(" ");
        let whole = get(Field::Name);
        let name = match (whole.is_empty(), parts.trim().is_empty()) {
            // "Namn" and "Efternamn": the first is the first name only.
            (false, _) if !get(Field::LastName).is_empty() && !whole.contains(' ') => {
                format!("{whole} {}", get(Field::LastName))
            }
            (false, _) => whole,
            (true, _) => parts.trim().to_owned(),
        };
        let from = || {
            let value = self.fields.get(&Field::From)?;
            Some(labels::party(value).map_or_else(|| one_line(value), |p| p.name))
        };
        if name.is_empty() { from().unwrap_or_default() } else { name }
    }

    /// What was written, and below it what else the form asked.
    fn text(&self) -> String {
        let first = self.message.iter().position(|l| !l.trim().is_empty()).unwrap_or(self.message.len());
        let last = self.message.iter().rposition(|l| !l.trim().is_empty()).map_or(first, |n| n + 1);
        let mut text = self.message[first..last].iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n");
        for (n, (label, value)) in self.others.iter().enumerate() {
            if !text.is_empty() {
                text.push_str(if n == 0 { "\n\n" } else { "\n" });
            }
            text.push_str(&format!("{label}: {}", one_line(value)));
        }
        text
    }
}

/// The label of what the customer wrote. One that stands above other labels heads them all.
fn text_label(kinds: &[Line<'_>]) -> Option<usize> {
    let is_text = |n: &usize| matches!(kinds[*n], Line::Labelled { field: Some(Field::Text), .. });
    let heads = |n: &usize| {
        let below = kinds[n + 1..].iter().find(|k| !matches!(k, Line::Other(l) if l.trim().is_empty()));
        matches!(kinds[*n], Line::Labelled { value: "", .. })
            && matches!(below, Some(Line::Labelled { field: Some(_), .. }))
    };
    let mut labels = (0..kinds.len()).filter(is_text);
    let first = labels.clone().next();
    labels.find(|n| !heads(n)).or(first)
}

/// Where what the form says of itself begins; only below the text, for an introduction may stand above all.
fn form_end(kinds: &[Line<'_>], text: Option<usize>) -> usize {
    let first = kinds.iter().position(|k| matches!(k, Line::Labelled { field: Some(_), .. })).unwrap_or(0);
    let from = text.unwrap_or(first);
    let is_end = |n: &usize| matches!(kinds[*n], Line::Rule(_) | Line::End(_)) && is_footer(&kinds[*n..]);
    (from..kinds.len()).find(is_end).unwrap_or(kinds.len())
}

/// Nothing but what forms say of themselves: then it cannot be the customer's, who may draw a line too.
fn is_footer(kinds: &[Line<'_>]) -> bool {
    let says = kinds.iter().any(|k| matches!(k, Line::End(_)));
    let free = kinds.iter().filter(|k| matches!(k, Line::Other(l) if !l.trim().is_empty())).count();
    let meant = kinds.iter().any(|k| matches!(k, Line::Labelled { field: Some(_), .. }));
    says && free <= 3 && !meant
}

/// A table's empty first cell is no part of what stands in the second.
fn without_gutter(line: &str) -> &str {
    let bare = line.trim_start_matches(['\u{a0}', ' ', '\t', '|']);
    let gutter = &line[..line.len() - bare.len()];
    if gutter.contains(['\t', '\u{a0}', '|']) { bare } else { line }
}

/// Where the labels begin that stand below the text up to the form's end. In between is the text.
fn labels_at_end(kinds: &[Line<'_>], text: usize, end: usize) -> usize {
    let mut start = end;
    let mut i = end;
    while i > text + 1 {
        i -= 1;
        match &kinds[i] {
            Line::Labelled { field: Some(_), .. } => start = i,
            Line::Labelled { field: None, value, .. } if !value.is_empty() && start < end => start = i,
            Line::Labelled { .. } => {}
            Line::Other(line) if line.trim().is_empty() => {}
            // The value of a label that stands on the line above.
            Line::Other(_) => {
                let above = (text + 1..i).rev().find(|n| !matches!(kinds[*n], Line::Other(l) if l.trim().is_empty()));
                match above.map(|n| &kinds[n]) {
                    Some(Line::Labelled { field: Some(_), value, .. }) if value.is_empty() => {}
                    _ => break,
                }
            }
            Line::Rule(_) | Line::End(_) => break,
        }
    }
    start
}

fn line_of<'t>(form: &Form, line: &'t str) -> Line<'t> {
    if labels::is_rule(line) {
        return Line::Rule(line);
    }
    if labels::is_end(line) {
        return Line::End(line);
    }
    let bare = line
        .trim()
        .trim_start_matches(['*', '_', '•', '·', '|', '#', '\u{a0}', ' ', '\t'])
        .trim_end_matches(['|', ' ']);
    if bare.is_empty() {
        return Line::Other(line);
    }
    // `Label: value`, `Label | value`, a table's `Label<TAB>value`.
    let cut = bare
        .char_indices()
        .find(|(i, c)| matches!(c, ':' | '\t' | '：' | '=') || (*c == '|' && bare[..*i].ends_with(' ')));
    if let Some((at, sign)) = cut {
        let label = bare[..at].trim_end_matches(['*', '_', ' ', ':']);
        let value = bare[at + sign.len_utf8()..].trim_start_matches(['*', '_', ':', '|', ' ', '\t', '\u{a0}']).trim();
        let field = labels::field(form, label);
        let marks = field.is_some() || (sign != '=' && labels::looks_like_label(label, value));
        if marks && !label.is_empty() {
            return Line::Labelled { field, label, value };
        }
        return Line::Other(line);
    }
    match labels::field(form, bare) {
        Some(field) => Line::Labelled { field: Some(field), label: bare, value: "" },
        None => Line::Other(line),
    }
}

#[cfg(test)]
mod tests;
