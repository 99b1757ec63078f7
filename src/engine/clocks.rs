//! A ticket's clocks: what the store knows of its steps, folded with the calendar and targets of the configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::settings::{Mailbox, Settings};
use crate::desk::alarm::CALL_WARN_S;
use crate::model::{Direction, Priority, State, TicketNo, Time};
use crate::plan::{Change, NewTicket, What as Happened};
use crate::sla::alarm::Marks;
use crate::sla::clock::{Clock, ClockKind, Step, Targets, What, fold, waits};
use crate::sla::figures::{Measure, Measures};
use crate::sla::promise::doubtful_from;
use crate::store::course::{Head, StepRow, StepWord};
use crate::store::{Store, StoreError, Tx};

/// So many mergers in a row are followed.
const LONGEST_CHAIN: usize = 32;

/// The clocks of a ticket in `mailbox` at `now`. None if the configuration knows the mailbox no more.
#[must_use]
pub fn of(steps: &[Step], settings: &Settings, mailbox: &str, priority: Priority, now: Time) -> Vec<Clock> {
    let Some(mailbox) = settings.mailbox(mailbox) else { return Vec::new() };
    let (Some(sla), Some(calendar)) = (settings.sla_of(mailbox, priority), settings.calendar_of(mailbox)) else {
        return Vec::new();
    };
    fold(steps, calendar, &sla.targets(), now)
}

/// How every mailbox is measured.
#[must_use]
pub fn measures(settings: &Settings) -> Measures {
    let of = |mailbox: &Mailbox| Some((mailbox.name.clone(), measure(settings, mailbox)?));
    Measures { mailboxes: settings.mailboxes.iter().filter_map(of).collect(), outages: Vec::new() }
}

fn measure(settings: &Settings, mailbox: &Mailbox) -> Option<Measure> {
    let targets_of = |priority: &Priority| Some((*priority, settings.sla_of(mailbox, *priority)?.targets()));
    let mut by_priority: BTreeMap<Priority, Targets> = Priority::ALL.iter().filter_map(targets_of).collect();
    let normal = by_priority.remove(&Priority::Normal)?;
    by_priority.retain(|_, targets| *targets != normal);
    Some(Measure { calendar: settings.calendar_of(mailbox)?.clone(), targets: normal, by_priority })
}

/// What happened on a ticket and on those merged into it, for [`of`].
///
/// # Errors
/// A database error.
pub fn steps(tx: &mut Tx<'_>, ticket: TicketNo) -> Result<Vec<Step>, StoreError> {
    let mut courses = BTreeMap::from([(ticket, tx.course(ticket)?)]);
    if courses.values().flatten().any(|step| matches!(step.word, StepWord::Joined(_))) {
        for number in tx.merged_into(&[ticket])? {
            courses.insert(number, tx.course(number)?);
        }
    }
    Ok(told(ticket, &courses))
}

/// A ticket's steps as clocks take them. One merged into it brings along since when its customer waits, and later the answers that
/// were still on their way.
#[must_use]
pub fn told(ticket: TicketNo, courses: &BTreeMap<TicketNo, Vec<StepRow>>) -> Vec<Step> {
    tell(ticket, courses, LONGEST_CHAIN)
}

fn tell(ticket: TicketNo, courses: &BTreeMap<TicketNo, Vec<StepRow>>, deepest: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for row in courses.get(&ticket).into_iter().flatten() {
        match row.word {
            StepWord::Joined(other) if deepest > 0 => steps.extend(joined(&tell(other, courses, deepest - 1), row.at)),
            word => steps.extend(what(word).map(|what| Step { at: row.at, what })),
        }
    }
    steps
}

/// What the steps of a ticket mean to the one into which it was merged at `merged_at`.
fn joined(steps: &[Step], merged_at: Time) -> Vec<Step> {
    // Nothing that a customer writes stands on it after that.
    let merged = steps.iter().rposition(|s| s.what == What::Cancelled && s.at == merged_at).unwrap_or(steps.len());
    let on_its_way = |step: &&Step| {
        let answers = matches!(step.what, What::Answer | What::WrittenAnswer);
        answers && step.at >= merged_at
    };
    let before: Vec<Step> = steps[..merged].iter().filter(|s| !on_its_way(s)).copied().collect();
    let waits = waits(&before).map(|(_, since)| Step { at: merged_at, what: What::Joined(since) });
    let answers = steps.iter().filter(on_its_way).map(|step| Step { at: step.at, what: What::Answer });
    waits.into_iter().chain(answers).collect()
}

const fn what(word: StepWord) -> Option<What> {
    Some(match word {
        StepWord::Customer => What::CustomerMessage,
        StepWord::Answer => What::WrittenAnswer,
        StepWord::Found | StepWord::Called => What::Answer,
        StepWord::Open => What::Open,
        StepWord::Pending => What::Pending,
        StepWord::Held => What::Held,
        StepWord::Closed => What::Closed,
        StepWord::Reopened => What::Reopened,
        StepWord::Done => What::Done,
        StepWord::Spam | StepWord::Merged => What::Cancelled,
        StepWord::Joined(_) | StepWord::Assigned | StepWord::Bounced => return None,
    })
}

