//! Opening hours.

/// When a shop is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar;
