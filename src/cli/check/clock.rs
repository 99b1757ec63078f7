//! The server's clock beside this machine's.

use super::{Outcome, Report};
use crate::cli::open::now;
use crate::cli::print::span;
use crate::net::imap::{Item, Selected, Session, feed};

/// Clocks this far apart are not worth a word, in seconds.
const TOLERABLE_S: i64 = 60;

impl Report {
    /// IMAP has no command for the time. A server that knows WITHIN says how old its newest letter is, which comes to the
    /// same; of any other one only a letter from our future tells.
    pub(super) async fn clock(&mut self, session: &mut Session, selected: &Selected) {
        let Some(last) = selected.uidnext.and_then(|n| n.checked_sub(1)).filter(|_| selected.exists > 0) else {
            return;
        };
        let from = last.saturating_sub(200).max(1);
        let Ok(uids) = session.uids(from..=last).await else { return };
        let Some(newest) = uids.last() else { return };
        let (sink, mut letters) = feed(1 << 20);
        if session.fetch(&[*newest], 1, &sink).await.is_err() {
            return;
        }
        let Some(Item::Letter(letter)) = letters.try_next() else { return };
        let age_s = now(&self.global).since(letter.received_at);
        let (outcome, text) = match session.age_s(*newest, age_s).await {
            Ok(Some(servers_s)) => clocks_compared(servers_s - now(&self.global).since(letter.received_at)),
            Ok(None) if age_s < -TOLERABLE_S => (
                Outcome::Warning,
                format!(
                    "the server's clock is ahead of this machine's by {} or more: is NTP running here?",
                    span(-age_s)
                ),
            ),
            Ok(None) => (
                Outcome::Ok,
                format!(
                    "the newest letter came {} ago by the server's clock; nothing speaks against ours",
                    span(age_s)
                ),
            ),
            Err(error) => (Outcome::Warning, format!("the server's clock cannot be asked: {error}")),
        };
        self.say(outcome, "clock", text);
    }
}

/// What a difference between the server's clock and ours comes to; `ahead_s` is how far the server's is ahead.
fn clocks_compared(ahead_s: i64) -> (Outcome, String) {
    let apart = span(ahead_s.abs());
    match ahead_s {
        s if s.abs() <= TOLERABLE_S => (Outcome::Ok, "the server's clock and this machine's agree".to_owned()),
        s if s > 0 => {
            (Outcome::Warning, format!("the server's clock is {apart} ahead of this machine's: is NTP running here?"))
        }
        _ => (Outcome::Warning, format!("the server's clock is {apart} behind this machine's: is NTP running here?")),
    }
}
