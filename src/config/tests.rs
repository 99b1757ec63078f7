//! The example is the truth about every key: that it is read, and what it is by default.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use toml::de::{DeTable, DeValue};

use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// A directory with the files that the example names.
fn directory() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["support.password", "signature.md", "ca.pem", "codes.txt"] {
        std::fs::write(dir.path().join(name), name).unwrap();
    }
    std::fs::create_dir(dir.path().join("answers")).unwrap();
    dir
}

/// The key of a line such as `# poll = "60s"   # why`.
fn commented_key(line: &str) -> Option<&str> {
    let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
    key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_').then_some(key)
}

/// The example with those keys that are shown behind a `#` uncommented which `wanted(table is commented, line)` wants.
fn uncommented(wanted: impl Fn(bool, &str) -> bool) -> String {
    let mut in_commented_table = false;
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let header = line.starts_with("# [");
        in_commented_table = header || (in_commented_table && !line.starts_with('['));
        let shown = header || commented_key(line).is_some();
        text.push_str(if shown && wanted(in_commented_table, line) { &line[2..] } else { line });
        text.push('\n');
    }
    text
}

fn none_by_default(line: &str) -> bool {
    line.contains("# none")
}

fn lines(mistakes: &[Mistake]) -> Vec<String> {
    mistakes.iter().map(Mistake::to_string).collect()
}

/// The settings without what differs between any two texts.
fn settings_of(dir: &Path, text: &str) -> String {
    let mut settings = read(&dir.join("config.toml"), text).map_err(|m| lines(&m)).unwrap();
    settings.fingerprint.clear();
    format!("{settings:#?}")
}

#[test]
fn the_example_and_its_head_are_right() {
    let dir = directory();
    let file = dir.path().join("config.toml");
    std::fs::write(&file, EXAMPLE).unwrap();
    let settings = load(&file).map_err(|m| lines(&m)).unwrap();
    assert_eq!(settings.mailboxes[0].outlet, *settings.mailbox("support").map(|m| &m.outlet).unwrap());
    assert_eq!(settings.fingerprint.len(), 64);

    let head = smallest();
    assert_eq!(head.lines().count(), 13, "{head}");
    std::fs::write(&file, &head).unwrap();
    let settings = load(&file).map_err(|m| lines(&m)).unwrap();
    let settings::Inlet::Imap(imap) = &settings.mailboxes[0].source else { panic!("no IMAP") };
    assert_eq!((imap.account.user.as_str(), imap.account.port), ("support@example.test", 993));
    assert!(settings.calendars["always"].is_always());
    assert_eq!(settings.mailboxes[0].calendar, "always");
    assert_eq!(settings.slas["standard"].targets().resolution_s, 86_400);
}

#[test]
fn defaults_in_the_example_are_the_code_s() {
    let dir = directory();
    let bare = settings_of(dir.path(), EXAMPLE);
    let written = uncommented(|in_commented_table, line| !in_commented_table && !none_by_default(line));
    assert!(written.matches("\npoll = ").count() == 1, "nothing was uncommented");
    assert_eq!(settings_of(dir.path(), &written), bare);
}

#[test]
fn every_key_stands_in_the_example() {
    let dir = directory();
    let text = uncommented(|_, _| true);
    let (result, asked) = read_keys(&dir.path().join("config.toml"), &text);
    // The alternatives contradict each other, and nothing else is wrong.
    let mistakes = result.map(|_| ()).unwrap_err();
    assert_eq!(mistakes.len(), 3, "{:#?}", lines(&mistakes));
    assert!(mistakes.iter().all(|m| m.what.starts_with("contradicts")), "{:#?}", lines(&mistakes));

    let mut shown = BTreeSet::new();
    paths(&DeValue::Table(DeTable::parse(&text).unwrap().into_inner()), "", &mut shown);
    let named = |path: &str| path.replace("calendar.shop", "calendar.*").replace("sla.standard", "sla.*");
    let shown: BTreeSet<String> = shown.iter().map(|path| named(path)).collect();
    for key in asked {
        let secret = [".password.", ".client_secret."].iter().find_map(|at| key.split_once(at));
        let form = secret.map(|(_, form)| format!(" {form} = "));
        let stands = shown.contains(&key)
            || form.is_some_and(|form| EXAMPLE.contains(&form))
            || shown.contains(&key.replace("notify_smtp", "smtp"))
            || shown.contains(&key.replace("notify_smtp.oauth2", "imap.oauth2").replace("smtp.oauth2", "imap.oauth2"));
        assert!(stands, "{key} is read, but does not stand in config.example.toml");
    }
}

