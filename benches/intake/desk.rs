//! svar as the bench runs it: a configuration, the binary, and what it has done.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::lab::Lab;
use crate::watch::Took;
use crate::{SUPPORT, machine, watch};

pub const BINARY: &str = env!("CARGO_BIN_EXE_svar");

/// An IMAP account of the lab.
#[derive(Clone, Debug)]
pub struct Account {
    pub port: u16,
    pub ca: PathBuf,
    pub password: PathBuf,
    pub start: Start,
}

#[derive(Clone, Copy, Debug)]
pub enum Start {
    All,
    New,
}

impl Account {
    pub fn of(lab: &Lab, start: Start) -> Self {
        Self { port: lab.port(993), ca: lab.ca(), password: lab.dir.join("password"), start }
    }
}

/// Where mail comes from.
#[derive(Clone, Debug)]
pub enum Inlet {
    Maildir(PathBuf),
    Imap(Account),
}

/// Whether agents are told, and by what way.
#[derive(Clone, Debug)]
pub enum Notices {
    None,
    /// In clear on loopback, to a server that takes everything.
    Smtp(u16),
    /// By TLS and with a login, to a server of the lab.
    Submission {
        port: u16,
        ca: PathBuf,
        password: PathBuf,
    },
}

/// Writes the configuration of a desk into `dir`, which is emptied first.
pub fn write_config(dir: &Path, inlet: &Inlet, notices: &Notices) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).expect("a directory for the desk");
    fs::write(dir.join("config.toml"), config(inlet, notices)).expect("a configuration");
}

fn config(inlet: &Inlet, notices: &Notices) -> String {
    let notify = if matches!(notices, Notices::None) { "none" } else { "turn" };
    let source = match inlet {
        Inlet::Maildir(path) => format!("[mailbox.maildir]\npath = \"{}\"\n", path.display()),
        Inlet::Imap(Account { port, ca, password, start }) => format!(
            "[mailbox.imap]\nhost = \"localhost\"\nport = {port}\nca_file = \"{}\"\nuser = \"{SUPPORT}\"\n\
             password = {{ file = \"{}\" }}\nstart = \"{}\"\n",
            ca.display(),
            password.display(),
            match start {
                Start::All => "all",
                Start::New => "new",
            }
        ),
    };
    let outlet = match notices {
        Notices::None => "[mailbox.outdir]\npath = \"out\"\n".to_owned(),
        Notices::Smtp(port) => format!("[mailbox.smtp]\nhost = \"localhost\"\nport = {port}\ntls = \"none\"\n"),
        Notices::Submission { port, ca, password } => format!(
            "[mailbox.smtp]\nhost = \"localhost\"\nport = {port}\nca_file = \"{}\"\nuser = \"{SUPPORT}\"\n\
             password = {{ file = \"{}\" }}\n",
            ca.display(),
            password.display()
        ),
    };
    let agent =
        "[[agent]]\nname = \"Anna Andersson\"\naddresses = [\"anna@example.test\"]\nmailboxes = [\"support\"]\n";
    format!(
        "[desk]\nname = \"Exempelbutiken\"\ndata_dir = \"data\"\n\n[[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\n\
         notify = \"{notify}\"\n{source}{outlet}\n{agent}\n[acknowledge]\nwhen = \"never\"\n"
    )
}

/// A fresh desk takes in all that is there and ends; how long that took, from start to end of the process.
pub fn take_in_once(dir: &Path, inlet: &Inlet, notices: &Notices, letters: usize) -> Took {
    write_config(dir, inlet, notices);
    take_in_more(dir, letters)
}

