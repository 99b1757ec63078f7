//! Signing in at a provider of the tests' own: codes, browsers, renewal, rotation, and what is said when it goes wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use svar::engine::clock;
use svar::net::imap::Session;
use svar::net::oauth::{self, Browser, DeviceCode, OauthError, Seed, SignIn, Standing};
use svar::net::smtp::Connection;
use svar::net::{Account, Credential, Secret};
use tokio::sync::mpsc::unbounded_channel;

use crate::lab::provider::{Mood, Provider, browse};
use crate::rogue::Rogue;
use crate::{HASTY, PATIENT};

const USER: &str = "support@example.test";

async fn sign_in(provider: &Provider, dir: &Path) -> SignIn {
    oauth::go_by(clock::now);
    let sign_in = provider.sign_in(USER, dir);
    let code = DeviceCode::ask(&sign_in).await.unwrap();
    provider.approve(&code.user_code, USER);
    code.wait(&sign_in).await.unwrap();
    sign_in
}

fn file(sign_in: &SignIn) -> PathBuf {
    let files = std::fs::read_dir(&sign_in.dir).unwrap().map(|f| f.unwrap().path());
    files.into_iter().find(|f| f.extension().is_some_and(|e| e != "lock" && e != "new")).unwrap()
}

fn kept(sign_in: &SignIn) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(file(sign_in)).unwrap()).unwrap()
}

/// So many seconds go by for the token that is kept.
fn age(sign_in: &SignIn, seconds: i64) {
    let mut all = kept(sign_in);
    all["obtained_at"] = (all["obtained_at"].as_i64().unwrap() - seconds).into();
    std::fs::write(file(sign_in), all.to_string()).unwrap();
}

/// The same sign-in in another directory, where nobody has asked for anything yet.
fn elsewhere(sign_in: &SignIn, dir: PathBuf) -> SignIn {
    let fresh = SignIn { dir, ..sign_in.clone() };
    std::fs::create_dir(&fresh.dir).unwrap();
    std::fs::copy(
        file(sign_in),
        file(sign_in).to_string_lossy().replace(&*sign_in.dir.to_string_lossy(), &fresh.dir.to_string_lossy()),
    )
    .unwrap();
    fresh
}

#[tokio::test]
async fn a_code_that_is_entered_gives_tokens_that_only_we_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    oauth::go_by(clock::now);
    let at = provider.sign_in(USER, dir.path());
    assert_eq!(oauth::standing(&at), Standing::Never);
    let never = oauth::access(&at).await.unwrap_err();
    assert_eq!(never.to_string(), format!("nobody has signed in as {USER} yet; run `svar sign-in {USER}`"));
    let code = DeviceCode::ask(&at).await.unwrap();
    assert_eq!((code.url.as_str(), code.life), (provider.url("link").as_str(), Duration::from_secs(30)));
    assert!(!format!("{code:?}").contains("device."), "{code:?}");
    provider.set_mood(Mood::SlowDown);
    provider.approve(&code.user_code, USER);
    let began = tokio::time::Instant::now();
    code.wait(&at).await.unwrap();
    // One second, "slow down", and then five more.
    assert!(began.elapsed() >= Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!(oauth::standing(&at), Standing::Good);
    assert!(oauth::access(&at).await.unwrap().expose_secret().starts_with("access."));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&at.dir), 0o700);
    for file in std::fs::read_dir(&at.dir).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    // Nobody else may read them, or they are not used.
    let file = std::fs::read_dir(&at.dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|f| f.extension().is_some_and(|e| e != "lock"));
    let file = file.unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(oauth::access(&at).await.unwrap_err().to_string().contains("others may read them; chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "{\"refresh_token\": \"hemlig").unwrap();
    let spoilt = oauth::access(&at).await.unwrap_err().to_string();
    assert!(spoilt.contains("damaged") && !spoilt.contains("hemlig"), "{spoilt}");
}

#[tokio::test]
async fn what_goes_wrong_with_a_code_is_said_and_nothing_is_stored() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    let at = provider.sign_in(USER, dir.path());
    let ask = async |at: &SignIn| DeviceCode::ask(at).await.unwrap_err().to_string();
    let check = |said: &str, expect: &str| {
        assert!(said.contains(expect), "{said}");
        assert!(!said.contains("device.") && !said.contains("Trace ID") && !said.contains('\n'), "{said}");
        assert_eq!(oauth::standing(&at), Standing::Never, "{said}");
    };
    provider.set_mood(Mood::Html);
    check(&ask(&at).await, "answered with a web page (status 200)");
    provider.set_mood(Mood::Busy);
    check(&ask(&at).await, "is busy or broken (status 503)");
    provider.set_mood(Mood::Good);
    let stranger = SignIn { client_id: "another".to_owned(), ..at.clone() };
    check(&ask(&stranger).await, "it must be the secret's Value");
    let closed = SignIn { device_url: Some("http://127.0.0.1:1/device".to_owned()), ..at.clone() };
    check(&ask(&closed).await, "127.0.0.1 cannot be reached");
    let none = SignIn { device_url: None, ..at.clone() };
    check(&ask(&none).await, "sign in with --browser");
    let unset = Some(Secret::Env("SVAR_NO_SUCH".to_owned()));
    check(&ask(&SignIn { client_secret: unset, ..at.clone() }).await, "the client secret is missing: the environment");

    let code = DeviceCode::ask(&at).await.unwrap();
    provider.decline(&code.user_code);
    let declined = code.wait(&at).await.unwrap_err();
    assert!(matches!(&declined, OauthError::Refused(r) if r.what == oauth::What::Declined), "{declined:?}");
    check(&declined.to_string(), "it was declined in the browser");
    let code = DeviceCode::ask(&at).await.unwrap();
    provider.approve(&code.user_code, USER);
    provider.set_mood(Mood::Forgetful);
    check(&code.wait(&at).await.unwrap_err().to_string(), "gave no refresh token");
    // Nobody enters it, and the server does not say that its time is over.
    provider.set_code_life(2);
    let code = DeviceCode::ask(&at).await.unwrap();
    let late = code.wait(&at).await.unwrap_err();
    assert!(matches!(&late, OauthError::Refused(r) if r.what == oauth::What::CodeExpired), "{late:?}");
    check(&late.to_string(), "not entered in time");
    // A server that has forgotten the code calls it expired.
    provider.set_mood(Mood::Good);
    let code = DeviceCode::ask(&at).await.unwrap();
    let elsewhere = Provider::start();
    let moved = SignIn { token_url: elsewhere.url("token"), ..at.clone() };
    check(&code.wait(&moved).await.unwrap_err().to_string(), "the code was not entered in time: nothing is stored");
}

