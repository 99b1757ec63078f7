//! format=flowed (RFC 3676): soft line breaks undone.

/// Joins flowed lines. `del_sp` is the parameter `DelSp=yes`.
#[must_use]
pub fn unflow(text: &str, del_sp: DelSp) -> String {
    let mut out = String::with_capacity(text.len());
    // Quote depth of the paragraph that is still open.
    let mut open: Option<usize> = None;
    for line in text.split('\n') {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let content = &line[depth..];
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        let joins = open == Some(depth) && !is_signature;
        if !joins {
            if open.is_some() {
                out.push('\n');
            }
            if depth > 0 {
                out.extend(std::iter::repeat_n('>', depth));
                if !content.is_empty() {
                    out.push(' ');
                }
            }
        }
        let flowed = content.ends_with(' ') && !is_signature;
        if flowed && del_sp == DelSp::Yes {
            out.push_str(&content[..content.len() - 1]);
        } else {
            out.push_str(content);
        }
        if flowed {
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    out.pop();
    out
}

/// Whether the space before a soft break belongs to the format or to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DelSp {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_joined() {
        let check = |text: &str, expect: &str| assert_eq!(unflow(text, DelSp::No), expect, "{text:?}");
        check("one \ntwo\nthree", "one two\nthree");
        check("> one \n> two\n", "> one two\n");
        check(">> a \n> b \nc", ">> a \n> b \nc");
        check(" > not quoted", "> not quoted");
        check("a \n-- \nme", "a \n-- \nme");
        check("", "");
        check("a \n", "a ");
        assert_eq!(unflow("ta \ncos", DelSp::Yes), "tacos");
    }
}
