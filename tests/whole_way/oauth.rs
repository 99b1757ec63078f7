//! A desk without a password: signed in by `svar sign-in`, through expiry, rotation, revocation and SIGKILL, on Dovecot and Postfix.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::{Config, Desk, field};
use crate::lab::provider::{Provider, browse};
use crate::lab::{Lab, address};
use crate::{LIMIT, customer_mail, reply};

/// A mailbox that is signed in, and one with a password by which managers can be told of it.
fn config(lab: &Lab, provider: &Provider) -> String {
    let (imap, smtp, ca, oauth2) = (lab.port(993), lab.port(587), lab.ca(), provider.toml());
    let sales = Config { shop: "sales", ..Config::new("sales", "anna") }.text(lab);
    let sales = sales
        .split_once("[[mailbox]]")
        .unwrap()
        .1
        .split_once("[[agent]]")
        .unwrap()
        .0
        .replace("\"support\"", "\"sales\"");
    format!(
        r#"
        [desk]
        name = "Exempelbutiken"
        data_dir = "data"
        [[mailbox]]
        name = "support"
        address = "support@example.test"
        [mailbox.imap]
        host = "localhost"
        port = {imap}
        tls = "implicit"
        ca_file = "{ca}"
        oauth2 = {oauth2}
        poll = "60s"
        [mailbox.smtp]
        host = "localhost"
        port = {smtp}
        tls = "starttls"
        ca_file = "{ca}"
        oauth2 = {oauth2}
        [[mailbox]]
        {sales}
        [[agent]]
        name = "Anna Andersson"
        addresses = ["anna@example.test"]
        mailboxes = ["support"]
        [[agent]]
        name = "Björn Berg"
        addresses = ["bjorn@example.test"]
        mailboxes = ["sales"]
        [[manager]]
        name = "Chefen"
        address = "chef@example.test"
        "#,
        ca = ca.display()
    )
}

/// `svar sign-in` at work; what it says on stderr comes line by line.
struct Asking {
    child: Child,
    said: Receiver<String>,
    all: String,
}

impl Asking {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (line, said) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|text| drop(line.send(text))));
        Self { child, said, all: String::new() }
    }

    /// The first line that begins with this, after its indent.
    fn line(&mut self, begins: &str) -> String {
        loop {
            let text = self.said.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no {begins} in {}", self.all));
            self.all.push_str(&text);
            self.all.push('\n');
            if text.trim().starts_with(begins) {
                return text.trim().to_owned();
            }
        }
    }

    fn end(mut self) -> (ExitStatus, String, String) {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        self.all.extend(self.said.iter().map(|l| l + "\n"));
        (output.status, String::from_utf8(output.stdout).unwrap(), self.all)
    }
}

/// A person signs in by a code, and both servers take it.
fn sign_in(desk: &Desk, provider: &Provider, who: &str) -> String {
    let mut asking = Asking::start(desk.command(&["--json", "sign-in", who]));
    let code = asking.line("CODE-");
    provider.approve(&code, "support@example.test");
    let (status, stdout, said) = asking.end();
    assert!(status.success(), "{said}{stdout}");
    assert!(said.contains("open this page in a browser on any machine") && said.contains("Waiting until"), "{said}");
    let done: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (&done["user"], &done["signed_in"]),
        (&Value::from("support@example.test"), &Value::from(true)),
        "{done}"
    );
    let parts: Vec<(&str, bool)> = done["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["part"].as_str().unwrap(), c["ok"].as_bool().unwrap()))
        .collect();
    assert_eq!(parts, [("imap", true), ("smtp", true)], "{done}");
    said + &stdout
}

fn new_desk(lab: &Lab, provider: &Provider) -> Desk {
    let desk = Desk::new(lab, Config::new("support", "anna"));
    desk.write_config(&config(lab, provider));
    desk
}

