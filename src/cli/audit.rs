//! `audit`: how fast has a mailbox been answered so far? One screen, or JSON, or a page to send around.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::args::{Audit as Wanted, Global};
use crate::cli::error::CommandError;
use crate::cli::history::{Bar, Login, counted, history_error, left_out};
use crate::cli::print::{Out, Tone, broken, shortened, span, visible};
use crate::engine::clock::{self, Now};
use crate::history::Tally;
use crate::history::audit::{Audit, Wishes, audit as measure};
use crate::history::source::Source;
use crate::model::Time;
use crate::plan::Folder;
use crate::report;
use crate::sla::calendar::Calendar;
use crate::sla::figures::{ClockFigures, Figures};
use crate::sla::holidays::Country;
use crate::sla::hours::parse_week;

const HOURS: &str = "mon-fri 08:00-17:00";
const ZONE: &str = "Europe/Stockholm";
/// Rows of the slowest on the screen; JSON has ten.
const SLOWEST: usize = 5;

pub fn audit(global: &Global, out: &mut Out, wanted: &Wanted) -> Result<(), CommandError> {
    // What is wrong on the command line is said before a server is asked.
    wishes(wanted)?;
    let mut login = Login::new(wanted.password_file.as_deref(), wanted.ca_file.as_deref()).or_signed_in(global);
    let mut sources = Vec::new();
    for (texts, folder) in [(&wanted.sources, Folder::Inbox), (&wanted.sent, Folder::Sent)] {
        for text in texts {
            sources.push(login.any(text, folder)?);
        }
    }
    measured(global, out, wanted, sources)
}

/// The same of sources that are open already.
pub fn measured(global: &Global, out: &mut Out, wanted: &Wanted, sources: Vec<Source>) -> Result<(), CommandError> {
    let wishes = wishes(wanted)?;
    let now = global.now.map_or_else(clock::read, Now::given);
    let names: Vec<String> = sources.iter().map(Source::name).collect();
    let mut bar = Bar::new();
    let measured = measure(sources, &wishes, now, &mut |progress| bar.show(progress));
    bar.clear();
    let Some(audit) = measured.map_err(|e| history_error(&e))? else {
        let nothing = CommandError::failed(format!("there is no mail to measure in {}", names.join(", ")));
        return Err(nothing.hint("Mail before 1990 and mail from the future are left out."));
    };
    let remarks = remarks(&audit, wanted, &wishes);
    if let Some(path) = &wanted.html {
        let page = report::audit::page(&report::audit::Matter {
            figures: &audit.figures,
            addresses: &wishes.addresses,
            letters: audit.tally.letters,
            robots: audit.tally.robots,
            remarks: &remarks,
            zone: &wishes.zone,
            now: now.wall,
        });
        std::fs::write(path, page)
            .map_err(|e| CommandError::failed(format!("cannot write {}: {e}", path.display())))?;
    }
    if out.json {
        return Ok(out.json(&Json::new(&audit, wanted, &wishes))?);
    }
    let screen = Screen { figures: &audit.figures, zone: &wishes.zone, now: now.wall };
    screen.show(out, &audit, &wishes)?;
    for remark in &remarks {
        out.text("", remark)?;
    }
    if let Some(path) = &wanted.html {
        out.text("", &format!("Written: {}", path.display()))?;
    }
    Ok(())
}

