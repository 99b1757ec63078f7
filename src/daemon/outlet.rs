//! Sends mail: a pool of connections for each way out, its patience with a server that is away, and the results.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::config::pace::Pace;
use crate::config::settings;
use crate::daemon::backoff::Backoff;
use crate::daemon::desk::Desk;
use crate::daemon::sent::Errands;
use crate::engine::clock;
use crate::engine::{Consignment, Event};
use crate::model::{Address, ParcelKind};
use crate::net::smtp::account_limit::reply_says_used_up;
use crate::net::smtp::{Connection, SmtpError};
use crate::net::stream::Timeouts;
use crate::net::{Account, Delivery, Wire, outdir, sendmail};
use crate::plan::Route;
use crate::store::Outlet;

/// A connection that nobody uses is closed after this.
const KEEP_OPEN: Duration = Duration::from_secs(30);
/// A server that is away (it restarts, say) is tried again after 1, 2, 4 and 8 seconds before the mail goes back to the queue.
const QUICK_TRIES: u32 = 4;
/// Servers that keep copies of what they send need a moment for it.
pub const THEIR_MOMENT: Duration = Duration::from_secs(3);
/// What a sendmail program may take.
const PROGRAM_LIMIT: Duration = Duration::from_secs(300);

/// A way out: where mail for it is sent to, and the news of whether it works.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outlet: Outlet,
    way: settings::Outlet,
    helo: String,
    desk: Desk,
    state: Mutex<State>,
    /// The daemon stops, or the configuration has another pool in this one's place.
    retired: watch::Sender<bool>,
    broken: Arc<Broken>,
    errands: Arc<Errands>,
    /// Changes whenever somebody has signed in.
    signed_in: watch::Receiver<u64>,
}

/// Outlets that do not work at present.
#[derive(Debug, Default)]
pub struct Broken(Mutex<BTreeSet<String>>);

