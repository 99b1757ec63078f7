//! What an agent's proved mail asks for is done: text to the customer, commands, notes. All or nothing.

use crate::desk::act::{Act, Refusal, of_command};
use crate::desk::answer::{Draft, Seen};
use crate::desk::case::Staff;
use crate::desk::commands::incident::Fault;
use crate::desk::commands::polite::says_nothing;
use crate::desk::commands::{self, Command, Parsed, Wrong, keyword};
use crate::desk::doubt::{Sight, doubt_about_text, doubts};
use crate::desk::errand::Errand;
use crate::desk::html_lines::without_lines;
use crate::desk::incident;
use crate::desk::intake::Incoming;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::defused;
use crate::desk::say::held::HeldWhy;
use crate::desk::say::notification::Reason;
use crate::desk::say::refused::{WrongLine, WrongWhy};
use crate::desk::sign::Token;
use crate::model::{Address, MessageNo, Party, TicketNo, Time};
use crate::plan::{Change, Fate, KnownParcel};
use crate::wording::Wording;

/// `#away` without an end.
const WITHOUT_END: Time = Time::from_unix(253_370_764_800);

/// What one mail of an agent's asks for.
#[derive(Clone, Debug, Default)]
pub struct Work {
    pub parsed: Parsed,
    pub acts: Vec<Act>,
    pub errands: Vec<Errand>,
    /// What goes to the customer; `None`: nothing.
    pub draft: Option<Draft>,
    /// What goes to those whom the errands name, and not to the customer.
    pub aside: Option<Draft>,
    /// The message that the mail answers, where it is known.
    pub about: Option<MessageNo>,
}

impl Work {
    /// Whether the text stays inside.
    pub fn notes(&self) -> bool {
        self.acts.iter().any(|a| matches!(a, Act::Note { .. } | Act::Called(_)))
    }

    /// Whether the text goes to somebody whom a command names.
    pub fn sends_aside(&self) -> bool {
        self.errands.iter().any(|e| e.recipient().is_some())
    }

    /// As it is shown to the agent and kept while it waits.
    pub fn shown(&self) -> Draft {
        self.draft.clone().or_else(|| self.aside.clone()).unwrap_or_else(|| Draft {
            letter: None,
            sameness: String::new(),
            text: if self.notes() { self.parsed.text.clone() } else { String::new() },
            html: None,
            attachments: Vec::new(),
            commands: self.parsed.lines.clone(),
        })
    }
}

/// What is done before the text leaves, because it says to whom.
const fn goes_first(act: &Act) -> bool {
    matches!(
        act,
        Act::Participate(_) | Act::Leave(_) | Act::Customer(_) | Act::SameAs(_) | Act::NotSameAs(_) | Act::Split(_)
    )
}

