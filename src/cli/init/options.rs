//! What `svar init` can be told without being asked.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::draft::{Mode, Work};

pub const INIT: &str = "On a terminal svar asks for whatever is not given, one question at a time. Without one
an option that is missing and has no default is named, and the exit code is 2.
Nothing is overwritten, and nothing is written before all has been tried:
  svar init --address info@shop.example --password-file pw \\
    --agent \"Anna Andersson <anna@shop.example>\" --hours \"mån-fre 9-17\"";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    Google,
    Microsoft365,
    Custom,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TlsWay {
    Implicit,
    Starttls,
    /// Loopback only
    None,
}

#[derive(Args, Debug, Default)]
pub struct Init {
    /// The shared address that customers write to
    #[arg(long, value_name = "ADDR")]
    pub address: Option<String>,
    /// The mailbox's password: a file that holds it; `-` takes it from stdin, into a file of its own
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password_env", "oauth2"])]
    pub password_file: Option<PathBuf>,
    /// The password stands in this environment variable
    #[arg(long, value_name = "NAME", conflicts_with = "oauth2")]
    pub password_env: Option<String>,
    /// Sign in by OAuth2 in place of a password [default preset: the address's provider's]
    #[arg(long, value_name = "PRESET", num_args = 0..=1)]
    pub oauth2: Option<Option<Preset>>,
    /// The client id that you have registered at the provider (docs/SIGN-IN.md)
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// A file that holds the client's secret
    #[arg(long, value_name = "FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// With --oauth2 custom: where tokens come from
    #[arg(long, value_name = "URL")]
    pub token_url: Option<String>,
    /// With --oauth2 custom: where device codes come from
    #[arg(long, value_name = "URL")]
    pub device_url: Option<String>,
    /// With --oauth2 custom: the sign-in page
    #[arg(long, value_name = "URL")]
    pub authorize_url: Option<String>,
    /// With --oauth2 custom: what is asked for; may be repeated
    #[arg(long, value_name = "SCOPE")]
    pub scope: Vec<String>,
    /// Sign in by OAuth2 at once, though nobody is at a terminal: what to do in a browser is said on stderr
    #[arg(long, conflicts_with = "offline")]
    pub sign_in: bool,
    /// The mail server for both ways; else it is found by the address
    #[arg(long, value_name = "HOST", conflicts_with_all = ["imap_host", "smtp_host"])]
    pub host: Option<String>,
    /// HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub imap_host: Option<String>,
    /// HOST or HOST:PORT
    #[arg(long, value_name = "HOST")]
    pub smtp_host: Option<String>,
    /// [default: by the port, else it is tried]
    #[arg(long, value_name = "WAY")]
    pub imap_tls: Option<TlsWay>,
    /// [default: by the port, else it is tried]
    #[arg(long, value_name = "WAY")]
    pub smtp_tls: Option<TlsWay>,
    /// Whom to sign in as [default: the address]
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// Certificates (PEM) that are trusted beside the public ones
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// What customers see as the shop's name
    #[arg(long, value_name = "NAME")]
    pub desk: Option<String>,
    /// Of mails to customers: sv or en
    #[arg(long, value_name = "LANG")]
    pub language: Option<String>,
    /// Such as Europe/Stockholm
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Opening hours in words: "mån-fre 9-17, lör 10-14", "weekdays 8-16", "24/7"
    #[arg(long, value_name = "HOURS")]
    pub hours: Option<String>,
    /// Public holidays on which it is closed: SE, NO, DK, FI, IS, DE, GB or none
    #[arg(long, value_name = "COUNTRY")]
    pub holidays: Option<String>,
    /// Who answers: "Anna Andersson <anna@example.test>"; may be repeated
    #[arg(long, value_name = "AGENT")]
    pub agent: Vec<String>,
    /// How agents work
    #[arg(long, value_name = "HOW")]
    pub work: Option<Work>,
    /// Who gets the digests, written as agents are; may be repeated; "none" for nobody [default: the first agent]
    #[arg(long, value_name = "MANAGER", alias = "digests-to")]
    pub manager: Vec<String>,
    /// Whether svar only looks on, which is best for the first week [default: watch]
    #[arg(long, value_name = "MODE")]
    pub mode: Option<Mode>,
    /// The configuration to write; `-` is stdout [default: /etc/svar/config.toml where it can be written, else config.toml]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the database will be [default: /var/lib/svar beside /etc/svar/config.toml, else svar-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Ask nothing: take options and defaults
    #[arg(long, alias = "no-questions")]
    pub yes: bool,
    /// Ask no server: neither where the mail is nor whether the password is right
    #[arg(long)]
    pub offline: bool,
    /// Measure at the end how fast the mailbox has answered over the last year; it only reads
    #[arg(long, conflicts_with_all = ["no_audit", "offline"])]
    pub audit: bool,
    /// Do not offer that
    #[arg(long)]
    pub no_audit: bool,
    /// Ask these name servers for the domain's mail exchangers, and nobody else for anything that is not named here
    #[arg(long, value_name = "ADDR", hide = true)]
    pub name_server: Vec<SocketAddr>,
    /// Fetch Thunderbird's autoconfig here; {domain} and {address} are filled in
    #[arg(long, value_name = "URL", hide = true)]
    pub autoconfig: Vec<String>,
    /// Try this server: imap:HOST:PORT:implicit
    #[arg(long, value_name = "SERVER", hide = true)]
    pub candidate: Vec<String>,
}
