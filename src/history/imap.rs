//! A folder on an IMAP server as a store of mail: opened for reading only, so that not even `\Recent` changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime;

use crate::history::HistoryError;
use crate::mail::outline::{Outline, outline};
use crate::model::Time;
use crate::net::imap::{ImapError, Item, Session, feed};
use crate::net::stream::Timeouts;
use crate::net::{Account, Fetched};

/// What of a header orders a history. `Received` and the like tell mail that came from mail that was written here.
const FIELDS: [&str; 8] =
    ["From", "Date", "Message-ID", "In-Reply-To", "References", "Received", "Return-Path", "Delivered-To"];
/// Letters whose bodies are on their way, in bytes.
const FEED_BYTES: u32 = 32 << 20;
/// A line that is lost is dialled anew so often in a row.
const TRIES: usize = 3;

/// The folder.
#[derive(Debug)]
pub struct Remote {
    account: Account,
    folder: String,
    uids: Vec<u32>,
    uidvalidity: Option<u32>,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    runtime: Runtime,
    session: Option<Session>,
}

/// A letter as the server lists it.
#[derive(Debug)]
pub struct Told {
    pub uid: u32,
    pub size_bytes: u64,
    pub received_at: Option<Time>,
    pub outline: Outline,
}

impl Remote {
    /// Logs in and opens the folder with EXAMINE.
    pub fn open(account: Account, folder: &str) -> Result<Self, HistoryError> {
        let place = format!("imaps://{}/{folder}", account.host);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(HistoryError::Thread)?;
        let opened = runtime.block_on(async {
            let mut session = Session::connect(&account, Timeouts::default()).await?;
            let selected = session.examine(folder).await?;
            let uids = session.uids(1..=u32::MAX).await?;
            Ok((session, selected, uids))
        });
        let (session, selected, uids) = opened.map_err(|source| HistoryError::Imap { place, source })?;
        let line = Mutex::new(Line { runtime, session: Some(session) });
        Ok(Self { account, folder: folder.to_owned(), uids, uidvalidity: selected.uidvalidity, line })
    }

    /// What people call it.
    #[must_use]
    pub fn place(&self) -> String {
        format!("imaps://{}@{}/{}", self.account.user, self.account.host, self.folder)
    }

    /// How many letters there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.uids.len()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists every letter.
    pub fn list(&self, mut each: impl FnMut(Told)) -> Result<(), HistoryError> {
        let mut line = self.line();
        let Line { runtime, session } = &mut *line;
        for uids in self.uids.chunks(500) {
            let mut told = Vec::new();
            runtime.block_on(self.again(session, async |session: &mut Session| {
                told.clear();
                session.list_letters(uids, &FIELDS, |letter| told.push(letter)).await
            }))?;
            for letter in told.drain(..) {
                each(Told {
                    uid: letter.uid,
                    size_bytes: letter.size_bytes,
                    received_at: letter.received_at,
                    outline: outline(&letter.header),
                });
            }
        }
        Ok(())
    }

    /// Fetches letters, each up to `limit_bytes`; those that the server will not hand over are missing.
    pub fn fetch(&self, uids: &[u32], limit_bytes: u64) -> Result<Vec<Fetched>, HistoryError> {
        let mut line = self.line();
        let Line { runtime, session } = &mut *line;
        let mut fetched: Vec<Fetched> = Vec::new();
        runtime.block_on(self.again(session, async |session: &mut Session| {
            fetched.clear();
            let (sink, mut letters) = feed(FEED_BYTES);
            let fetch = async {
                let ended = session.fetch(uids, limit_bytes, &sink).await;
                drop(sink);
                ended
            };
            let take = async {
                while let Some(item) = letters.next().await {
                    if let Item::Letter(letter) = item {
                        fetched.push(letter);
                    }
                }
            };
            tokio::join!(fetch, take).0
        }))?;
        Ok(fetched)
    }

    /// Does something with the session; over a line that was lost it is done again on a new one.
    async fn again(
        &self,
        session: &mut Option<Session>,
        mut work: impl AsyncFnMut(&mut Session) -> Result<(), ImapError>,
    ) -> Result<(), HistoryError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let done = match session {
                Some(open) => work(open).await,
                None => match self.dial().await {
                    Ok(new) => work(session.insert(new)).await,
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(()) => return Ok(()),
                Err(ImapError::Network(_) | ImapError::Bye { .. } | ImapError::Protocol(_)) if tries < TRIES => {
                    *session = None;
                }
                Err(source) => return Err(HistoryError::Imap { place: self.place(), source }),
            }
        }
    }

    async fn dial(&self) -> Result<Session, ImapError> {
        let mut session = Session::connect(&self.account, Timeouts::default()).await?;
        let selected = session.examine(&self.folder).await?;
        if selected.uidvalidity != self.uidvalidity {
            return Err(ImapError::Protocol("it numbers its letters anew meanwhile; begin again".to_owned()));
        }
        Ok(session)
    }
}
