//! A page under way: each thing is said once and written twice, as text of 76 columns and as simple HTML.
//!
//! Everything is escaped here and nowhere else. The HTML is inline-styled and names no background and no text colour but one
//! grey that can be read on white and on black, so that it does well on phones and in dark mode.

use super::Page;
use crate::mail::html::SEPARATOR_CLASS;
use crate::mail::markdown::Rendered;
use crate::mail::marker::MARKER;

/// Our own sentences are wrapped here, other people's words are left as they are.
const COLUMNS: usize = 76;
/// Stands above and below somebody's words.
const RULE: &str = "────────────────────────";
const GREY: &str = "color:#767676";

#[derive(Debug, Default)]
pub(super) struct Sheet {
    text: String,
    html: String,
}

impl Sheet {
    /// The line above which an agent writes. Stands first.
    pub(super) fn marker(&mut self, sentence: &str) {
        self.text.push_str(&format!("{MARKER} {sentence}\n"));
        self.html.push_str(&format!(
            "<div class=\"svar-marker {SEPARATOR_CLASS}\" style=\"margin:0 0 1em;padding:0 0 .3em;border-bottom:1px solid #999\">\
             <span style=\"{GREY};font-size:80%\">{MARKER}</span> <strong>{}</strong></div>\n",
            escape(sentence)
        ));
    }

    /// A sentence or two of ours.
    pub(super) fn say(&mut self, words: &str) {
        self.gap();
        self.wrapped("", words);
        self.html.push_str(&format!("<p style=\"margin:0 0 .8em\">{}</p>\n", linked(words)));
    }

    /// What must not be overlooked.
    pub(super) fn warn(&mut self, words: &str) {
        // Warnings stand together.
        if !self.text.rsplit('\n').nth(1).is_some_and(|line| line.starts_with("! ") || line.starts_with("  ")) {
            self.gap();
        }
        self.wrapped_under("! ", "  ", words);
        self.html.push_str(&format!(
            "<p style=\"margin:0 0 .8em;padding:0 0 0 .6em;border-left:4px solid #d08700\">{}</p>\n",
            linked(words)
        ));
    }

    /// What stands over a list.
    pub(super) fn head(&mut self, words: &str) {
        self.gap();
        self.wrapped("", words);
        self.html.push_str(&format!("<p style=\"margin:1.2em 0 .3em\"><strong>{}</strong></p>\n", escape(words)));
    }

    /// What stands over one of several parts: the line that asked for it.
    pub(super) fn title(&mut self, words: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let words = inert(words);
        self.wrapped("", &words);
        self.text.push_str(&format!("{RULE}\n"));
        self.html.push_str(&format!(
            "<p style=\"margin:1.6em 0 .6em;padding:.2em 0;border-bottom:2px solid #999;overflow-wrap:anywhere\"><strong>{}</strong></p>\n",
            escape(&words)
        ));
    }

    /// One of many things, close together: its title, a line or two about it, and links in the HTML.
    pub(super) fn entry(&mut self, title: &str, about: &[String], links: &[Button]) {
        let title = inert(title);
        if !self.text.ends_with("\n\n") {
            self.gap();
        }
        self.wrapped_under("", "    ", &title);
        self.html.push_str(&format!(
            "<div style=\"margin:0;padding:.5em 0;border-top:1px solid #999;overflow-wrap:anywhere\"><strong>{}</strong>",
            escape(&title)
        ));
        for line in about.iter().filter(|l| !l.trim().is_empty()) {
            let line = inert(line);
            self.wrapped_under("    ", "    ", &line);
            self.html.push_str(&format!("<br>\n{}", escape(&line)));
        }
        for (n, link) in links.iter().enumerate() {
            let before = if n == 0 { "<br>\n" } else { " &nbsp; " };
            self.html.push_str(&format!("{before}<a href=\"{}\">{}</a>", escape(&link.href()), escape(&link.label)));
        }
        self.html.push_str("</div>\n");
    }

