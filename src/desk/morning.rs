//! Who would get what at a time that is still to come, as far as that is known now.

use crate::config::settings::{Mailbox, Notify};
use crate::desk::case::{Case, Rules};
use crate::desk::say::notification::Reason;
use crate::desk::tell::{Duty, News};
use crate::model::{Address, Channel, MessageNo, Priority, State, TicketNo, Time};
use crate::plan::{Findings, NewTicket};

/// A mailbox at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Morning {
    /// Agents who are there, by name.
    pub on_duty: Vec<String>,
    /// Who comes later, and when; who is away and has not said until when has no time.
    pub later: Vec<(String, Option<Time>)>,
    /// Who would get the first new matter: several with `notify = "all"`, nobody with `"none"`.
    pub first: Vec<String>,
    /// Who is away, and until when.
    pub away: Vec<(String, Time)>,
}

/// How a mailbox stands at `at`.
#[must_use]
pub fn morning(mailbox: &Mailbox, found: &Findings, rules: &Rules<'_>, at: Time) -> Morning {
    let case = Case::new(*rules, found, at);
    let agents: Vec<_> = rules.settings.agents.iter().filter(|a| a.mailboxes.contains(&mailbox.name)).collect();
    let duties: Vec<_> = agents.iter().map(|a| (*a, case.duty(a, mailbox))).collect();
    let reachable: Vec<_> = duties.iter().filter_map(|(a, d)| Some((*a, (*d)?))).collect();
    let name = |a: &crate::config::settings::Agent| a.name.clone();
    let first = match mailbox.notify {
        Notify::None => Vec::new(),
        Notify::All => reachable.iter().filter(|(_, d)| *d == Duty::Now).map(|(a, _)| name(a)).collect(),
        Notify::Turn => case
            .in_turn(&reachable, &new_matter(mailbox, found, at), &news(at))
            .map(|(a, _)| name(a))
            .into_iter()
            .collect(),
    };
    let away_until = |a: &Address| found.agents.get(a).and_then(|f| f.away_until).filter(|until| *until > at);
    Morning {
        on_duty: duties.iter().filter(|(_, d)| *d == Some(Duty::Now)).map(|(a, _)| name(a)).collect(),
        later: duties
            .iter()
            .filter_map(|(a, d)| match d {
                Some(Duty::Now) => None,
                Some(Duty::From(from)) => Some((name(a), Some(*from))),
                None => Some((name(a), None)),
            })
            .collect(),
        first,
        away: agents.iter().filter_map(|a| Some((name(a), away_until(a.address())?))).collect(),
    }
}

fn new_matter(mailbox: &Mailbox, found: &Findings, at: Time) -> crate::plan::TicketFacts {
    let ticket = NewTicket {
        number: TicketNo(0),
        subject: String::new(),
        base_subject: String::new(),
        state: State::Open,
        mailbox: mailbox.name.clone(),
        channel: Channel::Mail,
        customer: None,
        customer_party: None,
        priority: Priority::Normal,
        created_at: at,
    };
    crate::desk::customer::facts_of(&ticket, found.epoch, at)
}

fn news(at: Time) -> News {
    News {
        message: MessageNo(0),
        reason: Reason::New,
        remarks: Vec::new(),
        author: None,
        text: String::new(),
        attachments: Vec::new(),
        received_at: at,
        prefer: None,
        not_to: Vec::new(),
    }
}
