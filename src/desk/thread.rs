//! Which ticket does a customer's mail belong to? A table of rules, ranked; the first that names a ticket wins.

use crate::mail::letter::Letter;
use crate::model::{Address, State, TicketNo, Time};
use crate::plan::{Findings, TicketFacts};

/// What the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thread {
    Joins {
        ticket: TicketNo,
        rule: &'static str,
        merged_from: Option<TicketNo>,
    },
    /// A ticket of its own; `related` are tickets that it names and may not join, or that are the same person's matter.
    New {
        rule: &'static str,
        related: Vec<TicketNo>,
    },
}

/// What the rules look at.
struct Sight<'a> {
    letter: &'a Letter,
    found: &'a Findings,
    place: &'a Place<'a>,
    from: Option<&'a Address>,
}

/// Where and when a letter came, and what its subject names.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The mailbox's name.
    pub mailbox: &'a str,
    /// Tickets named by `[#n]` in the subject.
    pub numbers: &'a [TicketNo],
    /// How long after its closing a ticket is still opened again by a reply. Seconds.
    pub reopen_within_s: i64,
    pub now: Time,
}

type Rule = (&'static str, for<'a> fn(&Sight<'a>) -> Vec<TicketNo>);

/// Strongest first. Each gives the tickets that it names, best first; those on which the sender takes no part are not joined.
const TABLE: &[Rule] = &[
    ("reference to a message on record", |s| s.found.messages.iter().map(|m| m.ticket).chain(of_parcels(s)).collect()),
    ("number in the subject", |s| s.place.numbers.to_vec()),
    ("a message on record answers this one", |s| s.found.children.iter().map(|m| m.ticket).collect()),
    ("Thread-Index, same people, same subject", |s| {
        let fits = |t: &TicketFacts| t.mailbox == s.place.mailbox && t.base_subject == s.letter.base_subject;
        let same = |t: &&TicketNo| s.found.tickets.get(t).is_some_and(fits);
        s.found.same_thread_index.iter().map(|m| &m.ticket).filter(same).copied().collect()
    }),
    ("same person, same subject, still unanswered", |s| {
        if s.letter.base_subject.is_empty() {
            return Vec::new();
        }
        let fits = |t: &TicketFacts| {
            t.answers == 0
                && t.last_answer.is_none()
                && t.state == State::Open
                && t.mailbox == s.place.mailbox
                && t.base_subject == s.letter.base_subject
        };
        s.found.senders_tickets.iter().filter(|t| s.found.tickets.get(t).is_some_and(fits)).copied().collect()
    }),
];

/// Mails of ours that are no messages (acknowledgements, notifications) name their ticket too.
fn of_parcels<'a>(s: &'a Sight<'_>) -> impl Iterator<Item = TicketNo> + 'a {
    s.found
        .parcels
        .iter()
        .filter(|p| s.letter.in_reply_to.contains(&p.message_id) || s.letter.references.contains(&p.message_id))
        .filter_map(|p| p.ticket)
}

/// Whether mail from `address` may join the ticket.
#[must_use]
pub fn takes_part(ticket: &TicketFacts, address: &Address) -> bool {
    ticket.customer_addresses.contains(address)
        || ticket.customer_party.as_ref().is_some_and(|p| p.address == *address)
        || ticket.participants.iter().any(|p| p.address == *address)
}

/// Judges a customer's mail.
#[must_use]
pub fn thread(letter: &Letter, found: &Findings, place: &Place<'_>) -> Thread {
    let from = letter.from.as_ref().map(|p| &p.address);
    let sight = Sight { letter, found, place, from };
    let mut related: Vec<TicketNo> = Vec::new();
    let mut why = "a new matter";
    for (rule, named) in TABLE {
        for ticket in named(&sight) {
            let Some(facts) = found.tickets.get(&ticket) else { continue };
            let Some(end) = facts.survivor.map_or(Some(facts), |s| found.tickets.get(&s)) else { continue };
            let part =
                sight.from.is_some_and(|a| takes_part(facts, a) && (takes_part(end, a) || facts.survivor.is_none()));
            let long_closed =
                end.state == State::Closed && end.closed_at.is_some_and(|c| place.now.since(c) > place.reopen_within_s);
            if part && !long_closed {
                return Thread::Joins { ticket: end.number, rule, merged_from: facts.survivor.map(|_| facts.number) };
            }
            why = match (part, why) {
                (true, _) => "answers a ticket that was closed long ago",
                (false, "a new matter") => "names a ticket on which its sender takes no part",
                (false, other) => other,
            };
            if !related.contains(&end.number) {
                related.push(end.number);
            }
        }
    }
    related.truncate(5);
    Thread::New { rule: why, related }
}

/// Tickets named by `[#n]` in a subject, at most five.
#[must_use]
pub fn numbers(subject: &str) -> Vec<TicketNo> {
    let mut numbers = Vec::new();
    for part in subject.split("[#").skip(1) {
        let Some((digits, _)) = part.split_once(']') else { continue };
        let fine = !digits.is_empty() && digits.len() < 16 && digits.bytes().all(|b| b.is_ascii_digit());
        if let Some(number) = fine.then(|| digits.parse().ok()).flatten().map(TicketNo)
            && !numbers.contains(&number)
            && numbers.len() < 5
        {
            numbers.push(number);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_brackets() {
        let check = |subject: &str, expect: &[i64]| {
            assert_eq!(numbers(subject), expect.iter().map(|n| TicketNo(*n)).collect::<Vec<_>>(), "{subject:?}");
        };
        check("[EXTERNT] SV: Re: [#42] Paket [#42] och [#7]", &[42, 7]);
        check("#42 [42] [#] [#x] [#4 2] [#99999999999999999999]", &[]);
        check("Re: Var är paketet? [#1001]", &[1001]);
    }
}
