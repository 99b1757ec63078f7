//! Puts a command into words: quoted strings where they can be, literals where they must.

use secrecy::zeroize::{Zeroize, Zeroizing};

/// A command in pieces. All but the last end with the announcement of a literal, which the server must ask for before
/// the next piece is sent (RFC 3501, 7.5). It has no `Debug`: it may hold a password.
pub(super) struct Command {
    /// For errors and logs: never an argument.
    pub name: &'static str,
    pub pieces: Vec<Vec<u8>>,
    /// It holds a password: nothing of it is left in memory.
    is_secret: bool,
}

impl Drop for Command {
    fn drop(&mut self) {
        if self.is_secret {
            self.pieces.iter_mut().for_each(Zeroize::zeroize);
        }
    }
}

impl Command {
    pub fn new(name: &'static str) -> Self {
        Self { name, pieces: vec![name.as_bytes().to_vec()], is_secret: false }
    }

    /// A command that will hold a password.
    pub fn secret(name: &'static str) -> Self {
        let mut command = Self::new(name);
        command.is_secret = true;
        command
    }

    /// A space and `text` as it is; for what we have written ourselves.
    pub fn word(mut self, text: &str) -> Self {
        self.push(b" ");
        self.push(text.as_bytes());
        self
    }

    /// A space and `text` as an IMAP string.
    pub fn string(self, text: &str) -> Self {
        let plain = |b: u8| (b' '..0x7f).contains(&b);
        if text.len() > 1000 || !text.bytes().all(plain) {
            return self.literal(text.as_bytes());
        }
        let mut quoted = Zeroizing::new(String::with_capacity(2 * text.len() + 2));
        quoted.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('"');
        self.word(&quoted)
    }

    /// A space and `bytes` as a literal.
    pub fn literal(mut self, bytes: &[u8]) -> Self {
        self.push(format!(" {{{}}}", bytes.len()).as_bytes());
        self.then(bytes)
    }

    /// What is sent when the server asks for more.
    pub fn then(mut self, bytes: &[u8]) -> Self {
        self.pieces.push(bytes.to_vec());
        self
    }

    fn push(&mut self, bytes: &[u8]) {
        let Some(last) = self.pieces.last_mut() else { return };
        // A buffer that grows by itself leaves what it held behind.
        if self.is_secret && last.capacity() - last.len() < bytes.len() {
            let mut roomier = Vec::with_capacity(2 * (last.len() + bytes.len()));
            roomier.extend_from_slice(last);
            last.zeroize();
            *last = roomier;
        }
        last.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_or_sent_as_literals() {
        let check = |text: &str, expect: &[&str]| {
            for command in [Command::new("LOGIN"), Command::secret("LOGIN")] {
                let command = command.string(text).word("x");
                let pieces: Vec<&str> = command.pieces.iter().map(|p| std::str::from_utf8(p).unwrap()).collect();
                assert_eq!(pieces, expect, "{text:?}");
            }
        };
        check("a b", &[r#"LOGIN "a b" x"#]);
        check("", &[r#"LOGIN "" x"#]);
        check(r#"a"b\c"#, &[r#"LOGIN "a\"b\\c" x"#]);
        check("åäö", &["LOGIN {6}", "åäö x"]);
        check("a\r\nb NOOP", &["LOGIN {9}", "a\r\nb NOOP x"]);
        check("\0", &["LOGIN {1}", "\0 x"]);
    }
}
