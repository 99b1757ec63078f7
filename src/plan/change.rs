//! What to do: every change that the desk can ask for.

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, AskNo, BulkNo, BulkState, BulkStep, Channel, CustomerNo, Direction, IncidentNo, Kind, LetterNo, MessageNo,
    NoticeKind, ParcelNo, ParcelState, Party, Priority, QuarantineNo, RecipientState, State, TicketNo, Time,
};
use crate::plan::bulk::NewBulk;
use crate::plan::canned::CannedVersion;
use crate::plan::event::Event;
use crate::plan::found::{Blocked, CallWish, KnownAsk, RightsAct};
use crate::plan::incident::{Incident, Woken};
use crate::plan::notice::{Alarm, Notice};
use crate::plan::parcel::Parcel;
use crate::plan::practice::{Came, NewPractice};

use crate::plan::Release;

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
    /// A heartbeat that was sent at `sent_at` has come back.
    HeartbeatBack {
        mailbox: String,
        sent_at: Time,
        at: Time,
    },
    Quarantine(NewQuarantine),
    /// Agents were told of what is set aside, in a list.
    QuarantineListed {
        quarantined: Vec<QuarantineNo>,
    },
    /// Something leaves quarantine for good.
    DropQuarantine {
        quarantine: QuarantineNo,
        at: Time,
    },
    /// The letter is put back into state `received` with `Envelope::released` set, and is read and decided again.
    ReleaseQuarantine {
        quarantine: QuarantineNo,
        release: Release,
        /// Whose mail it is, where somebody has said so.
        on_behalf: Option<Address>,
        at: Time,
    },
    /// The sender's next mails are set aside.
    Block(Blocked),
    /// They are not, any more: of this address, or of whoever was blocked from this ticket.
    Unblock {
        address: Option<Address>,
        ticket: Option<TicketNo>,
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
    /// Two customers are one person: the addresses and tickets of `from` are `into`'s.
    JoinCustomers {
        from: CustomerNo,
        into: CustomerNo,
    },
    /// The address is a person of its own again: it and the tickets written from it are `customer`'s, which is new.
    PartCustomer {
        address: Address,
        customer: CustomerNo,
        name: String,
        at: Time,
    },
    /// The ticket belongs to another customer.
    SetCustomer {
        ticket: TicketNo,
        customer: CustomerNo,
        party: Party,
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
    /// When the customer wants to be called, or that she was.
    Call {
        ticket: TicketNo,
        call: Option<CallWish>,
    },
    Participate {
        ticket: TicketNo,
        party: Party,
    },
    /// Takes part no more.
    Leave {
        ticket: TicketNo,
        address: Address,
    },
    /// The ticket's messages from `first` on are another ticket's.
    MoveMessages {
        from: TicketNo,
        to: TicketNo,
        first: MessageNo,
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
    /// Fingerprints of a note's words: no mail to a customer may hold them unasked.
    Fingerprint {
        message: MessageNo,
        shingles: Vec<i64>,
    },
    /// A version of a canned answer.
    KeepCanned(Box<CannedVersion>),
    /// A discount code is this ticket's. Fails where another has it.
    TakeCode {
        code: String,
        ticket: TicketNo,
        at: Time,
    },
    /// It leaves with this answer; recalling the answer gives it back to the ticket.
    SpendCode {
        code: String,
        message: MessageNo,
    },
    /// An answer that has not left is a note from now on; its mail is not sent. Fails where the mail is on its way.
    Recall {
        parcel: ParcelNo,
        message: MessageNo,
        at: Time,
    },
    /// A mail that waits leaves now.
    Hasten {
        parcel: ParcelNo,
        at: Time,
    },
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
    /// Whether a parcel was taken is unknown, and `why`; it goes out once more.
    SendAgain {
        parcel: ParcelNo,
        why: String,
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

    /// A manager has said `#send` to something that is done to a person's data; the engine carries it out.
    GrantRights {
        act: RightsAct,
        subject: String,
        until: Time,
        by: Address,
        at: Time,
    },
    NewIncident(Box<Incident>),
    /// The ticket belongs to an incident, once for all. `told`: its text has gone to the customer in this message, and nobody is
    /// told of the ticket singly from now on.
    Link {
        ticket: TicketNo,
        incident: IncidentNo,
        told: Option<MessageNo>,
        at: Time,
    },
    /// People are told of the ticket again as of any other.
    Wake {
        ticket: TicketNo,
        why: Woken,
        at: Time,
    },
    /// It lasts until then, as somebody has said in this epoch.
    ProlongIncident {
        incident: IncidentNo,
        until: Time,
        epoch: i64,
    },
    EndIncident {
        incident: IncidentNo,
        at: Time,
    },
    /// It ends when this answer to all of its tickets begins.
    AnswerIncident {
        incident: IncidentNo,
        bulk: BulkNo,
    },

    /// One text is to go to many tickets: they are looked up by the engine.
    NewBulk(Box<NewBulk>),
    /// How far it has come.
    SetBulk {
        bulk: BulkNo,
        state: BulkState,
        /// Who stopped it, or why it cannot be; empty: as before.
        why: String,
        at: Time,
    },
    /// Whose word it waits for, or by whose it goes.
    AskBulk {
        bulk: BulkNo,
        ask: AskNo,
    },
    /// Where a ticket of it stands from now on.
    BulkStep {
        bulk: BulkNo,
        ticket: TicketNo,
        step: BulkStep,
        /// Why it is left out: a word, and what belongs to it.
        why: String,
        /// The language in which it is spoken to.
        language: String,
    },
    /// The mail to a ticket of it lies in the outbox; the ticket is left in that state.
    BulkQueued {
        bulk: BulkNo,
        ticket: TicketNo,
        message: MessageNo,
        parcel: ParcelNo,
        left_in: State,
    },
    /// What became of a mail of it.
    BulkSettled {
        parcel: ParcelNo,
        step: BulkStep,
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
    /// An alarm is raised: never again for this clock.
    Alarmed {
        ticket: TicketNo,
        alarm: Alarm,
        at: Time,
    },
    /// The acknowledgement has promised an answer until then.
    Promise {
        ticket: TicketNo,
        until: Time,
    },
    /// When the clocks of a ticket are to be looked at next.
    LookAt {
        ticket: TicketNo,
        at: Option<Time>,
    },
    /// One of us is told later; what is known of the same notice is replaced. The bytes of its attachments are kept as blobs.
    Defer(Box<Notice>),
    /// It was told, or there is nothing to tell any more.
    ForgetNotice {
        person: Address,
        kind: NoticeKind,
        ticket: TicketNo,
        message: MessageNo,
    },
    /// Nobody waits on this ticket: nobody is to be told.
    ForgetNotices {
        ticket: TicketNo,
    },
    /// A list did not reach him: what stood in it is due again.
    ReviveNotices {
        person: Address,
    },
    /// One of us is told of a customer's message or of a clock, singly or in a list: for the pace of what follows.
    Notified {
        person: Address,
        kind: NoticeKind,
        at: Time,
    },
    /// A person was told of something that is told once in a while.
    Told {
        to: Address,
        topic: String,
        at: Time,
    },
    /// A practice mail goes to an agent, past the outbox.
    Practise(NewPractice),
    /// Something came of it.
    Rehearsed {
        practice: ParcelNo,
        came: Box<Came>,
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
    /// When agents are told of it in a list; `None`: they are not.
    pub list_at: Option<Time>,
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
