//! Mail that somebody keeps in files: a Maildir, an mbox, a folder of letters, one letter. Recognised by looking, never changed.
//!
//! A store of mail is listed first (each letter's place, its header, and what its file says of the time), and letters are then
//! read one by one in whatever order is wanted. All of it blocks on files.

mod from_line;
mod mbox;

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::maildir;
use crate::model::Time;

/// How much of a letter is handed over while listing, in bytes: headers of ordinary length.
const HEAD_BYTES: usize = 16 * 1024;
/// A header that is longer is read on up to here.
const LONG_HEAD_BYTES: usize = 256 * 1024;
/// Folders in folders are followed so deep.
const DEEP: usize = 16;

/// What kind of store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Maildir,
    Mbox,
    /// A folder whose files are a letter each.
    Folder,
    /// One letter.
    Letter,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is no mailbox: {why}", path.display())]
    NoMailbox { path: PathBuf, why: &'static str },
}

/// What a store says of the time of a letter, beside the letter itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A Maildir name's time, else the file's.
    File(Time),
    /// The line above the letter in an mbox; `None`: it says no time. Then the mbox file's own.
    FromLine(Option<Time>, Time),
    /// A letter's own file's, which copying may have changed.
    Copied(Time),
}

/// Where a letter lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file of this number.
    File(u32),
    /// So many bytes of the mbox from there on; `stuffed`: `>From ` stands for `From `.
    Stretch { from: u64, size_bytes: u64, stuffed: bool },
}

/// A letter as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub place: Place,
    pub stamp: Stamp,
    pub size_bytes: u64,
}

/// The bytes of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    pub bytes: Vec<u8>,
    pub size_bytes: u64,
    /// Only its beginning was read.
    pub truncated: bool,
}

/// A store of mail, recognised.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    form: Form,
    /// Of a Maildir and a folder.
    files: Vec<PathBuf>,
    mbox: Option<File>,
}

