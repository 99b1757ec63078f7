//! `check`: connects to every account and says what it found, a line each. Changes nothing.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::{now, settings};
use crate::cli::print::{Out, Tone, broken, span, visible};
use crate::config::settings::{After, Imap, Inlet, Mailbox, Mode, Notify, Outlet, SentFolder, Settings, Start};
use crate::engine::answers::look_over;
use crate::engine::desk_dir::DeskDir;
use crate::net::imap::{Folder, ImapError, Item, Selected, Session, Special, feed};
use crate::net::smtp::{Connection, SmtpError};
use crate::net::stream::Timeouts;
use crate::net::{Account, Tls};

/// What one look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Warning,
    Failed,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Empty for the desk as a whole.
    pub mailbox: String,
    pub part: &'static str,
    pub outcome: Outcome,
    pub text: String,
}

/// Clocks this far apart are not worth a word, in seconds.
const TOLERABLE_S: i64 = 60;

/// Servers that do not answer within this are as good as blocked.
const PATIENCE: Timeouts =
    Timeouts { connect: Duration::from_secs(10), command: Duration::from_secs(30), verdict: Duration::from_secs(30) };

pub fn check(global: &Global, out: &mut Out) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_new = !DeskDir::at(&settings.desk.data_dir).database().exists();
    let mut report = Report { findings: Vec::new(), mailbox: String::new(), global: global.clone(), is_new };
    report.desk(&settings);
    report.answers(&settings);
    for mailbox in &settings.mailboxes {
        report.mailbox.clone_from(&mailbox.name);
        runtime.block_on(report.mailbox(&settings, mailbox));
    }
    let failed = report.findings.iter().filter(|f| f.outcome == Outcome::Failed).count();
    if out.json {
        out.json(&report.findings)?;
    } else {
        print(out, &report.findings)?;
    }
    match failed {
        0 => Ok(()),
        _ if out.json => Err(CommandError::said()),
        1 => Err(CommandError::failed("one thing does not work")),
        n => Err(CommandError::failed(format!("{n} things do not work"))),
    }
}

fn print(out: &mut Out, findings: &[Finding]) -> std::io::Result<()> {
    let mut section = None;
    for finding in findings {
        if section != Some(&finding.mailbox) {
            if section.is_some() {
                out.line("")?;
            }
            out.toned(Tone::Strong, if finding.mailbox.is_empty() { "desk" } else { &finding.mailbox })?;
            section = Some(&finding.mailbox);
        }
        let (mark, tone) = match finding.outcome {
            Outcome::Ok => ("ok", Tone::Plain),
            Outcome::Warning => ("note", Tone::Plain),
            Outcome::Failed => ("FAIL", Tone::Bad),
        };
        let mut margin = format!("  {mark:<5}{:<8}", finding.part);
        let room = out.width.saturating_sub(margin.len());
        for piece in broken(&visible(&finding.text), room) {
            out.toned(tone, format!("{margin}{piece}"))?;
            margin = " ".repeat(margin.len());
        }
    }
    Ok(())
}

struct Report {
    findings: Vec<Finding>,
    mailbox: String,
    global: Global,
    /// There is no database yet: what `start` says still lies ahead.
    is_new: bool,
}

impl Report {
    fn say(&mut self, outcome: Outcome, part: &'static str, text: impl Into<String>) {
        self.findings.push(Finding { mailbox: self.mailbox.clone(), part, outcome, text: text.into() });
    }

    fn desk(&mut self, settings: &Settings) {
        let dir = DeskDir::at(&settings.desk.data_dir);
        let path = settings.desk.data_dir.display();
        if dir.is_locked() {
            self.say(Outcome::Ok, "data", format!("{path}: a daemon is running on it"));
        } else if dir.database().exists() {
            self.say(Outcome::Ok, "data", format!("{path}: there is a database, no daemon is running"));
        } else if settings.desk.data_dir.is_dir() || stands_in_a_directory(&settings.desk.data_dir) {
            self.say(Outcome::Ok, "data", format!("{path}: no database yet, `svar run` makes it"));
        } else {
            self.say(Outcome::Warning, "data", format!("{path}: the directory above is not there; it will be made"));
        }
        if settings.agents.is_empty() {
            self.say(Outcome::Ok, "agents", "none; nobody is notified");
        } else {
            let names: Vec<&str> = settings.agents.iter().map(|a| a.name.as_str()).collect();
            self.say(Outcome::Ok, "agents", names.join(", "));
        }
    }

