//! `check --agents`: mails each agent a practice ticket and reports what came of the reply.
//!
//! With a daemon the reply comes in as any mail does, and is judged there; without one the mailboxes are read here, and nothing in
//! them is changed. Nothing of it is a ticket, and nothing reaches a customer.

mod post;
mod said;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use tokio::runtime::Runtime;

use self::post::{Letterbox, send};
use super::{Outcome, Report};
use crate::cli::error::CommandError;
use crate::cli::open::{Writer, now, store_error};
use crate::cli::print::span;
use crate::config::settings::{Agent, Mailbox};
use crate::engine::clock;
use crate::model::{Address, Time};
use crate::plan::practice::Practice;
use crate::sla::duration::parse_calendar;

/// A practice mail that is younger is waited for, not sent again.
const FRESH_S: i64 = Time::DAY;
/// How often it is looked whether something has come.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How often mailboxes are read where no daemon does.
const READ_EVERY: u32 = 5;

#[derive(Args, Clone, Copy, Debug)]
pub struct Rehearsal {
    /// Mail each agent a practice ticket, wait for the reply and report what came of it: proofs, text, signature, client
    #[arg(long)]
    pub agents: bool,
    /// How long to wait for replies; asked again later, what has come meanwhile is shown
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = seconds, requires = "agents")]
    pub wait: i64,
    /// Send new practice tickets, even where one was sent within the last day
    #[arg(long, requires = "agents")]
    pub again: bool,
}

fn seconds(text: &str) -> Result<i64, String> {
    parse_calendar(text).map_err(|_| format!("{text} is no length of time; write 10m or 2h"))
}

/// One agent in one of his mailboxes.
#[derive(Clone, Debug)]
struct Pair<'a> {
    agent: &'a Agent,
    mailbox: &'a Mailbox,
}

impl Pair<'_> {
    fn name(&self) -> String {
        format!("{} <{}>", self.agent.name, self.agent.address())
    }

    /// The newest practice mail of this pair.
    fn newest<'p>(&self, all: &'p [Practice]) -> Option<&'p Practice> {
        all.iter().rev().find(|p| p.agent == *self.agent.address() && p.mailbox == self.mailbox.name)
    }
}

impl Report {
    pub(super) fn agents(&mut self, rehearsal: Rehearsal, runtime: &Runtime) -> Result<(), CommandError> {
        let mut desk = Writer::open(&self.global)?;
        let settings = desk.settings();
        let works_in = |a: &Agent, m: &Mailbox| a.mailboxes.contains(&m.name);
        let pairs: Vec<Pair<'_>> = settings
            .mailboxes
            .iter()
            .flat_map(|mailbox| {
                let agents = settings.agents.iter().filter(move |a| works_in(a, mailbox));
                agents.map(move |agent| Pair { agent, mailbox })
            })
            .collect();
        self.mailbox.clear();
        if pairs.is_empty() {
            self.say(
                Outcome::Warning,
                "agent",
                "there is no agent to rehearse with: write [[agent]] into the configuration",
            );
            return Ok(());
        }
        for pair in &pairs {
            self.hand_out(&mut desk, pair, rehearsal, runtime)?;
        }
        let all = self.wait_for_replies(&mut desk, &pairs, rehearsal.wait, runtime)?;
        for pair in &pairs {
            self.mailbox.clone_from(&pair.mailbox.name);
            if let Some(practice) = pair.newest(&all) {
                self.rehearsed(pair.agent, pair.mailbox, practice, now(&self.global));
            }
        }
        Ok(())
    }

    /// Sends a practice mail, unless one is under way.
    fn hand_out(
        &mut self,
        desk: &mut Writer,
        pair: &Pair<'_>,
        rehearsal: Rehearsal,
        runtime: &Runtime,
    ) -> Result<(), CommandError> {
        let at = now(&self.global);
        let all = desk.engine().practices().map_err(|e| store_error(&e))?;
        let is_fresh = |p: &&Practice| p.refused.is_none() && at.since(p.sent_at) < FRESH_S;
        if !rehearsal.again && pair.newest(&all).filter(is_fresh).is_some() {
            return Ok(());
        }
        let made = desk.engine().practise(pair.agent.address(), &pair.mailbox.name, at);
        let Some(mail) = made.map_err(|e| store_error(&e))? else { return Ok(()) };
        let no = mail.no;
        let outlet = pair.mailbox.notify_outlet.as_ref().unwrap_or(&pair.mailbox.outlet);
        match runtime.block_on(send(outlet, mail, at)) {
            Ok(()) => eprintln!("svar: a practice ticket has gone to {} from {}", pair.name(), pair.mailbox.address),
            Err(why) => desk.engine().practice_refused(no, &why).map_err(|e| store_error(&e))?,
        }
        Ok(())
    }

    /// Waits until a reply to each has come, or the time is over.
    fn wait_for_replies(
        &self,
        desk: &mut Writer,
        pairs: &[Pair<'_>],
        wait_s: i64,
        runtime: &Runtime,
    ) -> Result<Vec<Practice>, CommandError> {
        let began = clock::now();
        let mut boxes: BTreeMap<String, Letterbox> = BTreeMap::new();
        let mut known = usize::MAX;
        let mut looks = 0;
        loop {
            let all = desk.engine().practices().map_err(|e| store_error(&e))?;
            let open: Vec<(&Pair<'_>, Time)> = pairs
                .iter()
                .filter_map(|pair| Some((pair, pair.newest(&all)?)))
                .filter(|(_, p)| p.came.is_none() && p.refused.is_none())
                .map(|(pair, p)| (pair, p.sent_at))
                .collect();
            let left_s = wait_s - clock::now().since(began);
            if open.is_empty() || left_s <= 0 {
                return Ok(all);
            }
            if open.len() != known {
                known = open.len();
                let names: Vec<String> = open.iter().map(|(pair, _)| pair.agent.name.clone()).collect();
                eprintln!(
                    "svar: waiting up to {} for the reply of {}; Ctrl-C breaks off, the same command shows later what has come",
                    span(left_s),
                    names.join(", ")
                );
            }
            if looks % READ_EVERY == 0 && !desk.engine().dir().is_locked() {
                for (pair, sent_at) in &open {
                    let letterbox = boxes.entry(pair.mailbox.name.clone()).or_default();
                    runtime.block_on(self.read(desk, pair.mailbox, letterbox, *sent_at))?;
                }
            }
            looks += 1;
            runtime.block_on(async { tokio::time::sleep(LOOK_EVERY).await });
        }
    }

    /// Reads what is new in a mailbox that no daemon reads.
    async fn read(
        &self,
        desk: &mut Writer,
        mailbox: &Mailbox,
        letterbox: &mut Letterbox,
        since: Time,
    ) -> Result<(), CommandError> {
        let letters = match letterbox.news(&mailbox.source, since).await {
            Ok(letters) => letters,
            Err(why) => {
                eprintln!("svar: {} cannot be read: {why}", mailbox.name);
                return Ok(());
            }
        };
        for letter in letters {
            let judged = desk.engine().rehearse(&mailbox.name, &letter.raw, letter.received_at);
            judged.map_err(|e| store_error(&e))?;
        }
        Ok(())
    }
}

/// Whether an address is a big provider's where a Reply to one's own address goes astray.
fn is_of(address: &Address, domains: &[&str]) -> bool {
    domains.iter().any(|d| address.domain().eq_ignore_ascii_case(d))
}
