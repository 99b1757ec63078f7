//! One question to a server of sign-ins: a form posted, JSON read, every other answer told for what it is.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::error::OauthError;
use super::refusal::judge;
use super::{SignIn, now};
use crate::model::Time;
use crate::net::http::{Answer, Client, HttpError};

/// A server of sign-ins that is silent for longer is away.
const LIMIT: Duration = Duration::from_secs(30);
/// No token lives longer, in seconds; whoever says so has counted in milliseconds.
const LIFE_LONGEST_S: i64 = 400 * Time::DAY;

/// What a sign-in gives.
pub(super) struct Tokens {
    pub access: SecretString,
    /// `None`: the one that was used stays good (RFC 6749, 6).
    pub refresh: Option<SecretString>,
    pub life_s: Option<i64>,
    /// When the question was asked, if anybody knows the time.
    pub asked_at: Option<Time>,
}

/// Nothing but how long it lives is anybody's business.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("life_s", &self.life_s).finish_non_exhaustive()
    }
}

/// What came back: the object, or the error's code with what was said about it.
pub(super) enum Reply {
    Given(Value),
    Error { code: String, description: String },
}

/// Posts `fields` with the client's own. Blocks.
pub(super) fn ask(sign_in: &SignIn, url: &str, fields: &[(&str, &str)]) -> Result<Reply, OauthError> {
    let secret = sign_in.client_secret.as_ref().map(crate::net::Secret::read).transpose()?;
    let mut form = vec![("client_id", sign_in.client_id.as_str())];
    form.extend(secret.as_ref().map(|s| ("client_secret", s.expose_secret())));
    form.extend_from_slice(fields);
    let client = Client::new(sign_in.ca_file.as_deref(), LIMIT)?;
    let answer = client.post_form(url, &form)?;
    read(&host_of(url), &answer)
}

/// As [`ask`], off the runtime's own threads.
pub(super) async fn ask_async(
    sign_in: &SignIn,
    url: &str,
    fields: Vec<(&'static str, SecretString)>,
) -> Result<Reply, OauthError> {
    let (sign_in, url) = (sign_in.clone(), url.to_owned());
    let asked = tokio::task::spawn_blocking(move || {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.expose_secret())).collect();
        ask(&sign_in, &url, &fields)
    });
    asked.await.map_err(|e| OauthError::Bug(format!("a bug: asking for a token failed: {e}")))?
}

/// Exchanges a code or a refresh token. What `fields` hold is cut out of any words. Blocks.
pub(super) fn ask_for_tokens(sign_in: &SignIn, fields: &[(&str, &str)]) -> Result<Tokens, OauthError> {
    let asked_at = now();
    match ask(sign_in, &sign_in.token_url, fields)? {
        Reply::Given(value) => tokens(sign_in, &value, asked_at),
        Reply::Error { code, description } => {
            let hidden: Vec<&str> = fields.iter().map(|f| f.1).filter(|v| v.len() > 24).collect();
            Err(judge(&host_of(&sign_in.token_url), &sign_in.user, &code, &description, &hidden).into())
        }
    }
}

/// The tokens in an answer.
pub(super) fn tokens(sign_in: &SignIn, value: &Value, asked_at: Option<Time>) -> Result<Tokens, OauthError> {
    let secret = |key: &str| value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(SecretString::from);
    let host = host_of(&sign_in.token_url);
    let access = secret("access_token")
        .ok_or_else(|| OauthError::Nonsense { host: host.clone(), what: "JSON without an access token".to_owned() })?;
    let kind = value.get("token_type").and_then(Value::as_str).unwrap_or("Bearer");
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(OauthError::Nonsense { host, what: "a token of another kind than Bearer".to_owned() });
    }
    let life_s = seconds(value, "expires_in").filter(|s| (1..=LIFE_LONGEST_S).contains(s));
    Ok(Tokens { access, refresh: secret("refresh_token"), life_s, asked_at })
}

/// A number of seconds, which some write in quotes.
pub(super) fn seconds(value: &Value, key: &str) -> Option<i64> {
    let value = value.get(key)?;
    value.as_i64().or_else(|| value.as_f64().map(|f| f as i64)).or_else(|| value.as_str()?.trim().parse().ok())
}

