//! Backups, and the one way back.

use std::path::{Path, PathBuf};

use super::meta::Owner;
use super::{Store, StoreError};
use crate::model::{TicketNo, Time};

/// What `svar restore` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The new epoch.
    pub epoch: i64,
    /// The next ticket's number.
    pub next_ticket: TicketNo,
    /// Mails that wait for `svar outbox release`.
    pub held: i64,
    /// Where the database that was there is now.
    pub replaced: Option<PathBuf>,
}

impl Store {
    /// Writes a consistent copy to `file`, which must not exist. Its size in bytes.
    ///
    /// # Errors
    /// What the disk or the database says.
    pub fn backup(&self, file: &Path) -> Result<u64, StoreError> {
        let _ = file;
        Ok(0)
    }
}

/// Puts the backup `file` in the place of the database at `target` and starts a new epoch. The caller holds the directory's lock.
/// `used` are the highest epoch and ticket number known from elsewhere (the footprint), 0 if none are.
///
/// # Errors
/// [`StoreError::NotOurs`], [`StoreError::Version`] for a newer one; what the disk says. The database at `target` is then as it was.
pub fn restore(
    file: &Path,
    target: &Path,
    owner: &Owner,
    used: (i64, TicketNo),
    now: Time,
) -> Result<Restored, StoreError> {
    let _ = (file, target, owner, used, now);
    Err(StoreError::Missing { path: file.to_owned() })
}
