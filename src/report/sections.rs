//! The parts of a digest's page, in order.

mod people;
mod pictures;
mod slow;

use minijinja::context;

use crate::report::colour;
use crate::report::kind::{Days, Kind};
use crate::report::page::{BarRow, Block, Item, Piece, Row, Table, Tile, Tone, UNSETTLED, shade};
use crate::report::say::{Say, per_cent};
use crate::report::sentences::{first_known, sentences};
use crate::report::tally::{self, DayTally, responses};
use crate::report::{IncidentLine, Matter};
use crate::sla::figures::{BandCount, ClockFigures, Figures};

/// From such a share on a day was good, and from such a share on it was not bad.
const GOOD_PER_CENT: usize = 80;
const FAIR_PER_CENT: usize = 60;

/// The whole page.
#[must_use]
pub fn blocks(matter: &Matter<'_>, say: &Say<'_>, csv_name: &str) -> Vec<Block> {
    let days = Days { from: matter.this.from, to: matter.this.to };
    let mut blocks = vec![
        Block::Title {
            name: matter.desk.to_owned(),
            period: say.period(matter.kind, days),
            as_at: say.with("as_at", context! { when => say.as_at() }),
        },
        Block::Tiles(tiles(matter, say)),
        Block::Sentences(sentences(matter, say)),
    ];
    blocks.extend(matter.notices.iter().map(|n| Block::Notice(crate::model::one_line(n))));
    blocks.extend(changed(matter, say).map(Block::Small));
    let tallies = tally::by_day(&matter.stretch.clocks, matter.zone);

    blocks.push(Block::Heading(say.word("bands")));
    let pieces = period_pieces(matter, say);
    if pieces.iter().all(|p| p.count == 0) {
        blocks.push(Block::Line(say.word("bands_none")));
    } else {
        blocks.push(Block::Bar(pieces));
    }
    blocks.push(Block::Heading(say.word("days")));
    blocks.push(Block::Picture(pictures::days(matter, say, &tallies)));
    blocks.extend(day_bars(matter, say, &tallies));

    blocks.push(Block::Heading(say.word("figures")));
    blocks.push(Block::Table(figures(matter, say)));
    blocks.push(Block::Heading(say.word("waiting")));
    blocks.extend(waiting(matter, say));

    if !matter.incidents.is_empty() {
        blocks.push(Block::Heading(say.word("incidents")));
        blocks.push(Block::List(matter.incidents.iter().map(|i| incident(i, say)).collect()));
    }
    blocks.push(Block::Heading(say.word("hours_head")));
    blocks.push(Block::Picture(pictures::hours(matter, say)));
    blocks.extend(people::by_hour(matter, say).map(Block::Table));
    blocks.push(Block::Heading(say.word("trend")));
    let (picture, rows) = pictures::trend(matter, say);
    blocks.push(Block::Picture(picture));
    blocks.extend(rows.map(Block::Small));

    let mut table = |head: &str, table: Option<Table>| {
        if let Some(table) = table {
            blocks.push(Block::Heading(say.word(head)));
            blocks.push(Block::Table(table));
        }
    };
    table("by_weekday", people::by_weekday(matter, say));
    table("by_tag", people::by_tag(matter, say));
    table("by_agent", people::by_agent(matter, say));
    if !matter.this.slowest.is_empty() {
        blocks.push(Block::Heading(say.word("slowest")));
        blocks.push(Block::List(slow::items(matter, say)));
    }
    if !matter.this.mystery.is_empty() {
        blocks.push(Block::Heading(say.word("mystery")));
        blocks.extend(matter.this.mystery.iter().map(|m| Block::Line(people::mystery(m, say))));
    }
    let out = matter.kept_out;
    blocks.push(Block::Small(say.with("kept_out", context! { n => out.robots, other => out.bounces })));
    blocks.push(Block::Small(say.with("csv", context! { name => csv_name })));
    blocks.push(Block::Small(say.word("told_how")));
    blocks
}

/// An incident in a line, and when it was on.
fn incident(line: &IncidentLine, say: &Say<'_>) -> Item {
    let IncidentLine { linked, answered, replied, waiting, .. } = line;
    let name = crate::model::one_line(&line.name);
    let from = say.moment(line.from, None);
    let when = match line.until {
        Some(until) => say.with("incident_between", context! { from, until => say.moment(until, None) }),
        None => say.with("incident_since", context! { from }),
    };
    Item { head: say.with("incident_line", context! { name, linked, answered, replied, waiting }), lines: vec![when] }
}

