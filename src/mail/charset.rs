//! Bytes to text: declared charsets as the web reads them (WHATWG), a guess where none is declared, never an error.

use std::collections::BTreeSet;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

use crate::mail::letter::Defect;

/// How many bytes the guess looks at, from the first that is not ASCII.
const GUESS_BYTES: usize = 64 * 1024;

/// Decodes `bytes` by the declared `label`; U+0000 becomes U+FFFD. What was odd goes to `defects`.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>, defects: &mut BTreeSet<Defect>) -> String {
    let text = decode_inner(bytes, label, defects);
    if text.contains('\0') {
        defects.insert(Defect::Nul);
        return text.replace('\0', "\u{fffd}");
    }
    text
}

fn decode_inner(bytes: &[u8], label: Option<&str>, defects: &mut BTreeSet<Defect>) -> String {
    let label =
        label.map(|l| l.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))).filter(|l| !l.is_empty());
    let declared = label.and_then(|l| Encoding::for_label(alias(l).as_bytes()));
    if let Some(encoding) = declared {
        // Multi-byte UTF-8 does not happen by chance, so it wins over a wrong single-byte label.
        if encoding == UTF_8 || (encoding == WINDOWS_1252 && !bytes.is_ascii()) {
            match std::str::from_utf8(strip_bom(bytes)) {
                Ok(text) => return text.to_owned(),
                Err(_) if encoding == UTF_8 && !mostly_utf8(bytes) => return guess(bytes).decode(bytes).0.into_owned(),
                Err(_) => {}
            }
        }
        return encoding.decode(bytes).0.into_owned();
    }
    if let Some(label) = label {
        if let Some(decoder) = charset_decoder(label.to_ascii_lowercase().as_bytes())
            .filter(|_| !matches!(label.to_ascii_lowercase().as_str(), "iso-2022-kr" | "hz-gb-2312"))
        {
            return decoder(bytes);
        }
        if !bytes.is_ascii() || !is_none_label(label) {
            defects.insert(Defect::UnknownCharset);
        }
    } else if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
        defects.insert(Defect::UnknownCharset);
    }
    match std::str::from_utf8(strip_bom(bytes)) {
        Ok(text) if !text.contains('\x1b') => text.to_owned(),
        _ => guess(bytes).decode(bytes).0.into_owned(),
    }
}

/// Labels that say that nobody knows.
fn is_none_label(label: &str) -> bool {
    ["x-unknown", "unknown", "unknown-8bit", "8bit", "default", "none", "binary", "us"]
        .iter()
        .any(|l| label.eq_ignore_ascii_case(l))
}

/// Names that mail uses and the web does not know.
fn alias(label: &str) -> &str {
    const ALIASES: &[(&str, &str)] = &[
        ("utf8mb4", "utf-8"),
        ("utf", "utf-8"),
        ("cp936", "gbk"),
        ("cp932", "shift_jis"),
        ("cp949", "euc-kr"),
        ("cp950", "big5"),
        ("ms936", "gbk"),
        ("hz-gb-2312", "gbk"),
        ("iso-8859-1-windows-1252", "windows-1252"),
        ("iso-2022-jp-ms", "iso-2022-jp"),
        ("iso-2022-jp-1", "iso-2022-jp"),
        ("iso8859_1", "windows-1252"),
        ("ascii-8bit", "windows-1252"),
    ];
    ALIASES.iter().find(|(name, _)| label.eq_ignore_ascii_case(name)).map_or(label, |(_, to)| to)
}

fn strip_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Whether damaged UTF-8 is still UTF-8: at least as many good multi-byte sequences as bad places.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= bad
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let from = bytes.iter().position(|b| !b.is_ascii()).unwrap_or(0);
    // ISO-2022-JP has no byte above 127, so its guess starts at the escape.
    let from = bytes.iter().position(|&b| b == 0x1b).map_or(from, |e| e.min(from).saturating_sub(1));
    let window = &bytes[from..bytes.len().min(from + GUESS_BYTES)];
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(window, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], label: Option<&str>, expect: &str, odd: bool) {
        let mut defects = BTreeSet::new();
        assert_eq!(decode(bytes, label, &mut defects), expect, "{label:?}");
        assert_eq!(!defects.is_empty(), odd, "{label:?} {defects:?}");
    }

    #[test]
    fn charsets() {
        check(b"sm\xf6rg\xe5s", Some("iso-8859-1"), "smörgås", false);
        check(b"5 \x80", Some("ISO-8859-1"), "5 €", false);
        check("räksmörgås".as_bytes(), Some("us-ascii"), "räksmörgås", false);
        check("räksmörgås".as_bytes(), None, "räksmörgås", false);
        check(
            b"jag vill returnera en v\xe4ska och f\xe5 pengarna \xe5ter",
            None,
            "jag vill returnera en väska och få pengarna åter",
            true,
        );
        check(
            b"jag vill returnera en v\xe4ska och f\xe5 pengarna \xe5ter",
            Some("utf-8"),
            "jag vill returnera en väska och få pengarna åter",
            false,
        );
        check(b"Hall\xc3\xa5 \xff", Some("utf-8"), "Hallå \u{fffd}", false);
        check(b"+AOU-", Some("utf-7"), "å", false);
        check(b"\x1b$B%O\x1b(B", Some("iso-2022-jp"), "ハ", false);
        check(b"plain", Some("x-martian"), "plain", true);
        check(b"plain", Some("x-unknown"), "plain", false);
        check(b"a\0b", None, "a\u{fffd}b", true);
        check(b"\xef\xbb\xbfx", Some("utf-8"), "x", false);
        check(b"\xc4\xe3\xba\xc3", Some("gb2312"), "你好", false);
    }
}
