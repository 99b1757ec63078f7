//! An IMAP account: can svar sign in, and what the server can do.

use super::place::{listed, place};
use super::trouble::Trouble;
use super::{Outcome, PATIENCE, Report};
use crate::config::settings::Imap;
use crate::net::imap::Session;

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
}
