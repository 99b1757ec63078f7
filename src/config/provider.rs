//! What is known of mail providers: where their servers are, how one signs in, what they do to mail. The one place that names them.
//!
//! Servers, ports and domains are those of Thunderbird's ISPDB (github.com/thunderbird/autoconfig, `ispdb/`), unless a line
//! says otherwise; every other fact has its page beside it. What no page confirms is `None`: it is asked, tried or left to
//! `svar check`, never guessed.

use crate::net::Tls;

/// A server of a provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: &'static str,
    pub port: u16,
    pub tls: Tls,
}

/// What a provider takes in place of the account's own password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// The mailbox's own password.
    Own,
    /// The mailbox's own, until two-step verification is on; then one made at `page`.
    AppWithSecondFactor { page: &'static str },
    /// Only one made at `page`.
    App { page: &'static str },
    /// The one that the provider's bridge, a program on this machine, shows; `page` tells of it.
    Bridge { page: &'static str },
    /// None at all: OAuth2.
    Refused,
}

/// What becomes of mail to `support+anything@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlusAddressing {
    /// It arrives in INBOX as mail to `support@` does.
    Works,
    /// It arrives in a folder that is made for it, where svar does not see it; a rule of the mailbox's can change that.
    OwnFolder,
    /// It is refused.
    Refused,
}

/// Whom one signs in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    Address,
    LocalPart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// A word for messages about it and for `oauth2 = { provider = … }` where it has such a preset.
    pub id: &'static str,
    pub name: &'static str,
    /// Domains of its own customers' addresses; those below them are meant too.
    pub domains: &'static [&'static str],
    /// What the mail exchangers of its customers' own domains end with.
    pub mx_suffixes: &'static [&'static str],
    pub imap: Option<Server>,
    /// The first is the better one; others for where its port is blocked.
    pub smtp: &'static [Server],
    pub login: Login,
    pub passwords: Passwords,
    /// The preset of `oauth2 = { provider = … }`.
    pub oauth2: Option<&'static str>,
    /// For `trusted_authserv_id`: what its servers call themselves in Authentication-Results.
    pub authserv_id: Option<&'static str>,
    pub plus_addressing: Option<PlusAddressing>,
    /// Whether what is sent through its SMTP is put into Sent by the server itself.
    pub fills_sent: Option<bool>,
    /// Something that must be turned on or known before IMAP works, as a sentence.
    pub before: Option<&'static str>,
}

const fn tls(host: &'static str, port: u16) -> Server {
    Server { host, port, tls: Tls::Implicit }
}

const fn starttls(host: &'static str, port: u16) -> Server {
    Server { host, port, tls: Tls::Starttls }
}

/// A provider of which only its servers are known.
const fn plain(id: &'static str, name: &'static str, imap: Server, smtp: &'static [Server]) -> Provider {
    Provider {
        id,
        name,
        domains: &[],
        mx_suffixes: &[],
        imap: Some(imap),
        smtp,
        login: Login::Address,
        passwords: Passwords::Own,
        oauth2: None,
        authserv_id: None,
        plus_addressing: None,
        fills_sent: None,
        before: None,
    }
}

const OUTLOOK_SMTP: &[Server] = &[starttls("smtp.office365.com", 587)];

