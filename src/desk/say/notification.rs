//! What an agent gets when a customer has written: who, what, due when, what happened before, how to command.

use super::{Page, Voice};
use crate::model::{Address, Party, State, TicketNo, Time};
use crate::plan::AttachmentRow;

#[derive(Clone, Debug)]
pub struct NotificationFacts {
    pub number: TicketNo,
    /// The ticket's; `[#42]` is put before it.
    pub subject: String,
    pub reason: Reason,
    /// Who wrote; `None`: it cannot be told.
    pub author: Option<Party>,
    /// The mailbox's address, as the customer knows it.
    pub mailbox: Address,
    pub received_at: Time,
    pub due_at: Option<Time>,
    /// What the agent must know before he answers, the most important first.
    pub remarks: Vec<Remark>,
    /// What the customer wrote this time.
    pub text: String,
    /// Who else gets the answer.
    pub copies: Vec<Party>,
    /// What goes along with this mail.
    pub attachments: Vec<AttachmentRow>,
    /// What was too big: name and size in bytes. `#files` sends them.
    pub left_out: Vec<(String, i64)>,
    /// What we answered last on this ticket, where the agent may not have seen it.
    pub last_answer: Option<LastAnswer>,
    /// This customer's earlier tickets in the agent's mailboxes, newest first; five are shown.
    pub history: Vec<TicketLine>,
    /// Open tickets that may be about the same; five are shown.
    pub related: Vec<TicketLine>,
    pub taps: Vec<Tap>,
}

/// Why this agent gets this mail now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A matter that nobody has yet.
    New,
    /// A customer wrote again on an open, pending or held ticket.
    Again,
    /// A customer wrote on a closed ticket.
    Reopened,
    /// Half the target or more is used up and nobody has answered.
    Warning,
    /// `#hold` has run out.
    HoldOver,
    /// A colleague (or the shell: `None`) gave it to the agent.
    Assigned { by: Option<String> },
    /// Something released from quarantine.
    Released,
}

/// What the agent must know before he answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Nothing proves that the mail comes from that address.
    Unverified,
    /// The mail says that it comes from our own address.
    OurOwnAddress,
    /// The same person, probably the same matter; `#merge` joins them.
    SameMatter(TicketNo),
    /// It names another ticket on which its sender takes no part.
    NamesTicket(TicketNo),
    /// It answers a ticket that was closed long ago.
    Continues(TicketNo),
    /// Our mail to a colleague came back; the agent gets it instead.
    CameBackFrom { colleague: String },
    /// The assignee is away or off duty.
    StandsInFor { colleague: String },
    /// Too big a mail: its attachments stayed in the mailbox.
    LeftInMailbox,
    /// The mail could not be read; the raw mail is attached or kept.
    Unreadable,
    /// A robot's mail on this ticket (an out-of-office reply, say).
    Robot,
    /// An answer of ours came back from these addresses.
    AnswerCameBack { addresses: Vec<String> },
    /// The sender writes on a ticket that was merged into this one.
    MergedFrom(TicketNo),
    /// A third party (`#ask`) has replied; the answer goes to the customer, not to him.
    ThirdParty,
    /// A sentence of the caller's, in the reader's language.
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAnswer {
    /// The agent's name; `None`: not known.
    pub by: Option<String>,
    pub at: Time,
    pub text: String,
}

/// One ticket in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketLine {
    pub number: TicketNo,
    /// When the customer last wrote, or when it was opened.
    pub at: Time,
    pub state: State,
    pub subject: String,
}

/// A one-tap command and the address signed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    pub what: TapWord,
    pub to: Address,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TapWord {
    Take,
    Close,
    /// Needs no answer.
    Done,
    /// Held until tomorrow morning.
    HoldTomorrow,
    Spam,
    /// Joins it with the ticket of `Remark::SameMatter`.
    Merge,
    /// In a question: make it the customer's ticket.
    Yes,
    /// In a question: forget it.
    No,
}

/// The mail itself.
#[must_use]
pub fn notification(_voice: &Voice<'_>, facts: &NotificationFacts) -> Page {
    Page { subject: super::subject::for_agent(facts.number, &facts.subject), text: String::new(), html: String::new() }
}

/// The display name of its sender: `Exempelbutiken (svar senast tors 14:30)`.
#[must_use]
pub fn sender_name(_voice: &Voice<'_>, mailbox_name: &str, _due_at: Option<Time>) -> String {
    mailbox_name.to_owned()
}
