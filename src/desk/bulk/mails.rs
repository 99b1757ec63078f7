//! The tickets of a bulk, a few at a time: checked before it is shown, written, taken back, and answered together with another ticket.

use crate::config::settings::{Mailbox, Mode};
use crate::desk::answer::{Draft, Look, Way};
use crate::desk::bulk::words::{library_of, words};
use crate::desk::canned::{Library, Unfilled};
use crate::desk::case::{Case, Rules, Staff};
use crate::desk::say::bulk::{BulkPage, BulkRefusal, Sample, preview, refusal, report};
use crate::desk::sign::{Grounds, Token};
use crate::desk::tell::{InsidePost, Reply};
use crate::model::{BulkState, BulkStep, Direction, Kind, ParcelKind, State, TicketNo, Time};
use crate::plan::{
    BulkFacts, BulkLine, BulkTicket, Change, Findings, KnownAsk, Matter, NewMessage, Said, TicketFacts, What,
};

/// Whoever has confirmed it may stop it as long as it lasts; the word to send is good for a day.
const ASK_FOR_S: i64 = 24 * Time::HOUR;

/// Why a ticket is left out, as `bulk_ticket.why` says it and `bulk.why_…` of the language files explains it.
pub const WHYS: &[&str] = &[
    "without",
    "answered",
    "customer-wrote",
    "closed",
    "spam",
    "merged",
    "changed",
    "no-address",
    "not-yours",
    "writer-gone",
    "variable",
    "leak",
    "from-note",
];

/// A mail of a bulk before it is one.
#[derive(Debug)]
struct Mail<'a> {
    mailbox: &'a Mailbox,
    draft: Draft,
    language: String,
}

/// Why a ticket gets none: a word of [`WHYS`], and what belongs to it.
type Why = String;

/// One bulk being decided.
#[derive(Debug)]
struct Work<'a> {
    case: Case<'a>,
    bulk: &'a BulkFacts,
    by: Option<Staff<'a>>,
    library: Library,
}

impl<'a> Work<'a> {
    fn new(bulk: &'a BulkFacts, found: &'a Findings, rules: &Rules<'a>, now: Time) -> Self {
        let by = bulk.agent.as_ref().and_then(|a| rules.staff(a));
        Self { case: Case::new(*rules, found, now), bulk, by, library: library_of(&bulk.text) }
    }

    fn step(&mut self, ticket: TicketNo, step: BulkStep, why: &str, language: &str) {
        let (bulk, why, language) = (self.bulk.no, why.to_owned(), language.to_owned());
        self.case.change(Change::BulkStep { bulk, ticket, step, why, language });
    }

    /// What the ticket's customer would get; or why nothing. It is only looked at: no code is taken.
    fn look(&mut self, row: &BulkTicket) -> Result<(TicketFacts, Mail<'a>), Why> {
        let before = self.case.changes.len();
        let mail = self.mail(row);
        self.case.changes.truncate(before);
        mail
    }

    /// What the ticket's customer gets; or why nothing.
    fn mail(&mut self, row: &BulkTicket) -> Result<(TicketFacts, Mail<'a>), Why> {
        let facts = self.case.tickets.get(&row.ticket).cloned().ok_or("changed")?;
        let facts = &facts;
        if let Some(why) = changed(row, facts) {
            return Err(why.to_owned());
        }
        if self.bulk.agent.is_some() && self.by.is_none() {
            return Err("writer-gone".to_owned());
        }
        let may = |name: &String| self.by.is_none_or(|s| s.mailboxes.contains(name));
        let mailbox = self.case.mailbox(&facts.mailbox).filter(|m| m.mode == Mode::Desk && may(&facts.mailbox));
        let mailbox = mailbox.ok_or("not-yours")?;
        let reachable = facts.customer_party.is_some()
            && self.case.recipients(facts).first().map(|p| &p.address)
                == facts.customer_party.as_ref().map(|p| &p.address);
        if !reachable {
            return Err("no-address".to_owned());
        }
        let (draft, language) = words(&mut self.case, row.ticket, self.by.as_ref(), &self.bulk.text, &self.library)
            .map_err(|unfilled| format!("variable {}", blamed(&unfilled)))?;
        if let Some(found) = self.case.leak(facts, mailbox, self.by.as_ref(), &draft, &[]) {
            return Err(format!("leak {found}"));
        }
        if let Some(found) = self.case.noted_words(facts.number, &draft.text) {
            return Err(format!("from-note {found}"));
        }
        Ok((facts.clone(), Mail { mailbox, draft, language }))
    }

