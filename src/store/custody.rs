//! Custody: raw letters are kept, under a key of their own, before anybody reads them.

use std::ops::RangeInclusive;

use ring::digest::{SHA256, digest};

use super::db::{DbError, DbErrorKind, Row, args};
use super::text::{head, list};
use super::{StoreError, Tx};
use crate::model::{Channel, LetterNo, ParcelNo, SourceNo, Time};
use crate::plan::{Envelope, Folder, Release};

/// After so many refusals a UID is passed.
pub const TRIES_OF_A_MISSING_LETTER: i64 = 3;

/// A place that mail comes from, and how far it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    pub no: SourceNo,
    /// `maildir` and `pipe` for those.
    pub host: String,
    pub user: String,
    pub folder: String,
    pub mailbox: String,
    /// Goes up each time the server numbers its letters anew.
    pub generation: i64,
    /// `None`: not looked at yet.
    pub uidvalidity: Option<u32>,
    /// The highest UID in custody or passed.
    pub cursor: u32,
    /// Letters with a lower UID lay there before svar looked.
    pub old_below: Option<u32>,
    /// What was received up to then is old (after a restore).
    pub old_until: Option<Time>,
    pub first_seen_at: Time,
    pub reconciled_at: Option<Time>,
}

impl SourceRow {
    /// Whether a letter of this source is `old`: nothing is acknowledged.
    #[must_use]
    pub fn is_old(&self, uid: u32, received_at: Time) -> bool {
        self.old_below.is_some_and(|below| uid < below) || self.old_until.is_some_and(|until| received_at <= until)
    }
}

/// A raw letter on its way into custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub source: SourceNo,
    pub mailbox: String,
    pub channel: Channel,
    pub folder: Folder,
    /// As the server said when the folder was opened; must be the source's. 0 for Maildir and pipe.
    pub uidvalidity: u32,
    /// 0 where `name` is the key: a number is given out then.
    pub uid: u32,
    /// The key of a Maildir's file (without its flags) or of a piped mail.
    pub name: Option<String>,
    pub received_at: Time,
    pub old: bool,
    /// The size that the server states.
    pub size_bytes: i64,
    /// Only the header and the beginning of the text were taken.
    pub truncated: bool,
    /// Made by [`pack`], away from the thread that owns the store.
    pub packed: Vec<u8>,
    /// Of the raw bytes, by [`sha256`].
    pub sha256: [u8; 32],
}

/// What became of an [`Arrival`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    New(LetterNo),
    /// It is in custody: by its key, or, after the server numbered its letters anew, by its bytes.
    Known(LetterNo),
    /// The key is known with other bytes: treat it as a changed UIDVALIDITY, call [`Tx::set_uidvalidity`] and read from the start.
    Renumbered,
}

/// A letter that nobody has decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub envelope: Envelope,
    pub packed: Vec<u8>,
    /// How often reading it was begun.
    pub attempts: i64,
    pub truncated: bool,
    pub source: SourceNo,
    pub uid: u32,
}

/// Raw bytes as they are kept: zstd, level 1. Empty only where there is no memory; [`Tx::keep`] refuses that.
#[must_use]
pub fn pack(raw: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(raw, 1).unwrap_or_default()
}

/// The raw bytes again; `None` if they are damaged.
#[must_use]
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    // What `pack` made says how big it was; a damaged size must not take all memory.
    match zstd::zstd_safe::get_frame_content_size(packed) {
        Ok(Some(size_bytes)) if size_bytes <= PLAUSIBLE_BYTES => {
            zstd::bulk::decompress(packed, usize::try_from(size_bytes).ok()?).ok()
        }
        _ => zstd::stream::decode_all(packed).ok(),
    }
}

/// Bigger letters are unpacked piece by piece.
const PLAUSIBLE_BYTES: u64 = 64 << 20;

/// SHA-256 of the raw bytes.
#[must_use]
pub fn sha256(raw: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, raw).as_ref());
    out
}

pub(super) const NAMES: &str = "SELECT name FROM letter WHERE source = ?1 AND name IS NOT NULL ORDER BY name";

pub(super) const BY_NAME: &str = "SELECT no FROM letter WHERE source = ?1 AND name = ?2 AND name IS NOT NULL";

