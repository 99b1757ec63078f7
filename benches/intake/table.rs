//! The table that the bench prints, in Markdown.

use std::fmt;
use std::time::Duration;

use crate::watch::Took;

#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<[String; 4]>,
}

/// The middle one; of an even number, the lower.
#[must_use]
pub fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

impl Table {
    pub fn row(&mut self, what: &str, result: String, spread: String, aim: &str) {
        eprintln!("bench:   {what}: {result} {spread}");
        self.rows.push([what.to_owned(), result, spread, aim.to_owned()]);
    }

    /// Letters a second, by the median of the rounds, which is returned. The processor time is the program's own, without the server's.
    pub fn rate(&mut self, what: &str, aim: &str, letters: usize, rounds: &[Took]) -> f64 {
        let rate = |time: Duration| letters as f64 / time.as_secs_f64().max(1e-9);
        let middle = median(&rounds.iter().map(|took| took.wall).collect::<Vec<_>>());
        let processor = median(&rounds.iter().map(|took| took.processor).collect::<Vec<_>>());
        let mut spread = format!("{:.2} s", middle.as_secs_f64());
        if !processor.is_zero() {
            spread.push_str(&format!(", processor {:.2} s", processor.as_secs_f64()));
        }
        if rounds.len() > 1 {
            let all: Vec<String> = rounds.iter().map(|took| format!("{:.0}", rate(took.wall))).collect();
            spread.push_str(&format!("; rounds {}", all.join(", ")));
        }
        self.row(what, format!("{:.0} mails/s", rate(middle)), spread, aim);
        rate(middle)
    }

    pub fn ratio(&mut self, what: &str, aim: &str, ratio: f64) {
        self.row(what, format!("{ratio:.2}"), String::new(), aim);
    }

    pub fn count(&mut self, what: &str, count: usize) {
        self.row(what, count.to_string(), String::new(), "");
    }

    /// The median and the worst of several times.
    pub fn times(&mut self, what: &str, aim: &str, times: &[Duration]) {
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let worst = times.iter().max().copied().unwrap_or_default();
        self.row(what, format!("{} ms", ms(median(times))), format!("worst of {}: {} ms", times.len(), ms(worst)), aim);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | median | time; spread | aim |\n|---|---:|---|---|")?;
        for [what, result, spread, aim] in &self.rows {
            writeln!(f, "| {what} | {result} | {spread} | {aim} |")?;
        }
        Ok(())
    }
}
