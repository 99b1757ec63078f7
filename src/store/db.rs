//! The SQL driver behind a narrow door: the only file that names it.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use rustix::fs::StatVfsMountFlags;

use super::faults::{Moment, Watched};
use crate::model::{
    Address, AlarmStage, AskNo, BulkNo, BulkState, BulkStep, Channel, CustomerNo, Direction, IncidentNo, Kind,
    LetterNo, MessageNo, NoticeKind, ParcelKind, ParcelNo, ParcelState, Priority, QuarantineNo, RecipientState,
    SourceNo, State, TicketNo, Time, Wait,
};

/// How long a lock of another process is waited for. No process of ours holds one longer than 100 ms.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Room for every statement of the house.
const STATEMENTS: usize = 200;

/// What kind of trouble the database is in. Only [`Malformed`](DbErrorKind::Malformed),
/// [`Constraint`](DbErrorKind::Constraint), [`Schema`](DbErrorKind::Schema) and [`Other`](DbErrorKind::Other) can be the fault of the letter at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbErrorKind {
    /// The disk, or the number of pages allowed, is used up.
    Full,
    Io,
    NoMem,
    /// Another process holds the lock for longer than is reasonable.
    Busy,
    /// SQLite finds its file damaged.
    Corrupt,
    /// A row does not hold what it should, in a file that SQLite finds nothing wrong with: a fault in svar, or somebody's hand.
    Malformed,
    /// A CHECK, UNIQUE, NOT NULL or foreign key said no: a fault in svar.
    Constraint,
    /// A statement does not fit the tables: a fault in svar, or another version's database.
    Schema,
    Other,
}

/// The database said no.
#[derive(Debug)]
pub struct DbError {
    pub kind: DbErrorKind,
    /// The transaction is gone or must go: nothing of the batch counts. True of every error inside a batch.
    pub voids_batch: bool,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl DbError {
    pub(super) fn new(kind: DbErrorKind, said: &str) -> Self {
        Self { kind, voids_batch: true, source: said.into() }
    }

    /// Whether trying the same again later can help and no letter is to blame.
    #[must_use]
    pub const fn is_the_machines_fault(&self) -> bool {
        matches!(
            self.kind,
            DbErrorKind::Full | DbErrorKind::Io | DbErrorKind::NoMem | DbErrorKind::Busy | DbErrorKind::Corrupt
        )
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            DbErrorKind::Full => "the disk is full",
            DbErrorKind::Io => "the disk cannot be read or written",
            DbErrorKind::NoMem => "out of memory",
            DbErrorKind::Busy => "the database is locked by another program",
            DbErrorKind::Corrupt => "the database is damaged",
            DbErrorKind::Malformed => "a row of the database does not hold what it should",
            DbErrorKind::Constraint => "the database refuses a row",
            DbErrorKind::Schema => "the database has other tables than expected",
            DbErrorKind::Other => "the database",
        })?;
        write!(f, ": {}", self.source)
    }
}

impl std::error::Error for DbError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => DbErrorKind::Full,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => DbErrorKind::Io,
            Some(ErrorCode::OutOfMemory) => DbErrorKind::NoMem,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
                DbErrorKind::Busy
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DbErrorKind::Corrupt,
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
                DbErrorKind::Constraint
            }
            Some(ErrorCode::SchemaChanged | ErrorCode::Unknown) => DbErrorKind::Schema,
            _ => DbErrorKind::Other,
        };
        Self { kind, voids_batch: true, source: Box::new(error) }
    }
}

/// May the file be made, or written?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Create,
    Write,
    Read,
}

/// On a read-only disk, with neither a log nor shared memory beside it: nobody has the database open, not even by another mount of
/// the same disk, and the two files that SQLite would want cannot be made.
fn lies_still(path: &Path) -> bool {
    let beside =
        |end: &str| path.with_file_name(format!("{}{end}", path.file_name().unwrap_or_default().to_string_lossy()));
    let is_empty = |file: PathBuf| std::fs::metadata(file).map_or(0, |file| file.len()) == 0;
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY))
        && is_empty(beside("-wal"))
        && !beside("-shm").exists()
}

/// The name under which SQLite opens a file that nobody changes (<https://sqlite.org/uri.html>).
fn immutable(path: &Path) -> String {
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{name}?immutable=1")
}

/// One connection.
pub(super) struct Db {
    connection: Connection,
    watched: Watched,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Db")
    }
}

