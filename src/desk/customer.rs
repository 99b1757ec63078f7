//! A customer's mail: joins a ticket or opens one, starts clocks, is acknowledged, and agents hear of it.

use crate::config::settings::{AcknowledgeWhen, TagRule};
use crate::desk::act::PARTICIPANTS_MAX;
use crate::desk::automatic::{Automatic, echo, spoken};
use crate::desk::canned::facts::order;
use crate::desk::intake::Incoming;
use crate::desk::say::acknowledgement::{AckFacts, acknowledgement};
use crate::desk::say::notification::{Matter, Reason, Remark};
use crate::desk::sign::SignedAddress;
use crate::desk::tell::{News, is_live};
use crate::desk::thread::{Place, Thread, takes_part, thread};
use crate::desk::vouch::{Vouch, vouch};
use crate::mail::call::wish;
use crate::mail::letter::{Defect, Letter};
use crate::mail::thanks::only_thanks;
use crate::model::{Address, CustomerNo, Direction, Kind, MessageNo, Party, Priority, State, TicketNo, Time};
use crate::plan::incident::Woken;
use crate::plan::{CallWish, Change, Fate, KnownMessage, LastIn, NewMessage, NewTicket, TicketFacts, What};
use crate::sla::promise::{Phrase, promise};

/// A call that is wished later than that is a misreading.
const CALL_AHEAD_S: i64 = 14 * Time::DAY;
/// Mail that lay there before us and is older than this is filed without telling anybody.
const OLD_NEWS_S: i64 = 7 * Time::DAY;

/// Who a ticket is opened for.
#[derive(Clone, Debug)]
struct Author {
    party: Option<Party>,
    customer: Option<CustomerNo>,
    verified: bool,
    /// A trusted server is named and does not vouch.
    doubtful: bool,
}

