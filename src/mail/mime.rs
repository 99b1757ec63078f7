//! The MIME structure of a letter (RFC 2045, 2046): which bytes are which part, and their transfer encoding undone.
//!
//! Boundaries count at line starts only, an outer boundary ends whatever is open inside, and depth and parts are bounded.

use std::borrow::Cow;
use std::collections::BTreeSet;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;

use crate::mail::header::{self, Fields, line_end, trim_line};
use crate::mail::letter::Defect;
use crate::mail::parameters::Parameterized;
use crate::mail::uuencode;

/// How deep multiparts may nest; what is deeper is one attachment.
pub const MAX_DEPTH: usize = 64;
/// How many parts a letter may have; the rest is left out.
pub const MAX_PARTS: usize = 1_000;
/// How many lines that look like delimiters are considered.
const MAX_DELIMITERS: usize = 1_000_000;

/// A leaf or a multipart. The body of a leaf is still encoded.
#[derive(Clone, Debug, Default)]
pub struct Part<'a> {
    pub fields: Fields<'a>,
    /// `text/plain`, lower case, after the defaults of RFC 2045, 5.2.
    pub media_type: String,
    pub content_type: Parameterized,
    /// Its value is empty where there is no `Content-Disposition`.
    pub disposition: Parameterized,
    pub body: &'a [u8],
    pub children: Vec<Part<'a>>,
}

impl Part<'_> {
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        !self.children.is_empty()
    }

    /// `text` of `text/plain`.
    #[must_use]
    pub fn main_type(&self) -> &str {
        self.media_type.split('/').next().unwrap_or_default()
    }

    /// A mail within the mail.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.media_type.as_str(), "message/rfc822" | "message/global")
    }

    /// The body without its transfer encoding.
    #[must_use]
    pub fn decoded(&self, defects: &mut BTreeSet<Defect>) -> Cow<'_, [u8]> {
        let encoding = self.fields.plain("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        let encoding = encoding.trim_matches(['"', '\'', ' ']);
        let encoding = encoding.split([';', ' ', '(', '"']).next().unwrap_or_default();
        match encoding {
            "base64" | "base-64" | "b64" => Cow::Owned(decode_base64(self.body, defects)),
            "quoted-printable" | "quotedprintable" | "quoted_printable" | "qp" => {
                Cow::Owned(decode_quoted_printable(self.body, defects))
            }
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Cow::Owned(uuencode::decode(self.body)),
            _ => Cow::Borrowed(self.body),
        }
    }

    /// The Content-ID without its angle brackets.
    #[must_use]
    pub fn content_id(&self) -> Option<String> {
        let id = self.fields.plain("Content-ID")?;
        let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
        (!id.is_empty()).then(|| id.to_owned())
    }
}

/// Reads a whole letter, or the content of a `message/rfc822`.
#[must_use]
pub fn parse<'a>(raw: &'a [u8], defects: &mut BTreeSet<Defect>) -> Part<'a> {
    let mut walker = Walker { raw, delimiters: None, parts: 0, defects };
    walker.entity(0, raw.len(), 0, "text/plain")
}

/// Reads an entity without the leniency that old mailboxes need: what lay inside a signature.
#[must_use]
pub fn parse_part<'a>(raw: &'a [u8], defects: &mut BTreeSet<Defect>) -> Part<'a> {
    let mut walker = Walker { raw, delimiters: None, parts: 0, defects };
    walker.entity(0, raw.len(), 1, "text/plain")
}

struct Walker<'a, 'd> {
    raw: &'a [u8],
    /// Where lines begin with `--`; found when first needed.
    delimiters: Option<Vec<usize>>,
    parts: usize,
    defects: &'d mut BTreeSet<Defect>,
}

