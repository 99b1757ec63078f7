//! Where desk and store meet: events in, one group commit, outcomes out.
//!
//! The engine is synchronous, reads no clock and opens no connection: whoever drives it (the daemon, a command, a test) hands it the
//! time and what happened, and does what it says. Invariants:
//! - Nothing is told of a batch that is not committed. A void batch is tried again; what it was made of is still here.
//! - A letter is in custody before anything reads it, and its attempt is counted before it is read.
//! - Nothing outside the transaction changes before COMMIT: the engine's own state is brought up to date from what was committed.

pub mod answers;
mod batch;
pub mod bulk;
pub mod clock;
pub mod clocks;
mod consign;
pub mod desk_dir;
pub mod digest;
pub mod erased;
mod event;
pub mod export;
#[cfg(test)]
mod faulty_tests;
pub mod figures;
mod guest;
pub mod history;
mod home;
mod in_flight;
mod incident;
mod judge;
mod keep;
mod metrics;
pub mod modes;
mod notes;
pub mod practice;
pub mod privacy;
mod question;
pub mod reader;
#[cfg(test)]
mod restored_tests;
mod rights;
#[cfg(test)]
mod tests;
mod time;
pub mod vitals;
mod void;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use batch::Done;
pub use event::{Consignment, CustodyKey, Event, Intake, Outcome};
pub use guest::{DeliverError, deliver};
pub use home::{OpenError, Post};
pub use in_flight::Reading;

use crate::config::settings::Settings;
use crate::desk::canned::Library;
use crate::desk::sign::Key;
use crate::engine::answers::Shelf;
use crate::engine::batch::{Backlog, Plan, Verdict};
use crate::engine::clock::{Clock, Doubt, Now};
use crate::engine::desk_dir::{DeskDir, Footprint, Lock};
use crate::engine::digest::Digests;
use crate::engine::erased::Erased;
use crate::engine::event::{Finished, Waiting};
use crate::engine::in_flight::InFlight;
use crate::engine::metrics::Written;
use crate::engine::reader::ReadFn;
use crate::engine::vitals::Vitals;
use crate::model::{LetterNo, Time};
use crate::net::Delivery;
use crate::store::{Outlet, Store, StoreError};

/// A batch takes at most so many letters.
pub const BATCH_LETTERS: usize = 256;
/// And at most so many bytes of them, as packed.
pub const BATCH_BYTES: usize = 8 << 20;
/// And begins nothing more after so long: the database's write lock is not held much longer.
pub const BATCH_MS: i64 = 50;

/// The desk at work.
#[derive(Debug)]
pub struct Engine {
    dir: DeskDir,
    /// Held by whoever sends; a guest beside a daemon has none.
    lock: Option<Lock>,
    store: Store,
    settings: Arc<Settings>,
    /// The canned answers, as last read.
    library: Arc<Library>,
    shelf: Shelf,
    key: Key,
    erased: Erased,
    read: ReadFn,
    clock: Clock,
    doubt: Option<Doubt>,
    /// The time of the latest batch, as judged.
    judged: Time,
    waiting: Waiting,
    flight: InFlight,
    backlog: Backlog,
    /// How many mails may be handed to each outlet.
    free: BTreeMap<Outlet, usize>,
    /// Mails that were claimed when the last holder of the lock died.
    unknown: Vec<Consignment>,
    /// When the first parcel is due that an outlet could take.
    next_due: Option<Time>,
    /// Something may be due that was not looked at.
    look: bool,
    /// So many next items go into a batch of their own each, to find the one that voids it.
    narrow: usize,
    trouble: Option<Trouble>,
    halted: Option<String>,
    sends: bool,
    digests: Digests,
    /// When old tickets are looked for next; `None`: every mailbox was not looked at yet.
    rights_at: Option<Time>,
    /// A manager may have allowed something.
    rights_look: bool,
    /// When what a manager allowed is tried again: a mail had to leave first.
    rights_again: Option<Time>,
    /// Not by a time that somebody made up.
    erases: bool,
    /// A mailbox may be in another mode than before.
    modes_look: bool,
    vitals: Vitals,
    /// The file of metrics.
    written: Written,
    footprint: Footprint,
    footprint_left: Option<Footprint>,
    data_version: i64,
}

/// The database refuses to write.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    tries: u32,
    retry_at: Time,
}

impl Trouble {
    const AT_ONCE: Time = Time::from_unix(0);

    /// 1, 2, 4 … seconds, at most a minute.
    fn after(before: Option<Self>, now: Time) -> Self {
        let tries = before.map_or(0, |t| t.tries + 1);
        Self { tries, retry_at: now.plus((1 << tries.min(6)).min(60)) }
    }
}

impl Engine {
    /// What the desk signs with.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The settings that decisions are made by from now on.
    pub fn set_settings(&mut self, settings: Arc<Settings>) -> Result<(), StoreError> {
        let fingerprint = settings.fingerprint.clone();
        self.store.batch(|tx| tx.set_config_fingerprint(&fingerprint))?;
        clocks::follow_all(&mut self.store, &settings)?;
        self.settings = settings;
        self.modes_look = true;
        self.shelf.forget();
        // Times and readers of digests may be others now.
        self.digests.next = self.digests.next.map(|_| Time::default());
        Ok(())
    }

