//! Mails of ours, raw letters and what waits: which of them belong to an estate.

use std::collections::BTreeSet;

use super::super::custody;
use super::super::db::{Row, args};
use super::super::facts::RecipientEntry;
use super::super::text::{list, read_json};
use super::super::{DbError, Store, StoreError, Tx};
use super::estate::{Estate, SentCopy, Uids, Whom};
use crate::model::{
    Address, AskNo, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, QuarantineNo, TicketNo, Time,
};

/// Rows that are looked at in one view of the database.
const SLICE: usize = 2000;
/// What belongs to tickets came at most so long before the first of them was opened, or after something last happened on one.
const MARGIN_S: i64 = 30 * Time::DAY;

/// A table that is walked by its number, and how its times, which rise with it, are read: the first row from `?1` on.
struct Walked {
    rows: &'static str,
    time: &'static str,
}

const PARCELS: Walked = Walked { rows: PARCEL_ROWS, time: PARCEL_TIME };
const ASKS: Walked = Walked { rows: ASK_ROWS, time: ASK_TIME };
const ASIDE: Walked = Walked { rows: ASIDE_ROWS, time: ASIDE_TIME };
const LETTERS: Walked = Walked { rows: LETTER_ROWS, time: LETTER_TIME };

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
    /// It was never tried and is not put off.
    fresh: bool,
}

const PARCEL_TIME: &str = "SELECT no, created_at FROM parcel WHERE no >= ?1 ORDER BY no LIMIT 1";
const PARCEL_ROWS: &str = "
    SELECT no, kind, state, ticket, message, recipients, message_id, coalesce(settled_at, created_at),
           keep_in_sent = 1 AND copied_at IS NOT NULL, attempts = 0 AND next_at <= created_at + 60
    FROM parcel WHERE no > ?1 ORDER BY no LIMIT ?2";
const ASK_TIME: &str = "SELECT no, created_at FROM ask WHERE no >= ?1 ORDER BY no LIMIT 1";
const ASK_ROWS: &str = "SELECT no, ticket, matter, created_at FROM ask WHERE no > ?1 ORDER BY no LIMIT ?2";
const ASIDE_TIME: &str = "SELECT no, at FROM quarantine WHERE no >= ?1 ORDER BY no LIMIT 1";
const ASIDE_ROWS: &str = "SELECT no, letter, from_address, at FROM quarantine WHERE no > ?1 ORDER BY no LIMIT ?2";
const LETTER_TIME: &str = "SELECT no, kept_at FROM letter WHERE no >= ?1 ORDER BY no LIMIT 1";
const LETTER_ROWS: &str = "
    SELECT no, fate, fate_no, coalesce(fate_why, '') = 'erased', received_at, kept_at FROM letter
    WHERE no > ?1 AND fate IN ('duplicate', 'echo', 'done') ORDER BY no LIMIT ?2";
const UIDS: &str = "
    SELECT s.mailbox, s.host, s.user, s.folder, l.uid, l.name FROM json_each(?1) j CROSS JOIN letter l ON l.no = j.value
    CROSS JOIN source s ON s.no = l.source
    WHERE l.generation = s.generation AND (l.name IS NULL OR s.host = 'maildir') ORDER BY s.no, l.uid";

const LIVED: &str = "
    SELECT min(created_at), max(updated_at) FROM ticket WHERE number IN (SELECT value FROM json_each(?1))";

/// All named queries, for the test that each uses an index.
#[cfg(test)]
pub(in crate::store) const QUERIES: &[(&str, usize)] = &[
    (PARCEL_ROWS, 2),
    (PARCEL_TIME, 1),
    (ASK_ROWS, 2),
    (ASK_TIME, 1),
    (ASIDE_ROWS, 2),
    (ASIDE_TIME, 1),
    (LETTER_ROWS, 2),
    (LETTER_TIME, 1),
    (LIVED, 1),
    (UIDS, 1),
];

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
        fresh: row.get(9)?,
    })
}

