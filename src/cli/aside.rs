//! `outbox` and `quarantine`: what waits to be sent, what was set aside, and what to do about it.

use serde::Serialize;

use crate::cli::args::{Global, OutboxAct, QuarantineAct};
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Table, Tone, when};
use crate::engine::reader::{Job, read_alone};
use crate::mail;
use crate::model::{ParcelState, QuarantineNo, RecipientState};
use crate::store::custody;
use crate::store::view::{OutboxRow, QuarantineRow};

pub fn outbox(global: &Global, out: &mut Out, act: Option<OutboxAct>) -> Result<(), CommandError> {
    match act {
        None => list_outbox(global, out),
        Some(act) => crate::cli::acts::outbox(global, out, &act),
    }
}

fn list_outbox(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let now = desk.now;
    let rows = desk.read(|tx| tx.outbox_shown(now))?;
    if out.json {
        // For scripts: what waits, and nothing else.
        let waiting: Vec<&OutboxRow> = rows.iter().filter(|r| r.state != ParcelState::Sent).collect();
        return Ok(out.json(&waiting)?);
    }
    if rows.is_empty() {
        return Ok(out.line("Nothing waits to be sent.")?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    // An empty column would take room from the others.
    let errors = rows.iter().any(|r| r.last_error.is_some());
    let titles = ["id", "ticket", "kind", "state", "tries", "next", "~to", "~last error"];
    let mut table = Table::new(if errors { &titles } else { &titles[..7] });
    for row in &rows {
        let tone = match row.state {
            ParcelState::Failed => Tone::Bad,
            ParcelState::Sent => Tone::Faint,
            _ => Tone::Plain,
        };
        let mut cells = vec![
            row.id.to_string(),
            row.ticket.map_or("-".to_owned(), |t| format!("#{t}")),
            row.kind.to_string(),
            row.state.to_string(),
            row.attempts.to_string(),
            row.next_at.map_or("-".to_owned(), |t| when(t, desk.now, &zone)),
            recipients(row),
        ];
        if errors {
            cells.push(row.last_error.clone().unwrap_or_default());
        }
        table.row(tone, cells);
    }
    Ok(out.table(&table)?)
}

/// Those that still wait or were refused; accepted ones need nobody's care, unless all may have it twice.
fn recipients(row: &OutboxRow) -> String {
    let is_sent = row.state == ParcelState::Sent;
    let names = row.to.iter().filter(|r| is_sent || r.state != RecipientState::Accepted).map(|r| match r.state {
        RecipientState::Waiting | RecipientState::Accepted => r.address.to_string(),
        state => format!("{} ({state})", r.address),
    });
    names.collect::<Vec<_>>().join(", ")
}

pub fn quarantine(global: &Global, out: &mut Out, act: Option<QuarantineAct>) -> Result<(), CommandError> {
    match act {
        None => list_quarantine(global, out),
        Some(QuarantineAct::Show { id, raw }) => show_quarantined(global, out, QuarantineNo(id), raw),
        Some(QuarantineAct::Senders) => list_senders(global, out),
        Some(act) => crate::cli::acts::quarantine(global, out, &act),
    }
}

/// Senders whose mail is set aside since an agent said so.
fn list_senders(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let rows = desk.read(|tx| tx.blocked_senders())?;
    if out.json {
        return Ok(out.json(&rows)?);
    }
    if rows.is_empty() {
        return Ok(out.line("Nobody is blocked.")?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    let mut table = Table::new(&["~sender", "since", "ticket", "as", "by"]);
    for row in &rows {
        let how = if row.ignored { "no customer" } else { "spam" };
        let since = when(row.at, desk.now, &zone);
        let cells = vec![row.address.to_string(), since, format!("#{}", row.ticket), how.to_owned(), row.actor.clone()];
        table.row(Tone::Plain, cells);
    }
    out.table(&table)?;
    Ok(())
}

fn list_quarantine(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let rows = desk.read(|tx| tx.quarantine())?;
    if out.json {
        return Ok(out.json(&rows)?);
    }
    if rows.is_empty() {
        return Ok(out.line("Nothing is set aside.")?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    let several = desk.settings.mailboxes.len() > 1;
    let titles: &[&str] = if several {
        &["id", "came", "mailbox", "~from", "~subject", "~reason"]
    } else {
        &["id", "came", "~from", "~subject", "~reason"]
    };
    let mut table = Table::new(titles);
    for row in &rows {
        let mut cells = vec![
            row.id.to_string(),
            when(row.at, desk.now, &zone),
            row.from.as_ref().map_or("-".to_owned(), ToString::to_string),
            row.subject.clone(),
            row.reason.clone(),
        ];
        if several {
            cells.insert(2, row.mailbox.clone());
        }
        table.row(Tone::Plain, cells);
    }
    out.table(&table)?;
    out.line("")?;
    Ok(out.toned(Tone::Faint, "svar quarantine show ID | release ID | drop ID")?)
}

#[derive(Serialize)]
struct Quarantined<'a> {
    #[serde(flatten)]
    row: &'a QuarantineRow,
    text: String,
}

fn show_quarantined(global: &Global, out: &mut Out, no: QuarantineNo, raw: bool) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let row = desk.read(|tx| tx.quarantine_row(no))?;
    let row = row.ok_or_else(|| CommandError::failed(format!("nothing with id {no} is set aside")))?;
    let bytes = desk.read(|tx| tx.raw(row.letter))?;
    if raw {
        return Ok(out.raw(&bytes)?);
    }
    let job = Job { letter: row.letter, packed: custody::pack(&bytes), truncated: false };
    // What could not be read once may be why it is here: then its bytes are shown as they are.
    let text = match read_alone(mail::read::read, job) {
        Ok(letter) => letter.text,
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    if out.json {
        return Ok(out.json(&Quarantined { row: &row, text })?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    out.toned(Tone::Strong, crate::cli::print::visible(&row.subject))?;
    let from = row.from.as_ref().map_or("nobody that can be read".to_owned(), ToString::to_string);
    out.text("", &format!("from {from}, {}, to {}", when(row.at, desk.now, &zone), row.mailbox))?;
    out.text("", &format!("set aside as {}", row.reason))?;
    out.line("")?;
    Ok(out.text("   ", &text)?)
}