impl Incoming<'_> {
    /// A reply to a notification: commands are obeyed, text goes to the customer.
    pub fn reply(&mut self, staff: &Staff<'_>, ticket: TicketNo, to: Option<&KnownParcel>) {
        if self.is_between_us(staff) {
            return self.reply_with_note(staff, ticket, None);
        }
        let Some(mut work) = self.work(staff, Some(ticket)) else { return };
        work.about = to.and_then(|p| p.message);
        let Some(facts) = self.case.tickets.get(&ticket).cloned() else { return };
        let sight = Sight {
            case: &self.case,
            letter: self.letter,
            staff,
            facts: &facts,
            to,
            parsed: &work.parsed,
            acts: &work.acts,
            draft: work.draft.as_ref(),
            aside: work.aside.as_ref(),
        };
        let doubts = doubts(&sight);
        if doubts.is_empty() {
            self.carry_out(staff, Some(ticket), &work);
        } else {
            self.hold(staff, ticket, &work, doubts);
        }
    }

    /// A mail to a colleague of which the desk has a copy: it is no answer.
    fn is_between_us(&self, staff: &Staff<'_>) -> bool {
        let rules = self.case.rules;
        let to_desk = self.letter.to.iter().any(|p| rules.is_ours(&p.address));
        let colleague = self.letter.to.iter().filter_map(|p| rules.staff(&p.address));
        let mut others = colleague.filter(|s| s.address() != staff.address());
        !to_desk && others.next().is_some()
    }

    /// Nothing is done by an address that may come from the mail client's memory, until the agent says so.
    pub fn reply_to_stale_address(&mut self, staff: &Staff<'_>, ticket: TicketNo) {
        if let Some(work) = self.work(staff, Some(ticket)) {
            self.hold_stale(staff, ticket, &work);
        }
    }

    /// Text and commands of the mail; `None` if it was refused.
    pub fn work(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) -> Option<Work> {
        let parsed = self.parse();
        let (acts, errands) = match self.asked_for(staff, ticket, &parsed) {
            Ok(asked_for) => asked_for,
            Err(wrong) => {
                self.refuse(staff, ticket, wrong);
                return None;
            }
        };
        let mut work = Work { parsed, acts, errands, ..Work::default() };
        let silent = says_nothing(&work.parsed.text, staff.name) && self.attachment_rows().iter().all(|a| a.inline);
        let draft = (!silent && !work.notes()).then(|| self.draft(&work.parsed));
        let draft = match self.with_canned(staff, ticket, &work, draft) {
            Ok(draft) => draft,
            Err(wrong) => {
                self.refuse(staff, ticket, wrong);
                return None;
            }
        };
        if !work.sends_aside() {
            work.draft = draft;
        } else if draft.is_some() {
            work.aside = draft;
        } else {
            let wrong = self.wrong_of(&Refusal::NoText, &work.parsed.lines.join(" "));
            self.refuse(staff, ticket, vec![wrong]);
            return None;
        }
        Some(work)
    }

    fn hold_stale(&mut self, staff: &Staff<'_>, ticket: TicketNo, work: &Work) {
        let mut why = vec![HeldWhy::StaleAddress];
        if let Some(facts) = self.case.tickets.get(&ticket).cloned() {
            let sight = Sight {
                case: &self.case,
                letter: self.letter,
                staff,
                facts: &facts,
                to: None,
                parsed: &work.parsed,
                acts: &[],
                draft: work.draft.as_ref(),
                aside: work.aside.as_ref(),
            };
            why.extend(doubt_about_text(&sight));
        }
        self.hold(staff, ticket, work, why);
    }

    fn hold(&mut self, staff: &Staff<'_>, ticket: TicketNo, work: &Work, why: Vec<HeldWhy>) {
        let work = &self.answer_first(staff, work.clone());
        let held_on = match why.first() {
            Some(HeldWhy::TicketChanged { now }) => *now,
            _ => ticket,
        };
        let to = self.recipients_of(held_on, staff, work);
        self.case.hold_answer(held_on, staff, &work.shown(), why, to, Seen { about: work.about, ..Seen::default() });
        self.settle(Fate::Done("an answer that is held"));
    }

    /// Who would get the text: whom the errands name, else the customer and who takes part once the commands are obeyed.
    pub fn recipients_of(&mut self, ticket: TicketNo, staff: &Staff<'_>, work: &Work) -> Vec<Party> {
        if work.sends_aside() {
            return work.errands.iter().filter_map(Errand::recipient).map(|a| Party::new("", a.clone())).collect();
        }
        let mark = self.case.mark();
        let target = self.first(staff, ticket, work).unwrap_or(ticket);
        let to = self.case.survivor(target).map(|f| self.case.recipients(f)).unwrap_or_default();
        self.case.undo(mark);
        to
    }

    /// Sends the text, if any, then does what was commanded. If one thing cannot be done, nothing is.
    pub fn carry_out(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, work: &Work) {
        let mark = self.case.mark();
        match self.try_out(staff, ticket, work) {
            Ok(fate) => self.settle(fate),
            Err(refusal) => {
                self.case.undo(mark);
                let wrong = self.wrong_of(&refusal, &work.parsed.lines.join(" "));
                self.refuse(staff, ticket, vec![wrong]);
            }
        }
    }

    /// Does what says to whom the text goes; the ticket that all the rest is about.
    pub fn first(&mut self, staff: &Staff<'_>, ticket: TicketNo, work: &Work) -> Result<TicketNo, Refusal> {
        let actor = staff.actor();
        let mut target = ticket;
        for act in work.acts.iter().filter(|a| goes_first(a)) {
            match act {
                Act::Split(about) => {
                    let facts = self.case.survivor(ticket).cloned().ok_or(Refusal::NoTicket)?;
                    target = self.case.split(&facts, about.or(work.about), &actor, Some(staff))?;
                }
                act => self.case.act(target, act, &actor, Some(staff))?,
            }
        }
        Ok(target)
    }

    fn try_out(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, work: &Work) -> Result<Fate, Refusal> {
        let actor = staff.actor();
        let mut fate = Fate::Done("commands");
        let mut ticket = ticket;
        if work.acts.iter().any(goes_first) {
            let before = ticket.ok_or(Refusal::NoTicket)?;
            let serial = self.case.survivor(before).map(|t| t.serial);
            let target = self.first(staff, before, work)?;
            let replaced = self.case.survivor(target).map(|t| t.serial) != serial;
            if work.draft.is_none() && (target != before || replaced) {
                // The agent has no mail yet that he could answer this ticket by.
                let reason = if target == before { Reason::Again } else { Reason::New };
                self.case.show_again(target, reason, Some(staff));
            }
            ticket = Some(target);
        }
        if let Some(draft) = &work.draft {
            let target = ticket.and_then(|t| self.case.survivor(t)).map(|t| t.number).ok_or(Refusal::NoTicket)?;
            let message = self.case.send_answer(target, Some(staff), &actor, draft).ok_or(Refusal::NoAddress)?;
            fate = Fate::Message(message);
        }
        for errand in &work.errands {
            self.run(staff, ticket, errand, work.aside.as_ref(), work.about)?;
        }
        for act in work.acts.iter().filter(|a| !goes_first(a)) {
            self.case.act(ticket.ok_or(Refusal::NoTicket)?, act, &actor, Some(staff))?;
        }
        let asks = work.parsed.commands.iter().any(|c| matches!(c, Command::Questions(_)));
        for command in work.parsed.commands.iter().filter(|c| !asks || **c != Command::Help) {
            self.personal(staff, ticket, command);
        }
        if asks {
            self.answer_questions(staff, &work.parsed);
        }
        if work.parsed.commands.is_empty() && work.draft.is_none() && work.acts.is_empty() {
            self.help(staff, ticket);
        }
        Ok(fate)
    }

    /// Commands about the agent himself.
    fn personal(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, command: &Command) {
        let agent = staff.address().clone();
        match command {
            Command::Away(until) => {
                self.case.change(Change::AgentAway { agent, until: Some(until.unwrap_or(WITHOUT_END)) });
            }
            Command::Back => self.case.change(Change::AgentAway { agent, until: None }),
            Command::Help => self.help(staff, ticket),
            _ => {}
        }
    }

    /// The agent's text as an answer.
    #[must_use]
    pub fn draft(&self, parsed: &Parsed) -> Draft {
        let html = self.letter.new_html().map(|h| without_lines(&h, &parsed.lines)).filter(|h| !h.is_empty());
        let shown = |cid: &str| html.as_deref().is_some_and(|h| h.contains(&format!("cid:{cid}")));
        let attachments = self
            .attachment_rows()
            .into_iter()
            .filter(|a| !a.inline || a.content_id.as_deref().is_some_and(shown))
            .collect();
        Draft {
            letter: Some(self.env.letter),
            sameness: self.letter.sameness.clone(),
            text: parsed.text.clone(),
            html,
            attachments,
            commands: parsed.lines.clone(),
        }
    }

    /// What the commands ask for; or every line that is wrong.
    pub fn asked_for(
        &self,
        staff: &Staff<'_>,
        ticket: Option<TicketNo>,
        parsed: &Parsed,
    ) -> Result<(Vec<Act>, Vec<Errand>), Vec<WrongLine>> {
        let words = Wording::of(self.case.inside_voice().language);
        let mut wrong: Vec<WrongLine> = parsed.wrong.iter().map(|w| wrong_line(w, words)).collect();
        let mut acts = Vec::new();
        let mut errands = Vec::new();
        for (command, line) in parsed.commands.iter().zip(parsed.right_lines()) {
            if matches!(command, Command::Send | Command::Stop | Command::Drop) {
                wrong.push(WrongLine { line: line.clone(), why: WrongWhy::NothingWaits, nearest: None });
                continue;
            }
            if let Some(no_such) = self.no_such_canned(command, line) {
                wrong.push(no_such);
                continue;
            }
            if matches!(command, Command::Incident(_)) {
                let desk = self.mailbox.address.with_detail("desk").to_string();
                wrong.push(incident::ask::wrong_line(line, Fault::NotHere(desk), words));
                continue;
            }
            // They speak of many tickets, and to the desk alone.
            if matches!(command, Command::Bulk { .. } | Command::Without(_) | Command::Rights(..)) {
                wrong.push(WrongLine { line: line.clone(), why: WrongWhy::NotAllowed, nearest: None });
                continue;
            }
            let errand = Errand::of(command);
            let may = errand.as_ref().map_or(Ok(()), |e| self.may(staff, ticket, e));
            match may.and_then(|()| of_command(command, &self.case.rules, Some(staff.address()), &parsed.text)) {
                Ok(act) => {
                    acts.extend(act);
                    errands.extend(errand);
                }
                Err(refusal) => wrong.push(self.wrong_of(&refusal, line)),
            }
        }
        if wrong.is_empty() { Ok((acts, errands)) } else { Err(wrong) }
    }

    /// A one-tap link: the command in the address, whatever the text says.
    pub fn one_tap(&mut self, staff: &Staff<'_>, ticket: TicketNo, command: &str) {
        let zone = &self.case.rules.settings.desk.time_zone;
        let act = match command {
            "take" => Some(Act::Assign(staff.address().clone())),
            "close" => Some(Act::Close),
            "done" => Some(Act::Done),
            "spam" => Some(Act::Spam),
            "hold" => crate::desk::when::parse("tomorrow", self.case.now, zone).map(Act::Hold),
            _ => {
                let token = Token::OneTap { ticket, command: command.to_owned() };
                token.merges_into().map(Act::Merge)
            }
        };
        let line = command.strip_prefix("merge").map_or_else(|| format!("#{command}"), |n| format!("#merge {n}"));
        let parsed = Parsed { lines: vec![line.clone()], ..Parsed::default() };
        let Some(act) = act else {
            let wrong = self.wrong_of(&Refusal::NotThis, &line);
            return self.refuse(staff, Some(ticket), vec![wrong]);
        };
        let asks_first = match &act {
            Act::Merge(into) => self.case.merges_customers(ticket, *into),
            _ => None,
        };
        let work = Work { parsed, acts: vec![act], ..Work::default() };
        match asks_first {
            Some(why) => self.hold(staff, ticket, &work, vec![why]),
            None => self.carry_out(staff, Some(ticket), &work),
        }
    }

    /// A reply to a breach mail, a manager's notice or a colleague's note: a note to the assignee, never the customer.
    pub fn reply_with_note(&mut self, staff: &Staff<'_>, ticket: TicketNo, writer: Option<Address>) {
        if let Some(wrong) = self.canned_inside(&self.parse()) {
            return self.refuse(staff, Some(ticket), vec![wrong]);
        }
        let Some(mut work) = self.work(staff, Some(ticket)) else { return };
        if work.draft.take().is_some() {
            work.acts.push(Act::Note { text: work.parsed.text.clone(), to: writer });
        }
        self.carry_out(staff, Some(ticket), &work);
    }

    /// The message about which the mail of ours is that this one answers.
    fn answered_message(&self) -> Option<MessageNo> {
        let direct = self.letter.in_reply_to.first().or(self.letter.references.last())?;
        self.case.found.parcels.iter().find(|p| p.message_id == *direct).and_then(|p| p.message)
    }

    /// To the desk: commands alone; any other text comes back unsent.
    pub fn commands_only(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        if self.obeys_incident(staff) || ticket.is_none() && self.wants_bulk(staff) {
            return;
        }
        let Some(mut work) = self.work(staff, ticket) else { return };
        if work.draft.is_some() {
            return self.send_back(staff, ticket);
        }
        work.about = self.answered_message();
        self.carry_out(staff, ticket, &work);
    }

    /// Text to the desk itself goes nowhere.
    pub fn send_back(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why: AskedWhy::CommandsOnly,
            taps: Vec::new(),
            text: if self.is_his_own(staff) { self.letter.new_text.clone() } else { defused(&self.letter.new_text) },
            until: None,
        };
        let page = asked(&self.case.inside_voice(), &facts);
        self.case.tell(self.mailbox, staff, page, ticket, None);
        self.settle(Fate::Done("text to the desk, sent back"));
    }

    /// Why commands to no ticket at all cannot be obeyed, if one of them is about a ticket.
    pub fn needs_ticket(&self, work: &Work) -> Option<WrongLine> {
        let needs = !work.acts.is_empty() || work.errands.contains(&Errand::Files);
        needs.then(|| self.wrong_of(&Refusal::NoTicket, &work.parsed.lines.join(" ")))
    }
}

