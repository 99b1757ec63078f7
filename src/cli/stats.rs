//! `stats`: the figures of a period, as JSON or on one screen.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::Out;
use crate::cli::screen::screen;
use crate::engine::figures;
use crate::sla::figures::{Detail, Period};

/// Longer ones are a slip of the keys.
const YEARS_MAX: i64 = 50;

pub fn stats(
    global: &Global,
    out: &mut Out,
    from: Option<Date>,
    to: Option<Date>,
    mailbox: Option<&str>,
) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    if let Some(name) = mailbox.filter(|name| desk.settings.mailbox(name).is_none()) {
        let names: Vec<&str> = desk.settings.mailboxes.iter().map(|m| m.name.as_str()).collect();
        return Err(CommandError::usage(format!("there is no mailbox called {name}"))
            .hint(format!("The mailboxes are: {}.", names.join(", "))));
    }
    let zone = desk.settings.desk.time_zone.clone();
    let today = zone.to_datetime(desk.now.timestamp()).date();
    let period = period(from, to, today)?;
    let period = Period { from: period.0, to: period.1, zone };
    let (now, settings) = (desk.now, desk.settings.clone());
    let figures = desk.with_store(|store| figures::of(store, &settings, &period, mailbox, now, Detail::Figures))?;
    if out.json {
        return Ok(out.json(&figures)?);
    }
    Ok(screen(out, &settings.desk.name, &figures, &period.zone)?)
}

/// This week so far, unless something else is asked for. With one end alone the other is today, or the Monday before the end.
fn period(from: Option<Date>, to: Option<Date>, today: Date) -> Result<(Date, Date), CommandError> {
    let monday = |day: Date| day.saturating_sub(i32::from(day.weekday().to_monday_zero_offset()).days());
    let (from, to) = match (from, to) {
        (None, None) => (monday(today), today),
        (Some(from), None) => (from, today.max(from)),
        (None, Some(to)) => (monday(to), to),
        (Some(from), Some(to)) => (from, to),
    };
    if to < from {
        return Err(CommandError::usage(format!("--to {to} is before --from {from}")));
    }
    if i64::from(to.year()) - i64::from(from.year()) > YEARS_MAX {
        return Err(CommandError::usage(format!("from {from} to {to} is more than {YEARS_MAX} years")));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let check = |from: &str, to: &str, expect: &str| {
            let date = |text: &str| (!text.is_empty()).then(|| day(text));
            let said = period(date(from), date(to), day("2026-11-19"));
            let said = said.map_or_else(|_| "refused".to_owned(), |(from, to)| format!("{from} {to}"));
            assert_eq!(said, expect, "{from} {to}");
        };
        check("", "", "2026-11-16 2026-11-19");
        check("2026-11-01", "", "2026-11-01 2026-11-19");
        check("2026-12-01", "", "2026-12-01 2026-12-01");
        check("", "2026-11-15", "2026-11-09 2026-11-15");
        check("2026-11-15", "2026-11-15", "2026-11-15 2026-11-15");
        check("2026-11-15", "2026-11-14", "refused");
        check("0001-01-01", "", "refused");
    }
}
