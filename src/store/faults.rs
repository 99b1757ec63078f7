//! Faults on demand, for tests: any statement of a connection may be made to fail, or to be the last one of the process.
//!
//! Whoever installs a [`Watch`] on a thread sees every statement of the connections that this thread opens from then on. A program that
//! installs none (svar itself never does) pays one look at an `Option` a statement.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use super::db::{DbError, DbErrorKind};

/// On which side of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// What is made to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SQLite ends the transaction by itself and says so: FULL, IOERR, NOMEM.
    Ended(DbErrorKind),
    /// The statement fails, the transaction stays as it is: BUSY.
    Refused(DbErrorKind),
    /// The process is dead: nothing more reaches the disk, not even a ROLLBACK.
    Dead,
}

/// Asked at each moment; what it answers happens there.
pub type Watch = Arc<dyn Fn(Moment, &str) -> Option<Fault> + Send + Sync>;

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// From now on every connection that this thread opens is watched; `None`: no further one is.
#[doc(hidden)]
pub fn watch_this_thread(watch: Option<Watch>) {
    WATCH.with_borrow_mut(|slot| *slot = watch);
}

/// What a connection carries along.
#[derive(Clone, Default)]
pub(super) struct Watched(Option<Watch>);

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Watched" } else { "Unwatched" })
    }
}

impl Watched {
    pub(super) fn here() -> Self {
        Self(WATCH.with_borrow(Clone::clone))
    }

    /// The error that is to happen at this moment; `end` takes the transaction back, as SQLite does.
    pub(super) fn at(&self, moment: Moment, sql: &str, end: impl FnOnce()) -> Result<(), DbError> {
        let Some(fault) = self.0.as_ref().and_then(|watch| watch(moment, sql)) else { return Ok(()) };
        let kind = match fault {
            Fault::Ended(kind) => {
                end();
                kind
            }
            Fault::Refused(kind) => kind,
            Fault::Dead => DbErrorKind::Io,
        };
        Err(DbError::new(kind, "a fault made for a test"))
    }
}
