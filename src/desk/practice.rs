//! Practice with an agent: a mail like a notification that belongs to no ticket, and what his reply would have come to.
//!
//! The reply is judged by the same conditions and cut by the same rules as any other, and nothing follows from it: no customer is
//! there who could get it, and no ticket that a command could change.

use crate::config::settings::{Agent, Mailbox};
use crate::desk::case::{Case, Rules};
use crate::desk::commands::polite::says_nothing;
use crate::desk::customer::facts_of;
use crate::desk::doubt::{Sight, doubt_about_text};
use crate::desk::intake::Incoming;
use crate::desk::say::held::HeldWhy;
use crate::desk::say::notification::{NotificationFacts, Reason, Remark, notification, sender_name};
use crate::desk::sign::{Grounds, Token};
use crate::desk::vouch::{Vouch, vouch};
use crate::mail::compose::{AutoSubmitted, Draft, compose};
use crate::mail::letter::{BouncedRecipient, Letter};
use crate::model::{Address, Channel, Kind, ParcelNo, Party, Priority, State, TicketNo, Time};
use crate::plan::practice::{Came, Doubt, NewPractice, Practice, Reply, Vouched};
use crate::plan::{Change, Envelope, Fate, Findings, Folder, NewTicket, Segment, TicketFacts};
use crate::wording::Wording;

/// No ticket has this number.
const NO_TICKET: TicketNo = TicketNo(0);
/// Nobody has this address (RFC 2606).
const NOBODY: &str = "eva@exempel.example";

/// A practice mail, finished.
#[derive(Clone, Debug)]
pub struct PracticeMail {
    pub no: ParcelNo,
    /// The envelope's.
    pub from: Address,
    pub to: Address,
    pub bytes: Vec<u8>,
}