impl Incoming<'_> {
    pub fn of_customer(&mut self) -> bool {
        self.replace_addresses_that_are_out();
        let settings = self.case.rules.settings;
        let vouched = vouch(self.letter, self.mailbox, &[]);
        let own = self.letter.from.as_ref().is_some_and(|p| self.case.rules.is_ours(&p.address));
        let party = self.letter.from.clone().filter(|_| !own);
        let author = Author {
            customer: None,
            verified: vouched.is_proved(),
            doubtful: matches!(vouched, Vouch::Unproved(_)),
            party,
        };
        let place = Place {
            mailbox: &self.mailbox.name,
            numbers: &self.numbers,
            reopen_within_s: settings.desk.reopen_within_s,
            now: self.case.now,
        };
        let judged = thread(self.letter, self.case.found, &place);
        match judged {
            Thread::Joins { ticket, rule, merged_from } if !own => self.join(author, ticket, rule, merged_from),
            Thread::Joins { ticket, .. } => self.open(author, own, "from our own address", &[ticket]),
            Thread::New { rule, related } => self.open(author, own, rule, &related),
        }
        true
    }

    /// A signed address that a stranger writes to is out: it is made worthless.
    fn replace_addresses_that_are_out(&mut self) {
        let key = self.case.rules.key;
        let out: Vec<TicketNo> = self
            .signed
            .iter()
            .filter_map(|s: &SignedAddress| {
                let facts = self.case.tickets.get(&s.token.ticket()?)?;
                let settings = self.case.rules.settings;
                let people = settings
                    .agents
                    .iter()
                    .map(|a| a.address())
                    .chain(settings.managers.iter().map(|m| &m.addresses[0]));
                let grounds = self.case.grounds(facts);
                people.into_iter().any(|p| key.admits(self.case.found.epoch, s, p, grounds)).then_some(facts.number)
            })
            .collect();
        for ticket in out {
            self.case.change(Change::BumpSerial { ticket });
            self.case.touch(ticket, |t| t.serial += 1);
            self.case.event(ticket, "svar", What::AddressOut, format!("letter {}", self.env.letter));
        }
    }

    /// The customer to whom the author's address belongs; a new one if it belongs to nobody.
    fn customer(&mut self, author: &mut Author) {
        let Some(party) = &author.party else { return };
        let known = self.case.found.customer.as_ref().map(|c| c.no);
        let customer = known.unwrap_or_else(|| {
            let customer = self.case.next.take_customer();
            self.case.change(Change::NewCustomer { customer, name: party.name.clone(), at: self.case.now });
            customer
        });
        let address = party.address.clone();
        self.case.change(Change::KnowAddress { address, customer, name: party.name.clone() });
        author.customer = Some(customer);
    }

    fn open(&mut self, mut author: Author, own: bool, rule: &'static str, related: &[TicketNo]) {
        self.customer(&mut author);
        let number = self.case.next.take_ticket();
        let channel = self.env.channel;
        let created_at = self.env.received_at;
        let ticket = NewTicket {
            number,
            subject: self.letter.subject.clone(),
            base_subject: self.letter.base_subject.clone(),
            state: State::Open,
            mailbox: self.mailbox.name.clone(),
            channel,
            customer: author.customer,
            customer_party: author.party.clone(),
            priority: Priority::Normal,
            created_at,
        };
        let same_person = self.unanswered_of_sender();
        let facts = facts_of(&ticket, self.case.found.epoch, self.case.now);
        self.case.tickets.insert(number, facts);
        self.case.change(Change::NewTicket(ticket));
        self.case.event(number, "customer", What::Opened, rule);
        let message = self.add(number, Kind::Person, true, author.verified, rule);
        self.participants(number);
        for tag in self.matching_tags() {
            self.case.change(Change::Tag { ticket: number, tag: tag.clone() });
            self.case.event(number, "svar", What::Tagged, tag);
        }
        let incident = self.incident();
        let mut remarks = Vec::new();
        for other in related.iter().chain(&same_person.map(|(t, _)| t)) {
            self.case.change(Change::Relate { ticket: number, other: *other });
            self.case.touch(number, |t| {
                if !t.related.contains(other) {
                    t.related.push(*other);
                }
            });
            let mine = author
                .party
                .as_ref()
                .is_some_and(|p| self.case.tickets.get(other).is_some_and(|t| takes_part(t, &p.address)));
            remarks.push(match (mine, same_person) {
                (_, Some((same, _))) if same == *other => Remark::SameMatter(*other),
                (true, _) => Remark::Continues(*other),
                (false, _) => Remark::NamesTicket(*other),
            });
        }
        remarks.dedup();
        if own {
            let addresses = self.letter.reply_to.iter().map(|p| &p.address).filter(|a| !self.case.rules.is_ours(a));
            let addresses: Vec<String> = addresses.map(ToString::to_string).collect();
            if !addresses.is_empty() {
                remarks.insert(0, Remark::ReplyTo { addresses });
            }
            remarks.insert(0, Remark::OurOwnAddress);
        } else if let Some(remark) = self.of_form() {
            remarks.insert(0, remark);
        } else if author.doubtful {
            remarks.insert(0, Remark::Unverified);
        }
        remarks.extend(self.same_order(number));
        let call = self.wants_call(number);
        self.case.waiting(number, Some(self.env.received_at));
        remarks.extend(call.clone());
        let unacknowledged = own || same_person.is_some() || self.env.released.is_some();
        if let Some(incident) = incident {
            // Whoever asks for a call asks for a person.
            let to = author.party.clone().filter(|_| !unacknowledged && call.is_none()).map(|p| (p, author.verified));
            if self.join_incident(number, incident, to) {
                return self.settle(Fate::Message(message));
            }
            remarks.push(Remark::Incident { name: incident.name.clone() });
        }
        let prefer = same_person.and_then(|(t, _)| {
            let facts = self.case.tickets.get(&t)?;
            facts.assignee.clone().or_else(|| facts.turn_agent.clone())
        });
        self.tell(
            number,
            message,
            if self.env.released.is_some() { Reason::Released } else { Reason::New },
            remarks,
            prefer,
        );
        if !unacknowledged {
            self.acknowledge(number, &author);
        }
        self.settle(Fate::Message(message));
    }

    /// The sender's newest ticket that nobody has answered yet.
    fn unanswered_of_sender(&self) -> Option<(TicketNo, Time)> {
        let found = self.case.found;
        let fits = |t: &&TicketFacts| {
            t.state == State::Open
                && t.answers == 0
                && t.last_answer.is_none()
                && t.mailbox == self.mailbox.name
                && t.waiting_since.is_some()
        };
        let own = self.letter.from.as_ref().is_some_and(|p| self.case.rules.is_ours(&p.address));
        found
            .senders_tickets
            .iter()
            .filter_map(|t| found.tickets.get(t))
            .filter(|_| !own)
            .find(fits)
            .map(|t| (t.number, t.created_at))
    }

    fn join(&mut self, mut author: Author, ticket: TicketNo, rule: &'static str, merged_from: Option<TicketNo>) {
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        self.customer(&mut author);
        let answered = facts.answers > 0 || facts.last_answer.is_some();
        let quiet = self.case.quiet_link(ticket).map(|l| l.name.clone());
        let thanks = (answered && facts.waiting_since.is_none() || quiet.is_some())
            && !self.mailbox.thanks_count
            && only_thanks(&self.letter.new_text, !self.letter.attachments.is_empty());
        let is_spam = facts.state == State::Spam;
        let message = self.add(ticket, Kind::Person, !thanks && !is_spam, author.verified, rule);
        let of_customer = author.party.as_ref().is_some_and(|p| facts.customer_addresses.contains(&p.address));
        if author.verified && of_customer {
            self.participants(ticket);
        }
        if thanks || is_spam {
            self.case.event(
                ticket,
                "customer",
                if thanks { What::Thanked } else { What::Received },
                format!("message {message}: {rule}"),
            );
            self.settle(Fate::Message(message));
            return;
        }
        self.case.event(ticket, "customer", What::Received, format!("message {message}: {rule}"));
        if self.is_answered_already(&facts) || self.is_over(&facts) {
            return self.settle(Fate::Message(message));
        }
        let reason = match facts.state {
            State::Closed => {
                self.case.set_state(ticket, State::Open, None, "customer", What::Reopened);
                Reason::Reopened
            }
            State::Pending | State::Held => {
                self.case.set_state(ticket, State::Open, None, "customer", What::Open);
                Reason::Again
            }
            _ => Reason::Again,
        };
        let said = self.wants_call(ticket);
        if facts.waiting_since.is_none_or(|since| self.case.quiet && self.env.received_at < since) {
            self.case.waiting(ticket, Some(self.env.received_at));
        }
        let mut remarks: Vec<Remark> = merged_from.map(Remark::MergedFrom).into_iter().collect();
        remarks.extend(said);
        remarks.extend(self.same_order(ticket));
        if let Some(remark) = self.of_form() {
            remarks.insert(0, remark);
        } else if author.doubtful {
            remarks.insert(0, Remark::Unverified);
        }
        if let Some(name) = quiet {
            self.case.wake(ticket, Woken::Replied);
            remarks.insert(0, Remark::IncidentReplied { name });
        }
        self.tell(ticket, message, reason, remarks, None);
        self.settle(Fate::Message(message));
    }

    /// What a web form says of how its writer is to be reached.
    fn of_form(&self) -> Option<Remark> {
        let entry = self.letter.form.as_ref()?;
        let call = entry.call.as_ref();
        Some(Remark::WebForm {
            name: entry.name.clone(),
            has_address: entry.customer.is_some(),
            phone: entry.phone.clone(),
            wish: call.map(|c| c.wish.clone()),
            from: call.and_then(|c| c.from),
            until: call.and_then(|c| c.until),
        })
    }

    /// Other matters in which the same order is named.
    fn same_order(&self, ticket: TicketNo) -> Option<Remark> {
        let pattern = self.case.rules.settings.answers.order.as_ref()?;
        let found = self.case.found;
        let order = order(pattern, &self.letter.subject).or_else(|| order(pattern, &self.letter.new_text))?;
        let matters: Vec<Matter> = found
            .same_order
            .iter()
            .filter_map(|t| found.tickets.get(t))
            .filter(|t| t.number != ticket && !matches!(t.state, State::Spam | State::Merged))
            .map(|t| Matter { number: t.number, subject: t.subject.clone(), mailbox: t.mailbox.clone() })
            .collect();
        (!matters.is_empty()).then_some(Remark::SameOrder { order, matters })
    }

    /// When the customer wants to be called, by a form or by her own words: that is when the ticket is due. A form says it in its own
    /// remark.
    fn wants_call(&mut self, ticket: TicketNo) -> Option<Remark> {
        if self.case.quiet || self.env.old {
            return None;
        }
        let said_at = self.env.received_at;
        let zone = &self.case.rules.settings.desk.time_zone;
        let (call, phone, remark) = match &self.letter.form {
            Some(entry) => (entry.call.clone()?, entry.phone.clone(), None),
            None => {
                let wish = wish(&self.letter.new_text, said_at, zone)?;
                let remark = Remark::WantsCall {
                    wish: wish.call.wish.clone(),
                    phone: wish.phone.clone(),
                    from: wish.call.from,
                    until: wish.call.until,
                };
                (wish.call, wish.phone, Some(remark))
            }
        };
        let plausible = |at: &Time| {
            let hour = at.timestamp().to_zoned(zone.clone()).hour();
            *at >= said_at && at.since(said_at) <= CALL_AHEAD_S && (6..=22).contains(&hour)
        };
        if let Some(at) = call.from.or(call.until).filter(plausible) {
            let call = CallWish { at, phone };
            self.case.change(Change::Call { ticket, call: Some(call.clone()) });
            let waits = self.case.tickets.get(&ticket).is_some_and(|t| t.waiting_since.is_some());
            self.case.touch(ticket, |t| {
                t.call = Some(call);
                if waits {
                    t.due_at = Some(at);
                }
            });
        }
        remark
    }

    /// The answer was found before the mail that it answers, and nobody waits.
    fn is_answered_already(&self, facts: &TicketFacts) -> bool {
        let by_us = |m: &KnownMessage| {
            m.direction == Direction::Out && m.ticket == facts.number && m.at >= self.env.received_at
        };
        facts.waiting_since.is_none() && self.case.found.children.iter().any(by_us)
    }

    /// Agents hear of it, unless it is old news.
    fn tell(
        &mut self,
        ticket: TicketNo,
        message: MessageNo,
        reason: Reason,
        mut remarks: Vec<Remark>,
        prefer: Option<Address>,
    ) {
        if self.case.quiet || self.env.old && self.case.now.since(self.env.received_at) > OLD_NEWS_S {
            return;
        }
        if self.letter.defects.contains(&Defect::Truncated) {
            remarks.push(Remark::LeftInMailbox);
        }
        let new_text = &self.letter.new_text;
        let mut text = if new_text.trim().is_empty() { self.letter.text.clone() } else { new_text.clone() };
        let mut attachments = self.attachment_rows();
        if remarks.iter().any(|r| matches!(r, Remark::IncidentReplied { .. })) {
            self.add_unseen(ticket, &mut text, &mut attachments);
        }
        let news = News {
            message,
            reason,
            remarks,
            author: self.letter.from.clone(),
            text,
            attachments,
            received_at: self.env.received_at,
            prefer,
            not_to: Vec::new(),
        };
        self.case.notify(ticket, &news);
    }

    /// Files the letter on a ticket, as what came in.
    pub fn add(&mut self, ticket: TicketNo, kind: Kind, counts: bool, verified: bool, rule: &str) -> MessageNo {
        let no = self.case.next.take_message();
        let message = message_of(self.letter, no, ticket, kind, counts, self.env.received_at);
        let mut message =
            NewMessage { letter: Some(self.env.letter), verified, attachments: self.attachment_rows(), ..message };
        if self.case.found.id_is_taken {
            message.defects.push(Defect::SameIdOtherText.as_str().to_owned());
        }
        let last = LastIn {
            message: no,
            message_id: self.letter.message_id.clone(),
            references: self.letter.references.clone(),
            from: self.letter.from.clone(),
            subject: self.letter.subject.clone(),
            at: self.env.received_at,
            language: self.letter.language.clone(),
        };
        let own = self.letter.from.as_ref().is_some_and(|p| self.case.rules.is_ours(&p.address));
        if kind == Kind::Person {
            let from = self.letter.from.clone();
            self.case.touch(ticket, |t| {
                if let Some(from) = from.filter(|f| !own && t.customer_addresses.contains(&f.address)) {
                    t.customer_party = Some(from);
                }
                if t.last_in.as_ref().is_none_or(|before| before.at <= last.at) {
                    t.last_in = Some(last);
                }
            });
        }
        self.case.change(Change::AddMessage(Box::new(message)));
        debug_assert!(!rule.is_empty());
        no
    }

    /// The others on To and Cc take part, ten at most; none of our own addresses, no agent.
    pub fn participants(&mut self, ticket: TicketNo) {
        let Some(facts) = self.case.tickets.get(&ticket) else { return };
        let rules = self.case.rules;
        let mut room = PARTICIPANTS_MAX.saturating_sub(facts.participants.len());
        let mut new: Vec<Party> = Vec::new();
        for party in self.letter.to.iter().chain(&self.letter.cc) {
            let inside = rules.is_ours(&party.address) || rules.staff(&party.address).is_some();
            let known = takes_part(facts, &party.address) || new.iter().any(|p| p.address == party.address);
            let author = self.letter.from.as_ref().is_some_and(|f| f.address == party.address);
            if room > 0 && !inside && !known && !author {
                room -= 1;
                new.push(party.clone());
            }
        }
        for party in new {
            self.case.change(Change::Participate { ticket, party: party.clone() });
            self.case.touch(ticket, |t| t.participants.push(party));
        }
    }

    fn matching_tags(&self) -> Vec<String> {
        let speaks = |t: &&TagRule| {
            t.scope.holds(&self.mailbox.name) && t.pattern.is_match(&self.letter.subject, &self.letter.new_text)
        };
        let mut tags: Vec<String> = Vec::new();
        for rule in self.case.rules.settings.tags.iter().filter(speaks) {
            if !tags.contains(&rule.name) {
                tags.push(rule.name.clone());
            }
        }
        tags
    }

    /// The customer hears at once that her mail is here. RFC 3834: once, never to robots, echoing nothing that is not hers.
    fn acknowledge(&mut self, ticket: TicketNo, author: &Author) {
        let settings = self.case.rules.settings;
        let closed_now = || settings.calendar_of(self.mailbox).is_some_and(|c| !c.is_open(self.case.now));
        let wanted = match settings.acknowledge.when {
            AcknowledgeWhen::Always => true,
            AcknowledgeWhen::Closed => closed_now(),
            AcknowledgeWhen::Never => false,
        };
        let Some(party) = author.party.clone() else { return };
        if !wanted || !self.may_be_acknowledged(&party) {
            return;
        }
        let language = spoken(self.letter.language.as_deref(), self.mailbox);
        let voice = self.case.voice(language, self.case.now);
        let today = self.case.now.timestamp().to_zoned(settings.desk.time_zone.clone()).date();
        let notices = settings.notices.iter();
        let promised = self.promise();
        let said = promised.map(|(phrase, _)| voice.promise(phrase));
        let page = acknowledgement(
            &voice,
            &AckFacts {
                number: ticket,
                echo: echo(author.verified, &self.letter.subject, &party.name),
                expect: settings.acknowledge.expect.get(language).cloned().or(said),
                notices: notices
                    .filter(|n| n.stands(&self.mailbox.name, language, today))
                    .map(|n| n.text.clone())
                    .collect(),
                signature: self.case.automatic_signature(self.mailbox, ticket, author.verified.then_some(&party)),
            },
        );
        let mail = Automatic {
            ticket,
            to: if author.verified { party } else { Party::new("", party.address) },
            page,
            in_reply_to: self.letter.message_id.clone(),
            references: self.letter.references.clone(),
            language,
        };
        if self.case.send_automatic(self.mailbox, mail) {
            if let Some((_, until)) = promised {
                self.case.change(Change::Promise { ticket, until });
            }
            self.case.event(ticket, "svar", What::Acknowledged, "");
        }
    }

    /// Whether a robot may answer this mail at all, and now (RFC 3834).
    pub fn may_be_acknowledged(&mut self, party: &Party) -> bool {
        let barred = self.case.quiet
            || self.env.old
            || self.is_watched_only()
            || self.has_empty_return_path()
            || (self.letter.kind != Kind::Person && !self.comes_by_our_list())
            || self.case.answers_anothers_automatic(self.letter, &party.address)
            || !self.case.may_get_automatic(&party.address);
        !barred && self.case.has_room_for_automatic(self.mailbox)
    }

    /// By when an answer can be promised. What the operator says himself is no promise of ours.
    fn promise(&self) -> Option<(Phrase, Time)> {
        let settings = self.case.rules.settings;
        let open_s = self.case.found.promise_open_s.filter(|_| settings.acknowledge.expect.is_empty())?;
        promise(open_s, settings.calendar_of(self.mailbox)?, &settings.desk.time_zone, self.case.now)
    }
}

