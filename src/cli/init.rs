//! `init`: a few questions, each checked at once against the mail servers, and the smallest configuration that works.

mod account;
mod autoconfig;
mod discover;
mod draft;
mod files;
mod interview;
pub mod options;
mod people;
mod place;
mod server;
mod shop;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::account::{Mailbox, Questions, Servers};
use self::discover::{Found, Ways};
use self::draft::{Draft, Mode, SignIn, Work};
use self::files::Places;
use self::interview::{Person, confirm};
use self::options::Init;
use self::place::Surroundings;
use self::server::{Protocol, Server};
use self::shop::Shop;
use crate::cli::args::{Audit, Global};
use crate::cli::check::PATIENCE;
use crate::cli::check::trouble::Trouble;
use crate::cli::error::CommandError;
use crate::cli::print::Out;
use crate::cli::sign_in::{Way, obtain};
use crate::cli::{audit, history, owner};
use crate::config::settings::{Inlet, Outlet, Settings};
use crate::engine::clock;
use crate::history::source::Source;
use crate::model::Address;
use crate::net::imap::{Folder, Session, Special};
use crate::net::oauth;
use crate::net::smtp::Connection;
use crate::net::{Account, Tls};
use crate::plan;
use crate::sla::hours::week_as_written;

pub fn init(global: &Global, out: &mut Out, wanted: &Init) -> Result<(), CommandError> {
    let places = Places::find(wanted.output.as_deref(), wanted.data_dir.as_deref())?;
    let ways = ways(wanted)?;
    let mut servers = Real;
    let mut person = Terminal { is_there: !wanted.yes && history::is_asked() };
    let around = Surroundings::of_this_machine();
    let made = ask(&mut person, &mut servers, wanted, &ways, &places, &around)?;
    let text = made.draft.toml();
    if let Some(config) = &places.config {
        let question = format!("Write {}?", config.display());
        if !confirm(&mut person, &question, true)? {
            return Err(interview::stopped());
        }
        let password = match (&made.mailbox.typed, &made.mailbox.sign_in) {
            (Some(password), SignIn::PasswordFile(path)) => Some((path.as_path(), password.as_str())),
            _ => None,
        };
        files::write(&places, &text, password)?;
        // A sign-in by root has left tokens there.
        let data_dir = places.home.join(&places.data_dir);
        if data_dir.is_dir() && owner::is_root() {
            owner::hand_over(&data_dir)
                .map_err(|e| CommandError::failed(format!("cannot give {} to its owner: {e}", data_dir.display())))?;
        }
        for line in done(&made, &places, config) {
            out.text("", &line)?;
        }
    } else {
        out.raw(text.as_bytes())?;
    }
    out.flush()?;
    offer_audit(global, out, wanted, &mut person, &made)
}

/// All answers, and the file that they come to.
struct Made {
    mailbox: Mailbox,
    draft: Draft,
    /// The account of incoming mail, as it was tried.
    account: Account,
}

fn ask(
    person: &mut dyn Person,
    servers: &mut dyn Servers,
    wanted: &Init,
    ways: &Ways,
    places: &Places,
    around: &Surroundings,
) -> Result<Made, CommandError> {
    if let Some(path) = &wanted.ca_file
        && let Err(error) = std::fs::File::open(path)
    {
        return Err(CommandError::usage(format!("--ca-file: {}: {error}", path.display())));
    }
    let mut questions = Questions { person, servers, wanted, ways, home: &places.home };
    let mailbox = questions.mailbox()?;
    let account = questions.account(&mailbox, &mailbox.imap);
    let shop = shop::shop(person, wanted, &mailbox, around)?;
    let draft = draft(&mailbox, shop, wanted, places);
    let settings = read_back(&draft, places)?;
    let mut made = Made { mailbox, draft, account };
    if matches!(made.mailbox.sign_in, SignIn::OAuth2(_)) && !wanted.offline {
        sign_in(person, servers, wanted, &settings, &mut made)?;
    }
    Ok(made)
}

