//! What svar itself has to do with the Sent folder: copies of answers, and the question whether a mail went out before a crash.

use crate::daemon::imap::{Ended, Reader};
use crate::engine::{Engine, Event};
use crate::net::Delivery;
use crate::net::imap::{Flag, ImapError, Session};

/// Appends copies of answers that SMTP has accepted, unless the server has kept one by itself.
pub async fn keep_copies(reader: &Reader, session: &mut Session, folder: &str) -> Result<(), Ended> {
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
        if session.search_message_id(&copy.message_id).await?.is_empty() {
            let bytes = reader.desk.ask(move |engine| engine.store().read(|tx| tx.bytes(parcel))).await??;
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
        let found = match session.search_message_id(&consignment.message_id).await {
            Ok(uids) => !uids.is_empty(),
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
