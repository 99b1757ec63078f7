//! Decides on letters that have been read, and sets aside those that cannot be.

use crate::desk;
use crate::engine::batch::{Backlog, Batch, Done, Verdict, fenced};
use crate::engine::reader::{Job, ReadFailure, read_alone};
use crate::engine::{clocks, question};
use crate::mail::letter::{Attachment, Letter};
use crate::model::{Address, Channel, LetterNo, MessageNo, TicketNo, Time};
use crate::plan::{AttachmentRow, Change, Clues, Envelope, Fate, Folder, Segment};
use crate::store::{Blobs, StoreError, Tx, custody};

/// A letter that was read (or was to be read) so often without a result is set aside.
const ATTEMPTS_MAX: i64 = 2;

/// What deciding a letter came to.
struct Decided {
    verdict: Verdict,
    halted: Option<String>,
    /// Letters that are to be read because of it.
    backlog: Backlog,
    /// A canned answer came by mail.
    canned: bool,
}

impl Batch<'_> {
    pub(super) fn letter(&self, tx: &mut Tx<'_>, no: LetterNo, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let Some(waiting) = self.flight.get(no) else { return Ok(()) };
        done.decided.push(no);
        // Whoever piped a letter in decides on it by himself, and may have been quicker.
        if waiting.envelope.channel == Channel::Pipe && !is_undecided(tx, no)? {
            return Ok(());
        }
        let failure = match &waiting.reading {
            Some(Ok(letter)) => match fenced(tx, |tx| self.decide(tx, letter, &waiting.envelope, now))? {
                Some(decided) => {
                    done.verdicts.push(decided.verdict);
                    done.halted = done.halted.take().or(decided.halted);
                    done.backlog = done.backlog.max(decided.backlog);
                    done.canned |= decided.canned;
                    return Ok(());
                }
                None => ReadFailure::Panicked,
            },
            Some(Err(failure)) => *failure,
            None => return Ok(()),
        };
        if waiting.attempts >= ATTEMPTS_MAX || failure == ReadFailure::Damaged {
            return self.set_aside(tx, &waiting.envelope, failure, now, done);
        }
        tracing::warn!(letter = no.0, attempt = waiting.attempts, "{}; it is tried once more", failure.as_str());
        done.backlog = Backlog::Alone;
        Ok(())
    }

    fn decide(&self, tx: &mut Tx<'_>, letter: &Letter, envelope: &Envelope, now: Time) -> Result<Decided, StoreError> {
        let rules = self.rules();
        if self.erased.bars(&rules, letter, envelope) {
            tx.forget_letter(envelope.letter)?;
            tx.note_taken_away()?;
            let verdict = Verdict { letter: envelope.letter, fate: "erased", ticket: None };
            return Ok(Decided { verdict, halted: None, backlog: Backlog::Empty, canned: false });
        }
        let left = self.erased.without_them(self.key, letter, envelope);
        let written = desk::group::as_written(left.as_ref(), envelope, rules.settings);
        let letter = written.as_ref();
        let filled = (envelope.folder == Folder::Inbox)
            .then(|| desk::form::filled(letter, envelope.received_at, rules.settings));
        let letter = filled.as_deref().unwrap_or(letter);
        let clues = desk::clues(letter, envelope, &rules);
        let mut findings = tx.lookup(&clues, now)?;
        let at_hand = self.at_hand.get(&envelope.letter);
        question::answer(tx, &clues.asked, at_hand, self.settings, &mut findings, now)?;
        if clues.canned {
            self.shelf.find_codes_for_letter(tx, &mut findings)?;
        }
        let mut changes = desk::decide(letter, envelope, &findings, &rules, now);
        // The last look before anything leaves for a customer: if words of a note are in it, it is judged again, knowing that.
        findings.noted = tx.noted(&desk::outgoing(&changes))?;
        if !findings.noted.is_empty() {
            changes = desk::decide(letter, envelope, &findings, &rules, now);
        }
        let earlier = self.earlier_attachments(tx, &letter.attachments, &changes)?;
        let own = letter.attachments.iter().chain(&earlier);
        let made = at_hand.iter().flat_map(|a| &a.blobs).map(|(sha256, bytes)| (sha256.clone(), bytes.as_slice()));
        let blobs = own.map(|a| (a.sha256.clone(), a.data.as_slice())).chain(made).collect();
        tx.apply(&changes, &blobs, now)?;
        clocks::follow(tx, self.settings, &changes)?;
        self.shelf.count_codes(tx, &changes, &rules, now)?;
        let halted = changes.iter().find_map(|c| match c {
            Change::Halt { why } => Some(why.clone()),
            _ => None,
        });
        // What leaves quarantine is read again.
        let released = changes.iter().any(|c| matches!(c, Change::ReleaseQuarantine { .. }));
        let backlog = if released { Backlog::Some } else { Backlog::Empty };
        let canned = changes.iter().any(|c| matches!(c, Change::KeepCanned(_)));
        Ok(Decided { verdict: verdict(envelope.letter, &changes), halted, backlog, canned })
    }

    /// Attachments that mails of this decision carry, or notices keep, and that came in earlier letters (`#files`): they are only in
    /// the raw mail. `own`: those that are at hand.
    pub(super) fn earlier_attachments(
        &self,
        tx: &mut Tx<'_>,
        own: &[Attachment],
        changes: &[Change],
    ) -> Result<Vec<Attachment>, StoreError> {
        let mut wanted: Vec<(String, Option<MessageNo>, Option<TicketNo>)> = Vec::new();
        for change in changes {
            match change {
                Change::Enqueue(parcel) => wanted.extend(parcel.segments.iter().filter_map(|s| match s {
                    Segment::Blob { sha256 } => Some((sha256.clone(), parcel.message, parcel.ticket)),
                    Segment::Bytes(_) => None,
                })),
                Change::Defer(notice) => {
                    let row = |a: &AttachmentRow| (a.sha256.clone(), Some(notice.message), Some(notice.ticket));
                    wanted.extend(notice.attachments.iter().map(row));
                }
                _ => {}
            }
        }
        let mut found: Vec<Attachment> = Vec::new();
        for (sha256, message, ticket) in wanted {
            let is_at_hand = |found: &[Attachment]| own.iter().chain(found).any(|a| a.sha256 == sha256);
            if is_at_hand(&found) || tx.has_blob(&sha256)? {
                continue;
            }
            let mut sources: Vec<LetterNo> = Vec::new();
            if let Some(message) = message {
                sources.extend(tx.letter_of(message)?);
            }
            if let Some(ticket) = ticket {
                sources.extend(tx.letters_with(ticket, &sha256)?);
            }
            for source in sources {
                if is_at_hand(&found) {
                    break;
                }
                let packed = custody::pack(&tx.raw(source)?);
                let job = Job { letter: source, packed, truncated: false };
                if let Ok(read) = read_alone(crate::mail::read::read, job) {
                    found.extend(read.attachments);
                }
            }
        }
        Ok(found)
    }

    /// A letter that could not be read becomes a ticket that says so, and is kept whole in quarantine.
    pub(super) fn set_aside(
        &self,
        tx: &mut Tx<'_>,
        envelope: &Envelope,
        failure: ReadFailure,
        now: Time,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        let no = envelope.letter;
        let raw = match tx.raw(no) {
            Err(StoreError::Damaged(_)) => Vec::new(),
            raw => raw?,
        };
        let verdict = fenced(tx, |tx| {
            let rules = self.rules();
            let (from, subject) = outside(&raw);
            let people = from.as_deref().and_then(Address::parse).into_iter().collect();
            let findings = tx.lookup(&Clues { people, ..Clues::default() }, now)?;
            let changes =
                desk::unreadable(envelope, from.as_deref(), &subject, failure.as_str(), &findings, &rules, now);
            tx.apply(&changes, &Blobs::new(), now)?;
            clocks::follow(tx, self.settings, &changes)?;
            Ok(verdict(no, &changes))
        })?;
        match verdict {
            Some(verdict) => done.verdicts.push(verdict),
            None => tracing::error!(
                letter = no.0,
                "a bug: this letter can neither be read nor set aside; it stays in custody"
            ),
        }
        tracing::warn!(letter = no.0, "{}; it is set aside whole", failure.as_str());
        Ok(())
    }
}

