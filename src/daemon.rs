//! The daemon: an engine on a thread of its own, and the tasks that carry mail to and from it.
//!
//! The engine decides; nothing here knows what a ticket is. Every task may die and be started anew: what counts is in the database,
//! and whatever was under way is asked for again.

mod backoff;
mod desk;
mod folder;
mod heartbeat;
mod house;
mod imap;
mod intake;
mod log;
mod look_back;
mod maildir;
mod outlet;
mod pages;
mod sent;
mod systemd;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, interval_at, sleep, timeout};

use crate::config::{self, settings::Settings};
use crate::daemon::desk::{Alarm, Desk, Routes};
use crate::daemon::house::House;
use crate::daemon::imap::Report;
use crate::engine::clock::{self, Now};
use crate::engine::desk_dir::SIGNED_IN;
use crate::engine::vitals::accounts;
use crate::engine::{Engine, Event, OpenError, Post};
use crate::model::Time;
use crate::net::{Account, oauth};
use crate::store::DbErrorKind;

/// How `svar run` was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One full pass, then exit.
    pub once: bool,
    /// The time to go by, for replay and tests.
    pub now: Option<Time>,
}

/// What is in hand when SIGTERM comes may take so long to finish.
const LAST_WORDS: Duration = Duration::from_secs(8);
/// Once every mailbox is open, what lies in them comes in before digests are made.
const NIGHTS_MAIL: Duration = Duration::from_secs(60);
/// Certificates were seen by then.
const CERTIFICATES_FIRST: Duration = Duration::from_secs(30);
const CERTIFICATES_EVERY: Duration = Duration::from_secs(3600);
/// A mailbox that cannot be opened holds digests back no longer than this.
const DIGESTS_LATEST: Duration = Duration::from_secs(600);
/// Mails whose result is unknown wait so long for Sent to be asked.
const UNKNOWN_LONGEST: Duration = Duration::from_secs(60);

/// Why the daemon ends with exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("cannot start: {0}")]
    Start(#[from] std::io::Error),
    /// One pass could not reach everything; a sentence each.
    #[error("{}", .0.join("\nsvar: "))]
    Unreached(Vec<String>),
    #[error("sending is stopped: {0}. When that is put right, run `svar adopt`")]
    Halted(String),
    #[error(
        "{0}. Nothing more is done with it: look at it with `svar check --database`; the way back is `svar restore FILE` with the last good \
         backup, after which mail that is still in the mailboxes is read again"
    )]
    Damaged(String),
    #[error("the desk's thread has ended (a bug)")]
    Gone,
    #[error("stopped in the middle of the pass")]
    Stopped,
}

