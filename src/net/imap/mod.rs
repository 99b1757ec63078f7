//! An IMAP session that says what happened: NO, BAD, BYE and a lost line are never taken for an empty mailbox.
//!
//! `async-imap` reads the answers (its helpers swallow refusals, so none of them is used); commands, their time limits
//! and the accounting of what answers what are here. After anything but an answer the session is broken: drop it and
//! connect anew. A session whose call was cancelled half-way is broken too.

mod age;
mod answer;
mod change;
mod command;
mod feed;
mod fetch;
mod folder;
mod idle;
mod listing;
mod login;
mod nesting;
mod reach;
mod sent_folder;
mod uids;
mod utf7;
mod wire;

use std::collections::BTreeSet;

pub use change::{AppendUid, Flag, Moved};
pub use feed::{Feed, Item, Sink, feed};
pub use folder::{Folder, Selected, Special};
pub use idle::IdleEnd;
pub use listing::Listing;
pub use sent_folder::{FoundBy, called_sent, sent_folder};
pub use wire::Session;

use super::oauth::OauthError;
use super::secret::SecretError;
use super::stream::DialError;

/// Which of IMAP's two refusals it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It could not be done.
    No,
    /// The command was not understood.
    Bad,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::No => "NO",
            Self::Bad => "BAD",
        })
    }
}

/// What went wrong with a session. After `Refused` it goes on; after anything else it is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImapError {
    /// The server does not accept who we say we are; its words.
    #[error("login refused: {text}")]
    Auth { text: String },
    /// The password could not be read on our own side.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// There is no token to show.
    #[error("{0}")]
    SignIn(#[from] OauthError),
    #[error("{0}")]
    Network(String),
    #[error("{0}")]
    Tls(String),
    /// NO or BAD. `code` is the response code's name in capitals, such as `OVERQUOTA` (RFC 5530).
    #[error("{command} was answered with {answer}: {text}")]
    Refused { command: &'static str, answer: Answer, code: Option<String>, text: String },
    /// The server ended the session, with its words.
    #[error("the server ended the session: {text}")]
    Bye { text: String },
    /// The server said what it may not say.
    #[error("the server does not keep to IMAP: {0}")]
    Protocol(String),
    /// Whoever was to have the letters is gone.
    #[error("the fetch was broken off")]
    Cancelled,
}

impl ImapError {
    /// How long the server wants to be left alone, if it says so: Exchange Online names it when it has had enough.
    #[must_use]
    pub fn asks_to_wait(&self) -> Option<std::time::Duration> {
        const WORDS: &str = "suggested backoff time:";
        let (Self::Refused { text, .. } | Self::Bye { text } | Self::Auth { text }) = self else { return None };
        let text = text.to_ascii_lowercase();
        let (_, after) = text.split_once(WORDS)?;
        let (number, unit) = after.trim_start().split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        Some(if unit.starts_with("milli") {
            std::time::Duration::from_millis(number)
        } else {
            std::time::Duration::from_secs(number)
        })
    }
}

impl From<DialError> for ImapError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Network(text) => Self::Network(text),
            DialError::Tls(text) => Self::Tls(text),
        }
    }
}

/// What the server can do, in capitals: `IDLE`, `MOVE`, `AUTH=PLAIN`.
pub type Capabilities = BTreeSet<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_wants_to_be_left_alone_says_how_long() {
        let check = |text: &str, expect: Option<u64>| {
            let error =
                ImapError::Refused { command: "SELECT", answer: Answer::Bad, code: None, text: text.to_owned() };
            assert_eq!(error.asks_to_wait().map(|d| d.as_millis()), expect.map(u128::from), "{text}");
        };
        check("Request is throttled. Suggested Backoff Time: 299961 milliseconds", Some(299_961));
        check("Suggested Backoff Time: 5 seconds", Some(5000));
        check("Suggested Backoff Time: soon enough", None);
        check("Suggested Backoff Time: 5", None);
        check("User is authenticated but not connected.", None);
    }
}
