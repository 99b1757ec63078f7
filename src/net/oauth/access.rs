//! A token that is good now: from the file, or renewed ahead of its end, or once more after a refusal; by one asker at a time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::endpoint::{ask_for_tokens, host_of};
use super::error::OauthError;
use super::refusal::{Refused, What};
use super::store::{self, Store};
use super::{SignIn, now};
use crate::model::Time;

/// A token is renewed so long before its end, in seconds; of a short one, half its life.
const AHEAD_S: i64 = 5 * Time::MINUTE;
/// Tokens that are refused again and again are refused for another reason than their age: so many are renewed after a refusal
/// within so long.
const REFUSALS: u32 = 3;
const REFUSALS_WITHIN: Duration = Duration::from_secs(4 * 60);
/// After "this sign-in is over" the server is asked again this much later, in seconds, in case somebody has mended it there.
const ASK_AGAIN_S: i64 = Time::HOUR;
/// A server that is away is asked by one of us at a time, and not again within this.
const COOL_DOWN: Duration = Duration::from_secs(5);

/// How a sign-in stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It gives tokens.
    Good,
    /// Nobody has signed in yet.
    Never,
    /// The provider gives no more tokens; its words, and what to do.
    Refused { since: Time, words: String, advice: String },
    /// The file cannot be read.
    Unreadable { why: String },
}

/// What each sign-in's askers in this process share, beside the turn itself.
#[derive(Default)]
struct Shared {
    /// The last failure of the network.
    failed: Option<(Instant, OauthError)>,
    /// Tokens renewed because a mail server had refused them: since when they are counted, and how many.
    forced: Option<(Instant, u32)>,
}

type Turn = Arc<tokio::sync::Mutex<Shared>>;

static TURNS: Mutex<BTreeMap<PathBuf, Turn>> = Mutex::new(BTreeMap::new());

fn turn(sign_in: &SignIn) -> Turn {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(turns.entry(store::path(sign_in)).or_default())
}

impl Store {
    /// Seconds until it ends; `None`: nobody knows, because the time was not known or has gone backwards.
    fn left_s(&self) -> Option<i64> {
        let (now, obtained_at) = (now()?, self.obtained_at?);
        let age_s = now.since(obtained_at);
        (age_s > -AHEAD_S).then(|| self.life_s - age_s)
    }

    fn is_fresh(&self) -> bool {
        self.refusal.is_none() && self.left_s().is_some_and(|left| left > AHEAD_S.min(self.life_s / 2))
    }

    fn is_alive(&self) -> bool {
        self.left_s().is_some_and(|left| left > 0)
    }
}

fn never(sign_in: &SignIn) -> OauthError {
    OauthError::Never { user: sign_in.user.clone() }
}

/// A token for a login. Renews it where it ends soon.
///
/// # Errors
/// Nobody has signed in; the provider refuses or cannot be reached and the token at hand has ended; the tokens cannot be kept.
pub async fn access(sign_in: &SignIn) -> Result<SecretString, OauthError> {
    let kept = store::read(sign_in)?.ok_or_else(|| never(sign_in))?;
    if kept.is_fresh() {
        return Ok(kept.access);
    }
    renew(sign_in, kept).await
}

/// Another token, after a mail server has refused this one. `None`: there is no better one, the refusal means something else.
///
/// # Errors
/// As for [`access`].
pub async fn renewed(sign_in: &SignIn, refused: &SecretString) -> Result<Option<SecretString>, OauthError> {
    let mut kept = store::read(sign_in)?.ok_or_else(|| never(sign_in))?;
    if kept.access.expose_secret() != refused.expose_secret() && kept.is_fresh() {
        return Ok(Some(kept.access));
    }
    {
        let turn = turn(sign_in);
        let mut shared = turn.lock().await;
        let (since, count) = shared.forced.filter(|f| f.0.elapsed() < REFUSALS_WITHIN).unwrap_or((Instant::now(), 0));
        if count >= REFUSALS {
            return Ok(None);
        }
        shared.forced = Some((since, count + 1));
    }
    // Whatever its age, it is no good.
    kept.life_s = 0;
    renew(sign_in, kept).await.map(Some)
}

/// `seen` is what was in the file when renewal was found to be needed.
async fn renew(sign_in: &SignIn, seen: Store) -> Result<SecretString, OauthError> {
    let turn = turn(sign_in);
    let mut shared = turn.lock().await;
    if let Some((at, error)) = &shared.failed
        && at.elapsed() < COOL_DOWN
    {
        return if seen.is_alive() { Ok(seen.access) } else { Err(error.clone()) };
    }
    let (own, before) = (sign_in.clone(), seen.clone());
    let asked = tokio::task::spawn_blocking(move || renew_alone(&own, &before));
    let asked = asked.await.unwrap_or_else(|e| Err(OauthError::Bug(format!("a bug: renewing a token failed: {e}"))));
    shared.failed = match &asked {
        Err(error) if !error.needs_a_person() => Some((Instant::now(), error.clone())),
        _ => None,
    };
    match asked {
        // Renewed ahead of its end, it is good for a while yet.
        Err(error) if !error.needs_a_person() && seen.is_alive() => {
            tracing::debug!(user = sign_in.user, "a token could not be renewed yet: {error}");
            Ok(seen.access)
        }
        other => other,
    }
}

/// Under the lock, which other processes take as well. Blocks.
fn renew_alone(sign_in: &SignIn, seen: &Store) -> Result<SecretString, OauthError> {
    let _lock = store::lock(sign_in)?;
    let kept = store::read(sign_in)?.ok_or_else(|| never(sign_in))?;
    // Somebody was faster.
    if kept.access.expose_secret() != seen.access.expose_secret() && kept.is_fresh() {
        return Ok(kept.access);
    }
    if let Some(refusal) = kept.refusal.as_ref().filter(|r| r.is_final)
        && now().is_some_and(|now| (0..ASK_AGAIN_S).contains(&now.since(refusal.last_asked_at)))
    {
        let (host, words, advice) = (host_of(&sign_in.token_url), refusal.words.clone(), refusal.advice.clone());
        return Err(Refused { host, what: What::Grant, words, advice }.into());
    }
    let fields = [("grant_type", "refresh_token"), ("refresh_token", kept.refresh.expose_secret())];
    match ask_for_tokens(sign_in, &fields) {
        // Written before it is used: from here on the old refresh token may be worth nothing.
        Ok(fresh) => store::keep_renewed(sign_in, &kept, &fresh).map(|()| fresh.access),
        Err(OauthError::Refused(refused)) => {
            if let Some(now) = now() {
                store::note_refusal(sign_in, &kept, &refused, now)?;
            }
            Err(refused.into())
        }
        Err(other) => Err(other),
    }
}

/// How the sign-in stands, as far as is known here; nobody is asked. Blocks on a small file.
#[must_use]
pub fn standing(sign_in: &SignIn) -> Standing {
    match store::read(sign_in) {
        Ok(None) => Standing::Never,
        Err(error) => Standing::Unreadable { why: error.to_string() },
        Ok(Some(Store { refusal: Some(refusal), .. })) => {
            Standing::Refused { since: refusal.since, words: refusal.words, advice: refusal.advice }
        }
        Ok(Some(_)) => Standing::Good,
    }
}
