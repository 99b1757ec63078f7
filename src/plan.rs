//! What desk and store say to each other: what to look up ([`Clues`]), what was found ([`Findings`]), what to do ([`Change`]).
//!
//! The desk decides and never writes; the store writes and never decides. Every [`Change`] names its ids outright: they come from
//! [`Findings::next`], so that a decision is a value that can be printed, compared and applied.

pub mod ailment;
pub mod bulk;
pub mod canned;
pub mod change;
pub mod event;
pub mod found;
pub mod incident;
pub mod nearest;
pub mod notice;
pub mod parcel;
pub mod practice;
pub mod query;
pub mod question;
pub mod watch;

pub use ailment::Ailment;
pub use bulk::{BulkCounts, BulkFacts, BulkLine, BulkText, BulkTicket, BulkWords, NewBulk};
pub use change::{AttachmentRow, Change, Fate, NewMessage, NewQuarantine, NewTicket};
pub use event::{Event, What};
pub use found::{
    AgentFacts, Alike, Blocked, CallWish, CustomerFacts, DeliveryFindings, Findings, HeldAnswer, KnownAsk,
    KnownMessage, KnownParcel, LastAnswer, LastIn, Matter, NotedWords, RightsAct, RobotMail, Said, SetAside,
    TicketFacts,
};
pub use incident::{Incident, IncidentTally, Link, TicketText};
pub use notice::{Alarm, Notice};
pub use parcel::{Parcel, Route, Segment, Sender};
pub use question::{Answer, Asked, Question};

use crate::model::{
    Address, AskNo, BulkNo, Channel, CustomerNo, LetterNo, MessageNo, ParcelNo, QuarantineNo, TicketNo, Time,
};

/// Where a letter came from and when; known before anybody has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    pub letter: LetterNo,
    /// The mailbox's name.
    pub mailbox: String,
    pub channel: Channel,
    pub folder: Folder,
    /// The server's INTERNALDATE, clamped to at most `now`. Clocks start here.
    pub received_at: Time,
    /// Lay there before svar first looked, before a changed UIDVALIDITY, or before a restore: nothing is acknowledged.
    pub old: bool,
    /// Comes out of quarantine by somebody's word: it is judged again, as this.
    pub released: Option<Release>,
    /// Whose mail it is, as he who released it says.
    pub released_for: Option<Address>,
}

/// What a letter that leaves quarantine is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// A customer's mail, whoever it says it is from.
    Customer,
    /// An agent's mail that is recorded; it never acts.
    Recorded,
}

impl Release {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Recorded => "recorded",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    Inbox,
    Sent,
    /// `[answers] folder`: a mail there is a canned answer.
    Answers,
}

/// What one letter names. The store answers all of it in at most five statements' worth of lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clues {
    pub message_id: Option<String>,
    /// `Letter::sameness`.
    pub sameness: String,
    /// In-Reply-To, then References from the newest to the oldest, without doubles, at most 200.
    pub references: Vec<String>,
    /// Tickets named by `[#n]` or a signed address.
    pub numbers: Vec<TicketNo>,
    /// The author first, then To and Cc; plain addresses.
    pub people: Vec<Address>,
    pub thread_index: Option<String>,
    pub base_subject: String,
    /// Parcels named by `X-Svar-Id`, a bounce address or a returned header.
    pub parcels: Vec<ParcelNo>,
    /// Message-IDs of mails that came back.
    pub bounced: Vec<String>,
    /// Practice mails that it may be about.
    pub practices: Vec<ParcelNo>,
    /// Things waiting for `#send` that a signed address names.
    pub asks: Vec<AskNo>,
    /// Addresses that an agent's commands name.
    pub addresses: Vec<Address>,
    /// What is set aside and named by an agent's commands.
    pub quarantined: Vec<QuarantineNo>,
    /// An agent's commands speak of incidents.
    pub incidents: Option<incident::Wanted>,
    /// A canned answer is asked for: it may say what the customer wrote.
    pub canned: bool,
    /// What one of us asks the desk.
    pub asked: Asked,
    /// The order number that a customer names: what else names it is found.
    pub order: Option<String>,
    /// Words of a customer's mail: earlier tickets that have them are found.
    pub alike: Vec<String>,
    /// The mailbox whose promise to a customer may be asked for.
    pub promise_of: Option<String>,
}

/// The next free ids. A decision that uses one takes it with [`Next::ticket`] and the like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Next {
    pub ticket: TicketNo,
    pub message: MessageNo,
    pub customer: CustomerNo,
    pub parcel: ParcelNo,
    pub quarantine: QuarantineNo,
    pub ask: AskNo,
    pub bulk: BulkNo,
}

macro_rules! takes {
    ($($take:ident $field:ident $id:ident;)*) => {
        impl Next {$(
            /// The next free id; the one after it is free now.
            pub fn $take(&mut self) -> $id {
                let id = self.$field;
                self.$field = id.next();
                id
            }
        )*}
    };
}

takes! {
    take_ticket ticket TicketNo;
    take_message message MessageNo;
    take_customer customer CustomerNo;
    take_parcel parcel ParcelNo;
    take_quarantine quarantine QuarantineNo;
    take_ask ask AskNo;
    take_bulk bulk BulkNo;
}
