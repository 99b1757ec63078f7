//! What a letter names is found, and nothing else.

use super::*;

fn add(tx: &mut Tx<'_>, ticket: TicketNo, change: impl FnOnce(&mut NewMessage)) -> Result<MessageNo, StoreError> {
    let mut new = message(tx.next().message, ticket, Direction::In);
    change(&mut new);
    apply(tx, &[Change::AddMessage(Box::new(new.clone()))])?;
    Ok(new.no)
}

#[test]
fn the_same_mail_is_known_and_another_with_its_id_is_not_the_same() {
    on_a_desk(|tx| {
        let (ticket, first) = first_mail(tx, 1, "kund@example.test")?;
        let clues = |id: Option<&str>, sameness: &str| Clues {
            message_id: id.map(str::to_owned),
            sameness: sameness.to_owned(),
            ..Clues::default()
        };
        let found = tx.lookup(&clues(Some("m1@example.test"), "same1"), at(9))?;
        assert_eq!(found.duplicate.unwrap().no, first);
        assert!(!found.id_is_taken);
        assert!(found.tickets.contains_key(&ticket));
        let found = tx.lookup(&clues(Some("m1@example.test"), "other"), at(9))?;
        assert_eq!((found.duplicate, found.id_is_taken), (None, true));
        let found = tx.lookup(&clues(None, "same1"), at(9))?;
        assert_eq!((found.duplicate, found.id_is_taken), (None, false));
        // A form's Message-ID, on a hundred mails: each is still told from the others, the oldest too.
        for n in 0..100 {
            add(tx, ticket, |m| {
                m.message_id = Some("form@example.test".to_owned());
                m.sameness = format!("form{n}");
            })?;
        }
        for n in [0, 50, 99] {
            let found = tx.lookup(&clues(Some("form@example.test"), &format!("form{n}")), at(9))?;
            assert_eq!(found.duplicate.unwrap().no, MessageNo(2 + n));
        }
        Ok(())
    });
}

#[test]
fn references_are_found_in_their_order() {
    on_a_desk(|tx| {
        let (one, _) = first_mail(tx, 1, "kund@example.test")?;
        let (two, _) = first_mail(tx, 2, "annan@example.test")?;
        let third = add(tx, two, |m| m.message_id = Some("m1@example.test".to_owned()))?;
        let references = ["x@nowhere.test", "m2@example.test", "m1@example.test"].map(str::to_owned).to_vec();
        let found = tx.lookup(&Clues { references, ..Clues::default() }, at(9))?;
        let numbers: Vec<_> = found.messages.iter().map(|m| (m.no.0, m.ticket)).collect();
        assert_eq!(numbers, [(2, two), (third.0, two), (1, one)]);
        assert_eq!(found.messages[2].from, Some(address("kund@example.test")));
        assert_eq!(found.tickets.len(), 2);
        assert!(found.parcels.is_empty() && found.children.is_empty());
        Ok(())
    });
}

#[test]
fn a_parent_that_comes_late_finds_its_children() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        let child = add(tx, ticket, |m| {
            m.references = vec!["parent@example.test".to_owned(), "m1@example.test".to_owned()];
        })?;
        let of = |id: &str| Clues { message_id: Some(id.to_owned()), ..Clues::default() };
        let found = tx.lookup(&of("parent@example.test"), at(9))?;
        assert_eq!(found.children.iter().map(|m| m.no).collect::<Vec<_>>(), [child]);
        // What an answer to it names, as in a header: the oldest first.
        let last = found.tickets[&ticket].last_in.as_ref().unwrap();
        assert_eq!(last.references, ["m1@example.test", "parent@example.test"]);
        assert!(tx.lookup(&of("stranger@example.test"), at(9))?.children.is_empty());
        // What was on record when the child came needs no such search.
        assert!(tx.lookup(&of("m1@example.test"), at(9))?.children.is_empty());
        Ok(())
    });
}

#[test]
fn outlooks_conversations() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        for _ in 0..12 {
            add(tx, ticket, |m| m.thread_index = Some("01d9".to_owned()))?;
        }
        let found = tx.lookup(&Clues { thread_index: Some("01d9".to_owned()), ..Clues::default() }, at(9))?;
        assert_eq!(
            found.same_thread_index.iter().map(|m| m.no.0).collect::<Vec<_>>(),
            [13, 12, 11, 10, 9, 8, 7, 6, 5, 4]
        );
        assert!(
            tx.lookup(&Clues { thread_index: Some("x".to_owned()), ..Clues::default() }, at(9))?.tickets.is_empty()
        );
        Ok(())
    });
}

