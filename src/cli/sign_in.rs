//! `sign-in`: a person allows svar to read and send for a mailbox, at a provider that takes no passwords; then both are tried once.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Duration;

use jiff::tz::TimeZone;
use ring::rand::SecureRandom;
use serde::Serialize;

use crate::cli::args::{Global, SignIn as Wanted};
use crate::cli::error::{CommandError, Kind};
use crate::cli::open::settings;
use crate::cli::print::{Out, Tone, span};
use crate::config::settings::{Inlet, Outlet, Settings};
use crate::engine::clock;
use crate::engine::desk_dir::DeskDir;
use crate::model::Time;
use crate::net::Account;
use crate::net::imap::{ImapError, Session};
use crate::net::oauth::{Browser, DeviceCode, OauthError, Provider, Seed, SignIn, Standing, standing};
use crate::net::smtp::{Connection, SmtpError};
use crate::net::stream::Timeouts;

/// Servers that do not answer within this are as good as away.
const PATIENCE: Timeouts =
    Timeouts { connect: Duration::from_secs(15), command: Duration::from_secs(30), verdict: Duration::from_secs(30) };

/// How a person shows who he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the provider allows: a code where it takes one, else the browser.
    Best,
    /// Comes back to this machine, or its last address is pasted.
    Browser,
}

/// A sign-in, and the accounts that live by it.
#[derive(Debug)]
struct Place<'s> {
    sign_in: &'s SignIn,
    accounts: Vec<(&'s str, &'static str, &'s Account)>,
}

impl Place<'_> {
    fn mailboxes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.accounts.iter().map(|(mailbox, _, _)| *mailbox).collect();
        names.dedup();
        names
    }
}

fn places(settings: &Settings) -> Vec<Place<'_>> {
    let mut found: BTreeMap<(Provider, &str, &str), Place<'_>> = BTreeMap::new();
    for mailbox in &settings.mailboxes {
        let inlet = match &mailbox.source {
            Inlet::Imap(imap) => Some(("imap", &imap.account)),
            _ => None,
        };
        let outlets = [("smtp", Some(&mailbox.outlet)), ("notify", mailbox.notify_outlet.as_ref())];
        let outlets = outlets.into_iter().filter_map(|(part, outlet)| match outlet {
            Some(Outlet::Smtp { account, .. }) => Some((part, account)),
            _ => None,
        });
        for (part, account) in inlet.into_iter().chain(outlets) {
            let Some(sign_in) = account.sign_in() else { continue };
            let key = (sign_in.provider, sign_in.client_id.as_str(), sign_in.user.as_str());
            let place = found.entry(key).or_insert_with(|| Place { sign_in, accounts: Vec::new() });
            place.accounts.push((&mailbox.name, part, account));
        }
    }
    found.into_values().collect()
}

pub fn sign_in(global: &Global, out: &mut Out, wanted: &Wanted) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let all = places(&settings);
    if all.is_empty() {
        return Err(CommandError::usage("no account of the configuration signs in by OAuth2").hint(
            "Where a provider takes no password, write oauth2 = { provider = …, client_id = … } in its place: docs/SIGN-IN.md",
        ));
    }
    let chosen: Vec<&Place<'_>> = match &wanted.who {
        Some(who) => named(&settings, &all, who)?,
        None => {
            let waiting: Vec<&Place<'_>> = all.iter().filter(|p| standing(p.sign_in) != Standing::Good).collect();
            if waiting.len() != 1 || out.json {
                return list(out, &settings, &all);
            }
            waiting
        }
    };
    let way = if wanted.browser { Way::Browser } else { Way::Best };
    let mut results = Vec::new();
    for place in chosen {
        obtain(place.sign_in, way, &settings.desk.time_zone)?;
        DeskDir::at(&settings.desk.data_dir).poke_signed_in();
        if !out.json {
            out.toned(Tone::Good, format!("Signed in as {}.", place.sign_in.user))?;
            out.flush()?;
        }
        let checks = try_out(place)?;
        if !out.json {
            for check in &checks {
                let (mark, tone) = if check.ok { ("ok", Tone::Plain) } else { ("FAIL", Tone::Bad) };
                out.toned(tone, format!("  {mark:<5}{:<8}{}", check.part, check.text))?;
                if let Some(hint) = &check.hint {
                    out.text("       ", hint)?;
                }
            }
        }
        results.push(Signed {
            user: &place.sign_in.user,
            provider: place.sign_in.provider.as_str(),
            mailboxes: place.mailboxes(),
            signed_in: true,
            checks,
        });
    }
    if out.json {
        match results.as_slice() {
            [one] => out.json(one)?,
            several => out.json(several)?,
        }
    }
    match results.iter().flat_map(|r| &r.checks).filter(|c| !c.ok).count() {
        0 => Ok(()),
        _ if out.json => Err(CommandError::said()),
        _ => Err(CommandError::failed("the sign-in is stored, but not every server takes it")),
    }
}

