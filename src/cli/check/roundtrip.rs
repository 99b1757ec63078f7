//! `check --roundtrip`: mails from each mailbox to itself, and what became of them: where a signed address lands, whether its plus
//! part survives, what the server says of senders, whether an empty envelope sender is taken.
//!
//! All folders are looked through, read-only. The mails stay where they are unless `--delete` is given: then they, and no others,
//! are deleted by their UIDs. A daemon that sees them knows them by their mark and leaves them alone.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use super::place::listed;
use super::{Outcome, PATIENCE, Report};
use crate::config::settings::{Imap, Inlet, Mailbox, Outlet, Settings};
use crate::desk::probe::{Probe, ProbeKind};
use crate::desk::sign::Key;
use crate::desk::vouch::{Vouch, vouch};
use crate::engine::clock;
use crate::engine::desk_dir::DeskDir;
use crate::mail::authentication::verdict::MICROSOFT_365;
use crate::mail::header;
use crate::mail::letter::Letter;
use crate::mail::read::read;
use crate::model::Address;
use crate::net::imap::{Folder, ImapError, Item, Session, Special, feed};
use crate::net::smtp::{Connection, SmtpError};
use crate::net::{Account, Delivery, Wire};

/// How the mails are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Roundtrip {
    /// They are given up after so long.
    pub wait: Duration,
    /// They are deleted once they are found.
    pub delete: bool,
}

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// What is not in the watched folder by then is looked for in all of them.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// What one of the mails is to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// To the plain address, with results in it that only the server may write.
    Plain,
    /// To an address as svar signs them.
    Plus,
    /// With an empty envelope sender.
    NullSender,
}

struct Sent {
    question: Question,
    /// Stands in this mail alone.
    word: String,
    /// What stands behind the plus sign.
    detail: Option<String>,
    arrived: Option<Arrived>,
    /// A folder into which the server put a copy of what was sent, and its UID there.
    copy: Option<(String, u32)>,
}

struct Arrived {
    folder: String,
    uid: u32,
    raw: Vec<u8>,
}

impl Report {
    pub(super) async fn roundtrip(&mut self, settings: &Settings, mailbox: &Mailbox, how: Roundtrip) {
        let (Inlet::Imap(imap), Outlet::Smtp { account, .. }) = (&mailbox.source, &mailbox.outlet) else {
            return self.say(Outcome::Ok, "trip", "needs IMAP and SMTP: not tried here");
        };
        let key = match self.probe_key(settings) {
            Ok(key) => key,
            Err(why) => return self.say(Outcome::Failed, "trip", why),
        };
        let mut sent = Vec::new();
        for (number, question) in (1..).zip([Question::Plain, Question::Plus, Question::NullSender]) {
            let probe = Probe { kind: ProbeKind::Roundtrip, sent_at: clock::now(), number };
            match send(mailbox, account, &probe, &key, question).await {
                Ok(one) => sent.push(one),
                Err(why) => self.not_taken(mailbox, question, &why),
            }
        }
        if sent.is_empty() {
            return;
        }
        if let Err(error) = self.wait_for(imap, &mut sent, how).await {
            self.say(Outcome::Failed, "trip", format!("the mails could not be looked for: {error}"));
            return;
        }
        for one in &sent {
            match (&one.arrived, one.question) {
                (None, _) => self.lost(mailbox, one, how),
                (Some(arrived), Question::Plain) => self.plain(mailbox, imap, arrived, &one.word),
                (Some(arrived), Question::Plus) => {
                    self.plus(mailbox, imap, arrived, one.detail.as_deref().unwrap_or_default())
                }
                (Some(_), Question::NullSender) => {
                    self.say(Outcome::Ok, "trip", "an empty envelope sender is taken, and such mail arrives");
                }
            }
        }
        if let Some((folder, _)) = sent.iter().find_map(|one| one.copy.as_ref()) {
            let text = format!("the server puts copies of what is sent into {folder} by itself");
            self.say(Outcome::Ok, "trip", text);
        }
        if !how.delete {
            self.say(Outcome::Ok, "trip", "the mails are left where they are; --delete takes them away");
        }
    }

    /// The desk's key. Before its first start there is none: then one that nobody keeps will do.
    fn probe_key(&self, settings: &Settings) -> Result<Key, String> {
        if !settings.desk.data_dir.join("key").exists() {
            let made = format!("{:?} {}", clock::now(), std::process::id());
            let digest = ring::digest::digest(&ring::digest::SHA256, made.as_bytes());
            let mut raw = [0; 32];
            raw.copy_from_slice(digest.as_ref());
            return Ok(Key::new(&raw));
        }
        DeskDir::at(&settings.desk.data_dir).key().map(|raw| Key::new(&raw)).map_err(|e| e.to_string())
    }

