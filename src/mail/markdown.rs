//! Markdown for signatures and canned answers: one source, read as text and as HTML.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// What one piece of Markdown says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Lines ended by `\n`, without an empty line at either end. A link reads `words <https://…>`.
    pub text: String,
    /// A fragment. HTML that stands in the Markdown is shown, not obeyed.
    pub html: String,
}

/// Renders CommonMark with tables and strikethrough. Line breaks are kept as they were typed.
#[must_use]
pub fn render(markdown: &str) -> Rendered {
    let events: Vec<Event<'_>> =
        Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).map(tame).collect();
    let mut text = Text::default();
    for event in &events {
        text.take(event);
    }
    let mut fragment = String::new();
    html::push_html(&mut fragment, events.into_iter());
    Rendered { text: text.done(), html: fragment.trim_end().to_owned() }
}

/// HTML becomes text, a line break stays one, and a link leads only where a mail may lead.
fn tame(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::SoftBreak => Event::HardBreak,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if leads_somewhere_good(&dest_url) { dest_url } else { CowStr::Borrowed("") };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = if leads_somewhere_good(&dest_url) { dest_url } else { CowStr::Borrowed("") };
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        other => other,
    }
}

fn leads_somewhere_good(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    // An address in angle brackets is a link without a scheme.
    let address = !lower.contains([':', '/']) && lower.contains('@');
    address || ["https://", "http://", "mailto:", "tel:", "cid:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// The text part under way.
#[derive(Default)]
struct Text {
    out: String,
    /// What begins each line: quote marks and the room that list items take.
    margin: Vec<String>,
    /// The number of the next item of each list that is open; `None`: bullets.
    lists: Vec<Option<u64>>,
    /// Where the words of each open link begin, and its target.
    links: Vec<(usize, String)>,
    /// An empty line is due before the next words.
    gap: bool,
    /// A new line is due before the next words.
    fresh: bool,
    /// The mark of an item has been written, and nothing after it.
    marked: bool,
    cells: usize,
}

impl Text {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(*tag),
            Event::Text(words) => {
                for (n, line) in words.trim_end_matches('\n').split('\n').enumerate() {
                    self.fresh |= n > 0;
                    self.words(line);
                }
            }
            Event::Code(words) => self.words(words),
            Event::SoftBreak | Event::HardBreak => self.fresh = true,
            Event::Rule => {
                self.gap = true;
                self.words("----------");
                self.gap = true;
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            // The first words of an item stand on the item's own line.
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_) => self.fresh |= !self.marked,
            Tag::BlockQuote(_) => {
                self.fresh = true;
                self.margin.push("> ".to_owned());
            }
            Tag::List(first) => {
                self.fresh = true;
                self.lists.push(*first);
            }
            Tag::Item => {
                self.fresh = true;
                let mark = match self.lists.last_mut() {
                    Some(Some(n)) => {
                        *n += 1;
                        format!("{}. ", *n - 1)
                    }
                    _ => "- ".to_owned(),
                };
                let room = " ".repeat(mark.len());
                self.words(&mark);
                self.marked = true;
                self.margin.push(room);
            }
            Tag::TableHead | Tag::TableRow => {
                self.fresh = true;
                self.cells = 0;
            }
            Tag::TableCell => {
                if self.cells > 0 {
                    self.words(" | ");
                }
                self.cells += 1;
            }
            Tag::Link { dest_url, .. } => self.links.push((self.out.len(), dest_url.to_string())),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table => self.gap = true,
            TagEnd::BlockQuote(_) => {
                self.margin.pop();
                self.gap = true;
            }
            TagEnd::Item => {
                self.margin.pop();
                self.fresh = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Link => {
                if let Some((from, target)) = self.links.pop() {
                    let words = self.out.get(from..).unwrap_or_default().trim().to_owned();
                    let bare = target.strip_prefix("mailto:").or(target.strip_prefix("tel:")).unwrap_or(&target);
                    if !target.is_empty() && words != target && words != bare {
                        self.words(&format!(" <{bare}>"));
                    }
                }
            }
            _ => {}
        }
    }

    fn words(&mut self, words: &str) {
        if !self.out.is_empty() && (self.gap || self.fresh) {
            self.out.truncate(self.out.trim_end_matches(' ').len());
            self.out.push('\n');
            if self.gap && self.lists.is_empty() {
                self.out.push_str(self.margin.concat().trim_end());
                self.out.push('\n');
            }
            self.out.push_str(&self.margin.concat());
        } else if self.out.is_empty() {
            self.out.push_str(&self.margin.concat());
        }
        (self.gap, self.fresh, self.marked) = (false, false, false);
        self.out.push_str(words);
    }

    fn done(self) -> String {
        let text = self.out.trim_matches('\n').trim_end();
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }
}

/// `text` so that Markdown reads it as the words that it is.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_reads_as_text_and_as_html() {
        let check = |markdown: &str, text: &str, html: &str| {
            let rendered = render(markdown);
            assert_eq!(rendered.text, text, "{markdown:?}");
            assert_eq!(rendered.html, html, "{markdown:?}");
        };
        check("", "", "");
        check("Hej", "Hej\n", "<p>Hej</p>");
        check("Med vänliga\nhälsningar\n", "Med vänliga\nhälsningar\n", "<p>Med vänliga<br />\nhälsningar</p>");
        check("**Ett** *två*\n\nTre", "Ett två\n\nTre\n", "<p><strong>Ett</strong> <em>två</em></p>\n<p>Tre</p>");
        check(
            "Se [frakt](https://shop.example/frakt).",
            "Se frakt <https://shop.example/frakt>.\n",
            "<p>Se <a href=\"https://shop.example/frakt\">frakt</a>.</p>",
        );
        check(
            "<https://shop.example> <kund@example.test>",
            "https://shop.example kund@example.test\n",
            "<p><a href=\"https://shop.example\">https://shop.example</a> <a href=\"mailto:kund@example.test\">kund@example.test</a></p>",
        );
        check(
            "- a\n- b\n  - c\n\nSlut",
            "- a\n- b\n  - c\n\nSlut\n",
            "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>\n<p>Slut</p>",
        );
        assert_eq!(render("- a\n\n- b\n\n  c").text, "- a\n- b\n  c\n");
        assert_eq!(render("| a | b |\n|---|---|\n| 1 | 2 |").text, "a | b\n1 | 2\n");
        check("1. a\n2. b", "1. a\n2. b\n", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>");
        check("> a\n> b\n\nc", "> a\n> b\n\nc\n", "<blockquote>\n<p>a<br />\nb</p>\n</blockquote>\n<p>c</p>");
        check("`a <b>`", "a <b>\n", "<p><code>a &lt;b&gt;</code></p>");
    }

    #[test]
    fn what_is_foreign_is_shown_not_obeyed() {
        for bad in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div style=\"position:fixed\">\nx\n</div>",
            "[x](javascript:alert(1))",
            "![x](javascript:alert(1))",
            "[x](data:text/html,x)",
        ] {
            let html = render(bad).html;
            for word in ["<script", "<img src=x", "<div", "href=\"javascript", "src=\"javascript", "href=\"data"] {
                assert!(!html.contains(word), "{bad}: {html}");
            }
        }
    }

    #[test]
    fn escaped_words_are_words() {
        for words in ["Kund *Ett* [x](https://evil.test) <b>", "# 1. - > `x` \\ |~_", "a\r\n\r\n# b"] {
            let rendered = render(&escape(words));
            assert_eq!(rendered.text.trim_end(), words.replace(['\r', '\n'], " ").trim());
            assert!(!rendered.html.contains("<a") && !rendered.html.contains("<h1") && !rendered.html.contains("<em"));
        }
    }
}
