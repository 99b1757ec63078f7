//! Seven-bit charsets that switch by escape sequences: ISO-2022-JP with its extensions, -KR, -CN, and HZ.
//!
//! WHATWG knows the plain Japanese one only, and gives up the Korean and Chinese ones as a whole (for fear of scripts, which
//! text has none of). Each set is handed to the eight-bit encoding that has the same characters at the same places.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_7, WINDOWS_1252};

/// What the bytes 0x21 to 0x7E mean at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    /// ASCII with a yen sign and an overline.
    Roman,
    /// JIS X 0201, half-width.
    Katakana,
    /// JIS X 0208, and plane 1 of 0213 as far as it is the same.
    Jis,
    /// JIS X 0212.
    JisMore,
    /// GB 2312.
    Chinese,
    /// KS X 1001.
    Korean,
    /// Two bytes a character, and nobody here knows which.
    Unknown,
}

/// Text of pieces in several encodings, one decoder call a piece.
struct Pieces {
    out: String,
    bytes: Vec<u8>,
    encoding: &'static Encoding,
}

impl Pieces {
    fn new(capacity: usize) -> Self {
        Self { out: String::with_capacity(capacity), bytes: Vec::new(), encoding: EUC_JP }
    }

    fn push(&mut self, encoding: &'static Encoding, bytes: &[u8]) {
        if self.encoding != encoding {
            self.flush();
            self.encoding = encoding;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn push_char(&mut self, c: char) {
        self.flush();
        self.out.push(c);
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.out.push_str(&self.encoding.decode_without_bom_handling(&self.bytes).0);
            self.bytes.clear();
        }
    }

    fn finish(mut self) -> String {
        self.flush();
        self.out
    }
}

/// Escape sequences without the escape itself: where the set goes (0 or 1), and which.
const ESCAPES: &[(&[u8], usize, Set)] = &[
    (b"(B", 0, Set::Ascii),
    (b"(J", 0, Set::Roman),
    // What it should not be, and is sent as.
    (b"(H", 0, Set::Ascii),
    (b"(I", 0, Set::Katakana),
    (b")I", 1, Set::Katakana),
    (b"$@", 0, Set::Jis),
    (b"$B", 0, Set::Jis),
    (b"$(@", 0, Set::Jis),
    (b"$(B", 0, Set::Jis),
    (b"$(D", 0, Set::JisMore),
    (b"$(O", 0, Set::Jis),
    (b"$(Q", 0, Set::Jis),
    (b"$(P", 0, Set::Unknown),
    (b"$A", 0, Set::Chinese),
    (b"$(A", 0, Set::Chinese),
    (b"$(C", 0, Set::Korean),
    (b"$)A", 1, Set::Chinese),
    (b"$)C", 1, Set::Korean),
    (b"$)E", 1, Set::Unknown),
    (b"$)G", 1, Set::Unknown),
    (b"$*H", 2, Set::Unknown),
    (b"&@", 2, Set::Unknown),
];

/// Decodes any of the ISO-2022 family.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let mut pieces = Pieces::new(bytes.len() * 3 / 2);
    // Without an announcement Shift Out means katakana (CP50222).
    let mut sets = [Set::Ascii, Set::Katakana];
    let mut shifted = 0;
    let mut high: &'static Encoding = WINDOWS_1252;
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        let rest = &bytes[at + 1..];
        match b {
            0x1b => {
                if let Some((sequence, place, set)) = ESCAPES.iter().find(|(s, _, _)| rest.starts_with(s)) {
                    if let Some(slot) = sets.get_mut(*place) {
                        *slot = *set;
                    }
                    at += 1 + sequence.len();
                } else if rest.starts_with(b".A") || rest.starts_with(b".F") {
                    high = if rest[1] == b'A' { WINDOWS_1252 } else { ISO_8859_7 };
                    at += 3;
                } else if let [b'N', c, ..] = rest {
                    pieces.push(high, &[c | 0x80]);
                    at += 3;
                } else {
                    at += 1;
                }
                continue;
            }
            0x0e => shifted = 1,
            0x0f => shifted = 0,
            // Half-width katakana of eight bits (CP50221).
            0xa1..=0xdf => pieces.push(EUC_JP, &[0x8e, b]),
            0x80.. => pieces.push_char('\u{fffd}'),
            0..=0x20 | 0x7f => {
                // A line begins unshifted, also where somebody forgot to say so.
                if b == b'\n' {
                    shifted = 0;
                }
                pieces.push(pieces.encoding, &[b]);
            }
            _ => {
                let set = sets[shifted];
                let pair = rest.first().filter(|c| (0x21..=0x7e).contains(*c)).map(|c| [b | 0x80, c | 0x80]);
                match (set, pair) {
                    (Set::Ascii, _) => pieces.push(pieces.encoding, &[b]),
                    (Set::Roman, _) if b == b'\\' => pieces.push_char('¥'),
                    (Set::Roman, _) if b == b'~' => pieces.push_char('‾'),
                    (Set::Roman, _) => pieces.push(pieces.encoding, &[b]),
                    (Set::Katakana, _) => pieces.push(EUC_JP, &[0x8e, b | 0x80]),
                    (_, None) => pieces.push_char('\u{fffd}'),
                    (Set::Jis, Some(pair)) => pieces.push(EUC_JP, &pair),
                    (Set::JisMore, Some([a, b])) => pieces.push(EUC_JP, &[0x8f, a, b]),
                    (Set::Chinese, Some(pair)) => pieces.push(GBK, &pair),
                    (Set::Korean, Some(pair)) => pieces.push(EUC_KR, &pair),
                    (Set::Unknown, Some(_)) => pieces.push_char('\u{fffd}'),
                }
                at += usize::from(pair.is_some() && !matches!(set, Set::Ascii | Set::Roman | Set::Katakana));
            }
        }
        at += 1;
    }
    pieces.finish()
}

