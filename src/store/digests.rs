//! Which digests were made for whom, and the mail that no figure counts.

use super::db::args;
use super::text::list;
use super::{StoreError, Tx};
use crate::model::{Address, ParcelNo, Time};

/// A digest that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestRow {
    /// `2026-12-08`; the days that it covers, both inclusive.
    pub first_day: String,
    pub last_day: String,
    pub made_at: Time,
    /// `None`: nothing was sent.
    pub parcel: Option<ParcelNo>,
    /// Responses within their targets, as told …
    pub within: i64,
    /// … of so many.
    pub counted: i64,
}

pub(super) const LATEST: &str = "
    SELECT first_day, last_day, made_at, parcel, within, counted FROM digest WHERE address = ?1 AND kind = ?2
    ORDER BY first_day DESC LIMIT ?3";
pub(super) const KEPT_OUT: &str = "
    SELECT m.kind, count(*) FROM message m JOIN ticket t ON t.number = m.ticket
    WHERE m.direction = 'in' AND m.kind <> 'person' AND m.at >= ?1 AND m.at < ?2
        AND t.mailbox IN (SELECT value FROM json_each(?3))
    GROUP BY m.kind ORDER BY m.kind";
pub(super) const SET_ASIDE: &str = "
    SELECT count(*) FILTER (WHERE reason LIKE 'robot%'), count(*) FILTER (WHERE reason LIKE 'bounce%') FROM quarantine
    WHERE at >= ?1 AND at < ?2 AND mailbox IN (SELECT value FROM json_each(?3))";

impl Tx<'_> {
    /// The latest digests of a kind that a manager got, newest first.
    ///
    /// # Errors
    /// A database error.
    pub fn digests(&mut self, manager: &Address, kind: &str, limit: i64) -> Result<Vec<DigestRow>, StoreError> {
        Ok(self.rows(LATEST, args![manager, kind, limit], |row| {
            Ok(DigestRow {
                first_day: row.get(0)?,
                last_day: row.get(1)?,
                made_at: row.get(2)?,
                parcel: row.get(3)?,
                within: row.get(4)?,
                counted: row.get(5)?,
            })
        })?)
    }

    /// Remembers a digest, once for all.
    ///
    /// # Errors
    /// A database error; also if that digest was made before, so that it can't be sent twice.
    pub fn remember_digest(&mut self, manager: &Address, kind: &str, made: &DigestRow) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO digest (address, kind, first_day, last_day, made_at, parcel, within, counted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            args![
                manager,
                kind,
                made.first_day.clone(),
                made.last_day.clone(),
                made.made_at,
                made.parcel,
                made.within,
                made.counted
            ],
        )?;
        Ok(())
    }

    /// When it was first looked whether a digest is due: what was due before that is not made up for.
    ///
    /// # Errors
    /// A database error.
    pub fn digests_since(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.meta("digests_since")?.and_then(|text| Time::parse_rfc3339(&text)))
    }

    /// # Errors
    /// A database error.
    pub fn set_digests_since(&mut self, at: Time) -> Result<(), StoreError> {
        self.set_meta("digests_since", Some(&at.to_string()))
    }

    /// Mail that came from `from` up to but without `to` into `mailboxes` and that no figure counts:
    /// robots' and lists', and bounces.
    ///
    /// # Errors
    /// A database error.
    pub fn kept_out(&mut self, from: Time, to: Time, mailboxes: &[String]) -> Result<(i64, i64), StoreError> {
        let mailboxes = list(mailboxes);
        let rows = self.rows(KEPT_OUT, args![from, to, &mailboxes], |row| {
            let (kind, count): (String, i64) = (row.get(0)?, row.get(1)?);
            Ok(if kind == "bounce" { (0, count) } else { (count, 0) })
        })?;
        let aside = self.rows(SET_ASIDE, args![from, to, &mailboxes], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().chain(aside).fold((0, 0), |sum: (i64, i64), n: (i64, i64)| (sum.0 + n.0, sum.1 + n.1)))
    }
}
