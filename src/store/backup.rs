//! Backups, and the one way back: `svar restore` starts a new epoch.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::db::{Access, Db, args};
use super::meta::Owner;
use super::{DbErrorKind, Role, Store, StoreError, Tx, make_private_file, migrate};
use crate::model::{TicketNo, Time};

/// Ids that may have been given out after the backup was made, and that must not be given out again.
const SKIPPED: i64 = 1000;

/// Bulks do not go on by themselves: what is known of their tickets is as old as the backup. Previews are void.
const INTERRUPTED: &str = "
    UPDATE bulk SET why = 'restored', state = CASE state WHEN 'running' THEN 'stopping' WHEN 'stopping' THEN 'stopping' ELSE 'dropped' END
    WHERE state IN ('wanted', 'checked', 'asked', 'running', 'stopping')";

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
    /// Writes a consistent copy to `file`, which must not exist. Its size in bytes. The desk's key is not in it.
    ///
    /// # Errors
    /// What the disk or the database says; there is no `file` then.
    pub fn backup(&self, file: &Path) -> Result<u64, StoreError> {
        copy(&self.db, file)
    }

    /// How many bytes a backup needs at most.
    ///
    /// # Errors
    /// A database error.
    pub fn size_bytes(&self) -> Result<i64, StoreError> {
        let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        Ok(self.db.one(sql, &[], |row| row.get(0))?.unwrap_or(0))
    }
}

/// Puts the backup `file` in the place of the database at `target` and starts a new epoch. The caller holds the directory's lock.
/// `used` are the highest epoch and ticket number known from elsewhere (the footprint), 0 if none are. The outbox is held, nothing
/// received until `now` is acknowledged, and the database belongs to `owner`.
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
    if !file.exists() {
        return Err(StoreError::Missing { path: file.to_owned() });
    }
    let fresh = beside(target, ".restoring");
    for leftover in with_log(&fresh) {
        remove(&leftover)?;
    }
    let made = prepare(file, &fresh, target, owner, used, now);
    let (epoch, next_ticket, held) = match made {
        Ok(made) => made,
        Err(error) => {
            for leftover in with_log(&fresh) {
                remove(&leftover)?;
            }
            return Err(error);
        }
    };
    let replaced = put_aside(target, &beside(target, &format!(".before-epoch-{epoch}")))?;
    fs::rename(&fresh, target).map_err(failed("cannot put the restored database at", target))?;
    sync_directory_of(target)?;
    Ok(Restored { epoch, next_ticket, held, replaced })
}

/// Makes the database that is to be, beside the one that is.
fn prepare(
    file: &Path,
    fresh: &Path,
    target: &Path,
    owner: &Owner,
    used: (i64, TicketNo),
    now: Time,
) -> Result<(i64, TicketNo, i64), StoreError> {
    let backup = match Db::open(file, Access::Read) {
        Err(e) if e.kind == DbErrorKind::Corrupt => return Err(StoreError::NotOurs { path: file.to_owned() }),
        opened => opened?,
    };
    migrate::insist_on_known(&backup, file)?;
    // VACUUM INTO counts as writing, although it only reads this file.
    backup.script("PRAGMA query_only = OFF")?;
    copy(&backup, fresh)?;
    drop(backup);

    let before = last_of(target);
    let mut store = Store::open(fresh, Role::Owner)?;
    let sound: Option<String> = store.db.one("PRAGMA integrity_check(1)", &[], |row| row.get(0))?;
    if sound.as_deref() != Some("ok") {
        return Err(super::DbError::new(DbErrorKind::Corrupt, &sound.unwrap_or_default()).into());
    }
    let made = store.batch(|tx| {
        let desk = &mut tx.scratch.desk;
        desk.epoch = desk.epoch.max(before.0).max(used.0) + 1;
        let ticket = desk.ticket.max(before.1).max(used.1.0);
        for counter in [
            &mut desk.message,
            &mut desk.customer,
            &mut desk.parcel,
            &mut desk.quarantine,
            &mut desk.ask,
            &mut desk.bulk,
            &mut desk.letter,
            &mut desk.event,
        ] {
            *counter += SKIPPED;
        }
        desk.ticket = ticket + SKIPPED;
        desk.last_now = desk.last_now.max(now);
        tx.set_owner(owner)?;
        tx.set_halted(None)?;
        tx.run("UPDATE source SET old_until = ?1", args![now])?;
        tx.run(INTERRUPTED, &[])?;
        let held = hold_outbox(tx)?;
        Ok((tx.epoch(), tx.next().ticket, held))
    })?;
    // Everything into the file itself, so that it can be moved by its one name.
    store.db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[], |_| Ok(()))?;
    drop(store);
    fs::File::open(fresh).and_then(|f| f.sync_all()).map_err(failed("cannot write", fresh))?;
    Ok(made)
}

