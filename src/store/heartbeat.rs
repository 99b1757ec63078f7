//! Mails to ourselves: which one is still under way, and when one came back last.

use super::{StoreError, Tx};
use crate::model::Time;

/// What is known of a mailbox's heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeartbeatRow {
    /// The first that was sent since one came back.
    pub waits_since: Option<Time>,
    pub sent_at: Option<Time>,
    pub back_at: Option<Time>,
    /// Since when a daemon is there to see one come back.
    pub watched_since: Option<Time>,
}

impl HeartbeatRow {
    /// When one was sent that has not come back although it has had `within_s` for it, with a daemon to see it.
    #[must_use]
    pub fn lost(&self, within_s: i64, now: Time) -> Option<Time> {
        let waits = self.waits_since?;
        let from = self.watched_since.map_or(waits, |watched| watched.max(waits));
        (now.since(from) >= within_s).then_some(waits)
    }
}

fn name(part: &str, mailbox: &str) -> String {
    format!("heartbeat_{part}:{mailbox}")
}

impl Tx<'_> {
    fn moment(&mut self, part: &str, mailbox: &str) -> Result<Option<Time>, StoreError> {
        let written = self.meta(&name(part, mailbox))?;
        Ok(written.and_then(|v| v.parse().ok()).map(Time::from_unix))
    }

    fn set_moment(&mut self, part: &str, mailbox: &str, at: Option<Time>) -> Result<(), StoreError> {
        self.set_meta(&name(part, mailbox), at.map(|at| at.unix().to_string()).as_deref())
    }

    /// # Errors
    /// A database error.
    pub fn heartbeat(&mut self, mailbox: &str) -> Result<HeartbeatRow, StoreError> {
        Ok(HeartbeatRow {
            waits_since: self.moment("waits", mailbox)?,
            sent_at: self.moment("sent", mailbox)?,
            back_at: self.moment("back", mailbox)?,
            watched_since: self.moment("watched", mailbox)?,
        })
    }

    /// One is about to be sent. The first that does not come back is what the waiting is counted from.
    ///
    /// # Errors
    /// A database error.
    pub fn heartbeat_sent(&mut self, mailbox: &str, at: Time) -> Result<(), StoreError> {
        if self.moment("waits", mailbox)?.is_none() {
            self.set_moment("waits", mailbox, Some(at))?;
        }
        self.set_moment("sent", mailbox, Some(at))
    }

    /// One has come back: whichever it was, mail goes out and comes in. One from before a move or a restore says nothing.
    ///
    /// # Errors
    /// A database error.
    pub fn heartbeat_back(&mut self, mailbox: &str, sent_at: Time, at: Time) -> Result<(), StoreError> {
        if self.moment("waits", mailbox)?.is_none_or(|waits| sent_at < waits) {
            return Ok(());
        }
        self.set_moment("waits", mailbox, None)?;
        self.set_moment("back", mailbox, Some(at))
    }

    /// A daemon begins to watch: what came back while none ran is still to be read.
    ///
    /// # Errors
    /// A database error.
    pub fn heartbeat_watched(&mut self, mailbox: &str, at: Time) -> Result<(), StoreError> {
        self.set_moment("watched", mailbox, Some(at))
    }
}
