//! `#incident` to the desk: shown first, done once a `#send` comes.

use crate::desk::answer::ASK_FOR_S;
use crate::desk::canned::NotFound;
use crate::desk::case::Staff;
use crate::desk::commands::incident::{Fault, IncidentOrder, NewOrder};
use crate::desk::commands::polite::says_nothing;
use crate::desk::commands::{Command, Parsed};
use crate::desk::guard;
use crate::desk::incident::{sample, sends};
use crate::desk::intake::Incoming;
use crate::desk::say::Page;
use crate::desk::say::incident::{
    PreviewFacts, incident_begun, incident_done, incident_gone, incident_list, incident_preview, incident_prolonged,
    incident_until,
};
use crate::desk::say::refused::{WrongLine, WrongWhy};
use crate::mail::pattern::Pattern;
use crate::model::{IncidentNo, TicketNo, Time};
use crate::plan::incident::{IncidentAsk, IncidentText, IncidentWords, tag_of};
use crate::plan::{BulkText, BulkWords, NewBulk};
use crate::plan::{Change, Fate, Incident, IncidentTally, KnownAsk, Matter, TicketText};
use crate::wording::Wording;

/// From so many tickets on it is said that a pattern fits nearly all of them.
const SAMPLE_MIN: usize = 10;
/// Of ten.
const NEARLY_ALL: usize = 7;

/// The one order among the commands of a mail.
fn order_of(parsed: &Parsed) -> Option<&IncidentOrder> {
    parsed.commands.iter().find_map(|c| match c {
        Command::Incident(order) => Some(order),
        _ => None,
    })
}

/// The canned answers among them.
fn canned_of(parsed: &Parsed) -> Vec<&String> {
    let canned = parsed.commands.iter().filter_map(|c| match c {
        Command::Canned(name) => Some(name),
        _ => None,
    });
    canned.collect()
}

/// A line that is wrong, as its writer reads it.
#[must_use]
pub fn wrong_line(line: &str, fault: Fault, words: &Wording) -> WrongLine {
    let examples = words.list_of("example.incident");
    let example = if fault == Fault::NoIncident { examples.get(1) } else { examples.first() };
    let keyword = crate::desk::commands::keyword(words, "incident");
    let example = format!("#{keyword} {}", example.map_or("", String::as_str));
    let why = match fault {
        Fault::Canned(NotFound::Unknown(_)) => WrongWhy::NoSuchCanned,
        Fault::Canned(NotFound::Ambiguous(names)) => WrongWhy::AmbiguousCanned { names },
        fault => WrongWhy::Incident { fault, example },
    };
    WrongLine { line: line.to_owned(), why, nearest: None }
}

