//! Worked examples of clocks: what happened on the left, what the clocks say on the right.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::sla::calendar::Calendar;
use crate::sla::duration::print_open;
use crate::sla::holidays::Country;

/// Monday to Friday 08-12 and 13-17, Saturday 10-14, Swedish holidays, the 23rd of December till 20.
fn shop() -> Calendar {
    let mut week: [Vec<(u32, u32)>; 7] = std::array::from_fn(|_| vec![(480, 720), (780, 1020)]);
    week[5] = vec![(600, 840)];
    week[6] = vec![];
    let long = BTreeMap::from([(Date::constant(2026, 12, 23), vec![(480, 1200)])]);
    Calendar::new(zone(), week, Some(Country::Se), long).unwrap()
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Stockholm").unwrap()
}

fn targets() -> Targets {
    let bands = vec![("excellent".to_owned(), 3600), ("ok".to_owned(), 3 * 3600)];
    Targets { first_response_s: 3600, next_response_s: 3600, resolution_s: 24 * 3600, bands }
}

/// `[DATE] TIME`, the date taken over from the moment before if there is none; or RFC 3339.
fn moment(text: &str, day: &mut Date) -> Time {
    if let Some(time) = Time::parse_rfc3339(text) {
        return time;
    }
    let time = match text.split_once(' ') {
        Some((date, time)) => {
            *day = date.parse().unwrap();
            time
        }
        None => text,
    };
    let wall = DateTime::from_parts(*day, time.parse().unwrap());
    Time::from_unix(zone().to_zoned(wall).unwrap().timestamp().as_second())
}

fn print(time: Time, day: Date) -> String {
    let wall = zone().to_datetime(time.timestamp());
    if wall.date() == day { wall.strftime("%H:%M").to_string() } else { wall.strftime("%m-%d %H:%M").to_string() }
}

/// `story` is `[DATE] TIME word; …`, its last word `now`. `expect` has a clock a line:
/// kind, start, due, stop, open time, wall time where it differs, band, state.
fn check_in(calendar: &Calendar, story: &str, expect: &[&str]) {
    let mut day = Date::constant(2026, 11, 20);
    let first_day = day;
    let (mut steps, mut now) = (Vec::new(), None);
    for part in story.split(';') {
        let (time, word) = part.trim().rsplit_once(' ').unwrap();
        let (word, since) = word.split_once('=').map_or((word, None), |(word, since)| (word, Some(since)));
        let at = moment(time, &mut day);
        let what = match word {
            "message" => What::CustomerMessage,
            "answer" => What::Answer,
            "agent-opened" => What::AgentOpened,
            "closed" => What::Closed,
            "done" => What::Done,
            "reopened" => What::Reopened,
            "pending" => What::Pending,
            "open" => What::Open,
            "held" => What::Held,
            "spam" => What::Cancelled,
            "joined" => What::Joined(moment(since.unwrap(), &mut day.clone())),
            "now" => {
                now = Some(at);
                continue;
            }
            other => panic!("{other}"),
        };
        steps.push(Step { at, what });
    }
    let clocks = fold(&steps, calendar, &targets(), now.unwrap());
    let or_none = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), |t| print(t, first_day));
    let show = |c: &Clock| {
        let wall = if c.wall_s == c.elapsed_s { String::new() } else { format!("/{}", print_open(c.wall_s)) };
        format!(
            "{} {} due {} stop {} {}{wall} {} {}",
            c.kind.as_str(),
            print(c.started_at, first_day),
            or_none(c.due_at),
            or_none(c.stopped_at),
            print_open(c.elapsed_s),
            c.band.as_deref().unwrap_or("-"),
            serde_json::to_value(c.state).unwrap().as_str().unwrap()
        )
    };
    assert_eq!(clocks.iter().map(show).collect::<Vec<_>>(), expect, "{story}");

    // Whatever order the steps come in, time decides.
    steps.sort_by_key(|s| std::cmp::Reverse(s.at));
    assert_eq!(fold(&steps, calendar, &targets(), now.unwrap()), clocks, "{story}, backwards");
}

