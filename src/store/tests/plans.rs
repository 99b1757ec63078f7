//! Every named query finds its rows by an index: the cost does not grow with what is over and done with.

use super::super::{due, facts, lookup, outbox, search, view};
use super::*;
use crate::store::Query;
use crate::store::db::Arg;

/// Tables that stay small, and lists that are parameters.
const SMALL: &[&str] = &["json_each", "agent", "source", "meta", "desk", "(subquery", "CONSTANT"];

fn check(store: &mut Store, name: &str, sql: &str, args: usize) {
    let args: Vec<Arg<'_>> = (0..args).map(|_| Arg::Null).collect();
    let plan: Vec<String> =
        store.read(|tx| Ok(tx.rows(&format!("EXPLAIN QUERY PLAN {sql}"), &args, |row| row.get(3))?)).unwrap();
    assert!(!plan.is_empty(), "{name}");
    for step in &plan {
        let scans = step.strip_prefix("SCAN ").is_some_and(|table| {
            let word = table.replace("j VIRTUAL", "json_each VIRTUAL");
            let word = word.split(' ').next().unwrap_or_default();
            // A virtual table's number 0 is a plain scan; a partial index is as long as what is open.
            let by_match = table.contains("VIRTUAL TABLE INDEX") && !table.ends_with("INDEX 0:");
            !by_match
                && !SMALL.iter().any(|small| word.starts_with(small))
                && !table.contains("USING INDEX")
                && !table.contains("USING COVERING INDEX")
        });
        assert!(!scans, "{name} scans:\n{}", plan.join("\n"));
    }
}

#[test]
fn named_queries_use_an_index() {
    let mut store = Store::in_memory().unwrap();
    for (name, sql, args) in [
        ("tickets", facts::TICKETS, 1),
        ("messages", facts::MESSAGES, 1),
        ("said", facts::SAID, 1),
        ("parcels", facts::PARCELS, 1),
        ("asks", facts::ASKS, 1),
        ("customer", facts::CUSTOMER, 1),
        ("told", facts::TOLD, 2),
        ("refs", facts::REFS, 1),
        ("senders", lookup::SENDERS, 3),
        ("thread index", lookup::THREAD_INDEX, 2),
        ("automatic to", lookup::AUTOMATIC_TO, 2),
        ("automatic", lookup::AUTOMATIC_ALL, 1),
        ("waiting after", lookup::WAITING_AFTER, 2),
        ("answered letters", crate::store::custody::ANSWERED_LETTERS, 1),
        ("due", outbox::DUE, 5),
        ("next due", outbox::NEXT_DUE, 0),
        ("claimed", outbox::CLAIMED, 0),
        ("copies", outbox::COPIES, 0),
        ("holds over", due::HOLDS_OVER, 2),
        ("asks lapsed", due::ASKS_LAPSED, 2),
        ("next hold", due::NEXT_HOLD, 0),
        ("next lapse", due::NEXT_LAPSE, 1),
        ("pending long", due::PENDING_LONG, 3),
        ("next pending", due::NEXT_PENDING, 1),
        ("messages shown", view::SHOWN_MESSAGES, 1),
        ("events shown", view::SHOWN_EVENTS, 1),
        ("steps", view::STEPS, 1),
        ("quarantine", view::QUARANTINE, 0),
        ("queued", view::QUEUED, 0),
        ("aside", view::ASIDE, 0),
        ("best", search::BEST, 2),
        ("snippet", search::SNIPPET, 2),
        ("fill", search::FILL, 1),
    ] {
        check(&mut store, name, sql, args);
    }
}

#[test]
fn queries_use_an_index() {
    let mut store = Store::in_memory().unwrap();
    for text in [
        "",
        "state:open",
        "state:held",
        "paket",
        "subject:paket",
        "from:kund@example.test",
        "from:kund",
        "agent:anna@example.test",
        "agent:anna",
        "tag:sen",
        "newer:7d",
        "overdue",
        "number:1..99",
        "state:open -tag:sen older:2h",
    ] {
        let (condition, args) = Query::parse(text).unwrap().condition(at(0));
        check(&mut store, text, &format!("{}{condition} ORDER BY t.number", view::TICKET_COLUMNS), args.len());
    }
}
