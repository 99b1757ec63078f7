//! Automatic answers that no header gives away: how they open their subjects and their texts, language by language.
//!
//! A person may write "I am out of office next week, please deliver on Friday". So an opening counts alone only where no person
//! writes it; else two signs are wanted, and a question or a long text is a person's.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::kind::Signs;
use crate::mail::kind::openings::{ANSWERS, PREFIXES, WANTS, WEAK_PREFIXES};
use crate::mail::kind::phrases::{ABSENCE, COURTESIES, DECLARATIONS, RECEIVED};
use crate::mail::letter::ReturnPath;
use crate::mail::lower::{self, lower};
use crate::mail::phrase::{Openings, any_of};

static OF_PREFIXES: LazyLock<Openings> = LazyLock::new(|| Openings::new(PREFIXES));
static OF_WEAK_PREFIXES: LazyLock<Openings> = LazyLock::new(|| Openings::new(WEAK_PREFIXES));
static IN_ABSENCE: LazyLock<Regex> = LazyLock::new(|| any_of(ABSENCE));
static IN_COURTESIES: LazyLock<Regex> = LazyLock::new(|| any_of(COURTESIES));
static IN_DECLARATIONS: LazyLock<Regex> = LazyLock::new(|| any_of(DECLARATIONS));
static IN_RECEIVED: LazyLock<Regex> = LazyLock::new(|| any_of(RECEIVED));
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    // `[Ticket#2026112010000015]`, `(RT #42)`, `[SHOP-123]`, `Case 00012345`, `Ärende-ID: 42`.
    let written = r"(?i)(?:\[|\()[^\])]{0,40}(?:#\s?\d{2,}|[a-z]{2,10}-\d+|\d{4,})[^\])]{0,20}(?:\]|\))|(?:ticket|case|request|reference|ärende|ärendenummer|sak|sag|tapaus|anfrage|vorgang|zaak|demande|solicitud|richiesta|pedido|zgłoszenie)[ \-]?(?:id|nr|no|number|nummer|numero|numéro)?\.?[:\s#]{1,3}[a-z]{0,4}-?\d{3,}";
    Regex::new(written).expect("a constant expression")
});

/// How much of a text is its beginning, in characters.
const HEAD: usize = 700;
/// How long an automatic answer is at most, in characters; whoever has more to say is a person.
const SHORT: usize = 1_500;

fn head(text: &str) -> String {
    lower(lower::head(text, HEAD))
}

/// Words of absence in the beginning of a text.
fn absence_words(text: &str) -> Option<String> {
    IN_ABSENCE.find(&head(text)).map(|m| m.as_str().to_owned())
}

/// An opening of the subject, followed by a colon or nothing. `Re: Automatiskt svar: …` is a person who answers a robot.
pub(super) fn subject(signs: &Signs<'_>) -> Option<String> {
    let subject = lower(signs.subject);
    let subject = subject.trim_start_matches(['[', '(', '*', ' ', '<']);
    let after = |opening: &str| {
        let rest = subject.strip_prefix(opening)?;
        Some(rest.trim_start_matches([']', ')', '*', '>', ' ', '\u{a0}']).to_owned())
    };
    let supported = || {
        *signs.return_path == ReturnPath::Empty
            || suppresses(signs)
            || (signs.text.chars().count() <= SHORT && !signs.text.contains('?') && absence_words(signs.text).is_some())
    };
    let mut found = OF_PREFIXES.of(subject).filter_map(|opening| {
        let rest = after(opening)?;
        let colon = rest.starts_with([':', '：']);
        let alone = rest.is_empty()
            || rest.starts_with(['-', '–', '!', '.', ',', '|'])
            || ANSWERS.iter().any(|a| rest.starts_with(a));
        (colon || (alone && opening != "auto" && supported())).then(|| format!("Subject: {opening}"))
    });
    let mut weak = OF_WEAK_PREFIXES.of(subject).filter_map(|opening| {
        let rest = after(opening)?;
        let ends = rest.is_empty()
            || rest.starts_with([':', '：', '-', '–', '!', '.', ',', '|', '('])
            || ANSWERS.iter().any(|a| rest.starts_with(a))
            || ["until", "till", "t.o.m", "bis ", "tot ", "jusqu", "hasta", "fino", "até", "do "]
                .iter()
                .any(|w| rest.starts_with(w));
        (ends && supported()).then(|| format!("Subject: {opening}"))
    });
    found.next().or_else(|| weak.next())
}

fn suppresses(signs: &Signs<'_>) -> bool {
    let value = signs.value("X-Auto-Response-Suppress");
    value.contains("all") || value.contains("autoreply") || value.contains("oof")
}

