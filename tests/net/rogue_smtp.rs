//! SMTP servers that refuse, stall and vanish: no mail is taken for sent that was not, and none is sent on a line in doubt.

use svar::net::Tls;
use svar::net::smtp::{Connection, SmtpError};

use crate::rogue::Rogue;
use crate::smtp::{fates, wire};
use crate::{HASTY, PATIENT};

/// Up to a connection without login. EHLO comes twice: lettre's, and ours for what lettre does not keep.
const READY: &str = "S: 220 ready
    C: EHLO desk.example.test
    S: 250-mx.test
    S: 250-SIZE 10000
    S: 250 8BITMIME
    C: EHLO desk.example.test
    S: 250-mx.test
    S: 250-SIZE 10000
    S: 250 8BITMIME\n";

fn short(error: &SmtpError) -> &'static str {
    match error {
        SmtpError::Auth { .. } => "auth",
        SmtpError::SignIn(_) => "sign-in",
        SmtpError::Secret(_) => "secret",
        SmtpError::Network(text) if text.contains("timed out") => "timeout",
        SmtpError::Network(_) => "network",
        SmtpError::Tls(_) => "tls",
        SmtpError::Refused { .. } => "refused",
        SmtpError::Sender { .. } => "sender",
    }
}

/// Sends a mail to two people; tells the fates, and whether the connection is usable after it.
async fn check(script: &str, expect: &str, usable: bool) {
    let rogue = Rogue::play(&format!("{READY}{script}"));
    let mut account = rogue.account.clone();
    account.user.clear();
    let mut connection = Connection::connect(&account, "desk.example.test", HASTY).await.expect("a connection");
    let mail = wire(Some("s@example.test"), &["a@kund.test", "b@kund.test"], "Subject: x\n\n.hej\n");
    let told = match connection.send(&mail).await {
        Ok(sent) => format!("{} {:?}", fates(&sent), sent.iter().map(|(_, fate)| fate).collect::<Vec<_>>()),
        Err(error) => format!("{}: {error}", short(&error)),
    };
    assert!(told.starts_with(expect), "{script}: {told}");
    assert_eq!(connection.is_usable(), usable, "{script}: {told}");
    if !usable {
        let again = connection.send(&mail).await.expect_err("a line in doubt is not used again");
        assert_eq!(short(&again), "network", "{script}");
    }
    drop(connection);
    rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
}

const FROM: &str = "C: MAIL FROM:<s@example.test> SIZE=20\nS: 250 ok\n";
const BOTH: &str = "C: RCPT TO:<a@kund.test>\nS: 250 ok\nC: RCPT TO:<b@kund.test>\nS: 250 ok\n";
const DATA: &str = "C: DATA\nS: 354 go\nD:\n";

