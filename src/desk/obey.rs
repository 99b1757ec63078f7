//! What an agent's proved mail asks for is done: text to the customer, commands, notes. All or nothing.

use crate::desk::act::{Act, Refusal, of_command};
use crate::desk::answer::{ASK_FOR_S, Draft, matter};
use crate::desk::case::Staff;
use crate::desk::commands::{Command, Parsed, Wrong, says_nothing};
use crate::desk::doubt::{Sight, doubt};
use crate::desk::html_lines::without_lines;
use crate::desk::intake::Incoming;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::held::HeldWhy;
use crate::desk::say::refused::{WrongLine, WrongWhy};
use crate::desk::sign::Token;
use crate::model::{Address, TicketNo, Time};
use crate::plan::{Change, Fate, KnownParcel};

/// `#away` without an end.
const WITHOUT_END: Time = Time::from_unix(253_370_764_800);

/// What one mail of an agent's asks for.
#[derive(Clone, Debug)]
pub struct Work {
    pub parsed: Parsed,
    pub acts: Vec<Act>,
    /// What goes to the customer; `None`: nothing.
    pub draft: Option<Draft>,
}

impl Work {
    fn notes(&self) -> bool {
        self.acts.iter().any(|a| matches!(a, Act::Note { .. } | Act::Called(_)))
    }

    /// As it is shown to the agent and kept while it waits.
    pub fn shown(&self) -> Draft {
        self.draft.clone().unwrap_or_else(|| Draft {
            letter: None,
            sameness: String::new(),
            text: if self.notes() { self.parsed.text.clone() } else { String::new() },
            html: None,
            attachments: Vec::new(),
            commands: self.parsed.lines.clone(),
        })
    }
}

