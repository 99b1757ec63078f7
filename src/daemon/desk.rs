//! The engine's thread: takes messages from the tasks around it, drives the engine, and sends each outcome where it belongs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::engine::clock::Now;
use crate::engine::reader::Reader;
use crate::engine::{Consignment, CustodyKey, Engine, Event, Outcome};
use crate::model::SourceNo;
use crate::net::Delivery;
use crate::store::Outlet;

/// The engine is woken this often even if nothing happens: another process may have written without a poke.
const IDLE: Duration = Duration::from_secs(60);
/// While a letter is being read, its deadline is looked after this often.
const WATCH: Duration = Duration::from_secs(1);
/// What is due but cannot go (no free connection, a limit) is looked at again after this long.
const BLOCKED: Duration = Duration::from_secs(5);
/// After so long without work the database may tidy up.
const QUIET: Duration = Duration::from_secs(10);
/// Messages taken in before the next batch.
const MESSAGES_MAX: usize = 2048;
/// Reserved, not used; decisions parse nothing deep, but a letter's text goes through them.
const STACK_SIZE_BYTES: usize = 16 << 20;

/// What a fetcher is told about its letters.
#[derive(Clone, Debug)]
pub enum Note {
    InCustody(Vec<CustodyKey>),
    PassedOver(u32),
    Renumbered,
}

/// What the daemon must know of.
#[derive(Clone, Debug)]
pub enum Alarm {
    /// The database cannot be written.
    Trouble(String),
    Recovered,
    Halted(String),
    /// The database's file is damaged.
    Damaged(String),
    /// What ails the desk has changed; a sentence each.
    Ailing(Vec<String>),
    /// The engine's thread has ended by a bug.
    Gone,
}

type Question = Box<dyn FnOnce(&mut Engine) + Send>;

enum Message {
    Events(Vec<Event>),
    Ask(Question),
    /// Answered when all that came is decided, and all that is due and can go has gone.
    WhenQuiet(oneshot::Sender<()>),
    /// Nothing more is claimed; answered when what is under way has come back.
    Finish(oneshot::Sender<()>),
}

/// The way to the engine's thread.
#[derive(Clone)]
pub struct Desk {
    tell: mpsc::Sender<Message>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

/// The engine's thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the desk is closed")]
pub struct Closed;

impl Desk {
    /// Together: they become part of one batch.
    pub fn tell(&self, events: Vec<Event>) {
        // Without an engine there is nobody to tell; the alarm `Gone` has been raised.
        let _ = self.tell.send(Message::Events(events));
    }

    /// Runs `question` on the engine's thread.
    ///
    /// # Errors
    /// The engine's thread is gone.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (reply, answer) = oneshot::channel();
        let ask = Message::Ask(Box::new(move |engine| {
            let _ = reply.send(question(engine));
        }));
        self.tell.send(ask).map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }

    /// Runs something on the engine's thread that nobody waits for.
    pub fn run(&self, work: impl FnOnce(&mut Engine) + Send + 'static) {
        let _ = self.tell.send(Message::Ask(Box::new(work)));
    }

    /// Waits until all that came is decided and all that could be sent has been.
    ///
    /// # Errors
    /// The engine's thread is gone.
    pub async fn when_quiet(&self) -> Result<(), Closed> {
        let (reply, answer) = oneshot::channel();
        self.tell.send(Message::WhenQuiet(reply)).map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }

    /// Claims nothing more, waits for the results of what is under way.
    ///
    /// # Errors
    /// The engine's thread is gone.
    pub async fn finish(&self) -> Result<(), Closed> {
        let (reply, answer) = oneshot::channel();
        self.tell.send(Message::Finish(reply)).map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)
    }
}

