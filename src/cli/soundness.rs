//! `check --database`: are the pages of the database whole, and does everything in it fit together? Changes nothing; exit 1 if not.

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::{settings, store_error};
use crate::cli::print::{Out, Tone};
use crate::engine::desk_dir::DeskDir;
use crate::store::check::SearchIndex;
use crate::store::{Role, Store};

pub fn check(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let dir = DeskDir::at(&settings.desk.data_dir);
    let path = dir.database();
    // Comparing the search index with the texts keeps the daemon from writing: without one only.
    let (role, search) =
        if dir.is_locked() { (Role::Reader, SearchIndex::LeftOut) } else { (Role::Guest, SearchIndex::Compared) };
    let look = |mut store: Store| Ok([store.check_all(search)?, store.check_bytes()?].concat());
    let broken = Store::open(&path, role).and_then(look).map_err(|e| store_error(&e))?;
    if out.json {
        out.json(&broken)?;
    } else if broken.is_empty() {
        let left_out = match search {
            SearchIndex::Compared => "",
            SearchIndex::LeftOut => " (a daemon runs: the search index was not compared with the texts)",
        };
        out.line(format!("{}: sound{left_out}", path.display()))?;
    } else {
        for what in &broken {
            out.toned(Tone::Bad, what)?;
        }
    }
    match broken.len() {
        0 => Ok(()),
        _ if out.json => Err(CommandError::said()),
        n => Err(CommandError::failed(format!("{}: {n} things are wrong", path.display()))
            .hint("Keep a copy of the file as it is. `svar restore FILE` goes back to the last good backup; mail that is still in the mailboxes is read again.")),
    }
}
