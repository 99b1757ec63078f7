//! Does a mail only thank? Few words, all of them thanks or greetings; any other word makes it a message.

/// Sorted by language; compared in lower case, without punctuation.
const THANKS: &[&str] = &[
    // Swedish
    "tack",
    "tackar",
    "tusen",
    "stort",
    "många",
    "så",
    "mycket",
    "för",
    "hjälpen",
    "svaret",
    "snabbt",
    "snabba",
    "det",
    "igen",
    "toppen",
    "super",
    "bra",
    "perfekt",
    "underbart",
    "suveränt",
    "jättebra",
    "kanon",
    "fint",
    "och",
    "ha",
    "en",
    "trevlig",
    "dag",
    "helg",
    "kväll",
    "fin",
    "hej",
    "hejdå",
    "hälsningar",
    "mvh",
    "vänliga",
    "vänlig",
    "hälsning",
    "med",
    "detsamma",
    "ok",
    "okej",
    "då",
    "löste",
    "sig",
    "er",
    "dig",
    // English
    "thanks",
    "thank",
    "you",
    "thx",
    "many",
    "very",
    "much",
    "so",
    "a",
    "lot",
    "for",
    "the",
    "help",
    "your",
    "reply",
    "answer",
    "quick",
    "great",
    "perfect",
    "wonderful",
    "excellent",
    "works",
    "now",
    "again",
    "have",
    "nice",
    "day",
    "weekend",
    "regards",
    "best",
    "kind",
    "cheers",
    "it",
    "hi",
    "hello",
    "that",
    "got",
    "and",
    "good",
    // Norwegian and Danish
    "takk",
    "tusind",
    "tak",
    "mange",
    "hjelpen",
    "hjælpen",
    "svaret",
    "hilsen",
    "vennlig",
    "venlig",
    "mvh",
    "fantastisk",
    "super",
    "god",
    "dejlig",
    "ha",
    "fortsatt",
    "hei",
    "det",
    "var",
    "flott",
    "skal",
    "du",
    "ha",
];

/// At least one of these must be among them.
const CORE: &[&str] = &["tack", "tackar", "thanks", "thank", "thx", "cheers", "takk", "tak", "tusind"];

/// Whether `new_text` says thanks and nothing else. A digit, a question mark, an attachment or one other word makes it a message.
///
/// The last lines may be a name of at most three words, as people sign.
#[must_use]
pub fn only_thanks(new_text: &str, has_attachment: bool) -> bool {
    if has_attachment || new_text.len() > 300 || new_text.contains('?') || new_text.chars().any(char::is_numeric) {
        return false;
    }
    let mut lines: Vec<Vec<String>> = new_text.lines().map(words).filter(|l| !l.is_empty()).collect();
    let known = |line: &[String]| line.iter().all(|w| THANKS.contains(&w.as_str()));
    if let Some(last) = lines.last()
        && lines.len() > 1
        && last.len() <= 3
        && !known(last)
        && is_name(new_text)
    {
        lines.pop();
    }
    let all: Vec<&String> = lines.iter().flatten().collect();
    (1..=14).contains(&all.len()) && lines.iter().all(|l| known(l)) && all.iter().any(|w| CORE.contains(&w.as_str()))
}

fn words(line: &str) -> Vec<String> {
    line.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// Whether the last line is written as a name: every word begins with a capital, and no sentence ends there.
fn is_name(text: &str) -> bool {
    let Some(last) = text.lines().map(str::trim).rfind(|l| !l.is_empty()) else { return false };
    let last = last.trim_start_matches(['/', '-', '–', '*']).trim();
    !last.ends_with(['.', '!', ':'])
        && last.split_whitespace().all(|w| w.chars().next().is_some_and(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::only_thanks;

    #[test]
    fn only_thanks_is_thanks_and_nothing_else() {
        for text in [
            "Tack!",
            "Tack så mycket för hjälpen!\n\nMvh\nEva Ek",
            "Thanks, works now.",
            "Tusen takk!",
            "Mange tak for hjælpen\n/Lise",
            "Perfekt, tack! Trevlig helg!",
        ] {
            assert!(only_thanks(text, false), "{text:?}");
        }
        for text in [
            "",
            "Hej",
            "Tack, men den är trasig",
            "Tack! När kommer den?",
            "Tack 4711",
            "Tack.\nDen är trasig.",
            "Eva Ek",
            "Bra",
            "Tack\nRing mig",
            "Thanks, but it does not work",
            "Tack för inget, jag vill ha pengarna tillbaka",
        ] {
            assert!(!only_thanks(text, false), "{text:?}");
        }
        assert!(!only_thanks("Tack!", true));
    }
}
