//! What people type by hand besides commands and searches: a moment, a length of time, a size, a week's opening hours.
#![no_main]

use jiff::tz::TimeZone;
use svar::desk::when;
use svar::model::Time;
use svar::sla::{duration, hours};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let now = Time::from_unix(1_790_000_000);
    // A moment is never in the past.
    assert!(when::parse(text, now, &TimeZone::UTC).is_none_or(|at| at > now));
    let _ = (duration::parse_open(text), duration::parse_calendar(text), duration::parse_size(text));
    let _ =
        (hours::parse_time_of_day(text), hours::parse_interval(text), hours::parse_days(text), hours::parse_week(text));
});
