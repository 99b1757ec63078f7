//! svar: an email-first help desk.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod engine;
pub mod mail;
pub mod model;
pub mod net;
pub mod plan;
pub mod report;
pub mod sla;
pub mod store;
