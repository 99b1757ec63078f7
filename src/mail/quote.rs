//! What the sender wrote this time: the text without the mail it answers and without the signature.
//!
//! Two mistakes are worse than any other: a sentence of the sender's that is lost, and a quoted line that passes for his.
//! So nothing is cut where his words stand between quoted lines, and [`Split::end_is_certain`] says when nothing can be wrong.

mod attribution;
mod block;
mod find;
mod labels;
mod lines;
pub(in crate::mail) mod marks;
mod notices;
mod phrases;
pub mod rules;
mod signature;

use std::ops::Range;

use crate::mail::body::{Body, Hypertext};
use crate::mail::html;
use crate::mail::html::cut;
use crate::mail::html::parse::Node;
use crate::mail::letter::{Cut, Forwarded, Original, Rich};
use crate::mail::quote::find::{Below, Boundary, Text};
use crate::mail::quote::lines::{content, depth, is_blank, unquoted};
use crate::mail::subject::{Prefixes, without_prefixes};
use crate::model::Party;

/// The line that svar's own mails to agents begin with; whatever stands from it on is ours.
pub const SEPARATOR: &str = "-=-=- svar -=-=-";

/// How many header blocks above any text of the sender's are passed by.
const MAX_PASSED: usize = 8;

/// What is known of the letter besides its text.
#[derive(Debug)]
pub struct Context<'a> {
    pub prefixes: Prefixes,
    pub subject: &'a str,
    /// It has In-Reply-To or References.
    pub is_answer: bool,
    pub from: Option<&'a Party>,
}

/// A text cut in two.
#[derive(Debug, Default)]
pub struct Split {
    pub new_text: String,
    pub rich: Option<Rich>,
    pub end_is_certain: bool,
    pub cuts: Vec<Cut>,
    pub original: Option<Original>,
}

