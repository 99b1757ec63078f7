//! The data directory: its lock, its key, its footprint, and whether the database in it is at home.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::Time;
use crate::store::meta::Owner;
use crate::store::privacy::BackupRow;

pub const KEY_SIZE_BYTES: usize = 32;

/// What the daemon's socket is told: something was written.
pub const POKE: u8 = b'!';
/// Somebody has signed in.
pub const SIGNED_IN: u8 = b's';

#[derive(Debug, thiserror::Error)]
pub enum DeskDirError {
    #[error("cannot create the data directory {}", path.display())]
    Create {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("another svar is running on {} ({holder})", path.display())]
    Held { path: PathBuf, holder: String },
    #[error("cannot lock {}", path.display())]
    Lock {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot read or write the desk's key {}", path.display())]
    Key {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the desk's key {} is damaged: it must hold {KEY_SIZE_BYTES} bytes", path.display())]
    BadKey { path: PathBuf },
    #[error("others may read the desk's key {} (mode {mode:o}): chmod 600", path.display())]
    OpenKey { path: PathBuf, mode: u32 },
    #[error("cannot read or write the footprint {}", path.display())]
    Footprint {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// A desk's own directory. Knows where things lie; holds nothing open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskDir {
    path: PathBuf,
}

/// The exclusive right to send in the name of a desk. Let go when dropped, or when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// The highest numbers that a database had given out when they were last looked at. A database that knows less is an older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    pub epoch: i64,
    pub ticket: i64,
    pub parcel: i64,
}

impl Footprint {
    /// Whether a database with these numbers is older than the one that left `self`.
    #[must_use]
    pub const fn is_ahead_of(&self, database: &Self) -> bool {
        self.epoch > database.epoch
            || (self.epoch == database.epoch && (self.ticket > database.ticket || self.parcel > database.parcel))
    }
}

impl DeskDir {
    /// Creates the directory (mode 0700) if it is not there.
    pub fn prepare(path: &Path) -> Result<Self, DeskDirError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| DeskDirError::Create { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned() })
    }

