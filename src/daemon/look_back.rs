//! The first watch of a mailbox: the mail of its last days is read once, as history, so that managers hear at once who waits.
//!
//! It is what the readers of INBOX and Sent leave alone because it lay there before; nothing of it is changed. A process that dies
//! in the middle does it once more: what is in custody is known again.

use crate::config::settings::{Imap, Start};
use crate::daemon::folder::Watched;
use crate::daemon::imap::{Ended, Reader};
use crate::engine::Engine;
use crate::engine::clock::Now;
use crate::engine::history::{Filing, Past, key};
use crate::engine::reader::{Job, ReadFailure, read_alone};
use crate::model::{LetterNo, SourceNo, Time};
use crate::net::Fetched;
use crate::net::imap::{ImapError, Item, Session, feed};
use crate::store::custody;

/// So many letters of each folder at most, the newest.
const LETTERS_MAX: usize = 5000;
/// Bigger ones are taken without their attachments.
const LETTER_BYTES: u64 = 2 << 20;
/// Letters whose times are asked for in one go.
const LISTED: usize = 500;
/// Letters that are read before they are written down.
const AT_ONCE: usize = 64;
/// Raw letters that may wait between the line and whoever reads them.
const FEED_BYTES: u32 = 8 << 20;

/// Looks through the last days, if that was not done before, and has managers told.
pub async fn look_back(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    inbox: &Watched,
    sent: Option<&Watched>,
) -> Result<(), Ended> {
    let mailbox = reader.mailbox.clone();
    let Some(since) = reader.desk.ask(move |engine| engine.looks_back(&mailbox)).await?? else { return Ok(()) };
    // Whoever has all of it taken in has it already.
    if imap.start == Start::New {
        match look_through(reader, session, inbox, sent, since).await {
            // The mail of today does not wait for that of yesterday.
            Err(Ended::Imap(ImapError::Refused { text, .. })) => {
                tracing::warn!(mailbox = reader.mailbox, "the last days cannot be looked through: {text}");
            }
            other => other?,
        }
    }
    let (mailbox, now) = (reader.mailbox.clone(), reader.now());
    reader.desk.ask(move |engine: &mut Engine| engine.looked_back(&mailbox, now)).await??;
    // Whoever waits next waits in the inbox.
    session.examine(&inbox.name).await?;
    Ok(())
}

async fn look_through(
    reader: &Reader,
    session: &mut Session,
    inbox: &Watched,
    sent: Option<&Watched>,
    since: Time,
) -> Result<(), Ended> {
    let (mailbox, now) = (reader.mailbox.clone(), reading(reader));
    let (source, _) = reader.desk.ask(move |engine| engine.past_source(&mailbox, now)).await??;
    // Questions before answers.
    for watched in [Some(inbox), sent].into_iter().flatten() {
        let uids = of_last_days(session, watched, since).await?;
        take(reader, session, watched, source, &uids).await?;
    }
    Ok(())
}

fn reading(reader: &Reader) -> Now {
    reader.given.unwrap_or_else(reader.clock)
}

/// The letters that lay there before and came since then, ascending. The newest have the highest numbers, but for some that were
/// moved about: a whole stretch of old ones ends the search.
async fn of_last_days(session: &mut Session, watched: &Watched, since: Time) -> Result<Vec<u32>, Ended> {
    session.examine(&watched.name).await?;
    let Some(last) = watched.row.old_below.and_then(|below| below.checked_sub(1)).filter(|last| *last > 0) else {
        return Ok(Vec::new());
    };
    let there = session.uids(1..=last).await?;
    let mut wanted = Vec::new();
    for stretch in there.rchunks(LISTED) {
        let before = wanted.len();
        session
            .list_letters(stretch, &["Message-ID"], |letter| {
                if letter.received_at.is_some_and(|at| at >= since) {
                    wanted.push(letter.uid);
                }
            })
            .await?;
        if wanted.len() == before || wanted.len() >= LETTERS_MAX {
            break;
        }
    }
    wanted.sort_unstable();
    let surplus = wanted.len().saturating_sub(LETTERS_MAX);
    if surplus > 0 {
        tracing::warn!(folder = watched.name, surplus, "more mail than is looked through; the oldest is left out");
    }
    Ok(wanted.split_off(surplus))
}

/// Fetches letters and files them as history.
async fn take(
    reader: &Reader,
    session: &mut Session,
    watched: &Watched,
    source: SourceNo,
    uids: &[u32],
) -> Result<(), Ended> {
    if uids.is_empty() {
        return Ok(());
    }
    let (sink, mut letters) = feed(FEED_BYTES);
    let filing = async {
        let mut read: Vec<Past> = Vec::new();
        while let Some(item) = letters.next().await {
            if let Item::Letter(fetched) = item {
                read.push(past(reader, watched, fetched).await);
            }
            if read.len() >= AT_ONCE {
                file(reader, source, std::mem::take(&mut read)).await?;
            }
        }
        file(reader, source, read).await
    };
    let fetching = async {
        let fetched = session.fetch(uids, LETTER_BYTES.min(reader.limit_bytes), &sink).await;
        drop(sink);
        fetched
    };
    let (filed, fetched) = tokio::join!(filing, fetching);
    filed?;
    fetched?;
    Ok(())
}

/// Reads a letter away from everything else, behind the fence and with a deadline.
async fn past(reader: &Reader, watched: &Watched, fetched: Fetched) -> Past {
    let received_at = if fetched.received_at.unix() == 0 { reader.now() } else { fetched.received_at };
    let sha256 = custody::sha256(&fetched.raw);
    let name = data_encoding::HEXLOWER.encode(&key(&fetched.raw));
    let packed = custody::pack(&fetched.raw);
    let job = Job { letter: LetterNo(0), packed: packed.clone(), truncated: fetched.truncated };
    let reading = tokio::task::spawn_blocking(move || read_alone(crate::mail::read::read, job)).await;
    Past {
        folder: watched.folder,
        received_at,
        size_bytes: fetched.size_bytes,
        truncated: fetched.truncated,
        name,
        sha256,
        packed,
        reading: reading.unwrap_or(Err(ReadFailure::Panicked)),
    }
}

async fn file(reader: &Reader, source: SourceNo, mut read: Vec<Past>) -> Result<(), Ended> {
    while !read.is_empty() {
        let (mailbox, now) = (reader.mailbox.clone(), reading(reader));
        let ask = move |engine: &mut Engine| {
            let done = engine.take_past(now, &mailbox, Filing::Kept(source), &read).map(|done| done.len());
            (done, read)
        };
        let (done, all) = reader.desk.ask(ask).await?;
        let done = done?;
        read = all.into_iter().skip(done.max(1)).collect();
    }
    Ok(())
}
