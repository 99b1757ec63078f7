//! The database's invariants, for tests and for whoever doubts a database.

use std::collections::BTreeMap;

use super::custody;
use super::db::args;
use super::text::{id_hash, same_hash};
use super::{DbErrorKind, Store, StoreError, Tx};

/// Each with the rows that break it: the first column names them.
const INVARIANTS: &[(&str, &str)] = &[
    ("a row of `desk` that has fallen behind", "
        SELECT 1 FROM desk WHERE ticket < (SELECT coalesce(max(number), 0) FROM ticket)
            OR message < (SELECT coalesce(max(no), 0) FROM message) OR customer < (SELECT coalesce(max(no), 0) FROM customer)
            OR parcel < (SELECT coalesce(max(no), 0) FROM parcel) OR ask < (SELECT coalesce(max(no), 0) FROM ask)
            OR quarantine < (SELECT coalesce(max(no), 0) FROM quarantine) OR letter < (SELECT coalesce(max(no), 0) FROM letter)
            OR source < (SELECT coalesce(max(no), 0) FROM source) OR event < (SELECT coalesce(max(no), 0) FROM event)"),
    ("a letter without its raw bytes", "
        SELECT no FROM letter l WHERE fate_why IS NOT 'erased' AND NOT EXISTS (SELECT 1 FROM raw r WHERE r.letter = l.no)"),
    ("a settled letter without one fate", "
        SELECT no FROM letter WHERE (state = 'received') <> (fate IS NULL)
            OR (fate = 'done') <> (fate_why IS NOT NULL) OR (fate IS NOT NULL AND fate <> 'done' AND fate_no IS NULL)"),
    ("a letter whose message is missing", "
        SELECT no FROM letter WHERE fate IN ('message', 'duplicate') AND fate_no NOT IN (SELECT no FROM message)"),
    ("a letter whose quarantine row is missing", "
        SELECT no FROM letter WHERE fate = 'quarantined' AND fate_no NOT IN (SELECT no FROM quarantine)"),
    ("a letter in quarantine that is not set aside", "
        SELECT no FROM letter l WHERE state = 'quarantined'
            AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.letter = l.no AND q.settled_at IS NULL)"),
    ("a letter set aside that nobody has settled", "
        SELECT q.no FROM quarantine q JOIN letter l ON l.no = q.letter WHERE l.state = 'received' AND q.settled_at IS NULL"),
    ("two letters on one UID", "
        SELECT min(no) FROM letter GROUP BY source, generation, uid HAVING count(*) > 1"),
    ("a letter of a generation that its source has not reached", "
        SELECT l.no FROM letter l JOIN source s ON s.no = l.source WHERE l.generation > s.generation"),
    ("a message without its ticket", "SELECT no FROM message WHERE ticket NOT IN (SELECT number FROM ticket)"),
    ("a ticket that counts other answers than were accepted", "
        SELECT number FROM ticket t WHERE answers <>
            (SELECT count(*) FROM message m WHERE m.ticket = t.number AND direction = 'out' AND accepted_at IS NOT NULL)
            + (SELECT count(*) FROM event e WHERE e.ticket = t.number AND e.what = 'called')"),
    ("a ticket that names another last answer", "
        SELECT number FROM ticket t WHERE last_answer IS NOT
            (SELECT max(no) FROM message m WHERE m.ticket = t.number AND direction = 'out')"),
    ("a ticket that threads under a foreign message", "
        SELECT number FROM ticket t LEFT JOIN message m ON m.no = t.last_in
        WHERE t.last_in IS NOT NULL AND (m.ticket IS NOT t.number OR m.direction <> 'in')"),
    ("a ticket that waits since no message's time", "
        SELECT number FROM ticket t WHERE waiting_since IS NOT NULL AND NOT EXISTS (
            WITH RECURSIVE family (number) AS (
                SELECT t.number UNION SELECT k.number FROM family f JOIN ticket k ON k.survivor = f.number)
            SELECT 1 FROM family f JOIN message m ON m.ticket = f.number
            WHERE m.direction = 'in' AND m.counts = 1 AND m.at = t.waiting_since)"),
    ("a ticket that waits for an answer that was given", "
        SELECT number FROM ticket t WHERE waiting_since IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM ticket k WHERE k.survivor = t.number)
            AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket = t.number AND direction = 'in' AND counts = 1
                AND at = t.waiting_since AND NOT EXISTS (SELECT 1 FROM message o WHERE o.ticket = t.number AND o.no > m.no
                    AND o.direction = 'out' AND o.counts = 1 AND o.accepted_at IS NOT NULL))"),
    ("a ticket that is due and does not wait", "
        SELECT number FROM ticket WHERE due_at IS NOT NULL AND waiting_since IS NULL"),
    ("a ticket that is late before it is due", "
        SELECT number FROM ticket WHERE late_at <= due_at OR (late_at IS NOT NULL AND due_at IS NULL)"),
    ("a merged or unwanted ticket that waits", "
        SELECT number FROM ticket WHERE state IN ('merged', 'spam') AND waiting_since IS NOT NULL"),
    ("a merge that goes in a circle", "
        SELECT t.number FROM ticket t WHERE t.survivor IS NOT NULL AND NOT EXISTS (
            WITH RECURSIVE chain (number, survivor) AS (
                SELECT t.number, t.survivor
                UNION SELECT k.number, k.survivor FROM chain c JOIN ticket k ON k.number = c.survivor)
            SELECT 1 FROM chain WHERE survivor IS NULL)"),
    ("a held ticket that never comes back, or one that is not held and does", "
        SELECT number FROM ticket WHERE state <> 'held' AND hold_until IS NOT NULL"),
    ("tickets related one way only", "
        SELECT ticket FROM related r WHERE NOT EXISTS
            (SELECT 1 FROM related b WHERE b.ticket = r.other AND b.other = r.ticket)"),
    ("a parcel that waits for nobody", "
        SELECT no FROM parcel WHERE state IN ('queued', 'claimed', 'held')
            AND NOT EXISTS (SELECT 1 FROM json_each(recipients) WHERE value ->> 'state' = 'waiting')"),
    ("a parcel that is over while somebody waits", "
        SELECT no FROM parcel WHERE state IN ('sent', 'failed')
            AND EXISTS (SELECT 1 FROM json_each(recipients) WHERE value ->> 'state' = 'waiting')"),
    ("a parcel that was sent to nobody, or failed and reached somebody", "
        SELECT no FROM parcel WHERE state IN ('sent', 'failed') AND (state = 'sent') <>
            EXISTS (SELECT 1 FROM json_each(recipients) WHERE value ->> 'state' IN ('accepted', 'bounced'))"),
    ("a parcel that is over without a time, or not over with one", "
        SELECT no FROM parcel WHERE (state IN ('sent', 'failed', 'dropped')) <> (settled_at IS NOT NULL)"),
    ("a parcel without its bytes", "
        SELECT no FROM parcel p WHERE (state IN ('queued', 'claimed', 'held', 'failed') OR kind IN ('answer', 'bulk'))
            AND NOT EXISTS (SELECT 1 FROM parcel_bytes b WHERE b.parcel = p.no)"),
    ("bytes whose length is not what their layout says", "
        SELECT parcel FROM parcel_bytes WHERE length(bytes) <>
            (SELECT coalesce(sum(value), 0) FROM json_each(layout) WHERE type = 'integer')"),
    ("an attachment that a parcel names and that is not there", "
        SELECT b.parcel FROM parcel_bytes b, json_each(b.layout) j WHERE j.type = 'text' AND NOT EXISTS
            (SELECT 1 FROM blob JOIN blob_use u ON u.blob = blob.no WHERE blob.sha256 = j.value AND u.parcel = b.parcel)"),
    ("an attachment that no parcel, no held answer and no notice names", "
        SELECT no FROM blob WHERE NOT EXISTS (SELECT 1 FROM blob_use u WHERE u.blob = blob.no)
            AND NOT EXISTS (SELECT 1 FROM ask_blob a WHERE a.blob = blob.no)
            AND NOT EXISTS (SELECT 1 FROM notice_blob n WHERE n.blob = blob.no)"),
    ("an attachment kept for a notice that is gone", "
        SELECT blob FROM notice_blob b WHERE NOT EXISTS (SELECT 1 FROM notice n WHERE n.message = b.message)"),
    ("a mail of a bulk that has come to an end and is not said to", "
        SELECT b.ticket FROM bulk_ticket b JOIN parcel p ON p.no = b.parcel
        WHERE (p.state = 'sent' AND b.step <> 'sent') OR (b.step = 'sent' AND p.state <> 'sent' AND p.message_id NOT GLOB 'erased.*')
            OR (b.step = 'queued' AND p.state IN ('failed', 'dropped'))"),
    ("a message that is not in the search index", "
        SELECT no FROM message WHERE no NOT IN (SELECT id FROM search_docsize)"),
    ("something in the search index that is no message", "
        SELECT id FROM search_docsize WHERE id NOT IN (SELECT no FROM message)"),
    ("a row that names a row that is not there", "SELECT rowid FROM pragma_foreign_key_check"),
];

/// Every invariant that does not hold, in words.
///
/// # Errors
/// A database error.
pub fn check(tx: &mut Tx<'_>) -> Result<Vec<String>, StoreError> {
    let mut broken = Vec::new();
    for (what, sql) in INVARIANTS {
        let rows: Vec<Option<i64>> =
            tx.rows(&format!("SELECT * FROM ({sql}) LIMIT {SAID_MAX}"), &[], |row| row.get(0))?;
        if !rows.is_empty() {
            let numbers: Vec<String> = rows.iter().flatten().map(ToString::to_string).collect();
            broken.push(format!("{what}: {}", numbers.join(", ")));
        }
    }
    check_refs(tx, &mut broken)?;
    Ok(broken)
}

/// Every Message-ID stands in `ref`.
fn check_refs(tx: &mut Tx<'_>, broken: &mut Vec<String>) -> Result<(), StoreError> {
    let refs = tx.rows("SELECT hash, role, no FROM ref ORDER BY hash, role, no", &[], |row| {
        Ok(((row.get::<i64>(1)?, row.get::<i64>(2)?), row.get::<i64>(0)?))
    })?;
    let mut by_owner: BTreeMap<(i64, i64), Vec<i64>> = BTreeMap::new();
    for (owner, hash) in refs {
        by_owner.entry(owner).or_default().push(hash);
    }
    let messages =
        tx.rows("SELECT no, message_id, sameness FROM message WHERE message_id IS NOT NULL ORDER BY no", &[], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
        })?;
    for (no, id, sameness) in messages {
        let (own, same) = (by_owner.remove(&(1, no)), by_owner.remove(&(3, no)));
        if own != Some(vec![id_hash(&id)]) || same != Some(vec![same_hash(&id, &sameness)]) {
            broken.push(format!("a message that cannot be found by its Message-ID: {no}"));
        }
    }
    let parcels = tx.rows("SELECT no, message_id FROM parcel ORDER BY no", &[], |row| {
        Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
    })?;
    for (no, id) in parcels {
        if by_owner.remove(&(2, no)) != Some(vec![id_hash(&id)]) {
            broken.push(format!("a parcel that cannot be found by its Message-ID: {no}"));
        }
    }
    by_owner.retain(|(role, _), _| !matches!(role, 4 | 5));
    if let Some((role, no)) = by_owner.keys().next() {
        broken.push(format!("a reference to nothing: role {role}, number {no}"));
    }
    Ok(())
}

/// How much of the full-text search is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchIndex {
    /// Against the texts, word by word. Holds the write lock all the while.
    Compared,
    LeftOut,
}

impl Store {
    /// [`check`], and what SQLite itself can check: its pages, and the search index against the texts.
    ///
    /// # Errors
    /// A database error other than what a damaged file causes.
    pub fn check(&mut self) -> Result<Vec<String>, StoreError> {
        self.check_all(SearchIndex::Compared)
    }

    /// The same, with a choice.
    ///
    /// # Errors
    /// A database error other than what a damaged file causes.
    pub fn check_all(&mut self, search: SearchIndex) -> Result<Vec<String>, StoreError> {
        let whole = format!("PRAGMA integrity_check({SAID_MAX})");
        let mut broken = match self.db.rows(&whole, &[], |row| row.get::<String>(0)) {
            Ok(said) => said.into_iter().filter(|s| s != "ok").collect(),
            Err(error) if error.kind == DbErrorKind::Corrupt => vec![error.to_string()],
            Err(error) => return Err(error.into()),
        };
        // On damaged pages a statement may fail where it likes: that is said, too.
        match self.read(check) {
            Ok(rows) => broken.extend(rows),
            Err(error) if is_damage(&error) => broken.push(error.to_string()),
            Err(error) => return Err(error),
        }
        if search == SearchIndex::Compared
            && let Err(error) = self.db.run("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", &[])
        {
            broken.push(format!("the search index does not match the texts: {error}"));
        }
        Ok(broken)
    }

    /// Mails and attachments that are no longer the bytes that came: SQLite itself does not notice a bit that has fallen over.
    ///
    /// # Errors
    /// A database error other than what a damaged file causes.
    pub fn check_bytes(&mut self) -> Result<Vec<String>, StoreError> {
        match self.bytes_that_changed() {
            Err(error) if is_damage(&error) => Ok(vec![error.to_string()]),
            other => other,
        }
    }

    fn bytes_that_changed(&mut self) -> Result<Vec<String>, StoreError> {
        let mut broken = Vec::new();
        let letters = "SELECT r.letter, l.sha256, r.packed FROM raw r JOIN letter l ON l.no = r.letter
                       WHERE r.letter > ?1 ORDER BY r.letter LIMIT 16";
        let mut last = 0;
        loop {
            let rows: Vec<(i64, bool)> = self.db.rows(letters, args![last], |row| {
                let (wanted, packed): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, custody::unpack(&packed).is_some_and(|raw| custody::sha256(&raw)[..] == wanted[..])))
            })?;
            let Some((no, _)) = rows.last() else { break };
            last = *no;
            let wrong = rows.iter().filter(|(_, same)| !same);
            broken.extend(wrong.map(|(no, _)| format!("a letter whose bytes are not those that came: {no}")));
        }
        let blobs = "SELECT no, sha256, bytes FROM blob WHERE no > ?1 ORDER BY no LIMIT 4";
        let mut last = 0;
        loop {
            let rows: Vec<(i64, bool)> = self.db.rows(blobs, args![last], |row| {
                let (wanted, bytes): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, data_encoding::HEXLOWER.encode(&custody::sha256(&bytes)) == wanted))
            })?;
            let Some((no, _)) = rows.last() else { break };
            last = *no;
            let wrong = rows.iter().filter(|(_, same)| !same);
            broken.extend(wrong.map(|(no, _)| format!("an attachment whose bytes are not its own: {no}")));
        }
        broken.truncate(SAID_MAX);
        Ok(broken)
    }

    /// What SQLite finds wrong with the pages, the first few things; table by table, so that no view of the database is held for long.
    ///
    /// # Errors
    /// A database error other than what a damaged file causes.
    pub fn check_pages(&mut self) -> Result<Vec<String>, StoreError> {
        let looked = self.pages();
        match looked {
            Err(error) if is_damage(&error) => Ok(vec![error.to_string()]),
            other => other,
        }
    }

    fn pages(&mut self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name";
        let tables: Vec<String> = self.db.rows(sql, &[], |row| row.get(0))?;
        let mut broken = Vec::new();
        for table in tables {
            let said = format!("PRAGMA integrity_check('{table}')");
            let said: Vec<String> = self.db.rows(&said, &[], |row| row.get(0))?;
            broken.extend(said.into_iter().filter(|s| s != "ok").take(SAID_MAX).map(|s| format!("{table}: {s}")));
        }
        broken.truncate(SAID_MAX);
        Ok(broken)
    }
}

/// Of one kind of damage, no more than this is worth saying.
const SAID_MAX: usize = 20;

fn is_damage(error: &StoreError) -> bool {
    let kind = error.database().map(|e| e.kind);
    matches!(kind, Some(DbErrorKind::Corrupt | DbErrorKind::Malformed))
}