    /// A lesser remark.
    pub(super) fn small(&mut self, words: &str) {
        self.gap();
        self.wrapped("", words);
        self.html.push_str(&format!("<p style=\"margin:1em 0 .5em;{GREY};font-size:90%\">{}</p>\n", linked(words)));
    }

    /// Markdown of the desk's owner.
    pub(super) fn rendered(&mut self, rendered: &Rendered) {
        self.gap();
        self.text.push_str(&rendered.text);
        self.html.push_str(&format!("{}\n", rendered.html));
    }

    /// Words of one of us as they are, for a customer.
    pub(super) fn words(&mut self, words: &str) {
        self.gap();
        for line in words.trim_matches('\n').trim_end().split('\n') {
            self.wrapped("", line.trim_end());
        }
        self.html.push_str(&format!(
            "<div style=\"margin:0 0 .8em;overflow-wrap:anywhere\">{}</div>\n",
            laid_out(&linked(words.trim_matches('\n').trim_end()))
        ));
    }

    /// Somebody's words as they are: the matter of the page.
    pub(super) fn letter(&mut self, words: &str) {
        let words = unmasked(&inert(words));
        self.gap();
        self.text.push_str(&format!("{RULE}\n{}\n{RULE}\n", words.trim_matches('\n').trim_end()));
        self.html.push_str(&format!(
            "<div style=\"margin:1em 0;padding:.8em 0;border:1px solid #999;border-width:1px 0;overflow-wrap:anywhere\">{}</div>\n",
            laid_out(&linked(words.trim_end()))
        ));
    }

    /// Somebody's words, set apart from ours.
    pub(super) fn excerpt(&mut self, words: &str) {
        let words = unmasked(&inert(words));
        self.gap();
        for line in words.trim_end().split('\n') {
            self.wrapped_under("| ", "| ", line);
        }
        self.html.push_str(&format!(
            "<div style=\"margin:.5em 0 1em;padding:0 0 0 .8em;border-left:3px solid #999;\
             overflow-wrap:anywhere\">{}</div>\n",
            laid_out(&linked(words.trim_end()))
        ));
    }

    /// Somebody's words in which nothing may be clicked.
    pub(super) fn inert(&mut self, words: &str) {
        self.gap();
        for line in inert(words).trim_end().split('\n') {
            self.wrapped_under("| ", "| ", &defused(line));
        }
        self.html.push_str(&format!(
            "<div style=\"margin:.5em 0 1em;padding:0 0 0 .8em;border-left:3px solid #999;\
             overflow-wrap:anywhere\">{}</div>\n",
            laid_out(&escape(&defused(inert(words).trim_end())))
        ));
    }

