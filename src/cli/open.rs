//! What most commands begin with: the configuration found and read, the time, and the database opened.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::args::Global;
use crate::cli::error::{CommandError, Kind};
use crate::config;
use crate::config::settings::Settings;
use crate::desk::Rules;
use crate::desk::act::{Act, Refusal, act};
use crate::desk::digest::Reader;
use crate::engine::clock::{self, Now};
use crate::engine::clocks;
use crate::engine::desk_dir::DeskDir;
use crate::engine::digest::DigestError;
use crate::engine::export::{Export, RawMail};
use crate::engine::privacy::{Erasure, PrivacyError};
use crate::engine::{Engine, Post};
use crate::model::{Address, TicketNo, Time};
use crate::plan::{Change, Clues, Findings};
use crate::report::digest::Digest;
use crate::store::privacy::Estate;
use crate::store::{Role, Store, StoreError, Tx};

/// The configuration's path: `--config`, else `$SVAR_CONFIG`, else the first of the usual places that is there.
pub fn config_path(global: &Global) -> Result<PathBuf, CommandError> {
    let named = std::env::var_os("SVAR_CONFIG");
    config::find(global.config.as_deref(), named.as_deref())
        .map_err(|e| CommandError::of(&e).kind(Kind::Usage).hint("`svar demo` needs none."))
}

/// The configuration, checked.
pub fn settings(global: &Global) -> Result<Settings, CommandError> {
    let path = config_path(global)?;
    config::load(&path).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let what = match lines.len() {
            1 => "the configuration is wrong".to_owned(),
            n => format!("the configuration is wrong in {n} places"),
        };
        lines.into_iter().fold(CommandError::usage(what), CommandError::hint)
    })
}

/// `--now`, else the clock.
pub fn now(global: &Global) -> Time {
    global.now.unwrap_or_else(clock::now)
}

/// A desk to look into.
#[derive(Debug)]
pub struct Desk {
    pub settings: Settings,
    pub now: Time,
    store: Store,
}

impl Desk {
    pub fn open(global: &Global) -> Result<Self, CommandError> {
        let settings = settings(global)?;
        let path = DeskDir::at(&settings.desk.data_dir).database();
        let mut store = Store::open(&path, Role::Reader).map_err(|e| store_error(&e))?;
        let by = store.read(|tx| tx.clocks_fingerprint()).map_err(|e| store_error(&e))?;
        if by.as_ref() != Some(&settings.fingerprint) {
            // Calendars and targets may have changed since. On a disk that cannot be written, what was due then is shown.
            if let Err(error) = Store::open(&path, Role::Guest).and_then(|mut s| clocks::follow_all(&mut s, &settings))
            {
                tracing::debug!(%error, "due times are those of another configuration");
            }
        }
        Ok(Self { settings, now: now(global), store })
    }

    /// Reads in views of its own, one after another.
    pub fn reads<T>(
        &mut self,
        work: impl FnOnce(&mut Store, &Settings, Time) -> Result<T, StoreError>,
    ) -> Result<T, CommandError> {
        work(&mut self.store, &self.settings, self.now).map_err(|e| store_error(&e))
    }

    /// Reads what no single view of the database should be held for.
    pub fn with_store<T>(&mut self, work: impl FnOnce(&mut Store) -> Result<T, StoreError>) -> Result<T, CommandError> {
        work(&mut self.store).map_err(|e| store_error(&e))
    }

    /// Looks at one unchanging view of the database.
    pub fn read<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, CommandError> {
        self.store.read(work).map_err(|e| store_error(&e))
    }
}

/// A database error in the user's words, with what to do about it.
#[must_use]
pub fn store_error(error: &StoreError) -> CommandError {
    let told = CommandError::of(error);
    match error {
        StoreError::Missing { .. } => {
            told.hint("`svar run` makes it. Is `data_dir` in the configuration the right one?")
        }
        StoreError::Version { found, wanted } if found < wanted => {
            told.hint("Restart the daemon: at its start `svar run` brings the database up to this version.")
        }
        StoreError::Rejected(why) => CommandError::failed(why.clone()),
        StoreError::Version { .. } => told.hint("This svar is older than the database: use the newer one."),
        _ => told,
    }
}

/// A desk to change, beside a daemon or without one.
#[derive(Debug)]
pub struct Writer {
    engine: Engine,
    reading: Now,
    /// Of the time of day, for what people read and type.
    now: Time,
    actor: String,
}

