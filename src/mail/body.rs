//! What a reader reads: which parts are the text, in which form, and which are attachments.

use std::collections::BTreeSet;

use crate::mail::attachment;
use crate::mail::charset;
use crate::mail::flowed::{DelSp, unflow};
use crate::mail::html;
use crate::mail::html::parse::{self, Document, Node};
use crate::mail::html::render::{self, Line};
use crate::mail::letter::{Attachment, Defect};
use crate::mail::mime::Part;
use crate::mail::quote::marks;

/// The readable content of a letter.
#[derive(Debug, Default)]
pub struct Body {
    /// The whole text, `\n` line ends.
    pub text: String,
    /// The HTML beside it or under it.
    pub html: Option<Hypertext>,
    /// Whether `text` was made from the HTML, line for line.
    pub text_is_html: bool,
    pub attachments: Vec<Attachment>,
}

/// The letter's HTML, parsed, and the same as lines.
#[derive(Debug)]
pub struct Hypertext {
    pub nodes: Vec<Node>,
    pub lines: Vec<Line>,
}

/// One place in the letter where text stands, in the forms that its sender offered.
#[derive(Debug, Default)]
struct Slot<'p, 'a> {
    plain: Option<&'p Part<'a>>,
    html: Option<&'p Part<'a>>,
}

#[derive(Debug, Default)]
struct Chosen<'p, 'a> {
    slots: Vec<Slot<'p, 'a>>,
    attached: Vec<&'p Part<'a>>,
}

/// Chooses text and attachments of a letter.
#[must_use]
pub fn read(root: &Part<'_>, defects: &mut BTreeSet<Defect>) -> Body {
    let (mut body, attached) = read_text(root, defects);
    for (i, part) in attached.into_iter().enumerate() {
        let shown = body.html.as_ref().is_some_and(|h| names_cid(&h.nodes, part))
            || (part.main_type() == "image" && part.disposition.value == "inline" && part.fields.has("Content-ID"));
        body.attachments.push(attachment::read(part, i + 1, shown, defects));
    }
    if body.text.trim().is_empty() && body.attachments.is_empty() {
        defects.insert(Defect::NoBody);
    }
    body
}

/// The text alone, without decoding any attachment; for a mail within a mail.
#[must_use]
pub fn text_of(root: &Part<'_>) -> String {
    read_text(root, &mut BTreeSet::new()).0.text
}

fn read_text<'p, 'a>(root: &'p Part<'a>, defects: &mut BTreeSet<Defect>) -> (Body, Vec<&'p Part<'a>>) {
    let mut chosen = Chosen::default();
    choose(root, &mut chosen);
    if chosen.slots.is_empty() {
        // Where nothing else is text, a text file that is shown inline is read as well as attached.
        let shown =
            chosen.attached.iter().find(|p| p.media_type == "text/plain" && p.disposition.value != "attachment");
        chosen.slots.extend(shown.map(|p| Slot { plain: Some(*p), html: None }));
    }
    let mut texts = Vec::new();
    let mut sources = Vec::new();
    for slot in &chosen.slots {
        let plain = slot.plain.map(|p| plain_text(p, defects));
        let source = slot.html.map(|p| html_source(p, defects));
        // A text that is HTML in truth is read as such.
        let (plain, source) = match (plain, source) {
            (Some(p), None) if looks_like_html(&p) => (None, Some(p)),
            other => other,
        };
        texts.push(plain);
        sources.push(source);
    }
    let mut body = Body::default();
    if sources.iter().any(Option::is_some) {
        read_html(&mut body, &texts, &sources, defects);
    } else {
        body.text = join(texts.into_iter().flatten());
    }
    (body, chosen.attached)
}

