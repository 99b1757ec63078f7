//! Any bytes as a field that names people or letters: what was read as an address is one.
#![no_main]

use std::collections::BTreeSet;

use svar::desk::commands::plain;
use svar::mail::address;
use svar::model::Address;

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let mut defects = BTreeSet::new();
    let parties = address::parties(value, 100, &mut defects);
    assert!(parties.list.len() <= 100);
    for party in &parties.list {
        assert_eq!(Address::parse(party.address.as_str()).as_ref(), Some(&party.address));
        let plain = party.address.plain();
        assert_eq!(Address::parse(plain.as_str()).as_ref(), Some(&plain));
        assert!(!party.address.as_str().contains(|c: char| c.is_control() || c.is_whitespace()), "{:?}", party.address);
    }
    for id in address::message_ids(value) {
        assert!(!id.is_empty() && !id.contains(|c: char| c.is_control() || c.is_whitespace()), "{id:?}");
    }
    let _ = (address::date(value), address::return_path(Some(value)));
    let text = String::from_utf8_lossy(value);
    if let Some(typed) = Address::parse(&text) {
        assert_eq!(Address::parse(typed.as_str()).as_ref(), Some(&typed));
    }
    let _ = plain::address_of(&text);
});
