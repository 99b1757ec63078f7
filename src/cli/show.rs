//! `show`: one ticket, whole.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Table, Tone, span, when};
use crate::cli::tickets::{due, short_name};
use crate::engine::clocks;
use crate::model::{Direction, Party, TicketNo, Time};
use crate::sla::clock::{Clock, ClockState};
use crate::store::view::{EventRow, MessageRow, TicketShow};

pub fn show(global: &Global, out: &mut Out, ticket: i64) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let (number, now) = (TicketNo(ticket), desk.now);
    let (found, steps) = desk.read(|tx| Ok((tx.show(number, now)?, clocks::steps(tx, number)?)))?;
    let mut found = found.ok_or_else(|| CommandError::failed(format!("there is no ticket #{number}")))?;
    let clocks = clocks::of(&steps, &desk.settings, &found.ticket.mailbox, found.ticket.priority, now);
    if out.json {
        found.clocks = serde_json::to_value(&clocks).unwrap_or(Value::Array(Vec::new()));
        return Ok(out.json(&found)?);
    }
    let view = View { now, zone: desk.settings.desk.time_zone.clone() };
    view.head(out, &found)?;
    view.messages(out, &found)?;
    view.clocks(out, &clocks)?;
    view.events(out, &found.events)?;
    Ok(())
}

struct View {
    now: Time,
    zone: TimeZone,
}

impl View {
    fn when(&self, at: Time) -> String {
        when(at, self.now, &self.zone)
    }

    fn head(&self, out: &mut Out, show: &TicketShow) -> std::io::Result<()> {
        let ticket = &show.ticket;
        out.toned(Tone::Strong, format!("#{}  {}", ticket.number, crate::cli::print::visible(&ticket.subject)))?;
        let mut facts = vec![
            match show.survivor {
                Some(survivor) => format!("merged into #{survivor}"),
                None => ticket.state.to_string(),
            },
            ticket.mailbox.clone(),
            ticket.assignee.as_ref().map_or("nobody's".to_owned(), |a| format!("with {a}")),
        ];
        if ticket.priority != crate::model::Priority::Normal {
            facts.push(format!("{} priority", ticket.priority));
        }
        if !ticket.tags.is_empty() {
            facts.push(format!("tagged {}", ticket.tags.join(", ")));
        }
        out.text("", &facts.join(" · "))?;
        let customer = ticket.customer.as_ref().map_or("no customer".to_owned(), party);
        out.text("", &format!("{customer}, since {}", self.when(ticket.created_at)))?;
        if let Some(since) = ticket.waiting_since {
            let due = due(ticket, self.now, &self.zone);
            let tone = if ticket.overdue { Tone::Bad } else { Tone::Plain };
            let waits = self.when(since);
            out.toned(tone, format!("waits for an answer since {waits}; due: {due}"))?;
        }
        if let Some(incident) = &show.incident {
            let quiet = if incident.quiet { "; nobody is told of it singly" } else { "" };
            let told = if incident.told { ", its text sent" } else { "" };
            out.text("", &format!("incident: {} (#{}){told}{quiet}", incident.name, incident.number))?;
        }
        if !show.participants.is_empty() {
            let names: Vec<String> = show.participants.iter().map(party).collect();
            out.text("", &format!("also: {}", names.join(", ")))?;
        }
        if !show.related.is_empty() {
            let numbers: Vec<String> = show.related.iter().map(|n| format!("#{n}")).collect();
            out.text("", &format!("perhaps related: {}", numbers.join(" ")))?;
        }
        Ok(())
    }

    fn messages(&self, out: &mut Out, show: &TicketShow) -> std::io::Result<()> {
        for message in &show.messages {
            out.line("")?;
            self.message(out, message, &show.ticket.subject)?;
        }
        Ok(())
    }

    fn message(&self, out: &mut Out, message: &MessageRow, subject: &str) -> std::io::Result<()> {
        // A note without an author was written in the shell.
        let nobody = if message.direction == Direction::Note { "the shell" } else { "?" };
        let from = message.from.as_ref().map_or(nobody, short_name);
        let what = match message.direction {
            Direction::In => format!("{from} wrote"),
            Direction::Out => format!("{from} answered"),
            Direction::Note => format!("{from} noted (inside)"),
            Direction::Auto => "svar answered by itself".to_owned(),
        };
        out.toned(Tone::Strong, format!("── {}  {}", self.when(message.at), crate::cli::print::visible(&what)))?;
        if !message.subject.contains(subject) && !message.subject.is_empty() {
            out.text("   ", &format!("Subject: {}", message.subject))?;
        }
        if !message.cc.is_empty() {
            let names: Vec<String> = message.cc.iter().map(party).collect();
            out.text("   ", &format!("Cc: {}", names.join(", ")))?;
        }
        let text = if message.new_text.trim().is_empty() { &message.text } else { &message.new_text };
        out.text("   ", text)?;
        for file in &message.attachments {
            let inline = if file.inline { ", in the text" } else { "" };
            out.text("   ", &format!("[{} ({}, {}{inline})]", file.name, file.media_type, size(file.size)))?;
        }
        if !message.defects.is_empty() {
            out.text("   ", &format!("odd: {}", message.defects.join("; ")))?;
        }
        Ok(())
    }

    fn clocks(&self, out: &mut Out, clocks: &[Clock]) -> std::io::Result<()> {
        if clocks.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let mut table = Table::new(&["clock", "started", "state", "open", "wall", "due", "band"]);
        for clock in clocks {
            let tone = match clock.state {
                ClockState::Breached => Tone::Bad,
                ClockState::Met => Tone::Good,
                _ => Tone::Plain,
            };
            let state = match (clock.state, clock.stopped_at) {
                (ClockState::Running, _) => "runs",
                (ClockState::Paused, _) => "paused",
                (ClockState::Met, _) => "met",
                (ClockState::Breached, Some(_)) => "late",
                (ClockState::Breached, None) => "runs, late",
                (ClockState::Cancelled, _) => "cancelled",
            };
            let cells = vec![
                clock.kind.as_str().replace('_', " "),
                self.when(clock.started_at),
                state.to_owned(),
                span(clock.elapsed_s),
                span(clock.wall_s),
                clock.due_at.map_or("-".to_owned(), |t| self.when(t)),
                clock.band.clone().unwrap_or_else(|| "-".to_owned()),
            ];
            table.row(tone, cells);
        }
        out.table(&table)
    }

    fn events(&self, out: &mut Out, events: &[EventRow]) -> std::io::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let mut table = Table::new(&["when", "~who", "what", "~detail"]);
        for event in events {
            let cells = vec![self.when(event.at), brief(&event.actor), event.what.clone(), brief(&event.detail)];
            table.row(Tone::Plain, cells);
        }
        out.table(&table)
    }
}

/// `agent:anna@example.test` is `anna` to people.
fn brief(text: &str) -> String {
    let word = |w: &str| match w.strip_prefix("agent:").or_else(|| w.strip_prefix("manager:")) {
        Some(address) => address.split('@').next().unwrap_or(address).to_owned(),
        None => w.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn party(party: &Party) -> String {
    if party.name.is_empty() { party.address.to_string() } else { format!("{} <{}>", party.name, party.address) }
}

fn size(bytes: i64) -> String {
    match bytes {
        ..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", (bytes + 500) / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
