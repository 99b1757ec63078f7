//! The desk looks after itself: what is not read, not sent, or soon will be neither, is noticed, kept, and told to managers.

use jiff::civil::Date;
use rustix::fs::statvfs;

use crate::config::settings::{Inlet, Outlet, Settings};
use crate::desk;
use crate::desk::case::Rules;
use crate::engine::Engine;
use crate::engine::desk_dir::DeskDir;
use crate::engine::digest::overdue;
use crate::model::{LetterNo, Time};
use crate::net::Account;
use crate::net::oauth::{self, Standing};
use crate::plan::ailment::{Over, PATIENCE_S, SIGNED_OUT};
use crate::plan::{Ailment, Clues};
use crate::store::ailments::AilmentRow;
use crate::store::{Blobs, Store, StoreError};

/// How often the desk looks at itself.
const EVERY_S: i64 = Time::MINUTE;
/// What lasts is told again so much later.
const AGAIN_S: i64 = Time::DAY;
/// A disk with less than this share free, in percent, and less than [`ROOM_BYTES`], fills.
const ROOM_PERCENT: u64 = 5;
const ROOM_BYTES: u64 = 5_000_000_000;
/// However big it is: with less than this it fills.
const LEAST_BYTES: u64 = 200_000_000;

/// When the engine looks at itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Vitals {
    looked_at: Option<Time>,
    /// Something may be told then.
    next: Option<Time>,
    /// A sign-in has ended or was made: that is told before all mailboxes are read.
    sign_ins: bool,
    /// What ails at present, told or not.
    pub(super) ailing: Vec<Ailment>,
}

impl Engine {
    /// What ails the desk, as last seen.
    #[must_use]
    pub fn ailing(&self) -> &[Ailment] {
        &self.vitals.ailing
    }

    pub(super) fn next_look_at_itself(&self) -> Option<Time> {
        self.vitals.next.filter(|_| (self.digests.may || self.vitals.sign_ins) && self.doubt.is_none())
    }

    /// A sign-in has ended or was made: looks at once, at these alone where it is too early for all else.
    pub fn look_at_sign_ins(&mut self, now: Time) {
        self.vitals.sign_ins = true;
        self.vitals.next = Some(now);
    }

    /// Something has just begun that is told if it lasts.
    pub(super) fn look_at_itself_later(&mut self, now: Time) {
        let then = now.plus(PATIENCE_S);
        self.vitals.next = Some(self.vitals.next.map_or(then, |at| at.min(then)));
    }

    /// Something should have happened by now: it is looked at before the minute is over.
    pub fn looks_at_itself_soon(&mut self, now: Time) {
        self.vitals.next = Some(now);
    }

    /// Called when all that came is decided.
    pub(super) fn look_at_itself(&mut self, now: Time) {
        let due = self.vitals.next.is_some_and(|at| at <= now);
        let long_ago = self.vitals.looked_at.is_none_or(|at| now.since(at) >= EVERY_S || now < at);
        // Digests that are due are made first, one after the other.
        let is_making = self.next_digest().is_some_and(|at| at <= now);
        let may = self.digests.may || self.vitals.sign_ins;
        if is_making || !may || self.doubt.is_some() || self.trouble.is_some() || !(due || long_ago) {
            return;
        }
        self.vitals.looked_at = Some(now);
        let settings = self.settings.clone();
        let seen = if self.digests.may {
            ailments(&mut self.store, &settings, &self.dir, now)
        } else {
            Ok(sign_ins(&settings))
        };
        let seen = seen.and_then(|seen| self.keep_ailments(seen, now));
        if let Err(error) = seen {
            tracing::error!("the desk could not look at itself: {error}");
            self.vitals.next = Some(now.plus(EVERY_S));
        }
    }

