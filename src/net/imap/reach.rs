//! Whether an IMAP server is there and who it is, without signing in.

use super::ImapError;
use super::wire::Session;
use crate::net::stream::{Stream, Timeouts};
use crate::net::{Account, Tls};

impl Session {
    /// Connects, secures and says goodbye: the server's certificate is verified, nobody signs in.
    pub async fn reach(account: &Account, timeouts: Timeouts) -> Result<(), ImapError> {
        let mut session = Self::new(Stream::dial(account, &timeouts).await?, timeouts);
        session.greeting().await?;
        if account.tls == Tls::Starttls {
            session = session.starttls(account).await?;
        }
        session.ask_capabilities().await?;
        session.logout().await
    }
}
