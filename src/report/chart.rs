//! Charts as PNG: our own SVG drawn by resvg with an embedded font, since mail clients show no SVG and a server has no fonts.
//!
//! Every chart is drawn for the width of a telephone, at two pixels a unit, on a transparent ground, in colours that can be read
//! on white as well as on black: what a mail client does at night is its own affair.

mod days;
mod hours;
mod trend;

use std::fmt::Write as _;
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

pub use days::{DayStack, days};
pub use hours::{HourBars, HourWords, hours};
pub use trend::{TrendPoint, TrendWords, trend};

use crate::report::colour;

/// Units across: the width of a telephone's column.
pub const WIDTH: f64 = 380.0;
/// Pixels a unit.
pub const SCALE: f32 = 2.0;

const FAMILY: &str = "DejaVu Sans";
const SIZE: f64 = 12.0;

/// A name with its colour, above a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub colour: String,
    pub shape: Shape,
}

/// What a key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Square,
    /// A thing that is not settled yet.
    Faint,
    Dashed,
    /// A ground that something stands on.
    Ground,
}

/// A drawing under way. Coordinates are units from the upper left corner.
#[derive(Debug)]
struct Canvas {
    svg: String,
    height: f64,
}

/// Where a text stands from its point.
#[derive(Clone, Copy, Debug)]
enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    fn new(height: f64) -> Self {
        Self { svg: String::new(), height }
    }

    fn push(&mut self, args: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.svg.write_fmt(args);
    }

    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str, opacity: f64) {
        if width > 0.0 && height > 0.0 {
            self.push(format_args!(
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{colour}\" fill-opacity=\"{opacity:.2}\"/>"
            ));
        }
    }

    /// A column that stands on something: its upper corners are round.
    fn column(&mut self, x: f64, y: f64, width: f64, height: f64, colour: &str) {
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        let r = (width / 2.0).min(height).min(2.5);
        self.push(format_args!(
            "<path d=\"M{x:.2} {:.2}V{:.2}Q{x:.2} {y:.2} {:.2} {y:.2}H{:.2}Q{:.2} {y:.2} {:.2} {:.2}V{:.2}Z\" fill=\"{colour}\"/>",
            y + height,
            y + r,
            x + r,
            x + width - r,
            x + width,
            x + width,
            y + r,
            y + height,
        ));
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str, width: f64, dashes: &str) {
        self.push(format_args!(
            "<path d=\"M{x1:.2} {y1:.2}L{x2:.2} {y2:.2}\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-dasharray=\"{}\"/>",
            if dashes.is_empty() { "none" } else { dashes }
        ));
    }

    /// A number on the left and a thin line to the right of it.
    fn grid(&mut self, left: f64, y: f64, words: &str) {
        self.rect(left, y - 0.4, WIDTH - left, 0.8, colour::GRID, 0.38);
        self.text(left - 6.0, y + 4.0, Anchor::End, colour::QUIET, words);
    }

    fn text(&mut self, x: f64, y: f64, anchor: Anchor, colour: &str, words: &str) {
        self.words(x, y, anchor, colour, "normal", words);
    }

    fn bold(&mut self, x: f64, y: f64, anchor: Anchor, colour: &str, words: &str) {
        self.words(x, y, anchor, colour, "bold", words);
    }

    fn words(&mut self, x: f64, y: f64, anchor: Anchor, colour: &str, weight: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format_args!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\" fill=\"{colour}\">{}</text>",
            escape(words)
        ));
    }

    /// The names of what is drawn, in rows of as many as fit; gives back how far down they reach.
    fn keys(&mut self, keys: &[Key]) -> f64 {
        let (mut x, mut y) = (0.0, 11.0);
        for key in keys {
            let width = 16.0 + advance(&key.name);
            if x > 0.0 && x + width > WIDTH {
                (x, y) = (0.0, y + 17.0);
            }
            match key.shape {
                Shape::Square => self.rect(x, y - 9.0, 10.0, 10.0, &key.colour, 1.0),
                Shape::Faint => self.rect(x, y - 9.0, 10.0, 10.0, &key.colour, colour::FAINT),
                Shape::Ground => self.rect(x, y - 9.0, 10.0, 10.0, &key.colour, colour::GROUND * 1.6),
                Shape::Dashed => self.line((x, y - 4.0), (x + 11.0, y - 4.0), &key.colour, 1.5, "3 2"),
            }
            self.text(x + 15.0, y, Anchor::Start, colour::QUIET, &key.name);
            x += width + 14.0;
        }
        if keys.is_empty() { 0.0 } else { y + 8.0 }
    }

    /// The picture. Empty only if the drawing cannot be drawn, which a test excludes for what is drawn here.
    fn png(self) -> Vec<u8> {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" font-family=\"{FAMILY}\" font-stretch=\"condensed\" font-size=\"{SIZE}\" fill=\"none\">{}</svg>",
            self.height, self.svg
        );
        draw(&svg).unwrap_or_default()
    }
}

