//! The line above a quote that says who wrote it and when ("Den 24 nov. 2026 kl. 10:15 skrev Anna <anna@a.test>:").
//!
//! No table of whole phrases: such a line has a verb of writing, a date, a time or an address, and ends with a colon. That
//! holds in every language, however the line is wrapped.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::lower::lower;
use crate::mail::quote::lines::{content, depth, is_blank};
use crate::mail::quote::phrases::SPEAKERS;

/// How many lines one attribution may be wrapped over.
const MAX_LINES: usize = 4;

/// Verbs of writing, in the forms that mail programs use.
static VERB: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:^|[\s>\])”"'(,])(?:wrote|writes|skrev|skriver|skreiv|schrieb|schreibt|schreef|geschreven|geschrieben|skrivit|skrevet|écrit|escribió|escribio|escribe|escrit|scritto|scrisse|scrive|escreveu|napisał(?:a|\(a\))?|napisana|napisane|pisze|napsal(?:a|\(a\))?|napísal(?:a|\(a\))?|kirjoitti|írta|написал(?:а|\(а\))?|пишет|написав(?:ла|\(ла\))?|пише|yazdı|写道|寫道|のメッセージ|작성|viết|έγραψε|skrifaði|kirjutas|rakstīja|rašė|scris|napisao|napisala|je napisal)(?:$|[\s:：.,;<(\[])"#,
    )
    .ok()
});
/// Horde and others: `Quoting Anna <anna@a.test>:`, with no verb of writing.
static QUOTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W*(?:quoting|zitat von|zitiere|citerar|citat från|citat av|siterer|sitat fra|citerer|citat fra|citat af|lainaus|lainaan|citeren|citaat van|citation de|citando|citando a|cita de|citazione(?: di)?|cytowanie|cytat|cytuję|citace|цитирую)\s",
    )
    .ok()
});
/// Tuta: `19 nov. 2026 09:12 av anna@a.test:`.
static BY_ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^\W*[^@]{8,50} (?:by|from|av|af|von|von:|door|par|por|da|od|przez|från|fra|lähettäjä) <?[^ @<>]+@[^ @<>]+>?\W*$")
        .ok()
});
/// `2026/11/19 Anna <anna@a.test>`, Google's of old, which ends with no colon.
static DATE_AND_ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^[0-9]{4}[/-][0-9]{1,2}[/-][0-9]{1,2} [^<>@]{0,60}<[^ @<>]+@[^ @<>]+>$"#).ok());
// ASCII classes keep these within the fast automaton also where the text is not ASCII.
static YEAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:^|[^0-9])(?:19|20)[0-9][0-9](?:[^0-9]|$)|(?:^|[^0-9])[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}(?:[^0-9]|$)",
    )
    .ok()
});
static TIME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|[^0-9.:])[0-9]{1,2}[:.h∶][0-9]{2}(?:[^0-9]|$)").ok());
/// A day and the beginning of a month's name, in either order.
static MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const NAMES: &str = "jan|feb|fév|mar|mär|maa|mrt|apr|abr|avr|maj|mai|may|mag|mei|touko|jun|jui|kesä|giu|jul|heinä|lug|aug|aoû|ago|elo|sep|set|syys|okt|oct|out|ott|loka|nov|marras|dec|des|dez|déc|dic|joulu|gen|ene|tammi|helmi|huhti|sty|lut|kwi|maja|cze|lip|sie|wrz|paź|lis|gru|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек";
    let near = format!(
        r"(?i)[0-9]\.?(?: +de)?[ -]+(?:{NAMES})|(?:^|[ ,(/])(?:{NAMES})[^ 0-9]*\.? +[0-9]{{1,2}}(?:[^0-9]|$)|[0-9]月|[0-9]{{1,2}}\. ?[0-9]{{1,2}}\."
    );
    Regex::new(&near).ok()
});
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[^ \t<>()\[\]"',;:]@[^ \t<>()\[\]"',;:.]+\.[^ \t<>()\[\]"',;:]"#).ok());
/// How attributions begin where they begin with the date.
static OPENING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\W*(?:(?:on|den|d\.|le|el|il|in data|am|op|em|a|w dniu|dnia|dne|dňa|на|в|στις|tarihinde|vào|no dia|às|på|torsdagen|dem)\s|\d|在|(?:mån|tis|ons|tor|tors|fre|lör|sön|man|tir|ti|lør|søn|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|gio|sab|dom|ma|ke|to|pe|la|su|pon|wt|śr|czw|pt|sob|niedz|nie|seg|ter|qua|qui|sex|sáb|mié|jue|vie|wo|vr|za|zo|don|woe|пн|вт|ср|чт|пт|сб|вс)[\w-]*[.,]*\s)",
    )
    .ok()
});
/// Somebody tells of himself: "Den 3 mars skrev jag till er:" is no attribution.
static FIRST_PERSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(?:^|\s)(?:jag|vi|i|we|ich|wir|jeg|minä|me|je|nous|yo|ik)(?:\s|$)").ok());

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|r| r.is_match(text))
}