    fn way(&self) -> Way {
        if self.bulk.answers { Way::Bulk } else { Way::BulkWord }
    }
}

fn blamed(unfilled: &Unfilled) -> String {
    match unfilled {
        Unfilled::Broken(why) => why.clone(),
        other => other.variables().join(", "),
    }
}

/// What has happened to a ticket since it was shown, in a word.
fn changed(row: &BulkTicket, facts: &TicketFacts) -> Option<&'static str> {
    match facts.state {
        State::Merged => Some("merged"),
        State::Spam => Some("spam"),
        State::Closed if row.state != State::Closed => Some("closed"),
        _ if facts.last_answer.as_ref().map(|a| a.message) != row.last_answer => Some("answered"),
        _ if facts.last_in.as_ref().map(|l| l.message) != row.last_in => Some("customer-wrote"),
        state if state != row.state || facts.serial != row.serial => Some("changed"),
        _ => None,
    }
}

/// Looks whether each of `rows` could be sent. What would be sent stands in the changes' place as [`would_say`] tells.
#[must_use]
pub fn check(bulk: &BulkFacts, rows: &[BulkTicket], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    for row in rows {
        if row.leader != row.ticket {
            work.step(row.ticket, BulkStep::Joined, "", "");
            continue;
        }
        match work.look(row) {
            Ok((_, mail)) => work.step(row.ticket, BulkStep::Ready, "", &mail.language),
            Err(why) => work.step(row.ticket, BulkStep::LeftOut, &why, ""),
        }
    }
    work.case.changes
}

