//! Figures, made readable: the digest as text, HTML, charts and CSV. Pure: same figures, same bytes.

pub mod audit;
pub mod chart;
pub mod colour;
pub mod csv;
pub mod digest;
pub mod html;
pub mod kind;
pub mod metrics;
pub mod page;
pub mod say;
mod sections;
mod sentences;
mod tally;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{Address, Time};
use crate::report::kind::Kind;
use crate::sla::figures::Figures;

/// What a digest says of persons. Figures of single persons are a matter for whoever runs the desk to decide, and to tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByAgent {
    /// Nothing, not even a name.
    None,
    /// How many answers.
    Counts,
    /// How fast, too.
    Full,
}

/// Mail that no figure counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptOut {
    /// From robots and lists.
    pub robots: usize,
    pub bounces: usize,
}

/// What a reader was told of some days, to say later what has become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub from: Date,
    pub to: Date,
    /// Responses within their targets …
    pub within: usize,
    /// … of so many.
    pub of: usize,
}

/// Something that many customers wrote about at once, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentLine {
    pub name: String,
    pub linked: usize,
    pub answered: usize,
    /// Customers who replied to its text.
    pub replied: usize,
    pub waiting: usize,
    pub from: Time,
    /// `None`: it is on.
    pub until: Option<Time>,
}

/// What a digest is made of.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    pub kind: Kind,
    /// `[desk] name`
    pub desk: &'a str,
    pub language: &'a str,
    /// The desk's.
    pub zone: &'a TimeZone,
    pub now: Time,
    /// Of the days that the digest covers.
    pub this: &'a Figures,
    /// See [`Kind::before`].
    pub before: &'a Figures,
    /// See [`Kind::year_before`].
    pub year_before: &'a Figures,
    /// See [`Kind::stretch`]; ends with the days that the digest covers.
    pub stretch: &'a Figures,
    /// From the day after them until now.
    pub since: &'a Figures,
    /// Customers who wait past their targets now, whenever they wrote.
    pub waiting_past_target: usize,
    /// What the reader was told in earlier digests of this kind, oldest first.
    pub told: &'a [Told],
    /// Agents by their first address.
    pub names: &'a BTreeMap<Address, String>,
    /// Those that hold today.
    pub notices: &'a [String],
    /// Those that were on during its days.
    pub incidents: &'a [IncidentLine],
    pub kept_out: KeptOut,
    pub by_agent: ByAgent,
}