/// Words of absence together with a field that is no sign alone.
pub(super) fn sign_and_words(signs: &Signs<'_>) -> Option<String> {
    let bulk = matches!(signs.value("Precedence").as_str(), "bulk" | "junk");
    let sign = if *signs.return_path == ReturnPath::Empty {
        "empty Return-Path"
    } else if signs.fields().has("X-Loop") {
        "X-Loop"
    } else if suppresses(signs) {
        "X-Auto-Response-Suppress"
    } else if signs.fields().has("X-MS-Exchange-Inbox-Rules-Loop") {
        "X-MS-Exchange-Inbox-Rules-Loop"
    } else if bulk && !signs.fields().has("List-Id") {
        "Precedence"
    } else {
        return None;
    };
    // A customer who is away, and wants something of us.
    if signs.text.contains('?') || WANTS.iter().any(|w| head(signs.text).contains(w)) {
        return None;
    }
    let words = absence_words(signs.text).or_else(|| {
        let head = head(signs.text);
        IN_DECLARATIONS.find(&head).map(|m| m.as_str().to_owned())
    })?;
    Some(format!("{sign} and the words \"{words}\""))
}

/// A text that says of itself that it is automatic: at its beginning; or, from an address that nobody reads, anywhere.
pub(super) fn declared(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    let unread = is_unread(signs);
    let said = lower(if unread { text } else { lower::head(text, 250) });
    let found = IN_DECLARATIONS.find(&said)?;
    // Whoever shows us a robot's mail asks or tells something first.
    let before = &said[..found.start()];
    let opens = before.chars().count() <= 120 && !before.contains('?') && before.lines().count() <= 4;
    let sentence = before.trim_end_matches([' ', '*', '-', '_', '(', '[', '"']);
    let begins = sentence.is_empty() || sentence.ends_with(['\n', '.', '!', ',', ':']);
    (unread || (opens && begins && !before.contains(['"', '”', '“'])))
        .then(|| format!("the words \"{}\"", found.as_str()))
}

/// `noreply@` and the like: nobody types mail there. Alone it is no sign, for forms on web sites send so too.
fn is_unread(signs: &Signs<'_>) -> bool {
    let local = signs.from.map(|f| f.address.local().replace(['-', '_', '.'], "")).unwrap_or_default();
    [
        "noreply",
        "donotreply",
        "ingetsvar",
        "svaraej",
        "ikkesvar",
        "eivastausta",
        "keineantwort",
        "nepasrepondre",
        "noresponder",
    ]
    .iter()
    .any(|w| local.starts_with(w))
}

/// An acknowledgement of a ticket system: it answers, it says that something was received, and it gives it a number.
pub(super) fn ticket(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    // Before the text is looked into: hardly any letter comes from such an address.
    let office = signs.from.is_some_and(|f| {
        let local = f.address.local();
        [
            "support",
            "help",
            "service",
            "kundtj",
            "kundeservice",
            "asiakaspalvelu",
            "ticket",
            "desk",
            "info",
            "noreply",
            "no-reply",
        ]
        .iter()
        .any(|w| local.contains(w))
    });
    if !office || text.chars().count() > 2 * SHORT {
        return None;
    }
    let head = head(text);
    let received = IN_RECEIVED.find(&head)?.as_str().to_owned();
    let numbered = NUMBERED.is_match(signs.subject) || NUMBERED.is_match(&head);
    let asks = head.find('?').is_some_and(|q| q < 200);
    (numbered && !asks && (signs.is_answer() || is_unread(signs) || IN_DECLARATIONS.is_match(&lower(text))))
        .then(|| format!("an acknowledgement: \"{received}\" and a number"))
}

/// An automatic answer without any header: it answers, it is short, asks nothing, says that somebody is away, and what
/// automatic answers say besides.
pub(super) fn absence(signs: &Signs<'_>) -> Option<String> {
    let text = signs.text.trim();
    if text.contains('?') || text.chars().count() > SHORT {
        return None;
    }
    let opens = |subject: &str| ANSWERS.iter().chain(WEAK_PREFIXES).any(|a| subject.starts_with(a));
    if !signs.is_answer() && !opens(&lower(signs.subject)) {
        return None;
    }
    let head = head(text);
    let away = IN_ABSENCE.find(&head).filter(|m| m.start() < 250)?;
    let courtesy = IN_COURTESIES.find(&head)?;
    if WANTS.iter().any(|w| head.contains(w)) {
        return None;
    }
    Some(format!("the words \"{}\" and \"{}\"", away.as_str(), courtesy.as_str()))
}

#[cfg(test)]
mod tests;