/// Who gets which outcome.
#[derive(Debug)]
pub struct Routes {
    sources: Mutex<BTreeMap<SourceNo, UnboundedSender<Note>>>,
    outlets: Mutex<BTreeMap<Outlet, UnboundedSender<Consignment>>>,
    alarm: UnboundedSender<Alarm>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Routes {
    #[must_use]
    pub fn new(alarm: UnboundedSender<Alarm>) -> Arc<Self> {
        Arc::new(Self { sources: Mutex::default(), outlets: Mutex::default(), alarm })
    }

    /// Notes about this source go to `to` from now on.
    pub fn watch(&self, source: SourceNo, to: UnboundedSender<Note>) {
        lock(&self.sources).insert(source, to);
    }

    /// Mail for these outlets goes to these pools from now on, and to no others.
    pub fn set_outlets(&self, outlets: BTreeMap<Outlet, UnboundedSender<Consignment>>) {
        *lock(&self.outlets) = outlets;
    }

    /// Hands a mail to its pool; back again if there is none.
    pub fn send(&self, consignment: Consignment) -> Result<(), Box<Consignment>> {
        match lock(&self.outlets).get(&consignment.outlet) {
            Some(pool) => pool.send(consignment).map_err(|e| Box::new(e.0)),
            None => Err(Box::new(consignment)),
        }
    }

    fn note(&self, source: SourceNo, note: Note) {
        if let Some(fetcher) = lock(&self.sources).get(&source) {
            // A fetcher that is gone reads its source anew when it comes back.
            let _ = fetcher.send(note);
        }
    }

    pub fn raise(&self, alarm: Alarm) {
        let _ = self.alarm.send(alarm);
    }
}

/// Starts the engine's thread. It ends when every [`Desk`] is gone, or after [`Desk::finish`]; then it leaves the footprint.
///
/// # Errors
/// The system gives no thread.
pub fn open(
    engine: Engine,
    routes: Arc<Routes>,
    clock: fn() -> Now,
    given: Option<Now>,
) -> std::io::Result<(Desk, JoinHandle<()>)> {
    let (tell, told) = mpsc::channel();
    let desk = Desk { tell: tell.clone() };
    // The reader must not keep the channel open for ever: it ends with the thread that owns it.
    let reader = Reader::start(engine.read_fn(), move |letter, reading| {
        let _ = tell.send(Message::Events(vec![Event::Read(letter, reading)]));
    });
    let thread = thread::Builder::new().name("desk".to_owned()).stack_size(STACK_SIZE_BYTES).spawn(move || {
        let mut gone = GoneAlarm(Some(Arc::clone(&routes)));
        let mut work = Work {
            engine,
            routes,
            reader,
            clock,
            given,
            under_way: 0,
            events: Vec::new(),
            quiet: Vec::new(),
            finish: None,
            closed: false,
            ailing: Vec::new(),
        };
        work.run(&told);
        gone.0 = None;
    })?;
    Ok((desk, thread))
}

/// Raised when the thread ends by a panic.
struct GoneAlarm(Option<Arc<Routes>>);

impl Drop for GoneAlarm {
    fn drop(&mut self) {
        if let Some(routes) = &self.0 {
            routes.raise(Alarm::Gone);
        }
    }
}

struct Work {
    engine: Engine,
    routes: Arc<Routes>,
    reader: Reader,
    clock: fn() -> Now,
    given: Option<Now>,
    /// Mails handed to a pool whose result has not come back.
    under_way: usize,
    events: Vec<Event>,
    quiet: Vec<oneshot::Sender<()>>,
    finish: Option<oneshot::Sender<()>>,
    closed: bool,
    /// As told last.
    ailing: Vec<String>,
}

impl Work {
    fn now(&self) -> Now {
        self.given.unwrap_or_else(self.clock)
    }

