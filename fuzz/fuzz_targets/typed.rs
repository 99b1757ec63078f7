//! What people type by hand: a search, a configuration, a time, a size, a week. Either it is understood or a mistake says why.
#![no_main]

use std::path::Path;

use svar::config;
use svar::sla::{duration, hours};
use svar::store::query::Query;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Err(error) = Query::parse(text) {
        assert!(!error.0.is_empty());
    }
    if let Err(mistakes) = config::read(Path::new("/nowhere/svar.toml"), text) {
        assert!(!mistakes.is_empty());
    }
    let _ = (duration::parse_open(text), duration::parse_calendar(text), duration::parse_size(text));
    let _ = (hours::parse_time_of_day(text), hours::parse_interval(text), hours::parse_days(text), hours::parse_week(text));
});