pub(super) const BY_KEY: &str =
    "SELECT no, sha256 = ?4 AND size_bytes = ?5 FROM letter WHERE source = ?1 AND generation = ?2 AND uid = ?3";

// INDEXED BY: the planner, which knows no numbers, would rather walk all letters of the source, or all there are.
pub(super) const BY_BYTES: &str = "
    SELECT no FROM letter INDEXED BY letter_digest WHERE digest = ?1 AND sha256 = ?2 AND source = ?3 AND generation < ?4 ORDER BY no LIMIT 1";

pub(super) const TO_READ: &str = "
    SELECT l.no, l.mailbox, l.channel, l.folder, l.received_at, l.old, l.released, l.released_for, r.packed, l.attempts,
           l.truncated, l.source, l.uid
    FROM letter l INDEXED BY letter_received CROSS JOIN raw r ON r.letter = l.no
    WHERE l.state = 'received' AND l.no > ?1 ORDER BY l.no LIMIT ?2";

pub(super) const TO_READ_BESIDES: &str = "
    SELECT l.no, l.mailbox, l.channel, l.folder, l.received_at, l.old, l.released, l.released_for, r.packed, l.attempts,
           l.truncated, l.source, l.uid
    FROM letter l INDEXED BY letter_received CROSS JOIN raw r ON r.letter = l.no
    WHERE l.state = 'received' AND l.no NOT IN (SELECT value FROM json_each(?1)) ORDER BY l.no LIMIT ?2";

/// By number, so that the range of the primary key is walked and no more.
pub(super) const NEWEST: &str = "SELECT no, mailbox FROM letter WHERE no < ?1 ORDER BY no DESC LIMIT ?2";

pub(super) const UIDS: &str = "
    SELECT l.uid FROM source s JOIN letter l ON l.source = s.no AND l.generation = s.generation AND l.uid >= ?3 WHERE s.no = ?1
    UNION SELECT m.uid FROM source s JOIN missing m ON m.source = s.no AND m.generation = s.generation
    WHERE s.no = ?1 AND m.tries >= ?2 AND m.uid >= ?3 ORDER BY 1";

const SOURCE: &str =
    "SELECT no, host, user, folder, mailbox, generation, uidvalidity, cursor, old_below, old_until, first_seen_at,
     reconciled_at FROM source";

fn read_source(row: &Row<'_>) -> Result<SourceRow, DbError> {
    Ok(SourceRow {
        no: row.get(0)?,
        host: row.get(1)?,
        user: row.get(2)?,
        folder: row.get(3)?,
        mailbox: row.get(4)?,
        generation: row.get(5)?,
        uidvalidity: row.get(6)?,
        cursor: row.get(7)?,
        old_below: row.get(8)?,
        old_until: row.get(9)?,
        first_seen_at: row.get(10)?,
        reconciled_at: row.get(11)?,
    })
}

fn read_unread(row: &Row<'_>) -> Result<Unread, DbError> {
    Ok(Unread {
        envelope: read_envelope(row)?,
        packed: row.get(8)?,
        attempts: row.get(9)?,
        truncated: row.get(10)?,
        source: row.get(11)?,
        uid: row.get(12)?,
    })
}

pub(super) const fn folder_word(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "inbox",
        Folder::Sent => "sent",
        Folder::Answers => "answers",
    }
}

fn read_envelope(row: &Row<'_>) -> Result<Envelope, DbError> {
    let folder: String = row.get(3)?;
    let released: Option<String> = row.get(6)?;
    Ok(Envelope {
        letter: row.get(0)?,
        mailbox: row.get(1)?,
        channel: row.get(2)?,
        folder: match folder.as_str() {
            "sent" => Folder::Sent,
            "answers" => Folder::Answers,
            _ => Folder::Inbox,
        },
        received_at: row.get(4)?,
        old: row.get(5)?,
        released: match released.as_deref() {
            Some("customer") => Some(Release::Customer),
            Some(_) => Some(Release::Recorded),
            None => None,
        },
        released_for: row.get(7)?,
    })
}

