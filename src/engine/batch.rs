//! One batch: everything that is decided and kept between BEGIN and COMMIT.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::config::settings::{self, NullSender, Settings};
use crate::desk::sign::Key;
use crate::desk::{self, Rules};
use crate::engine::clock::{self, Clock, Doubt, Now};
use crate::engine::desk_dir::Footprint;
use crate::engine::event::{Consignment, CustodyKey, Finished, Intake, Outcome, Waiting};
use crate::engine::in_flight::{self, InFlight};
use crate::engine::reader::{Job, ReadFailure};
use crate::engine::void::chain;
use crate::engine::{BATCH_MS, Engine, home};
use crate::mail::letter::Letter;
use crate::model::{Address, Channel, LetterNo, ParcelNo, Priority, RecipientState, Time};
use crate::net::Delivery;
use crate::plan::{Change, Clues, Envelope, Fate, Route, Sender};
use crate::store::custody::TRIES_OF_A_MISSING_LETTER;
use crate::store::{Arrival, Blobs, Claimed, Kept, Limits, Outlet, StoreError, Tx};

/// A letter that was read (or was to be read) so often without a result is set aside.
const ATTEMPTS_MAX: i64 = 2;
/// A process may die for other reasons than the letter that it was reading; then once more is allowed.
const DEATHS_MAX: i64 = 3;
/// Tickets that time moves in one batch.
const DUE_MAX: i64 = 50;

/// Letters in custody that are to be read and are not in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Backlog {
    Empty,
    /// They are picked up as soon as there is room.
    Some,
    /// The oldest has failed before: it is picked up when nothing else is being read, so that it alone is to blame if the process dies.
    Alone,
}

/// What a batch is to be made of: so many of the first that wait.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) results: usize,
    pub(super) letters: Vec<LetterNo>,
    pub(super) intake: usize,
    /// Look for letters in custody that nobody reads.
    pub(super) pick_up: bool,
    /// Look for parcels that are due.
    pub(super) claim: bool,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.items() == 0 && !self.pick_up && !self.claim
    }

    /// Things that can be at fault if the batch fails.
    pub(super) fn items(&self) -> usize {
        self.results + self.letters.len() + self.intake
    }
}

/// What a batch came to. Nothing of it may be used unless it was committed.
#[derive(Debug)]
pub struct Done {
    pub(super) clock: Clock,
    pub(super) doubt: Option<Doubt>,
    pub(super) results: usize,
    /// No longer in flight: decided, or to be read once more.
    pub(super) decided: Vec<LetterNo>,
    pub(super) intake: usize,
    pub(super) custody: Vec<Outcome>,
    pub(super) to_read: Vec<(Job, in_flight::Waiting)>,
    pub(super) backlog: Backlog,
    pub(super) send: Vec<Consignment>,
    pub(super) next_due: Option<Time>,
    /// Time has moved tickets, and may move more.
    pub(super) more_is_due: bool,
    pub(super) halted: Option<String>,
    pub(super) footprint: Option<Footprint>,
    pub(super) verdicts: Vec<Verdict>,
}

/// What became of a letter, for the log: numbers and words only.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) letter: LetterNo,
    pub(super) fate: &'static str,
    pub(super) ticket: Option<i64>,
}

/// What a batch looks at. Nothing here changes before COMMIT.
pub(super) struct Batch<'a> {
    settings: &'a Settings,
    key: &'a Key,
    waiting: &'a Waiting,
    flight: &'a InFlight,
    free: &'a BTreeMap<Outlet, usize>,
    clock: Clock,
    backlog: Backlog,
    may_send: bool,
}

impl Engine {
    pub(super) fn commit(&mut self, now: Now, plan: &Plan) -> Result<Done, StoreError> {
        let batch = Batch {
            settings: &self.settings,
            key: &self.key,
            waiting: &self.waiting,
            flight: &self.flight,
            free: &self.free,
            clock: self.clock,
            backlog: self.backlog,
            may_send: self.halted.is_none() && self.sends,
        };
        self.store.batch(|tx| batch.run(tx, now, plan))
    }

    /// What the last holder of the lock had in hand when it died.
    pub(super) fn claimed_at_start(&mut self) -> Result<Vec<Consignment>, StoreError> {
        let settings = &self.settings;
        self.store.batch(|tx| {
            let claimed = tx.claimed_at_start()?;
            claimed.into_iter().map(|c| consign(tx, settings, c)).collect()
        })
    }
}

