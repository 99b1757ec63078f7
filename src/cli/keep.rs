//! `backup`, `restore`, `adopt`: copies of the database, and the only ways back.

use std::path::Path;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::{now, reading, settings, store_error};
use crate::cli::print::Out;
use crate::cli::rights::privacy_error;
use crate::desk::sign::Key;
use crate::engine::desk_dir::{DeskDir, Footprint};
use crate::engine::privacy::erase_again;
use crate::model::{ParcelNo, TicketNo};
use crate::store::{Role, Store, backup as copies};

pub fn backup(global: &Global, out: &mut Out, file: &Path) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let dir = DeskDir::at(&settings.desk.data_dir);
    if file.exists() {
        return Err(CommandError::usage(format!("{} is there already", file.display())).hint("Name a new file."));
    }
    let mut store = Store::open(&dir.database(), Role::Guest).map_err(|e| store_error(&e))?;
    let size_bytes = store.backup(file).map_err(|e| store_error(&e))?;
    // What is erased later lives on in it: that is said then.
    let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let at = now(global);
    store.batch(|tx| tx.record_backup(&whole.to_string_lossy(), at)).map_err(|e| store_error(&e))?;
    out.line(format!("{}: {:.1} MB", file.display(), size_bytes as f64 / 1e6))?;
    let key = settings.desk.data_dir.join("key");
    out.line(format!("The desk's key is not in it: keep a copy of {} apart from it.", key.display()))?;
    if dir.erased().exists() {
        let list = dir.erased();
        out.line(format!("Nor is the list of what was erased: with the key, keep a copy of {}.", list.display()))?;
    }
    Ok(())
}

pub fn restore(global: &Global, out: &mut Out, file: &Path) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let now = reading(global, &settings)?;
    let dir = DeskDir::prepare(&settings.desk.data_dir).map_err(|e| CommandError::of(&e))?;
    let _lock = dir.lock().map_err(|e| CommandError::of(&e).hint("Stop the daemon first."))?;
    let left = dir.footprint().map_err(|e| CommandError::of(&e))?.unwrap_or_default();
    let used = copies::Used { epoch: left.epoch, ticket: TicketNo(left.ticket), parcel: ParcelNo(left.parcel) };
    let key = Key::new(&dir.key().map_err(|e| CommandError::of(&e))?);
    // Before it takes the other's place: whoever is killed in here leaves nobody behind who was erased.
    let amend = |store: &mut Store| erase_again(store, &dir.erased(), &settings, &key, now.wall);
    let done = copies::restore(file, &dir.database(), &dir.owner(), used, now.wall, amend);
    let (done, again) = done.map_err(|e| privacy_error(&e))?;
    let footprint = Footprint { epoch: done.epoch, ..Footprint::default() };
    dir.leave_footprint(&footprint).map_err(|e| CommandError::of(&e))?;
    out.line(format!("Restored {}; this is epoch {}.", file.display(), done.epoch))?;
    if let Some(replaced) = &done.replaced {
        out.line(format!("The database that was here is now {}.", replaced.display()))?;
    }
    if done.log_is_lost {
        out.line("Its audit log and its list of backups cannot be read: they are not in the restored one.")?;
    }
    out.line(format!("New tickets begin at #{}. Nothing received until now is acknowledged.", done.next_ticket))?;
    match again {
        0 => {}
        1 => out.line("One person or ticket that was erased since is erased again.")?,
        n => out.line(format!("{n} people and tickets that were erased since are erased again."))?,
    }
    if done.held > 0 {
        out.line(format!("{} mails in the outbox are held: `svar outbox`, then `svar outbox release`.", done.held))?;
    }
    Ok(())
}

/// Takes over a database from another machine or directory, and lets a halted desk send again.
pub fn adopt(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let dir = DeskDir::at(&settings.desk.data_dir);
    let _lock = dir.lock().map_err(|e| CommandError::of(&e).hint("Stop the daemon first."))?;
    let mut store = Store::open(&dir.database(), Role::Owner).map_err(|e| store_error(&e))?;
    let owner = dir.owner();
    let (before, halted) = store
        .batch(|tx| {
            let before = (tx.owner()?, tx.halted()?);
            tx.set_owner(&owner)?;
            tx.set_halted(None)?;
            Ok(before)
        })
        .map_err(|e| store_error(&e))?;
    match before {
        Some(theirs) if theirs != owner => {
            out.line(format!("The database was {}'s; it is this directory's now.", theirs.data_dir))?;
            out.line("Make sure that no svar runs there any more: two desks on one mailbox would both answer.")?;
        }
        _ => out.line("The database is this directory's already.")?,
    }
    if let Some(why) = halted {
        out.line(format!("Sending had been stopped ({why}); it goes on at the next start."))?;
    }
    Ok(())
}