    /// Writes down what is new and what is over, and tells what is due to be told.
    fn keep_ailments(&mut self, seen: Vec<Ailment>, now: Time) -> Result<(), StoreError> {
        for ailment in seen.iter().filter(|a| !self.vitals.ailing.iter().any(|known| known.key() == a.key())) {
            tracing::warn!("{ailment}");
        }
        let mut known = self.store.read(|tx| tx.ailments())?;
        // What was not looked at is not over.
        known.retain(|row| self.digests.may || row.key.starts_with(SIGNED_OUT));
        let row_of = |a: &Ailment| known.iter().find(|row| row.key == a.key());
        let told_when = |a: &Ailment| {
            let since = row_of(a).map(|row| row.since).or(a.since()).unwrap_or(now).min(now);
            match row_of(a).and_then(|row| row.told_at) {
                Some(told) if a.ends() => Some(told.plus(AGAIN_S)),
                // A date has steps of its own.
                Some(_) => None,
                None => Some(since.plus(a.patience_s())),
            }
        };
        let tell: Vec<Ailment> = seen
            .iter()
            .filter(|a| self.halted.is_none() && told_when(a).is_some_and(|at| at <= now))
            .cloned()
            .collect();
        let gone: Vec<&AilmentRow> = known.iter().filter(|row| !seen.iter().any(|a| a.key() == row.key)).collect();
        let over: Vec<Over> = gone
            .iter()
            .filter(|row| {
                row.told_at.is_some() && !row.key.starts_with("secret ") && !row.key.starts_with("certificate ")
            })
            .map(|row| Over { key: row.key.clone(), since: row.since })
            .collect();
        let is_new = |a: &&Ailment| row_of(a).is_none();
        if !tell.is_empty() || !gone.is_empty() || seen.iter().any(|a| is_new(&a)) {
            let (key, library) = (self.key.clone(), self.library.clone());
            let rules = Rules { settings: &self.settings, key: &key, library: &library };
            self.store.batch(|tx| {
                for ailment in &seen {
                    let since = row_of(ailment).map(|row| row.since).or(ailment.since()).unwrap_or(now);
                    let told_at = tell.contains(ailment).then_some(now);
                    tx.ails(&AilmentRow { key: ailment.key(), since, told_at })?;
                }
                for row in &gone {
                    tx.ails_no_more(&row.key)?;
                }
                if tell.is_empty() && over.is_empty() {
                    return Ok(());
                }
                let found = tx.lookup(&Clues::default(), now)?;
                let changes = desk::ailment::ailing(&tell, &over, &seen, &found, &rules, now);
                tx.apply(&changes, &Blobs::new(), now)
            })?;
            self.look |= !tell.is_empty() || !over.is_empty();
        }
        let next = |a: &Ailment| if tell.contains(a) { Some(now.plus(AGAIN_S)) } else { told_when(a) };
        self.vitals.next = seen.iter().filter(|a| a.ends()).filter_map(next).filter(|at| *at > now).min();
        self.vitals.ailing = seen;
        Ok(())
    }
}

/// Everything that ails the desk at `now`, told or not.
///
/// # Errors
/// A database error.
pub fn ailments(store: &mut Store, settings: &Settings, dir: &DeskDir, now: Time) -> Result<Vec<Ailment>, StoreError> {
    let (unread, first, stuck) =
        store.read(|tx| Ok((tx.unread()?, tx.to_read(LetterNo(0), 1)?, tx.stuck(now.plus(-PATIENCE_S))?)))?;
    let mut all = Vec::new();
    for (mailbox, since) in unread.into_iter().filter(|(m, _)| settings.mailbox(m).is_some()) {
        let why = dir.trouble_of(&mailbox).unwrap_or_default();
        all.push(Ailment::MailboxUnread { mailbox, since, why });
    }
    let since = first.first().map(|unread| unread.envelope.received_at);
    all.extend(since.filter(|s| now.since(*s) >= PATIENCE_S).map(|since| Ailment::LettersWait { since }));
    let stuck = stuck.into_iter().filter(|row| settings.mailbox(&row.mailbox).is_some());
    all.extend(stuck.map(|row| Ailment::OutboxStuck { mailbox: row.mailbox, mails: row.mails, since: row.since }));
    let late = overdue(store, settings, now)?.filter(|(_, due_at)| now.since(*due_at) >= PATIENCE_S);
    all.extend(late.map(|(kind, due_at)| Ailment::DigestLate { kind: kind.as_str().to_owned(), due_at }));
    all.extend(heartbeats(store, settings, now)?);
    all.extend(sign_ins(settings));
    all.extend(dates(settings, dir, now));
    all.extend(disk(dir));
    Ok(all)
}