    fn answers(&mut self, settings: &Settings) {
        if settings.answers.dir.is_none() && settings.answers.folder.is_none() {
            return;
        }
        let (good, wrong) = look_over(settings);
        if let Some(dir) = &settings.answers.dir {
            self.say(Outcome::Ok, "answers", format!("{}: {good} canned answers", dir.display()));
        }
        for one in wrong {
            self.say(Outcome::Failed, "answers", one);
        }
        if let Some(folder) = &settings.answers.folder {
            self.say(Outcome::Ok, "answers", format!("also the mails in {} of {}", folder.folder, folder.mailbox));
        }
    }

    async fn mailbox(&mut self, settings: &Settings, mailbox: &Mailbox) {
        match &mailbox.source {
            Inlet::Imap(imap) => self.imap(imap).await,
            Inlet::Maildir { path, .. } => {
                let there = path.join("new").is_dir() && path.join("cur").is_dir();
                let (outcome, what) = match (there, path.exists()) {
                    (true, _) => (Outcome::Ok, "a Maildir"),
                    (false, true) => (Outcome::Failed, "is no Maildir: it has no `new` and `cur`"),
                    (false, false) => (Outcome::Failed, "is not there"),
                };
                self.say(outcome, "in", format!("{}: {what}", path.display()));
            }
            Inlet::Pipe => {
                self.say(Outcome::Ok, "in", format!("by pipe: svar deliver --mailbox {}", mailbox.name));
            }
        }
        self.outlet("out", &mailbox.outlet).await;
        if let Some(outlet) = &mailbox.notify_outlet {
            self.outlet("notify", outlet).await;
        }
        self.rules(settings, mailbox);
    }

    async fn imap(&mut self, imap: &Imap) {
        let account = &imap.account;
        let mut session = match Session::connect(account, PATIENCE).await {
            Ok(session) => session,
            Err(error) => {
                self.say(Outcome::Failed, "imap", at(account, &error.to_string()));
                if let Some(hint) = imap_hint(account, &error) {
                    self.say(Outcome::Warning, "imap", hint);
                }
                return;
            }
        };
        let wanted = ["IDLE", "MOVE", "UIDPLUS", "SPECIAL-USE", "CONDSTORE"];
        let (has, lacks): (Vec<&str>, Vec<&str>) = wanted.into_iter().partition(|c| session.can(c));
        let mut text = format!("{}: signed in as {}; has {}", place(account), account.user, listed(&has));
        if !lacks.is_empty() {
            text.push_str(&format!(", lacks {}", listed(&lacks)));
        }
        self.say(Outcome::Ok, "imap", text);
        if imap.idle && !session.can("IDLE") {
            self.say(
                Outcome::Warning,
                "imap",
                format!("no IDLE here: new mail is seen at each poll, every {} s", imap.poll_s),
            );
        }
        match session.folders().await {
            Ok(folders) => self.folders(&mut session, imap, &folders).await,
            Err(error) => self.say(Outcome::Failed, "folders", error.to_string()),
        }
        let _ = session.logout().await;
    }

    async fn folders(&mut self, session: &mut Session, imap: &Imap, folders: &[Folder]) {
        self.sent(imap, folders);
        if let After::Move(target) = &imap.after
            && !folders.iter().any(|f| f.name == *target)
        {
            self.say(Outcome::Warning, "folder", format!("{target} (for `after`) is not there; it will be made"));
        }
        match session.examine(&imap.folder).await {
            Ok(selected) => {
                self.watched(imap, &selected);
                self.clock(session, &selected).await;
            }
            Err(error) => {
                let names: Vec<&str> = folders.iter().map(|f| f.name.as_str()).take(12).collect();
                let text = format!("{} cannot be opened: {error}; there are {}", imap.folder, listed(&names));
                self.say(Outcome::Failed, "folder", text);
            }
        }
    }

    fn sent(&mut self, imap: &Imap, folders: &[Folder]) {
        let found = match &imap.sent {
            SentFolder::Unwatched => {
                return self.say(Outcome::Ok, "sent", "not watched (sent = \"\"): answers written there are not seen");
            }
            SentFolder::Named(name) => folders.iter().find(|f| f.name == *name),
            SentFolder::Auto => folders.iter().find(|f| f.special == Some(Special::Sent)),
        };
        match (found, &imap.sent) {
            (Some(folder), _) => self.say(Outcome::Ok, "sent", format!("{} will be watched for answers", folder.name)),
            (None, SentFolder::Named(name)) => {
                self.say(Outcome::Failed, "sent", format!("there is no folder {name}; name another by `sent`"));
            }
            (None, _) => {
                let text = "no folder is marked \\Sent: name it by `sent`, or answers written there are not seen";
                self.say(Outcome::Warning, "sent", text);
            }
        }
    }

