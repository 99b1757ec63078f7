//! Reads passwords from where they are kept; their text goes into no log and no error.
//!
//! Each buffer of ours that held one is overwritten before it is given up. Out of reach is what the system holds: the environment, and
//! what the standard library copies while it collects the output of a command.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::Secret;

/// Why a secret could not be read. Says where it should be, never what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read the secret in {path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("the environment variable {0} is not set")]
    Env(String),
    #[error("the command {program} did not give the secret: {reason}")]
    Command { program: String, reason: String },
    #[error("$CREDENTIALS_DIRECTORY is not set: the credential {0} is only there under systemd's LoadCredential")]
    NoCredentials(String),
    #[error("{0} is not the name of a credential")]
    CredentialName(String),
    #[error("the secret from {0} is empty")]
    Empty(String),
}

/// No password is longer.
const MAX_BYTES: usize = 64 * 1024;

impl Secret {
    /// Reads the secret anew; one newline at its end is not part of it. Blocks for as long as a command runs.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::File(path) => finish(&from_file(path.clone())?, &path.display().to_string()),
            Self::Env(name) => {
                let text = std::env::var(name).map(Zeroizing::new).map_err(|_| SecretError::Env(name.clone()))?;
                finish(&text, &format!("the environment's {name}"))
            }
            Self::Command(words) => {
                let output = command(words)?.output();
                finish(&printed(words, output)?, &words.join(" "))
            }
            Self::Typed(typed) => finish(&typed.0, "the terminal"),
            Self::Credential(name) => {
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(SecretError::CredentialName(name.clone()));
                }
                let dir = std::env::var_os("CREDENTIALS_DIRECTORY")
                    .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                finish(&from_file(PathBuf::from(dir).join(name))?, &format!("the credential {name}"))
            }
        }
    }

    /// As `read`, for async callers; a command that has not ended after `limit` is killed.
    pub async fn read_within(&self, limit: Duration) -> Result<SecretString, SecretError> {
        let Self::Command(words) = self else { return self.read() };
        let mut command = tokio::process::Command::from(command(words)?);
        let output = tokio::time::timeout(limit, command.kill_on_drop(true).output()).await;
        let output = output.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        finish(&printed(words, output)?, &words.join(" "))
    }
}

fn finish(text: &str, place: &str) -> Result<SecretString, SecretError> {
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    if text.is_empty() {
        return Err(SecretError::Empty(place.to_owned()));
    }
    Ok(SecretString::from(text))
}

fn from_file(path: PathBuf) -> Result<Zeroizing<String>, SecretError> {
    let failed = |path: &PathBuf, reason: String| SecretError::File { path: path.clone(), reason };
    // Room for all of it at once: a buffer that grows leaves what it held behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 2));
    let limit = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
    let read = File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    read.map_err(|e| failed(&path, e.to_string()))?;
    if bytes.len() > MAX_BYTES {
        return Err(failed(&path, format!("it is bigger than {MAX_BYTES} bytes")));
    }
    text_of(&bytes).ok_or_else(|| failed(&path, "it is no UTF-8 text".to_owned()))
}