/// Mails to ourselves that have not come back in time.
fn heartbeats(store: &mut Store, settings: &Settings, now: Time) -> Result<Vec<Ailment>, StoreError> {
    let beating = settings.mailboxes.iter().filter_map(|m| Some((m.name.as_str(), m.beats()?)));
    let beating: Vec<_> = beating.collect();
    store.read(|tx| {
        let mut lost = Vec::new();
        for (mailbox, heartbeat) in beating {
            let lost_at = tx.heartbeat(mailbox)?.lost(heartbeat.within_s, now);
            lost.extend(lost_at.map(|sent_at| Ailment::HeartbeatLost { mailbox: mailbox.to_owned(), sent_at }));
        }
        Ok(lost)
    })
}

/// Passwords and certificates that end.
fn dates(settings: &Settings, dir: &DeskDir, now: Time) -> Vec<Ailment> {
    let today: Date = now.timestamp().to_zoned(settings.desk.time_zone.clone()).date();
    let mut all = Vec::new();
    for (mailbox, account) in accounts(settings) {
        let secret = account.password_expires.and_then(|on| Ailment::secret(mailbox, on, today));
        let certificate = dir.certificate_of(&account.host, account.port);
        all.extend(secret);
        all.extend(certificate.and_then(|at| Ailment::certificate(&account.host, at, now)));
    }
    all.sort();
    all.dedup_by_key(|a| a.key());
    all
}

/// Users whose sign-in gives no tokens, by what lies on the disk.
fn sign_ins(settings: &Settings) -> Vec<Ailment> {
    let out = |(mailbox, account): (&str, &Account)| {
        let sign_in = account.sign_in()?;
        let (since, why) = match oauth::standing(sign_in) {
            Standing::Good => return None,
            Standing::Never => (None, String::new()),
            Standing::Refused { since, words, advice } => {
                // What to type is said anyhow.
                let remedy = format!(": run `{}`", sign_in.command());
                (Some(since), format!("{words}; {}", advice.strip_suffix(&remedy).unwrap_or(&advice)))
            }
            Standing::Unreadable { why } => (None, why),
        };
        let (mailbox, user) = (mailbox.to_owned(), sign_in.user.clone());
        Some(Ailment::SignedOut { mailbox, user, since, why, command: sign_in.command() })
    };
    let mut all: Vec<Ailment> = accounts(settings).filter_map(out).collect();
    all.sort();
    all.dedup_by_key(|a| a.key());
    all
}

/// Every account on a server, with the mailbox that has it.
pub fn accounts(settings: &Settings) -> impl Iterator<Item = (&str, &Account)> {
    settings.mailboxes.iter().flat_map(|mailbox| {
        let inlet = match &mailbox.source {
            Inlet::Imap(imap) => Some(&imap.account),
            _ => None,
        };
        let outlets = std::iter::once(&mailbox.outlet).chain(&mailbox.notify_outlet).filter_map(|o| match o {
            Outlet::Smtp { account, .. } => Some(account),
            _ => None,
        });
        inlet.into_iter().chain(outlets).map(|account| (mailbox.name.as_str(), account))
    })
}

fn disk(dir: &DeskDir) -> Option<Ailment> {
    let room = room(dir.path())?;
    room.fills.then_some(Ailment::DiskFills { free_bytes: room.free_bytes, free_percent: room.free_percent })
}

/// What is left of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub free_bytes: u64,
    /// Of its size.
    pub free_percent: u64,
    /// Managers are told.
    pub fills: bool,
}

