//! What goes wrong around the engine: a database that fails or dies at any statement, and what is left on the disk then.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use svar::store::DbErrorKind;
use svar::store::faults::{Fault, Moment, watch_this_thread};

use crate::chance::Chance;

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The process is killed: what it has handed to the kernel stays.
    Killed,
    /// The power fails while COMMIT writes: the log ends in the middle of its last transaction.
    Torn,
    /// SQLite ends the transaction by itself.
    Ended(DbErrorKind),
    /// SQLite refuses the statement.
    Refused(DbErrorKind),
}

pub const BLOWS: [Blow; 6] = [
    Blow::Killed,
    Blow::Torn,
    Blow::Ended(DbErrorKind::Full),
    Blow::Ended(DbErrorKind::Io),
    Blow::Ended(DbErrorKind::NoMem),
    Blow::Refused(DbErrorKind::Busy),
];

/// A long step is struck more than once, so many places apart: each time there is time to recover in between.
pub const PERIOD: usize = 601;

/// Where a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Statement,
    Committed,
    Transport,
}

/// When faults strike.
#[derive(Debug)]
enum Plan {
    Never,
    /// At this place, counted from the last [`Storm::begin`], and at each [`PERIOD`]th after it.
    At(usize, Blow),
    /// One place in so many; a full disk stays full for a while.
    Now(Chance, usize),
}

#[derive(Debug)]
struct State {
    plan: Plan,
    /// Faults strike only where the desk itself is at work.
    armed: bool,
    dead: bool,
    /// So many places since the last [`Storm::begin`].
    places: usize,
    /// So many statements still fail in the same way.
    lasting: Option<(usize, Fault)>,
    log_before: u64,
    struck: Vec<String>,
}

/// The weather of one world.
#[derive(Debug)]
pub struct Storm {
    state: Mutex<State>,
    data: PathBuf,
}

