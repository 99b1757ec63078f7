//! Starts the mail lab (Dovecot and Postfix on loopback) for a test binary, and stops it however the tests end.
//!
//! `lab::shared()` is one lab for all tests of a binary; each test takes users of its own. Root is needed. What the tests
//! leave behind is stopped by `reap.sh`, which waits for the end of this process on a pipe, so that a panic, an abort or a
//! SIGKILL leaves no server running.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::disallowed_methods, reason = "real servers take real time")]

pub mod provider;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use svar::net::{Account, Credential, Secret, Tls};

/// What the servers listen on, as distances from the base port.
const PORTS: [u16; 6] = [24, 25, 143, 465, 587, 993];
/// Every user's password.
pub const PASSWORD: &str = "hemlig";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Dovecot,
    Postfix,
}

impl Server {
    const fn name(self) -> &'static str {
        match self {
            Self::Dovecot => "dovecot",
            Self::Postfix => "postfix",
        }
    }
}

/// A running mail system.
#[derive(Debug)]
pub struct Lab {
    pub dir: PathBuf,
    pub base: u16,
    reaper: Option<Child>,
}

/// The lab of this test binary, started by whoever asks first.
pub fn shared() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(Lab::start)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab").join(name)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&words)))
}

impl Lab {
    /// Starts a lab of one's own, on free ports, in a directory of its own.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Self::start`], where users may also show this provider's tokens instead of a password.
    pub fn start_with_tokens(provider: &provider::Provider) -> Self {
        Self::start_with(&[("LAB_OAUTH", &provider.url("introspect"))])
    }

    /// As [`Self::start`], with some of the environment that `up.sh` knows.
    fn start_with(environment: &[(&str, &str)]) -> Self {
        // One after the other: two that start at once would find the same ports free.
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let home = Path::new("/tmp/svar-lab");
        fs::create_dir_all(home).expect("a directory for the lab");
        sweep(home);
        let mut last = String::new();
        for attempt in 0..5_u16 {
            let base = free_base(attempt);
            let dir = home.join(format!("{}-{base}", std::process::id()));
            fs::create_dir_all(&dir).expect("a directory for the lab");
            // Before anything is started, somebody watches over it.
            let mut reaper = Command::new("bash");
            reaper.arg(script("reap.sh")).arg(&dir).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            // A group of its own: Ctrl-C at the terminal is for the tests, not for it.
            let reaper = reaper.process_group(0).spawn().expect("bash");
            let mut lab = Self { dir: dir.clone(), base, reaper: Some(reaper) };
            let mut up = Command::new("bash");
            up.arg(script("up.sh")).arg(&dir).arg(base.to_string()).envs(environment.iter().copied());
            match run(&mut up) {
                Ok(()) => {
                    let secret = dir.join("password");
                    fs::write(secret, format!("{PASSWORD}\n")).expect("a password file");
                    return lab;
                }
                Err(reason) => last = reason,
            }
            lab.stop();
        }
        panic!("the mail lab does not start: {last}");
    }

    fn stop(&mut self) {
        if let Some(mut reaper) = self.reaper.take() {
            drop(reaper.stdin.take());
            drop(reaper.wait());
        }
    }

    pub fn port(&self, offset: u16) -> u16 {
        self.base + offset
    }

    /// The authority that signed the servers' certificate.
    pub fn ca(&self) -> PathBuf {
        self.dir.join("tls/ca.pem")
    }

    /// An authority that signed nothing here.
    pub fn other_ca(&self) -> PathBuf {
        self.dir.join("tls/other.pem")
    }

    /// `user` may be a name (`support`) or an address.
    pub fn imap(&self, user: &str, tls: Tls) -> Account {
        self.account(user, tls, if tls == Tls::Implicit { 993 } else { 143 })
    }

    /// Submission with login; `Tls::None` is the port for other servers' mail, without login.
    pub fn smtp(&self, user: &str, tls: Tls) -> Account {
        match tls {
            Tls::Implicit => self.account(user, tls, 465),
            Tls::Starttls => self.account(user, tls, 587),
            Tls::None => Account { user: String::new(), credential: None, ..self.account(user, tls, 25) },
        }
    }

    fn account(&self, user: &str, tls: Tls, offset: u16) -> Account {
        Account {
            host: "localhost".to_owned(),
            port: self.port(offset),
            tls,
            ca_file: Some(self.ca()),
            user: address(user),
            credential: Some(Credential::Password(Secret::File(self.dir.join("password")))),
            password_expires: None,
        }
    }

