//! The page of `svar audit`: what one mailbox's answers were like, on one self-contained page that can be sent around.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::{Address, Time, one_line};
use crate::report::chart::{self, DayStack, HourBars, HourWords};
use crate::report::colour;
use crate::report::html::{Pictures, html};
use crate::report::page::{Block, Item, Page, Picture, Piece, Row, Table, Tile, Tone, shade};
use crate::report::say::{Say, per_cent};
use crate::report::tally::responses;
use crate::sla::clock::{ClockKind, ClockState, MISS};
use crate::sla::figures::{ClockFigures, ClockRow, Figures};

/// From such a share on a mailbox is good, and from such a share on it is not bad.
const GOOD_PER_CENT: usize = 80;
const FAIR_PER_CENT: usize = 60;
/// A chart of columns holds so many; a longer history is shown by month, then by year.
const COLUMNS: usize = 31;
const SLOWEST: usize = 10;

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    pub figures: &'a Figures,
    pub addresses: &'a [Address],
    /// Mails that were found.
    pub letters: usize,
    /// Of these, robots' and lists'.
    pub robots: usize,
    /// How it was measured, and what was left out.
    pub remarks: &'a [String],
    pub zone: &'a TimeZone,
    pub now: Time,
}

/// The page.
#[must_use]
pub fn page(matter: &Matter<'_>) -> String {
    let say = Say::new("en", matter.zone, matter.now);
    let f = matter.figures;
    let name = matter.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut blocks = vec![
        Block::Title {
            name: name.clone(),
            period: format!("{} to {}", f.from, f.to),
            as_at: format!("{} mails, {} of robots and lists", matter.letters, matter.robots),
        },
        Block::Tiles(tiles(f, &say)),
        Block::Sentences(sentences(matter, &say)),
    ];
    for (head, clock) in [("First answers", &f.first_response), ("Later answers", &f.next_response)] {
        let pieces = pieces(clock);
        if pieces.iter().any(|p| p.count > 0) {
            blocks.push(Block::Heading(head.to_owned()));
            blocks.push(Block::Bar(pieces));
            blocks.push(Block::Line(spread(clock, &say)));
        }
    }
    let stacks = stacks(f, matter.zone);
    if stacks.len() > 1 {
        blocks.push(Block::Heading("Over time".to_owned()));
        let names: Vec<String> = f.first_response.bands.iter().map(|b| band_name(b.name.as_str())).collect();
        let alt = "Responses by band over time".to_owned();
        blocks.push(Block::Picture(Picture { name: "days", alt, png: chart::days(&stacks, &names, "not answered") }));
    }
    blocks.push(Block::Heading("When mail comes, and when it is answered".to_owned()));
    let words = HourWords { came: "mail that came".into(), answers: "answers".into(), open: "open".into() };
    let bars: Vec<HourBars> = f
        .by_hour
        .iter()
        .map(|h| HourBars {
            hour: i8::try_from(h.hour).unwrap_or(0),
            came: count(h.customer_messages),
            answers: count(h.answers),
            open_permille: (h.open_s * 1000 / (count(f.by_day.len()).max(1) * Time::HOUR)).min(1000),
        })
        .collect();
    let alt = "Customers' mail and answers by hour of the day".to_owned();
    blocks.push(Block::Picture(Picture { name: "hours", alt, png: chart::hours(&bars, &words) }));
    blocks.push(Block::Table(weekdays(f, &say)));
    if f.by_agent.len() > 1 {
        blocks.push(Block::Heading("Who answered".to_owned()));
        blocks.push(Block::Table(people(f, &name, &say)));
    }
    let slowest = slowest(&f.clocks, SLOWEST);
    if !slowest.is_empty() {
        blocks.push(Block::Heading("The slowest answers".to_owned()));
        blocks.push(Block::List(slowest.into_iter().map(|clock| slow(clock, &say)).collect()));
    }
    blocks.extend(matter.remarks.iter().map(|r| Block::Small(one_line(r))));
    html(&Page { language: "en".to_owned(), title: format!("How {name} is answered"), blocks }, Pictures::Within)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Responses that nobody has given yet.
pub fn unanswered(clocks: &[ClockRow]) -> impl Iterator<Item = &ClockRow> {
    let waits =
        |c: &&ClockRow| c.clock != ClockKind::Resolution && c.stopped_at.is_none() && c.state != ClockState::Cancelled;
    clocks.iter().filter(waits)
}

fn tiles(f: &Figures, say: &Say<'_>) -> Vec<Tile> {
    let first = &f.first_response;
    let all: usize = first.bands.iter().map(|b| b.count).sum();
    let mut so_far = 0;
    let mut tiles = Vec::new();
    for band in first.bands.iter().filter(|b| b.name != MISS) {
        so_far += band.count;
        let Some(up_to_s) = band.up_to_s else { continue };
        tiles.push(Tile {
            value: say.share(so_far, all),
            label: format!("within {}", say.duration(up_to_s)),
            remark: format!("{so_far} of {all} first answers"),
            tone: match per_cent(so_far, all) {
                None => Tone::Plain,
                Some(n) if n >= GOOD_PER_CENT => Tone::Good,
                Some(n) if n >= FAIR_PER_CENT => Tone::Fair,
                Some(_) => Tone::Bad,
            },
        });
    }
    tiles.truncate(2);
    let waiting = unanswered(&f.clocks).count();
    tiles.push(Tile {
        value: waiting.to_string(),
        label: "not answered".to_owned(),
        remark: String::new(),
        tone: if waiting > 0 { Tone::Bad } else { Tone::Good },
    });
    tiles
}

fn sentences(matter: &Matter<'_>, say: &Say<'_>) -> Vec<String> {
    let f = matter.figures;
    let messages: usize = f.by_weekday.iter().map(|d| d.customer_messages).sum();
    let answers: usize = f.by_weekday.iter().map(|d| d.answers).sum();
    let all = responses(f);
    let mut said = vec![format!("{messages} mails of customers on {} matters, {answers} answers.", f.tickets.opened)];
    if let Some(median) = f.first_response.median_s {
        said.push(format!("Half of the first answers came within {} of opening time.", say.duration(median)));
    }
    if all.past_target > 0
        && let Some(oldest) = unanswered(&f.clocks).map(|c| c.started_at).min()
    {
        let day = say.day(say.date_of(oldest));
        said.push(format!(
            "{} wait past their time, the oldest since {day} {}.",
            all.past_target,
            say.date_of(oldest).year()
        ));
    }
    said
}

fn band_name(name: &str) -> String {
    if name == MISS { "no service".to_owned() } else { name.to_owned() }
}

fn pieces(clock: &ClockFigures) -> Vec<Piece> {
    let bands = clock.bands.len();
    let piece = |(n, band): (usize, &crate::sla::figures::BandCount)| Piece {
        name: band_name(&band.name),
        count: band.count,
        colour: colour::band(n, bands.saturating_sub(1)),
        shade: shade(n, bands),
    };
    clock.bands.iter().enumerate().map(piece).collect()
}

fn spread(clock: &ClockFigures, say: &Say<'_>) -> String {
    let half = format!("Half within {}", say.duration_or_none(clock.median_s));
    let most = format!("nine of ten within {}", say.duration_or_none(clock.p90_s));
    let wait = if clock.running > 0 { format!("; {} not answered yet", clock.running) } else { String::new() };
    format!("{half}, {most}{wait}.")
}

/// The responses by the day, month or year in which they started, whichever fits.
fn stacks(f: &Figures, zone: &TimeZone) -> Vec<DayStack> {
    let bands: Vec<&str> = f.first_response.bands.iter().map(|b| b.name.as_str()).collect();
    let days = f.by_day.len();
    let name = |day: Date| match days {
        0..=COLUMNS => format!("{}", day.day()),
        32..=800 => day.strftime("%b").to_string(),
        _ => day.year().to_string(),
    };
    let key = |day: Date| match days {
        0..=COLUMNS => (day.year(), day.month(), day.day()),
        32..=800 => (day.year(), day.month(), 1),
        _ => (day.year(), 1, 1),
    };
    let mut stacks: BTreeMap<(i16, i8, i8), DayStack> = BTreeMap::new();
    for day in &f.by_day {
        stacks.entry(key(day.date)).or_insert_with(|| DayStack {
            label: name(day.date),
            under: String::new(),
            counts: vec![0; bands.len()],
            waiting: 0,
            of_period: false,
        });
    }
    for clock in f.clocks.iter().filter(|c| c.clock != ClockKind::Resolution) {
        let day = clock.started_at.timestamp().to_zoned(zone.clone()).date();
        let Some(stack) = stacks.get_mut(&key(day)) else { continue };
        let Some(band) = &clock.band else { continue };
        if clock.stopped_at.is_none() {
            stack.waiting += 1;
        } else if let Some(at) = bands.iter().position(|b| b == band) {
            stack.counts[at] += 1;
        }
    }
    stacks.into_values().collect()
}

fn weekdays(f: &Figures, say: &Say<'_>) -> Table {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let rows = f.by_weekday.iter().zip(NAMES).map(|(d, name)| {
        let half = say.duration_or_none(d.median_first_response_s);
        Row::new(vec![name.to_owned(), d.customer_messages.to_string(), d.answers.to_string(), half])
    });
    let heads = ["", "mails", "answers", "half within"];
    Table { heads: heads.map(str::to_owned).to_vec(), rows: rows.collect() }
}

