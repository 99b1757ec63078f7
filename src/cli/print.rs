//! What goes to stdout: lines, tables that fit the terminal, JSON. Reads well without colour, and in 80 columns.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table as Grid, Width};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::args::{Color, Global};
use crate::model::Time;

/// Where results go. A closed pipe comes out as an error that the edge keeps quiet about.
pub struct Out {
    writer: Box<dyn Write>,
    /// JSON was asked for.
    pub json: bool,
    color: bool,
    /// Columns of the terminal, 80 where nobody knows.
    pub width: usize,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("json", &self.json).field("width", &self.width).finish_non_exhaustive()
    }
}

/// How a line stands out, where there is colour. What it says must stand in words too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Strong,
    Faint,
    Bad,
    Fair,
    Good,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Faint => "\x1b[2m",
            Self::Bad => "\x1b[31m",
            Self::Fair => "\x1b[33m",
            Self::Good => "\x1b[32m",
        }
    }
}

impl Out {
    #[must_use]
    pub fn stdout(global: &Global) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse::<usize>().ok());
        Self {
            writer: Box::new(BufWriter::new(io::stdout())),
            json: global.json,
            color,
            width: columns.unwrap_or(80).clamp(60, 160),
        }
    }

    /// Writes elsewhere, for tests and for `demo`.
    #[must_use]
    pub fn to(writer: Box<dyn Write>, json: bool) -> Self {
        Self { writer, json, color: false, width: 80 }
    }

    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.writer, "{text}")
    }

    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// A line that stands out.
    pub fn toned(&mut self, tone: Tone, text: impl Display) -> io::Result<()> {
        if self.color && tone != Tone::Plain {
            writeln!(self.writer, "{}{text}\x1b[0m", tone.code())
        } else {
            self.line(text)
        }
    }

    /// A value as JSON, indented, with a line end.
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.writer, value)?;
        writeln!(self.writer)
    }

    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        for (tone, line) in table.lines(self.width) {
            self.toned(tone, line)?;
        }
        Ok(())
    }

    /// Text from elsewhere, each line behind `indent`, broken at words to fit. Control characters become visible.
    pub fn text(&mut self, indent: &str, text: &str) -> io::Result<()> {
        let room = self.width.saturating_sub(indent.chars().count()).max(20);
        for line in text.trim_end().lines() {
            for piece in broken(&visible(line), room) {
                self.line(format!("{indent}{piece}").trim_end())?;
            }
        }
        Ok(())
    }

    #[must_use]
    pub const fn has_color(&self) -> bool {
        self.color
    }

    /// For whoever writes by himself.
    pub fn writer(&mut self) -> &mut dyn Write {
        &mut *self.writer
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A table of one line a row; the widest columns give way where the terminal is narrow.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<(Tone, Vec<String>)>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    title: &'static str,
    /// May be shortened to this many characters; `None`: never shortened.
    at_least: Option<usize>,
}

impl Table {
    /// A column whose title begins with `~` may be shortened.
    #[must_use]
    pub fn new(titles: &[&'static str]) -> Self {
        let column = |title: &&'static str| match title.strip_prefix('~') {
            Some(title) => Column { title, at_least: Some(8) },
            None => Column { title, at_least: None },
        };
        Self { columns: titles.iter().map(column).collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, tone: Tone, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push((tone, cells.iter().map(|c| visible(c)).collect()));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The widths of the columns: as wide as they need, then the widest that may be shortened give way.
    fn widths(&self, width: usize) -> Vec<usize> {
        let wide = |i: usize| self.rows.iter().map(|r| r.1[i].chars().count()).max().unwrap_or(0);
        let mut widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(i, c)| wide(i).max(c.title.chars().count())).collect();
        let gaps = 2 * self.columns.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let may = |i: &usize| self.columns[*i].at_least.is_some_and(|least| widths[*i] > least);
            let Some(widest) = (0..widths.len()).filter(may).max_by_key(|i| widths[*i]) else { break };
            widths[widest] -= 1;
        }
        widths
    }

    fn lines(&self, width: usize) -> Vec<(Tone, String)> {
        let widths = self.widths(width);
        let mut grid = Grid::new();
        grid.load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_truncation_indicator("…")
            .set_header(self.columns.iter().map(|c| c.title));
        for (_, cells) in &self.rows {
            let mut row = Row::from(cells);
            row.max_height(1);
            grid.add_row(row);
        }
        // comfy-table's widths include a space on either side; the first column's left one is cut below.
        let constraints =
            widths.iter().map(|w| ColumnConstraint::Absolute(Width::Fixed(u16::try_from(w + 2).unwrap_or(u16::MAX))));
        grid.set_constraints(constraints.collect::<Vec<_>>());
        let tones = std::iter::once(Tone::Strong).chain(self.rows.iter().map(|r| r.0));
        let lines: Vec<String> = grid.lines().collect();
        let trimmed = lines.iter().map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end().to_owned());
        tones.zip(trimmed).collect()
    }
}

