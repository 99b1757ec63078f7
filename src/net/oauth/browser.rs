//! Signing in with a browser that comes back to this machine (RFC 8252), or whose last address is pasted; with PKCE (RFC 7636).

use std::time::Duration;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout, timeout_at};

use super::endpoint::{ask_for_tokens, escape, host_of, pairs};
use super::error::OauthError;
use super::refusal::judge;
use super::{SignIn, store};

/// Somebody who has not come back by then has given up.
const LIMIT: Duration = Duration::from_secs(900);
/// What a browser may take to say what it wants.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
const REQUEST_BYTES: usize = 16 * 1024;

/// Random bytes that nobody else knows: the verifier and the state come of them.
#[derive(Clone, Copy)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// Two values that tell nothing of each other.
    fn derive(self, what: &str) -> String {
        let bytes = [what.as_bytes(), self.0.as_slice()].concat();
        data_encoding::BASE64URL_NOPAD.encode(digest(&SHA256, &bytes).as_ref())
    }
}

/// `S256` of a verifier (RFC 7636, 4.2).
fn challenge(verifier: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref())
}

/// A question that waits for its answer from a browser.
pub struct Browser {
    /// To be opened in a browser: on this machine, or elsewhere and its last address pasted here.
    pub url: String,
    listener: TcpListener,
    redirect: String,
    verifier: SecretString,
    state: String,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

/// What a request or a pasted line says.
enum Heard {
    /// Another page, an icon, a stranger's link.
    Nothing(&'static str),
    Code(SecretString),
    Error {
        code: String,
        description: String,
    },
}

impl Browser {
    /// Listens on a free port of 127.0.0.1 and writes down what to ask.
    ///
    /// # Errors
    /// The provider has no such page, or there is no port to listen on.
    pub async fn listen(sign_in: &SignIn, seed: Seed) -> Result<Self, OauthError> {
        let Some(page) = &sign_in.authorize_url else {
            return Err(OauthError::Foreign("authorize_url is not set, so there is no page to sign in at".to_owned()));
        };
        let no_port = |e: std::io::Error| OauthError::Foreign(format!("no port of 127.0.0.1 can be listened on: {e}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        // Without a path: so it is registered, and Microsoft compares them to the letter but for the port.
        let redirect = format!("http://{}:{port}", sign_in.provider.loopback());
        let (verifier, state) = (seed.derive("verifier"), seed.derive("state"));
        let scope = sign_in.scopes.join(" ");
        let challenge = challenge(&verifier);
        let mut fields = vec![
            ("client_id", sign_in.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", &redirect),
            ("scope", &scope),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", &sign_in.user),
        ];
        fields.extend_from_slice(sign_in.provider.extra());
        let query: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect();
        let url = format!("{page}{}{}", if page.contains('?') { '&' } else { '?' }, query.join("&"));
        Ok(Self { url, listener, redirect, verifier: SecretString::from(verifier), state })
    }

    /// Where the browser comes back to.
    #[must_use]
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// How long somebody may take.
    #[must_use]
    pub const fn life(&self) -> Duration {
        LIMIT
    }

    /// Waits for the browser, or for its address among `pasted` lines, and keeps the tokens. `say` is told of what was no answer.
    ///
    /// # Errors
    /// It was declined, or nobody came back in time; the code is refused; the tokens cannot be kept.
    pub async fn wait(
        self,
        sign_in: &SignIn,
        mut pasted: UnboundedReceiver<String>,
        mut say: impl FnMut(&str),
    ) -> Result<(), OauthError> {
        let ends = Instant::now() + LIMIT;
        let mut is_pasting = true;
        let heard = loop {
            let next = async {
                tokio::select! {
                    came = self.listener.accept() => match came {
                        Ok((stream, _)) => self.answer(stream).await,
                        Err(_) => Heard::Nothing(""),
                    },
                    line = pasted.recv(), if is_pasting => match line {
                        Some(line) if line.trim().is_empty() => Heard::Nothing(""),
                        Some(line) => self.understand(line.trim()),
                        None => {
                            is_pasting = false;
                            Heard::Nothing("")
                        }
                    },
                }
            };
            match timeout_at(ends, next).await {
                Err(_) => return Err(OauthError::Unfinished { minutes: LIMIT.as_secs() / 60 }),
                Ok(Heard::Nothing("")) => {}
                Ok(Heard::Nothing(why)) => say(why),
                Ok(answer) => break answer,
            }
        };
        let code = match heard {
            Heard::Code(code) => code,
            Heard::Error { code, description } => {
                let page = sign_in.authorize_url.as_deref().unwrap_or_default();
                return Err(judge(&host_of(page), &sign_in.user, &code, &description, &[]).into());
            }
            Heard::Nothing(_) => return Err(OauthError::Unfinished { minutes: 0 }),
        };
        let (own, redirect, verifier) = (sign_in.clone(), self.redirect.clone(), self.verifier.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.expose_secret()),
                ("redirect_uri", &redirect),
                ("code_verifier", verifier.expose_secret()),
            ];
            let fresh = ask_for_tokens(&own, &fields)?;
            store::keep_new(&own, &fresh)
        });
        asked.await.map_err(|e| OauthError::Bug(format!("a bug: asking for a token failed: {e}")))?
    }

