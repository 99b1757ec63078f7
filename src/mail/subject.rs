//! The subject without what mail programs, lists and the desk put before it; for comparison only.

/// Reply and forward prefixes of mail programs, lower case, without the colon.
const REPLY: &[&str] = &[
    "re",
    "sv",
    "aw",
    "antw",
    "antwort",
    "vs",
    "odp",
    "r",
    "rif",
    "ynt",
    "bls",
    "ats",
    "res",
    "rép",
    "atb",
    "odg",
    "vá",
    "vast",
    "отв",
    "答复",
    "回复",
    "回覆",
    "返信",
    "automatiskt svar",
    "autosvar",
    "automatic reply",
    "automatisk svar",
    "automaattinen vastaus",
];
const FORWARD: &[&str] = &[
    "fw",
    "fwd",
    "vb",
    "vl",
    "wg",
    "tr",
    "pd",
    "enc",
    "i",
    "doorst",
    "vidarebefordrat",
    "vidarebefordran",
    "videresendt",
    "vidaresendt",
    "rv",
    "ilt",
    "i̇lt",
    "továbbítás",
    "továbbítva",
    "trs",
    "weitergeleitet",
    "inoltro",
    "转发",
    "轉寄",
    "пересл",
    "vs",
];

/// What the prefixes of a subject say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefixes {
    pub reply: bool,
    pub forward: bool,
}

/// Whether the subject begins as a reply or as a forward. `VS` and `RV` are one in one language and the other in another:
/// they count as both.
#[must_use]
pub fn prefixes(subject: &str) -> Prefixes {
    let mut out = Prefixes::default();
    let mut rest = subject.trim();
    while let Some((word, tail)) = strip_prefix(rest) {
        out.reply |= REPLY.contains(&word.as_str());
        out.forward |= FORWARD.contains(&word.as_str());
        rest = strip_tag(tail);
        if out.reply || out.forward {
            break;
        }
    }
    out
}

/// The subject for comparison: prefixes, `[#42]`, `[EXTERNT]` and case gone, white space single.
#[must_use]
pub fn base(subject: &str) -> String {
    let mut rest = subject.trim();
    loop {
        let before = rest.len();
        rest = strip_tag(rest);
        if let Some((_, tail)) = strip_prefix(rest) {
            rest = tail;
        }
        if rest.len() == before {
            break;
        }
    }
    loop {
        let before = rest.len();
        rest = strip_tail(rest);
        if rest.len() == before {
            break;
        }
    }
    let mut out = String::with_capacity(rest.len());
    for word in rest.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.to_lowercase());
    }
    out
}

/// The subject without the prefixes of answers and forwards, otherwise as it stands.
#[must_use]
pub fn without_prefixes(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((_, tail)) = strip_prefix(rest) {
        rest = tail;
    }
    rest
}

/// `Re:`, `Re[2]:`, `SV :`, `回复：` at the start: the word in lower case and what follows.
fn strip_prefix(text: &str) -> Option<(String, &str)> {
    let end = text.char_indices().take(30).find(|(_, c)| matches!(c, ':' | '：')).map(|(i, _)| i)?;
    let after = text[end..].chars().next().map_or(end, |c| end + c.len_utf8());
    let word = text[..end].trim().to_lowercase();
    // `Re[2]`, `Re(3)`, `Re^2`
    let bare = word
        .trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | '*' | '.'))
        .trim();
    let known = |w: &str| REPLY.contains(&w) || FORWARD.contains(&w);
    (!bare.is_empty() && known(bare)).then(|| (bare.to_owned(), text[after..].trim_start()))
}

/// A tag at the start that says nothing of the matter: a ticket number or a mark of a mail gateway.
fn strip_tag(text: &str) -> &str {
    let Some(rest) = text.strip_prefix('[') else { return text };
    let Some((tag, tail)) = rest.split_once(']') else { return text };
    if is_noise_tag(tag) { tail.trim_start() } else { text }
}

/// The same at the end: `… [#42]`.
fn strip_tail(text: &str) -> &str {
    let text = text.trim_end();
    let Some(start) = text.rfind('[') else { return text };
    match text[start + 1..].strip_suffix(']') {
        Some(tag) if is_noise_tag(tag) => text[..start].trim_end(),
        _ => text,
    }
}

fn is_noise_tag(tag: &str) -> bool {
    const MARKS: &[&str] = &[
        "ext",
        "external",
        "extern",
        "externt",
        "externt mail",
        "external email",
        "external mail",
        "ekstern",
        "ulkoinen",
        "spam",
        "spam?",
        "suspected spam",
        "caution",
        "warning",
        "utanför",
        "externe",
        "extern mail",
        "ext mail",
        "säker",
        "bulk",
    ];
    let tag = tag.trim();
    let number = tag.strip_prefix('#').unwrap_or("");
    let number = number.split(['-', '.', '/']).next().unwrap_or("");
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        || MARKS.iter().any(|m| tag.to_lowercase().trim_matches('*') == *m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases() {
        let check = |subject: &str, expect: &str| assert_eq!(base(subject), expect, "{subject:?}");
        check("Re: Väska", "väska");
        check("SV: Re: VB: [#42] Väska", "väska");
        check("Re: Väska [#42]", "väska");
        check("Re[2]: AW: Antw: Tasche", "tasche");
        check("[EXTERNT] Sv: Retur  av\tväska", "retur av väska");
        check("RE : Livraison", "livraison");
        check("回复：你好", "你好");
        check("[Lista] Hej", "[lista] hej");
        check("[T-1234] Hej", "[t-1234] hej");
        check("Order: fel storlek", "order: fel storlek");
        check("a: b", "a: b");
        check("Re:", "");
        check("", "");
        check("Fwd: Fwd: Re: x", "x");
        check("Regarding: x", "regarding: x");
    }

    #[test]
    fn what_prefixes_say() {
        let check = |subject: &str, reply: bool, forward: bool| {
            assert_eq!(prefixes(subject), Prefixes { reply, forward }, "{subject:?}");
        };
        check("Re: x", true, false);
        check("VB: x", false, true);
        check("VS: x", true, true);
        check("Fwd: Re: x", false, true);
        check("Re: Fwd: x", true, false);
        check("Hej", false, false);
    }
}
