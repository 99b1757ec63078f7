//! How fast letters are read: `mail::read` beside bare mail-parser, on the same letters in the same run.
//!
//! `cargo bench --bench reading [-- ROUNDS]`. Three sets of the seeded generator's letters: all of them, the plain ones (one part of
//! text), and those with HTML but without attachments. Of the rounds, which take turns, the median counts.

#[allow(dead_code)]
#[path = "../intake/letters.rs"]
mod letters;
#[allow(dead_code)]
#[path = "../intake/parts.rs"]
mod parts;
#[allow(dead_code)]
#[path = "../intake/words.rs"]
mod words;

use std::hint::black_box;
use std::time::Instant;

use mail_parser::MessageParser;

/// How many letters the generator writes; as many as `benches/run` reads in memory.
const LETTERS: usize = 2_000;

fn main() {
    let rounds = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(7);
    let mut generator = letters::Letters::new(1, "support@butik.test");
    let all: Vec<Vec<u8>> = generator.by_ref().take(LETTERS).map(|l| l.raw).collect();
    let contains = |raw: &[u8], word: &str| raw.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    let (mut plain, mut html) = (Vec::new(), Vec::new());
    for raw in &all {
        if !contains(raw, "multipart/") {
            plain.push(raw.clone());
        } else if contains(raw, "text/html") && !contains(raw, "filename") {
            html.push(raw.clone());
        }
    }
    println!("| letters | median size | svar, letters/s | MB/s | mail-parser, letters/s | MB/s | svar takes |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (name, set) in [("all", &all), ("plain", &plain), ("HTML, nothing attached", &html)] {
        compare(name, set, rounds);
    }
}

fn compare(name: &str, set: &[Vec<u8>], rounds: usize) {
    let mut sizes: Vec<usize> = set.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    let bytes: usize = sizes.iter().sum();
    // Small sets are read several times, so that a round is long enough to be timed.
    let times = (60_000_000 / bytes.max(1)).clamp(1, 200);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(seconds(set, times, |raw| {
            black_box(MessageParser::default().parse(raw));
        }));
        ours.push(seconds(set, times, |raw| {
            black_box(svar::mail::read::read(raw));
        }));
    }
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    let (ours, bare) = (median(&mut ours), median(&mut bare));
    let rate = |s: f64| (set.len() * times) as f64 / s;
    let speed = |s: f64| (bytes * times) as f64 / s / 1e6;
    println!(
        "| {name} ({}) | {} bytes | {:.0} | {:.1} | {:.0} | {:.1} | {:.2} times |",
        set.len(),
        sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        rate(ours),
        speed(ours),
        rate(bare),
        speed(bare),
        ours / bare
    );
}

#[allow(clippy::disallowed_methods, reason = "a bench measures time; it decides nothing")]
fn seconds(set: &[Vec<u8>], times: usize, read: impl Fn(&[u8])) -> f64 {
    let begin = Instant::now();
    for _ in 0..times {
        for raw in set {
            read(black_box(raw));
        }
    }
    begin.elapsed().as_secs_f64()
}
