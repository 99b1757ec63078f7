//! Which ticket a letter would join, as far as it can be told without a database: what it would be looked up by, strongest first.

use serde_json::{Value, json};

use crate::desk::sign::{SignedAddress, Token};
use crate::desk::thread;
use crate::mail::letter::Letter;
use crate::model::{Kind, TicketNo};

/// One thing that a ticket is looked up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clue {
    /// The rule of `desk::thread` or of `desk::proof` that it feeds.
    pub rule: &'static str,
    pub value: String,
    /// The ticket that it names outright.
    pub ticket: Option<TicketNo>,
}

/// What `letter` says of the ticket that it belongs to. Nothing is looked up and no signature is verified.
#[must_use]
pub fn clues(letter: &Letter) -> Vec<Clue> {
    let mut out: Vec<Clue> = Vec::new();
    let named = letter.to.iter().chain(&letter.cc).map(|p| &p.address).chain(&letter.delivered_to);
    for address in named {
        let Some((_, detail)) = address.local().split_once('+') else { continue };
        let Some(signed) = SignedAddress::parse(detail) else { continue };
        let rule = match signed.token {
            Token::Answer { .. } => "signed address for an answer",
            Token::OneTap { .. } => "signed address for one command",
            Token::Note { .. } => "signed address for a note",
            Token::Desk { .. } => "signed address for commands",
            Token::Confirm { .. } => "signed address for a confirmation",
            Token::Third { .. } => "signed address for a third party's reply",
            Token::Release { .. } => "signed address that releases a mail from quarantine",
            Token::Practice { .. } => "signed address for practice",
        };
        let clue = Clue { rule, value: address.to_string(), ticket: signed.token.ticket() };
        if !out.contains(&clue) {
            out.push(clue);
        }
    }
    let mut add = |rule: &'static str, value: String, ticket: Option<TicketNo>| out.push(Clue { rule, value, ticket });
    if let Some(id) = &letter.svar_id {
        add("X-Svar-Id", id.clone(), None);
    }
    if let Some(bounce) = &letter.bounce {
        if let Some(id) = &bounce.svar_id {
            add("X-Svar-Id of the mail that bounced", id.clone(), None);
        }
        if let Some(id) = &bounce.message_id {
            add("the mail that bounced", id.clone(), None);
        }
    }
    let answered = letter.in_reply_to.iter().chain(letter.references.iter().rev());
    let mut seen: Vec<&String> = Vec::new();
    for id in answered {
        if !seen.contains(&id) {
            seen.push(id);
            add("reference to a message on record", id.clone(), None);
        }
    }
    for number in thread::numbers(&letter.subject) {
        add("number in the subject", format!("#{}", number.0), Some(number));
    }
    if let Some(index) = &letter.thread_index {
        add("Thread-Index, same people, same subject", index.clone(), None);
    }
    if letter.kind == Kind::Person
        && let Some(from) = &letter.from
        && !letter.base_subject.is_empty()
    {
        let value = format!("{}, \"{}\"", from.address, letter.base_subject);
        add("same person, same subject, still unanswered", value, None);
    }
    out
}

/// The same as JSON.
#[must_use]
pub fn object(letter: &Letter) -> Value {
    let clues = clues(letter);
    let number = clues.iter().find_map(|c| c.ticket).map(|t| t.0);
    let list: Vec<Value> = clues.iter().map(|c| json!({"rule": c.rule, "value": c.value})).collect();
    json!({"number": number, "looked_up_by": list})
}

/// In a few lines for people: the ticket that is named, then what else it would be looked up by.
#[must_use]
pub fn told(letter: &Letter) -> Vec<String> {
    let clues = clues(letter);
    let mut out: Vec<String> = Vec::new();
    if let Some(clue) = clues.iter().find(|c| c.ticket.is_some()) {
        let number = clue.ticket.map_or(0, |t| t.0);
        let by = match clue.rule {
            "number in the subject" => "its number is in the subject, if the sender takes part in it".to_owned(),
            rule => format!("{rule}, if the desk's key made it and From is that agent's"),
        };
        out.push(format!("#{number}: {by}"));
    }
    let references: Vec<&Clue> = clues.iter().filter(|c| c.rule.starts_with("reference")).collect();
    if let Some((first, rest)) = references.split_first() {
        let more = match rest.len() {
            0 => String::new(),
            n => format!(" and {n} earlier"),
        };
        let or = if out.is_empty() { "that of" } else { "before that, the one of" };
        out.push(format!("{or} <{}>{more}, if on record", first.value));
    }
    for clue in &clues {
        match clue.rule {
            "X-Svar-Id" | "X-Svar-Id of the mail that bounced" => {
                out.push("the one that its X-Svar-Id names".to_owned())
            }
            "the mail that bounced" => out.push(format!("that of <{}>, which this reports on", clue.value)),
            _ => {}
        }
    }
    if out.is_empty() {
        out.push(match letter.kind {
            Kind::Person => match clues.iter().find(|c| c.rule.starts_with("same person")) {
                Some(_) => format!("a new one, unless the sender waits for an answer on \"{}\"", letter.base_subject),
                None => "a new one".to_owned(),
            },
            _ => "none: a robot's mail opens none".to_owned(),
        });
    }
    out
}
