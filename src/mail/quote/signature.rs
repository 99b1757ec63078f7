//! The sender's signature below his text: behind dashes, of a telephone, or a closing with his name.

use crate::mail::html::parse::{SIGNATURE, SIGNATURE_END};
use crate::mail::quote::find::Text;
use crate::mail::quote::lines::is_blank;
use crate::model::Party;

/// How many lines a signature behind `--` may have where the space behind it is missing.
const MAX_LINES: usize = 15;

/// A stretch of lines that is a signature, within what was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub rule: &'static str,
    pub start: usize,
    pub end: usize,
}

type Rule = fn(&Text<'_>, usize, usize, Option<&Party>) -> Option<Found>;

/// The signature at the end of `from..to`; nothing where it would be all there is.
pub(super) fn find(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let to = (from..to).rev().find(|&n| !is_blank(lines[n])).map_or(from, |n| n + 1);
    const RULES: &[Rule] = &[html, dashes, telephone, closing];
    RULES.iter().find_map(|rule| rule(text, from, to, sender)).filter(|f| (from..f.start).any(|n| !is_blank(lines[n])))
}

/// An element that a mail program made for it.
fn html(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let start = (from..to).rev().find(|&n| text.mark(n) == Some(SIGNATURE))?;
    let end = (start + 1..to).find(|&n| text.mark(n) == Some(SIGNATURE_END)).unwrap_or(to);
    // Gmail writes its own `--` above the element.
    let above = (from..start).rev().find(|&n| !is_blank(text.lines[n]));
    let start = above.filter(|&n| text.lines[n].trim_end() == "--").unwrap_or(start);
    Some(Found { rule: "signature-html", start, end })
}

/// `-- ` (RFC 3676, 4.3), or `--` with few lines below.
fn dashes(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let start = (from..to).find(|&n| {
        let exact = lines[n] == "-- ";
        let bare = lines[n].trim_end() == "--" && to - n <= MAX_LINES;
        exact || bare
    })?;
    Some(Found { rule: "signature-dashes", start, end: to })
}

/// What telephones and apps write by themselves.
fn telephone(text: &Text<'_>, from: usize, to: usize, _: Option<&Party>) -> Option<Found> {
    if to <= from || !is_telephone(text.lines[to - 1]) {
        return None;
    }
    Some(Found { rule: "signature-mobile", start: to - 1, end: to })
}

const TELEPHONE_OPENINGS: &[&str] = &[
    "sent from",
    "sent with",
    "sent via",
    "sent by",
    "get outlook for",
    "skickat från",
    "skickad från",
    "skickades från",
    "skickat med",
    "skickat via",
    "hämta outlook",
    "skaffa outlook",
    "sendt fra",
    "sendt med",
    "sendt via",
    "hent outlook",
    "få outlook",
    "skaff outlook",
    "lähetetty",
    "hanki outlook",
    "gesendet von",
    "gesendet mit",
    "gesendet via",
    "von meinem",
    "von outlook",
    "holen sie sich outlook",
    "envoyé de mon",
    "envoyé depuis",
    "envoyé à partir",
    "envoyé de",
    "télécharger outlook",
    "obtenir outlook",
    "enviado desde",
    "enviado do",
    "enviado a partir",
    "enviado de",
    "obtener outlook",
    "obter o outlook",
    "inviato da",
    "inviato dal",
    "scarica outlook",
    "ottieni outlook",
    "verzonden vanaf",
    "verzonden met",
    "verstuurd vanaf",
    "outlook voor",
    "wysłano z",
    "wysłane z",
    "pobierz outlook",
    "diese nachricht wurde von mein",
    "отправлено с",
    "odesláno z",
    "elküldve az",
    "yahoo mail",
];
const DEVICES: &[&str] = &[
    "iphone",
    "ipad",
    "ipod",
    "ios",
    "android",
    "samsung",
    "galaxy",
    "outlook",
    "blackberry",
    "mobil",
    "mobile",
    "mobiltelefon",
    "telefon",
    "phone",
    "yahoo",
    "mail",
    "windows",
    "huawei",
    "xiaomi",
    "oneplus",
    "pixel",
    "nokia",
    "sony",
    "xperia",
    "proton",
    "bluemail",
    "app",
    "tablet",
    "surfplatta",
    "lumia",
    "wiko",
    "motorola",
    "htc",
    "smartphone",
    "typeapp",
    "spark",
    "mac",
    "handy",
    "gmail",
    "thunderbird",
    "puhelimesta",
    "lur",
    "mobilen",
    "telefonen",
    "device",
    "watch",
];

/// Short, begins as such lines do, and names a device or a program; "Sent from my desk, is much easier …" does not.
fn is_telephone(line: &str) -> bool {
    let line = line.trim();
    let end = line.find(['<', '[']).unwrap_or(line.len());
    let words = line[..end].trim().trim_matches(['*', '_', '(', ')']).to_lowercase();
    if words.len() > 90 || words.contains([',', '?', '!', ';']) || words.trim_end_matches('.').contains(". ") {
        return false;
    }
    let Some(rest) = TELEPHONE_OPENINGS.iter().find_map(|o| words.strip_prefix(o)) else { return false };
    let count = rest.split_whitespace().count();
    let names = words
        .split(|c: char| !c.is_alphanumeric())
        .any(|w| DEVICES.iter().any(|d| w == *d || (d.len() > 3 && w.starts_with(d))));
    count <= 8 && (names || (count <= 3 && rest.contains("my ")))
}

const CLOSINGS: &[&str] = &[
    "mvh",
    "med vänlig hälsning",
    "med vänliga hälsningar",
    "vänliga hälsningar",
    "vänlig hälsning",
    "vänligen",
    "hälsningar",
    "hälsning",
    "hälsn",
    "hälsar",
    "bästa hälsningar",
    "med bästa hälsningar",
    "varma hälsningar",
    "soliga hälsningar",
    "allt gott",
    "vh",
    "kram",
    "kramar",
    "med hälsning",
    "många hälsningar",
    "hej då",
    "hej så länge",
    "ha det bra",
    "ha det gott",
    "med vennlig hilsen",
    "vennlig hilsen",
    "beste hilsen",
    "hilsen",
    "mange hilsner",
    "med venlig hilsen",
    "venlig hilsen",
    "de bedste hilsner",
    "bedste hilsner",
    "venlige hilsner",
    "hilsner",
    "kh",
    "dbh",
    "kærlig hilsen",
    "ystävällisin terveisin",
    "parhain terveisin",
    "terveisin",
    "yst. terv",
    "terv",
    "yt",
    "best regards",
    "kind regards",
    "warm regards",
    "regards",
    "many regards",
    "best wishes",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "cheers",
    "best",
    "all the best",
    "rgds",
    "br",
    "kr",
    "mit freundlichen grüßen",
    "mit freundlichen grüssen",
    "freundliche grüße",
    "mit freundlichem gruß",
    "viele grüße",
    "beste grüße",
    "liebe grüße",
    "herzliche grüße",
    "schöne grüße",
    "mfg",
    "lg",
    "vg",
    "gruß",
    "grüße",
    "met vriendelijke groet",
    "met vriendelijke groeten",
    "vriendelijke groet",
    "vriendelijke groeten",
    "groeten",
    "groet",
    "groetjes",
    "mvg",
    "cordialement",
    "bien cordialement",
    "bien à vous",
    "sincères salutations",
    "salutations",
    "saludos",
    "un saludo",
    "saludos cordiales",
    "atentamente",
    "cordiali saluti",
    "distinti saluti",
    "saluti",
    "un saluto",
    "atenciosamente",
    "cumprimentos",
    "com os melhores cumprimentos",
    "abraços",
    "pozdrawiam",
    "pozdrowienia",
    "z poważaniem",
    "z pozdrowieniami",
    "serdecznie pozdrawiam",
];

/// A closing and a name, with few short lines of address below, and nothing that is a sentence.
fn closing(text: &Text<'_>, from: usize, to: usize, sender: Option<&Party>) -> Option<Found> {
    let lines = &text.lines;
    let filled: Vec<usize> = (from..to).filter(|&n| !is_blank(lines[n])).collect();
    // The last such line within a signature's length.
    for (back, &start) in filled.iter().rev().enumerate().take(12) {
        let below = &filled[filled.len() - back..];
        let Some(rest) = after_closing(lines[start], lines, start, from, sender) else { continue };
        let (name, contact) = match (rest.is_empty(), below.split_first()) {
            (false, _) => (rest, below),
            (true, Some((&first, others))) => (lines[first].trim(), others),
            (true, None) => ("", below),
        };
        let named = name.is_empty() || is_name(name, sender);
        let plain = contact.iter().all(|&n| is_contact(lines[n]));
        if named && plain {
            return Some(Found { rule: "signature-closing", start, end: to });
        }
    }
    None
}

/// What follows a closing on its line ("" if nothing does); `None` where the line is no closing.
fn after_closing<'t>(line: &'t str, lines: &[&str], at: usize, from: usize, sender: Option<&Party>) -> Option<&'t str> {
    let line = line.trim();
    if line.chars().count() > 60 {
        return None;
    }
    // `/Anna`, `//Anna`, `-Anna` below a blank line.
    if let Some(rest) = line.strip_prefix('/') {
        let name = rest.trim_start_matches('/').trim();
        return (!name.is_empty() && is_name(name, sender)).then_some(name);
    }
    if let Some(name) = line.strip_prefix(['-', '–', '—', '~']) {
        let alone = at > from && is_blank(lines[at - 1]) && !name.starts_with([' ', '-']);
        return (alone && is_name(name, sender) && (name.contains(' ') || is_senders(name, sender))).then_some(name);
    }
    let lower = line.to_lowercase();
    let closing = CLOSINGS.iter().filter(|c| lower.starts_with(*c)).max_by_key(|c| c.len())?;
    // Lower-casing may change lengths; then the line is not one of these.
    let rest = line.get(closing.len()..).filter(|_| lower.len() == line.len())?;
    if rest.chars().next().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let rest = rest.trim_matches([',', '.', '!', ' ', '/', '-', '–', ':', '*']);
    // "Best", "hälsningar" … may begin a sentence; then what follows is no name.
    (rest.is_empty() || is_name(rest, sender)).then_some(rest)
}

