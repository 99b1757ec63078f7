//! Which canned answers, and which earlier tickets, are most like a mail: by the rare words that they share.
//!
//! Words are compared by their beginnings, so that `paket` and `paketet` are one. What every canned answer has says nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::library::{Canned, Library};
use crate::desk::commands::plain::fold;
use crate::wording::Wording;

/// So many letters of a word count; shorter words than four say nothing.
const STEM: usize = 5;
const SHORTEST: usize = 4;
/// So much of a mail is looked at.
const LETTERS: usize = 4_000;
/// So many of a mail's words are searched for.
const WORDS: usize = 8;

/// The beginnings of the words of a canned answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stems {
    title: BTreeSet<String>,
    all: BTreeSet<String>,
}

impl Stems {
    pub(super) fn add(&mut self, canned: &Canned) {
        let title = format!("{} {}", canned.name.replace('-', " "), canned.title);
        self.title.extend(stems(&title));
        self.all.extend(stems(&format!("{title} {}", canned.body)));
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = fold(&text.chars().take(LETTERS).collect::<String>());
    let words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| w.chars().count() >= SHORTEST)
        .map(str::to_owned)
        .collect();
    words.into_iter().filter(|w| !w.chars().any(|c| c.is_ascii_digit()))
}

fn stems(text: &str) -> BTreeSet<String> {
    words(text).map(|w| w.chars().take(STEM).collect()).collect()
}

/// Greetings and farewells stand in every mail.
fn is_polite(word: &str) -> bool {
    ["polite.greeting", "polite.farewell"]
        .into_iter()
        .flat_map(Wording::in_all_languages)
        .any(|phrase| fold(phrase).split(' ').any(|w| w == word))
}

/// The words of a mail by which earlier ones like it are searched for: long ones, since they are rare.
#[must_use]
pub fn rare_words(subject: &str, text: &str) -> Vec<String> {
    // As the index has them: lower case, without marks on letters.
    let mut all: Vec<String> = Vec::new();
    for word in words(&format!("{subject} {text}")) {
        if !all.contains(&word) && !is_polite(&word) && word.chars().count() <= 30 {
            all.push(word);
        }
    }
    all.sort_by_key(|w| std::cmp::Reverse(w.chars().count()));
    all.truncate(WORDS);
    all
}

impl Library {
    /// Those that share most with a mail, the best first. None that shares nothing but what many of them have.
    #[must_use]
    pub fn like(&self, subject: &str, text: &str, at_most: usize) -> Vec<&str> {
        let mail: BTreeSet<String> =
            stems(&format!("{subject} {text}")).into_iter().filter(|s| !is_polite(s)).collect();
        let many = self.stems.len();
        let mut had_by: BTreeMap<&str, usize> = BTreeMap::new();
        for stem in self.stems.values().flat_map(|s| &s.all) {
            *had_by.entry(stem).or_default() += 1;
        }
        let mut scored: Vec<(std::cmp::Reverse<usize>, &str)> = Vec::new();
        for (name, own) in &self.stems {
            let shared: Vec<&String> = own.all.intersection(&mail).collect();
            // In tenths: a word that few have weighs more, one of the title thrice as much.
            let weight = |stem: &str| {
                let others = had_by.get(stem).copied().unwrap_or(1);
                let rare = if many >= 4 && others * 2 > many { 0 } else { 10 + 10 * many / (others * others) };
                if own.title.contains(stem) { 3 * rare } else { rare }
            };
            let score: usize = shared.iter().map(|s| weight(s)).sum();
            let by_title = shared.iter().any(|s| own.title.contains(*s) && weight(s) > 0);
            let telling = shared.iter().filter(|s| weight(s) > 0).count();
            if by_title || telling >= 2 {
                scored.push((std::cmp::Reverse(score), name));
            }
        }
        scored.sort_unstable();
        scored.into_iter().take(at_most).map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canned_answers_that_fit() {
        let canned = |name: &str, text: &str| Canned::read(name, None, text).unwrap();
        let library = Library::new([
            canned(
                "försenat",
                "# Försenat paket\n\nHej! Transportören har förseningar, så leveransen dröjer. Hälsningar",
            ),
            canned("retur", "# Retur\n\nHej! Skicka tillbaka varan med retursedeln som ligger i kartongen. Hälsningar"),
            canned("storlek", "# Storlekar\n\nHej! Se tabellen över storlekar. Hälsningar"),
            canned("öppet", "# Öppettider\n\nHej! Butiken är öppen 10 till 18. Hälsningar"),
        ]);
        let check =
            |subject: &str, text: &str, expect: &[&str]| assert_eq!(library.like(subject, text, 3), expect, "{text}");
        check("Var är mitt paket?", "Hej, det är försenat, när kommer leveransen?", &["försenat"]);
        check("Fråga", "Hur skickar jag tillbaka en vara? Kartongen är sönder.", &["retur"]);
        check("Fråga", "Hälsningar Eva", &[]);
        check("Returer", "och storlekarna", &["retur", "storlek"]);
        check("", "", &[]);
        assert!(Library::default().like("Paket", "Paket", 3).is_empty());
    }

    #[test]
    fn rare_words_are_long_and_not_polite() {
        assert_eq!(
            rare_words("Försenad leverans", "Hej! Mitt paket 12345678 skulle ha kommit. Vänliga hälsningar, Eva"),
            ["forsenad", "leverans", "skulle", "kommit", "paket", "mitt"]
        );
        assert!(rare_words("", "Hej hej").is_empty());
        assert_eq!(rare_words("", &"abcdefghij ".repeat(9)).len(), 1);
    }
}
