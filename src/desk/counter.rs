//! The desk itself, at `support+desk@`: what one of us asks is answered by mail, to his registered address alone.

use std::collections::BTreeMap;

use crate::desk::answer::{ASK_FOR_S, Seen, matter};
use crate::desk::case::Staff;
use crate::desk::commands::{Command, Parsed};
use crate::desk::intake::Incoming;
use crate::desk::obey::Work;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::counter::{CounterFacts, Part, Row, counter, too_many};
use crate::desk::say::notification::{Tap, TapWord};
use crate::desk::say::shown::TicketPart;
use crate::desk::say::{Page, defused};
use crate::desk::tell::{InsidePost, Reply, is_live};
use crate::model::{Address, ParcelKind, TicketNo, Time};
use crate::plan::question::{Listed, Made, Shown};
use crate::plan::{Answer, Change, Fate, Question, TicketFacts};

/// So many mails an hour are answered to one person where nothing proves that he wrote them: whoever forges his name floods nobody.
const UNPROVED_AN_HOUR: usize = 20;
/// He is told once an hour that there were more.
const TOO_MANY: &str = "desk-too-many";

/// What is remembered of an answer (`Change::Told`): each topic is good again an hour after its use.
fn slots() -> impl Iterator<Item = String> {
    (0..UNPROVED_AN_HOUR).map(|n| format!("desk-answer-{n}"))
}

fn free_slot(told: &BTreeMap<(Address, String), Time>, by: &Address, now: Time) -> Option<String> {
    slots().find(|slot| told.get(&(by.clone(), slot.clone())).is_none_or(|at| now.since(*at) >= Time::HOUR))
}

/// Whether for now nothing more is answered to mails in this person's name that nothing proves.
#[must_use]
pub fn is_used_up(told: &BTreeMap<(Address, String), Time>, by: &Address, now: Time) -> bool {
    free_slot(told, by, now).is_none()
}

const fn is_question(command: &Command) -> bool {
    matches!(command, Command::Questions(_) | Command::Help)
}

