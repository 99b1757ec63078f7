//! Every story once more in a mailbox that only watches, from the beginning or from the middle on: nobody but managers gets mail.

use std::path::{Path, PathBuf};

use crate::play::{Result, World};
use crate::story::{Step, Story, read_story};

/// The same desk, watching. `None`: the story has a mode or mailboxes of its own.
fn watching(config: &str) -> Option<String> {
    let own = config.lines().take_while(|l| !l.starts_with('['));
    let has_mode = own.clone().any(|l| l.trim_start().starts_with("mode"));
    (!has_mode && !config.contains("[[mailbox]]")).then(|| format!("mode = \"watch\"\n{config}"))
}

/// What came of a play.
#[derive(Default)]
struct Played {
    /// Mails that went to managers while it watched.
    to_managers: usize,
    tickets: i64,
}

/// Plays a story, of which the desk only watches all after the first `before` steps. What the story expects is not what happens, and
/// who would answer a mail that never came does nothing.
fn play(path: &Path, before: impl Fn(usize) -> usize) -> Result<Option<Played>> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let Story { config, steps } = read_story(&text)?;
    let Some(watched) = watching(&config) else { return Ok(None) };
    let before = before(steps.len());
    let Ok(mut world) = World::new(if before == 0 { &watched } else { &config }) else { return Ok(None) };
    let told = |world: &mut World, step: &Step| if step.words[0] == "expect" { Ok(()) } else { world.step(step) };
    for step in &steps[..before] {
        let _ = told(&mut world, step);
    }
    if before > 0 {
        // The last configuration that the story has given counts.
        let last = steps[..before].iter().rev().find(|s| s.words == ["config"]).map_or(&config, |s| &s.text);
        let Some(watched) = watching(last) else { return Ok(None) };
        if world.configure(&watched).is_err() {
            return Ok(None);
        }
    }
    let first = world.mails.len();
    for step in &steps[before..] {
        match (step.words == ["config"]).then(|| watching(&step.text)) {
            Some(None) => return Ok(None),
            Some(Some(text)) => _ = world.step(&Step { text, ..step.clone() }),
            None => _ = told(&mut world, step),
        }
    }
    let _ = world.pass(world.now.plus(86_400));
    let mut played = Played::default();
    for mail in &world.mails[first..] {
        if world.settings.manager_of(&mail.to).is_none() {
            return Err(format!("{} gets {:?}:\n{}", mail.to, mail.letter.subject, mail.letter.text));
        }
        played.to_managers += 1;
    }
    let wrong = world.violations();
    if !wrong.is_empty() {
        return Err(format!("the database ends with {wrong:#?}"));
    }
    played.tickets = world.look(|tx| Ok(tx.highest().0.0))?;
    Ok(Some(played))
}

fn stories() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stories");
    let only = std::env::var("STORY").unwrap_or_default();
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .expect("fixtures/stories is there")
        .map(|e| e.expect("it can be listed").path())
        .filter(|p| p.extension().is_some_and(|e| e == "story") && p.to_string_lossy().contains(&only))
        .collect();
    paths.sort();
    paths
}

/// `before`: how many steps of so many are played as a desk, of the story at that place.
fn check(before: impl Fn(usize, usize) -> usize) {
    let (mut stories_played, mut tickets, mut to_managers) = (0, 0, 0);
    let mut failed = Vec::new();
    for (place, path) in stories().into_iter().enumerate() {
        match play(&path, |steps| before(place, steps)) {
            Ok(None) => {}
            Ok(Some(played)) => {
                stories_played += 1;
                tickets += played.tickets;
                to_managers += played.to_managers;
            }
            Err(why) => failed.push(format!("{}: {why}", path.display())),
        }
    }
    assert!(failed.is_empty(), "{} stories went wrong:\n{}", failed.len(), failed.join("\n"));
    if std::env::var_os("STORY").is_none() {
        assert!(stories_played > 150 && tickets > 300 && to_managers > 20, "{stories_played} {tickets} {to_managers}");
    }
}

#[test]
fn a_watching_mailbox_writes_to_managers_alone() {
    check(|_, _| 0);
}

#[test]
fn a_desk_that_begins_to_watch_writes_to_managers_alone() {
    check(|place, steps| if place % 2 == 0 { steps / 2 } else { steps.saturating_sub(2) });
}
