//! The world around the engine: people with mailboxes, an SMTP server that accepts, defers, refuses or vanishes, and time that jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use svar::config::settings::Settings;
use svar::engine::clock::Now;
use svar::engine::clocks;
use svar::engine::history::{Filing, Past};
use svar::engine::reader::ReadFailure;
use svar::engine::{Consignment, Engine, Event, Intake, Outcome, Post};
use svar::mail::letter::Letter;
use svar::mail::read::read;
use svar::model::{Address, Channel, ParcelNo, Time};
use svar::net::{Delivery, UNKNOWN};
use svar::plan::{Folder, Route};
use svar::sla::clock::ClockState;
use svar::store::{Arrival, Outlet, custody};

use crate::server::Server;
use crate::storm::Storm;

/// The desk that every story plays at, unless its own lines say otherwise.
const CONFIG: &str = r#"
[desk]
name = "Exempelbutiken"
%LANGUAGE%
time_zone = "Europe/Stockholm"
data_dir = "data"
%DESK%
[[mailbox]]
name = "support"
address = "support@example.test"
display_name = "Exempelbutiken kundservice"
maildir = { path = "in" }
smtp = { host = "smtp.example.test", port = 465, tls = "implicit", user = "support", password = { env = "PATH" } }
%MAILBOX%
[[agent]]
name = "Anna Andersson"
addresses = ["anna@example.test", "anna@mobile.example.test"]
mailboxes = ["support"]
%ANNA%
[[agent]]
name = "Björn Berg"
addresses = ["bjorn@example.test"]
mailboxes = ["support"]
%REST%
%SLA%
"#;

/// A mail that SMTP accepted, in a person's mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: Address,
    pub sender: Option<Address>,
    pub letter: Letter,
    pub raw: Vec<u8>,
    pub seen: bool,
    pub at: Time,
}

/// What the SMTP server does with mail to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Refuses,
    Defers,
    /// Takes it, and the connection is gone before anybody hears of it.
    Vanishes,
    /// Takes it, and the line is lost before its verdict is heard.
    Mumbles,
}

pub struct World {
    pub settings: Arc<Settings>,
    dir: tempfile::TempDir,
    engine: Option<Engine>,
    pub now: Time,
    pub moods: BTreeMap<Address, Mood>,
    /// Mailboxes whose SMTP server nobody reaches.
    pub shut: BTreeSet<String>,
    /// The server takes no empty envelope sender.
    pub refuses_null_sender: bool,
    /// Letters that hold this are never read to their end.
    pub unreadable: Option<String>,
    pub mails: Vec<Mail>,
    /// Every Message-ID that was accepted, with how often each address got it.
    pub accepted: BTreeMap<(String, Address), usize>,
    /// How often nobody heard whether it was accepted.
    pub vanished: BTreeMap<(String, Address), usize>,
    /// Mails of which a process once did not know the fate, or will never hear it and gave their place to another.
    pub unheard: BTreeSet<ParcelNo>,
    names: usize,
    uid: u32,
    /// The process dies after so many turns of the engine; see `tests/world/bulk.rs`.
    pub dies_after: Option<usize>,
    /// And then again after so many, the last of them first.
    pub deaths: Vec<usize>,
    /// How often it has died.
    pub died: usize,
    /// All letters that came in, for bringing them a second time.
    pub written: Vec<Vec<u8>>,
    /// Nothing, or what goes wrong.
    pub storm: Option<Arc<Storm>>,
    /// The mail server's own copy of everything: what the desk did not keep is fetched again.
    pub server: Server,
}

/// A mailbox's servers take mail.
pub fn free(mailbox: &str) -> [Event; 2] {
    [Route::Mailbox, Route::Notify].map(|route| Event::Free(Outlet { mailbox: mailbox.to_owned(), route }, 4))
}

pub type Result<T = ()> = std::result::Result<T, String>;

