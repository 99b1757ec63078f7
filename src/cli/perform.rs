//! `demo` and `run`: the two ways to set a desk to work.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::lens::Lens;
use crate::cli::open;
use crate::cli::print::Out;
use crate::daemon;
use crate::demo::{self, PlayError};
use crate::engine::clock;

pub fn demo(out: &mut Out, dir: Option<PathBuf>) -> Result<(), CommandError> {
    let dir = dir.unwrap_or_else(demo::default_dir);
    let began_ms = clock::read().uptime_ms.unwrap_or(0);
    let account = demo::play(&dir).map_err(|error| match &error {
        PlayError::NotEmpty { path } => {
            CommandError::usage(format!("{} holds something else than an earlier demo", path.display()))
                .hint("Name a directory that is empty or not there: svar demo DIR")
        }
        _ => CommandError::of(&error),
    })?;
    let took_ms = clock::read().uptime_ms.unwrap_or(0) - began_ms;
    out.raw(account.text.as_bytes())?;
    Ok(out.line(format!("\nPlayed in {:.1} s.", took_ms as f64 / 1000.0))?)
}

pub fn run(global: &Global, once: bool) -> Result<(), CommandError> {
    let path = open::config_path(global)?;
    let settings = Arc::new(open::settings(global)?);
    daemon::run(&path, settings, daemon::Options { once, now: global.now }).map_err(|e| CommandError::of(&e))
}

pub fn explain(
    out: &mut Out,
    global: &Global,
    files: &[PathBuf],
    authserv_id: Option<String>,
) -> Result<(), CommandError> {
    let lens = Lens::of(global, authserv_id)?;
    let (json, color) = (out.json, out.has_color());
    if crate::cli::explain::run(files, &lens, json, color, out.writer())? { Ok(()) } else { Err(CommandError::said()) }
}
