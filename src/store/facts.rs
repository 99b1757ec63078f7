//! What is known of tickets, messages, parcels, people: the parts that findings are made of, each read for a whole list at once.

use std::collections::{BTreeMap, BTreeSet};

use super::db::{DbError, Row, args};
use super::text::{id_hash, list, read_json, read_parties, read_party};
use super::{StoreError, Tx};
use crate::model::{Address, AskNo, CustomerNo, MessageNo, ParcelNo, RecipientState, TicketNo, Time};
use crate::plan::{
    AgentFacts, CustomerFacts, KnownAsk, KnownMessage, KnownParcel, LastAnswer, LastIn, Said, TicketFacts,
};

/// So many merges in a row are followed.
const LONGEST_CHAIN: usize = 32;
/// So many related tickets are found, the newest ones.
const NEWEST_RELATED: usize = 10;
/// So many notices to people who are not named are found.
const NEWEST_TOLD: i64 = 200;

pub(super) const TICKETS: &str = r#"
    SELECT t.number, t.subject, t.base_subject, t.state, t.mailbox, t.customer, t.customer_name, t.customer_address,
           (SELECT json_group_array(a.address) FROM address a WHERE a.customer = t.customer),
           (SELECT json_group_array(json_array(p.name, p.address))
            FROM participant p WHERE p.ticket = t.number),
           t.assignee, t.priority,
           (SELECT json_group_array(g.tag) FROM tag g WHERE g.ticket = t.number),
           t.created_at, t.updated_at, t.closed_at, t.waiting_since, t.due_at, t.hold_until, t.survivor, t.epoch, t.serial,
           t.answers, a.no, a.at, a.agent, a.text,
           i.no, i.message_id, i."references", i.from_name, i.from_address, i.subject, i.at, i.language, t.turn_agent,
           (SELECT json_group_array(r.other) FROM related r WHERE r.ticket = t.number)
    FROM json_each(?1) j CROSS JOIN ticket t ON t.number = j.value
         LEFT JOIN message a ON a.no = t.last_answer LEFT JOIN message i ON i.no = t.last_in
    ORDER BY t.number"#;

pub(super) const MESSAGES: &str = r#"
    SELECT m.no, m.ticket, m.message_id, m.direction, m.from_address, m.at, m.sameness, m."references"
    FROM json_each(?1) j CROSS JOIN message m ON m.no = j.value ORDER BY m.no"#;

pub(super) const SAID: &str = "
    SELECT m.no, m.ticket, m.direction, m.kind, m.from_name, m.from_address, m.at, m.subject, m.text, m.new_text, m.message_id,
           m.verified, m.attachments,
           NOT EXISTS (SELECT 1 FROM message e WHERE e.ticket = m.ticket AND e.no < m.no AND e.direction IN ('in', 'out'))
    FROM json_each(?1) j CROSS JOIN message m ON m.no = j.value ORDER BY m.no";

pub(super) const PARCELS: &str = "
    SELECT p.no, p.kind, p.state, p.ticket, p.message, p.agent, p.message_id, p.created_at, p.recipients, p.mailbox, p.ask
    FROM json_each(?1) j CROSS JOIN parcel p ON p.no = j.value ORDER BY p.no";

pub(super) const ASKS: &str = "
    SELECT a.no, a.ticket, a.agent, a.created_at, a.expires_at, a.settled_at, a.how, a.matter
    FROM json_each(?1) j CROSS JOIN ask a ON a.no = j.value ORDER BY a.no";

pub(super) const CUSTOMER: &str = "
    SELECT c.no, c.name, (SELECT json_group_array(x.address) FROM address x WHERE x.customer = c.no)
    FROM address a JOIN customer c ON c.no = a.customer WHERE a.address = ?1";