    fn not_taken(&mut self, mailbox: &Mailbox, question: Question, why: &str) {
        let (outcome, text) = match question {
            Question::Plain => {
                (Outcome::Failed, format!("a mail from {0} to {0} was not taken: {why}", mailbox.address))
            }
            Question::Plus => (
                if mailbox.plus_addressing { Outcome::Failed } else { Outcome::Ok },
                format!("mail to {} is refused ({why}): set plus_addressing = false", mailbox.address.with_detail("…")),
            ),
            Question::NullSender => (
                Outcome::Ok,
                format!(
                    "an empty envelope sender is refused ({why}): svar notices and uses a bounce address; null_sender = \"never\" saves the attempt"
                ),
            ),
        };
        self.say(outcome, "trip", text);
    }

    fn lost(&mut self, mailbox: &Mailbox, one: &Sent, how: Roundtrip) {
        let s = how.wait.as_secs();
        let (outcome, text) = match one.question {
            Question::Plain => (
                Outcome::Failed,
                format!("a mail from {0} to {0} was taken, and is in no folder after {s} s", mailbox.address),
            ),
            Question::Plus if mailbox.plus_addressing => (
                Outcome::Failed,
                format!(
                    "mail to a signed address was taken, and is in no folder after {s} s: set plus_addressing = false"
                ),
            ),
            Question::Plus => {
                (Outcome::Ok, "mail to a plus address does not arrive, as plus_addressing = false says".to_owned())
            }
            Question::NullSender => (
                Outcome::Warning,
                format!(
                    "mail with an empty envelope sender was taken, and is in no folder after {s} s: set null_sender = \"never\""
                ),
            ),
        };
        self.say(outcome, "trip", text);
    }

    fn plus(&mut self, mailbox: &Mailbox, imap: &Imap, arrived: &Arrived, detail: &str) {
        let fields = fields_with(&arrived.raw, detail);
        let kept: Vec<&str> = fields.iter().map(String::as_str).collect();
        let survives = !kept.is_empty();
        if arrived.folder != imap.folder {
            let text = format!(
                "mail to a signed address arrives in {}, where svar does not read: let the server deliver it to {} (Dovecot: \
                 lmtp_save_to_detail_mailbox = no), or set plus_addressing = false",
                arrived.folder, imap.folder
            );
            let outcome = if mailbox.plus_addressing { Outcome::Failed } else { Outcome::Ok };
            return self.say(outcome, "trip", text);
        }
        let (outcome, text) = match (survives, mailbox.plus_addressing) {
            (true, true) => (
                Outcome::Ok,
                format!("mail to a signed address arrives in {}, its plus part in {}", arrived.folder, listed(&kept)),
            ),
            (true, false) => (
                Outcome::Warning,
                format!(
                    "plus addressing works here (the plus part is in {}): plus_addressing = true would let agents answer by it",
                    listed(&kept)
                ),
            ),
            (false, true) => (
                Outcome::Failed,
                "mail to a signed address arrives, but its plus part is in no header: set plus_addressing = false"
                    .to_owned(),
            ),
            (false, false) => {
                (Outcome::Ok, "the server takes the plus part away, as plus_addressing = false says".to_owned())
            }
        };
        self.say(outcome, "trip", text);
    }

    fn plain(&mut self, mailbox: &Mailbox, imap: &Imap, arrived: &Arrived, word: &str) {
        if arrived.folder == imap.folder {
            self.say(
                Outcome::Ok,
                "trip",
                format!("a mail from {0} to {0} arrives in {1}", mailbox.address, arrived.folder),
            );
        } else {
            let text = format!(
                "a mail from {0} to {0} arrives in {1}, not in {2}",
                mailbox.address, arrived.folder, imap.folder
            );
            self.say(Outcome::Warning, "trip", text);
        }
        let letter = read(&arrived.raw);
        let ids = servers_ids(&letter, &arrived.raw, word);
        match &mailbox.trusted_authserv_id {
            None => {
                let said: Vec<&str> = ids.iter().map(String::as_str).collect();
                let text = match said.as_slice() {
                    [] => "the server writes no Authentication-Results into mail of its own users".to_owned(),
                    ids => format!(
                        "the server writes Authentication-Results as {}: that is what trusted_authserv_id may be",
                        listed(ids)
                    ),
                };
                self.say(Outcome::Ok, "proof", text);
            }
            Some(id) => self.proofs(mailbox, &letter, id, has_forgery(&arrived.raw, word)),
        }
    }

