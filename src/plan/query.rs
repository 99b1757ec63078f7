//! The QUERY language: words and `state:open` and the like, `-` before a term excludes it.

use std::fmt;

use crate::model::{Priority, State, TicketNo, Time};
use crate::plan::nearest::nearest;

/// What is looked for: every term must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// With a `-` before it.
    pub excluded: bool,
    pub test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Found in a message's subject, names, addresses, new text or attachment names.
    Words(String),
    State(State),
    Mailbox(String),
    /// A whole address (any of the customer's, or a participant's), or words of a sender's name or address.
    From(String),
    /// The assignee: a whole address or what stands before its `@`; `none` for nobody.
    Agent(String),
    Tag(String),
    Priority(Priority),
    Subject(String),
    /// Opened more than so many seconds ago.
    Older(i64),
    /// Opened at most so many seconds ago.
    Newer(i64),
    /// An answer was due and is not there.
    Overdue,
    /// Both included.
    Number(TicketNo, TicketNo),
    /// Belongs to an incident of this name, tag or number.
    Incident(String),
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The term as it was typed, without its `-`.
    pub term: String,
    pub wanted: Wanted,
    /// The term that is nearest to it, as far as that can be told.
    pub nearest: Option<String>,
}

/// What would be right in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of [`KEYS`].
    Key,
    /// One of `State::ALL`.
    State,
    /// One of `Priority::ALL`.
    Priority,
    /// `30m`, `2h`, `7d`, `2w`.
    Span,
    /// `42`, `1..99`.
    Number,
    /// Anything at all.
    Something,
}

impl Wanted {
    /// The words that are right in its place, where there are only so many.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Key => KEYS.to_vec(),
            Self::State => State::ALL.iter().map(|s| s.as_str()).collect(),
            Self::Priority => Priority::ALL.iter().map(|p| p.as_str()).collect(),
            Self::Span | Self::Number | Self::Something => Vec::new(),
        }
    }
}

/// What may stand before a colon, and `overdue`.
pub const KEYS: &[&str] = &[
    "state:",
    "mailbox:",
    "from:",
    "agent:",
    "tag:",
    "priority:",
    "subject:",
    "older:",
    "newer:",
    "overdue",
    "number:",
    "incident:",
];

impl std::error::Error for QueryError {}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let term = &self.term;
        let words = self.wanted.words();
        match self.wanted {
            Wanted::Key => {
                let key = term.split(':').next().unwrap_or_default();
                let words = words.join(" ");
                write!(f, "{key}: is none of {words}; to search for it as a word, write \"{term}\" in quotes")?;
            }
            Wanted::State => write!(f, "{term}: a state is one of {}", words.join(", "))?,
            Wanted::Priority => write!(f, "{term}: a priority is one of {}", words.join(", "))?,
            Wanted::Span => write!(f, "{term}: write a time such as 30m, 2h, 7d or 2w")?,
            Wanted::Number => write!(f, "{term}: write number:42 or number:1..99")?,
            Wanted::Something => write!(f, "{term}: something must follow the colon")?,
        }
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

impl Query {
    /// # Errors
    /// [`QueryError`], in words for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let terms = joined(words(text)).iter().map(Term::parse).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    /// Whether tickets in that state are asked for by name.
    #[must_use]
    pub fn asks_for(&self, state: State) -> bool {
        self.terms.iter().any(|t| !t.excluded && t.test == Test::State(state))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

/// A word as typed: what stood in quotes is never a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub excluded: bool,
    /// Before the first colon outside quotes.
    pub key: Option<String>,
    pub value: String,
    pub quoted: bool,
}

/// Splits at white space outside of double quotes. A quote that is not closed ends with the text.
pub fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    let mut word = Word::default();
    let mut begun = false;
    let mut in_quotes = false;
    for c in text.chars() {
        match c {
            '"' | '“' | '”' => {
                in_quotes = !in_quotes;
                word.quoted = true;
                begun = true;
            }
            c if c.is_whitespace() && !in_quotes => {
                if begun {
                    out.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            '-' if !begun && !in_quotes => {
                word.excluded = true;
                begun = true;
            }
            ':' if !in_quotes && word.key.is_none() && !word.quoted && !word.value.is_empty() => {
                word.key = Some(std::mem::take(&mut word.value));
            }
            c => {
                word.value.push(c);
                begun = true;
            }
        }
    }
    if begun {
        out.push(word);
    }
    out.retain(|w| w.key.is_some() || !w.value.is_empty());
    out
}

/// `state: open`: telephones put a space behind a colon.
fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        match out.last_mut() {
            Some(before)
                if before.key.as_deref().is_some_and(is_key) && before.value.is_empty() && word.key.is_none() =>
            {
                before.value = word.value;
            }
            _ => out.push(word),
        }
    }
    out
}

fn is_key(word: &str) -> bool {
    KEYS.iter().any(|k| k.strip_suffix(':').is_some_and(|k| k.eq_ignore_ascii_case(word)))
}

impl Term {
    fn parse(word: &Word) -> Result<Self, QueryError> {
        let Word { excluded, key, value, quoted } = word.clone();
        let test = match key {
            Some(key) => Test::parse(&key, &value)?,
            None if !quoted && value.eq_ignore_ascii_case("overdue") => Test::Overdue,
            None => match value.strip_prefix('#').and_then(|n| n.parse().ok()) {
                Some(number) if !quoted => Test::Number(TicketNo(number), TicketNo(number)),
                _ => Test::Words(value),
            },
        };
        Ok(Self { excluded, test })
    }
}

