//! Where the mail that is answered begins, and whether anything of the sender's stands below.

use std::ops::Range;

use crate::mail::html::parse::{QUOTE_END, SIGNATURE, SIGNATURE_END};
use crate::mail::quote::SEPARATOR;
use crate::mail::quote::attribution::{self, Attribution};
use crate::mail::quote::block::{self, Announces, Block};
use crate::mail::quote::labels;
use crate::mail::quote::lines::{content, depth, is_blank, is_rule};
use crate::mail::subject::Prefixes;

/// Lines of a text, and for text made of HTML the marks of its elements.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub lines: Vec<&'a str>,
    pub marks: Vec<Option<&'static str>>,
    /// The first line with [`SEPARATOR`].
    separator: Option<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn new(lines: Vec<&'a str>, marks: Vec<Option<&'static str>>) -> Self {
        let separator = lines.iter().position(|l| is_separator(l));
        Self { lines, marks, separator }
    }

    pub(super) fn mark(&self, i: usize) -> Option<&'static str> {
        self.marks.get(i).copied().flatten()
    }
}

pub(super) fn is_separator(line: &str) -> bool {
    // Nearly every line is told apart by its length and its bytes alone.
    line.len() >= SEPARATOR.len() && memchr::memchr(b'=', line.as_bytes()).is_some() && line.contains(SEPARATOR)
}

/// Where the sender's text ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Boundary {
    pub rule: &'static str,
    /// The first line of what is not his, decorations above it included.
    pub start: usize,
    /// The first line of the quoted mail's text.
    pub body: usize,
    /// The line after the quoted mail, where its end is marked.
    pub stop: Option<usize>,
    /// The header block of the quoted mail, where one was printed.
    pub block: Option<Block>,
    pub is_forward: bool,
    /// Ours: svar's own mail to an agent.
    pub is_ours: bool,
    /// Nothing else it could be.
    pub strong: bool,
}

/// The first boundary at or below line `from`.
pub(super) fn boundary(text: &Text<'_>, from: usize, prefixes: Prefixes, is_answer: bool) -> Option<Boundary> {
    let lines = &text.lines;
    let separator = text.separator.or_else(|| text.marks.iter().position(|m| *m == Some("svar-separator")));
    let mut known = Known::below(from);
    for i in from..lines.len() {
        if let Some(mut found) = candidate(text, i, prefixes, is_answer, &mut known) {
            found.start = climb(lines, found.start, from);
            if let Some(at) = separator.filter(|&at| at >= found.start) {
                // Between an attribution and the separator that it belongs to stands nothing else.
                let between = lines.get(found.body..at).unwrap_or_default().iter().filter(|l| !is_blank(l)).count();
                if between <= 3 || found.is_ours {
                    found.rule = "svar-separator";
                    found.is_ours = true;
                    found.is_forward = false;
                }
            }
            return Some(found);
        }
    }
    None
}

/// Where the mail begins that is answered, at or below line `from`: a boundary that is more than quoted lines.
pub(super) fn history(text: &Text<'_>, from: usize, prefixes: Prefixes, is_answer: bool) -> Option<usize> {
    let mut known = Known::below(from);
    (from..text.lines.len()).filter(|&i| depth(text.lines[i]) == 0).find(|&i| {
        candidate(text, i, prefixes, is_answer, &mut known)
            .is_some_and(|found| found.rule != "quote" && found.start == i)
    })
}

/// Attributions by their last line, each looked for once.
#[derive(Debug, Default)]
struct Known {
    /// The line that the first of the list ends on.
    from: usize,
    list: Vec<Option<Option<Attribution>>>,
}

impl Known {
    /// Of line `from` and those below.
    fn below(from: usize) -> Self {
        Self { from, list: Vec::new() }
    }

    fn ending_at(&mut self, lines: &[&str], last: usize) -> Option<Attribution> {
        let at = last.saturating_sub(self.from);
        if self.list.len() <= at {
            self.list.resize(at + 1, None);
        }
        *self.list[at].get_or_insert_with(|| attribution::ending_at(lines, last))
    }
}

fn reply(rule: &'static str, start: usize, body: usize) -> Boundary {
    Boundary { rule, start, body, stop: None, block: None, is_forward: false, is_ours: false, strong: true }
}

