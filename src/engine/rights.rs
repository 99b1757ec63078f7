//! What is erased by time (`retention`), and what a manager has allowed by mail: carried out when nothing else is to be done.

use std::collections::BTreeSet;

use crate::config::settings::{Mailbox, Retention};
use crate::desk::say::rights::{NotDone, RightsFacts, refused_rights, told_rights};
use crate::desk::{self, Rules};
use crate::engine::Engine;
use crate::engine::export::mbox;
use crate::engine::privacy::PrivacyError;
use crate::engine::void::chain;
use crate::model::{Address, TicketNo, Time};
use crate::plan::{AttachmentRow, Change, Clues, RightsAct};
use crate::store::privacy::{Estate, Granted};
use crate::store::{Blobs, StoreError, custody};

/// So many tickets go at a time: what lies between the first and the last of them is looked through each time.
const TICKETS_MAX: usize = 200;
/// Erased in one night, in days' worth: the day's own, and one that was left over. They begin with the oldest ticket there is.
const DAYS_AT_ONCE: i64 = 2;
/// A manager who said nothing is asked again after so long.
const ASK_AGAIN_S: i64 = 30 * Time::DAY;
/// What cannot be done before a mail has left is tried again so much later.
const LOOK_AGAIN_S: i64 = 60;
/// What failed is tried again so much later.
const TRY_AGAIN_S: i64 = Time::HOUR;
/// The hour of the desk's clock at which a day's worth goes.
const HOUR: i8 = 3;

impl Engine {
    /// The time that this engine goes by is made up (`--now`): what is to be erased waits for one that goes by the clock.
    pub const fn erase_nothing(&mut self) {
        self.erases = false;
    }

    /// When something is to be done next: old tickets looked for, or what waits for a mail to leave tried again.
    pub(super) fn next_right(&self) -> Option<Time> {
        let may = self.trouble.is_none() && self.halted.is_none() && self.doubt.is_none() && !self.lock_is_another();
        self.next_retention().into_iter().chain(self.rights_again.filter(|_| may)).min()
    }

    /// When old tickets are looked for next; never while the clock is doubtful.
    fn next_retention(&self) -> Option<Time> {
        let keeps = self.settings.mailboxes.iter().any(|m| m.retention.is_some());
        self.rights_at.filter(|_| keeps && self.erases && self.digests.may && self.doubt.is_none())
    }

    /// Does what is due; called when all that came is decided.
    pub(super) fn rights(&mut self, now: Time) {
        if self.trouble.is_some() || self.halted.is_some() || self.doubt.is_some() || self.lock_is_another() {
            return;
        }
        let is_time = self.rights_again.is_some_and(|at| at <= now);
        if (std::mem::take(&mut self.rights_look) || is_time)
            && let Err(error) = self.carry_out(now)
        {
            tracing::error!("what a manager allowed is not done yet: {}", chain(&error));
        }
        if self.next_retention().is_some_and(|at| at <= now) {
            self.rights_at = Some(match self.retain(now) {
                Ok(()) => self.next_night(now),
                Err(error) => {
                    tracing::error!("old tickets are not erased yet: {}", chain(&error));
                    now.plus(TRY_AGAIN_S)
                }
            });
        }
    }

    /// Whoever reads the mailboxes does this, and no command beside him.
    const fn lock_is_another(&self) -> bool {
        !self.digests.may
    }

    fn next_night(&self, now: Time) -> Time {
        let zone = &self.settings.desk.time_zone;
        let today = now.timestamp().to_zoned(zone.clone()).date();
        let at = |day: jiff::civil::Date| {
            let at = zone.to_ambiguous_timestamp(day.at(HOUR, 0, 0, 0)).compatible();
            Time::from_unix(at.map_or(i64::MAX, jiff::Timestamp::as_second))
        };
        let next = at(today);
        if next > now { next } else { at(today.tomorrow().unwrap_or(today)) }
    }

    // ---- by a manager's word ------------------------------------------------------------------------------------

    fn carry_out(&mut self, now: Time) -> Result<(), PrivacyError> {
        self.rights_again = None;
        for granted in self.store.read(|tx| tx.granted())? {
            if granted.act != RightsAct::Export && !self.erases {
                tracing::warn!(
                    "a manager has allowed that something is erased: it waits, since the time was given by --now"
                );
                continue;
            }
            let done = match self.beyond_reach(&granted) {
                Ok(None) => self.carry_out_one(&granted, now),
                Ok(Some(why)) => self.refuse_right(&granted, &why, now),
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => {}
                // It leaves in a moment: the next look is soon.
                Err(PrivacyError::OnItsWay(_)) => {
                    self.rights_again = Some(now.plus(LOOK_AGAIN_S));
                    continue;
                }
                Err(error @ (PrivacyError::Unknown(_) | PrivacyError::OneOfUs(_))) => {
                    self.refuse_right(&granted, &NotDone::Said(error.to_string()), now)?;
                }
                Err(error) => return Err(error),
            }
            self.store.batch(|tx| tx.settle_granted(granted.no))?;
        }
        Ok(())
    }