#[derive(Debug, Serialize)]
struct Signed<'s> {
    user: &'s str,
    provider: &'static str,
    mailboxes: Vec<&'s str>,
    signed_in: bool,
    checks: Vec<Check>,
}

/// What a server said to the token.
#[derive(Debug, Serialize)]
struct Check {
    mailbox: String,
    part: &'static str,
    ok: bool,
    text: String,
    hint: Option<String>,
}

/// By a mailbox's name or address, or by the user of an account.
fn named<'a, 's>(settings: &Settings, all: &'a [Place<'s>], who: &str) -> Result<Vec<&'a Place<'s>>, CommandError> {
    let is_who = |text: &str| text.eq_ignore_ascii_case(who);
    let by_user: Vec<&Place<'_>> = all.iter().filter(|p| is_who(&p.sign_in.user)).collect();
    if !by_user.is_empty() {
        return Ok(by_user);
    }
    let mailbox = settings.mailboxes.iter().find(|m| is_who(&m.name) || is_who(m.address.as_str()));
    let of_mailbox = |p: &&Place<'_>| mailbox.is_some_and(|m| p.accounts.iter().any(|(name, _, _)| *name == m.name));
    let found: Vec<&Place<'_>> = all.iter().filter(of_mailbox).collect();
    if found.is_empty() {
        let users: Vec<&str> = all.iter().map(|p| p.sign_in.user.as_str()).collect();
        let what =
            if mailbox.is_some() { "signs in by a password" } else { "is no mailbox and no user of the configuration" };
        return Err(
            CommandError::usage(format!("{who} {what}")).hint(format!("These sign in by OAuth2: {}", users.join(", ")))
        );
    }
    Ok(found)
}

#[derive(Debug, Serialize)]
struct Row<'s> {
    user: &'s str,
    provider: &'static str,
    mailboxes: Vec<&'s str>,
    /// `signed_in`, `never`, `refused`, `unreadable`
    state: &'static str,
    since: Option<Time>,
    why: Option<String>,
    command: String,
}

fn list(out: &mut Out, settings: &Settings, all: &[Place<'_>]) -> Result<(), CommandError> {
    let mut rows = Vec::new();
    for place in all {
        let (state, since, why) = match standing(place.sign_in) {
            Standing::Good => ("signed_in", None, None),
            Standing::Never => ("never", None, None),
            Standing::Refused { since, words, advice } => ("refused", Some(since), Some(format!("{words}; {advice}"))),
            Standing::Unreadable { why } => ("unreadable", None, Some(why)),
        };
        let sign_in = place.sign_in;
        let (provider, command) = (sign_in.provider.as_str(), sign_in.command());
        rows.push(Row { user: &sign_in.user, provider, mailboxes: place.mailboxes(), state, since, why, command });
    }
    if out.json {
        return Ok(out.json(&rows)?);
    }
    for row in &rows {
        let day =
            |at: Time| at.timestamp().to_zoned(settings.desk.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let (tone, text) = match row.state {
            "signed_in" => (Tone::Plain, "signed in".to_owned()),
            "never" => (Tone::Bad, format!("nobody has signed in yet: {}", row.command)),
            "refused" => {
                (Tone::Bad, format!("signed out since {}: {}", row.since.map(day).unwrap_or_default(), row.command))
            }
            _ => (Tone::Bad, "cannot be told".to_owned()),
        };
        out.toned(tone, format!("{}, {}: {text}", row.user, row.mailboxes.join(", ")))?;
        if let Some(why) = &row.why {
            out.text("  ", why)?;
        }
    }
    Ok(())
}

/// Lets a person sign in, and keeps the tokens. What he has to do is said on stderr. Builds a runtime of its own.
///
/// # Errors
/// It was declined or not finished in time, the provider refuses or cannot be understood (exit 2), or cannot be reached (exit 1).
/// Nothing is stored then.
pub fn obtain(sign_in: &SignIn, way: Way, zone: &TimeZone) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let by_browser = way == Way::Browser || sign_in.device_url.is_none();
    let done = if by_browser {
        let seed = draw_seed()?;
        runtime.block_on(by_browser_of(sign_in, seed, zone))
    } else {
        runtime.block_on(by_code(sign_in, zone))
    };
    // A question to a silent server may still be under way; nobody waits for it.
    runtime.shutdown_background();
    done.map_err(|error| refused(&error))
}

fn refused(error: &OauthError) -> CommandError {
    let is_passing =
        matches!(error, OauthError::Http(_) | OauthError::Busy { .. } | OauthError::Store { .. } | OauthError::Bug(_));
    CommandError::of(error).kind(if is_passing { Kind::Failed } else { Kind::Usage })
}

async fn by_code(sign_in: &SignIn, zone: &TimeZone) -> Result<(), OauthError> {
    let code = DeviceCode::ask(sign_in).await?;
    eprintln!("To sign in as {}, open this page in a browser on any machine:\n\n    {}\n", sign_in.user, code.url);
    eprintln!("and enter this code:\n\n    {}\n", code.user_code);
    if let Some(url) = &code.url_with_code {
        eprintln!("Or open the page with the code in it:\n\n    {url}\n");
    }
    eprintln!("{}", waiting(code.life, zone));
    code.wait(sign_in).await
}

async fn by_browser_of(sign_in: &SignIn, seed: Seed, zone: &TimeZone) -> Result<(), OauthError> {
    let browser = Browser::listen(sign_in, seed).await?;
    eprintln!("To sign in as {}, open this address in a browser:\n\n    {}\n", sign_in.user, browser.url);
    eprintln!(
        "On another machine than this one, its last page cannot be shown: copy the whole address of that page, which"
    );
    eprintln!("begins with {}, and paste it here.", browser.redirect());
    eprintln!("{}", waiting(browser.life(), zone));
    let (line, lines) = tokio::sync::mpsc::unbounded_channel();
    // Reading a terminal cannot be broken off; the thread ends with the process.
    std::thread::spawn(move || {
        for text in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.send(text).is_err() {
                return;
            }
        }
    });
    browser.wait(sign_in, lines, |what| eprintln!("svar: {what}")).await
}

