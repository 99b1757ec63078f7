//! A report as plain text of 76 columns, for those who read mail so and for everybody's search.

use crate::report::page::{BarRow, Block, Item, Page, Piece, Table, Tile, widths};

const COLUMNS: usize = 76;
/// Of the bar of a whole report.
const BAR: usize = 60;

/// Lines ended by `\n`.
#[must_use]
pub fn text(page: &Page) -> String {
    let mut out = Text::default();
    for block in &page.blocks {
        out.block(block);
    }
    out.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Title { name, period, as_at } => {
                self.line(name);
                self.line(&format!("{}{}", upper_first(period), if as_at.is_empty() { "" } else { "." }));
                if !as_at.is_empty() {
                    self.line(as_at);
                }
            }
            Block::Tiles(tiles) => self.tiles(tiles),
            Block::Sentences(sentences) => {
                self.gap();
                self.wrapped("", "", &sentences.join(" "));
            }
            Block::Notice(words) => {
                self.gap();
                self.wrapped("! ", "  ", words);
            }
            Block::Heading(words) => {
                self.gap();
                self.line(words);
                self.line(&"─".repeat(width_of(words)));
            }
            Block::Line(words) | Block::Small(words) => self.wrapped("", "", words),
            Block::Bar(pieces) => self.bar(pieces),
            Block::Bars(rows) => self.bars(rows),
            // What it shows stands in the rows beside it; what it is, in its heading.
            Block::Picture(_) => {}
            Block::Table(table) => self.table(table),
            Block::List(items) => self.list(items),
        }
    }

    fn tiles(&mut self, tiles: &[Tile]) {
        self.gap();
        let values = tiles.iter().map(|t| width_of(&t.value)).max().unwrap_or(0);
        for tile in tiles {
            let remark = if tile.remark.is_empty() { String::new() } else { format!(" ({})", tile.remark) };
            self.line(&format!(
                "  {}{}  {}{remark}",
                " ".repeat(values - width_of(&tile.value)),
                tile.value,
                tile.label
            ));
        }
    }

    fn bar(&mut self, pieces: &[Piece]) {
        self.line(&drawn(pieces, BAR));
        let names: Vec<String> = pieces.iter().map(|p| format!("{} {} {}", p.shade, p.count, p.name)).collect();
        self.wrapped("", "", &names.join("   ").replace(' ', "\u{a0}").replace("\u{a0}\u{a0}\u{a0}", "   "));
    }

    fn bars(&mut self, rows: &[BarRow]) {
        let (labels, values) = (
            rows.iter().map(|r| width_of(&r.label)).max().unwrap_or(0),
            rows.iter().map(|r| width_of(&r.value)).max().unwrap_or(0),
        );
        let room = COLUMNS.saturating_sub(labels + values + 6).clamp(10, 44);
        for row in rows {
            let label = format!("{}{}", row.label, " ".repeat(labels - width_of(&row.label)));
            let value = format!("{}{}", " ".repeat(values - width_of(&row.value)), row.value);
            self.line(&format!("  {label}  {}  {value}", drawn(&row.pieces, room)));
        }
    }

    fn table(&mut self, table: &Table) {
        let columns = table.heads.len();
        let all = || std::iter::once(&table.heads).chain(table.rows.iter().filter(|r| !r.is_group).map(|r| &r.cells));
        let widths: Vec<usize> =
            (0..columns).map(|n| all().filter_map(|c| c.get(n)).map(|c| width_of(c)).max().unwrap_or(0)).collect();
        // The first column gives way; numbers are never cut.
        let rest: usize = widths.iter().skip(1).map(|w| w + 2).sum();
        let first = widths.first().copied().unwrap_or(0).min(COLUMNS.saturating_sub(rest + 2));
        let row = |cells: &[String]| -> String {
            let mut line = String::from("  ");
            for (n, cell) in cells.iter().enumerate() {
                if n == 0 {
                    let cell = shortened(cell, first);
                    line.push_str(&cell);
                    line.push_str(&" ".repeat(first - width_of(&cell)));
                } else {
                    line.push_str(&" ".repeat(2 + widths.get(n).copied().unwrap_or(0).saturating_sub(width_of(cell))));
                    line.push_str(cell);
                }
            }
            line.trim_end().to_owned()
        };
        if table.heads.iter().any(|h| !h.is_empty()) {
            self.line(&row(&table.heads));
        }
        for r in &table.rows {
            if r.is_group {
                self.line(r.cells.first().map_or("", String::as_str));
            } else {
                self.line(&row(&r.cells));
            }
        }
    }

    fn list(&mut self, items: &[Item]) {
        for item in items {
            self.wrapped("  ", "    ", &item.head);
            for line in &item.lines {
                self.wrapped("    ", "    ", line);
            }
        }
    }

    fn gap(&mut self) {
        if !self.0.is_empty() && !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    fn line(&mut self, words: &str) {
        self.0.push_str(words.trim_end());
        self.0.push('\n');
    }

    fn wrapped(&mut self, first: &str, under: &str, words: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in words.split(' ') {
            if !is_empty && width_of(&line) + 1 + width_of(word) > COLUMNS {
                self.line(&line.replace('\u{a0}', " "));
                under.clone_into(&mut line);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.line(&line.replace('\u{a0}', " "));
    }
}

fn drawn(pieces: &[Piece], width: usize) -> String {
    let counts: Vec<usize> = pieces.iter().map(|p| p.count).collect();
    let wide = widths(&counts, width);
    let bar: String = pieces.iter().zip(&wide).map(|(p, w)| p.shade.to_string().repeat(*w)).collect();
    format!("{bar}{}", " ".repeat(width - wide.iter().sum::<usize>().min(width)))
}

/// Columns on a terminal, near enough: a character is one wide.
fn width_of(text: &str) -> usize {
    text.chars().count()
}

fn shortened(text: &str, columns: usize) -> String {
    if width_of(text) <= columns {
        return text.to_owned();
    }
    let start: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::{Row, Tone};

    fn check(blocks: Vec<Block>, expect: &str) {
        assert_eq!(text(&Page { language: "sv".to_owned(), title: String::new(), blocks }), expect);
    }

    #[test]
    fn blocks_are_lines() {
        let tile = |value: &str| Tile {
            value: value.into(),
            label: "inom målet".into(),
            remark: "9 av 11".into(),
            tone: Tone::Good,
        };
        check(
            vec![Block::Tiles(vec![tile("82 %"), tile("5 %")])],
            "  82 %  inom målet (9 av 11)\n   5 %  inom målet (9 av 11)\n",
        );
        let table = Table {
            heads: vec![String::new(), "tis".into()],
            rows: vec![
                Row::group("Svar".into()),
                Row::new(vec!["Median".into(), "34 min".into()]),
                Row::new(vec!["Å".into(), "1".into()]),
            ],
        };
        check(
            vec![Block::Heading("Rubrik".into()), Block::Table(table)],
            "Rubrik\n──────\n             tis\nSvar\n  Median  34 min\n  Å            1\n",
        );
    }

    #[test]
    fn bars_keep_their_width_and_names_stay_whole() {
        let piece = |count: usize, shade: char| Piece {
            name: "utmärkt (inom 1 h)".into(),
            count,
            colour: String::new(),
            shade,
        };
        let page = Page {
            blocks: vec![Block::Bar(vec![piece(3, '█'), piece(1, '▓'), piece(0, '░')])],
            ..Page::default()
        };
        let said = text(&page);
        let mut lines = said.lines();
        assert_eq!(lines.next().map(|l| l.chars().count()), Some(60));
        assert_eq!(lines.next(), Some("█ 3 utmärkt (inom 1 h)   ▓ 1 utmärkt (inom 1 h)   ░ 0 utmärkt (inom 1 h)"));
    }
}
