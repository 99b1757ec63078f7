//! Until when a real server's certificate is good, against what openssl reads in it.

use std::process::Command;

use svar::model::Time;
use svar::net::certificates::good_until;
use svar::net::imap::Session;
use svar::net::smtp::Connection;
use svar::net::{Account, Tls};

use crate::{PATIENT, lab};

/// When the lab's server certificate ends.
fn written_end() -> Time {
    let file = lab::shared().dir.join("tls/server.pem");
    let output =
        Command::new("openssl").args(["x509", "-enddate", "-noout", "-in"]).arg(file).output().expect("openssl");
    let text = String::from_utf8_lossy(&output.stdout).trim().replace("notAfter=", "").replace(" GMT", " +0000");
    let end = jiff::Timestamp::strptime("%b %d %H:%M:%S %Y %z", &text).expect("a time");
    Time::from_unix(end.as_second())
}

#[tokio::test]
async fn a_certificates_end_is_known_after_a_handshake() {
    let lab = lab::shared();
    let end = written_end();
    let now = svar::engine::clock::read().wall;
    let check = |account: &Account| {
        let found = good_until(account, now).expect("it was seen");
        assert!(found <= end && end.since(found) <= Time::HOUR, "{found} is not near {end}");
    };
    let imap = lab.imap("support", Tls::Implicit);
    Session::connect(&imap, PATIENT).await.expect("a session");
    check(&imap);
    let smtp = lab.smtp("support", Tls::Starttls);
    Connection::connect(&smtp, "desk.example.test", PATIENT).await.expect("a connection");
    check(&smtp);
    // After its end it is good for no longer than now.
    let late = end.plus(Time::DAY);
    assert_eq!(good_until(&imap, late), Some(late));
    assert_eq!(good_until(&Account { port: 1, ..imap }, now), None);
}
