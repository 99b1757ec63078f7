//! `#incident`: what follows the word, in any language, as telephones and mail programs leave it.

use crate::desk::canned::NotFound;
use crate::desk::commands::plain::fold;
use crate::desk::commands::{Command, Ground, Wrong};
use crate::desk::when;
use crate::mail::pattern::{Pattern, PatternError};
use crate::model::{Time, one_line};
use crate::plan::incident::{LONGEST_S, tag_of};
use crate::wording::Wording;

/// What is to be done about incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncidentOrder {
    List,
    New(NewOrder),
    /// The one with this name or number is over.
    Done(String),
    /// It lasts until then.
    Until(String, Time),
}

/// A new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    pub name: String,
    pub pattern: String,
    pub until: Time,
    /// The one mailbox whose mail is looked at; `None`: all in which its author works.
    pub mailbox: Option<String>,
}

/// Why an order cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Neither new, done, until nor list.
    What,
    NoName,
    /// Nothing of it can stand in a tag.
    Name,
    NoPattern,
    /// With what is wrong with it.
    Pattern(String),
    PatternTooBig,
    MatchesAll,
    NoEnd,
    End,
    /// More than thirty days away.
    TooFar,
    /// Which of them is meant.
    NoIncident,
    /// None of that name is on; these are.
    Unknown(Vec<String>),
    /// One of that name is on already.
    Taken,
    NoText,
    /// The text names what is not the same for all; or is no template.
    Variable(String),
    /// Something of the inside is in the text.
    Leak(String),
    NoMailbox(String),
    /// The canned answer is not there.
    Canned(NotFound),
    /// Beside other commands.
    NotAlone,
    /// In a reply about a ticket; the desk's own address.
    NotHere(String),
}

/// The key of a field in the language files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Match,
    Until,
    Mailbox,
}

const FIELDS: &[(Field, &str)] =
    &[(Field::Match, "incident.match"), (Field::Until, "incident.until"), (Field::Mailbox, "incident.mailbox")];

fn is_one_of(key: &str, word: &str) -> bool {
    let word = fold(word);
    Wording::in_all_languages(key).any(|w| fold(w) == word)
}

/// The field whose word and colon stand at the beginning of `rest`, and how many characters these are.
fn field_at(rest: &[char]) -> Option<(Field, usize)> {
    FIELDS.iter().find_map(|(field, key)| {
        Wording::in_all_languages(key).find_map(|word| {
            let word: Vec<char> = fold(word).chars().collect();
            let after = rest.strip_prefix(word.as_slice())?;
            let blanks = after.iter().take_while(|c| **c == ' ').count();
            (after.get(blanks) == Some(&':')).then(|| (*field, word.len() + blanks + 1))
        })
    })
}