fn draw(svg: &str) -> Option<Vec<u8>> {
    let mut options = usvg::Options { font_family: FAMILY.to_owned(), ..usvg::Options::default() };
    for face in [dejavu::sans_condensed::regular(), dejavu::sans_condensed::bold()] {
        options.fontdb_mut().load_font_source(usvg::fontdb::Source::Binary(Arc::new(face)));
    }
    let tree = usvg::Tree::from_str(svg, &options).ok()?;
    let size = tree.size().to_int_size().scale_by(SCALE)?;
    let mut pixmap = tiny_skia::Pixmap::new(size.width(), size.height())?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().ok()
}

fn escape(words: &str) -> String {
    let words: String = words.chars().filter(|c| !c.is_control()).collect();
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// About how wide a text is, in units.
fn advance(words: &str) -> f64 {
    words.chars().map(|c| if c.is_uppercase() { 7.4 } else { 6.0 }).sum()
}

/// The lines of a scale from 0 to at least `most`: at most four steps, each a round number.
fn round_steps(most: i64, rounds: &[i64]) -> Vec<i64> {
    let most = most.max(1);
    let step = rounds.iter().copied().find(|r| r * 4 >= most).unwrap_or_else(|| most / 4 + 1);
    (0..=(most + step - 1) / step).map(|n| n * step).collect()
}

/// Round counts.
fn count_steps(most: i64) -> Vec<i64> {
    let rounds: Vec<i64> = (0..12).flat_map(|e| [1, 2, 5].map(|m| m * 10_i64.pow(e))).collect();
    round_steps(most, &rounds)
}

/// Round durations, in seconds.
fn duration_steps(most_s: i64) -> Vec<i64> {
    const MIN: i64 = 60;
    const H: i64 = 3600;
    let hours = [1, 2, 3, 4, 6, 8, 12, 24, 48, 100, 200, 500, 1000, 2000, 5000, 10_000].map(|h| h * H);
    let rounds: Vec<i64> = [MIN, 2 * MIN, 5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN].into_iter().chain(hours).collect();
    round_steps(most_s, &rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_few_and_round_steps() {
        let check = |most: i64, steps: &[i64]| assert_eq!(count_steps(most), steps, "{most}");
        check(0, &[0, 1]);
        check(3, &[0, 1, 2, 3]);
        check(9, &[0, 5, 10]);
        check(21, &[0, 10, 20, 30]);
        check(960, &[0, 500, 1000]);
        let check = |most: i64, steps: &[i64]| {
            assert_eq!(duration_steps(most * 60), steps.iter().map(|s| s * 60).collect::<Vec<_>>())
        };
        check(34, &[0, 10, 20, 30, 40]);
        check(60, &[0, 15, 30, 45, 60]);
        check(500, &[0, 180, 360, 540]);
        assert!(duration_steps(i64::MAX / 8).len() < 6);
    }

    #[test]
    fn a_drawing_is_a_picture_of_twice_its_units() {
        let mut canvas = Canvas::new(50.0);
        canvas.rect(0.0, 0.0, 10.0, 10.0, colour::MISS, 1.0);
        canvas.text(20.0, 20.0, Anchor::Start, colour::QUIET, "mån <8> & \u{1b}ö");
        let png = canvas.png();
        let mut silent = Canvas::new(50.0);
        silent.rect(0.0, 0.0, 10.0, 10.0, colour::MISS, 1.0);
        assert!(png.len() > silent.png().len() + 500, "the font is there");
        let dimension = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        assert_eq!((&png[1..4], dimension(16), dimension(20)), (&b"PNG"[..], 760, 100));
    }
}
