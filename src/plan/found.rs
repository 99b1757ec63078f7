//! What was found: everything that a decision may depend on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, AskNo, BulkNo, CustomerNo, Direction, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, Party,
    Priority, QuarantineNo, RecipientState, State, TicketNo, Time,
};
use crate::plan::bulk::BulkFacts;
use crate::plan::change::AttachmentRow;

use crate::plan::incident::IncidentAsk;
use crate::plan::{Alarm, Answer, Incident, IncidentTally, Link, Next, Notice, Question, TicketText};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Practice mails that it may be about.
    pub practices: Vec<crate::plan::practice::Practice>,
    pub epoch: i64,
    pub next: Next,
    /// A message with the same Message-ID and the same `sameness`: this very mail.
    pub duplicate: Option<KnownMessage>,
    /// Another mail bears this Message-ID.
    pub id_is_taken: bool,
    /// A letter of one of us with the same Message-ID and `sameness` was acted upon (`Change::ActedOn`).
    pub acted_on: Option<LetterNo>,
    /// Messages on record whose Message-ID is in `Clues::references`, in that order.
    pub messages: Vec<KnownMessage>,
    /// Messages on record that *name* this letter's Message-ID as one they answer (a parent that comes after its child).
    pub children: Vec<KnownMessage>,
    /// Messages with the same Thread-Index root, newest first, at most 10.
    pub same_thread_index: Vec<KnownMessage>,
    /// Every ticket that anything here names, and the survivor of each merged one.
    pub tickets: BTreeMap<TicketNo, TicketFacts>,
    /// Tickets on which the author is the customer (by any address of hers) or takes part, newest first, at most 20.
    pub senders_tickets: Vec<TicketNo>,
    /// The customer to whom the author's address belongs.
    pub customer: Option<CustomerFacts>,
    /// Parcels named by `Clues::parcels`, or whose Message-ID is in `Clues::references` or `Clues::bounced`.
    pub parcels: Vec<KnownParcel>,
    /// The messages that those parcels are about or carry, and the newest customer message of each ticket in `Clues::numbers`.
    pub said: BTreeMap<MessageNo, Said>,
    pub asks: Vec<KnownAsk>,
    /// What these asks have to do with, where it is a bulk.
    pub bulks: Vec<BulkFacts>,
    /// Which of `Clues::numbers` stand in a preview of theirs.
    pub bulk_tickets: BTreeSet<(BulkNo, TicketNo)>,
    /// Where `Clues::canned`: what the customers wrote on the tickets that the letter is about, the newest first.
    pub written: BTreeMap<TicketNo, Vec<String>>,
    /// Answered tickets whose customers wrote `Clues::alike`, the most alike first.
    pub alike: Vec<Alike>,
    /// Codes that were taken for these tickets and have not left with an answer.
    pub held_codes: BTreeMap<TicketNo, Vec<String>>,
    /// The next codes that nobody has, by canned answer; "" for all that have no codes of their own. The engine's to fill in.
    pub codes: BTreeMap<String, Vec<String>>,
    /// Customers to whom the addresses in `Clues::addresses` belong, and the authors of `said`.
    pub customers: BTreeMap<Address, CustomerFacts>,
    /// What is still set aside of `Clues::quarantined`.
    pub quarantined: BTreeMap<QuarantineNo, SetAside>,
    /// The author's mails are set aside, by an agent's word.
    pub blocked: Option<Blocked>,
    /// Incidents that are on, the oldest first.
    pub incidents: Vec<Incident>,
    /// How those stand, where `Clues::incidents` asks for it.
    pub tallies: Vec<IncidentTally>,
    /// Of the tickets found those that belong to an incident. Looked for as long as one is on or keeps somebody from a ticket.
    pub links: BTreeMap<TicketNo, Link>,
    /// What customers wrote, where `Clues::incidents` asks for it; the newest first.
    pub texts: Vec<TicketText>,
    /// What was answered to `Clues::asked`.
    pub answers: Vec<(Question, Answer)>,
    /// Tickets that name `Clues::order`, newest first, at most 20.
    pub same_order: Vec<TicketNo>,
    /// Words that a first judgement would have sent to a customer and that stand in notes. Empty at first; see `engine::judge`.
    pub noted: Vec<NotedWords>,
    /// By first address. Agents of whom nothing is recorded are missing.
    pub agents: BTreeMap<Address, AgentFacts>,
    /// Automatic mails to the author's address in the last 24 hours, whatever its detail (`eva+x@`).
    pub auto_to_sender: i64,
    /// Automatic mails to customers and strangers in the last hour.
    pub auto_in_all: i64,
    /// Latest notice of each topic to each person: (address, topic).
    pub told: BTreeMap<(Address, String), Time>,
    /// The highest parcel number given out in this database.
    pub last_parcel: ParcelNo,
    /// What people are still to be told of these tickets, or were told in a list.
    pub notices: Vec<Notice>,
    /// In so many seconds of open time the mailbox in `Clues::promise_of` can be trusted to answer.
    pub promise_open_s: Option<i64>,
    /// Alarms raised about the ticket whose clocks are looked at.
    pub alarms: Vec<Alarm>,
    /// Mails handed over in the last 24 hours, by mailbox, where the configuration limits them.
    pub handed_over: BTreeMap<String, i64>,
}

