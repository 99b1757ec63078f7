//! The one error of the command line: what failed, why, and what to do about it. Printed once, at the edge.

use std::error::Error;
use std::fmt::Write as _;

/// Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1: it failed.
    Failed,
    /// 2: the command line or the configuration is wrong.
    Usage,
    /// 75: try again later (EX_TEMPFAIL of sysexits.h), so that an MTA keeps the mail.
    TryAgain,
    /// 0: whoever read our output has had enough (`| head`).
    ReaderGone,
}

impl Kind {
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TryAgain => 75,
            Self::ReaderGone => 0,
        }
    }
}

#[derive(Debug)]
pub struct CommandError {
    pub kind: Kind,
    /// One sentence, without a full stop; empty where all has been said already.
    pub message: String,
    /// What to do about it, a sentence each.
    pub hints: Vec<String>,
}

impl CommandError {
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hints: Vec::new() }
    }

    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hints: Vec::new() }
    }

    #[must_use]
    pub fn try_again(message: impl Into<String>) -> Self {
        Self { kind: Kind::TryAgain, message: message.into(), hints: Vec::new() }
    }

    /// It failed, and what there is to say stands on the output already.
    #[must_use]
    pub const fn said() -> Self {
        Self { kind: Kind::Failed, message: String::new(), hints: Vec::new() }
    }

    /// `error` with everything that caused it, on one line: `cannot open x: permission denied`.
    #[must_use]
    pub fn of(error: &dyn Error) -> Self {
        Self::failed(chain(error))
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// As it stands on stderr: the message, then a line a hint.
    #[must_use]
    pub fn rendered(&self) -> String {
        let mut text = String::new();
        if !self.message.is_empty() {
            let _ = writeln!(text, "svar: {}", self.message);
        }
        for hint in &self.hints {
            let _ = writeln!(text, "      {hint}");
        }
        text
    }
}

/// The error and its sources, joined by `: `; a source that its parent has quoted already is left out.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        source = cause.source();
    }
    text
}

/// From writing to stdout: a reader that went away is no failure.
impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { kind: Kind::ReaderGone, message: String::new(), hints: Vec::new() };
        }
        Self::of(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the database")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_chain_is_one_line() {
        let inner = std::io::Error::other("disk is full");
        let error = CommandError::of(&Outer(inner)).hint("Make room.");
        assert_eq!(error.rendered(), "svar: cannot open the database: disk is full\n      Make room.\n");
        assert_eq!(error.kind.exit_code(), 1);
        assert_eq!(CommandError::said().rendered(), "");
        let gone: CommandError = std::io::Error::from(std::io::ErrorKind::BrokenPipe).into();
        assert_eq!((gone.kind.exit_code(), gone.rendered().as_str()), (0, ""));
    }
}
