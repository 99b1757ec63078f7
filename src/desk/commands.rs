//! Commands on the first lines of an agent's mail: one table that parses, explains, is printed by `#help` and makes `docs/COMMANDS.md`.
//!
//! A row says what a command is; its words, examples and explanation stand in `src/lang/*.toml`, so that another language is another file.

pub mod incident;
pub mod page;
pub mod plain;
pub mod polite;
pub mod question;

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::desk::commands::incident::{Fault, IncidentOrder, goes_on};
use crate::desk::commands::plain::{address_of, bare, fold, plain};
use crate::desk::commands::question::{digest_word, list, span, without_links};
use crate::desk::when;
use crate::model::{Address, Priority, QuarantineNo, TicketNo, Time, one_line};
use crate::plan::RightsAct;
use crate::plan::incident::Wanted;
use crate::plan::nearest::distance;
use crate::plan::query::{Query, QueryError};
use crate::plan::question::{QUESTIONS_MAX, Question};
use crate::wording::Wording;

/// What an agent asks for, apart from the text that goes to the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Close,
    Open,
    /// Needs no answer, or was answered elsewhere.
    Done,
    /// Answered by telephone; the rest of the line is a note.
    Called(String),
    Pending,
    Hold(Time),
    /// This ticket; or these.
    Take(Vec<TicketNo>),
    /// Part of a name or address, resolved against the agents; `None`: nobody's any more.
    Assign(Option<String>),
    /// To whom, if anybody is named.
    Note(Option<String>),
    /// The text goes to a third party, whose reply comes back as a note.
    Ask(Address),
    Cc(Address),
    Uncc(Address),
    /// A matter with a customer, about a subject.
    New(Address, String),
    Tag(Vec<String>),
    Untag(Vec<String>),
    Priority(Priority),
    Merge(TicketNo),
    Split,
    Customer(Address),
    SameAs(Address),
    NotSameAs(Address),
    Spam,
    Ignore,
    Files,
    /// Until when; `None`: until `#back`.
    Away(Option<Time>),
    Back,
    Release(Vec<QuarantineNo>),
    /// Of the desk itself; an answer comes by mail.
    Questions(Vec<Question>),
    /// What many customers write about at once.
    Incident(IncidentOrder),
    Send,
    Stop,
    Drop,
    /// A text of the house, by its name.
    Canned(String),
    Help,
    /// One text to all tickets that a query means; whether it answers them.
    Bulk {
        query: String,
        answers: bool,
    },
    /// These tickets are not to get it.
    Without(Vec<TicketNo>),
    /// `#export`, `#erase`: a manager's, to the desk's own address.
    Rights(RightsAct, Address),
}

/// Commands of one group exclude each other in one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Any,
    /// Says where the ticket stands afterwards.
    State,
    /// Says where the text goes.
    Text,
}

/// A row of the table. Its words are `keyword.KEY`, its examples `example.KEY`, what it does `commands.KEY` of the language files.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The English word, which is the key.
    pub key: &'static str,
    pub group: Group,
    /// `None`: known, and to come in a later version.
    read: Option<Read>,
}

type Read = fn(&str, &Ground<'_>) -> Result<Command, Wrong>;

impl Entry {
    /// Whether this version can do it.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        self.read.is_some()
    }
}

/// What reading a command depends on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub now: Time,
    pub zone: &'a TimeZone,
}

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// With the nearest known one.
    Unknown(Option<String>),
    /// Something must follow the word; the key of the row.
    Missing(&'static str),
    /// What follows cannot be so; the key of the row.
    Argument(&'static str),
    Time,
    Address,
    /// A query that cannot be read.
    Query(QueryError),
    /// Of `#incident`.
    Incident(Fault),
    /// It takes nothing.
    NoArgument,
    /// It excludes another line.
    Contradicts(String),
    NotYet,
}

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    pub line: String,
    pub wrong: Wrong,
}