impl Db {
    pub(super) fn open(path: &Path, access: Access) -> Result<Self, DbError> {
        if access == Access::Read && lies_still(path) {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(immutable(path), flags)?;
            let db = Self { connection, watched: Watched::here() };
            db.settle(access)?;
            return Ok(db);
        }
        // READ_WRITE for readers too: a reader of a WAL database may have to make the shared memory file.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if access == Access::Create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let db = Self { connection: Connection::open_with_flags(path, flags)?, watched: Watched::here() };
        db.settle(access)?;
        Ok(db)
    }

    pub(super) fn in_memory() -> Result<Self, DbError> {
        let db = Self { connection: Connection::open_in_memory()?, watched: Watched::here() };
        db.settle(Access::Create)?;
        Ok(db)
    }

    /// In a nameless file that is gone when the connection is: SQLite spills what does not fit into the cache, so that memory
    /// stays bounded. Nothing of it survives anything, so nothing is made durable.
    pub(super) fn throwaway() -> Result<Self, DbError> {
        let db = Self { connection: Connection::open("")?, watched: Watched::default() };
        db.connection.set_prepared_statement_cache_capacity(STATEMENTS);
        db.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        db.script(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -262144; PRAGMA trusted_schema = OFF",
        )?;
        Ok(db)
    }

    fn settle(&self, access: Access) -> Result<(), DbError> {
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        self.connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // Plans do not hang on what is bound. Else a statement with LIMIT ?1 is compiled anew at each use.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if access == Access::Create {
            self.script("PRAGMA page_size = 8192")?;
        }
        if access != Access::Read {
            // Answers 'memory' for a database in memory, which needs none.
            let journal: Option<String> = self.one("PRAGMA journal_mode = WAL", &[], |row| row.get(0))?;
            if !matches!(journal.as_deref(), Some("wal" | "memory")) {
                return Err(DbError::new(DbErrorKind::Io, "no write-ahead log can be kept beside the database"));
            }
        }
        self.script(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -8192;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
        )?;
        if access == Access::Read {
            self.script("PRAGMA query_only = ON")?;
        }
        for (pragma, wanted) in [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA secure_delete", 1)] {
            let got: Option<i64> = self.one(pragma, &[], |row| row.get(0))?;
            if got != Some(wanted) {
                return Err(DbError::new(DbErrorKind::Other, &format!("{pragma} is {got:?}, not {wanted}")));
            }
        }
        Ok(())
    }

    /// No transaction is open: either none was begun, or SQLite has ended it by itself.
    pub(super) fn is_autocommit(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Does `work`, waiting for locks of other processes no longer than `patience`.
    pub(super) fn waiting_for<T>(
        &self,
        patience: Duration,
        work: impl FnOnce(&Self) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.connection.busy_timeout(patience)?;
        let done = work(self);
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        done
    }

    /// Runs one statement; how many rows it changed.
    pub(super) fn run(&self, sql: &str, args: &[Arg<'_>]) -> Result<usize, DbError> {
        self.watch(Moment::Before, sql)?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let changed = statement.execute(rusqlite::params_from_iter(args))?;
        self.watch(Moment::After, sql)?;
        Ok(changed)
    }

    /// Runs one statement and reads what it answers.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        args: &[Arg<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut out = Vec::new();
        self.each(sql, args, |row| {
            out.push(read(row)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Runs one statement and hands over row by row what it answers.
    pub(super) fn each(
        &self,
        sql: &str,
        args: &[Arg<'_>],
        mut take: impl FnMut(&Row<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.watch(Moment::Before, sql)?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut answer = statement.query(rusqlite::params_from_iter(args))?;
        while let Some(row) = answer.next()? {
            take(&Row(row))?;
        }
        Ok(())
    }

    /// The first row of the answer.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        args: &[Arg<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        self.watch(Moment::Before, sql)?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut answer = statement.query(rusqlite::params_from_iter(args))?;
        answer.next()?.map(|row| read(&Row(row))).transpose()
    }

    /// Runs several statements without parameters.
    pub(super) fn script(&self, sql: &str) -> Result<(), DbError> {
        self.watch(Moment::Before, sql)?;
        Ok(self.connection.execute_batch(sql)?)
    }

    fn watch(&self, moment: Moment, sql: &str) -> Result<(), DbError> {
        self.watched.at(moment, sql, || {
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        })
    }
}

// ---- parameters -----------------------------------------------------------------------------------------------------

/// A bound parameter. No TEXT holds U+0000: it becomes U+FFFD here.
#[derive(Clone, Debug)]
pub enum Arg<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Blob(&'a [u8]),
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(i) => ValueRef::Integer(*i),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The parameters of a statement, each turned into an [`Arg`].
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::store::db::Arg::from($value)),*] };
}
pub(super) use args;

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() })
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() })
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Arg<'_> {
    fn from(yes: bool) -> Self {
        Self::Int(yes.into())
    }
}

