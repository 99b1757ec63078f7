//! Patterns over what a customer wrote: words as `[[tag]]` rules and incidents look for them.
//!
//! A pattern is a regular expression: words, `|` between alternatives, `.*` for anything in between, `\b` for the edge of a word.
//! Capitals do not matter, and any white space between words is one blank, wherever a mail program has broken the line. It is
//! looked for in the subject, and in what is new in the mail; never across both.

use regex::{Regex, RegexBuilder};

/// One pattern, checked.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It matches every mail.
    MatchesAll,
    /// What is wrong with it.
    Syntax(String),
    TooBig,
}

/// So long a pattern is none that somebody has typed.
const LONGEST_BYTES: usize = 1000;
/// Of a mail so much is looked at.
const TEXT_BYTES: usize = 100_000;

impl Pattern {
    /// # Errors
    /// [`PatternError`]
    pub fn read(text: &str) -> Result<Self, PatternError> {
        let text = flat(text);
        if text.len() > LONGEST_BYTES {
            return Err(PatternError::TooBig);
        }
        match RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build() {
            Ok(regex) if regex.is_match("") => Err(PatternError::MatchesAll),
            Ok(regex) => Ok(Self(regex)),
            Err(regex::Error::CompiledTooBig(_)) => Err(PatternError::TooBig),
            Err(error) => {
                // The last line says what; those above it draw where.
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(PatternError::Syntax(why))
            }
        }
    }

    /// Whether it speaks of a mail.
    #[must_use]
    pub fn is_match(&self, subject: &str, new_text: &str) -> bool {
        let mut end = new_text.len().min(TEXT_BYTES);
        while !new_text.is_char_boundary(end) {
            end -= 1;
        }
        self.0.is_match(&flat(subject)) || self.0.is_match(&flat(&new_text[..end]))
    }
}

/// White space as one blank, letters and their marks put together.
fn flat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(char::is_whitespace).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    const TOGETHER: &[(&str, &str)] = &[
        ("a\u{30a}", "å"),
        ("a\u{308}", "ä"),
        ("o\u{308}", "ö"),
        ("u\u{308}", "ü"),
        ("e\u{301}", "é"),
        ("A\u{30a}", "Å"),
        ("A\u{308}", "Ä"),
        ("O\u{308}", "Ö"),
        ("U\u{308}", "Ü"),
        ("E\u{301}", "É"),
    ];
    if out.contains(['\u{301}', '\u{308}', '\u{30a}']) {
        for (apart, together) in TOGETHER {
            out = out.replace(apart, together);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pattern_speaks_of() {
        let check = |pattern: &str, subject: &str, text: &str, expect: bool| {
            assert_eq!(
                Pattern::read(pattern).unwrap().is_match(subject, text),
                expect,
                "{pattern:?} {subject:?} {text:?}"
            );
        };
        check("postnord försenad|inte fått paket", "Hej", "Jag har INTE\nfått  paket än.", true);
        check("postnord försenad|inte fått paket", "PostNord\u{a0}försenad?", "", true);
        check("postnord fo\u{308}rsenad", "PostNord fo\u{308}rsenad", "", true);
        check("postnord försenad", "postnord", "försenad", false);
        check("paket.*skåne", "", "Mitt paket\ntill Skåne", true);
        check("\\bretur\\b", "", "returer", false);
        check("a", "", &"å".repeat(100_000), false);
    }

    #[test]
    fn what_is_no_pattern() {
        let check = |pattern: &str, error: Option<PatternError>| {
            let read = Pattern::read(pattern).err();
            match (&read, &error) {
                (Some(PatternError::Syntax(_)), Some(PatternError::Syntax(_))) => {}
                _ => assert_eq!(read, error, "{pattern:?}"),
            }
        };
        check("", Some(PatternError::MatchesAll));
        check(".*", Some(PatternError::MatchesAll));
        check("paket|", Some(PatternError::MatchesAll));
        check("a(b", Some(PatternError::Syntax(String::new())));
        check(&"a".repeat(2000), Some(PatternError::TooBig));
        check("(\\w{100}){100}", Some(PatternError::TooBig));
    }
}
