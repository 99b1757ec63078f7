//! Hands mail to an SMTP server, one transaction at a time, and says for each recipient what became of it.
//!
//! lettre speaks the protocol; opening the line, TLS, time limits and the judgement are here. Its connection pool and its
//! `send` are not used: the pool gives a half-used connection to the next mail, and `send` lets one refused recipient end
//! the mail for all. After any doubt the connection is dropped.

pub mod account_limit;
mod greet;
mod lines;

use std::fmt::Display;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use self::lines::Lines;
use super::credential::{Key, KeyError, NotAccepted};
use super::oauth::{Mechanism as Bearer, OauthError};
use super::secret::SecretError;
use super::stream::{DialError, Stream, Timeouts};
use super::{Account, Delivery, Tls, UNKNOWN, Wire};
use crate::model::{Address, one_line};

/// Bytes of a mail that are encoded and written in one go.
const PART_BYTES: usize = 32 * 1024;
/// The longest command line, its end included (RFC 5321, 4.5.3.1.4; RFC 4954, 4): a longer token is sent when it is asked for.
const COMMAND_BYTES: usize = 512;
/// A link slower than this is no link, in bytes a second.
const SLOWEST_BYTES_PER_S: usize = 4 * 1024;

/// Why a mail could not even be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// The server does not accept who we say we are; its words.
    #[error("login refused: {text}")]
    Auth { text: String },
    /// The password could not be read on our own side.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// There is no token to show.
    #[error("{0}")]
    SignIn(#[from] OauthError),
    #[error("{0}")]
    Network(String),
    #[error("{0}")]
    Tls(String),
    /// The server refused a step before any mail: its greeting, EHLO, a login it cannot judge now, or (421) it has given
    /// up the line meanwhile.
    #[error("{step} was answered with {code} {text}")]
    Refused { step: &'static str, code: u16, text: String },
    /// The server does not take mail from this sender, or not now (4xx). The connection may be used on.
    #[error("the sender was refused: {code} {text}")]
    Sender { code: u16, text: String },
}

impl SmtpError {
    /// Whether it may be different later, without anyone changing anything.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Refused { code, text, .. } | Self::Sender { code, text } => {
                *code < 500 || account_limit::is_used_up(*code, text)
            }
            Self::SignIn(error) => !error.needs_a_person(),
            Self::Auth { .. } | Self::Secret(_) | Self::Tls(_) => false,
        }
    }

    /// Whether the server is there and wants us to come less often: trying again at once makes it worse.
    pub fn is_crowded(&self) -> bool {
        match self {
            // `454 4.7.0 Too many login attempts` at Gmail, `432 4.3.2` at Microsoft.
            Self::Refused { step: "AUTH", code, .. } => *code < 500,
            Self::Refused { code, text, .. } | Self::Sender { code, text } => {
                *code == 432 || account_limit::is_used_up(*code, text)
            }
            _ => false,
        }
    }
}

impl From<DialError> for SmtpError {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Network(text) => Self::Network(text),
            DialError::Tls(text) => Self::Tls(text),
        }
    }
}

/// What the server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The biggest mail it takes, in bytes.
    pub size_bytes: Option<u64>,
    pub eight_bit: bool,
    pub smtp_utf8: bool,
    /// `PLAIN`, `LOGIN`, `XOAUTH2` and so on, in capitals.
    pub auth: Vec<String>,
    /// Every keyword, in capitals.
    pub keywords: Vec<String>,
}

