//! The SOURCE of a command line: files, or a folder on an IMAP server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::history::HistoryError;
use crate::history::imap::Remote;
use crate::net::archive::Archive;
use crate::net::{Account, Credential, Tls};
use crate::plan::Folder;

/// A SOURCE as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Files(PathBuf),
    Imap(Address),
}

/// `imaps://user@host:port/FOLDER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub user: String,
    pub host: String,
    pub port: u16,
    pub folder: String,
}

impl Address {
    /// The account behind it. `ca_file`: roots beside the public ones.
    #[must_use]
    pub fn account(&self, credential: Credential, ca_file: Option<&Path>) -> Account {
        Account {
            host: self.host.clone(),
            port: self.port,
            tls: Tls::Implicit,
            ca_file: ca_file.map(Path::to_owned),
            user: self.user.clone(),
            credential: Some(credential),
            password_expires: None,
        }
    }
}

/// Reads a SOURCE. The user's own `@` may be written as it is: the last one before the host counts.
///
/// # Errors
/// What to write instead.
pub fn parse(text: &str) -> Result<Wanted, String> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("imap://") {
        return Err("mail and password would go in the clear; write imaps://user@host/FOLDER".to_owned());
    }
    if !lower.starts_with("imaps://") {
        return Ok(Wanted::Files(text.into()));
    }
    let wrong =
        || "write it as imaps://user@host/FOLDER, such as imaps://support%40example.test@imap.example.test/INBOX";
    let rest = &text["imaps://".len()..];
    let (place, folder) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = place.rsplit_once('@').ok_or_else(wrong)?;
    if user.contains(':') {
        return Err(
            "a password does not belong on a command line; it is asked for, or write --password-file".to_owned()
        );
    }
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.contains(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (host, 993),
    };
    let folder = decoded(folder).filter(|f| !f.is_empty()).unwrap_or_else(|| "INBOX".to_owned());
    let user = decoded(user).filter(|u| !u.is_empty()).ok_or_else(wrong)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err(wrong().to_owned());
    }
    Ok(Wanted::Imap(Address { user, host, port, folder }))
}

/// `%40` is `@` (RFC 3986, 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(*first));
    }
    String::from_utf8(bytes).ok()
}

/// A store of mail that is open.
#[derive(Clone, Debug)]
pub enum Store {
    Files(Arc<Archive>),
    Imap(Arc<Remote>),
}

/// A store, and what lies in it: mail that came, or mail that was sent.
#[derive(Clone, Debug)]
pub struct Source {
    pub store: Store,
    pub folder: Folder,
}

impl Source {
    /// Files at `path`.
    ///
    /// # Errors
    /// There is no mailbox.
    pub fn files(path: &Path, folder: Folder) -> Result<Self, HistoryError> {
        Ok(Self { store: Store::Files(Arc::new(Archive::open(path)?)), folder })
    }

    /// A folder of an IMAP account, opened for reading only.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or has no such folder.
    pub fn imap(account: Account, name: &str, folder: Folder) -> Result<Self, HistoryError> {
        Ok(Self { store: Store::Imap(Arc::new(Remote::open(account, name)?)), folder })
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.store {
            Store::Files(archive) => archive.path().display().to_string(),
            Store::Imap(remote) => remote.place(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_as_typed() {
        let check = |text: &str, expect: &str| {
            let got = match parse(text) {
                Ok(Wanted::Files(path)) => path.display().to_string(),
                Ok(Wanted::Imap(a)) => format!("{} at {} {}: {}", a.user, a.host, a.port, a.folder),
                Err(why) => why.split(';').next().unwrap_or_default().to_owned(),
            };
            assert_eq!(got, expect, "{text}");
        };
        check("Maildir", "Maildir");
        check("./imaps:/x", "./imaps:/x");
        check("imaps://support@imap.example.test/INBOX", "support at imap.example.test 993: INBOX");
        check("imaps://support@example.test@imap.example.test", "support@example.test at imap.example.test 993: INBOX");
        check(
            "IMAPS://support%40example.test@localhost:1993/Sent%20Items/2026",
            "support@example.test at localhost 1993: Sent Items/2026",
        );
        check("imaps://a@[::1]:993/Skickat", "a at ::1 993: Skickat");
        check("imaps://a@[::1]/Skickat", "a at ::1 993: Skickat");
        check("imap://a@b/INBOX", "mail and password would go in the clear");
        check("imaps://a:hemlig@b/INBOX", "a password does not belong on a command line");
        for wrong in ["imaps://", "imaps://b/INBOX", "imaps://@b/INBOX", "imaps://a@/INBOX", "imaps://a@b:x/INBOX"] {
            assert!(parse(wrong).unwrap_err().starts_with("write it as"), "{wrong}");
        }
    }
}
