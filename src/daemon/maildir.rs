//! Reads one mailbox from a Maildir: what is there, then what appears.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::sleep;

use crate::config::settings::After;
use crate::daemon::backoff::Backoff;
use crate::daemon::desk::{Closed, Note};
use crate::daemon::imap::{Reader, Report};
use crate::daemon::intake::Place;
use crate::engine::{CustodyKey, Engine, Event, Intake};
use crate::net::maildir::{self, Entry};
use crate::plan::Folder;
use crate::store::{SourceRow, StoreError};

/// The folders' times are looked at this often.
const GLANCE: Duration = Duration::from_secs(1);
/// And this often all names are read, whatever the times say.
const LOOK_EVERY: u32 = 60;
/// Letters that are read and packed in one go.
const CHUNK: usize = 64;
/// Packed bytes that may be on their way into custody at a time.
const UNDER_WAY_BYTES: usize = 16 << 20;

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Desk(#[from] Closed),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
}

/// Tends the Maildir until the task is dropped; with `once`, until it was read.
pub async fn tend(reader: Reader, path: PathBuf, after: After) {
    let mut backoff = Backoff::new(&reader.mailbox);
    loop {
        let ended = match watch(&reader, &path, &after, &mut backoff).await {
            Ok(()) | Err(Ended::Desk(Closed)) => return,
            Err(ended) => ended,
        };
        let why = format!("{}: {ended}", path.display());
        if backoff.is_fresh() && !matches!(ended, Ended::Store(_)) {
            tracing::warn!(mailbox = reader.mailbox, "the mailbox cannot be read: {why}; it is tried again");
        }
        reader.say(Report::Closed { mailbox: reader.mailbox.clone(), why });
        if reader.once {
            return;
        }
        sleep(backoff.failed()).await;
    }
}

struct Watched {
    place: Place,
    notes: UnboundedReceiver<Note>,
    /// Keys in custody.
    taken: BTreeSet<String>,
    is_first_look: bool,
}

async fn watch(reader: &Reader, path: &Path, after: &After, backoff: &mut Backoff) -> Result<(), Ended> {
    let mut watched = open(reader, path).await?;
    let mut is_open = false;
    loop {
        let times = folder_times(path);
        look(reader, path, after, &mut watched).await?;
        backoff.reset();
        if !is_open {
            is_open = true;
            tracing::info!(mailbox = reader.mailbox, "the mailbox is open");
            reader.say(Report::Open { mailbox: reader.mailbox.clone() });
        }
        if reader.once {
            reader.say(Report::Passed { mailbox: reader.mailbox.clone() });
            return Ok(());
        }
        for _ in 0..LOOK_EVERY {
            sleep(GLANCE).await;
            if folder_times(path) != times {
                break;
            }
        }
    }
}

async fn open(reader: &Reader, path: &Path) -> Result<Watched, Ended> {
    let (user, mailbox, now) = (path.to_string_lossy().into_owned(), reader.mailbox.clone(), reader.now());
    let ask = move |engine: &mut Engine| engine.store().batch(|tx| tx.source("maildir", &user, "", &mailbox, now));
    let row: SourceRow = reader.desk.ask(ask).await??;
    let (sender, notes) = unbounded_channel();
    reader.routes.watch(row.no, sender);
    let is_first_look = row.cursor == 0;
    let place = Place { row, folder: Folder::Inbox, uidvalidity: 0, not_before: None, now };
    Ok(Watched { place, notes, taken: BTreeSet::new(), is_first_look })
}

