//! Each change is written down and found again.

use super::*;
use crate::model::{AskNo, QuarantineNo};
use crate::plan::{HeldAnswer, KnownAsk, LastAnswer, Matter, NewQuarantine, Release, TicketFacts};

/// Applies `changes` to ticket 1 of a customer, whose first message is 1, and shows its facts.
fn check(changes: &[Change], expect: impl FnOnce(&TicketFacts)) {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        first_mail(tx, 2, "annan@example.test")?;
        apply(tx, changes)?;
        expect(&by_number(tx, ticket)?.tickets[&ticket]);
        Ok(())
    });
}

/// Changes that cannot be: the reason must contain `why`.
fn refused(changes: &[Change], why: &str) {
    on_a_desk(|tx| {
        first_mail(tx, 1, "kund@example.test")?;
        let error = tx.savepoint(|tx| apply(tx, changes)).unwrap_err();
        assert!(matches!(&error, StoreError::Rejected(said) if said.contains(why)), "{error}");
        Ok(())
    });
}

const T: TicketNo = TicketNo(1);

fn state(state: State) -> Change {
    moved(T, state, None)
}

#[test]
fn a_first_mail() {
    check(&[], |t| {
        assert_eq!(t.customer_party, Some(party("Kund", "kund@example.test")));
        assert_eq!(t.customer_addresses, [address("kund@example.test")]);
        assert_eq!((t.state, t.priority, t.epoch, t.serial, t.answers), (State::Open, Priority::Normal, 1, 0, 0));
        assert_eq!((t.created_at, t.updated_at, t.closed_at), (at(0), at(1), None));
        assert_eq!((t.waiting_since, t.due_at), (Some(at(0)), Some(at(3600))));
        let last = t.last_in.as_ref().unwrap();
        assert_eq!((last.message, last.at, last.language.as_deref()), (MessageNo(1), at(0), Some("sv")));
        assert_eq!(last.message_id.as_deref(), Some("m1@example.test"));
        assert_eq!(t.last_answer, None);
    });
}

#[test]
fn states() {
    check(&[state(State::Closed)], |t| {
        assert_eq!((t.state, t.closed_at, t.updated_at), (State::Closed, Some(at(50)), at(50)));
    });
    check(&[state(State::Closed), state(State::Open)], |t| assert_eq!(t.closed_at, None));
    let held = Change::SetState { ticket: T, state: State::Held, hold_until: Some(at(99)), survivor: None, at: at(50) };
    check(std::slice::from_ref(&held), |t| assert_eq!((t.state, t.hold_until), (State::Held, Some(at(99)))));
    check(&[held, state(State::Open)], |t| assert_eq!(t.hold_until, None));
    refused(&[moved(TicketNo(9), State::Open, None)], "no ticket 9");
    refused(&[moved(T, State::Merged, None)], "survivor");
    refused(&[moved(T, State::Merged, Some(T))], "survivor");
    refused(&[moved(T, State::Open, Some(TicketNo(2)))], "survivor");
}

fn moved(ticket: TicketNo, state: State, survivor: Option<TicketNo>) -> Change {
    Change::SetState { ticket, state, hold_until: None, survivor, at: at(50) }
}

