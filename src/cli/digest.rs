//! `digest`: one made now, on the terminal, as a page, as mail, or as the figures that it is made of.

use std::path::Path;

use crate::cli::args::{DigestKind, Global};
use crate::cli::error::CommandError;
use crate::cli::open::{Desk, Writer};
use crate::cli::print::Out;
use crate::desk::digest::Reader;
use crate::engine::digest::{figures_of, make};
use crate::model::Address;
use crate::report::kind::Kind;

pub fn digest(
    global: &Global,
    out: &mut Out,
    kind: DigestKind,
    to: Option<&str>,
    html: Option<&Path>,
) -> Result<(), CommandError> {
    let kind = match kind {
        DigestKind::Daily => Kind::Daily,
        DigestKind::Weekly => Kind::Weekly,
        DigestKind::Monthly => Kind::Monthly,
    };
    if let Some(to) = to {
        return send(global, out, kind, to);
    }
    let mut desk = Desk::open(global)?;
    let zone = desk.settings.desk.time_zone.clone();
    let days = kind.covers(desk.now.timestamp().to_zoned(zone).date());
    let all: Vec<String> = desk.settings.mailboxes.iter().map(|m| m.name.clone()).collect();
    if out.json && html.is_none() {
        let figures = desk.reads(|store, settings, now| figures_of(store, settings, days, &all, now))?;
        return Ok(out.json(&figures)?);
    }
    let (made, _) = desk.reads(|store, settings, now| make(store, settings, kind, days, &all, &[], now))?;
    match html {
        Some(file) => {
            std::fs::write(file, made.whole_page())
                .map_err(|e| CommandError::failed(format!("cannot write {}: {e}", file.display())))?;
            Ok(out.line(format!("{}: {}", file.display(), made.subject))?)
        }
        None => Ok(out.line(format!("{}\n\n{}", made.subject, made.text().trim_end()))?),
    }
}

/// Into the outbox. A manager gets what his mailboxes have, anybody else all.
fn send(global: &Global, out: &mut Out, kind: Kind, to: &str) -> Result<(), CommandError> {
    let address = Address::parse(to).ok_or_else(|| CommandError::usage(format!("{to:?} is no address")))?;
    let mut desk = Writer::open(global)?;
    let settings = desk.settings();
    if settings.mailbox_of(&address).is_some() {
        return Err(
            CommandError::usage(format!("{address} is the desk's own address")).hint("Name the address of a manager.")
        );
    }
    let all = || settings.mailboxes.iter().map(|m| m.name.clone()).collect();
    let reader = match (settings.manager_of(&address), settings.agent_of(&address)) {
        (Some(manager), _) => Reader { name: manager.name.clone(), address, mailboxes: manager.mailboxes.clone() },
        (None, Some(agent)) => Reader { name: agent.name.clone(), address, mailboxes: agent.mailboxes.clone() },
        (None, None) => Reader { name: String::new(), address, mailboxes: all() },
    };
    let made = desk.send_digest(kind, &reader)?;
    Ok(out.line(format!("{}: \"{}\" is in the outbox", reader.address, made.subject))?)
}
