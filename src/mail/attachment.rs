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
        let (fields, _) = crate::mail::header::split(data);
        let subject = fields.first("Subject").map(|s| crate::mail::words::text(s, defects)).unwrap_or_default();
        let subject = safe_name(&subject.replace(['/', '\\'], "-"));
        return if subject.is_empty() { format!("mail-{number}.eml") } else { format!("{subject}.eml") };
    }
    format!("attachment-{number}.{}", extension(media_type))
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

fn extension(media_type: &str) -> &str {
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
    KNOWN.iter().find(|(t, _)| *t == media_type).map_or("bin", |(_, e)| e)
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
