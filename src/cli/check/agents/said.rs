//! What a rehearsal came to, in plain words, with what to do.

use crate::cli::check::{Outcome, Report};
use crate::cli::print::{shortened, span};
use crate::config::settings::{Agent, Mailbox};
use crate::model::Time;
use crate::plan::practice::{Came, Doubt, Practice, Reply, Vouched};

use super::is_of;

/// The text that a customer would get is shown up to here.
const TEXT_COLUMNS: usize = 600;

impl Report {
    pub(super) fn rehearsed(&mut self, agent: &Agent, mailbox: &Mailbox, practice: &Practice, now: Time) {
        let who = format!("{} <{}>", agent.name, agent.address());
        if let Some(why) = &practice.refused {
            return self.say(Outcome::Failed, "agent", format!("{who}: the practice ticket could not be sent: {why}"));
        }
        match &practice.came {
            None => self.nothing_came(agent, mailbox, &who, now.since(practice.sent_at)),
            Some((_, Came::Bounce(words))) => {
                let text = format!("{who}: the practice ticket came back: {words}. Is the address right?");
                self.say(Outcome::Failed, "agent", text);
            }
            Some((_, Came::Robot(why))) => {
                let text = format!("{who}: a robot has replied ({why}); the reply itself is still to come");
                self.say(Outcome::Warning, "agent", text);
            }
            Some((at, Came::Reply(reply))) => {
                self.replied(agent, mailbox, &who, reply, at.since(practice.sent_at));
            }
        }
    }

    fn nothing_came(&mut self, agent: &Agent, mailbox: &Mailbox, who: &str, waited_s: i64) {
        let text = format!(
            "{who}: no reply has come in {}. Ask whether the practice ticket is there, in the spam folder perhaps; the same command \
             shows later what has come",
            span(waited_s)
        );
        self.say(Outcome::Failed, "agent", text);
        let writes_from_it = agent.addresses.contains(&mailbox.notify_from);
        if writes_from_it || is_of(agent.address(), &["gmail.com", "googlemail.com"]) {
            let text = format!(
                "if a reply was sent and is nowhere: Gmail answers to the To line where the sender is one of its user's own \
                 addresses. Set notify_from to an address that {} does not send from (now {})",
                agent.first_name(),
                mailbox.notify_from
            );
            self.say(Outcome::Warning, "agent", text);
        }
    }

    fn replied(&mut self, agent: &Agent, mailbox: &Mailbox, who: &str, reply: &Reply, after_s: i64) {
        let after = span(after_s.max(0));
        let (outcome, what) = match (reply.goes_through(), reply.acts()) {
            (true, _) => (Outcome::Ok, "it would have reached the customer"),
            (_, true) => (Outcome::Warning, "it is known as an agent's, but would not have left as it is"),
            (_, false) => (Outcome::Failed, "it would NOT have reached the customer"),
        };
        self.say(outcome, "agent", format!("{who}: the reply came after {after}; {what}"));
        self.ticket_proof(agent, mailbox, reply);
        self.sender_proof(agent, mailbox, reply);
        self.text(reply);
        self.program(reply);
    }

    /// Conditions 1 and 2.
    fn ticket_proof(&mut self, agent: &Agent, mailbox: &Mailbox, reply: &Reply) {
        let by_id = if reply.answers_message_id { "and answers our Message-ID" } else { "without our Message-ID" };
        match (reply.to_signed_address, reply.answers_message_id) {
            (true, _) => self.say(Outcome::Ok, "proof", format!("it came to the signed address {by_id}")),
            (false, _) if !mailbox.plus_addressing => {
                self.say(Outcome::Ok, "proof", "it answers our signed Message-ID");
            }
            (false, _) => {
                let text = "it came to the plain address, and is known by our Message-ID alone: the client ignores Reply-To, or the \
                            server drops what stands behind the +. `svar check --roundtrip` tells which";
                self.say(Outcome::Warning, "proof", text);
            }
        }
        if reply.to_signed_address && !reply.speaks_of_it {
            let text = format!(
                "it neither answers our mail nor bears its number [#0]: the signed address could come from the client's memory. Such \
                 an answer is held and {} is asked; use Reply, and leave the subject",
                agent.first_name()
            );
            self.say(Outcome::Failed, "proof", text);
        }
        if !reply.one_signed_address {
            let text = "it names several signed addresses: such an answer is held. Reply to one mail at a time";
            self.say(Outcome::Failed, "proof", text);
        }
    }

    /// Conditions 3 and 4.
    fn sender_proof(&mut self, agent: &Agent, mailbox: &Mailbox, reply: &Reply) {
        if !reply.one_from {
            self.say(Outcome::Failed, "sender", "its From is not one header with one address: nothing is proved by it");
        }
        if !reply.from_is_his {
            let text = format!(
                "it was sent from {}, which is none of {}'s addresses: add it to `addresses`, behind the first, or have the client \
                 send from {}",
                reply.from,
                agent.first_name(),
                agent.address()
            );
            self.say(Outcome::Failed, "sender", text);
        }
        let domain = reply.from.rsplit('@').next().unwrap_or_default();
        let id = mailbox.trusted_authserv_id.as_deref().unwrap_or_default();
        match reply.vouched {
            Vouched::Proved => {
                self.say(Outcome::Ok, "sender", format!("{} is proved: {}", reply.from, reply.vouched_why));
            }
            Vouched::Unknown => {
                let text = format!(
                    "{} is believed as it stands: trusted_authserv_id is not set, so the signed address is all the proof there is",
                    reply.from
                );
                self.say(Outcome::Warning, "sender", text);
            }
            Vouched::Unproved => {
                let text = format!(
                    "{} is not proved by {id}: {}. Mail from {domain} must pass DMARC or bear its DKIM signature there; where agents \
                     log in at {id} itself to send, submission_is_private = true says that every login is one of you",
                    reply.from, reply.vouched_why
                );
                self.say(Outcome::Failed, "sender", text);
            }
        }
    }

