//! Lines of a mail's text: how deep they are quoted, and what decorates them.

/// The lines of a text.
#[must_use]
pub(super) fn of(text: &str) -> Vec<&str> {
    let mut lines = Vec::with_capacity(text.len() / 40 + 1);
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
        lines.push(&text[from..end]);
        from = end + 1;
    }
    lines.push(&text[from..]);
    lines
}

/// How many `>` a line begins with; a space or two may stand before and between.
#[must_use]
pub(super) fn depth(line: &str) -> usize {
    // The end of a wrapped `… <anna@a.test>:` quotes nothing.
    if line.trim_end() == ">:" {
        return 0;
    }
    let mut depth = 0;
    let mut spaces = 0;
    for c in line.chars() {
        match c {
            '>' => {
                depth += 1;
                spaces = 0;
            }
            ' ' | '\u{feff}' if spaces < 2 => spaces += 1,
            _ => break,
        }
    }
    depth
}

/// A line without its quote marks.
#[must_use]
pub(super) fn content(line: &str) -> &str {
    if depth(line) == 0 {
        return line.trim_start_matches('\u{feff}');
    }
    line.trim_start_matches(['>', ' ', '\u{feff}'])
}

/// One level of quoting less.
#[must_use]
pub(super) fn unquoted(line: &str, levels: usize) -> &str {
    let mut rest = line;
    for _ in 0..levels {
        let trimmed = rest.trim_start_matches([' ', '\u{feff}']);
        match trimmed.strip_prefix('>') {
            Some(inner) => rest = inner,
            None => break,
        }
    }
    if levels > 0 && rest.len() < line.len() { rest.strip_prefix(' ').unwrap_or(rest) } else { rest }
}

/// Nothing to read: white space, or quote marks alone.
#[must_use]
pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || matches!(c, '>' | '\u{feff}' | '\u{200b}' | '\u{200e}' | '\u{200f}'))
}

/// A line of dashes, underscores or equals signs that separates.
#[must_use]
pub(super) fn is_rule(line: &str) -> bool {
    // Every line is asked: most end as no such line does.
    if !line.trim_end().chars().next_back().is_some_and(is_dash) {
        return false;
    }
    let text = content(line).trim();
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    is_dash(first) && text.chars().count() >= 4 && chars.all(|c| c == first)
}

/// What lines are drawn with: Proton's of old are typographic hyphens.
#[must_use]
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '_' | '=' | '*' | '\u{2010}'..='\u{2015}' | '─')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths() {
        for (line, expect) in
            [("a", 0), ("> a", 1), (">> a", 2), ("> > a", 2), (" > a", 1), (">", 1), ("a > b", 0), ("    > code", 0)]
        {
            assert_eq!(depth(line), expect, "{line:?}");
        }
        assert_eq!(content("> > a"), "a");
        assert_eq!(unquoted("> > a", 1), "> a");
        assert_eq!(unquoted(">> a", 1), "> a");
        assert_eq!(unquoted("a", 1), "a");
        assert!(is_blank("> > ") && is_blank("") && !is_blank("> x"));
        assert!(is_rule("________") && is_rule("> ------") && !is_rule("--") && !is_rule("-- a"));
    }
}
