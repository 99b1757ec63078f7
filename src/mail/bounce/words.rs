//! Delivery reports in words alone: what Exim, qmail, Postfix, Exchange, Domino, Yahoo and many others write.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::bounce::MAX_RECIPIENTS;
use crate::mail::bounce::report::{shorten, status_code};
use crate::mail::letter::{Action, BouncedRecipient};
use crate::mail::mime::Part;
use crate::model::{Address, Party};

/// Whether the sender is a mail server by its name.
pub(super) fn is_daemon(root: &Part<'_>, from: Option<&Party>) -> bool {
    const LOCALS: &[&str] = &[
        "mailer-daemon",
        "mailerdaemon",
        "mail-daemon",
        "mdaemon",
        "postmaster",
        "mail.delivery.system",
        "microsoftexchange",
    ];
    const NAMES: &[&str] = &[
        "mail delivery",
        "mailer-daemon",
        "mail administrator",
        "mailer daemon",
        "delivery subsystem",
        "system administrator",
    ];
    if root.fields.has("X-Failed-Recipients") {
        return true;
    }
    // `Mail Delivery System <>` has no address that could be read.
    let raw = root.fields.plain("From").unwrap_or_default().to_ascii_lowercase();
    let local = from.map(|f| f.address.local().to_owned()).unwrap_or_default();
    let by_local = LOCALS.iter().any(|l| local.starts_with(l));
    by_local || NAMES.iter().any(|n| raw.contains(n)) || (from.is_none() && raw.starts_with("postmaster"))
}

/// How subjects of delivery reports begin or what they contain, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery notification",
    "delivery report",
    "delivery problem",
    "delivery error",
    "delivery warning",
    "delivery incomplete",
    "returned mail",
    "returned to sender",
    "failure notice",
    "mail failure",
    "failed mail",
    "mail system error",
    "non-delivery",
    "nondeliverable",
    "could not be delivered",
    "not delivered",
    "user unknown",
    "message delayed",
    "delayed mail",
    "delayed 24 hours",
    "has not yet been delivered",
    "olevererbar",
    "kunde inte levereras",
    "leveransfel",
    "kunne ikke leveres",
    "ulevert",
    "toimittaminen epäonnistui",
    "unzustellbar",
    "nicht zugestellt",
    "unzustellbarkeit",
    "non remis",
    "échec de la remise",
    "non recensé",
    "no se puede entregar",
    "onbestelbaar",
    "niet bezorgd",
    "impossibile recapitare",
    "mancato recapito",
    "não entregue",
    "niedostarczalne",
    "returnerat mail",
    "mail delivery",
    "permanent delivery failure",
];

/// What their texts say, lower case.
const TEXTS: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "could not deliver",
    "not able to deliver",
    "wasn't able to deliver",
    "was not delivered",
    "unable to deliver",
    "cannot be delivered",
    "can't be delivered",
    "undeliverable",
    "delivery has failed",
    "delivery failed",
    "did not reach the following",
    "not been delivered",
    "not yet been delivered",
    "did not receive",
    "has been delayed",
    "failed permanently",
    "following recipients failed",
    "following recipient failed",
    "recipients failed",
    "message not delivered",
    "has encountered delivery problems",
    "no such user",
    "user unknown",
    "permanent fatal errors",
    "returned because",
    "was rejected by",
    "has been postponed",
    "not delivered to",
    "invalid final delivery",
    "kunde inte levereras",
    "har inte levererats",
    "gick inte att leverera",
    "kunne ikke leveres",
    "ei voitu toimittaa",
    "konnte nicht zugestellt",
    "nicht zugestellt werden",
    "n'a pas pu être",
    "no pudo ser entregado",
    "kon niet worden",
    "failed to deliver",
    "the following address",
    "no mailbox here",
    "couldn’t be delivered",
    "problem with the e-mail address",
    "mailbox is full",
    "problems with the recipient",
    "не может быть доставлено",
];

/// Every letter's subject is asked for all of these: they are looked for in one pass.
static IN_SUBJECT: LazyLock<Regex> = LazyLock::new(|| any_of(SUBJECTS));
static IN_TEXT: LazyLock<Regex> = LazyLock::new(|| any_of(TEXTS));