/// Milliseconds that the process has run, for the bounds of a batch. No decision hangs on it.
fn uptime_ms() -> i64 {
    clock::read().uptime_ms.unwrap_or(0)
}

impl Batch<'_> {
    fn run(&self, tx: &mut Tx<'_>, reading: Now, plan: &Plan) -> Result<Done, StoreError> {
        let until_ms = uptime_ms() + BATCH_MS;
        let mut clock = self.clock;
        let last = Some(tx.last_now()).filter(|t| t.unix() > 0);
        let judged = clock.judge(reading, last);
        let now = judged.now;
        tx.set_last_now(now);
        let mut done = Done {
            clock,
            doubt: judged.doubt,
            results: 0,
            decided: Vec::new(),
            intake: 0,
            custody: Vec::new(),
            to_read: Vec::new(),
            backlog: if plan.pick_up { Backlog::Empty } else { self.backlog },
            send: Vec::new(),
            next_due: None,
            more_is_due: false,
            halted: None,
            footprint: None,
            verdicts: Vec::new(),
        };
        for result in self.waiting.results.iter().take(plan.results) {
            self.finish(tx, result, now)?;
            done.results += 1;
        }
        if plan.claim && done.doubt.is_none() {
            self.time(tx, now, &mut done)?;
        }
        for &letter in &plan.letters {
            self.letter(tx, letter, now, &mut done)?;
            if uptime_ms() >= until_ms {
                break;
            }
        }
        if plan.pick_up {
            self.pick_up(tx, now, &mut done)?;
        }
        for intake in self.waiting.intake.iter().take(plan.intake) {
            self.take_in(tx, intake, now, &mut done)?;
            done.intake += 1;
            if uptime_ms() >= until_ms {
                break;
            }
        }
        if plan.claim && self.may_send && done.halted.is_none() {
            self.claim(tx, now, &mut done)?;
        }
        if plan.claim {
            done.next_due = tx.next_wake(now, &self.close_pending_s())?;
        }
        done.footprint = Some(home::footprint(tx));
        Ok(done)
    }

    fn rules(&self) -> Rules<'_> {
        Rules { settings: self.settings, key: self.key }
    }

    // ---- results ----------------------------------------------------------------------------------------------------

    fn finish(&self, tx: &mut Tx<'_>, result: &Finished, now: Time) -> Result<(), StoreError> {
        match result {
            Finished::SentCopy { parcel } => tx.copy_kept(*parcel, now),
            Finished::Delivered { parcel, results, refused_null_sender } => {
                let decided = fenced(tx, |tx| self.delivered(tx, *parcel, results, *refused_null_sender, now))?;
                if decided.is_none() {
                    // The mail is out or refused all the same: this must be known, or it goes out again.
                    tracing::error!(
                        parcel = parcel.0,
                        "a bug: judging the result of sending failed; it is only recorded"
                    );
                    let bare = bare_results(*parcel, results);
                    fenced(tx, |tx| tx.apply(&bare, &Blobs::new(), now))?;
                }
                Ok(())
            }
        }
    }

    fn delivered(
        &self,
        tx: &mut Tx<'_>,
        parcel: ParcelNo,
        results: &[(Address, Delivery)],
        refused_null_sender: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        let findings = tx.delivery(parcel)?;
        let mut changes = desk::delivered(&findings, results, &self.rules(), now);
        if refused_null_sender {
            changes.push(Change::NullSenderRefused { mailbox: findings.parcel.mailbox.clone() });
        }
        tx.apply(&changes, &Blobs::new(), now)
    }

    // ---- time -------------------------------------------------------------------------------------------------------

    /// After how many seconds an answered ticket may close by itself: the shortest of the targets that a mailbox can have.
    fn close_pending_s(&self) -> BTreeMap<String, i64> {
        let shortest = |mailbox: &settings::Mailbox| {
            let slas = Priority::ALL.iter().filter_map(|p| self.settings.sla_of(mailbox, *p));
            slas.filter_map(|sla| sla.close_pending_s).min()
        };
        self.settings.mailboxes.iter().filter_map(|m| Some((m.name.clone(), shortest(m)?))).collect()
    }

    fn time(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let findings = tx.due(now, &self.close_pending_s(), DUE_MAX)?;
        if findings.tickets.is_empty() {
            return Ok(());
        }
        let changed = fenced(tx, |tx| {
            let changes = desk::due(&findings, &self.rules(), now);
            tx.apply(&changes, &Blobs::new(), now)?;
            Ok(!changes.is_empty())
        })?;
        match changed {
            Some(changed) => done.more_is_due = changed,
            None => tracing::error!("a bug: judging tickets whose time has come failed"),
        }
        Ok(())
    }

    // ---- decisions --------------------------------------------------------------------------------------------------

    fn letter(&self, tx: &mut Tx<'_>, no: LetterNo, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let Some(waiting) = self.flight.get(no) else { return Ok(()) };
        done.decided.push(no);
        // Whoever piped a letter in decides on it by himself, and may have been quicker.
        if waiting.envelope.channel == Channel::Pipe && !is_undecided(tx, no)? {
            return Ok(());
        }
        let failure = match &waiting.reading {
            Some(Ok(letter)) => match fenced(tx, |tx| self.decide(tx, letter, &waiting.envelope, now))? {
                Some((verdict, halted)) => {
                    done.verdicts.push(verdict);
                    done.halted = done.halted.take().or(halted);
                    return Ok(());
                }
                None => ReadFailure::Panicked,
            },
            Some(Err(failure)) => *failure,
            None => return Ok(()),
        };
        if waiting.attempts >= ATTEMPTS_MAX || failure == ReadFailure::Damaged {
            return self.set_aside(tx, &waiting.envelope, failure, now, done);
        }
        tracing::warn!(letter = no.0, attempt = waiting.attempts, "{}; it is tried once more", failure.as_str());
        done.backlog = Backlog::Alone;
        Ok(())
    }

    fn decide(
        &self,
        tx: &mut Tx<'_>,
        letter: &Letter,
        envelope: &Envelope,
        now: Time,
    ) -> Result<(Verdict, Option<String>), StoreError> {
        let rules = self.rules();
        let clues = desk::clues(letter, envelope, &rules);
        let findings = tx.lookup(&clues, now)?;
        let changes = desk::decide(letter, envelope, &findings, &rules, now);
        let blobs = letter.attachments.iter().map(|a| (a.sha256.clone(), a.data.as_slice())).collect();
        tx.apply(&changes, &blobs, now)?;
        let halted = changes.iter().find_map(|c| match c {
            Change::Halt { why } => Some(why.clone()),
            _ => None,
        });
        Ok((verdict(envelope.letter, &changes), halted))
    }

    /// A letter that could not be read becomes a ticket that says so, and is kept whole in quarantine.
    fn set_aside(
        &self,
        tx: &mut Tx<'_>,
        envelope: &Envelope,
        failure: ReadFailure,
        now: Time,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        let no = envelope.letter;
        let raw = match tx.raw(no) {
            Err(StoreError::Damaged(_)) => Vec::new(),
            raw => raw?,
        };
        let verdict = fenced(tx, |tx| {
            let rules = self.rules();
            let (from, subject) = outside(&raw);
            let people = from.as_deref().and_then(Address::parse).into_iter().collect();
            let findings = tx.lookup(&Clues { people, ..Clues::default() }, now)?;
            let changes =
                desk::unreadable(envelope, from.as_deref(), &subject, failure.as_str(), &findings, &rules, now);
            tx.apply(&changes, &Blobs::new(), now)?;
            Ok(verdict(no, &changes))
        })?;
        match verdict {
            Some(verdict) => done.verdicts.push(verdict),
            None => tracing::error!(
                letter = no.0,
                "a bug: this letter can neither be read nor set aside; it stays in custody"
            ),
        }
        tracing::warn!(letter = no.0, "{}; it is set aside whole", failure.as_str());
        Ok(())
    }

    // ---- custody ----------------------------------------------------------------------------------------------------

    fn take_in(&self, tx: &mut Tx<'_>, intake: &Intake, now: Time, done: &mut Done) -> Result<(), StoreError> {
        match intake {
            Intake::Cursor { source, uid } => tx.advance(*source, *uid),
            Intake::Missing { source, uid } => {
                if tx.note_missing(*source, *uid, now)? == TRIES_OF_A_MISSING_LETTER {
                    done.custody.push(Outcome::PassedOver { source: *source, uid: *uid });
                }
                Ok(())
            }
            Intake::Arrived(arrival) => {
                let letter = match tx.keep(arrival, now)? {
                    Kept::Renumbered => {
                        done.custody.push(Outcome::Renumbered { source: arrival.source });
                        return Ok(());
                    }
                    Kept::Known(_) => None,
                    Kept::New(letter) => Some(letter),
                };
                in_custody(&mut done.custody, arrival);
                let Some(letter) = letter else { return Ok(()) };
                // Whoever waits in custody already is older and goes first.
                if done.backlog > Backlog::Empty
                    || self.flight.is_full_with(done.to_read.iter().map(|(_, w)| w.size_bytes))
                {
                    done.backlog = done.backlog.max(Backlog::Some);
                    return Ok(());
                }
                let envelope = Envelope {
                    letter,
                    mailbox: arrival.mailbox.clone(),
                    channel: arrival.channel,
                    folder: arrival.folder,
                    received_at: arrival.received_at.min(now),
                    old: arrival.old,
                    released: None,
                };
                let job = Job { letter, packed: arrival.packed.clone(), truncated: arrival.truncated };
                self.hand_out(tx, envelope, job, 0, false, done)
            }
        }
    }

    /// Letters in custody that nobody reads: after a crash, after a flood, or kept by another process.
    fn pick_up(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let limit = in_flight::LETTERS_MAX / 2;
        let rows = tx.to_read_besides(&self.flight.numbers(), limit)?;
        if rows.len() >= limit {
            done.backlog = done.backlog.max(Backlog::Some);
        }
        for row in rows {
            let alone = row.attempts > 0;
            if alone && !(self.flight.is_empty() && done.to_read.is_empty()) {
                done.backlog = Backlog::Alone;
                return Ok(());
            }
            if row.attempts >= DEATHS_MAX {
                self.set_aside(tx, &row.envelope, ReadFailure::Died, now, done)?;
                continue;
            }
            let job = Job { letter: row.envelope.letter, packed: row.packed, truncated: row.truncated };
            self.hand_out(tx, row.envelope, job, row.attempts, alone, done)?;
            if alone {
                done.backlog = Backlog::Alone;
                return Ok(());
            }
        }
        Ok(())
    }

    fn hand_out(
        &self,
        tx: &mut Tx<'_>,
        envelope: Envelope,
        job: Job,
        attempts: i64,
        alone: bool,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        tx.count_attempt(job.letter)?;
        let waiting =
            in_flight::Waiting { envelope, size_bytes: job.packed.len(), attempts: attempts + 1, alone, reading: None };
        done.to_read.push((job, waiting));
        Ok(())
    }

    // ---- sending ----------------------------------------------------------------------------------------------------

    fn claim(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let free = self.free.iter().filter(|(_, places)| **places > 0).map(|(o, p)| (o.clone(), *p)).collect();
        let limits = Limits {
            mail_per_minute: self.settings.limits.mail_per_minute,
            mail_per_day: self.settings.limits.mail_per_day,
            only_answers: done.doubt.is_some(),
        };
        for claimed in tx.claim(&free, now, &limits)? {
            done.send.push(consign(tx, self.settings, claimed)?);
        }
        Ok(())
    }
}

