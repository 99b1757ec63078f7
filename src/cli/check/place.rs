//! Accounts, paths and lists as a line of the report names them.

use std::path::Path;

use crate::net::{Account, Tls};

pub(super) fn place(account: &Account) -> String {
    let tls = match account.tls {
        Tls::Implicit => "TLS",
        Tls::Starttls => "STARTTLS",
        Tls::None => "no TLS",
    };
    format!("{}:{} ({tls})", account.host, account.port)
}

/// Whether it can be made where it is wanted. The directory above a bare name is the present one, which `parent` calls "".
pub(super) fn stands_in_a_directory(path: &Path) -> bool {
    path.parent().is_some_and(|above| above.as_os_str().is_empty() || above.is_dir())
}

/// An error and where it happened, which some errors say themselves.
pub(super) fn at(account: &Account, error: &str) -> String {
    let names_it = error.contains(&format!("{}:{}", account.host, account.port));
    if names_it { error.to_owned() } else { format!("{}: {error}", place(account)) }
}

pub(super) fn listed(words: &[&str]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

pub(super) fn executable(program: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let runs = |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return runs(Path::new(program));
    }
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| runs(&dir.join(program))))
}