/// A desk that is there takes in all that is new and ends; `letters` are there then.
pub fn take_in_more(dir: &Path, letters: usize) -> Took {
    machine::settle();
    let mut command = Command::new(BINARY);
    command.arg("--config").arg(dir.join("config.toml")).args(["run", "--once"]).current_dir(dir);
    let (output, took) = watch::timed_program(|| command.output().expect("svar runs"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let _ = fs::write(dir.join("log"), &said);
    assert!(output.status.success(), "svar run --once failed: {}", tail(&said));
    let (settled, all) = letters_decided(dir);
    assert_eq!((settled, all), (letters, letters), "not all letters were decided: {}", tail(&said));
    took
}

/// A fresh desk takes in a Maildir as history; how long that took, from start to end of the process.
pub fn import(dir: &Path, maildir: &Path, letters: usize) -> Took {
    write_config(dir, &Inlet::Maildir(dir.join("inbox")), &Notices::None);
    machine::settle();
    let mut command = Command::new(BINARY);
    command.args(["import", "--mailbox", "support"]).arg(maildir).current_dir(dir);
    let (output, took) = watch::timed_program(|| command.output().expect("svar runs"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "svar import failed: {}", tail(&said));
    let (settled, all) = letters_decided(dir);
    assert_eq!((settled, all), (letters, letters), "not all letters were imported: {}", tail(&said));
    took
}

/// Measures a Maildir; how long that took, from start to end of the process.
pub fn audit(dir: &Path, maildir: &Path) -> Took {
    machine::settle();
    let mut command = Command::new(BINARY);
    command.arg("audit").arg(maildir).args(["--address", SUPPORT, "--now", "2027-12-31T00:00:00Z"]).current_dir(dir);
    let (output, took) = watch::timed_program(|| command.output().expect("svar runs"));
    assert!(output.status.success(), "svar audit failed: {}", tail(&String::from_utf8_lossy(&output.stderr)));
    took
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// How many letters are decided, and how many there are.
pub fn letters_decided(dir: &Path) -> (usize, usize) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(db) = Connection::open_with_flags(dir.join("data/svar.db"), flags) else { return (0, 0) };
    let sql = "SELECT count(*) FILTER (WHERE state <> 'received'), count(*) FROM letter";
    let counts = db.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap_or((0, 0));
    (counts.0.unsigned_abs() as usize, counts.1.unsigned_abs() as usize)
}

/// A running daemon; ended when dropped, and also if the bench is killed.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// Waits for the end of its standard input, then ends the daemon.
    reaper: Child,
    /// From the start of the process until it said `ready`.
    pub ready_after: Duration,
}

impl Daemon {
    /// Starts `svar run` and waits until it is ready.
    pub fn start(dir: &Path) -> Self {
        let began = watch::now();
        let mut child = Command::new(BINARY)
            .arg("--config")
            .arg(dir.join("config.toml"))
            .arg("run")
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("svar runs");
        let mut reaper = Command::new("bash");
        reaper.args(["-c", "trap '' INT TERM HUP; cat; kill $0", &child.id().to_string()]).process_group(0);
        let reaper = reaper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bash");
        let mut lines = BufReader::new(child.stderr.take().expect("its stderr"));
        let (tell, told) = mpsc::channel();
        let log = dir.join("log");
        std::thread::spawn(move || {
            let mut all = String::new();
            let mut line = String::new();
            let mut is_ready = false;
            while lines.read_line(&mut line).is_ok_and(|n| n > 0) {
                all.push_str(&line);
                if !is_ready && line.trim_end().ends_with("ready") {
                    is_ready = true;
                    let _ = tell.send(Ok(began.elapsed()));
                }
                line.clear();
                if all.len() < 1 << 20 {
                    let _ = fs::write(&log, &all);
                }
            }
            let _ = lines.read_to_string(&mut all);
            let _ = tell.send(Err(all));
        });
        match told.recv_timeout(Duration::from_secs(120)) {
            Ok(Ok(ready_after)) => Self { child, reaper, ready_after },
            Ok(Err(said)) => panic!("svar run ended: {}", tail(&said)),
            Err(_) => {
                let (_, _) = (child.kill(), child.wait());
                panic!("svar run is not ready after two minutes")
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
        let _ = self.child.wait();
    }
}

/// By TLS and with a login.
pub fn submission(lab: &Lab, port: u16) -> Notices {
    Notices::Submission { port, ca: lab.ca(), password: lab.dir.join("password") }
}
