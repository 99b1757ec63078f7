//! To an agent: a command was wrong and nothing was done; and the list of commands.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::desk::commands::incident::Fault;
use crate::desk::commands::{Entry, TABLE, keyword};
use crate::model::{TicketNo, one_line};
use crate::plan::query::{QueryError, Wanted};
use crate::wording::Wording;

#[derive(Clone, Debug)]
pub struct RefusedFacts {
    /// `None`: a mail to the desk itself.
    pub number: Option<TicketNo>,
    /// The ticket's, or the refused mail's.
    pub subject: String,
    pub wrong: Vec<WrongLine>,
    /// What the agent wrote, commands included, for sending again.
    pub draft: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    /// As written.
    pub line: String,
    pub why: WrongWhy,
    /// The nearest right line, `#close`.
    pub nearest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongWhy {
    UnknownCommand,
    /// Something must follow the word: `example` shows it.
    MissingArgument {
        example: String,
    },
    /// What follows the word cannot be so: `example` shows it.
    BadArgument {
        example: String,
    },
    /// Nothing may follow the word.
    UnwantedArgument,
    /// `#hold`, `#away`: a time that cannot be read or is past.
    BadTime,
    BadAddress,
    /// A query that cannot be read.
    Query(QueryError),
    NoSuchAgent,
    NoSuchTicket,
    NoSuchCanned,
    /// Several canned answers begin so.
    AmbiguousCanned {
        names: Vec<String>,
    },
    /// A canned answer names variables that nobody knows.
    UnknownVariables {
        names: Vec<String>,
    },
    /// A canned answer names what this ticket does not have.
    EmptyVariables {
        names: Vec<String>,
    },
    /// A canned answer is no template.
    BrokenCanned {
        why: String,
    },
    NothingWaits,
    /// Two commands that exclude each other.
    Contradicts {
        other: String,
    },
    /// Text is needed below (`#note`, `#ask`).
    MissingText,
    /// Several people answer to that name: these.
    Ambiguous {
        people: Vec<String>,
    },
    /// One of our own addresses cannot take part.
    OurAddress,
    /// Ten people take part already.
    TooMany,
    /// The customer has no address that an answer could go to.
    NoAddress,
    /// The message has no attachments.
    NoFiles,
    /// `#ask`, `#new`: the address is the ticket's customer's.
    IsCustomer,
    /// `#split` of a ticket's first message.
    NothingBefore,
    NoSuchQuarantine,
    /// Known, but not in this version.
    NotYet,
    /// Not for this person, or not in a reply to this mail.
    NotAllowed,
    /// What is wrong about an `#incident`; `example` shows a right one.
    Incident {
        fault: Fault,
        example: String,
    },
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

#[must_use]
pub fn refused(voice: &Voice<'_>, facts: &RefusedFacts) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.word(if facts.wrong.len() > 1 { "refused.intro_many" } else { "refused.intro" }));
    for wrong in &facts.wrong {
        let mut said = format!("{}: {}.", one_line(&wrong.line), reason(voice, &wrong.why));
        if let Some(nearest) = &wrong.nearest {
            said.push(' ');
            said.push_str(&words.say("refused.nearest", context! { nearest => one_line(nearest) }));
        }
        sheet.warn(&said);
    }
    if !facts.draft.trim().is_empty() {
        sheet.say(&words.word("refused.again"));
        sheet.excerpt(&facts.draft);
    }
    sheet.head(&words.word("refused.all"));
    list(voice, &mut sheet);
    let subject = match facts.number {
        Some(number) => super::subject::for_agent(number, &facts.subject),
        None => voice.subject_or_none(&facts.subject),
    };
    sheet.done(words.language(), words.say("refused.subject", context! { subject }))
}

fn reason(voice: &Voice<'_>, why: &WrongWhy) -> String {
    let words = voice.words();
    words.word(match why {
        WrongWhy::UnknownCommand => "refused.unknown_command",
        WrongWhy::MissingArgument { example } => {
            return words.say("refused.missing_argument", context! { example => one_line(example) });
        }
        WrongWhy::BadArgument { example } => {
            return words.say("refused.bad_argument", context! { example => one_line(example) });
        }
        WrongWhy::UnwantedArgument => "refused.unwanted_argument",
        WrongWhy::BadTime => "refused.bad_time",
        WrongWhy::BadAddress => "refused.bad_address",
        WrongWhy::Query(error) => return query(words, error),
        WrongWhy::NoSuchAgent => "refused.no_such_agent",
        WrongWhy::NoSuchTicket => "refused.no_such_ticket",
        WrongWhy::NoSuchCanned => "refused.no_such_canned",
        WrongWhy::AmbiguousCanned { names } => {
            return words.say("refused.ambiguous_canned", context! { list => words.list(names) });
        }
        WrongWhy::UnknownVariables { names } => {
            return words.say("refused.unknown_variables", context! { list => words.list(names) });
        }
        WrongWhy::EmptyVariables { names } => {
            return words.say("refused.empty_variables", context! { list => words.list(names) });
        }
        WrongWhy::BrokenCanned { why } => {
            return words.say("refused.broken_canned", context! { why => one_line(why) });
        }
        WrongWhy::NothingWaits => "refused.nothing_waits",
        WrongWhy::Contradicts { other } => {
            return words.say("refused.contradicts", context! { other => one_line(other) });
        }
        WrongWhy::MissingText => "refused.missing_text",
        WrongWhy::Ambiguous { people } => {
            let people: Vec<String> = people.iter().map(|p| one_line(p)).collect();
            return words.say("refused.ambiguous", context! { people => words.list(&people) });
        }
        WrongWhy::OurAddress => "refused.our_address",
        WrongWhy::TooMany => "refused.too_many",
        WrongWhy::NoAddress => "refused.no_address",
        WrongWhy::NoFiles => "refused.no_files",
        WrongWhy::IsCustomer => "refused.is_customer",
        WrongWhy::NothingBefore => "refused.nothing_before",
        WrongWhy::NoSuchQuarantine => "refused.no_such_quarantine",
        WrongWhy::NotYet => "refused.not_yet",
        WrongWhy::NotAllowed => "refused.not_allowed",
        WrongWhy::Incident { fault, example } => return of_incident(voice, fault, example),
        WrongWhy::Other(sentence) => return one_line(sentence).trim_end_matches('.').to_owned(),
    })
}

fn of_incident(voice: &Voice<'_>, fault: &Fault, example: &str) -> String {
    let words = voice.words();
    let (key, why) = match fault {
        Fault::What => ("refused.incident_what", ""),
        Fault::NoName => ("refused.incident_no_name", ""),
        Fault::Name => ("refused.incident_name", ""),
        Fault::NoPattern => ("refused.incident_no_pattern", ""),
        Fault::Pattern(why) => ("refused.incident_pattern", why.as_str()),
        Fault::PatternTooBig => ("refused.incident_too_big", ""),
        Fault::MatchesAll => ("refused.incident_matches_all", ""),
        Fault::NoEnd => ("refused.incident_no_end", ""),
        Fault::End => ("refused.incident_end", ""),
        Fault::TooFar => ("refused.incident_too_far", ""),
        Fault::NoIncident => ("refused.incident_which", ""),
        Fault::Unknown(names) if names.is_empty() => ("refused.incident_unknown_none", ""),
        Fault::Unknown(names) => {
            let names: Vec<String> = names.iter().map(|n| one_line(n)).collect();
            return words.say("refused.incident_unknown", context! { names => words.list(&names) });
        }
        Fault::Taken => ("refused.incident_taken", ""),
        Fault::NoText => ("refused.incident_no_text", ""),
        Fault::Variable(why) => ("refused.incident_variable", why.as_str()),
        Fault::Leak(why) => ("refused.incident_leak", why.as_str()),
        Fault::NoMailbox(why) => ("refused.incident_mailbox", why.as_str()),
        Fault::NotAlone | Fault::Canned(_) => ("refused.incident_not_alone", ""),
        Fault::NotHere(why) => ("refused.incident_not_here", why.as_str()),
    };
    words.say(key, context! { why => one_line(why), example => one_line(example) })
}

/// What is wrong with a query, and what would be right.
fn query(words: &Wording, error: &QueryError) -> String {
    let key = match error.wanted {
        Wanted::Key => "query.key",
        Wanted::State => "query.state",
        Wanted::Priority => "query.priority",
        Wanted::Span => "query.span",
        Wanted::Number => "query.number",
        Wanted::Something => "query.something",
    };
    let known = error.wanted.words().join(", ");
    words.say(key, context! { term => one_line(&error.term), known })
}

/// The list of commands (`#help`). `ticket`: the one in whose notification it was asked for.
#[must_use]
pub fn help(voice: &Voice<'_>, ticket: Option<(TicketNo, &str)>) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    sheet.say(&words.word("help.intro"));
    sheet.head(&words.word("refused.all"));
    list(voice, &mut sheet);
    let subject = words.word("help.subject");
    let subject = match ticket {
        Some((number, about)) => format!("{subject}: {}", super::subject::for_agent(number, about)),
        None => subject,
    };
    sheet.done(words.language(), subject)
}

/// The table of commands in the reader's language; where it has another word than English, both.
pub(super) fn list(voice: &Voice<'_>, sheet: &mut Sheet) {
    let words = voice.words();
    let english = Wording::of("en");
    let row = |entry: &Entry| {
        let (own, other) = (keyword(words, entry.key), keyword(english, entry.key));
        let name = if own == other { format!("#{own}") } else { format!("#{own}, #{other}") };
        (name, words.word_if_known(&format!("commands.{}", entry.key)).unwrap_or_default())
    };
    let rows: Vec<(String, String)> = TABLE.iter().filter(|e| e.is_here()).map(row).collect();
    sheet.wrapped_rows(&rows);
}
