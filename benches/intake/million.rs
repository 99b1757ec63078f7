//! A desk after years: a database of a million messages, and how long it takes to start on it and to ask it something.
//!
//! The program makes the database; the rows come by SQL, four messages a ticket, one ticket in a hundred still open.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::desk::{self, BINARY, Daemon, Inlet, Notices};
use crate::letters::{Letters, Random};
use crate::table::Table;
use crate::words::{ENGLISH, SWEDISH};
use crate::{SUPPORT, machine, watch};

const STARTS: usize = 5;
/// Letters that are taken in on top.
const MORE: usize = 1000;

pub fn measure(home: &Path, messages: u64, table: &mut Table) {
    let dir = home.join("million");
    let inbox = home.join("inbox");
    for sub in ["tmp", "new", "cur"] {
        fs::create_dir_all(inbox.join(sub)).expect("a Maildir");
    }
    let inlet = Inlet::Maildir(inbox.clone());
    desk::take_in_once(&dir, &inlet, &Notices::None, 0);
    let database = dir.join("data/svar.db");
    let tickets = (messages / 4).max(1);
    let (result, took) = watch::timed(|| fill(&database, tickets));
    result.expect("rows");
    let size_mb = fs::metadata(&database).map_or(0, |m| m.len()) / 1_000_000;
    eprintln!("bench:   {size_mb} MB in {:.0} s", took.as_secs_f64());
    machine::settle();

    let name = |what: &str| format!("{what} ({} messages, {size_mb} MB)", tickets * 4);
    let starts: Vec<Duration> = (0..STARTS).map(|_| Daemon::start(&dir).ready_after).collect();
    table.times(&name("`svar run` until `ready`"), "< 200 ms", &starts);
    let middle = (tickets / 2).max(1).to_string();
    let asks: [(&str, &[&str]); 3] = [
        ("`svar tickets mailbox:support state:held`, the whole command", &["tickets", "mailbox:support", "state:held"]),
        ("`svar show` of one ticket", &["show", &middle]),
        ("`svar search terminalen växjö`", &["search", "terminalen", "växjö"]),
    ];
    for (what, arguments) in asks {
        let ask = || {
            let mut command = Command::new(BINARY);
            command.arg("--config").arg(dir.join("config.toml")).args(arguments).current_dir(&dir);
            let (output, took) = watch::timed_program(|| command.output().expect("svar runs"));
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            took.wall
        };
        let times: Vec<Duration> = (0..STARTS).map(|_| ask()).collect();
        table.times(&name(what), if what.contains("tickets") { "< 200 ms" } else { "" }, &times);
    }

    for (number, letter) in Letters::new(3, SUPPORT).take(MORE).enumerate() {
        fs::write(inbox.join("new").join(format!("{}.M{number}P3.bench", letter.at)), letter.raw).expect("a letter");
    }
    machine::settle();
    let mut command = Command::new(BINARY);
    command.arg("--config").arg(dir.join("config.toml")).args(["run", "--once"]).current_dir(&dir);
    let (output, took) = watch::timed_program(|| command.output().expect("svar runs"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    table.rate(&name(&format!("a Maildir of {MORE} into it")), "", MORE, &[took]);
    let _ = fs::remove_dir_all(&dir);
}

/// What someone wrote: sentences of the bench's letters, and now and then a word that nobody else uses.
fn text(seed: i64) -> String {
    let mut random = Random::new(seed.unsigned_abs());
    let words = if random.next().is_multiple_of(2) { &SWEDISH } else { &ENGLISH };
    let mut out = String::new();
    for _ in 0..2 + random.next() % 4 {
        let sentence = words.asking[random.next() as usize % words.asking.len()];
        out.push_str(&sentence.replace("{n}", &(random.next() % 1_000_000).to_string()).replace("{d}", "3"));
        out.push(' ');
    }
    out
}

fn fill(database: &Path, tickets: u64) -> rusqlite::Result<()> {
    let db = Connection::open(database)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("written", 1, flags, |context| Ok(text(context.get(0)?)))?;
    db.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 20000;",
    )?;
    let source: i64 = db.query_row("SELECT no FROM source LIMIT 1", [], |row| row.get(0))?;
    for sql in ROWS {
        let sql = sql.replace("{tickets}", &tickets.to_string()).replace("{source}", &source.to_string());
        db.execute_batch(&sql)?;
    }
    db.execute_batch("INSERT INTO search (search) VALUES ('rebuild'); ANALYZE; PRAGMA wal_checkpoint(TRUNCATE);")
}

/// Four messages a ticket: the customer writes, is answered, writes again, is answered. A week of ten thousand tickets.
const ROWS: &[&str] = &[
    "INSERT INTO customer WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tickets})
     SELECT i, 'Kund ' || i, 1600000000 + i * 60 FROM n",
    "INSERT INTO address SELECT 'kund' || no || '@kund.test', no, name, NULL FROM customer",
    "INSERT INTO ticket (number, subject, base_subject, state, mailbox, channel, customer, customer_name, customer_address,
         priority, created_at, updated_at, closed_at, epoch, serial, answers, last_answer, last_in)
     SELECT no, 'Order ' || no || ' har inte kommit', 'order ' || no || ' har inte kommit',
         CASE WHEN no % 100 = 0 THEN CASE WHEN no % 300 = 0 THEN 'held' ELSE 'pending' END ELSE 'closed' END,
         'support', 'mail', no, name, 'kund' || no || '@kund.test', 'normal', created_at, created_at + 9000,
         CASE WHEN no % 100 = 0 THEN NULL ELSE created_at + 9000 END, 1, 0, 2, no * 4, no * 4 - 1
     FROM customer",
    "UPDATE ticket SET hold_until = 4000000000 WHERE state = 'held'",
    "INSERT INTO letter (no, source, generation, uid, name, mailbox, channel, folder, received_at, kept_at, old, size_bytes,
         truncated, sha256, digest, attempts, state, fate, fate_no)
     SELECT number * 2 - k, {source}, 0, number * 2 - k, 'bench-' || (number * 2 - k), 'support', 'mail', 'inbox', created_at, created_at, 0, 8000, 0,
         randomblob(32), random(), 1, 'settled', 'message', number * 4 - 1 - 2 * k
     FROM ticket, (SELECT 0 AS k UNION ALL SELECT 1)",
    "INSERT INTO raw SELECT no, randomblob(600) FROM letter",
    "INSERT INTO message (no, ticket, direction, kind, letter, event, at, counts, found, verified, from_name, from_address, message_id,
         sameness, subject, to_parties, cc_parties, \"references\", attachments, files, defects, text, accepted_at)
     SELECT number * 4 - k, number, iif(k % 2 = 1, 'in', 'out'), 'person', iif(k % 2 = 1, number * 2 - k / 2, NULL), 0, created_at + (3 - k) * 3000, 1, 0, 0,
         iif(k % 2 = 1, customer_name, 'Anna'), iif(k % 2 = 1, customer_address, 'support@example.test'), 'm' || (number * 4 - k) || '@kund.test',
         'x' || (number * 4 - k), subject, '[]', '[]', '[]', '[]', '', '[]', written(number * 4 - k), iif(k % 2 = 1, NULL, created_at + (3 - k) * 3000)
     FROM ticket, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)",
    "INSERT INTO ref SELECT random(), 1, no FROM message",
    "INSERT INTO event SELECT number, number * 2 - k, created_at, 'customer', iif(k = 1, 'opened', 'closed'), ''
     FROM ticket, (SELECT 0 AS k UNION ALL SELECT 1)",
    "UPDATE source SET cursor = (SELECT max(uid) FROM letter) WHERE no = {source}",
    "UPDATE desk SET ticket = (SELECT max(number) FROM ticket), message = (SELECT max(no) FROM message),
         customer = (SELECT max(no) FROM customer), letter = (SELECT max(no) FROM letter), event = (SELECT max(no) FROM event)",
];