/// In the order in which they are named to people.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        domains: &["gmail.com", "googlemail.com"],
        mx_suffixes: &["google.com", "googlemail.com"],
        // https://support.google.com/accounts/answer/185833: 2-step verification first.
        passwords: Passwords::App { page: "https://myaccount.google.com/apppasswords" },
        oauth2: Some("google"),
        authserv_id: Some("mx.google.com"),
        plus_addressing: Some(PlusAddressing::Works),
        // https://github.com/nodemailer/wildduck/wiki/Gmail-sending
        fills_sent: Some(true),
        before: Some(
            "an app password needs 2-step verification, which Google Workspace's administrator may have to allow",
        ),
        ..plain(
            "google",
            "Gmail and Google Workspace",
            tls("imap.gmail.com", 993),
            &[tls("smtp.gmail.com", 465), starttls("smtp.gmail.com", 587)],
        )
    },
    Provider {
        domains: &["onmicrosoft.com", "office365.com"],
        mx_suffixes: &["mail.protection.outlook.com", "mx.microsoft"],
        // https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online
        passwords: Passwords::Refused,
        oauth2: Some("microsoft365"),
        // Its Authentication-Results bear no id; `mail::authentication` knows them by this word.
        authserv_id: Some("microsoft365"),
        // https://learn.microsoft.com/exchange/recipients-in-exchange-online/plus-addressing-in-exchange-online: on since
        // 2022, unless the organisation has turned it off (DisablePlusAddressInRecipients).
        plus_addressing: Some(PlusAddressing::Works),
        // https://github.com/jstedfast/MailKit/issues/1193, https://github.com/huacnlee/omamail/pull/60
        fills_sent: Some(true),
        before: Some("the organisation's administrator must allow SMTP AUTH for the mailbox (docs/SIGN-IN.md)"),
        ..plain("microsoft365", "Microsoft 365", tls("outlook.office365.com", 993), OUTLOOK_SMTP)
    },
    Provider {
        domains: &[
            "outlook.com",
            "hotmail.com",
            "live.com",
            "msn.com",
            "outlook.de",
            "outlook.dk",
            "hotmail.se",
            "live.se",
            "hotmail.no",
            "live.no",
            "hotmail.dk",
            "live.dk",
            "hotmail.fi",
            "live.fi",
            "hotmail.de",
            "live.de",
            "hotmail.co.uk",
            "live.co.uk",
        ],
        mx_suffixes: &["olc.protection.outlook.com"],
        passwords: Passwords::Refused,
        oauth2: Some("microsoft365"),
        // https://powerassist.com.au/2021/10/26/plus-addressing-email-addresses-in-microsoft-365/
        plus_addressing: Some(PlusAddressing::Works),
        fills_sent: Some(true),
        ..plain("outlook", "Outlook.com", tls("outlook.office365.com", 993), OUTLOOK_SMTP)
    },
    Provider {
        domains: &["fastmail.com", "fastmail.fm"],
        mx_suffixes: &["messagingengine.com"],
        // https://www.fastmail.com/help/clients/apppassword.html
        passwords: Passwords::App { page: "https://app.fastmail.com, Settings, Privacy & Security" },
        // https://www.fastmail.help/hc/en-us/articles/360060591053 (a folder of that very name would catch it)
        plus_addressing: Some(PlusAddressing::Works),
        ..plain("fastmail", "Fastmail", tls("imap.fastmail.com", 993), &[tls("smtp.fastmail.com", 465)])
    },
    Provider {
        domains: &["icloud.com", "me.com", "mac.com"],
        mx_suffixes: &["mail.icloud.com"],
        // https://support.apple.com/102654
        passwords: Passwords::App { page: "https://account.apple.com, Sign-In and Security" },
        // https://github.com/kellylford/QuickMail/issues/150 says that it fills Sent, floatpane/matcha#496 that it does not.
        fills_sent: None,
        ..plain("icloud", "iCloud Mail", tls("imap.mail.me.com", 993), &[starttls("smtp.mail.me.com", 587)])
    },
    Provider {
        domains: &[
            "yahoo.com",
            "ymail.com",
            "rocketmail.com",
            "myyahoo.com",
            "yahoo.se",
            "yahoo.de",
            "yahoo.co.uk",
            "yahoo.fr",
            "yahoo.it",
            "yahoo.es",
        ],
        mx_suffixes: &["yahoodns.net"],
        // https://help.yahoo.com/kb/SLN15241.html
        passwords: Passwords::App { page: "https://login.yahoo.com/account/security" },
        // https://github.com/orgs/forwardemail/discussions/525
        plus_addressing: Some(PlusAddressing::Refused),
        ..plain(
            "yahoo",
            "Yahoo Mail",
            tls("imap.mail.yahoo.com", 993),
            &[tls("smtp.mail.yahoo.com", 465), starttls("smtp.mail.yahoo.com", 587)],
        )
    },
    Provider {
        domains: &["gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.eu", "gmx.org"],
        mx_suffixes: &["gmx.net"],
        passwords: GMX_PASSWORDS,
        before: Some(
            "IMAP must be allowed once in the mailbox's settings: https://hilfe.gmx.net/pop-imap/einschalten.html",
        ),
        ..plain("gmx", "GMX", tls("imap.gmx.net", 993), &[tls("mail.gmx.net", 465), starttls("mail.gmx.net", 587)])
    },
    Provider {
        domains: &["gmx.com", "gmx.se", "gmx.co.uk", "gmx.us", "gmx.fr", "gmx.es", "gmx.it"],
        mx_suffixes: &[],
        passwords: GMX_PASSWORDS,
        ..plain(
            "gmx.com",
            "GMX (gmx.com)",
            tls("imap.gmx.com", 993),
            &[tls("mail.gmx.com", 465), starttls("mail.gmx.com", 587)],
        )
    },
    Provider {
        domains: &["web.de"],
        mx_suffixes: &["web.de"],
        login: Login::LocalPart,
        before: Some(
            "IMAP must be allowed once in the mailbox's settings: https://hilfe.web.de/pop-imap/einschalten.html",
        ),
        ..plain("web.de", "WEB.DE", tls("imap.web.de", 993), &[tls("smtp.web.de", 465), starttls("smtp.web.de", 587)])
    },
    Provider {
        domains: &["one.com"],
        mx_suffixes: &["one.com"],
        ..plain(
            "one.com",
            "one.com",
            tls("imap.one.com", 993),
            &[tls("send.one.com", 465), starttls("send.one.com", 587)],
        )
    },
    Provider {
        domains: &["loopia.se", "loopia.com", "loopia.no"],
        mx_suffixes: &["loopia.se"],
        // Not in the ISPDB; its customers' programs say so, such as those that a search for `mailcluster.loopia.se` finds.
        ..plain(
            "loopia",
            "Loopia",
            tls("mailcluster.loopia.se", 993),
            &[tls("mailcluster.loopia.se", 465), starttls("mailcluster.loopia.se", 587)],
        )
    },
    Provider {
        domains: &["strato.de"],
        mx_suffixes: &["rzone.de"],
        ..plain(
            "strato",
            "Strato",
            tls("imap.strato.de", 993),
            &[tls("smtp.strato.de", 465), starttls("smtp.strato.de", 587)],
        )
    },
    Provider {
        domains: &["online.de", "onlinehome.de", "1und1.de", "ionos.de", "ionos.com"],
        mx_suffixes: &["kundenserver.de", "schlund.de", "ionos.de", "ionos.com", "ionos.co.uk"],
        // https://www.ionos.com/help/email/using-webmail/email-activate-and-configure-two-step-verification
        passwords: Passwords::AppWithSecondFactor { page: "IONOS Webmail, My Account, Login & Security" },
        ..plain(
            "ionos",
            "IONOS",
            tls("imap.1und1.de", 993),
            &[tls("smtp.1und1.de", 465), starttls("smtp.1und1.de", 587)],
        )
    },
    Provider {
        domains: &["mailbox.org"],
        mx_suffixes: &["mailbox.org"],
        passwords: Passwords::AppWithSecondFactor {
            page: "https://kb.mailbox.org/de/privat/sicherheit-und-privatsphaere/applikationspasswoerter-fuer-externe-programme/",
        },
        ..plain(
            "mailbox.org",
            "mailbox.org",
            tls("imap.mailbox.org", 993),
            &[tls("smtp.mailbox.org", 465), starttls("smtp.mailbox.org", 587)],
        )
    },
    Provider {
        domains: &["migadu.com"],
        mx_suffixes: &["migadu.com"],
        // https://www.migadu.com/guides/plus_addressing/: it makes a folder for each, unless a pattern rewrite
        // (`support+*@example.com => support@example.com`) says otherwise.
        plus_addressing: Some(PlusAddressing::OwnFolder),
        ..plain("migadu", "Migadu", tls("imap.migadu.com", 993), &[tls("smtp.migadu.com", 465)])
    },
    Provider {
        domains: &["zoho.com", "zohomail.com"],
        mx_suffixes: &["zoho.com"],
        // https://help.zoho.com/portal/en/kb/solo/communication/settings/articles/how-to-generate-app-specific-password
        passwords: Passwords::AppWithSecondFactor { page: "https://accounts.zoho.com, Security, App passwords" },
        before: Some("IMAP must be turned on: Zoho Mail, Settings, Mail Accounts, IMAP"),
        ..plain(
            "zoho",
            "Zoho Mail",
            tls("imap.zoho.com", 993),
            &[tls("smtp.zoho.com", 465), starttls("smtp.zoho.com", 587)],
        )
    },
    Provider {
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
        mx_suffixes: &["protonmail.ch"],
        imap: None,
        smtp: &[],
        passwords: Passwords::Bridge { page: "https://proton.me/mail/bridge" },
        before: Some(
            "Proton has no IMAP of its own: install its Bridge on this machine, and give the host, ports and password that it shows",
        ),
        ..plain("proton", "Proton Mail", starttls("127.0.0.1", 1143), &[])
    },
];

