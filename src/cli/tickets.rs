//! `tickets` and `search`: lists.

use crate::cli::args::{Global, query_typed};
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Table, Tone, shortened, span, visible, when};
use crate::model::{Address, Party, Priority, State, Time};
use crate::store::Query;
use crate::store::view::TicketRow;

pub fn tickets(global: &Global, out: &mut Out, query: &[String]) -> Result<(), CommandError> {
    let query = Query::parse(&query_typed(query)).map_err(|e| {
        CommandError::usage(format!("the query cannot be read: {e}")).hint("`svar tickets --help` shows the terms.")
    })?;
    let mut desk = Desk::open(global)?;
    let now = desk.now;
    let rows = desk.read(|tx| tx.tickets(&query, now))?;
    if out.json {
        return Ok(out.json(&rows)?);
    }
    if rows.is_empty() {
        let what = if query.terms.is_empty() { "Nothing is open, pending or held." } else { "No ticket is like that." };
        return Ok(out.line(what)?);
    }
    let mut table = Table::new(&["#", "state", "answer due", "~customer", "~subject", "~agent"]);
    for row in &rows {
        table.row(tone(row), cells(row, now, &desk.settings.desk.time_zone));
    }
    out.table(&table)?;
    let overdue = rows.iter().filter(|r| r.overdue).count();
    let summary = match (rows.len(), overdue) {
        (1, 0) => "1 ticket".to_owned(),
        (n, 0) => format!("{n} tickets"),
        (1, _) => "1 ticket, past due".to_owned(),
        (n, late) => format!("{n} tickets, {late} past due"),
    };
    out.line("")?;
    Ok(out.toned(Tone::Faint, summary)?)
}

fn tone(row: &TicketRow) -> Tone {
    match row.state {
        _ if row.overdue => Tone::Bad,
        State::Open => Tone::Plain,
        _ => Tone::Faint,
    }
}

fn cells(row: &TicketRow, now: Time, zone: &jiff::tz::TimeZone) -> Vec<String> {
    let subject = match row.priority {
        Priority::Normal => row.subject.clone(),
        other => format!("[{other}] {}", row.subject),
    };
    vec![
        row.number.to_string(),
        row.state.to_string(),
        due(row, now, zone),
        row.customer.as_ref().map_or("-", short_name).to_owned(),
        subject,
        row.assignee.as_ref().map_or("-", Address::local).to_owned(),
    ]
}

/// When an answer is due, or by how much it is late.
pub fn due(row: &TicketRow, now: Time, zone: &jiff::tz::TimeZone) -> String {
    match row.due_at {
        Some(due) if row.overdue => format!("late {}", span(now.since(due))),
        Some(due) if due.since(now) < 12 * Time::HOUR => format!("in {}", span(due.since(now))),
        Some(due) => when(due, now, zone),
        None => "-".to_owned(),
    }
}

/// A name, or else the address.
pub fn short_name(party: &Party) -> &str {
    if party.name.is_empty() { party.address.as_str() } else { &party.name }
}

/// How many hits a person looks through; JSON gets all that a script may want.
const FOR_PEOPLE: usize = 20;
const FOR_SCRIPTS: usize = 10_000;

pub fn search(global: &Global, out: &mut Out, words: &[String]) -> Result<(), CommandError> {
    let words = words.join(" ");
    let mut desk = Desk::open(global)?;
    let limit = if out.json { FOR_SCRIPTS } else { FOR_PEOPLE };
    let rows = desk.read(|tx| tx.search(&words, limit))?;
    if out.json {
        return Ok(out.json(&rows)?);
    }
    if rows.is_empty() {
        return Ok(out.line("Nothing found.")?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    for row in &rows {
        let head = format!("#{}  {}  {}", row.number, when(row.at, desk.now, &zone), visible(&row.subject));
        let from = if row.from.is_empty() { String::new() } else { format!("  {}", visible(&row.from)) };
        let room = out.width.saturating_sub(from.chars().count());
        out.toned(Tone::Strong, format!("{}{from}", shortened(&head, room)))?;
        if row.snippet != row.subject {
            out.text("    ", &row.snippet.replace('\n', " "))?;
        }
    }
    if rows.len() == limit {
        out.toned(Tone::Faint, format!("The best {limit}; more words narrow it down."))?;
    }
    Ok(())
}
