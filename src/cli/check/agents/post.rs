//! How practice mails leave, and how their replies are looked for where no daemon reads the mailbox.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::check::PATIENCE;
use crate::config::settings::{Imap, Inlet, Outlet};
use crate::desk::practice::PracticeMail;
use crate::model::Time;
use crate::net::imap::{ImapError, Item, Session, feed};
use crate::net::smtp::Connection;
use crate::net::{Delivery, Fetched, Wire, maildir, outdir, sendmail};

/// A program that takes mail must end within this.
const SENDMAIL_LONGEST: Duration = Duration::from_secs(60);
/// So many letters are looked at when a mailbox is first read, the newest.
const NEWEST: usize = 200;
/// Replies are small.
const LETTER_BYTES: u64 = 2 << 20;
const FEED_BYTES: u32 = 8 << 20;
/// Clocks may be so far apart.
const APART_S: i64 = Time::HOUR;

/// Hands a mail over at once; the server's words if it does not take it.
pub async fn send(outlet: &Outlet, mail: PracticeMail, at: Time) -> Result<(), String> {
    let id = mail.no.to_string();
    let wire = Wire { from: Some(mail.from), to: vec![mail.to], bytes: Arc::new(mail.bytes) };
    let results = match outlet {
        Outlet::Smtp { account, .. } => {
            let mut connection =
                Connection::connect(account, "localhost", PATIENCE).await.map_err(|e| e.to_string())?;
            let results = connection.send(&wire).await.map_err(|e| e.to_string())?;
            connection.quit().await;
            results
        }
        Outlet::Sendmail { command } => sendmail::send(command, &wire, SENDMAIL_LONGEST).await,
        Outlet::Outdir { path } => outdir::send(path, &wire, at, &format!("practice-{id}")),
        Outlet::Nowhere => return Err("the mailbox has no way out ([mailbox.smtp])".to_owned()),
    };
    match results.into_iter().next().map(|(_, delivery)| delivery) {
        Some(Delivery::Accepted { .. }) => Ok(()),
        Some(Delivery::Deferred { reply } | Delivery::Refused { reply }) => Err(reply),
        None => Err("the server said nothing of the recipient".to_owned()),
    }
}

/// How far a mailbox was read.
#[derive(Debug, Default)]
pub struct Letterbox {
    above: Option<u32>,
    seen: BTreeSet<String>,
}

impl Letterbox {
    /// Letters that came since then and were not looked at before. Nothing in the mailbox is changed.
    pub async fn news(&mut self, source: &Inlet, since: Time) -> Result<Vec<Fetched>, String> {
        let since = since.plus(-APART_S);
        match source {
            Inlet::Imap(imap) => self.by_imap(imap, since).await.map_err(|e| e.to_string()),
            Inlet::Maildir { path, .. } => {
                let entries = maildir::scan(path, |key| !self.seen.contains(key)).map_err(|e| e.to_string())?;
                self.seen.extend(entries.iter().map(|e| e.key.clone()));
                let read = entries.iter().filter_map(|e| maildir::read(e, 0, LETTER_BYTES).ok());
                Ok(read.filter(|letter| letter.received_at >= since).collect())
            }
            // What is piped in is judged by the command that takes it.
            Inlet::Pipe => Ok(Vec::new()),
        }
    }

    async fn by_imap(&mut self, imap: &Imap, since: Time) -> Result<Vec<Fetched>, ImapError> {
        let mut session = Session::connect(&imap.account, PATIENCE).await?;
        session.examine(&imap.folder).await?;
        let first = self.above.map_or(1, |uid| uid.saturating_add(1));
        let there = session.uids(first..=u32::MAX).await?;
        let newest = &there[there.len().saturating_sub(NEWEST)..];
        let mut wanted = Vec::new();
        session
            .list_letters(newest, &["Message-ID"], |letter| {
                if letter.received_at.is_none_or(|at| at >= since) {
                    wanted.push(letter.uid);
                }
            })
            .await?;
        let (sink, mut items) = feed(FEED_BYTES);
        let taking = async {
            let mut letters = Vec::new();
            while let Some(item) = items.next().await {
                if let Item::Letter(letter) = item {
                    letters.push(letter);
                }
            }
            letters
        };
        let fetching = async {
            let fetched = session.fetch(&wanted, LETTER_BYTES, &sink).await;
            drop(sink);
            fetched
        };
        let (letters, fetched) = tokio::join!(taking, fetching);
        fetched?;
        self.above = there.last().copied().or(self.above);
        session.logout().await?;
        Ok(letters)
    }
}
