//! Attachments: their names made safe, their bytes decoded and hashed.

use std::collections::BTreeSet;

use ring::digest;

use crate::mail::letter::{Attachment, Defect};
use crate::mail::mime::Part;
use crate::model::one_line;

/// How long a name may be, in bytes: what common file systems take.
const MAX_NAME: usize = 200;

/// Reads an attachment. `number` names one that has no name.
#[must_use]
pub fn read(part: &Part<'_>, number: usize, inline: bool, defects: &mut BTreeSet<Defect>) -> Attachment {
    let data = part.decoded(defects).into_owned();
    let media_type =
        if part.media_type.len() > 200 { "application/octet-stream".to_owned() } else { part.media_type.clone() };
    Attachment {
        name: name(part, &media_type, number, &data, defects),
        inline,
        content_id: part.content_id(),
        sha256: sha256(&data),
        media_type,
        data,
    }
}

/// A file that was found within a part: in TNEF, in uuencoded text, under a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// As it was claimed: not safe yet, perhaps empty.
    pub name: String,
    /// Empty where nothing said it.
    pub media_type: String,
    pub content_id: Option<String>,
    pub inline: bool,
    pub data: Vec<u8>,
}

impl File {
    /// A part of an entity whose bytes nobody keeps.
    #[must_use]
    pub fn of(part: &Part<'_>, defects: &mut BTreeSet<Defect>) -> Self {
        let data = part.decoded(defects).into_owned();
        let name = claimed_name(part).map(str::to_owned);
        let name = name.or_else(|| part.is_message().then(|| message_name(&data, defects)).flatten());
        Self {
            name: name.unwrap_or_default(),
            media_type: part.media_type.clone(),
            content_id: part.content_id(),
            inline: part.disposition.value == "inline",
            data,
        }
    }
}

/// Makes an attachment of a file. `number` names one that has no name.
#[must_use]
pub fn of_file(file: File, number: usize, inline: bool) -> Attachment {
    let safe = safe_name(&file.name);
    let by_name = || safe.rsplit_once('.').map(|(_, e)| media_type_of(&e.to_ascii_lowercase()));
    let media_type = match file.media_type {
        given if (1..=200).contains(&given.len()) => given,
        _ => by_name().unwrap_or("application/octet-stream").to_owned(),
    };
    Attachment {
        name: if safe.is_empty() { format!("attachment-{number}.{}", extension(&media_type)) } else { safe },
        inline,
        content_id: file.content_id.map(|c| c.trim_matches(['<', '>', ' ']).to_owned()).filter(|c| !c.is_empty()),
        sha256: sha256(&file.data),
        media_type,
        data: file.data,
    }
}

/// SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(data: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, data).as_ref())
}

/// The name that a part claims, if any; decoded but not yet made safe.
#[must_use]
pub fn claimed_name<'a>(part: &'a Part<'_>) -> Option<&'a str> {
    let names = [part.disposition.get("filename"), part.content_type.get("name"), part.disposition.get("name")];
    names.into_iter().flatten().find(|n| !n.trim().is_empty())
}

fn name(part: &Part<'_>, media_type: &str, number: usize, data: &[u8], defects: &mut BTreeSet<Defect>) -> String {
    if let Some(claimed) = claimed_name(part) {
        let safe = safe_name(claimed);
        if !safe.is_empty() {
            return safe;
        }
    }
    if part.is_message() {
        let named = message_name(data, defects).map(|n| safe_name(&n)).filter(|n| !n.is_empty());
        return named.unwrap_or_else(|| format!("mail-{number}.eml"));
    }
    format!("attachment-{number}.{}", extension(media_type))
}

/// `SUBJECT.eml` for an attached mail.
fn message_name(data: &[u8], defects: &mut BTreeSet<Defect>) -> Option<String> {
    let (fields, _) = crate::mail::header::split(data);
    let subject = fields.first("Subject").map(|s| crate::mail::words::text(s, defects)).unwrap_or_default();
    let subject = safe_name(&subject.replace(['/', '\\'], "-"));
    (!subject.is_empty()).then(|| format!("{subject}.eml"))
}

/// A name without path, control characters and what file systems refuse; "" if nothing is left.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let name = one_line(name);
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe: String =
        name.chars().map(|c| if matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c }).collect();
    while safe.starts_with('.') {
        safe.remove(0);
    }
    let safe = safe.trim();
    if safe.len() <= MAX_NAME {
        return safe.to_owned();
    }
    // The extension stays: it says what opens the file.
    let (stem, dot, tail) = match safe.rsplit_once('.') {
        Some((stem, tail)) if tail.len() <= 10 => (stem, ".", tail),
        _ => (safe, "", ""),
    };
    let keep = stem.floor_char_boundary(MAX_NAME - tail.len() - 1);
    format!("{}{dot}{tail}", &stem[..keep])
}

/// What is opened by which extension; the first of several counts.
const KNOWN: &[(&str, &str)] = &[
    ("text/plain", "txt"),
    ("text/html", "html"),
    ("text/calendar", "ics"),
    ("text/csv", "csv"),
    ("text/rfc822-headers", "txt"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/heic", "heic"),
    ("image/webp", "webp"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/ms-tnef", "dat"),
    ("application/pgp-signature", "asc"),
    ("application/pkcs7-signature", "p7s"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("audio/mpeg", "mp3"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("message/delivery-status", "txt"),
];

fn extension(media_type: &str) -> &str {
    KNOWN.iter().find(|(t, _)| *t == media_type).map_or("bin", |(_, e)| e)
}

fn media_type_of(extension: &str) -> &'static str {
    let extension = if extension == "jpeg" { "jpg" } else { extension };
    KNOWN.iter().find(|(_, e)| *e == extension).map_or("application/octet-stream", |(t, _)| t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe() {
        let check = |name: &str, expect: &str| assert_eq!(safe_name(name), expect, "{name:?}");
        check("faktura.pdf", "faktura.pdf");
        check("../../etc/passwd", "passwd");
        check("C:\\Temp\\räka.txt", "räka.txt");
        check("a\r\nb\0.txt", "a b .txt");
        check("..", "");
        check("what?.txt", "what_.txt");
        check("\u{202e}gpj.exe", "gpj.exe");
        check(&"å".repeat(300), &"å".repeat(99));
        assert!(safe_name(&format!("{}.pdf", "x".repeat(300))).ends_with(".pdf"));
    }
}