/// Matches where one of `words` stands.
fn any_of(words: &[&str]) -> Regex {
    let quoted: Vec<String> = words.iter().map(|w| regex::escape(w)).collect();
    // A list of words is always an expression.
    Regex::new(&quoted.join("|")).expect("words make an expression")
}

/// The recipients that the words name; `None` where the letter is no delivery report.
pub(super) fn recipients(
    root: &Part<'_>,
    from: Option<&Party>,
    subject: &str,
    text: &str,
    daemon: bool,
) -> Option<Vec<BouncedRecipient>> {
    let subject = subject.to_lowercase();
    let is_report = root.media_type == "multipart/report"
        && root.content_type.get("report-type").is_none_or(|t| t.eq_ignore_ascii_case("delivery-status"));
    let subject_says = IN_SUBJECT.is_match(&subject);
    if !(is_report || daemon || subject_says) {
        return None;
    }
    let text_limit = text.floor_char_boundary(20_000);
    let head = &text[..text_limit];
    let lower = head.to_lowercase();
    let text_says = IN_TEXT.is_match(&lower);
    // Somebody who is no mail server must look like one twice, and must not be answering a person.
    let answers = root.fields.has("In-Reply-To") && !root.fields.has("Auto-Submitted");
    let stranger = subject_says && text_says && !answers && (subject_opens(&subject) || is_report);
    if !(is_report || (daemon && (subject_says || text_says || root.fields.has("X-Failed-Recipients"))) || stranger) {
        return None;
    }
    let found = addresses(root, from, head);
    if found.is_empty() && !daemon && !is_report {
        return None;
    }
    let delayed = is_delayed(&subject, &lower);
    let action = if delayed { Action::Delayed } else { Action::Failed };
    Some(
        found
            .into_iter()
            .take(MAX_RECIPIENTS)
            .map(|(address, words)| BouncedRecipient {
                address,
                action,
                status: status_code(&words),
                diagnostic: Some(shorten(&words)).filter(|d| !d.is_empty()),
            })
            .collect(),
    )
}

/// A subject that begins as reports begin; a person's "Delivery failed again" about a parcel needs a server's words too.
fn subject_opens(subject: &str) -> bool {
    let subject = subject.trim_start_matches(['*', '[', ' ']);
    [
        "undeliver",
        "delivery",
        "returned mail",
        "failure notice",
        "mail ",
        "mail delivery",
        "non-delivery",
        "message delivery",
        "warning:",
        "olevererbar",
        "unzustellbar",
        "non remis",
        "onbestelbaar",
        "message not delivered",
        "permanent delivery",
    ]
    .iter()
    .any(|s| subject.starts_with(s))
}

fn is_delayed(subject: &str, lower: &str) -> bool {
    const SUBJECT: &[&str] = &[
        "delayed",
        "delay)",
        "warning: could not send",
        "not yet been delivered",
        "delivery warning",
        "still being retried",
        "försenad",
        "verzögert",
    ];
    const TEXT: &[&str] = &[
        "has not yet been delivered",
        "will be retried",
        "will continue to try",
        "will continue to attempt",
        "delivery attempts will continue",
        "this is a warning",
        "has been delayed",
        "will continue trying",
        "warning message only",
        "has been postponed",
        "do not need to resend",
        "fortsätter att försöka",
        "will keep trying",
    ];
    const FINAL: &[&str] = &["permanent error", "given up", "giving up", "failed permanently", "permanent fatal"];
    (SUBJECT.iter().any(|s| subject.contains(s)) || TEXT.iter().any(|t| lower.contains(t)))
        && !FINAL.iter().any(|f| lower.contains(f))
}