/// `text` with control characters made visible, so that a mail cannot move the cursor or colour the terminal.
#[must_use]
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// `text`, or its beginning and an ellipsis where it is longer than `room` characters.
pub fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let start: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

/// `line` in pieces of at most `room` characters, broken at white space where there is any.
pub fn broken(line: &str, room: usize) -> Vec<String> {
    if line.chars().count() <= room {
        return vec![line.to_owned()];
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut pieces = Vec::new();
    let mut piece = line[..indent].to_owned();
    // Whether a word stands in `piece`; what leads the line is no word.
    let mut begun = false;
    for word in line[indent..].split(' ') {
        if begun && piece.chars().count() + 1 + word.chars().count() > room {
            pieces.push(std::mem::take(&mut piece));
        } else if begun {
            piece.push(' ');
        }
        begun = true;
        piece.push_str(word);
        while let Some((at, _)) = piece.char_indices().nth(room) {
            let tail = piece.split_off(at);
            pieces.push(std::mem::replace(&mut piece, tail));
        }
    }
    pieces.push(piece);
    pieces
}

/// A moment for people: `09:05` today, `20 Nov 09:05` this year, `2025-11-20` otherwise.
#[must_use]
pub fn when(at: Time, now: Time, zone: &TimeZone) -> String {
    let (at, now) = (at.timestamp().to_zoned(zone.clone()), now.timestamp().to_zoned(zone.clone()));
    let format = if at.date() == now.date() {
        "%H:%M"
    } else if at.year() == now.year() {
        "%-d %b %H:%M"
    } else {
        "%Y-%m-%d"
    };
    at.strftime(format).to_string()
}

/// A stretch of time for people: `45 s`, `12 min`, `3 h 05`, `2 d`.
#[must_use]
pub fn span(seconds: i64) -> String {
    let s = seconds.abs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min", s / 60),
        3600..86_400 => format!("{} h {:02}", s / 3600, s % 3600 / 60),
        86_400..864_000 => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
        _ => format!("{} d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(table: &Table, width: usize) -> Vec<String> {
        table.lines(width).into_iter().map(|l| l.1).collect()
    }

    #[test]
    fn tables_fit() {
        let mut table = Table::new(&["#", "state", "~subject", "~from"]);
        table.row(Tone::Plain, vec!["1".into(), "open".into(), "Kort".into(), "a@b.test".into()]);
        table.row(Tone::Bad, vec!["1042".into(), "pending".into(), "Å".repeat(70), "någon@exempel.test".into()]);
        for width in [60, 80, 160] {
            let lines = lines(&table, width);
            assert_eq!(lines.len(), 3, "{lines:#?}");
            assert!(lines.iter().all(|l| l.chars().count() <= width), "{lines:#?}");
        }
        let narrow = lines(&table, 60);
        assert!(narrow[0].starts_with("#     state    subject"), "{narrow:#?}");
        assert!(narrow[2].contains('…'), "{narrow:#?}");
        assert!(lines(&table, 160)[2].contains("någon@exempel.test"));
    }

    #[test]
    fn mail_cannot_drive_the_terminal() {
        assert_eq!(visible("a\x1b[31mb\u{202e}c\td"), "a\u{fffd}[31mb\u{fffd}c d");
    }

    #[test]
    fn long_lines_are_broken_at_words() {
        assert_eq!(broken("ett två tre", 7), ["ett två", "tre"]);
        assert_eq!(broken("  ett", 80), ["  ett"]);
        assert_eq!(broken("  ok   ett två", 12), ["  ok   ett", "två"]);
        assert_eq!(shortened("ett två tre", 8), "ett två…");
        assert_eq!(shortened("ett två", 7), "ett två");
        assert_eq!(broken("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(broken("", 4), [""]);
    }

    #[test]
    fn times_and_spans_are_for_people() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let t = |s| Time::parse_rfc3339(s).unwrap();
        let now = t("2026-11-20T12:00:00Z");
        assert_eq!(when(t("2026-11-20T08:05:00Z"), now, &zone), "09:05");
        assert_eq!(when(t("2026-11-19T08:05:00Z"), now, &zone), "19 Nov 09:05");
        assert_eq!(when(t("2025-11-19T08:05:00Z"), now, &zone), "2025-11-19");
        let spans = [(5, "5 s"), (725, "12 min"), (11_100, "3 h 05"), (180_000, "2 d 2 h"), (2_592_000, "30 d")];
        for (seconds, expect) in spans {
            assert_eq!(span(seconds), expect);
        }
    }
}
