//! Somebody between us and the server who adds words of his own just before the TLS handshake.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use svar::net::imap::Session;
use svar::net::smtp::{Connection, SmtpError};
use svar::net::{Account, Tls};

use crate::{PATIENT, lab};

/// Passes everything on, and puts `slipped` behind the server's line that holds `mark`, in the same packet.
fn between(server: u16, mark: &'static [u8], slipped: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().expect("a client");
        let server = TcpStream::connect(("127.0.0.1", server)).expect("a server");
        let up = (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
        let upward = std::thread::spawn(move || pass(up.0, up.1, b"", b""));
        pass(server, client, mark, slipped);
        upward.join().expect("no panic");
    });
    port
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut mark: &[u8], slipped: &[u8]) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut bytes = buffer[..count].to_vec();
        if !mark.is_empty() && bytes.windows(mark.len()).any(|w| w == mark) {
            bytes.extend_from_slice(slipped);
            mark = b"";
        }
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}

#[tokio::test]
async fn words_slipped_in_before_tls_are_not_believed() {
    let lab = lab::shared();
    let account = lab.imap("kund21", Tls::Starttls);
    let port = between(account.port, b"Begin TLS", b"* CAPABILITY IMAP4rev1 SLIPPED AUTH=SLIPPED\r\n* OK SLIPPED\r\n");
    // Thrown away with the reader of the clear text, or the handshake fails on them; which, depends on the packets.
    match Session::connect(&Account { port, ..account }, PATIENT).await {
        Ok(session) => assert!(!format!("{:?}", session.capabilities()).contains("SLIPPED")),
        Err(error) => assert!(error.to_string().contains("does not speak TLS"), "{error:?}"),
    }

    let account = lab.smtp("kund21", Tls::Starttls);
    let port = between(account.port, b"220 2.0.0 Ready", b"250-slipped\r\n250 AUTH SLIPPED\r\n");
    match Connection::connect(&Account { port, ..account.clone() }, "desk.example.test", PATIENT).await {
        Err(SmtpError::Tls(text)) => assert!(text.contains("does not speak TLS"), "{text}"),
        other => panic!("{other:?}"),
    }
    // And nothing slipped in, nothing lost.
    let port = between(account.port, b"", b"");
    Connection::connect(&Account { port, ..account }, "desk.example.test", PATIENT).await.expect("a connection");
}