    /// Where Dovecot keeps the user's mail.
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.dir.join("mail").join(user).join("Maildir")
    }

    /// Hands a raw mail to port 25, as another server would, and panics with the server's words if it is refused. Line
    /// ends are made CRLF, dots are doubled.
    pub fn deliver(&self, from: &str, to: &[&str], raw: &[u8]) {
        let stream = TcpStream::connect(("127.0.0.1", self.port(25))).expect("port 25 answers");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        let mut writer = stream.try_clone().expect("a second handle");
        let mut reader = BufReader::new(stream);
        let mut ask = |line: &[u8], expect: &str| {
            writer.write_all(line).expect("port 25 takes a line");
            let mut answer = String::new();
            while answer.is_empty() || answer.as_bytes().get(3) == Some(&b'-') {
                answer.clear();
                reader.read_line(&mut answer).expect("port 25 answers");
            }
            assert!(answer.starts_with(expect), "{}: {answer}", String::from_utf8_lossy(&line[..line.len().min(80)]));
        };
        ask(b"", "220");
        ask(b"EHLO client.test\r\n", "250");
        ask(format!("MAIL FROM:<{from}> BODY=8BITMIME\r\n").as_bytes(), "250");
        for to in to {
            ask(format!("RCPT TO:<{}>\r\n", address(to)).as_bytes(), "250");
        }
        ask(b"DATA\r\n", "354");
        let mut body = Vec::with_capacity(raw.len() + 64);
        for line in raw.strip_suffix(b"\n").unwrap_or(raw).split(|&b| b == b'\n') {
            if line.first() == Some(&b'.') {
                body.push(b'.');
            }
            body.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b".\r\n");
        ask(&body, "250");
        ask(b"QUIT\r\n", "221");
    }

    /// Puts files straight into the user's INBOX, which Dovecot numbers in the order of their names; for what no SMTP
    /// server would pass on. The name is `SECONDS.anything`.
    pub fn place(&self, user: &str, letters: &[(String, Vec<u8>)]) {
        let maildir = self.maildir(user);
        for sub in ["tmp", "new", "cur"] {
            fs::create_dir_all(maildir.join(sub)).expect("a Maildir");
        }
        for (name, raw) in letters {
            fs::write(maildir.join("tmp").join(name), raw).expect("a letter");
        }
        let owner = format!("--reference={}", self.dir.join("mail").display());
        let home = self.dir.join("mail").join(user);
        run(Command::new("chown").arg("-R").arg(owner).arg(home)).expect("chown");
        for (name, _) in letters {
            fs::rename(maildir.join("tmp").join(name), maildir.join("new").join(name)).expect("a letter");
        }
    }

    /// Runs `doveadm` for this lab and returns what it prints.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        let config = self.dir.join("dovecot/dovecot.conf");
        let output = Command::new("doveadm").arg("-c").arg(config).args(arguments).output().expect("doveadm");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The letters in a folder (`INBOX`, `Sent`, …) of a user, in the order of their UIDs, with LF as line end. A user or a
    /// folder that does not exist yet is empty.
    pub fn letters(&self, user: &str, folder: &str) -> Vec<String> {
        let json = self.doveadm(&["-f", "json", "fetch", "-u", &address(user), "text", "mailbox", folder, "all"]);
        let rows: Vec<BTreeMap<String, String>> = serde_json::from_str(&json).unwrap_or_default();
        rows.into_iter().filter_map(|mut row| row.remove("text")).collect()
    }

    /// Waits until a letter in the folder satisfies `wanted`, and returns it; panics after `limit` with what is there.
    pub fn wait_for(&self, user: &str, folder: &str, limit: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let texts = self.letters(user, folder);
            if let Some(found) = texts.iter().find(|text| wanted(text)) {
                return found.clone();
            }
            if Instant::now() >= deadline {
                let subjects: Vec<&str> =
                    texts.iter().filter_map(|t| t.lines().find(|l| l.starts_with("Subject:"))).collect();
                panic!("nothing such in {user}'s {folder} after {limit:?}; there are {subjects:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops a server properly: it says goodbye to whoever is connected.
    pub fn stop_server(&self, server: Server) {
        run(Command::new("bash").arg(script("down.sh")).arg(&self.dir).arg(server.name())).expect("down.sh");
    }

    /// Kills a server and all of its processes.
    pub fn kill_server(&self, server: Server) {
        run(Command::new("bash").arg(script("down.sh")).arg(&self.dir).args([server.name(), "KILL"])).expect("down.sh");
    }

    /// Starts a server that was stopped or killed; it answers when this returns.
    pub fn start_server(&self, server: Server) {
        run(Command::new("bash").arg(script("start.sh")).arg(&self.dir).arg(server.name())).expect("start.sh");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `anna` is `anna@example.test`.
pub fn address(user: &str) -> String {
    if user.contains('@') || user.is_empty() { user.to_owned() } else { format!("{user}@example.test") }
}

/// Stops and removes what runs of the past have left.
fn sweep(home: &Path) {
    for lab in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = lab.file_name().to_string_lossy().into_owned();
        let Some((owner, _)) = name.split_once('-') else { continue };
        if owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists() {
            drop(run(Command::new("bash").arg(script("down.sh")).arg(lab.path()).args(["all", "KILL"])));
            drop(fs::remove_dir_all(lab.path()));
        }
    }
}

/// A base port on which all of `PORTS` are free; different processes begin to look in different places.
fn free_base(attempt: u16) -> u16 {
    let start = (std::process::id() % 199) as u16 + attempt * 37;
    (0..199)
        .map(|n| 12_000 + ((start + n) % 199) * 100)
        .find(|base| PORTS.iter().all(|port| TcpListener::bind(("127.0.0.1", base + port)).is_ok()))
        .expect("free ports")
}
