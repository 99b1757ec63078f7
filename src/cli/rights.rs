//! `export customer` and `erase customer`: a person's data handed out, or taken away; and what of it is out of reach.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{EraseCustomer, ExportCustomer, Global};
use crate::cli::error::CommandError;
use crate::cli::history::typed;
use crate::cli::open::{Writer, store_error};
use crate::cli::print::{Out, Table, Tone, when};
use crate::engine::export::mbox;
use crate::engine::privacy::PrivacyError;
use crate::model::{Address, TicketNo, Time};
use crate::store::privacy::{BackupRow, Estate, SentCopy, Uids};

/// What svar cannot reach.
#[derive(Debug, Serialize)]
pub struct Unreachable {
    /// Mails to people who work here.
    pub copies: Vec<SentCopy>,
    /// Letters on the servers that svar reads.
    pub uids: Vec<Uids>,
    /// Message-IDs of answers in the Sent folders.
    pub in_sent: Vec<String>,
    pub backups: Vec<BackupRow>,
}

#[derive(Debug, Serialize)]
struct Counts {
    addresses: usize,
    tickets: usize,
    shared_tickets: usize,
    messages: usize,
    letters: usize,
    mails: usize,
    quarantine: usize,
}

#[derive(Debug, Serialize)]
struct Exported<'a> {
    directory: &'a Path,
    mails: usize,
    #[serde(flatten)]
    counts: Counts,
    unreachable: &'a Unreachable,
}

#[derive(Debug, Serialize)]
struct Erased<'a> {
    erased: bool,
    #[serde(flatten)]
    counts: Counts,
    /// Tickets that nobody can answer any more and that are not closed.
    still_open: Vec<TicketNo>,
    unreachable: &'a Unreachable,
}

fn counts(estate: &Estate) -> Counts {
    Counts {
        addresses: estate.addresses.len(),
        tickets: estate.tickets.len(),
        shared_tickets: estate.shared.len(),
        messages: estate.messages.len(),
        letters: estate.letters.len(),
        mails: estate.parcels.len() + estate.shared_parcels.len(),
        quarantine: estate.quarantine.len(),
    }
}

fn unreachable(desk: &mut Writer, estate: &Estate) -> Result<Unreachable, CommandError> {
    let mut backups = desk.batch(|tx, _| tx.backups())?;
    backups.extend(desk.engine().dir().older_databases());
    Ok(Unreachable {
        copies: estate.copies.clone(),
        uids: estate.uids.clone(),
        in_sent: estate.in_sent.clone(),
        backups,
    })
}

pub(super) fn privacy_error(error: &PrivacyError) -> CommandError {
    match error {
        PrivacyError::Store(error) => store_error(error),
        PrivacyError::OnItsWay(_) => CommandError::try_again(error.to_string()),
        PrivacyError::Unknown(_) => {
            CommandError::of(error).hint("`svar search` finds people by their names; every address of hers will do.")
        }
        _ => CommandError::of(error),
    }
}

pub fn export(global: &Global, out: &mut Out, wanted: &ExportCustomer) -> Result<(), CommandError> {
    let address = &wanted.address;
    let directory = wanted.to.clone().unwrap_or_else(|| PathBuf::from(format!("svar-export-{address}")));
    if directory.exists() {
        return Err(CommandError::usage(format!("{} is there already", directory.display()))
            .hint("Name a new directory: --to DIR"));
    }
    let mut desk = Writer::open(global)?;
    let estate = desk.estate_of(address).map_err(|e| privacy_error(&e))?;
    let (export, mails) = desk.export(address, &estate).map_err(|e| privacy_error(&e))?;
    let unreachable = unreachable(&mut desk, &estate)?;
    let failed = |e: std::io::Error| CommandError::failed(format!("cannot write {}: {e}", directory.display()));
    DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
    let text = serde_json::to_string_pretty(&export).map_err(|e| CommandError::failed(e.to_string()))?;
    write_private(&directory.join("mails.mbox"), &mbox(&mails)).map_err(failed)?;
    write_private(&directory.join("data.json"), text.as_bytes()).map_err(failed)?;
    if out.json {
        let counts = counts(&estate);
        return Ok(out.json(&Exported {
            directory: &directory,
            mails: mails.len(),
            counts,
            unreachable: &unreachable,
        })?);
    }
    out.line(format!(
        "{}: {} mails in mails.mbox; {} messages on {} tickets in data.json.",
        directory.display(),
        mails.len(),
        estate.messages.len(),
        estate.tickets.len() + estate.shared.len()
    ))?;
    out.line("Other people's mails, addresses and the desk's notes are not in it.")?;
    say_unreachable(out, &desk, &unreachable)
}

