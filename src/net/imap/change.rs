//! Changes what a mailbox holds: flags, moves, appended letters. Each is checked, none is believed.

use std::ops::RangeInclusive;

use super::answer::{Code, Said};
use super::command::Command;
use super::uids::{PER_COMMAND, covers, set, tidy};
use super::wire::Session;
use super::{ImapError, utf7};
use crate::model::Time;

/// A flag that svar sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    Seen,
    Answered,
    Flagged,
    Deleted,
}

impl Flag {
    const fn name(self) -> &'static str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
        }
    }
}

/// Where an appended letter stands now (RFC 4315).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendUid {
    pub uidvalidity: u32,
    pub uid: u32,
}

/// What became of letters that were to be moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// No longer in the folder, as far as the server lets one see.
    pub moved: Vec<u32>,
    /// Still there, untouched. Letters that were gone before are in neither list.
    pub left: Vec<u32>,
}

impl Session {
    /// Puts a letter into a folder, with `date` as its INTERNALDATE. `None`: the server does not say where it stands.
    /// A missing folder is `Refused` with the code `TRYCREATE`.
    pub async fn append(
        &mut self,
        folder: &str,
        flags: &[Flag],
        date: Time,
        letter: &[u8],
    ) -> Result<Option<AppendUid>, ImapError> {
        let flags: Vec<&str> = flags.iter().map(|flag| flag.name()).collect();
        let command = Command::new("APPEND")
            .string(&utf7::encode(folder))
            .word(&format!("({})", flags.join(" ")))
            .word(&format!("\"{}\"", date_time(date)))
            .literal(letter);
        Ok(match self.exec(command, |_| {}).await? {
            Some(Code::AppendUid { uidvalidity, uids }) => {
                uids.first().map(|range| AppendUid { uidvalidity, uid: *range.start() })
            }
            _ => None,
        })
    }

    /// Adds flags to letters of the selected folder. Letters that are gone are passed over.
    pub async fn store_flags(&mut self, uids: &[u32], flags: &[Flag]) -> Result<(), ImapError> {
        let names: Vec<&str> = flags.iter().map(|flag| flag.name()).collect();
        for part in tidy(uids).chunks(PER_COMMAND) {
            let words = format!("STORE {} +FLAGS.SILENT ({})", set(part), names.join(" "));
            self.exec(Command::new("UID").word(&words), |_| {}).await?;
        }
        Ok(())
    }

    /// Deletes letters of the selected folder. Without UIDPLUS they stay, marked as deleted: nothing but these is ever expunged.
    pub async fn delete_uids(&mut self, uids: &[u32]) -> Result<(), ImapError> {
        for part in tidy(uids).chunks(PER_COMMAND) {
            self.store_flags(part, &[Flag::Deleted]).await?;
            if self.can("UIDPLUS") {
                self.exec(Command::new("UID").word(&format!("EXPUNGE {}", set(part))), |_| {}).await?;
            }
        }
        Ok(())
    }

    /// Moves letters of the selected folder into another, which is made if it is missing. Nothing but these letters is
    /// ever expunged: without MOVE (RFC 6851) and without UIDPLUS they are copied and stay, marked as deleted.
    pub async fn move_uids(&mut self, uids: &[u32], folder: &str) -> Result<Moved, ImapError> {
        let mut all = Moved::default();
        for part in tidy(uids).chunks(PER_COMMAND) {
            // Letters that are gone already are nobody's business, and some servers refuse a whole command for them.
            let there = self.present(part).await?;
            if there.is_empty() {
                continue;
            }
            let moved = if self.can("MOVE") {
                self.move_at_once(&there, folder).await?
            } else {
                self.copy_and_delete(&there, folder).await?
            };
            all.moved.extend(moved.moved);
            all.left.extend(moved.left);
        }
        Ok(all)
    }

    async fn present(&mut self, uids: &[u32]) -> Result<Vec<u32>, ImapError> {
        let found = self.search(Command::new("UID").word(&format!("SEARCH UID {}", set(uids)))).await?;
        Ok(tidy(&found).into_iter().filter(|uid| uids.contains(uid)).collect())
    }

    async fn move_at_once(&mut self, uids: &[u32], folder: &str) -> Result<Moved, ImapError> {
        self.transfer("MOVE", uids, folder).await?;
        // OK is also the answer for letters that stayed; asking is surer than COPYUID, which not every server gives.
        let left = self.present(uids).await?;
        Ok(Moved { moved: without(uids, &left), left })
    }

    async fn copy_and_delete(&mut self, uids: &[u32], folder: &str) -> Result<Moved, ImapError> {
        let copied = self.transfer("COPY", uids, folder).await?;
        // COPY is all or nothing (RFC 3501, 6.4.7); where COPYUID is given it is believed only for what it names.
        let safe: Vec<u32> = match copied {
            Some(ranges) => uids.iter().copied().filter(|&uid| covers(&ranges, uid)).collect(),
            None => uids.to_vec(),
        };
        if safe.is_empty() {
            return Ok(Moved { moved: Vec::new(), left: uids.to_vec() });
        }
        self.store_flags(&safe, &[Flag::Seen, Flag::Deleted]).await?;
        if self.can("UIDPLUS") {
            self.exec(Command::new("UID").word(&format!("EXPUNGE {}", set(&safe))), |_| {}).await?;
        }
        Ok(Moved { left: without(uids, &safe), moved: safe })
    }

    /// `UID MOVE` or `UID COPY`, with the folder made where it is missing. Gives what COPYUID names, which for MOVE stands
    /// in an untagged OK.
    async fn transfer(
        &mut self,
        verb: &'static str,
        uids: &[u32],
        folder: &str,
    ) -> Result<Option<Vec<RangeInclusive<u32>>>, ImapError> {
        let mut retried = false;
        loop {
            let mut copied: Option<Vec<RangeInclusive<u32>>> = None;
            let mut book = |code: Option<Code>| {
                if let Some(Code::CopyUid { from }) = code {
                    copied.get_or_insert_with(Vec::new).extend(from);
                }
            };
            let command = Command::new("UID").word(&format!("{verb} {}", set(uids))).string(&utf7::encode(folder));
            let ended = self
                .exec(command, |said| {
                    if let Said::Remark(remark) = said {
                        book(remark.code);
                    }
                })
                .await;
            match ended {
                Ok(code) => {
                    book(code);
                    return Ok(copied);
                }
                // Not every server says TRYCREATE.
                Err(refusal @ ImapError::Refused { .. }) if !retried => {
                    retried = true;
                    if self.create(folder).await.is_err() {
                        return Err(refusal);
                    }
                }
                Err(other) => return Err(other),
            }
        }
    }
}

/// `all` but not `some`.
fn without(all: &[u32], some: &[u32]) -> Vec<u32> {
    all.iter().copied().filter(|uid| !some.contains(uid)).collect()
}

/// `17-Jul-1996 09:44:25 +0000` (RFC 3501, date-time).
fn date_time(time: Time) -> String {
    time.timestamp().strftime("%d-%b-%Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written() {
        let check = |text: &str, expect: &str| assert_eq!(date_time(Time::parse_rfc3339(text).unwrap()), expect);
        check("1996-07-17T02:44:25-07:00", "17-Jul-1996 09:44:25 +0000");
        check("2026-11-05T09:00:00Z", "05-Nov-2026 09:00:00 +0000");
    }
}
