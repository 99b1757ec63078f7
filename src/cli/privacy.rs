//! `privacy`: the register of what is stored of people: what, where, since when, until when, and who gets copies.

use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Table, Tone};
use crate::config::settings::{Inlet, Mailbox, Notify, Settings};
use crate::engine::desk_dir::DeskDir;
use crate::engine::vitals::accounts;
use crate::model::{Address, Time};
use crate::store::privacy::{AuditRow, BackupRow};

#[derive(Debug, Serialize)]
struct Register {
    stored: Vec<Stored>,
    copies: Vec<Copies>,
    backups: Vec<BackupRow>,
    audit: Vec<AuditRow>,
}

/// What stands for a sign-in by OAuth2.
const TOKENS: &str = "tokens of the sign-in";

/// One kind of data.
#[derive(Debug, Serialize)]
struct Stored {
    what: &'static str,
    mailbox: Option<String>,
    place: String,
    count: Option<i64>,
    since: Option<Time>,
    /// In words.
    until: String,
}

/// People who get mail from a mailbox.
#[derive(Debug, Serialize)]
struct Copies {
    mailbox: String,
    to: Address,
    what: &'static str,
}

/// Until when each kind is kept, where no `retention` says otherwise.
fn until(what: &str, mailbox: Option<&Mailbox>) -> String {
    let retention = mailbox.and_then(|m| m.retention.as_ref());
    match (what, retention) {
        ("tickets" | "letters", Some(span)) => {
            format!("{} after the last message of a closed ticket", span.written)
        }
        ("tickets" | "letters" | "customers" | "addresses", _) => "until erased".to_owned(),
        ("quarantine", _) => "until erased".to_owned(),
        ("outbox", _) => "notices until sent; answers as long as their tickets".to_owned(),
        ("audit log", _) => "for good; without names".to_owned(),
        _ => String::new(),
    }
}

fn stored(desk: &mut Desk) -> Result<Vec<Stored>, CommandError> {
    let dir = DeskDir::at(&desk.settings.desk.data_dir);
    let database = dir.database().display().to_string();
    let rows = desk.with_store(|store| store.read(|tx| tx.kept()))?;
    let mut stored: Vec<Stored> = rows
        .into_iter()
        .filter(|row| row.count > 0)
        .map(|row| Stored {
            what: row.what,
            place: database.clone(),
            count: Some(row.count),
            since: row.since,
            until: until(row.what, row.mailbox.as_deref().and_then(|m| desk.settings.mailbox(m))),
            mailbox: row.mailbox,
        })
        .collect();
    stored.push(Stored {
        what: "what was erased, as keyed hashes",
        mailbox: None,
        place: dir.erased().display().to_string(),
        count: None,
        since: None,
        until: "for good".to_owned(),
    });
    for (mailbox, account) in accounts(&desk.settings) {
        let Some(sign_in) = account.sign_in() else { continue };
        // One for reading and sending alike.
        if stored.last().is_some_and(|s| s.what == TOKENS && s.mailbox.as_deref() == Some(mailbox)) {
            continue;
        }
        stored.push(Stored {
            what: TOKENS,
            mailbox: Some(mailbox.to_owned()),
            place: sign_in.dir.display().to_string(),
            count: None,
            since: None,
            until: "until the next sign-in; never in a backup".to_owned(),
        });
    }
    for mailbox in &desk.settings.mailboxes {
        stored.push(Stored {
            what: "mail on its server",
            mailbox: Some(mailbox.name.clone()),
            place: place_of(&mailbox.source),
            count: None,
            since: None,
            until: "svar deletes nothing there".to_owned(),
        });
    }
    Ok(stored)
}

fn place_of(source: &Inlet) -> String {
    match source {
        Inlet::Imap(imap) => format!("{} of {} at {}", imap.folder, imap.account.user, imap.account.host),
        Inlet::Maildir { path, .. } => path.display().to_string(),
        Inlet::Pipe => "nowhere: it is piped in".to_owned(),
    }
}

fn copies(settings: &Settings) -> Vec<Copies> {
    let mut copies = Vec::new();
    for mailbox in &settings.mailboxes {
        let mut add = |to: &Address, what| copies.push(Copies { mailbox: mailbox.name.clone(), to: to.clone(), what });
        for agent in settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name)) {
            add(
                agent.address(),
                match mailbox.notify {
                    Notify::All => "every customer's mail",
                    Notify::Turn => "customers' mails in turn, and those of his tickets",
                    Notify::None => "answers to his own commands",
                },
            );
        }
        for manager in settings.managers.iter().filter(|m| m.mailboxes.contains(&mailbox.name)) {
            if let Some(to) = manager.addresses.first() {
                add(to, "digests: subjects of the slowest tickets; alarms");
            }
        }
    }
    copies
}

pub fn privacy(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let mut backups = desk.read(|tx| tx.backups())?;
    backups.extend(DeskDir::at(&desk.settings.desk.data_dir).older_databases());
    let register = Register {
        stored: stored(&mut desk)?,
        copies: copies(&desk.settings),
        backups,
        audit: desk.read(|tx| tx.acts(None))?,
    };
    if out.json {
        return Ok(out.json(&register)?);
    }
    let day = |at: Time| at.timestamp().to_zoned(desk.settings.desk.time_zone.clone()).date().to_string();
    let mut table = Table::new(&["what", "mailbox", "how much", "since", "~until"]);
    for row in &register.stored {
        table.row(
            Tone::Plain,
            vec![
                row.what.to_owned(),
                row.mailbox.clone().unwrap_or_default(),
                row.count.map(|n| n.to_string()).unwrap_or_default(),
                row.since.map(day).unwrap_or_default(),
                row.until.clone(),
            ],
        );
    }
    out.toned(Tone::Strong, "What is stored")?;
    out.table(&table)?;
    out.line("")?;
    out.toned(Tone::Strong, "Where")?;
    let mut places: Vec<(&str, &str)> = register.stored.iter().map(|s| (s.place.as_str(), s.what)).collect();
    places.dedup_by_key(|(place, _)| *place);
    for (place, what) in places {
        let what = if place.ends_with("svar.db") { "the database" } else { what };
        out.line(format!("{place}: {what}"))?;
    }
    for backup in &register.backups {
        out.line(format!("{}: backup of {}", backup.path, day(backup.made_at)))?;
    }
    out.line("")?;
    out.toned(Tone::Strong, "Who gets copies")?;
    for copy in &register.copies {
        out.line(format!("{}: {}, {}", copy.mailbox, copy.to, copy.what))?;
    }
    if !register.audit.is_empty() {
        out.line("")?;
        out.toned(Tone::Strong, "What was done")?;
        for act in &register.audit {
            out.line(format!("{} {} by {}: {} {}", day(act.at), act.act, act.actor, act.subject, act.detail))?;
        }
    }
    Ok(())
}