/// An answered ticket that is like a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    pub number: TicketNo,
    pub mailbox: String,
    pub subject: String,
    pub state: State,
    /// When the customer wrote what is alike.
    pub at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMessage {
    pub no: MessageNo,
    pub ticket: TicketNo,
    pub message_id: String,
    pub direction: Direction,
    pub from: Option<Address>,
    pub at: Time,
}

/// A message with its text, for showing it to another agent or sending it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub no: MessageNo,
    pub ticket: TicketNo,
    pub direction: Direction,
    pub kind: Kind,
    pub from: Option<Party>,
    pub at: Time,
    pub subject: String,
    pub text: String,
    pub new_text: String,
    pub message_id: Option<String>,
    pub verified: bool,
    pub attachments: Vec<AttachmentRow>,
    /// No mail stands before it on its ticket.
    pub is_first: bool,
}

/// A sender whose next mails are set aside, by an agent's `#spam` or `#ignore`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    pub address: Address,
    /// No customer (`#ignore`), but no spam either.
    pub ignored: bool,
    /// The mail that was judged so was proved to be the sender's. Else only mails that are not are set aside: nobody loses his
    /// voice by another's forgery.
    pub verified: bool,
    pub ticket: TicketNo,
    /// Who said so, as events name him.
    pub actor: String,
    pub at: Time,
}

/// A run of words that stands in a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotedWords {
    pub shingle: i64,
    pub message: MessageNo,
    pub ticket: TicketNo,
}

/// Something in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub mailbox: String,
    pub from: Option<Address>,
    pub reason: String,
}

/// A robot's mail in quarantine of which agents are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RobotMail {
    pub no: QuarantineNo,
    pub at: Time,
    pub from: Option<Address>,
    pub subject: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketFacts {
    pub number: TicketNo,
    pub subject: String,
    pub base_subject: String,
    pub state: State,
    pub mailbox: String,
    pub customer: Option<CustomerNo>,
    /// The customer as she wrote last on this ticket.
    pub customer_party: Option<Party>,
    /// All addresses of the customer.
    pub customer_addresses: Vec<Address>,
    /// People on Cc who take part.
    pub participants: Vec<Party>,
    pub assignee: Option<Address>,
    /// First address of the agent to whom the ticket last went in turn (`Change::Turn`).
    pub turn_agent: Option<Address>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub closed_at: Option<Time>,
    pub waiting_since: Option<Time>,
    pub due_at: Option<Time>,
    pub hold_until: Option<Time>,
    /// When the customer wants to be called.
    pub call: Option<CallWish>,
    /// Where `state` is merged: the end of the chain.
    pub survivor: Option<TicketNo>,
    /// Tickets shown as possibly related (`Change::Relate`), at most 10.
    pub related: Vec<TicketNo>,
    /// The epoch in which it was opened.
    pub epoch: i64,
    /// Goes up when a signed address of the ticket is known to be out; part of what is signed.
    pub serial: i64,
    /// Answers that SMTP accepted.
    pub answers: i64,
    /// The newest `out` message, whether accepted yet or not.
    pub last_answer: Option<LastAnswer>,
    /// The customer's newest message: what an answer threads under.
    pub last_in: Option<LastIn>,
}

impl TicketFacts {
    /// The call that the customer waits for, if she waits since then.
    #[must_use]
    pub fn wanted_call(&self, waiting_since: Time) -> Option<&CallWish> {
        self.call.as_ref().filter(|c| c.at >= waiting_since)
    }
}

