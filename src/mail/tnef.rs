//! TNEF (`winmail.dat`, MS-OXTNEF): what Outlook and Exchange wrap a mail's formatted text and its attachments in.

use std::collections::BTreeSet;

use crate::mail::attachment::File;
use crate::mail::charset;
use crate::mail::rtf::{self, Content};

/// How many attributes of a stream and properties of an attribute are looked at, and how many files are taken.
const MAX_ITEMS: usize = 10_000;
const MAX_FILES: usize = 1_000;
/// How deep messages may be attached to messages.
const MAX_DEPTH: usize = 4;

const SIGNATURE: u32 = 0x223e_9f78;

/// What was inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    pub plain: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
}

/// Unpacks a stream; `None` if it is none. A stream that breaks off yields what came before.
#[must_use]
pub fn read(data: &[u8]) -> Option<Unpacked> {
    unpack(data, 0)
}

/// Bytes read from the front; every read says whether they were there.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    /// A value and what fills it up to a multiple of four.
    fn padded(&mut self, count: usize) -> Option<&'a [u8]> {
        let value = self.take(count)?;
        let fill = (4 - count % 4) % 4;
        self.0 = self.0.get(fill..).unwrap_or_default();
        Some(value)
    }
}

/// An attachment while it is put together.
#[derive(Default)]
struct Attached<'a> {
    title: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    properties: Vec<Property<'a>>,
}

fn unpack(data: &[u8], depth: usize) -> Option<Unpacked> {
    let mut bytes = Bytes(data);
    if bytes.u32()? != SIGNATURE {
        return None;
    }
    bytes.u16()?;
    let mut out = Unpacked::default();
    let mut code_page = 1252;
    let mut message = Vec::new();
    let mut body = None;
    let mut attached: Vec<Attached<'_>> = Vec::new();
    for _ in 0..MAX_ITEMS {
        let Some((id, value)) = attribute(&mut bytes) else { break };
        match id {
            0x0006_9007 => code_page = Bytes(value).u32().unwrap_or(code_page),
            0x0002_800c => body = Some(value),
            0x0006_9003 => message = properties(value),
            0x0006_9002 if attached.len() < MAX_FILES => attached.push(Attached::default()),
            0x0001_8010 => with_last(&mut attached, |a| a.title = Some(value)),
            0x0006_800f => with_last(&mut attached, |a| a.data = Some(value)),
            0x0006_9005 => with_last(&mut attached, |a| a.properties = properties(value)),
            _ => {}
        }
    }
    let narrow = format!("cp{code_page}");
    out.plain = find(&message, 0x1000).map(|p| p.text(&narrow)).or_else(|| body.map(|b| text(b, &narrow)));
    let page = find(&message, 0x3fde).and_then(Property::number).map_or_else(|| narrow.clone(), |n| format!("cp{n}"));
    out.html = find(&message, 0x1013).map(|p| p.text(&page));
    if let Some(document) = find(&message, 0x1009).and_then(|p| rtf::unpack(p.value)).map(|d| rtf::read(&d)) {
        match document {
            Content::Html(html) => out.html = out.html.or(Some(html)),
            Content::Plain(plain) => out.plain = out.plain.filter(|p| !p.trim().is_empty()).or(Some(plain)),
        }
    }
    let not_blank = |t: &String| !t.trim().is_empty();
    out.plain = out.plain.filter(not_blank);
    out.html = out.html.filter(not_blank);
    for item in attached {
        take_file(&item, &narrow, depth, &mut out.files);
    }
    Some(out)
}

fn with_last<'a>(attached: &mut [Attached<'a>], set: impl FnOnce(&mut Attached<'a>)) {
    if let Some(last) = attached.last_mut() {
        set(last);
    }
}

/// Level, id, length, value, checksum. A value that is cut off is taken as far as it goes.
fn attribute<'a>(bytes: &mut Bytes<'a>) -> Option<(u32, &'a [u8])> {
    bytes.u8().filter(|level| matches!(level, 1 | 2))?;
    let id = bytes.u32()?;
    let length = bytes.length()?;
    let value = bytes.take(length.min(bytes.0.len()))?;
    let _checksum = bytes.u16();
    Some((id, value))
}