/// HZ (RFC 1843): GB 2312 between `~{` and `~}`.
#[must_use]
pub fn decode_hz(bytes: &[u8]) -> String {
    let mut gbk = Vec::with_capacity(bytes.len());
    let mut chinese = false;
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'~', Some(b'{')) if !chinese => (chinese, at) = (true, at + 2),
            (b'~', Some(b'}')) => (chinese, at) = (false, at + 2),
            (b'~', Some(b'~')) if !chinese => {
                gbk.push(b'~');
                at += 2;
            }
            (b'~', Some(b'\n')) if !chinese => at += 2,
            (a @ 0x21..=0x7e, Some(b @ 0x21..=0x7e)) if chinese => {
                gbk.extend_from_slice(&[a | 0x80, b | 0x80]);
                at += 2;
            }
            (b, _) => {
                // RFC 1843: a line ends in ASCII.
                chinese &= b != b'\n';
                gbk.push(b);
                at += 1;
            }
        }
    }
    GBK.decode_without_bom_handling(&gbk).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_switch() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(decode(bytes), expect, "{bytes:?}");
        check(b"a \x1b$B2YJ*\x1b(B b", "a 荷物 b");
        check(b"\x1b$@2YJ*\x1b(J\\100", "荷物¥100");
        check(b"\x1b(I1\x1b(B", "ｱ");
        check(b"\x0e1\x0f1", "ｱ1");
        check(b"\xb1", "ｱ");
        check(b"\x1b$(D0!\x1b(B", "丂");
        check(b"\x1b$AVPND\x1b(B", "中文");
        check(b"\x1b$(CGQ19\x1b(B", "한국");
        check(b"\x1b$)C\x0eGQ19\x0f a\n\x0eGQ19\nb", "한국 a\n한국\nb");
        check(b"\x1b$)A\x0eVPND\x0f.", "中文.");
        check(b"\x1b.A\x1bNeb", "åb");
        check(b"\x1b.F\x1bNa", "α");
        // Cut off in the middle, and an escape that is none.
        check(b"\x1b$B2", "\u{fffd}");
        check(b"\x1b[1mx", "[1mx");
        check(b"", "");
    }

    #[test]
    fn hz() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(decode_hz(bytes), expect, "{bytes:?}");
        check(b"a ~{VPND~} b ~~", "a 中文 b ~");
        check(b"~{VPND\nb~\nc", "中文\nbc");
        check(b"~{V", "V");
        check(b"~", "~");
    }
}
