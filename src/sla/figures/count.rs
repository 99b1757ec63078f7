//! Counting clocks: medians by nearest rank, shares, bands.

use std::collections::BTreeMap;

use crate::sla::clock::{ClockKind, ClockState, MISS, Targets};
use crate::sla::figures::{BandCount, ClockFigures, ClockRow, Measure};

/// The value at the `percent`-th part, nearest rank: the ceil(p·n)-th. `None` without any.
#[must_use]
pub fn rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let nth = (sorted.len() * percent).div_ceil(100);
    sorted.get(nth.checked_sub(1)?).copied()
}

/// Rounded, a half up.
fn mean(all: &[i64]) -> Option<i64> {
    let n = i64::try_from(all.len()).ok().filter(|n| *n > 0)?;
    let sum: i64 = all.iter().sum();
    Some((2 * sum + n).div_euclid(2 * n))
}

/// The bands of all mailboxes: each name once, in order, with its limit where they agree on it.
#[derive(Clone, Debug, Default)]
pub struct Bands(Vec<(String, Option<i64>)>);

impl Bands {
    pub fn of<'a>(measures: impl Iterator<Item = &'a Measure>) -> Self {
        let mut bands: Vec<(String, Option<i64>)> = Vec::new();
        for targets in measures.flat_map(|m| std::iter::once(&m.targets).chain(m.by_priority.values())) {
            for (name, up_to_s) in &targets.bands {
                match bands.iter_mut().find(|(known, _)| known == name) {
                    Some((_, limit)) if *limit != Some(*up_to_s) => *limit = None,
                    Some(_) => {}
                    None => bands.push((name.clone(), Some(*up_to_s))),
                }
            }
        }
        if !bands.is_empty() {
            bands.push((MISS.to_owned(), None));
        }
        Self(bands)
    }

    /// A row a band.
    pub fn count<'a>(&self, bands: impl Iterator<Item = &'a str>) -> Vec<BandCount> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for band in bands {
            *counts.entry(band).or_default() += 1;
        }
        let count = |name: &String| counts.get(name.as_str()).copied().unwrap_or(0);
        self.0
            .iter()
            .map(|(name, up_to_s)| BandCount { name: name.clone(), up_to_s: *up_to_s, count: count(name) })
            .collect()
    }
}

/// The target that all mailboxes share.
pub fn common_target<'a>(mut measures: impl Iterator<Item = &'a Measure>, kind: ClockKind) -> Option<i64> {
    let of = |targets: &Targets| targets.of(kind);
    let first = of(&measures.next()?.targets);
    measures.all(|m| of(&m.targets) == first).then_some(first)
}

/// The figures of the rows of one kind. `resolution` has no bands.
pub fn clock_figures(rows: &[&ClockRow], target_s: Option<i64>, bands: Option<&Bands>) -> ClockFigures {
    let mut figures = ClockFigures { started: rows.len(), target_s, ..ClockFigures::default() };
    let mut elapsed: Vec<i64> = Vec::new();
    for row in rows {
        match (row.state, row.stopped_at) {
            (ClockState::Cancelled, _) => figures.cancelled += 1,
            (_, Some(_)) => {
                figures.stopped += 1;
                figures.within_target += usize::from(row.elapsed_s <= row.target_s);
                elapsed.push(row.elapsed_s);
            }
            (_, None) => {
                figures.running += 1;
                figures.past_target += usize::from(row.elapsed_s > row.target_s);
            }
        }
    }
    elapsed.sort_unstable();
    figures.median_s = rank(&elapsed, 50);
    figures.p90_s = rank(&elapsed, 90);
    figures.mean_s = mean(&elapsed);
    if let Some(bands) = bands {
        figures.bands = bands.count(rows.iter().filter_map(|row| row.band.as_deref()));
    }
    figures
}
