//! A svar of one's own for a test: its directory, its configuration, its process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{Lab, PASSWORD, address};

const LIMIT: Duration = Duration::from_secs(20);

/// What differs between tests.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The lab's user whose mailbox the desk is.
    pub shop: &'static str,
    pub agent: &'static str,
    pub poll: &'static str,
    pub start: &'static str,
    pub after: &'static str,
    pub password: &'static str,
}

impl Config {
    pub fn new(shop: &'static str, agent: &'static str) -> Self {
        Self { shop, agent, poll: "60s", start: "new", after: "\"keep\"", password: PASSWORD }
    }

    pub fn text(&self, lab: &Lab) -> String {
        let Self { shop, agent, poll, start, after, .. } = self;
        let (imap, smtp, ca) = (lab.port(993), lab.port(587), lab.ca());
        format!(
            r#"
            [desk]
            name = "Exempelbutiken"
            data_dir = "data"
            [[mailbox]]
            name = "support"
            address = "{shop}@example.test"
            [mailbox.imap]
            host = "localhost"
            port = {imap}
            tls = "implicit"
            ca_file = "{ca}"
            user = "{shop}@example.test"
            password = {{ file = "password" }}
            poll = "{poll}"
            start = "{start}"
            after = {after}
            [mailbox.smtp]
            host = "localhost"
            port = {smtp}
            tls = "starttls"
            ca_file = "{ca}"
            user = "{shop}@example.test"
            password = {{ file = "password" }}
            [[agent]]
            name = "Anna Andersson"
            addresses = ["{}"]
            mailboxes = ["support"]
            "#,
            address(agent),
            ca = ca.display(),
        )
    }
}

pub struct Desk {
    dir: TempDir,
    running: Option<Running>,
}

/// A daemon at work. Killed when dropped.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Each line, and when it came.
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
    listening: Option<JoinHandle<()>>,
}

impl Desk {
    pub fn new(lab: &Lab, config: Config) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let desk = Self { dir, running: None };
        desk.write_config(&config.text(lab));
        fs::write(desk.path("password"), config.password).expect("a password");
        desk
    }

    /// Started, and ready.
    pub fn start(lab: &Lab, config: Config) -> Self {
        let desk = Self::new(lab, config);
        let daemon = desk.command(&["run"]);
        desk.started(daemon)
    }

    pub fn started(mut self, daemon: Command) -> Self {
        let running = Running::new(daemon);
        running.wait_for("ready");
        self.running = Some(running);
        self
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub fn write_config(&self, text: &str) {
        fs::write(self.path("config.toml"), text).expect("a configuration");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_svar"));
        command.arg("--config").arg(self.path("config.toml")).args(arguments);
        command.stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("JOURNAL_STREAM");
        command
    }

    pub fn run(&self) -> Running {
        Running::new(self.command(&["run"]))
    }

    /// One pass; the exit code.
    pub fn once(&self) -> i32 {
        let output = self.command(&["run", "--once"]).output().expect("svar runs");
        let code = output.status.code().unwrap_or(-1);
        if code != 0 {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        }
        code
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&["--json"]).args(arguments).output().expect("svar runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Waits until the list of tickets is as wanted.
    pub fn wait_for(&self, wanted: impl Fn(&Value) -> bool) {
        let began = Instant::now();
        loop {
            let tickets = self.json(&["tickets"]);
            if wanted(&tickets) {
                return;
            }
            assert!(began.elapsed() < LIMIT, "{tickets}\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it was started")
    }

    pub fn pid(&self) -> u32 {
        self.running().child.id()
    }

    fn said(&self) -> String {
        self.running.as_ref().map(|r| r.said.lock().expect("what was said").clone()).unwrap_or_default()
    }

    pub fn wait_for_log(&self, words: &str) {
        self.running().wait_for(words);
    }

    /// When the `nth` line of this kind was said.
    pub fn when_logged(&self, wanted: impl Fn(&str) -> bool, nth: usize) -> Instant {
        let began = Instant::now();
        loop {
            let lines = self.running().lines.lock().expect("the lines").clone();
            if let Some((at, _)) = lines.iter().filter(|(_, line)| wanted(line)).nth(nth - 1) {
                return *at;
            }
            assert!(began.elapsed() < LIMIT, "{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn hang_up(&self) {
        signal("HUP", self.pid());
    }

    /// Stops it as systemd does; it must end within seconds, with 0. What it said.
    pub fn stop(mut self) -> String {
        self.running.take().map(|mut running| running.stop()).unwrap_or_default()
    }
}

fn signal(name: &str, pid: u32) {
    let done = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().expect("kill");
    assert!(done.success());
}

impl Running {
    fn new(mut daemon: Command) -> Self {
        let mut child = daemon.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("svar runs");
        let said = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let listening = std::thread::spawn({
            let (said, lines) = (Arc::clone(&said), Arc::clone(&lines));
            move || {
                for line in stderr.lines().map_while(Result::ok) {
                    lines.lock().expect("the lines").push((Instant::now(), line.clone()));
                    let mut said = said.lock().expect("what was said");
                    said.push_str(&line);
                    said.push('\n');
                }
            }
        });
        Self { child, said, lines, listening: Some(listening) }
    }

    pub fn wait_for(&self, words: &str) {
        let began = Instant::now();
        loop {
            let said = self.said.lock().expect("what was said").clone();
            if said.contains(words) {
                return;
            }
            assert!(began.elapsed() < LIMIT, "it never said {words:?}:\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn stop(&mut self) -> String {
        signal("TERM", self.child.id());
        let began = Instant::now();
        let status = self.child.wait().expect("it ends");
        assert!(began.elapsed() < Duration::from_secs(9), "it took {:?} to stop", began.elapsed());
        let said = self.listen_to_the_end();
        assert_eq!(status.code(), Some(0), "{said}");
        said
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.listen_to_the_end();
    }

    fn listen_to_the_end(&mut self) -> String {
        if let Some(listening) = self.listening.take() {
            listening.join().expect("the listener ends");
        }
        self.said.lock().expect("what was said").clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- what svar said:\n{}", self.said.lock().map(|s| s.clone()).unwrap_or_default());
        }
    }
}

/// A header field, unfolded; "" if it is not there.
pub fn field(mail: &str, name: &str) -> String {
    let head = mail.split_once("\n\n").map_or(mail, |(head, _)| head).replace("\r\n", "\n");
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let prefix = format!("{}:", name.to_lowercase());
    let line = unfolded.lines().find(|l| l.to_lowercase().starts_with(&prefix));
    line.map_or_else(String::new, |l| l[prefix.len()..].trim().to_owned())
}

/// The address in `Name <address>`.
pub fn address_in(value: &str) -> String {
    let inner = value.rsplit_once('<').map_or(value, |(_, rest)| rest);
    inner.split('>').next().unwrap_or_default().trim().to_owned()
}
