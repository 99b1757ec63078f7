//! Writing a parsed document out again, with stretches of it left out.

use std::ops::Range;

use crate::mail::html::entity;
use crate::mail::html::parse::{Element, Node};

/// HTML of `nodes` without the text, pictures and breaks in `gone` (ranges of node indexes); elements that become empty go too.
/// The result is balanced. It still has to be sanitized.
#[must_use]
pub fn write(nodes: &[Node], gone: &[Range<usize>]) -> String {
    let mut out = String::new();
    // Where each open element begins in `out`, and where its content begins.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let left_out = gone.iter().any(|g| g.contains(&i));
        match node {
            Node::Mark(_) => {}
            Node::Open(element) => {
                let start = out.len();
                tag(element, &mut out);
                open.push((start, out.len()));
            }
            Node::Close(name) => {
                let Some((start, content)) = open.pop() else { continue };
                if out.len() == content && !matches!(*name, "td" | "th") {
                    out.truncate(start);
                } else if *name != "font" {
                    out.push_str("</");
                    out.push_str(name);
                    out.push('>');
                }
            }
            Node::Void(element) if !left_out => tag(element, &mut out),
            Node::Text(text) if !left_out => pieces(text, &mut out),
            _ => {}
        }
    }
    out
}

/// How long a stretch of text without any tag may be, in bytes.
const MAX_PIECE: usize = 8_192;

/// Text with comments between its pieces, which the sanitizer drops again: html5ever writes one text node in a time that is
/// quadratic in its characters that need escaping (a megabyte of `&` took two minutes).
fn pieces(text: &str, out: &mut String) {
    let mut rest = text;
    while rest.len() > MAX_PIECE {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(MAX_PIECE));
        entity::escape_into(piece, out);
        out.push_str("<!---->");
        rest = tail;
    }
    entity::escape_into(rest, out);
}

fn tag(element: &Element, out: &mut String) {
    if element.tag == "img" && !element.get("src").trim_start().starts_with("cid:") || element.tag == "font" {
        return;
    }
    out.push('<');
    out.push_str(element.tag);
    for (name, value) in &element.attributes {
        // An address of that length opens nothing, and writing it out is quadratic as well.
        if value.len() <= MAX_PIECE
            && matches!(*name, "href" | "src" | "alt" | "colspan" | "rowspan" | "start" | "type" | "title")
        {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            entity::escape_into(value, out);
            out.push('"');
        }
    }
    out.push('>');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::html::parse::parse;

    #[test]
    fn stretches_are_left_out() {
        let check = |html: &str, from: usize, expect: &str| {
            let nodes = parse(html, |_| None).nodes;
            let gone = std::iter::once(from..nodes.len()).collect::<Vec<_>>();
            assert_eq!(write(&nodes, &gone), expect, "{html:?}");
        };
        check("<div>a<p>b</p></div><div>c</div>", 99, "<div>a<p>b</p></div><div>c</div>");
        check("<div>a<p>b</p></div><div>c</div>", 3, "<div>a</div>");
        check("<div>a<br>b</div>", 2, "<div>a</div>");
        check("<font color=x>a</font>", 9, "a");
    }
}
