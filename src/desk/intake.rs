//! One letter: what to look up for it, and which of the desk's doors it goes through.

use crate::config::settings::{AcknowledgeWhen, Mailbox, Mode, Notify, TakenFor};
use crate::desk::canned::facts::order;
use crate::desk::canned::like::rare_words;
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::commands::plain::headings;
use crate::desk::commands::{Named, named};
use crate::desk::practice;
use crate::desk::sign::{SignedAddress, Token};
use crate::desk::thread;
use crate::desk::vouch::{Vouch, vouch};
use crate::mail::form::matches_pattern;
use crate::mail::letter::{Letter, ReturnPath};
use crate::model::{Address, Channel, Kind, ParcelNo, TicketNo, Time, one_line};
use crate::plan::{
    Asked, AttachmentRow, Change, Clues, Envelope, Fate, Findings, Folder, NewQuarantine, Question, Release,
};

/// One letter being decided.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub case: Case<'a>,
    pub letter: &'a Letter,
    pub env: &'a Envelope,
    pub mailbox: &'a Mailbox,
    /// Tickets named by `[#n]`.
    pub numbers: Vec<TicketNo>,
    /// Signed addresses among the recipients, unverified, without doubles.
    pub signed: Vec<SignedAddress>,
}

/// The recipients that speak of where a letter went: To, Cc, and where it was delivered.
fn recipients(letter: &Letter) -> impl Iterator<Item = &Address> {
    letter.to.iter().chain(&letter.cc).map(|p| &p.address).chain(&letter.delivered_to)
}

fn signed_addresses(letter: &Letter, rules: &Rules<'_>) -> Vec<SignedAddress> {
    let mut signed = Vec::new();
    for address in recipients(letter).filter(|a| rules.is_ours(a)) {
        if let Some(read) = address.detail().and_then(SignedAddress::parse)
            && !signed.contains(&read)
        {
            signed.push(read);
        }
    }
    signed
}

/// The mail of ours that comes back in this letter, as the address says to which it came.
pub fn bounce_address(letter: &Letter, rules: &Rules<'_>) -> Option<(i64, ParcelNo)> {
    recipients(letter).filter(|a| rules.is_ours(a)).filter_map(|a| a.detail()).find_map(|d| rules.key.bounced_parcel(d))
}

/// Whether the letter may be acknowledged with a promise.
fn promises(letter: &Letter, env: &Envelope, rules: &Rules<'_>) -> bool {
    let acknowledge = &rules.settings.acknowledge;
    acknowledge.promise
        && acknowledge.when != AcknowledgeWhen::Never
        && letter.kind == Kind::Person
        && env.folder == Folder::Inbox
        && !env.old
}

/// Whether agents may be told of the letter by mail, as a customer's.
fn is_told(letter: &Letter, env: &Envelope, rules: &Rules<'_>) -> bool {
    let ours = letter.from.as_ref().is_none_or(|p| rules.staff(&p.address).is_some() || rules.is_ours(&p.address));
    let told = |m: &Mailbox| m.mode == Mode::Desk && m.notify != Notify::None;
    let fresh = env.folder == Folder::Inbox && !env.old && env.channel != Channel::Import;
    fresh && !ours && letter.kind == Kind::Person && rules.settings.mailbox(&env.mailbox).is_some_and(told)
}

