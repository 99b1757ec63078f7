//! The QUERY language: words and `state:open` and the like, `-` before a term excludes it.

use super::db::Arg;
use super::search::{Column, matching};
use crate::model::{Address, Priority, State, TicketNo, Time};

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
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub String);

const KEYS: &str = "state: mailbox: from: agent: tag: priority: subject: older: newer: overdue number:";

impl Query {
    /// # Errors
    /// [`QueryError`], in words for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let terms = words(text).into_iter().map(|word| Term::parse(&word)).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether tickets in that state are asked for by name.
    #[must_use]
    pub fn asks_for(&self, state: State) -> bool {
        self.terms.iter().any(|t| !t.excluded && t.test == Test::State(state))
    }

    /// The condition on `ticket t`, and its parameters from ?1 on.
    pub(super) fn condition(&self, now: Time) -> (String, Vec<Arg<'static>>) {
        if self.terms.is_empty() {
            return ("t.state IN ('open', 'pending', 'held')".to_owned(), Vec::new());
        }
        let mut args = Vec::new();
        let conditions: Vec<String> = self
            .terms
            .iter()
            .map(|term| {
                let condition = term.test.condition(now, &mut args);
                if term.excluded { format!("({condition}) IS NOT TRUE") } else { format!("({condition})") }
            })
            .collect();
        (conditions.join(" AND "), args)
    }
}

/// A word as typed: what stood in quotes is never a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) excluded: bool,
    /// Before the first colon outside quotes.
    pub(super) key: Option<String>,
    pub(super) value: String,
    pub(super) quoted: bool,
}

/// Splits at white space outside of double quotes. A quote that is not closed ends with the text.
pub(super) fn words(text: &str) -> Vec<Word> {
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
        let refuse = |wanted: &str| QueryError(format!("{key}:{value}: {wanted}"));
        let lower = value.to_lowercase();
        let test = match key.to_ascii_lowercase().as_str() {
            "state" => {
                let all: Vec<_> = State::ALL.iter().map(|s| s.as_str()).collect();
                Self::State(
                    State::parse(&lower).ok_or_else(|| refuse(&format!("a state is one of {}", all.join(", "))))?,
                )
            }
            "priority" => {
                let all: Vec<_> = Priority::ALL.iter().map(|s| s.as_str()).collect();
                Self::Priority(
                    Priority::parse(&lower)
                        .ok_or_else(|| refuse(&format!("a priority is one of {}", all.join(", "))))?,
                )
            }
            "older" => Self::Older(seconds(&lower).ok_or_else(|| refuse(SPAN))?),
            "newer" => Self::Newer(seconds(&lower).ok_or_else(|| refuse(SPAN))?),
            "number" => {
                let (from, to) = range(&lower).ok_or_else(|| refuse("write number:42 or number:1..99"))?;
                Self::Number(from, to)
            }
            "mailbox" | "from" | "agent" | "tag" | "subject" if value.is_empty() => {
                return Err(refuse("something must follow the colon, without a space"));
            }
            "mailbox" => Self::Mailbox(value.to_owned()),
            "from" => Self::From(lower),
            "agent" => Self::Agent(lower),
            "tag" => Self::Tag(lower),
            "subject" => Self::Subject(value.to_owned()),
            // An address of the web, a time of day: words that happen to hold a colon.
            _ if value.starts_with("//") || !key.chars().all(|c| c.is_ascii_alphabetic()) => {
                Self::Words(format!("{key}:{value}"))
            }
            _ => {
                return Err(QueryError(format!(
                    "{key}: is none of {KEYS}; to search for it as a word, write \"{key}:{value}\" in quotes"
                )));
            }
        };
        Ok(test)
    }

    fn condition(&self, now: Time, args: &mut Vec<Arg<'static>>) -> String {
        let mut bind = |arg: Arg<'static>| {
            args.push(arg);
            format!("?{}", args.len())
        };
        match self {
            Self::Words(words) => found_in(None, words, bind),
            Self::Subject(words) => found_in(Some(Column::Subject), words, bind),
            // The open states stand in an index of their own.
            Self::State(state @ (State::Open | State::Pending | State::Held)) => {
                format!("t.state IN ('open', 'pending', 'held') AND t.state = {}", bind((*state).into()))
            }
            Self::State(state) => format!("t.state = {}", bind((*state).into())),
            Self::Mailbox(name) => format!("t.mailbox = {}", bind(name.clone().into())),
            Self::From(who) => match Address::parse(who) {
                Some(address) => {
                    let address = bind(address.as_str().to_owned().into());
                    format!(
                        "t.number IN (SELECT c.number FROM address a JOIN ticket c ON c.customer = a.customer
                                      WHERE a.address = {address}
                                      UNION ALL SELECT ticket FROM participant WHERE address = {address})"
                    )
                }
                None => found_in(Some(Column::Sender), who, bind),
            },
            Self::Agent(who) if who == "none" => "t.assignee IS NULL".to_owned(),
            Self::Agent(who) if who.contains('@') => format!("t.assignee = {}", bind(who.clone().into())),
            // 'A' follows '@'.
            Self::Agent(who) => {
                let from = bind(format!("{who}@").into());
                let to = bind(format!("{who}A").into());
                format!("t.assignee >= {from} AND t.assignee < {to}")
            }
            Self::Tag(tag) => format!("t.number IN (SELECT ticket FROM tag WHERE tag = {})", bind(tag.clone().into())),
            Self::Priority(priority) => format!("t.priority = {}", bind((*priority).into())),
            Self::Older(seconds) => format!("t.created_at < {}", bind(now.plus(-seconds).into())),
            // Else the order by number looks cheaper than the index.
            Self::Newer(seconds) => format!(
                "t.number IN (SELECT number FROM ticket WHERE created_at >= {})",
                bind(now.plus(-seconds).into())
            ),
            Self::Overdue => format!(
                "t.number IN (SELECT number FROM ticket WHERE late_at <= {}) AND t.state IN ('open', 'pending', 'held')",
                bind(now.into())
            ),
            Self::Number(from, to) => {
                let from = bind((*from).into());
                let to = bind((*to).into());
                format!("t.number BETWEEN {from} AND {to}")
            }
        }
    }
}

fn found_in(column: Option<Column>, words: &str, mut bind: impl FnMut(Arg<'static>) -> String) -> String {
    match matching(column, &[words]) {
        Some(expression) => format!(
            "t.number IN (SELECT m.ticket FROM search s CROSS JOIN message m ON m.no = s.rowid WHERE s.search MATCH {})",
            bind(expression.into())
        ),
        // Nothing but punctuation: excludes nothing, demands nothing.
        None => "NULL IS NULL".to_owned(),
    }
}

const SPAN: &str = "write a time such as 30m, 2h, 7d or 2w";

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
            ("foo:bar", "in quotes"),
            ("priority:", "urgent"),
        ] {
            let error = Query::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