impl<'a> Walker<'a, '_> {
    fn entity(&mut self, start: usize, end: usize, depth: usize, default_type: &str) -> Part<'a> {
        self.parts += 1;
        let raw = self.raw;
        let (fields, body_at) =
            if depth == 0 { header::split(&raw[start..end]) } else { header::split_part(&raw[start..end]) };
        let body_at = start + body_at;
        let content_type = content_type(&fields, self.defects);
        let disposition = fields.first("Content-Disposition").map(|f| Parameterized::parse(f, self.defects));
        let mut part = Part {
            media_type: media_type(&content_type.value, default_type),
            content_type,
            disposition: disposition.unwrap_or_default(),
            body: &raw[body_at..end],
            fields,
            children: Vec::new(),
        };
        if part.main_type() != "multipart" {
            return part;
        }
        if depth >= MAX_DEPTH {
            self.defects.insert(Defect::TooDeep);
            return part;
        }
        let child_type = if part.media_type == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        for (from, to) in self.cut(&part, body_at, end) {
            if self.parts >= MAX_PARTS {
                self.defects.insert(Defect::TooManyParts);
                break;
            }
            let child = self.entity(from, to, depth + 1, child_type);
            part.children.push(child);
        }
        if part.children.is_empty() {
            // No delimiter anywhere: what is there is text, or nothing.
            self.defects.insert(Defect::BrokenMime);
            part.media_type = "text/plain".to_owned();
        }
        part
    }

    /// The ranges between the delimiters of `part` in `start..end`.
    fn cut(&mut self, part: &Part<'a>, start: usize, end: usize) -> Vec<(usize, usize)> {
        let raw = self.raw;
        let delimiters = self.delimiters.get_or_insert_with(|| {
            let list = find_delimiters(raw);
            if list.len() >= MAX_DELIMITERS {
                self.defects.insert(Defect::TooManyParts);
            }
            list
        });
        let from = delimiters.partition_point(|&d| d < start);
        let to = delimiters.partition_point(|&d| d < end);
        let candidates = &delimiters[from..to];
        let boundary = part.content_type.get("boundary").map(|b| b.trim_end().as_bytes().to_vec());
        let boundary = match boundary.filter(|b| !b.is_empty()) {
            Some(boundary) => boundary,
            None => {
                self.defects.insert(Defect::BrokenMime);
                match guess_boundary(raw, candidates) {
                    Some(boundary) => boundary,
                    None => return Vec::new(),
                }
            }
        };
        let mut ranges = Vec::new();
        let mut open: Option<usize> = None;
        let mut closed = false;
        for &at in candidates {
            let stop = line_end(raw, at).min(end);
            let Some(tail) = raw[at + 2..stop].strip_prefix(boundary.as_slice()) else { continue };
            let tail = tail.trim_ascii_end();
            let closing = tail == b"--";
            if !closing && !tail.is_empty() {
                continue;
            }
            if let Some(from) = open.take() {
                ranges.push((from, before_line_end(raw, at).max(from)));
            }
            if closing {
                closed = true;
                break;
            }
            open = Some(stop);
            // One more than may be kept, so that the limit is noticed.
            if ranges.len() > MAX_PARTS {
                open = None;
                closed = true;
                break;
            }
        }
        if let Some(from) = open {
            ranges.push((from, end));
        }
        if !closed {
            self.defects.insert(Defect::BrokenMime);
        }
        ranges
    }
}

/// The first Content-Type that names a type; doubled headers come from gateways that add their own.
fn content_type(fields: &Fields<'_>, defects: &mut BTreeSet<Defect>) -> Parameterized {
    let mut all = fields.all("Content-Type").take(5).map(|f| Parameterized::parse(f, defects));
    let first = all.next().unwrap_or_default();
    if first.value.contains('/') {
        return first;
    }
    all.find(|c| c.value.contains('/')).unwrap_or(first)
}

fn media_type(value: &str, default: &str) -> String {
    match value.split_once('/') {
        Some((main, sub)) if is_token(main.trim()) && is_token(sub.trim()) => {
            format!("{}/{}", main.trim(), sub.trim())
        }
        // `Content-Type: text`, as some programs write it.
        _ if value.trim() == "text" => "text/plain".to_owned(),
        _ => default.to_owned(),
    }
}

/// RFC 6838, 4.2, a little wider.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn find_delimiters(raw: &[u8]) -> Vec<usize> {
    let mut list = Vec::new();
    let mut at = 0;
    while at < raw.len() && list.len() < MAX_DELIMITERS {
        if raw[at..].starts_with(b"--") {
            list.push(at);
        }
        at = line_end(raw, at);
    }
    list
}

/// The first line `--x` for which there is another `--x` or `--x--`.
fn guess_boundary(raw: &[u8], candidates: &[usize]) -> Option<Vec<u8>> {
    let line = |at: usize| trim_line(&raw[at + 2..line_end(raw, at)]).trim_ascii_end();
    let first = candidates.iter().map(|&at| line(at)).find(|l| l.len() >= 4)?;
    let again = candidates.iter().filter(|&&at| line(at).strip_suffix(b"--").unwrap_or(line(at)) == first).count();
    (again > 1).then(|| first.to_vec())
}

/// `at` without the line end that stands before it: that belongs to the delimiter.
fn before_line_end(raw: &[u8], at: usize) -> usize {
    let at = if at > 0 && raw[at - 1] == b'\n' { at - 1 } else { at };
    if at > 0 && raw[at - 1] == b'\r' { at - 1 } else { at }
}

/// Base64, damaged or not: what cannot be decoded is skipped.
#[must_use]
pub fn decode_base64(data: &[u8], defects: &mut BTreeSet<Defect>) -> Vec<u8> {
    if let Some(decoded) = base64_decode(data) {
        return decoded;
    }
    defects.insert(Defect::BadEncoding);
    let in_alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut kept = Vec::with_capacity(data.len());
    for line in data.split(|&b| b == b'\n') {
        let line = line.trim_ascii();
        let good = line.iter().filter(|b| in_alphabet(b) || **b == b'=').count();
        // A footer that a mailing list added below is no base64.
        if good * 4 >= line.len() * 3 && !line.contains(&b' ') {
            kept.extend(line.iter().copied().filter(in_alphabet));
        }
    }
    kept.truncate(kept.len() - usize::from(kept.len() % 4 == 1));
    kept.resize(kept.len().next_multiple_of(4), b'=');
    base64_decode(&kept).unwrap_or_default()
}

