//! When customers write and when they are answered, hour by hour, on the ground of the opening hours.

use super::{Anchor, Canvas, Key, Shape, WIDTH, count_steps};
use crate::report::colour;

/// One hour of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourBars {
    /// 0 to 23
    pub hour: i8,
    pub came: i64,
    pub answers: i64,
    /// Per mille of the period's days' hours that were open.
    pub open_permille: i64,
}

/// The words of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourWords {
    pub came: String,
    pub answers: String,
    pub open: String,
}

#[must_use]
pub fn hours(bars: &[HourBars], words: &HourWords) -> Vec<u8> {
    const LEFT: f64 = 30.0;
    const PLOT: f64 = 104.0;
    let mut canvas = Canvas::new(0.0);
    let key = |name: &str, colour: &str, shape: Shape| Key { name: name.to_owned(), colour: colour.to_owned(), shape };
    let top = 12.0
        + canvas.keys(&[
            key(&words.came, colour::CAME, Shape::Square),
            key(&words.answers, colour::WENT, Shape::Square),
            key(&words.open, colour::OPEN, Shape::Ground),
        ]);
    let bottom = top + PLOT;
    let room = (WIDTH - LEFT) / bars.len().max(1) as f64;
    for (n, bar) in bars.iter().enumerate() {
        let opacity = colour::GROUND * 1.6 * bar.open_permille.clamp(0, 1000) as f64 / 1000.0;
        canvas.rect(LEFT + room * n as f64, top - 4.0, room, PLOT + 4.0, colour::OPEN, opacity);
    }
    let most = bars.iter().map(|b| b.came.max(b.answers)).max().unwrap_or(0);
    let steps = count_steps(most);
    let full = *steps.last().unwrap_or(&1) as f64;
    for step in &steps {
        canvas.grid(LEFT, bottom - *step as f64 / full * PLOT, &step.to_string());
    }
    let width = (room * 0.38).min(14.0);
    let every = if bars.len() > 14 { 3 } else { 1 };
    for (n, bar) in bars.iter().enumerate() {
        let middle = LEFT + room * (n as f64 + 0.5);
        for (x, count, colour) in
            [(middle - width - 0.4, bar.came, colour::CAME), (middle + 0.4, bar.answers, colour::WENT)]
        {
            let height = count as f64 / full * PLOT;
            canvas.column(x, bottom - height, width, height, colour);
        }
        if bar.hour % every == 0 {
            canvas.text(middle, bottom + 16.0, Anchor::Middle, colour::QUIET, &format!("{:02}", bar.hour));
        }
    }
    canvas.height = bottom + 21.0;
    canvas.png()
}