fn hold_outbox(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let held = tx.run("UPDATE parcel SET state = 'held' WHERE state = 'queued'", &[])?
        + tx.run(
            "UPDATE parcel SET state = 'held' WHERE state = 'claimed' AND state IN ('claimed', 'held', 'failed')",
            &[],
        )?;
    Ok(i64::try_from(held).unwrap_or(i64::MAX))
}

/// Epoch and highest ticket number of the database that is there, as far as it can be read.
fn last_of(target: &Path) -> (i64, i64) {
    let read = || -> Result<(i64, i64), StoreError> {
        let mut store = Store::open(target, Role::Reader)?;
        store.read(|tx| Ok((tx.epoch(), tx.highest().0.0)))
    };
    read().unwrap_or((0, 0))
}

/// Moves a database out of the way, its log with it. Where it can still be opened, the log is emptied into it first, so that a crash
/// between the two steps loses nothing.
fn put_aside(target: &Path, aside: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !target.exists() {
        return Ok(None);
    }
    if let Ok(db) = Db::open(target, Access::Write) {
        // A damaged one is moved as it is.
        let _ = db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[], |_| Ok(()));
    }
    for (from, to) in with_log(target).into_iter().zip(with_log(aside)).rev() {
        if from.exists() {
            fs::rename(&from, &to).map_err(failed("cannot move aside", &from))?;
        }
    }
    Ok(Some(aside.to_owned()))
}

fn copy(db: &Db, file: &Path) -> Result<u64, StoreError> {
    if file.exists() {
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(StoreError::File { doing: "will not write over", path: file.to_owned(), source });
    }
    make_private_file(file)?;
    let made = db.run("VACUUM INTO ?1", args![file.to_string_lossy().into_owned()]).map_err(StoreError::from);
    // VACUUM INTO leaves the writing out to the operating system.
    let synced = made.and_then(|_| {
        let copied = fs::File::open(file).map_err(failed("cannot read", file))?;
        copied.sync_all().map_err(failed("cannot write", file))?;
        sync_directory_of(file)?;
        Ok(copied.metadata().map_err(failed("cannot read", file))?.len())
    });
    if synced.is_err() {
        remove(file)?;
    }
    synced
}

/// Writes a consistent copy beside the database at `path`, with `ending` added to its name; one of that name gives way.
pub(super) fn set_by(db: &Db, path: &Path, ending: &str) -> Result<(), StoreError> {
    let (made, wanted) = (beside(path, &format!("{ending}.new")), beside(path, ending));
    remove(&made)?;
    copy(db, &made)?;
    fs::rename(&made, &wanted).map_err(failed("cannot write", &wanted))?;
    sync_directory_of(&wanted)
}

fn with_log(path: &Path) -> [PathBuf; 3] {
    [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")]
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("cannot remove", path)(e)),
        _ => Ok(()),
    }
}

fn sync_directory_of(path: &Path) -> Result<(), StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::File::open(directory).and_then(|d| d.sync_all()).map_err(failed("cannot write", directory))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { doing, path, source }
}
