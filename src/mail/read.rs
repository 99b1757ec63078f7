//! Bytes in, a [`Letter`] out: never fails, reads no clock, same bytes same letter.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::mail::body::{self, Body};
use crate::mail::header::Fields;
use crate::mail::kind::{self, Signs};
use crate::mail::letter::{Defect, Letter, ReturnPath};
use crate::mail::mime::{self, Part};
use crate::mail::{
    address, attachment, authentication, bounce, charset, forward, language, quote, subject, trace, words,
};
use crate::model::{Address, Party};

/// How many references are kept: the first and the newest.
pub const MAX_REFERENCES: usize = 1_000;
/// How many addresses of one field are kept.
pub const MAX_RECIPIENTS: usize = 500;

/// Reads a letter. What is odd about it stands in [`Letter::defects`].
#[must_use]
pub fn read(raw: &[u8]) -> Letter {
    let mut defects = BTreeSet::new();
    let lines = line_ends(raw);
    let header_as_utf8;
    let mut root = mime::parse(&lines, &mut defects);
    if let Some(transcoded) = header_by_body(&lines, &root) {
        header_as_utf8 = transcoded;
        root = mime::parse(&header_as_utf8, &mut defects);
    }
    let envelope = envelope(&root.fields, &mut defects);
    let content = body::read(&root, &mut defects);
    let subject = root.fields.first("Subject").map(|s| words::text(s, &mut defects)).unwrap_or_default();
    let bounce = bounce::read(&root, envelope.from.as_ref(), &subject, &content.text);
    let split = split(&content, &subject, &envelope);
    let signs = Signs {
        root: &root,
        from: envelope.from.as_ref(),
        subject: &subject,
        text: &split.new_text,
        return_path: &envelope.return_path,
        bounce: bounce.as_ref(),
    };
    let (kind, why) = kind::decide(&signs);
    let original = split.original.or_else(|| forward::attached(&root, kind));
    let sameness = sameness(&envelope, &subject, &content.text);
    let Envelope {
        message_id,
        in_reply_to,
        references,
        from,
        from_is_single,
        reply_to,
        to,
        cc,
        delivered_to,
        return_path,
        sent_at,
    } = envelope;
    Letter {
        message_id,
        in_reply_to,
        references,
        from,
        from_is_single,
        reply_to,
        to,
        cc,
        delivered_to,
        return_path,
        base_subject: subject::base(&subject),
        subject,
        sent_at,
        kind,
        why,
        language: language::of(&split.new_text).map(str::to_owned),
        new_text: split.new_text,
        rich: split.rich,
        end_is_certain: split.end_is_certain,
        cuts: split.cuts,
        attachments: content.attachments,
        text: content.text,
        original,
        bounce,
        form: None,
        list_id: kind::list_id(&root.fields),
        original_from: original_from(&root.fields),
        received: root.fields.all("Received").take(trace::MAX_HOPS).map(trace::hop).collect(),
        authentication: authentication_results(&root.fields),
        exchange_auth_as: exchange_auth_as(&root.fields),
        thread_index: root.fields.plain("Thread-Index").and_then(|v| thread_root(&v)),
        client: ["User-Agent", "X-Mailer"].iter().find_map(|n| root.fields.plain(n).filter(|v| !v.is_empty())),
        svar_id: root.fields.plain("X-Svar-Id").filter(|v| !v.is_empty()),
        probe: root.fields.plain("X-Svar-Probe").filter(|v| !v.is_empty()),
        sameness,
        defects: defects.into_iter().collect(),
        size_bytes: raw.len(),
    }
}

/// Old Macs end lines with a bare CR. Where there is no LF at all, CR is the line end.
fn line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect())
}

