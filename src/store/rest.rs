//! What a database does in quiet moments: tidies up, and empties its log of what was erased.

use std::time::Duration;

use super::{DbError, DbErrorKind, Store, StoreError, Tx};

/// Facts in `meta`: how often something was taken away, and up to which of these times the log has been emptied since. They are in the
/// database because whoever takes away may be another process than whoever has time to empty.
const TAKEN_AWAY: &str = "taken_away";
const LOG_EMPTIED: &str = "log_emptied";

/// Whoever empties the log keeps writers waiting for as long as he waits for readers.
const PATIENCE: Duration = Duration::from_secs(2);

impl Tx<'_> {
    /// Notes that what this batch takes away still stands in the log, until that is emptied.
    ///
    /// # Errors
    /// A database error.
    pub fn note_taken_away(&mut self) -> Result<(), StoreError> {
        let times = self.times(TAKEN_AWAY)? + 1;
        self.set_meta(TAKEN_AWAY, Some(&times.to_string()))
    }

    fn times(&mut self, name: &str) -> Result<i64, StoreError> {
        Ok(self.meta(name)?.and_then(|times| times.parse().ok()).unwrap_or(0))
    }
}

impl Store {
    /// Spends a quiet moment: merges a little of the search index, moves the log into the file, gives memory back. A log that holds
    /// what was taken away is emptied, if nobody reads right now.
    ///
    /// # Errors
    /// A database error; nothing is lost by it.
    pub fn rest(&mut self) -> Result<(), StoreError> {
        self.batch(|tx| tx.merge_search_index())?;
        if !self.is_log_to_be_emptied()? || !self.empty(Duration::ZERO)? {
            self.db.rows("PRAGMA wal_checkpoint(PASSIVE)", &[], |_| Ok(()))?;
        }
        self.db.script("PRAGMA shrink_memory")?;
        Ok(())
    }

    /// Whether the log may still hold what was taken away, by whichever process.
    ///
    /// # Errors
    /// A database error.
    pub fn is_log_to_be_emptied(&mut self) -> Result<bool, StoreError> {
        self.read(|tx| Ok(tx.times(TAKEN_AWAY)? > tx.times(LOG_EMPTIED)?))
    }

    /// Sees to it that what was taken away is in no page and in no log: pages are overwritten as they are given up
    /// (`secure_delete`), and the log is emptied into the file. Whether it could be: not while somebody reads. Then it stays noted,
    /// and whoever rests next empties it.
    ///
    /// # Errors
    /// A database error.
    pub fn empty_log(&mut self) -> Result<bool, StoreError> {
        self.empty(PATIENCE)
    }

    fn empty(&mut self, patience: Duration) -> Result<bool, StoreError> {
        // What is taken away from here on is not meant.
        let times = self.read(|tx| tx.times(TAKEN_AWAY))?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self.db.waiting_for(patience, |db| db.rows(truncate, &[], |row| row.get::<i64>(0)));
        let is_empty = match busy {
            Err(DbError { kind: DbErrorKind::Busy, .. }) => false,
            busy => busy?.first().is_none_or(|busy| *busy == 0),
        };
        if is_empty {
            self.batch(|tx| {
                let emptied = tx.times(LOG_EMPTIED)?.max(times);
                tx.set_meta(LOG_EMPTIED, Some(&emptied.to_string()))
            })?;
        }
        Ok(is_empty)
    }
}
