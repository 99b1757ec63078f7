//! Carries letters from a fetch to whoever keeps them, bounded in bytes, so that no mailbox is held in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::net::Fetched;

/// What a fetch has to say of one UID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Letter(Fetched),
    /// The server named no such letter, or would not hand it over. Counting tries is the caller's business.
    Missing(u32),
}

/// The end that a fetch fills.
#[derive(Clone, Debug)]
pub struct Sink {
    sender: mpsc::UnboundedSender<(Item, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    bound: u32,
}

/// The end that letters are taken from.
#[derive(Debug)]
pub struct Feed {
    receiver: mpsc::UnboundedReceiver<(Item, OwnedSemaphorePermit)>,
}

/// A channel that holds letters of `bound_bytes` at most, or a single bigger one.
pub fn feed(bound_bytes: u32) -> (Sink, Feed) {
    let bound = bound_bytes.clamp(1, u32::MAX >> 4);
    let (sender, receiver) = mpsc::unbounded_channel();
    (Sink { sender, room: Arc::new(Semaphore::new(bound as usize)), bound }, Feed { receiver })
}

/// What a letter takes besides its bytes.
const OVERHEAD_BYTES: usize = 256;

impl Sink {
    /// Waits for room; `false` if nobody takes letters any more.
    pub(super) async fn put(&self, item: Item) -> bool {
        let size = match &item {
            Item::Letter(letter) => letter.raw.len() + OVERHEAD_BYTES,
            Item::Missing(_) => OVERHEAD_BYTES,
        };
        let share = u32::try_from(size).unwrap_or(u32::MAX).min(self.bound);
        let permit = tokio::select! {
            permit = self.room.clone().acquire_many_owned(share) => permit,
            () = self.sender.closed() => return false,
        };
        permit.is_ok_and(|permit| self.sender.send((item, permit)).is_ok())
    }
}

impl Feed {
    /// The next item; `None` when the fetch is over and all was taken.
    pub async fn next(&mut self) -> Option<Item> {
        self.receiver.recv().await.map(|(item, _room)| item)
    }

    /// What is there already, without waiting.
    pub fn try_next(&mut self) -> Option<Item> {
        self.receiver.try_recv().ok().map(|(item, _room)| item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;

    fn letter(uid: u32, size: usize) -> Item {
        Item::Letter(Fetched {
            uid,
            received_at: Time::from_unix(0),
            size_bytes: 0,
            raw: vec![b'x'; size],
            truncated: false,
        })
    }

    #[tokio::test]
    async fn a_feed_is_bounded_in_bytes() {
        let (sink, mut feed) = feed(10_000);
        assert!(sink.put(letter(1, 6000)).await);
        let second = tokio::spawn({
            let sink = sink.clone();
            async move { sink.put(letter(2, 6000)).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished(), "12,000 bytes do not fit into 10,000");
        assert_eq!(feed.next().await, Some(letter(1, 6000)));
        assert!(second.await.unwrap());
        assert_eq!(feed.next().await, Some(letter(2, 6000)));
        // One that is bigger than all the room passes alone.
        assert!(sink.put(letter(3, 50_000)).await);
        assert_eq!(feed.next().await, Some(letter(3, 50_000)));
        drop(sink);
        assert_eq!(feed.next().await, None);
    }

    #[tokio::test]
    async fn a_sink_without_a_feed_says_so() {
        let (sink, feed) = feed(1000);
        assert!(sink.put(letter(1, 900)).await);
        let waiting = tokio::spawn({
            let sink = sink.clone();
            async move { sink.put(letter(2, 900)).await }
        });
        tokio::task::yield_now().await;
        drop(feed);
        assert!(!waiting.await.unwrap());
        assert!(!sink.put(Item::Missing(3)).await);
    }
}
