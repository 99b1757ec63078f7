//! A disk that fills up under a running desk, and empties again.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::desk::{Config, Desk, field};
use crate::lab::{self, Lab, address};
use crate::{LIMIT, customer_mail};

const FULL: &str = "nothing can be written down";

/// What makes the disk full for the daemon.
enum Disk {
    /// A small filesystem, mounted over the desk's directory.
    Small(PathBuf),
    /// Where nothing may be mounted: no file of the process may grow (RLIMIT_FSIZE).
    Limit(u32),
}

impl Disk {
    fn small(dir: &Path) -> Option<Self> {
        fs::create_dir_all(dir).expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs"]).arg(dir).stderr(Stdio::null());
        mount.status().is_ok_and(|s| s.success()).then(|| Self::Small(dir.to_owned()))
    }

    fn fill(&self) {
        match self {
            Self::Small(dir) => {
                let mut ballast =
                    OpenOptions::new().create(true).append(true).open(dir.join("ballast")).expect("a file");
                // Down to the last byte.
                for size in [1 << 16, 1 << 12, 1 << 8, 1] {
                    while ballast.write_all(&vec![0; size]).is_ok() {}
                }
            }
            Self::Limit(pid) => prlimit(*pid, "4096"),
        }
    }

    fn empty(&self) {
        match self {
            Self::Small(dir) => fs::remove_file(dir.join("ballast")).expect("the ballast"),
            Self::Limit(pid) => prlimit(*pid, "unlimited"),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Small(dir) = self {
            // The daemon may still have it open, if the test failed.
            let _ = Command::new("umount").arg("-l").arg(dir).status();
        }
    }
}

fn prlimit(pid: u32, bytes: &str) {
    let done =
        Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--fsize={bytes}:unlimited")]).status();
    assert!(done.expect("prlimit").success());
}

fn seen(lab: &Lab, shop: &str, id: &str) -> bool {
    let message_id = format!("<{id}@kund.test>");
    let flags =
        lab.doveadm(&["fetch", "-u", &address(shop), "flags", "mailbox", "INBOX", "header", "message-id", &message_id]);
    assert!(flags.contains("flags:"), "{id} is in INBOX: {flags}");
    flags.contains("\\Seen")
}

#[test]
fn a_full_disk_loses_nothing_and_is_said_once() {
    let lab = lab::shared();
    let (shop, agent) = ("kund24", "kund25");
    let desk = Desk::new(lab, Config { after: "\"seen\"", poll: "2s", ..Config::new(shop, agent) });
    let manager = format!("\n[[manager]]\nname = \"Chefen\"\naddress = \"{}\"\ndigests = []\n", address("kund50"));
    let config = fs::read_to_string(desk.path("config.toml")).expect("the configuration");
    desk.write_config(&(config + &manager));
    let small = Disk::small(&desk.path("data"));
    if small.is_some() {
        // A disk of twelve megabytes is as good as full from the start.
        assert_eq!(desk.once(), 0);
        let told = lab.wait_for("kund50", "INBOX", LIMIT, |m| field(m, "Subject").contains("Servicedesken"));
        assert!(svar::mail::read::read(told.as_bytes()).text.contains("disk är nästan full"), "{told}");
    }
    let mut daemon = desk.command(&["run"]);
    if small.is_none() {
        // A process that does not say so dies of a file that may not grow.
        let mut deaf = Command::new("sh");
        deaf.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(daemon.get_program()).args(daemon.get_args());
        daemon = deaf;
    }
    let desk = desk.started(daemon);
    let disk = small.unwrap_or_else(|| Disk::Limit(desk.pid()));
    let ask = |id: &str| {
        let customer = format!("{id}@kund.test");
        lab.deliver(&customer, &[shop], &customer_mail(&customer, &address(shop), id, "Hej", "Var är det?"));
    };
    let answered =
        |id: &str| lab.wait_for("alla", "INBOX", LIMIT, |m| field(m, "In-Reply-To") == format!("<{id}@kund.test>"));

    ask("room");
    answered("room");

    disk.fill();
    ask("full-1");
    desk.wait_for_log(FULL);
    ask("full-2");
    lab.wait_for(shop, "INBOX", LIMIT, |m| m.contains("<full-2@kund.test>"));
    if matches!(disk, Disk::Small(_)) {
        // An MTA's pipe: it keeps the mail and comes back.
        let mut pipe = desk
            .command(&["deliver", "--mailbox", "support"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mail = customer_mail("pipe@kund.test", &address(shop), "full-3", "Hej", "Genom röret");
        pipe.stdin.take().unwrap().write_all(&mail).unwrap();
        assert_eq!(pipe.wait().unwrap().code(), Some(75));
        let health = desk.command(&["health"]).output().unwrap();
        let sick = String::from_utf8_lossy(&health.stdout).into_owned();
        assert_eq!(health.status.code(), Some(1), "{sick}");
        assert!(sick.contains("nothing can be written"), "{sick}");
    }
    for id in ["full-1", "full-2"] {
        assert!(!seen(lab, shop, id), "nothing is acknowledged to IMAP before it is written down");
    }

    disk.empty();
    desk.wait_for_log("the database can be written again");
    answered("full-1");
    answered("full-2");
    desk.wait_for(|tickets| tickets.as_array().is_some_and(|t| t.len() == 3));
    let began = Instant::now();
    while !(seen(lab, shop, "full-1") && seen(lab, shop, "full-2")) {
        assert!(began.elapsed() < LIMIT, "acknowledged once it is written down");
    }
    let said = desk.stop();
    assert_eq!(said.lines().filter(|l| l.contains(FULL)).count(), 1, "{said}");
    drop(disk);
}
