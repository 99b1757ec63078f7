//! Letters between custody and decision: what is being read, what has been, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::reader::ReadFailure;
use crate::mail::letter::Letter;
use crate::model::LetterNo;
use crate::plan::Envelope;

/// So many letters, and so many bytes of them, are in memory at a time; the rest waits in custody.
pub const LETTERS_MAX: usize = 512;
pub const BYTES_MAX: usize = 24 << 20;

/// What reading a letter came to.
pub type Reading = Result<Box<Letter>, ReadFailure>;

#[derive(Debug)]
pub struct Waiting {
    pub envelope: Envelope,
    /// As packed.
    pub size_bytes: usize,
    /// How often it was given to a reader, this time included.
    pub attempts: i64,
    /// Nothing else is read meanwhile: if the process dies, this letter did it.
    pub alone: bool,
    pub reading: Option<Reading>,
}

#[derive(Debug, Default)]
pub struct InFlight {
    letters: BTreeMap<LetterNo, Waiting>,
    bytes: usize,
}

impl InFlight {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// Whether there is no room beside these letters (their sizes in bytes).
    #[must_use]
    pub fn is_full_with(&self, others: impl Iterator<Item = usize>) -> bool {
        let (letters, bytes) = others.fold((self.letters.len(), self.bytes), |(n, sum), size| (n + 1, sum + size));
        letters >= LETTERS_MAX || bytes >= BYTES_MAX
    }

    /// Room for a worthwhile number of further letters.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.letters.len() <= LETTERS_MAX / 2 && self.bytes <= BYTES_MAX / 2 && !self.letters.values().any(|w| w.alone)
    }

    /// All of them, in order.
    #[must_use]
    pub fn numbers(&self) -> Vec<LetterNo> {
        self.letters.keys().copied().collect()
    }

    #[must_use]
    pub fn get(&self, letter: LetterNo) -> Option<&Waiting> {
        self.letters.get(&letter)
    }

    pub fn insert(&mut self, letter: LetterNo, waiting: Waiting) {
        self.bytes += waiting.size_bytes;
        if let Some(before) = self.letters.insert(letter, waiting) {
            self.bytes -= before.size_bytes;
        }
    }

    /// A letter that is not in flight (given up, settled by another process) is of no interest any more.
    pub fn read(&mut self, letter: LetterNo, reading: Reading) {
        if let Some(waiting) = self.letters.get_mut(&letter) {
            waiting.reading.get_or_insert(reading);
        }
    }

    /// What was read is worthless: deciding on it cannot be written down.
    pub fn spoil(&mut self, letter: LetterNo) {
        if let Some(waiting) = self.letters.get_mut(&letter) {
            waiting.reading = Some(Err(ReadFailure::Panicked));
        }
    }

    /// Whether the reader has something in hand.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.letters.values().any(|w| w.reading.is_none())
    }

    pub fn remove(&mut self, letter: LetterNo) {
        if let Some(waiting) = self.letters.remove(&letter) {
            self.bytes -= waiting.size_bytes;
        }
    }

    /// Letters that can be decided now, at most `limit`. Within a mailbox none overtakes an older one: a conversation is read in order,
    /// and INBOX before Sent.
    #[must_use]
    pub fn ready(&self, limit: usize) -> Vec<LetterNo> {
        let mut stopped = BTreeSet::new();
        let mut ready = Vec::new();
        for (&letter, waiting) in &self.letters {
            if ready.len() >= limit {
                break;
            }
            if waiting.reading.is_none() {
                stopped.insert(waiting.envelope.mailbox.as_str());
            } else if !stopped.contains(waiting.envelope.mailbox.as_str()) {
                ready.push(letter);
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, Time};
    use crate::plan::Folder;

    fn waiting(letter: i64, mailbox: &str) -> Waiting {
        let envelope = Envelope {
            letter: LetterNo(letter),
            mailbox: mailbox.to_owned(),
            channel: Channel::Mail,
            folder: Folder::Inbox,
            received_at: Time::default(),
            old: false,
            released: None,
            released_for: None,
        };
        Waiting { envelope, size_bytes: 10, attempts: 1, alone: false, reading: None }
    }

    #[test]
    fn no_letter_overtakes_another_of_its_mailbox() {
        let mut flight = InFlight::default();
        for (no, mailbox) in [(1, "a"), (2, "b"), (3, "a"), (4, "b")] {
            flight.insert(LetterNo(no), waiting(no, mailbox));
        }
        let mut check = |read: i64, ready: &[i64]| {
            flight.read(LetterNo(read), Err(ReadFailure::Panicked));
            assert_eq!(flight.ready(9).iter().map(|l| l.0).collect::<Vec<_>>(), ready, "after {read}");
        };
        check(3, &[]);
        check(2, &[2]);
        check(1, &[1, 2, 3]);
        check(4, &[1, 2, 3, 4]);
        assert_eq!(flight.ready(1), [LetterNo(1)]);
        flight.remove(LetterNo(1));
        assert_eq!(flight.bytes, 30);
    }
}