fn read_html(body: &mut Body, texts: &[Option<String>], sources: &[Option<String>], defects: &mut BTreeSet<Defect>) {
    if sources.iter().flatten().map(String::len).sum::<usize>() > html::MAX_BYTES {
        defects.insert(Defect::HtmlTooBig);
        let parts = texts.iter().zip(sources).filter_map(|(text, source)| {
            let honest = text.as_ref().filter(|t| !t.trim().is_empty()).cloned();
            honest.or_else(|| source.as_deref().map(|s| tidy(&html::strip_tags(s))))
        });
        body.text = join(parts);
        return;
    }
    let mut document = Document::default();
    for (text, source) in texts.iter().zip(sources) {
        let next = match (source, text) {
            (Some(source), _) => parse::parse(source, marks::of),
            (None, Some(text)) if !text.trim().is_empty() => as_nodes(text),
            _ => continue,
        };
        document.too_deep |= next.too_deep;
        document.nodes.extend(next.nodes);
    }
    if document.too_deep {
        defects.insert(Defect::HtmlTooDeep);
    }
    let lines = render::lines(&document.nodes);
    let honest =
        texts.iter().zip(sources).all(|(t, s)| s.is_none() || t.as_ref().is_some_and(|t| !t.trim().is_empty()));
    let plain = join(texts.iter().flatten().cloned());
    if honest && !is_lie(&plain, &lines) {
        body.text = plain;
    } else {
        let mut text = String::new();
        for line in &lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text.pop();
        body.text = text;
        body.text_is_html = true;
    }
    body.html = Some(Hypertext { nodes: document.nodes, lines });
}

/// Plain text as nodes, so that it can stand between HTML.
fn as_nodes(text: &str) -> Document {
    let mut nodes = Vec::new();
    for (i, line) in text.trim_matches('\n').split('\n').enumerate() {
        if i > 0 || !nodes.is_empty() {
            nodes.push(Node::Void(parse::Element { tag: "br", attributes: Vec::new() }));
        }
        nodes.push(Node::Text(line.to_owned()));
    }
    Document { nodes, too_deep: false }
}

fn choose<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>) {
    if part.is_multipart() {
        match part.media_type.as_str() {
            "multipart/alternative" => alternative(part, out),
            "multipart/related" => related(part, out),
            "multipart/appledouble" => {
                // The first half is the resource fork.
                out.attached.extend(part.children.iter().skip(1));
            }
            _ => part.children.iter().for_each(|child| choose(child, out)),
        }
        return;
    }
    match readable(part, out.slots.is_empty()) {
        Some(Form::Plain) => out.slots.push(Slot { plain: Some(part), html: None }),
        Some(Form::Html) => out.slots.push(Slot { plain: None, html: Some(part) }),
        None => {
            // An empty text part without a name is nothing.
            let nothing = part.main_type() == "text"
                && part.body.trim_ascii().is_empty()
                && attachment::claimed_name(part).is_none();
            if !nothing {
                out.attached.push(part);
            }
        }
    }
}

enum Form {
    Plain,
    Html,
}

/// Whether a leaf is text to be read here, rather than a file.
fn readable(part: &Part<'_>, first: bool) -> Option<Form> {
    let form = match part.media_type.as_str() {
        "text/html" | "application/xhtml+xml" => Form::Html,
        "text/plain" | "text/enriched" | "text/markdown" | "text/x-markdown" | "text/unknown" => Form::Plain,
        "text/rfc822-headers" | "text/calendar" | "text/x-vcard" | "text/vcard" | "text/csv" | "text/directory" => {
            return None;
        }
        other if other.starts_with("text/") && first && part.disposition.value != "attachment" => Form::Plain,
        _ => return None,
    };
    if part.disposition.value == "attachment" {
        return None;
    }
    // Apple Mail sends text files inline, with a name.
    if attachment::claimed_name(part).is_some() && !(first && part.disposition.value.is_empty()) {
        return None;
    }
    Some(form)
}

/// RFC 2046, 5.1.4: the same in several forms. The richest plain and the richest HTML form are kept.
fn alternative<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>) {
    let mut slot = Slot::default();
    let mut extra = Vec::new();
    for child in &part.children {
        if !child.is_multipart() && !matches!(child.media_type.as_str(), "text/plain" | "text/html") {
            // A calendar or the like beside the text is a file; AMP is HTML for the few.
            if child.media_type != "text/x-amp-html" && child.media_type != "text/watch-html" {
                extra.push(child);
            }
            continue;
        }
        let mut inner = Chosen::default();
        choose(child, &mut inner);
        extra.append(&mut inner.attached);
        let mut slots = inner.slots.into_iter();
        if let Some(first) = slots.next() {
            if first.html.is_some() {
                slot.html = first.html;
                slot.plain = slot.plain.or(first.plain);
            } else if slot.plain.is_none() {
                slot.plain = first.plain;
            }
        }
        // Mixed within alternative (Apple Mail): what follows is no alternative.
        for rest in slots {
            extra.extend(rest.html.or(rest.plain));
        }
    }
    if slot.plain.is_some() || slot.html.is_some() {
        out.slots.push(slot);
    }
    out.attached.append(&mut extra);
}

