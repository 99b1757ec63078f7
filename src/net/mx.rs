//! Which servers take a domain's mail: one DNS question over UDP, for telling whose customer a domain is.
//!
//! The answer is a hint and nothing more: it chooses among servers that are named in our own table, whose certificates are
//! verified. A forged answer can therefore make `svar init` propose the wrong provider, not send a password to a stranger.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

const MX: u16 = 15;
const INTERNET: u16 = 1;
/// A name that points at pointers for ever ends here (RFC 1035 allows 127 labels).
const MAX_JUMPS: usize = 127;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MxError {
    #[error("{0} is no domain")]
    Domain(String),
    #[error("the name server {server} does not answer: {reason}")]
    Network { server: SocketAddr, reason: String },
    #[error("the name server's answer cannot be read")]
    Answer,
}

/// This machine's name servers (`/etc/resolv.conf`), else its own. Blocks on a file.
#[must_use]
pub fn name_servers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let found = servers_in(&text);
    if found.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { found }
}

fn servers_in(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    named.filter_map(|rest| rest.trim().parse::<IpAddr>().ok()).map(|ip| SocketAddr::new(ip, 53)).take(3).collect()
}

/// The domain's mail exchangers, best first, in lower case; empty if it has none. Each server is waited for `patience` at
/// most. Blocks.
///
/// # Errors
/// No server has answered in a way that can be read.
pub fn exchangers(domain: &str, servers: &[SocketAddr], patience: Duration) -> Result<Vec<String>, MxError> {
    let mut last = MxError::Answer;
    for server in servers {
        match ask(domain, *server, patience) {
            Ok(found) => return Ok(found),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn ask(domain: &str, server: SocketAddr, patience: Duration) -> Result<Vec<String>, MxError> {
    let network = |e: std::io::Error| MxError::Network { server, reason: e.to_string() };
    let any: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).map_err(network)?;
    socket.connect(server).map_err(network)?;
    socket.set_read_timeout(Some(patience)).map_err(network)?;
    // The port is the kernel's draw; it tells our answer from strays as well as a number of ours would.
    let id = socket.local_addr().map_err(network)?.port().to_be_bytes();
    let question = question(id, domain).ok_or_else(|| MxError::Domain(domain.to_owned()))?;
    socket.send(&question).map_err(network)?;
    // A few strays may come before the answer.
    let mut buffer = [0; 4096];
    for _ in 0..4 {
        let length = socket.recv(&mut buffer).map_err(network)?;
        let answer = &buffer[..length];
        if answer.get(..2) == Some(&id) {
            return read(answer).ok_or(MxError::Answer);
        }
    }
    Err(MxError::Answer)
}

/// RFC 1035, 4.1: one question, recursion desired.
fn question(id: [u8; 2], domain: &str) -> Option<Vec<u8>> {
    let mut bytes = id.to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in domain.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|n| (1..=63).contains(n))?;
        bytes.push(length);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(MX.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    (domain.is_ascii() && bytes.len() <= 12 + 255 + 4).then_some(bytes)
}

/// The exchangers of an answer; `None` if it is none. NXDOMAIN is an answer without any.
fn read(answer: &[u8]) -> Option<Vec<String>> {
    let word = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    let flags = word(2)?;
    let (is_answer, code) = (flags & 0x8000 != 0, flags & 0xf);
    if !is_answer || ![0, 3].contains(&code) {
        return None;
    }
    let (questions, answers) = (word(4)?, word(6)?);
    let mut at = 12;
    for _ in 0..questions {
        at = name(answer, at)?.1 + 4;
    }
    let mut found: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for _ in 0..answers {
        let after = name(answer, at)?.1;
        let (kind, length) = (word(after)?, usize::from(word(after + 8)?));
        let data = after + 10;
        if kind == MX {
            let exchanger = name(answer, data + 2)?.0;
            // RFC 7505: a lone dot takes no mail.
            if !exchanger.is_empty() {
                found.entry(word(data)?).or_default().push(exchanger);
            }
        }
        at = data + length;
    }
    Some(found.into_values().flatten().collect())
}

/// A name, and where what follows it begins.
fn name(answer: &[u8], start: usize) -> Option<(String, usize)> {
    let mut labels: Vec<String> = Vec::new();
    let (mut at, mut end) = (start, None);
    for _ in 0..MAX_JUMPS {
        let length = usize::from(*answer.get(at)?);
        match length {
            0 => return Some((labels.join("."), end.unwrap_or(at + 1))),
            1..=63 => {
                let label = answer.get(at + 1..at + 1 + length)?;
                labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
                at += 1 + length;
            }
            _ if length & 0xc0 == 0xc0 => {
                end = end.or(Some(at + 2));
                at = (length & 0x3f) << 8 | usize::from(*answer.get(at + 1)?);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `question` with these exchangers, whose names begin with a label of their own and end in the domain's.
    fn answer(question: &[u8], code: u8, exchangers: &[(u16, &str)]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        (bytes[2], bytes[3]) = (0x81, 0x80 | code);
        bytes[7] = u8::try_from(exchangers.len()).unwrap();
        for (rank, label) in exchangers {
            bytes.extend([0xc0, 12]);
            bytes.extend([0, 15, 0, 1, 0, 0, 0, 60]);
            let length = u16::try_from(label.len()).unwrap();
            bytes.extend((2 + 1 + length + 2).to_be_bytes());
            bytes.extend(rank.to_be_bytes());
            bytes.push(u8::try_from(length).unwrap());
            bytes.extend(label.as_bytes());
            bytes.extend([0xc0, 12]);
        }
        bytes
    }

    #[test]
    fn an_answer_is_read_best_first() {
        let check = |code: u8, exchangers: &[(u16, &str)], expect: Option<&[&str]>| {
            let question = question([1, 2], "shop.test").unwrap();
            let read = read(&answer(&question, code, exchangers));
            let expect = expect.map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(read, expect, "{exchangers:?}");
        };
        check(0, &[(20, "B"), (10, "a")], Some(&["a.shop.test", "b.shop.test"]));
        check(0, &[], Some(&[]));
        check(3, &[], Some(&[]));
        check(2, &[], None);
    }

    #[test]
    fn what_is_cut_or_crooked_is_no_answer() {
        let question = question([1, 2], "shop.test").unwrap();
        let whole = answer(&question, 0, &[(10, "mx")]);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        let mut looped = whole.clone();
        let at = looped.len() - 2;
        looped[at..].copy_from_slice(&[0xc0, u8::try_from(at).unwrap()]);
        assert_eq!(read(&looped), None, "a pointer at itself");
        for wrong in ["", "a..b", "ö.test", &"a".repeat(64), &"abc.".repeat(80)] {
            assert!(super::question([0, 0], wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn the_next_server_is_asked_where_one_is_silent() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let servers = [silent.local_addr().unwrap(), server.local_addr().unwrap()];
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; 512];
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            let right = answer(&buffer[..length], 0, &[(5, "aspmx")]);
            let mut stray = right.clone();
            stray[0] ^= 1;
            server.send_to(&stray, from).unwrap();
            server.send_to(&right, from).unwrap();
        });
        let found = exchangers("shop.test", &servers, Duration::from_millis(300));
        assert_eq!(found, Ok(vec!["aspmx.shop.test".to_owned()]));
        answering.join().unwrap();
        let nobody = exchangers("shop.test", &servers[..1], Duration::from_millis(50));
        assert!(matches!(nobody, Err(MxError::Network { .. })), "{nobody:?}");
    }

    #[test]
    fn name_servers_are_those_of_the_machine() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<String> = servers_in(text).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check(
            "# x\nnameserver 192.0.2.1\nsearch a.test\n  nameserver  2001:db8::1\n",
            &["192.0.2.1:53", "[2001:db8::1]:53"],
        );
        check("nameserver fe80::1%eth0\noptions edns0\n", &[]);
    }
}
