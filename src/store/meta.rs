//! Facts of the database itself: its epoch, its owner, its clock, what halts it.

use super::db::args;
use super::{StoreError, Tx};
use crate::model::{ParcelNo, TicketNo, Time};
use crate::plan::Next;

/// The machine and directory that a database belongs to. It sends nothing anywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub machine: String,
    pub data_dir: String,
}

impl Tx<'_> {
    #[must_use]
    pub fn epoch(&self) -> i64 {
        self.scratch.desk.epoch
    }

    /// The time of the latest decision; 1970 in a new database.
    #[must_use]
    pub fn last_now(&self) -> Time {
        self.scratch.desk.last_now
    }

    pub fn set_last_now(&mut self, now: Time) {
        self.scratch.desk.last_now = now;
    }

    /// The next free ids.
    #[must_use]
    pub fn next(&self) -> Next {
        use crate::model::{AskNo, BulkNo, CustomerNo, MessageNo, QuarantineNo};
        let d = &self.scratch.desk;
        Next {
            ticket: TicketNo(d.ticket + 1),
            message: MessageNo(d.message + 1),
            customer: CustomerNo(d.customer + 1),
            parcel: ParcelNo(d.parcel + 1),
            quarantine: QuarantineNo(d.quarantine + 1),
            ask: AskNo(d.ask + 1),
            bulk: BulkNo(d.bulk + 1),
        }
    }

    /// The highest numbers given out, for the footprint: ticket and parcel.
    #[must_use]
    pub fn highest(&self) -> (TicketNo, ParcelNo) {
        (TicketNo(self.scratch.desk.ticket), ParcelNo(self.scratch.desk.parcel))
    }

    /// # Errors
    /// A database error.
    pub fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.one("SELECT value FROM meta WHERE name = ?1", args![name], |row| row.get(0))?)
    }

    /// # Errors
    /// A database error.
    pub fn set_meta(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.run(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                args![name, value],
            )?,
            None => self.run("DELETE FROM meta WHERE name = ?1", args![name])?,
        };
        Ok(())
    }

    /// Whose database this is; `None` in a new one.
    ///
    /// # Errors
    /// A database error.
    pub fn owner(&mut self) -> Result<Option<Owner>, StoreError> {
        let machine = self.meta("machine")?;
        let data_dir = self.meta("data_dir")?;
        Ok(machine.zip(data_dir).map(|(machine, data_dir)| Owner { machine, data_dir }))
    }

    /// Takes the database over (`svar adopt`, and the first start).
    ///
    /// # Errors
    /// A database error.
    pub fn set_owner(&mut self, owner: &Owner) -> Result<(), StoreError> {
        self.set_meta("machine", Some(&owner.machine))?;
        self.set_meta("data_dir", Some(&owner.data_dir))
    }

    /// Why nothing may be sent.
    ///
    /// # Errors
    /// A database error.
    pub fn halted(&mut self) -> Result<Option<String>, StoreError> {
        self.meta("halted")
    }

    /// # Errors
    /// A database error.
    pub fn set_halted(&mut self, why: Option<&str>) -> Result<(), StoreError> {
        self.set_meta("halted", why)
    }

    /// The configuration that `run` read last.
    ///
    /// # Errors
    /// A database error.
    pub fn config_fingerprint(&mut self) -> Result<Option<String>, StoreError> {
        self.meta("config_fingerprint")
    }

    /// # Errors
    /// A database error.
    pub fn set_config_fingerprint(&mut self, fingerprint: &str) -> Result<(), StoreError> {
        self.set_meta("config_fingerprint", Some(fingerprint))
    }

    /// The configuration by which the due times of open tickets were last computed, all of them.
    ///
    /// # Errors
    /// A database error.
    pub fn clocks_fingerprint(&mut self) -> Result<Option<String>, StoreError> {
        self.meta("clocks_fingerprint")
    }

    /// # Errors
    /// A database error.
    pub fn set_clocks_fingerprint(&mut self, fingerprint: &str) -> Result<(), StoreError> {
        self.set_meta("clocks_fingerprint", Some(fingerprint))
    }

    /// Mailboxes whose server refuses an empty envelope sender.
    ///
    /// # Errors
    /// A database error.
    pub fn null_sender_refused(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(self.rows(
            "SELECT substr(name, 21) FROM meta WHERE name >= 'null_sender_refused:' AND name < 'null_sender_refused;'
             ORDER BY name",
            &[],
            |row| row.get(0),
        )?)
    }
}