    #[must_use]
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    #[must_use]
    pub fn dir(&self) -> &DeskDir {
        &self.dir
    }

    /// Whoever drives the engine may look into the database; decisions go through [`Self::handle`] and [`Self::change`].
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Why the machine's clock is not believed at present.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        self.doubt
    }

    /// Why nothing is sent any more.
    #[must_use]
    pub fn halted(&self) -> Option<&str> {
        self.halted.as_deref()
    }

    /// Takes in what happened and commits one batch of it, by urgency: results of sending, then letters that have been read, then
    /// letters that have come, then parcels are claimed for free outlets. What does not fit waits: call again at once while
    /// [`Self::is_busy`].
    pub fn handle(&mut self, now: Now, events: Vec<Event>) -> Vec<Outcome> {
        self.refresh_answers(now.wall);
        self.follow_modes(now.wall);
        let outcomes = self.next_batch(now, events);
        if self.is_through() {
            self.digests(self.judged);
            self.rights(self.judged);
            self.look_at_itself(self.judged);
            self.measure(self.judged);
        }
        outcomes
    }

    fn next_batch(&mut self, now: Now, events: Vec<Event>) -> Vec<Outcome> {
        let today = now.wall;
        for mut event in events {
            if let Event::Intake(Intake::Arrived(arrival)) = &mut event {
                // No mail comes from the future, whatever its server says.
                arrival.received_at = arrival.received_at.min(today);
            }
            self.take(event);
        }
        if self.trouble.is_some_and(|t| t.retry_at > today && t.retry_at.since(today) <= 60) {
            return Vec::new();
        }
        let plan = self.plan(now);
        if plan.is_empty() {
            return Vec::new();
        }
        // A command may have erased somebody meanwhile.
        if let Err(error) = self.erased.refresh() {
            tracing::error!("{}", void::chain(&error));
        }
        match self.commit(now, &plan) {
            Ok(done) => {
                let mut outcomes = if self.trouble.take().is_some() { vec![Outcome::Recovered] } else { Vec::new() };
                self.narrow = self.narrow.saturating_sub(plan.items());
                self.settle(&plan, done, &mut outcomes);
                outcomes
            }
            Err(error) => self.void(&error, &plan, today),
        }
    }

    /// Whether there is more to do right now.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.trouble.is_none_or(|t| t.retry_at == Trouble::AT_ONCE)
            && (!self.waiting.is_empty() || !self.flight.ready(1).is_empty() || self.look || self.can_pick_up())
    }

    fn can_pick_up(&self) -> bool {
        match self.backlog {
            Backlog::Empty => false,
            Backlog::Some => self.flight.has_room(),
            Backlog::Alone => self.flight.is_empty(),
        }
    }

    /// Whether nothing is on its way through the engine: all that came is decided.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.waiting.is_empty()
            && self.flight.is_empty()
            && self.backlog == Backlog::Empty
            && !self.look
            && self.trouble.is_none()
    }

    /// Whether all results of sending are written down.
    #[must_use]
    pub fn has_no_results_waiting(&self) -> bool {
        self.waiting.results.is_empty()
    }

    /// Whether a letter is at the reader.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.flight.is_reading()
    }

    /// The outlets are others now; each tells anew how many places it has.
    pub fn forget_places(&mut self) {
        self.free.clear();
    }

    /// What these mailboxes could not send is tried again at once.
    ///
    /// # Errors
    /// A database error.
    pub fn hurry(&mut self, mailboxes: &[String], now: Time) -> Result<(), StoreError> {
        self.store.batch(|tx| mailboxes.iter().try_for_each(|mailbox| tx.hurry(mailbox, now)))?;
        self.expect_more();
        Ok(())
    }

    /// Claims nothing from now on.
    pub fn stop_sending(&mut self) {
        self.free.clear();
        self.sends = false;
    }

    /// When to call [`Self::handle`] even if nothing happens.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        match self.trouble {
            Some(trouble) => Some(trouble.retry_at),
            None => [self.next_due, self.next_digest(), self.next_look_at_itself(), self.next_right()]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Another process has written to the database since this was last asked.
    pub fn look_around(&mut self) -> Result<(), StoreError> {
        let version = self.store.data_version()?;
        if version != self.data_version {
            self.data_version = version;
            self.expect_more();
        }
        Ok(())
    }

    /// A reader was given up on: see [`reader::Reader::give_up_overdue`].
    pub fn too_slow(&mut self, letter: LetterNo) {
        self.flight.read(letter, Err(reader::ReadFailure::TooSlow));
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Intake(intake) => self.waiting.intake.push_back(intake),
            Event::Read(letter, reading) => self.flight.read(letter, reading),
            Event::Delivered { parcel, results, refused_null_sender } => {
                self.waiting.results.push_back(Finished::Delivered { parcel, results, refused_null_sender });
            }
            Event::SentCopy { parcel } => self.waiting.results.push_back(Finished::SentCopy { parcel }),
            Event::FoundInSent { parcel } => {
                if let Some(mail) = self.take_unknown(parcel) {
                    let fate = Delivery::Accepted { reply: "found in Sent after a restart".to_owned() };
                    let results = mail.to.into_iter().map(|to| (to, fate.clone())).collect();
                    self.waiting.results.push_back(Finished::Delivered { parcel, results, refused_null_sender: false });
                }
            }
            Event::SendAgain { parcel } => {
                let mail = self.take_unknown(parcel).map(|mail| Finished::Again(Box::new(mail)));
                self.waiting.results.extend(mail);
            }
            Event::Free(outlet, places) => {
                if self.sends {
                    *self.free.entry(outlet).or_default() += places;
                    self.look = true;
                }
            }
            Event::ServerTime(time) => self.clock.stated(time),
            Event::Poked => self.expect_more(),
        }
    }

    /// There may be letters and parcels that another process has written.
    fn expect_more(&mut self) {
        self.backlog = self.backlog.max(Backlog::Some);
        self.look = true;
    }

    /// What the next batch is made of.
    fn plan(&self, now: Now) -> Plan {
        let mut plan = Plan { results: self.waiting.results.len(), ..Plan::default() };
        if self.narrow > 0 {
            // One item: the first there is, and nothing that could fail beside it.
            plan.results = plan.results.min(1);
            if plan.results == 0 {
                plan.letters = self.flight.ready(1);
            }
            if plan.results == 0 && plan.letters.is_empty() {
                plan.intake = self.waiting.intake.len().min(1);
            }
            if plan.items() > 0 {
                return plan;
            }
        } else {
            plan.letters = self.flight.ready(BATCH_LETTERS);
            let mut bytes = 0;
            plan.intake = self
                .waiting
                .intake
                .iter()
                .take(BATCH_LETTERS)
                .take_while(|intake| {
                    let fits = bytes == 0 || bytes < BATCH_BYTES;
                    if let Intake::Arrived(arrival) = intake {
                        bytes += arrival.packed.len();
                    }
                    fits
                })
                .count();
        }
        plan.pick_up = self.can_pick_up();
        // For a digest nothing is claimed, but the clock is judged first.
        let due = self.next_due.is_some_and(|at| at <= now.wall)
            || self.next_digest().is_some_and(|at| at <= now.wall)
            || self.next_right().is_some_and(|at| at <= now.wall)
            || self.next_look_at_itself().is_some_and(|at| at <= now.wall);
        plan.claim = self.look || due || plan.results > 0 || !plan.letters.is_empty();
        if plan.items() == 0 && plan.pick_up && self.trouble.is_some_and(|t| t.tries % 2 == 1) {
            // Perhaps it is the claiming that fails: letters go on without it.
            plan.claim = false;
        }
        plan
    }

    /// Brings the engine's own state up to what was committed.
    fn settle(&mut self, plan: &Plan, done: Done, outcomes: &mut Vec<Outcome>) {
        self.clock = done.clock;
        self.judged = done.now;
        if self.doubt != done.doubt {
            match done.doubt {
                Some(doubt) => tracing::warn!(
                    "{}: mail is taken in and answers are sent, everything else waits until new mail confirms the time",
                    doubt.as_str()
                ),
                None => tracing::info!("the machine's clock is believed again"),
            }
        }
        self.doubt = done.doubt;
        self.waiting.results.drain(..done.results.min(self.waiting.results.len()));
        for letter in &done.decided {
            self.flight.remove(*letter);
        }
        // One of them may have been a manager's word.
        self.rights_look |= !done.decided.is_empty();
        self.waiting.intake.drain(..done.intake.min(self.waiting.intake.len()));
        if plan.claim {
            self.look = done.more_is_due;
            self.next_due = done.next_due;
        }
        self.backlog = done.backlog;
        if done.canned {
            self.shelf.forget();
        }
        self.footprint = done.footprint.unwrap_or(self.footprint);
        said(&done.verdicts);
        outcomes.extend(done.custody);
        let mut jobs = Vec::new();
        for (job, waiting) in done.to_read {
            self.flight.insert(job.letter, waiting);
            jobs.push(job);
        }
        if !jobs.is_empty() {
            outcomes.push(Outcome::Read(jobs));
        }
        for consignment in &done.send {
            if let Some(places) = self.free.get_mut(&consignment.outlet) {
                *places = places.saturating_sub(1);
            }
        }
        if !done.send.is_empty() {
            outcomes.push(Outcome::Send(done.send));
        }
        if let Some(why) = done.halted
            && self.halted.is_none()
        {
            self.halted = Some(why.clone());
            outcomes.push(Outcome::Halted(why));
        }
    }
}

/// One line a letter, or one for many.
fn said(verdicts: &[Verdict]) {
    if verdicts.len() > 8 {
        tracing::info!(letters = verdicts.len(), "letters decided");
        return;
    }
    for Verdict { letter, fate, ticket } in verdicts {
        tracing::info!(letter = letter.0, ticket, fate, "letter decided");
    }
}
