//! Reads one mailbox by IMAP: INBOX, then Sent, then it waits for news; connects again when the line is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::config::settings::{Imap, SentFolder};
use crate::daemon::backoff::Backoff;
use crate::daemon::desk::{Closed, Desk, Routes};
use crate::daemon::folder;
use crate::daemon::look_back;
use crate::daemon::sent::{self, Errands};
use crate::engine::clock::Now;
use crate::model::{SourceNo, Time};
use crate::net::imap::{Folder as Listed, IdleEnd, ImapError, Session, Special, sent_folder};
use crate::net::stream::Timeouts;
use crate::plan::Folder;
use crate::store::StoreError;

/// IDLE is given anew after this: many routers forget a silent line after ten minutes (RFC 2177 allows 29).
const IDLE_LONGEST: Duration = Duration::from_secs(9 * 60);
/// An IDLE that a server ends at once is no wait; then we wait ourselves.
const SHORTEST_WAIT: Duration = Duration::from_secs(5);

/// No server's wish to be left alone is heeded for longer.
const LONGEST_REST: Duration = Duration::from_secs(30 * 60);

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

/// Who puts copies of what was sent into Sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Svar, where there is none yet.
    Ours,
    /// Nobody, or the server: none is appended.
    Theirs,
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
    /// Nothing in the mailbox is changed.
    pub only_watches: bool,
    pub copies: Copies,
    /// The folder of canned answers, where it is this mailbox's.
    pub answers: Option<String>,
    pub once: bool,
    pub limit_bytes: u64,
    pub clock: fn() -> Now,
    pub given: Option<Now>,
    /// Changes whenever somebody has signed in.
    pub signed_in: watch::Receiver<u64>,
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
    /// The server wants to be left alone for so long.
    fn asks_to_wait(&self) -> Option<Duration> {
        match self {
            Self::Imap(error) => error.asks_to_wait().map(|wait| wait.min(LONGEST_REST)),
            _ => None,
        }
    }

    /// Only a person can help: a password, a certificate, a folder that is not there.
    fn is_lasting(&self) -> bool {
        matches!(self, Self::Imap(ImapError::Auth { .. } | ImapError::Secret(_) | ImapError::Tls(_)) | Self::Folder(_))
            || self.wants_a_sign_in()
    }

    /// There is no token, and asking for one again changes nothing.
    fn wants_a_sign_in(&self) -> bool {
        matches!(self, Self::Imap(ImapError::SignIn(error)) if error.needs_a_person())
    }

    /// A login that a sign-in may mend.
    fn is_of_login(&self) -> bool {
        matches!(self, Self::Imap(ImapError::Auth { .. } | ImapError::SignIn(_)))
    }
}

/// Tends the mailbox until the task is dropped; with `once`, until it was read.
pub async fn tend(reader: Reader, imap: Imap) {
    let mut backoff = Backoff::new(&reader.mailbox);
    let mut signed_in = reader.signed_in.clone();
    loop {
        signed_in.mark_unchanged();
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
        let (is_lasting, rest) = (ended.is_lasting(), ended.asks_to_wait());
        if backoff.is_fresh() && !matches!(ended, Ended::Store(_)) {
            let when = if is_lasting || rest.is_some() { "in some minutes" } else { "soon" };
            tracing::warn!(mailbox = reader.mailbox, "the mailbox cannot be read: {why}; it is tried again {when}");
        } else {
            tracing::debug!(mailbox = reader.mailbox, "the mailbox cannot be read: {why}");
        }
        reader.say(Report::Closed { mailbox: reader.mailbox.clone(), why });
        if reader.once {
            return;
        }
        if ended.wants_a_sign_in() {
            let now = reader.now();
            reader.desk.run(move |engine| engine.look_at_sign_ins(now));
        }
        let wait = if is_lasting { backoff.refused() } else { backoff.failed() };
        tokio::select! {
            () = sleep(wait.max(rest.unwrap_or_default())) => {}
            Ok(()) = signed_in.changed(), if ended.is_of_login() => backoff.reset(),
        }
    }
}

