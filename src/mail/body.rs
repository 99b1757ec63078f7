//! What a reader reads: which parts are the text, in which form, and which are attachments.

mod choose;
mod lie;

use std::collections::BTreeSet;

use crate::mail::attachment::File;
use crate::mail::body::choose::{Attached, Chosen, Slot, Source, choose};
use crate::mail::flowed::{DelSp, unflow};
use crate::mail::html::parse::{self, Document, Node};
use crate::mail::html::render::{self, Line};
use crate::mail::letter::{Attachment, Defect};
use crate::mail::mime::Part;
use crate::mail::quote::marks;
use crate::mail::{attachment, charset, enriched, html, signed, uuencode};

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

/// Chooses text and attachments of a letter.
#[must_use]
pub fn read(root: &Part<'_>, defects: &mut BTreeSet<Defect>) -> Body {
    let (mut body, attached) = read_text(root, defects);
    let shown = body.html.as_ref().map(|h| Shown::by(&h.nodes)).unwrap_or_default();
    for (i, attached) in attached.into_iter().enumerate() {
        body.attachments.push(match attached {
            Attached::Part(part) => {
                let inline = shown.names(part)
                    || (part.main_type() == "image"
                        && part.disposition.value == "inline"
                        && part.fields.has("Content-ID"));
                attachment::read(part, i + 1, inline, defects)
            }
            Attached::File(file) => {
                let inline = file.content_id.as_ref().is_some_and(|id| shown.has_id(id));
                attachment::of_file(file, i + 1, inline)
            }
        });
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

fn read_text<'p, 'a>(root: &'p Part<'a>, defects: &mut BTreeSet<Defect>) -> (Body, Vec<Attached<'p, 'a>>) {
    let mut chosen = Chosen::default();
    choose(root, &mut chosen, defects);
    if chosen.slots.is_empty() {
        // Where nothing else is text, a text file that is shown inline is read as well as attached.
        let shown = chosen.attached.iter().find_map(|a| match a {
            Attached::Part(p) if p.media_type == "text/plain" && p.disposition.value != "attachment" => Some(*p),
            _ => None,
        });
        chosen.slots.extend(shown.map(|p| Slot { plain: Some(Source::Part(p)), html: None }));
    }
    let (mut texts, mut sources) = (Vec::new(), Vec::new());
    let mut decode = |slot: Slot<'_, '_>, files: &mut Vec<File>, defects: &mut BTreeSet<Defect>| {
        let plain = slot.plain.map(|p| bare(p.plain(defects), files, defects));
        let source = slot.html.map(|s| s.html(defects));
        let is_blank = [&plain, &source].into_iter().flatten().all(|t| t.trim().is_empty());
        // A text that is HTML in truth is read as such.
        let (plain, source) = match (plain, source) {
            (Some(p), None) if lie::looks_like_html(&p) => (None, Some(p)),
            other => other,
        };
        texts.push(plain);
        sources.push(source);
        is_blank
    };
    let mut files = Vec::new();
    let mut is_blank = true;
    for slot in chosen.slots {
        is_blank &= decode(slot, &mut files, defects);
    }
    if let Some(packed) = chosen.packed.filter(|_| is_blank) {
        decode(packed, &mut files, defects);
    }
    chosen.attached.extend(files.into_iter().map(Attached::File));
    let mut body = Body::default();
    if sources.iter().any(Option::is_some) {
        read_html(&mut body, &chosen.notes, &texts, &sources, defects);
    } else {
        body.text = join(chosen.notes.into_iter().chain(texts.into_iter().flatten()));
    }
    (body, chosen.attached)
}

/// A plain text without what is wrapped around it or packed into it.
fn bare(mut text: String, files: &mut Vec<File>, defects: &mut BTreeSet<Defect>) -> String {
    if let Some((rest, found)) = uuencode::extract(&text) {
        text = rest;
        files.extend(found);
    }
    if text.contains("-----BEGIN PGP ") {
        if let Some(clear) = signed::clear_text(&text) {
            text = clear;
        } else if signed::is_armored(&text) {
            defects.insert(Defect::Encrypted);
            text.insert_str(0, "[encrypted: OpenPGP]\n\n");
        }
    }
    text
}

fn read_html(
    body: &mut Body,
    notes: &[String],
    texts: &[Option<String>],
    sources: &[Option<String>],
    defects: &mut BTreeSet<Defect>,
) {
    if sources.iter().flatten().map(String::len).sum::<usize>() > html::MAX_BYTES {
        defects.insert(Defect::HtmlTooBig);
        let parts = texts.iter().zip(sources).filter_map(|(text, source)| {
            let honest = text.as_ref().filter(|t| !t.trim().is_empty()).cloned();
            honest.or_else(|| source.as_deref().map(|s| tidy(&html::strip_tags(s))))
        });
        body.text = join(notes.iter().cloned().chain(parts));
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
    let mut lines = render::lines(&document.nodes);
    let honest =
        texts.iter().zip(sources).all(|(t, s)| s.is_none() || t.as_ref().is_some_and(|t| !t.trim().is_empty()));
    let plain = join(texts.iter().flatten().cloned());
    let is_lie = !honest || lie::is_lie(&plain, &lines);
    if !notes.is_empty() {
        let noted = notes.iter().flat_map(|n| as_nodes(n).nodes);
        document.nodes = noted.chain(document.nodes).collect();
        lines = render::lines(&document.nodes);
    }
    if is_lie {
        let mut text = String::with_capacity(lines.iter().map(|l| l.text.len() + 1).sum());
        for line in &lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text.pop();
        body.text = text;
        body.text_is_html = true;
    } else {
        body.text = join(notes.iter().cloned().chain(std::iter::once(plain)));
    }
    body.html = Some(Hypertext { nodes: document.nodes, lines });
}

/// Plain text as nodes, so that it can stand between HTML.
fn as_nodes(text: &str) -> Document {
    let element = |tag| parse::Element { tag, attributes: Vec::new() };
    let mut nodes = vec![Node::Open(element("p"))];
    for (i, line) in text.trim_matches('\n').split('\n').enumerate() {
        if i > 0 {
            nodes.push(Node::Void(element("br")));
        }
        nodes.push(Node::Text(line.to_owned()));
    }
    nodes.push(Node::Close("p"));
    Document { nodes, too_deep: false }
}

/// The text of a plain part: decoded, line ends `\n`, flowed lines joined.
#[must_use]
pub fn plain_text(part: &Part<'_>, defects: &mut BTreeSet<Defect>) -> String {
    let text = charset::decode(&part.decoded(defects), part.content_type.get("charset"), defects);
    let text = line_ends(text);
    if part.media_type == "text/enriched" {
        return enriched::to_plain(&text);
    }
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
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
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

/// The pictures that the HTML shows: `cid:` (RFC 2392) and, within one letter, Content-Location (RFC 2557).
#[derive(Debug, Default)]
struct Shown {
    sources: BTreeSet<String>,
}

impl Shown {
    fn by(nodes: &[Node]) -> Self {
        let mut sources = BTreeSet::new();
        for node in nodes {
            let (Node::Void(element) | Node::Open(element)) = node else { continue };
            for (name, value) in &element.attributes {
                let value = value.trim();
                match *name {
                    "src" | "background" => drop(sources.insert(percent_decoded(strip_cid(value)))),
                    "style" => sources.extend(style_ids(value)),
                    _ => {}
                }
            }
        }
        Self { sources }
    }

    fn names(&self, part: &Part<'_>) -> bool {
        if self.sources.is_empty() {
            return false;
        }
        let location = part.fields.plain("Content-Location");
        part.content_id().is_some_and(|id| self.has_id(&id))
            || location.is_some_and(|l| !l.is_empty() && self.sources.contains(&percent_decoded(&l)))
    }

    fn has_id(&self, id: &str) -> bool {
        self.sources.contains(&percent_decoded(id))
    }
}

fn strip_cid(value: &str) -> &str {
    value.get(..4).filter(|s| s.eq_ignore_ascii_case("cid:")).map_or(value, |_| &value[4..])
}

/// The ids of `url(cid:…)` in a style.
fn style_ids(style: &str) -> impl Iterator<Item = String> {
    style.split("cid:").skip(1).map(|s| percent_decoded(s.split(['"', '\'', ')']).next().unwrap_or_default()))
}

fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    text.replace("%40", "@").replace("%24", "$").replace("%2B", "+").replace("%2b", "+")
}
