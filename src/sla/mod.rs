//! How late is it? Opening hours, and clocks as a fold over what happened.

pub mod alarm;
pub mod calendar;
pub mod clock;
pub mod duration;
pub mod figures;
pub mod holidays;
pub mod hours;
pub mod promise;
pub mod timeline;
