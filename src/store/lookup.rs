//! Clues in, findings out: what is on record about a letter or a parcel.

use super::{StoreError, Tx};
use crate::model::{MessageNo, ParcelNo, Time};
use crate::plan::{Clues, DeliveryFindings, Findings, KnownParcel, Said};

impl Tx<'_> {
    /// # Errors
    /// A database error.
    pub fn lookup(&mut self, clues: &Clues, now: Time) -> Result<Findings, StoreError> {
        let _ = (clues, now);
        Ok(Findings { epoch: self.epoch(), next: self.next(), ..Findings::default() })
    }

    /// # Errors
    /// [`StoreError::Rejected`] if there is no such parcel; a database error.
    pub fn delivery(&mut self, parcel: ParcelNo) -> Result<DeliveryFindings, StoreError> {
        Err(StoreError::Rejected(format!("there is no parcel {parcel}")))
    }

    /// # Errors
    /// A database error.
    pub fn said(&mut self, message: MessageNo) -> Result<Option<Said>, StoreError> {
        let _ = message;
        Ok(None)
    }

    /// # Errors
    /// A database error.
    pub fn known_parcel(&mut self, parcel: ParcelNo) -> Result<Option<KnownParcel>, StoreError> {
        let _ = parcel;
        Ok(None)
    }
}
