//! An SMTP server that takes everything and keeps nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug)]
pub struct Sink {
    port: u16,
    accepted: Arc<AtomicUsize>,
}

impl Sink {
    /// Listens on a free port of loopback until the bench ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(&stream, &counter));
            }
        });
        Self { port, accepted }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn serve(stream: &TcpStream, accepted: &AtomicUsize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut say = stream;
    let mut lines = BufReader::new(stream);
    say.write_all(b"220 sink.test ESMTP\r\n").ok()?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match &verb[..] {
            b"EHLO" => {
                b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n250 ENHANCEDSTATUSCODES\r\n"
            }
            b"DATA" => {
                say.write_all(b"354 go on\r\n").ok()?;
                loop {
                    line.clear();
                    if lines.read_until(b'\n', &mut line).ok()? == 0 {
                        return None;
                    }
                    if line == b".\r\n" {
                        break;
                    }
                }
                accepted.fetch_add(1, Ordering::Relaxed);
                b"250 2.0.0 taken\r\n"
            }
            b"QUIT" => {
                say.write_all(b"221 bye\r\n").ok()?;
                return None;
            }
            _ => b"250 2.1.0 Ok\r\n",
        };
        say.write_all(answer).ok()?;
    }
}
