//! Plays the steps of a story: people with mailboxes, an SMTP server that accepts, defers, refuses or vanishes, and time that jumps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use svar::config::settings::Settings;
use svar::desk::act::{Act, act};
use svar::desk::sign::Key;
use svar::engine::clock::Now;
use svar::engine::{Consignment, Engine, Event, Intake, Outcome};
use svar::mail::letter::Letter;
use svar::mail::read::read;
use svar::model::{Address, Channel, State, TicketNo, Time};
use svar::net::Delivery;
use svar::plan::{Clues, Folder, Route};
use svar::store::{Arrival, Outlet, Role, Store, custody};

use crate::letters::{Quoting, Written, reply};
use crate::story::Step;

/// The desk that every story plays at, unless its own lines say otherwise.
const CONFIG: &str = r#"
[desk]
name = "Exempelbutiken"
language = "sv"
time_zone = "Europe/Stockholm"
data_dir = "data"
[[mailbox]]
name = "support"
address = "support@example.test"
display_name = "Exempelbutiken kundservice"
maildir = { path = "in" }
outdir = { path = "out" }
%MAILBOX%
[[agent]]
name = "Anna Andersson"
addresses = ["anna@example.test", "anna@mobile.example.test"]
mailboxes = ["support"]
[[agent]]
name = "Björn Berg"
addresses = ["bjorn@example.test"]
mailboxes = ["support"]
%REST%
"#;

/// A mail that SMTP accepted, in a person's mailbox.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: Address,
    pub sender: Option<Address>,
    pub letter: Letter,
    pub raw: Vec<u8>,
    pub seen: bool,
}

/// What the SMTP server does with mail to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Refuses,
    Defers,
    /// Takes it, and the connection is gone before anybody hears of it.
    Vanishes,
}

pub struct World {
    settings: Arc<Settings>,
    dir: tempfile::TempDir,
    engine: Option<Engine>,
    pub now: Time,
    moods: BTreeMap<Address, Mood>,
    pub mails: Vec<Mail>,
    /// Every Message-ID that was accepted, with how often each address got it.
    pub accepted: BTreeMap<(String, Address), usize>,
    names: usize,
    uid: u32,
    /// The latest mail of each person, for writing it in a second time.
    written: Vec<Vec<u8>>,
}

type Result<T = ()> = std::result::Result<T, String>;

fn address(word: &str) -> Result<Address> {
    let full = match word {
        "anna" | "bjorn" | "cissi" | "chef" | "support" => format!("{word}@example.test"),
        other => other.to_owned(),
    };
    Address::parse(&full).ok_or_else(|| format!("{word:?} is no address"))
}

