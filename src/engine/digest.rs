//! When digests are due, what they are made of, and that each goes out once.
//!
//! A digest is made outside of any batch: its figures are read in views of their own, and what is written down is its mail and the
//! row that remembers it, in one transaction. It waits until every mailbox has been looked at, so that a desk that was down
//! overnight counts the mail of the night; of several that were missed only the newest is made up for.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::civil::Date;

use crate::config::settings::{self, DigestAt, Manager, Settings};
use crate::desk::digest::Reader;
use crate::desk::{self, Rules};
use crate::engine::question::row_of;
use crate::engine::void::chain;
use crate::engine::{Engine, figures};
use crate::model::{Address, State, Time};
use crate::plan::{AttachmentRow, Clues, IncidentTally};
use crate::report::digest::{Digest, digest};
use crate::report::kind::{At, Days, Kind};
use crate::report::{ByAgent, IncidentLine, KeptOut, Matter, Told};
use crate::sla::clock::{Clock, ClockKind, ClockState, fold};
use crate::sla::figures::{Figures, History, Measures, Period, figures as count};
use crate::store::digests::DigestRow;
use crate::store::{Blobs, Store, StoreError};

/// What could not be made is tried again so much later.
const TRY_AGAIN_S: i64 = 5 * Time::MINUTE;
/// So many earlier digests are looked at for what has become of their figures.
const TOLD_MAX: i64 = 8;

/// Where the engine stands with digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digests {
    /// Every mailbox has been looked at, and it is this engine's task.
    pub(super) may: bool,
    /// When to look next.
    pub(super) next: Option<Time>,
}

/// One that is due.
struct Due {
    reader: Reader,
    kind: Kind,
    at: Time,
    days: Days,
}

/// A digest made at a person's word goes no other way than the others.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the mailbox {0} only watches: it writes to managers alone")]
    OnlyWatches(String),
}

impl Engine {
    /// Every mailbox has been looked at since the start: from now on digests are made when they are due.
    pub fn mailboxes_are_read(&mut self) {
        self.digests = Digests { may: true, next: Some(Time::default()) };
        self.rights_at = Some(Time::default());
    }

    /// The mailbox cannot be read from now on; what comes meanwhile waits unseen.
    ///
    /// # Errors
    /// A database error.
    pub fn mailbox_is_closed(&mut self, mailbox: &str, now: Time) -> Result<(), StoreError> {
        self.look_at_itself_later(now);
        self.store.batch(|tx| tx.outage_begins(mailbox, now))
    }

    /// It can be read again.
    ///
    /// # Errors
    /// A database error.
    pub fn mailbox_is_open(&mut self, mailbox: &str, now: Time) -> Result<(), StoreError> {
        self.store.batch(|tx| tx.outage_ends(mailbox, now))
    }

    /// When the next digest is due; in doubt about the clock none is.
    pub(super) fn next_digest(&self) -> Option<Time> {
        self.digests.next.filter(|_| self.digests.may && self.doubt.is_none())
    }

    /// Makes at most one digest; called when all that came is decided.
    pub(super) fn digests(&mut self, now: Time) {
        if self.next_digest().is_none_or(|at| at > now) || self.trouble.is_some() || self.halted.is_some() {
            return;
        }
        match self.one_digest(now) {
            Ok(true) => self.look = true,
            Ok(false) => self.digests.next = next_due(&self.settings, now),
            Err(error) => {
                tracing::error!("a digest could not be made and is tried again: {}", chain(&error));
                self.digests.next = Some(now.plus(TRY_AGAIN_S));
            }
        }
    }

    /// `false`: none is due.
    fn one_digest(&mut self, now: Time) -> Result<bool, StoreError> {
        let since = self.store.batch(|tx| match tx.digests_since()? {
            Some(since) => Ok(since),
            None => {
                tx.set_digests_since(now)?;
                Ok(now)
            }
        })?;
        let Some(due) = self.due_digest(now)? else { return Ok(false) };
        let settings = self.settings.clone();
        let told = self.told(&due)?;
        let store = &mut self.store;
        let made = catch_unwind(AssertUnwindSafe(|| {
            make(store, &settings, due.kind, due.days, &due.reader.mailboxes, &told, now)
        }));
        let made = made.unwrap_or_else(|_| Err(StoreError::Rejected("a bug: making a digest panicked".to_owned())))?;
        // The desk began after it was due: sent only if there is something to tell.
        let sends = due.at > since || made.1;
        self.keep(&due, &made.0, sends, now)?;
        tracing::info!(kind = due.kind.as_str(), sent = sends, "digest made");
        Ok(true)
    }