fn people(f: &Figures, name: &str, say: &Say<'_>) -> Table {
    let rows = f.by_agent.iter().map(|a| {
        let who =
            a.agent.as_ref().map_or_else(|| name.split(',').next().unwrap_or(name).to_owned(), ToString::to_string);
        Row::new(vec![who, a.answers.to_string(), say.duration_or_none(a.median_s)])
    });
    Table { heads: ["", "answers", "half within"].map(str::to_owned).to_vec(), rows: rows.collect() }
}

fn slow(clock: &ClockRow, say: &Say<'_>) -> Item {
    let day = say.date_of(clock.started_at);
    let took = say.duration(clock.elapsed_s);
    let line = format!("Came {} {}; answered after {took} of opening time.", say.day(day), day.year());
    Item { head: one_line(&clock.subject), lines: vec![line] }
}

/// The slowest of the answers that were given, the slowest first; what is not answered at all is counted elsewhere.
#[must_use]
pub fn slowest(clocks: &[ClockRow], most: usize) -> Vec<&ClockRow> {
    let mut given: Vec<&ClockRow> =
        clocks.iter().filter(|c| c.clock != ClockKind::Resolution && c.stopped_at.is_some()).collect();
    given.sort_by_key(|c| (std::cmp::Reverse(c.elapsed_s), c.ticket, c.started_at));
    given.truncate(most);
    given
}
