//! Lists the letters of a folder without fetching them: size, time, and a few fields of the header.

use super::ImapError;
use super::answer::Said;
use super::command::Command;
use super::uids::{PER_COMMAND, set, tidy};
use super::wire::Session;
use crate::model::Time;

/// What a server says about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub uid: u32,
    pub size_bytes: u64,
    /// INTERNALDATE; `None`: none that can be read.
    pub received_at: Option<Time>,
    /// The fields that were asked for, as they stand.
    pub header: Vec<u8>,
}

impl Session {
    /// Lists the letters `uids` of the open folder, with the fields `names` of their headers. Letters that are gone are left out.
    /// No flag changes (`BODY.PEEK`).
    pub async fn list_letters(
        &mut self,
        uids: &[u32],
        names: &[&str],
        mut each: impl FnMut(Listing),
    ) -> Result<(), ImapError> {
        for uids in tidy(uids).chunks(PER_COMMAND) {
            let words = format!(
                "FETCH {} (UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS ({})])",
                set(uids),
                names.join(" ")
            );
            self.exec(Command::new("UID").word(&words), |said| {
                if let Said::Letter(piece) = said
                    && let (Some(uid), Some(size_bytes)) = (piece.uid, piece.size_bytes)
                {
                    let header = piece.header.unwrap_or_default();
                    each(Listing { uid, size_bytes, received_at: piece.received_at, header });
                }
            })
            .await?;
        }
        Ok(())
    }
}
