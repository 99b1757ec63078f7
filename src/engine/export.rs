//! A person's data, for herself: what she wrote and what was answered, as mail and as JSON; nothing of anybody else's.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::engine::Engine;
use crate::engine::clocks;
use crate::model::{Address, Direction, MessageNo, ParcelKind, ParcelNo, Party, TicketNo, Time};
use crate::plan::AttachmentRow;
use crate::sla::clock::Clock;
use crate::store::privacy::{AuditRow, Estate, PostedRow, SentCopy};
use crate::store::view::MessageRow;
use crate::store::{StoreError, Tx};

/// All of it but the mails themselves.
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    pub made_at: Time,
    pub addresses: BTreeSet<Address>,
    pub names: BTreeSet<String>,
    pub tickets: Vec<ExportedTicket>,
    /// Mails of the desk to her, whatever became of them.
    pub outbox: Vec<PostedRow>,
    /// Mails of hers that were set aside.
    pub quarantine: usize,
    /// What was done with her data: exports and erasures.
    pub audit: Vec<AuditRow>,
    /// Mails about her that were sent to people who work here: they keep them in mailboxes of their own.
    pub copies: Vec<SentCopy>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ExportedTicket {
    pub number: TicketNo,
    /// Of tickets of her own.
    pub subject: Option<String>,
    pub state: String,
    pub mailbox: String,
    pub created_at: Time,
    pub updated_at: Time,
    pub tags: Vec<String>,
    pub messages: Vec<ExportedMessage>,
    /// Of tickets of her own.
    pub clocks: Vec<Clock>,
    pub events: Vec<ExportedEvent>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ExportedMessage {
    pub id: MessageNo,
    pub direction: Direction,
    pub at: Time,
    pub from: Option<Party>,
    /// Herself and the mailboxes; others are counted.
    pub to: Vec<Party>,
    pub cc: Vec<Party>,
    pub others: usize,
    pub subject: String,
    pub text: String,
    pub message_id: Option<String>,
    pub attachments: Vec<AttachmentRow>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ExportedEvent {
    pub at: Time,
    /// Without an agent's address.
    pub actor: String,
    pub what: String,
}

/// One mail for the mbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMail {
    pub at: Time,
    pub bytes: Vec<u8>,
}

impl Engine {
    /// What the estate of a person holds for her own eyes: the JSON, and the mails in the order of their times. Notes are left out.
    ///
    /// # Errors
    /// A database error.
    pub fn export(
        &mut self,
        address: &Address,
        estate: &Estate,
        now: Time,
    ) -> Result<(Export, Vec<RawMail>), StoreError> {
        let subject = self.subject_of(address);
        let settings = self.settings.clone();
        let may_stand = |a: &Address| estate.addresses.contains(a) || settings.mailbox_of(a).is_some();
        let mut seen = BTreeSet::new();
        let mut mails: Vec<RawMail> = Vec::new();
        let mut tickets = Vec::new();
        let mut names = BTreeSet::new();
        for &number in estate.tickets.union(&estate.shared) {
            let owned = estate.owned.contains(&number);
            let found = self.store.read(|tx| {
                let Some(show) = tx.show(number, now)? else { return Ok(None) };
                let steps = if owned { clocks::steps(tx, number)? } else { Vec::new() };
                Ok(Some((show, steps, tx.found_in_sent(number)?)))
            })?;
            let Some((show, steps, in_sent)) = found else { continue };
            let clocks = clocks::of(&steps, &settings, &show.ticket.mailbox, show.ticket.priority, now);
            let hers = |m: &&MessageRow| estate.messages.contains(&m.id) && m.direction != Direction::Note;
            let mut messages = Vec::new();
            for message in show.messages.iter().filter(hers) {
                if seen.insert(message.id) {
                    names.extend(
                        message.from.iter().filter(|p| estate.addresses.contains(&p.address)).map(|p| p.name.clone()),
                    );
                    // What was answered without svar's help was read in Sent.
                    let to_her = || message.to.iter().chain(&message.cc).any(|p| estate.addresses.contains(&p.address));
                    if let Some(letter) = message.letter
                        && (message.direction == Direction::In || (in_sent.contains(&message.id) && to_her()))
                    {
                        mails.extend(self.raw_mail(message.at, |tx| tx.raw(letter))?);
                    }
                    messages.push(exported(message, &may_stand));
                }
            }
            let events = show.events.iter().filter(|_| owned).map(|e| ExportedEvent {
                at: e.at,
                actor: e.actor.split(':').next().unwrap_or_default().to_owned(),
                what: e.what.clone(),
            });
            tickets.push(ExportedTicket {
                number,
                subject: owned.then(|| show.ticket.subject.clone()),
                state: show.ticket.state.to_string(),
                mailbox: show.ticket.mailbox.clone(),
                created_at: show.ticket.created_at,
                updated_at: show.ticket.updated_at,
                tags: if owned { show.ticket.tags.clone() } else { Vec::new() },
                messages,
                clocks: if owned { clocks } else { Vec::new() },
                events: events.collect(),
            });
        }
        names.remove("");
        let (outbox, audit, aside) = self.store.read(|tx| {
            Ok((tx.posted(&estate.parcels)?, tx.acts(Some(&subject))?, tx.aside_letters(&estate.quarantine)?))
        })?;
        for (at, letter) in aside {
            mails.extend(self.raw_mail(at, |tx| tx.raw(letter))?);
        }
        let says = |kind: ParcelKind| matches!(kind, ParcelKind::Answer | ParcelKind::Bulk);
        let sent: BTreeMap<ParcelNo, Time> = outbox.iter().filter(|p| says(p.kind)).map(|p| (p.id, p.at)).collect();
        for (parcel, at) in sent {
            mails.extend(self.raw_mail(at, |tx| tx.bytes(parcel))?);
        }
        mails.sort_by_key(|mail| mail.at);
        let export = Export {
            made_at: now,
            addresses: estate.addresses.clone(),
            names,
            tickets,
            outbox,
            quarantine: estate.quarantine.len(),
            audit,
            copies: estate.copies.clone(),
        };
        Ok((export, mails))
    }

    /// A mail whose bytes are still there.
    fn raw_mail(
        &mut self,
        at: Time,
        read: impl FnOnce(&mut Tx<'_>) -> Result<Vec<u8>, StoreError>,
    ) -> Result<Option<RawMail>, StoreError> {
        match self.store.read(read) {
            Ok(bytes) => Ok(Some(RawMail { at, bytes })),
            Err(StoreError::Rejected(_) | StoreError::Damaged(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn exported(message: &MessageRow, may_stand: &impl Fn(&Address) -> bool) -> ExportedMessage {
    let kept = |people: &[Party]| people.iter().filter(|p| may_stand(&p.address)).cloned().collect::<Vec<_>>();
    let (to, cc) = (kept(&message.to), kept(&message.cc));
    ExportedMessage {
        id: message.id,
        direction: message.direction,
        at: message.at,
        from: message.from.clone().filter(|p| may_stand(&p.address)),
        others: message.to.len() + message.cc.len() - to.len() - cc.len(),
        to,
        cc,
        subject: message.subject.clone(),
        text: message.text.clone(),
        message_id: message.message_id.clone(),
        attachments: message.attachments.clone(),
    }
}

/// Mails as one mbox (the "mboxrd" dialect: every line that could be taken for the beginning of a mail is quoted).
#[must_use]
pub fn mbox(mails: &[RawMail]) -> Vec<u8> {
    let mut out = Vec::new();
    for mail in mails {
        let at = mail.at.timestamp().strftime("%a %b %e %H:%M:%S %Y").to_string();
        out.extend_from_slice(format!("From MAILER-DAEMON {at}\n").as_bytes());
        for line in mail.bytes.split_inclusive(|b| *b == b'\n') {
            let bare = line.strip_suffix(b"\n").unwrap_or(line);
            let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
            let unquoted = bare.iter().position(|b| *b != b'>').map_or(&[][..], |at| &bare[at..]);
            if unquoted.starts_with(b"From ") {
                out.push(b'>');
            }
            out.extend_from_slice(bare);
            out.push(b'\n');
        }
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_a_mail_are_quoted() {
        let mail = |text: &str| RawMail { at: Time::from_unix(1_790_000_000), bytes: text.as_bytes().to_vec() };
        let made = mbox(&[mail("Subject: a\r\n\r\nFrom here\r\n>From there\r\n From nowhere"), mail("Subject: b\n\n")]);
        let text = String::from_utf8(made).unwrap();
        let begins = text.lines().filter(|l| l.starts_with("From ")).count();
        assert_eq!(begins, 2, "{text}");
        assert!(text.contains("\n>From here\n>>From there\n From nowhere\n\nFrom MAILER-DAEMON "), "{text}");
    }
}
