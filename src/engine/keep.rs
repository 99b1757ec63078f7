//! Takes letters into custody, and hands them to the reader.

use crate::engine::batch::{Backlog, Batch, Done};
use crate::engine::event::{CustodyKey, Intake, Outcome};
use crate::engine::in_flight;
use crate::engine::reader::{Job, ReadFailure};
use crate::model::Time;
use crate::plan::Envelope;
use crate::store::custody::TRIES_OF_A_MISSING_LETTER;
use crate::store::{Arrival, Kept, StoreError, Tx};

/// A process may die for other reasons than the letter that it was reading: this many deaths are its fault.
const DEATHS_MAX: i64 = 3;

impl Batch<'_> {
    pub(super) fn take_in(
        &self,
        tx: &mut Tx<'_>,
        intake: &Intake,
        now: Time,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        match intake {
            Intake::Cursor { source, uid } => tx.advance(*source, *uid),
            Intake::Missing { source, uid } => {
                if tx.note_missing(*source, *uid, now)? == TRIES_OF_A_MISSING_LETTER {
                    done.custody.push(Outcome::PassedOver { source: *source, uid: *uid });
                }
                Ok(())
            }
            Intake::Arrived(arrival) => {
                let letter = match tx.keep(arrival, now)? {
                    Kept::Renumbered => {
                        done.custody.push(Outcome::Renumbered { source: arrival.source });
                        return Ok(());
                    }
                    Kept::Known(_) => None,
                    Kept::New(letter) => Some(letter),
                };
                in_custody(&mut done.custody, arrival);
                let Some(letter) = letter else { return Ok(()) };
                // Whoever waits in custody already is older and goes first.
                if done.backlog > Backlog::Empty
                    || self.flight.is_full_with(done.to_read.iter().map(|(_, w)| w.size_bytes))
                {
                    done.backlog = done.backlog.max(Backlog::Some);
                    return Ok(());
                }
                let envelope = Envelope {
                    letter,
                    mailbox: arrival.mailbox.clone(),
                    channel: arrival.channel,
                    folder: arrival.folder,
                    received_at: arrival.received_at.min(now),
                    old: arrival.old,
                    released: None,
                    released_for: None,
                };
                let job = Job { letter, packed: arrival.packed.clone(), truncated: arrival.truncated };
                self.hand_out(tx, envelope, job, 0, false, done)
            }
        }
    }

    /// Letters in custody that nobody reads: after a crash, after a flood, or kept by another process.
    pub(super) fn pick_up(&self, tx: &mut Tx<'_>, now: Time, done: &mut Done) -> Result<(), StoreError> {
        let limit = in_flight::LETTERS_MAX / 2;
        let rows = tx.to_read_besides(&self.flight.numbers(), limit)?;
        if rows.len() >= limit {
            done.backlog = done.backlog.max(Backlog::Some);
        }
        for row in rows {
            let alone = row.attempts > 0;
            if alone && !(self.flight.is_empty() && done.to_read.is_empty()) {
                done.backlog = Backlog::Alone;
                return Ok(());
            }
            if row.attempts >= DEATHS_MAX {
                self.set_aside(tx, &row.envelope, ReadFailure::Died, now, done)?;
                continue;
            }
            let job = Job { letter: row.envelope.letter, packed: row.packed, truncated: row.truncated };
            self.hand_out(tx, row.envelope, job, row.attempts, alone, done)?;
            if alone {
                done.backlog = Backlog::Alone;
                return Ok(());
            }
        }
        Ok(())
    }

    fn hand_out(
        &self,
        tx: &mut Tx<'_>,
        envelope: Envelope,
        job: Job,
        attempts: i64,
        alone: bool,
        done: &mut Done,
    ) -> Result<(), StoreError> {
        tx.count_attempt(job.letter)?;
        let waiting =
            in_flight::Waiting { envelope, size_bytes: job.packed.len(), attempts: attempts + 1, alone, reading: None };
        done.to_read.push((job, waiting));
        Ok(())
    }
}

fn in_custody(outcomes: &mut Vec<Outcome>, arrival: &Arrival) {
    let key = arrival.name.clone().map_or(CustodyKey::Uid(arrival.uid), CustodyKey::Name);
    if let Some(Outcome::InCustody { source, keys }) = outcomes.last_mut()
        && *source == arrival.source
    {
        keys.push(key);
    } else {
        outcomes.push(Outcome::InCustody { source: arrival.source, keys: vec![key] });
    }
}
