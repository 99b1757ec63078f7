//! A server that says all it has to say at once, to whoever connects, and then no more.

use std::time::Duration;

use svar::net::stream::Timeouts;
use svar::net::{Account, Credential, Secret, Tls};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// The server is on this machine and never waits.
pub const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(10), command: Duration::from_secs(10), verdict: Duration::from_secs(10) };

/// Has `talk` talk to a server that says `said`.
pub fn play<F: Future<Output = ()>>(said: &[u8], talk: impl FnOnce(Account) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let account = Account {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().expect("an address").port(),
            tls: Tls::None,
            ca_file: None,
            user: String::new(),
            // Any variable that is there: nobody checks it.
            credential: Some(Credential::Password(Secret::Env("PATH".to_owned()))),
            password_expires: None,
        };
        let serve = async {
            let Ok((mut stream, _)) = listener.accept().await else { return None };
            // A client that is gone already is no fault of ours.
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
            Some(stream)
        };
        // What the client says is never read: the socket's own room is enough for it.
        let (_open, ()) = tokio::join!(serve, talk(account));
    });
}
