//! HTML of mail: read into lines, written out cleaned, cut where the new part ends.

pub mod cut;
pub mod entity;
pub mod parse;
pub mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// HTML beyond this is read without its tags.
pub const MAX_BYTES: usize = 2_000_000;

/// The class of the element that opens what svar itself writes to agents.
pub const SEPARATOR_CLASS: &str = "svar-separator";

/// `html` without scripts, styles, remote pictures and anything else that is not text, links, lists, tables, emphasis or a
/// picture of the mail itself (`cid:`). Nesting is bounded. The result is safe to put into another HTML mail.
#[must_use]
pub fn clean(html: &str) -> String {
    if html.len() > MAX_BYTES {
        let mut out = String::new();
        entity::escape_into(&strip_tags(html), &mut out);
        return out;
    }
    let document = parse::parse(html, |_| None);
    sanitize(&cut::write(&document.nodes, &[]))
}

/// `html` as text: see [`render::lines`].
#[must_use]
pub fn to_text(html: &str) -> String {
    if html.len() > MAX_BYTES {
        return strip_tags(html);
    }
    let lines = render::lines(&parse::parse(html, |_| None).nodes);
    let mut out = String::with_capacity(html.len() / 2);
    for line in lines {
        out.push_str(&line.text);
        out.push('\n');
    }
    out.pop();
    out
}

/// The last word on what is allowed, over HTML that is balanced and shallow already.
pub(in crate::mail) fn sanitize(html: &str) -> String {
    static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
        let tags: BTreeSet<&str> = [
            "a",
            "abbr",
            "b",
            "blockquote",
            "br",
            "caption",
            "center",
            "code",
            "dd",
            "del",
            "div",
            "dl",
            "dt",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "img",
            "ins",
            "kbd",
            "li",
            "mark",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "sup",
            "table",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
            "tt",
            "u",
            "ul",
            "var",
        ]
        .into();
        let attributes: BTreeMap<&str, &[&str]> = BTreeMap::from([
            ("a", &["href", "title"][..]),
            ("img", &["src", "alt"]),
            ("ol", &["start", "type"]),
            ("td", &["colspan", "rowspan"]),
            ("th", &["colspan", "rowspan"]),
        ]);
        let mut builder = ammonia::Builder::empty();
        builder
            .tags(tags.into_iter().collect())
            .generic_attributes([].into())
            .tag_attributes(attributes.into_iter().map(|(t, a)| (t, a.iter().copied().collect())).collect())
            .url_schemes(["http", "https", "mailto", "tel", "cid"].into())
            .link_rel(None)
            .strip_comments(true)
            .attribute_filter(|element, attribute, value| match (element, attribute) {
                ("img", "src") => value.trim_start().to_ascii_lowercase().starts_with("cid:").then(|| value.into()),
                _ => Some(value.into()),
            });
        builder
    });
    CLEANER.clean(html).to_string()
}

/// Text of HTML that is too big to be parsed: what stands outside of tags.
pub(in crate::mail) fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(lt) = rest.find('<') {
        entity::decode_into(&rest[..lt], &mut out);
        let Some(gt) = rest[lt..].find('>') else {
            rest = &rest[lt..];
            break;
        };
        let name: String = rest[lt + 1..].chars().take(7).flat_map(char::to_lowercase).collect();
        if ["br", "/p", "p", "div", "/div", "/tr", "li"].iter().any(|t| name.starts_with(t)) {
            out.push('\n');
        }
        rest = &rest[lt + gt + 1..];
        if name.starts_with("style") || name.starts_with("script") {
            rest = rest.find("</").map_or("", |at| &rest[at..]);
        }
    }
    entity::decode_into(rest, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expect: &str) {
        assert_eq!(clean(html), expect, "{html:?}");
    }

    #[test]
    fn what_survives_cleaning() {
        check(
            "<p>a <b>b</b> <i>c</i> <a href=\"https://a.test/?x=1&y=2\">d</a></p>",
            "<p>a <b>b</b> <i>c</i> <a href=\"https://a.test/?x=1&amp;y=2\">d</a></p>",
        );
        check("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>");
        check("<table><tr><td colspan=2>a</table>", "<table><tbody><tr><td colspan=\"2\">a</td></tr></tbody></table>");
        check("<img src='cid:x@y' alt='z'><img src='https://t.test/p.gif'>", "<img src=\"cid:x@y\" alt=\"z\">");
        check("<script>x</script><style>y</style><svg><a>z</a></svg>a", "a");
        check("<a href='javascript:alert(1)' onclick=x>a</a>", "<a>a</a>");
        check("<p style='color:red' class=x id=y>a</p>", "<p>a</p>");
        check("<div style='display:none'>secret</div>a", "a");
        check("a < b &amp; c", "a &lt; b &amp; c");
    }

    #[test]
    fn big_and_deep() {
        assert!(clean(&"<div>".repeat(100_000)).len() < 20_000);
        assert_eq!(clean(&format!("{}x", "<b>".repeat(5_000))).matches('x').count(), 1);
        let big = "<p>x</p>".repeat(MAX_BYTES / 8 + 1);
        assert!(!clean(&big).contains('<'));
        assert!(to_text(&big).starts_with("\nx\n"));
    }
}
