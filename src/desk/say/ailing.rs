//! To a manager: what ails the desk itself, and what is over.

use minijinja::context;

use super::sheet::Sheet;
use super::{Page, Voice};
use crate::model::one_line;
use crate::plan::Ailment;
use crate::plan::ailment::Over;

/// One mail for all of it.
#[must_use]
pub fn ailing(voice: &Voice<'_>, ills: &[&Ailment], over: &[&Over]) -> Page {
    let words = voice.words();
    let mut sheet = Sheet::default();
    for ailment in ills {
        sheet.say(&ill(voice, ailment));
    }
    for past in over {
        sheet.say(&well(voice, past));
    }
    let subject = if ills.is_empty() { "ailing.over_subject" } else { "ailing.subject" };
    sheet.done(words.language(), words.word(subject))
}

fn ill(voice: &Voice<'_>, ailment: &Ailment) -> String {
    let words = voice.words();
    match ailment {
        Ailment::MailboxUnread { mailbox, since, why } => {
            let unread = words.say("ailing.unread", context! { mailbox => mailbox, since => voice.moment(*since) });
            if why.is_empty() {
                return unread;
            }
            format!("{unread} {}", words.say("ailing.unread_why", context! { why => one_line(why) }))
        }
        Ailment::LettersWait { since } => words.say("ailing.letters", context! { since => voice.moment(*since) }),
        Ailment::OutboxStuck { mailbox, mails, since } => {
            words.say("ailing.outbox", context! { mailbox => mailbox, n => mails, since => voice.moment(*since) })
        }
        Ailment::DigestLate { due_at, .. } => words.say("ailing.digest", context! { due => voice.moment(*due_at) }),
        Ailment::SignedOut { mailbox, user, since, why, command } => {
            let when = since.map(|since| voice.moment(since));
            let key = if since.is_some() { "ailing.signed_out" } else { "ailing.never_signed_in" };
            let out = words.say(key, context! { mailbox, user, since => when, command });
            if why.is_empty() {
                return out;
            }
            format!("{out} {}", words.say("ailing.signed_out_why", context! { why => one_line(why) }))
        }
        Ailment::SecretEnds { mailbox, on, days } => {
            let key = if *days < 0 { "ailing.secret_ended" } else { "ailing.secret" };
            words.say(key, context! { mailbox => mailbox, on => on.to_string() })
        }
        Ailment::CertificateEnds { host, at, days } => {
            let key = if *days < 0 { "ailing.certificate_ended" } else { "ailing.certificate" };
            words.say(key, context! { host => host, on => voice.moment(*at) })
        }
        Ailment::DiskFills { free_bytes, free_percent } => {
            let free = words.size(i64::try_from(*free_bytes).unwrap_or(i64::MAX));
            words.say("ailing.disk", context! { free, percent => free_percent })
        }
        Ailment::HeartbeatLost { mailbox, sent_at } => {
            words.say("ailing.heartbeat", context! { mailbox => mailbox, at => voice.moment(*sent_at) })
        }
    }
}

fn well(voice: &Voice<'_>, over: &Over) -> String {
    let words = voice.words();
    let mailbox = over.mailbox().unwrap_or_default();
    let key = match over.key.split(' ').next() {
        Some("unread") => "ailing.unread_over",
        Some("letters") => "ailing.letters_over",
        Some("outbox") => "ailing.outbox_over",
        Some("digest") => "ailing.digest_over",
        Some("heartbeat") => "ailing.heartbeat_over",
        Some("signed-out") => "ailing.signed_out_over",
        _ => "ailing.disk_over",
    };
    words.say(key, context! { mailbox, since => voice.moment(over.since) })
}
