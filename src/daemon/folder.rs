//! Reads one IMAP folder: what is new since the cursor, what was overlooked, what must be read anew.

use std::sync::PoisonError;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::settings::{After, Imap, Start};
use crate::daemon::desk::Note;
use crate::daemon::imap::{Ended, Reader};
use crate::daemon::intake::{Place, Taken, take_in};
use crate::engine::{Engine, Event, Intake};
use crate::model::Time;
use crate::net::imap::{Flag, Selected, Session, feed};
use crate::plan::Folder;
use crate::store::SourceRow;

/// Raw letters that may wait between the line and the packer.
const FEED_BYTES: u32 = 8 << 20;

/// A folder that is watched, and how far it was read in this session.
#[derive(Debug)]
pub struct Watched {
    pub name: String,
    pub folder: Folder,
    pub row: SourceRow,
    notes: UnboundedReceiver<Note>,
    /// Its numbers were compared with the ones on record in this session.
    is_oriented: bool,
    /// Nothing above the cursor was tried before.
    is_clean: bool,
    /// What a crash had left behind was moved.
    is_tidied: bool,
}

/// The source's row in the database, and the way for news of its letters.
pub async fn open(reader: &Reader, imap: &Imap, name: &str, folder: Folder) -> Result<Watched, Ended> {
    let (host, user, name) = (imap.account.host.clone(), imap.account.user.clone(), name.to_owned());
    let (mailbox, now) = (reader.mailbox.clone(), reader.now());
    let ask = {
        let name = name.clone();
        move |engine: &mut Engine| engine.store().batch(|tx| tx.source(&host, &user, &name, &mailbox, now))
    };
    let row = reader.desk.ask(ask).await??;
    let (sender, notes) = unbounded_channel();
    reader.routes.watch(row.no, sender);
    Ok(Watched { name, folder, row, notes, is_oriented: false, is_clean: false, is_tidied: false })
}

/// Opens the folder (again), and reads what is new in it.
pub async fn visit(reader: &Reader, imap: &Imap, session: &mut Session, watched: &mut Watched) -> Result<(), Ended> {
    let selected = match (watched.folder, &imap.after) {
        (Folder::Inbox, After::Seen | After::Move(_)) => session.select(&watched.name).await?,
        _ => session.examine(&watched.name).await?,
    };
    orient(reader, imap, session, watched, &selected).await?;
    if !std::mem::replace(&mut watched.is_tidied, true) {
        move_leftovers(reader, imap, session, watched).await?;
    }
    if is_to_be_compared(&watched.row, reader.now()) {
        compare(reader, imap, session, watched).await?;
    }
    read_news(reader, imap, session, watched).await
}

/// Reads what is new in the folder that is open.
pub async fn read_news(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    watched: &mut Watched,
) -> Result<(), Ended> {
    let first = watched.row.cursor.saturating_add(1);
    let uids = session.uids(first..=u32::MAX).await?;
    let Some(last) = uids.last().copied() else { return Ok(()) };
    // One new letter at the end is the usual case, and needs no look; but the first stretch may hold what was passed over.
    let wanted = if watched.is_clean && uids.len() == 1 {
        uids
    } else {
        without_those_in_custody(reader, &watched.row, uids).await?
    };
    let taken = fetch(reader, imap, session, watched, &wanted, Some(last)).await?;
    watched.is_clean = !taken.has_missing;
    if watched.is_clean {
        watched.row.cursor = last;
    }
    Ok(())
}

