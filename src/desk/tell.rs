//! Who is told what: notifications in turn, and every other mail to agents and managers.

use crate::config::settings::{Agent, Mailbox, Mode, Notify};
use crate::desk::case::{Case, Post, Rules, Staff};
use crate::desk::say::manager::{ManagerNews, to_manager};
use crate::desk::say::notification::{
    LastAnswer, Matter, NotificationFacts, Reason, Remark, Tap, TapWord, TicketLine, notification, sender_name,
};
use crate::desk::say::{Page, subject};
use crate::desk::sign::{Grounds, Token};
use crate::mail::compose::AutoSubmitted;
use crate::model::{
    Address, AskNo, MessageNo, NoticeKind, ParcelKind, ParcelNo, Party, Priority, State, TicketNo, Time,
};
use crate::plan::incident::Woken;
use crate::plan::{AttachmentRow, Change, TicketFacts, What};

/// One message that agents are to hear of.
#[derive(Clone, Debug)]
pub struct News {
    pub message: MessageNo,
    pub reason: Reason,
    pub remarks: Vec<Remark>,
    pub author: Option<Party>,
    pub text: String,
    pub attachments: Vec<AttachmentRow>,
    pub received_at: Time,
    /// The agent who has to do with it, though the ticket does not say so.
    pub prefer: Option<Address>,
    /// First addresses of agents who are passed over.
    pub not_to: Vec<Address>,
}

/// Where a reply to a mail of ours goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    To(Token, Grounds),
    /// `support+desk@`
    Desk,
}

/// An agent to whom a mail came back is passed over for so long, where there is another.
const UNREACHABLE_S: i64 = Time::DAY;
/// What is remembered of such an agent; see `Change::Told`.
const CAME_BACK: &str = "mail-came-back";
/// Whoever is away for longer has not said when he will be back.
const AWAY_FOR_GOOD_S: i64 = 1000 * Time::DAY;

/// When an agent can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    Now,
    From(Time),
}