impl Archive {
    /// Looks what is at `path`.
    ///
    /// # Errors
    /// It cannot be read, or holds no mail as far as one can see.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let fail = |source| ArchiveError::File { path: path.to_owned(), source };
        let none = |why| ArchiveError::NoMailbox { path: path.to_owned(), why };
        let about = fs::metadata(path).map_err(fail)?;
        let mut archive = Self { path: path.to_owned(), form: Form::Letter, files: Vec::new(), mbox: None };
        if about.is_dir() {
            if ["cur", "new"].iter().any(|sub| path.join(sub).is_dir()) {
                archive.form = Form::Maildir;
                let entries = maildir::scan(path, |_| true).or_else(|_| only_cur(path)).map_err(fail)?;
                archive.files = entries.into_iter().map(|e| e.path).collect();
            } else {
                archive.form = Form::Folder;
                letters_in(path, DEEP, &mut archive.files).map_err(fail)?;
                if archive.files.is_empty() {
                    return Err(none("neither a Maildir (cur, new) nor a folder with .eml files"));
                }
            }
            return Ok(archive);
        }
        if !about.is_file() {
            return Err(none("neither a file nor a folder"));
        }
        let file = File::open(path).map_err(fail)?;
        let mut head = vec![0; HEAD_BYTES];
        let got = read_at(&file, &mut head, 0).map_err(fail)?;
        head.truncate(got);
        if about.len() == 0 && !is_eml(path) {
            // An mbox out of which all mail was moved.
            archive.form = Form::Mbox;
            archive.mbox = Some(file);
        } else if mbox::begins(&head) {
            archive.form = Form::Mbox;
            archive.mbox = Some(file);
        } else if is_eml(path) || looks_like_letter(&head) {
            archive.files = vec![path.to_owned()];
        } else {
            return Err(none("neither an mbox (its first line begins with \"From \") nor a letter"));
        }
        Ok(archive)
    }

    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many letters there are, where that is known without reading them.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        (self.form != Form::Mbox).then_some(self.files.len())
    }

    /// How many bytes the mbox has.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        self.mbox.as_ref().and_then(|f| f.metadata().ok()).map(|m| m.len())
    }

    /// Names every letter of an mbox, in its order, with the beginning of its bytes (its header). Memory stays the same however big
    /// the file is.
    ///
    /// # Errors
    /// What the disk says.
    pub fn list_mbox(&self, mut visit: impl FnMut(Listed, &[u8])) -> Result<(), ArchiveError> {
        let Some(file) = &self.mbox else { return Ok(()) };
        let fail = |source| ArchiveError::File { path: self.path.clone(), source };
        let changed = file.metadata().map(|m| Time::from_unix(m.mtime())).map_err(fail)?;
        let each = |found: &mbox::Found, head: &[u8]| {
            let place = Place::Stretch { from: found.from, size_bytes: found.size_bytes, stuffed: found.stuffed };
            let stamp = Stamp::FromLine(found.at, changed);
            visit(Listed { place, stamp, size_bytes: found.size_bytes }, head);
        };
        mbox::scan(file, each).map_err(fail)
    }

    /// Of the letter in the file of this number: what is known without reading it, and its header.
    ///
    /// # Errors
    /// What the disk says; a file that is gone meanwhile among it.
    pub fn list_file(&self, number: usize) -> io::Result<(Listed, Vec<u8>)> {
        let path = self.files.get(number).ok_or(io::ErrorKind::NotFound)?;
        let file = File::open(path)?;
        let about = file.metadata()?;
        let mut head = vec![0; HEAD_BYTES.min(usize::try_from(about.len()).unwrap_or(HEAD_BYTES))];
        let got = read_at(&file, &mut head, 0)?;
        head.truncate(got);
        if got == HEAD_BYTES && !has_blank_line(&head) {
            head.resize(LONG_HEAD_BYTES, 0);
            let got = read_at(&file, &mut head, 0)?;
            head.truncate(got);
        }
        let changed = Time::from_unix(about.mtime());
        let stamp = match self.form {
            Form::Maildir => Stamp::File(maildir::file_time(path).unwrap_or(changed)),
            _ => Stamp::Copied(changed),
        };
        let place = Place::File(u32::try_from(number).unwrap_or(u32::MAX));
        Ok((Listed { place, stamp, size_bytes: about.len() }, head))
    }

    /// Reads a letter, at most its first `limit_bytes`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn read(&self, place: Place, limit_bytes: u64) -> io::Result<Raw> {
        match (place, &self.mbox) {
            (Place::File(number), _) => {
                let path = self.files.get(number as usize).ok_or(io::ErrorKind::NotFound)?;
                let file = File::open(path)?;
                let size_bytes = file.metadata()?.len();
                let mut bytes = Vec::with_capacity(usize::try_from(size_bytes.min(limit_bytes)).unwrap_or(0) + 1);
                file.take(limit_bytes).read_to_end(&mut bytes)?;
                Ok(Raw { truncated: size_bytes > limit_bytes, bytes, size_bytes })
            }
            (Place::Stretch { from, size_bytes, stuffed }, Some(file)) => {
                let mut bytes = vec![0; usize::try_from(size_bytes.min(limit_bytes)).unwrap_or(0)];
                let got = read_at(file, &mut bytes, from)?;
                bytes.truncate(got);
                let bytes = if stuffed { mbox::unstuffed(bytes) } else { bytes };
                Ok(Raw { truncated: size_bytes > limit_bytes, bytes, size_bytes })
            }
            (Place::Stretch { .. }, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A Maildir that has lost its `new`.
fn only_cur(path: &Path) -> io::Result<Vec<maildir::Entry>> {
    let mut found = Vec::new();
    for file in fs::read_dir(path.join("cur"))? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && file.file_type().is_ok_and(|kind| kind.is_file()) {
            found.push(maildir::Entry { key: name, path: file.path(), is_new: false });
        }
    }
    found.sort();
    Ok(found)
}

/// The files under `dir` that are letters, by name: `.eml`, or what begins like one. Links to folders are not followed.
fn letters_in(dir: &Path, deep: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            if deep > 0 {
                // One folder that may not be read is no reason to leave the others.
                let _ = letters_in(&path, deep - 1, found);
            }
        } else if fs::metadata(&path).is_ok_and(|m| m.is_file()) && (is_eml(&path) || begins_like_letter(&path)) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_eml(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["eml", "mail", "mht"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

fn begins_like_letter(path: &Path) -> bool {
    let mut head = vec![0; 4096];
    let read = File::open(path).and_then(|file| read_at(&file, &mut head, 0));
    read.is_ok_and(|got| looks_like_letter(&head[..got]))
}

/// Two fields at the top, one of them of those that every mail has.
fn looks_like_letter(head: &[u8]) -> bool {
    const USUAL: [&str; 9] =
        ["from", "received", "return-path", "delivered-to", "date", "message-id", "subject", "to", "mime-version"];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let (mut fields, mut usual) = (0, 0);
    for line in head.split(|b| *b == b'\n').take(60) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => break,
            Some(b' ' | b'\t') if fields > 0 => continue,
            Some(_) => {}
        }
        let Some(name) = field_name(line) else { break };
        fields += 1;
        usual += usize::from(USUAL.contains(&name.to_ascii_lowercase().as_str()));
    }
    fields >= 2 && usual >= 1
}

/// The name of the field that a line begins (RFC 5322, 2.2).
fn field_name(line: &[u8]) -> Option<&str> {
    let colon = line.iter().take(100).position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii_end();
    let fits = !name.is_empty() && name.iter().all(|b| (33..127).contains(b));
    fits.then(|| std::str::from_utf8(name).ok()).flatten()
}

fn has_blank_line(head: &[u8]) -> bool {
    head.windows(2).any(|w| w == b"\n\n") || head.windows(4).any(|w| w == b"\r\n\r\n")
}

/// Fills as much of `buffer` as the file has from `offset` on.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read_at(&mut buffer[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests;