impl Writer {
    pub fn open(global: &Global) -> Result<Self, CommandError> {
        let settings = Arc::new(settings(global)?);
        let reading = reading(global, &settings)?;
        let fingerprint = settings.fingerprint.clone();
        let mut engine = Engine::open(settings, Post::Command).map_err(|e| CommandError::of(&e))?;
        let daemons = engine.store().read(|tx| tx.config_fingerprint()).map_err(|e| store_error(&e))?;
        if engine.dir().is_locked() && daemons.is_some_and(|d| d != fingerprint) {
            tracing::warn!(
                "the daemon runs with another configuration than this command; SIGHUP makes it read the new one"
            );
        }
        let user = ["USER", "LOGNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|u| !u.is_empty()));
        let actor = format!("shell:{}", user.unwrap_or_else(|| "unknown".to_owned()));
        Ok(Self { engine, reading, now: reading.wall, actor })
    }

    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(self.engine.settings())
    }

    /// Makes a digest and puts it into the outbox. The daemon is woken.
    pub fn send_digest(&mut self, kind: crate::report::kind::Kind, reader: &Reader) -> Result<Digest, CommandError> {
        self.engine.send_digest(kind, reader, self.now).map_err(|e| match e {
            DigestError::Store(error) => store_error(&error),
            DigestError::OnlyWatches(_) => CommandError::of(&e).hint("Name the address of a [[manager]]."),
        })
    }

    /// See [`Engine::estate_of`].
    pub fn estate_of(&mut self, address: &Address) -> Result<Estate, PrivacyError> {
        self.engine.estate_of(address)
    }

    /// A person's data for herself; the act is recorded.
    pub fn export(&mut self, address: &Address, estate: &Estate) -> Result<(Export, Vec<RawMail>), PrivacyError> {
        self.engine.note_export(estate, address, &self.actor, self.now)?;
        Ok(self.engine.export(address, estate, self.now)?)
    }

    /// See [`Engine::erase`]; the act is recorded.
    pub fn erase(&mut self, address: &Address) -> Result<Erasure, PrivacyError> {
        self.engine.erase(address, &self.actor, self.now)
    }

    /// Whoever types, as events name him.
    #[must_use]
    pub fn actor(&self) -> String {
        self.actor.clone()
    }

    /// What has verbs of its own in the engine.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        self.engine.settings().desk.time_zone.clone()
    }

    /// Does the same thing to each of `tickets`, all or none. `what` may want to know who the agents are. Gives back what was done.
    pub fn act(
        &mut self,
        tickets: &[TicketNo],
        what: impl FnOnce(&Rules<'_>, Time) -> Result<Act, Refusal>,
    ) -> Result<Act, CommandError> {
        self.act_knowing(tickets, tickets, what)
    }

    /// The same, where more tickets than those must be looked up.
    pub fn act_knowing(
        &mut self,
        tickets: &[TicketNo],
        known: &[TicketNo],
        what: impl FnOnce(&Rules<'_>, Time) -> Result<Act, Refusal>,
    ) -> Result<Act, CommandError> {
        let clues = Clues { numbers: known.to_vec(), ..Clues::default() };
        let actor = self.actor.clone();
        let mut done = None;
        self.decide(&clues, |findings, rules, now| {
            let what = what(rules, now)?;
            let changes = act(tickets, &what, &actor, findings, rules, now)?;
            done = Some(what);
            Ok(changes)
        })?;
        done.ok_or_else(|| CommandError::failed("nothing was done"))
    }

    fn decide(
        &mut self,
        clues: &Clues,
        decide: impl FnOnce(&Findings, &Rules<'_>, Time) -> Result<Vec<Change>, Refusal>,
    ) -> Result<(), CommandError> {
        let decided = self.engine.change(self.reading, clues, decide).map_err(|e| store_error(&e))?;
        decided.map(drop).map_err(|refusal| CommandError::failed(refusal.to_string()))
    }

    /// Writes down changes that need no decision.
    pub fn apply(&mut self, changes: impl FnOnce(Time) -> Vec<Change>) -> Result<(), CommandError> {
        self.decide(&Clues::default(), |_, _, now| Ok(changes(now)))
    }

    /// What is no decision about a ticket. The daemon is woken.
    pub fn batch<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>, Time) -> Result<T, StoreError>,
    ) -> Result<T, CommandError> {
        let now = self.now;
        let done = self.engine.store().batch(|tx| work(tx, now)).map_err(|e| store_error(&e))?;
        self.engine.dir().poke();
        Ok(done)
    }
}

/// The time for a command that writes. `--now` is refused beside a daemon: two clocks on one desk would put times out of order.
pub fn reading(global: &Global, settings: &Settings) -> Result<Now, CommandError> {
    let Some(now) = global.now else { return Ok(clock::read()) };
    if DeskDir::at(&settings.desk.data_dir).is_locked() {
        return Err(CommandError::usage("--now is refused on a command that writes while a daemon runs"));
    }
    Ok(Now::given(now))
}
