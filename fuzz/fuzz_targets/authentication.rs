//! Any bytes as the fields above a letter: results that no trusted server wrote prove nothing.
#![no_main]

use svar::mail::authentication::verdict::{MICROSOFT_365, verdict};
use svar::mail::authentication::{results, suffix};
use svar::mail::read::read;
use svar::mail::trace;

libfuzzer_sys::fuzz_target!(|fields: &[u8]| {
    let _ = (results(fields, 0), trace::hop(fields));
    let _ = suffix::is_public_suffix(&String::from_utf8_lossy(fields));
    let mut raw = fields.to_vec();
    raw.extend_from_slice(b"\nFrom: Kalle <kalle@kund.test>\nSubject: x\n\nHej\n");
    let letter = read(&raw);
    for trusted in ["mx.example.test", MICROSOFT_365] {
        let said = verdict(&letter, trusted);
        assert!(said.counted || (said.proved.is_none() && said.dmarc.is_none() && said.dkim.is_empty()), "{said:?}");
    }
    // Nobody that the letter names is this server.
    let stranger = verdict(&letter, "nobody-writes-this.invalid");
    if !raw.windows(18).any(|w| w.eq_ignore_ascii_case(b"nobody-writes-this")) {
        assert!(stranger.proved.is_none() && !stranger.counted, "{stranger:?}");
    }
});
