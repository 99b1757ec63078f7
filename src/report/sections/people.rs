//! Tables by hour, weekday, tag and person.

use minijinja::context;

use crate::report::kind::Kind;
use crate::report::page::{Row, Table};
use crate::report::say::Say;
use crate::report::{ByAgent, Matter};
use crate::sla::figures::{ClockFigures, MysteryRow};

/// Tags that are listed.
const TAGS_MAX: usize = 12;

/// The hours in which anything came or was answered.
pub fn by_hour(matter: &Matter<'_>, say: &Say<'_>) -> Option<Table> {
    let rows: Vec<Row> = matter
        .this
        .by_hour
        .iter()
        .filter(|h| h.customer_messages + h.answers > 0)
        .map(|h| {
            let hour = format!("{:02}–{:02}", h.hour, h.hour + 1);
            let hour = if h.open_s > 0 { format!("{hour}  {}", say.word("open_hours")) } else { hour };
            Row::new(vec![hour, h.customer_messages.to_string(), h.answers.to_string()])
        })
        .collect();
    let heads = vec![say.word("hour"), say.word("came"), say.word("answered")];
    (!rows.is_empty()).then_some(Table { heads, rows })
}

/// Of several days.
pub fn by_weekday(matter: &Matter<'_>, say: &Say<'_>) -> Option<Table> {
    if matter.kind == Kind::Daily {
        return None;
    }
    let rows: Vec<Row> = matter
        .this
        .by_weekday
        .iter()
        .filter(|d| d.customer_messages + d.answers + d.opened > 0)
        .map(|d| {
            Row::new(vec![
                say.words.listed("date.weekdays_long", i8::try_from(d.weekday).unwrap_or_default()),
                d.customer_messages.to_string(),
                d.answers.to_string(),
                say.duration_or_none(d.median_first_response_s),
            ])
        })
        .collect();
    let heads = vec![say.word("weekday"), say.word("came"), say.word("answered"), say.word("median")];
    (!rows.is_empty()).then_some(Table { heads, rows })
}

/// The tags with most new tickets, and what they had the period before.
pub fn by_tag(matter: &Matter<'_>, say: &Say<'_>) -> Option<Table> {
    let mut tags: Vec<_> = matter.this.by_tag.iter().filter(|t| t.opened > 0).collect();
    tags.sort_by(|a, b| b.opened.cmp(&a.opened).then_with(|| a.tag.cmp(&b.tag)));
    let before = |tag: &str| matter.before.by_tag.iter().find(|t| t.tag == tag).map_or(0, |t| t.opened);
    let rows: Vec<Row> = tags
        .iter()
        .take(TAGS_MAX)
        .map(|t| {
            Row::new(vec![
                t.tag.clone(),
                t.opened.to_string(),
                before(&t.tag).to_string(),
                say.duration_or_none(t.median_first_response_s),
            ])
        })
        .collect();
    let days = crate::report::kind::Days { from: matter.before.from, to: matter.before.to };
    let heads = vec![say.word("tag"), say.word("opened"), say.short(matter.kind, days), say.word("median")];
    (!rows.is_empty()).then_some(Table { heads, rows })
}

/// As much of each person as the configuration lets be said.
pub fn by_agent(matter: &Matter<'_>, say: &Say<'_>) -> Option<Table> {
    let full = match matter.by_agent {
        ByAgent::None => return None,
        ByAgent::Counts => false,
        ByAgent::Full => true,
    };
    let rows: Vec<Row> = matter
        .this
        .by_agent
        .iter()
        .filter(|a| a.answers > 0 || (full && a.median_s.is_some()))
        .map(|a| {
            let name = match &a.agent {
                Some(address) => matter.names.get(address).cloned().unwrap_or_else(|| address.to_string()),
                None => say.word("unnamed"),
            };
            let mut cells = vec![name, a.answers.to_string()];
            if full {
                cells.extend([say.duration_or_none(a.median_s), say.duration_or_none(a.p90_s)]);
            }
            Row::new(cells)
        })
        .collect();
    let mut heads = vec![say.word("agent"), say.word("answers")];
    if full {
        heads.extend([say.word("median"), say.word("p90")]);
    }
    (!rows.is_empty()).then_some(Table { heads, rows })
}

/// How test customers fared in a mailbox, in a line.
pub fn mystery(row: &MysteryRow, say: &Say<'_>) -> String {
    let of = |c: &ClockFigures| (c.within_target, c.stopped + c.past_target);
    let (first, next) = (of(&row.first_response), of(&row.next_response));
    say.with(
        "mystery_line",
        context! {
            mailbox => row.mailbox.clone(),
            n => row.opened,
            median => say.duration_or_none(row.first_response.median_s),
            share => say.share(first.0 + next.0, first.1 + next.1),
        },
    )
}