/// When something was last put into the folders or taken out. A change within the last moments may hide another one.
fn folder_times(path: &Path) -> Option<[SystemTime; 2]> {
    let time = |sub: &str| std::fs::metadata(path.join(sub)).and_then(|m| m.modified()).ok();
    Some([time("new")?, time("cur").unwrap_or(SystemTime::UNIX_EPOCH)])
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

/// Takes in everything that is not in custody.
async fn look(reader: &Reader, path: &Path, after: &After, watched: &mut Watched) -> Result<(), Ended> {
    let (dir, taken) = (path.to_owned(), std::mem::take(&mut watched.taken));
    let (taken, found) = blocking(move || {
        let found = maildir::scan(&dir, |key| !taken.contains(key));
        (taken, found)
    })
    .await?;
    watched.taken = taken;
    let found = unknown(reader, watched, found?).await?;
    let after = match after {
        After::Keep => maildir::After::Keep,
        After::Seen => maildir::After::Seen,
        After::Move(to) => maildir::After::Move(path.parent().unwrap_or(path).join(to)),
    };
    let mut under_way: Vec<(Entry, usize)> = Vec::new();
    for chunk in found.chunks(CHUNK) {
        let (entries, place, limit) = (chunk.to_vec(), watched.place.clone(), reader.limit_bytes);
        let is_first_look = watched.is_first_look;
        let read = blocking(move || {
            let arrival = |entry: Entry| match maildir::read(&entry, 0, limit) {
                Ok(fetched) => {
                    let mut arrival = place.arrival(&fetched, Some(entry.key.clone()));
                    // What a mail program had shown before svar first looked is nobody's news.
                    arrival.old |= is_first_look && !entry.is_new;
                    Some((entry, arrival))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => {
                    tracing::warn!(mailbox = place.row.mailbox, "a file of the Maildir cannot be read: {error}");
                    None
                }
            };
            entries.into_iter().filter_map(arrival).collect::<Vec<_>>()
        });
        let mut events = Vec::new();
        for (entry, arrival) in read.await? {
            under_way.push((entry, arrival.packed.len()));
            events.push(Event::Intake(Intake::Arrived(arrival)));
        }
        reader.desk.tell(events);
        while under_way.iter().map(|(_, size)| size).sum::<usize>() > UNDER_WAY_BYTES {
            kept(watched, &mut under_way, &after).await?;
        }
    }
    while !under_way.is_empty() {
        kept(watched, &mut under_way, &after).await?;
    }
    watched.is_first_look = false;
    Ok(())
}

/// Leaves out what is in custody from an earlier run, and remembers it.
async fn unknown(reader: &Reader, watched: &mut Watched, found: Vec<Entry>) -> Result<Vec<Entry>, Ended> {
    let source = watched.place.row.no;
    let mut unknown = Vec::new();
    for chunk in found.chunks(1000) {
        let chunk = chunk.to_vec();
        let ask = move |engine: &mut Engine| {
            engine.store().read(|tx| {
                chunk
                    .into_iter()
                    .map(|entry| Ok((tx.is_taken(source, &entry.key)?, entry)))
                    .collect::<Result<Vec<_>, StoreError>>()
            })
        };
        for (is_taken, entry) in reader.desk.ask(ask).await?? {
            if is_taken {
                watched.taken.insert(entry.key);
            } else {
                unknown.push(entry);
            }
        }
    }
    Ok(unknown)
}

/// Waits for the next letters that are in custody, and does with their files what is to be done.
async fn kept(watched: &mut Watched, under_way: &mut Vec<(Entry, usize)>, after: &maildir::After) -> Result<(), Ended> {
    let Some(note) = watched.notes.recv().await else { return Err(Closed.into()) };
    let Note::InCustody(keys) = note else { return Ok(()) };
    let keys: BTreeSet<String> =
        keys.into_iter().filter_map(|key| if let CustodyKey::Name(name) = key { Some(name) } else { None }).collect();
    let (done, rest) = std::mem::take(under_way).into_iter().partition(|(entry, _)| keys.contains(&entry.key));
    *under_way = rest;
    let done: Vec<(Entry, usize)> = done;
    if *after != maildir::After::Keep {
        let (entries, after) = (done.clone(), after.clone());
        let mailbox = watched.place.row.mailbox.clone();
        blocking(move || {
            for (entry, _) in entries {
                if let Err(error) = maildir::finish(&entry, &after) {
                    tracing::warn!(mailbox, "a file of the Maildir cannot be moved: {error}");
                }
            }
        })
        .await?;
    }
    watched.taken.extend(done.into_iter().map(|(entry, _)| entry.key));
    Ok(())
}
