//! Figures by example: a few tickets, and what is said of them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::count::rank;
use super::*;
use crate::sla::clock::What;

const DAY: Date = Date::constant(2026, 11, 20);

fn zone() -> TimeZone {
    TimeZone::get("Europe/Stockholm").unwrap()
}

/// `HH:MM` on Friday the 20th of November, `21 HH:MM` on another day of the month.
fn at(text: &str) -> Time {
    let (day, time) = text.split_once(' ').unwrap_or(("20", text));
    let wall: jiff::civil::DateTime = format!("2026-11-{day}T{time}").parse().unwrap();
    Time::from_unix(zone().to_timestamp(wall).unwrap().as_second())
}

fn measure(first_response_s: i64) -> Measure {
    let mut week: [Vec<(u32, u32)>; 7] = std::array::from_fn(|_| vec![(480, 720), (780, 1020)]);
    week[5] = vec![];
    week[6] = vec![];
    let calendar = Calendar::new(zone(), week, None, BTreeMap::new()).unwrap();
    let bands = vec![("excellent".to_owned(), 3600), ("ok".to_owned(), 3 * 3600)];
    let targets = Targets { first_response_s, next_response_s: 3600, resolution_s: 86_400, bands };
    Measure { calendar, targets, by_priority: BTreeMap::new() }
}

fn measures() -> Measures {
    Measures { mailboxes: BTreeMap::from([("support".to_owned(), measure(3600))]), outages: Vec::new() }
}

/// `HH:MM word; …` with the words `message`, `anna`, `sent`, `closed`, `done`, `reopened`, `held`, `to-anna`.
fn ticket(number: i64, story: &str) -> History {
    let anna = Address::parse("anna@example.test");
    let mut history = History {
        number: TicketNo(number),
        mailbox: "support".to_owned(),
        priority: Priority::Normal,
        subject: format!("Ärende {number}"),
        state: State::Open,
        mystery: false,
        tags: Vec::new(),
        created_at: Time::default(),
        assignee: None,
        steps: Vec::new(),
        customer_messages: Vec::new(),
        answers: Vec::new(),
        deeds: Vec::new(),
    };
    for part in story.split(';') {
        let (time, word) = part.trim().rsplit_once(' ').unwrap();
        let time = at(time);
        let what = match word {
            "message" => {
                history.customer_messages.push(time);
                What::CustomerMessage
            }
            "anna" | "sent" => {
                history.answers.push(Answered { at: time, agent: anna.clone().filter(|_| word == "anna") });
                What::WrittenAnswer
            }
            "closed" => What::Closed,
            "done" => What::Done,
            "reopened" => What::Reopened,
            "held" => {
                history.deeds.push(Deed { at: time, what: DeedKind::Held });
                What::Held
            }
            "to-anna" => {
                history.deeds.push(Deed { at: time, what: DeedKind::Assigned(anna.clone().unwrap()) });
                continue;
            }
            other => panic!("{other}"),
        };
        history.steps.push(Step { at: time, what });
    }
    history.created_at = history.steps[0].at;
    history
}

fn on_the_day(histories: &[History], now: &str) -> Figures {
    let period = Period { from: DAY, to: DAY, zone: zone() };
    figures(histories, &period, None, &measures(), at(now))
}

#[test]
fn nearest_rank_takes_the_ceiling() {
    let check = |n: i64, median: i64, p90: i64| {
        let all: Vec<i64> = (1..=n).collect();
        assert_eq!((rank(&all, 50), rank(&all, 90)), (Some(median), Some(p90)), "{n}");
    };
    check(1, 1, 1);
    check(2, 1, 2);
    check(3, 2, 3);
    check(4, 2, 4);
    check(10, 5, 9);
    check(11, 6, 10);
    check(20, 10, 18);
    check(21, 11, 19);
    assert_eq!(rank(&[], 50), None);
}

