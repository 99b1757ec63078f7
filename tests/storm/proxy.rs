//! Lines between svar and its servers that are slow, torn in the middle, reset, or silent; and an SMTP server of bad manners.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::chance::Chance;

/// How a line is at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Good,
    /// Some bytes at a time, with pauses.
    Slow,
    /// Ends after some bytes, in the middle of whatever was said.
    Torn,
    /// Closed as soon as it is open.
    Closed,
    /// Open, and nothing ever comes.
    Silent,
}

/// What an SMTP server answers instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manners {
    Greets421,
    Rcpt450,
    Data451,
    Nothing,
    HalfALine,
    /// Takes the mail, and hangs up before saying so: the one moment in which nobody can know.
    AcceptsAndHangsUp,
}

pub const MANNERS: [Manners; 6] = [
    Manners::Greets421,
    Manners::Rcpt450,
    Manners::Data451,
    Manners::Nothing,
    Manners::HalfALine,
    Manners::AcceptsAndHangsUp,
];

#[derive(Debug)]
struct Weather {
    line: Line,
    /// One step of SMTP in three is answered badly.
    rude: bool,
    chance: Chance,
    counted: BTreeMap<Manners, usize>,
}

/// One proxy in front of one port.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub port: u16,
    weather: Arc<Mutex<Weather>>,
}

const PATIENCE: Duration = Duration::from_millis(100);

impl Proxy {
    /// Carries bytes as they are.
    pub fn plain(target: u16, seed: u64) -> Self {
        Self::open(seed, move |client, proxy| carry(&client, target, &proxy))
    }

    /// Understands SMTP. Mail to `nej…` is refused always.
    pub fn smtp(target: u16, seed: u64) -> Self {
        Self::open(seed, move |client, proxy| {
            // A connection that ends badly is what this is for.
            let _ = serve(&client, target, &proxy);
            let _ = client.shutdown(Shutdown::Both);
        })
    }

    fn open(seed: u64, each: impl Fn(TcpStream, Proxy) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let weather = Weather { line: Line::Good, rude: false, chance: Chance::new(seed), counted: BTreeMap::new() };
        let proxy = Self { port, weather: Arc::new(Mutex::new(weather)) };
        let own = proxy.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (each, proxy) = (each.clone(), own.clone());
                thread::spawn(move || each(client, proxy));
            }
        });
        proxy
    }

    fn with<T>(&self, work: impl FnOnce(&mut Weather) -> T) -> T {
        work(&mut self.weather.lock().expect("nobody panics here"))
    }

    pub fn set(&self, line: Line) {
        self.with(|w| w.line = line);
    }

    pub fn set_rude(&self, rude: bool) {
        self.with(|w| w.rude = rude);
    }

    /// How often it was rude in which way.
    pub fn counted(&self) -> BTreeMap<Manners, usize> {
        self.with(|w| w.counted.clone())
    }

    fn line(&self) -> Line {
        self.with(|w| w.line)
    }

    fn below(&self, n: usize) -> usize {
        self.with(|w| w.chance.below(n))
    }

    /// Waits as long as it is rude or silent: whoever hangs is let go when the fault is over.
    fn hang(&self) {
        while self.with(|w| w.rude || w.line == Line::Silent) {
            thread::sleep(PATIENCE);
        }
    }
}

