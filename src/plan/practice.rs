//! Practice: a mail to an agent that looks like a notification and belongs to no ticket, and what came of his reply.

use serde::{Deserialize, Serialize};

use crate::model::{Address, ParcelNo, Time};

/// A practice mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPractice {
    /// Its number among all mails that leave, so that its Message-ID is like theirs.
    pub no: ParcelNo,
    /// First address.
    pub agent: Address,
    pub mailbox: String,
    pub message_id: String,
    pub at: Time,
}

/// One on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    pub no: ParcelNo,
    pub agent: Address,
    pub mailbox: String,
    pub message_id: String,
    pub sent_at: Time,
    /// Why it could not be sent, in the server's words.
    pub refused: Option<String>,
    /// What has come back, and when.
    pub came: Option<(Time, Came)>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Came {
    Reply(Box<Reply>),
    /// An out-of-office reply, say; the rule that tells it.
    Robot(String),
    /// The practice mail itself; the words of the server.
    Bounce(String),
}

/// A person's reply, judged by each of the conditions under which an agent's mail acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// 1: it came to the signed address.
    pub to_signed_address: bool,
    /// 1: it answers the signed Message-ID directly.
    pub answers_message_id: bool,
    /// 2: it answers our mail at all, or bears its number.
    pub speaks_of_it: bool,
    /// 2: it names no other signed address.
    pub one_signed_address: bool,
    /// 3
    pub from: String,
    pub one_from: bool,
    pub from_is_his: bool,
    /// 4
    pub vouched: Vouched,
    /// The rule by which the sender is proved, or why he is not.
    pub vouched_why: String,
    /// What the customer would get.
    pub subject: String,
    pub text: String,
    /// Written in HTML: it would leave as HTML and text.
    pub html: bool,
    /// Nothing would be sent: no text, or a greeting only.
    pub empty: bool,
    /// The first line of the agent's own signature, which was cut.
    pub signature: Option<String>,
    /// Commands above the text, which would be obeyed.
    pub commands: Vec<String>,
    /// Lines there that are no command.
    pub wrong: Vec<String>,
    /// Why the answer would be held and the agent be asked.
    pub doubts: Vec<Doubt>,
    /// The mail program, as it calls itself.
    pub client: Option<String>,
    pub message_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vouched {
    Proved,
    Unproved,
    /// No trusted server is named.
    Unknown,
}

/// Why an answer would be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doubt {
    /// Where the text ends and the quoted notification begins cannot be told.
    EndUncertain,
    /// A command further down in the text.
    CommandInText(String),
    /// Something of the inside stands in the text.
    Leak(String),
    Other,
}

impl Reply {
    /// Whether such a reply acts: is relayed, and its commands are obeyed.
    #[must_use]
    pub fn acts(&self) -> bool {
        let by_address = self.to_signed_address && self.speaks_of_it && self.one_signed_address;
        let proof = by_address || (self.answers_message_id && !self.to_signed_address);
        proof && self.one_from && self.from_is_his && self.vouched != Vouched::Unproved
    }

    /// Whether it would reach the customer as it is.
    #[must_use]
    pub fn goes_through(&self) -> bool {
        self.acts() && !self.empty && self.doubts.is_empty() && self.wrong.is_empty()
    }
}