impl<'a> Case<'a> {
    /// The agents of a mailbox and from when on they are on duty, in the configuration's order; without those who are away and
    /// have not said until when.
    #[must_use]
    pub fn agents_of(&self, mailbox: &Mailbox) -> Vec<(&'a Agent, Duty)> {
        let agents = self.rules.settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name));
        agents.filter_map(|a| Some((a, self.duty(a, mailbox)?))).collect()
    }

    #[must_use]
    pub fn duty(&self, agent: &Agent, mailbox: &Mailbox) -> Option<Duty> {
        let hours = self.rules.settings.hours_of(agent, mailbox)?;
        let away = self.found.agents.get(agent.address()).and_then(|a| a.away_until).filter(|t| *t > self.now);
        match away {
            Some(until) if until.since(self.now) > AWAY_FOR_GOOD_S => None,
            None if hours.is_open(self.now) => Some(Duty::Now),
            _ => hours.next_open(away.unwrap_or(self.now)).map(Duty::From),
        }
    }

    /// From when on an agent may be told of something; `None`: he is away and has not said until when.
    #[must_use]
    pub fn told_from(&self, agent: &Agent, mailbox: &Mailbox) -> Option<Time> {
        self.duty(agent, mailbox).map(|duty| match duty {
            Duty::Now => self.now,
            Duty::From(time) => time,
        })
    }

    /// Whether mail to an agent came back lately.
    #[must_use]
    pub fn is_unreachable(&self, agent: &Address) -> bool {
        let last = self.found.told.get(&(agent.clone(), CAME_BACK.to_owned()));
        last.is_some_and(|t| self.now.since(*t) < UNREACHABLE_S)
    }

    /// Mail to an agent came back: others are asked before him for a day.
    pub fn note_unreachable(&mut self, agent: &Address) {
        self.change(Change::Told { to: agent.clone(), topic: CAME_BACK.to_owned(), at: self.now });
    }

    /// Tells the agents whose turn it is. `false` if nobody could be told.
    pub fn notify(&mut self, ticket: TicketNo, news: &News) -> bool {
        let settings = self.rules.settings;
        let Some(facts) = self.tickets.get(&ticket).cloned() else { return false };
        let Some(mailbox) = self.mailbox(&facts.mailbox) else { return false };
        self.wake(ticket, Woken::Over);
        if mailbox.mode == Mode::Watch || mailbox.notify == Notify::None {
            return true;
        }
        let mut agents = self.agents_of(mailbox);
        agents.retain(|(a, _)| !news.not_to.contains(a.address()));
        let reachable: Vec<_> = agents.iter().filter(|(a, _)| !self.is_unreachable(a.address())).copied().collect();
        let agents = if reachable.is_empty() { agents } else { reachable };
        if mailbox.notify == Notify::All {
            for (agent, duty) in &agents {
                self.notification(mailbox, agent, *duty, &facts, news, &[]);
            }
            return !agents.is_empty();
        }
        let Some((agent, duty)) = self.in_turn(&agents, &facts, news) else {
            let names = settings
                .agents
                .iter()
                .filter(|a| a.mailboxes.contains(&mailbox.name))
                .map(|a| a.name.clone())
                .collect();
            self.tell_managers(
                mailbox,
                Some(ticket),
                "nobody",
                Time::HOUR,
                &ManagerNews::NobodyOnDuty { agents: names },
            );
            return false;
        };
        let stands_in = facts.assignee.as_ref().filter(|a| *a != agent.address()).and_then(|a| settings.agent_of(a));
        let remark = stands_in.map(|a| Remark::StandsInFor { colleague: a.name.clone() });
        self.notification(mailbox, agent, duty, &facts, news, remark.as_slice());
        if facts.turn_agent.as_ref() != Some(agent.address()) || news.reason == Reason::New {
            self.change(Change::Turn { ticket, agent: agent.address().clone(), at: self.now });
            let agent = agent.address().clone();
            self.touch(ticket, |t| t.turn_agent = Some(agent));
        }
        true
    }

    /// The ticket's own agent if he is on duty; else who on duty has waited longest for a new matter; else who is there first.
    #[must_use]
    pub fn in_turn<'b>(
        &self,
        agents: &[(&'b Agent, Duty)],
        facts: &TicketFacts,
        news: &News,
    ) -> Option<(&'b Agent, Duty)> {
        let own = facts.assignee.as_ref().or(facts.turn_agent.as_ref()).or(news.prefer.as_ref());
        let of = |address: &Address| agents.iter().find(|(a, _)| a.address() == address);
        if let Some((agent, Duty::Now)) = own.and_then(of) {
            return Some((agent, Duty::Now));
        }
        let waited = |a: &Agent| self.found.agents.get(a.address()).and_then(|f| f.last_turn_at);
        if let Some(free) = agents.iter().filter(|(_, d)| *d == Duty::Now).min_by_key(|(a, _)| waited(a)) {
            return Some(*free);
        }
        // Nobody is there: whoever is first, and of several the ticket's own.
        let is_own = |a: &Agent| own == Some(a.address());
        agents.iter().min_by_key(|(a, d)| (*d, !is_own(a), waited(a))).copied()
    }

    /// A customer's message goes to an agent: at once, when his hours begin, or in a list.
    pub fn notification(
        &mut self,
        mailbox: &Mailbox,
        agent: &Agent,
        duty: Duty,
        facts: &TicketFacts,
        news: &News,
        more: &[Remark],
    ) {
        let mut news = news.clone();
        news.remarks.extend_from_slice(more);
        // Whoever replies to an incident's text asks for a person: she comes before the lists.
        let comes_first = news.remarks.iter().any(|r| matches!(r, Remark::IncidentReplied { .. }));
        let priority = if comes_first { Priority::Urgent } else { facts.priority };
        let later = match duty {
            Duty::From(time) => Some((time, false)),
            Duty::Now => self.gathers(mailbox, agent.address(), NoticeKind::Message, priority).map(|t| (t, true)),
        };
        match later {
            Some((due_at, gathered)) => self.defer(agent.address(), facts, &news, due_at, gathered),
            None => self.show(mailbox, agent, facts, &news),
        }
    }

    /// The notification itself, now.
    pub fn show(&mut self, mailbox: &Mailbox, agent: &Agent, facts: &TicketFacts, news: &News) {
        let not_before = self.now;
        let settings = self.rules.settings;
        let voice = self.inside_voice();
        let size: i64 = news.attachments.iter().map(|a| a.size).sum();
        let fits = size <= i64::try_from(settings.limits.attachments_up_to_bytes).unwrap_or(i64::MAX);
        let (attachments, left_out) = if fits {
            (news.attachments.clone(), Vec::new())
        } else {
            (Vec::new(), news.attachments.iter().map(|a| (a.name.clone(), a.size)).collect())
        };
        let sees = |t: &&TicketFacts| agent.mailboxes.contains(&t.mailbox) && t.number != facts.number;
        let lines = |numbers: &[TicketNo]| -> Vec<TicketLine> {
            numbers.iter().filter_map(|n| self.tickets.get(n)).filter(sees).take(5).map(line).collect()
        };
        let last_answer =
            facts.last_answer.as_ref().filter(|a| a.agent.as_ref() != Some(agent.address())).map(|a| LastAnswer {
                by: a.agent.as_ref().and_then(|x| settings.agent_of(x)).map(|x| x.name.clone()),
                at: a.at,
                text: a.text.clone(),
            });
        let facts_told = NotificationFacts {
            number: facts.number,
            subject: facts.subject.clone(),
            reason: news.reason.clone(),
            author: news.author.clone(),
            mailbox: mailbox.address.clone(),
            received_at: news.received_at,
            due_at: facts.due_at,
            call: facts.waiting_since.and_then(|s| facts.wanted_call(s)).cloned(),
            remarks: news.remarks.iter().filter_map(|r| self.seen_by(agent, r)).collect(),
            text: news.text.clone(),
            copies: facts.participants.clone(),
            attachments: attachments.clone(),
            left_out,
            last_answer,
            history: lines(&self.found.senders_tickets),
            related: lines(&facts.related),
            alike: self.alike_to(agent, facts),
            canned: self.canned_for(mailbox, agent, facts, news),
            taps: self.taps(mailbox, agent, facts, news),
        };
        let page = notification(&voice, &facts_told);
        let name = sender_name(&voice, &mailbox.display_name, facts.due_at);
        let staff = Rules::of_agent(agent);
        let reply = Reply::To(Token::Answer { ticket: facts.number }, self.grounds(facts));
        let rows = attachments.into_iter().map(|a| AttachmentRow { inline: false, content_id: None, ..a }).collect();
        let sent = self.inside(
            mailbox,
            &staff,
            page,
            InsidePost {
                kind: ParcelKind::Notify,
                name,
                ticket: Some(facts.number),
                message: Some(news.message),
                ask: None,
                reply,
                attachments: rows,
                not_before,
            },
        );
        if sent.is_some() {
            self.event(facts.number, "svar", What::Notified, format!("message {} to {}", news.message, staff.actor()));
        }
    }

    /// A ticket of a mailbox that the agent does not work in is to him as if it did not exist.
    fn may_see(&self, agent: &Agent, remark: &Remark) -> bool {
        let (Remark::SameMatter(number)
        | Remark::NamesTicket(number)
        | Remark::Continues(number)
        | Remark::MergedFrom(number)) = remark
        else {
            return true;
        };
        self.tickets.get(number).is_some_and(|t| agent.mailboxes.contains(&t.mailbox))
    }

    /// As much of a remark as the agent may know.
    fn seen_by(&self, agent: &Agent, remark: &Remark) -> Option<Remark> {
        match remark {
            Remark::SameOrder { order, matters } => {
                let seen = |m: &&Matter| agent.mailboxes.contains(&m.mailbox);
                let matters: Vec<Matter> = matters.iter().filter(seen).cloned().collect();
                (!matters.is_empty()).then(|| Remark::SameOrder { order: order.clone(), matters })
            }
            remark => self.may_see(agent, remark).then(|| remark.clone()),
        }
    }

    fn taps(&self, mailbox: &Mailbox, agent: &Agent, facts: &TicketFacts, news: &News) -> Vec<Tap> {
        let same = news.remarks.iter().filter(|r| self.may_see(agent, r)).find_map(|r| match r {
            Remark::SameMatter(other) => Some((TapWord::Merge, format!("merge{other}"))),
            _ => None,
        });
        let always = [
            (TapWord::Take, "take"),
            (TapWord::Close, "close"),
            (TapWord::HoldTomorrow, "hold"),
            (TapWord::Spam, "spam"),
        ];
        let commands = always.into_iter().map(|(what, word)| (what, word.to_owned())).chain(same);
        self.one_taps(mailbox, agent.address(), facts, commands.collect())
    }

    /// Links of one command each, good for this ticket and this person. None where the mailbox knows no plus addresses.
    #[must_use]
    pub fn one_taps(
        &self,
        mailbox: &Mailbox,
        person: &Address,
        facts: &TicketFacts,
        commands: Vec<(TapWord, String)>,
    ) -> Vec<Tap> {
        if !mailbox.plus_addressing {
            return Vec::new();
        }
        let link = |(what, command)| {
            let token = Token::OneTap { ticket: facts.number, command };
            let detail = self.rules.key.detail(self.found.epoch, &token, person, self.grounds(facts));
            Tap { what, to: mailbox.address.with_detail(&detail) }
        };
        commands.into_iter().map(link).collect()
    }

    /// Writes a mail to one of us.
    pub fn inside(&mut self, mailbox: &Mailbox, staff: &Staff<'_>, page: Page, post: InsidePost) -> Option<ParcelNo> {
        let domain = mailbox.address.domain();
        let root = post.ticket.map(|t| format!("svar.ticket.{}.{t}@{domain}", self.found.epoch));
        let reply_to = match &post.reply {
            _ if !mailbox.plus_addressing => mailbox.address.clone(),
            Reply::To(token, grounds) => {
                mailbox.address.with_detail(&self.rules.key.detail(self.found.epoch, token, staff.address(), *grounds))
            }
            Reply::Desk => mailbox.address.with_detail("desk"),
        };
        let called = post.ticket.map_or_else(|| "svar".to_owned(), |t| format!("#{t} (svar)"));
        self.post(
            mailbox,
            Post {
                kind: post.kind,
                ticket: post.ticket,
                message: post.message,
                agent: Some(staff.address().clone()),
                ask: post.ask,
                from: Party::new(&post.name, mailbox.notify_from.clone()),
                to: vec![Party::new(staff.name, staff.address().clone())],
                cc: Vec::new(),
                reply_to: Some(Party::new(&called, reply_to)),
                subject: page.subject,
                text: page.text,
                html: Some(page.html),
                in_reply_to: root.clone(),
                references: root.into_iter().collect(),
                auto: Some(AutoSubmitted::Generated),
                attachments: post.attachments,
                not_before: post.not_before,
            },
        )
    }

    /// A mail to one of us that a reply commands the desk by: held, refused, undeliverable and the like.
    pub fn tell(
        &mut self,
        mailbox: &Mailbox,
        staff: &Staff<'_>,
        page: Page,
        ticket: Option<TicketNo>,
        ask: Option<AskNo>,
    ) -> Option<ParcelNo> {
        let facts = ticket.and_then(|t| self.tickets.get(&t));
        let reply = match (ask, facts) {
            (Some(ask), _) => Reply::To(Token::Confirm { ask }, Grounds { created_at: self.now, serial: 0 }),
            (None, Some(facts)) => Reply::To(Token::Desk { ticket: facts.number }, self.grounds(facts)),
            (None, None) => Reply::Desk,
        };
        let name = mailbox.display_name.clone();
        let not_before = self.now;
        self.inside(
            mailbox,
            staff,
            page,
            InsidePost {
                kind: ParcelKind::Confirm,
                name,
                ticket,
                message: None,
                ask,
                reply,
                attachments: Vec::new(),
                not_before,
            },
        )
    }

    /// Tells every manager of the mailbox, each at most once in `every_s` of one topic. A reply is a note to the assignee.
    pub fn tell_managers(
        &mut self,
        mailbox: &Mailbox,
        ticket: Option<TicketNo>,
        topic: &str,
        every_s: i64,
        news: &ManagerNews,
    ) {
        for manager in self.rules.settings.managers.iter().filter(|m| m.mailboxes.contains(&mailbox.name)) {
            let staff = Staff::of_manager(manager);
            if !self.may_tell(staff.address(), topic, every_s) {
                continue;
            }
            let facts = ticket.and_then(|t| self.tickets.get(&t));
            let named = facts.map(|t| (t.number, t.subject.as_str()));
            let page = to_manager(&self.inside_voice(), named, news);
            let reply = facts.map_or(Reply::Desk, |t| Reply::To(Token::Note { ticket: t.number }, self.grounds(t)));
            let not_before = self.now;
            self.inside(
                mailbox,
                &staff,
                page,
                InsidePost {
                    kind: ParcelKind::Report,
                    name: mailbox.display_name.clone(),
                    ticket,
                    message: None,
                    ask: None,
                    reply,
                    attachments: Vec::new(),
                    not_before,
                },
            );
        }
    }
}

