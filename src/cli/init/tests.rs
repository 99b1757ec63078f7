//! Whole conversations, played: what is asked, what is said, and the file that comes of it.

use std::collections::VecDeque;
use std::path::Path;

use clap::Parser as _;

use super::account::Servers;
use super::discover::{Found, Source, Ways};
use super::draft::{Mode, Work};
use super::files::Places;
use super::interview::Played;
use super::options::Init;
use super::place::Surroundings;
use super::server::{Protocol, Server};
use super::{Made, ask};
use crate::cli::check::trouble::{Cause, Trouble};
use crate::cli::error::CommandError;
use crate::config::provider::Provider;
use crate::model::Address;
use crate::net::imap::{Folder, Special};
use crate::net::{Account, Credential, Secret, Tls, Typed};

/// Servers as a story has them.
#[derive(Default)]
struct Stage {
    found: Option<Found>,
    /// The right password; none: every one is right.
    password: Option<&'static str>,
    /// Ports that do not answer.
    blocked: Vec<u16>,
    unmarked: bool,
    /// Whoever sat at the browser said no.
    declined: bool,
    /// What was asked, in turn.
    asked: Vec<String>,
}

impl Stage {
    fn judge(&mut self, what: &str, account: &Account) -> Result<(), Trouble> {
        self.asked.push(format!("{what} {}:{}", account.host, account.port));
        let trouble =
            |cause, what: &str, todo: &str| Trouble { cause, what: what.to_owned(), todo: Some(todo.to_owned()) };
        if self.blocked.contains(&account.port) {
            return Err(trouble(Cause::Network, "nobody answers", "try another port"));
        }
        let right = self.password.map(|p| Credential::Password(Secret::Typed(Typed::new(p.to_owned()))));
        match right {
            Some(right) if account.credential.as_ref() != Some(&right) => {
                Err(trouble(Cause::SignIn, "the password is not accepted", "write the right one"))
            }
            _ => Ok(()),
        }
    }
}

impl Servers for Stage {
    fn discover(&mut self, _: &Address, _: &Ways, _: Option<&Path>) -> Option<Found> {
        self.found.clone()
    }

    fn tls_at(&mut self, _: &Server, _: Protocol, _: Option<&Path>) -> Option<Tls> {
        Some(Tls::Starttls)
    }

    fn sign_in(&mut self, sign_in: &crate::net::oauth::SignIn, _: &jiff::tz::TimeZone) -> Result<(), CommandError> {
        self.asked.push(format!("sign in {} {}", sign_in.user, sign_in.client_id));
        if self.declined { Err(CommandError::usage("it was declined")) } else { Ok(()) }
    }

    fn folders(&mut self, account: &Account) -> Result<Vec<Folder>, Trouble> {
        self.judge("imap", account)?;
        let folder = |name: &str, special| Folder {
            name: name.to_owned(),
            delimiter: Some("/".to_owned()),
            special,
            selectable: true,
        };
        let sent = if self.unmarked { None } else { Some(Special::Sent) };
        Ok(vec![folder("INBOX", None), folder("Skickat", sent)])
    }

    fn smtp(&mut self, account: &Account) -> Result<(), Trouble> {
        self.judge("smtp", account)
    }
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    init: Init,
}

fn by_trying() -> Found {
    let server = |text, protocol| Server::parse(text, protocol).unwrap().0;
    Found {
        source: Source::Tried,
        provider: None,
        imap: Some(server("mail.shop.se", Protocol::Imap)),
        smtp: Some(server("mail.shop.se", Protocol::Smtp)),
    }
}