#[tokio::test]
async fn every_answer_of_a_transaction_is_judged() {
    check(&format!("{FROM}{BOTH}{DATA}S: 250 2.0.0 queued"), "aa [Accepted { reply: \"250 2.0.0 queued\" }", true)
        .await;
    check(&format!("{FROM}{BOTH}{DATA}S: 250-two\nS: 250 lines"), "aa [Accepted { reply: \"250 two lines\" }", true)
        .await;
    // The sender.
    check("C: MAIL FROM\nS: 550 5.7.60 not as this one\nhang", "sender: the sender was refused: 550 5.7.60", true)
        .await;
    check("C: MAIL FROM\nS: 451 later\nhang", "sender", true).await;
    check("C: MAIL FROM\nS: 421 closing", "refused: MAIL FROM was answered with 421 closing", false).await;
    check("C: MAIL FROM", "network", false).await;
    check("C: MAIL FROM\nhang", "timeout", false).await;
    check("C: MAIL FROM\nS: nonsense\nhang", "network", false).await;
    // The recipients, one by one.
    let rcpt = |a: &str, b: &str| format!("{FROM}C: RCPT TO:<a@kund.test>\nS: {a}\nC: RCPT TO:<b@kund.test>\nS: {b}\n");
    check(
        &format!("{}{DATA}S: 250 ok", rcpt("550 5.1.1 no", "250 ok")),
        "ra [Refused { reply: \"550 5.1.1 no\" }",
        true,
    )
    .await;
    check(&format!("{}{DATA}S: 250 ok", rcpt("450 4.7.1 greylisted", "251 forwards")), "da", true).await;
    check(
        &format!("{}hang", rcpt("550-no\\r\\n550 user", "452 4.5.3 too many")),
        "rd [Refused { reply: \"550 no user\" }",
        true,
    )
    .await;
    check(&format!("{FROM}C: RCPT\nS: 250 ok\nC: RCPT\nS: 421 4.3.2 closing"), "dd", false).await;
    check(&format!("{FROM}C: RCPT\nS: 550 no\nC: RCPT"), "rd", false).await;
    check(&format!("{FROM}C: RCPT\nS: 250 ok\nC: RCPT\nhang"), "dd", false).await;
    // DATA.
    check(&format!("{FROM}{BOTH}C: DATA\nS: 554 no\nhang"), "rr", true).await;
    check(&format!("{FROM}{BOTH}C: DATA\nS: 451 later\nhang"), "dd", true).await;
    check(&format!("{FROM}{BOTH}C: DATA\nS: 250 done?\nhang"), "dd [Deferred { reply: \"out of step", false).await;
    check(&format!("{FROM}{BOTH}C: DATA"), "dd", false).await;
    check(&format!("{FROM}{BOTH}C: DATA\nhang"), "dd", false).await;
    // The verdict.
    check(&format!("{FROM}{BOTH}{DATA}S: 554 5.7.1 spam\nhang"), "rr [Refused { reply: \"554 5.7.1 spam\" }", true)
        .await;
    check(&format!("{FROM}{BOTH}{DATA}S: 452 4.3.1 full\nhang"), "dd [Deferred { reply: \"452 4.3.1 full\" }", true)
        .await;
    check(&format!("{FROM}{BOTH}{DATA}S: 421 closing"), "dd [Deferred { reply: \"421 closing\" }", false).await;
    check(&format!("{FROM}{BOTH}{DATA}"), "dd [Deferred { reply: \"unknown whether", false).await;
    check(&format!("{FROM}{BOTH}{DATA}hang"), "dd [Deferred { reply: \"unknown whether", false).await;
    check(&format!("{FROM}{BOTH}{DATA}S; 250 o"), "dd [Deferred { reply: \"unknown whether", false).await;
    check(&format!("{FROM}{BOTH}{DATA}S: 354 go on"), "dd [Deferred { reply: \"unknown whether", false).await;
    // A reply in Latin-1 is a reply.
    check(&format!("{FROM}{BOTH}{DATA}S: 250 k\\xF6at"), "aa [Accepted { reply: \"250 k?at\" }", true).await;
    check(&format!("{FROM}{BOTH}{DATA}S: 550 ok\\xE4nd"), "rr", true).await;
    check(&format!("{FROM}C: RCPT\nS: 250 ok\nC: RCPT\nS: 550 l\\xE5st\n{DATA}S: 250 ok"), "ar", true).await;
}

#[tokio::test]
async fn the_mail_arrives_as_it_is() {
    let rogue = Rogue::play(&format!(
        "{READY}C: MAIL FROM:<> SIZE=\nS: 250 ok\nC: RCPT\nS: 250 ok\n{DATA}S: 250 ok\nC: QUIT\nS: 221 bye"
    ));
    let mut account = rogue.account.clone();
    account.user.clear();
    let mut connection = Connection::connect(&account, "desk.example.test", PATIENT).await.unwrap();
    let mut mail = wire(None, &["a@kund.test"], "");
    // A bare LF, dot, LF must not end it.
    mail.bytes = std::sync::Arc::new(b"A: b\r\n\r\n.\r\n..x\n.\nMAIL FROM:<evil@kund.test>\r.\rend".to_vec());
    assert_eq!(fates(&connection.send(&mail).await.unwrap()), "a");
    connection.quit().await;
    let heard = rogue.heard().unwrap();
    let expect = "A: b\r\n\r\n..\r\n...x\r\n..\r\nMAIL FROM:<evil@kund.test>\r\n..\r\nend\r\n.\r\n";
    assert_eq!(heard[5], expect);
}

#[tokio::test]
async fn eight_bit_mail_is_announced_and_a_half_done_transaction_is_reset() {
    let script = format!(
        "{READY}C: MAIL FROM:<s@example.test> SIZE=21 BODY=8BITMIME\nS: 250 ok\nC: RCPT\nS: 550 no\nC: RSET\nS: 250 ok
        C: MAIL FROM:<s@example.test> SIZE=21 BODY=8BITMIME\nS: 250 ok\nC: RCPT\nS: 250 ok\n{DATA}S: 250 ok
        C: MAIL FROM:<s@example.test> SIZE=21 BODY=8BITMIME\nS: 421 closing"
    );
    let rogue = Rogue::play(&script);
    let mut account = rogue.account.clone();
    account.user.clear();
    let mut connection = Connection::connect(&account, "desk.example.test", PATIENT).await.unwrap();
    let mail = wire(Some("s@example.test"), &["a@kund.test"], "Subject: x\n\nh\u{e5}j!\n");
    assert_eq!(fates(&connection.send(&mail).await.unwrap()), "r");
    assert_eq!(fates(&connection.send(&mail).await.unwrap()), "a");
    assert_eq!(
        connection.send(&mail).await.unwrap_err(),
        SmtpError::Refused { step: "MAIL FROM", code: 421, text: "closing".into() }
    );
    assert!(!connection.is_usable());
    rogue.heard().unwrap();
}

