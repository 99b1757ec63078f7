//! An IMAP account: can svar sign in, and what the server can do.

use super::place::{listed, place};
use super::trouble::Trouble;
use super::{Outcome, PATIENCE, Report};
use crate::cli::open::now;
use crate::config::settings::Imap;
use crate::model::Time;
use crate::net::Account;
use crate::net::certificates::good_until;
use crate::net::imap::Session;

/// A certificate that ends sooner is worth a word. Most are renewed a month ahead.
const SOON_S: i64 = 14 * Time::DAY;

impl Report {
    pub(super) async fn imap(&mut self, imap: &Imap) {
        let account = &imap.account;
        let mut session = match Session::connect(account, PATIENCE).await {
            Ok(session) => session,
            Err(error) => {
                let trouble = Trouble::of_imap(account, &error).await;
                self.trouble("imap", trouble);
                return;
            }
        };
        let wanted = ["IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE", "CONDSTORE"];
        let (has, lacks): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(|c| session.can(c));
        let mut text = format!("{}: signed in as {}; has {}", place(account), account.user, listed(&has));
        if !lacks.is_empty() {
            text.push_str(&format!(", lacks {}", listed(&lacks)));
        }
        self.say(Outcome::Ok, "imap", text);
        self.certificate("imap", account);
        if imap.idle && !session.can("IDLE") {
            self.say(
                Outcome::Warning,
                "imap",
                format!("no IDLE here: new mail is seen at each poll, every {} s", imap.poll_s),
            );
        }
        match session.folders().await {
            Ok(folders) => self.folders(&mut session, imap, &folders).await,
            Err(error) => self.say(Outcome::Failed, "folders", error.to_string()),
        }
        let _ = session.logout().await;
    }

    /// Until when the server's certificate is good, as its handshake has just shown. Nothing of a line without TLS.
    pub(super) fn certificate(&mut self, part: &'static str, account: &Account) {
        let now = now(&self.global);
        let Some(until) = good_until(account, now) else { return };
        let day = until.to_string().get(..10).unwrap_or_default().to_owned();
        if until.since(now) > SOON_S {
            return self.say(Outcome::Ok, part, format!("its certificate is good until {day}"));
        }
        self.say(Outcome::Warning, part, format!("its certificate ends on {day}, and mail stops then"));
        self.say(Outcome::Warning, part, "whoever runs the server must renew it before");
    }
}
