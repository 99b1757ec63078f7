//! Sends a mail from the mailbox to itself every so often. The reader sees it come back; the engine notices when it does not.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::config::settings::{Heartbeat, Mailbox, Outlet};
use crate::daemon::desk::{Closed, Desk};
use crate::desk::probe::{Probe, ProbeKind};
use crate::engine::clock::{self, Now};
use crate::net::Wire;
use crate::net::smtp::{Connection, SmtpError};
use crate::net::stream::Timeouts;

/// A daemon that has just begun reads what has come before it sends more.
const AT_FIRST: Duration = Duration::from_secs(5);
/// A server that is away for a moment is tried again, before silence is left to say it.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_secs(60);

/// Beats until the task is dropped.
pub async fn beat(mailbox: Mailbox, heartbeat: Heartbeat, helo: String, desk: Desk, given: Option<Now>) {
    if let Err(Closed) = beats(&mailbox, heartbeat, &helo, &desk, given).await {
        tracing::debug!(mailbox = mailbox.name, "the heartbeat ends with the desk");
    }
}

async fn beats(
    mailbox: &Mailbox,
    heartbeat: Heartbeat,
    helo: &str,
    desk: &Desk,
    given: Option<Now>,
) -> Result<(), Closed> {
    let now = || given.unwrap_or_else(clock::read).wall;
    let name = mailbox.name.clone();
    let began = now();
    let row = desk.ask(move |engine| {
        engine.store().batch(|tx| {
            tx.heartbeat_watched(&name, began)?;
            tx.heartbeat(&name)
        })
    });
    let last = row.await?.ok().and_then(|row| row.sent_at);
    let due_s = last.map_or(0, |last| heartbeat.every_s - now().since(last)).clamp(0, heartbeat.every_s);
    sleep(AT_FIRST.max(Duration::from_secs(due_s.unsigned_abs()))).await;
    loop {
        let sent_at = now();
        let name = mailbox.name.clone();
        let ask = desk.ask(move |engine| {
            engine.store().batch(|tx| tx.heartbeat_sent(&name, sent_at)).map(|()| engine.key().clone())
        });
        match ask.await? {
            Ok(key) => {
                let probe = Probe { kind: ProbeKind::Heartbeat, sent_at, number: 1 };
                send(mailbox, helo, probe.mail(mailbox, &mailbox.address, &key, Vec::new())).await;
            }
            Err(error) => tracing::warn!(mailbox = mailbox.name, "the heartbeat could not be written down: {error}"),
        }
        // The engine looks at itself when this one should be back.
        let within = Duration::from_secs(heartbeat.within_s.unsigned_abs());
        let rest = Duration::from_secs((heartbeat.every_s - heartbeat.within_s).max(0).unsigned_abs());
        sleep(within + Duration::from_secs(1)).await;
        let at = now();
        desk.ask(move |engine| engine.looks_at_itself_soon(at)).await?;
        sleep(rest).await;
    }
}

async fn send(mailbox: &Mailbox, helo: &str, mail: Vec<u8>) {
    let Outlet::Smtp { account, .. } = &mailbox.outlet else { return };
    let wire = Wire { from: Some(mailbox.address.clone()), to: vec![mailbox.address.clone()], bytes: Arc::new(mail) };
    for attempt in 1..=TRIES {
        let sent: Result<(), SmtpError> = async {
            let mut connection = Connection::connect(account, helo, Timeouts::default()).await?;
            let results = connection.send(&wire).await?;
            connection.quit().await;
            tracing::debug!(mailbox = mailbox.name, ?results, "a heartbeat was handed over");
            Ok(())
        }
        .await;
        match sent {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(mailbox = mailbox.name, attempt, "a heartbeat could not be sent: {error}");
                sleep(BETWEEN_TRIES).await;
            }
        }
    }
}