/// Writes a practice mail to an agent about a mailbox. It goes out past the outbox: somebody waits for what comes of it.
#[must_use]
pub fn practise(
    agent: &Agent,
    mailbox: &Mailbox,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> (Vec<Change>, PracticeMail) {
    let mut case = Case::new(*rules, found, now);
    let (epoch, key) = (found.epoch, rules.key);
    let no = case.next.take_parcel();
    let message_id = key.message_id(epoch, no, mailbox.address.domain());
    let voice = case.inside_voice();
    let page = notification(&voice, &facts_told(mailbox, voice.language, now));
    let reply_to = if mailbox.plus_addressing {
        let token = Token::Practice { parcel: no };
        mailbox.address.with_detail(&key.detail(epoch, &token, agent.address(), grounds(now)))
    } else {
        mailbox.address.clone()
    };
    let from = if mailbox.plus_addressing {
        mailbox.address.with_detail(&key.bounce_detail(epoch, no))
    } else {
        mailbox.address.clone()
    };
    let segments = compose(&Draft {
        from: Party::new(&sender_name(&voice, &mailbox.display_name, None), mailbox.notify_from.clone()),
        to: vec![Party::new(&agent.name, agent.address().clone())],
        cc: Vec::new(),
        reply_to: Some(Party::new("#0 (svar)", reply_to)),
        subject: page.subject,
        date: now,
        zone: rules.settings.desk.time_zone.clone(),
        message_id: message_id.clone(),
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: Some(AutoSubmitted::Generated),
        headers: vec![("X-Svar-Id".to_owned(), key.svar_id(epoch, no))],
        text: page.text,
        html: Some(page.html),
        attachments: Vec::new(),
        attached_mails: Vec::new(),
    });
    let own = |s: Segment| if let Segment::Bytes(bytes) = s { bytes } else { Vec::new() };
    let bytes = segments.into_iter().flat_map(own).collect();
    let new = NewPractice { no, agent: agent.address().clone(), mailbox: mailbox.name.clone(), message_id, at: now };
    case.change(Change::Practise(new));
    (case.changes, PracticeMail { no, from, to: agent.address().clone(), bytes })
}

fn facts_told(mailbox: &Mailbox, language: &str, now: Time) -> NotificationFacts {
    let words = Wording::of(language);
    NotificationFacts {
        number: NO_TICKET,
        subject: words.word("practice.subject"),
        reason: Reason::New,
        author: nobody(words),
        mailbox: mailbox.address.clone(),
        received_at: now,
        due_at: None,
        call: None,
        remarks: vec![Remark::Other(words.word("practice.remark"))],
        text: ["hello", "question", "regards"].map(|part| words.word(&format!("practice.{part}"))).join("\n\n")
            + "\n"
            + &words.word("practice.customer"),
        copies: Vec::new(),
        attachments: Vec::new(),
        left_out: Vec::new(),
        last_answer: None,
        history: Vec::new(),
        related: Vec::new(),
        alike: Vec::new(),
        canned: Vec::new(),
        taps: Vec::new(),
    }
}

fn nobody(words: &Wording) -> Option<Party> {
    Address::parse(NOBODY).map(|a| Party::new(&words.word("practice.customer"), a))
}

const fn grounds(sent_at: Time) -> Grounds {
    Grounds { created_at: sent_at, serial: 0 }
}

/// The practice mails that a letter may be about.
#[must_use]
pub fn named(letter: &Letter, signed: &[crate::desk::sign::SignedAddress], rules: &Rules<'_>) -> Vec<ParcelNo> {
    let by_address = signed.iter().filter_map(|s| match s.token {
        Token::Practice { parcel } => Some(parcel),
        _ => None,
    });
    let by_number = signed_numbers(letter, rules).into_iter().map(|(_, no)| no);
    let mut all: Vec<ParcelNo> = by_address.chain(by_number).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Epochs and numbers of mails of ours that a letter answers or brings back.
fn signed_numbers(letter: &Letter, rules: &Rules<'_>) -> Vec<(i64, ParcelNo)> {
    let bounce = letter.bounce.as_ref();
    let ids = letter.in_reply_to.first().into_iter().chain(letter.references.last());
    let ids = ids.chain(bounce.and_then(|b| b.message_id.as_ref()));
    let by_id = ids.filter_map(|id| rules.key.verify_message_id(id));
    let came_back = bounce.is_some().then(|| crate::desk::intake::bounce_address(letter, rules)).flatten();
    by_id.chain(came_back).collect()
}

/// What comes of a letter that was read before it is in custody: nothing but what is known of a practice mail. Empty: it is about none.
#[must_use]
pub fn rehearse(letter: &Letter, env: &Envelope, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut changes = crate::desk::decide(letter, env, found, rules, now);
    changes.retain(|c| matches!(c, Change::Rehearsed { .. }));
    changes
}

impl Incoming<'_> {
    /// A reply to a practice mail: judged, and no more.
    pub fn practice(&mut self) -> bool {
        if self.env.folder != Folder::Inbox || self.case.found.practices.is_empty() {
            return false;
        }
        let Some((known, came)) = self.came_of_practice() else { return false };
        let ours = self.staff().is_some() || !matches!(came, Came::Reply(_));
        self.case.change(Change::Rehearsed { practice: known.no, came: Box::new(came), at: self.env.received_at });
        if ours {
            self.settle(Fate::Done("a reply to a practice mail"));
        } else {
            // Kept whole: perhaps it is no agent's after all.
            self.quarantine("practice: it answers a practice mail, and its sender is no agent");
        }
        true
    }

    fn came_of_practice(&self) -> Option<(Practice, Came)> {
        let (found, key) = (self.case.found, self.case.rules.key);
        let by_address = self.signed.iter().find_map(|s| {
            let Token::Practice { parcel } = s.token else { return None };
            let known = found.practices.iter().find(|p| p.no == parcel)?;
            key.admits(found.epoch, s, &known.agent, grounds(known.sent_at)).then_some(known)
        });
        if self.letter.kind == Kind::Bounce {
            let speaks_of = signed_numbers(self.letter, &self.case.rules);
            let is_that = |p: &&Practice| speaks_of.iter().any(|s| key.is_that_parcel(*s, p.no, &p.message_id));
            let known = found.practices.iter().find(is_that).or(by_address)?;
            let words = self.letter.bounce.as_ref().and_then(|b| b.recipients.first()).map(said).unwrap_or_default();
            return Some((known.clone(), Came::Bounce(words)));
        }
        let direct = self.letter.in_reply_to.first().into_iter().chain(self.letter.references.last());
        let by_id = direct.filter_map(|id| found.practices.iter().find(|p| p.message_id == *id)).next();
        let known = by_address.or(by_id)?;
        if self.letter.kind != Kind::Person {
            return Some((known.clone(), Came::Robot(self.letter.why.clone())));
        }
        let reply = self.judge_practice(known, by_address.is_some(), by_id.is_some_and(|p| p.no == known.no))?;
        Some((known.clone(), Came::Reply(Box::new(reply))))
    }

    fn judge_practice(&self, known: &Practice, to_signed_address: bool, answers_message_id: bool) -> Option<Reply> {
        let rules = self.case.rules;
        let agent = rules.settings.agent_of(&known.agent)?;
        let staff = Rules::of_agent(agent);
        let (vouched, vouched_why) = match vouch(self.letter, self.mailbox, staff.addresses) {
            Vouch::Proved(rule) => (Vouched::Proved, rule),
            Vouch::Unproved(why) => (Vouched::Unproved, why),
            Vouch::Unknown => (Vouched::Unknown, ""),
        };
        let parsed = self.parse();
        let draft = self.draft(&parsed);
        let facts = self.no_ticket();
        let sight = Sight {
            case: &self.case,
            letter: self.letter,
            staff: &staff,
            facts: &facts,
            to: None,
            parsed: &parsed,
            acts: &[],
            draft: Some(&draft),
            aside: None,
        };
        let empty = says_nothing(&parsed.text, staff.name) && self.attachment_rows().iter().all(|a| a.inline);
        let doubts = if empty { Vec::new() } else { doubt_about_text(&sight).iter().map(doubt).collect() };
        let look = self.case.look(self.mailbox, &facts, Some(&staff), &draft);
        let from = self.letter.from.as_ref().map(|p| &p.address);
        let from_is_his = from.is_some_and(|a| staff.addresses.contains(a));
        // What a stranger writes is kept where his mail is, and nowhere else.
        let text = if from_is_his { look.text } else { String::new() };
        let named = |id: &String| self.letter.in_reply_to.contains(id) || self.letter.references.contains(id);
        let is_signature = |rule: &str| rule.contains("signature") || rule.contains("sent-from");
        Some(Reply {
            to_signed_address,
            answers_message_id,
            speaks_of_it: named(&known.message_id)
                || self.numbers.contains(&NO_TICKET)
                || self.letter.subject.contains("[#0]"),
            one_signed_address: self.signed.len() <= 1,
            from: from.map(ToString::to_string).unwrap_or_default(),
            one_from: self.letter.from_is_single,
            from_is_his,
            vouched,
            vouched_why: vouched_why.to_owned(),
            subject: look.subject,
            text,
            html: look.html.is_some() && draft.html.is_some(),
            empty,
            signature: self.letter.cuts.iter().find(|c| is_signature(c.rule)).map(|c| c.first_line.clone()),
            commands: parsed.lines.clone(),
            wrong: parsed.wrong.iter().map(|w| w.line.clone()).collect(),
            doubts,
            client: self.letter.client.clone(),
            message_id: self.letter.message_id.clone(),
        })
    }

    /// The ticket that there would be, for what is written in its customer's name.
    fn no_ticket(&self) -> TicketFacts {
        let words = Wording::of(self.case.inside_voice().language);
        let ticket = NewTicket {
            number: NO_TICKET,
            subject: words.word("practice.subject"),
            base_subject: String::new(),
            state: State::Open,
            mailbox: self.mailbox.name.clone(),
            channel: Channel::Mail,
            customer: None,
            customer_party: nobody(words),
            priority: Priority::Normal,
            created_at: self.case.now,
        };
        // Not the first that is ever said on it: that would look otherwise.
        TicketFacts { answers: 1, ..facts_of(&ticket, self.case.found.epoch, self.case.now) }
    }
}

fn said(recipient: &BouncedRecipient) -> String {
    let words = [Some(recipient.address.as_str()), recipient.status.as_deref(), recipient.diagnostic.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn doubt(why: &HeldWhy) -> Doubt {
    match why {
        HeldWhy::EndUncertain => Doubt::EndUncertain,
        HeldWhy::CommandInText { line } => Doubt::CommandInText(line.clone()),
        HeldWhy::Leak { found } => Doubt::Leak(found.clone()),
        _ => Doubt::Other,
    }
}
