//! Mail that is long past, taken in by `svar import` or measured by `svar audit`: the same tables as for today's mail, and nobody
//! is told, nothing is sent, no command is obeyed, nobody's word is doubted.
//!
//! The engine hands the time at which a letter was received as `now`, so that everything that is written down about it bears that
//! time. Letters come in the order of those times as far as one import reaches; several imports may come in any order.

use crate::config::settings::TakenFor;
use crate::desk::case::Rules;
use crate::desk::intake::Incoming;
use crate::mail::letter::{Letter, ReturnPath};
use crate::model::{Address, Channel, Kind, State, TicketNo, Time};
use crate::plan::{Fate, Folder, TicketFacts, What};

/// What becomes of a letter of the past that is no message on a ticket: `fate_why` in the database, counted by `audit`.
pub mod why {
    pub const IGNORED: &str = "ignored: a [[sender]] rule says so";
    pub const ROBOT: &str = "robot: history of a robot, on no ticket";
    pub const BOUNCE: &str = "bounce: history of a mail that came back, not on record";
    pub const OWN_ROBOT: &str = "own-robot: an automatic mail of ours";
    pub const AMONG_US: &str = "a mail among us";
}

/// On which side a letter of the past lies, whatever store it was found in: it is `Sent` if it is from one of us, or if it lies among
/// sent mail and bears no mark of having come from outside (people leave, and their answers stay).
#[must_use]
pub fn side(letter: &Letter, found_in: Folder, rules: &Rules<'_>) -> Folder {
    let from = letter.from.as_ref().map(|p| &p.address);
    let is_ours = from.is_some_and(|a| rules.is_ours(a) || rules.staff(a).is_some());
    let delivered =
        letter.return_path != ReturnPath::Absent || !letter.delivered_to.is_empty() || !letter.received.is_empty();
    if is_ours || (found_in == Folder::Sent && !delivered) { Folder::Sent } else { Folder::Inbox }
}

impl Incoming<'_> {
    /// A letter of the past. Its folder is what [`side`] says.
    pub fn history(&mut self) -> bool {
        if self.env.channel != Channel::Import {
            return false;
        }
        self.case.quiet = true;
        if let Some(known) = self.case.found.duplicate.clone() {
            self.settle(Fate::Duplicate(known.no));
            return true;
        }
        if self.is_own_parcel() {
            return true;
        }
        if self.letter.kind == Kind::Bounce {
            return self.past_bounce();
        }
        if self.env.folder == Folder::Sent {
            self.past_answer();
            return true;
        }
        match self.rule() {
            Some(TakenFor::Ignore) => self.settle(Fate::Done(why::IGNORED)),
            Some(TakenFor::Robot) => return self.past_robot(),
            Some(TakenFor::Person) => return self.of_customer(),
            None if matches!(self.letter.kind, Kind::Auto | Kind::List) => return self.past_robot(),
            None => return self.of_customer(),
        }
        true
    }

    /// What this very desk has sent is on record. One of another desk's life (its database is gone, its key is not) is a mail like
    /// any other.
    fn is_own_parcel(&mut self) -> bool {
        let signed = self.letter.svar_id.as_deref().and_then(|v| self.case.rules.key.verify_svar_id(v));
        let own = self.letter.from.as_ref().is_some_and(|p| self.case.rules.is_ours(&p.address));
        let known = signed.filter(|signed| own && self.case.is_on_record(*signed));
        if let Some((_, parcel)) = known {
            self.settle(Fate::Echo(parcel));
        }
        known.is_some()
    }

    fn past_bounce(&mut self) -> bool {
        let named = self.letter.bounce.as_ref().and_then(|b| b.message_id.as_ref());
        let ticket = named.and_then(|_| self.case.found.messages.first()).map(|m| m.ticket);
        match ticket.and_then(|t| self.case.survivor(t)).map(|t| t.number) {
            Some(ticket) => {
                let message = self.add(ticket, Kind::Bounce, false, false, "bounce of a message on record");
                self.settle(Fate::Message(message));
            }
            None => self.settle(Fate::Done(why::BOUNCE)),
        }
        true
    }

    fn past_robot(&mut self) -> bool {
        let kind = if self.letter.kind == Kind::List { Kind::List } else { Kind::Auto };
        match self.robots_ticket() {
            Some(ticket) => {
                let message = self.add(ticket, kind, false, false, "a robot's mail about this ticket");
                self.case.event(ticket, "customer", What::Received, format!("message {message}: {kind}"));
                self.settle(Fate::Message(message));
            }
            None => self.settle(Fate::Done(why::ROBOT)),
        }
        true
    }

    fn past_answer(&mut self) {
        if self.letter.kind != Kind::Person {
            return self.settle(Fate::Done(why::OWN_ROBOT));
        }
        let from = self.letter.from.as_ref().map(|p| &p.address);
        let agent = from.and_then(|a| self.case.rules.staff(a)).map(|s| s.address().clone());
        match self.answered_ticket() {
            Some((ticket, rule)) => self.past_answer_on(ticket, rule, agent),
            None => self.opened_by_us(agent),
        }
    }

    /// Like an answer found in Sent, but it may be older than what is on record already.
    fn past_answer_on(&mut self, ticket: TicketNo, rule: &'static str, agent: Option<Address>) {
        let Some(before) = self.case.tickets.get(&ticket).cloned() else { return };
        let message = self.add_found(ticket, agent.clone());
        let actor = agent.as_ref().map_or_else(|| "svar".to_owned(), |a| format!("agent:{a}"));
        self.case.event(ticket, &actor, What::Answered, format!("message {message}: imported, {rule}"));
        let at = self.env.received_at;
        let wrote_since = before.last_in.as_ref().map(|l| l.at).filter(|newest| *newest > at);
        if before.waiting_since.is_some_and(|since| since <= at) {
            self.case.waiting(ticket, wrote_since);
        }
        if let Some(agent) = agent.filter(|_| before.assignee.is_none()) {
            self.case.assign(ticket, &agent, &actor);
        }
        let waits = self.case.tickets.get(&ticket).is_some_and(|t| t.waiting_since.is_some());
        match before.state {
            State::Open if !waits => self.case.set_state(ticket, State::Pending, None, &actor, What::Pending),
            // It was the customer's turn from here on, whatever came after.
            _ => self.case.event(ticket, &actor, What::Pending, ""),
        }
        self.settle(Fate::Message(message));
    }

    /// Whether what this customer's mail of the past asks for is over: it was answered later, or its ticket was put away later.
    pub fn is_over(&self, facts: &TicketFacts) -> bool {
        let at: Time = self.env.received_at;
        self.env.channel == Channel::Import
            && (facts.last_answer.as_ref().is_some_and(|a| a.at > at) || facts.closed_at.is_some_and(|c| c > at))
    }
}
