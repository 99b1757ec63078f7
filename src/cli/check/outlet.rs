//! The ways out: SMTP, a program of this machine, a directory.

use super::hints::provider_hint;
use super::place::{at, executable, place, stands_in_a_directory};
use super::words::words_hint;
use super::{Outcome, PATIENCE, Report};
use crate::config::settings::Outlet;
use crate::net::smtp::{Connection, SmtpError};
use crate::net::{Account, Tls};

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
            }
            Err(error) => {
                self.say(Outcome::Failed, part, at(account, &error.to_string()));
                let hint = match &error {
                    SmtpError::Auth { text } => words_hint(text).or_else(|| provider_hint(&account.host)),
                    SmtpError::Network(_) => self.other_port(account).await,
                    SmtpError::Tls(_) if account.tls == Tls::Implicit && account.port == 587 => {
                        Some("port 587 speaks STARTTLS: set tls = \"starttls\"".to_owned())
                    }
                    _ => None,
                };
                if let Some(hint) = hint {
                    self.say(Outcome::Warning, part, hint);
                }
            }
        }
    }

    /// Some hosters block 465, without a word; 587 is then open.
    async fn other_port(&self, account: &Account) -> Option<String> {
        if account.port != 465 {
            return None;
        }
        let other = Account { port: 587, tls: Tls::Starttls, user: String::new(), password: None, ..account.clone() };
        let connection = Connection::connect(&other, "localhost", PATIENCE).await.ok()?;
        connection.quit().await;
        Some("port 465 does not answer from here, 587 does: set port = 587, tls = \"starttls\"".to_owned())
    }
}
