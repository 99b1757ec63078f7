//! svar between a real Dovecot and Postfix that are killed, frozen, cut off and rude, while svar itself is killed under load.
//! `tests/torture --seed N --minutes M` runs it for long; in an ordinary run of the tests it is short.

#![allow(clippy::disallowed_methods, reason = "real servers take real time")]

mod big;
#[allow(dead_code, reason = "the world uses the rest")]
#[path = "../world/chance.rs"]
mod chance;
mod daemon;
#[path = "../whole_way/desk.rs"]
#[allow(dead_code, reason = "a part of it is needed")]
mod desk;
mod faults;
#[path = "../lab/mod.rs"]
mod lab;
mod people;
mod proxy;
mod weights;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use chance::Chance;
use daemon::Daemon;
use desk::{Config, Desk, field};
use faults::{ALL, Fault, Scene};
use lab::Lab;
use people::{AGENTS, People, fresh, is_refused, number_in};
use proxy::Proxy;
use svar::model::{Direction, TicketNo, Time};
use svar::store::{Role, Store};

/// One customer's mail in so many milliseconds.
const EVERY_MS: u64 = 900;
/// After a fault the desk works again within this, or the round has failed.
const OUTAGE_MAX: Duration = Duration::from_secs(120);
/// What is under way at the end comes out within this.
const LAST: Duration = Duration::from_secs(240);
/// What svar may take of memory, in MiB.
const MEMORY_MAX_MIB: u64 = 300;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn configuration(lab: &Lab, imap: u16, smtp: u16) -> String {
    let mut text = format!(
        "[desk]\nname = \"Exempelbutiken\"\ndata_dir = \"data\"\n[limits]\nauto_per_hour = 100000\n\
         [[mailbox]]\nname = \"support\"\naddress = \"kund1@example.test\"\n\
         [mailbox.imap]\nhost = \"localhost\"\nport = {imap}\ntls = \"implicit\"\nca_file = \"{}\"\nuser = \"kund1@example.test\"\n\
         password = {{ file = \"password\" }}\npoll = \"2s\"\n[mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n",
        lab.ca().display()
    );
    for n in AGENTS {
        let _ = writeln!(
            text,
            "[[agent]]\nname = \"Agent {n}\"\naddresses = [\"kund{n}@example.test\"]\nmailboxes = [\"support\"]"
        );
    }
    text
}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    written: usize,
    answered: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    /// Answers and acknowledgements that came twice as the same mail.
    same_twice: usize,
}

