//! Everything that is written down of a person, or of tickets whose time is over: found, and nothing touched.
//!
//! The tables that have no index by person are walked by their number in slices: this is asked for now and then, and every index
//! would be paid for by each letter.

use std::collections::{BTreeMap, BTreeSet};

use super::super::custody;
use super::super::db::{Row, args};
use super::super::facts::RecipientEntry;
use super::super::text::{list, read_json, read_parties};
use super::super::{DbError, Store, StoreError, Tx};
use crate::model::{
    Address, AskNo, CustomerNo, Direction, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, Party, QuarantineNo,
    TicketNo, Time,
};

/// Rows that are looked at in one view of the database.
const SLICE: usize = 2000;

/// Whose estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The customer with this address, under all her addresses. `until`: only what was received up to then.
    Person { address: Address, until: Option<Time> },
    /// These tickets with all that was said on them, and customers of whom nothing else is left.
    Tickets(BTreeSet<TicketNo>),
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
    /// What identifies the mails of `messages`: Message-ID, or sameness where there is none.
    pub ids: BTreeSet<String>,
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
    /// Tickets of hers that are neither closed nor spam nor merged.
    pub live: BTreeSet<TicketNo>,
}

impl Estate {
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
    letter: Option<LetterNo>,
    at: Time,
    from: Option<Address>,
    to: BTreeSet<Address>,
    id: String,
}

/// A mail of ours.
struct Sent {
    no: ParcelNo,
    kind: ParcelKind,
    state: ParcelState,
    ticket: Option<TicketNo>,
    message: Option<MessageNo>,
    recipients: Vec<(Address, bool)>,
    message_id: String,
    at: Time,
    copied: bool,
}

const OF_ADDRESS: &str = "SELECT customer FROM address WHERE address = ?1";
const ADDRESSES: &str = "SELECT address FROM address WHERE customer = ?1 ORDER BY address";
const OWNED: &str = "SELECT number, created_at FROM ticket WHERE customer = ?1 ORDER BY number";
const PARTICIPATES: &str = "SELECT ticket FROM participant WHERE address = ?1 ORDER BY ticket";
const WRITTEN: &str =
    "SELECT m.no, m.ticket FROM search s CROSS JOIN message m ON m.no = s.rowid WHERE s.search MATCH ?1 ORDER BY m.no";
const SAID: &str = r"
    SELECT no, ticket, direction, letter, at, from_address, to_parties, cc_parties, message_id, sameness FROM message
    WHERE ticket IN (SELECT value FROM json_each(?1)) ORDER BY no";
const LIVE: &str = "
    SELECT number FROM ticket WHERE number IN (SELECT value FROM json_each(?1)) AND state IN ('open', 'pending', 'held') ORDER BY number";
const PARCELS: &str = "
    SELECT no, kind, state, ticket, message, recipients, message_id, coalesce(settled_at, created_at),
           keep_in_sent = 1 AND copied_at IS NOT NULL
    FROM parcel WHERE no > ?1 ORDER BY no LIMIT ?2";
const ASKS: &str = "SELECT no, ticket, matter FROM ask WHERE no > ?1 ORDER BY no LIMIT ?2";
const ASIDE: &str = "SELECT no, letter, from_address, at FROM quarantine WHERE no > ?1 ORDER BY no LIMIT ?2";
const LETTERS: &str = "
    SELECT no, fate, fate_no, coalesce(fate_why, '') = 'erased', received_at FROM letter WHERE no > ?1 ORDER BY no LIMIT ?2";
const CUSTOMERS: &str = "
    SELECT DISTINCT t.customer FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value WHERE t.customer IS NOT NULL ORDER BY t.customer";
