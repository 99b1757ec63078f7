//! Backups, and the one way back: `svar restore` starts a new epoch.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::db::{Access, Db, args};
use super::meta::Owner;
use super::privacy::{AuditRow, BackupRow};
use super::tx::DeskRow;
use super::{DbErrorKind, Role, Store, StoreError, Tx, make_private_file, migrate};
use crate::model::{ParcelNo, TicketNo, Time};

/// Ids that may have been given out after the backup was made, and that must not be given out again.
const SKIPPED: i64 = 1000;

/// What the name of a database ends with that is to take another's place and is not done yet.
const RESTORING: &str = ".restoring";

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
    /// Its audit log could not be read, and stays with it.
    pub log_is_lost: bool,
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

/// The highest numbers known from elsewhere (the footprint) to have been given out here; 0 if none are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub epoch: i64,
    pub ticket: TicketNo,
    pub parcel: ParcelNo,
}

/// Puts the backup `file` in the place of the database at `target` and starts a new epoch. The caller holds the directory's lock.
/// The outbox is held, nothing received until `now` is acknowledged, and the database belongs to `owner`. `amend` is the last to
/// change it, before it takes its place: whoever is killed in here leaves the database at `target` as it was.
///
/// # Errors
/// [`StoreError::NotOurs`], [`StoreError::Version`] for a newer one; what the disk says; what `amend` says. The database at `target`
/// is then as it was.
pub fn restore<T, E: From<StoreError>>(
    file: &Path,
    target: &Path,
    owner: &Owner,
    used: Used,
    now: Time,
    amend: impl FnOnce(&mut Store) -> Result<T, E>,
) -> Result<(Restored, T), E> {
    if !file.exists() {
        return Err(StoreError::Missing { path: file.to_owned() }.into());
    }
    clear_leftovers(target)?;
    let fresh = beside(target, RESTORING);
    let last = Predecessor::at(target);
    let made = make(file, &fresh).map_err(E::from).and_then(|mut store| {
        let begun = store.batch(|tx| begin_epoch(tx, &last, owner, used, now))?;
        list_known_backup(&mut store, file, target, now)?;
        let amended = amend(&mut store)?;
        close(store, &fresh)?;
        Ok((begun, amended))
    });
    let ((epoch, next_ticket, held), amended) = match made {
        Ok(made) => made,
        Err(error) => {
            clear_leftovers(target)?;
            return Err(error);
        }
    };
    let replaced = take_the_place_of(target, &fresh, epoch)?;
    let log_is_lost = replaced.is_some() && !last.is_read;
    Ok((Restored { epoch, next_ticket, held, replaced, log_is_lost }, amended))
}

/// Removes what a restore that was killed has left beside the database at `target`. The caller holds the directory's lock.
///
/// # Errors
/// What the disk says.
pub fn clear_leftovers(target: &Path) -> Result<(), StoreError> {
    with_log(&beside(target, RESTORING)).iter().try_for_each(|leftover| remove(leftover))
}

/// Makes the database that is to be, beside the one that is.
fn make(file: &Path, fresh: &Path) -> Result<Store, StoreError> {
    let backup = match Db::open(file, Access::Read) {
        Err(e) if e.kind == DbErrorKind::Corrupt => return Err(StoreError::NotOurs { path: file.to_owned() }),
        opened => opened?,
    };
    migrate::insist_on_known(&backup, file)?;
    // VACUUM INTO counts as writing, although it only reads this file.
    backup.script("PRAGMA query_only = OFF")?;
    copy(&backup, fresh)?;
    drop(backup);
    let store = Store::open(fresh, Role::Owner)?;
    let sound: Option<String> = store.db.one("PRAGMA integrity_check(1)", &[], |row| row.get(0))?;
    if sound.as_deref() != Some("ok") {
        return Err(super::DbError::new(DbErrorKind::Corrupt, &sound.unwrap_or_default()).into());
    }
    Ok(store)
}

/// No number that others may have seen is given out again. Epoch, next ticket, and how many mails are held.
fn begin_epoch(
    tx: &mut Tx<'_>,
    last: &Predecessor,
    owner: &Owner,
    used: Used,
    now: Time,
) -> Result<(i64, TicketNo, i64), StoreError> {
    let (desk, before) = (&mut tx.scratch.desk, &last.desk);
    desk.epoch = desk.epoch.max(before.epoch).max(used.epoch) + 1;
    for (counter, elsewhere, footprint) in [
        (&mut desk.ticket, before.ticket, used.ticket.0),
        (&mut desk.parcel, before.parcel, used.parcel.0),
        (&mut desk.message, before.message, 0),
        (&mut desk.customer, before.customer, 0),
        (&mut desk.quarantine, before.quarantine, 0),
        (&mut desk.ask, before.ask, 0),
        (&mut desk.bulk, before.bulk, 0),
        (&mut desk.letter, before.letter, 0),
        (&mut desk.event, before.event, 0),
    ] {
        *counter = (*counter).max(elsewhere).max(footprint) + SKIPPED;
    }
    desk.last_now = desk.last_now.max(now);
    tx.set_owner(owner)?;
    tx.set_halted(None)?;
    tx.run("UPDATE source SET old_until = ?1", args![now])?;
    tx.run(INTERRUPTED, &[])?;
    tx.add_acts(&last.acts)?;
    tx.add_backups(&last.backups)?;
    let held = hold_outbox(tx)?;
    Ok((tx.epoch(), tx.next().ticket, held))
}