/// Lets the mailbox's owner sign in, then tries both servers. Without anybody there it is left to `svar sign-in`.
fn sign_in(
    person: &mut dyn Person,
    servers: &mut dyn Servers,
    wanted: &Init,
    settings: &Settings,
    made: &mut Made,
) -> Result<(), CommandError> {
    let Some(mailbox) = settings.mailboxes.first() else { return Ok(()) };
    let (Inlet::Imap(imap), Outlet::Smtp { account: smtp, .. }) = (&mailbox.source, &mailbox.outlet) else {
        return Ok(());
    };
    let Some(sign_in) = imap.account.sign_in() else { return Ok(()) };
    let is_now = wanted.sign_in || (person.is_there() && confirm(person, "Sign in now, in a browser?", true)?);
    if !is_now {
        return Ok(());
    }
    servers.sign_in(sign_in, &settings.desk.time_zone)?;
    let looked = servers.folders(&imap.account).and_then(|folders| servers.smtp(smtp).map(|()| folders));
    match looked {
        Ok(folders) => {
            person.tell(&format!("Signed in: both servers take it; {}", account::told(&folders)))?;
            let is_marked = folders.iter().any(|f| f.special == Some(Special::Sent));
            let sent = if is_marked { None } else { crate::cli::check::guessed_sent(&folders) };
            made.draft.sent = sent.map(str::to_owned);
            made.mailbox.sent.clone_from(&made.draft.sent);
            made.mailbox.is_tried = true;
            made.account = imap.account.clone();
            Ok(())
        }
        Err(trouble) => {
            let error = CommandError::usage(trouble.what);
            let error = trouble.todo.into_iter().fold(error, CommandError::hint);
            if !person.is_there() {
                return Err(error.hint("Nothing was written."));
            }
            person.tell(&error.rendered())?;
            let goes_on = confirm(person, "Write the configuration all the same?", true)?;
            if goes_on { Ok(()) } else { Err(interview::stopped()) }
        }
    }
}

fn draft(mailbox: &Mailbox, shop: Shop, wanted: &Init, places: &Places) -> Draft {
    // What was named on the command line is relative to where we are, what we make ourselves to the configuration.
    let named = |path: &Path| files::from(&places.home, path);
    let sign_in = match &mailbox.sign_in {
        SignIn::PasswordFile(path) if wanted.password_file.as_ref() == Some(path) => SignIn::PasswordFile(named(path)),
        SignIn::OAuth2(oauth2) => {
            let mut oauth2 = oauth2.clone();
            oauth2.client_secret_file = oauth2.client_secret_file.as_deref().map(named);
            SignIn::OAuth2(oauth2)
        }
        other => other.clone(),
    };
    Draft {
        address: mailbox.address.clone(),
        desk: shop.desk,
        language: shop.language,
        time_zone: shop.time_zone,
        data_dir: places.data_dir.clone(),
        week: shop.week,
        holidays: shop.holidays,
        imap: mailbox.imap.clone(),
        smtp: mailbox.smtp.clone(),
        ca_file: wanted.ca_file.as_deref().map(named),
        sign_in,
        sent: mailbox.sent.clone(),
        authserv_id: mailbox.provider.and_then(|p| p.authserv_id),
        plus_addressing: mailbox.has_plus_addressing(),
        mode: shop.mode,
        work: shop.work,
        agents: shop.agents,
        managers: shop.managers,
    }
}

/// What svar itself will read must be right before it is written.
fn read_back(draft: &Draft, places: &Places) -> Result<Settings, CommandError> {
    // The password's file may not be there yet; a variable in its stead is not looked for.
    let sign_in = match &draft.sign_in {
        SignIn::PasswordFile(_) => SignIn::PasswordEnv("PASSWORD".to_owned()),
        other => other.clone(),
    };
    let text = Draft { sign_in, ..draft.clone() }.toml();
    let path = places.config.clone().unwrap_or_else(|| PathBuf::from("config.toml"));
    crate::config::read(&path, &text).map_err(|mistakes| {
        let error = CommandError::usage("these answers make no configuration; nothing was written");
        mistakes.iter().map(|m| format!("{}: {}", m.key, m.what)).fold(error, CommandError::hint)
    })
}

