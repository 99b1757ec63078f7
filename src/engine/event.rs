//! What the world tells the engine, and what the engine has the world do.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::in_flight::Reading;
use crate::engine::reader::Job;
use crate::model::{Address, LetterNo, ParcelKind, ParcelNo, SourceNo, Time};
use crate::net::Delivery;
use crate::store::{Arrival, Outlet};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// Something about mail that comes in. Kept in the order in which it was told.
    Intake(Intake),
    /// A letter was read, or could not be.
    Read(LetterNo, Reading),
    /// A mail was handed over, or not. `refused_null_sender`: the server refuses the empty envelope sender.
    Delivered { parcel: ParcelNo, results: Vec<(Address, Delivery)>, refused_null_sender: bool },
    /// A copy of a mail is in Sent.
    SentCopy { parcel: ParcelNo },
    /// A mail whose result was unknown lies in Sent: it went out ([`Engine::unknown`](crate::engine::Engine::unknown)).
    FoundInSent { parcel: ParcelNo },
    /// A mail whose result is unknown goes out once more.
    SendAgain { parcel: ParcelNo },
    /// So many more mails may be under way at this outlet.
    Free(Outlet, usize),
    /// A mail server's clock: the time at which it took in a mail that has just come.
    ServerTime(Time),
    /// Another process may have written to the database.
    Poked,
}

#[derive(Debug)]
pub enum Intake {
    Arrived(Arrival),
    /// All of the source up to `uid` was either told as `Arrived` before this, or is passed over for good.
    Cursor {
        source: SourceNo,
        uid: u32,
    },
    /// The server would not hand this letter over.
    Missing {
        source: SourceNo,
        uid: u32,
    },
}

/// What is to be done now that the batch is committed. Nothing of a void batch is ever told.
#[derive(Debug)]
pub enum Outcome {
    /// Only now may `\Seen` be set or the letter be moved.
    InCustody { source: SourceNo, keys: Vec<CustodyKey> },
    /// The server numbers its letters anew without saying so: the source must be read from the start.
    Renumbered { source: SourceNo },
    /// The server has refused this letter so often that it is passed over.
    PassedOver { source: SourceNo, uid: u32 },
    /// For the reader, in this order.
    Read(Vec<Job>),
    /// For the outlets; each takes one free place.
    Send(Vec<Consignment>),
    /// The database cannot be written (a full disk, say). Nothing is lost: what came is kept and tried again by itself.
    Trouble(String),
    /// It can be written again.
    Recovered,
    /// The database's file is damaged: nothing more is to be done with it.
    Damaged(String),
    /// Nothing is sent any more, and why.
    Halted(String),
}

/// What names a letter in its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CustodyKey {
    Uid(u32),
    /// A Maildir's file.
    Name(String),
}

/// A mail on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    pub parcel: ParcelNo,
    pub kind: ParcelKind,
    pub outlet: Outlet,
    pub message_id: String,
    /// The envelope sender; `None` is the empty one.
    pub from: Option<Address>,
    /// What to take where the server refuses the empty one.
    pub from_else: Option<Address>,
    /// Who has not been accepted or refused yet.
    pub to: Vec<Address>,
    /// An earlier try was the end for somebody else: a copy in Sent is of that try, and says nothing of these.
    pub partly_settled: bool,
    pub bytes: Arc<Vec<u8>>,
    /// Whether a copy goes into Sent once it is accepted.
    pub keep_in_sent: bool,
    /// The same at each try.
    pub created_at: Time,
}

/// What waits for the next commit, by urgency.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) results: VecDeque<Finished>,
    pub(super) intake: VecDeque<Intake>,
}

#[derive(Clone, Debug)]
pub(super) enum Finished {
    Delivered {
        parcel: ParcelNo,
        results: Vec<(Address, Delivery)>,
        refused_null_sender: bool,
    },
    SentCopy {
        parcel: ParcelNo,
    },
    /// Its result is unknown.
    Again(Box<Consignment>),
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.results.is_empty() && self.intake.is_empty()
    }
}