/// The customer's letters between the answer that parcel ?1 carries and the answer before it, as far as they have a UID.
pub(super) const ANSWERED_LETTERS: &str = "
    SELECT l.source, l.uid FROM parcel p
    JOIN message a ON a.no = p.message
    JOIN message m ON m.ticket = a.ticket AND m.no < a.no
    JOIN letter l ON l.no = m.letter
    JOIN source s ON s.no = l.source AND s.generation = l.generation
    WHERE p.no = ?1 AND m.direction = 'in' AND l.folder = 'inbox' AND l.name IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM message o
            WHERE o.ticket = a.ticket AND o.direction = 'out' AND o.no > m.no AND o.no < a.no
        )
    ORDER BY l.source, l.uid";

impl Tx<'_> {
    /// Where the letters lie that this parcel answers: source and UID.
    ///
    /// # Errors
    /// A database error.
    pub fn answered_letters(&mut self, parcel: ParcelNo) -> Result<Vec<(SourceNo, u32)>, StoreError> {
        Ok(self.rows(ANSWERED_LETTERS, args![parcel], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Letters that were taken for this parcel come back to us.
    #[cfg(test)]
    pub(crate) fn echoes_of(&mut self, parcel: ParcelNo) -> Result<Vec<LetterNo>, StoreError> {
        let sql = "SELECT no FROM letter WHERE fate = 'echo' AND fate_no = ?1 ORDER BY no";
        Ok(self.rows(sql, args![parcel], |row| row.get(0))?)
    }

    /// The row of (host, user, folder); made if it is new.
    ///
    /// # Errors
    /// A database error.
    pub fn source(
        &mut self,
        host: &str,
        user: &str,
        folder: &str,
        mailbox: &str,
        now: Time,
    ) -> Result<SourceRow, StoreError> {
        let sql = format!("{SOURCE} WHERE host = ?1 AND user = ?2 AND folder = ?3");
        if let Some(mut row) = self.one(&sql, args![host, user, folder], read_source)? {
            if row.mailbox != mailbox {
                self.run("UPDATE source SET mailbox = ?2 WHERE no = ?1", args![row.no, mailbox])?;
                mailbox.clone_into(&mut row.mailbox);
            }
            return Ok(row);
        }
        self.scratch.desk.source += 1;
        let no = SourceNo(self.scratch.desk.source);
        self.run(
            "INSERT INTO source (no, host, user, folder, mailbox, generation, cursor, first_seen_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6)",
            args![no, host, user, folder, mailbox, now],
        )?;
        self.source_row(no)
    }

    /// # Errors
    /// [`StoreError::Rejected`] if there is none; a database error.
    pub fn source_row(&mut self, source: SourceNo) -> Result<SourceRow, StoreError> {
        self.one(&format!("{SOURCE} WHERE no = ?1"), args![source], read_source)?
            .ok_or_else(|| StoreError::Rejected(format!("there is no source {source}")))
    }

    /// Every source, in the order in which they were first seen.
    ///
    /// # Errors
    /// A database error.
    pub fn sources(&mut self) -> Result<Vec<SourceRow>, StoreError> {
        Ok(self.rows(&format!("{SOURCE} ORDER BY no"), &[], read_source)?)
    }

    /// The server numbers its letters anew, or the folder is looked at for the first time. Reading goes on above `cursor`;
    /// letters below `old_below` (UIDNEXT as it is now) are old.
    ///
    /// # Errors
    /// A database error.
    pub fn set_uidvalidity(
        &mut self,
        source: SourceNo,
        uidvalidity: u32,
        cursor: u32,
        old_below: Option<u32>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE source SET generation = generation + 1, uidvalidity = ?2, cursor = ?3, old_below = ?4 WHERE no = ?1",
            args![source, uidvalidity, cursor, old_below],
        )?;
        Ok(())
    }

    /// Everything up to `cursor` is in custody or passed. Never goes back.
    ///
    /// # Errors
    /// A database error.
    pub fn advance(&mut self, source: SourceNo, cursor: u32) -> Result<(), StoreError> {
        self.run("UPDATE source SET cursor = ?2 WHERE no = ?1 AND cursor < ?2", args![source, cursor])?;
        Ok(())
    }

    /// The folder's UIDs were compared with what is in custody.
    ///
    /// # Errors
    /// A database error.
    pub fn set_reconciled(&mut self, source: SourceNo, at: Time) -> Result<(), StoreError> {
        self.run("UPDATE source SET reconciled_at = ?2 WHERE no = ?1", args![source, at])?;
        Ok(())
    }

    /// Takes a letter into custody. The cursor is not moved: see [`Tx::advance`].
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if the source is unknown or bears another UIDVALIDITY by now; a database error.
    pub fn keep(&mut self, arrival: &Arrival, now: Time) -> Result<Kept, StoreError> {
        let a = arrival;
        let source =
            self.one("SELECT generation, uidvalidity, cursor FROM source WHERE no = ?1", args![a.source], |row| {
                Ok((row.get::<i64>(0)?, row.get::<Option<u32>>(1)?, row.get::<u32>(2)?))
            })?;
        let Some((generation, uidvalidity, cursor)) = source else {
            return Err(StoreError::Rejected(format!("there is no source {}", a.source)));
        };
        let uid = if a.name.is_some() { cursor.saturating_add(1) } else { a.uid };
        let known = if a.name.is_some() {
            self.one(BY_NAME, args![a.source, a.name.as_ref()], |row| Ok((row.get::<LetterNo>(0)?, true)))?
        } else {
            if uidvalidity != Some(a.uidvalidity) {
                return Err(StoreError::Rejected(format!(
                    "a letter of UIDVALIDITY {} for source {}, which has {uidvalidity:?}",
                    a.uidvalidity, a.source
                )));
            }
            self.one(BY_KEY, args![a.source, generation, uid, &a.sha256[..], a.size_bytes], |row| {
                Ok((row.get::<LetterNo>(0)?, row.get::<bool>(1)?))
            })?
        };
        match known {
            Some((letter, true)) => return Ok(Kept::Known(letter)),
            Some((_, false)) => return Ok(Kept::Renumbered),
            None => {}
        }
        if a.packed.is_empty() {
            // What `pack` could not pack must not pass for a letter.
            return Err(DbError::new(DbErrorKind::NoMem, "a letter was not packed").into());
        }
        let digest = head(&a.sha256);
        if generation > 1 && a.name.is_none() {
            let elsewhere =
                self.one(BY_BYTES, args![digest, &a.sha256[..], a.source, generation], |row| row.get::<LetterNo>(0))?;
            if let Some(letter) = elsewhere {
                // It moves to its new number, so that one letter stands here once.
                self.run("UPDATE letter SET generation = ?2, uid = ?3 WHERE no = ?1", args![letter, generation, uid])?;
                return Ok(Kept::Known(letter));
            }
        }
        self.scratch.desk.letter += 1;
        let no = LetterNo(self.scratch.desk.letter);
        self.run(
            "INSERT INTO letter (no, source, generation, uid, name, mailbox, channel, folder, received_at, kept_at, old, size_bytes,
             truncated, sha256, digest, attempts, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, 'received')",
            args![
                no,
                a.source,
                generation,
                uid,
                a.name.as_ref(),
                &a.mailbox,
                a.channel,
                folder_word(a.folder),
                a.received_at,
                now,
                a.old,
                a.size_bytes,
                a.truncated,
                &a.sha256[..],
                digest,
            ],
        )?;
        self.run("INSERT INTO raw (letter, packed) VALUES (?1, ?2)", args![no, &a.packed])?;
        if a.name.is_some() {
            self.advance(a.source, uid)?;
        }
        Ok(Kept::New(no))
    }

    /// The keys of all files and piped mails that were taken from a source, in no order.
    ///
    /// # Errors
    /// A database error.
    pub fn names(&mut self, source: SourceNo) -> Result<Vec<String>, StoreError> {
        Ok(self.rows(NAMES, args![source], |row| row.get(0))?)
    }

    /// Whether the file or piped mail with this key was taken before.
    ///
    /// # Errors
    /// A database error.
    pub fn is_taken(&mut self, source: SourceNo, name: &str) -> Result<bool, StoreError> {
        Ok(self.one(BY_NAME, args![source, name], |_| Ok(()))?.is_some())
    }

    /// The server would not hand over a UID. How often so far; at [`TRIES_OF_A_MISSING_LETTER`] it is passed.
    ///
    /// # Errors
    /// A database error.
    pub fn note_missing(&mut self, source: SourceNo, uid: u32, at: Time) -> Result<i64, StoreError> {
        let tries = self.one(
            "INSERT INTO missing (source, generation, uid, tries, last_at)
             SELECT no, generation, ?2, 1, ?3 FROM source WHERE no = ?1
             ON CONFLICT DO UPDATE SET tries = tries + 1, last_at = excluded.last_at RETURNING tries",
            args![source, uid, at],
            |row| row.get(0),
        )?;
        tries.ok_or_else(|| StoreError::Rejected(format!("there is no source {source}")))
    }

    /// Letters in custody on which nobody has decided, in the order in which they came, from `after` on.
    ///
    /// # Errors
    /// A database error.
    pub fn to_read(&mut self, after: LetterNo, limit: usize) -> Result<Vec<Unread>, StoreError> {
        Ok(self.rows(TO_READ, args![after, limit], read_unread)?)
    }

    /// The same, without `those`, which somebody has in hand.
    ///
    /// # Errors
    /// A database error.
    pub fn to_read_besides(&mut self, those: &[LetterNo], limit: usize) -> Result<Vec<Unread>, StoreError> {
        let those: Vec<i64> = those.iter().map(|no| no.0).collect();
        Ok(self.rows(TO_READ_BESIDES, args![list(&those), limit], read_unread)?)
    }

    /// Reading a letter begins; how often it has begun by now.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if there is no such letter; a database error.
    pub fn count_attempt(&mut self, letter: LetterNo) -> Result<i64, StoreError> {
        let sql = "UPDATE letter SET attempts = attempts + 1 WHERE no = ?1 RETURNING attempts";
        self.one(sql, args![letter], |row| row.get(0))?.ok_or_else(|| no_letter(letter))
    }

    /// # Errors
    /// [`StoreError::Rejected`] if there is no such letter; a database error.
    pub fn envelope(&mut self, letter: LetterNo) -> Result<Envelope, StoreError> {
        let sql =
            "SELECT no, mailbox, channel, folder, received_at, old, released, released_for FROM letter WHERE no = ?1";
        self.one(sql, args![letter], read_envelope)?.ok_or_else(|| no_letter(letter))
    }

    /// The newest letters with their mailboxes, newest first; also such as have been erased since.
    ///
    /// # Errors
    /// A database error.
    pub fn newest_letters(&mut self, limit: usize) -> Result<Vec<(LetterNo, String)>, StoreError> {
        Ok(self.rows(NEWEST, args![i64::MAX, limit], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The raw mail.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if there is no such letter, [`StoreError::Damaged`]; a database error.
    pub fn raw(&mut self, letter: LetterNo) -> Result<Vec<u8>, StoreError> {
        let packed: Option<Vec<u8>> =
            self.one("SELECT packed FROM raw WHERE letter = ?1", args![letter], |row| row.get(0))?;
        unpack(&packed.ok_or_else(|| no_letter(letter))?).ok_or(StoreError::Damaged(letter))
    }

    /// UIDs of the source's present numbering, from `first` on, that are in custody or were given up.
    ///
    /// # Errors
    /// A database error.
    pub fn uids_in_custody(&mut self, source: SourceNo, first: u32) -> Result<Vec<RangeInclusive<u32>>, StoreError> {
        let uids = self.rows(UIDS, args![source, TRIES_OF_A_MISSING_LETTER, first], |row| row.get::<u32>(0))?;
        Ok(ranges(&uids))
    }

    /// UIDs of the source's present numbering, from `first` on, that are in custody.
    ///
    /// # Errors
    /// A database error.
    pub fn uids_kept(&mut self, source: SourceNo, first: u32) -> Result<Vec<RangeInclusive<u32>>, StoreError> {
        let uids = self.rows(
            "SELECT l.uid FROM source s JOIN letter l ON l.source = s.no AND l.generation = s.generation AND l.uid >= ?2
             WHERE s.no = ?1 ORDER BY 1",
            args![source, first],
            |row| row.get::<u32>(0),
        )?;
        Ok(ranges(&uids))
    }
}

/// Ascending numbers as ranges.
fn ranges(uids: &[u32]) -> Vec<RangeInclusive<u32>> {
    let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
    for &uid in uids {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(uid) => *last = *last.start()..=uid,
            _ => ranges.push(uid..=uid),
        }
    }
    ranges
}

fn no_letter(letter: LetterNo) -> StoreError {
    StoreError::Rejected(format!("there is no letter {letter}"))
}
