//! Canned answers: texts of the house, filled with the facts of one ticket.
//!
//! [`Library`] holds them, [`Facts`] is what may be said of a ticket, [`fill()`] makes an answer of both or says which variable
//! has no value. Whose text it is does not matter: bulk answers and incidents fill theirs in the same way.

pub mod facts;
pub mod fill;
pub mod flaw;
pub mod keep;
pub mod library;
pub mod like;
pub mod mail;
pub mod obey;
pub mod offer;
pub mod take;

pub use facts::Facts;
pub use fill::{NAMES, Unfilled, fill, names};
pub use flaw::{Flaw, FlawKind};
pub use library::{Canned, Library, NotFound};
