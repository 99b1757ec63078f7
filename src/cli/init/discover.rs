//! Where an address's mail servers are: by its domain, by its mail exchangers, by what the domain says of itself
//! (Thunderbird's autoconfig), by trying the names that most servers have. In that order; the first that knows wins.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::autoconfig;
use super::server::{Protocol, Server};
use crate::config::provider::{Login, Provider};
use crate::model::Address;
use crate::net::imap::Session;
use crate::net::smtp::Connection;
use crate::net::stream::Timeouts;
use crate::net::{Account, Tls, http, mx};

/// A server that does not answer a stranger within this is taken for none.
const PATIENCE: Duration = Duration::from_secs(5);
const DNS_PATIENCE: Duration = Duration::from_secs(2);
const TRYING: Timeouts = Timeouts { connect: PATIENCE, command: PATIENCE, verdict: PATIENCE };

/// How it was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Domain,
    /// The best mail exchanger.
    Exchanger(String),
    /// The file's address.
    Autoconfig(String),
    Tried,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub source: Source,
    pub provider: Option<&'static Provider>,
    pub imap: Option<Server>,
    pub smtp: Option<Server>,
}

/// Where to ask. Tests name servers of their own; then nobody else is asked.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    pub name_servers: Vec<SocketAddr>,
    /// URLs with `{domain}` and `{address}`.
    pub autoconfig: Vec<String>,
    /// To be tried, best first; hosts with `{domain}`.
    pub candidates: Vec<(Protocol, Server)>,
}

impl Ways {
    /// All of them, in the open internet.
    pub fn usual() -> Self {
        let try_at = |protocol: Protocol, hosts: [&str; 3]| {
            let all = protocol.ports().into_iter().flat_map(move |(port, tls)| hosts.map(|host| (host, port, tls)));
            let servers = all.map(|(host, port, tls)| Server { host: host.to_owned(), port, tls, user: None });
            servers.map(|server| (protocol, server)).collect::<Vec<_>>()
        };
        let mut candidates = try_at(Protocol::Imap, ["imap.{domain}", "mail.{domain}", "{domain}"]);
        candidates.extend(try_at(Protocol::Smtp, ["smtp.{domain}", "mail.{domain}", "{domain}"]));
        let autoconfig = [
            "https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}",
            "https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
        ];
        Self { name_servers: mx::name_servers(), autoconfig: autoconfig.map(str::to_owned).to_vec(), candidates }
    }
}

/// Looks everywhere; `None` if nobody knows. Blocks for seconds.
pub fn discover(address: &Address, ways: &Ways, ca_file: Option<&Path>) -> Option<Found> {
    let domain = address.domain();
    known(address)
        .or_else(|| by_exchanger(address, ways))
        .or_else(|| by_autoconfig(address, domain, ways, ca_file))
        .or_else(|| by_trying(domain, ways, ca_file))
}

/// What needs no network.
pub fn known(address: &Address) -> Option<Found> {
    Provider::of_domain(address.domain()).map(|provider| Found::of(provider, address, Source::Domain))
}

impl Found {
    fn of(provider: &'static Provider, address: &Address, source: Source) -> Self {
        let server = |known: &crate::config::provider::Server| {
            let user = (provider.login == Login::LocalPart).then(|| address.local().to_owned());
            Server { user, ..Server::of(known) }
        };
        Self {
            source,
            provider: Some(provider),
            imap: provider.imap.as_ref().map(server),
            smtp: provider.smtp.first().map(server),
        }
    }
}

fn by_exchanger(address: &Address, ways: &Ways) -> Option<Found> {
    if ways.name_servers.is_empty() {
        return None;
    }
    let found = mx::exchangers(address.domain(), &ways.name_servers, DNS_PATIENCE);
    let best = found.inspect_err(|error| tracing::debug!(%error, "no mail exchangers")).ok()?.into_iter().next()?;
    Provider::of_mx(&best).map(|provider| Found::of(provider, address, Source::Exchanger(best)))
}

fn by_autoconfig(address: &Address, domain: &str, ways: &Ways, ca_file: Option<&Path>) -> Option<Found> {
    if ways.autoconfig.is_empty() {
        return None;
    }
    let client = http::Client::new(ca_file, PATIENCE).inspect_err(|error| tracing::debug!(%error, "no HTTPS")).ok()?;
    ways.autoconfig.iter().find_map(|way| {
        let url = way.replace("{domain}", domain).replace("{address}", &escaped(address.as_str()));
        let answer = client.get(&url).inspect_err(|error| tracing::debug!(%error, "no autoconfig")).ok()?;
        let named = (answer.status == 200).then(|| autoconfig::read(&answer.body, address)).flatten()?;
        named.imap.as_ref()?;
        let provider = named.imap.as_ref().and_then(|s| Provider::of_server(&s.host));
        let url = url.split('?').next().unwrap_or_default().to_owned();
        Some(Found { source: Source::Autoconfig(url), provider, imap: named.imap, smtp: named.smtp })
    })
}

/// What may not stand in a query, as it must be written there (RFC 3986, 2.1).
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~@".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn by_trying(domain: &str, ways: &Ways, ca_file: Option<&Path>) -> Option<Found> {
    let filled = |(protocol, server): &(Protocol, Server)| {
        (*protocol, Server { host: server.host.replace("{domain}", domain), ..server.clone() })
    };
    let candidates: Vec<(Protocol, Server)> = ways.candidates.iter().map(filled).collect();
    if candidates.is_empty() {
        return None;
    }
    let answered = reached(&candidates, ca_file);
    let best = |wanted: Protocol| answered.iter().find(|(protocol, _)| *protocol == wanted).map(|(_, s)| s.clone());
    let (imap, smtp) = (best(Protocol::Imap), best(Protocol::Smtp));
    let provider = imap.as_ref().and_then(|s| Provider::of_server(&s.host));
    imap.is_some().then_some(Found { source: Source::Tried, provider, imap, smtp })
}

