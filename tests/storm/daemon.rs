//! The svar that is tortured: started, killed, started again; what it took of memory.

use std::fs::{self, File};
use std::process::{Child, Stdio};

use crate::desk::Desk;

pub struct Daemon<'a> {
    desk: &'a Desk,
    child: Option<Child>,
    /// The highest of all its lives, in KiB.
    pub highest_kib: u64,
    pub deaths: usize,
}

impl<'a> Daemon<'a> {
    pub fn start(desk: &'a Desk) -> Self {
        let mut daemon = Self { desk, child: None, highest_kib: 0, deaths: 0 };
        daemon.begin();
        daemon
    }

    pub fn begin(&mut self) {
        let log = File::options().create(true).append(true).open(self.desk.path("log")).expect("a log");
        let mut command = self.desk.command(&["run"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().expect("svar runs"));
    }

    pub fn measure(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Ok(Some(status)) = child.try_wait() {
            panic!("svar ended by itself: {status}\n{}", self.last_words());
        }
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        self.highest_kib = self.highest_kib.max(kib);
    }

    /// As `kill -9` does it.
    pub fn kill(&mut self) {
        self.measure();
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
            self.deaths += 1;
        }
    }

    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(self.desk.path("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