const UIDS: &str = "
    SELECT s.mailbox, s.host, s.user, s.folder, l.uid FROM json_each(?1) j CROSS JOIN letter l ON l.no = j.value
    CROSS JOIN source s ON s.no = l.source
    WHERE l.generation = s.generation AND l.name IS NULL ORDER BY s.no, l.uid";

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
    (PARCELS, 2),
    (ASKS, 2),
    (ASIDE, 2),
    (LETTERS, 2),
    (CUSTOMERS, 1),
    (UIDS, 1),
];

fn read_said(row: &Row<'_>) -> Result<Said, DbError> {
    let people = |people: Vec<Party>| people.into_iter().map(|p| p.address);
    let id: Option<String> = row.get(8)?;
    Ok(Said {
        no: row.get(0)?,
        ticket: row.get(1)?,
        direction: row.get(2)?,
        letter: row.get(3)?,
        at: row.get(4)?,
        from: row.get(5)?,
        to: people(read_parties(row, 6)?).chain(people(read_parties(row, 7)?)).collect(),
        id: match id {
            Some(id) => id,
            None => row.get(9)?,
        },
    })
}

fn read_sent(row: &Row<'_>) -> Result<Sent, DbError> {
    let recipients: Vec<RecipientEntry> = read_json(row, 5)?;
    let out = |r: &RecipientEntry| matches!(r.state.as_str(), "accepted" | "bounced");
    Ok(Sent {
        no: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        ticket: row.get(3)?,
        message: row.get(4)?,
        recipients: recipients.iter().filter_map(|r| Some((r.address()?, out(r)))).collect(),
        message_id: row.get(6)?,
        at: row.get(7)?,
        copied: row.get(8)?,
    })
}

impl Store {
    /// What belongs to `whom`. `is_about` judges raw mail of ours that is no message (commands, reports): does it speak of what the
    /// estate holds? Nothing is written; each table is read in slices.
    ///
    /// # Errors
    /// A database error.
    pub fn estate(
        &mut self,
        whom: &Whom,
        mut is_about: impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<Estate, StoreError> {
        let mut estate = Estate::default();
        self.read(|tx| tx.find_tickets(whom, &mut estate))?;
        self.find_parcels(whom, &mut estate)?;
        self.find_aside(whom, &mut estate)?;
        self.find_letters(&mut estate, &mut is_about)?;
        estate.uids = self.read(|tx| tx.uids_of(&estate.letters))?;
        Ok(estate)
    }

    /// Walks a table by its number.
    fn walk<T>(
        &mut self,
        sql: &str,
        mut read: impl FnMut(&Row<'_>) -> Result<(i64, T), DbError>,
        mut take: impl FnMut(i64, T),
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let rows = self.read(|tx| Ok(tx.rows(sql, args![after, SLICE], &mut read)?))?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            for (no, row) in rows {
                take(no, row);
            }
        }
    }

    fn find_parcels(&mut self, whom: &Whom, estate: &mut Estate) -> Result<(), StoreError> {
        let read = |row: &Row<'_>| {
            let sent = read_sent(row)?;
            Ok((sent.no.0, sent))
        };
        let mut sent = Vec::new();
        self.walk(PARCELS, read, |_, parcel| sent.push(parcel))?;
        for parcel in sent {
            take_parcel(&parcel, whom, estate);
        }
        estate.copies.sort();
        Ok(())
    }