/// A customer wants to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallWish {
    pub at: Time,
    /// As it was written.
    pub phone: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    pub message: MessageNo,
    pub at: Time,
    /// First address of the agent; `None`: found in Sent without a name, or from the shell.
    pub agent: Option<Address>,
    /// The text the customer got.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastIn {
    pub message: MessageNo,
    pub message_id: Option<String>,
    /// Message-IDs that it names as answered, oldest first, as its References header has them.
    pub references: Vec<String>,
    pub from: Option<Party>,
    pub subject: String,
    pub at: Time,
    pub language: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerFacts {
    pub no: CustomerNo,
    pub name: String,
    pub addresses: Vec<Address>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownParcel {
    pub no: ParcelNo,
    pub kind: ParcelKind,
    pub state: ParcelState,
    pub ticket: Option<TicketNo>,
    /// The message it carries (an answer) or is about (a notification).
    pub message: Option<MessageNo>,
    /// First address of the agent who wrote it or to whom it goes.
    pub agent: Option<Address>,
    pub message_id: String,
    pub created_at: Time,
    pub recipients: Vec<(Address, RecipientState)>,
    /// What waits for the `#send` that it asks for; the store adds it to `Findings::asks`.
    pub ask: Option<AskNo>,
    /// The mailbox in whose name it goes.
    pub mailbox: String,
}

/// Something that waits for an agent's word.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownAsk {
    pub no: AskNo,
    pub ticket: Option<TicketNo>,
    /// First address of the agent who is asked.
    pub agent: Address,
    pub created_at: Time,
    pub expires_at: Time,
    /// What became of it, and when; `None`: still waits.
    pub settled: Option<(Time, String)>,
    pub matter: Matter,
}

/// What is done to a person's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightsAct {
    Export,
    Erase,
    /// Tickets of a mailbox whose time is over are erased.
    Retention,
}

impl RightsAct {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Retention => "retention",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Export, Self::Erase, Self::Retention].into_iter().find(|act| act.as_str() == word)
    }
}

/// What a `#send` lets go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// An answer that was held.
    Answer(HeldAnswer),
    /// A mail said to be an agent's, set aside: `#send` records it, it never acts.
    Quarantined { quarantine: i64 },
    /// A manager's `#export` or `#erase` of a person, or more old tickets than a day brings: `#send` lets it be done.
    Rights { act: RightsAct, subject: String, until: i64 },
    /// An incident is to begin, to end or to last longer.
    Incident { incident: IncidentAsk },
    /// One text to many tickets: a preview that waits, or one that is under way.
    Bulk { bulk: i64 },
    /// An answer that waits a while before it leaves: `#stop`, or `#send` at once.
    /// `state` and `waiting` (since when somebody waited for an answer) are the ticket's before it.
    Undo {
        parcel: i64,
        message: i64,
        state: String,
        #[serde(default)]
        waiting: Option<i64>,
    },
}

/// An answer as it would go to the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldAnswer {
    pub letter: i64,
    pub text: String,
    pub html: Option<String>,
    pub attachments: Vec<AttachmentRow>,
    /// The commands that stood above it, as written.
    pub commands: Vec<String>,
    /// Tickets that the commands name: they are found together with it.
    #[serde(default)]
    pub tickets: Vec<i64>,
    /// Addresses that the commands name, likewise.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// What is set aside and named by the commands, likewise.
    #[serde(default)]
    pub quarantined: Vec<i64>,
    /// The newest answer of the ticket when this was held; 0: none.
    #[serde(default)]
    pub answered: i64,
    /// The message that was answered; 0: not known.
    #[serde(default)]
    pub about: i64,
    /// Who was shown as its recipients: a `#send` is good for exactly these.
    #[serde(default)]
    pub to: Vec<String>,
    pub why: String,
}

/// What is known of one of us; managers are among them once they have had an alarm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFacts {
    /// Away until then; far in the future where no end is known.
    pub away_until: Option<Time>,
    /// When a new matter last came to this agent in turn.
    pub last_turn_at: Option<Time>,
    /// The latest times of which he was told of a customer's message, singly or in a list; at most 20, oldest first.
    pub notified: Vec<Time>,
    /// The same of warnings and breach mails.
    pub alarmed: Vec<Time>,
    /// When the list of notifications that is being gathered goes out.
    pub list_at: Option<Time>,
    /// The same for warnings and breach mails.
    pub alarm_list_at: Option<Time>,
}

/// What the desk must know to judge a delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryFindings {
    pub parcel: KnownParcel,
    pub attempts: i64,
    pub next: Next,
    pub epoch: i64,
    pub ticket: Option<TicketFacts>,
    /// The message it carries or is about.
    pub said: Option<Said>,
    /// The oldest counting customer message of the ticket that is newer than the answer.
    pub waiting_after: Option<Time>,
    pub agents: BTreeMap<Address, AgentFacts>,
    pub told: BTreeMap<(Address, String), Time>,
    /// The ticket's customer's other tickets, newest first.
    pub customers_tickets: Vec<TicketFacts>,
    /// What people are still to be told of the ticket, or were told in a list.
    pub notices: Vec<Notice>,
}
