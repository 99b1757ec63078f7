//! How a mailbox will be worked: its mode, who is told, how agents are known.

use super::place::listed;
use super::{Outcome, Report};
use crate::config::settings::{Agent, Mailbox, Mode, Notify, Settings};

impl Report {
    pub(super) fn rules(&mut self, settings: &Settings, mailbox: &Mailbox) {
        if mailbox.mode == Mode::Watch {
            return self.say(Outcome::Ok, "mode", "watch: clocks are kept, nothing is sent but to managers");
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
}
