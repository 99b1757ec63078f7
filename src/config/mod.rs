//! The configuration: TOML as written, settings as checked.
//!
//! [`load`] reports every mistake at once, each with its line, its key and what to write instead. What a key is called,
//! how it is read and what it is by default stands in one line of code each; `config.example.toml` is held to it by a test.

mod accounts;
mod answers;
mod forms;
mod hours;
mod mailboxes;
mod mistake;
mod oauth;
pub mod pace;
mod people;
pub mod provider;
mod reader;
mod rules;
pub mod settings;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use mistake::Mistake;
use people::Addresses;
use reader::{Reader, Table};
use settings::{Agent, Mailbox, Settings};

use crate::model::Priority;
use crate::sla::calendar::Calendar;

/// The languages that svar speaks to customers and agents.
pub const LANGUAGES: &[&str] = &["en", "sv"];

/// The calendar that is always open, and the SLA that holds, where the configuration names none.
const ALWAYS: &str = "always";
const STANDARD: &str = "standard";

/// There is no configuration where one was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no configuration: neither {} exists; name one by --config or $SVAR_CONFIG, or make one: svar init",
    tried.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" nor "))]
pub struct NotFound {
    pub tried: Vec<PathBuf>,
}

/// The file to read: `--config`, else `$SVAR_CONFIG`, else `./config.toml`, else `/etc/svar/config.toml`.
///
/// What is named by somebody is taken as it is: [`load`] says so if it does not exist.
pub fn find(explicit: Option<&Path>, svar_config: Option<&OsStr>) -> Result<PathBuf, NotFound> {
    if let Some(path) = explicit {
        return Ok(path.to_owned());
    }
    if let Some(path) = svar_config.filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let tried: Vec<PathBuf> = vec!["config.toml".into(), "/etc/svar/config.toml".into()];
    tried.iter().find(|path| path.exists()).cloned().ok_or(NotFound { tried })
}

/// The smallest configuration that works: the head of `config.example.toml`.
#[must_use]
pub fn smallest() -> String {
    let example = include_str!("../../config.example.toml");
    let is_head = |line: &&str| line.starts_with("#     ") || *line == "#";
    let head = example.lines().skip(2).take_while(is_head);
    let text: Vec<&str> = head.map(|line| line.get(6..).unwrap_or_default()).collect();
    format!("{}\n", text.join("\n").trim_end())
}

/// Reads and checks a configuration with the files that it names.
///
/// # Errors
/// Every mistake, in the order of the file. Never empty.
pub fn load(path: &Path) -> Result<Settings, Vec<Mistake>> {
    let whole = |line: usize, what: String| vec![Mistake { file: path.to_owned(), line, key: String::new(), what }];
    let bytes = std::fs::read(path)
        .map_err(|error| whole(0, format!("cannot be read: {error}; name another file by --config or $SVAR_CONFIG")))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => read(path, text),
        Err(error) => {
            let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            Err(whole(line, "this is no UTF-8; save the file in that encoding".to_owned()))
        }
    }
}

/// Like [`load`], of a text that is at hand. Paths in it are relative to where `file` stands.
///
/// # Errors
/// Every mistake, in the order of the file. Never empty.
pub fn read(file: &Path, text: &str) -> Result<Settings, Vec<Mistake>> {
    read_keys(file, text).0
}

/// The settings or the mistakes, and every key that was asked for: `mailbox.imap.port`.
fn read_keys(file: &Path, text: &str) -> (Result<Settings, Vec<Mistake>>, BTreeSet<String>) {
    let reader = Reader::new(file, text);
    let document = reader.parse();
    let settings = whole(&reader, &reader.root(&document), text);
    let (mistakes, asked) = reader.into_mistakes();
    let settings = settings.filter(|_| mistakes.is_empty()).ok_or(mistakes);
    (settings, asked)
}

/// What other parts of the file may refer to, with what is meant if they refer to nothing.
struct Names {
    mailboxes: Vec<String>,
    calendars: Vec<String>,
    calendar: String,
    slas: Vec<String>,
    sla: String,
}

impl Names {
    fn of(root: &Table<'_>) -> Self {
        let keys = |key: &str| -> Vec<String> {
            let table = root.value(key).and_then(|v| v.raw.as_table());
            table.into_iter().flat_map(|t| t.keys()).map(|name| name.get_ref().to_string()).collect()
        };
        let mailboxes = root.value("mailbox").and_then(|v| v.raw.as_array());
        let mailboxes = mailboxes.into_iter().flat_map(|array| array.iter());
        let name = |mailbox: &toml::Spanned<toml::de::DeValue<'_>>| {
            Some(mailbox.get_ref().as_table()?.get("name")?.get_ref().as_str()?.trim().to_owned())
        };
        let (mut calendars, mut slas) = (keys("calendar"), keys("sla"));
        // The only one there is is meant; [sla.high] and the like are chosen by priority.
        let only = |names: &[String], or: &str| match names {
            [only] => only.clone(),
            _ => or.to_owned(),
        };
        let calendar = only(&calendars, ALWAYS);
        let ordinary: Vec<String> = slas.iter().filter(|name| Priority::parse(name).is_none()).cloned().collect();
        let sla = only(&ordinary, STANDARD);
        for (names, built_in) in [(&mut calendars, ALWAYS), (&mut slas, STANDARD)] {
            if !names.iter().any(|name| name == built_in) {
                names.push(built_in.to_owned());
            }
        }
        Self { mailboxes: mailboxes.filter_map(name).collect(), calendars, calendar, slas, sla }
    }
}