/// Of the disk that `path` is on; `None` if the machine does not say. Asks the file system.
#[must_use]
pub fn room(path: &std::path::Path) -> Option<Room> {
    let room = statvfs(path).ok()?;
    let free_bytes = room.f_bavail.saturating_mul(room.f_frsize);
    let free_percent = (room.f_bavail.saturating_mul(100)).checked_div(room.f_blocks)?;
    let fills = free_bytes < LEAST_BYTES || (free_percent < ROOM_PERCENT && free_bytes < ROOM_BYTES);
    Some(Room { free_bytes, free_percent, fills })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{NOW, engine_with, settle};
    use crate::store::Store;

    #[test]
    fn a_mailbox_that_only_watches_sends_no_heartbeat_and_misses_none() {
        let lost = |mode: &str| {
            let sales = format!(
                "[[mailbox]]\nname = \"sales\"\naddress = \"sales@example.test\"\nmode = \"{mode}\"\nnotify = \"none\"\n\
                 imap = {{ host = \"localhost\", password = {{ env = \"PATH\" }} }}\nsmtp = {{ host = \"localhost\", password = {{ env = \"PATH\" }} }}\n\
                 [mailbox.heartbeat]\nevery = \"6h\"\nwithin = \"30m\"\n\
                 [[manager]]\nname = \"Chefen\"\naddress = \"chef@example.test\""
            );
            let mut engine = engine_with(Store::in_memory().unwrap(), &sales);
            let (settings, dir) = (engine.settings.clone(), engine.dir.clone());
            engine.store().batch(|tx| tx.heartbeat_sent("sales", NOW.plus(-Time::DAY))).unwrap();
            let all = ailments(engine.store(), &settings, &dir, NOW).unwrap();
            all.iter().any(|a| matches!(a, Ailment::HeartbeatLost { .. }))
        };
        assert!(lost("desk"));
        assert!(!lost("watch"));
    }

    #[test]
    fn a_digest_that_is_not_made_is_found_a_quarter_of_an_hour_later() {
        let manager = "[[manager]]\nname = \"Chefen\"\naddress = \"chef@example.test\"";
        let mut engine = engine_with(Store::in_memory().unwrap(), manager);
        let (settings, dir) = (engine.settings.clone(), engine.dir.clone());
        engine.store().batch(|tx| tx.set_digests_since(NOW.plus(-Time::DAY))).unwrap();
        let (_, due_at) = overdue(engine.store(), &settings, NOW).unwrap().expect("today's");
        let mut late = |after_s: i64| {
            let all = ailments(engine.store(), &settings, &dir, due_at.plus(after_s)).unwrap();
            all.into_iter().find(|a| matches!(a, Ailment::DigestLate { .. }))
        };
        assert_eq!(late(PATIENCE_S - 1), None);
        assert_eq!(late(PATIENCE_S), Some(Ailment::DigestLate { kind: "daily".to_owned(), due_at }));
    }

    #[test]
    fn who_is_signed_out_is_told_through_a_mailbox_that_can_send() {
        let mut engine = engine_with(
            Store::in_memory().unwrap(),
            r#"
            [[mailbox]]
            name = "sales"
            address = "sales@example.test"
            [mailbox.maildir]
            path = "sales"
            [mailbox.smtp]
            host = "localhost"
            oauth2 = { provider = "microsoft365", client_id = "abc" }
            [[agent]]
            name = "Björn Berg"
            addresses = ["bjorn@example.test"]
            mailboxes = ["sales"]
            [[manager]]
            name = "Chefen"
            address = "chef@example.test"
            mailboxes = ["sales"]
            "#,
        );
        let told = |engine: &mut Engine| {
            let rows = engine.store().read(|tx| tx.outbox()).unwrap();
            rows.iter().filter(|row| format!("{row:?}").contains("chef@example.test")).count()
        };
        // Nobody has asked: a command beside the daemon says nothing.
        settle(&mut engine, NOW, vec![crate::engine::Event::Poked]);
        assert_eq!(told(&mut engine), 0);
        engine.look_at_sign_ins(NOW);
        settle(&mut engine, NOW, vec![crate::engine::Event::Poked]);
        assert_eq!(told(&mut engine), 1, "at once, before all mailboxes are read");
        assert!(engine.ailing()[0].to_string().contains("run `svar sign-in sales@example.test`"));
        let way = |engine: &mut Engine| {
            let clue = crate::store::Outlet { mailbox: "support".to_owned(), route: crate::plan::Route::Notify };
            settle(engine, NOW, vec![crate::engine::Event::Free(clue, 4)])
        };
        let sent = format!("{:?}", way(&mut engine));
        assert!(sent.contains("chef@example.test"), "by the mailbox that is not his, because his cannot send: {sent}");
        // Looked at again, it is told no second time; a day later it is.
        let before = told(&mut engine);
        engine.look_at_sign_ins(NOW.plus(60));
        settle(&mut engine, NOW.plus(60), vec![crate::engine::Event::Poked]);
        assert_eq!(told(&mut engine), before);
        settle(&mut engine, NOW.plus(Time::DAY), vec![crate::engine::Event::Poked]);
        assert_eq!(told(&mut engine), before + 1);
    }
}