/// The texts that `rows` would be told, for the last look at what stands in notes.
#[must_use]
pub fn would_say(bulk: &BulkFacts, rows: &[BulkTicket], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<String> {
    let mut work = Work::new(bulk, found, rules, now);
    let leaders = rows.iter().filter(|r| r.leader == r.ticket);
    let mut texts: Vec<String> = leaders.filter_map(|r| work.look(r).ok()).map(|(_, mail)| mail.draft.text).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Writes the mails of `rows` into the outbox, and leaves out what has changed since it was shown.
#[must_use]
pub fn write(bulk: &BulkFacts, rows: &[BulkTicket], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    for row in rows {
        let before = work.case.changes.len();
        let mail = work.mail(row);
        let by = work.by;
        let way = work.way();
        let written = mail.and_then(|(facts, mail)| {
            let sent = work.case.write_answer(facts.number, by.as_ref(), &bulk.actor, &mail.draft, way);
            sent.ok_or_else(|| "no-address".to_owned())
        });
        match written {
            Ok((message, parcel)) => {
                let ticket = row.ticket;
                let left_in = work.case.tickets.get(&ticket).map_or(row.state, |t| t.state);
                work.case.change(Change::BulkQueued { bulk: bulk.no, ticket, message, parcel, left_in });
            }
            Err(why) => {
                work.case.changes.truncate(before);
                work.step(row.ticket, BulkStep::LeftOut, &why, "");
            }
        }
    }
    work.case.changes
}

/// Mails that have not left stay here: as notes, and the tickets as they were before. `step`: what becomes of them.
#[must_use]
pub fn take_back(
    bulk: &BulkFacts,
    rows: &[BulkTicket],
    step: BulkStep,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    for row in rows {
        let (Some(message), Some(parcel)) = (row.message, row.parcel) else { continue };
        let Some(facts) = work.case.tickets.get(&row.ticket).cloned() else { continue };
        let actor = if bulk.why.is_empty() || step == BulkStep::LeftOut { "svar" } else { bulk.why.as_str() };
        work.case.change(Change::Recall { parcel, message, at: now });
        work.case.event(row.ticket, actor, What::Stopped, format!("message {message}"));
        // Whatever else has happened to it since is not undone.
        let last_answer = if bulk.answers { Some(message) } else { row.last_answer };
        let state = if facts.state == State::Closed { row.state } else { facts.state };
        let since = changed(&BulkTicket { last_answer, state, ..row.clone() }, &facts);
        let untouched = !bulk.answers || since.is_none();
        if untouched && matches!(row.state, State::Open | State::Held) && facts.state == State::Pending {
            work.case.set_state(row.ticket, State::Open, None, actor, What::Open);
        }
        let why = match since {
            Some(why) => why,
            None if step == BulkStep::LeftOut => "changed",
            None => "",
        };
        work.step(row.ticket, step, why, "");
    }
    work.case.changes
}

/// Tickets of customers whose one mail, on another of their tickets, has come to an end: if she got it, it answers these as well.
/// `said`: that mail, by the ticket that it stands on.
#[must_use]
pub fn follow(bulk: &BulkFacts, rows: &[BulkTicket], found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    for row in rows {
        let Some(facts) = work.case.tickets.get(&row.ticket).cloned() else { continue };
        let said = row.message.and_then(|m| found.said.get(&m)).cloned();
        match (row.step, said, changed(row, &facts)) {
            (BulkStep::Sent, _, Some(why)) => work.step(row.ticket, BulkStep::LeftOut, why, ""),
            (BulkStep::Sent, Some(said), None) if bulk.answers => {
                work.stand_on(&facts, &said);
                work.step(row.ticket, BulkStep::Sent, "", "");
            }
            (step, ..) => work.step(row.ticket, step, &row.why, ""),
        }
    }
    work.case.changes
}

impl Work<'_> {
    /// The answer that the customer got on another ticket is this one's, too.
    fn stand_on(&mut self, facts: &TicketFacts, said: &Said) {
        let (ticket, at) = (facts.number, self.case.now);
        let no = self.case.next.take_message();
        self.case.change(Change::AddMessage(Box::new(NewMessage {
            no,
            ticket,
            direction: Direction::Out,
            kind: Kind::Person,
            letter: None,
            from: said.from.clone(),
            to: facts.customer_party.iter().cloned().collect(),
            cc: Vec::new(),
            at,
            sent_at: None,
            subject: said.subject.clone(),
            text: said.text.clone(),
            new_text: said.new_text.clone(),
            message_id: None,
            sameness: String::new(),
            references: Vec::new(),
            thread_index: None,
            language: None,
            agent: self.bulk.agent.clone(),
            counts: true,
            accepted: true,
            verified: true,
            attachments: Vec::new(),
            defects: Vec::new(),
        })));
        self.case.event(
            ticket,
            &self.bulk.actor,
            What::Answered,
            format!("message {no}, by the mail on #{}", said.ticket),
        );
        self.case.touch(ticket, |t| t.answers += 1);
        self.case.waiting(ticket, None);
        if matches!(facts.state, State::Open | State::Held) {
            let actor = self.bulk.actor.clone();
            self.case.set_state(ticket, State::Pending, None, &actor, What::Pending);
        }
    }

    /// How it would look to the customer of a ticket.
    fn sample(&mut self, row: &BulkTicket) -> Option<Sample> {
        let (facts, mail) = self.look(row).ok()?;
        let Look { subject, text, from, .. } = self.case.look(mail.mailbox, &facts, self.by.as_ref(), &mail.draft);
        let to = facts.customer_party.clone()?;
        Some(Sample { ticket: row.ticket, language: mail.language, subject, text, from, to })
    }

    /// A mail to whoever wants it; from the shell nobody hears.
    fn tell(&mut self, page: crate::desk::say::Page, known: Option<(crate::model::AskNo, Time)>) {
        let (Some(by), Some(mailbox)) = (self.by, self.case.mailbox(&self.bulk.mailbox)) else { return };
        let reply = match known {
            Some((ask, created_at)) => Reply::To(Token::Confirm { ask }, Grounds { created_at, serial: 0 }),
            None => Reply::Desk,
        };
        let post = InsidePost {
            kind: ParcelKind::Confirm,
            name: mailbox.display_name.clone(),
            ticket: None,
            message: None,
            ask: known.map(|k| k.0),
            reply,
            attachments: Vec::new(),
            not_before: self.case.now,
        };
        self.case.inside(mailbox, &by, page, post);
    }
}

/// What of a bulk people are shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Tickets whose customers get a mail; the first of them, where they are many.
    pub ready: Vec<BulkLine>,
    /// Tickets that are answered by a mail on another.
    pub joined: Vec<BulkLine>,
    pub left_out: Vec<BulkLine>,
    pub failed: Vec<BulkLine>,
    pub stopped: Vec<BulkLine>,
    /// For the samples, one a language.
    pub samples: Vec<BulkTicket>,
}

