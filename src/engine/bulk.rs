//! Bulks, a slice a batch: looked up, checked, shown, written into the outbox behind everything else, taken back, reported.
//!
//! What a slice has done and where its tickets stand is one transaction: a crash sends none twice and forgets none. Only as many mails
//! lie in the outbox as are sent soon; the rest are written when these are gone, each after a last look at its ticket.

use crate::desk::bulk::mails::{self, Shown};
use crate::desk::canned::Library;
use crate::desk::say::bulk::{BulkPage, BulkRefusal};
use crate::desk::{Rules, fingerprint};
use crate::engine::answers::Shelf;
use crate::engine::batch::{Batch, Done, fenced};
use crate::engine::{Engine, clocks};
use crate::model::{BulkNo, BulkState, BulkStep, ParcelState, TicketNo, Time};
use crate::plan::bulk::bulk_per_minute;
use crate::plan::{BulkFacts, BulkText, BulkTicket, Change, Clues, Findings, NewBulk};
use crate::store::{Blobs, Query, StoreError, Tx};

/// Tickets that are checked or written in one batch.
const SLICE: i64 = 50;
/// So many mails of one bulk lie in the outbox at most.
const WINDOW: i64 = 200;
/// A bulk reaches so many tickets at most.
pub const TICKETS_MAX: i64 = 20_000;
/// So many tickets are listed, of a kind.
const LISTED_MAX: i64 = 5000;
/// So many samples are shown, one a language.
const SAMPLES_MAX: i64 = 4;
/// A preview that nobody has answered is forgotten; its `#send` is void before.
const FORGET_S: i64 = 2 * Time::DAY;

/// What does not change from slice to slice.
pub(super) struct Ground<'a> {
    rules: Rules<'a>,
    /// Where codes are.
    shelf: &'a Shelf,
}

impl Batch<'_> {
    /// A step of each bulk that is under way. In doubt about the clock none is sent.
    pub(super) fn bulks(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        for bulk in tx.open_bulks()? {
            let sends = matches!(bulk.state, BulkState::Running);
            if sends && (done.doubt.is_some() || !self.may_send) {
                continue;
            }
            let ground = Ground { rules: self.rules(), shelf: self.shelf };
            match fenced(tx, |tx| advance(tx, &ground, &bulk, now))? {
                Some(moved) => done.more_is_due |= moved,
                None => {
                    tracing::error!(bulk = bulk.no.0, "a bug: a bulk cannot go on; it is stopped");
                    let why = "a bug".to_owned();
                    let state = if bulk.state == BulkState::Stopping { BulkState::Over } else { BulkState::Stopping };
                    tx.apply(&[Change::SetBulk { bulk: bulk.no, state, why, at: now }], &Blobs::new(), now)?;
                }
            }
        }
        Ok(())
    }
}

impl Engine {
    /// The canned answers in use; see [`Engine::refresh_answers`].
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Somebody at the shell wants a bulk; its number.
    ///
    /// # Errors
    /// A database error.
    pub fn want_bulk(&mut self, now: Time, wanted: impl FnOnce(BulkNo) -> NewBulk) -> Result<BulkNo, StoreError> {
        self.store.batch(|tx| {
            let no = tx.next().bulk;
            tx.apply(&[Change::NewBulk(Box::new(wanted(no)))], &Blobs::new(), now)?;
            Ok(no)
        })
    }

    /// Looks up and checks the tickets of a bulk that the shell wants, each slice in a transaction of its own, and says how it would
    /// look. `None`: there is no such bulk any more. One that cannot be is dropped and says why in [`BulkFacts::why`].
    ///
    /// # Errors
    /// A database error.
    pub fn prepare_bulk(&mut self, bulk: BulkNo, now: Time) -> Result<Option<BulkPage>, StoreError> {
        self.page_of_bulk(bulk, true, now)
    }

    /// A bulk as it is now.
    ///
    /// # Errors
    /// A database error.
    pub fn bulk_page(&mut self, bulk: BulkNo, now: Time) -> Result<Option<BulkPage>, StoreError> {
        self.page_of_bulk(bulk, false, now)
    }

    fn page_of_bulk(&mut self, bulk: BulkNo, goes_on: bool, now: Time) -> Result<Option<BulkPage>, StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let ground = Ground { rules, shelf: &self.shelf };
        loop {
            let page = self.store.batch(|tx| {
                let Some(facts) = tx.bulk(bulk)? else { return Ok(Some(None)) };
                if goes_on && matches!(facts.state, BulkState::Wanted | BulkState::Checked) {
                    advance(tx, &ground, &facts, now)?;
                    return Ok(None);
                }
                let shown = shown(tx, &facts)?;
                let found = findings(tx, &ground, &facts, &shown.samples, now)?;
                Ok(Some(Some(mails::page_of(&facts, &shown, &found, &ground.rules, now))))
            })?;
            if let Some(page) = page {
                return Ok(page);
            }
        }
    }

    /// A person at the shell has said so. The daemon is woken.
    ///
    /// # Errors
    /// A database error.
    pub fn set_bulk(&mut self, bulk: BulkNo, state: BulkState, why: &str, now: Time) -> Result<(), StoreError> {
        let change = Change::SetBulk { bulk, state, why: why.to_owned(), at: now };
        self.store.batch(|tx| {
            tx.apply(&[change], &Blobs::new(), now)?;
            if state == BulkState::Dropped { tx.forget_bulk(bulk) } else { Ok(()) }
        })?;
        self.look = true;
        self.dir.poke();
        Ok(())
    }
}