fn take_file(item: &Attached<'_>, narrow: &str, depth: usize, files: &mut Vec<File>) {
    let named = |id: u16| find(&item.properties, id).map(|p| p.text(narrow)).filter(|n| !n.trim().is_empty());
    let title = item.title.map(|t| text(t, narrow)).filter(|t| !t.trim().is_empty());
    let name = named(0x3707).or(title).or_else(|| named(0x3704)).or_else(|| named(0x3001)).unwrap_or_default();
    let object = find(&item.properties, 0x3701).map(|p| p.value);
    // An object begins with the id of its interface.
    let inner = object.and_then(|o| o.get(16..)).filter(|_| depth < MAX_DEPTH).and_then(|o| unpack(o, depth + 1));
    if let Some(inner) = inner {
        // A message attached to the message: its text as a file, its files beside ours.
        let whole = inner.plain.map(|p| ("txt", "text/plain", p)).or(inner.html.map(|h| ("html", "text/html", h)));
        if let Some((extension, media_type, body)) = whole {
            let name = if name.is_empty() { String::new() } else { format!("{name}.{extension}") };
            files.push(File { name, media_type: media_type.to_owned(), data: body.into_bytes(), ..File::default() });
        }
        files.extend(inner.files);
    } else if let Some(data) = item.data.filter(|d| !d.is_empty()).or(object) {
        let media_type = named(0x370e).filter(|t| t.contains('/')).unwrap_or_default().to_ascii_lowercase();
        files.push(File { name, media_type, content_id: named(0x3712), inline: false, data: data.to_vec() });
    }
    files.truncate(MAX_FILES);
}

/// A MAPI property: only the first value of a list.
struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

impl Property<'_> {
    fn text(&self, narrow: &str) -> String {
        if self.kind == 0x1f { text(self.value, "utf-16le") } else { text(self.value, narrow) }
    }

    fn number(&self) -> Option<u32> {
        Bytes(self.value).u32().filter(|_| self.kind == 3)
    }
}

fn find<'p, 'a>(properties: &'p [Property<'a>], id: u16) -> Option<&'p Property<'a>> {
    properties.iter().find(|p| p.id == id)
}

/// Text as it stands in fixed fields: ended by a zero.
fn text(value: &[u8], label: &str) -> String {
    let end = if label == "utf-16le" {
        value.chunks_exact(2).position(|c| c == [0, 0]).map(|n| n * 2)
    } else {
        value.iter().position(|&b| b == 0)
    };
    charset::decode(&value[..end.unwrap_or(value.len())], Some(label), &mut BTreeSet::new()).replace("\r\n", "\n")
}

/// MS-OXTNEF, 2.1.3.4: a count, then each property with its values; ends where something cannot be read.
fn properties(value: &[u8]) -> Vec<Property<'_>> {
    let mut bytes = Bytes(value);
    let count = bytes.length().unwrap_or(0).min(MAX_ITEMS);
    let mut out = Vec::new();
    for _ in 0..count {
        let Some(property) = property(&mut bytes) else { break };
        out.push(property);
    }
    out
}

fn property<'a>(bytes: &mut Bytes<'a>) -> Option<Property<'a>> {
    let kind = bytes.u16()?;
    let id = bytes.u16()?;
    if id >= 0x8000 {
        bytes.take(16)?;
        if bytes.u32()? == 0 {
            bytes.u32()?;
        } else {
            let length = bytes.length()?;
            bytes.padded(length)?;
        }
    }
    let single = kind & !0x1000;
    let varies = matches!(single, 0x0d | 0x1e | 0x1f | 0x102);
    let count = if varies || kind & 0x1000 != 0 { bytes.length()? } else { 1 };
    if count > MAX_ITEMS {
        return None;
    }
    let mut first = None;
    for _ in 0..count {
        let length = if varies { bytes.length()? } else { fixed_length(single)? };
        let value = bytes.padded(length)?;
        first.get_or_insert(value);
    }
    Some(Property { id, kind: single, value: first.unwrap_or_default() })
}

