//! How fast one text to many is rendered, queued and handed to an SMTP sink, beside Postfix's `smtp-source` against the same sink in the
//! same run: `cargo bench --bench bulk`.
//!
//! `--tickets N` (default 10000). Needs Postfix's `smtp-sink` and `smtp-source`. Prints a table; nothing is a test.

#![allow(clippy::disallowed_methods, reason = "what is measured is real time")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

const BINARY: &str = env!("CARGO_BIN_EXE_svar");
/// What a customer's system may do at a time; also what svar opens to one server.
const SESSIONS: &str = "4";

const TEXT: &str = "Hej!\n\nDitt paket i ärende {{ ticket.number }} är försenat hos fraktbolaget och kommer i början av nästa vecka. Vi bevakar \
    det, och du behöver inte göra något. Vill du hellre ha pengarna tillbaka räcker det att du svarar på det här mejlet.\n\nVi ber om \
    ursäkt för väntan.\n";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|a| a == "--tickets");
    let tickets = at.and_then(|at| arguments.get(at + 1)).and_then(|n| n.parse().ok()).unwrap_or(10_000_usize);
    let home = tempfile::tempdir().expect("a directory");
    let sink = Sink::start();
    prepare(home.path(), sink.port, tickets);
    let daemon = Daemon::start(home.path());
    let began = Instant::now();
    svar(home.path(), &["bulk", "state:open", "--text", "text.txt", "--yes"]);
    let prepared = began.elapsed();
    wait(home.path(), tickets);
    let all = began.elapsed();
    drop(daemon);
    let size = mail_size(home.path());
    let (again, reconnecting) =
        (smtp_source(sink.port, tickets, size, true), smtp_source(sink.port, tickets, size, false));
    println!(
        "{tickets} mails of {size} bytes, {SESSIONS} sessions\n\n| what | seconds | mails a second |\n|---|---:|---:|"
    );
    let row = |what: &str, took: Duration| {
        println!("| {what} | {:.2} | {:.0} |", took.as_secs_f64(), tickets as f64 / took.as_secs_f64());
    };
    row("svar: looked up, checked and shown", prepared);
    row("svar: rendered, queued, handed over and written down", all.saturating_sub(prepared));
    row("svar: both", all);
    row("smtp-source, a connection for all", again);
    row("smtp-source, a connection a mail", reconnecting);
}

/// Postfix's sink; ended when dropped.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a free port").port();
        let mut command = Command::new("smtp-sink");
        // It must be nobody special once it listens.
        command.args(["-u", "nobody", &format!("127.0.0.1:{port}"), "1000"]);
        let child = command.stdin(Stdio::null()).spawn().expect("Postfix's smtp-sink");
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "smtp-sink does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let (_, _) = (self.child.kill(), self.child.wait());
    }
}

/// `svar run`; ended when dropped.
struct Daemon(Child);

impl Daemon {
    fn start(dir: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("run").current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("svar runs");
        let mut lines = BufReader::new(child.stderr.take().expect("its stderr")).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.trim_end().ends_with("ready"));
        assert!(ready, "svar run ended");
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.count());
        Self(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let (_, _) = (self.0.kill(), self.0.wait());
    }
}

fn svar(dir: &Path, arguments: &[&str]) {
    let done = Command::new(BINARY).args(arguments).current_dir(dir).output().expect("svar runs");
    assert!(done.status.success(), "svar {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A desk with so many open tickets, each of a customer of its own.
fn prepare(dir: &Path, port: u16, tickets: usize) {
    fs::create_dir_all(dir.join("inbox/new")).expect("a Maildir");
    for sub in ["inbox/cur", "inbox/tmp"] {
        fs::create_dir_all(dir.join(sub)).expect("a Maildir");
    }
    let config = format!(
        "[desk]\nname = \"Exempelbutiken\"\ndata_dir = \"data\"\n[[mailbox]]\nname = \"support\"\naddress = \"support@example.test\"\n\
         maildir = {{ path = \"inbox\" }}\nnotify = \"none\"\n[mailbox.smtp]\nhost = \"localhost\"\nport = {port}\ntls = \"none\"\n\
         [[agent]]\nname = \"Anna Andersson\"\naddresses = [\"anna@example.test\"]\n[sla.standard]\nwarned = []\n"
    );
    fs::write(dir.join("config.toml"), config).expect("a configuration");
    fs::write(dir.join("text.txt"), TEXT).expect("a text");
    let mut mbox = String::new();
    for n in 1..=tickets {
        let _ = write!(
            mbox,
            "From kund{n}@kund.test Fri Nov 20 08:00:00 2026\nFrom: Kund {n} <kund{n}@kund.test>\nTo: support@example.test\n\
             Subject: Var är paket {n}?\nMessage-ID: <m{n}@kund.test>\nDate: Fri, 20 Nov 2026 09:00:00 +0100\n\
             Content-Type: text/plain; charset=utf-8\n\nHej, jag beställde för två veckor sedan. Var är mitt paket?\n\nKund {n}\n\n"
        );
    }
    fs::write(dir.join("box"), mbox).expect("an mbox");
    svar(dir, &["import", "--mailbox", "support", "box"]);
}

fn database(dir: &Path) -> Connection {
    Connection::open_with_flags(dir.join("data/svar.db"), OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the database")
}

/// Until the last mail is accepted and that is written down.
fn wait(dir: &Path, tickets: usize) {
    let db = database(dir);
    let began = Instant::now();
    loop {
        let sent: i64 = db
            .query_row("SELECT count(*) FROM bulk_ticket WHERE bulk = 1 AND step = 'sent'", [], |row| row.get(0))
            .expect("the bulk");
        if sent.unsigned_abs() as usize >= tickets {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(900), "{sent} of {tickets} after a quarter of an hour");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Of one mail as it was sent.
fn mail_size(dir: &Path) -> usize {
    let db = database(dir);
    let sql = "SELECT avg(length(b.bytes)) FROM parcel p JOIN parcel_bytes b ON b.parcel = p.no WHERE p.kind = 'bulk'";
    db.query_row(sql, [], |row| row.get::<_, f64>(0)).expect("its mails") as usize
}

fn smtp_source(port: u16, mails: usize, size: usize, stays: bool) -> Duration {
    let (count, length) = (mails.to_string(), size.to_string());
    let mut command = Command::new("smtp-source");
    command.args(["-s", SESSIONS, "-m", &count, "-l", &length, "-f", "support@example.test", "-t", "kund@kund.test"]);
    if stays {
        command.arg("-d");
    }
    let began = Instant::now();
    let done = command.arg(format!("127.0.0.1:{port}")).output().expect("Postfix's smtp-source");
    assert!(done.status.success(), "smtp-source: {}", String::from_utf8_lossy(&done.stderr));
    began.elapsed()
}
