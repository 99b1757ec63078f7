//! Takes in mail that is long past: each letter is kept and decided in one transaction, many letters a commit.
//!
//! Other than today's mail, a letter of the past is read before it is in custody: its source keeps it, and an import that died is
//! simply run again. So no letter is ever seen half taken in, not even by a daemon that works on the same database meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk;
use crate::engine::batch::fenced;
use crate::engine::clock::{self, Now};
use crate::engine::erased::Erased;
use crate::engine::{Engine, clocks, in_flight};
use crate::mail::letter::Letter;
use crate::model::{Channel, Kind, LetterNo, SourceNo, TicketNo, Time};
use crate::plan::{Change, Envelope, Event, Fate, Folder};
use crate::store::{Arrival, Kept, StoreError, Tx, custody};

/// Beside a daemon the write lock is held for so long at most, and then left for others.
const BESIDE_DAEMON_MS: i64 = 50;
/// Alone: a second of work is what an interruption costs.
const ALONE_MS: i64 = 1000;

/// A letter of the past, read.
#[derive(Debug)]
pub struct Past {
    pub folder: Folder,
    pub received_at: Time,
    pub size_bytes: u64,
    /// Only its beginning was taken.
    pub truncated: bool,
    /// [`key`] of the bytes, in hexadecimal.
    pub name: String,
    /// By [`custody::sha256`]; all zero where nothing is kept.
    pub sha256: [u8; 32],
    /// By [`custody::pack`]; empty where nothing is kept.
    pub packed: Vec<u8>,
    pub reading: in_flight::Reading,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// A customer's message, an answer, or a robot's mail on a ticket.
    Message(Kind),
    /// The same mail is on record.
    Duplicate,
    /// On no ticket: the word that stands before the colon.
    Nothing(&'static str),
    /// It could not be read, or not be decided.
    Broken,
}

/// How letters of the past are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// For good, whole, under this source.
    Kept(SourceNo),
    /// To be measured and forgotten: no bytes, no text, no index.
    Measured,
}

/// The name by which a letter is known again: SHA-256 over its bytes, whichever line ends a store of mail gives them and however
/// many blank lines it puts at the end.
#[must_use]
pub fn key(raw: &[u8]) -> [u8; 32] {
    let end = raw.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let raw = &raw[..end];
    if !raw.contains(&b'\r') {
        return custody::sha256(raw);
    }
    let mut plain = Vec::with_capacity(raw.len());
    for (at, byte) in raw.iter().enumerate() {
        if *byte != b'\r' || raw.get(at + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    custody::sha256(&plain)
}

impl Engine {
    /// The source that imports into a mailbox have, and the names of the letters that are in custody from it.
    ///
    /// # Errors
    /// A database error.
    pub fn past_source(&mut self, mailbox: &str, now: Now) -> Result<(SourceNo, BTreeSet<String>), StoreError> {
        self.store.batch(|tx| {
            let source = tx.source("import", "", mailbox, mailbox, now.wall)?.no;
            Ok((source, tx.names(source)?.into_iter().collect()))
        })
    }

    /// Takes in the first of `letters`, as many as one commit should hold, in this order. Gives back what became of them.
    ///
    /// # Errors
    /// A database error: nothing of it is written down.
    pub fn take_past(
        &mut self,
        now: Now,
        mailbox: &str,
        filing: Filing,
        letters: &[Past],
    ) -> Result<Vec<Became>, StoreError> {
        let beside = filing != Filing::Measured && self.dir.is_locked();
        let budget_ms = if beside { BESIDE_DAEMON_MS } else { ALONE_MS };
        let until_ms = uptime_ms() + budget_ms;
        let (settings, key) = (self.settings.clone(), self.key.clone());
        let (erased, library) = (self.erased.clone(), self.library.clone());
        let mut clock = self.clock;
        let done = self.store.batch(|tx| {
            let rules = desk::Rules { settings: &settings, key: &key, library: &library };
            let last = Some(tx.last_now()).filter(|t| t.unix() > 0);
            let now = clock.judge(now, last).now;
            tx.set_last_now(now);
            let mut done = Vec::with_capacity(letters.len());
            let mut touched = BTreeMap::new();
            let way = Way { rules: &rules, erased: &erased, mailbox, filing };
            for past in letters {
                done.push(way.take(tx, past, now, &mut touched)?);
                if uptime_ms() >= until_ms {
                    break;
                }
            }
            if filing == Filing::Measured {
                tx.leave_unindexed();
            } else {
                // Letters may have come out of their order: since when each customer waits follows from all that is on record now.
                let events: Vec<Change> = touched.into_values().map(Change::Event).collect();
                clocks::follow(tx, &settings, &events)?;
            }
            Ok(done)
        })?;
        self.clock = clock;
        Ok(done)
    }

    /// Whether a daemon works on this desk, and wants its turn between two batches.
    #[must_use]
    pub fn is_beside_daemon(&self) -> bool {
        self.dir.is_locked()
    }
}

/// Tickets on which something happened in a batch, each with the last thing that did.
type Touched = BTreeMap<TicketNo, Event>;

fn uptime_ms() -> i64 {
    clock::read().uptime_ms.unwrap_or(0)
}

/// How letters of the past are taken in, the same for all of them.
#[derive(Clone, Copy)]
struct Way<'a> {
    rules: &'a desk::Rules<'a>,
    erased: &'a Erased,
    mailbox: &'a str,
    filing: Filing,
}

impl Way<'_> {
    fn take(&self, tx: &mut Tx<'_>, past: &Past, now: Time, touched: &mut Touched) -> Result<Became, StoreError> {
        let Self { rules, erased, mailbox, filing } = *self;
        let received_at = past.received_at.min(now);
        if let Ok(read) = &past.reading
            && erased.bars(rules, read, &envelope_of(past, mailbox, LetterNo(0), received_at))
        {
            return Ok(Became::Nothing("erased"));
        }
        let letter = match filing {
            Filing::Measured => LetterNo(0),
            // Its bytes never came: the next import asks for it again.
            Filing::Kept(_) if past.packed.is_empty() => return Ok(Became::Broken),
            Filing::Kept(source) => {
                let arrival = Arrival {
                    source,
                    mailbox: mailbox.to_owned(),
                    channel: Channel::Import,
                    folder: past.folder,
                    uidvalidity: 0,
                    uid: 0,
                    name: Some(past.name.clone()),
                    received_at,
                    old: true,
                    size_bytes: i64::try_from(past.size_bytes).unwrap_or(i64::MAX),
                    truncated: past.truncated,
                    packed: past.packed.clone(),
                    sha256: past.sha256,
                };
                match tx.keep(&arrival, now)? {
                    Kept::New(letter) => letter,
                    Kept::Known(_) | Kept::Renumbered => return Ok(Became::Duplicate),
                }
            }
        };
        let envelope = envelope_of(past, mailbox, letter, received_at);
        if let Ok(read) = &past.reading
            && let left = erased.without_them(rules.key, read, &envelope)
            && let Some(became) = fenced(tx, |tx| decide(tx, rules, filing, &left, &envelope, touched))?
        {
            return Ok(became);
        }
        if filing != Filing::Measured {
            let settle = Change::Settle { letter, fate: Fate::Done(BROKEN) };
            tx.apply(&[settle], &crate::store::Blobs::new(), now)?;
        }
        Ok(Became::Broken)
    }
}

