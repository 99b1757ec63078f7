//! Clues in, findings out: what is on record about a letter or a parcel.

use std::collections::BTreeSet;

use super::db::args;
use super::facts::{ACTED_ON, BORNE_BY_MESSAGE, BORNE_BY_PARCEL, BORNE_WITH_SAMENESS, NAMED, reference};
use super::text::same_hash;
use super::{StoreError, Tx};
use crate::model::{Address, BulkNo, CustomerNo, LetterNo, MessageNo, ParcelNo, QuarantineNo, TicketNo, Time};
use crate::plan::incident::{IncidentAsk, Wanted};
use crate::plan::{Clues, DeliveryFindings, Findings, HeldAnswer, KnownAsk, KnownMessage, KnownParcel, Matter, Said};

/// So many earlier tickets of a sender are found.
const SENDERS_TICKETS: usize = 20;
/// So many messages of one Outlook conversation are found.
const SAME_THREAD_INDEX: i64 = 10;

pub(super) const CUSTOMERS: &str = "SELECT number FROM ticket WHERE customer = ?1 ORDER BY number DESC LIMIT ?2";
pub(super) const PARTICIPANTS: &str = "SELECT ticket FROM participant WHERE address = ?1 ORDER BY ticket DESC LIMIT ?2";

pub(super) const THREAD_INDEX: &str = "
    SELECT no, ticket, message_id, direction, from_address, at FROM message WHERE thread_index = ?1 ORDER BY no DESC LIMIT ?2";

pub(super) const AUTOMATIC_TO: &str = "SELECT count(*) FROM automatic WHERE address = ?1 AND at > ?2";
pub(super) const AUTOMATIC_ALL: &str = "SELECT count(*) FROM automatic WHERE at > ?1";

/// Not what another answer, accepted before this older one, has answered already.
pub(super) const WAITING_AFTER: &str = "
    SELECT min(at) FROM message WHERE ticket = ?1 AND direction = 'in' AND counts = 1 AND no > max(?2,
        (SELECT coalesce(max(no), 0) FROM message
         WHERE ticket = ?1 AND direction = 'out' AND counts = 1 AND accepted_at IS NOT NULL))";

