//! What one of us asks the desk, answered: lists and tickets within the batch, figures and digests before it, in views of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::config::settings::{self, Settings};
use crate::desk::{self, Rules, counter};
use crate::engine::batch::Plan;
use crate::engine::void::chain;
use crate::engine::{Engine, clocks, digest};
use crate::model::{LetterNo, TicketNo, Time};
use crate::plan::query::Query;
use crate::plan::question::{
    ClockStats, DigestWord, Hit, Listed, Made, ROWS_MAX, Shown, ShownClock, ShownMessage, Stats,
};
use crate::plan::{Answer, Asked, AttachmentRow, Findings, Folder, Question};
use crate::report::kind::{Days, Kind};
use crate::sla::clock::ClockState;
use crate::sla::figures::ClockFigures;
use crate::store::{StoreError, Tx, custody};

/// So many of a ticket's messages are shown, the newest.
const MESSAGES_MAX: usize = 50;
/// And so many bytes of their texts.
const TEXT_MAX_BYTES: usize = 200 << 10;
/// In one batch so many letters are answered that ask for figures; the others' turn comes with the next.
const SLOW_MAX: usize = 4;

/// Answers that are at hand before the batch begins.
#[derive(Debug, Default)]
pub(super) struct AtHand {
    answers: Vec<(Question, Answer)>,
    /// The bytes of their attachments, by digest.
    pub(super) blobs: Vec<(String, Vec<u8>)>,
}

impl Engine {
    /// Makes what takes long for the letters that are ready.
    pub(super) fn answer_slowly(&mut self, plan: &Plan, now: Time) -> BTreeMap<LetterNo, AtHand> {
        let settings = self.settings.clone();
        let (key, library) = (self.key.clone(), self.library.clone());
        let rules = Rules { settings: &settings, key: &key, library: &library };
        let asking: Vec<(LetterNo, Asked)> = plan
            .letters
            .iter()
            .filter_map(|no| {
                let waiting = self.flight.get(*no)?;
                let Some(Ok(letter)) = &waiting.reading else { return None };
                let is_ours = letter.from.as_ref().is_some_and(|p| rules.staff(&p.address).is_some());
                if !is_ours || waiting.envelope.folder != Folder::Inbox {
                    return None;
                }
                let asked = desk::clues(letter, &waiting.envelope, &rules).asked;
                asked.questions.iter().any(Question::is_slow).then_some((*no, asked))
            })
            .take(SLOW_MAX)
            .collect();
        let mut made = BTreeMap::new();
        for (letter, asked) in asking {
            let told = asked.by.as_ref().map(|by| self.store.read(|tx| tx.told(std::slice::from_ref(by))));
            let too_many = match (told, &asked.by) {
                (Some(Ok(told)), Some(by)) => !asked.proved && counter::is_used_up(&told, by, now),
                _ => false,
            };
            let mut at_hand = AtHand::default();
            for question in asked.questions.iter().filter(|q| q.is_slow() && !too_many) {
                let answer = catch_unwind(AssertUnwindSafe(|| self.slow(question, &asked, now, &mut at_hand.blobs)));
                let answer = match answer {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(error)) => {
                        tracing::error!("figures that were asked for could not be made: {}", chain(&error));
                        Answer::Failed
                    }
                    Err(_) => {
                        tracing::error!("a bug: making figures that were asked for panicked");
                        Answer::Failed
                    }
                };
                at_hand.answers.push((question.clone(), answer));
            }
            made.insert(letter, at_hand);
        }
        made
    }

    fn slow(
        &mut self,
        question: &Question,
        asked: &Asked,
        now: Time,
        blobs: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<Answer, StoreError> {
        let settings = self.settings.clone();
        let today = now.timestamp().to_zoned(settings.desk.time_zone.clone()).date();
        match question {
            Question::Stats(span) => {
                let (from, to) = span.days(today);
                let days = Days { from, to };
                let figures = digest::figures_of(&mut self.store, &settings, days, &asked.mailboxes, now)?;
                Ok(Answer::Stats(Box::new(stats(&figures, &settings))))
            }
            Question::Digest(word) => {
                let kind = match word {
                    DigestWord::Daily => Kind::Daily,
                    DigestWord::Weekly => Kind::Weekly,
                    DigestWord::Monthly => Kind::Monthly,
                };
                let days = kind.covers(today);
                let (made, _) = digest::make(&mut self.store, &settings, kind, days, &asked.mailboxes, &[], now)?;
                let attachments = digest::attachments(&made)
                    .into_iter()
                    .map(|(row, bytes)| {
                        blobs.push((row.sha256.clone(), bytes.to_vec()));
                        row
                    })
                    .collect();
                let (subject, text, html) = (made.subject.clone(), made.text(), made.html());
                Ok(Answer::Digest(Box::new(Made { subject, text, html, attachments })))
            }
            _ => Ok(Answer::Failed),
        }
    }
}