/// The rules, ranked: what they say at one and the same line is judged in this order.
fn candidate(text: &Text<'_>, i: usize, prefixes: Prefixes, is_answer: bool, known: &mut Known) -> Option<Boundary> {
    let lines = &text.lines;
    if is_blank(lines[i]) && text.mark(i).is_none() {
        return None;
    }
    if (text.separator.is_some() && is_separator(lines[i])) || text.mark(i) == Some("svar-separator") {
        let start = above_separator(lines, i);
        return Some(Boundary { is_ours: true, ..reply("svar-separator", start, i) });
    }
    if is_reply_above(lines[i]) {
        return Some(reply("reply-above-line", i, i));
    }
    if attribution::between_arrows(lines[i]) {
        return Some(reply("attribution", i, i + 1));
    }
    if let Some(divider) = block::divider(lines, i) {
        let is_forward = match divider.announces {
            Some(Announces::Forward) => true,
            _ => forwards(prefixes, is_answer, divider.block.as_ref()),
        };
        let rule = if is_forward { "forward-divider" } else { "original-message" };
        return Some(Boundary { block: divider.block, is_forward, ..reply(rule, i, divider.end) });
    }
    if let Some(block) = block::at(lines, i) {
        let is_forward = forwards(prefixes, is_answer, Some(&block));
        let rule = if is_forward { "forward-header" } else { "header-block" };
        return Some(Boundary { is_forward, ..reply(rule, i, block.end) })
            .map(|b| Boundary { block: Some(block), ..b });
    }
    if let Some(boundary) = text.mark(i).and_then(|mark| marked(text, i, mark, prefixes, is_answer)) {
        return Some(boundary);
    }
    // An attribution is found at its first line, so that nothing above it is taken for another rule's.
    for last in i..(i + 4).min(lines.len()) {
        if is_blank(lines[last]) {
            break;
        }
        if let Some(found) = known.ending_at(lines, last).filter(|a| a.start == i) {
            // Outlook for Mac forwards below an attribution too, with the mail indented.
            let is_forward =
                prefixes.forward && !prefixes.reply && depth(lines[i]) == 0 && !quoted_below(lines, last + 1);
            let rule = if is_forward { "forward-attribution" } else { "attribution" };
            return Some(Boundary { is_forward, strong: found.strong, ..reply(rule, i, last + 1) });
        }
    }
    // Quoted lines without any word of who wrote them.
    if depth(lines[i]) == 0 || is_blank(lines[i]) {
        return None;
    }
    // A line above that tells who wrote, though it does not end as attributions do.
    let above = (i.saturating_sub(2)..i).rev().find(|&n| !is_blank(lines[n]));
    match above.filter(|&n| attribution::tells(lines[n])) {
        Some(start) => Some(reply("attribution", start, i)),
        None => Some(Boundary { strong: false, ..reply("quote", i, i) }),
    }
}

/// The line that another help desk wants to be answered above.
fn is_reply_above(line: &str) -> bool {
    let text = content(line).trim();
    let marked = text.starts_with(['-', '#', '=', '_', '*', '<']);
    if !marked || text.len() > 200 {
        return false;
    }
    let lower = text.to_lowercase();
    labels::REPLY_ABOVE.iter().any(|p| lower.contains(p))
}

fn quoted_below(lines: &[&str], from: usize) -> bool {
    lines[from..].iter().find(|l| !is_blank(l)).is_some_and(|l| depth(l) > 0)
}

/// Marks that mail programs set in HTML where the answered mail begins.
fn marked(text: &Text<'_>, i: usize, mark: &'static str, prefixes: Prefixes, is_answer: bool) -> Option<Boundary> {
    let lines = &text.lines;
    if matches!(mark, SIGNATURE | SIGNATURE_END | QUOTE_END) {
        return None;
    }
    if mark == "outlook-border" || mark == "outlook-reply" || mark == "outlook-header" {
        // The line alone may be decoration of the sender's; the block below it may not.
        let start = (i..lines.len().min(i + 4)).find(|&n| block::at(lines, n).is_some());
        let block = start.and_then(|n| block::at(lines, n));
        if block.is_none() && mark != "outlook-reply" {
            return None;
        }
        let is_forward = block.is_some() && forwards(prefixes, is_answer, block.as_ref());
        let body = block.as_ref().map_or(i, |b| b.end);
        return Some(Boundary { block, is_forward, ..reply(mark, i, body) });
    }
    // A container: what it holds may begin with an attribution or with a forward's divider, whose own rules know more.
    let last = (i..lines.len().min(i + 5)).find(|&n| attribution::ending_at(lines, n).is_some_and(|a| a.start == i));
    let body = last.map_or(i, |l| l + 1);
    let divided = (i..lines.len().min(i + 2)).any(|n| block::divider(lines, n).is_some());
    if divided && mark != "thunderbird-attribution" {
        return None;
    }
    let stop = (i + 1..lines.len()).find(|&n| text.mark(n) == Some(QUOTE_END));
    Some(Boundary { stop, ..reply(mark, i, body) })
}

/// Whether a header block under a subject with such prefixes is a forward. `VS:` is one in Danish and an answer in Finnish.
fn forwards(prefixes: Prefixes, is_answer: bool, block: Option<&Block>) -> bool {
    match (prefixes.forward, prefixes.reply) {
        (true, false) => true,
        (true, true) => !block.is_some_and(|b| b.is_finnish && is_answer),
        _ => false,
    }
}

/// Dividers and blank lines directly above belong to what follows.
fn climb(lines: &[&str], start: usize, floor: usize) -> usize {
    let mut at = start;
    let mut i = start;
    while i > floor {
        i -= 1;
        if is_rule(lines[i]) && depth(lines[i]) <= depth(lines[start]) {
            at = i;
        } else if !is_blank(lines[i]) {
            break;
        }
    }
    at
}

