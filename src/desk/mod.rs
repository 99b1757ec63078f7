//! What shall we do? Pure decisions: letters, deliveries and commands in, changes out.

pub mod commands;
pub mod sign;
pub mod vouch;
pub mod when;