impl Tx<'_> {
    /// What is on record about what a letter names. Costs a few indexed statements, however big the database is.
    ///
    /// # Errors
    /// A database error.
    pub fn lookup(&mut self, clues: &Clues, now: Time) -> Result<Findings, StoreError> {
        let told_of: Vec<Address> = clues.people.iter().chain(&clues.asked.by).cloned().collect();
        let mut found = Findings {
            epoch: self.epoch(),
            next: self.next(),
            last_parcel: self.highest().1,
            agents: self.agents()?,
            told: self.told(&told_of)?,
            asks: self.asks(&clues.asks)?,
            practices: self.practices_named(&clues.practices)?,
            auto_in_all: self.automatic_in_all(now)?,
            handed_over: self.handed_over_lately(now)?,
            promise_open_s: match &clues.promise_of {
                Some(mailbox) => self.promise_of(mailbox)?,
                None => None,
            },
            ..Findings::default()
        };
        self.find_messages(clues, &mut found)?;
        if let Some(author) = clues.people.first() {
            found.customer = self.customer_of(author)?;
            let mut tickets: BTreeSet<TicketNo> =
                self.rows(PARTICIPANTS, args![author, SENDERS_TICKETS], |row| row.get(0))?.into_iter().collect();
            if let Some(customer) = &found.customer {
                tickets.extend(self.customers_ticket_numbers(customer.no, SENDERS_TICKETS)?);
            }
            found.senders_tickets = tickets.into_iter().rev().take(SENDERS_TICKETS).collect();

            found.auto_to_sender =
                self.one(AUTOMATIC_TO, args![&author.plain(), now.plus(-Time::DAY)], |row| row.get(0))?.unwrap_or(0);
        }
        if let Some(thread_index) = &clues.thread_index {
            found.same_thread_index = self.rows(THREAD_INDEX, args![thread_index, SAME_THREAD_INDEX], |row| {
                let message_id: Option<String> = row.get(2)?;
                Ok(KnownMessage {
                    no: row.get(0)?,
                    ticket: row.get(1)?,
                    message_id: message_id.unwrap_or_default(),
                    direction: row.get(3)?,
                    from: row.get(4)?,
                    at: row.get(5)?,
                })
            })?;
        }
        if let Some(author) = clues.people.first() {
            found.blocked = self.blocked(author)?;
        }
        let asked = found.parcels.iter().filter_map(|p| p.ask);
        let asked: Vec<_> = asked.filter(|ask| found.asks.iter().all(|a| a.no != *ask)).collect();
        found.asks.extend(self.asks(&asked)?);
        let bulks = found.asks.iter().filter_map(|a| match &a.matter {
            Matter::Bulk { bulk } => Some(BulkNo(*bulk)),
            _ => None,
        });
        for bulk in bulks.collect::<BTreeSet<_>>() {
            found.bulks.extend(self.bulk(bulk)?);
            let listed = self.bulk_listed(bulk, &clues.numbers)?;
            found.bulk_tickets.extend(listed.into_iter().map(|ticket| (bulk, ticket)));
        }
        let undone = found.asks.iter().filter_map(|a| match &a.matter {
            Matter::Undo { parcel, .. } => Some(ParcelNo(*parcel)),
            _ => None,
        });
        let undone: BTreeSet<ParcelNo> = undone.filter(|p| found.parcels.iter().all(|k| k.no != *p)).collect();
        found.parcels.extend(self.parcels(&undone)?);
        let about = found.asks.iter().filter_map(|a| held(a)).map(|h| MessageNo(h.about)).filter(|m| m.0 > 0);
        found.said = self.said_by(&found.parcels.iter().filter_map(|p| p.message).chain(about).collect())?;
        if let Some(order) = &clues.order {
            found.same_order = self.naming_order(order)?;
        }
        found.tickets = self.ticket_facts(&named_tickets(clues, &found))?;
        if clues.canned {
            let about = found.parcels.iter().filter_map(|p| p.ticket).chain(clues.numbers.iter().copied());
            let about: BTreeSet<TicketNo> = about.chain(found.asks.iter().filter_map(|a| a.ticket)).collect();
            let survivors = about.iter().filter_map(|n| found.tickets.get(n)?.survivor);
            found.written = self.written(&about.iter().copied().chain(survivors).collect())?;
        }
        if clues.canned || !found.asks.is_empty() {
            found.held_codes = self.held_codes(&found.tickets.keys().copied().collect::<Vec<_>>())?;
        }
        found.alike = self.alike(&clues.alike)?;
        found.notices = self.notices_of(&clues.numbers)?;
        self.find_incidents(clues.incidents.or(asked_of_incident(&found)), now, &mut found)?;
        let named = |n: &TicketNo| found.tickets.get(n).and_then(|t| t.last_in.as_ref()).map(|l| l.message);
        let waits = found.notices.iter().map(|n| n.message);
        // What nobody was told of is shown together with what comes next.
        let unseen = found.links.iter().filter(|(_, link)| link.quiet).map(|(ticket, _)| ticket);
        let last: BTreeSet<MessageNo> = clues
            .numbers
            .iter()
            .chain(unseen)
            .filter_map(named)
            .chain(waits)
            .filter(|m| !found.said.contains_key(m))
            .collect();
        if !last.is_empty() {
            found.said.extend(self.said_by(&last)?);
        }
        let mut addresses = clues.addresses.clone();
        let held_addresses = found.asks.iter().filter_map(|a| held(a)).flat_map(|h| &h.addresses);
        addresses.extend(held_addresses.filter_map(|a| Address::parse(a)));
        if !clues.addresses.is_empty() || !clues.numbers.is_empty() {
            addresses.extend(found.said.values().filter_map(|s| s.from.as_ref()).map(|p| p.address.clone()));
        }
        addresses.sort_unstable();
        addresses.dedup();
        found.customers = self.customers_named(&addresses)?;
        let mut aside = clues.quarantined.clone();
        aside.extend(found.asks.iter().filter_map(|a| held(a)).flat_map(|h| &h.quarantined).map(|n| QuarantineNo(*n)));
        found.quarantined = self.set_aside_named(&aside)?;
        Ok(found)
    }

    /// Everything that is found by Message-ID.
    fn find_messages(&mut self, clues: &Clues, found: &mut Findings) -> Result<(), StoreError> {
        let mut wanted = Vec::new();
        if let Some(id) = &clues.message_id {
            wanted.push((same_hash(id, &clues.sameness), BORNE_WITH_SAMENESS));
            wanted.push(reference(id, BORNE_BY_MESSAGE));
            wanted.push(reference(id, NAMED));
            wanted.push((same_hash(id, &clues.sameness), ACTED_ON));
        }
        let own = wanted.len();
        for id in &clues.references {
            wanted.push(reference(id, BORNE_BY_MESSAGE));
            wanted.push(reference(id, BORNE_BY_PARCEL));
        }
        let bounced = wanted.len();
        wanted.extend(clues.bounced.iter().map(|id| reference(id, BORNE_BY_PARCEL)));

        let mut refs = self.refs(&wanted)?;
        // The hash is over Message-ID and text, and only a letter that said it was one of us has this role.
        let is_letters = |at: usize| wanted.get(at).is_some_and(|w| w.1 == ACTED_ON);
        found.acted_on = refs.iter().find(|(at, _)| is_letters(*at)).map(|(_, no)| LetterNo(*no));
        refs.retain(|(at, _)| !is_letters(*at));
        let is_parcels = |at: usize| wanted.get(at).is_some_and(|w| w.1 == BORNE_BY_PARCEL);
        let messages = refs.iter().filter(|(at, _)| !is_parcels(*at)).map(|(_, no)| MessageNo(*no)).collect();
        let recorded = self.recorded(&messages)?;
        let mut parcels: BTreeSet<ParcelNo> = clues.parcels.iter().copied().collect();
        parcels.extend(refs.iter().filter(|(at, _)| is_parcels(*at)).map(|(_, no)| ParcelNo(*no)));
        found.parcels = self.parcels(&parcels)?;
        found.parcels.retain(|p| {
            clues.parcels.contains(&p.no)
                || clues.references.contains(&p.message_id)
                || clues.bounced.contains(&p.message_id)
        });

        for (at, no) in refs {
            let Some(message) = recorded.get(&MessageNo(no)).filter(|_| !is_parcels(at)) else { continue };
            // A hash may be anybody's: what counts is the text.
            if at < own {
                let id = clues.message_id.as_deref().unwrap_or_default();
                match wanted[at].1 {
                    NAMED if message.references.iter().any(|r| r == id) => found.children.push(message.known.clone()),
                    NAMED => {}
                    _ if message.known.message_id != id => {}
                    BORNE_WITH_SAMENESS if message.sameness == clues.sameness => {
                        // The oldest comes last.
                        found.duplicate = Some(message.known.clone());
                    }
                    BORNE_WITH_SAMENESS => {}
                    _ => found.id_is_taken |= message.sameness != clues.sameness,
                }
            } else if at < bounced && clues.references.get((at - own) / 2) == Some(&message.known.message_id) {
                found.messages.push(message.known.clone());
            }
        }
        Ok(())
    }

    /// Automatic mails to customers and strangers in the last hour; counted once a batch.
    fn automatic_in_all(&mut self, now: Time) -> Result<i64, StoreError> {
        match self.scratch.automatic {
            Some((at, count)) if at == now => Ok(count),
            _ => {
                let count = self.one(AUTOMATIC_ALL, args![now.plus(-Time::HOUR)], |row| row.get(0))?.unwrap_or(0);
                self.scratch.automatic = Some((now, count));
                Ok(count)
            }
        }
    }

    /// What must be known to judge the delivery of a parcel.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] if there is no such parcel; a database error.
    pub fn delivery(&mut self, parcel: ParcelNo) -> Result<DeliveryFindings, StoreError> {
        let none = || StoreError::Rejected(format!("there is no parcel {parcel}"));
        let known = self.known_parcel(parcel)?.ok_or_else(none)?;
        let attempts =
            self.one("SELECT attempts FROM parcel WHERE no = ?1", args![parcel], |row| row.get(0))?.ok_or_else(none)?;
        let ticket = match known.ticket {
            Some(number) => self.ticket_facts(&BTreeSet::from([number]))?.remove(&number),
            None => None,
        };
        let waiting_after = match (known.ticket, known.message) {
            (Some(ticket), Some(message)) => {
                self.one(WAITING_AFTER, args![ticket, message], |row| row.get(0))?.flatten()
            }
            _ => None,
        };
        let customers_tickets = match ticket.as_ref().and_then(|t| t.customer) {
            Some(customer) => self.customers_tickets(customer, known.ticket)?,
            None => Vec::new(),
        };
        let people: Vec<_> = known.agent.iter().chain(known.recipients.iter().map(|r| &r.0)).cloned().collect();
        Ok(DeliveryFindings {
            attempts,
            next: self.next(),
            epoch: self.epoch(),
            said: match known.message {
                Some(message) => self.said(message)?,
                None => None,
            },
            waiting_after,
            agents: self.agents()?,
            told: self.told(&people)?,
            ticket,
            customers_tickets,
            notices: self.notices_of(known.ticket.as_slice())?,
            parcel: known,
        })
    }

    fn customers_tickets(
        &mut self,
        customer: CustomerNo,
        but: Option<TicketNo>,
    ) -> Result<Vec<crate::plan::TicketFacts>, StoreError> {
        let numbers = self.customers_ticket_numbers(customer, SENDERS_TICKETS + 1)?;
        let mut facts = self.ticket_facts(&numbers.iter().copied().collect())?;
        Ok(numbers.iter().filter(|n| Some(**n) != but).filter_map(|n| facts.remove(n)).collect())
    }

    fn customers_ticket_numbers(&mut self, customer: CustomerNo, limit: usize) -> Result<Vec<TicketNo>, StoreError> {
        Ok(self.rows(CUSTOMERS, args![customer, limit], |row| row.get(0))?)
    }

    /// A message with its text.
    ///
    /// # Errors
    /// A database error.
    pub fn said(&mut self, message: MessageNo) -> Result<Option<Said>, StoreError> {
        Ok(self.said_by(&BTreeSet::from([message]))?.remove(&message))
    }

    /// # Errors
    /// A database error.
    pub fn known_parcel(&mut self, parcel: ParcelNo) -> Result<Option<KnownParcel>, StoreError> {
        Ok(self.parcels(&BTreeSet::from([parcel]))?.pop())
    }
}

