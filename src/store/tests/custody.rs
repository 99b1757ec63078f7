//! Letters are taken once, whatever a server does with its numbers.

use super::*;
use crate::store::custody::unpack;

#[test]
fn a_letter_is_taken_once() {
    on_a_desk(|tx| {
        let source = source(tx)?;
        let letter = keep(tx, 5, "Subject: ett\r\n\r\n")?;
        assert_eq!(tx.keep(&arrival(source, 5, "Subject: ett\r\n\r\n"), at(2))?, Kept::Known(letter));
        assert_eq!(tx.keep(&arrival(source, 5, "Subject: annat\r\n\r\n"), at(2))?, Kept::Renumbered);
        // The same bytes under another number, in the same numbering, are another letter.
        assert!(matches!(tx.keep(&arrival(source, 6, "Subject: ett\r\n\r\n"), at(2))?, Kept::New(_)));
        assert_eq!(tx.raw(letter)?, b"Subject: ett\r\n\r\n");
        let other = Arrival { uidvalidity: 8, ..arrival(source, 7, "x") };
        assert!(matches!(tx.keep(&other, at(2)), Err(StoreError::Rejected(_))));
        Ok(())
    });
}

#[test]
fn what_is_not_packed_is_not_kept() {
    let mut store = Store::in_memory().unwrap();
    let kept = store.batch(|tx| {
        let source = source(tx)?;
        tx.keep(&Arrival { packed: Vec::new(), ..arrival(source, 5, "ett") }, at(1))
    });
    assert!(kept.unwrap_err().database().unwrap().is_the_machines_fault());
    assert_eq!(unpack(&pack(b"")).unwrap(), b"");
}

#[test]
fn folders_do_not_share_numbers() {
    on_a_desk(|tx| {
        let inbox = source(tx)?;
        let sent = tx.source("imap.example.test", "support@example.test", "Sent", "support", at(0))?;
        assert_ne!(inbox, sent.no);
        tx.set_uidvalidity(sent.no, 7, 0, None)?;
        keep(tx, 5, "ett")?;
        assert!(matches!(tx.keep(&arrival(sent.no, 5, "två"), at(2))?, Kept::New(_)));
        Ok(())
    });
}

#[test]
fn a_changed_uidvalidity_doubles_nothing() {
    on_a_desk(|tx| {
        let source = source(tx)?;
        let (one, two) = (keep(tx, 5, "ett")?, keep(tx, 6, "två")?);
        let twin = keep(tx, 7, "ett")?;
        tx.advance(source, 7)?;
        tx.set_uidvalidity(source, 8, 0, Some(50))?;
        let row = tx.source_row(source)?;
        assert_eq!((row.generation, row.uidvalidity, row.cursor, row.old_below), (2, Some(8), 0, Some(50)));
        assert!(row.is_old(49, at(0)) && !row.is_old(50, at(0)));
        let again = |uid, raw| Arrival { uidvalidity: 8, ..arrival(source, uid, raw) };
        assert_eq!(tx.keep(&again(1, "två"), at(2))?, Kept::Known(two));
        assert_eq!(tx.keep(&again(2, "ett"), at(2))?, Kept::Known(one));
        assert_eq!(tx.keep(&again(3, "ett"), at(2))?, Kept::Known(twin));
        assert!(matches!(tx.keep(&again(4, "ett"), at(2))?, Kept::New(_)), "a third copy is new");
        assert_eq!(tx.uids_in_custody(source, 0)?, [1..=4]);
        // And the same once more: the moved rows are known by their new numbers.
        assert_eq!(tx.keep(&again(2, "ett"), at(2))?, Kept::Known(one));
        Ok(())
    });
}

#[test]
fn the_cursor_goes_forward_only() {
    on_a_desk(|tx| {
        let source = source(tx)?;
        tx.advance(source, 9)?;
        tx.advance(source, 4)?;
        assert_eq!(tx.source_row(source)?.cursor, 9);
        tx.set_reconciled(source, at(5))?;
        assert_eq!(tx.sources()?[0].reconciled_at, Some(at(5)));
        Ok(())
    });
}

#[test]
fn what_the_server_will_not_hand_over_is_passed_after_three_tries() {
    on_a_desk(|tx| {
        let source = source(tx)?;
        keep(tx, 5, "ett")?;
        keep(tx, 7, "sju")?;
        for tries in 1..=3 {
            assert_eq!(tx.uids_in_custody(source, 0)?, [5..=5, 7..=7]);
            assert_eq!(tx.note_missing(source, 6, at(tries))?, tries);
        }
        assert_eq!(tx.uids_in_custody(source, 0)?, [5..=7]);
        Ok(())
    });
}

#[test]
fn files_are_known_by_name() {
    on_a_desk(|tx| {
        let maildir = tx.source("maildir", "/var/mail/x", "", "support", at(0))?.no;
        let file =
            |name: &str| Arrival { uid: 0, uidvalidity: 0, name: Some(name.to_owned()), ..arrival(maildir, 0, name) };
        let Kept::New(one) = tx.keep(&file("1.a"), at(1))? else { panic!("not new") };
        let Kept::New(two) = tx.keep(&file("2.a"), at(1))? else { panic!("not new") };
        assert_ne!(one, two);
        assert_eq!(tx.keep(&file("1.a"), at(1))?, Kept::Known(one));
        assert!(tx.is_taken(maildir, "2.a")? && !tx.is_taken(maildir, "3.a")?);
        assert_eq!(tx.source_row(maildir)?.cursor, 2);
        Ok(())
    });
}

#[test]
fn what_nobody_has_decided_on_is_read_again() {
    on_a_desk(|tx| {
        let (one, two) = (keep(tx, 5, "ett")?, keep(tx, 6, "två")?);
        assert_eq!(tx.count_attempt(one)?, 1);
        assert_eq!(tx.count_attempt(one)?, 2);
        let unread = tx.to_read(LetterNo(0), 10)?;
        assert_eq!(
            unread.iter().map(|u| (u.envelope.letter, u.attempts, u.uid)).collect::<Vec<_>>(),
            [(one, 2, 5), (two, 0, 6)]
        );
        assert_eq!(unpack(&unread[1].packed).unwrap(), "två".as_bytes());
        assert_eq!(tx.to_read(one, 10)?.len(), 1);
        assert_eq!(tx.to_read(LetterNo(0), 1)?.len(), 1);
        apply(tx, &[Change::Settle { letter: one, fate: Fate::Done("command") }])?;
        assert_eq!(tx.to_read(LetterNo(0), 10)?.len(), 1);
        assert_eq!(tx.envelope(two)?.mailbox, "support");
        assert!(matches!(tx.raw(LetterNo(99)), Err(StoreError::Rejected(_))));
        Ok(())
    });
}

#[test]
fn after_a_restore_what_came_before_is_old() {
    on_a_desk(|tx| {
        let source = source(tx)?;
        let mut row = tx.source_row(source)?;
        assert!(!row.is_old(1, at(0)));
        row.old_until = Some(at(100));
        assert!(row.is_old(1, at(100)) && !row.is_old(1, at(101)));
        Ok(())
    });
}
