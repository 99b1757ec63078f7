//! Fetches letters: sizes first, then bodies, several commands under way at once, handed on in the order of UIDs.

use std::collections::{BTreeMap, VecDeque};

use super::ImapError;
use super::answer::{Piece, Said};
use super::feed::{Item, Sink};
use super::uids::{PER_COMMAND, set, tidy};
use super::wire::{Session, no_stranger};
use crate::model::Time;
use crate::net::Fetched;

/// A command asks for letters of this size together, in bytes, or for a single bigger one.
const BATCH_BYTES: u64 = 2 * 1024 * 1024;
const BATCH_LETTERS: usize = 100;
/// Commands under way at once: while the server works on one, the next is already there.
const FLIGHT_COMMANDS: usize = 3;
/// How much of a letter that is too big is taken, in bytes: its header and the beginning of its text.
const HEAD_BYTES: u64 = 256 * 1024;

/// What the server says about a letter before it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    uid: u32,
    size_bytes: u64,
    received_at: Time,
}

/// A command under way.
struct Flight {
    tag: String,
    what: What,
    uids: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Sizes,
    Bodies,
}

/// The bookkeeping of one fetch.
struct Plan {
    /// UIDs whose sizes are to be asked.
    unlisted: VecDeque<Vec<u32>>,
    /// Letters whose bodies are to be asked.
    unfetched: VecDeque<Vec<Listed>>,
    flying: VecDeque<Flight>,
    /// Sizes that have come.
    listed: BTreeMap<u32, Listed>,
    /// Letters whose bodies are asked for and have not come.
    awaited: BTreeMap<u32, Listed>,
    /// What is known of each UID and not yet handed on.
    ready: BTreeMap<u32, Item>,
    /// UIDs not yet handed on, ascending.
    order: VecDeque<u32>,
    limit_bytes: u64,
    letters: usize,
    /// The last refusal and how many letters were refused.
    refused: Option<(ImapError, usize)>,
}

impl Session {
    /// Fetches the letters `uids` of the selected folder into `sink`, each exactly once and in ascending order, as a
    /// letter or as missing. Letters above `limit_bytes` come with their header and the first part of their text only.
    /// No flag changes (`BODY.PEEK`).
    ///
    /// A letter that the server refuses is missing, and the others go on. If it refuses all of several, that is no
    /// letter's fault: the refusal is returned, and nothing is called missing.
    ///
    /// When the line is lost, what had come is handed on, and `stuck_at` names the letter that was next.
    ///
    /// The sink must be emptied at the same time: the fetch waits while it is full.
    pub async fn fetch(&mut self, uids: &[u32], limit_bytes: u64, sink: &Sink) -> Result<(), ImapError> {
        let uids = tidy(uids);
        let mut plan = Plan {
            unlisted: uids.chunks(PER_COMMAND).map(<[u32]>::to_vec).collect(),
            unfetched: VecDeque::new(),
            flying: VecDeque::new(),
            listed: BTreeMap::new(),
            awaited: BTreeMap::new(),
            ready: BTreeMap::new(),
            order: uids.into(),
            limit_bytes,
            letters: 0,
            refused: None,
        };
        let several = plan.order.len() > 1;
        self.stuck_at = None;
        self.begin()?;
        let mut ended = self.run(&mut plan, sink).await;
        if let (Ok(()), Some((refusal, count))) = (&ended, plan.refused.take()) {
            if several && plan.letters == 0 && count > 1 {
                ended = Err(refusal);
            } else {
                ended = hand_on(&mut plan, sink, true).await;
            }
        }
        self.end(&ended);
        if !self.is_usable() && ended != Err(ImapError::Cancelled) {
            self.stuck_at = plan.order.front().copied().filter(|uid| plan.awaited.contains_key(uid));
        }
        ended
    }

    /// The letter whose turn it was when the last fetch lost the line, if its body was asked for. A line that is lost at
    /// the same letter again and again is lost because of it: some servers hang up on a damaged letter.
    pub const fn stuck_at(&self) -> Option<u32> {
        self.stuck_at
    }

    async fn run(&mut self, plan: &mut Plan, sink: &Sink) -> Result<(), ImapError> {
        loop {
            while let Some((what, uids, words)) = plan.next_flight() {
                let tag = self.tag();
                self.write_line(&tag, words.as_bytes()).await?;
                plan.flying.push_back(Flight { tag, what, uids });
            }
            if plan.flying.is_empty() {
                return hand_on(plan, sink, plan.refused.is_none()).await;
            }
            match self.read().await? {
                Said::Letter(piece) => plan.take(piece),
                Said::Done { tag, remark } if plan.flying.iter().any(|flight| flight.tag == tag) => {
                    plan.land(&tag, remark.verdict("UID FETCH").map(drop))?;
                }
                said => drop(no_stranger(said, "UID FETCH")?),
            }
            // While everything was refused so far, it is open whether the letters are to blame.
            let settled = plan.letters > 0 || plan.refused.is_none();
            hand_on(plan, sink, settled).await?;
        }
    }
}

/// Hands on what is known, in order. Unless `settled`, letters only.
async fn hand_on(plan: &mut Plan, sink: &Sink, settled: bool) -> Result<(), ImapError> {
    while let Some(uid) = plan.order.front() {
        match plan.ready.get(uid) {
            Some(Item::Letter(_)) => {}
            Some(Item::Missing(_)) if settled => {}
            _ => break,
        }
        if let Some(item) = plan.ready.remove(uid)
            && !sink.put(item).await
        {
            return Err(ImapError::Cancelled);
        }
        plan.order.pop_front();
    }
    Ok(())
}