    /// Rows of cells, aligned; the last cell takes what room there is.
    pub(super) fn rows(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |n: usize| rows.iter().filter_map(|r| r.get(n)).map(|c| columns_of(c)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.html.push_str("<table style=\"border-collapse:collapse;margin:0 0 .8em\">\n");
        for row in rows {
            let mut line = String::from(" ");
            self.html.push_str("<tr>");
            for (n, cell) in row.iter().enumerate() {
                let cell = inert(cell);
                line.push(' ');
                if n + 1 == row.len() {
                    let room = COLUMNS.saturating_sub(columns_of(&line)).max(20);
                    line.push_str(&shortened(&cell, room));
                } else {
                    line.push_str(&cell);
                    line.push_str(&" ".repeat(widths[n].saturating_sub(columns_of(&cell)) + 1));
                }
                let keep = if n + 1 < row.len() { ";white-space:nowrap" } else { "" };
                self.html.push_str(&format!(
                    "<td style=\"padding:.1em .8em .1em 0;vertical-align:top{keep}\">{}</td>",
                    escape(&cell)
                ));
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
            self.html.push_str("</tr>\n");
        }
        self.html.push_str("</table>\n");
    }

    /// Rows of cells, the last of which is wrapped under itself.
    pub(super) fn wrapped_rows(&mut self, rows: &[(String, String)]) {
        let width = rows.iter().map(|r| columns_of(&r.0)).max().unwrap_or(0);
        self.html.push_str("<table style=\"border-collapse:collapse;margin:0 0 .8em\">\n");
        for (left, right) in rows {
            let margin = format!("  {left}{}  ", " ".repeat(width.saturating_sub(columns_of(left))));
            let under = " ".repeat(columns_of(&margin));
            self.wrapped_under(&margin, &under, right);
            self.html.push_str(&format!(
                "<tr><td style=\"padding:.1em 1em .1em 0;vertical-align:top\">{}</td>\
                 <td style=\"padding:.1em 0;vertical-align:top\">{}</td></tr>\n",
                escape(left),
                escape(right)
            ));
        }
        self.html.push_str("</table>\n");
    }

    /// One-tap commands, in the HTML only: label, address, subject and body of the mail that opens.
    pub(super) fn buttons(&mut self, buttons: &[Button]) {
        if buttons.is_empty() {
            return;
        }
        self.html.push_str("<p style=\"margin:1.2em 0 .4em\">");
        for b in buttons {
            let href = b.href();
            self.html.push_str(&format!(
                "<a href=\"{}\" style=\"display:inline-block;margin:0 .5em .5em 0;padding:.35em .8em;\
                 border:1px solid #999;border-radius:.4em;text-decoration:none\">{}</a>\n",
                escape(&href),
                escape(&b.label)
            ));
        }
        self.html.push_str("</p>\n");
    }

    /// One of many things: its title, a line or two about it, and its one-tap commands. In text the first command alone.
    pub(super) fn item(&mut self, title: &str, about: &[String], buttons: &[Button]) {
        self.gap();
        self.wrapped_under("", "  ", &inert(title));
        self.html.push_str(&format!(
            "<div style=\"margin:0 0 1em;padding:.6em 0 0;border-top:1px solid #999;overflow-wrap:anywhere\"><strong>{}</strong>",
            escape(&inert(title))
        ));
        for line in about {
            self.wrapped_under("  ", "  ", &inert(line));
            self.html.push_str(&format!("<br>\n{}", escape(&inert(line))));
        }
        if let Some(first) = buttons.first() {
            self.text.push_str(&format!("  {}: {}\n", first.label, first.to));
        }
        self.buttons(buttons);
        self.html.push_str("</div>\n");
    }

    /// The same as a list, in the text only.
    pub(super) fn button_list(&mut self, title: &str, buttons: &[Button]) {
        if buttons.is_empty() {
            return;
        }
        self.gap();
        self.text.push_str(&format!("{title}\n"));
        let width = buttons.iter().map(|b| columns_of(&b.label)).max().unwrap_or(0);
        for b in buttons {
            let room = " ".repeat(width - columns_of(&b.label));
            self.text.push_str(&format!("  {}{room}  {}\n", b.label, b.to));
        }
    }

    pub(super) fn done(self, language: &str, subject: String) -> Page {
        Page { subject, html: document(language, &self.html), text: self.text }
    }

    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn wrapped(&mut self, margin: &str, words: &str) {
        self.wrapped_under(margin, margin, words);
    }

    fn wrapped_under(&mut self, first: &str, under: &str, words: &str) {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in words.split(' ') {
            if !empty && columns_of(&line) + 1 + columns_of(word) > COLUMNS {
                self.push_line(&line);
                under.clone_into(&mut line);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.push_line(&line);
    }

    /// A space that must not break has done its work.
    fn push_line(&mut self, line: &str) {
        self.text.push_str(line.replace('\u{a0}', " ").trim_end());
        self.text.push('\n');
    }
}

/// A one-tap command as it is shown.
#[derive(Debug)]
pub(super) struct Button {
    pub(super) label: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) body: String,
}

impl Button {
    fn href(&self) -> String {
        format!("mailto:{}?subject={}&body={}", percent(&self.to), percent(&self.subject), percent(&self.body))
    }
}

/// A whole document around a fragment.
pub(super) fn document(language: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n</head>\n\
         <body style=\"font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;\
         line-height:1.45;max-width:42em;margin:0;padding:.5em\">\n{body}</body>\n</html>\n"
    )
}

/// Foreign words without our marker, so that the first marker in a reply is ours, and without control characters.
pub(super) fn inert(words: &str) -> String {
    let words: String = words.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    words.replace(MARKER, "- svar -")
}

/// No client makes a link of it: `https[:]//evil[.]test`.
pub(super) fn defused(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut chars = words.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            ':' if next == Some('/') => out.push_str("[:]"),
            '.' if next.is_some_and(char::is_alphanumeric) => out.push_str("[.]"),
            c => out.push(c),
        }
    }
    out
}