    fn carry_out_one(&mut self, granted: &Granted, now: Time) -> Result<(), PrivacyError> {
        let actor = format!("manager:{}", granted.by);
        match granted.act {
            RightsAct::Retention => self.allowed_retention(granted, now),
            RightsAct::Erase => self.allowed_erasure(granted, &actor, now),
            RightsAct::Export => self.allowed_export(granted, &actor, now),
        }
    }

    fn refuse_right(&mut self, granted: &Granted, why: &NotDone, now: Time) -> Result<(), PrivacyError> {
        Ok(self.report(&granted.by, now, Vec::new(), |voice| refused_rights(voice, why))?)
    }

    /// A manager's word goes as far as his mailboxes; a person of whom nothing lies there is unknown to him. Looked at when it is carried
    /// out: they may be others than when he wrote.
    fn beyond_reach(&mut self, granted: &Granted) -> Result<Option<NotDone>, PrivacyError> {
        let settings = self.settings.clone();
        let own = settings.manager_of(&granted.by).map_or(&[][..], |manager| &manager.mailboxes[..]);
        if !own.is_empty() && settings.mailboxes.iter().all(|mailbox| own.contains(&mailbox.name)) {
            return Ok(None);
        }
        if granted.act == RightsAct::Retention {
            let is_his = own.contains(&granted.subject);
            return Ok((!is_his).then(|| NotDone::Said(format!("the mailbox {} is not yours", granted.subject))));
        }
        let Some(address) = Address::parse(&granted.subject) else { return Ok(None) };
        let estate = self.estate_of(&address)?;
        let places = self.store.read(|tx| tx.places(&estate))?;
        match places.iter().filter(|place| own.contains(place)).count() {
            0 => Err(PrivacyError::Unknown(address)),
            n if n == places.len() => Ok(None),
            _ => Ok(Some(NotDone::Elsewhere(granted.subject.clone()))),
        }
    }

    fn allowed_erasure(&mut self, granted: &Granted, actor: &str, now: Time) -> Result<(), PrivacyError> {
        let Some(address) = Address::parse(&granted.subject) else { return Ok(()) };
        let done = self.erase(&address, actor, now)?;
        self.tell_estate(granted, &done.estate, Vec::new(), now)
    }

    fn allowed_export(&mut self, granted: &Granted, actor: &str, now: Time) -> Result<(), PrivacyError> {
        let Some(address) = Address::parse(&granted.subject) else { return Ok(()) };
        let estate = self.estate_of(&address)?;
        self.note_export(&estate, &address, actor, now)?;
        let (export, mails) = self.export(&address, &estate, now)?;
        let json = serde_json::to_vec_pretty(&export).unwrap_or_default();
        let files = vec![
            ("mails.mbox".to_owned(), "application/mbox".to_owned(), mbox(&mails)),
            ("data.json".to_owned(), "application/json".to_owned(), json),
        ];
        self.tell_estate(granted, &estate, files, now)
    }

    fn tell_estate(
        &mut self,
        granted: &Granted,
        estate: &Estate,
        files: Vec<(String, String, Vec<u8>)>,
        now: Time,
    ) -> Result<(), PrivacyError> {
        let lines = self.out_of_reach(estate)?;
        let (act, messages, tickets) = (granted.act, estate.messages.len(), estate.tickets.len() + estate.shared.len());
        self.report(&granted.by, now, files, |voice| told_rights(voice, act, messages, tickets, &lines))?;
        Ok(())
    }

    /// What svar cannot reach, a line each.
    fn out_of_reach(&mut self, estate: &Estate) -> Result<Vec<String>, StoreError> {
        let mut backups = self.store.read(|tx| tx.backups())?;
        backups.extend(self.dir.older_databases());
        let numbers = |uids: &[u32]| uids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let places = estate.uids.iter().map(|u| match u.names.as_slice() {
            [] => format!("{} ({}, {}): UID {}", u.folder, u.user, u.host, numbers(&u.uids)),
            names => format!("{}: {}", u.user, names.join(", ")),
        });
        let in_sent = estate.in_sent.iter().map(|id| format!("Sent: <{id}>"));
        let copies = estate.copies.iter().map(|c| format!("{} {}: <{}>", c.to, c.at, c.message_id));
        let backups = backups.iter().map(|b| format!("{} {}", b.path, b.made_at));
        Ok(places.chain(in_sent).chain(copies).chain(backups).collect())
    }

