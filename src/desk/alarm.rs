//! Alarms: clocks that come near their target, or are past it. Each once a clock, within the ticket's opening hours.

use std::collections::BTreeSet;

use crate::config::settings::{Agent, Mailbox, Mode, Sla};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::breach::{BreachFacts, breach};
use crate::desk::say::notification::Reason;
use crate::desk::sign::Token;
use crate::desk::tell::{Duty, InsidePost, News, Reply, is_live};
use crate::model::{Address, AlarmStage, MessageNo, NoticeKind, ParcelKind, TicketNo, Time, Wait};
use crate::plan::{Alarm, Change, Findings, Said, TicketFacts, What};
use crate::sla::alarm::Marks;
use crate::sla::clock::{Clock, ClockKind};

/// A ticket whose clocks are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub ticket: TicketNo,
    /// As they stand now.
    pub clocks: &'a [Clock],
    /// What the customer has written since she waits, oldest first.
    pub unanswered: &'a [MessageNo],
    /// Until when the customer was promised an answer.
    pub promised_at: Option<Time>,
}

/// A wished call is warned of so long before.
pub const CALL_WARN_S: i64 = 15 * Time::MINUTE;
/// An answer that is on its way to SMTP is waited for so long before somebody is warned.
const UNDER_WAY_S: i64 = 5 * Time::MINUTE;

/// Raises what alarm is due about a ticket, and says when to look again.
#[must_use]
pub fn look(look: &Look<'_>, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let next = case.tickets.get(&look.ticket).cloned().and_then(|facts| case.judge_clocks(look, &facts));
    // It can only be later; if it is not, that is a bug, and no reason to do nothing else.
    let at = next.map(|t| if t > now { t } else { now.plus(Time::MINUTE) });
    case.change(Change::LookAt { ticket: look.ticket, at });
    case.changes
}

/// One clock about which alarm is raised.
struct Raised<'a> {
    facts: &'a TicketFacts,
    mailbox: &'a Mailbox,
    clock: &'a Clock,
    wait: Wait,
    target_s: i64,
    /// When the customer wants to be called.
    call_at: Option<Time>,
    /// Half of the rest has passed, or all of it.
    is_wide: bool,
    /// An answer is written that SMTP has not accepted yet.
    under_way: bool,
    /// The customer's newest message.
    message: MessageNo,
    text: String,
}

/// What came of a warning.
enum Warned {
    /// This agent alone knows.
    One(Address),
    All,
    /// Nobody is there, or an answer is on its way.
    Later(Time),
}

