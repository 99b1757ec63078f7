//! How probable a text's letters are in each language, by twos, threes and fours, learned from letters of our own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::mail::language::LANGUAGES;

/// A line a language: its name, then what customers write in it.
const SAMPLES: &str = include_str!("samples.txt");

/// How many letters of a text are weighed, blanks among them.
const MAX_LETTERS: usize = 300;

const COUNT: usize = LANGUAGES.len();
/// Logarithms in hundredths, so that they are whole numbers and the same everywhere.
type Weights = [i32; COUNT];

struct Model {
    /// By packed letters.
    grams: BTreeMap<u64, Weights>,
    /// What a gram weighs that a language does not have, by its length.
    missing: [Weights; 5],
    words: [BTreeSet<String>; COUNT],
    letters: [Letters; COUNT],
}

/// A set of letters outside of ASCII.
#[derive(Clone, Debug, Default)]
struct Letters {
    /// A bit each for the first, Latin ones: every such letter of every text is looked for here.
    latin: [u64; Self::LATIN / 64],
    others: BTreeSet<char>,
}

impl Letters {
    /// Behind the last of Latin Extended-B.
    const LATIN: usize = 0x280;

    fn of(letters: impl Iterator<Item = char>) -> Self {
        let mut set = Self::default();
        for c in letters {
            match set.latin.get_mut(c as usize / 64) {
                Some(bits) => *bits |= 1 << (c as usize % 64),
                None => drop(set.others.insert(c)),
            }
        }
        set
    }

    fn has(&self, c: char) -> bool {
        let bits = self.latin.get(c as usize / 64);
        bits.map_or_else(|| self.others.contains(&c), |bits| bits >> (c as usize % 64) & 1 == 1)
    }
}

static MODEL: LazyLock<Model> = LazyLock::new(model);

fn model() -> Model {
    let lower = SAMPLES.to_lowercase();
    let mut model = Model {
        grams: BTreeMap::new(),
        missing: [[0; COUNT]; 5],
        words: Default::default(),
        letters: Default::default(),
    };
    let mut counts: BTreeMap<u64, [u32; COUNT]> = BTreeMap::new();
    let mut totals = [[0u32; COUNT]; 5];
    for line in lower.lines() {
        let Some((name, text)) = line.split_once(' ') else { continue };
        let Some(language) = LANGUAGES.iter().position(|l| *l == name) else { continue };
        let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
        each_gram(&words, usize::MAX, |packed, length| {
            counts.entry(packed).or_insert([0; COUNT])[language] += 1;
            totals[length][language] += 1;
        });
        model.letters[language] = Letters::of(words.iter().flat_map(|w| w.chars()).chain(['é']));
        model.words[language] = words.into_iter().map(str::to_owned).collect();
    }
    for (length, (missing, totals)) in model.missing.iter_mut().zip(&totals).enumerate().skip(2) {
        for (missing, total) in missing.iter_mut().zip(totals) {
            *missing = weight(0, *total, length);
        }
    }
    for (packed, by_language) in counts {
        let length = length_of(packed);
        let mut weights = [0; COUNT];
        for (language, &count) in by_language.iter().enumerate() {
            weights[language] = weight(count, totals[length][language], length);
        }
        model.grams.insert(packed, weights);
    }
    model
}

/// The logarithm of a smoothed share; longer grams say the same again and count for less.
fn weight(count: u32, total: u32, length: usize) -> i32 {
    let share = (f64::from(count) + 0.3) / (f64::from(total) + 900.0);
    let length = i32::try_from(length).unwrap_or(1);
    // Between -1200 and 0: nothing is cut off.
    #[allow(clippy::cast_possible_truncation)]
    let hundredths = (share.ln() * 100.0).round() as i32;
    hundredths / length
}

fn length_of(packed: u64) -> usize {
    (1..=4).rev().find(|n| packed >> (16 * (n - 1)) & 0xffff != 0).unwrap_or(0)
}

/// Two, three and four letters in a row, with one blank between words and around the text.
fn each_gram(words: &[&str], max: usize, mut found: impl FnMut(u64, usize)) {
    let mut window: u64 = 0;
    let mut filled = 0;
    let letters = std::iter::once(' ').chain(words.iter().flat_map(|w| w.chars().chain([' '])));
    for c in letters.take(max) {
        window = window << 16 | u64::from(u32::from(c) & 0xffff);
        filled += 1;
        for length in 2..=4 {
            if filled >= length {
                found(window & (u64::MAX >> (64 - 16 * length)), length);
            }
        }
    }
}

/// How probable the letters of `words` are, by language.
pub(super) fn scores(words: &[&str]) -> Weights {
    let mut out = [0; COUNT];
    let model = &*MODEL;
    each_gram(words, MAX_LETTERS, |packed, length| {
        let weights = model.grams.get(&packed).unwrap_or(&model.missing[length]);
        out.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
    });
    out
}

/// Whether a word stands in the samples of a language.
pub(super) fn has_word(language: usize, word: &str) -> bool {
    MODEL.words[language].contains(word)
}

/// Whether the letters are those of the language; a few others may be a name's.
pub(super) fn has_letters(language: usize, words: &[&str]) -> bool {
    let letters = &MODEL.letters[language];
    let (mut count, mut foreign) = (0, 0);
    for word in words {
        if word.is_ascii() {
            count += word.len();
            continue;
        }
        for c in word.chars() {
            count += 1;
            foreign += usize::from(!c.is_ascii() && !letters.has(c));
        }
    }
    foreign * 16 <= count
}