// https://hilfe.gmx.net/sicherheit/2fa/anwendungsspezifisches-passwort.html
const GMX_PASSWORDS: Passwords = Passwords::AppWithSecondFactor {
    page: "https://hilfe.gmx.net/sicherheit/2fa/anwendungsspezifisches-passwort.html",
};

impl Provider {
    /// Whose customers have addresses in `domain`.
    #[must_use]
    pub fn of_domain(domain: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|p| p.domains.iter().any(|d| is_below(domain, d)))
    }

    /// Whose mail exchanger `host` is. The longest suffix wins: Outlook.com's are not Microsoft 365's.
    #[must_use]
    pub fn of_mx(host: &str) -> Option<&'static Self> {
        let host = host.trim_end_matches('.');
        let fits = |p: &&Self| p.mx_suffixes.iter().filter(|s| is_below(host, s)).map(|s| s.len()).max();
        PROVIDERS.iter().filter(|p| fits(p).is_some()).max_by_key(|p| fits(p))
    }

    /// Whose IMAP or SMTP server `host` is: an account of the configuration's is known by it.
    #[must_use]
    pub fn of_server(host: &str) -> Option<&'static Self> {
        let host = host.trim_end_matches('.');
        let is = |s: &Server| s.host.eq_ignore_ascii_case(host);
        PROVIDERS
            .iter()
            .find(|p| p.imap.iter().chain(p.smtp).any(is))
            .or_else(|| SERVER_SUFFIXES.iter().find(|(s, _)| is_below(host, s)).and_then(|(_, id)| Self::by_id(id)))
    }

    #[must_use]
    pub fn by_id(id: &str) -> Option<&'static Self> {
        PROVIDERS.iter().find(|p| p.id == id)
    }
}

