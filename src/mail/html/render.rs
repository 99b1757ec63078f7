//! A parsed document as lines of text, each knowing the node that it began with.

use crate::mail::html::parse::{Element, Node, QUOTE_END, SIGNATURE_END, is_block};

/// A line of text as a reader sees it. Quotes stand behind `> `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// The node that the line's first character came from.
    pub node: usize,
    /// The rule of an element that begins with this line.
    pub mark: Option<&'static str>,
}

/// What `<hr>` becomes; the same line that Outlook writes above the mail it answers.
pub const RULE: &str = "________________________________";

/// How deep lists are indented and quotes are marked; deeper ones stay at that.
const MAX_INDENT: usize = 8;
const MAX_QUOTE: usize = 20;

/// Lists, links with their targets, tables (cells behind tabs), quotes and preformatted text stay what they are.
#[must_use]
pub fn lines(nodes: &[Node]) -> Vec<Line> {
    let mut renderer = Renderer { quotes: vec![0], ..Renderer::default() };
    for (i, node) in nodes.iter().enumerate() {
        match node {
            Node::Open(element) => renderer.open(element),
            Node::Close(tag) => renderer.close(tag),
            Node::Void(element) => renderer.void(element, i),
            Node::Text(text) => renderer.text(text, i),
            Node::Mark(rule) => renderer.mark(rule),
        }
    }
    renderer.finish()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Line,
    Blank,
}

#[derive(Debug, Default)]
struct Renderer {
    lines: Vec<Line>,
    line: String,
    node: usize,
    /// Quote depth the current line began with.
    line_quote: usize,
    line_indent: usize,
    gap: Gap,
    /// A collapsed space waits for the next word.
    space: bool,
    mark: Option<&'static str>,
    line_mark: Option<&'static str>,
    /// Quote depth of each open block quote.
    quotes: Vec<usize>,
    /// Open lists: the next number, or none.
    lists: Vec<Option<usize>>,
    bullet: Option<String>,
    /// Cells of the row that is open: how many lines were finished in it.
    row_lines: Option<usize>,
    tab: bool,
    /// How many elements are open, and at which of these depths white space began to count.
    depth: usize,
    pre: Vec<usize>,
    /// The gap around each open paragraph.
    paragraphs: Vec<Gap>,
    links: Vec<(String, usize, usize)>,
}

impl Renderer {
    fn quote(&self) -> usize {
        self.quotes.last().copied().unwrap_or(0)
    }

    /// The next line begins what `rule` names. The first rule stays, unless the new one is ours.
    fn mark(&mut self, rule: &'static str) {
        if rule == "svar-separator" || self.mark.is_none_or(|m| matches!(m, SIGNATURE_END | QUOTE_END)) {
            self.mark = Some(rule);
        }
        self.need(Gap::Line);
    }

