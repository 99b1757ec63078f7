//! The simulated world: readable stories under `fixtures/stories/` are played through the real engine, in memory and in milliseconds.
//!
//! A story is a script of one step a line; `|` lines below a step are its text. See `fixtures/stories/README.md`.

mod alarms;
mod attackers;
mod bulk;
mod chance;
mod clients;
mod commands;
mod expects;
mod forgotten;
mod letters;
mod measures;
mod month;
mod nasty;
mod play;
mod practice;
mod server;
mod slowly;
mod steps;
mod storm;
mod story;
mod twins;
mod watched;
mod year;

use std::path::Path;

use play::World;
use story::{Story, read_story};

/// Plays one story; the error names its line.
fn tell(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let Story { config, steps } = read_story(&text).map_err(|e| format!("{}:{e}", path.display()))?;
    let mut world = World::new(&config).map_err(|e| format!("{}: {e}", path.display()))?;
    for step in &steps {
        let done = world.step(step).and_then(|()| world.is_sound());
        done.map_err(|e| format!("{}:{}: {}\n  {e}", path.display(), step.line, step.words.join(" ")))?;
    }
    let wrong = world.violations();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}: the database ends with {wrong:#?}", path.display())) }
}

#[test]
fn every_story_ends_as_it_says() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories");
    let only = std::env::var("STORY").unwrap_or_default();
    let mut paths: Vec<_> = std::fs::read_dir(&dir)
        .expect("fixtures/stories is there")
        .map(|e| e.expect("it can be listed").path())
        .filter(|p| p.extension().is_some_and(|e| e == "story") && p.to_string_lossy().contains(&only))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no story in {}", dir.display());
    let failed: Vec<String> = paths.iter().filter_map(|p| tell(p).err()).collect();
    assert!(failed.is_empty(), "{} of {} stories went wrong:\n{}", failed.len(), paths.len(), failed.join("\n"));
}

/// So many seeds in every run; `MONTHS=100` plays more, `SEED=7` one alone.
const MONTHS: u64 = 6;
const STEPS: usize = 120;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|n| n.parse().ok())
}

#[test]
fn a_random_month_keeps_every_promise() {
    let seeds = match from_environment("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..from_environment("MONTHS").unwrap_or(MONTHS) + 1,
    };
    let failed: Vec<String> = seeds.filter_map(|seed| month::play(seed, STEPS).err()).collect();
    assert!(failed.is_empty(), "{} months went wrong:\n{}", failed.len(), failed.join("\n\n"));
}

#[test]
fn the_same_month_sends_the_same_bytes() {
    let sent = || -> Vec<Vec<u8>> { month::play(11, 60).expect("it is played").into_iter().map(|m| m.raw).collect() };
    assert_eq!(sent(), sent());
}

/// So many attacks in every run; `ATTACKS=1000` plays more, `SEED=7` one alone.
const ATTACKS: u64 = 2;
const ATTACKS_MAILS: usize = 200;

#[test]
fn nobody_gets_in_who_knows_everything_but_the_key() {
    let seeds = match from_environment("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..from_environment("ATTACKS").unwrap_or(ATTACKS) + 1,
    };
    let failed: Vec<String> = seeds.filter_map(|seed| attackers::play(seed, ATTACKS_MAILS, None).err()).collect();
    assert!(failed.is_empty(), "{} attacks went wrong:\n{}", failed.len(), failed.join("\n\n"));
    // The same attack gets in where the trusted server vouches for it: the test has eyes.
    let vouched = "Authentication-Results: mx.example.test; dmarc=pass header.from=F\r\n";
    assert!(attackers::play(1, ATTACKS_MAILS, Some(vouched)).is_err());
}

/// So many years in every run; `YEARS=50` plays more, `SEED=7` one alone.
const YEARS: u64 = 1;
const YEARS_STEPS: usize = 300;

#[test]
fn a_random_years_figures_are_what_a_slow_count_says() {
    let seeds = match from_environment("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..from_environment("YEARS").unwrap_or(YEARS) + 1,
    };
    let failed: Vec<String> = seeds.filter_map(|seed| year::play(seed, YEARS_STEPS).err()).collect();
    assert!(failed.is_empty(), "{} years went wrong:\n{}", failed.len(), failed.join("\n\n"));
}
