//! Text parts that say nothing: the placeholder beside the HTML that a program wrote for those who cannot see it.

use crate::mail::html::render::Line;

/// How long a placeholder may be, in bytes and in lines.
const MAX_BYTES: usize = 600;
const MAX_LINES: usize = 8;
/// Much more is said in the HTML than in the text: letters and digits, and how many times as many.
const MUCH: usize = 300;
const TIMES: usize = 10;

/// What a placeholder speaks of, and what it asks for, in the languages that such programs write.
const MATTER: &[&str] =
    &["html", "multi-part", "multipart", "mime format", "web version", "webbversion", "online version"];
const REQUEST: &[&str] = &[
    "support",
    "capable",
    "view",
    "client",
    "enable",
    "display",
    "reader",
    "format",
    "version",
    "stöd",
    "visa",
    "läs",
    "program",
    "vis ",
    "vise",
    "understøtt",
    "støtter",
    "näyttä",
    "tue",
    "darstell",
    "anzeig",
    "angezeigt",
    "unterstütz",
    "weergeven",
    "ondersteun",
    "afficher",
    "lire",
    "mostrar",
    "compatible",
    "soporta",
    "visualizz",
    "wyświetl",
    "obsług",
];

/// Whether `plain` is such a placeholder, so that the HTML's `lines` are the letter's text.
#[must_use]
pub fn is_lie(plain: &str, lines: &[Line]) -> bool {
    let plain_is_long = plain.trim().len() > MAX_BYTES;
    if plain_is_long && !looks_like_html(plain) && plain.chars().any(char::is_alphanumeric) {
        return false;
    }
    let rich: usize = lines.iter().map(|l| letters(&l.text)).sum();
    if rich == 0 {
        // A picture alone says more than nothing.
        return plain.trim().is_empty() && !lines.is_empty();
    }
    let said = letters(plain);
    if said == 0 || looks_like_html(plain) {
        return true;
    }
    let plain = plain.trim();
    if plain_is_long || plain.lines().count() > MAX_LINES {
        return false;
    }
    // What the HTML says too is no excuse.
    let start: String = plain.chars().take(30).collect();
    if lines.iter().any(|l| l.text.contains(&start)) {
        return false;
    }
    let lower = plain.to_lowercase();
    let excuses = MATTER.iter().any(|w| lower.contains(w)) && REQUEST.iter().any(|w| lower.contains(w));
    excuses || (rich >= MUCH && rich >= said * TIMES && is_foreign(&lower, lines))
}

/// Whether hardly any word of `plain` stands in the HTML.
fn is_foreign(plain: &str, lines: &[Line]) -> bool {
    let words: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= 4).collect();
    let rich = lines.iter().map(|l| l.text.to_lowercase()).collect::<Vec<_>>().join("\n");
    let shared = words.iter().filter(|w| rich.contains(*w)).count();
    shared * 4 <= words.len()
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Whether a text part is HTML in truth.
#[must_use]
pub fn looks_like_html(text: &str) -> bool {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\n', '\t']);
    let head = start[..start.floor_char_boundary(200)].to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html") || (head.starts_with("<head") && head.contains('>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plain: &str, html: &str, expect: bool) {
        let lines: Vec<Line> = html.split('\n').map(|l| Line { text: l.to_owned(), node: 0, mark: None }).collect();
        assert_eq!(is_lie(plain, &lines), expect, "{plain:?}");
    }

    #[test]
    fn placeholders() {
        let letter = "Hej!\nJag undrar var min väska är.";
        let long = "Väskan som ni skickade är trasig i sömmen. ".repeat(20);
        check("Your mail program does not support HTML.", letter, true);
        check("This is a multi-part message in MIME format.", letter, true);
        check("Ditt e-postprogram kan inte visa HTML.", letter, true);
        check("Dieses Mail wird nur als HTML angezeigt", letter, true);
        check("Votre messagerie ne peut afficher le HTML.", letter, true);
        check("\u{a0}\u{200b}\n", letter, true);
        check("<html><body>Hej</body></html>", letter, true);
        check("Öppna i webbläsaren: https://a.test/x", &long, true);
        check("Kan ni visa hur man skriver HTML?", "Kan ni visa hur man skriver HTML?", false);
        check("Hej! Jag undrar var", letter, false);
        check("Väskan är trasig", &long, false);
        check("Hej", "", false);
        check("HTML-kursen: jag kan inte läsa den.", "HTML-kursen: jag kan inte läsa den.", false);
    }
}
