//! One story, played with a fault at each statement, each commit and each reply of a server in turn: it must end the same every time.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use svar::model::{Address, LetterNo, TicketNo, Time};
use svar::plan::What;

use crate::from_environment;
use crate::month;
use crate::play::{Result, World};
use crate::storm::{BLOWS, Blow, PERIOD};
use crate::story::{Story, read_story};

const STORY: &str = "310-a-bit-of-everything.story";

/// All that must be the same however often the desk has died.
#[derive(Debug, Default, PartialEq, Eq)]
struct End {
    /// Of each person: how many different mails of each subject.
    mails: BTreeMap<(Address, String), usize>,
    /// Tickets with their messages and what happened to them.
    tickets: Vec<String>,
    /// Letters set aside, with the reason.
    aside: Vec<String>,
}

struct Played {
    end: End,
    /// Places where a fault could have struck, by step.
    places: Vec<usize>,
    struck: Vec<String>,
    /// Mails that came twice, after a moment in which nobody could know.
    doubled: usize,
}

fn story() -> Story {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories").join(STORY);
    read_story(&std::fs::read_to_string(path).expect("the story is there")).expect("it can be read")
}

/// Plays the story; `strike`: what happens at which place of which step.
fn play(story: &Story, strike: &dyn Fn(usize) -> Option<(usize, Blow)>) -> Result<Played> {
    let mut world = World::new(&story.config)?;
    world.unleash()?;
    let storm = world.storm.clone().ok_or("no storm")?;
    let mut places = Vec::new();
    let steps: Vec<_> = story.steps.iter().filter(|s| s.words.first().is_none_or(|w| w != "expect")).collect();
    for (n, step) in steps.into_iter().enumerate() {
        storm.begin(strike(n));
        let done = world.step(step).map_err(|e| format!("line {}: {e}\n{:#?}", step.line, storm.struck()));
        places.push(storm.places());
        storm.calm();
        done?;
    }
    let struck = storm.struck();
    let judged = judge(&mut world).map_err(|e| format!("{e}\nafter {struck:#?}"))?;
    let (end, doubled) = judged;
    Ok(Played { end, places, struck, doubled })
}

fn judge(world: &mut World) -> Result<(End, usize)> {
    let broken = world.violations();
    if !broken.is_empty() {
        return Err(format!("the database: {broken:#?}"));
    }
    let undecided = world.look(|tx| tx.to_read(LetterNo(0), 10))?;
    if !undecided.is_empty() {
        return Err(format!("{} letters are undecided", undecided.len()));
    }
    let doubled = each_once(world)?;
    let mut end = End::default();
    let mut bytes: BTreeMap<String, &[u8]> = BTreeMap::new();
    for mail in &world.mails {
        let id = mail.letter.message_id.clone().ok_or("a mail without Message-ID")?;
        match bytes.insert(id.clone(), &mail.raw) {
            Some(before) if before != mail.raw => return Err(format!("{id} went out as other bytes")),
            _ => {}
        }
    }
    for (id, to) in world.accepted.keys() {
        let subject = bytes.get(id).map(|raw| svar::mail::read::read(raw).subject).unwrap_or_default();
        *end.mails.entry((to.clone(), subject)).or_default() += 1;
    }
    for number in (1..).map(TicketNo) {
        let Some(shown) = world.look(|tx| tx.show(number, Time::from_unix(0)))? else { break };
        let said: Vec<String> = shown
            .messages
            .iter()
            .map(|m| format!("{} {} {}", m.direction, m.kind, m.text.lines().next().unwrap_or_default()))
            .collect();
        // That a mail went out once more is the one thing that a death leaves behind.
        let events = shown.events.iter().map(|e| e.what.as_str());
        let mut happened: Vec<&str> = events.filter(|what| *what != What::SentAgain.as_str()).collect();
        happened.sort_unstable();
        let ticket = &shown.ticket;
        end.tickets.push(format!("{number} {} {:?} {said:#?} {happened:?}", ticket.state, ticket.assignee));
    }
    let mut aside: Vec<String> =
        world.look(|tx| tx.quarantine())?.into_iter().map(|q| format!("{} {}", q.subject, q.reason)).collect();
    aside.sort();
    end.aside = aside;
    Ok((end, doubled))
}

/// No mail comes more often than once, and once more for each time that its result was unknown.
fn each_once(world: &World) -> Result<usize> {
    let mut doubled = 0;
    for ((id, to), times) in &world.accepted {
        let unknown = world.vanished.get(&(id.clone(), to.clone())).copied().unwrap_or(0);
        if *times > unknown + 1 {
            return Err(format!("{to} got {id} {times} times, and {unknown} results were unknown"));
        }
        doubled += times - 1;
    }
    Ok(doubled)
}

/// So many rounds in every run, each with a fault in every step; `ROUNDS=600` plays more, `ROUNDS=all` takes every place of every
/// step with every blow, `SEED=7` takes others.
const ROUNDS: usize = BLOWS.len();