#[test]
fn nothing_is_lost_and_nothing_doubled() {
    let (seed, minutes) = (from_environment("SEED").unwrap_or(1), from_environment("MINUTES"));
    let began = Instant::now();
    let mut chance = Chance::new(seed);
    let lab = Lab::start();
    let (imap, smtp) = (Proxy::plain(lab.port(993), seed ^ 1), Proxy::smtp(lab.port(25), seed ^ 2));
    let desk = Desk::new(&lab, Config::new("kund1", "kund2"));
    desk.write_config(&configuration(&lab, imap.port, smtp.port));
    assert_eq!(desk.once(), 0);
    let people = People::default();
    let mut daemon = Daemon::start(&desk);
    let (port, mail, shop) = (lab.port(25), lab.dir.join("mail"), "kund1@example.test");
    let mut outages: BTreeMap<Fault, (usize, Duration)> = BTreeMap::new();
    // An ordinary run takes a few faults, by seed; a long one all of them, again and again.
    let mut order: Vec<Fault> = ALL.to_vec();
    if minutes.is_some() {
        for n in (1..order.len()).rev() {
            order.swap(n, chance.below(n + 1));
        }
    }
    let (placed, deaths, highest_kib) = std::thread::scope(|scope| {
        let _stop = StopAtEnd(&people);
        scope.spawn(|| people.answer(port, &mail));
        scope.spawn(|| {
            while !people.stop.load(Ordering::SeqCst) {
                people.write(port, shop);
                sleep(Duration::from_millis(EVERY_MS));
            }
        });
        let mut scene =
            Scene { lab: &lab, daemon: &mut daemon, imap: &imap, smtp: &smtp, chance: &mut chance, big: 0, bombs: 0 };
        let first = probe(&people, port, shop).expect("the desk works before anything is done to it");
        eprintln!("calm: a mail reaches an agent after {first:?}");
        let mut turn = 0;
        loop {
            let fault = order[turn % order.len()];
            turn += 1;
            scene.strike(fault);
            let outage = probe(&people, port, shop)
                .unwrap_or_else(|| panic!("{fault:?}: no mail comes through\n{}", scene.daemon.last_words()));
            eprintln!("{fault:?}: a mail that came after it reached an agent after {outage:?}");
            let worst = outages.entry(fault).or_default();
            *worst = (worst.0 + 1, worst.1.max(outage));
            let over = minutes.map_or(turn >= 8, |m| began.elapsed() >= Duration::from_secs(60 * m));
            if over {
                break;
            }
        }
        let placed = (scene.big, scene.bombs);
        people.stop.store(true, Ordering::SeqCst);
        (placed, daemon.deaths, daemon.highest_kib)
    });
    // The agents go on until everybody is answered.
    people.stop.store(false, Ordering::SeqCst);
    let settled = std::thread::scope(|scope| {
        let _stop = StopAtEnd(&people);
        scope.spawn(|| people.answer(port, &mail));
        settle(&desk, &lab, &people)
    });
    daemon.measure();
    let highest_mib = daemon.highest_kib.max(highest_kib) / 1024;
    let words = daemon.last_words();
    daemon.kill();
    let checked = desk.command(&["check", "--database"]).output().expect("svar runs");
    let tally = tally(&desk, &lab, &people, placed);
    println!("\nseed {seed}, {} s, svar killed {deaths} times", began.elapsed().as_secs());
    println!("| fault | times | longest outage after it |\n|---|---|---|");
    for (fault, (times, longest)) in &outages {
        println!("| {fault:?} | {times} | {:.1} s |", longest.as_secs_f64());
    }
    println!("rude answers of SMTP: {:?}", smtp.counted());
    println!(
        "{} customers' mails, {} of 60 MB and {} bombs, {} answers: {} lost, {} doubled, {} times the same mail once more; highest memory {highest_mib} MiB",
        tally.written,
        placed.0,
        placed.1,
        tally.answered,
        tally.lost.len(),
        tally.doubled.len(),
        tally.same_twice,
    );
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    assert!(tally.lost.is_empty() && tally.doubled.is_empty(), "{tally:#?}\n{settled:?}\n{words}");
    assert!(settled.is_ok(), "{settled:?}\n{words}");
    assert!(highest_mib < MEMORY_MAX_MIB, "{highest_mib} MiB");
}

/// However it ends, nobody goes on alone.
struct StopAtEnd<'a>(&'a People);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::SeqCst);
    }
}

/// How long a mail that comes now takes to an agent.
fn probe(people: &People, port: u16, shop: &str) -> Option<Duration> {
    let began = Instant::now();
    let n = people.write(port, shop);
    while began.elapsed() < OUTAGE_MAX {
        if let Some(at) = people.notified.lock().expect("no panic").get(&n) {
            return Some(at.saturating_duration_since(began));
        }
        sleep(Duration::from_millis(100));
    }
    None
}

/// Waits until every customer is answered and nothing is under way. What waits for its next try is tried now, as an operator would.
fn settle(desk: &Desk, lab: &Lab, people: &People) -> Result<(), String> {
    let began = Instant::now();
    let mut said = 0;
    loop {
        let written = people.written.load(Ordering::SeqCst);
        let answered = people.answered.lock().expect("no panic").len();
        let outbox = desk.json(&["outbox"]);
        let waiting: Vec<&serde_json::Value> =
            outbox.as_array().into_iter().flatten().filter(|p| p["state"] != "failed").collect();
        let expected = (1..=written).filter(|n| !is_refused(*n)).count();
        let there = answers(lab).len();
        if answered == written && waiting.is_empty() && there >= expected {
            return Ok(());
        }
        let so_far = format!(
            "{answered} of {written} answered, {there} of {expected} answers there, {} mails wait",
            waiting.len()
        );
        if began.elapsed() > LAST {
            return Err(so_far);
        }
        // A long run says where it stands, so that one that does not end can be told from one that takes its time.
        if began.elapsed().as_secs() / 15 > said {
            said = began.elapsed().as_secs() / 15;
            eprintln!("settling for {} s: {so_far}", began.elapsed().as_secs());
        }
        for parcel in waiting.iter().filter(|p| p["state"] == "queued") {
            let _ = desk.command(&["outbox", "retry", &parcel["id"].to_string()]).output();
        }
        sleep(Duration::from_secs(3));
    }
}

