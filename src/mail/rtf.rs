//! Rich text as Outlook packs it into TNEF: unpacked (MS-OXRTFCP), and HTML or plain text taken out of it (MS-OXRTFEX).

use std::collections::BTreeSet;

use crate::mail::charset;

/// What unpacked text may come to, in bytes.
const MAX_BYTES: usize = 8_000_000;
/// How deep groups may nest.
const MAX_DEPTH: usize = 1_000;

/// What the window holds before the first byte: words of RTF that nearly every document begins with.
const BEGINNING: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4_096;

/// Undoes the compression; `None` if it is none.
#[must_use]
pub fn unpack(data: &[u8]) -> Option<Vec<u8>> {
    let size = usize::try_from(u32::from_le_bytes(data.get(4..8)?.try_into().ok()?)).ok()?.min(MAX_BYTES);
    let packed = data.get(16..)?;
    match data.get(8..12)? {
        b"MELA" => return Some(packed[..size.min(packed.len())].to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut window = [b' '; WINDOW];
    window[..BEGINNING.len()].copy_from_slice(BEGINNING);
    let mut place = BEGINNING.len();
    let mut out = Vec::new();
    let mut bytes = packed.iter().copied();
    'runs: while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            if out.len() >= size {
                break 'runs;
            }
            let Some(first) = bytes.next() else { break 'runs };
            if flags >> bit & 1 == 0 {
                out.push(first);
                window[place] = first;
                place = (place + 1) % WINDOW;
                continue;
            }
            let Some(second) = bytes.next() else { break 'runs };
            let offset = usize::from(first) << 4 | usize::from(second >> 4);
            if offset == place {
                break 'runs;
            }
            for k in 0..usize::from(second & 15) + 2 {
                let byte = window[(offset + k) % WINDOW];
                out.push(byte);
                window[place] = byte;
                place = (place + 1) % WINDOW;
            }
        }
    }
    Some(out)
}

/// What an RTF document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The HTML that it was made from.
    Html(String),
    Plain(String),
}

/// How text stands at the moment; each group inherits it.
#[derive(Clone, Copy)]
struct State {
    /// Nothing of this group is text: fonts, colours, pictures.
    skip: bool,
    /// The group holds a tag of the original HTML.
    tag: bool,
    /// RTF that only stands for a tag (`\htmlrtf`).
    rtf_only: bool,
    /// How many characters follow `\u` for those who can't read it.
    fallback: usize,
}

struct Reader {
    out: String,
    /// Bytes in the document's code page, not decoded yet.
    bytes: Vec<u8>,
    label: String,
    state: State,
    stack: Vec<State>,
    too_deep: usize,
    is_html: bool,
    /// Characters to be passed by after `\u`.
    pass: usize,
    /// The first half of a surrogate pair.
    half: Option<u16>,
}

/// Reads an RTF document.
#[must_use]
pub fn read(rtf: &[u8]) -> Content {
    let mut reader = Reader {
        out: String::with_capacity(rtf.len() / 2),
        bytes: Vec::new(),
        label: "windows-1252".to_owned(),
        state: State { skip: false, tag: false, rtf_only: false, fallback: 1 },
        stack: Vec::new(),
        too_deep: 0,
        is_html: false,
        pass: 0,
        half: None,
    };
    let mut at = 0;
    while at < rtf.len() {
        at = reader.step(rtf, at);
    }
    reader.flush();
    if reader.is_html { Content::Html(reader.out) } else { Content::Plain(reader.out.trim().to_owned()) }
}

impl Reader {
    fn step(&mut self, rtf: &[u8], at: usize) -> usize {
        match rtf[at] {
            b'{' => {
                if self.stack.len() < MAX_DEPTH {
                    self.stack.push(self.state);
                } else {
                    self.too_deep += 1;
                }
                at + 1
            }
            b'}' => {
                if self.too_deep > 0 {
                    self.too_deep -= 1;
                } else if let Some(state) = self.stack.pop() {
                    self.state = state;
                }
                at + 1
            }
            b'\\' => self.control(rtf, at + 1),
            b'\r' | b'\n' => at + 1,
            byte => {
                self.byte(byte);
                at + 1
            }
        }
    }

