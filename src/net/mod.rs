//! Carries parcels and letters. It does not know what a ticket is.

pub mod archive;
pub mod certificates;
mod credential;
pub mod http;
pub mod imap;
pub mod maildir;
pub mod mx;
pub mod oauth;
pub mod outdir;
pub mod secret;
pub mod sendmail;
pub mod smtp;
pub mod stream;
pub mod tls;

use secrecy::zeroize::Zeroize;

use crate::model::{Address, Time};

/// How a server can be reached and who we are there. Built from the configuration; the password is read when it is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// PEM file with roots beside the public ones.
    pub ca_file: Option<std::path::PathBuf>,
    /// Empty: no login (loopback relays).
    pub user: String,
    pub credential: Option<Credential>,
    /// The day on which the password or the client secret ends, if somebody has written that down.
    pub password_expires: Option<jiff::civil::Date>,
}

/// How we show that we are `user`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Credential {
    Password(Secret),
    /// A person has signed in at the provider, and a token stands for that.
    OAuth2(Box<oauth::SignIn>),
}

impl Account {
    /// The password, or the client's secret, if there is one.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match &self.credential {
            Some(Credential::Password(secret)) => Some(secret),
            Some(Credential::OAuth2(sign_in)) => sign_in.client_secret.as_ref(),
            None => None,
        }
    }

    /// The sign-in that this account lives by, if it has no password.
    #[must_use]
    pub fn sign_in(&self) -> Option<&oauth::SignIn> {
        match &self.credential {
            Some(Credential::OAuth2(sign_in)) => Some(sign_in),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    Implicit,
    Starttls,
    /// Loopback only; the configuration refuses it elsewhere.
    None,
}

/// Where a secret is kept. It is read anew at each login, so that a changed password needs no restart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    File(std::path::PathBuf),
    Env(String),
    Command(Vec<String>),
    /// A name under `$CREDENTIALS_DIRECTORY` (systemd's LoadCredential).
    Credential(String),
    /// Somebody has typed it.
    Typed(Typed),
}

/// A password as typed. Nothing prints it, and nothing is left of it where it is dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Typed(String);

impl Drop for Typed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Typed {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed")
    }
}

/// What to put on the wire.
#[derive(Clone, Debug)]
pub struct Wire {
    /// `None`: the empty envelope sender.
    pub from: Option<Address>,
    pub to: Vec<Address>,
    /// The finished mail, CRLF line ends.
    pub bytes: std::sync::Arc<Vec<u8>>,
}

/// What became of one recipient. `reply` holds the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Accepted {
        reply: String,
    },
    /// Try again later: 4xx, a lost connection, a time-out.
    Deferred {
        reply: String,
    },
    /// For good: 5xx.
    Refused {
        reply: String,
    },
}

/// How the reply begins where the mail may have been taken, and nobody knows.
pub const UNKNOWN: &str = "unknown whether it was taken";

impl Delivery {
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Deferred { reply } if reply.starts_with(UNKNOWN))
    }
}

/// One letter as the mailbox handed it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub uid: u32,
    /// IMAP's INTERNALDATE; a Maildir file's time.
    pub received_at: Time,
    /// The size that the server states.
    pub size_bytes: u64,
    pub raw: Vec<u8>,
    /// Bigger than allowed: `raw` is its header and the beginning of its text only.
    pub truncated: bool,
}
