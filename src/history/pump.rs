//! Reads the letters of a survey, each in its turn, on several threads: a bounded number of them, and of bytes, ahead of whoever takes
//! them. A letter that breaks its reader or takes too long is passed over; the others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::engine::history::{Past, key};
use crate::engine::reader::{ReadFailure, read_raw};
use crate::history::HistoryError;
use crate::history::source::{Source, Store};
use crate::history::survey::{Spot, Survey};
use crate::net::archive::Raw;
use crate::store::custody;

/// Letters that are read before they are wanted, and their bytes.
const AHEAD_LETTERS: usize = 1024;
const AHEAD_BYTES: usize = 96 << 20;
/// What is fetched from a server in one go.
const FETCH_LETTERS: usize = 256;
const FETCH_BYTES: u64 = 16 << 20;
/// As much as in the engine's reader: the system hands out pages as they are touched.
const STACK_SIZE_BYTES: usize = 64 << 20;
/// A letter that takes longer is given up.
const DEADLINE: Duration = Duration::from_secs(20);

/// What is wanted of each letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Packed bytes too.
    Custody,
    /// What it says, without attachments.
    Measure,
}

/// One letter, in its turn.
#[derive(Debug)]
pub enum Pulled {
    Letter(Box<Past>),
    /// In custody already.
    Known,
    /// Its store would not hand it over.
    Gone,
}

/// The threads and what they have read.
#[derive(Debug)]
pub struct Pump {
    shared: Arc<Shared>,
    /// The next letter to be taken.
    next: usize,
}

#[derive(Debug)]
struct Shared {
    sources: Vec<Source>,
    survey: Survey,
    known: BTreeSet<String>,
    wants: Wants,
    limit_bytes: u64,
    state: Mutex<State>,
    /// There is room, or something to read.
    work: Condvar,
    /// Something was read.
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The next letter that a thread takes up.
    claimed: usize,
    /// The letter that whoever takes them waits for.
    wanted: usize,
    read: BTreeMap<usize, Pulled>,
    read_bytes: usize,
    /// Fetched from servers, not yet read. `None`: the server has it no more.
    fetched: BTreeMap<usize, Option<Raw>>,
    fetched_bytes: usize,
    failed: Option<HistoryError>,
    closed: bool,
}

impl Pump {
    /// Starts reading. `known`: names of letters that need not be read ([`key`] in hexadecimal).
    pub fn start(
        sources: Vec<Source>,
        survey: Survey,
        known: BTreeSet<String>,
        wants: Wants,
        limit_bytes: u64,
    ) -> Result<Self, HistoryError> {
        let remote = sources.iter().any(|s| matches!(s.store, Store::Imap(_)));
        let shared = Arc::new(Shared {
            sources,
            survey,
            known,
            wants,
            limit_bytes,
            state: Mutex::default(),
            work: Condvar::new(),
            ready: Condvar::new(),
        });
        let pump = Self { shared, next: 0 };
        let processors = thread::available_parallelism().map_or(2, usize::from).clamp(1, 16);
        for _ in 0..processors {
            pump.spawn(Shared::read_on)?;
        }
        if remote {
            pump.spawn(Shared::fetch_on)?;
        }
        Ok(pump)
    }

    fn spawn(&self, work: fn(&Shared)) -> Result<(), HistoryError> {
        let shared = Arc::clone(&self.shared);
        let thread = thread::Builder::new().name("history".to_owned()).stack_size(STACK_SIZE_BYTES);
        thread.spawn(move || work(&shared)).map(drop).map_err(HistoryError::Thread)
    }

    /// The next letters, one at least and `most` at most; none at the end. Each with its number in the survey.
    pub fn take(&mut self, most: usize) -> Result<Vec<Pulled>, HistoryError> {
        let shared = Arc::clone(&self.shared);
        if self.next >= shared.survey.entries.len() {
            return Ok(Vec::new());
        }
        let mut state = shared.lock();
        state.wanted = self.next;
        shared.work.notify_all();
        while !state.read.contains_key(&self.next) {
            if let Some(failed) = state.failed.take() {
                return Err(failed);
            }
            let waited = shared.ready.wait_timeout(state, DEADLINE).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            let being_read = state.claimed > self.next && !shared.waits_for_server(&state, self.next);
            if waited.1.timed_out() && being_read && !state.read.contains_key(&self.next) {
                // Its thread cannot be stopped; another takes its place.
                state.read.insert(self.next, Pulled::Letter(Box::new(shared.unread(self.next, ReadFailure::TooSlow))));
                drop(state);
                self.spawn(Shared::read_on)?;
                state = shared.lock();
            }
        }
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(pulled) = state.read.remove(&self.next)
        {
            state.read_bytes -= weight(&pulled).min(state.read_bytes);
            taken.push(pulled);
            self.next += 1;
        }
        state.wanted = self.next;
        shared.work.notify_all();
        Ok(taken)
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
    }
}

