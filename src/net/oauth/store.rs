//! Where tokens lie: a file for each sign-in, for the desk's eyes only, replaced whole and never in part.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::endpoint::{Tokens, host_of};
use super::error::OauthError;
use super::refusal::Refused;
use super::{SignIn, now};
use crate::model::Time;

/// No file of ours is bigger.
const MAX_BYTES: u64 = 256 * 1024;
/// How long a token is believed in whose server does not say, in seconds.
const LIFE_S: i64 = Time::HOUR;

/// As it stands in the file. The first three are for people who look.
#[derive(Serialize, Deserialize)]
struct Kept {
    provider: String,
    client_id: String,
    user: String,
    refresh_token: String,
    access_token: String,
    /// Unix seconds; 0: the time was not known.
    obtained_at: i64,
    life_s: i64,
    /// The last renewal was refused.
    refused: Option<KeptRefusal>,
}

#[derive(Clone, Serialize, Deserialize)]
struct KeptRefusal {
    since: i64,
    last_asked_at: i64,
    what: String,
    words: String,
    advice: String,
}

/// What a file holds.
#[derive(Clone)]
pub(super) struct Store {
    pub refresh: SecretString,
    pub access: SecretString,
    pub obtained_at: Option<Time>,
    pub life_s: i64,
    pub refusal: Option<Refusal>,
}

/// A refusal that was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub since: Time,
    pub last_asked_at: Time,
    /// Signing in again is what mends it.
    pub is_final: bool,
    pub words: String,
    pub advice: String,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("obtained_at", &self.obtained_at)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

/// The file of a sign-in: its user, readable, and a hash of what else makes it this one.
pub(super) fn path(sign_in: &SignIn) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "@.-_".contains(c) { c } else { '_' };
    let user: String = sign_in.user.trim_start_matches('.').chars().take(64).map(plain).collect();
    let whole = format!("{}\0{}\0{}", sign_in.provider.as_str(), sign_in.client_id, sign_in.user);
    let hash = data_encoding::HEXLOWER.encode(&digest(&SHA256, whole.as_bytes()).as_ref()[..6]);
    sign_in.dir.join(format!("{user}.{}.{hash}", sign_in.provider.as_str()))
}

fn failed(path: &Path, reason: impl std::fmt::Display) -> OauthError {
    OauthError::Store { path: path.to_owned(), reason: reason.to_string() }
}

/// What is kept of a sign-in; `None`: nobody has signed in yet.
pub(super) fn read(sign_in: &SignIn) -> Result<Option<Store>, OauthError> {
    let path = path(sign_in);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(&path, e)),
    };
    let about = file.metadata().map_err(|e| failed(&path, e))?;
    if about.mode() & 0o077 != 0 {
        return Err(failed(&path, "others may read them; chmod 600"));
    }
    if about.len() > MAX_BYTES {
        return Err(failed(&path, "the file is too big to be ours"));
    }
    let spoilt = || failed(&path, format!("the file is damaged; run `{}`", sign_in.command()));
    let text = io::read_to_string(file).map_err(|e| failed(&path, e))?;
    // An error of the parser may quote the file.
    let kept: Kept = serde_json::from_str(&text).map_err(|_| spoilt())?;
    Ok(Some(Store {
        refresh: SecretString::from(kept.refresh_token),
        access: SecretString::from(kept.access_token),
        obtained_at: (kept.obtained_at > 0).then(|| Time::from_unix(kept.obtained_at)),
        life_s: kept.life_s,
        refusal: kept.refused.map(|r| Refusal {
            since: Time::from_unix(r.since),
            last_asked_at: Time::from_unix(r.last_asked_at),
            is_final: r.what == "grant",
            words: r.words,
            advice: r.advice,
        }),
    }))
}

