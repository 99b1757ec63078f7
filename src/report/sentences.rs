//! How a digest opens: at most five sentences, each made of figures.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use minijinja::context;

use crate::model::{TicketNo, Time, one_line};
use crate::report::Matter;
use crate::report::kind::{Days, Kind};
use crate::report::say::Say;
use crate::report::tally::{median, responses};
use crate::sla::clock::ClockKind;
use crate::sla::figures::{ClockRow, Figures};

const SENTENCES_MAX: usize = 5;
/// What is usual is said of at least so many comparable periods.
const USUAL_MIN: usize = 3;
/// A tag or word rises if there are so many, and twice as many as usual.
const RISES_MIN: usize = 3;
/// Stretches of hours that are listed one by one.
const LISTED_MAX: usize = 3;

/// The opening.
#[must_use]
pub fn sentences(matter: &Matter<'_>, say: &Say<'_>) -> Vec<String> {
    let parts = [
        Some(volume(matter, say)),
        opening(matter, say),
        silent_hours(matter, say),
        outages(matter, say),
        rose(matter, say),
        well(matter, say),
    ];
    parts.into_iter().flatten().take(SENTENCES_MAX).collect()
}

fn days(figures: &Figures) -> Days {
    Days { from: figures.from, to: figures.to }
}

/// The first day of the stretch on which anything was known.
pub fn first_known(stretch: &Figures) -> Option<Date> {
    stretch.by_day.iter().find(|d| d.opened + d.answers + d.customer_messages > 0).map(|d| d.date)
}

fn opened_on(stretch: &Figures, on: Days) -> usize {
    stretch.by_day.iter().filter(|d| on.holds(d.date)).map(|d| d.opened).sum()
}

/// How many tickets a period like this one usually brings; `None` with too little history.
fn usual_volume(matter: &Matter<'_>) -> Option<usize> {
    let first = first_known(matter.stretch)?;
    let comparable = matter.kind.comparable(days(matter.this));
    let mut counts: Vec<usize> =
        comparable.into_iter().filter(|d| d.from >= first).map(|d| opened_on(matter.stretch, d)).collect();
    counts.sort_unstable();
    median(&counts).filter(|_| counts.len() >= USUAL_MIN)
}

fn volume(matter: &Matter<'_>, say: &Say<'_>) -> String {
    let n = matter.this.tickets.opened;
    let Some(usual) = usual_volume(matter) else {
        return if n == 0 { say.word("volume_none") } else { say.with("volume", context! { n }) };
    };
    match matter.kind {
        Kind::Daily => say.with("volume_day", context! { n, usual, weekday => say.weekday_long(matter.this.from) }),
        Kind::Weekly => say.with("volume_week", context! { n, usual }),
        Kind::Monthly => say.with("volume_month", context! { n, usual }),
    }
}

/// How many waited when the shop opened.
fn opening(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    let opened = matter.this.by_day.iter().filter_map(|d| Some((d.waiting_at_opening?, d.date)));
    // Of several days the worst, and of equal ones the first.
    let (n, day) = opened.max_by_key(|(n, day)| (*n, std::cmp::Reverse(*day)))?;
    Some(match (n, matter.kind) {
        (0, _) => say.word("opening_none"),
        (n, Kind::Daily) => say.with("opening", context! { n }),
        (n, _) => say.with("opening_most", context! { n, day => say.day(day) }),
    })
}

/// Open hours in which mail waited and nobody answered any.
fn silent_hours(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    let n = matter.this.silent_hours.len();
    if n == 0 {
        return None;
    }
    let mut runs: Vec<(Time, Time)> = Vec::new();
    for &hour in &matter.this.silent_hours {
        let end = hour.plus(Time::HOUR);
        match runs.last_mut() {
            Some(last) if last.1 == hour && say.date_of(last.0) == say.date_of(hour) => last.1 = end,
            _ => runs.push((hour, end)),
        }
    }
    // Of many the longest, in the order of time.
    let mut longest: Vec<usize> = (0..runs.len()).collect();
    longest.sort_by_key(|i| std::cmp::Reverse(runs[*i].1.since(runs[*i].0)));
    longest.truncate(LISTED_MAX);
    longest.sort_unstable();
    let one_day = (matter.kind == Kind::Daily).then_some(matter.this.from);
    let mut words: Vec<String> = longest
        .iter()
        .map(|i| {
            let (from, to) = runs[*i];
            format!("{}–{}", say.moment(from, one_day), say.clock(to))
        })
        .collect();
    if runs.len() > LISTED_MAX {
        words.push(say.with("and_more", context! { n => runs.len() - LISTED_MAX }));
    }
    let hours = say.words.list(&words);
    Some(if n == 1 { say.with("silent_one", context! { hours }) } else { say.with("silent", context! { n, hours }) })
}

