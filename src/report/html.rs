//! A report as HTML that mail clients show: tables, inline styles, no ground and no ink of its own, so that it is as good at night
//! as by day, on a telephone as on a desk, and with pictures off.

use std::fmt::Write as _;

use crate::report::colour;
use crate::report::page::{BarRow, Block, Item, Page, Picture, Piece, Table, Tile, Tone, widths};

/// Where pictures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// Parts of the same mail (RFC 2392).
    Attached,
    /// The page itself, which then needs nothing else.
    Within,
}

const FONT: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/// A ground that is a little darker by day and a little lighter at night.
const GROUND: &str = "rgba(127,140,155,.13)";
const RULE: &str = "1px solid rgba(127,140,155,.35)";

/// A whole document.
#[must_use]
pub fn html(page: &Page, pictures: Pictures) -> String {
    let mut out = Html { html: String::new(), pictures };
    for block in &page.blocks {
        out.block(block);
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"supported-color-schemes\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n\
         :root {{ color-scheme: light dark; supported-color-schemes: light dark; }}\n\
         @media (prefers-color-scheme: dark) {{ .page {{ background: #14171b !important; color: #e4e8ec !important; }} .quiet {{ color: #9aa4af !important; }} }}\n\
         @media (min-width: 600px) {{ .value {{ font-size: 30px !important; }} .column {{ padding: 28px 24px 40px !important; }} }}\n\
         </style>\n</head>\n<body class=\"page\" style=\"margin:0;padding:0;-webkit-text-size-adjust:100%\">\n\
         <table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse\"><tr><td align=\"center\">\n\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"max-width:600px;border-collapse:collapse\"><tr>\
         <td class=\"column\" align=\"left\" style=\"padding:16px 14px 28px;{FONT};font-size:16px;line-height:1.45;overflow-wrap:anywhere\">\n\
         {body}</td></tr></table>\n</td></tr></table>\n</body>\n</html>\n",
        language = escape(&page.language),
        title = escape(&page.title),
        body = out.html,
    )
}

struct Html {
    html: String,
    pictures: Pictures,
}

