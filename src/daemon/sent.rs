//! What svar itself does in a mailbox: copies of answers in Sent, marks on what was answered, and the question whether a mail went
//! out before a crash.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::daemon::imap::{Copies, Ended, Reader};
use crate::engine::{Consignment, Engine, Event};
use crate::model::{ParcelNo, SourceNo};
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

/// Mails whose sending was cut off by a crash: if Sent has them, they went out; else they are sent once more, as the same bytes. The
/// desk keeps each until it is told of it: this may fail, or be given up, at any moment.
pub async fn ask_for_unknown(reader: &Reader, session: &mut Session, folder: Option<&str>) -> Result<(), Ended> {
    let mailbox = reader.mailbox.clone();
    let unknown = reader.desk.ask(move |engine| engine.unknown(Some(&mailbox))).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    if let Some(folder) = folder {
        session.examine(folder).await?;
    }
    for consignment in unknown {
        let parcel = consignment.parcel;
        // A provider that files what it sends has filed the earlier try: that says nothing of those who still wait.
        let found = folder.is_some() && !consignment.partly_settled && lies_there(session, &consignment).await?;
        tracing::info!(parcel = parcel.0, found, "the result of sending this mail was unknown");
        reader.desk.tell(vec![if found { Event::FoundInSent { parcel } } else { Event::SendAgain { parcel } }]);
    }
    Ok(())
}

