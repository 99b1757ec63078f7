//! The list of what was erased: keyed hashes of addresses and mails, in a file beside the database and in no backup, so that what is
//! read again from a server, an archive or a backup stays away.
//!
//! A line each: `address HASH TIME` (mail of hers that was received up to then stays away) and `mail HASH`. Lines are only added.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::desk::Rules;
use crate::desk::sign::Key;
use crate::mail::letter::Letter;
use crate::model::{Address, Channel, Party, Time};
use crate::plan::Envelope;

const ADDRESS: &str = "address";
const MAIL: &str = "mail";

/// The list could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot read or write the list of what was erased, {}", path.display())]
pub struct ErasedError {
    pub path: PathBuf,
    #[source]
    source: io::Error,
}

/// The list, as it was when it was last read.
#[derive(Clone, Debug, Default)]
pub struct Erased {
    path: PathBuf,
    size_bytes: u64,
    addresses: BTreeMap<String, Time>,
    mails: BTreeSet<String>,
}

/// What stands in the list for an address.
#[must_use]
pub fn address_hash(key: &Key, address: &Address) -> String {
    key.fingerprint("erased-address", address.as_str())
}

/// What stands in the list for a mail; `None` if nothing identifies it. By its Message-ID alone is known only what svar composed: some
/// senders give each of their mails the same one, and those of others are not to go with hers.
#[must_use]
pub fn mail_hash(key: &Key, id: Option<&str>, sameness: &str) -> Option<String> {
    match id {
        Some(id) if key.verify_message_id(id).is_some() => Some(key.fingerprint("erased-mail", id)),
        _ if sameness.is_empty() => None,
        Some(id) => Some(key.fingerprint("erased-mail", &format!("{id}\0{sameness}"))),
        None => Some(key.fingerprint("erased-mail", sameness)),
    }
}

