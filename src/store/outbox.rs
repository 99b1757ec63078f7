//! The outbox: what waits to be sent, who may send it now, and what became of it.

use std::collections::BTreeMap;

use super::{StoreError, Tx};
use crate::model::{Address, ParcelKind, ParcelNo, Time};
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
    pub mail_per_day: i64,
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
    pub message_id: String,
    /// How often it was tried before.
    pub attempts: i64,
    pub keep_in_sent: bool,
}

impl Tx<'_> {
    /// Claims due parcels, as many as `free` connections: answers first, then by age. Nothing while the desk is halted.
    ///
    /// # Errors
    /// A database error.
    pub fn claim(
        &mut self,
        free: &BTreeMap<Outlet, usize>,
        now: Time,
        limits: &Limits,
    ) -> Result<Vec<Claimed>, StoreError> {
        let _ = (free, now, limits);
        Ok(Vec::new())
    }

    /// Parcels whose result is unknown: claimed when the last holder of the lock died. They stay claimed; send each once more.
    ///
    /// # Errors
    /// A database error.
    pub fn claimed_at_start(&mut self) -> Result<Vec<Claimed>, StoreError> {
        Ok(Vec::new())
    }

    /// Answers that are sent and whose copy is not yet known to be in the Sent folder.
    ///
    /// # Errors
    /// A database error.
    pub fn copies_due(&mut self) -> Result<Vec<Claimed>, StoreError> {
        Ok(Vec::new())
    }

    /// The copy is in the Sent folder, or the server keeps one itself.
    ///
    /// # Errors
    /// A database error.
    pub fn copy_kept(&mut self, parcel: ParcelNo, at: Time) -> Result<(), StoreError> {
        let _ = (parcel, at);
        Ok(())
    }

    /// The finished mail, the same bytes each time.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the parcel is unknown or its bytes are gone; a database error.
    pub fn bytes(&mut self, parcel: ParcelNo) -> Result<Vec<u8>, StoreError> {
        let _ = parcel;
        Ok(Vec::new())
    }

    /// When the next queued parcel is due; in the past if one waits for a free connection.
    ///
    /// # Errors
    /// A database error.
    pub fn next_due(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(None)
    }

    /// `svar outbox retry`: a queued, held or failed parcel is due now; given-up and refused recipients wait again.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if it is claimed, sent or dropped, or its bytes are gone; a database error.
    pub fn retry(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        let _ = (parcel, now);
        Ok(())
    }

    /// `svar outbox drop`: never to be sent.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if it is claimed, sent or dropped; a database error.
    pub fn drop_parcel(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        let _ = (parcel, now);
        Ok(())
    }

    /// `svar outbox release`: held parcels, all of them or one, may go. How many.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if that one is not held; a database error.
    pub fn release(&mut self, parcel: Option<ParcelNo>, now: Time) -> Result<usize, StoreError> {
        let _ = (parcel, now);
        Ok(0)
    }
}
