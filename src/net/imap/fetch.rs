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

enum What {
    Sizes(Vec<u32>),
    Bodies(Vec<Listed>),
}

struct Flight {
    tag: String,
    what: What,
}

/// The bookkeeping of one fetch.
struct Plan {
    /// UIDs whose sizes are to be asked.
    unlisted: VecDeque<Vec<u32>>,
    /// Letters whose bodies are to be asked.
    unfetched: VecDeque<Vec<Listed>>,
    flying: VecDeque<Flight>,
    listed: BTreeMap<u32, Listed>,
    bodies: BTreeMap<u32, Vec<u8>>,
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
    /// The sink must be emptied at the same time: the fetch waits while it is full.
    pub async fn fetch(&mut self, uids: &[u32], limit_bytes: u64, sink: &Sink) -> Result<(), ImapError> {
        let uids = tidy(uids);
        let mut plan = Plan {
            unlisted: uids.chunks(PER_COMMAND).map(<[u32]>::to_vec).collect(),
            unfetched: VecDeque::new(),
            flying: VecDeque::new(),
            listed: BTreeMap::new(),
            bodies: BTreeMap::new(),
            ready: BTreeMap::new(),
            order: uids.into(),
            limit_bytes,
            letters: 0,
            refused: None,
        };
        let several = plan.order.len() > 1;
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
        ended
    }

    async fn run(&mut self, plan: &mut Plan, sink: &Sink) -> Result<(), ImapError> {
        loop {
            while let Some(what) = plan.next_flight() {
                let tag = self.tag();
                self.write_line(&tag, what.words(plan.limit_bytes).as_bytes()).await?;
                plan.flying.push_back(Flight { tag, what });
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

impl What {
    fn words(&self, limit_bytes: u64) -> String {
        match self {
            Self::Sizes(uids) => format!("UID FETCH {} (UID RFC822.SIZE INTERNALDATE)", set(uids)),
            Self::Bodies(letters) => {
                let uids: Vec<u32> = letters.iter().map(|letter| letter.uid).collect();
                if letters.iter().any(|letter| letter.size_bytes > limit_bytes) {
                    format!("UID FETCH {} (UID BODY.PEEK[]<0.{}>)", set(&uids), HEAD_BYTES.min(limit_bytes.max(1)))
                } else {
                    format!("UID FETCH {} (UID BODY.PEEK[])", set(&uids))
                }
            }
        }
    }
}

impl Plan {
    /// What to ask for next, if there is room for it. Sizes are asked one step ahead of the bodies.
    fn next_flight(&mut self) -> Option<What> {
        if self.flying.len() >= FLIGHT_COMMANDS {
            return None;
        }
        let sizes_fly = self.flying.iter().any(|flight| matches!(flight.what, What::Sizes(_)));
        if !sizes_fly
            && self.unfetched.len() < FLIGHT_COMMANDS
            && let Some(uids) = self.unlisted.pop_front()
        {
            return Some(What::Sizes(uids));
        }
        self.unfetched.pop_front().map(What::Bodies)
    }

    /// Books a FETCH response: by what it holds, for servers may answer two commands at once and tell flags unasked.
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece { uid: Some(uid), body: Some(raw), .. } => {
                self.bodies.insert(uid, raw);
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
        let Some(Flight { what, .. }) = self.flying.remove(at) else { return Ok(()) };
        match what {
            What::Sizes(uids) => {
                let asked = uids.len();
                let (known, unknown): (Vec<u32>, Vec<u32>) =
                    uids.into_iter().partition(|uid| self.listed.contains_key(uid));
                let letters: Vec<Listed> = known.iter().filter_map(|uid| self.listed.remove(uid)).collect();
                self.plan_bodies(letters);
                for single in self.settle(unknown, asked, refusal) {
                    self.unlisted.push_front(vec![single]);
                }
            }
            What::Bodies(letters) => {
                let asked = letters.len();
                let mut absent = Vec::new();
                for letter in letters {
                    match self.bodies.remove(&letter.uid) {
                        Some(raw) => {
                            self.letters += 1;
                            let truncated = letter.size_bytes > self.limit_bytes;
                            let Listed { uid, size_bytes, received_at } = letter;
                            let fetched = Fetched { uid, received_at, size_bytes, raw, truncated };
                            self.ready.insert(uid, Item::Letter(fetched));
                        }
                        None => absent.push(letter),
                    }
                }
                let uids = absent.iter().map(|letter| letter.uid).collect();
                let singles = self.settle(uids, asked, refusal);
                for letter in absent.into_iter().rev().filter(|letter| singles.contains(&letter.uid)) {
                    self.unfetched.push_front(vec![letter]);
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
