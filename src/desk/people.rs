//! Whose a ticket is: another customer (`#customer`), one person with several addresses (`#same-as`), and a ticket that becomes two (`#split`).

use crate::desk::act::Refusal;
use crate::desk::case::{Case, Staff};
use crate::desk::customer::facts_of;
use crate::desk::say::notification::Reason;
use crate::desk::tell::News;
use crate::model::{Address, Channel, CustomerNo, Direction, Kind, MessageNo, Party, State, TicketNo};
use crate::plan::{Change, LastIn, NewTicket, TicketFacts, What};

impl Case<'_> {
    /// The customer to whom the address belongs; a new one if it belongs to nobody.
    pub fn customer_at(&mut self, party: &Party) -> CustomerNo {
        let known = self.found.customers.get(&party.address).map(|c| c.no);
        let made = self.changes.iter().rev().find_map(|c| match c {
            Change::KnowAddress { address, customer, .. } if *address == party.address => Some(*customer),
            _ => None,
        });
        made.or(known).unwrap_or_else(|| {
            let customer = self.next.take_customer();
            self.change(Change::NewCustomer { customer, name: party.name.clone(), at: self.now });
            self.change(Change::KnowAddress { address: party.address.clone(), customer, name: party.name.clone() });
            customer
        })
    }

    fn is_inside(&self, address: &Address) -> bool {
        self.rules.is_ours(address) || self.rules.staff(address).is_some()
    }

    /// The ticket belongs to another customer from now on.
    pub fn set_customer(&mut self, facts: &TicketFacts, address: &Address, actor: &str) -> Result<(), Refusal> {
        if self.is_inside(address) {
            return Err(Refusal::OurAddress(address.clone()));
        }
        let ticket = facts.number;
        let known = self.found.customers.get(address).cloned();
        let name = known.as_ref().map(|c| c.name.clone()).unwrap_or_default();
        let party = Party::new(&name, address.clone());
        if facts.customer_party.as_ref().is_some_and(|p| p.address == *address) {
            return Ok(());
        }
        let customer = self.customer_at(&party);
        self.change(Change::SetCustomer { ticket, customer, party: party.clone() });
        if facts.customer.is_some_and(|c| c != customer) {
            // Notifications that show the other one are out there: a reply to them is asked about.
            self.change(Change::BumpSerial { ticket });
            self.touch(ticket, |t| t.serial += 1);
        }
        self.touch(ticket, |t| {
            t.customer = Some(customer);
            t.customer_addresses = known.map(|c| c.addresses).unwrap_or_default();
            if !t.customer_addresses.contains(&party.address) {
                t.customer_addresses.push(party.address.clone());
            }
            t.customer_party = Some(party);
        });
        self.event(ticket, actor, What::CustomerChanged, format!("customer {}", customer.0));
        Ok(())
    }

    /// The ticket's customer and whoever has that address are one person; their history is one.
    pub fn same_as(&mut self, facts: &TicketFacts, address: &Address, actor: &str) -> Result<(), Refusal> {
        if self.is_inside(address) {
            return Err(Refusal::OurAddress(address.clone()));
        }
        let customer = facts.customer.ok_or(Refusal::NoAddress)?;
        if facts.customer_addresses.contains(address) {
            return Ok(());
        }
        let other = self.found.customers.get(address).cloned();
        match &other {
            Some(other) => self.change(Change::JoinCustomers { from: other.no, into: customer }),
            None => {
                let name = facts.customer_party.as_ref().map(|p| p.name.clone()).unwrap_or_default();
                self.change(Change::KnowAddress { address: address.clone(), customer, name });
            }
        }
        let more = other.as_ref().map_or_else(|| vec![address.clone()], |o| o.addresses.clone());
        self.touch(facts.number, |t| t.customer_addresses.extend(more));
        let detail = match other {
            Some(other) => format!("customer {} is customer {}", other.no.0, customer.0),
            None => "one more address".to_owned(),
        };
        self.event(facts.number, actor, What::CustomerChanged, detail);
        Ok(())
    }

    /// The address is a person of its own again, with the tickets that were written from it.
    pub fn not_same_as(&mut self, facts: &TicketFacts, address: &Address, actor: &str) -> Result<(), Refusal> {
        let alone = facts.customer_addresses.len() < 2;
        let own = facts.customer_party.as_ref().is_some_and(|p| p.address == *address);
        if alone || own || !facts.customer_addresses.contains(address) {
            return Err(Refusal::NotThis);
        }
        let customer = self.next.take_customer();
        let name = self.found.customers.get(address).map(|c| c.name.clone()).unwrap_or_default();
        self.change(Change::PartCustomer { address: address.clone(), customer, name, at: self.now });
        self.touch(facts.number, |t| t.customer_addresses.retain(|a| a != address));
        self.event(facts.number, actor, What::CustomerChanged, format!("an address is customer {}", customer.0));
        Ok(())
    }

    /// The mail `about` and all that came after it become a ticket of their own, linked. Its number.
    pub fn split(
        &mut self,
        facts: &TicketFacts,
        about: Option<MessageNo>,
        actor: &str,
        by: Option<&Staff<'_>>,
    ) -> Result<TicketNo, Refusal> {
        let about = about.or(facts.last_in.as_ref().map(|l| l.message)).ok_or(Refusal::NothingBefore)?;
        let said = self.found.said.get(&about).cloned().ok_or(Refusal::NotThis)?;
        if said.ticket != facts.number || said.direction != Direction::In || said.kind != Kind::Person {
            return Err(Refusal::NotThis);
        }
        if said.is_first {
            return Err(Refusal::NothingBefore);
        }
        let party = said.from.clone().filter(|p| !self.is_inside(&p.address));
        let of_ticket = |p: &Party| facts.customer_addresses.contains(&p.address);
        let customer = match &party {
            Some(party) if of_ticket(party) => facts.customer,
            Some(party) => Some(self.customer_at(party)),
            None => None,
        };
        let number = self.next.take_ticket();
        let waits = facts.waiting_since.map(|since| since.max(said.at));
        let ticket = NewTicket {
            number,
            subject: said.subject.clone(),
            base_subject: crate::mail::subject::base(&said.subject),
            state: if waits.is_some() { State::Open } else { State::Pending },
            mailbox: facts.mailbox.clone(),
            channel: Channel::Mail,
            customer,
            customer_party: party.clone(),
            priority: facts.priority,
            created_at: said.at,
        };
        let mut made = facts_of(&ticket, self.found.epoch, self.now);
        if party.as_ref().is_some_and(of_ticket) {
            made.customer_addresses.clone_from(&facts.customer_addresses);
        }
        made.last_in = match &facts.last_in {
            Some(last) if last.message >= about => Some(last.clone()),
            _ => Some(LastIn {
                message: said.no,
                message_id: said.message_id.clone(),
                references: Vec::new(),
                from: said.from.clone(),
                subject: said.subject.clone(),
                at: said.at,
                language: None,
            }),
        };
        made.last_answer = facts.last_answer.clone().filter(|a| a.message > about);
        made.answers = 0;
        self.tickets.insert(number, made);
        self.change(Change::NewTicket(ticket));
        self.event(number, actor, What::Opened, format!("split from #{}", facts.number));
        self.change(Change::MoveMessages { from: facts.number, to: number, first: about });
        self.event(facts.number, actor, What::Split, format!("#{number} from message {about} on"));
        self.change(Change::Relate { ticket: facts.number, other: number });
        self.touch(number, |t| t.related.push(facts.number));
        self.waiting(number, waits);
        if let Some(assignee) = facts.assignee.clone().or_else(|| by.map(|s| s.address().clone())) {
            self.assign(number, &assignee, actor);
        }
        // What remains waits only if something before it does.
        let unanswered = facts.answers == 0 && facts.last_answer.is_none();
        let remains = facts.waiting_since.filter(|since| *since < said.at || (*since == said.at && unanswered));
        if facts.waiting_since.is_some() && remains.is_none() {
            self.waiting(facts.number, None);
            if facts.state == State::Open {
                self.set_state(facts.number, State::Pending, None, actor, What::Pending);
            }
        }
        self.touch(facts.number, |t| {
            t.last_answer = t.last_answer.take().filter(|a| a.message < about);
            t.last_in = t.last_in.take().filter(|l| l.message < about);
        });
        Ok(number)
    }

    /// The ticket's newest customer message comes to this agent again, to be answered: for a ticket that is another one now.
    pub fn show_again(&mut self, ticket: TicketNo, reason: Reason, to: Option<&Staff<'_>>) {
        let Some(last) = self.tickets.get(&ticket).and_then(|f| f.last_in.clone()) else { return };
        let Some(said) = self.found.said.get(&last.message).cloned() else { return };
        let news = News {
            message: said.no,
            reason,
            remarks: Vec::new(),
            author: said.from,
            text: said.new_text,
            attachments: Vec::new(),
            received_at: said.at,
            prefer: to.map(|s| s.address().clone()),
            not_to: Vec::new(),
        };
        self.notify(ticket, &news);
    }
}