/// The path of every key, without indexes.
fn paths(value: &DeValue<'_>, path: &str, found: &mut BTreeSet<String>) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                let path = format!("{path}.{}", key.get_ref());
                found.insert(path.trim_start_matches('.').to_owned());
                paths(value.get_ref(), &path, found);
            }
        }
        DeValue::Array(array) => array.iter().for_each(|item| paths(item.get_ref(), path, found)),
        _ => {}
    }
}

#[test]
fn the_example_s_alternatives_work() {
    let dir = directory();
    let check = |tables: &str| {
        let text = format!(
            "desk = {{ name = \"x\", data_dir = \"d\" }}\n[[agent]]\nname = \"A\"\naddresses = [\"a@example.test\"]\n\
             [[mailbox]]\nname = \"m\"\naddress = \"m@example.test\"\n{tables}"
        );
        read(&dir.path().join("config.toml"), &text).map_err(|m| lines(&m)).unwrap().mailboxes.remove(0)
    };
    let all = uncommented(|_, _| true);
    let block = |name: &str| {
        let header = format!("[mailbox.{name}]\n");
        let from = all.find(&header).unwrap();
        all[from..].split("\n\n").next().unwrap().to_owned() + "\n"
    };
    let mailbox = check(&(block("maildir") + &block("outdir")));
    assert_eq!(mailbox.outlet, settings::Outlet::Outdir { path: dir.path().join("sent") });
    let mailbox = check(&("pipe = true\n".to_owned() + &block("sendmail") + &block("notify_smtp")));
    assert!(matches!(mailbox.source, settings::Inlet::Pipe));
    let Some(settings::Outlet::Smtp { account, .. }) = mailbox.notify_outlet else { panic!("no account") };
    let relay = crate::net::Secret::Env("RELAY_PASSWORD".to_owned());
    assert_eq!(account.credential, Some(crate::net::Credential::Password(relay)));
}

#[test]
fn the_file_is_found_where_it_is_said_to_be() {
    let env = OsStr::new("/elsewhere/svar.toml");
    assert_eq!(find(Some(Path::new("a.toml")), Some(env)), Ok("a.toml".into()));
    assert_eq!(find(None, Some(env)), Ok("/elsewhere/svar.toml".into()));
    let none = NotFound { tried: vec!["config.toml".into(), "/etc/svar/config.toml".into()] };
    assert!(none.to_string().contains("neither config.toml nor /etc/svar/config.toml exists"));
    let mistakes = load(Path::new("does/not/exist.toml")).map(|_| ()).unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].to_string().starts_with("does/not/exist.toml: cannot be read: "));
}

proptest! {
    /// Whatever is broken: settings, or mistakes to mend; never neither.
    #[test]
    fn a_broken_file_is_told_so(at in 0usize..20_000, cut in 0usize..40, put in "[\\[\\]{}=\"#,a-z0-9.\n -]{0,6}") {
        let text = uncommented(|in_commented_table, line| !in_commented_table && !none_by_default(line));
        let boundary = |n: usize| (n % text.len()..=text.len()).find(|n| text.is_char_boundary(*n)).unwrap_or(0);
        let from = boundary(at);
        let to = boundary((from + cut).min(text.len() - 1)).max(from);
        let broken = format!("{}{put}{}", &text[..from], &text[to..]);
        if let Err(mistakes) = read(Path::new("nowhere/config.toml"), &broken) {
            let count = broken.lines().count() + 1;
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.iter().all(|m| (1..=count).contains(&m.line) && !m.what.contains('\n')), "{:?}", lines(&mistakes));
        }
    }
}