/// Runs the desk of `settings`, which were read from `settings_path`, until SIGTERM or SIGINT; with `once`, for one full pass.
///
/// # Errors
/// Another svar runs on the directory, the database is not at home, or a mailbox or an outlet could not be reached during the pass.
pub fn run(settings_path: &Path, settings: Arc<Settings>, options: Options) -> Result<(), RunError> {
    log::start();
    oauth::go_by(clock::now);
    let mut engine = Engine::open(Arc::clone(&settings), Post::Daemon).map_err(|error| match &error {
        OpenError::Store { source, .. } if source.database().is_some_and(|e| e.kind == DbErrorKind::Corrupt) => {
            RunError::Damaged(source.to_string())
        }
        _ => error.into(),
    })?;
    if options.now.is_some() {
        engine.erase_nothing();
    }
    for mailbox in settings.mailboxes.iter().filter(|m| m.trusted_authserv_id.is_none()) {
        tracing::info!(
            mailbox = mailbox.name,
            "trusted_authserv_id is not set: a signed address and the sender are all the proof of an agent"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .thread_stack_size(1 << 20)
        .thread_name("net")
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(settings_path, settings, engine, options));
    // Whatever still hangs on a server that is silent is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn serve(
    settings_path: &Path,
    settings: Arc<Settings>,
    engine: Engine,
    options: Options,
) -> Result<(), RunError> {
    let mut signals = Signals::listen()?;
    let (alarm, alarms) = unbounded_channel();
    let (report, reports) = unbounded_channel();
    let routes = Routes::new(alarm);
    let given = options.now.map(Now::given);
    let socket = engine.dir().socket();
    let database = engine.dir().database();
    let (desk, thread) = desk::open(engine, Arc::clone(&routes), clock::read, given)?;
    let mut house = House::new(settings, desk.clone(), routes, report, options.once, given);
    house.open().await;
    let poked = tokio::spawn(listen(socket.clone(), desk.clone(), house.signed_in.clone()));
    let ended = if options.once {
        tokio::select! {
            ended = pass(&mut house, alarms, reports) => ended,
            () = signals.stop() => Err(RunError::Stopped),
        }
    } else {
        stay(settings_path, &mut house, &mut signals, alarms, reports, database).await
    };
    systemd::stopping();
    poked.abort();
    let _ = std::fs::remove_file(&socket);
    tokio::select! {
        () = finish(&mut house, thread) => {}
        // Asked twice: at once.
        () = signals.stop() => {}
    }
    ended
}

/// Brings what is in hand to its end, for some seconds.
async fn finish(house: &mut House, thread: std::thread::JoinHandle<()>) {
    house.close();
    if timeout(LAST_WORDS, house.desk.finish()).await.is_err() {
        tracing::warn!("some mail is still under way; it is sent once more at the next start");
    } else {
        let ended = tokio::task::spawn_blocking(move || thread.join());
        let _ = timeout(Duration::from_secs(1), ended).await;
    }
    let _ = timeout(Duration::from_secs(1), house.say_goodbye()).await;
}

/// The daemon's life, until it is told to stop.
async fn stay(
    settings_path: &Path,
    house: &mut House,
    signals: &mut Signals,
    mut alarms: UnboundedReceiver<Alarm>,
    mut reports: UnboundedReceiver<Report>,
    database: PathBuf,
) -> Result<(), RunError> {
    let watchdog = tokio::spawn(watch(house.desk.clone()));
    let pages = tokio::spawn(pages::watch(database, Arc::clone(&house.routes)));
    let mut is_ready = false;
    let unknown = sleep(UNKNOWN_LONGEST);
    tokio::pin!(unknown);
    let mut asks_unknown = true;
    let digests = sleep(DIGESTS_LATEST);
    tokio::pin!(digests);
    let mut holds_digests = true;
    let mut certificates = interval_at(Instant::now() + CERTIFICATES_FIRST, CERTIFICATES_EVERY);
    let Signals { terminate, interrupt, hangup } = signals;
    let ended = loop {
        if !is_ready && house.all_open() {
            is_ready = true;
            eprintln!("ready");
            systemd::ready();
            digests.as_mut().reset(Instant::now() + NIGHTS_MAIL);
        }
        systemd::status(&house.status());
        tokio::select! {
            report = reports.recv() => if let Some(report) = report { house.note(report) },
            alarm = alarms.recv() => match alarm {
                Some(Alarm::Trouble(why)) => {
                    tracing::error!("nothing can be written down: {why}; mail stays where it is, and it is tried again");
                    house.trouble = Some(why);
                }
                Some(Alarm::Recovered) => {
                    tracing::info!("the database can be written again");
                    house.trouble = None;
                }
                Some(Alarm::Ailing(what)) => house.ailing = what,
                Some(Alarm::Halted(why)) => {
                    tracing::error!("sending is stopped: {why}");
                    break Err(RunError::Halted(why));
                }
                Some(Alarm::Damaged(why)) => {
                    tracing::error!("stopped: {why}");
                    break Err(RunError::Damaged(why));
                }
                Some(Alarm::Gone) | None => {
                    break Err(RunError::Gone);
                }
            },
            () = &mut unknown, if asks_unknown => {
                asks_unknown = false;
                house.send_unknown(None).await;
            }
            () = &mut digests, if holds_digests => {
                holds_digests = false;
                let _ = house.desk.ask(Engine::mailboxes_are_read).await;
            }
            _ = certificates.tick() => house.note_certificates(),
            _ = hangup.recv() => {
                systemd::reloading();
                reload(settings_path, house).await;
                systemd::ready();
            }
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
        }
    };
    tracing::info!("stopping");
    watchdog.abort();
    pages.abort();
    ended
}

/// Reads the configuration anew. A bad one is refused, and the old one kept.
async fn reload(settings_path: &Path, house: &mut House) {
    let path = settings_path.to_owned();
    let loaded = tokio::task::spawn_blocking(move || config::load(&path)).await;
    match loaded {
        Ok(Ok(settings)) => match house.change(Arc::new(settings)).await {
            Ok(()) => tracing::info!("the configuration was read again"),
            Err(why) => tracing::error!("the new configuration is refused, the old one stays: {why}"),
        },
        Ok(Err(mistakes)) => {
            for mistake in mistakes {
                tracing::error!("the new configuration is refused, the old one stays: {mistake}");
            }
        }
        Err(error) => tracing::error!("a bug: reading the configuration failed: {error}"),
    }
}

/// One full pass: every mailbox is read, everything is decided, what is due is sent, copies are kept.
async fn pass(
    house: &mut House,
    mut alarms: UnboundedReceiver<Alarm>,
    mut reports: UnboundedReceiver<Report>,
) -> Result<(), RunError> {
    let mut waiting: BTreeSet<String> = house.mailboxes_to_read();
    let mut failed = Vec::new();
    let desk = house.desk.clone();
    let all = async {
        while !waiting.is_empty() {
            match reports.recv().await {
                Some(Report::Passed { mailbox }) => {
                    waiting.remove(&mailbox);
                    house.note(Report::Passed { mailbox });
                }
                Some(Report::Closed { mailbox, why }) => {
                    waiting.remove(&mailbox);
                    house.note(Report::Closed { mailbox: mailbox.clone(), why: why.clone() });
                    failed.push(format!("the mailbox {mailbox} could not be read: {why}"));
                }
                Some(Report::Open { .. }) => {}
                None => break,
            }
        }
        house.send_unknown(None).await;
        desk.when_quiet().await.map_err(|_| RunError::Gone)
    };
    tokio::select! {
        through = all => through?,
        bad = bad_alarm(&mut alarms) => return Err(bad),
    }
    // Digests count the mail that this pass has brought.
    desk.ask(Engine::mailboxes_are_read).await.map_err(|_| RunError::Gone)?;
    desk.when_quiet().await.map_err(|_| RunError::Gone)?;
    house.keep_copies().await;
    desk.when_quiet().await.map_err(|_| RunError::Gone)?;
    failed.extend(house.broken.mailboxes().into_iter().map(|m| format!("mail of {m} could not be sent")));
    if failed.is_empty() { Ok(()) } else { Err(RunError::Unreached(failed)) }
}

/// The first alarm that makes a pass pointless.
async fn bad_alarm(alarms: &mut UnboundedReceiver<Alarm>) -> RunError {
    loop {
        match alarms.recv().await {
            Some(Alarm::Trouble(why)) => {
                return RunError::Unreached(vec![format!("nothing can be written down: {why}")]);
            }
            Some(Alarm::Halted(why)) => return RunError::Halted(why),
            Some(Alarm::Damaged(why)) => return RunError::Damaged(why),
            Some(Alarm::Gone) | None => return RunError::Gone,
            Some(Alarm::Recovered | Alarm::Ailing(_)) => {}
        }
    }
}

/// Tells systemd that we live, as long as the engine's thread answers.
async fn watch(desk: Desk) {
    let Some(interval) = systemd::watchdog_interval() else { return };
    loop {
        if desk.ask(|_| ()).await.is_err() {
            return;
        }
        systemd::alive();
        sleep(interval).await;
    }
}

/// One byte on the socket: another process has written something.
async fn listen(path: std::path::PathBuf, desk: Desk, signed_in: watch::Sender<u64>) {
    // Left behind by a daemon that was killed; we hold the lock.
    let _ = std::fs::remove_file(&path);
    let socket = match UnixDatagram::bind(&path) {
        Ok(socket) => socket,
        Err(error) => {
            tracing::warn!("no socket for commands ({error}): what they write is seen within a minute");
            return;
        }
    };
    // The directory is closed to others already; the socket does not rely on it.
    let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600));
    let mut bytes = [0; 8];
    while let Ok(length) = socket.recv(&mut bytes).await {
        let mut said: BTreeSet<u8> = bytes[..length].iter().copied().collect();
        while let Ok(length) = socket.try_recv(&mut bytes) {
            said.extend(&bytes[..length]);
        }
        if said.contains(&SIGNED_IN) {
            tracing::info!("somebody has signed in");
            signed_in.send_modify(|count| *count += 1);
            desk.run(after_sign_in);
        }
        desk.tell(vec![Event::Poked]);
    }
}

/// Mail that waited for somebody to sign in goes, and managers hear that it does.
fn after_sign_in(engine: &mut Engine) {
    let now = clock::now();
    let settings = Arc::clone(engine.settings());
    let lives_by_it = |(mailbox, account): (&str, &Account)| account.sign_in().map(|_| mailbox.to_owned());
    let mailboxes: Vec<String> = accounts(&settings).filter_map(lives_by_it).collect();
    if let Err(error) = engine.hurry(&mailboxes, now) {
        tracing::warn!("mail that waited for the sign-in is tried at its time: {error}");
    }
    engine.look_at_sign_ins(now);
}
