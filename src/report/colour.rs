//! Colours that can be read on white and on black, and told apart by people who see red and green alike.

/// Axis numbers and lesser words: 4.3 to 1 on white, 4.4 to 1 on the black of most mail clients.
pub const QUIET: &str = "#737b85";
/// Thin lines of a scale.
pub const GRID: &str = "#8f97a1";
/// What came in.
pub const CAME: &str = "#4a7fc1";
/// What went out, and the line of the median.
pub const WENT: &str = "#1f9d80";
/// What is promised.
pub const TARGET: &str = "#c9772b";
/// Later than every band.
pub const MISS: &str = "#cf4457";
/// The ground under opening hours.
pub const OPEN: &str = "#8f97a1";
/// How opaque that ground is.
pub const GROUND: f64 = 0.16;
/// How opaque a thing is that is not settled yet.
pub const FAINT: f64 = 0.42;

/// From the best band to the last that is any good.
const BANDS: [(f64, f64, f64); 3] = [(31.0, 157.0, 128.0), (140.0, 178.0, 80.0), (232.0, 170.0, 56.0)];

/// The colour of band `n` of `count`, `miss` not counted.
#[must_use]
pub fn band(n: usize, count: usize) -> String {
    if n >= count {
        return MISS.to_owned();
    }
    let at = if count < 2 { 0.0 } else { n as f64 / (count - 1) as f64 * 2.0 };
    let (low, high) = if at < 1.0 { (BANDS[0], BANDS[1]) } else { (BANDS[1], BANDS[2]) };
    let mix = |a: f64, b: f64| (a + (b - a) * (at - if at < 1.0 { 0.0 } else { 1.0 })).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_go_from_green_to_amber_and_a_miss_is_red() {
        assert_eq!((0..3).map(|n| band(n, 2)).collect::<Vec<_>>(), ["#1f9d80", "#e8aa38", MISS]);
        assert_eq!((0..4).map(|n| band(n, 3)).collect::<Vec<_>>(), ["#1f9d80", "#8cb250", "#e8aa38", MISS]);
        assert_eq!((band(0, 1), band(0, 0)), ("#1f9d80".to_owned(), MISS.to_owned()));
    }
}
