//! What is wrong with a canned answer, where, and what to write instead.

use minijinja::context;

use crate::wording::Wording;

/// One thing that is wrong with a canned answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Counted from 1.
    pub line: usize,
    pub kind: FlawKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// The first line is no `# title`.
    NoTitle,
    /// Nothing stands below the title.
    NoText,
    /// A variable that nobody knows, and the nearest that is known.
    Unknown { name: String, nearest: Option<&'static str> },
    /// What the template engine says.
    Syntax(String),
    /// Not UTF-8.
    NotText,
    /// More than [`super::library::SIZE_MAX_BYTES`].
    TooBig,
    /// The name is none that could be typed behind `#canned`.
    BadName,
    /// Another file or mail has this name and language.
    Twice,
}

impl Flaw {
    /// In a sentence, with what to write instead.
    #[must_use]
    pub fn say(&self, words: &Wording) -> String {
        match &self.kind {
            FlawKind::NoTitle => words.word("flaw.no_title"),
            FlawKind::NoText => words.word("flaw.no_text"),
            FlawKind::Unknown { name, nearest: Some(nearest) } => {
                words.say("flaw.unknown_near", context! { name, nearest => *nearest })
            }
            FlawKind::Unknown { name, nearest: None } => {
                words.say("flaw.unknown", context! { name, list => super::NAMES.join(", ") })
            }
            FlawKind::Syntax(why) => words.say("flaw.syntax", context! { why }),
            FlawKind::NotText => words.word("flaw.not_text"),
            FlawKind::TooBig => words.word("flaw.too_big"),
            FlawKind::BadName => words.word("flaw.bad_name"),
            FlawKind::Twice => words.word("flaw.twice"),
        }
    }
}
