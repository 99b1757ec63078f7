//! Senders whose mail is set aside by an agent's word: `#spam`, and `#ignore` for those who are no customers.

use crate::desk::case::Case;
use crate::desk::intake::Incoming;
use crate::desk::thread::{Place, Thread, thread};
use crate::desk::vouch::vouch;
use crate::model::{Kind, State};
use crate::plan::{Blocked, Change, TicketFacts, What};

impl Case<'_> {
    /// The ticket's sender is heard no more.
    pub fn block(&mut self, facts: &TicketFacts, ignored: bool, actor: &str) {
        let Some(party) = facts.last_in.as_ref().and_then(|l| l.from.clone()).or_else(|| facts.customer_party.clone())
        else {
            return;
        };
        if self.rules.is_ours(&party.address) || self.rules.staff(&party.address).is_some() {
            return;
        }
        let said = facts.last_in.as_ref().and_then(|l| self.found.said.get(&l.message));
        let verified = said.is_some_and(|s| s.verified);
        self.change(Change::Block(Blocked {
            address: party.address,
            ignored,
            verified,
            ticket: facts.number,
            actor: actor.to_owned(),
            at: self.now,
        }));
        self.event(facts.number, actor, What::Blocked, if ignored { "ignored" } else { "spam" });
    }

    /// Whoever was blocked from this ticket is heard again. Costs nothing where nobody was.
    pub fn unblock_if_blocked(&mut self, facts: &TicketFacts, actor: &str) {
        if !matches!(facts.state, State::Spam | State::Closed) {
            return;
        }
        self.change(Change::Unblock { address: None, ticket: Some(facts.number) });
        if facts.state == State::Spam {
            self.event(facts.number, actor, What::Unblocked, "");
        }
    }
}

impl Incoming<'_> {
    /// Mail of a blocked sender is set aside, unless it goes on with a matter in which we have answered.
    pub fn of_blocked(&mut self) -> bool {
        let Some(blocked) = self.case.found.blocked.clone() else { return false };
        if self.staff().is_some() || self.letter.kind == Kind::Bounce {
            return false;
        }
        // Whoever forges her address must not silence her: her own proved mail is blocked only if it was such a mail that was judged.
        let proved = vouch(self.letter, self.mailbox, &[]).is_proved();
        if proved && !blocked.verified {
            return false;
        }
        let place = Place {
            mailbox: &self.mailbox.name,
            numbers: &self.numbers,
            reopen_within_s: self.case.rules.settings.desk.reopen_within_s,
            now: self.case.now,
        };
        if let Thread::Joins { ticket, .. } = thread(self.letter, self.case.found, &place)
            && let Some(facts) = self.case.tickets.get(&ticket)
            && facts.number != blocked.ticket
            && facts.answers > 0
            && facts.state != State::Spam
        {
            return false;
        }
        let (word, command) = if blocked.ignored { ("ignored", "#ignore") } else { ("spam", "#spam") };
        self.quarantine(format!(
            "{word}: {command} of #{} by {}; svar reopen {} undoes it",
            blocked.ticket, blocked.actor, blocked.ticket
        ));
        true
    }
}