pub fn erase(global: &Global, out: &mut Out, wanted: &EraseCustomer) -> Result<(), CommandError> {
    if global.now.is_some() {
        return Err(CommandError::usage("--now is refused: nothing is erased by a clock that somebody made up"));
    }
    let address = &wanted.address;
    let mut desk = Writer::open(global)?;
    let found = desk.estate_of(address).map_err(|e| privacy_error(&e))?;
    if wanted.dry_run {
        let unreachable = unreachable(&mut desk, &found)?;
        return told(out, &desk, &found, &unreachable, Done::No);
    }
    if !wanted.yes {
        confirm(address, &found)?;
    }
    // What came in meanwhile is found by the erasure itself.
    let done = desk.erase(address).map_err(|e| privacy_error(&e))?;
    let unreachable = unreachable(&mut desk, &done.estate)?;
    told(out, &desk, &done.estate, &unreachable, if done.is_settled { Done::Yes } else { Done::ButTheLog })
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    No,
    Yes,
    /// The database's log could not be emptied: somebody was reading.
    ButTheLog,
}

fn told(
    out: &mut Out,
    desk: &Writer,
    estate: &Estate,
    unreachable: &Unreachable,
    done: Done,
) -> Result<(), CommandError> {
    let still_open: Vec<TicketNo> = estate.live.iter().copied().collect();
    if out.json {
        let erased = Erased { erased: done != Done::No, counts: counts(estate), still_open, unreachable };
        return Ok(out.json(&erased)?);
    }
    let counts = counts(estate);
    out.line(match done {
        Done::No => "Nothing is erased yet. This would go:",
        Done::Yes | Done::ButTheLog => "Erased:",
    })?;
    let mut table = Table::new(&["what", "how much"]);
    for (what, n) in [
        ("addresses and names", counts.addresses),
        ("tickets, of which times and states stay", counts.tickets),
        ("tickets with others, who keep theirs", counts.shared_tickets),
        ("messages: texts, attachments, search", counts.messages),
        ("letters as they came", counts.letters),
        ("mails to her in the outbox", counts.mails),
        ("letters in quarantine", counts.quarantine),
    ] {
        table.row(Tone::Plain, vec![what.to_owned(), n.to_string()]);
    }
    out.table(&table)?;
    if done == Done::ButTheLog {
        out.line(
            "Somebody reads the database: its log (svar.db-wal) is emptied when the daemon next has a quiet moment.",
        )?;
    }
    if !still_open.is_empty() {
        let numbers: Vec<String> = still_open.iter().map(ToString::to_string).collect();
        out.line(format!("Not closed, and nobody to answer: `svar done {}`.", numbers.join(" ")))?;
    }
    say_unreachable(out, desk, unreachable)
}

/// The last lines of both: what svar cannot reach.
fn say_unreachable(out: &mut Out, desk: &Writer, unreachable: &Unreachable) -> Result<(), CommandError> {
    let Unreachable { copies, uids, in_sent, backups } = unreachable;
    let zone = desk.zone();
    let at = |time: Time| when(time, desk.now(), &zone);
    out.line("")?;
    out.toned(Tone::Strong, "What svar cannot reach")?;
    for place in uids {
        let numbers: Vec<String> = place.uids.iter().map(ToString::to_string).collect();
        out.line(match place.names.as_slice() {
            [] => format!("{} of {} at {}: UID {}", place.folder, place.user, place.host, numbers.join(", ")),
            names => format!("{}: {}", place.user, names.join(", ")),
        })?;
    }
    for id in in_sent {
        out.line(format!("Sent: <{id}>"))?;
    }
    if !copies.is_empty() {
        let mut table = Table::new(&["copy sent to", "at", "~Message-ID"]);
        for copy in copies {
            table.row(Tone::Plain, vec![copy.to.to_string(), at(copy.at), format!("<{}>", copy.message_id)]);
        }
        out.table(&table)?;
    }
    for backup in backups {
        let gone = if Path::new(&backup.path).exists() { "" } else { " (no longer there)" };
        out.line(format!("backup {} of {}{gone}", backup.path, at(backup.made_at)))?;
    }
    out.line("Digests that named a subject, and what others quoted in mails of their own.")?;
    Ok(())
}

fn confirm(address: &Address, estate: &Estate) -> Result<(), CommandError> {
    let tickets = estate.tickets.len() + estate.shared.len();
    let messages = estate.messages.len();
    let typed = typed(&format!("{messages} messages on {tickets} tickets go for good. Type {address} to erase: "))?;
    let Some(typed) = typed else {
        return Err(CommandError::usage("an erasure must be confirmed")
            .hint("On a terminal it asks; elsewhere say --yes. --dry-run shows what would go."));
    };
    if Address::parse(&typed).as_ref() == Some(address) {
        Ok(())
    } else {
        Err(CommandError::failed("nothing was erased"))
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::File::open(path).map(drop)
}
