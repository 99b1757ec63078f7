//! What agents do by mail, done from the shell: close, assign, tag, note, merge, hold, reopen, done; and what is held or set aside.

use std::io::Read;

use crate::cli::args::{Global, OutboxAct, QuarantineAct};
use crate::cli::error::CommandError;
use crate::cli::open::Writer;
use crate::cli::print::{Out, when};
use crate::desk::act::{Act, agent_called};
use crate::desk::commands::is_nobody;
use crate::model::{Address, ParcelNo, QuarantineNo, TicketNo};
use crate::plan::{Change, Release};

/// `N …`: the same thing done to several tickets, all or none.
pub fn each(global: &Global, out: &mut Out, tickets: &[i64], what: &Act, said: &str) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let numbers: Vec<TicketNo> = tickets.iter().copied().map(TicketNo).collect();
    desk.act(&numbers, |_, _| Ok(what.clone()))?;
    for number in numbers {
        out.line(format!("#{number} {said}"))?;
    }
    Ok(())
}

pub fn assign(global: &Global, out: &mut Out, ticket: i64, agent: &str) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let number = TicketNo(ticket);
    let nobody = is_nobody(agent);
    let done = desk
        .act(&[number], |rules, _| Ok(if nobody { Act::Unassign } else { Act::Assign(agent_called(agent, rules)?) }))?;
    Ok(out.line(match done {
        Act::Assign(address) => format!("#{number} is {address}'s"),
        _ => format!("#{number} is nobody's"),
    })?)
}

pub fn tag(global: &Global, out: &mut Out, ticket: i64, tags: &[String], remove: bool) -> Result<(), CommandError> {
    let tags: Vec<String> = tags.iter().map(|t| t.trim_start_matches('#').to_lowercase()).collect();
    let said = if remove { "no longer tagged" } else { "tagged" };
    let said = format!("{said} {}", tags.join(", "));
    let what = if remove { Act::Untag(tags) } else { Act::Tag(tags) };
    each(global, out, &[ticket], &what, &said)
}

pub fn note(global: &Global, out: &mut Out, ticket: i64, words: &[String]) -> Result<(), CommandError> {
    let text = if words.is_empty() || words == ["-"] {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| CommandError::failed(format!("cannot read the note: {e}")))?;
        text
    } else {
        words.join(" ")
    };
    let what = Act::Note { text: text.trim().to_owned(), to: None };
    each(global, out, &[ticket], &what, "has the note")
}

pub fn merge(global: &Global, out: &mut Out, ticket: i64, into: i64) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let (number, survivor) = (TicketNo(ticket), TicketNo(into));
    let clues = vec![number, survivor];
    desk.act_knowing(&[number], &clues, |_, _| Ok(Act::Merge(survivor)))?;
    Ok(out.line(format!("#{number} is merged into #{survivor}"))?)
}

pub fn hold(global: &Global, out: &mut Out, ticket: i64, until: &str) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    let number = TicketNo(ticket);
    let zone = desk.zone();
    let (now, rfc3339) = (desk.now(), crate::model::Time::parse_rfc3339(until));
    let time =
        rfc3339.filter(|t| *t > now).or_else(|| crate::desk::when::parse(until, now, &zone)).ok_or_else(|| {
            CommandError::usage(format!("{until:?} is no time to come"))
                .hint("Write 4h, 2d, \"mon 09:00\" or 2026-12-01T08:00:00Z.")
        })?;
    desk.act(&[number], |_, _| Ok(Act::Hold(time)))?;
    Ok(out.line(format!("#{number} is held until {}", when(time, now, &zone)))?)
}

pub fn outbox(global: &Global, out: &mut Out, act: &OutboxAct) -> Result<(), CommandError> {
    let mut desk = Writer::open(global)?;
    match act {
        OutboxAct::Release { ids } if ids.is_empty() => {
            let count = desk.batch(|tx, now| tx.release(None, now))?;
            out.line(match count {
                0 => "nothing is held".to_owned(),
                1 => "1 mail may go".to_owned(),
                n => format!("{n} mails may go"),
            })?;
        }
        OutboxAct::Release { ids } => {
            for id in ids {
                desk.batch(|tx, now| tx.release(Some(ParcelNo(*id)), now))?;
                out.line(format!("{id} may go"))?;
            }
        }
        OutboxAct::Retry(ids) => {
            for id in &ids.ids {
                desk.batch(|tx, now| tx.retry(ParcelNo(*id), now))?;
                out.line(format!("{id} is tried again"))?;
            }
        }
        OutboxAct::Drop(ids) => {
            for id in &ids.ids {
                desk.batch(|tx, now| tx.drop_parcel(ParcelNo(*id), now))?;
                out.line(format!("{id} will not be sent"))?;
            }
        }
    }
    Ok(())
}

pub fn quarantine(global: &Global, out: &mut Out, act: &QuarantineAct) -> Result<(), CommandError> {
    let (ids, said) = match act {
        QuarantineAct::Release(ids) => (&ids.ids, "is taken as a customer's mail"),
        QuarantineAct::Drop(ids) => (&ids.ids, "needs nothing"),
        QuarantineAct::Unblock { address } => return unblock(global, out, address),
        QuarantineAct::Show { .. } | QuarantineAct::Senders => return Ok(()),
    };
    let mut desk = Writer::open(global)?;
    for id in ids {
        let no = QuarantineNo(*id);
        if desk.batch(|tx, _| tx.quarantine_row(no))?.is_none() {
            return Err(CommandError::failed(format!("nothing with id {no} is set aside")));
        }
        desk.apply(|at| {
            vec![match act {
                QuarantineAct::Release(_) => {
                    Change::ReleaseQuarantine { quarantine: no, release: Release::Customer, on_behalf: None, at }
                }
                _ => Change::DropQuarantine { quarantine: no, at },
            }]
        })?;
        out.line(format!("{id} {said}"))?;
    }
    Ok(())
}

fn unblock(global: &Global, out: &mut Out, address: &str) -> Result<(), CommandError> {
    let known = Address::parse(address).ok_or_else(|| CommandError::usage(format!("{address:?} is no address")))?;
    let mut desk = Writer::open(global)?;
    let blocked = desk.batch(|tx, _| tx.blocked_senders())?;
    if !blocked.iter().any(|b| b.address == known) {
        return Err(
            CommandError::failed(format!("{known} is not blocked")).hint("svar quarantine senders lists who is.")
        );
    }
    desk.apply(|_| vec![Change::Unblock { address: Some(known.clone()), ticket: None }])?;
    Ok(out.line(format!("{known} is heard again"))?)
}
