//! What does this letter say, and how is one written?

pub mod compose;
pub mod letter;
pub mod markdown;
pub mod marker;
pub mod read;
