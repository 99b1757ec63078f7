//! In which mode each mailbox was last seen, who waits in it, and what of the outbox must not leave a mailbox that is only watched.

use super::db::args;
use super::facts::RecipientEntry;
use super::text::read_json;
use super::{StoreError, Tx};
use crate::model::{Address, ParcelKind, ParcelNo, Party, TicketNo, Time};
use crate::plan::watch::{PutOff, Seen, Waits, Week};

/// Why a person's answer waits in the outbox; `svar outbox` shows it.
pub const ONLY_WATCHES: &str = "the mailbox only watches (mode = \"watch\"): release it, or drop it";

/// Since a message of the last days, the longest first.
pub(super) const WAITING: &str = "
    SELECT number, subject, customer_name, customer_address, waiting_since FROM ticket
    WHERE state IN ('open', 'pending', 'held') AND mailbox = ?1 AND waiting_since >= ?2
    ORDER BY waiting_since, number LIMIT ?3";

pub(super) const HOW_MANY: &str = "
    SELECT count(*) FROM ticket WHERE state IN ('open', 'pending', 'held') AND mailbox = ?1 AND waiting_since >= ?2";

pub(super) const MATTERS: &str = "
    SELECT count(*) FROM ticket t WHERE t.created_at >= ?2 AND t.mailbox = ?1 AND t.state NOT IN ('spam', 'merged')
        AND EXISTS (SELECT 1 FROM message m WHERE m.ticket = t.number AND m.direction = 'in' AND m.counts = 1)";

/// Imported long ago: nobody is asked to answer that now. What was imported of late is what a first look back has found.
pub(super) const TO_HAND_OVER: &str = "
    SELECT number FROM ticket
    WHERE state IN ('open', 'pending', 'held') AND state = 'open' AND mailbox = ?1 AND waiting_since IS NOT NULL
        AND (channel <> 'import' OR waiting_since >= ?2)
    ORDER BY due_at, waiting_since, number LIMIT ?3";

pub(super) const QUEUED: &str = "
    SELECT no, kind, recipients FROM parcel WHERE state = 'queued' AND mailbox = ?1 ORDER BY no";

pub(super) const CLAIMED: &str = "
    SELECT no, kind, recipients FROM parcel WHERE state = 'claimed' AND state IN ('claimed', 'held', 'failed') AND mailbox = ?1
    ORDER BY no";

pub(super) const HELD: &str = "
    SELECT count(*) FROM parcel
    WHERE state = 'held' AND state IN ('claimed', 'held', 'failed') AND mailbox = ?1 AND last_error = ?2";

