//! The headers of a mail: addresses, subject, date, ids. Whatever stands in a value stays in that value.

use lettre::message::header::{Cc, From, HeaderName, HeaderValue, Headers, ReplyTo, To};
use lettre::message::{Mailbox, Mailboxes};

use super::{AutoSubmitted, Draft, MAX_REFERENCES};
use crate::model::{Address, Party, one_line};

/// A display name longer than this is cut: no client shows more.
const NAME_CHARS: usize = 120;
/// A subject longer than this is cut.
const SUBJECT_CHARS: usize = 500;
/// A Message-ID longer than this is nobody's; a line must stay under 998 octets (RFC 5322, 2.1.1).
const ID_BYTES: usize = 900;

pub(super) fn set_all(headers: &mut Headers, draft: &Draft) {
    headers.set(From::from(Mailboxes::from(mailbox(&draft.from))));
    if draft.to.is_empty() {
        raw(headers, "To", "undisclosed-recipients:;".to_owned());
    } else {
        headers.set(To::from(mailboxes(&draft.to)));
    }
    if !draft.cc.is_empty() {
        headers.set(Cc::from(mailboxes(&draft.cc)));
    }
    if let Some(party) = &draft.reply_to {
        headers.set(ReplyTo::from(Mailboxes::from(mailbox(party))));
    }
    raw(headers, "Subject", unstructured("Subject", &cut(&one_line(&draft.subject), SUBJECT_CHARS)));
    raw(headers, "Date", date(draft));
    if let Some(id) = id(&draft.message_id) {
        raw(headers, "Message-ID", id);
    }
    if let Some(id) = draft.in_reply_to.as_deref().and_then(id) {
        raw(headers, "In-Reply-To", id);
    }
    let references = references(&draft.references);
    if !references.is_empty() {
        raw(headers, "References", references.join("\r\n "));
    }
    match draft.auto_submitted {
        Some(AutoSubmitted::Replied) => raw(headers, "Auto-Submitted", "auto-replied".to_owned()),
        Some(AutoSubmitted::Generated) => raw(headers, "Auto-Submitted", "auto-generated".to_owned()),
        None => {}
    }
    for (name, value) in &draft.headers {
        further(headers, name, value);
    }
}

/// A header of the caller's. One that the draft has a field for, or that the frame is made of, is left out.
fn further(headers: &mut Headers, name: &str, value: &str) {
    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    let lower = name.to_ascii_lowercase();
    let ours = lower.starts_with("content-") || lower == "mime-version" || lower == "bcc";
    if !good || ours || headers.get_raw(name).is_some() {
        return;
    }
    let value = unstructured(name, &one_line(value));
    if let Ok(header) = HeaderName::new_from_ascii(name.to_owned()) {
        headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(header, value.clone(), value));
    }
}

fn raw(headers: &mut Headers, name: &'static str, value: String) {
    let name = HeaderName::new_from_ascii_str(name);
    headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value));
}

/// The value of an unstructured header, folded, and in encoded words where it must be (RFC 2047).
fn unstructured(name: &str, value: &str) -> String {
    // A value that looks like an encoded word would be decoded by its reader, and a very long word cannot be folded.
    let unsafe_plain = value.contains("=?") || value.split(' ').any(|word| word.len() > 60);
    if unsafe_plain {
        return encoded_words(value).join("\r\n ");
    }
    match HeaderName::new_from_ascii(name.to_owned()) {
        Ok(name) => {
            let shown = One(HeaderValue::new(name, value.to_owned())).to_string();
            shown.split_once(": ").map_or_else(String::new, |(_, v)| v.trim_end_matches("\r\n").to_owned())
        }
        Err(_) => encoded_words(value).join("\r\n "),
    }
}

/// Prints a single header as [`Headers`] does.
struct One(HeaderValue);

impl std::fmt::Display for One {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut headers = Headers::new();
        headers.insert_raw(self.0.clone());
        headers.fmt(f)
    }
}

/// `value` as words of at most 75 octets, none of which splits a character.
fn encoded_words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chunk = String::new();
    for c in value.chars() {
        if chunk.len() + c.len_utf8() > 45 {
            words.push(chunk);
            chunk = String::new();
        }
        chunk.push(c);
    }
    words.push(chunk);
    words.iter().map(|w| format!("=?utf-8?b?{}?=", data_encoding::BASE64.encode(w.as_bytes()))).collect()
}

fn mailboxes(parties: &[Party]) -> Mailboxes {
    parties.iter().map(mailbox).collect()
}

/// The name is cleaned first: lettre panics on control characters in it.
fn mailbox(party: &Party) -> Mailbox {
    let name = cut(&one_line(&party.name), NAME_CHARS);
    let name = name.replace(|c: char| c.is_control(), "");
    Mailbox::new((!name.is_empty()).then_some(name), address(&party.address))
}

/// A local part outside ASCII stays as it is (RFC 6532); one that needs quotes gets them (RFC 5321, 4.1.2).
fn address(address: &Address) -> lettre::Address {
    lettre::Address::new(address.local(), address.domain()).unwrap_or_else(|_| {
        let local = address.local().replace('\\', "\\\\").replace('"', "\\\"");
        lettre::Address::new_dangerous(format!("\"{local}\""), address.domain())
    })
}

/// `Thu, 26 Nov 2026 09:00:00 +0100`
fn date(draft: &Draft) -> String {
    let zoned = draft.date.timestamp().to_zoned(draft.zone.clone());
    jiff::fmt::rfc2822::to_string(&zoned).unwrap_or_else(|_| "Thu, 1 Jan 1970 00:00:00 +0000".to_owned())
}

/// `<id>`; `None` if it is none that could be written.
fn id(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>');
    (!id.is_empty() && id.len() <= ID_BYTES && id.bytes().all(good)).then(|| format!("<{id}>"))
}

/// The first, which names the conversation, and the newest.
fn references(all: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for reference in all.iter().filter_map(|r| id(r)) {
        // A repeated one counts where it stands last.
        ids.retain(|known| *known != reference);
        ids.push(reference);
    }
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
    ids
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
