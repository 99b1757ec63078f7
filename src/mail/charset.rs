//! Bytes to text: declared charsets as the web reads them (WHATWG), a guess where none is declared, never an error.

mod dos;
mod iso2022;
mod utf;

use std::collections::BTreeSet;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, X_USER_DEFINED};

use crate::mail::charset::utf::Order;
use crate::mail::letter::Defect;

/// How many bytes the guess looks at, from the first that is not ASCII.
const GUESS_BYTES: usize = 64 * 1024;

/// Decodes `bytes` by the declared `label`; U+0000 becomes U+FFFD. What was odd goes to `defects`.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>, defects: &mut BTreeSet<Defect>) -> String {
    let text = decode_inner(bytes, label, defects);
    if memchr::memchr(0, text.as_bytes()).is_some() {
        defects.insert(Defect::Nul);
        return text.replace('\0', "\u{fffd}");
    }
    text
}

/// Who decodes.
#[derive(Clone, Copy)]
enum Decoder {
    Web(&'static Encoding),
    Dos(&'static str),
    Utf7,
    Utf16(Option<Order>),
    Utf32(Option<Order>),
    Iso2022,
    Hz,
}

fn decode_inner(bytes: &[u8], label: Option<&str>, defects: &mut BTreeSet<Defect>) -> String {
    let label = label.map(bare_label).unwrap_or_default();
    let decoder = decoder(&label);
    let is_ascii = bytes.is_ascii();
    if is_ascii && matches!(decoder, None | Some(Decoder::Web(_))) {
        if has_escapes(bytes) {
            return iso2022::decode(bytes);
        }
        if (decoder.is_none() && !is_none_label(&label))
            || matches!(decoder, Some(Decoder::Web(e)) if !e.is_ascii_compatible())
        {
            defects.insert(Defect::UnknownCharset);
        }
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let utf8 = std::str::from_utf8(strip_bom(bytes)).ok();
    match decoder {
        Some(Decoder::Web(encoding)) => decode_web(bytes, encoding, utf8),
        Some(Decoder::Dos(page)) => match utf8 {
            Some(text) if is_multi_byte(text, 2) => text.to_owned(),
            _ => dos::decode(bytes, page),
        },
        Some(Decoder::Utf7) => match utf8 {
            Some(text) if !is_ascii => text.to_owned(),
            _ => utf::decode_7(bytes),
        },
        // Text of one byte a letter under a label of two: the converter forgot the one or the other.
        Some(Decoder::Utf16(_) | Decoder::Utf32(_)) if utf8.is_some_and(|t| !t.contains('\0') && mostly_ascii(t)) => {
            utf8.unwrap_or_default().to_owned()
        }
        Some(Decoder::Utf16(order)) => utf::decode_16(bytes, order),
        Some(Decoder::Utf32(order)) => utf::decode_32(bytes, order),
        Some(Decoder::Iso2022) if is_ascii || bytes.contains(&0x1b) => iso2022::decode(bytes),
        Some(Decoder::Hz) if is_ascii => iso2022::decode_hz(bytes),
        // Eight-bit text under a seven-bit label.
        Some(Decoder::Iso2022 | Decoder::Hz) => {
            utf8.map_or_else(|| guess(bytes).decode(bytes).0.into_owned(), str::to_owned)
        }
        None => {
            if !label.is_empty() || utf8.is_none() {
                defects.insert(Defect::UnknownCharset);
            }
            match utf8 {
                Some(text) if !text.contains('\x1b') => text.to_owned(),
                _ => guess(bytes).decode(bytes).0.into_owned(),
            }
        }
    }
}

fn decode_web(bytes: &[u8], encoding: &'static Encoding, utf8: Option<&str>) -> String {
    // Multi-byte UTF-8 does not happen by chance, so it wins over a wrong single-byte label.
    if let Some(text) = utf8
        && (encoding == UTF_8 || encoding == WINDOWS_1252 || (encoding.is_single_byte() && is_multi_byte(text, 2)))
    {
        return text.to_owned();
    }
    if encoding == UTF_8 && !mostly_utf8(bytes) {
        return guess(bytes).decode(bytes).0.into_owned();
    }
    let (text, _, damaged) = encoding.decode(bytes);
    match utf8 {
        Some(utf8) if damaged => utf8.to_owned(),
        _ => text.into_owned(),
    }
}

/// Whether there are at least `count` characters outside of ASCII.
fn is_multi_byte(text: &str, count: usize) -> bool {
    text.chars().filter(|c| !c.is_ascii()).take(count).count() == count
}

fn mostly_ascii(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii).count() * 2 > text.len()
}

/// Text of seven bits that switches to Japanese or Korean, whatever it says that it is.
fn has_escapes(bytes: &[u8]) -> bool {
    let Some(at) = memchr::memchr(0x1b, bytes) else { return false };
    let marks: &[&[u8]] = &[b"\x1b$B", b"\x1b$@", b"\x1b$(", b"\x1b$)", b"\x1b(I"];
    bytes[at..].windows(3).any(|w| marks.contains(&w))
}

/// `"ISO-8859-1"; format` as some programs write it: the label alone, lower case.
fn bare_label(label: &str) -> String {
    let label = label.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '='));
    let end = label.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | ';' | ',' | '*'));
    label[..end.unwrap_or(label.len())].to_ascii_lowercase()
}

