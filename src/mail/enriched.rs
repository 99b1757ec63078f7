//! `text/enriched` (RFC 1896) as plain text: its commands gone, its line breaks as they are meant.

/// Commands are dropped with their parameters, `<<` is `<`, a single line break is a space and n of them are n - 1.
#[must_use]
pub fn to_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut breaks = 0;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        if c == '\n' {
            breaks += 1;
            rest = tail;
            continue;
        }
        if c == '<' && !tail.starts_with('<') {
            let Some(end) = tail.find('>') else { break };
            rest = &tail[end + 1..];
            if tail[..end].eq_ignore_ascii_case("param") {
                rest = rest.split_once("</param>").map_or("", |p| p.1);
            }
            continue;
        }
        match std::mem::take(&mut breaks) {
            0 => {}
            1 => out.push(' '),
            n => out.extend(std::iter::repeat_n('\n', n - 1)),
        }
        out.push(c);
        rest = if c == '<' { &tail[1..] } else { tail };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go() {
        let check = |text: &str, expect: &str| assert_eq!(to_plain(text), expect, "{text:?}");
        check("<bold>Hej</bold> du\ndär\n\n<color><param>red</param>röd</color> 1 << 2", "Hej du där\nröd 1 < 2");
        check("a<b", "a");
        check("<param>x", "");
        check("", "");
    }
}