fn envelope_of(past: &Past, mailbox: &str, letter: LetterNo, received_at: Time) -> Envelope {
    Envelope {
        letter,
        mailbox: mailbox.to_owned(),
        channel: Channel::Import,
        folder: past.folder,
        received_at,
        old: true,
        released: None,
        released_for: None,
    }
}

const BROKEN: &str = "broken: history that could not be read";

fn decide(
    tx: &mut Tx<'_>,
    rules: &desk::Rules<'_>,
    filing: Filing,
    letter: &Letter,
    envelope: &Envelope,
    touched: &mut Touched,
) -> Result<Became, StoreError> {
    // What is written down about it bears the time at which it came.
    let at = envelope.received_at;
    let envelope = &Envelope { folder: desk::history::side(letter, envelope.folder, rules), ..envelope.clone() };
    let findings = tx.lookup(&desk::clues(letter, envelope, rules), at)?;
    let mut changes = desk::decide(letter, envelope, &findings, rules, at);
    let became = became(&changes, letter.kind);
    if filing == Filing::Measured {
        lighten(&mut changes);
    }
    let blobs = letter.attachments.iter().map(|a| (a.sha256.clone(), a.data.as_slice())).collect();
    tx.apply(&changes, &blobs, at)?;
    for change in changes {
        if let Change::Event(event) = change {
            touched.insert(event.ticket, event);
        }
    }
    Ok(became)
}

fn became(changes: &[Change], kind: Kind) -> Became {
    let fate = changes.iter().find_map(|c| if let Change::Settle { fate, .. } = c { Some(fate) } else { None });
    match fate {
        Some(Fate::Message(_)) => Became::Message(kind),
        Some(Fate::Duplicate(_) | Fate::Echo(_)) => Became::Duplicate,
        Some(Fate::Done(why)) => Became::Nothing(why.split(':').next().unwrap_or(why)),
        Some(Fate::Quarantined(_)) => Became::Nothing("quarantined"),
        None => Became::Broken,
    }
}

/// Leaves out what figures do not need: a hundred thousand letters are measured in little memory.
fn lighten(changes: &mut Vec<Change>) {
    changes.retain(|c| !matches!(c, Change::Settle { .. } | Change::ActedOn { .. } | Change::Quarantine(_)));
    for change in changes {
        if let Change::AddMessage(message) = change {
            message.letter = None;
            message.text = String::new();
            message.new_text = String::new();
            message.attachments = Vec::new();
            message.defects = Vec::new();
            message.to = Vec::new();
            message.cc = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn a_letter_is_known_whatever_its_line_ends() {
        let same = |a: &[u8], b: &[u8], expect: bool| assert_eq!(key(a) == key(b), expect, "{a:?} {b:?}");
        same(b"A: b\r\n\r\nhej\r\n", b"A: b\n\nhej\n", true);
        same(b"A: b\n\nhej", b"A: b\n\nhej\n\n\r\n", true);
        same(b"A: b\n\nhej\rdu", b"A: b\n\nhej\ndu", false);
        same(b"", b"\n", true);
        same(b"a", b"b", false);
    }
}
