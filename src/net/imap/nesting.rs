//! A guard before the parser, which follows brackets by recursion: an answer that nests them without end would take the stack, and
//! the process with it. What svar asks for is answered with four levels at most.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::stream::Stream;

/// Levels of brackets that an answer may have.
const DEEPEST: u32 = 40;

/// Why an answer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("brackets within brackets without end")]
pub(super) struct TooDeep;

/// A stream whose answers are not nested too deeply; reading one that is fails with [`TooDeep`].
#[derive(Debug)]
pub(super) struct Shallow {
    stream: Stream,
    nesting: Nesting,
}

impl Shallow {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, nesting: Nesting::default() }
    }

    pub(super) fn into_inner(self) -> Stream {
        self.stream
    }
}

impl AsyncRead for Shallow {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = polled
            && !self.nesting.bears(&buf.filled()[before..])
        {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TooDeep)));
        }
        polled
    }
}

impl AsyncWrite for Shallow {
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

/// Where in an answer (RFC 9051, 9) the bytes so far have led.
#[derive(Debug, Default)]
struct Nesting {
    depth: u32,
    /// Bytes of a literal that are still to come: somebody's mail, where brackets mean nothing.
    literal: u64,
    place: Place,
    /// The line's second word as far as it has come, in capitals: `* OK …`, `s1 NO …`.
    word: String,
    words: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Data,
    /// A sentence for people up to the end of the line.
    Words,
    Quoted,
    /// Behind a backslash between quotation marks.
    Escaped,
    /// Within `{12}`.
    Count(u64),
    /// Behind it, where only the end of the line may follow.
    Counted(u64),
}

impl Nesting {
    /// Whether what has come so far, with these bytes, is not nested too deeply.
    fn bears(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.literal > 0 {
                let skipped = usize::try_from(self.literal).unwrap_or(usize::MAX).min(bytes.len());
                self.literal -= u64::try_from(skipped).unwrap_or(0);
                bytes = &bytes[skipped..];
                continue;
            }
            self.step(byte);
            if self.depth > DEEPEST {
                return false;
            }
            bytes = rest;
        }
        true
    }

    fn step(&mut self, byte: u8) {
        if byte == b'\n' {
            // The line of a literal goes on behind it.
            match self.place {
                Place::Counted(count) => (self.literal, self.place) = (count, Place::Data),
                _ => *self = Self::default(),
            }
            return;
        }
        self.place = match (self.place, byte) {
            (Place::Words, _) => Place::Words,
            (Place::Quoted, b'\\') => Place::Escaped,
            (Place::Escaped, _) => Place::Quoted,
            (Place::Quoted, b'"') => Place::Data,
            (Place::Quoted, _) => Place::Quoted,
            (Place::Count(n), b'0'..=b'9') => Place::Count(n.saturating_mul(10).saturating_add(u64::from(byte - b'0'))),
            (Place::Count(n), b'}') => Place::Counted(n),
            (Place::Count(n), b'+') => Place::Count(n),
            (Place::Counted(n), b'\r') => Place::Counted(n),
            (_, b'"') => Place::Quoted,
            (_, b'{') => Place::Count(0),
            _ => Place::Data,
        };
        if self.place == Place::Data {
            self.count(byte);
        }
    }

    /// A byte of the answer's own grammar.
    fn count(&mut self, byte: u8) {
        match byte {
            b'(' => self.depth += 1,
            b')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.words > 1 {
            return;
        }
        if self.words == 0 && self.word.is_empty() && byte == b'+' {
            self.place = Place::Words;
        } else if matches!(byte, b' ' | b'\r') {
            self.words += 1;
            if self.words == 2 && matches!(self.word.as_str(), "OK" | "NO" | "BAD" | "BYE" | "PREAUTH") {
                self.place = Place::Words;
            }
            self.word.clear();
        } else if self.word.len() < 8 {
            self.word.push(char::from(byte.to_ascii_uppercase()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an answer is let through, in one piece and byte by byte.
    fn passes(answer: &str) -> bool {
        let whole = Nesting::default().bears(answer.as_bytes());
        let mut nesting = Nesting::default();
        assert_eq!(answer.as_bytes().iter().all(|byte| nesting.bears(&[*byte])), whole, "{answer:?}");
        whole
    }

    #[test]
    fn only_an_answers_own_brackets_count() {
        let many = "(".repeat(1000);
        let forty = "(".repeat(40);
        for good in [
            "* 1 FETCH (UID 5 FLAGS (\\Seen) INTERNALDATE \" 1-Jan-2026 10:00:00 +0000\")\r\n",
            &format!("* 1 FETCH {forty}"),
            &format!("* 1 FETCH {forty}\r\n* 2 FETCH {forty}\r\n"),
            &format!("* 1 FETCH (BODY[] {{1000}}\r\n{many})\r\n* 2 EXISTS\r\n"),
            &format!("* 1 FETCH (BODY[] {{500+}}\r\n{})\r\n", &many[..500]),
            &format!("* LIST () \"/\" \"{many}\\\"{many}\"\r\n"),
            &format!("* OK {many}\r\n"),
            &format!("s12 no [ALERT] {many}\r\n"),
            &format!("+ {many}\r\n"),
            &format!("* BYE\r\n* OK {many}"),
            &"()".repeat(1000),
        ] {
            assert!(passes(good), "{good:?}");
        }
        for bad in [
            &format!("* 1 FETCH (BODYSTRUCTURE {many}"),
            &format!("* 1 FETCH (BODYSTRUCTURE (\"(\" {many}"),
            &format!("* 1 FETCH (BODYSTRUCTURE {}", "(NIL () {3}\r\nabc".repeat(41)),
            // A sentence for people announces no literal.
            &format!("* OK {{1000}}\r\n* 1 FETCH {many}"),
            &format!("+ {{1000}}\r\n* 1 FETCH {many}"),
            &format!("* 1 FETCH (\"{{1000}}\r\n* 1 FETCH {many}"),
            &format!("* 1 FETCH ({{1000}} {many}"),
            &format!("* 1 FETCH (BODY[] {{2}}\r\n(({many}"),
            &format!("* THREAD {many}"),
        ] {
            assert!(!passes(bad), "{bad:?}");
        }
    }
}
