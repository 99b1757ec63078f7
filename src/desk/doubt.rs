//! What makes it doubtful that an agent's mail is meant for this customer, whole and as it stands: then it is held and he is asked.

use crate::desk::act::Act;
use crate::desk::answer::Draft;
use crate::desk::case::{Case, Staff};
use crate::desk::commands::Parsed;
use crate::desk::say::held::HeldWhy;
use crate::mail::letter::Letter;
use crate::model::{State, TicketNo, Time};
use crate::plan::{KnownParcel, TicketFacts};

/// An answer to a ticket that was closed so long ago is more likely a stale address.
const CLOSED_LONG_AGO_S: i64 = 30 * Time::DAY;

/// What the doubts look at.
#[derive(Debug)]
pub struct Sight<'a> {
    pub case: &'a Case<'a>,
    pub letter: &'a Letter,
    pub staff: &'a Staff<'a>,
    pub facts: &'a TicketFacts,
    /// The notification that is answered, where it is known.
    pub to: Option<&'a KnownParcel>,
    pub parsed: &'a Parsed,
    pub acts: &'a [Act],
    /// What would be sent to the customer; `None`: nothing.
    pub draft: Option<&'a Draft>,
    /// What would be sent to somebody whom a command names.
    pub aside: Option<&'a Draft>,
}

impl Sight<'_> {
    /// What would leave the house.
    fn leaving(&self) -> Option<&Draft> {
        self.draft.or(self.aside)
    }
}

