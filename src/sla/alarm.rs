//! How far a clock may come before somebody is told, in seconds of open time.

/// What a clock shows when alarm is raised about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The first second at which `warn_at` of the target is used up.
    pub warning_s: i64,
    /// Half of what was left then has passed.
    pub widened_s: i64,
    /// The target is past: limits are inclusive.
    pub breach_s: i64,
}

impl Marks {
    /// `warn_at`: a share of the target, 0 to 1, as exact as six decimals.
    #[must_use]
    pub fn of(warn_at: f64, target_s: i64) -> Self {
        const PARTS: i64 = 1_000_000;
        let share = (warn_at.clamp(0.0, 1.0) * 1e6).round() as i64;
        let warning_s = target_s.saturating_mul(share).saturating_add(PARTS - 1) / PARTS;
        let widened_s = warning_s + (target_s - warning_s + 1) / 2;
        Self { warning_s, widened_s, breach_s: target_s + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_target() {
        let check = |warn_at: f64, target_s: i64, expect: [i64; 3]| {
            let m = Marks::of(warn_at, target_s);
            assert_eq!([m.warning_s, m.widened_s, m.breach_s], expect, "{warn_at} of {target_s}");
        };
        check(0.5, 3600, [1800, 2700, 3601]);
        check(0.1, 3600, [360, 1980, 3601]);
        check(0.7, 10, [7, 9, 11]);
        check(0.333_333, 10, [4, 7, 11]);
        check(1.0, 3600, [3600, 3600, 3601]);
        check(0.0, 3600, [0, 1800, 3601]);
        check(0.5, 1, [1, 1, 2]);
    }
}
