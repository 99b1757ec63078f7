//! Whatever happens in whatever order: the invariants hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Claimed, Limits, Outlet};
use super::*;
use crate::model::{ParcelState, QuarantineNo, RecipientState};
use crate::plan::{AttachmentRow, HeldAnswer, KnownAsk, Matter, NewQuarantine, Release};

/// One thing that happens; the numbers choose who and what.
type Happening = (u8, u8, u8);

struct Played {
    uid: u32,
    uidvalidity: u32,
    now: i64,
    raws: Vec<String>,
}

fn pick<T: Copy>(from: &[T], n: u8) -> Option<T> {
    if from.is_empty() { None } else { Some(from[usize::from(n) % from.len()]) }
}

fn open_tickets(tx: &mut Tx<'_>) -> Result<Vec<TicketNo>, StoreError> {
    Ok(tx.rows("SELECT number FROM ticket WHERE state IN ('open', 'pending', 'held') ORDER BY number", &[], |row| {
        row.get(0)
    })?)
}

impl Played {
    fn take_in(&mut self, tx: &mut Tx<'_>, raw: String) -> Result<Option<LetterNo>, StoreError> {
        let source = source(tx)?;
        self.uid += 1;
        let arrival = Arrival { uidvalidity: self.uidvalidity, ..arrival(source, self.uid, &raw) };
        self.raws.push(raw);
        tx.advance(source, self.uid)?;
        Ok(match tx.keep(&arrival, at(self.now))? {
            Kept::New(letter) => Some(letter),
            Kept::Known(_) => None,
            Kept::Renumbered => panic!("the server did not renumber"),
        })
    }

    /// A customer's mail: on `ticket`, or on a new one.
    fn mail(&mut self, tx: &mut Tx<'_>, who: u8, ticket: Option<TicketNo>) -> Result<(), StoreError> {
        let author = address(&format!("kund{}@example.test", who % 4));
        let Some(letter) = self.take_in(tx, format!("{author} {}", self.now))? else { return Ok(()) };
        let clues = Clues { people: vec![author.clone()], numbers: ticket.into_iter().collect(), ..Clues::default() };
        let found = tx.lookup(&clues, at(self.now))?;
        let mut next = found.next;
        let mut changes = Vec::new();
        let no = next.take_message();
        let number = match ticket {
            Some(ticket) => ticket,
            None => {
                let customer = found.customer.as_ref().map_or_else(|| next.take_customer(), |c| c.no);
                if found.customer.is_none() {
                    changes.push(Change::NewCustomer { customer, name: "K".to_owned(), at: at(self.now) });
                    changes.push(Change::KnowAddress { address: author.clone(), customer, name: "K".to_owned() });
                }
                let number = next.take_ticket();
                changes.push(Change::NewTicket(NewTicket { customer: Some(customer), ..new_ticket(number) }));
                number
            }
        };
        let waiting = found.tickets.get(&number).and_then(|t| t.waiting_since);
        changes.extend([
            Change::AddMessage(Box::new(NewMessage {
                letter: Some(letter),
                at: at(self.now),
                from: Some(Party::new("K", author)),
                references: vec![format!("m{}@example.test", who)],
                ..message(no, number, Direction::In)
            })),
            Change::Waiting {
                ticket: number,
                since: Some(waiting.unwrap_or(at(self.now))),
                due: Some(at(self.now + 60)),
            },
            event(number, self.now, What::Received),
            Change::Settle { letter, fate: Fate::Message(no) },
        ]);
        apply(tx, &changes)
    }

    fn answer(&self, tx: &mut Tx<'_>, ticket: TicketNo, kind: ParcelKind) -> Result<(), StoreError> {
        let mut next = tx.next();
        let (no, wire) = (next.take_message(), next.take_parcel());
        let direction = if kind == ParcelKind::Answer { Direction::Out } else { Direction::Auto };
        let new = NewMessage { at: at(self.now), ..message(no, ticket, direction) };
        let to: &[&str] =
            if kind == ParcelKind::Answer { &["a@example.test", "b@example.test"] } else { &["a@example.test"] };
        let picture = [u8::try_from(wire.0 % 3).unwrap(); 100];
        let sha = format!("sha{}", wire.0 % 3);
        let blobs: Blobs<'_> = [(sha.clone(), picture.as_slice())].into();
        let mut parcel = Parcel { ticket: Some(ticket), message: Some(no), ..parcel(wire, kind, to) };
        parcel.segments.push(Segment::Blob { sha256: sha });
        tx.apply(&[Change::AddMessage(Box::new(new)), Change::Enqueue(Box::new(parcel))], &blobs, at(self.now))
    }

