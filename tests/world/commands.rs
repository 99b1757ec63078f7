//! Every command, in every language, as every mail program composes it: one script, played once for each.

use svar::desk::commands::{TABLE, keyword};
use svar::wording::Wording;

use crate::clients::Client;
use crate::play::World;
use crate::story::read_story;

/// `{close}` is the word of the language at hand, `{as}` the mail program and the form.
const SCRIPT: &str = include_str!("commands.script");

/// Each command that is here, in the order of the table, must stand in the script.
fn script(language: &str, composing: &str) -> String {
    let words = Wording::of(language);
    let mut text = SCRIPT.replace("{as}", composing);
    for entry in TABLE {
        text = text.replace(&format!("{{{}}}", entry.key), &keyword(words, entry.key));
    }
    text
}

fn play(language: &str, composing: &str) -> Result<(), String> {
    let named = format!("{language}, {composing}");
    let text = script(language, composing);
    let story = read_story(&text).map_err(|e| format!("{named}: {e}"))?;
    let mut world = World::new(&story.config).map_err(|e| format!("{named}: {e}"))?;
    for step in &story.steps {
        world
            .step(step)
            .map_err(|e| format!("{named}: line {}: {}\n{}  {e}", step.line, step.words.join(" "), step.text))?;
    }
    let wrong = world.violations();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{named}: the database ends with {wrong:#?}")) }
}

#[test]
fn every_command_as_every_program_composes_it() {
    let mut failed = Vec::new();
    for language in Wording::languages() {
        for (client, _) in Client::ALL {
            for form in ["text", "html", "both"] {
                failed.extend(play(language, &format!("composing {client} as {form}")).err());
            }
        }
    }
    assert!(failed.is_empty(), "{} went wrong:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn the_script_leaves_no_command_out() {
    let missing: Vec<&str> =
        TABLE.iter().filter(|e| e.is_here() && !SCRIPT.contains(&format!("#{{{}}}", e.key))).map(|e| e.key).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
