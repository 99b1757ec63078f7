//! What desk and store say to each other: what to look up ([`Clues`]), what was found ([`Findings`]), what to do ([`Change`]).
//!
//! The desk decides and never writes; the store writes and never decides. Every [`Change`] names its ids outright: they come from
//! [`Findings::next`], so that a decision is a value that can be printed, compared and applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, AskNo, Channel, CustomerNo, Direction, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState,
    Party, Priority, QuarantineNo, RecipientState, State, TicketNo, Time,
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
}

// ---- what to look up ----------------------------------------------------------------------------------------------

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
    /// Things waiting for `#send` that a signed address names.
    pub asks: Vec<AskNo>,
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
}

// ---- what was found -----------------------------------------------------------------------------------------------

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
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
    /// By first address. Agents of whom nothing is recorded are missing.
    pub agents: BTreeMap<Address, AgentFacts>,
    /// Automatic mails to the author's address in the last 24 hours.
    pub auto_to_sender: i64,
    /// Automatic mails to customers and strangers in the last hour.
    pub auto_in_all: i64,
    /// Latest notice of each topic to each person: (address, topic).
    pub told: BTreeMap<(Address, String), Time>,
    /// The highest parcel number given out in this database.
    pub last_parcel: ParcelNo,
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

/// What a `#send` lets go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// An answer that was held.
    Answer(HeldAnswer),
    /// A mail said to be an agent's, set aside: `#send` records it, it never acts.
    Quarantined { quarantine: i64 },
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
    /// Who was shown as its recipients: a `#send` is good for exactly these.
    #[serde(default)]
    pub to: Vec<String>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentFacts {
    /// Away until then; far in the future where no end is known.
    pub away_until: Option<Time>,
    /// When a new matter last came to this agent in turn.
    pub last_turn_at: Option<Time>,
}

// ---- what to do ---------------------------------------------------------------------------------------------------

