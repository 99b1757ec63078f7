//! What is known of a mailbox that is only watched, and of one whose mode changes.

use crate::model::{Party, TicketNo, Time};

/// A customer who waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    pub ticket: TicketNo,
    pub subject: String,
    pub customer: Option<Party>,
    /// When the oldest unanswered message came.
    pub since: Time,
}

/// What came into a mailbox in the days before it was first watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// Customers' matters that began in it.
    pub matters: i64,
    /// So many of all that came in it look unanswered.
    pub unanswered: i64,
    /// Those that have waited longest.
    pub oldest: Vec<Waits>,
}

/// What lay in the outbox when a desk became a mailbox that is only watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOff {
    /// Persons' answers and questions: they wait until somebody releases them.
    pub held: i64,
    /// Everything else that was not for managers: never sent.
    pub dropped: i64,
}

/// The mode in which a mailbox was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub watched: bool,
    pub since: Time,
    /// Managers were told of the days before, or need not be.
    pub told: bool,
}
