//! The mailboxes and outlets that the configuration names, as tasks; opened, closed and exchanged together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::config::settings::{self, After, Inlet, Mailbox, Mode, SentCopies, Settings};
use crate::daemon::desk::{Desk, Routes};
use crate::daemon::heartbeat;
use crate::daemon::imap::{self, Reader, Report};
use crate::daemon::maildir;
use crate::daemon::outlet::{Broken, Pool, THEIR_MOMENT};
use crate::daemon::sent::Errands;
use crate::engine::clock::{self, Now};
use crate::engine::desk_dir::DeskDir;
use crate::engine::vitals::accounts;
use crate::engine::{Engine, Event};
use crate::model::Time;
use crate::net::certificates;
use crate::plan::Route;
use crate::store::{Outlet, StoreError};

/// Copies into Sent may take so long at the end of a pass.
const COPIES_LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct House {
    pub settings: Arc<Settings>,
    pub desk: Desk,
    pub broken: Arc<Broken>,
    /// Why the database cannot be written at present.
    pub trouble: Option<String>,
    /// What else ails the desk, a sentence each.
    pub ailing: Vec<String>,
    pub routes: Arc<Routes>,
    /// Goes up whenever somebody has signed in.
    pub signed_in: watch::Sender<u64>,
    report: UnboundedSender<Report>,
    once: bool,
    given: Option<Now>,
    readers: Vec<JoinHandle<()>>,
    pools: Vec<Pool>,
    errands: BTreeMap<String, Arc<Errands>>,
    open: BTreeSet<String>,
}

impl House {
    #[must_use]
    pub fn new(
        settings: Arc<Settings>,
        desk: Desk,
        routes: Arc<Routes>,
        report: UnboundedSender<Report>,
        once: bool,
        given: Option<Now>,
    ) -> Self {
        Self {
            settings,
            desk,
            broken: Arc::default(),
            trouble: None,
            ailing: Vec::new(),
            routes,
            signed_in: watch::Sender::new(0),
            report,
            once,
            given,
            readers: Vec::new(),
            pools: Vec::new(),
            errands: BTreeMap::new(),
            open: BTreeSet::new(),
        }
    }

    /// Opens everything that the configuration names.
    pub async fn open(&mut self) {
        let settings = Arc::clone(&self.settings);
        self.open.clear();
        self.errands = settings.mailboxes.iter().map(|m| (m.name.clone(), Arc::default())).collect();
        self.open_outlets(&settings);
        for mailbox in &settings.mailboxes {
            if !asks_sent(mailbox) {
                self.send_unknown(Some(mailbox.name.clone())).await;
            }
            self.open_mailbox(mailbox);
        }
    }

    fn open_outlets(&mut self, settings: &Settings) {
        let mut channels = BTreeMap::new();
        for mailbox in &settings.mailboxes {
            let errands = self.errands(&mailbox.name);
            let notify = mailbox.notify_outlet.as_ref().unwrap_or(&mailbox.outlet);
            for (route, way) in [(Route::Mailbox, &mailbox.outlet), (Route::Notify, notify)] {
                let outlet = Outlet { mailbox: mailbox.name.clone(), route };
                let (pool, channel) = Pool::open(
                    outlet.clone(),
                    way.clone(),
                    host_name(mailbox),
                    self.desk.clone(),
                    Arc::clone(&self.broken),
                    Arc::clone(&errands),
                    self.signed_in.subscribe(),
                );
                channels.insert(outlet, channel);
                self.pools.push(pool);
            }
        }
        self.routes.set_outlets(channels);
        for pool in &self.pools {
            pool.announce();
        }
    }