/// Labels that say that nobody knows.
fn is_none_label(label: &str) -> bool {
    ["", "x-unknown", "unknown", "unknown-8bit", "8bit", "7bit", "default", "none", "binary", "us", "x-user-defined"]
        .contains(&label)
}

fn decoder(label: &str) -> Option<Decoder> {
    if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
        return match label {
            _ if encoding == X_USER_DEFINED => None,
            _ if encoding.name() == "UTF-16LE" => Some(Decoder::Utf16(order(label))),
            _ if encoding.name() == "UTF-16BE" => Some(Decoder::Utf16(Some(Order::Big))),
            _ if encoding.name() == "ISO-2022-JP" => Some(Decoder::Iso2022),
            _ => Some(Decoder::Web(encoding)),
        };
    }
    const SPECIAL: &[(&str, Decoder)] = &[
        ("utf-7", Decoder::Utf7),
        ("utf7", Decoder::Utf7),
        ("unicode-1-1-utf-7", Decoder::Utf7),
        ("unicode-2-0-utf-7", Decoder::Utf7),
        ("x-unicode-2-0-utf-7", Decoder::Utf7),
        ("csunicode11utf7", Decoder::Utf7),
        ("hz-gb-2312", Decoder::Hz),
        ("hz", Decoder::Hz),
        ("jis", Decoder::Iso2022),
        ("csiso2022kr", Decoder::Iso2022),
        ("csjisencoding", Decoder::Iso2022),
        ("x-windows-iso2022jp", Decoder::Iso2022),
    ];
    if let Some((_, decoder)) = SPECIAL.iter().find(|(name, _)| *name == label) {
        return Some(*decoder);
    }
    // Names vary in what stands between their words.
    let bare: String = label.strip_prefix("x-").unwrap_or(label).chars().filter(char::is_ascii_alphanumeric).collect();
    if bare.starts_with("iso2022") || bare.starts_with("cp5022") {
        return Some(Decoder::Iso2022);
    }
    if bare.starts_with("utf32") || bare.starts_with("ucs4") || bare == "iso10646ucs4" {
        return Some(Decoder::Utf32(order(label)));
    }
    if bare.starts_with("utf16") || bare.starts_with("ucs2") {
        return Some(Decoder::Utf16(order(label)));
    }
    let bare =
        bare.strip_prefix("cspc8codepage").or(bare.strip_prefix("pc8")).map_or(bare.clone(), |n| format!("cp{n}"));
    let number: String = bare.trim_start_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
    let family = &bare[..bare.len() - number.len()];
    let web = |name: &str| Encoding::for_label_no_replacement(name.as_bytes()).map(Decoder::Web);
    match family {
        "windows" | "win" | "cp" | "ibm" | "ms" | "codepage" | "pc" | "oem" | "dos" | "cspc" => dos::page(&number)
            .or_else(|| dos::page(number.trim_start_matches('0')))
            .map(Decoder::Dos)
            .or_else(|| web(&format!("windows-{number}")))
            .or_else(|| web(&format!("ibm{number}")))
            .or_else(|| web(numbered(&number))),
        "iso" | "isoir" | "" if number.starts_with("8859") => web(&format!("iso-8859-{}", leading(&number[4..]))),
        "latin" if number == "9" => web("iso-8859-15"),
        "latin" if number == "10" => web("iso-8859-16"),
        "latin" => web(&format!("latin{number}")),
        "" => web(numbered(&number)).or_else(|| dos::page(&number).map(Decoder::Dos)),
        _ => web(family_of(&bare)),
    }
}

