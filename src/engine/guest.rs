//! What a command does beside the daemon: a mail from an MTA's pipe, and acts of people.

use crate::desk::Rules;
use crate::engine::clock::Now;
use crate::engine::clocks;
use crate::engine::desk_dir::DeskDirError;
use crate::engine::reader::{self, Job, ReadFn};
use crate::engine::{Engine, Event, Intake, Outcome};
use crate::model::{Channel, Time};
use crate::plan::{Change, Clues, Findings, Folder};
use crate::store::{Arrival, Blobs, StoreError, custody};

/// Why a piped mail was not taken. All of them mean: try again later.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    #[error("there is no mailbox called {0}")]
    NoMailbox(String),
    #[error("the mail could not be stored: {0}")]
    Store(#[from] StoreError),
    #[error("the mail could not be stored: {0}")]
    NotKept(String),
    #[error(transparent)]
    Dir(#[from] DeskDirError),
}

/// Takes one mail from a pipe into custody and decides on it at once. Once this is `Ok` the mail is safe, even if the decision on it
/// could not be made: then the daemon makes it.
///
/// # Errors
/// The mail is not in custody; the MTA must keep it.
pub fn deliver(engine: &mut Engine, mailbox: &str, raw: &[u8], now: Now) -> Result<(), DeliverError> {
    if engine.settings().mailbox(mailbox).is_none() {
        return Err(DeliverError::NoMailbox(mailbox.to_owned()));
    }
    let limit = usize::try_from(engine.settings().limits.message_size_bytes).unwrap_or(usize::MAX);
    let sha256 = custody::sha256(raw);
    // The same bytes piped in twice (an MTA that was not sure) are one mail; what differs in a Received line is not the same.
    let name = data_encoding::HEXLOWER.encode(&sha256);
    let taken = &raw[..raw.len().min(limit)];
    let source = engine.store().batch(|tx| tx.source("pipe", "", mailbox, mailbox, now.wall))?;
    let arrival = Arrival {
        source: source.no,
        mailbox: mailbox.to_owned(),
        channel: Channel::Pipe,
        folder: Folder::Inbox,
        uidvalidity: 0,
        uid: 0,
        name: Some(name),
        received_at: now.wall,
        old: false,
        size_bytes: i64::try_from(raw.len()).unwrap_or(i64::MAX),
        truncated: taken.len() < raw.len(),
        packed: custody::pack(taken),
        sha256,
    };
    // Only this letter: whatever else waits is the daemon's.
    engine.backlog = super::batch::Backlog::Empty;
    let mut outcomes = engine.handle(now, vec![Event::Intake(Intake::Arrived(arrival))]);
    if !outcomes.iter().any(|o| matches!(o, Outcome::InCustody { .. })) {
        let why = outcomes.into_iter().find_map(|o| if let Outcome::Trouble(why) = o { Some(why) } else { None });
        return Err(DeliverError::NotKept(why.unwrap_or_else(|| "the database cannot be written".to_owned())));
    }
    // One attempt here. If it comes to nothing, the daemon has the other.
    while let Some(jobs) = outcomes.iter_mut().find_map(|o| if let Outcome::Read(jobs) = o { Some(jobs) } else { None })
    {
        let events = jobs.drain(..).map(|job| Event::Read(job.letter, reader::read_alone(engine.read, job))).collect();
        outcomes = engine.handle(now, events);
        engine.backlog = super::batch::Backlog::Empty;
    }
    engine.dir().poke();
    Ok(())
}

impl Engine {
    /// Decides something at a person's word: looks up what `clues` name, asks `decide`, and writes down what it says, in one
    /// transaction. The daemon is woken.
    ///
    /// # Errors
    /// The database's. What `decide` refuses is in the inner result.
    pub fn change<R>(
        &mut self,
        now: Now,
        clues: &Clues,
        decide: impl FnOnce(&Findings, &Rules<'_>, Time) -> Result<Vec<Change>, R>,
    ) -> Result<Result<Vec<Change>, R>, StoreError> {
        self.refresh_answers(now.wall);
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let mut clock = self.clock;
        let decided = self.store.batch(|tx| {
            let last = Some(tx.last_now()).filter(|t| t.unix() > 0);
            let now = clock.judge(now, last).now;
            let findings = tx.lookup(clues, now)?;
            match decide(&findings, &Rules { settings: &settings, key: &key, library: &library }, now) {
                Err(reason) => Ok(Err(reason)),
                Ok(changes) => {
                    tx.set_last_now(now);
                    tx.apply(&changes, &Blobs::new(), now)?;
                    clocks::follow(tx, &settings, &changes)?;
                    Ok(Ok(changes))
                }
            }
        })?;
        self.clock = clock;
        self.look = true;
        self.dir.poke();
        Ok(decided)
    }

    /// How this engine reads letters.
    #[must_use]
    pub fn read_fn(&self) -> ReadFn {
        self.read
    }

    /// Reads letters on the caller's own thread, one after another: for plays and tests, where the mail is our own.
    #[must_use]
    pub fn read_here(&self, jobs: &[Job]) -> Vec<Event> {
        jobs.iter().map(|job| Event::Read(job.letter, reader::read_fenced(self.read, job))).collect()
    }
}
