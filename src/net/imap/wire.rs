//! Sends commands and reads their answers, strictly: each wait has a limit, each end of the line is told.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_imap::Client;
use async_imap::imap_proto::Status;
use futures_util::FutureExt;
use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::answer::{Code, Said};
use super::command::Command;
use super::nesting::{Shallow, TooDeep};
use super::{Capabilities, ImapError};
use crate::model::one_line;
use crate::net::stream::{Stream, Timeouts};

/// An answer that grows by less than this in `Timeouts::command` counts as silence, in bytes.
const CRAWL_BYTES: u64 = 1024;
/// Bytes handed to the network in one go, so that a long upload is watched piece by piece.
const WRITE_BYTES: usize = 64 * 1024;

/// A connection to an IMAP server on which somebody is logged in.
#[derive(Debug)]
pub struct Session {
    pub(super) client: Client<Shallow>,
    pub(super) timeouts: Timeouts,
    pub(super) capabilities: Capabilities,
    read_bytes: Arc<AtomicU64>,
    state: State,
    last_tag: u32,
    /// How many letters the selected folder holds, as far as was told.
    pub(super) exists: u32,
    /// Letters came since the caller last looked for them.
    pub(super) news: bool,
    /// The letter that a fetch broke at.
    pub(super) stuck_at: Option<u32>,
    bye: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// A command is under way; found in this state by the next one, it was cancelled.
    Busy,
    Broken,
}

impl Session {
    pub(super) fn new(stream: Stream, timeouts: Timeouts) -> Self {
        let read_bytes = stream.counter();
        Self {
            client: Client::new(Shallow::new(stream)),
            timeouts,
            capabilities: BTreeSet::new(),
            read_bytes,
            state: State::Ready,
            last_tag: 0,
            exists: 0,
            news: false,
            stuck_at: None,
            bye: None,
        }
    }

    /// Whether another command can be given.
    pub fn is_usable(&self) -> bool {
        self.state == State::Ready
    }

    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether the server has the capability, given in capitals.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Runs one command to its tagged answer, whose code it returns; `each` sees whatever comes on the way.
    pub(super) async fn exec(
        &mut self,
        command: Command,
        mut each: impl FnMut(Said),
    ) -> Result<Option<Code>, ImapError> {
        self.begin()?;
        let ended = self.converse(&command, &mut each).await;
        self.end(&ended);
        ended
    }

    async fn converse(&mut self, command: &Command, each: &mut impl FnMut(Said)) -> Result<Option<Code>, ImapError> {
        let tag = self.tag();
        for (at, piece) in command.pieces.iter().enumerate() {
            if at == 0 {
                self.write_line(&tag, piece).await?;
                continue;
            }
            // The server may refuse the literal with a tagged answer instead of asking for it, and tell news before.
            loop {
                match self.read().await? {
                    Said::More => break,
                    Said::Done { tag: theirs, remark } if theirs == tag => return remark.verdict(command.name),
                    said => no_stranger(said, command.name).map(&mut *each)?,
                }
            }
            for part in piece.chunks(WRITE_BYTES) {
                self.write(part).await?;
            }
            self.write(b"\r\n").await?;
        }
        self.finish(&tag, command.name, each).await
    }

