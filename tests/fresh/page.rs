//! A page's console blocks, played in a root: what stands below a command is what it prints.
//!
//! `$ ` begins a command, which goes on after a `\` at the end of a line and to the end of a here-document. In what is expected `…`
//! stands for anything within a line, and alone on a line for any lines, none too. The lab's ports are shown as 35025, 35465, 35993.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::lab::Lab;
use crate::root::Root;

const SHOWN_BASE: u16 = 35000;
const PORTS: [u16; 3] = [25, 465, 993];

#[derive(Debug, Default)]
struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// Plays the page; panics with every difference.
pub fn play(file: &str, root: &Root, lab: &Lab) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the page");
    let steps = steps(&text);
    assert!(steps.len() > 10, "{file} has a session");
    let mut differences = String::new();
    for step in &steps {
        let (status, printed) = root.tried(&step.command);
        let mut printed = printed;
        for port in PORTS {
            printed = printed.replace(&lab.port(port).to_string(), &(SHOWN_BASE + port).to_string());
        }
        let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
        if !fits(&step.expected, &lines) {
            let _ = writeln!(
                differences,
                "{file}:{}: $ {}\n(exit {status})\n{}\n--- instead of\n{}\n",
                step.line,
                step.command,
                lines.join("\n"),
                step.expected.join("\n")
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        let Some(command) = line.strip_prefix("$ ") else {
            let step = steps.last_mut().unwrap_or_else(|| panic!("line {}: what printed this?", at + 1));
            step.expected.push(line.trim_end().to_owned());
            continue;
        };
        let mut command = command.to_owned();
        let here = command
            .split_once("<<")
            .map(|(_, word)| word.split_whitespace().next().unwrap_or_default().trim_matches('\'').to_owned());
        let mut last = line;
        while last.ends_with('\\') || here.as_deref().is_some_and(|end| last != end) {
            last = lines.next().unwrap_or_else(|| panic!("line {}: the command does not end", at + 1)).1;
            command.push('\n');
            command.push_str(last);
        }
        steps.push(Step { line: at + 1, command, expected: Vec::new() });
    }
    steps
}

/// Whether lines are as expected.
fn fits(expected: &[String], lines: &[&str]) -> bool {
    let Some((first, rest)) = expected.split_first() else { return lines.is_empty() };
    if first == "…" {
        return (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..]));
    }
    lines.split_first().is_some_and(|(line, others)| is_like(first, line) && fits(rest, others))
}

/// Whether a line is as expected.
fn is_like(expected: &str, line: &str) -> bool {
    let mut pieces = expected.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty() };
    for piece in between {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn pages_are_compared_by_the_line() {
    let check = |expected: &str, printed: &str, same: bool| {
        let expected: Vec<String> = expected.lines().map(str::to_owned).collect();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(fits(&expected, &lines), same, "{expected:?} {lines:?}");
    };
    check("", "", true);
    check("", "a", false);
    check("a", "a", true);
    check("a", "a\nb", false);
    check("…", "a\nb", true);
    check("…", "", true);
    check("a\n…\nd", "a\nb\nc\nd", true);
    check("a\n…\nd", "a\nb\nc", false);
    check("ready in … s", "ready in 3 s", true);
    check("ready in … s, …", "ready in 3 s", false);
    check("… of …", "1 of 2", true);
    let page = "text\n```console\n$ one \\\n  two\nsaid\n$ cat <<E\nx\nE\n```\n```sh\n$ no\n```\n";
    let found: Vec<(String, usize)> = steps(page).into_iter().map(|s| (s.command, s.expected.len())).collect();
    assert_eq!(found, [("one \\\n  two".to_owned(), 1), ("cat <<E\nx\nE".to_owned(), 0)]);
}
