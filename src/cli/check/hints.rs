//! What a refusal means at providers that are known, and what to do about it.

use super::words::words_hint;
use crate::net::Account;
use crate::net::imap::ImapError;

pub(super) fn imap_hint(account: &Account, error: &ImapError) -> Option<String> {
    match error {
        ImapError::Auth { text } => words_hint(text).or_else(|| provider_hint(&account.host)),
        ImapError::Refused { text, .. } | ImapError::Bye { text } => words_hint(text),
        ImapError::Tls(_) if account.port == 143 => Some("port 143 speaks STARTTLS: set tls = \"starttls\"".to_owned()),
        _ => None,
    }
}

/// What a refused password means at providers that refuse every one.
pub(super) fn provider_hint(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let ends = |names: &[&str]| names.iter().any(|n| host.ends_with(n));
    if ends(&["office365.com", "outlook.com"]) {
        return Some("Microsoft 365 takes no passwords here, only OAuth2, which this version cannot do".to_owned());
    }
    if ends(&["gmail.com", "googlemail.com"]) {
        return Some(
            "Gmail takes an app password only: turn on 2-step verification, then make one at myaccount.google.com/apppasswords".to_owned(),
        );
    }
    if ends(&["mail.me.com", "icloud.com", "yahoo.com", "fastmail.com"]) {
        return Some("this provider wants an app password, made in the account's security settings".to_owned());
    }
    None
}