/// The page of a bulk as it is now.
#[must_use]
pub fn page_of(bulk: &BulkFacts, shown: &Shown, found: &Findings, rules: &Rules<'_>, now: Time) -> BulkPage {
    let mut work = Work::new(bulk, found, rules, now);
    BulkPage {
        bulk: bulk.clone(),
        shown: shown.clone(),
        samples: shown.samples.iter().filter_map(|row| work.sample(row)).collect(),
        takes_s: takes_s(bulk, found, rules),
        until: now.plus(ASK_FOR_S),
    }
}

/// In so many seconds all is sent, at the pace that the configuration allows; `None`: at once.
fn takes_s(bulk: &BulkFacts, found: &Findings, rules: &Rules<'_>) -> Option<i64> {
    let settings = rules.settings;
    let limits = settings.mailbox(&bulk.mailbox)?.pace(&settings.limits);
    let mails = bulk.counts.ready;
    let by_minute = (limits.mail_per_minute > 0).then(|| {
        let a_minute = crate::plan::bulk::bulk_per_minute(limits.mail_per_minute);
        (mails - 1).max(0) / a_minute * Time::MINUTE
    });
    let by_day = (limits.mail_per_day > 0).then(|| {
        let a_day = (limits.mail_per_day * 4 / 5).max(1);
        let gone = found.handed_over.get(&bulk.mailbox).copied().unwrap_or(0);
        // What is gone of today's comes back tomorrow.
        ((mails + gone).max(1) - 1) / a_day * Time::DAY
    });
    by_minute.into_iter().chain(by_day).max().filter(|s| *s > 0)
}

/// All is checked: the preview goes to whoever wants it, or nothing is left to send.
#[must_use]
pub fn show(bulk: &BulkFacts, shown: &Shown, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    let page = page_of(bulk, shown, found, rules, now);
    let voice = work.case.inside_voice();
    // Whoever is at the shell sees it for himself.
    if bulk.counts.ready == 0 && bulk.agent.is_some() {
        let page = refusal(&voice, &bulk.subject, &BulkRefusal::NothingLeft(Box::new(page)));
        work.tell(page, None);
        work.set(BulkState::Dropped, "nothing-left");
        return work.case.changes;
    }
    let page = preview(&voice, &page);
    if let Some(by) = &work.by {
        let no = work.case.next.take_ask();
        work.case.change(Change::NewAsk(KnownAsk {
            no,
            ticket: None,
            agent: by.address().clone(),
            created_at: now,
            expires_at: now.plus(ASK_FOR_S),
            settled: None,
            matter: Matter::Bulk { bulk: bulk.no.0 },
        }));
        work.case.change(Change::AskBulk { bulk: bulk.no, ask: no });
        work.tell(page, Some((no, now)));
    }
    work.set(BulkState::Asked, "");
    work.case.changes
}

/// It cannot be: whoever wants it is told why.
#[must_use]
pub fn refuse(bulk: &BulkFacts, why: &BulkRefusal, found: &Findings, rules: &Rules<'_>, now: Time) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    let page = refusal(&work.case.inside_voice(), &bulk.subject, why);
    work.tell(page, None);
    work.set(BulkState::Dropped, why.word());
    work.case.changes
}

/// It is over: whoever wanted it is told what became of it. `asked_at`: when the word for it was asked for.
#[must_use]
pub fn end(
    bulk: &BulkFacts,
    shown: &Shown,
    asked_at: Option<Time>,
    found: &Findings,
    rules: &Rules<'_>,
    now: Time,
) -> Vec<Change> {
    let mut work = Work::new(bulk, found, rules, now);
    let page = BulkPage {
        bulk: BulkFacts { ended_at: Some(now), ..bulk.clone() },
        shown: shown.clone(),
        samples: Vec::new(),
        takes_s: None,
        until: now,
    };
    let page = report(&work.case.inside_voice(), &page);
    work.tell(page, bulk.ask.zip(asked_at));
    work.set(BulkState::Over, "");
    work.case.changes
}

impl Work<'_> {
    fn set(&mut self, state: BulkState, why: &str) {
        let at = self.case.now;
        self.case.change(Change::SetBulk { bulk: self.bulk.no, state, why: why.to_owned(), at });
    }
}
