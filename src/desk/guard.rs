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
    let lower = text
        .to_lowercase()
        .replace("%40", "@")
        .replace("%2b", "+")
        .replace("&#64;", "@")
        .replace("&#43;", "+")
        .replace("=20", " ");
    let unfolded = lower.replace("=\r\n", "").replace("=\n", "");
    for (at, _) in unfolded.match_indices('@') {
        let local_start = unfolded[..at]
            .rfind(|c: char| !is_local(c))
            .map_or(0, |i| i + unfolded[i..].chars().next().map_or(1, char::len_utf8));
        let domain_end = unfolded[at + 1..]
            .find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.'))
            .map_or(unfolded.len(), |i| at + 1 + i);
        let address = unfolded[local_start..domain_end].trim_end_matches('.').trim_start_matches('\'');
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
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let text = "[desk]\nname = \"B\"\ndata_dir = \"d\"\n[[mailbox]]\nname = \"s\"\naddress = \"support@example.test\"\n\
             maildir = { path = \"in\" }\noutdir = { path = \"out\" }\n\
             [[agent]]\nname = \"Anna\"\naddresses = [\"anna@example.test\", \"anna.a@mobile.test\"]\nmailboxes = [\"s\"]\n";
        crate::config::read(std::path::Path::new("/x/config.toml"), text).unwrap()
    }

    #[test]
    fn what_must_not_leave_in_a_text() {
        let settings = settings();
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(leak(&settings, &[text], &[]).as_deref(), expect, "{text:?}");
        };
        let signed = "support+t1.7kglbb.cmkei62muyrwyqdi@example.test";
        check(&format!("Svara till <{signed}>."), Some(signed));
        check("mailto:support%2Bt1.7kglbb.cmkei62muyrwyqdi%40example.test?subject=x", Some(signed));
        check("a=20SUPPORT+T1.7KGLBB.CMKEI62MU=\r\nYRWYQDI@EXAMPLE.TEST b", Some(signed));
        check("<a href=\"mailto:anna&#64;example.test\">", Some("anna@example.test"));
        check("Ring Anna.A@mobile.test, hon vet.", Some("anna.a@mobile.test"));
        check("support+desk@example.test", Some("support+desk@example.test"));
        check(&format!("> {MARKER} x"), Some(MARKER));
        for fine in [
            "",
            "@ @@ a@ @b å@ä",
            "Skriv till support@example.test",
            "support+order@example.test",
            "anna@example.test.evil.test",
            "joanna@example.test",
            "desk@other.test other+desk@other.test",
        ] {
            check(fine, None);
        }
    }

    #[test]
    fn attached_mails_and_texts_are_searched_and_pictures_are_not() {
        let settings = settings();
        let check = |media_type: &str, data: &str, expect: bool| {
            assert_eq!(
                leak(&settings, &[], &[(media_type, data.as_bytes())]).is_some(),
                expect,
                "{media_type} {data:?}"
            );
        };
        check("message/rfc822", "To: anna@example.test\r\nSubject: x\r\n\r\nHej\r\n", true);
        check("message/rfc822", "Subject: x\r\n\r\nanna@example.test\r\n", true);
        let encoded = data_encoding::BASE64.encode(b"skriv till anna@example.test");
        let head = "Subject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        check("message/rfc822", &format!("{head}{encoded}\r\n"), true);
        check("text/plain", "anna@example.test", true);
        check("text/plain", "eva@kund.test", false);
        check("image/png", "anna@example.test", false);
    }
}
