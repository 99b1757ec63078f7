//! Any bytes as all that an IMAP server says, then silence: the session ends with an answer or a reason.
#![no_main]

#[path = "../server.rs"]
mod server;

use std::sync::Once;
use std::time::Duration;

use svar::model::Time;
use svar::net::Account;
use svar::net::imap::{Flag, ImapError, Item, Session, feed};

/// What it does in turn; what is refused does not end it.
async fn talk(account: &Account, said_bytes: usize) -> Result<(), ImapError> {
    let mut session = Session::connect(account, server::TIMEOUTS).await?;
    past(session.folders().await)?;
    past(session.select("INBOX").await)?;
    if let Some(uids) = past(session.uids(1..=9).await)? {
        assert!(uids.iter().all(|uid| (1..=9).contains(uid)), "{uids:?}");
    }
    let (sink, mut letters) = feed(1_000_000);
    let fetched = session.fetch(&[5, 6], 10_000, &sink).await;
    drop(sink);
    let mut told = Vec::new();
    while let Some(item) = letters.next().await {
        told.push(match item {
            Item::Letter(letter) => {
                assert!(letter.raw.len() <= said_bytes);
                letter.uid
            }
            Item::Missing(uid) => uid,
        });
    }
    told.sort_unstable();
    // No letter twice, none that was not asked for, and none unmentioned where the fetch went well.
    assert!(told.is_empty() || told == [5] || told == [6] || told == [5, 6], "{told:?}");
    assert!(fetched.is_err() || told == [5, 6], "{told:?}");
    past(fetched)?;
    past(session.search_message_id("a@b").await)?;
    past(session.append("Sent", &[Flag::Seen], Time::from_unix(1_790_000_000), b"Hej\r\n").await)?;
    past(session.store_flags(&[5], &[Flag::Seen]).await)?;
    past(session.move_uids(&[5], "Klart").await)?;
    past(session.idle(Duration::from_millis(200), std::future::pending()).await)?;
    past(session.noop().await)?;
    session.logout().await
}

fn past<T>(done: Result<T, ImapError>) -> Result<Option<T>, ImapError> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(ImapError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The parser of `imap-proto` panics on some bytes, which the session catches and takes for a broken line; libFuzzer's hook would end
/// the process before that. A panic that nobody catches is still found.
static HOOK: Once = Once::new();

libfuzzer_sys::fuzz_target!(|said: &[u8]| {
    HOOK.call_once(|| drop(std::panic::take_hook()));
    server::play(said, |mut account| async move {
        account.user = "anna".to_owned();
        if let Err(error) = talk(&account, said.len()).await {
            assert!(!error.to_string().is_empty());
        }
    });
});