/// Is this still the folder that was read before? A changed UIDVALIDITY means that all of it is read anew.
async fn orient(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    watched: &mut Watched,
    selected: &Selected,
) -> Result<(), Ended> {
    // A server that gives no lasting numbers: all is compared by content in each session.
    let uidvalidity = selected.uidvalidity.unwrap_or(1);
    let is_known = watched.row.uidvalidity == Some(uidvalidity);
    if is_known && (selected.uidvalidity.is_some() || watched.is_oriented) {
        return Ok(());
    }
    watched.is_oriented = true;
    let uidnext = match selected.uidnext {
        Some(next) => next,
        None => session.uids(1..=u32::MAX).await?.last().map_or(1, |last| last.saturating_add(1)),
    };
    let is_first = watched.row.uidvalidity.is_none();
    let cursor = if is_first && starts_new(imap, watched.folder) { uidnext - 1 } else { 0 };
    if is_first && cursor > 0 {
        tracing::info!(mailbox = reader.mailbox, folder = watched.name, "mail that was there before is left alone");
    } else if !is_first && selected.uidvalidity.is_some() {
        tracing::warn!(
            mailbox = reader.mailbox,
            folder = watched.name,
            "the server numbers its mail anew; it is read again"
        );
    }
    renumber(reader, watched, uidvalidity, cursor, uidnext).await
}

async fn renumber(
    reader: &Reader,
    watched: &mut Watched,
    uidvalidity: u32,
    cursor: u32,
    old_below: u32,
) -> Result<(), Ended> {
    let source = watched.row.no;
    let ask = move |engine: &mut Engine| {
        engine.store().batch(|tx| {
            tx.set_uidvalidity(source, uidvalidity, cursor, Some(old_below))?;
            tx.source_row(source)
        })
    };
    watched.row = reader.desk.ask(ask).await??;
    Ok(())
}

async fn fetch(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    watched: &mut Watched,
    uids: &[u32],
    through: Option<u32>,
) -> Result<Taken, Ended> {
    let is_read_again = watched.row.generation > 1 && starts_new(imap, watched.folder);
    let place = Place {
        row: watched.row.clone(),
        folder: watched.folder,
        uidvalidity: watched.row.uidvalidity.unwrap_or(1),
        not_before: is_read_again.then_some(watched.row.first_seen_at),
        now: reader.now(),
    };
    let (sink, letters) = feed(FEED_BYTES);
    let (_, empty) = unbounded_channel();
    let mut notes = std::mem::replace(&mut watched.notes, empty);
    let desk = reader.desk.clone();
    let taking = tokio::spawn(async move {
        let taken = take_in(letters, &mut notes, &desk, &place).await;
        (taken, notes)
    });
    let fetched = session.fetch(uids, reader.limit_bytes, &sink).await;
    drop(sink);
    // Even if the line was lost: what has come is waited for, so that no more than this is ever under way.
    let (taken, notes) = taking.await.map_err(|_| Ended::Folder("a bug: taking letters in failed".to_owned()))?;
    watched.notes = notes;
    if taken.renumbered {
        let uidvalidity = watched.row.uidvalidity.unwrap_or(1);
        let next = uids.last().map_or(1, |last| last.saturating_add(1));
        renumber(reader, watched, uidvalidity, 0, next).await?;
        return Err(Ended::Renumbered);
    }
    if let Err(error) = fetched {
        count_stuck(reader, session, watched);
        return Err(error.into());
    }
    // Only now: after a line that was lost in the middle, the letters behind it are still to come.
    if let Some(uid) = through
        && !taken.has_missing
    {
        reader.desk.tell(vec![Event::Intake(Intake::Cursor { source: watched.row.no, uid })]);
    }
    if watched.folder == Folder::Inbox && !taken.in_custody.is_empty() {
        match &imap.after {
            After::Keep => {}
            After::Seen => session.store_flags(&taken.in_custody, &[Flag::Seen]).await?,
            After::Move(to) => {
                let moved = session.move_uids(&taken.in_custody, to).await?;
                if !moved.left.is_empty() {
                    tracing::warn!(mailbox = reader.mailbox, left = moved.left.len(), "some mail could not be moved");
                }
            }
        }
    }
    Ok(taken)
}

