//! What is done to svar and to the servers around it, and undone.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::chance::Chance;
use crate::daemon::Daemon;
use crate::lab::{Lab, Server};
use crate::proxy::{Line, Proxy};
use crate::weights::{big, bombs};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    SvarKilled,
    DovecotKilled,
    DovecotStopped,
    DovecotFrozen,
    PostfixKilled,
    PostfixFrozen,
    ImapLine(Line),
    SmtpLine(Line),
    SmtpRude,
    BigMails,
    Bombs,
}

pub const ALL: [Fault; 17] = [
    Fault::SvarKilled,
    Fault::SmtpRude,
    Fault::DovecotKilled,
    Fault::ImapLine(Line::Torn),
    Fault::PostfixKilled,
    Fault::DovecotFrozen,
    Fault::BigMails,
    Fault::Bombs,
    Fault::SvarKilled,
    Fault::ImapLine(Line::Closed),
    Fault::SmtpRude,
    Fault::PostfixFrozen,
    Fault::ImapLine(Line::Slow),
    Fault::DovecotStopped,
    Fault::SmtpLine(Line::Closed),
    Fault::ImapLine(Line::Silent),
    Fault::SvarKilled,
];

pub struct Scene<'a, 'd> {
    pub lab: &'a Lab,
    pub daemon: &'a mut Daemon<'d>,
    pub imap: &'a Proxy,
    pub smtp: &'a Proxy,
    pub chance: &'a mut Chance,
    /// How many mails of 60 MB were laid into the mailbox.
    pub big: usize,
    /// How many letters that explode where somebody unpacks them.
    pub bombs: usize,
}

impl Scene<'_, '_> {
    /// Does it, lets it last, and undoes it.
    pub fn strike(&mut self, fault: Fault) {
        let lasts = Duration::from_millis(1500 + 500 * self.chance.below(4) as u64);
        match fault {
            Fault::SvarKilled => {
                for _ in 0..4 {
                    self.daemon.kill();
                    self.daemon.begin();
                    // At another moment each time: while it opens, reads, sends.
                    sleep(Duration::from_millis(100 + 60 * self.chance.below(25) as u64));
                }
                self.daemon.kill();
                self.daemon.begin();
            }
            Fault::DovecotKilled | Fault::PostfixKilled => {
                let server = if fault == Fault::DovecotKilled { Server::Dovecot } else { Server::Postfix };
                self.lab.kill_server(server);
                sleep(lasts);
                self.lab.start_server(server);
            }
            Fault::DovecotStopped => {
                self.lab.stop_server(Server::Dovecot);
                sleep(lasts);
                self.lab.start_server(Server::Dovecot);
            }
            Fault::DovecotFrozen | Fault::PostfixFrozen => {
                let file = if fault == Fault::DovecotFrozen {
                    "dovecot/run/master.pid"
                } else {
                    "postfix/spool/pid/master.pid"
                };
                let pids = family(&self.lab.dir.join(file));
                signal("STOP", &pids);
                sleep(lasts);
                signal("CONT", &pids);
            }
            Fault::ImapLine(line) => self.line(self.imap, line, lasts),
            Fault::SmtpLine(line) => self.line(self.smtp, line, lasts),
            Fault::SmtpRude => {
                self.smtp.set_rude(true);
                sleep(lasts * 2);
                self.smtp.set_rude(false);
            }
            Fault::BigMails => {
                let letters: Vec<(String, Vec<u8>)> = (1..=3).map(|n| big(self.big + n)).collect();
                self.big += letters.len();
                self.lab.place("kund1", &letters);
                sleep(lasts);
            }
            Fault::Bombs => {
                let letters = bombs(self.bombs + 1);
                self.bombs += letters.len();
                self.lab.place("kund1", &letters);
                sleep(lasts);
            }
        }
        self.daemon.measure();
    }

    fn line(&self, proxy: &Proxy, line: Line, lasts: Duration) {
        proxy.set(line);
        sleep(lasts);
        proxy.set(Line::Good);
    }
}

/// A server's master and all of its children.
fn family(pid_file: &Path) -> Vec<String> {
    fn below(pid: String, all: &mut Vec<String>) {
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                below(child.to_owned(), all);
            }
        }
        all.push(pid);
    }
    let pid: String = fs::read_to_string(pid_file).unwrap_or_default().split_whitespace().collect();
    let mut all = Vec::new();
    if !pid.is_empty() {
        below(pid, &mut all);
    }
    all
}

fn signal(name: &str, pids: &[String]) {
    if !pids.is_empty() {
        // One that has ended meanwhile needs none.
        let _ = Command::new("kill").arg(format!("-{name}")).args(pids).stderr(std::process::Stdio::null()).status();
    }
}
