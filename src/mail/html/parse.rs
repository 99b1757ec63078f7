//! HTML to a flat, balanced list of nodes: linear in its input, nesting capped, never an error.
//!
//! No browser's tree builder: mail needs text, structure and marks, and html5ever is quadratic in depth (its issue 788), so
//! whatever reaches it later has gone through here first and is balanced and shallow.

use std::collections::BTreeMap;

use crate::mail::html::entity;

/// How deep elements may nest; deeper ones lose their tags.
pub const MAX_DEPTH: usize = 512;

/// The mark of an element that a mail program made for the signature, and of its end.
pub const SIGNATURE: &str = "signature-html";
pub const SIGNATURE_END: &str = "signature-end";
/// The mark where an element ends that held nothing but the answered mail.
pub const QUOTE_END: &str = "quote-end";
/// The rules of such elements.
const CONTAINERS: &[&str] = &[
    "gmail-quote",
    "yahoo-quote",
    "proton-quote",
    "zoho-quote",
    "tuta-quote",
    "apple-quote",
    "thunderbird-forward",
    "gmx-quote",
];

/// One step through the document. Every `Open` has its `Close`, in proper nesting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Open(Element),
    Close(&'static str),
    Void(Element),
    /// References undone; white space as it stood.
    Text(String),
    /// Where an element began that says what follows (its rule's name).
    Mark(&'static str),
}

/// An element that is known, with the attributes that anybody here asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub tag: &'static str,
    pub attributes: Vec<(&'static str, String)>,
}

impl Element {
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(n, _)| *n == name)
    }

    /// Whether one of the classes is `class`, also with a prefix that Outlook on the web adds (`x_`).
    #[must_use]
    pub fn has_class(&self, class: &str) -> bool {
        self.get("class").split_ascii_whitespace().any(|c| c.trim_start_matches("x_") == class)
    }

    /// The id without prefixes that Outlook on the web adds.
    #[must_use]
    pub fn id(&self) -> &str {
        self.get("id").trim_start_matches("x_")
    }
}

/// What was read, and whether anything lay too deep.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub nodes: Vec<Node>,
    pub too_deep: bool,
}

const VOID: &[&str] = &["br", "hr", "img"];
/// Their content is no text for a reader.
const SKIP_RAW: &[&str] = &["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript"];
const SKIP_NESTED: &[&str] = &["svg", "math", "object", "template", "select", "audio", "video", "canvas", "applet"];
const INLINE: &[&str] = &[
    "a", "abbr", "b", "big", "code", "del", "em", "font", "i", "ins", "kbd", "label", "mark", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var",
];
const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];
const ATTRIBUTES: &[&str] = &[
    "alt",
    "background",
    "cite",
    "class",
    "colspan",
    "hidden",
    "href",
    "id",
    "name",
    "rowspan",
    "src",
    "start",
    "style",
    "title",
    "type",
];

/// Whether the element begins a line of its own.
#[must_use]
pub fn is_block(tag: &str) -> bool {
    BLOCK.binary_search(&tag).is_ok()
}

fn known(name: &str) -> Option<&'static str> {
    // Most of what there is.
    match name {
        "p" => return Some("p"),
        "br" => return Some("br"),
        "div" => return Some("div"),
        "span" => return Some("span"),
        "o:p" => return None,
        _ => {}
    }
    let find = |list: &'static [&'static str]| list.binary_search(&name).ok().map(|i| list[i]);
    find(INLINE).or_else(|| find(BLOCK)).or_else(|| find(VOID))
}

/// Reads `html`. `marks` names the rule that an element's beginning stands for, if any.
#[must_use]
pub fn parse(html: &str, marks: fn(&Element) -> Option<&'static str>) -> Document {
    let mut builder = Builder {
        document: Document::default(),
        stack: Vec::new(),
        open: BTreeMap::new(),
        dropped: BTreeMap::new(),
        hidden: 0,
        marks,
    };
    let mut missing = Vec::new();
    let mut at = 0;
    let mut text_from = 0;
    while let Some(n) = html[at..].find('<') {
        let lt = at + n;
        let Some(kind) = html.as_bytes().get(lt + 1) else { break };
        at = match kind {
            b'!' | b'?' => {
                builder.text(&html[text_from..lt]);
                text_from = skip_markup(html, lt, &mut missing);
                text_from
            }
            b'/' if html.as_bytes().get(lt + 2).is_some_and(u8::is_ascii_alphabetic) => {
                builder.text(&html[text_from..lt]);
                let (name, _, end) = tag(html, lt + 2);
                builder.close(&name);
                text_from = end;
                end
            }
            c if c.is_ascii_alphabetic() => {
                builder.text(&html[text_from..lt]);
                let (name, attributes, end) = tag(html, lt + 1);
                text_from = skip_content(html, &name, end, &mut missing).unwrap_or(end);
                if text_from == end {
                    builder.open(&name, attributes);
                }
                text_from
            }
            _ => lt + 1,
        };
    }
    builder.text(&html[text_from.min(html.len())..]);
    builder.finish()
}

