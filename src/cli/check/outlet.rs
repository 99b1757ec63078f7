//! The ways out: SMTP, a program of this machine, a directory.

use super::place::{executable, place, stands_in_a_directory};
use super::trouble::Trouble;
use super::{Outcome, PATIENCE, Report};
use crate::config::settings::Outlet;
use crate::net::Account;
use crate::net::smtp::Connection;

impl Report {
    pub(super) async fn outlet(&mut self, part: &'static str, outlet: &Outlet) {
        match outlet {
            Outlet::Smtp { account, .. } => self.smtp(part, account).await,
            Outlet::Outdir { path } => {
                let outcome = if path.is_dir() || stands_in_a_directory(path) { Outcome::Ok } else { Outcome::Failed };
                self.say(outcome, part, format!("mail is written into {}, not sent", path.display()));
            }
            Outlet::Sendmail { command } => {
                let program = command.first().map_or("", String::as_str);
                match executable(program) {
                    true => self.say(Outcome::Ok, part, format!("mail is handed to {}", command.join(" "))),
                    false => self.say(Outcome::Failed, part, format!("{program} is not there or cannot be run")),
                }
            }
            Outlet::Nowhere => self.say(Outcome::Ok, part, "no way out: nothing is sent"),
        }
    }

    async fn smtp(&mut self, part: &'static str, account: &Account) {
        match Connection::connect(account, "localhost", PATIENCE).await {
            Ok(connection) => {
                let login = if account.user.is_empty() {
                    "without a login".to_owned()
                } else {
                    format!("signed in as {}", account.user)
                };
                let size = match connection.offers().size_bytes {
                    Some(bytes) => format!("takes mails of up to {} MB", bytes / 1_000_000),
                    None => "states no limit on size".to_owned(),
                };
                connection.quit().await;
                self.say(Outcome::Ok, part, format!("{}: {login}; {size}", place(account)));
                self.certificate(part, account);
            }
            Err(error) => {
                let trouble = Trouble::of_smtp(account, &error).await;
                self.trouble(part, trouble);
            }
        }
    }
}
