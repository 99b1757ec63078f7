//! How much the big providers let an account send: what `mail_per_minute` and `mail_per_day` are where nobody has set them.

use super::provider::Provider;
use super::settings::{Limits, Mailbox, Outlet};
use crate::net::Account;

/// What an account may send; 0: no limit is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub mail_per_minute: i64,
    pub mail_per_day: i64,
    /// Connections at once.
    pub connections: usize,
    /// Whose limits these are; `None`: the configuration's own, or nobody's.
    pub provider: Option<&'static str>,
}

/// Mails under way at once where no provider has an opinion.
const CONNECTIONS: usize = 4;

/// Id of a provider, whether only for addresses of its own domains, mails a minute and a day, connections. The first that fits.
///
/// Each number's page stands in docs/PROVIDERS.md. A provider's limit on recipients is taken for one on mails: almost every mail
/// of a desk has one recipient.
const PRESETS: &[(&str, Whose, i64, i64, usize)] = &[
    ("google", Whose::OwnDomains, 0, 500, CONNECTIONS),
    ("google", Whose::All, 0, 2000, CONNECTIONS),
    ("microsoft365", Whose::All, 30, 10_000, 3),
    ("icloud", Whose::All, 0, 200, CONNECTIONS),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Addresses of the provider's own domains: accounts that cost nothing.
    OwnDomains,
    All,
}

impl Pace {
    /// What is known of an account's provider.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let none = Self { mail_per_minute: 0, mail_per_day: 0, connections: CONNECTIONS, provider: None };
        let Some(provider) = Provider::of_server(&account.host) else { return none };
        let own = account
            .user
            .rsplit_once('@')
            .is_some_and(|(_, domain)| Provider::of_domain(domain).is_some_and(|p| p.id == provider.id));
        let fits =
            |(id, whose, ..): &&(&str, Whose, i64, i64, usize)| *id == provider.id && (*whose == Whose::All || own);
        PRESETS.iter().find(fits).map_or(none, |(_, _, mail_per_minute, mail_per_day, connections)| Self {
            mail_per_minute: *mail_per_minute,
            mail_per_day: *mail_per_day,
            connections: *connections,
            provider: Some(provider.name),
        })
    }

    /// What holds for a way out: its provider's limits, unless `[limits]` says otherwise.
    #[must_use]
    pub fn at(outlet: &Outlet, limits: &Limits) -> Self {
        let known = match outlet {
            Outlet::Smtp { account, .. } => Self::of(account),
            Outlet::Outdir { .. } | Outlet::Sendmail { .. } | Outlet::Nowhere => {
                Self { mail_per_minute: 0, mail_per_day: 0, connections: CONNECTIONS, provider: None }
            }
        };
        Self {
            mail_per_minute: limits.mail_per_minute.unwrap_or(known.mail_per_minute),
            mail_per_day: limits.mail_per_day.unwrap_or(known.mail_per_day),
            ..known
        }
    }
}

impl Mailbox {
    /// How much it may send by its own account.
    #[must_use]
    pub fn pace(&self, limits: &Limits) -> Pace {
        Pace::at(&self.outlet, limits)
    }

    /// Whether the server puts a copy of what is sent into the Sent folder that svar watches.
    #[must_use]
    pub fn server_fills_sent(&self) -> bool {
        let (super::settings::Inlet::Imap(imap), Outlet::Smtp { account, .. }) = (&self.source, &self.outlet) else {
            return false;
        };
        let provider = Provider::of_server(&account.host).filter(|p| p.fills_sent == Some(true));
        let same = Provider::of_server(&imap.account.host).map(|p| p.id) == provider.map(|p| p.id);
        provider.is_some() && same && imap.account.user.eq_ignore_ascii_case(&account.user)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Minute, day and connections of a mailbox that sends by this account.
    fn check(host: &str, user: &str, limits: &str, expect: (i64, i64, usize)) {
        let account = format!("host = \"{host}\"\nuser = \"{user}\"\npassword = {{ env = \"X\" }}\n");
        let text = format!(
            "[desk]\nname = \"B\"\ndata_dir = \"d\"\n[[mailbox]]\nname = \"s\"\naddress = \"s@example.test\"\nnotify = \"none\"\n\
             [mailbox.imap]\n{account}[mailbox.smtp]\n{account}[limits]\n{limits}\n"
        );
        let settings = crate::config::read(Path::new("/x/config.toml"), &text).expect("a configuration");
        let pace = settings.mailboxes[0].pace(&settings.limits);
        assert_eq!((pace.mail_per_minute, pace.mail_per_day, pace.connections), expect, "{host} {user} {limits}");
    }

    #[test]
    fn limits_follow_from_host_and_address() {
        check("smtp.gmail.com", "butiken@gmail.com", "", (0, 500, 4));
        check("smtp.gmail.com", "support@example.test", "", (0, 2000, 4));
        check("smtp.office365.com", "support@example.test", "", (30, 10_000, 3));
        check("smtp.mail.me.com", "butiken@icloud.com", "", (0, 200, 4));
        check("mail.example.test", "support@gmail.com", "", (0, 0, 4));
        check("smtp.gmail.com.evil.test", "support@gmail.com", "", (0, 0, 4));
    }

    #[test]
    fn what_is_written_goes_before_what_is_known() {
        check("smtp.gmail.com", "butiken@gmail.com", "mail_per_day = 0", (0, 0, 4));
        check("smtp.office365.com", "s@example.test", "mail_per_minute = 10", (10, 10_000, 3));
        check("mail.example.test", "s@example.test", "mail_per_day = 300", (0, 300, 4));
    }
}
