//! Why an account does not work, in one sentence, and what to do about it. `check` and `init` say the same.

use super::PATIENCE;
use super::place::{at, listed};
use super::words::words_hint;
use crate::config::provider::{Passwords, Provider};
use crate::net::certificates::{self, Fault};
use crate::net::imap::{ImapError, Session};
use crate::net::oauth::OauthError;
use crate::net::smtp::{Connection, SmtpError};
use crate::net::{Account, Secret, Tls};

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Who we say we are is not believed.
    SignIn,
    /// The server cannot be reached.
    Network,
    Certificate,
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub cause: Cause,
    /// One sentence, without a full stop.
    pub what: String,
    pub todo: Option<String>,
}

/// What a refused server was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Imap,
    Smtp,
}

impl Protocol {
    /// Where such a server may be found, best first. RFC 8314: TLS from the first byte, then the older way.
    pub const fn ports(self) -> [(u16, Tls); 2] {
        match self {
            Self::Imap => [(993, Tls::Implicit), (143, Tls::Starttls)],
            Self::Smtp => [(465, Tls::Implicit), (587, Tls::Starttls)],
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Imap => "IMAP",
            Self::Smtp => "SMTP",
        }
    }
}

impl Trouble {
    /// Looks on where that helps: another port is tried.
    pub async fn of_imap(account: &Account, error: &ImapError) -> Self {
        match error {
            ImapError::Auth { text } => sign_in(account, text, Protocol::Imap),
            ImapError::SignIn(error) => oauth(account, error),
            ImapError::Secret(error) => secret(account, &error.to_string()),
            ImapError::Network(text) => network(account, text, Protocol::Imap).await,
            ImapError::Tls(text) => tls(account, text, Protocol::Imap),
            other => {
                let text = other.to_string();
                Self { cause: Cause::Other, what: at(account, &text), todo: words_hint(&text).map(str::to_owned) }
            }
        }
    }

    /// Looks on where that helps: another port is tried.
    pub async fn of_smtp(account: &Account, error: &SmtpError) -> Self {
        match error {
            SmtpError::Auth { text } => sign_in(account, text, Protocol::Smtp),
            SmtpError::SignIn(error) => oauth(account, error),
            SmtpError::Secret(error) => secret(account, &error.to_string()),
            SmtpError::Network(text) => network(account, text, Protocol::Smtp).await,
            SmtpError::Tls(text) => tls(account, text, Protocol::Smtp),
            other => {
                let text = other.to_string();
                Self { cause: Cause::Other, what: at(account, &text), todo: words_hint(&text).map(str::to_owned) }
            }
        }
    }
}

/// What servers say of a login, and what it means where the password may well be right.
const WORDS: &[(&str, &str)] = &[
    // https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
    (
        "smtpclientauthentication is disabled",
        "the organisation's administrator must allow SMTP AUTH for this mailbox (docs/SIGN-IN.md)",
    ),
    ("not enabled for imap", "turn IMAP on in the mailbox's settings"),
    ("imap access is disabled", "turn IMAP on in the mailbox's settings, or have the administrator do so"),
    ("application-specific password required", APP_PASSWORD),
];
const APP_PASSWORD: &str =
    "make an app password in the account's security settings and use it in place of the account's own";

/// There is no token. The error says by itself what to do.
fn oauth(account: &Account, error: &OauthError) -> Trouble {
    let cause = if error.needs_a_person() { Cause::SignIn } else { Cause::Network };
    Trouble { cause, what: at(account, &error.to_string()), todo: None }
}

fn sign_in(account: &Account, words: &str, protocol: Protocol) -> Trouble {
    let provider = Provider::of_server(&account.host);
    let trouble = |what: String, todo: String| Trouble { cause: Cause::SignIn, what, todo: Some(todo) };
    let said = words.to_lowercase();
    let meant = WORDS.iter().find(|(known, _)| said.contains(known)).map(|(_, todo)| *todo);
    let meant = meant.or_else(|| words_hint(&said));
    if let Some(sign_in) = account.sign_in() {
        let before = provider.and_then(|p| p.before).map(|b| format!("; {b}")).unwrap_or_default();
        let again = format!("sign in again as this mailbox itself: {}{before}", sign_in.command());
        let what = format!("{} does not accept the token of {} ({words})", account.host, account.user);
        return trouble(what, meant.map_or(again, str::to_owned));
    }
    let refused = format!("{} does not accept the password of {} ({words})", account.host, account.user);
    let Some(provider) = provider else {
        let todo = meant.map_or_else(|| own_password(account), str::to_owned);
        return trouble(refused, todo);
    };
    let name = provider.name;
    match provider.passwords {
        Passwords::Refused if protocol == Protocol::Smtp && meant.is_some_and(|m| m != APP_PASSWORD) => {
            trouble(format!("{name} takes no passwords ({words})"), meant.unwrap_or_default().to_owned())
        }
        Passwords::Refused => {
            let preset = provider.oauth2.unwrap_or("custom");
            trouble(
                format!("{name} takes no passwords, only OAuth2 ({words})"),
                format!(
                    "write oauth2 = {{ provider = \"{preset}\", client_id = \"…\" }} in place of the password, then run svar sign-in {} (docs/SIGN-IN.md)",
                    account.user
                ),
            )
        }
        Passwords::App { page } => {
            let before = provider.before.map(|b| format!("; {b}")).unwrap_or_default();
            trouble(
                refused,
                format!("{name}: an app password is wanted, not the account's own; make one at {page}{before}"),
            )
        }
        Passwords::AppWithSecondFactor { page } => trouble(
            refused,
            format!(
                "is it the right one? {name}: with two-step verification on, an app password is wanted: {page}{}",
                provider.before.map(|b| format!("; {b}")).unwrap_or_default()
            ),
        ),
        Passwords::Bridge { page } => trouble(refused, format!("use the password that {name}'s bridge shows: {page}")),
        Passwords::Own => trouble(refused, meant.map_or_else(|| own_password(account), str::to_owned)),
    }
}

