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

    fn ticket(number: i64, mailbox: &str, customer: &str) -> TicketFacts {
        let party = crate::model::Party::new("", Address::parse(customer).unwrap());
        let new = crate::plan::NewTicket {
            number: TicketNo(number),
            subject: "Paket".to_owned(),
            base_subject: "paket".to_owned(),
            state: State::Open,
            mailbox: mailbox.to_owned(),
            channel: crate::model::Channel::Mail,
            customer: None,
            customer_party: Some(party),
            priority: crate::model::Priority::Normal,
            created_at: Time::from_unix(0),
        };
        crate::desk::customer::facts_of(&new, 1, Time::from_unix(0))
    }

    fn message(ticket: i64) -> crate::plan::KnownMessage {
        crate::plan::KnownMessage {
            no: crate::model::MessageNo(ticket),
            ticket: TicketNo(ticket),
            message_id: format!("{ticket}@kund.test"),
            direction: crate::model::Direction::In,
            from: None,
            at: Time::from_unix(0),
        }
    }

    /// Mail from eva@kund.test with the subject "Paket" to `support`.
    fn judged(found: &Findings, numbers: &[i64]) -> Thread {
        let letter = crate::mail::read::read(b"From: eva@kund.test\r\nSubject: Paket\r\n\r\nHej\r\n");
        let numbers: Vec<TicketNo> = numbers.iter().map(|n| TicketNo(*n)).collect();
        let place =
            Place { mailbox: "support", numbers: &numbers, reopen_within_s: 14 * Time::DAY, now: Time::from_unix(0) };
        thread(&letter, found, &place)
    }

    fn joins(ticket: i64, rule: &'static str) -> Thread {
        Thread::Joins { ticket: TicketNo(ticket), rule, merged_from: None }
    }

    fn with(tickets: &[TicketFacts]) -> Findings {
        Findings { tickets: tickets.iter().map(|t| (t.number, t.clone())).collect(), ..Findings::default() }
    }

    #[test]
    fn the_strongest_rule_wins() {
        let all = [ticket(1, "support", "eva@kund.test"), ticket(2, "support", "eva@kund.test")];
        let mut found = with(&all);
        assert_eq!(judged(&found, &[2]), joins(2, "number in the subject"));
        found.children = vec![message(1)];
        assert_eq!(judged(&found, &[]), joins(1, "a message on record answers this one"));
        assert_eq!(judged(&found, &[2]), joins(2, "number in the subject"));
        found.messages = vec![message(1)];
        assert_eq!(judged(&found, &[2]), joins(1, "reference to a message on record"));
    }

    #[test]
    fn a_reference_that_may_not_be_joined_leaves_the_weaker_rules() {
        let mut found = with(&[ticket(1, "support", "per@kund.test"), ticket(2, "support", "eva@kund.test")]);
        found.messages = vec![message(1)];
        assert_eq!(judged(&found, &[2]), joins(2, "number in the subject"));
        let stranger =
            Thread::New { rule: "names a ticket on which its sender takes no part", related: vec![TicketNo(1)] };
        assert_eq!(judged(&found, &[]), stranger);
    }

    #[test]
    fn weak_rules_stay_within_the_mailbox() {
        for (mailbox, joined) in [("support", true), ("hr", false)] {
            let mut found = with(&[ticket(1, mailbox, "eva@kund.test")]);
            found.senders_tickets = vec![TicketNo(1)];
            let rule = "same person, same subject, still unanswered";
            assert_eq!(judged(&found, &[]) == joins(1, rule), joined, "{mailbox}");
            found.senders_tickets.clear();
            found.same_thread_index = vec![message(1)];
            let rule = "Thread-Index, same people, same subject";
            assert_eq!(judged(&found, &[]) == joins(1, rule), joined, "{mailbox}");
        }
    }

    #[test]
    fn a_merged_ticket_leads_to_its_survivor_if_the_sender_takes_part_there_too() {
        let merged = |survivors: &str| {
            let mut one = ticket(1, "support", "eva@kund.test");
            one.state = State::Merged;
            one.survivor = Some(TicketNo(2));
            let mut found = with(&[one, ticket(2, "support", survivors)]);
            found.messages = vec![message(1)];
            judged(&found, &[])
        };
        let rule = "reference to a message on record";
        let expect = Thread::Joins { ticket: TicketNo(2), rule, merged_from: Some(TicketNo(1)) };
        assert_eq!(merged("eva@kund.test"), expect);
        assert!(matches!(merged("per@kund.test"), Thread::New { related, .. } if related == [TicketNo(2)]));
    }
}