/// Where the returned mail begins: what stands there is no recipient.
fn report_part(text: &str) -> &str {
    const MARKS: &[&str] = &[
        "is a copy of",
        "original message follows",
        "original message -",
        "original message:",
        "message returned below",
        "below this line",
        "unsent message",
        "message headers follow",
        "message headers:",
        "headers follow",
        "your message reads",
        "included is a copy",
        "lines of your original",
        "start of returned message",
        "returned message",
        "mensaje original adjunto",
        "attachment is a copy",
        "the original message follows",
        "original message headers",
        "old message:",
        "----- message text",
        "ursprungligt meddelande",
        "original message details",
        "message body follows",
    ];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_lowercase();
        let is_mark = MARKS.iter().any(|m| lower.contains(m));
        // "…that the message returned below could not be delivered" announces the copy, it is not yet the copy.
        let announces = lower.trim_start().starts_with(char::is_alphabetic)
            && !lower.contains("follow")
            && !lower.trim_end().ends_with(':');
        if is_mark && at > 0 && !announces {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// Pairs of address and what is said of it.
fn addresses(root: &Part<'_>, from: Option<&Party>, text: &str) -> Vec<(String, String)> {
    let report = report_part(text);
    let lines: Vec<&str> = report.lines().collect();
    let mut found = Found { ours: ours(root, from), pairs: Vec::new() };
    if let Some(failed) = root.fields.plain("X-Failed-Recipients") {
        for address in failed.split([',', ';', ' ']).filter_map(bare) {
            found.push(address, words_after(&lines, address));
        }
    }
    for finder in [angled_first, alone, in_phrase] {
        if !found.pairs.is_empty() {
            return found.pairs;
        }
        for i in 0..lines.len().min(2_000) {
            for address in finder(&lines, i) {
                found.push(address, words_at(&lines, i));
            }
        }
    }
    // Servers that name only the returned mail's recipient, or a user of their own.
    if found.pairs.is_empty() {
        for line in text.lines() {
            if let Some((address, _)) = line.trim().strip_prefix("To:").and_then(|v| find_address(v, 0)) {
                found.push(address, String::new());
            }
        }
    }
    if found.pairs.is_empty()
        && let Some(from) = from
        && let Some(local) = bare_user(&lines)
    {
        found.pairs.push((format!("{local}@{}", from.address.domain()), String::new()));
    }
    found.pairs
}

struct Found {
    ours: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Found {
    fn push(&mut self, address: &str, words: String) {
        let known = |a: &String| a.eq_ignore_ascii_case(address);
        if !self.ours.iter().any(known) && !self.pairs.iter().map(|p| &p.0).any(known) {
            self.pairs.push((address.to_owned(), words));
        }
    }
}

/// Addresses that are never the recipient: the server's own, and ours that the report came to.
fn ours(root: &Part<'_>, from: Option<&Party>) -> Vec<String> {
    let mut out: Vec<String> = from.map(|f| f.address.to_string()).into_iter().collect();
    for name in ["To", "Reply-To", "Sender", "Errors-To", "Delivered-To"] {
        for value in root.fields.all(name).take(5) {
            let parties = crate::mail::address::parties(value, 10, &mut std::collections::BTreeSet::new());
            out.extend(parties.list.into_iter().map(|p| p.address.to_string()));
        }
    }
    out
}

/// `<x@a.test>:` or `<x@a.test>` at a line's start: qmail, Postfix, Yahoo, sendmail.
fn angled_first<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let line = lines[i].trim_start();
    let Some(rest) = line.strip_prefix('<') else { return Vec::new() };
    let Some((address, tail)) = rest.split_once('>') else { return Vec::new() };
    let tail = tail.trim_start();
    let fits = tail.is_empty()
        || tail.starts_with([':', '(', '.', ',', ';'])
        || tail.starts_with("is ")
        || tail.starts_with('-');
    // Within a wrapped diagnostic the address stands too, after a line that goes on.
    let wrapped = i > 0 && lines[i - 1].trim_end().ends_with("said:");
    if fits && !wrapped { bare(address).into_iter().collect() } else { Vec::new() }
}

/// An address alone on its line, below words that announce it.
fn alone<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    let line = lines[i].trim();
    let stripped = line.trim_start_matches(['>', '*', '-', '•', '"', ' ', '\t', '\'']);
    let Some((address, at)) = find_address(stripped, 0) else { return Vec::new() };
    let before = stripped[..at].trim_matches(['"', '\'', '<', ' ']);
    let after = stripped[at + address.len()..].trim_start_matches(['"', '\'', '>', ')', ']', ' ']);
    let dated = after.starts_with("on ") || after.starts_with("; on");
    let display = before.len() <= 60 && stripped[..at].ends_with(['(', '<']) && !before.contains([':', '.']);
    let named = display
        || before.is_empty()
        || before == address
        || before.ends_with("SMTP=")
        || (before.starts_with('"') && before.ends_with('"'));
    let after = if after.starts_with("<mailto:") { "" } else { after };
    let again = after.trim_matches(['<', '>']).eq_ignore_ascii_case(address);
    let ends = after.is_empty() || again || after.starts_with(':') || after.starts_with('(') || dated;
    let twice = bare(before).is_some_and(|b| b.eq_ignore_ascii_case(address));
    if !((named || twice) && ends) {
        return Vec::new();
    }
    let announced = lines[i.saturating_sub(12)..i].iter().any(|l| {
        let l = l.to_lowercase();
        [
            "recipient",
            "address",
            "deliver",
            "following",
            "mottagare",
            "empfänger",
            "reach",
            "recibir",
            "destinat",
            "modtager",
            "vastaanottaj",
        ]
        .iter()
        .any(|w| l.contains(w))
    });
    if announced || dated { vec![address] } else { Vec::new() }
}

/// An address within a sentence that says that nothing came through to it.
fn in_phrase<'t>(lines: &[&'t str], i: usize) -> Vec<&'t str> {
    const PHRASES: &[&str] = &[
        "undeliverable",
        "deliver",
        "addressed to",
        "mailbox",
        "userid",
        "recipient",
        "no such user",
        "user unknown",
        "unknown user",
        "does not exist",
        "rcpt to",
        "full:",
        "not listed",
        "no longer",
        "quota",
        "was not found",
        "rejected",
        "leverera",
        "zugestellt",
        "doesn't have",
        "invalid address",
        "bad address",
    ];
    let lower = lines[i].to_lowercase();
    if !PHRASES.iter().any(|p| lower.contains(p))
        || ["contact", "please", "postmaster", "from:", "message-id"].iter().any(|w| lower.contains(w))
    {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut from = 0;
    while let Some((address, at)) = find_address(lines[i], from) {
        if !lines[i][..at].trim_end_matches('<').ends_with("from ") {
            out.push(address);
        }
        from = at + address.len();
    }
    out
}