fn tiles(matter: &Matter<'_>, say: &Say<'_>) -> Vec<Tile> {
    let all = responses(matter.this);
    let tone = match per_cent(all.within, all.of) {
        None => Tone::Plain,
        Some(n) if n >= GOOD_PER_CENT => Tone::Good,
        Some(n) if n >= FAIR_PER_CENT => Tone::Fair,
        Some(_) => Tone::Bad,
    };
    let first = &matter.this.first_response;
    let (waiting, over) = (matter.since.backlog.waiting, matter.waiting_past_target);
    vec![
        Tile {
            value: say.share(all.within, all.of),
            label: say.word("tile_share"),
            remark: say.with("tile_share_of", context! { within => all.within, of => all.of }),
            tone,
        },
        Tile {
            value: say.duration_or_none(first.median_s),
            label: say.word("tile_median"),
            remark: first.p90_s.map_or_else(
                || say.word("tile_median_alone"),
                |s| say.with("tile_p90", context! { p90 => say.duration(s) }),
            ),
            tone: match (first.median_s, first.target_s) {
                (Some(median), Some(target)) if median > target => Tone::Bad,
                _ => Tone::Plain,
            },
        },
        Tile {
            value: waiting.to_string(),
            label: say.word("tile_waiting"),
            remark: if over == 0 { say.word("tile_none_over") } else { say.with("tile_over", context! { n => over }) },
            tone: if over == 0 { Tone::Plain } else { Tone::Bad },
        },
    ]
}

/// What has become of the shares that the reader was told before.
fn changed(matter: &Matter<'_>, say: &Say<'_>) -> Option<String> {
    const LATEST: usize = 7;
    let tallies = tally::by_day(&matter.stretch.clocks, matter.zone);
    let stretch = Days { from: matter.stretch.from, to: matter.stretch.to };
    let items: Vec<String> = matter
        .told
        .iter()
        .rev()
        .take(LATEST)
        .rev()
        .filter(|t| t.to < matter.this.from && stretch.holds(t.from))
        .filter_map(|t| {
            let days = Days { from: t.from, to: t.to };
            let (within, of) = tally::share(&tallies, days);
            let (was, now) = (per_cent(t.within, t.of), per_cent(within, of));
            let day = if matter.kind == Kind::Daily { say.day(t.from) } else { say.short(matter.kind, days) };
            let (was_said, now_said) = (say.share(t.within, t.of), say.share(within, of));
            (was != now).then(|| say.with("changed_one", context! { day, was => was_said, now => now_said }))
        })
        .collect();
    (!items.is_empty()).then(|| say.with("changed", context! { list => items.join(", ") }))
}

/// The pieces of a bar: `bands` with `miss` last; of that, `waiting` are not answered yet.
fn pieces(bands: &[BandCount], waiting: usize, say: &Say<'_>, with_limits: bool) -> Vec<Piece> {
    let count = bands.len();
    let mut pieces: Vec<Piece> = bands
        .iter()
        .enumerate()
        .map(|(n, band)| {
            let name = say.band(&band.name);
            let is_last = n + 1 == count;
            Piece {
                name: match band.up_to_s.filter(|_| with_limits) {
                    Some(s) => say.with("band_within", context! { band => name, until => say.duration(s) }),
                    None => name,
                },
                count: if is_last { band.count.saturating_sub(waiting) } else { band.count },
                colour: colour::band(n, count.saturating_sub(1)),
                shade: shade(n, count),
            }
        })
        .collect();
    if waiting > 0 {
        pieces.push(Piece {
            name: say.word("still_waiting"),
            count: waiting,
            colour: colour::MISS.to_owned(),
            shade: UNSETTLED,
        });
    }
    pieces
}

fn period_pieces(matter: &Matter<'_>, say: &Say<'_>) -> Vec<Piece> {
    let tallies = tally::by_day(&matter.this.clocks, matter.zone);
    let waiting = tallies.values().map(|d| d.waiting).sum();
    pieces(&tally::bands(matter.this), waiting, say, true)
}