/// The letter as a message that came in.
#[must_use]
pub fn message_of(letter: &Letter, no: MessageNo, ticket: TicketNo, kind: Kind, counts: bool, at: Time) -> NewMessage {
    let mut references: Vec<String> = Vec::new();
    for id in letter.in_reply_to.iter().chain(letter.references.iter().rev()).take(200) {
        if !references.contains(id) {
            references.push(id.clone());
        }
    }
    NewMessage {
        no,
        ticket,
        direction: Direction::In,
        kind,
        letter: None,
        from: letter.from.clone(),
        to: letter.to.clone(),
        cc: letter.cc.clone(),
        at,
        sent_at: letter.sent_at,
        subject: letter.subject.clone(),
        text: letter.text.clone(),
        new_text: letter.new_text.clone(),
        message_id: letter.message_id.clone(),
        sameness: letter.sameness.clone(),
        references,
        thread_index: letter.thread_index.clone(),
        language: letter.language.clone(),
        agent: None,
        counts,
        accepted: true,
        verified: false,
        attachments: Vec::new(),
        defects: letter.defects.iter().map(|d| d.as_str().to_owned()).collect(),
    }
}

/// The working copy of a ticket that this decision opens.
#[must_use]
pub fn facts_of(ticket: &NewTicket, epoch: i64, now: Time) -> TicketFacts {
    debug_assert!(is_live(ticket.state));
    TicketFacts {
        number: ticket.number,
        subject: ticket.subject.clone(),
        base_subject: ticket.base_subject.clone(),
        state: ticket.state,
        mailbox: ticket.mailbox.clone(),
        customer: ticket.customer,
        customer_party: ticket.customer_party.clone(),
        customer_addresses: ticket.customer_party.iter().map(|p| p.address.clone()).collect(),
        participants: Vec::new(),
        assignee: None,
        turn_agent: None,
        priority: ticket.priority,
        tags: Vec::new(),
        created_at: ticket.created_at,
        updated_at: now,
        closed_at: None,
        waiting_since: None,
        due_at: None,
        hold_until: None,
        call: None,
        survivor: None,
        related: Vec::new(),
        epoch,
        serial: 0,
        answers: 0,
        last_answer: None,
        last_in: None,
    }
}
