//! The files of canned answers and codes: looked at every few seconds, read when one has changed, every version kept.
//!
//! What is in use is what the database says, so that a file that is broken today, or gone with its disk, leaves the last good one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::config::settings::{Answers, Settings};
use crate::desk;
use crate::desk::Rules;
use crate::desk::canned::library::{SIZE_MAX_BYTES, of_file};
use crate::desk::canned::{Canned, Flaw, FlawKind, Library};
use crate::desk::say::canned::Broken;
use crate::engine::Engine;
use crate::engine::clocks;
use crate::model::Time;
use crate::plan::canned::{CannedVersion, Origin, Standing};
use crate::plan::{Change, Clues, Findings};
use crate::store::{Blobs, StoreError, Tx};
use crate::wording::Wording;

/// Files are looked at so often while there is something to do, in seconds.
const EVERY_S: i64 = 5;
/// Files of codes beside the answers: `NAME.codes.txt`.
const CODES: &str = ".codes.txt";
/// A file of codes is not longer.
const CODES_MAX_BYTES: u64 = 5_000_000;
/// So many files are looked at.
const FILES_MAX: usize = 2_000;
/// So many free codes of each file are found for one letter.
const CODES_AT_ONCE: usize = 8;

/// When a file was written, and how big it is.
type Print = (Option<SystemTime>, u64);

/// What was last seen of the files.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    looked_at: Option<Time>,
    prints: Option<BTreeMap<PathBuf, Print>>,
    /// The newest version that the library was made of.
    newest: i64,
    /// The lines of each file of codes, by the canned answer that they belong to; "" for all others.
    codes: BTreeMap<String, Codes>,
}

/// A file of codes.
#[derive(Debug)]
struct Codes {
    file: String,
    lines: Vec<String>,
}

/// A file as it was read.
#[derive(Debug)]
pub struct File {
    pub path: PathBuf,
    pub name: String,
    pub language: Option<String>,
    /// As it is to be kept, whatever it is worth.
    pub text: String,
    pub read: Result<Canned, Vec<Flaw>>,
}

impl Shelf {
    /// Looks at the files at the next batch.
    pub(super) fn forget(&mut self) {
        self.looked_at = None;
    }

    /// The next free codes, for a decision that may give one away. `at_most`: of each file.
    ///
    /// # Errors
    /// A database error.
    pub(super) fn find_codes(&self, tx: &mut Tx<'_>, at_most: usize, found: &mut Findings) -> Result<(), StoreError> {
        for (name, codes) in &self.codes {
            found.codes.insert(name.clone(), tx.free_codes(&codes.lines, at_most)?);
        }
        Ok(())
    }

    pub(super) fn find_codes_for_letter(&self, tx: &mut Tx<'_>, found: &mut Findings) -> Result<(), StoreError> {
        self.find_codes(tx, CODES_AT_ONCE, found)
    }

