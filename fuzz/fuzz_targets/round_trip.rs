//! A mail composed of any name, subject and text is the same when it is read back.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/reading/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|all: &str| {
    // The first two lines are the name and the subject.
    let mut lines = all.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (name, subject, text) = (next(), next(), next());
    // Longer ones are cut when a mail is composed.
    if name.chars().count() <= 120 && subject.chars().count() <= 500 && properties::is_itself(text) {
        properties::round_trip(name, subject, text, &["r1@kund.test".to_owned()]);
    }
});
