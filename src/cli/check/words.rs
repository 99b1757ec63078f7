//! Words that big providers answer a login with, and what they mean.

/// Words in a refusal (lower case), and what to do.
const WORDS: &[(&str, &str)] = &[
    (
        "please log in via your web browser",
        "Google wants to see a person first: sign in to this account in a browser, confirm that it was you, and try again",
    ),
    (
        "web login required",
        "Google wants to see a person first: sign in to this account in a browser, confirm that it was you, and try again",
    ),
    (
        "too many simultaneous connections",
        "too many programs read this mailbox at once (Gmail allows 15 connections): close some, or take away their access",
    ),
    (
        "exceeded command or bandwidth limits",
        "the account has been read too much of late: the provider lets nobody in for some hours; svar goes on by itself",
    ),
    (
        "user is authenticated but not connected",
        "the password is right, but the mailbox cannot be opened: Microsoft throttles it, or this user may not read it (for a shared \
         mailbox `user` must be one that has full access to it). If it goes on for an hour, look into the licence and IMAP for the user",
    ),
    ("request is throttled", "Microsoft wants to be left alone for some minutes; svar waits as long as it says"),
    ("server unavailable", "the provider has trouble of its own; svar goes on trying"),
    (
        "too many login attempts",
        "there were too many logins of late: wait for some minutes. Each program that reads or sends for this account counts",
    ),
    (
        "client was not authenticated",
        "SMTP AUTH is turned off for this mailbox: an administrator can allow it (Microsoft 365 admin centre, the user, Mail, Manage \
         email apps, Authenticated SMTP)",
    ),
];

/// What a server's own words mean, where they are known.
pub(super) fn words_hint(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    WORDS.iter().find(|(words, _)| text.contains(words)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_providers_are_explained() {
        let check = |text: &str, expect: Option<&str>| {
            let hint = words_hint(text);
            assert!(
                match (expect, &hint) {
                    (None, None) => true,
                    (Some(part), Some(hint)) => hint.contains(part),
                    _ => false,
                },
                "{text}: {hint:?}"
            );
        };
        check(
            "[ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754",
            Some("browser"),
        );
        check("[ALERT] Too many simultaneous connections. (Failure)", Some("15"));
        check("User is authenticated but not connected.", Some("shared mailbox"));
        check("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", None);
    }
}