impl Incoming<'_> {
    /// A first mail to `+desk` needs no signature. So questions are answered at once, and nothing is changed by it before a `#send`.
    pub fn ask_desk(&mut self, staff: &Staff<'_>) {
        if !self.may_be_answered(staff) {
            return self.settle(Fate::Done("too many mails to the desk in an hour"));
        }
        if self.obeys_incident(staff) || self.wants_bulk(staff) || self.wants_rights(staff) {
            return;
        }
        let Some(work) = self.work(staff, None) else { return };
        if work.draft.is_some() {
            return self.send_back(staff, None);
        }
        if work.parsed.commands.iter().all(is_question) {
            self.answer_questions(staff, &work.parsed);
            return self.settle(Fate::Done("questions to the desk"));
        }
        if let Some(wrong) = self.needs_ticket(&work) {
            return self.refuse(staff, None, vec![wrong]);
        }
        let work = self.answer_first(staff, work);
        let (lines, draft) = (work.parsed.lines.clone(), work.shown());
        let own = self.is_his_own(staff);
        let text = work.aside.as_ref().map(|d| d.text.clone()).unwrap_or_default();
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why: AskedWhy::Commands(if own { lines } else { lines.iter().map(|l| defused(l)).collect() }),
            taps: Vec::new(),
            text: if own { text } else { defused(&text) },
            until: Some(self.case.now.plus(ASK_FOR_S)),
        };
        let page = asked(&self.case.inside_voice(), &facts);
        let ask = self.case.ask(None, staff, matter(&draft, &[], "desk", &Seen::default()));
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
        self.settle(Fate::Done("commands that are asked about"));
    }

    /// Answers the questions of a mail the rest of which has to wait, and leaves them out of it.
    pub fn answer_first(&mut self, staff: &Staff<'_>, mut work: Work) -> Work {
        if !work.parsed.commands.iter().any(|c| matches!(c, Command::Questions(_))) {
            return work;
        }
        self.answer_questions(staff, &work.parsed);
        let kept = work.parsed.commands.iter().zip(work.parsed.right_lines()).filter(|(c, _)| !is_question(c));
        let (commands, lines): (Vec<Command>, Vec<String>) = kept.map(|(c, l)| (c.clone(), l.clone())).unzip();
        for draft in [&mut work.draft, &mut work.aside].into_iter().flatten() {
            draft.commands.clone_from(&lines);
        }
        work.parsed.commands = commands;
        work.parsed.lines = lines;
        work
    }

    /// Whether this mail may be answered, as far as its number goes; that it is, is written down.
    fn may_be_answered(&mut self, staff: &Staff<'_>) -> bool {
        if self.is_his_own(staff) {
            return true;
        }
        let (to, at) = (staff.address().clone(), self.case.now);
        if let Some(topic) = free_slot(&self.case.found.told, &to, at) {
            self.case.change(Change::Told { to, topic, at });
            return true;
        }
        if self.case.may_tell(&to, TOO_MANY, Time::HOUR) {
            let slots: Vec<String> = slots().collect();
            let of_slot = |((who, topic), at): (&(Address, String), &Time)| {
                (*who == to && slots.contains(topic)).then(|| at.plus(Time::HOUR))
            };
            let again = self.case.found.told.iter().filter_map(of_slot).min().unwrap_or(at);
            let page = too_many(&self.case.inside_voice(), UNPROVED_AN_HOUR, again);
            self.case.tell(self.mailbox, staff, page, None, None);
        }
        false
    }

    /// One mail with the answers to all questions among the commands; a digest is a mail of its own.
    pub fn answer_questions(&mut self, staff: &Staff<'_>, parsed: &Parsed) {
        let mut parts: Vec<(String, Part)> = Vec::new();
        let mut shown: Vec<TicketNo> = Vec::new();
        let mut left_out = 0;
        for (command, line) in parsed.commands.iter().zip(parsed.right_lines()) {
            match command {
                Command::Help => parts.push((line.clone(), Part::Help)),
                Command::Questions(questions) => {
                    for question in questions {
                        let found = self.case.found;
                        let Some((_, answer)) = found.answers.iter().find(|(q, _)| q == question) else {
                            left_out += 1;
                            continue;
                        };
                        if let Answer::Digest(made) = answer {
                            self.send_made(staff, made);
                            continue;
                        }
                        let line = match question {
                            Question::Show(number) if questions.len() > 1 => {
                                format!("{} {number}", line.split(' ').next().unwrap_or_default())
                            }
                            _ => line.clone(),
                        };
                        if let Answer::Show(Some(ticket)) = answer {
                            shown.push(ticket.number);
                        }
                        parts.push((line, self.part(staff, answer)));
                    }
                }
                _ => {}
            }
        }
        if parts.is_empty() && left_out == 0 && !parsed.commands.is_empty() {
            return;
        }
        if parts.is_empty() && left_out == 0 {
            parts.push((String::new(), Part::Help));
        }
        // Of one ticket alone: a Reply commands that one.
        let ticket = if parts.len() == 1 { shown.first().copied() } else { None };
        let desk = self.mailbox.plus_addressing.then(|| self.mailbox.address.with_detail("desk"));
        let page = counter(&self.case.inside_voice(), &CounterFacts { parts, left_out, desk });
        self.case.tell(self.mailbox, staff, page, ticket, None);
    }

    fn part(&self, staff: &Staff<'_>, answer: &Answer) -> Part {
        match answer {
            Answer::List { rows, of } => {
                Part::List { rows: rows.iter().filter_map(|r| self.row(staff, r)).collect(), of: *of }
            }
            Answer::Search { rows, more } => Part::Search { rows: rows.clone(), more: *more },
            Answer::Show(Some(shown)) => match self.ticket_part(staff, shown) {
                Some(part) => Part::Ticket(Box::new(part)),
                None => Part::NoTicket,
            },
            Answer::Show(None) => Part::NoTicket,
            Answer::Stats(stats) => {
                let named = |a: &Address| self.case.rules.staff(a).map(|s| s.name.to_owned());
                let names = stats.by_agent.iter().filter_map(|(a, ..)| a.as_ref());
                let names = names.filter_map(|a| Some((a.clone(), named(a)?))).collect();
                Part::Stats { stats: stats.clone(), names }
            }
            Answer::Answers => {
                let languages = [self.case.inside_voice().language.to_owned()];
                let library = self.case.rules.library.list(&languages);
                Part::Answers(library.into_iter().map(|(name, title)| (name.to_owned(), title.to_owned())).collect())
            }
            Answer::Digest(_) | Answer::Failed => Part::Failed,
        }
    }

    fn name_of(&self, address: Option<&Address>) -> Option<String> {
        let address = address?;
        Some(self.case.rules.staff(address).map_or_else(|| address.to_string(), |s| s.name.to_owned()))
    }

    fn row(&self, staff: &Staff<'_>, listed: &Listed) -> Option<Row> {
        let facts = self.case.tickets.get(&listed.number).or_else(|| self.case.found.tickets.get(&listed.number))?;
        let takes = is_live(facts.state) && facts.assignee.as_ref() != Some(staff.address());
        let words = if takes { vec![(TapWord::Take, "take")] } else { Vec::new() };
        let due_at = facts.due_at.filter(|_| is_live(facts.state));
        Some(Row {
            number: facts.number,
            subject: facts.subject.clone(),
            state: facts.state,
            customer: facts.customer_party.clone(),
            waiting_since: facts.waiting_since.filter(|_| is_live(facts.state)),
            due_at,
            overdue: listed.overdue,
            hold_until: facts.hold_until,
            assignee: self.name_of(facts.assignee.as_ref()),
            priority: facts.priority,
            tags: facts.tags.clone(),
            taps: self.taps_of(staff, facts, words),
        })
    }

    fn ticket_part(&self, staff: &Staff<'_>, shown: &Shown) -> Option<TicketPart> {
        let row = self.row(staff, &Listed { number: shown.number, overdue: shown.overdue })?;
        let facts = self.case.found.tickets.get(&shown.number)?;
        let mut words = Vec::new();
        if is_live(facts.state) {
            if facts.assignee.as_ref() != Some(staff.address()) {
                words.push((TapWord::Take, "take"));
            }
            words.extend([(TapWord::Close, "close"), (TapWord::HoldTomorrow, "hold"), (TapWord::Spam, "spam")]);
        }
        let seen = |n: &&TicketNo| self.case.found.tickets.get(n).is_none_or(|t| staff.mailboxes.contains(&t.mailbox));
        let address = |p: &crate::model::Party| {
            self.name_of(Some(&p.address)).filter(|_| self.case.rules.staff(&p.address).is_some())
        };
        Some(TicketPart {
            taps: self.taps_of(staff, facts, words),
            created_at: facts.created_at,
            survivor: facts.survivor.filter(|n| seen(&n)),
            related: facts.related.iter().filter(seen).copied().collect(),
            copies: facts.participants.clone(),
            authors: shown.messages.iter().map(|m| m.from.as_ref().and_then(address)).collect(),
            shown: shown.clone(),
            row,
        })
    }

    fn taps_of(&self, staff: &Staff<'_>, facts: &TicketFacts, words: Vec<(TapWord, &str)>) -> Vec<Tap> {
        let Some(mailbox) = self.case.mailbox(&facts.mailbox) else { return Vec::new() };
        let words = words.into_iter().map(|(tap, word)| (tap, word.to_owned())).collect();
        self.case.one_taps(mailbox, staff.address(), facts, words)
    }

    /// A digest, as it comes by itself.
    fn send_made(&mut self, staff: &Staff<'_>, made: &Made) {
        let page = Page { subject: made.subject.clone(), text: made.text.clone(), html: made.html.clone() };
        let post = InsidePost {
            kind: ParcelKind::Report,
            name: self.mailbox.display_name.clone(),
            ticket: None,
            message: None,
            ask: None,
            reply: Reply::Desk,
            attachments: made.attachments.clone(),
            not_before: self.case.now,
        };
        self.case.inside(self.mailbox, staff, page, post);
    }
}