fn outages(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    let one_day = (matter.kind == Kind::Daily).then_some(matter.this.from);
    let length_s = |o: &crate::sla::figures::Outage| o.to.unwrap_or(matter.now).since(o.from);
    let longest = matter.this.outages.iter().max_by_key(|o| length_s(o))?;
    let mailbox = &longest.mailbox;
    let Some(to) = longest.to else {
        return Some(say.with("outage_still", context! { mailbox, from => say.moment(longest.from, one_day) }));
    };
    let (from, to) = say.span(longest.from, to, one_day);
    Some(match matter.this.outages.len() {
        1 => say.with("outage", context! { mailbox, from, to }),
        n => {
            let all: i64 = matter.this.outages.iter().map(length_s).sum();
            say.with("outages", context! { n, duration => say.duration(all), mailbox, from, to })
        }
    })
}

/// The tag, or else the word in subjects, of which there are most more than usual.
fn rose(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    let this = days(matter.this);
    let known = first_known(matter.stretch).filter(|first| *first < this.from)?;
    let other = Days { from: known, to: this.to }.count() - this.count();
    // Hardly anything is usual after a day or two.
    let usual = |n: usize| -> Option<usize> {
        let per = usize::try_from(other).ok().filter(|o| *o >= 3)?;
        Some((n * usize::try_from(this.count()).ok()? * 2 + per) / (per * 2))
    };
    let tags =
        |f: &Figures| -> BTreeMap<String, usize> { f.by_tag.iter().map(|t| (t.tag.clone(), t.opened)).collect() };
    let pick = |now: &BTreeMap<String, usize>, all: &BTreeMap<String, usize>| -> Option<(String, usize, usize)> {
        let risen = now.iter().filter_map(|(word, n)| {
            let earlier = all.get(word).copied().unwrap_or(0).saturating_sub(*n);
            let usual = usual(earlier)?;
            (*n >= RISES_MIN && *n >= usual * 2).then(|| (word.clone(), *n, usual))
        });
        risen.max_by(|a, b| (a.1 - a.2).cmp(&(b.1 - b.2)).then_with(|| b.0.cmp(&a.0)))
    };
    if let Some((words, n, usual)) = pick(&tags(matter.this), &tags(matter.stretch)) {
        return Some(say.with("rose_tag", context! { words => one_line(&words), n, usual }));
    }
    let (words, n, usual) = pick(&subject_words(&matter.this.clocks), &subject_words(&matter.stretch.clocks))?;
    Some(say.with("rose_word", context! { words, n, usual }))
}

/// In how many tickets' subjects each word stands. Numbers and short words say nothing.
fn subject_words(clocks: &[ClockRow]) -> BTreeMap<String, usize> {
    let mut seen: BTreeSet<TicketNo> = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for clock in clocks.iter().filter(|c| c.clock == ClockKind::FirstResponse && seen.insert(c.ticket)) {
        let subject = clock.subject.to_lowercase();
        let words: BTreeSet<&str> = subject
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| w.chars().count() >= 4 && !w.contains(|c: char| c.is_ascii_digit()))
            .collect();
        for word in words {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// That all is well is news, too.
fn well(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    let all = responses(matter.this);
    let is_well = matter.waiting_past_target == 0
        && all.of > 0
        && matter.this.silent_hours.is_empty()
        && matter.this.outages.is_empty();
    is_well.then(|| say.word("well"))
}
