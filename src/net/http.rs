//! One request over HTTP: forms posted to a sign-in, small files fetched. Everything is bounded, nothing is logged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::tls;

/// No answer that svar asks for is bigger.
const MAX_BYTES: u64 = 256 * 1024;
/// As in a browser's chain of sign-in pages; a loop ends here.
const MAX_REDIRECTS: u32 = 5;

/// What a server answered, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Without its parameters, in lower case; empty if none was stated.
    pub content_type: String,
    /// Bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// The body may hold a token.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.status, self.content_type, self.body.len())
    }
}

/// No answer came. Names the host alone: what was asked may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    #[error("{0} is no address of a web server")]
    Url(String),
    #[error("{host} would have to be asked without TLS; only this machine itself may be")]
    Insecure { host: String },
    #[error("{host} cannot be reached: {reason}")]
    Network { host: String, reason: String },
    #[error("{host} answered with more than 256 kB")]
    TooBig { host: String },
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
}

/// A client with roots and patience of its own; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

impl Client {
    /// Believes the machine's root certificates and those in `ca_file` (PEM). Each request ends within `limit`, whatever the
    /// server does. Blocks on files.
    pub fn new(ca_file: Option<&Path>, limit: Duration) -> Result<Self, HttpError> {
        let roots: Vec<Certificate<'static>> =
            tls::certificates(ca_file)?.iter().map(|der| Certificate::from_der(der.as_ref()).to_owned()).collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(MAX_REDIRECTS)
            .timeout_global(Some(limit))
            .user_agent(concat!("svar/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent() })
    }

    /// Fetches `url`, following a few redirects. Blocks.
    pub fn get(&self, url: &str) -> Result<Answer, HttpError> {
        let host = host_of(url)?;
        answer(&host, self.agent.get(url).call())
    }

    /// Posts a form (`application/x-www-form-urlencoded`); `Accept` asks for JSON. Blocks.
    pub fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Answer, HttpError> {
        let host = host_of(url)?;
        let request = self.agent.post(url).header("Accept", "application/json");
        answer(&host, request.send_form(fields.iter().copied()))
    }
}

/// The host of an `https:` URL; `http:` is let through to this machine alone, where tests and forwards are.
fn host_of(url: &str) -> Result<String, HttpError> {
    let wrong = || HttpError::Url(url.split(['?', '#']).next().unwrap_or_default().to_owned());
    let uri: ureq::http::Uri = url.parse().map_err(|_| wrong())?;
    let host = uri.host().ok_or_else(wrong)?.to_owned();
    match uri.scheme_str() {
        Some("https") => Ok(host),
        Some("http") if ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) => Ok(host),
        Some("http") => Err(HttpError::Insecure { host }),
        _ => Err(wrong()),
    }
}

fn answer(host: &str, got: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Answer, HttpError> {
    let lost = |error: ureq::Error| HttpError::Network { host: host.to_owned(), reason: error.to_string() };
    let mut response = got.map_err(lost)?;
    let content_type = response.body().mime_type().unwrap_or_default().to_ascii_lowercase();
    let read = response.body_mut().with_config().limit(MAX_BYTES).lossy_utf8(true).read_to_string();
    let body = read.map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(_) => HttpError::TooBig { host: host.to_owned() },
        other => lost(other),
    })?;
    Ok(Answer { status: response.status().as_u16(), content_type, body })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `reply` and hands back what was asked.
    fn server(reply: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = stream.read(&mut bytes) {
                asked.extend_from_slice(&bytes[..n]);
                let text = String::from_utf8_lossy(&asked);
                let length: Option<usize> =
                    text.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0)) {
                    break;
                }
            }
            let _ = stream.write_all(&reply);
            String::from_utf8(asked).unwrap()
        });
        (url, thread)
    }

    #[test]
    fn a_form_is_posted_and_its_answer_read_whatever_the_status() {
        let reply = "HTTP/1.1 400 Bad Request\r\nContent-Type: Application/JSON; charset=utf-8\r\n\
                     Content-Length: 9\r\n\r\n{\"a\":\"b\"}";
        let (url, thread) = server(reply.as_bytes().to_vec());
        let client = Client::new(None, Duration::from_secs(10)).unwrap();
        let answer = client.post_form(&url, &[("client_id", "a b&c"), ("scope", "å")]).unwrap();
        let got = (answer.status, answer.content_type.as_str(), answer.body.as_str());
        assert_eq!(got, (400, "application/json", r#"{"a":"b"}"#));
        let asked = thread.join().unwrap();
        assert!(asked.starts_with("POST /token HTTP/1.1\r\n"), "{asked}");
        assert!(asked.replace('+', "%20").ends_with("client_id=a%20b%26c&scope=%C3%A5"), "{asked}");
        assert_eq!(format!("{answer:?}"), "400 application/json (9 bytes)");
    }

    #[test]
    fn an_endless_answer_a_closed_port_and_a_wrong_address_are_said_without_the_query() {
        let mut reply = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        reply.resize(reply.len() + 300 * 1024, b'x');
        let (url, thread) = server(reply);
        let client = Client::new(None, Duration::from_secs(10)).unwrap();
        assert_eq!(client.get(&url), Err(HttpError::TooBig { host: "127.0.0.1".to_owned() }));
        thread.join().unwrap();
        let check = |url: &str, expect: &str| {
            let error = client.get(url).unwrap_err().to_string();
            assert!(error.contains(expect) && !error.contains("hemlig"), "{url}: {error}");
        };
        check("http://127.0.0.1:1/?code=hemlig", "127.0.0.1 cannot be reached");
        check("http://example.test/?code=hemlig", "without TLS");
        check("ftp://example.test/?code=hemlig", "no address of a web server");
        check("hello?code=hemlig", "no address of a web server");
    }
}