/// A connection on which mail can be sent, logged in where the account has a user.
pub struct Connection {
    smtp: AsyncSmtpConnection,
    timeouts: Timeouts,
    offers: Offers,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    /// A transaction was begun and not brought to its end: RSET first.
    Dirty,
    /// In the middle of something; found so, it was cancelled.
    Busy,
    Broken,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("offers", &self.offers).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How one command ended.
enum Step {
    Yes(Response),
    /// 4xx or 5xx.
    No {
        code: u16,
        text: String,
    },
    /// No answer, or one that is none.
    Lost(String),
}

impl Connection {
    /// Connects, secures, logs in. `helo` is the name by which we go, a domain or an address literal. The password is
    /// read anew each time; a token that is refused is renewed once.
    pub async fn connect(account: &Account, helo: &str, timeouts: Timeouts) -> Result<Self, SmtpError> {
        let key = if account.user.is_empty() { Key::Nothing } else { account.key(timeouts.connect).await? };
        let refused = match Self::connect_with(account, &key, helo, timeouts).await? {
            Ok(connection) => return Ok(connection),
            Err(refused) => refused,
        };
        let ended = match account.another(&key).await? {
            Some(newer) => Self::connect_with(account, &newer, helo, timeouts).await?,
            None => Err(refused),
        };
        ended.map_err(|NotAccepted(text)| SmtpError::Auth { text })
    }

    async fn connect_with(
        account: &Account,
        key: &Key,
        helo: &str,
        timeouts: Timeouts,
    ) -> Result<Result<Self, NotAccepted>, SmtpError> {
        let helo = helo_name(helo);
        let mut stream = Stream::dial(account, &timeouts).await?;
        let mut greeting = None;
        if account.tls == Tls::Starttls {
            stream = greet::starttls(stream, account, &helo, &timeouts).await?;
            // The greeting was read before the handshake; lettre waits for one.
            greeting = Some("220 secured\r\n");
        }
        let lines = Box::new(Lines::new(stream, greeting.unwrap_or_default()));
        let id = ClientId::Domain(helo.clone());
        let opened = timeout(timeouts.command, AsyncSmtpConnection::connect_with_transport(lines, &id)).await;
        let smtp = match opened {
            Ok(Ok(smtp)) => smtp,
            Ok(Err(e)) => return Err(refused("the connection", step(Err(e)))),
            Err(_) => return Err(SmtpError::Network(format!("{} did not greet in time", account.host))),
        };
        let mut connection = Self { smtp, timeouts, offers: Offers::default(), state: State::Ready };
        connection.offers = connection.ask_offers(&helo).await?;
        let ended = match key {
            Key::Nothing => Ok(()),
            Key::Password(password) => connection.login(&account.user, password).await,
            Key::Token(token) => {
                let mechanism = connection.mechanism()?;
                connection.show_token(mechanism, account, token).await
            }
        };
        match ended {
            Ok(()) => Ok(Ok(connection)),
            Err(SmtpError::Auth { text }) => Ok(Err(NotAccepted(text))),
            Err(other) => Err(other),
        }
    }

    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// Whether another mail can be sent on it.
    pub fn is_usable(&self) -> bool {
        matches!(self.state, State::Ready | State::Dirty)
    }

    /// EHLO once more: lettre keeps only the few extensions that it knows.
    async fn ask_offers(&mut self, helo: &str) -> Result<Offers, SmtpError> {
        let answer = match self.command(format!("EHLO {helo}\r\n")).await {
            Step::Yes(answer) => answer,
            other => return Err(refused("EHLO", other)),
        };
        let mut offers = Offers::default();
        for line in answer.message().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            let Some(keyword) = words.next() else { continue };
            match keyword {
                "SIZE" => offers.size_bytes = words.next().and_then(|n| n.parse().ok()).filter(|&n| n > 0),
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtp_utf8 = true,
                "AUTH" => offers.auth.extend(words.map(ToOwned::to_owned)),
                _ => {}
            }
            offers.keywords.push(keyword.to_owned());
        }
        Ok(offers)
    }

    /// lettre takes the password as a text of its own, and writes that in base64 into others: these it gives up as they are. All that is
    /// ours is overwritten.
    async fn login(&mut self, user: &str, password: &SecretString) -> Result<(), SmtpError> {
        let known = [Mechanism::Plain, Mechanism::Login];
        if self.smtp.server_info().get_auth_mechanism(&known).is_none() {
            let text = if self.offers.auth.is_empty() {
                "the server offers no login here".to_owned()
            } else {
                format!("the server offers {} only, no login by password", self.offers.auth.join(", "))
            };
            return Err(SmtpError::Auth { text });
        }
        let credentials = Credentials::new(user.to_owned(), password.expose_secret().to_owned());
        let answered = timeout(self.timeouts.command, self.smtp.auth(&known, &credentials)).await;
        match answered {
            Ok(answer) => judged_login(step(answer)),
            Err(_) => Err(SmtpError::Network("AUTH was not answered in time".to_owned())),
        }
    }