fn wishes(wanted: &Wanted) -> Result<Wishes, CommandError> {
    let wrong = |option: &str, why: String| CommandError::usage(format!("{option}: {why}"));
    let zone_name = wanted.time_zone.clone().unwrap_or_else(|| ZONE.to_owned());
    let zone = TimeZone::get(&zone_name)
        .map_err(|_| wrong("--time-zone", format!("{zone_name} is no time zone; write a name as Europe/Stockholm")))?;
    let holidays = match &wanted.holidays {
        None => None,
        Some(code) => {
            let known: Vec<&str> = Country::ALL.iter().map(|c| c.code()).collect();
            let country = Country::parse(&code.to_ascii_uppercase());
            Some(country.ok_or_else(|| {
                wrong("--holidays", format!("the holidays of {code} are not known; write one of {}", known.join(", ")))
            })?)
        }
    };
    let hours = wanted.hours.as_deref().unwrap_or(HOURS);
    let week = parse_week(hours).map_err(|e| wrong("--hours", e.to_string()))?;
    if week.iter().all(Vec::is_empty) {
        return Err(wrong("--hours", format!("it is never open; write for example \"{HOURS}\"")));
    }
    let calendar =
        Calendar::new(zone.clone(), week, holidays, BTreeMap::new()).map_err(|e| wrong("--hours", e.to_string()))?;
    if let (Some(from), Some(to)) = (wanted.from, wanted.to)
        && from > to
    {
        return Err(CommandError::usage(format!("--from {from} is after --to {to}")));
    }
    let mut addresses = wanted.address.clone();
    addresses.dedup();
    Ok(Wishes { addresses, calendar, zone, zone_name, from: wanted.from, to: wanted.to })
}

/// What was measured by, what was left out, and what may have been forgotten; a sentence or two each.
fn remarks(audit: &Audit, wanted: &Wanted, wishes: &Wishes) -> Vec<String> {
    let mut remarks = left_out(&audit.tally);
    let listed = |list: &[(crate::model::Address, usize)]| {
        list.iter().map(|(a, n)| format!("{a} ({})", counted(*n))).collect::<Vec<_>>().join(", ")
    };
    if audit.tally.elsewhere > 0 {
        let to = if audit.elsewhere.is_empty() { String::new() } else { format!(": {}", listed(&audit.elsewhere)) };
        remarks.push(format!(
            "{} mails were neither from nor to {} and are left out{to}. If one of these is yours, add --address.",
            counted(audit.tally.elsewhere),
            joined(&wishes.addresses)
        ));
    }
    if !audit.colleagues.is_empty() {
        remarks.push(format!(
            "Taken for customers, at your own domain: {}. Whoever of them answers customers: add --address.",
            listed(&audit.colleagues)
        ));
    }
    if !audit.writers.is_empty() {
        remarks.push(format!("Answers in sent mail are also by {}.", joined(&audit.writers)));
    }
    let holidays =
        wanted.holidays.as_ref().map_or("no holidays".to_owned(), |h| format!("holidays of {}", h.to_uppercase()));
    let how = format!(
        "Measured in opening hours: {}, {}, {holidays}.",
        wanted.hours.as_deref().unwrap_or(HOURS),
        wishes.zone_name
    );
    let assumed = [
        (wanted.hours.is_none(), "--hours"),
        (wanted.time_zone.is_none(), "--time-zone"),
        (wanted.holidays.is_none(), "--holidays"),
    ];
    let assumed: Vec<&str> = assumed.iter().filter(|(is, _)| *is).map(|(_, option)| *option).collect();
    remarks.push(if assumed.is_empty() {
        how
    } else {
        format!("{how} Assumed, unless you say: {}.", assumed.join(", "))
    });
    remarks
}

fn joined(addresses: &[crate::model::Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The figures as `svar stats --json` has them, and beside them what only an audit has.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    figures: &'a Figures,
    audit: About<'a>,
}

#[derive(Serialize)]
struct About<'a> {
    addresses: &'a [crate::model::Address],
    hours: &'a str,
    time_zone: &'a str,
    holidays: Option<&'a str>,
    #[serde(flatten)]
    tally: &'a Tally,
    writers: &'a [crate::model::Address],
}

impl<'a> Json<'a> {
    fn new(audit: &'a Audit, wanted: &'a Wanted, wishes: &'a Wishes) -> Self {
        let about = About {
            addresses: &wishes.addresses,
            hours: wanted.hours.as_deref().unwrap_or(HOURS),
            time_zone: &wishes.zone_name,
            holidays: wanted.holidays.as_deref(),
            tally: &audit.tally,
            writers: &audit.writers,
        };
        Self { figures: &audit.figures, audit: about }
    }
}

