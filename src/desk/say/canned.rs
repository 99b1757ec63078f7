//! To those who keep the canned answers: one is broken, codes run out.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::one_line;

/// A canned answer that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Of the file, or the mail's subject.
    pub name: String,
    /// Line, counted from 1, and what is wrong there.
    pub lines: Vec<(usize, String)>,
    /// An earlier version is used meanwhile.
    pub in_use: bool,
}

/// Some canned answers are wrong.
#[must_use]
pub fn broken(voice: &Voice<'_>, all: &[Broken]) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.word("canned.broken"));
    for one in all {
        let name = one_line(&one.name);
        for (line, why) in &one.lines {
            sheet.warn(&words.say("canned.line", context! { name => &name, n => line, why }));
        }
        let key = if one.in_use { "canned.in_use" } else { "canned.not_in_use" };
        sheet.say(&words.say(key, context! { name }));
    }
    let names: Vec<String> = all.iter().take(3).map(|b| one_line(&b.name)).collect();
    sheet.done(words.language(), words.say("canned.broken_subject", context! { list => names.join(", ") }))
}

/// Few codes are left in a file, or none.
#[must_use]
pub fn few_codes(voice: &Voice<'_>, file: &str, left: i64) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    let (file, none) = (one_line(file), left <= 0);
    let key = if none { "canned.no_codes" } else { "canned.few_codes" };
    sheet.say(&words.say(key, context! { files => file, n => left }));
    sheet.say(&words.word("canned.add_codes"));
    let subject = if none { "canned.no_codes_subject" } else { "canned.few_codes_subject" };
    sheet.done(words.language(), words.word(subject))
}