    /// Codes were taken: managers hear of it when few are left.
    pub(super) fn count_codes(
        &self,
        tx: &mut Tx<'_>,
        changes: &[Change],
        rules: &Rules<'_>,
        now: Time,
    ) -> Result<(), StoreError> {
        let taken: BTreeSet<&String> = changes
            .iter()
            .filter_map(|c| match c {
                Change::TakeCode { code, .. } => Some(code),
                _ => None,
            })
            .collect();
        if taken.is_empty() {
            return Ok(());
        }
        for codes in self.codes.values().filter(|c| c.lines.iter().any(|l| taken.contains(l))) {
            let left = tx.codes_left(&codes.lines)?;
            let found = tx.lookup(&Clues::default(), now)?;
            let told = desk::canned::keep::codes_left(&codes.file, left, &found, rules, now);
            tx.apply(&told, &Blobs::new(), now)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Looks whether canned answers have changed, at most every few seconds; what cannot be read or written is tried again.
    pub fn refresh_answers(&mut self, now: Time) {
        let is_due = self.shelf.looked_at.is_none_or(|at| now.since(at) >= EVERY_S || now < at);
        if !is_due {
            return;
        }
        self.shelf.looked_at = Some(now);
        if let Err(error) = self.look_at_answers(now) {
            tracing::warn!("the canned answers cannot be brought up to date: {error}");
        }
    }

    fn look_at_answers(&mut self, now: Time) -> Result<(), StoreError> {
        let settings = Arc::clone(&self.settings);
        match prints(&settings.answers) {
            Ok(prints) if self.shelf.prints.as_ref() == Some(&prints) => {}
            Ok(prints) => {
                self.shelf.codes = codes(&settings.answers, &prints);
                let files = read_all(&settings.answers, prints.keys());
                self.keep_files(files, now)?;
                self.shelf.prints = Some(prints);
            }
            Err(error) => tracing::warn!("the directory of canned answers cannot be read: {error}"),
        }
        let newest = self.store.read(|tx| tx.newest_canned())?;
        if newest != self.shelf.newest || newest == 0 {
            let rows = self.store.read(|tx| tx.canned_in_use())?;
            self.library = Arc::new(Library::of(&rows));
            self.shelf.newest = newest;
        }
        Ok(())
    }

    /// Writes down what has changed in the files, and tells of what is wrong in them: each version once.
    fn keep_files(&mut self, files: Vec<File>, now: Time) -> Result<(), StoreError> {
        let before = self.store.read(|tx| tx.canned_latest(Origin::File))?;
        let (versions, wrong) = compare(&files, &before, Wording::of(&self.settings.desk.language), now);
        if versions.is_empty() {
            return Ok(());
        }
        for broken in &wrong {
            tracing::warn!(file = broken.name, in_use = broken.in_use, "a canned answer is broken");
        }
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        self.store.batch(|tx| {
            let found = tx.lookup(&Clues::default(), now)?;
            let rules = Rules { settings: &settings, key: &key, library: &library };
            let changes = desk::canned::keep::keep(versions, &wrong, &found, &rules, now);
            tx.apply(&changes, &Blobs::new(), now)?;
            clocks::follow(tx, &settings, &changes)
        })?;
        self.look = true;
        Ok(())
    }
}

/// What is new among the files, and what is wrong with that. A version is kept once, however often it is read.
fn compare(files: &[File], before: &[CannedVersion], words: &Wording, now: Time) -> (Vec<CannedVersion>, Vec<Broken>) {
    let mut versions: Vec<CannedVersion> = Vec::new();
    let mut wrong = Vec::new();
    for file in files {
        let language = file.language.clone().unwrap_or_default();
        if versions.iter().any(|v| v.name == file.name && v.language == language) {
            continue;
        }
        let known = before.iter().find(|v| v.name == file.name && v.language == language);
        let standing = if file.read.is_ok() { Standing::Good } else { Standing::Broken };
        if known.is_some_and(|v| v.text == file.text && v.standing == standing) {
            continue;
        }
        if let Err(flaws) = &file.read {
            wrong.push(Broken {
                name: file.path.display().to_string(),
                lines: flaws.iter().map(|f| (f.line, f.say(words))).collect(),
                in_use: known.is_some_and(|v| v.standing != Standing::Gone),
            });
        }
        versions.push(CannedVersion {
            origin: Origin::File,
            name: file.name.clone(),
            language,
            standing,
            at: now,
            author: None,
            letter: None,
            title: file.read.as_ref().map(|c| c.title.clone()).unwrap_or_default(),
            text: file.text.clone(),
        });
    }
    for gone in before.iter().filter(|v| v.standing != Standing::Gone) {
        let is_there = |f: &File| f.name == gone.name && f.language.as_deref().unwrap_or_default() == gone.language;
        if !files.iter().any(is_there) {
            versions.push(CannedVersion {
                standing: Standing::Gone,
                at: now,
                author: None,
                letter: None,
                title: String::new(),
                text: String::new(),
                ..gone.clone()
            });
        }
    }
    (versions, wrong)
}

/// Every file that has to do with canned answers, and its print. Without a directory: none.
fn prints(answers: &Answers) -> io::Result<BTreeMap<PathBuf, Print>> {
    let mut found = BTreeMap::new();
    let print = |path: &Path| -> io::Result<Print> {
        let meta = fs::metadata(path)?;
        Ok((meta.modified().ok(), meta.len()))
    };
    if let Some(dir) = &answers.dir {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            // Editors leave files that begin with a full stop or a hash.
            let is_ours = !name.starts_with(['.', '#', '~'])
                && (of_file(name).is_some() || name.ends_with(CODES) || is_markdown(name));
            if is_ours && found.len() < FILES_MAX && path.is_file() {
                let print = print(&path)?;
                found.insert(path, print);
            }
        }
    }
    if let Some(path) = &answers.codes {
        match print(path) {
            Ok(print) => _ = found.insert(path.clone(), print),
            Err(error) => tracing::warn!("{}: the codes cannot be read: {error}", path.display()),
        }
    }
    Ok(found)
}

fn is_markdown(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".md")
}