fn is_undecided(tx: &mut Tx<'_>, letter: LetterNo) -> Result<bool, StoreError> {
    let next = tx.to_read(LetterNo(letter.0 - 1), 1)?;
    Ok(next.first().is_some_and(|row| row.envelope.letter == letter))
}

fn verdict(letter: LetterNo, changes: &[Change]) -> Verdict {
    let fate = changes.iter().find_map(|c| match c {
        Change::Settle { fate, .. } => Some(match fate {
            Fate::Message(_) => "message",
            Fate::Duplicate(_) => "duplicate",
            Fate::Quarantined(_) => "quarantined",
            Fate::Echo(_) => "echo",
            Fate::Done(word) => word,
        }),
        _ => None,
    });
    let ticket = changes.iter().find_map(|c| match c {
        Change::AddMessage(message) => Some(message.ticket.0),
        Change::NewTicket(ticket) => Some(ticket.number.0),
        _ => None,
    });
    Verdict { letter, fate: fate.unwrap_or("undecided"), ticket }
}

/// What stands outside on a letter that nobody can open: From's address and Subject, as they were written. Looks at plain bytes only;
/// the parsers have failed on this letter.
fn outside(raw: &[u8]) -> (Option<String>, String) {
    let (mut from, mut subject) = (None, None);
    let head = &raw[..raw.len().min(64 << 10)];
    for line in head.split(|b| *b == b'\n').take_while(|line| !matches!(line, [] | [b'\r'])) {
        let line: String = String::from_utf8_lossy(line).chars().take(300).collect();
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "from" if from.is_none() => {
                let address = value.rsplit_once('<').map_or(value, |(_, a)| a);
                from = Some(address.split('>').next().unwrap_or_default().trim().to_owned());
            }
            "subject" if subject.is_none() => subject = Some(crate::model::one_line(value)),
            _ => {}
        }
    }
    (from, subject.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outside_of_a_letter() {
        let check = |raw: &[u8], from: Option<&str>, subject: &str| {
            assert_eq!(outside(raw), (from.map(str::to_owned), subject.to_owned()));
        };
        check(b"From: Kund <kund@a.test>\r\nSubject: Hej  du\r\n\r\nFrom: b@b.test\r\n", Some("kund@a.test"), "Hej du");
        check(b"from: kund@a.test\nfrom: x@a.test\n\n", Some("kund@a.test"), "");
        check(b"\xff\xfe\0:::\n\nSubject: x", None, "");
        check(b"", None, "");
    }
}