type Doubt = (&'static str, for<'a> fn(&Sight<'a>) -> Option<HeldWhy>);

/// The gravest first. Those that speak of the text are asked only where there is one.
const TABLE: &[Doubt] = &[
    ("merged into another customer's ticket, or spam", ticket_changed),
    ("closed long ago", closed_long_ago),
    ("another customer's ticket is merged", other_customer),
    ("the end of the text is uncertain", end_uncertain),
    ("a command further down", command_in_text),
    ("a colleague answered first", colleague_answered),
    ("to colleagues as well", between_colleagues),
    ("something of the inside in it", leak),
    ("words of a note in it", from_note),
];

/// The first doubt there is, and what of the inside is in the text besides: the agent's word is good for what he was shown. Empty: none.
#[must_use]
pub fn doubts(sight: &Sight<'_>) -> Vec<HeldWhy> {
    let first = TABLE.iter().find_map(|(_, rule)| rule(sight));
    let mut all: Vec<HeldWhy> = first.into_iter().collect();
    for rule in [leak, from_note] {
        all.extend(rule(sight).filter(|why| all.first().is_some_and(|first| first != why)));
    }
    all
}

/// The doubts about a text alone, such as one that replaces one that was held.
#[must_use]
pub fn doubt_about_text(sight: &Sight<'_>) -> Vec<HeldWhy> {
    [end_uncertain, command_in_text, leak, from_note].iter().filter_map(|rule| rule(sight)).collect()
}

fn ticket_changed(sight: &Sight<'_>) -> Option<HeldWhy> {
    let facts = sight.facts;
    if let Some(survivor) = facts.survivor {
        let other = sight.case.tickets.get(&survivor)?;
        return (other.customer != facts.customer).then_some(HeldWhy::TicketChanged { now: survivor });
    }
    // The mail that was answered is another ticket's now (`#split`).
    let about = sight.to.and_then(|p| p.message).and_then(|m| sight.case.found.said.get(&m));
    if let Some(moved) = about.filter(|s| s.ticket != facts.number && sight.case.found.tickets.contains_key(&s.ticket))
    {
        return Some(HeldWhy::TicketChanged { now: moved.ticket });
    }
    (facts.state == State::Spam && sight.draft.is_some()).then_some(HeldWhy::TicketChanged { now: facts.number })
}

fn closed_long_ago(sight: &Sight<'_>) -> Option<HeldWhy> {
    sight.draft?;
    let now = sight.case.now;
    let end = sight.case.survivor(sight.facts.number)?;
    let long_ago = end.state == State::Closed && end.closed_at.is_some_and(|c| now.since(c) > CLOSED_LONG_AGO_S);
    long_ago.then_some(HeldWhy::StaleAddress)
}

fn other_customer(sight: &Sight<'_>) -> Option<HeldWhy> {
    sight.acts.iter().find_map(|act| match act {
        Act::Merge(into) => {
            let seen = |t: &&TicketFacts| sight.staff.mailboxes.contains(&t.mailbox);
            sight.case.survivor(*into).filter(seen)?;
            sight.case.merges_customers(sight.facts.number, *into)
        }
        _ => None,
    })
}

fn end_uncertain(sight: &Sight<'_>) -> Option<HeldWhy> {
    (sight.leaving().is_some() && !sight.letter.end_is_certain).then_some(HeldWhy::EndUncertain)
}

fn command_in_text(sight: &Sight<'_>) -> Option<HeldWhy> {
    sight.leaving()?;
    sight.parsed.strays.first().map(|line| HeldWhy::CommandInText { line: line.clone() })
}

fn colleague_answered(sight: &Sight<'_>) -> Option<HeldWhy> {
    sight.draft?;
    let end = sight.case.survivor(sight.facts.number)?;
    let answer = end.last_answer.as_ref().filter(|a| a.agent.as_ref() != Some(sight.staff.address()))?;
    let later = match (sight.to, &end.last_in) {
        // Within one second the message that the notification is about decides.
        (Some(told), _) if told.created_at == answer.at => told.message.is_some_and(|about| answer.message > about),
        // An answer that waited in the outbox was decided before the message came that the notification is about: it was shown.
        (Some(told), _) => {
            answer.at > told.created_at
                && told.message.is_none_or(|about| answer.message > about || !is_new(told, sight))
        }
        // Which notification is answered cannot be told: what the customer wrote last has an answer already.
        (None, Some(last)) => answer.message > last.message,
        (None, None) => false,
    };
    later.then(|| colleagues(sight.case, end)).flatten()
}

/// Whether the notification told of a message when that came, and not later (a warning, a hand-over).
fn is_new(told: &KnownParcel, sight: &Sight<'_>) -> bool {
    let said = told.message.and_then(|m| sight.case.found.said.get(&m));
    said.is_some_and(|s| s.at == told.created_at)
}

/// Colleagues are among the recipients besides the desk: perhaps it was meant for them alone.
fn between_colleagues(sight: &Sight<'_>) -> Option<HeldWhy> {
    sight.draft?;
    let others = sight.letter.to.iter().filter_map(|p| sight.case.rules.staff(&p.address));
    let people: Vec<String> =
        others.filter(|s| s.address() != sight.staff.address()).map(|s| s.name.to_owned()).collect();
    (!people.is_empty()).then_some(HeldWhy::BetweenColleagues { people })
}

fn from_note(sight: &Sight<'_>) -> Option<HeldWhy> {
    let draft = sight.leaving()?;
    let found = sight.case.noted_words(sight.facts.number, &draft.text);
    found.map(|found| HeldWhy::FromNote { found })
}

/// The newest answer, as it is shown to a colleague.
#[must_use]
pub fn colleagues(case: &Case<'_>, facts: &TicketFacts) -> Option<HeldWhy> {
    let answer = facts.last_answer.as_ref()?;
    let by = answer.agent.as_ref().and_then(|a| case.rules.staff(a)).map(|s| s.name.to_owned());
    Some(HeldWhy::ColleagueAnswered { by, at: answer.at, text: answer.text.clone() })
}

fn leak(sight: &Sight<'_>) -> Option<HeldWhy> {
    let draft = sight.leaving()?;
    let mailbox = sight.case.mailbox(&sight.facts.mailbox)?;
    let data: Vec<(&str, &[u8])> =
        sight.letter.attachments.iter().map(|a| (a.media_type.as_str(), a.data.as_slice())).collect();
    let found = sight.case.leak(sight.facts, mailbox, Some(sight.staff), draft, &data);
    found.map(|found| HeldWhy::Leak { found })
}

impl Case<'_> {
    /// Why a merge must be confirmed: the two tickets belong to different customers.
    #[must_use]
    pub fn merges_customers(&self, ticket: TicketNo, into: TicketNo) -> Option<HeldWhy> {
        let (one, other) = (self.survivor(ticket)?, self.survivor(into)?);
        let different = one.customer.is_some() && other.customer.is_some() && one.customer != other.customer;
        different.then_some(HeldWhy::OtherCustomer { other: other.number })
    }
}
