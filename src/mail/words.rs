//! Encoded words in header fields (RFC 2047), decoded together where a mailer cut a character in two.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::mail::letter::Defect;
use crate::mail::{charset, mime};
use crate::model::one_line;

/// An unstructured value (Subject, a file name) as text on one line.
#[must_use]
pub fn text(value: &[u8], defects: &mut BTreeSet<Defect>) -> String {
    one_line(&replace(value, Context::Text, defects))
}

/// A structured value (From, To) in which each encoded word has become a quoted string, so that a decoded comma or angle
/// bracket stays part of the name.
#[must_use]
pub fn structured(value: &[u8], defects: &mut BTreeSet<Defect>) -> String {
    replace(value, Context::Outside, defects)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Text,
    Outside,
    Quoted,
    Comment(usize),
}

/// How long one encoded word may be, in bytes; RFC 2047 says 75, mailers say more.
const MAX_WORD: usize = 10_000;

struct Word<'a> {
    charset: &'a str,
    base64: bool,
    data: &'a [u8],
}

fn replace(value: &[u8], start: Context, defects: &mut BTreeSet<Defect>) -> String {
    let value: Cow<'_, str> = match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(charset::decode(value, None, defects)),
    };
    if !value.contains("=?") {
        return value.into_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut context = start;
    let mut at = 0;
    let bytes = value.as_bytes();
    while at < bytes.len() {
        if bytes[at] == b'='
            && bytes.get(at + 1) == Some(&b'?')
            && let Some((run, words)) = run_of_words(&value, at)
        {
            let decoded = decode_run(&words, defects);
            match context {
                Context::Text => out.push_str(&decoded),
                Context::Quoted => push_escaped(&mut out, &decoded, &['"', '\\']),
                Context::Comment(_) => push_escaped(&mut out, &decoded, &['(', ')', '\\']),
                Context::Outside => {
                    out.push('"');
                    push_escaped(&mut out, &decoded, &['"', '\\']);
                    out.push('"');
                }
            }
            at = run.end;
            continue;
        }
        let c = value[at..].chars().next().unwrap_or(' ');
        let escaped = c == '\\' && matches!(context, Context::Quoted | Context::Comment(_));
        context = match (context, c) {
            (Context::Outside, '"') => Context::Quoted,
            (Context::Quoted, '"') => Context::Outside,
            (Context::Outside, '(') => Context::Comment(1),
            (Context::Comment(n), '(') => Context::Comment(n + 1),
            (Context::Comment(1), ')') => Context::Outside,
            (Context::Comment(n), ')') => Context::Comment(n - 1),
            (other, _) => other,
        };
        out.push(c);
        at += c.len_utf8();
        if escaped && let Some(next) = value[at..].chars().next() {
            out.push(next);
            at += next.len_utf8();
        }
    }
    out
}

fn push_escaped(out: &mut String, text: &str, special: &[char]) {
    for c in text.chars() {
        if special.contains(&c) {
            out.push('\\');
        }
        out.push(if c == '\r' || c == '\n' { ' ' } else { c });
    }
}

/// The encoded words that begin at `at` and follow each other with nothing but white space between them.
fn run_of_words(value: &str, at: usize) -> Option<(Range<usize>, Vec<Word<'_>>)> {
    let mut words = Vec::new();
    let mut end = at;
    let mut next = at;
    while let Some((word, stop)) = word_at(value, next) {
        words.push(word);
        end = stop;
        next = stop + (value.len() - stop - value[stop..].trim_start_matches([' ', '\t', '\r', '\n']).len());
    }
    (!words.is_empty()).then_some((at..end, words))
}

/// `=?charset*language?Q?data?=` at `at`. White space within the data is forgiven, and so is a missing end.
fn word_at(value: &str, at: usize) -> Option<(Word<'_>, usize)> {
    let rest = value.get(at..)?;
    let (charset, base64, head) = head(rest)?;
    let data = &rest[head..];
    let data = &data[..data.floor_char_boundary(MAX_WORD)];
    let (content, length) = match end_of_word(data, base64) {
        Some(stop) => (&data[..stop], stop + 2),
        None => (data, data.len()),
    };
    // Another word begins before this one ends, or none ends: what was cut off reaches to the next white space.
    let (content, length) = match next_word(content) {
        Some(next) => (content[..next].trim_end(), next),
        None if length > content.len() => (content, length),
        None if rest.len() - head > MAX_WORD || content.trim_end().contains(char::is_whitespace) => return None,
        None => (content.trim_end(), content.len()),
    };
    let content = if length == content.len() { content.trim_end_matches('?') } else { content };
    if base64 && content.contains('?') {
        return None;
    }
    let charset = charset.split('*').next().unwrap_or(charset);
    Some((Word { charset, base64, data: content.as_bytes() }, at + head + length))
}

/// `=?charset?Q?` at the start of `text`: the charset, whether base64, and the length.
fn head(text: &str) -> Option<(&str, bool, usize)> {
    let rest = text.strip_prefix("=?")?;
    let rest = &rest[..rest.floor_char_boundary(64)];
    let (charset, after) = rest.split_once('?').filter(|(c, _)| c.len() < 60 && !c.contains(char::is_whitespace))?;
    let base64 = match after.as_bytes() {
        [b'b' | b'B', b'?', ..] => true,
        [b'q' | b'Q', b'?', ..] => false,
        _ => return None,
    };
    Some((charset, base64, 2 + charset.len() + 3))
}