/// By customer: the Message-IDs of the answers that came, and how many mails.
fn answers(lab: &Lab) -> BTreeMap<usize, (BTreeSet<String>, usize)> {
    by_number(lab, |text| number_in(text, "svaret till "))
}

fn by_number(lab: &Lab, number: impl Fn(&str) -> Option<usize>) -> BTreeMap<usize, (BTreeSet<String>, usize)> {
    let mut all: BTreeMap<usize, (BTreeSet<String>, usize)> = BTreeMap::new();
    for (_, text) in fresh(&lab.maildir("alla"), &mut BTreeSet::new()) {
        if let Some(n) = number(&text) {
            let (ids, mails) = all.entry(n).or_default();
            ids.insert(field(&text, "Message-ID"));
            *mails += 1;
        }
    }
    all
}

/// Whose loss it is: svar answers for what lies in INBOX.
fn whereabouts(lab: &Lab, id: &str) -> String {
    let in_inbox = fresh(&lab.maildir("kund1"), &mut BTreeSet::new()).iter().any(|(_, text)| text.contains(id));
    let queue = std::process::Command::new("grep").args(["-rlaF", id]).arg(lab.dir.join("postfix/spool")).output();
    let queue = queue.map(|o| String::from_utf8_lossy(&o.stdout).lines().count()).unwrap_or(0);
    format!("{} in INBOX, in {queue} files of Postfix's queue", if in_inbox { "is" } else { "not" })
}

fn tally(desk: &Desk, lab: &Lab, people: &People, (big, bombs): (usize, usize)) -> Tally {
    let mut tally = Tally { written: people.written.load(Ordering::SeqCst), ..Tally::default() };
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut store = Store::open(&desk.path("data/svar.db"), Role::Reader).expect("the database");
    for number in (1..).map(TicketNo) {
        let shown = store.read(|tx| tx.show(number, Time::from_unix(0))).expect("the ticket can be read");
        let Some(shown) = shown else { break };
        for message in shown.messages.iter().filter(|m| m.direction == Direction::In) {
            *kept.entry(message.message_id.clone().unwrap_or_default()).or_default() += 1;
        }
    }
    for row in store.read(|tx| tx.quarantine()).expect("the quarantine") {
        let id = match (number_in(&row.subject, "Fråga "), number_in(&row.subject, "Bomb ")) {
            (_, Some(n)) => format!("bomb{n}@kund.test"),
            (n, None) => format!("t{}@kund.test", n.unwrap_or(0)),
        };
        *kept.entry(id).or_default() += 1;
    }
    let wanted = [("t", tally.written), ("stor", big), ("bomb", bombs)];
    let wanted = wanted.iter().flat_map(|(name, count)| (1..=*count).map(move |n| format!("{name}{n}@kund.test")));
    for id in wanted {
        match kept.get(&id).copied().unwrap_or(0) {
            0 => tally.lost.push(format!("the mail {id} ({})", whereabouts(lab, &id))),
            1 => {}
            n => tally.doubled.push(format!("the mail {id}: {n} messages")),
        }
    }
    let answers = answers(lab);
    let acknowledged = by_number(lab, |text| {
        let parent = field(text, "In-Reply-To");
        number_in(&parent, "<t").filter(|_| !field(text, "Auto-Submitted").is_empty())
    });
    for n in 1..=tally.written {
        for (what, came) in [("answer", answers.get(&n)), ("acknowledgement", acknowledged.get(&n))] {
            match came {
                None if is_refused(n) => {}
                None => tally.lost.push(format!("the {what} to {n}")),
                Some(_) if is_refused(n) => tally.doubled.push(format!("the {what} to {n}, who cannot get any")),
                Some((ids, _)) if ids.len() > 1 => tally.doubled.push(format!("the {what} to {n}: {ids:?}")),
                Some((_, mails)) => tally.same_twice += mails - 1,
            }
        }
    }
    tally.answered = answers.len();
    tally
}