/// What a mail to one of us needs besides its page.
#[derive(Clone, Debug)]
pub struct InsidePost {
    pub kind: ParcelKind,
    /// The sender's display name.
    pub name: String,
    pub ticket: Option<TicketNo>,
    pub message: Option<MessageNo>,
    pub ask: Option<AskNo>,
    pub reply: Reply,
    pub attachments: Vec<AttachmentRow>,
    pub not_before: Time,
}

impl InsidePost {
    /// What belongs to no ticket: a reply to it commands the desk.
    #[must_use]
    pub fn report(mailbox: &Mailbox, not_before: Time) -> Self {
        Self {
            kind: ParcelKind::Report,
            name: mailbox.display_name.clone(),
            ticket: None,
            message: None,
            ask: None,
            reply: Reply::Desk,
            attachments: Vec::new(),
            not_before,
        }
    }
}

/// A ticket in one line: number, date, state, subject, never text.
fn line(ticket: &TicketFacts) -> TicketLine {
    TicketLine {
        number: ticket.number,
        at: ticket.last_in.as_ref().map_or(ticket.created_at, |l| l.at),
        state: ticket.state,
        subject: ticket.subject.clone(),
    }
}

/// Whether a ticket still waits for somebody.
#[must_use]
pub fn is_live(state: State) -> bool {
    matches!(state, State::Open | State::Pending | State::Held)
}

/// The subject of a mail to a customer.
#[must_use]
pub fn customer_subject(ticket: &TicketFacts) -> String {
    let own = ticket.last_in.as_ref().map_or(ticket.subject.as_str(), |l| l.subject.as_str());
    subject::for_customer(ticket.number, own)
}
