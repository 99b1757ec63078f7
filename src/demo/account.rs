//! What came of the week, in words and figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::cast::{AWAY, CUSTOMERS, MISTYPED, ROBOT, SHOP_NAME};
use super::play::{Play, PlayError};
use super::world::{FLOOD, World};
use crate::config::settings::Settings;
use crate::engine::clocks;
use crate::model::{Address, Direction, ParcelKind, State};
use crate::sla::clock::{Clock, ClockKind};
use crate::store::Query;
use crate::store::view::{QuarantineRow, TicketRow, TicketShow};

/// The account of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Ready for a terminal of 80 columns.
    pub text: String,
    /// Figures, for tests.
    pub tickets: usize,
    pub answered: usize,
    pub still_open: usize,
}

/// A ticket with its clocks.
struct Told {
    show: TicketShow,
    clocks: Vec<Clock>,
}

impl Told {
    fn row(&self) -> &TicketRow {
        &self.show.ticket
    }

    fn is_of(&self, address: &str) -> bool {
        self.row().customer.as_ref().is_some_and(|c| c.address.as_str() == address)
    }

    fn events(&self, what: &str) -> usize {
        self.show.events.iter().filter(|e| e.what == what).count()
    }

    fn answers(&self) -> usize {
        self.show.messages.iter().filter(|m| m.direction == Direction::Out).count()
    }
}

impl Account {
    pub(super) fn of(
        desk: &mut Play,
        settings: &Settings,
        world: &World,
        mails_out: usize,
        dir: &Path,
    ) -> Result<Self, PlayError> {
        let now = world.ends();
        let all = Query::parse("number:1..1000000").map_err(|e| PlayError::Configuration(e.to_string()))?;
        let told = desk.engine().store().read(|tx| {
            let mut told = Vec::new();
            for row in tx.tickets(&all, now)? {
                let Some(show) = tx.show(row.number, now)? else { continue };
                let clocks = clocks::of(&clocks::steps(tx, row.number)?, settings, &row.mailbox, row.priority, now);
                told.push(Told { show, clocks });
            }
            Ok(told)
        })?;
        let aside = desk.engine().store().read(|tx| tx.quarantine())?;
        let waiting = desk.engine().store().read(|tx| tx.outbox())?;
        let waiting = waiting.iter().filter(|p| !matches!(p.kind, ParcelKind::Answer | ParcelKind::Bulk)).count();

        let still_open = told.iter().filter(|t| t.row().state == State::Open).count();
        let answered = told.iter().filter(|t| t.answers() > 0).count();
        let mut text = String::new();
        let _ = writeln!(text, "A week in December at {SHOP_NAME}, 7 to 13 December 2026, played through svar\n");
        came(&mut text, world, mails_out);
        tickets(&mut text, &told, settings);
        bands(&mut text, &told);
        flood(&mut text, &told);
        odd_ones(&mut text, &told, world, &aside, waiting);
        examples(&mut text, &told);
        places(&mut text, dir, &told);
        Ok(Self { text, tickets: told.len(), answered, still_open })
    }
}

fn line(text: &mut String, label: &str, what: &str) {
    for (i, piece) in wrapped(what, 80 - 16).into_iter().enumerate() {
        let _ = writeln!(text, "{:<16}{piece}", if i == 0 { label } else { "" });
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

fn came(text: &mut String, world: &World, mails_out: usize) {
    let came = &world.came;
    let what = format!(
        "{} mails: {} from customers, {} that only thank, {} replies of agents, {} from a robot, {} out-of-office, \
         {} bounce, {} newsletters, {} forged",
        came.all(),
        came.customers,
        came.thanks,
        came.agents,
        came.robot,
        came.away,
        came.bounces,
        came.newsletters,
        came.forged,
    );
    line(text, "Came in", &what);
    line(text, "Went out", &format!("{mails_out} mails: answers, acknowledgements, and notifications to agents"));
}

fn tickets(text: &mut String, told: &[Told], settings: &Settings) {
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for t in told {
        *states.entry(t.row().state).or_default() += 1;
    }
    let states: Vec<String> = states.iter().map(|(state, n)| format!("{n} {state}")).collect();
    line(text, "Tickets", &format!("{}: {}", told.len(), states.join(", ")));
    let by = |agent: &Address| {
        let wrote = |m: &&crate::store::view::MessageRow| {
            m.direction == Direction::Out
                && m.from.as_ref().is_some_and(|f| f.name.starts_with(first_name(agent, settings)))
        };
        told.iter().flat_map(|t| &t.show.messages).filter(wrote).count()
    };
    let names: Vec<String> =
        settings.agents.iter().map(|a| format!("{} {}", a.first_name(), by(a.address()))).collect();
    let all: usize = told.iter().map(Told::answers).sum();
    line(text, "Answers", &format!("{all}: {}", names.join(", ")));
}

fn first_name<'a>(agent: &Address, settings: &'a Settings) -> &'a str {
    settings.agent_of(agent).map_or("", |a| a.first_name())
}

/// How fast the first answers were, in opening hours.
fn bands(text: &mut String, told: &[Told]) {
    let firsts: Vec<&Clock> =
        told.iter().flat_map(|t| &t.clocks).filter(|c| c.kind == ClockKind::FirstResponse).collect();
    let mut stopped: Vec<i64> = firsts.iter().filter(|c| c.stopped_at.is_some()).map(|c| c.elapsed_s).collect();
    stopped.sort_unstable();
    let count =
        |band: &str| firsts.iter().filter(|c| c.stopped_at.is_some() && c.band.as_deref() == Some(band)).count();
    let rank = |share: usize| {
        let at = (stopped.len() * share).div_ceil(100).max(1) - 1;
        stopped.get(at).map_or("-".to_owned(), |s| span(*s))
    };
    let what = format!(
        "excellent (within 1 h) {}, ok (within 3 h) {}, miss {}; half within {}, nine of ten within {}, in opening hours",
        count("excellent"),
        count("ok"),
        count("miss"),
        rank(50),
        rank(90),
    );
    line(text, "First answers", &what);
    text.push('\n');
}