fn check(story: &str, expect: &[&str]) {
    check_in(&shop(), story, expect);
}

#[test]
fn a_message_and_its_answer() {
    check(
        "09:00 message; 09:30 now",
        &[
            "first_response 09:00 due 10:00 stop - 30m - running",
            "resolution 09:00 due 11-24 14:00 stop - 30m - running",
        ],
    );
    check(
        "09:00 message; 09:20 message; 10:00 answer; 10:00 pending; 16:00 now",
        &["first_response 09:00 due 10:00 stop 10:00 1h excellent met", "resolution 09:00 due - stop - 1h - paused"],
    );
    check(
        "09:00 message; 10:00:01 answer; 10:00:01 pending; 16:00 now",
        &["first_response 09:00 due 10:00 stop 10:00 1h1s ok breached", "resolution 09:00 due - stop - 1h1s - paused"],
    );
}

#[test]
fn limits_are_inclusive_and_closing_time_is_still_in_time() {
    check(
        "11:00 message; 13:00 answer; 13:00 closed; 16:00 now",
        &[
            "first_response 11:00 due 12:00 stop 13:00 1h/2h excellent met",
            "resolution 11:00 due 11-24 16:00 stop 13:00 1h/2h - met",
        ],
    );
    check(
        "08:00 message; 11:00 answer; 11:00 closed; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop 11:00 3h ok breached",
            "resolution 08:00 due 11-24 12:00 stop 11:00 3h - met",
        ],
    );
    check(
        "08:00 message; 11:00:01 answer; 11:00:01 closed; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop 11:00 3h1s miss breached",
            "resolution 08:00 due 11-24 12:00 stop 11:00 3h1s - met",
        ],
    );
}

#[test]
fn who_waits_past_the_target_is_breached_and_later_a_miss() {
    check(
        "09:00 message; 10:00 now",
        &["first_response 09:00 due 10:00 stop - 1h - running", "resolution 09:00 due 11-24 14:00 stop - 1h - running"],
    );
    check(
        "09:00 message; 10:00:01 now",
        &[
            "first_response 09:00 due 10:00 stop - 1h1s - breached",
            "resolution 09:00 due 11-24 14:00 stop - 1h1s - running",
        ],
    );
    check(
        "09:00 message; 13:00:01 now",
        &[
            "first_response 09:00 due 10:00 stop - 3h1s/4h1s miss breached",
            "resolution 09:00 due 11-24 14:00 stop - 3h1s/4h1s - running",
        ],
    );
}

#[test]
fn nights_weekends_and_holidays_do_not_count() {
    // A Friday evening's mail, answered on Saturday at a quarter past ten.
    check(
        "20:10 message; 2026-11-21 10:15 answer; 10:15 closed; 11:00 now",
        &[
            "first_response 20:10 due 11-21 11:00 stop 11-21 10:15 15m/14h5m excellent met",
            "resolution 20:10 due 11-25 12:00 stop 11-21 10:15 15m/14h5m - met",
        ],
    );
    // Written on the 23rd (open till 20) at 19:30; the 24th is a Thursday like any other, the 25th and 26th are holidays.
    check(
        "2026-12-23 19:30 message; 2026-12-24 08:30 answer; 08:30 closed; 10:00 now",
        &[
            "first_response 12-23 19:30 due 12-24 08:30 stop 12-24 08:30 1h/13h excellent met",
            "resolution 12-23 19:30 due 12-29 16:30 stop 12-24 08:30 1h/13h - met",
        ],
    );
    check(
        "2026-12-24 16:30 message; 2026-12-28 08:15 now",
        &[
            "first_response 12-24 16:30 due 12-28 08:30 stop - 45m/87h45m - running",
            "resolution 12-24 16:30 due 12-30 16:30 stop - 45m/87h45m - running",
        ],
    );
}

