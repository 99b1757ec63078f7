//! Opens the desk: directory, lock, key and database, and the refusal to work on a database that is not at home.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::settings::Settings;
use crate::desk::sign::Key;
use crate::engine::Engine;
use crate::engine::answers::Shelf;
use crate::engine::batch::Backlog;
use crate::engine::clock::Clock;
use crate::engine::clocks;
use crate::engine::desk_dir::{self, DeskDir, DeskDirError, Footprint};
use crate::engine::digest::Digests;
use crate::engine::erased::Erased;
use crate::engine::event::{Consignment, Waiting};
use crate::engine::in_flight::InFlight;
use crate::engine::metrics::Written;
use crate::engine::vitals::Vitals;
use crate::engine::void::chain;
use crate::model::{ParcelNo, Time};
use crate::store::{Role, Store, StoreError, Tx, backup};

/// Why the desk does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Dir(#[from] DeskDirError),
    #[error("cannot open the database {}: {source}", path.display())]
    Store {
        path: PathBuf,
        #[source]
        source: StoreError,
    },
    #[error(
        "the database in {} belongs to another machine or directory ({theirs}); two desks on one mailbox would both answer. \
         If it was moved here for good, run `svar adopt`",
        path.display()
    )]
    NotAtHome { path: PathBuf, theirs: String },
    #[error(
        "the database in {} is older than the last one used here (an old copy was put in its place); \
         numbers and signatures would be used twice. Run `svar restore FILE` with that copy instead",
        path.display()
    )]
    Older { path: PathBuf },
    #[error("sending was stopped: {why}. When that is put right, run `svar adopt`")]
    Halted { why: String },
}

/// Whether a process sends, or only writes beside one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Holds the directory's lock; the only one that reads mailboxes and sends.
    Daemon,
    /// A command. Works beside a daemon as well as without one.
    Command,
}

impl Engine {
    /// Opens the desk that `settings` name. At the first daemon's or command's start it makes the directory, the key and the
    /// database.
    ///
    /// # Errors
    /// Somebody else holds the lock; the database is not at home, older than its footprint, or halted; what the disk says.
    pub fn open(settings: Arc<Settings>, post: Post) -> Result<Self, OpenError> {
        let dir = DeskDir::prepare(&settings.desk.data_dir)?;
        let path = dir.database();
        let fail = |source| OpenError::Store { path: path.clone(), source };
        let (lock, mut store) = match post {
            Post::Daemon => {
                let lock = dir.lock()?;
                // Half a restored database holds people who were erased since its backup.
                backup::clear_leftovers(&path).map_err(fail)?;
                (Some(lock), Store::open(&path, Role::Owner).map_err(fail)?)
            }
            Post::Command => match Store::open(&path, Role::Guest) {
                Ok(store) => (None, store),
                // The first command ever, or the first after an upgrade: only the holder of the lock may do that.
                Err(StoreError::Missing { .. } | StoreError::Version { .. }) => {
                    let lock = dir.lock()?;
                    drop(Store::open(&path, Role::Owner).map_err(fail)?);
                    drop(lock);
                    (None, Store::open(&path, Role::Guest).map_err(fail)?)
                }
                Err(source) => return Err(fail(source)),
            },
        };
        let key = Key::new(&dir.key()?);
        let mut engine = Self::assemble(dir, store_ready(&mut store).map_err(fail)?, settings, key, store);
        engine.lock = lock;
        if post == Post::Daemon {
            engine.move_in()?;
        }
        Ok(engine)
    }

    /// A desk on a database in memory, for tests and plays. Nothing is locked, nothing is left behind.
    ///
    /// # Errors
    /// Only if there is no memory.
    pub fn in_memory(settings: Arc<Settings>, key: Key) -> Result<Self, StoreError> {
        Self::on(Store::in_memory()?, settings, key)
    }

    /// A desk on a store that somebody else has opened.
    ///
    /// # Errors
    /// A database error.
    pub fn on(mut store: Store, settings: Arc<Settings>, key: Key) -> Result<Self, StoreError> {
        let dir = DeskDir::at(&settings.desk.data_dir);
        let footprint = store_ready(&mut store)?;
        Ok(Self::assemble(dir, footprint, settings, key, store))
    }