/// What a letter takes in memory, about.
fn weight(pulled: &Pulled) -> usize {
    match pulled {
        Pulled::Letter(past) => past.packed.len() + usize::try_from(past.size_bytes).unwrap_or(usize::MAX) / 2 + 2000,
        Pulled::Known | Pulled::Gone => 100,
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_remote(&self, number: usize) -> bool {
        self.survey.entries.get(number).is_some_and(|e| matches!(e.spot, Spot::Uid(_)))
    }

    fn waits_for_server(&self, state: &State, number: usize) -> bool {
        self.is_remote(number) && !state.fetched.contains_key(&number) && state.claimed <= number
    }

    /// Reads one letter after the other until there are no more.
    fn read_on(&self) {
        loop {
            let mut state = self.lock();
            let (number, raw) = loop {
                let number = state.claimed;
                if state.closed || number >= self.survey.entries.len() {
                    return;
                }
                let full = number >= state.wanted + AHEAD_LETTERS || state.read_bytes >= AHEAD_BYTES;
                let is_there = !self.is_remote(number) || state.fetched.contains_key(&number);
                if is_there && (!full || number == state.wanted) {
                    state.claimed += 1;
                    let raw = state.fetched.remove(&number);
                    if let Some(Some(raw)) = &raw {
                        state.fetched_bytes -= raw.bytes.len().min(state.fetched_bytes);
                        self.work.notify_all();
                    }
                    break (number, raw);
                }
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            let pulled = self.read(number, raw);
            let mut state = self.lock();
            // One that was given up stays given up.
            if number >= state.wanted && !state.read.contains_key(&number) {
                state.read_bytes += weight(&pulled);
                state.read.insert(number, pulled);
            }
            if number == state.wanted {
                self.ready.notify_all();
            }
        }
    }

    /// `raw`: what a server has handed over.
    fn read(&self, number: usize, raw: Option<Option<Raw>>) -> Pulled {
        let Some(entry) = self.survey.entries.get(number) else { return Pulled::Gone };
        let source = &self.sources[entry.source as usize];
        let raw = match (raw, &source.store, entry.spot) {
            (Some(raw), ..) => raw,
            (None, Store::Files(archive), Spot::Place(place)) => archive.read(place, self.limit_bytes).ok(),
            _ => None,
        };
        let Some(raw) = raw else { return Pulled::Gone };
        let mut past = self.unread(number, ReadFailure::Died);
        past.size_bytes = raw.size_bytes;
        past.truncated = raw.truncated;
        if self.wants == Wants::Custody {
            past.name = data_encoding::HEXLOWER.encode(&key(&raw.bytes));
            if self.known.contains(&past.name) {
                return Pulled::Known;
            }
            past.sha256 = custody::sha256(&raw.bytes);
            past.packed = custody::pack(&raw.bytes);
        }
        past.reading = read_raw(crate::mail::read::read, &raw.bytes, raw.truncated);
        if self.wants == Wants::Measure
            && let Ok(letter) = &mut past.reading
        {
            for attachment in &mut letter.attachments {
                attachment.data = Vec::new();
            }
            letter.text = String::new();
            letter.new_html = None;
        }
        Pulled::Letter(Box::new(past))
    }

    fn unread(&self, number: usize, why: ReadFailure) -> Past {
        let entry = &self.survey.entries[number];
        Past {
            folder: self.sources[entry.source as usize].folder,
            received_at: entry.received_at,
            size_bytes: entry.size_bytes,
            truncated: false,
            name: String::new(),
            sha256: [0; 32],
            packed: Vec::new(),
            reading: Err(why),
        }
    }

    /// Fetches what lies on servers, in the same order.
    fn fetch_on(&self) {
        let entries = &self.survey.entries;
        let mut next = 0;
        while next < entries.len() {
            let mut wanted: BTreeMap<u32, BTreeMap<u32, usize>> = BTreeMap::new();
            let (mut letters, mut bytes) = (0, 0);
            while next < entries.len() && letters < FETCH_LETTERS && bytes < FETCH_BYTES {
                if let Spot::Uid(uid) = entries[next].spot {
                    wanted.entry(entries[next].source).or_default().insert(uid, next);
                    letters += 1;
                    bytes += entries[next].size_bytes.min(self.limit_bytes);
                }
                next += 1;
            }
            {
                let mut state = self.lock();
                while !state.closed && state.fetched_bytes > AHEAD_BYTES / 2 {
                    state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.closed {
                    return;
                }
            }
            for (source, letters) in wanted {
                let Store::Imap(remote) = &self.sources[source as usize].store else { continue };
                let uids: Vec<u32> = letters.keys().copied().collect();
                let fetched = remote.fetch(&uids, self.limit_bytes);
                let mut state = self.lock();
                match fetched {
                    Ok(fetched) => {
                        let mut found: BTreeMap<u32, Raw> = fetched
                            .into_iter()
                            .map(|f| (f.uid, Raw { bytes: f.raw, size_bytes: f.size_bytes, truncated: f.truncated }))
                            .collect();
                        for (uid, number) in letters {
                            let raw = found.remove(&uid);
                            state.fetched_bytes += raw.as_ref().map_or(0, |r| r.bytes.len());
                            state.fetched.insert(number, raw);
                        }
                        self.work.notify_all();
                    }
                    Err(failed) => {
                        state.failed = Some(failed);
                        self.ready.notify_all();
                        return;
                    }
                }
            }
        }
    }
}