/// A line that is no command, as the agent reads it.
pub fn wrong_line(wrong: &commands::WrongLine, words: &Wording) -> WrongLine {
    let example = |key: &'static str| {
        let examples = words.list_of(&format!("example.{key}"));
        let example = examples.iter().find(|e| !e.is_empty()).cloned().unwrap_or_default();
        format!("#{} {example}", keyword(words, key)).trim_end().to_owned()
    };
    let mut nearest = None;
    let why = match &wrong.wrong {
        Wrong::Unknown(near) => {
            let rest = wrong.line.split_once(' ').map_or("", |(_, rest)| rest);
            nearest = near.as_ref().map(|n| format!("#{n} {rest}").trim_end().to_owned());
            WrongWhy::UnknownCommand
        }
        Wrong::Missing(key) => WrongWhy::MissingArgument { example: example(key) },
        Wrong::Argument(key) => WrongWhy::BadArgument { example: example(key) },
        Wrong::Time => WrongWhy::BadTime,
        Wrong::Address => WrongWhy::BadAddress,
        Wrong::Query(error) => {
            nearest = error.nearest.as_ref().map(|n| wrong.line.replace(&error.term, n));
            WrongWhy::Query(error.clone())
        }
        Wrong::Incident(fault) => return incident::ask::wrong_line(&wrong.line, fault.clone(), words),
        Wrong::NoArgument => WrongWhy::UnwantedArgument,
        Wrong::Contradicts(other) => WrongWhy::Contradicts { other: other.clone() },
        Wrong::NotYet => WrongWhy::NotYet,
    };
    WrongLine { line: wrong.line.clone(), why, nearest }
}
