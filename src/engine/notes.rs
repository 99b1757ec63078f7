//! What the daemon notes beside the database for `svar health`: no facts of the desk, and nothing is decided by them alone.

use std::fs;
use std::path::PathBuf;

use crate::engine::desk_dir::DeskDir;
use crate::model::Time;

impl DeskDir {
    fn note(&self, kind: &str, name: &str) -> PathBuf {
        self.path().join(format!("{kind}.{}", data_encoding::HEXLOWER.encode(name.as_bytes())))
    }

    /// Says that a mailbox cannot be read and why, or that it can be read again.
    pub fn note_mailbox(&self, mailbox: &str, trouble: Option<&str>) {
        let file = self.note("unread", mailbox);
        // Where the directory cannot be written to, there is worse to be told than this.
        let _ = match trouble {
            Some(why) => fs::write(file, why),
            None => fs::remove_file(file),
        };
    }

    /// Why a mailbox cannot be read at present, if the daemon has said so.
    #[must_use]
    pub fn trouble_of(&self, mailbox: &str) -> Option<String> {
        fs::read_to_string(self.note("unread", mailbox)).ok()
    }

    /// Says until when a server's certificate is good.
    pub fn note_certificate(&self, host: &str, port: u16, good_until: Time) {
        let file = self.note("certificate", &format!("{host}:{port}"));
        let _ = fs::write(file, good_until.unix().to_string());
    }

    /// Until when it is good, if the daemon has said so.
    #[must_use]
    pub fn certificate_of(&self, host: &str, port: u16) -> Option<Time> {
        let text = fs::read_to_string(self.note("certificate", &format!("{host}:{port}"))).ok()?;
        text.trim().parse().ok().map(Time::from_unix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let desk = DeskDir::prepare(dir.path()).unwrap();
        assert_eq!(desk.trouble_of("support"), None);
        desk.note_mailbox("support", Some("login refused"));
        assert_eq!(desk.trouble_of("support").as_deref(), Some("login refused"));
        desk.note_mailbox("support", None);
        assert_eq!(desk.trouble_of("support"), None);
        desk.note_certificate("imap.example.test", 993, Time::from_unix(1_800_000_000));
        assert_eq!(desk.certificate_of("imap.example.test", 993), Some(Time::from_unix(1_800_000_000)));
        assert_eq!(desk.certificate_of("imap.example.test", 143), None);
    }
}