    /// The first digest that is due and was not made.
    fn due_digest(&mut self, now: Time) -> Result<Option<Due>, StoreError> {
        for due in all_due(&self.settings.clone(), now) {
            let last = self.store.read(|tx| tx.digests(&due.reader.address, due.kind.as_str(), 1))?;
            if last.first().is_none_or(|row| row.first_day < due.days.from.to_string()) {
                return Ok(Some(due));
            }
        }
        Ok(None)
    }

    fn told(&mut self, due: &Due) -> Result<Vec<Told>, StoreError> {
        let rows = self.store.read(|tx| tx.digests(&due.reader.address, due.kind.as_str(), TOLD_MAX))?;
        let told = rows.iter().rev().filter(|r| r.parcel.is_some()).filter_map(|row| {
            Some(Told {
                from: row.first_day.parse().ok()?,
                to: row.last_day.parse().ok()?,
                within: usize::try_from(row.within).ok()?,
                of: usize::try_from(row.counted).ok()?,
            })
        });
        Ok(told.collect())
    }

    /// The mail and the row that remembers it, or the row alone.
    fn keep(&mut self, due: &Due, made: &Digest, sends: bool, now: Time) -> Result<(), StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.store.batch(|tx| {
            let parcel = if sends { enqueue(tx, &due.reader, made, &rules, now)? } else { None };
            let row = DigestRow {
                first_day: due.days.from.to_string(),
                last_day: due.days.to.to_string(),
                made_at: now,
                parcel,
                within: count(made.told.within),
                counted: count(made.told.of),
            };
            tx.remember_digest(&due.reader.address, due.kind.as_str(), &row)
        })
    }

    /// Makes a digest now and puts it into the outbox, beside those that come by themselves.
    ///
    /// # Errors
    /// The database's; a mailbox that may not send it.
    pub fn send_digest(&mut self, kind: Kind, reader: &Reader, now: Time) -> Result<Digest, DigestError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let today = today(&settings, now);
        let (made, _) = make(&mut self.store, &settings, kind, kind.covers(today), &reader.mailboxes, &[], now)?;
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let parcel = self.store.batch(|tx| enqueue(tx, reader, &made, &rules, now))?;
        self.look = true;
        self.dir.poke();
        match parcel {
            Some(_) => Ok(made),
            None => Err(DigestError::OnlyWatches(reader.mailboxes.first().cloned().unwrap_or_default())),
        }
    }
}

fn enqueue(
    tx: &mut crate::store::Tx<'_>,
    reader: &Reader,
    made: &Digest,
    rules: &Rules<'_>,
    now: Time,
) -> Result<Option<crate::model::ParcelNo>, StoreError> {
    let found = tx.lookup(&Clues::default(), now)?;
    let (mut blobs, mut rows) = (Blobs::new(), Vec::new());
    for (row, bytes) in attachments(made) {
        blobs.insert(row.sha256.clone(), bytes);
        rows.push(row);
    }
    let page = desk::say::Page { subject: made.subject.clone(), text: made.text(), html: made.html() };
    let (changes, parcel) = desk::digest::digest(reader, page, rows, &found, rules, now);
    tx.apply(&changes, &blobs, now)?;
    Ok(parcel)
}

/// Its pictures and its CSV, each with its bytes.
pub(super) fn attachments(made: &Digest) -> Vec<(AttachmentRow, &[u8])> {
    let picture = |p: &'_ crate::report::page::Picture| {
        row_of(format!("{}.png", p.name), "image/png", Some(p.content_id()), &p.png)
    };
    let csv = (row_of(made.csv_name.clone(), "text/csv", None, &made.csv), made.csv.as_slice());
    made.pictures().map(|p| (picture(p), p.png.as_slice())).chain([csv]).collect()
}

fn at(at: DigestAt) -> At {
    At { day: at.day, minute: at.minute }
}

fn today(settings: &Settings, now: Time) -> Date {
    now.timestamp().to_zoned(settings.desk.time_zone.clone()).date()
}

/// Each manager's digests, and when they are made.
fn wanted<'a>(settings: &'a Settings) -> impl Iterator<Item = (&'a Manager, Kind, At)> {
    let time = |kind: Kind| match kind {
        Kind::Daily => settings.digest.daily,
        Kind::Weekly => settings.digest.weekly,
        Kind::Monthly => settings.digest.monthly,
    };
    let of = move |manager: &'a Manager| {
        let kinds = Kind::ALL.iter().filter(|k| manager.digests.iter().any(|d| d == k.as_str()));
        kinds.filter_map(move |k| Some((manager, *k, at(time(*k)?))))
    };
    settings.managers.iter().filter(|m| !m.mailboxes.is_empty()).flat_map(of)
}