/// What an outlet needs to send a claimed parcel.
fn consign(tx: &mut Tx<'_>, settings: &Settings, claimed: Claimed) -> Result<Consignment, StoreError> {
    let (from, from_else) = envelope_sender(settings, &claimed.outlet, claimed.sender);
    Ok(Consignment {
        parcel: claimed.parcel,
        kind: claimed.kind,
        message_id: claimed.message_id,
        from,
        from_else,
        to: claimed.recipients,
        bytes: Arc::new(tx.bytes(claimed.parcel)?),
        keep_in_sent: claimed.keep_in_sent,
        created_at: claimed.created_at,
        outlet: claimed.outlet,
    })
}

/// RFC 3834, 3.3 wants the empty sender for automatic mail; some servers do not take it.
fn envelope_sender(settings: &Settings, outlet: &Outlet, sender: Sender) -> (Option<Address>, Option<Address>) {
    let or = match sender {
        Sender::Address(address) => return (Some(address), None),
        Sender::Null { or } => or,
    };
    let way = settings.mailbox(&outlet.mailbox).map(|m| match outlet.route {
        Route::Notify => m.notify_outlet.as_ref().unwrap_or(&m.outlet),
        Route::Mailbox => &m.outlet,
    });
    match way {
        Some(settings::Outlet::Smtp { null_sender: NullSender::Never, .. }) => (Some(or), None),
        Some(settings::Outlet::Smtp { null_sender: NullSender::Auto, .. }) => (None, Some(or)),
        _ => (None, None),
    }
}

