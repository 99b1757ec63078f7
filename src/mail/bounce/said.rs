//! What a report in words says: what became of the mail, and what is said of each recipient.

use crate::mail::bounce::recipients::{LABELS, find_address};
use crate::mail::bounce::status;
use crate::mail::letter::Action;
use crate::model::one_line;

/// On one line, at most a few hundred characters.
pub(super) fn shorten(text: &str) -> String {
    let line = one_line(text);
    let end = line.floor_char_boundary(500);
    line[..end].to_owned()
}

/// What became of the mail, by the words.
pub(super) fn action_of(subject: &str, lower: &str) -> Action {
    const DELAYED_SUBJECTS: &[&str] = &[
        "delayed",
        "delay)",
        "is delayed",
        "warning: could not send",
        "not yet been delivered",
        "delivery warning",
        "still being retried",
        "försenad",
        "fördröj",
        "forsinke",
        "viivästy",
        "verzögert",
        "vertraagd",
        "retardé",
        "différé",
        "retrasad",
        "ritardat",
        "atrasad",
        "opóźni",
    ];
    const DELAYED: &[&str] = &[
        "has not yet been delivered",
        "have not yet been delivered",
        "will be retried",
        "will continue to try",
        "will continue to attempt",
        "attempts will continue",
        "attempts to deliver the message will continue",
        "this is a warning",
        "just a warning",
        "has been delayed",
        "is delayed",
        "will continue trying",
        "warning message only",
        "has been postponed",
        "do not need to resend",
        "will keep trying",
        "message is delayed",
        "will try again",
        "still trying",
        "fortsätter att försöka",
        "försöker igen",
        "har fördröjts",
        "fortsetter å prøve",
        "fortsætter med at prøve",
        "yrittää edelleen",
        "wird weiterhin versucht",
        "weitere zustellversuche",
        "de nouvelles tentatives",
        "seguirá intentando",
        "verdere pogingen",
        "continuerà a",
        "continuará tentando",
        "będą ponawiane",
    ];
    const FINAL: &[&str] = &[
        "permanent error",
        "given up",
        "giving up",
        "failed permanently",
        "permanent fatal",
        "no longer be",
        "will not be retried",
        "no further attempts",
        "delivery has failed",
        "final attempt",
    ];
    const DONE: &[(&str, Action)] = &[
        ("successfully delivered", Action::Delivered),
        ("has been delivered to the following", Action::Delivered),
        ("was delivered to the following", Action::Delivered),
        ("successful delivery", Action::Delivered),
        ("successfully relayed", Action::Relayed),
        ("relayed to the following", Action::Relayed),
        ("delivery to these recipients or groups is complete", Action::Relayed),
        ("delivery to these recipients or distribution lists is complete", Action::Relayed),
        ("has levererats till följande", Action::Delivered),
    ];
    const FAILED: &[&str] = &["fail", "could not", "couldn't", "not be delivered", "undeliver", "error"];
    let says = |words: &[&str], text: &str| words.iter().any(|w| text.contains(w));
    if (says(DELAYED_SUBJECTS, subject) || says(DELAYED, lower)) && !says(FINAL, lower) {
        return Action::Delayed;
    }
    let done = DONE.iter().find(|(w, _)| lower.contains(w));
    done.filter(|_| !says(FAILED, lower)).map_or(Action::Failed, |(_, action)| *action)
}

/// What is said of an address: of all places that name it the one that says most.
pub(super) fn said_of(lines: &[&str], lowered: &[String], address: &str) -> String {
    let wanted = address.to_ascii_lowercase();
    let mut best = (0, String::new());
    let named = lowered.iter().enumerate().filter(|(_, l)| l.contains(&wanted));
    for (i, _) in named.take(8) {
        let words = words_at(lines, i, &wanted);
        let rank = match () {
            () if status::code(&words).is_some() => 4,
            () if status::reply_class(&words).is_some() => 3,
            () if status::meant(&words, Action::Failed).is_some() => 2,
            () => usize::from(!words.is_empty()),
        };
        if rank > best.0 {
            best = (rank, words);
        }
    }
    best.1
}

/// The rest of line `i` and the lines that go on with it, up to a blank one or the next address; without the address itself
/// where it only heads them.
fn words_at(lines: &[&str], i: usize, address: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    for (n, line) in lines[i..].iter().take(9).enumerate() {
        let trimmed = line.trim();
        if n > 0 && trimmed.is_empty() {
            // Outlook and others set the reason below a blank line; what else stands there is for everybody.
            if blank || !out.trim().is_empty() {
                break;
            }
            blank = true;
            let reason = lines[i + n + 1..].iter().map(|l| l.trim()).take_while(|l| !l.is_empty());
            let reason = reason.take(6).collect::<Vec<_>>().join(" ");
            let meant = status::meant(&reason, Action::Failed).is_some_and(|m| !m.ends_with(".4.7"));
            if status::code(&reason).is_none() && !meant {
                break;
            }
            continue;
        }
        let next = n > 0
            && (trimmed.starts_with("---")
                || trimmed.starts_with("===")
                || (trimmed.starts_with('<') && !line.starts_with([' ', '\t']) && !trimmed.starts_with("<<<"))
                || find_address(trimmed, 0).is_some_and(|(a, at)| at < 4 && !a.eq_ignore_ascii_case(address)));
        if next {
            break;
        }
        let rest = if n == 0 { without_heading(trimmed, address) } else { trimmed };
        out.push_str(rest);
        out.push(' ');
    }
    out.trim().to_owned()
}

/// `<x@a.test>: reason` becomes `reason`; a sentence about the address stays whole.
fn without_heading<'t>(line: &'t str, address: &str) -> &'t str {
    let Some((found, at)) = find_address(line, 0).filter(|(a, _)| a.eq_ignore_ascii_case(address)) else { return line };
    let before = line[..at].trim_matches(['<', '"', '\'', '[', '*', '>', '-', '•', ' ', '\t', '(']);
    let label = before.strip_suffix(':').map(|l| l.trim().to_lowercase());
    let heads =
        before.is_empty() || label.is_some_and(|l| LABELS.contains(&l.as_str()) || l == "smtp" || l.ends_with("smtp"));
    if !heads {
        return line;
    }
    let after =
        line[at + found.len()..].trim_start_matches(['>', '"', '\'', ']', ')', ':', ' ', '\t', ',', ';', '.', '-']);
    let dated = after.starts_with("on ") && after.contains(|c: char| c.is_ascii_digit());
    let again = after.trim_matches(['<', '>', '(', ')']).eq_ignore_ascii_case(address);
    if again || dated || after.starts_with("<mailto:") {
        return "";
    }
    after
}

/// The paragraph of the report that says best what went wrong.
pub(super) fn general_words(lines: &[&str]) -> String {
    let paragraphs = lines.split(|l| l.trim().is_empty());
    let texts = paragraphs.map(|p| p.iter().map(|l| l.trim()).collect::<Vec<_>>().join(" "));
    let mut best = (0, String::new());
    for text in texts.filter(|t| !t.is_empty()).take(60) {
        let rank = match status::meant(&text, Action::Failed) {
            _ if status::code(&text).is_some() => 3,
            // That it took long is what is left to say.
            Some(meant) => {
                if meant.ends_with(".4.7") {
                    1
                } else {
                    2
                }
            }
            None => 0,
        };
        if rank > best.0 {
            best = (rank, text);
        }
    }
    best.1
}
