//! Thunderbird's autoconfig file: what a domain says of its own mail servers.
//!
//! <https://www.bucksch.org/1/projects/thunderbird/autoconfiguration/config-file-format.html>

use roxmltree::{Document, Node};

use super::server::Server;
use crate::model::Address;
use crate::net::Tls;

/// What the file names: for each protocol the first server that svar can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub imap: Option<Server>,
    pub smtp: Option<Server>,
}

/// Reads the file; `None` if it is none, such as a web page.
pub fn read(text: &str, address: &Address) -> Option<Named> {
    // A file has no use for a document type, whose entities can grow without end: roxmltree refuses one.
    let document = Document::parse(text).ok()?;
    let root = document.root_element();
    let provider = root.children().find(|n| n.has_tag_name("emailProvider"))?;
    let first = |tag: &str, kind: &str| {
        let servers = provider.children().filter(|n| n.has_tag_name(tag) && n.attribute("type") == Some(kind));
        servers.filter_map(|n| server(n, address)).next()
    };
    (root.tag_name().name() == "clientConfig")
        .then(|| Named { imap: first("incomingServer", "imap"), smtp: first("outgoingServer", "smtp") })
}

fn server(node: Node<'_, '_>, address: &Address) -> Option<Server> {
    let text = |tag: &str| {
        node.children().find(|n| n.has_tag_name(tag)).and_then(|n| n.text()).map(|t| filled(t.trim(), address))
    };
    let tls = match text("socketType")?.to_ascii_uppercase().as_str() {
        "SSL" | "TLS" => Tls::Implicit,
        "STARTTLS" => Tls::Starttls,
        // Never in the clear, whatever the file says.
        _ => return None,
    };
    let host = text("hostname").filter(|h| is_host(h))?.to_ascii_lowercase();
    let port = text("port")?.parse().ok().filter(|port| *port > 0)?;
    let user = text("username").filter(|u| !u.is_empty() && !u.contains(char::is_control));
    Some(Server { host, port, tls, user })
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
}

fn filled(text: &str, address: &Address) -> String {
    text.replace("%EMAILADDRESS%", address.as_str())
        .replace("%EMAILLOCALPART%", address.local())
        .replace("%EMAILDOMAIN%", address.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(servers: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<clientConfig version=\"1.1\"><emailProvider id=\"x\">{servers}</emailProvider></clientConfig>"
        )
    }

    fn one(tag: &str, kind: &str, host: &str, port: &str, socket: &str, user: &str) -> String {
        format!(
            "<{tag} type=\"{kind}\"><hostname> {host} </hostname><port>{port}</port><socketType>{socket}</socketType><username>{user}</username></{tag}>"
        )
    }

    #[test]
    fn the_first_server_that_can_be_used() {
        let check = |text: &str, imap: Option<&str>, smtp: Option<&str>| {
            let named = read(text, &Address::parse("info@shop.test").unwrap());
            let shown = |s: Option<Server>| {
                s.map(|s| format!("{}:{} {:?} {}", s.host, s.port, s.tls, s.user.unwrap_or_default()))
            };
            let (i, s) = named.map_or((None, None), |n| (shown(n.imap), shown(n.smtp)));
            assert_eq!((i.as_deref(), s.as_deref()), (imap, smtp), "{text}");
        };
        let imap = one("incomingServer", "imap", "Mail.%EMAILDOMAIN%", "993", "SSL", "%EMAILADDRESS%");
        let smtp = one("outgoingServer", "smtp", "mail.shop.test", "587", "STARTTLS", "%EMAILLOCALPART%");
        let both = (Some("mail.shop.test:993 Implicit info@shop.test"), Some("mail.shop.test:587 Starttls info"));
        check(&file(&format!("{imap}{smtp}")), both.0, both.1);
        let pop = one("incomingServer", "pop3", "pop.shop.test", "995", "SSL", "x");
        let clear = one("incomingServer", "imap", "mail.shop.test", "143", "plain", "x");
        check(&file(&format!("{pop}{clear}{imap}")), both.0, None);
        check(&file(&one("incomingServer", "imap", "evil test", "993", "SSL", "x")), None, None);
        check(&file(&one("incomingServer", "imap", "a.test", "0", "SSL", "x")), None, None);
        check("<html><body>Not found</body></html>", None, None);
        check("<!doctype html><p>", None, None);
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><clientConfig><emailProvider>&b;</emailProvider></clientConfig>";
        check(bomb, None, None);
    }
}
