//! The last look at a mail to a customer: nothing of the inside may leave with it.

use crate::config::settings::Settings;
use crate::desk::sign::SignedAddress;
use crate::mail::marker::MARKER;
use crate::mail::read::read;

/// What must not reach a customer, found in `texts` or in the mails among `attachments`; the first of it, as found.
///
/// Any signed address whoever made it, `+desk` at a mailbox of ours, an agent's address, and our notification's marker.
#[must_use]
pub fn leak(settings: &Settings, texts: &[&str], attachments: &[(&str, &[u8])]) -> Option<String> {
    texts
        .iter()
        .find_map(|t| in_text(settings, t))
        .or_else(|| attachments.iter().find_map(|(media_type, data)| in_attachment(settings, media_type, data, 0)))
}

fn in_attachment(settings: &Settings, media_type: &str, data: &[u8], depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    match media_type {
        "message/rfc822" | "message/global" => {
            let letter = read(data);
            let head_end =
                data.windows(4).position(|w| w == b"\r\n\r\n").or_else(|| data.windows(2).position(|w| w == b"\n\n"));
            let head = String::from_utf8_lossy(&data[..head_end.unwrap_or(data.len())]);
            in_text(settings, &head)
                .or_else(|| in_text(settings, &letter.subject))
                .or_else(|| in_text(settings, &letter.text))
                .or_else(|| {
                    letter.attachments.iter().find_map(|a| in_attachment(settings, &a.media_type, &a.data, depth + 1))
                })
        }
        t if t.starts_with("text/") => in_text(settings, &String::from_utf8_lossy(data)),
        _ => None,
    }
}

fn in_text(settings: &Settings, text: &str) -> Option<String> {
    if text.contains(MARKER) {
        return Some(MARKER.to_owned());
    }
    let lower = text.to_lowercase().replace("%40", "@").replace("%2b", "+").replace("&#64;", "@").replace("&#43;", "+");
    let unfolded = lower.replace("=\r\n", "").replace("=\n", "");
    for (at, _) in unfolded.match_indices('@') {
        let local_start = unfolded[..at]
            .rfind(|c: char| !is_local(c))
            .map_or(0, |i| i + unfolded[i..].chars().next().map_or(1, char::len_utf8));
        let domain_end = unfolded[at + 1..]
            .find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.'))
            .map_or(unfolded.len(), |i| at + 1 + i);
        let address = unfolded[local_start..domain_end].trim_end_matches('.').trim_start_matches(['=', '\'']);
        let Some(parsed) = crate::model::Address::parse(address) else { continue };
        if settings.agent_of(&parsed).is_some() {
            return Some(parsed.to_string());
        }
        let Some(detail) = parsed.detail() else { continue };
        let ours = settings.mailbox_of(&parsed).is_some();
        if SignedAddress::parse(detail).is_some() || (ours && detail == "desk") {
            return Some(parsed.to_string());
        }
    }
    None
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '=' | '\'')
}