fn text_of(bytes: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn failed(words: &[String], reason: String) -> SecretError {
    SecretError::Command { program: words.first().cloned().unwrap_or_default(), reason }
}

fn command(words: &[String]) -> Result<Command, SecretError> {
    let (program, arguments) = words.split_first().ok_or_else(|| failed(words, "no command".to_owned()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

fn printed(words: &[String], output: std::io::Result<Output>) -> Result<Zeroizing<String>, SecretError> {
    let output = output.map_err(|e| failed(words, e.to_string()))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(words, format!("it ended with {}", output.status)));
    }
    if printed.len() > MAX_BYTES {
        return Err(failed(words, format!("it printed more than {MAX_BYTES} bytes")));
    }
    text_of(&printed).ok_or_else(|| failed(words, "it printed no UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn check(secret: &Secret, expect: Result<&str, &str>) {
        match (secret.read(), expect) {
            (Ok(found), Ok(wanted)) => assert_eq!(found.expose_secret(), wanted, "{secret:?}"),
            (Err(error), Err(wanted)) => assert!(error.to_string().contains(wanted), "{secret:?}: {error}"),
            (found, wanted) => panic!("{secret:?}: {found:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn secrets_are_read_from_where_they_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = |content: &[u8]| {
            let path = dir.path().join("password");
            std::fs::write(&path, content).unwrap();
            Secret::File(path)
        };
        check(&file(b"hemlig"), Ok("hemlig"));
        check(&file(b"hemlig\n"), Ok("hemlig"));
        check(&file(b"hemlig\r\n"), Ok("hemlig"));
        check(&file(b" hem lig \n\n"), Ok(" hem lig \n"));
        check(&file("lösen\n".as_bytes()), Ok("lösen"));
        check(&file(b""), Err("is empty"));
        check(&file(b"\n"), Err("is empty"));
        check(&file(b"l\xf6sen"), Err("no UTF-8"));
        check(&file(&[b'x'; MAX_BYTES + 1]), Err("bigger than"));
        check(&Secret::File(dir.path().join("none")), Err("cannot read"));
        check(&Secret::Env("SVAR_NO_SUCH_VARIABLE".into()), Err("is not set"));
        let command = |words: &[&str]| Secret::Command(words.iter().map(ToString::to_string).collect());
        check(&command(&["printf", "hem%s\\n", "lig"]), Ok("hemlig"));
        check(&command(&["false"]), Err("ended with"));
        check(&command(&["/no/such/program"]), Err("did not give"));
        check(&command(&[]), Err("no command"));
        check(&Secret::Credential("../x".into()), Err("is not the name"));
        check(&Secret::Credential("imap".into()), Err("CREDENTIALS_DIRECTORY"));
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_killed() {
        let command = |words: &[&str]| Secret::Command(words.iter().map(ToString::to_string).collect());
        let limit = Duration::from_millis(300);
        let error = command(&["sleep", "60"]).read_within(limit).await.unwrap_err();
        assert!(error.to_string().contains("timed out"), "{error}");
        let limit = Duration::from_secs(20);
        let found = command(&["echo", "hemlig"]).read_within(limit).await.unwrap();
        assert_eq!(found.expose_secret(), "hemlig");
        assert!(command(&["false"]).read_within(limit).await.is_err());
        assert!(command(&[]).read_within(limit).await.is_err());
    }

    /// Looks for `veiled` (every bit turned over) in what this process has written to: heap, stacks, data.
    fn lies_in_memory(veiled: &[u8]) -> bool {
        use std::os::unix::fs::FileExt;
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let memory = File::open("/proc/self/mem").unwrap();
        let mut chunk = Zeroizing::new(vec![0; 1 << 16]);
        let own = chunk.as_ptr() as u64..chunk.as_ptr() as u64 + (1 << 16);
        for line in maps.lines().filter(|l| l.contains(" rw-p ")) {
            let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let (mut at, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
            while at < to {
                let Ok(read @ 1..) = memory.read_at(&mut chunk, at) else { break };
                // The buffer in which it is looked for holds whatever was read last; the secret may lie right beside it.
                let is_own = |n: usize| (at + n as u64) < own.end && at + (n + veiled.len()) as u64 > own.start;
                let hit = |w: &[u8]| w.iter().zip(veiled).all(|(a, b)| *a == !b);
                if chunk[..read].windows(veiled.len()).enumerate().any(|(n, w)| hit(w) && !is_own(n)) {
                    return true;
                }
                // Pages overlap by less than what is looked for.
                at += if read > veiled.len() { (read - veiled.len()) as u64 } else { read as u64 };
            }
        }
        false
    }

    #[test]
    fn nothing_is_left_of_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        // Written by somebody else, so that this process has never seen it.
        let made = format!("head -c 6000 /dev/urandom | base64 -w 0 > '{}'", path.display());
        assert!(Command::new("sh").args(["-c", &made]).status().unwrap().success());
        let secret = Secret::File(path);
        let read = secret.read().unwrap();
        let veiled: Vec<u8> = read.expose_secret().as_bytes()[4000..4040].iter().map(|b| !b).collect();
        assert!(lies_in_memory(&veiled), "the test has no eyes");
        drop(read);
        assert!(!lies_in_memory(&veiled));
    }
}