/// An address as stories write it: one of us by first name.
pub fn address(word: &str) -> Result<Address> {
    let full = match word {
        "anna" | "bjorn" | "cissi" | "chef" | "support" => format!("{word}@example.test"),
        other => other.to_owned(),
    };
    Address::parse(&full).ok_or_else(|| format!("{word:?} is no address"))
}

fn configuration(config: &str) -> String {
    let key = |line: &&str| line.split('=').next().unwrap_or_default().trim().to_owned();
    // Keys before the first table are the world's own tables' keys.
    let own: Vec<&str> = config.lines().take_while(|l| !l.starts_with('[')).collect();
    let rest: Vec<&str> = config.lines().skip(own.len()).collect();
    let of = |wanted: fn(&str) -> bool| -> String {
        own.iter().filter(|l| wanted(&key(l))).copied().collect::<Vec<_>>().join("\n")
    };
    CONFIG
        .replace("%DESK%", &of(|k| matches!(k, "reopen_within" | "undo")))
        .replace(
            "%LANGUAGE%",
            if of(|k| k == "desk_language").is_empty() { "language = \"sv\"" } else { "language = \"en\"" },
        )
        // The rest, so that a key that is nowhere known is refused and not passed over.
        .replace("%MAILBOX%", &of(|k| !matches!(k, "reopen_within" | "undo" | "hours" | "desk_language")))
        .replace("%ANNA%", &of(|k| k == "hours"))
        .replace("%REST%", &rest.join("\n"))
        .replace("%SLA%", if config.contains("[sla.") { "" } else { "[sla.standard]\nwarned = []" })
}

