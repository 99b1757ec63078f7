//! The mailbox's two servers and the sign-in to them: found, asked for, and tried before anything is written.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::discover::{self, Found, Source, Ways};
use super::draft::{OAuth2, SignIn};
use super::interview::{Person, Question, answer, missing, stopped};
use super::options::{Init, Preset, TlsWay};
use super::server::{Protocol, Server};
use crate::cli::check::trouble::{Cause, Trouble};
use crate::cli::error::CommandError;
use crate::config::provider::{Passwords, PlusAddressing, Provider};
use crate::model::Address;
use crate::net::imap::{Folder, Special};
use crate::net::{Account, Credential, Secret, Tls, Typed, oauth};

/// The servers, as far as `init` asks them. Blocks.
pub trait Servers {
    fn discover(&mut self, address: &Address, ways: &Ways, ca_file: Option<&Path>) -> Option<Found>;
    /// The way to TLS at a port that does not say it.
    fn tls_at(&mut self, server: &Server, protocol: Protocol, ca_file: Option<&Path>) -> Option<Tls>;
    /// Lets a person sign in by OAuth2, and keeps the tokens.
    fn sign_in(&mut self, sign_in: &oauth::SignIn, zone: &TimeZone) -> Result<(), CommandError>;
    /// Signs in and lists the folders.
    fn folders(&mut self, account: &Account) -> Result<Vec<Folder>, Trouble>;
    /// Signs in.
    fn smtp(&mut self, account: &Account) -> Result<(), Trouble>;
}

/// All that was found out about the mailbox.
#[derive(Debug)]
pub struct Mailbox {
    pub address: Address,
    pub provider: Option<&'static Provider>,
    pub imap: Server,
    pub smtp: Server,
    pub sign_in: SignIn,
    /// To be written into the file that `sign_in` names.
    pub typed: Option<String>,
    pub sent: Option<String>,
    /// The servers have said yes.
    pub is_tried: bool,
}

impl Mailbox {
    /// Whether mail to an address with a plus can be counted on, as far as the provider is known.
    pub fn has_plus_addressing(&self) -> bool {
        !matches!(
            self.provider.and_then(|p| p.plus_addressing),
            Some(PlusAddressing::OwnFolder | PlusAddressing::Refused)
        )
    }
}

/// The questions about the mailbox.
pub struct Questions<'a> {
    pub person: &'a mut dyn Person,
    pub servers: &'a mut dyn Servers,
    pub wanted: &'a Init,
    pub ways: &'a Ways,
    /// The directory of the configuration.
    pub home: &'a Path,
}

