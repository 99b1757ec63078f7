//! Reads one mailbox by IMAP: INBOX, then Sent, then it waits for news; connects again when the line is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use crate::config::settings::{After, Imap, SentFolder, Start};
use crate::daemon::backoff::Backoff;
use crate::daemon::desk::{Closed, Desk, Note, Routes};
use crate::daemon::intake::{Place, Taken, take_in};
use crate::daemon::sent::{self, Errands};
use crate::engine::clock::Now;
use crate::engine::{Event, Intake};
use crate::model::{SourceNo, Time};
use crate::net::imap::{Flag, IdleEnd, ImapError, Selected, Session, Special, feed};
use crate::net::stream::Timeouts;
use crate::plan::Folder;
use crate::store::{SourceRow, StoreError};

/// Raw letters that may wait between the line and the packer.
const FEED_BYTES: u32 = 8 << 20;
/// IDLE is given anew after this: many routers forget a silent line after ten minutes (RFC 2177 allows 29).
const IDLE_LONGEST: Duration = Duration::from_secs(9 * 60);
/// An IDLE that a server ends at once is no wait; then we wait ourselves.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);

/// What the daemon is told of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It is open and was read once.
    Open { mailbox: String },
    /// It cannot be read; tried again by itself.
    Closed { mailbox: String, why: String },
    /// `--once`: all of it was read.
    Passed { mailbox: String },
}

/// What every reader of a mailbox needs.
#[derive(Clone, Debug)]
pub struct Reader {
    pub mailbox: String,
    pub desk: Desk,
    pub routes: Arc<Routes>,
    pub report: UnboundedSender<Report>,
    pub errands: Arc<Errands>,
    pub marks_answered: bool,
    pub once: bool,
    pub limit_bytes: u64,
    pub clock: fn() -> Now,
    pub given: Option<Now>,
    /// Letters at which the line was lost, and when that was counted.
    pub stuck: Arc<Mutex<BTreeMap<(SourceNo, u32), Time>>>,
}

impl Reader {
    #[must_use]
    pub fn now(&self) -> Time {
        self.given.unwrap_or_else(self.clock).wall
    }

