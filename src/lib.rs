#![doc = include_str!("../docs/ARCHITECTURE.md")]
// Of the library alone, not of its tests. A letter, a configuration or a server must not be able to cause a panic; results go
// through cli/print.rs, which knows a closed pipe, and what happens goes to the log.
#![warn(clippy::unwrap_used, clippy::get_unwrap, clippy::print_stdout, clippy::exit)]

pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod engine;
pub mod history;
pub mod mail;
pub mod model;
pub mod net;
pub mod plan;
pub mod report;
pub mod sla;
pub mod store;
pub mod wording;