impl std::fmt::Debug for Questions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Questions").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Questions<'_> {
    pub fn mailbox(&mut self) -> Result<Mailbox, CommandError> {
        let asked = Question { text: "The shared address that customers write to", option: "--address", default: None };
        let address = answer(self.person, asked, self.wanted.address.as_deref(), |text| {
            Address::parse(text).ok_or_else(|| format!("{text:?} is no mail address; write it as support@example.test"))
        })?;
        let found = self.find(&address)?;
        let provider = found.as_ref().and_then(|f| f.provider);
        let (imap, smtp) = self.servers_of(&address, found)?;
        let provider = provider.or_else(|| Provider::of_server(&imap.host));
        let name = super::draft::mailbox_name(&address);
        let (sign_in, typed) = self.sign_in(&address, provider, &name)?;
        let mut mailbox = Mailbox { address, provider, imap, smtp, sign_in, typed, sent: None, is_tried: false };
        if !self.wanted.offline && !matches!(mailbox.sign_in, SignIn::OAuth2(_)) {
            self.try_both(&mut mailbox)?;
        }
        Ok(mailbox)
    }

    /// Where the mail is, told as well.
    fn find(&mut self, address: &Address) -> Result<Option<Found>, CommandError> {
        let is_named = self.wanted.host.is_some() || self.wanted.imap_host.is_some();
        if is_named {
            return Ok(None);
        }
        let known = discover::known(address);
        let found = match known {
            Some(found) => Some(found),
            None if self.wanted.offline => None,
            None => {
                self.person.tell(&format!("Looking for the mail servers of {} …", address.domain()))?;
                self.servers.discover(address, self.ways, self.wanted.ca_file.as_deref())
            }
        };
        if let Some(found) = &found {
            let whose = found.provider.map_or("its own servers", |p| p.name);
            let by = match &found.source {
                Source::Domain => String::new(),
                Source::Exchanger(host) => format!(" (its mail goes to {host})"),
                Source::Autoconfig(url) => format!(" (by {url})"),
                Source::Tried => " (they answer)".to_owned(),
            };
            let shown: Vec<String> = found.imap.iter().chain(&found.smtp).map(Server::shown).collect();
            self.person.tell(&format!("{}: {whose}{by}: {}", address.domain(), shown.join(", ")))?;
            if let Some(before) = found.provider.and_then(|p| p.before) {
                self.person.tell(&format!("  Note: {before}."))?;
            }
        } else if !self.wanted.offline {
            self.person.tell("None is known, and none answers at the usual names.")?;
        }
        Ok(found)
    }

    fn servers_of(&mut self, address: &Address, found: Option<Found>) -> Result<(Server, Server), CommandError> {
        let wanted = self.wanted;
        let (found_imap, found_smtp) = found.map_or((None, None), |f| (f.imap, f.smtp));
        let given = |own: &Option<String>| own.clone().or_else(|| wanted.host.clone());
        let imap = self.server(Protocol::Imap, given(&wanted.imap_host), wanted.imap_tls, found_imap, address)?;
        let smtp = self.server(Protocol::Smtp, given(&wanted.smtp_host), wanted.smtp_tls, found_smtp, address)?;
        Ok((imap, smtp))
    }

    fn server(
        &mut self,
        protocol: Protocol,
        given: Option<String>,
        tls: Option<TlsWay>,
        found: Option<Server>,
        address: &Address,
    ) -> Result<Server, CommandError> {
        let (option, text, usual) = match protocol {
            Protocol::Imap => ("--imap-host", "The IMAP server, where mail comes in", "imap"),
            Protocol::Smtp => ("--smtp-host", "The SMTP server, where mail goes out", "smtp"),
        };
        let mut server = match (given, found) {
            (None, Some(found)) => found,
            (given, _) => {
                let guess = format!("{usual}.{}", address.domain());
                // Nobody can be asked and no server may be: the usual names will do until `check` says otherwise.
                let default = self.wanted.offline.then_some(guess.as_str());
                let asked = Question { text, option, default };
                self.named(protocol, asked, given.as_deref(), tls)?
            }
        };
        server.user = self.wanted.user.clone().or(server.user);
        Ok(server)
    }

    fn named(
        &mut self,
        protocol: Protocol,
        asked: Question<'_>,
        given: Option<&str>,
        tls: Option<TlsWay>,
    ) -> Result<Server, CommandError> {
        let (mut server, is_sure) = answer(self.person, asked, given, |text| Server::parse(text, protocol))?;
        match tls {
            Some(TlsWay::Implicit) => server.tls = Tls::Implicit,
            Some(TlsWay::Starttls) => server.tls = Tls::Starttls,
            Some(TlsWay::None) => server.tls = Tls::None,
            None if is_sure || self.wanted.offline => {}
            None => {
                let ca_file = self.wanted.ca_file.as_deref();
                let usual = protocol.ports();
                let at_all = if server.port == usual[0].0 { usual.to_vec() } else { vec![(server.port, server.tls)] };
                for (port, _) in at_all {
                    let there = Server { port, ..server.clone() };
                    if let Some(tls) = self.servers.tls_at(&there, protocol, ca_file) {
                        server = Server { tls, ..there };
                        break;
                    }
                }
            }
        }
        Ok(server)
    }

    /// A password or OAuth2, as the provider wants it.
    fn sign_in(
        &mut self,
        address: &Address,
        provider: Option<&'static Provider>,
        name: &str,
    ) -> Result<(SignIn, Option<String>), CommandError> {
        let wanted = self.wanted;
        let has_password = wanted.password_file.is_some() || wanted.password_env.is_some();
        let takes_none = provider.is_some_and(|p| p.passwords == Passwords::Refused);
        if wanted.oauth2.is_some() || (takes_none && !has_password) {
            return Ok((SignIn::OAuth2(self.oauth2(provider)?), None));
        }
        if let (true, Some(provider)) = (takes_none, provider) {
            let preset = provider.oauth2.unwrap_or("custom");
            return Err(CommandError::usage(format!("{} takes no passwords, only OAuth2", provider.name))
                .hint(format!("Leave the password out and give --oauth2 {preset} --client-id ID (docs/SIGN-IN.md).")));
        }
        if let Some(variable) = &wanted.password_env {
            let read = std::env::var(variable).ok().filter(|v| !v.is_empty());
            if read.is_none() && !wanted.offline {
                return Err(CommandError::usage(format!("--password-env: ${variable} is not set")));
            }
            return Ok((SignIn::PasswordEnv(variable.clone()), None));
        }
        let own = PathBuf::from(format!("{name}.password"));
        match wanted.password_file.as_deref() {
            Some(path) if path.as_os_str() == "-" => {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line).map_err(|e| CommandError::failed(format!("stdin: {e}")))?;
                let password = line.trim_end_matches(['\r', '\n']).to_owned();
                if password.is_empty() {
                    return Err(CommandError::usage("--password-file -: nothing came on stdin"));
                }
                Ok((SignIn::PasswordFile(own), Some(password)))
            }
            Some(path) => {
                std::fs::File::open(path)
                    .map_err(|e| CommandError::usage(format!("--password-file: {}: {e}", path.display())))?;
                Ok((SignIn::PasswordFile(path.to_owned()), None))
            }
            None => self.typed(address, provider, own),
        }
    }

    fn typed(
        &mut self,
        address: &Address,
        provider: Option<&'static Provider>,
        own: PathBuf,
    ) -> Result<(SignIn, Option<String>), CommandError> {
        if self.home.join(&own).exists() {
            self.person.tell(&format!("The password in {} is taken.", own.display()))?;
            return Ok((SignIn::PasswordFile(own), None));
        }
        if !self.person.is_there() {
            if self.wanted.offline {
                return Ok((SignIn::PasswordFile(own), None));
            }
            return Err(missing("--password-file"));
        }
        if let Some(advice) = provider.and_then(password_advice) {
            self.person.tell(&format!("  {advice}"))?;
        }
        let question = format!("Password of {address} (it is not shown): ");
        loop {
            let password = self.person.ask_unseen(&question)?.ok_or_else(stopped)?;
            // App passwords are shown in groups of four, and copied so.
            let bare = if provider.is_some_and(|p| p.id == "google") { password.replace(' ', "") } else { password };
            if !bare.is_empty() {
                return Ok((SignIn::PasswordFile(own), Some(bare)));
            }
        }
    }

    fn oauth2(&mut self, provider: Option<&'static Provider>) -> Result<OAuth2, CommandError> {
        let wanted = self.wanted;
        let preset = match wanted.oauth2 {
            Some(Some(Preset::Google)) => "google",
            Some(Some(Preset::Microsoft365)) => "microsoft365",
            Some(Some(Preset::Custom)) => "custom",
            _ => provider.and_then(|p| p.oauth2).ok_or_else(|| {
                CommandError::usage("--oauth2: this provider has no preset")
                    .hint("Write --oauth2 custom with --token-url, --device-url and --scope, or use a password.")
            })?,
        };
        if let Some(provider) = provider.filter(|p| p.passwords == Passwords::Refused) {
            self.person.tell(&format!(
                "{} takes no passwords: you sign in once in a browser, as the mailbox, by a client id of your own.\ndocs/SIGN-IN.md shows how to make one.",
                provider.name
            ))?;
        }
        let asked = Question { text: "Client id", option: "--client-id", default: None };
        let client_id = answer(self.person, asked, wanted.client_id.as_deref(), |text| {
            let is_one = !text.contains(char::is_whitespace) && text.is_ascii();
            is_one.then(|| text.to_owned()).ok_or_else(|| format!("{text:?} is no client id"))
        })?;
        let client_secret_file = match (&wanted.client_secret_file, preset) {
            (None, "google") => {
                let asked = Question {
                    text: "File with the client secret (Google gives one to Desktop apps, too)",
                    option: "--client-secret-file",
                    default: None,
                };
                Some(answer(self.person, asked, None, readable)?)
            }
            (given, _) => given
                .as_deref()
                .map(|p| readable(&p.display().to_string()))
                .transpose()
                .map_err(|why| CommandError::usage(format!("--client-secret-file: {why}")))?,
        };
        let urls = [
            ("token_url", &wanted.token_url),
            ("device_url", &wanted.device_url),
            ("authorize_url", &wanted.authorize_url),
        ];
        let urls = urls.into_iter().filter_map(|(key, url)| url.clone().map(|url| (key, url))).collect();
        Ok(OAuth2 { provider: preset.to_owned(), client_id, client_secret_file, urls, scopes: wanted.scope.clone() })
    }

    /// Signs in at both servers; what is wrong is said, and asked anew where somebody can answer.
    fn try_both(&mut self, mailbox: &mut Mailbox) -> Result<(), CommandError> {
        let folders = loop {
            let account = self.account(mailbox, &mailbox.imap);
            match self.servers.folders(&account) {
                Ok(folders) => break folders,
                Err(trouble) => self.mend(mailbox, Protocol::Imap, &trouble)?,
            }
        };
        self.person.tell(&format!("IMAP: signed in at {}; {}", mailbox.imap.shown(), told(&folders)))?;
        mailbox.sent = self.sent(&folders)?;
        loop {
            let account = self.account(mailbox, &mailbox.smtp);
            match self.servers.smtp(&account) {
                Ok(()) => break,
                Err(trouble) if trouble.cause == Cause::Network && self.other_port(mailbox, &account) => {}
                Err(trouble) => self.mend(mailbox, Protocol::Smtp, &trouble)?,
            }
        }
        self.person.tell(&format!("SMTP: signed in at {}", mailbox.smtp.shown()))?;
        mailbox.is_tried = true;
        Ok(())
    }

    /// Takes the other port of submission if that one answers.
    fn other_port(&mut self, mailbox: &mut Mailbox, account: &Account) -> bool {
        let others = Protocol::Smtp.ports().into_iter().filter(|(port, _)| *port != account.port);
        for (port, tls) in others.collect::<Vec<_>>() {
            let other = Account { port, tls, ..account.clone() };
            if self.servers.smtp(&other).is_ok() {
                (mailbox.smtp.port, mailbox.smtp.tls) = (port, tls);
                return true;
            }
        }
        false
    }

    pub fn account(&self, mailbox: &Mailbox, server: &Server) -> Account {
        let secret = match (&mailbox.typed, &mailbox.sign_in) {
            (Some(password), _) => Some(Secret::Typed(Typed::new(password.clone()))),
            (None, SignIn::PasswordFile(path)) => {
                let named = self.wanted.password_file.as_ref() == Some(path);
                Some(Secret::File(if named { path.clone() } else { self.home.join(path) }))
            }
            (None, SignIn::PasswordEnv(name)) => Some(Secret::Env(name.clone())),
            (None, SignIn::OAuth2(_)) => None,
        };
        server.account(mailbox.address.as_str(), secret.map(Credential::Password), self.wanted.ca_file.as_deref())
    }

    /// Says what is wrong and asks for another answer; ends where nobody can give one.
    fn mend(&mut self, mailbox: &mut Mailbox, protocol: Protocol, trouble: &Trouble) -> Result<(), CommandError> {
        let todo = trouble.todo.as_deref();
        if !self.person.is_there() {
            let error = match trouble.cause {
                Cause::Network => CommandError::failed(trouble.what.clone()),
                _ => CommandError::usage(trouble.what.clone()),
            };
            return Err(todo.into_iter().map(sentence).fold(error, CommandError::hint).hint("Nothing was written."));
        }
        self.person.tell(&format!("  {}", sentence(&trouble.what)))?;
        if let Some(todo) = todo {
            self.person.tell(&format!("  {}", sentence(todo)))?;
        }
        if trouble.cause == Cause::SignIn && !matches!(mailbox.sign_in, SignIn::OAuth2(_)) {
            let question = format!("Password of {} (Ctrl-C ends, nothing is written): ", mailbox.address);
            let password = self.person.ask_unseen(&question)?.ok_or_else(stopped)?;
            if !password.is_empty() {
                mailbox.typed = Some(password);
                mailbox.sign_in = SignIn::PasswordFile(PathBuf::from(format!(
                    "{}.password",
                    super::draft::mailbox_name(&mailbox.address)
                )));
            }
            return Ok(());
        }
        let before = match protocol {
            Protocol::Imap => mailbox.imap.clone(),
            Protocol::Smtp => mailbox.smtp.clone(),
        };
        let default = format!("{}:{}", before.host, before.port);
        let text = format!("The {} server (Enter tries once more)", protocol.name());
        let asked = Question { text: &text, option: "", default: Some(&default) };
        let mut server = self.named(protocol, asked, None, None)?;
        if (&server.host, server.port) == (&before.host, before.port) {
            server.tls = before.tls;
        }
        server.user = before.user;
        match protocol {
            Protocol::Imap => mailbox.imap = server,
            Protocol::Smtp => mailbox.smtp = server,
        }
        Ok(())
    }

    /// Where sent mail lies, if the server does not mark it.
    fn sent(&mut self, folders: &[Folder]) -> Result<Option<String>, CommandError> {
        if folders.iter().any(|f| f.special == Some(Special::Sent)) {
            return Ok(None);
        }
        let guess = crate::cli::check::guessed_sent(folders);
        let names: Vec<&str> = folders.iter().filter(|f| f.selectable).map(|f| f.name.as_str()).collect();
        if !self.person.is_there() {
            return Ok(guess.map(str::to_owned));
        }
        self.person.tell(&format!("No folder is marked as the one for sent mail; there are {}.", names.join(", ")))?;
        let asked = Question {
            text: "Where does sent mail lie? (\"none\": answers written there are not seen)",
            option: "",
            default: Some(guess.unwrap_or("none")),
        };
        answer(self.person, asked, None, |text| match names.iter().find(|name| **name == text) {
            Some(name) => Ok(Some((*name).to_owned())),
            None if text == "none" => Ok(None),
            None => Err(format!("there is no folder {text}; write one of {}", names.join(", "))),
        })
    }
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let text = super::people::capitalised(text);
    if text.ends_with(['.', '?', '!']) { text } else { format!("{text}.") }
}

fn readable(path: &str) -> Result<PathBuf, String> {
    std::fs::File::open(path).map_err(|e| format!("{path}: {e}"))?;
    Ok(PathBuf::from(path))
}

fn password_advice(provider: &Provider) -> Option<String> {
    let name = provider.name;
    match provider.passwords {
        Passwords::App { page } => {
            Some(format!("{name}: an app password is wanted, not the account's own; make one at {page}"))
        }
        Passwords::AppWithSecondFactor { page } => {
            Some(format!("{name}: with two-step verification on, an app password is wanted: {page}"))
        }
        Passwords::Bridge { page } => Some(format!("The password is the one that {name}'s bridge shows: {page}")),
        Passwords::Own | Passwords::Refused => None,
    }
}

pub fn told(folders: &[Folder]) -> String {
    let count = folders.iter().filter(|f| f.selectable).count();
    match folders.iter().find(|f| f.special == Some(Special::Sent)) {
        Some(sent) => format!("{count} folders, sent mail is in {}", sent.name),
        None => format!("{count} folders, none marked as the one for sent mail"),
    }
}
