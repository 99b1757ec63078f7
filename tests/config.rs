//! Wrong configurations, one a kind of mistake, and what is said about them: `fixtures/config/*.toml` and `*.expect`.

use std::path::Path;

use svar::config;
use svar::config::settings::{After, Inlet, Outlet, SentFolder};
use svar::net::{Credential, Secret, Tls};

#[test]
fn every_fixture_is_told_what_is_wrong() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let mut names: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    names.sort();
    assert!(names.len() >= 20, "the fixtures are missing");
    let mut wrong = Vec::new();
    for file in &names {
        let said = match config::load(file) {
            Ok(_) => String::new(),
            Err(mistakes) => mistakes.iter().map(|mistake| format!("{mistake}\n")).collect(),
        };
        // Where the fixtures lie is not theirs to say.
        let said = said.replace(&format!("{}/", directory.display()), "");
        let expect =
            std::fs::read_to_string(file.with_extension("expect")).unwrap_or_else(|_| "(no .expect)".to_owned());
        if said != expect {
            wrong.push(format!("{}\n--- expected\n{expect}--- said\n{said}", file.display()));
        }
        assert!(!said.contains("hunter2"), "a secret was said");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn fifteen_mistakes_are_told_at_once() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config/025-fifteen-at-once.toml");
    let mistakes = config::load(&file).unwrap_err();
    assert_eq!(mistakes.len(), 15);
    assert!(mistakes.iter().all(|m| m.line > 0 && !m.key.is_empty() && m.file == file));
    assert!(mistakes.is_sorted_by_key(|m| m.line), "in the order of the file");
}

#[test]
fn what_is_written_is_what_is_meant() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let settings = config::load(&directory.join("026-every-table.toml")).unwrap();
    let mailbox = settings.mailbox("support").unwrap();
    assert_eq!(mailbox.signature.as_deref(), Some("Exempelbutiken, Storgatan 1\n"));
    assert_eq!(mailbox.aliases.len(), 1);
    let Inlet::Imap(imap) = &mailbox.source else { panic!("no IMAP") };
    assert_eq!((imap.account.port, imap.account.tls, imap.poll_s), (993, Tls::Implicit, 60));
    let password = Secret::File(directory.join("support.password"));
    assert_eq!(imap.account.credential, Some(Credential::Password(password)));
    assert_eq!((&imap.sent, &imap.after), (&SentFolder::Auto, &After::Keep));
    assert!(matches!(&mailbox.outlet, Outlet::Smtp { account, .. } if account.port == 465));
    let anna = &settings.agents[0];
    assert_eq!((anna.addresses.len(), anna.hours.as_deref()), (2, Some("shop")));
    let shop = settings.hours_of(anna, mailbox).unwrap();
    let open = |text: &str| shop.is_open(svar::model::Time::parse_rfc3339(text).unwrap());
    assert!(open("2026-12-23T18:59:59Z") && !open("2026-12-22T18:59:59Z") && !open("2026-12-25T09:00:00Z"));
    let sla = &settings.slas["standard"];
    assert_eq!(sla.bands, [("excellent".to_owned(), 3600), ("ok".to_owned(), 10_800)]);
    assert_eq!((sla.warn_at, sla.close_pending_s), (0.5, Some(604_800)));
    assert_eq!(sla.escalate_to[0].as_str(), "chef@example.test");
    assert_eq!(settings.limits.message_size_bytes, 50_000_000);
    assert_eq!(settings.answers.dir.as_deref(), Some(directory.join("files/answers").as_path()));
    assert!(settings.tags[0].pattern.is_match("", "PostNord har tappat bort det"));
    assert_eq!(settings.notices[0].until.to_string(), "2026-12-18");
}
