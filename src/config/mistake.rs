//! What is wrong in a configuration file, where, and what to write instead.

use std::fmt;
use std::path::PathBuf;

/// One mistake of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// As it was named.
    pub file: PathBuf,
    /// From 1; 0 if the mistake is about the file as a whole.
    pub line: usize,
    /// `mailbox[0].imap.port`; empty where there is none.
    pub key: String,
    /// What is wrong, a semicolon, and what to write instead. Never a secret.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Mistake {}

/// The word that somebody who wrote `wrong` most likely meant; `None` if none is near.
pub(super) fn nearest<'w>(wrong: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let wrong = wrong.to_lowercase();
    let limit = (wrong.chars().count() / 3).max(1);
    let with_distance = words.into_iter().map(|word| (distance(&wrong, &word.to_lowercase()), word));
    with_distance.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// `did you mean "x"?`, or else all the words there are.
pub(super) fn instead<'w>(wrong: &str, words: impl IntoIterator<Item = &'w str> + Clone) -> String {
    match nearest(wrong, words.clone()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None if words.clone().into_iter().count() > 12 => "config.example.toml shows what there is".to_owned(),
        None => format!("write {}", one_of(words)),
    }
}

/// `"a"`, `"a" or "b"`, `"a", "b" or "c"`.
pub(super) fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let same = usize::from(a[i - 1] != b[j - 1]);
                    let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let swapped = if swap { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                    (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same).min(swapped)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word() {
        let check = |wrong: &str, expect: Option<&str>| {
            assert_eq!(nearest(wrong, ["port", "host", "user", "password", "sender_name", "plus_addressing"]), expect);
        };
        check("prot", Some("port"));
        check("Port", Some("port"));
        check("pasword", Some("password"));
        check("sendername", Some("sender_name"));
        check("plus-addressing", Some("plus_addressing"));
        check("colour", None);
        check("x", None);
        check("", None);
        assert_eq!(one_of(["a", "b", "c"]), r#""a", "b" or "c""#);
        assert_eq!(instead("prot", ["port"]), r#"did you mean "port"?"#);
        assert_eq!(instead("x", ["port", "host"]), r#"write "port" or "host""#);
    }

    #[test]
    fn a_mistake_is_one_line() {
        let what = "\"abc\" is no port; write a number from 1 to 65535".to_owned();
        let mistake = Mistake { file: "config.toml".into(), line: 12, key: "mailbox[0].imap.port".into(), what };
        assert_eq!(
            mistake.to_string(),
            "config.toml:12: mailbox[0].imap.port: \"abc\" is no port; write a number from 1 to 65535"
        );
    }
}
