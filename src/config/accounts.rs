//! A mailbox's way in and its way out: IMAP and SMTP accounts, Maildirs, a pipe, a program.

use std::path::Path;

use super::oauth::{self, Beside};
use super::reader::{Table, Value};
use super::settings::{After, Imap, Inlet, NullSender, Outlet, SentCopies, SentFolder, Start};
use super::values;
use crate::model::Address;
use crate::net::{Account, Credential, Tls};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Imap,
    Smtp,
}

impl Protocol {
    /// The port that is meant if none is written (RFC 8314).
    const fn port(self, tls: Tls) -> u16 {
        match (self, tls) {
            (Self::Imap, Tls::Implicit) => 993,
            (Self::Imap, Tls::Starttls | Tls::None) => 143,
            (Self::Smtp, Tls::Implicit) => 465,
            (Self::Smtp, Tls::Starttls) => 587,
            (Self::Smtp, Tls::None) => 25,
        }
    }
}

/// Ports that begin in the clear, wherever they are used.
const CLEAR_PORTS: [u16; 3] = [143, 587, 25];
const TLS_PORTS: [u16; 2] = [993, 465];

const TLS: &[(&str, Tls)] = &[("implicit", Tls::Implicit), ("starttls", Tls::Starttls), ("none", Tls::None)];
const START: &[(&str, Start)] = &[("new", Start::New), ("all", Start::All)];
const SENT_COPIES: &[(&str, SentCopies)] =
    &[("auto", SentCopies::Auto), ("append", SentCopies::Append), ("never", SentCopies::Never)];
const NULL_SENDER: &[(&str, NullSender)] =
    &[("auto", NullSender::Auto), ("always", NullSender::Always), ("never", NullSender::Never)];

/// What every account of a mailbox is read with.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    /// The mailbox's address: the user, where none is written.
    pub address: Option<&'a Address>,
    /// Where tokens are kept.
    pub data_dir: &'a Path,
}

fn account(table: &Table<'_>, protocol: Protocol, own: Owner<'_>) -> Option<Account> {
    let host = table.need("host", values::host, "\"mail.example.test\"");
    let port = table.opt("port", values::port);
    let tls = table.opt("tls", values::word(TLS));
    let ca_file = table.opt("ca_file", values::file);
    let user = table.opt("user", values::any_text);
    let password = table.value("password");
    let oauth2 = table.table("oauth2");
    let is_oauth2 = table.value("oauth2").is_some();

    let meant = tls.unwrap_or(match port {
        Some(port) if CLEAR_PORTS.contains(&port) => Tls::Starttls,
        _ => Tls::Implicit,
    });
    let port = port.unwrap_or(protocol.port(meant));
    if let Some(written) = table.value("tls") {
        let wrong = match meant {
            Tls::None => host.as_ref().is_some_and(|h| !values::is_loopback(h)).then(|| {
                "\"none\" would send passwords and letters in the clear; write \"implicit\" or \"starttls\" (none: loopback only)"
                    .to_owned()
            }),
            Tls::Implicit => CLEAR_PORTS.contains(&port).then(|| {
                format!("port {port} speaks STARTTLS; write \"starttls\", or port = {}", protocol.port(Tls::Implicit))
            }),
            Tls::Starttls => TLS_PORTS.contains(&port).then(|| {
                format!("port {port} speaks TLS at once; write \"implicit\", or port = {}", protocol.port(Tls::Starttls))
            }),
        };
        if let Some(wrong) = wrong {
            written.reader.mistake(&written.place, wrong);
        }
    }
    // A relay on this machine may want no login at all.
    let has_credential = password.is_some() || is_oauth2;
    let login = has_credential || user.as_ref().is_some_and(|u| !u.is_empty());
    if !has_credential && (login || protocol == Protocol::Imap) {
        table.missing(
            "password",
            "{ file = \"password\" }, or oauth2 = { provider = \"microsoft365\", client_id = \"…\" }",
        );
    }
    if password.is_some() && is_oauth2 {
        oauth2.mistake("contradicts password; keep one of them");
    }
    if has_credential && user.as_ref().is_some_and(String::is_empty) {
        let what = if is_oauth2 { "oauth2" } else { "the password" };
        table.missing("user", &format!("\"support@example.test\", or leave {what} out"));
    }
    let default_user = if login || protocol == Protocol::Imap { own.address.map_or("", Address::as_str) } else { "" };
    let user = user.unwrap_or_else(|| default_user.to_owned());
    let expires = |secret: Option<Value<'_>>| secret?.table()?.opt("expires", values::date);
    let password_expires = expires(table.value("password")).or_else(|| expires(oauth2.value("client_secret")));
    let beside = Beside { user: &user, ca_file: ca_file.as_ref(), data_dir: own.data_dir };
    // Read even beside a password, for its own mistakes.
    let sign_in = oauth2.is_written().then(|| oauth::sign_in(&oauth2, &beside));
    let credential = match (password.and_then(|v| v.read(values::secret)), sign_in) {
        (Some(secret), _) => Some(Credential::Password(secret)),
        (None, Some(sign_in)) => Some(Credential::OAuth2(Box::new(sign_in?))),
        (None, None) => None,
    };
    Some(Account { host: host?, port, tls: meant, ca_file, user, credential, password_expires })
}