fn fixed_length(kind: u16) -> Option<usize> {
    match kind {
        0x00 | 0x01 => Some(0),
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(attributes: &[(u8, u32, Vec<u8>)]) -> Vec<u8> {
        let mut out = SIGNATURE.to_le_bytes().to_vec();
        out.extend([1, 0]);
        for (level, id, value) in attributes {
            out.push(*level);
            out.extend(id.to_le_bytes());
            out.extend(u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
            out.extend(value);
            out.extend([0, 0]);
        }
        out
    }

    fn binary(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
        let mut out = [kind.to_le_bytes(), id.to_le_bytes(), [1, 0], [0, 0]].concat();
        out.extend(u32::try_from(value.len()).unwrap_or(0).to_le_bytes());
        out.extend(value);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn list(properties: &[Vec<u8>]) -> Vec<u8> {
        let mut out = u32::try_from(properties.len()).unwrap_or(0).to_le_bytes().to_vec();
        out.extend(properties.concat());
        out
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn files_and_text() {
        let named =
            vec![binary(0x3707, 0x1f, &wide("Räkning för november.pdf")), binary(0x370e, 0x1e, b"application/pdf\0")];
        let data = stream(&[
            (1, 0x0006_9007, 1252u64.to_le_bytes().to_vec()),
            (1, 0x0002_800c, b"V\xe4ska\r\nb\0".to_vec()),
            (2, 0x0006_9002, vec![0; 14]),
            (2, 0x0001_8010, b"RKNING~1.PDF\0".to_vec()),
            (2, 0x0006_800f, b"%PDF".to_vec()),
            (2, 0x0006_9005, list(&named)),
            (2, 0x0006_9002, vec![0; 14]),
            (2, 0x0001_8010, b"b.txt\0".to_vec()),
            (2, 0x0006_800f, b"b".to_vec()),
        ]);
        let got = read(&data).unwrap_or_default();
        assert_eq!(got.plain.as_deref(), Some("Väska\nb"));
        let files: Vec<_> =
            got.files.iter().map(|f| (f.name.as_str(), f.media_type.as_str(), f.data.as_slice())).collect();
        assert_eq!(files, [("Räkning för november.pdf", "application/pdf", &b"%PDF"[..]), ("b.txt", "", b"b")]);
        // Cut anywhere: no panic, and never more than before.
        for end in 0..data.len() {
            assert!(read(&data[..end]).unwrap_or_default().files.len() <= 2);
        }
        assert_eq!(read(b"no such thing"), None);
    }

    #[test]
    fn text_by_property_and_by_rtf() {
        let html = list(&[binary(0x1013, 0x102, b"<p>Hej \xe5</p>")]);
        assert_eq!(read(&stream(&[(1, 0x0006_9003, html)])).and_then(|u| u.html).as_deref(), Some("<p>Hej å</p>"));
        let mut packed = b"\0\0\0\0\x20\0\0\0MELA\0\0\0\0".to_vec();
        packed.extend(b"{\\rtf1\\ansi Hej \\'e5}            ");
        let rtf = list(&[vec![3, 0, 0x34, 0x12, 1, 0, 0, 0], binary(0x1009, 0x102, &packed)]);
        assert_eq!(read(&stream(&[(1, 0x0006_9003, rtf)])).and_then(|u| u.plain).as_deref(), Some("Hej å"));
    }

    #[test]
    fn messages_within_messages_end() {
        let mut inner = stream(&[(1, 0x0002_800c, b"innermost".to_vec())]);
        for _ in 0..50 {
            let object = [vec![0; 16], inner].concat();
            inner = stream(&[(2, 0x0006_9002, vec![0; 14]), (2, 0x0006_9005, list(&[binary(0x3701, 0x0d, &object)]))]);
        }
        assert_eq!(read(&inner).map(|u| u.files.len()), Some(1));
    }
}