/// What to look up for a letter.
#[must_use]
pub fn clues(letter: &Letter, env: &Envelope, rules: &Rules<'_>) -> Clues {
    let signed = signed_addresses(letter, rules);
    let mut numbers = thread::numbers(&letter.subject);
    numbers.extend(signed.iter().filter_map(|s| s.token.ticket()));
    numbers.extend(signed.iter().filter_map(|s| s.token.merges_into()));
    let mut by_commands = Named::default();
    if letter.from.as_ref().is_some_and(|p| rules.staff(&p.address).is_some()) {
        let headings = letter.new_html().as_deref().map(headings).unwrap_or_default();
        by_commands = named(&letter.new_text, &headings);
        numbers.extend(&by_commands.tickets);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut references: Vec<String> = Vec::new();
    for id in letter.in_reply_to.iter().chain(letter.references.iter().rev()) {
        if references.len() < 200 && !references.contains(id) {
            references.push(id.clone());
        }
    }
    let mut people: Vec<Address> = Vec::new();
    let others = letter.to.iter().chain(&letter.cc).map(|p| &p.address);
    let original =
        letter.original.as_ref().and_then(|o| o.from.as_ref()).filter(|_| env.released == Some(Release::Recorded));
    let author = letter.from.as_ref().map(|p| &p.address).filter(|_| env.folder == Folder::Inbox);
    for address in env.released_for.as_ref().or(original.map(|p| &p.address)).into_iter().chain(author).chain(others) {
        if people.len() < 50 && !people.contains(address) && !(rules.is_ours(address) && env.folder == Folder::Sent) {
            people.push(address.clone());
        }
    }
    let bounce = letter.bounce.as_ref();
    let own = letter.svar_id.as_deref().into_iter().chain(bounce.and_then(|b| b.svar_id.as_deref()));
    let parcels =
        own.filter_map(|v| rules.key.verify_svar_id(v)).chain(bounce_address(letter, rules)).map(|(_, p)| p).collect();
    let tapped = signed.iter().filter_map(|s| match s.token {
        Token::Release { quarantine } => Some(quarantine),
        _ => None,
    });
    Clues {
        message_id: letter.message_id.clone(),
        sameness: letter.sameness.clone(),
        references,
        numbers,
        people,
        thread_index: letter.thread_index.clone(),
        base_subject: letter.base_subject.clone(),
        parcels,
        practices: practice::named(letter, &signed, rules),
        canned: by_commands.canned,
        incidents: by_commands.incidents,
        alike: if is_told(letter, env, rules) { rare_words(&letter.subject, &letter.new_text) } else { Vec::new() },
        promise_of: promises(letter, env, rules).then(|| env.mailbox.clone()),
        bounced: bounce.and_then(|b| b.message_id.clone()).into_iter().collect(),
        asks: signed
            .iter()
            .filter_map(|s| match s.token {
                Token::Confirm { ask } => Some(ask),
                _ => None,
            })
            .collect(),
        addresses: by_commands.addresses,
        quarantined: by_commands.quarantined.into_iter().chain(tapped).collect(),
        asked: asked(letter, env, rules, by_commands.questions),
        order: named_order(letter, env, rules),
    }
}

/// The order number that a customer names, where the configuration says what one looks like.
fn named_order(letter: &Letter, env: &Envelope, rules: &Rules<'_>) -> Option<String> {
    let pattern = rules.settings.answers.order.as_ref()?;
    let of_us = letter.from.as_ref().is_some_and(|p| rules.staff(&p.address).is_some());
    if of_us || env.folder == Folder::Sent || letter.kind != Kind::Person {
        return None;
    }
    order(pattern, &letter.subject).or_else(|| order(pattern, &letter.new_text))
}

/// What one of us asks the desk; nothing where it is sure that another wrote it.
fn asked(letter: &Letter, env: &Envelope, rules: &Rules<'_>, mut questions: Vec<Question>) -> Asked {
    let staff = letter.from.as_ref().and_then(|p| rules.staff(&p.address));
    let (Some(staff), Some(mailbox)) = (staff, rules.settings.mailbox(&env.mailbox)) else { return Asked::default() };
    let vouched = vouch(letter, mailbox, staff.addresses);
    if questions.is_empty() || env.folder == Folder::Sent || matches!(vouched, Vouch::Unproved(_)) {
        return Asked::default();
    }
    let mut seen: Vec<Question> = Vec::new();
    questions.retain(|q| {
        let is_new = !seen.contains(q);
        seen.push(q.clone());
        is_new
    });
    Asked {
        by: Some(staff.address().clone()),
        proved: vouched.is_proved(),
        mailboxes: staff.mailboxes.to_vec(),
        questions,
    }
}

type Door<'a> = (&'static str, fn(&mut Incoming<'a>) -> bool);

/// The doors, in order. Each looks whether the letter is its own, and if so deals with it.
const fn doors<'a>() -> [Door<'a>; 15] {
    [
        ("a mail to ourselves", Incoming::probe),
        ("a reply to a practice mail", Incoming::practice),
        ("long past", Incoming::history),
        ("a canned answer", Incoming::canned_mail),
        ("released from quarantine", Incoming::released),
        ("our own mail", Incoming::echo),
        ("a mail in Sent", Incoming::sent),
        ("on record already", Incoming::duplicate),
        ("a sender whom an agent has blocked", Incoming::of_blocked),
        ("a sender's rule", Incoming::by_rule),
        ("a bounce", Incoming::bounce),
        ("one of us", Incoming::of_staff),
        ("a third party who was asked", Incoming::of_third_party),
        ("a robot", Incoming::robot),
        ("a customer", Incoming::of_customer),
    ]
}

/// Decides what to do about a letter. Same arguments, same changes; the last of them settles the letter.
#[must_use]
pub fn decide(letter: &Letter, env: &Envelope, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let Some(mailbox) = rules.settings.mailbox(&env.mailbox) else {
        // The mailbox has left the configuration since: the letter is kept.
        let no = found.next.quarantine;
        let quarantine = NewQuarantine {
            no,
            letter: env.letter,
            mailbox: env.mailbox.clone(),
            from: letter.from.as_ref().map(|p| p.address.clone()),
            subject: letter.subject.clone(),
            reason: "no-mailbox: the configuration has no mailbox of this name any more".to_owned(),
            at: now,
            list_at: None,
        };
        return vec![
            Change::Quarantine(quarantine),
            Change::Settle { letter: env.letter, fate: Fate::Quarantined(no) },
        ];
    };
    let mut incoming = Incoming {
        case: Case::new(*rules, found, now),
        letter,
        env,
        mailbox,
        numbers: thread::numbers(&letter.subject),
        signed: signed_addresses(letter, rules),
    };
    for (_, door) in doors() {
        if door(&mut incoming) {
            break;
        }
    }
    incoming.case.changes
}

impl<'a> Incoming<'a> {
    pub fn settle(&mut self, fate: Fate) {
        self.case.change(Change::Settle { letter: self.env.letter, fate });
    }

    /// Sets the letter aside, whole. `reason`: a word, a colon, a sentence.
    pub fn quarantine(&mut self, reason: impl Into<String>) -> crate::model::QuarantineNo {
        self.put_aside(reason.into(), None)
    }

    /// The same; agents are told of it at `list_at`, in a list.
    pub fn put_aside(&mut self, reason: String, list_at: Option<Time>) -> crate::model::QuarantineNo {
        let no = self.case.next.take_quarantine();
        self.case.change(Change::Quarantine(NewQuarantine {
            no,
            letter: self.env.letter,
            mailbox: self.mailbox.name.clone(),
            from: self.letter.from.as_ref().map(|p| p.address.clone()),
            subject: self.letter.subject.clone(),
            reason,
            at: self.case.now,
            list_at,
        }));
        self.settle(Fate::Quarantined(no));
        no
    }

    /// The author, if one of us.
    #[must_use]
    pub fn staff(&self) -> Option<Staff<'a>> {
        // Whoever types an agent's address into a form is none.
        let typed = self.letter.form.is_some();
        self.letter.from.as_ref().filter(|_| !typed).and_then(|p| self.case.rules.staff(&p.address))
    }

    /// What is attached, as rows; the bytes come from the letter.
    #[must_use]
    pub fn attachment_rows(&self) -> Vec<AttachmentRow> {
        rows(self.letter)
    }

    /// Taken for what somebody said it is.
    fn released(&mut self) -> bool {
        match self.env.released {
            Some(Release::Recorded) => match self.staff() {
                Some(staff) => {
                    self.record_released(&staff);
                    true
                }
                None => self.of_customer(),
            },
            Some(Release::Customer) => {
                if let Some(blocked) = &self.case.found.blocked {
                    self.case.changes.push(Change::Unblock { address: Some(blocked.address.clone()), ticket: None });
                }
                self.of_customer()
            }
            None => false,
        }
    }

    /// A mail that this desk sent comes back to it: a copy in Sent, a list, an alias.
    fn echo(&mut self) -> bool {
        // Whoever has our mail can copy its header; but what we wrote bears our own address.
        let own = self.letter.from.as_ref().is_some_and(|p| self.case.rules.is_ours(&p.address));
        let Some((epoch, parcel)) =
            self.letter.svar_id.as_deref().and_then(|v| self.case.rules.key.verify_svar_id(v)).filter(|_| own)
        else {
            return false;
        };
        let found = self.case.found;
        if epoch > found.epoch || (epoch == found.epoch && parcel > found.last_parcel) {
            let why = format!(
                "a mail of this desk's, number {parcel} of epoch {epoch}, was not written here: two machines are running"
            );
            self.quarantine(format!("foreign-twin: {why}"));
            self.case.change(Change::Halt { why });
            return true;
        }
        if epoch < found.epoch && !self.case.is_on_record((epoch, parcel)) {
            // Written after the backup that was restored: its number may be another mail's by now.
            self.settle(Fate::Done("a mail of this desk's that is not on record since a restore"));
            return true;
        }
        self.settle(Fate::Echo(parcel));
        true
    }

    fn duplicate(&mut self) -> bool {
        let Some(known) = self.case.found.duplicate.clone() else { return false };
        self.settle(Fate::Duplicate(known.no));
        true
    }

    fn by_rule(&mut self) -> bool {
        // Rules speak of outsiders' robots; a bounce speaks of our own mail.
        if self.staff().is_some() || self.letter.kind == Kind::Bounce {
            return false;
        }
        match self.rule() {
            Some(TakenFor::Ignore) => {
                self.quarantine("ignored: a [[sender]] rule says so");
                true
            }
            Some(TakenFor::Robot) => self.of_robot("a [[sender]] rule says so"),
            Some(TakenFor::Person) => self.of_customer(),
            None => false,
        }
    }

    /// What a `[[sender]]` rule says of the author.
    #[must_use]
    pub fn rule(&self) -> Option<TakenFor> {
        let from = self.letter.from.as_ref()?.address.as_str();
        let rules = &self.case.rules.settings.senders;
        rules
            .iter()
            .filter(|r| r.scope.holds(&self.mailbox.name))
            .find(|r| matches_pattern(&r.pattern.to_lowercase(), from))
            .map(|r| r.taken_for)
    }

    /// Whether the letter was sent with an empty return path: never acknowledged, a person's all the same.
    #[must_use]
    pub fn has_empty_return_path(&self) -> bool {
        self.letter.return_path == ReturnPath::Empty
    }

    #[must_use]
    pub fn is_watched_only(&self) -> bool {
        self.mailbox.mode == Mode::Watch
    }
}

/// The rows of a letter's attachments.
#[must_use]
pub fn rows(letter: &Letter) -> Vec<AttachmentRow> {
    letter
        .attachments
        .iter()
        .map(|a| AttachmentRow {
            name: one_line(&a.name),
            media_type: a.media_type.clone(),
            size: i64::try_from(a.data.len()).unwrap_or(i64::MAX),
            inline: a.inline,
            content_id: a.content_id.clone(),
            sha256: a.sha256.clone(),
        })
        .collect()
}
