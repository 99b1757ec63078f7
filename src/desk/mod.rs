//! What shall we do? Pure decisions: letters, deliveries, commands and time in, changes out.
//!
//! The doors: [`clues`] and [`decide`] for a letter, [`delivered`] for a mail that was handed over, [`due()`], [`look`],
//! [`notice_due`] and [`list_due`] for what time brings;
//! [`act::act`] for what people do from the shell.

pub mod act;
pub mod agent;
pub mod ailment;
pub mod alarm;
pub mod answer;
pub mod aside;
pub mod automatic;
pub mod block;
pub mod bulk;
pub mod canned;
pub mod case;
pub mod commands;
pub mod confirm;
pub mod counter;
pub mod customer;
pub mod delivery;
pub mod digest;
pub mod doubt;
pub mod due;
pub mod errand;
pub mod fingerprint;
pub mod form;
pub mod group;
pub mod guard;
pub mod history;
pub mod html_lines;
pub mod incident;
pub mod intake;
pub mod late_note;
pub mod morning;
pub mod notice;
pub mod obey;
pub mod pace;
pub mod people;
pub mod practice;
pub mod probe;
pub mod proof;
pub mod record;
pub mod rights;
pub mod robot;
pub mod robots;
pub mod say;
pub mod sign;
pub mod tell;
pub mod third;
pub mod thread;
pub mod undo;
pub mod vouch;
pub mod watch;
pub mod when;

pub use alarm::look;
pub use case::Rules;
pub use delivery::{delivered, sent_again};
pub use due::{due, unreadable};
pub use fingerprint::outgoing;
pub use intake::{clues, decide};
pub use notice::{list_due, notice_due};
pub use robots::robots_due;
