//! What agents do to a ticket, by mail or from the shell.

use crate::config::settings::Agent;
use crate::desk::canned::{NotFound, Unfilled};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::commands::Command;
use crate::desk::commands::plain::fold;
use crate::desk::say::colleague::{ColleagueFacts, NoteFrom, note};
use crate::desk::say::held::HeldWhy;
use crate::desk::say::notification::{Reason, Remark};
use crate::desk::sign::Token;
use crate::desk::tell::{InsidePost, News, Reply, is_live};
use crate::model::{Address, Direction, Kind, MessageNo, ParcelKind, Priority, State, TicketNo, Time};
use crate::plan::{Change, Findings, NewMessage, TicketFacts, What};

/// So many people take part in a ticket, besides its customer.
pub const PARTICIPANTS_MAX: usize = 10;

/// One thing done to one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Close,
    Open,
    /// Needs no answer: the clock is cancelled, the ticket closed.
    Done,
    /// Answered by telephone: stops the clock; the text is a note.
    Called(String),
    Pending,
    Hold(Time),
    /// To the agent with this first address.
    Assign(Address),
    /// Nobody's any more.
    Unassign,
    /// Text that stays inside, and the first address of whom it is for.
    Note {
        text: String,
        to: Option<Address>,
    },
    Participate(crate::model::Party),
    /// Takes part no more.
    Leave(Address),
    /// Another customer's from now on.
    Customer(Address),
    /// The customer has this address, too.
    SameAs(Address),
    /// This address is a person of its own.
    NotSameAs(Address),
    /// This message and what came after it become a ticket of their own; `None`: the newest.
    Split(Option<MessageNo>),
    Tag(Vec<String>),
    Untag(Vec<String>),
    Priority(Priority),
    /// This ticket goes into that one, if both are the same customer's.
    Merge(TicketNo),
    /// The same, though they are two customers': somebody has said so.
    MergeCustomers(TicketNo),
    /// Unwanted mail; the sender's next ones, too.
    Spam,
    /// No customer: needs no answer, nor do the sender's next mails.
    Ignore,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    NoSuchTicket(TicketNo),
    NoSuchAgent(String),
    /// Nothing is written below `#note`.
    NoText,
    /// The two tickets belong to different customers.
    OtherCustomer(TicketNo),
    /// The ticket is merged or the same.
    NotThis,
    /// Several people answer to that name: these.
    Ambiguous(String, Vec<String>),
    /// One of our own addresses, or an agent's, cannot take part.
    OurAddress(Address),
    /// Ten people take part already.
    TooMany,
    /// Nobody outside could get an answer.
    NoAddress,
    /// A command about a ticket, where none is named.
    NoTicket,
    /// The message has no attachments.
    NoFiles,
    /// The address is the customer's own.
    IsCustomer,
    /// Nothing stands before the message at which a ticket is to be split.
    NothingBefore,
    /// No canned answer is called so.
    Canned(NotFound),
    /// A canned answer names what this ticket does not have.
    Unfilled(Unfilled),
    /// Nothing of that number is set aside in the agent's mailboxes.
    NoSuchQuarantine(crate::model::QuarantineNo),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchTicket(n) => write!(f, "there is no ticket #{n}"),
            Self::NoSuchAgent(who) => write!(f, "no agent is called {who:?}"),
            Self::NoText => f.write_str("there is no text"),
            Self::OtherCustomer(n) => write!(f, "#{n} is another customer's; tickets of two customers are not merged"),
            Self::NotThis => f.write_str("the ticket is merged already, or is the same one"),
            Self::Ambiguous(who, people) => {
                write!(
                    f,
                    "several agents answer to {who:?} ({}); write more of the name, or the address",
                    people.join(", ")
                )
            }
            Self::TooMany => f.write_str("ten people take part already"),
            Self::NoAddress => f.write_str("the customer has no address"),
            Self::NoTicket => f.write_str("no ticket is named"),
            Self::NoFiles => f.write_str("the message has no attachments"),
            Self::IsCustomer => f.write_str("that is the customer"),
            Self::Canned(NotFound::Unknown(None)) => f.write_str("there is no canned answer of that name"),
            Self::Canned(NotFound::Unknown(Some(near))) => {
                write!(f, "there is no canned answer of that name; did you mean {near:?}?")
            }
            Self::Canned(NotFound::Ambiguous(names)) => {
                write!(f, "several canned answers begin so ({}); write more of the name", names.join(", "))
            }
            Self::Unfilled(Unfilled::Unknown(names)) => write!(f, "nobody knows the variables {}", names.join(", ")),
            Self::Unfilled(Unfilled::Empty(names)) => write!(f, "this ticket has no {}", names.join(", ")),
            Self::Unfilled(Unfilled::Broken(why)) => write!(f, "the canned answer cannot be filled: {why}"),
            Self::NothingBefore => f.write_str("nothing stands before that message"),
            Self::NoSuchQuarantine(n) => write!(f, "nothing with id {n} is set aside"),
            Self::OurAddress(a) => write!(f, "{a} is an address of ours and cannot take part"),
        }
    }
}

