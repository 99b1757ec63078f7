//! The survey of a history: where every letter lies, and the order in which they were received.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ring::digest::{SHA256, digest};

use crate::history::received::{Witness, received_at};
use crate::history::source::{Source, Store};
use crate::history::{HistoryError, Progress, Watch};
use crate::mail::outline::{Outline, outline};
use crate::model::{Address, Time};
use crate::net::archive::{Listed, Place};
use crate::plan::Folder;

/// One letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub received_at: Time,
    /// Which of the sources.
    pub source: u32,
    pub spot: Spot,
    /// Files' size in bytes; of IMAP what the server states.
    pub size_bytes: u64,
    is_ours: bool,
}

/// Where it lies in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Place(Place),
    Uid(u32),
}

/// All letters, by the time at which they were received: an answer after what it answers.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub entries: Vec<Entry>,
    /// Letters that were found, those without a time included.
    pub letters: usize,
    pub implausible: usize,
    pub unreadable: usize,
    /// Who has written sent mail, with how many letters.
    pub writers: BTreeMap<Address, usize>,
}

/// Who is one of us.
pub type IsOurs<'a> = &'a (dyn Fn(&Address) -> bool + Sync);

/// What is held of a letter until all are known. Message-IDs by their hash.
struct Noted {
    entry: Entry,
    id: u64,
    answers: [u64; 3],
}

#[derive(Default)]
struct Notes {
    noted: Vec<Noted>,
    implausible: usize,
    unreadable: usize,
    writers: BTreeMap<Address, usize>,
}

/// Looks at every letter of the sources.
///
/// # Errors
/// A source cannot be read any more; a single letter that cannot is counted.
pub fn survey(sources: &[Source], is_ours: IsOurs<'_>, now: Time, watch: Watch<'_>) -> Result<Survey, HistoryError> {
    let mut notes = Notes::default();
    let known: Option<usize> = sources
        .iter()
        .map(|s| match &s.store {
            Store::Files(archive) => archive.count(),
            Store::Imap(remote) => Some(remote.count()),
        })
        .sum();
    for (number, source) in sources.iter().enumerate() {
        let ctx = Context { number: u32::try_from(number).unwrap_or(u32::MAX), folder: source.folder, is_ours, now };
        match &source.store {
            Store::Files(archive) if archive.count().is_none() => {
                let mut since = 0;
                archive.list_mbox(|listed, head| {
                    ctx.note(
                        &mut notes,
                        Spot::Place(listed.place),
                        listed.size_bytes,
                        Witness::Stamp(listed.stamp),
                        &outline(head),
                    );
                    since += 1;
                    if since % 512 == 0 {
                        watch(Progress::Finding { found: notes.noted.len(), of: None });
                    }
                })?;
            }
            Store::Files(archive) => {
                let count = archive.count().unwrap_or(0);
                for from in (0..count).step_by(SLICE) {
                    let slice = from..count.min(from + SLICE);
                    let found = heads(archive, slice)?;
                    for read in found {
                        match read {
                            Some((listed, outline)) => {
                                let witness = Witness::Stamp(listed.stamp);
                                ctx.note(&mut notes, Spot::Place(listed.place), listed.size_bytes, witness, &outline);
                            }
                            None => notes.unreadable += 1,
                        }
                    }
                    watch(Progress::Finding { found: notes.noted.len(), of: known });
                }
            }
            Store::Imap(remote) => {
                remote.list(|letter| {
                    let witness = Witness::Internal(letter.received_at);
                    ctx.note(&mut notes, Spot::Uid(letter.uid), letter.size_bytes, witness, &letter.outline);
                    if notes.noted.len() % 512 == 0 {
                        watch(Progress::Finding { found: notes.noted.len(), of: known });
                    }
                })?;
            }
        }
    }
    Ok(finish(notes))
}

/// Files whose headers are read in one go.
const SLICE: usize = 2048;

