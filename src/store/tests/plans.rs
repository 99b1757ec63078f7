//! Every named query finds its rows by an index: the cost does not grow with what is over and done with.

use super::super::{
    ailments, alarm, bulk, canned, course, custody, digests, due, facts, figures, gauges, incident, inside, lookup,
    modes, notices, outbox, practice, promise, robots, search, view,
};
use super::*;
use crate::store::Query;
use crate::store::apply::bulk as apply_bulk;
use crate::store::db::Arg;

/// Tables that stay small, and lists that are parameters.
const SMALL: &[&str] = &[
    "json_each",
    "agent",
    "source",
    "meta",
    "desk",
    "(subquery",
    "handed_over",
    "CONSTANT",
    "joined",
    "chain",
    "practice",
];

fn plan(store: &mut Store, sql: &str, args: usize) -> Vec<String> {
    let args: Vec<Arg<'_>> = (0..args).map(|_| Arg::Null).collect();
    store.read(|tx| Ok(tx.rows(&format!("EXPLAIN QUERY PLAN {sql}"), &args, |row| row.get(3))?)).unwrap()
}

fn check(store: &mut Store, name: &str, sql: &str, args: usize) {
    let plan = plan(store, sql, args);
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
        ("letter by name", custody::BY_NAME, 2),
        ("letter by key", custody::BY_KEY, 5),
        ("letter by its bytes", custody::BY_BYTES, 4),
        ("to read", custody::TO_READ, 2),
        ("newest letters", custody::NEWEST, 2),
        ("to read besides", custody::TO_READ_BESIDES, 2),
        ("uids", custody::UIDS, 3),
        ("tickets", facts::TICKETS, 1),
        ("messages", facts::MESSAGES, 1),
        ("said", facts::SAID, 1),
        ("parcels", facts::PARCELS, 1),
        ("asks", facts::ASKS, 1),
        ("customer", facts::CUSTOMER, 1),
        ("told", facts::TOLD, 1),
        ("told lately", facts::TOLD_LATELY, 1),
        ("refs", facts::REFS, 1),
        ("bulks that are open", bulk::OPEN, 0),
        ("bulk: counts", bulk::COUNTS, 1),
        ("bulk: a step's count", bulk::COUNT_STEP, 2),
        ("bulk: a step's tickets", bulk::STEP, 4),
        ("bulk: changed since", bulk::CHANGED, 2),
        ("bulk: followers", bulk::FOLLOWERS, 2),
        ("bulk: lines", bulk::LINES, 3),
        ("bulk: languages", bulk::LANGUAGES, 2),
        ("bulk: listed", bulk::LISTED, 2),
        ("bulk: heir", apply_bulk::HEIR, 2),
        ("customers named", inside::CUSTOMERS_NAMED, 1),
        ("set aside", inside::SET_ASIDE, 1),
        ("blocked", inside::BLOCKED, 1),
        ("written", canned::WRITTEN, 3),
        ("with a word", canned::WITH_WORD, 2),
        ("answered", canned::ANSWERED, 1),
        ("canned latest", canned::LATEST, 1),
        ("canned in use", canned::IN_USE, 1),
        ("held codes", canned::HELD_CODES, 1),
        ("free codes", canned::FREE_CODES, 2),
        ("codes left", canned::CODES_LEFT, 1),
        ("noted words", inside::NOTED, 1),
        ("letters with", inside::LETTERS_WITH, 2),
        ("incidents that are on", incident::ON, 0),
        ("incidents over", incident::OVER, 1),
        ("next incident", incident::NEXT, 0),
        ("any quiet", incident::ANY_QUIET, 0),
        ("links", incident::LINKS, 1),
        ("to wake", incident::TO_WAKE, 1),
        ("incident texts", incident::TEXTS, 1),
        ("incident of a ticket", incident::OF_TICKET, 1),
        ("customers", lookup::CUSTOMERS, 2),
        ("participants", lookup::PARTICIPANTS, 2),
        ("thread index", lookup::THREAD_INDEX, 2),
        ("automatic to", lookup::AUTOMATIC_TO, 2),
        ("automatic", lookup::AUTOMATIC_ALL, 1),
        ("waiting after", lookup::WAITING_AFTER, 2),
        ("answered letters", custody::ANSWERED_LETTERS, 1),
        ("due", outbox::DUE, 5),
        ("next due", outbox::NEXT_DUE, 0),
        ("hurry", outbox::HURRY, 3),
        ("claimed", outbox::CLAIMED, 0),
        ("copies", outbox::COPIES, 0),
        ("sent again", view::SENT_AGAIN, 1),
        ("holds over", due::HOLDS_OVER, 2),
        ("asks lapsed", due::ASKS_LAPSED, 2),
        ("next hold", due::NEXT_HOLD, 0),
        ("next lapse", due::NEXT_LAPSE, 1),
        ("pending long", due::PENDING_LONG, 3),
        ("next pending", due::NEXT_PENDING, 1),
        ("first answers", promise::FIRST_ANSWERS, 3),
        ("waiting", promise::WAITING, 2),
        ("how many wait", promise::HOW_MANY, 2),
        ("known", promise::KNOWN, 1),
        ("looks", alarm::LOOKS, 2),
        ("next look", alarm::NEXT, 0),
        ("silent", alarm::SILENT, 1),
        ("unanswered", alarm::UNANSWERED, 2),
        ("alarms", alarm::ALARMS, 1),
        ("agents", facts::AGENTS, 0),
        ("notices of tickets", notices::OF_TICKETS, 1),
        ("notices due", notices::SINGLE, 2),
        ("whose list", notices::WHOSE, 1),
        ("listed", notices::LISTED, 3),
        ("how many listed", notices::HOW_MANY, 2),
        ("next notice", notices::NEXT, 0),
        ("handed over", notices::HANDED_OVER, 1),
        ("messages shown", view::SHOWN_MESSAGES, 1),
        ("events shown", view::SHOWN_EVENTS, 1),
        ("steps: messages", course::MESSAGES, 2),
        ("steps: events", course::EVENTS, 2),
        ("heads", course::HEADS, 1),
        ("open heads", course::OPEN_HEADS, 0),
        ("figures: open", figures::OPEN, 2),
        ("figures: over", figures::OVER, 3),
        ("figures: rows", figures::ROWS, 2),
        ("figures: tags", figures::TAGS, 2),
        ("figures: customers", figures::CUSTOMERS, 1),
        ("figures: merged", figures::MERGED, 1),
        ("quarantine", view::QUARANTINE, 0),
        ("stuck", ailments::STUCK, 1),
        ("last handed over", ailments::HANDED_OVER, 1),
        ("live", gauges::LIVE, 1),
        ("given up or held", gauges::ASIDE, 0),
        ("queued", view::QUEUED, 0),
        ("aside", view::ASIDE, 0),
        ("practice: named", practice::NAMED, 1),
        ("practice: all", practice::ALL, 0),
        ("modes: waiting", modes::WAITING, 3),
        ("modes: how many wait", modes::HOW_MANY, 2),
        ("modes: matters", modes::MATTERS, 2),
        ("modes: to hand over", modes::TO_HAND_OVER, 3),
        ("modes: queued", modes::QUEUED, 1),
        ("modes: claimed", modes::CLAIMED, 1),
        ("modes: held", modes::HELD, 2),
        ("robots: mailbox", robots::MAILBOX, 1),
        ("robots: due", robots::DUE, 3),
        ("robots: next", robots::NEXT, 0),
        ("robots: told", robots::TOLD, 1),
        ("best", search::BEST, 2),
        ("snippet", search::SNIPPET, 2),
        ("holding", search::HOLDING, 2),
        ("fill", search::FILL, 1),
    ] {
        check(&mut store, name, sql, args);
    }
}