/// What stands before the first field, and what stands behind each. What stands in quotes is no field's name.
fn fields(text: &str) -> (String, Vec<(Field, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let folded: Vec<char> = fold(text).chars().collect();
    let mut parts: Vec<(Option<Field>, String)> = vec![(None, String::new())];
    let (mut at, mut in_quotes, mut begins) = (0, false, true);
    while let Some(c) = chars.get(at) {
        if begins
            && !in_quotes
            && let Some((field, length)) = folded.get(at..).and_then(field_at)
        {
            parts.push((Some(field), String::new()));
            at += length;
            continue;
        }
        in_quotes ^= *c == '"';
        begins = *c == ' ';
        if let Some((_, value)) = parts.last_mut() {
            value.push(*c);
        }
        at += 1;
    }
    let bare = |value: &str| value.trim().trim_matches('"').trim().to_owned();
    let mut parts = parts.into_iter();
    let head = parts.next().map(|(_, value)| bare(&value)).unwrap_or_default();
    (head, parts.filter_map(|(field, value)| Some((field?, bare(&value)))).collect())
}

/// Reads what follows `#incident`.
///
/// # Errors
/// [`Wrong::Incident`]
pub fn read(argument: &str, ground: &Ground<'_>) -> Result<Command, Wrong> {
    order(argument, ground).map(Command::Incident).map_err(Wrong::Incident)
}

fn order(argument: &str, ground: &Ground<'_>) -> Result<IncidentOrder, Fault> {
    let argument = argument.trim().trim_end_matches(['.', ',', ';', '!']);
    let (verb, rest) = argument.split_once(' ').unwrap_or((argument, ""));
    let verb = verb.trim_end_matches(':');
    if verb.is_empty() || is_one_of("incident.list", verb) {
        return Ok(IncidentOrder::List);
    }
    if is_one_of("incident.done_verb", verb) {
        let (which, _) = fields(rest);
        return if which.is_empty() { Err(Fault::NoIncident) } else { Ok(IncidentOrder::Done(which)) };
    }
    if is_one_of("incident.until_verb", verb) {
        return prolong(rest, ground);
    }
    if !is_one_of("incident.new", verb) {
        return Err(Fault::What);
    }
    let (name, values) = fields(rest);
    let value =
        |field: Field| values.iter().find(|(f, _)| *f == field).map(|(_, v)| v.clone()).filter(|v| !v.is_empty());
    let name = one_line(&name);
    if name.is_empty() {
        return Err(Fault::NoName);
    }
    if tag_of(&name).is_empty() || name.chars().count() > 100 {
        return Err(Fault::Name);
    }
    let pattern = value(Field::Match).ok_or(Fault::NoPattern)?;
    Pattern::read(&pattern).map_err(|error| match error {
        PatternError::MatchesAll => Fault::MatchesAll,
        PatternError::Syntax(why) => Fault::Pattern(why),
        PatternError::TooBig => Fault::PatternTooBig,
    })?;
    let until = end(&value(Field::Until).ok_or(Fault::NoEnd)?, ground)?;
    Ok(IncidentOrder::New(NewOrder { name, pattern, until, mailbox: value(Field::Mailbox) }))
}

/// `until NAME fri`, `until NAME until:fri`, `until 12 fri 17:00`.
fn prolong(rest: &str, ground: &Ground<'_>) -> Result<IncidentOrder, Fault> {
    let (head, values) = fields(rest);
    if let Some((_, value)) = values.iter().find(|(f, _)| *f == Field::Until) {
        return if head.is_empty() {
            Err(Fault::NoIncident)
        } else {
            Ok(IncidentOrder::Until(head, end(value, ground)?))
        };
    }
    // Quotes say where the name ends; else the longest end of the words that is a time.
    let head = rest.trim();
    if let Some((name, time)) = head.strip_prefix('"').and_then(|h| h.split_once('"')) {
        return Ok(IncidentOrder::Until(name.trim().to_owned(), end(time, ground)?));
    }
    let words: Vec<&str> = head.split(' ').filter(|w| !w.is_empty()).collect();
    if words.is_empty() {
        return Err(Fault::NoIncident);
    }
    let mut worst = if words.len() == 1 { Fault::NoEnd } else { Fault::End };
    for at in 1..words.len() {
        match end(&words[at..].join(" "), ground) {
            Ok(until) => return Ok(IncidentOrder::Until(words[..at].join(" "), until)),
            Err(Fault::TooFar) => worst = Fault::TooFar,
            Err(_) => {}
        }
    }
    Err(worst)
}

fn end(text: &str, ground: &Ground<'_>) -> Result<Time, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::NoEnd);
    }
    let until = when::parse(text.trim().trim_matches('"'), ground.now, ground.zone).ok_or(Fault::End)?;
    if until.since(ground.now) > LONGEST_S { Err(Fault::TooFar) } else { Ok(until) }
}

