//! What the big providers' servers say, scripted: none of it loses a mail, blames a password or a recipient. Sources: docs/PROVIDERS.md.

use svar::net::Tls;
use svar::net::imap::{FoundBy, ImapError, Session, sent_folder};
use svar::net::smtp::{Connection, SmtpError};

use crate::HASTY;
use crate::rogue::Rogue;
use crate::smtp::{fates, wire};

const GMAIL: &str = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584";
const EXCHANGE: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";

fn greeting(capabilities: &str) -> String {
    format!("S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY {capabilities}\nS: {{t}} OK\n")
}

fn login(capabilities: &str) -> String {
    format!(
        "{}C: LOGIN\nS: {{t}} OK done\nC: CAPABILITY\nS: * CAPABILITY {capabilities}\nS: {{t}} OK\n",
        greeting(capabilities)
    )
}

/// How a login that was answered so ends.
async fn check_login(capabilities: &str, answer: &str, expect: &str) {
    let rogue = Rogue::play(&format!("{}C: LOGIN\n{answer}", greeting(capabilities)));
    let told = match Session::connect(&rogue.account, HASTY).await {
        Ok(_) => "in".to_owned(),
        Err(ImapError::Auth { text }) => format!("auth: {text}"),
        Err(ImapError::Refused { text, .. }) => format!("later: {text}"),
        Err(other) => format!("other: {other}"),
    };
    assert!(told.starts_with(expect), "{answer}: {told}");
    rogue.heard().unwrap_or_else(|e| panic!("{answer}: {e}"));
}

