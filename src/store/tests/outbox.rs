//! A mail is sent once, answers first, and each recipient has a state of its own.

use std::collections::BTreeMap;

use super::super::custody::sha256;
use super::super::{Claimed, Limits, Outlet};
use super::*;
use crate::model::{ParcelState, RecipientState};

fn outlet(route: Route) -> Outlet {
    Outlet { mailbox: "support".to_owned(), route }
}

fn claim(tx: &mut Tx<'_>, connections: usize, now: Time) -> Vec<Claimed> {
    tx.claim(&BTreeMap::from([(outlet(Route::Mailbox), connections)]), now, &|_| Limits::default()).unwrap()
}

fn numbers(claimed: &[Claimed]) -> Vec<i64> {
    claimed.iter().map(|c| c.parcel.0).collect()
}

fn enqueue(tx: &mut Tx<'_>, parcels: Vec<Parcel>) -> Result<(), StoreError> {
    apply(tx, &parcels.into_iter().map(|p| Change::Enqueue(Box::new(p))).collect::<Vec<_>>())
}

fn result(no: i64, who: &str, state: RecipientState) -> Change {
    Change::Recipient { parcel: ParcelNo(no), address: address(who), state, error: Some("said".to_owned()) }
}

fn back_in_queue(no: i64, next: Time) -> Change {
    Change::Parcel {
        parcel: ParcelNo(no),
        state: ParcelState::Queued,
        next_at: Some(next),
        attempts: 1,
        error: Some("451 later".to_owned()),
        at: at(5),
    }
}

fn state_of(tx: &mut Tx<'_>, no: i64) -> ParcelState {
    tx.known_parcel(ParcelNo(no)).unwrap().unwrap().state
}

const A: &str = "a@example.test";
const B: &str = "b@example.test";

#[test]
fn answers_go_first_and_nothing_goes_early_or_twice() {
    on_a_desk(|tx| {
        enqueue(
            tx,
            vec![
                parcel(ParcelNo(1), ParcelKind::Report, &[A]),
                parcel(ParcelNo(2), ParcelKind::Notify, &[A]),
                Parcel { not_before: at(-5), ..parcel(ParcelNo(3), ParcelKind::Notify, &[A]) },
                Parcel { not_before: at(500), ..parcel(ParcelNo(4), ParcelKind::Answer, &[A]) },
                parcel(ParcelNo(5), ParcelKind::Answer, &[A, B]),
                Parcel { route: Route::Notify, ..parcel(ParcelNo(6), ParcelKind::Answer, &[A]) },
                Parcel { mailbox: "other".to_owned(), ..parcel(ParcelNo(7), ParcelKind::Answer, &[A]) },
            ],
        )?;
        assert_eq!(tx.next_due()?, Some(at(-5)));
        assert!(claim(tx, 0, at(0)).is_empty());
        let first = claim(tx, 3, at(0));
        assert_eq!(numbers(&first), [5, 3, 2]);
        assert_eq!(first[0].recipients, [address(A), address(B)]);
        assert_eq!(first[0].message_id, "p5@example.test");
        assert_eq!(numbers(&claim(tx, 9, at(0))), [1]);
        assert!(claim(tx, 9, at(499)).is_empty());
        assert_eq!(numbers(&claim(tx, 9, at(500))), [4]);
        assert_eq!(numbers(&tx.claimed_at_start()?), [4, 5, 2, 3, 1]);
        let both = BTreeMap::from([
            (outlet(Route::Notify), 1),
            (Outlet { mailbox: "other".to_owned(), route: Route::Mailbox }, 1),
        ]);
        assert_eq!(numbers(&tx.claim(&both, at(0), &|_| Limits::default())?), [6, 7]);
        assert_eq!(tx.next_due()?, None);
        Ok(())
    });
}

#[test]
fn the_state_of_a_mail_follows_its_recipients() {
    use RecipientState::{Accepted, Bounced, GivenUp, Refused};
    let check = |results: &[(&str, RecipientState)], expect: ParcelState| {
        on_a_desk(|tx| {
            enqueue(tx, vec![parcel(ParcelNo(1), ParcelKind::Notify, &[A, B])])?;
            claim(tx, 1, at(0));
            apply(tx, &results.iter().map(|(who, state)| result(1, who, *state)).collect::<Vec<_>>())?;
            assert_eq!(state_of(tx, 1), expect, "{results:?}");
            Ok(())
        });
    };
    check(&[(A, Accepted)], ParcelState::Claimed);
    check(&[(A, Accepted), (B, Accepted)], ParcelState::Sent);
    check(&[(A, Accepted), (B, Refused)], ParcelState::Sent);
    check(&[(A, Refused), (B, GivenUp)], ParcelState::Failed);
    check(&[(A, Accepted), (B, Accepted), (A, Bounced)], ParcelState::Sent);
    check(&[(A, Accepted), (B, Accepted), (A, Bounced), (B, Bounced)], ParcelState::Sent);
}