impl Incoming<'_> {
    /// A reply to a notification: commands are obeyed, text goes to the customer.
    pub fn reply(&mut self, staff: &Staff<'_>, ticket: TicketNo, to: Option<&KnownParcel>) {
        let Some(work) = self.work(staff, Some(ticket)) else { return };
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
        };
        match doubt(&sight) {
            Some(why) => self.hold(staff, ticket, &work, why),
            None => self.carry_out(staff, Some(ticket), &work),
        }
    }

    /// Nothing is done by an address that may come from the mail client's memory, until the agent says so.
    pub fn reply_to_stale_address(&mut self, staff: &Staff<'_>, ticket: TicketNo) {
        if let Some(work) = self.work(staff, Some(ticket)) {
            self.hold(staff, ticket, &work, HeldWhy::StaleAddress);
        }
    }

    /// Text and commands of the mail; `None` if it was refused.
    fn work(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) -> Option<Work> {
        let parsed = self.parse();
        let acts = match self.acts(staff, &parsed) {
            Ok(acts) => acts,
            Err(wrong) => {
                self.refuse(staff, ticket, wrong);
                return None;
            }
        };
        let work = Work { parsed, acts, draft: None };
        let silent = says_nothing(&work.parsed.text, staff.name) && self.attachment_rows().iter().all(|a| a.inline);
        let draft = (!silent && !work.notes()).then(|| self.draft(&work.parsed));
        Some(Work { draft, ..work })
    }

    fn hold(&mut self, staff: &Staff<'_>, ticket: TicketNo, work: &Work, why: HeldWhy) {
        let held_on = match &why {
            HeldWhy::TicketChanged { now } => *now,
            _ => ticket,
        };
        self.case.hold_answer(held_on, staff, &work.shown(), why);
        self.settle(Fate::Done("an answer that is held"));
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

    fn try_out(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, work: &Work) -> Result<Fate, Refusal> {
        let actor = staff.actor();
        let mut fate = Fate::Done("commands");
        if let Some(draft) = &work.draft {
            let target = ticket.and_then(|t| self.case.survivor(t)).map(|t| t.number).ok_or(Refusal::NoTicket)?;
            let message = self.case.send_answer(target, Some(staff), &actor, draft).ok_or(Refusal::NoAddress)?;
            fate = Fate::Message(message);
        }
        for act in &work.acts {
            self.case.act(ticket.ok_or(Refusal::NoTicket)?, act, &actor, Some(staff))?;
        }
        for command in &work.parsed.commands {
            self.personal(staff, ticket, command)?;
        }
        if work.parsed.commands.is_empty() && work.draft.is_none() && work.acts.is_empty() {
            self.help(staff, ticket);
        }
        Ok(fate)
    }

    /// Commands about the agent himself.
    fn personal(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>, command: &Command) -> Result<(), Refusal> {
        let agent = staff.address().clone();
        match command {
            Command::Away(until) => {
                self.case.change(Change::AgentAway { agent, until: Some(until.unwrap_or(WITHOUT_END)) });
            }
            Command::Back => self.case.change(Change::AgentAway { agent, until: None }),
            Command::Help => self.help(staff, ticket),
            Command::Take(tickets) => {
                for number in tickets {
                    let facts = self.case.tickets.get(number).filter(|t| staff.mailboxes.contains(&t.mailbox));
                    let number = facts.map(|t| t.number).ok_or(Refusal::NoSuchTicket(*number))?;
                    self.case.act(number, &Act::Assign(agent.clone()), &staff.actor(), Some(staff))?;
                }
            }
            _ => {}
        }
        Ok(())
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

    /// What the commands ask to do to the ticket; or every line that is wrong.
    pub fn acts(&self, staff: &Staff<'_>, parsed: &Parsed) -> Result<Vec<Act>, Vec<WrongLine>> {
        let mut wrong: Vec<WrongLine> = parsed
            .wrong
            .iter()
            .map(|w| WrongLine {
                line: w.line.clone(),
                why: match &w.wrong {
                    Wrong::Unknown(_) => WrongWhy::UnknownCommand,
                    Wrong::Argument(example) => WrongWhy::MissingArgument { example: (*example).to_owned() },
                    Wrong::NoArgument => WrongWhy::UnwantedArgument,
                },
                nearest: match &w.wrong {
                    Wrong::Unknown(nearest) => nearest.map(|n| format!("#{n}")),
                    _ => None,
                },
            })
            .collect();
        let mut acts = Vec::new();
        // `lines` holds the wrong ones too: a command's own line is found by counting the right ones.
        let right = parsed.lines.iter().filter(|l| !parsed.wrong.iter().any(|w| w.line == **l));
        for (command, line) in parsed.commands.iter().zip(right) {
            if matches!(command, Command::Send | Command::Drop) {
                wrong.push(WrongLine { line: line.clone(), why: WrongWhy::NothingWaits, nearest: None });
                continue;
            }
            match of_command(command, &self.case.rules, Some(staff.address()), &parsed.text) {
                Ok(act) => acts.extend(act),
                Err(refusal) => wrong.push(self.wrong_of(&refusal, line)),
            }
        }
        if wrong.is_empty() { Ok(acts) } else { Err(wrong) }
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
        let work = Work { parsed, acts: vec![act], draft: None };
        match asks_first {
            Some(why) => self.hold(staff, ticket, &work, why),
            None => self.carry_out(staff, Some(ticket), &work),
        }
    }

    /// A reply to a breach mail, a manager's notice or a colleague's note: a note to the assignee, never the customer.
    pub fn reply_with_note(&mut self, staff: &Staff<'_>, ticket: TicketNo, writer: Option<Address>) {
        let Some(mut work) = self.work(staff, Some(ticket)) else { return };
        if work.draft.take().is_some() {
            work.acts.push(Act::Note { text: work.parsed.text.clone(), to: writer });
        }
        self.carry_out(staff, Some(ticket), &work);
    }

    /// To the desk: commands alone; any other text comes back unsent.
    pub fn commands_only(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let Some(work) = self.work(staff, ticket) else { return };
        if work.draft.is_some() {
            return self.send_back(staff, ticket);
        }
        self.carry_out(staff, ticket, &work);
    }

    fn send_back(&mut self, staff: &Staff<'_>, ticket: Option<TicketNo>) {
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why: AskedWhy::CommandsOnly,
            taps: Vec::new(),
            text: self.letter.new_text.clone(),
            until: None,
        };
        let page = asked(&self.case.inside_voice(), &facts);
        self.case.tell(self.mailbox, staff, page, ticket, None);
        self.settle(Fate::Done("text to the desk, sent back"));
    }

    /// A first mail to `+desk` needs no signature, so nothing is changed by it before a `#send`.
    pub fn ask_desk(&mut self, staff: &Staff<'_>) {
        let Some(work) = self.work(staff, None) else { return };
        if work.draft.is_some() {
            return self.send_back(staff, None);
        }
        if !work.acts.is_empty() {
            let wrong = self.wrong_of(&Refusal::NoTicket, &work.parsed.lines.join(" "));
            return self.refuse(staff, None, vec![wrong]);
        }
        if work.parsed.commands.iter().all(|c| *c == Command::Help) {
            self.help(staff, None);
            return self.settle(Fate::Done("asked for help"));
        }
        let commands = work.parsed.lines.clone();
        let draft = work.shown();
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why: AskedWhy::Commands(commands),
            taps: Vec::new(),
            text: String::new(),
            until: Some(self.case.now.plus(ASK_FOR_S)),
        };
        let page = asked(&self.case.inside_voice(), &facts);
        let ask = self.case.ask(None, staff, matter(&draft, &[], "desk"));
        self.case.tell(self.mailbox, staff, page, None, Some(ask));
        self.settle(Fate::Done("commands that are asked about"));
    }
}
