//! `health`: does a daemon run, is every mailbox read, may it send, do letters and mails move, was the last digest made? For monitoring; exit 1 if not.

use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::Desk;
use crate::cli::print::{Out, Tone, span};
use crate::engine::desk_dir::DeskDir;
use crate::engine::digest::overdue;
use crate::engine::vitals::ailments;
use crate::model::{LetterNo, ParcelState, Time};
use crate::plan::Ailment;

/// What waits longer than this does not move.
const PATIENCE_S: i64 = 15 * Time::MINUTE;

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    text: String,
}

#[derive(Debug, Serialize)]
struct Health {
    ok: bool,
    checks: Vec<Check>,
}

/// What ends or fills: said early, and a failure when it is near.
type Dated = (&'static str, Option<(String, bool)>, &'static str);

fn dated(desk: &mut Desk, dir: &DeskDir) -> Result<Vec<Dated>, CommandError> {
    const DAYS: i64 = 7;
    let found = desk.reads(|store, settings, now| ailments(store, settings, dir, now))?;
    let worst = |of: fn(&Ailment) -> Option<i64>| {
        let days = |a: &Ailment| Some((of(a)?, a.to_string()));
        found.iter().filter_map(days).min().map(|(days, text)| (text, days > DAYS))
    };
    let secret = worst(|a| if let Ailment::SecretEnds { days, .. } = a { Some(*days) } else { None });
    let certificate = worst(|a| if let Ailment::CertificateEnds { days, .. } = a { Some(*days) } else { None });
    let out: Vec<String> =
        found.iter().filter(|a| matches!(a, Ailment::SignedOut { .. })).map(ToString::to_string).collect();
    let signed_out = (!out.is_empty()).then(|| (out.join("; "), false));
    let room = worst(|a| if let Ailment::DiskFills { .. } = a { Some(0) } else { None });
    Ok(vec![
        ("room", room, "the disk has room"),
        ("sign-in", signed_out, "nobody needs to sign in"),
        ("passwords", secret, "none ends within a month, as far as the configuration says"),
        ("certificates", certificate, "none that was seen ends within two weeks"),
    ])
}

pub fn health(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let mut desk = Desk::open(global)?;
    let now = desk.now;
    let runs = DeskDir::at(&desk.settings.desk.data_dir).is_locked();
    let (halted, oldest, outbox) = desk.read(|tx| Ok((tx.halted()?, tx.to_read(LetterNo(0), 1)?, tx.outbox()?)))?;
    let since_letter_s = oldest.first().map_or(0, |u| now.since(u.envelope.received_at));
    let due = outbox.iter().filter(|p| p.state == ParcelState::Queued).filter_map(|p| p.next_at).min();
    let since_due_s = due.map_or(0, |t| now.since(t));
    let count = |state: ParcelState| outbox.iter().filter(|p| p.state == state).count();
    let (waiting, failed, held) = (count(ParcelState::Queued), count(ParcelState::Failed), count(ParcelState::Held));

    let mut checks = Vec::new();
    let mut check = |name: &'static str, ok: bool, text: String| checks.push(Check { name, ok, text });
    check("daemon", runs, if runs { "a daemon runs" } else { "no daemon runs on this directory" }.to_owned());
    let dir = DeskDir::at(&desk.settings.desk.data_dir);
    let disk = dir.take_a_write();
    let text = disk.as_ref().err().map_or("takes writes".to_owned(), |error| {
        format!("nothing can be written into {}: {error}", desk.settings.desk.data_dir.display())
    });
    check("disk", disk.is_ok(), text);
    for mailbox in &desk.settings.mailboxes {
        let trouble = dir.trouble_of(&mailbox.name).filter(|_| runs);
        let text = trouble
            .as_ref()
            .map_or_else(|| format!("{} is read", mailbox.name), |why| format!("{}: {why}", mailbox.name));
        check("mailbox", trouble.is_none(), if runs { text } else { format!("nobody reads {}", mailbox.name) });
    }
    check("sending", halted.is_none(), halted.map_or("allowed".to_owned(), |why| format!("stopped: {why}")));
    let letters = match since_letter_s {
        0 => "all letters are decided".to_owned(),
        s => format!("the oldest letter waits for a decision since {}", span(s)),
    };
    check("letters", since_letter_s <= PATIENCE_S, letters);
    let mails = match (waiting, since_due_s) {
        (0, _) => "nothing waits to be sent".to_owned(),
        (n, ..=0) => format!("{n} wait for their time"),
        (n, s) => format!("{n} wait, the oldest was due {} ago", span(s)),
    };
    check("outbox", since_due_s <= PATIENCE_S, mails);
    let digest = desk.reads(overdue)?;
    let late_s = digest.map_or(0, |(_, at)| now.since(at));
    let digests = match digest {
        Some((kind, _)) => format!("the {} one was due {} ago", kind.as_str(), span(late_s)),
        None => "the last one is made".to_owned(),
    };
    check("digest", late_s <= PATIENCE_S, digests);
    let beating: Vec<_> = desk.settings.mailboxes.iter().filter_map(|m| Some((m.name.clone(), m.beats()?))).collect();
    for (mailbox, heartbeat) in beating {
        let row = desk.read(|tx| tx.heartbeat(&mailbox))?;
        let lost = row.lost(heartbeat.within_s, now);
        let text = match (lost, row.back_at) {
            (Some(sent_at), _) => format!("{mailbox}: the one sent {} ago has not come back", span(now.since(sent_at))),
            (None, Some(at)) => format!("{mailbox}: the last one came back {} ago", span(now.since(at))),
            (None, None) => format!("{mailbox}: none has been sent yet, or the first is under way"),
        };
        check("heartbeat", lost.is_none(), text);
    }
    for (name, found, sound) in dated(&mut desk, &dir)? {
        check(name, found.as_ref().is_none_or(|f| f.1), found.map_or(sound.to_owned(), |f| f.0));
    }
    if failed + held > 0 {
        check("undelivered", true, format!("{failed} given up, {held} held: svar outbox"));
    }

    let health = Health { ok: checks.iter().all(|c| c.ok), checks };
    if out.json {
        out.json(&health)?;
    } else {
        for check in &health.checks {
            let (mark, tone) = if check.ok { ("ok", Tone::Plain) } else { ("FAIL", Tone::Bad) };
            out.toned(tone, format!("{mark:<5}{:<13}{}", check.name, check.text))?;
        }
    }
    if health.ok { Ok(()) } else { Err(CommandError::said()) }
}