/// Reads the whole file. `None` only if a mistake has been noted.
fn whole(reader: &Reader<'_>, root: &Table<'_>, text: &str) -> Option<Settings> {
    let names = Names::of(root);
    let mut addresses = Addresses::default();
    let desk = rules::desk(&root.table("desk"));
    // Defaults of mailboxes come from the desk; where it is wrong, any will do.
    let blank = settings::Desk {
        name: String::new(),
        language: String::new(),
        time_zone: jiff::tz::TimeZone::UTC,
        time_zone_name: String::new(),
        data_dir: PathBuf::new(),
        reopen_within_s: 0,
        undo_s: 0,
    };
    let of_desk = desk.as_ref().unwrap_or(&blank);
    let drafts: Vec<mailboxes::Draft> =
        root.tables("mailbox").iter().map(|t| mailboxes::mailbox(t, of_desk, &names, &mut addresses)).collect();
    let agent_tables = root.tables("agent");
    let agents: Vec<_> =
        agent_tables.iter().enumerate().map(|(n, t)| people::agent(t, n, &names, &mut addresses)).collect();
    let managers: Vec<_> = root
        .tables("manager")
        .iter()
        .enumerate()
        .filter_map(|(n, t)| people::manager(t, n, &names, &mut addresses))
        .collect();
    let agent_names: Vec<_> = agents.iter().filter_map(|(name, _)| name.clone()).collect();
    let agents: Vec<Agent> = agents.into_iter().filter_map(|(_, agent)| agent).collect();

    addresses.check(reader);
    check_names(reader, &drafts, &agent_names);
    if drafts.is_empty() && root.value("mailbox").is_none() {
        root.mistake("there is no mailbox; write [[mailbox]] and below it name, address, and a way in and out");
    }
    // An agent with a mistake of his own is still one.
    if agents.len() == agent_tables.len() {
        check_somebody_is_told(reader, &drafts, &agents);
    }

    let zone = &of_desk.time_zone;
    let mut calendars: BTreeMap<String, Calendar> = root
        .named("calendar")
        .iter()
        .filter_map(|(name, table)| Some((name.clone(), hours::calendar(reader, table, zone)?)))
        .collect();
    calendars.entry(ALWAYS.to_owned()).or_insert_with(|| Calendar::always(zone.clone()));
    let mut slas: BTreeMap<_, _> =
        root.named("sla").iter().map(|(name, table)| (name.clone(), rules::sla(reader, table, &addresses))).collect();
    if !slas.contains_key(STANDARD) {
        // An absent table yields every default.
        let absent = root.table("sla").table(STANDARD);
        slas.insert(STANDARD.to_owned(), rules::sla(reader, &absent, &addresses));
    }
    let acknowledge = rules::acknowledge(&root.table("acknowledge"));
    let metrics_path = root.table("metrics").opt("path", values::path);
    let answers = answers::answers(reader, &root.table("answers"), &drafts);
    let limits = rules::limits(&root.table("limits"));
    let digest = rules::digest(&root.table("digest"));
    let forms = root.tables("form").iter().filter_map(|t| forms::form(reader, t)).collect();
    let senders = root.tables("sender").iter().filter_map(|t| rules::sender(t, &names)).collect();
    let tags = root.tables("tag").iter().filter_map(|t| rules::tag(t, &names)).collect();
    let notices = root.tables("notice").iter().filter_map(|t| rules::notice(reader, t, &names)).collect();
    let mystery = rules::mystery(reader, &root.table("mystery"), &addresses);
    let count = drafts.len();
    let mailboxes: Vec<Mailbox> = drafts.into_iter().filter_map(|draft| draft.mailbox).collect();
    let digested = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    Some(Settings {
        desk: desk?,
        mailboxes: Some(mailboxes).filter(|m| m.len() == count)?,
        agents,
        managers,
        calendars,
        slas,
        acknowledge,
        metrics_path,
        answers,
        limits,
        digest,
        forms,
        senders,
        tags,
        notices,
        mystery,
        fingerprint: data_encoding::HEXLOWER.encode(digested.as_ref()),
    })
}

/// A mailbox whose mail somebody is told of must have agents.
fn check_somebody_is_told(reader: &Reader<'_>, drafts: &[mailboxes::Draft], agents: &[Agent]) {
    for draft in drafts.iter().filter(|draft| draft.needs_agents) {
        let is_told = |agent: &Agent| draft.name.as_ref().is_none_or(|name| agent.mailboxes.contains(name));
        if !agents.iter().any(is_told) {
            let what = "nobody is there to be told of its mail; write an [[agent]] with this mailbox among its mailboxes, \
                        or notify = \"none\" if they work in the shared mailbox";
            reader.mistake(&draft.place, what);
        }
    }
}

/// Names that commands use must say whom they mean.
fn check_names(reader: &Reader<'_>, drafts: &[mailboxes::Draft], agents: &[(String, reader::Place)]) {
    let mailboxes = drafts.iter().filter_map(|d| Some((d.name.as_ref()?, &d.name_place)));
    let agents = agents.iter().map(|(name, place)| (name, place));
    let lists: [Vec<(&String, &reader::Place)>; 2] = [mailboxes.collect(), agents.collect()];
    for list in lists {
        for (n, (name, place)) in list.iter().enumerate() {
            let same = |other: &str| other.to_lowercase() == name.to_lowercase();
            if let Some((_, at)) = list[..n].iter().find(|(other, _)| same(other)) {
                reader.mistake(place, format!("\"{name}\" stands at {} already; write another name", at.key));
            }
        }
    }
}

#[cfg(test)]
mod tests;
