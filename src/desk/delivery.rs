//! What SMTP said of a mail, and what follows from it.

use crate::desk::case::{Case, Rules};
use crate::desk::say::failed::{FailedHow, UndeliverableFacts, undeliverable};
use crate::desk::say::manager::ManagerNews;
use crate::desk::tell::is_live;
use crate::model::{Address, BulkStep, Direction, ParcelKind, ParcelState, RecipientState, State, TicketNo, Time};
use crate::net::{Delivery, UNKNOWN};
use crate::plan::{Change, DeliveryFindings, Findings, What};

/// Seconds until the next try, after the first, second … failure; the last is repeated.
const DELAYS_S: &[i64] = &[60, 120, 300, 600, 1200, 2400, 3600, 7200, 14_400];

/// Judges the results of one try. Recipients that are not named were not tried.
#[must_use]
pub fn delivered(
    found: &DeliveryFindings,
    results: &[(Address, Delivery)],
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let findings = as_findings(found);
    let mut case = Case::new(*rules, &findings, now);
    let parcel = &found.parcel;
    let attempts = found.attempts + 1;
    let given_up = now.since(parcel.created_at) >= rules.settings.limits.retry_for_s;
    let mut states = parcel.recipients.clone();
    let mut refused: Vec<(Address, String)> = Vec::new();
    let mut last_error = None;
    let mut unknown = None;
    for (address, result) in results {
        let Some(entry) = states.iter_mut().find(|(a, s)| a == address && *s == RecipientState::Waiting) else {
            continue;
        };
        let (state, error) = match result {
            Delivery::Accepted { .. } => (RecipientState::Accepted, None),
            Delivery::Refused { reply } => (RecipientState::Refused, Some(reply.clone())),
            Delivery::Deferred { reply } if given_up => (RecipientState::GivenUp, Some(reply.clone())),
            Delivery::Deferred { reply } => (RecipientState::Waiting, Some(reply.clone())),
        };
        entry.1 = state;
        if matches!(state, RecipientState::Refused | RecipientState::GivenUp) {
            refused.push((address.clone(), error.clone().unwrap_or_default()));
        }
        if result.is_unknown() {
            unknown.clone_from(&error);
        }
        if error.is_some() {
            last_error.clone_from(&error);
        }
        case.change(Change::Recipient { parcel: parcel.no, address: address.clone(), state, error });
    }
    let waits = states.iter().any(|(_, s)| *s == RecipientState::Waiting);
    let any_accepted = states.iter().any(|(_, s)| matches!(s, RecipientState::Accepted | RecipientState::Bounced));
    let state = match (waits, any_accepted) {
        (true, _) => ParcelState::Queued,
        (false, true) => ParcelState::Sent,
        (false, false) => ParcelState::Failed,
    };
    let next_at = waits.then(|| now.plus(delay_s(rules, parcel.no.0, attempts)));
    case.change(Change::Parcel { parcel: parcel.no, state, next_at, attempts, error: last_error, at: now });
    if let (true, Some(why)) = (waits, unknown) {
        again(&mut case, found, why);
    }
    let ticket = parcel.ticket.filter(|t| case.tickets.contains_key(t));
    let customers = customers_of(found);
    let has_it = |states: &[(Address, RecipientState)]| {
        states
            .iter()
            .any(|(a, s)| matches!(s, RecipientState::Accepted | RecipientState::Bounced) && customers.contains(a))
    };
    // An answer is one to the customer: that a person on Cc has it stops no clock.
    if let (true, Some(ticket)) = (answers(found), ticket)
        && has_it(&states)
        && !has_it(&parcel.recipients)
    {
        accepted(&mut case, found, ticket);
    }
    match state {
        ParcelState::Sent if parcel.kind == ParcelKind::Bulk => {
            case.change(Change::BulkSettled { parcel: parcel.no, step: BulkStep::Sent });
        }
        ParcelState::Failed if parcel.kind == ParcelKind::Bulk => {
            case.change(Change::BulkSettled { parcel: parcel.no, step: BulkStep::Failed });
        }
        _ => {}
    }
    if !refused.is_empty() {
        let how = if results.iter().any(|(_, r)| matches!(r, Delivery::Refused { .. })) {
            FailedHow::Refused
        } else {
            FailedHow::GivenUp { after_s: now.since(parcel.created_at) }
        };
        let missed = refused.iter().any(|(a, _)| customers.contains(a)) && !has_it(&states);
        let failure = Failure { how, refused: &refused, states: &states, missed };
        failed(&mut case, found, ticket, failure);
    }
    case.changes
}

