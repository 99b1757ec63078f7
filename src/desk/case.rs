//! One decision in the making: what was found, what was decided so far, and the few verbs that every rule uses.

use std::collections::BTreeMap;

use crate::config::settings::{Agent, Mailbox, Manager, Mode, NullSender, Outlet, Settings};
use crate::desk::canned::Library;
use crate::desk::pace::Pace;
use crate::desk::say::Voice;
use crate::desk::sign::{Grounds, Key};
use crate::mail::compose::{AutoSubmitted, Draft, compose};
use crate::model::{Address, AskNo, MessageNo, ParcelKind, ParcelNo, Party, TicketNo, Time};
use crate::plan::{AttachmentRow, Change, Event, Findings, Next, Parcel, Route, Sender, TicketFacts, What};

/// What does not change from letter to letter.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    pub settings: &'a Settings,
    pub key: &'a Key,
    pub library: &'a Library,
}

/// One of us: an agent, or a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staff<'a> {
    pub name: &'a str,
    /// The first gets mail, all are accepted.
    pub addresses: &'a [Address],
    pub mailboxes: &'a [String],
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Agent,
    Manager,
}

impl<'a> Staff<'a> {
    #[must_use]
    pub fn of_manager(manager: &'a Manager) -> Self {
        Self { name: &manager.name, addresses: &manager.addresses, mailboxes: &manager.mailboxes, role: Role::Manager }
    }

    #[must_use]
    pub fn address(&self) -> &'a Address {
        &self.addresses[0]
    }

    /// How events name him.
    #[must_use]
    pub fn actor(&self) -> String {
        match self.role {
            Role::Agent => format!("agent:{}", self.address()),
            Role::Manager => format!("manager:{}", self.address()),
        }
    }
}

impl<'a> Rules<'a> {
    /// The agent, else the manager, to whom the address belongs.
    #[must_use]
    pub fn staff(&self, address: &Address) -> Option<Staff<'a>> {
        let agent = self.settings.agent_of(address).map(Self::of_agent);
        agent.or_else(|| self.settings.manager_of(address).map(Staff::of_manager))
    }

    #[must_use]
    pub fn of_agent(agent: &'a Agent) -> Staff<'a> {
        Staff { name: &agent.name, addresses: &agent.addresses, mailboxes: &agent.mailboxes, role: Role::Agent }
    }

    /// Whether a mail is managers' mail: all that leaves a mailbox that only watches. An agent who is a manager, too, gets what
    /// managers get, and nothing that is for agents.
    #[must_use]
    pub fn is_for_managers<'b>(&self, kind: ParcelKind, mut to: impl Iterator<Item = &'b Address>) -> bool {
        matches!(kind, ParcelKind::Report | ParcelKind::Confirm) && to.all(|a| self.settings.manager_of(a).is_some())
    }

    #[must_use]
    pub fn is_ours(&self, address: &Address) -> bool {
        self.settings.mailbox_of(address).is_some()
    }
}

/// A mail to be written; what is the same for all mails is added by [`Case::post`].
#[derive(Clone, Debug)]
pub struct Post {
    pub kind: ParcelKind,
    pub ticket: Option<TicketNo>,
    pub message: Option<MessageNo>,
    pub agent: Option<Address>,
    pub ask: Option<AskNo>,
    pub from: Party,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub reply_to: Option<Party>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub auto: Option<AutoSubmitted>,
    pub attachments: Vec<AttachmentRow>,
    pub not_before: Time,
}

/// A point in a decision.
#[derive(Clone, Debug)]
pub struct Mark {
    changes: usize,
    tickets: BTreeMap<TicketNo, TicketFacts>,
    paces: BTreeMap<Address, Pace>,
    next: Next,
}

/// One decision in the making.
#[derive(Debug)]
pub struct Case<'a> {
    pub rules: Rules<'a>,
    pub found: &'a Findings,
    pub now: Time,
    pub next: Next,
    /// The tickets as they are after the changes so far.
    pub tickets: BTreeMap<TicketNo, TicketFacts>,
    /// How much each of us has been told of late, this decision included.
    pub paces: BTreeMap<Address, Pace>,
    pub changes: Vec<Change>,
    /// It is about mail that is long past: nobody is told, nothing is sent.
    pub quiet: bool,
}

impl<'a> Case<'a> {
    #[must_use]
    pub fn new(rules: Rules<'a>, found: &'a Findings, now: Time) -> Self {
        Self {
            rules,
            found,
            now,
            next: found.next,
            tickets: found.tickets.clone(),
            paces: BTreeMap::new(),
            changes: Vec::new(),
            quiet: false,
        }
    }