/// Microsoft's numbers for what others call by a name.
fn numbered(number: &str) -> &'static str {
    match number {
        "932" | "943" => "shift_jis",
        "936" | "1386" => "gbk",
        "54936" | "18030" => "gb18030",
        "949" | "970" => "euc-kr",
        "950" => "big5",
        "20127" | "367" | "819" => "windows-1252",
        "20866" => "koi8-r",
        "21866" => "koi8-u",
        "28605" | "923" => "iso-8859-15",
        "51932" => "euc-jp",
        "65001" | "1208" => "utf-8",
        "10000" => "macintosh",
        _ => "",
    }
}

/// The digits that `text` begins with.
fn leading(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

/// Names that mail uses and the web does not know, by how they begin.
fn family_of(bare: &str) -> &'static str {
    const FAMILIES: &[(&str, &str)] = &[
        ("utf", "utf-8"),
        ("unicode11utf8", "utf-8"),
        ("ascii", "windows-1252"),
        ("usascii", "windows-1252"),
        ("ansi", "windows-1252"),
        ("western", "windows-1252"),
        ("iso646", "windows-1252"),
        ("gb", "gb18030"),
        ("csgb", "gb18030"),
        ("euccn", "gbk"),
        ("chinese", "gbk"),
        ("big", "big5"),
        ("shiftjis", "shift_jis"),
        ("sjis", "shift_jis"),
        ("mskanji", "shift_jis"),
        ("eucjp", "euc-jp"),
        ("ujis", "euc-jp"),
        ("euckr", "euc-kr"),
        ("ksc", "euc-kr"),
        ("ksx", "euc-kr"),
        ("uhc", "euc-kr"),
        ("koi8u", "koi8-u"),
        ("koi8ru", "koi8-u"),
        ("koi", "koi8-r"),
        ("tis", "windows-874"),
        ("maccyrillic", "x-mac-cyrillic"),
        ("mac", "macintosh"),
    ];
    FAMILIES.iter().find(|(name, _)| bare.starts_with(name)).map_or("", |(_, to)| to)
}

fn order(label: &str) -> Option<Order> {
    if label.ends_with("be") {
        Some(Order::Big)
    } else if label.ends_with("le") {
        Some(Order::Little)
    } else {
        None
    }
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
        // Outside of GB 2312, inside of what is meant by it.
        check(b"\xe9F\x81\x30\x81\x30", Some("gb2312"), "镕\u{80}", false);
    }

    #[test]
    fn labels_of_mail() {
        for (label, bytes, expect) in [
            ("\"ISO-8859-1\"; format=flowed", &b"\xe5"[..], "å"),
            ("windows1252", b"\x80", "€"),
            ("cp-1251", b"\xe4\xe0", "да"),
            ("win-1251", b"\xe4\xe0", "да"),
            ("latin-1", b"\xe5", "å"),
            ("Latin9", b"\xa4", "€"),
            ("iso8859_15", b"\xa4", "€"),
            ("ISO_8859-2:1987", b"\xb1", "ą"),
            ("8859_1", b"\xe5", "å"),
            ("x-mac-roman", b"\x8c", "å"),
            ("mac", b"\x8c", "å"),
            ("cp850", b"\x86", "å"),
            ("IBM865", b"\x9b", "ø"),
            ("cp00858", b"\xd5", "€"),
            ("PC8-850", b"\x86", "å"),
            ("cp932", b"\x89\xd7", "荷"),
            ("x-sjis", b"\x89\xd7", "荷"),
            ("ks_c_5601-1987", b"\xc7\xd1", "한"),
            ("GB_2312-80", b"\xc4\xe3", "你"),
            ("big5-eten", b"\xa7\x41", "你"),
            ("iso-2022-jp-3", b"\x1b$(O2Y\x1b(B", "荷"),
            ("iso-2022-kr", b"\x1b$)C\x0eGQ\x0f", "한"),
            ("hz-gb-2312", b"~{VP~}", "中"),
            ("utf-16", b"\0a\0\xe5", "aå"),
            ("utf-16le", b"a\0\xe5\0", "aå"),
            ("utf-16", b"plain text", "plain text"),
            ("utf-32be", b"\0\0\0\xe5", "å"),
            ("utf8mb4", "å".as_bytes(), "å"),
            ("koi8", b"\xc4\xc1", "да"),
            ("tis-620", b"\xa1", "ก"),
            ("us-ascii", b"\x1b$B2Y\x1b(B", "荷"),
            // A label that is wrong, over bytes that can be nothing else.
            ("iso-8859-5", "räksmörgås".as_bytes(), "räksmörgås"),
            ("iso-2022-jp", "荷物".as_bytes(), "荷物"),
        ] {
            check(bytes, Some(label), expect, false);
        }
    }
}
