//! Why a response was slow, from what was written down about its ticket.

use crate::model::{Address, Time};
use crate::sla::calendar::OpenTime;
use crate::sla::figures::{ClockRow, DeedKind, History, Outage, Why};
use crate::sla::timeline::Timeline;

/// A reason must account for so many parts of a hundred of the wait.
const WORTH_TELLING: i64 = 20;
/// So many reasons are told.
const AT_MOST: usize = 4;

/// The reasons, the most telling first.
pub fn why(row: &ClockRow, history: &History, outages: &[Outage], hours: &Timeline, now: Time) -> Vec<Why> {
    let (from, to) = (row.started_at, row.stopped_at.unwrap_or(now));
    let worth = |a: Time, b: Time| {
        let open_s = hours.between(a.max(from), b.min(to));
        open_s > 0 && open_s * 100 >= row.elapsed_s * WORTH_TELLING
    };
    let mut reasons = Vec::new();
    let unread = outages.iter().filter(|o| o.mailbox == history.mailbox && worth(o.from, o.to.unwrap_or(now)));
    reasons.extend(unread.map(|o| Why::Unread { from: o.from, to: o.to }));
    let bounced = history.deeds.iter().filter(|d| d.what == DeedKind::Bounced && d.at >= from && d.at <= to);
    reasons.extend(bounced.take(1).map(|d| Why::Bounced { at: d.at }));
    for (since, until) in held(history) {
        if worth(since, until.unwrap_or(now)) {
            reasons.push(Why::Held { from: since, to: until });
        }
    }
    for (agent, since, until) in assigned(history, from, to) {
        if worth(since, until) {
            reasons.push(match agent {
                Some(agent) => Why::Assigned { agent, from: since, to: until },
                None => Why::NobodyTookIt { from: since, to: until },
            });
        }
    }
    if let Some(until) = hours.next_open(from).filter(|open| *open > from) {
        reasons.push(Why::WaitedForOpening { until });
    }
    reasons.truncate(AT_MOST);
    reasons
}

/// The spans in which the ticket was parked.
fn held(history: &History) -> Vec<(Time, Option<Time>)> {
    let mut spans: Vec<(Time, Option<Time>)> = Vec::new();
    for deed in &history.deeds {
        match (&deed.what, spans.last_mut()) {
            (DeedKind::Held, Some((_, None))) => {}
            (DeedKind::Held, _) => spans.push((deed.at, None)),
            (DeedKind::Unheld, Some((_, to @ None))) => *to = Some(deed.at),
            _ => {}
        }
    }
    spans
}

/// Whose it was from … to …, one after the other; those who take it and answer at once have nothing to be told of.
fn assigned(history: &History, from: Time, to: Time) -> Vec<(Option<Address>, Time, Time)> {
    let mut whose: Option<Address> = None;
    let mut since = from;
    let mut spans = Vec::new();
    for deed in history.deeds.iter().filter(|d| d.at <= to) {
        let DeedKind::Assigned(agent) = &deed.what else { continue };
        if deed.at > since {
            spans.push((whose.take(), since, deed.at));
            since = deed.at;
        }
        whose = Some(agent.clone());
    }
    spans.push((whose, since, to));
    spans.retain(|(_, since, until)| until > since);
    spans
}
