//! `check`: connects to every account and says what it found, a line each. Changes nothing.

mod account;
pub mod agents;
mod clock;
mod desk;
mod folders;
mod morning;
mod outlet;
mod place;
mod quirks;
pub mod roundtrip;
mod rules;
mod senders;
pub mod trouble;
mod words;

use std::time::Duration;

use serde::Serialize;

use self::agents::Rehearsal;
use self::roundtrip::Roundtrip;
use self::trouble::Trouble;
use crate::cli::args::Global;
use crate::cli::error::CommandError;
use crate::cli::open::settings;
use crate::cli::print::{Out, Tone, broken, visible};
use crate::config::settings::{Inlet, Mailbox, Settings};
use crate::engine::desk_dir::DeskDir;
use crate::net::stream::Timeouts;

/// What one look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Warning,
    Failed,
}

/// One line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Empty for the desk as a whole.
    pub mailbox: String,
    pub part: &'static str,
    pub outcome: Outcome,
    pub text: String,
}

/// Servers that do not answer within this are as good as blocked.
pub(in crate::cli) const PATIENCE: Timeouts =
    Timeouts { connect: Duration::from_secs(10), command: Duration::from_secs(30), verdict: Duration::from_secs(30) };

pub fn check(
    global: &Global,
    rehearsal: Rehearsal,
    trip: Option<Roundtrip>,
    out: &mut Out,
) -> Result<(), CommandError> {
    let settings = settings(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let is_new = !DeskDir::at(&settings.desk.data_dir).database().exists();
    let mut report = Report { findings: Vec::new(), mailbox: String::new(), global: global.clone(), is_new };
    report.desk(&settings);
    report.answers(&settings);
    for mailbox in &settings.mailboxes {
        report.mailbox.clone_from(&mailbox.name);
        runtime.block_on(report.mailbox(&settings, mailbox));
        report.senders(&settings, mailbox);
        if let Some(trip) = trip {
            runtime.block_on(report.roundtrip(&settings, mailbox, trip));
        }
    }
    report.morning(&settings);
    if rehearsal.agents {
        // Whoever waits for replies has something to read meanwhile.
        let so_far = report.findings.len();
        if !out.json {
            print(out, &report.findings)?;
            out.flush()?;
        }
        report.agents(rehearsal, &runtime)?;
        if !out.json {
            out.line("")?;
            print(out, &report.findings[so_far..])?;
        }
    } else if !out.json {
        print(out, &report.findings)?;
    }
    let failed = report.findings.iter().filter(|f| f.outcome == Outcome::Failed).count();
    if out.json {
        out.json(&report.findings)?;
    }
    match failed {
        0 => Ok(()),
        _ if out.json => Err(CommandError::said()),
        1 => Err(CommandError::failed("one thing does not work")),
        n => Err(CommandError::failed(format!("{n} things do not work"))),
    }
}

fn print(out: &mut Out, findings: &[Finding]) -> std::io::Result<()> {
    let mut section = None;
    for finding in findings {
        if section != Some(&finding.mailbox) {
            if section.is_some() {
                out.line("")?;
            }
            out.toned(Tone::Strong, if finding.mailbox.is_empty() { "desk" } else { &finding.mailbox })?;
            section = Some(&finding.mailbox);
        }
        let (mark, tone) = match finding.outcome {
            Outcome::Ok => ("ok", Tone::Plain),
            Outcome::Warning => ("note", Tone::Plain),
            Outcome::Failed => ("FAIL", Tone::Bad),
        };
        let mut margin = format!("  {mark:<5}{:<8}", finding.part);
        let room = out.width.saturating_sub(margin.len());
        for piece in broken(&visible(&finding.text), room) {
            out.toned(tone, format!("{margin}{piece}"))?;
            margin = " ".repeat(margin.len());
        }
    }
    Ok(())
}

pub use folders::guessed_sent;

struct Report {
    findings: Vec<Finding>,
    mailbox: String,
    global: Global,
    /// There is no database yet: what `start` says still lies ahead.
    is_new: bool,
}
impl Report {
    fn say(&mut self, outcome: Outcome, part: &'static str, text: impl Into<String>) {
        self.findings.push(Finding { mailbox: self.mailbox.clone(), part, outcome, text: text.into() });
    }

    /// What is wrong, and what to do about it as a note below.
    fn trouble(&mut self, part: &'static str, trouble: Trouble) {
        self.say(Outcome::Failed, part, trouble.what);
        if let Some(todo) = trouble.todo {
            self.say(Outcome::Warning, part, todo);
        }
    }

    async fn mailbox(&mut self, settings: &Settings, mailbox: &Mailbox) {
        match &mailbox.source {
            Inlet::Imap(imap) => self.imap(imap).await,
            Inlet::Maildir { path, .. } => {
                let there = path.join("new").is_dir() && path.join("cur").is_dir();
                let (outcome, what) = match (there, path.exists()) {
                    (true, _) => (Outcome::Ok, "a Maildir"),
                    (false, true) => (Outcome::Failed, "is no Maildir: it has no `new` and `cur`"),
                    (false, false) => (Outcome::Failed, "is not there"),
                };
                self.say(outcome, "in", format!("{}: {what}", path.display()));
            }
            Inlet::Pipe => {
                self.say(Outcome::Ok, "in", format!("by pipe: svar deliver --mailbox {}", mailbox.name));
            }
        }
        self.outlet("out", &mailbox.outlet).await;
        if let Some(outlet) = &mailbox.notify_outlet {
            self.outlet("notify", outlet).await;
        }
        self.rules(settings, mailbox);
        self.quirks(settings, mailbox);
    }
}
