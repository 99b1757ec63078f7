//! Mail of ours that svar did not send: answers found in Sent, and agents' mail that is recorded without acting.

use crate::desk::case::{Case, Staff};
use crate::desk::customer::{facts_of, message_of};
use crate::desk::intake::Incoming;
use crate::desk::tell::is_live;
use crate::desk::thread::takes_part;
use crate::mail::letter::{Forwarded, Letter, Original, ReturnPath};
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
        let is_agents = |a: &Address| self.case.rules.settings.agent_of(a).is_some();
        let ours = from.as_ref().is_some_and(|a| self.mailbox.is_addressed_by(a) || is_agents(a));
        // Plus addressing puts mail from outside into folders on some servers: what was delivered was not written here.
        let delivered = self.letter.return_path != ReturnPath::Absent || !self.letter.delivered_to.is_empty();
        let from_outside = self
            .letter
            .received
            .iter()
            .any(|h| !matches!(h.with.as_str(), "ESMTPA" | "ESMTPSA" | "HTTP" | "HTTPS" | "MAPI" | ""));
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
    #[must_use]
    pub fn answered_ticket(&self) -> Option<(TicketNo, &'static str)> {
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
    pub fn found_answer(&mut self, ticket: TicketNo, rule: &'static str, agent: Option<Address>) {
        let message = self.add_found(ticket, agent.clone());
        let actor = agent.as_ref().map_or_else(|| "svar".to_owned(), |a| format!("agent:{a}"));
        self.case.event(ticket, &actor, What::Answered, format!("message {message}: found, {rule}"));
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        let sent_at = self.env.received_at;
        let wrote_since = facts.last_in.as_ref().map(|l| l.at).filter(|at| *at > sent_at);
        if facts.waiting_since.is_some_and(|since| since <= sent_at) {
            self.case.waiting(ticket, wrote_since);
        }
        if facts.assignee.is_none()
            && let Some(agent) = &agent
        {
            self.case.assign(ticket, agent, &actor);
        }
        if wrote_since.is_none() && matches!(facts.state, State::Open | State::Held) {
            self.case.set_state(ticket, State::Pending, None, &actor, What::Pending);
        }
        self.settle(Fate::Message(message));
    }

    pub fn add_found(&mut self, ticket: TicketNo, agent: Option<Address>) -> MessageNo {
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
    pub fn opened_by_us(&mut self, agent: Option<Address>) {
        let mut others = self.letter.to.iter().chain(&self.letter.cc);
        let Some(customer) = others.find(|p| self.is_outsider(p)).cloned() else {
            return self.settle(Fate::Done(crate::desk::history::why::AMONG_US));
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
        self.participants(number);
        self.case.event(number, &actor, What::Answered, format!("message {message}: found, we wrote first"));
        if self.case.quiet {
            // What it answers may be found later: from here on it was the customer's turn.
            self.case.event(number, &actor, What::Pending, "");
        }
        self.settle(Fate::Message(message));
    }

    /// An agent's mail whose From is proved: an answer that he sent himself is found; about anything else he is asked.
    pub fn record(&mut self, staff: &Staff<'_>) {
        match self.answered_ticket() {
            Some((ticket, rule)) => self.found_answer(ticket, rule, Some(staff.address().clone())),
            None => self.ask_about(staff),
        }
    }

    /// An agent's mail that he released himself. It is written down, and nothing leaves the desk by it.
    pub fn record_released(&mut self, staff: &Staff<'_>) {
        if let Some((ticket, rule)) = self.answered_ticket() {
            return self.found_answer(ticket, rule, Some(staff.address().clone()));
        }
        let original = self.letter.original.clone();
        let said = self.env.released_for.as_ref().map(|a| {
            // The name that stands in the forward, if it is that address's.
            let named = original.as_ref().and_then(|o| o.from.clone()).filter(|p| p.address == *a);
            named.unwrap_or_else(|| Party::new("", a.clone()))
        });
        let customer = said.or(original.as_ref().and_then(|o| o.from.clone()));
        // He says whose it is, and no header of the original can be read: the whole text is hers.
        let original = original.or_else(|| {
            let original = Original {
                from: None,
                subject: crate::desk::say::subject::without_prefix(&self.letter.subject).to_owned(),
                sent_at: None,
                date: String::new(),
                text: self.letter.text.clone(),
                how: Forwarded::Inline,
            };
            self.env.released_for.as_ref().map(|_| original)
        });
        if let (Some(original), Some(customer)) = (original, customer.filter(|c| self.is_outsider(c))) {
            return self.open_forwarded(staff, &original, customer);
        }
        match self.concerned_ticket(staff).and_then(|t| self.case.tickets.get(&t)).cloned() {
            Some(facts) => {
                self.case.add_note(&facts, &self.letter.new_text, Some(staff));
                self.case.event(facts.number, &staff.actor(), What::Noted, "released from quarantine");
                self.settle(Fate::Done("recorded as a note"));
            }
            None => {
                self.of_customer();
            }
        }
    }

    /// A customer's mail that an agent forwarded becomes her ticket; what the agent wrote above it is a note.
    fn open_forwarded(&mut self, staff: &Staff<'_>, original: &Original, customer: Party) {
        let letter = Letter {
            from: Some(customer),
            from_is_single: false,
            reply_to: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            subject: original.subject.clone(),
            base_subject: crate::mail::subject::base(&original.subject),
            text: original.text.clone(),
            new_text: original.text.clone(),
            message_id: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            thread_index: None,
            authentication: Vec::new(),
            received: Vec::new(),
            original: None,
            ..self.letter.clone()
        };
        let mut inner = Incoming {
            case: Case::new(self.case.rules, self.case.found, self.case.now),
            letter: &letter,
            env: self.env,
            mailbox: self.mailbox,
            numbers: Vec::new(),
            signed: Vec::new(),
        };
        inner.of_customer();
        let opened = inner.case.changes.iter().find_map(|c| match c {
            Change::AddMessage(m) => Some(m.ticket),
            _ => None,
        });
        let facts = opened.and_then(|t| inner.case.tickets.get(&t)).cloned();
        let words_above = !self.letter.new_text.trim().is_empty() && original.text != self.letter.text;
        if let Some(facts) = facts.filter(|_| words_above) {
            inner.case.add_note(&facts, &self.letter.new_text, Some(staff));
        }
        self.case.changes.extend(inner.case.changes);
    }

    fn is_outsider(&self, party: &Party) -> bool {
        !self.case.rules.is_ours(&party.address) && self.case.rules.staff(&party.address).is_none()
    }
}
