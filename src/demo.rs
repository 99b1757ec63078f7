//! A December week at a web shop, played through the real engine: no configuration, no network, no root.

pub mod cast;
pub mod client;
pub mod letters;
pub mod world;