macro_rules! table {
    ($($key:literal $group:ident $read:expr;)* later $($later:literal)*) => {
        /// Every command, in the order in which `#help` prints them. Those without a reader come in a later version.
        pub const TABLE: &[Entry] = &[
            $(Entry { key: $key, group: Group::$group, read: Some($read) },)*
            $(Entry { key: $later, group: Group::Any, read: None },)*
        ];
    };
}

table! {
    "close" State |a, _| none(a, Command::Close);
    "open" State |a, _| none(a, Command::Open);
    "done" State |a, _| none(a, Command::Done);
    "called" Text |a, _| Ok(Command::Called(a.to_owned()));
    "pending" State |a, _| none(a, Command::Pending);
    "hold" State |a, g| some(a, "hold").and_then(|a| when::parse(a, g.now, g.zone).map(Command::Hold).ok_or(Wrong::Time));
    "take" Any |a, _| if a.is_empty() { Ok(Command::Take(Vec::new())) } else { Ok(Command::Take(numbers(a, "take")?.into_iter().map(TicketNo).collect())) };
    "assign" Any |a, _| some(a, "assign").map(|w| Command::Assign((!is_nobody(w)).then(|| w.to_owned())));
    "note" Text |a, _| Ok(Command::Note((!a.is_empty()).then(|| a.to_owned())));
    "ask" Text |a, _| address(a, "ask").map(Command::Ask);
    "cc" Any |a, _| address(a, "cc").map(Command::Cc);
    "uncc" Any |a, _| address(a, "uncc").map(Command::Uncc);
    "new" Text |a, _| new(a);
    "tag" Any |a, _| words(a, "tag").map(Command::Tag);
    "untag" Any |a, _| words(a, "untag").map(Command::Untag);
    "priority" Any |a, _| priority(a);
    "merge" Any |a, _| match numbers(a, "merge")?.as_slice() { [one] => Ok(Command::Merge(TicketNo(*one))), _ => Err(Wrong::Argument("merge")) };
    "split" Any |a, _| none(a, Command::Split);
    "customer" Any |a, _| address(a, "customer").map(Command::Customer);
    "same-as" Any |a, _| address(a, "same-as").map(Command::SameAs);
    "not-same-as" Any |a, _| address(a, "not-same-as").map(Command::NotSameAs);
    "spam" State |a, _| none(a, Command::Spam);
    "ignore" State |a, _| none(a, Command::Ignore);
    "files" Any |a, _| none(a, Command::Files);
    "away" Any |a, g| if a.is_empty() { Ok(Command::Away(None)) } else { when::parse(a, g.now, g.zone).map(|t| Command::Away(Some(t))).ok_or(Wrong::Time) };
    "back" Any |a, _| none(a, Command::Back);
    "release" Any |a, _| numbers(a, "release").map(|n| Command::Release(n.into_iter().map(QuarantineNo).collect()));
    "list" Any |a, _| list(a);
    "show" Any |a, _| numbers(a, "show").map(|n| Command::Questions(n.into_iter().map(|n| Question::Show(TicketNo(n))).collect()));
    "search" Any |a, _| some(a, "search").map(|w| Command::Questions(vec![Question::Search(without_links(w))]));
    "stats" Any |a, _| span(a).map(|s| Command::Questions(vec![Question::Stats(s)])).ok_or(Wrong::Argument("stats"));
    "digest" Any |a, _| digest_word(a).map(|d| Command::Questions(vec![Question::Digest(d)])).ok_or(Wrong::Argument("digest"));
    "answers" Any |a, _| none(a, Command::Questions(vec![Question::Answers]));
    "bulk" Any |a, _| bulk(a);
    "without" Any |a, _| numbers(a, "without").map(|n| Command::Without(n.into_iter().map(TicketNo).collect()));
    "export" Any |a, _| address(a, "export").map(|a| Command::Rights(RightsAct::Export, a));
    "erase" Any |a, _| address(a, "erase").map(|a| Command::Rights(RightsAct::Erase, a));
    "send" Any |a, _| none(a, Command::Send);
    "stop" Any |a, _| none(a, Command::Stop);
    "drop" Any |a, _| none(a, Command::Drop);
    "help" Any |_, _| Ok(Command::Help);
    "canned" Any |a, _| some(a, "canned").map(|name| Command::Canned(name.to_owned()));
    "incident" Any incident::read;
    later
}

