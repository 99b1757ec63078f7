//! A provider of sign-ins for tests, on loopback: device codes, browser, refresh with rotation, revocation, and every bad mood.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use svar::net::oauth::{Provider as Name, SignIn};

pub const CLIENT: &str = "desk-client";

/// What the provider answers besides doing what it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    #[default]
    Good,
    /// A page, as of a hotel's network.
    Html,
    Busy,
    /// Says "slow down" to the next poll.
    SlowDown,
    /// Gives no refresh token.
    Forgetful,
}

#[derive(Debug)]
struct Access {
    user: String,
    ends: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Refresh {
    Good,
    /// Another was given for it, which nobody has used yet.
    Replaced,
    Revoked,
}

#[derive(Debug)]
struct State {
    mood: Mood,
    life: Duration,
    /// The old refresh token is worth nothing as soon as it was used; shown again, all end.
    strict: bool,
    /// After deciding, before answering.
    delay: Duration,
    token_bytes: usize,
    made: u64,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, (String, Refresh)>,
    /// Device code to user code and who has entered it; `Err`: declined.
    devices: BTreeMap<String, (String, Option<Result<String, ()>>)>,
    /// Code to challenge and user.
    codes: BTreeMap<String, (String, String)>,
    secret: Option<String>,
    asked: Vec<String>,
}

/// Runs until the process ends.
#[derive(Clone, Debug)]
pub struct Provider {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State {
            mood: Mood::Good,
            life: Duration::from_secs(3600),
            strict: false,
            delay: Duration::ZERO,
            token_bytes: 40,
            made: 0,
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            devices: BTreeMap::new(),
            codes: BTreeMap::new(),
            secret: None,
            asked: Vec::new(),
        };
        let provider = Self { port, state: Arc::new(Mutex::new(state)) };
        let serving = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = serving.clone();
                std::thread::spawn(move || provider.serve(&stream));
            }
        });
        provider
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The sign-in of a user here, with its tokens in `dir`.
    pub fn sign_in(&self, user: &str, dir: &Path) -> SignIn {
        SignIn {
            provider: Name::Custom,
            client_id: CLIENT.to_owned(),
            client_secret: None,
            device_url: Some(self.url("device")),
            authorize_url: Some(self.url("authorize")),
            token_url: self.url("token"),
            scopes: vec!["mail".to_owned(), "offline_access".to_owned()],
            user: user.to_owned(),
            ca_file: None,
            dir: dir.join("oauth2"),
        }
    }

    /// The same as it stands in a configuration.
    pub fn toml(&self) -> String {
        format!(
            "{{ provider = \"custom\", client_id = \"{CLIENT}\", device_url = \"{}\", authorize_url = \"{}\", token_url = \"{}\", \
             scopes = [\"mail\", \"offline_access\"] }}",
            self.url("device"),
            self.url("authorize"),
            self.url("token")
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }

    pub fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// How long access tokens live from now on.
    pub fn set_life(&self, life: Duration) {
        self.state().life = life;
    }

    pub fn be_strict(&self) {
        self.state().strict = true;
    }

    pub fn answer_late(&self, delay: Duration) {
        self.state().delay = delay;
    }

    pub fn make_long_tokens(&self) {
        self.state().token_bytes = 1500;
    }

    /// From now on the client must show this secret.
    pub fn want_secret(&self, secret: &str) {
        self.state().secret = Some(secret.to_owned());
    }

    /// Somebody enters the code, and signs in as `user`.
    pub fn approve(&self, user_code: &str, user: &str) {
        self.enter(user_code, Ok(user.to_owned()));
    }

    pub fn decline(&self, user_code: &str) {
        self.enter(user_code, Err(()));
    }

    fn enter(&self, user_code: &str, who: Result<String, ()>) {
        let mut state = self.state();
        let device = state.devices.values_mut().find(|d| d.0 == user_code).expect("a code that was given out");
        device.1 = Some(who);
    }

    /// Every access token is over, as after an hour.
    pub fn end_access(&self) {
        self.state().access.clear();
    }

    /// The user throws the application out.
    pub fn revoke(&self, user: &str) {
        let mut state = self.state();
        state.access.retain(|_, a| a.user != user);
        for (_, standing) in state.refresh.values_mut().filter(|r| r.0 == user) {
            *standing = Refresh::Revoked;
        }
    }

    /// How often a path was asked for with this in the form.
    pub fn asked(&self, words: &str) -> usize {
        self.state().asked.iter().filter(|a| a.contains(words)).count()
    }

    /// Every token that was ever given out.
    pub fn secrets(&self) -> Vec<String> {
        let state = self.state();
        state.access.keys().chain(state.refresh.keys()).cloned().collect()
    }

    /// The refresh tokens that still work.
    pub fn good_refresh_tokens(&self) -> Vec<String> {
        let state = self.state();
        state.refresh.iter().filter(|(_, r)| r.1 != Refresh::Revoked).map(|(token, _)| token.clone()).collect()
    }

    fn serve(&self, stream: &TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let Some((target, form)) = read_request(stream) else { return };
        let (status, kind, body) = self.answer(&target, &form);
        let delay = self.state().delay;
        if !delay.is_zero() && target.starts_with("/token") {
            std::thread::sleep(delay);
        }
        let (location, body) = match status {
            302 => (format!("Location: {body}\r\n"), String::new()),
            _ => (String::new(), body),
        };
        let mut stream = stream;
        let _ = write!(
            stream,
            "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\n{location}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
    }

    fn answer(&self, target: &str, form: &BTreeMap<String, String>) -> (u16, &'static str, String) {
        const JSON: &str = "application/json";
        let mut state = self.state();
        let path = target.split('?').next().unwrap_or_default();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        state.asked.push(format!("{path} {} {}", field("grant_type"), field("scope")));
        if path == "/introspect" {
            let now = Instant::now();
            let known = state.access.get(field("token")).filter(|a| a.ends > now);
            let said = known.map_or_else(
                || r#"{"active":false}"#.to_owned(),
                |a| format!(r#"{{"active":true,"username":"{}"}}"#, a.user),
            );
            return (200, JSON, said);
        }
        match state.mood {
            Mood::Html => return (200, "text/html", "<!doctype html><title>Welcome to the hotel</title>".to_owned()),
            Mood::Busy => return (503, "text/html", "<h1>Service Unavailable</h1>".to_owned()),
            Mood::SlowDown if path == "/token" => {
                state.mood = Mood::Good;
                return (400, JSON, r#"{"error":"slow_down"}"#.to_owned());
            }
            _ => {}
        }
        if path == "/link" {
            // The page that a person opens: who is signed in there enters a code.
            let device = state.devices.values_mut().find(|d| d.0 == field("code"));
            let Some(device) = device else { return (404, "text/plain", "This code is not known.\n".to_owned()) };
            device.1 = Some(Ok(field("user").to_owned()));
            return (200, "text/plain", "Thank you. You may close this page.\n".to_owned());
        }
        let error =
            |code: &str, words: &str| (400, JSON, format!(r#"{{"error":"{code}","error_description":"{words}"}}"#));
        if path == "/authorize" {
            let query = decode(target.split_once('?').map_or("", |(_, query)| query));
            let code = state.make("code");
            let who = query.get("login_hint").cloned().unwrap_or_default();
            state.codes.insert(code.clone(), (query["code_challenge"].clone(), who));
            return (302, "text/html", format!("{}/?code={code}&state={}", query["redirect_uri"], query["state"]));
        }
        if field("client_id") != CLIENT || state.secret.as_deref().is_some_and(|s| field("client_secret") != s) {
            return error("invalid_client", "AADSTS7000215: Invalid client secret provided. Trace ID: 1234");
        }
        match (path, field("grant_type")) {
            ("/device", _) => {
                let (device, user) = (state.make("device"), format!("CODE-{}", state.made));
                state.devices.insert(device.clone(), (user.clone(), None));
                let link = self.url("link");
                let said = format!(
                    r#"{{"device_code":"{device}","user_code":"{user}","verification_uri":"{link}","expires_in":30,"interval":1}}"#
                );
                (200, JSON, said)
            }
            ("/token", "urn:ietf:params:oauth:grant-type:device_code") => {
                match state.devices.get(field("device_code")).map(|d| d.1.clone()) {
                    None => error("expired_token", ""),
                    Some(None) => error("authorization_pending", ""),
                    Some(Some(Err(()))) => error("access_denied", "The user said no."),
                    Some(Some(Ok(user))) => (200, JSON, state.tokens(&user)),
                }
            }
            ("/token", "authorization_code") => {
                let Some((challenge, user)) = state.codes.remove(field("code")) else {
                    return error("invalid_grant", "The code is not known.");
                };
                let digest = ring::digest::digest(&ring::digest::SHA256, field("code_verifier").as_bytes());
                if data_encoding::BASE64URL_NOPAD.encode(digest.as_ref()) != challenge {
                    return error("invalid_grant", "PKCE failed.");
                }
                (200, JSON, state.tokens(&user))
            }
            ("/token", "refresh_token") => {
                let shown = field("refresh_token").to_owned();
                let strict = state.strict;
                match state.refresh.get_mut(&shown) {
                    Some((user, standing))
                        if *standing != Refresh::Revoked && !(strict && *standing == Refresh::Replaced) =>
                    {
                        let user = user.clone();
                        *standing = Refresh::Replaced;
                        // Whoever uses the new one has it safe: what was before it ends.
                        for (token, (owner, old)) in &mut state.refresh {
                            if *owner == user && *token != shown && *old == Refresh::Replaced {
                                *old = Refresh::Revoked;
                            }
                        }
                        (200, JSON, state.tokens(&user))
                    }
                    Some((user, _)) => {
                        let user = user.clone();
                        for (_, standing) in state.refresh.values_mut().filter(|r| r.0 == user) {
                            *standing = Refresh::Revoked;
                        }
                        error(
                            "invalid_grant",
                            &format!("AADSTS50173: The grant {shown} was revoked.\\r\\nTrace ID: 77"),
                        )
                    }
                    None => error("invalid_grant", "Unknown."),
                }
            }
            _ => (404, "text/html", "<h1>Not found</h1>".to_owned()),
        }
    }
}

impl State {
    fn make(&mut self, what: &str) -> String {
        self.made += 1;
        let mut token = format!("{what}.{}.", self.made);
        while token.len() < self.token_bytes {
            token.push_str("abcdefgh");
        }
        token
    }

    fn tokens(&mut self, user: &str) -> String {
        let access = self.make("access");
        self.access.insert(access.clone(), Access { user: user.to_owned(), ends: Instant::now() + self.life });
        let life_s = self.life.as_secs();
        if self.mood == Mood::Forgetful {
            return format!(r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{life_s}}}"#);
        }
        let refresh = self.make("refresh");
        self.refresh.insert(refresh.clone(), (user.to_owned(), Refresh::Good));
        format!(
            r#"{{"access_token":"{access}","token_type":"bearer","expires_in":{life_s},"refresh_token":"{refresh}"}}"#
        )
    }
}

/// The target, and the form if one was posted.
fn read_request(stream: &TcpStream) -> Option<(String, BTreeMap<String, String>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|n| *n > 0)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((target, decode(&String::from_utf8_lossy(&body))))
}

fn decode(form: &str) -> BTreeMap<String, String> {
    let plain = |text: &str| {
        let bytes = text.replace('+', " ").into_bytes();
        let mut out = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((byte, after)) = rest.split_first() {
            let code = (*byte == b'%').then(|| std::str::from_utf8(after.get(..2)?).ok()).flatten();
            match code.and_then(|c| u8::from_str_radix(c, 16).ok()) {
                Some(decoded) => {
                    out.push(decoded);
                    rest = &after[2..];
                }
                None => {
                    out.push(*byte);
                    rest = after;
                }
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    form.split('&').filter_map(|p| p.split_once('=')).map(|(k, v)| (plain(k), plain(v))).collect()
}

/// What a browser does with an address: it goes there, and on to where it is sent. The last page, and its address.
pub fn browse(url: &str) -> (String, String) {
    let mut at = url.to_owned();
    for _ in 0..3 {
        let rest = at.strip_prefix("http://").expect("a loopback address");
        let (place, target) = rest.split_once('/').expect("a path");
        let mut stream = TcpStream::connect(place.replace("localhost", "127.0.0.1")).expect("somebody listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        write!(stream, "GET /{target} HTTP/1.1\r\nHost: {place}\r\n\r\n").expect("it takes a request");
        let mut page = String::new();
        let _ = stream.read_to_string(&mut page);
        match page.lines().find_map(|l| l.strip_prefix("Location: ")) {
            Some(next) => at = next.trim().to_owned(),
            None => return (page, at),
        }
    }
    panic!("sent in circles");
}
