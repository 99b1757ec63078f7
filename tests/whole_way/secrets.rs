//! Passwords are in no log however talkative, in no process list and no core dump; what lies on disk is the service's alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::desk::{Config, Desk, field};
use crate::lab::{self, PASSWORD, address};
use crate::{LIMIT, customer_mail};

/// What is readable or writable for others than its owner, below a directory and the directory itself.
fn open_to_others(path: &Path) -> Vec<String> {
    let metadata = fs::symlink_metadata(path).expect("it is there");
    let mode = metadata.permissions().mode();
    let mut found = Vec::new();
    if mode & 0o077 != 0 {
        found.push(format!("{} {:o}", path.display(), mode & 0o777));
    }
    if metadata.is_dir() {
        found.extend(fs::read_dir(path).expect("a directory").flatten().flat_map(|e| open_to_others(&e.path())));
    }
    found
}

#[test]
fn a_password_is_seen_nowhere() {
    let lab = lab::shared();
    let (shop, agent, customer) = ("kund28", "kund29", "secret-1@kund.test");
    let desk = Desk::new(lab, Config { poll: "2s", ..Config::new(shop, agent) });
    let mut command = desk.command(&["run"]);
    command.env("RUST_LOG", "trace");
    let desk = desk.started(command);
    lab.deliver(customer, &[shop], &customer_mail(customer, &address(shop), "secret-1", "Hej", "Var är det?"));
    lab.wait_for("alla", "INBOX", LIMIT, |m| field(m, "In-Reply-To") == "<secret-1@kund.test>");

    let proc = |file: &str| fs::read(format!("/proc/{}/{file}", desk.pid())).expect("a process");
    for file in ["cmdline", "environ", "comm"] {
        let said = String::from_utf8_lossy(&proc(file)).into_owned();
        assert!(!said.contains(PASSWORD), "{file}: {said}");
    }
    let limits = String::from_utf8_lossy(&proc("limits")).into_owned();
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    assert_eq!(open_to_others(&desk.path("data")), Vec::<String>::new());

    for arguments in [&["show", "1"][..], &["health"], &["check"], &["outbox"], &["privacy"], &["-v", "tickets"]] {
        let output = desk.command(arguments).env("RUST_LOG", "trace").output().expect("svar runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!said.contains(PASSWORD), "{arguments:?}: {said}");
    }
    let said = desk.stop();
    assert!(said.contains("letter decided"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    let encoded = data_encoding::BASE64.encode(format!("\0{}\0{PASSWORD}", address(shop)).as_bytes());
    assert!(!said.contains(&encoded), "{said}");
}
