//! Mail of ours that svar did not send: answers found in Sent, and agents' mail that is recorded without acting.

use crate::desk::case::Staff;
use crate::desk::customer::{facts_of, message_of};
use crate::desk::intake::Incoming;
use crate::desk::say::not_proved::NotProvedWhy;
use crate::desk::tell::is_live;
use crate::desk::thread::takes_part;
use crate::mail::letter::ReturnPath;
use crate::model::{Address, Direction, Kind, MessageNo, Party, Priority, State, TicketNo};
use crate::plan::{Change, Fate, Folder, LastAnswer, NewMessage, NewTicket, What};

impl Incoming<'_> {
    /// A mail in the Sent folder: a person's answer, written in a mail client.
    pub fn sent(&mut self) -> bool {
        if self.env.folder != Folder::Sent {
            return false;
        }
        if self.case.found.duplicate.is_some() {
            return false;
        }
        let from = self.letter.from.as_ref().map(|p| p.address.clone());
        let ours = from.as_ref().is_some_and(|a| self.mailbox.is_addressed_by(a) || self.case.rules.staff(a).is_some());
        // Plus addressing puts mail from outside into folders on some servers: what was delivered was not written here.
        let delivered = self.letter.return_path != ReturnPath::Absent || !self.letter.delivered_to.is_empty();
        let from_outside = self
            .letter
            .received
            .iter()
            .any(|h| !matches!(h.with.as_str(), "ESMTPA" | "ESMTPSA" | "HTTP" | "HTTPS" | ""));
        if !ours || delivered || from_outside {
            self.quarantine("sent-from-outside: it lies in Sent, but was not written by us");
            return true;
        }
        if self.letter.kind != Kind::Person {
            self.settle(Fate::Done("a robot's mail in Sent"));
            return true;
        }
        let agent = from.as_ref().and_then(|a| self.case.rules.settings.agent_of(a)).map(|a| a.address().clone());
        if let Some((ticket, rule)) = self.answered_ticket() {
            self.found_answer(ticket, rule, agent);
        } else {
            self.opened_by_us(agent);
        }
        true
    }

    /// The ticket that a mail of ours answers: by reference, by number, or by recipient and subject (then guessed).
    fn answered_ticket(&self) -> Option<(TicketNo, &'static str)> {
        let found = self.case.found;
        let to: Vec<&Address> = self.letter.to.iter().chain(&self.letter.cc).map(|p| &p.address).collect();
        let concerns =
            |t: TicketNo| self.case.survivor(t).filter(|f| to.iter().any(|a| takes_part(f, a))).map(|f| f.number);
        let by_reference = found.messages.iter().find_map(|m| concerns(m.ticket)).map(|t| (t, "reference"));
        let by_number = || self.numbers.iter().find_map(|n| concerns(*n)).map(|t| (t, "number in the subject"));
        let by_guess = || {
            let fits = |t: &TicketNo| {
                let facts = self.case.survivor(*t)?;
                let same = !facts.base_subject.is_empty() && facts.base_subject == self.letter.base_subject;
                (same && is_live(facts.state)).then(|| concerns(*t)).flatten()
            };
            found.senders_tickets.iter().find_map(fits).map(|t| (t, "guessed: recipient and subject"))
        };
        by_reference.or_else(by_number).or_else(by_guess)
    }

    /// An answer that is on its way already: it stops the clock at the time it was sent, and is not sent again.
    fn found_answer(&mut self, ticket: TicketNo, rule: &'static str, agent: Option<Address>) {
        let message = self.add_found(ticket, agent.clone());
        let actor = agent.as_ref().map_or_else(|| "svar".to_owned(), |a| format!("agent:{a}"));
        self.case.event(ticket, &actor, What::Answered, format!("message {message}: found, {rule}"));
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        if facts.waiting_since.is_some_and(|since| since <= self.env.received_at)
            && facts.last_in.as_ref().is_none_or(|l| l.at <= self.env.received_at)
        {
            self.case.waiting(ticket, None);
        }
        if facts.assignee.is_none()
            && let Some(agent) = &agent
        {
            self.case.assign(ticket, agent, &actor);
        }
        if matches!(facts.state, State::Open | State::Held) {
            self.case.set_state(ticket, State::Pending, None, &actor, What::Pending);
        }
        self.settle(Fate::Message(message));
    }

    fn add_found(&mut self, ticket: TicketNo, agent: Option<Address>) -> MessageNo {
        let no = self.case.next.take_message();
        let at = self.env.received_at;
        let message = message_of(self.letter, no, ticket, Kind::Person, true, at);
        let text = self.letter.new_text.clone();
        self.case.change(Change::AddMessage(Box::new(NewMessage {
            direction: Direction::Out,
            letter: Some(self.env.letter),
            agent: agent.clone(),
            accepted: true,
            verified: true,
            attachments: self.attachment_rows(),
            ..message
        })));
        self.case.touch(ticket, |t| {
            t.answers += 1;
            t.last_answer = Some(LastAnswer { message: no, at, agent, text });
        });
        no
    }

    /// We wrote first: a ticket that waits for the customer and has no first response to measure.
    fn opened_by_us(&mut self, agent: Option<Address>) {
        let rules = self.case.rules;
        let outsider = |p: &&Party| !rules.is_ours(&p.address) && rules.staff(&p.address).is_none();
        let Some(customer) = self.letter.to.iter().chain(&self.letter.cc).find(outsider).cloned() else {
            return self.settle(Fate::Done("a mail among us"));
        };
        let known = self.case.found.customer.as_ref().filter(|c| c.addresses.contains(&customer.address)).map(|c| c.no);
        let no = known.unwrap_or_else(|| {
            let no = self.case.next.take_customer();
            self.case.change(Change::NewCustomer { customer: no, name: customer.name.clone(), at: self.case.now });
            no
        });
        self.case.change(Change::KnowAddress {
            address: customer.address.clone(),
            customer: no,
            name: customer.name.clone(),
        });
        let number = self.case.next.take_ticket();
        let ticket = NewTicket {
            number,
            subject: self.letter.subject.clone(),
            base_subject: self.letter.base_subject.clone(),
            state: State::Pending,
            mailbox: self.mailbox.name.clone(),
            channel: self.env.channel,
            customer: Some(no),
            customer_party: Some(customer),
            priority: Priority::Normal,
            created_at: self.env.received_at,
        };
        let facts = facts_of(&ticket, self.case.found.epoch, self.case.now);
        self.case.tickets.insert(number, facts);
        self.case.change(Change::NewTicket(ticket));
        let actor = agent.as_ref().map_or_else(|| "svar".to_owned(), |a| format!("agent:{a}"));
        self.case.event(number, &actor, What::Opened, "we wrote first");
        if let Some(agent) = &agent {
            self.case.assign(number, agent, &actor);
        }
        let message = self.add_found(number, agent);
        self.case.event(number, &actor, What::Answered, format!("message {message}: found, we wrote first"));
        self.settle(Fate::Message(message));
    }

    /// An agent's mail whose From is proved, or that he released himself, and that acts on nothing.
    pub fn record(&mut self, staff: &Staff<'_>, released: bool) {
        if let Some((ticket, rule)) = self.answered_ticket() {
            return self.found_answer(ticket, rule, Some(staff.address().clone()));
        }
        if !released {
            return self.set_aside(staff, NotProvedWhy::UnknownAddress, "it answers no mail of ours");
        }
        let concerned = self.numbers.iter().copied().chain(self.case.found.messages.iter().map(|m| m.ticket));
        if let Some(ticket) = concerned.filter_map(|t| self.case.survivor(t)).map(|t| t.number).next() {
            let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
            let text = self.letter.new_text.clone();
            self.case.add_note(&facts, &text, Some(staff));
            self.case.event(ticket, &staff.actor(), What::Noted, "released from quarantine");
            return self.settle(Fate::Done("recorded as a note"));
        }
        self.of_customer();
    }
}
