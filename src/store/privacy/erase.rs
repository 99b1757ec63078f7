//! Takes an estate away: contents and names go, times and states stay, so that every figure stays what it was.

use std::collections::BTreeSet;

use super::super::db::args;
use super::super::facts::RecipientEntry;
use super::super::text::{id_hash, json_text, list, parties, read_json, read_parties, same_hash};
use super::super::{StoreError, Tx};
use super::Estate;
use crate::model::{Address, BulkStep, LetterNo, MessageNo, ParcelKind, ParcelNo, ParcelState, Time};

/// Stands in `letter.fate_why` where the raw mail was taken away.
pub(in crate::store) const ERASED: &str = "erased";

const UNINDEX: &str = "
    INSERT INTO search (search, rowid, subject, sender, people, body, files)
    SELECT 'delete', no, subject, sender, people, body, files FROM search_text WHERE no IN (SELECT value FROM json_each(?1)) ORDER BY no";
const BARE_MESSAGES: &str = r#"
    UPDATE message SET letter = NULL, sent_at = NULL, from_name = NULL, from_address = NULL, message_id = NULL, sameness = '',
        thread_index = NULL, language = NULL, subject = '', to_parties = '[]', cc_parties = '[]', "references" = '[]',
        attachments = '[]', files = '', defects = '[]', new_text = NULL, text = ''
    WHERE no IN (SELECT value FROM json_each(?1))"#;
const BARE_TICKETS: &str = "
    UPDATE ticket SET subject = '–', base_subject = '', serial = serial + 1 WHERE number IN (SELECT value FROM json_each(?1))";
const NAMELESS: &str = "
    UPDATE ticket SET customer = NULL, customer_name = NULL, customer_address = NULL, call_phone = NULL WHERE number IN (SELECT value FROM json_each(?1))";

#[cfg(test)]
pub(in crate::store) const STATEMENTS: &[(&str, usize)] =
    &[(UNINDEX, 1), (BARE_MESSAGES, 1), (BARE_TICKETS, 1), (NAMELESS, 1)];