/// One step of a bulk. `false`: there is nothing to do for it now.
///
/// # Errors
/// A database error.
pub(super) fn advance(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    match bulk.state {
        BulkState::Wanted => look_up(tx, ground, bulk, now).map(|()| true),
        BulkState::Checked => check(tx, ground, bulk, now).map(|()| true),
        BulkState::Asked => forget(tx, bulk, now),
        BulkState::Running => run(tx, ground, bulk, now),
        BulkState::Stopping => stop(tx, ground, bulk, now),
        BulkState::Over | BulkState::Dropped => Ok(false),
    }
}

fn look_up(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<(), StoreError> {
    let query = || bulk.query.clone();
    let refusal = match Query::parse(&bulk.query) {
        Err(error) => Some(BulkRefusal::BadQuery(error.to_string())),
        Ok(parsed) if parsed.is_empty() => Some(BulkRefusal::BadQuery(query())),
        Ok(parsed) => match tx.fill_bulk(bulk, &parsed, now, TICKETS_MAX)? {
            0 => Some(BulkRefusal::Nothing { query: query() }),
            n if n > TICKETS_MAX => Some(BulkRefusal::TooMany { query: query(), n, most: TICKETS_MAX }),
            _ => None,
        },
    };
    let Some(refusal) = refusal else {
        let checked = Change::SetBulk { bulk: bulk.no, state: BulkState::Checked, why: String::new(), at: now };
        return tx.apply(&[checked], &Blobs::new(), now);
    };
    let found = tx.lookup(&Clues::default(), now)?;
    let changes = mails::refuse(bulk, &refusal, &found, &ground.rules, now);
    tx.apply(&changes, &Blobs::new(), now)
}

/// What is known of these tickets, words of notes in what they would be told included.
fn findings(
    tx: &mut Tx<'_>,
    ground: &Ground<'_>,
    bulk: &BulkFacts,
    rows: &[BulkTicket],
    now: Time,
) -> Result<Findings, StoreError> {
    let numbers = rows.iter().map(|r| r.ticket).collect();
    let mut found = tx.lookup(&Clues { numbers, canned: true, ..Clues::default() }, now)?;
    let gives_codes = |text: &BulkText| match text {
        BulkText::Canned { texts, .. } => texts.iter().any(|words| words.text.contains("code")),
        BulkText::Own { .. } => false,
    };
    if gives_codes(&bulk.text) {
        ground.shelf.find_codes(tx, usize::try_from(SLICE).unwrap_or_default(), &mut found)?;
    }
    let texts = mails::would_say(bulk, rows, &found, &ground.rules, now);
    let mut shingles: Vec<i64> = texts.iter().flat_map(|t| fingerprint::of_outgoing(t)).collect();
    shingles.sort_unstable();
    shingles.dedup();
    found.noted = tx.noted(&shingles)?;
    Ok(found)
}

fn check(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<(), StoreError> {
    let rows = tx.bulk_tickets(bulk.no, BulkStep::Found, TicketNo(0), SLICE)?;
    let changes = if rows.is_empty() {
        let Some(bulk) = tx.bulk(bulk.no)? else { return Ok(()) };
        let shown = shown(tx, &bulk)?;
        let found = findings(tx, ground, &bulk, &shown.samples, now)?;
        mails::show(&bulk, &shown, &found, &ground.rules, now)
    } else {
        let found = findings(tx, ground, bulk, &rows, now)?;
        mails::check(bulk, &rows, &found, &ground.rules, now)
    };
    tx.apply(&changes, &Blobs::new(), now)
}

/// What people are shown of it now.
///
/// # Errors
/// A database error.
pub(super) fn shown(tx: &mut Tx<'_>, bulk: &BulkFacts) -> Result<Shown, StoreError> {
    let mut samples = Vec::new();
    for (_, ticket) in tx.bulk_languages(bulk.no, SAMPLES_MAX)? {
        samples.extend(tx.bulk_tickets(bulk.no, BulkStep::Ready, TicketNo(ticket.0 - 1), 1)?);
    }
    Ok(Shown {
        ready: tx.bulk_lines(bulk.no, BulkStep::Ready, LISTED_MAX)?,
        joined: tx.bulk_lines(bulk.no, BulkStep::Joined, LISTED_MAX)?,
        left_out: tx.bulk_lines(bulk.no, BulkStep::LeftOut, LISTED_MAX)?,
        failed: tx.bulk_lines(bulk.no, BulkStep::Failed, LISTED_MAX)?,
        stopped: tx.bulk_lines(bulk.no, BulkStep::Stopped, LISTED_MAX)?,
        samples,
    })
}

fn forget(tx: &mut Tx<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    if now.since(bulk.created_at) < FORGET_S {
        return Ok(false);
    }
    let dropped = Change::SetBulk { bulk: bulk.no, state: BulkState::Dropped, why: "lapsed".to_owned(), at: now };
    tx.apply(&[dropped], &Blobs::new(), now)?;
    Ok(true)
}

fn run(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    let mut moved = look_again(tx, ground, bulk, now)?;
    moved |= follow(tx, ground, bulk, now)?;
    let queued = tx.bulk_count(bulk.no, BulkStep::Queued)?;
    let settings = ground.rules.settings;
    let per_minute = settings.mailbox(&bulk.mailbox).map_or(0, |m| m.pace(&settings.limits).mail_per_minute);
    let window = if per_minute > 0 { bulk_per_minute(per_minute).clamp(4, WINDOW) } else { WINDOW };
    let rows = tx.bulk_tickets(bulk.no, BulkStep::Ready, TicketNo(0), SLICE.min(window - queued).max(0))?;
    if !rows.is_empty() {
        let found = findings(tx, ground, bulk, &rows, now)?;
        let changes = mails::write(bulk, &rows, &found, &ground.rules, now);
        decided(tx, ground, &changes, now)?;
        return Ok(true);
    }
    let waits =
        queued > 0 || tx.bulk_count(bulk.no, BulkStep::Ready)? > 0 || tx.bulk_count(bulk.no, BulkStep::Joined)? > 0;
    if !moved && !waits {
        end(tx, ground, bulk, now)?;
        return Ok(true);
    }
    Ok(moved)
}

/// Mails that still lie in the outbox while their ticket has been answered, closed or otherwise changed.
fn look_again(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    let rows = tx.bulk_changed(bulk.no, SLICE)?;
    take_back(tx, ground, bulk, &rows, BulkStep::LeftOut, now)
}

fn take_back(
    tx: &mut Tx<'_>,
    ground: &Ground<'_>,
    bulk: &BulkFacts,
    rows: &[BulkTicket],
    step: BulkStep,
    now: Time,
) -> Result<bool, StoreError> {
    if rows.is_empty() {
        return Ok(false);
    }
    let numbers = rows.iter().map(|r| r.ticket).collect();
    let found = tx.lookup(&Clues { numbers, ..Clues::default() }, now)?;
    let changes = mails::take_back(bulk, rows, step, &found, &ground.rules, now);
    decided(tx, ground, &changes, now)?;
    Ok(true)
}

fn follow(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    let rows = tx.bulk_followers(bulk.no, SLICE)?;
    if rows.is_empty() {
        return Ok(false);
    }
    let numbers = rows.iter().map(|r| r.ticket).collect();
    let mut found = tx.lookup(&Clues { numbers, ..Clues::default() }, now)?;
    for message in rows.iter().filter_map(|r| r.message) {
        found.said.extend(tx.said(message)?.map(|said| (said.no, said)));
    }
    let changes = mails::follow(bulk, &rows, &found, &ground.rules, now);
    decided(tx, ground, &changes, now)?;
    Ok(true)
}

/// What has not left stays here; a mail that a connection has is waited for.
fn stop(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<bool, StoreError> {
    tx.stop_bulk(bulk.no)?;
    // What a restored outbox holds waits for a person's word, and is said in the report.
    let is_restored = bulk.why == "restored";
    if !is_restored {
        let mut rows = tx.bulk_tickets(bulk.no, BulkStep::Queued, TicketNo(0), WINDOW)?;
        rows.retain(|r| r.parcel_state.is_some_and(|s| matches!(s, ParcelState::Queued | ParcelState::Held)));
        if !rows.is_empty() {
            return take_back(tx, ground, bulk, &rows, BulkStep::Stopped, now);
        }
    }
    if follow(tx, ground, bulk, now)? {
        return Ok(true);
    }
    if !is_restored && tx.bulk_count(bulk.no, BulkStep::Queued)? > 0 {
        return Ok(false);
    }
    end(tx, ground, bulk, now)?;
    Ok(true)
}

fn end(tx: &mut Tx<'_>, ground: &Ground<'_>, bulk: &BulkFacts, now: Time) -> Result<(), StoreError> {
    let Some(bulk) = tx.bulk(bulk.no)? else { return Ok(()) };
    let shown = shown(tx, &bulk)?;
    let found = tx.lookup(&Clues { asks: bulk.ask.into_iter().collect(), ..Clues::default() }, now)?;
    let asked_at = found.asks.first().map(|a| a.created_at);
    let changes = mails::end(&bulk, &shown, asked_at, &found, &ground.rules, now);
    tx.apply(&changes, &Blobs::new(), now)
}

fn decided(tx: &mut Tx<'_>, ground: &Ground<'_>, changes: &[Change], now: Time) -> Result<(), StoreError> {
    tx.apply(changes, &Blobs::new(), now)?;
    clocks::follow(tx, ground.rules.settings, changes)?;
    ground.shelf.count_codes(tx, changes, &ground.rules, now)
}
