//! The mail that came back: where its copy begins in a report's text, and which of our mails it is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::mail::address;
use crate::mail::bounce::find;
use crate::mail::header::{self, Fields};
use crate::mail::letter::Bounce;
use crate::mail::mime::Part;

/// What announces the copy of the returned mail, lower case.
const MARKS: &[&str] = &[
    "is a copy of",
    "here is your returned",
    "original message follows",
    "original message -",
    "original message:",
    "original message is following",
    "message returned below",
    "below this line",
    "below the next line",
    "unsent message",
    "message headers follow",
    "message headers:",
    "headers follow",
    "header of the original message",
    "your message reads",
    "included is a copy",
    "lines of your original",
    "lines of the message follow",
    "returned message",
    "returned mail follows",
    "-- returned mail --",
    "original message headers",
    "original message attached",
    "original message details",
    "original headers:",
    "attachment is a copy",
    "old message:",
    "----- message text",
    "message text follows",
    "message body follows",
    "message header follows",
    "text of your message",
    "mensaje original adjunto",
    "mensaje original",
    "message original",
    "messaggio originale",
    "mensagem original",
    "ursprungligt meddelande",
    "ursprungliga meddelande",
    "det ursprungliga meddelandet",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "alkuperäinen viesti",
    "alkuperäisen viestin",
    "ursprüngliche nachricht",
    "originalnachricht",
    "kopfzeilen der ursprünglichen",
    "en-têtes de message d'origine",
    "en-têtes du message d'origine",
    "encabezados de mensaje original",
    "intestazioni messaggio originale",
    "oorspronkelijk bericht",
    "oryginalna wiadomość",
    "оригинальное сообщение",
    "копия вашего",
    "原邮件",
];

static MARKED: LazyLock<Regex> = LazyLock::new(|| super::server::any_of(MARKS));

/// Fields that stand in no report, only in the header of a mail.
const HEADER_LINES: &[&str] = &["received: ", "return-path: ", "x-mailer: ", "mime-version: ", "dkim-signature: "];

/// The report without the returned mail: what stands in that is no recipient.
pub(super) fn report_part(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_lowercase();
        let bare = lower.trim_start_matches(['>', ' ', '\t', '|']);
        // "…that the message returned below could not be delivered" announces the copy, it is not yet the copy.
        let announces = bare.starts_with(char::is_alphabetic)
            && (lower.contains("could not") || lower.contains("delivered") || !lower.contains("follow"))
            && !lower.trim_end().ends_with(':');
        let is_copy = MARKED.is_match(&lower) && !announces;
        if at > 0 && (is_copy || HEADER_LINES.iter().any(|h| bare.starts_with(h))) {
            return &text[..at];
        }
        at += line.len();
    }
    text
}

/// Which mail it was: from the headers that came back, else from what the report itself refers to.
pub(super) fn take(root: &Part<'_>, text: &str, bounce: &mut Bounce) {
    let headers = |p: &Part<'_>| {
        p.is_message()
            || matches!(
                p.media_type.as_str(),
                "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" | "message/partial"
            )
    };
    if let Some(part) = find(root, &headers) {
        let bytes = part.decoded(&mut BTreeSet::new());
        let (fields, _) = header::split(&bytes);
        take_ids(&fields, bounce);
    }
    quoted_ids(text, bounce);
    if bounce.message_id.is_none() {
        let own = ["X-Original-Message-ID", "Original-Message-ID", "In-Reply-To", "References"];
        bounce.message_id =
            own.iter().find_map(|n| address::message_ids(root.fields.first(n)?).into_iter().next_back());
    }
}

/// Text-only reports have the returned mail's header below, quoted or not, folded or not.
fn quoted_ids(text: &str, bounce: &mut Bounce) {
    if bounce.message_id.is_some() && bounce.svar_id.is_some() {
        return;
    }
    let bare = |line: &'_ str| line.trim_start_matches(['>', ' ', '\t', '|']).to_owned();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = bare(line);
        let Some((name, value)) = line.split_once(':') else { continue };
        let mut value = value.trim().to_owned();
        if value.is_empty() {
            value = lines.peek().map(|l| bare(l)).unwrap_or_default();
        }
        match name.trim().to_ascii_lowercase().as_str() {
            "message-id" | "message id" if bounce.message_id.is_none() && value.contains('@') => {
                bounce.message_id = address::message_ids(value.as_bytes()).into_iter().next();
            }
            "x-svar-id" if bounce.svar_id.is_none() => {
                bounce.svar_id = Some(value).filter(|v| !v.is_empty());
            }
            _ => {}
        }
    }
}

fn take_ids(fields: &Fields<'_>, bounce: &mut Bounce) {
    if let Some(id) = fields.first("Message-ID").and_then(|v| address::message_ids(v).into_iter().next()) {
        bounce.message_id = Some(id);
    }
    if let Some(id) = fields.plain("X-Svar-Id").filter(|v| !v.is_empty()) {
        bounce.svar_id = Some(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_no_report() {
        let check = |text: &str, expect: &str| assert_eq!(report_part(text), expect, "{text:?}");
        check("a\n--- Below this line is a copy of the message.\nb", "a\n");
        check(
            "The message returned below could not be delivered to\nx@a.test\n",
            "The message returned below could not be delivered to\nx@a.test\n",
        );
        check("a\nOriginal message follows.\nb", "a\n");
        check("a\n\nReceived: from b by c\n", "a\n\n");
        check("a\nKopfzeilen der ursprünglichen Nachricht:\nb", "a\n");
    }

    #[test]
    fn ids_in_the_text() {
        let check = |text: &str, expect: Option<&str>| {
            let mut bounce = Bounce::default();
            quoted_ids(text, &mut bounce);
            assert_eq!(bounce.message_id.as_deref(), expect, "{text:?}");
        };
        check("a\nMessage-ID: <a@b.test>\n", Some("a@b.test"));
        check("> Message-Id:\n>   <a@b.test>\n", Some("a@b.test"));
        check("Message ID: 14jRTi-0007jE-00", None);
        check("x", None);
    }
}
