//! A connection to a server: TCP, in the clear or under TLS, opened within a time limit.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificates;
use super::{Account, Tls, tls};

/// How long a server may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the name, the connection and the TLS handshake together.
    pub connect: Duration,
    /// Without a word (or, in a long answer, without a kilobyte) from the server after a command.
    pub command: Duration,
    /// From the end of a mail to SMTP's verdict on it (RFC 5321, 4.5.3.2.6 says ten minutes).
    pub verdict: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), command: Duration::from_secs(90), verdict: Duration::from_secs(600) }
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("{0}")]
    Network(String),
    #[error("{0}")]
    Tls(String),
}

/// TCP, with or without TLS on it. It counts what it reads, so that a slow answer can be told from a silent server.
#[derive(Debug)]
pub struct Stream {
    inner: Inner,
    read_bytes: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Connects; with `Tls::Implicit` the handshake is done, with `Tls::Starttls` it is the caller's turn (`secure`).
    pub async fn dial(account: &Account, limits: &Timeouts) -> Result<Self, DialError> {
        let place = format!("{}:{}", account.host, account.port);
        let opened = timeout(limits.connect, async {
            let tcp = connect(account, &place, limits.connect).await?;
            let stream = Self { inner: Inner::Plain(tcp), read_bytes: Arc::default() };
            if account.tls == Tls::Implicit { stream.secure(account).await } else { Ok(stream) }
        });
        opened.await.map_err(|_| DialError::Network(format!("{place} did not answer in time")))?
    }

    /// The TLS handshake on a connection in the clear. Bytes that were read before it must have been thrown away: what a
    /// stranger slipped in ahead of the handshake is not the server's word.
    pub async fn secure(self, account: &Account) -> Result<Self, DialError> {
        let Inner::Plain(tcp) = self.inner else {
            return Err(DialError::Tls("the connection is encrypted already".to_owned()));
        };
        let ca_file = account.ca_file.clone();
        let config = tokio::task::spawn_blocking(move || tls::client_config(ca_file.as_deref()))
            .await
            .map_err(|e| DialError::Tls(e.to_string()))?
            .map_err(|e| DialError::Tls(e.to_string()))?;
        let name = ServerName::try_from(account.host.clone())
            .map_err(|_| DialError::Tls(format!("{} is no name that a certificate could bear", account.host)))?;
        let place = format!("{}:{}", account.host, account.port);
        let stream =
            TlsConnector::from(config).connect(name, tcp).await.map_err(|e| handshake_error(account, &place, &e))?;
        certificates::note(account, stream.get_ref().1.peer_certificates());
        Ok(Self { inner: Inner::Tls(Box::new(stream)), read_bytes: self.read_bytes })
    }

    /// Counts the bytes read so far.
    pub fn counter(&self) -> Arc<AtomicU64> {
        self.read_bytes.clone()
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.inner {
            Inner::Plain(tcp) => tcp.peer_addr(),
            Inner::Tls(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}

async fn connect(account: &Account, place: &str, limit: Duration) -> Result<TcpStream, DialError> {
    let found = tokio::net::lookup_host((account.host.as_str(), account.port))
        .await
        .map_err(|e| DialError::Network(format!("no address for {}: {e}", account.host)))?;
    let addresses: Vec<SocketAddr> = found.collect();
    // The configuration checks this too; but a name may lead elsewhere today than it did then.
    if account.tls == Tls::None && addresses.iter().any(|a| !a.ip().is_loopback()) {
        return Err(DialError::Tls(format!(
            "{} is not this machine: tls = \"none\" is not allowed there",
            account.host
        )));
    }
    let share = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = DialError::Network(format!("no address for {}", account.host));
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Commands are small and each waits for its answer.
                tcp.set_nodelay(true).map_err(|e| DialError::Network(format!("{place}: {e}")))?;
                return Ok(tcp);
            }
            Ok(Err(e)) => last = DialError::Network(format!("cannot connect to {place}: {e}")),
            Err(_) => last = DialError::Network(format!("{place} did not answer in time")),
        }
    }
    Err(last)
}

/// A broken line is the network's fault; whatever rustls says is a matter of TLS.
fn handshake_error(account: &Account, place: &str, error: &io::Error) -> DialError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => DialError::Tls(format!(
            "the certificate of {place} is not accepted: {}",
            certificates::refuse(account, reason)
        )),
        Some(rustls::Error::InvalidMessage(_)) => {
            DialError::Tls(format!("{place} does not speak TLS (is it a port for STARTTLS?)"))
        }
        Some(reason) => DialError::Tls(format!("TLS with {place} failed: {reason}")),
        None => DialError::Network(format!("{place} broke off during the TLS handshake: {error}")),
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        };
        let gained = u64::try_from(buf.filled().len() - before).unwrap_or(0);
        self.read_bytes.fetch_add(gained, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Inner::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}
