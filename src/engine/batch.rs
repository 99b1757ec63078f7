//! One batch: everything that is decided and kept between BEGIN and COMMIT.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::config::settings::Settings;
use crate::desk::canned::Library;
use crate::desk::sign::Key;
use crate::desk::{self, Rules};
use crate::engine::answers::Shelf;
use crate::engine::clock::{self, Clock, Doubt, Now};
use crate::engine::clocks;
use crate::engine::desk_dir::Footprint;
use crate::engine::erased::Erased;
use crate::engine::event::{Consignment, Finished, Outcome, Waiting};
use crate::engine::in_flight::{self, InFlight};
use crate::engine::question::AtHand;
use crate::engine::reader::Job;
use crate::engine::void::chain;
use crate::engine::{BATCH_MS, Engine, home};
use crate::model::{Address, LetterNo, ParcelNo, RecipientState, Time};
use crate::net::Delivery;
use crate::plan::Change;
use crate::store::{Blobs, Outlet, StoreError, Tx};

/// Letters in custody that are to be read and are not in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Backlog {
    Empty,
    /// They are picked up as soon as there is room.
    Some,
    /// The oldest has failed before: it is picked up when nothing else is being read, so that it alone is to blame if the process dies.
    Alone,
}

/// What a batch is to be made of: so many of the first that wait.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) results: usize,
    pub(super) letters: Vec<LetterNo>,
    pub(super) intake: usize,
    /// Look for letters in custody that nobody reads.
    pub(super) pick_up: bool,
    /// Look for parcels that are due.
    pub(super) claim: bool,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.items() == 0 && !self.pick_up && !self.claim
    }

    /// Things that can be at fault if the batch fails.
    pub(super) fn items(&self) -> usize {
        self.results + self.letters.len() + self.intake
    }
}

/// What a batch came to. Nothing of it may be used unless it was committed.
#[derive(Debug)]
pub struct Done {
    /// As judged.
    pub(super) now: Time,
    pub(super) clock: Clock,
    pub(super) doubt: Option<Doubt>,
    pub(super) results: usize,
    /// No longer in flight: decided, or to be read once more.
    pub(super) decided: Vec<LetterNo>,
    pub(super) intake: usize,
    pub(super) custody: Vec<Outcome>,
    pub(super) to_read: Vec<(Job, in_flight::Waiting)>,
    pub(super) backlog: Backlog,
    pub(super) send: Vec<Consignment>,
    pub(super) next_due: Option<Time>,
    /// Time has moved tickets, and may move more.
    pub(super) more_is_due: bool,
    pub(super) halted: Option<String>,
    /// A canned answer came by mail.
    pub(super) canned: bool,
    pub(super) footprint: Option<Footprint>,
    pub(super) verdicts: Vec<Verdict>,
}

/// What became of a letter, for the log: numbers and words only.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) letter: LetterNo,
    pub(super) fate: &'static str,
    pub(super) ticket: Option<i64>,
}

/// What a batch looks at. Nothing here changes before COMMIT.
pub(super) struct Batch<'a> {
    pub(super) settings: &'a Settings,
    pub(super) library: &'a Library,
    pub(super) shelf: &'a Shelf,
    pub(super) key: &'a Key,
    pub(super) erased: &'a Erased,
    pub(super) waiting: &'a Waiting,
    pub(super) flight: &'a InFlight,
    pub(super) free: &'a BTreeMap<Outlet, usize>,
    pub(super) clock: Clock,
    pub(super) backlog: Backlog,
    pub(super) may_send: bool,
    /// Answers that took long.
    pub(super) at_hand: &'a BTreeMap<LetterNo, AtHand>,
}

impl Engine {
    pub(super) fn commit(&mut self, now: Now, plan: &Plan) -> Result<Done, StoreError> {
        let at_hand = self.answer_slowly(plan, now.wall);
        let batch = Batch {
            settings: &self.settings,
            library: &self.library,
            shelf: &self.shelf,
            key: &self.key,
            erased: &self.erased,
            waiting: &self.waiting,
            flight: &self.flight,
            free: &self.free,
            clock: self.clock,
            backlog: self.backlog,
            may_send: self.halted.is_none() && self.sends,
            at_hand: &at_hand,
        };
        self.store.batch(|tx| batch.run(tx, now, plan))
    }
}

/// Milliseconds that the process has run, for the bounds of a batch. No decision hangs on it.
fn uptime_ms() -> i64 {
    clock::read().uptime_ms.unwrap_or(0)
}

