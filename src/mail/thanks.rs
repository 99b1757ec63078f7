//! Whether a message only thanks, so that it needs no answer. In doubt it does not.

/// A message of more words says something besides.
const MAX_WORDS: usize = 14;

/// Words of which at least one must be there.
const THANKS: &[&str] = &[
    "tack",
    "tackar",
    "tackartackar",
    "tusentack",
    "thanks",
    "thank",
    "thankyou",
    "thx",
    "ty",
    "takk",
    "tusen",
    "tak",
    "mange",
    "kiitos",
    "danke",
    "merci",
    "cheers",
    "toppen",
    "perfekt",
    "perfect",
    "great",
    "awesome",
    "super",
    "supert",
    "underbart",
    "kanon",
    "fantastiskt",
    "fint",
    "wonderful",
    "excellent",
    "brilliant",
    "strålande",
    "flott",
    "herligt",
    "herlig",
    "dejligt",
    "topp",
    "suveränt",
    "utmärkt",
    "jättebra",
    "jättefint",
];

/// Words that may stand beside them.
const BESIDES: &[&str] = &[
    // sv
    "så",
    "mycket",
    "jättemycket",
    "för",
    "hjälpen",
    "svaret",
    "snabba",
    "snabbt",
    "svar",
    "er",
    "eran",
    "din",
    "ditt",
    "er",
    "hej",
    "hejsan",
    "och",
    "det",
    "är",
    "var",
    "blev",
    "bra",
    "då",
    "ha",
    "en",
    "bra",
    "trevlig",
    "fin",
    "dag",
    "helg",
    "kväll",
    "detsamma",
    "igen",
    "snälla",
    "hjälp",
    "ni",
    "du",
    "vad",
    "underbar",
    "service",
    "bemötandet",
    "informationen",
    "infon",
    "återkopplingen",
    "uppskattas",
    "supersnabbt",
    "allt",
    "gott",
    "god",
    "jul",
    "ok",
    "okej",
    "okay",
    "tusen",
    "jätte",
    "super",
    "ja",
    "vi",
    "hörs",
    "kram",
    "mvh",
    "hälsningar",
    "vänliga",
    "vänlig",
    "hälsning",
    "med",
    "hälsar",
    // en
    "you",
    "very",
    "much",
    "so",
    "a",
    "lot",
    "many",
    "for",
    "the",
    "your",
    "help",
    "quick",
    "fast",
    "reply",
    "response",
    "answer",
    "support",
    "hi",
    "hello",
    "and",
    "have",
    "nice",
    "good",
    "day",
    "weekend",
    "evening",
    "again",
    "all",
    "that",
    "is",
    "was",
    "it",
    "appreciated",
    "appreciate",
    "really",
    "kind",
    "regards",
    "best",
    "too",
    "i",
    // no, da
    "hei",
    "for",
    "hjelpen",
    "hjælpen",
    "svaret",
    "raskt",
    "hurtigt",
    "hurtig",
    "hurtige",
    "raske",
    "svar",
    "og",
    "det",
    "er",
    "veldig",
    "meget",
    "bra",
    "godt",
    "ha",
    "hav",
    "hav",
    "fin",
    "fortsatt",
    "fortsat",
    "dag",
    "god",
    "helg",
    "weekend",
    "kveld",
    "aften",
    "igjen",
    "igen",
    "så",
    "deres",
    "dere",
    "jer",
    "dig",
    "deg",
    "mvh",
    "hilsen",
    "vennlig",
    "venlig",
    "med",
    "like",
    "måde",
    "lige",
    "over",
    "tak",
    "tusind",
];

/// Short, all of it words of thanks and courtesy, no digit, no question, nothing attached.
#[must_use]
pub fn only_thanks(new_text: &str, has_attachment: bool) -> bool {
    if has_attachment
        || new_text.len() > 300
        || new_text.contains(['?', '？'])
        || new_text.chars().any(char::is_numeric)
    {
        return false;
    }
    let lower = new_text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let thanks = words.iter().any(|w| THANKS.contains(w));
    thanks
        && words.len() <= MAX_WORDS
        && words.iter().all(|w| THANKS.contains(w) || BESIDES.contains(w))
        && !negated(&words)
}

/// "Tack men …", "no thanks" say something; the words themselves are not in the lists, "ok" before "tack" is.
fn negated(words: &[&str]) -> bool {
    words.first().is_some_and(|w| matches!(*w, "ja" | "a" | "i"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_and_nothing_else() {
        for text in [
            "Tack!",
            "Tack så mycket för hjälpen!",
            "Hej! Tack för snabbt svar, ha en fin dag!",
            "Thanks",
            "Thank you so much for your help!",
            "Tusen takk for hjelpen!",
            "Mange tak for svaret :)",
            "Perfekt, tack!",
            "Toppen! 👍",
            "Tack igen och trevlig helg",
            "Great, thanks a lot!",
        ] {
            assert!(only_thanks(text, false), "{text:?}");
        }
        for text in [
            "",
            "Hej",
            "Tack, men väskan är trasig",
            "Tack! När kommer den?",
            "Tack, min order är 1234",
            "Nej tack",
            "No thanks",
            "Tack för inget",
            "Ja tack",
            "Tack, jag vill ha pengarna tillbaka",
            "Thanks but no",
            "Ok",
            "Tack i förskott",
            "Thanks in advance",
            "👍",
            "Ja tack, skicka en ny",
        ] {
            assert!(!only_thanks(text, false), "{text:?}");
        }
        assert!(!only_thanks("Tack!", true));
    }
}