/// An attribution that ends on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribution {
    /// Its first line.
    pub start: usize,
    /// It could be nothing else: it has an address, or a date and a time.
    pub strong: bool,
}

/// The attribution whose last line is `last`, if there is one.
pub(super) fn ending_at(lines: &[&str], last: usize) -> Option<Attribution> {
    let text = content(lines[last]);
    let end = text.trim_end_matches([' ', '\u{a0}', '*', '_', '"', '\t']);
    if end.len() > 500 {
        return None;
    }
    let colon = end.ends_with([':', '：']);
    let dashes = end.ends_with("--");
    let verb_last = || {
        end.ends_with(|c: char| c.is_alphabetic())
            && memchr::memchr(b'@', end.as_bytes()).is_some()
            && matches(&VERB, end)
    };
    let quote_below = || {
        let below = lines[last + 1..].iter().take(6).find(|l| !is_blank(l));
        below.is_some_and(|l| depth(l) > depth(lines[last]))
    };
    if !colon && !dashes && !verb_last() {
        let dated = end.ends_with('>') && matches(&DATE_AND_ADDRESS, end) && quote_below();
        return dated.then_some(Attribution { start: last, strong: true });
    }
    let quote_below = quote_below();
    let mut joined = String::new();
    let mut best: Option<Attribution> = None;
    let mut has_address = false;
    for k in 0..MAX_LINES {
        let Some(start) = last.checked_sub(k) else { break };
        if is_blank(lines[start]) || depth(lines[start]) != depth(lines[last]) {
            break;
        }
        let first = content(lines[start]);
        // An address that a name stood before: the name is on the line above.
        let is_torn = best.is_some_and(|b| content(lines[b.start]).trim_start().starts_with('<'));
        if is_torn && (is_name(first) || matches(&VERB, first)) {
            best = best.map(|b| Attribution { start, ..b });
        }
        joined.insert(0, ' ');
        joined.insert_str(0, first.trim());
        if joined.len() > 700 {
            break;
        }
        let framed = dashes && first.trim_start().starts_with("--");
        if dashes && !framed {
            continue;
        }
        let whole = joined.trim();
        let whole = if framed { whole.trim_matches(['-', ' ']) } else { whole };
        let Some((strength, dated)) = judge(whole, colon || framed, quote_below) else { continue };
        if strength == Strength::NeedsOpening && !quote_below && !is_made_by_program(whole) {
            continue;
        }
        let opens = framed || (matches(&OPENING, first) && first.chars().any(|c| c.is_ascii_digit()));
        let found = Attribution { start, strong: strength == Strength::Strong };
        if opens && dated {
            return Some(found);
        }
        // Without an opening the shortest form that is complete; words above it are the sender's. A verb alone is not
        // complete where the line above ends with who wrote.
        let names = first.contains('@') && ends_with_address(first);
        if strength != Strength::NeedsOpening && best.is_none_or(|_| names && !has_address) {
            best = Some(found);
            has_address = whole.contains('@');
        }
    }
    best
}

/// `… <anna@a.test> ha`
fn ends_with_address(line: &str) -> bool {
    let line = line.trim_end();
    let address = line.rfind('@').map_or("", |at| &line[at..]);
    let end = address.find(['>', ')']);
    end.is_some_and(|e| address[e..].chars().count() <= 12 && !address.ends_with(['.', '!', '?']))
}

/// A short line of words with capitals: what a name looks like that was torn from its address.
fn is_name(line: &str) -> bool {
    let words: Vec<&str> =
        line.trim().trim_matches(['"', '\'', '*', '„', '“', '”', ',', ' ']).split_whitespace().collect();
    let is_capital = |w: &&str| {
        w.chars().next().is_some_and(|c| c.is_uppercase() || matches!(c, '(' | '"'))
            && !w.ends_with(['.', '!', '?', ':'])
    };
    (1..=5).contains(&words.len()) && words.iter().all(is_capital)
}