/// Where the password stands, and what else may be wrong.
fn own_password(account: &Account) -> String {
    let place = match account.secret() {
        Some(Secret::File(path)) => format!("write the right one into {}", path.display()),
        Some(Secret::Env(name)) => format!("put the right one into ${name}"),
        Some(Secret::Command(command)) => format!("does {} print the right one?", command.join(" ")),
        Some(Secret::Credential(name)) => format!("put the right one into the credential {name}"),
        _ => "type the right one".to_owned(),
    };
    let user = match account.user.split_once('@') {
        Some((local, _)) => format!("; some servers want the user without its domain: user = \"{local}\""),
        None => "; some servers want the whole address as the user".to_owned(),
    };
    format!("{place}{user}")
}

fn secret(account: &Account, error: &str) -> Trouble {
    let todo = match account.secret() {
        Some(Secret::File(path)) => {
            Some(format!("{} must be readable for the user that svar runs as, and for nobody else", path.display()))
        }
        _ => None,
    };
    Trouble { cause: Cause::Other, what: error.to_owned(), todo }
}

/// Nobody has answered. Some networks and hosting providers block mail ports without a word: the others are tried.
async fn network(account: &Account, text: &str, protocol: Protocol) -> Trouble {
    let trouble = |todo: String| Trouble { cause: Cause::Network, what: at(account, text), todo: Some(todo) };
    if text.starts_with("no address for") {
        return trouble(format!(
            "is {} written as the provider writes it? And can this machine look up names?",
            account.host
        ));
    }
    let others: Vec<(u16, Tls)> = protocol.ports().into_iter().filter(|(port, _)| *port != account.port).collect();
    for &(port, tls) in &others {
        if answers(account, protocol, port, tls).await {
            let tls = if tls == Tls::Implicit { "implicit" } else { "starttls" };
            let why = if [25, 465].contains(&account.port) { "; some hosting providers block it" } else { "" };
            return trouble(format!(
                "port {} does not answer from here, {port} does: set port = {port}, tls = \"{tls}\"{why}",
                account.port
            ));
        }
    }
    let tried: Vec<String> = others.iter().map(|(port, _)| port.to_string()).collect();
    let ask = match (protocol, account.port) {
        (Protocol::Smtp, 25 | 465) => "; hosting providers often block 25 and 465 until they are asked",
        _ => "",
    };
    let also = if tried.is_empty() { String::new() } else { format!(", nor does {}", listed_or(&tried)) };
    trouble(format!(
        "port {} does not answer{also}: is the server up, and may this machine reach it?{ask}",
        account.port
    ))
}

fn listed_or(words: &[String]) -> String {
    words.join(" or ")
}

/// Without signing in.
async fn answers(account: &Account, protocol: Protocol, port: u16, tls: Tls) -> bool {
    let other = Account { port, tls, user: String::new(), credential: None, ..account.clone() };
    match protocol {
        Protocol::Imap => Session::reach(&other, PATIENCE).await.is_ok(),
        Protocol::Smtp => match Connection::connect(&other, "localhost", PATIENCE).await {
            Ok(connection) => {
                connection.quit().await;
                true
            }
            Err(_) => false,
        },
    }
}