#[tokio::test]
async fn a_browser_comes_back_with_our_state_or_its_address_is_pasted() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    let at = provider.sign_in(USER, dir.path());
    let browser = Browser::listen(&at, Seed([1; 32])).await.unwrap();
    assert!(
        browser.url.contains("code_challenge_method=S256") && browser.url.contains("login_hint=support%40example.test")
    );
    let (url, redirect) = (browser.url.clone(), browser.redirect().to_owned());
    let (_line, lines) = unbounded_channel();
    let person = tokio::task::spawn_blocking(move || {
        // A stranger's link, an icon, then the page itself.
        let (page, _) = browse(&format!("{redirect}/?code=stolen&state=guessed"));
        assert!(page.contains("404"), "{page}");
        let (page, _) = browse(&format!("{redirect}/favicon.ico"));
        assert!(page.contains("404"), "{page}");
        browse(&url)
    });
    let mut said = Vec::new();
    browser.wait(&at, lines, |what| said.push(what.to_owned())).await.unwrap();
    assert_eq!(said, ["an answer to another sign-in was ignored; use the address that is shown here"]);
    let (page, address) = person.await.unwrap();
    assert!(page.contains("Back to the terminal"), "{page}");
    assert_eq!(oauth::standing(&at), Standing::Good);

    // On another machine the last page does not open; its address is pasted, after something that is none.
    let browser = Browser::listen(&at, Seed([2; 32])).await.unwrap();
    let (line, lines) = unbounded_channel();
    let fresh = {
        let url = browser.url.clone();
        let query = tokio::task::spawn_blocking(move || {
            let rest = url.strip_prefix("http://").unwrap().to_owned();
            let (place, target) = rest.split_once('/').unwrap();
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(place).unwrap();
            write!(stream, "GET /{target} HTTP/1.1\r\n\r\n").unwrap();
            let mut page = String::new();
            stream.read_to_string(&mut page).unwrap();
            page.lines().find_map(|l| l.strip_prefix("Location: ")).unwrap().trim().to_owned()
        });
        query.await.unwrap()
    };
    for text in ["", "hello", &address, &fresh] {
        line.send(text.to_owned()).unwrap();
    }
    drop(line);
    let mut said = Vec::new();
    browser.wait(&at, lines, |what| said.push(what.to_owned())).await.unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("paste it whole") && said[1].contains("another sign-in"), "{said:?}");

    let browser = Browser::listen(&at, Seed([3; 32])).await.unwrap();
    let state = browser.url.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (line, lines) = unbounded_channel();
    line.send(format!("{}/?error=access_denied&state={state}", browser.redirect())).unwrap();
    let declined = browser.wait(&at, lines, |_| {}).await.unwrap_err().to_string();
    assert!(declined.contains("it was declined in the browser"), "{declined}");
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_by_one_and_rotation_is_kept() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    provider.be_strict();
    let at = sign_in(&provider, dir.path()).await;
    let first = oauth::access(&at).await.unwrap();
    let before = kept(&at);
    // Good for four minutes more.
    age(&at, 3600 - 4 * 60);
    // Ten who ask at once are one question: with a strict provider a second one would end it all.
    let all = futures_util::future::join_all((0..10).map(|_| oauth::access(&at))).await;
    let all: Vec<String> = all.into_iter().map(|t| t.unwrap().expose_secret().to_owned()).collect();
    assert!(all.iter().all(|t| *t == all[0] && t != first.expose_secret()), "{all:?}");
    assert_eq!(provider.asked("/token refresh_token"), 1);
    assert_ne!(kept(&at)["refresh_token"], before["refresh_token"]);
    // A second question is not needed for an hour.
    oauth::access(&at).await.unwrap();
    assert_eq!(provider.asked("/token refresh_token"), 1);

    // Refused by a mail server: anew, and not for ever.
    let refused = SecretString::from(all[0].clone());
    let other = oauth::renewed(&at, &refused).await.unwrap().unwrap();
    assert_ne!(other.expose_secret(), refused.expose_secret());
    assert_eq!(provider.asked("/token refresh_token"), 2);
    // Somebody else with the old one is handed the new one.
    assert_eq!(oauth::renewed(&at, &refused).await.unwrap().unwrap().expose_secret(), other.expose_secret());
    let mut refused = other;
    for _ in 0..2 {
        refused = oauth::renewed(&at, &refused).await.unwrap().unwrap();
    }
    assert!(oauth::renewed(&at, &refused).await.unwrap().is_none());
    assert_eq!(provider.asked("/token refresh_token"), 4);

    // A provider that gives no new refresh token lets the old one stand.
    let before = kept(&at);
    provider.set_mood(Mood::Forgetful);
    let fresh = elsewhere(&at, dir.path().join("copy"));
    let shown = SecretString::from(before["access_token"].as_str().unwrap().to_owned());
    oauth::renewed(&fresh, &shown).await.unwrap().unwrap();
    assert_eq!(kept(&fresh)["refresh_token"], before["refresh_token"]);
    assert_ne!(kept(&fresh)["access_token"], before["access_token"]);
}