/// Nothing stands in it but what programs put there: a date, a time, a verb, and words with capitals, which are a name.
fn is_made_by_program(text: &str) -> bool {
    const SMALL: &[&str] = &[
        "at",
        "am",
        "pm",
        "den",
        "kl",
        "klo",
        "kello",
        "klockan",
        "klokka",
        "klokken",
        "om",
        "um",
        "uhr",
        "o",
        "godz",
        "godzinie",
        "w",
        "dniu",
        "le",
        "à",
        "a",
        "las",
        "la",
        "el",
        "il",
        "giorno",
        "alle",
        "ore",
        "op",
        "de",
        "del",
        "da",
        "das",
        "do",
        "em",
        "às",
        "no",
        "dia",
        "het",
        "volgende",
        "följande",
        "følgende",
        "folgendes",
        "hat",
        "heeft",
        "ha",
        "użytkownik",
        "dem",
        "th",
        "st",
        "nd",
        "rd",
        "e",
        "von",
        "van",
        "af",
        "h",
        "s",
        "på",
        "in",
        "data",
        "the",
        "des",
    ];
    static DAY_OR_MONTH: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:mån|tis|ons|tor|fre|lör|sön|man|tir|lør|søn|mon|tue|wed|thu|fri|sat|sun|maa|tii|kes|tor|per|lau|su|lun|mar|mer|mié|jeu|jue|ven|vie|sam|sáb|sab|dim|dom|gio|pon|wt|wto|śr|śro|czw|pią|pt|sob|nie|seg|ter|qua|qui|sex|feira|ma|di|wo|do|vr|za|zo|ti|ke|to|pe|la|jan|feb|fév|maa|mär|mrt|apr|abr|avr|maj|mai|may|mag|mei|jun|jui|giu|jul|lug|aug|aoû|ago|sep|set|okt|oct|out|ott|nov|dec|des|dez|déc|dic|gen|ene|sty|lut|kwi|cze|lip|sie|wrz|paź|paz|lis|gru|tammi|helmi|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu)",
        )
        .ok()
    });
    let (mut names, mut verbs, mut others) = (0, 0, 0);
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()) {
        let lower = lower(word);
        if SMALL.contains(&lower.as_str()) || (lower == "du" && names > 0) {
            continue;
        }
        if matches(&VERB, &format!(" {word} ")) {
            verbs += 1;
        } else if matches(&DAY_OR_MONTH, word) {
            names += usize::from(word.starts_with(char::is_uppercase));
        } else if SPEAKERS.contains(&lower.as_str()) {
            return false;
        } else if word.starts_with(char::is_uppercase) {
            names += 1;
        } else {
            // Some write their names in small letters.
            others += 1;
        }
    }
    verbs == 1 && names <= 9 && others <= 2
}

/// Whether a line right above quoted lines tells who wrote them, however it ends: a verb, an address and a date.
pub(super) fn tells(line: &str) -> bool {
    line.len() < 300
        && line.contains('@')
        && line.bytes().any(|b| b.is_ascii_digit())
        && matches(&VERB, line)
        && !matches(&FIRST_PERSON, line)
}

/// Zoho's `---- On Fri, 20 Nov 2026 09:00 Anna <anna@a.test> wrote ----`.
pub(super) fn between_dashes(line: &str) -> bool {
    let inner = line.trim().trim_matches('-');
    let dated = || matches(&VERB, inner) && matches(&YEAR, inner) && matches(&TIME, inner);
    inner.len() + 6 <= line.trim().len() && inner.len() < 300 && (tells(inner) || dated())
}

