//! How fast figures are made, and whether the tick that looks for due clocks feels what is over: `cargo bench --bench clocks`.
//!
//! `--tickets N` a year (default 100000), `--closed N` tickets behind the tick (default 1000000). Prints a table; nothing is a test.

#![allow(clippy::disallowed_methods, reason = "what is measured is real time")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::date;
use rusqlite::Connection;
use svar::config::settings::Settings;
use svar::engine::clock::Now;
use svar::engine::{Engine, Event, Post, figures};
use svar::model::Time;
use svar::sla::figures::{Detail, Period};

const ROUNDS: usize = 7;
/// 2026-01-01T00:00:00Z.
const YEAR_BEGINS: i64 = 1_767_225_600;
/// Tickets that are open when the tick looks.
const OPEN: u64 = 500;

const CONFIG: &str = r#"
[desk]
name = "Exempelbutiken"
time_zone = "Europe/Stockholm"
data_dir = "data"
[[mailbox]]
name = "support"
address = "support@example.test"
maildir = { path = "in" }
outdir = { path = "out" }
calendar = "shop"
[[agent]]
name = "Anna Andersson"
addresses = ["anna@example.test"]
[calendar.shop]
mon-fri = ["08:00-12:00", "13:00-17:00"]
sat = ["10:00-14:00"]
holidays = "SE"
"#;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, otherwise: u64| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
    };
    let (tickets, closed) = (number("--tickets", 100_000), number("--closed", 1_000_000));
    println!("| what | median | worst |\n|---|---:|---:|");
    let home = tempfile::tempdir().expect("a directory");
    stats(home.path(), tickets);
    for many in [0, closed] {
        let home = tempfile::tempdir().expect("a directory");
        tick(home.path(), many);
    }
}

fn said(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let ms = |d: Duration| d.as_secs_f64() * 1000.0;
    println!("| {what} | {:.2} ms | {:.2} ms |", ms(times[times.len() / 2]), ms(times[times.len() - 1]));
}

fn timed(mut work: impl FnMut()) -> Vec<Duration> {
    let round = |_| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..ROUNDS).map(round).collect()
}

fn open(home: &Path) -> (Arc<Settings>, Engine) {
    for sub in ["in/new", "in/cur", "in/tmp", "out"] {
        std::fs::create_dir_all(home.join(sub)).expect("a directory");
    }
    let file = home.join("config.toml");
    std::fs::write(&file, CONFIG).expect("a file");
    let settings = Arc::new(svar::config::load(&file).expect("a configuration"));
    let engine = Engine::open(settings.clone(), Post::Daemon).expect("a desk");
    (settings, engine)
}

fn stats(home: &Path, tickets: u64) {
    drop(open(home));
    fill(home, tickets, 365 * 86_400, 0).expect("rows");
    let (settings, mut engine) = open(home);
    let zone = settings.desk.time_zone.clone();
    let now = Time::from_unix(YEAR_BEGINS + 366 * 86_400);
    let periods =
        [("a year", date(2026, 1, 1), date(2026, 12, 31)), ("a week in June", date(2026, 6, 1), date(2026, 6, 7))];
    for (what, from, to) in periods {
        let period = Period { from, to, zone: zone.clone() };
        let mut times = timed(|| {
            let figures = figures::of(engine.store(), &settings, &period, None, now, Detail::Figures).expect("figures");
            assert!(figures.tickets.opened > 0);
        });
        said(&format!("figures of {what}, {tickets} tickets a year"), &mut times);
    }
    drop(engine);
    let mut times = timed(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_svar"));
        command.args(["stats", "--from", "2026-01-01", "--to", "2026-12-31", "--now", &now.to_string()]);
        let output = command.arg("--config").arg(home.join("config.toml")).output().expect("svar runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
    said(&format!("`svar stats` over the year, the whole command, {tickets} tickets"), &mut times);
}

/// What the engine does when it is woken: it looks for what is due.
fn tick(home: &Path, closed: u64) {
    drop(open(home));
    fill(home, closed + OPEN, 3 * 365 * 86_400, OPEN).expect("rows");
    let (_, mut engine) = open(home);
    let now = Now::given(Time::from_unix(YEAR_BEGINS + 4 * 366 * 86_400));
    engine.handle(now, vec![Event::Poked]);
    let mut times = timed(|| {
        for _ in 0..20 {
            engine.handle(now, vec![Event::Poked]);
        }
    });
    times.iter_mut().for_each(|t| *t /= 20);
    said(&format!("a tick with {closed} closed tickets and {OPEN} open ones"), &mut times);
}

/// Two messages and two answers a ticket, over `span_s` from the beginning of the year; the last `open` tickets wait for an answer.
fn fill(home: &Path, tickets: u64, span_s: u64, open: u64) -> rusqlite::Result<()> {
    let db = Connection::open(home.join("data/svar.db"))?;
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA foreign_keys = OFF;")?;
    for sql in ROWS {
        let sql = sql
            .replace("{tickets}", &tickets.to_string())
            .replace("{open}", &open.to_string())
            .replace("{begin}", &YEAR_BEGINS.to_string())
            .replace("{every}", &(span_s / tickets.max(1)).to_string());
        db.execute_batch(&sql)?;
    }
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
}

const ROWS: &[&str] = &[
    "INSERT INTO ticket (number, subject, base_subject, state, mailbox, channel, customer_name, customer_address, assignee,
         priority, created_at, updated_at, closed_at, epoch, serial, answers)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {tickets})
     SELECT i, 'Order ' || i || ' har inte kommit', 'order', iif(i > {tickets} - {open}, 'open', 'closed'), 'support', 'mail', 'Kund',
         'kund' || i || '@kund.test', 'anna@example.test', 'normal', {begin} + i * {every}, {begin} + i * {every} + 90000,
         iif(i > {tickets} - {open}, NULL, {begin} + i * {every} + 90000), 1, 0, iif(i > {tickets} - {open}, 0, 2) FROM n",
    "INSERT INTO message (no, ticket, direction, kind, event, at, accepted_at, counts, found, verified, agent, sameness, subject,
         to_parties, cc_parties, \"references\", attachments, files, defects, text)
     SELECT number * 4 - 3 + k, number, iif(k % 2 = 0, 'in', 'out'), 'person', number * 8 - 7 + k * 2, created_at + k * 20000 + number % 7000,
         iif(k % 2 = 0, NULL, created_at + k * 20000 + number % 7000), 1, 0, 0, iif(k % 2 = 0, NULL, 'anna@example.test'), '', 'Order',
         '[]', '[]', '[]', '[]', '', '[]', 'Hej! Jag undrar var mitt paket är. ' || hex(zeroblob(300))
     FROM ticket, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)
     WHERE state = 'closed' OR k = 0",
    "INSERT INTO event SELECT number, number * 8 - 7 + k, created_at + k * 10000 + number % 7000, iif(k = 0, 'customer', 'agent:anna@example.test'),
         CASE k WHEN 0 THEN 'opened' WHEN 1 THEN 'notified' WHEN 2 THEN 'assigned' WHEN 3 THEN 'pending' WHEN 4 THEN 'open'
             WHEN 5 THEN 'received' WHEN 6 THEN 'answered' ELSE 'closed' END, iif(k = 2, 'agent:anna@example.test', '')
     FROM ticket, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
         UNION ALL SELECT 6 UNION ALL SELECT 7)
     WHERE state = 'closed' OR k < 2",
    "UPDATE desk SET ticket = (SELECT max(number) FROM ticket), message = (SELECT max(no) FROM message), event = (SELECT max(no) FROM event)",
];
