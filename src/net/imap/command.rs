//! Puts a command into words: quoted strings where they can be, literals where they must.

/// A command in pieces. All but the last end with the announcement of a literal, which the server must ask for before
/// the next piece is sent (RFC 3501, 7.5). It has no `Debug`: it may hold a password.
pub(super) struct Command {
    /// For errors and logs: never an argument.
    pub name: &'static str,
    pub pieces: Vec<Vec<u8>>,
}

impl Command {
    pub fn new(name: &'static str) -> Self {
        Self { name, pieces: vec![name.as_bytes().to_vec()] }
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
        let mut quoted = String::with_capacity(text.len() + 2);
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
        self.pieces.push(bytes.to_vec());
        self
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(last) = self.pieces.last_mut() {
            last.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_or_sent_as_literals() {
        let check = |text: &str, expect: &[&str]| {
            let pieces: Vec<String> = Command::new("LOGIN")
                .string(text)
                .word("x")
                .pieces
                .into_iter()
                .map(|p| String::from_utf8(p).unwrap())
                .collect();
            assert_eq!(pieces, expect, "{text:?}");
        };
        check("a b", &[r#"LOGIN "a b" x"#]);
        check("", &[r#"LOGIN "" x"#]);
        check(r#"a"b\c"#, &[r#"LOGIN "a\"b\\c" x"#]);
        check("åäö", &["LOGIN {6}", "åäö x"]);
        check("a\r\nb NOOP", &["LOGIN {9}", "a\r\nb NOOP x"]);
        check("\0", &["LOGIN {1}", "\0 x"]);
    }
}