pub(super) const AGENTS: &str = "
    SELECT agent.address, agent.away_until, agent.last_turn_at, coalesce(agent.notified, '[]'), coalesce(agent.alarmed, '[]'),
           (SELECT min(n.due_at) FROM notice n
            WHERE n.person = agent.address AND n.kind = 'message' AND n.gathered = 1 AND n.due_at IS NOT NULL),
           (SELECT min(n.due_at) FROM notice n
            WHERE n.person = agent.address AND n.kind IN ('warning', 'breach') AND n.gathered = 1 AND n.due_at IS NOT NULL)
    FROM agent ORDER BY agent.address";

pub(super) const TOLD: &str = "SELECT t.address, t.topic, t.at FROM json_each(?1) j CROSS JOIN told t ON t.address = j.value ORDER BY t.address, t.topic";
pub(super) const TOLD_LATELY: &str = "SELECT address, topic, at FROM told ORDER BY at DESC LIMIT ?1";

/// A message on record, with what tells it from others of the same Message-ID.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) known: KnownMessage,
    pub(super) sameness: String,
    pub(super) references: Vec<String>,
}

/// One recipient as it stands in `parcel.recipients`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct RecipientEntry {
    pub(super) address: String,
    pub(super) state: String,
    pub(super) last_error: Option<String>,
}

impl RecipientEntry {
    pub(super) fn address(&self) -> Option<Address> {
        Address::parse(&self.address)
    }

    pub(super) fn state(&self) -> Option<RecipientState> {
        RecipientState::parse(&self.state)
    }
}

fn times(row: &Row<'_>, at: usize) -> Result<Vec<Time>, DbError> {
    Ok(read_json::<Vec<i64>>(row, at)?.into_iter().map(Time::from_unix).collect())
}

fn addresses(row: &Row<'_>, at: usize) -> Result<Vec<Address>, DbError> {
    let texts: Vec<String> = read_json(row, at)?;
    let mut addresses: Vec<Address> = texts.iter().filter_map(|t| Address::parse(t)).collect();
    addresses.sort_unstable();
    Ok(addresses)
}

fn read_ticket(row: &Row<'_>) -> Result<TicketFacts, DbError> {
    let answer: Option<MessageNo> = row.get(23)?;
    let last_in: Option<MessageNo> = row.get(27)?;
    // Sorted here: a sorter for each list of each ticket costs more than all the rest.
    let mut participants = read_parties(row, 9)?;
    participants.sort_unstable_by(|a, b| a.address.cmp(&b.address));
    let mut tags: Vec<String> = read_json(row, 12)?;
    tags.sort_unstable();
    let mut related: Vec<i64> = read_json(row, 36)?;
    related.sort_unstable();
    Ok(TicketFacts {
        number: row.get(0)?,
        subject: row.get(1)?,
        base_subject: row.get(2)?,
        state: row.get(3)?,
        mailbox: row.get(4)?,
        customer: row.get(5)?,
        customer_party: read_party(row, 6, 7)?,
        customer_addresses: addresses(row, 8)?,
        participants,
        assignee: row.get(10)?,
        turn_agent: row.get(35)?,
        priority: row.get(11)?,
        tags,
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
        closed_at: row.get(15)?,
        waiting_since: row.get(16)?,
        due_at: row.get(17)?,
        hold_until: row.get(18)?,
        survivor: row.get(19)?,
        related: related.into_iter().rev().take(NEWEST_RELATED).map(TicketNo).collect(),
        epoch: row.get(20)?,
        serial: row.get(21)?,
        answers: row.get(22)?,
        last_answer: match answer {
            Some(message) => Some(LastAnswer { message, at: row.get(24)?, agent: row.get(25)?, text: row.get(26)? }),
            None => None,
        },
        last_in: match last_in {
            Some(message) => Some(LastIn {
                message,
                message_id: row.get(28)?,
                // Kept newest first; a header tells them from the oldest on.
                references: read_json::<Vec<String>>(row, 29)?.into_iter().rev().collect(),
                from: read_party(row, 30, 31)?,
                subject: row.get(32)?,
                at: row.get(33)?,
                language: row.get(34)?,
            }),
            None => None,
        },
    })
}