#[test]
fn only_those_who_wait_are_tried_again() {
    on_a_desk(|tx| {
        enqueue(tx, vec![parcel(ParcelNo(1), ParcelKind::Answer, &[A, B])])?;
        claim(tx, 1, at(0));
        apply(tx, &[result(1, A, RecipientState::Accepted), back_in_queue(1, at(60))])?;
        let row = &tx.outbox()?[0];
        assert_eq!((row.state, row.attempts, row.next_at), (ParcelState::Queued, 1, Some(at(60))));
        assert_eq!((row.to[0].state, row.to[1].state), (RecipientState::Accepted, RecipientState::Waiting));
        assert_eq!(row.to[0].last_error.as_deref(), Some("said"));
        assert_eq!(row.last_error.as_deref(), Some("451 later"));
        assert!(claim(tx, 1, at(59)).is_empty());
        let again = claim(tx, 1, at(60));
        assert_eq!((again[0].recipients.as_slice(), again[0].attempts), ([address(B)].as_slice(), 1));
        let give_up = Change::Parcel {
            parcel: ParcelNo(1),
            state: ParcelState::Failed,
            next_at: None,
            attempts: 9,
            error: None,
            at: at(99),
        };
        apply(tx, &[give_up])?;
        assert_eq!(state_of(tx, 1), ParcelState::Sent, "one of them has it");
        let states: Vec<_> = tx.known_parcel(ParcelNo(1))?.unwrap().recipients.iter().map(|r| r.1).collect();
        assert_eq!(states, [RecipientState::Accepted, RecipientState::GivenUp]);
        Ok(())
    });
}

#[test]
fn back_in_the_queue_when_nobody_waits_is_over() {
    on_a_desk(|tx| {
        enqueue(tx, vec![parcel(ParcelNo(1), ParcelKind::Notify, &[A])])?;
        claim(tx, 1, at(0));
        apply(tx, &[result(1, A, RecipientState::Refused), back_in_queue(1, at(60))])?;
        assert_eq!(state_of(tx, 1), ParcelState::Failed);
        let sent =
            |state| Change::Parcel { parcel: ParcelNo(2), state, next_at: None, attempts: 1, error: None, at: at(5) };
        enqueue(tx, vec![parcel(ParcelNo(2), ParcelKind::Notify, &[A])])?;
        assert!(matches!(apply(tx, &[sent(ParcelState::Sent)]), Err(StoreError::Rejected(_))));
        assert!(matches!(
            apply(tx, &[result(2, "x@example.test", RecipientState::Accepted)]),
            Err(StoreError::Rejected(_))
        ));
        assert!(matches!(apply(tx, &[result(9, A, RecipientState::Accepted)]), Err(StoreError::Rejected(_))));
        Ok(())
    });
}

