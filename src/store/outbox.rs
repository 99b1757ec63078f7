//! The outbox: what waits to be sent, who may send it now, and what became of it.

use std::collections::BTreeMap;

use super::apply::parcel::{Piece, route_word};
use super::db::{DbError, Row, args};
use super::facts::RecipientEntry;
use super::text::{json_text, read_json};
use super::{StoreError, Tx};
use crate::model::{Address, BulkStep, ParcelKind, ParcelNo, ParcelState, RecipientState, Time};
use crate::plan::bulk::bulk_per_minute;
use crate::plan::{Route, Sender};

/// A way out of the house: one pool of connections.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outlet {
    pub mailbox: String,
    pub route: Route,
}

/// How many mails a mailbox may hand over; 0: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub mail_per_minute: i64,
    /// At 80 % of it automatic mail to customers waits; 5 % are left to answers and what agents must confirm.
    pub mail_per_day: i64,
    /// The clock is doubtful: persons' answers go, everything else waits.
    pub only_answers: bool,
}

/// A mail that a connection may send now. Nobody else will, until its result is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub parcel: ParcelNo,
    pub kind: ParcelKind,
    pub outlet: Outlet,
    /// The envelope sender. `Null` only where the mailbox's server is not known to refuse it.
    pub sender: Sender,
    /// Those that still wait.
    pub recipients: Vec<Address>,
    /// Others are settled.
    pub partly_settled: bool,
    pub message_id: String,
    /// How often it was tried before.
    pub attempts: i64,
    pub keep_in_sent: bool,
    pub created_at: Time,
}

const MINUTE: i64 = Time::MINUTE;

pub(super) const DUE: &str = "
    SELECT next_at, no FROM parcel WHERE state = 'queued' AND mailbox = ?1 AND route = ?2 AND rank = ?3 AND next_at <= ?4
    ORDER BY next_at, no LIMIT ?5";

pub(super) const NEXT_DUE: &str = "SELECT min(next_at) FROM parcel WHERE state = 'queued'";

pub(super) const HURRY: &str = "
    UPDATE parcel SET next_at = ?3 WHERE state = 'queued' AND mailbox = ?1 AND route = ?2 AND next_at > ?3 AND attempts > 0";

pub(super) const CLAIMED: &str = "
    SELECT no FROM parcel WHERE state = 'claimed' AND state IN ('claimed', 'held', 'failed') ORDER BY rank, no";

pub(super) const COPIES: &str =
    "SELECT no FROM parcel WHERE state = 'sent' AND keep_in_sent = 1 AND copied_at IS NULL ORDER BY no";

fn read_claimed(row: &Row<'_>) -> Result<Claimed, DbError> {
    let route: String = row.get(3)?;
    let sender: Option<Address> = row.get(4)?;
    let or: Option<Address> = row.get(5)?;
    let recipients: Vec<RecipientEntry> = read_json(row, 6)?;
    let sender = match (sender, or) {
        (Some(address), _) => Sender::Address(address),
        (None, Some(or)) => Sender::Null { or },
        (None, None) => return Err(DbError::new(super::DbErrorKind::Malformed, "a parcel without a sender")),
    };
    let waits = |r: &&RecipientEntry| r.state() == Some(RecipientState::Waiting);
    Ok(Claimed {
        parcel: row.get(0)?,
        kind: row.get(1)?,
        outlet: Outlet {
            mailbox: row.get(2)?,
            route: if route == route_word(Route::Notify) { Route::Notify } else { Route::Mailbox },
        },
        sender,
        recipients: recipients.iter().filter(waits).filter_map(RecipientEntry::address).collect(),
        partly_settled: !recipients.iter().all(|r| waits(&r)),
        message_id: row.get(7)?,
        attempts: row.get(8)?,
        keep_in_sent: row.get(9)?,
        created_at: row.get(10)?,
    })
}