#[tokio::test]
async fn a_sign_in_that_is_over_is_told_from_a_provider_that_is_away() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    let at = sign_in(&provider, dir.path()).await;
    age(&at, 3600 - 4 * 60);
    // It would be renewed by now, but it is good for four minutes more.
    provider.set_mood(Mood::Busy);
    oauth::access(&at).await.unwrap();
    assert_eq!(provider.asked("/token refresh_token"), 1);
    age(&at, 5 * 60);
    // Whoever has just failed is not asked again at once; here nobody has.
    let at = elsewhere(&at, dir.path().join("away"));
    let away = oauth::access(&at).await.unwrap_err();
    assert!(!away.needs_a_person() && away.to_string().contains("status 503"), "{away}");
    // Whoever comes right after hears the same, and nobody is asked.
    assert_eq!(oauth::access(&at).await.unwrap_err(), away);
    assert_eq!(provider.asked("/token refresh_token"), 2);
    assert_eq!(oauth::standing(&at), Standing::Good);

    provider.set_mood(Mood::Good);
    provider.revoke(USER);
    let at = elsewhere(&at, dir.path().join("over"));
    let over = oauth::access(&at).await.unwrap_err();
    let said = over.to_string();
    assert!(over.needs_a_person() && said.contains("svar sign-in support@example.test"), "{said}");
    assert!(!said.contains("refresh.") && !said.contains("Trace"), "no secret, no trace number: {said}");
    assert!(matches!(oauth::standing(&at), Standing::Refused { .. }));
    let asked = provider.asked("/token refresh_token");
    for _ in 0..3 {
        assert_eq!(oauth::access(&at).await.unwrap_err().to_string(), said);
    }
    assert_eq!(provider.asked("/token refresh_token"), asked, "no storm");
    let again = sign_in(&provider, dir.path()).await;
    assert_eq!(oauth::standing(&again), Standing::Good);
    oauth::access(&again).await.unwrap();
}

/// A scripted server's account, signed in by the token `access.N.…`.
async fn account(rogue: &Rogue, provider: &Provider, dir: &Path) -> Account {
    let sign_in = sign_in(provider, dir).await;
    let credential = Some(Credential::OAuth2(Box::new(sign_in)));
    Account { user: USER.to_owned(), credential, ..rogue.account.clone() }
}

