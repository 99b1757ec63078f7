//! The median over time, against what is promised.

use super::{Anchor, Canvas, Key, SIZE, Shape, WIDTH, advance, duration_steps};
use crate::report::colour;

/// One point of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendPoint {
    /// Under the point; may be empty.
    pub label: String,
    /// Open seconds; `None`: nothing was answered.
    pub median_s: Option<i64>,
}

/// The words of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendWords {
    pub median: String,
    pub target: String,
}

/// `said`: a duration in words, short.
#[must_use]
pub fn trend(
    points: &[TrendPoint],
    target_s: Option<i64>,
    words: &TrendWords,
    said: &dyn Fn(i64) -> String,
) -> Vec<u8> {
    const PLOT: f64 = 104.0;
    let mut canvas = Canvas::new(0.0);
    let key = |name: &str, colour: &str, shape: Shape| Key { name: name.to_owned(), colour: colour.to_owned(), shape };
    let mut keys = vec![key(&words.median, colour::WENT, Shape::Square)];
    keys.extend(target_s.map(|_| key(&words.target, colour::TARGET, Shape::Dashed)));
    let top = canvas.keys(&keys) + 18.0;
    let bottom = top + PLOT;
    let most = points.iter().filter_map(|p| p.median_s).chain(target_s).max().unwrap_or(0);
    let steps = duration_steps(most);
    let full = *steps.last().unwrap_or(&1) as f64;
    let left = steps.iter().map(|s| advance(&said(*s))).fold(24.0, f64::max) + 8.0;
    let height = |s: i64| bottom - s as f64 / full * PLOT;
    for step in &steps {
        canvas.grid(left, height(*step), &said(*step));
    }
    if let Some(target_s) = target_s {
        canvas.line((left, height(target_s)), (WIDTH, height(target_s)), colour::TARGET, 1.5, "4 3");
    }
    let room = (WIDTH - left) / points.len().max(1) as f64;
    let x = |n: usize| left + room * (n as f64 + 0.5);
    // A day without an answer breaks the line.
    let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (n, point) in points.iter().enumerate() {
        canvas.text(x(n), bottom + 16.0, Anchor::Middle, colour::QUIET, &point.label);
        match (point.median_s, runs.last_mut()) {
            (Some(s), Some(run)) => run.push((x(n), height(s))),
            _ => runs.push(Vec::new()),
        }
    }
    for run in runs.iter().filter(|r| !r.is_empty()) {
        let path: String = run
            .iter()
            .enumerate()
            .map(|(n, (x, y))| format!("{}{x:.2} {y:.2}", if n == 0 { "M" } else { "L" }))
            .collect();
        let (first, last) = (run[0].0, run[run.len() - 1].0);
        canvas.push(format_args!(
            "<path d=\"{path}L{last:.2} {bottom:.2}L{first:.2} {bottom:.2}Z\" fill=\"{0}\" fill-opacity=\"0.14\"/>\
             <path d=\"{path}\" stroke=\"{0}\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
            colour::WENT
        ));
        if points.len() <= 35 {
            for (x, y) in run {
                canvas.push(format_args!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"2.6\" fill=\"{}\"/>", colour::WENT));
            }
        }
    }
    if let Some((n, s)) = points.iter().enumerate().rev().find_map(|(n, p)| Some((n, p.median_s?))) {
        let words = said(s);
        let half = advance(&words) / 2.0 + 1.0;
        let y = height(s) - 7.0;
        canvas.push(format_args!(
            "<circle cx=\"{:.2}\" cy=\"{:.2}\" r=\"4.5\" fill=\"{}\"/>",
            x(n),
            height(s),
            colour::WENT
        ));
        canvas.bold(x(n).min(WIDTH - half), y.max(SIZE), Anchor::Middle, colour::WENT, &words);
    }
    canvas.height = bottom + 21.0;
    canvas.png()
}