#[test]
fn a_merged_ticket_names_the_end_of_the_chain() {
    on_a_desk(|tx| {
        for uid in 1..=3 {
            first_mail(tx, uid, "kund@example.test")?;
        }
        let merge = |from, to| {
            [
                Change::Waiting { ticket: TicketNo(from), since: None, due: None },
                Change::SetState {
                    ticket: TicketNo(from),
                    state: State::Merged,
                    hold_until: None,
                    survivor: Some(TicketNo(to)),
                    at: at(5),
                },
            ]
        };
        apply(tx, &merge(1, 2))?;
        apply(tx, &merge(2, 3))?;
        let found = by_number(tx, TicketNo(1))?;
        assert_eq!(found.tickets.keys().map(|t| t.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(found.tickets[&TicketNo(1)].survivor, Some(TicketNo(3)));
        assert_eq!(found.tickets[&TicketNo(3)].survivor, None);
        Ok(())
    });
}

#[test]
fn what_hangs_on_a_ticket() {
    let anna = address("anna@example.test");
    check(
        &[
            Change::Assign { ticket: T, agent: Some(anna.clone()), at: at(60) },
            Change::SetPriority { ticket: T, priority: Priority::High, at: at(61) },
            Change::Tag { ticket: T, tag: "sen".to_owned() },
            Change::Tag { ticket: T, tag: "postnord".to_owned() },
            Change::Tag { ticket: T, tag: "sen".to_owned() },
            Change::Tag { ticket: T, tag: "bort".to_owned() },
            Change::Untag { ticket: T, tag: "bort".to_owned() },
            Change::Participate { ticket: T, party: party("Åsa", "asa@example.test") },
            Change::Participate { ticket: T, party: party("", "asa@example.test") },
            Change::Relate { ticket: T, other: TicketNo(2) },
            Change::BumpSerial { ticket: T },
            Change::Waiting { ticket: T, since: None, due: None },
            event(T, 7, What::Assigned),
        ],
        |t| {
            assert_eq!((t.assignee.as_ref(), t.priority, t.serial), (Some(&anna), Priority::High, 1));
            assert_eq!(t.tags, ["postnord", "sen"]);
            assert_eq!(t.participants, [party("Åsa", "asa@example.test")]);
            assert_eq!((t.updated_at, t.waiting_since, t.due_at), (at(61), None, None));
        },
    );
    check(&[Change::Assign { ticket: T, agent: None, at: at(60) }], |t| assert_eq!(t.assignee, None));
    for change in [
        Change::Assign { ticket: TicketNo(9), agent: None, at: at(0) },
        Change::SetPriority { ticket: TicketNo(9), priority: Priority::Low, at: at(0) },
        Change::Tag { ticket: TicketNo(9), tag: "x".to_owned() },
        Change::Untag { ticket: TicketNo(9), tag: "x".to_owned() },
        Change::Waiting { ticket: TicketNo(9), since: None, due: None },
        Change::Participate { ticket: TicketNo(9), party: party("", "a@example.test") },
        Change::Relate { ticket: T, other: TicketNo(9) },
        Change::BumpSerial { ticket: TicketNo(9) },
        Change::AddMessage(Box::new(message(MessageNo(5), TicketNo(9), Direction::In))),
    ] {
        refused(&[change], "no ticket 9");
    }
    refused(&[Change::Relate { ticket: T, other: T }], "itself");
}

#[test]
fn answers_count_once_accepted() {
    let anna = address("anna@example.test");
    let answer = NewMessage {
        agent: Some(anna.clone()),
        at: at(100),
        new_text: "Det kommer.".to_owned(),
        text: "Det kommer.".to_owned(),
        ..message(MessageNo(3), T, Direction::Out)
    };
    let add = |a: &NewMessage| Change::AddMessage(Box::new(a.clone()));
    let last = LastAnswer { message: MessageNo(3), at: at(100), agent: Some(anna), text: "Det kommer.".to_owned() };
    check(&[add(&answer)], |t| assert_eq!((t.answers, t.last_answer.as_ref()), (0, Some(&last))));
    let accepted = Change::AnswerAccepted { message: MessageNo(3), at: at(200) };
    let done = Change::Waiting { ticket: T, since: None, due: None };
    check(&[add(&answer), accepted.clone(), accepted.clone(), done.clone()], |t| {
        assert_eq!((t.answers, t.last_answer.as_ref().unwrap().at, t.updated_at), (1, at(200), at(200)));
    });
    let found = NewMessage { accepted: true, agent: None, ..answer.clone() };
    check(&[add(&found), accepted.clone(), done], |t| {
        assert_eq!((t.answers, t.last_answer.as_ref().unwrap().at), (1, at(100)));
    });
    refused(&[accepted], "no answer 3");
    refused(&[Change::AnswerAccepted { message: MessageNo(1), at: at(200) }], "no answer 1");
    refused(&[Change::AddMessage(Box::new(message(MessageNo(1), T, Direction::In)))], "given out before");
}

#[test]
fn an_answer_threads_under_a_persons_mail() {
    let mail = |no, kind, who: &str| {
        Change::AddMessage(Box::new(NewMessage {
            kind,
            from: Some(party("Ny", who)),
            ..message(MessageNo(no), T, Direction::In)
        }))
    };
    let threads_under = |changes: &[Change], no: i64, who: &str| {
        check(changes, |t| {
            assert_eq!(t.last_in.as_ref().unwrap().message, MessageNo(no));
            assert_eq!(t.customer_party.as_ref().unwrap().name, who);
        });
    };
    threads_under(&[mail(3, Kind::Person, "kund@example.test")], 3, "Ny");
    threads_under(&[mail(3, Kind::Person, "frammande@example.test")], 3, "Kund");
    threads_under(&[mail(3, Kind::Auto, "kund@example.test")], 1, "Ny");
    threads_under(&[mail(3, Kind::Bounce, "kund@example.test")], 1, "Kund");
    let note = Change::AddMessage(Box::new(message(MessageNo(3), T, Direction::Note)));
    threads_under(&[note], 1, "Kund");
}

#[test]
fn customers_keep_their_addresses() {
    on_a_desk(|tx| {
        let (one, two) = (CustomerNo(1), CustomerNo(2));
        let (a, b) = (address("a@example.test"), address("b@example.test"));
        let know = |address: &Address, customer, name: &str| Change::KnowAddress {
            address: address.clone(),
            customer,
            name: name.to_owned(),
        };
        apply(
            tx,
            &[
                Change::AddressBounced { address: b.clone(), at: at(1) },
                Change::NewCustomer { customer: one, name: "Ett".to_owned(), at: at(0) },
                Change::NewCustomer { customer: two, name: "Två".to_owned(), at: at(0) },
                know(&a, one, "A"),
                know(&b, one, "B"),
                know(&a, two, "Tjuv"),
            ],
        )?;
        assert_eq!(tx.customer_of(&a)?.unwrap().addresses, [a.clone(), b.clone()]);
        assert_eq!(tx.customer_of(&b)?.unwrap().name, "Ett");
        apply(tx, &[Change::AddressBounced { address: a.clone(), at: at(2) }])?;
        assert_eq!(tx.customer_of(&a)?.unwrap().no, one);
        assert_eq!(tx.customer_of(&address("c@example.test"))?, None);
        Ok(())
    });
}

#[test]
fn letters_have_one_fate() {
    on_a_desk(|tx| {
        let letter = keep(tx, 9, "Subject: x\r\n\r\n")?;
        let aside = NewQuarantine {
            no: QuarantineNo(1),
            letter,
            mailbox: "support".to_owned(),
            from: Some(address("robot@example.test")),
            subject: "x".to_owned(),
            reason: "robot: Auto-Submitted".to_owned(),
            at: at(5),
            list_at: Some(at(100)),
        };
        apply(
            tx,
            &[Change::Quarantine(aside.clone()), Change::Settle { letter, fate: Fate::Quarantined(QuarantineNo(1)) }],
        )?;
        assert_eq!(tx.quarantine()?.len(), 1);
        let row = tx.quarantine_row(QuarantineNo(1))?.unwrap();
        assert_eq!((row.letter, row.from, row.reason.as_str()), (letter, aside.from.clone(), "robot: Auto-Submitted"));
        apply(tx, &[Change::DropQuarantine { quarantine: QuarantineNo(1), at: at(6) }])?;
        assert_eq!((tx.quarantine()?.len(), tx.quarantine_row(QuarantineNo(1))?), (0, None));
        let twice = Change::ReleaseQuarantine {
            quarantine: QuarantineNo(1),
            release: Release::Customer,
            on_behalf: None,
            at: at(7),
        };
        assert!(matches!(apply(tx, &[twice]), Err(StoreError::Rejected(_))));
        // What is released is read and decided again, as what it is taken for.
        let no = QuarantineNo(2);
        apply(
            tx,
            &[
                Change::Quarantine(NewQuarantine { no, ..aside.clone() }),
                Change::ReleaseQuarantine { quarantine: no, release: Release::Recorded, on_behalf: None, at: at(7) },
            ],
        )?;
        let again = tx.to_read(LetterNo(0), 9)?;
        assert_eq!(again.iter().map(|u| u.envelope.released).collect::<Vec<_>>(), [Some(Release::Recorded)]);
        apply(tx, &[Change::Settle { letter, fate: Fate::Done("recorded") }])?;
        for (uid, fate) in [(10, Fate::Done("command")), (11, Fate::Done("report"))] {
            let letter = keep(tx, uid, "x")?;
            apply(tx, &[Change::Settle { letter, fate }])?;
        }
        let nobodys = Change::Settle { letter: LetterNo(99), fate: Fate::Done("x") };
        assert!(matches!(apply(tx, &[nobodys]), Err(StoreError::Rejected(_))));
        assert!(tx.to_read(LetterNo(0), 9)?.is_empty());
        Ok(())
    });
}

#[test]
fn asks_and_agents_and_what_was_told() {
    on_a_desk(|tx| {
        let (anna, chef) = (address("anna@example.test"), address("chef@example.test"));
        let ask = KnownAsk {
            no: AskNo(1),
            ticket: None,
            agent: anna.clone(),
            created_at: at(0),
            expires_at: at(86_400),
            settled: None,
            matter: Matter::Answer(HeldAnswer {
                addresses: Vec::new(),
                quarantined: Vec::new(),
                answered: 0,
                about: 0,
                letter: 1,
                text: "Hej".to_owned(),
                html: None,
                attachments: Vec::new(),
                commands: vec!["#close".to_owned()],
                tickets: Vec::new(),
                to: Vec::new(),
                why: "uncertain".to_owned(),
            }),
        };
        apply(
            tx,
            &[
                Change::NewAsk(ask.clone()),
                Change::AgentAway { agent: anna.clone(), until: Some(at(500)) },
                Change::Turn { ticket: TicketNo(1), agent: anna.clone(), at: at(3) },
                Change::Turn { ticket: TicketNo(1), agent: chef.clone(), at: at(4) },
                Change::Told { to: anna.clone(), topic: "forged".to_owned(), at: at(5) },
                Change::Told { to: anna.clone(), topic: "forged".to_owned(), at: at(6) },
                Change::NullSenderRefused { mailbox: "support".to_owned() },
                Change::Halt { why: "two machines".to_owned() },
                Change::Halt { why: "later".to_owned() },
            ],
        )?;
        assert_eq!(tx.asks_lapsed(at(86_399), 9)?, []);
        assert_eq!(tx.asks_lapsed(at(86_400), 9)?, [AskNo(1)]);
        assert_eq!(tx.next_wake(at(0), &std::collections::BTreeMap::new())?, Some(at(86_400)));
        let found = tx.lookup(&Clues { asks: vec![AskNo(1), AskNo(2)], ..Clues::default() }, at(20))?;
        assert_eq!(found.asks, [ask]);
        assert_eq!(found.agents[&anna].away_until, Some(at(500)));
        assert_eq!(found.agents[&anna].last_turn_at, Some(at(3)));
        assert_eq!(found.agents[&chef].away_until, None);
        assert_eq!(found.told[&(anna.clone(), "forged".to_owned())], at(6));
        assert_eq!(tx.null_sender_refused()?, ["support"]);
        assert_eq!(tx.halted()?.as_deref(), Some("two machines"));
        apply(
            tx,
            &[
                Change::SettleAsk { ask: AskNo(1), at: at(9), how: "sent".to_owned() },
                Change::AgentAway { agent: anna.clone(), until: None },
            ],
        )?;
        let settled = Change::SettleAsk { ask: AskNo(1), at: at(9), how: "sent".to_owned() };
        assert!(matches!(apply(tx, &[settled]), Err(StoreError::Rejected(_))));
        assert_eq!(tx.asks(&[AskNo(1)])?[0].settled, Some((at(9), "sent".to_owned())));
        assert_eq!(tx.agents()?[&anna].away_until, None);
        assert_eq!(tx.next_wake(at(0), &std::collections::BTreeMap::new())?, None);
        Ok(())
    });
}

#[test]
fn automatic_mail_is_counted() {
    on_a_desk(|tx| {
        let kund = address("kund@example.test");
        let clues = Clues { people: vec![kund.clone()], ..Clues::default() };
        let counts = |tx: &mut Tx<'_>, seconds| {
            let found = tx.lookup(&clues, at(seconds)).unwrap();
            (found.auto_to_sender, found.auto_in_all)
        };
        assert_eq!(counts(tx, 0), (0, 0));
        let count = |who: &Address, seconds| Change::CountAutomatic { address: who.clone(), at: at(seconds) };
        apply(tx, &[count(&kund, 0), count(&address("x@example.test"), 0)])?;
        assert_eq!(counts(tx, 0), (1, 2), "also within the batch");
        assert_eq!(counts(tx, 3599), (1, 2));
        assert_eq!(counts(tx, 3600), (1, 0));
        assert_eq!(counts(tx, 86_399), (1, 0));
        assert_eq!(counts(tx, 86_400), (0, 0));
        Ok(())
    });
}

#[test]
fn counts_that_are_too_old_to_matter_go() {
    let mut store = Store::in_memory().unwrap();
    for (seconds, left) in [(0, 1), (10, 2), (172_805, 2), (400_000, 1)] {
        let count = Change::CountAutomatic { address: address("kund@example.test"), at: at(seconds) };
        store.batch(|tx| tx.apply(&[count], &Blobs::new(), at(seconds))).unwrap();
        let counted = store.read(|tx| Ok(tx.one("SELECT count(*) FROM automatic", &[], |row| row.get::<i64>(0))?));
        assert_eq!(counted.unwrap(), Some(left));
    }
}

#[test]
fn ids_are_never_given_out_twice() {
    let mut store = Store::in_memory().unwrap();
    store.batch(|tx| apply(tx, &[Change::NewTicket(new_ticket(TicketNo(41)))])).unwrap();
    store
        .batch(|tx| {
            assert_eq!(tx.next().ticket, TicketNo(42));
            tx.run("DELETE FROM ticket", &[])?;
            Ok(())
        })
        .unwrap();
    assert_eq!(store.read(|tx| Ok(tx.next().ticket)).unwrap(), TicketNo(42));
}

#[test]
fn no_text_holds_nul() {
    check(&[Change::Tag { ticket: T, tag: "a\0b".to_owned() }], |t| assert_eq!(t.tags, ["a\u{fffd}b"]));
}
