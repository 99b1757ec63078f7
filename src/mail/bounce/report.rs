//! The machine-readable delivery report (RFC 3464).

use crate::mail::address;
use crate::mail::bounce::MAX_RECIPIENTS;
use crate::mail::header::{self, Fields};
use crate::mail::letter::{Action, Bounce, BouncedRecipient};
use crate::model::one_line;

/// Reads the content of `message/delivery-status`: groups of fields, the first about the message, the others a recipient each.
pub(super) fn read(content: &[u8]) -> Bounce {
    let mut bounce = Bounce::default();
    for group in groups(content) {
        let (fields, _) = header::split(group);
        let original = fields.first("X-Original-Message-ID").or_else(|| fields.first("Original-Message-ID"));
        if let Some(id) = original.and_then(|v| address::message_ids(v).into_iter().next()) {
            bounce.message_id.get_or_insert(id);
        }
        if bounce.recipients.len() >= MAX_RECIPIENTS {
            break;
        }
        if let Some(found) = recipient(&fields)
            && !bounce.recipients.iter().any(|r| r.address == found.address)
        {
            bounce.recipients.push(found);
        }
    }
    bounce
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

fn recipient(fields: &Fields<'_>) -> Option<BouncedRecipient> {
    // The address that we wrote to is the original one; the final one may be what it was expanded to.
    let names = ["Original-Recipient", "Final-Recipient", "X-Actual-Recipient"];
    let address = names.iter().find_map(|n| typed_address(&fields.plain(n)?))?;
    let status = fields.plain("Status").as_deref().and_then(status_code);
    let action = fields.plain("Action").as_deref().and_then(action).unwrap_or(
        match status.as_deref().and_then(|s| s.chars().next()) {
            Some('2') => Action::Delivered,
            Some('4') => Action::Delayed,
            _ => Action::Failed,
        },
    );
    let diagnostic = fields.plain("Diagnostic-Code").map(|d| {
        let text = d.split_once(';').filter(|(kind, _)| !kind.trim().contains(' ')).map_or(d.as_str(), |p| p.1);
        shorten(text)
    });
    Some(BouncedRecipient { address, action, status, diagnostic: diagnostic.filter(|d| !d.is_empty()) })
}

/// `rfc822; user@a.test`: only what is a mail address.
fn typed_address(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';').unwrap_or(("rfc822", value));
    let kind = kind.trim().to_ascii_lowercase();
    if !matches!(kind.as_str(), "rfc822" | "utf-8" | "smtp" | "unknown" | "") {
        return None;
    }
    let address = address.trim();
    let address = match address.split_once('<') {
        Some((_, inner)) => inner.split('>').next().unwrap_or(inner),
        None => address.split([' ', '\t', '(']).next().unwrap_or(address),
    };
    let address = address.trim_matches(['<', '>', '"', '\'', ' ']);
    (address.contains('@') && address.len() < 320).then(|| address.to_owned())
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

/// The first `5.1.1` of `text` (RFC 3463).
pub(super) fn status_code(text: &str) -> Option<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let parts: Vec<&str> = word.trim_matches('.').split('.').collect();
        let class = matches!(parts.first(), Some(&("2" | "4" | "5")));
        let small = parts.iter().all(|p| (1..=3).contains(&p.len()));
        (class && small && parts.len() == 3).then(|| parts.join("."))
    })
}

/// On one line, at most a few hundred characters.
pub(super) fn shorten(text: &str) -> String {
    let line = one_line(text);
    let end = line.floor_char_boundary(500);
    line[..end].to_owned()
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
    fn codes() {
        assert_eq!(status_code("550 5.1.1 <x>"), Some("5.1.1".to_owned()));
        assert_eq!(status_code("(#5.7.1)"), Some("5.7.1".to_owned()));
        assert_eq!(status_code("1.2.3.4 10.0.0.1 500"), None);
    }
}