impl<'a> Case<'a> {
    /// When to look again; `None`: nothing runs about which alarm could be raised.
    fn judge_clocks(&mut self, look: &Look<'_>, facts: &TicketFacts) -> Option<Time> {
        let settings = self.rules.settings;
        // As long as an incident's text stands for an answer, nobody is alarmed singly.
        if self.quiet_link(look.ticket).is_some() {
            return None;
        }
        let mailbox = self.mailbox(&facts.mailbox).filter(|_| is_live(facts.state))?;
        let sla = settings.sla_of(mailbox, facts.priority)?;
        let calendar = settings.calendar_of(mailbox)?;
        let message = facts.last_in.as_ref()?.message;
        let mut next = self.judge_promise(look, facts, mailbox);
        let mut later = |at: Time| next = Some(next.map_or(at, |n| n.min(at)));
        for clock in look.clocks.iter().filter(|c| sla.warned.iter().any(|w| w == c.kind.as_str())) {
            let target_s = sla.targets().of(clock.kind);
            let marks = Marks::of(sla.warn_at, target_s);
            let wait = if clock.kind == ClockKind::Resolution { Wait::Resolution } else { Wait::Response };
            let call = facts.waiting_since.and_then(|s| facts.wanted_call(s)).filter(|_| wait == Wait::Response);
            let call_at = call.map(|c| c.at);
            // Who wants to be called waits for that. The target stays what it is.
            let now = self.now;
            let reached = |stage: AlarmStage, open_s: i64| {
                let at = clock.reaches(open_s, calendar, now)?;
                Some(match (call_at, stage) {
                    (Some(call), AlarmStage::Warning) => call.plus(-CALL_WARN_S).max(clock.started_at),
                    (Some(call), AlarmStage::Widened) => call.plus(-CALL_WARN_S / 2).max(clock.started_at),
                    (Some(call), _) => at.max(call.plus(1)),
                    (None, _) => at,
                })
            };
            let raised = Raised {
                facts,
                mailbox,
                clock,
                wait,
                target_s,
                call_at,
                is_wide: reached(AlarmStage::Widened, marks.widened_s).is_some_and(|t| t <= self.now),
                under_way: facts.last_answer.as_ref().is_some_and(|a| a.message > message),
                message,
                text: self.unanswered_text(look, message),
            };
            // A clock whose start has moved back since is the same one.
            let of_clock = |a: &&Alarm| a.wait == wait && a.started_at >= clock.started_at;
            let mut done: BTreeSet<AlarmStage> = self.found.alarms.iter().filter(of_clock).map(|a| a.stage).collect();
            let stages = [
                (AlarmStage::Warning, marks.warning_s),
                (AlarmStage::Widened, marks.widened_s),
                (AlarmStage::Breach, marks.breach_s),
            ];
            for (stage, at_s) in stages {
                let Some(at) = reached(stage, at_s).filter(|_| !done.contains(&stage)) else {
                    continue;
                };
                if at > self.now {
                    later(at);
                } else if !calendar.is_open(self.now) {
                    calendar.next_open(self.now).into_iter().for_each(&mut later);
                } else if stage != AlarmStage::Breach && mailbox.mode == Mode::Watch {
                    // Agents get nothing; nor shall a desk that begins later catch up on it.
                    self.raised(&raised, stage, None);
                    done.insert(stage);
                } else if stage == AlarmStage::Breach {
                    self.escalate(&raised, sla);
                    self.raised(&raised, stage, None);
                } else {
                    match self.warn(&raised, stage) {
                        Warned::Later(at) => {
                            later(at);
                            // The wider circle is not told before the narrower one.
                            done.insert(AlarmStage::Widened);
                        }
                        Warned::One(agent) => self.raised(&raised, stage, Some(agent)),
                        Warned::All => {
                            self.raised(&raised, stage, None);
                            if done.insert(AlarmStage::Widened) && stage == AlarmStage::Warning {
                                self.raised(&raised, AlarmStage::Widened, None);
                            }
                        }
                    }
                }
            }
        }
        next
    }

    fn raised(&mut self, raised: &Raised<'_>, stage: AlarmStage, person: Option<Address>) {
        let alarm = Alarm { wait: raised.wait, started_at: raised.clock.started_at, stage, person };
        self.change(Change::Alarmed { ticket: raised.facts.number, alarm, at: self.now });
    }

    /// What the customer has written since she waits; each with its time, where there are several.
    fn unanswered_text(&self, look: &Look<'_>, newest: MessageNo) -> String {
        let of = |m: &MessageNo| self.found.said.get(m);
        let text = |s: &Said| if s.new_text.trim().is_empty() { s.text.clone() } else { s.new_text.clone() };
        let said: Vec<&Said> = look.unanswered.iter().filter_map(of).collect();
        match said.as_slice() {
            [] => of(&newest).map(text).unwrap_or_default(),
            [one] => text(one),
            several => {
                let moment = |s: &Said| self.inside_voice().moment(s.at);
                let parts = several.iter().map(|s| format!("({})\n{}", moment(s), text(s).trim()));
                parts.collect::<Vec<_>>().join("\n\n")
            }
        }
    }

    /// The assignee is warned if he is on duty; else, or once half of the rest has passed, all who are.
    fn warn(&mut self, raised: &Raised<'_>, stage: AlarmStage) -> Warned {
        if raised.under_way {
            return Warned::Later(self.now.plus(UNDER_WAY_S));
        }
        let (facts, mailbox) = (raised.facts, raised.mailbox);
        let agents = self.agents_of(mailbox);
        let own = agents.iter().find(|(a, d)| facts.assignee.as_ref() == Some(a.address()) && *d == Duty::Now);
        if let (AlarmStage::Warning, Some((agent, _)), false) = (stage, own, raised.is_wide) {
            self.warn_agent(raised, agent);
            self.event(
                facts.number,
                "svar",
                What::Warned,
                format!("{} to agent:{}", raised.clock.kind.as_str(), agent.address()),
            );
            return Warned::One(agent.address().clone());
        }
        let knows = |a: &Address| {
            let of_clock = |alarm: &&Alarm| alarm.wait == raised.wait && alarm.started_at >= raised.clock.started_at;
            self.found.alarms.iter().filter(of_clock).any(|alarm| alarm.person.as_ref() == Some(a))
        };
        let others: Vec<(&Agent, Duty)> = agents.into_iter().filter(|(a, _)| !knows(a.address())).collect();
        let there: Vec<&Agent> = others.iter().filter(|(_, d)| *d == Duty::Now).map(|(a, _)| *a).collect();
        if there.is_empty() {
            let first = others.iter().filter_map(|(_, d)| if let Duty::From(at) = d { Some(*at) } else { None }).min();
            return first.map_or(Warned::All, Warned::Later);
        }
        for agent in &there {
            self.warn_agent(raised, agent);
        }
        let names: Vec<String> = there.iter().map(|a| format!("agent:{}", a.address())).collect();
        self.event(
            facts.number,
            "svar",
            What::Warned,
            format!("{} to {}", raised.clock.kind.as_str(), names.join(" ")),
        );
        Warned::All
    }