fn play(stage: &mut Stage, options: &[&str], answers: &[&str]) -> (Result<Made, CommandError>, String) {
    let line = Line::parse_from(std::iter::once("init").chain(options.iter().copied()));
    let dir = tempfile::tempdir().unwrap();
    let places = Places::find(Some(&dir.path().join("config.toml")), Some(Path::new("/data"))).unwrap();
    let mut person =
        Played { answers: answers.iter().map(ToString::to_string).collect::<VecDeque<_>>(), heard: String::new() };
    let around = Surroundings { localtime: Some("/usr/share/zoneinfo/Etc/UTC".to_owned()), ..Surroundings::default() };
    let made = ask(&mut person, stage, &line.init, &Ways::default(), &places, &around);
    assert!(made.is_err() || person.answers.is_empty(), "never asked for: {:?}\n{}", person.answers, person.heard);
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 0, "asking writes nothing");
    (made, person.heard)
}

fn said(heard: &str, all: &[&str]) {
    for one in all {
        assert!(heard.contains(one), "{one:?} is not in\n{heard}");
    }
}

#[test]
fn enter_takes_what_is_proposed() {
    let mut stage = Stage { found: Some(by_trying()), password: Some("hemlig"), ..Stage::default() };
    let answers = ["info@shop.se", "hemlig", "", "", "", "", "", "", "Anna <anna@shop.se>", "", "", "", ""];
    let (made, heard) = play(&mut stage, &[], &answers);
    let draft = made.unwrap_or_else(|e| panic!("{e:?}\n{heard}")).draft;
    assert_eq!(
        (draft.desk.as_str(), draft.language.as_str(), draft.time_zone.as_str()),
        ("Shop", "sv", "Europe/Stockholm")
    );
    assert_eq!((draft.mode, draft.work), (Mode::Watch, Work::Turn));
    assert_eq!(draft.managers, draft.agents);
    assert!(draft.toml().contains("password = { file = \"info.password\" }"), "{}", draft.toml());
    assert!(!draft.toml().contains("hemlig"), "a password never stands in the file");
    assert_eq!(stage.asked, ["imap mail.shop.se:993", "smtp mail.shop.se:465"]);
    said(
        &heard,
        &[
            "The shared address that customers write to: info@shop.se",
            "shop.se: its own servers (they answer): mail.shop.se:993 (TLS), mail.shop.se:465 (TLS)",
            "IMAP: signed in at mail.shop.se:993 (TLS); 2 folders, sent mail is in Skickat",
            "Open Monday to Friday 09:00-17:00; closed on Saturday and Sunday.",
            "Closed on public holidays of (SE NO DK FI IS DE GB or none) [SE]",
            "Who gets the figures each morning, and is told if something is wrong? [Anna <anna@shop.se>]",
            "For the first week `watch` is best",
        ],
    );
    assert!(!heard.contains("hemlig"), "nor on the screen");
}

#[test]
fn a_wrong_password_is_said_and_asked_anew() {
    let mut stage = Stage { found: Some(by_trying()), password: Some("rätt"), ..Stage::default() };
    let answers = ["fel", "rätt", "", "", "", "", "", "", "Anna <anna@shop.se>", "", "", "", ""];
    let (made, heard) = play(&mut stage, &["--address", "info@shop.se"], &answers);
    assert!(made.is_ok(), "{heard}");
    said(&heard, &["The password is not accepted.", "Write the right one.", "(Ctrl-C ends, nothing is written)"]);
    let (made, _) = play(&mut stage, &["--address", "info@shop.se"], &["fel"]);
    assert_eq!(made.err().map(|e| e.message), Some("stopped; nothing was written".to_owned()));
}

#[test]
fn a_port_that_is_blocked_gives_way_to_the_other() {
    let mut stage = Stage { found: Some(by_trying()), blocked: vec![465], ..Stage::default() };
    let answers = ["x", "", "", "", "", "", "", "Anna <anna@shop.se>", "", "", "", ""];
    let (made, heard) = play(&mut stage, &["--address", "info@shop.se"], &answers);
    let draft = made.unwrap_or_else(|e| panic!("{e:?}\n{heard}")).draft;
    assert_eq!((draft.smtp.port, draft.smtp.tls), (587, Tls::Starttls));
    said(&heard, &["SMTP: signed in at mail.shop.se:587 (STARTTLS)"]);
}

