//! What svar itself does in a mailbox: copies of answers in Sent, marks on what was answered, and the question whether a mail went
//! out before a crash.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::daemon::imap::{Copies, Ended, Reader};
use crate::engine::{Engine, Event};
use crate::model::{ParcelNo, SourceNo};
use crate::net::Delivery;
use crate::net::imap::{Flag, ImapError, Session};

/// What is to be done in a mailbox, by whoever reads it.
#[derive(Debug, Default)]
pub struct Errands {
    /// There is something to do.
    pub nudge: Notify,
    /// Answers that were accepted, whose questions are to be marked.
    answered: Mutex<Vec<ParcelNo>>,
}

impl Errands {
    pub fn answered(&self, parcel: ParcelNo) {
        self.lock().push(parcel);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ParcelNo>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sets `\Answered` on the customers' mails in INBOX that have been answered: the one mark that every mail program shows. A mark
/// that cannot be set is no harm.
pub async fn mark_answered(reader: &Reader, session: &mut Session, inbox: &str, source: SourceNo) -> Result<(), Ended> {
    let parcels = std::mem::take(&mut *reader.errands.lock());
    if parcels.is_empty() || !reader.marks_answered {
        return Ok(());
    }
    let ask = move |engine: &mut Engine| {
        engine.store().read(|tx| {
            let mut uids = Vec::new();
            for parcel in parcels {
                uids.extend(tx.answered_letters(parcel)?.into_iter().filter(|(s, _)| *s == source).map(|(_, uid)| uid));
            }
            Ok(uids)
        })
    };
    let uids = reader.desk.ask(ask).await??;
    if uids.is_empty() {
        return Ok(());
    }
    session.select(inbox).await?;
    match session.store_flags(&uids, &[Flag::Answered]).await {
        Ok(()) => Ok(()),
        Err(ImapError::Refused { text, .. }) => {
            tracing::debug!(mailbox = reader.mailbox, "answered mail could not be marked: {text}");
            Ok(())
        }
        Err(other) => Err(other.into()),
    }
}

/// Appends copies of answers that SMTP has accepted, unless the server has kept one by itself.
pub async fn keep_copies(reader: &Reader, session: &mut Session, folder: &str) -> Result<(), Ended> {
    if reader.only_watches {
        return Ok(());
    }
    let mailbox = reader.mailbox.clone();
    let ask = move |engine: &mut Engine| {
        let mut due = engine.store().read(|tx| tx.copies_due())?;
        due.retain(|copy| copy.outlet.mailbox == mailbox);
        Ok::<_, crate::store::StoreError>(due)
    };
    let due = reader.desk.ask(ask).await??;
    if due.is_empty() {
        return Ok(());
    }
    session.examine(folder).await?;
    for copy in due {
        let parcel = copy.parcel;
        if reader.copies == Copies::Ours && session.search_message_id(&copy.message_id).await?.is_empty() {
            let bytes = reader.desk.ask(move |engine| engine.store().read(|tx| tx.bytes(parcel))).await??;
            if lies_there_renamed(session, &bytes).await? {
                reader.desk.tell(vec![Event::SentCopy { parcel }]);
                continue;
            }
            match session.append(folder, &[Flag::Seen], reader.now(), &bytes).await {
                Ok(_) => {}
                Err(ImapError::Refused { text, .. }) => {
                    tracing::warn!(
                        mailbox = reader.mailbox,
                        parcel = parcel.0,
                        "no copy could be put into Sent: {text}"
                    );
                }
                Err(other) => return Err(other.into()),
            }
        }
        reader.desk.tell(vec![Event::SentCopy { parcel }]);
    }
    Ok(())
}

/// Whether the mail lies in the open folder under another Message-ID: some providers put their own in its place, but leave our
/// `X-Svar-Id`.
async fn lies_there_renamed(session: &mut Session, mail: &[u8]) -> Result<bool, ImapError> {
    let Some(svar_id) = header_line(mail, b"X-Svar-Id:") else { return Ok(false) };
    match session.search_header("X-Svar-Id", &svar_id).await {
        Ok(uids) => Ok(!uids.is_empty()),
        // A server that searches the common fields only.
        Err(ImapError::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The value of a header line that svar wrote itself: on one line, once.
fn header_line(mail: &[u8], name: &[u8]) -> Option<String> {
    let lines = mail.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let value = lines.take_while(|l| !l.is_empty()).find_map(|l| l.strip_prefix(name))?;
    Some(String::from_utf8_lossy(value).trim().to_owned()).filter(|v| !v.is_empty())
}

/// Mails whose sending was cut off by a crash: if Sent has them, they went out; else they are sent once more, as the same bytes.
pub async fn ask_for_unknown(reader: &Reader, session: &mut Session, folder: Option<&str>) -> Result<(), Ended> {
    let mailbox = reader.mailbox.clone();
    let unknown = reader.desk.ask(move |engine| engine.take_unknown(Some(&mailbox))).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    if let Some(folder) = folder {
        session.examine(folder).await?;
    }
    for consignment in unknown {
        if folder.is_none() {
            reader.desk.send_again(consignment);
            continue;
        }
        let asked = match session.search_message_id(&consignment.message_id).await {
            Ok(uids) if uids.is_empty() => lies_there_renamed(session, &consignment.bytes).await,
            Ok(_) => Ok(true),
            Err(other) => Err(other),
        };
        let found = match asked {
            Ok(found) => found,
            Err(ImapError::Refused { .. }) => false,
            Err(other) => {
                reader.desk.ask(move |engine| engine.put_back_unknown(consignment)).await?;
                return Err(other.into());
            }
        };
        let parcel = consignment.parcel;
        tracing::info!(parcel = parcel.0, found, "the result of sending this mail was unknown");
        if found {
            let fate = Delivery::Accepted { reply: "found in Sent after a restart".to_owned() };
            let results = consignment.to.iter().map(|to| (to.clone(), fate.clone())).collect();
            reader.desk.tell(vec![Event::Delivered { parcel, results, refused_null_sender: false }]);
        } else {
            reader.desk.send_again(consignment);
        }
    }
    Ok(())
}
