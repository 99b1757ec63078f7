//! A mail server as `init` speaks of it, before there is a configuration.

use std::path::Path;

pub use crate::cli::check::trouble::Protocol;
use crate::net::{Account, Credential, Tls};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// Whom to sign in as, where that is not the mailbox's address.
    pub user: Option<String>,
}

impl Server {
    pub fn of(known: &crate::config::provider::Server) -> Self {
        Self { host: known.host.to_owned(), port: known.port, tls: known.tls, user: None }
    }

    /// Reads `HOST` or `HOST:PORT`; the second value says whether the way to TLS follows from what is written.
    pub fn parse(text: &str, protocol: Protocol) -> Result<(Self, bool), String> {
        let wrong = || {
            format!(
                "{text:?} is no mail server; write it as mail.example.test or mail.example.test:{}",
                protocol.ports()[0].0
            )
        };
        let text = text.trim().trim_end_matches('.');
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(wrong)?)),
            None => (text, None),
        };
        let is_name = !host.is_empty()
            && host.split('.').all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        if !is_name || !host.is_ascii() {
            return Err(wrong());
        }
        let known = |port: u16| match port {
            993 | 465 => Some(Tls::Implicit),
            143 | 587 | 25 => Some(Tls::Starttls),
            _ => None,
        };
        let (port, tls) = match port {
            Some(port) => (port, known(port)),
            None => (protocol.ports()[0].0, None),
        };
        let server = Self { host: host.to_ascii_lowercase(), port, tls: tls.unwrap_or(Tls::Implicit), user: None };
        Ok((server, tls.is_some()))
    }

    pub fn account(&self, user: &str, credential: Option<Credential>, ca_file: Option<&Path>) -> Account {
        Account {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            ca_file: ca_file.map(Path::to_owned),
            user: self.user.clone().unwrap_or_else(|| user.to_owned()),
            credential,
            password_expires: None,
        }
    }

    /// `mail.example.test:993 (TLS)`.
    pub fn shown(&self) -> String {
        let tls = match self.tls {
            Tls::Implicit => "TLS",
            Tls::Starttls => "STARTTLS",
            Tls::None => "no TLS",
        };
        format!("{}:{} ({tls})", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_as_people_write_it() {
        let check = |text: &str, protocol: Protocol, expect: Option<(&str, bool)>| {
            let read = Server::parse(text, protocol).ok().map(|(server, is_sure)| (server.shown(), is_sure));
            assert_eq!(read, expect.map(|(shown, is_sure)| (shown.to_owned(), is_sure)), "{text:?}");
        };
        check("Mail.Example.Test", Protocol::Imap, Some(("mail.example.test:993 (TLS)", false)));
        check("mail.example.test.", Protocol::Smtp, Some(("mail.example.test:465 (TLS)", false)));
        check("mail.example.test:587", Protocol::Smtp, Some(("mail.example.test:587 (STARTTLS)", true)));
        check("localhost:10143", Protocol::Imap, Some(("localhost:10143 (TLS)", false)));
        for wrong in ["", "mail example", "mail..test", "https://mail.test", "a:0", "a:70000", "ö.test"] {
            check(wrong, Protocol::Imap, None);
        }
    }
}
