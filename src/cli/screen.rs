//! The figures of a period on one screen of 80 columns, for people. Says nothing that [`Figures`] does not hold.

use std::io;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::print::{Out, Table, Tone, shortened, span, when};
use crate::model::Time;
use crate::sla::figures::{AgentRow, ClockFigures, Figures, SlowRow, Why};

/// Up to so many days stand in rows of their own; of longer periods the weekdays are shown.
const DAYS: usize = 14;
/// So many tags, the most frequent ones.
const TAGS: usize = 6;
/// Columns of a full bar.
const BAR: usize = 36;
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes the figures; `name` is whose they are.
pub fn screen(out: &mut Out, name: &str, figures: &Figures, zone: &TimeZone) -> io::Result<()> {
    let view = View { figures, zone };
    view.head(out, name)?;
    view.clock(out, "first response", &figures.first_response)?;
    view.clock(out, "next response", &figures.next_response)?;
    view.clock(out, "resolution", &figures.resolution)?;
    view.hours(out)?;
    view.days(out)?;
    view.people(out)?;
    view.slowest(out)
}

struct View<'a> {
    figures: &'a Figures,
    zone: &'a TimeZone,
}

impl View<'_> {
    fn when(&self, at: Time) -> String {
        when(at, self.figures.as_at, self.zone)
    }

    fn head(&self, out: &mut Out, name: &str) -> io::Result<()> {
        let f = self.figures;
        let days = if f.from == f.to { day(f.from) } else { format!("{} to {}", day(f.from), day(f.to)) };
        let whose = f.mailbox.as_ref().map_or_else(|| name.to_owned(), |m| format!("{name}, {m}"));
        let as_at = f.as_at.timestamp().to_zoned(self.zone.clone()).strftime("%-d %b %Y %H:%M").to_string();
        out.toned(Tone::Strong, shortened(&format!("{whose}: {days}"), out.width))?;
        out.toned(Tone::Faint, format!("as at {as_at}; times are open time"))?;
        out.line("")?;
        let t = &f.tickets;
        out.line(format!(
            "Tickets: {} opened, {} closed, {} reopened; {} open at the end",
            t.opened, t.closed, t.reopened, t.open_at_end
        ))?;
        let b = &f.backlog;
        if let (1.., Some(oldest_s)) = (b.waiting, b.oldest_waiting_s) {
            let since = b.oldest_waiting_since.map_or_else(String::new, |t| format!(", since {}", self.when(t)));
            let noun = if b.waiting == 1 { "customer waits" } else { "customers wait" };
            let text = format!("{} {noun} for an answer, the longest {}{since}", b.waiting, span(oldest_s));
            out.toned(
                if oldest_s > f.first_response.target_s.unwrap_or(i64::MAX) { Tone::Bad } else { Tone::Plain },
                text,
            )?;
        }
        let mut facts = vec![format!("{} solved by the first answer", f.solved_by_first_answer)];
        facts.extend(f.customer_messages_per_ticket.map(|n| format!("{n:.1} customer messages a ticket")));
        match f.silent_hours.len() {
            0 => {}
            1 => facts.push("1 open hour in which mail waited and nobody answered".to_owned()),
            n => facts.push(format!("{n} open hours in which mail waited and nobody answered")),
        }
        out.text("", &facts.join("; "))
    }

    fn clock(&self, out: &mut Out, title: &str, clock: &ClockFigures) -> io::Result<()> {
        if clock.started == 0 {
            return Ok(());
        }
        out.line("")?;
        let mut facts = vec![format!("{} started", clock.started), format!("{} stopped", clock.stopped)];
        if clock.running > 0 {
            let late =
                if clock.past_target > 0 { format!(", {} past the target", clock.past_target) } else { String::new() };
            facts.push(format!("{} running{late}", clock.running));
        }
        if clock.cancelled > 0 {
            facts.push(format!("{} cancelled", clock.cancelled));
        }
        out.toned(Tone::Strong, format!("{title:<15} {}", facts.join(", ")))?;
        let total: usize = clock.bands.iter().map(|b| b.count).sum();
        for band in &clock.bands {
            let tone = match (band.up_to_s, band.name.as_str()) {
                (_, "miss") if band.count > 0 => Tone::Bad,
                (_, "excellent") => Tone::Good,
                _ => Tone::Plain,
            };
            let label = match band.up_to_s {
                Some(limit_s) => format!("{} ({})", band.name, span(limit_s)),
                None => band.name.clone(),
            };
            let label = shortened(&label, 18);
            out.toned(
                tone,
                format!(
                    "  {label:<18} {:<BAR$} {:>4} {:>6}",
                    bar(band.count, total),
                    percent(band.count, total),
                    band.count
                ),
            )?;
        }
        let mut facts = Vec::new();
        facts.extend(clock.median_s.map(|s| format!("median {}", span(s))));
        facts.extend(clock.p90_s.map(|s| format!("nine in ten within {}", span(s))));
        facts.extend(clock.mean_s.map(|s| format!("mean {}", span(s))));
        let of = clock.stopped + clock.past_target;
        if of > 0 {
            let target = clock.target_s.map_or_else(|| "target".to_owned(), |s| format!("target {}", span(s)));
            facts.push(format!("{target} kept in {}", percent(clock.within_target, of)));
        }
        out.text("  ", &facts.join("; "))
    }

    /// A row of heights for each hour of the day, customers above, answers below.
    fn hours(&self, out: &mut Out) -> io::Result<()> {
        let rows = &self.figures.by_hour;
        let most = rows.iter().map(|r| r.customer_messages.max(r.answers)).max().unwrap_or(0);
        if most == 0 {
            return Ok(());
        }
        out.line("")?;
        let line = |count: &dyn Fn(usize) -> usize| -> String {
            (0..rows.len()).flat_map(|hour| std::iter::repeat_n(height(count(hour), most), 2)).collect()
        };
        out.line(format!("{:<17}{}  peak {most}", "customers' mails", line(&|h| rows[h].customer_messages)))?;
        out.line(format!("{:<17}{}", "answers", line(&|h| rows[h].answers)))?;
        let open: String = rows.iter().map(|r| if r.open_s > 0 { "──" } else { "  " }).collect();
        out.toned(Tone::Faint, format!("{:<17}{open}", "open"))?;
        let clock: String = (0..24).step_by(3).map(|hour| format!("{hour:<6}")).collect();
        out.toned(Tone::Faint, format!("{:<17}{}", "", clock.trim_end()))
    }

    fn days(&self, out: &mut Out) -> io::Result<()> {
        let f = self.figures;
        let median = |s: Option<i64>| s.map_or_else(|| "-".to_owned(), span);
        if f.by_day.len() < 2 {
            return Ok(());
        }
        out.line("")?;
        if f.by_day.len() <= DAYS {
            let mut table = Table::new(&["day", "opened", "closed", "answers", "first response, median", "at opening"]);
            for row in &f.by_day {
                let waiting = row.waiting_at_opening.map_or_else(|| "-".to_owned(), |n| format!("{n} waiting"));
                let counts = [row.opened, row.closed, row.answers].map(|n| n.to_string());
                let tone = if row.opened + row.closed + row.answers == 0 { Tone::Faint } else { Tone::Plain };
                let [opened, closed, answers] = counts;
                table.row(
                    tone,
                    vec![day(row.date), opened, closed, answers, median(row.median_first_response_s), waiting],
                );
            }
            return out.table(&table);
        }
        const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let mut table = Table::new(&["weekday", "opened", "customers' mails", "answers", "first response, median"]);
        for (row, name) in f.by_weekday.iter().zip(NAMES) {
            let [opened, mails, answers] = [row.opened, row.customer_messages, row.answers].map(|n| n.to_string());
            table.row(Tone::Plain, vec![name.to_owned(), opened, mails, answers, median(row.median_first_response_s)]);
        }
        out.table(&table)
    }

    fn people(&self, out: &mut Out) -> io::Result<()> {
        let f = self.figures;
        if !f.by_agent.is_empty() {
            out.line("")?;
            let who = |row: &AgentRow| row.agent.as_ref().map_or("found in Sent", |a| a.local()).to_owned();
            let rows: Vec<String> = f.by_agent.iter().map(|row| format!("{} {}", who(row), row.answers)).collect();
            out.text("", &format!("Answers: {}", rows.join(", ")))?;
        }
        let mut tags: Vec<_> = f.by_tag.iter().filter(|row| row.opened > 0).collect();
        tags.sort_by_key(|row| std::cmp::Reverse(row.opened));
        if !tags.is_empty() {
            let rows: Vec<String> = tags.iter().take(TAGS).map(|row| format!("{} {}", row.tag, row.opened)).collect();
            out.text("", &format!("Tags: {}", rows.join(", ")))?;
        }
        for row in &f.mystery {
            let median = row
                .first_response
                .median_s
                .map_or_else(|| "nothing answered".to_owned(), |s| format!("median {}", span(s)));
            out.text("", &format!("Test customers, {}: {} opened, {median}", row.mailbox, row.opened))?;
        }
        Ok(())
    }

    fn slowest(&self, out: &mut Out) -> io::Result<()> {
        if self.figures.slowest.is_empty() {
            return Ok(());
        }
        out.line("")?;
        let mut table = Table::new(&["slowest", "waited", "~subject", "~why"]);
        for slow in &self.figures.slowest {
            let row = &slow.clock;
            let still = if row.stopped_at.is_none() { " so far" } else { "" };
            let tone = if row.elapsed_s > row.target_s { Tone::Bad } else { Tone::Plain };
            let cells = vec![
                format!("#{}", row.ticket),
                format!("{}{still}", span(row.elapsed_s)),
                row.subject.clone(),
                self.why(slow),
            ];
            table.row(tone, cells);
        }
        out.table(&table)
    }

    fn why(&self, slow: &SlowRow) -> String {
        let one = |why: &Why| match why {
            Why::Unread { from, to } => format!("mailbox not read {}", self.span(*from, *to)),
            Why::Bounced { at } => format!("a mail came back {}", self.when(*at)),
            Why::Held { from, to } => format!("held {}", self.span(*from, *to)),
            Why::Assigned { agent, from, to } => format!("with {} {}", agent.local(), self.span(*from, Some(*to))),
            Why::NobodyTookIt { from, to } => format!("nobody took it {}", self.span(*from, Some(*to))),
            Why::WaitedForOpening { until } => format!("waited for opening {}", self.when(*until)),
        };
        slow.why.first().map_or_else(|| "-".to_owned(), one)
    }

    fn span(&self, from: Time, to: Option<Time>) -> String {
        format!("{}–{}", self.when(from), to.map_or_else(String::new, |t| when(t, from, self.zone)))
    }
}

fn day(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

/// `part` of `whole` as a bar of at most [`BAR`] columns.
fn bar(part: usize, whole: usize) -> String {
    let eighths = if whole == 0 { 0 } else { (part * BAR * 8).div_ceil(whole) };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn height(count: usize, most: usize) -> char {
    HEIGHTS[(count * 8).div_ceil(most.max(1)).min(8)]
}

/// Rounded down: what is not all is not 100 %.
fn percent(part: usize, whole: usize) -> String {
    (part * 100).checked_div(whole).map_or_else(|| "-".to_owned(), |n| format!("{n} %"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_shares() {
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(1, 1).chars().count(), BAR);
        assert_eq!(bar(1, 1000), "▏");
        assert_eq!((height(0, 9), height(1, 100), height(9, 9)), (' ', '▁', '█'));
        assert_eq!((percent(999, 1000), percent(0, 0), percent(1, 3)), ("99 %".into(), "-".into(), "33 %".into()));
    }
}
