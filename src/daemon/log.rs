//! Where the daemon's log goes: to journald under systemd, else to stderr.
//!
//! At `info` and above no line holds an address, a subject or a text. `RUST_LOG` sets the level, as usual.

use std::panic;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Sets up the log of this process. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    // JOURNAL_STREAM names the socket that stderr is connected to (systemd.exec(5)).
    let under_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let journal = if under_systemd { tracing_journald::layer().ok() } else { None };
    let started = match journal {
        Some(journal) => registry.with(journal).try_init(),
        None => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
            registry.with(fmt::layer().with_writer(std::io::stderr).with_ansi(ansi).with_target(false)).try_init()
        }
    };
    if started.is_ok() {
        // A panic's message may quote the letter that was being read; the place is enough to find the bug.
        panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, ToString::to_string);
            tracing::error!(place, "a bug: a panic");
        }));
    }
}