/// What a command asks for. `Ok(None)`: nothing that is done to a ticket.
pub fn of_command(
    command: &Command,
    rules: &Rules<'_>,
    own: Option<&Address>,
    text: &str,
) -> Result<Option<Act>, Refusal> {
    Ok(Some(match command {
        Command::Close => Act::Close,
        Command::Open => Act::Open,
        Command::Done => Act::Done,
        Command::Called(words) => Act::Called([words.as_str(), text].join("\n").trim().to_owned()),
        Command::Pending => Act::Pending,
        Command::Hold(until) => Act::Hold(*until),
        Command::Take(tickets) if tickets.is_empty() => {
            Act::Assign(own.cloned().ok_or_else(|| Refusal::NoSuchAgent(String::new()))?)
        }
        Command::Assign(Some(who)) => Act::Assign(agent_called(who, rules)?),
        Command::Assign(None) => Act::Unassign,
        Command::Note(to) => {
            if text.trim().is_empty() {
                return Err(Refusal::NoText);
            }
            let to = to.as_ref().map(|who| agent_called(who, rules)).transpose()?;
            Act::Note { text: text.to_owned(), to }
        }
        Command::Cc(address) => {
            if rules.is_ours(address) || rules.staff(address).is_some() {
                return Err(Refusal::OurAddress(address.clone()));
            }
            Act::Participate(crate::model::Party { name: String::new(), address: address.clone() })
        }
        Command::Tag(words) => Act::Tag(words.clone()),
        Command::Untag(words) => Act::Untag(words.clone()),
        Command::Priority(priority) => Act::Priority(*priority),
        Command::Merge(into) => Act::Merge(*into),
        Command::Uncc(address) => Act::Leave(address.clone()),
        Command::Customer(address) => Act::Customer(address.clone()),
        Command::SameAs(address) => Act::SameAs(address.clone()),
        Command::NotSameAs(address) => Act::NotSameAs(address.clone()),
        Command::Split => Act::Split(None),
        Command::Spam => Act::Spam,
        Command::Ignore => Act::Ignore,
        // Of the agent himself, of what waits, of other tickets, or of a mail: see `desk::errand`.
        Command::Take(_)
        | Command::Ask(_)
        | Command::New(..)
        | Command::Files
        | Command::Release(_)
        | Command::Incident(_)
        | Command::Questions(_)
        | Command::Away(_)
        | Command::Back
        | Command::Send
        | Command::Canned(_)
        | Command::Stop
        | Command::Drop
        | Command::Bulk { .. }
        | Command::Without(_)
        | Command::Rights(..)
        | Command::Help => return Ok(None),
    }))
}

/// The one agent whose address or name this is, or a part of it that only he has.
pub fn agent_called(who: &str, rules: &Rules<'_>) -> Result<Address, Refusal> {
    let word = who.trim().trim_start_matches('@').to_lowercase();
    let agents = &rules.settings.agents;
    if let Some(exact) = agents.iter().find(|a| a.addresses.iter().any(|x| x.as_str() == word)) {
        return Ok(exact.address().clone());
    }
    let word = fold(&word);
    let called = |a: &&Agent| {
        fold(&a.name) == word || fold(a.first_name()) == word || a.addresses.iter().any(|x| fold(x.local()) == word)
    };
    let part = |a: &&Agent| {
        !word.is_empty()
            && (fold(&a.name).contains(&word) || a.addresses.iter().any(|x| fold(x.as_str()).contains(&word)))
    };
    let mut fitting: Vec<&Agent> = agents.iter().filter(called).collect();
    if fitting.is_empty() {
        fitting = agents.iter().filter(part).collect();
    }
    match fitting.as_slice() {
        [one] => Ok(one.address().clone()),
        [] => Err(Refusal::NoSuchAgent(who.to_owned())),
        several => {
            let people = several.iter().map(|a| format!("{} <{}>", a.name, a.address())).collect();
            Err(Refusal::Ambiguous(who.to_owned(), people))
        }
    }
}

