//! Any bytes as the value of a header field with a grammar of its own, and as text in any charset.
#![no_main]

use std::collections::BTreeSet;

use svar::mail::parameters::Parameterized;
use svar::mail::{charset, subject, trace, words};

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let mut defects = BTreeSet::new();
    let _ = (trace::hop(value), Parameterized::parse(value, &mut defects));
    let title = words::text(value, &mut defects);
    let _ = (subject::base(&title), subject::prefixes(&title));
    // The first line is a charset's label.
    let at = value.iter().position(|&b| b == b'\n').unwrap_or(0);
    let label = String::from_utf8_lossy(&value[..at]).into_owned();
    let text = charset::decode(&value[at..], Some(&label), &mut defects);
    assert!(!text.contains('\0'));
});