/// Whether `next` is the rest of `line`: a mail program has broken it within quotes, or before a field.
#[must_use]
pub fn goes_on(line: &str, next: &str) -> bool {
    let chars = |text: &str| -> Vec<char> { fold(text).chars().collect() };
    let last = line.trim_end().rsplit(' ').next().unwrap_or_default();
    let waits = field_at(&chars(last)).is_some_and(|(_, length)| length == last.chars().count());
    line.matches('"').count() % 2 == 1 || waits || field_at(&chars(next)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at_noon(argument: &str) -> Result<IncidentOrder, Fault> {
        let zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // A Friday, 12:00 here.
        let now = Time::parse_rfc3339("2026-11-20T11:00:00Z").unwrap();
        order(argument, &Ground { now, zone: &zone })
    }

    #[test]
    fn orders() {
        let new = |text: &str, mailbox: Option<&str>, until: &str| {
            let expect = IncidentOrder::New(NewOrder {
                name: "PostNord late in Skåne".to_owned(),
                pattern: "postnord försenad|inte fått paket".to_owned(),
                until: Time::parse_rfc3339(until).unwrap(),
                mailbox: mailbox.map(str::to_owned),
            });
            assert_eq!(read_at_noon(text), Ok(expect), "{text:?}");
        };
        new(
            "new \"PostNord late in Skåne\" match:\"postnord försenad|inte fått paket\" until:mon",
            None,
            "2026-11-23T08:00:00Z",
        );
        new(
            "ny PostNord late in Skåne matchar: postnord försenad|inte fått paket till: \"mån 17:00\"",
            None,
            "2026-11-23T16:00:00Z",
        );
        new(
            "NEW PostNord late in Skåne until:3d mailbox:support match:\"postnord försenad|inte fått paket\"",
            Some("support"),
            "2026-11-23T11:00:00Z",
        );
    }

    #[test]
    fn other_orders() {
        let check =
            |text: &str, expect: Result<IncidentOrder, Fault>| assert_eq!(read_at_noon(text), expect, "{text:?}");
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        for list in ["", "list", "lista", "List."] {
            check(list, Ok(IncidentOrder::List));
        }
        check("done PostNord late", Ok(IncidentOrder::Done("PostNord late".to_owned())));
        check("klar \"PostNord late\"", Ok(IncidentOrder::Done("PostNord late".to_owned())));
        check("done 12", Ok(IncidentOrder::Done("12".to_owned())));
        let until = |name: &str, text: &str| Ok(IncidentOrder::Until(name.to_owned(), at(text)));
        check("until PostNord late mon 17:00", until("PostNord late", "2026-11-23T16:00:00Z"));
        check("till 12 mån", until("12", "2026-11-23T08:00:00Z"));
        check("until \"PostNord in 2d\" until:3d", until("PostNord in 2d", "2026-11-23T11:00:00Z"));
        check("until \"PostNord in 2d\" 3d", until("PostNord in 2d", "2026-11-23T11:00:00Z"));
    }

    #[test]
    fn faults() {
        let check = |text: &str, expect: Fault| assert_eq!(read_at_noon(text), Err(expect), "{text:?}");
        check("PostNord late", Fault::What);
        check("new match:paket until:mon", Fault::NoName);
        check("new \"!!\" match:paket until:mon", Fault::Name);
        check("new PostNord until:mon", Fault::NoPattern);
        check("new PostNord match: until:mon", Fault::NoPattern);
        check("new PostNord match:paket", Fault::NoEnd);
        check("new PostNord match:paket until:", Fault::NoEnd);
        check("new PostNord match:paket until:sometime", Fault::End);
        check("new PostNord match:paket until:2026-11-19", Fault::End);
        check("new PostNord match:paket until:31d", Fault::TooFar);
        check("new PostNord match:.* until:mon", Fault::MatchesAll);
        assert!(matches!(read_at_noon("new PostNord match:\"a(b\" until:mon"), Err(Fault::Pattern(_))));
        check("done", Fault::NoIncident);
        check("until", Fault::NoIncident);
        check("until PostNord", Fault::NoEnd);
        check("until PostNord sometime", Fault::End);
        check("until PostNord 40d", Fault::TooFar);
    }

    #[test]
    fn broken_lines() {
        assert!(goes_on("#incident new \"X\" match:\"postnord försenad|inte", "fått paket\" until:fri"));
        assert!(goes_on("#incident new \"X\" match:\"postnord\"", "until:fri"));
        assert!(goes_on("#händelse ny X", "matchar:paket"));
        assert!(goes_on("#incident new \"X\" match:paket until:", "\"mon 17:00\""));
        assert!(!goes_on("#incident new \"X\" match:\"postnord\" until:fri", "PostNord är försenad."));
    }
}