    /// Hears what a browser asks for, and tells whoever sits there.
    async fn answer(&self, mut stream: TcpStream) -> Heard {
        let heard = match timeout(REQUEST_LIMIT, request(&mut stream)).await {
            Ok(Some(target)) => self.understand(&target),
            _ => return Heard::Nothing(""),
        };
        let (status, text) = match &heard {
            Heard::Code(_) => ("200 OK", "Back to the terminal: svar goes on there. This page can be closed."),
            Heard::Error { .. } => ("200 OK", "The sign-in was not given. The terminal says why."),
            Heard::Nothing(_) => ("404 Not Found", "There is nothing here."),
        };
        let page = format!("<!doctype html><meta charset=utf-8><title>svar</title><p>{text}</p>\n");
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
            page.len()
        );
        let _ = timeout(REQUEST_LIMIT, async {
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(page.as_bytes()).await?;
            stream.shutdown().await
        })
        .await;
        heard
    }

    /// A request's target, or an address as it stands in a browser.
    fn understand(&self, address: &str) -> Heard {
        let Some((_, query)) = address.split_once('?') else {
            return Heard::Nothing(if address.starts_with('/') {
                ""
            } else {
                "that is no address that the browser was sent back to; paste it whole, from http:// to its end"
            });
        };
        let pairs = pairs(query.split('#').next().unwrap_or_default());
        let value = |key: &str| pairs.iter().find(|p| p.0 == key).map(|p| p.1.clone()).filter(|v| !v.is_empty());
        // Only whoever saw the question knows its state (RFC 6749, 10.12).
        if value("state").as_deref() != Some(self.state.as_str()) {
            return Heard::Nothing("an answer to another sign-in was ignored; use the address that is shown here");
        }
        match (value("error"), value("code")) {
            (Some(code), _) => Heard::Error { code, description: value("error_description").unwrap_or_default() },
            (None, Some(code)) => Heard::Code(SecretString::from(code)),
            (None, None) => Heard::Nothing("an answer without a code was ignored"),
        }
    }
}

/// The target of a GET.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut some = [0; 2048];
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        let n = stream.read(&mut some).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&some[..n]);
        if bytes.len() > REQUEST_BYTES {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut words = text.lines().next()?.split(' ');
    (words.next() == Some("GET")).then_some(())?;
    words.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let seed = Seed([7; 32]);
        assert_eq!(seed.derive("verifier").len(), 43);
        assert_ne!(seed.derive("verifier"), seed.derive("state"));
        assert_eq!(format!("{seed:?}"), "Seed");
    }
}
