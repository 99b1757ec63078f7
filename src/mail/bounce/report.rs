//! The machine-readable delivery report (RFC 3464, RFC 6533).

use crate::mail::address;
use std::collections::{BTreeMap, BTreeSet};

use crate::mail::bounce::recipients::shorten;
use crate::mail::bounce::{MAX_RECIPIENTS, find, returned, status};
use crate::mail::header::{self, Fields};
use crate::mail::letter::{Action, Bounce, BouncedRecipient};
use crate::mail::mime::Part;

/// The part that a machine reads.
pub(super) fn is_status(part: &Part<'_>) -> bool {
    matches!(part.media_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
}

/// Reads the content of `message/delivery-status`: groups of fields, the first about the message, the others a recipient each.
pub(super) fn read(content: &[u8]) -> Bounce {
    let mut bounce = Bounce::default();
    for group in groups(content) {
        let (fields, _) = header::split(group);
        let original = fields.first("X-Original-Message-ID").or_else(|| fields.first("Original-Message-ID"));
        if let Some(id) = original.and_then(|v| address::message_ids(v).into_iter().next()) {
            bounce.message_id.get_or_insert(id);
        }
        for record in records(&fields) {
            if bounce.recipients.len() >= MAX_RECIPIENTS {
                break;
            }
            let Some(found) = recipient(&record) else { continue };
            match bounce.recipients.iter_mut().find(|r| r.address.eq_ignore_ascii_case(&found.address)) {
                // An alias may have been delivered to one and failed for another.
                Some(known)
                    if known.action != Action::Failed && found.action == Action::Failed && found.status.is_some() =>
                {
                    *known = found;
                }
                Some(_) => {}
                None => bounce.recipients.push(found),
            }
        }
    }
    bounce
}

/// The fields of each recipient of a group. Some servers forget the blank line between them.
fn records(fields: &Fields<'_>) -> Vec<BTreeMap<String, String>> {
    const WANTED: &[&str] =
        &["original-recipient", "final-recipient", "x-actual-recipient", "action", "status", "diagnostic-code"];
    let mut out = vec![BTreeMap::new()];
    for field in fields.iter().take(MAX_RECIPIENTS * 12) {
        let name = String::from_utf8_lossy(field.name).trim().to_ascii_lowercase();
        if !WANTED.contains(&name.as_str()) {
            continue;
        }
        let value = header::unfold(field.value).trim().to_owned();
        let again = |record: &BTreeMap<_, _>| name.ends_with("-recipient") && record.contains_key(&name);
        if out.last().is_none_or(again) {
            out.push(BTreeMap::new());
        }
        if let Some(record) = out.last_mut() {
            record.entry(name).or_insert(value);
        }
    }
    out
}

/// What a mailbox has thrown away by a rule of its own is reported as a receipt (RFC 5429, 2.1): a failure all the same.
pub(super) fn rejection(root: &Part<'_>, text: &str) -> Option<Bounce> {
    const WORDS: &[&str] =
        &["automatically rejected", "was rejected", "has been rejected", "quota exceeded", "mailbox is full"];
    let part = find(root, &|p| p.media_type == "message/disposition-notification")?;
    let content = part.decoded(&mut BTreeSet::new());
    let (fields, _) = header::split(&content);
    let disposition = fields.plain("Disposition")?.to_ascii_lowercase();
    let lower = text[..text.floor_char_boundary(4_000)].to_lowercase();
    if !(disposition.starts_with("automatic-action") && WORDS.iter().any(|w| lower.contains(w))) {
        return None;
    }
    let names = ["Original-Recipient", "Final-Recipient"];
    let address = names.iter().find_map(|n| typed_address(&fields.plain(n)?))?;
    let status = status::code(text).or_else(|| status::meant(text, Action::Failed));
    let recipient = BouncedRecipient {
        address,
        action: Action::Failed,
        status: status.or_else(|| status::undefined(text, Action::Failed)),
        diagnostic: Some(shorten(text)).filter(|d| !d.is_empty()),
    };
    let mut bounce = Bounce { recipients: vec![recipient], rule: "a receipt that says rejected", ..Bounce::default() };
    if let Some(id) = fields.first("Original-Message-ID").and_then(|v| address::message_ids(v).into_iter().next()) {
        bounce.message_id = Some(id);
    }
    returned::take(root, text, &mut bounce);
    Some(bounce)
}

/// Stretches between blank lines.
fn groups(content: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < content.len() {
        let end = header::line_end(content, at);
        if header::trim_line(&content[at..end]).trim_ascii().is_empty() {
            out.push(&content[start..at]);
            start = end;
        }
        at = end;
    }
    out.push(&content[start..]);
    out.retain(|g| !g.trim_ascii().is_empty());
    out
}

fn recipient(fields: &BTreeMap<String, String>) -> Option<BouncedRecipient> {
    // The address that we wrote to is the original one; the final one may be what it was expanded to.
    let names = ["original-recipient", "final-recipient", "x-actual-recipient"];
    let address = names.iter().find_map(|n| typed_address(fields.get(*n)?))?;
    let diagnostic = fields.get("diagnostic-code").map(|d| {
        let text = d.split_once(';').filter(|(kind, _)| !kind.trim().contains(' ')).map_or(d.as_str(), |p| p.1);
        shorten(text)
    });
    let diagnostic = diagnostic.filter(|d| !d.is_empty());
    let written = fields.get("status").and_then(|s| status::code(s));
    let class = written.as_deref().and_then(|s| s.chars().next());
    let action = fields.get("action").and_then(|a| action(a)).unwrap_or(match class {
        Some('2') => Action::Delivered,
        Some('4') => Action::Delayed,
        _ => Action::Failed,
    });
    let status = written.or_else(|| diagnostic.as_deref().and_then(status::code));
    let status = status.or_else(|| diagnostic.as_deref().and_then(|d| status::meant(d, action)));
    Some(BouncedRecipient { address, action, status, diagnostic })
}

/// `rfc822; user@a.test`: only what is a mail address.
fn typed_address(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let kind = kind.trim().to_ascii_lowercase();
    // `local` and others are what a machine calls its users.
    let known = matches!(kind.as_str(), "rfc822" | "utf-8" | "smtp" | "unknown" | "local" | "internet" | "");
    if !known && !kind.starts_with("rfc") {
        return None;
    }
    let address = address.trim();
    let address = match address.split_once('<') {
        Some((_, inner)) => inner.split('>').next().unwrap_or(inner),
        None => address.split([' ', '\t', '(']).next().unwrap_or(address),
    };
    let address = address.trim_matches(['<', '>', '"', '\'', ' ', '.']);
    let address = address.get(..5).filter(|p| p.eq_ignore_ascii_case("smtp:")).map_or(address, |_| &address[5..]);
    let address = unescape(address, &kind);
    let whole = address.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    (whole && address.len() < 320).then_some(address)
}

/// RFC 6533, 3: `\x{E5}` in addresses of the kind `utf-8`; RFC 3461, 4: `+2B` and `+3D`, which some servers leave as they are.
fn unescape(address: &str, kind: &str) -> String {
    let mut out = String::with_capacity(address.len());
    let mut rest = address;
    while let Some(at) = rest.find("\\x{").filter(|_| kind == "utf-8") {
        out.push_str(&rest[..at]);
        let (code, tail) = rest[at + 3..].split_once('}').unwrap_or((&rest[at + 3..], ""));
        out.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).filter(|c| !c.is_control()));
        rest = tail;
    }
    out.push_str(rest);
    out.replace("+2B", "+").replace("+3D", "=")
}

