//! The frame of a mail: which part stands in which (RFC 2046), and how each is encoded.

use lettre::message::Body;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, Headers};
use ring::digest;

use super::{AttachedMail, Draft, Segments};
use crate::model::one_line;
use crate::plan::AttachmentRow;

/// The beginning of every boundary. Neither quoted-printable nor base64 ever holds it; plain text that does is encoded.
const BOUNDARY: &str = "=_svar_";
const MEDIA_TYPE_BYTES: usize = 100;
const FILE_NAME_CHARS: usize = 150;
const CONTENT_ID_BYTES: usize = 300;

pub(super) enum Part<'a> {
    /// `plain` or `html`
    Text(&'static str, &'a str),
    Blob(&'a AttachmentRow),
    Mail(&'a AttachedMail),
    Multi(&'static str, Vec<Part<'a>>),
}

/// The parts of a draft; no container holds a single one.
pub(super) fn frame(draft: &Draft) -> Part<'_> {
    let text = Part::Text("plain", &draft.text);
    let (inline, attached): (Vec<_>, Vec<_>) =
        draft.attachments.iter().partition(|row| draft.html.is_some() && stands_in_html(row));
    let said = match &draft.html {
        Some(html) => Part::Multi("alternative", vec![text, Part::Text("html", html)]),
        None => text,
    };
    let shown = if inline.is_empty() {
        said
    } else {
        let mut parts = vec![said];
        parts.extend(inline.into_iter().map(Part::Blob));
        Part::Multi("related", parts)
    };
    if attached.is_empty() && draft.attached_mails.is_empty() {
        return shown;
    }
    let mut parts = vec![shown];
    parts.extend(attached.into_iter().map(Part::Blob));
    parts.extend(draft.attached_mails.iter().map(Part::Mail));
    Part::Multi("mixed", parts)
}

impl Part<'_> {
    /// Writes the part's own headers, an empty line and its body. `path` tells it from every other part.
    pub(super) fn write(&self, out: &mut Segments, message_id: &str, path: &str) {
        match self {
            Self::Text(subtype, text) => {
                let (encoding, body) = encode_text(text);
                out.push(format!("Content-Type: text/{subtype}; charset=utf-8\r\n").as_bytes());
                out.push(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
                out.push(&body);
            }
            Self::Blob(row) => {
                let name = file_name(&row.name, "file");
                out.push(format!("Content-Type: {}\r\n", media_type(&row.media_type)).as_bytes());
                match row.content_id.as_deref().filter(|_| stands_in_html(row)) {
                    Some(id) => {
                        out.push(disposition(&ContentDisposition::inline_with_name(&name)).as_bytes());
                        out.push(format!("Content-ID: <{id}>\r\n").as_bytes());
                    }
                    None => out.push(disposition(&ContentDisposition::attachment(&name)).as_bytes()),
                }
                out.push(b"Content-Transfer-Encoding: base64\r\n\r\n");
                if row.size == 0 {
                    out.push(b"\r\n");
                } else {
                    out.blob(&row.sha256);
                }
            }
            Self::Mail(mail) => write_mail(mail, out),
            Self::Multi(kind, parts) => {
                let boundary = boundary(message_id, path);
                let what = if *kind == "related" { "; type=\"multipart/alternative\"" } else { "" };
                out.push(
                    format!("Content-Type: multipart/{kind}{what};\r\n boundary=\"{boundary}\"\r\n\r\n").as_bytes(),
                );
                for (n, part) in parts.iter().enumerate() {
                    out.push(format!("--{boundary}\r\n").as_bytes());
                    part.write(out, message_id, &format!("{path}.{n}"));
                    // The line end before a boundary belongs to the boundary; base64 and inner frames bring one.
                    if matches!(part, Self::Text(..)) {
                        out.push(b"\r\n");
                    }
                }
                out.push(format!("--{boundary}--\r\n").as_bytes());
            }
        }
    }
}

fn stands_in_html(row: &AttachmentRow) -> bool {
    let good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
    let id = row.content_id.as_deref().unwrap_or_default();
    row.inline && !id.is_empty() && id.len() <= CONTENT_ID_BYTES && id.bytes().all(good)
}

/// Derived, so that the same mail is the same bytes; as long as any other, so that none is the beginning of another.
fn boundary(message_id: &str, path: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{message_id}\n{path}").as_bytes());
    format!("{BOUNDARY}{}", data_encoding::BASE32_NOPAD.encode(&hash.as_ref()[..15]).to_ascii_lowercase())
}

