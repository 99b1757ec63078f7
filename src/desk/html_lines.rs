//! Command lines are cut out of an agent's HTML as they are cut out of his text.

/// The HTML without the command lines that stand first in it. Tags stay, the lines' words and the empty breaks behind them go; so do
/// links that were made of the words, which name addresses.
#[must_use]
pub fn without_lines(html: &str, lines: &[String]) -> String {
    let mut wanted: Vec<char> =
        lines.iter().flat_map(|l| l.chars()).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if wanted.is_empty() {
        return html.to_owned();
    }
    wanted.reverse();
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    let mut broken = false;
    let mut links = 0;
    while !rest.is_empty() {
        let Some(first) = rest.chars().next() else { break };
        if first == '<' {
            let end = rest.find('>').map_or(rest.len(), |i| i + 1);
            let tag = &rest[..end];
            // A line break inside or right behind the commands goes with them.
            let is_break = tag.starts_with("<br");
            if tag.starts_with("<a ") && !wanted.is_empty() {
                links += 1;
            } else if tag == "</a>" && links > 0 {
                links -= 1;
            } else if !is_break || (wanted.is_empty() && broken) {
                out.push_str(tag);
            } else if wanted.is_empty() {
                broken = true;
            }
            rest = &rest[end..];
            continue;
        }
        if wanted.is_empty() {
            let blank = rest.len() - rest.trim_start_matches(['\n', ' ', '\u{a0}', '.', ',', ':']).len();
            rest = &rest[blank..];
            if rest.starts_with('<')
                && !rest.starts_with("<br")
                && !rest.starts_with("</")
                && !rest.starts_with("<div")
                && !rest.starts_with("<p")
            {
                break;
            }
            if !rest.starts_with('<') {
                break;
            }
            continue;
        }
        let (consumed, letter) = match first {
            '&' => (rest.find(';').map_or(1, |i| i + 1), ' '),
            c => (c.len_utf8(), c),
        };
        for c in letter.to_lowercase().filter(|c| c.is_alphanumeric()) {
            match wanted.last() {
                Some(w) if *w == c => {
                    wanted.pop();
                }
                // Not as expected: better the whole HTML dropped than a word of the agent's lost.
                _ => return String::new(),
            }
        }
        rest = &rest[consumed..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::without_lines;

    #[test]
    fn commands_leave_the_html() {
        let check = |html: &str, lines: &[&str], expect: &str| {
            let lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
            assert_eq!(without_lines(html, &lines), expect, "{html}");
        };
        check("<div>#close</div><div>Hej <b>Eva</b></div>", &["#close"], "<div></div><div>Hej <b>Eva</b></div>");
        check("#Close<br>#tag late<br><br>Hej", &["#close", "#tag late"], "<br>Hej");
        check("<p># close</p>\n<p>Hej</p>", &["#close"], "<p></p><p>Hej</p>");
        check("<div>Hej</div>", &[], "<div>Hej</div>");
        check("<div>Nej</div>", &["#close"], "");
        check(
            "<div>#cc <a href=\"mailto:per@kund.test\">per@kund.test</a></div><div>Hej <a href=\"x\">du</a></div>",
            &["#cc per@kund.test"],
            "<div></div><div>Hej <a href=\"x\">du</a></div>",
        );
    }
}