    /// An answer with an attachment waits for `#send`; another one is dropped.
    fn hold_an_answer(&self, tx: &mut Tx<'_>, n: u8, first: &[Change]) -> Result<(), StoreError> {
        let mut next = tx.next();
        let sha256 = format!("sha{}", n % 3);
        let attachment = AttachmentRow {
            name: "bild.png".to_owned(),
            media_type: "image/png".to_owned(),
            size: 100,
            inline: false,
            content_id: None,
            sha256: sha256.clone(),
        };
        let mut changes = first.to_vec();
        for _ in 0..2 {
            changes.push(Change::NewAsk(KnownAsk {
                no: next.take_ask(),
                ticket: None,
                agent: address("anna@example.test"),
                created_at: at(self.now),
                expires_at: at(self.now + 5),
                settled: None,
                matter: Matter::Answer(HeldAnswer {
                    addresses: Vec::new(),
                    quarantined: Vec::new(),
                    answered: 0,
                    about: 0,
                    letter: 1,
                    tickets: Vec::new(),
                    to: Vec::new(),
                    text: String::new(),
                    html: None,
                    attachments: vec![attachment.clone()],
                    commands: Vec::new(),
                    why: String::new(),
                }),
            }));
        }
        let ask = tx.next().ask;
        changes.push(Change::SettleAsk { ask, at: at(self.now), how: "dropped".to_owned() });
        let picture = [n % 3; 100];
        tx.apply(&changes, &[(sha256, picture.as_slice())].into(), at(self.now))
    }

    fn result(&self, tx: &mut Tx<'_>, claimed: &Claimed, luck: u8) -> Result<(), StoreError> {
        let found = tx.delivery(claimed.parcel)?;
        let mut changes = Vec::new();
        let mut deferred = false;
        for (n, who) in claimed.recipients.iter().enumerate() {
            let state = match (usize::from(luck) + n) % 4 {
                0 | 1 => RecipientState::Accepted,
                2 => RecipientState::Refused,
                _ => {
                    deferred = true;
                    continue;
                }
            };
            changes.push(Change::Recipient { parcel: claimed.parcel, address: who.clone(), state, error: None });
            let counts = found.said.as_ref().is_some_and(|s| s.direction == Direction::Out);
            if let (RecipientState::Accepted, true, Some(ticket), Some(message)) =
                (state, counts, &found.ticket, found.parcel.message)
            {
                changes.push(Change::AnswerAccepted { message, at: at(self.now) });
                if !matches!(ticket.state, State::Merged | State::Spam) {
                    changes.push(Change::Waiting { ticket: ticket.number, since: found.waiting_after, due: None });
                }
            }
        }
        if deferred {
            changes.push(Change::Parcel {
                parcel: claimed.parcel,
                state: if found.attempts > 2 { ParcelState::Failed } else { ParcelState::Queued },
                next_at: Some(at(self.now + 5)),
                attempts: found.attempts + 1,
                error: Some("later".to_owned()),
                at: at(self.now),
            });
        }
        apply(tx, &changes)
    }

    fn happen(&mut self, tx: &mut Tx<'_>, (what, a, b): Happening) -> Result<(), StoreError> {
        self.now += 1;
        let open = open_tickets(tx)?;
        let ticket = pick(&open, a);
        match (what % 12, ticket) {
            (0, _) | (_, None) => self.mail(tx, a, None),
            (1 | 2, Some(ticket)) => self.mail(tx, b, Some(ticket)),
            (3, Some(ticket)) => self.answer(tx, ticket, ParcelKind::Answer),
            (4, Some(ticket)) => self.answer(tx, ticket, ParcelKind::Notify),
            (5 | 6, _) => {
                let free = BTreeMap::from([(Outlet { mailbox: "support".to_owned(), route: Route::Mailbox }, 2)]);
                for claimed in tx.claim(&free, at(self.now), &|_| Limits::default())? {
                    if b % 5 > 0 {
                        self.result(tx, &claimed, b)?;
                    }
                }
                Ok(())
            }
            (7, Some(ticket)) => {
                let state = [State::Open, State::Pending, State::Held, State::Closed, State::Spam][usize::from(b) % 5];
                let mut changes = vec![Change::SetState {
                    ticket,
                    state,
                    hold_until: Some(at(self.now + 10)),
                    survivor: None,
                    at: at(self.now),
                }];
                if matches!(state, State::Closed | State::Spam) {
                    changes.push(Change::Waiting { ticket, since: None, due: None });
                }
                apply(tx, &changes)
            }
            (8, Some(ticket)) => match pick(&open, b) {
                Some(survivor) if survivor != ticket => {
                    let waits = by_number(tx, ticket)?.tickets[&ticket].waiting_since;
                    let kept = by_number(tx, survivor)?.tickets[&survivor].waiting_since;
                    let since = [waits, kept].into_iter().flatten().min();
                    apply(
                        tx,
                        &[
                            Change::Waiting { ticket, since: None, due: None },
                            Change::SetState {
                                ticket,
                                state: State::Merged,
                                hold_until: None,
                                survivor: Some(survivor),
                                at: at(self.now),
                            },
                            Change::Waiting { ticket: survivor, since, due: None },
                            Change::Relate { ticket, other: survivor },
                        ],
                    )
                }
                _ => apply(tx, &[Change::Tag { ticket, tag: format!("t{}", b % 3) }]),
            },
            (9, _) => {
                let Some(letter) = self.take_in(tx, format!("robot {}", self.now))? else { return Ok(()) };
                let no = QuarantineNo(tx.next().quarantine.0);
                let aside = NewQuarantine {
                    no,
                    letter,
                    mailbox: "support".to_owned(),
                    from: None,
                    subject: String::new(),
                    reason: "robot: x".to_owned(),
                    at: at(self.now),
                    list_at: (b % 3 == 0).then(|| at(self.now + 100)),
                };
                let mut changes = vec![Change::Quarantine(aside)];
                match b % 4 {
                    0 => changes.push(Change::DropQuarantine { quarantine: no, at: at(self.now) }),
                    1 => changes.push(Change::ReleaseQuarantine {
                        on_behalf: None,
                        quarantine: no,
                        release: Release::Customer,
                        at: at(self.now),
                    }),
                    2 => return self.hold_an_answer(tx, b, &changes),
                    _ => {}
                }
                apply(tx, &changes)
            }
            (10, _) => {
                let all: Vec<ParcelNo> = tx.outbox()?.iter().map(|row| row.id).collect();
                let Some(parcel) = pick(&all, a) else { return Ok(()) };
                if b % 2 == 0 { tx.retry(parcel, at(self.now)) } else { tx.drop_parcel(parcel, at(self.now)) }
            }
            (_, Some(ticket)) => {
                // The server numbers anew: everything comes again.
                let source = source(tx)?;
                self.uidvalidity += 1;
                self.uid = 0;
                tx.set_uidvalidity(source, self.uidvalidity, 0, None)?;
                for raw in std::mem::take(&mut self.raws) {
                    assert_eq!(self.take_in(tx, raw)?, None, "it was here before");
                }
                apply(tx, &[Change::BumpSerial { ticket }])
            }
        }
    }
}