    fn find_aside(&mut self, whom: &Whom, estate: &mut Estate) -> Result<(), StoreError> {
        let mut asks: Vec<(AskNo, Option<TicketNo>, String)> = Vec::new();
        self.walk(
            ASKS,
            |row| Ok((row.get(0)?, (row.get(1)?, row.get::<String>(2)?))),
            |no, (ticket, matter)| asks.push((AskNo(no), ticket, matter)),
        )?;
        for (no, ticket, matter) in asks {
            let names_her = || estate.addresses.iter().any(|a| matter.contains(a.as_str()));
            if ticket.is_some_and(|t| estate.tickets.contains(&t)) || names_her() {
                estate.asks.insert(no);
            }
        }
        let Whom::Person { until, .. } = whom else { return Ok(()) };
        let mut aside: Vec<(QuarantineNo, LetterNo)> = Vec::new();
        let addresses = &estate.addresses;
        self.walk(
            ASIDE,
            |row| Ok((row.get(0)?, (row.get(1)?, row.get::<Option<Address>>(2)?, row.get::<Time>(3)?))),
            |no, (letter, from, at)| {
                let hers = from.is_some_and(|a| addresses.contains(&a)) && until.is_none_or(|u| at <= u);
                aside.extend(hers.then_some((QuarantineNo(no), letter)));
            },
        )?;
        for (no, letter) in aside {
            estate.quarantine.insert(no);
            estate.letters.insert(letter);
        }
        Ok(())
    }

