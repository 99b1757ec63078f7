//! A December week at a web shop, played through the real engine: no configuration, no network, no root.

mod account;
mod cast;
mod client;
mod letters;
mod play;
mod world;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config;
use crate::config::settings::Settings;
use crate::demo::world::World;
use crate::engine::desk_dir::DeskDir;
use crate::engine::{OpenError, digest};
use crate::mail;
use crate::report::kind::Kind;

pub use account::Account;
pub use play::PlayError;

/// What a directory must hold to be played in again.
const MARK: &str = "config.toml";
/// What the manager of the shop gets to read.
const DIGEST: &str = "digest.html";
const MARK_LINE: &str = "# Written by `svar demo`, which plays in this directory.";

/// The key of a desk that sends nothing anywhere: fixed, so that every play is the same to the byte.
const KEY: [u8; 32] = *b"a key for the demo, and only it.";

/// Plays the week in `dir`, which is made, and gives the account of it.
///
/// # Errors
/// The directory holds something else than an earlier demo; the disk; a fault in the desk.
pub fn play(dir: &Path) -> Result<Account, PlayError> {
    let settings = Arc::new(prepare(dir)?);
    let (inbox, sent) = (dir.join("inbox"), dir.join("sent"));
    let hours = settings.calendars.get("shop").cloned();
    let hours = hours.ok_or_else(|| PlayError::Configuration("no calendar".to_owned()))?;
    let mut world = World::new(settings.desk.time_zone.clone(), hours);
    let (mut now, end) = (world.begins(), world.ends());
    let mut desk = play::Play::open(Arc::clone(&settings), &inbox, &sent, now)?;
    let (mut serial, mut mails_out) = (0, 0);
    loop {
        let mails = world.arrivals(now);
        for mail in desk.at(now, &mails, &mut serial)? {
            mails_out += 1;
            world.delivered(mail::read::read(&mail), &header(&mail), now);
        }
        // The desk has just done all that it could: a wake that is not in the future would play this moment for ever.
        let wake = desk.next_wake().filter(|t| *t > now);
        let next = [world.next(), wake].into_iter().flatten().min();
        match next {
            Some(next) if next < end => now = next,
            _ => break,
        }
    }
    write_digest(&mut desk, &settings, &world, &dir.join(DIGEST))?;
    Account::of(&mut desk, &settings, &world, mails_out, dir)
}

/// The week as the shop's manager reads it, as a page of its own.
fn write_digest(desk: &mut play::Play, settings: &Settings, world: &World, file: &Path) -> Result<(), PlayError> {
    let now = world.ends();
    let week = Kind::Weekly.around(now.timestamp().to_zoned(settings.desk.time_zone.clone()).date());
    let all: Vec<String> = settings.mailboxes.iter().map(|m| m.name.clone()).collect();
    let (made, _) = digest::make(desk.engine().store(), settings, Kind::Weekly, week, &all, &[], now)?;
    fs::write(file, made.whole_page()).map_err(|source| PlayError::File { path: file.to_owned(), source })
}

/// The directory, fresh, with its configuration and key; refused if it holds anything but an earlier demo.
fn prepare(dir: &Path) -> Result<Settings, PlayError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| PlayError::File { path, source }
    };
    let has_something = dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if has_something {
        let mark = fs::read_to_string(dir.join(MARK)).unwrap_or_default();
        if !mark.starts_with(MARK_LINE) {
            return Err(PlayError::NotEmpty { path: dir.to_owned() });
        }
        for old in ["data", "inbox", "sent"] {
            match fs::remove_dir_all(dir.join(old)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(fail(&dir.join(old))(e)),
                _ => {}
            }
        }
    }
    let data = dir.join("data");
    fs::create_dir_all(dir).map_err(fail(dir))?;
    DeskDir::prepare(&data).map_err(OpenError::from)?;
    let config = dir.join(MARK);
    fs::write(&config, format!("{MARK_LINE}\n{}", include_str!("demo/config.toml"))).map_err(fail(&config))?;
    fs::write(dir.join("signature.md"), SIGNATURE).map_err(fail(&config))?;
    let key = data.join("key");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&key).map_err(fail(&key))?;
    file.write_all(&KEY).map_err(fail(&key))?;
    config::load(&config).map_err(|mistakes| {
        PlayError::Configuration(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })
}

const SIGNATURE: &str = "**Exempelbutiken** · kundservice\\\nmån–fre 8–12 och 13–17, lör 10–14\n";

/// The header of a mail, as lines.
fn header(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let end = text.find("\r\n\r\n").or_else(|| text.find("\n\n")).unwrap_or(text.len());
    text[..end].replace("\r\n", "\n")
}

/// Where to play if nobody says: here, or, where that cannot be written, in the system's directory for such things.
#[must_use]
pub fn default_dir() -> PathBuf {
    let here = PathBuf::from("svar-demo");
    if here.exists() || fs::create_dir(&here).is_ok() { here } else { std::env::temp_dir().join("svar-demo") }
}