/// Quoted-printable, damaged or not: what is no escape stays as it stands.
#[must_use]
pub fn decode_quoted_printable(data: &[u8], defects: &mut BTreeSet<Defect>) -> Vec<u8> {
    if let Some(decoded) = quoted_printable_decode(data) {
        return decoded;
    }
    defects.insert(Defect::BadEncoding);
    let mut out = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|&b| b == b'\n') {
        let (decoded, line_out) = (quoted_printable_decode(line), MessageStream::new(line));
        match decoded {
            Some(decoded) => out.extend(decoded),
            None => out.extend(lenient_line(line_out, line)),
        }
    }
    out
}

fn lenient_line(mut stream: MessageStream<'_>, line: &[u8]) -> Vec<u8> {
    match stream.decode_quoted_printable_mime(b"") {
        (usize::MAX, _) => line.to_vec(),
        (_, decoded) => decoded.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(part: &Part<'_>) -> String {
        if part.children.is_empty() {
            return format!("{}={}", part.media_type, String::from_utf8_lossy(part.body).trim_end());
        }
        let inner: Vec<_> = part.children.iter().map(shape).collect();
        format!("{}[{}]", part.media_type, inner.join(", "))
    }

    fn check(raw: &str, expect: &str, defect: Option<Defect>) {
        let mut defects = BTreeSet::new();
        let part = parse(raw.as_bytes(), &mut defects);
        assert_eq!(shape(&part), expect, "{raw:?}");
        assert_eq!(defects.into_iter().next(), defect, "{raw:?}");
    }

    #[test]
    fn structure() {
        check("A: b\n\nhej", "text/plain=hej", None);
        check(
            "Content-Type: multipart/mixed; boundary=x\n\npre\n--x\n\na\n--x\nContent-Type: text/html\n\nb\n--x--\nafter",
            "multipart/mixed[text/plain=a, text/html=b]",
            None,
        );
        // In mid-line a boundary is text (mail-parser 0.11 cuts here).
        check(
            "Content-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nx--ab y\r\n--abc\r\n--ab--\r\n",
            "multipart/mixed[text/plain=x--ab y\r\n--abc]",
            None,
        );
        // The inner closing delimiter is missing.
        check(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\na\n--x\n\nb\n--x--\n",
            "multipart/mixed[multipart/alternative[text/plain=a], text/plain=b]",
            Some(Defect::BrokenMime),
        );
        check(
            "Content-Type: multipart/mixed\n\n--zzzz\n\na\n--zzzz--\n",
            "multipart/mixed[text/plain=a]",
            Some(Defect::BrokenMime),
        );
        check(
            "Content-Type: multipart/mixed; boundary=q\n\nonly text",
            "text/plain=only text",
            Some(Defect::BrokenMime),
        );
        check(
            "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: a\n\n--x--",
            "multipart/digest[message/rfc822=Subject: a]",
            None,
        );
        check(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\nno header here\n--x--",
            "multipart/mixed[text/plain=no header here]",
            None,
        );
        check("Content-Type: text\n\na", "text/plain=a", None);
    }

    #[test]
    fn limits() {
        let mut deep = String::new();
        for i in 0..10_000 {
            deep += &format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n");
        }
        let mut defects = BTreeSet::new();
        let part = parse(deep.as_bytes(), &mut defects);
        assert!(defects.contains(&Defect::TooDeep));
        let mut depth = 0;
        let mut at = &part;
        while let Some(child) = at.children.first() {
            depth += 1;
            at = child;
        }
        assert_eq!(depth, MAX_DEPTH);

        let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
        let mut defects = BTreeSet::new();
        let part = parse(wide.as_bytes(), &mut defects);
        assert!(defects.contains(&Defect::TooManyParts));
        assert!(part.children.len() <= MAX_PARTS);
    }

    #[test]
    fn transfer_encodings() {
        let mut defects = BTreeSet::new();
        assert_eq!(decode_base64(b"aGVq\r\nIHBl", &mut defects), b"hej pe");
        assert_eq!(decode_quoted_printable(b"r=C3=A4ka=\r\n nu", &mut defects), "räka nu".as_bytes());
        assert!(defects.is_empty());
        assert_eq!(decode_base64(b"aGVq!\r\nIHBl\r\n_____ my list _____\r\n", &mut defects), b"hej pe");
        assert_eq!(decode_quoted_printable(b"a =3D b =x c\nd=C3=A5\n", &mut defects), "a = b =x c\ndå\n".as_bytes());
        assert!(defects.contains(&Defect::BadEncoding));
    }
}