impl World {
    pub fn new(config: &str) -> Result<Self> {
        let text = configuration(config);
        let dir = if Path::new("/dev/shm").is_dir() { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() };
        let dir = dir.map_err(|e| e.to_string())?;
        std::fs::write(
            dir.path().join("signature.md"),
            "**{{ desk.name }}**\n\n[Öppettider](https://example.test/tider)\n",
        )
        .map_err(|e| e.to_string())?;
        std::fs::create_dir(dir.path().join("answers")).map_err(|e| e.to_string())?;
        std::fs::write(dir.path().join("codes.txt"), "").map_err(|e| e.to_string())?;
        let file = dir.path().join("config.toml");
        let settings = svar::config::read(&file, &text)
            .map_err(|m| m.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))?;
        let mut world = Self {
            settings: Arc::new(settings),
            dir,
            engine: None,
            now: Time::parse_rfc3339("2026-11-20T08:00:00Z").ok_or("no time")?,
            moods: BTreeMap::new(),
            shut: BTreeSet::new(),
            refuses_null_sender: false,
            unreadable: None,
            mails: Vec::new(),
            accepted: BTreeMap::new(),
            vanished: BTreeMap::new(),
            unheard: BTreeSet::new(),
            names: 0,
            uid: 0,
            dies_after: None,
            deaths: Vec::new(),
            died: 0,
            written: Vec::new(),
            storm: None,
            server: Server::default(),
        };
        world.write_key().map_err(|e| e.to_string())?;
        world.open()?;
        Ok(world)
    }

    /// The same key in every play, so that the same story writes the same bytes.
    fn write_key(&self) -> std::io::Result<()> {
        let data = self.dir.path().join("data");
        std::fs::create_dir_all(&data)?;
        let mut key = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(data.join("key"))?;
        key.write_all(&[7; 32])
    }

    /// Another desk's key, before anything has happened.
    pub fn use_key(&mut self, key: [u8; 32]) -> Result {
        std::fs::write(self.data_dir().join("key"), key).map_err(|e| e.to_string())?;
        self.restart()
    }

    pub fn open(&mut self) -> Result {
        let events = self.start()?;
        self.handle(events)
    }

    /// A process begins: what it does before anything happens.
    pub fn start(&mut self) -> Result<Vec<Event>> {
        let mut engine = Engine::open(self.settings.clone(), Post::Daemon).map_err(|e| e.to_string())?;
        engine.mailboxes_are_read();
        self.engine = Some(engine);
        let open = self.settings.mailboxes.iter().filter(|mailbox| !self.shut.contains(&mailbox.name));
        let mut events: Vec<Event> = open.flat_map(|mailbox| free(&mailbox.name)).collect();
        let unknown = self.engine()?.unknown(None);
        if self.storm.is_some() {
            self.note_unknown(&unknown)?;
        }
        for mail in unknown {
            let (parcel, found) = (mail.parcel, !mail.partly_settled && self.lies_in_sent(&mail));
            events.push(if found { Event::FoundInSent { parcel } } else { Event::SendAgain { parcel } });
        }
        Ok(events)
    }

    /// From now on another configuration: the world's own, with these lines.
    pub fn configure(&mut self, config: &str) -> Result {
        let file = self.dir.path().join("config.toml");
        let settings = svar::config::read(&file, &configuration(config))
            .map_err(|m| m.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))?;
        self.settings = Arc::new(settings);
        let settings = self.settings.clone();
        self.engine()?.set_settings(settings).map_err(|e| e.to_string())
    }

    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// Where the rows lie.
    pub fn database(&self) -> std::path::PathBuf {
        self.dir.path().join("data/svar.db")
    }

    /// Whether Sent, which the provider fills, has this mail's Message-ID: somebody got it. What vanished in the connection is in no
    /// Sent folder.
    fn lies_in_sent(&self, mail: &Consignment) -> bool {
        self.accepted.keys().any(|key| key.0 == mail.message_id && !self.vanished.contains_key(key))
    }

    pub fn restart(&mut self) -> Result {
        self.engine = None;
        if self.storm.is_some() { self.come_back() } else { self.open() }
    }

    /// The process is gone.
    pub fn drop_engine(&mut self) {
        self.engine = None;
    }

    /// Nothing runs until then.
    pub fn down_until(&mut self, until: Time) -> Result {
        self.engine = None;
        self.now = until;
        if self.storm.is_some() { self.come_back() } else { self.open() }
    }

    pub fn engine(&mut self) -> Result<&mut Engine> {
        self.engine.as_mut().ok_or_else(|| "the desk is down".to_owned())
    }

    /// Looks into the database.
    pub fn look<T>(
        &mut self,
        ask: impl FnOnce(&mut svar::store::Tx<'_>) -> std::result::Result<T, svar::store::StoreError>,
    ) -> Result<T> {
        let armed = self.storm.as_ref().map(|s| s.arm(false));
        let seen = self.engine()?.store().batch(ask).map_err(|e| e.to_string());
        if let (Some(storm), Some(armed)) = (&self.storm, armed) {
            storm.arm(armed);
        }
        seen
    }

    /// What the database holds against its own rules.
    pub fn violations(&mut self) -> Vec<String> {
        let mut wrong = match self.engine().and_then(|e| e.store().check().map_err(|e| e.to_string())) {
            Ok(wrong) => wrong,
            Err(e) => vec![e],
        };
        wrong.extend(self.clocks_that_lag().unwrap_or_else(|e| vec![e]));
        wrong
    }

    /// The first rule that a row of the database breaks at this moment.
    pub fn is_sound(&mut self) -> Result {
        let broken = self.look(svar::store::check::check)?;
        broken.first().map_or(Ok(()), |what| Err(format!("the database holds {what}")))
    }

    /// What is written down of a ticket's wait must be what its clocks say.
    fn clocks_that_lag(&mut self) -> Result<Vec<String>> {
        let (now, settings) = (self.now, self.settings.clone());
        let rows = self.look(|tx| tx.tickets(&svar::store::Query::default(), now))?;
        let mut wrong = Vec::new();
        for row in rows {
            let steps = self.look(|tx| clocks::steps(tx, row.number))?;
            let all = clocks::of(&steps, &settings, &row.mailbox, row.priority, now);
            let waits = svar::sla::clock::waiting(&all);
            let mut said = waits.map(|c| (c.started_at, c.due_at, c.state == ClockState::Breached));
            let facts = self.look(|tx| tx.ticket_facts(&[row.number].into()))?;
            // Who wants to be called waits for that.
            let call = |since| facts.get(&row.number).and_then(|f| f.wanted_call(since)).map(|c| c.at);
            if let Some((since, at)) = said.and_then(|(since, ..)| Some((since, call(since)?))) {
                said = Some((since, Some(at), now > at));
            }
            let written = row.waiting_since.map(|since| (since, row.due_at, row.overdue));
            if said != written {
                wrong.push(format!("#{} has {written:?}, its clocks say {said:?}", row.number));
            }
        }
        Ok(wrong)
    }

    /// Hands events in, and does what comes out, until all is quiet at this moment.
    pub fn handle(&mut self, events: Vec<Event>) -> Result {
        if self.storm.is_some() {
            return self.weather(events);
        }
        let mut events = events;
        for _ in 0..10_000 {
            if let Some(turns) = self.dies_after {
                // What was handed over and not told yet is lost with it.
                self.dies_after = turns.checked_sub(1);
                if turns == 0 {
                    self.died += 1;
                    self.dies_after = self.deaths.pop();
                    return self.restart();
                }
            }
            let now = Now::given(self.now);
            let outcomes = self.engine()?.handle(now, std::mem::take(&mut events));
            for outcome in outcomes {
                match outcome {
                    Outcome::Read(jobs) => events.extend(self.read(jobs)?),
                    Outcome::Send(consignments) => {
                        for consignment in consignments {
                            events.extend(self.smtp(&consignment));
                        }
                    }
                    Outcome::Trouble(why) => return Err(format!("trouble: {why}")),
                    Outcome::Halted(_) | Outcome::InCustody { .. } | Outcome::Recovered => {}
                    other => return Err(format!("unexpected: {other:?}")),
                }
            }
            if events.is_empty() && !self.engine()?.is_busy() {
                return Ok(());
            }
        }
        Err("the engine never comes to rest".to_owned())
    }

    pub fn read(&mut self, jobs: Vec<svar::engine::reader::Job>) -> Result<Vec<Event>> {
        let Some(word) = self.unreadable.clone() else { return Ok(self.engine()?.read_here(&jobs)) };
        let mut events = Vec::new();
        for job in jobs {
            let letter = job.letter;
            let raw = self.look(|tx| tx.raw(letter))?;
            if String::from_utf8_lossy(&raw).contains(&word) {
                events.push(Event::Read(letter, Err(ReadFailure::TooSlow)));
            } else {
                events.extend(self.engine()?.read_here(&[job]));
            }
        }
        Ok(events)
    }

    pub fn smtp(&mut self, mail: &Consignment) -> Vec<Event> {
        let mut results = Vec::new();
        let mut vanished = false;
        let refused_null_sender = mail.from.is_none() && self.refuses_null_sender;
        let sender = if refused_null_sender { mail.from_else.clone() } else { mail.from.clone() };
        self.gust();
        for to in &mail.to {
            if self.is_dead() {
                return Vec::new();
            }
            let mumbles = self.moods.get(to) == Some(&Mood::Mumbles);
            let result = match self.moods.get(to) {
                Some(Mood::Refuses) => Delivery::Refused { reply: "550 5.1.1 no such user".to_owned() },
                Some(Mood::Defers) => Delivery::Deferred { reply: "451 4.7.1 try again later".to_owned() },
                mood => {
                    vanished |= mood == Some(&Mood::Vanishes);
                    *self.accepted.entry((mail.message_id.clone(), to.clone())).or_default() += 1;
                    let raw = mail.bytes.to_vec();
                    let letter = read(&raw);
                    let at = self.now;
                    self.mails.push(Mail { to: to.clone(), sender: sender.clone(), letter, raw, seen: false, at });
                    match mumbles {
                        true => Delivery::Deferred { reply: format!("{UNKNOWN}: no verdict came after the mail") },
                        false => Delivery::Accepted { reply: "250 2.0.0 ok".to_owned() },
                    }
                }
            };
            results.push((to.clone(), result));
        }
        self.gust();
        let free = Event::Free(mail.outlet.clone(), 1);
        if vanished {
            self.unheard.insert(mail.parcel);
            for to in &mail.to {
                *self.vanished.entry((mail.message_id.clone(), to.clone())).or_default() += 1;
            }
            return vec![free];
        }
        vec![Event::Delivered { parcel: mail.parcel, results, refused_null_sender }, free]
    }

    /// Lets time go by, stopping at everything that falls due.
    pub fn pass(&mut self, until: Time) -> Result {
        for _ in 0..100_000 {
            let wake = self.engine()?.next_wake().filter(|t| *t <= until && *t > self.now);
            // In a storm time may have gone on by itself.
            self.now = wake.unwrap_or(until).max(self.now);
            self.handle(vec![Event::Poked])?;
            if wake.is_none() {
                return Ok(());
            }
        }
        Err("time does not get on".to_owned())
    }

    /// A file beside the configuration is written (empty text: taken away), and somebody looks at it.
    pub fn write_file(&mut self, name: &str, text: &str) -> Result {
        let path = self.dir.path().join(name);
        let done = if text.is_empty() { std::fs::remove_file(&path) } else { std::fs::write(&path, text) };
        done.map_err(|e| format!("{}: {e}", path.display()))?;
        self.pass(self.now.plus(10))?;
        self.handle(vec![Event::Poked])
    }

    /// A letter comes into a mailbox.
    pub fn arrive(&mut self, raw: &[u8], mailbox: &str, folder: Folder, old: bool) -> Result {
        self.arrive_late(raw, mailbox, folder, old, 0)
    }

    /// The same, after it has lain on the server for so long.
    pub fn arrive_late(&mut self, raw: &[u8], mailbox: &str, folder: Folder, old: bool, lay_s: i64) -> Result {
        self.uid += 1;
        let (uid, now) = (self.uid, self.now);
        let place = match folder {
            Folder::Inbox => "INBOX",
            Folder::Sent => "Sent",
            Folder::Answers => "Answers",
        };
        let source = self.look(|tx| {
            let row = tx.source("imap.example.test", mailbox, place, mailbox, now)?;
            if row.uidvalidity.is_none() {
                tx.set_uidvalidity(row.no, 1, 0, None)?;
            }
            Ok(row.no)
        })?;
        let arrival = Arrival {
            source,
            mailbox: mailbox.to_owned(),
            channel: Channel::Mail,
            folder,
            uidvalidity: 1,
            uid,
            name: None,
            received_at: now.plus(-lay_s),
            old,
            size_bytes: i64::try_from(raw.len()).map_err(|e| e.to_string())?,
            truncated: false,
            packed: custody::pack(raw),
            sha256: custody::sha256(raw),
        };
        self.written.push(raw.to_vec());
        if self.storm.is_some() {
            self.server.put(arrival);
            return self.fetch();
        }
        self.handle(vec![Event::Intake(Intake::Arrived(arrival))])
    }

    /// A letter that lay in the mailbox before it was first watched is looked through, as history.
    pub fn lay_there(&mut self, raw: &[u8], mailbox: &str, folder: Folder, lay_s: i64) -> Result {
        let (now, given) = (self.now, Now::given(self.now));
        let (source, _) = self.engine()?.past_source(mailbox, given).map_err(|e| e.to_string())?;
        let past = Past {
            folder,
            received_at: now.plus(-lay_s),
            size_bytes: u64::try_from(raw.len()).map_err(|e| e.to_string())?,
            truncated: false,
            name: custody::sha256(raw).iter().map(|b| format!("{b:02x}")).collect(),
            sha256: custody::sha256(raw),
            packed: custody::pack(raw),
            reading: Ok(Box::new(read(raw))),
        };
        self.engine()?.take_past(given, mailbox, Filing::Kept(source), &[past]).map_err(|e| e.to_string())?;
        self.handle(vec![Event::Poked])
    }

    pub fn new_id(&mut self, from: &str) -> String {
        self.names += 1;
        let domain = from.split_once('@').map_or("kund.test", |p| p.1.trim_end_matches('>'));
        format!("m{}@{domain}", self.names)
    }
}
