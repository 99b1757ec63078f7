//! Where the big providers let people sign in, and what mail needs there.

use std::fmt;

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    Google,
    Microsoft365,
    /// All that is known of it stands in the configuration.
    Custom,
}

/// What is known of a provider. See `docs/SIGN-IN.md` for the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    pub device_url: Option<String>,
    pub authorize_url: String,
    pub token_url: String,
    pub scopes: Vec<String>,
}

impl Provider {
    pub const NAMES: &'static [(&'static str, Self)] =
        &[("google", Self::Google), ("microsoft365", Self::Microsoft365), ("custom", Self::Custom)];

    /// As the configuration writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft365 => "microsoft365",
            Self::Custom => "custom",
        }
    }

    /// `tenant` is Microsoft's name of a directory: its id, one of its domains, or `common`.
    #[must_use]
    pub fn preset(self, tenant: &str) -> Option<Preset> {
        match self {
            // A device code gets no Gmail scope from Google, whatever the client.
            Self::Google => Some(Preset {
                device_url: None,
                authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                token_url: "https://oauth2.googleapis.com/token".to_owned(),
                scopes: vec!["https://mail.google.com/".to_owned()],
            }),
            Self::Microsoft365 => {
                let at = |what: &str| format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{what}");
                Some(Preset {
                    device_url: Some(at("devicecode")),
                    authorize_url: at("authorize"),
                    token_url: at("token"),
                    scopes: [
                        "https://outlook.office.com/IMAP.AccessAsUser.All",
                        "https://outlook.office.com/SMTP.Send",
                        "offline_access",
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                })
            }
            Self::Custom => None,
        }
    }

    /// The name by which the browser is sent back to this machine. Both accept any port on it (RFC 8252, 7.3); Microsoft lets
    /// only `localhost` be registered in its pages.
    pub(super) const fn loopback(self) -> &'static str {
        match self {
            Self::Microsoft365 => "localhost",
            Self::Google | Self::Custom => "127.0.0.1",
        }
    }

    /// What the page of sign-in must be told besides, so that a refresh token comes.
    pub(super) const fn extra(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Google => &[("access_type", "offline"), ("prompt", "consent")],
            Self::Microsoft365 | Self::Custom => &[],
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Google => "Google",
            Self::Microsoft365 => "Microsoft 365",
            Self::Custom => "the provider",
        })
    }
}
