//! What shall we do? Pure decisions: letters, deliveries and commands in, changes out.

pub mod say;
pub mod wording;