    /// Reads up to the answer tagged `tag`.
    pub(super) async fn finish(
        &mut self,
        tag: &str,
        name: &'static str,
        each: &mut impl FnMut(Said),
    ) -> Result<Option<Code>, ImapError> {
        loop {
            match self.read().await? {
                Said::Done { tag: theirs, remark } if theirs == tag => return remark.verdict(name),
                said => no_stranger(said, name).map(&mut *each)?,
            }
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), ImapError> {
        if self.state != State::Ready {
            self.state = State::Broken;
            return Err(ImapError::Network("the connection was lost before".to_owned()));
        }
        self.state = State::Busy;
        Ok(())
    }

    /// Books how a command ended: only an answer leaves the session usable.
    pub(super) fn end<T>(&mut self, ended: &Result<T, ImapError>) {
        self.state = match ended {
            Ok(_) | Err(ImapError::Refused { .. }) => State::Ready,
            Err(_) => State::Broken,
        };
    }

    pub(super) fn tag(&mut self) -> String {
        self.last_tag = self.last_tag.wrapping_add(1);
        format!("s{}", self.last_tag)
    }

    /// Writes the first line of a command in one go: one packet, one TLS record. It may hold a password.
    pub(super) async fn write_line(&mut self, tag: &str, words: &[u8]) -> Result<(), ImapError> {
        let line = Zeroizing::new([tag.as_bytes(), b" ", words, b"\r\n"].concat());
        self.write(&line).await
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ImapError> {
        let stream = self.client.get_mut();
        let written = timeout(self.timeouts.command, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(self.lost(&e.to_string())),
            Err(_) => Err(ImapError::Network("the server takes nothing any more: timed out".to_owned())),
        }
    }

    /// The next response, booked. A slow one is waited for as long as it grows.
    pub(super) async fn read(&mut self) -> Result<Said, ImapError> {
        loop {
            let before = self.read_bytes.load(Ordering::Relaxed);
            // Cancelling a read loses nothing: what has come stays in its buffer.
            match timeout(self.timeouts.command, self.read_patiently()).await {
                Ok(read) => return read,
                Err(_) if self.read_bytes.load(Ordering::Relaxed) - before >= CRAWL_BYTES => {}
                Err(_) => return Err(ImapError::Network("the server does not answer: timed out".to_owned())),
            }
        }
    }

    /// The next response, however long it takes. It is booked what any response may bring along, and the end of the line
    /// is an error. Can be cancelled.
    pub(super) async fn read_patiently(&mut self) -> Result<Said, ImapError> {
        // The parser panics on some lines (`INTERNALDATE NIL`); a panic here is an answer that cannot be read.
        let read = AssertUnwindSafe(self.client.read_response()).catch_unwind().await;
        let said = match read.unwrap_or_else(|_| Err(std::io::ErrorKind::Other.into())) {
            Ok(Some(response)) => Said::new(response.parsed()),
            Ok(None) => return Err(self.lost("the server closed the connection")),
            // What cannot be parsed comes as "other", with the bytes in its text, which may be anybody's mail.
            Err(e) if e.kind() == std::io::ErrorKind::Other => {
                return Err(ImapError::Protocol("an answer that cannot be read".to_owned()));
            }
            Err(e) if e.get_ref().is_some_and(|inner| inner.is::<TooDeep>()) => {
                return Err(ImapError::Protocol(e.to_string()));
            }
            Err(e) => return Err(self.lost(&e.to_string())),
        };
        match &said {
            Said::Exists(count) => {
                self.news |= *count > self.exists;
                self.exists = *count;
            }
            Said::Expunged => self.exists = self.exists.saturating_sub(1),
            Said::Remark(remark) if matches!(remark.status, Status::Bye) => self.bye = Some(remark.text.clone()),
            _ => {}
        }
        Ok(said)
    }

    /// The line is gone. If the server said goodbye first, that is the reason.
    fn lost(&mut self, reason: &str) -> ImapError {
        match self.bye.take() {
            Some(text) => ImapError::Bye { text },
            None => ImapError::Network(reason.to_owned()),
        }
    }
}

/// Answers to what was not asked mean that both sides are out of step.
pub(super) fn no_stranger(said: Said, name: &'static str) -> Result<Said, ImapError> {
    match said {
        Said::Done { tag, .. } => {
            Err(ImapError::Protocol(format!("an answer to {}, which was not asked", one_line(&tag))))
        }
        Said::More => Err(ImapError::Protocol(format!("{name} was answered with a request for more"))),
        said => Ok(said),
    }
}
