//! Who asked for what (the audit log), which backups are known, and what is kept since when.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::db::args;
use super::super::{StoreError, Tx};
use super::MailId;
use crate::model::{Address, MessageNo, TicketNo, Time};

/// One act in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    pub at: Time,
    pub actor: String,
    pub act: String,
    /// The keyed hash of an address, or a mailbox.
    pub subject: String,
    pub detail: String,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupRow {
    pub path: String,
    pub made_at: Time,
}

/// How much of something is kept, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub what: &'static str,
    pub mailbox: Option<String>,
    pub count: i64,
    /// The oldest.
    pub since: Option<Time>,
}

const KEPT: &[(&str, &str)] = &[
    (
        "tickets",
        "SELECT mailbox, count(*), min(created_at) FROM ticket WHERE customer IS NOT NULL GROUP BY mailbox ORDER BY mailbox",
    ),
    (
        "letters",
        "SELECT mailbox, count(*), min(received_at) FROM letter l WHERE EXISTS (SELECT 1 FROM raw r WHERE r.letter = l.no)
         GROUP BY mailbox ORDER BY mailbox",
    ),
    ("quarantine", "SELECT mailbox, count(*), min(at) FROM quarantine WHERE from_address IS NOT NULL GROUP BY mailbox ORDER BY mailbox"),
    ("outbox", "SELECT mailbox, count(*), min(created_at) FROM parcel GROUP BY mailbox ORDER BY mailbox"),
    ("customers", "SELECT NULL, count(*), min(created_at) FROM customer"),
    ("addresses", "SELECT NULL, count(*), NULL FROM address"),
    ("audit log", "SELECT NULL, count(*), min(at) FROM audit_log"),
];

impl Tx<'_> {
    /// Writes an act into the audit log. There is no way to change or remove one.
    ///
    /// # Errors
    /// A database error.
    pub fn record_act(
        &mut self,
        actor: &str,
        act: &str,
        subject: &str,
        detail: &str,
        at: Time,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO audit_log (at, actor, act, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
            args![at, actor, act, subject, detail],
        )?;
        Ok(())
    }

    /// The audit log, oldest first; of one subject or of all.
    ///
    /// # Errors
    /// A database error.
    pub fn acts(&mut self, subject: Option<&str>) -> Result<Vec<AuditRow>, StoreError> {
        Ok(self.rows(
            "SELECT at, actor, act, subject, detail FROM audit_log WHERE no > 0 AND (?1 IS NULL OR subject = ?1) ORDER BY no",
            args![subject],
            |row| {
                Ok(AuditRow {
                    at: row.get(0)?,
                    actor: row.get(1)?,
                    act: row.get(2)?,
                    subject: row.get(3)?,
                    detail: row.get(4)?,
                })
            },
        )?)
    }

    /// Adds the acts of another database of this desk's that are not in the log yet, in their order and behind those that are.
    ///
    /// # Errors
    /// A database error.
    pub(in crate::store) fn add_acts(&mut self, theirs: &[AuditRow]) -> Result<(), StoreError> {
        for act in missing(self.acts(None)?, theirs) {
            self.record_act(&act.actor, &act.act, &act.subject, &act.detail, act.at)?;
        }
        Ok(())
    }

    /// The same for the list of backups.
    ///
    /// # Errors
    /// A database error.
    pub(in crate::store) fn add_backups(&mut self, theirs: &[BackupRow]) -> Result<(), StoreError> {
        for backup in missing(self.backups()?, theirs) {
            self.record_backup(&backup.path, backup.made_at)?;
        }
        Ok(())
    }

    /// Remembers where a backup was put.
    ///
    /// # Errors
    /// A database error.
    pub fn record_backup(&mut self, path: &str, at: Time) -> Result<(), StoreError> {
        self.run("INSERT INTO backup (path, made_at) VALUES (?1, ?2)", args![path, at])?;
        Ok(())
    }

    /// Every backup that was made, oldest first.
    ///
    /// # Errors
    /// A database error.
    pub fn backups(&mut self) -> Result<Vec<BackupRow>, StoreError> {
        Ok(self.rows("SELECT path, made_at FROM backup WHERE no > 0 ORDER BY no", &[], |row| {
            Ok(BackupRow { path: row.get(0)?, made_at: row.get(1)? })
        })?)
    }

    /// Addresses of customers, of people who take part and of senders that were set aside, in their order, from behind `after` on.
    ///
    /// # Errors
    /// A database error.
    pub fn addresses_after(&mut self, after: &str, limit: usize) -> Result<Vec<Address>, StoreError> {
        let mut found = BTreeSet::new();
        for sql in [
            "SELECT address FROM address WHERE address > ?1 ORDER BY address LIMIT ?2",
            "SELECT DISTINCT address FROM participant WHERE address > ?1 ORDER BY address LIMIT ?2",
            "SELECT DISTINCT from_address FROM quarantine WHERE no > 0 AND from_address > ?1 ORDER BY from_address LIMIT ?2",
        ] {
            found.extend(self.rows(sql, args![after, limit], |row| row.get::<Address>(0))?);
        }
        Ok(found.into_iter().take(limit).collect())
    }

    /// Messages in the order of their numbers, from behind `after` on, with their tickets and what identifies them.
    ///
    /// # Errors
    /// A database error.
    pub fn message_ids_after(
        &mut self,
        after: MessageNo,
        limit: usize,
    ) -> Result<Vec<(MessageNo, TicketNo, MailId)>, StoreError> {
        let sql = "SELECT no, ticket, message_id, sameness FROM message WHERE no > ?1 ORDER BY no LIMIT ?2";
        Ok(self.rows(sql, args![after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, MailId { id: row.get(2)?, sameness: row.get(3)? }))
        })?)
    }

    /// The letters from people on a ticket, but those that were erased.
    ///
    /// # Errors
    /// A database error.
    pub fn said_by_people(&mut self, ticket: TicketNo) -> Result<BTreeSet<MessageNo>, StoreError> {
        let sql = "SELECT no FROM message WHERE ticket = ?1 AND direction = 'in' AND kind = 'person' AND sameness <> '' ORDER BY no";
        Ok(self.rows(sql, args![ticket], |row| row.get(0))?.into_iter().collect())
    }

    /// What is kept, how much of it, and since when.
    ///
    /// # Errors
    /// A database error.
    pub fn kept(&mut self) -> Result<Vec<Kept>, StoreError> {
        let mut all = Vec::new();
        for &(what, sql) in KEPT {
            all.extend(self.rows(sql, &[], |row| {
                Ok(Kept { what, mailbox: row.get(0)?, count: row.get(1)?, since: row.get(2)? })
            })?);
        }
        Ok(all)
    }
}

/// Those of `theirs` that are not among `ours`. Two that are alike are two.
fn missing<T: PartialEq>(mut ours: Vec<T>, theirs: &[T]) -> Vec<&T> {
    let mut missing = Vec::new();
    for row in theirs {
        match ours.iter().position(|own| own == row) {
            Some(at) => drop(ours.remove(at)),
            None => missing.push(row),
        }
    }
    missing
}