fn waiting(life: Duration, zone: &TimeZone) -> String {
    let seconds = i64::try_from(life.as_secs()).unwrap_or(0);
    let until = clock::now().plus(seconds).timestamp().to_zoned(zone.clone()).strftime("%H:%M").to_string();
    format!("Waiting until {until} ({}). Ctrl-C breaks it off; nothing is stored then.", span(seconds))
}

/// A random draw beside the desk's key: RFC 7636, 7.1 wants it, and nothing that is decided depends on it.
#[allow(clippy::disallowed_methods, reason = "the secret of one sign-in, forgotten after it")]
fn draw_seed() -> Result<Seed, CommandError> {
    let mut bytes = [0; 32];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CommandError::failed("the system gives no random numbers"))?;
    Ok(Seed(bytes))
}

/// Logs in once to every server of a sign-in.
fn try_out(place: &Place<'_>) -> Result<Vec<Check>, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut checks = Vec::new();
    for (mailbox, part, account) in &place.accounts {
        let ended = if *part == "imap" {
            runtime.block_on(async {
                match Session::connect(account, PATIENCE).await {
                    Ok(session) => {
                        let _ = session.logout().await;
                        Ok(())
                    }
                    Err(error) => Err((error.to_string(), matches!(error, ImapError::Auth { .. }))),
                }
            })
        } else {
            runtime.block_on(async {
                match Connection::connect(account, "localhost", PATIENCE).await {
                    Ok(connection) => {
                        connection.quit().await;
                        Ok(())
                    }
                    Err(error) => Err((error.to_string(), matches!(error, SmtpError::Auth { .. }))),
                }
            })
        };
        let server = format!("{}:{}", account.host, account.port);
        let (ok, text, hint) = match ended {
            Ok(()) => (true, format!("{server} takes the sign-in"), None),
            Err((why, of_login)) => {
                let hint = of_login.then(|| login_hint(place.sign_in, part));
                (false, if why.contains(&server) { why } else { format!("{server}: {why}") }, hint)
            }
        };
        checks.push(Check { mailbox: (*mailbox).to_owned(), part, ok, text, hint });
    }
    Ok(checks)
}

/// What a server means that refuses a token which the provider has just given.
fn login_hint(sign_in: &SignIn, part: &str) -> String {
    let user = &sign_in.user;
    let own = format!("Did you sign in as {user} itself, and not with an account of your own?");
    match (sign_in.provider, part) {
        (Provider::Microsoft365, "imap") => {
            format!("{own} Is IMAP on for it (Exchange admin centre, mailbox, Manage email apps settings)?")
        }
        (Provider::Microsoft365, _) => {
            format!(
                "{own} Is Authenticated SMTP on for it (Exchange admin centre, mailbox, Manage email apps settings)?"
            )
        }
        (Provider::Google, _) => {
            format!("{own} Is access by IMAP allowed for it (Workspace: Admin console, Gmail, End user access)?")
        }
        (Provider::Custom, _) => own,
    }
}