/// Plain where it can be, else quoted-printable or base64, whichever is shorter.
fn encode_text(text: &str) -> (&'static str, Vec<u8>) {
    let mut clean = String::with_capacity(text.len() + 1);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{c}' | '\u{b}' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            c if c.is_ascii_control() => {}
            c => clean.push(c),
        }
    }
    if !clean.ends_with('\n') {
        clean.push('\n');
    }
    // A server may rewrite a line that begins with "From ", and a reader take one that looks like a boundary for one.
    let fragile = clean.contains("--=_") || clean.starts_with("From ") || clean.contains("\nFrom ");
    let body = Body::new(clean.clone());
    let body = if fragile && body.encoding() == ContentTransferEncoding::SevenBit {
        Body::new_with_encoding(clean, ContentTransferEncoding::Base64).unwrap_or(body)
    } else {
        body
    };
    let encoding = match body.encoding() {
        ContentTransferEncoding::SevenBit => "7bit",
        ContentTransferEncoding::QuotedPrintable => "quoted-printable",
        ContentTransferEncoding::Base64 => "base64",
        ContentTransferEncoding::EightBit => "8bit",
        ContentTransferEncoding::Binary => "binary",
    };
    (encoding, body.into_vec())
}

/// A whole mail: as `message/rfc822` where its bytes can stand as they are (RFC 2046, 5.2.1 forbids to encode them), else as a file.
fn write_mail(mail: &AttachedMail, out: &mut Segments) {
    let mut name = file_name(&mail.name, "mail");
    if !name.to_ascii_lowercase().ends_with(".eml") {
        name.push_str(".eml");
    }
    let raw = crlf(&mail.raw);
    let short = raw.split(|b| *b == b'\n').all(|line| line.len() <= 998);
    let boundary = format!("--{BOUNDARY}");
    let quiet = !raw.windows(boundary.len()).any(|w| w == boundary.as_bytes());
    let whole = !raw.is_empty() && raw.iter().all(|b| b.is_ascii() && *b != 0) && short && quiet;
    let disposition = disposition(&ContentDisposition::attachment(&name));
    if whole {
        out.push(b"Content-Type: message/rfc822\r\n");
        out.push(disposition.as_bytes());
        out.push(b"Content-Transfer-Encoding: 7bit\r\n\r\n");
        out.push(&raw);
        out.push(b"\r\n");
    } else {
        out.push(b"Content-Type: application/octet-stream\r\n");
        out.push(disposition.as_bytes());
        out.push(b"Content-Transfer-Encoding: base64\r\n\r\n");
        for line in data_encoding::BASE64.encode(&mail.raw).as_bytes().chunks(76) {
            out.push(line);
            out.push(b"\r\n");
        }
    }
}

fn crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut before = 0;
    for (i, b) in raw.iter().enumerate() {
        match b {
            b'\n' if before != b'\r' => out.extend_from_slice(b"\r\n"),
            b'\r' if raw.get(i + 1) != Some(&b'\n') => out.extend_from_slice(b"\r\n"),
            b => out.push(*b),
        }
        before = *b;
    }
    out
}

/// Lower case and well-formed, or `application/octet-stream`. Multiparts and mails may not be base64, so they are files too.
fn media_type(text: &str) -> String {
    let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let lower = text.to_ascii_lowercase();
    match lower.split_once('/') {
        Some((kind, subtype))
            if token(kind)
                && token(subtype)
                && lower.len() <= MEDIA_TYPE_BYTES
                && !matches!(kind, "multipart" | "message") =>
        {
            lower
        }
        _ => "application/octet-stream".to_owned(),
    }
}

/// One line, no path, not too long.
fn file_name(name: &str, or: &str) -> String {
    let name = one_line(name).replace(['/', '\\'], "_");
    let count = name.chars().count();
    if name.is_empty() {
        return or.to_owned();
    }
    if count <= FILE_NAME_CHARS {
        return name;
    }
    // The ending tells what it is opened with.
    let ending: String = name.chars().skip(count - 12).collect();
    let start: String = name.chars().take(FILE_NAME_CHARS - 13).collect();
    format!("{start}…{ending}")
}

fn disposition(value: &ContentDisposition) -> String {
    let mut headers = Headers::new();
    headers.set(value.clone());
    headers.to_string()
}