impl Incoming<'_> {
    /// `#incident` in a mail to the desk: obeyed as far as that needs no `#send`, else shown. `false`: the mail has no such order
    /// that can be read.
    pub fn obeys_incident(&mut self, staff: &Staff<'_>) -> bool {
        let parsed = self.parse();
        let Some(order) = order_of(&parsed) else { return false };
        let mark = self.case.mark();
        match self.order_incident(staff, &parsed, order) {
            Ok(what) => self.settle(Fate::Done(what)),
            Err(fault) => {
                self.case.undo(mark);
                let words = Wording::of(self.case.inside_voice().language);
                let wrong = wrong_line(&parsed.lines.join(" "), fault, words);
                self.refuse(staff, None, vec![wrong]);
            }
        }
        true
    }

    fn order_incident(
        &mut self,
        staff: &Staff<'_>,
        parsed: &Parsed,
        order: &IncidentOrder,
    ) -> Result<&'static str, Fault> {
        let canned = canned_of(parsed);
        if parsed.commands.len() > 1 + canned.len() || canned.len() > 1 || !parsed.wrong.is_empty() {
            return Err(Fault::NotAlone);
        }
        let text = match canned.first() {
            Some(_) if !says_nothing(&parsed.text, staff.name) => return Err(Fault::NotAlone),
            Some(name) => Some(self.canned_text(name)?),
            None if says_nothing(&parsed.text, staff.name) => None,
            None => Some(IncidentText::Own { text: parsed.text.clone() }),
        };
        match (order, text) {
            (IncidentOrder::New(order), Some(text)) => self.ask_new(staff, order, text),
            (IncidentOrder::New(_), None) => Err(Fault::NoText),
            (IncidentOrder::Done(which), Some(text)) => self.answer_all(staff, which, text),
            (_, Some(_)) => Err(Fault::NotAlone),
            (IncidentOrder::List, None) => {
                let page = incident_list(&self.case.inside_voice(), &self.seen_by(staff), self.case.found.epoch);
                self.case.tell(self.mailbox, staff, page, None, None);
                Ok("asked for the incidents")
            }
            (IncidentOrder::Done(which), None) => self.ask_done(staff, which),
            (IncidentOrder::Until(which, until), None) => self.ask_until(staff, which, *until),
        }
    }

    /// A canned answer in all its languages.
    fn canned_text(&self, typed: &str) -> Result<IncidentText, Fault> {
        let library = self.case.rules.library;
        let name = library.find(typed).map_err(Fault::Canned)?;
        let texts = library
            .all()
            .filter(|c| c.name == name)
            .map(|c| IncidentWords { language: c.language.clone().unwrap_or_default(), text: c.body.clone() });
        Ok(IncidentText::Canned { name: name.to_owned(), texts: texts.collect() })
    }

    /// The incidents that this person may know of, as they stand.
    fn seen_by(&self, staff: &Staff<'_>) -> Vec<IncidentTally> {
        let seen = |t: &&IncidentTally| t.incident.mailboxes.iter().any(|m| staff.mailboxes.contains(m));
        self.case.found.tallies.iter().filter(seen).cloned().collect()
    }

    /// The one that is meant; only whoever works in all of its mailboxes may change it.
    fn called(&self, staff: &Staff<'_>, which: &str) -> Result<IncidentTally, Fault> {
        let mine: Vec<IncidentTally> = self
            .seen_by(staff)
            .into_iter()
            .filter(|t| t.incident.mailboxes.iter().all(|m| staff.mailboxes.contains(m)))
            .collect();
        let exact = mine.iter().find(|t| t.incident.is_called(which));
        let begins = || {
            let tag = tag_of(which);
            let mut all = mine.iter().filter(|t| !tag.is_empty() && t.incident.tag.starts_with(&tag));
            all.next().filter(|_| all.next().is_none())
        };
        let names = || mine.iter().map(|t| t.incident.name.clone()).collect();
        exact.or_else(begins).cloned().ok_or_else(|| Fault::Unknown(names()))
    }

    fn mailboxes_for(&self, staff: &Staff<'_>, order: &NewOrder) -> Result<Vec<String>, Fault> {
        let mut all: Vec<String> =
            staff.mailboxes.iter().filter(|name| self.case.mailbox(name).is_some_and(sends)).cloned().collect();
        if let Some(wanted) = &order.mailbox {
            all.retain(|name| name.to_lowercase() == wanted.to_lowercase());
            if all.is_empty() {
                return Err(Fault::NoMailbox(wanted.clone()));
            }
        }
        Ok(all)
    }

    /// Open tickets of which a pattern speaks, the oldest first.
    fn matching(&self, pattern: &str, mailboxes: &[String]) -> Vec<(TicketNo, String)> {
        let Ok(pattern) = Pattern::read(pattern) else { return Vec::new() };
        let fits = |t: &&TicketText| t.waits && mailboxes.contains(&t.mailbox) && pattern.is_match(&t.subject, &t.text);
        let texts = self.case.found.texts.iter().rev();
        texts.filter(fits).map(|t| (t.ticket, t.subject.clone())).collect()
    }

    fn ask_new(&mut self, staff: &Staff<'_>, order: &NewOrder, text: IncidentText) -> Result<&'static str, Fault> {
        let tag = tag_of(&order.name);
        if self.case.found.incidents.iter().any(|i| i.tag == tag) {
            return Err(Fault::Taken);
        }
        let mailboxes = self.mailboxes_for(staff, order)?;
        for language in Wording::languages() {
            sample(&self.case, self.mailbox, &text, language).map_err(Fault::Variable)?;
        }
        let shown = sample(&self.case, self.mailbox, &text, &self.mailbox.language).map_err(Fault::Variable)?;
        if let Some(found) = guard::leak(self.case.rules.settings, &[&shown.text, &shown.html], &[]) {
            return Err(Fault::Leak(found));
        }
        let pattern = Pattern::read(&order.pattern).map_err(|_| Fault::NoPattern)?;
        let of_mine = |t: &&TicketText| mailboxes.contains(&t.mailbox);
        let all: Vec<&TicketText> = self.case.found.texts.iter().filter(of_mine).collect();
        let fit = all.iter().filter(|t| pattern.is_match(&t.subject, &t.text)).count();
        let nearly_all = (all.len() >= SAMPLE_MIN && fit * 10 >= all.len() * NEARLY_ALL).then_some((fit, all.len()));
        let only_one = self.case.rules.settings.mailboxes.len() == 1;
        let facts = PreviewFacts {
            name: &order.name,
            pattern: &order.pattern,
            until: order.until,
            mailboxes: if only_one { &[] } else { &mailboxes },
            matching: self.matching(&order.pattern, &mailboxes),
            nearly_all,
            sample: shown,
            has_languages: matches!(&text, IncidentText::Canned { texts, .. } if texts.len() > 1),
            expires_at: self.case.now.plus(ASK_FOR_S),
        };
        let page = incident_preview(&self.case.inside_voice(), &facts);
        let ask = IncidentAsk::New {
            name: order.name.clone(),
            pattern: order.pattern.clone(),
            text,
            mailboxes,
            until: order.until.unix(),
        };
        self.ask_incident(staff, page, ask);
        Ok("an incident that is asked about")
    }

    fn ask_done(&mut self, staff: &Staff<'_>, which: &str) -> Result<&'static str, Fault> {
        let tally = self.called(staff, which)?;
        let page = incident_done(&self.case.inside_voice(), &tally, self.case.now.plus(ASK_FOR_S));
        self.ask_incident(staff, page, IncidentAsk::Done { incident: tally.incident.no.0 });
        Ok("the end of an incident that is asked about")
    }

    /// The same with an answer to all: what is shown and confirmed is the answer, and the incident ends when that begins.
    fn answer_all(&mut self, staff: &Staff<'_>, which: &str, text: IncidentText) -> Result<&'static str, Fault> {
        let incident = self.called(staff, which)?.incident;
        let text = match text {
            IncidentText::Own { text } => BulkText::Own { text, html: None },
            IncidentText::Canned { name, texts } => {
                let words = |t: IncidentWords| BulkWords { language: t.language, text: t.text };
                BulkText::Canned { name, texts: texts.into_iter().map(words).collect() }
            }
        };
        let bulk = self.case.next.take_bulk();
        self.case.change(Change::NewBulk(Box::new(NewBulk {
            no: bulk,
            agent: Some(staff.address().clone()),
            actor: staff.actor(),
            mailbox: self.mailbox.name.clone(),
            mailboxes: incident.mailboxes.clone(),
            query: format!("incident:{} state:open", incident.no),
            subject: self.letter.subject.clone(),
            text,
            answers: true,
            at: self.case.now,
        })));
        self.case.change(Change::AnswerIncident { incident: incident.no, bulk });
        Ok("the end of an incident with an answer to all that is asked about")
    }

    fn ask_until(&mut self, staff: &Staff<'_>, which: &str, until: Time) -> Result<&'static str, Fault> {
        let tally = self.called(staff, which)?;
        let page = incident_until(&self.case.inside_voice(), &tally, until, self.case.now.plus(ASK_FOR_S));
        self.ask_incident(staff, page, IncidentAsk::Until { incident: tally.incident.no.0, until: until.unix() });
        Ok("the end of an incident that is asked about")
    }

    fn ask_incident(&mut self, staff: &Staff<'_>, page: Page, incident: IncidentAsk) {
        let ask = self.case.ask(None, staff, Matter::Incident { incident });
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
    }

    /// A `#send` to what was asked.
    pub fn confirm_incident(&mut self, staff: &Staff<'_>, known: &KnownAsk, asked: &IncidentAsk) {
        match asked {
            IncidentAsk::New { name, pattern, text, mailboxes, until } => {
                let incident = Incident {
                    no: Incident::number_of(known.no),
                    name: name.clone(),
                    tag: tag_of(name),
                    pattern: pattern.clone(),
                    text: text.clone(),
                    mailboxes: mailboxes.clone(),
                    mailbox: self.mailbox.name.clone(),
                    agent: staff.address().clone(),
                    epoch: self.case.found.epoch,
                    started_at: self.case.now,
                    until: Time::from_unix(*until),
                    ended_at: None,
                    bulk: None,
                };
                self.begin_incident(staff, incident);
            }
            IncidentAsk::Done { incident } => {
                let tally = self.tally_of(IncidentNo(*incident)).cloned();
                match tally {
                    Some(tally) => self.case.end_incident(&tally),
                    None => self.incident_is_gone(staff),
                }
            }
            IncidentAsk::Until { incident, until } => {
                let (incident, until) = (IncidentNo(*incident), Time::from_unix(*until));
                let epoch = self.case.found.epoch;
                match self.tally_of(incident).map(|t| t.incident.name.clone()) {
                    Some(name) if until > self.case.now => {
                        self.case.change(Change::ProlongIncident { incident, until, epoch });
                        let page = incident_prolonged(&self.case.inside_voice(), &name, until);
                        self.case.tell(self.mailbox, staff, page, None, None);
                    }
                    _ => self.incident_is_gone(staff),
                }
            }
        }
        self.settle(Fate::Done("an incident that was asked about"));
    }

    fn tally_of(&self, incident: IncidentNo) -> Option<&IncidentTally> {
        self.case.found.tallies.iter().find(|t| t.incident.no == incident)
    }

    fn incident_is_gone(&mut self, staff: &Staff<'_>) {
        let page = incident_gone(&self.case.inside_voice(), &self.letter.subject);
        self.case.tell(self.mailbox, staff, page, None, None);
    }

    fn begin_incident(&mut self, staff: &Staff<'_>, incident: Incident) {
        if self.case.found.incidents.iter().any(|i| i.tag == incident.tag) || incident.until <= self.case.now {
            return self.incident_is_gone(staff);
        }
        let matching = self.matching(&incident.pattern, &incident.mailboxes);
        self.case.change(Change::NewIncident(Box::new(incident.clone())));
        for (ticket, _) in &matching {
            self.case.link(*ticket, &incident, None);
        }
        let page =
            incident_begun(&self.case.inside_voice(), &incident.name, &incident.tag, incident.until, matching.len());
        self.case.tell(self.mailbox, staff, page, None, None);
    }
}
