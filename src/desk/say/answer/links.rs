//! Puts the targets of an HTML part's links into its text part: `words <https://…>`.

use regex::Regex;

/// More links than this are listed below without a search for their words.
const MOST: usize = 200;

/// `text` with every link of `html` (cleaned: attributes in double quotes) named by its target, once, where its words stand;
/// at the end where they do not.
pub(super) fn with_targets(text: &str, html: &str) -> String {
    let mut out = text.to_owned();
    // Where the search for the next link's words begins: links come in the order of the text.
    let mut from = 0;
    let mut below = Vec::new();
    for (n, link) in links(html).iter().enumerate() {
        let bare = link.target.strip_prefix("mailto:").or(link.target.strip_prefix("tel:")).unwrap_or(&link.target);
        let bare = bare.split('?').next().filter(|_| link.target.starts_with("mailto:")).unwrap_or(bare);
        if let Some(at) = out.get(from..).and_then(|rest| rest.find(bare)) {
            // Its target stands there already.
            from += at + bare.len();
            continue;
        }
        let found = if n < MOST { find(&out, from, &link.words) } else { None };
        if let Some(end) = found {
            let target = format!(" <{bare}>");
            out.insert_str(end, &target);
            from = end + target.len();
        } else if !out.contains(bare) && !below.iter().any(|b: &String| b.ends_with(&format!("<{bare}>"))) {
            below.push(if link.words.is_empty() { format!("<{bare}>") } else { format!("{} <{bare}>", link.words) });
        }
    }
    if !below.is_empty() {
        out.push_str("\n\n");
        out.push_str(&below.join("\n"));
    }
    out
}

/// Where `words` end in `text`, whatever the white space between them.
fn find(text: &str, from: usize, words: &str) -> Option<usize> {
    let pattern: Vec<String> = words.split_whitespace().map(regex::escape).collect();
    if pattern.is_empty() {
        return None;
    }
    let pattern = Regex::new(&pattern.join(r"\s+")).ok()?;
    Some(from + pattern.find(text.get(from..)?)?.end())
}

#[derive(Debug, PartialEq, Eq)]
struct Link {
    target: String,
    words: String,
}

/// The links of cleaned HTML that lead out of the mail.
fn links(html: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find("<a ") {
        rest = &rest[at + 3..];
        let Some(close) = rest.find('>') else { break };
        let (tag, after) = (&rest[..close], &rest[close + 1..]);
        let end = after.find("</a>").unwrap_or(after.len());
        let target = attribute(tag, "href").map(unescaped).unwrap_or_default();
        if ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| target.starts_with(scheme)) {
            links.push(Link { target, words: words(&after[..end]) });
        }
        rest = &after[end..];
    }
    links
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let at = tag.find(&format!("{name}=\""))?;
    let value = &tag[at + name.len() + 2..];
    value.split('"').next()
}

/// The words of a fragment, without its tags.
fn words(fragment: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in fragment.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    unescaped(&out).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_stands_in_the_text() {
        let check = |text: &str, html: &str, expect: &str| assert_eq!(with_targets(text, html), expect, "{html}");
        let a = |target: &str, words: &str| format!("<a href=\"{target}\">{words}</a>");
        check("Hej", "<p>Hej</p>", "Hej");
        check("Se här.", &format!("Se {}.", a("https://a.test/", "här")), "Se här <https://a.test/>.");
        check("Se https://a.test/ nu", &a("https://a.test/", "https://a.test/"), "Se https://a.test/ nu");
        check("Se här <https://a.test/>.", &a("https://a.test/", "här"), "Se här <https://a.test/>.");
        check(
            "här och här",
            &format!("{} och {}", a("https://a.test/", "här"), a("https://b.test/", "här")),
            "här <https://a.test/> och här <https://b.test/>",
        );
        check(
            "en röd\nmugg",
            &format!("<ul><li>{}</li></ul>", a("https://a.test/?x=1&amp;y=2", "en <b>röd</b>\n mugg")),
            "en röd\nmugg <https://a.test/?x=1&y=2>",
        );
        check("Hej", &format!("Hej {}", a("https://a.test/", "<img src=\"cid:x\">")), "Hej\n\n<https://a.test/>");
        check("Hej", &a("https://a.test/", "borta"), "Hej\n\nborta <https://a.test/>");
        check("skriv till oss", &a("mailto:x@a.test?subject=y", "oss"), "skriv till oss <x@a.test>");
        check("x@a.test", &a("mailto:x@a.test", "x@a.test"), "x@a.test");
        check("upp", &a("#top", "upp"), "upp");
    }
}