/// The words directly above the separator in whatever language: one paragraph that ends with a colon and has a digit or an address.
fn above_separator(lines: &[&str], separator: usize) -> usize {
    let Some(last) = (0..separator).rev().find(|&n| !is_blank(lines[n])).filter(|&n| separator - n <= 4) else {
        return separator;
    };
    let ends = content(lines[last]).trim_end().ends_with([':', '：', '>']);
    let first = (0..=last).rev().take(4).take_while(|&n| !is_blank(lines[n])).last().unwrap_or(last);
    let joined: String = lines[first..=last].concat();
    let tells = joined.chars().any(|c| c.is_ascii_digit()) && (joined.contains('@') || joined.contains(':'));
    // Only lines that are not wholly the sender's prose: an attribution is short.
    if ends && tells && joined.len() < 300 { first } else { separator }
}

/// What stands below the beginning of the quoted mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Below {
    /// Nothing of the sender's.
    Nothing,
    /// One stretch, below all that is quoted.
    Tail(Range<usize>),
    /// Between quoted lines, or it cannot be told.
    Interleaved,
}

/// Judges what follows a boundary by its `>`: without any, all of it is quoted.
pub(super) fn below(text: &Text<'_>, boundary: &Boundary) -> Below {
    let lines = &text.lines;
    let first = (boundary.body..lines.len()).find(|&n| !is_blank(lines[n]));
    let Some(first) = first else { return Below::Nothing };
    // A header block may itself be quoted; then the level counts from there.
    let base = if boundary.block.is_some() { depth(lines[boundary.start]).min(depth(lines[first])) } else { 0 };
    if depth(lines[first]) <= base && boundary.rule != "quote" {
        let marked_end = boundary.stop.filter(|&s| s > first);
        return match marked_end {
            Some(stop) => tail(lines, stop, lines.len()),
            None if base > 0 => after_quoted(lines, first, base),
            None => Below::Nothing,
        };
    }
    if boundary.block.is_some() && base == 0 {
        // Below an unquoted header block everything is the quoted mail.
        return Below::Nothing;
    }
    after_quoted(lines, first, base.max(1))
}

/// Splits what follows line `first` into quoted lines and others.
fn after_quoted(lines: &[&str], first: usize, level: usize) -> Below {
    let is_quoted = |n: usize| depth(lines[n]) >= level;
    let quoted_below =
        |to: usize| (first..to).rev().find(|&n| is_quoted(n) && !lines[n].trim().is_empty()).unwrap_or(first);
    let end = lines.len();
    let last = quoted_below(end);
    if !is_broken(lines, first, last, level) {
        return tail(lines, last + 1, end);
    }
    // Below the answer only the signature of the quoted mail is left.
    let stretch = (first..=last).rev().take_while(|&n| is_quoted(n)).last().unwrap_or(last);
    let above = quoted_below(stretch);
    let signed =
        (stretch..=last).find(|&n| !is_blank(lines[n])).is_some_and(|n| is_quoted_signature(content(lines[n])));
    let short = (stretch..=last).filter(|&n| !is_blank(lines[n])).count() <= 10;
    if signed && short && !is_broken(lines, first, above, level) {
        return tail(lines, above + 1, stretch);
    }
    Below::Interleaved
}

/// Whether anything unquoted stands between the quoted lines from `first` to `last`.
fn is_broken(lines: &[&str], first: usize, last: usize, level: usize) -> bool {
    (first..last).any(|n| depth(lines[n]) < level && !is_blank(lines[n]) && !is_wrapped(lines, n, level))
}

/// `-- `, `-Anna`, a drawn line.
fn is_quoted_signature(line: &str) -> bool {
    let line = line.trim_end();
    let named = |l: &str| l.starts_with(char::is_uppercase) && l.split_whitespace().count() <= 3;
    line == "--" || is_rule(line) || line.strip_prefix('-').is_some_and(named)
}

fn tail(lines: &[&str], from: usize, to: usize) -> Below {
    let Some(start) = (from..to).find(|&n| !is_blank(lines[n])) else { return Below::Nothing };
    if is_footer(lines, start) { Below::Nothing } else { Below::Tail(start..to) }
}

/// A quoted line that a mail program broke, so that its rest lost the mark: short, in the middle of a sentence, more quoted
/// lines right below.
fn is_wrapped(lines: &[&str], n: usize, level: usize) -> bool {
    let above = lines[n - 1];
    let below = lines.get(n + 1).copied().unwrap_or_default();
    let begins = lines[n].chars().next().is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
    let open = !above.trim_end().ends_with(['.', '?', '!', ':', ';']);
    depth(above) >= level
        && above.chars().count() >= 60
        && open
        && begins
        && lines[n].chars().count() <= 60
        && depth(below) >= level
}

/// What programs add below everything: a signature behind its dashes, a mailing list's footer behind its line.
pub(super) fn is_footer(lines: &[&str], start: usize) -> bool {
    let line = lines[start].trim_end();
    let short = lines[start..].iter().filter(|l| !is_blank(l)).count() <= 40;
    let rule = line.chars().count() >= 30 && line.chars().all(|c| c == '_' || c == '-');
    short && (line == "--" || rule)
}
