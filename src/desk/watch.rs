//! A mailbox that is only watched begins, becomes a desk, or is only watched again: who is told what of it.

use std::collections::BTreeMap;

use crate::config::settings::{Agent, Mailbox, Manager, Notify};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::Page;
use crate::desk::say::notification::Reason;
use crate::desk::say::watching::{BecomesDesk, WatchBegins, becomes_desk, watch_begins, watches_again};
use crate::desk::tell::{Duty, InsidePost, News};
use crate::model::{Address, TicketNo, Time};
use crate::plan::watch::{PutOff, Week};
use crate::plan::{Change, Findings};

/// The first start of a mailbox that is only watched: managers hear what it found and what it does. `first_report`: when each gets
/// his first digest.
#[must_use]
pub fn begins(
    mailbox: &Mailbox,
    week: &Week,
    first_report: &BTreeMap<Address, Time>,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let open = rules.settings.calendar_of(mailbox);
    let waited = week.oldest.iter().map(|w| open.map_or(0, |c| c.between(w.since, now))).collect();
    for manager in managers(mailbox, rules) {
        let facts = WatchBegins {
            mailbox: mailbox.name.clone(),
            address: mailbox.address.clone(),
            week: week.clone(),
            waited_s: Vec::clone(&waited),
            first_report: first_report.get(&manager.addresses[0]).copied(),
            has_agents: rules.settings.agents.iter().any(|a| a.mailboxes.contains(&mailbox.name)),
        };
        case.report_to(mailbox, manager, watch_begins(&case.inside_voice(), &facts));
    }
    case.changes
}

/// One key has made it a desk: what waits is handed to those on duty in a list each, nothing is acknowledged late, and managers hear
/// what begins. `held`: answers that lie in the outbox from a time before it was watched.
#[must_use]
pub fn becomes_a_desk(
    mailbox: &Mailbox,
    waiting: &[TicketNo],
    held: i64,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let handed = case.hand_out(mailbox, waiting);
    let facts = BecomesDesk {
        mailbox: mailbox.name.clone(),
        address: mailbox.address.clone(),
        notify: mailbox.notify,
        waiting: waiting.len(),
        handed,
        held,
    };
    for manager in managers(mailbox, rules) {
        case.report_to(mailbox, manager, becomes_desk(&case.inside_voice(), &facts));
    }
    case.changes
}

/// A desk is only watched again.
#[must_use]
pub fn returns(mailbox: &Mailbox, put_off: PutOff, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    for manager in managers(mailbox, rules) {
        let page = watches_again(&case.inside_voice(), &mailbox.name, &mailbox.address, put_off);
        case.report_to(mailbox, manager, page);
    }
    case.changes
}

fn managers<'a>(mailbox: &Mailbox, rules: &Rules<'a>) -> impl Iterator<Item = &'a Manager> {
    let name = mailbox.name.clone();
    rules.settings.managers.iter().filter(move |m| m.mailboxes.contains(&name))
}

impl<'a> Case<'a> {
    fn report_to(&mut self, mailbox: &Mailbox, manager: &Manager, page: Page) {
        self.inside(mailbox, &Staff::of_manager(manager), page, InsidePost::report(mailbox, self.now));
    }

    /// Puts tickets that wait into one list for each agent: as many for each as for the others, their own to those who have any.
    /// Whoever is off duty gets his when his hours begin, and only if nobody else is there. Names and numbers of what each gets.
    fn hand_out(&mut self, mailbox: &Mailbox, waiting: &[TicketNo]) -> Vec<(String, usize, Option<Time>)> {
        let agents = self.agents_of(mailbox);
        let first = agents.iter().map(|(_, duty)| *duty).min();
        let there: Vec<(&Agent, Duty)> = agents.iter().filter(|(_, duty)| Some(*duty) == first).copied().collect();
        let mut shares = vec![0; agents.len()];
        for ticket in waiting {
            let Some(facts) = self.tickets.get(ticket).cloned() else { continue };
            let Some(last) = facts.last_in.clone() else { continue };
            let own = agents.iter().find(|(a, _)| facts.assignee.as_ref() == Some(a.address()));
            let least = there.iter().min_by_key(|(a, _)| shares[at(&agents, a)]);
            let to: Vec<(&Agent, Duty)> = match (mailbox.notify, own.or(least)) {
                (Notify::None, _) => Vec::new(),
                (Notify::All, _) => agents.clone(),
                (Notify::Turn, one) => one.into_iter().copied().collect(),
            };
            let news = News {
                message: last.message,
                reason: Reason::New,
                remarks: Vec::new(),
                author: last.from,
                text: String::new(),
                attachments: Vec::new(),
                received_at: last.at,
                prefer: None,
                not_to: Vec::new(),
            };
            for (agent, duty) in &to {
                let due_at = if let Duty::From(at) = duty { *at } else { self.now };
                self.defer(agent.address(), &facts, &news, due_at, true);
                shares[at(&agents, agent)] += 1;
            }
            if let (Notify::Turn, [(agent, _)]) = (mailbox.notify, to.as_slice()) {
                self.change(Change::Turn { ticket: *ticket, agent: agent.address().clone(), at: self.now });
            }
        }
        let from = |duty: Duty| if let Duty::From(at) = duty { Some(at) } else { None };
        let handed = agents.iter().zip(shares).filter(|(_, n)| *n > 0);
        handed.map(|((agent, duty), n)| (agent.name.clone(), n, from(*duty))).collect()
    }
}

fn at(agents: &[(&Agent, Duty)], agent: &Agent) -> usize {
    agents.iter().position(|(a, _)| a.address() == agent.address()).unwrap_or_default()
}
