//! The calendars: `[calendar.NAME]` with days, holidays and exceptions.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::mistake::nearest;
use super::reader::{Reader, Table, items};
use super::values;
use crate::sla::calendar::{Calendar, Interval, wall};
use crate::sla::hours::{DAYS, parse_days};

const WRITE: &str = "it as [\"08:00-12:00\", \"13:00-17:00\"], or [] for closed";

/// `None` if something is wrong with it.
pub(super) fn calendar(reader: &Reader<'_>, table: &Table<'_>, zone: &TimeZone) -> Option<Calendar> {
    let holidays = table.opt("holidays", values::country);
    // Everything that is written could be read: what is told besides is no consequence of another mistake.
    let mut is_read = true;
    let mut exceptions: BTreeMap<Date, Vec<Interval>> = BTreeMap::new();
    let except = table.table("except");
    for (day, place) in except.keys() {
        let hours = intervals(reader, &except, day);
        is_read &= says(&except, day, hours.as_deref());
        match day.trim().parse() {
            Ok(date) => {
                exceptions.insert(date, hours.unwrap_or_default());
            }
            Err(_) => reader.mistake(&place, format!("\"{day}\" is no date; write it as \"2026-12-23\"")),
        }
    }
    let mut week: [Option<(Vec<Interval>, &str)>; 7] = Default::default();
    for (key, place) in table.keys() {
        if ["holidays", "except"].contains(&key) {
            continue;
        }
        let Ok(days) = parse_days(key) else {
            // Not asked for, so that the table itself says that there is no such key, unless it was meant as days.
            if nearest(key, ["holidays", "except"]).is_none() {
                table.value(key);
                let write = "mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, holidays or except";
                reader.mistake(&place, format!("there is no such key; write {write}"));
            }
            continue;
        };
        let hours = intervals(reader, table, key);
        is_read &= says(table, key, hours.as_deref());
        let hours = hours.unwrap_or_default();
        for day in days {
            match &week[day] {
                Some((_, before)) => {
                    let what = format!("{} stands in \"{before}\" already; write each day once", DAYS[day]);
                    reader.mistake(&place, what);
                }
                None => week[day] = Some((hours.clone(), key)),
            }
        }
    }
    let is_written = week.iter().any(Option::is_some);
    let week = week.map(|day| day.map(|(hours, _)| hours).unwrap_or_default());
    let calendar = Calendar::new(zone.clone(), week, holidays, exceptions);
    match &calendar {
        // What overlaps within a day has been told of at its place.
        Err(error) => table.mistake(format!("{error}; let one end where the other begins")),
        Ok(calendar) if calendar.is_never() && is_read => {
            let why = if is_written { "all its days are empty" } else { "it has no days" };
            let what = format!("is never open: {why}; write its hours, for example mon-fri = [\"08:00-17:00\"]");
            table.mistake(what);
        }
        Ok(_) => {}
    }
    calendar.ok()
}

/// Something was read, or `[]` is written.
fn says(table: &Table<'_>, key: &str, hours: Option<&[Interval]>) -> bool {
    let is_blank = || table.value(key).and_then(|v| items(&v, WRITE).ok()).is_some_and(|list| list.is_empty());
    hours.is_some_and(|hours| !hours.is_empty()) || is_blank()
}

/// The intervals of a day in order. Overlapping ones are noted at the later one's place; then there are none.
fn intervals(reader: &Reader<'_>, table: &Table<'_>, key: &str) -> Option<Vec<Interval>> {
    let mut hours = table.list(key, values::interval, WRITE)?;
    hours.sort_by_key(|(interval, _)| *interval);
    let mut apart = true;
    for pair in hours.windows(2) {
        let ((first, _), (second, place)) = (&pair[0], &pair[1]);
        if second.0 < first.1 {
            reader.mistake(place, format!("{} and {} overlap; write them as one", wall(*first), wall(*second)));
            apart = false;
        }
    }
    apart.then(|| hours.into_iter().map(|(interval, _)| interval).collect())
}