#[tokio::test]
async fn a_crowded_server_is_no_wrong_password() {
    for (answer, expect) in [
        ("S: {t} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "auth: "),
        (
            "S: {t} NO [ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)",
            "auth: ",
        ),
        (
            "S: * NO [WEBALERT https://accounts.google.com/signin/continue?sarp=1] Web login required.\nS: {t} NO [ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/answer/78754 (Failure)",
            "auth: ",
        ),
        ("S: {t} NO [ALERT] Too many simultaneous connections. (Failure)", "later: "),
        ("S: {t} NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", "later: "),
        ("S: {t} NO [ALERT] Account exceeded command or bandwidth limits. (Failure)", "later: "),
        ("S: {t} NO [UNAVAILABLE] Temporary System Error (Failure)", "later: "),
        ("S: * BYE [ALERT] Account exceeded command or bandwidth limits.", "other: the server ended the session"),
    ] {
        check_login(GMAIL, answer, expect).await;
    }
    for (answer, expect) in [
        ("S: {t} NO LOGIN failed.", "auth: "),
        ("S: {t} NO Server Unavailable. 15", "later: "),
        ("S: {t} BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds", "later: "),
        ("S: * BYE Connection closed. 14", "other: the server ended the session"),
    ] {
        check_login(EXCHANGE, answer, expect).await;
    }
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_opened_now_is_not_an_empty_one() {
    for answer in [
        "S: {t} BAD User is authenticated but not connected.",
        "S: {t} NO Server Unavailable. 15",
        "S: {t} BAD Request is throttled. Suggested Backoff Time: 59961 milliseconds",
    ] {
        let rogue = Rogue::play(
            &format!("{}C: EXAMINE INBOX\n{answer}\nhang", login(EXCHANGE)).replace("EXAMINE INBOX", "EXAMINE"),
        );
        let mut session = Session::connect(&rogue.account, HASTY).await.expect("a login");
        let error = session.examine("INBOX").await.expect_err(answer);
        assert!(matches!(error, ImapError::Refused { .. }), "{answer}: {error:?}");
        assert_eq!(
            error.asks_to_wait().map(|d| d.as_millis()),
            answer.contains("Backoff").then_some(59_961),
            "{answer}"
        );
        drop(session);
        rogue.heard().expect(answer);
    }
}

async fn check_sent(capabilities: &str, list: &str, expect: Option<(&str, FoundBy)>) {
    let rogue = Rogue::play(&format!("{}C: LIST\n{list}\nS: {{t}} OK\nhang", login(capabilities)));
    let mut session = Session::connect(&rogue.account, HASTY).await.expect("a login");
    let folders = session.folders().await.expect("folders");
    assert_eq!(sent_folder(&folders).map(|(f, by)| (f.name.as_str(), by)), expect, "{list}");
    drop(session);
    rogue.heard().expect(list);
}

#[tokio::test]
async fn sent_is_found_by_its_mark_or_its_name() {
    // Gmail in Swedish: labels under [Gmail], marked; "Alla mail" and "Viktigt" are not it.
    let gmail = r#"S: * LIST (\HasNoChildren) "/" "INBOX"
        S: * LIST (\HasNoChildren) "/" "Sent"
        S: * LIST (\HasChildren \Noselect) "/" "[Gmail]"
        S: * LIST (\All \HasNoChildren) "/" "[Gmail]/Alla mail"
        S: * LIST (\HasNoChildren \Sent) "/" "[Gmail]/Skickat"
        S: * LIST (\HasNoChildren \Important) "/" "[Gmail]/Viktigt"
        S: * LIST (\HasNoChildren \Trash) "/" "[Gmail]/Papperskorgen""#;
    check_sent(GMAIL, gmail, Some(("[Gmail]/Skickat", FoundBy::Mark))).await;
    // Exchange Online marks nothing.
    let exchange = |sent: &str| {
        format!(
            "S: * LIST (\\Marked \\HasNoChildren) \"/\" INBOX\n\
             S: * LIST (\\HasNoChildren) \"/\" Utkast\n\
             S: * LIST (\\HasNoChildren) \"/\" {sent}\n\
             S: * LIST (\\HasNoChildren) \"/\" Borttaget"
        )
    };
    check_sent(EXCHANGE, &exchange("\"Sent Items\""), Some(("Sent Items", FoundBy::Name))).await;
    check_sent(EXCHANGE, &exchange("Skickat"), Some(("Skickat", FoundBy::Name))).await;
    check_sent(EXCHANGE, &exchange("\"&AMk-l&AOk-ments envoy&AOk-s\""), Some(("Éléments envoyés", FoundBy::Name)))
        .await;
    check_sent(EXCHANGE, &exchange("Projekt"), None).await;
}

const READY: &str =
    "S: 220 ready\nC: EHLO\nS: 250-mx.test\nS: 250 SIZE 10000\nC: EHLO\nS: 250-mx.test\nS: 250 SIZE 10000\n";
const TO_DATA: &str = "C: MAIL FROM\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nD:\n";

/// What becomes of a mail: `a`ccepted, `d`eferred, `r`efused; or the connection's error.
async fn check_send(script: &str, expect: &str) {
    let rogue = Rogue::play(&format!("{READY}{script}\nhang"));
    let mut account = rogue.account.clone();
    account.user.clear();
    let mut connection = Connection::connect(&account, "desk.example.test", HASTY).await.expect("a connection");
    let told = match connection.send(&wire(Some("s@example.test"), &["a@kund.test"], "Subject: x\n\nhej\n")).await {
        Ok(sent) => fates(&sent),
        Err(error) if error.is_passing() => format!("later, crowded {}", error.is_crowded()),
        Err(error) => format!("{error}"),
    };
    assert_eq!(told, expect, "{script}");
    drop(connection);
    rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
}

#[tokio::test]
async fn a_quota_refuses_nobody() {
    // Gmail says so at the end of the mail or at its beginning, with a code that is for ever.
    check_send(&format!("{TO_DATA}S: 550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\nS: 550 5.4.5 sending limits go to x - gsmtp"), "d").await;
    check_send("C: MAIL FROM\nS: 550 5.4.5 Daily user sending quota exceeded. a1 - gsmtp", "later, crowded true").await;
    check_send("C: MAIL FROM\nS: 250 ok\nC: RCPT\nS: 550 5.4.5 Daily user sending quota exceeded", "d").await;
    // Microsoft 365.
    check_send(&format!("{TO_DATA}S: 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message"), "d").await;
    check_send(&format!("{TO_DATA}S: 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"), "d").await;
    check_send("C: MAIL FROM\nS: 432 4.3.2 Concurrent connections limit exceeded.", "later, crowded true").await;
    check_send(&format!("{TO_DATA}S: 421 4.3.2 Service not available"), "d").await;
    // A customer's full mailbox, or a wrong address, is still the customer's.
    check_send("C: MAIL FROM\nS: 250 ok\nC: RCPT\nS: 552 5.2.2 mailbox full", "r").await;
    check_send(&format!("{TO_DATA}S: 550 5.7.1 spam"), "r").await;
}

#[tokio::test]
async fn too_many_logins_are_no_wrong_password() {
    let script = "S: 220 smtp.gmail.test ESMTP\nC: EHLO\nS: 250-x\nS: 250 AUTH LOGIN PLAIN XOAUTH2\nC: EHLO\nS: 250-x\nS: 250 AUTH LOGIN PLAIN XOAUTH2\n\
                  C: AUTH PLAIN\nS: 454 4.7.0 Too many login attempts, please try again later. a1 - gsmtp\nhang";
    let rogue = Rogue::play(script);
    let mut account = rogue.account.clone();
    account.tls = Tls::None;
    let error = Connection::connect(&account, "desk.example.test", HASTY).await.expect_err("no login");
    assert!(matches!(error, SmtpError::Refused { step: "AUTH", code: 454, .. }), "{error:?}");
    assert!(error.is_passing() && error.is_crowded());
    rogue.heard().expect("the script");
}