#[test]
fn the_same_bytes_each_time() {
    on_a_desk(|tx| {
        let picture: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let sha = data_encoding::HEXLOWER.encode(&sha256(&picture));
        let with_picture = |no, kind| Parcel {
            segments: vec![
                Segment::Bytes(b"Head\r\n\r\n".to_vec()),
                Segment::Blob { sha256: sha.clone() },
                Segment::Bytes(Vec::new()),
                Segment::Blob { sha256: sha.clone() },
                Segment::Bytes(b"--end--\r\n".to_vec()),
            ],
            ..parcel(ParcelNo(no), kind, &[A])
        };
        let change = |no, kind| [Change::Enqueue(Box::new(with_picture(no, kind)))];
        let missing = tx.savepoint(|tx| apply(tx, &change(1, ParcelKind::Notify)));
        assert!(matches!(missing, Err(StoreError::Rejected(said)) if said.contains(&sha)));
        let blobs: Blobs<'_> = [(sha.clone(), picture.as_slice())].into();
        tx.apply(&change(1, ParcelKind::Notify), &blobs, at(10))?;
        tx.apply(&change(2, ParcelKind::Answer), &Blobs::new(), at(10))?;
        let bytes = tx.bytes(ParcelNo(1))?;
        assert_eq!(bytes, tx.bytes(ParcelNo(2))?);
        let text = String::from_utf8(bytes).unwrap();
        let coded = text.strip_prefix("Head\r\n\r\n").and_then(|t| t.strip_suffix("--end--\r\n")).unwrap();
        let lines: Vec<_> = coded.split_terminator("\r\n").collect();
        assert!(coded.ends_with("\r\n") && lines.iter().all(|l| !l.is_empty() && l.len() <= 76));
        let (one, two) = lines.split_at(lines.len() / 2);
        for half in [one, two] {
            assert_eq!(data_encoding::BASE64.decode(half.concat().as_bytes()).unwrap(), picture);
        }
        let blobs_kept =
            |tx: &mut Tx<'_>| tx.one("SELECT count(*) FROM blob", &[], |row| row.get::<i64>(0)).unwrap().unwrap();
        assert_eq!(blobs_kept(tx), 1);
        // A notification that is sent needs its bytes no more; an answer keeps them, and with them the picture.
        apply(tx, &[result(1, A, RecipientState::Accepted)])?;
        assert!(matches!(tx.bytes(ParcelNo(1)), Err(StoreError::Rejected(_))));
        apply(tx, &[result(2, A, RecipientState::Accepted)])?;
        assert_eq!(tx.bytes(ParcelNo(2))?, text.as_bytes());
        assert_eq!(blobs_kept(tx), 1);
        tx.apply(&change(3, ParcelKind::Notify), &Blobs::new(), at(10))?;
        tx.drop_parcel(ParcelNo(3), at(11))?;
        assert_eq!(blobs_kept(tx), 1);
        Ok(())
    });
}

#[test]
fn an_attachment_goes_with_the_last_parcel_that_names_it() {
    on_a_desk(|tx| {
        let sha = data_encoding::HEXLOWER.encode(&sha256(b"x"));
        let blobs: Blobs<'_> = [(sha.clone(), b"x".as_slice()), ("unused".to_owned(), b"y".as_slice())].into();
        for no in [1, 2] {
            let segments = vec![Segment::Blob { sha256: sha.clone() }];
            let new = Parcel { segments, ..parcel(ParcelNo(no), ParcelKind::Notify, &[A]) };
            tx.apply(&[Change::Enqueue(Box::new(new))], &blobs, at(10))?;
        }
        for left in [1, 0] {
            let no = if left == 1 { 1 } else { 2 };
            apply(tx, &[result(no, A, RecipientState::Accepted)])?;
            assert_eq!(tx.one("SELECT count(*) FROM blob", &[], |row| row.get::<i64>(0))?, Some(left));
        }
        Ok(())
    });
}

#[test]
fn copies_for_the_sent_folder() {
    on_a_desk(|tx| {
        let kept = |no, kind| Parcel { keep_in_sent: true, ..parcel(ParcelNo(no), kind, &[A]) };
        enqueue(tx, vec![kept(1, ParcelKind::Answer), kept(2, ParcelKind::Acknowledge)])?;
        assert!(claim(tx, 2, at(0))[0].keep_in_sent);
        assert!(tx.copies_due()?.is_empty());
        apply(tx, &[result(1, A, RecipientState::Accepted), result(2, A, RecipientState::Accepted)])?;
        assert_eq!(numbers(&tx.copies_due()?), [1, 2]);
        assert!(!tx.bytes(ParcelNo(2))?.is_empty());
        tx.copy_kept(ParcelNo(1), at(20))?;
        tx.copy_kept(ParcelNo(2), at(20))?;
        assert!(tx.copies_due()?.is_empty());
        assert!(tx.bytes(ParcelNo(1)).is_ok() && tx.bytes(ParcelNo(2)).is_err());
        Ok(())
    });
}

#[test]
fn empty_senders_until_a_server_refuses_them() {
    on_a_desk(|tx| {
        let or = address("support+bounce.x@example.test");
        let null = |no| Parcel {
            sender: Sender::Null { or: or.clone() },
            ..parcel(ParcelNo(no), ParcelKind::Acknowledge, &[A])
        };
        enqueue(tx, vec![null(1), null(2), Parcel { mailbox: "other".to_owned(), ..null(3) }])?;
        assert_eq!(claim(tx, 1, at(0))[0].sender, Sender::Null { or: or.clone() });
        apply(tx, &[Change::NullSenderRefused { mailbox: "support".to_owned() }, back_in_queue(1, at(0))])?;
        assert!(claim(tx, 9, at(0)).iter().all(|c| c.sender == Sender::Address(or.clone())));
        let other = BTreeMap::from([(Outlet { mailbox: "other".to_owned(), route: Route::Mailbox }, 1)]);
        assert_eq!(tx.claim(&other, at(0), &|_| Limits::default())?[0].sender, Sender::Null { or });
        Ok(())
    });
}

