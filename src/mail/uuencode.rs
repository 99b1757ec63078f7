//! Uuencoded files (POSIX `uuencode`): as a transfer encoding, and in the middle of a text as mail before MIME had them.

use crate::mail::attachment::File;

/// How many files one text may hold; what comes after stays text.
const MAX_FILES: usize = 100;

/// The first file's bytes; what is no line of such a file ends it.
#[must_use]
pub fn decode(data: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|l| begin_line(l).is_some()).map_or(0, |n| n + 1);
    // A part cut off at its end is decoded as far as it goes.
    read_lines(&lines[begin..]).0
}

/// Takes every whole file, from its `begin` to its `end`, out of `text`.
#[must_use]
pub fn extract(text: &str) -> Option<(String, Vec<File>)> {
    if !(text.starts_with("begin ") || text.contains("\nbegin ")) || !text.contains("\nend") {
        return None;
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    let mut i = 0;
    while i < lines.len() {
        if files.len() < MAX_FILES
            && let Some(name) = begin_line(lines[i])
        {
            let (data, used) = read_lines(&lines[i + 1..]);
            let end = i + 1 + used;
            if used > 0 && lines.get(end).is_some_and(|l| l.trim() == "end") {
                files.push(File { name: name.to_owned(), data, ..File::default() });
                i = end + 1;
                continue;
            }
            // What was looked at is no file and is not looked at again.
            kept.extend_from_slice(&lines[i..end.max(i + 1)]);
            i = end.max(i + 1);
            continue;
        }
        kept.push(lines[i]);
        i += 1;
    }
    (!files.is_empty()).then(|| (kept.join("\n"), files))
}

/// `begin 644 name`: the name.
fn begin_line(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("begin ")?.trim_end();
    let (mode, name) = rest.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (is_mode && !name.trim().is_empty()).then(|| name.trim())
}

/// The bytes of the lines from the first on, and how many lines they are, the empty last one included.
fn read_lines(lines: &[&str]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let line = line.trim_end_matches('\r').as_bytes();
        let Some((&first, rest)) = line.split_first() else { return (out, i) };
        if !(b' '..=b'`').contains(&first) || !rest.iter().all(|b| (b' '..=b'`').contains(b)) {
            return (out, i);
        }
        let wanted = usize::from((first - b' ') & 63);
        if wanted == 0 {
            return (out, i + 1);
        }
        // Some mailers drop spaces at line ends, others append a check character.
        let full = wanted.div_ceil(3) * 4;
        if rest.len() > full + 2 || rest.len() * 3 < wanted {
            return (out, i);
        }
        let start = out.len();
        for at in (0..full).step_by(4) {
            let six = |k: usize| rest.get(at + k).map_or(0, |b| u32::from((b - b' ') & 63));
            let word = six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3);
            out.extend_from_slice(&word.to_be_bytes()[1..]);
        }
        out.truncate(start + wanted);
    }
    (out, lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, rest: Option<&str>, files: &[(&str, &[u8])]) {
        let got = extract(text);
        assert_eq!(got.as_ref().map(|g| g.0.as_str()), rest, "{text:?}");
        let got: Vec<_> = got.iter().flat_map(|g| &g.1).map(|f| (f.name.as_str(), f.data.as_slice())).collect();
        assert_eq!(got, files, "{text:?}");
    }

    #[test]
    fn files_within_text() {
        check("Hej\nbegin 644 a b.txt\n#:&5J\n`\nend\nHej då", Some("Hej\nHej då"), &[("a b.txt", b"hej")]);
        check("begin 644 a\n#:&5J\n \nend", Some(""), &[("a", b"hej")]);
        check("begin 644 a\n#:&5J\nend", Some(""), &[("a", b"hej")]);
        check("we begin 644 a\nend", None, &[]);
        check("begin 644 a\nno such line here that is far too long for it\nend", None, &[]);
        check("begin 644 a\n#:&5J\n", None, &[]);
        check("a\nbegin with the end\nend", None, &[]);
        assert!(extract(&"begin 644 a\n#:&5J\n".repeat(50_000)).is_none());
        let many = extract(&"begin 644 a\n#:&5J\n`\nend\n".repeat(1_000));
        assert_eq!(many.map(|m| m.1.len()), Some(MAX_FILES));
    }

    #[test]
    fn a_transfer_encoding() {
        assert_eq!(decode(b"begin 644 a\r\n#:&5J\r\n`\r\nend\r\n"), b"hej");
        assert_eq!(decode(b"#:&5J\n"), b"hej");
        assert_eq!(decode(b""), b"");
    }
}
