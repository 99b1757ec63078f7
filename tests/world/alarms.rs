//! What must hold of every desk's alarms: at most one warning and one breach mail a clock, none outside opening hours.

use svar::engine::clocks;
use svar::model::{TicketNo, Time};
use svar::sla::alarm::Marks;
use svar::sla::clock::{Clock, ClockKind, ClockState};
use svar::store::view::TicketShow;

use crate::play::{Result, World};

/// What is raised about clocks.
struct Raised {
    what: &'static str,
    /// So often at most for one clock.
    most: usize,
}

const WARNED: Raised = Raised { what: "warned", most: 2 };
const ESCALATED: Raised = Raised { what: "escalated", most: 1 };

/// Checks every ticket's events against its clocks, which are computed afresh.
pub fn judge(world: &mut World) -> Result {
    for number in (1..).map(TicketNo) {
        let Some(shown) = world.look(|tx| tx.show(number, Time::from_unix(0)))? else { return Ok(()) };
        judge_ticket(world, &shown).map_err(|e| format!("#{number}: {e}"))?;
    }
    Ok(())
}

fn judge_ticket(world: &mut World, shown: &TicketShow) -> Result {
    let (settings, now, ticket) = (world.settings.clone(), world.now, &shown.ticket);
    let mailbox = settings.mailbox(&ticket.mailbox).ok_or("no mailbox")?;
    let sla = settings.sla_of(mailbox, ticket.priority).ok_or("no targets")?;
    let calendar = settings.calendar_of(mailbox).ok_or("no calendar")?;
    let steps = world.look(|tx| clocks::steps(tx, ticket.number))?;
    let clocks = clocks::of(&steps, &settings, &ticket.mailbox, ticket.priority, now);
    let responses: Vec<&Clock> = clocks.iter().filter(|c| c.kind != ClockKind::Resolution).collect();
    let mut breaches = vec![0_usize; responses.len()];
    for raised in [WARNED, ESCALATED] {
        let mut times = vec![0_usize; responses.len()];
        for event in shown.events.iter().filter(|e| e.what == raised.what) {
            if !calendar.is_open(event.at) {
                return Err(format!("{} at {}, outside opening hours", raised.what, event.at));
            }
            let ran = |c: &Clock| c.started_at <= event.at && c.stopped_at.is_none_or(|t| event.at <= t);
            let shows_enough = |c: &Clock| {
                let marks = Marks::of(sla.warn_at, sla.targets().of(c.kind));
                let at_least = if raised.what == ESCALATED.what { marks.breach_s } else { marks.warning_s };
                calendar.between(c.started_at, event.at) >= at_least
            };
            let clock = responses.iter().rposition(|c| ran(c) && shows_enough(c));
            let clock = clock
                .ok_or_else(|| format!("{} at {}, and no clock was so far: {responses:#?}", raised.what, event.at))?;
            times[clock] += 1;
        }
        if let Some(n) = times.iter().position(|n| *n > raised.most) {
            return Err(format!("{} {} times about {:?}", raised.what, times[n], responses[n]));
        }
        breaches = times;
    }
    // Whoever waits past the target is not overlooked.
    for (clock, times) in responses.iter().zip(breaches) {
        let marks = Marks::of(sla.warn_at, sla.targets().of(clock.kind));
        let at = calendar.add(clock.started_at, marks.breach_s).filter(|at| *at <= now);
        let lasted = at.is_some_and(|at| clock.stopped_at.is_none_or(|stopped| at < stopped));
        // Nobody is alarmed about what is closed, though its answer is still on its way.
        let closed = shown
            .events
            .iter()
            .any(|e| e.what == "closed" && e.at >= clock.started_at && at.is_some_and(|at| e.at <= at));
        if clock.state == ClockState::Breached && lasted && !closed && times == 0 {
            return Err(format!("nobody heard of {clock:?}"));
        }
    }
    Ok(())
}
