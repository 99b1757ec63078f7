//! Commands that root types leave nothing behind that the service's own user cannot read.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::{Path, PathBuf};

use crate::cli::args::{Cli, Command, Global};
use crate::cli::error::CommandError;
use crate::cli::open::settings;

/// What root has written into a data directory of somebody else's is given to its owner. SQLite does so by itself for the files
/// beside the database; the key, tokens and a database made anew are ours to give.
pub fn hand_over(data_dir: &Path) -> io::Result<()> {
    let owner = fs::metadata(data_dir)?;
    give(data_dir, (owner.uid(), owner.gid()))
}

fn give(directory: &Path, owner: (u32, u32)) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // Of a link the link itself: what it points at may be anybody's.
        let found = fs::symlink_metadata(entry.path())?;
        if (found.uid(), found.gid()) != owner {
            lchown(entry.path(), Some(owner.0), Some(owner.1))?;
        }
        if found.is_dir() {
            give(&entry.path(), owner)?;
        }
    }
    Ok(())
}

/// Whether this process may give files away.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// The data directory that the configuration names, if it is there and is not root's.
fn of_another(global: &Global) -> Option<PathBuf> {
    let data_dir = settings(global).ok()?.desk.data_dir;
    fs::metadata(&data_dir).is_ok_and(|found| found.uid() != 0).then_some(data_dir)
}

/// A desk that belongs to another user is not run by root: its files would become root's one by one.
pub fn insist(cli: &Cli) -> Result<(), CommandError> {
    if !matches!(cli.command, Command::Run { .. }) || !is_root() {
        return Ok(());
    }
    let Some(data_dir) = of_another(&cli.global) else { return Ok(()) };
    Err(CommandError::failed(format!("{} is another user's, so root does not run its desk", data_dir.display()))
        .hint("Start the service (systemctl start svar), or run it as its user: runuser -u svar -- svar run"))
}

/// After a command that root may have typed.
pub fn settle(global: &Global) -> Result<(), CommandError> {
    if !is_root() {
        return Ok(());
    }
    let Some(data_dir) = of_another(global) else { return Ok(()) };
    hand_over(&data_dir).map_err(|error| {
        CommandError::failed(format!("what was written into {} stays root's: {error}", data_dir.display()))
            .hint("Give it to the directory's owner with chown, or the service cannot read it.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The owners of all that is in a directory, by name.
    fn owners(directory: &Path) -> Vec<(String, u32, u32)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let at = fs::symlink_metadata(entry.path()).unwrap();
            found.push((entry.file_name().into_string().unwrap(), at.uid(), at.gid()));
            if at.is_dir() {
                found.extend(owners(&entry.path()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn what_is_written_is_the_directorys_owners() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        let me = fs::metadata(dir.path()).unwrap();
        // Only root can give; for anybody else all is as it should be, and stays so.
        let owner = if is_root() { (12_345, 12_346) } else { (me.uid(), me.gid()) };
        lchown(dir.path(), Some(owner.0), Some(owner.1)).unwrap();
        fs::write(dir.path().join("key"), "k").unwrap();
        fs::create_dir(dir.path().join("oauth2")).unwrap();
        fs::write(dir.path().join("oauth2/token"), "t").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("link")).unwrap();
        hand_over(dir.path()).unwrap();
        let of = |name: &str| (name.to_owned(), owner.0, owner.1);
        assert_eq!(owners(dir.path()), [of("key"), of("link"), of("oauth2"), of("token")]);
        assert_eq!(fs::metadata(elsewhere.path()).unwrap().uid(), me.uid(), "a link's target is not touched");
        assert_eq!(hand_over(&dir.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