impl World {
    pub fn new(config: &str) -> Result<Self> {
        let mailbox_keys = [
            "notify",
            "plus_addressing",
            "trusted_authserv_id",
            "mode",
            "signature",
            "sender_name",
            "submission_is_private",
        ];
        let is_mailbox = |l: &&str| mailbox_keys.iter().any(|k| l.starts_with(&format!("{k} =")));
        let (mailbox, rest): (Vec<&str>, Vec<&str>) = config.lines().partition(is_mailbox);
        let text = CONFIG.replace("%MAILBOX%", &mailbox.join("\n")).replace("%REST%", &rest.join("\n"));
        let dir = if Path::new("/dev/shm").is_dir() { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() };
        let dir = dir.map_err(|e| e.to_string())?;
        let file = dir.path().join("config.toml");
        let settings = svar::config::read(&file, &text)
            .map_err(|m| m.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  "))?;
        let mut world = Self {
            settings: Arc::new(settings),
            dir,
            engine: None,
            now: Time::parse_rfc3339("2026-11-20T08:00:00Z").ok_or("no time")?,
            moods: BTreeMap::new(),
            mails: Vec::new(),
            accepted: BTreeMap::new(),
            names: 0,
            uid: 0,
            written: Vec::new(),
        };
        world.open()?;
        Ok(world)
    }

    fn open(&mut self) -> Result {
        let store = Store::open(&self.dir.path().join("svar.db"), Role::Owner).map_err(|e| e.to_string())?;
        let engine = Engine::on(store, self.settings.clone(), Key::new(&[7; 32])).map_err(|e| e.to_string())?;
        self.engine = Some(engine);
        for route in [Route::Mailbox, Route::Notify] {
            self.handle(vec![Event::Free(Outlet { mailbox: "support".to_owned(), route }, 4)])?;
        }
        Ok(())
    }

    pub fn restart(&mut self) -> Result {
        self.engine = None;
        self.open()
    }

    pub fn engine(&mut self) -> Result<&mut Engine> {
        self.engine.as_mut().ok_or_else(|| "the desk is down".to_owned())
    }

    /// What the database holds against its own rules.
    pub fn violations(&mut self) -> Vec<String> {
        let Ok(engine) = self.engine() else { return vec!["the desk is down".to_owned()] };
        match engine.store().batch(svar::store::check::check) {
            Ok(wrong) => wrong,
            Err(e) => vec![e.to_string()],
        }
    }

    // ---- the engine ---------------------------------------------------------------------------------------------------

    /// Hands events in, and does what comes out, until all is quiet at this moment.
    pub fn handle(&mut self, events: Vec<Event>) -> Result {
        let mut events = events;
        for _ in 0..10_000 {
            let now = Now::given(self.now);
            let engine = self.engine()?;
            let outcomes = engine.handle(now, std::mem::take(&mut events));
            for outcome in outcomes {
                match outcome {
                    Outcome::Read(jobs) => events.extend(self.engine()?.read_here(&jobs)),
                    Outcome::Send(consignments) => {
                        for consignment in consignments {
                            events.extend(self.smtp(&consignment)?);
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

    fn smtp(&mut self, mail: &Consignment) -> Result<Vec<Event>> {
        let mut results = Vec::new();
        let mut vanished = false;
        for to in &mail.to {
            let result = match self.moods.get(to) {
                Some(Mood::Refuses) => Delivery::Refused { reply: "550 5.1.1 no such user".to_owned() },
                Some(Mood::Defers) => Delivery::Deferred { reply: "451 4.7.1 try again later".to_owned() },
                mood => {
                    vanished |= mood == Some(&Mood::Vanishes);
                    *self.accepted.entry((mail.message_id.clone(), to.clone())).or_default() += 1;
                    let raw = mail.bytes.to_vec();
                    let letter = read(&raw);
                    self.mails.push(Mail { to: to.clone(), sender: mail.from.clone(), letter, raw, seen: false });
                    Delivery::Accepted { reply: "250 2.0.0 ok".to_owned() }
                }
            };
            results.push((to.clone(), result));
        }
        let free = Event::Free(mail.outlet.clone(), 1);
        if vanished {
            return Ok(vec![free]);
        }
        Ok(vec![Event::Delivered { parcel: mail.parcel, results, refused_null_sender: false }, free])
    }

    /// Lets time go by, stopping at everything that falls due.
    pub fn pass(&mut self, until: Time) -> Result {
        for _ in 0..100_000 {
            let wake = self.engine()?.next_wake().filter(|t| *t <= until && *t > self.now);
            self.now = wake.unwrap_or(until);
            self.handle(vec![Event::Poked])?;
            if wake.is_none() {
                return Ok(());
            }
        }
        Err("time does not get on".to_owned())
    }

    /// A letter comes into the mailbox.
    pub fn arrive(&mut self, raw: &[u8], folder: Folder, old: bool) -> Result {
        self.uid += 1;
        let (uid, now) = (self.uid, self.now);
        let place = match folder {
            Folder::Inbox => "INBOX",
            Folder::Sent => "Sent",
        };
        let store = self.engine()?.store();
        let source = store.batch(|tx| {
            let row = tx.source("imap.example.test", "support", place, "support", now)?;
            if row.uidvalidity.is_none() {
                tx.set_uidvalidity(row.no, 1, 0, None)?;
            }
            Ok(row.no)
        });
        let arrival = Arrival {
            source: source.map_err(|e| e.to_string())?,
            mailbox: "support".to_owned(),
            channel: Channel::Mail,
            folder,
            uidvalidity: 1,
            uid,
            name: None,
            received_at: now,
            old,
            size_bytes: i64::try_from(raw.len()).map_err(|e| e.to_string())?,
            truncated: false,
            packed: custody::pack(raw),
            sha256: custody::sha256(raw),
        };
        self.written.push(raw.to_vec());
        self.handle(vec![Event::Intake(Intake::Arrived(arrival))])
    }

    pub fn new_id(&mut self, from: &str) -> String {
        self.names += 1;
        format!("m{}@{}", self.names, from.split_once('@').map_or("kund.test", |p| p.1))
    }

    // ---- steps --------------------------------------------------------------------------------------------------------

    pub fn step(&mut self, step: &Step) -> Result {
        let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["at", date, time] => {
                let text = format!("{date}T{time}:00[Europe/Stockholm]");
                let zoned: jiff::Zoned = text.parse().map_err(|e| format!("{e}"))?;
                self.pass(Time::from_unix(zoned.timestamp().as_second()))
            }
            ["after", span] => {
                let seconds = svar::sla::duration::parse_calendar(span).map_err(|e| format!("{e:?}"))?;
                self.pass(self.now.plus(seconds))
            }
            ["restart"] => self.restart(),
            ["again"] => {
                let raw = self.written.last().cloned().ok_or("nothing was written yet")?;
                self.arrive(&raw, Folder::Inbox, false)
            }
            ["smtp", to, mood] => {
                let to = address(to)?;
                match *mood {
                    "refuses" => self.moods.insert(to, Mood::Refuses),
                    "defers" => self.moods.insert(to, Mood::Defers),
                    "vanishes" => self.moods.insert(to, Mood::Vanishes),
                    "accepts" => self.moods.remove(&to),
                    other => return Err(format!("smtp does not {other}")),
                };
                Ok(())
            }
            ["shell", verb, number, rest @ ..] => self.shell(verb, number, rest),
            ["expect", rest @ ..] => self.expect(rest, step),
            [who, "writes", subject, ..] => self.writes(who, subject, step),
            [who, "replies", ..] => self.replies(who, step),
            [who, "taps", command, ..] => self.taps(who, command, step),
            [who, "bounces", ..] => self.bounces(who, step),
            _ => Err("no such step".to_owned()),
        }
    }

    fn shell(&mut self, verb: &str, number: &str, rest: &[&str]) -> Result {
        let number = TicketNo(number.parse().map_err(|_| "no number")?);
        let doing = match verb {
            "close" => Act::Close,
            "done" => Act::Done,
            "reopen" => Act::Open,
            "spam" => Act::Spam,
            "merge" => Act::Merge(TicketNo(rest.first().and_then(|r| r.parse().ok()).ok_or("into what?")?)),
            "assign" => Act::Assign(address(rest.first().ok_or("to whom?")?)?),
            other => return Err(format!("the shell does not {other}")),
        };
        let now = Now::given(self.now);
        let clues = Clues {
            numbers: [number]
                .into_iter()
                .chain(match doing {
                    Act::Merge(n) => Some(n),
                    _ => None,
                })
                .collect(),
            ..Clues::default()
        };
        let done = self
            .engine()?
            .change(now, &clues, |found, rules, now| act(&[number], &doing, "shell:test", found, rules, now));
        done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        self.handle(vec![Event::Poked])
    }

    fn writes(&mut self, who: &str, subject: &str, step: &Step) -> Result {
        let from = if who.contains('@') || who.contains('<') { who.to_owned() } else { address(who)?.to_string() };
        let own_id = step.after("id").map(str::to_owned);
        let id = if step.has("without-id") { None } else { Some(own_id.unwrap_or_else(|| self.new_id(&from))) };
        let to: Vec<String> = step.all("to").into_iter().map(str::to_owned).collect();
        let html = step.has("html").then(|| step.text.clone());
        let mut written = Written {
            from: if step.has("without-from") { String::new() } else { from },
            to: if to.is_empty() { vec!["support@example.test".to_owned()] } else { to },
            cc: step.all("cc").into_iter().map(str::to_owned).collect(),
            subject: subject.to_owned(),
            message_id: id,
            in_reply_to: step.after("answers").map(str::to_owned),
            headers: step.all("header").into_iter().map(str::to_owned).collect(),
            text: step.text.clone(),
            html,
            ..Written::default()
        };
        for name in step.all("attaches") {
            written.attachments.push((
                name.to_owned(),
                "application/octet-stream".to_owned(),
                name.repeat(100).into_bytes(),
            ));
        }
        let folder = if step.has("in-sent") { Folder::Sent } else { Folder::Inbox };
        let raw = written.bytes(self.now);
        self.arrive(&raw, folder, step.has("old"))
    }

    /// The newest mail of a person, or the newest whose subject or text holds the words behind `to`.
    fn mail_of(&self, who: &str, step: &Step) -> Result<Mail> {
        let owner = address(step.after("mailbox-of").unwrap_or(who))?;
        let wanted = step.after("about").unwrap_or("");
        let fits = |m: &&Mail| m.to == owner && (m.letter.subject.contains(wanted) || m.letter.text.contains(wanted));
        self.mails.iter().rev().find(fits).cloned().ok_or_else(|| {
            let all: Vec<&str> =
                self.mails.iter().filter(|m| m.to == owner).map(|m| m.letter.subject.as_str()).collect();
            format!("{owner} has no mail about {wanted:?}; there is {all:?}")
        })
    }

    fn replies(&mut self, who: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let from = address(step.after("from").unwrap_or(who))?.to_string();
        let quoting = match step.after("quoting") {
            Some("html") => Quoting::Html,
            Some("none") => Quoting::None,
            Some("between") => Quoting::Between,
            Some("outlook") => Quoting::Outlook,
            Some(other) => return Err(format!("nobody quotes {other}")),
            None => Quoting::Below,
        };
        let id = self.new_id(&from);
        let mut written = reply(&mail.letter, &from, &step.text, quoting, id);
        if let Some(to) = step.after("to") {
            written.to = vec![to.to_owned()];
        }
        if let Some(subject) = step.after("subject") {
            written.subject = subject.to_owned();
        }
        if step.has("afresh") {
            written.in_reply_to = None;
            written.references.clear();
        }
        written.cc.extend(step.all("cc").into_iter().map(str::to_owned));
        written.headers.extend(step.all("header").into_iter().map(str::to_owned));
        for name in step.all("attaches") {
            written.attachments.push((
                name.to_owned(),
                "application/octet-stream".to_owned(),
                name.repeat(100).into_bytes(),
            ));
        }
        if step.has("forwards-the-notification") {
            written.attachments.push(("mail.eml".to_owned(), "message/rfc822".to_owned(), mail.raw.clone()));
        }
        let raw = written.bytes(self.now);
        self.arrive(&raw, Folder::Inbox, false)
    }

    /// Taps a one-tap link of the newest notification.
    fn taps(&mut self, who: &str, command: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let text = String::from_utf8_lossy(&mail.raw).replace("=\r\n", "");
        let wanted = format!("-{command}.");
        let link = text
            .split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ':' | '?' | '(' | ')'))
            .map(|w| w.replace("%2B", "+").replace("%40", "@").replace("=2B", "+"))
            .find(|w| w.contains("+k") && w.contains(&wanted) && w.contains('@'))
            .ok_or_else(|| format!("the mail offers no {command}"))?;
        let from = address(step.after("from").unwrap_or(who))?.to_string();
        let id = self.new_id(&from);
        let written = Written {
            from,
            to: vec![link],
            subject: command.to_owned(),
            message_id: Some(id),
            text: step.text.clone(),
            ..Written::default()
        };
        let raw = written.bytes(self.now);
        self.arrive(&raw, Folder::Inbox, false)
    }

    /// The newest mail to a person comes back (RFC 3464).
    fn bounces(&mut self, who: &str, step: &Step) -> Result {
        let mail = self.mail_of(who, step)?;
        let back_to = mail.sender.clone().ok_or("it went with an empty sender: nothing comes back")?;
        let action = if step.has("delayed") { "delayed" } else { "failed" };
        let head_end = mail.raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(mail.raw.len());
        let head = String::from_utf8_lossy(&mail.raw[..head_end]).into_owned();
        let raw = format!(
            "Return-Path: <>\r\nDelivered-To: {back_to}\r\nFrom: MAILER-DAEMON@mx.kund.test (Mail Delivery System)\r\nTo: {back_to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nMessage-ID: <b{}@mx.kund.test>\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=rep-7\r\n\r\n--rep-7\r\nContent-Type: text/plain\r\n\r\n\
             The mail could not be delivered.\r\n\r\n--rep-7\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.kund.test\r\n\r\n\
             Final-Recipient: rfc822; {}\r\nAction: {action}\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
             --rep-7\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n\r\n--rep-7--\r\n",
            self.mails.len(),
            mail.to
        );
        self.arrive(raw.as_bytes(), Folder::Inbox, false)
    }

    // ---- expectations -------------------------------------------------------------------------------------------------

    fn expect(&mut self, words: &[&str], step: &Step) -> Result {
        match words {
            ["mail", "to", who, ..] => self.expect_mail(who, step),
            ["nothing", "to", who] => {
                let who = address(who)?;
                match self.mails.iter().find(|m| m.to == who && !m.seen) {
                    Some(mail) => Err(format!("there is {:?}:\n{}", mail.letter.subject, mail.letter.text)),
                    None => Ok(()),
                }
            }
            ["nothing", "more"] => match self.mails.iter().find(|m| !m.seen) {
                Some(mail) => Err(format!("there is {:?} to {}:\n{}", mail.letter.subject, mail.to, mail.letter.text)),
                None => Ok(()),
            },
            ["no", "ticket", number] => {
                let number = TicketNo(number.parse().map_err(|_| "no number")?);
                match self.facts(number)? {
                    Some(_) => Err("there is one".to_owned()),
                    None => Ok(()),
                }
            }
            ["ticket", number, rest @ ..] => self.expect_ticket(number, rest, step),
            ["quarantine", reason] => {
                let rows = self.engine()?.store().batch(|tx| tx.quarantine()).map_err(|e| e.to_string())?;
                let reasons: Vec<String> = rows.into_iter().map(|r| r.reason).collect();
                let found =
                    if *reason == "empty" { reasons.is_empty() } else { reasons.iter().any(|r| r.starts_with(reason)) };
                if found { Ok(()) } else { Err(format!("there is {reasons:?}")) }
            }
            ["halt"] => self.engine()?.halted().map(|_| ()).ok_or_else(|| "the desk goes on".to_owned()),
            ["each", "once"] => match self.accepted.iter().find(|(_, n)| **n > 1) {
                Some(((id, to), n)) => Err(format!("{to} got {id} {n} times")),
                None => Ok(()),
            },
            _ => Err("nobody can expect that".to_owned()),
        }
    }

    /// The oldest mail to somebody that no step has spoken of yet and that fits in every way.
    fn expect_mail(&mut self, who: &str, step: &Step) -> Result {
        let who = address(who)?;
        let fits = |m: &Mail| -> std::result::Result<(), String> {
            let raw = String::from_utf8_lossy(&m.raw);
            let head = raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
            let html = m.letter.new_html.clone().unwrap_or_default();
            for want in step.all("subject") {
                if m.letter.subject != want {
                    return Err(format!("subject {:?}", m.letter.subject));
                }
            }
            for want in step.all("text") {
                if !m.letter.text.contains(want) {
                    return Err(format!("text:\n{}", m.letter.text));
                }
            }
            for want in step.all("html") {
                if !html.contains(want) {
                    return Err(format!("html: {html}"));
                }
            }
            for never in step.all("without") {
                if raw.contains(never) || m.letter.text.contains(never) || m.letter.subject.contains(never) {
                    return Err(format!("it has {never:?}:\n{raw}"));
                }
            }
            for want in step.all("header") {
                if !head.to_lowercase().contains(&want.to_lowercase()) {
                    return Err(format!("header:\n{head}"));
                }
            }
            for want in step.all("attachment") {
                if !m.letter.attachments.iter().any(|a| a.name == want) {
                    return Err(format!(
                        "attachments {:?}",
                        m.letter.attachments.iter().map(|a| &a.name).collect::<Vec<_>>()
                    ));
                }
            }
            for want in step.all("from") {
                if m.letter
                    .from
                    .as_ref()
                    .is_none_or(|p| format!("{} <{}>", p.name, p.address) != want && p.address.as_str() != want)
                {
                    return Err(format!("from {:?}", m.letter.from));
                }
            }
            if step
                .all("sender")
                .iter()
                .any(|w| m.sender.as_ref().map_or("", Address::as_str) != if *w == "empty" { "" } else { w })
            {
                return Err(format!("envelope sender {:?}", m.sender));
            }
            Ok(())
        };
        let mut why = Vec::new();
        for mail in self.mails.iter_mut().filter(|m| m.to == who && !m.seen) {
            match fits(mail) {
                Ok(()) => {
                    mail.seen = true;
                    return Ok(());
                }
                Err(reason) => why.push(format!("{:?}: {reason}", mail.letter.subject)),
            }
        }
        Err(if why.is_empty() { format!("no mail to {who}") } else { why.join("\n  ") })
    }

    fn facts(&mut self, number: TicketNo) -> Result<Option<svar::plan::TicketFacts>> {
        let now = self.now;
        let clues = Clues { numbers: vec![number], ..Clues::default() };
        let found = self.engine()?.store().batch(|tx| tx.lookup(&clues, now)).map_err(|e| e.to_string())?;
        Ok(found.tickets.get(&number).cloned())
    }

    fn expect_ticket(&mut self, number: &str, rest: &[&str], step: &Step) -> Result {
        let number = TicketNo(number.parse().map_err(|_| "no number")?);
        let facts = self.facts(number)?.ok_or("there is none")?;
        let shown = || {
            format!(
                "#{} is {} of {:?}, assigned to {:?}, waits since {:?}, due {:?}, tags {:?}, {} answers, related {:?}, participants {:?}, survivor {:?}",
                facts.number,
                facts.state,
                facts.customer_party.as_ref().map(|p| p.address.as_str()),
                facts.assignee.as_ref().map(Address::as_str),
                facts.waiting_since.map(|t| t.to_string()),
                facts.due_at.map(|t| t.to_string()),
                facts.tags,
                facts.answers,
                facts.related,
                facts.participants.iter().map(|p| p.address.as_str()).collect::<Vec<_>>(),
                facts.survivor,
            )
        };
        let mut words = rest.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().copied().ok_or_else(|| format!("{word} what?"));
            let right = match *word {
                "waiting" => facts.waiting_since.is_some(),
                "answered" => facts.waiting_since.is_none() && facts.due_at.is_none(),
                "unassigned" => facts.assignee.is_none(),
                "alone" => facts.related.is_empty() && facts.participants.is_empty(),
                "of" => facts.assignee == Some(address(next()?)?),
                "from" => facts
                    .customer_party
                    .as_ref()
                    .is_some_and(|p| Ok(p.address.clone()) == address(next().unwrap_or("?"))),
                "with" => {
                    let who = address(next()?)?;
                    facts.participants.iter().any(|p| p.address == who)
                }
                "tagged" => facts.tags.contains(&next()?.to_owned()),
                "related" => facts.related.contains(&TicketNo(next()?.parse().map_err(|_| "no number")?)),
                "into" => facts.survivor == Some(TicketNo(next()?.parse().map_err(|_| "no number")?)),
                "messages" => {
                    let wanted: usize = next()?.parse().map_err(|_| "no number")?;
                    let shown = self
                        .engine
                        .as_mut()
                        .ok_or("down")?
                        .store()
                        .batch(|tx| tx.show(number, svar::model::Time::from_unix(0)));
                    let shown = shown.map_err(|e| e.to_string())?.ok_or("nothing to show")?;
                    shown.messages.len() == wanted
                }
                state => facts.state == State::parse(state).ok_or_else(|| format!("{state} is nothing to expect"))?,
            };
            if !right {
                return Err(format!("not {word}: {}", shown()));
            }
        }
        let _ = step;
        Ok(())
    }
}
