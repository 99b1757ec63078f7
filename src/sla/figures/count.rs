//! Counting clocks: medians by nearest rank, shares, bands.

use crate::sla::clock::{Clock, ClockKind, ClockState, MISS, Targets};
use crate::sla::figures::{BandCount, ClockFigures, Measure};

/// What is counted of one clock.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub elapsed_s: i64,
    pub target_s: i64,
    pub is_stopped: bool,
    pub state: ClockState,
    /// Its place among [`Bands`].
    pub band: Option<usize>,
}

impl Measured {
    pub fn of(clock: &Clock, target_s: i64, bands: &Bands) -> Self {
        Self {
            elapsed_s: clock.elapsed_s,
            target_s,
            is_stopped: clock.stopped_at.is_some(),
            state: clock.state,
            band: clock.band.as_deref().and_then(|name| bands.place(name)),
        }
    }
}

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

    /// Where a band stands.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == name)
    }

    /// A row a band, from their places.
    pub fn count(&self, places: impl Iterator<Item = usize>) -> Vec<BandCount> {
        let row =
            |(name, up_to_s): &(String, Option<i64>)| BandCount { name: name.clone(), up_to_s: *up_to_s, count: 0 };
        let mut rows: Vec<BandCount> = self.0.iter().map(row).collect();
        for place in places {
            if let Some(row) = rows.get_mut(place) {
                row.count += 1;
            }
        }
        rows
    }
}

/// The target that all mailboxes share.
pub fn common_target<'a>(mut measures: impl Iterator<Item = &'a Measure>, kind: ClockKind) -> Option<i64> {
    let of = |targets: &Targets| targets.of(kind);
    let first = of(&measures.next()?.targets);
    measures.all(|m| of(&m.targets) == first).then_some(first)
}

/// The figures of the clocks of one kind. `resolution` has no bands.
pub fn clock_figures(clocks: &[Measured], target_s: Option<i64>, bands: Option<&Bands>) -> ClockFigures {
    let mut figures = ClockFigures { started: clocks.len(), target_s, ..ClockFigures::default() };
    let mut elapsed: Vec<i64> = Vec::new();
    for clock in clocks {
        let is_within = clock.elapsed_s <= clock.target_s;
        match (clock.state, clock.is_stopped) {
            (ClockState::Cancelled, _) => figures.cancelled += 1,
            (_, true) => {
                figures.stopped += 1;
                figures.within_target += usize::from(is_within);
                elapsed.push(clock.elapsed_s);
            }
            (_, false) => {
                figures.running += 1;
                figures.past_target += usize::from(!is_within);
            }
        }
    }
    elapsed.sort_unstable();
    figures.median_s = rank(&elapsed, 50);
    figures.p90_s = rank(&elapsed, 90);
    figures.mean_s = mean(&elapsed);
    if let Some(bands) = bands {
        figures.bands = bands.count(clocks.iter().filter_map(|clock| clock.band));
    }
    figures
}
