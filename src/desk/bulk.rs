//! One text to many tickets, by mail to the desk: asked for, shown, confirmed, narrowed, stopped.
//!
//! A bulk is a row that the engine takes on, a few tickets at a time: it is looked up, checked, shown, and after somebody's word
//! written and sent. What is decided here is only what a mail of the agent's says about it; see [`mails`] for its tickets.

pub mod mails;
pub mod words;

use crate::desk::act::Refusal;
use crate::desk::answer::Draft;
use crate::desk::case::Staff;
use crate::desk::commands::polite::says_nothing;
use crate::desk::commands::{Command, Parsed, Wrong, WrongLine as WrongCommand};
use crate::desk::intake::Incoming;
use crate::desk::obey::wrong_line;
use crate::desk::say::asked::AskedWhy;
use crate::desk::say::bulk::over;
use crate::desk::say::refused::{RefusedFacts, WrongLine, WrongWhy, refused};
use crate::model::{BulkState, TicketNo};
use crate::plan::{BulkFacts, BulkText, Change, Fate, KnownAsk, Matter, NewBulk};
use crate::wording::Wording;

/// What a reply to a preview asks for.
enum Word {
    Send,
    Without(Vec<TicketNo>),
    /// `#stop` or `#drop`.
    Stop,
}

impl Incoming<'_> {
    /// `#bulk QUERY` to the desk. `false`: the mail asks for no such thing.
    pub fn wants_bulk(&mut self, staff: &Staff<'_>) -> bool {
        let parsed = self.parse();
        let Some((query, answers)) = parsed.commands.iter().find_map(|c| match c {
            Command::Bulk { query, answers } => Some((query.clone(), *answers)),
            _ => None,
        }) else {
            return false;
        };
        match self.bulk_text(&parsed, staff) {
            Ok(text) => {
                let no = self.case.next.take_bulk();
                self.case.change(Change::NewBulk(Box::new(NewBulk {
                    no,
                    agent: Some(staff.address().clone()),
                    actor: staff.actor(),
                    mailbox: self.mailbox.name.clone(),
                    mailboxes: staff.mailboxes.to_vec(),
                    query,
                    subject: self.letter.subject.clone(),
                    text,
                    answers,
                    at: self.case.now,
                })));
                self.settle(Fate::Done("wants a bulk answer"));
            }
            Err(wrong) => self.refuse(staff, None, wrong),
        }
        true
    }

    /// What is to be said: a canned answer, or the agent's own words below the command.
    fn bulk_text(&self, parsed: &Parsed, staff: &Staff<'_>) -> Result<BulkText, Vec<WrongLine>> {
        let words = Wording::of(self.case.inside_voice().language);
        let mut wrong: Vec<WrongLine> = parsed.wrong.iter().map(|w| wrong_line(w, words)).collect();
        let line_of = |at: usize| parsed.right_lines().nth(at).cloned().unwrap_or_default();
        let mut bulk_line = String::new();
        let mut canned = None;
        for (at, command) in parsed.commands.iter().enumerate() {
            match command {
                Command::Bulk { .. } if bulk_line.is_empty() => bulk_line = line_of(at),
                Command::Canned(name) if canned.is_none() => canned = Some((name, line_of(at))),
                _ => {
                    let contradicts = Wrong::Contradicts(bulk_line.clone());
                    wrong.push(wrong_line(&WrongCommand { line: line_of(at), wrong: contradicts }, words));
                }
            }
        }
        let own = !says_nothing(&parsed.text, staff.name);
        let mut say = |line: &str, why: WrongWhy| wrong.push(WrongLine { line: line.to_owned(), why, nearest: None });
        let text = match canned {
            Some((_, line)) if own => {
                say(&line, WrongWhy::Other(words.word("bulk.text_and_canned")));
                None
            }
            Some((name, line)) => match self.case.rules.library.find(name) {
                Ok(name) => Some(words::kept(self.case.rules.library, name)),
                Err(not_found) => {
                    wrong.push(self.canned_wrong(&Refusal::Canned(not_found), &line));
                    None
                }
            },
            None if !own => {
                say(&bulk_line, WrongWhy::MissingText);
                None
            }
            None => {
                let draft = self.draft(parsed);
                if draft.attachments.iter().any(|a| !a.inline) {
                    say(&bulk_line, WrongWhy::Other(words.word("bulk.attachments")));
                }
                if let Some(stray) = parsed.strays.first() {
                    say(stray, WrongWhy::Other(words.word("bulk.command_in_text")));
                }
                Some(own_text(draft))
            }
        };
        match text {
            Some(text) if wrong.is_empty() => Ok(text),
            _ => Err(wrong),
        }
    }

    /// A reply to the preview of a bulk, or to its report.
    pub fn confirm_bulk(&mut self, staff: &Staff<'_>, known: &KnownAsk) {
        let Matter::Bulk { bulk } = known.matter else { return };
        let facts = self.case.found.bulks.iter().find(|b| b.no.0 == bulk).cloned();
        let parsed = self.parse();
        let is_latest = |b: &BulkFacts| b.ask == Some(known.no);
        let Some(facts) = facts.filter(is_latest) else {
            return self.explain(staff, known, AskedWhy::TooLate, parsed.text);
        };
        let word = match bulk_word(&parsed, staff) {
            Ok(word) => word,
            Err(BadWord::Text) => return self.explain(staff, known, AskedWhy::CommandsOnly, parsed.text),
            Err(BadWord::Lines) => {
                let words = Wording::of(self.case.inside_voice().language);
                let mut wrong: Vec<WrongLine> = parsed.wrong.iter().map(|w| wrong_line(w, words)).collect();
                if wrong.is_empty() {
                    let why = WrongWhy::NotAllowed;
                    wrong.extend(parsed.lines.iter().map(|line| WrongLine {
                        line: line.clone(),
                        why: why.clone(),
                        nearest: None,
                    }));
                }
                return self.refuse_bulk_word(staff, known, wrong);
            }
        };
        let waits = known.settled.is_none() && known.expires_at >= self.case.now;
        match (facts.state, word) {
            (BulkState::Running, Word::Stop) => self.stop_bulk(staff, &facts),
            (BulkState::Asked, Word::Send) if waits => self.start_bulk(known, &facts),
            (BulkState::Asked, Word::Stop) if waits => self.drop_bulk(known, &facts),
            (BulkState::Asked, Word::Without(tickets)) if waits => self.narrow_bulk(staff, known, &facts, tickets),
            (BulkState::Running | BulkState::Stopping | BulkState::Over, _) => {
                let page = over(&self.case.inside_voice(), &facts);
                self.case.tell(self.mailbox, staff, page, None, None);
                self.settle(Fate::Done("said how a bulk stands"));
            }
            _ => self.explain(staff, known, AskedWhy::TooLate, parsed.text),
        }
    }

    /// What was asked still waits: a better word may come in reply to this.
    fn refuse_bulk_word(&mut self, staff: &Staff<'_>, known: &KnownAsk, wrong: Vec<WrongLine>) {
        let (subject, draft) = (self.letter.subject.clone(), self.letter.new_text.clone());
        let facts = RefusedFacts { number: None, subject, wrong, draft };
        let page = refused(&self.case.inside_voice(), &facts);
        self.tell_of(staff, page, known, Some(known.no));
        self.settle(Fate::Done("commands that were refused"));
    }

    fn start_bulk(&mut self, known: &KnownAsk, facts: &BulkFacts) {
        let at = self.case.now;
        self.case.change(Change::SettleAsk { ask: known.no, at, how: "sent".to_owned() });
        self.case.change(Change::SetBulk { bulk: facts.no, state: BulkState::Running, why: String::new(), at });
        self.case.end_answered_incident(facts.no);
        self.settle(Fate::Done("sends a bulk answer"));
    }

    fn drop_bulk(&mut self, known: &KnownAsk, facts: &BulkFacts) {
        let at = self.case.now;
        self.case.change(Change::SettleAsk { ask: known.no, at, how: "dropped".to_owned() });
        self.case.change(Change::SetBulk { bulk: facts.no, state: BulkState::Dropped, why: String::new(), at });
        self.settle(Fate::Done("dropped a bulk answer"));
    }

    fn stop_bulk(&mut self, staff: &Staff<'_>, facts: &BulkFacts) {
        let (at, why) = (self.case.now, staff.actor());
        self.case.change(Change::SetBulk { bulk: facts.no, state: BulkState::Stopping, why, at });
        self.settle(Fate::Done("stopped a bulk answer"));
    }

    /// Some tickets are left out; what remains is shown anew, and the old address is void.
    fn narrow_bulk(&mut self, staff: &Staff<'_>, known: &KnownAsk, facts: &BulkFacts, tickets: Vec<TicketNo>) {
        let at = self.case.now;
        let strangers: Vec<TicketNo> =
            tickets.iter().filter(|t| !self.case.found.bulk_tickets.contains(&(facts.no, **t))).copied().collect();
        if !strangers.is_empty() {
            let words = Wording::of(self.case.inside_voice().language);
            let wrong = strangers
                .iter()
                .map(|t| WrongLine {
                    line: format!("#{t}"),
                    why: WrongWhy::Other(words.word("bulk.not_in_list")),
                    nearest: None,
                })
                .collect();
            return self.refuse_bulk_word(staff, known, wrong);
        }
        self.case.change(Change::SettleAsk { ask: known.no, at, how: "replaced".to_owned() });
        self.case.change(Change::SetBulk { bulk: facts.no, state: BulkState::Checked, why: String::new(), at });
        for ticket in tickets {
            let (why, language) = ("without".to_owned(), String::new());
            let step = crate::model::BulkStep::LeftOut;
            self.case.change(Change::BulkStep { bulk: facts.no, ticket, step, why, language });
        }
        self.settle(Fate::Done("leaves tickets out of a bulk answer"));
    }
}

