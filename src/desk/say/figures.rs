//! The figures of some days, short: what `#stats` answers.

use std::collections::BTreeMap;

use jiff::civil::Date;
use minijinja::context;

use super::Voice;
use super::sheet::Sheet;
use crate::model::Address;
use crate::plan::question::{ClockStats, Stats};

/// Writes the figures; what the subject says of them.
pub(super) fn stats(voice: &Voice<'_>, sheet: &mut Sheet, stats: &Stats, names: &BTreeMap<Address, String>) -> String {
    let words = voice.words();
    let day = |date: Date| {
        let noon = date.at(12, 0, 0, 0).to_zoned(voice.zone.clone());
        noon.map(|z| words.day(crate::model::Time::from_unix(z.timestamp().as_second()), voice.now, voice.zone))
            .unwrap_or_else(|_| date.to_string())
    };
    let (from, to) = (day(stats.from), day(stats.to));
    let days = if stats.from == stats.to { from } else { format!("{from} – {to}") };
    sheet.head(&days);
    let number = |key: &str, n: usize| (words.word(key), n.to_string());
    sheet.wrapped_rows(&[
        number("counter.opened", stats.opened),
        number("counter.closed", stats.closed),
        number("counter.reopened", stats.reopened),
        number("counter.open_at_end", stats.open_at_end),
    ]);
    for clock in stats.clocks.iter().filter(|c| c.started > 0) {
        one_clock(voice, sheet, clock);
    }
    if !stats.by_agent.is_empty() {
        sheet.head(&words.word("counter.by_agent"));
        let row = |(agent, answers, median): &(Option<Address>, usize, Option<i64>)| {
            let name = agent.as_ref().map(|a| names.get(a).cloned().unwrap_or_else(|| a.to_string()));
            let mut said = words.say("counter.answers_given", context! { n => *answers });
            if let Some(median) = median {
                said.push_str(", ");
                said.push_str(&words.say("counter.median_of", context! { duration => words.duration(*median) }));
            }
            (voice.colleague(name.as_ref()), said)
        };
        sheet.wrapped_rows(&stats.by_agent.iter().map(row).collect::<Vec<_>>());
    }
    words.say("counter.stats_subject", context! { days })
}

fn one_clock(voice: &Voice<'_>, sheet: &mut Sheet, clock: &ClockStats) {
    let words = voice.words();
    sheet.head(&words.word(&format!("counter.{}", clock.kind)));
    let none = || words.word("counter.none");
    let time = |s: Option<i64>| s.map_or_else(none, |s| words.duration(s));
    let of = clock.stopped + clock.past_target;
    let percent = (clock.within_target * 100 + of / 2).checked_div(of);
    let share = percent
        .map_or_else(none, |percent| words.say("counter.share", context! { percent, n => clock.within_target, of }));
    let within = match clock.target_s {
        Some(target) => words.say("counter.within_target", context! { target => words.duration(target) }),
        None => words.word("counter.within"),
    };
    let mut rows = vec![
        (within, share),
        (words.word("counter.median"), time(clock.median_s)),
        (words.word("counter.p90"), time(clock.p90_s)),
        (words.word("counter.unanswered"), (clock.past_target).to_string()),
    ];
    let bands: Vec<String> = clock.bands.iter().map(|(name, n)| format!("{name} {n}")).collect();
    if !bands.is_empty() {
        rows.push((words.word("counter.bands"), bands.join(", ")));
    }
    sheet.wrapped_rows(&rows);
}