fn stats(figures: &crate::sla::figures::Figures, settings: &Settings) -> Stats {
    let clock = |kind: &'static str, of: &ClockFigures| ClockStats {
        kind,
        started: of.started,
        stopped: of.stopped,
        past_target: of.past_target,
        within_target: of.within_target,
        median_s: of.median_s,
        p90_s: of.p90_s,
        target_s: of.target_s,
        bands: of.bands.iter().map(|b| (b.name.clone(), b.count)).collect(),
    };
    let by_agent = match settings.digest.by_agent {
        settings::ByAgent::None => Vec::new(),
        settings::ByAgent::Counts => figures.by_agent.iter().map(|a| (a.agent.clone(), a.answers, None)).collect(),
        settings::ByAgent::Full => figures.by_agent.iter().map(|a| (a.agent.clone(), a.answers, a.median_s)).collect(),
    };
    Stats {
        from: figures.from,
        to: figures.to,
        opened: figures.tickets.opened,
        closed: figures.tickets.closed,
        reopened: figures.tickets.reopened,
        open_at_end: figures.tickets.open_at_end,
        clocks: vec![
            clock("first_response", &figures.first_response),
            clock("next_response", &figures.next_response),
            clock("resolution", &figures.resolution),
        ],
        by_agent,
    }
}

/// Looks up the answers to what a letter asks, and what is known of the tickets in them.
pub(super) fn answer(
    tx: &mut Tx<'_>,
    asked: &Asked,
    at_hand: Option<&AtHand>,
    settings: &Settings,
    found: &mut Findings,
    now: Time,
) -> Result<(), StoreError> {
    for question in &asked.questions {
        let answer = match question {
            Question::List(query) => {
                let (numbers, answer) = list(tx, query, &asked.mailboxes, now)?;
                know(tx, &numbers, found)?;
                answer
            }
            Question::Search(words) => search(tx, words, &asked.mailboxes, found)?,
            Question::Show(number) => {
                know(tx, &[*number], found)?;
                show(tx, *number, asked, settings, found, now)?
            }
            Question::Answers => Answer::Answers(Vec::new()),
            Question::Stats(_) | Question::Digest(_) => {
                let known = at_hand.and_then(|a| a.answers.iter().find(|(q, _)| q == question));
                known.map_or(Answer::Failed, |(_, answer)| answer.clone())
            }
        };
        found.answers.push((question.clone(), answer));
    }
    Ok(())
}

/// Fills `Findings::tickets`.
fn know(tx: &mut Tx<'_>, numbers: &[TicketNo], found: &mut Findings) -> Result<(), StoreError> {
    let wanted: BTreeSet<TicketNo> = numbers.iter().copied().filter(|n| !found.tickets.contains_key(n)).collect();
    if !wanted.is_empty() {
        found.tickets.extend(tx.ticket_facts(&wanted)?);
    }
    Ok(())
}

