//! `svar init` as a process: options, exit codes, and files that are there whole or not at all. No server is asked.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{Ran, svar_in};

const ANNA: &str = "Åsa Öberg <asa@a.example>";

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_writes_what_works_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let here = |args: &[&str], stdin: &[u8]| svar_in(dir.path(), args, stdin);
    let args = [
        "init",
        "--offline",
        "--output",
        "config.toml",
        "--address",
        "help@shop.example",
        "--desk",
        "Räk \"&\" Co",
        "--agent",
        ANNA,
        "--time-zone",
        "Europe/Stockholm",
        "--hours",
        "vardagar 8-17, lunch 12-13",
        "--password-file",
        "-",
    ];
    let ran = here(&args, b"hemlig\n");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for says in ["Written: config.toml", "help.password", "svar check", "svar run", "It only watches"] {
        assert!(ran.out.contains(says), "{says:?} is not in {}", ran.out);
    }
    assert!(ran.err.contains("Monday to Friday 08:00-12:00 and 13:00-17:00"), "{}", ran.err);
    assert_eq!(names(dir.path()), ["config.toml", "help.password"]);
    let config = fs::read_to_string(dir.path().join("config.toml")).unwrap();
    assert!(config.contains("mode = \"watch\"") && !config.contains("hemlig"), "{config}");
    assert_eq!(fs::read_to_string(dir.path().join("help.password")).unwrap(), "hemlig\n");
    assert_eq!((mode(&dir.path().join("config.toml")), mode(&dir.path().join("help.password"))), (0o640, 0o600));
    here(&["tickets"], b"").fails(1, "there is no database");
    here(&args, b"annat\n").fails(2, "config.toml is there already; svar init overwrites nothing");
    assert_eq!(fs::read_to_string(dir.path().join("config.toml")).unwrap(), config);
    assert_eq!(fs::read_to_string(dir.path().join("help.password")).unwrap(), "hemlig\n");
}

#[test]
fn to_stdout_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["init", "--offline", "--output", "-", "--address", "help@shop.example", "--agent", ANNA];
    let ran = svar_in(dir.path(), &args, b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(names(dir.path()).is_empty());
    fs::write(dir.path().join("config.toml"), ran.out).unwrap();
    fs::write(dir.path().join("help.password"), "secret").unwrap();
    svar_in(dir.path(), &["tickets"], b"").fails(1, "there is no database");
}

#[test]
fn what_is_missing_or_wrong_is_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("imap:localhost:{free}:implicit");
    let check = |args: &[&str], code: i32, says: &str| {
        let mut all = vec!["init", "--output", "config.toml"];
        all.extend(args);
        let ran: Ran = svar_in(dir.path(), &all, b"").fails(code, says);
        assert!(ran.out.is_empty(), "{}", ran.out);
        assert!(names(dir.path()).is_empty(), "{args:?} left {:?}", names(dir.path()));
    };
    let to = ["--offline", "--address", "help@shop.example"];
    let with = |more: &[&'static str]| -> Vec<&'static str> { to.iter().chain(more).copied().collect() };
    check(&["--offline"], 2, "--address is missing");
    check(&["--address", "nobody", "--offline"], 2, "no mail address");
    check(&to, 2, "--agent is missing");
    check(&with(&["--agent", ANNA, "--agent", "Bo <asa@a.example>"]), 2, "is Åsa Öberg's already");
    check(&with(&["--agent", "help@shop.example"]), 2, "mailbox's own address");
    check(&with(&["--agent", ANNA, "--hours", "mon-fri 9-5"]), 2, "9-5 could be 9-17");
    check(&with(&["--agent", ANNA, "--hours", "9-17"]), 2, "lacks a day or its hours");
    check(&with(&["--agent", ANNA, "--password-file", "nowhere"]), 2, "nowhere: No such file");
    check(&with(&["--agent", ANNA, "--password-file", "x", "--password-env", "y"]), 2, "cannot be used with");
    check(&["--offline", "--address", "a@shop.onmicrosoft.com", "--agent", ANNA], 2, "--client-id is missing");
    check(
        &["--offline", "--address", "a@shop.onmicrosoft.com", "--agent", ANNA, "--password-env", "PATH"],
        2,
        "Microsoft 365 takes no passwords, only OAuth2",
    );
    check(
        &["--offline", "--address", "a@gmail.com", "--agent", ANNA, "--oauth2", "--client-id", "x"],
        2,
        "--client-secret-file is missing",
    );
    check(&["--address", "help@shop.example", "--candidate", &nobody], 2, "--imap-host is missing");
    check(&["--address", "help@gmail.com", "--candidate", &nobody], 2, "--password-file is missing");
    let place = format!("localhost:{free}");
    let shut = [
        "--address",
        "help@shop.example",
        "--imap-host",
        &place,
        "--imap-tls",
        "implicit",
        "--smtp-host",
        "localhost:587",
        "--password-env",
        "PATH",
    ];
    check(&shut, 1, "cannot connect to localhost");
}

#[test]
fn every_answer_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("client.secret"), "x").unwrap();
    let check = |args: &[&str], expect: &[&str]| {
        let mut all = vec!["init", "--offline", "--output", "-", "--agent", ANNA];
        all.extend(args);
        let ran = svar_in(dir.path(), &all, b"");
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
        for line in expect {
            assert!(ran.out.lines().any(|l| l == *line), "{line:?} is not in\n{}", ran.out);
        }
    };
    check(
        &["--address", "a@gmail.com"],
        &[
            "host = \"imap.gmail.com\"",
            "host = \"smtp.gmail.com\"",
            "trusted_authserv_id = \"mx.google.com\"",
            "password = { file = \"a.password\" }",
        ],
    );
    check(
        &["--address", "a@gmail.com", "--oauth2", "--client-id", "id", "--client-secret-file", "client.secret"],
        &["oauth2 = { provider = \"google\", client_id = \"id\", client_secret = { file = \"client.secret\" } }"],
    );
    check(
        &[
            "--address",
            "a@shop.test",
            "--oauth2",
            "custom",
            "--client-id",
            "id",
            "--token-url",
            "https://l.test/t",
            "--device-url",
            "https://l.test/d",
            "--scope",
            "mail",
        ],
        &[
            "oauth2 = { provider = \"custom\", client_id = \"id\", token_url = \"https://l.test/t\", device_url = \"https://l.test/d\", scopes = [\"mail\"] }",
        ],
    );
    check(&["--address", "a@web.de"], &["user = \"a\""]);
    check(
        &[
            "--address",
            "a@shop.test",
            "--host",
            "mail.shop.test",
            "--user",
            "a-shop",
            "--work",
            "all",
            "--mode",
            "desk",
            "--data-dir",
            "/srv/svar",
            "--holidays",
            "none",
            "--language",
            "en",
            "--manager",
            "Chef <chef@a.example>",
            "--manager",
            "bo@a.example",
        ],
        &[
            "host = \"mail.shop.test\"",
            "user = \"a-shop\"",
            "data_dir = \"/srv/svar\"",
            "language = \"en\"",
            "address = \"chef@a.example\"",
            "address = \"bo@a.example\"",
        ],
    );
}
