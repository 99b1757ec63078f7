//! A Maildir as a mailbox to read from and as a place to deliver to. All of it blocks on files: call it from
//! `spawn_blocking`.
//!
//! Files are listed in `new` and `cur`, never in `tmp`. A file is known by its base name, the part before `:2,`, which
//! stays when another program moves it or changes its flags.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Fetched;
use crate::model::Time;

/// A file in a Maildir.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The base name; the same for as long as the letter exists.
    pub key: String,
    pub path: PathBuf,
    /// It lies in `new`: no mail program has shown it.
    pub is_new: bool,
}

/// What is to be done with a letter that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    Keep,
    /// Into `cur`, with the flag `S`.
    Seen,
    /// Into `cur` of another Maildir, which is made if it is missing. On the same file system.
    Move(PathBuf),
}

/// How much of a letter that is too big is read, in bytes: its header and the beginning of its text.
const HEAD_BYTES: u64 = 256 * 1024;

/// The letters in `dir` whose key `wanted` agrees to, ordered by name, which begins with the time of delivery. Opens no
/// file.
pub fn scan(dir: &Path, mut wanted: impl FnMut(&str) -> bool) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    // `cur` last: what a mail program moves from `new` meanwhile is then seen twice at worst, and not missed.
    for (sub, is_new) in [("new", true), ("cur", false)] {
        let listing = match fs::read_dir(dir.join(sub)) {
            Ok(listing) => listing,
            Err(e) if e.kind() == io::ErrorKind::NotFound && dir.join("new").is_dir() => continue,
            Err(e) => return Err(e),
        };
        for file in listing {
            let file = file?;
            let name = file.file_name();
            if name.as_bytes().starts_with(b".") || file.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let key = key(name.as_bytes());
            if wanted(&key) {
                found.push(Entry { key, path: file.path(), is_new });
            }
        }
    }
    found.sort();
    found.dedup_by(|b, a| a.key == b.key);
    Ok(found)
}

/// The base name as text. Bytes that are no UTF-8 are written `%xx`, so that different files have different keys.
fn key(name: &[u8]) -> String {
    let flags = name.windows(3).rposition(|w| w == b":2,");
    let base = flags.map_or(name, |at| &name[..at]);
    let mut key = String::with_capacity(base.len());
    for chunk in base.utf8_chunks() {
        key.push_str(chunk.valid());
        for byte in chunk.invalid() {
            key.push_str(&format!("%{byte:02x}"));
        }
    }
    key
}

/// The time that a Maildir file's name states.
pub(super) fn file_time(path: &Path) -> Option<Time> {
    name_time(&key(path.file_name()?.as_bytes()))
}

/// The leading seconds of a name such as `1795276800.M1P2.host`, if they are a time between 1990 and 2100.
fn name_time(key: &str) -> Option<Time> {
    let digits = key.split('.').next()?;
    let seconds: i64 = digits.parse().ok()?;
    (631_152_000..4_102_444_800).contains(&seconds).then(|| Time::from_unix(seconds))
}

/// Where `entry` is now: another program may have moved it to `cur` or changed its flags.
fn locate(entry: &Entry) -> io::Result<PathBuf> {
    if entry.path.exists() {
        return Ok(entry.path.clone());
    }
    let gone = || io::Error::new(io::ErrorKind::NotFound, format!("{} is gone", entry.path.display()));
    let dir = entry.path.parent().and_then(Path::parent).ok_or_else(gone)?;
    let now = scan(dir, |key| key == entry.key)?;
    now.into_iter().next().map(|entry| entry.path).ok_or_else(gone)
}

/// Reads a letter; above `limit_bytes` only its beginning. `uid` is the caller's number for it. `NotFound`: it is gone.
pub fn read(entry: &Entry, uid: u32, limit_bytes: u64) -> io::Result<Fetched> {
    let file = match File::open(&entry.path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => File::open(locate(entry)?)?,
        opened => opened?,
    };
    let about = file.metadata()?;
    let size_bytes = about.len();
    let truncated = size_bytes > limit_bytes;
    let most = if truncated { HEAD_BYTES.min(limit_bytes.max(1)) } else { limit_bytes };
    let mut raw = Vec::with_capacity(usize::try_from(size_bytes.min(most)).unwrap_or(0));
    file.take(most).read_to_end(&mut raw)?;
    let received_at = name_time(&entry.key).unwrap_or_else(|| Time::from_unix(about.mtime()));
    Ok(Fetched { uid, received_at, size_bytes, raw, truncated })
}

