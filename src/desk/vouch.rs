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
        if microsoft { hop.by.to_lowercase().ends_with("outlook.com") } else { hop.by.eq_ignore_ascii_case(trusted) }
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
    let chain: Vec<&Hop> = letter.received.iter().take_while(|h| ours(h)).collect();
    if microsoft
        && !chain.is_empty()
        && letter.exchange_auth_as.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("internal"))
    {
        return Vouch::Proved("sent within the tenant");
    }
    // Below the hop by which the server took the letter stands what the sender wrote; LMTP only hands it on within the house.
    let taken = chain.iter().find(|h| !h.with.contains("LMTP"));
    if let Some(submission) =
        taken.filter(|h| matches!(h.with.as_str(), "ESMTPA" | "ESMTPSA" | "UTF8SMTPA" | "UTF8SMTPSA"))
    {
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

/// `dmarc=pass`, or where that is `none` an aligned `dkim=pass`.
fn aligned(results: &AuthenticationResults, domain: &str) -> Option<&'static str> {
    let property = |r: &crate::mail::letter::MethodResult, name: &str| {
        r.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    let dmarc: Vec<_> = results.results.iter().filter(|r| r.method == "dmarc").collect();
    let of_this = |r: &&crate::mail::letter::MethodResult| {
        property(r, "header.from").is_none_or(|f| f == domain || f.ends_with(&format!("@{domain}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
        [desk]
        name = "Exempelbutiken"
        data_dir = "data"
        [[mailbox]]
        name = "support"
        address = "support@example.test"
        trusted_authserv_id = "mx.example.test"
        maildir = { path = "in" }
        outdir = { path = "out" }
        [[agent]]
        name = "Anna Andersson"
        addresses = ["anna@example.test"]
    "#;

    fn check(headers: &str, expect: Vouch) {
        let settings = crate::config::read(std::path::Path::new("/etc/svar/config.toml"), CONFIG).unwrap();
        let raw = format!("{headers}From: Anna <anna@example.test>\n\nHej\n");
        let letter = crate::mail::read::read(raw.as_bytes());
        let anna = Address::parse("anna@example.test").unwrap();
        assert_eq!(vouch(&letter, &settings.mailboxes[0], &[anna]), expect, "{headers}");
    }

    #[test]
    fn a_login_counts_where_the_server_took_the_letter() {
        let lmtp = "Received: from mx.example.test by mx.example.test with LMTP id 1\n";
        let by_anna = "Received: from pc.test (unknown [10.0.0.1]) (Authenticated sender: anna@example.test) by mx.example.test with ESMTPSA id 2\n";
        let by_bjorn = "Received: from pc.test (unknown [10.0.0.1]) (Authenticated sender: bjorn@example.test) by mx.example.test with ESMTPSA id 2\n";
        let outside = "Received: from mx.example.test (unknown [6.6.6.6]) by mx.example.test with ESMTPS id 3\n";
        let elsewhere = "Received: from pc.test by mx.evil.test with ESMTPS id 4\n";
        let proved = Vouch::Proved("submitted with this login");
        let silent = Vouch::Unproved("the trusted server says nothing");
        check(&format!("{lmtp}{by_anna}"), proved);
        check(&format!("{by_anna}{elsewhere}"), proved);
        check(by_bjorn, silent);
        check("", silent);
        // Forged by whoever sent it, below the hop that is real.
        check(&format!("{lmtp}{outside}{by_anna}"), silent);
        check(&format!("{outside}{by_anna}"), silent);
        check(&format!("{elsewhere}{by_anna}"), silent);
    }
}
