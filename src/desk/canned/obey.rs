//! `#canned NAME` in an agent's mail: his own text, if any, and below it the canned one, filled for the ticket.

use super::facts::Facts;
use super::fill::Unfilled;
use super::library::NotFound;
use crate::desk::act::Refusal;
use crate::desk::answer::Draft;
use crate::desk::case::Staff;
use crate::desk::commands::{Command, Parsed, keyword};
use crate::desk::errand::Errand;
use crate::desk::intake::Incoming;
use crate::desk::obey::Work;
use crate::desk::say::refused::{WrongLine, WrongWhy};
use crate::mail::html::entity::escape_into;
use crate::model::{Party, TicketNo};
use crate::wording::Wording;

/// The `#canned` lines of a mail: what each asks for, and the line as written.
fn asked(parsed: &Parsed) -> Vec<(String, String)> {
    let lines = parsed.commands.iter().zip(parsed.right_lines());
    let canned = lines.filter_map(|(command, line)| match command {
        Command::Canned(name) => Some((name.clone(), line.clone())),
        _ => None,
    });
    canned.collect()
}

impl Incoming<'_> {
    /// The answer with what the `#canned` lines ask for below the agent's own text; as it was where there are none.
    ///
    /// # Errors
    /// The lines that cannot be done, and why.
    pub fn with_canned(
        &mut self,
        staff: &Staff<'_>,
        ticket: Option<TicketNo>,
        work: &Work,
        own: Option<Draft>,
    ) -> Result<Option<Draft>, Vec<WrongLine>> {
        let asked = asked(&work.parsed);
        let Some((_, first)) = asked.first() else { return Ok(own) };
        if work.notes() {
            return Err(vec![self.inside_only(&work.parsed, first)]);
        }
        let facts = match self.facts_for(staff, ticket, work) {
            Ok(facts) => facts,
            Err(refusal) => return Err(vec![self.wrong_of(&refusal, first)]),
        };
        let mut draft = own;
        let mut wrong = Vec::new();
        for (name, line) in &asked {
            match self.fill_called(name, &facts) {
                Ok(filled) => draft = Some(self.below(draft, filled)),
                Err(refusal) => wrong.push(self.canned_wrong(&refusal, line)),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        // What waits for a `#send` bears the text itself, not the command for it.
        Ok(draft.map(|mut d| {
            d.commands = work.parsed.lines.iter().filter(|l| !asked.iter().any(|(_, a)| a == *l)).cloned().collect();
            d
        }))
    }

    fn fill_called(&mut self, name: &str, facts: &Facts) -> Result<Draft, Refusal> {
        let canned = self.case.canned_called(name, &facts.languages).map_err(Refusal::Canned)?.clone();
        self.case.fill_with(facts, Some(&canned.name), &canned.body).map_err(Refusal::Unfilled)
    }

    /// Below the agent's own text, an empty line between them. What he wrote stays his.
    fn below(&self, own: Option<Draft>, canned: Draft) -> Draft {
        let letter = Some(self.env.letter);
        let sameness = self.letter.sameness.clone();
        let Some(own) = own else { return Draft { letter, sameness, ..canned } };
        if own.text.trim().is_empty() {
            return Draft { letter, sameness, text: canned.text, html: canned.html, ..own };
        }
        let above = own.html.clone().unwrap_or_else(|| as_html(&own.text));
        let html = format!("<div>{}</div>\n<br>\n{}", above.trim_end(), canned.html.unwrap_or_default());
        Draft { text: format!("{}\n\n{}", own.text.trim_end(), canned.text), html: Some(html), ..own }
    }

    /// What may be said, once the commands that say to whom it goes are obeyed.
    fn facts_for(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, work: &Work) -> Result<Facts, Refusal> {
        let begins = work.errands.iter().find_map(|e| match e {
            Errand::New(to, subject) => Some((to, subject)),
            _ => None,
        });
        if let Some((to, subject)) = begins {
            let name = self.case.found.customers.get(to).map_or("", |c| c.name.as_str());
            return Ok(Facts {
                customer: Some(Party::new(name, to.clone())),
                subject: subject.clone(),
                ..Facts::without_ticket(&self.case.rules, self.mailbox, Some(staff))
            });
        }
        let ticket = ticket.ok_or(Refusal::NoTicket)?;
        let mark = self.case.mark();
        let facts = self.first(staff, ticket, work).map(|target| {
            let about = self.case.survivor(target).cloned()?;
            let mailbox = self.case.mailbox(&about.mailbox)?;
            let written = &self.case.found.written;
            let written = written.get(&about.number).or_else(|| written.get(&ticket)).map_or(&[][..], Vec::as_slice);
            let mut facts = Facts::of(&self.case.rules, mailbox, &about, Some(staff), written);
            // One that is being split off is not there yet, so that nothing can be its own.
            facts.ticket = self.case.found.tickets.contains_key(&about.number).then_some(about.number);
            Some(facts)
        });
        self.case.undo(mark);
        facts?.ok_or(Refusal::NoTicket)
    }

    /// A note is the agent's own words.
    fn inside_only(&self, parsed: &Parsed, line: &str) -> WrongLine {
        let notes = |c: &Command| matches!(c, Command::Note(_) | Command::Called(_));
        let other = parsed.commands.iter().zip(parsed.right_lines()).find(|(c, _)| notes(c));
        let other = other.map(|(_, l)| l.clone()).unwrap_or_default();
        WrongLine { line: line.to_owned(), why: WrongWhy::Contradicts { other }, nearest: None }
    }

    /// A `#canned` line that cannot be done.
    /// A line that names a canned answer which cannot be sent, and why.
    pub fn canned_wrong(&self, refusal: &Refusal, line: &str) -> WrongLine {
        let mut wrong = self.wrong_of(refusal, line);
        if let Refusal::Canned(NotFound::Unknown(Some(near))) = refusal {
            let words = Wording::of(self.case.inside_voice().language);
            wrong.nearest = Some(format!("#{} {near}", keyword(words, "canned")));
        }
        wrong
    }

    /// A command for a canned answer of which there is none, or which of several it is cannot be told.
    #[must_use]
    pub fn no_such_canned(&self, command: &Command, line: &str) -> Option<WrongLine> {
        let Command::Canned(name) = command else { return None };
        let refusal = Refusal::Canned(self.case.rules.library.find(name).err()?);
        Some(self.canned_wrong(&refusal, line))
    }

    /// Whether the mail asks for a canned answer where its text goes to nobody outside.
    #[must_use]
    pub fn canned_inside(&self, parsed: &Parsed) -> Option<WrongLine> {
        let (_, line) = asked(parsed).into_iter().next()?;
        Some(self.wrong_of(&Refusal::NotThis, &line))
    }
}

/// What an agent reads of a text that could not be filled.
#[must_use]
pub fn why_unfilled(unfilled: &Unfilled) -> WrongWhy {
    match unfilled {
        Unfilled::Unknown(names) => WrongWhy::UnknownVariables { names: names.clone() },
        Unfilled::Empty(names) => WrongWhy::EmptyVariables { names: names.clone() },
        Unfilled::Broken(why) => WrongWhy::BrokenCanned { why: why.clone() },
    }
}

/// Plain text as HTML, its lines as they are.
fn as_html(text: &str) -> String {
    let mut html = String::new();
    escape_into(text.trim_end(), &mut html);
    html.replace('\n', "<br>\n")
}
