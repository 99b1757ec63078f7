//! `import`: history becomes part of the desk.

use std::sync::Arc;

use crate::cli::args::{Global, Import};
use crate::cli::error::CommandError;
use crate::cli::history::{Bar, counted, files, history_error, left_out};
use crate::cli::open::{reading, settings};
use crate::cli::print::Out;
use crate::engine::{Engine, Post};
use crate::history::import::import as take_in;
use crate::history::source::{self, Wanted};
use crate::plan::Folder;

pub fn import(global: &Global, out: &mut Out, wanted: &Import) -> Result<(), CommandError> {
    let settings = Arc::new(settings(global)?);
    let now = reading(global, &settings)?;
    if settings.mailbox(&wanted.mailbox).is_none() {
        let names: Vec<&str> = settings.mailboxes.iter().map(|m| m.name.as_str()).collect();
        let hint = format!("There are {}.", names.join(", "));
        return Err(CommandError::usage(format!("there is no mailbox called {}", wanted.mailbox)).hint(hint));
    }
    let mut sources = Vec::new();
    for (texts, folder) in [(&wanted.sources, Folder::Inbox), (&wanted.sent, Folder::Sent)] {
        for text in texts {
            match source::parse(text) {
                Ok(Wanted::Files(path)) => sources.push(files(&path, folder)?),
                _ => {
                    return Err(CommandError::usage(format!("{text}: import reads files")).hint(
                        "For a mailbox on a server, start = \"all\" in the configuration takes in what lies there.",
                    ));
                }
            }
        }
    }
    let mut engine = Engine::open(settings, Post::Command).map_err(|e| CommandError::of(&e))?;
    let mut bar = Bar::new();
    let given = global.now.map(|_| now);
    let done = take_in(&mut engine, &wanted.mailbox, sources, given, &mut |progress| bar.show(progress));
    bar.clear();
    let tally =
        done.map_err(|e| history_error(&e).hint("What was imported stays; run the same command again for the rest."))?;
    if out.json {
        return Ok(out.json(&tally)?);
    }
    let n = |n: usize| counted(n);
    let mut parts = vec![format!("{} on tickets", n(tally.messages))];
    for (count, what) in [
        (tally.robots, "of robots"),
        (tally.duplicates, "on record twice"),
        (tally.known, "imported before"),
        (tally.others, "left alone"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", n(count)));
        }
    }
    let mails = if tally.letters == 1 { "mail" } else { "mails" };
    out.line(format!("{} {mails}: {}.", n(tally.letters), parts.join(", ")))?;
    for line in left_out(&tally) {
        out.line(line)?;
    }
    Ok(())
}