    pub fn say(&self, report: Report) {
        let _ = self.report.send(report);
    }
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    #[error("{0}")]
    Imap(#[from] ImapError),
    #[error("{0}")]
    Desk(#[from] Closed),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Folder(String),
    #[error("other mail stands behind a number than before; all of it is read again")]
    Renumbered,
}

impl Ended {
    /// Only a person can help: a password, a certificate, a folder that is not there.
    fn is_lasting(&self) -> bool {
        matches!(self, Self::Imap(ImapError::Auth { .. } | ImapError::Secret(_) | ImapError::Tls(_)) | Self::Folder(_))
    }
}

/// Tends the mailbox until the task is dropped; with `once`, until it was read.
pub async fn tend(reader: Reader, imap: Imap) {
    let mut backoff = Backoff::new(&reader.mailbox);
    loop {
        let mut was_open = false;
        let ended = match session(&reader, &imap, &mut was_open).await {
            Ok(()) => return,
            Err(Ended::Desk(Closed)) => return,
            Err(ended) => ended,
        };
        if was_open {
            backoff.reset();
        }
        let why = format!("{}:{}: {ended}", imap.account.host, imap.account.port);
        if backoff.is_fresh() && !matches!(ended, Ended::Store(_)) {
            let when = if ended.is_lasting() { "in some minutes" } else { "soon" };
            tracing::warn!(mailbox = reader.mailbox, "the mailbox cannot be read: {why}; it is tried again {when}");
        } else {
            tracing::debug!(mailbox = reader.mailbox, "the mailbox cannot be read: {why}");
        }
        reader.say(Report::Closed { mailbox: reader.mailbox.clone(), why });
        if reader.once {
            return;
        }
        let wait = if ended.is_lasting() { backoff.refused() } else { backoff.failed() };
        sleep(wait).await;
    }
}

/// A folder that is watched, and how far it was read in this session.
#[derive(Debug)]
struct Watched {
    name: String,
    folder: Folder,
    row: SourceRow,
    notes: UnboundedReceiver<Note>,
    /// Its numbers were compared with the ones on record in this session.
    is_oriented: bool,
    /// Nothing above the cursor was tried before.
    is_clean: bool,
    /// What a crash had left behind was moved.
    is_tidied: bool,
}

async fn session(reader: &Reader, imap: &Imap, was_open: &mut bool) -> Result<(), Ended> {
    let mut session = Session::connect(&imap.account, Timeouts::default()).await?;
    let mut inbox = open(reader, imap, &imap.folder, Folder::Inbox).await?;
    let sent_name = sent_folder(&mut session, &imap.sent).await?;
    let mut sent = match &sent_name {
        Some(name) => Some(open(reader, imap, name, Folder::Sent).await?),
        None => None,
    };
    sent::ask_for_unknown(reader, &mut session, sent_name.as_deref()).await?;
    let mut idles = imap.idle && session.can_idle();
    loop {
        // INBOX up to its end before Sent is judged: an answer must not come before what it answers.
        if let Some(sent) = &mut sent {
            pass(reader, imap, &mut session, &mut inbox, true).await?;
            pass(reader, imap, &mut session, sent, true).await?;
            sent::keep_copies(reader, &mut session, &sent.name).await?;
        }
        sent::mark_answered(reader, &mut session, &inbox.name, inbox.row.no).await?;
        pass(reader, imap, &mut session, &mut inbox, true).await?;
        if !*was_open {
            *was_open = true;
            tracing::info!(
                mailbox = reader.mailbox,
                folder = inbox.name,
                sent = sent_name,
                idle = idles,
                "the mailbox is open"
            );
            reader.say(Report::Open { mailbox: reader.mailbox.clone() });
        }
        if reader.once {
            reader.say(Report::Passed { mailbox: reader.mailbox.clone() });
            // What was sent meanwhile may want a copy.
            reader.errands.nudge.notified().await;
            if let Some(name) = &sent_name {
                sent::keep_copies(reader, &mut session, name).await?;
            }
            sent::mark_answered(reader, &mut session, &inbox.name, inbox.row.no).await?;
            session.logout().await?;
            return Ok(());
        }
        wait_for_news(reader, imap, &mut session, &mut inbox, &mut idles).await?;
    }
}

/// Reads INBOX whenever the server tells of news, until it is time to look at everything.
async fn wait_for_news(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    inbox: &mut Watched,
    idles: &mut bool,
) -> Result<(), Ended> {
    let poll = Duration::from_secs(imap.poll_s.max(1));
    if !*idles {
        tokio::select! {
            () = sleep(poll) => {}
            () = reader.errands.nudge.notified() => {}
        }
        return Ok(());
    }
    let until = sleep(poll.min(IDLE_LONGEST));
    tokio::pin!(until);
    loop {
        let mut nudged = false;
        let stop = async {
            tokio::select! {
                () = reader.errands.nudge.notified() => nudged = true,
                () = &mut until => {}
            }
        };
        match session.idle(IDLE_LONGEST, stop).await {
            Ok(IdleEnd::Exists) => pass(reader, imap, session, inbox, false).await?,
            Ok(IdleEnd::ServerEnded) => {
                sleep(SHORTEST_WAIT.min(poll)).await;
                return Ok(());
            }
            Ok(IdleEnd::Stopped | IdleEnd::TimedOut) => return Ok(()),
            Err(ImapError::Refused { text, .. }) => {
                tracing::warn!(mailbox = reader.mailbox, "the server refuses IDLE ({text}); the mailbox is polled");
                *idles = false;
                return Ok(());
            }
            Err(other) => return Err(other.into()),
        }
    }
}

async fn open(reader: &Reader, imap: &Imap, name: &str, folder: Folder) -> Result<Watched, Ended> {
    let (host, user, name) = (imap.account.host.clone(), imap.account.user.clone(), name.to_owned());
    let (mailbox, now) = (reader.mailbox.clone(), reader.now());
    let ask = {
        let name = name.clone();
        move |engine: &mut crate::engine::Engine| {
            engine.store().batch(|tx| tx.source(&host, &user, &name, &mailbox, now))
        }
    };
    let row = reader.desk.ask(ask).await??;
    let (sender, notes) = unbounded_channel();
    reader.routes.watch(row.no, sender);
    Ok(Watched { name, folder, row, notes, is_oriented: false, is_clean: false, is_tidied: false })
}

/// The folder of sent mail, if it is watched and there is one.
async fn sent_folder(session: &mut Session, wanted: &SentFolder) -> Result<Option<String>, Ended> {
    let folders = match wanted {
        SentFolder::Unwatched => return Ok(None),
        SentFolder::Named(_) | SentFolder::Auto => session.folders().await?,
    };
    match wanted {
        SentFolder::Named(name) if folders.iter().any(|f| f.name == *name && f.selectable) => Ok(Some(name.clone())),
        SentFolder::Named(name) => {
            Err(Ended::Folder(format!("there is no folder {name}; set `sent` to one that is there, or to \"\"")))
        }
        _ => Ok(folders.into_iter().find(|f| f.special == Some(Special::Sent) && f.selectable).map(|f| f.name)),
    }
}

/// Reads what is new in one folder. `select`: the folder is opened (again) first.
async fn pass(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    watched: &mut Watched,
    select: bool,
) -> Result<(), Ended> {
    if select {
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
    }
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
    let cursor = if is_first && imap.start == Start::New { uidnext - 1 } else { 0 };
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
    let ask = move |engine: &mut crate::engine::Engine| {
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
    let is_read_again = watched.row.generation > 1 && imap.start == Start::New;
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
        let taken = take_in(letters, &mut notes, &desk, &place, through).await;
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
    let first = first_of_interest(imap, &watched.row);
    if first <= watched.row.cursor {
        let there = session.uids(first..=watched.row.cursor).await?;
        let missed = without_those_in_custody(reader, &watched.row, there).await?;
        if !missed.is_empty() {
            tracing::warn!(mailbox = reader.mailbox, letters = missed.len(), "mail that was overlooked is taken in");
            fetch(reader, imap, session, watched, &missed, None).await?;
        }
    }
    watched.row.reconciled_at = Some(now);
    let done = move |engine: &mut crate::engine::Engine| engine.store().batch(|tx| tx.set_reconciled(source, now));
    reader.desk.ask(done).await??;
    Ok(())
}

/// `after = { move }`: what is in custody and was not moved before a crash.
async fn move_leftovers(reader: &Reader, imap: &Imap, session: &mut Session, watched: &Watched) -> Result<(), Ended> {
    let After::Move(to) = &imap.after else { return Ok(()) };
    let first = first_of_interest(imap, &watched.row);
    if watched.folder != Folder::Inbox || first > watched.row.cursor {
        return Ok(());
    }
    let there = session.uids(first..=watched.row.cursor).await?;
    if there.is_empty() {
        return Ok(());
    }
    let source = watched.row.no;
    let ask = move |engine: &mut crate::engine::Engine| engine.store().read(|tx| tx.uids_kept(source, first));
    let kept = reader.desk.ask(ask).await??;
    let left: Vec<u32> = there.into_iter().filter(|uid| kept.iter().any(|range| range.contains(uid))).collect();
    if !left.is_empty() {
        session.move_uids(&left, to).await?;
    }
    Ok(())
}

/// The first UID that svar has anything to do with.
fn first_of_interest(imap: &Imap, row: &SourceRow) -> u32 {
    match imap.start {
        Start::New => row.old_below.unwrap_or(1).max(1),
        Start::All => 1,
    }
}

async fn without_those_in_custody(reader: &Reader, row: &SourceRow, uids: Vec<u32>) -> Result<Vec<u32>, Ended> {
    let Some(first) = uids.first().copied() else { return Ok(uids) };
    let source = row.no;
    let ask = move |engine: &mut crate::engine::Engine| engine.store().read(|tx| tx.uids_in_custody(source, first));
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