/// One to three words with capitals, or the sender's own name.
fn is_name(text: &str, sender: Option<&Party>) -> bool {
    let text = text.trim().trim_matches(['*', '_', ',', '.', '!', '/']);
    if text.is_empty() || text.chars().count() > 50 || text.contains(['?', ':', '!', '@']) {
        return false;
    }
    if is_senders(text, sender) && text.split_whitespace().count() <= 5 {
        return true;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_capital = |w: &&str| {
        w.chars().next().is_some_and(char::is_uppercase) && w.chars().all(|c| c.is_alphabetic() || "-'’.&".contains(c))
    };
    let link = |w: &&str| matches!(*w, "och" | "og" | "and" | "&" | "von" | "van" | "de" | "af" | "+");
    words.len() <= 3 && words.iter().all(|w| is_capital(w) || link(w)) && words.first().is_some_and(is_capital)
}

fn is_senders(text: &str, sender: Option<&Party>) -> bool {
    let Some(sender) = sender else { return false };
    let lower = text.to_lowercase();
    let name = sender.name.to_lowercase();
    let mut words =
        name.split(|c: char| !c.is_alphabetic()).chain(sender.address.local().split(|c: char| !c.is_alphabetic()));
    words.any(|w| w.chars().count() >= 3 && lower.split(|c: char| !c.is_alphabetic()).any(|l| l == w))
}

/// A line of an address, a telephone number, a title: no sentence, no afterthought.
fn is_contact(line: &str) -> bool {
    let line = line.trim();
    let lower = line.to_lowercase();
    if line.chars().count() > 90
        || line.ends_with(['?', '!'])
        || ["ps", "p.s", "p.s.", "obs", "nb", "n.b."].iter().any(|p| lower.split([' ', ':']).next() == Some(p))
    {
        return false;
    }
    let sentence = line.ends_with('.') && line.split_whitespace().count() > 4;
    let bullet = line.starts_with(['-', '*', '•']) && line.chars().nth(1) == Some(' ');
    !sentence && !bullet && line.split_whitespace().count() <= 9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    fn check(text: &str, rule: Option<&str>, start: usize) {
        let lines: Vec<&str> = text.lines().collect();
        let count = lines.len();
        let text_of = Text { lines, marks: Vec::new() };
        let anna = Address::parse("anna.andersson@a.test").map(|a| Party::new("Anna Andersson", a));
        let found = find(&text_of, 0, count, anna.as_ref());
        assert_eq!(found.map(|f| f.rule), rule, "{text:?}");
        assert_eq!(found.map_or(0, |f| f.start), start, "{text:?}");
    }

    #[test]
    fn signatures() {
        check("Hej\n\n-- \nAnna\n070", Some("signature-dashes"), 2);
        check("Hej\n\n--\nAnna", Some("signature-dashes"), 2);
        check("Hej\n\nSkickat från min iPhone", Some("signature-mobile"), 2);
        check("Hej\n\nHämta Outlook för iOS<https://aka.ms/x>", Some("signature-mobile"), 2);
        check("Hej\n\nSent from my desk, is much easier.", None, 0);
        check("Hej\n\nMvh\nAnna", Some("signature-closing"), 2);
        check("Hej\n\nMvh Anna", Some("signature-closing"), 2);
        check(
            "Hej\n\nMed vänliga hälsningar,\nAnna Andersson\nBadbutiken AB\n070-123 45 67\nwww.a.test",
            Some("signature-closing"),
            2,
        );
        check("Hej\n/Anna", Some("signature-closing"), 1);
        check("Hej\n\nMvh", Some("signature-closing"), 2);
        check("Hej\n\nMvh\nAnna\n\nPS. Kom i håg väskan!", None, 0);
        check("Hej\n\nMvh\nAnna\n\nJag glömde säga att väskan är röd och stor.", None, 0);
        check("Jag vill ha\n- Röd\n- Blå", None, 0);
        check("Best price please", None, 0);
        check("Hej\n\nHälsningar från ett regnigt Malmö där vi väntar på paketet", None, 0);
        check("Mvh\nAnna", None, 0);
        check("-- \nAnna", None, 0);
    }
}
