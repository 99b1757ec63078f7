//! `#send` and `#drop`: what waits for an agent's word goes, or is forgotten. Good once, for a day, for what was shown.

use crate::desk::act::Act;
use crate::desk::answer::Draft;
use crate::desk::case::Staff;
use crate::desk::commands::{Command, Ground, Parsed, parse, says_nothing};
use crate::desk::doubt::{Sight, colleagues, doubt_about_text};
use crate::desk::intake::Incoming;
use crate::desk::obey::Work;
use crate::desk::say::Page;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::held::HeldWhy;
use crate::desk::say::not_proved::NotProvedWhy;
use crate::desk::sign::{Grounds, Token};
use crate::desk::tell::{InsidePost, Reply};
use crate::model::{AskNo, ParcelKind, QuarantineNo, TicketNo};
use crate::plan::{Change, Fate, HeldAnswer, KnownAsk, Matter, Release};

/// What an agent says to what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Send,
    Drop,
}

impl Incoming<'_> {
    /// `#send` or `#drop` in reply to something that waits.
    pub fn confirm(&mut self, staff: &Staff<'_>, ask: AskNo) {
        let Some(known) = self.case.found.asks.iter().find(|a| a.no == ask && a.agent == *staff.address()).cloned()
        else {
            return self.set_aside(staff, NotProvedWhy::UnknownAddress, "it confirms what another was asked");
        };
        let parsed = self.parse();
        if known.settled.is_some() || known.expires_at < self.case.now {
            return self.explain(staff, &known, AskedWhy::TooLate, parsed.text);
        }
        let Some(word) = word(&parsed) else {
            return self.explain(staff, &known, AskedWhy::CommandsOnly, parsed.text);
        };
        let how = match word {
            Word::Send => "sent",
            Word::Drop => "dropped",
        };
        self.case.change(Change::SettleAsk { ask, at: self.case.now, how: how.to_owned() });
        match (&known.matter, word) {
            (Matter::Answer(held), Word::Send) => self.send_held(staff, &known, held, &parsed),
            (Matter::Quarantined { quarantine }, Word::Send) => {
                let (quarantine, release, at) = (QuarantineNo(*quarantine), Release::Recorded, self.case.now);
                self.case.change(Change::ReleaseQuarantine { quarantine, release, at });
                self.settle(Fate::Done("released a mail from quarantine"));
            }
            (Matter::Quarantined { quarantine }, Word::Drop) => {
                let (quarantine, at) = (QuarantineNo(*quarantine), self.case.now);
                self.case.change(Change::DropQuarantine { quarantine, at });
                self.settle(Fate::Done("dropped a mail in quarantine"));
            }
            (Matter::Answer(_), Word::Drop) => self.settle(Fate::Done("dropped a held answer")),
        }
    }

    /// Says why nothing was done; what still waits may be confirmed in reply to that.
    fn explain(&mut self, staff: &Staff<'_>, known: &KnownAsk, why: AskedWhy, text: String) {
        let waits = why != AskedWhy::TooLate;
        let facts = AskedFacts {
            subject: self.letter.subject.clone(),
            why,
            taps: Vec::new(),
            text,
            until: waits.then_some(known.expires_at),
        };
        let page = asked(&self.case.inside_voice(), &facts);
        self.tell_of(staff, page, known, waits.then_some(known.no));
        self.settle(Fate::Done("nothing that waits was confirmed"));
    }

    fn tell_of(&mut self, staff: &Staff<'_>, page: Page, known: &KnownAsk, ask: Option<AskNo>) {
        // The address of what still waits was signed with the moment of its asking.
        let reply = match ask {
            Some(ask) => Reply::To(Token::Confirm { ask }, Grounds { created_at: known.created_at, serial: 0 }),
            None => Reply::Desk,
        };
        let post = InsidePost {
            kind: ParcelKind::Confirm,
            name: self.mailbox.display_name.clone(),
            ticket: known.ticket,
            message: None,
            ask,
            reply,
            attachments: Vec::new(),
            not_before: self.case.now,
        };
        self.case.inside(self.mailbox, staff, page, post);
    }

    /// What was held goes, as it was shown; or with the text that stands below the `#send`.
    fn send_held(&mut self, staff: &Staff<'_>, known: &KnownAsk, held: &HeldAnswer, parsed: &Parsed) {
        let zone = &self.case.rules.settings.desk.time_zone;
        let mut work_parsed = parse(&held.commands.join("\n"), &Ground { now: known.created_at, zone });
        work_parsed.text.clone_from(&held.text);
        let acts = match self.acts(staff, &work_parsed) {
            Ok(acts) => acts.into_iter().map(confirmed).collect(),
            Err(wrong) => return self.refuse(staff, known.ticket, wrong),
        };
        let mut work = Work { parsed: work_parsed, acts, draft: None };
        let replaced = !says_nothing(&parsed.text, staff.name);
        let inside = work.acts.iter().any(|a| matches!(a, Act::Note { .. } | Act::Called(_)));
        if !inside && (replaced || !held.text.is_empty() || !held.attachments.is_empty()) {
            work.draft = Some(self.draft_of(held, replaced.then_some(parsed)));
        }
        let Some(ticket) = known.ticket else { return self.carry_out(staff, None, &work) };
        match self.changed_since(staff, ticket, known, held, replaced.then_some(parsed), &work) {
            Some(why) => {
                self.case.hold_answer(ticket, staff, &work.shown(), why);
                self.settle(Fate::Done("an answer that is held again"));
            }
            None => self.carry_out(staff, Some(ticket), &work),
        }
    }

    fn draft_of(&self, held: &HeldAnswer, replaced: Option<&Parsed>) -> Draft {
        let own = replaced.map(|parsed| self.draft(parsed));
        Draft {
            letter: Some(self.env.letter),
            sameness: self.letter.sameness.clone(),
            text: own.as_ref().map_or_else(|| held.text.clone(), |d| d.text.clone()),
            // Pictures within the text go with the text that showed them.
            attachments: held.attachments.iter().filter(|a| own.is_none() || !a.inline).cloned().collect(),
            html: own.map_or_else(|| held.html.clone(), |d| d.html),
            commands: held.commands.clone(),
        }
    }

    /// Why the word given is not good for what would go now: it covers exactly the recipients and the text that were shown.
    fn changed_since(
        &self,
        staff: &Staff<'_>,
        ticket: TicketNo,
        known: &KnownAsk,
        held: &HeldAnswer,
        replaced: Option<&Parsed>,
        work: &Work,
    ) -> Option<HeldWhy> {
        let facts = self.case.survivor(ticket)?;
        work.draft.as_ref()?;
        let to: Vec<String> = self.case.recipients(facts).iter().map(|p| p.address.to_string()).collect();
        if !held.to.is_empty() && to != held.to {
            return Some(HeldWhy::RecipientsChanged);
        }
        let answer = facts.last_answer.as_ref().filter(|a| a.agent.as_ref() != Some(staff.address()));
        if answer.is_some_and(|a| a.at > known.created_at) {
            return colleagues(&self.case, facts);
        }
        doubt_about_text(&Sight {
            case: &self.case,
            letter: self.letter,
            staff,
            facts,
            to: None,
            parsed: replaced?,
            acts: &[],
            draft: work.draft.as_ref(),
        })
    }
}

/// `#send` or `#drop`, and no other command.
fn word(parsed: &Parsed) -> Option<Word> {
    let all = |wanted: &Command| !parsed.commands.is_empty() && parsed.commands.iter().all(|c| c == wanted);
    if !parsed.wrong.is_empty() {
        return None;
    }
    if all(&Command::Send) { Some(Word::Send) } else { all(&Command::Drop).then_some(Word::Drop) }
}

/// What the agent was asked about is confirmed by his word.
fn confirmed(act: Act) -> Act {
    match act {
        Act::Merge(into) => Act::MergeCustomers(into),
        other => other,
    }
}