/// Keeps what a person's sign-in has given. It must last: without a refresh token it is none.
pub(super) fn keep_new(sign_in: &SignIn, fresh: &Tokens) -> Result<(), OauthError> {
    let Some(refresh) = &fresh.refresh else {
        let advice = "ask for the scope offline_access, or whatever the provider wants for lasting access";
        return Err(OauthError::NotLasting { host: host_of(&sign_in.token_url), advice });
    };
    let _lock = lock(sign_in)?;
    write(sign_in, &kept(sign_in, refresh, &fresh.access, fresh))
}

/// Keeps what a renewal has given: another refresh token replaces the old one, none keeps it. The caller holds the lock.
pub(super) fn keep_renewed(sign_in: &SignIn, old: &Store, fresh: &Tokens) -> Result<(), OauthError> {
    let refresh = fresh.refresh.as_ref().unwrap_or(&old.refresh);
    write(sign_in, &kept(sign_in, refresh, &fresh.access, fresh))
}

/// Writes down that a renewal was refused; the tokens stay. The caller holds the lock.
pub(super) fn note_refusal(sign_in: &SignIn, old: &Store, refused: &Refused, at: Time) -> Result<(), OauthError> {
    let since = old.refusal.as_ref().map_or(at, |r| r.since);
    let refused = KeptRefusal {
        since: since.unix(),
        last_asked_at: at.unix(),
        what: refused.what.as_str().to_owned(),
        words: refused.words.clone(),
        advice: refused.advice.clone(),
    };
    write(
        sign_in,
        &Kept {
            provider: sign_in.provider.as_str().to_owned(),
            client_id: sign_in.client_id.clone(),
            user: sign_in.user.clone(),
            refresh_token: old.refresh.expose_secret().to_owned(),
            access_token: old.access.expose_secret().to_owned(),
            obtained_at: old.obtained_at.map_or(0, Time::unix),
            life_s: old.life_s,
            refused: Some(refused),
        },
    )
}

fn kept(sign_in: &SignIn, refresh: &SecretString, access: &SecretString, fresh: &Tokens) -> Kept {
    Kept {
        provider: sign_in.provider.as_str().to_owned(),
        client_id: sign_in.client_id.clone(),
        user: sign_in.user.clone(),
        refresh_token: refresh.expose_secret().to_owned(),
        access_token: access.expose_secret().to_owned(),
        obtained_at: fresh.asked_at.or_else(now).map_or(0, Time::unix),
        life_s: fresh.life_s.unwrap_or(LIFE_S),
        refused: None,
    }
}

/// Only one process at a time renews: whoever comes second finds what the first has got. Let go when dropped. Blocks.
pub(super) fn lock(sign_in: &SignIn) -> Result<File, OauthError> {
    prepare(&sign_in.dir)?;
    let path = path(sign_in).with_added_extension("lock");
    let fail = |e: io::Error| failed(&path, e);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fail)?;
    belong(&sign_in.dir, &path).map_err(fail)?;
    file.lock().map_err(fail)?;
    Ok(file)
}

fn prepare(dir: &Path) -> Result<(), OauthError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|e| failed(dir, e))?;
    belong(dir.parent().unwrap_or(dir), dir).map_err(|e| failed(dir, e))
}

/// What root makes in the desk's directory must be the desk's, or its daemon could not read it.
fn belong(above: &Path, path: &Path) -> io::Result<()> {
    let (above, own) = (fs::metadata(above)?, fs::metadata(path)?);
    if own.uid() == 0 && above.uid() != 0 {
        chown(path, Some(above.uid()), Some(above.gid()))?;
    }
    Ok(())
}

/// Another name first, then in place: after a crash there is the old file or the new one.
fn write(sign_in: &SignIn, kept: &Kept) -> Result<(), OauthError> {
    let path = path(sign_in);
    let draft = path.with_added_extension("new");
    let write = || {
        // Left behind by a process that was killed; we hold the lock.
        match fs::remove_file(&draft) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        belong(&sign_in.dir, &draft)?;
        let mut text = serde_json::to_vec_pretty(kept)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        File::open(&sign_in.dir)?.sync_all()
    };
    write().map_err(|e| failed(&path, e))
}
