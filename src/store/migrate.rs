//! The schema's versions: a fresh database gets `schema.sql`, an old one goes up step by step, a newer one is refused.

use std::path::Path;

use super::db::Db;
use super::{StoreError, backup};

/// The version that `schema.sql` describes.
pub(super) const VERSION: i64 = 1;
/// "svar" in ASCII, as SQLite's application id.
const APPLICATION_ID: i64 = 0x7376_6172;
const SCHEMA: &str = include_str!("../../schema.sql");

/// `STEPS[v - 1]` brings version `v` to `v + 1`. A step ends with exactly what `schema.sql` of that version says.
const STEPS: &[&str] = &[];
const _: () = assert!(STEPS.len() as i64 + 1 == VERSION);

/// For the owner: makes the tables or brings them up. A database in a file is first copied beside itself
/// (`svar.db.version-1`), for whoever must go back to the program of before.
pub(super) fn bring_up(db: &Db, path: &Path) -> Result<(), StoreError> {
    climb(db, path, SCHEMA, STEPS)
}

fn climb(db: &Db, path: &Path, schema: &str, steps: &[&str]) -> Result<(), StoreError> {
    let wanted = steps.len() as i64 + 1;
    let found = version(db, path)?;
    if (1..wanted).contains(&found) && path.is_file() {
        backup::set_by(db, path, &format!(".version-{found}"))?;
    }
    loop {
        let found = version(db, path)?;
        let step = match found {
            0 => schema,
            v if v == wanted => return Ok(()),
            v => match usize::try_from(v - 1).ok().and_then(|i| steps.get(i)) {
                Some(step) => step,
                None => return Err(StoreError::Version { found, wanted }),
            },
        };
        let next = if found == 0 { wanted } else { found + 1 };
        let done = db.script(&format!(
            "BEGIN IMMEDIATE; {step}; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {next}; COMMIT"
        ));
        if let Err(error) = done {
            if !db.is_autocommit() {
                let _ = db.script("ROLLBACK");
            }
            return Err(error.into());
        }
    }
}

/// For everybody else: only this very version will do.
pub(super) fn insist(db: &Db, path: &Path) -> Result<(), StoreError> {
    match version(db, path)? {
        VERSION => Ok(()),
        found => Err(StoreError::Version { found, wanted: VERSION }),
    }
}

/// For a backup: a version that can be brought up.
pub(super) fn insist_on_known(db: &Db, path: &Path) -> Result<(), StoreError> {
    match version(db, path)? {
        1..=VERSION => Ok(()),
        0 => Err(StoreError::NotOurs { path: path.to_owned() }),
        found => Err(StoreError::Version { found, wanted: VERSION }),
    }
}

/// 0 for a database without tables.
fn version(db: &Db, path: &Path) -> Result<i64, StoreError> {
    let number = |sql: &str| db.one(sql, &[], |row| row.get::<i64>(0)).map(Option::unwrap_or_default);
    let ours = number("PRAGMA application_id")? == APPLICATION_ID;
    let version = number("PRAGMA user_version")?;
    let empty = number("SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)")? == 0;
    if (empty && version == 0) || (ours && version > 0) {
        return Ok(version);
    }
    Err(StoreError::NotOurs { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Access;

    fn tables(db: &Db) -> Vec<(String, String, Option<String>)> {
        let sql = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
        db.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    }

    /// Two further versions, as steps and as whole schemas.
    const TO_2: &str = "CREATE TABLE extra (no INTEGER PRIMARY KEY) STRICT";
    const TO_3: &str = "CREATE INDEX extra_down ON extra (no DESC)";

    #[test]
    fn an_old_version_arrives_at_the_same_schema() {
        let path = Path::new("x");
        let third = format!("{SCHEMA}; {TO_2}; {TO_3}");
        let fresh = Db::in_memory().unwrap();
        climb(&fresh, path, &third, &[TO_2, TO_3]).unwrap();
        for steps in [&[TO_2][..], &[TO_2, TO_3]] {
            let old = Db::in_memory().unwrap();
            climb(&old, path, SCHEMA, &[]).unwrap();
            assert_eq!(version(&old, path).unwrap(), 1);
            climb(&old, path, "this is run on a fresh database only", steps).unwrap();
            assert_eq!(version(&old, path).unwrap(), steps.len() as i64 + 1);
            climb(&old, path, &third, &[TO_2, TO_3]).unwrap();
            assert_eq!(tables(&old), tables(&fresh));
            assert!(matches!(insist(&old, path), Err(StoreError::Version { found: 3, wanted: VERSION })));
        }
    }

    #[test]
    fn a_database_is_copied_before_it_is_brought_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("svar.db");
        std::fs::write(&path, "").unwrap();
        let old = Db::open(&path, Access::Write).unwrap();
        let beside = || {
            let names = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
            names.filter(|n| n.contains(".version-")).collect::<std::collections::BTreeSet<_>>()
        };
        climb(&old, &path, SCHEMA, &[]).unwrap();
        climb(&old, &path, SCHEMA, &[]).unwrap();
        assert!(beside().is_empty(), "a fresh database and one of this version are not copied");
        // An attempt of before was broken off, and what it left is older.
        std::fs::write(dir.path().join("svar.db.version-1"), "stale").unwrap();
        climb(&old, &path, SCHEMA, &[TO_2, TO_3]).unwrap();
        assert_eq!(beside(), ["svar.db.version-1".to_owned()].into());
        let copy = Db::open(&dir.path().join("svar.db.version-1"), Access::Read).unwrap();
        assert_eq!((version(&copy, &path).unwrap(), version(&old, &path).unwrap()), (1, 3));
        assert!(!tables(&copy).iter().any(|(_, name, _)| name == "extra"));
        climb(&old, &path, SCHEMA, &[TO_2, TO_3, "CREATE TABLE more (no INTEGER PRIMARY KEY) STRICT"]).unwrap();
        assert_eq!(beside(), ["svar.db.version-1".to_owned(), "svar.db.version-3".to_owned()].into());
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let path = Path::new("x");
        let old = Db::in_memory().unwrap();
        climb(&old, path, SCHEMA, &[]).unwrap();
        let before = tables(&old);
        let broken = format!("{TO_2}; CREATE TABLE ticket (x)");
        assert!(climb(&old, path, SCHEMA, &[broken.as_str()]).is_err());
        assert_eq!((tables(&old), version(&old, path).unwrap()), (before, 1));
        assert!(old.is_autocommit());
    }
}
