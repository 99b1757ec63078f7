//! Sets of UIDs: written short, asked for in windows.

use std::ops::RangeInclusive;

use super::ImapError;
use super::answer::Said;
use super::command::Command;
use super::wire::Session;

/// The first window of a search, in UIDs. A window that finds little is doubled, one that finds much is halved.
const WINDOW: u32 = 4096;
/// Answers of about this many UIDs keep a line at a few dozen kilobytes.
const WANTED: usize = 4096;
/// UIDs a command; the line stays below the 8,000 bytes that every server takes (RFC 7162, 4).
pub(super) const PER_COMMAND: usize = 500;

/// `[1, 2, 3, 7]` as `1:3,7`. The UIDs ascend.
pub(super) fn set(uids: &[u32]) -> String {
    let mut out = String::new();
    for run in uids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        if !out.is_empty() {
            out.push(',');
        }
        match run {
            [one] => out.push_str(&one.to_string()),
            [first, .., last] => out.push_str(&format!("{first}:{last}")),
            [] => {}
        }
    }
    out
}

/// Ascending, each once, no zero.
pub(super) fn tidy(uids: &[u32]) -> Vec<u32> {
    let mut tidy: Vec<u32> = uids.iter().copied().filter(|&uid| uid > 0).collect();
    tidy.sort_unstable();
    tidy.dedup();
    tidy
}

pub(super) fn covers(ranges: &[RangeInclusive<u32>], uid: u32) -> bool {
    ranges.iter().any(|range| range.contains(&uid))
}

impl Session {
    /// The UIDs in `range` that the selected folder holds, ascending. Give `uidnext - 1` as the end; an end of `u32::MAX`
    /// means "to the last one".
    ///
    /// What came up to now is then known: `idle` waits for what comes after.
    pub async fn uids(&mut self, range: RangeInclusive<u32>) -> Result<Vec<u32>, ImapError> {
        self.news = false;
        let (mut from, to) = (*range.start().max(&1), *range.end());
        let mut found = Vec::new();
        let mut window = WINDOW;
        while from <= to && from > 0 {
            let open = to == u32::MAX;
            let end = if open { to } else { from.saturating_add(window - 1).min(to) };
            // `5:*` names the last letter even if its UID is 3 (RFC 3501, 6.4.8), so every answer is sifted.
            let words = if open { format!("SEARCH UID {from}:*") } else { format!("SEARCH UID {from}:{end}") };
            let part = self.search(Command::new("UID").word(&words)).await?;
            let count = part.len();
            found.extend(part.into_iter().filter(|uid| (from..=end).contains(uid)));
            if count > WANTED {
                window = (window / 2).max(1);
            } else if count < WANTED / 2 {
                window = window.saturating_mul(2);
            }
            match end.checked_add(1) {
                Some(next) => from = next,
                None => break,
            }
        }
        Ok(tidy(&found))
    }

    /// The UIDs of letters with this Message-ID (given without angle brackets) in the selected folder.
    pub async fn search_message_id(&mut self, id: &str) -> Result<Vec<u32>, ImapError> {
        self.search_header("Message-ID", &format!("<{id}>")).await
    }

    /// The UIDs of letters whose header field `name` (a plain word) holds `words`, in the selected folder.
    pub async fn search_header(&mut self, name: &str, words: &str) -> Result<Vec<u32>, ImapError> {
        let command = Command::new("UID").word(&format!("SEARCH HEADER {name}")).string(words);
        Ok(tidy(&self.search(command).await?))
    }

    pub(super) async fn search(&mut self, command: Command) -> Result<Vec<u32>, ImapError> {
        let mut found = Vec::new();
        self.exec(command, |said| {
            if let Said::Found(uids) = said {
                found.extend(uids);
            }
        })
        .await?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_short() {
        let check = |uids: &[u32], expect: &str| assert_eq!(set(uids), expect, "{uids:?}");
        check(&[], "");
        check(&[5], "5");
        check(&[1, 2], "1:2");
        check(&[1, 2, 3, 7, 9, 10], "1:3,7,9:10");
        check(&[u32::MAX - 1, u32::MAX], "4294967294:4294967295");
        let odd: Vec<u32> = (0..u32::try_from(PER_COMMAND).unwrap()).map(|n| 4_000_000_001 + 2 * n).collect();
        assert!(set(&odd).len() < 7000);
    }

    #[test]
    fn uids_are_tidied() {
        assert_eq!(tidy(&[9, 0, 3, 9, 1]), [1, 3, 9]);
    }
}
