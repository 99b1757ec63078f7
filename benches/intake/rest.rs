//! A resting daemon with one mailbox: memory, and processor time over a minute.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::desk::{self, Account, Daemon, Inlet, Notices, Start};
use crate::lab::Lab;
use crate::table::Table;
use crate::watch;

const MINUTE: Duration = Duration::from_secs(60);
/// By then the daemon has tidied up.
const SETTLED: Duration = Duration::from_secs(15);

pub fn measure(home: &Path, lab: &Lab, letters: usize, table: &mut Table) {
    let dir = home.join("rest");
    desk::write_config(&dir, &Inlet::Imap(Account::of(lab, Start::New)), &Notices::None);
    let daemon = Daemon::start(&dir);
    watch::pause(SETTLED);
    let before = watch::processor_of(daemon.id());
    watch::pause(MINUTE);
    let used = (watch::processor_of(daemon.id()) - before).as_millis();
    let memory = memory_mb(daemon.id(), "VmRSS");
    let own = memory_mb(daemon.id(), "RssAnon");
    drop(daemon);
    let what = "a daemon at rest, one mailbox: resident memory";
    table.row(
        what,
        format!("{memory:.1} MB"),
        format!("of it {own:.1} MB its own, the rest is the program's file"),
        "< 20 MB",
    );
    table.row("and processor time in a minute", format!("{used} ms"), String::new(), "not measurable");

    desk::write_config(&dir, &Inlet::Imap(Account::of(lab, Start::All)), &Notices::None);
    let daemon = Daemon::start(&dir);
    let all = (letters, letters);
    watch::until(Duration::from_secs(600), "all letters", || (desk::letters_decided(&dir) == all).then_some(()));
    watch::pause(SETTLED);
    let (memory, most) = (memory_mb(daemon.id(), "VmRSS"), memory_mb(daemon.id(), "VmHWM"));
    drop(daemon);
    let what = format!("the same daemon after it has taken in {letters} mails");
    table.row(&what, format!("{memory:.1} MB"), format!("most at any time {most:.1} MB"), "");
}

fn memory_mb(process: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
