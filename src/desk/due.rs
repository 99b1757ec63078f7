//! What time alone brings: parked tickets come back, answered ones close.

use crate::desk::case::{Case, Rules};
use crate::desk::customer::facts_of;
use crate::desk::say::manager::ManagerNews;
use crate::desk::say::notification::{Reason, Remark};
use crate::desk::tell::News;
use crate::model::{Direction, Kind, Party, Priority, State, TicketNo, Time, one_line};
use crate::plan::{Change, Envelope, Fate, Findings, NewMessage, NewQuarantine, NewTicket, What};

/// Judges tickets whose time has come: `held` ones that are past it, `pending` ones past `close_pending`.
#[must_use]
pub fn due(found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let all: Vec<TicketNo> = found.tickets.keys().copied().collect();
    for number in all {
        let Some(facts) = case.tickets.get(&number).cloned() else { continue };
        match facts.state {
            State::Held if facts.hold_until.is_some_and(|t| t <= now) => {
                case.set_state(number, State::Open, None, "svar", What::Open);
                let Some(said) = facts.last_in.as_ref().and_then(|l| found.said.get(&l.message)).cloned() else {
                    continue;
                };
                case.notify(
                    number,
                    &News {
                        message: said.no,
                        reason: Reason::HoldOver,
                        remarks: Vec::new(),
                        author: said.from,
                        text: said.new_text,
                        attachments: Vec::new(),
                        received_at: said.at,
                        prefer: None,
                        not_to: Vec::new(),
                    },
                );
            }
            State::Pending if facts.waiting_since.is_none() => {
                let sla = rules.settings.mailbox(&facts.mailbox).and_then(|m| rules.settings.sla_of(m, facts.priority));
                let after_s = sla.and_then(|s| s.close_pending_s);
                if after_s.is_some_and(|s| now.since(facts.updated_at) >= s) {
                    case.set_state(number, State::Closed, None, "svar", What::Closed);
                }
            }
            _ => {}
        }
    }
    case.changes
}

/// A letter that could not be read twice: kept whole in quarantine, and a ticket so that somebody looks and the clock runs.
#[must_use]
pub fn unreadable(
    env: &Envelope,
    from: Option<&str>,
    subject: &str,
    why: &str,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut case = Case::new(*rules, found, now);
    let party = from.and_then(crate::model::Address::parse).map(|a| Party::new("", a));
    let quarantine = case.next.take_quarantine();
    case.change(Change::Quarantine(NewQuarantine {
        no: quarantine,
        letter: env.letter,
        mailbox: env.mailbox.clone(),
        from: party.as_ref().map(|p| p.address.clone()),
        subject: one_line(subject),
        reason: format!("unreadable: {}", one_line(why)),
        at: now,
        list_at: None,
    }));
    let number = case.next.take_ticket();
    let ticket = NewTicket {
        number,
        subject: one_line(subject),
        base_subject: String::new(),
        state: State::Open,
        mailbox: env.mailbox.clone(),
        channel: env.channel,
        customer: None,
        customer_party: party.clone(),
        priority: Priority::Normal,
        created_at: env.received_at,
    };
    let facts = facts_of(&ticket, found.epoch, now);
    case.tickets.insert(number, facts);
    case.change(Change::NewTicket(ticket));
    case.event(number, "svar", What::Opened, "a letter that could not be read");
    let no = case.next.take_message();
    let text = format!("(a letter that could not be read: quarantine {quarantine})");
    case.change(Change::AddMessage(Box::new(NewMessage {
        no,
        ticket: number,
        direction: Direction::In,
        kind: Kind::Person,
        letter: Some(env.letter),
        from: party.clone(),
        to: Vec::new(),
        cc: Vec::new(),
        at: env.received_at,
        sent_at: None,
        subject: one_line(subject),
        text: text.clone(),
        new_text: text.clone(),
        message_id: None,
        sameness: String::new(),
        references: Vec::new(),
        thread_index: None,
        language: None,
        agent: None,
        counts: true,
        accepted: true,
        verified: false,
        attachments: Vec::new(),
        defects: vec!["unreadable".to_owned()],
    })));
    case.waiting(number, Some(env.received_at));
    case.notify(
        number,
        &News {
            message: no,
            reason: Reason::New,
            remarks: vec![Remark::Unreadable],
            author: party,
            text,
            attachments: Vec::new(),
            received_at: env.received_at,
            prefer: None,
            not_to: Vec::new(),
        },
    );
    if let Some(mailbox) = case.mailbox(&env.mailbox) {
        let news = ManagerNews::Unreadable { quarantine: quarantine.0, why: one_line(why) };
        case.tell_managers(mailbox, Some(number), "unreadable", Time::HOUR, &news);
    }
    case.change(Change::Settle { letter: env.letter, fate: Fate::Quarantined(quarantine) });
    case.changes
}