fn none(argument: &str, command: Command) -> Result<Command, Wrong> {
    if argument.is_empty() { Ok(command) } else { Err(Wrong::NoArgument) }
}

fn some<'a>(argument: &'a str, key: &'static str) -> Result<&'a str, Wrong> {
    if argument.is_empty() { Err(Wrong::Missing(key)) } else { Ok(argument) }
}

fn address(argument: &str, key: &'static str) -> Result<Address, Wrong> {
    address_of(some(argument, key)?).ok_or(Wrong::Address)
}

fn words(argument: &str, key: &'static str) -> Result<Vec<String>, Wrong> {
    let words: Vec<String> = some(argument, key)?
        .split([' ', ','])
        .filter(|w| !w.is_empty())
        .map(|w| w.trim_start_matches('#').to_lowercase())
        .collect();
    let fine = |w: &String| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if words.is_empty() || !words.iter().all(fine) { Err(Wrong::Argument(key)) } else { Ok(words) }
}

/// Numbers of tickets or of what is set aside, at most fifty in one line.
fn numbers(argument: &str, key: &'static str) -> Result<Vec<i64>, Wrong> {
    let number = |w: &str| w.trim_start_matches('#').parse().ok().filter(|n| *n > 0);
    let numbers: Option<Vec<i64>> =
        some(argument, key)?.split([' ', ',']).filter(|w| !w.is_empty()).map(number).collect();
    numbers.filter(|n| !n.is_empty() && n.len() <= 50).ok_or(Wrong::Argument(key))
}

fn priority(argument: &str) -> Result<Command, Wrong> {
    let word = fold(some(argument, "priority")?);
    let is = |p: &&Priority| Wording::in_all_languages(&format!("when.{p}")).any(|w| fold(w) == word);
    Priority::ALL.iter().find(is).copied().map(Command::Priority).ok_or(Wrong::Argument("priority"))
}

/// `state:open tag:late answers:no`: what is no `answers:` is the query, which must not be empty.
fn bulk(argument: &str) -> Result<Command, Wrong> {
    let is_one = |list: &str, word: &str| Wording::in_all_languages(list).any(|w| fold(w) == fold(word));
    let mut answers = true;
    let mut query = Vec::new();
    for word in some(argument, "bulk")?.split(' ').filter(|w| !w.is_empty()) {
        match word.split_once(':') {
            Some((key, value)) if is_one("when.answers", key) => {
                answers = is_one("when.yes", value);
                if !answers && !is_one("when.no", value) {
                    return Err(Wrong::Argument("bulk"));
                }
            }
            _ => query.push(word),
        }
    }
    let query = query.join(" ");
    if Query::parse(&query).map_err(Wrong::Query)?.is_empty() {
        return Err(Wrong::Missing("bulk"));
    }
    Ok(Command::Bulk { query, answers })
}

/// Whether a word stands for nobody, in any language.
#[must_use]
pub fn is_nobody(word: &str) -> bool {
    Wording::in_all_languages("when.nobody").any(|w| fold(w) == fold(word))
}

fn new(argument: &str) -> Result<Command, Wrong> {
    let (to, subject) = some(argument, "new")?.split_once(' ').ok_or(Wrong::Missing("new"))?;
    let subject = one_line(subject);
    if subject.is_empty() {
        return Err(Wrong::Missing("new"));
    }
    address_of(to).map(|to| Command::New(to, subject)).ok_or(Wrong::Address)
}