/// Reads the canned answers among `paths`, in order.
fn read_all<'p>(answers: &Answers, paths: impl Iterator<Item = &'p PathBuf>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for path in paths.filter(|p| answers.codes.as_ref() != Some(p)) {
        let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if file.ends_with(CODES) || !is_markdown(file) {
            continue;
        }
        let flaw = |kind| Err(vec![Flaw { line: 1, kind }]);
        let Some((name, language)) = of_file(file) else {
            let read = flaw(FlawKind::BadName);
            files.push(File { path: path.clone(), name: file.to_owned(), language: None, text: String::new(), read });
            continue;
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                // Perhaps only for a moment: what is known of it stays.
                tracing::warn!("{}: {error}", path.display());
                continue;
            }
        };
        let (text, read) = match String::from_utf8(bytes) {
            Ok(text) if text.len() > SIZE_MAX_BYTES => (String::new(), flaw(FlawKind::TooBig)),
            Ok(text) => {
                let twice = files.iter().any(|f| f.name == name && f.language == language);
                let read = if twice { flaw(FlawKind::Twice) } else { Canned::read(&name, language.as_deref(), &text) };
                (text.replace('\0', ""), read)
            }
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).replace('\0', ""), flaw(FlawKind::NotText)),
        };
        files.push(File { path: path.clone(), name, language, text, read });
    }
    files
}

/// The files of codes among `prints`.
fn codes(answers: &Answers, prints: &BTreeMap<PathBuf, Print>) -> BTreeMap<String, Codes> {
    let mut found = BTreeMap::new();
    for (path, (_, size)) in prints {
        let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let common = answers.codes.as_ref() == Some(path);
        let name = match file.strip_suffix(CODES) {
            _ if common => String::new(),
            Some(stem) => desk::canned::library::name_of(stem).unwrap_or_default(),
            None => continue,
        };
        if *size > CODES_MAX_BYTES {
            tracing::warn!("{}: it is longer than 5 MB and is not used", path.display());
            continue;
        }
        match fs::read_to_string(path) {
            Ok(text) => _ = found.insert(name, Codes { file: path.display().to_string(), lines: lines(&text) }),
            Err(error) => tracing::warn!("{}: the codes cannot be read: {error}", path.display()),
        }
    }
    found
}

/// One code a line, each once; empty lines and such as begin with a number sign are none.
fn lines(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines
        .filter(|l| !l.is_empty() && !l.starts_with('#') && l.len() <= 200 && seen.insert((*l).to_owned()))
        .map(str::to_owned)
        .collect()
}

/// What `check` says of the files: how many there are, and what is wrong with each, file and line.
#[must_use]
pub fn look_over(settings: &Settings) -> (usize, Vec<String>) {
    let words = Wording::of("en");
    let Ok(prints) = prints(&settings.answers) else {
        let dir = settings.answers.dir.as_ref().map(|d| d.display().to_string()).unwrap_or_default();
        return (0, vec![format!("{dir}: the directory cannot be read")]);
    };
    let files = read_all(&settings.answers, prints.keys());
    let mut wrong = Vec::new();
    for file in &files {
        for flaw in file.read.as_ref().err().into_iter().flatten() {
            wrong.push(format!("{}:{}: {}", file.path.display(), flaw.line, flaw.say(words)));
        }
    }
    (files.iter().filter(|f| f.read.is_ok()).count(), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        let read = Canned::read(name, None, text);
        File {
            path: PathBuf::from(format!("{name}.md")),
            name: name.to_owned(),
            language: None,
            text: text.to_owned(),
            read,
        }
    }

    #[test]
    fn versions_are_kept_once_and_a_broken_one_leaves_the_good_one() {
        let now = Time::from_unix(1000);
        let mut rows: Vec<CannedVersion> = Vec::new();
        let mut step = |files: &[File], expect: &[(&str, Standing)], told: &[(&str, bool)]| {
            let (versions, wrong) = compare(files, &rows, Wording::of("en"), now);
            let new: Vec<(&str, Standing)> = versions.iter().map(|v| (v.name.as_str(), v.standing)).collect();
            assert_eq!(new, expect);
            let wrong: Vec<(&str, bool)> = wrong.iter().map(|b| (b.name.as_str(), b.in_use)).collect();
            assert_eq!(wrong, told);
            for version in versions {
                rows.retain(|r| r.name != version.name);
                rows.push(version);
            }
        };
        let good = "# T\n\nHej";
        step(
            &[file("a", good), file("b", "Hej")],
            &[("a", Standing::Good), ("b", Standing::Broken)],
            &[("b.md", false)],
        );
        step(&[file("a", good), file("b", "Hej")], &[], &[]);
        step(
            &[file("a", "# T\n\n{{ shoe }}"), file("b", good)],
            &[("a", Standing::Broken), ("b", Standing::Good)],
            &[("a.md", true)],
        );
        step(&[file("b", good)], &[("a", Standing::Gone)], &[]);
        step(&[file("b", good)], &[], &[]);
        step(&[file("a", good), file("b", good)], &[("a", Standing::Good)], &[]);
    }

    #[test]
    fn codes_are_lines() {
        assert_eq!(lines("\u{feff}A1\r\n# jul\n\n B2 \nA1\n"), ["A1", "B2"]);
        assert!(lines("").is_empty());
    }
}
