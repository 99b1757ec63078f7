//! A mail from one of us: is it proved, and which way does it go.

use crate::desk::case::Staff;
use crate::desk::commands::plain::headings;
use crate::desk::commands::{Ground, Parsed, parse_with_headings};
use crate::desk::intake::Incoming;
use crate::desk::proof::Proof;
use crate::desk::say::manager::ManagerNews;
use crate::desk::say::not_proved::NotProvedWhy;
use crate::desk::vouch::{Vouch, vouch};
use crate::model::{Kind, Time};
use crate::plan::{Change, Fate};

/// An agent whose robot answered us is taken to be away for so long, or until `#back`: most robots answer one sender once in days.
const OUT_OF_OFFICE_S: i64 = 3 * Time::DAY;

impl Incoming<'_> {
    /// A mail whose From is one of us.
    pub fn of_staff(&mut self) -> bool {
        let Some(staff) = self.staff() else { return false };
        if self.case.found.acted_on.is_some() {
            self.settle(Fate::Done("the same mail, acted upon already"));
            return true;
        }
        let vouched = vouch(self.letter, self.mailbox, staff.addresses);
        if self.letter.kind == Kind::Auto {
            self.robot_of_staff(&staff, vouched);
            return true;
        }
        if self.is_watched_only() {
            self.of_staff_watched(&staff, vouched);
            return true;
        }
        self.remember();
        let proof = self.proof(&staff);
        match (proof, vouched) {
            (_, _) if self.letter.kind != Kind::Person => {
                self.set_aside(&staff, NotProvedWhy::NotConfirmed, "it came through a list")
            }
            (Some(_), _) if !self.letter.from_is_single => {
                self.set_aside(&staff, NotProvedWhy::NotConfirmed, "two senders")
            }
            (_, Vouch::Unproved(why)) => self.set_aside(&staff, NotProvedWhy::NotConfirmed, why),
            (Some(proof), _) => self.obey(&staff, proof),
            (None, _) if self.is_to_desk() => self.ask_desk(&staff),
            (None, Vouch::Proved(_)) => self.record(&staff),
            (None, Vouch::Unknown) => {
                self.set_aside(&staff, NotProvedWhy::NoServerIsTrusted, "no trusted_authserv_id is set")
            }
        }
        true
    }

    /// A second copy of this mail, come by another way, is not acted upon again.
    fn remember(&mut self) {
        if let Some(message_id) = &self.letter.message_id {
            self.case.change(Change::ActedOn {
                letter: self.env.letter,
                message_id: message_id.clone(),
                sameness: self.letter.sameness.clone(),
            });
        }
    }

    fn is_to_desk(&self) -> bool {
        let rules = self.case.rules;
        let to = self.letter.to.iter().chain(&self.letter.cc).map(|p| &p.address).chain(&self.letter.delivered_to);
        to.into_iter().any(|a| a.detail() == Some("desk") && rules.is_ours(a))
    }

    fn obey(&mut self, staff: &Staff<'_>, proof: Proof) {
        match proof {
            Proof::Answer { ticket, to } => self.reply(staff, ticket, to.as_ref()),
            Proof::Stale { ticket } => self.reply_to_stale_address(staff, ticket),
            Proof::OneTap { ticket, command } => self.one_tap(staff, ticket, &command),
            Proof::Note { ticket, writer } => self.reply_with_note(staff, ticket, writer),
            Proof::Desk { ticket } => self.commands_only(staff, ticket),
            Proof::Confirm { ask } => self.confirm(staff, ask),
            Proof::Release { quarantine } => self.release_by_tap(staff, quarantine),
        }
    }

    /// A robot answered for an agent. Only one that answers a mail to him, and is not shown to be forged, says that he is away.
    fn robot_of_staff(&mut self, staff: &Staff<'_>, vouched: Vouch) {
        let about_him = self.answers_mail_to(staff) && !matches!(vouched, Vouch::Unproved(_));
        if !about_him {
            let why = self.letter.why.clone();
            self.quarantine(format!("robot: {why}"));
            return;
        }
        let is_receipt = self.letter.why.contains("report-type");
        if is_receipt {
            return self.settle(Fate::Done("a receipt for a mail to an agent"));
        }
        let until = self.case.now.plus(OUT_OF_OFFICE_S);
        let known = self.case.found.agents.get(staff.address()).and_then(|a| a.away_until);
        if known.is_none_or(|t| t < until) {
            self.case.change(Change::AgentAway { agent: staff.address().clone(), until: Some(until) });
        }
        self.settle(Fate::Done("an agent's out-of-office reply"));
    }

    /// Nothing is sent from a mailbox that is only watched but to managers; an answer that is seen counts.
    fn of_staff_watched(&mut self, staff: &Staff<'_>, vouched: Vouch) {
        if self.commands_as_manager(vouched) {
            return;
        }
        if let Some((ticket, rule)) = self.answered_ticket().filter(|_| vouched.is_proved()) {
            return self.found_answer(ticket, rule, Some(staff.address().clone()));
        }
        // A reply to a notification of the time before: the customer does not get it, and somebody must know.
        let unsent = match self.proof(staff) {
            Some(Proof::Answer { ticket, .. } | Proof::Stale { ticket }) => Some(ticket),
            _ => None,
        };
        let no = self.quarantine("watched: a mail of one of us, and this mailbox only watches");
        if let Some(ticket) = unsent {
            let news = ManagerNews::NotRelayed { agent: staff.name.to_owned(), quarantine: no.0 };
            self.case.tell_managers(self.mailbox, Some(ticket), &format!("not-relayed {ticket}"), Time::HOUR, &news);
        }
    }

    /// What managers say to the desk is obeyed in a mailbox that only watches, too, also where the manager is an agent besides.
    fn commands_as_manager(&mut self, vouched: Vouch) -> bool {
        let from = self.letter.from.as_ref().map(|p| &p.address);
        let manager = from.and_then(|a| self.case.rules.settings.manager_of(a)).map(Staff::of_manager);
        let Some(manager) = manager.filter(|_| self.letter.kind == Kind::Person) else { return false };
        if matches!(vouched, Vouch::Unproved(_)) {
            return false;
        }
        match self.proof(&manager).filter(|_| self.letter.from_is_single) {
            Some(proof @ (Proof::Confirm { .. } | Proof::Note { .. } | Proof::Desk { .. })) => {
                self.remember();
                self.obey(&manager, proof);
            }
            _ if self.is_to_desk() => {
                self.remember();
                self.ask_desk(&manager);
            }
            _ => return false,
        }
        true
    }

    /// The agent's new text taken apart.
    #[must_use]
    pub fn parse(&self) -> Parsed {
        let zone = &self.case.rules.settings.desk.time_zone;
        let headings = self.letter.new_html().as_deref().map(headings).unwrap_or_default();
        parse_with_headings(&self.letter.new_text, &headings, &Ground { now: self.case.now, zone })
    }
}
