//! Mails of 60 MB, one after the other: memory and disk must not add up.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::daemon::Daemon;
use crate::desk::{Config, Desk};
use crate::lab::{Lab, address};
use crate::weights::big;
use crate::{MEMORY_MAX_MIB, configuration, from_environment};

/// As many as lie in the mailbox at a time; those that were taken are removed, for this machine has not room for all.
const BATCH: usize = 5;
/// The longest that one batch may take, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(180);
/// What the database may grow by for a mail whose attachment stays in the mailbox.
const ROW_BYTES: u64 = 100_000;

#[test]
fn big_mails_do_not_add_up() {
    let count = from_environment("MAILS").and_then(|n| usize::try_from(n).ok()).unwrap_or(BATCH);
    let lab = Lab::start();
    let desk = Desk::new(&lab, Config::new("kund1", "kund2"));
    desk.write_config(&configuration(&lab, lab.port(993), lab.port(25)));
    assert_eq!(desk.once(), 0);
    let mut daemon = Daemon::start(&desk);
    let taken = || desk.json(&["tickets"]).as_array().map_or(0, Vec::len);
    let began = Instant::now();
    let mut laid = 0;
    while laid < count {
        let letters: Vec<_> = (laid + 1..=count).take(BATCH).map(big).collect();
        laid += letters.len();
        lab.place("kund1", &letters);
        let placed = Instant::now();
        while taken() < laid {
            assert!(placed.elapsed() < LIMIT, "{} of {laid} were taken\n{}", taken(), daemon.last_words());
            sleep(Duration::from_millis(200));
        }
        lab.doveadm(&["expunge", "-u", &address("kund1"), "mailbox", "INBOX", "all"]);
        daemon.measure();
    }
    let took = began.elapsed();
    daemon.kill();
    assert_eq!(taken(), count, "each is one ticket");
    let kept: u64 = ["svar.db", "svar.db-wal"]
        .iter()
        .filter_map(|f| fs::metadata(desk.path("data").join(f)).ok())
        .map(|f| f.len())
        .sum();
    let highest_mib = daemon.highest_kib / 1024;
    println!(
        "{count} mails of 60 MB in {} s; highest memory {highest_mib} MiB, the database {} kB",
        took.as_secs(),
        kept / 1000
    );
    assert!(highest_mib < MEMORY_MAX_MIB, "{highest_mib} MiB");
    // A write-ahead log of its usual size, and the rows.
    assert!(kept < 20_000_000 + ROW_BYTES * u64::try_from(count).expect("a count"), "{kept} bytes");
}
