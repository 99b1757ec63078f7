//! The figures of a period, read from the database: the one door for `stats`, digests and whoever else shows figures.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::config::settings::Settings;
use crate::engine::clocks;
use crate::model::{Address, Time};
use crate::sla::figures::{Answered, Deed, DeedKind, Detail, Figures, History, Measures, Outage, Period, Tally};
use crate::store::course::{StepRow, StepWord};
use crate::store::figures::{Courses, FiguresRow, Wanted};
use crate::store::{Store, StoreError};

/// So many slices are read ahead of the fold.
const AHEAD: usize = 4;

/// The figures of `period` as at `now`, of one mailbox or of all. One thread reads and another folds what has been read, so that
/// no more than some slices of it are in memory.
///
/// # Errors
/// A database error.
pub fn of(
    store: &mut Store,
    settings: &Settings,
    period: &Period,
    mailbox: Option<&str>,
    now: Time,
    detail: Detail,
) -> Result<Figures, StoreError> {
    let measures = measures(store, settings, period, now)?;
    let (from, to) = period.bounds();
    let wanted = Wanted { from, to, mailbox, mystery: &settings.mystery };
    let (slices, read) = sync_channel::<Courses>(AHEAD);
    thread::scope(|scope| {
        let folding = scope.spawn(|| {
            let mut tally = Tally::new(period, mailbox, &measures, now, detail);
            // By value: it ends when nobody sends any more, and nobody sends into the void.
            let read = read;
            for courses in read {
                told(courses, |history| tally.add(&history));
            }
            tally.finish()
        });
        let walked = store.walk_courses(&wanted, |courses| match slices.send(courses) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        });
        drop(slices);
        let figures = folding.join().unwrap_or_else(|panic| resume_unwind(panic));
        walked.map(|()| figures)
    })
}

/// What is measured by, with the outages that touch `period`.
///
/// # Errors
/// A database error.
pub fn measures(store: &mut Store, settings: &Settings, period: &Period, now: Time) -> Result<Measures, StoreError> {
    let (from, to) = period.bounds();
    let rows = store.read(|tx| tx.outages(from, to, now))?;
    let outages = rows.into_iter().map(|o| Outage { mailbox: o.mailbox, from: o.from, to: o.to }).collect();
    Ok(Measures { outages, ..clocks::measures(settings) })
}

/// The histories of the tickets that touch `period`, by number. `mystery`: addresses of test customers.
///
/// # Errors
/// A database error.
pub fn histories(
    store: &mut Store,
    period: &Period,
    mailbox: Option<&str>,
    mystery: &BTreeSet<Address>,
) -> Result<Vec<History>, StoreError> {
    let (from, to) = period.bounds();
    let mut histories = Vec::new();
    store.walk_courses(&Wanted { from, to, mailbox, mystery }, |courses| {
        told(courses, |history| histories.push(history));
        ControlFlow::Continue(())
    })?;
    Ok(histories)
}

fn told(mut courses: Courses, mut take: impl FnMut(History)) {
    for row in std::mem::take(&mut courses.tickets) {
        take(history(row, &courses));
    }
}

fn history(row: FiguresRow, courses: &Courses) -> History {
    let own: &[StepRow] = courses.steps.get(&row.number).map_or(&[], Vec::as_slice);
    let is_answer = |s: &&StepRow| matches!(s.word, StepWord::Answer | StepWord::Found | StepWord::Called);
    let answers = own.iter().filter(is_answer).map(|s| Answered { at: s.at, agent: s.agent.clone() });
    let customers = own.iter().filter(|s| s.word == StepWord::Customer).map(|s| s.at);
    let mut held = false;
    let mut deeds = Vec::new();
    for step in own {
        let what = match (step.word, &step.agent) {
            (StepWord::Assigned, Some(agent)) => Some(DeedKind::Assigned(agent.clone())),
            (StepWord::Bounced, _) => Some(DeedKind::Bounced),
            (StepWord::Held, _) => {
                held = true;
                Some(DeedKind::Held)
            }
            (
                StepWord::Open
                | StepWord::Pending
                | StepWord::Closed
                | StepWord::Reopened
                | StepWord::Spam
                | StepWord::Merged,
                _,
            ) if held => {
                held = false;
                Some(DeedKind::Unheld)
            }
            _ => None,
        };
        deeds.extend(what.map(|what| Deed { at: step.at, what }));
    }
    History {
        steps: clocks::told(row.number, &courses.steps),
        customer_messages: customers.collect(),
        answers: answers.collect(),
        deeds,
        number: row.number,
        mailbox: row.mailbox,
        priority: row.priority,
        subject: row.subject,
        state: row.state,
        mystery: row.mystery,
        tags: row.tags,
        created_at: row.created_at,
        assignee: row.assignee,
    }
}
