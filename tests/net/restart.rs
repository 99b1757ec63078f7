//! Servers that stop, die and come back.

use std::time::Duration;

use svar::net::Tls;
use svar::net::imap::{IdleEnd, ImapError, Session};
use svar::net::smtp::{Connection, SmtpError};

use crate::PATIENT;
use crate::lab::{Lab, Server};
use crate::smtp::{fates, wire};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_or_dies_is_noticed_at_once() {
    // Its own: the other tests need theirs alive.
    let lab = tokio::task::spawn_blocking(Lab::start).await.unwrap();
    let imap = lab.imap("support", Tls::Implicit);
    for kill in [false, true] {
        let mut session = Session::connect(&imap, PATIENT).await.unwrap();
        session.select("INBOX").await.unwrap();
        let down = async {
            // Time for IDLE to begin; if it has not yet, the command fails instead, which is as good.
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::block_in_place(|| {
                if kill { lab.kill_server(Server::Dovecot) } else { lab.stop_server(Server::Dovecot) }
            });
        };
        let wait = tokio::time::timeout(
            Duration::from_secs(15),
            session.idle(Duration::from_secs(600), std::future::pending()),
        );
        let (ended, ()) = tokio::join!(wait, down);
        let error = ended.expect("no hang").expect_err("the server is gone");
        assert!(matches!(error, ImapError::Network(_) | ImapError::Bye { .. }), "kill {kill}: {error:?}");
        assert!(!session.is_usable());
        let error = Session::connect(&imap, PATIENT).await.unwrap_err();
        assert!(matches!(error, ImapError::Network(_)), "{error:?}");
        tokio::task::block_in_place(|| lab.start_server(Server::Dovecot));
        let mut session = Session::connect(&imap, PATIENT).await.unwrap();
        session.select("INBOX").await.unwrap();
        let end = session.idle(Duration::from_millis(100), std::future::pending()).await.unwrap();
        assert_eq!(end, IdleEnd::TimedOut);
    }

    let smtp = lab.smtp("support", Tls::Implicit);
    let mail = wire(Some("support@example.test"), &["anna@example.test"], "Subject: x\n\nhej\n");
    let mut connection = Connection::connect(&smtp, "desk.example.test", PATIENT).await.unwrap();
    assert_eq!(fates(&connection.send(&mail).await.unwrap()), "a");
    tokio::task::block_in_place(|| lab.kill_server(Server::Postfix));
    let error = connection.send(&mail).await.unwrap_err();
    assert!(matches!(error, SmtpError::Network(_)), "{error:?}");
    assert!(!connection.is_usable());
    let error = Connection::connect(&smtp, "desk.example.test", PATIENT).await.unwrap_err();
    assert!(matches!(error, SmtpError::Network(_)), "{error:?}");
    tokio::task::block_in_place(|| lab.start_server(Server::Postfix));
    let mut connection = Connection::connect(&smtp, "desk.example.test", PATIENT).await.unwrap();
    assert_eq!(fates(&connection.send(&mail).await.unwrap()), "a");
}
