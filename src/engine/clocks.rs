//! A ticket's clocks: what the store knows of its steps, folded with the calendar and targets of the configuration.

use std::collections::BTreeMap;

use crate::config::settings::{Mailbox, Settings, Sla};
use crate::model::{Priority, Time};
use crate::sla::clock::{Clock, Step, Targets, What, fold};
use crate::sla::figures::{Measure, Measures};
use crate::store::view::StepWord;

/// The clocks of a ticket in `mailbox` at `now`. None if the configuration knows the mailbox no more.
#[must_use]
pub fn of(steps: &[(Time, StepWord)], settings: &Settings, mailbox: &str, priority: Priority, now: Time) -> Vec<Clock> {
    let Some(mailbox) = settings.mailbox(mailbox) else { return Vec::new() };
    let (Some(sla), Some(calendar)) = (settings.sla_of(mailbox, priority), settings.calendar_of(mailbox)) else {
        return Vec::new();
    };
    let steps: Vec<Step> = steps.iter().map(|(at, word)| Step { at: *at, what: what(*word) }).collect();
    fold(&steps, calendar, &targets(sla), now)
}

/// How every mailbox is measured.
#[must_use]
pub fn measures(settings: &Settings) -> Measures {
    let of = |mailbox: &Mailbox| Some((mailbox.name.clone(), measure(settings, mailbox)?));
    Measures { mailboxes: settings.mailboxes.iter().filter_map(of).collect(), outages: Vec::new() }
}

fn measure(settings: &Settings, mailbox: &Mailbox) -> Option<Measure> {
    let targets_of = |priority: &Priority| Some((*priority, targets(settings.sla_of(mailbox, *priority)?)));
    let mut by_priority: BTreeMap<Priority, Targets> = Priority::ALL.iter().filter_map(targets_of).collect();
    let normal = by_priority.remove(&Priority::Normal)?;
    by_priority.retain(|_, targets| *targets != normal);
    Some(Measure { calendar: settings.calendar_of(mailbox)?.clone(), targets: normal, by_priority })
}

/// What an SLA promises, as clocks take it.
#[must_use]
pub fn targets(sla: &Sla) -> Targets {
    Targets {
        first_response_s: sla.first_response_s,
        next_response_s: sla.next_response_s,
        resolution_s: sla.resolution_s,
        bands: sla.bands.clone(),
    }
}

const fn what(word: StepWord) -> What {
    match word {
        StepWord::Customer => What::CustomerMessage,
        StepWord::Answer | StepWord::Called => What::Answer,
        StepWord::Open => What::Open,
        StepWord::Pending => What::Pending,
        StepWord::Held => What::Held,
        StepWord::Closed => What::Closed,
        StepWord::Reopened => What::Reopened,
        StepWord::Done => What::Done,
        StepWord::Spam | StepWord::Merged => What::Cancelled,
    }
}