fn read(host: &str, answer: &Answer) -> Result<Reply, OauthError> {
    if answer.status == 429 || answer.status >= 500 {
        return Err(OauthError::Busy { host: host.to_owned(), status: answer.status });
    }
    let nonsense = |what: String| OauthError::Nonsense { host: host.to_owned(), what };
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(&answer.body) else {
        let is_page = answer.content_type.contains("html") || answer.body.trim_start().starts_with('<');
        let what = match answer.body.trim() {
            "" => "an empty page",
            _ if is_page => "a web page",
            _ => "something that is no JSON",
        };
        return Err(nonsense(format!("{what} (status {})", answer.status)));
    };
    match fields.get("error") {
        None if (200..300).contains(&answer.status) => Ok(Reply::Given(Value::Object(fields))),
        None => Err(nonsense(format!("status {} and no reason", answer.status))),
        Some(error) => {
            let code = match error {
                Value::String(code) => code.clone(),
                // Google's other services answer so.
                Value::Object(inner) => inner.get("status").and_then(Value::as_str).unwrap_or("error").to_owned(),
                _ => "error".to_owned(),
            };
            if ["temporarily_unavailable", "server_error"].contains(&code.as_str()) {
                return Err(OauthError::Busy { host: host.to_owned(), status: answer.status });
            }
            let words = ["error_description", "error_uri"].into_iter().find_map(|k| fields.get(k)?.as_str());
            Ok(Reply::Error { code, description: words.unwrap_or_default().to_owned() })
        }
    }
}

/// The host in a URL that was checked when the configuration was.
pub(super) fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

/// A value in a query (RFC 3986, 3.4).
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The pairs of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |p: &str| {
        let (key, value) = p.split_once('=').unwrap_or((p, ""));
        (unescape(key), unescape(value))
    };
    query.split('&').filter(|p| !p.is_empty()).map(pair).collect()
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|d| std::str::from_utf8(d).ok());
        match (byte, digits.and_then(|d| u8::from_str_radix(d, 16).ok())) {
            (b'+', _) => out.push(b' '),
            (b'%', Some(code)) => {
                out.push(code);
                at += 2;
            }
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Any answer whose transport failed, as one of ours.
pub(super) fn is_away(error: &OauthError) -> bool {
    matches!(error, OauthError::Http(HttpError::Network { .. }) | OauthError::Busy { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_told_for_what_it_is() {
        let check = |status: u16, kind: &str, body: &str, expect: &str| {
            let answer = Answer { status, content_type: kind.to_owned(), body: body.to_owned() };
            let told = match read("login.test", &answer) {
                Ok(Reply::Given(value)) => format!("given {value}"),
                Ok(Reply::Error { code, description }) => format!("error {code}: {description}"),
                Err(error) => error.to_string(),
            };
            assert!(told.contains(expect), "{status} {body}: {told}");
        };
        check(200, "application/json", r#"{"a":1}"#, r#"given {"a":1}"#);
        check(
            400,
            "application/json",
            r#"{"error":"invalid_grant","error_description":"Bad"}"#,
            "error invalid_grant: Bad",
        );
        // GitHub's way.
        check(200, "application/json", r#"{"error":"slow_down"}"#, "error slow_down: ");
        check(
            401,
            "application/json",
            r#"{"error":{"status":"UNAUTHENTICATED","code":401}}"#,
            "error UNAUTHENTICATED: ",
        );
        check(
            200,
            "text/html",
            "<!doctype html><p>Sign in to the hotel",
            "login.test answered with a web page (status 200)",
        );
        check(404, "", "<html>", "a web page (status 404)");
        check(200, "application/json", "", "an empty page");
        check(200, "text/plain", "access_token=x", "something that is no JSON");
        check(200, "application/json", "[]", "something that is no JSON");
        check(403, "application/json", "{}", "status 403 and no reason");
        check(503, "text/html", "<html>", "login.test is busy or broken (status 503)");
        check(429, "application/json", r#"{"error":"slow_down"}"#, "busy");
        check(400, "application/json", r#"{"error":"temporarily_unavailable"}"#, "busy");
    }

    #[test]
    fn queries_are_written_and_read() {
        let check = |plain: &str, written: &str| {
            assert_eq!(escape(plain), written);
            assert_eq!(
                pairs(&format!("a={written}&b")),
                [("a".to_owned(), plain.to_owned()), ("b".to_owned(), String::new())]
            );
        };
        check("a-b.c_d~1", "a-b.c_d~1");
        check("https://x.test/ å&=+%", "https%3A%2F%2Fx.test%2F%20%C3%A5%26%3D%2B%25");
        assert_eq!(
            pairs("&x=1+2&y=%4&z=%zz%C3%A5"),
            [("x", "1 2"), ("y", "%4"), ("z", "%zzå")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        for (url, host) in [("https://a.test/b?c", "a.test"), ("http://127.0.0.1:8/x", "127.0.0.1:8"), ("a", "a")] {
            assert_eq!(host_of(url), host);
        }
    }
}
