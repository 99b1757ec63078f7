//! What follows when a mailbox is seen in a mode for the first time, or in another than before.

use std::collections::BTreeMap;

use crate::config::settings::{Mailbox, Mode};
use crate::desk::{self, Rules};
use crate::engine::digest::first_digest;
use crate::engine::void::chain;
use crate::engine::{Engine, clocks};
use crate::model::{Address, Time};
use crate::plan::Clues;
use crate::plan::watch::Seen;
use crate::store::{Blobs, StoreError, Tx};

/// So far does the first watch look back.
pub const LOOK_BACK_S: i64 = 7 * Time::DAY;
/// So many of those who wait are listed in the first mail to managers.
const LISTED: i64 = 20;
/// So many tickets are handed over when a mailbox becomes a desk.
const HANDED_MAX: i64 = 500;

impl Engine {
    /// Looks whether a mailbox is in another mode than it was last seen in, and does what follows from it, before anything is sent.
    pub(super) fn follow_modes(&mut self, now: Time) {
        if !self.modes_look || self.lock.is_none() {
            return;
        }
        let settings = self.settings.clone();
        for mailbox in &settings.mailboxes {
            match self.follow_mode(mailbox, now) {
                Ok(changed) => self.look |= changed,
                Err(error) => {
                    tracing::error!("the mode of a mailbox could not be followed: {}", chain(&error));
                    return;
                }
            }
        }
        self.modes_look = false;
    }

    /// Whether anything was written down.
    fn follow_mode(&mut self, mailbox: &Mailbox, now: Time) -> Result<bool, StoreError> {
        let watched = mailbox.mode == Mode::Watch;
        let seen = self.store.read(|tx| tx.mode_seen(&mailbox.name))?;
        if seen.is_some_and(|s| s.watched == watched) {
            return Ok(false);
        }
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        // Only a mailbox that is watched from the beginning must look back.
        let now_seen = Seen { watched, since: now, told: seen.is_some() || !watched };
        self.store.batch(|tx| {
            tx.set_mode_seen(&mailbox.name, now_seen)?;
            match seen {
                None => Ok(()),
                Some(before) => change(tx, mailbox, before, &rules, now),
            }
        })?;
        match (seen, watched) {
            (None, _) => {}
            (Some(_), true) => tracing::info!(mailbox = mailbox.name, "the mailbox is only watched from now on"),
            (Some(_), false) => tracing::info!(mailbox = mailbox.name, "the mailbox is a desk from now on"),
        }
        Ok(true)
    }

    /// At the start: what was on its way when the last process died, and may not leave a mailbox that is only watched, is held.
    pub(super) fn hold_what_may_not_leave(&mut self) -> Result<(), StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let watched = settings.mailboxes.iter().filter(|m| m.mode == Mode::Watch);
        self.store.batch(|tx| {
            for mailbox in watched {
                tx.put_off_claimed(&mailbox.name, |kind, to| rules.is_for_managers(kind, to.iter()))?;
            }
            Ok(())
        })
    }

    /// Since when mail of the past is to be looked through, where the mailbox is watched for the first time.
    ///
    /// # Errors
    /// A database error.
    pub fn looks_back(&mut self, mailbox: &str) -> Result<Option<Time>, StoreError> {
        let seen = self.store.read(|tx| tx.mode_seen(mailbox))?;
        Ok(seen.filter(|s| s.watched && !s.told).map(|s| s.since.plus(-LOOK_BACK_S)))
    }

    /// What there is of the past in a mailbox that is watched for the first time was looked through: managers are told, once for all.
    ///
    /// # Errors
    /// A database error.
    pub fn looked_back(&mut self, mailbox: &str, now: Time) -> Result<(), StoreError> {
        if self.looks_back(mailbox)?.is_none() {
            return Ok(());
        }
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let Some(mailbox) = settings.mailbox(mailbox).filter(|m| m.mode == Mode::Watch) else { return Ok(()) };
        if !settings.managers.iter().any(|m| m.mailboxes.contains(&mailbox.name)) {
            // Told when there is somebody to tell.
            return Ok(());
        }
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let first: BTreeMap<Address, Time> = settings
            .managers
            .iter()
            .filter_map(|m| Some((m.addresses.first()?.clone(), first_digest(m, &settings, now)?)))
            .collect();
        let week = self.store.batch(|tx| {
            let week = tx.week(&mailbox.name, now.plus(-LOOK_BACK_S), LISTED)?;
            let found = tx.lookup(&Clues::default(), now)?;
            let changes = desk::watch::begins(mailbox, &week, &first, &found, &rules, now);
            tx.apply(&changes, &Blobs::new(), now)?;
            tx.told_of_watch(&mailbox.name)?;
            Ok(week)
        })?;
        tracing::info!(
            mailbox = mailbox.name,
            matters = week.matters,
            unanswered = week.unanswered,
            "the last seven days were looked through"
        );
        self.look = true;
        Ok(())
    }
}

/// From one mode into the other.
fn change(tx: &mut Tx<'_>, mailbox: &Mailbox, before: Seen, rules: &Rules<'_>, now: Time) -> Result<(), StoreError> {
    let changes = if before.watched {
        let numbers = tx.to_hand_over(&mailbox.name, before.since.plus(-LOOK_BACK_S), HANDED_MAX)?;
        let held = tx.held_by_watching(&mailbox.name)?;
        let found = tx.lookup(&Clues { numbers: numbers.clone(), ..Clues::default() }, now)?;
        desk::watch::becomes_a_desk(mailbox, &numbers, held, &found, rules, now)
    } else {
        let put_off = tx.put_off(&mailbox.name, |kind, to| rules.is_for_managers(kind, to.iter()), now)?;
        let found = tx.lookup(&Clues::default(), now)?;
        desk::watch::returns(mailbox, put_off, &found, rules, now)
    };
    tx.apply(&changes, &Blobs::new(), now)?;
    clocks::follow(tx, rules.settings, &changes)
}
