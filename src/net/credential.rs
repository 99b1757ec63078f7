//! What is shown at a login: a password read anew, or a token that is good now, and another one if it is refused.

use std::time::Duration;

use secrecy::SecretString;

use super::oauth::{self, OauthError};
use super::secret::SecretError;
use super::{Account, Credential};

/// A credential, at hand.
pub(super) enum Key {
    /// No login.
    Nothing,
    Password(SecretString),
    Token(SecretString),
}

/// The server has seen the credential and does not accept it; its words.
pub(super) struct NotAccepted(pub String);

/// Why there is none.
pub(super) enum KeyError {
    Secret(SecretError),
    SignIn(OauthError),
}

impl Account {
    /// Reads the password or fetches a token. A command that prints a password may take `limit`.
    pub(super) async fn key(&self, limit: Duration) -> Result<Key, KeyError> {
        match &self.credential {
            None => Ok(Key::Nothing),
            Some(Credential::Password(secret)) => {
                secret.read_within(limit).await.map(Key::Password).map_err(KeyError::Secret)
            }
            Some(Credential::OAuth2(sign_in)) => oauth::access(sign_in).await.map(Key::Token).map_err(KeyError::SignIn),
        }
    }

    /// After a refusal of `key`: another one, if it was a token and a newer can be had.
    pub(super) async fn another(&self, key: &Key) -> Result<Option<Key>, OauthError> {
        match (self.sign_in(), key) {
            (Some(sign_in), Key::Token(refused)) => Ok(oauth::renewed(sign_in, refused).await?.map(Key::Token)),
            _ => Ok(None),
        }
    }
}
