//! The one place that reads the clock, and the judgement whether to believe it.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use crate::model::Time;

/// A step back of at most this is hidden: time stands still until the clock has caught up.
pub const SMALL_STEP_BACK_S: i64 = 5 * Time::MINUTE;
/// A jump forward of more than this needs to be confirmed.
pub const BIG_JUMP_S: i64 = 30 * Time::DAY;
/// A server's time confirms ours if they differ by at most this.
const CONFIRMS_WITHIN_S: i64 = Time::DAY;

/// One reading of the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// What the machine's clock says, or what `--now` says.
    pub wall: Time,
    /// Milliseconds since this process began to count (CLOCK_MONOTONIC); `None` for a time that was given: it counts as confirmed.
    pub uptime_ms: Option<i64>,
}

impl Now {
    /// A time from `--now` or from a test.
    #[must_use]
    pub const fn given(wall: Time) -> Self {
        Self { wall, uptime_ms: None }
    }
}

/// Reads the clocks. Everybody else is handed the time.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one clock function")]
pub fn read() -> Now {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    let uptime = STARTED.get_or_init(Instant::now).elapsed();
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Now {
        wall: Time::from_unix(i64::try_from(wall.as_secs()).unwrap_or(i64::MAX)),
        uptime_ms: Some(i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX)),
    }
}

/// The time of day.
#[must_use]
pub fn now() -> Time {
    read().wall
}

/// What the engine goes by, and what it holds of the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    pub now: Time,
    pub doubt: Option<Doubt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The clock stands more than five minutes before the last time that was written down.
    SteppedBack,
    /// The clock stands more than a month after the last time that was written down.
    JumpedForward,
}

impl Doubt {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SteppedBack => "the machine's clock went back by more than five minutes",
            Self::JumpedForward => "the machine's clock went forward by more than a month",
        }
    }
}

/// Remembers what was read before, so that the monotonic clock can confirm or refute the machine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The last reading that was believed: the machine's time and the uptime then.
    believed: Option<(Time, i64)>,
    /// While in doubt: the time and the uptime from which time is counted on.
    counting: Option<(Time, i64)>,
    /// The newest time that a mail server stated for a mail that had just come.
    stated: Option<Time>,
}

impl Clock {
    /// A mail server stamped a new mail with this time (INTERNALDATE): an independent clock.
    pub fn stated(&mut self, time: Time) {
        self.stated = self.stated.max(Some(time));
    }

    /// Judges a reading against `last`, the last time that was written down. It never returns a time before `last` unless the
    /// time was given or confirmed.
    pub fn judge(&mut self, reading: Now, last: Option<Time>) -> Judged {
        let Some(uptime_ms) = reading.uptime_ms else {
            let small_step = last.filter(|l| (1..=SMALL_STEP_BACK_S).contains(&l.since(reading.wall)));
            return Judged { now: small_step.unwrap_or(reading.wall), doubt: None };
        };
        let doubt = last.and_then(|last| self.doubt(reading.wall, uptime_ms, last));
        let Some((doubt, last)) = doubt.zip(last) else {
            self.believed = Some((reading.wall, uptime_ms));
            self.counting = None;
            let backwards = last.filter(|l| (1..=SMALL_STEP_BACK_S).contains(&l.since(reading.wall)));
            return Judged { now: backwards.unwrap_or(reading.wall), doubt: None };
        };
        // Seconds go by all the same: counted on from the last time that is known to be good.
        let (from, since_ms) = *self.counting.get_or_insert((last, uptime_ms));
        Judged { now: last.max(from.plus((uptime_ms - since_ms) / 1000)), doubt: Some(doubt) }
    }

    fn doubt(&self, wall: Time, uptime_ms: i64, last: Time) -> Option<Doubt> {
        let step = wall.since(last);
        let doubt = if step < -SMALL_STEP_BACK_S {
            Doubt::SteppedBack
        } else if step > BIG_JUMP_S {
            Doubt::JumpedForward
        } else {
            return None;
        };
        let by_mail = self.stated.is_some_and(|t| wall.since(t).abs() <= CONFIRMS_WITHIN_S);
        let by_uptime = self.believed.is_some_and(|(then, up)| {
            (wall.since(then) - (uptime_ms - up) / 1000).abs() <= SMALL_STEP_BACK_S && wall > last
        });
        (!by_mail && !by_uptime).then_some(doubt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Time = Time::from_unix(1_800_000_000);

    fn at(s: i64, up_s: i64) -> Now {
        Now { wall: T.plus(s), uptime_ms: Some(up_s * 1000) }
    }

    #[test]
    fn small_steps_are_hidden_and_big_ones_doubted() {
        let check = |reading: Now, last: i64, now: i64, doubt: Option<Doubt>| {
            let judged = Clock::default().judge(reading, Some(T.plus(last)));
            assert_eq!(judged, Judged { now: T.plus(now), doubt }, "{reading:?} after {last}");
        };
        check(at(10, 0), 0, 10, None);
        check(at(-300, 0), 0, 0, None);
        check(at(-301, 0), 0, 0, Some(Doubt::SteppedBack));
        check(at(BIG_JUMP_S, 0), 0, BIG_JUMP_S, None);
        check(at(BIG_JUMP_S + 1, 0), 0, 0, Some(Doubt::JumpedForward));
        check(Now::given(T.plus(BIG_JUMP_S * 9)), 0, BIG_JUMP_S * 9, None);
        check(Now::given(T.plus(-BIG_JUMP_S)), 0, -BIG_JUMP_S, None);
        check(Now::given(T.plus(-7)), 0, 0, None);
        assert_eq!(Clock::default().judge(at(5, 0), None), Judged { now: T.plus(5), doubt: None });
    }

    #[test]
    fn doubtful_time_goes_on_by_the_monotonic_clock() {
        let mut clock = Clock::default();
        let far = BIG_JUMP_S * 100;
        assert_eq!(clock.judge(at(far, 100), Some(T)).now, T);
        assert_eq!(clock.judge(at(far + 60, 160), Some(T)).now, T.plus(60));
        // The next judgement is made against the later time that has been written down meanwhile.
        assert_eq!(clock.judge(at(far + 90, 190), Some(T.plus(60))).now, T.plus(90));
        assert!(clock.judge(at(far + 90, 190), Some(T.plus(60))).doubt.is_some());
    }

    #[test]
    fn mail_and_the_monotonic_clock_confirm() {
        let mut clock = Clock::default();
        let far = BIG_JUMP_S * 2;
        clock.stated(T.plus(far - 3600));
        assert_eq!(clock.judge(at(far, 0), Some(T)), Judged { now: T.plus(far), doubt: None });
        // A desk that has run on without writing anything for two months.
        let mut clock = Clock::default();
        assert_eq!(clock.judge(at(0, 0), Some(T)).doubt, None);
        assert_eq!(clock.judge(at(far, far), Some(T)).doubt, None);
        assert!(Clock::default().judge(at(far, far), Some(T)).doubt.is_some());
        // Old mail proves nothing.
        let mut clock = Clock::default();
        clock.stated(T.plus(-60));
        assert!(clock.judge(at(far, 0), Some(T)).doubt.is_some());
    }
}