/// A user without a domain, alone below the announcement (AOL and the like write their own users so).
fn bare_user(lines: &[&str]) -> Option<String> {
    let at = lines.iter().position(|l| {
        let l = l.to_lowercase();
        l.contains("following recipient") || l.contains("to the following") || l.contains("following user")
    })?;
    let word = lines[at + 1..]
        .iter()
        .map(|l| l.trim())
        .filter(|l| !l.is_empty())
        .take(4)
        .find(|l| !l.contains(' ') && !l.ends_with([':', '.']))?;
    let fits = word.len() <= 64 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
    fits.then(|| word.to_owned())
}

fn bare(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['<', '>', '"', '\'']);
    let text = text.get(..5).filter(|p| p.eq_ignore_ascii_case("smtp:")).map_or(text, |_| &text[5..]);
    Address::parse(text).map(|_| text)
}

/// The first address in `text` from byte `from`, and where it stands.
fn find_address(text: &str, from: usize) -> Option<(&str, usize)> {
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&*+-/?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    let mut search = from;
    while let Some(n) = text.get(search..)?.find('@') {
        let at = search + n;
        let head = &text[..at];
        let start = head.char_indices().rev().take_while(|(_, c)| in_local(*c)).last().map_or(at, |(i, _)| i);
        let start = start.max(from);
        let tail = &text[at + 1..];
        let len = tail.char_indices().take_while(|(_, c)| in_domain(*c)).last().map_or(0, |(i, c)| i + c.len_utf8());
        let end = at + 1 + tail[..len].trim_end_matches(['.', '-']).len();
        let candidate = &text[start..end];
        if Address::parse(candidate).is_some_and(|a| a.domain().contains('.') && !a.domain().starts_with('.')) {
            return Some((candidate, start));
        }
        search = at + 1;
    }
    None
}

/// What is said at line `i`: the rest of the line and the indented or following lines up to a blank one.
fn words_at(lines: &[&str], i: usize) -> String {
    let mut out = String::new();
    for (n, line) in lines[i..].iter().take(6).enumerate() {
        let line = line.trim();
        if n > 0 && (line.is_empty() || line.starts_with('<') || line.starts_with("---")) {
            break;
        }
        out.push_str(line);
        out.push(' ');
    }
    out
}

fn words_after(lines: &[&str], address: &str) -> String {
    lines.iter().position(|l| l.contains(address)).map(|i| words_at(lines, i)).unwrap_or_default()
}
