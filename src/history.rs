//! The third way to drive an engine: by mail that is long past. `svar import` files it in the desk, `svar audit` measures it and
//! forgets it; both read the same stores of mail in the same way.
//!
//! A history is first surveyed: every letter's place, and when it was received ([`received`]). Then its letters are read in the order
//! of those times, however many stores they lie in, on every processor, a bounded number ahead of the engine (`pump`).
//! Nothing in a store is ever changed.

pub mod audit;
mod imap;
pub mod import;
mod pump;
pub mod received;
pub mod source;
pub mod survey;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::engine::history::Became;
use crate::model::Kind;
use crate::net::archive::ArchiveError;
use crate::net::imap::ImapError;
use crate::store::StoreError;

/// Why a history could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("{place}: {source}")]
    Imap { place: String, source: ImapError },
    #[error("{place}: {why}")]
    Place { place: String, why: String },
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    #[error("{0}")]
    Settings(String),
}

/// How far it has come, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many letters are found, of so many where that is known.
    Finding { found: usize, of: Option<usize> },
    /// So many of them are done.
    Reading { done: usize, of: usize },
}

/// Whoever wants to know how far it has come. Called often.
pub type Watch<'w> = &'w mut dyn FnMut(Progress);

/// What letters came to, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Letters that were found.
    pub letters: usize,
    /// Persons' mail that is on a ticket now: customers' messages and answers.
    pub messages: usize,
    /// Robots' mail, lists and bounces, on a ticket or not.
    pub robots: usize,
    /// The same mail more than once.
    pub duplicates: usize,
    /// In custody from an import before.
    pub known: usize,
    /// Of no plausible time (1970, 2099): left out.
    pub implausible: usize,
    /// That could not be read.
    pub unreadable: usize,
    /// Neither from nor to one of the addresses: left out.
    pub elsewhere: usize,
    /// Left out by a rule, or a mail among us.
    pub others: usize,
}

impl Tally {
    fn count(&mut self, became: Became) {
        match became {
            Became::Message(Kind::Person) => self.messages += 1,
            Became::Message(_) | Became::Nothing("robot" | "own-robot" | "bounce") => self.robots += 1,
            Became::Duplicate => self.duplicates += 1,
            Became::Broken => self.unreadable += 1,
            Became::Nothing(_) => self.others += 1,
        }
    }
}

/// The commonest of many, with their counts: the first `most`.
fn commonest(counts: &BTreeMap<crate::model::Address, usize>, most: usize) -> Vec<(crate::model::Address, usize)> {
    let mut all: Vec<_> = counts.iter().map(|(a, n)| (a.clone(), *n)).collect();
    all.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
    all.truncate(most);
    all
}