impl Broken {
    fn set(&self, outlet: &Outlet) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(outlet.mailbox.clone())
    }

    fn clear(&self, outlet: &Outlet) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&outlet.mailbox);
    }

    /// The mailboxes whose mail cannot go out.
    #[must_use]
    pub fn mailboxes(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[derive(Debug)]
struct State {
    /// The connection used last is at the end.
    idle: Vec<(u64, Connection)>,
    /// Goes up with each connection that is laid down.
    laid_down: u64,
    backoff: Backoff,
    /// Somebody finds out whether the server is back; the other places are held back meanwhile.
    probing: bool,
    held_back: usize,
}

/// How one mail ended.
struct Ended {
    results: Vec<(Address, Delivery)>,
    refused_null_sender: bool,
    /// The outlet itself failed, not the mail.
    failed: Option<Failure>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    Passing,
    /// Login, certificate, secret: somebody must do something.
    Lasting,
    /// Somebody must sign in.
    SignedOut,
}

impl Pool {
    /// A pool and the channel that its mail comes through.
    pub fn open(
        outlet: Outlet,
        way: settings::Outlet,
        helo: String,
        desk: Desk,
        broken: Arc<Broken>,
        errands: Arc<Errands>,
        signed_in: watch::Receiver<u64>,
    ) -> (Self, UnboundedSender<Consignment>) {
        let name = format!("{} {:?}", outlet.mailbox, outlet.route);
        let state =
            State { idle: Vec::new(), laid_down: 0, backoff: Backoff::new(&name), probing: false, held_back: 0 };
        let shared = Arc::new(Shared {
            outlet,
            way,
            helo,
            desk,
            state: Mutex::new(state),
            retired: watch::Sender::new(false),
            broken,
            errands,
            signed_in,
        });
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(Arc::clone(&shared).take_in(receiver));
        (Self { shared }, sender)
    }

    /// Tells the desk how many places there are: from now on mail is claimed.
    pub fn announce(&self) {
        self.shared
            .desk
            .tell(vec![Event::Free(self.shared.outlet.clone(), places(&self.shared.way, self.shared.outlet.route))]);
    }

    /// Frees no places any more and is patient with nobody. What is under way is still told.
    pub fn retire(&self) {
        self.shared.retired.send_replace(true);
    }

    /// Says goodbye on every idle connection.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut self.shared.state().idle);
        for (_, connection) in idle {
            connection.quit().await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_retired(&self) -> bool {
        *self.retired.borrow()
    }

    /// Waits, but not beyond retirement.
    async fn pause(&self, time: Duration) {
        let mut retired = self.retired.subscribe();
        tokio::select! {
            () = sleep(time) => {}
            _ = retired.wait_for(|retired| *retired) => {}
        }
    }

    async fn take_in(self: Arc<Self>, mut mail: UnboundedReceiver<Consignment>) {
        while let Some(consignment) = mail.recv().await {
            let shared = Arc::clone(&self);
            tokio::spawn(shared.carry(consignment));
        }
    }

    /// One mail, from claim to result.
    async fn carry(self: Arc<Self>, consignment: Consignment) {
        let parcel = consignment.parcel;
        let mut signed_in = self.signed_in.clone();
        signed_in.mark_unchanged();
        // A panic of the driver must not leave the mail claimed for ever.
        let carrier = tokio::spawn({
            let (shared, consignment) = (Arc::clone(&self), consignment.clone());
            async move { shared.send(&consignment).await }
        });
        let ended = carrier.await.unwrap_or_else(|_| {
            let reply = "sending it failed (a bug in svar)".to_owned();
            Ended::all(&consignment.to, &Delivery::Deferred { reply }, Some(Failure::Passing))
        });
        let accepted = ended.results.iter().filter(|(_, d)| matches!(d, Delivery::Accepted { .. })).count();
        tracing::info!(
            parcel = parcel.0,
            kind = consignment.kind.as_str(),
            recipients = ended.results.len(),
            accepted,
            "mail handed over"
        );
        let mut events =
            vec![Event::Delivered { parcel, results: ended.results, refused_null_sender: ended.refused_null_sender }];
        let wait = self.after(ended.failed);
        if let Verdict::Free(places) = wait {
            events.push(Event::Free(self.outlet.clone(), places));
        }
        self.desk.tell(events);
        if accepted > 0 && matches!(consignment.kind, ParcelKind::Answer | ParcelKind::Bulk) {
            self.errands.answered(parcel);
        }
        if accepted > 0
            && (consignment.keep_in_sent || matches!(consignment.kind, ParcelKind::Answer | ParcelKind::Bulk))
        {
            let errands = Arc::clone(&self.errands);
            tokio::spawn(async move {
                sleep(THEIR_MOMENT).await;
                errands.nudge.notify_one();
            });
        }
        if let Verdict::FreeLater(delay) | Verdict::FreeSignedIn(delay) = wait {
            if matches!(wait, Verdict::FreeSignedIn(_)) {
                tokio::select! {
                    () = self.pause(delay) => {}
                    Ok(()) = signed_in.changed() => self.state().backoff.reset(),
                }
            } else {
                self.pause(delay).await;
            }
            self.state().probing = false;
            if !self.is_retired() {
                self.desk.tell(vec![Event::Free(self.outlet.clone(), 1)]);
            }
        }
    }

    /// What becomes of the place that the mail took.
    fn after(&self, failed: Option<Failure>) -> Verdict {
        if self.is_retired() {
            return Verdict::Gone;
        }
        let mut state = self.state();
        match failed {
            None => {
                state.backoff.reset();
                self.broken.clear(&self.outlet);
                Verdict::Free(1 + std::mem::take(&mut state.held_back))
            }
            Some(_) if state.probing => {
                state.held_back += 1;
                Verdict::Gone
            }
            Some(failure) => {
                state.probing = true;
                match failure {
                    Failure::Passing => Verdict::FreeLater(state.backoff.failed()),
                    Failure::Lasting => Verdict::FreeLater(state.backoff.refused()),
                    Failure::SignedOut => Verdict::FreeSignedIn(state.backoff.refused()),
                }
            }
        }
    }

    async fn send(self: &Arc<Self>, consignment: &Consignment) -> Ended {
        let wire =
            Wire { from: consignment.from.clone(), to: consignment.to.clone(), bytes: Arc::clone(&consignment.bytes) };
        match &self.way {
            settings::Outlet::Smtp { account, .. } => self.by_smtp(account, wire, consignment.from_else.as_ref()).await,
            settings::Outlet::Outdir { path } => {
                let (path, id, at) = (path.clone(), consignment.message_id.clone(), consignment.created_at);
                let to = wire.to.clone();
                let written = tokio::task::spawn_blocking(move || outdir::send(Path::new(&path), &wire, at, &id));
                self.settled(&to, written.await.ok())
            }
            settings::Outlet::Sendmail { command } => {
                let results = sendmail::send(command, &wire, PROGRAM_LIMIT).await;
                self.settled(&wire.to, Some(results))
            }
            settings::Outlet::Nowhere => {
                let reply = "this mailbox has no way out".to_owned();
                Ended::all(&wire.to, &Delivery::Refused { reply }, None)
            }
        }
    }

    /// A directory or program that takes nothing at all has failed itself.
    fn settled(&self, to: &[Address], results: Option<Vec<(Address, Delivery)>>) -> Ended {
        let Some(results) = results else {
            let reply = "writing it failed (a bug in svar)".to_owned();
            return Ended::all(to, &Delivery::Deferred { reply }, Some(Failure::Passing));
        };
        let reply = results.iter().find_map(|(_, d)| match d {
            Delivery::Deferred { reply } => Some(reply.clone()),
            _ => None,
        });
        let failed = reply.map(|reply| {
            self.say_once(&reply);
            Failure::Passing
        });
        Ended { results, refused_null_sender: false, failed }
    }

    async fn by_smtp(self: &Arc<Self>, account: &Account, mut wire: Wire, from_else: Option<&Address>) -> Ended {
        let mut tries = 0;
        let mut refused_null_sender = false;
        loop {
            let (connection, reused) = match self.take_idle() {
                Some(connection) => (Ok(connection), true),
                None => (Connection::connect(account, &self.helo, Timeouts::default()).await, false),
            };
            let error = match connection {
                Err(error) => error,
                Ok(mut connection) => {
                    let sent = connection.send(&wire).await;
                    self.lay_down(connection);
                    match sent {
                        Ok(results) => {
                            let failed = self.used_up(&results);
                            return Ended { results, refused_null_sender, failed };
                        }
                        // Laid down too long: the server has closed it, or says so now (421). A new one is no new try.
                        Err(
                            SmtpError::Network(_) | SmtpError::Refused { .. } | SmtpError::Sender { code: 421, .. },
                        ) if reused => {
                            continue;
                        }
                        Err(error) => error,
                    }
                }
            };
            match (&error, from_else) {
                (SmtpError::Sender { code, .. }, Some(or))
                    if *code >= 500 && wire.from.is_none() && !error.is_passing() =>
                {
                    wire.from = Some(or.clone());
                    refused_null_sender = true;
                    continue;
                }
                (SmtpError::Sender { code, text }, _) => {
                    let reply = format!("{code} {text}");
                    let fate =
                        if error.is_passing() { Delivery::Deferred { reply } } else { Delivery::Refused { reply } };
                    let all = Ended::all(&wire.to, &fate, None);
                    return Ended { refused_null_sender, failed: self.used_up(&all.results), ..all };
                }
                _ => {}
            }
            let text = format!("{}:{}: {error}", account.host, account.port);
            self.say_once(&text);
            if error.is_passing() && !error.is_crowded() && tries < QUICK_TRIES && !self.is_retired() {
                self.pause(Duration::from_secs(1 << tries)).await;
                tries += 1;
                continue;
            }
            if matches!(&error, SmtpError::SignIn(error) if error.needs_a_person()) {
                let now = clock::now();
                self.desk.run(move |engine| engine.look_at_sign_ins(now));
            }
            let failure = match &error {
                error if error.is_passing() => Failure::Passing,
                SmtpError::SignIn(_) | SmtpError::Auth { .. } if account.sign_in().is_some() => Failure::SignedOut,
                _ => Failure::Lasting,
            };
            return Ended {
                refused_null_sender,
                ..Ended::all(&wire.to, &Delivery::Deferred { reply: text }, Some(failure))
            };
        }
    }

    /// The account has sent all that it may for now: the mails behind this one would fare no better, and each try counts.
    fn used_up(&self, results: &[(Address, Delivery)]) -> Option<Failure> {
        let reply = results.iter().find_map(|(_, d)| match d {
            Delivery::Deferred { reply } if reply_says_used_up(reply) => Some(reply),
            _ => None,
        })?;
        self.say_once(&format!("the account may send no more for now: {reply}"));
        Some(Failure::Lasting)
    }

    /// The first failure is said, the ones that follow it are only counted.
    fn say_once(&self, text: &str) {
        if self.broken.set(&self.outlet) {
            tracing::warn!(mailbox = self.outlet.mailbox, "mail cannot be sent: {text}; it waits and is tried again");
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        self.state().idle.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection for the next mail, for a while.
    fn lay_down(self: &Arc<Self>, connection: Connection) {
        if !connection.is_usable() {
            return;
        }
        let mut state = self.state();
        state.laid_down += 1;
        let mark = state.laid_down;
        state.idle.push((mark, connection));
        drop(state);
        // Whoever takes it up and lays it down again starts another waiting.
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            sleep(KEEP_OPEN).await;
            let old = {
                let mut state = shared.state();
                let at = state.idle.iter().position(|(m, _)| *m == mark);
                at.map(|at| state.idle.remove(at))
            };
            if let Some((_, connection)) = old {
                connection.quit().await;
            }
        });
    }
}

/// Mails that may be under way at once: some providers count connections.
fn places(way: &settings::Outlet, route: Route) -> usize {
    const PLACES: usize = 4;
    match way {
        // Two pools, one for customers and one for agents, share what the provider allows.
        settings::Outlet::Smtp { account, .. } => match (Pace::of(account).connections, route) {
            (all, _) if all >= PLACES => all,
            (all, Route::Mailbox) => all.saturating_sub(1).max(1),
            (_, Route::Notify) => 1,
        },
        _ => PLACES,
    }
}

#[derive(Clone, Copy)]
enum Verdict {
    Free(usize),
    FreeLater(Duration),
    /// Later, or as soon as somebody has signed in.
    FreeSignedIn(Duration),
    Gone,
}

impl Ended {
    fn all(to: &[Address], fate: &Delivery, failed: Option<Failure>) -> Self {
        let results = to.iter().map(|to| (to.clone(), fate.clone())).collect();
        Self { results, refused_null_sender: false, failed }
    }
}
