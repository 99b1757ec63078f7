//! What svar is measured by: mbsync, notmuch, and its own fetch without anything behind it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use svar::net::Tls;
use svar::net::imap::{Item, Session, feed};
use svar::net::stream::Timeouts;

use crate::lab::{self, Lab};
use crate::watch::Took;
use crate::{SUPPORT, machine, watch};

/// mbsync's setting of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Each mail is made durable.
    Default,
    No,
}

/// Copies the support mailbox into an empty Maildir.
pub fn mbsync(dir: &Path, lab: &Lab, fsync: Fsync) -> Took {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir.join("near")).expect("a directory for mbsync");
    let extra = if fsync == Fsync::No { "FSync no\n" } else { "" };
    let near = dir.join("near");
    let config = format!(
        "{extra}IMAPAccount lab\nHost localhost\nPort {}\nUser {SUPPORT}\nPass {}\nSSLType IMAPS\nCertificateFile {}\n\n\
         IMAPStore far\nAccount lab\n\nMaildirStore near\nPath {near}/\nInbox {near}/INBOX\n\n\
         Channel support\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nSyncState *\n",
        lab.port(993),
        lab::PASSWORD,
        lab.ca().display(),
        near = near.display(),
    );
    let path = dir.join("mbsyncrc");
    fs::write(&path, config).expect("a configuration for mbsync");
    machine::settle();
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(path).arg("support").env("HOME", dir);
    let (output, took) = watch::timed_program(|| command.output().expect("mbsync runs"));
    assert!(output.status.success(), "mbsync: {}", String::from_utf8_lossy(&output.stderr));
    let there = ["new", "cur"].map(|sub| fs::read_dir(near.join("INBOX").join(sub)).map_or(0, Iterator::count));
    assert!(there.iter().sum::<usize>() > 0, "mbsync fetched nothing");
    took
}

/// Indexes the Maildir from nothing.
pub fn notmuch_new(dir: &Path, maildir: &Path) -> Took {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).expect("a directory for notmuch");
    let config = format!(
        "[database]\npath={}\nmail_root={}\n[user]\nname=Bench\nprimary_email={SUPPORT}\n[new]\ntags=unread;inbox\nignore=\n\
         [maildir]\nsynchronize_flags=false\n",
        dir.display(),
        maildir.display()
    );
    let path = dir.join("config");
    fs::write(&path, config).expect("a configuration for notmuch");
    machine::settle();
    let mut command = Command::new("notmuch");
    command.args(["new", "--quiet"]).env("NOTMUCH_CONFIG", path).env("HOME", dir);
    let (output, took) = watch::timed_program(|| command.output().expect("notmuch runs"));
    assert!(output.status.success(), "notmuch: {}", String::from_utf8_lossy(&output.stderr));
    took
}

/// svar's own fetch of the whole mailbox; each letter is thrown away as it comes.
pub fn bare_fetch(lab: &Lab) -> Took {
    let account = lab.imap("support", Tls::Implicit);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let fetch = async {
        let mut session = Session::connect(&account, Timeouts::default()).await.expect("a session");
        session.examine("INBOX").await.expect("INBOX");
        let uids = session.uids(1..=u32::MAX).await.expect("UIDs");
        let (sink, mut letters) = feed(8 << 20);
        let counting = tokio::spawn(async move {
            let mut count = 0;
            while let Some(item) = letters.next().await {
                count += usize::from(matches!(item, Item::Letter(_)));
            }
            count
        });
        session.fetch(&uids, 50_000_000, &sink).await.expect("the letters");
        drop(sink);
        assert_eq!(counting.await.expect("a count"), uids.len(), "letters are missing");
    };
    Took { wall: watch::timed(|| runtime.block_on(fetch)).1, processor: Duration::ZERO }
}