    fn open_mailbox(&mut self, mailbox: &Mailbox) {
        let reader = Reader {
            mailbox: mailbox.name.clone(),
            desk: self.desk.clone(),
            routes: Arc::clone(&self.routes),
            report: self.report.clone(),
            errands: self.errands(&mailbox.name),
            marks_answered: mailbox.mark_answered && mailbox.mode == Mode::Desk,
            only_watches: mailbox.mode == Mode::Watch,
            copies: copies(mailbox),
            answers: self
                .settings
                .answers
                .folder
                .as_ref()
                .filter(|f| f.mailbox == mailbox.name)
                .map(|f| f.folder.clone()),
            once: self.once,
            limit_bytes: self.settings.limits.message_size_bytes,
            clock: clock::read,
            given: self.given,
            signed_in: self.signed_in.subscribe(),
            stuck: Arc::default(),
        };
        // What a mailbox that only watches says of `after` is for the day on which it is a desk.
        let after = |after: &After| if reader.only_watches { After::Keep } else { after.clone() };
        if let Some(heartbeat) = mailbox.beats().filter(|_| !self.once) {
            let beat = heartbeat::beat(mailbox.clone(), heartbeat, host_name(mailbox), self.desk.clone(), self.given);
            self.readers.push(tokio::spawn(beat));
        }
        match &mailbox.source {
            Inlet::Imap(imap) => {
                let imap = settings::Imap { after: after(&imap.after), ..imap.clone() };
                self.readers.push(tokio::spawn(imap::tend(reader, imap)));
            }
            Inlet::Maildir { path, after: wanted } => {
                let after = after(wanted);
                self.readers.push(tokio::spawn(maildir::tend(reader, path.clone(), after)));
            }
            Inlet::Pipe => {
                self.open.insert(mailbox.name.clone());
                self.looked_back(&mailbox.name);
            }
        }
    }

    /// A mailbox without a past that could be looked through is open: of a first watch managers are told what there is.
    fn looked_back(&self, mailbox: &str) {
        let by_imap = |m: &Mailbox| matches!(m.source, Inlet::Imap(_));
        if self.settings.mailbox(mailbox).is_some_and(|m| m.mode == Mode::Watch && !by_imap(m)) {
            self.write_down(mailbox.to_owned(), Engine::looked_back);
        }
    }

    fn errands(&self, mailbox: &str) -> Arc<Errands> {
        self.errands.get(mailbox).cloned().unwrap_or_default()
    }

    /// Stops reading, and sends nothing new. What is under way is still told.
    pub fn close(&mut self) {
        for reader in self.readers.drain(..) {
            reader.abort();
        }
        for pool in &self.pools {
            pool.retire();
        }
    }

    pub async fn say_goodbye(&mut self) {
        for pool in self.pools.drain(..) {
            pool.close().await;
        }
    }

    /// Takes another configuration. Connections are only given up if a mailbox has changed.
    ///
    /// # Errors
    /// It cannot be taken while the daemon runs, and why.
    pub async fn change(&mut self, settings: Arc<Settings>) -> Result<(), String> {
        if settings.desk.data_dir != self.settings.desk.data_dir {
            return Err("another data_dir needs a restart".to_owned());
        }
        let fresh = Arc::clone(&settings);
        let taken = self.desk.ask(move |engine| engine.set_settings(fresh)).await;
        taken.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let has_changed = format!("{:?}", settings.mailboxes) != format!("{:?}", self.settings.mailboxes)
            || settings.limits.message_size_bytes != self.settings.limits.message_size_bytes;
        self.settings = settings;
        if has_changed {
            self.close();
            self.desk.ask(crate::engine::Engine::forget_places).await.map_err(|e| e.to_string())?;
            self.say_goodbye().await;
            self.open().await;
        }
        Ok(())
    }

    /// Mails whose sending was cut off by a crash go out once more, without asking Sent.
    pub async fn send_unknown(&self, mailbox: Option<String>) {
        let unknown = self.desk.ask(move |engine| engine.unknown(mailbox.as_deref())).await;
        for consignment in unknown.unwrap_or_default() {
            tracing::info!(
                parcel = consignment.parcel.0,
                "the result of sending this mail was unknown; it is sent once more"
            );
            self.desk.tell(vec![Event::SendAgain { parcel: consignment.parcel }]);
        }
    }

    /// `--once`: lets the readers put copies into Sent and end.
    pub async fn keep_copies(&mut self) {
        let due = self.desk.ask(|engine| engine.store().read(|tx| tx.copies_due())).await;
        if due.is_ok_and(|due| due.is_ok_and(|due| !due.is_empty())) {
            sleep(THEIR_MOMENT).await;
        }
        for errands in self.errands.values() {
            errands.nudge.notify_one();
        }
        let readers = std::mem::take(&mut self.readers);
        let all = async {
            for reader in readers {
                let _ = reader.await;
            }
        };
        let _ = timeout(COPIES_LONGEST, all).await;
    }

