//! Drives a real engine without a network and without waiting: a Maildir in, a Maildir out, and whatever time it is told.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::settings::Settings;
use crate::engine::clock::Now;
use crate::engine::{Consignment, Engine, Event, Intake, OpenError, Outcome, Post};
use crate::model::{Channel, SourceNo, Time};
use crate::net::{Wire, maildir, outdir};
use crate::plan::{Folder, Route};
use crate::store::{Arrival, Outlet, StoreError, custody};

/// Why a play came to an end before its time.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error("cannot write {}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("{}", path.display())]
    NotEmpty { path: PathBuf },
    #[error("the desk stopped: {0}")]
    Stopped(String),
    #[error("the demo's own configuration is wrong: {0}")]
    Configuration(String),
}

/// A desk at work in a directory of its own.
#[derive(Debug)]
pub struct Play {
    engine: Engine,
    mailbox: String,
    source: SourceNo,
    inbox: PathBuf,
    sent: PathBuf,
}

/// More than ever wait at once.
const PLACES: usize = 1000;
/// A pass that does not come to rest is a fault.
const ROUNDS: usize = 10_000;

impl Play {
    /// Opens the desk of `settings`, whose only mailbox reads the Maildir `inbox` and writes the Maildir `sent`.
    pub fn open(settings: Arc<Settings>, inbox: &Path, sent: &Path, now: Time) -> Result<Self, PlayError> {
        for path in [inbox, sent] {
            maildir::make(path).map_err(|source| PlayError::File { path: path.to_owned(), source })?;
        }
        let mailbox = settings.mailboxes.first().map_or_else(String::new, |m| m.name.clone());
        let mut engine = Engine::open(settings, Post::Daemon)?;
        let folder = inbox.to_string_lossy();
        let source = engine.store().batch(|tx| tx.source("maildir", &folder, "", &mailbox, now))?.no;
        let free = [Route::Mailbox, Route::Notify]
            .map(|route| Event::Free(Outlet { mailbox: mailbox.clone(), route }, PLACES));
        engine.mailboxes_are_read();
        engine.handle(Now::given(now), free.into());
        Ok(Self { engine, mailbox, source, inbox: inbox.to_owned(), sent: sent.to_owned() })
    }

    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// When the desk wants to be called even if nothing comes.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        self.engine.next_wake()
    }

    /// It is `now` and these mails come. All that follows from them is decided and sent; gives back the mails that left.
    pub fn at(&mut self, now: Time, mails: &[Vec<u8>], serial: &mut u32) -> Result<Vec<Arc<Vec<u8>>>, PlayError> {
        let mut events = Vec::new();
        for raw in mails {
            *serial += 1;
            let name = format!("{}.M{serial:05}.demo", now.unix());
            maildir::deliver_into(&self.inbox, raw, &name)
                .map_err(|source| PlayError::File { path: self.inbox.clone(), source })?;
            events.push(Event::Intake(Intake::Arrived(self.arrival(&name, raw, now))));
        }
        let mut sent = Vec::new();
        for _ in 0..ROUNDS {
            let outcomes = self.engine.handle(Now::given(now), std::mem::take(&mut events));
            for outcome in outcomes {
                match outcome {
                    Outcome::Read(jobs) => events.extend(self.engine.read_here(&jobs)),
                    Outcome::Send(consignments) => {
                        for consignment in consignments {
                            events.extend(self.send(&consignment, now));
                            sent.push(consignment.bytes);
                        }
                    }
                    Outcome::Trouble(why) | Outcome::Halted(why) | Outcome::Damaged(why) => {
                        return Err(PlayError::Stopped(why));
                    }
                    _ => {}
                }
            }
            if events.is_empty() && !self.engine.is_busy() {
                return Ok(sent);
            }
        }
        Err(PlayError::Stopped("it does not come to rest".to_owned()))
    }

    fn arrival(&self, name: &str, raw: &[u8], now: Time) -> Arrival {
        Arrival {
            source: self.source,
            mailbox: self.mailbox.clone(),
            channel: Channel::Mail,
            folder: Folder::Inbox,
            uidvalidity: 0,
            uid: 0,
            name: Some(name.to_owned()),
            received_at: now,
            old: false,
            size_bytes: i64::try_from(raw.len()).unwrap_or(i64::MAX),
            truncated: false,
            packed: custody::pack(raw),
            sha256: custody::sha256(raw),
        }
    }

    /// Writes a mail into the Maildir of what was sent, and says how it went.
    fn send(&self, consignment: &Consignment, now: Time) -> Vec<Event> {
        let wire =
            Wire { from: consignment.from.clone(), to: consignment.to.clone(), bytes: Arc::clone(&consignment.bytes) };
        let results = outdir::send(&self.sent, &wire, now, &consignment.message_id);
        vec![
            Event::Delivered { parcel: consignment.parcel, results, refused_null_sender: false },
            Event::Free(consignment.outlet.clone(), 1),
        ]
    }
}