#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Escaped words with their own lines and spaces, said in markup: Outlook and w3m know no `white-space:pre-wrap`.
fn laid_out(html: &str) -> String {
    html.replace("\n ", "\n&nbsp;").replace("  ", "&nbsp; ").replace('\n', "<br>\n")
}

/// Escaped, with web addresses made into links that lead where they say.
pub(super) fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some((before, url, after)) = web_address(rest, &["https://", "http://"]) {
        out.push_str(&escape(before));
        match plain_domain(url).filter(|_| url.len() > "https://".len() && !bidi(url)) {
            Some(plain) => out.push_str(&format!("<a href=\"{}\">{}</a>", escape(&plain), escape(url))),
            None => out.push_str(&escape(url)),
        }
        rest = after;
    }
    out.push_str(&escape(rest));
    out
}

/// Somebody's words with web addresses by the names that computers call them: `https://xn--pple-43d.test`, not one that looks like a
/// known shop's and has a letter of another alphabet in it. Mail addresses are shown the same way.
fn unmasked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, url, after)) = web_address(rest, &["https://", "http://", "www."]) {
        out.push_str(before);
        match plain_domain(url) {
            Some(plain) => out.push_str(&plain),
            None => out.push_str(&defused(url)),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The first web address that begins in one of these ways, with what stands before and behind it.
fn web_address<'a>(text: &'a str, begins: &[&str]) -> Option<(&'a str, &'a str, &'a str)> {
    // Once through the text, however many there are and whichever are not.
    let starts = |(at, c): &(usize, char)| matches!(c, 'h' | 'w') && begins.iter().any(|s| text[*at..].starts_with(s));
    let (at, _) = text.char_indices().find(starts)?;
    let (before, tail) = text.split_at(at);
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '”' | '“');
    let url = &tail[..tail.find(ends).unwrap_or(tail.len())];
    let url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '*', '_']);
    Some((before, url, &tail[url.len()..]))
}

/// A web address with its domain in ASCII (IDNA). `None`: it has no domain that exists.
fn plain_domain(url: &str) -> Option<String> {
    let begin = ["https://", "http://"].iter().find(|s| url.starts_with(**s)).map_or(0, |s| s.len());
    let rest = &url[begin..];
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.is_ascii() {
        return Some(url.to_owned());
    }
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    let host = &authority[host_at..];
    let port_at = host.rfind(':').filter(|at| host[at + 1..].bytes().all(|b| b.is_ascii_digit())).unwrap_or(host.len());
    let (host, port) = host.split_at(port_at);
    let plain = idna::domain_to_ascii(host)
        .ok()
        .filter(|plain| !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)))?;
    Some(format!("{}{}{plain}{port}{}", &url[..begin], &authority[..host_at], &rest[end..]))
}

/// Characters that make an address look like another.
fn bidi(text: &str) -> bool {
    text.contains(
        |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'),
    )
}

