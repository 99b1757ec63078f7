//! `Received`: the way a letter came (RFC 5321, 4.4), as far as anybody writes it that way.

use crate::mail::address;
use crate::mail::header::unfold;
use crate::mail::letter::Hop;

/// How many hops are read; real mail has fewer than thirty.
pub const MAX_HOPS: usize = 100;

/// Reads one `Received` field.
#[must_use]
pub fn hop(value: &[u8]) -> Hop {
    let text = unfold(&value[..value.len().min(4_000)]);
    let mut hop = Hop::default();
    let (words, comments) = words_and_comments(&text);
    if let Some((_, date)) = text.rsplit_once(';') {
        hop.at = address::date(date.as_bytes());
    }
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        let slot = if is("from") && hop.from.is_empty() {
            &mut hop.from
        } else if is("by") && hop.by.is_empty() {
            &mut hop.by
        } else if is("with") && hop.with.is_empty() {
            &mut hop.with
        } else {
            continue;
        };
        let is_keyword = |w: &str| ["from", "by", "with", "for", "id"].iter().any(|k| w.eq_ignore_ascii_case(k));
        if let Some(next) = words.next_if(|w| !is_keyword(w)) {
            next.trim_matches([',', ';']).clone_into(slot);
        }
    }
    hop.from.make_ascii_lowercase();
    hop.by.make_ascii_lowercase();
    hop.with.make_ascii_uppercase();
    hop.login = comments.iter().find_map(|c| login(c));
    hop
}

/// The words before the date, outside comments, and the comments without what surrounds them.
fn words_and_comments(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut words, mut comments) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    // Where the word or the comment that is open began.
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => {
                if depth == 0 {
                    words.push(&text[from..at]);
                    from = at + 1;
                }
                depth += 1;
            }
            b')' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    comments.push(&text[from..at]);
                    from = at + 1;
                }
            }
            // The date follows.
            b';' if depth == 0 => {
                words.push(&text[from..at]);
                from = text.len();
                break;
            }
            b' ' | b'\t' if depth == 0 => {
                words.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if depth == 0 {
        words.push(&text[from..]);
    }
    words.retain(|w| !w.is_empty());
    (words, comments)
}

/// The login that a comment names: Postfix `Authenticated sender: x`, Courier `AUTH: LOGIN x`, others `auth=x`.
fn login(comment: &str) -> Option<String> {
    const MARKS: &[&str] = &[
        "authenticated sender:",
        "authenticated user:",
        "authenticated as ",
        "smtp-auth username ",
        "auth: login ",
        "auth: plain ",
        "auth=",
        "user=",
        "authenticated-user:",
    ];
    if !comment.contains([':', '=', ' ']) {
        return None;
    }
    let lower = comment.to_ascii_lowercase();
    if !["auth", "user"].iter().any(|w| lower.contains(w)) {
        return None;
    }
    let (at, mark) = MARKS.iter().filter_map(|m| lower.find(m).map(|at| (at, m))).min()?;
    // `pass` of `auth=pass (login) smtp.auth=x` is a result, not a name.
    let rest = comment.get(at + mark.len()..)?.trim_start();
    let name = rest.split([' ', ',', ')', ';']).next().unwrap_or_default().trim_matches(['<', '>', '"', ':']);
    let name = name.rsplit_once(':').map_or(name, |p| p.1);
    if matches!(name, "pass" | "fail" | "none") {
        let after = lower.split_once("smtp.auth=")?.1;
        return after.split([' ', ',', ';']).next().filter(|n| !n.is_empty()).map(str::to_owned);
    }
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: &str) {
        let h = hop(value.as_bytes());
        let at = h.at.map(|t| t.to_string()).unwrap_or_default();
        let got = format!("{}|{}|{}|{}|{}", h.from, h.by, h.with, h.login.unwrap_or_default(), at);
        assert_eq!(got, expect, "{value:?}");
    }

    #[test]
    fn hops() {
        check(
            "from pc.test (unknown [10.0.0.1])\r\n\t(using TLSv1.3) (Authenticated sender: Anna@a.test)\r\n\tby mx.a.test (Postfix) with ESMTPSA id 4F\r\n\tfor <x@b.test>; Fri, 20 Nov 2026 09:01:02 +0100 (CET)",
            "pc.test|mx.a.test|ESMTPSA|anna@a.test|2026-11-20T08:01:02Z",
        );
        check("by mx.a.test with LMTP id x; Fri, 20 Nov 2026 09:01:02 +0100", "|mx.a.test|LMTP||2026-11-20T08:01:02Z");
        check("from a (b [1.2.3.4]) (AUTH: LOGIN anna, TLS: TLSv1) by c with ESMTPS; x", "a|c|ESMTPS|anna|");
        check("from a by b (auth=anna@a.test) with esmtpa", "a|b|ESMTPA|anna@a.test|");
        check("(qmail 123 invoked by uid 89); 20 Nov 2026 08:01:02 -0000", "||||2026-11-20T08:01:02Z");
        check("", "||||");
        check("from from by by", "|||| ".trim());
    }
}
