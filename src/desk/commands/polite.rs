//! Whether a text says anything: greetings, a name and a signature are no answer.

use crate::desk::commands::plain::fold;
use crate::wording::Wording;

fn is_one_of(key: &str, text: &str) -> bool {
    Wording::in_all_languages(key).any(|w| fold(w) == text)
}

/// `Skickat från min iPhone`, which a telephone puts directly below what was written.
#[must_use]
pub fn is_sent_from(line: &str) -> bool {
    let line = fold(line.trim());
    line.split_whitespace().count() <= 8
        && Wording::in_all_languages("polite.sent_from").any(|w| line.starts_with(&fold(w)))
}

/// Whether a text begins with a greeting: `Hej!`, `Hello {{ name }},`.
#[must_use]
pub fn greets(text: &str) -> bool {
    let Some(line) = text.lines().map(str::trim).find(|l| !l.is_empty()) else { return false };
    let line = fold(line.trim_start_matches(['*', '#', '_', ' ']));
    Wording::in_all_languages("polite.greeting").any(|w| {
        let rest = line.strip_prefix(&fold(w));
        rest.is_some_and(|r| !r.starts_with(char::is_alphanumeric) && r.split_whitespace().count() <= 4)
    })
}

/// Whether `text` is a greeting, the agent's name or a signature and nothing else: then there is nothing to send.
#[must_use]
pub fn says_nothing(text: &str, agent_name: &str) -> bool {
    let name = fold(agent_name);
    let first = name.split_whitespace().next().unwrap_or_default().to_owned();
    let mut greeted_off = false;
    text.lines().map(str::trim).filter(|l| !l.is_empty()).all(|line| {
        let folded = fold(line);
        let bare = folded.trim_matches(|c: char| !c.is_alphanumeric() && c != '/').trim();
        let bare = bare.strip_prefix('/').unwrap_or(bare).trim();
        let farewell = is_one_of("polite.farewell", bare);
        let greeting = farewell || bare.is_empty() || is_one_of("polite.greeting", bare) || is_sent_from(line);
        let named = bare == name || (!first.is_empty() && bare == first);
        // `Mvh Anna` on one line.
        let signed = bare.strip_suffix(name.as_str()).or_else(|| bare.strip_suffix(first.as_str()));
        let signed =
            signed.map(|b| b.trim_end_matches([',', ' ', '/'])).is_some_and(|b| is_one_of("polite.farewell", b));
        // Below a farewell or the agent's own name stands a signature: telephone, company, links.
        let signature = greeted_off
            && (line.chars().any(|c| c.is_ascii_digit())
                || line.contains('@')
                || line.contains("www.")
                || line.split_whitespace().count() <= 4);
        greeted_off |= farewell || named || signed;
        greeting || named || signed || signature
    })
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn a_greeting_or_a_signature_says_nothing() {
        for empty in [
            "",
            "Hej!",
            "Mvh\nAnna",
            "Mvh Anna",
            "Med vänliga hälsningar\nAnna Andersson\n070-123 45 67\nExempelbutiken AB",
            "/Anna",
            "--\nAnna",
            "Skickat från min iPhone",
            "Hi,\n\nSent from my iPhone",
            "Hämta Outlook för iOS",
        ] {
            assert!(says_nothing(empty, "Anna Andersson"), "{empty:?}");
        }
        for full in [
            "Ja",
            "Ja, det går bra",
            "Hej!\nDet är klart.\nMvh\nAnna",
            "Annan dag",
            "42",
            "Skickat från lagret i dag, så du har den i morgon bitti.",
        ] {
            assert!(!says_nothing(full, "Anna Andersson"), "{full:?}");
        }
    }
}