/// A mail that was being sent when svar died, and that nobody knows to have been taken, goes out once more.
#[must_use]
pub fn sent_again(found: &DeliveryFindings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let findings = as_findings(found);
    let mut case = Case::new(*rules, &findings, now);
    again(&mut case, found, format!("{UNKNOWN}: svar ended while it was being sent"));
    case.changes
}

fn again(case: &mut Case<'_>, found: &DeliveryFindings, why: String) {
    let (parcel, at) = (found.parcel.no, case.now);
    case.change(Change::SendAgain { parcel, why: format!("{why}; it is sent once more"), at });
    if let Some(ticket) = found.parcel.ticket.filter(|t| case.tickets.contains_key(t)) {
        case.event(ticket, "svar", What::SentAgain, format!("parcel {parcel}"));
    }
}

/// Whether the mail is an answer. One of a bulk is if its author has said so.
fn answers(found: &DeliveryFindings) -> bool {
    match found.parcel.kind {
        ParcelKind::Answer => true,
        ParcelKind::Bulk => found.said.as_ref().is_some_and(|s| s.direction == Direction::Out),
        _ => false,
    }
}

/// The recipients of an answer that are its customer's; all of them, where none is.
fn customers_of(found: &DeliveryFindings) -> Vec<Address> {
    let all: Vec<Address> = found.parcel.recipients.iter().map(|(a, _)| a.clone()).collect();
    let is_customers = |a: &Address| {
        found.ticket.as_ref().is_some_and(|t| {
            t.customer_addresses.contains(a) || t.customer_party.as_ref().is_some_and(|p| p.address == *a)
        })
    };
    let customers: Vec<Address> = all.iter().filter(|a| is_customers(a)).cloned().collect();
    if customers.is_empty() { all } else { customers }
}

/// From now on the answer counts: the clock stops, unless the customer has written since.
fn accepted(case: &mut Case<'_>, found: &DeliveryFindings, ticket: TicketNo) {
    let Some(message) = found.parcel.message else { return };
    let at = case.now;
    case.change(Change::AnswerAccepted { message, at });
    let actor = found.parcel.agent.as_ref().map_or_else(|| "shell".to_owned(), |a| format!("agent:{a}"));
    case.event(ticket, &actor, What::Answered, format!("message {message}"));
    case.touch(ticket, |t| t.answers += 1);
    case.waiting(ticket, found.waiting_after);
}

/// Recipients that will not get a mail.
struct Failure<'a> {
    how: FailedHow,
    /// With the server's words.
    refused: &'a [(Address, String)],
    states: &'a [(Address, RecipientState)],
    /// The customer has not got her answer.
    missed: bool,
}