#[test]
fn what_belongs_to_a_person_is_found_by_an_index() {
    use super::super::privacy::{MAIL_QUERIES, OLDEST, OUTDATED, PLACES, QUERIES, STATEMENTS};
    let mut store = Store::in_memory().unwrap();
    let named = QUERIES.iter().chain(MAIL_QUERIES).chain(STATEMENTS);
    for (sql, args) in named.chain(&[(OUTDATED, 4), (OLDEST, 3), (PLACES, 5)]) {
        check(&mut store, sql, sql, *args);
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
        "incident:postnord-late",
        "incident:12",
        "state:open -tag:sen older:2h",
    ] {
        let (condition, args) = Query::parse(text).unwrap().condition(at(0));
        check(&mut store, text, &format!("{}{condition} ORDER BY t.number", view::TICKET_COLUMNS), args.len());
    }
}

#[test]
fn what_is_open_is_found_among_what_is_open() {
    let mut store = Store::in_memory().unwrap();
    for (sql, index, args) in [
        (custody::BY_BYTES, "letter_digest (digest=?", 4),
        (custody::TO_READ, "letter_received", 2),
        (outbox::DUE, "parcel_due (mailbox=? AND route=? AND rank=? AND next_at<?)", 5),
        (outbox::NEXT_DUE, "parcel_next", 0),
        (outbox::HURRY, "parcel_due", 3),
        (outbox::CLAIMED, "parcel_aside (state=?)", 0),
        (outbox::COPIES, "parcel_copy", 0),
        (view::QUEUED, "parcel_next", 0),
        (view::ASIDE, "parcel_aside", 0),
        (view::QUARANTINE, "quarantine_open", 0),
        (due::HOLDS_OVER, "ticket_held (hold_until<?)", 2),
        (due::NEXT_HOLD, "ticket_held", 0),
        (due::ASKS_LAPSED, "ask_open (expires_at<?)", 2),
        (alarm::LOOKS, "ticket_look (look_at<?)", 2),
        (alarm::NEXT, "ticket_look", 0),
        (alarm::ALARMS, "PRIMARY KEY (ticket=?)", 1),
        (notices::SINGLE, "notice_due (due_at<?)", 2),
        (notices::WHOSE, "notice_due (due_at<?)", 1),
        (notices::LISTED, "PRIMARY KEY (person=? AND kind=?)", 3),
        (notices::NEXT, "notice_due", 0),
        (notices::OF_TICKETS, "notice_ticket (ticket=?)", 1),
        (lookup::CUSTOMERS, "ticket_customer (customer=?)", 2),
        (lookup::THREAD_INDEX, "message_thread_index (thread_index=?)", 2),
        (lookup::AUTOMATIC_TO, "automatic_address (address=? AND at>?)", 2),
        (facts::TOLD_LATELY, "told_at", 1),
        (course::OPEN_HEADS, "ticket_open", 0),
        (figures::OPEN, "ticket_open", 2),
        (figures::OVER, "ticket_over (updated_at>?", 3),
        (course::MESSAGES, "USING COVERING INDEX message_ticket", 2),
        (robots::MAILBOX, "quarantine_list (list_at<?)", 1),
        (robots::DUE, "quarantine_list (list_at<?)", 3),
        (robots::NEXT, "quarantine_list", 0),
        (digests::LATEST, "digest USING PRIMARY KEY (address=? AND kind=?)", 3),
        (digests::KEPT_OUT, "message_robots (at>? AND at<?)", 3),
        (digests::SET_ASIDE, "quarantine_at (at>? AND at<?)", 3),
    ] {
        let plan = plan(&mut store, sql, args);
        assert!(plan.iter().any(|step| step.contains(index)), "{index}:\n{}", plan.join("\n"));
    }
}