fn action(value: &str) -> Option<Action> {
    let value = value.to_ascii_lowercase();
    let all = [
        ("fail", Action::Failed),
        ("delay", Action::Delayed),
        ("relay", Action::Relayed),
        ("deliver", Action::Delivered),
        ("expand", Action::Expanded),
    ];
    all.into_iter().find(|(w, _)| value.starts_with(w)).map(|(_, a)| a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &str, expect: &str) {
        let got: Vec<_> = read(content.as_bytes())
            .recipients
            .iter()
            .map(|r| {
                format!(
                    "{} {} {} {}",
                    r.address,
                    r.action.as_str(),
                    r.status.as_deref().unwrap_or("-"),
                    r.diagnostic.as_deref().unwrap_or("-")
                )
            })
            .collect();
        assert_eq!(got.join("|"), expect, "{content:?}");
    }

    #[test]
    fn reports() {
        check(
            "Reporting-MTA: dns; mx.a.test\n\nFinal-Recipient: rfc822; x@b.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n such user\n",
            "x@b.test failed 5.1.1 550 5.1.1 no such user",
        );
        check(
            "Final-Recipient: rfc822; y@b.test\nOriginal-Recipient: rfc822;x@b.test\nAction: delayed\nStatus: 4.4.1 (no answer)",
            "x@b.test delayed 4.4.1 -",
        );
        check(
            "Final-Recipient: x400; /G=x/\nOriginal-Recipient: rfc822; <x@b.test>\nAction: failure\nStatus: 553 no",
            "x@b.test failed - -",
        );
        check(
            "Reporting-MTA: a\n\nFinal-Recipient: x@b.test\nStatus: 4.0.0\n\nFinal-Recipient: rfc822;x@b.test\n",
            "x@b.test delayed 4.0.0 -",
        );
        check("Reporting-MTA: a\n", "");
        check(
            "Final-Recipient: rfc822; a@b.test\nAction: expanded\n\n\nFinal-Recipient: rfc822; c@b.test\nAction: relayed\n",
            "a@b.test expanded - -|c@b.test relayed - -",
        );
    }

    #[test]
    fn odd_reports() {
        // No blank line between the recipients, nor after the message's own fields.
        check(
            "Reporting-MTA: dns; a\nFinal-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; c@b.test\nAction: delayed\nStatus: 4.2.2\n",
            "a@b.test failed 5.1.1 -|c@b.test delayed 4.2.2 -",
        );
        check("Final-Recipient: utf-8; p\\x{E5}l@b.test\nAction: failed\nStatus: 5.1.1\n", "pål@b.test failed 5.1.1 -");
        check(
            "Final-Recipient: rfc822; a@b.test\nOriginal-Recipient: rfc822; a+2Bx@b.test\nAction: failed\n",
            "a+x@b.test failed - -",
        );
        check(
            "Final-Recipient: rfc822; a@b.test\nDiagnostic-Code: smtp; 550 user unknown\n",
            "a@b.test failed 5.1.1 550 user unknown",
        );
        check(
            "Final-Recipient: rfc822; a@b.test\nAction: delivered\n\nFinal-Recipient: rfc822; A@b.test\nAction: failed\nStatus: 5.0.0",
            "A@b.test failed 5.0.0 -",
        );
    }
}
