//! What a report says, block by block, before it is text or HTML: both are made of the same blocks, so that they say the same.

/// A whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// `sv`
    pub language: String,
    pub title: String,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// What is reported on, of which days, as at when.
    Title {
        name: String,
        period: String,
        as_at: String,
    },
    /// The few figures that matter, side by side.
    Tiles(Vec<Tile>),
    /// A paragraph.
    Sentences(Vec<String>),
    /// Something that must not be overlooked.
    Notice(String),
    Heading(String),
    Line(String),
    /// A lesser remark.
    Small(String),
    /// One bar with the names of its pieces below it.
    Bar(Vec<Piece>),
    /// Bars below each other, whose pieces were named before.
    Bars(Vec<BarRow>),
    Picture(Picture),
    Table(Table),
    List(Vec<Item>),
}

/// Whether a figure is good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Good,
    Fair,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    pub value: String,
    pub label: String,
    pub remark: String,
    pub tone: Tone,
}

/// A piece of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub name: String,
    pub count: usize,
    /// `#1f9d80`
    pub colour: String,
    /// How it is drawn in text.
    pub shade: char,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarRow {
    pub label: String,
    pub pieces: Vec<Piece>,
    pub value: String,
    /// Of the days that the report is about.
    pub strong: bool,
}

/// A chart. Its Content-ID is local: [`Picture::content_id`] makes it the mail's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `days`
    pub name: &'static str,
    /// What it shows, for whoever does not see it.
    pub alt: String,
    pub png: Vec<u8>,
}

impl Picture {
    /// Unique within a mail; a mail's parts are seen by nobody else.
    #[must_use]
    pub fn content_id(&self) -> String {
        format!("{}@digest.svar", self.name)
    }
}

/// Columns of figures: the first is text, the others stand right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub heads: Vec<String>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub cells: Vec<String>,
    /// Stands over the rows that follow.
    pub is_group: bool,
}

impl Row {
    #[must_use]
    pub fn new(cells: Vec<String>) -> Self {
        Self { cells, is_group: false }
    }

    #[must_use]
    pub fn group(name: String) -> Self {
        Self { cells: vec![name], is_group: true }
    }
}

/// Something with a remark or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub head: String,
    pub lines: Vec<String>,
}

/// How what is not settled is drawn in text.
pub const UNSETTLED: char = '·';

/// How band `n` of `count` is drawn in text; the last is the worst.
#[must_use]
pub fn shade(n: usize, count: usize) -> char {
    match n {
        0 => '█',
        n if n + 1 >= count => '░',
        1 => '▓',
        _ => '▒',
    }
}

/// So many units of `width` for each of `counts`: as true to the whole as can be, and nothing that is there is left out.
#[must_use]
pub fn widths(counts: &[usize], width: usize) -> Vec<usize> {
    let all: usize = counts.iter().sum();
    if all == 0 {
        return vec![0; counts.len()];
    }
    let mut widths: Vec<usize> = counts.iter().map(|c| (c * width / all).max(usize::from(*c > 0))).collect();
    // What was rounded away goes to, or comes from, the biggest.
    let biggest = counts.iter().enumerate().max_by_key(|(n, c)| (**c, usize::MAX - n)).map_or(0, |(n, _)| n);
    let sum: usize = widths.iter().sum();
    widths[biggest] = (widths[biggest] + width).saturating_sub(sum).max(1);
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_look_different() {
        assert_eq!((0..3).map(|n| shade(n, 3)).collect::<String>(), "█▓░");
        assert_eq!((0..4).map(|n| shade(n, 4)).collect::<String>(), "█▓▒░");
        assert_eq!((0..2).map(|n| shade(n, 2)).collect::<String>(), "█░");
    }

    #[test]
    fn bars_are_as_wide_as_they_should_be() {
        let check = |counts: &[usize], expect: &[usize]| assert_eq!(widths(counts, 40), expect, "{counts:?}");
        check(&[1, 1], &[20, 20]);
        check(&[1000, 1, 0, 1], &[38, 1, 0, 1]);
        check(&[0, 0], &[0, 0]);
        check(&[1, 1, 1], &[14, 13, 13]);
    }
}