impl Plan {
    /// What to ask for next, if there is room for it: what, of whom, in which words. Sizes are asked one step ahead of the
    /// bodies; what was refused together and is asked for alone comes first, for the others wait for it.
    fn next_flight(&mut self) -> Option<(What, Vec<u32>, String)> {
        if self.flying.len() >= FLIGHT_COMMANDS {
            return None;
        }
        let unlisted = self.unlisted.front().and_then(|uids| uids.first());
        let unfetched = self.unfetched.front().and_then(|letters| letters.first()).map(|letter| letter.uid);
        let sizes_fly = self.flying.iter().any(|flight| flight.what == What::Sizes);
        let overdue = unlisted.is_some_and(|uid| unfetched.is_some_and(|other| *uid < other));
        if !sizes_fly
            && (overdue || self.unfetched.len() < FLIGHT_COMMANDS)
            && let Some(uids) = self.unlisted.pop_front()
        {
            let words = format!("UID FETCH {} (UID RFC822.SIZE INTERNALDATE)", set(&uids));
            return Some((What::Sizes, uids, words));
        }
        let letters = self.unfetched.pop_front()?;
        let uids: Vec<u32> = letters.iter().map(|letter| letter.uid).collect();
        let part = if letters.iter().any(|letter| letter.size_bytes > self.limit_bytes) {
            format!("<0.{}>", HEAD_BYTES.min(self.limit_bytes.max(1)))
        } else {
            String::new()
        };
        let words = format!("UID FETCH {} (UID BODY.PEEK[]{part})", set(&uids));
        self.awaited.extend(letters.into_iter().map(|letter| (letter.uid, letter)));
        Some((What::Bodies, uids, words))
    }

    /// Books a FETCH response: by what it holds, for servers may answer two commands at once and tell flags unasked.
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece { uid: Some(uid), body: Some(raw), .. } => {
                if let Some(Listed { size_bytes, received_at, .. }) = self.awaited.remove(&uid) {
                    let truncated = size_bytes > self.limit_bytes;
                    let letter = Fetched { uid, received_at, size_bytes, raw, truncated };
                    self.ready.insert(uid, Item::Letter(letter));
                    self.letters += 1;
                }
            }
            Piece { uid: Some(uid), size_bytes: Some(size_bytes), received_at, .. } => {
                self.listed.insert(uid, Listed { uid, size_bytes, received_at: received_at.unwrap_or_default() });
            }
            _ => {}
        }
    }

    /// A command has its answer.
    fn land(&mut self, tag: &str, verdict: Result<(), ImapError>) -> Result<(), ImapError> {
        let refusal = match verdict {
            Ok(()) => None,
            Err(refusal @ ImapError::Refused { .. }) => Some(refusal),
            Err(other) => return Err(other),
        };
        let Some(at) = self.flying.iter().position(|flight| flight.tag == tag) else { return Ok(()) };
        let Some(Flight { what, uids, .. }) = self.flying.remove(at) else { return Ok(()) };
        let asked = uids.len();
        match what {
            What::Sizes => {
                let letters: Vec<Listed> = uids.iter().filter_map(|uid| self.listed.remove(uid)).collect();
                let unknown = uids.into_iter().filter(|uid| letters.iter().all(|letter| letter.uid != *uid)).collect();
                self.plan_bodies(letters);
                for single in self.settle(unknown, asked, refusal) {
                    self.unlisted.push_front(vec![single]);
                }
            }
            What::Bodies => {
                let mut absent: BTreeMap<u32, Listed> = BTreeMap::new();
                absent.extend(uids.iter().filter_map(|uid| self.awaited.remove_entry(uid)));
                for single in self.settle(absent.keys().copied().collect(), asked, refusal) {
                    if let Some(letter) = absent.remove(&single) {
                        self.unfetched.push_front(vec![letter]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Those of `uids`, which did not come although a command asked for them (among `asked`), that are to be asked for
    /// again, one by one, latest first: one bad letter makes some servers refuse its whole command. Others are missing.
    fn settle(&mut self, uids: Vec<u32>, asked: usize, refusal: Option<ImapError>) -> Vec<u32> {
        let Some(refusal) = refusal else {
            self.ready.extend(uids.into_iter().map(|uid| (uid, Item::Missing(uid))));
            return Vec::new();
        };
        if let ([uid], 1) = (&uids[..], asked) {
            let uid = *uid;
            let count = self.refused.take().map_or(0, |(_, count)| count);
            self.refused = Some((refusal, count + 1));
            self.ready.insert(uid, Item::Missing(uid));
            return Vec::new();
        }
        uids.into_iter().rev().collect()
    }

    /// Bodies in batches; a letter that is too big stands alone.
    fn plan_bodies(&mut self, letters: Vec<Listed>) {
        let mut batch: Vec<Listed> = Vec::new();
        let mut bytes = 0;
        for letter in letters {
            let alone = letter.size_bytes > self.limit_bytes;
            if !batch.is_empty() && (alone || bytes + letter.size_bytes > BATCH_BYTES || batch.len() >= BATCH_LETTERS) {
                self.unfetched.push_back(std::mem::take(&mut batch));
                bytes = 0;
            }
            bytes += letter.size_bytes;
            batch.push(letter);
            if alone {
                self.unfetched.push_back(std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.unfetched.push_back(batch);
        }
    }
}
