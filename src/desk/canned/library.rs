//! The canned answers that there are, by name and language.

use std::collections::BTreeMap;

use super::fill::{NAMES, names};
use super::flaw::{Flaw, FlawKind};
use super::like::Stems;
use crate::desk::commands::plain::fold;
use crate::plan::canned::{CannedVersion, Origin};

/// A canned answer is not longer.
pub const SIZE_MAX_BYTES: usize = 100_000;

/// One canned answer in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canned {
    /// As it is typed behind `#canned`: letters, digits and hyphens.
    pub name: String,
    /// `sv`, `en` …; `None`: for every language that has none of its own.
    pub language: Option<String>,
    pub title: String,
    /// Markdown with `{{ … }}`.
    pub body: String,
}

/// Why a name behind `#canned` means no canned answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// None is called so; the nearest name.
    Unknown(Option<String>),
    /// Several begin so.
    Ambiguous(Vec<String>),
}

/// All canned answers of a desk, and the codes that they may give away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    /// By name; variants in order of language, the one for all languages first.
    answers: BTreeMap<String, Vec<Canned>>,
    /// By name: what [`Library::like`] compares.
    pub(super) stems: BTreeMap<String, Stems>,
}

impl Canned {
    /// Reads a canned answer: the first line is `# title`, the rest is Markdown. All that is wrong is told at once.
    ///
    /// # Errors
    /// What is wrong with it, line by line.
    pub fn read(name: &str, language: Option<&str>, text: &str) -> Result<Self, Vec<Flaw>> {
        let flaw = |line, kind| vec![Flaw { line, kind }];
        if text.len() > SIZE_MAX_BYTES {
            return Err(flaw(1, FlawKind::TooBig));
        }
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let mut flaws = Vec::new();
        let first = text.lines().position(|l| !l.trim().is_empty()).unwrap_or_default();
        let line = text.lines().nth(first).unwrap_or_default().trim();
        let title = line.strip_prefix("# ").map(str::trim).filter(|t| !t.is_empty());
        if title.is_none() {
            flaws.push(Flaw { line: first + 1, kind: FlawKind::NoTitle });
        }
        let below: String = text.lines().skip(first + 1).collect::<Vec<_>>().join("\n");
        let body = if title.is_some() { below.as_str() } else { text.as_str() };
        let above = if title.is_some() { first + 1 } else { 0 };
        flaws.extend(flaws_of(body, above));
        match title {
            Some(title) if flaws.is_empty() => Ok(Self {
                name: name.to_owned(),
                language: language.map(str::to_owned),
                title: title.to_owned(),
                body: body.trim().to_owned(),
            }),
            _ => Err(flaws),
        }
    }

    /// One whose title stands elsewhere (the name of a mail is its subject).
    ///
    /// # Errors
    /// As [`Canned::read`].
    pub fn untitled(name: &str, language: Option<&str>, title: &str, body: &str) -> Result<Self, Vec<Flaw>> {
        if body.len() > SIZE_MAX_BYTES {
            return Err(vec![Flaw { line: 1, kind: FlawKind::TooBig }]);
        }
        let flaws = flaws_of(body, 0);
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let body = body.trim().to_owned();
        Ok(Self { name: name.to_owned(), language: language.map(str::to_owned), title: title.to_owned(), body })
    }
}

/// What is wrong with the Markdown below the title. `above`: so many lines stand above it.
fn flaws_of(body: &str, above: usize) -> Vec<Flaw> {
    if body.trim().is_empty() {
        return vec![Flaw { line: above + 1, kind: FlawKind::NoText }];
    }
    match names(body) {
        Err((line, why)) => vec![Flaw { line: above + line, kind: FlawKind::Syntax(why) }],
        Ok(named) => {
            let unknown = named.into_iter().filter(|n| !NAMES.contains(&n.as_str()));
            unknown
                .map(|name| Flaw {
                    line: above + 1 + body.lines().position(|l| l.contains(&name)).unwrap_or_default(),
                    kind: FlawKind::Unknown { nearest: nearest(&name, NAMES.iter().copied()), name },
                })
                .collect()
        }
    }
}