/// Comments, doctype, processing instructions.
fn skip_markup(html: &str, at: usize, missing: &mut Vec<&'static str>) -> usize {
    if html[at..].starts_with("<!--")
        && let Some(end) = find_once(html, at + 4, "-->", missing)
    {
        return end + 3;
    }
    find_once(html, at, ">", missing).map_or(html.len(), |end| end + 1)
}

/// Where an element ends whose content nobody reads; `None` if it is another one, or never ends.
fn skip_content(html: &str, name: &str, from: usize, missing: &mut Vec<&'static str>) -> Option<usize> {
    let end_tags: &[(&str, &str)] = &[
        ("script", "</script"),
        ("style", "</style"),
        ("title", "</title"),
        ("textarea", "</textarea"),
        ("xmp", "</xmp"),
        ("iframe", "</iframe"),
        ("noembed", "</noembed"),
        ("noframes", "</noframes"),
        ("noscript", "</noscript"),
        ("svg", "</svg"),
        ("math", "</math"),
        ("object", "</object"),
        ("template", "</template"),
        ("select", "</select"),
        ("audio", "</audio"),
        ("video", "</video"),
        ("canvas", "</canvas"),
        ("applet", "</applet"),
    ];
    if !SKIP_RAW.contains(&name) && !SKIP_NESTED.contains(&name) {
        return None;
    }
    let end_tag = end_tags.iter().find(|(n, _)| *n == name)?.1;
    let at = find_once(html, from, end_tag, missing)?;
    Some(html[at..].find('>').map_or(html.len(), |n| at + n + 1))
}

/// Finds `needle` in any case; what is once missing is never looked for again, so that all searches together stay linear.
fn find_once(html: &str, from: usize, needle: &'static str, missing: &mut Vec<&'static str>) -> Option<usize> {
    if missing.contains(&needle) {
        return None;
    }
    let hay = &html.as_bytes()[from.min(html.len())..];
    let first = needle.as_bytes()[0];
    let mut at = 0;
    while let Some(n) = hay[at..].iter().position(|&b| b == first) {
        at += n;
        if hay[at..].get(..needle.len()).is_some_and(|h| h.eq_ignore_ascii_case(needle.as_bytes())) {
            return Some(from + at);
        }
        at += 1;
    }
    missing.push(needle);
    None
}

