//! `deliver`: one mail on stdin becomes part of the desk. Exit 0 says that it is stored; anything else, and the MTA must keep it.

use std::io::{self, Read};
use std::sync::Arc;

use crate::cli::args::Global;
use crate::cli::error::{CommandError, Kind};
use crate::cli::open::{reading, settings};
use crate::engine::{Engine, Post, deliver as take};

/// Whatever goes wrong here is the desk's fault, never the letter's: an MTA bounces a mail at every exit code but 75.
pub fn deliver(global: &Global, mailbox: &str) -> Result<(), CommandError> {
    take_from_stdin(global, mailbox).map_err(|e| e.kind(Kind::TryAgain))
}

fn take_from_stdin(global: &Global, mailbox: &str) -> Result<(), CommandError> {
    let settings = Arc::new(settings(global)?);
    let now = reading(global, &settings)?;
    if settings.mailbox(mailbox).is_none() {
        let names: Vec<&str> = settings.mailboxes.iter().map(|m| m.name.as_str()).collect();
        let hint = format!("There are {}.", names.join(", "));
        return Err(CommandError::failed(format!("there is no mailbox called {mailbox}")).hint(hint));
    }
    // One byte more than is kept shows that there was more; the rest is read so that the MTA's pipe does not break.
    let limit = settings.limits.message_size_bytes.saturating_add(1);
    let mut raw = Vec::new();
    let mut stdin = io::stdin().lock();
    let fail = |e: io::Error| CommandError::failed(format!("cannot read the mail from stdin: {e}"));
    stdin.by_ref().take(limit).read_to_end(&mut raw).map_err(fail)?;
    io::copy(&mut stdin, &mut io::sink()).map_err(fail)?;
    if raw.is_empty() {
        return Err(CommandError::failed("there is no mail on stdin"));
    }
    let mut engine = Engine::open(settings, Post::Command).map_err(|e| CommandError::of(&e))?;
    take(&mut engine, mailbox, &raw, now).map_err(|e| CommandError::of(&e))
}
