//! Any bytes as the value of each field that is read by a grammar of its own, and as the containers that lie in parts.
#![no_main]

use std::collections::BTreeSet;

use svar::mail::{address, authentication, calendar, charset, rtf, signed, subject, tnef, trace, uuencode, words};
use svar::mail::parameters::Parameterized;
use svar::model::Address;

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let mut defects = BTreeSet::new();
    let parties = address::parties(value, 100, &mut defects);
    assert!(parties.list.len() <= 100);
    for party in &parties.list {
        // What was read as an address is one.
        assert_eq!(Address::parse(party.address.as_str()).as_ref(), Some(&party.address));
    }
    let _ = (address::message_ids(value), address::date(value), address::return_path(Some(value)));
    let _ = (authentication::results(value, 0), trace::hop(value), Parameterized::parse(value, &mut defects));
    let title = words::text(value, &mut defects);
    let _ = (subject::base(&title), subject::prefixes(&title));
    let _ = (tnef::read(value), rtf::read(value), signed::open(value), uuencode::decode(value));
    // The first line is a charset's label.
    let at = value.iter().position(|&b| b == b'\n').unwrap_or(0);
    let label = String::from_utf8_lossy(&value[..at]).into_owned();
    let text = charset::decode(&value[at..], Some(&label), &mut defects);
    assert!(!text.contains('\0'));
    let _ = (calendar::summary(&text), uuencode::extract(&text));
});