#[tokio::test]
async fn a_cancelled_send_breaks_the_connection() {
    let rogue = Rogue::play(&format!("{READY}{FROM}{BOTH}{DATA}hang"));
    let mut account = rogue.account.clone();
    account.user.clear();
    let mut connection = Connection::connect(&account, "desk.example.test", PATIENT).await.unwrap();
    let mail = wire(Some("s@example.test"), &["a@kund.test", "b@kund.test"], "Subject: x\n\n.hej\n");
    let cancelled = tokio::time::timeout(std::time::Duration::from_millis(300), connection.send(&mail)).await;
    assert!(cancelled.is_err());
    assert!(!connection.is_usable());
    assert_eq!(short(&connection.send(&mail).await.unwrap_err()), "network");
    drop(connection);
    rogue.heard().unwrap();
}

async fn check_open(tls: Tls, script: &str, expect: &str) {
    let rogue = Rogue::play(script);
    let mut account = rogue.account.clone();
    account.tls = tls;
    account.host = "localhost".to_owned();
    let ended = Connection::connect(&account, "desk.example.test", HASTY).await;
    let told = match &ended {
        Ok(connection) => format!("ok: {:?}", connection.offers().keywords),
        Err(error) => format!("{}: {error}", short(error)),
    };
    assert!(told.starts_with(expect), "{script}: {told}");
    drop(ended);
    rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
}

#[tokio::test]
async fn a_connection_that_fails_says_why() {
    let check = async |script: &str, expect: &str| check_open(Tls::None, script, expect).await;
    check("", "network").await;
    check("hang", "network: localhost did not greet in time").await;
    check("S: 554 go away\nhang", "refused: the connection was answered with 554 go away").await;
    check("S: 421 too busy", "refused").await;
    check("S: HTTP/1.1 400 Bad\nhang", "network").await;
    check("S: 220 hi\nC: EHLO\nS: 502 no\nC: QUIT\nS: 221 bye", "refused").await;
    let hello = "S: 220 hi\nC: EHLO\nS: 250-x\nS: 250 AUTH PLAIN LOGIN\nC: EHLO\nS: 250-x\nS: 250 AUTH PLAIN LOGIN\n";
    check(&format!("{hello}C: AUTH PLAIN AGFubmEAaGVtbGln\nS: 235 ok"), "ok: [\"AUTH\"]").await;
    check(&format!("{hello}C: AUTH PLAIN\nS: 535 5.7.8 no\nhang"), "auth: login refused: 535 5.7.8 no").await;
    check(&format!("{hello}C: AUTH PLAIN\nS: 454 4.7.0 later\nhang"), "refused").await;
    check(&format!("{hello}C: AUTH PLAIN"), "network").await;
    check(&format!("{hello}C: AUTH PLAIN\nhang"), "network").await;
    let login = hello.replace("PLAIN LOGIN", "LOGIN");
    check(
        &format!("{login}C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YW5uYQ==\nS: 334 UGFzc3dvcmQ6\nC: aGVtbGln\nS: 235 ok"),
        "ok",
    )
    .await;
    let token = hello.replace("PLAIN LOGIN", "XOAUTH2");
    check(&format!("{token}hang"), "auth: login refused: the server offers XOAUTH2 only").await;
}

#[tokio::test]
async fn starttls_believes_nothing_that_was_said_before_it() {
    let check = async |script: &str, expect: &str| check_open(Tls::Starttls, script, expect).await;
    let hello = "S: 220 hi\nC: EHLO desk.example.test\nS: 250-x\nS: 250 STARTTLS\n";
    check("S: 220 hi\nC: EHLO\nS: 250 x\nhang", "tls: localhost does not offer STARTTLS").await;
    check(&format!("{hello}C: STARTTLS\nS: 454 later\nhang"), "refused").await;
    check(&format!("{hello}C: STARTTLS\nS: 502 no\nhang"), "tls: localhost refused STARTTLS").await;
    check(
        &format!("{hello}C: STARTTLS\nS: 220 go\\r\\n250-injected.by.mitm\\r\\n250 AUTH PLAIN\nhang"),
        "tls: localhost",
    )
    .await;
    check(&format!("{hello}C: STARTTLS\nS: 220 go"), "network").await;
    check(&format!("{hello}C: STARTTLS\nS: 220 go\nhang"), "network").await;
    check("S: 554 no\nhang", "refused").await;
    check("S; 22", "network").await;
}