    /// How the server wants to be shown a token.
    fn mechanism(&self) -> Result<Bearer, SmtpError> {
        let offered = Bearer::choose(|name| self.offers.auth.iter().any(|offered| offered == name));
        offered.ok_or_else(|| {
            let text = if self.offers.auth.is_empty() {
                "the server offers no login here".to_owned()
            } else {
                format!("the server offers {} only, no sign-in by OAuth2", self.offers.auth.join(", "))
            };
            SmtpError::Auth { text }
        })
    }

    /// `AUTH` with a token. lettre gives up at the challenge that comes before a refusal, and leaves the refusal unread. The line that it
    /// writes is a copy of its own, which it does not overwrite.
    async fn show_token(
        &mut self,
        mechanism: Bearer,
        account: &Account,
        token: &SecretString,
    ) -> Result<(), SmtpError> {
        let response = mechanism.response(&account.user, &account.host, account.port, token);
        let line = Zeroizing::new(["AUTH ", mechanism.as_str(), " ", response.expose_secret(), "\r\n"].concat());
        let mut answer = if line.len() <= COMMAND_BYTES {
            self.command(line.as_str()).await
        } else {
            match self.command(format!("AUTH {}\r\n", mechanism.as_str())).await {
                Step::Yes(answer) if is_challenge(&answer) => {
                    let line = Zeroizing::new([response.expose_secret(), "\r\n"].concat());
                    self.command(line.as_str()).await
                }
                other => other,
            }
        };
        // An explanation; the refusal itself comes when it was acknowledged.
        if matches!(&answer, Step::Yes(challenge) if is_challenge(challenge)) {
            answer = self.command(format!("{}\r\n", mechanism.farewell())).await;
        }
        judged_login(answer)
    }

    /// Sends one mail. Each recipient's fate is told; `Err` means that nobody was tried, and `Sender` among the errors
    /// that the envelope's sender is to blame.
    ///
    /// Where the line is lost after the mail's end and before the verdict, its recipients are `Deferred` and the reply
    /// says that it is unknown: the mail may have been taken.
    pub async fn send(&mut self, wire: &Wire) -> Result<Vec<(Address, Delivery)>, SmtpError> {
        if !self.is_usable() {
            self.state = State::Broken;
            return Err(SmtpError::Network("the connection was lost before".to_owned()));
        }
        if let Some(most) = self.offers.size_bytes
            && u64::try_from(wire.bytes.len()).unwrap_or(u64::MAX) > most
        {
            let reply = format!("the mail has {} bytes, the server takes {most} at most", wire.bytes.len());
            return Ok(wire.to.iter().map(|to| (to.clone(), Delivery::Refused { reply: reply.clone() })).collect());
        }
        if self.state == State::Dirty {
            match self.command("RSET\r\n").await {
                Step::Yes(_) => {}
                Step::No { code, text } => {
                    self.state = State::Broken;
                    return Err(SmtpError::Refused { step: "RSET", code, text });
                }
                Step::Lost(text) => {
                    self.state = State::Broken;
                    return Err(SmtpError::Network(text));
                }
            }
        }
        self.state = State::Busy;
        let (ended, state) = self.transaction(wire).await;
        self.state = state;
        ended
    }