    /// Other copies of the same mails, our mails that came back, and what one of us wrote to the desk about it.
    fn find_letters(
        &mut self,
        estate: &mut Estate,
        is_about: &mut impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<(), StoreError> {
        let Some(first) = estate.letters.first().copied() else { return Ok(()) };
        let mut also = Vec::new();
        let mut ours = Vec::new();
        let known = &*estate;
        self.walk(
            LETTERS,
            |row| Ok((row.get(0)?, (row.get::<Option<String>>(1)?, row.get::<Option<i64>>(2)?, row.get::<bool>(3)?))),
            |no, (fate, fate_no, is_erased)| match (fate.as_deref(), fate_no) {
                (Some("duplicate"), Some(message)) if known.messages.contains(&MessageNo(message)) => {
                    also.push(LetterNo(no));
                }
                (Some("echo"), Some(parcel)) => {
                    let parcel = ParcelNo(parcel);
                    if known.parcels.contains(&parcel) || known.told.contains(&parcel) {
                        also.push(LetterNo(no));
                    }
                }
                (Some("done"), _) if !is_erased && no > first.0 => ours.push(LetterNo(no)),
                _ => {}
            },
        )?;
        for letter in ours {
            let packed = self.read(|tx| {
                Ok(tx.one("SELECT packed FROM raw WHERE letter = ?1", args![letter], |row| row.get::<Vec<u8>>(0))?)
            })?;
            if packed.and_then(|p| custody::unpack(&p)).is_some_and(|raw| is_about(&raw, estate)) {
                also.push(letter);
            }
        }
        estate.letters.extend(also);
        Ok(())
    }
}

fn take_parcel(parcel: &Sent, whom: &Whom, estate: &mut Estate) {
    let on_hers = parcel.ticket.is_some_and(|t| estate.tickets.contains(&t));
    let of_hers = parcel.message.is_some_and(|m| estate.messages.contains(&m));
    let to_her = |address: &Address| estate.addresses.contains(address);
    let hers = parcel.recipients.iter().filter(|(a, _)| to_her(a)).count();
    let until = if let Whom::Person { until, .. } = whom { *until } else { None };
    if !(on_hers || of_hers || hers > 0) || until.is_some_and(|until| parcel.at > until) {
        return;
    }
    let to_others = hers < parcel.recipients.len();
    // An answer on a ticket that is over goes whoever got it.
    let outward = matches!(parcel.kind, ParcelKind::Answer | ParcelKind::Acknowledge);
    if parcel.state == ParcelState::Claimed {
        estate.on_its_way = Some(parcel.no);
    }
    if hers > 0 && to_others && !on_hers {
        estate.shared_parcels.insert(parcel.no);
    } else if hers > 0 || (outward && on_hers) {
        estate.parcels.insert(parcel.no);
        if parcel.copied {
            estate.in_sent.push(parcel.message_id.clone());
        }
    } else {
        estate.told.insert(parcel.no);
        let out = parcel.recipients.iter().filter(|(_, out)| *out);
        let copy = |(to, _): &(Address, bool)| SentCopy {
            to: to.clone(),
            at: parcel.at,
            message_id: parcel.message_id.clone(),
        };
        estate.copies.extend(out.map(copy));
    }
}

impl Tx<'_> {
    fn find_tickets(&mut self, whom: &Whom, estate: &mut Estate) -> Result<(), StoreError> {
        let near: BTreeSet<TicketNo> = match whom {
            Whom::Person { address, until } => self.near_person(address, *until, estate)?,
            Whom::Tickets(tickets) => {
                estate.owned.clone_from(tickets);
                tickets.clone()
            }
        };
        let said = self.rows(SAID, args![list(&near.iter().collect::<Vec<_>>())], read_said)?;
        let mut by_ticket: BTreeMap<TicketNo, Vec<Said>> = near.iter().map(|t| (*t, Vec::new())).collect();
        for message in said {
            by_ticket.entry(message.ticket).or_default().push(message);
        }
        for (ticket, messages) in by_ticket {
            self.share(ticket, messages, whom, estate);
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

    /// What of a ticket's messages goes.
    fn share(&mut self, ticket: TicketNo, messages: Vec<Said>, whom: &Whom, estate: &mut Estate) {
        let hers = |a: &Address| estate.addresses.contains(a);
        let (is_whole, until) = match whom {
            Whom::Tickets(_) => (true, None),
            Whom::Person { until, .. } => {
                let by_other = |m: &Said| m.direction == Direction::In && m.from.as_ref().is_some_and(|a| !hers(a));
                (estate.owned.contains(&ticket) && !messages.iter().any(by_other), *until)
            }
        };
        let mut touched = is_whole;
        for message in messages.into_iter().filter(|m| until.is_none_or(|u| m.at <= u)) {
            let from_her = message.direction == Direction::In && message.from.as_ref().is_some_and(hers);
            let to_her = message.to.iter().any(hers);
            let to_her_alone = to_her && message.to.iter().all(hers);
            let ours = matches!(message.direction, Direction::Out | Direction::Auto);
            if is_whole || from_her || (ours && to_her_alone) {
                estate.letters.extend(message.letter);
                estate.ids.insert(message.id);
                estate.messages.insert(message.no);
                touched = true;
            } else if to_her {
                estate.named.insert(message.no);
                touched = true;
            }
        }
        if is_whole {
            estate.tickets.insert(ticket);
        } else if touched || estate.owned.contains(&ticket) {
            estate.shared.insert(ticket);
        }
    }

    /// Customers who have no other tickets than these.
    fn leave_none(&mut self, tickets: &BTreeSet<TicketNo>, estate: &mut Estate) -> Result<(), StoreError> {
        let tickets_list: Vec<&TicketNo> = tickets.iter().collect();
        for customer in self.rows(CUSTOMERS, args![list(&tickets_list)], |row| row.get::<CustomerNo>(0))? {
            let all = self.rows(OWNED, args![customer], |row| row.get::<TicketNo>(0))?;
            if all.iter().all(|t| tickets.contains(t)) {
                estate.customers.push(customer);
                estate.addresses.extend(self.rows(ADDRESSES, args![customer], |row| row.get::<Address>(0))?);
            }
        }
        Ok(())
    }

    fn uids_of(&mut self, letters: &BTreeSet<LetterNo>) -> Result<Vec<Uids>, StoreError> {
        let letters: Vec<&LetterNo> = letters.iter().collect();
        let rows = self.rows(UIDS, args![list(&letters)], |row| {
            let place: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((place, row.get::<u32>(4)?))
        })?;
        let mut found: Vec<Uids> = Vec::new();
        for ([mailbox, host, user, folder], uid) in rows {
            match found.last_mut().filter(|u| (&u.host, &u.user, &u.folder) == (&host, &user, &folder)) {
                Some(known) => known.uids.push(uid),
                None => found.push(Uids { mailbox, host, user, folder, uids: vec![uid] }),
            }
        }
        Ok(found)
    }
}
