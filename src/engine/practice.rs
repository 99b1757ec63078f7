//! Rehearsing with agents: practice mails are written, and what came of them is looked up, with or without a daemon.

use crate::desk::practice::PracticeMail;
use crate::desk::{self, Rules};
use crate::engine::Engine;
use crate::engine::reader::{Job, read_alone};
use crate::model::{Address, Channel, LetterNo, ParcelNo, Time};
use crate::plan::practice::Practice;
use crate::plan::{Clues, Envelope, Folder};
use crate::store::{Blobs, StoreError, custody};

impl Engine {
    /// Writes a practice mail from a mailbox to an agent; `None`: the configuration has no such agent or mailbox. Sending it is the
    /// caller's business.
    ///
    /// # Errors
    /// A database error.
    pub fn practise(&mut self, agent: &Address, mailbox: &str, now: Time) -> Result<Option<PracticeMail>, StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let (Some(agent), Some(mailbox)) = (settings.agent_of(agent), settings.mailbox(mailbox)) else {
            return Ok(None);
        };
        let rules = Rules { settings: &settings, key: &key, library: &library };
        self.store.batch(|tx| {
            let found = tx.lookup(&Clues::default(), now)?;
            let (changes, mail) = desk::practice::practise(agent, mailbox, &found, &rules, now);
            tx.apply(&changes, &Blobs::new(), now)?;
            Ok(Some(mail))
        })
    }

    /// A practice mail could not be sent.
    ///
    /// # Errors
    /// A database error.
    pub fn practice_refused(&mut self, no: ParcelNo, why: &str) -> Result<(), StoreError> {
        self.store.batch(|tx| tx.practice_refused(no, why))
    }

    /// All practice mails on record.
    ///
    /// # Errors
    /// A database error.
    pub fn practices(&mut self) -> Result<Vec<Practice>, StoreError> {
        self.store.read(|tx| tx.practices())
    }

    /// Looks whether a letter of the mailbox is about a practice mail, and writes down what it came to. The letter is not taken in:
    /// that is left to the daemon that will read the mailbox.
    ///
    /// # Errors
    /// A database error.
    pub fn rehearse(&mut self, mailbox: &str, raw: &[u8], received_at: Time) -> Result<bool, StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let job = Job { letter: LetterNo(0), packed: custody::pack(raw), truncated: false };
        let Ok(letter) = read_alone(self.read, job) else { return Ok(false) };
        let env = Envelope {
            letter: LetterNo(0),
            mailbox: mailbox.to_owned(),
            channel: Channel::Mail,
            folder: Folder::Inbox,
            received_at,
            old: false,
            released: None,
            released_for: None,
        };
        let clues = desk::clues(&letter, &env, &rules);
        if clues.practices.is_empty() {
            return Ok(false);
        }
        self.store.batch(|tx| {
            let found = tx.lookup(&clues, received_at)?;
            if found.practices.is_empty() {
                return Ok(false);
            }
            let changes = desk::practice::rehearse(&letter, &env, &found, &rules, received_at);
            tx.apply(&changes, &Blobs::new(), received_at)?;
            Ok(!changes.is_empty())
        })
    }
}
