//! The configuration: TOML as written, settings as checked.

pub mod settings;
