//! Lists of phrases, asked for all at once: every letter is asked for hundreds of them.

use std::collections::BTreeMap;

use regex::Regex;

/// An expression that finds any of `words`, the earlier of two in the list first.
#[must_use]
pub fn any_of(words: &[&str]) -> Regex {
    let quoted: Vec<String> = words.iter().map(|w| regex::escape(w)).collect();
    // A list of words is always an expression.
    Regex::new(&quoted.join("|")).expect("words make an expression")
}

/// Phrases that a text may begin with, by their first two bytes.
#[derive(Debug)]
pub struct Openings(BTreeMap<[u8; 2], Vec<&'static str>>);

impl Openings {
    /// Those of one byte are left out.
    #[must_use]
    pub fn new(phrases: &[&'static str]) -> Self {
        let mut by_start: BTreeMap<[u8; 2], Vec<&'static str>> = BTreeMap::new();
        for phrase in phrases {
            if let Some(start) = start(phrase) {
                by_start.entry(start).or_default().push(phrase);
            }
        }
        Self(by_start)
    }

    /// Those that `text` begins with, in the order of the list.
    pub fn of<'s>(&'s self, text: &'s str) -> impl Iterator<Item = &'static str> + 's {
        let list = start(text).and_then(|s| self.0.get(&s));
        list.into_iter().flatten().copied().filter(move |p| text.starts_with(p))
    }
}

fn start(text: &str) -> Option<[u8; 2]> {
    text.as_bytes().first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_texts_begin_with() {
        let openings = Openings::new(&["med", "med hälsning", "mvh", "äh", "x"]);
        let check = |text: &str, expect: &str| {
            assert_eq!(openings.of(text).collect::<Vec<_>>().join(","), expect, "{text:?}");
        };
        check("med hälsning anna", "med,med hälsning");
        check("mvh", "mvh");
        check("äh", "äh");
        check("m", "");
        check("", "");
        check("xy", "");
    }
}
