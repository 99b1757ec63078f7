//! Responses by band, a column a day.

use super::{Anchor, Canvas, Key, Shape, WIDTH, count_steps};
use crate::report::colour;

/// One day's responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayStack {
    /// Under the column; may be empty.
    pub label: String,
    /// Under that; may be empty.
    pub under: String,
    /// As many as there are bands, `miss` last.
    pub counts: Vec<i64>,
    /// Past every band, and not answered yet.
    pub waiting: i64,
    /// Of the period that the digest is about: its label is bold.
    pub of_period: bool,
}

/// `names`: of the bands, `miss` last; `waiting`: the word for what is not answered yet.
#[must_use]
pub fn days(stacks: &[DayStack], names: &[String], waiting: &str) -> Vec<u8> {
    const LEFT: f64 = 30.0;
    const PLOT: f64 = 118.0;
    let mut canvas = Canvas::new(0.0);
    let bands = names.len().saturating_sub(1);
    let mut keys: Vec<Key> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Key { name: name.clone(), colour: colour::band(n, bands), shape: Shape::Square })
        .collect();
    if stacks.iter().any(|s| s.waiting > 0) {
        keys.push(Key { name: waiting.to_owned(), colour: colour::MISS.to_owned(), shape: Shape::Faint });
    }
    let top = canvas.keys(&keys) + 12.0;
    let bottom = top + PLOT;
    let most = stacks.iter().map(|s| s.counts.iter().sum::<i64>() + s.waiting).max().unwrap_or(0);
    let steps = count_steps(most);
    let full = *steps.last().unwrap_or(&1) as f64;
    for step in &steps {
        canvas.grid(LEFT, bottom - *step as f64 / full * PLOT, &step.to_string());
    }
    let room = (WIDTH - LEFT) / stacks.len().max(1) as f64;
    let width = (room * 0.68).min(34.0);
    for (n, stack) in stacks.iter().enumerate() {
        let middle = LEFT + room * (n as f64 + 0.5);
        let (x, mut y) = (middle - width / 2.0, bottom);
        let height = |count: i64| count as f64 / full * PLOT;
        let topmost = stack.counts.iter().rposition(|c| *c > 0).filter(|_| stack.waiting == 0);
        for (band, count) in stack.counts.iter().enumerate().filter(|(_, c)| **c > 0) {
            y -= height(*count);
            let colour = colour::band(band, bands);
            if topmost == Some(band) {
                canvas.column(x, y, width, height(*count), &colour);
            } else {
                canvas.rect(x, y, width, height(*count), &colour, 1.0);
            }
        }
        if stack.waiting > 0 {
            y -= height(stack.waiting);
            canvas.rect(x, y, width, height(stack.waiting), colour::MISS, colour::FAINT);
        }
        if stack.of_period {
            canvas.bold(middle, bottom + 16.0, Anchor::Middle, colour::QUIET, &stack.label);
        } else {
            canvas.text(middle, bottom + 16.0, Anchor::Middle, colour::QUIET, &stack.label);
        }
        canvas.text(middle, bottom + 31.0, Anchor::Middle, colour::QUIET, &stack.under);
    }
    let has_second = stacks.iter().any(|s| !s.under.is_empty());
    canvas.height = bottom + if has_second { 36.0 } else { 21.0 };
    canvas.png()
}