    fn report(
        &mut self,
        to: &Address,
        now: Time,
        files: Vec<(String, String, Vec<u8>)>,
        page: impl FnOnce(&desk::say::Voice<'_>) -> desk::say::Page,
    ) -> Result<(), StoreError> {
        let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let mut blobs = Blobs::new();
        let mut rows = Vec::new();
        for (name, media_type, bytes) in &files {
            let sha256 = data_encoding::HEXLOWER.encode(&custody::sha256(bytes));
            rows.push(AttachmentRow {
                name: name.clone(),
                media_type: media_type.clone(),
                size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                inline: false,
                content_id: None,
                sha256: sha256.clone(),
            });
            blobs.insert(sha256, bytes.as_slice());
        }
        self.store.batch(|tx| {
            let found = tx.lookup(&Clues::default(), now)?;
            let changes = desk::rights::report(to, page, rows, &found, &rules, now);
            tx.apply(&changes, &blobs, now)
        })?;
        self.look = true;
        Ok(())
    }

    // ---- by time ------------------------------------------------------------------------------------------------

    fn retain(&mut self, now: Time) -> Result<(), PrivacyError> {
        let settings = self.settings.clone();
        for mailbox in &settings.mailboxes {
            if let Some(retention) = &mailbox.retention {
                self.retain_in(mailbox, retention, now)?;
            }
        }
        Ok(())
    }

    fn retain_in(&mut self, mailbox: &Mailbox, retention: &Retention, now: Time) -> Result<(), PrivacyError> {
        let over = now.plus(-retention.seconds);
        let mut row = self.store.read(|tx| tx.retention(&mailbox.name))?;
        // Time in which nothing lies is passed over: else all since 1970 would be gone through two days at a time.
        let oldest = self.store.read(|tx| tx.oldest_outdated(&mailbox.name, row.until, over))?;
        let upto = over.min(oldest.unwrap_or(row.until).plus(DAYS_AT_ONCE * Time::DAY));
        if row.until < upto {
            self.erase_between(&mailbox.name, row.until, upto, now)?;
            row.until = upto;
        }
        let left = self.old_tickets(&mailbox.name, row.until, over)?.len();
        if left == 0 {
            row.until = row.until.max(over);
        } else if row.asked_until.is_none_or(|asked| asked <= row.until || asked.plus(ASK_AGAIN_S) <= over) {
            let facts = RightsFacts {
                act: RightsAct::Retention,
                subject: &mailbox.name,
                tickets: left,
                written: &retention.written,
            };
            let (settings, key, library) = (self.settings.clone(), self.key.clone(), self.library.clone());
            let rules = Rules { settings: &settings, key: &key, library: &library };
            let asked = self.store.batch(|tx| {
                let found = tx.lookup(&Clues::default(), now)?;
                let changes: Vec<Change> = desk::rights::retention(mailbox, over, &facts, &found, &rules, now);
                tx.apply(&changes, &Blobs::new(), now)?;
                Ok(!changes.is_empty())
            })?;
            if !asked {
                tracing::warn!(mailbox = %mailbox.name, tickets = left, "old tickets wait for a manager's word, and there is no manager");
            }
            row.asked_until = Some(over);
            self.look = true;
        }
        Ok(self.store.batch(|tx| tx.set_retention(&mailbox.name, &row))?)
    }

    fn allowed_retention(&mut self, granted: &Granted, now: Time) -> Result<(), PrivacyError> {
        let mut row = self.store.read(|tx| tx.retention(&granted.subject))?;
        let retention = self.settings.mailbox(&granted.subject).and_then(|m| m.retention.clone());
        // What is configured may be more by now.
        let Some(over) = retention.map(|r| now.plus(-r.seconds)) else { return Ok(()) };
        let upto = granted.until.min(over);
        if row.until < upto {
            self.erase_between(&granted.subject, row.until, upto, now)?;
            row.until = upto;
        }
        row.asked_until = None;
        Ok(self.store.batch(|tx| tx.set_retention(&granted.subject, &row))?)
    }

    fn old_tickets(&mut self, mailbox: &str, from: Time, to: Time) -> Result<BTreeSet<TicketNo>, StoreError> {
        self.store.read(|tx| {
            let all = tx.outdated(mailbox, from, to, usize::MAX >> 1)?;
            tx.not_erased(&all)
        })
    }

    fn erase_between(&mut self, mailbox: &str, from: Time, to: Time, now: Time) -> Result<(), PrivacyError> {
        let all: Vec<TicketNo> = self.old_tickets(mailbox, from, to)?.into_iter().collect();
        for some in all.chunks(TICKETS_MAX) {
            let estate = self.erase_tickets(some.iter().copied().collect(), mailbox, now)?;
            tracing::info!(mailbox, tickets = estate.tickets.len(), "old tickets erased");
        }
        Ok(())
    }
}
