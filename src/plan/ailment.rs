//! What ails the desk itself: what is not read, not sent, or soon will be neither. Silence must never look like peace.

use std::fmt;

use jiff::civil::Date;

use crate::model::Time;

/// Something that a person must see to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ailment {
    /// The server's words.
    MailboxUnread { mailbox: String, since: Time, why: String },
    /// Letters are in custody and nobody decides them.
    LettersWait { since: Time },
    /// Mail is due and none of the mailbox's goes out.
    OutboxStuck { mailbox: String, mails: i64, since: Time },
    /// A digest was due and is not made.
    DigestLate { kind: String, due_at: Time },
    /// The provider gives no more tokens for this user, or was never asked: somebody must sign in. `since`: when that was seen.
    SignedOut { mailbox: String, user: String, since: Option<Time>, why: String, command: String },
    /// A password ends on a day that the configuration names.
    SecretEnds { mailbox: String, on: Date, days: i64 },
    /// A server's certificate, or one above it.
    CertificateEnds { host: String, at: Time, days: i64 },
    /// Where the database lies.
    DiskFills { free_bytes: u64, free_percent: u64 },
    /// A mail to ourselves has not come back.
    HeartbeatLost { mailbox: String, sent_at: Time },
}

/// One that was told and is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// See [`Ailment::key`].
    pub key: String,
    pub since: Time,
}

impl Over {
    /// See [`Ailment::mailbox`].
    #[must_use]
    pub fn mailbox(&self) -> Option<&str> {
        let (kind, rest) = self.key.split_once(' ')?;
        match kind {
            "unread" | "outbox" | "heartbeat" => Some(rest),
            "signed-out" => rest.split(' ').next(),
            _ => None,
        }
    }
}

/// What cannot be read or sent for so long is told; shorter troubles come and go.
pub const PATIENCE_S: i64 = 15 * Time::MINUTE;

/// What the key of a [`Ailment::SignedOut`] begins with.
pub const SIGNED_OUT: &str = "signed-out ";

/// Days before the end of a password at which it is told.
const SECRET_DAYS: &[i64] = &[30, 7, 1, 0];
/// Of a certificate; those that renew themselves do so thirty days before.
const CERTIFICATE_DAYS: &[i64] = &[14, 7, 3, 1, 0];

/// The smallest step that is reached: each is told once.
fn step(days: i64, steps: &[i64]) -> Option<i64> {
    steps.iter().copied().filter(|step| days <= *step).min()
}

impl Ailment {
    /// The days left of which somebody must be told, if they are so few.
    #[must_use]
    pub fn secret(mailbox: &str, on: Date, today: Date) -> Option<Self> {
        let days = i64::from(today.until(on).ok()?.get_days());
        step(days, SECRET_DAYS).map(|_| Self::SecretEnds { mailbox: mailbox.to_owned(), on, days })
    }

    /// As [`Self::secret`].
    #[must_use]
    pub fn certificate(host: &str, at: Time, now: Time) -> Option<Self> {
        let days = at.since(now).div_euclid(Time::DAY);
        step(days, CERTIFICATE_DAYS).map(|_| Self::CertificateEnds { host: host.to_owned(), at, days })
    }

    /// What is the same ailment as long as it lasts; what ends is a new one at each step.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::MailboxUnread { mailbox, .. } => format!("unread {mailbox}"),
            Self::LettersWait { .. } => "letters".to_owned(),
            Self::OutboxStuck { mailbox, .. } => format!("outbox {mailbox}"),
            Self::DigestLate { kind, .. } => format!("digest {kind}"),
            Self::SignedOut { mailbox, user, .. } => format!("{SIGNED_OUT}{mailbox} {user}"),
            Self::SecretEnds { mailbox, days, .. } => {
                format!("secret {mailbox} {}", step(*days, SECRET_DAYS).unwrap_or_default())
            }
            Self::CertificateEnds { host, days, .. } => {
                format!("certificate {host} {}", step(*days, CERTIFICATE_DAYS).unwrap_or_default())
            }
            Self::DiskFills { .. } => "disk".to_owned(),
            Self::HeartbeatLost { mailbox, .. } => format!("heartbeat {mailbox}"),
        }
    }

    /// Whose managers are told; `None`: all.
    #[must_use]
    pub fn mailbox(&self) -> Option<&str> {
        match self {
            Self::MailboxUnread { mailbox, .. }
            | Self::OutboxStuck { mailbox, .. }
            | Self::SignedOut { mailbox, .. }
            | Self::SecretEnds { mailbox, .. }
            | Self::HeartbeatLost { mailbox, .. } => Some(mailbox),
            _ => None,
        }
    }

    /// Whether it goes away by itself, so that its end is news. A date that was missed does not.
    #[must_use]
    pub const fn ends(&self) -> bool {
        !matches!(self, Self::SecretEnds { .. } | Self::CertificateEnds { .. })
    }

    /// Since when it lasts, where that is known.
    #[must_use]
    pub const fn since(&self) -> Option<Time> {
        match self {
            Self::MailboxUnread { since, .. } | Self::LettersWait { since } | Self::OutboxStuck { since, .. } => {
                Some(*since)
            }
            Self::DigestLate { due_at, .. } => Some(*due_at),
            Self::HeartbeatLost { sent_at, .. } => Some(*sent_at),
            Self::SignedOut { since, .. } => *since,
            _ => None,
        }
    }

    /// How long it may last before it is told: what comes and goes is none of a manager's.
    #[must_use]
    pub const fn patience_s(&self) -> i64 {
        match self {
            Self::MailboxUnread { .. }
            | Self::LettersWait { .. }
            | Self::OutboxStuck { .. }
            | Self::DigestLate { .. } => PATIENCE_S,
            _ => 0,
        }
    }
}

