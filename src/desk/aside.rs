//! What comes back to an agent: refused commands, the list of them, mails set aside.

use crate::desk::act::Refusal;
use crate::desk::canned::NotFound;
use crate::desk::canned::obey::why_unfilled;
use crate::desk::case::Staff;
use crate::desk::intake::Incoming;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::defused;
use crate::desk::say::not_proved::{NotProvedFacts, NotProvedWhy, SetAside, not_proved};
use crate::desk::say::refused::{RefusedFacts, WrongLine, WrongWhy, help, refused};
use crate::desk::vouch::vouch;
use crate::model::{TicketNo, Time};
use crate::plan::{Fate, Matter};

/// Why an agent's mail is not acted upon, in a word for the record.
const UNPROVED: &str = "agent-unproved";
/// An agent's proved mail that belongs to no ticket.
const RECORDED: &str = "agent-recorded";

impl Incoming<'_> {
    /// The list of commands.
    pub fn help(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let facts = ticket.and_then(|t| self.case.tickets.get(&t)).cloned();
        let about = facts.as_ref().map(|t| (t.number, t.subject.as_str()));
        let page = help(&self.case.inside_voice(), about);
        self.case.tell(self.mailbox, staff, page, facts.map(|t| t.number), None);
    }

    /// Whether it is sure that he wrote the mail. What another wrote is shown to him in inert text.
    pub fn is_his_own(&self, staff: &Staff<'_>) -> bool {
        self.proof(staff).is_some() || vouch(self.letter, self.mailbox, staff.addresses).is_proved()
    }

    /// The mail comes back to its writer with what was wrong; nothing was done.
    pub fn refuse(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, wrong: Vec<WrongLine>) {
        let (mut wrong, mut draft) = (wrong, self.letter.new_text.clone());
        if !self.is_his_own(staff) {
            draft = defused(&draft);
            for w in &mut wrong {
                w.line = defused(&w.line);
                w.nearest = w.nearest.as_deref().map(defused);
            }
        }
        let facts = ticket.and_then(|t| self.case.tickets.get(&t)).cloned();
        let page = refused(
            &self.case.inside_voice(),
            &RefusedFacts {
                number: facts.as_ref().map(|t| t.number),
                subject: facts.as_ref().map_or_else(|| self.letter.subject.clone(), |t| t.subject.clone()),
                wrong,
                draft,
            },
        );
        self.case.tell(self.mailbox, staff, page, facts.map(|t| t.number), None);
        self.settle(Fate::Done("commands that were refused"));
    }

    /// Set aside whole; the one whose name it bears is told, in inert text and at most once an hour.
    pub fn set_aside(&mut self, staff: &Staff<'_>, told: NotProvedWhy, why: &str) {
        let quarantine = self.quarantine(format!("{UNPROVED}: {why}"));
        if !self.case.may_tell(staff.address(), UNPROVED, Time::HOUR) {
            return;
        }
        let ask = self.case.ask(None, staff, Matter::Quarantined { quarantine: quarantine.0 });
        let mail = SetAside {
            from: self.letter.from.as_ref().map(|p| p.address.to_string()).unwrap_or_default(),
            at: self.env.received_at,
            subject: self.letter.subject.clone(),
            why: told,
        };
        let page = not_proved(&self.case.inside_voice(), &NotProvedFacts { mails: vec![mail], more: 0 });
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
    }

    /// An agent's own mail, proved, that answers nothing of ours: kept, and he is asked what shall become of it.
    pub fn ask_about(&mut self, staff: &Staff<'_>) {
        let quarantine = self.quarantine(format!("{RECORDED}: the agent is asked what shall become of it"));
        let ask = self.case.ask(None, staff, Matter::Quarantined { quarantine: quarantine.0 });
        let why = match (&self.letter.original, self.concerned_ticket(staff)) {
            (Some(original), _) => {
                AskedWhy::Forwarded { from: original.from.clone(), subject: original.subject.clone() }
            }
            (None, Some(ticket)) => AskedWhy::Ticket(ticket),
            (None, None) => AskedWhy::NoTicket,
        };
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why,
            taps: Vec::new(),
            text: self.letter.new_text.clone(),
            until: Some(self.case.now.plus(Time::DAY)),
        };
        let page = asked(&self.case.inside_voice(), &facts);
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
    }

    /// The ticket of this person's mailboxes that the mail names.
    #[must_use]
    pub fn concerned_ticket(&self, staff: &Staff<'_>) -> Option<TicketNo> {
        let named = self.numbers.iter().copied().chain(self.case.found.messages.iter().map(|m| m.ticket));
        let seen = |t: TicketNo| self.case.survivor(t).filter(|f| staff.mailboxes.contains(&f.mailbox));
        named.filter_map(seen).map(|t| t.number).next()
    }

    /// A refusal as the agent reads it.
    #[must_use]
    pub fn wrong_of(&self, refusal: &Refusal, line: &str) -> WrongLine {
        let why = match refusal {
            Refusal::NoSuchTicket(_) => WrongWhy::NoSuchTicket,
            Refusal::NoSuchAgent(_) => WrongWhy::NoSuchAgent,
            Refusal::NoText => WrongWhy::MissingText,
            Refusal::OurAddress(_) => WrongWhy::OurAddress,
            Refusal::Ambiguous(_, people) => WrongWhy::Ambiguous { people: people.clone() },
            Refusal::Canned(NotFound::Unknown(_)) => WrongWhy::NoSuchCanned,
            Refusal::Canned(NotFound::Ambiguous(names)) => WrongWhy::AmbiguousCanned { names: names.clone() },
            Refusal::Unfilled(unfilled) => why_unfilled(unfilled),
            Refusal::NoFiles => WrongWhy::NoFiles,
            Refusal::IsCustomer => WrongWhy::IsCustomer,
            Refusal::NothingBefore => WrongWhy::NothingBefore,
            Refusal::NoSuchQuarantine(_) => WrongWhy::NoSuchQuarantine,
            Refusal::TooMany => WrongWhy::TooMany,
            Refusal::NoAddress => WrongWhy::NoAddress,
            Refusal::NoTicket | Refusal::OtherCustomer(_) | Refusal::NotThis => WrongWhy::NotAllowed,
        };
        WrongLine { line: line.to_owned(), why, nearest: None }
    }
}
