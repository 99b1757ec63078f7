//! Any bytes are read as a letter, and what holds for every letter holds.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/reading/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|raw: &[u8]| {
    properties::hold(raw);
});
