//! What is written down: one SQLite database, behind batches that are kept whole or not at all.
//!
//! A [`Store`] is one connection. [`Store::batch`] runs a closure over a [`Tx`] between BEGIN IMMEDIATE and COMMIT; a letter within
//! it gets a [`Tx::savepoint`]. A domain error ([`StoreError::Rejected`] and the like) or a panic rolls back to the savepoint;
//! **any database error voids the whole batch**, because SQLite ends a transaction by itself on FULL, IOERR, NOMEM and BUSY, and
//! what came after would commit alone.

pub mod ailments;
pub mod alarm;
pub mod apply;
pub mod backup;
pub mod bulk;
pub mod canned;
pub mod check;
pub mod course;
pub mod custody;
mod db;
pub mod digests;
pub mod due;
mod facts;
#[doc(hidden)]
pub mod faults;
pub mod figures;
pub mod gauges;
pub mod heartbeat;
pub mod incident;
mod inside;
pub mod lookup;
pub mod meta;
mod migrate;
pub mod modes;
pub mod notices;
pub mod outages;
pub mod outbox;
mod practice;
pub mod privacy;
pub mod promise;
pub mod query;
mod rest;
pub mod robots;
pub mod search;
#[cfg(test)]
mod tests;
mod text;
mod tx;
pub mod view;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use db::{Access, Db};

pub use crate::plan::query::Query;
pub use apply::Blobs;
pub use custody::{Arrival, Kept, SourceRow, Unread};
pub use db::{DbError, DbErrorKind};
pub use outbox::{Claimed, Limits, Outlet};
pub use tx::Tx;

/// Who opens the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Holds the directory's lock: may make the file, and brings an older version up.
    Owner,
    /// A command beside a daemon: refuses another version.
    Guest,
    /// Like a guest, and writes nothing.
    Reader,
}

/// Why the store could not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Voids the batch it happened in.
    #[error("{0}")]
    Database(#[from] DbError),
    /// A change that contradicts what is written down: a fault in whoever decided it.
    #[error("this cannot be written down: {0}")]
    Rejected(String),
    #[error("the database has version {found}, this program wants {wanted}")]
    Version { found: i64, wanted: i64 },
    #[error("{path} is no database of svar's")]
    NotOurs { path: PathBuf },
    #[error("there is no database at {path} yet")]
    Missing { path: PathBuf },
    #[error("{doing} {path}: {source}")]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    /// A stored letter cannot be unpacked.
    #[error("letter {0} is damaged in the database")]
    Damaged(crate::model::LetterNo),
}

impl StoreError {
    /// The database error behind it, which voids the batch.
    #[must_use]
    pub const fn database(&self) -> Option<&DbError> {
        if let Self::Database(error) = self { Some(error) } else { None }
    }
}

/// One connection to the database.
#[derive(Debug)]
pub struct Store {
    db: Db,
    path: Option<PathBuf>,
}

/// Whether a file begins as databases do, whatever has become of the rest (<https://www.sqlite.org/fileformat.html>, 1.3).
fn is_database(path: &Path) -> bool {
    let mut head = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut head));
    read.is_ok() && head == *b"SQLite format 3\0"
}

impl Store {
    /// Opens the database file at `path`. Costs the same whatever is in it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] unless the owner asks, [`StoreError::Version`], [`StoreError::NotOurs`], or what the disk says.
    pub fn open(path: &Path, role: Role) -> Result<Self, StoreError> {
        let access = match role {
            Role::Owner => {
                make_private_file(path)?;
                Access::Create
            }
            Role::Guest | Role::Reader if !path.exists() => return Err(StoreError::Missing { path: path.to_owned() }),
            Role::Guest => Access::Write,
            Role::Reader => Access::Read,
        };
        let db = match Db::open(path, access) {
            Err(e) if e.kind == DbErrorKind::Corrupt && !is_database(path) => {
                return Err(StoreError::NotOurs { path: path.to_owned() });
            }
            opened => opened?,
        };
        let store = Self { db, path: Some(path.to_owned()) };
        match role {
            Role::Owner => migrate::bring_up(&store.db, path)?,
            Role::Guest | Role::Reader => migrate::insist(&store.db, path)?,
        }
        Ok(store)
    }

    /// A database that is gone when it is dropped, for tests and `svar explain`.
    ///
    /// # Errors
    /// Only if there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let store = Self { db: Db::in_memory()?, path: None };
        migrate::bring_up(&store.db, Path::new(":memory:"))?;
        Ok(store)
    }

    /// A database for one command that has none of its own (`svar audit`). It is gone when it is dropped, however that comes, and
    /// may be bigger than memory.
    ///
    /// # Errors
    /// What the disk for temporary files says.
    pub fn throwaway() -> Result<Self, StoreError> {
        let store = Self { db: Db::throwaway()?, path: None };
        migrate::bring_up(&store.db, Path::new("a temporary database"))?;
        Ok(store)
    }

    /// The file, unless the database is in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Runs `work` in one transaction and commits it. Where this returns an error, nothing of it is written down.
    ///
    /// # Errors
    /// What `work` returned, or the database error that voided the batch, COMMIT's own included.
    pub fn batch<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tx = Tx::begin(&self.db, tx::Begin::Write)?;
        let done = work(&mut tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Runs `work` on one unchanging view of the database. Hold it briefly: the log cannot shrink meanwhile.
    ///
    /// # Errors
    /// What `work` returned, or a database error.
    pub fn read<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tx = Tx::begin(&self.db, tx::Begin::Read)?;
        work(&mut tx)
    }

    /// A number that changes whenever another process has committed something.
    ///
    /// # Errors
    /// A database error.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.db.one("PRAGMA data_version", &[], |row| row.get(0))?.unwrap_or(0))
    }

    /// Limits the size of the file, so that tests can fill it up.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, more: i64) -> Result<(), StoreError> {
        let pages: i64 = self.db.one("PRAGMA page_count", &[], |row| row.get(0))?.unwrap_or(0);
        self.db.rows(&format!("PRAGMA max_page_count = {}", pages + more), &[], |_| Ok(()))?;
        Ok(())
    }
}

/// Mail is nobody else's business: mode 0600, and SQLite gives its log the same.
fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|source| StoreError::File {
        doing: "cannot make",
        path: path.to_owned(),
        source,
    })
}
