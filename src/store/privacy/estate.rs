//! Everything that is written down of a person, or of tickets whose time is over: found, and nothing touched.
//!
//! The tables that have no index by person are walked by their number in slices: this is asked for now and then, and every index
//! would be paid for by each letter.

use std::collections::{BTreeMap, BTreeSet};

use super::super::db::{Row, args};
use super::super::text::{list, read_parties};
use super::super::{DbError, Store, StoreError, Tx};
use crate::model::{
    Address, AskNo, CustomerNo, Direction, Kind, LetterNo, MessageNo, ParcelNo, Party, QuarantineNo, TicketNo, Time,
};

/// Whose estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The customer with this address, under all her addresses. `until`: only what was received up to then.
    Person { address: Address, until: Option<Time> },
    /// These tickets with all that was said on them, and customers of whom nothing else is left.
    Tickets(BTreeSet<TicketNo>),
    /// These messages of a ticket, which stays.
    Messages(TicketNo, BTreeSet<MessageNo>),
}

impl Whom {
    /// Whether an end of time is set, and this is behind it.
    pub(super) fn is_later(&self, at: Time) -> bool {
        matches!(self, Self::Person { until: Some(until), .. } if at > *until)
    }
}

/// What identifies a mail. Some senders give each of theirs the same Message-ID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailId {
    pub id: Option<String>,
    /// Empty for mails that svar composed.
    pub sameness: String,
}

/// A mail that is out of reach: it was sent to one of us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct SentCopy {
    pub to: Address,
    pub at: Time,
    pub message_id: String,
}

/// Letters that lie on a server still.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Uids {
    pub mailbox: String,
    pub host: String,
    pub user: String,
    pub folder: String,
    pub uids: Vec<u32>,
    /// In place of UIDs, of a Maildir: names of files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// What belongs to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Estate {
    /// Hers, by which she is known.
    pub addresses: BTreeSet<Address>,
    /// Nothing is left of these customers.
    pub customers: Vec<CustomerNo>,
    /// Tickets of hers alone: nothing of them stays but times and states.
    pub tickets: BTreeSet<TicketNo>,
    /// Tickets on which others write, too.
    pub shared: BTreeSet<TicketNo>,
    /// Of those in `tickets` and `shared`, the ones whose customer she is.
    pub owned: BTreeSet<TicketNo>,
    /// Messages whose content goes.
    pub messages: BTreeSet<MessageNo>,
    /// Messages that stay and name her among those who got them.
    pub named: BTreeSet<MessageNo>,
    /// What identifies the mails of `messages`.
    pub ids: BTreeSet<MailId>,
    /// Raw mail that goes.
    pub letters: BTreeSet<LetterNo>,
    /// Mails of ours to her alone.
    pub parcels: BTreeSet<ParcelNo>,
    /// Mails of ours to her and others.
    pub shared_parcels: BTreeSet<ParcelNo>,
    /// Mails of ours to us about her.
    pub told: BTreeSet<ParcelNo>,
    pub quarantine: BTreeSet<QuarantineNo>,
    pub asks: BTreeSet<AskNo>,
    /// Mails to one of us that have left.
    pub copies: Vec<SentCopy>,
    /// Answers of which a copy lies in Sent.
    pub in_sent: Vec<String>,
    pub uids: Vec<Uids>,
    /// A mail that is being handed over at this moment: it cannot be taken back.
    pub on_its_way: Option<ParcelNo>,
    /// Tickets on which she has written or was written to after the time up to which she is erased.
    pub stays_on: BTreeSet<TicketNo>,
    /// Tickets of hers that are neither closed nor spam nor merged.
    pub live: BTreeSet<TicketNo>,
}

impl Estate {
    /// Whether a mail with this Message-ID goes.
    #[must_use]
    pub fn has_id(&self, id: &str) -> bool {
        let first = MailId { id: Some(id.to_owned()), sameness: String::new() };
        self.ids.range(first..).next().is_some_and(|mail| mail.id.as_deref() == Some(id))
    }

    /// Whether there is nothing to take away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
            && self.owned.is_empty()
            && self.messages.is_empty()
            && self.named.is_empty()
            && self.letters.is_empty()
            && self.parcels.is_empty()
            && self.quarantine.is_empty()
            && self.asks.is_empty()
    }
}

/// A message, as far as it must be known whose it is.
struct Said {
    no: MessageNo,
    ticket: TicketNo,
    direction: Direction,
    kind: Kind,
    letter: Option<LetterNo>,
    at: Time,
    from: Option<Address>,
    to: BTreeSet<Address>,
    id: MailId,
    /// Of a bounce: whom it speaks of stands there.
    text: Option<String>,
}

