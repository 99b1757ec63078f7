//! Sent mail as files: `[mailbox.outdir]` writes it into a Maildir instead of handing it to a server.

use std::io;
use std::path::Path;

use super::{Delivery, Wire, maildir};
use crate::model::{Address, Time};

/// Writes the mail into the Maildir `dir`. `at` and `id` name the file, so that the same mail sent again is found there and
/// accepted. Line ends become LF, as they are in Maildirs. Blocks on files: call it from `spawn_blocking`.
pub fn send(dir: &Path, wire: &Wire, at: Time, id: &str) -> Vec<(Address, Delivery)> {
    let name = format!("{}.{}.svar", at.unix(), plain(id));
    let fate = match maildir::deliver_into(dir, &with_lf(&wire.bytes), &name) {
        Ok(path) => Delivery::Accepted { reply: format!("written to {}", path.display()) },
        // Sending again cannot help: the id stands for another mail.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Delivery::Refused { reply: e.to_string() },
        Err(e) => Delivery::Deferred { reply: format!("cannot write to {}: {e}", dir.display()) },
    };
    wire.to.iter().map(|to| (to.clone(), fate.clone())).collect()
}

/// `id` with nothing in it that a Maildir name may not have.
fn plain(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '@') { c } else { '_' }).collect()
}

/// The mail with LF as line end.
pub(super) fn with_lf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_mail_becomes_a_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let wire = |text: &str| Wire {
            from: None,
            to: vec![Address::parse("a@kund.test").unwrap(), Address::parse("b@kund.test").unwrap()],
            bytes: Arc::new(text.as_bytes().to_vec()),
        };
        let at = Time::from_unix(1_795_276_800);
        for _ in 0..2 {
            let fates = send(dir.path(), &wire("Subject: x\r\n\r\nhej\r\n"), at, "<17.x@example.test>");
            assert_eq!(fates.len(), 2);
            assert!(fates.iter().all(|(_, fate)| matches!(fate, Delivery::Accepted { .. })), "{fates:?}");
        }
        let found = maildir::scan(dir.path(), |_| true).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "1795276800._17_x@example_test_.svar");
        assert_eq!(std::fs::read(&found[0].path).unwrap(), b"Subject: x\n\nhej\n");
        let other = send(dir.path(), &wire("another"), at, "<17.x@example.test>");
        assert!(matches!(other[0].1, Delivery::Refused { .. }), "{other:?}");
        let nowhere = send(Path::new("/dev/null/x"), &wire("x"), at, "1");
        assert!(matches!(nowhere[0].1, Delivery::Deferred { .. }), "{nowhere:?}");
    }

    #[test]
    fn line_ends_become_lf() {
        let check = |input: &[u8], expect: &[u8]| assert_eq!(with_lf(input), expect);
        check(b"a\r\nb\r\n", b"a\nb\n");
        check(b"a\nb\r", b"a\nb\r");
        check(b"\r\r\n", b"\r\n");
    }
}
