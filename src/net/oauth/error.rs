//! Why there is no token, in one sentence that says what to do.

use std::path::PathBuf;

use super::refusal::Refused;
use crate::net::http::HttpError;
use crate::net::secret::SecretError;

/// Why there is no token. No variant holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OauthError {
    #[error("nobody has signed in as {user} yet; run `svar sign-in {user}`")]
    Never { user: String },
    /// The server of sign-ins says no, for good.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The sign-in went through and gives no lasting access.
    #[error("{host} gave no refresh token, so the sign-in would end within the hour; {advice}")]
    NotLasting { host: String, advice: &'static str },
    /// A page, say, or nothing at all.
    #[error(
        "{host} answered with {what} and not as a server of sign-ins does; is the address of it right, and is no proxy in between?"
    )]
    Nonsense { host: String, what: String },
    /// It is there, and says "later".
    #[error("{host} is busy or broken (status {status}); try again in some minutes")]
    Busy { host: String, status: u16 },
    #[error("{0}")]
    Http(HttpError),
    /// The certificate is not good at the time that this machine believes in.
    #[error("{0}; is this machine's clock right?")]
    Clock(HttpError),
    #[error("the client secret is missing: {0}")]
    Secret(#[from] SecretError),
    #[error("the tokens in {path} cannot be kept: {reason}")]
    Store { path: PathBuf, reason: String },
    /// Nobody came back from the browser in time.
    #[error("nobody finished the sign-in in {minutes} minutes; nothing is stored, run it again")]
    Unfinished { minutes: u64 },
    /// What was pasted, or what came to the loopback address, is no answer to our question.
    #[error("{0}")]
    Foreign(String),
    #[error("{0}")]
    Bug(String),
}

impl OauthError {
    /// Whether only a person can mend it, by signing in again or by changing something at the provider.
    #[must_use]
    pub const fn needs_a_person(&self) -> bool {
        match self {
            Self::Never { .. } | Self::Refused(_) | Self::NotLasting { .. } | Self::Secret(_) | Self::Foreign(_) => {
                true
            }
            Self::Store { .. } => true,
            Self::Nonsense { .. }
            | Self::Busy { .. }
            | Self::Http(_)
            | Self::Clock(_)
            | Self::Unfinished { .. }
            | Self::Bug(_) => false,
        }
    }
}

impl From<HttpError> for OauthError {
    fn from(error: HttpError) -> Self {
        let words = error.to_string().to_ascii_lowercase();
        let dated = ["expired", "notvalidyet", "not valid yet", "invalid certificate: validity"];
        if words.contains("certificate") && dated.iter().any(|w| words.contains(w)) {
            Self::Clock(error)
        } else {
            Self::Http(error)
        }
    }
}