#[test]
fn what_starts_stops_runs_and_is_cancelled() {
    let tickets = [
        ticket(1, "08:00 message; 08:30 anna; 09:30 message; 10:00 anna; 10:00 closed"),
        ticket(2, "09:00 message; 11:30 sent"),
        ticket(3, "09:00 message; 09:10 done"),
        ticket(4, "10:00 message"),
        ticket(5, "11:59 message"),
        ticket(6, "19 16:00 message; 08:10 anna"),
        ticket(7, "21 10:00 message"),
    ];
    let f = on_the_day(&tickets, "12:30");
    let first = &f.first_response;
    assert_eq!((first.started, first.stopped, first.running, first.cancelled, first.past_target), (5, 2, 2, 1, 1));
    assert_eq!((first.median_s, first.p90_s, first.mean_s), (Some(1800), Some(9000), Some(5400)));
    assert_eq!((first.target_s, first.within_target), (Some(3600), 1));
    assert_eq!(
        first.bands.iter().map(|b| (b.name.as_str(), b.up_to_s, b.count)).collect::<Vec<_>>(),
        [("excellent", Some(3600), 1), ("ok", Some(10_800), 1), ("miss", None, 0)]
    );
    assert_eq!(first.share_within_target(), Some(1.0 / 3.0));
    assert_eq!((f.next_response.started, f.next_response.median_s), (1, Some(1800)));
    assert_eq!(
        (f.resolution.started, f.resolution.stopped, f.resolution.running, f.resolution.bands.len()),
        (5, 2, 3, 0)
    );
    assert_eq!(f.tickets, TicketCounts { opened: 5, closed: 2, reopened: 0, open_at_end: 4 });
    assert_eq!((f.by_hour[8].customer_messages, f.by_hour[8].answers, f.by_hour[9].customer_messages), (1, 2, 3));
    let agents: Vec<_> = f.by_agent.iter().map(|a| (a.agent.is_some(), a.answers, a.median_s)).collect();
    assert_eq!(agents, [(true, 3, Some(1800)), (false, 1, Some(9000))]);
    assert_eq!(f.by_day[0].median_first_response_s, Some(1800));
    assert_eq!((f.solved_by_first_answer, f.customer_messages_per_ticket), (0, Some(6.0 / 5.0)));
    assert_eq!((f.backlog.waiting, f.backlog.oldest_waiting_since), (2, Some(at("10:00"))));
    assert_eq!(f.by_day[0].waiting_at_opening, Some(1), "the day before's");
    // From nine to ten one waited and nobody answered.
    assert_eq!(f.silent_hours, [at("09:00")]);
    assert_eq!((f.by_hour[8].open_s, f.by_hour[12].open_s), (3600, 0));
    assert_eq!(f.clocks.len(), 11);
}

#[test]
fn a_period_is_as_at_now_and_of_its_own_tickets() {
    let tickets = [
        ticket(1, "16:30 message; 23 08:15 anna; 23 08:15 closed"),
        ticket(2, "19 10:00 message; 19 10:30 anna; 19 11:00 closed; 09:00 reopened; 23 09:00 closed"),
    ];
    let f = on_the_day(&tickets, "24 12:00");
    assert_eq!(f.tickets, TicketCounts { opened: 1, closed: 0, reopened: 1, open_at_end: 2 });
    assert_eq!((f.first_response.stopped, f.first_response.median_s), (1, Some(2700)));
    let monday = Period { from: Date::constant(2026, 11, 23), to: Date::constant(2026, 11, 23), zone: zone() };
    let f = figures(&tickets, &monday, None, &measures(), at("24 12:00"));
    assert_eq!((f.tickets.closed, f.tickets.open_at_end, f.solved_by_first_answer), (2, 0, 1));
}