/// The file with the tokens, and where it lies.
fn tokens(desk: &Desk) -> Value {
    let files = std::fs::read_dir(desk.path("data/oauth2")).unwrap().map(|f| f.unwrap().path());
    let file = files.into_iter().find(|f| f.extension().is_some_and(|e| e != "lock" && e != "new")).unwrap();
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn health(desk: &Desk) -> (Option<i32>, String) {
    let output = desk.command(&["health"]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_desk_lives_without_a_password() {
    let provider = Provider::start();
    let lab = Lab::start_with_tokens(&provider);
    let desk = new_desk(&lab, &provider);
    let mut said = String::new();

    // Who must sign in is said, and how; before that nothing works, and that is said, too.
    let list = desk.json(&["sign-in"]);
    assert_eq!(
        (&list[0]["state"], &list[0]["command"]),
        (&Value::from("never"), &Value::from("svar sign-in support@example.test"))
    );
    let stranger = desk.command(&["sign-in", "sales"]).output().unwrap();
    let text = String::from_utf8_lossy(&stranger.stderr).into_owned();
    assert!(stranger.status.code() == Some(2) && text.contains("sales signs in by a password"), "{text}");
    let check = desk.command(&["check"]).output().unwrap();
    let text = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.code() == Some(1) && text.contains("svar sign-in support@example.test"), "{text}");
    said += &sign_in(&desk, &provider, "support");
    let desk = {
        let daemon = desk.command(&["run"]);
        desk.started(daemon)
    };
    let pid = desk.pid();

    // A customer's mail in, an agent's answer out.
    let customer = "karin@kund.test";
    let ask = |id: &str, subject: &str, text: &str| {
        lab.deliver(customer, &["support"], &customer_mail(customer, &address("support"), id, subject, text));
    };
    ask("oauth-1", "Paketet", "Var är mitt paket?");
    let notification = lab.wait_for("anna", "INBOX", LIMIT, |m| m.contains("[#1] Paketet"));
    let (to, raw) = reply(&notification, &address("anna"), "oauth-2", "Hej Karin!\r\n\r\nDet kommer i morgon.");
    lab.deliver(&address("anna"), &[&to], &raw);
    let answer = lab.wait_for("alla", "INBOX", LIMIT, |m| m.contains("Det kommer i morgon."));
    assert!(field(&answer, "From").contains("support@example.test"), "{answer}");

    // An hour later: the token has ended and the server ends the session. It goes on with another, and the rotation is kept.
    let before = tokens(&desk);
    provider.end_access();
    lab.doveadm(&["kick", "support@example.test"]);
    ask("oauth-3", "Ett till", "Har ni stolar?");
    lab.wait_for("anna", "INBOX", LIMIT, |m| m.contains("[#2] Ett till"));
    let after = tokens(&desk);
    assert_ne!(before["access_token"], after["access_token"]);
    let good = provider.good_refresh_tokens();
    assert!(good.contains(&after["refresh_token"].as_str().unwrap().to_owned()), "the newest is what is kept");
    assert!(health(&desk).1.contains("nobody needs to sign in"), "{}", health(&desk).1);

    // Thrown out at the provider: a manager hears it at once, through the other mailbox, with what to type.
    provider.revoke("support@example.test");
    lab.doveadm(&["kick", "support@example.test"]);
    let told = lab.wait_for("chef", "INBOX", LIMIT, |m| m.contains("svar sign-in support@example.test"));
    assert!(field(&told, "From").contains("sales@example.test"), "by a mailbox that still works: {told}");
    let (code, sick) = health(&desk);
    assert!(code == Some(1) && sick.contains("run `svar sign-in support@example.test`"), "{sick}");
    let asked = provider.asked("/token refresh_token");
    // Meanwhile a customer writes, and an agent answers.
    ask("oauth-4", "Tredje", "Hallå?");
    let (to, raw) = reply(&notification, &address("anna"), "oauth-5", "Det har kommit till lagret.");
    let closed = lab.letters("alla", "INBOX").iter().any(|m| m.contains("Det har kommit till lagret."));
    lab.deliver(&address("anna"), &[&to], &raw);
    // Time for a storm of questions, if there were one: that nothing happens can only be waited for.
    std::thread::sleep(Duration::from_secs(3));
    assert!(!closed && provider.asked("/token refresh_token") <= asked + 1, "no storm of questions");
    assert!(!lab.letters("anna", "INBOX").iter().any(|m| m.contains("[#3] Tredje")), "nothing could be read");

    // Signed in again: nobody restarts anything, and what waited goes on.
    said += &sign_in(&desk, &provider, "support@example.test");
    lab.wait_for("anna", "INBOX", LIMIT, |m| m.contains("[#3] Tredje"));
    lab.wait_for("alla", "INBOX", LIMIT, |m| m.contains("Det har kommit till lagret."));
    lab.wait_for("chef", "INBOX", LIMIT, |m| {
        field(m, "From").contains("example.test") && !m.contains("svar sign-in") && m.contains("inloggad")
    });
    assert_eq!(desk.pid(), pid);

    // No token anywhere but in its file.
    let backup = desk.path("backup.db");
    assert!(desk.command(&["backup", backup.to_str().unwrap()]).status().unwrap().success());
    let register = desk.json(&["privacy"]);
    let stored = register["stored"].as_array().unwrap();
    assert!(stored.iter().any(|s| s["what"] == "tokens of the sign-in" && s["mailbox"] == "support"), "{register}");
    said += &desk.stop();
    for secret in provider.secrets() {
        assert!(!said.contains(&secret), "a token was said");
        let found = Command::new("grep").arg("-rlaF").arg(&secret).arg(desk_dir(&backup)).output().unwrap();
        let found = String::from_utf8_lossy(&found.stdout).into_owned();
        assert!(found.lines().all(|l| l.contains("/data/oauth2/")), "a token lies in {found}");
    }
}

fn desk_dir(inside: &std::path::Path) -> &std::path::Path {
    inside.parent().unwrap()
}

#[test]
fn a_sign_in_that_fails_is_said_in_a_sentence_and_leaves_nothing() {
    use crate::lab::provider::Mood;
    let provider = Provider::start();
    let lab = crate::lab::shared();
    let desk = new_desk(lab, &provider);
    let fails = |code: i32, expect: &str| {
        let output = desk.command(&["sign-in", "support"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(expect) && said.lines().count() == 1, "{said}");
        assert!(!desk.path("data/oauth2").exists(), "nothing is stored");
    };
    provider.set_mood(Mood::Html);
    fails(2, "answered with a web page");
    provider.set_mood(Mood::Busy);
    fails(1, "is busy or broken");
    provider.set_mood(Mood::Good);
    provider.want_secret("hemlig");
    fails(2, "it must be the secret's Value");
    let provider = Provider::start();
    desk.write_config(&config(lab, &provider));
    // Declined.
    let mut asking = Asking::start(desk.command(&["sign-in"]));
    let code = asking.line("CODE-");
    provider.decline(&code);
    let (status, _, said) = asking.end();
    assert!(status.code() == Some(2) && said.contains("declined in the browser"), "{said}");
    // Broken off half-way.
    let mut asking = Asking::start(desk.command(&["sign-in"]));
    asking.line("CODE-");
    asking.child.kill().unwrap();
    assert!(!desk.path("data/oauth2").exists(), "nothing is stored");
    // Servers that do not want it are named: this lab knows no tokens. The sign-in itself is kept.
    let mut asking = Asking::start(desk.command(&["sign-in", "--browser"]));
    let url = asking.line("http://");
    let (page, _) = browse(&url);
    assert!(page.contains("Back to the terminal"), "{page}");
    let (status, stdout, said) = asking.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        stdout.contains("Signed in as support@example.test.") && stdout.contains("offers no sign-in by OAuth2"),
        "{stdout}"
    );
    assert!(said.contains("the sign-in is stored, but not every server takes it"), "{said}");
    // A browser elsewhere: its last address is pasted.
    let mut asking = Asking::start(desk.command(&["sign-in", "support", "--browser"]));
    let url = asking.line("http://");
    asking.line("begins with http://127.0.0.1:");
    let state = url.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let line = format!("http://127.0.0.1/?error=access_denied&state={state}\n");
    asking.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    let (status, _, said) = asking.end();
    assert!(status.code() == Some(2) && said.contains("declined in the browser"), "{said}");
}

#[test]
fn rotation_survives_two_processes_and_kill() {
    let provider = Provider::start();
    let lab = Lab::start_with_tokens(&provider);
    let desk = new_desk(&lab, &provider);
    sign_in(&desk, &provider, "support");
    // Long enough that all stand at the lock while the first asks.
    provider.answer_late(Duration::from_millis(150));
    provider.end_access();
    let before = provider.asked("/token refresh_token");
    let checks: Vec<Child> =
        (0..4).map(|_| desk.command(&["check"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()).collect();
    for mut check in checks {
        assert!(check.wait().unwrap().success());
    }
    assert_eq!(provider.asked("/token refresh_token"), before + 1, "one asks for all");

    // Killed at any moment around a renewal, the next process goes on: the provider lets the replaced token stand until its
    // successor is used.
    for round in 0..8 {
        provider.end_access();
        let mut check = desk.command(&["check"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + 35 * round));
        let _ = check.kill();
        let _ = check.wait();
    }
    provider.end_access();
    let began = Instant::now();
    let check = desk.command(&["check"]).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.success() && began.elapsed() < LIMIT, "{said}");
    let drafts = std::fs::read_dir(desk.path("data/oauth2")).unwrap().map(|f| f.unwrap().path());
    assert!(drafts.into_iter().all(|f| f.extension().is_none_or(|e| e != "new")), "no half of a file is left");
}