/// Does what is to be done after the letter was taken in. One that is gone meanwhile is no error.
pub fn finish(entry: &Entry, after: &After) -> io::Result<()> {
    if *after == After::Keep {
        return Ok(());
    }
    let from = match locate(entry) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        located => located?,
    };
    let name = from.file_name().unwrap_or_default().as_bytes();
    let at = name.windows(3).rposition(|w| w == b":2,").unwrap_or(name.len());
    let mut flags: Vec<u8> = name.get(at + 3..).unwrap_or_default().to_vec();
    // Flags stand in ASCII order.
    flags.push(b'S');
    flags.sort_unstable();
    flags.dedup();
    let mut to_name = name[..at].to_vec();
    to_name.extend_from_slice(b":2,");
    to_name.extend_from_slice(&flags);
    let to_name = std::ffi::OsStr::from_bytes(&to_name);
    let to_dir = match after {
        After::Move(dir) => {
            make(dir)?;
            dir.join("cur")
        }
        _ => from.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join("cur"),
    };
    let to = to_dir.join(to_name);
    if to == from {
        return Ok(());
    }
    if let After::Move(_) = after
        && to.exists()
    {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", to.display())));
    }
    fs::rename(&from, &to)?;
    sync_dir(&to_dir)
}

/// Makes the three folders of a Maildir where they are missing.
pub fn make(dir: &Path) -> io::Result<()> {
    for sub in ["tmp", "new", "cur"] {
        fs::create_dir_all(dir.join(sub))?;
    }
    Ok(())
}

/// Writes a letter into `new`, whole or not at all: `tmp`, fsync, rename, fsync of the folder. `name` must be its own for
/// ever; if a letter of that name is there already (in `new` or read in `cur`) with the same bytes, nothing is done, so
/// that delivering twice is delivering once.
pub fn deliver_into(dir: &Path, bytes: &[u8], name: &str) -> io::Result<PathBuf> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} {why}"));
    if name.is_empty() || name.starts_with('.') || name.contains(['/', ':', '\0', '\n']) {
        return Err(invalid("is no name for a letter"));
    }
    make(dir)?;
    if let Some(there) = find(dir, name)? {
        return if fs::read(&there)? == bytes {
            Ok(there)
        } else {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} holds another letter", there.display())))
        };
    }
    // A file left in tmp by a crash is simply written over.
    let draft = dir.join("tmp").join(name);
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let path = dir.join("new").join(name);
    fs::rename(&draft, &path)?;
    sync_dir(&dir.join("new"))?;
    Ok(path)
}

