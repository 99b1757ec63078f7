//! Bulks as rows: which tickets a query fills them with, who gets the mail, and that a restored one does not go on.

use super::super::Role;
use super::super::backup::{Used, restore};
use super::super::meta::Owner;
use super::*;
use crate::model::{BulkNo, BulkState, BulkStep, State};
use crate::plan::query::Query;
use crate::plan::{BulkFacts, BulkText, NewBulk};

fn new_bulk(no: i64) -> Change {
    Change::NewBulk(Box::new(NewBulk {
        no: BulkNo(no),
        agent: None,
        actor: "shell:test".to_owned(),
        mailbox: "support".to_owned(),
        mailboxes: vec!["support".to_owned()],
        query: "state:open".to_owned(),
        subject: String::new(),
        text: BulkText::Own { text: "Hej".to_owned(), html: None },
        answers: true,
        at: at(10),
    }))
}

fn set(no: i64, state: BulkState) -> Change {
    Change::SetBulk { bulk: BulkNo(no), state, why: String::new(), at: at(10) }
}

fn facts(tx: &mut Tx<'_>, no: i64) -> BulkFacts {
    tx.bulk(BulkNo(no)).unwrap().unwrap()
}

/// Tickets that stand there, each with the one that gets the mail.
fn standing(tx: &mut Tx<'_>, step: BulkStep) -> Vec<(i64, i64)> {
    let rows = tx.bulk_tickets(BulkNo(1), step, TicketNo(0), 99).unwrap();
    rows.iter().map(|r| (r.ticket.0, r.leader.0)).collect()
}

#[test]
fn the_newest_ticket_of_a_customer_gets_the_mail() {
    on_a_desk(|tx| {
        for (uid, who) in [(1, "a@example.test"), (2, "b@example.test"), (3, "a@example.test"), (4, "a@example.test")] {
            first_mail(tx, uid, who)?;
        }
        let closed = |ticket| Change::SetState {
            ticket: TicketNo(ticket),
            state: State::Closed,
            hold_until: None,
            survivor: None,
            at: at(5),
        };
        first_mail(tx, 5, "c@example.test")?;
        apply(tx, &[closed(5), new_bulk(1)])?;
        let bulk = facts(tx, 1);
        let all = Query::parse("number:1..9").unwrap();
        assert_eq!(tx.fill_bulk(&bulk, &all, at(20), 3)?, 4, "too many: nothing is written down");
        assert!(standing(tx, BulkStep::Found).is_empty());
        let other = BulkFacts { mailboxes: vec!["sales".to_owned()], ..bulk.clone() };
        assert_eq!(tx.fill_bulk(&other, &all, at(20), 99)?, 0);
        let by_name = Query::parse("state:closed").unwrap();
        assert_eq!(tx.fill_bulk(&BulkFacts { mailboxes: Vec::new(), ..bulk.clone() }, &by_name, at(20), 99)?, 0);
        assert_eq!(tx.fill_bulk(&bulk, &all, at(20), 99)?, 4);
        assert_eq!(standing(tx, BulkStep::Found), [(1, 4), (2, 2), (3, 4), (4, 4)]);

        let step = |ticket, step| Change::BulkStep {
            bulk: BulkNo(1),
            ticket: TicketNo(ticket),
            step,
            why: String::new(),
            language: String::new(),
        };
        let joined = [1, 3].map(|n| step(n, BulkStep::Joined));
        apply(tx, &[step(2, BulkStep::Ready), step(4, BulkStep::Ready)])?;
        apply(tx, &joined)?;
        // While it is only shown the next one is looked at anew; once it is sent it goes at once.
        apply(tx, &[step(4, BulkStep::LeftOut)])?;
        assert_eq!((standing(tx, BulkStep::Found), standing(tx, BulkStep::Joined)), (vec![(3, 3)], vec![(1, 3)]));
        apply(tx, &[step(3, BulkStep::Ready), set(1, BulkState::Running), step(3, BulkStep::LeftOut)])?;
        assert_eq!(standing(tx, BulkStep::Ready), [(1, 1), (2, 2)]);
        let counts = facts(tx, 1).counts;
        assert_eq!((counts.all(), counts.ready, counts.left_out), (4, 2, 2));
        assert_eq!(tx.stop_bulk(BulkNo(1))?, 2);
        Ok(())
    });
}

#[test]
fn a_restored_bulk_does_not_go_on_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let (path, file) = (directory.path().join("svar.db"), directory.path().join("backup"));
    let owner = Owner { machine: "one".to_owned(), data_dir: "/var/lib/svar".to_owned() };
    let mut store = Store::open(&path, Role::Owner).unwrap();
    store
        .batch(|tx| {
            apply(tx, &[new_bulk(1), set(1, BulkState::Running), new_bulk(2), set(2, BulkState::Asked)])?;
            apply(tx, &[new_bulk(3), set(3, BulkState::Running), set(3, BulkState::Over)])
        })
        .unwrap();
    store.backup(&file).unwrap();
    drop(store);
    restore(&file, &path, &owner, Used::default(), at(500), |_| Ok::<_, StoreError>(())).unwrap();
    let mut store = Store::open(&path, Role::Owner).unwrap();
    let stand = |tx: &mut Tx<'_>, no| (facts(tx, no).state, facts(tx, no).why);
    store
        .batch(|tx| {
            assert_eq!(stand(tx, 1), (BulkState::Stopping, "restored".to_owned()));
            assert_eq!(stand(tx, 2), (BulkState::Dropped, "restored".to_owned()));
            assert_eq!(stand(tx, 3), (BulkState::Over, String::new()));
            assert!(tx.next().bulk > BulkNo(1000));
            Ok(())
        })
        .unwrap();
}
