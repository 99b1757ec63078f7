//! What `init` writes: a configuration and, where a password was typed, a file for that alone. Nothing is overwritten, nothing
//! is left half.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::cli::error::CommandError;
use crate::cli::owner;

const SYSTEM_CONFIG: &str = "/etc/svar/config.toml";
const SYSTEM_DATA: &str = "/var/lib/svar";

/// Where things go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `None`: stdout.
    pub config: Option<PathBuf>,
    /// The configuration's directory.
    pub home: PathBuf,
    /// As the configuration names it.
    pub data_dir: PathBuf,
}

impl Places {
    /// # Errors
    /// There is a configuration already, or no directory for one.
    pub fn find(output: Option<&Path>, data_dir: Option<&Path>) -> Result<Self, CommandError> {
        let is_system = output.map_or_else(|| may_write(Path::new("/etc/svar")), |o| o == Path::new(SYSTEM_CONFIG));
        let config = match output {
            Some(path) if path.as_os_str() == "-" => None,
            Some(path) => Some(path.to_owned()),
            None if is_system => Some(PathBuf::from(SYSTEM_CONFIG)),
            None => Some(PathBuf::from("config.toml")),
        };
        let home = match config.as_deref().and_then(Path::parent) {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if let Some(path) = &config {
            if path.symlink_metadata().is_ok() {
                return Err(CommandError::usage(format!(
                    "{} is there already; svar init overwrites nothing",
                    path.display()
                ))
                .hint(
                    "`svar check` tries it. For a new one, name another file with --output, or move that one away.",
                ));
            }
            if !home.is_dir() {
                return Err(CommandError::usage(format!("there is no directory {}", home.display()))
                    .hint("Make it first, or name another file with --output."));
            }
        }
        let usual = if is_system { SYSTEM_DATA } else { "svar-data" };
        let data_dir = data_dir.map_or_else(|| PathBuf::from(usual), |dir| from(&home, dir));
        Ok(Self { config, home, data_dir })
    }
}

/// `path`, which is relative to where we are, as a file in `home` names it.
pub fn from(home: &Path, path: &Path) -> PathBuf {
    let here = home == Path::new(".") || home.as_os_str().is_empty();
    if path.is_absolute() || here {
        return path.to_owned();
    }
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn may_write(dir: &Path) -> bool {
    dir.is_dir() && rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Writes the password first, then the configuration, which is there whole or not at all.
///
/// # Errors
/// What could not be written; then nothing is left.
pub fn write(places: &Places, text: &str, password: Option<(&Path, &str)>) -> Result<(), CommandError> {
    let Some(config) = &places.config else { return Ok(()) };
    let secret = password.map(|(name, password)| (places.home.join(name), password));
    if let Some((path, password)) = &secret {
        create(path, &format!("{password}\n"), 0o600).map_err(|e| cannot(path, &e))?;
    }
    let done = whole(config, text).and_then(|()| {
        let owned = secret.iter().map(|(path, _)| path.as_path());
        give(places, config, owned.collect::<Vec<_>>().as_slice())
    });
    done.map_err(|error| {
        if let Some((path, _)) = &secret {
            let _ = fs::remove_file(path);
        }
        cannot(config, &error)
    })
}

fn cannot(path: &Path, error: &io::Error) -> CommandError {
    let told = CommandError::failed(format!("cannot write {}: {error}", path.display()));
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            told.hint("Somebody else has made it meanwhile; it is left as it is.").kind(crate::cli::error::Kind::Usage)
        }
        io::ErrorKind::PermissionDenied => {
            told.hint("Nothing was written. Try as root, or name another file with --output.")
        }
        _ => told.hint("Nothing was written."),
    }
}

/// A file that was not there. Removed again if it cannot be filled.
fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    let filled = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if filled.is_err() {
        let _ = fs::remove_file(path);
    }
    filled
}

/// Under another name first; a link to the right one fails if that is taken meanwhile, which a rename would not.
fn whole(config: &Path, text: &str) -> io::Result<()> {
    let name = config.file_name().unwrap_or_default().to_string_lossy();
    let temporary = config.with_file_name(format!(".{name}.{}.new", std::process::id()));
    create(&temporary, text, 0o640)?;
    let linked = match fs::hard_link(&temporary, config) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && config.symlink_metadata().is_err() => {
            // A file system without links.
            fs::rename(&temporary, config)
        }
        other => other,
    };
    let _ = fs::remove_file(&temporary);
    linked?;
    let home = config.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(home)?.sync_all()
}

/// Root sets svar up for a service of its own: what is written belongs to whoever owns the data directory, and is read by him.
fn give(places: &Places, config: &Path, secrets: &[&Path]) -> io::Result<()> {
    let is_root = owner::is_root();
    let data_dir = places.home.join(&places.data_dir);
    let Some(owner) = fs::metadata(data_dir).ok().filter(|owner| is_root && owner.uid() != 0) else { return Ok(()) };
    chown(config, None, Some(owner.gid()))?;
    fs::set_permissions(config, fs::Permissions::from_mode(0o640))?;
    secrets.iter().try_for_each(|path| chown(path, Some(owner.uid()), Some(owner.gid())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        let places = Places::find(Some(&config), Some(Path::new("/data"))).unwrap();
        assert_eq!((places.home.as_path(), places.data_dir.as_path()), (dir.path(), Path::new("/data")));
        write(&places, "a = 1\n", Some((Path::new("info.password"), "hemlig"))).unwrap();
        assert_eq!(fs::read_to_string(&config).unwrap(), "a = 1\n");
        assert_eq!(fs::read_to_string(dir.path().join("info.password")).unwrap(), "hemlig\n");
        assert_eq!((mode(&config) & 0o037, mode(&dir.path().join("info.password"))), (0, 0o600));
        let error = Places::find(Some(&config), None).unwrap_err();
        assert!(error.kind.exit_code() == 2 && error.message.contains("is there already"), "{error:?}");
        // Between the question and the writing somebody else was faster.
        fs::remove_file(dir.path().join("info.password")).unwrap();
        let error = write(&places, "b = 2\n", Some((Path::new("info.password"), "x"))).unwrap_err();
        assert_eq!(error.kind.exit_code(), 2, "{error:?}");
        assert_eq!(fs::read_to_string(&config).unwrap(), "a = 1\n");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["config.toml"], "nothing is left half");
    }

    #[test]
    fn a_place_that_cannot_be() {
        let error = Places::find(Some(Path::new("/nowhere/at/all/config.toml")), None).unwrap_err();
        assert!(error.kind.exit_code() == 2 && error.message.contains("no directory"), "{error:?}");
        assert_eq!(Places::find(Some(Path::new("-")), None).unwrap().config, None);
    }
}
