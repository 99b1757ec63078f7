//! What `import` and `audit` share: the stores of mail that were named, a password where one is needed, the progress bar.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::settings;
use crate::config::provider::{Passwords, Provider};
use crate::engine::vitals::accounts;
use crate::history::source::{self, Source, Wanted};
use crate::history::{HistoryError, Progress};
use crate::net::imap::ImapError;
use crate::net::{Account, Credential, Secret, Typed};
use crate::plan::Folder;

/// How to log in where a source is a server's.
#[derive(Debug, Default)]
pub struct Login<'a> {
    pub password_file: Option<&'a Path>,
    pub ca_file: Option<&'a Path>,
    /// Passwords that were typed, by user and host: each is asked for once.
    asked: BTreeMap<String, Secret>,
    /// Accounts of the configuration, if there is one, that are signed in by OAuth2.
    signed_in: Vec<Account>,
}

impl<'a> Login<'a> {
    #[must_use]
    pub fn new(password_file: Option<&'a Path>, ca_file: Option<&'a Path>) -> Self {
        Self { password_file, ca_file, asked: BTreeMap::new(), signed_in: Vec::new() }
    }

    /// Whoever is signed in by the configuration needs no password here. One that is wrong or not there is none.
    #[must_use]
    pub fn or_signed_in(mut self, global: &Global) -> Self {
        if let Ok(settings) = settings(global) {
            let all = accounts(&settings).map(|(_, account)| account);
            self.signed_in = all.filter(|a| a.sign_in().is_some()).cloned().collect();
        }
        self
    }

    fn credential(&mut self, address: &source::Address) -> Result<Credential, CommandError> {
        let is_it =
            |a: &&Account| a.host.eq_ignore_ascii_case(&address.host) && a.user.eq_ignore_ascii_case(&address.user);
        let known = self.signed_in.iter().find(is_it).filter(|_| self.password_file.is_none());
        match known.and_then(|account| account.credential.clone()) {
            Some(credential) => Ok(credential),
            None => self.password(address).map(Credential::Password),
        }
    }

    fn password(&mut self, address: &source::Address) -> Result<Secret, CommandError> {
        if let Some(file) = self.password_file {
            return Ok(Secret::File(file.to_owned()));
        }
        let who = format!("{} at {}", address.user, address.host);
        if let Some(secret) = self.asked.get(&who) {
            return Ok(secret.clone());
        }
        let terminal = console::Term::stderr();
        if !terminal.is_term() {
            return Err(CommandError::usage(format!("the password of {who} can only be asked for on a terminal"))
                .hint("Write it to a file that only you can read, and name that: --password-file FILE"));
        }
        let typed = terminal.write_str(&format!("Password of {who}: ")).and_then(|()| terminal.read_secure_line());
        let typed = typed.map_err(|e| CommandError::failed(format!("cannot ask for the password: {e}")))?;
        let secret = Secret::Typed(Typed::new(typed));
        self.asked.insert(who, secret.clone());
        Ok(secret)
    }

    /// A SOURCE of files or of a server.
    pub fn any(&mut self, text: &str, folder: Folder) -> Result<Source, CommandError> {
        match source::parse(text).map_err(|why| CommandError::usage(format!("{text}: {why}")))? {
            Wanted::Files(path) => files(&path, folder),
            Wanted::Imap(address) => {
                let account = address.account(self.credential(&address)?, self.ca_file);
                Source::imap(account, &address.folder, folder).map_err(|e| history_error(&e))
            }
        }
    }
}

/// What somebody types on a terminal; `None`: there is none.
pub fn typed(question: &str) -> Result<Option<String>, CommandError> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() {
        return Ok(None);
    }
    let typed = terminal.write_str(question).and_then(|()| terminal.read_line());
    typed.map(Some).map_err(|e| CommandError::failed(format!("cannot ask: {e}")))
}

/// Whether somebody sits at the terminal and can be asked.
#[must_use]
pub fn is_asked() -> bool {
    console::Term::stderr().is_term() && std::io::stdin().is_terminal()
}

/// A line on stderr.
pub fn told(text: &str) -> Result<(), CommandError> {
    console::Term::stderr().write_line(text).map_err(|e| CommandError::failed(format!("cannot write to stderr: {e}")))
}

/// What somebody types; `None`: he has closed the input.
pub fn answered(question: &str) -> Result<Option<String>, CommandError> {
    let asked = console::Term::stderr().write_str(question).and_then(|()| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|length| (length > 0).then_some(line))
    });
    asked.map_err(|e| CommandError::failed(format!("cannot ask: {e}")))
}