/// Servers of a provider's that `PROVIDERS` does not name one by one.
const SERVER_SUFFIXES: &[(&str, &str)] = &[
    ("office365.com", "microsoft365"),
    ("outlook.com", "microsoft365"),
    ("gmail.com", "google"),
    ("googlemail.com", "google"),
    ("mail.me.com", "icloud"),
    ("icloud.com", "icloud"),
    ("yahoo.com", "yahoo"),
    ("fastmail.com", "fastmail"),
    ("messagingengine.com", "fastmail"),
    ("zoho.com", "zoho"),
    ("zoho.eu", "zoho"),
    ("ionos.de", "ionos"),
    ("ionos.com", "ionos"),
    ("ionos.co.uk", "ionos"),
];

/// `name` itself or a name below it.
fn is_below(host: &str, name: &str) -> bool {
    let Some(start) = host.len().checked_sub(name.len()) else { return false };
    let same = host.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(name));
    same && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_says_whose_it_is() {
        let check = |domain: &str, expect: Option<&str>| {
            assert_eq!(Provider::of_domain(domain).map(|p| p.id), expect, "{domain}");
        };
        check("gmail.com", Some("google"));
        check("shop.onmicrosoft.com", Some("microsoft365"));
        check("Hotmail.SE", Some("outlook"));
        check("gmx.net", Some("gmx"));
        check("notgmail.com", None);
        check("example.test", None);
        check("", None);
    }

    #[test]
    fn a_mail_exchanger_says_whose_it_is() {
        let check = |host: &str, expect: Option<&str>| {
            assert_eq!(Provider::of_mx(host).map(|p| p.id), expect, "{host}");
        };
        check("aspmx.l.google.com.", Some("google"));
        check("shop-example.mail.protection.outlook.com", Some("microsoft365"));
        check("shop-se.p-v1.mx.microsoft", Some("microsoft365"));
        check("eur.olc.protection.outlook.com", Some("outlook"));
        check("in1-smtp.messagingengine.com", Some("fastmail"));
        check("mx.example.test", None);
    }

    #[test]
    fn a_server_says_whose_it_is() {
        let check = |host: &str, expect: Option<&str>| {
            assert_eq!(Provider::of_server(host).map(|p| p.id), expect, "{host}");
        };
        check("imap.gmail.com", Some("google"));
        check("outlook.office365.com", Some("microsoft365"));
        check("imap-mail.outlook.com", Some("microsoft365"));
        check("IMAP.one.com", Some("one.com"));
        check("imappro.zoho.eu", Some("zoho"));
        check("mail.example.test", None);
    }

    #[test]
    fn the_table_holds_together() {
        let mut ids = std::collections::BTreeSet::new();
        for provider in PROVIDERS {
            assert!(ids.insert(provider.id), "{} twice", provider.id);
            assert!(!provider.domains.is_empty(), "{}", provider.id);
            let is_bridge = matches!(provider.passwords, Passwords::Bridge { .. });
            assert_eq!(provider.imap.is_none(), is_bridge, "{}", provider.id);
            assert_eq!(provider.smtp.is_empty(), is_bridge, "{}", provider.id);
            if provider.passwords == Passwords::Refused {
                assert!(provider.oauth2.is_some(), "{}: no way in", provider.id);
            }
            for server in provider.imap.iter().chain(provider.smtp) {
                let starts_clear = [143, 587].contains(&server.port);
                assert_eq!(server.tls == Tls::Starttls, starts_clear, "{}", server.host);
            }
        }
        for (_, id) in SERVER_SUFFIXES {
            assert!(ids.contains(id), "{id}");
        }
    }
}
