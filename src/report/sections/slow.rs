//! The slowest responses, and why.

use minijinja::context;

use crate::model::{Address, one_line};
use crate::report::kind::Kind;
use crate::report::page::Item;
use crate::report::say::Say;
use crate::report::{ByAgent, Matter};
use crate::sla::figures::Why;

const SUBJECT_CHARS: usize = 90;
/// More reasons than that explain nothing.
const WHYS_MAX: usize = 4;

pub fn items(matter: &Matter<'_>, say: &Say<'_>) -> Vec<Item> {
    let one_day = (matter.kind == Kind::Daily).then_some(matter.this.from);
    let item = |slow: &crate::sla::figures::SlowRow| {
        let clock = &slow.clock;
        let words = context! { clock => say.word(clock.clock.as_str()), duration => say.duration(clock.elapsed_s) };
        let took = say.with(if clock.stopped_at.is_some() { "slow_line" } else { "slow_running" }, words);
        let whys: Vec<String> = slow.why.iter().take(WHYS_MAX).map(|w| why(w, matter, say, one_day)).collect();
        let mut lines = vec![took];
        if !whys.is_empty() {
            lines.push(whys.join("; "));
        }
        Item {
            head: format!("#{} {}", clock.ticket, shortened(&one_line(&clock.subject))).trim_end().to_owned(),
            lines,
        }
    };
    matter.this.slowest.iter().map(item).collect()
}

fn why(why: &Why, matter: &Matter<'_>, say: &Say<'_>, one_day: Option<jiff::civil::Date>) -> String {
    match why {
        Why::Unread { from, to: Some(to) } => {
            let (from, to) = say.span(*from, *to, one_day);
            say.with("why_unread", context! { from, to })
        }
        Why::Unread { from, to: None } => say.with("why_unread_still", context! { from => say.moment(*from, one_day) }),
        Why::Bounced { at } => say.with("why_bounced", context! { when => say.moment(*at, one_day) }),
        Why::Held { from, to: Some(to) } => {
            let (from, to) = say.span(*from, *to, one_day);
            say.with("why_held", context! { from, to })
        }
        Why::Held { from, to: None } => say.with("why_held_still", context! { from => say.moment(*from, one_day) }),
        Why::Assigned { agent, from, to } => {
            let (from, to) = say.span(*from, *to, one_day);
            say.with("why_assigned", context! { agent => name(agent, matter, say), from, to })
        }
        Why::NobodyTookIt { from, to } => {
            let (from, to) = say.span(*from, *to, one_day);
            say.with("why_nobody", context! { from, to })
        }
        Why::WaitedForOpening { until } => say.with("why_opening", context! { until => say.moment(*until, one_day) }),
    }
}

fn name(agent: &Address, matter: &Matter<'_>, say: &Say<'_>) -> String {
    if matter.by_agent == ByAgent::None {
        return say.word("an_agent");
    }
    matter.names.get(agent).cloned().unwrap_or_else(|| agent.to_string())
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SUBJECT_CHARS {
        return text.to_owned();
    }
    let start: String = text.chars().take(SUBJECT_CHARS - 1).collect();
    format!("{}…", start.trim_end())
}