/// GroupWise's `>>> Anna <anna@a.test> 19.11.2026 09:12 >>>`.
pub(super) fn between_arrows(line: &str) -> bool {
    let inner = line.trim().strip_prefix(">>>").and_then(|l| l.strip_suffix(">>>"));
    inner.is_some_and(|i| {
        i.len() < 200 && !i.contains(">>") && (matches(&YEAR, i) || matches(&MONTH, i)) && matches(&TIME, i)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Strong,
    Weak,
    NeedsOpening,
}

/// How surely `text` is an attribution, and whether it has a date.
fn judge(text: &str, colon: bool, quote_below: bool) -> Option<(Strength, bool)> {
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let address = text.contains('@') && matches(&ADDRESS, text);
    if !digits && !address && !quote_below {
        return None;
    }
    let verb = matches(&VERB, text);
    let time = digits && matches(&TIME, text);
    let year = digits && matches(&YEAR, text);
    let month = digits && matches(&MONTH, text);
    let date = year || month;
    if verb && address && (colon || (date && time)) {
        return Some((if date || quote_below { Strength::Strong } else { Strength::Weak }, date));
    }
    if !colon {
        return None;
    }
    if address && text.len() < 200 && matches(&QUOTING, text) {
        return Some((if quote_below { Strength::Strong } else { Strength::Weak }, date));
    }
    // "24.11.2026, 10.15, "Anna" <anna@a.test>:" has no verb in any language.
    let behind = text.trim_end_matches([':', '：', ' ', '"', '*']);
    if !verb && address && date && time && text.len() < 200 && !matches(&FIRST_PERSON, text) {
        let by = month && matches(&BY_ADDRESS, text);
        if by || quote_below || behind.ends_with(['>', ')', ']']) {
            return Some((Strength::Strong, true));
        }
    }
    if !verb {
        return None;
    }
    if quote_below && text.len() <= 200 {
        return Some((if date && time { Strength::Strong } else { Strength::Weak }, date));
    }
    let tells = matches(&FIRST_PERSON, text);
    match (date && time, year) {
        _ if tells => None,
        (true, _) => Some((Strength::NeedsOpening, date)),
        // "On Nov 26, 2013 you wrote:" stands alone.
        (false, true) if text.split_whitespace().count() <= 12 => Some((Strength::NeedsOpening, date)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<usize>) {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(ending_at(&lines, lines.len() - 1).map(|a| a.start), expect, "{text:?}");
    }

    #[test]
    fn who_wrote_when() {
        for text in [
            "Den tis 24 nov. 2026 kl 10:15 skrev Anna Andersson <anna@a.test>:",
            "Den 24/11/2026 10:15 skrev \"Anna\" <anna@a.test> följande:",
            "24 nov. 2026 kl. 10:15 skrev Anna <anna@a.test>:",
            "tir. 24. nov. 2026 kl. 10:15 skrev Anna <anna@a.test>:",
            "Den 24.11.2026 kl. 10.15 skrev Anna:",
            "ti 24. marraskuuta 2026 klo 10.15 Anna Andersson (anna@a.test) kirjoitti:",
            "On Tue, 24 Nov 2026 at 10:15, Anna <anna@a.test> wrote:",
            "On Nov 24, 2026, at 10:15 AM, Anna Andersson wrote:",
            "Am 24.11.2026 um 10:15 schrieb Anna Andersson:",
            "Op di 24 nov. 2026 om 10:15 schreef Anna <anna@a.test>:",
            "Op 24/11/2026 10:15 heeft Anna <anna@a.test> geschreven:",
            "Le mar. 24 nov. 2026 à 10:15, Anna <anna@a.test> a écrit :",
            "El mar, 24 nov 2026 a las 10:15, Anna (<anna@a.test>) escribió:",
            "Il giorno mar 24 nov 2026 alle ore 10:15 Anna <anna@a.test> ha scritto:",
            "W dniu 24.11.2026 o 10:15, Anna pisze:",
            "wt., 24 lis 2026 o 10:15 Anna <anna@a.test> napisał(a):",
            "Em ter., 24 de nov. de 2026 às 10:15, Anna <anna@a.test> escreveu:",
            "2026-11-24 10:15 GMT+01:00 Anna <anna@a.test>:",
            "Anna <anna@a.test> skrev:",
            "24.11.2026, 10.15, \"Anna\" <anna@a.test>:",
        ] {
            check(text, Some(0));
        }
        check("Tack!\nDen tis 24 nov. 2026 kl 10:15 skrev Anna Andersson <\nanna@a.test>:", Some(1));
        check("Tack!\nOn Mon, Aug 26, 2026 at 4:37 PM Anna <\na-long-address@a.test> wrote:", Some(1));
        check("words of mine\nOn Nov 24, 2026, at 10:15 AM, Anna\n<anna@a.test>\nwrote:", Some(1));
    }

    #[test]
    fn what_people_say_of_themselves() {
        check("Den 3 mars skrev jag till er:", None);
        check("Den 3 mars 2026 kl 10:15 skrev jag till er:", None);
        check("On your remote host you can run:", None);
        check("On Thursday:", None);
        check("Så här skrev ni:", None);
        check("Min adress är anna@a.test", None);
        check("Leveransadress:", None);
        check("Jag beställde den 24 nov 2026 kl 10:15 följande:", None);
    }
}
