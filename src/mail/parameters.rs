//! `Content-Type` and `Content-Disposition`: a value and its parameters (RFC 2045, 5.1; RFC 2231).

use std::collections::{BTreeMap, BTreeSet};

use crate::mail::letter::Defect;
use crate::mail::{charset, words};

/// `text/plain; charset=utf-8`: the value in lower case, the parameters by name in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameterized {
    pub value: String,
    pub parameters: BTreeMap<String, String>,
}

impl Parameterized {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Reads a field value. Never fails; what cannot be read is left out.
    #[must_use]
    pub fn parse(field: &[u8], defects: &mut BTreeSet<Defect>) -> Self {
        let field = match std::str::from_utf8(field) {
            Ok(text) => text.to_owned(),
            Err(_) => charset::decode(field, None, defects),
        };
        let mut pieces = pieces(&field).into_iter();
        let value = pieces.next().unwrap_or_default();
        let value = value.0.to_ascii_lowercase();
        let mut plain = BTreeMap::new();
        // Name -> (section, encoded, text), RFC 2231.
        let mut sections: BTreeMap<String, Vec<(u32, bool, String)>> = BTreeMap::new();
        for (name, text) in pieces.take(200) {
            let name = name.to_ascii_lowercase();
            let Some(text) = text else { continue };
            match name.split_once('*') {
                None => {
                    plain.entry(name).or_insert(text);
                }
                Some((base, tail)) => {
                    let encoded = tail.is_empty() || tail.ends_with('*');
                    let section = tail.trim_end_matches('*').parse().unwrap_or(0);
                    sections.entry(base.to_owned()).or_default().push((section, encoded, text));
                }
            }
        }
        let mut parameters: BTreeMap<String, String> = plain
            .into_iter()
            .map(|(name, text)| {
                let text = if text.contains("=?") { words::text(text.as_bytes(), defects) } else { text };
                let text = if name.ends_with("name") { without_percent(text) } else { text };
                (name, text)
            })
            .collect();
        for (name, mut parts) in sections {
            parts.sort_by_key(|p| p.0);
            parts.dedup_by_key(|p| p.0);
            let mut text = join_sections(&parts, defects);
            // Sections of an encoded word: two standards at once.
            if text.contains("=?") {
                text = words::text(text.as_bytes(), defects);
            }
            parameters.insert(name, text);
        }
        Self { value, parameters }
    }
}