/// Both ways until one ends.
fn carry(client: &TcpStream, target: u16, proxy: &Proxy) {
    match proxy.line() {
        Line::Closed => return,
        Line::Silent => return proxy.hang(),
        _ => {}
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { return };
    thread::scope(|scope| {
        scope.spawn(|| one_way(client, &server, proxy));
        one_way(&server, client, proxy);
    });
}

fn one_way(from: &TcpStream, to: &TcpStream, proxy: &Proxy) {
    let mut bytes = [0; 4096];
    let mut left = 300 + proxy.below(6000);
    let (mut from, mut to) = (from, to);
    let _ = from.set_read_timeout(Some(PATIENCE));
    loop {
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) => {
                let some = match proxy.line() {
                    Line::Good => n,
                    Line::Slow => {
                        thread::sleep(Duration::from_millis(20));
                        n
                    }
                    Line::Torn => {
                        let some = n.min(left);
                        left -= some;
                        some
                    }
                    Line::Closed => 0,
                    Line::Silent => {
                        proxy.hang();
                        0
                    }
                };
                if to.write_all(&bytes[..some]).is_err() || some < n {
                    break;
                }
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // A line that nobody speaks on tears, too.
                if proxy.line() == Line::Closed {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// One SMTP connection, a command at a time.
fn serve(client: &TcpStream, target: u16, proxy: &Proxy) -> std::io::Result<()> {
    let gone = || std::io::Error::from(ErrorKind::ConnectionReset);
    if matches!(proxy.line(), Line::Closed) {
        return Ok(());
    }
    let count = |manners: Manners| proxy.with(|w| *w.counted.entry(manners).or_default() += 1);
    let is_rude = || proxy.with(|w| w.rude);
    // Which bad manners the present mail meets, if any.
    let mut rude = None;
    let mut say = client;
    if is_rude() && proxy.below(4) == 0 {
        count(Manners::Greets421);
        return say.write_all(b"421 4.3.2 too busy\r\n");
    }
    let server = TcpStream::connect(("127.0.0.1", target))?;
    server.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut heard = BufReader::new(client.try_clone()?);
    let mut answers = BufReader::new(server.try_clone()?);
    let mut tell = &server;
    say.write_all(reply(&mut answers)?.as_bytes())?;
    loop {
        let mut line = Vec::new();
        if heard.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let upper = String::from_utf8_lossy(&line).to_ascii_uppercase();
        if proxy.line() == Line::Closed {
            return Ok(());
        }
        if upper.starts_with("MAIL") {
            rude = (is_rude() && proxy.below(4) > 0).then(|| MANNERS[1 + proxy.below(MANNERS.len() - 1)]);
        }
        let strikes = |manners: Manners| {
            let now = rude == Some(manners);
            if now {
                count(manners);
            }
            now
        };
        if upper.starts_with("RCPT TO:<NEJ") {
            say.write_all(b"550 5.1.1 no such user\r\n")?;
            continue;
        }
        if upper.starts_with("RCPT") && strikes(Manners::Rcpt450) {
            say.write_all(b"450 4.2.0 greylisted\r\n")?;
            continue;
        }
        if upper.starts_with("MAIL") && strikes(Manners::Nothing) {
            proxy.hang();
            return Ok(());
        }
        tell.write_all(&line)?;
        let answer = reply(&mut answers)?;
        if upper.starts_with("RCPT") && strikes(Manners::HalfALine) {
            return say.write_all(&answer.as_bytes()[..2]);
        }
        say.write_all(answer.as_bytes())?;
        if upper.starts_with("DATA") && answer.starts_with("354") {
            let mut mail = Vec::new();
            while !mail.ends_with(b"\r\n.\r\n") && mail != b".\r\n" {
                if heard.read_until(b'\n', &mut mail)? == 0 {
                    return Err(gone());
                }
            }
            if strikes(Manners::Data451) {
                // The server never hears the end of it.
                return say.write_all(b"451 4.3.0 try again later\r\n");
            }
            tell.write_all(&mail)?;
            let answer = reply(&mut answers)?;
            if strikes(Manners::AcceptsAndHangsUp) {
                return Ok(());
            }
            say.write_all(answer.as_bytes())?;
        }
    }
}

/// A whole reply, all of its lines.
fn reply(answers: &mut impl BufRead) -> std::io::Result<String> {
    let mut all = String::new();
    loop {
        let start = all.len();
        if answers.read_line(&mut all)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if all.as_bytes().get(start + 3) != Some(&b'-') {
            return Ok(all);
        }
    }
}