impl Storm {
    /// For a desk in `data`; watches all connections that this thread opens from now on.
    pub fn over(data: &Path) -> Arc<Self> {
        let state = State {
            plan: Plan::Never,
            armed: false,
            dead: false,
            places: 0,
            lasting: None,
            log_before: 0,
            struck: Vec::new(),
        };
        let storm = Arc::new(Self { state: Mutex::new(state), data: data.to_owned() });
        let watching = Arc::clone(&storm);
        watch_this_thread(Some(Arc::new(move |moment, sql: &str| watching.statement(moment, sql))));
        storm
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts anew; `strike`: what happens at which place.
    pub fn begin(&self, strike: Option<(usize, Blow)>) {
        let mut state = self.state();
        state.places = 0;
        state.plan = strike.map_or(Plan::Never, |(at, blow)| Plan::At(at, blow));
    }

    /// From now on one place in `one_in` is struck, by chance.
    pub fn rage(&self, seed: u64, one_in: usize) {
        self.state().plan = Plan::Now(Chance::new(seed), one_in);
    }

    pub fn calm(&self) {
        let mut state = self.state();
        state.plan = Plan::Never;
        state.lasting = None;
    }

    /// Places since the last [`Self::begin`].
    pub fn places(&self) -> usize {
        self.state().places
    }

    pub fn struck(&self) -> Vec<String> {
        self.state().struck.clone()
    }

    /// Whether faults may strike from now on; whether they could before.
    pub fn arm(&self, armed: bool) -> bool {
        std::mem::replace(&mut self.state().armed, armed)
    }

    /// Something is handed to a server, or its answer has come and nobody knows of it: only death can strike here.
    pub fn transport(&self) {
        let mut state = self.state();
        if let Some(Blow::Killed) = state.next(Place::Transport, "a transport") {
            self.die(&mut state, None);
        }
    }

    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// A new process: on the disk lies what the old one had left there when it died.
    pub fn rise(&self) {
        let mut state = self.state();
        state.dead = false;
        state.lasting = None;
        for name in ["svar.db", "svar.db-wal", "svar.db-shm"] {
            let _ = fs::remove_file(self.data.join(name));
            let _ = fs::rename(self.left(name), self.data.join(name));
        }
    }

    fn left(&self, name: &str) -> PathBuf {
        self.data.join(format!("{name}.left"))
    }

    /// Keeps what is on the disk now; with `torn`, the log without the end of what was written since it was so long.
    fn die(&self, state: &mut State, torn: Option<u64>) {
        state.dead = true;
        for name in ["svar.db", "svar.db-wal"] {
            let _ = fs::remove_file(self.left(name));
            let _ = fs::copy(self.data.join(name), self.left(name));
        }
        let log = self.left("svar.db-wal");
        if let (Some(from), Ok(to)) = (torn, fs::metadata(&log).map(|m| m.len()))
            && to > from
        {
            let file = fs::OpenOptions::new().write(true).open(&log);
            // Any length but the whole: 8 bytes or 8 pages short are the same to SQLite, which checks each frame.
            let cut = from + (to - from) * (1 + to / 8 % 7) / 8;
            file.and_then(|f| f.set_len(cut)).expect("the log can be cut");
        }
    }

    fn statement(&self, moment: Moment, sql: &str) -> Option<Fault> {
        let mut state = self.state();
        if state.dead {
            return Some(Fault::Dead);
        }
        if !state.armed || sql == "ROLLBACK" {
            return None;
        }
        if let Some((left, fault)) = state.lasting.take() {
            state.lasting = left.checked_sub(1).map(|left| (left, fault));
            return Some(fault);
        }
        let is_commit = sql == "COMMIT";
        let place = match moment {
            Moment::Before => {
                if is_commit {
                    state.log_before = fs::metadata(self.data.join("svar.db-wal")).map_or(0, |m| m.len());
                }
                Place::Statement
            }
            Moment::After if is_commit => Place::Committed,
            Moment::After => return None,
        };
        let fault = match state.next(place, sql)? {
            Blow::Killed => {
                self.die(&mut state, None);
                Fault::Dead
            }
            Blow::Torn => {
                let from = state.log_before;
                self.die(&mut state, Some(from));
                Fault::Dead
            }
            Blow::Ended(kind) => Fault::Ended(kind),
            Blow::Refused(kind) => Fault::Refused(kind),
        };
        if let (Fault::Ended(_), Plan::Now(chance, _)) = (fault, &mut state.plan) {
            // A few minutes, by the engine's patience.
            let lasts = chance.below(3) * chance.below(5);
            state.lasting = Some((lasts, fault));
        }
        Some(fault)
    }
}

impl State {
    /// Counts this place, and says what strikes here.
    fn next(&mut self, place: Place, what: &str) -> Option<Blow> {
        if !self.armed || self.dead {
            return None;
        }
        let at = self.places;
        self.places += 1;
        let blow = match &mut self.plan {
            Plan::Never => return None,
            Plan::At(wanted, blow) => {
                if at < *wanted || !fits(*blow, place) {
                    return None;
                }
                *wanted = at + PERIOD;
                *blow
            }
            Plan::Now(chance, one_in) => {
                if chance.below(*one_in) > 0 {
                    return None;
                }
                let blow = BLOWS[chance.below(BLOWS.len())];
                if fits(blow, place) { blow } else { Blow::Killed }
            }
        };
        let words: Vec<&str> = what.split_whitespace().take(6).collect();
        self.struck.push(format!("{blow:?} at {at} ({place:?}: {})", words.join(" ")));
        Some(blow)
    }
}

/// A kill fits everywhere, a torn log after a commit, an error at a statement. What does not fit waits for the next place that does.
fn fits(blow: Blow, place: Place) -> bool {
    match blow {
        Blow::Killed => true,
        Blow::Torn => place == Place::Committed,
        Blow::Ended(_) | Blow::Refused(_) => place == Place::Statement,
    }
}
