//! From a fetched letter to one in custody: packs it, tells the desk, and waits until it is safe.

use std::collections::BTreeMap;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::daemon::desk::{Desk, Note};
use crate::engine::{CustodyKey, Event, Intake};
use crate::model::{Channel, Time};
use crate::net::Fetched;
use crate::net::imap::{Feed, Item};
use crate::plan::Folder;
use crate::store::{Arrival, SourceRow, custody};

/// Packed bytes that may be on their way into custody at a time.
const UNDER_WAY_BYTES: usize = 16 << 20;
/// The cursor is written at least once for so many letters.
const CURSOR_EVERY: usize = 64;

/// What a stretch of letters came to.
#[derive(Debug, Default)]
pub struct Taken {
    /// Now in custody, in no particular order.
    pub in_custody: Vec<u32>,
    /// The server would not hand some of them over, and they are not given up yet: the cursor stays before the first of them.
    pub has_missing: bool,
    /// The server numbers its letters anew without saying so.
    pub renumbered: bool,
}

/// What is the same for all letters of a stretch.
#[derive(Clone, Debug)]
pub struct Place {
    pub row: SourceRow,
    pub folder: Folder,
    pub uidvalidity: u32,
    /// Letters that the server took in before this are left alone (`start = "new"`, after the server numbered them anew).
    pub not_before: Option<Time>,
    /// For letters of which the server does not say when it took them in.
    pub now: Time,
}

impl Place {
    #[must_use]
    pub fn arrival(&self, fetched: &Fetched, name: Option<String>) -> Arrival {
        let received_at = if fetched.received_at.unix() == 0 { self.now } else { fetched.received_at };
        Arrival {
            source: self.row.no,
            mailbox: self.row.mailbox.clone(),
            channel: Channel::Mail,
            folder: self.folder,
            uidvalidity: self.uidvalidity,
            uid: fetched.uid,
            name,
            received_at,
            old: self.row.is_old(fetched.uid, received_at),
            size_bytes: i64::try_from(fetched.size_bytes).unwrap_or(i64::MAX),
            truncated: fetched.truncated,
            packed: custody::pack(&fetched.raw),
            sha256: custody::sha256(&fetched.raw),
        }
    }
}

/// Takes letters from `feed` until it ends, and returns once all of them are in custody. Whether that was all there is, only the fetch
/// knows: the end of the line ends the feed, too. Runs on a task of its own: packing is work
/// for a processor, while the fetch waits for the network.
pub async fn take_in(mut feed: Feed, notes: &mut UnboundedReceiver<Note>, desk: &Desk, place: &Place) -> Taken {
    let source = place.row.no;
    let mut taken = Taken::default();
    let mut under_way: BTreeMap<u32, usize> = BTreeMap::new();
    let mut under_way_bytes = 0;
    let mut told = None;
    let mut since_cursor = 0;
    let mut open = true;
    while open || !under_way.is_empty() {
        tokio::select! {
            biased;
            note = notes.recv() => match note {
                Some(Note::InCustody(keys)) => {
                    for key in keys {
                        if let CustodyKey::Uid(uid) = key
                            && let Some(size) = under_way.remove(&uid)
                        {
                            under_way_bytes -= size;
                            taken.in_custody.push(uid);
                        }
                    }
                }
                Some(Note::PassedOver(uid)) => {
                    tracing::warn!(mailbox = place.row.mailbox, uid, "the server does not hand over this mail; it is passed over");
                }
                Some(Note::Renumbered) => {
                    // What is still under way would be answered the same.
                    taken.renumbered = true;
                    return taken;
                }
                // The desk is closed.
                None => return taken,
            },
            item = feed.next(), if open && under_way_bytes < UNDER_WAY_BYTES => match item {
                None => open = false,
                Some(Item::Missing(uid)) => {
                    taken.has_missing = true;
                    desk.tell(vec![Event::Intake(Intake::Missing { source, uid })]);
                }
                Some(Item::Letter(fetched)) => {
                    let uid = fetched.uid;
                    let mut events = Vec::with_capacity(2);
                    if told.is_none_or(|t| fetched.received_at.since(t) > Time::MINUTE) {
                        told = Some(fetched.received_at);
                        events.push(Event::ServerTime(fetched.received_at));
                    }
                    if place.not_before.is_none_or(|first| fetched.received_at >= first) {
                        let arrival = place.arrival(&fetched, None);
                        under_way.insert(uid, arrival.packed.len() + 1);
                        under_way_bytes += arrival.packed.len() + 1;
                        events.push(Event::Intake(Intake::Arrived(arrival)));
                    }
                    since_cursor += 1;
                    if since_cursor >= CURSOR_EVERY && !taken.has_missing {
                        since_cursor = 0;
                        events.push(Event::Intake(Intake::Cursor { source, uid }));
                    }
                    desk.tell(events);
                }
            },
        }
    }
    taken
}