/// Like [`answered`], of what is not to be seen on the screen.
pub fn answered_unseen(question: &str) -> Result<Option<String>, CommandError> {
    let terminal = console::Term::stderr();
    let asked = terminal.write_str(question).and_then(|()| terminal.read_secure_line());
    asked.map(Some).map_err(|e| CommandError::failed(format!("cannot ask: {e}")))
}

/// A SOURCE of files.
pub fn files(path: &Path, folder: Folder) -> Result<Source, CommandError> {
    Source::files(path, folder).map_err(|e| history_error(&e))
}

/// What went wrong with a store of mail, and what to do about it.
#[must_use]
pub fn history_error(error: &HistoryError) -> CommandError {
    let told = CommandError::of(error);
    match error {
        HistoryError::Archive(crate::net::archive::ArchiveError::NoMailbox { .. }) => {
            told.hint("A source is a Maildir, an mbox, a folder of .eml files, or one .eml file.")
        }
        HistoryError::Imap { place, source: ImapError::Auth { .. } } => match password_hint(place) {
            Some(hint) => told.hint(hint),
            None => told,
        },
        _ => told,
    }
}

/// What a refused password means at providers that refuse every one, or take only some. `place` is `imaps://user@host/FOLDER`.
fn password_hint(place: &str) -> Option<String> {
    let host = place.strip_prefix("imaps://")?.split('/').next()?.rsplit('@').next()?;
    let provider = Provider::of_server(host)?;
    match provider.passwords {
        Passwords::Refused => Some(format!(
            "{} takes no passwords, only OAuth2: sign in (docs/SIGN-IN.md), then run this with that configuration.",
            provider.name
        )),
        Passwords::App { page } | Passwords::AppWithSecondFactor { page } => {
            Some(format!("{} takes an app password, not the account's own: make one at {page}", provider.name))
        }
        Passwords::Own | Passwords::Bridge { .. } => None,
    }
}

/// A bar on a terminal, nothing elsewhere.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    is_reading: bool,
}

impl Bar {
    #[must_use]
    pub fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        } else {
            ProgressBar::hidden()
        };
        Self { bar, is_reading: false }
    }

    pub fn show(&mut self, progress: Progress) {
        // A template that cannot be read is none: the plain bar is shown.
        let style = |text: &str| {
            ProgressStyle::with_template(text)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("█▉▊▋▌▍▎▏ ")
        };
        match progress {
            Progress::Finding { found, of } => {
                if self.bar.position() == 0 {
                    self.bar.set_style(style("Looking: {human_pos} letters {spinner}"));
                }
                if let Some(of) = of {
                    self.bar.set_length(of as u64);
                }
                self.bar.set_position(found as u64);
            }
            Progress::Reading { done, of } => {
                if !self.is_reading {
                    self.is_reading = true;
                    self.bar.reset();
                    self.bar.set_style(style("{bar:40.green} {human_pos} of {human_len} letters, {eta} left"));
                }
                self.bar.set_length(of as u64);
                self.bar.set_position(done as u64);
            }
        }
    }

    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Bar {
    fn default() -> Self {
        Self::new()
    }
}

/// The letters that were left out, a sentence each.
#[must_use]
pub fn left_out(tally: &crate::history::Tally) -> Vec<String> {
    let mails = |n: usize| if n == 1 { "1 mail".to_owned() } else { format!("{} mails", counted(n)) };
    let mut said = Vec::new();
    if tally.implausible > 0 {
        said.push(format!(
            "{} with a time that cannot be (before 1990, or to come) left out.",
            mails(tally.implausible)
        ));
    }
    if tally.unreadable > 0 {
        said.push(format!("{} could not be read.", mails(tally.unreadable)));
    }
    said
}

/// `12,345`.
#[must_use]
pub fn counted(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, expect) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(counted(n), expect);
        }
    }

    #[test]
    fn a_refused_password_says_what_the_provider_wants() {
        let check = |place: &str, expect: Option<&str>| {
            let hint = password_hint(place);
            assert_eq!(hint.is_some(), expect.is_some(), "{hint:?}");
            assert!(expect.is_none_or(|e| hint.as_ref().is_some_and(|h| h.contains(e))), "{hint:?}");
        };
        check("imaps://a@shop.test@outlook.office365.com/INBOX", Some("only OAuth2"));
        check("imaps://a@gmail.com@imap.gmail.com/[Gmail]/All Mail", Some("app password"));
        check("imaps://a@shop.test@mail.shop.test/INBOX", None);
    }
}