struct Screen<'a> {
    figures: &'a Figures,
    zone: &'a TimeZone,
    now: Time,
}

impl Screen<'_> {
    fn show(&self, out: &mut Out, audit: &Audit, wishes: &Wishes) -> std::io::Result<()> {
        let f = self.figures;
        let title = format!("{}: {} to {}", joined(&wishes.addresses), f.from, f.to);
        for line in broken(&title, out.width) {
            out.toned(Tone::Strong, line)?;
        }
        let answers: usize = f.by_weekday.iter().map(|d| d.answers).sum();
        let messages: usize = f.by_weekday.iter().map(|d| d.customer_messages).sum();
        out.text(
            "",
            &format!(
                "{} mails: {} of customers on {} matters, {} answers, {} of robots and lists.",
                counted(audit.tally.letters),
                counted(messages),
                counted(f.tickets.opened),
                counted(answers),
                counted(audit.tally.robots)
            ),
        )?;
        self.responses(out, "First answer", &f.first_response)?;
        self.responses(out, "Later answers", &f.next_response)?;
        self.weekdays(out)?;
        self.hours(out)?;
        self.waiting(out)?;
        self.slowest(out)?;
        out.line("")
    }

    fn responses(&self, out: &mut Out, what: &str, clock: &ClockFigures) -> std::io::Result<()> {
        out.line("")?;
        let all: usize = clock.bands.iter().map(|b| b.count).sum();
        if all == 0 {
            return out.toned(Tone::Strong, format!("{what}: none"));
        }
        let mut shares = Vec::new();
        let mut so_far = 0;
        for band in &clock.bands {
            so_far += band.count;
            if let Some(up_to_s) = band.up_to_s {
                shares.push(format!("{} within {}", per_cent(so_far, all), short(up_to_s)));
            }
        }
        out.toned(Tone::Strong, format!("{what}: {}", shares.join(", ")))?;
        let half = clock.median_s.map(|s| format!("half within {}", span(s)));
        let most = clock.p90_s.map(|s| format!("nine of ten within {}", span(s)));
        let wait = (clock.running > 0).then(|| format!("{} not yet answered", counted(clock.running)));
        let facts: Vec<String> = [half, most, wait].into_iter().flatten().collect();
        out.text("  ", &facts.join("; "))?;
        let width = out.width.saturating_sub(42).max(10);
        let last = clock.bands.len().saturating_sub(1);
        for (n, band) in clock.bands.iter().enumerate() {
            let tone = match n {
                0 => Tone::Good,
                n if n == last => Tone::Bad,
                _ => Tone::Fair,
            };
            let limit = band.up_to_s.map_or("longer".to_owned(), |s| format!("to {}", short(s)));
            let name = shortened(&band.name, 10);
            let (count, share) = (counted(band.count), per_cent(band.count, all));
            let bar = bar(band.count, all, width);
            out.toned(tone, format!("  {name:<10} {limit:<9} {bar:<width$} {share:>5} {count:>9}"))?;
        }
        Ok(())
    }

    fn weekdays(&self, out: &mut Out) -> std::io::Result<()> {
        const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        out.line("")?;
        let row = |name: &str, cell: &dyn Fn(usize) -> String| {
            let cells: String = (0..7).map(|n| format!("{:>9}", cell(n))).collect();
            format!("{name:<9}{cells}")
        };
        let day = |n: usize| self.figures.by_weekday.get(n).copied().unwrap_or_default();
        out.toned(Tone::Strong, row("", &|n| NAMES[n].to_owned()))?;
        out.line(row("mails", &|n| counted(day(n).customer_messages)))?;
        out.line(row("answers", &|n| counted(day(n).answers)))?;
        out.line(row("half in", &|n| day(n).median_first_response_s.map_or("-".to_owned(), span)))
    }

    fn hours(&self, out: &mut Out) -> std::io::Result<()> {
        out.line("")?;
        let clock: String = (0..24).step_by(3).map(|h| format!("{h:<9}")).collect();
        out.toned(Tone::Strong, format!("{:<9}{}", "hour", clock.trim_end()))?;
        let hour = |n: i64| self.figures.by_hour.iter().find(|h| h.hour == n).copied().unwrap_or_default();
        let columns = |count: &dyn Fn(i64) -> usize| {
            let most = (0..24).map(count).max().unwrap_or(0);
            (0..24).map(|h| format!("{} ", [column(count(h), most); 2].iter().collect::<String>())).collect::<String>()
        };
        out.line(format!("{:<9}{}", "mails", columns(&|h| hour(h).customer_messages).trim_end()))?;
        out.line(format!("{:<9}{}", "answers", columns(&|h| hour(h).answers).trim_end()))
    }

    fn waiting(&self, out: &mut Out) -> std::io::Result<()> {
        out.line("")?;
        let waits = || report::audit::unanswered(&self.figures.clocks);
        let (oldest, count) = (waits().map(|c| c.started_at).min(), waits().count());
        match oldest {
            None => out.toned(Tone::Good, "Not answered: none"),
            Some(oldest) => {
                let day = oldest.timestamp().to_zoned(self.zone.clone()).date();
                let waits = span(self.now.since(oldest).max(0));
                let text = format!("Not answered: {} (the oldest of {day}, {waits} ago)", counted(count));
                out.toned(Tone::Bad, text)
            }
        }
    }

    fn slowest(&self, out: &mut Out) -> std::io::Result<()> {
        let rows = report::audit::slowest(&self.figures.clocks, SLOWEST);
        if rows.is_empty() {
            return Ok(());
        }
        out.toned(Tone::Strong, "The slowest answers, in opening hours")?;
        for row in rows {
            let day = row.started_at.timestamp().to_zoned(self.zone.clone()).date();
            let subject = shortened(&visible(&row.subject), out.width.saturating_sub(28));
            out.line(format!("{:>10}  {day}  {subject}", span(row.elapsed_s)))?;
        }
        Ok(())
    }
}