/// Every word of every language, folded, with its row; the longest first.
static KEYWORDS: LazyLock<Vec<(Vec<char>, &'static str, usize)>> = LazyLock::new(|| {
    let mut all: Vec<(Vec<char>, &str, usize)> = Vec::new();
    for (row, entry) in TABLE.iter().enumerate() {
        for word in Wording::in_all_languages(&format!("keyword.{}", entry.key)) {
            all.push((fold(word).chars().collect(), word, row));
        }
    }
    all.sort_by_key(|(folded, ..)| std::cmp::Reverse(folded.len()));
    all
});

/// The word that a language has for a command, for printing.
#[must_use]
pub fn keyword(words: &Wording, key: &'static str) -> String {
    words.list_of(&format!("keyword.{key}")).first().cloned().unwrap_or_else(|| key.to_owned())
}

/// Whether a line asks to be a command: a number sign and a letter.
fn claims(line: &str) -> bool {
    line.strip_prefix('#').and_then(|r| r.chars().next()).is_some_and(char::is_alphabetic)
}

/// The row that a line behind its number sign names, and what follows the word.
fn row_of(line: &str) -> Option<(usize, &str)> {
    let folded: Vec<char> = fold(line).chars().collect();
    let ends = |at: usize| {
        let rest = line.char_indices().nth(at).map_or("", |(i, _)| &line[i..]);
        let argument = rest.trim_start_matches([':', '.', ',', '!']);
        (argument.is_empty() || argument.starts_with(' ')).then(|| argument.trim())
    };
    KEYWORDS.iter().find_map(|(word, _, row)| {
        folded.starts_with(word).then(|| ends(word.len())).flatten().map(|argument| (*row, argument))
    })
}

fn is_incident(line: &str) -> bool {
    row_of(line.trim_start_matches('#')).is_some_and(|(row, _)| TABLE[row].key == "incident")
}

/// What follows these words keeps its quotes and its full stop.
const AS_WRITTEN: &[&str] = &["called", "list", "search", "incident"];

/// Reads a plain line that claims to be a command.
fn read(line: &str, ground: &Ground<'_>) -> Result<(usize, Command), Wrong> {
    let line = line.trim_start_matches('#');
    let Some((row, argument)) = row_of(line) else { return Err(Wrong::Unknown(nearest(line))) };
    let Some(reader) = TABLE[row].read else { return Err(Wrong::NotYet) };
    // The full stop that a telephone puts behind a line; a telephone note keeps its own.
    let argument = if AS_WRITTEN.contains(&TABLE[row].key) { argument } else { bare(argument) };
    reader(argument, ground).map(|command| (row, command))
}

/// The known word that differs least, if it differs by at most two letters.
fn nearest(line: &str) -> Option<String> {
    let word = fold(line.split(' ').next().unwrap_or_default().trim_end_matches([':', '.', ',']));
    KEYWORDS
        .iter()
        .filter(|(_, _, row)| TABLE[*row].is_here())
        .map(|(folded, known, _)| {
            // Of two that differ by as much, the one that begins alike.
            let alike = word.chars().zip(folded).take_while(|(a, b)| a == *b).count();
            (distance(&word, &folded.iter().collect::<String>()), std::cmp::Reverse(alike), *known)
        })
        .filter(|(d, _, known)| *d <= 2 && *d < known.chars().count().min(word.chars().count()))
        .min()
        .map(|(_, _, known)| known.to_owned())
}

/// An agent's text taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub commands: Vec<Command>,
    /// The command lines as written, for cutting them out of the HTML and for the agent's draft.
    pub lines: Vec<String>,
    pub wrong: Vec<WrongLine>,
    /// What stands below the commands.
    pub text: String,
    /// Lines further down that would be commands on the first line: the mail is held for them.
    pub strays: Vec<String>,
}

impl Parsed {
    /// The lines that are right, in the order of `commands`.
    pub fn right_lines(&self) -> impl Iterator<Item = &String> {
        self.lines.iter().filter(|l| !self.wrong.iter().any(|w| w.line == **l))
    }
}