#[test]
fn over_a_change_of_clocks() {
    let always = Calendar::always(zone());
    // The hour from 02:00 to 03:00 is missing: half past one and an hour is half past three.
    check_in(
        &always,
        "2026-03-29 01:30 message; 03:30 answer; 03:30 closed; 04:00 now",
        &[
            "first_response 03-29 01:30 due 03-29 03:30 stop 03-29 03:30 1h excellent met",
            "resolution 03-29 01:30 due 03-30 02:30 stop 03-29 03:30 1h - met",
        ],
    );
    // And here it comes twice.
    check_in(
        &always,
        "2026-10-25 01:30 message; 2026-10-25T01:30:00Z answer; 2026-10-25T01:30:00Z closed; 04:00 now",
        &[
            "first_response 10-25 01:30 due 10-25 02:30 stop 10-25 02:30 2h ok breached",
            "resolution 10-25 01:30 due 10-26 00:30 stop 10-25 02:30 2h - met",
        ],
    );
    let night = Calendar::new(zone(), std::array::from_fn(|_| vec![(0, 240)]), None, BTreeMap::new()).unwrap();
    check_in(
        &night,
        "2026-03-28 03:30 message; 2026-03-29 12:00 now",
        &[
            "first_response 03-28 03:30 due 03-29 00:30 stop - 3h30m/31h30m miss breached",
            "resolution 03-28 03:30 due 04-04 00:30 stop - 3h30m/31h30m - running",
        ],
    );
}

#[test]
fn the_next_response_begins_with_the_first_message_after_an_answer() {
    check(
        "08:00 message; 08:30 answer; 08:30 pending; 09:00 message; 09:00 open; 09:40 message; \
         11:00 answer; 11:00 pending; 14:00 answer; 15:00 message; 15:00 open; 15:30 now",
        &[
            "first_response 08:00 due 09:00 stop 08:30 30m excellent met",
            "next_response 09:00 due 10:00 stop 11:00 2h ok breached",
            "next_response 15:00 due 16:00 stop - 30m - running",
            "resolution 08:00 due 11-24 16:30 stop - 3h - running",
        ],
    );
}

#[test]
fn resolution_pauses_and_goes_on() {
    check(
        "08:00 message; 09:00 answer; 09:00 pending; 2026-11-23 08:00 message; 10:00 held; 2026-11-24 08:00 open; 09:00 now",
        &[
            "first_response 08:00 due 09:00 stop 09:00 1h excellent met",
            // Held does not pause an answer that is owed.
            "next_response 11-23 08:00 due 11-23 09:00 stop - 9h/25h miss breached",
            // 1 h + 2 h + 1 h used, 20 left from Tuesday 09:00: 7 + 8 + 5.
            "resolution 08:00 due 11-26 14:00 stop - 4h - running",
        ],
    );
    // Used up, answered, paused, resumed: it was due when it was used up.
    check(
        "08:00 message; 2026-11-25 16:00 pending; 2026-11-26 08:00 reopened; 09:00 closed; 10:00 now",
        &[
            "first_response 08:00 due 09:00 stop - 37h/145h - cancelled",
            "resolution 08:00 due 11-24 12:00 stop 11-26 09:00 36h/129h - breached",
        ],
    );
    check(
        "08:00 message; 2026-11-25 16:00 pending; 2026-11-26 08:00 now",
        &[
            "first_response 08:00 due 09:00 stop - 36h/144h miss breached",
            "resolution 08:00 due - stop - 35h/128h - breached",
        ],
    );
    // Closed, reopened, closed: the time between does not count.
    check(
        "08:00 message; 09:00 answer; 09:00 closed; 11:00 message; 11:00 reopened; 11:30 answer; 11:30 closed; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop 09:00 1h excellent met",
            "next_response 11:00 due 12:00 stop 11:30 30m excellent met",
            "resolution 08:00 due 11-24 15:00 stop 11:30 1h30m - met",
        ],
    );
}

#[test]
fn an_agent_who_wrote_first_owes_no_first_response() {
    check("08:00 agent-opened; 08:00 pending; 09:00 now", &[]);
    check(
        "08:00 agent-opened; 08:00 pending; 10:00 message; 10:00 open; 10:30 now",
        &[
            "next_response 10:00 due 11:00 stop - 30m - running",
            "resolution 10:00 due 11-24 15:00 stop - 30m - running",
        ],
    );
    // An answer that was found in Sent, the mail it answers unknown.
    check(
        "08:00 answer; 08:00 pending; 10:00 message; 10:30 answer; 10:30 pending; 11:00 now",
        &["next_response 10:00 due 11:00 stop 10:30 30m excellent met", "resolution 10:00 due - stop - 30m - paused"],
    );
}