/// Where the letter of this name lies. Asks for the names that it can have instead of listing a Maildir that grows with
/// every letter ever sent; only a letter that somebody has opened, flagged or moved meanwhile is not among them, which
/// `cur` is listed for.
fn find(dir: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let usual = [dir.join("new").join(name), dir.join("cur").join(name), dir.join("cur").join(format!("{name}:2,S"))];
    if let Some(there) = usual.into_iter().find(|path| path.exists()) {
        return Ok(Some(there));
    }
    let flagged = format!("{name}:2,");
    for file in fs::read_dir(dir.join("cur"))? {
        let file = file?;
        if file.file_name().as_bytes().starts_with(flagged.as_bytes()) {
            return Ok(Some(file.path()));
        }
    }
    Ok(None)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path) -> Vec<String> {
        let mut all = Vec::new();
        for sub in ["tmp", "new", "cur"] {
            for file in fs::read_dir(dir.join(sub)).unwrap() {
                all.push(format!("{sub}/{}", file.unwrap().file_name().to_string_lossy()));
            }
        }
        all.sort();
        all
    }

    fn maildir(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path()).unwrap();
        for name in names {
            fs::write(dir.path().join(name), format!("Subject: {name}\n\nhej\n")).unwrap();
        }
        dir
    }

    #[test]
    fn letters_are_listed_by_base_name() {
        let dir = maildir(&[
            "new/1795276800.M2.host",
            "cur/1795276799.M1.host:2,S",
            "cur/1795276801.M3.host:2,",
            "tmp/1795276802.M4.host",
            "new/.hidden",
        ]);
        fs::create_dir(dir.path().join("new/folder")).unwrap();
        let keys = |found: Vec<Entry>| found.into_iter().map(|e| e.key).collect::<Vec<_>>();
        let all = scan(dir.path(), |_| true).unwrap();
        assert_eq!(keys(all), ["1795276799.M1.host", "1795276800.M2.host", "1795276801.M3.host"]);
        let some = scan(dir.path(), |key| key > "1795276800").unwrap();
        assert_eq!(keys(some), ["1795276800.M2.host", "1795276801.M3.host"]);
        assert!(scan(&dir.path().join("nowhere"), |_| true).is_err());
    }

    #[test]
    fn keys_and_times_come_from_names() {
        let check = |name: &[u8], expect_key: &str, expect_time: Option<i64>| {
            let key = key(name);
            assert_eq!(key, expect_key);
            assert_eq!(name_time(&key).map(Time::unix), expect_time, "{key}");
        };
        check(b"1795276800.M1P2.host,S=12:2,FS", "1795276800.M1P2.host,S=12", Some(1_795_276_800));
        check(b"1795276800.x", "1795276800.x", Some(1_795_276_800));
        check(b"00042.eml", "00042.eml", None);
        check(b"letter:2,", "letter", None);
        check(b"b\xe5r.\xff", "b%e5r.%ff", None);
        check("bår".as_bytes(), "bår", None);
        check(b"99999999999999999999.x", "99999999999999999999.x", None);
        check(b"", "", None);
    }

    #[test]
    fn letters_are_read_whole_or_by_their_beginning() {
        let dir = maildir(&["new/1795276800.M2.host", "new/undated"]);
        let entries = scan(dir.path(), |_| true).unwrap();
        let whole = read(&entries[0], 7, 1000).unwrap();
        assert_eq!((whole.uid, whole.received_at.unix(), whole.truncated), (7, 1_795_276_800, false));
        assert_eq!(whole.raw, b"Subject: new/1795276800.M2.host\n\nhej\n");
        assert_eq!(whole.size_bytes, 37);
        let part = read(&entries[0], 7, 10).unwrap();
        assert_eq!((part.raw.as_slice(), part.size_bytes, part.truncated), (&b"Subject: n"[..], 37, true));
        assert!(read(&entries[1], 8, 1000).unwrap().received_at.unix() > 1_700_000_000, "the file's time");
        // Another program has shown it meanwhile.
        fs::rename(&entries[0].path, dir.path().join("cur/1795276800.M2.host:2,S")).unwrap();
        assert_eq!(read(&entries[0], 7, 1000).unwrap(), whole);
        fs::remove_file(dir.path().join("cur/1795276800.M2.host:2,S")).unwrap();
        assert_eq!(read(&entries[0], 7, 1000).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_was_taken_in_is_marked_or_moved() {
        let check = |file: &str, after: After, expect: &[&str], expect_other: &[&str]| {
            let dir = maildir(&[file]);
            let other = tempfile::tempdir().unwrap();
            let after = match after {
                After::Move(_) => After::Move(other.path().join("Processed")),
                after => after,
            };
            let entry = scan(dir.path(), |_| true).unwrap().remove(0);
            finish(&entry, &after).unwrap();
            finish(&entry, &after).unwrap();
            assert_eq!(files(dir.path()), expect, "{file} {after:?}");
            if !expect_other.is_empty() {
                assert_eq!(files(&other.path().join("Processed")), expect_other, "{file} {after:?}");
            }
        };
        check("new/1.a", After::Keep, &["new/1.a"], &[]);
        check("new/1.a", After::Seen, &["cur/1.a:2,S"], &[]);
        check("cur/1.a:2,FR", After::Seen, &["cur/1.a:2,FRS"], &[]);
        check("cur/1.a:2,S", After::Seen, &["cur/1.a:2,S"], &[]);
        check("new/1.a", After::Move(PathBuf::new()), &[], &["cur/1.a:2,S"]);
        check("cur/1.a:2,T", After::Move(PathBuf::new()), &[], &["cur/1.a:2,ST"]);
    }

    #[test]
    fn delivering_twice_is_delivering_once() {
        let dir = tempfile::tempdir().unwrap();
        deliver_into(dir.path(), b"one", "1.a.svar").unwrap();
        deliver_into(dir.path(), b"one", "1.a.svar").unwrap();
        assert_eq!(files(dir.path()), ["new/1.a.svar"]);
        fs::rename(dir.path().join("new/1.a.svar"), dir.path().join("cur/1.a.svar:2,S")).unwrap();
        deliver_into(dir.path(), b"one", "1.a.svar").unwrap();
        assert_eq!(files(dir.path()), ["cur/1.a.svar:2,S"]);
        let error = deliver_into(dir.path(), b"two", "1.a.svar").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        // A crash before the rename.
        fs::write(dir.path().join("tmp/2.b.svar"), b"half").unwrap();
        deliver_into(dir.path(), b"whole", "2.b.svar").unwrap();
        assert_eq!(files(dir.path()), ["cur/1.a.svar:2,S", "new/2.b.svar"]);
        for name in ["", "../x", "a/b", ".x", "a:2,S", "a\nb"] {
            assert!(deliver_into(dir.path(), b"x", name).is_err(), "{name:?}");
        }
    }
}