/// Whether the open folder has this mail. A server that will not say so has not.
async fn lies_there(session: &mut Session, mail: &Consignment) -> Result<bool, ImapError> {
    match session.search_message_id(&mail.message_id).await {
        Ok(uids) if uids.is_empty() => lies_there_renamed(session, &mail.bytes).await,
        Ok(_) => Ok(true),
        Err(ImapError::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::sync::watch;

    use super::*;
    use crate::daemon::desk::{self, Routes};
    use crate::engine::Post;
    use crate::engine::clock::{self, Now};
    use crate::model::{Address, ParcelKind, ParcelState, Time};
    use crate::net::stream::Timeouts;
    use crate::net::{Account, Credential, Delivery, Secret, Tls};
    use crate::plan::{Change, Parcel, Route, Segment, Sender};
    use crate::store::{Blobs, Limits, Outlet};

    const NOW: Time = Time::from_unix(1_795_428_000);

    fn outlet() -> Outlet {
        Outlet { mailbox: "support".to_owned(), route: Route::Mailbox }
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn open(dir: &std::path::Path) -> Engine {
        let text = format!(
            "[desk]\nname = \"Exempelbutiken\"\ndata_dir = \"{}\"\n\
             [[mailbox]]\nname = \"support\"\naddress = \"support@example.test\"\nnotify = \"none\"\n\
             [mailbox.maildir]\npath = \"in\"\n[mailbox.outdir]\npath = \"out\"\n",
            dir.display()
        );
        let settings = crate::config::read(&dir.join("config.toml"), &text).unwrap_or_else(|m| panic!("{m:?}"));
        Engine::open(Arc::new(settings), Post::Daemon).unwrap()
    }

    fn parcel(engine: &mut Engine) -> ParcelNo {
        let mut next = engine.store().read(|tx| Ok(tx.next())).unwrap();
        let no = next.take_parcel();
        let parcel = Parcel {
            no,
            kind: ParcelKind::Answer,
            ticket: None,
            message: None,
            agent: None,
            ask: None,
            mailbox: "support".to_owned(),
            route: Route::Mailbox,
            sender: Sender::Address(address("support@example.test")),
            recipients: vec![address("eva@kund.test")],
            message_id: format!("p{no}@example.test"),
            segments: vec![Segment::Bytes(b"Subject: x\r\n\r\nHej\r\n".to_vec())],
            not_before: NOW,
            keep_in_sent: false,
            created_at: NOW,
        };
        let enqueue = [Change::Enqueue(Box::new(parcel))];
        engine.store().batch(|tx| tx.apply(&enqueue, &Blobs::new(), NOW)).unwrap();
        no
    }

    /// An IMAP server that finds `found` letters with whatever is asked for (`silent`: it says nothing), and leaves at the search of
    /// that number.
    async fn server(found: &'static str, leaves_at: usize) -> Account {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            writer.write_all(b"* OK ready\r\n").await.unwrap();
            let mut searches = 0;
            while let Ok(Some(line)) = lines.next_line().await {
                let mut words = line.split(' ');
                let (tag, command) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                let told = match command {
                    "CAPABILITY" => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
                    "EXAMINE" => "* 9 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n".to_owned(),
                    "UID" => {
                        searches += 1;
                        if searches == leaves_at {
                            return;
                        }
                        if found == "silent" {
                            continue;
                        }
                        format!("* SEARCH{found}\r\n")
                    }
                    _ => String::new(),
                };
                writer.write_all(format!("{told}{tag} OK done\r\n").as_bytes()).await.unwrap();
            }
        });
        Account {
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::None,
            ca_file: None,
            user: "support".to_owned(),
            credential: Some(Credential::Password(Secret::Command(vec!["echo".to_owned(), "hemlig".to_owned()]))),
            password_expires: None,
        }
    }

    fn reader(desk: &desk::Desk, routes: &Arc<Routes>) -> Reader {
        Reader {
            mailbox: "support".to_owned(),
            desk: desk.clone(),
            routes: Arc::clone(routes),
            report: unbounded_channel().0,
            errands: Arc::default(),
            marks_answered: false,
            only_watches: false,
            copies: Copies::Theirs,
            answers: None,
            once: false,
            limit_bytes: 1 << 20,
            clock: clock::read,
            given: Some(Now::given(NOW)),
            signed_in: watch::channel(0).1,
            stuck: Arc::default(),
        }
    }

    async fn until(holds: impl AsyncFn() -> bool) {
        for _ in 0..2000 {
            if holds().await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("it has not come to that in ten seconds");
    }

    #[tokio::test]
    async fn a_line_lost_while_sent_is_asked_strands_no_mail() {
        let dir = tempfile::tempdir().unwrap();
        let mut engine = open(dir.path());
        let parcels: Vec<ParcelNo> = (0..3).map(|_| parcel(&mut engine)).collect();
        let places = BTreeMap::from([(outlet(), 9)]);
        engine.store().batch(|tx| tx.claim(&places, NOW, &|_| Limits::default())).unwrap();
        // It dies with all of them claimed.
        drop(engine);
        let (alarm, _alarms) = unbounded_channel();
        let routes = Routes::new(alarm);
        let (pool, mut sent) = unbounded_channel();
        routes.set_outlets(BTreeMap::from([(outlet(), pool)]));
        let given = Some(Now::given(NOW));
        let (desk, _thread) = desk::open(open(dir.path()), Arc::clone(&routes), clock::read, given).unwrap();
        let reader = reader(&desk, &routes);
        // A question may be answered before what was told is decided.
        let unknown_are = async |expected: &[ParcelNo]| {
            let asked =
                async || desk.ask(|e| e.unknown(None).iter().map(|c| c.parcel).collect::<Vec<_>>()).await.unwrap();
            until(async || asked().await == expected).await;
        };
        let is_in = async |no: ParcelNo, state: ParcelState| {
            let known = move |e: &mut Engine| e.store().read(|tx| tx.known_parcel(no)).unwrap().unwrap().state;
            until(async || desk.ask(known).await.unwrap() == state).await;
        };
        unknown_are(&parcels).await;

        // Sent has not the first; the line is lost at the second.
        let mut session = Session::connect(&server("", 2).await, Timeouts::default()).await.unwrap();
        let ended = ask_for_unknown(&reader, &mut session, Some("Sent")).await;
        assert!(matches!(ended, Err(Ended::Imap(_))), "{ended:?}");
        assert_eq!(sent.recv().await.map(|c| c.parcel), Some(parcels[0]));
        unknown_are(&parcels[1..]).await;

        // The reader is stopped in the middle of the next question: a new configuration.
        let mut session = Session::connect(&server("silent", 9).await, Timeouts::default()).await.unwrap();
        let asking = ask_for_unknown(&reader, &mut session, Some("Sent"));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(300), asking).await.is_err());
        unknown_are(&parcels[1..]).await;

        // Sent has the others.
        let mut session = Session::connect(&server(" 7", 9).await, Timeouts::default()).await.unwrap();
        ask_for_unknown(&reader, &mut session, Some("Sent")).await.unwrap();
        unknown_are(&[]).await;
        is_in(parcels[1], ParcelState::Sent).await;
        is_in(parcels[2], ParcelState::Sent).await;
        is_in(parcels[0], ParcelState::Claimed).await;
        assert!(sent.try_recv().is_err());
        // Nobody speaks of them twice: when the last of this is decided, the rest is.
        let taken = Delivery::Accepted { reply: "250 ok".to_owned() };
        let results = vec![(address("eva@kund.test"), taken)];
        let mut events: Vec<Event> = parcels.iter().map(|parcel| Event::SendAgain { parcel: *parcel }).collect();
        events.push(Event::Delivered { parcel: parcels[0], results, refused_null_sender: false });
        desk.tell(events);
        is_in(parcels[0], ParcelState::Sent).await;
        assert!(sent.try_recv().is_err());
    }
}