impl Test {
    fn parse(key: &str, value: &str) -> Result<Self, QueryError> {
        let lower = value.to_lowercase();
        let known = key.to_ascii_lowercase();
        let refuse = |wanted: Wanted| {
            let nearest = nearest(&lower, wanted.words()).map(|near| format!("{known}:{near}"));
            QueryError { term: format!("{key}:{value}"), wanted, nearest }
        };
        let test = match known.as_str() {
            "state" => Self::State(State::parse(&lower).ok_or_else(|| refuse(Wanted::State))?),
            "priority" => Self::Priority(Priority::parse(&lower).ok_or_else(|| refuse(Wanted::Priority))?),
            "older" => Self::Older(seconds(&lower).ok_or_else(|| refuse(Wanted::Span))?),
            "newer" => Self::Newer(seconds(&lower).ok_or_else(|| refuse(Wanted::Span))?),
            "number" => {
                let (from, to) = range(&lower).ok_or_else(|| refuse(Wanted::Number))?;
                Self::Number(from, to)
            }
            "mailbox" | "from" | "agent" | "tag" | "subject" | "incident" if value.is_empty() => {
                return Err(refuse(Wanted::Something));
            }
            "mailbox" => Self::Mailbox(value.to_owned()),
            "from" => Self::From(lower),
            "agent" => Self::Agent(lower),
            "tag" => Self::Tag(lower),
            "subject" => Self::Subject(value.to_owned()),
            "incident" => Self::Incident(value.trim_start_matches('#').to_owned()),
            // An address of the web, a time of day: words that happen to hold a colon.
            _ if value.starts_with("//") || !key.chars().all(|c| c.is_ascii_alphabetic()) => {
                Self::Words(format!("{key}:{value}"))
            }
            _ => {
                let near = nearest(&format!("{known}:"), KEYS.iter().copied());
                let nearest = near.map(|near| format!("{near}{}", if near.ends_with(':') { value } else { "" }));
                return Err(QueryError { term: format!("{key}:{value}"), wanted: Wanted::Key, nearest });
            }
        };
        Ok(test)
    }
}

fn seconds(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'm' => Time::MINUTE,
        'h' => Time::HOUR,
        'd' => Time::DAY,
        'w' => 7 * Time::DAY,
        _ => return None,
    };
    let number: i64 = text[..text.len() - 1].parse().ok()?;
    number.checked_mul(unit).filter(|s| *s >= 0)
}

fn range(text: &str) -> Option<(TicketNo, TicketNo)> {
    let number = |t: &str| t.trim_start_matches('#').parse().ok().map(TicketNo);
    match text.split_once("..") {
        Some((from, to)) => Some((number(from)?, number(to)?)),
        None => number(text).map(|n| (n, n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(bool, Test)]) {
        let terms: Vec<_> = Query::parse(text).unwrap().terms.into_iter().map(|t| (t.excluded, t.test)).collect();
        assert_eq!(terms, expect, "{text}");
    }

    #[test]
    fn terms() {
        check("", &[]);
        check("  ", &[]);
        check("paket 10:30", &[(false, Test::Words("paket".into())), (false, Test::Words("10:30".into()))]);
        check(
            "state:open -mailbox:support",
            &[(false, Test::State(State::Open)), (true, Test::Mailbox("support".into()))],
        );
        check(
            "\"sen leverans\" subject:\"var är\"",
            &[(false, Test::Words("sen leverans".into())), (false, Test::Subject("var är".into()))],
        );
        check(
            "older:2h newer:7d OVERDUE \"overdue\"",
            &[
                (false, Test::Older(7200)),
                (false, Test::Newer(604_800)),
                (false, Test::Overdue),
                (false, Test::Words("overdue".into())),
            ],
        );
        check(
            "number:1..99 #42 number:#7",
            &[
                (false, Test::Number(TicketNo(1), TicketNo(99))),
                (false, Test::Number(TicketNo(42), TicketNo(42))),
                (false, Test::Number(TicketNo(7), TicketNo(7))),
            ],
        );
        check(
            "from:Kund@Example.test agent:anna tag:Sen priority:HIGH",
            &[
                (false, Test::From("kund@example.test".into())),
                (false, Test::Agent("anna".into())),
                (false, Test::Tag("sen".into())),
                (false, Test::Priority(Priority::High)),
            ],
        );
        check(
            "https://a.test/x \"foo:bar\"",
            &[(false, Test::Words("https://a.test/x".into())), (false, Test::Words("foo:bar".into()))],
        );
        check(
            "state: open tag: sen x",
            &[(false, Test::State(State::Open)), (false, Test::Tag("sen".into())), (false, Test::Words("x".into()))],
        );
        check("- -\"a b", &[(true, Test::Words("a b".into()))]);
    }

    #[test]
    fn mistakes_are_said() {
        for (text, word) in [
            ("state:opne", "held"),
            ("older:2", "30m"),
            ("older:1y", "30m"),
            ("older:999999999999999w", "30m"),
            ("number:a", "1..99"),
            ("tag:", "follow the colon"),
            ("stat:open", "did you mean state:open?"),
            ("state:opne", "did you mean state:open?"),
            ("overdu:", "did you mean overdue?"),
            ("foo:bar", "in quotes"),
            ("priority:", "urgent"),
        ] {
            let error = Query::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
