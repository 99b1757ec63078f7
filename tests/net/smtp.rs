//! SMTP against Postfix.

use std::sync::Arc;
use std::time::Duration;

use svar::model::Address;
use svar::net::smtp::{Connection, SmtpError};
use svar::net::{Account, Credential, Delivery, Secret, Tls, Wire};

use crate::{BRISK, PATIENT, lab};

pub fn wire(from: Option<&str>, to: &[&str], text: &str) -> Wire {
    Wire {
        from: from.map(|from| Address::parse(from).expect("an address")),
        to: to.iter().map(|to| Address::parse(to).expect("an address")).collect(),
        bytes: Arc::new(text.replace('\n', "\r\n").into_bytes()),
    }
}

/// `a`, `d` or `r` for each recipient: accepted, deferred, refused.
pub fn fates(sent: &[(Address, Delivery)]) -> String {
    let letter = |fate: &Delivery| match fate {
        Delivery::Accepted { .. } => 'a',
        Delivery::Deferred { .. } => 'd',
        Delivery::Refused { .. } => 'r',
    };
    sent.iter().map(|(_, fate)| letter(fate)).collect()
}

#[tokio::test]
async fn a_connection_opens_or_says_why_not() {
    let lab = lab::shared();
    let check = async |account: Account, expect: &str| {
        let opened = Connection::connect(&account, "desk.example.test", BRISK).await;
        let told = match &opened {
            Ok(connection) => format!("ok: {:?}", connection.offers().size_bytes),
            Err(SmtpError::Auth { text }) => format!("auth: {text}"),
            Err(SmtpError::Tls(text)) => format!("tls: {text}"),
            Err(SmtpError::Network(text)) => format!("network: {text}"),
            Err(other) => format!("other: {other}"),
        };
        assert!(told.starts_with(expect), "{account:?}: {told}");
        assert!(!told.contains("hemlig") && !format!("{opened:?}").contains("hemlig"), "{told}");
    };
    let smtp = |tls| lab.smtp("support", tls);
    check(smtp(Tls::None), "ok: Some(52428800)").await;
    for tls in [Tls::Implicit, Tls::Starttls] {
        check(smtp(tls), "ok: Some(52428800)").await;
        let password = Secret::Command(vec!["echo".into(), "wrong".into()]);
        check(Account { credential: Some(Credential::Password(password)), ..smtp(tls) }, "auth: 535 5.7.8").await;
        check(Account { ca_file: Some(lab.other_ca()), ..smtp(tls) }, "tls: the certificate of localhost").await;
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(Account { port: closed, ..smtp(Tls::Implicit) }, "network: cannot connect").await;
    check(Account { port: lab.port(587), ..smtp(Tls::Implicit) }, "tls: localhost").await;
    check(Account { port: lab.port(465), ..smtp(Tls::Starttls) }, "network").await;
    check(Account { port: lab.port(25), ..smtp(Tls::Starttls) }, "auth: the server offers no login here").await;
    check(Account { host: "192.0.2.1".into(), ..smtp(Tls::None) }, "tls: 192.0.2.1 is not this machine").await;
}

#[tokio::test]
async fn each_recipient_has_a_fate_and_the_connection_goes_on() {
    let lab = lab::shared();
    for (tls, user) in [(Tls::Implicit, "kund11"), (Tls::Starttls, "kund12"), (Tls::None, "kund13")] {
        let mut connection =
            Connection::connect(&lab.smtp("support", tls), "desk.example.test", PATIENT).await.unwrap();
        let good = format!("{user}@example.test");
        let from = Some("support@example.test");
        let text =
            |subject: &str| format!("Subject: {subject}\nFrom: support@example.test\n\n.\n..dots\n.\n\nåäö\n\n\n");
        let sent = connection.send(&wire(from, &[&good, "nobody@example.test", &good], &text("one"))).await.unwrap();
        assert_eq!(fates(&sent), "ara", "{sent:?}");
        assert!(matches!(&sent[0].1, Delivery::Accepted { reply } if reply.starts_with("250 2.0.0 Ok: queued")));
        assert!(matches!(&sent[1].1, Delivery::Refused { reply } if reply.starts_with("550 5.1.1 ")), "{sent:?}");
        // All refused: nothing is handed over, and the connection is not in the middle of anything.
        let sent = connection.send(&wire(from, &["nobody@example.test"], &text("none"))).await.unwrap();
        assert_eq!(fates(&sent), "r", "{sent:?}");
        let sent = connection.send(&wire(None, &[&good], &text("null sender"))).await.unwrap();
        assert_eq!(fates(&sent), "a", "{sent:?}");
        assert!(connection.is_usable());
        connection.quit().await;

        let limit = Duration::from_secs(20);
        let null = lab.wait_for(user, "INBOX", limit, |mail| mail.contains("Subject: null sender"));
        assert!(null.contains("Return-Path: <>"), "{null}");
        let one = lab.wait_for(user, "INBOX", limit, |mail| mail.contains("Subject: one"));
        assert!(one.contains("Return-Path: <support@example.test>"), "{one}");
        // Byte for byte: no dot lost, no empty line added at the end.
        assert!(one.ends_with("\n\n.\n..dots\n.\n\nåäö\n\n\n"), "{one:?}");
    }
}

#[tokio::test]
async fn what_is_too_big_is_refused_before_it_is_sent() {
    let lab = lab::shared();
    let account = lab.smtp("support", Tls::Implicit);
    let mut connection = Connection::connect(&account, "desk.example.test", PATIENT).await.unwrap();
    let huge = "x".repeat(52_428_801);
    let sent = connection.send(&wire(None, &["kund14@example.test"], &huge)).await.unwrap();
    assert_eq!(fates(&sent), "r", "{sent:?}");
    let big = format!("Subject: big\n\n{}", "0123456789abcdef\n".repeat(600_000));
    let sent = connection.send(&wire(None, &["kund14@example.test"], &big)).await.unwrap();
    assert_eq!(fates(&sent), "a", "{sent:?}");
    let mail = lab.wait_for("kund14", "INBOX", Duration::from_secs(30), |mail| mail.contains("Subject: big"));
    assert!(mail.ends_with(&big[14..]), "{} bytes arrived", mail.len());
}