    /// A directory that must be there already.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("svar.db")
    }

    /// The list of what was erased.
    #[must_use]
    pub fn erased(&self) -> PathBuf {
        self.path.join("erased")
    }

    /// Where one byte wakes the daemon.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path.join("svar.sock")
    }

    /// Takes the lock, and writes the process id into its file for whoever comes second.
    pub fn lock(&self) -> Result<Lock, DeskDirError> {
        let path = self.path.join("svar.lock");
        let fail = |source| DeskDirError::Lock { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        // `is_locked` of another process may hold it for an instant.
        let mut taken = file.try_lock();
        for _ in 0..100 {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::yield_now();
            taken = file.try_lock();
        }
        match taken {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(fail(source)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(32).read_to_string(&mut holder).map_err(fail)?;
                let holder = match holder.trim() {
                    "" => "it has not said its process id".to_owned(),
                    pid => format!("process {pid}"),
                };
                return Err(DeskDirError::Held { path: self.path.clone(), holder });
            }
        }
        file.set_len(0).map_err(fail)?;
        writeln!(file, "{}", std::process::id()).map_err(fail)?;
        Ok(Lock { _file: file })
    }

    /// Whether somebody holds the lock.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        let file = File::open(self.path.join("svar.lock"));
        file.is_ok_and(|f| matches!(f.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The desk's key: 32 bytes beside the database, readable by the owner alone. Drawn at first start.
    pub fn key(&self) -> Result<[u8; KEY_SIZE_BYTES], DeskDirError> {
        let path = self.path.join("key");
        let fail = |source| DeskDirError::Key { path: path.clone(), source };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                // Two processes may start at the same moment: only one of them may create the file, both read it.
                match self.draw_key(&path) {
                    Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(fail(e)),
                    _ => File::open(&path).map_err(fail)?,
                }
            }
            Err(e) => return Err(fail(e)),
        };
        let mode = file.metadata().map_err(fail)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DeskDirError::OpenKey { path, mode });
        }
        let mut bytes = Vec::with_capacity(KEY_SIZE_BYTES + 1);
        file.take(KEY_SIZE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        bytes.try_into().map_err(|_| DeskDirError::BadKey { path })
    }

    /// The single random draw of the program.
    #[allow(clippy::disallowed_methods, reason = "the single random draw is the desk's key")]
    fn draw_key(&self, path: &Path) -> io::Result<()> {
        use ring::rand::SecureRandom;
        let mut bytes = [0; KEY_SIZE_BYTES];
        ring::rand::SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| io::Error::other("the system gives no random numbers"))?;
        // A name of its own first: nobody may ever see half a key.
        let draft = self.path.join(format!("key.{}", std::process::id()));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::hard_link(&draft, path)
        })();
        fs::remove_file(&draft)?;
        written?;
        File::open(&self.path)?.sync_all()
    }

    /// `None`: no footprint was ever left.
    pub fn footprint(&self) -> Result<Option<Footprint>, DeskDirError> {
        let path = self.path.join("footprint");
        let fail = |source| DeskDirError::Footprint { path: path.clone(), source };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| fail(e.into())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(fail(e)),
        }
    }

    /// Leaves the footprint, durably, whole or not at all.
    pub fn leave_footprint(&self, footprint: &Footprint) -> Result<(), DeskDirError> {
        let path = self.path.join("footprint");
        let draft = self.path.join("footprint.new");
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            serde_json::to_writer(&mut file, footprint)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|source| DeskDirError::Footprint { path: path.clone(), source })
    }

    /// Who owns a database here: the machine (its id hashed: the id itself is nobody else's business; empty where it has none, as
    /// in some containers) and the directory.
    #[must_use]
    pub fn owner(&self) -> Owner {
        let id = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let machine = match id.trim() {
            "" | "uninitialized" => String::new(),
            id => {
                let digest = ring::digest::digest(&ring::digest::SHA256, format!("svar:{id}").as_bytes());
                data_encoding::HEXLOWER.encode(&digest.as_ref()[..16])
            }
        };
        let directory = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        Owner { machine, data_dir: directory.to_string_lossy().into_owned() }
    }

    /// Whether the disk takes writes: a small file is written, synced and removed again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn take_a_write(&self) -> io::Result<()> {
        let path = self.path.join(format!("probe.{}", std::process::id()));
        let written = File::create(&path).and_then(|mut file| {
            // More than what an almost full disk may have left in a block of its own.
            file.write_all(&[0; 1 << 16])?;
            file.sync_all()
        });
        let removed = fs::remove_file(&path);
        written.and(removed)
    }

    /// The databases that were put aside here, oldest name first: copied before a step up, replaced by `restore`, or left by one that
    /// was killed. They hold what people wrote as backups do. A directory that cannot be read has none to tell of.
    #[must_use]
    pub fn older_databases(&self) -> Vec<BackupRow> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut found: Vec<BackupRow> = entries
            .filter(|e| {
                let name = e.file_name().to_string_lossy().into_owned();
                let ending = name.strip_prefix("svar.db.");
                ending.is_some_and(|e| ["version-", "before-epoch-", "restoring"].iter().any(|s| e.starts_with(s)))
            })
            .filter(|e| !e.path().to_string_lossy().ends_with("-wal") && !e.path().to_string_lossy().ends_with("-shm"))
            .filter_map(|e| {
                let made_at = Time::from_unix(e.metadata().ok()?.mtime());
                Some(BackupRow { path: e.path().to_string_lossy().into_owned(), made_at })
            })
            .collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// Wakes the daemon of this directory, if there is one, after something was written for it.
    pub fn poke(&self) {
        self.send(POKE);
    }

    /// Tells the daemon that somebody has signed in: what waits for that goes on.
    pub fn poke_signed_in(&self) {
        self.send(SIGNED_IN);
    }

    fn send(&self, what: u8) {
        // Nobody listens, or its buffer is full of pokes: both are fine. It also looks by itself once a minute.
        if let Ok(socket) = UnixDatagram::unbound() {
            let _ = socket.set_nonblocking(true);
            let _ = socket.send_to(&[what], self.socket());
        }
    }
}

