//! Text in lower case, quickly: letters to a Nordic shop are ASCII with a few letters of Latin-1 between.

/// The same as [`str::to_lowercase`], several times as fast where most of the text is ASCII: the library goes letter by letter
/// from the first that is not.
#[must_use]
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    // What stands before `from` is in `out`.
    let (mut from, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while let Some(n) = bytes[at..].iter().position(|b| !b.is_ascii()) {
        at += n;
        let Some(c) = text[at..].chars().next() else { break };
        let end = at + c.len_utf8();
        match c {
            'À'..='Þ' if c != '×' => {
                out.push_str(&text[from..at]);
                // Of Latin-1, the small letters stand 32 places behind the capital ones.
                out.extend(char::from_u32(u32::from(c) + 32));
                from = end;
            }
            // The rest of Latin-1 is small, or no letter.
            '\u{80}'..='ÿ' => {}
            // How this one ends up hangs on what stands around it.
            'Σ' => return text.to_lowercase(),
            _ => {
                out.push_str(&text[from..at]);
                out.extend(c.to_lowercase());
                from = end;
            }
        }
        at = end;
    }
    out.push_str(&text[from..]);
    out.make_ascii_lowercase();
    out
}

/// The first `count` characters.
#[must_use]
pub fn head(text: &str, count: usize) -> &str {
    if text.len() <= count {
        return text;
    }
    if text.as_bytes()[..count].is_ascii() {
        return &text[..count];
    }
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_library_does() {
        for text in ["", "ABC", "Åh, ÄR det Öppet?", "İstanbul ÉTÉ × Þ ÿ Ÿ ß ẞ", "ΟΔΟΣ ΣΑΣ", "Ж K Å \u{80}\u{ff}"]
        {
            assert_eq!(lower(text), text.to_lowercase(), "{text:?}");
        }
        for code in (0..0x2_0000).filter_map(char::from_u32) {
            let text = format!("A{code}b");
            assert_eq!(lower(&text), text.to_lowercase(), "{text:?}");
        }
    }

    #[test]
    fn heads() {
        for (text, count, expect) in
            [("abc", 2, "ab"), ("abc", 3, "abc"), ("åäö", 2, "åä"), ("abå", 3, "abå"), ("åäö", 5, "åäö"), ("", 1, "")]
        {
            assert_eq!(head(text, count), expect, "{text:?}");
        }
    }
}