const OF_ADDRESS: &str = "SELECT customer FROM address WHERE address = ?1";
const ADDRESSES: &str = "SELECT address FROM address WHERE customer = ?1 ORDER BY address";
const OWNED: &str = "SELECT number, created_at FROM ticket WHERE customer = ?1 ORDER BY number";
const PARTICIPATES: &str = "SELECT ticket FROM participant WHERE address = ?1 ORDER BY ticket";
const WRITTEN: &str =
    "SELECT m.no, m.ticket FROM search s CROSS JOIN message m ON m.no = s.rowid WHERE s.search MATCH ?1 ORDER BY m.no";
const SAID: &str = r"
    SELECT no, ticket, direction, letter, at, from_address, to_parties, cc_parties, message_id, sameness, kind,
        CASE kind WHEN 'bounce' THEN text END FROM message
    WHERE ticket IN (SELECT value FROM json_each(?1)) ORDER BY no";
const LIVE: &str = "
    SELECT number FROM ticket WHERE number IN (SELECT value FROM json_each(?1)) AND state IN ('open', 'pending', 'held') ORDER BY number";
const CUSTOMERS: &str = "
    SELECT DISTINCT t.customer FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value WHERE t.customer IS NOT NULL ORDER BY t.customer";
/// All named queries, for the test that each uses an index.
#[cfg(test)]
pub(in crate::store) const QUERIES: &[(&str, usize)] = &[
    (OF_ADDRESS, 1),
    (ADDRESSES, 1),
    (OWNED, 1),
    (PARTICIPATES, 1),
    (WRITTEN, 1),
    (SAID, 1),
    (LIVE, 1),
    (CUSTOMERS, 1),
];

fn read_said(row: &Row<'_>) -> Result<Said, DbError> {
    let people = |people: Vec<Party>| people.into_iter().map(|p| p.address);
    Ok(Said {
        no: row.get(0)?,
        ticket: row.get(1)?,
        direction: row.get(2)?,
        kind: row.get(10)?,
        letter: row.get(3)?,
        at: row.get(4)?,
        from: row.get(5)?,
        to: people(read_parties(row, 6)?).chain(people(read_parties(row, 7)?)).collect(),
        id: MailId { id: row.get(8)?, sameness: row.get(9)? },
        text: row.get(11)?,
    })
}

impl Store {
    /// What belongs to `whom`. `is_us`: an address of the configuration. `is_about` judges raw mail that is no message of hers (commands,
    /// reports, what was set aside): does it speak of what the estate holds? Nothing is written; each table is read in slices.
    ///
    /// # Errors
    /// A database error.
    pub fn estate(
        &mut self,
        whom: &Whom,
        is_us: &dyn Fn(&Address) -> bool,
        mut is_about: impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<Estate, StoreError> {
        let mut estate = Estate::default();
        self.read(|tx| tx.find_tickets(whom, is_us, &mut estate))?;
        self.find_parcels(whom, &mut estate, &mut is_about)?;
        self.find_aside(whom, &mut estate, is_us, &mut is_about)?;
        self.find_letters(whom, &mut estate, &mut is_about)?;
        estate.uids = self.read(|tx| tx.uids_of(&estate.letters))?;
        Ok(estate)
    }
}

impl Tx<'_> {
    fn find_tickets(
        &mut self,
        whom: &Whom,
        is_us: &dyn Fn(&Address) -> bool,
        estate: &mut Estate,
    ) -> Result<(), StoreError> {
        let near: BTreeSet<TicketNo> = match whom {
            Whom::Person { address, until } => self.near_person(address, *until, estate)?,
            Whom::Tickets(tickets) => {
                estate.owned.clone_from(tickets);
                tickets.clone()
            }
            Whom::Messages(ticket, _) => BTreeSet::from([*ticket]),
        };
        let said = self.rows(SAID, args![list(&near.iter().collect::<Vec<_>>())], read_said)?;
        let mut by_ticket: BTreeMap<TicketNo, Vec<Said>> = near.iter().map(|t| (*t, Vec::new())).collect();
        for message in said {
            by_ticket.entry(message.ticket).or_default().push(message);
        }
        for (ticket, messages) in by_ticket {
            share(ticket, messages, whom, is_us, estate);
        }
        if !estate.stays_on.is_empty() {
            // Somebody is still there: the row and its addresses stay together.
            estate.customers.clear();
        }
        if let Whom::Tickets(tickets) = whom {
            self.leave_none(tickets, estate)?;
        }
        let owned: Vec<&TicketNo> = estate.owned.iter().collect();
        estate.live = self.rows(LIVE, args![list(&owned)], |row| row.get(0))?.into_iter().collect();
        Ok(())
    }