impl Tx<'_> {
    /// Takes away what `estate` lists.
    ///
    /// # Errors
    /// A database error; nothing is taken away then.
    pub fn erase(&mut self, estate: &Estate, now: Time) -> Result<(), StoreError> {
        let messages: Vec<MessageNo> = estate.messages.iter().copied().collect();
        let named: Vec<MessageNo> = estate.named.iter().copied().collect();
        self.run(UNINDEX, args![list(&messages)])?;
        self.run(UNINDEX, args![list(&named)])?;
        for &message in &messages {
            self.forget_message(message)?;
        }
        self.run(BARE_MESSAGES, args![list(&messages)])?;
        for &message in &named {
            self.unname(message, &estate.addresses)?;
        }
        // Each stays in the index, now without a word.
        self.to_index.extend(messages.iter().chain(&named));
        for &letter in &estate.letters {
            self.forget_letter(letter)?;
        }
        for &parcel in &estate.parcels {
            self.forget_parcel(parcel, now)?;
        }
        for &parcel in &estate.shared_parcels {
            self.leave_out(parcel, &estate.addresses, now)?;
        }
        for &parcel in &estate.told {
            self.silence(parcel, now)?;
        }
        for &no in &estate.quarantine {
            self.run(
                "UPDATE quarantine SET from_address = NULL, subject = '', list_at = NULL, settled_at = coalesce(settled_at, ?2),
                     how = coalesce(how, 'dropped') WHERE no = ?1",
                args![no, now],
            )?;
        }
        let asks: Vec<_> = estate.asks.iter().collect();
        for ask in asks {
            self.run("UPDATE parcel SET ask = NULL WHERE no > 0 AND ask = ?1", args![*ask])?;
            self.forget_held(*ask)?;
            self.run("DELETE FROM ask WHERE no = ?1", args![*ask])?;
        }
        let owned: Vec<_> = estate.owned.iter().collect();
        let whole: Vec<_> = estate.tickets.iter().collect();
        self.run(NAMELESS, args![list(&owned)])?;
        self.run(BARE_TICKETS, args![list(&whole)])?;
        for ticket in &whole {
            self.run("DELETE FROM participant WHERE ticket = ?1", args![**ticket])?;
        }
        for address in &estate.addresses {
            self.forget_address(address, estate)?;
        }
        self.forget_in_bulks(&estate.addresses)?;
        for &customer in &estate.customers {
            self.run("DELETE FROM customer WHERE no = ?1", args![customer])?;
        }
        Ok(())
    }

    /// What was asked for about her by name; the mails themselves are of the estate.
    fn forget_in_bulks(&mut self, hers: &BTreeSet<Address>) -> Result<(), StoreError> {
        let bulks = self.rows("SELECT no, query || ' ' || subject FROM bulk WHERE no > 0 ORDER BY no", &[], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?))
        })?;
        for (no, words) in bulks {
            if Address::any_stands_in(hers, &words) {
                self.run("UPDATE bulk SET query = '–', subject = '–' WHERE no = ?1", args![no])?;
            }
        }
        Ok(())
    }

    /// Where its Message-IDs are found, what is kept for notices of it, and the fingerprints of a note.
    fn forget_message(&mut self, message: MessageNo) -> Result<(), StoreError> {
        let found = self.one(
            r#"SELECT message_id, sameness, "references" FROM message WHERE no = ?1"#,
            args![message],
            |row| Ok((row.get::<Option<String>>(0)?, row.get::<String>(1)?, read_json::<Vec<String>>(row, 2)?)),
        )?;
        let Some((id, sameness, references)) = found else { return Ok(()) };
        let mut hashes: Vec<i64> = references.iter().map(|id| id_hash(id)).collect();
        hashes.extend(id.iter().flat_map(|id| [id_hash(id), same_hash(id, &sameness)]));
        self.run(
            "DELETE FROM ref WHERE hash IN (SELECT value FROM json_each(?1)) AND role IN (1, 3, 4) AND no = ?2",
            args![list(&hashes), message],
        )?;
        self.run("DELETE FROM note_shingle WHERE message = ?1", args![message])?;
        self.run("DELETE FROM notice WHERE message = ?1", args![message])?;
        let blobs: Vec<i64> =
            self.rows("DELETE FROM notice_blob WHERE message = ?1 RETURNING blob", args![message], |row| row.get(0))?;
        self.drop_blobs(&blobs)
    }

    /// Takes her out of those who got a message of somebody else's.
    fn unname(&mut self, message: MessageNo, hers: &BTreeSet<Address>) -> Result<(), StoreError> {
        let found = self.one("SELECT to_parties, cc_parties FROM message WHERE no = ?1", args![message], |row| {
            Ok((read_parties(row, 0)?, read_parties(row, 1)?))
        })?;
        let Some((mut to, mut cc)) = found else { return Ok(()) };
        to.retain(|p| !hers.contains(&p.address));
        cc.retain(|p| !hers.contains(&p.address));
        self.run(
            "UPDATE message SET to_parties = ?2, cc_parties = ?3 WHERE no = ?1",
            args![message, parties(&to), parties(&cc)],
        )?;
        Ok(())
    }

    /// The raw mail goes; that it was here stays, so that it is not fetched again.
    ///
    /// # Errors
    /// A database error.
    pub fn forget_letter(&mut self, letter: LetterNo) -> Result<(), StoreError> {
        self.run("DELETE FROM raw WHERE letter = ?1", args![letter])?;
        self.run(
            "UPDATE letter SET state = 'settled', fate = 'done', fate_no = NULL, fate_why = ?2, released = NULL, released_for = NULL
             WHERE no = ?1",
            args![letter, ERASED],
        )?;
        Ok(())
    }

    /// A mail to her: that there was one stays.
    fn forget_parcel(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        let found = self.one("SELECT message_id, kind FROM parcel WHERE no = ?1", args![parcel], |row| {
            Ok((row.get::<String>(0)?, row.get::<ParcelKind>(1)?))
        })?;
        let Some((id, kind)) = found else { return Ok(()) };
        let anew = format!("{ERASED}.{parcel}");
        self.run(
            "UPDATE parcel SET state = 'dropped', recipients = '[]', message_id = ?2, sender = NULL, sender_or = NULL, last_error = NULL,
                 settled_at = coalesce(settled_at, ?3) WHERE no = ?1",
            args![parcel, &anew, now],
        )?;
        self.run("DELETE FROM ref WHERE hash = ?1 AND role = 2 AND no = ?2", args![id_hash(&id), parcel])?;
        self.run("INSERT INTO ref (hash, role, no) VALUES (?1, 2, ?2)", args![id_hash(&anew), parcel])?;
        self.bulk_settled(parcel, BulkStep::Failed)?;
        self.empty(parcel, kind)
    }

    /// A mail to her and others: it is theirs alone from now on.
    fn leave_out(&mut self, parcel: ParcelNo, hers: &BTreeSet<Address>, now: Time) -> Result<(), StoreError> {
        let found = self.one("SELECT recipients, state FROM parcel WHERE no = ?1", args![parcel], |row| {
            Ok((read_json::<Vec<RecipientEntry>>(row, 0)?, row.get::<ParcelState>(1)?))
        })?;
        let Some((mut recipients, state)) = found else { return Ok(()) };
        recipients.retain(|r| r.address().is_none_or(|a| !hers.contains(&a)));
        let waits = recipients.iter().any(|r| r.state == "waiting");
        let reached = recipients.iter().any(|r| matches!(r.state.as_str(), "accepted" | "bounced"));
        let state = match state {
            ParcelState::Queued | ParcelState::Held if waits => state,
            ParcelState::Dropped => state,
            ParcelState::Sent if reached => state,
            ParcelState::Failed if !reached => state,
            _ if reached => ParcelState::Sent,
            _ => ParcelState::Dropped,
        };
        if state == ParcelState::Dropped {
            self.bulk_settled(parcel, BulkStep::Failed)?;
        }
        let over = !matches!(state, ParcelState::Queued | ParcelState::Held);
        self.run(
            "UPDATE parcel SET recipients = ?2, state = ?3, last_error = NULL,
                 settled_at = CASE WHEN ?4 THEN coalesce(settled_at, ?5) ELSE settled_at END WHERE no = ?1",
            args![parcel, json_text(&recipients), state, over, now],
        )?;
        Ok(())
    }

    /// A mail to one of us about it: what has not left does not leave.
    fn silence(&mut self, parcel: ParcelNo, now: Time) -> Result<(), StoreError> {
        let kind = self.one("SELECT kind FROM parcel WHERE no = ?1", args![parcel], |row| row.get::<ParcelKind>(0))?;
        let Some(kind) = kind else { return Ok(()) };
        self.run(
            "UPDATE parcel SET state = 'dropped', settled_at = ?2 WHERE no = ?1 AND state IN ('queued', 'held', 'failed')",
            args![parcel, now],
        )?;
        self.run("UPDATE parcel SET last_error = NULL WHERE no = ?1", args![parcel])?;
        self.empty(parcel, kind)
    }

    fn empty(&mut self, parcel: ParcelNo, kind: ParcelKind) -> Result<(), StoreError> {
        if matches!(kind, ParcelKind::Answer | ParcelKind::Bulk) {
            // Answers have bytes for good: none, from now on.
            self.run("UPDATE parcel_bytes SET layout = '[]', bytes = x'' WHERE parcel = ?1", args![parcel])?;
        } else {
            self.run("DELETE FROM parcel_bytes WHERE parcel = ?1", args![parcel])?;
        }
        let blobs: Vec<i64> =
            self.rows("DELETE FROM blob_use WHERE parcel = ?1 RETURNING blob", args![parcel], |row| row.get(0))?;
        self.drop_blobs(&blobs)
    }

    fn forget_address(&mut self, address: &Address, estate: &Estate) -> Result<(), StoreError> {
        let stays_on: Vec<_> = estate.stays_on.iter().collect();
        self.run(
            "DELETE FROM participant WHERE address = ?1 AND ticket NOT IN (SELECT value FROM json_each(?2))",
            args![address, list(&stays_on)],
        )?;
        if stays_on.is_empty() {
            self.run("DELETE FROM told WHERE address = ?1", args![address])?;
            self.run("DELETE FROM automatic WHERE address = ?1", args![&address.plain()])?;
            self.run("DELETE FROM blocked WHERE address = ?1", args![address])?;
        }
        if !estate.customers.is_empty() {
            self.run("DELETE FROM address WHERE address = ?1", args![address])?;
        } else {
            self.run("DELETE FROM address WHERE address = ?1 AND customer IS NULL", args![address])?;
        }
        Ok(())
    }
}
