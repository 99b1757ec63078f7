//! Mails that svar sends to itself to see whether mail goes out and comes in: heartbeats, and the probes of `svar check --roundtrip`.
//!
//! They never become tickets. Each bears a mark that this desk alone can make.

use minijinja::context;

use crate::config::settings::Mailbox;
use crate::desk::intake::Incoming;
use crate::desk::sign::Key;
use crate::mail::compose::{AutoSubmitted, Draft, compose};
use crate::model::{Address, Party, Time};
use crate::plan::{Change, Fate, Folder, Segment};
use crate::wording::Wording;

/// The header that bears the mark.
pub const HEADER: &str = "X-Svar-Probe";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    Heartbeat,
    /// One of several mails of `svar check --roundtrip`.
    Roundtrip,
}

impl ProbeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Roundtrip => "roundtrip",
        }
    }
}

/// One such mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub kind: ProbeKind,
    pub sent_at: Time,
    /// Tells those of one moment apart.
    pub number: u32,
}

impl Probe {
    /// The header's value.
    #[must_use]
    pub fn mark(&self, key: &Key) -> String {
        let fields = self.fields();
        format!("{}.{}", fields.join("."), key.probe_signature(&fields))
    }

    /// A word that stands in this mail alone, of letters and digits.
    #[must_use]
    pub fn word(&self, key: &Key) -> String {
        key.probe_signature(&self.fields())
    }

    fn fields(&self) -> [String; 3] {
        [self.kind.as_str().to_owned(), self.sent_at.unix().to_string(), self.number.to_string()]
    }

    /// The probe that a header's value speaks of, if this desk made it.
    #[must_use]
    pub fn read(mark: &str, key: &Key) -> Option<Self> {
        let (rest, signature) = mark.trim().rsplit_once('.')?;
        let mut parts = rest.split('.');
        let kind = match parts.next()? {
            "heartbeat" => ProbeKind::Heartbeat,
            "roundtrip" => ProbeKind::Roundtrip,
            _ => return None,
        };
        let sent_at = Time::from_unix(parts.next()?.parse().ok()?);
        let probe = Self { kind, sent_at, number: parts.next()?.parse().ok()? };
        (parts.next().is_none() && key.is_probe_signature(signature, &probe.fields())).then_some(probe)
    }

    /// The mail, from the mailbox to `to`, which is an address of its own. `headers` come on top of what a probe bears.
    #[must_use]
    pub fn mail(&self, mailbox: &Mailbox, to: &Address, key: &Key, headers: Vec<(String, String)>) -> Vec<u8> {
        let words = Wording::of(&mailbox.language);
        let word = self.word(key);
        let what = self.kind.as_str();
        let mut all = vec![(HEADER.to_owned(), self.mark(key))];
        all.extend(headers);
        let draft = Draft {
            from: Party { name: mailbox.display_name.clone(), address: mailbox.address.clone() },
            to: vec![Party { name: String::new(), address: to.clone() }],
            cc: Vec::new(),
            reply_to: None,
            subject: words.say("probe.subject", context! { word => &word }),
            date: self.sent_at,
            zone: jiff::tz::TimeZone::UTC,
            message_id: format!("svar.{what}.{word}@{}", mailbox.address.domain()),
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: Some(AutoSubmitted::Generated),
            headers: all,
            text: words.word(match self.kind {
                ProbeKind::Heartbeat => "probe.heartbeat",
                ProbeKind::Roundtrip => "probe.roundtrip",
            }),
            html: None,
            attachments: Vec::new(),
            attached_mails: Vec::new(),
        };
        let bytes = compose(&draft).into_iter().map(|segment| match segment {
            Segment::Bytes(bytes) => bytes,
            Segment::Blob { .. } => Vec::new(),
        });
        bytes.flatten().collect()
    }
}

impl Incoming<'_> {
    /// A mail that svar sent to itself. A copy of its mark on another mail makes svar overlook that mail, and nothing else.
    pub fn probe(&mut self) -> bool {
        let key = self.case.rules.key;
        let Some(probe) = self.letter.probe.as_deref().and_then(|mark| Probe::read(mark, key)) else { return false };
        // A server that files what is sent into Sent proves nothing: only what came in by the front door is back.
        if probe.kind == ProbeKind::Heartbeat && self.env.folder == Folder::Inbox {
            self.case.change(Change::HeartbeatBack {
                mailbox: self.mailbox.name.clone(),
                sent_at: probe.sent_at,
                at: self.case.now,
            });
        }
        self.settle(Fate::Done("a mail of svar's to itself"));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_this_desks_or_none() {
        let (key, other) = (Key::new(&[7; 32]), Key::new(&[8; 32]));
        let probe = Probe { kind: ProbeKind::Heartbeat, sent_at: Time::from_unix(1_795_276_800), number: 1 };
        let mark = probe.mark(&key);
        let check =
            |mark: &str, key: &Key, expect: bool| assert_eq!(Probe::read(mark, key).is_some(), expect, "{mark}");
        check(&mark, &key, true);
        check(&format!(" {mark} "), &key, true);
        check(&mark, &other, false);
        check(&mark.replace("heartbeat", "roundtrip"), &key, false);
        check(&mark.replace("1795276800", "1795276801"), &key, false);
        check(&format!("x.{mark}"), &key, false);
        check("", &key, false);
        check("heartbeat.1.1", &key, false);
        assert_eq!(Probe::read(&mark, &key), Some(probe));
    }
}
