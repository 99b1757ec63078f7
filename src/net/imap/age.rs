//! How old the server says a letter is: the one way to ask an IMAP server for the time (RFC 5032, WITHIN).

use crate::net::imap::command::Command;
use crate::net::imap::{ImapError, Session};

/// No letter is older: what `UID SEARCH YOUNGER` is asked at most, in seconds (68 years).
const OLDEST_S: i64 = i32::MAX as i64;

impl Session {
    /// Seconds from the letter's INTERNALDATE to the server's own clock, to the second.
    ///
    /// `guess_s` is what our clock would say: where the two agree it takes two questions, else some thirty.
    /// `None` where the server has no WITHIN, the letter is gone, or its date lies ahead of the server's clock.
    ///
    /// # Errors
    /// As with any command.
    pub async fn age_s(&mut self, uid: u32, guess_s: i64) -> Result<Option<i64>, ImapError> {
        if !self.can("WITHIN") || !self.is_younger(uid, OLDEST_S).await? {
            return Ok(None);
        }
        // At most `above` old and more than `below`.
        let (mut below, mut above) = (0, OLDEST_S);
        let mut reach = 2;
        let mut ask = guess_s.clamp(1, OLDEST_S - 1);
        while above - below > 1 {
            if self.is_younger(uid, ask).await? {
                above = ask;
                ask = if below == 0 { ask - reach } else { below.midpoint(above) };
            } else {
                below = ask;
                ask = if above == OLDEST_S { ask + reach } else { below.midpoint(above) };
            }
            reach *= 2;
            if ask <= below || ask >= above {
                ask = below.midpoint(above);
            }
        }
        Ok(Some(above))
    }

    async fn is_younger(&mut self, uid: u32, age_s: i64) -> Result<bool, ImapError> {
        let found = self.search(Command::new("UID").word(&format!("SEARCH UID {uid} YOUNGER {age_s}"))).await?;
        Ok(found.contains(&uid))
    }
}