/// What is due comes first, then what was opened last.
fn list(
    tx: &mut Tx<'_>,
    query: &Query,
    mailboxes: &[String],
    now: Time,
) -> Result<(Vec<TicketNo>, Answer), StoreError> {
    let mut all = tx.matching(query, mailboxes, now)?;
    all.sort_by_key(|m| (m.due_at.is_none(), m.due_at, std::cmp::Reverse(m.number)));
    let of = all.len();
    all.truncate(ROWS_MAX);
    let rows = all.iter().map(|m| Listed { number: m.number, overdue: m.late_at.is_some_and(|at| now >= at) });
    let rows: Vec<Listed> = rows.collect();
    Ok((all.iter().map(|m| m.number).collect(), Answer::List { rows, of }))
}

fn search(tx: &mut Tx<'_>, words: &str, mailboxes: &[String], found: &mut Findings) -> Result<Answer, StoreError> {
    // Others' mailboxes are sifted out afterwards, so more are read than are shown.
    let hits = tx.search(words, ROWS_MAX * 3)?;
    let numbers: Vec<TicketNo> = hits.iter().map(|h| h.number).collect();
    know(tx, &numbers, found)?;
    let mut rows: Vec<Hit> = hits
        .into_iter()
        .filter(|h| found.tickets.get(&h.number).is_some_and(|t| mailboxes.contains(&t.mailbox)))
        .map(|h| Hit { number: h.number, at: h.at, from: h.from, subject: h.subject, snippet: h.snippet })
        .collect();
    let more = rows.len() > SEARCH_MAX;
    rows.truncate(SEARCH_MAX);
    Ok(Answer::Search { rows, more })
}

/// So many messages that were found are shown.
const SEARCH_MAX: usize = 30;

fn show(
    tx: &mut Tx<'_>,
    number: TicketNo,
    asked: &Asked,
    settings: &Settings,
    found: &Findings,
    now: Time,
) -> Result<Answer, StoreError> {
    let Some(facts) = found.tickets.get(&number).filter(|t| asked.mailboxes.contains(&t.mailbox)) else {
        return Ok(Answer::Show(None));
    };
    let Some(show) = tx.show(number, now)? else { return Ok(Answer::Show(None)) };
    let steps = clocks::steps(tx, number)?;
    let clocks = clocks::of(&steps, settings, &facts.mailbox, facts.priority, now);
    let all = show.messages.len();
    let mut size = 0;
    let messages: Vec<ShownMessage> = show
        .messages
        .into_iter()
        .rev()
        .take(MESSAGES_MAX)
        .map(|m| ShownMessage {
            no: m.id,
            direction: m.direction,
            from: m.from,
            to: m.to,
            at: m.at,
            text: if m.new_text.trim().is_empty() { m.text } else { m.new_text },
            attachments: m.attachments,
        })
        .take_while(|m| {
            let fits = size == 0 || size + m.text.len() <= TEXT_MAX_BYTES;
            size += m.text.len();
            fits
        })
        .collect();
    let clocks = clocks.iter().map(|c| ShownClock {
        kind: c.kind.as_str(),
        started_at: c.started_at,
        due_at: c.due_at,
        stopped_at: c.stopped_at,
        elapsed_s: c.elapsed_s,
        state: match c.state {
            ClockState::Running => "running",
            ClockState::Paused => "paused",
            ClockState::Met => "met",
            ClockState::Breached => "breached",
            ClockState::Cancelled => "cancelled",
        },
    });
    Ok(Answer::Show(Some(Box::new(Shown {
        number,
        overdue: show.ticket.overdue,
        older: all - messages.len(),
        messages,
        clocks: clocks.collect(),
        events: show.events.into_iter().map(|e| (e.at, e.actor, e.what)).collect(),
    }))))
}

/// An attachment's row, from its bytes.
pub(super) fn row_of(name: String, media_type: &str, content_id: Option<String>, bytes: &[u8]) -> AttachmentRow {
    AttachmentRow {
        name,
        media_type: media_type.to_owned(),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        inline: content_id.is_some(),
        content_id,
        sha256: data_encoding::HEXLOWER.encode(&custody::sha256(bytes)),
    }
}