/// Runs a decision in a savepoint. `None`: it panicked or contradicts what is written down, and everything it did is undone. A database error is no decision's fault: it
/// is passed up and voids the batch.
fn fenced<T>(
    tx: &mut Tx<'_>,
    decide: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    match catch_unwind(AssertUnwindSafe(|| tx.savepoint(decide))) {
        Ok(Err(error)) if error.database().is_none() => {
            tracing::error!("a bug: a decision cannot be written down: {}", chain(&error));
            Ok(None)
        }
        Ok(result) => result.map(Some),
        Err(_) => Ok(None),
    }
}

fn in_custody(outcomes: &mut Vec<Outcome>, arrival: &Arrival) {
    let key = arrival.name.clone().map_or(CustodyKey::Uid(arrival.uid), CustodyKey::Name);
    if let Some(Outcome::InCustody { source, keys }) = outcomes.last_mut()
        && *source == arrival.source
    {
        keys.push(key);
    } else {
        outcomes.push(Outcome::InCustody { source: arrival.source, keys: vec![key] });
    }
}

/// The results themselves, without anything that follows from them.
fn bare_results(parcel: ParcelNo, results: &[(Address, Delivery)]) -> Vec<Change> {
    let recipient = |(address, delivery): &(Address, Delivery)| {
        let (state, error) = match delivery {
            Delivery::Accepted { .. } => (RecipientState::Accepted, None),
            Delivery::Refused { reply } => (RecipientState::Refused, Some(reply.clone())),
            Delivery::Deferred { reply } => (RecipientState::GivenUp, Some(reply.clone())),
        };
        Change::Recipient { parcel, address: address.clone(), state, error }
    };
    results.iter().map(recipient).collect()
}