#[test]
fn where_nobody_knows_the_servers_they_are_asked_for() {
    let mut stage = Stage { unmarked: true, blocked: vec![9930], ..Stage::default() };
    let answers = [
        "no address",
        "info@shop.se",
        "mail shop",
        "mail.shop.se:9930",
        "mail.shop.se:587",
        "pw",
        // Nobody answers there.
        "mail.shop.se:143",
        "Sent",
        "Skickat",
        "Butiken",
        "de",
        "en",
        "Nowhere/At_all",
        "Europe/Oslo",
        "9-17",
        "mon-fri 9-5",
        "yes",
        "no",
        "mån-fre 9-18",
        "",
        "none",
        "Anna",
        "Anna <anna@shop.se>",
        "Bo <anna@shop.se>",
        "info@shop.se",
        "Bo <bo@shop.se>",
        "",
        "both",
        "all",
        "info@shop.se",
        "none",
        "later",
        "desk",
    ];
    let (made, heard) = play(&mut stage, &[], &answers);
    let draft = made.unwrap_or_else(|e| panic!("{e:?}\n{heard}")).draft;
    assert_eq!((draft.imap.port, draft.imap.tls, draft.smtp.port), (143, Tls::Starttls, 587));
    assert_eq!((draft.sent.as_deref(), draft.work, draft.mode), (Some("Skickat"), Work::All, Mode::Desk));
    assert_eq!((draft.language.as_str(), draft.time_zone.as_str(), draft.holidays), ("en", "Europe/Oslo", None));
    assert!(draft.toml().contains("mon-fri = [\"09:00-18:00\"]"));
    assert_eq!((draft.agents.len(), draft.managers.len()), (2, 0));
    said(
        &heard,
        &[
            "\"no address\" is no mail address",
            "None is known, and none answers at the usual names.",
            "\"mail shop\" is no mail server",
            "Nobody answers.",
            "No folder is marked as the one for sent mail; there are INBOX, Skickat.",
            "there is no folder Sent",
            "Where does sent mail lie? (\"none\": answers written there are not seen) [Skickat]",
            "svar speaks en and sv",
            "Nowhere/At_all is no time zone",
            "\"9-17\" lacks a day or its hours",
            "Is 9-5 the same as 9-17?",
            "anna@shop.se is Anna's already; two agents cannot share an address",
            "info@shop.se is the mailbox's own address",
            "write turn, all or shared",
            "write watch or desk",
        ],
    );
}

#[test]
fn microsoft_365_is_told_of_and_asks_for_a_client_id() {
    let provider = Provider::by_id("microsoft365").unwrap();
    let found = Found {
        source: Source::Exchanger("shop-se.mail.protection.outlook.com".to_owned()),
        provider: Some(provider),
        imap: provider.imap.as_ref().map(Server::of),
        smtp: provider.smtp.first().map(Server::of),
    };
    let mut stage = Stage { found: Some(found), ..Stage::default() };
    let answers = ["two words", "0000-client", "", "", "", "", "", "", "Anna <anna@shop.se>", "", "", "", "", ""];
    let (made, heard) = play(&mut stage, &["--address", "info@shop.se"], &answers);
    let made = made.unwrap_or_else(|e| panic!("{e:?}\n{heard}"));
    assert!(made.draft.toml().contains("oauth2 = { provider = \"microsoft365\", client_id = \"0000-client\" }"));
    assert!(made.draft.toml().contains("trusted_authserv_id = \"microsoft365\""));
    assert!(made.mailbox.is_tried && made.account.sign_in().is_some());
    assert_eq!(
        stage.asked,
        ["sign in info@shop.se 0000-client", "imap outlook.office365.com:993", "smtp smtp.office365.com:587"]
    );
    said(
        &heard,
        &[
            "shop.se: Microsoft 365 (its mail goes to shop-se.mail.protection.outlook.com): outlook.office365.com:993 (TLS)",
            "Microsoft 365 takes no passwords: you sign in once in a browser",
            "docs/SIGN-IN.md",
            "\"two words\" is no client id",
        ],
    );
}