fn failed(case: &mut Case<'_>, found: &DeliveryFindings, ticket: Option<TicketNo>, failure: Failure<'_>) {
    let Failure { how, refused, states, missed } = failure;
    let parcel = &found.parcel;
    let words = refused.iter().map(|(_, w)| w.as_str()).collect::<Vec<_>>().join("; ");
    let facts = ticket.and_then(|t| case.survivor(t)).cloned();
    let Some(mailbox) = case.mailbox(&parcel.mailbox) else { return };
    match (parcel.kind, facts) {
        (ParcelKind::Answer, Some(facts)) => {
            case.event(
                facts.number,
                "svar",
                What::Undelivered,
                format!("message {}", parcel.message.map_or(0, |m| m.0)),
            );
            if missed && matches!(facts.state, State::Pending | State::Closed | State::Held) {
                let what = if is_live(facts.state) { What::Open } else { What::Reopened };
                case.set_state(facts.number, State::Open, None, "svar", what);
            }
            let writer = parcel.agent.as_ref().or(facts.assignee.as_ref()).and_then(|a| case.rules.staff(a));
            if let Some(staff) = writer {
                let page = undeliverable(
                    &case.inside_voice(),
                    &UndeliverableFacts {
                        number: facts.number,
                        subject: facts.subject.clone(),
                        how,
                        recipients: refused.to_vec(),
                        delivered: states
                            .iter()
                            .filter(|(_, s)| *s == RecipientState::Accepted)
                            .map(|(a, _)| a.clone())
                            .collect(),
                        written_at: parcel.created_at,
                        text: found.said.as_ref().map(|s| s.new_text.clone()).unwrap_or_default(),
                    },
                );
                case.tell(mailbox, &staff, page, Some(facts.number), None);
            } else {
                let recipients = refused.iter().map(|(a, _)| a.to_string()).collect();
                let news = ManagerNews::AnswerFailed { agent: None, recipients, words };
                case.tell_managers(mailbox, Some(facts.number), "answer-failed", Time::HOUR, &news);
            }
        }
        // Whoever sent it has a report at the end.
        (ParcelKind::Bulk, Some(facts)) => {
            let detail = format!("message {}", parcel.message.map_or(0, |m| m.0));
            case.event(facts.number, "svar", What::Undelivered, detail);
            let answered = answers(found) && matches!(facts.state, State::Pending | State::Held);
            if missed && answered {
                case.set_state(facts.number, State::Open, None, "svar", What::Open);
            }
        }
        (ParcelKind::Notify, Some(facts)) => {
            case.event(facts.number, "svar", What::Undelivered, format!("parcel {}", parcel.no));
            case.notification_failed(parcel, facts.number, &words);
        }
        (ParcelKind::Ask, Some(facts)) => {
            case.event(facts.number, "svar", What::Undelivered, format!("parcel {}", parcel.no));
            let text = found.said.as_ref().map(|s| s.new_text.clone()).unwrap_or_default();
            case.question_failed(parcel, &facts, &words, &text);
        }
        (ParcelKind::Notify, None) => case.list_failed(parcel, &words),
        (ParcelKind::Acknowledge, Some(facts)) => {
            case.event(facts.number, "svar", What::Undelivered, format!("parcel {}", parcel.no));
        }
        // A report or confirmation that fails is seen in the outbox; a mail about it would fail the same way.
        _ => {}
    }
}

/// Grows to hours; up to a fifth is derived jitter, so that a queue does not come back in one moment.
fn delay_s(rules: &Rules<'_>, parcel: i64, attempts: i64) -> i64 {
    let index = usize::try_from(attempts - 1).unwrap_or(0).min(DELAYS_S.len() - 1);
    let base = DELAYS_S[index];
    let jitter = rules.key.derived("retry", &[parcel.to_string(), attempts.to_string()], base.unsigned_abs() / 5 + 1);
    base + i64::try_from(jitter).unwrap_or(0)
}

fn as_findings(found: &DeliveryFindings) -> Findings {
    let mut findings = Findings {
        epoch: found.epoch,
        next: found.next,
        agents: found.agents.clone(),
        told: found.told.clone(),
        notices: found.notices.clone(),
        parcels: vec![found.parcel.clone()],
        senders_tickets: found.customers_tickets.iter().map(|t| t.number).collect(),
        ..Findings::default()
    };
    for ticket in found.customers_tickets.iter().chain(&found.ticket) {
        findings.tickets.insert(ticket.number, ticket.clone());
    }
    if let Some(said) = &found.said {
        findings.said.insert(said.no, said.clone());
    }
    findings
}
