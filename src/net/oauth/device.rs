//! Signing in with a code that is typed into a browser anywhere (RFC 8628): for machines without one.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::endpoint::{Reply, ask_async, host_of, is_away, seconds, tokens};
use super::error::OauthError;
use super::refusal::judge;
use super::{SignIn, now, store};
use crate::model::one_line;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628, 3.2: where the server names none.
const INTERVAL_S: i64 = 5;
/// RFC 8628, 3.5: added at each `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
const INTERVAL_LONGEST: Duration = Duration::from_secs(60);
/// Where a server does not say how long the code is good; and no longer than the second of these.
const LIFE_S: i64 = 900;
const LIFE_LONGEST_S: i64 = 3600;

/// What is asked of the person, and what it will be exchanged for.
pub struct DeviceCode {
    /// To be opened in a browser anywhere.
    pub url: String,
    /// To be typed there.
    pub user_code: String,
    /// The same address with the code in it.
    pub url_with_code: Option<String>,
    pub life: Duration,
    interval: Duration,
    code: SecretString,
    ends: Instant,
}

impl std::fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceCode").field("url", &self.url).field("life", &self.life).finish_non_exhaustive()
    }
}

impl DeviceCode {
    /// Asks for a code.
    ///
    /// # Errors
    /// The provider has no device codes, cannot be reached, or refuses this client.
    pub async fn ask(sign_in: &SignIn) -> Result<Self, OauthError> {
        let Some(url) = &sign_in.device_url else {
            return Err(OauthError::Foreign(format!(
                "{} gives no mail to a device code; sign in with --browser",
                sign_in.provider
            )));
        };
        let began = Instant::now();
        let scope = SecretString::from(sign_in.scopes.join(" "));
        let value = match ask_async(sign_in, url, vec![("scope", scope)]).await? {
            Reply::Given(value) => value,
            Reply::Error { code, description } => {
                return Err(judge(&host_of(url), &sign_in.user, &code, &description, &[]).into());
            }
        };
        let text = |keys: &[&str]| {
            let found = keys.iter().find_map(|k| value.get(*k).and_then(Value::as_str));
            found.map(|t| one_line(t).trim().to_owned()).filter(|t| !t.is_empty())
        };
        // Google calls it verification_url.
        let place = text(&["verification_uri", "verification_url"])
            .filter(|u| u.starts_with("https://") || u.starts_with("http://"));
        let (Some(place), Some(user_code), Some(code)) = (place, text(&["user_code"]), text(&["device_code"])) else {
            let what = "JSON without a code to show".to_owned();
            return Err(OauthError::Nonsense { host: host_of(url), what });
        };
        let duration = |s: i64| Duration::from_secs(u64::try_from(s).unwrap_or(0));
        let life = duration(seconds(&value, "expires_in").unwrap_or(LIFE_S).clamp(1, LIFE_LONGEST_S));
        let interval = duration(seconds(&value, "interval").unwrap_or(INTERVAL_S).max(0)).min(INTERVAL_LONGEST);
        Ok(Self {
            url: place,
            user_code,
            url_with_code: text(&["verification_uri_complete", "verification_url_complete"]),
            life,
            interval,
            code: SecretString::from(code),
            ends: began + life,
        })
    }

    /// Waits until the code was entered somewhere, and keeps the tokens.
    ///
    /// # Errors
    /// It was declined, or not entered in time; the server cannot be understood; the tokens cannot be kept.
    pub async fn wait(self, sign_in: &SignIn) -> Result<(), OauthError> {
        let host = host_of(&sign_in.token_url);
        let mut interval = self.interval;
        let mut nonsense = 0;
        loop {
            if Instant::now() + interval >= self.ends {
                sleep(self.ends.saturating_duration_since(Instant::now())).await;
                return Err(judge(&host, &sign_in.user, "expired_token", "", &[]).into());
            }
            sleep(interval).await;
            let asked_at = now();
            let fields = vec![("grant_type", SecretString::from(GRANT)), ("device_code", self.code.clone())];
            match ask_async(sign_in, &sign_in.token_url, fields).await {
                Ok(Reply::Given(value)) => {
                    let fresh = tokens(sign_in, &value, asked_at)?;
                    return store::keep_new(sign_in, &fresh);
                }
                Ok(Reply::Error { code, .. }) if code == "authorization_pending" => {}
                Ok(Reply::Error { code, .. }) if code == "slow_down" => {
                    interval = (interval + SLOWER).min(INTERVAL_LONGEST)
                }
                Ok(Reply::Error { code, description }) => {
                    let hidden = [self.code.expose_secret()];
                    return Err(judge(&host, &sign_in.user, &code, &description, &hidden).into());
                }
                // RFC 8628, 3.5: a server that is away is asked less often.
                Err(error) if is_away(&error) => {
                    interval = (interval * 2).clamp(Duration::from_secs(1), INTERVAL_LONGEST)
                }
                // A proxy's page may pass.
                Err(OauthError::Nonsense { .. }) if nonsense < 2 => nonsense += 1,
                Err(error) => return Err(error),
            }
        }
    }
}