/// A backup cannot list itself: it was made before that was written down. What lies beside the database is found without a list.
fn list_known_backup(store: &mut Store, file: &Path, target: &Path, now: Time) -> Result<(), StoreError> {
    let (whole, target) = (whole(file), whole(target));
    let is_beside = whole.to_string_lossy().starts_with(&format!("{}.", target.to_string_lossy()));
    let made = fs::metadata(file).map_or(now.unix(), |of| of.mtime());
    store.batch(|tx| {
        let path = whole.to_string_lossy().into_owned();
        if is_beside || tx.backups()?.iter().any(|known| known.path == path) {
            return Ok(());
        }
        tx.record_backup(&path, Time::from_unix(made).min(now))
    })
}

/// Everything into the file itself, so that it can be moved by its one name.
fn close(store: Store, file: &Path) -> Result<(), StoreError> {
    store.db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[], |_| Ok(()))?;
    drop(store);
    let [_, log, shared] = with_log(file);
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let source = io::Error::from(io::ErrorKind::ResourceBusy);
        return Err(StoreError::File { doing: "cannot empty", path: log, source });
    }
    remove(&log)?;
    remove(&shared)?;
    fs::File::open(file).and_then(|f| f.sync_all()).map_err(failed("cannot write", file))
}

fn hold_outbox(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let held = tx.run("UPDATE parcel SET state = 'held' WHERE state = 'queued'", &[])?
        + tx.run(
            "UPDATE parcel SET state = 'held' WHERE state = 'claimed' AND state IN ('claimed', 'held', 'failed')",
            &[],
        )?;
    Ok(i64::try_from(held).unwrap_or(i64::MAX))
}

/// What is known of the database that is replaced, as far as it can be read; also one of another version.
#[derive(Default)]
struct Predecessor {
    desk: DeskRow,
    acts: Vec<AuditRow>,
    backups: Vec<BackupRow>,
    is_read: bool,
}

impl Predecessor {
    fn at(target: &Path) -> Self {
        let mut found = Self::default();
        if !target.exists() {
            return found;
        }
        let Ok(db) = Db::open(target, Access::Read) else { return found };
        let mut store = Store { db, path: None };
        // One after the other: where it is damaged, something may be whole.
        found.desk = store.read(|tx| Ok(tx.scratch.desk)).unwrap_or_default();
        let acts = store.read(|tx| tx.acts(None));
        let backups = store.read(|tx| tx.backups());
        found.is_read = acts.is_ok() && backups.is_ok();
        found.acts = acts.unwrap_or_default();
        found.backups = backups.unwrap_or_default();
        found
    }
}

/// Puts `fresh` in the place of `target`, which is kept under another name: where that is now. Under `target`'s own name one of the
/// two is there at every moment, so that a crash leaves the one or the other.
fn take_the_place_of(target: &Path, fresh: &Path, epoch: i64) -> Result<Option<PathBuf>, StoreError> {
    let aside = target.exists().then(|| free_name(target, epoch));
    if let Some(aside) = &aside {
        if let Ok(db) = Db::open(target, Access::Write) {
            // A damaged one is kept as it is.
            let _ = db.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[], |_| Ok(()));
        }
        for (from, to) in with_log(target).into_iter().zip(with_log(aside)).skip(1).rev() {
            if from.exists() {
                fs::rename(&from, &to).map_err(failed("cannot move aside", &from))?;
            }
        }
        // Some disks know no second name for a file.
        if !is_same_file(target, aside) && fs::hard_link(target, aside).is_err() {
            fs::rename(target, aside).map_err(failed("cannot move aside", target))?;
        }
    }
    fs::rename(fresh, target).map_err(failed("cannot put the restored database at", target))?;
    sync_directory_of(target)?;
    Ok(aside)
}

/// Under this name nothing is kept yet, or that very database: by a restore that was killed.
fn free_name(target: &Path, epoch: i64) -> PathBuf {
    let first = beside(target, &format!(".before-epoch-{epoch}"));
    let further = (2..).map(|n| beside(target, &format!(".before-epoch-{epoch}.{n}")));
    let mut names = std::iter::once(first.clone()).chain(further);
    names.find(|name| !name.exists() || is_same_file(name, target)).unwrap_or(first)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| fs::metadata(path).map(|of| (of.dev(), of.ino())).ok();
    file(one).is_some_and(|one| Some(one) == file(other))
}

/// The path by which a file is found from anywhere.
fn whole(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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
