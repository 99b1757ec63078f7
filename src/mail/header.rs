//! The header of a letter or of one of its parts, cut into fields (RFC 5322, 2.2) without understanding them.

/// How many fields of one header are kept; what comes after is skipped.
const MAX_FIELDS: usize = 5_000;

/// One field as it stands: the value still folded and encoded, without the final line end.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    pub name: &'a [u8],
    pub value: &'a [u8],
}

/// The fields of one header, topmost first.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    list: Vec<Field<'a>>,
    /// A bit for each name that there is, several names to a bit: most questions are for a field that is not there.
    names: u128,
}

/// The bit that stands for a name in any case.
fn bit(name: &[u8]) -> u128 {
    let letter = |at: usize| name.get(at).map_or(0, |b| usize::from(b | 0x20));
    let mixed = name.len() ^ (letter(0) * 5) ^ (letter(2) * 11) ^ (letter(name.len().wrapping_sub(1)) * 3);
    1 << (mixed % 128)
}

impl<'a> Fields<'a> {
    /// The topmost field of that name (any case).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every field of that name, topmost first.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let list = if self.names & bit(name.as_bytes()) == 0 { &[] } else { self.list.as_slice() };
        list.iter().filter(move |f| f.name.eq_ignore_ascii_case(name.as_bytes())).map(|f| f.value)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The topmost field of that name, unfolded, trimmed, invalid UTF-8 replaced; for values that are ASCII by their standard.
    #[must_use]
    pub fn plain(&self, name: &str) -> Option<String> {
        self.first(name).map(unfold)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Field<'a>> {
        self.list.iter()
    }
}

/// A value on one line: folding undone (RFC 5322, 2.2.3), trimmed.
#[must_use]
pub fn unfold(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    if memchr::memchr3(b'\r', b'\n', 0, text.as_bytes()).is_none() {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for end in memchr::memchr3_iter(b'\r', b'\n', 0, text.as_bytes()).chain([text.len()]) {
        let line = &text[from..end];
        out.push_str(if out.is_empty() { line.trim_start() } else { line });
        from = end + 1;
    }
    out.trim().to_owned()
}

/// Cuts `raw` into its header and the place where its body begins.
///
/// Lenient as old mail needs it: an mbox `From ` line and blank lines above the header are skipped, so is one stray line
/// between two fields; a line that is no field ends the header where its blank line is missing.
#[must_use]
pub fn split(raw: &[u8]) -> (Fields<'_>, usize) {
    split_from(raw, skip_to_header(raw))
}

/// The same for a part of a multipart, where a blank line at the start means that there is no header (RFC 2046, 5.1).
#[must_use]
pub fn split_part(raw: &[u8]) -> (Fields<'_>, usize) {
    split_from(raw, 0)
}

fn split_from(raw: &[u8], start: usize) -> (Fields<'_>, usize) {
    let mut fields = Fields::default();
    let mut at = start;
    while at < raw.len() {
        let end = line_end(raw, at);
        let line = trim_line(&raw[at..end]);
        if line.is_empty() {
            return (fields, end);
        }
        let Some(colon) = field_colon(line) else {
            let next = &raw[end..line_end(raw, end)];
            if line.starts_with(b"From ") || line.starts_with(b">From ") || field_colon(trim_line(next)).is_some() {
                at = end;
                continue;
            }
            return (fields, at);
        };
        let value_start = at + colon + 1;
        let mut stop = end;
        while stop < raw.len() && matches!(raw[stop], b' ' | b'\t') {
            stop = line_end(raw, stop);
        }
        if fields.list.len() < MAX_FIELDS {
            let name = line[..colon].trim_ascii_end();
            fields.names |= bit(name);
            fields.list.push(Field { name, value: trim_line(&raw[value_start..stop]) });
        }
        at = stop;
    }
    (fields, raw.len())
}

/// Blank lines and mbox lines above the first field.
fn skip_to_header(raw: &[u8]) -> usize {
    let mut at = if raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = at;
    while at < raw.len() {
        let end = line_end(raw, at);
        let line = trim_line(&raw[at..end]);
        if line.trim_ascii().is_empty() || line.starts_with(b"From ") || line.starts_with(b">From ") {
            at = end;
        } else if field_colon(line).is_some() {
            return at;
        } else {
            break;
        }
    }
    start
}

/// Where the field name's colon stands, if the line begins a field.
fn field_colon(line: &[u8]) -> Option<usize> {
    let colon = line.iter().take(200).position(|&b| b == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(|b| (33..=126).contains(b))).then_some(colon)
}

/// The index after the line that begins at `at`.
#[must_use]
pub fn line_end(raw: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |n| at + n + 1)
}

/// A line without its end.
#[must_use]
pub fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut line = line;
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, names: &str, body: &str) {
        let (fields, at) = split(raw.as_bytes());
        let got: Vec<_> = fields.iter().map(|f| String::from_utf8_lossy(f.name)).collect();
        assert_eq!(got.join(","), names, "{raw:?}");
        assert_eq!(&raw[at..], body, "{raw:?}");
    }

    #[test]
    fn a_header_ends_where_its_fields_end() {
        check("A: 1\r\nB: 2\r\n\r\ntext", "A,B", "text");
        check("From x Mon\nA: 1\n\ntext", "A", "text");
        check("\n\nA: 1\n\ntext", "A", "text");
        check("A: 1\nstray line\nB: 2\n\ntext", "A,B", "text");
        check("A: 1\nno blank line here\nsecond", "A", "no blank line here\nsecond");
        check("just text\nmore", "", "just text\nmore");
        check("", "", "");
        check("A: 1\n folded\n\tmore\nB : 2\n\n", "A,B", "");
        check("A:\n\n\nx", "A", "\nx");
    }

    #[test]
    fn values_are_unfolded() {
        let (fields, _) = split(b"A: 1\r\n 2\r\n\t3\r\na: x\r\n\r\n");
        assert_eq!(fields.plain("a").as_deref(), Some("1 2\t3"));
        assert_eq!(fields.all("A").count(), 2);
    }
}