/// In the operator's language, for the log, `svar health` and the status line.
impl fmt::Display for Ailment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MailboxUnread { mailbox, since, why } => {
                write!(f, "{mailbox} has not been read since {since}: {why}")
            }
            Self::LettersWait { since } => write!(f, "letters have waited for a decision since {since}"),
            Self::OutboxStuck { mailbox, mails, since } => {
                write!(f, "{mails} mails of {mailbox} wait to be sent, the oldest since {since}")
            }
            Self::DigestLate { kind, due_at } => write!(f, "the {kind} digest was due at {due_at} and is not made"),
            Self::SignedOut { mailbox, user, why, command, .. } => {
                write!(f, "{user} is signed out, so mail of {mailbox} waits: run `{command}` ({why})")
            }
            Self::SecretEnds { mailbox, on, days: ..=-1 } => write!(f, "a password of {mailbox} ended on {on}"),
            Self::SecretEnds { mailbox, on, days } => write!(f, "a password of {mailbox} ends on {on}, in {days} days"),
            Self::CertificateEnds { host, at, .. } => write!(f, "the certificate of {host} is good until {at}"),
            Self::DiskFills { free_bytes, free_percent } => {
                write!(f, "the disk fills: {} MB ({free_percent} %) are free", free_bytes / 1_000_000)
            }
            Self::HeartbeatLost { mailbox, sent_at } => {
                write!(f, "the heartbeat of {mailbox} sent at {sent_at} has not come back")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_told_at_each_step() {
        let today = Date::constant(2027, 2, 1);
        let check = |on: &str, expect: Option<&str>| {
            let found = Ailment::secret("support", on.parse().unwrap(), today).map(|a| a.key());
            assert_eq!(found.as_deref(), expect, "{on}");
        };
        check("2027-03-04", None);
        check("2027-03-03", Some("secret support 30"));
        check("2027-02-09", Some("secret support 30"));
        check("2027-02-08", Some("secret support 7"));
        check("2027-02-02", Some("secret support 1"));
        check("2027-02-01", Some("secret support 0"));
        check("2026-12-24", Some("secret support 0"));

        let now = Time::from_unix(1_800_000_000);
        let check = |left_s: i64, expect: Option<&str>| {
            let found = Ailment::certificate("imap.example.test", now.plus(left_s), now).map(|a| a.key());
            assert_eq!(found.as_deref(), expect, "{left_s}");
        };
        check(15 * Time::DAY, None);
        check(15 * Time::DAY - 1, Some("certificate imap.example.test 14"));
        check(Time::HOUR, Some("certificate imap.example.test 0"));
        check(-Time::HOUR, Some("certificate imap.example.test 0"));
    }

    #[test]
    fn whoever_is_signed_out_is_told_at_once_by_mailbox_and_user() {
        let (mailbox, user) = ("support".to_owned(), "s@example.test".to_owned());
        let command = "svar sign-in s@example.test".to_owned();
        let out = Ailment::SignedOut { mailbox, user, since: None, why: "revoked".to_owned(), command };
        assert_eq!((out.key().as_str(), out.patience_s(), out.ends()), ("signed-out support s@example.test", 0, true));
        assert_eq!(Over { key: out.key(), since: Time::from_unix(0) }.mailbox(), Some("support"));
        assert!(out.to_string().contains("run `svar sign-in s@example.test` (revoked)"), "{out}");
    }
}
