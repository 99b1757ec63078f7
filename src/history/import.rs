//! `svar import`: history becomes part of the desk. It may be broken off at any point and run again; nothing doubles.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::clock::{self, Now};
use crate::engine::history::{Filing, Past};
use crate::history::pump::{Pulled, Pump, Wants};
use crate::history::source::Source;
use crate::history::survey::survey;
use crate::history::{HistoryError, Progress, Tally, Watch};
use crate::model::Address;

/// Letters that are taken from the readers in one go.
const TAKE: usize = 256;
/// Between two commits a daemon on the same database gets its turn.
const TURN: Duration = Duration::from_millis(10);

/// Files the letters of `sources` in `mailbox`, in the order in which they were received.
///
/// # Errors
/// A source or the database fails; what was committed until then stays, and is known the next time.
pub fn import(
    engine: &mut Engine,
    mailbox: &str,
    sources: Vec<Source>,
    given: Option<Now>,
    watch: Watch<'_>,
) -> Result<Tally, HistoryError> {
    let now = || given.unwrap_or_else(clock::read);
    let settings = engine.settings().clone();
    let is_ours = |a: &Address| settings.is_us(a);
    let surveyed = survey(&sources, &is_ours, now().wall, watch)?;
    let mut tally = Tally {
        letters: surveyed.letters,
        implausible: surveyed.implausible,
        unreadable: surveyed.unreadable,
        ..Tally::default()
    };
    let of = surveyed.entries.len();
    let (source, known) = engine.past_source(mailbox, now())?;
    let mut pump = Pump::start(sources, surveyed, known, Wants::Custody, settings.limits.message_size_bytes)?;
    let mut waiting: VecDeque<Past> = VecDeque::new();
    let mut done = 0;
    loop {
        let pulled = pump.take(TAKE)?;
        let is_end = pulled.is_empty();
        for letter in pulled {
            match letter {
                Pulled::Letter(past) => waiting.push_back(*past),
                Pulled::Known => tally.known += 1,
                Pulled::Gone => tally.unreadable += 1,
            }
            done += 1;
        }
        // A commit is worth its fsync once there is something to commit; beside a daemon they are short anyway.
        let beside = engine.is_beside_daemon();
        while !waiting.is_empty() && (is_end || beside || waiting.len() >= TAKE) {
            let became = engine.take_past(now(), mailbox, Filing::Kept(source), waiting.make_contiguous())?;
            waiting.drain(..became.len().min(waiting.len()));
            became.into_iter().for_each(|b| tally.count(b));
            if beside {
                std::thread::park_timeout(TURN);
            }
        }
        watch(Progress::Reading { done: done - waiting.len().min(done), of });
        if is_end {
            break;
        }
    }
    engine.dir().poke();
    Ok(tally)
}
