//! `incidents`: what many customers write about at once, and how it stands.

use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Table, Tone, when};
use crate::model::{Address, IncidentNo, Time};
use crate::plan::IncidentTally;

/// One as `--json` prints it.
#[derive(Debug, Serialize)]
struct Row {
    number: IncidentNo,
    name: String,
    tag: String,
    #[serde(rename = "match")]
    pattern: String,
    mailboxes: Vec<String>,
    agent: Address,
    started_at: Time,
    until: Time,
    ended_at: Option<Time>,
    linked: i64,
    told: i64,
    replied: i64,
    answered: i64,
    waiting: i64,
}

impl From<IncidentTally> for Row {
    fn from(tally: IncidentTally) -> Self {
        let incident = tally.incident;
        Self {
            number: incident.no,
            name: incident.name,
            tag: incident.tag,
            pattern: incident.pattern,
            mailboxes: incident.mailboxes,
            agent: incident.agent,
            started_at: incident.started_at,
            until: incident.until,
            ended_at: incident.ended_at,
            linked: tally.linked,
            told: tally.told,
            replied: tally.replied,
            answered: tally.answered,
            waiting: tally.waiting,
        }
    }
}

pub fn incidents(global: &Global, out: &mut Out, all: bool) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let now = desk.now;
    let from = if all { Time::from_unix(0) } else { now };
    let tallies = desk.read(|tx| tx.incident_tallies(from, now.plus(1)))?;
    let is_wanted = |t: &IncidentTally| all || t.incident.ended_at.is_none();
    let rows: Vec<Row> = tallies.into_iter().filter(is_wanted).map(Row::from).collect();
    if out.json {
        return Ok(out.json(&rows)?);
    }
    if rows.is_empty() {
        return Ok(out.line(if all { "There was no incident yet." } else { "No incident is on." })?);
    }
    let zone = desk.settings.desk.time_zone.clone();
    let mut table = Table::new(&["#", "~incident", "until", "tickets", "told", "replied", "answered", "wait"]);
    for row in &rows {
        let until = match row.ended_at {
            Some(at) => format!("over {}", when(at, now, &zone)),
            None => when(row.until, now, &zone),
        };
        let cells = [row.linked, row.told, row.replied, row.answered, row.waiting].map(|n| n.to_string());
        let mut line = vec![row.number.to_string(), row.name.clone(), until];
        line.extend(cells);
        table.row(if row.ended_at.is_some() { Tone::Faint } else { Tone::Plain }, line);
    }
    Ok(out.table(&table)?)
}