/// The letter with its header in UTF-8, where the header has raw bytes of no declared charset and the text below declares one:
/// what the text is in, the header most likely is in too.
fn header_by_body(raw: &[u8], root: &Part<'_>) -> Option<Vec<u8>> {
    let (header, body) = raw.split_at(raw.len() - root.body.len());
    if std::str::from_utf8(header).is_ok() {
        return None;
    }
    let label = first_charset(root)?;
    let mut out = Vec::with_capacity(raw.len() + header.len());
    for line in header.split_inclusive(|&b| b == b'\n') {
        if std::str::from_utf8(line).is_ok() {
            out.extend_from_slice(line);
        } else {
            let text = charset::decode(line, Some(label), &mut BTreeSet::new());
            if text.contains('\u{fffd}') {
                return None;
            }
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.extend_from_slice(body);
    Some(out)
}

/// The charset that the first text part declares, unless it is one that raw bytes cannot be in.
fn first_charset<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    if part.is_multipart() {
        return part.children.iter().find_map(first_charset);
    }
    let label = part.content_type.get("charset").filter(|_| part.main_type() == "text")?;
    let useless =
        ["utf-8", "utf8", "us-ascii", "ascii", "utf-7", "iso-2022-jp"].iter().any(|u| label.eq_ignore_ascii_case(u));
    (!useless).then_some(label)
}

/// The fields that say who, to whom and to what.
struct Envelope {
    message_id: Option<String>,
    in_reply_to: Vec<String>,
    references: Vec<String>,
    from: Option<Party>,
    from_is_single: bool,
    reply_to: Vec<Party>,
    to: Vec<Party>,
    cc: Vec<Party>,
    delivered_to: Vec<Address>,
    return_path: ReturnPath,
    sent_at: Option<crate::model::Time>,
}

fn envelope(fields: &Fields<'_>, defects: &mut BTreeSet<Defect>) -> Envelope {
    if fields.is_empty() {
        defects.insert(Defect::NoHeader);
    }
    let mut parties = |name: &str| -> Vec<Party> {
        let mut out: Vec<Party> = Vec::new();
        for value in fields.all(name).take(50) {
            out.extend(address::parties(value, MAX_RECIPIENTS.saturating_sub(out.len()), defects).list);
        }
        out
    };
    let (to, cc, reply_to) = (parties("To"), parties("Cc"), parties("Reply-To"));
    let mut senders = Vec::new();
    for value in fields.all("From").take(20) {
        senders.push(address::parties(value, MAX_RECIPIENTS, defects));
    }
    if senders.len() > 1 {
        defects.insert(Defect::SeveralFrom);
    }
    let from_is_single = matches!(senders.as_slice(), [one] if one.list.len() == 1 && one.unreadable == 0);
    let mut from = senders.into_iter().find_map(|p| p.list.into_iter().next());
    if from.is_none() {
        defects.insert(Defect::NoFrom);
        let sender = fields.first("Sender").and_then(|v| address::parties(v, 1, defects).list.into_iter().next());
        from = sender.or_else(|| reply_to.first().cloned());
    }
    let ids: Vec<&[u8]> = fields.all("Message-ID").take(20).collect();
    let message_id = ids.iter().find_map(|v| address::message_ids(v).into_iter().next());
    if message_id.is_none() {
        defects.insert(Defect::NoMessageId);
    } else if ids.len() > 1 {
        defects.insert(Defect::SeveralMessageIds);
    }
    let mut references: Vec<String> = fields.all("References").take(50).flat_map(address::message_ids).collect();
    if references.len() > MAX_REFERENCES {
        defects.insert(Defect::TooManyReferences);
        references.drain(1..=references.len() - MAX_REFERENCES);
    }
    let mut in_reply_to: Vec<String> = fields.all("In-Reply-To").take(50).flat_map(address::message_ids).collect();
    in_reply_to.truncate(MAX_REFERENCES);
    let sent_at = fields.all("Date").find_map(address::date);
    if sent_at.is_none() {
        defects.insert(Defect::NoDate);
    }
    Envelope {
        message_id,
        in_reply_to,
        references,
        from,
        from_is_single,
        reply_to,
        to,
        cc,
        delivered_to: delivered_to(fields, defects),
        return_path: address::return_path(fields.first("Return-Path")),
        sent_at,
    }
}

/// Whom a group names as the writer of what it passes on in its own name.
fn original_from(fields: &Fields<'_>) -> Option<Party> {
    ["X-Original-From", "X-Original-Sender"].iter().find_map(|name| {
        let value = fields.first(name)?;
        address::parties(value, 1, &mut BTreeSet::new()).list.into_iter().next()
    })
}

/// How Exchange knows the sender. Two fields that differ were not both written by it, and say nothing.
fn exchange_auth_as(fields: &Fields<'_>) -> Option<String> {
    const NAME: &str = "X-MS-Exchange-Organization-AuthAs";
    let first = fields.plain(NAME).filter(|v| !v.is_empty())?;
    let same = |v: &[u8]| String::from_utf8_lossy(v).trim().eq_ignore_ascii_case(&first);
    fields.all(NAME).all(same).then_some(first)
}

fn delivered_to(fields: &Fields<'_>, defects: &mut BTreeSet<Defect>) -> Vec<Address> {
    const NAMES: &[&str] = &["Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To", "X-Envelope-To"];
    let mut out: Vec<Address> = Vec::new();
    let named = fields.iter().filter(|f| NAMES.iter().any(|n| f.name.eq_ignore_ascii_case(n.as_bytes())));
    for field in named.take(100) {
        for party in address::parties(field.value, MAX_RECIPIENTS, defects).list {
            if out.len() < MAX_RECIPIENTS && !out.contains(&party.address) {
                out.push(party.address);
            }
        }
    }
    out
}

fn authentication_results(fields: &Fields<'_>) -> Vec<crate::mail::letter::AuthenticationResults> {
    let mut received = 0;
    let mut out = Vec::new();
    for field in fields.iter() {
        if field.name.eq_ignore_ascii_case(b"Received") {
            received += 1;
        } else if field.name.eq_ignore_ascii_case(b"Authentication-Results") && out.len() < authentication::MAX_RESULTS
        {
            out.push(authentication::results(field.value, received));
        }
    }
    out
}

/// The first 22 bytes of Outlook's `Thread-Index` name the conversation; each answer appends five.
fn thread_root(value: &str) -> Option<String> {
    let value: String = value.chars().filter(|c| !c.is_whitespace()).take(4_000).collect();
    let bytes = mail_parser::decoders::base64::base64_decode(value.as_bytes())?;
    bytes.get(..22).map(|root| data_encoding::HEXLOWER.encode(root))
}

/// White space does not count: re-encoding changes it.
fn sameness(envelope: &Envelope, subject: &str, text: &str) -> String {
    let mut hashed = String::with_capacity(text.len() + 200);
    if let Some(from) = &envelope.from {
        hashed.push_str(from.address.as_str());
    }
    hashed.push('\0');
    if let Some(at) = envelope.sent_at {
        hashed.push_str(&at.to_string());
    }
    for part in [subject, text] {
        hashed.push('\0');
        push_words(part, &mut hashed);
    }
    attachment::sha256(hashed.as_bytes())
}

/// Appends `text` without its white space.
fn push_words(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let (is_blank, length) = match bytes[at] {
            b' ' | b'\t'..=b'\r' => (true, 1),
            // The first bytes of the blanks outside of ASCII.
            0xc2 | 0xe1..=0xe3 => text[at..].chars().next().map_or((false, 1), |c| (c.is_whitespace(), c.len_utf8())),
            _ => (false, 1),
        };
        if is_blank {
            out.push_str(&text[from..at]);
            from = at + length;
        }
        at += length;
    }
    out.push_str(&text[from..]);
}

fn split(content: &Body, subject: &str, envelope: &Envelope) -> quote::Split {
    let context = quote::Context {
        prefixes: subject::prefixes(subject),
        subject,
        is_answer: !envelope.in_reply_to.is_empty() || !envelope.references.is_empty(),
        from: envelope.from.as_ref(),
    };
    quote::split(content, &context)
}
