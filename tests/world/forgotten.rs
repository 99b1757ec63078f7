//! Whether a word is still written down anywhere: in a file of the data directory, or in a mail that is packed there.

use svar::mail::read::read;
use svar::model::{LetterNo, ParcelNo};

use crate::play::{Result, World};

/// More letters and mails than a story has.
const NUMBERS: i64 = 300;

impl World {
    /// Of these words nothing may be left.
    pub fn expect_forgotten(&mut self, words: &[&str]) -> Result {
        let kept = self.look(|tx| {
            let letters = (1..NUMBERS).filter_map(|n| Some((format!("letter {n}"), tx.raw(LetterNo(n)).ok()?)));
            let mut kept: Vec<(String, Vec<u8>)> = letters.collect();
            kept.extend((1..NUMBERS).filter_map(|n| Some((format!("parcel {n}"), tx.bytes(ParcelNo(n)).ok()?))));
            Ok(kept)
        })?;
        let mut places: Vec<(String, String)> = Vec::new();
        for (place, raw) in kept {
            let letter = read(&raw);
            let attached: Vec<_> = letter.attachments.iter().map(|a| String::from_utf8_lossy(&a.data)).collect();
            places
                .push((place, format!("{}\n{}\n{}", String::from_utf8_lossy(&raw), letter.text, attached.join("\n"))));
        }
        for file in std::fs::read_dir(self.data_dir()).map_err(|e| e.to_string())?.flatten() {
            if let Ok(bytes) = std::fs::read(file.path()) {
                places.push((file.path().display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        for word in words {
            let found: Vec<&str> =
                places.iter().filter(|(_, text)| text.contains(word)).map(|(p, _)| p.as_str()).collect();
            if !found.is_empty() {
                return Err(format!("{word:?} stands in {found:?}"));
            }
        }
        Ok(())
    }
}
