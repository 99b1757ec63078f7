//! The figures of a period, read from the database: the one door for `stats`, digests and whoever else shows figures.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::config::settings::Settings;
use crate::engine::clocks;
use crate::model::{Address, TicketNo, Time};
use crate::sla::figures::{Answered, Deed, DeedKind, Detail, Figures, History, Measures, Outage, Period, Tally};
use crate::store::course::{StepRow, StepWord};
use crate::store::figures::{Courses, FiguresRow, Wanted};
use crate::store::{Store, StoreError};

/// So many slices are read ahead of the fold by each reader.
const AHEAD: usize = 4;
/// From so many tickets on a second connection reads every other slice: opening it costs about as much as reading a thousand.
const WORTH_TWO: usize = 8_000;

/// The figures of `period` as at `now`, of one mailbox or of all. Others read while this thread folds what has been read, so that
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
    let way = store.way(&wanted)?;
    let mut second = if way.tickets() < WORTH_TWO { None } else { store.another_reader() };
    let stores: Vec<&mut Store> = std::iter::once(store).chain(second.as_mut()).collect();
    let (slices, many) = (way.slices(), stores.len());
    let mut tally = Tally::new(period, mailbox, &measures, now, detail);
    let read: Result<(), StoreError> = thread::scope(|scope| {
        let (mut readers, mut inboxes) = (Vec::new(), Vec::new());
        for (first, store) in stores.into_iter().enumerate() {
            let (outbox, inbox) = sync_channel::<Vec<History>>(AHEAD);
            let (wanted, way) = (&wanted, &way);
            let mine = slices.iter().skip(first).step_by(many);
            readers.push(scope.spawn(move || {
                for run in mine {
                    // Nobody listens any more: another reader has failed.
                    if outbox.send(told(store.slice(wanted, way, run)?)).is_err() {
                        break;
                    }
                }
                Ok(())
            }));
            inboxes.push(inbox);
        }
        // In the order of the slices, whoever has read them.
        for inbox in inboxes.iter().cycle().take(slices.len()) {
            let Ok(histories) = inbox.recv() else { break };
            for history in &histories {
                tally.add(history);
            }
        }
        drop(inboxes);
        readers.into_iter().try_for_each(|reader| reader.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    read.map(|()| tally.finish())
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
    let wanted = Wanted { from, to, mailbox, mystery };
    let way = store.way(&wanted)?;
    let mut histories = Vec::new();
    for run in way.slices() {
        histories.extend(told(store.slice(&wanted, &way, run)?));
    }
    Ok(histories)
}

fn told(Courses { tickets, mut steps }: Courses) -> Vec<History> {
    tickets.into_iter().map(|row| history(row, &mut steps)).collect()
}

fn history(row: FiguresRow, courses: &mut BTreeMap<TicketNo, Vec<StepRow>>) -> History {
    let steps = clocks::told(row.number, courses);
    let own = courses.get_mut(&row.number).map_or(&mut [][..], Vec::as_mut_slice);
    let (mut customer_messages, mut answers, mut deeds) = (Vec::new(), Vec::new(), Vec::new());
    let mut held = false;
    for StepRow { at, word, agent } in own {
        let at = *at;
        // Names are moved out: whoever this ticket was merged into asks for words and times alone.
        let what = match word {
            StepWord::Customer => {
                customer_messages.push(at);
                None
            }
            StepWord::Answer | StepWord::Found | StepWord::Called => {
                answers.push(Answered { at, agent: agent.take() });
                None
            }
            StepWord::Assigned => agent.take().map(DeedKind::Assigned),
            StepWord::Bounced => Some(DeedKind::Bounced),
            StepWord::Held => {
                held = true;
                Some(DeedKind::Held)
            }
            StepWord::Open
            | StepWord::Pending
            | StepWord::Closed
            | StepWord::Reopened
            | StepWord::Spam
            | StepWord::Merged => std::mem::take(&mut held).then_some(DeedKind::Unheld),
            StepWord::Done | StepWord::Joined(_) => None,
        };
        deeds.extend(what.map(|what| Deed { at, what }));
    }
    History {
        steps,
        customer_messages,
        answers,
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
