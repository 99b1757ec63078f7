//! Reads letters on a thread of its own: a large stack, a fence against panics, and a deadline that the engine watches.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::engine::clock;
use crate::mail::letter::{Defect, Letter};
use crate::model::LetterNo;
use crate::store::custody;

/// Reserved, not used: the system hands out pages as they are touched.
const STACK_SIZE_BYTES: usize = 64 << 20;
/// A letter that takes longer is given up.
pub const DEADLINE_MS: i64 = 10_000;

/// What makes a letter of bytes. Never fails by itself.
pub type ReadFn = fn(&[u8]) -> Letter;

/// A letter in custody that wants to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub letter: LetterNo,
    /// As `custody::pack` made it.
    pub packed: Vec<u8>,
    /// What was taken is only the letter's beginning.
    pub truncated: bool,
}

/// Why there is no [`Letter`]: a fault of ours, never the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFailure {
    Panicked,
    /// Not done after [`DEADLINE_MS`].
    TooSlow,
    /// The process died while it was being read, or so it seems.
    Died,
    /// What is in custody cannot be unpacked.
    Damaged,
}

impl ReadFailure {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panicked => "reading it failed",
            Self::TooSlow => "reading it took too long",
            Self::Died => "svar stopped while reading it",
            Self::Damaged => "what was stored of it is damaged",
        }
    }
}

/// Reads one letter behind the fence, on the caller's thread.
pub fn read_fenced(read: ReadFn, job: &Job) -> Result<Box<Letter>, ReadFailure> {
    let raw = custody::unpack(&job.packed).ok_or(ReadFailure::Damaged)?;
    read_raw(read, &raw, job.truncated)
}

/// Reads raw bytes behind the fence, on the caller's thread. `truncated`: they are only the letter's beginning.
pub fn read_raw(read: ReadFn, raw: &[u8], truncated: bool) -> Result<Box<Letter>, ReadFailure> {
    let letter = catch_unwind(AssertUnwindSafe(|| Box::new(read(raw))));
    let mut letter = letter.map_err(|_| ReadFailure::Panicked)?;
    if truncated {
        letter.defects.push(Defect::Truncated);
    }
    Ok(letter)
}

/// Reads one letter on a thread with a large stack and waits for it until the deadline.
pub fn read_alone(read: ReadFn, job: Job) -> Result<Box<Letter>, ReadFailure> {
    let (tell, told) = std::sync::mpsc::channel();
    let reader = Reader::start(read, move |_, result| {
        let _ = tell.send(result);
    });
    reader.submit(vec![job]);
    let deadline = std::time::Duration::from_millis(DEADLINE_MS.unsigned_abs());
    told.recv_timeout(deadline).unwrap_or(Err(ReadFailure::TooSlow))
}

type Done = dyn Fn(LetterNo, Result<Box<Letter>, ReadFailure>) + Send + Sync;

/// The thread and its queue.
pub struct Reader {
    read: ReadFn,
    desk: Arc<Desk>,
}

/// What the engine's side and the reading thread share.
struct Desk {
    state: Mutex<State>,
    wake: Condvar,
    done: Box<Done>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The letter at hand and when its reading began (uptime).
    current: Option<(LetterNo, i64)>,
    /// Goes up when a thread is given up: what the old one still says counts no more.
    shift: u64,
    has_thread: bool,
    closed: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// `done` is called on the reading thread, once a letter.
    pub fn start(
        read: ReadFn,
        done: impl Fn(LetterNo, Result<Box<Letter>, ReadFailure>) + Send + Sync + 'static,
    ) -> Self {
        let desk = Desk { state: Mutex::default(), wake: Condvar::new(), done: Box::new(done) };
        Self { read, desk: Arc::new(desk) }
    }

    /// Read in this order; the first letter starts the thread.
    pub fn submit(&self, jobs: Vec<Job>) {
        let mut state = self.desk.lock();
        state.jobs.extend(jobs);
        if !state.has_thread && !state.jobs.is_empty() {
            self.spawn(&mut state);
        }
        self.desk.wake.notify_one();
    }

    /// Gives up the letter at hand if its deadline has passed, and goes on with the others on a new thread. The old one cannot be
    /// stopped; it ends by itself if its letter ever does.
    pub fn give_up_overdue(&self) -> Option<LetterNo> {
        let uptime_ms = clock::read().uptime_ms?;
        let mut state = self.desk.lock();
        let (letter, since_ms) = state.current?;
        if uptime_ms - since_ms < DEADLINE_MS {
            return None;
        }
        state.shift += 1;
        state.current = None;
        state.has_thread = false;
        if !state.jobs.is_empty() {
            self.spawn(&mut state);
        }
        Some(letter)
    }

    fn spawn(&self, state: &mut State) {
        let (read, desk, shift) = (self.read, Arc::clone(&self.desk), state.shift);
        let thread = thread::Builder::new().name("reader".to_owned()).stack_size(STACK_SIZE_BYTES);
        // Without a thread the jobs wait; the next `submit` tries again.
        state.has_thread = thread.spawn(move || desk.work(read, shift)).is_ok();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.desk.lock();
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.desk.wake.notify_all();
    }
}

impl Desk {
    /// A panic of `done` on another thread leaves the state as good as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, read: ReadFn, shift: u64) {
        let mut state = self.lock();
        loop {
            if state.closed || state.shift != shift {
                return;
            }
            let Some(job) = state.jobs.pop_front() else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.current = Some((job.letter, clock::read().uptime_ms.unwrap_or(0)));
            drop(state);
            let result = read_fenced(read, &job);
            state = self.lock();
            if state.shift != shift {
                return;
            }
            state.current = None;
            drop(state);
            (self.done)(job.letter, result);
            state = self.lock();
        }
    }
}