    /// What the trusted server did to results that were forged, and what it says of its own user.
    fn proofs(&mut self, mailbox: &Mailbox, letter: &Letter, id: &str, forgery_is_there: bool) {
        let text = if forgery_is_there {
            format!(
                "forged Authentication-Results of {id} are left in mail of its own users; svar believes the topmost alone, above all other \
                 servers. Whether it removes them from mail that comes from outside this cannot tell"
            )
        } else {
            format!("forged Authentication-Results of {id} are removed")
        };
        self.say(if forgery_is_there { Outcome::Warning } else { Outcome::Ok }, "proof", text);
        let mine = std::slice::from_ref(&mailbox.address);
        let results: Vec<String> = letter
            .authentication
            .iter()
            .filter(|a| {
                a.authserv_id.eq_ignore_ascii_case(id)
                    || (id.eq_ignore_ascii_case(MICROSOFT_365) && a.authserv_id.is_empty())
            })
            .flat_map(|a| a.results.iter().map(|r| format!("{}={}", r.method, r.result)))
            .collect();
        let results = if results.is_empty() { "no results".to_owned() } else { results.join(" ") };
        let (outcome, text) = match vouch(letter, mailbox, mine) {
            Vouch::Proved(_) if forgery_is_there => (
                Outcome::Warning,
                format!("mail of {id}'s own users seems proved, perhaps by the forgery itself ({results})"),
            ),
            Vouch::Proved(rule) => (Outcome::Ok, format!("mail of {id}'s own users is proved: {rule} ({results})")),
            Vouch::Unproved(why) => (
                Outcome::Warning,
                format!(
                    "mail of {id}'s own users is not proved: {why} ({results}). Agents whose mailboxes are on this server need its signature \
                     (DKIM), or submission_is_private = true where all of its users are yours"
                ),
            ),
            Vouch::Unknown => return,
        };
        self.say(outcome, "proof", text);
    }

    async fn wait_for(&mut self, imap: &Imap, sent: &mut [Sent], how: Roundtrip) -> Result<(), ImapError> {
        let mut session = Session::connect(&imap.account, PATIENCE).await?;
        let folders = session.folders().await?;
        let began = clock::now();
        let mut progress = Progress::new();
        loop {
            let waited = Duration::from_secs(clock::now().since(began).max(0).unsigned_abs());
            look_into(&mut session, &imap.folder, sent).await?;
            let is_late = waited >= ELSEWHERE || waited >= how.wait;
            if is_late && sent.iter().any(|one| one.arrived.is_none()) {
                for folder in folders.iter().filter(|f| is_a_place(f) && f.name != imap.folder) {
                    look_into(&mut session, &folder.name, sent).await?;
                }
            }
            if sent.iter().all(|one| one.arrived.is_some()) || waited >= how.wait {
                break;
            }
            progress.tell(sent.iter().filter(|one| one.arrived.is_none()).count(), waited);
            tokio::time::sleep(LOOK).await;
        }
        for folder in folders.iter().filter(|f| f.special == Some(Special::Sent) && f.selectable) {
            find_copies(&mut session, &folder.name, sent).await?;
        }
        if how.delete {
            self.delete(&mut session, sent).await?;
        }
        session.logout().await
    }

    async fn delete(&mut self, session: &mut Session, sent: &[Sent]) -> Result<(), ImapError> {
        let mut all: Vec<(&str, u32)> = sent
            .iter()
            .flat_map(|one| {
                let arrived = one.arrived.as_ref().map(|a| (a.folder.as_str(), a.uid));
                arrived.into_iter().chain(one.copy.as_ref().map(|(folder, uid)| (folder.as_str(), *uid)))
            })
            .collect();
        all.sort_unstable();
        let mut deleted = 0;
        for part in all.chunk_by(|a, b| a.0 == b.0) {
            session.select(part[0].0).await?;
            let uids: Vec<u32> = part.iter().map(|(_, uid)| *uid).collect();
            session.delete_uids(&uids).await?;
            deleted += uids.len();
        }
        self.say(Outcome::Ok, "trip", format!("{deleted} mails of this check are deleted again"));
        Ok(())
    }
}

/// The forged result bears the mail's word, so that it is known again.
fn forged(id: &str, word: &str, domain: &str) -> (String, String) {
    let id = if id.eq_ignore_ascii_case(MICROSOFT_365) { String::new() } else { format!("{id}; ") };
    (
        "Authentication-Results".to_owned(),
        format!("{id}dmarc=pass header.from={domain}; x-svar-probe=none reason={word}"),
    )
}