#[test]
fn what_a_sender_has_to_do_with() {
    on_a_desk(|tx| {
        for uid in 1..=25 {
            first_mail(tx, uid, if uid == 3 { "annan@example.test" } else { "kund@example.test" })?;
        }
        let asa = party("Åsa", "asa@example.test");
        apply(
            tx,
            &[
                Change::Participate { ticket: TicketNo(3), party: asa.clone() },
                Change::Participate { ticket: TicketNo(3), party: party("", "kund2@example.test") },
                Change::KnowAddress {
                    address: address("kund2@example.test"),
                    customer: CustomerNo(1),
                    name: String::new(),
                },
            ],
        )?;
        let of = |who: &str| Clues { people: vec![address(who)], ..Clues::default() };
        let found = tx.lookup(&of("kund2@example.test"), at(9))?;
        assert_eq!(found.senders_tickets.len(), 20);
        assert_eq!(found.senders_tickets[0], TicketNo(25));
        assert_eq!(found.customer.unwrap().addresses.len(), 2);
        assert_eq!(found.tickets.len(), 20);
        let found = tx.lookup(&of("asa@example.test"), at(9))?;
        assert_eq!((found.senders_tickets, found.customer), (vec![TicketNo(3)], None));
        assert_eq!(found.tickets[&TicketNo(3)].participants.len(), 2);
        assert!(tx.lookup(&of("ingen@example.test"), at(9))?.senders_tickets.is_empty());
        Ok(())
    });
}

#[test]
fn parcels_by_number_by_message_id_and_by_what_came_back() {
    on_a_desk(|tx| {
        let (ticket, first) = first_mail(tx, 1, "kund@example.test")?;
        for no in 1..=3 {
            apply(
                tx,
                &[Change::Enqueue(Box::new(Parcel {
                    ticket: Some(ticket),
                    message: Some(first),
                    agent: Some(address("anna@example.test")),
                    ..parcel(ParcelNo(no), ParcelKind::Notify, &["anna@example.test"])
                }))],
            )?;
        }
        let check = |tx: &mut Tx<'_>, clues: Clues, expect: &[i64]| {
            let found = tx.lookup(&clues, at(9)).unwrap();
            assert_eq!(found.parcels.iter().map(|p| p.no.0).collect::<Vec<_>>(), expect);
            if !expect.is_empty() {
                assert_eq!(found.said[&first].new_text, "Hej! Det har inte kommit.");
                assert!(found.tickets.contains_key(&ticket));
            }
            assert_eq!(found.last_parcel, ParcelNo(3));
        };
        check(tx, Clues { parcels: vec![ParcelNo(2), ParcelNo(9)], ..Clues::default() }, &[2]);
        check(tx, Clues { references: vec!["p1@example.test".to_owned()], ..Clues::default() }, &[1]);
        check(tx, Clues { bounced: vec!["p3@example.test".to_owned()], ..Clues::default() }, &[3]);
        check(tx, Clues { message_id: Some("p3@example.test".to_owned()), ..Clues::default() }, &[]);
        let known = tx.known_parcel(ParcelNo(1))?.unwrap();
        assert_eq!((known.kind, known.message, known.mailbox.as_str()), (ParcelKind::Notify, Some(first), "support"));
        assert_eq!(tx.known_parcel(ParcelNo(4))?, None);
        Ok(())
    });
}

#[test]
fn to_judge_a_delivery() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        let (other, _) = first_mail(tx, 2, "kund@example.test")?;
        let answer = add(tx, ticket, |m| m.direction = Direction::Out)?;
        let wire = Parcel {
            ticket: Some(ticket),
            message: Some(answer),
            ..parcel(ParcelNo(1), ParcelKind::Answer, &["kund@example.test"])
        };
        apply(tx, &[Change::Enqueue(Box::new(wire))])?;
        let found = tx.delivery(ParcelNo(1))?;
        assert_eq!((found.attempts, found.epoch, found.waiting_after), (0, 1, None));
        assert_eq!(found.ticket.as_ref().unwrap().number, ticket);
        assert_eq!(found.said.as_ref().unwrap().no, answer);
        assert_eq!(found.customers_tickets.iter().map(|t| t.number).collect::<Vec<_>>(), [other]);
        assert_eq!(found.next.message, MessageNo(4));
        add(tx, ticket, |m| (m.at, m.counts) = (at(400), false))?;
        add(tx, ticket, |m| m.at = at(600))?;
        add(tx, ticket, |m| m.at = at(500))?;
        assert_eq!(tx.delivery(ParcelNo(1))?.waiting_after, Some(at(500)));
        assert!(matches!(tx.delivery(ParcelNo(9)), Err(StoreError::Rejected(_))));
        Ok(())
    });
}

#[test]
fn hostile_numbers_of_references_cost_little() {
    on_a_desk(|tx| {
        let (ticket, _) = first_mail(tx, 1, "kund@example.test")?;
        let many: Vec<String> = (0..200).map(|n| format!("r{n}@nowhere.test")).collect();
        for _ in 0..30 {
            add(tx, ticket, |m| m.references.clone_from(&many))?;
        }
        let found = tx.lookup(
            &Clues { message_id: Some("r0@nowhere.test".to_owned()), references: many, ..Clues::default() },
            at(9),
        )?;
        assert_eq!(found.children.len(), 20, "of thirty that name it");
        assert!(found.messages.is_empty());
        Ok(())
    });
}