    fn need(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    fn open(&mut self, element: &Element) {
        self.depth += 1;
        if element.tag == "pre" || keeps_space(element.get("style")) {
            self.pre.push(self.depth);
        }
        match element.tag {
            "blockquote" => {
                self.need(Gap::Line);
                let depth = (self.quote() + usize::from(is_quote(element))).min(MAX_QUOTE);
                self.quotes.push(depth);
            }
            "ul" | "ol" => {
                self.need(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
                let start = element.get("start").parse().unwrap_or(1);
                self.lists.push((element.tag == "ol").then_some(start));
            }
            "li" => {
                self.need(Gap::Line);
                let bullet = match self.lists.last_mut() {
                    Some(Some(n)) => {
                        let text = format!("{n}. ");
                        *n = n.saturating_add(1);
                        text
                    }
                    _ => "- ".to_owned(),
                };
                self.bullet = Some(bullet);
            }
            "tr" => {
                self.flush();
                self.need(Gap::Line);
                self.row_lines = Some(self.lines.len() + usize::from(self.gap == Gap::Blank));
                self.tab = false;
            }
            "td" | "th" => {
                // A cell whose neighbour to the left was one line stands behind a tab; else it is a line of its own.
                let one_line = self.tab && self.row_lines.is_some_and(|n| self.lines.len() <= n);
                if one_line && !self.line.is_empty() {
                    self.gap = Gap::None;
                    self.space = false;
                    self.line.push('\t');
                } else if !self.line.is_empty() {
                    self.need(Gap::Line);
                }
            }
            "a" => {
                let at = self.line.len();
                self.links.push((element.get("href").trim().to_owned(), self.lines.len(), at));
            }
            "q" => self.space = true,
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" => {
                let gap = paragraph_gap(element);
                self.paragraphs.push(gap);
                self.need(gap);
            }
            tag if is_block(tag) => self.need(Gap::Line),
            _ => {}
        }
    }

    fn close(&mut self, tag: &str) {
        if self.pre.last() == Some(&self.depth) {
            self.pre.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        match tag {
            "blockquote" => {
                self.need(Gap::Line);
                if self.quotes.len() > 1 {
                    self.quotes.pop();
                }
            }
            "ul" | "ol" => {
                self.lists.pop();
                self.need(if self.lists.is_empty() { Gap::Blank } else { Gap::Line });
                self.bullet = None;
            }
            "tr" => {
                self.row_lines = None;
                self.need(Gap::Line);
            }
            "td" | "th" => self.tab = true,
            "a" => self.close_link(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dl" => {
                let gap = self.paragraphs.pop().unwrap_or(Gap::Line);
                self.need(gap);
            }
            tag if is_block(tag) => self.need(Gap::Line),
            _ => {}
        }
    }

    fn void(&mut self, element: &Element, node: usize) {
        match element.tag {
            "br" => {
                if self.gap == Gap::None && !self.line.is_empty() {
                    self.flush();
                } else {
                    self.settle(node);
                    self.node = node;
                    self.blank(node);
                }
                self.space = false;
            }
            "hr" => {
                self.need(Gap::Line);
                self.push_str(RULE, node);
                self.need(Gap::Line);
            }
            _ => {
                let alt = element.get("alt").trim();
                if !alt.is_empty() && alt.len() <= 200 && !alt.contains('\n') {
                    self.push_str(&format!("[image: {alt}]"), node);
                } else if element.get("src").starts_with("cid:") {
                    // A picture alone is still something that stands here.
                    self.settle(node);
                }
            }
        }
    }

    fn text(&mut self, text: &str, node: usize) {
        // Between blocks white space is the writer's layout all the same.
        let between = self.line.is_empty() && text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
        if !self.pre.is_empty() && !between {
            for (i, piece) in text.split('\n').enumerate() {
                if i > 0 {
                    if self.line.is_empty() {
                        self.settle(node);
                        self.blank(node);
                    } else {
                        self.flush();
                    }
                }
                let piece = piece.trim_end_matches('\r');
                if !piece.is_empty() {
                    self.push_str(piece, node);
                }
            }
            return;
        }
        for c in text.chars() {
            match c {
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.space = true,
                '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
                _ => {
                    self.start(node);
                    if self.space && !self.line.is_empty() && !self.line.ends_with([' ', '\t']) {
                        self.line.push(' ');
                    }
                    self.space = false;
                    self.line.push(if c == '\u{a0}' { ' ' } else { c });
                }
            }
        }
    }

    fn push_str(&mut self, text: &str, node: usize) {
        self.start(node);
        if self.space && !self.line.is_empty() && !self.line.ends_with([' ', '\t']) {
            self.line.push(' ');
        }
        self.space = false;
        self.line.push_str(text);
    }

    /// Makes sure that the current line may be written to.
    fn start(&mut self, node: usize) {
        if self.gap != Gap::None {
            self.settle(node);
        }
        if self.line.is_empty() {
            self.node = node;
            self.line_quote = self.quote();
            self.line_indent = self.lists.len().saturating_sub(1).min(MAX_INDENT) * 2;
            self.line_mark = self.mark.take();
            if let Some(bullet) = self.bullet.take() {
                self.line = bullet;
            } else if !self.lists.is_empty() {
                self.line_indent += 2;
            }
        } else if let Some(bullet) = self.bullet.take() {
            self.line.push_str(&bullet);
        }
    }

    /// Ends the current line and leaves the gap that was asked for.
    fn settle(&mut self, node: usize) {
        let gap = std::mem::take(&mut self.gap);
        if gap != Gap::None {
            self.space = false;
            self.flush();
        }
        if gap == Gap::Blank {
            self.blank(node);
        }
    }

    fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.line);
        let mut text = prefix(self.line_quote);
        text.extend(std::iter::repeat_n(' ', self.line_indent));
        text.push_str(line.trim_end());
        let text = if line.trim().is_empty() { prefix(self.line_quote).trim_end().to_owned() } else { text };
        self.lines.push(Line { text, node: self.node, mark: self.line_mark.take() });
        self.space = false;
    }

    /// An empty line, unless there is one already or nothing yet.
    fn blank(&mut self, node: usize) {
        let text =
            prefix(self.quote().min(self.lines.last().map_or(0, |l| quote_depth(&l.text)))).trim_end().to_owned();
        if self.lines.last().is_some_and(|l| !l.text.trim_matches(['>', ' ']).is_empty()) {
            self.lines.push(Line { text, node, mark: None });
        }
    }