fn held(ask: &KnownAsk) -> Option<&HeldAnswer> {
    match &ask.matter {
        Matter::Answer(held) => Some(held),
        _ => None,
    }
}

/// What must be known where a `#send` may begin or end an incident.
fn asked_of_incident(found: &Findings) -> Option<Wanted> {
    found.asks.iter().find_map(|ask| match &ask.matter {
        Matter::Incident { incident: IncidentAsk::New { .. } } => Some(Wanted::Texts),
        Matter::Incident { .. } | Matter::Bulk { .. } => Some(Wanted::Tallies),
        _ => None,
    })
}

fn named_tickets(clues: &Clues, found: &Findings) -> BTreeSet<TicketNo> {
    let mut named: BTreeSet<TicketNo> = clues.numbers.iter().copied().collect();
    named.extend(&found.senders_tickets);
    named.extend(&found.same_order);
    named.extend(found.duplicate.iter().map(|m| m.ticket));
    named.extend(found.messages.iter().map(|m| m.ticket));
    named.extend(found.children.iter().map(|m| m.ticket));
    named.extend(found.same_thread_index.iter().map(|m| m.ticket));
    named.extend(found.parcels.iter().filter_map(|p| p.ticket));
    named.extend(found.said.values().map(|s| s.ticket));
    named.extend(found.asks.iter().filter_map(|a| a.ticket));
    for ask in &found.asks {
        if let Matter::Answer(held) = &ask.matter {
            named.extend(held.tickets.iter().map(|n| TicketNo(*n)));
        }
    }
    named
}