/// One thing to write down. Applied in order, all or none.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// What became of a letter in custody.
    Settle {
        letter: LetterNo,
        fate: Fate,
    },
    /// A letter of one of us is acted upon: another copy of the same mail must not be.
    ActedOn {
        letter: LetterNo,
        message_id: String,
        sameness: String,
    },
    Quarantine(NewQuarantine),
    /// Something leaves quarantine for good.
    DropQuarantine {
        quarantine: QuarantineNo,
        at: Time,
    },
    /// The letter is put back into state `received` with `Envelope::released` set, and is read and decided again.
    ReleaseQuarantine {
        quarantine: QuarantineNo,
        release: Release,
        at: Time,
    },

    NewCustomer {
        customer: CustomerNo,
        name: String,
        at: Time,
    },
    /// `address` belongs to `customer` from now on. Never takes an address away from another customer.
    KnowAddress {
        address: Address,
        customer: CustomerNo,
        name: String,
    },
    /// Mail to this address came back for good.
    AddressBounced {
        address: Address,
        at: Time,
    },

    NewTicket(NewTicket),
    SetState {
        ticket: TicketNo,
        state: State,
        hold_until: Option<Time>,
        survivor: Option<TicketNo>,
        at: Time,
    },
    Assign {
        ticket: TicketNo,
        agent: Option<Address>,
        at: Time,
    },
    SetPriority {
        ticket: TicketNo,
        priority: Priority,
        at: Time,
    },
    Tag {
        ticket: TicketNo,
        tag: String,
    },
    Untag {
        ticket: TicketNo,
        tag: String,
    },
    /// The oldest unanswered customer message, and when its answer is due.
    Waiting {
        ticket: TicketNo,
        since: Option<Time>,
        due: Option<Time>,
    },
    Participate {
        ticket: TicketNo,
        party: Party,
    },
    /// Shown to agents as possibly related, both ways.
    Relate {
        ticket: TicketNo,
        other: TicketNo,
    },
    /// Signed addresses of the ticket are out: make them worthless.
    BumpSerial {
        ticket: TicketNo,
    },

    AddMessage(Box<NewMessage>),
    /// SMTP accepted an answer: from now on it counts. `at` is when.
    AnswerAccepted {
        message: MessageNo,
        at: Time,
    },

    Event(Event),

    Enqueue(Box<Parcel>),
    /// One recipient's result. The parcel's own state follows from its recipients' (see `store::outbox`).
    Recipient {
        parcel: ParcelNo,
        address: Address,
        state: RecipientState,
        error: Option<String>,
    },
    /// A claimed parcel goes back to the queue, or is done.
    Parcel {
        parcel: ParcelNo,
        state: ParcelState,
        next_at: Option<Time>,
        attempts: i64,
        error: Option<String>,
        at: Time,
    },
    /// The server refuses an empty envelope sender: this mailbox uses bounce addresses from now on.
    NullSenderRefused {
        mailbox: String,
    },

    /// The bytes of a held answer's attachments (`HeldAnswer::attachments`) are kept as blobs while it waits.
    NewAsk(KnownAsk),
    SettleAsk {
        ask: AskNo,
        at: Time,
        how: String,
    },

    AgentAway {
        agent: Address,
        until: Option<Time>,
    },
    /// A new matter went to this agent in turn: sets the ticket's `turn_agent` and the agent's `last_turn_at`.
    Turn {
        ticket: TicketNo,
        agent: Address,
        at: Time,
    },
    /// A person was told of something that is told once in a while.
    Told {
        to: Address,
        topic: String,
        at: Time,
    },
    /// An automatic mail goes to a customer or stranger.
    CountAutomatic {
        address: Address,
        at: Time,
    },

    /// Two machines are running, or worse: stop sending and say why.
    Halt {
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Message(MessageNo),
    /// The same mail is on record.
    Duplicate(MessageNo),
    Quarantined(QuarantineNo),
    /// A mail of our own that came back to us.
    Echo(ParcelNo),
    /// Acted upon and not kept as a message (a command, a report, an out-of-office of an agent).
    Done(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewQuarantine {
    pub no: QuarantineNo,
    pub letter: LetterNo,
    pub mailbox: String,
    pub from: Option<Address>,
    pub subject: String,
    /// A word (`robot`, `agent-unproved`, `stale-address`, `bounce-unknown`, `unreadable`, `ignored`, `loop` …), then a colon and a sentence.
    pub reason: String,
    pub at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTicket {
    pub number: TicketNo,
    pub subject: String,
    pub base_subject: String,
    pub state: State,
    pub mailbox: String,
    pub channel: Channel,
    pub customer: Option<CustomerNo>,
    pub customer_party: Option<Party>,
    pub priority: Priority,
    pub created_at: Time,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    pub no: MessageNo,
    pub ticket: TicketNo,
    pub direction: Direction,
    pub kind: Kind,
    pub letter: Option<LetterNo>,
    pub from: Option<Party>,
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    /// `received_at` of what came in, `now` of what goes out.
    pub at: Time,
    pub sent_at: Option<Time>,
    pub subject: String,
    pub text: String,
    pub new_text: String,
    pub message_id: Option<String>,
    pub sameness: String,
    /// Message-IDs that it names as answered, newest first.
    pub references: Vec<String>,
    pub thread_index: Option<String>,
    pub language: Option<String>,
    /// First address of the agent who wrote it.
    pub agent: Option<Address>,
    /// A customer's message that starts or keeps a clock; a person's answer that stops one once accepted.
    pub counts: bool,
    /// An answer that needs no SMTP of ours (found in Sent): accepted at `at`.
    pub accepted: bool,
    /// The sender is proved (DMARC) where that can be known.
    pub verified: bool,
    pub attachments: Vec<AttachmentRow>,
    /// `Defect::as_str`
    pub defects: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentRow {
    pub name: String,
    #[serde(rename = "type")]
    pub media_type: String,
    pub size: i64,
    pub inline: bool,
    pub content_id: Option<String>,
    pub sha256: String,
}

/// Something that happened, with actor and time. Never holds an address, subject or text beyond `actor`; `detail` is ids and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub ticket: TicketNo,
    pub at: Time,
    /// `customer`, `svar`, `agent:anna@example.test`, `shell:root`.
    pub actor: String,
    pub what: What,
    pub detail: String,
}

macro_rules! whats {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The vocabulary of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum What { $($(#[$doc])* $name,)* }

        impl What {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

whats! {
    /// The ticket came to be; the detail is why it is a ticket of its own.
    Opened = "opened",
    /// A mail joined; the detail is the message and the threading rule.
    Received = "received",
    /// An answer was accepted by SMTP, or found; the detail is the message.
    Answered = "answered",
    Noted = "noted",
    /// Answered by telephone.
    Called = "called",
    Thanked = "thanked",
    Acknowledged = "acknowledged",
    Notified = "notified",
    Closed = "closed",
    Reopened = "reopened",
    Pending = "pending",
    Open = "open",
    Held = "held",
    /// Needs no answer: the clock is cancelled.
    Done = "done",
    Spam = "spam",
    Merged = "merged",
    Assigned = "assigned",
    Tagged = "tagged",
    Untagged = "untagged",
    Prioritised = "prioritised",
    Related = "related",
    Participant = "participant",
    CustomerChanged = "customer",
    /// An answer waits for the agent's `#send`.
    Asked = "asked",
    /// A mail of the ticket came back.
    Bounced = "bounced",
    /// A mail of the ticket could not be delivered.
    Undelivered = "undelivered",
    /// A signed address of the ticket was used by a stranger and replaced.
    AddressOut = "address-out",
}

/// A finished mail for the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub no: ParcelNo,
    pub kind: ParcelKind,
    pub ticket: Option<TicketNo>,
    pub message: Option<MessageNo>,
    /// First address of the agent who wrote it or to whom it goes.
    pub agent: Option<Address>,
    /// What waits for the `#send` that it asks for.
    pub ask: Option<AskNo>,
    /// The mailbox in whose name it goes.
    pub mailbox: String,
    pub route: Route,
    pub sender: Sender,
    pub recipients: Vec<Address>,
    /// Without angle brackets.
    pub message_id: String,
    /// Put together while sending, the same bytes each time.
    pub segments: Vec<Segment>,
    /// Not sent before (an agent's hours).
    pub not_before: Time,
    /// A copy goes into the Sent folder where the server keeps none.
    pub keep_in_sent: bool,
    pub created_at: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The mailbox's own way out.
    Mailbox,
    /// `[mailbox.notify_smtp]`, else the mailbox's own.
    Notify,
}

/// The envelope sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Empty; `or` where the server refuses that.
    Null {
        or: Address,
    },
    Address(Address),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Bytes(Vec<u8>),
    /// A stored blob, as base64 in lines of 76 characters, each ended by CRLF (RFC 2045, 6.8).
    Blob {
        sha256: String,
    },
}

// ---- a mail was handed over ---------------------------------------------------------------------------------------

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
}