/// Which lines are the sender's.
#[derive(Debug, Default)]
struct Verdict {
    keep: Vec<Range<usize>>,
    cuts: Vec<(&'static str, Range<usize>)>,
    certain: bool,
    forward: Option<(Boundary, Range<usize>)>,
    /// Nothing may be taken away, not even a signature.
    whole: bool,
}

/// Finds the new part of a letter's text and of its HTML.
#[must_use]
pub fn split(body: &Body, context: &Context<'_>) -> Split {
    let marks = match &body.html {
        Some(h) if body.text_is_html => h.lines.iter().map(|l| l.mark).collect(),
        _ => Vec::new(),
    };
    let text = Text::new(lines::of(&body.text), marks);
    let mut verdict = judge(&text, context);
    let mut html_cuts = None;
    if let Some(h) = &body.html {
        if body.text_is_html {
            html_cuts = Some(verdict.cuts.iter().map(|c| c.1.clone()).collect::<Vec<_>>());
        } else {
            let lines = h.lines.iter().map(|l| l.text.as_str()).collect();
            let rich = Text::new(lines, h.lines.iter().map(|l| l.mark).collect());
            let rich_verdict = judge(&rich, context);
            if verdict.cuts.is_empty() && !rich_verdict.cuts.is_empty() {
                borrow_cut(&mut verdict, &text, &rich_verdict, &rich);
            }
            html_cuts = Some(rich_verdict.cuts.into_iter().map(|c| c.1).collect());
        }
    }
    let new_text = joined(&text.lines, &verdict.keep);
    let rich = match (&body.html, html_cuts) {
        (Some(h), Some(cuts)) => rich(h, &cuts, &new_text),
        _ => None,
    };
    Split {
        original: verdict
            .forward
            .as_ref()
            .map(|(boundary, body)| original(&text.lines, boundary, body.clone(), context)),
        cuts: verdict.cuts.iter().map(|(rule, range)| named(&text.lines, rule, range.clone())).collect(),
        end_is_certain: verdict.certain,
        rich,
        new_text,
    }
}

fn judge(text: &Text<'_>, context: &Context<'_>) -> Verdict {
    let mut verdict = bounded(text, context);
    // Above the quote stands only what a program put there: nothing would be left.
    let is_bare = |r: &Range<usize>| signature::is_all(text, r.start, r.end, context.from);
    if verdict.forward.is_none() && !verdict.cuts.is_empty() && verdict.keep.iter().all(is_bare) {
        verdict = Verdict { keep: one(0..text.lines.len()), whole: true, ..Verdict::default() };
    }
    if !verdict.whole {
        if let Some(first) = verdict.keep.first().cloned()
            && let Some(found) = signature::banner(text, first.start, first.end)
        {
            verdict.cuts.push((found.rule, found.start..found.end));
            verdict.keep[0] = found.end..first.end;
        }
        let mut i = verdict.keep.len();
        while i > 0 {
            i -= 1;
            cut_signatures(text, context.from, &mut verdict, i);
        }
    }
    verdict.cuts.sort_by_key(|c| c.1.start);
    let kept = verdict.keep.iter().flat_map(|r| text.lines[r.clone()].iter());
    // Anything quoted, and anything of ours, in what is kept: the end is not certain.
    if kept.into_iter().any(|l| (depth(l) > 0 && !is_blank(l)) || find::is_separator(l) || has_our_id(l)) {
        verdict.certain = false;
    }
    verdict
}

/// `X-Svar-Id` and its kin, as they stand in what mail programs quote.
fn has_our_id(line: &str) -> bool {
    memchr::memchr(b'X', line.as_bytes()).is_some_and(|at| line[at..].contains("X-Svar-"))
}

fn bounded(text: &Text<'_>, context: &Context<'_>) -> Verdict {
    let count = text.lines.len();
    let all = |certain: bool| Verdict { keep: one(0..count), certain, ..Verdict::default() };
    let whole = || Verdict { whole: true, ..all(false) };
    let mut from = 0;
    for _ in 0..MAX_PASSED {
        let Some(found) = find::boundary(text, from, context.prefixes, context.is_answer) else { break };
        let head_is_blank = text.lines[..found.start].iter().all(|l| is_blank(l));
        let below = find::below(text, &found);
        if found.is_forward {
            return forwarded(text, context.from, found, below);
        }
        match below {
            // Lines behind `>` that nobody wrote to him: arrows, or a piece that he quotes himself. The mail he answers is below.
            Below::Interleaved if found.rule == "quote" => {
                match find::history(text, found.body, context.prefixes, context.is_answer) {
                    Some(start) => from = start,
                    None => return whole(),
                }
            }
            Below::Interleaved => return whole(),
            _ if found.rule == "quote" && !context.is_answer && !context.prefixes.reply => {
                from = (found.body..count)
                    .find(|&n| depth(text.lines[n]) == 0 && !is_blank(text.lines[n]))
                    .unwrap_or(count);
            }
            Below::Nothing if head_is_blank => {
                // Nothing would be left. A header block may stand above the sender's own text, with a quote further down.
                if found.is_ours || found.block.is_none() {
                    return whole();
                }
                from = found.body.max(found.start + 1);
            }
            Below::Nothing => {
                if says_answers_below(&text.lines[..found.start]) {
                    return whole();
                }
                let quoted = text.lines[found.body..].iter().find(|l| !is_blank(l)).is_none_or(|l| depth(l) > 0);
                let certain = found.strong || quoted;
                return Verdict {
                    keep: one(0..found.start),
                    cuts: vec![(found.rule, found.start..count)],
                    certain,
                    ..Verdict::default()
                };
            }
            // A few lines behind `>` within the text, of which nothing tells whose they are: whatever they mean, they stay.
            Below::Tail(_) if found.rule == "quote" && !head_is_blank => {
                match find::history(text, found.body, context.prefixes, context.is_answer) {
                    Some(start) => from = start,
                    None => return whole(),
                }
            }
            Below::Tail(tail) => {
                // Below the quote stands the answer, or something beside the answer above.
                let apart = tail.start > 0 && text.lines[tail.start - 1].trim().is_empty();
                let mut verdict = Verdict { cuts: vec![(found.rule, found.start..tail.start)], ..Verdict::default() };
                if tail.end < count {
                    verdict.cuts.push((found.rule, tail.end..count));
                }
                verdict.certain = head_is_blank && apart && found.strong;
                if !head_is_blank {
                    verdict.keep.push(0..found.start);
                }
                verdict.keep.push(tail);
                return verdict;
            }
        }
    }
    // Nothing quoted at all, or only what stands above everything.
    all(from == 0)
}

fn one(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

fn forwarded(text: &Text<'_>, sender: Option<&Party>, found: Boundary, below: Below) -> Verdict {
    let count = text.lines.len();
    let divider = text.lines.get(found.start).copied().unwrap_or_default();
    let end = block::end_of_forward(&text.lines, divider, found.body.min(count));
    let (body_end, tail) = match (end, below) {
        (Some(end), _) => (end, end + 1..count),
        (None, Below::Tail(tail)) => (tail.start, tail),
        (None, _) => (count, count..count),
    };
    let is_nothing = |r: &Range<usize>| text.lines[r.clone()].iter().all(|l| is_blank(l));
    // The forwarder's signature may stand below the forward.
    let tail = Some(tail).filter(|t| !is_nothing(t) && !signature::is_all(text, t.start, t.end, sender));
    let certain = tail.is_none();
    let mut keep = one(0..found.start);
    let cut_end = tail.as_ref().map_or(count, |t| t.start);
    keep.extend(tail);
    let body = found.body.min(body_end)..body_end;
    Verdict {
        keep,
        cuts: vec![(found.rule, found.start..cut_end)],
        certain,
        forward: Some((found, body)),
        whole: false,
    }
}

/// The sender announces that he answers within the quoted mail.
fn says_answers_below(head: &[&str]) -> bool {
    let words: usize = head.iter().map(|l| l.len()).sum();
    if words > 600 {
        return false;
    }
    let head = head.join(" ").to_lowercase();
    labels::ANSWERS_BELOW.iter().any(|p| head.contains(p))
}

fn cut_signatures(text: &Text<'_>, sender: Option<&Party>, verdict: &mut Verdict, i: usize) {
    for _ in 0..4 {
        let range = verdict.keep[i].clone();
        let Some(found) = signature::find(text, range.start, range.end, sender) else { return };
        verdict.cuts.push((found.rule, found.start..found.end));
        verdict.keep[i] = range.start..found.start;
        if found.end < range.end && text.lines[found.end..range.end].iter().any(|l| !is_blank(l)) {
            verdict.keep.insert(i + 1, found.end..range.end);
        }
    }
}

/// The plain text has no quote that could be found, the HTML beside it has: the cut is carried over, if the words agree.
fn borrow_cut(verdict: &mut Verdict, text: &Text<'_>, rich_verdict: &Verdict, rich: &Text<'_>) {
    let [kept] = rich_verdict.keep.as_slice() else { return };
    let Some((rule, _)) = rich_verdict.cuts.first().filter(|_| kept.start == 0) else { return };
    let wanted = letters(&joined(&rich.lines, &rich_verdict.keep));
    if wanted.is_empty() {
        return;
    }
    let mut seen = String::new();
    for (i, line) in text.lines.iter().enumerate() {
        seen.push_str(&letters(line));
        if seen.len() >= wanted.len() {
            if seen == wanted {
                verdict.keep = one(0..i + 1);
                verdict.cuts = vec![(*rule, i + 1..text.lines.len())];
                verdict.certain = rich_verdict.certain;
            }
            return;
        }
    }
}

fn joined(lines: &[&str], keep: &[Range<usize>]) -> String {
    let mut out = String::new();
    for range in keep {
        let part = &lines[range.clone()];
        let first = part.iter().position(|l| !l.trim().is_empty()).unwrap_or(part.len());
        let last = part.iter().rposition(|l| !l.trim().is_empty()).map_or(first, |n| n + 1);
        if first < last && !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(part[first..last].join("\n").trim_end());
    }
    out.trim_start_matches('\u{feff}').to_owned()
}

fn named(lines: &[&str], rule: &'static str, range: Range<usize>) -> Cut {
    let first = lines[range.clone()].iter().find(|l| !l.trim().is_empty()).map_or("", |l| l.trim());
    let end = first.floor_char_boundary(80);
    Cut { rule, lines: range.len(), first_line: first[..end].to_owned() }
}

/// The mail that an inline forward shows.
fn original(lines: &[&str], boundary: &Boundary, body: Range<usize>, context: &Context<'_>) -> Original {
    let first = lines[body.clone()].iter().find(|l| !is_blank(l)).copied().unwrap_or_default();
    // The block's own level; where only the text below it is quoted, that.
    let level = depth(lines[boundary.start]).max(usize::from(depth(first) > 0));
    let text: Vec<&str> = lines[body].iter().map(|l| unquoted(l, level)).collect();
    let attributed = lines[boundary.start..boundary.body].iter().map(|l| content(l)).collect::<Vec<_>>().join(" ");
    let (from, subject) = match &boundary.block {
        Some(block) => (block.party(), block.subject.clone()),
        None => (attributed_party(&attributed), String::new()),
    };
    let date = boundary.block.as_ref().map(|b| crate::model::one_line(&b.date)).unwrap_or_default();
    let subject = if subject.is_empty() { without_prefixes(context.subject).to_owned() } else { subject };
    let all = 0..text.len();
    Original {
        from,
        subject: crate::model::one_line(&subject),
        sent_at: block::exact_date(&date),
        date,
        text: joined(&text, &[all]).trim_start().to_owned(),
        how: Forwarded::Inline,
    }
}

/// Who an attribution names: the address, and the name right before it.
fn attributed_party(text: &str) -> Option<Party> {
    let party = block::party(text)?;
    let name = party.name.rsplit(['"', '“', '„', '”', ',']).map(str::trim).find(|p| !p.is_empty()).unwrap_or_default();
    let words: Vec<&str> =
        name.split_whitespace().rev().take_while(|w| w.chars().next().is_some_and(char::is_uppercase)).collect();
    let name: Vec<&str> = words.into_iter().rev().collect();
    Some(Party::new(&name.join(" "), party.address))
}

/// The HTML of the new part, cleaned; `None` where its words are not those of `new_text`.
pub(in crate::mail) fn cleaned(html: &str, new_text: &str) -> Option<String> {
    let html = html::sanitize(html).trim().to_owned();
    (letters(&html::to_text(&html)) == letters(new_text)).then_some(html)
}

/// The HTML of the new part; `None` where a cut would go through the middle of a node.
fn rich(hypertext: &Hypertext, cuts: &[Range<usize>], new_text: &str) -> Option<Rich> {
    if new_text.is_empty() {
        return None;
    }
    let lines = &hypertext.lines;
    let mut gone = Vec::new();
    for cut in cuts {
        // A text node that reaches over the border cannot be cut.
        let node = |i: usize| lines.get(i).map_or(hypertext.nodes.len(), |l| l.node);
        let above = |i: usize| lines.get(..i).and_then(|l| l.iter().rfind(|l| !is_blank(&l.text)));
        let splits = |i: usize| i < lines.len() && above(i).is_some_and(|l| l.node == lines[i].node);
        if splits(cut.start) || splits(cut.end) {
            return None;
        }
        gone.push(trailing(&hypertext.nodes, node(cut.start))..node(cut.end));
    }
    gone.push(trailing(&hypertext.nodes, hypertext.nodes.len())..hypertext.nodes.len());
    Some(Rich(cut::write(&hypertext.nodes, &gone)))
}

/// Where the breaks and blanks before `end` begin: nobody wants them at the end of what is kept.
fn trailing(nodes: &[Node], end: usize) -> usize {
    let blank = |node: &Node| match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Void(element) => element.tag == "br",
        Node::Open(_) | Node::Close(_) | Node::Mark(_) => true,
    };
    nodes[..end].iter().rposition(|n| !blank(n)).map_or(0, |n| n + 1)
}

/// Only what is read aloud: letters and digits, without link targets and pictures' names, which the two forms write differently.
fn letters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Once an end is missing it stays missing: each is looked for in vain only once.
    let (mut angles, mut brackets) = (true, true);
    while let Some(at) = rest.find(['<', '[']) {
        push_letters(&rest[..at], &mut out);
        rest = &rest[at..];
        let (opens, end, ends) = if rest.starts_with('<') {
            (["<http", "<mailto"], '>', &mut angles)
        } else {
            (["[image:", "[cid:"], ']', &mut brackets)
        };
        let mut skip = 1;
        if *ends && opens.iter().any(|o| rest.starts_with(o)) {
            match rest.find(end) {
                Some(close) => skip = close + 1,
                None => *ends = false,
            }
        }
        rest = &rest[skip..];
    }
    push_letters(rest, &mut out);
    out
}

fn push_letters(text: &str, out: &mut String) {
    out.extend(text.chars().filter(|c| c.is_alphanumeric()));
}
