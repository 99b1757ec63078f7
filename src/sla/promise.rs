//! What can be promised: by when four answers in five have come, rounded up to what people say.

use jiff::civil::{DateTime, Weekday};

use crate::model::Time;
use crate::sla::calendar::Calendar;

/// With fewer answers nothing can be told.
const ENOUGH: usize = 20;
/// With so many customers waiting a flood is not yet one, however slow the answers.
const FEW_WAITING: i64 = 10;
/// Further off nothing is promised.
const FURTHEST_DAYS: i32 = 6;

/// What is known of how fast a mailbox answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Four in five are answered within so much open time. `None`: too few to tell.
    pub open_s: Option<i64>,
    /// Where more wait than that, it will take longer than it did.
    pub most_waiting: i64,
}

/// From the open seconds that first answers took since `since`, and those for which others wait already.
#[must_use]
pub fn expectation(took_s: &[i64], waited_s: &[i64], open_since_s: i64) -> Expectation {
    let unknown = Expectation { open_s: None, most_waiting: 0 };
    let mut all = took_s.to_vec();
    if all.len() < ENOUGH {
        return unknown;
    }
    let Some(fast) = eighty_percent(&mut all) else { return unknown };
    // Who waits longer than that counts, too: else a desk that answers nobody any more keeps a good name.
    all.extend(waited_s.iter().filter(|s| **s > fast));
    let open_s = eighty_percent(&mut all);
    // So many are answered while one waits (Little's law); twice as many are a flood.
    let answered = i64::try_from(took_s.len()).unwrap_or(i64::MAX);
    let at_once = open_s.map_or(0, |s| 2 * answered.saturating_mul(s) / open_since_s.max(1));
    Expectation { open_s, most_waiting: at_once.max(FEW_WAITING) }
}

/// Nearest rank.
fn eighty_percent(seconds: &mut [i64]) -> Option<i64> {
    seconds.sort_unstable();
    let rank = (seconds.len() * 4).div_ceil(5);
    seconds.get(rank.checked_sub(1)?).copied()
}

/// A time as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// Within so many hours.
    Within(i8),
    /// Today, before that hour.
    Today(i8),
    Tomorrow(i8),
    /// On that day of this or the next week, before that hour.
    On(Weekday, i8),
}

/// By when an answer can be promised that takes `open_s`: as it is said, and the moment it means. Never earlier than four answers in
/// five would come.
#[must_use]
pub fn promise(open_s: i64, calendar: &Calendar, zone: &jiff::tz::TimeZone, now: Time) -> Option<(Phrase, Time)> {
    let comes = calendar.add(now, open_s.max(1))?;
    let in_s = comes.since(now);
    if calendar.is_open(now) && in_s <= 3 * Time::HOUR {
        let hours = (in_s + Time::HOUR - 1) / Time::HOUR;
        return Some((Phrase::Within(i8::try_from(hours).ok()?), now.plus(hours * Time::HOUR)));
    }
    let local = |at: Time| -> DateTime { at.timestamp().to_zoned(zone.clone()).datetime() };
    let (here, there) = (local(now), local(comes));
    // Up to the next full hour; in the morning, up to noon.
    let hour = if there.minute() > 0 || there.second() > 0 { there.hour() + 1 } else { there.hour() };
    let hour = if there.date() == here.date() { hour } else { hour.max(12) };
    if hour > 23 {
        return None;
    }
    let said = there.date().at(hour, 0, 0, 0);
    let until = Time::from_unix(zone.to_ambiguous_zoned(said).compatible().ok()?.timestamp().as_second());
    let days = here.date().until(there.date()).ok()?.get_days();
    let phrase = match days {
        0 => Phrase::Today(hour),
        1 => Phrase::Tomorrow(hour),
        2..=FURTHEST_DAYS => Phrase::On(there.weekday(), hour),
        _ => return None,
    };
    Some((phrase, until))
}

/// When the customer is told that a promise will not be kept: a quarter of an hour before, or a quarter of the time if that is less.
#[must_use]
pub fn doubtful_from(acknowledged_at: Time, promised_at: Time) -> Time {
    let span_s = promised_at.since(acknowledged_at).max(0);
    promised_at.plus(-(span_s / 4).min(15 * Time::MINUTE))
}

/// Answers since then are recent ones.
#[must_use]
pub const fn recent_since(now: Time) -> Time {
    now.plus(-28 * Time::DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_answers_tell_nothing() {
        assert_eq!(expectation(&[60; 19], &[], 1000).open_s, None);
        assert_eq!(expectation(&[60; 20], &[], 1000).open_s, Some(60));
    }

    #[test]
    fn four_in_five_and_those_who_wait_still() {
        let took: Vec<i64> = (1..=100).collect();
        assert_eq!(expectation(&took, &[], 1_000_000), Expectation { open_s: Some(80), most_waiting: 10 });
        // A minute of waiting says nothing yet; an hour does.
        assert_eq!(expectation(&took, &[1, 2, 3], 1_000_000).open_s, Some(80));
        assert_eq!(expectation(&took, &[3600; 100], 1_000_000).open_s, Some(3600));
        // 100 answers in 8,000 s, each within 3,600 s: 45 at once; 90 are a flood.
        assert_eq!(expectation(&[3600; 100], &[], 8000).most_waiting, 90);
    }

    #[test]
    fn promises_are_rounded_up_to_what_people_say() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        let calendar = Calendar::always(zone.clone());
        let check = |now: &str, open_s: i64, expect: Option<(Phrase, &str)>| {
            let expect = expect.map(|(phrase, until)| (phrase, at(until)));
            assert_eq!(promise(open_s, &calendar, &zone, at(now)), expect, "{now} {open_s}");
        };
        let morning = "2026-11-20T08:10:00Z"; // a Friday, 09:10 in Stockholm
        check(morning, 40 * 60, Some((Phrase::Within(1), "2026-11-20T09:10:00Z")));
        check(morning, 3600, Some((Phrase::Within(1), "2026-11-20T09:10:00Z")));
        check(morning, 3601, Some((Phrase::Within(2), "2026-11-20T10:10:00Z")));
        check(morning, 4 * 3600, Some((Phrase::Today(14), "2026-11-20T13:00:00Z")));
        check(morning, 20 * 3600, Some((Phrase::Tomorrow(12), "2026-11-21T11:00:00Z")));
        check(morning, 28 * 3600, Some((Phrase::Tomorrow(14), "2026-11-21T13:00:00Z")));
        check(morning, 72 * 3600, Some((Phrase::On(Weekday::Monday, 12), "2026-11-23T11:00:00Z")));
        check(morning, 10 * 86_400, None);
        check("2026-11-20T22:10:00Z", 4 * 3600, Some((Phrase::Tomorrow(12), "2026-11-21T11:00:00Z")));
        check("2026-11-20T19:10:00Z", 13_000, None);
    }

    #[test]
    fn a_promise_is_in_doubt_a_little_before() {
        let t = Time::from_unix;
        assert_eq!(doubtful_from(t(0), t(3600)), t(2700));
        assert_eq!(doubtful_from(t(0), t(86_400)), t(85_500));
        assert_eq!(doubtful_from(t(0), t(400)), t(300));
    }
}