impl Store {
    /// From when to when something can have been written of what is looked for; `None`: at any time.
    fn lived(&mut self, whom: &Whom) -> Result<Option<(Time, Time)>, StoreError> {
        let tickets: Vec<&TicketNo> = match whom {
            Whom::Person { .. } => return Ok(None),
            Whom::Tickets(tickets) => tickets.iter().collect(),
            Whom::Messages(ticket, _) => vec![ticket],
        };
        let read = |row: &Row<'_>| Ok((row.get::<Option<Time>>(0)?, row.get::<Option<Time>>(1)?));
        let (first, last) = self.read(|tx| Ok(tx.one(LIVED, args![list(&tickets)], read)?))?.unwrap_or_default();
        let zero = Time::from_unix(0);
        Ok(Some((first.unwrap_or(zero).plus(-MARGIN_S), last.unwrap_or(zero).plus(MARGIN_S))))
    }

    /// The first number that is not there, or is of `at` or later.
    fn first_since(&mut self, table: &Walked, at: Time) -> Result<i64, StoreError> {
        let (mut low, mut high) = (0, 1);
        while self.time_at(table, high)?.is_some_and(|(_, time)| time < at) {
            low = high;
            high *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.time_at(table, middle)? {
                Some((no, time)) if time < at => low = no + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    fn time_at(&mut self, table: &Walked, no: i64) -> Result<Option<(i64, Time)>, StoreError> {
        self.read(|tx| Ok(tx.one(table.time, args![no], |row| Ok((row.get::<i64>(0)?, row.get::<Time>(1)?)))?))
    }

    /// Walks a table by its number.
    fn walk<T>(
        &mut self,
        table: &Walked,
        lived: Option<(Time, Time)>,
        mut read: impl FnMut(&Row<'_>) -> Result<(i64, T), DbError>,
        mut take: impl FnMut(i64, T),
    ) -> Result<(), StoreError> {
        let (mut after, mut end) = (0, i64::MAX);
        if let Some((first, last)) = lived {
            after = self.first_since(table, first)? - 1;
            end = self.first_since(table, last)?;
        }
        loop {
            let rows = self.read(|tx| Ok(tx.rows(table.rows, args![after, SLICE], &mut read)?))?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            for (no, row) in rows.into_iter().filter(|(no, _)| *no < end) {
                take(no, row);
            }
            if after >= end {
                return Ok(());
            }
        }
    }

    /// Mails of ours. One that is about her and not on a ticket (a list, a digest, an export) is known by its bytes, which are there
    /// until it has left.
    pub(super) fn find_parcels(
        &mut self,
        whom: &Whom,
        estate: &mut Estate,
        is_about: &mut impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<(), StoreError> {
        let read = |row: &Row<'_>| {
            let sent = read_sent(row)?;
            Ok((sent.no.0, sent))
        };
        let lived = self.lived(whom)?;
        let mut unknown = Vec::new();
        self.walk(&PARCELS, lived, read, |_, parcel| {
            let is_taken = take_parcel(&parcel, whom, estate);
            let waits = matches!(
                parcel.state,
                ParcelState::Queued | ParcelState::Claimed | ParcelState::Held | ParcelState::Failed
            );
            if !is_taken && parcel.ticket.is_none() && waits && matches!(whom, Whom::Person { .. }) {
                unknown.push(parcel);
            }
        })?;
        for parcel in unknown.into_iter().filter(|p| !whom.is_later(p.at)) {
            let bytes = match self.read(|tx| tx.bytes(parcel.no)) {
                Ok(bytes) => bytes,
                Err(StoreError::Rejected(_)) => continue,
                Err(error) => return Err(error),
            };
            if !is_about(&bytes, estate) {
                continue;
            }
            // It may be about others, too, and leaves in a moment. What waits for longer does not keep her from being erased.
            if parcel.state == ParcelState::Claimed || (parcel.state == ParcelState::Queued && parcel.fresh) {
                estate.on_its_way = Some(parcel.no);
            } else {
                estate.told.insert(parcel.no);
            }
        }
        estate.copies.sort();
        Ok(())
    }

    /// What waits for an agent's word, and what was set aside.
    pub(super) fn find_aside(
        &mut self,
        whom: &Whom,
        estate: &mut Estate,
        is_us: &dyn Fn(&Address) -> bool,
        is_about: &mut impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<(), StoreError> {
        let lived = self.lived(whom)?;
        let mut asks = BTreeSet::new();
        let known = &*estate;
        self.walk(
            &ASKS,
            lived,
            |row| Ok((row.get(0)?, (row.get::<Option<TicketNo>>(1)?, row.get::<String>(2)?, row.get::<Time>(3)?))),
            |no, (ticket, matter, at)| {
                if whom.is_later(at) {
                    return;
                }
                let names_her = || Address::any_stands_in(&known.addresses, &matter);
                let may_name = ticket.is_none() || matches!(whom, Whom::Person { .. });
                if ticket.is_some_and(|t| known.tickets.contains(&t)) || (may_name && names_her()) {
                    asks.insert(AskNo(no));
                }
            },
        )?;
        estate.asks.extend(asks);
        let mut aside: Vec<(QuarantineNo, LetterNo)> = Vec::new();
        let mut of_others: Vec<(QuarantineNo, LetterNo)> = Vec::new();
        let (addresses, is_person) = (&estate.addresses, matches!(whom, Whom::Person { .. }));
        self.walk(
            &ASIDE,
            lived,
            |row| Ok((row.get(0)?, (row.get(1)?, row.get::<Option<Address>>(2)?, row.get::<Time>(3)?))),
            |no, (letter, from, at)| {
                let row = (QuarantineNo(no), letter);
                let Some(from) = from.filter(|_| !whom.is_later(at)) else { return };
                if is_person && addresses.contains(&from) {
                    aside.push(row);
                } else if is_person || is_us(&from) {
                    // An agent's answer that was not proved quotes her; a robot's mail names her.
                    of_others.push(row);
                }
            },
        )?;
        for (no, letter) in of_others {
            if self.raw_of(letter)?.is_some_and(|raw| is_about(&raw, estate)) {
                aside.push((no, letter));
            }
        }
        for (no, letter) in aside {
            estate.quarantine.insert(no);
            estate.letters.insert(letter);
        }
        Ok(())
    }

    /// Other copies of the same mails, our mails that came back, and what one of us wrote to the desk about it.
    pub(super) fn find_letters(
        &mut self,
        whom: &Whom,
        estate: &mut Estate,
        is_about: &mut impl FnMut(&[u8], &Estate) -> bool,
    ) -> Result<(), StoreError> {
        // A second copy may come years later, when a folder is read anew; what one of us writes to the desk does not.
        let lived = self.lived(whom)?;
        let is_over = |at: Time| lived.is_some_and(|(_, end)| at > end);
        let from_then_on = lived.map(|(first, _)| (first, Time::from_unix(i64::MAX)));
        let mut also = Vec::new();
        let mut ours = Vec::new();
        let known = &*estate;
        self.walk(
            &LETTERS,
            from_then_on,
            |row| {
                let (fate, fate_no) = (row.get::<Option<String>>(1)?, row.get::<Option<i64>>(2)?);
                let (is_erased, at, kept_at) = (row.get::<bool>(3)?, row.get::<Time>(4)?, row.get::<Time>(5)?);
                Ok((row.get(0)?, (fate, fate_no, is_erased || whom.is_later(at) || is_over(kept_at))))
            },
            |no, (fate, fate_no, is_apart)| match (fate.as_deref(), fate_no) {
                (Some("duplicate"), Some(message)) if known.messages.contains(&MessageNo(message)) => {
                    also.push(LetterNo(no));
                }
                (Some("echo"), Some(parcel)) => {
                    let parcel = ParcelNo(parcel);
                    if known.parcels.contains(&parcel) || known.told.contains(&parcel) {
                        also.push(LetterNo(no));
                    }
                }
                (Some("done"), _) if !is_apart => ours.push(LetterNo(no)),
                _ => {}
            },
        )?;
        for letter in ours {
            if self.raw_of(letter)?.is_some_and(|raw| is_about(&raw, estate)) {
                also.push(letter);
            }
        }
        estate.letters.extend(also);
        Ok(())
    }

    fn raw_of(&mut self, letter: LetterNo) -> Result<Option<Vec<u8>>, StoreError> {
        let packed = self.read(|tx| {
            Ok(tx.one("SELECT packed FROM raw WHERE letter = ?1", args![letter], |row| row.get::<Vec<u8>>(0))?)
        })?;
        Ok(packed.and_then(|p| custody::unpack(&p)))
    }
}

/// Whether it is known by its ticket, its message or its recipients.
fn take_parcel(parcel: &Sent, whom: &Whom, estate: &mut Estate) -> bool {
    let on_hers = parcel.ticket.is_some_and(|t| estate.tickets.contains(&t));
    let of_hers = parcel.message.is_some_and(|m| estate.messages.contains(&m));
    // Of tickets whose time is over nothing else is touched.
    let may_be_hers = on_hers || parcel.ticket.is_none() || matches!(whom, Whom::Person { .. });
    let to_her = |address: &Address| may_be_hers && estate.addresses.contains(address);
    let hers = parcel.recipients.iter().filter(|(a, _)| to_her(a)).count();
    if !(on_hers || of_hers || hers > 0) || whom.is_later(parcel.at) {
        return false;
    }
    let to_others = hers < parcel.recipients.len();
    // An answer on a ticket that is over goes whoever got it.
    let outward = matches!(parcel.kind, ParcelKind::Answer | ParcelKind::Acknowledge | ParcelKind::Bulk);
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
    true
}

impl Tx<'_> {
    pub(super) fn uids_of(&mut self, letters: &BTreeSet<LetterNo>) -> Result<Vec<Uids>, StoreError> {
        let letters: Vec<&LetterNo> = letters.iter().collect();
        let rows = self.rows(UIDS, args![list(&letters)], |row| {
            let place: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((place, row.get::<u32>(4)?, row.get::<Option<String>>(5)?))
        })?;
        let mut found: Vec<Uids> = Vec::new();
        for ([mailbox, host, user, folder], uid, name) in rows {
            let is_known = found.last().is_some_and(|u| (&u.host, &u.user, &u.folder) == (&host, &user, &folder));
            if !is_known {
                found.push(Uids { mailbox, host, user, folder, uids: Vec::new(), names: Vec::new() });
            }
            if let Some(place) = found.last_mut() {
                match name {
                    Some(name) => place.names.push(name),
                    None => place.uids.push(uid),
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_begins_where_a_time_begins() {
        let mut store = Store::in_memory().unwrap();
        let rows = [(3_i64, 10), (4, 20), (9, 20), (20, 30), (1000, 40)];
        store
            .batch(|tx| {
                for (no, at) in rows {
                    tx.run(
                        "INSERT INTO ask (no, agent, created_at, expires_at, matter) VALUES (?1, '', ?2, 99, '')",
                        args![no, Time::from_unix(at)],
                    )?;
                }
                Ok(())
            })
            .unwrap();
        for (first, last, expected) in [
            (0, 99, vec![3, 4, 9, 20, 1000]),
            (10, 40, vec![3, 4, 9, 20]),
            (11, 31, vec![4, 9, 20]),
            (20, 21, vec![4, 9]),
            (21, 22, vec![]),
            (41, 99, vec![]),
        ] {
            let mut seen = Vec::new();
            let lived = Some((Time::from_unix(first), Time::from_unix(last)));
            store.walk(&ASKS, lived, |row| Ok((row.get(0)?, ())), |no, ()| seen.push(no)).unwrap();
            assert_eq!(seen, expected, "{first} to {last}");
        }
    }
}
