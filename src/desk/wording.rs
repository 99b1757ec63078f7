//! What svar says, in each language: the phrases of `src/lang/*.toml`, and times, sizes and states as people write them.

use jiff::tz::TimeZone;
use minijinja::Value;

use crate::model::{State, Time};

/// One language.
#[derive(Debug)]
pub struct Wording {}

impl Wording {
    /// The language called `sv`, `en`, `sv-SE` …; English where there is no such file.
    #[must_use]
    pub fn of(_language: &str) -> &'static Self {
        &Self {}
    }

    /// The languages that there are, in alphabetical order.
    #[must_use]
    pub fn languages() -> Vec<&'static str> {
        vec!["en", "sv"]
    }

    /// The phrase `key` with `values` (`minijinja::context!`) filled in.
    #[must_use]
    pub fn say(&self, key: &str, _values: Value) -> String {
        key.to_owned()
    }

    /// `i dag 14:30`, `i morgon 09:00`, `tors 27 nov 09:00`; another year is named.
    #[must_use]
    pub fn moment(&self, at: Time, _now: Time, _zone: &TimeZone) -> String {
        at.to_string()
    }

    /// `tors 09:00`, `27 nov 09:00`: says the same on the day after.
    #[must_use]
    pub fn lasting_moment(&self, at: Time, _now: Time, _zone: &TimeZone) -> String {
        at.to_string()
    }

    /// `27 nov`, with the year where it is another one.
    #[must_use]
    pub fn day(&self, at: Time, _now: Time, _zone: &TimeZone) -> String {
        at.to_string()
    }

    /// `1,2 MB`
    #[must_use]
    pub fn size(&self, size_bytes: i64) -> String {
        size_bytes.to_string()
    }

    /// `öppet`, `closed`.
    #[must_use]
    pub fn state(&self, state: State) -> String {
        state.to_string()
    }
}