#[test]
fn a_sign_in_may_wait_or_fail() {
    let options = [
        "--address",
        "info@shop.onmicrosoft.com",
        "--client-id",
        "x",
        "--agent",
        "Anna <anna@shop.se>",
        "--manager",
        "none",
    ];
    let rest = ["", "", "Europe/Stockholm", "", "", "", "", ""];
    let play = |stage: &mut Stage, last: &[&str]| {
        let answers: Vec<&str> = rest.iter().chain(last).copied().collect();
        let (made, heard) = play(stage, &options, &answers);
        (made.map(|m| m.mailbox.is_tried).map_err(|e| e.message), heard)
    };
    let later = play(&mut Stage::default(), &["no"]);
    assert_eq!(later.0, Ok(false), "{}", later.1);
    let declined = play(&mut Stage { declined: true, ..Stage::default() }, &["yes"]);
    assert_eq!(declined.0, Err("it was declined".to_owned()), "{}", declined.1);
    let mut no_smtp = Stage { blocked: vec![587], ..Stage::default() };
    let all_the_same = play(&mut no_smtp, &["yes", "yes"]);
    assert_eq!(all_the_same.0, Ok(false), "{}", all_the_same.1);
    said(&all_the_same.1, &["nobody answers", "try another port", "Write the configuration all the same?"]);
}

#[test]
fn gmail_wants_an_app_password_as_it_is_shown() {
    let mut stage = Stage { password: Some("abcdefghijklmnop"), ..Stage::default() };
    let answers = ["abcd efgh ijkl mnop", "", "", "", "", "", "", "Anna <anna@shop.se>", "", "", "", ""];
    let options = ["--address", "butiken@gmail.com", "--time-zone", "Europe/Stockholm"];
    let mut answers = answers.to_vec();
    answers.remove(1);
    let (made, heard) = play(&mut stage, &options, &answers);
    let draft = made.unwrap_or_else(|e| panic!("{e:?}\n{heard}")).draft;
    assert_eq!((draft.desk.as_str(), draft.authserv_id), ("Butiken", Some("mx.google.com")));
    said(&heard, &["an app password is wanted", "https://myaccount.google.com/apppasswords"]);
}

#[test]
fn an_option_that_is_wrong_is_not_asked_anew() {
    let check = |options: &[&str], says: &str| {
        let mut stage = Stage { found: Some(by_trying()), ..Stage::default() };
        let base = ["--address", "info@shop.se", "--password-env", "PATH", "--agent", "Anna <anna@shop.se>"];
        let all: Vec<&str> = base.iter().chain(options).copied().collect();
        let (made, heard) = play(&mut stage, &all, &["", "", "", "", "", "", "", "", "", ""]);
        let error = made.err().unwrap_or_else(|| panic!("{options:?}\n{heard}"));
        assert_eq!((error.kind.exit_code(), error.message.contains(says)), (2, true), "{error:?}");
    };
    check(&["--hours", "mon-fri 9-5"], "--hours: 9-5 could be 9-17 or through the night");
    check(&["--agent", "Bo <anna@shop.se>"], "--agent: anna@shop.se is Anna's already");
    check(&["--agent", "info@shop.se"], "--agent: info@shop.se is the mailbox's own address");
    check(&["--agent", "nobody"], "--agent: \"nobody\" is nobody");
    check(&["--time-zone", "Mars"], "--time-zone: Mars is no time zone");
    check(&["--holidays", "XX"], "--holidays: the holidays of XX are not known");
    check(&["--language", "de"], "--language: svar speaks en and sv");
    check(&["--manager", "info@shop.se"], "--manager: info@shop.se is the mailbox's own address");
    check(&["--imap-host", "a b"], "--imap-host: \"a b\" is no mail server");
    check(&["--ca-file", "/nowhere/ca.pem"], "--ca-file: /nowhere/ca.pem");
}
