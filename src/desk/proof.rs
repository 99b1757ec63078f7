//! What a mail from one of us proves: for which ticket it speaks, and what that entitles to.

use crate::desk::case::Staff;
use crate::desk::intake::Incoming;
use crate::desk::robots::releases;
use crate::desk::sign::{Grounds, Key, SignedAddress, Token};
use crate::model::{Address, AskNo, ParcelKind, QuarantineNo, TicketNo};
use crate::plan::KnownParcel;

/// What a proof entitles to. The kind of our mail that is answered is part of what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Text goes to the customer. The notification that is answered, where it is known.
    Answer { ticket: TicketNo, to: Option<KnownParcel> },
    /// One command, whatever the text says.
    OneTap { ticket: TicketNo, command: String },
    /// Text becomes a note for the assignee, and for `writer` of the note that is answered.
    Note { ticket: TicketNo, writer: Option<Address> },
    /// Commands only.
    Desk { ticket: Option<TicketNo> },
    /// `#send` or `#drop`.
    Confirm { ask: AskNo },
    /// `#release`, whatever the text says.
    Release { quarantine: QuarantineNo },
    /// A signed address of this person's that is no longer good, or that answers nothing of ours.
    Stale { ticket: TicketNo },
}

impl Incoming<'_> {
    /// The signed address, or the signed Message-ID that the mail answers. Nothing is proved for a mailbox that the person does
    /// not work in.
    #[must_use]
    pub fn proof(&self, staff: &Staff<'_>) -> Option<Proof> {
        let tag = Key::person_tag(staff.address());
        let by_address = self.signed.iter().find(|s| s.person == tag).map(|signed| self.by_address(staff, signed));
        by_address.unwrap_or_else(|| self.by_message_id(staff))
    }

    fn by_address(&self, staff: &Staff<'_>, signed: &SignedAddress) -> Option<Proof> {
        let found = self.case.found;
        let admits = |grounds: Grounds| self.case.rules.key.admits(found.epoch, signed, staff.address(), grounds);
        if let Token::Confirm { ask } = signed.token {
            let known = found.asks.iter().find(|a| a.no == ask)?;
            return admits(Grounds { created_at: known.created_at, serial: 0 }).then_some(Proof::Confirm { ask });
        }
        if matches!(signed.token, Token::Release { .. }) {
            let quarantine = releases(&self.case, signed, staff.address())?;
            return Some(Proof::Release { quarantine });
        }
        let facts = self.case.tickets.get(&signed.token.ticket()?)?;
        if !staff.mailboxes.contains(&facts.mailbox) {
            return None;
        }
        let ticket = facts.number;
        if !admits(self.case.grounds(facts)) {
            let earlier = (0..facts.serial).any(|serial| admits(Grounds { created_at: facts.created_at, serial }));
            return earlier.then_some(Proof::Stale { ticket });
        }
        // A signed address alone may be a stale one from the client's memory: the mail must speak of the ticket besides.
        let of_ticket = |t: TicketNo| t == ticket || self.case.survivor(t).is_some_and(|s| s.number == ticket);
        let speaks = self.numbers.iter().any(|n| of_ticket(*n))
            || found.messages.iter().any(|m| of_ticket(m.ticket))
            || found.parcels.iter().any(|p| p.ticket.is_some_and(of_ticket));
        Some(match &signed.token {
            Token::OneTap { command, .. } => Proof::OneTap { ticket, command: command.clone() },
            _ if !speaks || self.signed.len() > 1 => Proof::Stale { ticket },
            Token::Answer { .. } => Proof::Answer { ticket, to: self.answered_notification(ticket) },
            Token::Note { .. } => Proof::Note { ticket, writer: self.writer_of_answered_note(ticket) },
            Token::Desk { .. } | Token::Confirm { .. } => Proof::Desk { ticket: Some(ticket) },
            Token::Third { .. } | Token::Release { .. } | Token::Practice { .. } => return None,
        })
    }

    /// Only what is answered directly proves anything: In-Reply-To, or the last of References.
    fn by_message_id(&self, staff: &Staff<'_>) -> Option<Proof> {
        let key = self.case.rules.key;
        let direct = self.letter.in_reply_to.first().into_iter().chain(self.letter.references.last());
        let parcel = direct.filter(|id| key.verify_message_id(id).is_some()).find_map(|id| {
            self.case.found.parcels.iter().find(|p| p.message_id == *id && p.agent.as_ref() == Some(staff.address()))
        })?;
        if !staff.mailboxes.contains(&parcel.mailbox) {
            return None;
        }
        Some(match (parcel.kind, parcel.ask, parcel.ticket) {
            (ParcelKind::Notify, _, Some(ticket)) => Proof::Answer { ticket, to: Some(parcel.clone()) },
            (_, Some(ask), _) => Proof::Confirm { ask },
            (ParcelKind::Report, None, Some(ticket)) => {
                Proof::Note { ticket, writer: self.writer_of_answered_note(ticket) }
            }
            // An answer of his own in his mailbox (Bcc, a list) proves nothing.
            (ParcelKind::Answer | ParcelKind::Bulk | ParcelKind::Ask | ParcelKind::Acknowledge, None, _) => {
                return None;
            }
            (_, None, ticket) => Proof::Desk { ticket },
        })
    }

    /// The notification of the ticket that the mail answers: the one that it answers directly, else the newest that it names.
    fn answered_notification(&self, ticket: TicketNo) -> Option<KnownParcel> {
        let of_ticket = |p: &&KnownParcel| p.kind == ParcelKind::Notify && p.ticket == Some(ticket);
        let all: Vec<&KnownParcel> = self.case.found.parcels.iter().filter(of_ticket).collect();
        let direct = self.letter.in_reply_to.first().or(self.letter.references.last());
        let answered = all.iter().find(|p| Some(&p.message_id) == direct).copied();
        answered.or_else(|| all.into_iter().max_by_key(|p| p.no)).cloned()
    }

    fn writer_of_answered_note(&self, ticket: TicketNo) -> Option<Address> {
        let notes = self.case.found.parcels.iter().filter(|p| p.kind == ParcelKind::Report && p.ticket == Some(ticket));
        let said = notes.filter_map(|p| p.message).find_map(|m| self.case.found.said.get(&m))?;
        said.from.as_ref().and_then(|f| self.case.rules.staff(&f.address)).map(|s| s.address().clone())
    }

    /// Whether the mail answers one that went to this person, or is addressed by his own signed address.
    #[must_use]
    pub fn answers_mail_to(&self, staff: &Staff<'_>) -> bool {
        let named = |id: &String| self.letter.in_reply_to.contains(id) || self.letter.references.contains(id);
        let parcels = &self.case.found.parcels;
        self.proof(staff).is_some()
            || parcels.iter().any(|p| p.agent.as_ref() == Some(staff.address()) && named(&p.message_id))
    }
}