/// `1 h`, `45 min`.
fn short(seconds: i64) -> String {
    if seconds % Time::HOUR == 0 { format!("{} h", seconds / Time::HOUR) } else { span(seconds) }
}

/// A share as people read it; what is there is never nothing, and what is missing never all.
fn per_cent(part: usize, all: usize) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    let share = (part * 200 + all) / (all * 2);
    match share {
        0 if part > 0 => "<1 %".to_owned(),
        100 if part < all => ">99 %".to_owned(),
        share => format!("{share} %"),
    }
}

/// A bar of `width` columns for all, in eighths of a column.
fn bar(part: usize, all: usize, width: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (part * width * 8).checked_div(all).map_or(0, |n| n.max(usize::from(part > 0)));
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    bar
}

/// A column of a small chart.
fn column(part: usize, most: usize) -> char {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    if part == 0 { ' ' } else { STEPS[((part * 8).div_ceil(most.max(1))).clamp(1, 8) - 1] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_bars() {
        let check = |part: usize, all: usize, share: &str, drawn: &str| {
            assert_eq!((per_cent(part, all).as_str(), bar(part, all, 10).as_str()), (share, drawn), "{part} of {all}");
        };
        check(0, 0, "-", "");
        check(0, 7, "0 %", "");
        check(1, 1000, "<1 %", "▏");
        check(1, 2, "50 %", "█████");
        check(1, 3, "33 %", "███▎");
        check(999, 1000, ">99 %", "█████████▉");
        check(5, 5, "100 %", "██████████");
        let columns: String = [0, 1, 50, 99, 100].iter().map(|n| column(*n, 100)).collect();
        assert_eq!(columns, " ▁▄██");
    }
}
