//! Folder names as IMAP writes them: modified UTF-7 (RFC 3501, 5.1.3).

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// Base64 with a comma for the slash and without padding.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
});

/// `Ärenden` becomes `&AMQ-renden`.
pub(super) fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut foreign: Vec<u8> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut out, &mut foreign);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                foreign.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    shift(&mut out, &mut foreign);
    out
}

fn shift(out: &mut String, foreign: &mut Vec<u8>) {
    if let (false, Some(base64)) = (foreign.is_empty(), BASE64.as_ref()) {
        out.push('&');
        base64.encode_append(foreign, out);
        out.push('-');
        foreign.clear();
    }
}

/// The name behind `raw`; `None` if it is no modified UTF-7 (some servers send UTF-8 or anything).
pub(super) fn decode(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let (shifted, after) = rest[at + 1..].split_once('-')?;
        if shifted.is_empty() {
            out.push('&');
        } else {
            let bytes = BASE64.as_ref()?.decode(shifted.as_bytes()).ok()?;
            if bytes.len() % 2 != 0 {
                return None;
            }
            let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).collect();
            out.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_the_wire_and_back() {
        let check = |name: &str, wire: &str| {
            assert_eq!(encode(name), wire, "{name}");
            assert_eq!(decode(wire).as_deref(), Some(name), "{wire}");
        };
        check("INBOX", "INBOX");
        check("Ärenden", "&AMQ-renden");
        check("Ärenden/Åtgärdat", "&AMQ-renden/&AMU-tg&AOQ-rdat");
        check("Skräppost", "Skr&AOQ-ppost");
        check("A&B", "A&-B");
        check("&", "&-");
        check("日本語", "&ZeVnLIqe-");
        check("🙂", "&2D3eQg-");
        check("ÿÿÿ?", "&AP8A,wD,-?");
        check("", "");
        check("å&ä", "&AOU-&-&AOQ-");
    }

    #[test]
    fn what_is_no_modified_utf7_is_not_decoded() {
        for raw in ["&", "&AMQ", "&A-", "&AM*Q-", "&2D0-", "a&AMQrenden"] {
            assert_eq!(decode(raw), None, "{raw}");
        }
    }
}
