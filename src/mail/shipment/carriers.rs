//! The carriers of parcels that are known: links and telephones.

use regex::Regex;

/// A carrier, and where its parcels can be followed.
#[derive(Clone, Debug)]
pub struct Carrier {
    pub name: String,
    /// `{number}` stands for the parcel's.
    pub link: String,
    pub phone: Option<String>,
    /// What its numbers look like, where the configuration says so.
    pub pattern: Option<Regex>,
}

/// Those that are built in.
#[must_use]
pub fn standard() -> Vec<Carrier> {
    Vec::new()
}
