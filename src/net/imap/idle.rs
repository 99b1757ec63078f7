//! Waits for new mail (RFC 2177), and says why it stopped waiting.

use std::time::Duration;

use async_imap::imap_proto::Status;
use tokio::time::{Instant, sleep_until};

use super::ImapError;
use super::answer::Said;
use super::wire::Session;

/// Why waiting ended. The session can be used on in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleEnd {
    /// There are more letters than before.
    Exists,
    /// `max` is over.
    TimedOut,
    /// Our own `stop` came.
    Stopped,
    /// The server ended IDLE by itself, with OK.
    ServerEnded,
}

impl Session {
    /// Waits until letters come, `max` is over (29 minutes is the longest that servers must bear; many routers forget a
    /// line after ten), `stop` is done, or the server ends it. Refusals are `Refused`, a goodbye is `Bye`, a lost line is
    /// `Network`. Letters that were told since the last `uids` end it at once.
    pub async fn idle(&mut self, max: Duration, stop: impl Future<Output = ()>) -> Result<IdleEnd, ImapError> {
        if self.news {
            return Ok(IdleEnd::Exists);
        }
        self.begin()?;
        let ended = self.wait(max, stop).await;
        self.end(&ended);
        ended
    }

    async fn wait(&mut self, max: Duration, stop: impl Future<Output = ()>) -> Result<IdleEnd, ImapError> {
        let tag = self.tag();
        let deadline = Instant::now() + max;
        self.write_line(&tag, b"IDLE").await?;
        // NO instead of "+" must not be waited through.
        loop {
            match self.read().await? {
                Said::More => break,
                said => {
                    if let Some(end) = self.ended(said, &tag)? {
                        return Ok(end);
                    }
                }
            }
        }
        let mut stop = std::pin::pin!(stop);
        let reason = loop {
            if self.news {
                break IdleEnd::Exists;
            }
            let said = tokio::select! {
                biased;
                () = &mut stop => break IdleEnd::Stopped,
                said = self.read_patiently() => said?,
                () = sleep_until(deadline) => break IdleEnd::TimedOut,
            };
            if let Some(end) = self.ended(said, &tag)? {
                return Ok(end);
            }
        };
        self.write(b"DONE\r\n").await?;
        self.finish(&tag, "IDLE", &mut |_| {}).await?;
        Ok(if self.news { IdleEnd::Exists } else { reason })
    }

    /// Whether the server has ended it, and how.
    fn ended(&self, said: Said, tag: &str) -> Result<Option<IdleEnd>, ImapError> {
        match said {
            Said::Done { tag: theirs, remark } if theirs == tag => {
                remark.verdict("IDLE")?;
                Ok(Some(if self.news { IdleEnd::Exists } else { IdleEnd::ServerEnded }))
            }
            Said::Remark(remark) if matches!(remark.status, Status::Bye) => Err(ImapError::Bye { text: remark.text }),
            Said::Done { .. } => Err(ImapError::Protocol("an answer to what was not asked".to_owned())),
            _ => Ok(None),
        }
    }

    /// Whether the server can tell of new mail by itself.
    pub fn can_idle(&self) -> bool {
        self.can("IDLE")
    }
}