/// Own words. Pictures within them cannot go along.
fn own_text(draft: Draft) -> BulkText {
    let html = draft.html.filter(|h| !h.contains("cid:"));
    BulkText::Own { text: draft.text, html }
}

enum BadWord {
    /// Other text stands below: it would go nowhere.
    Text,
    Lines,
}

fn bulk_word(parsed: &Parsed, staff: &Staff<'_>) -> Result<Word, BadWord> {
    if !parsed.wrong.is_empty() {
        return Err(BadWord::Lines);
    }
    let mut without = Vec::new();
    let (mut sends, mut stops) = (false, false);
    for command in &parsed.commands {
        match command {
            Command::Send => sends = true,
            Command::Stop | Command::Drop => stops = true,
            Command::Without(tickets) => without.extend(tickets),
            _ => return Err(BadWord::Lines),
        }
    }
    let text = !says_nothing(&parsed.text, staff.name);
    match (sends, stops, without.is_empty()) {
        (false, true, true) => Ok(Word::Stop),
        _ if text => Err(BadWord::Text),
        (true, false, true) => Ok(Word::Send),
        (false, false, false) => Ok(Word::Without(without)),
        (false, false, true) => Err(BadWord::Text),
        // What would be sent then was not shown.
        _ => Err(BadWord::Lines),
    }
}