async fn send(
    mailbox: &Mailbox,
    account: &Account,
    probe: &Probe,
    key: &Key,
    question: Question,
) -> Result<Sent, String> {
    let word = probe.word(key);
    // As long as a signed address, and none.
    let detail = (question == Question::Plus).then(|| format!("probe.{}.{word}", probe.number));
    let to: Address = detail.as_ref().map_or_else(|| mailbox.address.clone(), |d| mailbox.address.with_detail(d));
    let headers = match (&mailbox.trusted_authserv_id, question) {
        (Some(id), Question::Plain) => vec![forged(id, &word, mailbox.address.domain())],
        _ => Vec::new(),
    };
    let mail = probe.mail(mailbox, &to, key, headers);
    let from = (question != Question::NullSender).then(|| mailbox.address.clone());
    let wire = Wire { from, to: vec![to], bytes: Arc::new(mail) };
    let handed_over = async {
        let mut connection = Connection::connect(account, "localhost", PATIENCE).await?;
        let results = connection.send(&wire).await?;
        connection.quit().await;
        Ok::<_, SmtpError>(results)
    };
    match handed_over.await.map_err(|e| e.to_string())?.into_iter().next() {
        Some((_, Delivery::Accepted { .. })) => Ok(Sent { question, word, detail, arrived: None, copy: None }),
        Some((_, Delivery::Deferred { reply } | Delivery::Refused { reply })) => Err(reply),
        None => Err("no answer".to_owned()),
    }
}

/// Sent holds what went out, "All Mail" holds everything: neither is a place where mail arrives.
fn is_a_place(folder: &Folder) -> bool {
    folder.selectable && !matches!(folder.special, Some(Special::Sent | Special::All | Special::Drafts))
}

async fn look_into(session: &mut Session, folder: &str, sent: &mut [Sent]) -> Result<(), ImapError> {
    match session.examine(folder).await {
        Ok(_) => {}
        // A folder that nobody may open holds nothing that concerns us.
        Err(ImapError::Refused { .. }) => return Ok(()),
        Err(other) => return Err(other),
    }
    for one in sent.iter_mut().filter(|one| one.arrived.is_none()) {
        let Some(uid) = session.search_header("Subject", &one.word).await?.first().copied() else { continue };
        let (sink, mut letters) = feed(1 << 20);
        session.fetch(&[uid], 1 << 20, &sink).await?;
        drop(sink);
        if let Some(Item::Letter(letter)) = letters.next().await {
            one.arrived = Some(Arrived { folder: folder.to_owned(), uid, raw: letter.raw });
        }
    }
    Ok(())
}

async fn find_copies(session: &mut Session, folder: &str, sent: &mut [Sent]) -> Result<(), ImapError> {
    session.examine(folder).await?;
    for one in sent {
        let uid = session.search_header("Subject", &one.word).await?.first().copied();
        one.copy = uid.map(|uid| (folder.to_owned(), uid)).or(one.copy.take());
    }
    Ok(())
}

/// The names of the header fields that hold `detail`; those of the message's own identity and subject say nothing of its way.
fn fields_with(raw: &[u8], detail: &str) -> Vec<String> {
    const WHERE: [&str; 6] = ["To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To", "X-Envelope-To"];
    let (fields, _) = header::split(raw);
    WHERE
        .into_iter()
        .filter(|name| fields.all(name).any(|v| header::unfold(v).to_ascii_lowercase().contains(detail)))
        .map(str::to_owned)
        .collect()
}

fn has_forgery(raw: &[u8], word: &str) -> bool {
    let (fields, _) = header::split(raw);
    fields.all("Authentication-Results").any(|v| header::unfold(v).contains(word))
}

/// Who has written results into the mail, without our own forgery.
fn servers_ids(letter: &Letter, raw: &[u8], word: &str) -> Vec<String> {
    if has_forgery(raw, word) {
        return Vec::new();
    }
    let named = letter.authentication.iter().map(|a| a.authserv_id.as_str());
    let mut ids: Vec<String> =
        named.map(|id| if id.is_empty() { MICROSOFT_365.to_owned() } else { id.to_owned() }).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Who sits at a terminal is told that it goes on.
struct Progress {
    told_s: u64,
    is_terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self { told_s: 0, is_terminal: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, missing: usize, waited: Duration) {
        let s = waited.as_secs();
        if self.is_terminal && s >= self.told_s + 10 {
            self.told_s = s;
            let _ = writeln!(std::io::stderr(), "{missing} of the mails are still under way after {s} s");
        }
    }
}
