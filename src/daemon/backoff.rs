//! How long to wait before a server is tried again.

use std::time::Duration;

/// One second, doubling, at most five minutes; each with up to a fifth more, so that many mailboxes do not come back at once.
/// The surplus is derived from a name, not drawn.
#[derive(Clone, Debug)]
pub struct Backoff {
    seed: u64,
    tries: u32,
}

const LONGEST_S: u64 = 300;

impl Backoff {
    #[must_use]
    pub fn new(name: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
        let mut seed = [0; 8];
        seed.copy_from_slice(&digest.as_ref()[..8]);
        Self { seed: u64::from_be_bytes(seed), tries: 0 }
    }

    /// It worked: the next failure waits one second again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// Whether nothing has failed since it worked last.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.tries == 0
    }

    /// After a failure that may pass by itself.
    pub fn failed(&mut self) -> Duration {
        let delay_ms = (1000 << self.tries.min(10)).min(LONGEST_S * 1000);
        self.tries = self.tries.saturating_add(1);
        Duration::from_millis(delay_ms + self.surplus(delay_ms / 5))
    }

    /// After a refused login: 5, 10, then 15 minutes. Somebody must change something; hammering locks accounts.
    pub fn refused(&mut self) -> Duration {
        let delay_ms = u64::from(self.tries.min(2) + 1) * LONGEST_S * 1000;
        self.tries = self.tries.saturating_add(1);
        Duration::from_millis(delay_ms.min(900_000) - self.surplus(30_000))
    }

    fn surplus(&self, below_ms: u64) -> u64 {
        let turn = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(self.tries.wrapping_mul(7) % 64);
        if below_ms == 0 { 0 } else { turn % below_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_minutes() {
        let mut backoff = Backoff::new("support");
        let mut check = |from_ms: u128, to_ms: u128| {
            let wait = backoff.failed().as_millis();
            assert!((from_ms..=to_ms).contains(&wait), "{wait} is not within {from_ms} and {to_ms}");
        };
        check(1000, 1200);
        check(2000, 2400);
        check(4000, 4800);
        for _ in 0..5 {
            check(8000, 300_000);
        }
        check(256_000, 360_000);
        check(300_000, 360_000);
        check(300_000, 360_000);
        backoff.reset();
        assert!(backoff.is_fresh());
        let mut check = |minutes: u64| {
            let wait = backoff.refused().as_secs();
            assert!((minutes * 60 - 30..=minutes * 60).contains(&wait), "{wait}");
        };
        check(5);
        check(10);
        check(15);
        check(15);
    }
}