fn read_said(row: &Row<'_>) -> Result<Said, DbError> {
    let text: String = row.get(8)?;
    let new_text: Option<String> = row.get(9)?;
    Ok(Said {
        no: row.get(0)?,
        ticket: row.get(1)?,
        direction: row.get(2)?,
        kind: row.get(3)?,
        from: read_party(row, 4, 5)?,
        at: row.get(6)?,
        subject: row.get(7)?,
        new_text: new_text.unwrap_or_else(|| text.clone()),
        text,
        message_id: row.get(10)?,
        verified: row.get(11)?,
        attachments: read_json(row, 12)?,
        is_first: row.get(13)?,
    })
}

fn read_parcel(row: &Row<'_>) -> Result<KnownParcel, DbError> {
    let recipients: Vec<RecipientEntry> = read_json(row, 8)?;
    Ok(KnownParcel {
        no: row.get(0)?,
        kind: row.get(1)?,
        state: row.get(2)?,
        ticket: row.get(3)?,
        message: row.get(4)?,
        agent: row.get(5)?,
        message_id: row.get(6)?,
        created_at: row.get(7)?,
        recipients: recipients.iter().filter_map(|r| Some((r.address()?, r.state()?))).collect(),
        mailbox: row.get(9)?,
        ask: row.get(10)?,
    })
}

fn read_ask(row: &Row<'_>) -> Result<KnownAsk, DbError> {
    let settled: Option<Time> = row.get(5)?;
    Ok(KnownAsk {
        no: row.get(0)?,
        ticket: row.get(1)?,
        agent: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        settled: match settled {
            Some(at) => Some((at, row.get(6)?)),
            None => None,
        },
        matter: read_json(row, 7)?,
    })
}