/// The way in. Exactly one must be written.
pub(super) fn inlet(mailbox: &Table<'_>, own: Owner<'_>) -> Option<Inlet> {
    let (imap, maildir) = (mailbox.table("imap"), mailbox.table("maildir"));
    let pipe = mailbox.or("pipe", values::boolean, false);
    let written = [(&imap, imap.is_written()), (&maildir, maildir.is_written())];
    let written: Vec<&Table<'_>> = written.into_iter().filter(|(_, is)| *is).map(|(table, _)| table).collect();
    match written.as_slice() {
        [] if pipe => {}
        [] => mailbox.mistake(
            "has no way in; write [mailbox.imap], [mailbox.maildir], or pipe = true if mail comes by svar deliver alone",
        ),
        [first] if pipe => first.mistake("contradicts pipe = true; keep one of them"),
        [first, second, ..] => second.mistake(format!("contradicts {}; keep one of them", first.place().key)),
        [_] => {}
    }
    // Both are read even so, for their own mistakes.
    let imap = imap.is_written().then(|| read_imap(&imap, own));
    let maildir = maildir.is_written().then(|| {
        let path = maildir.need("path", values::path, "\"/var/mail/support\"");
        let after = maildir.or("after", after, After::Keep);
        Some(Inlet::Maildir { path: path?, after })
    });
    imap.or(maildir).unwrap_or(Some(Inlet::Pipe))
}

fn read_imap(table: &Table<'_>, own: Owner<'_>) -> Option<Inlet> {
    let account = account(table, Protocol::Imap, own);
    let folder = table.or("folder", values::text, "INBOX".to_owned());
    let sent = table.or("sent", sent, SentFolder::Auto);
    let start = table.or("start", values::word(START), Start::New);
    let poll_s = table.or("poll", values::calendar_time, 60);
    let idle = table.or("idle", values::boolean, true);
    let after = table.or("after", after, After::Keep);
    let sent_copies = table.or("sent_copies", values::word(SENT_COPIES), SentCopies::Auto);
    let itself = |key: &str, what: &str| {
        if let Some(value) = table.value(key) {
            value.reader.mistake(&value.place, format!("is the folder that mail is read from; {what}"));
        }
    };
    if matches!(&sent, SentFolder::Named(name) if *name == folder) {
        itself("sent", "write another one, \"auto\", or \"\" not to watch any");
    }
    if matches!(&after, After::Move(name) if *name == folder) {
        itself("after", "write another one, or \"keep\"");
    }
    let poll_s = u64::try_from(poll_s).unwrap_or(60);
    Some(Inlet::Imap(Imap { account: account?, folder, sent, start, poll_s, idle, after, sent_copies }))
}

fn sent(v: &Value<'_>) -> Result<SentFolder, String> {
    match v.str().map(str::trim) {
        Some("auto") => Ok(SentFolder::Auto),
        Some("") => Ok(SentFolder::Unwatched),
        Some(name) => Ok(SentFolder::Named(name.to_owned())),
        None => Err(v.no("folder", "\"auto\", the folder's name, or \"\" not to watch it")),
    }
}

fn after(v: &Value<'_>) -> Result<After, String> {
    const WRITE: &str = "\"keep\", \"seen\" or { move = \"Processed\" }";
    if let Some(table) = v.table() {
        let folder = table.need("move", values::text, "\"Processed\"");
        // What is wrong with it has been said at its own place.
        return Ok(folder.map_or(After::Keep, After::Move));
    }
    match v.str() {
        Some("keep") => Ok(After::Keep),
        Some("seen") => Ok(After::Seen),
        _ => Err(v.no("choice here", WRITE)),
    }
}

/// Whether a mailbox must be able to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    Needed,
    /// It only watches.
    Spared,
}

/// The way out. Exactly one must be written, unless the mailbox only watches.
pub(super) fn outlet(mailbox: &Table<'_>, own: Owner<'_>, sending: Sending) -> Option<Outlet> {
    let (smtp, outdir, sendmail) = (mailbox.table("smtp"), mailbox.table("outdir"), mailbox.table("sendmail"));
    let written: Vec<&Table<'_>> = [&smtp, &outdir, &sendmail].into_iter().filter(|t| t.is_written()).collect();
    match written.as_slice() {
        [] if sending == Sending::Needed => {
            mailbox.mistake("has no way out; write [mailbox.smtp], [mailbox.sendmail] or [mailbox.outdir]");
        }
        [first, second, ..] => second.mistake(format!("contradicts {}; keep one of them", first.place().key)),
        _ => {}
    }
    let smtp = smtp.is_written().then(|| read_smtp(&smtp, own));
    let outdir = outdir.is_written().then(|| {
        let path = outdir.need("path", values::path, "\"sent\"")?;
        Some(Outlet::Outdir { path })
    });
    let sendmail = sendmail.is_written().then(|| {
        let command = sendmail.or("command", values::command, vec!["/usr/sbin/sendmail".to_owned(), "-i".to_owned()]);
        Some(Outlet::Sendmail { command })
    });
    smtp.or(outdir).or(sendmail).unwrap_or(Some(Outlet::Nowhere))
}

/// Another account for mail to agents and managers.
pub(super) fn notify_outlet(mailbox: &Table<'_>, own: Owner<'_>) -> Option<Outlet> {
    let table = mailbox.table("notify_smtp");
    if table.is_written() { read_smtp(&table, own) } else { None }
}

fn read_smtp(table: &Table<'_>, own: Owner<'_>) -> Option<Outlet> {
    let account = account(table, Protocol::Smtp, own);
    let null_sender = table.or("null_sender", values::word(NULL_SENDER), NullSender::Auto);
    Some(Outlet::Smtp { account: account?, null_sender })
}
