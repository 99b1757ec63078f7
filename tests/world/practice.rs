//! Practice tickets in stories: sent as the command does, and what came of them.

use svar::mail::read::read;
use svar::plan::practice::{Came, Doubt, Vouched};

use crate::play::{Mail, Result, World, address};
use crate::story::Step;

impl World {
    /// A practice ticket goes to an agent, past the outbox.
    pub fn practise(&mut self, who: &str, mailbox: &str) -> Result {
        // The newest of several is asked for: each at its own time.
        self.pass(self.now.plus(60))?;
        let (agent, now) = (address(who)?, self.now);
        let mail = self.engine()?.practise(&agent, mailbox, now).map_err(|e| e.to_string())?.ok_or("no such agent")?;
        let letter = read(&mail.bytes);
        self.mails.push(Mail { to: mail.to, sender: Some(mail.from), letter, raw: mail.bytes, seen: false, at: now });
        Ok(())
    }

    pub fn expect_practice(&mut self, who: &str, rest: &[&str], step: &Step) -> Result {
        let agent = address(who)?;
        let all = self.engine()?.practices().map_err(|e| e.to_string())?;
        let newest = all.into_iter().rev().find(|p| p.agent == agent).ok_or("she has had none")?;
        let came = newest.came.map(|(_, came)| came);
        let wrong = |what: &str| Err(format!("not {what}: {came:#?}"));
        let reply = match (&came, rest.first()) {
            (None, Some(&"nothing"))
            | (Some(Came::Robot(_)), Some(&"robot"))
            | (Some(Came::Bounce(_)), Some(&"bounce")) => {
                return Ok(());
            }
            (Some(Came::Reply(reply)), Some(&"reply")) => reply,
            (_, kind) => return wrong(kind.unwrap_or(&"said what")),
        };
        let outcome = match () {
            () if reply.goes_through() => "through",
            () if reply.acts() => "acts",
            () => "fails",
        };
        if rest.get(1).is_some_and(|w| matches!(*w, "through" | "acts" | "fails") && *w != outcome) {
            return wrong(rest[1]);
        }
        let doubts: Vec<&str> = reply
            .doubts
            .iter()
            .map(|d| match d {
                Doubt::EndUncertain => "end",
                Doubt::CommandInText(_) => "command",
                Doubt::Leak(_) => "leak",
                Doubt::Other => "other",
            })
            .chain(reply.empty.then_some("empty"))
            .collect();
        let sender = match reply.vouched {
            Vouched::Proved => "proved",
            Vouched::Unproved => "unproved",
            Vouched::Unknown => "unknown",
        };
        let holds = |key: &str, right: &dyn Fn(&str) -> bool| {
            step.all(key).into_iter().find(|w| !right(w)).map_or(Ok(()), |w| wrong(&format!("{key} {w}")))
        };
        holds("text", &|w| reply.text.contains(w))?;
        holds("subject", &|w| reply.subject == w)?;
        holds("client", &|w| reply.client.as_deref() == Some(w))?;
        holds("cut", &|w| reply.signature.as_deref().is_some_and(|s| s.contains(w)))?;
        holds("command", &|w| reply.commands.iter().any(|c| c == w))?;
        holds("doubt", &|w| doubts.contains(&w))?;
        holds("sender", &|w| w == sender)
    }
}