/// Where `?=` ends the word. In Q a bare `?` may stand before an escape: `?=3F` is no end where another one follows.
fn end_of_word(data: &str, base64: bool) -> Option<usize> {
    let mut stop = data.find("?=")?;
    let hex = |at: usize| data.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    while !base64 && hex(stop + 2) && hex(stop + 3) {
        let Some(next) = data[stop + 2..].find("?=") else { break };
        if data[stop + 2..stop + 2 + next].contains([' ', '\t', '\n']) {
            break;
        }
        stop += 2 + next;
    }
    Some(stop)
}

/// Where in `content` another word begins.
fn next_word(content: &str) -> Option<usize> {
    content.match_indices("=?").map(|(at, _)| at).take(20).find(|at| head(&content[*at..]).is_some())
}

fn decode_run(words: &[Word<'_>], defects: &mut BTreeSet<Defect>) -> String {
    let mut out = String::new();
    let mut bytes: Vec<u8> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        if word.base64 {
            bytes.extend(mime::decode_base64(word.data, defects));
        } else {
            decode_q(word.data, &mut bytes);
        }
        // Stateful and multi-byte charsets are decoded over the whole run of one charset.
        let more = words.get(i + 1).is_some_and(|next| next.charset.eq_ignore_ascii_case(word.charset));
        if !more {
            out.push_str(&charset::decode(&bytes, Some(word.charset), defects));
            bytes.clear();
        }
    }
    out
}

/// RFC 2047's Q encoding: `_` is a space.
fn decode_q(data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        match b {
            b'_' => out.push(b' '),
            b'=' => {
                let hex = |i: usize| tail.get(i).and_then(|&c| (c as char).to_digit(16));
                if let (Some(a), Some(b)) = (hex(0), hex(1)) {
                    out.push((a * 16 + b) as u8);
                    rest = &tail[2..];
                } else {
                    out.push(b'=');
                }
            }
            b'\r' | b'\n' => {}
            _ => out.push(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: &str) {
        assert_eq!(text(value.as_bytes(), &mut BTreeSet::new()), expect, "{value:?}");
    }

    #[test]
    fn subjects() {
        check("Hej", "Hej");
        check("=?utf-8?Q?R=C3=A4ksm=C3=B6rg=C3=A5s?=", "Räksmörgås");
        check("=?UTF-8?B?UsOka3Ntw7ZyZ8Olcw==?=", "Räksmörgås");
        check("=?iso-8859-1?q?V=E4ska?= and =?utf-8?q?more?=", "Väska and more");
        check("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab");
        // One character cut in two between words.
        check("=?utf-8?B?w6TDpcM=?= =?utf-8?B?tg==?=", "äåö");
        check("=?utf-8?q?a_b=5F?=", "a b_");
        check("=?utf-8*sv?q?hej?=", "hej");
        check("=?x?y?z?=", "=?x?y?z?=");
        check("1 =? 2", "1 =? 2");
        check("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x");
        check("=?utf-8?Q?Re:_ask?me?=", "Re: ask?me");
        // Broken in the ways that mail is.
        check("=?utf-8?Q?Var?=3F_h=C3=A4r?=", "Var?? här");
        check("=?utf-8?Q?r=C3=A4ka", "räka");
        check("=?utf-8?B?csOka2E", "räka");
        check("=?utf-8?Q?r=C3=A4ka?", "räka");
        check("=?utf-8?Q?r=C3=A4ka =?utf-8?Q?_nu?=", "räka nu");
        check("=?utf-8?Q?r=C3=A4ka?==?utf-8?Q?_nu?=", "räka nu");
        check("=?utf-8?Q?r=C3=A4ka nu?=", "räka nu");
        check("=?utf-8?B?csOk\r\n a2E=?=", "räka");
        check("=?utf-8?b?csOka2E?=", "räka");
        check("x=?utf-8?Q?=C3=A4?=y", "xäy");
        check("=?utf-8?Q?=E2=82?= =?utf-8?B?rA==?=", "€");
        check("=?windows1252?Q?=80?=", "€");
        check("=??Q?r=C3=A4ka?=", "räka");
        check("=?utf-8?Q?a not ended", "=?utf-8?Q?a not ended");
        check("=?utf-8?X?a?=", "=?utf-8?X?a?=");
        check("=?iso-2022-jp?B?GyRCMllKKhsoQg==?=", "荷物");
    }

    #[test]
    fn names_stay_names() {
        let check = |value: &str, expect: &str| {
            assert_eq!(structured(value.as_bytes(), &mut BTreeSet::new()), expect, "{value:?}");
        };
        check("=?utf-8?q?Doe=2C_J?= <j@a.test>", "\"Doe, J\" <j@a.test>");
        check("\"=?utf-8?q?a=22b?=\" <j@a.test>", "\"a\\\"b\" <j@a.test>");
        check("j@a.test (=?utf-8?q?J=29?=)", "j@a.test (J\\))");
    }
}