#[tokio::test]
async fn imap_is_shown_a_token_as_it_likes() {
    let check = async |capabilities: &str, dialogue: &str, expect: &str| {
        let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
        let after = match expect {
            "ok" => "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: {t} OK",
            _ if dialogue.contains("BYE") => "",
            _ => "hang",
        };
        let script = format!(
            "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 {capabilities}\nS: {{t}} OK\n{dialogue}\n{after}"
        );
        let rogue = Rogue::play(&script);
        let account = account(&rogue, &provider, dir.path()).await;
        provider.set_mood(Mood::Busy);
        let told = match Session::connect(&account, HASTY).await {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(told.starts_with(expect), "{dialogue}: {told}");
        assert!(!told.contains("access."), "{told}");
        let heard = rogue.heard().unwrap_or_else(|e| panic!("{dialogue}: {e}"));
        let shown =
            heard.iter().flat_map(|l| l.split(' ')).filter_map(|w| data_encoding::BASE64.decode(w.as_bytes()).ok());
        let shown: Vec<String> = shown.map(|b| String::from_utf8_lossy(&b).replace('\x01', "^A")).collect();
        shown.into_iter().filter(|text| text.contains("auth=Bearer")).collect::<String>()
    };
    let x =
        check("AUTH=PLAIN AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR", "C: AUTHENTICATE XOAUTH2 dXNlcj\nS: {t} OK", "ok")
            .await;
    assert!(x.starts_with("user=support@example.test^Aauth=Bearer access."), "{x}");
    let b = check("AUTH=OAUTHBEARER SASL-IR", "C: AUTHENTICATE OAUTHBEARER \nS: * OK hello\nS: {t} OK in", "ok").await;
    assert!(b.starts_with("n,a=support@example.test,^Ahost=127.0.0.1^Aport="), "{b}");
    check("AUTH=XOAUTH2", "C: AUTHENTICATE XOAUTH2\nS: +\nC: dXNlcj\nS: {t} OK", "ok").await;
    // A refusal explains itself first, and wants that acknowledged in its own way. There is no better token now.
    let no = "S: {t} NO [AUTHENTICATIONFAILED] no";
    let sir = "AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR";
    check(sir, &format!("C: AUTHENTICATE\nS: + eyJzdGF0dXMiOiI0MDAifQ==\nC:\n{no}"), "127.0.0.1").await;
    check("AUTH=OAUTHBEARER", &format!("C: AUTHENTICATE\nS: + \nC: bix\nS: + e30=\nC: AQ==\n{no}"), "127.0.0.1").await;
    check(sir, "C: AUTHENTICATE\nS: + e30=\nC:\nS: + e30=", "the server does not keep to IMAP").await;
    check(sir, "C: AUTHENTICATE\nS: * BYE closing", "the server ended the session: closing").await;
    check(sir, "C: AUTHENTICATE\nS: {t} NO [UNAVAILABLE] later", "AUTHENTICATE was answered with NO").await;
    check("AUTH=PLAIN", "", "login refused: the server offers no sign-in by OAuth2").await;
}

#[tokio::test]
async fn smtp_is_shown_a_token_as_it_likes() {
    let check = async |offers: &str, dialogue: &str, expect: &str, long: bool| {
        let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
        if long {
            provider.make_long_tokens();
        }
        let ehlo = format!("C: EHLO desk.example.test\nS: 250-mx.test\nS: 250 {offers}");
        let rogue = Rogue::play(&format!("S: 220 ready\n{ehlo}\n{ehlo}\n{dialogue}\nhang"));
        let account = account(&rogue, &provider, dir.path()).await;
        provider.set_mood(Mood::Busy);
        let connected = Connection::connect(&account, "desk.example.test", PATIENT).await;
        let told = connected.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned());
        drop(connected);
        assert!(told.starts_with(expect) && !told.contains("access."), "{dialogue}: {told}");
        rogue.heard().unwrap_or_else(|e| panic!("{dialogue}: {e}"));
    };
    check("AUTH PLAIN XOAUTH2 OAUTHBEARER", "C: AUTH XOAUTH2 dXNlcj\nS: 235 in", "ok", false).await;
    check("AUTH OAUTHBEARER", "C: AUTH OAUTHBEARER bix\nS: 235 in", "ok", false).await;
    // A command line ends at 512 bytes: a longer token waits until it is asked for.
    check("AUTH XOAUTH2", "C: AUTH XOAUTH2\nS: 334 \nC: dXNlcj\nS: 235 in", "ok", true).await;
    check("AUTH XOAUTH2", "C: AUTH XOAUTH2\nS: 334 e30=\nC:\nS: 535 5.7.3 no", "127.0.0.1", false).await;
    check("AUTH OAUTHBEARER", "C: AUTH OAUTHBEARER\nS: 334 e30=\nC: AQ==\nS: 535 5.7.3 no", "127.0.0.1", false).await;
    check("AUTH XOAUTH2", "C: AUTH XOAUTH2\nS: 454 4.7.0 later", "AUTH was answered with 454", false).await;
    check("AUTH PLAIN LOGIN", "", "login refused: the server offers PLAIN, LOGIN only, no sign-in", false).await;
}
