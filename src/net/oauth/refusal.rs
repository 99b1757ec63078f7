//! What a refusal means: the errors of RFC 6749, 8628 and OpenID Connect, and Microsoft's own numbers behind them.

use std::fmt;

use crate::model::one_line;

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The sign-in is over: revoked, expired, another password.
    Grant,
    /// The client id, its secret, or how it is registered.
    Client,
    /// Somebody must allow it first.
    Consent,
    Scope,
    /// Whoever sat at the browser said no.
    Declined,
    /// The code was not entered in time.
    CodeExpired,
    Other,
}

impl What {
    /// As it is written down.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Client => "client",
            Self::Consent => "consent",
            Self::Scope => "scope",
            Self::Declined => "declined",
            Self::CodeExpired => "code-expired",
            Self::Other => "other",
        }
    }
}

/// A server of sign-ins said no, for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub host: String,
    pub what: What,
    /// The server's own, clipped, without secrets; its bare error code if it said no more.
    pub words: String,
    pub advice: String,
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refuses the sign-in ({}); {}", self.host, self.words, self.advice)
    }
}

/// Longer words of a server are cut.
const WORDS_LONGEST: usize = 200;

/// Microsoft's numbers say more than the error before them; they are asked first. `{user}` is filled in.
const NUMBERS: &[(&str, What, &str)] = &[
    (
        "AADSTS7000218",
        What::Client,
        "set \"Allow public client flows\" to Yes under Authentication of the app registration, or write a client_secret",
    ),
    ("AADSTS7000215", What::Client, "the client secret is wrong: it must be the secret's Value, not its Secret ID"),
    ("AADSTS7000222", What::Client, "the client secret has expired: make a new one under Certificates & secrets"),
    ("AADSTS700016", What::Client, "there is no such application in that directory: check client_id and tenant"),
    ("AADSTS90002", What::Client, "there is no such directory: check tenant"),
    ("AADSTS50059", What::Client, "set tenant to the directory (tenant) id of your organisation"),
    (
        "AADSTS50194",
        What::Client,
        "the application is registered for one directory: set tenant to its directory (tenant) id",
    ),
    (
        "AADSTS50011",
        What::Client,
        "add http://localhost under Authentication, Mobile and desktop applications, of the app registration",
    ),
    (
        "AADSTS65001",
        What::Consent,
        "nobody has consented for this mailbox yet: run `svar sign-in {user}`, or let an administrator grant consent under API permissions",
    ),
    ("AADSTS65004", What::Declined, "the permissions were declined: run `svar sign-in {user}` again and accept them"),
    (
        "AADSTS90094",
        What::Consent,
        "an administrator must grant consent under API permissions of the app registration; then run `svar sign-in {user}`",
    ),
    ("AADSTS90095", What::Consent, "an administrator must approve the request; then run `svar sign-in {user}`"),
    ("AADSTS50105", What::Consent, "an administrator must assign the application to {user}"),
    (
        "AADSTS53003",
        What::Consent,
        "the organisation's Conditional Access forbids it: ask the administrator to allow this application",
    ),
    (
        "AADSTS530",
        What::Consent,
        "the organisation's Conditional Access forbids it: ask the administrator to allow this application",
    ),
    (
        "AADSTS50020",
        What::Grant,
        "sign in with the mailbox's own account, {user}, or set tenant to the directory that it is in",
    ),
    (
        "AADSTS50034",
        What::Grant,
        "there is no such account in that directory: sign in with the mailbox's own account, {user}",
    ),
    (
        "AADSTS50057",
        What::Grant,
        "the account is disabled: an administrator must allow it to sign in; then run `svar sign-in {user}`",
    ),
    ("AADSTS50076", What::Grant, "a second factor is wanted: run `svar sign-in {user}`"),
    ("AADSTS50079", What::Grant, "a second factor is wanted: run `svar sign-in {user}`"),
    ("AADSTS50173", What::Grant, "the password was changed or all sign-ins were revoked: run `svar sign-in {user}`"),
    ("AADSTS700082", What::Grant, "it was not used for too long: run `svar sign-in {user}`"),
    ("AADSTS70043", What::Grant, "the organisation lets sign-ins end after some time: run `svar sign-in {user}`"),
    ("AADSTS700084", What::Grant, "it has ended: run `svar sign-in {user}`"),
    ("AADSTS70000", What::Grant, "it was revoked: run `svar sign-in {user}`"),
    ("AADSTS70011", What::Scope, "check scopes: IMAP.AccessAsUser.All, SMTP.Send and offline_access are needed"),
    ("AADSTS650053", What::Scope, "check scopes: IMAP.AccessAsUser.All, SMTP.Send and offline_access are needed"),
];