impl Batch<'_> {
    fn run(&self, tx: &mut Tx<'_>, reading: Now, plan: &Plan) -> Result<Done, StoreError> {
        let until_ms = uptime_ms() + BATCH_MS;
        let mut clock = self.clock;
        let last = Some(tx.last_now()).filter(|t| t.unix() > 0);
        let judged = clock.judge(reading, last);
        let now = judged.now;
        tx.set_last_now(now);
        let mut done = Done {
            now,
            clock,
            doubt: judged.doubt,
            results: 0,
            decided: Vec::new(),
            intake: 0,
            custody: Vec::new(),
            to_read: Vec::new(),
            backlog: if plan.pick_up { Backlog::Empty } else { self.backlog },
            send: Vec::new(),
            next_due: None,
            more_is_due: false,
            halted: None,
            canned: false,
            footprint: None,
            verdicts: Vec::new(),
        };
        for result in self.waiting.results.iter().take(plan.results) {
            self.finish(tx, result, now, &mut done)?;
            done.results += 1;
        }
        if plan.claim && done.doubt.is_none() {
            self.time(tx, now, &mut done)?;
        }
        for &letter in &plan.letters {
            self.letter(tx, letter, now, &mut done)?;
            if uptime_ms() >= until_ms {
                break;
            }
        }
        if plan.pick_up {
            self.pick_up(tx, now, &mut done)?;
        }
        for intake in self.waiting.intake.iter().take(plan.intake) {
            self.take_in(tx, intake, now, &mut done)?;
            done.intake += 1;
            if uptime_ms() >= until_ms {
                break;
            }
        }
        if plan.claim && done.halted.is_none() {
            self.bulks(tx, now, &mut done)?;
            done.more_is_due |= tx.has_to_wake()?;
        }
        if plan.claim && self.may_send && done.halted.is_none() {
            self.claim(tx, now, &mut done)?;
        }
        if plan.claim {
            done.next_due = tx.next_wake(now, &self.close_pending_s())?;
        }
        done.footprint = Some(home::footprint(tx));
        Ok(done)
    }

    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { settings: self.settings, key: self.key, library: self.library }
    }

    // ---- results ----------------------------------------------------------------------------------------------------

    fn finish(&self, tx: &mut Tx<'_>, result: &Finished, now: Time, done: &mut Done) -> Result<(), StoreError> {
        match result {
            // It stays claimed, and is unknown again at the next start.
            Finished::Again(_) if !self.may_send => Ok(()),
            Finished::Again(mail) => {
                let noted = fenced(tx, |tx| {
                    let changes = desk::sent_again(&tx.delivery(mail.parcel)?, &self.rules(), now);
                    tx.apply(&changes, &Blobs::new(), now)
                })?;
                if noted.is_none() {
                    tracing::error!(parcel = mail.parcel.0, "a bug: that a mail is sent once more is not recorded");
                }
                done.send.push(Consignment::clone(mail));
                Ok(())
            }
            Finished::SentCopy { parcel } => tx.copy_kept(*parcel, now),
            Finished::Delivered { parcel, results, refused_null_sender } => {
                let decided = fenced(tx, |tx| self.delivered(tx, *parcel, results, *refused_null_sender, now))?;
                if decided.is_none() {
                    // The mail is out or refused all the same: this must be known, or it goes out again.
                    tracing::error!(
                        parcel = parcel.0,
                        "a bug: judging the result of sending failed; it is only recorded"
                    );
                    let bare = bare_results(*parcel, results);
                    fenced(tx, |tx| tx.apply(&bare, &Blobs::new(), now))?;
                }
                Ok(())
            }
        }
    }

    fn delivered(
        &self,
        tx: &mut Tx<'_>,
        parcel: ParcelNo,
        results: &[(Address, Delivery)],
        refused_null_sender: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        let findings = tx.delivery(parcel)?;
        let mut changes = desk::delivered(&findings, results, &self.rules(), now);
        if refused_null_sender {
            changes.push(Change::NullSenderRefused { mailbox: findings.parcel.mailbox.clone() });
        }
        tx.apply(&changes, &Blobs::new(), now)?;
        clocks::follow(tx, self.settings, &changes)
    }
}

/// Runs a decision in a savepoint. `None`: it panicked or contradicts what is written down, and everything it did is undone. A database error is no decision's fault: it
/// is passed up and voids the batch.
pub(super) fn fenced<T>(
    tx: &mut Tx<'_>,
    decide: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match catch_unwind(AssertUnwindSafe(|| tx.savepoint(decide))) {
        Ok(Err(error)) if error.database().is_none() => {
            tracing::error!("a bug: a decision cannot be written down: {}", chain(&error));
            Ok(None)
        }
        Ok(result) => result.map(Some),
        Err(_) => Ok(None),
    }
}

/// The results themselves, without anything that follows from them.
fn bare_results(parcel: ParcelNo, results: &[(Address, Delivery)]) -> Vec<Change> {
    let recipient = |(address, delivery): &(Address, Delivery)| {
        let (state, error) = match delivery {
            Delivery::Accepted { .. } => (RecipientState::Accepted, None),
            Delivery::Refused { reply } => (RecipientState::Refused, Some(reply.clone())),
            Delivery::Deferred { reply } => (RecipientState::GivenUp, Some(reply.clone())),
        };
        Change::Recipient { parcel, address: address.clone(), state, error }
    };
    results.iter().map(recipient).collect()
}