/// The one of `known` that differs least from `word`, if it is alike at all.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    let length = word.chars().count();
    known
        .map(|k| {
            let folded = fold(k);
            let alike = word.chars().zip(folded.chars()).take_while(|(a, b)| a == b).count();
            let holds = fold(k).contains(&word) && length > 2;
            let distance = crate::plan::nearest::distance(&word, &folded);
            (if holds { 1 } else { distance }, std::cmp::Reverse(alike), folded.chars().count(), k)
        })
        .filter(|(distance, _, len, _)| *distance <= 1.max(length.max(*len) / 3))
        .min()
        .map(|(.., k)| k)
}

/// A name as it is typed and compared: lower case, without marks on letters, a hyphen between words.
/// `None`: nothing of it could be typed, or it is too long.
#[must_use]
pub fn name_of(words: &str) -> Option<String> {
    let lower = words.trim().to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let name = parts.join("-");
    (!name.is_empty() && name.chars().count() <= 60).then_some(name)
}

/// Name and language of a file: `paket.md`, `paket.sv.md`.
#[must_use]
pub fn of_file(file: &str) -> Option<(String, Option<String>)> {
    let stem = file.strip_suffix(".md").or_else(|| file.strip_suffix(".MD"))?;
    let is_language = |l: &str| (2..=3).contains(&l.len()) && l.chars().all(|c| c.is_ascii_alphabetic());
    match stem.rsplit_once('.') {
        Some((name, language)) if is_language(language) => Some((name_of(name)?, Some(language.to_ascii_lowercase()))),
        _ => Some((name_of(stem)?, None)),
    }
}

