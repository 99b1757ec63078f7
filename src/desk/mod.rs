//! What shall we do? Pure decisions: letters, deliveries and commands in, changes out.

pub mod act;
pub mod agent;
pub mod answer;
pub mod case;
pub mod commands;
pub mod customer;
pub mod delivery;
pub mod due;
pub mod guard;
pub mod intake;
pub mod record;
pub mod robot;
pub mod say;
pub mod sign;
pub mod tell;
pub mod thread;
pub mod vouch;
pub mod when;
pub mod wording;
