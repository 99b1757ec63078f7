//! A version of a canned answer, for the record.

use crate::model::{Address, LetterNo, Time};

/// Where canned answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A file of `[answers] dir`.
    File,
    /// A mail in `[answers] folder`.
    Mail,
}

/// Whether a version can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// The newest good one before it stays in use.
    Broken,
    /// Its file was taken away, or a mail said so: there is none of this name any more.
    Gone,
}

/// One version of one canned answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedVersion {
    pub origin: Origin,
    pub name: String,
    /// "": for every language that has none of its own.
    pub language: String,
    pub standing: Standing,
    pub at: Time,
    /// Who mailed it.
    pub author: Option<Address>,
    pub letter: Option<LetterNo>,
    pub title: String,
    /// All of it, as written.
    pub text: String,
}

impl Origin {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Mail => "mail",
        }
    }
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Broken => "broken",
            Self::Gone => "gone",
        }
    }
}
