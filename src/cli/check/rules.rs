//! How a mailbox will be worked: its mode, who is told, how agents are known.

use super::place::listed;
use super::{Outcome, Report};
use crate::config::settings::{After, Agent, Inlet, Mailbox, Mode, Notify, Outlet, Settings};

impl Report {
    pub(super) fn rules(&mut self, settings: &Settings, mailbox: &Mailbox) {
        if mailbox.mode == Mode::Watch {
            self.watching(settings, mailbox);
            return self.say(Outcome::Ok, "mode", as_a_desk(settings, mailbox));
        }
        let agents: Vec<&str> =
            settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name)).map(Agent::first_name).collect();
        match mailbox.notify {
            Notify::None => self.say(Outcome::Ok, "notify", "none: agents work in the shared mailbox"),
            _ if agents.is_empty() => {
                self.say(Outcome::Warning, "notify", "no agent has this mailbox: nobody is told of new mail")
            }
            Notify::Turn => self.say(Outcome::Ok, "notify", format!("{} in turn", listed(&agents))),
            Notify::All => self.say(Outcome::Ok, "notify", format!("all of {}", listed(&agents))),
        }
        if mailbox.notify == Notify::None {
            return;
        }
        if mailbox.plus_addressing {
            let address = mailbox.address.with_detail("anything");
            self.say(
                Outcome::Ok,
                "reply",
                format!("mail to {address} is believed to arrive here (plus_addressing = true)"),
            );
        } else {
            let text = "no plus addressing: an agent's Reply is known by the Message-ID that it answers";
            self.say(Outcome::Ok, "reply", text);
        }
        match &mailbox.trusted_authserv_id {
            Some(id) if mailbox.submission_is_private => {
                let text = format!("agents are proved by a login at {id}, or by its Authentication-Results");
                self.say(Outcome::Ok, "proof", text);
            }
            Some(id) => self.say(Outcome::Ok, "proof", format!("agents are proved by {id}'s Authentication-Results")),
            None => {
                let text = "trusted_authserv_id is not set: an agent's From is believed on the strength of the signed address alone";
                self.say(Outcome::Warning, "proof", text);
            }
        }
    }

    fn watching(&mut self, settings: &Settings, mailbox: &Mailbox) {
        let text = "watch: clocks and digests are kept, nobody but managers gets mail, nothing in the mailbox is changed. `svar check \
                    --agents` rehearses with each agent; mode = \"desk\" makes it a desk";
        self.say(Outcome::Ok, "mode", text);
        let after = match &mailbox.source {
            Inlet::Imap(imap) => &imap.after,
            Inlet::Maildir { after, .. } => after,
            Inlet::Pipe => &After::Keep,
        };
        if *after != After::Keep {
            let text = "`after` is not followed while the mailbox is only watched: letters are left as they are";
            self.say(Outcome::Warning, "mode", text);
        }
        if !settings.managers.iter().any(|m| m.mailboxes.contains(&mailbox.name)) {
            let text = "no [[manager]] has this mailbox: what is watched is told to nobody";
            self.say(Outcome::Warning, "mode", text);
        }
    }
}

/// What one key would change.
fn as_a_desk(settings: &Settings, mailbox: &Mailbox) -> String {
    let agents: Vec<&str> =
        settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name)).map(Agent::first_name).collect();
    let told = match mailbox.notify {
        Notify::None => "agents would go on in the shared mailbox".to_owned(),
        _ if agents.is_empty() => "nobody would be told of new mail, as no agent has this mailbox".to_owned(),
        Notify::Turn => format!("{} would be told of new mail in turn", listed(&agents)),
        Notify::All => format!("{} would each be told of new mail", listed(&agents)),
    };
    let way = if mailbox.outlet == Outlet::Nowhere {
        "and it needs a way out first: [mailbox.smtp]".to_owned()
    } else {
        format!("and their answers would go to customers from {}", mailbox.address)
    };
    format!("with mode = \"desk\" {told}, {way}")
}