fn is_undecided(tx: &mut Tx<'_>, letter: LetterNo) -> Result<bool, StoreError> {
    let next = tx.to_read(LetterNo(letter.0 - 1), 1)?;
    Ok(next.first().is_some_and(|row| row.envelope.letter == letter))
}

fn verdict(letter: LetterNo, changes: &[Change]) -> Verdict {
    let fate = changes.iter().find_map(|c| match c {
        Change::Settle { fate, .. } => Some(match fate {
            Fate::Message(_) => "message",
            Fate::Duplicate(_) => "duplicate",
            Fate::Quarantined(_) => "quarantined",
            Fate::Echo(_) => "echo",
            Fate::Done(word) => word,
        }),
        _ => None,
    });
    let ticket = changes.iter().find_map(|c| match c {
        Change::AddMessage(message) => Some(message.ticket.0),
        Change::NewTicket(ticket) => Some(ticket.number.0),
        _ => None,
    });
    Verdict { letter, fate: fate.unwrap_or("undecided"), ticket }
}

/// What stands outside on a letter that nobody can open: From's address and Subject, as they were written. Looks at plain bytes only;
/// the parsers have failed on this letter.
fn outside(raw: &[u8]) -> (Option<String>, String) {
    let (mut from, mut subject) = (None, None);
    let head = &raw[..raw.len().min(64 << 10)];
    for line in head.split(|b| *b == b'\n').take_while(|line| !matches!(line, [] | [b'\r'])) {
        let line: String = String::from_utf8_lossy(line).chars().take(300).collect();
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "from" if from.is_none() => {
                let address = value.rsplit_once('<').map_or(value, |(_, a)| a);
                from = Some(address.split('>').next().unwrap_or_default().trim().to_owned());
            }
            "subject" if subject.is_none() => subject = Some(crate::model::one_line(value)),
            _ => {}
        }
    }
    (from, subject.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outside_of_a_letter() {
        let check = |raw: &[u8], from: Option<&str>, subject: &str| {
            assert_eq!(outside(raw), (from.map(str::to_owned), subject.to_owned()));
        };
        check(b"From: Kund <kund@a.test>\r\nSubject: Hej  du\r\n\r\nFrom: b@b.test\r\n", Some("kund@a.test"), "Hej du");
        check(b"from: kund@a.test\nfrom: x@a.test\n\n", Some("kund@a.test"), "");
        check(b"\xff\xfe\0:::\n\nSubject: x", None, "");
        check(b"", None, "");
    }
}