    fn run(&mut self, told: &mpsc::Receiver<Message>) {
        let mut rested = true;
        while !self.closed {
            let wait = if rested { self.wait() } else { self.wait().min(QUIET) };
            match told.recv_timeout(wait) {
                Ok(message) => {
                    rested = false;
                    self.take(message);
                }
                Err(RecvTimeoutError::Timeout) if !rested => {
                    rested = true;
                    self.rest();
                }
                Err(RecvTimeoutError::Timeout) => self.empty_log(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.work(told);
        }
        self.leave_footprint();
    }

    /// Batch after batch until nothing is left to do now.
    fn work(&mut self, told: &mpsc::Receiver<Message>) {
        loop {
            for message in told.try_iter().take(MESSAGES_MAX) {
                self.take(message);
            }
            if let Some(letter) = self.reader.give_up_overdue() {
                tracing::error!(letter = letter.0, "a bug: reading a letter takes too long");
                self.engine.too_slow(letter);
            }
            if let Err(error) = self.engine.look_around() {
                tracing::debug!("the database could not be looked at: {error}");
            }
            let now = self.now();
            let outcomes = self.engine.handle(now, std::mem::take(&mut self.events));
            for outcome in outcomes {
                self.route(outcome);
            }
            self.tell_what_ails();
            self.answer_the_waiting();
            if self.closed || (self.events.is_empty() && !self.engine.is_busy()) {
                return;
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Events(events) => {
                self.under_way = self
                    .under_way
                    .saturating_sub(events.iter().filter(|e| matches!(e, Event::Delivered { .. })).count());
                self.events.extend(events);
            }
            Message::Ask(question) => question(&mut self.engine),
            Message::WhenQuiet(reply) => self.quiet.push(reply),
            Message::Finish(reply) => {
                self.engine.stop_sending();
                self.finish = Some(reply);
            }
        }
    }

    fn route(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::InCustody { source, keys } => self.routes.note(source, Note::InCustody(keys)),
            Outcome::PassedOver { source, uid } => self.routes.note(source, Note::PassedOver(uid)),
            Outcome::Renumbered { source } => self.routes.note(source, Note::Renumbered),
            Outcome::Read(jobs) => self.reader.submit(jobs),
            Outcome::Send(consignments) => {
                for consignment in consignments {
                    self.send(consignment);
                }
            }
            Outcome::Trouble(why) => self.routes.raise(Alarm::Trouble(why)),
            Outcome::Recovered => self.routes.raise(Alarm::Recovered),
            Outcome::Halted(why) => self.routes.raise(Alarm::Halted(why)),
            Outcome::Damaged(why) => self.routes.raise(Alarm::Damaged(why)),
        }
    }

    fn tell_what_ails(&mut self) {
        if self.engine.ailing().len() == self.ailing.len() && self.ailing.is_empty() {
            return;
        }
        let ailing: Vec<String> = self.engine.ailing().iter().map(ToString::to_string).collect();
        if ailing != self.ailing {
            self.ailing.clone_from(&ailing);
            self.routes.raise(Alarm::Ailing(ailing));
        }
    }

    fn send(&mut self, consignment: Consignment) {
        self.under_way += 1;
        if let Err(back) = self.routes.send(consignment) {
            // Its mailbox has left the configuration meanwhile: it waits, and is tried again if that comes back.
            tracing::warn!(parcel = back.parcel.0, "no way out is configured for this mail any more");
            self.under_way -= 1;
            let nowhere = Delivery::Deferred { reply: "no way out is configured for this mail".to_owned() };
            let results = back.to.iter().map(|to| (to.clone(), nowhere.clone())).collect();
            self.events.push(Event::Delivered { parcel: back.parcel, results, refused_null_sender: false });
        }
    }

    fn answer_the_waiting(&mut self) {
        if self.under_way == 0 && self.engine.has_no_results_waiting() {
            if self.finish.is_some() {
                self.leave_footprint();
                self.closed = true;
            }
            if let Some(reply) = self.finish.take() {
                let _ = reply.send(());
            }
            if self.engine.is_through() {
                for reply in self.quiet.drain(..) {
                    let _ = reply.send(());
                }
            }
        }
    }

    fn wait(&self) -> Duration {
        if self.engine.is_reading() {
            return WATCH;
        }
        let Some(wake) = self.engine.next_wake() else { return IDLE };
        let seconds = wake.since(self.now().wall);
        match u64::try_from(seconds) {
            Ok(0) | Err(_) => BLOCKED,
            Ok(seconds) => Duration::from_secs(seconds).min(IDLE),
        }
    }

    fn rest(&mut self) {
        self.leave_footprint();
        if let Err(error) = self.engine.store().rest() {
            tracing::debug!("the database could not tidy up: {error}");
        }
    }

    /// Somebody read when that was tried last, or a command has erased somebody since.
    fn empty_log(&mut self) {
        if self.engine.store().is_log_to_be_emptied().unwrap_or(false) {
            self.rest();
        }
    }

    fn leave_footprint(&mut self) {
        if let Err(error) = self.engine.leave_footprint() {
            tracing::warn!("{error}");
        }
    }
}
