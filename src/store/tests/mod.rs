//! The store's tests, and the small desk that they share.

mod apply;
mod back;
mod bulk;
mod custody;
mod digests;
mod estate;
mod lookup;
mod outbox;
mod plans;
mod random;
mod rest;
mod search;
mod versions;
mod view;
mod void;

use super::custody::{pack, sha256};
use super::{Arrival, Blobs, Kept, Store, StoreError, Tx};
use crate::model::{
    Address, Channel, CustomerNo, Direction, Kind, LetterNo, MessageNo, ParcelKind, ParcelNo, Party, Priority,
    SourceNo, State, TicketNo, Time,
};
use crate::plan::{
    Change, Clues, Event, Fate, Findings, Folder, NewMessage, NewTicket, Parcel, Route, Segment, Sender, What,
};

/// 2026-12-01T08:00:00Z, and so many seconds more.
pub(super) fn at(seconds: i64) -> Time {
    Time::from_unix(1_796_112_000 + seconds)
}

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn party(name: &str, text: &str) -> Party {
    Party::new(name, address(text))
}

pub(super) fn arrival(source: SourceNo, uid: u32, raw: &str) -> Arrival {
    Arrival {
        source,
        mailbox: "support".to_owned(),
        channel: Channel::Mail,
        folder: Folder::Inbox,
        uidvalidity: 7,
        uid,
        name: None,
        received_at: at(0),
        old: false,
        size_bytes: i64::try_from(raw.len()).unwrap(),
        truncated: false,
        packed: pack(raw.as_bytes()),
        sha256: sha256(raw.as_bytes()),
    }
}

pub(super) fn source(tx: &mut Tx<'_>) -> Result<SourceNo, StoreError> {
    let row = tx.source("imap.example.test", "support@example.test", "INBOX", "support", at(0))?;
    if row.uidvalidity.is_none() {
        tx.set_uidvalidity(row.no, 7, 0, None)?;
    }
    Ok(row.no)
}

pub(super) fn keep(tx: &mut Tx<'_>, uid: u32, raw: &str) -> Result<LetterNo, StoreError> {
    let source = source(tx)?;
    match tx.keep(&arrival(source, uid, raw), at(1))? {
        Kept::New(letter) => Ok(letter),
        other => panic!("{other:?}"),
    }
}

pub(super) fn new_ticket(number: TicketNo) -> NewTicket {
    NewTicket {
        number,
        subject: "Var är mitt paket?".to_owned(),
        base_subject: "var är mitt paket?".to_owned(),
        state: State::Open,
        mailbox: "support".to_owned(),
        channel: Channel::Mail,
        customer: None,
        customer_party: None,
        priority: Priority::Normal,
        created_at: at(0),
    }
}

pub(super) fn message(no: MessageNo, ticket: TicketNo, direction: Direction) -> NewMessage {
    NewMessage {
        no,
        ticket,
        direction,
        kind: Kind::Person,
        letter: None,
        from: Some(party("Kund Kundsson", "kund@example.test")),
        to: vec![party("", "support@example.test")],
        cc: Vec::new(),
        at: at(0),
        sent_at: None,
        subject: "Var är mitt paket?".to_owned(),
        text: "Hej! Det har inte kommit.\n\n> tidigare".to_owned(),
        new_text: "Hej! Det har inte kommit.".to_owned(),
        message_id: Some(format!("m{no}@example.test")),
        sameness: format!("same{no}"),
        references: Vec::new(),
        thread_index: None,
        language: Some("sv".to_owned()),
        agent: None,
        counts: true,
        accepted: false,
        verified: true,
        attachments: Vec::new(),
        defects: Vec::new(),
    }
}

pub(super) fn parcel(no: ParcelNo, kind: ParcelKind, to: &[&str]) -> Parcel {
    Parcel {
        no,
        kind,
        ticket: None,
        message: None,
        agent: None,
        ask: None,
        mailbox: "support".to_owned(),
        route: Route::Mailbox,
        sender: Sender::Address(address("support@example.test")),
        recipients: to.iter().map(|a| address(a)).collect(),
        message_id: format!("p{no}@example.test"),
        segments: vec![Segment::Bytes(b"Subject: x\r\n\r\nHej\r\n".to_vec())],
        not_before: at(0),
        keep_in_sent: false,
        created_at: at(0),
    }
}

pub(super) fn event(ticket: TicketNo, seconds: i64, what: What) -> Change {
    Change::Event(Event { ticket, at: at(seconds), actor: "svar".to_owned(), what, detail: "1".to_owned() })
}

/// A letter becomes a ticket of a customer whose address is `who`.
pub(super) fn first_mail(tx: &mut Tx<'_>, uid: u32, who: &str) -> Result<(TicketNo, MessageNo), StoreError> {
    let letter = keep(tx, uid, &format!("From: {who}\r\n\r\n{uid}"))?;
    let mut next = tx.next();
    let (ticket, no, customer) = (next.take_ticket(), next.take_message(), next.take_customer());
    let author = address(who);
    let mut changes = Vec::new();
    let customer = match tx.customer_of(&author)? {
        Some(known) => known.no,
        None => {
            changes.push(Change::NewCustomer { customer, name: "Kund".to_owned(), at: at(0) });
            changes.push(Change::KnowAddress { address: author.clone(), customer, name: "Kund".to_owned() });
            customer
        }
    };
    changes.extend([
        Change::NewTicket(NewTicket {
            customer: Some(customer),
            customer_party: Some(Party::new("Kund", author.clone())),
            ..new_ticket(ticket)
        }),
        Change::AddMessage(Box::new(NewMessage {
            letter: Some(letter),
            from: Some(Party::new("Kund", author)),
            ..message(no, ticket, Direction::In)
        })),
        event(ticket, 0, What::Opened),
        Change::Waiting { ticket, since: Some(at(0)), due: Some(at(3600)) },
        Change::Settle { letter, fate: Fate::Message(no) },
    ]);
    tx.apply(&changes, &Blobs::new(), at(1))?;
    Ok((ticket, no))
}

pub(super) fn apply(tx: &mut Tx<'_>, changes: &[Change]) -> Result<(), StoreError> {
    tx.apply(changes, &Blobs::new(), at(10))
}

pub(super) fn by_number(tx: &mut Tx<'_>, ticket: TicketNo) -> Result<Findings, StoreError> {
    tx.lookup(&Clues { numbers: vec![ticket], ..Clues::default() }, at(20))
}

/// Runs `work` on a fresh desk in memory and checks the invariants afterwards.
pub(super) fn on_a_desk(work: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>) {
    let mut store = Store::in_memory().unwrap();
    store.batch(work).unwrap();
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

pub(super) const NOBODY: CustomerNo = CustomerNo(999);
