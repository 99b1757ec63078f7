//! The bench's own clock, and waiting: the only bench file that touches either.

use std::time::{Duration, Instant};

/// The clock.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "a bench measures time; it decides nothing")]
pub fn now() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "a bench waits for other programs")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Runs `work`; how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = now();
    let done = work();
    (done, began.elapsed())
}

/// Asks again and again until there is an answer; panics after `limit`.
pub fn until<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < limit, "{what} did not come within {limit:?}");
        pause(Duration::from_millis(5));
    }
}
