//! Signing in without a password: OAuth 2.0 (RFC 6749) as mail providers do it, from the browser to a token that is good now.
//!
//! Nothing here prints a token: they are `SecretString`s, in files of mode 0600, and cut out of whatever a server says.

mod access;
mod browser;
mod device;
mod endpoint;
mod error;
mod provider;
mod refusal;
mod sasl;
mod store;

use std::path::PathBuf;
use std::sync::OnceLock;

pub use access::{Standing, access, renewed, standing};
pub use browser::{Browser, Seed};
pub use device::DeviceCode;
pub use error::OauthError;
pub use provider::{Preset, Provider};
pub use refusal::{Refused, What};
pub use sasl::Mechanism;

use super::Secret;
use crate::model::Time;

/// Who signs in where, and where the tokens are kept. One for each account that has no password.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignIn {
    pub provider: Provider,
    /// The operator's own, from the provider's console.
    pub client_id: String,
    /// Installed programs have none at Microsoft, and one that is no secret at Google.
    pub client_secret: Option<Secret>,
    /// RFC 8628, 3.1; `None`: the provider gives no mail to a device code.
    pub device_url: Option<String>,
    /// RFC 6749, 3.1.
    pub authorize_url: Option<String>,
    /// RFC 6749, 3.2.
    pub token_url: String,
    pub scopes: Vec<String>,
    /// Whose mailbox it is: what XOAUTH2 and OAUTHBEARER name.
    pub user: String,
    /// PEM file with roots beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// `data_dir/oauth2`.
    pub dir: PathBuf,
}

impl SignIn {
    /// What the operator types to sign in.
    #[must_use]
    pub fn command(&self) -> String {
        format!("svar sign-in {}", self.user)
    }
}

/// Tokens end by the time of day, which is read in one place above this floor.
static CLOCK: OnceLock<fn() -> Time> = OnceLock::new();

/// What tells the time. Called once, by whoever owns the process; without it every kept token counts as of unknown age and is renewed.
pub fn go_by(clock: fn() -> Time) {
    let _ = CLOCK.set(clock);
}

fn now() -> Option<Time> {
    CLOCK.get().map(|clock| clock())
}