impl Tx<'_> {
    /// How the mailbox was seen last; `None`: never.
    ///
    /// # Errors
    /// A database error.
    pub fn mode_seen(&mut self, mailbox: &str) -> Result<Option<Seen>, StoreError> {
        let sql = "SELECT mode = 'watch', since_at, told FROM mode WHERE mailbox = ?1";
        let read = |row: &super::db::Row<'_>| Ok(Seen { watched: row.get(0)?, since: row.get(1)?, told: row.get(2)? });
        Ok(self.one(sql, args![mailbox], read)?)
    }

    /// It is seen in this mode from now on.
    ///
    /// # Errors
    /// A database error.
    pub fn set_mode_seen(&mut self, mailbox: &str, seen: Seen) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO mode (mailbox, mode, since_at, told) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (mailbox) DO UPDATE SET mode = excluded.mode, since_at = excluded.since_at, told = excluded.told",
            args![mailbox, if seen.watched { "watch" } else { "desk" }, seen.since, seen.told],
        )?;
        Ok(())
    }

    /// Managers know what the days before have left.
    ///
    /// # Errors
    /// A database error.
    pub fn told_of_watch(&mut self, mailbox: &str) -> Result<(), StoreError> {
        self.run("UPDATE mode SET told = 1 WHERE mailbox = ?1", args![mailbox])?;
        Ok(())
    }

    /// What has come into a mailbox since then, and who of it still waits.
    ///
    /// # Errors
    /// A database error.
    pub fn week(&mut self, mailbox: &str, since: Time, listed: i64) -> Result<Week, StoreError> {
        Ok(Week {
            matters: self.one(MATTERS, args![mailbox, since], |row| row.get(0))?.unwrap_or(0),
            unanswered: self.one(HOW_MANY, args![mailbox, since], |row| row.get(0))?.unwrap_or(0),
            oldest: self.rows(WAITING, args![mailbox, since, listed], |row| {
                let (name, address): (Option<String>, Option<Address>) = (row.get(2)?, row.get(3)?);
                Ok(Waits {
                    ticket: row.get(0)?,
                    subject: row.get(1)?,
                    customer: address.map(|a| Party::new(&name.unwrap_or_default(), a)),
                    since: row.get(4)?,
                })
            })?,
        })
    }

    /// Tickets that wait for an answer when a mailbox becomes a desk, the most urgent first. What was imported counts if it has
    /// waited since then at most.
    ///
    /// # Errors
    /// A database error.
    pub fn to_hand_over(&mut self, mailbox: &str, imported: Time, limit: i64) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(TO_HAND_OVER, args![mailbox, imported, limit], |row| row.get(0))?)
    }

    /// What lies in the outbox and `may` not leave: persons' answers are held, the rest is dropped.
    ///
    /// # Errors
    /// A database error.
    pub fn put_off(
        &mut self,
        mailbox: &str,
        may: impl Fn(ParcelKind, &[Address]) -> bool,
        now: Time,
    ) -> Result<PutOff, StoreError> {
        let mut put_off = PutOff::default();
        for (no, kind) in self.barred(QUEUED, mailbox, may)? {
            if matches!(kind, ParcelKind::Answer | ParcelKind::Bulk | ParcelKind::Ask) {
                self.hold_parcel(no)?;
                put_off.held += 1;
            } else {
                self.drop_parcel(no, now)?;
                put_off.dropped += 1;
            }
        }
        Ok(put_off)
    }

    /// What was on its way when the last process died and `may` not leave any more is not sent once more by itself.
    ///
    /// # Errors
    /// A database error.
    pub fn put_off_claimed(
        &mut self,
        mailbox: &str,
        may: impl Fn(ParcelKind, &[Address]) -> bool,
    ) -> Result<(), StoreError> {
        for (no, _) in self.barred(CLAIMED, mailbox, may)? {
            self.hold_parcel(no)?;
        }
        Ok(())
    }

    /// How many answers wait because the mailbox only watched.
    ///
    /// # Errors
    /// A database error.
    pub fn held_by_watching(&mut self, mailbox: &str) -> Result<i64, StoreError> {
        Ok(self.one(HELD, args![mailbox, ONLY_WATCHES], |row| row.get(0))?.unwrap_or(0))
    }

    fn hold_parcel(&mut self, no: ParcelNo) -> Result<(), StoreError> {
        self.run("UPDATE parcel SET state = 'held', last_error = ?2 WHERE no = ?1", args![no, ONLY_WATCHES])?;
        Ok(())
    }

    fn barred(
        &mut self,
        sql: &str,
        mailbox: &str,
        may: impl Fn(ParcelKind, &[Address]) -> bool,
    ) -> Result<Vec<(ParcelNo, ParcelKind)>, StoreError> {
        let all = self.rows(sql, args![mailbox], |row| {
            let recipients: Vec<RecipientEntry> = read_json(row, 2)?;
            let to: Vec<Address> = recipients.iter().filter_map(RecipientEntry::address).collect();
            Ok((row.get::<ParcelNo>(0)?, row.get::<ParcelKind>(1)?, to))
        })?;
        Ok(all.into_iter().filter(|(_, kind, to)| !may(*kind, to)).map(|(no, kind, _)| (no, kind)).collect())
    }
}
