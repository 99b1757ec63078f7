//! The word that somebody meant: how much two words differ, and which of some differs least.

/// Levenshtein's distance, in letters, of the first forty of each.
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(40).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (above + 1).min(row[j] + 1).min(corner + usize::from(ca != *cb));
            corner = above;
        }
    }
    row[b.len()]
}

/// The one of `known` that differs least from `word`, if it differs by at most two letters; of two that differ by as much the one
/// that begins alike.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| {
            let alike = word.chars().zip(k.chars()).take_while(|(a, b)| a == b).count();
            (distance(word, k), std::cmp::Reverse(alike), k)
        })
        .filter(|(d, _, k)| *d <= 2 && *d < k.chars().count().min(word.chars().count()))
        .min()
        .map(|(_, _, k)| k)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_differs_least() {
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(nearest(word, ["state", "subject", "tag", "older"]), expect, "{word}");
        };
        check("stat", Some("state"));
        check("subjct", Some("subject"));
        check("tags", Some("tag"));
        check("alder", Some("older"));
        check("colour", None);
        check("", None);
    }
}