/// Whether two owners are one. A machine without an id can be any.
#[must_use]
pub fn is_same_owner(one: &Owner, other: &Owner) -> bool {
    one.data_dir == other.data_dir
        && (one.machine == other.machine || one.machine.is_empty() || other.machine.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_holder_is_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let desk = DeskDir::prepare(&dir.path().join("a/b")).unwrap();
        assert_eq!(fs::metadata(dir.path().join("a/b")).unwrap().mode() & 0o777, 0o700);
        let lock = desk.lock().unwrap();
        let second = desk.lock().unwrap_err().to_string();
        assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
        assert!(desk.is_locked());
        drop(lock);
        assert!(!desk.is_locked());
    }

    #[test]
    fn the_key_is_drawn_once_and_kept_private() {
        let dir = tempfile::tempdir().unwrap();
        let desk = DeskDir::prepare(dir.path()).unwrap();
        let key = desk.key().unwrap();
        assert_eq!(key, desk.key().unwrap());
        assert_ne!(key, [0; KEY_SIZE_BYTES]);
        let path = dir.path().join("key");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(desk.key(), Err(DeskDirError::OpenKey { mode: 0o644, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        assert!(matches!(desk.key(), Err(DeskDirError::BadKey { .. })));
    }

    #[test]
    fn databases_that_were_put_aside_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let desk = DeskDir::prepare(dir.path()).unwrap();
        for name in [
            "svar.db",
            "svar.db-wal",
            "svar.db.version-1",
            "svar.db.before-epoch-2",
            "svar.db.before-epoch-2-wal",
            "svar.db.restoring",
            "svar.db.restoring-wal",
            "svar.db.version-3.new",
        ] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let named: Vec<String> = desk.older_databases().into_iter().map(|b| b.path).collect();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let wanted = ["svar.db.before-epoch-2", "svar.db.restoring", "svar.db.version-1", "svar.db.version-3.new"];
        assert_eq!(named, wanted.map(at));
    }

    #[test]
    fn a_footprint_tells_an_older_database() {
        let dir = tempfile::tempdir().unwrap();
        let desk = DeskDir::prepare(dir.path()).unwrap();
        assert_eq!(desk.footprint().unwrap(), None);
        let left = Footprint { epoch: 2, ticket: 10, parcel: 30 };
        desk.leave_footprint(&left).unwrap();
        assert_eq!(desk.footprint().unwrap(), Some(left));
        let check = |database: Footprint, older: bool| assert_eq!(left.is_ahead_of(&database), older, "{database:?}");
        check(left, false);
        check(Footprint { ticket: 9, ..left }, true);
        check(Footprint { parcel: 29, ticket: 11, ..left }, true);
        check(Footprint { epoch: 1, ticket: 99, parcel: 99 }, true);
        check(Footprint { epoch: 3, ticket: 0, parcel: 0 }, false);
    }

    #[test]
    fn a_machine_without_an_id_can_be_any() {
        let own = |m: &str, d: &str| Owner { machine: m.to_owned(), data_dir: d.to_owned() };
        let check =
            |one: Owner, other: Owner, same: bool| assert_eq!(is_same_owner(&one, &other), same, "{one:?} {other:?}");
        check(own("a", "/x"), own("a", "/x"), true);
        check(own("", "/x"), own("a", "/x"), true);
        check(own("b", "/x"), own("a", "/x"), false);
        check(own("a", "/y"), own("a", "/x"), false);
    }
}
