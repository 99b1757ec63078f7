//! Looks over the pages of the database, at the start and once a day: a damaged one is found before somebody needs it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::daemon::desk::{Alarm, Routes};
use crate::store::{Role, Store, StoreError};

/// What comes at the start goes first.
const FIRST: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// Goes on until it is aborted; raises [`Alarm::Damaged`].
pub async fn watch(database: PathBuf, routes: Arc<Routes>) {
    sleep(FIRST).await;
    loop {
        let path = database.clone();
        // On a connection of its own, table by table: nobody waits for it.
        let looked = tokio::task::spawn_blocking(move || -> Result<Vec<String>, StoreError> {
            Store::open(&path, Role::Reader)?.check_pages()
        });
        match looked.await {
            Ok(Ok(broken)) if broken.is_empty() => tracing::debug!("the database's pages are sound"),
            Ok(Ok(broken)) => {
                return routes.raise(Alarm::Damaged(format!("the database is damaged: {}", broken.join("; "))));
            }
            Ok(Err(error)) => tracing::warn!("the database's pages could not be looked over: {error}"),
            Err(_) => return,
        }
        sleep(EVERY).await;
    }
}
