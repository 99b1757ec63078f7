//! Words are found whatever their case and diacritics, and nothing that is typed is syntax.

use super::*;
use crate::plan::AttachmentRow;

fn desk() -> Store {
    let mut store = Store::in_memory().unwrap();
    let texts = [
        ("Återställning av lösenord", "Jag kan inte logga in. Hälsningar Åsa"),
        ("Paket", "Fakturan gäller paketet som är försenat, den är på 12.50 kr"),
        ("Order 10-4711", "Where is my order? \"quoted\" AND (odd) NEAR* text: c++"),
    ];
    store
        .batch(|tx| {
            for (n, (subject, text)) in texts.into_iter().enumerate() {
                let no = tx.next().message;
                let ticket = tx.next().ticket;
                let attachments = vec![AttachmentRow {
                    name: format!("kvitto{n}.pdf"),
                    media_type: "application/pdf".to_owned(),
                    size: 1,
                    inline: false,
                    content_id: None,
                    sha256: "deadbeef".to_owned(),
                }];
                apply(
                    tx,
                    &[
                        Change::NewTicket(new_ticket(ticket)),
                        Change::AddMessage(Box::new(NewMessage {
                            subject: subject.to_owned(),
                            new_text: text.to_owned(),
                            text: format!("{text}\n> quotedsecret"),
                            from: Some(party("Bengt Öberg", &format!("bengt{n}@example.test"))),
                            cc: vec![party("Märta", "marta@example.test")],
                            attachments,
                            ..message(no, ticket, Direction::In)
                        })),
                    ],
                )?;
            }
            Ok(())
        })
        .unwrap();
    store
}

#[test]
fn words() {
    let mut store = desk();
    let mut check = |text: &str, expect: &[i64]| {
        let found = store.read(|tx| tx.search(text, 10)).unwrap();
        let mut numbers: Vec<_> = found.iter().map(|f| f.number.0).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, expect, "{text}");
    };
    check("aterstallning", &[1]);
    check("ÅTERSTÄLLNING", &[1]);
    check("återst lösen", &[1]);
    check("faktura", &[2]);
    check("halsningar asa", &[1]);
    check("order", &[3]);
    check("10-4711", &[3]);
    check("\"my order\"", &[3]);
    check("\"order my\"", &[]);
    check("bengt1@example.test", &[2]);
    check("öberg marta", &[1, 2, 3]);
    check("bengt -order", &[1, 2]);
    check("kvitto2.pdf", &[3]);
    check("deadbeef", &[]);
    check("name", &[]);
    check("quotedsecret", &[]);
    check("12.50", &[2]);
    for odd in [
        "\"",
        "AND",
        "(",
        "NEAR(",
        "a*",
        "^x",
        "c++",
        "text:",
        "subject : x",
        "-",
        "",
        "'",
        "{a}",
        "a OR",
        "\0x",
        "-a -b",
    ] {
        store.read(|tx| tx.search(odd, 10)).unwrap();
        let mut store = desk();
        store.read(|tx| tx.search(&format!("order {odd}"), 10)).unwrap();
    }
}

#[test]
fn the_best_comes_first_and_shows_where() {
    let mut store = desk();
    let found = store.read(|tx| tx.search("paket", 10)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message_id.as_deref(), Some("m2@example.test"));
    let found = store.read(|tx| tx.search("försenat", 10)).unwrap();
    assert!(found[0].snippet.contains("försenat, den är"), "{}", found[0].snippet);
    assert!(!found[0].snippet.contains('\n'));
    assert_eq!(store.read(|tx| tx.search("bengt", 2)).unwrap().len(), 2);
}

#[test]
fn what_is_taken_back_is_not_found_and_the_index_can_be_made_anew() {
    let mut store = desk();
    store
        .batch(|tx| {
            let taken_back = tx.savepoint(|tx| {
                let (no, ticket) = (tx.next().message, TicketNo(1));
                let new = NewMessage { new_text: "zebra".to_owned(), ..message(no, ticket, Direction::In) };
                apply(tx, &[Change::AddMessage(Box::new(new)), Change::BumpSerial { ticket: TicketNo(99) }])
            });
            assert!(taken_back.is_err());
            tx.rebuild_search_index()
        })
        .unwrap();
    assert!(store.read(|tx| tx.search("zebra", 10)).unwrap().is_empty());
    assert_eq!(store.read(|tx| tx.search("faktura", 10)).unwrap().len(), 1);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}