/// Those that answer, speak their protocol and show a certificate of their name; in the order of `candidates`, tried at once.
fn reached(candidates: &[(Protocol, Server)], ca_file: Option<&Path>) -> Vec<(Protocol, Server)> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let all = candidates.iter().map(|(protocol, server)| {
        let account = server.account("", None, ca_file);
        async move { answers(*protocol, &account).await }
    });
    let answered = runtime.block_on(futures_util::future::join_all(all));
    // A name that does not exist may still be asked for on a thread; nobody waits for it.
    runtime.shutdown_background();
    candidates.iter().zip(answered).filter(|(_, answered)| *answered).map(|(one, _)| one.clone()).collect()
}

async fn answers(protocol: Protocol, account: &Account) -> bool {
    let limit = PATIENCE * 2;
    let tried = async {
        match protocol {
            Protocol::Imap => Session::reach(account, TRYING).await.map_err(|e| e.to_string()),
            Protocol::Smtp => match Connection::connect(account, "localhost", TRYING).await {
                Ok(connection) => {
                    connection.quit().await;
                    Ok(())
                }
                Err(error) => Err(error.to_string()),
            },
        }
    };
    match tokio::time::timeout(limit, tried).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::debug!(host = account.host, port = account.port, error, "tried in vain");
            false
        }
        Err(_) => false,
    }
}

/// The way to TLS at a port that does not say it by its number; `None` if the server does not answer in either.
pub fn tls_at(server: &Server, protocol: Protocol, ca_file: Option<&Path>) -> Option<Tls> {
    let ways = [Tls::Implicit, Tls::Starttls].map(|tls| (protocol, Server { tls, ..server.clone() }));
    reached(&ways, ca_file).first().map(|(_, server)| server.tls)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn a_domain_that_is_known_asks_nobody() {
        let check = |text: &str, expect: Option<(&str, Option<&str>, Option<&str>)>| {
            let found = discover(&address(text), &Ways::default(), None);
            let shown = found
                .map(|f| (f.provider.unwrap().id, f.imap.as_ref().map(Server::shown), f.imap.and_then(|s| s.user)));
            let expect = expect.map(|(id, imap, user)| (id, imap.map(str::to_owned), user.map(str::to_owned)));
            assert_eq!(shown, expect, "{text}");
        };
        check("shop@gmail.com", Some(("google", Some("imap.gmail.com:993 (TLS)"), None)));
        check("shop@web.de", Some(("web.de", Some("imap.web.de:993 (TLS)"), Some("shop"))));
        check("shop@proton.me", Some(("proton", None, None)));
        check("info@shop.test", None);
    }

    /// One answer over HTTP at a port of its own; gives back the request line.
    fn web(body: &'static str, status: &'static str) -> (u16, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
            String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned()
        });
        (port, serving)
    }

    const FILE: &str = "<clientConfig version=\"1.1\"><emailProvider id=\"shop\"><incomingServer type=\"imap\"><hostname>mail.host.test</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer></emailProvider></clientConfig>";

    #[test]
    fn a_domain_may_say_it_itself() {
        let (absent, first) = web("nothing here", "404 Not Found");
        let (page, second) = web("<html>Welcome", "200 OK");
        let (port, third) = web(FILE, "200 OK");
        let url = |port: u16| format!("http://127.0.0.1:{port}/config.xml?emailaddress={{address}}");
        let ways = Ways { autoconfig: vec![url(absent), url(page), url(port)], ..Ways::default() };
        let found = discover(&address("a+b@shop.test"), &ways, None).unwrap();
        assert_eq!(found.imap.unwrap().shown(), "mail.host.test:993 (TLS)");
        assert_eq!(found.source, Source::Autoconfig(format!("http://127.0.0.1:{port}/config.xml")));
        for serving in [first, second, third] {
            assert_eq!(serving.join().unwrap(), "GET /config.xml?emailaddress=a%2Bb@shop.test HTTP/1.1");
        }
    }

    #[test]
    fn a_mail_exchanger_tells_the_provider() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let ways = Ways { name_servers: vec![server.local_addr().unwrap()], ..Ways::default() };
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            let mut bytes = buffer[..length].to_vec();
            (bytes[2], bytes[3], bytes[7]) = (0x81, 0x80, 1);
            let name = b"\x09shop-test\x04mail\x0aprotection\x07outlook\x03com\x00";
            bytes.extend([0xc0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, u8::try_from(name.len() + 2).unwrap(), 0, 10]);
            bytes.extend(name);
            server.send_to(&bytes, from).unwrap();
        });
        let found = discover(&address("info@shop.test"), &ways, None).unwrap();
        assert_eq!(found.provider.unwrap().id, "microsoft365");
        assert_eq!(found.smtp.unwrap().shown(), "smtp.office365.com:587 (STARTTLS)");
        answering.join().unwrap();
    }

    #[test]
    fn nobody_at_all_is_none() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Server { host: "localhost".to_owned(), port: free, tls: Tls::Implicit, user: None };
        let ways = Ways { candidates: vec![(Protocol::Imap, server)], ..Ways::default() };
        assert_eq!(discover(&address("info@shop.test"), &ways, None), None);
    }
}
