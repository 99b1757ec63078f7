//! What the bench ran on: processor, memory, kernel, disk, versions.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::lab::Lab;
use crate::watch;

/// Some lines in Markdown.
pub fn describe(dir: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&info, "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory_kb: u64 =
        field(&memory, "MemTotal").and_then(|v| v.split(' ').next().and_then(|n| n.parse().ok())).unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let (_, one) = watch::timed(|| std::hint::black_box(spin(200_000_000)));
    format!(
        "- machine: {cores} cores, {model}, {:.0} GB, Linux {}\n- disk: {:.0} fdatasync/s of 4 kB; load before the run {}; a fixed loop of arithmetic takes {:.0} ms\n- versions: {}",
        memory_kb as f64 / 1e6,
        kernel.trim(),
        syncs_per_second(dir),
        load.split(' ').next().unwrap_or_default(),
        one.as_secs_f64() * 1000.0,
        versions().join("; ")
    )
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Something to keep a processor busy, so that two runs can be compared.
fn spin(turns: u64) -> u64 {
    let mut random = crate::letters::Random::new(1);
    (0..turns).fold(0, |sum, _| sum ^ random.next())
}

/// Small appends to a file, each made durable.
fn syncs_per_second(dir: &Path) -> f64 {
    let path = dir.join("syncs");
    let mut file = fs::File::create(&path).expect("a file");
    let began = watch::now();
    let mut count = 0.0;
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096]).expect("the disk takes 4 kB");
        file.sync_data().expect("fdatasync");
        count += 1.0;
    }
    let rate = count / began.elapsed().as_secs_f64();
    let _ = fs::remove_file(path);
    rate
}

/// Small files made and each made durable, as mbsync does; a virtual disk's mood can change within a run.
pub fn files_per_second(dir: &Path) -> f64 {
    let home = dir.join("durable");
    fs::create_dir_all(&home).expect("a directory");
    let began = watch::now();
    let mut count = 0.0;
    while began.elapsed() < Duration::from_secs(2) {
        let mut file = fs::File::create(home.join(format!("{count}"))).expect("a file");
        file.write_all(&[7; 8192]).expect("the disk takes 8 kB");
        file.sync_all().expect("fsync");
        count += 1.0;
    }
    let rate = count / began.elapsed().as_secs_f64();
    let _ = fs::remove_dir_all(home);
    rate
}

fn versions() -> Vec<String> {
    let mut out = vec![format!("svar {}", env!("CARGO_PKG_VERSION"))];
    let sqlite = rusqlite::version();
    out.push(format!("SQLite {sqlite}"));
    for (program, argument) in [("dovecot", "--version"), ("mbsync", "--version"), ("notmuch", "--version")] {
        let output = Command::new(program).arg(argument).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").output();
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let version =
            text.split([' ', '\n']).find(|w| w.starts_with(|c: char| c.is_ascii_digit())).unwrap_or("missing");
        out.push(format!("{program} {version}"));
    }
    out
}

/// Puts the letters of `maildir` into the support mailbox on the server, and has the server look at them once.
pub fn fill_mailbox(lab: &Lab, maildir: &Path) {
    let there = lab.maildir("support");
    for sub in ["tmp", "new", "cur"] {
        fs::create_dir_all(there.join(sub)).expect("a Maildir");
    }
    let copied = Command::new("cp").args(["-a", "-T"]).arg(maildir.join("new")).arg(there.join("new")).status();
    assert!(copied.is_ok_and(|s| s.success()), "cp");
    let owner = format!("--reference={}", lab.dir.join("mail").display());
    let home = lab.dir.join("mail").join("support");
    let owned = Command::new("chown").arg("-R").arg(owner).arg(home).status();
    assert!(owned.is_ok_and(|s| s.success()), "chown");
    // Its indexes and sizes are there before anything is measured.
    lab.doveadm(&["fetch", "-u", crate::SUPPORT, "size.virtual date.received", "mailbox", "INBOX", "all"]);
}

/// Everything written so far is on the disk: what comes next does not pay for what was before.
pub fn settle() {
    let _ = Command::new("sync").status();
}