    /// The target behind a link's text, where the text does not say it.
    fn close_link(&mut self) {
        let Some((href, line, at)) = self.links.pop() else { return };
        let lower = href.get(..7).unwrap_or(&href).to_ascii_lowercase();
        let is_web = lower.starts_with("http:/") || lower.starts_with("https:");
        let target = if lower.starts_with("mailto:") { &href[7..] } else { &href };
        if !(is_web || lower.starts_with("mailto:")) || target.is_empty() || target.contains(char::is_whitespace) {
            return;
        }
        let text = if line == self.lines.len() { self.line.get(at..).unwrap_or_default() } else { &self.line };
        let text = text.trim();
        let bare = |u: &str| {
            let u = u.trim_end_matches('/');
            let u = u.split_once("://").map_or(u, |p| p.1);
            u.trim_start_matches("www.").to_lowercase()
        };
        let address = target.split('?').next().unwrap_or(target);
        if text.is_empty() || self.gap != Gap::None || bare(text) == bare(target) || text.contains(address) {
            return;
        }
        self.line.push_str(" <");
        self.line.push_str(target);
        self.line.push('>');
    }

    fn finish(mut self) -> Vec<Line> {
        self.flush();
        while self.lines.last().is_some_and(|l| l.text.trim().is_empty()) {
            self.lines.pop();
        }
        self.lines
    }
}

/// How many `>` a line begins with.
#[must_use]
pub fn quote_depth(text: &str) -> usize {
    text.chars().take_while(|c| matches!(c, '>' | ' ')).filter(|c| *c == '>').count()
}

fn prefix(depth: usize) -> String {
    if depth == 0 { String::new() } else { ">".repeat(depth) + " " }
}

/// Whether a block quote quotes: Gmail's indentation (`border:none`) does not.
fn is_quote(element: &Element) -> bool {
    let style: String = element.get("style").chars().filter(|c| !c.is_whitespace()).collect();
    let plain_border = ["border:none", "border:0"].iter().any(|b| style.contains(b)) && !style.contains("border-left:");
    element.get("type") == "cite" || element.get("class").contains("quote") || !plain_border
}

/// Whether a style keeps spaces and line breaks as `<pre>` does.
fn keeps_space(style: &str) -> bool {
    let Some(at) = style.find("white-space") else { return false };
    let value = style[at + "white-space".len()..].trim_start_matches(|c: char| c.is_whitespace() || c == ':');
    value.starts_with("pre") || value.starts_with("break-spaces")
}

/// Outlook's paragraphs have no margin: each is a line.
fn paragraph_gap(element: &Element) -> Gap {
    let style: String = element.get("style").chars().filter(|c| !c.is_whitespace()).collect();
    let tight = ["margin:0", "margin-top:0", "margin:auto0"].iter().any(|m| style.contains(m));
    let outlook = element.get("class").split_ascii_whitespace().any(|c| c.trim_start_matches("x_").starts_with("Mso"));
    if outlook || tight { Gap::Line } else { Gap::Blank }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::html::parse::parse;

    fn check(html: &str, expect: &str) {
        let text: Vec<_> = lines(&parse(html, |_| None).nodes).into_iter().map(|l| l.text).collect();
        assert_eq!(text.join("\n"), expect, "{html:?}");
    }

    #[test]
    fn text_of_html() {
        check("<p>Hej</p><p>du  \n där</p>", "Hej\n\ndu där");
        check("<div>a</div><div><br></div><div>b</div>", "a\n\nb");
        check("a<br>b<br><br>c", "a\nb\n\nc");
        check("<ul><li>a<li>b<ol><li>x</li><li>y</ol></ul>c", "- a\n- b\n  1. x\n  2. y\n\nc");
        check(
            "<blockquote type=cite>a<blockquote type=cite><p>b</p><p>c</p></blockquote></blockquote>d",
            "> a\n>\n>> b\n>>\n>> c\n\nd",
        );
        check("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>a</blockquote>", "a");
        check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\tb\nc\td");
        check("<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>", "a\n\nb\n\nc");
        check("<a href='https://a.test/x'>här</a>!", "här <https://a.test/x>!");
        check("<a href='https://a.test/'>a.test</a>", "a.test");
        check("<a href='mailto:x@a.test'>x@a.test</a>", "x@a.test");
        check("<a href='javascript:x'>a</a>", "a");
        check("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\nd");
        check("x<hr>y", &format!("x\n{RULE}\ny"));
        check("<p class=MsoNormal>a</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>b</p>", "a\n\nb");
        check("a&nbsp;&nbsp;b", "a  b");
        check("<img src=x alt='Logo'> <img src=y>", "[image: Logo]");
        check("<b>fet</b> och <i>kursiv</i>.", "fet och kursiv.");
        check("<p>a</p>\n  <p>b</p>\n", "a\n\nb");
        check("", "");
    }
}