    fn watched(&mut self, imap: &Imap, selected: &Selected) {
        let begin = match imap.start {
            _ if !self.is_new => "",
            Start::New => ", to be left alone",
            Start::All => ", to be taken in",
        };
        let after = match &imap.after {
            After::Keep => "left as they are".to_owned(),
            After::Seen => "marked as read once stored".to_owned(),
            After::Move(folder) => format!("moved to {folder} once stored"),
        };
        let how =
            if imap.idle { format!("IDLE, and every {} s", imap.poll_s) } else { format!("every {} s", imap.poll_s) };
        let text = format!(
            "{} will be watched ({how}): {} there now{begin}; letters are {after}",
            imap.folder, selected.exists
        );
        self.say(Outcome::Ok, "folder", text);
        if selected.uidvalidity.is_none() {
            let text = "the server gives no lasting UIDs (UIDVALIDITY): svar cannot read this folder safely";
            self.say(Outcome::Failed, "folder", text);
        }
    }

    /// IMAP has no command for the time. A server that knows WITHIN says how old its newest letter is, which comes to the
    /// same; of any other one only a letter from our future tells.
    async fn clock(&mut self, session: &mut Session, selected: &Selected) {
        let Some(last) = selected.uidnext.and_then(|n| n.checked_sub(1)).filter(|_| selected.exists > 0) else {
            return;
        };
        let from = last.saturating_sub(200).max(1);
        let Ok(uids) = session.uids(from..=last).await else { return };
        let Some(newest) = uids.last() else { return };
        let (sink, mut letters) = feed(1 << 20);
        if session.fetch(&[*newest], 1, &sink).await.is_err() {
            return;
        }
        let Some(Item::Letter(letter)) = letters.try_next() else { return };
        let age_s = now(&self.global).since(letter.received_at);
        let (outcome, text) = match session.age_s(*newest, age_s).await {
            Ok(Some(servers_s)) => clocks_compared(servers_s - now(&self.global).since(letter.received_at)),
            Ok(None) if age_s < -TOLERABLE_S => (
                Outcome::Warning,
                format!(
                    "the server's clock is ahead of this machine's by {} or more: is NTP running here?",
                    span(-age_s)
                ),
            ),
            Ok(None) => (
                Outcome::Ok,
                format!(
                    "the newest letter came {} ago by the server's clock; nothing speaks against ours",
                    span(age_s)
                ),
            ),
            Err(error) => (Outcome::Warning, format!("the server's clock cannot be asked: {error}")),
        };
        self.say(outcome, "clock", text);
    }

    async fn outlet(&mut self, part: &'static str, outlet: &Outlet) {
        match outlet {
            Outlet::Smtp { account, .. } => self.smtp(part, account).await,
            Outlet::Outdir { path } => {
                let outcome = if path.is_dir() || stands_in_a_directory(path) { Outcome::Ok } else { Outcome::Failed };
                self.say(outcome, part, format!("mail is written into {}, not sent", path.display()));
            }
            Outlet::Sendmail { command } => {
                let program = command.first().map_or("", String::as_str);
                match executable(program) {
                    true => self.say(Outcome::Ok, part, format!("mail is handed to {}", command.join(" "))),
                    false => self.say(Outcome::Failed, part, format!("{program} is not there or cannot be run")),
                }
            }
            Outlet::Nowhere => self.say(Outcome::Ok, part, "no way out: nothing is sent"),
        }
    }

    async fn smtp(&mut self, part: &'static str, account: &Account) {
        match Connection::connect(account, "localhost", PATIENCE).await {
            Ok(connection) => {
                let login = if account.user.is_empty() {
                    "without a login".to_owned()
                } else {
                    format!("signed in as {}", account.user)
                };
                let size = match connection.offers().size_bytes {
                    Some(bytes) => format!("takes mails of up to {} MB", bytes / 1_000_000),
                    None => "states no limit on size".to_owned(),
                };
                connection.quit().await;
                self.say(Outcome::Ok, part, format!("{}: {login}; {size}", place(account)));
            }
            Err(error) => {
                self.say(Outcome::Failed, part, at(account, &error.to_string()));
                let hint = match &error {
                    SmtpError::Auth { .. } => provider_hint(&account.host),
                    SmtpError::Network(_) => self.other_port(account).await,
                    SmtpError::Tls(_) if account.tls == Tls::Implicit && account.port == 587 => {
                        Some("port 587 speaks STARTTLS: set tls = \"starttls\"".to_owned())
                    }
                    _ => None,
                };
                if let Some(hint) = hint {
                    self.say(Outcome::Warning, part, hint);
                }
            }
        }
    }

    /// Some hosters block 465, without a word; 587 is then open.
    async fn other_port(&self, account: &Account) -> Option<String> {
        if account.port != 465 {
            return None;
        }
        let other = Account { port: 587, tls: Tls::Starttls, user: String::new(), credential: None, ..account.clone() };
        let connection = Connection::connect(&other, "localhost", PATIENCE).await.ok()?;
        connection.quit().await;
        Some("port 465 does not answer from here, 587 does: set port = 587, tls = \"starttls\"".to_owned())
    }

