//! Any text is read as an agent's mail with command lines above it: nothing of it is lost, and its moments are read too.
#![no_main]

use jiff::tz::TimeZone;
use svar::desk::commands::{Ground, named, parse, plain};
use svar::desk::html_lines;
use svar::model::Time;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let now = Time::from_unix(1_790_000_000);
    let parsed = parse(text, &Ground { now, zone: &TimeZone::UTC });
    assert_eq!(parsed.lines.len(), parsed.commands.len() + parsed.wrong.len());
    assert!(text.contains(&parsed.text) || text.contains('\r'), "{:?} is not in {text:?}", parsed.text);
    let _ = named(text, &plain::headings(text));
    let _ = html_lines::without_lines(text, &parsed.lines);
});