    /// `\word-12 `, `\'e5`, `\{`: the index after it.
    fn control(&mut self, rtf: &[u8], at: usize) -> usize {
        let Some(&first) = rtf.get(at) else { return at };
        if !first.is_ascii_alphabetic() {
            match first {
                b'\'' => {
                    let hex = |i: usize| rtf.get(at + i).and_then(|b| char::from(*b).to_digit(16));
                    if let (Some(a), Some(b)) = (hex(1), hex(2)) {
                        self.byte(u8::try_from(a * 16 + b).unwrap_or(b'?'));
                    }
                    return (at + 3).min(rtf.len());
                }
                b'*' => {
                    // A destination that may be passed by, unless it holds the tags.
                    let known = rtf[at + 1..].starts_with(b"\\htmltag");
                    self.state.skip |= !known;
                }
                b'~' => self.text(" "),
                b'_' => self.text("-"),
                b'\\' | b'{' | b'}' => self.byte(first),
                b'\r' | b'\n' => self.text("\n"),
                _ => {}
            }
            return at + 1;
        }
        let word_end = rtf[at..].iter().position(|b| !b.is_ascii_alphabetic()).map_or(rtf.len(), |n| at + n);
        let negative = rtf.get(word_end) == Some(&b'-');
        let digits_at = word_end + usize::from(negative);
        let digits_end = rtf[digits_at.min(rtf.len())..]
            .iter()
            .position(|b| !b.is_ascii_digit())
            .map_or(rtf.len(), |n| digits_at + n);
        let number =
            std::str::from_utf8(&rtf[digits_at.min(digits_end)..digits_end]).ok().and_then(|d| d.parse::<i64>().ok());
        let number = number.map(|n| if negative { -n } else { n });
        let end = if number.is_some() { digits_end } else { word_end };
        self.word(&rtf[at..word_end], number);
        end + usize::from(rtf.get(end) == Some(&b' '))
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        match word {
            b"fromhtml" => self.is_html = number != Some(0),
            b"ansicpg" => {
                self.flush();
                self.label = format!("cp{}", number.unwrap_or(1252));
            }
            b"htmltag" => (self.state.tag, self.state.skip) = (true, false),
            b"htmlrtf" => self.state.rtf_only = number != Some(0),
            b"uc" => self.state.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            b"u" => self.unicode(number.unwrap_or(0xfffd)),
            b"par" | b"line" | b"sect" | b"page" | b"row" => self.text("\n"),
            b"tab" | b"cell" => self.text("\t"),
            b"lquote" => self.text("‘"),
            b"rquote" => self.text("’"),
            b"ldblquote" => self.text("“"),
            b"rdblquote" => self.text("”"),
            b"bullet" => self.text("•"),
            b"endash" => self.text("–"),
            b"emdash" => self.text("—"),
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object" | b"header" | b"footer"
            | b"listtable" | b"listoverridetable" | b"pntext" | b"fldinst" | b"generator" => self.state.skip = true,
            _ => {}
        }
    }

    fn is_silent(&self) -> bool {
        self.state.skip || self.too_deep > 0 || (self.is_html && self.state.rtf_only && !self.state.tag)
    }

    fn unicode(&mut self, number: i64) {
        self.pass = self.state.fallback;
        if self.is_silent() {
            return;
        }
        let unit = u16::try_from(number & 0xffff).unwrap_or(0xfffd);
        self.flush();
        match (self.half.take(), unit) {
            (_, 0xd800..=0xdbff) => self.half = Some(unit),
            (Some(high), 0xdc00..=0xdfff) => {
                self.out.extend(char::decode_utf16([high, unit]).map(|c| c.unwrap_or('\u{fffd}')));
            }
            (_, _) => self.out.push(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.pass > 0 {
            self.pass -= 1;
        } else if !self.is_silent() {
            self.bytes.push(byte);
        }
    }

    fn text(&mut self, text: &str) {
        if !self.is_silent() {
            self.flush();
            self.out.push_str(text);
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            self.out.push_str(&charset::decode(&self.bytes, Some(&self.label), &mut BTreeSet::new()));
            self.bytes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_says() {
        let plain =
            |rtf: &str, expect: &str| assert_eq!(read(rtf.as_bytes()), Content::Plain(expect.to_owned()), "{rtf}");
        plain("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 Hej\\par V\\'e4ska \\{1\\}}", "Hej\nVäska {1}");
        plain("{\\rtf1\\uc1 \\u228?\\u-10179?\\u-8704?x}", "ä😀x");
        plain("{\\rtf1{\\*\\generator Word;}a{\\b b}c}", "abc");
        plain("{\\rtf1\\ansicpg1251 \\'e4\\'e0}", "да");
        plain("}}}\\", "");
        plain(&format!("{}x", "{".repeat(100_000)), "");
        let html =
            |rtf: &str, expect: &str| assert_eq!(read(rtf.as_bytes()), Content::Html(expect.to_owned()), "{rtf}");
        html(
            "{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\f0 \\htmlrtf0 Hej \\'e5{\\*\\htmltag72 </p>}\\htmlrtf \\par}\\htmlrtf0}",
            "<p>Hej å</p>",
        );
    }

    #[test]
    fn unpacking() {
        // The example of MS-OXRTFCP, 4.1.
        let packed = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        assert_eq!(unpack(packed).as_deref(), Some(&b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"[..]));
        assert_eq!(unpack(b"\x13\0\0\0\x03\0\0\0MELA\0\0\0\0abcdef").as_deref(), Some(&b"abc"[..]));
        assert_eq!(unpack(b"LZFu"), None);
        // A bomb: every two bytes name seventeen. The announced size bounds it.
        let mut bomb = b"\0\0\0\0\xff\xff\xff\x7fLZFu\0\0\0\0".to_vec();
        bomb.extend(b"\xff\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f".repeat(100_000));
        assert!(unpack(&bomb).is_some_and(|u| u.len() < MAX_BYTES + 20));
    }
}