    pub fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Where the decision stands, to come back to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { changes: self.changes.len(), tickets: self.tickets.clone(), paces: self.paces.clone(), next: self.next }
    }

    /// Forgets everything that was decided since.
    pub fn undo(&mut self, mark: Mark) {
        self.changes.truncate(mark.changes);
        self.tickets = mark.tickets;
        self.paces = mark.paces;
        self.next = mark.next;
    }

    pub fn event(&mut self, ticket: TicketNo, actor: &str, what: What, detail: impl Into<String>) {
        let event = Event { ticket, at: self.now, actor: actor.to_owned(), what, detail: detail.into() };
        self.changes.push(Change::Event(event));
    }

    /// Changes the working copy of a ticket, if it is known.
    pub fn touch(&mut self, ticket: TicketNo, change: impl FnOnce(&mut TicketFacts)) {
        if let Some(facts) = self.tickets.get_mut(&ticket) {
            change(facts);
            facts.updated_at = self.now;
        }
    }

    #[must_use]
    pub fn mailbox(&self, name: &str) -> Option<&'a Mailbox> {
        self.rules.settings.mailbox(name)
    }

    /// Whether this database has the mail of which something signed by us speaks.
    #[must_use]
    pub fn is_on_record(&self, signed: (i64, ParcelNo)) -> bool {
        self.found.parcels.iter().any(|p| self.rules.key.is_that_parcel(signed, p.no, &p.message_id))
    }

    /// The ticket itself, or the one that it was merged into.
    #[must_use]
    pub fn survivor(&self, ticket: TicketNo) -> Option<&TicketFacts> {
        let facts = self.tickets.get(&ticket)?;
        match facts.survivor {
            Some(survivor) => self.tickets.get(&survivor),
            None => Some(facts),
        }
    }

    #[must_use]
    pub fn voice(&self, language: &'a str, now: Time) -> Voice<'a> {
        let desk = &self.rules.settings.desk;
        Voice { language, zone: &desk.time_zone, now, desk: &desk.name }
    }

    /// The voice in which agents and managers are spoken to.
    #[must_use]
    pub fn inside_voice(&self) -> Voice<'a> {
        self.voice(&self.rules.settings.desk.language, self.now)
    }

    #[must_use]
    pub fn grounds(&self, ticket: &TicketFacts) -> Grounds {
        Grounds { created_at: ticket.created_at, serial: ticket.serial }
    }

    /// When an answer to a message received at `since` is due.
    #[must_use]
    pub fn due(&self, ticket: &TicketFacts, since: Time) -> Option<Time> {
        if let Some(call) = ticket.wanted_call(since) {
            return Some(call.at);
        }
        let mailbox = self.mailbox(&ticket.mailbox)?;
        let sla = self.rules.settings.sla_of(mailbox, ticket.priority)?;
        let target_s = if ticket.answers == 0 { sla.first_response_s } else { sla.next_response_s };
        self.rules.settings.calendar_of(mailbox)?.add(since, target_s)
    }

    /// Sets or clears the oldest unanswered message of a ticket.
    pub fn waiting(&mut self, ticket: TicketNo, since: Option<Time>) {
        let due = since.and_then(|s| self.tickets.get(&ticket).and_then(|t| self.due(t, s)));
        self.touch(ticket, |t| {
            t.waiting_since = since;
            t.due_at = due;
        });
        self.change(Change::Waiting { ticket, since, due });
        if since.is_none() {
            self.forget_notices(ticket);
        }
    }

    /// Writes a mail into the outbox, in the name of `mailbox`. `None` where a watching mailbox may not send it.
    pub fn post(&mut self, mailbox: &Mailbox, post: Post) -> Option<ParcelNo> {
        let recipients = post.to.iter().chain(&post.cc).map(|p| &p.address);
        if self.quiet || (mailbox.mode == Mode::Watch && !self.rules.is_for_managers(post.kind, recipients)) {
            return None;
        }
        let (epoch, key) = (self.found.epoch, self.rules.key);
        let no = self.next.take_parcel();
        let message_id = key.message_id(epoch, no, mailbox.address.domain());
        let mut headers = vec![("X-Svar-Id".to_owned(), key.svar_id(epoch, no))];
        let by_person = matches!(post.kind, ParcelKind::Answer | ParcelKind::Ask | ParcelKind::Bulk);
        let inside = !by_person && post.kind != ParcelKind::Acknowledge;
        if let Some(ticket) = post.ticket.filter(|_| inside) {
            headers.push(("X-Svar-Ticket".to_owned(), ticket.to_string()));
        }
        if post.kind == ParcelKind::Acknowledge {
            headers.push(("X-Auto-Response-Suppress".to_owned(), "All".to_owned()));
        }
        let recipients: Vec<Address> = post.to.iter().chain(&post.cc).map(|p| p.address.clone()).collect();
        let segments = compose(&Draft {
            from: post.from,
            to: post.to,
            cc: post.cc,
            reply_to: post.reply_to,
            subject: post.subject,
            date: self.now,
            zone: self.rules.settings.desk.time_zone.clone(),
            message_id: message_id.clone(),
            in_reply_to: post.in_reply_to,
            references: post.references,
            auto_submitted: post.auto,
            headers,
            text: post.text,
            html: post.html,
            attachments: post.attachments,
            attached_mails: Vec::new(),
        });
        let bounces = if mailbox.plus_addressing {
            mailbox.address.with_detail(&key.bounce_detail(epoch, no))
        } else {
            mailbox.address.clone()
        };
        let never_null = matches!(&mailbox.outlet, Outlet::Smtp { null_sender: NullSender::Never, .. });
        let sender = if post.kind == ParcelKind::Acknowledge && !never_null {
            Sender::Null { or: bounces }
        } else {
            Sender::Address(bounces)
        };
        self.change(Change::Enqueue(Box::new(Parcel {
            no,
            kind: post.kind,
            ticket: post.ticket,
            message: post.message,
            agent: post.agent,
            ask: post.ask,
            mailbox: mailbox.name.clone(),
            route: if inside { Route::Notify } else { Route::Mailbox },
            sender,
            recipients,
            message_id,
            segments,
            not_before: post.not_before,
            keep_in_sent: by_person,
            created_at: self.now,
        })));
        Some(no)
    }

    /// Whether `to` may be told of `topic` again, `every_s` seconds after the last time; if so, that is written down.
    pub fn may_tell(&mut self, to: &Address, topic: &str, every_s: i64) -> bool {
        let last = self.found.told.get(&(to.clone(), topic.to_owned()));
        let just_now = |c: &Change| matches!(c, Change::Told { to: t, topic: s, .. } if t == to && s == topic);
        if last.is_some_and(|t| self.now.since(*t) < every_s) || self.changes.iter().any(just_now) {
            return false;
        }
        self.change(Change::Told { to: to.clone(), topic: topic.to_owned(), at: self.now });
        true
    }
}
