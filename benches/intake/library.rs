//! Parts of the way, in memory and on one thread: what reading a letter costs, and what the parser below it does.

use std::fs;
use std::path::Path;

use svar::store::custody;

use crate::table::Table;
use crate::watch::{self, Took};

pub fn reading(maildir: &Path, table: &mut Table) {
    let mut paths: Vec<_> =
        fs::read_dir(maildir.join("new")).expect("letters").filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    // A part of them is enough, and leaves the memory to others.
    paths.truncate(2000);
    let letters: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("a letter")).collect();
    let count = letters.len();
    let rounds = |work: &dyn Fn(&[u8]) -> usize| -> Vec<Took> {
        let round = || watch::timed(|| letters.iter().map(|raw| work(raw)).sum::<usize>()).1;
        (0..3).map(|_| Took { wall: round(), ..Took::default() }).collect()
    };
    table.rate(
        "in memory, one thread: `mail::read`",
        "",
        count,
        &rounds(&|raw| svar::mail::read::read(raw).attachments.len()),
    );
    table.rate(
        "in memory, one thread: mail-parser alone",
        "",
        count,
        &rounds(&|raw| mail_parser::MessageParser::default().parse(raw).map_or(0, |m| m.parts.len())),
    );
    table.rate(
        "in memory, one thread: packing (zstd) and SHA-256",
        "",
        count,
        &rounds(&|raw| custody::pack(raw).len() + usize::from(custody::sha256(raw)[0])),
    );
}