#[test]
fn closed_unanswered_is_cancelled() {
    check(
        "08:00 message; 08:30 done; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop - 30m - cancelled",
            "resolution 08:00 due 11-24 12:00 stop 08:30 30m - met",
        ],
    );
    check(
        "08:00 message; 08:30 spam; 09:00 message; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop - 30m - cancelled",
            "resolution 08:00 due 11-24 12:00 stop - 30m - cancelled",
        ],
    );
    // Closed with an answer that the server accepts a little later: it is an answer.
    check(
        "08:00 message; 08:30 closed; 08:31 answer; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop 08:31 31m excellent met",
            "resolution 08:00 due 11-24 12:00 stop 08:30 30m - met",
        ],
    );
    // But what was answered elsewhere stays cancelled.
    check(
        "08:00 message; 08:30 done; 09:00 answer; 16:00 now",
        &[
            "first_response 08:00 due 09:00 stop - 30m - cancelled",
            "resolution 08:00 due 11-24 12:00 stop 08:30 30m - met",
        ],
    );
}

#[test]
fn a_wait_is_never_left_unmeasured() {
    // The customer writes again after #done: a wait of its own, even in the second of the reopening.
    for again in ["10:00 message; 10:00 reopened", "10:00 reopened; 10:00 message", "10:00 message; 10:05 reopened"] {
        check(
            &format!("08:00 message; 08:30 done; {again}; 10:30 now"),
            &[
                "first_response 08:00 due 09:00 stop - 30m - cancelled",
                "next_response 10:00 due 11:00 stop - 30m - running",
                "resolution 08:00 due 11-24 14:30 stop - 1h - running",
            ],
        );
    }
    // #done and #spam taken back: he has waited all along.
    for word in ["done", "spam", "closed"] {
        check(
            &format!("08:00 message; 08:30 {word}; 10:00 reopened; 10:30 now"),
            &[
                "first_response 08:00 due 09:00 stop - 2h30m - breached",
                "resolution 08:00 due 11-24 14:30 stop - 1h - running",
            ],
        );
    }
    // Answered, then taken for spam, while he wrote again.
    check(
        "08:00 message; 08:30 answer; 08:30 pending; 09:00 spam; 09:30 message; 10:00 reopened; 10:30 now",
        &[
            "first_response 08:00 due 09:00 stop 08:30 30m excellent met",
            "next_response 09:30 due 10:30 stop - 1h - running",
            "resolution 08:00 due 11-24 14:30 stop - 1h - running",
        ],
    );
}

#[test]
fn the_survivor_of_a_merger_keeps_the_earliest_wait() {
    // Its own has waited for less.
    check(
        "09:00 message; 10:00 joined=08:00; 10:30 now",
        &[
            "first_response 08:00 due 09:00 stop - 2h30m - breached",
            "resolution 09:00 due 11-24 14:00 stop - 1h30m - running",
        ],
    );
    // Its own is answered, but that was no answer to the other one.
    check(
        "07:00 message; 09:00 answer; 09:00 pending; 10:00 joined=08:00; 10:30 now",
        &[
            "first_response 07:00 due 09:00 stop 09:00 1h/2h excellent met",
            "next_response 08:00 due 09:00 stop - 2h30m - breached",
            "resolution 07:00 due 11-24 14:00 stop - 1h30m/2h30m - running",
        ],
    );
}