impl Erased {
    /// Of the list in `path`; empty until [`Self::refresh`] is called.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, ..Self::default() }
    }

    /// Reads what has been added since.
    ///
    /// # Errors
    /// What the disk says, but that there is no such file.
    pub fn refresh(&mut self) -> Result<(), ErasedError> {
        let size_bytes = match fs::metadata(&self.path) {
            Ok(metadata) => metadata.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
            Err(source) => return Err(self.failed(source)),
        };
        if size_bytes == self.size_bytes {
            return Ok(());
        }
        let text = fs::read_to_string(&self.path).map_err(|source| self.failed(source))?;
        for line in text.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next().and_then(Time::parse_rfc3339)) {
                (Some(ADDRESS), Some(hash), Some(at)) => self.note_address(hash, at),
                (Some(MAIL), Some(hash), _) => {
                    self.mails.insert(hash.to_owned());
                }
                // A line that a crash cut short; what it stood for was not erased, and is listed when it is.
                _ => {}
            }
        }
        self.size_bytes = size_bytes;
        Ok(())
    }

    /// Adds to the list, on disk when this returns. Comes before anything is erased: a crash between the two leaves a name on the
    /// list, never a person who comes back.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add(&mut self, addresses: &BTreeSet<String>, mails: &BTreeSet<String>, at: Time) -> Result<(), ErasedError> {
        self.refresh()?;
        let mut lines = String::new();
        for hash in addresses.iter().filter(|h| self.addresses.get(*h).is_none_or(|known| *known < at)) {
            lines.push_str(&format!("{ADDRESS} {hash} {at}\n"));
        }
        for hash in mails.difference(&self.mails) {
            lines.push_str(&format!("{MAIL} {hash}\n"));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
            // In a line of its own, whatever a crash has left behind.
            file.write_all(format!("\n{lines}").as_bytes())?;
            file.sync_all()?;
            if let Some(directory) = self.path.parent() {
                fs::File::open(directory)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|source| self.failed(source))?;
        self.refresh()
    }

    /// Until when the mail of an address stays away.
    #[must_use]
    pub fn until(&self, key: &Key, address: &Address) -> Option<Time> {
        if self.addresses.is_empty() {
            return None;
        }
        self.addresses.get(&address_hash(key, address)).copied()
    }

    /// Whether this mail was erased; as for [`mail_hash`].
    #[must_use]
    pub fn has_mail(&self, key: &Key, id: Option<&str>, sameness: &str) -> bool {
        !self.mails.is_empty() && mail_hash(key, id, sameness).is_some_and(|hash| self.mails.contains(&hash))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.mails.is_empty()
    }

    /// Whether a letter must not be taken in: it was erased, or it is of the past and from somebody who was, or from us to nobody else.
    #[must_use]
    pub fn bars(&self, rules: &Rules<'_>, letter: &Letter, envelope: &Envelope) -> bool {
        if self.is_empty() || envelope.released.is_some() {
            return false;
        }
        if self.has_mail(rules.key, letter.message_id.as_deref(), &letter.sameness) {
            return true;
        }
        let hers = |p: &&Party| self.is_hers(rules.key, &p.address, envelope);
        let ours = |p: &&Party| rules.settings.is_us(&p.address);
        let mut others = letter.to.iter().chain(&letter.cc).filter(|p| !ours(p)).peekable();
        let to_her_alone = others.peek().is_some() && others.all(|p| hers(&p));
        letter.from.iter().any(|p| hers(&p)) || (to_her_alone && letter.from.iter().any(|p| ours(&p)))
    }

    /// A letter of the past from somebody else, without the names and addresses of those who were erased.
    #[must_use]
    pub fn without_them<'a>(&self, key: &Key, letter: &'a Letter, envelope: &Envelope) -> Cow<'a, Letter> {
        let stays = |p: &Party| !self.is_hers(key, &p.address, envelope);
        if letter.to.iter().chain(&letter.cc).all(stays) {
            return Cow::Borrowed(letter);
        }
        let mut letter = letter.clone();
        letter.to.retain(stays);
        letter.cc.retain(stays);
        Cow::Owned(letter)
    }

    /// Whether it is the address of somebody who was erased since this letter of the past was received.
    fn is_hers(&self, key: &Key, address: &Address, envelope: &Envelope) -> bool {
        let is_past = envelope.old || envelope.channel == Channel::Import;
        is_past && self.until(key, address).is_some_and(|until| envelope.received_at <= until)
    }

    fn note_address(&mut self, hash: &str, at: Time) {
        let until = self.addresses.entry(hash.to_owned()).or_insert(at);
        *until = (*until).max(at);
    }

    fn failed(&self, source: io::Error) -> ErasedError {
        ErasedError { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ParcelNo;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let home = tempfile::tempdir().unwrap();
        let (key, other) = (Key::new(&[7; 32]), Key::new(&[8; 32]));
        let path = home.path().join("erased");
        let address = |text: &str| Address::parse(text).unwrap();
        let (eva, ola) = (address("eva@kund.test"), address("ola@kund.test"));
        let mut list = Erased::at(path.clone());
        list.refresh().unwrap();
        assert!(list.is_empty());
        let hashes = BTreeSet::from([address_hash(&key, &eva)]);
        let mail = |id: &str, sameness: &str| BTreeSet::from([mail_hash(&key, Some(id), sameness).unwrap()]);
        list.add(&hashes, &mail("a@kund.test", "first"), Time::from_unix(1000)).unwrap();
        list.add(&hashes, &BTreeSet::new(), Time::from_unix(2000)).unwrap();
        let mut again = Erased::at(path.clone());
        again.refresh().unwrap();
        for read in [&list, &again] {
            assert_eq!(read.until(&key, &eva), Some(Time::from_unix(2000)));
            assert_eq!((read.until(&key, &ola), read.until(&other, &eva)), (None, None));
            assert!(
                read.has_mail(&key, Some("a@kund.test"), "first") && !read.has_mail(&key, Some("b@kund.test"), "first")
            );
            // Another mail under the same Message-ID is somebody else's.
            assert!(!read.has_mail(&key, Some("a@kund.test"), "second") && !read.has_mail(&key, None, "first"));
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("kund"), "{text}");
        // Cut short by a crash; the next one stands on a line of its own.
        fs::write(&path, format!("{text}mail")).unwrap();
        again.add(&BTreeSet::new(), &mail("c@kund.test", "third"), Time::from_unix(3000)).unwrap();
        assert!(again.has_mail(&key, Some("c@kund.test"), "third"));
        // Of ours the Message-ID says enough: the copy in Sent may read otherwise.
        let id = key.message_id(1, ParcelNo(7), "shop.test");
        again.add(&BTreeSet::new(), &mail(&id, ""), Time::from_unix(4000)).unwrap();
        assert!(
            again.has_mail(&key, Some(&id), "as it was read") && mail_hash(&key, Some("d@kund.test"), "").is_none()
        );
    }
}