fn span(seconds: i64) -> String {
    if seconds < 3600 {
        format!("{} min", seconds / 60)
    } else {
        format!("{} h {:02}", seconds / 3600, seconds % 3600 / 60)
    }
}

fn flood(text: &mut String, told: &[Told]) {
    let flooded: Vec<&Told> = told.iter().filter(|t| FLOOD.clone().any(|c| t.is_of(CUSTOMERS[c].address))).collect();
    let tagged = flooded.iter().filter(|t| t.row().tags.iter().any(|tag| tag == "postnord")).count();
    let waits = flooded.iter().flat_map(|t| &t.clocks).filter(|c| c.kind == ClockKind::FirstResponse);
    let longest = waits.map(|c| c.elapsed_s).max().unwrap_or(0);
    let what = format!(
        "On Tuesday morning {} customers asked where PostNord had their parcels. The tickets went round the three agents \
         in turn; {tagged} bear the tag \"postnord\" that they put above their answers; the longest wait was {}.",
        flooded.len(),
        span(longest),
    );
    line(text, "The flood", &what);
}

fn odd_ones(text: &mut String, told: &[Told], world: &World, aside: &[QuarantineRow], waiting: usize) {
    let robots: Vec<&Told> = told.iter().filter(|t| t.is_of(ROBOT.address)).collect();
    let done = robots.iter().filter(|t| t.events("done") > 0).count();
    let what = format!(
        "A supplier's ticket system confirms every mail that it gets and hides that it is a machine. It wrote {} times and \
         got {} mail of ours; there the loop ended. {} tickets; agents closed {done} of them with #klar (done).",
        world.came.robot,
        world.robot_got,
        robots.len(),
    );
    line(text, "The robot", &what);
    if let Some(t) = told.iter().find(|t| t.is_of(CUSTOMERS[MISTYPED].address)) {
        let what = format!(
            "{}'s address has a typing error. The answer to #{} came back: the ticket is {} again and its agent was told{}.",
            CUSTOMERS[MISTYPED].first_name(),
            t.row().number,
            t.row().state,
            if t.events("bounced") > 0 { "" } else { " (not this time)" },
        );
        line(text, "The bounce", &what);
    }
    if let Some(t) = told.iter().find(|t| t.is_of(CUSTOMERS[AWAY].address)) {
        let what = format!(
            "{} is away until January, says his mailbox. That stays on #{}, which is {}: it stops no clock and gets no reply.",
            CUSTOMERS[AWAY].first_name(),
            t.row().number,
            t.row().state,
        );
        line(text, "Out of office", &what);
    }
    let done = match aside.iter().find(|row| row.reason.starts_with("agent-unproved")) {
        Some(row) => format!("nothing was done; it is number {} in quarantine, and Anna was told", row.id),
        None => "it was believed (that must not be)".to_owned(),
    };
    let what = format!(
        "Somebody who had seen a signed reply address of Anna's wrote to it in her name and asked for money to be paid. \
         The shop's mail server did not vouch for him: {done}."
    );
    line(text, "The forgery", &what);
    let what = format!(
        "{} mails are set aside (svar quarantine), {waiting} wait for the agents' morning (svar outbox)",
        aside.len()
    );
    line(text, "Left over", &what);
    text.push('\n');
}

/// Three tickets, a line each.
fn examples(text: &mut String, told: &[Told]) {
    let quick = told.iter().filter(|t| t.answers() > 0).min_by_key(|t| first_wait(t));
    let slow = told.iter().filter(|t| t.answers() > 0).max_by_key(|t| first_wait(t));
    let long = told.iter().max_by_key(|t| t.show.messages.len());
    for (label, t) in [("The quickest", quick), ("The slowest", slow), ("The longest", long)] {
        let Some(t) = t else { continue };
        let row = t.row();
        let name = row.customer.as_ref().map_or("", |c| c.name.as_str());
        let what = match label {
            "The longest" => format!("{} messages", t.show.messages.len()),
            _ => format!("answered in {}", first_wait(t).map_or("-".to_owned(), span)),
        };
        line(text, label, &format!("#{} {}, {name}: {what}", row.number, row.subject));
    }
    text.push('\n');
}

fn first_wait(told: &Told) -> Option<i64> {
    told.clocks.iter().find(|c| c.kind == ClockKind::FirstResponse && c.stopped_at.is_some()).map(|c| c.elapsed_s)
}

fn places(text: &mut String, dir: &Path, told: &[Told]) {
    let dir = dir.display();
    let longest = told.iter().max_by_key(|t| t.show.messages.len()).map_or(1, |t| t.row().number.0);
    let _ = writeln!(text, "The database    {dir}/data/svar.db");
    let _ = writeln!(text, "What came in    {dir}/inbox  (a Maildir)");
    let _ = writeln!(text, "What went out   {dir}/sent   (a Maildir: neomutt -f {dir}/sent)");
    let _ = writeln!(text, "The digest      {dir}/digest.html   (the week for the manager, in a browser)\n");
    let _ = writeln!(text, "Look around:");
    for command in [
        "svar tickets".to_owned(),
        format!("svar show {longest}"),
        "svar tickets tag:postnord state:pending".to_owned(),
        "svar search \"kaffebryggare läcker\"".to_owned(),
        "svar quarantine".to_owned(),
    ] {
        let _ = writeln!(text, "  {command} --config {dir}/config.toml");
    }
}