fn zone<'a>(manager: &'a Manager, settings: &'a Settings) -> &'a jiff::tz::TimeZone {
    manager.time_zone.as_ref().unwrap_or(&settings.desk.time_zone)
}

/// Of each manager and kind the newest whose time has come.
fn all_due(settings: &Settings, now: Time) -> Vec<Due> {
    let due = |(manager, kind, at): (&Manager, Kind, At)| {
        let due_at = kind.due_before(at, zone(manager, settings), now)?;
        let reader = Reader {
            name: manager.name.clone(),
            address: manager.addresses.first()?.clone(),
            mailboxes: manager.mailboxes.clone(),
        };
        Some(Due { reader, kind, at: due_at, days: kind.covers(today(settings, due_at)) })
    };
    wanted(settings).filter_map(due).collect()
}

fn next_due(settings: &Settings, now: Time) -> Option<Time> {
    wanted(settings).filter_map(|(manager, kind, at)| kind.due_after(at, zone(manager, settings), now)).min()
}

/// When a manager gets the next digest that he has ordered.
#[must_use]
pub fn first_digest(manager: &Manager, settings: &Settings, now: Time) -> Option<Time> {
    let his = next_digests(settings, now).into_iter().filter(|(m, ..)| m.addresses == manager.addresses);
    his.map(|(_, _, at)| at).min()
}

/// The next digest of each kind that each manager has ordered, the first to come first.
#[must_use]
pub fn next_digests(settings: &Settings, now: Time) -> Vec<(&Manager, Kind, Time)> {
    let next = |(m, kind, at): (_, Kind, At)| Some((m, kind, kind.due_after(at, zone(m, settings), now)?));
    let mut all: Vec<_> = wanted(settings).filter_map(next).collect();
    all.sort_by_key(|(_, _, at)| *at);
    all
}

/// The first digest that is due and was not made, and since when; `None` too before it was first looked.
///
/// # Errors
/// A database error.
pub fn overdue(store: &mut Store, settings: &Settings, now: Time) -> Result<Option<(Kind, Time)>, StoreError> {
    store.read(|tx| {
        let Some(since) = tx.digests_since()? else { return Ok(None) };
        for due in all_due(settings, now).iter().filter(|d| d.at > since) {
            let last = tx.digests(&due.reader.address, due.kind.as_str(), 1)?;
            if last.first().is_none_or(|row| row.first_day < due.days.from.to_string()) {
                return Ok(Some((due.kind, due.at)));
            }
        }
        Ok(None)
    })
}

/// The figures of some days, as a digest of them shows them.
///
/// # Errors
/// A database error.
pub fn figures_of(
    store: &mut Store,
    settings: &Settings,
    days: Days,
    mailboxes: &[String],
    now: Time,
) -> Result<Figures, StoreError> {
    let measures = measures(store, settings, mailboxes, days, now)?;
    let source = Source { settings, mailboxes, measures, mystery: settings.mystery.clone(), now };
    let histories = source.histories(store, days)?;
    Ok(source.count(&histories, days))
}

