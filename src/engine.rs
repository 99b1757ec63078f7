//! Where desk and store meet: events in, one group commit, outcomes out.

pub mod clock;
pub mod clocks;
pub mod desk_dir;