    async fn transaction(&mut self, wire: &Wire) -> (Result<Vec<(Address, Delivery)>, SmtpError>, State) {
        let utf8 = !wire.from.iter().chain(&wire.to).all(|a| a.as_str().is_ascii());
        match self.command(self.mail_from(wire, utf8)).await {
            Step::Yes(_) => {}
            Step::No { code, text } => {
                // 421 was not said of the sender: the server has given up a line that lay idle.
                return if code == 421 {
                    (Err(SmtpError::Refused { step: "MAIL FROM", code, text }), State::Broken)
                } else {
                    (Err(SmtpError::Sender { code, text }), State::Dirty)
                };
            }
            Step::Lost(text) => return (Err(SmtpError::Network(text)), State::Broken),
        }
        let mut fates: Vec<(Address, Option<Delivery>)> = Vec::with_capacity(wire.to.len());
        let mut lost = None;
        for to in &wire.to {
            let fate = if let Some(reason) = &lost {
                Some(Delivery::Deferred { reply: String::clone(reason) })
            } else if utf8 && !self.offers.smtp_utf8 && !to.as_str().is_ascii() {
                Some(Delivery::Refused { reply: "the server takes no addresses beyond ASCII (SMTPUTF8)".to_owned() })
            } else {
                match self.command(format!("RCPT TO:<{to}>\r\n")).await {
                    Step::Yes(_) => None,
                    Step::No { code, text } => {
                        if code == 421 {
                            lost = Some(format!("{code} {text}"));
                        }
                        Some(judged(code, &text))
                    }
                    Step::Lost(text) => {
                        lost = Some(text.clone());
                        Some(Delivery::Deferred { reply: text })
                    }
                }
            };
            fates.push((to.clone(), fate));
        }
        if let Some(reply) = lost {
            // Nothing was handed over, so this is no unknown fate.
            return (Ok(settle(fates, &Delivery::Deferred { reply })), State::Broken);
        }
        if fates.iter().all(|(_, fate)| fate.is_some()) {
            return (Ok(settle(fates, &Delivery::Deferred { reply: String::new() })), State::Dirty);
        }
        match self.command("DATA\r\n").await {
            Step::Yes(answer) if reply(&answer).starts_with("354") => {}
            Step::Yes(answer) => {
                let reply = format!("out of step: DATA was answered with {}", reply(&answer));
                return (Ok(settle(fates, &Delivery::Deferred { reply })), State::Broken);
            }
            Step::No { code, text } => {
                let state = if code == 421 { State::Broken } else { State::Dirty };
                return (Ok(settle(fates, &judged(code, &text))), state);
            }
            Step::Lost(reply) => return (Ok(settle(fates, &Delivery::Deferred { reply })), State::Broken),
        }
        let (fate, state) = self.hand_over(&wire.bytes).await;
        (Ok(settle(fates, &fate)), state)
    }

    fn mail_from(&self, wire: &Wire, utf8: bool) -> String {
        let mut line = format!("MAIL FROM:<{}>", wire.from.as_ref().map_or("", Address::as_str));
        if self.offers.size_bytes.is_some() || self.offers.keywords.iter().any(|k| k == "SIZE") {
            line.push_str(&format!(" SIZE={}", wire.bytes.len()));
        }
        if self.offers.eight_bit && !wire.bytes.is_ascii() {
            line.push_str(" BODY=8BITMIME");
        }
        if utf8 && self.offers.smtp_utf8 {
            line.push_str(" SMTPUTF8");
        }
        line.push_str("\r\n");
        line
    }

    /// The mail itself, and the verdict on it.
    async fn hand_over(&mut self, bytes: &[u8]) -> (Delivery, State) {
        let clean = lines::crlf_only(bytes);
        // lettre ends with CRLF, dot, CRLF, whatever stands before.
        let body = clean.strip_suffix(b"\r\n").unwrap_or(&clean);
        let upload = std::time::Duration::from_secs(u64::try_from(body.len() / SLOWEST_BYTES_PER_S).unwrap_or(0));
        let sent = timeout(self.timeouts.verdict + upload, self.smtp.message_iter(body.chunks(PART_BYTES)));
        let unknown =
            |why: &str| Delivery::Deferred { reply: format!("{UNKNOWN}: no verdict came after the mail ({why})") };
        match sent.await {
            Ok(answer) => match step(answer) {
                Step::Yes(answer) if answer.code().severity == Severity::PositiveCompletion => {
                    (Delivery::Accepted { reply: reply(&answer) }, State::Ready)
                }
                Step::Yes(answer) => (unknown(&format!("out of step: {}", reply(&answer))), State::Broken),
                Step::No { code, text } => {
                    (judged(code, &text), if code == 421 { State::Broken } else { State::Ready })
                }
                Step::Lost(text) => (unknown(&text), State::Broken),
            },
            Err(_) => (unknown("timed out"), State::Broken),
        }
    }