fn play(batches: &[Vec<Happening>]) {
    let mut store = Store::in_memory().unwrap();
    let mut played = Played { uid: 0, uidvalidity: 7, now: 0, raws: Vec::new() };
    for batch in batches {
        store
            .batch(|tx| {
                for &happening in batch {
                    let before = (played.uid, played.uidvalidity, played.raws.clone());
                    let spoilt = happening.2 % 7 == 0;
                    let outcome = tx.savepoint(|tx| {
                        played.happen(tx, happening)?;
                        if spoilt { apply(tx, &[Change::BumpSerial { ticket: TicketNo(0) }]) } else { Ok(()) }
                    });
                    match outcome {
                        Ok(()) => {}
                        Err(StoreError::Rejected(_)) => (played.uid, played.uidvalidity, played.raws) = before,
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold(batches in prop::collection::vec(prop::collection::vec(any::<Happening>(), 0..24), 1..6)) {
        play(&batches);
    }
}

#[test]
fn the_invariants_are_not_always_true() {
    let mut store = Store::in_memory().unwrap();
    store.batch(|tx| first_mail(tx, 1, "kund@example.test").map(drop)).unwrap();
    store
        .batch(|tx| {
            apply(tx, &[Change::Enqueue(Box::new(parcel(ParcelNo(1), ParcelKind::Notify, &["a@example.test"])))])
        })
        .unwrap();
    assert!(store.check().unwrap().is_empty());
    for spoil in [
        "UPDATE ticket SET waiting_since = waiting_since + 1",
        "UPDATE ticket SET answers = 1",
        "UPDATE ticket SET last_answer = 1",
        "UPDATE ticket SET state = 'spam'",
        "UPDATE parcel SET state = 'sent'",
        "UPDATE parcel SET state = 'failed'",
        "UPDATE letter SET fate_no = 99",
        "UPDATE desk SET ticket = 0",
        "UPDATE message SET text = 'zebra', new_text = NULL",
        "UPDATE message SET message_id = 'other@example.test'",
        "DELETE FROM parcel_bytes",
        "DELETE FROM raw",
        "DELETE FROM ref WHERE role = 2",
        "INSERT INTO ref VALUES (1, 1, 99)",
        "INSERT INTO blob (sha256, bytes) VALUES ('x', x'00')",
        "INSERT INTO related VALUES (1, 1), (1, 2)",
    ] {
        let copy = tempfile::tempdir().unwrap();
        let file = copy.path().join("x");
        store.backup(&file).unwrap();
        let mut spoilt = Store::open(&file, super::super::Role::Owner).unwrap();
        spoilt.db.script("PRAGMA foreign_keys = OFF").unwrap();
        spoilt.db.script(spoil).unwrap();
        assert!(!spoilt.check().unwrap().is_empty(), "{spoil}");
    }
}
