//! What the mailbox's provider does that one must know: copies in Sent, limits, groups, where agents' own mail ends up.

use super::{Outcome, Report};
use crate::config::provider::Provider;
use crate::config::settings::{Inlet, Mailbox, Outlet, SentCopies, Settings};
use crate::model::Address;

impl Report {
    pub(super) fn quirks(&mut self, settings: &Settings, mailbox: &Mailbox) {
        self.pace(settings, mailbox);
        self.copies(mailbox);
        let Inlet::Imap(imap) = &mailbox.source else { return };
        match Provider::of_server(&imap.account.host).map(|p| p.id) {
            Some("microsoft365") => self.microsoft(mailbox),
            Some("google") => self.google(settings, mailbox),
            _ => {}
        }
    }

    /// How much the account may send, where anything is known of it.
    fn pace(&mut self, settings: &Settings, mailbox: &Mailbox) {
        let pace = mailbox.pace(&settings.limits);
        let parts: Vec<String> = [(pace.mail_per_minute, "a minute"), (pace.mail_per_day, "a day")]
            .into_iter()
            .filter(|(most, _)| *most > 0)
            .map(|(most, per)| format!("{most} {per}"))
            .collect();
        if parts.is_empty() {
            return;
        }
        let set = settings.limits.mail_per_minute.is_some() || settings.limits.mail_per_day.is_some();
        let whose = match pace.provider {
            Some(provider) if !set => format!("{provider} allows so many; [limits] sets others"),
            _ => "set in [limits]".to_owned(),
        };
        self.say(Outcome::Ok, "limits", format!("{} mails at most: {whose}", parts.join(", ")));
    }

    fn copies(&mut self, mailbox: &Mailbox) {
        let (Inlet::Imap(imap), Outlet::Smtp { .. }) = (&mailbox.source, &mailbox.outlet) else { return };
        let text = match imap.sent_copies {
            SentCopies::Auto if mailbox.server_fills_sent() => {
                "the server puts copies of answers into Sent by itself; svar adds none (sent_copies)"
            }
            SentCopies::Never => "svar puts no copies of answers into Sent (sent_copies = \"never\")",
            SentCopies::Auto | SentCopies::Append => return,
        };
        self.say(Outcome::Ok, "copies", text);
    }

    fn microsoft(&mut self, mailbox: &Mailbox) {
        if mailbox.trusted_authserv_id.is_none() {
            let text =
                "on Microsoft 365 set trusted_authserv_id = \"microsoft365\": its results bear no name of their own";
            self.say(Outcome::Warning, "proof", text);
        }
        let address = &mailbox.address;
        let text = format!(
            "whoever answers from Outlook as {address} leaves the copy in his own Sent Items, where svar does not see it, unless an \
             administrator sets: Set-Mailbox {address} -MessageCopyForSentAsEnabled $true -MessageCopyForSendOnBehalfEnabled $true"
        );
        self.say(Outcome::Warning, "sent", text);
    }

    fn google(&mut self, settings: &Settings, mailbox: &Mailbox) {
        if mailbox.trusted_authserv_id.is_none() {
            self.say(Outcome::Warning, "proof", "at Google set trusted_authserv_id = \"mx.google.com\"");
        }
        let at_google = |a: &Address| {
            a.domain() == mailbox.address.domain() || Provider::of_domain(a.domain()).is_some_and(|p| p.id == "google")
        };
        let of_mailbox = settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
        if !of_mailbox.flat_map(|a| &a.addresses).any(at_google) {
            return;
        }
        let address = &mailbox.address;
        if mailbox.notify_from.plain() == address.plain() {
            let text = format!(
                "an agent whose Gmail may send as {address} (Settings, Accounts, \"Send mail as\") answers notifications to himself: \
                 Gmail takes mail from one's own address for one's own. Set notify_from to an address that nobody writes from"
            );
            self.say(Outcome::Warning, "reply", text);
        }
        let text = format!(
            "whoever answers from his own Gmail as {address} leaves the copy in his own Sent, unless \"Send mail as\" there sends \
             through this mailbox's SMTP server (smtp.gmail.com, signed in as {address})"
        );
        self.say(Outcome::Warning, "sent", text);
    }
}