/// The tag whose name begins at `at`: name in lower case, attributes wanted, and the index after its `>`.
fn tag(html: &str, at: usize) -> (String, Vec<(&'static str, String)>, usize) {
    let bytes = html.as_bytes();
    let mut i = at;
    while i < bytes.len() && !matches!(bytes[i], b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'<') {
        i += 1;
    }
    let name = html[at..i].to_ascii_lowercase();
    let mut attributes = Vec::new();
    while i < bytes.len() {
        match bytes[i] {
            b'>' => return (name, attributes, i + 1),
            b' ' | b'\t' | b'\n' | b'\r' | b'/' => {
                i += 1;
                continue;
            }
            // `<p <b>`: a tag that somebody forgot to close.
            b'<' => return (name, attributes, i),
            _ => {}
        }
        let start = i;
        while i < bytes.len() && !matches!(bytes[i], b'>' | b'=' | b' ' | b'\t' | b'\n' | b'\r' | b'<') {
            i += 1;
        }
        let key = html[start..i].to_ascii_lowercase();
        while i < bytes.len() && bytes[i].is_ascii_whitespace() {
            i += 1;
        }
        let mut value = "";
        if bytes.get(i) == Some(&b'=') {
            i += 1;
            while i < bytes.len() && bytes[i].is_ascii_whitespace() {
                i += 1;
            }
            let quote = bytes.get(i).copied().filter(|q| matches!(q, b'"' | b'\''));
            let closing = quote.and_then(|q| bytes[i + 1..].iter().position(|&b| b == q));
            if let Some(len) = closing {
                value = &html[i + 1..i + 1 + len];
                i += len + 2;
            } else {
                let from = i;
                while i < bytes.len() && !matches!(bytes[i], b'>' | b' ' | b'\t' | b'\n' | b'\r') {
                    i += 1;
                }
                value = html[from..i].trim_matches(['"', '\'']);
            }
        } else if i == start {
            i += 1;
        }
        if let Ok(n) = ATTRIBUTES.binary_search(&key.as_str())
            && !attributes.iter().any(|(k, _): &(&str, String)| *k == ATTRIBUTES[n])
        {
            let mut decoded = String::with_capacity(value.len());
            entity::decode_into(value, &mut decoded);
            attributes.push((ATTRIBUTES[n], decoded));
        }
    }
    (name, attributes, bytes.len())
}

struct Open {
    tag: &'static str,
    hidden: bool,
    /// The mark to set where it ends.
    end: Option<&'static str>,
}

struct Builder {
    document: Document,
    stack: Vec<Open>,
    /// How many elements of a tag are on the stack.
    open: BTreeMap<&'static str, usize>,
    /// How many elements of a tag were dropped because they lay too deep, and are still unclosed.
    dropped: BTreeMap<&'static str, usize>,
    hidden: usize,
    marks: fn(&Element) -> Option<&'static str>,
}

impl Builder {
    fn text(&mut self, raw: &str) {
        if raw.is_empty() || self.hidden > 0 {
            return;
        }
        let mut text = String::with_capacity(raw.len());
        entity::decode_into(raw, &mut text);
        match self.document.nodes.last_mut() {
            Some(Node::Text(last)) => last.push_str(&text),
            _ => self.document.nodes.push(Node::Text(text)),
        }
    }

    fn open(&mut self, name: &str, attributes: Vec<(&'static str, String)>) {
        let Some(tag) = known(name) else { return };
        let element = Element { tag, attributes };
        let rule = (self.marks)(&element);
        self.document.nodes.extend(rule.map(Node::Mark));
        if VOID.contains(&tag) {
            if self.hidden == 0 {
                self.document.nodes.push(Node::Void(element));
            }
            return;
        }
        self.close_implied(tag);
        if self.stack.len() >= MAX_DEPTH {
            self.document.too_deep = true;
            *self.dropped.entry(tag).or_default() += 1;
            return;
        }
        let hidden = is_hidden(element.get("style")) || element.has("hidden");
        self.stack.push(Open { tag, hidden, end: rule.and_then(end_mark) });
        *self.open.entry(tag).or_default() += 1;
        if hidden {
            self.hidden += 1;
        } else if self.hidden == 0 {
            self.document.nodes.push(Node::Open(element));
        }
    }

    /// What an opening tag closes without saying so.
    fn close_implied(&mut self, tag: &str) {
        const TABLE: &[&str] = &["table"];
        const CELL: &[&str] = &["td", "th", "table", "caption"];
        match tag {
            "li" => self.close_until(&["li"], &["ul", "ol", "td", "th", "table"]),
            "dt" | "dd" => self.close_until(&["dt", "dd"], &["dl", "td", "th", "table"]),
            "td" | "th" => self.close_until(&["td", "th", "caption"], TABLE),
            "tr" => self.close_until(&["tr", "caption"], TABLE),
            "tbody" | "thead" | "tfoot" => self.close_until(&["tbody", "thead", "tfoot", "tr", "caption"], TABLE),
            "a" => self.close_until(&["a"], CELL),
            _ if is_block(tag) => self.close_until(&["p"], CELL),
            _ => {}
        }
    }

    fn close_until(&mut self, tags: &[&'static str], borders: &[&str]) {
        if tags.iter().all(|t| self.open.get(t).copied().unwrap_or(0) == 0) {
            return;
        }
        // The outermost of `tags` above the nearest border: a row closes with its cells.
        let mut found = None;
        for (i, open) in self.stack.iter().enumerate().rev() {
            if borders.contains(&open.tag) {
                break;
            }
            if tags.contains(&open.tag) {
                found = Some(i);
            }
        }
        if let Some(i) = found {
            self.pop_to(i);
        }
    }

    fn close(&mut self, name: &str) {
        let Some(tag) = known(name) else { return };
        if tag == "br" {
            return self.open("br", Vec::new());
        }
        if let Some(n) = self.dropped.get_mut(tag).filter(|n| **n > 0) {
            *n -= 1;
            return;
        }
        if self.open.get(tag).copied().unwrap_or(0) == 0 {
            return;
        }
        let borders: &[&str] = match tag {
            "table" => &[],
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "caption" => &["table"],
            "li" => &["ul", "ol", "td", "th", "table"],
            _ => &["td", "th", "table", "caption"],
        };
        for (i, open) in self.stack.iter().enumerate().rev() {
            if open.tag == tag {
                return self.pop_to(i);
            }
            if borders.contains(&open.tag) {
                return;
            }
        }
    }

    fn pop_to(&mut self, depth: usize) {
        while self.stack.len() > depth {
            let Some(open) = self.stack.pop() else { return };
            if let Some(n) = self.open.get_mut(open.tag) {
                *n -= 1;
            }
            if open.hidden {
                self.hidden -= 1;
            } else if self.hidden == 0 {
                self.document.nodes.push(Node::Close(open.tag));
                self.document.nodes.extend(open.end.map(Node::Mark));
            }
        }
    }

    fn finish(mut self) -> Document {
        self.pop_to(0);
        self.document
    }
}

fn end_mark(rule: &'static str) -> Option<&'static str> {
    if rule == SIGNATURE {
        return Some(SIGNATURE_END);
    }
    CONTAINERS.contains(&rule).then_some(QUOTE_END)
}

fn is_hidden(style: &str) -> bool {
    // Nearly every element of Word's has a style, and nearly none of them hides it.
    let says = |word: &str| style.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    if style.is_empty() || !["none", "hide", "hidden"].into_iter().any(says) {
        return false;
    }
    let style: String = style.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    style.contains("display:none")
        || style.contains("mso-hide:all")
        || style.contains("visibility:hidden")
        // The line that newsletters show in the list of mails only.
        || (style.contains("max-height:0") && style.contains("overflow:hidden"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expect: &str) {
        let mut out = String::new();
        for node in parse(html, |_| None).nodes {
            match node {
                Node::Open(e) => out += &format!("<{}>", e.tag),
                Node::Close(t) => out += &format!("</{t}>"),
                Node::Void(e) => out += &format!("<{}/>", e.tag),
                Node::Text(t) => out += &t,
                Node::Mark(m) => out += &format!("!{m}!"),
            }
        }
        assert_eq!(out, expect, "{html:?}");
    }

    #[test]
    fn trees_are_balanced() {
        check("<p>a<p>b", "<p>a</p><p>b</p>");
        check("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>");
        check(
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        );
        check("<b>a</i></b></b>", "<b>a</b>");
        check("<p><b>a<div>c</div>", "<p><b>a</b></p><div>c</div>");
        check("<div><table><tr><td></div>x</td></tr></table>y", "<div><table><tr><td>x</td></tr></table>y</div>");
        check("a<br>b</br>c<hr/>", "a<br/>b<br/>c<hr/>");
        check("<script>x<p></script>y<style>z", "yz");
        check("<!-- <p> -->a<!doctype x>b<!-- c", "ab");
        check("1 < 2 & 3 &lt; 4 <3", "1 < 2 & 3 < 4 <3");
        check("<o:p>a</o:p><unknown x=y>b", "ab");
        check("<div style='Display : None'>a<b>c</b></div>d", "d");
        check("<p <b>x</b>", "<p><b>x</b></p>");
        check("<a href=\"x>y\">z</a>", "<a>z</a>");
        check("<a b=\"x>y", "<a>y</a>");
        check("<", "<");
        check("a<", "a<");
        check("a</", "a</");
    }

    #[test]
    fn lists_are_sorted() {
        for list in [VOID, INLINE, BLOCK, ATTRIBUTES] {
            assert!(list.is_sorted());
        }
    }

    #[test]
    fn depth_is_capped() {
        let html = format!("{}x{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
        let document = parse(&html, |_| None);
        assert!(document.too_deep);
        assert_eq!(document.nodes.len(), 2 * MAX_DEPTH + 1);
        // No search starts again for what is missing.
        let html = "<style><!--<script><svg x='".repeat(50_000);
        assert!(parse(&html, |_| None).nodes.len() < 50_000);
    }
}