impl Library {
    /// Of two with the same name and language the first is taken.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Canned>) -> Self {
        let mut library = Self::default();
        for canned in answers {
            library.stems.entry(canned.name.clone()).or_default().add(&canned);
            let variants = library.answers.entry(canned.name.clone()).or_default();
            if !variants.iter().any(|v| v.language == canned.language) {
                variants.push(canned);
                variants.sort_by(|a, b| a.language.cmp(&b.language));
            }
        }
        library
    }

    /// Of the versions that are in use, the ones that count first first. One that cannot be read any more (svar has changed) is left out.
    #[must_use]
    pub fn of(versions: &[CannedVersion]) -> Self {
        Self::new(versions.iter().filter_map(|v| {
            let language = Some(v.language.as_str()).filter(|l| !l.is_empty());
            match v.origin {
                Origin::File => Canned::read(&v.name, language, &v.text).ok(),
                Origin::Mail => Canned::untitled(&v.name, language, &v.title, &v.text).ok(),
            }
        }))
    }

    /// Whether there is one of exactly this name and language ("": for all).
    #[must_use]
    pub fn has(&self, name: &str, language: &str) -> bool {
        let same = |v: &Canned| v.language.as_deref().unwrap_or_default() == language;
        self.answers.get(name).is_some_and(|variants| variants.iter().any(same))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Name and title of each, in alphabetical order; the title in the first of `languages` that there is.
    #[must_use]
    pub fn list(&self, languages: &[String]) -> Vec<(&str, &str)> {
        self.answers.keys().filter_map(|n| Some((n.as_str(), self.variant(n, languages)?.title.as_str()))).collect()
    }

    /// The name that `typed` stands for: itself, or the only one that begins so.
    ///
    /// # Errors
    /// None is called so, or several begin so.
    pub fn find(&self, typed: &str) -> Result<&str, NotFound> {
        let word = fold(&name_of(typed).unwrap_or_default());
        let same = |known: &&String| fold(known) == word;
        if let Some(name) = self.answers.keys().find(same) {
            return Ok(name);
        }
        let begin: Vec<&String> =
            self.answers.keys().filter(|k| !word.is_empty() && fold(k).starts_with(&word)).collect();
        match begin.as_slice() {
            [one] => Ok(one),
            [] => Err(NotFound::Unknown(nearest(&word, self.answers.keys().map(String::as_str)).map(str::to_owned))),
            several => Err(NotFound::Ambiguous(several.iter().map(|s| (*s).clone()).collect())),
        }
    }

    /// The answer of this name in the first of `languages` that it has, else the one for all languages, else any.
    #[must_use]
    pub fn variant(&self, name: &str, languages: &[String]) -> Option<&Canned> {
        let variants = self.answers.get(name)?;
        let short = |l: &str| l.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let of = |l: &String| variants.iter().find(|v| v.language.as_deref() == Some(short(l).as_str()));
        languages.iter().find_map(of).or_else(|| variants.first())
    }

    /// Every variant of every answer.
    pub fn all(&self) -> impl Iterator<Item = &Canned> {
        self.answers.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canned(name: &str, language: Option<&str>) -> Canned {
        Canned::read(name, language, &format!("# {name} {}\n\nHej", language.unwrap_or("alla"))).unwrap()
    }

    #[test]
    fn files_are_read_with_all_that_is_wrong() {
        let good =
            Canned::read("paket", Some("sv"), "\u{feff}# Paket på väg \r\n\r\nHej {{ customer.name }}!\r\n").unwrap();
        assert_eq!((good.title.as_str(), good.body.as_str()), ("Paket på väg", "Hej {{ customer.name }}!"));
        let check = |text: &str, expect: &[(usize, FlawKind)]| {
            let flaws: Vec<(usize, FlawKind)> =
                Canned::read("x", None, text).unwrap_err().into_iter().map(|f| (f.line, f.kind)).collect();
            assert_eq!(flaws, expect, "{text:?}");
        };
        check("", &[(1, FlawKind::NoTitle), (1, FlawKind::NoText)]);
        check("Hej\nhopp", &[(1, FlawKind::NoTitle)]);
        check("# Titel\n\n", &[(2, FlawKind::NoText)]);
        let unknown = |name: &str, nearest| FlawKind::Unknown { name: name.to_owned(), nearest };
        check(
            "# T\n\nHej {{ costumer.name }}\n{{ shoe_size_in_paris }}",
            &[(3, unknown("costumer.name", Some("customer.name"))), (4, unknown("shoe_size_in_paris", None))],
        );
        assert!(matches!(
            Canned::read("x", None, "# T\na\n{% if %}").unwrap_err().as_slice(),
            [Flaw { line: 3, kind: FlawKind::Syntax(_) }]
        ));
        check(&"x".repeat(SIZE_MAX_BYTES + 1), &[(1, FlawKind::TooBig)]);
    }

    #[test]
    fn names_of_files_and_subjects() {
        let check = |file: &str, expect: Option<(&str, Option<&str>)>| {
            let found = of_file(file);
            assert_eq!(found.as_ref().map(|(n, l)| (n.as_str(), l.as_deref())), expect, "{file}");
        };
        check("paket.md", Some(("paket", None)));
        check("Sent paket.SV.md", Some(("sent-paket", Some("sv"))));
        check("försenat_paket.md", Some(("försenat-paket", None)));
        check("v1.2.md", Some(("v1-2", None)));
        check("notes.txt", None);
        check("..md", None);
    }

    #[test]
    fn names_by_prefix_or_not_at_all() {
        let library = Library::new([
            canned("försenat", None),
            canned("retur", None),
            canned("retur-adress", None),
            canned("rabatt", None),
        ]);
        let check = |typed: &str, expect: Result<&str, NotFound>| assert_eq!(library.find(typed), expect, "{typed}");
        let unknown = |near: Option<&str>| Err(NotFound::Unknown(near.map(str::to_owned)));
        check("FÖRSENAT", Ok("försenat"));
        check("forsenat", Ok("försenat"));
        check("för", Ok("försenat"));
        check("retur", Ok("retur"));
        check("Retur adress", Ok("retur-adress"));
        check("ret", Err(NotFound::Ambiguous(vec!["retur".into(), "retur-adress".into()])));
        check("rabat", Ok("rabatt"));
        check("rabbat", unknown(Some("rabatt")));
        check("adress", unknown(Some("retur-adress")));
        check("xyz", unknown(None));
        check("", unknown(None));
    }

    #[test]
    fn the_customers_language_then_the_desks_then_the_bare_one() {
        let library = Library::new([
            canned("a", Some("sv")),
            canned("a", None),
            canned("a", Some("en")),
            canned("b", Some("sv")),
        ]);
        let title = |name: &str, languages: &[&str]| {
            let languages: Vec<String> = languages.iter().map(|l| (*l).to_owned()).collect();
            library.variant(name, &languages).map(|c| c.title.clone()).unwrap()
        };
        assert_eq!(title("a", &["en-GB", "sv"]), "a en");
        assert_eq!(title("a", &["de", "sv"]), "a sv");
        assert_eq!(title("a", &["de", "fi"]), "a alla");
        assert_eq!(title("b", &["en"]), "b sv");
        assert_eq!(library.list(&["en".to_owned()]), [("a", "a en"), ("b", "b sv")]);
    }
}
