//! From nothing to a desk on real servers: `svar init`, `svar check`, `svar run`; and what each says where something is wrong.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::customer_mail;
use crate::lab::{self, Lab, PASSWORD, address};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn svar(dir: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_svar"));
    command.current_dir(dir).args(arguments).stdin(Stdio::null()).env_remove("SVAR_CONFIG").env_remove("RUST_LOG");
    let output = command.output().expect("svar runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// `svar init` for `user`, told where to look and nothing more, with these options besides.
fn init(lab: &Lab, dir: &Path, user: &str, more: &[&str]) -> Ran {
    let (imap, smtp) = (lab.port(993), lab.port(587));
    let (ca, address) = (lab.ca().display().to_string(), address(user));
    let (in_way, out_way) = (format!("imap:localhost:{imap}:implicit"), format!("smtp:localhost:{smtp}:starttls"));
    let mut arguments = vec!["init", "--address", &address, "--output", "config.toml", "--ca-file", &ca];
    arguments.extend(["--candidate", &in_way, "--candidate", &out_way, "--password-file", "pw"]);
    arguments.extend(["--agent", "Anna Andersson <anna@example.test>", "--hours", "alla dagar 0-24"]);
    arguments.extend(more);
    svar(dir, &arguments)
}

fn findings(dir: &Path) -> (i32, Vec<(String, String, String)>) {
    let ran = svar(dir, &["check", "--json"]);
    let list: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}{}", ran.out, ran.err));
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let list = list.as_array().expect("a list").iter();
    (ran.code, list.map(|f| (text(f, "part"), text(f, "outcome"), text(f, "text"))).collect())
}

#[test]
fn three_commands_make_a_desk() {
    let lab = lab::shared();
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("pw"), format!("{PASSWORD}\n")).expect("a password");
    let mail = customer_mail("kund31@example.test", "kund30@example.test", "setup-1", "Var är paketet?", "Hej!");
    lab.deliver("kund31@example.test", &["kund30"], &mail);
    let made = init(lab, dir.path(), "kund30", &["--mode", "desk", "--audit"]);
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    for says in ["its own servers (they answer)", "IMAP: signed in at localhost", "SMTP: signed in at localhost"] {
        assert!(made.err.contains(says), "{says:?} is not in {}", made.err);
    }
    assert!(made.out.contains("Written: config.toml"), "{}", made.out);
    let (code, found) = findings(dir.path());
    assert_eq!(code, 0, "{found:?}");
    let checked = svar(dir.path(), &["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let run = svar(dir.path(), &["run", "--once"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let later = customer_mail("kund31@example.test", "kund30@example.test", "setup-2", "Nytt ärende", "Hej igen!");
    lab.deliver("kund31@example.test", &["kund30"], &later);
    lab.wait_for("kund30", "INBOX", crate::LIMIT, |mail| mail.contains("setup-2"));
    assert_eq!(svar(dir.path(), &["run", "--once"]).code, 0);
    let tickets: Value = serde_json::from_str(&svar(dir.path(), &["tickets", "--json"]).out).expect("JSON");
    assert_eq!(tickets.as_array().map(Vec::len), Some(1), "{tickets}");
    assert_eq!(init(lab, dir.path(), "kund30", &[]).code, 2, "nothing is overwritten");
}

#[test]
fn a_wrong_password_leaves_nothing_behind() {
    let lab = lab::shared();
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("pw"), "fel\n").expect("a password");
    let ran = init(lab, dir.path(), "kund32", &[]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    for says in [
        "localhost does not accept the password of kund32@example.test",
        "Write the right one into",
        "Nothing was written.",
    ] {
        assert!(ran.err.contains(says), "{says:?} is not in {}", ran.err);
    }
    let left: Vec<_> =
        fs::read_dir(dir.path()).expect("the directory").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left, ["pw"]);
}

/// Each line: what is changed in the configuration, the part that fails, what is said of it, and what to do.
#[test]
fn check_says_what_is_wrong_and_what_to_do() {
    let lab = lab::shared();
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("pw"), format!("{PASSWORD}\n")).expect("a password");
    fs::write(dir.path().join("wrong"), "fel\n").expect("a password");
    let made = init(lab, dir.path(), "kund33", &[]);
    assert_eq!(made.code, 0, "{}{}", made.out, made.err);
    let right = fs::read_to_string(dir.path().join("config.toml")).expect("a configuration");
    let check = |from: &str, to: &str, part: &str, what: &str, todo: &str| {
        assert!(right.contains(from), "{from:?} is not in\n{right}");
        fs::write(dir.path().join("config.toml"), right.replacen(from, to, 1)).expect("a configuration");
        let (code, found) = findings(dir.path());
        let of =
            |outcome: &str, says: &str| found.iter().any(|(p, o, t)| p == part && o == outcome && t.contains(says));
        assert!(code == 1 && of("failed", what), "{part}: {what:?} is not among {found:?}");
        assert!(of("warning", todo), "{part}: {todo:?} is not among {found:?}");
    };
    let password = "password = { file = \"pw\" }";
    check(
        password,
        "password = { file = \"wrong\" }",
        "imap",
        "does not accept the password",
        "write the right one into",
    );
    let ca = format!("ca_file = \"{}\"\n", lab.ca().display());
    check(&ca, "", "imap", "unknown issuer", "ca_file = \"ca.pem\"");
    let smtp = format!("port = {}", lab.port(587));
    let shut = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    check(&smtp, &format!("port = {shut}"), "out", "cannot connect", &format!("port {shut} does not answer"));
    let starttls = format!("{smtp}\ntls = \"starttls\"");
    check(&starttls, &smtp, "out", "does not speak TLS", "set tls = \"starttls\"");
    let sent = "# sent = \"auto\"";
    check(sent, "sent = \"Skickat\" #", "sent", "there is no folder Skickat; there are", "write one of them as `sent`");
    check(
        "host = \"localhost\"",
        "host = \"nowhere.invalid\"",
        "imap",
        "no address for nowhere.invalid",
        "written as the provider writes it",
    );
    check("data_dir = \"svar-data\"", "data_dir = \"pw\"", "data", "is no directory", "name another one as `data_dir`");
}
