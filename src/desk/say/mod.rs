//! The pages of svar's mails: facts in, subject, text and HTML out, in the reader's language.

pub mod acknowledgement;
pub mod answer;
pub mod asked;
pub mod colleague;
pub mod failed;
pub mod held;
pub mod manager;
pub mod not_proved;
pub mod notification;
pub mod refused;
mod sheet;
pub mod subject;

use jiff::tz::TimeZone;

use crate::model::Time;

/// To whom a page speaks: language, zone and the moment of reading.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// `sv`, `en` … (the mailbox's; the customer's own where it is known).
    pub language: &'a str,
    pub zone: &'a TimeZone,
    /// When the page is read: now, or the parcel's `not_before` where it waits. "Today" is said from here.
    pub now: Time,
    /// `[desk] name`
    pub desk: &'a str,
}

/// What one mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub subject: String,
    /// Lines ended by `\n`.
    pub text: String,
    /// A whole document.
    pub html: String,
}

/// One row of the table of commands: English word (without `#`), Swedish word, what it does.
/// The language file's own words for a command are taken before `what`.
pub type CommandRow<'a> = (&'a str, &'a str, &'a str);