/// RFC 6068: everything but letters, digits, and what is harmless in an address is percent-encoded; `+` is, because some clients read it as a space.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~@".contains(&b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// Columns on a terminal, near enough: a character is one wide.
fn columns_of(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn shortened(text: &str, columns: usize) -> String {
    if columns_of(text) <= columns {
        return text.to_owned();
    }
    let start: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_links_and_nothing_else_does() {
        let check = |text: &str, html: &str| assert_eq!(linked(text), html, "{text:?}");
        check("a < b & c", "a &lt; b &amp; c");
        check(
            "se https://shop.example/x?a=1&b=2.",
            "se <a href=\"https://shop.example/x?a=1&amp;b=2\">https://shop.example/x?a=1&amp;b=2</a>.",
        );
        check("(http://a.test)", "(<a href=\"http://a.test\">http://a.test</a>)");
        check("https:// tom", "https:// tom");
        check("javascript:alert(1)", "javascript:alert(1)");
        check(
            "https://a.test/\"onmouseover=\"x",
            "<a href=\"https://a.test/\">https://a.test/</a>&quot;onmouseover=&quot;x",
        );
        check("https://a.test/\u{202e}moc", "https://a.test/\u{202e}moc");
        // The first letter is Cyrillic. Whoever writes such a link himself sees his own words.
        check("https://\u{430}pple.test/x", "<a href=\"https://xn--pple-43d.test/x\">https://\u{430}pple.test/x</a>");
        check("https://\u{a8}.test/", "https://\u{a8}.test/");
    }

    #[test]
    fn domains_that_look_like_others_are_shown_for_what_they_are() {
        let check = |text: &str, expect: &str| assert_eq!(unmasked(text), expect, "{text:?}");
        check("se https://apple.test/\u{e5}, www.a.test. www.", "se https://apple.test/\u{e5}, www.a.test. www.");
        check("https://\u{430}pple.test/\u{e5}?b.", "https://xn--pple-43d.test/\u{e5}?b.");
        check("(www.\u{430}pple.test)", "(www.xn--pple-43d.test)");
        check("http://apple.test@\u{430}pple.test:8080/", "http://apple.test@xn--pple-43d.test:8080/");
        check("www.a.test/?to=https://\u{430}.test", "www.a.test/?to=https://\u{430}.test");
        check("https://apple.test\u{ff0f}x.evil.test", "https[:]//apple[.]test\u{ff0f}x[.]evil[.]test");
        check("https:// http://", "https:// http://");
        let mut sheet = Sheet::default();
        sheet.letter("https://\u{430}pple.test/x");
        sheet.excerpt("https://\u{430}pple.test/y");
        assert!(!sheet.text.contains('\u{430}') && !sheet.html.contains('\u{430}'), "{}", sheet.html);
        assert!(sheet.html.contains("<a href=\"https://xn--pple-43d.test/y\">https://xn--pple-43d.test/y</a>"));
    }

    #[test]
    fn inert_words_are_no_links_and_no_marker() {
        assert_eq!(defused("https://evil.test/x. Hej."), "https[:]//evil[.]test/x. Hej.");
        assert_eq!(inert("a\u{1b}[31m -=-=- svar -=-=-\0"), "a[31m - svar -");
    }

    #[test]
    fn lines_and_spaces_last_where_styles_do_not() {
        let check = |words: &str, html: &str| {
            let mut sheet = Sheet::default();
            sheet.letter(words);
            assert!(sheet.html.ends_with(&format!(">{html}</div>\n")), "{}", sheet.html);
        };
        check("Hi,\n\na < b\n", "Hi,<br>\n<br>\na &lt; b");
        check("1  kg\n  2 kg", "1&nbsp; kg<br>\n&nbsp; 2 kg");
    }

    #[test]
    fn mailto_links_are_encoded() {
        assert_eq!(percent("a+b@c.test"), "a%2Bb@c.test");
        assert_eq!(percent("Ta å&\n"), "Ta%20%C3%A5%26%0A");
    }

    #[test]
    fn text_is_wrapped() {
        let mut sheet = Sheet::default();
        sheet.say(&"ord ".repeat(40));
        sheet.warn(&"ord ".repeat(25));
        sheet.wrapped_rows(&[("a".to_owned(), "ord ".repeat(30)), ("bbb".to_owned(), "x".to_owned())]);
        assert!(sheet.text.lines().all(|l| l.chars().count() <= COLUMNS), "{}", sheet.text);
        assert!(sheet.text.ends_with("\n  bbb  x\n"));
    }
}