/// Writes down for every ticket that `changes` touch since when its customer waits and when the answer is due, as its steps say.
///
/// # Errors
/// A database error.
pub(super) fn follow(tx: &mut Tx<'_>, settings: &Settings, changes: &[Change]) -> Result<(), StoreError> {
    let touched = touched(changes);
    // A customer's first mail, by far the most frequent decision, needs no reading.
    if let ([ticket], Some(new)) = (&touched.iter().copied().collect::<Vec<_>>()[..], opened(changes))
        && new.number == *ticket
    {
        let since = changes.iter().rev().find_map(|c| match c {
            Change::Waiting { since, .. } => Some(*since),
            _ => None,
        });
        if let Some(Some(since)) = since {
            return write(tx, settings, &head_of(new, changes), Some((ClockKind::FirstResponse, since)));
        }
    }
    // What happens to a merged ticket, an answer that was on its way above all, is its survivor's, too.
    for head in tx.heads(&touched.into_iter().collect::<Vec<_>>())? {
        let waits = if head.is_live { waits(&steps(tx, head.number)?) } else { None };
        write(tx, settings, &head, waits)?;
    }
    Ok(())
}

/// The tickets whose clocks `changes` may have moved.
fn touched(changes: &[Change]) -> BTreeSet<TicketNo> {
    let mut touched = BTreeSet::new();
    for change in changes {
        match change {
            Change::NewTicket(new) => touched.extend([new.number]),
            Change::AddMessage(new) => touched.extend([new.ticket]),
            Change::Event(event) => touched.extend([event.ticket]),
            Change::Waiting { ticket, .. } | Change::SetPriority { ticket, .. } => touched.extend([*ticket]),
            Change::SetState { ticket, survivor, .. } => {
                touched.insert(*ticket);
                touched.extend(*survivor);
            }
            _ => {}
        }
    }
    touched
}

const fn moves_clocks(what: Happened) -> bool {
    matches!(what, Happened::Answered | Happened::Called | Happened::Done | Happened::Merged)
}

/// The one ticket that `changes` open with a customer's one message, if they do no more than that.
fn opened(changes: &[Change]) -> Option<&NewTicket> {
    let mut messages = changes.iter().filter(|c| matches!(c, Change::AddMessage(new) if new.counts));
    let customers = matches!(messages.next(), Some(Change::AddMessage(new)) if new.direction == Direction::In);
    let more = messages.next().is_some()
        || changes.iter().any(|c| {
            matches!(c, Change::SetState { .. } | Change::SetPriority { .. })
                || matches!(c, Change::Event(event) if moves_clocks(event.what))
        });
    let new = changes.iter().find_map(|c| if let Change::NewTicket(new) = c { Some(new) } else { None })?;
    (customers && !more && new.state == State::Open).then_some(new)
}

fn head_of(new: &NewTicket, changes: &[Change]) -> Head {
    let promised = changes.iter().rev().find_map(|change| match change {
        Change::Promise { ticket, until } if *ticket == new.number => Some(*until),
        _ => None,
    });
    let called = changes.iter().rev().find_map(|change| match change {
        Change::Call { ticket, call } if *ticket == new.number => Some(call.as_ref().map(|c| c.at)),
        _ => None,
    });
    Head {
        number: new.number,
        mailbox: new.mailbox.clone(),
        priority: new.priority,
        created_at: new.created_at,
        promised_at: promised,
        call_at: called.flatten(),
        is_live: true,
    }
}

/// Does so for all tickets that are open: calendars and targets may be others than when it was last done.
///
/// # Errors
/// A database error.
pub fn follow_all(store: &mut Store, settings: &Settings) -> Result<(), StoreError> {
    store.batch(|tx| {
        for head in tx.open_heads()? {
            let waits = waits(&steps(tx, head.number)?);
            write(tx, settings, &head, waits)?;
        }
        tx.set_clocks_fingerprint(&settings.fingerprint)
    })
}

fn write(
    tx: &mut Tx<'_>,
    settings: &Settings,
    head: &Head,
    waits: Option<(ClockKind, Time)>,
) -> Result<(), StoreError> {
    let mailbox = settings.mailbox(&head.mailbox);
    let measured = mailbox.and_then(|m| Some((settings.sla_of(m, head.priority)?, settings.calendar_of(m)?)));
    let is_warned = |kind: ClockKind| measured.is_some_and(|(sla, _)| sla.warned.iter().any(|w| w == kind.as_str()));
    // How far that clock has come only its fold can tell: it is looked at once, which says when again.
    let at_once = (head.is_live && is_warned(ClockKind::Resolution)).then_some(Time::from_unix(0));
    let Some((kind, since)) = waits else { return tx.set_clock(head.number, None, None, None, at_once) };
    // Who wants to be called waits for that, not for the target.
    if let Some(at) = head.call_at.filter(|at| *at >= since && kind != ClockKind::Resolution) {
        let warning = measured.filter(|_| is_warned(kind)).map(|_| at.plus(-CALL_WARN_S).max(since));
        let look = at_once.into_iter().chain(warning).min();
        return tx.set_clock(head.number, Some(since), Some(at), Some(at.plus(1)), look);
    }
    let due = |more_s: i64| measured.and_then(|(sla, calendar)| calendar.add(since, sla.targets().of(kind) + more_s));
    let warning = measured
        .filter(|_| is_warned(kind))
        .and_then(|(sla, calendar)| calendar.add(since, Marks::of(sla.warn_at, sla.targets().of(kind)).warning_s));
    let promised = head.promised_at.filter(|_| kind == ClockKind::FirstResponse);
    let doubtful = promised.map(|until| doubtful_from(head.created_at, until));
    let look = at_once.into_iter().chain(warning).chain(doubtful).min();
    tx.set_clock(head.number, Some(since), due(0), due(1), look)
}