impl Tx<'_> {
    /// The facts of tickets, and of those into which they were merged.
    ///
    /// # Errors
    /// A database error.
    pub fn ticket_facts(
        &mut self,
        numbers: &BTreeSet<TicketNo>,
    ) -> Result<BTreeMap<TicketNo, TicketFacts>, StoreError> {
        let mut found = BTreeMap::new();
        let mut wanted: Vec<TicketNo> = numbers.iter().copied().collect();
        for _ in 0..LONGEST_CHAIN {
            if wanted.is_empty() {
                break;
            }
            let facts = self.rows(TICKETS, args![list(&wanted)], read_ticket)?;
            wanted = facts.iter().filter_map(|f| f.survivor).filter(|n| !found.contains_key(n)).collect();
            found.extend(facts.into_iter().map(|f| (f.number, f)));
            wanted.retain(|n| !found.contains_key(n));
        }
        let next: BTreeMap<TicketNo, TicketNo> = found.values().filter_map(|f| Some((f.number, f.survivor?))).collect();
        for facts in found.values_mut() {
            for _ in 0..LONGEST_CHAIN {
                match facts.survivor.and_then(|s| next.get(&s)) {
                    Some(&further) => facts.survivor = Some(further),
                    None => break,
                }
            }
        }
        Ok(found)
    }

    pub(super) fn recorded(
        &mut self,
        numbers: &BTreeSet<MessageNo>,
    ) -> Result<BTreeMap<MessageNo, Recorded>, StoreError> {
        if numbers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let numbers: Vec<_> = numbers.iter().copied().collect();
        let found = self.rows(MESSAGES, args![list(&numbers)], |row| {
            let message_id: Option<String> = row.get(2)?;
            Ok(Recorded {
                known: KnownMessage {
                    no: row.get(0)?,
                    ticket: row.get(1)?,
                    message_id: message_id.unwrap_or_default(),
                    direction: row.get(3)?,
                    from: row.get(4)?,
                    at: row.get(5)?,
                },
                sameness: row.get(6)?,
                references: read_json(row, 7)?,
            })
        })?;
        Ok(found.into_iter().map(|r| (r.known.no, r)).collect())
    }

    pub(super) fn said_by(&mut self, numbers: &BTreeSet<MessageNo>) -> Result<BTreeMap<MessageNo, Said>, StoreError> {
        if numbers.is_empty() {
            return Ok(BTreeMap::new());
        }
        let numbers: Vec<_> = numbers.iter().copied().collect();
        let found = self.rows(SAID, args![list(&numbers)], read_said)?;
        Ok(found.into_iter().map(|s| (s.no, s)).collect())
    }

    pub(super) fn parcels(&mut self, numbers: &BTreeSet<ParcelNo>) -> Result<Vec<KnownParcel>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let numbers: Vec<_> = numbers.iter().copied().collect();
        Ok(self.rows(PARCELS, args![list(&numbers)], read_parcel)?)
    }

    /// Things that wait, or waited, for `#send`.
    ///
    /// # Errors
    /// A database error.
    pub fn asks(&mut self, numbers: &[AskNo]) -> Result<Vec<KnownAsk>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(ASKS, args![list(numbers)], read_ask)?)
    }

    /// The customer to whom `address` belongs.
    ///
    /// # Errors
    /// A database error.
    pub fn customer_of(&mut self, address: &Address) -> Result<Option<CustomerFacts>, StoreError> {
        Ok(self.one(CUSTOMER, args![address], |row| {
            Ok(CustomerFacts { no: row.get::<CustomerNo>(0)?, name: row.get(1)?, addresses: addresses(row, 2)? })
        })?)
    }

    /// By first address. Agents of whom nothing is recorded are missing.
    ///
    /// # Errors
    /// A database error.
    pub fn agents(&mut self) -> Result<BTreeMap<Address, AgentFacts>, StoreError> {
        let found = self.rows(AGENTS, &[], |row| {
            let facts = AgentFacts {
                away_until: row.get(1)?,
                last_turn_at: row.get(2)?,
                notified: times(row, 3)?,
                alarmed: times(row, 4)?,
                list_at: row.get(5)?,
                alarm_list_at: row.get(6)?,
            };
            Ok((row.get(0)?, facts))
        })?;
        Ok(found.into_iter().collect())
    }

    /// All that `people` were ever told, and the newest notices to others: when last, by (address, topic).
    ///
    /// # Errors
    /// A database error.
    pub fn told(&mut self, people: &[Address]) -> Result<BTreeMap<(Address, String), Time>, StoreError> {
        let read = |row: &Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
        let mut found: BTreeMap<_, _> = self.rows(TOLD_LATELY, args![NEWEST_TOLD], read)?.into_iter().collect();
        if i64::try_from(found.len()).unwrap_or(i64::MAX) >= NEWEST_TOLD {
            found.extend(self.rows(TOLD, args![list(people)], read)?);
        }
        Ok(found)
    }

    /// For each (hash of a Message-ID, role): the newest numbers that bear it.
    pub(super) fn refs(&mut self, wanted: &[(i64, i64)]) -> Result<Vec<(usize, i64)>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.rows(REFS, args![list(wanted)], |row| {
            Ok((usize::try_from(row.get::<i64>(0)?).unwrap_or(usize::MAX), row.get(1)?))
        })?)
    }
}

/// At most 20 for each: forms put one Message-ID on thousands of mails.
pub(super) const REFS: &str = "
    SELECT j.key, r.no
    FROM json_each(?1) j CROSS JOIN ref r ON r.hash = (j.value ->> 0) AND r.role = (j.value ->> 1)
    WHERE r.no IN (SELECT n.no FROM ref n WHERE n.hash = (j.value ->> 0) AND n.role = (j.value ->> 1)
                   ORDER BY n.no DESC LIMIT 20)
    ORDER BY j.key, r.no DESC";

/// Roles in `ref`; see `schema.sql`.
pub(super) const BORNE_BY_MESSAGE: i64 = 1;
pub(super) const BORNE_BY_PARCEL: i64 = 2;
pub(super) const BORNE_WITH_SAMENESS: i64 = 3;
pub(super) const NAMED: i64 = 4;
pub(super) const ACTED_ON: i64 = 5;

/// `(hash, role)` of a Message-ID.
pub(super) fn reference(message_id: &str, role: i64) -> (i64, i64) {
    (id_hash(message_id), role)
}