    /// Says goodbye. Whatever is answered, all is done.
    pub async fn quit(mut self) {
        if self.is_usable() {
            drop(self.command("QUIT\r\n").await);
        }
    }

    async fn command(&mut self, line: impl Display) -> Step {
        let before = std::mem::replace(&mut self.state, State::Busy);
        match timeout(self.timeouts.command, self.smtp.command(line)).await {
            Ok(answer) => {
                let step = step(answer);
                self.state = if matches!(step, Step::Lost(_)) { State::Broken } else { before };
                step
            }
            Err(_) => {
                self.state = State::Broken;
                Step::Lost("the server does not answer: timed out".to_owned())
            }
        }
    }
}

/// How a login ended.
fn judged_login(step: Step) -> Result<(), SmtpError> {
    match step {
        Step::Yes(answer) if answer.code().severity == Severity::PositiveCompletion => Ok(()),
        Step::Yes(answer) => Err(SmtpError::Auth { text: reply(&answer) }),
        // RFC 4954: 454 is a server that cannot judge now; some say 421 or 451.
        Step::No { code, text } if code < 500 => Err(SmtpError::Refused { step: "AUTH", code, text }),
        Step::No { code, text } => Err(SmtpError::Auth { text: format!("{code} {text}") }),
        Step::Lost(text) => Err(SmtpError::Network(text)),
    }
}

/// 334: the server waits for the rest of the login.
fn is_challenge(answer: &Response) -> bool {
    answer.code().severity == Severity::PositiveIntermediate
}

impl From<KeyError> for SmtpError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Secret(error) => Self::Secret(error),
            KeyError::SignIn(error) => Self::SignIn(error),
        }
    }
}

fn step(answer: Result<Response, lettre::transport::smtp::Error>) -> Step {
    match answer {
        Ok(response) => Step::Yes(response),
        Err(error) => match error.status() {
            Some(code) => {
                let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Step::No { code: u16::from(code), text: clip(&text) }
            }
            None => Step::Lost(lost(&error)),
        },
    }
}

/// Why there is no answer. A line that just ends is told in our words: rustls adds a page of its manual.
fn lost(error: &(dyn std::error::Error + 'static)) -> String {
    let ended = std::iter::successors(Some(error), |e| e.source())
        .filter_map(|e| e.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::UnexpectedEof);
    if ended { "the server closed the connection".to_owned() } else { clip(&error.to_string()) }
}

fn refused(name: &'static str, step: Step) -> SmtpError {
    match step {
        Step::No { code, text } => SmtpError::Refused { step: name, code, text },
        Step::Lost(text) => SmtpError::Network(text),
        Step::Yes(answer) => SmtpError::Network(format!("{name} was answered with {}", reply(&answer))),
    }
}

/// What a refusal means for the mail. That the account may send no more today is nothing that the mail or its recipient did.
fn judged(code: u16, text: &str) -> Delivery {
    let reply = format!("{code} {text}").trim_end().to_owned();
    let passes = code < 500 || account_limit::is_used_up(code, text);
    if passes { Delivery::Deferred { reply } } else { Delivery::Refused { reply } }
}

/// Whoever has no fate yet gets this one.
fn settle(fates: Vec<(Address, Option<Delivery>)>, fate: &Delivery) -> Vec<(Address, Delivery)> {
    fates.into_iter().map(|(to, own)| (to, own.unwrap_or_else(|| fate.clone()))).collect()
}

/// `250 2.0.0 Ok: queued as 4F2`, on one line.
fn reply(answer: &Response) -> String {
    let words: Vec<&str> = answer.message().collect();
    clip(&format!("{} {}", answer.code(), words.join(" ")))
}

fn clip(text: &str) -> String {
    one_line(text).chars().take(500).collect()
}

/// A name that fits into EHLO; without one, an address literal (RFC 5321, 4.1.4).
fn helo_name(name: &str) -> String {
    let name = name.trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    if name.is_empty() || !name.chars().all(fits) { "[127.0.0.1]".to_owned() } else { name.to_owned() }
}
