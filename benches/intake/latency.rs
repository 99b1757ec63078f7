//! From the server's untagged EXISTS to the agent's notification accepted by SMTP, both by TLS.
//!
//! Two relays stand between svar and the servers and note when bytes of a server pass. They cannot look into TLS and need not: while
//! nothing is going on, the first bytes from the IMAP server are its EXISTS, and the last bytes from the SMTP server are its 250
//! after DATA, because svar keeps the connection open.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::desk::{self, Account, Daemon, Inlet, Start};
use crate::lab::Lab;
use crate::letters::Letters;
use crate::table::Table;
use crate::{SUPPORT, watch};

const ROUNDS: usize = 20;
/// Rounds that find no SMTP connection open: svar closes one that was idle for 30 s.
const COLD_ROUNDS: usize = 3;
const QUIET: Duration = Duration::from_millis(700);

/// Passes bytes on and notes when those of the server pass.
#[derive(Clone, Debug)]
struct Relay {
    port: u16,
    passed: Arc<Mutex<Vec<Instant>>>,
}

impl Relay {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        let passed: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let notes = Arc::clone(&passed);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (Ok(client2), Ok(server2)) = (client.try_clone(), server.try_clone()) else { continue };
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || pass(client, server, |_| {}));
                std::thread::spawn(move || pass(server2, client2, |at| notes.lock().expect("the notes").push(at)));
            }
        });
        Self { port, passed }
    }

    fn forget(&self) {
        self.passed.lock().expect("the notes").clear();
    }

    fn first(&self) -> Option<Instant> {
        self.passed.lock().expect("the notes").first().copied()
    }

    fn last(&self) -> Option<Instant> {
        self.passed.lock().expect("the notes").last().copied()
    }

    /// Nothing has passed for a while.
    fn is_quiet(&self) -> bool {
        self.last().is_none_or(|at| at.elapsed() > QUIET)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(Instant)) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        note(watch::now());
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

pub fn measure(home: &Path, lab: &Lab, table: &mut Table) {
    let dir = home.join("latency");
    let (imap, smtp) = (Relay::to(lab.port(993)), Relay::to(lab.port(465)));
    let account = Account { port: imap.port, ..Account::of(lab, Start::New) };
    desk::write_config(&dir, &Inlet::Imap(account), &desk::submission(lab, smtp.port));
    let daemon = Daemon::start(&dir);
    let mut letters = Letters::new(7, SUPPORT).filter(|letter| letter.raw.len() < 40_000);
    let mut told = 0;
    let mut round = |number: usize| -> Duration {
        watch::until(Duration::from_secs(60), "a quiet moment", || (imap.is_quiet() && smtp.is_quiet()).then_some(()));
        imap.forget();
        smtp.forget();
        let letter = letters.next().expect("letters never end");
        lab.place("support", &[(format!("{}.M{number}P2.bench", letter.at), fresh(&letter.raw, number))]);
        let limit = Duration::from_secs(60);
        let exists = watch::until(limit, "EXISTS", || imap.first());
        told += 1;
        let accepted = watch::until(limit, "the notification", || {
            (sent(&dir) >= told && smtp.is_quiet()).then(|| smtp.last()).flatten()
        });
        accepted.duration_since(exists)
    };
    let warm: Vec<Duration> = (0..=ROUNDS).map(&mut round).collect();
    let cold: Vec<Duration> = (0..COLD_ROUNDS)
        .map(|number| {
            watch::pause(Duration::from_secs(33));
            round(100 + number)
        })
        .collect();
    drop(daemon);
    // The first one finds no connection.
    table.times("from EXISTS to the notification accepted by SMTP (TLS, 20 letters)", "< 250 ms", &warm[1..]);
    let cold: Vec<Duration> = cold.into_iter().chain(warm.first().copied()).collect();
    table.times("the same with a new SMTP connection (TLS and AUTH)", "< 250 ms", &cold);
}

/// A letter that belongs to nothing: no two of them are one conversation.
fn fresh(raw: &[u8], number: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(raw);
    let mut out = String::with_capacity(text.len());
    let mut in_head = true;
    let mut skipping = false;
    for line in text.split_inclusive('\n') {
        in_head &= line != "\n";
        let continues = line.starts_with([' ', '\t']);
        let name = line.split(':').next().unwrap_or_default();
        let dropped = ["In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress", "From", "Message-ID"];
        skipping = in_head && if continues { skipping } else { dropped.contains(&name) };
        if !skipping {
            out.push_str(line);
        }
    }
    format!("From: Kund {number} <kund{number}.ny@kund.test>\nMessage-ID: <ny.{number}@kund.test>\n{out}").into_bytes()
}

/// Mails that are out.
fn sent(dir: &Path) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(db) = rusqlite::Connection::open_with_flags(dir.join("data/svar.db"), flags) else { return 0 };
    db.query_row("SELECT count(*) FROM parcel WHERE state = 'sent'", [], |row| row.get(0)).unwrap_or(0)
}
