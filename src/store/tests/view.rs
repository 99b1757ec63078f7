//! What people and scripts are shown.

use serde_json::{Value, json};

use super::super::Query;
use super::super::course::StepWord;
use super::*;
use crate::model::{AskNo, QuarantineNo};
use crate::plan::{AttachmentRow, KnownAsk, Matter, NewQuarantine};

fn json_of<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn json_is_as_the_contract_says() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        let attachment = AttachmentRow {
            name: "faktura.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size: 1234,
            inline: false,
            content_id: None,
            sha256: "ab".to_owned(),
        };
        let answer = NewMessage {
            from: Some(party("Anna", "support@example.test")),
            to: vec![party("Kund", "kund@example.test")],
            cc: vec![party("", "asa@example.test")],
            attachments: vec![attachment],
            at: at(60),
            ..message(MessageNo(2), ticket, Direction::Out)
        };
        apply(
            tx,
            &[
                Change::AddMessage(Box::new(answer)),
                Change::Tag { ticket, tag: "sen".to_owned() },
                Change::Enqueue(Box::new(Parcel {
                    ticket: Some(ticket),
                    ..parcel(ParcelNo(1), ParcelKind::Answer, &["kund@example.test"])
                })),
            ],
        )?;
        assert_eq!(
            json_of(&tx.tickets(&Query::default(), at(3600))?),
            json!([{
                "number": 1, "subject": "Var är mitt paket?", "state": "open", "mailbox": "support", "channel": "mail",
                "customer": {"name": "Kund", "address": "kund@example.test"}, "assignee": null, "priority": "normal",
                "tags": ["sen"], "created_at": "2026-12-01T08:00:00Z", "updated_at": "2026-12-01T08:00:10Z",
                "waiting_since": "2026-12-01T08:00:00Z", "due_at": "2026-12-01T09:00:00Z", "overdue": false
            }])
        );
        assert!(tx.tickets(&Query::default(), at(3601))?[0].overdue);
        let shown = json_of(&tx.show(ticket, at(0))?.unwrap());
        assert_eq!(shown["number"], 1);
        assert_eq!(shown["clocks"], json!([]));
        assert_eq!(
            shown["events"],
            json!([{"at": "2026-12-01T08:00:00Z", "actor": "svar", "what": "opened", "detail": "1"}])
        );
        let message = &shown["messages"][1];
        assert_eq!(message["id"], 2);
        assert_eq!(message["direction"], "out");
        assert_eq!(message["kind"], "person");
        assert_eq!(message["from"], json!({"name": "Anna", "address": "support@example.test"}));
        assert_eq!(message["to"], json!([{"name": "Kund", "address": "kund@example.test"}]));
        assert_eq!(message["cc"], json!([{"name": "", "address": "asa@example.test"}]));
        assert_eq!(message["at"], "2026-12-01T08:01:00Z");
        assert_eq!(message["text"], "Hej! Det har inte kommit.\n\n> tidigare");
        assert_eq!(message["message_id"], "m2@example.test");
        assert_eq!(message["attachments"][0]["type"], "application/pdf");
        assert_eq!(shown["messages"][0]["letter"], 1);
        assert_eq!(
            json_of(&tx.outbox()?),
            json!([{
                "id": 1, "ticket": 1, "kind": "answer", "state": "queued", "attempts": 0, "last_error": null,
                "to": [{"address": "kund@example.test", "state": "waiting", "last_error": null}],
                "next_at": "2026-12-01T08:00:00Z", "message_id": "p1@example.test"
            }])
        );
        let letter = keep(tx, 7, "x")?;
        apply(
            tx,
            &[Change::Quarantine(NewQuarantine {
                no: QuarantineNo(1),
                letter,
                mailbox: "support".to_owned(),
                from: None,
                subject: "x".to_owned(),
                reason: "robot: why".to_owned(),
                at: at(0),
                list_at: None,
            })],
        )?;
        let row = json_of(&tx.quarantine()?[0]);
        assert_eq!(
            (row["id"].clone(), row["from"].clone(), row["reason"].clone()),
            (json!(1), json!(null), json!("robot: why"))
        );
        assert_eq!(tx.show(TicketNo(9), at(0))?, None);
        // Nobody waits on a closed ticket, even one that was closed unanswered.
        apply(tx, &[Change::SetState { ticket, state: State::Closed, hold_until: None, survivor: None, at: at(70) }])?;
        let closed = tx.show(ticket, at(3601))?.unwrap().ticket;
        assert_eq!((closed.waiting_since, closed.due_at, closed.overdue), (None, None, false));
        Ok(())
    });
}