impl Tx<'_> {
    /// Claims due parcels, as many as `free` connections: answers first, then by age. Nothing while the desk is halted.
    /// `limits` says what a mailbox may hand over.
    ///
    /// # Errors
    /// A database error.
    pub fn claim(
        &mut self,
        free: &BTreeMap<Outlet, usize>,
        now: Time,
        limits: &dyn Fn(&str) -> Limits,
    ) -> Result<Vec<Claimed>, StoreError> {
        if self.halted()?.is_some() {
            return Ok(Vec::new());
        }
        let mut due: Vec<(usize, Time, ParcelNo)> = Vec::new();
        let mut left: BTreeMap<&str, (Limits, Allowance)> = BTreeMap::new();
        for (outlet, connections) in free {
            if !left.contains_key(outlet.mailbox.as_str()) {
                let limits = limits(&outlet.mailbox);
                left.insert(&outlet.mailbox, (limits, self.allowance(&outlet.mailbox, &limits, now)?));
            }
            let Some((limits, allowance)) = left.get_mut(outlet.mailbox.as_str()) else { continue };
            let mut connections = i64::try_from(*connections).unwrap_or(i64::MAX);
            for (rank, kind) in ParcelKind::ALL.iter().enumerate() {
                let take = connections.min(allowance.of(*kind));
                if take <= 0 || (limits.only_answers && *kind != ParcelKind::Answer) {
                    continue;
                }
                let found: Vec<(Time, ParcelNo)> = self.rows(
                    DUE,
                    args![&outlet.mailbox, route_word(outlet.route), i64::try_from(rank).unwrap_or(0), now, take],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                let taken = i64::try_from(found.len()).unwrap_or(i64::MAX);
                connections -= taken;
                allowance.take(taken);
                due.extend(found.into_iter().map(|(next_at, no)| (rank, next_at, no)));
            }
        }
        due.sort_unstable();
        let mut claimed = Vec::with_capacity(due.len());
        for (_, _, no) in due {
            self.run("UPDATE parcel SET state = 'claimed' WHERE no = ?1", args![no])?;
            claimed.push(self.claimed(no)?);
        }
        let is_counted = |c: &&Claimed| {
            left.get(c.outlet.mailbox.as_str()).is_some_and(|(l, _)| l.mail_per_minute > 0 || l.mail_per_day > 0)
        };
        let counted: Vec<&Claimed> = claimed.iter().filter(is_counted).collect();
        if !counted.is_empty() {
            self.count_handed_over(&counted, now)?;
        }
        Ok(claimed)
    }

    fn claimed(&mut self, parcel: ParcelNo) -> Result<Claimed, StoreError> {
        let claimed = self.one(
            "SELECT no, kind, mailbox, route, sender, sender_or, recipients, message_id, attempts, keep_in_sent,
                    created_at
             FROM parcel WHERE no = ?1",
            args![parcel],
            read_claimed,
        )?;
        let mut claimed = claimed.ok_or_else(|| no_parcel(parcel))?;
        if let Sender::Null { or } = &claimed.sender {
            let refused = self.meta(&format!("null_sender_refused:{}", claimed.outlet.mailbox))?.is_some();
            if refused {
                claimed.sender = Sender::Address(or.clone());
            }
        }
        Ok(claimed)
    }

    fn allowance(&mut self, mailbox: &str, limits: &Limits, now: Time) -> Result<Allowance, StoreError> {
        let mut allowance =
            Allowance { minute: i64::MAX, day: i64::MAX, inside: i64::MAX, automatic: i64::MAX, bulk: i64::MAX };
        if limits.mail_per_minute > 0 {
            let sent = self.handed_over(mailbox, minute_of(now))?;
            allowance.minute = limits.mail_per_minute - sent;
            allowance.bulk = bulk_per_minute(limits.mail_per_minute) - sent;
        }
        if limits.mail_per_day > 0 {
            let sent = self.handed_over(mailbox, minute_of(now) - Time::DAY + MINUTE)?;
            allowance.day = limits.mail_per_day - sent;
            allowance.inside = limits.mail_per_day * 19 / 20 - sent;
            allowance.automatic = limits.mail_per_day * 4 / 5 - sent;
        }
        Ok(allowance)
    }

    fn handed_over(&mut self, mailbox: &str, from: i64) -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(sum(mails), 0) FROM handed_over WHERE mailbox = ?1 AND minute >= ?2";
        Ok(self.one(sql, args![mailbox, from], |row| row.get(0))?.unwrap_or(0))
    }

    fn count_handed_over(&mut self, claimed: &[&Claimed], now: Time) -> Result<(), StoreError> {
        self.handed_over = None;
        let minute = minute_of(now);
        for c in claimed {
            self.run(
                "INSERT INTO handed_over (mailbox, minute, mails) VALUES (?1, ?2, 1)
                 ON CONFLICT DO UPDATE SET mails = mails + 1",
                args![&c.outlet.mailbox, minute],
            )?;
            self.run(
                "DELETE FROM handed_over WHERE mailbox = ?1 AND minute < ?2",
                args![&c.outlet.mailbox, minute - 2 * Time::DAY],
            )?;
        }
        Ok(())
    }

    /// Parcels whose result is unknown: claimed when the last holder of the lock died. They stay claimed; send each once more.
    ///
    /// # Errors
    /// A database error.
    pub fn claimed_at_start(&mut self) -> Result<Vec<Claimed>, StoreError> {
        self.each_claimed(CLAIMED)
    }

    /// Parcels that are sent and whose copy is not yet known to be in the Sent folder.
    ///
    /// # Errors
    /// A database error.
    pub fn copies_due(&mut self) -> Result<Vec<Claimed>, StoreError> {
        self.each_claimed(COPIES)
    }

    fn each_claimed(&mut self, sql: &str) -> Result<Vec<Claimed>, StoreError> {
        let numbers: Vec<ParcelNo> = self.rows(sql, &[], |row| row.get(0))?;
        numbers.into_iter().map(|no| self.claimed(no)).collect()
    }

    /// The copy is in the Sent folder, or the server keeps one itself, or it was given up.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the parcel is unknown; a database error.
    pub fn copy_kept(&mut self, parcel: ParcelNo, at: Time) -> Result<(), StoreError> {
        let found = self.one(
            "UPDATE parcel SET copied_at = ?2 WHERE no = ?1 RETURNING kind, state",
            args![parcel, at],
            |row| Ok((row.get::<ParcelKind>(0)?, row.get::<ParcelState>(1)?)),
        )?;
        let (kind, state) = found.ok_or_else(|| no_parcel(parcel))?;
        self.tidy(parcel, kind, state, false)
    }

    /// The finished mail, the same bytes each time.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the parcel is unknown or its bytes are gone; a database error.
    pub fn bytes(&mut self, parcel: ParcelNo) -> Result<Vec<u8>, StoreError> {
        let found = self.one("SELECT layout, bytes FROM parcel_bytes WHERE parcel = ?1", args![parcel], |row| {
            Ok((read_json::<Vec<Piece>>(row, 0)?, row.get::<Vec<u8>>(1)?))
        })?;
        let gone = || StoreError::Rejected(format!("the bytes of parcel {parcel} are gone"));
        let (layout, own) = found.ok_or_else(gone)?;
        let mut mail = Vec::with_capacity(own.len());
        let mut rest = own.as_slice();
        for piece in &layout {
            match piece {
                Piece::Own(length) => {
                    let (now, later) = rest.split_at_checked(*length).ok_or_else(gone)?;
                    mail.extend_from_slice(now);
                    rest = later;
                }
                Piece::Blob(sha256) => {
                    let sql = "SELECT bytes FROM blob WHERE sha256 = ?1";
                    let blob: Vec<u8> = self.one(sql, args![sha256], |row| row.get(0))?.ok_or_else(gone)?;
                    // Lines of 76 characters, the last one ended like the others (RFC 2045, 6.8).
                    mail.extend_from_slice(data_encoding::BASE64_MIME.encode(&blob).as_bytes());
                }
            }
        }
        Ok(mail)
    }

    /// When the next queued parcel is due; in the past if one waits for a free connection.
    ///
    /// # Errors
    /// A database error.
    pub fn next_due(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.one(NEXT_DUE, &[], |row| row.get(0))?.flatten())
    }

    /// `svar outbox retry`: a queued, held or failed parcel is due now; given-up and refused recipients wait again.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if it is claimed, sent or dropped, or its bytes are gone; a database error.
    pub fn retry(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        self.insist(parcel, &[ParcelState::Queued, ParcelState::Held, ParcelState::Failed])?;
        let there = self.one("SELECT 1 FROM parcel_bytes WHERE parcel = ?1", args![parcel], |_| Ok(()))?;
        if there.is_none() {
            return Err(StoreError::Rejected(format!("the bytes of mail {parcel} are gone")));
        }
        let recipients: Vec<RecipientEntry> = self
            .one("SELECT recipients FROM parcel WHERE no = ?1", args![parcel], |row| read_json(row, 0))?
            .unwrap_or_default();
        let recipients: Vec<RecipientEntry> = recipients
            .into_iter()
            .map(|r| match r.state() {
                Some(RecipientState::Refused | RecipientState::GivenUp) => {
                    RecipientEntry { state: RecipientState::Waiting.as_str().to_owned(), ..r }
                }
                _ => r,
            })
            .collect();
        self.run(
            "UPDATE parcel SET state = 'queued', next_at = ?2, attempts = 0, recipients = ?3, settled_at = NULL WHERE no = ?1",
            args![parcel, now, json_text(&recipients)],
        )?;
        Ok(())
    }

    /// What this mailbox could not send is due now: its server takes mail again. What was never tried keeps its time.
    ///
    /// # Errors
    /// A database error.
    pub fn hurry(&mut self, mailbox: &str, now: Time) -> Result<(), StoreError> {
        for route in [Route::Mailbox, Route::Notify] {
            self.run(HURRY, args![mailbox, route_word(route), now])?;
        }
        Ok(())
    }

    /// `svar outbox drop`: never to be sent.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if it is claimed, sent or dropped; a database error.
    pub fn drop_parcel(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        let kind = self.insist(parcel, &[ParcelState::Queued, ParcelState::Held, ParcelState::Failed])?;
        self.run("UPDATE parcel SET state = 'dropped', settled_at = ?2 WHERE no = ?1", args![parcel, now])?;
        self.bulk_settled(parcel, BulkStep::Failed)?;
        self.tidy(parcel, kind, ParcelState::Dropped, false)
    }

    /// `svar outbox release`: held parcels, all of them or one, may go. How many.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if that one is not held; a database error.
    pub fn release(&mut self, parcel: Option<ParcelNo>, now: Time) -> Result<usize, StoreError> {
        if let Some(parcel) = parcel {
            self.insist(parcel, &[ParcelState::Held])?;
        }
        Ok(self.run(
            "UPDATE parcel SET state = 'queued', next_at = max(next_at, ?2)
             WHERE state = 'held' AND state IN ('claimed', 'held', 'failed') AND (?1 IS NULL OR no = ?1)",
            args![parcel, now],
        )?)
    }

    /// An error unless the parcel is in one of `states`.
    fn insist(&mut self, parcel: ParcelNo, states: &[ParcelState]) -> Result<ParcelKind, StoreError> {
        let found = self.one("SELECT kind, state FROM parcel WHERE no = ?1", args![parcel], |row| {
            Ok((row.get::<ParcelKind>(0)?, row.get::<ParcelState>(1)?))
        })?;
        let (kind, state) = found.ok_or_else(|| no_parcel(parcel))?;
        if states.contains(&state) {
            return Ok(kind);
        }
        Err(StoreError::Rejected(match state {
            ParcelState::Claimed => format!("mail {parcel} is being sent at this moment"),
            state => format!("mail {parcel} is {state}"),
        }))
    }
}

/// What a mailbox may still hand over.
struct Allowance {
    minute: i64,
    day: i64,
    inside: i64,
    automatic: i64,
    bulk: i64,
}

impl Allowance {
    fn of(&self, kind: ParcelKind) -> i64 {
        let most = self.minute.min(self.day);
        match kind {
            ParcelKind::Answer | ParcelKind::Ask | ParcelKind::Confirm => most,
            ParcelKind::Notify | ParcelKind::Report => most.min(self.inside),
            ParcelKind::Acknowledge => most.min(self.automatic),
            ParcelKind::Bulk => most.min(self.automatic).min(self.bulk),
        }
    }

    fn take(&mut self, mails: i64) {
        for left in [&mut self.minute, &mut self.day, &mut self.inside, &mut self.automatic, &mut self.bulk] {
            *left = left.saturating_sub(mails);
        }
    }
}

fn minute_of(now: Time) -> i64 {
    now.unix() - now.unix().rem_euclid(MINUTE)
}

fn no_parcel(parcel: ParcelNo) -> StoreError {
    StoreError::Rejected(format!("there is no mail {parcel} in the outbox"))
}