    fn rules(&mut self, settings: &Settings, mailbox: &Mailbox) {
        if mailbox.mode == Mode::Watch {
            return self.say(Outcome::Ok, "mode", "watch: clocks are kept, nothing is sent but to managers");
        }
        let agents: Vec<&str> = settings
            .agents
            .iter()
            .filter(|a| a.mailboxes.contains(&mailbox.name))
            .map(crate::config::settings::Agent::first_name)
            .collect();
        match mailbox.notify {
            Notify::None => self.say(Outcome::Ok, "notify", "none: agents work in the shared mailbox"),
            _ if agents.is_empty() => {
                self.say(Outcome::Warning, "notify", "no agent has this mailbox: nobody is told of new mail")
            }
            Notify::Turn => self.say(Outcome::Ok, "notify", format!("{} in turn", listed(&agents))),
            Notify::All => self.say(Outcome::Ok, "notify", format!("all of {}", listed(&agents))),
        }
        if mailbox.notify == Notify::None {
            return;
        }
        if mailbox.plus_addressing {
            let address = mailbox.address.with_detail("anything");
            self.say(
                Outcome::Ok,
                "reply",
                format!("mail to {address} is believed to arrive here (plus_addressing = true)"),
            );
        } else {
            let text = "no plus addressing: an agent's Reply is known by the Message-ID that it answers";
            self.say(Outcome::Ok, "reply", text);
        }
        match &mailbox.trusted_authserv_id {
            Some(id) if mailbox.submission_is_private => {
                let text = format!("agents are proved by a login at {id}, or by its Authentication-Results");
                self.say(Outcome::Ok, "proof", text);
            }
            Some(id) => self.say(Outcome::Ok, "proof", format!("agents are proved by {id}'s Authentication-Results")),
            None => {
                let text = "trusted_authserv_id is not set: an agent's From is believed on the strength of the signed address alone";
                self.say(Outcome::Warning, "proof", text);
            }
        }
    }
}

fn place(account: &Account) -> String {
    let tls = match account.tls {
        Tls::Implicit => "TLS",
        Tls::Starttls => "STARTTLS",
        Tls::None => "no TLS",
    };
    format!("{}:{} ({tls})", account.host, account.port)
}

/// Whether it can be made where it is wanted. The directory above a bare name is the present one, which `parent` calls "".
fn stands_in_a_directory(path: &Path) -> bool {
    path.parent().is_some_and(|above| above.as_os_str().is_empty() || above.is_dir())
}

/// An error and where it happened, which some errors say themselves.
fn at(account: &Account, error: &str) -> String {
    let names_it = error.contains(&format!("{}:{}", account.host, account.port));
    if names_it { error.to_owned() } else { format!("{}: {error}", place(account)) }
}

fn listed(words: &[&str]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn executable(program: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let runs = |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return runs(Path::new(program));
    }
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| runs(&dir.join(program))))
}

fn imap_hint(account: &Account, error: &ImapError) -> Option<String> {
    match error {
        ImapError::Auth { .. } => provider_hint(&account.host),
        ImapError::Tls(_) if account.port == 143 => Some("port 143 speaks STARTTLS: set tls = \"starttls\"".to_owned()),
        _ => None,
    }
}

/// What a refused password means at providers that refuse every one.
fn provider_hint(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let ends = |names: &[&str]| names.iter().any(|n| host.ends_with(n));
    if ends(&["office365.com", "outlook.com"]) {
        return Some("Microsoft 365 takes no passwords here, only OAuth2, which this version cannot do".to_owned());
    }
    if ends(&["gmail.com", "googlemail.com"]) {
        return Some(
            "Gmail takes an app password only: turn on 2-step verification, then make one at myaccount.google.com/apppasswords".to_owned(),
        );
    }
    if ends(&["mail.me.com", "icloud.com", "yahoo.com", "fastmail.com"]) {
        return Some("this provider wants an app password, made in the account's security settings".to_owned());
    }
    None
}
/// What a difference between the server's clock and ours comes to; `ahead_s` is how far the server's is ahead.
fn clocks_compared(ahead_s: i64) -> (Outcome, String) {
    let apart = span(ahead_s.abs());
    match ahead_s {
        s if s.abs() <= TOLERABLE_S => (Outcome::Ok, "the server's clock and this machine's agree".to_owned()),
        s if s > 0 => {
            (Outcome::Warning, format!("the server's clock is {apart} ahead of this machine's: is NTP running here?"))
        }
        _ => (Outcome::Warning, format!("the server's clock is {apart} behind this machine's: is NTP running here?")),
    }
}