/// The days whose bars stand below each other: those of the period, or the week up to a single day.
fn day_bars(
    matter: &Matter<'_>,
    say: &Say<'_>,
    tallies: &std::collections::BTreeMap<jiff::civil::Date, DayTally>,
) -> Option<Block> {
    let this = Days { from: matter.this.from, to: matter.this.to };
    let from = match matter.kind {
        Kind::Daily => this.from.saturating_sub(jiff::Span::new().days(6)),
        Kind::Weekly | Kind::Monthly => this.from,
    };
    let shown = Days { from, to: this.to };
    let rows: Vec<BarRow> = matter
        .stretch
        .by_day
        .iter()
        .filter(|d| shown.holds(d.date))
        .map(|d| {
            let tally = tallies.get(&d.date).copied().unwrap_or_default();
            BarRow {
                label: say.day(d.date),
                pieces: pieces(&d.bands, tally.waiting, say, false),
                value: say.share(tally.within, tally.of),
                strong: matter.kind == Kind::Daily && this.holds(d.date),
            }
        })
        .filter(|r| r.strong || r.pieces.iter().any(|p| p.count > 0))
        .collect();
    (!rows.is_empty()).then_some(Block::Bars(rows))
}

/// This period, the one before, and a year before, side by side.
fn figures(matter: &Matter<'_>, say: &Say<'_>) -> Table {
    let days = Days { from: matter.this.from, to: matter.this.to };
    let mut columns = vec![(say.short(matter.kind, days), matter.this)];
    if is_known(matter.before) || first_known(matter.stretch).is_some_and(|first| first <= matter.before.to) {
        let before = Days { from: matter.before.from, to: matter.before.to };
        columns.push((say.short(matter.kind, before), matter.before));
    }
    // A desk without a past is spared a column of dashes.
    if is_known(matter.year_before) {
        columns.push((say.word("year_before"), matter.year_before));
    }
    let mut rows = vec![Row::group(say.word("matters"))];
    let mut row = |label: String, cell: &dyn Fn(&Figures) -> String| {
        let cells = std::iter::once(label).chain(columns.iter().map(|(_, f)| cell(f))).collect();
        rows.push(Row::new(cells));
    };
    row(say.word("opened"), &|f| f.tickets.opened.to_string());
    row(say.word("answers"), &|f| answers(f).to_string());
    row(say.word("closed"), &|f| f.tickets.closed.to_string());
    row(say.word("reopened"), &|f| f.tickets.reopened.to_string());
    row(say.word("open_at_end"), &|f| f.tickets.open_at_end.to_string());
    row(say.word("solved_by_first"), &|f| f.solved_by_first_answer.to_string());
    row(say.word("messages_per_ticket"), &|f| say.number(f.customer_messages_per_ticket));
    let kinds: [(&str, fn(&Figures) -> &ClockFigures); 3] = [
        ("first_response", |f| &f.first_response),
        ("next_response", |f| &f.next_response),
        ("resolution", |f| &f.resolution),
    ];
    for (name, of) in kinds {
        let name = say.word(name);
        rows.push(Row::group(match of(matter.this).target_s {
            Some(s) => say.with("with_target", context! { name, target => say.duration(s) }),
            None => name,
        }));
        let mut row = |label: &str, cell: &dyn Fn(&ClockFigures) -> String| {
            let cells = std::iter::once(say.word(label)).chain(columns.iter().map(|(_, f)| cell(of(f)))).collect();
            rows.push(Row::new(cells));
        };
        row("within_target", &|c| say.share(c.within_target, c.stopped + c.past_target));
        row("median", &|c| say.duration_or_none(c.median_s));
        row("p90", &|c| say.duration_or_none(c.p90_s));
        row("past_target", &|c| c.past_target.to_string());
    }
    Table { heads: std::iter::once(String::new()).chain(columns.into_iter().map(|(head, _)| head)).collect(), rows }
}

fn answers(figures: &Figures) -> usize {
    figures.by_day.iter().map(|d| d.answers).sum()
}

fn is_known(figures: &Figures) -> bool {
    figures.tickets.opened + figures.tickets.closed + answers(figures) + figures.first_response.started > 0
}

/// What waits as the digest is made, and for how long.
fn waiting(matter: &Matter<'_>, say: &Say<'_>) -> Vec<Block> {
    let backlog = &matter.since.backlog;
    let line = match (backlog.oldest_waiting_since, backlog.oldest_waiting_s) {
        (Some(since), Some(s)) if backlog.waiting > 0 => say.with(
            "waiting_line",
            context! {
                n => backlog.waiting,
                duration => say.duration(s),
                from => say.moment(since, None),
                median => say.duration_or_none(backlog.median_waiting_s),
            },
        ),
        _ => say.word("waiting_none"),
    };
    let states = context! { open => backlog.open, waiting => backlog.pending, other => backlog.held };
    vec![Block::Line(line), Block::Small(say.with("states", states))]
}