/// What is there now, and what to do next.
fn done(made: &Made, places: &Places, config: &Path) -> Vec<String> {
    let mut lines = vec![format!("Written: {}", config.display()), in_short(&made.draft)];
    // `svar` finds these by itself.
    let usual = [Path::new("config.toml"), Path::new("/etc/svar/config.toml")].contains(&config);
    let option = if usual { String::new() } else { format!(" --config {}", config.display()) };
    let secret = match &made.mailbox.sign_in {
        SignIn::PasswordFile(path) if made.mailbox.typed.is_some() => {
            lines
                .push(format!("Written: {}, the password, which nobody else can read", beside(places, path).display()));
            None
        }
        SignIn::PasswordFile(path) if !places.home.join(path).exists() && !path.exists() => {
            Some(format!("Write the mailbox's password into {} (chmod 600).", beside(places, path).display()))
        }
        SignIn::OAuth2(_) if !made.mailbox.is_tried => {
            Some(format!("Sign in, once, in a browser: svar{option} sign-in {}", made.mailbox.address))
        }
        _ => None,
    };
    lines.push("Next:".to_owned());
    lines.extend(secret.map(|line| format!("  {line}")));
    lines.push(format!("  svar{option} check    tries all that stands there"));
    lines.push(if config == Path::new("/etc/svar/config.toml") {
        "  systemctl enable --now svar    starts it".to_owned()
    } else {
        format!("  svar{option} run      starts it")
    });
    if made.draft.mode == Mode::Watch {
        lines.push(format!(
            "It only watches: nobody but managers gets mail. When you trust it, write mode = \"desk\" in {}.",
            config.display()
        ));
    }
    lines
}

/// A file of the configuration's directory, as one would type it from here.
fn beside(places: &Places, path: &Path) -> PathBuf {
    if places.home == Path::new(".") { path.to_owned() } else { places.home.join(path) }
}

/// What was taken, defaults included.
fn in_short(draft: &Draft) -> String {
    let names = |people: &[people::Human]| people.iter().map(|h| h.name.as_str()).collect::<Vec<_>>().join(", ");
    let told = match (draft.work, draft.agents.is_empty()) {
        (_, true) => "nobody is told of new mail".to_owned(),
        (Work::Turn, false) => format!("{} in turn", names(&draft.agents)),
        (Work::All, false) => format!("all of {}", names(&draft.agents)),
        (Work::Shared, false) => format!("{} in the shared mailbox", names(&draft.agents)),
    };
    let figures = if draft.managers.is_empty() {
        "figures to nobody".to_owned()
    } else {
        format!("figures to {}", names(&draft.managers))
    };
    let mails = if draft.language == "sv" { "Swedish" } else { "English" };
    format!("  {}, {}, mails in {mails}; {told}; {figures}.", draft.desk, draft.time_zone)
}

/// How fast was the mailbox answered over the last year? Reads only.
fn offer_audit(
    global: &Global,
    out: &mut Out,
    wanted: &Init,
    person: &mut dyn Person,
    made: &Made,
) -> Result<(), CommandError> {
    let can = made.mailbox.is_tried && !wanted.no_audit;
    let question = "Measure how fast this mailbox has answered over the last year? It only reads";
    let is_wanted = wanted.audit || (person.is_there() && can && confirm(person, question, true)?);
    if !is_wanted {
        return Ok(());
    }
    if !made.mailbox.is_tried {
        return Err(CommandError::failed("there is nothing to measure before you have signed in")
            .hint("The configuration is written; measure later with `svar audit imaps://…`."));
    }
    let now = global.now.unwrap_or_else(clock::now);
    let today = now.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    let asked = Audit {
        sources: Vec::new(),
        address: vec![made.mailbox.address.clone()],
        sent: Vec::new(),
        from: Some(jiff::ToSpan::days(-365)).and_then(|year| today.checked_add(year).ok()),
        to: None,
        hours: Some(week_as_written(&made.draft.week)),
        time_zone: Some(made.draft.time_zone.clone()),
        holidays: made.draft.holidays.map(|c| c.code().to_owned()),
        html: None,
        password_file: None,
        ca_file: None,
    };
    // A password that was typed is in its file by now; the account holds it all the same.
    let sent = made.mailbox.sent.clone().or_else(|| sent_folder(&made.account));
    let folders =
        std::iter::once(("INBOX".to_owned(), plan::Folder::Inbox)).chain(sent.map(|name| (name, plan::Folder::Sent)));
    let sources = folders.map(|(name, folder)| Source::imap(made.account.clone(), &name, folder));
    let sources: Vec<Source> = sources.collect::<Result<_, _>>().map_err(|e| history::history_error(&e))?;
    audit::measured(global, out, &asked, sources)
}