    fn assemble(dir: DeskDir, footprint: Footprint, settings: Arc<Settings>, key: Key, store: Store) -> Self {
        let mut erased = Erased::at(dir.erased());
        if let Err(error) = erased.refresh() {
            tracing::error!("{}", chain(&error));
        }
        Self {
            dir,
            erased,
            lock: None,
            data_version: store.data_version().unwrap_or(0),
            store,
            settings,
            library: Arc::default(),
            shelf: Shelf::default(),
            key,
            read: crate::mail::read::read,
            clock: Clock::default(),
            doubt: None,
            judged: Time::default(),
            digests: Digests::default(),
            rights_at: None,
            rights_look: true,
            rights_again: None,
            erases: true,
            modes_look: true,
            vitals: Vitals::default(),
            written: Written::default(),
            waiting: Waiting::default(),
            flight: InFlight::default(),
            backlog: Backlog::Some,
            free: BTreeMap::new(),
            next_due: None,
            look: true,
            unknown: Vec::new(),
            narrow: 0,
            trouble: None,
            halted: None,
            sends: true,
            footprint,
            footprint_left: None,
        }
    }

    /// The checks of whoever is to send: is this database the one that was here last?
    fn move_in(&mut self) -> Result<(), OpenError> {
        let path = self.dir.database();
        let fail = |source| OpenError::Store { path: path.clone(), source };
        let here = self.dir.owner();
        let (owner, halted) = self.store.read(|tx| Ok((tx.owner()?, tx.halted()?))).map_err(fail)?;
        match owner {
            Some(theirs) if !desk_dir::is_same_owner(&theirs, &here) => {
                return Err(OpenError::NotAtHome { path: self.dir.database(), theirs: theirs.data_dir });
            }
            Some(_) => {}
            None => self.store.batch(|tx| tx.set_owner(&here)).map_err(fail)?,
        }
        if let Some(left) = self.dir.footprint()?
            && left.is_ahead_of(&self.footprint)
        {
            return Err(OpenError::Older { path: self.dir.database() });
        }
        if let Some(why) = halted {
            return Err(OpenError::Halted { why });
        }
        self.hold_what_may_not_leave().map_err(fail)?;
        self.unknown = self.claimed_at_start().map_err(fail)?;
        let fingerprint = self.settings.fingerprint.clone();
        self.store.batch(|tx| tx.set_config_fingerprint(&fingerprint)).map_err(fail)?;
        // Calendars and targets may be others than when it last ran.
        clocks::follow_all(&mut self.store, &self.settings).map_err(fail)
    }

    /// Mails whose result is unknown: they were claimed when the last holder of the lock died. `mailbox`: only those that go out in
    /// its name. Each stays among them until [`Event::FoundInSent`](crate::engine::Event::FoundInSent) or
    /// [`Event::SendAgain`](crate::engine::Event::SendAgain) comes: whoever asks Sent may fail at any moment.
    #[must_use]
    pub fn unknown(&self, mailbox: Option<&str>) -> Vec<Consignment> {
        self.unknown.iter().filter(|c| mailbox.is_none_or(|m| c.outlet.mailbox == m)).cloned().collect()
    }

    /// `None`: somebody else has told of it meanwhile.
    pub(super) fn take_unknown(&mut self, parcel: ParcelNo) -> Option<Consignment> {
        let at = self.unknown.iter().position(|c| c.parcel == parcel)?;
        Some(self.unknown.remove(at))
    }

    /// Leaves the footprint beside the database if it has changed. Called now and then, and at the end.
    ///
    /// # Errors
    /// What the disk says.
    pub fn leave_footprint(&mut self) -> Result<(), DeskDirError> {
        if self.lock.is_none() || self.footprint_left == Some(self.footprint) {
            return Ok(());
        }
        self.dir.leave_footprint(&self.footprint)?;
        self.footprint_left = Some(self.footprint);
        Ok(())
    }
}

fn store_ready(store: &mut Store) -> Result<Footprint, StoreError> {
    store.read(|tx| Ok(footprint(tx)))
}

/// The highest numbers given out so far.
pub(super) fn footprint(tx: &Tx<'_>) -> Footprint {
    let (ticket, parcel) = tx.highest();
    Footprint { epoch: tx.epoch(), ticket: ticket.0, parcel: parcel.0 }
}
