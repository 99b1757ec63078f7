//! Opens a session: greeting, STARTTLS by hand, login.

use std::collections::BTreeSet;

use async_imap::imap_proto::Status;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::answer::{Code, Said};
use super::command::Command;
use super::wire::{Session, no_stranger};
use super::{Capabilities, ImapError};
use crate::net::credential::{Key, KeyError, NotAccepted};
use crate::net::oauth::Mechanism;
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
    /// Connects and logs in. The password is read anew each time; a token that is refused is renewed once.
    pub async fn connect(account: &Account, timeouts: Timeouts) -> Result<Self, ImapError> {
        let key = account.key(timeouts.connect).await?;
        let refused = match Self::connect_with(account, &key, timeouts).await? {
            Ok(session) => return Ok(session),
            Err(refused) => refused,
        };
        // On a line of its own: some servers close the one on which a login failed.
        let ended = match account.another(&key).await? {
            Some(newer) => Self::connect_with(account, &newer, timeouts).await?,
            None => Err(refused),
        };
        ended.map_err(|NotAccepted(text)| ImapError::Auth { text })
    }

    async fn connect_with(
        account: &Account,
        key: &Key,
        timeouts: Timeouts,
    ) -> Result<Result<Self, NotAccepted>, ImapError> {
        let mut session = Self::new(Stream::dial(account, &timeouts).await?, timeouts);
        session.greeting().await?;
        if account.tls == Tls::Starttls {
            session = session.starttls(account).await?;
        }
        session.ask_capabilities().await?;
        let ended = match key {
            Key::Nothing => session.login(&account.user, &SecretString::from(String::new())).await,
            Key::Password(password) => session.login(&account.user, password).await,
            Key::Token(token) => {
                let mechanism = session.mechanism()?;
                session.show_token(mechanism, account, token).await
            }
        };
        match ended {
            Ok(()) => {}
            Err(ImapError::Auth { text }) => return Ok(Err(NotAccepted(text))),
            Err(other) => return Err(other),
        }
        // What is offered may be more after the login.
        session.ask_capabilities().await?;
        Ok(Ok(session))
    }

    pub(super) async fn greeting(&mut self) -> Result<(), ImapError> {
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
    pub(super) async fn starttls(mut self, account: &Account) -> Result<Self, ImapError> {
        match self.exec(Command::new("STARTTLS"), |_| {}).await {
            Ok(_) => {}
            Err(ImapError::Refused { text, .. }) => {
                return Err(ImapError::Tls(format!("{} refused STARTTLS: {text}", account.host)));
            }
            Err(other) => return Err(other),
        }
        let limit = self.timeouts.connect;
        let timeouts = self.timeouts;
        let stream = tokio::time::timeout(limit, self.client.into_inner().into_inner().secure(account))
            .await
            .map_err(|_| ImapError::Network(format!("{} did not finish the TLS handshake in time", account.host)))??;
        Ok(Self::new(stream, timeouts))
    }

    pub(super) async fn ask_capabilities(&mut self) -> Result<(), ImapError> {
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
            let plain = Zeroizing::new(["\0", user, "\0", secret].concat());
            let line = Zeroizing::new(data_encoding::BASE64.encode(plain.as_bytes()));
            Command::secret("AUTHENTICATE").word("PLAIN").then(line.as_bytes())
        } else if self.can("LOGINDISABLED") {
            return Err(ImapError::Auth { text: "the server takes no passwords here (LOGINDISABLED)".to_owned() });
        } else {
            Command::secret("LOGIN").string(user).string(secret)
        };
        judged(self.exec(command, |_| {}).await)
    }

    /// How the server wants to be shown a token.
    fn mechanism(&self) -> Result<Mechanism, ImapError> {
        let offered = Mechanism::choose(|name| self.capabilities.contains(&format!("AUTH={name}")));
        let text = || "the server offers no sign-in by OAuth2 (XOAUTH2, OAUTHBEARER)".to_owned();
        offered.ok_or_else(|| ImapError::Auth { text: text() })
    }

    /// `AUTHENTICATE` with a token.
    async fn show_token(
        &mut self,
        mechanism: Mechanism,
        account: &Account,
        token: &SecretString,
    ) -> Result<(), ImapError> {
        let response = mechanism.response(&account.user, &account.host, account.port, token);
        self.begin()?;
        let ended = self.authenticate(mechanism, response.expose_secret()).await;
        self.end(&ended);
        judged(ended)
    }

    /// The response goes along with the command where the server takes that (RFC 4959), else when it is asked for. A server
    /// that refuses explains itself first, and says NO only when that was acknowledged.
    async fn authenticate(&mut self, mechanism: Mechanism, response: &str) -> Result<Option<Code>, ImapError> {
        const NAME: &str = "AUTHENTICATE";
        let tag = self.tag();
        let mut waiting = [response, mechanism.farewell()].into_iter();
        let mut words = vec![NAME, mechanism.as_str()];
        if self.can("SASL-IR") {
            words.extend(waiting.next());
        }
        let line = Zeroizing::new(words.join(" "));
        self.write_line(&tag, line.as_bytes()).await?;
        loop {
            match self.read().await? {
                Said::Done { tag: theirs, remark } if theirs == tag => return remark.verdict(NAME),
                Said::More => match waiting.next() {
                    Some(words) => self.write(Zeroizing::new([words, "\r\n"].concat()).as_bytes()).await?,
                    None => return Err(ImapError::Protocol(format!("{NAME} was answered with a request for more"))),
                },
                said => drop(no_stranger(said, NAME)?),
            }
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

/// How a login ended: a NO is a verdict on who we are, unless it says that it is none.
fn judged(ended: Result<Option<Code>, ImapError>) -> Result<(), ImapError> {
    match ended {
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

impl From<KeyError> for ImapError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Secret(error) => Self::Secret(error),
            KeyError::SignIn(error) => Self::SignIn(error),
        }
    }
}
