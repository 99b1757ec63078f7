//! One text to many tickets, as desk and store speak of it.

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, AskNo, BulkNo, BulkState, BulkStep, MessageNo, ParcelNo, ParcelState, Party, State, TicketNo, Time,
};

/// What is to be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BulkText {
    /// Somebody's own words, perhaps with variables.
    Own { text: String, html: Option<String> },
    /// A canned answer, which may have a text for each language. It is kept as it was when it was shown.
    Canned { name: String, texts: Vec<BulkWords> },
}

/// A canned answer's text in one language, as Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkWords {
    /// `sv`, `en` …; empty: for all who speak none of the others.
    pub language: String,
    pub text: String,
}

/// One text is to go to many tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBulk {
    pub no: BulkNo,
    /// First address of whoever wants it; `None`: the shell.
    pub agent: Option<Address>,
    /// As events name him.
    pub actor: String,
    /// The mailbox through which it was asked for; previews and reports come from it.
    pub mailbox: String,
    /// The mailboxes whose tickets it may reach.
    pub mailboxes: Vec<String>,
    /// As it was typed.
    pub query: String,
    /// The subject of the mail that asked for it.
    pub subject: String,
    pub text: BulkText,
    /// Whether it answers: stops clocks, and is the customer's turn.
    pub answers: bool,
    pub at: Time,
}

/// What is known of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkFacts {
    pub no: BulkNo,
    pub state: BulkState,
    pub agent: Option<Address>,
    pub actor: String,
    pub mailbox: String,
    pub mailboxes: Vec<String>,
    pub query: String,
    pub subject: String,
    pub text: BulkText,
    pub answers: bool,
    /// The preview's, or the latest one's.
    pub ask: Option<AskNo>,
    pub created_at: Time,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
    /// Who stopped it, or why it cannot be.
    pub why: String,
    pub counts: BulkCounts,
}

/// How many tickets stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BulkCounts {
    pub found: i64,
    pub ready: i64,
    pub joined: i64,
    pub queued: i64,
    pub sent: i64,
    pub failed: i64,
    pub left_out: i64,
    pub stopped: i64,
    /// Mails that SMTP accepted: one may answer several tickets of a customer.
    pub mails: i64,
}

impl BulkCounts {
    #[must_use]
    pub const fn all(&self) -> i64 {
        self.found + self.ready + self.joined + self.queued + self.sent + self.failed + self.left_out + self.stopped
    }

    /// Counts one step's tickets.
    pub fn set(&mut self, step: BulkStep, n: i64) {
        *match step {
            BulkStep::Found => &mut self.found,
            BulkStep::Ready => &mut self.ready,
            BulkStep::Joined => &mut self.joined,
            BulkStep::Queued => &mut self.queued,
            BulkStep::Sent => &mut self.sent,
            BulkStep::Failed => &mut self.failed,
            BulkStep::LeftOut => &mut self.left_out,
            BulkStep::Stopped => &mut self.stopped,
        } = n;
    }
}

/// One ticket of it, as it was when it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkTicket {
    pub ticket: TicketNo,
    /// The ticket on which the same customer gets her mail; itself where she has but one.
    pub leader: TicketNo,
    pub step: BulkStep,
    pub why: String,
    pub state: State,
    pub serial: i64,
    pub last_in: Option<MessageNo>,
    pub last_answer: Option<MessageNo>,
    /// Its own mail, once there is one.
    pub message: Option<MessageNo>,
    pub parcel: Option<ParcelNo>,
    /// Where that mail stands.
    pub parcel_state: Option<ParcelState>,
}

/// One ticket of it in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BulkLine {
    pub ticket: TicketNo,
    /// The ticket on which the same customer gets her mail.
    pub leader: TicketNo,
    pub step: BulkStep,
    pub why: String,
    pub subject: String,
    pub customer: Option<Party>,
}

/// A bulk leaves a quarter of each minute to persons' answers, so that none waits for the next minute.
#[must_use]
pub const fn bulk_per_minute(mail_per_minute: i64) -> i64 {
    let part = mail_per_minute * 3 / 4;
    if part < 1 { 1 } else { part }
}
