//! `bulk`: one text to many tickets from the shell, under the mailbox's name; shown first, sent by whoever sends.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::{Bulk, Global, query_typed};
use crate::cli::error::CommandError;
use crate::cli::open::{Writer, store_error};
use crate::cli::print::{Out, Tone, span, visible};
use crate::config::settings::Mode;
use crate::desk::bulk::words::kept;
use crate::desk::say::Voice;
use crate::desk::say::bulk::{BulkPage, Sample, preview};
use crate::engine::bulk::TICKETS_MAX;
use crate::model::{BulkNo, BulkState, BulkStep, TicketNo, Time};
use crate::plan::query::Query;
use crate::plan::{BulkFacts, BulkText, Change, NewBulk};

pub fn bulk(global: &Global, out: &mut Out, wanted: &Bulk) -> Result<(), CommandError> {
    if let Some(no) = wanted.show {
        return show(global, out, BulkNo(no));
    }
    if let Some(no) = wanted.stop {
        return stop(global, out, BulkNo(no));
    }
    let query = query_typed(&wanted.query);
    let parsed = Query::parse(&query).map_err(|e| {
        CommandError::usage(format!("the query cannot be read: {e}")).hint("`svar tickets --help` shows the terms.")
    })?;
    if parsed.is_empty() {
        return Err(CommandError::usage("a query is needed: a text to everyone is not sent")
            .hint("Name what the tickets have in common, such as state:open tag:late."));
    }
    insist_on_somebody(wanted)?;
    let mut desk = Writer::open(global)?;
    let now = desk.now();
    let text = text(&mut desk, wanted, now)?;
    let settings = desk.settings();
    let desks = || settings.mailboxes.iter().filter(|m| m.mode == Mode::Desk).map(|m| m.name.clone());
    let (actor, mailboxes) = (desk.actor(), desks().collect::<Vec<_>>());
    let answers = !wanted.no_answer;
    let engine = desk.engine();
    let no = engine
        .want_bulk(now, |no| NewBulk {
            no,
            agent: None,
            actor,
            mailbox: mailboxes.first().cloned().unwrap_or_default(),
            mailboxes,
            query: query.clone(),
            subject: String::new(),
            text,
            answers,
            at: now,
        })
        .map_err(|e| store_error(&e))?;
    let page = prepared(&mut desk, no, now)?;
    let page = without(&mut desk, page, &wanted.without, now)?;
    shown(out, &desk, &page)?;
    let nothing = page.bulk.counts.ready == 0;
    if wanted.dry_run || nothing || !agreed(wanted, &page)? {
        desk.engine().set_bulk(no, BulkState::Dropped, "", now).map_err(|e| store_error(&e))?;
        return match (nothing, wanted.dry_run, out.json) {
            (true, ..) => Err(CommandError::failed("no ticket is left that the text could be sent to")),
            (_, _, true) => Ok(()),
            (_, true, _) => Ok(out.line("Nothing was sent: this was --dry-run.")?),
            _ => Ok(out.line("Nothing was sent.")?),
        };
    }
    desk.engine().set_bulk(no, BulkState::Running, "", now).map_err(|e| store_error(&e))?;
    if out.json {
        return Ok(());
    }
    let sends = if desk.engine().dir().is_locked() { "is on its way" } else { "is sent by `svar run`" };
    out.line(format!("Bulk {no} {sends}: {} mails.", page.bulk.counts.ready))?;
    Ok(out.toned(
        Tone::Faint,
        format!("svar bulk --show {no} says how far it has come, svar bulk --stop {no} halts it."),
    )?)
}

/// What is to be said.
fn text(desk: &mut Writer, wanted: &Bulk, now: Time) -> Result<BulkText, CommandError> {
    if let Some(typed) = &wanted.canned {
        let engine = desk.engine();
        engine.refresh_answers(now);
        let library = engine.library();
        return match library.find(typed) {
            Ok(name) => Ok(kept(library, name)),
            Err(_) => Err(CommandError::failed(format!("there is no canned answer called {typed:?}"))
                .hint("They are the files NAME.md in [answers] dir.")),
        };
    }
    let path = wanted.text.as_deref().unwrap_or(Path::new("-"));
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|e| CommandError::failed(format!("cannot read {}: {e}", path.display())))?;
    let text = text.trim_start_matches('\u{feff}').trim().to_owned();
    if text.is_empty() {
        return Err(CommandError::usage(format!("{} says nothing", path.display())));
    }
    Ok(BulkText::Own { text, html: None })
}

fn prepared(desk: &mut Writer, no: BulkNo, now: Time) -> Result<BulkPage, CommandError> {
    let page = desk.engine().prepare_bulk(no, now).map_err(|e| store_error(&e))?;
    let page = page.ok_or_else(|| CommandError::failed("somebody else has dropped it"))?;
    if page.bulk.state != BulkState::Dropped {
        return Ok(page);
    }
    desk.engine().set_bulk(no, BulkState::Dropped, "", now).map_err(|e| store_error(&e))?;
    Err(match page.bulk.why.as_str() {
        "too-many" => CommandError::failed(format!("more than {TICKETS_MAX} tickets match; narrow it down")),
        _ => CommandError::failed("no ticket is like that"),
    })
}

