//! Once a minute the desk's state is written where a monitoring system collects it (`[metrics] path`).

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::statvfs;

use crate::engine::Engine;
use crate::engine::vitals::accounts;
use crate::model::Time;
use crate::report::metrics::{Gauges, MailboxGauges, text};
use crate::store::StoreError;

const EVERY_S: i64 = Time::MINUTE;

/// When the file was written last, and whether that went well.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    at: Option<Time>,
    failed: bool,
}

impl Engine {
    /// Called when all that came is decided.
    pub(super) fn measure(&mut self, now: Time) {
        let Some(path) = self.settings.metrics_path.clone() else { return };
        if self.lock.is_none() || self.written.at.is_some_and(|at| (0..EVERY_S).contains(&now.since(at))) {
            return;
        }
        self.written.at = Some(now);
        let written = match self.gauges(now) {
            Ok(gauges) => replace(&path, text(&gauges).as_bytes()).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(why) = &written
            && !self.written.failed
        {
            tracing::warn!("the metrics could not be written to {}: {why}", path.display());
        }
        self.written.failed = written.is_err();
    }

    /// The desk at this moment.
    ///
    /// # Errors
    /// A database error.
    pub fn gauges(&mut self, now: Time) -> Result<Gauges, StoreError> {
        let settings = self.settings.clone();
        let (live, counts, unread, stuck, beats) = self.store.read(|tx| {
            let mut beats = Vec::new();
            for mailbox in settings.mailboxes.iter().filter(|m| m.beats().is_some()) {
                beats.extend(tx.heartbeat(&mailbox.name)?.back_at.map(|at| (mailbox.name.clone(), at)));
            }
            Ok((tx.live(now)?, tx.counts()?, tx.unread()?, tx.due_mail(now)?, beats))
        })?;
        let mailbox = |name: &String| {
            let tickets = live.iter().find(|row| row.mailbox == *name);
            let due = stuck.iter().find(|row| row.mailbox == *name);
            MailboxGauges {
                mailbox: name.clone(),
                is_read: !unread.iter().any(|(unread, _)| unread == name),
                open: tickets.map_or(0, |t| t.open),
                pending: tickets.map_or(0, |t| t.pending),
                held: tickets.map_or(0, |t| t.held),
                overdue: tickets.map_or(0, |t| t.late),
                waiting: tickets.map_or(0, |t| t.waiting),
                oldest_waiting_s: tickets.and_then(|t| t.oldest_waiting).map(|at| now.since(at)),
                outbox_due: due.map_or(0, |d| d.mails),
                outbox_oldest_due_s: due.map(|d| now.since(d.since)),
                heartbeat_back_at: beats.iter().find(|(beating, _)| beating == name).map(|(_, at)| *at),
            }
        };
        let mut certificates: Vec<(String, Time)> = accounts(&self.settings)
            .filter_map(|(_, a)| Some((a.host.clone(), self.dir.certificate_of(&a.host, a.port)?)))
            .collect();
        certificates.sort();
        certificates.dedup_by(|a, b| a.0 == b.0);
        let room = statvfs(self.dir.path()).ok();
        Ok(Gauges {
            at: now,
            mailboxes: self.settings.mailboxes.iter().map(|m| mailbox(&m.name)).collect(),
            ailments: i64::try_from(self.ailing().len()).unwrap_or(i64::MAX),
            letters_undecided: counts.undecided,
            quarantined: counts.quarantined,
            undelivered: counts.undelivered,
            last_digest_at: counts.last_digest_at,
            tickets_ever: counts.tickets_ever,
            database_bytes: fs::metadata(self.dir.database()).map_or(0, |m| m.len()),
            disk_free_bytes: room.map(|r| r.f_bavail.saturating_mul(r.f_frsize)),
            certificates,
        })
    }
}

/// Whoever reads the file sees the old one or the new one, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // One name, so that a killed daemon leaves one at most; made anew, so that no link of somebody else's is written through.
    let beside = path.with_extension("prom.tmp");
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
    // The collector is another user, whatever our umask says.
    file.set_permissions(fs::Permissions::from_mode(0o644))?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