/// RFC 2387: the root is the text, everything else belongs to it.
fn related<'p, 'a>(part: &'p Part<'a>, out: &mut Chosen<'p, 'a>) {
    let start =
        part.content_type.get("start").map(|s| s.trim().trim_start_matches('<').trim_end_matches('>').to_owned());
    let root = start
        .and_then(|s| part.children.iter().position(|c| c.content_id().as_deref() == Some(&s)))
        .or_else(|| part.children.iter().position(|c| c.is_multipart() || c.main_type() == "text"))
        .unwrap_or(0);
    for (i, child) in part.children.iter().enumerate() {
        if i == root {
            choose(child, out);
        } else if child.is_multipart() {
            let mut inner = Chosen::default();
            choose(child, &mut inner);
            out.attached.append(&mut inner.attached);
            out.slots.append(&mut inner.slots);
        } else {
            out.attached.push(child);
        }
    }
}

/// The text of a plain part: decoded, line ends `\n`, flowed lines joined.
#[must_use]
pub fn plain_text(part: &Part<'_>, defects: &mut BTreeSet<Defect>) -> String {
    let text = charset::decode(&part.decoded(defects), part.content_type.get("charset"), defects);
    let text = line_ends(text);
    if part.content_type.get("format").is_some_and(|f| f.trim().eq_ignore_ascii_case("flowed")) {
        let del_sp = part.content_type.get("delsp").is_some_and(|d| d.trim().eq_ignore_ascii_case("yes"));
        return unflow(&text, if del_sp { DelSp::Yes } else { DelSp::No });
    }
    text
}

fn html_source(part: &Part<'_>, defects: &mut BTreeSet<Defect>) -> String {
    let bytes = part.decoded(defects);
    let label = part.content_type.get("charset").map(str::to_owned).or_else(|| meta_charset(&bytes));
    line_ends(charset::decode(&bytes, label.as_deref(), defects))
}

/// `<meta charset=…>` or `<meta http-equiv … content="text/html; charset=…">` in the first kilobyte.
fn meta_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let at = head.find("<meta").and_then(|m| head[m..].find("charset=").map(|c| m + c + 8))?;
    let label: String = head[at..]
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c))
        .collect();
    (!label.is_empty()).then_some(label)
}

fn line_ends(text: String) -> String {
    if !text.contains('\r') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\r') {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

fn looks_like_html(text: &str) -> bool {
    let head = text.trim_start().get(..200.min(text.trim_start().len())).unwrap_or_default().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

/// A text part that only says that there is nothing in it ("your program cannot show HTML").
fn is_lie(plain: &str, lines: &[Line]) -> bool {
    if plain.trim().is_empty() {
        return !lines.is_empty();
    }
    if plain.len() > 400 || plain.trim().lines().count() > 5 {
        return false;
    }
    // What the HTML says too is no excuse.
    let first: String = plain.trim().chars().take(30).collect();
    if lines.is_empty() || lines.iter().any(|l| l.text.contains(&first)) {
        return false;
    }
    let lower = plain.to_lowercase();
    lower.contains("html")
        && ["support", "capable", "view", "client", "stöd", "visa", "läs", "program", "enable", "darstell", "anzeig"]
            .iter()
            .any(|w| lower.contains(w))
}

/// Blank lines in a row become one.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines() {
        let line = line.trim();
        if !(line.is_empty() && blank) {
            out.push_str(line);
            out.push('\n');
        }
        blank = line.is_empty();
    }
    out
}

fn join(texts: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for text in texts {
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.push_str(text);
    }
    out
}

/// Whether the HTML shows this part (`cid:`, RFC 2392).
fn names_cid(nodes: &[Node], part: &Part<'_>) -> bool {
    let Some(id) = part.content_id() else { return false };
    nodes.iter().any(|n| match n {
        Node::Void(e) => e.get("src").trim().strip_prefix("cid:").is_some_and(|c| c == id || percent_decoded(c) == id),
        _ => false,
    })
}

fn percent_decoded(text: &str) -> String {
    text.replace("%40", "@").replace("%24", "$").replace("%2B", "+").replace("%2b", "+")
}