/// What the shell does to tickets.
///
/// # Errors
/// The first reason why one of the tickets cannot be treated so; then nothing is done to any.
pub fn act(
    numbers: &[TicketNo],
    act: &Act,
    actor: &str,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Result<Vec<Change>, Refusal> {
    let mut case = Case::new(*rules, found, now);
    for number in numbers {
        case.act(*number, act, actor, None)?;
    }
    Ok(case.changes)
}

impl Case<'_> {
    /// Does one thing to one ticket. `by` is the agent, where it is one.
    pub fn act(&mut self, number: TicketNo, act: &Act, actor: &str, by: Option<&Staff<'_>>) -> Result<(), Refusal> {
        let facts = self.survivor(number).cloned().ok_or(Refusal::NoSuchTicket(number))?;
        let ticket = facts.number;
        match act {
            Act::Close => {
                // An answer that leaves in the same breath stops the clock once it is accepted; else nobody waits any more.
                let before = self.found.tickets.get(&ticket).and_then(|t| t.last_answer.as_ref());
                if facts.last_answer.as_ref() == before && facts.waiting_since.is_some() {
                    self.waiting(ticket, None);
                }
                self.set_state(ticket, State::Closed, None, actor, What::Closed);
            }
            Act::Open => {
                let what = if is_live(facts.state) { What::Open } else { What::Reopened };
                self.set_state(ticket, State::Open, None, actor, what);
                self.unblock_if_blocked(&facts, actor);
            }
            Act::Pending => self.set_state(ticket, State::Pending, None, actor, What::Pending),
            Act::Hold(until) => self.set_state(ticket, State::Held, Some(*until), actor, What::Held),
            Act::Done => {
                self.event(ticket, actor, What::Done, "");
                self.waiting(ticket, None);
                self.set_state(ticket, State::Closed, None, actor, What::Closed);
            }
            Act::Spam => {
                self.waiting(ticket, None);
                self.set_state(ticket, State::Spam, None, actor, What::Spam);
                self.block(&facts, false, actor);
            }
            Act::Ignore => {
                self.event(ticket, actor, What::Done, "");
                self.waiting(ticket, None);
                self.set_state(ticket, State::Closed, None, actor, What::Closed);
                self.block(&facts, true, actor);
            }
            Act::Unassign => {
                self.change(Change::Assign { ticket, agent: None, at: self.now });
                self.touch(ticket, |t| t.assignee = None);
                self.event(ticket, actor, What::Assigned, "nobody");
            }
            Act::Leave(address) => {
                if !facts.participants.iter().any(|p| p.address == *address) {
                    return Err(Refusal::NotThis);
                }
                self.change(Change::Leave { ticket, address: address.clone() });
                self.touch(ticket, |t| t.participants.retain(|p| p.address != *address));
                self.event(ticket, actor, What::Participant, "removed");
            }
            Act::Customer(address) => self.set_customer(&facts, address, actor)?,
            Act::SameAs(address) => self.same_as(&facts, address, actor)?,
            Act::NotSameAs(address) => self.not_same_as(&facts, address, actor)?,
            Act::Split(about) => {
                self.split(&facts, *about, actor, by)?;
            }
            Act::Called(text) => {
                if !text.is_empty() {
                    self.add_note(&facts, text, by);
                }
                self.event(ticket, actor, What::Called, "");
                self.touch(ticket, |t| t.answers += 1);
                if facts.call.is_some() {
                    self.change(Change::Call { ticket, call: None });
                    self.touch(ticket, |t| t.call = None);
                }
                self.waiting(ticket, None);
                if facts.assignee.is_none()
                    && let Some(by) = by
                {
                    self.assign(ticket, by.address(), actor);
                }
                if facts.state == State::Open {
                    self.set_state(ticket, State::Pending, None, actor, What::Pending);
                }
            }
            Act::Assign(agent) => {
                let works_here =
                    self.rules.settings.agent_of(agent).is_some_and(|a| a.mailboxes.contains(&facts.mailbox));
                if !works_here {
                    return Err(Refusal::NoSuchAgent(agent.to_string()));
                }
                self.assign(ticket, agent, actor);
                // Whoever takes it himself wants to see it now; whoever is given it may have gone home.
                if by.is_some_and(|s| s.address() == agent) {
                    self.show_unseen(ticket, agent);
                } else {
                    self.hand_over(ticket, agent, by);
                }
            }
            Act::Note { text, to } => {
                if text.trim().is_empty() {
                    return Err(Refusal::NoText);
                }
                let note = self.add_note(&facts, text, by);
                self.event(ticket, actor, What::Noted, "");
                self.tell_note(&facts, note, text, by, to.as_ref());
            }
            Act::Participate(party) => {
                if crate::desk::thread::takes_part(&facts, &party.address) {
                    return Ok(());
                }
                if facts.participants.len() >= PARTICIPANTS_MAX {
                    return Err(Refusal::TooMany);
                }
                self.change(Change::Participate { ticket, party: party.clone() });
                self.touch(ticket, |t| t.participants.push(party.clone()));
                self.event(ticket, actor, What::Participant, "added");
            }
            Act::Tag(tags) => {
                for tag in tags.iter().filter(|t| !facts.tags.contains(t)) {
                    self.change(Change::Tag { ticket, tag: tag.clone() });
                    self.event(ticket, actor, What::Tagged, tag.clone());
                }
            }
            Act::Untag(tags) => {
                for tag in tags.iter().filter(|t| facts.tags.contains(t)) {
                    self.change(Change::Untag { ticket, tag: tag.clone() });
                    self.event(ticket, actor, What::Untagged, tag.clone());
                }
            }
            Act::Priority(priority) => {
                self.change(Change::SetPriority { ticket, priority: *priority, at: self.now });
                self.touch(ticket, |t| t.priority = *priority);
                self.waiting(ticket, facts.waiting_since);
                self.event(ticket, actor, What::Prioritised, priority.as_str());
            }
            Act::Merge(into) => {
                // A ticket of another mailbox is to the agent as if it did not exist.
                let seen = |t: &&TicketFacts| by.is_none_or(|s| s.mailboxes.contains(&t.mailbox));
                if self.survivor(*into).filter(seen).is_none() {
                    return Err(Refusal::NoSuchTicket(*into));
                }
                if let Some(HeldWhy::OtherCustomer { other }) = self.merges_customers(ticket, *into) {
                    return Err(Refusal::OtherCustomer(other));
                }
                self.merge(&facts, *into, actor, by)?;
            }
            Act::MergeCustomers(into) => self.merge(&facts, *into, actor, by)?,
        }
        Ok(())
    }

    pub fn set_state(&mut self, ticket: TicketNo, state: State, hold_until: Option<Time>, actor: &str, what: What) {
        let at = self.now;
        if self.tickets.get(&ticket).is_some_and(|t| t.state == state && t.hold_until == hold_until) {
            return;
        }
        self.change(Change::SetState { ticket, state, hold_until, survivor: None, at });
        self.touch(ticket, |t| {
            t.state = state;
            t.hold_until = hold_until;
            t.closed_at = (state == State::Closed).then_some(at);
        });
        self.event(ticket, actor, what, hold_until.map(|t| t.to_string()).unwrap_or_default());
        if state == State::Closed {
            self.forget_notices(ticket);
        }
    }

    pub fn assign(&mut self, ticket: TicketNo, agent: &Address, actor: &str) {
        if self.tickets.get(&ticket).is_some_and(|t| t.assignee.as_ref() == Some(agent)) {
            return;
        }
        self.change(Change::Assign { ticket, agent: Some(agent.clone()), at: self.now });
        self.touch(ticket, |t| t.assignee = Some(agent.clone()));
        self.event(ticket, actor, What::Assigned, format!("agent:{agent}"));
    }

    /// The new assignee gets the customer's newest message, where it is at hand.
    fn hand_over(&mut self, ticket: TicketNo, agent: &Address, by: Option<&Staff<'_>>) {
        let Some(facts) = self.tickets.get(&ticket) else { return };
        let Some(last) = facts.last_in.clone() else { return };
        let Some(said) = self.found.said.get(&last.message).cloned() else { return };
        // Kept as long as somebody has not seen them.
        let kept = self.found.notices.iter().find(|n| n.message == said.no);
        let attachments = kept.map(|n| n.attachments.clone()).unwrap_or_default();
        self.notify(
            ticket,
            &News {
                message: said.no,
                reason: Reason::Assigned { by: by.map(|s| s.name.to_owned()) },
                remarks: Vec::<Remark>::new(),
                author: said.from,
                text: said.new_text,
                attachments,
                received_at: said.at,
                prefer: Some(agent.clone()),
                not_to: Vec::new(),
            },
        );
    }

    pub fn add_note(&mut self, facts: &TicketFacts, text: &str, by: Option<&Staff<'_>>) -> MessageNo {
        let no = self.next.take_message();
        let note = self.note_of(no, facts, text, by);
        self.change(Change::AddMessage(Box::new(note)));
        self.fingerprint(no, text);
        no
    }

    /// A note as it is written down.
    #[must_use]
    pub fn note_of(&self, no: MessageNo, facts: &TicketFacts, text: &str, by: Option<&Staff<'_>>) -> NewMessage {
        NewMessage {
            no,
            ticket: facts.number,
            direction: Direction::Note,
            kind: Kind::Person,
            letter: None,
            from: by.map(|s| crate::model::Party::new(s.name, s.address().clone())),
            to: Vec::new(),
            cc: Vec::new(),
            at: self.now,
            sent_at: None,
            subject: facts.subject.clone(),
            text: text.to_owned(),
            new_text: text.to_owned(),
            message_id: None,
            sameness: String::new(),
            references: Vec::new(),
            thread_index: None,
            language: None,
            agent: by.map(|s| s.address().clone()),
            counts: false,
            accepted: true,
            verified: by.is_some(),
            attachments: Vec::new(),
            defects: Vec::new(),
        }
    }

    /// A note is for the assignee, and for whoever is named; never for its writer.
    pub fn tell_note(
        &mut self,
        facts: &TicketFacts,
        no: MessageNo,
        text: &str,
        by: Option<&Staff<'_>>,
        to: Option<&Address>,
    ) {
        let Some(mailbox) = self.mailbox(&facts.mailbox) else { return };
        let mut readers: Vec<Address> = facts.assignee.iter().chain(to).cloned().collect();
        readers.sort_unstable();
        readers.dedup();
        readers.retain(|r| by.is_none_or(|s| s.address() != r));
        let of_manager = by.is_some_and(|s| s.role == crate::desk::case::Role::Manager);
        if readers.is_empty() && facts.assignee.is_none() && of_manager {
            // Nobody has taken it: who had it in turn, else everyone, or it is read by nobody.
            let works_here = |a: &&crate::config::settings::Agent| a.mailboxes.contains(&mailbox.name);
            let all = self.rules.settings.agents.iter().filter(works_here).map(|a| a.address().clone());
            readers = facts.turn_agent.as_ref().map_or_else(|| all.collect(), |a| vec![a.clone()]);
        }
        let from = match by.map(|s| s.role) {
            Some(crate::desk::case::Role::Manager) => NoteFrom::Manager,
            _ => NoteFrom::Colleague,
        };
        let told = ColleagueFacts {
            number: facts.number,
            subject: facts.subject.clone(),
            by: by.map(|s| s.name.to_owned()),
            at: self.now,
        };
        for reader in readers {
            let Some(staff) = self.rules.staff(&reader) else { continue };
            let page = note(&self.inside_voice(), &told, from, text);
            let reply = Reply::To(Token::Note { ticket: facts.number }, self.grounds(facts));
            let not_before = self.now;
            self.inside(
                mailbox,
                &staff,
                page,
                InsidePost {
                    kind: ParcelKind::Report,
                    name: mailbox.display_name.clone(),
                    ticket: Some(facts.number),
                    message: Some(no),
                    ask: None,
                    reply,
                    attachments: Vec::new(),
                    not_before,
                },
            );
        }
    }

    fn merge(
        &mut self,
        facts: &TicketFacts,
        into: TicketNo,
        actor: &str,
        by: Option<&Staff<'_>>,
    ) -> Result<(), Refusal> {
        let seen = |t: &TicketFacts| by.is_none_or(|s| s.mailboxes.contains(&t.mailbox));
        let survivor = self.survivor(into).cloned().filter(seen).ok_or(Refusal::NoSuchTicket(into))?;
        if survivor.number == facts.number || facts.state == State::Merged {
            return Err(Refusal::NotThis);
        }
        let since = match (facts.waiting_since, survivor.waiting_since) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.waiting(facts.number, None);
        self.change(Change::SetState {
            ticket: facts.number,
            state: State::Merged,
            hold_until: None,
            survivor: Some(survivor.number),
            at: self.now,
        });
        self.touch(facts.number, |t| {
            t.state = State::Merged;
            t.survivor = Some(survivor.number);
        });
        self.merge_incidents(facts.number, survivor.number);
        self.event(facts.number, actor, What::Merged, format!("into #{}", survivor.number));
        self.event(survivor.number, actor, What::Merged, format!("from #{}", facts.number));
        if let (Some(call), None) = (&facts.call, &survivor.call) {
            self.change(Change::Call { ticket: survivor.number, call: Some(call.clone()) });
            let call = call.clone();
            self.touch(survivor.number, |t| t.call = Some(call));
        }
        if since.is_some() {
            if matches!(survivor.state, State::Closed | State::Pending) {
                let what = if is_live(survivor.state) { What::Open } else { What::Reopened };
                self.set_state(survivor.number, State::Open, None, actor, what);
            }
            self.waiting(survivor.number, since);
        }
        Ok(())
    }
}