const CODES: &[(&str, What, &str)] = &[
    ("invalid_grant", What::Grant, "it was revoked or has ended: run `svar sign-in {user}`"),
    ("invalid_client", What::Client, "check client_id and client_secret against the provider's console"),
    ("deleted_client", What::Client, "the client was deleted at the provider: make another, and write its client_id"),
    ("disabled_client", What::Client, "the client is disabled at the provider"),
    (
        "org_internal",
        What::Client,
        "the client is for its own organisation only: make it there, or set its audience to External",
    ),
    (
        "unauthorized_client",
        What::Client,
        "this client may not sign in in this way: check client_id, and what the client is registered for",
    ),
    ("redirect_uri_mismatch", What::Client, "register the client as a Desktop app, which takes the loopback address"),
    (
        "unsupported_grant_type",
        What::Client,
        "this client may not sign in in this way: check token_url, and what the client is registered for",
    ),
    ("invalid_scope", What::Scope, "check scopes; where a device code gets no access to mail, sign in with --browser"),
    ("consent_required", What::Consent, "an administrator must grant consent; then run `svar sign-in {user}`"),
    ("interaction_required", What::Grant, "somebody must be there: run `svar sign-in {user}`"),
    ("login_required", What::Grant, "somebody must be there: run `svar sign-in {user}`"),
    (
        "admin_policy_enforced",
        What::Consent,
        "the administrator of the organisation must allow this client (Google: Admin console, Security, API controls)",
    ),
    ("access_denied", What::Declined, "it was declined in the browser: run `svar sign-in {user}` again and accept"),
    (
        "authorization_declined",
        What::Declined,
        "it was declined in the browser: run `svar sign-in {user}` again and accept",
    ),
    (
        "expired_token",
        What::CodeExpired,
        "the code was not entered in time: nothing is stored, run `svar sign-in {user}` again",
    ),
    ("bad_verification_code", What::CodeExpired, "the code is not known any more: run `svar sign-in {user}` again"),
];

/// What `error` and `error_description` of a server come to. `secrets` are cut out of its words.
pub(super) fn judge(host: &str, user: &str, error: &str, description: &str, secrets: &[&str]) -> Refused {
    let number = NUMBERS.iter().find(|row| description.contains(row.0));
    let row = number.or_else(|| CODES.iter().find(|row| row.0 == error));
    let (what, advice) = row.map_or((What::Other, "run `svar sign-in {user}`"), |row| (row.1, row.2));
    let said = clip(description, secrets);
    let words = match (said.is_empty(), clip(error, secrets)) {
        (true, code) if code.is_empty() => "no reason given".to_owned(),
        (true, code) => code,
        (false, code) if said.contains(&code) => said,
        (false, code) => format!("{code}: {said}"),
    };
    Refused { host: host.to_owned(), what, words, advice: advice.replace("{user}", user) }
}

/// The first sentences of a server's words. Microsoft adds trace numbers and the time, which are of no use to a reader.
pub(super) fn clip(text: &str, secrets: &[&str]) -> String {
    let text = text.split("Trace ID:").next().unwrap_or_default();
    let mut line = one_line(text);
    for secret in secrets.iter().filter(|s| s.len() >= 4) {
        line = line.replace(secret, "…");
    }
    let mut words: String = line.trim().chars().take(WORDS_LONGEST).collect();
    if line.trim().chars().count() > WORDS_LONGEST {
        words.push('…');
    }
    words.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let check = |error: &str, description: &str, what: What, expect: &str| {
            let refused = judge("login.test", "s@x.test", error, description, &["geheim1234"]);
            assert_eq!(refused.what, what, "{error} {description}");
            let said = refused.to_string();
            assert!(said.contains(expect), "{said}");
            assert!(said.starts_with("login.test refuses the sign-in (") && !said.contains('\n'), "{said}");
            assert!(!said.contains("geheim1234") && !said.contains("Trace"), "{said}");
            assert!(said.chars().count() < 450, "{said}");
        };
        check(
            "invalid_grant",
            "",
            What::Grant,
            "(invalid_grant); it was revoked or has ended: run `svar sign-in s@x.test`",
        );
        check("invalid_grant", "Bad geheim1234.", What::Grant, "(invalid_grant: Bad …);");
        check("invalid_client", "Unauthorized", What::Client, "client_secret");
        check(
            "invalid_client",
            "AADSTS7000218: The request body must contain 'client_secret'. Trace ID: 1-2\r\nCorrelation ID: 3",
            What::Client,
            "Allow public client flows",
        );
        check("invalid_grant", "AADSTS65001: The user has not consented. Trace ID: 8", What::Consent, "grant consent");
        check(
            "invalid_grant",
            &format!("AADSTS50173: {}", "x".repeat(500)),
            What::Grant,
            "…); the password was changed",
        );
        check("unauthorized_client", "AADSTS700016: Application not found", What::Client, "check client_id and tenant");
        check("access_denied", "", What::Declined, "declined");
        check("expired_token", "", What::CodeExpired, "not entered in time");
        check("new_thing", "", What::Other, "(new_thing)");
        check("", "", What::Other, "(no reason given)");
        check("a\nb", "c\u{1b}[1m", What::Other, "a b");
    }
}
