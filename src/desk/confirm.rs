//! `#send` and `#drop`: what waits for an agent's word goes, or is forgotten. Good once, for a day, for what was shown.

use crate::desk::act::{Act, Refusal};
use crate::desk::answer::{Draft, Seen};
use crate::desk::case::Staff;
use crate::desk::commands::polite::says_nothing;
use crate::desk::commands::{Command, Ground, Parsed, parse};
use crate::desk::doubt::{Sight, colleagues, doubt_about_text};
use crate::desk::intake::Incoming;
use crate::desk::obey::Work;
use crate::desk::say::Page;
use crate::desk::say::asked::{AskedFacts, AskedWhy, asked};
use crate::desk::say::held::HeldWhy;
use crate::desk::say::not_proved::NotProvedWhy;
use crate::desk::say::refused::WrongLine;
use crate::desk::sign::{Grounds, Token};
use crate::desk::tell::{InsidePost, Reply};
use crate::model::{Address, AskNo, MessageNo, ParcelKind, QuarantineNo, TicketNo, Time};
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
        if let Matter::Bulk { .. } = known.matter {
            return self.confirm_bulk(staff, &known);
        }
        let parsed = self.parse();
        if known.settled.is_some() || known.expires_at < self.case.now {
            return self.explain(staff, &known, AskedWhy::TooLate, parsed.text);
        }
        let Some(word) = word(&parsed, &known.matter) else {
            return self.explain(staff, &known, AskedWhy::CommandsOnly, parsed.text);
        };
        match (&known.matter, word) {
            (Matter::Undo { .. }, Word::Send) => return self.hasten(staff, &known),
            (Matter::Undo { .. }, Word::Drop) => return self.stop(staff, &known),
            _ => {}
        }
        let how = match word {
            Word::Send => "sent",
            Word::Drop => "dropped",
        };
        self.case.change(Change::SettleAsk { ask, at: self.case.now, how: how.to_owned() });
        match (&known.matter, word) {
            (Matter::Answer(held), Word::Send) => self.send_held(staff, &known, held, &parsed),
            (Matter::Quarantined { quarantine }, Word::Send) => {
                let (quarantine, release, at) = (QuarantineNo(*quarantine), Release::Recorded, self.case.now);
                let on_behalf = customer_named(&parsed);
                if let Some(address) = &on_behalf
                    && (self.case.rules.is_ours(address) || self.case.rules.staff(address).is_some())
                {
                    let wrong = self.wrong_of(&Refusal::OurAddress(address.clone()), &parsed.lines.join(" "));
                    return self.refuse_again(staff, &known, wrong);
                }
                self.case.change(Change::ReleaseQuarantine { quarantine, release, on_behalf, at });
                self.settle(Fate::Done("released a mail from quarantine"));
            }
            (Matter::Quarantined { quarantine }, Word::Drop) => {
                let (quarantine, at) = (QuarantineNo(*quarantine), self.case.now);
                self.case.change(Change::DropQuarantine { quarantine, at });
                self.settle(Fate::Done("dropped a mail in quarantine"));
            }
            (Matter::Rights { act, subject, until }, Word::Send) => {
                let (until, at) = (Time::from_unix(*until), self.case.now);
                let by = known.agent.clone();
                self.case.change(Change::GrantRights { act: *act, subject: subject.clone(), until, by, at });
                self.settle(Fate::Done("allowed what is done to a person's data"));
            }
            (Matter::Incident { incident }, Word::Send) => self.confirm_incident(staff, &known, incident),
            (_, Word::Drop) => self.settle(Fate::Done("dropped a held answer")),
            (Matter::Undo { .. } | Matter::Bulk { .. }, Word::Send) => {}
        }
    }

    /// What was asked still waits, since the word given to it was wrong.
    fn refuse_again(&mut self, staff: &Staff<'_>, known: &KnownAsk, wrong: WrongLine) {
        self.case.changes.retain(|c| !matches!(c, Change::SettleAsk { .. }));
        self.refuse(staff, known.ticket, vec![wrong]);
    }

    /// Says why nothing was done; what still waits may be confirmed in reply to that.
    pub fn explain(&mut self, staff: &Staff<'_>, known: &KnownAsk, why: AskedWhy, text: String) {
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

    /// A mail about what was asked; a reply to it confirms `ask`, where that still waits.
    pub fn tell_of(&mut self, staff: &Staff<'_>, page: Page, known: &KnownAsk, ask: Option<AskNo>) {
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
        let (acts, errands) = match self.asked_for(staff, known.ticket, &work_parsed) {
            Ok((acts, errands)) => (acts.into_iter().map(confirmed).collect(), errands),
            Err(wrong) => return self.refuse(staff, known.ticket, wrong),
        };
        let about = (held.about > 0).then_some(MessageNo(held.about));
        let mut work = Work { parsed: work_parsed, acts, errands, about, ..Work::default() };
        let replaced = !says_nothing(&parsed.text, staff.name);
        if !work.notes() && (replaced || !held.text.is_empty() || !held.attachments.is_empty()) {
            let draft = Some(self.draft_of(held, replaced.then_some(parsed)));
            if work.sends_aside() {
                work.aside = draft;
            } else {
                work.draft = draft;
            }
        }
        let Some(ticket) = known.ticket else { return self.carry_out(staff, None, &work) };
        let why = self.changed_since(staff, ticket, held, replaced.then_some(parsed), &work);
        if why.is_empty() {
            return self.carry_out(staff, Some(ticket), &work);
        }
        let to = self.recipients_of(ticket, staff, &work);
        let seen = Seen { about, shown: if replaced { String::new() } else { held.why.clone() }, ..Seen::default() };
        self.case.hold_answer(ticket, staff, &work.shown(), why, to, seen);
        self.settle(Fate::Done("an answer that is held again"));
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
        &mut self,
        staff: &Staff<'_>,
        ticket: TicketNo,
        held: &HeldAnswer,
        replaced: Option<&Parsed>,
        work: &Work,
    ) -> Vec<HeldWhy> {
        let Some(leaving) = work.draft.as_ref().or(work.aside.as_ref()) else { return Vec::new() };
        let to: Vec<String> = self.recipients_of(ticket, staff, work).iter().map(|p| p.address.to_string()).collect();
        let Some(facts) = self.case.survivor(ticket) else { return Vec::new() };
        if !held.to.is_empty() && to != held.to {
            return vec![HeldWhy::RecipientsChanged];
        }
        let answer = facts.last_answer.as_ref().filter(|a| a.agent.as_ref() != Some(staff.address()));
        if work.draft.is_some() && answer.is_some_and(|a| a.message.0 > held.answered) {
            return colleagues(&self.case, facts).into_iter().collect();
        }
        // What of the inside was not shown as such is looked for once more; notes may have been written since.
        let shown = |word: &str| replaced.is_some() || held.why.split(' ').any(|w| w == word);
        if !shown("leak")
            && let Some(mailbox) = self.case.mailbox(&facts.mailbox)
            && let Some(found) = self.case.leak(facts, mailbox, Some(staff), leaving, &[])
        {
            return vec![HeldWhy::Leak { found }];
        }
        if !shown("from-note")
            && let Some(found) = self.case.noted_words(facts.number, &leaving.text)
        {
            return vec![HeldWhy::FromNote { found }];
        }
        let Some(parsed) = replaced else { return Vec::new() };
        doubt_about_text(&Sight {
            case: &self.case,
            letter: self.letter,
            staff,
            facts,
            to: None,
            parsed,
            acts: &[],
            draft: work.draft.as_ref(),
            aside: work.aside.as_ref(),
        })
    }
}

/// `#send`, `#stop` or `#drop`, and no other command; but beside the release of a forwarded mail `#customer` says whose it is.
fn word(parsed: &Parsed, matter: &Matter) -> Option<Word> {
    if !parsed.wrong.is_empty() {
        return None;
    }
    let mut found = None;
    for command in &parsed.commands {
        let word = match command {
            Command::Send => Word::Send,
            Command::Stop | Command::Drop => Word::Drop,
            Command::Customer(_) if matches!(matter, Matter::Quarantined { .. }) => Word::Send,
            _ => return None,
        };
        if found.is_some_and(|f| f != word) {
            return None;
        }
        found = Some(word);
    }
    found
}

fn customer_named(parsed: &Parsed) -> Option<Address> {
    parsed.commands.iter().find_map(|c| match c {
        Command::Customer(address) => Some(address.clone()),
        _ => None,
    })
}

/// What the agent was asked about is confirmed by his word.
fn confirmed(act: Act) -> Act {
    match act {
        Act::Merge(into) => Act::MergeCustomers(into),
        other => other,
    }
}