#[test]
fn spam_merged_and_test_customers_are_kept_out() {
    let mut tickets = [
        ticket(1, "08:00 message; 08:30 anna"),
        ticket(2, "08:00 message; 09:30 anna"),
        ticket(3, "08:00 message"),
        ticket(4, "08:00 message"),
    ];
    tickets[1].mystery = true;
    for (n, state) in [(2, State::Spam), (3, State::Merged)] {
        tickets[n].state = state;
        tickets[n].steps.push(Step { at: at("08:20"), what: What::Cancelled });
    }
    let f = on_the_day(&tickets, "12:30");
    assert_eq!((f.tickets.opened, f.tickets.open_at_end), (1, 1));
    assert_eq!((f.first_response.started, f.first_response.cancelled, f.first_response.median_s), (3, 2, Some(1800)));
    assert_eq!(f.by_agent[0].answers, 1);
    let mystery = &f.mystery[0];
    assert_eq!((mystery.mailbox.as_str(), mystery.opened, mystery.first_response.median_s), ("support", 1, Some(5400)));
}

#[test]
fn one_mailbox_or_several_that_differ() {
    let mut sales = ticket(2, "08:00 message; 10:00 anna");
    sales.mailbox = "sales".to_owned();
    let tickets = [ticket(1, "08:00 message; 08:30 anna"), sales];
    let mut both = measures();
    both.mailboxes.insert("sales".to_owned(), measure(7200));
    let period = Period { from: DAY, to: DAY, zone: zone() };
    let of = |mailbox| figures(&tickets, &period, mailbox, &both, at("12:30")).first_response;
    let all = of(None);
    assert_eq!((all.started, all.within_target, all.target_s), (2, 2, None));
    assert_eq!((of(Some("sales")).median_s, of(Some("sales")).target_s), (Some(7200), Some(7200)));
    assert_eq!(of(Some("support")).median_s, Some(1800));
}

#[test]
fn why_a_response_was_slow() {
    let tickets = [
        ticket(1, "19 16:00 message; 10:00 to-anna; 15:00 anna"),
        ticket(2, "18 22:00 message; 19 10:00 held; 20 08:00 anna"),
    ];
    let whole = Period { from: Date::constant(2026, 11, 16), to: DAY, zone: zone() };
    let mut known = measures();
    let outage = Outage { mailbox: "support".to_owned(), from: at("19 16:10"), to: Some(at("09:30")) };
    known.outages.push(outage);
    let f = figures(&tickets, &whole, None, &known, at("16:00"));
    assert_eq!(f.slowest.iter().map(|s| s.clock.ticket.0).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        f.slowest[0].why,
        [
            Why::Held { from: at("19 10:00"), to: None },
            Why::NobodyTookIt { from: at("18 22:00"), to: at("08:00") },
            Why::WaitedForOpening { until: at("19 08:00") }
        ]
    );
    let anna = Address::parse("anna@example.test").unwrap();
    assert_eq!(
        f.slowest[1].why,
        [
            Why::Unread { from: at("19 16:10"), to: Some(at("09:30")) },
            Why::NobodyTookIt { from: at("19 16:00"), to: at("10:00") },
            Why::Assigned { agent: anna, from: at("10:00"), to: at("15:00") }
        ]
    );
    assert_eq!(f.outages.len(), 1);
}

#[test]
fn the_json_is_the_contracts() {
    let json = serde_json::to_value(on_the_day(&[ticket(1, "08:00 message; 08:30 anna")], "12:30")).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in [
        "from",
        "to",
        "mailbox",
        "tickets",
        "by_agent",
        "by_hour",
        "by_day",
        "solved_by_first_answer",
        "customer_messages_per_ticket",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!((json["from"].as_str(), json["mailbox"].is_null()), (Some("2026-11-20"), true));
    let clock = [
        "bands",
        "cancelled",
        "mean_s",
        "median_s",
        "p90_s",
        "past_target",
        "running",
        "started",
        "stopped",
        "target_s",
        "within_target",
    ];
    for kind in ["first_response", "next_response", "resolution"] {
        assert_eq!(keys(&json[kind]), clock);
    }
    assert_eq!(keys(&json["first_response"]["bands"][0]), ["count", "name", "up_to_s"]);
    assert_eq!(keys(&json["tickets"]), ["closed", "open_at_end", "opened", "reopened"]);
    assert_eq!(keys(&json["by_agent"][0]), ["agent", "answers", "median_s", "p90_s"]);
    assert_eq!(json["by_hour"].as_array().unwrap().len(), 24);
    assert!(json.get("clocks").is_none());
}