/// Takes `text` apart: commands stand on the first lines, before any other text, one a line; empty lines between them are passed.
#[must_use]
pub fn parse(text: &str, ground: &Ground<'_>) -> Parsed {
    parse_with_headings(text, &[], ground)
}

/// The same. `headings` are lines that a mail program has made headings of, which costs them their number sign.
#[must_use]
pub fn parse_with_headings(text: &str, headings: &[String], ground: &Ground<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    let mut groups: Vec<(Group, usize, String)> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.peek() {
        let mut line = plain(line);
        if line.is_empty() {
            lines.next();
            continue;
        }
        if !claims(&line) {
            let was = format!("#{line}");
            if !headings.iter().any(|h| plain(h) == line) || read(&was, ground).is_err() {
                break;
            }
            line = was;
        }
        lines.next();
        if is_incident(&line) {
            // It is long, and mail programs break lines.
            while let Some(next) = lines.peek().map(|l| plain(l)).filter(|l| !l.is_empty() && goes_on(&line, l)) {
                lines.next();
                line = format!("{line} {next}");
            }
        }
        let read = read(&line, ground).and_then(|(row, command)| {
            let group = TABLE[row].group;
            let excludes = |(g, r, _): &&(Group, usize, String)| group != Group::Any && *g == group && *r != row;
            match groups.iter().find(excludes) {
                Some((_, _, other)) => Err(Wrong::Contradicts(other.clone())),
                None => {
                    groups.push((group, row, line.clone()));
                    Ok(command)
                }
            }
        });
        match read {
            Ok(command) => parsed.commands.push(command),
            Err(wrong) => parsed.wrong.push(WrongLine { line: line.clone(), wrong }),
        }
        parsed.lines.push(line);
    }
    let rest: Vec<&str> = lines.collect();
    let is_command = |l: &String| claims(l) && matches!(read(l, ground), Ok(_) | Err(Wrong::NotYet));
    parsed.strays = rest.iter().map(|l| plain(l)).filter(is_command).collect();
    parsed.text = rest.join("\n").trim().to_owned();
    parsed
}

/// What the commands above a text name: it must be looked up before they can be judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub tickets: Vec<TicketNo>,
    pub addresses: Vec<Address>,
    pub quarantined: Vec<QuarantineNo>,
    /// A canned answer: what the customer wrote belongs to it.
    pub canned: bool,
    /// What must be known of incidents.
    pub incidents: Option<Wanted>,
    pub questions: Vec<Question>,
}

/// So many tickets or addresses of one mail are looked up.
const NAMED_AT_MOST: usize = 200;

#[must_use]
pub fn named(text: &str, headings: &[String]) -> Named {
    let parsed = parse_with_headings(text, headings, &Ground { now: Time::from_unix(0), zone: &TimeZone::UTC });
    let mut named = Named::default();
    for command in &parsed.commands {
        match command {
            Command::Merge(ticket) => named.tickets.push(*ticket),
            Command::Take(tickets) | Command::Without(tickets) => named.tickets.extend(tickets),
            Command::New(a, _) | Command::Customer(a) | Command::SameAs(a) | Command::NotSameAs(a) => {
                named.addresses.push(a.clone());
            }
            Command::Canned(_) => named.canned = true,
            Command::Release(numbers) => named.quarantined.extend(numbers),
            Command::Questions(questions) => named.questions.extend(questions.iter().cloned()),
            _ => {}
        }
    }
    // Times are read anew when it is decided; here one may look too far away.
    if parsed.lines.iter().any(|line| is_incident(line)) {
        named.incidents = Some(Wanted::Texts);
    }
    named.tickets.truncate(NAMED_AT_MOST);
    named.addresses.truncate(NAMED_AT_MOST);
    named.quarantined.truncate(NAMED_AT_MOST);
    named.questions.truncate(QUESTIONS_MAX);
    named
}

#[cfg(test)]
mod tests;