#[test]
fn bands_and_words() {
    let check = |elapsed_s: i64, band: &str| assert_eq!(targets().band(elapsed_s), Some(band));
    check(0, "excellent");
    check(3600, "excellent");
    check(3601, "ok");
    check(10_800, "ok");
    check(10_801, "miss");
    assert_eq!(Targets { bands: Vec::new(), ..targets() }.band(5), None);
    for kind in ClockKind::ALL {
        assert_eq!(ClockKind::parse(kind.as_str()), Some(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

#[test]
fn json_is_the_contract_s() {
    let step = Step { at: Time::parse_rfc3339("2026-11-20T08:00:00Z").unwrap(), what: What::CustomerMessage };
    let clocks = fold(&[step], &shop(), &targets(), step.at.plus(60));
    let expect = r#"{"kind":"first_response","started_at":"2026-11-20T08:00:00Z","due_at":"2026-11-20T09:00:00Z","stopped_at":null,"elapsed_s":60,"wall_s":60,"band":null,"state":"running"}"#;
    assert_eq!(serde_json::to_string(&clocks[0]).unwrap(), expect);
    assert_eq!(waiting(&clocks), Some(&clocks[0]));
}

#[test]
fn alarms_know_their_time() {
    let shop = shop();
    let start = Time::parse_rfc3339("2026-11-20T10:30:00Z").unwrap(); // 11:30
    let steps = [Step { at: start, what: What::CustomerMessage }];
    let check = |now: i64, open_s: i64, expect: i64| {
        let now = start.plus(now);
        let clocks = fold(&steps, &shop, &targets(), now);
        assert_eq!(clocks[0].reaches(open_s, &shop, now), Some(start.plus(expect)), "at {now}");
    };
    check(0, 1800, 1800); // half an hour: at closing
    check(600, 1800, 1800);
    check(600, 3601, 7201); // beyond the hour: after lunch
    check(9000, 3601, 9000); // past already
    check(-5, 1800, 1800); // the server's time is ahead of ours
    let mut steps = steps.to_vec();
    steps.push(Step { at: start.plus(60), what: What::Answer });
    steps.push(Step { at: start.plus(60), what: What::Pending });
    let now = start.plus(120);
    for clock in fold(&steps, &shop, &targets(), now) {
        assert_eq!(clock.reaches(1800, &shop, now), None);
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    use What::{AgentOpened, Answer, Cancelled, Closed, CustomerMessage, Done, Held, Joined, Open, Pending, Reopened};
    let kinds = vec![
        CustomerMessage,
        CustomerMessage,
        CustomerMessage,
        Answer,
        Answer,
        AgentOpened,
        Closed,
        Done,
        Reopened,
        Pending,
        Open,
        Held,
        Cancelled,
        Joined(Time::from_unix(1_795_000_000)),
    ];
    (1_795_000_000i64..1_795_600_000, prop::sample::select(kinds))
        .prop_map(|(at, what)| Step { at: Time::from_unix(at), what })
}

proptest! {
    #[test]
    fn whatever_happens(steps in prop::collection::vec(any_step(), 0..30), now in 0i64..1_000_000) {
        let now = Time::from_unix(1_795_600_000 + now);
        let clocks = fold(&steps, &shop(), &targets(), now);
        let responses: Vec<&Clock> = clocks.iter().filter(|c| c.kind != ClockKind::Resolution).collect();
        prop_assert!(clocks.len() - responses.len() <= 1);
        prop_assert!(responses.iter().skip(1).all(|c| c.kind == ClockKind::NextResponse), "one first response at most");
        prop_assert!(responses.iter().rev().skip(1).all(|c| !c.is_unanswered()), "only the last one runs");
        for c in &clocks {
            prop_assert!(0 <= c.elapsed_s && c.elapsed_s <= c.wall_s);
            let late = c.elapsed_s > targets().of(c.kind);
            match c.state {
                ClockState::Met => prop_assert!(c.stopped_at.is_some() && !late),
                ClockState::Breached => prop_assert!(late),
                ClockState::Running | ClockState::Paused => prop_assert!(c.stopped_at.is_none() && !late),
                ClockState::Cancelled => prop_assert!(c.stopped_at.is_none() && c.band.is_none()),
            }
            if let (Some(due), true) = (c.due_at, c.kind != ClockKind::Resolution) {
                prop_assert_eq!(shop().between(c.started_at, due), targets().of(c.kind));
            }
        }
    }
}