    fn text(&mut self, reply: &Reply) {
        for line in &reply.wrong {
            let text = format!("the line {line:?} looks like a command and is none: the mail would come back unsent");
            self.say(Outcome::Failed, "text", text);
        }
        if !reply.commands.is_empty() {
            let text = format!("commands above the text would be obeyed: {}", reply.commands.join(", "));
            self.say(Outcome::Ok, "text", text);
        }
        if reply.empty {
            let text = "there is no text above the quoted mail but a greeting or a signature: nothing would be sent";
            return self.say(Outcome::Warning, "text", text);
        }
        for doubt in &reply.doubts {
            let why = match doubt {
                Doubt::EndUncertain => {
                    "where the text ends and the quoted mail begins cannot be told: it would be held, and the agent asked. Write \
                     above the quoted mail, not below or within it"
                        .to_owned()
                }
                Doubt::CommandInText(line) => {
                    format!("the command {line:?} stands within the text: it would be held. Commands stand on the first lines")
                }
                Doubt::Leak(found) => format!("{found:?} in it is not for customers: it would be held, and the agent asked"),
                Doubt::Other => "it would be held, and the agent asked".to_owned(),
            };
            self.say(Outcome::Warning, "text", why);
        }
        let cut = match &reply.signature {
            Some(line) => format!("the client's own signature is cut (from {line:?} on)"),
            None => "no signature of the client's was found, and none cut".to_owned(),
        };
        let text: Vec<&str> = reply.text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let text = shortened(&text.join(" / "), TEXT_COLUMNS);
        self.say(Outcome::Ok, "text", format!("{cut}. The customer would get {:?}: {text}", reply.subject));
    }

    fn program(&mut self, reply: &Reply) {
        let how = if reply.html { "HTML and text" } else { "plain text" };
        self.say(Outcome::Ok, "client", format!("{}; {how}", program(reply)));
    }
}

/// The mail program: as it calls itself, else as its Message-IDs look.
fn program(reply: &Reply) -> String {
    if let Some(client) = &reply.client {
        return client.clone();
    }
    let id = reply.message_id.as_deref().unwrap_or_default();
    let (local, domain) = id.rsplit_once('@').unwrap_or((id, ""));
    let is_uuid = local.len() == 36 && local.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let domain = domain.to_ascii_lowercase();
    let by_id = match () {
        () if domain == "mail.gmail.com" => "Gmail",
        () if domain.ends_with("outlook.com") => "Outlook or Microsoft 365",
        () if is_uuid && local.bytes().any(|b| b.is_ascii_uppercase()) => "Apple Mail",
        () if domain.ends_with("yahoo.com") => "Yahoo",
        () => return "a mail program that does not name itself".to_owned(),
    };
    format!("{by_id}, as its Message-ID looks")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(client: Option<&str>, id: &str) -> Reply {
        Reply {
            to_signed_address: true,
            answers_message_id: true,
            speaks_of_it: true,
            one_signed_address: true,
            from: String::new(),
            one_from: true,
            from_is_his: true,
            vouched: Vouched::Proved,
            vouched_why: String::new(),
            subject: String::new(),
            text: String::new(),
            html: false,
            empty: false,
            signature: None,
            commands: Vec::new(),
            wrong: Vec::new(),
            doubts: Vec::new(),
            client: client.map(str::to_owned),
            message_id: Some(id.to_owned()),
        }
    }

    #[test]
    fn programs_are_known_by_their_name_or_their_ids() {
        let check = |client: Option<&str>, id: &str, expect: &str| {
            let said = program(&reply(client, id));
            assert!(said.starts_with(expect), "{id}: {said}");
        };
        check(Some("Mozilla Thunderbird"), "x@y", "Mozilla Thunderbird");
        check(None, "CAF=abc@mail.gmail.com", "Gmail");
        check(None, "AM0PR@AM0PR.eurprd01.prod.outlook.com", "Outlook");
        check(None, "8F3C1A52-9D3E-4C1B-A0A1-0123456789AB@example.test", "Apple Mail");
        check(None, "8f3c1a52-9d3e-4c1b-a0a1-0123456789ab@example.test", "a mail program");
        check(None, "", "a mail program");
    }

    #[test]
    fn a_reply_acts_on_the_conditions_of_the_contract() {
        let check = |change: fn(&mut Reply), acts: bool, through: bool| {
            let mut one = reply(None, "x@y");
            change(&mut one);
            assert_eq!((one.acts(), one.goes_through()), (acts, through), "{one:?}");
        };
        check(|_| {}, true, true);
        check(|r| r.speaks_of_it = false, false, false);
        check(|r| r.one_signed_address = false, false, false);
        check(|r| r.to_signed_address = false, true, true);
        check(|r| (r.to_signed_address, r.answers_message_id) = (false, false), false, false);
        check(|r| r.answers_message_id = false, true, true);
        check(|r| r.from_is_his = false, false, false);
        check(|r| r.one_from = false, false, false);
        check(|r| r.vouched = Vouched::Unproved, false, false);
        check(|r| r.vouched = Vouched::Unknown, true, true);
        check(|r| r.empty = true, true, false);
        check(|r| r.doubts.push(Doubt::EndUncertain), true, false);
        check(|r| r.wrong.push("#clsoe".to_owned()), true, false);
    }
}
