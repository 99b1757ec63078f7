//! Who vouches for a sender: Authentication-Results (RFC 8601) and Received of the server that we trust, and nothing else.

use crate::config::settings::Mailbox;
use crate::mail::authentication::verdict::{MICROSOFT_365, is_trusted_hop, verdict};
use crate::mail::letter::{Hop, Letter};
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
    if letter.from.is_none() || !letter.from_is_single {
        return Vouch::Unproved("not one From with one address");
    }
    let verdict = verdict(letter, trusted);
    if let Some(rule) = verdict.proved {
        return Vouch::Proved(rule);
    }
    if trusted.eq_ignore_ascii_case(MICROSOFT_365)
        && letter.received.first().is_some_and(|h| is_trusted_hop(h, trusted))
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
    Vouch::Unproved(if verdict.counted { "DMARC and DKIM do not pass" } else { "the trusted server says nothing" })
}

/// The hop at which the trusted server took the mail from outside, if its sender logged in there. What stands below that hop was
/// written by whoever sent the mail; so only a delivery over LMTP, which nobody outside can make, is passed on the way down.
fn submission(letter: &Letter, trusted: impl Fn(&Hop) -> bool) -> Option<&Hop> {
    let entry = letter.received.iter().find(|hop| !(trusted(hop) && hop.with.starts_with("LMTP")))?;
    let logged_in = matches!(entry.with.as_str(), "ESMTPA" | "ESMTPSA" | "UTF8SMTPA" | "UTF8SMTPSA");
    (trusted(entry) && logged_in).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::Settings;
    use crate::mail::read::read;

    fn settings(trust: &str) -> Settings {
        let text = format!(
            "[desk]\nname = \"B\"\ndata_dir = \"d\"\n[[mailbox]]\nname = \"s\"\naddress = \"s@example.test\"\n{trust}\n\
             maildir = {{ path = \"in\" }}\noutdir = {{ path = \"out\" }}\n\
             [[agent]]\nname = \"Anna\"\naddresses = [\"anna@example.test\"]\nmailboxes = [\"s\"]\n"
        );
        crate::config::read(std::path::Path::new("/x/config.toml"), &text).unwrap()
    }

    fn check(trust: &str, head: &str, expect: Vouch) {
        let settings = settings(trust);
        let letter = read(format!("{head}From: anna@example.test\r\nSubject: x\r\n\r\nHej\r\n").as_bytes());
        let anna = Address::parse("anna@example.test").unwrap();
        assert_eq!(vouch(&letter, &settings.mailboxes[0], &[anna]), expect, "{head}");
    }

    const MX: &str = "trusted_authserv_id = \"mx.example.test\"";

    #[test]
    fn results_of_the_trusted_server_alone() {
        let nothing = Vouch::Unproved("the trusted server says nothing");
        let fails = Vouch::Unproved("DMARC and DKIM do not pass");
        check("", "Authentication-Results: mx.example.test; dmarc=pass header.from=example.test\r\n", Vouch::Unknown);
        let dmarc = Vouch::Proved("dmarc=pass");
        let dkim = Vouch::Proved("aligned dkim=pass");
        for (results, expect) in [
            ("mx.example.test; dmarc=pass (p=none) header.from=example.test", dmarc),
            ("MX.Example.Test 1; DMARC=Pass header.from=example.test", dmarc),
            ("mx.example.test; dmarc=pass header.from=evil.test", fails),
            ("mx.example.test; dmarc=pass", fails),
            ("mx.example.test; dmarc=fail header.from=example.test; dkim=pass header.d=example.test", fails),
            ("mx.example.test; dmarc=none; dkim=pass header.d=example.test", dkim),
            ("mx.example.test; dkim=pass header.i=@example.test", dkim),
            ("mx.example.test; dmarc=none; dkim=pass header.d=test", fails),
            ("mx.example.test; dmarc=fail header.from=example.test; dmarc=pass header.from=example.test", fails),
            ("mx.example.test; dmarc=bestguesspass header.from=example.test; dkim=pass header.d=example.test", dkim),
            ("mx.example.test; dmarc=pass header.from=EXAMPLE.test.", dmarc),
            ("mx.example.test; dmarc=none; dkim=pass header.d=notexample.test", fails),
            ("mx.example.test; dmarc=none; dkim=fail header.d=example.test", fails),
            ("mx.example.test; spf=pass smtp.mailfrom=example.test", fails),
            ("mx.evil.test; dmarc=pass header.from=example.test", nothing),
            ("mx.example.test.evil.test; dmarc=pass header.from=example.test", nothing),
        ] {
            check(MX, &format!("Authentication-Results: {results}\r\n"), expect);
        }
    }

    #[test]
    fn only_the_topmost_and_only_above_other_servers() {
        let pass = "Authentication-Results: mx.example.test; dmarc=pass header.from=example.test\r\n";
        let fail = "Authentication-Results: mx.example.test; dmarc=fail header.from=example.test\r\n";
        let own = "Received: from out.test by mx.example.test with ESMTP id 1\r\n";
        let within = "Received: by 2002:a05:6358:: with SMTP id 1\r\n";
        let foreign = "Received: from a.test by mail.evil.test with ESMTP id 1\r\n";
        check(MX, &format!("{own}{pass}"), Vouch::Proved("dmarc=pass"));
        check(MX, &format!("{within}{own}{pass}"), Vouch::Proved("dmarc=pass"));
        check(MX, &format!("{foreign}{pass}"), Vouch::Unproved("the trusted server says nothing"));
        check(MX, &format!("{own}{fail}{pass}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        check(MX, &format!("From: eva@kund.test\r\n{pass}"), Vouch::Unproved("not one From with one address"));
        // Several fields of one server, where it is sure that they stand above the point at which the mail came in.
        let spf = "Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=example.test\r\n";
        let lmtp = "Received: from mx.example.test by mx.example.test with LMTP id 2\r\n";
        check(MX, &format!("{spf}{pass}{own}"), Vouch::Proved("dmarc=pass"));
        check(MX, &format!("{lmtp}{spf}{pass}{own}"), Vouch::Proved("dmarc=pass"));
        check(MX, &format!("{fail}{pass}{own}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        check(MX, &format!("{own}{spf}{pass}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        check(MX, &format!("{own}{spf}{pass}{own}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        check(MX, &format!("{spf}{own}{pass}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        check(MX, &format!("{spf}{pass}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        let other = "Authentication-Results: mx.evil.test; dmarc=fail header.from=example.test\r\n";
        check(MX, &format!("{other}{pass}{own}"), Vouch::Proved("dmarc=pass"));
        check(MX, &format!("{spf}{other}{pass}{own}"), Vouch::Unproved("DMARC and DKIM do not pass"));
        let sealed = "ARC-Authentication-Results: i=1; mx.example.test; dmarc=pass header.from=example.test\r\n";
        check(MX, &format!("{sealed}{own}"), Vouch::Unproved("the trusted server says nothing"));
    }

    #[test]
    fn submission_is_the_hop_that_took_the_mail_from_outside() {
        let nothing = Vouch::Unproved("the trusted server says nothing");
        let anna = "Received: from [10.0.0.7] (unknown) (Authenticated sender: anna@example.test) by mx.example.test with ESMTPSA id 1\r\n";
        let eva = anna.replace("sender: anna", "sender: eva");
        let lmtp = "Received: from mx.example.test by mx.example.test with LMTP id 2\r\n";
        let outside = "Received: from localhost by mx.example.test with ESMTP id 2\r\n";
        check(MX, anna, Vouch::Proved("submitted with this login"));
        check(MX, &format!("{lmtp}{anna}"), Vouch::Proved("submitted with this login"));
        check(MX, &format!("{outside}{anna}"), nothing);
        check(MX, &eva, nothing);
        check(&format!("{MX}\nsubmission_is_private = true"), &eva, Vouch::Proved("submitted with a login of ours"));
        check(&format!("{MX}\nsubmission_is_private = true"), &format!("{outside}{eva}"), nothing);
    }

    #[test]
    fn microsoft_names_no_id() {
        let trust = "trusted_authserv_id = \"microsoft365\"";
        let hop = "Received: from a.prod.outlook.com by b.prod.outlook.com with HTTPS\r\n";
        let foreign = "Received: from a by b.not-outlook.com with HTTPS\r\n";
        let pass = "Authentication-Results: spf=pass; dmarc=pass action=none header.from=example.test\r\n";
        let inside = "X-MS-Exchange-Organization-AuthAs: Internal\r\n";
        check(trust, &format!("{hop}{pass}"), Vouch::Proved("dmarc=pass"));
        check(trust, &format!("{foreign}{pass}"), Vouch::Unproved("the trusted server says nothing"));
        check(trust, &format!("{hop}{inside}"), Vouch::Proved("sent within the tenant"));
        check(trust, inside, Vouch::Unproved("the trusted server says nothing"));
        check(trust, &format!("{foreign}{inside}"), Vouch::Unproved("the trusted server says nothing"));
    }

    /// Whole letters, with the fields in the order in which the providers write them.
    fn check_letter(name: &str, trust: &str, expect: Vouch) {
        let path = format!("{}/fixtures/letters/providers/{name}.eml", env!("CARGO_MANIFEST_DIR"));
        let letter = read(&std::fs::read(path).unwrap());
        let settings = settings(&format!("trusted_authserv_id = \"{trust}\""));
        let anna = Address::parse("anna@example.test").unwrap();
        assert_eq!(vouch(&letter, &settings.mailboxes[0], &[anna]), expect, "{name}");
    }

    #[test]
    fn letters_as_providers_deliver_them() {
        check_letter("m365-from-outside", "microsoft365", Vouch::Proved("dmarc=pass"));
        check_letter("m365-same-tenant", "microsoft365", Vouch::Proved("sent within the tenant"));
        check_letter("m365-forged-authas", "microsoft365", Vouch::Unproved("DMARC and DKIM do not pass"));
        check_letter("m365-results-with-stray-domains", "microsoft365", Vouch::Proved("aligned dkim=pass"));
        // Another trusted server's mailbox: Microsoft's fields are anybody's there.
        check_letter("m365-same-tenant", "mx.example.test", Vouch::Unproved("the trusted server says nothing"));
        check_letter("google-group", "mx.google.com", Vouch::Unproved("DMARC and DKIM do not pass"));
    }
}
