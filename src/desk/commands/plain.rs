//! Command lines as people's keyboards and programs leave them, made plain.

use crate::model::Address;

/// The line with other spaces, dashes, quotes and number signs made plain, marks of emphasis gone, a heading's `# ` closed up.
#[must_use]
pub fn plain(line: &str) -> String {
    let line: String = composed(line)
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\t' => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
            '\u{ff03}' | '\u{fe5f}' | '\u{266f}' => '#',
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' => '\'',
            '\u{201c}'..='\u{201f}' | '\u{2033}' | '«' | '»' => '"',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .collect();
    let line = line.trim();
    // `**#close**`, `\#close`, `"#close"`: emphasis, an escape of Markdown, quotes.
    let inner = line.trim_start_matches(['*', '_', '\\', '"', '\'', '`']);
    let Some(rest) = inner.strip_prefix('#') else { return squeezed(line) };
    let emphasised = inner.len() < line.len();
    let rest = rest.trim_start_matches('#').trim_start();
    let rest = if emphasised { rest.trim_end_matches(['*', '_', '"', '\'', '`']) } else { rest };
    // A heading of Markdown may be closed by number signs, too.
    let open = rest.trim_end_matches('#');
    let rest = if open.ends_with(' ') { open } else { rest };
    format!("#{}", squeezed(rest))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe0e}' | '\u{fe0f}' | '\u{feff}')
}

fn squeezed(line: &str) -> String {
    line.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Letters and their marks put together, as far as the words of our languages need it.
fn composed(line: &str) -> String {
    if !line.contains(['\u{301}', '\u{308}', '\u{30a}']) {
        return line.to_owned();
    }
    let mut out = line.to_owned();
    for (apart, together) in [
        ("a\u{30a}", "å"),
        ("a\u{308}", "ä"),
        ("o\u{308}", "ö"),
        ("u\u{308}", "ü"),
        ("e\u{301}", "é"),
        ("A\u{30a}", "Å"),
        ("A\u{308}", "Ä"),
        ("O\u{308}", "Ö"),
        ("U\u{308}", "Ü"),
        ("E\u{301}", "É"),
    ] {
        out = out.replace(apart, together);
    }
    out
}

/// For comparing: lower case, without marks on letters, a hyphen as a blank. As many characters as before.
#[must_use]
pub fn fold(word: &str) -> String {
    word.chars()
        .map(|c| match c.to_lowercase().next().unwrap_or(c) {
            'å' | 'ä' | 'á' | 'à' | 'â' | 'æ' | 'ã' => 'a',
            'ö' | 'ø' | 'ó' | 'ô' | 'ò' | 'õ' => 'o',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'ü' | 'ú' | 'ù' | 'û' => 'u',
            'í' | 'ï' | 'ì' | 'î' => 'i',
            'ñ' => 'n',
            'ç' => 'c',
            '-' => ' ',
            other => other,
        })
        .collect()
}

/// What stands behind a command without quotes around it and the full stop behind it.
#[must_use]
pub fn bare(argument: &str) -> &str {
    argument.trim().trim_end_matches(['.', ',', ';', '!']).trim_matches('"').trim()
}

/// An address as clients leave it: `eva@kund.test`, `<eva@kund.test>`, `eva@kund.test<mailto:eva@kund.test>`, `Eva <eva@kund.test>`,
/// `[eva@kund.test](mailto:eva@kund.test)`.
#[must_use]
pub fn address_of(text: &str) -> Option<Address> {
    let lower = text.to_lowercase();
    let from = lower.find("mailto:").map_or(0, |at| at + "mailto:".len());
    let rest = &lower[from..];
    let inner = match (from, rest.rsplit_once('<')) {
        (0, Some((_, inner))) => inner,
        _ => rest,
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, '>' | ')' | ']' | '?' | ',' | ';' | '"');
    let word = inner.trim().trim_start_matches(['<', '[', '(', '"', '\'']);
    let word = word.split(ends).next().unwrap_or_default();
    let word = word.trim_end_matches(['.', ':', '!', '\'']);
    // `eva@kund.test per@kund.test`: which of them cannot be told.
    let others = inner.matches('@').count();
    if others > 1 && from == 0 { None } else { Address::parse(word) }
}

/// The lines at the beginning of an agent's HTML that are headings: mail programs make them of a number sign and a blank.
#[must_use]
pub fn headings(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find("<h") {
        let tail = &rest[open + 2..];
        let level = tail.chars().next().is_some_and(|c| ('1'..='6').contains(&c));
        let Some(start) = tail.find('>').filter(|_| level) else {
            rest = tail;
            continue;
        };
        let inner = &tail[start + 1..];
        let Some(end) = inner.find("</h") else { break };
        let mut text = String::new();
        let mut inside = false;
        for c in inner[..end].chars() {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => text.push(c),
                _ => {}
            }
        }
        found.push(text.replace("&nbsp;", " ").replace("&amp;", "&").trim().to_owned());
        rest = &inner[end..];
        if found.len() > 20 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyboards_and_programs() {
        let check = |line: &str, expect: &str| assert_eq!(plain(line), expect, "{line:?}");
        for close in [
            "#close",
            "# close",
            "## close ##",
            "\u{a0}#\u{a0}close\u{200b}",
            "＃close",
            "＃ｃｌｏｓｅ",
            "﹟close",
            "**#close**",
            "\\#close",
            "“#close”",
            "\u{feff}#close",
        ] {
            check(close, "#close");
        }
        check("#slå–ihop  41", "#slå-ihop 41");
        check("#sta\u{308}ng", "#stäng");
        check("Hej  du", "Hej du");
        check("#note “Björn”", "#note \"Björn\"");
    }

    #[test]
    fn addresses_as_clients_leave_them() {
        for text in [
            "eva@kund.test",
            "<Eva@Kund.test>",
            "eva@kund.test<mailto:eva@kund.test>",
            "eva@kund.test <mailto:eva@kund.test>",
            "mailto:eva@kund.test",
            "Eva Ek <eva@kund.test>",
            "\"Eva\" <eva@kund.test>",
            "[eva@kund.test](mailto:eva@kund.test)",
            "eva@kund.test.",
        ] {
            assert_eq!(address_of(text).map(|a| a.to_string()).as_deref(), Some("eva@kund.test"), "{text}");
        }
        for bad in ["", "eva", "eva@", "a@kund.test b@kund.test"] {
            assert_eq!(address_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn headings_are_found() {
        assert_eq!(
            headings("<h1 style=\"x\">close</h1><div>Hej</div><h2><b>tag</b>&nbsp;late</h2>"),
            ["close", "tag late"]
        );
        assert!(headings("<hr><html><div>Hej</div>").is_empty());
    }
}