/// RFC 2231: the sections' bytes are put together before they are decoded, in the charset that the first names.
fn join_sections(parts: &[(u32, bool, String)], defects: &mut BTreeSet<Defect>) -> String {
    let mut label = None;
    let mut bytes = Vec::new();
    for (i, (_, encoded, text)) in parts.iter().enumerate() {
        let mut text = text.as_str();
        if *encoded {
            if i == 0 {
                let mut quoted = text.splitn(3, '\'');
                if let (Some(set), Some(_), Some(rest)) = (quoted.next(), quoted.next(), quoted.next()) {
                    label = Some(set.to_owned());
                    text = rest;
                }
            }
            unescape_percent(text, &mut bytes);
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    charset::decode(&bytes, label.as_deref(), defects)
}

/// A name that a web server's habits have come into: `r%C3%A4ka.pdf`.
fn without_percent(text: String) -> String {
    if !text.contains('%') || !text.is_ascii() {
        return text;
    }
    let mut bytes = Vec::with_capacity(text.len());
    unescape_percent(&text, &mut bytes);
    match String::from_utf8(bytes) {
        Ok(decoded) if !decoded.is_ascii() => decoded,
        _ => text,
    }
}

fn unescape_percent(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = |k: usize| bytes.get(i + k).and_then(|&c| (c as char).to_digit(16));
        if bytes[i] == b'%'
            && let (Some(a), Some(b)) = (hex(1), hex(2))
        {
            out.push((a * 16 + b) as u8);
            i += 3;
        } else {
            out.push(bytes[i]);
            i += 1;
        }
    }
}

/// The value and the `name=value` pairs, comments dropped, quoted strings unquoted.
fn pieces(field: &str) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    let (mut name, mut text, mut in_value) = (String::new(), String::new(), false);
    let mut flush = |name: &mut String, text: &mut String, in_value: &mut bool| {
        let value = in_value.then(|| std::mem::take(text));
        let key = std::mem::take(name);
        if !key.trim().is_empty() || out.is_empty() {
            out.push((key.trim().to_owned(), value.map(|v| v.trim().to_owned())));
        }
        text.clear();
        *in_value = false;
    };
    let mut chars = field.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            ';' => {
                flush(&mut name, &mut text, &mut in_value);
                first = false;
            }
            '=' if !in_value && !first => in_value = true,
            '"' if in_value && text.trim().is_empty() => {
                text.clear();
                while let Some(q) = chars.next() {
                    match q {
                        // A backslash before anything but a quote or itself is a path that somebody forgot to escape.
                        '\\' if chars.peek().is_some_and(|n| matches!(n, '"' | '\\')) => text.extend(chars.next()),
                        '"' => break,
                        '\r' | '\n' => {}
                        _ => text.push(q),
                    }
                }
                // What stands between the closing quote and the next semicolon is noise.
                while chars.peek().is_some_and(|&n| n != ';') {
                    chars.next();
                }
            }
            '(' if !in_value => {
                let mut depth = 1usize;
                for q in chars.by_ref() {
                    match q {
                        '(' => depth += 1,
                        ')' => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '\r' | '\n' => {}
            _ if in_value => text.push(c),
            _ => name.push(c),
        }
    }
    flush(&mut name, &mut text, &mut in_value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, value: &str, name: &str, expect: Option<&str>) {
        let got = Parameterized::parse(field.as_bytes(), &mut BTreeSet::new());
        assert_eq!(got.value, value, "{field:?}");
        assert_eq!(got.get(name), expect, "{field:?}");
    }

    #[test]
    fn parameters() {
        check("Text/Plain; Charset=\"UTF-8\"", "text/plain", "charset", Some("UTF-8"));
        check("text/plain;charset=utf-8;", "text/plain", "charset", Some("utf-8"));
        check("text/plain (x; y) ; charset = utf-8 ", "text/plain", "charset", Some("utf-8"));
        check("multipart/mixed;\r\n boundary=\"a=b;c\"", "multipart/mixed", "boundary", Some("a=b;c"));
        check("multipart/mixed; boundary=a=b", "multipart/mixed", "boundary", Some("a=b"));
        check("attachment; filename*=utf-8''r%C3%A4ka.pdf", "attachment", "filename", Some("räka.pdf"));
        check(
            "attachment; filename*0*=iso-8859-1'sv'r%E4; filename*1=ka.p; filename*2=df",
            "attachment",
            "filename",
            Some("räka.pdf"),
        );
        // A character cut in two between sections.
        check("a; filename*0*=utf-8''r%C3; filename*1*=%A4ka", "a", "filename", Some("räka"));
        check("a; filename=x; filename*=utf-8''y", "a", "filename", Some("y"));
        check("a; filename=\"=?utf-8?q?r=C3=A4ka?=.pdf\"", "a", "filename", Some("räka.pdf"));
        check("a; filename=my file.txt", "a", "filename", Some("my file.txt"));
        check("a; filename=\"C:\\Temp\\x.txt\"", "a", "filename", Some("C:\\Temp\\x.txt"));
        check("a; filename=\"a\\\"b\"", "a", "filename", Some("a\"b"));
        check("a; filename=\"r%C3%A4ka.pdf\"", "a", "filename", Some("räka.pdf"));
        check("a; filename=\"100%25.pdf\"", "a", "filename", Some("100%25.pdf"));
        check("a; filename*0=\"=?utf-8?Q?r=C3\"; filename*1=\"=A4ka?=\"", "a", "filename", Some("räka"));
        check("a; filename*0=a; filename*0=b; filename*1=c", "a", "filename", Some("ac"));
        check("a; filename*1*=%A4ka; filename*0*=utf-8''r%C3", "a", "filename", Some("räka"));
        check("a; filename*=\"UTF-8''r%C3%A4ka\"", "a", "filename", Some("räka"));
        check("a; filename*=r%C3%A4ka", "a", "filename", Some("räka"));
        check("a; filename*0*=utf-8''r%C3%A4; filename*2*=ka", "a", "filename", Some("räka"));
        check("", "", "x", None);
        check(";;;=", "", "x", None);
    }
}
