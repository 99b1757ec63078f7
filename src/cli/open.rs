//! What most commands begin with: the configuration found and read, the time, and the database opened.

use std::path::{Path, PathBuf};

use crate::cli::args::Global;
use crate::cli::error::{CommandError, Kind};
use crate::config;
use crate::config::settings::Settings;
use crate::engine::clock;
use crate::engine::desk_dir::DeskDir;
use crate::model::Time;
use crate::store::{Role, Store, StoreError, Tx};

/// The configuration's path: `--config`, else `$SVAR_CONFIG`, else the first of the usual places that is there.
pub fn config_path(global: &Global) -> Result<PathBuf, CommandError> {
    let named = std::env::var_os("SVAR_CONFIG");
    config::find(global.config.as_deref(), named.as_deref())
        .map_err(|e| CommandError::of(&e).kind(Kind::Usage).hint("`svar demo` needs none."))
}

/// The configuration, checked.
pub fn settings(global: &Global) -> Result<Settings, CommandError> {
    let path = config_path(global)?;
    config::load(&path).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let what = match lines.len() {
            1 => "the configuration is wrong".to_owned(),
            n => format!("the configuration is wrong in {n} places"),
        };
        lines.into_iter().fold(CommandError::usage(what), CommandError::hint)
    })
}

/// `--now`, else the clock.
pub fn now(global: &Global) -> Time {
    global.now.unwrap_or_else(clock::now)
}

/// A desk to look into.
#[derive(Debug)]
pub struct Desk {
    pub settings: Settings,
    pub now: Time,
    store: Store,
}

impl Desk {
    pub fn open(global: &Global) -> Result<Self, CommandError> {
        let settings = settings(global)?;
        let path = DeskDir::at(&settings.desk.data_dir).database();
        let store = Store::open(&path, Role::Reader).map_err(|e| store_error(&e))?;
        Ok(Self { settings, now: now(global), store })
    }

    /// Looks at one unchanging view of the database.
    pub fn read<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, CommandError> {
        self.store.read(work).map_err(|e| store_error(&e))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.settings.desk.data_dir
    }
}

/// A database error in the user's words, with what to do about it.
#[must_use]
pub fn store_error(error: &StoreError) -> CommandError {
    let told = CommandError::of(error);
    match error {
        StoreError::Missing { .. } => told.hint("`svar run` makes it. Is `data_dir` in the configuration the right one?"),
        StoreError::Version { found, wanted } if found < wanted => {
            told.hint("Restart the daemon: at its start `svar run` brings the database up to this version.")
        }
        StoreError::Version { .. } => told.hint("This svar is older than the database: use the newer one."),
        _ => told,
    }
}