    /// Every ticket that she may have to do with.
    fn near_person(
        &mut self,
        address: &Address,
        until: Option<Time>,
        estate: &mut Estate,
    ) -> Result<BTreeSet<TicketNo>, StoreError> {
        let customer: Option<CustomerNo> = self.one(OF_ADDRESS, args![address], |row| row.get(0))?.flatten();
        let mut addresses = BTreeSet::from([address.clone()]);
        let mut near = BTreeSet::new();
        if let Some(customer) = customer {
            addresses.extend(self.rows(ADDRESSES, args![customer], |row| row.get::<Address>(0))?);
            let owned = self.rows(OWNED, args![customer], |row| Ok((row.get::<TicketNo>(0)?, row.get::<Time>(1)?)))?;
            let (old, anew): (Vec<_>, Vec<_>) = owned.into_iter().partition(|(_, at)| until.is_none_or(|u| *at <= u));
            estate.owned.extend(old.into_iter().map(|(ticket, _)| ticket));
            if anew.is_empty() {
                estate.customers.push(customer);
            }
        }
        near.extend(&estate.owned);
        for address in &addresses {
            near.extend(self.rows(PARTICIPATES, args![address], |row| row.get::<TicketNo>(0))?);
            let phrase = address.as_str().replace('"', "\"\"");
            let written = format!("{{sender people}} : \"{phrase}\"");
            near.extend(self.rows(WRITTEN, args![written], |row| row.get::<TicketNo>(1))?);
        }
        estate.addresses = addresses;
        Ok(near)
    }

    /// Customers of whom nothing is left: they have no other tickets than these, and take part in no other.
    fn leave_none(&mut self, tickets: &BTreeSet<TicketNo>, estate: &mut Estate) -> Result<(), StoreError> {
        let tickets_list: Vec<&TicketNo> = tickets.iter().collect();
        for customer in self.rows(CUSTOMERS, args![list(&tickets_list)], |row| row.get::<CustomerNo>(0))? {
            let all = self.rows(OWNED, args![customer], |row| row.get::<TicketNo>(0))?;
            let addresses = self.rows(ADDRESSES, args![customer], |row| row.get::<Address>(0))?;
            let mut near = all;
            for address in &addresses {
                near.extend(self.rows(PARTICIPATES, args![address], |row| row.get::<TicketNo>(0))?);
            }
            if near.iter().all(|t| tickets.contains(t)) {
                estate.customers.push(customer);
                estate.addresses.extend(addresses);
            }
        }
        Ok(())
    }
}

/// What of a ticket's messages goes.
fn share(ticket: TicketNo, messages: Vec<Said>, whom: &Whom, is_us: &dyn Fn(&Address) -> bool, estate: &mut Estate) {
    let hers = |a: &Address| estate.addresses.contains(a);
    let is_owned = estate.owned.contains(&ticket);
    // On a ticket of hers, what a form has sent in our name is hers, too.
    let from_her =
        |m: &Said| m.direction == Direction::In && m.from.as_ref().is_some_and(|a| hers(a) || (is_owned && is_us(a)));
    // A bounce or a robot's mail makes nobody a customer.
    let by_other =
        |m: &Said| m.direction == Direction::In && m.kind == Kind::Person && m.from.is_some() && !from_her(m);
    let is_whole = match whom {
        Whom::Tickets(_) => true,
        Whom::Messages(..) => false,
        Whom::Person { .. } => is_owned && !messages.iter().any(by_other),
    };
    let (mut touched, mut going, mut named) = (is_whole, Vec::new(), Vec::new());
    let mut stays_on = false;
    for message in messages {
        let to_her = message.to.iter().any(hers);
        if whom.is_later(message.at) {
            stays_on |= to_her || from_her(&message);
            continue;
        }
        let to_her_alone = to_her && message.to.iter().all(hers);
        let ours = matches!(message.direction, Direction::Out | Direction::Auto);
        let speaks_of_her =
            || message.text.as_ref().is_some_and(|text| Address::any_stands_in(&estate.addresses, text));
        let bounce_of_hers =
            message.direction == Direction::In && message.kind == Kind::Bounce && (is_owned || speaks_of_her());
        let listed = matches!(whom, Whom::Messages(_, some) if some.contains(&message.no));
        if is_whole || listed || from_her(&message) || bounce_of_hers || (ours && to_her_alone) {
            going.push(message);
            touched = true;
        } else if to_her {
            named.push(message.no);
            touched = true;
        }
    }
    for message in going {
        estate.letters.extend(message.letter);
        estate.ids.insert(message.id);
        estate.messages.insert(message.no);
    }
    estate.named.extend(named);
    estate.stays_on.extend(stays_on.then_some(ticket));
    if is_whole {
        estate.tickets.insert(ticket);
    } else if touched || is_owned {
        estate.shared.insert(ticket);
    }
}