fn without(desk: &mut Writer, page: BulkPage, left_out: &[i64], now: Time) -> Result<BulkPage, CommandError> {
    if left_out.is_empty() {
        return Ok(page);
    }
    let (no, drop) =
        (page.bulk.no, |desk: &mut Writer| desk.engine().set_bulk(page.bulk.no, BulkState::Dropped, "", now));
    let listed = |n: &i64| page.shown.ready.iter().chain(&page.shown.joined).any(|l| l.ticket.0 == *n);
    if let Some(stranger) = left_out.iter().find(|n| !listed(n)) {
        drop(desk).map_err(|e| store_error(&e))?;
        return Err(CommandError::usage(format!("#{stranger} is not among the tickets that match")));
    }
    let again = Change::SetBulk { bulk: no, state: BulkState::Checked, why: String::new(), at: now };
    let step = |n: &i64| Change::BulkStep {
        bulk: no,
        ticket: TicketNo(*n),
        step: BulkStep::LeftOut,
        why: "without".to_owned(),
        language: String::new(),
    };
    let changes: Vec<Change> = std::iter::once(again).chain(left_out.iter().map(step)).collect();
    desk.apply(|_| changes)?;
    prepared(desk, no, now)
}

/// The preview, as text or as JSON.
fn shown(out: &mut Out, desk: &Writer, page: &BulkPage) -> Result<(), CommandError> {
    if out.json {
        return Ok(out.json(&as_json(page))?);
    }
    let settings = &desk.settings();
    let voice = Voice {
        language: &settings.desk.language,
        zone: &settings.desk.time_zone,
        now: desk.now(),
        desk: &settings.desk.name,
    };
    for line in preview(&voice, page).text.lines() {
        out.line(visible(line))?;
    }
    Ok(())
}

fn as_json(page: &BulkPage) -> Value {
    let BulkFacts { no, state, query, answers, counts, .. } = &page.bulk;
    let sample = |s: &Sample| json!({"ticket": s.ticket, "language": s.language, "from": s.from, "to": s.to, "subject": s.subject, "text": s.text});
    json!({
        "bulk": no, "state": state, "query": query, "answers": answers, "counts": counts,
        "mails": counts.ready, "tickets": counts.ready + counts.joined, "takes_s": page.takes_s.unwrap_or(0),
        "created_at": page.bulk.created_at, "started_at": page.bulk.started_at, "ended_at": page.bulk.ended_at,
        "ready": page.shown.ready, "joined": page.shown.joined, "left_out": page.shown.left_out,
        "failed": page.shown.failed, "stopped": page.shown.stopped,
        "samples": page.samples.iter().map(sample).collect::<Vec<_>>(),
    })
}

/// It is asked on a terminal; elsewhere `--yes` is wanted.
fn insist_on_somebody(wanted: &Bulk) -> Result<(), CommandError> {
    let text_by_stdin = wanted.text.as_ref().is_some_and(|p| p.as_os_str() == "-");
    if wanted.yes || wanted.dry_run || (std::io::stdin().is_terminal() && !text_by_stdin) {
        return Ok(());
    }
    Err(CommandError::usage("nobody can be asked here whether it may be sent").hint("Write --yes, or --dry-run."))
}

fn agreed(wanted: &Bulk, page: &BulkPage) -> Result<bool, CommandError> {
    if wanted.yes {
        return Ok(true);
    }
    let mut stderr = std::io::stderr();
    let asked = write!(stderr, "Send {} mails? [y/N] ", page.bulk.counts.ready).and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked
        .and_then(|()| std::io::stdin().lock().read_line(&mut answer))
        .map_err(|e| CommandError::failed(format!("cannot ask: {e}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "j" | "ja"))
}

fn known(desk: &mut Writer, no: BulkNo) -> Result<BulkFacts, CommandError> {
    let found = desk.batch(|tx, _| tx.bulk(no))?;
    found.ok_or_else(|| CommandError::failed(format!("there is no bulk {no}")))
}

fn show(global: &Global, out: &mut Out, no: BulkNo) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let now = desk.now();
    let facts = known(&mut desk, no)?;
    if out.json {
        let page = desk.engine().bulk_page(no, now).map_err(|e| store_error(&e))?;
        return Ok(out.json(&page.as_ref().map(as_json))?);
    }
    let counts = &facts.counts;
    let waiting = counts.ready + counts.queued + counts.joined + counts.found;
    out.line(format!("Bulk {no} is {}: {}", facts.state, visible(&facts.query)))?;
    out.line(format!(
        "sent {}, waiting {waiting}, left out {}, not delivered {}, stopped {}",
        counts.sent, counts.left_out, counts.failed, counts.stopped
    ))?;
    if let Some(began) = facts.started_at {
        out.line(format!("took {}", span(facts.ended_at.unwrap_or(now).since(began))))?;
    }
    Ok(())
}

fn stop(global: &Global, out: &mut Out, no: BulkNo) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let (now, actor) = (desk.now(), desk.actor());
    match known(&mut desk, no)?.state {
        BulkState::Running => {
            desk.engine().set_bulk(no, BulkState::Stopping, &actor, now).map_err(|e| store_error(&e))?;
            Ok(out.line(format!("Bulk {no} is stopped: what has not left stays here."))?)
        }
        state => Err(CommandError::failed(format!("bulk {no} is {state}; there is nothing to stop"))),
    }
}
