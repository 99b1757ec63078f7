//! Opens a session: greeting, STARTTLS by hand, login.

use std::collections::BTreeSet;

use async_imap::imap_proto::Status;
use secrecy::{ExposeSecret, SecretString};

use super::answer::Said;
use super::command::Command;
use super::wire::Session;
use super::{Capabilities, ImapError};
use crate::net::stream::{Stream, Timeouts};
use crate::net::{Account, Tls};

/// NO for one of these is no verdict on the password (RFC 5530, RFC 9051).
const PASSING: [&str; 8] =
    ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", "ALREADYEXISTS", "OVERQUOTA", "THROTTLED"];
/// Nor is NO with these words: some big providers have no code for it (Microsoft: `Server Unavailable. 15`, Gmail: `Account
/// exceeded command or bandwidth limits`).
const CROWDED: [&str; 6] =
    ["too many", "try again", "temporar", "server unavailable", "throttled", "exceeded command or bandwidth"];

impl Session {
    /// Connects and logs in. The password is read anew each time.
    pub async fn connect(account: &Account, timeouts: Timeouts) -> Result<Self, ImapError> {
        let password = match &account.password {
            Some(secret) => secret.read_within(timeouts.connect).await?,
            None => SecretString::from(String::new()),
        };
        let mut session = Self::new(Stream::dial(account, &timeouts).await?, timeouts);
        session.greeting().await?;
        if account.tls == Tls::Starttls {
            session = session.starttls(account).await?;
        }
        session.ask_capabilities().await?;
        session.login(&account.user, &password).await?;
        // What is offered may be more after the login.
        session.ask_capabilities().await?;
        Ok(session)
    }

    async fn greeting(&mut self) -> Result<(), ImapError> {
        self.begin()?;
        let greeted = self.read().await.and_then(|said| match said {
            Said::Remark(remark) => match remark.status {
                Status::Ok => Ok(()),
                Status::Bye => Err(ImapError::Bye { text: remark.text }),
                // Whose mailbox would it be? In the clear it is also how STARTTLS is kept from us (RFC 9051, 11.1).
                Status::PreAuth => {
                    Err(ImapError::Protocol("it says that we are logged in already (PREAUTH)".to_owned()))
                }
                _ => Err(ImapError::Protocol(format!("the greeting is a refusal: {}", remark.text))),
            },
            _ => Err(ImapError::Protocol("no greeting".to_owned())),
        });
        self.end(&greeted);
        greeted
    }

    /// What the server has sent so far, read or not, is forgotten with the old reader: nothing from before the handshake
    /// is believed after it.
    async fn starttls(mut self, account: &Account) -> Result<Self, ImapError> {
        match self.exec(Command::new("STARTTLS"), |_| {}).await {
            Ok(_) => {}
            Err(ImapError::Refused { text, .. }) => {
                return Err(ImapError::Tls(format!("{} refused STARTTLS: {text}", account.host)));
            }
            Err(other) => return Err(other),
        }
        let limit = self.timeouts.connect;
        let timeouts = self.timeouts;
        let stream = tokio::time::timeout(limit, self.client.into_inner().secure(account))
            .await
            .map_err(|_| ImapError::Network(format!("{} did not finish the TLS handshake in time", account.host)))??;
        Ok(Self::new(stream, timeouts))
    }

    async fn ask_capabilities(&mut self) -> Result<(), ImapError> {
        let mut found: Capabilities = BTreeSet::new();
        self.exec(Command::new("CAPABILITY"), |said| {
            if let Said::Capabilities(names) = said {
                found.extend(names);
            }
        })
        .await?;
        self.capabilities = found;
        Ok(())
    }

    async fn login(&mut self, user: &str, password: &SecretString) -> Result<(), ImapError> {
        let secret = password.expose_secret();
        let ascii = user.is_ascii() && secret.is_ascii();
        let command = if self.can("AUTH=PLAIN") && (self.can("LOGINDISABLED") || !ascii) {
            // RFC 4616: PLAIN is UTF-8 by definition, LOGIN by luck. The answer follows when the server asks for it.
            let line = data_encoding::BASE64.encode(format!("\0{user}\0{secret}").as_bytes());
            let mut command = Command::new("AUTHENTICATE").word("PLAIN");
            command.pieces.push(line.into_bytes());
            command
        } else if self.can("LOGINDISABLED") {
            return Err(ImapError::Auth { text: "the server takes no passwords here (LOGINDISABLED)".to_owned() });
        } else {
            Command::new("LOGIN").string(user).string(secret)
        };
        match self.exec(command, |_| {}).await {
            Ok(_) => Ok(()),
            Err(ImapError::Refused { code, text, answer, command }) => {
                let words = text.to_ascii_lowercase();
                if code.as_deref().is_some_and(|c| PASSING.contains(&c)) || CROWDED.iter().any(|w| words.contains(w)) {
                    Err(ImapError::Refused { code, text, answer, command })
                } else {
                    Err(ImapError::Auth { text })
                }
            }
            Err(other) => Err(other),
        }
    }

    /// Keeps the session alive and lets the server tell its news.
    pub async fn noop(&mut self) -> Result<(), ImapError> {
        self.exec(Command::new("NOOP"), |_| {}).await.map(drop)
    }

    /// Says goodbye; the server's closing the line is what was asked for.
    pub async fn logout(mut self) -> Result<(), ImapError> {
        match self.exec(Command::new("LOGOUT"), |_| {}).await {
            Ok(_) | Err(ImapError::Bye { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }
}