#[test]
fn what_people_do_to_the_outbox() {
    on_a_desk(|tx| {
        enqueue(tx, (1..=4).map(|no| parcel(ParcelNo(no), ParcelKind::Notify, &[A])).collect())?;
        let refused = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::Rejected(_)));
        claim(tx, 1, at(0));
        assert!(refused(tx.retry(ParcelNo(1), at(1))) && refused(tx.drop_parcel(ParcelNo(1), at(1))));
        apply(tx, &[result(1, A, RecipientState::Refused)])?;
        assert_eq!(state_of(tx, 1), ParcelState::Failed);
        tx.retry(ParcelNo(1), at(1))?;
        assert_eq!(numbers(&claim(tx, 9, at(1))), [2, 3, 4, 1]);
        apply(tx, &[result(1, A, RecipientState::Accepted), back_in_queue(2, at(900)), back_in_queue(3, at(900))])?;
        assert!(refused(tx.retry(ParcelNo(1), at(1))), "sent is sent");
        tx.drop_parcel(ParcelNo(2), at(2))?;
        assert!(refused(tx.drop_parcel(ParcelNo(2), at(2))) && refused(tx.retry(ParcelNo(2), at(2))));
        assert!(refused(tx.release(Some(ParcelNo(3)), at(2)).map(drop)), "it is not held");
        tx.run("UPDATE parcel SET state = 'held' WHERE no IN (3, 4)", &[])?;
        assert!(claim(tx, 9, at(1000)).is_empty());
        assert_eq!(tx.outbox()?.iter().map(|r| (r.id.0, r.next_at)).collect::<Vec<_>>(), [(3, None), (4, None)]);
        assert_eq!(
            (tx.release(Some(ParcelNo(3)), at(2))?, tx.release(None, at(2))?, tx.release(None, at(2))?),
            (1, 1, 0)
        );
        assert_eq!(numbers(&claim(tx, 9, at(1000))), [4, 3]);
        assert!(refused(tx.retry(ParcelNo(99), at(1))));
        Ok(())
    });
}

#[test]
fn a_halted_desk_sends_nothing() {
    on_a_desk(|tx| {
        enqueue(tx, vec![parcel(ParcelNo(1), ParcelKind::Answer, &[A])])?;
        tx.set_halted(Some("two machines"))?;
        assert!(claim(tx, 9, at(0)).is_empty());
        tx.set_halted(None)?;
        assert_eq!(numbers(&claim(tx, 9, at(0))), [1]);
        Ok(())
    });
}

#[test]
fn limits_leave_room_for_answers() {
    on_a_desk(|tx| {
        let mut parcels: Vec<_> = (1..=20).map(|no| parcel(ParcelNo(no), ParcelKind::Acknowledge, &[A])).collect();
        parcels.extend((21..=30).map(|no| parcel(ParcelNo(no), ParcelKind::Answer, &[A])));
        enqueue(tx, parcels)?;
        let take = |tx: &mut Tx<'_>, now, limits: &Limits| {
            tx.claim(&BTreeMap::from([(outlet(Route::Mailbox), 100)]), now, &|_| *limits).unwrap().len()
        };
        let minute = Limits { mail_per_minute: 3, mail_per_day: 0, only_answers: false };
        assert_eq!((take(tx, at(0), &minute), take(tx, at(59), &minute), take(tx, at(60), &minute)), (3, 0, 3));
        let day = Limits { mail_per_minute: 0, mail_per_day: 10, only_answers: false };
        // Six answers are gone; four more may go, but two acknowledgements only where no answer waits.
        assert_eq!(take(tx, at(61), &day), 4);
        assert_eq!(take(tx, at(62), &day), 0);
        let more = Limits { mail_per_minute: 0, mail_per_day: 20, only_answers: false };
        assert_eq!(take(tx, at(63), &more), 6, "to 80 % only");
        assert_eq!(take(tx, at(63), &more), 0);
        assert_eq!(take(tx, at(86_400 + 120), &more), 14, "the day after");
        Ok(())
    });
}