impl From<Time> for Arg<'_> {
    fn from(time: Time) -> Self {
        Self::Int(time.unix())
    }
}

impl<'a> From<&'a Address> for Arg<'a> {
    fn from(address: &'a Address) -> Self {
        Self::from(address.as_str())
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

// ---- columns --------------------------------------------------------------------------------------------------------

/// One row of an answer.
pub struct Row<'a>(&'a rusqlite::Row<'a>);

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Row")
    }
}

impl Row<'_> {
    /// Column `at`, counted from 0.
    ///
    /// # Errors
    /// [`DbErrorKind::Malformed`] if it holds something else than a `T`.
    pub fn get<T: Column>(&self, at: usize) -> Result<T, DbError> {
        let value = match self.0.get_ref(at)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(i) => Value::Int(i),
            ValueRef::Text(text) => {
                Value::Text(std::str::from_utf8(text).map_err(|_| Self::bad(at, "text that is not UTF-8"))?)
            }
            ValueRef::Blob(bytes) => Value::Blob(bytes),
            ValueRef::Real(_) => return Err(Self::bad(at, "a real number")),
        };
        T::read(value).ok_or_else(|| Self::bad(at, &format!("no {}", std::any::type_name::<T>())))
    }

    /// The text in column `at`, where it stands; empty for NULL.
    ///
    /// # Errors
    /// [`DbErrorKind::Corrupt`] if it holds something else.
    pub(super) fn text(&self, at: usize) -> Result<&str, DbError> {
        match self.0.get_ref(at)? {
            ValueRef::Null => Ok(""),
            ValueRef::Text(text) => std::str::from_utf8(text).map_err(|_| Self::bad(at, "text that is not UTF-8")),
            _ => Err(Self::bad(at, "text")),
        }
    }

    fn bad(at: usize, what: &str) -> DbError {
        DbError::new(DbErrorKind::Malformed, &format!("column {at} holds {what}"))
    }
}

/// A value as it stands in the database.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

/// What a column can be read as.
pub trait Column: Sized {
    fn read(value: Value<'_>) -> Option<Self>;
}

impl Column for i64 {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Int(i) = value { Some(i) } else { None }
    }
}

impl Column for u32 {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Column for bool {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).map(|i| i != 0)
    }
}

impl Column for String {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl Column for Vec<u8> {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.to_vec()) } else { None }
    }
}

impl Column for Time {
    fn read(value: Value<'_>) -> Option<Self> {
        i64::read(value).map(Self::from_unix)
    }
}

impl Column for Address {
    fn read(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Self::parse(text) } else { None }
    }
}

impl<T: Column> Column for Option<T> {
    fn read(value: Value<'_>) -> Option<Self> {
        if matches!(value, Value::Null) { Some(None) } else { T::read(value).map(Some) }
    }
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl From<$id> for Arg<'_> {
            fn from(id: $id) -> Self {
                Self::Int(id.0)
            }
        }

        impl Column for $id {
            fn read(value: Value<'_>) -> Option<Self> {
                i64::read(value).map($id)
            }
        }
    )*};
}

ids! { TicketNo MessageNo CustomerNo LetterNo ParcelNo QuarantineNo AskNo BulkNo IncidentNo SourceNo }

macro_rules! words {
    ($($word:ident)*) => {$(
        impl From<$word> for Arg<'_> {
            fn from(word: $word) -> Self {
                Self::Text(word.as_str().into())
            }
        }

        impl Column for $word {
            fn read(value: Value<'_>) -> Option<Self> {
                if let Value::Text(text) = value { Self::parse(text) } else { None }
            }
        }
    )*};
}

words! {
    State Direction Kind Priority Channel ParcelKind NoticeKind Wait AlarmStage ParcelState RecipientState BulkState
    BulkStep
}
