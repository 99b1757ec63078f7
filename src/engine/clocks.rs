//! A ticket's clocks: what the store knows of its steps, folded with the calendar and targets of the configuration.

use crate::config::settings::{Settings, Sla};
use crate::model::{Priority, Time};
use crate::sla::clock::{Clock, Step, Targets, What, fold};
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