#[test]
fn a_fault_at_any_moment_changes_nothing() {
    let story = story();
    let calm = play(&story, &|_| None).expect("without faults");
    assert!(calm.struck.is_empty() && calm.doubled == 0);
    let most = calm.places.iter().copied().max().unwrap_or(0).min(PERIOD);
    let wanted = std::env::var("ROUNDS").unwrap_or_default();
    let all = wanted == "all";
    let count = wanted.parse().unwrap_or(ROUNDS);
    let seed = usize::try_from(from_environment("SEED").unwrap_or(1)).unwrap_or(1);
    let rounds: Vec<(usize, Blow)> = if all {
        BLOWS.iter().flat_map(|blow| (0..most).map(|at| (at, *blow))).collect()
    } else {
        (0..count).map(|n| ((seed * 31 + n * 7919) % most, BLOWS[n % BLOWS.len()])).collect()
    };
    let ends = on_all_processors(&rounds, |&(at, blow)| {
        // Each step is struck at its own place: the whole of it is gone through in as many rounds as the longest step has places.
        let strike = |step: usize| {
            let here = calm.places.get(step).copied().filter(|n| *n > 0)?;
            (!all || at < here).then_some((at % here, blow))
        };
        let played = play(&story, &strike).map_err(|why| format!("{blow:?} at {at}: {why}"))?;
        if played.end != calm.end {
            return Err(format!("{blow:?} at {at}: {}", difference(&calm.end, &played.end, &played.struck)));
        }
        Ok((played.struck.len(), played.doubled))
    });
    let (mut faults, mut doubled, mut failed) = (0, 0, Vec::new());
    for end in ends {
        match end {
            Ok((struck, twice)) => {
                faults += struck;
                doubled += twice;
            }
            Err(why) => failed.push(why),
        }
    }
    eprintln!(
        "{} places; {} rounds, {faults} faults, {doubled} mails came twice as the same mail, {} rounds ended otherwise",
        calm.places.iter().sum::<usize>(),
        rounds.len(),
        failed.len()
    );
    failed.truncate(3);
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(faults > rounds.len(), "{faults} faults in {} rounds", rounds.len());
}

fn difference(calm: &End, end: &End, struck: &[String]) -> String {
    let mut out = Vec::new();
    for (key, times) in calm.mails.iter().filter(|(k, n)| end.mails.get(k) != Some(*n)) {
        out.push(format!("{key:?} {times} times when calm, now {:?}", end.mails.get(key)));
    }
    for (key, times) in end.mails.iter().filter(|(k, _)| !calm.mails.contains_key(k)) {
        out.push(format!("{key:?} {times} times, never when calm"));
    }
    for (a, b) in calm.tickets.iter().zip(&end.tickets).filter(|(a, b)| a != b) {
        out.push(format!("when calm {a}\nnow {b}"));
    }
    if calm.aside != end.aside || calm.tickets.len() != end.tickets.len() {
        out.push(format!(
            "aside {:?} {:?}, tickets {} {}",
            calm.aside,
            end.aside,
            calm.tickets.len(),
            end.tickets.len()
        ));
    }
    format!("{}\nafter {struck:#?}", out.join("\n"))
}

/// What came of each, in the same order. A run of hours says now and then how far it is, and what goes wrong at once.
fn on_all_processors<T: Sync, R: Send>(all: &[T], play: impl Fn(&T) -> Result<R> + Sync) -> Vec<Result<R>> {
    let next = AtomicUsize::new(0);
    let some = || {
        let mut ends = Vec::new();
        while let Some((n, one)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, all.get(n)?))) {
            let end = play(one);
            if let Err(why) = &end {
                eprintln!("{}", why.lines().next().unwrap_or_default());
            } else if n % TOLD_EACH == TOLD_EACH - 1 {
                eprintln!("{} of {}", n + 1, all.len());
            }
            ends.push((n, end));
        }
        ends
    };
    let mut ends: Vec<(usize, Result<R>)> = std::thread::scope(|scope| {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get).min(all.len().max(1));
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(some)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("a thread of the test ended")).collect()
    });
    ends.sort_by_key(|(n, _)| *n);
    ends.into_iter().map(|(_, end)| end).collect()
}

/// So many rounds or months lie between two words of how far a run is.
const TOLD_EACH: usize = 100;

/// So many nasty months in every run; `NASTY=1000` plays more, `SEED=7` one alone.
const MONTHS: u64 = 10;
const STEPS: usize = 25;
/// One statement in so many goes wrong.
const ONE_IN: usize = 400;

#[test]
fn a_nasty_month_keeps_every_promise() {
    let seeds = match from_environment("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..from_environment("NASTY").unwrap_or(MONTHS) + 1,
    };
    let seeds: Vec<u64> = seeds.collect();
    let (months, mut faults, mut failed) = (seeds.len(), 0, Vec::new());
    for end in on_all_processors(&seeds, |seed| month::play_nasty(*seed, STEPS, ONE_IN)) {
        match end {
            Ok(struck) => faults += struck,
            Err(why) => failed.push(why),
        }
    }
    eprintln!("{months} months, {faults} faults, {} months went wrong", failed.len());
    let bad = failed.len();
    failed.truncate(2);
    assert!(bad == 0, "{bad} months went wrong:\n{}", failed.join("\n\n"));
}
