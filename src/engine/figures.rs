//! The figures of a period, read from the database: the one door for `stats`, digests and whoever else shows figures.

use std::collections::BTreeSet;

use crate::config::settings::Settings;
use crate::engine::clocks;
use crate::model::{Address, Time};
use crate::sla::figures::{Answered, Deed, DeedKind, Figures, History, Period, figures};
use crate::store::course::{StepRow, StepWord};
use crate::store::figures::{Courses, FiguresRow, Wanted};
use crate::store::{Store, StoreError};

/// The figures of `period` as at `now`, of one mailbox or of all.
///
/// # Errors
/// A database error.
pub fn of(
    store: &mut Store,
    settings: &Settings,
    period: &Period,
    mailbox: Option<&str>,
    now: Time,
) -> Result<Figures, StoreError> {
    let histories = histories(store, period, mailbox, &settings.mystery)?;
    Ok(figures(&histories, period, mailbox, &clocks::measures(settings), now))
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
    let mut courses = store.courses(&Wanted { from, to, mailbox, mystery })?;
    let tickets = std::mem::take(&mut courses.tickets);
    Ok(tickets.into_iter().map(|row| history(row, &courses)).collect())
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
