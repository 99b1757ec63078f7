//! The daemon: an engine, and the tasks that carry mail to and from it.

pub mod backoff;
pub mod desk;
mod imap;
mod intake;
mod log;
mod outlet;
mod sent;
mod systemd;