/// The headers of these files, read on two threads: while one waits for the disk the other works.
fn heads(
    archive: &Arc<crate::net::archive::Archive>,
    slice: std::ops::Range<usize>,
) -> Result<Vec<Option<(Listed, Outline)>>, HistoryError> {
    let middle = slice.start + slice.len() / 2;
    let read = |slice: std::ops::Range<usize>| -> Vec<Option<(Listed, Outline)>> {
        slice.map(|n| archive.list_file(n).ok().map(|(listed, head)| (listed, outline(&head)))).collect()
    };
    let second: Mutex<Vec<_>> = Mutex::default();
    let mut all = thread::scope(|scope| {
        let put = || *second.lock().unwrap_or_else(PoisonError::into_inner) = read(middle..slice.end);
        let other = thread::Builder::new().spawn_scoped(scope, put).map_err(HistoryError::Thread)?;
        let first = read(slice.start..middle);
        let _ = other.join();
        Ok::<_, HistoryError>(first)
    })?;
    all.append(&mut second.into_inner().unwrap_or_else(PoisonError::into_inner));
    // A thread that panicked has read nothing: its letters are counted as unreadable.
    all.resize_with(slice.len(), || None);
    Ok(all)
}

struct Context<'a> {
    number: u32,
    folder: Folder,
    is_ours: IsOurs<'a>,
    now: Time,
}

impl Context<'_> {
    fn note(&self, notes: &mut Notes, spot: Spot, size_bytes: u64, witness: Witness, outline: &Outline) {
        let ours = outline.from.as_ref().is_some_and(self.is_ours);
        let sent = self.folder == Folder::Sent && !outline.delivered;
        if let Some(from) = outline.from.as_ref().filter(|_| sent) {
            *notes.writers.entry(from.clone()).or_default() += 1;
        }
        let is_ours = ours || sent;
        let Ok((received_at, _)) = received_at(outline, witness, is_ours, self.now) else {
            notes.implausible += 1;
            return;
        };
        let mut answers = outline.answers.iter().map(|id| hash(id));
        let answers = [(); 3].map(|()| answers.next().unwrap_or(0));
        let entry = Entry { received_at, source: self.number, spot, size_bytes, is_ours };
        notes.noted.push(Noted { entry, id: outline.message_id.as_deref().map_or(0, hash), answers });
    }
}

/// The first eight bytes of the id's SHA-256; 0 stands for none.
fn hash(id: &str) -> u64 {
    let hash = digest(&SHA256, id.as_bytes());
    hash.as_ref().iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)).max(1)
}

/// Puts them in order. An answer that claims to be older than what it answers was written by a clock that is wrong: it comes right
/// after it.
fn finish(notes: Notes) -> Survey {
    let Notes { mut noted, implausible, unreadable, writers } = notes;
    let mut ids: Vec<(u64, Time)> = noted.iter().filter(|n| n.id > 0).map(|n| (n.id, n.entry.received_at)).collect();
    ids.sort_unstable_by_key(|(id, at)| (*id, at.unix()));
    // The first copy of a mail counts.
    ids.dedup_by_key(|(id, _)| *id);
    for letter in noted.iter_mut().filter(|n| n.entry.is_ours) {
        let parents = letter.answers.iter().filter(|id| **id > 0 && **id != letter.id);
        let asked = parents.filter_map(|id| ids.binary_search_by_key(id, |(id, _)| *id).ok()).map(|at| ids[at].1);
        if let Some(asked) = asked.max().filter(|asked| *asked > letter.entry.received_at) {
            letter.entry.received_at = asked;
        }
    }
    let letters = noted.len() + implausible + unreadable;
    let mut entries: Vec<Entry> = noted.into_iter().map(|n| n.entry).collect();
    // Stable: letters of one second keep the order of their sources, questions before answers.
    entries.sort_by_key(|e| (e.received_at, e.is_ours));
    Survey { entries, letters, implausible, unreadable, writers }
}