/// Five tickets: 1 open and late; 2 closed; 3 held; 4 spam; 5 of another mailbox, pending.
fn five(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for uid in 1..=4 {
        first_mail(tx, uid, if uid == 2 { "anna.kund@example.test" } else { "kund@example.test" })?;
    }
    let state = |ticket, state| Change::SetState {
        ticket: TicketNo(ticket),
        state,
        hold_until: (state == State::Held).then_some(at(9999)),
        survivor: None,
        at: at(5),
    };
    let idle = |ticket| Change::Waiting { ticket: TicketNo(ticket), since: None, due: None };
    apply(
        tx,
        &[
            Change::NewTicket(NewTicket { mailbox: "hr".to_owned(), created_at: at(7200), ..new_ticket(TicketNo(5)) }),
            Change::AddMessage(Box::new(NewMessage {
                subject: "Semester".to_owned(),
                new_text: "När får jag ledigt i Östersund?".to_owned(),
                from: Some(party("Bo", "bo@example.test")),
                ..message(MessageNo(5), TicketNo(5), Direction::In)
            })),
            idle(2),
            idle(3),
            idle(4),
            state(2, State::Closed),
            state(3, State::Held),
            state(4, State::Spam),
            state(5, State::Pending),
            Change::Assign { ticket: TicketNo(3), agent: Some(address("anna@example.test")), at: at(6) },
            Change::Assign { ticket: TicketNo(2), agent: Some(address("annab@example.test")), at: at(6) },
            Change::SetPriority { ticket: TicketNo(2), priority: Priority::High, at: at(6) },
            Change::Tag { ticket: TicketNo(1), tag: "sen".to_owned() },
            Change::Tag { ticket: TicketNo(2), tag: "sen".to_owned() },
            Change::Participate { ticket: TicketNo(4), party: party("Åsa", "asa@example.test") },
        ],
    )
}

#[test]
fn queries() {
    let mut store = Store::in_memory().unwrap();
    store.batch(five).unwrap();
    let mut check = |text: &str, expect: &[i64]| {
        let query = Query::parse(text).unwrap();
        let found = store.read(|tx| tx.tickets(&query, at(7300))).unwrap();
        assert_eq!(found.iter().map(|t| t.number.0).collect::<Vec<_>>(), expect, "{text}");
    };
    check("", &[1, 3, 5]);
    check("state:open", &[1]);
    check("state:closed", &[2]);
    check("-state:closed", &[1, 3, 4, 5]);
    check("mailbox:hr", &[5]);
    check("-mailbox:hr state:spam", &[4]);
    check("from:kund@example.test", &[1, 3, 4]);
    check("from:asa@example.test", &[4]);
    check("from:bo", &[5]);
    check("from:nobody@example.test", &[]);
    check("agent:anna", &[3]);
    check("agent:anna@example.test", &[3]);
    check("agent:none", &[1, 4, 5]);
    check("-agent:anna", &[1, 2, 4, 5]);
    check("tag:sen", &[1, 2]);
    check("-tag:sen", &[3, 4, 5]);
    check("priority:high", &[2]);
    check("subject:semester", &[5]);
    check("subject:östersund", &[]);
    check("ostersund", &[5]);
    check("ledigt -semester", &[]);
    check("paket tag:sen", &[1, 2]);
    check("older:2h", &[1, 2, 3, 4]);
    check("newer:2h", &[5]);
    check("overdue", &[1]);
    check("-overdue", &[2, 3, 4, 5]);
    check("number:2..3", &[2, 3]);
    check("#4", &[4]);
    check("...", &[1, 2, 3, 4, 5]);
}

#[test]
fn steps_stand_in_the_order_in_which_they_were_written_down() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        let add = |no, direction, seconds, counts| {
            Change::AddMessage(Box::new(NewMessage {
                at: at(seconds),
                counts,
                ..message(MessageNo(no), ticket, direction)
            }))
        };
        apply(
            tx,
            &[
                add(2, Direction::Out, 100, true),
                // Came before the answer went, was read after it was written: not answered by it.
                add(3, Direction::In, 90, true),
                add(4, Direction::In, 95, false),
                add(5, Direction::Note, 96, true),
                Change::AnswerAccepted { message: MessageNo(2), at: at(110) },
                event(ticket, 110, What::Answered),
                event(ticket, 110, What::CustomerChanged),
                add(6, Direction::Out, 200, true),
                event(ticket, 210, What::Held),
                event(ticket, 220, What::Called),
                event(ticket, 220, What::Pending),
                Change::Waiting { ticket, since: Some(at(90)), due: None },
            ],
        )?;
        let steps: Vec<_> = tx.course(ticket)?.into_iter().map(|s| (s.at, s.word)).collect();
        assert_eq!(
            steps,
            [
                (at(0), StepWord::Customer),
                (at(110), StepWord::Answer),
                (at(90), StepWord::Customer),
                (at(210), StepWord::Held),
                (at(220), StepWord::Called),
                (at(220), StepWord::Pending),
            ]
        );
        Ok(())
    });
}

#[test]
fn what_comes_back_by_itself() {
    on_a_desk(|tx| {
        five(tx)?;
        let none = std::collections::BTreeMap::new();
        assert!(tx.holds_over(at(9998), 9)?.is_empty());
        assert_eq!(tx.holds_over(at(9999), 9)?, [TicketNo(3)]);
        assert_eq!(tx.next_wake(at(0), &none)?, Some(at(9999)));
        let ask = KnownAsk {
            no: AskNo(1),
            ticket: Some(TicketNo(1)),
            agent: address("anna@example.test"),
            created_at: at(0),
            expires_at: at(50),
            settled: None,
            matter: Matter::Quarantined { quarantine: 1 },
        };
        apply(tx, &[Change::NewAsk(ask)])?;
        assert_eq!(tx.next_wake(at(0), &none)?, Some(at(50)));
        assert_eq!(tx.next_wake(at(50), &none)?, Some(at(9999)), "a lapsed question wakes nobody");
        apply(tx, &[Change::Enqueue(Box::new(parcel(ParcelNo(1), ParcelKind::Report, &["chef@example.test"])))])?;
        assert_eq!(tx.next_wake(at(0), &none)?, Some(at(0)));
        Ok(())
    });
}