/// The one that the server marks.
fn sent_folder(account: &Account) -> Option<String> {
    let folders = Real.folders(account).ok()?;
    folders.into_iter().find(|f| f.special == Some(Special::Sent)).map(|f| f.name)
}

fn ways(wanted: &Init) -> Result<Ways, CommandError> {
    let is_steered = !(wanted.name_server.is_empty() && wanted.autoconfig.is_empty() && wanted.candidate.is_empty());
    if !is_steered {
        return Ok(Ways::usual());
    }
    let candidates = wanted.candidate.iter().map(|text| {
        candidate(text)
            .ok_or_else(|| CommandError::usage(format!("--candidate: {text:?}; write imap:HOST:PORT:implicit")))
    });
    Ok(Ways {
        name_servers: wanted.name_server.clone(),
        autoconfig: wanted.autoconfig.clone(),
        candidates: candidates.collect::<Result<_, _>>()?,
    })
}

fn candidate(text: &str) -> Option<(Protocol, Server)> {
    let mut parts = text.split(':');
    let protocol = match parts.next()? {
        "imap" => Protocol::Imap,
        "smtp" => Protocol::Smtp,
        _ => return None,
    };
    let (host, port) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
    let tls = match parts.next()? {
        "implicit" => Tls::Implicit,
        "starttls" => Tls::Starttls,
        _ => return None,
    };
    Some((protocol, Server { host, port, tls, user: None }))
}

/// Questions go to stderr: stdout is for what is asked for.
struct Terminal {
    is_there: bool,
}

impl Person for Terminal {
    fn tell(&mut self, text: &str) -> Result<(), CommandError> {
        history::told(text)
    }

    fn ask(&mut self, question: &str) -> Result<Option<String>, CommandError> {
        history::answered(question)
    }

    fn ask_unseen(&mut self, question: &str) -> Result<Option<String>, CommandError> {
        history::answered_unseen(question)
    }

    fn is_there(&self) -> bool {
        self.is_there
    }
}

/// The servers as they are.
struct Real;

impl Real {
    fn run<T>(work: impl Future<Output = T>) -> Option<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        Some(runtime.block_on(work))
    }
}

fn no_runtime() -> Trouble {
    Trouble {
        cause: crate::cli::check::trouble::Cause::Other,
        what: "this machine gives no event loop".to_owned(),
        todo: None,
    }
}

impl Servers for Real {
    fn discover(&mut self, address: &Address, ways: &Ways, ca_file: Option<&Path>) -> Option<Found> {
        discover::discover(address, ways, ca_file)
    }

    fn tls_at(&mut self, server: &Server, protocol: Protocol, ca_file: Option<&Path>) -> Option<Tls> {
        discover::tls_at(server, protocol, ca_file)
    }

    fn sign_in(&mut self, sign_in: &oauth::SignIn, zone: &jiff::tz::TimeZone) -> Result<(), CommandError> {
        obtain(sign_in, Way::Best, zone).map_err(|error| error.hint("Nothing was written."))
    }

    fn folders(&mut self, account: &Account) -> Result<Vec<Folder>, Trouble> {
        let looked = Self::run(async {
            let tried = async {
                let mut session = Session::connect(account, PATIENCE).await?;
                let folders = session.folders().await?;
                let _ = session.logout().await;
                Ok(folders)
            };
            match tried.await {
                Ok(folders) => Ok(folders),
                Err(error) => Err(Trouble::of_imap(account, &error).await),
            }
        });
        looked.unwrap_or_else(|| Err(no_runtime()))
    }

    fn smtp(&mut self, account: &Account) -> Result<(), Trouble> {
        let looked = Self::run(async {
            match Connection::connect(account, "localhost", PATIENCE).await {
                Ok(connection) => {
                    connection.quit().await;
                    Ok(())
                }
                Err(error) => Err(Trouble::of_smtp(account, &error).await),
            }
        });
        looked.unwrap_or_else(|| Err(no_runtime()))
    }
}