async fn session(reader: &Reader, imap: &Imap, was_open: &mut bool) -> Result<(), Ended> {
    let mut session = Session::connect(&imap.account, Timeouts::default()).await?;
    let sent_name = {
        let folders = session.folders().await?;
        holds_one_kind(&folders, imap)?;
        sent_name(&folders, &imap.sent)?
    };
    let mut inbox = folder::open(reader, imap, &imap.folder, Folder::Inbox).await?;
    let mut answers = match &reader.answers {
        Some(name) => answers_folder(reader, imap, &mut session, name).await?,
        None => None,
    };
    let mut sent = match &sent_name {
        Some(name) => Some(folder::open(reader, imap, name, Folder::Sent).await?),
        None => None,
    };
    sent::ask_for_unknown(reader, &mut session, sent_name.as_deref()).await?;
    let mut idles = imap.idle && session.can_idle();
    loop {
        // INBOX up to its end before Sent is judged: an answer must not come before what it answers.
        if let Some(sent) = &mut sent {
            folder::visit(reader, imap, &mut session, &mut inbox).await?;
            folder::visit(reader, imap, &mut session, sent).await?;
            sent::keep_copies(reader, &mut session, &sent.name).await?;
        }
        if let Some(answers) = &mut answers {
            folder::visit(reader, imap, &mut session, answers).await?;
        }
        sent::mark_answered(reader, &mut session, &inbox.name, inbox.row.no).await?;
        folder::visit(reader, imap, &mut session, &mut inbox).await?;
        if !*was_open && reader.only_watches {
            look_back::look_back(reader, imap, &mut session, &inbox, sent.as_ref()).await?;
        }
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
    inbox: &mut folder::Watched,
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
            Ok(IdleEnd::Exists) => folder::read_news(reader, imap, session, inbox).await?,
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

/// The folder of canned answers. Customers' mail does not wait until somebody has made it.
async fn answers_folder(
    reader: &Reader,
    imap: &Imap,
    session: &mut Session,
    name: &str,
) -> Result<Option<folder::Watched>, Ended> {
    if session.folders().await?.iter().any(|f| f.name == *name && f.selectable) {
        return folder::open(reader, imap, name, Folder::Answers).await.map(Some);
    }
    tracing::warn!(
        mailbox = reader.mailbox,
        folder = name,
        "there is no such folder; no canned answers are read from it"
    );
    Ok(None)
}

/// Gmail's "All Mail" and its like hold what came in and what went out: as INBOX or Sent each mail would be taken for the other.
fn holds_one_kind(folders: &[Listed], imap: &Imap) -> Result<(), Ended> {
    let named = |key: &'static str, name: &str| {
        let all = folders.iter().find(|f| f.name == name && f.special == Some(Special::All));
        all.map_or(Ok(()), |f| {
            let what =
                format!("{} holds all mail, what came in and what was sent; set `{key}` to another folder", f.name);
            Err(Ended::Folder(what))
        })
    };
    named("folder", &imap.folder)?;
    match &imap.sent {
        SentFolder::Named(name) => named("sent", name),
        SentFolder::Auto | SentFolder::Unwatched => Ok(()),
    }
}

/// The folder of sent mail, if it is watched and there is one.
fn sent_name(folders: &[Listed], wanted: &SentFolder) -> Result<Option<String>, Ended> {
    match wanted {
        SentFolder::Unwatched => Ok(None),
        SentFolder::Named(name) if folders.iter().any(|f| f.name == *name && f.selectable) => Ok(Some(name.clone())),
        SentFolder::Named(name) => {
            Err(Ended::Folder(format!("there is no folder {name}; set `sent` to one that is there, or to \"\"")))
        }
        SentFolder::Auto => Ok(sent_folder(folders).map(|(f, _)| f.name.clone())),
    }
}