/// A digest of some days, and whether anything is known of them.
///
/// # Errors
/// A database error.
pub fn make(
    store: &mut Store,
    settings: &Settings,
    kind: Kind,
    days: Days,
    mailboxes: &[String],
    told: &[Told],
    now: Time,
) -> Result<(Digest, bool), StoreError> {
    let one = |text: Date| text.tomorrow().unwrap_or(text);
    let desk_zone = &settings.desk.time_zone;
    let today = today(settings, now).max(one(days.to));
    let stretch = kind.stretch(days);
    let past = kind.year_before(days);
    let measures = measures(store, settings, mailboxes, Days { from: stretch.from, to: today }, now)?;
    let source = Source { settings, mailboxes, measures, mystery: settings.mystery.clone(), now };
    let recent = source.histories(store, Days { from: stretch.from, to: today })?;
    let of_recent = |days: Days| source.count(&recent, days);
    let (this, before, stretch) = (of_recent(days), of_recent(kind.before(days)), of_recent(stretch));
    let since = of_recent(Days { from: one(days.to), to: today });
    let year_before = source.count(&source.histories(store, past)?, past);
    let (from, to) = source.period(days).bounds();
    let (robots, bounces) = store.read(|tx| tx.kept_out(from, to, mailboxes))?;
    let names: BTreeMap<_, _> = settings.agents.iter().map(|a| (a.address().clone(), a.name.clone())).collect();
    let is_theirs = |n: &settings::Notice| mailboxes.iter().any(|m| n.scope.holds(m));
    let held = settings.notices.iter().filter(|n| n.is_current(today) && is_theirs(n));
    let notices: Vec<String> = held.map(|n| n.text.clone()).collect();
    let is_known = this.tickets.opened + this.tickets.closed + this.clocks.len() > 0
        || this.by_day.iter().any(|d| d.answers + d.customer_messages > 0);
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let incidents = incidents(store, mailboxes, from, to.max(now))?;
    let made = digest(&Matter {
        kind,
        desk: &settings.desk.name,
        language: &settings.desk.language,
        zone: desk_zone,
        now,
        this: &this,
        before: &before,
        year_before: &year_before,
        stretch: &stretch,
        since: &since,
        waiting_past_target: source.past_target(&recent),
        told,
        names: &names,
        notices: &notices,
        incidents: &incidents,
        kept_out: KeptOut { robots: count(robots), bounces: count(bounces) },
        by_agent: match settings.digest.by_agent {
            settings::ByAgent::Counts => ByAgent::Counts,
            settings::ByAgent::Full => ByAgent::Full,
            settings::ByAgent::None => ByAgent::None,
        },
    });
    Ok((made, is_known))
}

/// The incidents of some mailboxes that were on between two times, as they stand.
fn incidents(store: &mut Store, mailboxes: &[String], from: Time, to: Time) -> Result<Vec<IncidentLine>, StoreError> {
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let tallies = store.read(|tx| tx.incident_tallies(from, to))?;
    let theirs = tallies.into_iter().filter(|t| t.incident.mailboxes.iter().any(|m| mailboxes.contains(m)));
    let line = |t: IncidentTally| IncidentLine {
        linked: count(t.linked),
        answered: count(t.answered),
        replied: count(t.replied),
        waiting: count(t.waiting),
        from: t.incident.started_at,
        until: t.incident.ended_at,
        name: t.incident.name,
    };
    Ok(theirs.map(line).collect())
}

/// Where figures come from: some mailboxes, as at one time.
struct Source<'a> {
    settings: &'a Settings,
    mailboxes: &'a [String],
    measures: Measures,
    mystery: BTreeSet<Address>,
    now: Time,
}

impl Source<'_> {
    fn period(&self, days: Days) -> Period {
        Period { from: days.from, to: days.to, zone: self.settings.desk.time_zone.clone() }
    }

    fn one_mailbox(&self) -> Option<&str> {
        // One of one is all of them, and so is called.
        self.mailboxes
            .first()
            .filter(|_| self.mailboxes.len() == 1 && self.settings.mailboxes.len() > 1)
            .map(String::as_str)
    }

    fn histories(&self, store: &mut Store, days: Days) -> Result<Vec<History>, StoreError> {
        let mut all = figures::histories(store, &self.period(days), self.one_mailbox(), &self.mystery)?;
        all.retain(|h| self.mailboxes.contains(&h.mailbox));
        Ok(all)
    }

    /// How many of these tickets wait for an answer past its target.
    fn past_target(&self, histories: &[History]) -> usize {
        let waits = |h: &&History| {
            let Some(measure) = self.measures.mailboxes.get(&h.mailbox) else { return false };
            let clocks = fold(&h.steps, &measure.calendar, measure.targets_of(h.priority), self.now);
            let is_late = |c: &Clock| c.kind != ClockKind::Resolution && c.state == ClockState::Breached;
            clocks.iter().any(|c| is_late(c) && c.is_unanswered())
        };
        let is_live = |h: &&History| matches!(h.state, State::Open | State::Pending | State::Held);
        histories.iter().filter(|h| !h.mystery).filter(is_live).filter(waits).count()
    }

    fn count(&self, histories: &[History], days: Days) -> Figures {
        count(histories, &self.period(days), self.one_mailbox(), &self.measures, self.now)
    }
}

/// What is measured by, of some mailboxes and days.
fn measures(
    store: &mut Store,
    settings: &Settings,
    mailboxes: &[String],
    days: Days,
    now: Time,
) -> Result<Measures, StoreError> {
    let period = Period { from: days.from, to: days.to, zone: settings.desk.time_zone.clone() };
    let mut measures = figures::measures(store, settings, &period, now)?;
    measures.mailboxes.retain(|name, _| mailboxes.contains(name));
    measures.outages.retain(|o| mailboxes.contains(&o.mailbox));
    Ok(measures)
}