/// A line that is lost at the same letter again and again is lost because of it. Counted at most once a minute: a server that
/// restarts loses lines, too.
fn count_stuck(reader: &Reader, session: &Session, watched: &Watched) {
    let Some(uid) = session.stuck_at() else { return };
    let (source, now) = (watched.row.no, reader.now());
    let mut stuck = reader.stuck.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = stuck.insert((source, uid), now);
    match counted {
        Some(before) if now.since(before) < Time::MINUTE => _ = stuck.insert((source, uid), before),
        _ => reader.desk.tell(vec![Event::Intake(Intake::Missing { source, uid })]),
    }
}

fn is_to_be_compared(row: &SourceRow, now: Time) -> bool {
    row.reconciled_at.unwrap_or(row.first_seen_at).plus(Time::DAY) <= now
}

/// Once a day: is everything that lies in the folder in custody? What was overlooked is fetched, what should have been moved is moved.
async fn compare(reader: &Reader, imap: &Imap, session: &mut Session, watched: &mut Watched) -> Result<(), Ended> {
    let (source, now) = (watched.row.no, reader.now());
    let first = first_of_interest(imap, watched);
    if first <= watched.row.cursor {
        let there = session.uids(first..=watched.row.cursor).await?;
        let missed = without_those_in_custody(reader, &watched.row, there).await?;
        if !missed.is_empty() {
            tracing::warn!(mailbox = reader.mailbox, letters = missed.len(), "mail that was overlooked is taken in");
            fetch(reader, imap, session, watched, &missed, None).await?;
        }
    }
    watched.row.reconciled_at = Some(now);
    let done = move |engine: &mut Engine| engine.store().batch(|tx| tx.set_reconciled(source, now));
    reader.desk.ask(done).await??;
    Ok(())
}

/// `after = { move }`: what is in custody and was not moved before a crash.
async fn move_leftovers(reader: &Reader, imap: &Imap, session: &mut Session, watched: &Watched) -> Result<(), Ended> {
    let After::Move(to) = &imap.after else { return Ok(()) };
    let first = first_of_interest(imap, watched);
    if watched.folder != Folder::Inbox || first > watched.row.cursor {
        return Ok(());
    }
    let there = session.uids(first..=watched.row.cursor).await?;
    if there.is_empty() {
        return Ok(());
    }
    let source = watched.row.no;
    let ask = move |engine: &mut Engine| engine.store().read(|tx| tx.uids_kept(source, first));
    let kept = reader.desk.ask(ask).await??;
    let left: Vec<u32> = there.into_iter().filter(|uid| kept.iter().any(|range| range.contains(uid))).collect();
    if !left.is_empty() {
        session.move_uids(&left, to).await?;
    }
    Ok(())
}

/// What lay there before is left alone; but canned answers are there to be read.
fn starts_new(imap: &Imap, folder: Folder) -> bool {
    imap.start == Start::New && folder != Folder::Answers
}

/// The first UID that svar has anything to do with.
fn first_of_interest(imap: &Imap, watched: &Watched) -> u32 {
    if starts_new(imap, watched.folder) { watched.row.old_below.unwrap_or(1).max(1) } else { 1 }
}

async fn without_those_in_custody(reader: &Reader, row: &SourceRow, uids: Vec<u32>) -> Result<Vec<u32>, Ended> {
    let Some(first) = uids.first().copied() else { return Ok(uids) };
    let source = row.no;
    let ask = move |engine: &mut Engine| engine.store().read(|tx| tx.uids_in_custody(source, first));
    let known = reader.desk.ask(ask).await??;
    let mut known = known.into_iter().peekable();
    let keep = |uid: &u32| {
        while known.next_if(|range| range.end() < uid).is_some() {}
        !known.peek().is_some_and(|range| range.contains(uid))
    };
    let mut uids = uids;
    let mut keep = keep;
    uids.retain(|uid| keep(uid));
    Ok(uids)
}
