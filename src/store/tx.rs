//! One batch: the transaction, its savepoints, and the counters that are read at its start and written at its end.

use std::collections::BTreeMap;

use super::StoreError;
use super::db::{Arg, Db, DbError, DbErrorKind, Row, args};
use crate::model::{MessageNo, Time};

/// How a transaction begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Read,
    /// Takes the write lock at once: a read that turns into a write later fails however long it would wait.
    Write,
}

/// The row of `desk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct DeskRow {
    pub(super) epoch: i64,
    pub(super) last_now: Time,
    pub(super) ticket: i64,
    pub(super) message: i64,
    pub(super) customer: i64,
    pub(super) parcel: i64,
    pub(super) quarantine: i64,
    pub(super) ask: i64,
    pub(super) bulk: i64,
    pub(super) letter: i64,
    pub(super) source: i64,
    pub(super) event: i64,
}

/// What a batch keeps in memory. A savepoint that is rolled back takes it back, too.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scratch {
    pub(super) desk: DeskRow,
    /// Automatic mails to customers in the hour up to the time named; the count over all of them is made once a batch.
    pub(super) automatic: Option<(Time, i64)>,
    /// Counts of automatic mail that are too old to matter are gone.
    pub(super) pruned: bool,
}

/// One transaction.
#[derive(Debug)]
pub struct Tx<'a> {
    db: &'a Db,
    begin: Begin,
    written: DeskRow,
    pub(super) scratch: Scratch,
    /// Messages to put into the search index. That happens once, at the end: a savepoint flushes the index.
    pub(super) to_index: Vec<MessageNo>,
    /// Mails handed over lately by mailbox, as counted at the time named.
    pub(super) handed_over: Option<(Time, BTreeMap<String, i64>)>,
    /// A database error has happened: nothing of this batch counts.
    void: bool,
    over: bool,
}

impl<'a> Tx<'a> {
    pub(super) fn begin(db: &'a Db, begin: Begin) -> Result<Self, StoreError> {
        if !db.is_autocommit() {
            // A transaction that could not be taken back before: nothing of it may ever be committed.
            db.run("ROLLBACK", &[])?;
        }
        db.run(if begin == Begin::Write { "BEGIN IMMEDIATE" } else { "BEGIN" }, &[])?;
        let mut tx = Self {
            db,
            begin,
            written: DeskRow::default(),
            scratch: Scratch::default(),
            to_index: Vec::new(),
            handed_over: None,
            void: false,
            over: false,
        };
        let row = tx.one(
            "SELECT epoch, last_now, ticket, message, customer, parcel, quarantine, ask, bulk, letter, source, event FROM desk",
            &[],
            |row| {
                Ok(DeskRow {
                    epoch: row.get(0)?,
                    last_now: row.get(1)?,
                    ticket: row.get(2)?,
                    message: row.get(3)?,
                    customer: row.get(4)?,
                    parcel: row.get(5)?,
                    quarantine: row.get(6)?,
                    ask: row.get(7)?,
                    bulk: row.get(8)?,
                    letter: row.get(9)?,
                    source: row.get(10)?,
                    event: row.get(11)?,
                })
            },
        )?;
        tx.written = row.ok_or_else(|| DbError::new(DbErrorKind::Corrupt, "the row of `desk` is missing"))?;
        tx.scratch.desk = tx.written;
        Ok(tx)
    }

    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        self.still_whole()?;
        if self.begin == Begin::Write {
            self.fill_search_index()?;
            let d = self.scratch.desk;
            if d != self.written {
                self.run(
                    "UPDATE desk SET epoch = ?1, last_now = ?2, ticket = ?3, message = ?4, customer = ?5, parcel = ?6,
                     quarantine = ?7, ask = ?8, bulk = ?9, letter = ?10, source = ?11, event = ?12",
                    args![
                        d.epoch,
                        d.last_now,
                        d.ticket,
                        d.message,
                        d.customer,
                        d.parcel,
                        d.quarantine,
                        d.ask,
                        d.bulk,
                        d.letter,
                        d.source,
                        d.event
                    ],
                )?;
            }
        }
        self.still_whole()?;
        self.run("COMMIT", &[])?;
        self.over = true;
        Ok(())
    }

    /// A failure if a database error has happened, even one that somebody swallowed.
    fn still_whole(&mut self) -> Result<(), StoreError> {
        self.void |= self.db.is_autocommit();
        if self.void {
            return Err(DbError::new(DbErrorKind::Other, "the batch is void after an earlier error").into());
        }
        Ok(())
    }

    /// Runs `work`; what it wrote is taken back if it returns a domain error or panics (the panic goes on: wrap the call in
    /// `catch_unwind`). A database error is handed up as it is, and the batch is void.
    ///
    /// # Errors
    /// What `work` returned; a database error.
    pub fn savepoint<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.still_whole()?;
        self.run("SAVEPOINT fence", &[])?;
        let mut fence = Fence { scratch: self.scratch, to_index: self.to_index.len(), tx: self, open: true };
        let outcome = work(fence.tx);
        match outcome {
            Ok(done) => {
                fence.tx.still_whole()?;
                fence.tx.run("RELEASE fence", &[])?;
                fence.open = false;
                Ok(done)
            }
            Err(error) if error.database().is_some() => {
                fence.open = false;
                fence.tx.void = true;
                Err(error)
            }
            Err(error) => {
                fence.roll_back()?;
                Err(error)
            }
        }
    }

    pub(super) fn run(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<usize, DbError> {
        self.note(|db| db.run(sql, args))
    }

    pub(super) fn rows<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        self.note(|db| db.rows(sql, args, read))
    }

    pub(super) fn each(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        take: impl FnMut(&Row<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.note(|db| db.each(sql, args, take))
    }

    pub(super) fn one<T>(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        self.note(|db| db.one(sql, args, read))
    }

    fn note<T>(&mut self, work: impl FnOnce(&'a Db) -> Result<T, DbError>) -> Result<T, DbError> {
        if self.void {
            // Another statement would run, and commit, outside the transaction that is gone.
            return Err(DbError::new(DbErrorKind::Other, "the batch is void after an earlier error"));
        }
        let outcome = work(self.db);
        self.void |= outcome.is_err();
        outcome
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if !self.over && !self.db.is_autocommit() {
            // If this fails as well, SQLite has ended the transaction, which is what is wanted.
            let _ = self.db.run("ROLLBACK", &[]);
        }
    }
}

/// Takes a savepoint back when it is dropped open, as a panic does.
struct Fence<'t, 'a> {
    tx: &'t mut Tx<'a>,
    scratch: Scratch,
    to_index: usize,
    open: bool,
}

impl Fence<'_, '_> {
    fn roll_back(&mut self) -> Result<(), StoreError> {
        self.open = false;
        self.tx.still_whole()?;
        self.tx.scratch = self.scratch;
        self.tx.to_index.truncate(self.to_index);
        self.tx.run("ROLLBACK TO fence", &[])?;
        self.tx.run("RELEASE fence", &[])?;
        Ok(())
    }
}

impl Drop for Fence<'_, '_> {
    fn drop(&mut self) {
        if self.open && self.roll_back().is_err() {
            self.tx.void = true;
        }
    }
}