    fn warn_agent(&mut self, raised: &Raised<'_>, agent: &Agent) {
        let mut facts = raised.facts.clone();
        facts.due_at = raised.call_at.or(raised.clock.due_at);
        let left_s = match raised.call_at {
            Some(at) => at.since(self.now),
            None => raised.target_s - raised.clock.elapsed_s,
        };
        let news = News {
            message: raised.message,
            reason: Reason::Warning { left_s },
            remarks: Vec::new(),
            author: facts.last_in.as_ref().and_then(|l| l.from.clone()),
            text: raised.text.clone(),
            attachments: Vec::new(),
            received_at: raised.clock.started_at,
            prefer: None,
            not_to: Vec::new(),
        };
        match self.gathers(raised.mailbox, agent.address(), NoticeKind::Warning, facts.priority) {
            Some(at) => self.defer_alarm(agent.address(), NoticeKind::Warning, &facts, &news, raised.wait, at),
            None => self.show(raised.mailbox, agent, &facts, &news),
        }
    }

    /// Those who hear of delays are told.
    fn escalate(&mut self, raised: &Raised<'_>, sla: &Sla) {
        let (facts, mailbox) = (raised.facts, raised.mailbox);
        let mut told: BTreeSet<Address> = BTreeSet::new();
        for address in &sla.escalate_to {
            // A mailbox that only watches writes to managers alone.
            let staff = match mailbox.mode {
                Mode::Desk => self.rules.staff(address),
                Mode::Watch => self.rules.settings.manager_of(address).map(Staff::of_manager),
            };
            let Some(staff) = staff.filter(|s| s.mailboxes.contains(&mailbox.name)) else {
                continue;
            };
            if !told.insert(staff.address().clone()) {
                continue;
            }
            match self.gathers(mailbox, staff.address(), NoticeKind::Breach, facts.priority) {
                Some(at) => {
                    let news = News {
                        message: raised.message,
                        reason: Reason::Warning { left_s: 0 },
                        remarks: Vec::new(),
                        author: None,
                        text: String::new(),
                        attachments: Vec::new(),
                        received_at: self.now,
                        prefer: None,
                        not_to: Vec::new(),
                    };
                    self.defer_alarm(staff.address(), NoticeKind::Breach, facts, &news, raised.wait, at);
                }
                None => self.send_breach(raised, &staff),
            }
        }
        let names: Vec<String> = told.iter().map(Address::to_string).collect();
        self.event(
            facts.number,
            "svar",
            What::Escalated,
            format!("{} to {}", raised.clock.kind.as_str(), names.join(" ")),
        );
    }

    fn send_breach(&mut self, raised: &Raised<'_>, staff: &Staff<'_>) {
        let (facts, mailbox) = (raised.facts, raised.mailbox);
        let assignee = facts.assignee.as_ref().and_then(|a| self.rules.settings.agent_of(a));
        let page = breach(
            &self.inside_voice(),
            &BreachFacts {
                number: facts.number,
                subject: facts.subject.clone(),
                wait: raised.wait,
                customer: facts.customer_party.clone(),
                since: raised.clock.started_at,
                due_at: raised.clock.due_at.unwrap_or(self.now),
                assignee: assignee.map(|a| (a.name.clone(), self.duty(a, mailbox) == Some(Duty::Now))),
                under_way: raised.under_way,
                text: raised.text.clone(),
            },
        );
        let post = InsidePost {
            kind: ParcelKind::Report,
            name: mailbox.display_name.clone(),
            ticket: Some(facts.number),
            message: None,
            ask: None,
            reply: Reply::To(Token::Note { ticket: facts.number }, self.grounds(facts)),
            attachments: Vec::new(),
            not_before: self.now,
        };
        self.inside(mailbox, staff, page, post);
    }
}
