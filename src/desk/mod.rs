//! What shall we do? Pure decisions: letters, deliveries and commands in, changes out.

pub mod commands;
pub mod say;
pub mod sign;
pub mod vouch;
pub mod when;
pub mod wording;