fn tls(account: &Account, text: &str, protocol: Protocol) -> Trouble {
    let trouble = |todo: Option<String>| Trouble { cause: Cause::Certificate, what: at(account, text), todo };
    let starts_clear = [143, 587, 25].contains(&account.port);
    if account.tls == Tls::Implicit && starts_clear {
        return trouble(Some(format!("port {} speaks STARTTLS: set tls = \"starttls\"", account.port)));
    }
    if text.contains("does not speak TLS") {
        let usual: Vec<String> = protocol.ports().iter().map(|(port, _)| port.to_string()).collect();
        let usual: Vec<&str> = usual.iter().map(String::as_str).collect();
        return trouble(Some(format!(
            "set tls = \"starttls\", or another port: the usual ones are {}",
            listed(&usual)
        )));
    }
    // Only of a refusal by certificate: the fault that is remembered may be an older one's.
    let fault = text.contains("the certificate of").then(|| certificates::fault(account)).flatten();
    trouble(fault.map(|fault| match fault {
        Fault::Ended(_) => {
            "whoever runs the server must renew it; is this machine's clock right?".to_owned()
        }
        Fault::NotYet(_) => "is this machine's clock right? Else whoever runs the server must put it right".to_owned(),
        Fault::Names(names) => match names.iter().find(|name| !name.contains('*') && name.contains('.')) {
            Some(name) => format!("set host = \"{name}\" if that is the server you mean"),
            None => "set host to the name that the provider gives for its server".to_owned(),
        },
        Fault::Issuer => {
            "if the server is your own, name its authority's certificate: ca_file = \"ca.pem\" (PEM); else do not go on: it may not be the server that it says it is".to_owned()
        }
        Fault::Other(_) => "whoever runs the server must put its certificate right".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Credential;

    fn account(host: &str, port: u16, tls: Tls) -> Account {
        Account {
            host: host.to_owned(),
            port,
            tls,
            ca_file: None,
            user: "info@shop.test".to_owned(),
            credential: Some(Credential::Password(Secret::File("pw".into()))),
            password_expires: None,
        }
    }

    #[test]
    fn a_refused_login_says_what_this_provider_wants() {
        let check = |host: &str, protocol: Protocol, words: &str, what: &str, todo: &str| {
            let trouble = sign_in(&account(host, 993, Tls::Implicit), words, protocol);
            assert_eq!(trouble.cause, Cause::SignIn);
            assert!(trouble.what.contains(what), "{trouble:?}");
            assert!(trouble.todo.as_ref().is_some_and(|t| t.contains(todo)), "{trouble:?}");
        };
        use Protocol::{Imap, Smtp};
        check(
            "mail.shop.test",
            Imap,
            "NO",
            "does not accept the password of info@shop.test",
            "write the right one into pw",
        );
        check("mail.shop.test", Imap, "NO", "mail.shop.test", "user = \"info\"");
        check(
            "imap.gmail.com",
            Imap,
            "Invalid credentials",
            "Invalid credentials",
            "https://myaccount.google.com/apppasswords",
        );
        check("smtp.mail.yahoo.com", Smtp, "535", "535", "an app password is wanted");
        check("imap.gmx.net", Imap, "no", "no", "hilfe.gmx.net");
        check(
            "outlook.office365.com",
            Imap,
            "LOGIN failed.",
            "Microsoft 365 takes no passwords",
            "provider = \"microsoft365\"",
        );
        check("outlook.office365.com", Imap, "LOGIN failed.", "only OAuth2", "svar sign-in info@shop.test");
        let tenant = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        check("smtp.office365.com", Smtp, tenant, "5.7.139", "must allow SMTP AUTH");
    }

    #[test]
    fn a_certificate_says_what_is_wrong_with_it() {
        let check = |port: u16, text: &str, todo: Option<&str>| {
            let trouble = tls(&account("mail.shop.test", port, Tls::Implicit), text, Protocol::Smtp);
            assert_eq!(trouble.cause, Cause::Certificate);
            assert_eq!(trouble.todo.is_some(), todo.is_some(), "{trouble:?}");
            assert!(todo.is_none_or(|says| trouble.todo.as_ref().is_some_and(|t| t.contains(says))), "{trouble:?}");
        };
        check(587, "mail.shop.test:587 does not speak TLS", Some("tls = \"starttls\""));
        check(2525, "mail.shop.test:2525 does not speak TLS", Some("465, 587"));
        check(465, "TLS with mail.shop.test:465 failed: no shared cipher", None);
    }

    #[tokio::test]
    async fn a_port_that_nobody_answers_at() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shut = account("localhost", free, Tls::Implicit);
        let error = SmtpError::Network(format!("cannot connect to localhost:{free}: refused"));
        let trouble = Trouble::of_smtp(&shut, &error).await;
        assert_eq!(trouble.cause, Cause::Network);
        assert!(trouble.todo.unwrap().contains(&format!("port {free} does not answer")));
        let unknown = Trouble::of_imap(
            &account("mail.shop.test", 993, Tls::Implicit),
            &ImapError::Network("no address for mail.shop.test: x".to_owned()),
        )
        .await;
        assert!(unknown.todo.unwrap().contains("written as the provider writes it"));
    }
}
