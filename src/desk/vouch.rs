//! Who vouches for a sender: Authentication-Results (RFC 8601) and Received of the server that we trust, and nothing else.

use crate::config::settings::Mailbox;
use crate::mail::letter::{AuthenticationResults, Hop, Letter};
use crate::model::Address;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouch {
    /// The From is proved; by which rule.
    Proved(&'static str),
    /// A trusted server is named, and it does not vouch; why.
    Unproved(&'static str),
    /// No trusted server is named: nothing can be said.
    Unknown,
}

impl Vouch {
    #[must_use]
    pub const fn is_proved(self) -> bool {
        matches!(self, Self::Proved(_))
    }
}

/// Judges the letter's From. `logins` are the addresses as which its author may have logged in to submit it.
#[must_use]
pub fn vouch(letter: &Letter, mailbox: &Mailbox, logins: &[Address]) -> Vouch {
    let Some(trusted) = mailbox.trusted_authserv_id.as_deref() else {
        return Vouch::Unknown;
    };
    let Some(from) = letter.from.as_ref().filter(|_| letter.from_is_single) else {
        return Vouch::Unproved("not one From with one address");
    };
    let microsoft = trusted.eq_ignore_ascii_case("microsoft365");
    let ours = |hop: &Hop| {
        if microsoft {
            hop.by == "outlook.com" || hop.by.ends_with(".outlook.com")
        } else {
            hop.by.eq_ignore_ascii_case(trusted) || is_within(hop)
        }
    };
    let counted = letter.authentication.iter().find(|a| {
        let named = if microsoft { a.authserv_id.is_empty() } else { a.authserv_id.eq_ignore_ascii_case(trusted) };
        named && letter.received.iter().take(a.received_above).all(ours)
    });
    if let Some(results) = counted
        && let Some(rule) = aligned(results, from.address.domain())
    {
        return Vouch::Proved(rule);
    }
    if microsoft
        && letter.received.first().is_some_and(ours)
        && letter.exchange_auth_as.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("internal"))
    {
        return Vouch::Proved("sent within the tenant");
    }
    if let Some(submission) = submission(letter, |hop| hop.by.eq_ignore_ascii_case(trusted)) {
        let login = submission.login.as_deref().and_then(Address::parse);
        if mailbox.submission_is_private {
            return Vouch::Proved("submitted with a login of ours");
        }
        if login.is_some_and(|l| logins.contains(&l)) {
            return Vouch::Proved("submitted with this login");
        }
    }
    Vouch::Unproved(if counted.is_some() { "DMARC and DKIM do not pass" } else { "the trusted server says nothing" })
}

/// A hand-over within one machine or house, which takes nothing from another server: no `from`, or a name that is none.
fn is_within(hop: &Hop) -> bool {
    hop.from.is_empty() || hop.by == "localhost" || hop.by.ends_with(".localdomain")
}

/// The hop at which the trusted server took the mail from outside, if its sender logged in there. What stands below that hop was
/// written by whoever sent the mail; so only a delivery over LMTP, which nobody outside can make, is passed on the way down.
fn submission(letter: &Letter, trusted: impl Fn(&Hop) -> bool) -> Option<&Hop> {
    let entry = letter.received.iter().find(|hop| !(trusted(hop) && hop.with.starts_with("LMTP")))?;
    let logged_in = matches!(entry.with.as_str(), "ESMTPA" | "ESMTPSA" | "UTF8SMTPA" | "UTF8SMTPSA");
    (trusted(entry) && logged_in).then_some(entry)
}

/// `dmarc=pass`, or where that is `none` an aligned `dkim=pass`.
fn aligned(results: &AuthenticationResults, domain: &str) -> Option<&'static str> {
    let property = |r: &crate::mail::letter::MethodResult, name: &str| {
        r.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    let dmarc: Vec<_> = results.results.iter().filter(|r| r.method == "dmarc").collect();
    let of_this = |r: &&crate::mail::letter::MethodResult| {
        property(r, "header.from").is_some_and(|f| f == domain || f.ends_with(&format!("@{domain}")))
    };
    if dmarc.iter().any(|r| r.result == "pass" && of_this(r)) {
        return Some("dmarc=pass");
    }
    if dmarc.iter().any(|r| !matches!(r.result.as_str(), "none" | "pass")) {
        return None;
    }
    let dkim = results.results.iter().filter(|r| r.method == "dkim" && r.result == "pass").any(|r| {
        let signer = property(r, "header.d")
            .or_else(|| property(r, "header.i").and_then(|i| i.rsplit('@').next().map(str::to_owned)));
        signer.is_some_and(|d| d.contains('.') && (d == domain || domain.ends_with(&format!(".{d}"))))
    });
    dkim.then_some("aligned dkim=pass")
}