impl Html {
    fn push(&mut self, args: std::fmt::Arguments<'_>) {
        // Writing to a String does not fail.
        let _ = self.html.write_fmt(args);
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title { name, period, as_at } => {
                self.push(format_args!(
                    "<p class=\"quiet\" style=\"margin:0;font-size:14px;color:{0}\">{1}</p>\n\
                     <h1 style=\"margin:.1em 0 .15em;font-size:23px;line-height:1.2;font-weight:700\">{2}</h1>\n",
                    colour::QUIET,
                    escape(name),
                    escape(&upper_first(period)),
                ));
                if !as_at.is_empty() {
                    self.small(as_at, "0 0 16px");
                }
            }
            Block::Tiles(tiles) => self.tiles(tiles),
            Block::Sentences(sentences) => {
                let words: Vec<String> = sentences.iter().map(|s| escape(s)).collect();
                self.push(format_args!("<p style=\"margin:0 0 12px\">{}</p>\n", words.join(" ")));
            }
            Block::Notice(words) => self.push(format_args!(
                "<p style=\"margin:0 0 10px;padding:6px 12px;border-left:4px solid {};background:{GROUND};font-size:15px\">{}</p>\n",
                colour::TARGET,
                escape(words)
            )),
            Block::Heading(words) => self.push(format_args!(
                "<h2 style=\"margin:30px 0 10px;font-size:18px;line-height:1.25;font-weight:700\">{}</h2>\n",
                escape(words)
            )),
            Block::Line(words) => self.push(format_args!("<p style=\"margin:0 0 8px\">{}</p>\n", escape(words))),
            Block::Small(words) => self.small(words, "6px 0 6px"),
            Block::Bar(pieces) => {
                self.bar(pieces, 18);
                self.names(pieces);
            }
            Block::Bars(rows) => self.bars(rows),
            Block::Picture(picture) => self.picture(picture),
            Block::Table(table) => self.table(table),
            Block::List(items) => self.list(items),
        }
    }

    fn small(&mut self, words: &str, margin: &str) {
        self.push(format_args!(
            "<p class=\"quiet\" style=\"margin:{margin};font-size:13px;color:{}\">{}</p>\n",
            colour::QUIET,
            escape(words)
        ));
    }

    fn tiles(&mut self, tiles: &[Tile]) {
        let width = 100 / tiles.len().max(1);
        self.html.push_str(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"border-collapse:separate;margin:0 0 14px\"><tr>\n",
        );
        for (n, tile) in tiles.iter().enumerate() {
            if n > 0 {
                self.html.push_str("<td width=\"6\" style=\"font-size:0;line-height:0\">&nbsp;</td>\n");
            }
            let colour = match tile.tone {
                Tone::Plain => String::new(),
                Tone::Good => format!(";color:{}", colour::WENT),
                Tone::Fair => format!(";color:{}", colour::TARGET),
                Tone::Bad => format!(";color:{}", colour::MISS),
            };
            self.push(format_args!(
                "<td width=\"{width}%\" valign=\"top\" style=\"padding:10px 10px 9px;background:{GROUND};border-radius:8px\">\
                 <span class=\"value\" style=\"display:block;font-size:24px;line-height:1.15;font-weight:700;white-space:nowrap{colour}\">{}</span>\
                 <span style=\"display:block;font-size:13px;line-height:1.3;margin-top:2px\">{}</span>\
                 <span class=\"quiet\" style=\"display:block;font-size:12px;line-height:1.3;color:{}\">{}</span></td>\n",
                escape(&tile.value),
                escape(&tile.label),
                colour::QUIET,
                escape(&tile.remark),
            ));
        }
        self.html.push_str("</tr></table>\n");
    }

    /// Cells of a table: shown where no picture is.
    fn bar(&mut self, pieces: &[Piece], height: u32) {
        let counts: Vec<usize> = pieces.iter().map(|p| p.count).collect();
        let wide = widths(&counts, 100);
        self.push(format_args!(
            "<table role=\"presentation\" width=\"100%\" height=\"{height}\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"border-collapse:collapse;table-layout:fixed\"><tr>"
        ));
        for (piece, width) in pieces.iter().zip(&wide).filter(|(p, _)| p.count > 0) {
            let faint = if piece.shade == crate::report::page::UNSETTLED { ";opacity:.5" } else { "" };
            self.push(format_args!(
                "<td width=\"{width}%\" height=\"{height}\" bgcolor=\"{colour}\" title=\"{name}: {count}\" \
                 style=\"width:{width}%;height:{height}px;background:{colour}{faint};font-size:0;line-height:0\">&nbsp;</td>",
                colour = piece.colour,
                name = escape(&piece.name),
                count = piece.count,
            ));
        }
        if counts.iter().sum::<usize>() == 0 {
            self.push(format_args!(
                "<td height=\"{height}\" style=\"height:{height}px;background:{GROUND};font-size:0;line-height:0\">&nbsp;</td>"
            ));
        }
        self.html.push_str("</tr></table>\n");
    }

    fn names(&mut self, pieces: &[Piece]) {
        self.html.push_str("<p style=\"margin:8px 0 4px;font-size:14px;line-height:1.7\">");
        for piece in pieces {
            let faint = if piece.shade == crate::report::page::UNSETTLED { ";opacity:.5" } else { "" };
            self.push(format_args!(
                "<span style=\"white-space:nowrap;margin-right:14px\"><span style=\"color:{}{faint}\">&#9632;</span> <b>{}</b> {}</span> ",
                piece.colour,
                piece.count,
                escape(&piece.name)
            ));
        }
        self.html.push_str("</p>\n");
    }

    fn bars(&mut self, rows: &[BarRow]) {
        self.html.push_str(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;margin:6px 0 4px\">\n",
        );
        for row in rows {
            let weight = if row.strong { ";font-weight:700" } else { "" };
            self.push(format_args!(
                "<tr><td width=\"1%\" style=\"padding:3px 10px 3px 0;white-space:nowrap{weight}\">{}</td><td style=\"padding:3px 0\">",
                escape(&row.label)
            ));
            self.bar(&row.pieces, 12);
            self.push(format_args!(
                "</td><td width=\"1%\" align=\"right\" style=\"padding:3px 0 3px 10px;white-space:nowrap{weight}\">{}</td></tr>\n",
                escape(&row.value)
            ));
        }
        self.html.push_str("</table>\n");
    }

    fn picture(&mut self, picture: &Picture) {
        let source = match self.pictures {
            Pictures::Attached => format!("cid:{}", picture.content_id()),
            Pictures::Within => format!("data:image/png;base64,{}", data_encoding::BASE64.encode(&picture.png)),
        };
        // Its own size and at most the column's; with pictures off the words stand in its place.
        self.push(format_args!(
            "<img src=\"{source}\" alt=\"{}\" width=\"552\" border=\"0\" \
             style=\"display:block;width:100%;max-width:552px;height:auto;margin:4px 0 8px;font-size:14px;line-height:1.4\">\n",
            escape(&picture.alt)
        ));
    }

    fn table(&mut self, table: &Table) {
        let columns = table.heads.len().max(1);
        self.html.push_str(
            "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"border-collapse:collapse;font-size:14px;line-height:1.35;font-variant-numeric:tabular-nums;margin:0 0 6px\">\n",
        );
        if table.heads.iter().any(|h| !h.is_empty()) {
            self.html.push_str("<tr>");
            for (n, head) in table.heads.iter().enumerate() {
                let (align, padding) = if n == 0 { ("left", "0 8px 5px 0") } else { ("right", "0 0 5px 8px") };
                self.push(format_args!(
                    "<th class=\"quiet\" align=\"{align}\" valign=\"bottom\" style=\"padding:{padding};font-size:12px;font-weight:400;color:{}\">{}</th>",
                    colour::QUIET,
                    escape(head)
                ));
            }
            self.html.push_str("</tr>\n");
        }
        for (n, row) in table.rows.iter().enumerate() {
            if row.is_group {
                let above = if n == 0 { 4 } else { 12 };
                self.push(format_args!(
                    "<tr><td colspan=\"{columns}\" style=\"padding:{above}px 0 4px;border-bottom:{RULE};font-weight:700\">{}</td></tr>\n",
                    escape(row.cells.first().map_or("", String::as_str))
                ));
                continue;
            }
            self.html.push_str("<tr>");
            for (n, cell) in row.cells.iter().enumerate() {
                let (align, style) = match n {
                    0 => ("left", "padding:4px 8px 4px 0".to_owned()),
                    1 => ("right", "padding:4px 0 4px 8px;white-space:nowrap;font-weight:600".to_owned()),
                    _ => ("right", format!("padding:4px 0 4px 8px;white-space:nowrap;color:{}", colour::QUIET)),
                };
                let class = if n > 1 { " class=\"quiet\"" } else { "" };
                self.push(format_args!(
                    "<td{class} align=\"{align}\" valign=\"top\" style=\"{style};border-bottom:{RULE}\">{}</td>",
                    escape(cell)
                ));
            }
            self.html.push_str("</tr>\n");
        }
        self.html.push_str("</table>\n");
    }

    fn list(&mut self, items: &[Item]) {
        self.html.push_str(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse\">\n",
        );
        for item in items {
            self.push(format_args!(
                "<tr><td style=\"padding:7px 0;border-bottom:{RULE};font-size:15px;line-height:1.4\">{}",
                escape(&item.head)
            ));
            for line in &item.lines {
                self.push(format_args!(
                    "<br><span class=\"quiet\" style=\"font-size:13px;color:{}\">{}</span>",
                    colour::QUIET,
                    escape(line)
                ));
            }
            self.html.push_str("</td></tr>\n");
        }
        self.html.push_str("</table>\n");
    }
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// For text and for attribute values in double quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_inert() {
        let page = Page {
            language: "sv".to_owned(),
            title: "<b>".to_owned(),
            blocks: vec![
                Block::List(vec![Item {
                    head: "#1 <script>alert(\"x\")</script>".to_owned(),
                    lines: vec!["'&".to_owned()],
                }]),
                Block::Picture(Picture { name: "days", alt: "\" onerror=\"x".to_owned(), png: vec![1, 2] }),
            ],
        };
        let mail = html(&page, Pictures::Attached);
        assert!(
            !mail.contains("<script") && !mail.contains("\" onerror") && mail.contains("cid:days@digest.svar"),
            "{mail}"
        );
        assert!(html(&page, Pictures::Within).contains("src=\"data:image/png;base64,AQI=\""));
    }

    #[test]
    fn a_bar_is_cells_that_make_up_the_whole() {
        let piece =
            |count: usize, colour: &str| Piece { name: "x".to_owned(), count, colour: colour.to_owned(), shade: '█' };
        let page = Page {
            blocks: vec![Block::Bar(vec![piece(1, "#111111"), piece(0, "#222222"), piece(2, "#333333")])],
            ..Page::default()
        };
        let html = html(&page, Pictures::Within);
        assert!(
            html.contains("width=\"33%\"") && html.contains("width=\"67%\"") && !html.contains("bgcolor=\"#222222\""),
            "{html}"
        );
    }
}