    pub fn note(&mut self, report: Report) {
        let dir = DeskDir::at(&self.settings.desk.data_dir);
        match report {
            Report::Open { mailbox } | Report::Passed { mailbox } => {
                dir.note_mailbox(&mailbox, None);
                self.looked_back(&mailbox);
                if self.open.insert(mailbox.clone()) {
                    self.write_down(mailbox, Engine::mailbox_is_open);
                }
            }
            Report::Closed { mailbox, why } => {
                dir.note_mailbox(&mailbox, Some(&why));
                self.open.remove(&mailbox);
                self.write_down(mailbox, Engine::mailbox_is_closed);
            }
        }
    }

    /// Writes down until when the certificates are good that our servers have shown.
    pub fn note_certificates(&self) {
        let settings = Arc::clone(&self.settings);
        let now = self.given.unwrap_or_else(clock::read).wall;
        tokio::task::spawn_blocking(move || {
            let dir = DeskDir::at(&settings.desk.data_dir);
            for (_, account) in accounts(&settings) {
                if let Some(good_until) = certificates::good_until(account, now) {
                    dir.note_certificate(&account.host, account.port, good_until);
                }
            }
        });
    }

    /// Outages are figures: a digest tells of them.
    fn write_down(&self, mailbox: String, what: fn(&mut Engine, &str, Time) -> Result<(), StoreError>) {
        let now = self.given.unwrap_or_else(clock::read).wall;
        self.desk.run(move |engine| {
            if let Err(error) = what(engine, &mailbox, now) {
                tracing::warn!(mailbox, "whether it is read could not be written down: {error}");
            }
        });
    }

    #[must_use]
    pub fn all_open(&self) -> bool {
        self.settings.mailboxes.iter().all(|m| self.open.contains(&m.name))
    }

    #[must_use]
    pub fn mailboxes_to_read(&self) -> BTreeSet<String> {
        let read = self.settings.mailboxes.iter().filter(|m| !matches!(m.source, Inlet::Pipe));
        read.map(|m| m.name.clone()).collect()
    }

    /// One line for `systemctl status`.
    #[must_use]
    pub fn status(&self) -> String {
        let mut line = format!("{} of {} mailboxes open", self.open.len(), self.settings.mailboxes.len());
        let closed: Vec<&str> =
            self.settings.mailboxes.iter().map(|m| m.name.as_str()).filter(|m| !self.open.contains(*m)).collect();
        if !closed.is_empty() {
            line.push_str(&format!("; not read: {}", closed.join(", ")));
        }
        let broken = self.broken.mailboxes();
        if !broken.is_empty() {
            line.push_str(&format!("; mail cannot be sent: {}", broken.join(", ")));
        }
        if let Some(why) = &self.trouble {
            line.push_str(&format!("; nothing can be written down: {why}"));
        }
        for what in &self.ailing {
            line.push_str("; ");
            line.push_str(what);
        }
        line
    }
}

/// Whether this mailbox's Sent can tell if a mail went out.
fn asks_sent(mailbox: &Mailbox) -> bool {
    matches!(mailbox.source, Inlet::Imap(_))
}

/// The name by which we go in EHLO: this machine's, if it is a full one; else the mailbox's domain.
fn host_name(mailbox: &Mailbox) -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.contains('.') { name.to_owned() } else { mailbox.address.domain().to_owned() }
}

/// Who puts copies into the mailbox's Sent folder.
fn copies(mailbox: &Mailbox) -> imap::Copies {
    let wanted = match &mailbox.source {
        Inlet::Imap(imap) => imap.sent_copies,
        Inlet::Maildir { .. } | Inlet::Pipe => SentCopies::Never,
    };
    match wanted {
        SentCopies::Auto if mailbox.server_fills_sent() => imap::Copies::Theirs,
        SentCopies::Auto | SentCopies::Append => imap::Copies::Ours,
        SentCopies::Never => imap::Copies::Theirs,
    }
}
