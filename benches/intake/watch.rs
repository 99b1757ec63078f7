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

/// How long a program ran, and how much processor time it used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Took {
    pub wall: Duration,
    pub processor: Duration,
}

/// Runs `work`, which starts one program and waits for it.
pub fn timed_program<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let before = processor_of_children();
    let (done, wall) = timed(work);
    (done, Took { wall, processor: processor_of_children().saturating_sub(before) })
}

/// User and system time of all programs that were waited for, from /proc/self/stat.
fn processor_of_children() -> Duration {
    let fields = stat_fields("self");
    // Fields 16 and 17.
    Duration::from_millis((fields.get(13).unwrap_or(&0) + fields.get(14).unwrap_or(&0)) * 10)
}

/// User and system time of a process that runs.
pub fn processor_of(process: u32) -> Duration {
    let fields = stat_fields(&process.to_string());
    // Fields 14 and 15.
    Duration::from_millis((fields.get(11).unwrap_or(&0) + fields.get(12).unwrap_or(&0)) * 10)
}

/// The fields of /proc/PROCESS/stat from the third on; times in it are in hundredths of a second.
fn stat_fields(process: &str) -> Vec<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().unwrap_or_default().split(' ').map(|f| f.trim().parse().unwrap_or(0)).collect()
}
