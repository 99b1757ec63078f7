//! A batch that did not become true: whose fault it was, and what is tried next.

use crate::engine::batch::{Backlog, Plan};
use crate::engine::event::{Intake, Outcome};
use crate::engine::{Engine, Trouble};
use crate::model::Time;
use crate::store::{DbErrorKind, StoreError};

impl Engine {
    /// Nothing of the batch counts and nothing of it is told to anyone; all it was made of is still waiting.
    pub(super) fn void(&mut self, error: &StoreError, plan: &Plan, now: Time) -> Vec<Outcome> {
        let kind = error.database().map(|e| e.kind);
        if kind == Some(DbErrorKind::Busy) {
            // Another process writes: waited out, not worth a word.
            self.trouble = Some(Trouble { tries: self.trouble.map_or(0, |t| t.tries), retry_at: now.plus(1) });
            return Vec::new();
        }
        if kind == Some(DbErrorKind::Corrupt) {
            // Whatever is written from here on may make it worse.
            self.trouble = Some(Trouble::after(self.trouble, now));
            return vec![Outcome::Damaged(chain(error))];
        }
        if error.database().is_some_and(|e| e.is_the_machines_fault()) || plan.items() == 0 {
            // A full disk or a broken one is never a letter's fault.
            let is_new = self.trouble.is_none();
            self.trouble = Some(Trouble::after(self.trouble, now));
            return if is_new { vec![Outcome::Trouble(chain(error))] } else { Vec::new() };
        }
        if plan.items() > 1 || self.narrow == 0 {
            // One item may have failed because of what was done beside it: it is blamed when it fails all alone.
            tracing::warn!(items = plan.items(), "a batch failed and is tried again one by one: {}", chain(error));
            self.narrow = plan.items();
            if let Some(trouble) = &mut self.trouble {
                // What has come does not wait for what is broken beside it.
                trouble.retry_at = Trouble::AT_ONCE;
            }
            return Vec::new();
        }
        self.narrow -= 1;
        self.blame(plan, &chain(error));
        Vec::new()
    }

    /// One item alone fails for no reason but its own: a bug of ours. It must not stop the others.
    fn blame(&mut self, plan: &Plan, why: &str) {
        if plan.results > 0 {
            // Its parcel stays claimed, and is taken for unknown at the next start.
            self.waiting.results.pop_front();
            tracing::error!("a bug: the result of sending cannot be written down: {why}");
        } else if let Some(&letter) = plan.letters.first() {
            tracing::error!(letter = letter.0, "a bug: the decision on a letter cannot be written down: {why}");
            if self.flight.get(letter).is_some_and(|w| matches!(w.reading, Some(Err(_)))) {
                self.flight.remove(letter);
            } else {
                self.flight.spoil(letter);
            }
        } else if let Some(Intake::Arrived(arrival)) = self.waiting.intake.pop_front() {
            // Not acknowledged: the mailbox still has it, and the daily comparison asks for it again.
            tracing::error!(uid = arrival.uid, "a bug: a letter cannot be kept: {why}");
            if arrival.name.is_none() {
                self.waiting.intake.push_front(Intake::Missing { source: arrival.source, uid: arrival.uid });
            }
        } else {
            tracing::error!("a bug: the state of a mailbox cannot be written down: {why}");
        }
        if self.narrow == 0 && self.backlog == Backlog::Empty {
            self.look = true;
        }
    }
}

/// An error with its causes, on one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
