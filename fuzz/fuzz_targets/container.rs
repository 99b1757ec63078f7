//! Any bytes as what lies in a part: TNEF, RTF, a signed message, uuencode, a calendar.
#![no_main]

use svar::mail::{calendar, rtf, signed, tnef, uuencode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = (tnef::read(bytes), rtf::read(bytes), signed::open(bytes), uuencode::decode(bytes));
    let text = String::from_utf8_lossy(bytes);
    let _ = (calendar::summary(&text), uuencode::extract(&text));
});
