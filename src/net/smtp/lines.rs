//! What lettre reads from: our stream with a greeting in front, and only ASCII in it.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::stream::Stream;

/// A stream whose replies have every byte beyond ASCII replaced: lettre takes a reply in Latin-1 for a lost connection, and
/// a lost verdict means a mail sent twice.
#[derive(Debug)]
pub(super) struct Lines {
    stream: Stream,
    /// Read before anything that the server sends.
    greeting: &'static [u8],
}

impl Lines {
    pub fn new(stream: Stream, greeting: &'static str) -> Self {
        Self { stream, greeting: greeting.as_bytes() }
    }
}

impl AsyncRead for Lines {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.greeting.is_empty() {
            let now = self.greeting.len().min(buf.remaining());
            let (first, rest) = self.greeting.split_at(now);
            buf.put_slice(first);
            self.greeting = rest;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        for byte in &mut buf.filled_mut()[before..] {
            if !byte.is_ascii() {
                *byte = b'?';
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Lines {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

/// The mail with CRLF as its only line end. A bare LF or CR before a dot is how one mail is made to look like two
/// ("SMTP smuggling"), so none leaves.
pub(super) fn crlf_only(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bare = |at: usize, byte: u8| match byte {
        b'\n' => at == 0 || bytes[at - 1] != b'\r',
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    let Some(first) = bytes.iter().enumerate().position(|(at, &byte)| bare(at, byte)) else {
        return Cow::Borrowed(bytes);
    };
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    out.extend_from_slice(&bytes[..first]);
    for (at, &byte) in bytes.iter().enumerate().skip(first) {
        if bare(at, byte) {
            out.extend_from_slice(b"\r\n");
        } else {
            out.push(byte);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_crlf() {
        let check = |input: &str, expect: &str| {
            assert_eq!(String::from_utf8_lossy(&crlf_only(input.as_bytes())), expect, "{input:?}");
        };
        check("", "");
        check("a\r\nb\r\n", "a\r\nb\r\n");
        check("a\nb", "a\r\nb");
        check("\n", "\r\n");
        check("\r", "\r\n");
        check("a\r\r\nb", "a\r\n\r\nb");
        check("a\n\r\nb", "a\r\n\r\nb");
        check("a\n.\nQUIT\n", "a\r\n.\r\nQUIT\r\n");
        check("a\r.\r", "a\r\n.\r\n");
    }
}
